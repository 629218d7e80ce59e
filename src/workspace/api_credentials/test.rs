//! POST `/workspace/settings/api-credentials/{gstin}/test`: does the IRP still take what is saved?

use actix_web::web;

use super::replace::Replacement;
use super::{count_test, event, gstin_in, tell};
use crate::accounts::api_sign_in::{ApiSignIn, Proof, Verdict};
use crate::accounts::hashing::Hasher;
use crate::accounts::saved_credentials::open;
use crate::store::saved_credentials::{self, SavedCredential};
use crate::store::{events, workspace_gstins};
use crate::web::error::PageError;
use crate::web::form::{Button, Posted};
use crate::web::notice::CredentialsTold;
use crate::web::page::{PageResult, Visit, see_other};
use crate::web::paths;
use crate::workspace::{Member, ToChange};

/// POST.
pub async fn submit(
    visit: Visit,
    member: Member<ToChange>,
    hasher: web::Data<Hasher>,
    _form: Posted<Button>,
) -> PageResult {
    Replacement::drop_when_over(&visit);
    let gstin = gstin_in(&visit, "test")?;
    let (workspace, of) = (member.workspace.id.clone(), gstin.clone());
    let (saved, listed) = visit
        .kit
        .store
        .read(move |c| {
            Ok((saved_credentials::find(c, &workspace, &of)?, workspace_gstins::exists(c, &workspace, &of)?))
        })
        .await?;
    match saved {
        Some(saved) => {
            count_test(&visit, &member).await?;
            let told = test(&visit, &member, &hasher, saved).await?;
            tell(&visit, &gstin, told);
        }
        // Removed since the page was shown, which the list says by itself.
        None if listed => {}
        None => return Err(PageError::NotFound),
    }
    Ok(see_other(paths::WORKSPACE_API_CREDENTIALS))
}

async fn test(
    visit: &Visit,
    member: &Member<ToChange>,
    hasher: &Hasher,
    saved: SavedCredential,
) -> Result<CredentialsTold, PageError> {
    let Ok(api_password) = open(&visit.kit.keys, &saved) else {
        tracing::error!(id = saved.id, "saved API credentials do not open");
        return keep_unread(visit, member, &saved.gstin).await;
    };
    let sign_in =
        ApiSignIn { gstin: Some(&saved.gstin), api_username: &saved.api_username, api_password: &api_password };
    match sign_in.check(visit, hasher).await {
        Ok(Verdict::Right(proof)) => keep(visit, member, saved, Some(proof), CredentialsTold::Working).await,
        Ok(Verdict::Refused { registered: true, .. }) => {
            keep(visit, member, saved, None, CredentialsTold::Refused).await
        }
        Ok(Verdict::Refused { registered: false, .. }) => {
            keep(visit, member, saved, None, CredentialsTold::NotRegistered).await
        }
        Ok(Verdict::Closed { until }) => Err(PageError::TooMany { until }),
        // The IRP has no time now, which says nothing about the pair.
        Err(PageError::Unavailable) => Ok(CredentialsTold::Untested),
        Err(error) => Err(error),
    }
}

/// Nobody has tested a copy that does not open, so how it stands is as unknown as before: a wrong key of ours must not
/// mark it for good.
async fn keep_unread(visit: &Visit, member: &Member<ToChange>, gstin: &str) -> Result<CredentialsTold, PageError> {
    let event = event(visit, member, "api_credentials_tested", "unreadable", gstin);
    let seat = member.seat();
    let kept = visit.kit.store.write(move |c| {
        seat.hold(c)?;
        events::insert(c, &event)
    });
    kept.await?;
    Ok(CredentialsTold::Unreadable)
}

/// Keeps what the test has said, with its event: `told`, unless the API password was changed in the same moment.
async fn keep(
    visit: &Visit,
    member: &Member<ToChange>,
    saved: SavedCredential,
    proof: Option<Proof>,
    told: CredentialsTold,
) -> Result<CredentialsTold, PageError> {
    let worked = event(visit, member, "api_credentials_tested", events::DONE, &saved.gstin);
    let failed = event(visit, member, "api_credentials_tested", "refused", &saved.gstin);
    let (seat, now) = (member.seat(), visit.now);
    let kept = visit.kit.store.write(move |c| {
        let works = match &proof {
            Some(proof) => proof.holds(c)?,
            None => false,
        };
        seat.hold(c)?;
        // A copy replaced meanwhile has another id, and what was tested says nothing about it.
        let (marked, event) = match works {
            true => (saved_credentials::set_working(c, &saved.id, now)?, &worked),
            false => (saved_credentials::set_refused(c, &saved.id, now)?, &failed),
        };
        if marked {
            events::insert(c, event)?;
        }
        Ok(if proof.is_some() && !works { CredentialsTold::Refused } else { told })
    });
    Ok(kept.await?)
}

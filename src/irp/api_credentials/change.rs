//! `/irp/api-credentials/change`: a new API password; the username stays.

use actix_web::web;
use askama::Template;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::saved::Saved;
use super::{Change, Proven, choose_api_password};
use crate::accounts::Recipients;
use crate::accounts::hashing::{Checked, Hasher};
use crate::irp::handoff::{Delivered, Delivery, deliver};
use crate::kernel::password::Password;
use crate::kernel::taxpayer::Taxpayer;
use crate::notify::Outbox;
use crate::notify::messages::{Cause, Writer};
use crate::store::credentials::{self, Credential};
use crate::store::journeys::{self, Stage};
use crate::store::{events, saved_credentials, sessions, taxpayers};
use crate::web::error::PageError;
use crate::web::form::{FieldErrors, Posted};
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "irp/api_credentials/change.html")]
struct ChangePage {
    w: Words,
    frame: Frame,
    action: &'static str,
    cancel: &'static str,
    journey: String,
    api_username: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ChangeForm {
    new_api_password: SecretString,
    confirm_api_password: SecretString,
}

/// GET.
pub async fn show(visit: Visit, proven: Proven<Change>) -> PageResult {
    let (credential, _) = find(&visit, &proven).await?;
    page::ok(&page_of(&visit, &proven, &credential, FieldErrors::default()))
}

/// POST: the old password stops working with the commit.
pub async fn submit(
    visit: Visit,
    proven: Proven<Change>,
    hasher: web::Data<Hasher>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<ChangeForm>,
) -> PageResult {
    let (credential, taxpayer) = find(&visit, &proven).await?;
    let refuse = |errors| page::unprocessable(&page_of(&visit, &proven, &credential, errors));
    let password = match form.parse(visit.w, taxpayer.as_ref()) {
        Ok(password) => password,
        Err(errors) => return refuse(errors),
    };
    super::count_post(&visit, proven.user.gstin()).await?;
    if hasher.check(Some(&password), Some(&credential.password_hash)).await? != Checked::Wrong {
        // By this very form perhaps, pressed twice.
        let journey = proven.journey.id.clone();
        let used_up = visit.kit.store.read(move |c| journeys::find(c, &journey)).await?;
        if used_up.is_none_or(|journey| journey.stage != Stage::Verified) {
            return Ok(see_other(paths::IRP_API_SAVED));
        }
        return refuse(FieldErrors::of("new_api_password", visit.w.api_password_same_as_before()));
    }
    if hasher.check(Some(&password), Some(&proven.user.account.password_hash)).await? != Checked::Wrong {
        return refuse(FieldErrors::of("new_api_password", visit.w.api_password_same_as_account()));
    }
    let hash = hasher.hash(password).await?;
    let typed = form.new_api_password.expose_secret();
    let delivery = Delivery::of(&visit, &credential.gstin, &credential.api_username, typed);
    if let Some(delivered) = change(&visit, &proven, &outbox, taxpayer.as_ref(), &credential, hash, delivery).await? {
        Saved::changed(&visit, &credential.api_username, delivered).remember(&visit);
    }
    Ok(see_other(paths::IRP_API_SAVED))
}

impl ChangeForm {
    fn parse(&self, w: Words, taxpayer: Option<&Taxpayer>) -> Result<Password, FieldErrors> {
        let mut errors = FieldErrors::default();
        let password = choose_api_password(
            w,
            (self.new_api_password.expose_secret(), "new_api_password"),
            self.confirm_api_password.expose_secret(),
            taxpayer,
            &mut errors,
        );
        password.filter(|_| errors.is_empty()).ok_or(errors)
    }
}

async fn find(visit: &Visit, proven: &Proven<Change>) -> Result<(Credential, Option<Taxpayer>), PageError> {
    let gstin = proven.user.gstin().to_owned();
    let found =
        visit.kit.store.read(move |c| Ok((credentials::find_by_gstin(c, &gstin)?, taxpayers::find(c, &gstin)?)));
    match found.await? {
        (Some(credential), taxpayer) => Ok((credential, taxpayer)),
        (None, _) => Err(PageError::SeeOther(paths::IRP_API_CREDENTIALS.to_owned())),
    }
}

/// The new hash, the used proof, the workspaces' copies, mails and event in one transaction; `None` when the proof was
/// used already.
async fn change(
    visit: &Visit,
    proven: &Proven<Change>,
    outbox: &Outbox,
    taxpayer: Option<&Taxpayer>,
    credential: &Credential,
    hash: String,
    delivery: Option<Delivery>,
) -> Result<Option<Delivered>, PageError> {
    let cause = Cause { at: visit.now, address: &visit.address.to_string(), device: &visit.device };
    let writer = Writer::new(&visit.kit.settings);
    let mail = writer.api_password_changed(&credential.gstin, &credential.api_username, &cause);
    let to = taxpayer.map(Recipients::from).unwrap_or_default();
    let mails = outbox.mails(&to.emails, &mail, visit.now);
    let event = visit.event("api_password_changed", events::DONE, Some(&credential.gstin));
    let (journey, id, now) = (proven.journey.id.clone(), credential.id.clone(), visit.now);
    let (account, this_session) = (proven.user.account.id.clone(), visit.visitor.token_hash());
    let gstin = credential.gstin.clone();
    let changed = visit.kit.store.write(move |c| {
        if !journeys::advance(c, &journey, Stage::Verified, Stage::Spent)? {
            return Ok(None);
        }
        credentials::set_password(c, &id, &hash, now)?;
        let delivered = deliver(c, delivery.as_ref(), now)?;
        let up_to_date = match &delivered {
            Delivered::In(workspace) => Some(workspace.as_str()),
            Delivered::Nowhere | Delivered::Failed => None,
        };
        // A changed password must be able to shut somebody out: every other copy is only told that it is old.
        saved_credentials::set_stale(c, &gstin, up_to_date, now)?;
        sessions::end_of_account(c, &account, this_session.as_deref(), sessions::Reason::ApiPassword)?;
        mails.iter().try_for_each(|mail| mail.insert(c))?;
        events::insert(c, &event)?;
        Ok(Some(delivered))
    });
    let changed = changed.await?;
    outbox.wake();
    Ok(changed)
}

fn page_of(visit: &Visit, proven: &Proven<Change>, credential: &Credential, errors: FieldErrors) -> ChangePage {
    ChangePage {
        w: visit.w,
        frame: visit.frame_with(visit.w.api_change_title(), errors),
        action: paths::IRP_API_CHANGE,
        cancel: paths::IRP_API_CREDENTIALS,
        journey: proven.journey.id.clone(),
        api_username: credential.api_username.clone(),
    }
}

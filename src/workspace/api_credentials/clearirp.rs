//! `/workspace/settings/api-credentials/clearirp`: API credentials that exist in the IRP, saved for the workspace. They
//! are tested first, by the very code that software signs in with.

use std::sync::Arc;

use actix_web::web;
use askama::Template;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::replace::Replacement;
use super::{count_test, event, gstin_choices, tell};
use crate::accounts::any_gstin;
use crate::accounts::api_sign_in::{ApiSignIn, Proof, Verdict, proof_holds};
use crate::accounts::hashing::Hasher;
use crate::accounts::saved_credentials::{Copied, open, save};
use crate::kernel::clock::Moment;
use crate::store::events::Event;
use crate::store::saved_credentials::{self, SavedCredential};
use crate::store::{self, Connection, events, workspace_gstins};
use crate::vault::KeyRing;
use crate::web::error::PageError;
use crate::web::form::{Choice, FieldErrors, Posted, SAME_PRESS};
use crate::web::notice::CredentialsTold;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;
use crate::workspace::{Member, Seat, ToChange};

#[derive(Template)]
#[template(path = "workspace/api_credentials/clearirp.html")]
struct ClearIrpPage {
    w: Words,
    frame: Frame,
    /// Empty when the workspace lists no GSTIN: nothing can be saved then.
    gstins: Vec<Choice>,
    /// The GSTIN chosen so far, for the button of the forgotten API password.
    chosen: String,
    api_username: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ClearIrpForm {
    gstin: String,
    api_username: String,
    api_password: SecretString,
}

/// GET: empty, with the GSTIN of the address chosen, or with what was kept when the session had ended over it.
pub async fn show(visit: Visit, member: Member<ToChange>) -> PageResult {
    Replacement::drop_when_over(&visit);
    let kept = visit.visitor.draft_of(visit.path(), visit.now);
    let form = match kept {
        Some(kept) => ClearIrpForm {
            gstin: kept.field("gstin"),
            api_username: kept.field("api_username"),
            ..ClearIrpForm::default()
        },
        None => ClearIrpForm { gstin: visit.query("gstin"), ..ClearIrpForm::default() },
    };
    page::ok(&page_of(&visit, &member, &form, FieldErrors::default()).await?)
}

/// POST: tests the pair and saves it, unless others are saved already: then it asks.
pub async fn submit(
    visit: Visit,
    member: Member<ToChange>,
    hasher: web::Data<Hasher>,
    Posted(form): Posted<ClearIrpForm>,
) -> PageResult {
    Replacement::drop_when_over(&visit);
    let w = visit.w;
    let gstin = match form.parse(&visit, &member).await? {
        Ok(gstin) => gstin,
        Err(errors) => return refuse(&visit, &member, &form, errors).await,
    };
    let refused = || {
        // At both fields, because nobody hears which of them is wrong.
        let said = w.workspace_clearirp_refused().gstin(&gstin).to_string();
        let mut errors = FieldErrors::of("api_username", &said);
        errors.add("api_password", said);
        errors
    };
    count_test(&visit, &member).await?;
    let proof = match form.sign_in(&gstin).check(&visit, &hasher).await {
        Ok(Verdict::Right(proof)) => Some(proof),
        // Nobody hears why.
        Ok(Verdict::Refused { registered: true, .. }) => return refuse(&visit, &member, &form, refused()).await,
        Ok(Verdict::Refused { registered: false, .. }) => {
            let errors = FieldErrors::of("gstin", w.workspace_clearirp_not_registered());
            return refuse(&visit, &member, &form, errors).await;
        }
        Ok(Verdict::Closed { until }) => return Err(PageError::TooMany { until }),
        // The IRP has no time now: saved all the same, and tested when somebody asks.
        Err(PageError::Unavailable) => None,
        Err(error) => return Err(error),
    };
    let save = Save::of(&visit, &member, &form, &gstin, proof);
    let told = if save.proof.is_some() { CredentialsTold::Saved } else { CredentialsTold::SavedUntested };
    match visit.kit.store.write(move |c| save.run(c)).await? {
        Saved::Yes => {
            visit.visitor.drop_draft();
            tell(&visit, &gstin, told);
            Ok(see_other(paths::WORKSPACE_API_CREDENTIALS))
        }
        Saved::Others(replacement) => {
            visit.visitor.drop_draft();
            visit.visitor.set_asked(&*replacement);
            Ok(see_other(paths::WORKSPACE_CLEARIRP_REPLACE))
        }
        Saved::Unlisted => {
            refuse(&visit, &member, &form, FieldErrors::of("gstin", w.workspace_credentials_gstin_empty())).await
        }
        Saved::Outdated => refuse(&visit, &member, &form, refused()).await,
    }
}

impl ClearIrpForm {
    /// The GSTIN, which must be one of the workspace; or all that is missing.
    async fn parse(&self, visit: &Visit, member: &Member<ToChange>) -> Result<Result<String, FieldErrors>, PageError> {
        let (w, mut errors) = (visit.w, FieldErrors::default());
        let listed = match any_gstin(&self.gstin) {
            Ok(gstin) => {
                let (workspace, gstin) = (member.workspace.id.clone(), gstin.to_string());
                let listed = visit
                    .kit
                    .store
                    .read(move |c| Ok(workspace_gstins::exists(c, &workspace, &gstin)?.then_some(gstin)));
                listed.await?
            }
            Err(_) => None,
        };
        if listed.is_none() {
            errors.add("gstin", w.workspace_credentials_gstin_empty());
        }
        if self.api_username.trim().is_empty() {
            errors.add("api_username", w.workspace_clearirp_username_empty());
        }
        if self.api_password.expose_secret().is_empty() {
            errors.add("api_password", w.workspace_clearirp_password_empty());
        }
        Ok(listed.filter(|_| errors.is_empty()).ok_or(errors))
    }

    fn sign_in<'a>(&'a self, gstin: &'a str) -> ApiSignIn<'a> {
        let api_password = self.api_password.expose_secret();
        ApiSignIn { gstin: Some(gstin), api_username: &self.api_username, api_password }
    }
}

/// What became of a pair that may be saved.
enum Saved {
    /// Now, or by the press of the button before.
    Yes,
    /// The workspace has others for the GSTIN: what is to be asked.
    Others(Box<Replacement>),
    /// The workspace lists the GSTIN no more.
    Unlisted,
    /// The API password was changed while the old one was looked at.
    Outdated,
}

/// A pair to save, its events with it, for one transaction.
struct Save {
    row: SavedCredential,
    api_password: Zeroizing<String>,
    proof: Option<Proof>,
    keys: Arc<KeyRing>,
    seat: Seat,
    now: Moment,
    /// How long a question about replacing others can be answered.
    until: Moment,
    saved: Event,
    tested: Event,
}

impl Save {
    fn of(visit: &Visit, member: &Member<ToChange>, form: &ClearIrpForm, gstin: &str, proof: Option<Proof>) -> Self {
        let api_password = Zeroizing::new(form.api_password.expose_secret().to_owned());
        let state = if proof.is_some() { saved_credentials::WORKING } else { saved_credentials::SAVED };
        let copied = Copied {
            workspace_id: &member.workspace.id,
            gstin,
            api_username: form.api_username.trim(),
            api_password: &api_password,
        };
        Self {
            row: copied.seal(&visit.kit.keys, state, visit.now),
            api_password,
            proof,
            keys: visit.kit.keys.clone(),
            seat: member.seat(),
            now: visit.now,
            until: visit.now.plus(visit.kit.settings.limits.credential_replacement_life),
            saved: event(visit, member, "api_credentials_saved", events::DONE, gstin),
            tested: event(visit, member, "api_credentials_tested", events::DONE, gstin),
        }
    }

    fn run(self, c: &mut Connection) -> store::Result<Saved> {
        let holds = proof_holds(c, self.proof.as_ref())?;
        self.seat.hold(c)?;
        if !holds {
            return Ok(Saved::Outdated);
        }
        match saved_credentials::find(c, &self.row.workspace_id, &self.row.gstin)? {
            None if !save(c, &self.row)? => Ok(Saved::Unlisted),
            None => {
                events::insert(c, &self.saved)?;
                Ok(Saved::Yes)
            }
            Some(before) if self.is_the_same(&before) => {
                self.found_again(c, &before)?;
                Ok(Saved::Yes)
            }
            Some(_) => Ok(Saved::Others(Box::new(Replacement::of(self.row, self.proof, self.until)))),
        }
    }

    fn is_the_same(&self, before: &SavedCredential) -> bool {
        before.api_username.eq_ignore_ascii_case(&self.row.api_username)
            && open(&self.keys, before).is_ok_and(|password| *password == *self.api_password)
    }

    /// The very pair is saved already: by the press of the button just before, or it has now been tested once more.
    fn found_again(&self, c: &mut Connection, before: &SavedCredential) -> store::Result<()> {
        if self.proof.is_none() {
            return Ok(());
        }
        saved_credentials::set_working(c, &before.id, self.now)?;
        let ago = self.now.seconds() - before.changed_at;
        if (0..SAME_PRESS).contains(&ago) { Ok(()) } else { events::insert(c, &self.tested) }
    }
}

async fn refuse(visit: &Visit, member: &Member<ToChange>, form: &ClearIrpForm, errors: FieldErrors) -> PageResult {
    page::unprocessable(&page_of(visit, member, form, errors).await?)
}

async fn page_of(
    visit: &Visit,
    member: &Member<ToChange>,
    form: &ClearIrpForm,
    errors: FieldErrors,
) -> Result<ClearIrpPage, PageError> {
    let gstins = gstin_choices(visit, &member.workspace.id, &form.gstin).await?;
    let frame = visit.frame_with(visit.w.workspace_clearirp_title(), errors);
    let (chosen, api_username) = (form.gstin.clone(), form.api_username.clone());
    Ok(ClearIrpPage { w: visit.w, frame, gstins, chosen, api_username })
}

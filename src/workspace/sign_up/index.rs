//! `/workspace/sign-up`: who one is and what the workspace is called; the OTP goes out from here.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::Names;
use crate::accounts::{Recipients, email_message, otp};
use crate::kernel::contact::Email;
use crate::kernel::name::Name;
use crate::kernel::portal::{Portal, Workspace};
use crate::notify::Outbox;
use crate::notify::messages::Writer;
use crate::store::accounts;
use crate::store::journeys::{Journey, Kind, Stage};
use crate::web::error::PageError;
use crate::web::form::{FieldErrors, Posted};
use crate::web::guard::{SignedOut, current_journey};
use crate::web::page::{self, Frame, PageResult, Visit};
use crate::web::paths;
use crate::web::throttle::Proof;
use crate::words::Words;
use crate::workspace::newcomers::{name_message, workspace_message};

#[derive(Template)]
#[template(path = "workspace/sign_up/index.html")]
struct SignUpPage {
    w: Words,
    frame: Frame,
    /// Of the person. Not `name`, which in the macros is that of the field.
    person: String,
    email: String,
    workspace: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct SignUpForm {
    name: String,
    email: String,
    workspace: String,
}

struct Applicant {
    name: Name,
    email: Email,
    workspace: Name,
}

/// GET: filled in when the step was done before.
pub async fn show(visit: Visit, _guard: SignedOut<Workspace>) -> PageResult {
    let begun = |journey: &Journey| journey.kind == Kind::CreateWorkspace && journey.stage < Stage::Done;
    let form = match current_journey(&visit).await?.filter(begun) {
        Some(journey) => {
            let names = Names::of(&journey)?;
            SignUpForm { name: names.name, email: journey.subject, workspace: names.workspace }
        }
        None => SignUpForm::default(),
    };
    page::ok(&page_of(&visit, form, FieldErrors::default()))
}

/// POST: always on to the OTP page.
pub async fn submit(
    visit: Visit,
    _guard: SignedOut<Workspace>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<SignUpForm>,
) -> PageResult {
    let applicant = match form.parse(visit.w) {
        Ok(applicant) => applicant,
        Err(errors) => return page::unprocessable(&page_of(&visit, form, errors)),
    };
    let Applicant { name, email, workspace } = applicant;
    let names = Names { name: name.as_str().to_owned(), workspace: workspace.as_str().to_owned() };
    let data = serde_json::to_string(&names).map_err(|error| PageError::internal(error.to_string()))?;
    let to = recipients(&visit, &email).await?;
    let walk = (Kind::CreateWorkspace, email.as_str().to_owned());
    otp::begin_with(&visit, &outbox, walk, Some(data), &to, Proof::Nothing, paths::WORKSPACE_SIGN_UP_OTP).await
}

impl SignUpForm {
    fn parse(&self, w: Words) -> Result<Applicant, FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = errors.check("name", Name::parse(&self.name), |fault| name_message(w, fault));
        let email = errors.check("email", Email::parse(&self.email), |fault| email_message(w, fault));
        let workspace = errors.check("workspace", Name::parse(&self.workspace), |fault| workspace_message(w, fault));
        match (name, email, workspace) {
            (Some(name), Some(email), Some(workspace)) => Ok(Applicant { name, email, workspace }),
            _ => Err(errors),
        }
    }
}

/// The email address; one that has an account gets M12 and no OTP that works.
pub(super) async fn recipients(visit: &Visit, email: &Email) -> Result<Recipients, PageError> {
    let username = email.as_str().to_owned();
    let known = visit.kit.store.read(move |c| accounts::find_by_username(c, Portal::Workspace, &username)).await?;
    let own = paths::shared(Portal::Workspace);
    let instead = known.map(|_| Writer::new(&visit.kit.settings).already_an_account(own.login, own.forgot_password));
    Ok(Recipients { instead, ..Recipients::person(email.clone()) })
}

fn page_of(visit: &Visit, form: SignUpForm, errors: FieldErrors) -> SignUpPage {
    let frame = visit.frame_with(visit.w.workspace_sign_up_title(), errors);
    SignUpPage { w: visit.w, frame, person: form.name, email: form.email, workspace: form.workspace }
}

//! `/irp/api-credentials/new`: an API username and password, created in the transaction that uses the proof up.

use actix_web::web;
use askama::Template;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::saved::Saved;
use super::{Create, Proven, Proving, choose_api_password};
use crate::accounts::Recipients;
use crate::accounts::hashing::{Checked, Hasher};
use crate::irp::handoff::{self, Delivered, Delivery, deliver};
use crate::kernel::api_user::{ApiUsername, ApiUsernameError};
use crate::kernel::ids;
use crate::kernel::password::Password;
use crate::kernel::taxpayer::Taxpayer;
use crate::notify::Outbox;
use crate::notify::messages::{Cause, Writer};
use crate::store::credentials::{self, Credential};
use crate::store::journeys::{self, Kind, Stage};
use crate::store::{Inserted, StoreError, accounts, events, sessions, taxpayers};
use crate::web::error::PageError;
use crate::web::form::{FieldErrors, Posted, SAME_PRESS};
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "irp/api_credentials/new.html")]
struct NewPage {
    w: Words,
    frame: Frame,
    action: &'static str,
    later: &'static str,
    journey: String,
    gstin: String,
    api_username: String,
    /// Straight from the registration: "Step 6 of 6".
    in_registration: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct NewForm {
    api_username: String,
    api_password: SecretString,
    confirm_api_password: SecretString,
}

/// GET: empty, or with what was kept when the session had ended over it.
pub async fn show(visit: Visit, proven: Proven<Create>) -> PageResult {
    let draft = visit.visitor.draft_of(paths::IRP_API_NEW, visit.now);
    let api_username = draft.map(|draft| draft.field("api_username")).unwrap_or_default();
    page::ok(&page_of(&visit, &proven, api_username, FieldErrors::default()))
}

/// POST.
pub async fn submit(
    visit: Visit,
    proving: Proving<Create>,
    hasher: web::Data<Hasher>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<NewForm>,
) -> PageResult {
    let proven = proving.proven(|| form.keep(&visit))?;
    let gstin = proven.user.gstin().to_owned();
    let taxpayer = visit.kit.store.read(move |c| taxpayers::find(c, &gstin)).await?;
    let (username, password) = match form.parse(visit.w, taxpayer.as_ref()) {
        Ok(parsed) => parsed,
        Err(errors) => return refuse(&visit, &proven, form, errors),
    };
    super::count_post(&visit, proven.user.gstin()).await?;
    let account = &proven.user.account.password_hash;
    if hasher.check(Some(&password), Some(account)).await? != Checked::Wrong {
        let errors = FieldErrors::of("api_password", visit.w.api_password_same_as_account());
        return refuse(&visit, &proven, form, errors);
    }
    let hash = hasher.hash(password).await?;
    let delivery = Delivery::of(&visit, proven.user.gstin(), username.as_str(), form.api_password.expose_secret());
    match create(&visit, &proven, &outbox, taxpayer.as_ref(), &username, hash, delivery).await? {
        Created::Yes(delivered) => {
            Saved::created(&visit, username.as_str(), delivered).remember(&visit);
            Ok(see_other(paths::IRP_API_SAVED))
        }
        Created::Taken => {
            let free = free_username(&visit, &username).await?;
            let message = visit.w.api_username_taken().other(free.as_str()).to_string();
            refuse(&visit, &proven, form, FieldErrors::of("api_username", message))
        }
        Created::Already => Ok(see_other(told_before(&visit, &proven, &username).await?)),
    }
}

impl NewForm {
    /// Puts the username aside for when the page is shown again.
    fn keep(&self, visit: &Visit) {
        let until = visit.now.plus(visit.kit.settings.limits.draft_life);
        visit.visitor.keep_draft(
            paths::IRP_API_NEW,
            vec![("api_username".to_owned(), self.api_username.clone())],
            until,
        );
    }

    fn parse(&self, w: Words, taxpayer: Option<&Taxpayer>) -> Result<(ApiUsername, Password), FieldErrors> {
        let mut errors = FieldErrors::default();
        let username = errors.check("api_username", ApiUsername::parse(&self.api_username), |fault| match fault {
            ApiUsernameError::Empty => w.api_username_empty().to_owned(),
            ApiUsernameError::Length => w.api_username_length().to_owned(),
            ApiUsernameError::Characters => w.api_username_characters().to_owned(),
            ApiUsernameError::Ends => w.api_username_ends().to_owned(),
        });
        let password = choose_api_password(
            w,
            (self.api_password.expose_secret(), "api_password"),
            self.confirm_api_password.expose_secret(),
            taxpayer,
            &mut errors,
        );
        match (username, password) {
            (Some(username), Some(password)) if errors.is_empty() => Ok((username, password)),
            _ => Err(errors),
        }
    }
}

enum Created {
    Yes(Delivered),
    /// Somebody has this API username.
    Taken,
    /// The proof was used, or the GSTIN has credentials, since the page was shown.
    Already,
}

/// Credentials, the used proof, the workspace's copy, mails and event in one transaction.
async fn create(
    visit: &Visit,
    proven: &Proven<Create>,
    outbox: &Outbox,
    taxpayer: Option<&Taxpayer>,
    username: &ApiUsername,
    password_hash: String,
    delivery: Option<Delivery>,
) -> Result<Created, PageError> {
    let gstin = proven.user.gstin().to_owned();
    let cause = Cause { at: visit.now, address: &visit.address.to_string(), device: &visit.device };
    let ending = gstin.get(gstin.len().saturating_sub(4)..).unwrap_or_default();
    let mail = Writer::new(&visit.kit.settings).credentials_created(&gstin, ending, username.as_str(), &cause);
    let to = taxpayer.map(Recipients::from).unwrap_or_default();
    let mails = outbox.mails(&to.emails, &mail, visit.now);
    let event = visit.event("credentials_created", events::DONE, Some(&gstin));
    let credential = Credential {
        id: ids::random(),
        gstin,
        api_username: username.as_str().to_owned(),
        canonical_username: username.canonical(),
        password_hash,
        status: credentials::ACTIVE.to_owned(),
        created_at: visit.now.seconds(),
        changed_at: visit.now.seconds(),
        last_used_at: None,
        last_used_address: None,
    };
    let (journey, proven_at) = (proven.journey.id.clone(), proven.journey.stage);
    let (account, this_session, now) = (proven.user.account.id.clone(), visit.visitor.token_hash(), visit.now);
    let created = visit.kit.store.write(move |c| {
        accounts::lock(c, &account)?;
        if credentials::find_by_gstin(c, &credential.gstin)?.is_some() {
            return Ok(Created::Already);
        }
        if credentials::insert(c, &credential)? == Inserted::Taken {
            return Ok(Created::Taken);
        }
        if !journeys::advance(c, &journey, proven_at, Stage::Spent)? {
            return Err(StoreError::Undone);
        }
        sessions::end_of_account(c, &account, this_session.as_deref(), sessions::Reason::ApiPassword)?;
        mails.iter().try_for_each(|mail| mail.insert(c))?;
        events::insert(c, &event)?;
        Ok(Created::Yes(deliver(c, delivery.as_ref(), now)?))
    });
    let created = match created.await {
        Err(StoreError::Undone) => Ok(Created::Already),
        other => Ok(other?),
    };
    outbox.wake();
    created
}

/// The credentials are there already. When the same form has just made them (a button pressed twice), the first result
/// is shown.
async fn told_before(visit: &Visit, proven: &Proven<Create>, typed: &ApiUsername) -> Result<&'static str, PageError> {
    let gstin = proven.user.gstin().to_owned();
    let made = visit.kit.store.read(move |c| credentials::find_by_gstin(c, &gstin)).await?;
    let same = made.is_some_and(|made| {
        made.canonical_username == typed.canonical() && visit.now.seconds() - made.created_at < SAME_PRESS
    });
    if same {
        let delivered = handoff::delivered_before(visit, proven.user.gstin()).await?;
        Saved::created(visit, typed.as_str(), delivered).remember(visit);
    }
    Ok(if same { paths::IRP_API_SAVED } else { paths::IRP_API_CREDENTIALS })
}

/// The next name of the same pattern that nobody has.
async fn free_username(visit: &Visit, taken: &ApiUsername) -> Result<ApiUsername, PageError> {
    let mut candidate = taken.next();
    let free = visit.kit.store.read(move |c| {
        // A pattern taken a hundred times over is not searched to its end: the index decides anyway.
        for _ in 0..100 {
            if !credentials::is_taken(c, &candidate.canonical())? {
                break;
            }
            candidate = candidate.next();
        }
        Ok(candidate)
    });
    Ok(free.await?)
}

fn refuse(visit: &Visit, proven: &Proven<Create>, form: NewForm, errors: FieldErrors) -> PageResult {
    page::unprocessable(&page_of(visit, proven, form.api_username, errors))
}

fn page_of(visit: &Visit, proven: &Proven<Create>, api_username: String, errors: FieldErrors) -> NewPage {
    NewPage {
        w: visit.w,
        frame: visit.frame_with(visit.w.api_new_title(), errors),
        action: paths::IRP_API_NEW,
        later: paths::IRP_API_CREDENTIALS,
        journey: proven.journey.id.clone(),
        gstin: proven.user.gstin().to_owned(),
        api_username,
        in_registration: proven.journey.kind == Kind::Register,
    }
}

//! `/gst/first-login/credentials`: a username and a password of one's own; the account is made here.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::AtCredentials;
use crate::accounts::hashing::Hasher;
use crate::accounts::{NewPasswordForm, Recipients};
use crate::kernel::gst_username::{GstUsername, GstUsernameError};
use crate::kernel::ids;
use crate::kernel::password::{Password, Policy};
use crate::kernel::portal::{Gst, Portal};
use crate::kernel::taxpayer::Taxpayer;
use crate::notify::messages::{Cause, Writer};
use crate::notify::{Outbox, Prepared};
use crate::store::accounts::{self, Account};
use crate::store::events::{self, Event};
use crate::store::journeys::{self, Journey, Stage};
use crate::store::{self, Connection, Inserted, StoreError, taxpayers};
use crate::web::browser::Browser;
use crate::web::form::{FieldErrors, Posted};
use crate::web::guard::{SignedOut, Walking};
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::{paths, throttle};
use crate::words::Words;

#[derive(Template)]
#[template(path = "gst/first_login/credentials.html")]
struct CredentialsPage {
    w: Words,
    frame: Frame,
    journey: String,
    gstin: String,
    username: String,
    policy: Policy,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct CredentialsForm {
    username: String,
    #[serde(flatten)]
    password: NewPasswordForm,
}

/// GET.
pub async fn show(visit: Visit, _guard: SignedOut<Gst>, at: Walking<AtCredentials>) -> PageResult {
    match at.journey.stage {
        Stage::Verified => page::ok(&page_of(&visit, &at.journey, String::new(), FieldErrors::default())),
        _ => Ok(see_other(paths::shared(Portal::Gst).login)),
    }
}

/// POST: makes the account and leads to the login page.
pub async fn submit(
    visit: Visit,
    _guard: SignedOut<Gst>,
    at: Walking<AtCredentials>,
    hasher: web::Data<Hasher>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<CredentialsForm>,
) -> PageResult {
    let gstin = at.journey.subject.clone();
    let taxpayer = visit.kit.store.read(move |c| taxpayers::find(c, &gstin)).await?;
    let Some(taxpayer) = taxpayer else {
        // A newer register has the GSTIN no more.
        visit.visitor.set_notice(&Notice::StartHere);
        return Ok(see_other(paths::GST_FIRST_LOGIN));
    };
    let refuse = |errors| page::unprocessable(&page_of(&visit, &at.journey, form.username.clone(), errors));
    let (username, password) = match form.parse(&visit, &taxpayer) {
        Ok(chosen) => chosen,
        Err(errors) => return refuse(errors),
    };
    throttle::spend(&visit, throttle::first_login_posts(&visit.kit.settings.limits, &at.journey.subject)).await?;
    let (journey, name) = (at.journey.clone(), username.to_string());
    // Looked up before a password is hashed; the indexes have the last word.
    let outcome = match visit.kit.store.read(move |c| in_the_way(c, &journey, &name)).await? {
        Some(outcome) => outcome,
        None => {
            let hash = hasher.hash(password).await?;
            let creation = Creation::of(&visit, &outbox, &at.journey, &taxpayer, &username, hash);
            let browser = creation.browser.clone();
            let outcome = visit.kit.store.write(move |c| creation.run(c)).await?;
            if matches!(outcome, Outcome::Created { .. }) {
                browser.keep_proven(&visit);
            }
            outcome
        }
    };
    match outcome {
        Outcome::Created { username } => {
            outbox.wake();
            visit.visitor.set_notice(&Notice::FirstLoginDone { username });
        }
        Outcome::UsernameTaken => return refuse(FieldErrors::of("username", visit.w.gst_username_taken())),
        Outcome::GstinTaken => visit.visitor.set_notice(&Notice::GstAccountExists),
    }
    Ok(see_other(paths::shared(Portal::Gst).login))
}

impl CredentialsForm {
    fn parse(&self, visit: &Visit, taxpayer: &Taxpayer) -> Result<(GstUsername, Password), FieldErrors> {
        let w = visit.w;
        let mut errors = FieldErrors::default();
        let username = errors.check("username", GstUsername::parse(&self.username), |fault| {
            let message = match fault {
                GstUsernameError::Empty => w.gst_username_empty(),
                GstUsernameError::Length => w.gst_username_length(),
                GstUsernameError::Characters => w.gst_username_characters(),
                GstUsernameError::NoNumber => w.gst_username_no_number(),
            };
            message.to_owned()
        });
        match (username, self.password.parse(visit, Some(taxpayer))) {
            (Some(username), Ok(password)) => Ok((username, password)),
            (_, password) => {
                errors.append(password.err().unwrap_or_default());
                Err(errors)
            }
        }
    }
}

enum Outcome {
    /// By this press of the button, or by the one before with the username of then.
    Created {
        username: String,
    },
    UsernameTaken,
    /// Another session has made the account of this GSTIN.
    GstinTaken,
}

/// Why no account can be made any more; `None` when one can.
fn in_the_way(c: &mut Connection, journey: &Journey, username: &str) -> store::Result<Option<Outcome>> {
    let own = journeys::find(c, &journey.id)?.is_some_and(|journey| journey.stage == Stage::Done);
    match accounts::find_by_gstin(c, Portal::Gst, &journey.subject)? {
        Some(Account { username, .. }) if own => return Ok(Some(Outcome::Created { username })),
        Some(_) => return Ok(Some(Outcome::GstinTaken)),
        None => {}
    }
    let taken = accounts::find_by_username(c, Portal::Gst, username)?.is_some();
    Ok(taken.then_some(Outcome::UsernameTaken))
}

/// The account, the end of the journey, mails and event: one transaction.
struct Creation {
    account: Account,
    journey: Journey,
    mails: Vec<Prepared>,
    event: Event,
    browser: Browser,
}

impl Creation {
    fn of(
        visit: &Visit,
        outbox: &Outbox,
        journey: &Journey,
        taxpayer: &Taxpayer,
        username: &GstUsername,
        password_hash: String,
    ) -> Self {
        let cause = Cause { at: visit.now, address: &visit.address.to_string(), device: &visit.device };
        let mail = Writer::new(&visit.kit.settings).gst_account_created(&taxpayer.gstin, username.as_str(), &cause);
        let account = Account {
            id: ids::random(),
            portal: Portal::Gst.as_str().to_owned(),
            username: username.to_string(),
            gstin: Some(taxpayer.gstin.to_string()),
            password_hash,
            created_at: visit.now.seconds(),
            password_changed_at: visit.now.seconds(),
            last_sign_in_at: None,
            last_sign_in_address: None,
            frozen_at: None,
            name: None,
        };
        let event = visit.event_of(&account, "account_created", events::DONE);
        let mails = outbox.mails(&Recipients::from(taxpayer).emails, &mail, visit.now);
        Self { account, journey: journey.clone(), mails, event, browser: Browser::of(visit) }
    }

    fn run(&self, c: &mut Connection) -> store::Result<Outcome> {
        if accounts::insert(c, &self.account)? == Inserted::Taken {
            return Ok(in_the_way(c, &self.journey, &self.account.username)?.unwrap_or(Outcome::GstinTaken));
        }
        if !journeys::advance(c, &self.journey.id, Stage::Verified, Stage::Done)? {
            return Err(StoreError::Undone);
        }
        // The password of the mail has proven the owner as an OTP does.
        self.browser.prove(c, &self.account.id)?;
        self.mails.iter().try_for_each(|mail| mail.insert(c))?;
        events::insert(c, &self.event)?;
        Ok(Outcome::Created { username: self.account.username.clone() })
    }
}

fn page_of(visit: &Visit, journey: &Journey, username: String, errors: FieldErrors) -> CredentialsPage {
    CredentialsPage {
        w: visit.w,
        frame: visit.frame_with(visit.w.gst_credentials_title(), errors),
        journey: journey.id.clone(),
        gstin: journey.subject.clone(),
        username,
        policy: visit.kit.settings.password_policy,
    }
}

//! `/irp/register/password`: step 5, a password; the account is made here.

use actix_web::web;
use askama::Template;

use super::AtPassword;
use crate::accounts::hashing::{Checked, Hasher};
use crate::accounts::{NewPasswordForm, Recipients};
use crate::kernel::ids;
use crate::kernel::password::{Password, Policy};
use crate::kernel::portal::Portal;
use crate::kernel::taxpayer::Taxpayer;
use crate::notify::Outbox;
use crate::notify::messages::{Cause, Writer};
use crate::store::accounts::{self, Account};
use crate::store::journeys::{self, Journey, Stage};
use crate::store::{Inserted, StoreError, events};
use crate::web::browser::Browser;
use crate::web::error::PageError;
use crate::web::form::{FieldErrors, Posted, SAME_PRESS};
use crate::web::guard::Walking;
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::web::session::Level;
use crate::words::Words;

#[derive(Template)]
#[template(path = "irp/register/password.html")]
struct PasswordPage {
    w: Words,
    frame: Frame,
    action: &'static str,
    journey: String,
    username: String,
    policy: Policy,
}

/// GET: the page, or the end of the walk when the account is there already.
pub async fn show(visit: Visit, at: Walking<AtPassword>) -> PageResult {
    match at.journey.stage {
        Stage::Verified => page::ok(&page_of(&visit, &at.journey, FieldErrors::default())),
        _ => Ok(see_other(paths::IRP_DONE)),
    }
}

/// POST: makes the account, signs in and tells the owner by mail.
pub async fn submit(
    visit: Visit,
    at: Walking<AtPassword>,
    hasher: web::Data<Hasher>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<NewPasswordForm>,
) -> PageResult {
    if at.journey.stage != Stage::Verified {
        return Ok(see_other(paths::IRP_DONE));
    }
    let taxpayer = super::taxpayer_of(&visit, &at.journey).await?;
    let password = match form.parse(&visit, Some(&taxpayer)) {
        Ok(password) => password,
        Err(errors) => return page::unprocessable(&page_of(&visit, &at.journey, errors)),
    };
    let typed = Password::typed(form.typed());
    let account = account_of(&visit, &taxpayer, hasher.hash(password).await?);
    let browser = Browser::of(&visit);
    let created = create(&visit, &outbox, &at.journey, &taxpayer, account.clone(), &browser).await?;
    if created {
        browser.keep_proven(&visit);
        visit.visitor.sign_in(&account, Level::Otp, &visit, Some(&at.journey.id));
        return Ok(see_other(paths::IRP_DONE));
    }
    after_another(&visit, &hasher, &at.journey, typed).await
}

fn account_of(visit: &Visit, taxpayer: &Taxpayer, password_hash: String) -> Account {
    Account {
        id: ids::random(),
        portal: Portal::Irp.as_str().to_owned(),
        username: taxpayer.gstin.to_string(),
        gstin: Some(taxpayer.gstin.to_string()),
        password_hash,
        created_at: visit.now.seconds(),
        password_changed_at: visit.now.seconds(),
        last_sign_in_at: Some(visit.now.seconds()),
        last_sign_in_address: Some(visit.address.to_string()),
        frozen_at: None,
        name: None,
    }
}

/// Account, end of the journey, mail and event in one transaction; `false` when somebody else was first.
async fn create(
    visit: &Visit,
    outbox: &Outbox,
    journey: &Journey,
    taxpayer: &Taxpayer,
    account: Account,
    browser: &Browser,
) -> Result<bool, PageError> {
    let cause = Cause { at: visit.now, address: &visit.address.to_string(), device: &visit.device };
    let writer = Writer::new(&visit.kit.settings);
    let mail = writer.account_created(&account.username, taxpayer.gstin.ending(), &cause);
    let mails = outbox.mails(&Recipients::from(taxpayer).emails, &mail, visit.now);
    let event = visit.event_of(&account, "account_created", events::DONE);
    let (journey, browser) = (journey.id.clone(), browser.clone());
    let created = visit.kit.store.write(move |c| {
        if accounts::insert(c, &account)? == Inserted::Taken {
            return Ok(false);
        }
        if !journeys::advance(c, &journey, Stage::Verified, Stage::Done)? {
            return Err(StoreError::Undone);
        }
        browser.prove(c, &account.id)?;
        mails.iter().try_for_each(|mail| mail.insert(c))?;
        events::insert(c, &event)?;
        Ok(true)
    });
    match created.await {
        Ok(created) => {
            outbox.wake();
            Ok(created)
        }
        Err(StoreError::Undone) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The account was made while this form was on its way. When the other one was the same form, pressed twice, its
/// password opens the account and the first result is shown; else another session has registered the GSTIN.
async fn after_another(visit: &Visit, hasher: &Hasher, journey: &Journey, typed: Option<Password>) -> PageResult {
    let (id, username) = (journey.id.clone(), journey.subject.clone());
    let found = visit.kit.store.read(move |c| {
        let account = accounts::find_by_username(c, Portal::Irp, &username)?;
        Ok((account, journeys::find(c, &id)?))
    });
    let (account, journey_now) = found.await?;
    let own = journey_now.is_some_and(|journey| journey.stage == Stage::Done);
    let fresh = account.filter(|account| visit.now.seconds() - account.created_at < SAME_PRESS);
    if let (true, Some(account)) = (own, fresh)
        && hasher.check(typed.as_ref(), Some(&account.password_hash)).await? != Checked::Wrong
    {
        visit.visitor.sign_in(&account, Level::Otp, visit, Some(&journey.id));
        return Ok(see_other(paths::IRP_DONE));
    }
    visit.visitor.set_notice(&Notice::AlreadyRegistered { gstin: journey.subject.clone() });
    Ok(see_other(paths::shared(Portal::Irp).login))
}

fn page_of(visit: &Visit, journey: &Journey, errors: FieldErrors) -> PasswordPage {
    PasswordPage {
        w: visit.w,
        frame: visit.frame_with(visit.w.irp_password_title(), errors),
        action: paths::IRP_PASSWORD,
        journey: journey.id.clone(),
        username: journey.subject.clone(),
        policy: visit.kit.settings.password_policy,
    }
}

//! `/{portal}/account/password`, in the GST portal also `/gst/change-password`: a new password for somebody who knows
//! the old one.

use actix_web::web;
use askama::Template;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::door::{self, Way};
use super::hashing::{Checked, Hasher};
use super::wording::Wording;
use super::{NewPassword, Recipients, names_of_account};
use crate::kernel::password::{Context, Password, Policy};
use crate::kernel::portal::InPortal;
use crate::notify::Outbox;
use crate::notify::messages::{Cause, Writer};
use crate::store::{accounts, devices, events, sessions, taxpayers};
use crate::web::browser::Browser;
use crate::web::error::PageError;
use crate::web::form::{FieldErrors, Posted};
use crate::web::guard::SignedIn;
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "accounts/change_password.html")]
struct ChangePasswordPage {
    w: Words,
    frame: Frame,
    own: &'static paths::Shared,
    wording: Wording,
    /// The page has two addresses in the GST portal; each posts to itself.
    action: String,
    username: String,
    policy: Policy,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ChangePasswordForm {
    current_password: SecretString,
    new_password: SecretString,
    confirm_password: SecretString,
}

/// GET: three empty fields.
pub async fn show<P: InPortal>(visit: Visit, user: SignedIn<P>) -> PageResult {
    page::ok(&page_of(&visit, &user, FieldErrors::default()))
}

/// POST: changes the password, ends every other session and tells the owner by mail.
pub async fn submit<P: InPortal>(
    visit: Visit,
    user: SignedIn<P>,
    hasher: web::Data<Hasher>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<ChangePasswordForm>,
) -> PageResult {
    let gstin = user.gstin().to_owned();
    let taxpayer = visit.kit.store.read(move |c| taxpayers::find(c, &gstin)).await?;
    let names = names_of_account(&user.account, taxpayer.as_ref());
    let to = Recipients::of(&user.account, taxpayer.as_ref());
    let (current, new) = match form.parse(&visit, &to.context(&names)) {
        Ok(passwords) => passwords,
        Err(errors) => return page::unprocessable(&page_of(&visit, &user, errors)),
    };
    let attempt = door::admit(&visit, P::PORTAL, &user.account.username, Way::SignedIn).await?;
    let stored = Some(user.account.password_hash.as_str());
    if attempt.check(&visit, &hasher, Some(&current), stored).await? == Checked::Wrong {
        attempt.failed(&visit, Some(&user.account), "password_change").await?;
        let errors = FieldErrors::of("current_password", visit.w.change_password_current_wrong());
        return page::unprocessable(&page_of(&visit, &user, errors));
    }
    let hash = hasher.hash(new).await?;
    match change(&visit, &user, &outbox, &to, hash).await? {
        true => Ok(see_other(paths::shared(P::PORTAL).account)),
        // Somebody has reset it while this one was being hashed.
        false => Ok(see_other(paths::shared(P::PORTAL).login)),
    }
}

impl ChangePasswordForm {
    fn parse(&self, visit: &Visit, context: &Context<'_>) -> Result<(Password, Password), FieldErrors> {
        let (w, mut errors) = (visit.w, FieldErrors::default());
        let (current, new) = (self.current_password.expose_secret(), self.new_password.expose_secret());
        if current.is_empty() {
            errors.add("current_password", w.change_password_current_empty());
        }
        let fields = NewPassword {
            password: new,
            confirm: self.confirm_password.expose_secret(),
            field: "new_password",
            confirm_field: "confirm_password",
        };
        let chosen = fields.choose(w, visit.kit.settings.password_policy, context, &mut errors);
        let (typed, typed_anew) = (Password::typed(current), Password::typed(new));
        if let (Some(current), Some(new)) = (&typed, &typed_anew)
            && current.as_bytes() == new.as_bytes()
        {
            errors.add("new_password", w.change_password_same());
        }
        match (typed, chosen) {
            (Some(current), Some(new)) if errors.is_empty() => Ok((current, new)),
            // A password too long to be anybody's is simply not the current one.
            _ if errors.is_empty() => Err(FieldErrors::of("current_password", w.change_password_current_wrong())),
            _ => Err(errors),
        }
    }
}

async fn change<P: InPortal>(
    visit: &Visit,
    user: &SignedIn<P>,
    outbox: &Outbox,
    to: &Recipients,
    hash: String,
) -> Result<bool, PageError> {
    let cause = Cause { at: visit.now, address: &visit.address.to_string(), device: &visit.device };
    let writer = Writer::new(&visit.kit.settings);
    let mail = writer.password_changed(P::PORTAL, user.gstin(), paths::shared(P::PORTAL).forgot_password, &cause);
    let mails = outbox.mails(&to.emails, &mail, visit.now);
    let event = visit.event("password_changed", events::DONE, user.account.gstin.as_deref());
    let (account, now, this_session) = (user.account.clone(), visit.now, visit.visitor.token_hash());
    let browser = Browser::of(visit);
    let written = visit.kit.store.write(move |c| {
        if !accounts::change_password(c, &account.id, &account.password_hash, &hash, now)? {
            return Ok(false);
        }
        sessions::end_of_account(c, &account.id, this_session.as_deref(), sessions::Reason::Password)?;
        devices::delete_of_account(c, &account.id, browser.held())?;
        door::open_door(c, P::PORTAL, &account.username)?;
        mails.iter().try_for_each(|mail| mail.insert(c))?;
        events::insert(c, &event)?;
        Ok(true)
    });
    let changed = written.await?;
    if changed {
        outbox.wake();
        visit.visitor.set_notice(&Notice::PasswordChanged { at: visit.now.seconds() });
        visit.visitor.keep_through_password_change(visit.now);
        visit.visitor.renew_on_next_page();
    }
    Ok(changed)
}

fn page_of<P: InPortal>(visit: &Visit, user: &SignedIn<P>, errors: FieldErrors) -> ChangePasswordPage {
    let wording = Wording::of(P::PORTAL, visit.w);
    ChangePasswordPage {
        w: visit.w,
        frame: visit.frame_with(wording.change_password_title, errors),
        own: paths::shared(P::PORTAL),
        wording,
        action: visit.path().to_owned(),
        username: user.account.username.clone(),
        policy: visit.kit.settings.password_policy,
    }
}

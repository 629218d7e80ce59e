//! `/{portal}/account/devices`: where the account is signed in, and the buttons that end that. Ending others needs the
//! password (ASVS 7.5.2): whoever has found a session must not be able to put its owner out.

use actix_web::web;
use askama::Template;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::door::{self, Way};
use super::hashing::{Checked, Hasher};
use crate::kernel::browser_name::browser_name;
use crate::kernel::clock::Moment;
use crate::kernel::ids;
use crate::kernel::password::Password;
use crate::kernel::portal::InPortal;
use crate::store::events;
use crate::store::sessions::{self, Reason, Session};
use crate::web::error::PageError;
use crate::web::form::{FieldErrors, Posted};
use crate::web::guard::SignedIn;
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::web::session::alive;
use crate::words::Words;

#[derive(Template)]
#[template(path = "accounts/devices.html")]
struct DevicesPage {
    w: Words,
    frame: Frame,
    own: &'static paths::Shared,
    this: Option<Device>,
    others: Vec<Device>,
}

/// A session as its owner sees it; moments are `21/11/2026 17:01`, IST.
struct Device {
    /// Not what it is stored by.
    id: String,
    name: String,
    address: String,
    since: String,
    last_seen: String,
}

impl Device {
    fn of(w: Words, session: &Session) -> Self {
        let name = browser_name(&session.device);
        Self {
            id: id_of(session),
            name: if name.is_empty() { w.account_device_unknown().to_owned() } else { name },
            address: session.address.clone(),
            since: Moment::from_seconds(session.created_at).ist_date_time(),
            last_seen: Moment::from_seconds(session.last_seen_at).ist_date_time(),
        }
    }
}

/// What a form names a session by: its own id stays while the token is renewed.
fn id_of(session: &Session) -> String {
    ids::digest(&session.sid)
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct DevicesForm {
    current_password: SecretString,
    /// The device of the button pressed; empty for "Sign out everywhere else".
    device: String,
}

/// GET.
pub async fn show<P: InPortal>(visit: Visit, user: SignedIn<P>) -> PageResult {
    page::ok(&page_of(&visit, &user, FieldErrors::default()).await?)
}

/// POST: ends one other session or all of them.
pub async fn submit<P: InPortal>(
    visit: Visit,
    user: SignedIn<P>,
    hasher: web::Data<Hasher>,
    Posted(form): Posted<DevicesForm>,
) -> PageResult {
    let typed = form.current_password.expose_secret();
    if typed.is_empty() {
        let errors = FieldErrors::of("current_password", visit.w.change_password_current_empty());
        return page::unprocessable(&page_of(&visit, &user, errors).await?);
    }
    let account = &user.account;
    let attempt = door::admit(&visit, P::PORTAL, &account.username, Way::SignedIn).await?;
    let (password, stored) = (Password::typed(typed), Some(account.password_hash.as_str()));
    if attempt.check(&visit, &hasher, password.as_ref(), stored).await? == Checked::Wrong {
        attempt.failed(&visit, Some(account), "password_change").await?;
        let errors = FieldErrors::of("current_password", visit.w.change_password_current_wrong());
        return page::unprocessable(&page_of(&visit, &user, errors).await?);
    }
    let others = list(&visit, &user).await?.1;
    let chosen = others.iter().find(|session| id_of(session) == form.device).cloned();
    let all = form.device.is_empty();
    let event =
        visit.event(if all { "sessions_ended" } else { "session_ended" }, events::DONE, account.gstin.as_deref());
    let (id, this, row) = (account.id.clone(), visit.visitor.token_hash(), chosen.clone());
    let ended = visit.kit.store.write(move |c| {
        attempt.succeeded(c)?;
        let ended = match row {
            Some(session) => sessions::end(c, &session.sid, Reason::Owner)?,
            None => all && sessions::end_of_account(c, &id, this.as_deref(), Reason::Owner)? > 0,
        };
        if ended {
            events::insert(c, &event)?;
        }
        Ok(ended)
    });
    let notice = match (ended.await?, chosen) {
        (true, Some(session)) => Notice::DeviceSignedOut { device: Device::of(visit.w, &session).name },
        (false, _) if !all => Notice::DeviceGone,
        _ => Notice::OthersSignedOut,
    };
    visit.visitor.set_notice(&notice);
    Ok(see_other(paths::shared(P::PORTAL).devices))
}

/// This session and the other live ones, the one used last first.
async fn list<P: InPortal>(visit: &Visit, user: &SignedIn<P>) -> Result<(Option<Session>, Vec<Session>), PageError> {
    let (id, alive) = (user.account.id.clone(), alive(&visit.kit.settings.limits, visit.now));
    let all = visit.kit.store.read(move |c| sessions::list_alive(c, &id, alive)).await?;
    let this = visit.visitor.token_hash();
    let (own, others): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|session| Some(&session.token_hash) == this.as_ref());
    Ok((own.into_iter().next(), others))
}

async fn page_of<P: InPortal>(
    visit: &Visit,
    user: &SignedIn<P>,
    errors: FieldErrors,
) -> Result<DevicesPage, PageError> {
    let (w, (this, others)) = (visit.w, list(visit, user).await?);
    Ok(DevicesPage {
        w,
        frame: visit.frame_with(w.devices_title(), errors),
        own: paths::shared(P::PORTAL),
        this: this.map(|session| Device::of(w, &session)),
        others: others.iter().map(|session| Device::of(w, session)).collect(),
    })
}

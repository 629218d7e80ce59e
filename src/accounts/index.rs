//! `/{portal}/account`: who is signed in and what they can change about it.

use askama::Template;

use super::activity;
use super::history::Entry;
use super::wording::Wording;
use crate::kernel::clock::Moment;
use crate::kernel::portal::InPortal;
use crate::store::{authenticators, sessions};
use crate::web::guard::SignedIn;
use crate::web::page::{self, Frame, PageResult, Visit};
use crate::web::paths;
use crate::web::session::alive;
use crate::words::Words;

#[derive(Template)]
#[template(path = "accounts/index.html")]
struct IndexPage {
    w: Words,
    frame: Frame,
    own: &'static paths::Shared,
    wording: Wording,
    username: String,
    /// `21/11/2026 17:11`, IST.
    last_sign_in: Option<String>,
    last_address: String,
    password_changed: String,
    has_authenticator: bool,
    /// Where the account is signed in, this device included.
    devices: usize,
    /// What happened last, and when.
    newest: Option<Entry>,
}

/// GET: the account's facts and its password link.
pub async fn show<P: InPortal>(visit: Visit, user: SignedIn<P>) -> PageResult {
    let account = user.account;
    let id = account.id.clone();
    let alive = alive(&visit.kit.settings.limits, visit.now);
    let found = visit.kit.store.read(move |c| {
        let authenticator = authenticators::find_confirmed(c, &id)?;
        Ok((authenticator.is_some(), sessions::list_alive(c, &id, alive)?.len()))
    });
    let (has_authenticator, devices) = found.await?;
    let newest = activity::listing(&account).newest(&visit).await?;
    page::ok(&IndexPage {
        w: visit.w,
        frame: visit.frame(visit.w.account_title()),
        own: paths::shared(P::PORTAL),
        wording: Wording::of(P::PORTAL, visit.w),
        username: account.username,
        last_sign_in: account.last_sign_in_at.map(|at| Moment::from_seconds(at).ist_date_time()),
        last_address: account.last_sign_in_address.unwrap_or_default(),
        password_changed: Moment::from_seconds(account.password_changed_at).ist_date_time(),
        has_authenticator,
        devices,
        newest,
    })
}

//! `/{portal}/account/authenticator`: the authenticator app of an account. An OTP comes before one is added, its own
//! code before it is removed, so that a password alone changes neither.

pub mod codes;
pub mod new;
pub mod otp;
pub mod remove;

use actix_web::web;
use askama::Template;

use crate::kernel::clock::Moment;
use crate::kernel::portal::{InPortal, Portal};
use crate::notify::messages::{Cause, Mail, Writer};
use crate::notify::{Outbox, Prepared};
use crate::store::accounts::Account;
use crate::store::authenticators;
use crate::store::events::{self, Event};
use crate::store::journeys::{Journey, Kind, Stage};
use crate::store::{self, Connection, devices, sessions};
use crate::web::browser::Browser;
use crate::web::error::PageError;
use crate::web::form::{Button, Posted};
use crate::web::guard::{SignedIn, Step};
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit};
use crate::web::paths;
use crate::words::Words;

use super::{Recipients, second_factor};

#[derive(Template)]
#[template(path = "accounts/authenticator.html")]
struct AuthenticatorPage {
    w: Words,
    frame: Frame,
    own: &'static paths::Shared,
    /// When it was added, `21/11/2026 17:11` IST, and how many recovery codes are left.
    added: Option<(String, i64)>,
}

/// GET.
pub async fn show<P: InPortal>(visit: Visit, user: SignedIn<P>) -> PageResult {
    let id = user.account.id.clone();
    let found = visit.kit.store.read(move |c| {
        let found = authenticators::find_confirmed(c, &id)?.and_then(|found| found.confirmed_at);
        Ok(found.zip(Some(authenticators::count_codes(c, &id)?)))
    });
    let added = found.await?.map(|(at, left)| (Moment::from_seconds(at).ist_date_time(), left));
    page::ok(&AuthenticatorPage {
        w: visit.w,
        frame: visit.frame(visit.w.authenticator_title()),
        own: paths::shared(P::PORTAL),
        added,
    })
}

/// POST: asks for the proof that comes before adding or removing.
pub async fn submit<P: InPortal>(
    visit: Visit,
    user: SignedIn<P>,
    outbox: web::Data<Outbox>,
    _form: Posted<Button>,
) -> PageResult {
    let page = paths::shared(P::PORTAL).authenticator_otp;
    second_factor::begin(&visit, &outbox, &user.account, (Kind::ChangeAuthenticator, None), page).await
}

/// The proof was right.
pub struct AtChange;

impl Step for AtChange {
    const KINDS: &'static [Kind] = &[Kind::ChangeAuthenticator];
    const STAGE: Stage = Stage::Verified;

    fn earlier(portal: Portal, journey: Option<&Journey>) -> &'static str {
        let own = paths::shared(portal);
        journey.map_or(own.authenticator, |_| own.authenticator_otp)
    }
}

/// The journey is this account's, and its proof is moments old and not used up; else to the authenticator's page.
fn proven<P: InPortal>(visit: &Visit, user: &SignedIn<P>, journey: &Journey) -> Result<(), PageError> {
    let life = visit.kit.settings.limits.step_up_life;
    let in_time = journey.verified_at.is_some_and(|at| (-5..life).contains(&visit.now.since(at)));
    if is_own(&user.account, journey) && journey.stage == Stage::Verified && in_time {
        return Ok(());
    }
    if journey.stage == Stage::Verified {
        visit.visitor.set_notice(&Notice::ProofOver);
    }
    Err(PageError::SeeOther(paths::shared(P::PORTAL).authenticator.to_owned()))
}

/// A journey is of the account that began it, whoever is signed in by now.
fn is_own(account: &Account, journey: &Journey) -> bool {
    journey.subject == account.known_as()
}

/// What every change of an authenticator brings: other sessions and known browsers end, the owner is told.
struct Change {
    account: Account,
    this_session: Option<String>,
    browser: Browser,
    mails: Vec<Prepared>,
    event: Event,
}

impl Change {
    async fn of(
        visit: &Visit,
        outbox: &Outbox,
        account: &Account,
        action: &str,
        write: impl FnOnce(&Writer<'_>, &Cause<'_>) -> Mail,
    ) -> Result<Self, PageError> {
        let to = Recipients::find(visit, account).await?;
        let cause = Cause { at: visit.now, address: &visit.address.to_string(), device: &visit.device };
        let mail = write(&Writer::new(&visit.kit.settings), &cause);
        Ok(Self {
            this_session: visit.visitor.token_hash(),
            browser: Browser::of(visit),
            mails: outbox.mails(&to.emails, &mail, visit.now),
            event: visit.event(action, events::DONE, account.gstin.as_deref()),
            account: account.clone(),
        })
    }

    fn run(&self, c: &mut Connection) -> store::Result<()> {
        sessions::end_of_account(c, &self.account.id, self.this_session.as_deref(), sessions::Reason::Authenticator)?;
        devices::delete_of_account(c, &self.account.id, self.browser.held())?;
        self.mails.iter().try_for_each(|mail| mail.insert(c))?;
        events::insert(c, &self.event)
    }
}

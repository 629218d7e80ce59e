//! Sessions: the cookie holds an opaque token, everything else is a row judged at each request.
//!
//! Here is what a session holds, typed; `rows` keeps it. The middleware is actix-session's; its store is ours. A session
//! of nobody (a journey, a notice) lives 30 minutes without a request; a signed-in one 15 minutes and 8 hours at most.

mod rows;

use actix_session::{Session, SessionExt as _};
use actix_web::HttpRequest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::notice::Notice;
use super::page::Visit;
use crate::kernel::clock::Moment;
use crate::kernel::ids;
use crate::store::accounts::Account;
use crate::store::sessions::Reason;

pub use rows::{Rows, alive, cookie_name, middleware};
pub(super) use rows::{hash, live_sid};

const SIGNED_IN: &str = "signed_in";
const JOURNEY: &str = "journey";
const NOTICE: &str = "notice";
const DRAFT: &str = "draft";
const SAVED: &str = "saved";
const ASKED: &str = "asked";
const CHECKED: &str = "checked";
const RENEW: &str = "renew";
const WORKSPACE_NAME: &str = "workspace_name";
/// Facts about the row itself; put in by `load`, never stored.
const ROW: &str = "~row";
const FAILED: &str = "~failed";

/// What somebody has proven to be signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Level {
    #[default]
    Password,
    /// The password and an OTP.
    Otp,
    /// The password and a code of an authenticator app.
    Authenticator,
}

impl Level {
    /// As an event names it.
    pub const fn factors(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Otp => "password and otp",
            Self::Authenticator => "password and authenticator",
        }
    }
}

/// Who is signed in. `sid` stays the same while the cookie's token is renewed; forms are bound to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SignedInState {
    pub account_id: String,
    /// For the page's header only; the account row is what counts.
    pub username: String,
    /// For the page's header only, like the username.
    #[serde(default)]
    pub gstin: Option<String>,
    pub sid: String,
    address: String,
    device: String,
    /// The account's `password_changed_at` then: a session of an older password ends, however it came to be stored.
    pub password_changed_at: i64,
    /// When the person signed in; renewing the token does not lengthen the session's absolute life.
    since: i64,
    #[serde(default)]
    pub level: Level,
    /// When the account was signed in to before that; `None` the first time.
    #[serde(default)]
    pub before: Option<i64>,
    /// The workspace that the person has chosen; `None` for the one joined first.
    #[serde(default)]
    pub workspace: Option<String>,
}

/// What a form held when its session had ended, without its secrets.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Draft {
    account_id: String,
    /// The workspace it was typed in; signing in again leads back into it.
    #[serde(default)]
    workspace: Option<String>,
    path: String,
    fields: Vec<(String, String)>,
    kept_until: i64,
}

/// The row behind this request's cookie.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct RowState {
    token_hash: String,
    last_seen_at: i64,
    /// Set when the session is over: the moment it ended, or when somebody has ended it, now.
    ended_at: Option<i64>,
    #[serde(default)]
    ended_because: Option<String>,
}

/// This request's session, typed.
#[derive(Clone)]
pub struct Visitor(Session);

impl Visitor {
    pub fn of(request: &HttpRequest) -> Self {
        Self(request.get_session())
    }

    /// The store could not be asked.
    pub fn is_unknown(&self) -> bool {
        self.0.contains_key(FAILED)
    }

    /// Who is signed in; `None` when nobody is or the session has ended.
    pub fn signed_in(&self) -> Option<SignedInState> {
        self.ended_at().is_none().then(|| self.read(SIGNED_IN)).flatten()
    }

    /// When the session of somebody who was signed in ended by itself.
    pub fn ended_at(&self) -> Option<Moment> {
        self.read::<RowState>(ROW)?.ended_at.map(Moment::from_seconds)
    }

    /// Why somebody else than time has ended it.
    pub fn ended_because(&self) -> Option<Reason> {
        self.read::<RowState>(ROW)?.ended_because.as_deref().and_then(Reason::parse)
    }

    /// Whether the session that ended was still in use then: its absolute life was over, not its idle one.
    pub fn was_in_use_at_its_end(&self, idle: i64) -> bool {
        let row: Option<RowState> = self.read(ROW);
        row.is_some_and(|row| row.ended_at.is_some_and(|ended| ended < row.last_seen_at.saturating_add(idle)))
    }

    /// When the person will be signed out without another request.
    pub fn ends_at(&self, idle: i64, absolute: i64) -> Option<Moment> {
        let (row, state) = (self.read::<RowState>(ROW)?, self.signed_in()?);
        Some(ends_at(row.last_seen_at, state.since, idle, absolute))
    }

    /// What forms on signed-in pages are bound to, also just after the session has ended.
    pub fn sid(&self) -> Option<String> {
        self.read::<SignedInState>(SIGNED_IN).map(|state| state.sid)
    }

    /// The hash of this session's token, for "all other sessions".
    pub fn token_hash(&self) -> Option<String> {
        self.read::<RowState>(ROW).map(|row| row.token_hash)
    }

    /// Signs in under a new token: nothing of the session before stays but a draft and a handoff (T16). `account` is the
    /// row as it was before this sign-in.
    pub fn sign_in(&self, account: &Account, level: Level, visit: &Visit, journey: Option<&str>) {
        let draft = self.read::<Draft>(DRAFT).filter(|draft| draft.account_id == account.id);
        let handed_off = self.kept_handed_off();
        self.0.clear();
        self.keep_handed_off(handed_off);
        self.write(
            SIGNED_IN,
            &SignedInState {
                account_id: account.id.clone(),
                username: account.username.clone(),
                gstin: account.gstin.clone(),
                sid: ids::random(),
                address: visit.address.to_string(),
                device: visit.device.clone(),
                password_changed_at: account.password_changed_at,
                since: visit.now.seconds(),
                level,
                before: account.last_sign_in_at,
                // What was typed in one workspace must not turn up in another.
                workspace: draft.as_ref().and_then(|draft| draft.workspace.clone()),
            },
        );
        if let Some(journey) = journey {
            self.set_journey(journey);
        }
        if let Some(draft) = draft {
            self.write(DRAFT, &draft);
        }
        self.0.renew();
    }

    /// The visitor has proven more: the next page renews the token (T16). Not this answer, because a button pressed
    /// twice would find its session gone.
    pub fn renew_on_next_page(&self) {
        self.write(RENEW, &true);
    }

    /// Renews the token when the request before asked for it.
    pub fn renew_if_due(&self) {
        // Looked for first: a removal counts as a change and would cost a write at every page.
        if self.0.contains_key(RENEW) {
            self.0.remove(RENEW);
            self.0.renew();
        }
    }

    /// The owner of this session has changed the password `now`, and stays.
    pub fn keep_through_password_change(&self, now: Moment) {
        if let Some(mut state) = self.signed_in() {
            state.password_changed_at = now.seconds();
            self.write(SIGNED_IN, &state);
        }
    }

    /// The owner of this session has proven more.
    pub fn raise_to(&self, level: Level) {
        if let Some(mut state) = self.signed_in() {
            state.level = level;
            self.write(SIGNED_IN, &state);
        }
    }

    /// The workspace in which the person works, or worked until the session ended.
    pub fn workspace(&self) -> Option<String> {
        self.read::<SignedInState>(SIGNED_IN)?.workspace
    }

    /// The name of the workspace, for the page's header only.
    pub fn workspace_name(&self) -> Option<String> {
        self.read(WORKSPACE_NAME)
    }

    /// Keeps the name for the header.
    pub fn set_workspace_name(&self, name: &str) {
        if self.workspace_name().as_deref() != Some(name) {
            self.write(WORKSPACE_NAME, name);
        }
    }

    /// From now on the person works in that workspace, which they belong to.
    pub fn set_workspace(&self, id: &str) {
        if let Some(mut state) = self.signed_in() {
            state.workspace = Some(id.to_owned());
            self.write(SIGNED_IN, &state);
        }
    }

    /// Ends the session; the cookie goes with it.
    pub fn sign_out(&self) {
        self.0.purge();
    }

    /// Leaves an ended session behind for a fresh one of nobody, with what must survive.
    pub fn start_over(&self, notice: &Notice, draft: Option<Draft>) {
        let handed_off = self.kept_handed_off();
        self.0.clear();
        self.keep_handed_off(handed_off);
        self.set_notice(notice);
        if let Some(draft) = draft {
            self.write(DRAFT, &draft);
        }
        self.0.renew();
    }

    /// The journey under way; none in a session that has ended, because somebody else may sit there now.
    pub fn journey(&self) -> Option<String> {
        self.ended_at().is_none().then(|| self.read(JOURNEY)).flatten()
    }

    pub fn set_journey(&self, id: &str) {
        self.write(JOURNEY, &id);
    }

    pub fn set_notice(&self, notice: &Notice) {
        self.write(NOTICE, notice);
    }

    /// The notice left by the page before, once.
    pub fn take_notice(&self) -> Option<Notice> {
        let notice = self.read(NOTICE);
        if notice.is_some() {
            self.0.remove(NOTICE);
        }
        notice
    }

    /// The username that the page before knew, to fill it in; the notice itself stays for the page.
    pub fn noticed_username(&self) -> Option<String> {
        match self.read(NOTICE)? {
            Notice::AlreadyRegistered { gstin } => Some(gstin),
            Notice::FirstLoginDone { username } => Some(username),
            _ => None,
        }
    }

    /// The GSTIN whose eligibility this session has asked about last.
    pub fn checked_gstin(&self) -> Option<String> {
        self.read(CHECKED)
    }

    pub fn set_checked_gstin(&self, gstin: &str) {
        self.write(CHECKED, gstin);
    }

    /// What the ended session's owner had typed at `path`, to be kept until then; `None` when nobody was signed in.
    pub fn draft(&self, path: &str, fields: Vec<(String, String)>, until: Moment) -> Option<Draft> {
        let SignedInState { account_id, workspace, .. } = self.read(SIGNED_IN)?;
        Some(Draft { account_id, workspace, path: path.to_owned(), fields, kept_until: until.seconds() })
    }

    /// Keeps what the person signed in had typed at `path` until then.
    pub fn keep_draft(&self, path: &str, fields: Vec<(String, String)>, until: Moment) {
        if let Some(draft) = self.draft(path, fields, until) {
            self.write(DRAFT, &draft);
        }
    }

    /// What was kept for `path`, for whoever typed it and for nobody else who signs in here.
    pub fn draft_of(&self, path: &str, now: Moment) -> Option<Draft> {
        let SignedInState { account_id, workspace, .. } = self.signed_in()?;
        let own = |draft: &Draft| draft.account_id == account_id && draft.workspace == workspace;
        let fits = |draft: &Draft| own(draft) && draft.path == path && draft.kept_until > now.seconds();
        self.read::<Draft>(DRAFT).filter(fits)
    }

    pub fn drop_draft(&self) {
        self.drop(DRAFT);
    }

    /// What the last "Save and submit" of this session did, so that a page shown again or a form sent twice says the
    /// same.
    pub fn saved<T: DeserializeOwned>(&self) -> Option<T> {
        self.read(SAVED)
    }

    pub fn set_saved(&self, saved: &impl Serialize) {
        self.write(SAVED, saved);
    }

    /// What waits for the answer to a question that a page asks.
    pub fn asked<T: DeserializeOwned>(&self) -> Option<T> {
        self.read(ASKED)
    }

    pub fn set_asked(&self, asked: &impl Serialize) {
        self.write(ASKED, asked);
    }

    pub fn drop_asked(&self) {
        self.0.remove(ASKED);
    }

    pub(super) fn drop(&self, key: &str) {
        // Looked for first: a removal counts as a change and would cost a write.
        if self.0.contains_key(key) {
            self.0.remove(key);
        }
    }

    pub(super) fn read<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        // State that does not parse was written by an older version: as good as absent.
        self.0.get(key).ok().flatten()
    }

    pub(super) fn write<T: Serialize + ?Sized>(&self, key: &str, value: &T) {
        if let Err(error) = self.0.insert(key, value) {
            tracing::error!(%error, key, "session state does not serialize");
        }
    }
}

impl Draft {
    pub fn field(&self, name: &str) -> String {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

fn ends_at(last_seen_at: i64, since: i64, idle: i64, absolute: i64) -> Moment {
    Moment::from_seconds(last_seen_at).plus(idle).min(Moment::from_seconds(since).plus(absolute))
}

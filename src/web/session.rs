//! Sessions: the cookie holds an opaque token, everything else is a row judged at each request.
//!
//! The middleware is actix-session's; its store is ours. A session of nobody (a journey, a notice) lives 30 minutes
//! without a request; a signed-in one 15 minutes and 8 hours at most.

use std::collections::HashMap;

use actix_session::config::CookieContentSecurity;
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key};
use actix_session::{Session, SessionExt as _, SessionMiddleware};
use actix_web::HttpRequest;
use actix_web::cookie::{SameSite, time::Duration};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Kit;
use super::page::{Notice, Visit};
use super::session_keys::SessionKeys;
use crate::kernel::clock::Moment;
use crate::kernel::ids;
use crate::kernel::limits::Limits;
use crate::kernel::portal::Portal;
use crate::store::accounts::{self, Account};
use crate::store::events::{self, Event};
use crate::store::sessions::{self, Alive, Reason};
use crate::store::{self, Connection};

/// How often a request of one session moves its `last_seen_at`; a write for every click would be too many.
const SEEN_EVERY: i64 = 60;

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

/// The session middleware of one portal, with a cookie of its own; `keys` go around it.
pub fn middleware(kit: &Kit, portal: Portal, keys: &SessionKeys) -> SessionMiddleware<Rows> {
    let secure = kit.settings.is_secure();
    SessionMiddleware::builder(Rows { kit: kit.clone(), portal }, keys.held())
        .cookie_name(cookie_name(portal.as_str(), secure))
        .cookie_secure(secure)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_path("/".to_owned())
        .cookie_content_security(CookieContentSecurity::Signed)
        .build()
}

/// `__Host-sanad-irp`; without the prefix on plain loopback, where browsers refuse it.
pub fn cookie_name(what: &str, secure: bool) -> String {
    let prefix = if secure { "__Host-" } else { "" };
    format!("{prefix}sanad-{what}")
}

/// actix-session's store over our table.
pub struct Rows {
    kit: Kit,
    portal: Portal,
}

type State = HashMap<String, String>;

impl SessionStore for Rows {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let token_hash = hash(key.as_ref());
        let found = self.kit.store.read(move |c| sessions::find(c, &token_hash)).await;
        match found {
            Ok(Some(row)) if row.portal == self.portal.as_str() => Ok(self.judge(row).await),
            Ok(_) => Ok(None),
            Err(error) => {
                tracing::error!(%error, "the session could not be read");
                // Not an error for actix-session, which would answer 500: the page decides.
                Ok(Some(State::from([(FAILED.to_owned(), "true".to_owned())])))
            }
        }
    }

    async fn save(&self, state: State, _ttl: &Duration) -> Result<SessionKey, SaveError> {
        let key = generate_session_key();
        let now = self.kit.clock.now().seconds();
        let signed_in = signed_in_of(&state);
        let sid = signed_in.as_ref().map(|state| state.sid.clone());
        let row = sessions::Session {
            token_hash: hash(key.as_ref()),
            portal: self.portal.as_str().to_owned(),
            account_id: signed_in.as_ref().map(|state| state.account_id.clone()),
            address: signed_in.as_ref().map(|state| state.address.clone()).unwrap_or_default(),
            device: signed_in.as_ref().map(|state| state.device.clone()).unwrap_or_default(),
            created_at: signed_in.map_or(now, |state| state.since),
            last_seen_at: now,
            sid: sid.unwrap_or_default(),
            ended_because: None,
            state: String::new(),
        };
        let (limits, now) = (self.kit.settings.limits.clone(), self.kit.clock.now());
        let saved = self.kit.store.write(move |c| insert(c, row, state, &limits, now)).await;
        saved.map_err(|error| SaveError::Other(error.into()))?;
        Ok(key)
    }

    async fn update(&self, key: SessionKey, state: State, _ttl: &Duration) -> Result<SessionKey, UpdateError> {
        let token_hash = hash(key.as_ref());
        let account = signed_in_of(&state).map(|state| state.account_id);
        let text = to_text(state);
        // Never an insert: a session ended by "sign out everywhere" while this request ran stays ended.
        let updated = self.kit.store.write(move |c| sessions::set_state(c, &token_hash, &text, account.as_deref()));
        updated.await.map_err(|error| UpdateError::Other(error.into()))?;
        Ok(key)
    }

    async fn update_ttl(&self, _key: &SessionKey, _ttl: &Duration) -> Result<(), anyhow::Error> {
        // Lifetimes are ours, judged in `load`.
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        let token_hash = hash(key.as_ref());
        // Not removed: this may be the first half of a renewal, and the session may be ended before the second.
        Ok(self.kit.store.write(move |c| sessions::leave(c, &token_hash)).await?)
    }
}

impl Rows {
    /// The state of a row, with what the row itself tells. A session of nobody that is over is no session.
    async fn judge(&self, row: sessions::Session) -> Option<State> {
        let limits = &self.kit.settings.limits;
        let now = self.kit.clock.now();
        let mut state: State = serde_json::from_str(&row.state).unwrap_or_default();
        let end = match signed_in_of(&state) {
            Some(signed_in) => ends_at(row.last_seen_at, signed_in.since, limits.session_idle, limits.session_absolute),
            None => Moment::from_seconds(row.last_seen_at).plus(limits.journey_idle),
        };
        // A row from the future is not trusted: the clock was set back.
        let over = end <= now || row.last_seen_at > now.seconds() + 5 || row.ended_because.is_some();
        if row.is_left() || over && row.account_id.is_none() {
            return None;
        }
        let seen = if over { row.last_seen_at } else { self.touch(&row, now).await };
        let facts = RowState {
            token_hash: row.token_hash,
            last_seen_at: seen,
            ended_at: over.then(|| end.min(now).seconds()),
            ended_because: row.ended_because,
        };
        state.insert(ROW.to_owned(), serde_json::to_string(&facts).unwrap_or_default());
        Some(state)
    }

    async fn touch(&self, row: &sessions::Session, now: Moment) -> i64 {
        if now.seconds() - row.last_seen_at < SEEN_EVERY {
            return row.last_seen_at;
        }
        let token_hash = row.token_hash.clone();
        match self.kit.store.write(move |c| sessions::set_last_seen(c, &token_hash, now)).await {
            Ok(()) => now.seconds(),
            Err(error) => {
                // The page can still be shown; the session is just not lengthened.
                tracing::warn!(%error, "a session could not be lengthened");
                row.last_seen_at
            }
        }
    }
}

/// Inserts the row of a new or renewed session. One that was ended while its token was being renewed stays ended; and of
/// more sessions than an account may have, those used longest ago end in the same transaction.
fn insert(
    c: &mut Connection,
    mut row: sessions::Session,
    mut state: State,
    limits: &Limits,
    now: Moment,
) -> store::Result<()> {
    if let Some(account_id) = &row.account_id {
        // Sessions made at once see each other.
        accounts::lock(c, account_id)?;
        row.ended_because = sessions::find_reason(c, &row.sid)?;
        sessions::delete_left(c, &row.sid)?;
        let most = usize::try_from(limits.sessions_per_account - 1).unwrap_or(0);
        let mut others = sessions::list_alive(c, account_id, alive(limits, now))?;
        if row.ended_because.is_some() {
            // It takes no place.
            others.clear();
        }
        for oldest in others.iter().skip(most) {
            sessions::end(c, &oldest.sid, Reason::Newer)?;
            events::insert(c, &ended_by_newer(&row, &state, now))?;
        }
        if others.len() > most && !state.contains_key(NOTICE) {
            let notice = Notice::OldestSignedOut { device: others.last().map(|oldest| oldest.device.clone()) };
            state.insert(NOTICE.to_owned(), serde_json::to_string(&notice).unwrap_or_default());
        }
    }
    row.state = to_text(state);
    sessions::insert(c, &row)
}

/// Stands in the record of the account: `row` took the place of the session used longest ago.
fn ended_by_newer(row: &sessions::Session, state: &State, now: Moment) -> Event {
    Event {
        id: ids::ordered(now),
        at: now.seconds(),
        request_id: String::new(),
        portal: Some(row.portal.clone()),
        gstin: signed_in_of(state).and_then(|state| state.gstin),
        account_id: row.account_id.clone(),
        action: "session_ended".to_owned(),
        outcome: events::DONE.to_owned(),
        address: row.address.clone(),
        device: row.device.clone(),
        detail: serde_json::json!({ "because": Reason::Newer.as_str() }).to_string(),
    }
}

/// Which sessions are not over.
pub fn alive(limits: &Limits, now: Moment) -> Alive {
    Alive { seen_after: now.plus(-limits.session_idle), begun_after: now.plus(-limits.session_absolute) }
}

fn signed_in_of(state: &State) -> Option<SignedInState> {
    serde_json::from_str(state.get(SIGNED_IN)?).ok()
}

fn to_text(mut state: State) -> String {
    state.retain(|key, _| !key.starts_with('~'));
    serde_json::to_string(&state).unwrap_or_default()
}

/// What is stored of a cookie's token.
pub(super) fn hash(token: &str) -> String {
    ids::digest(token)
}

/// The own id of the session in that row, when somebody is signed in to it and it has not ended.
pub(super) fn live_sid(row: &sessions::Session, limits: &Limits, now: Moment) -> Option<String> {
    let state: State = serde_json::from_str(&row.state).ok()?;
    let signed_in = signed_in_of(&state)?;
    let end = ends_at(row.last_seen_at, signed_in.since, limits.session_idle, limits.session_absolute);
    let over = end <= now || row.last_seen_at > now.seconds() + 5 || row.ended_because.is_some();
    (!over).then_some(signed_in.sid)
}

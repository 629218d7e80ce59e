//! The rows that sessions are kept in: actix-session's store over our table, and the cookie that leads to a row.

use std::collections::HashMap;

use actix_session::SessionMiddleware;
use actix_session::config::CookieContentSecurity;
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key};
use actix_web::cookie::{SameSite, time::Duration};

use super::{FAILED, NOTICE, ROW, RowState, SIGNED_IN, SignedInState, ends_at};
use crate::kernel::clock::Moment;
use crate::kernel::ids;
use crate::kernel::limits::Limits;
use crate::kernel::portal::Portal;
use crate::store::events::{self, Event};
use crate::store::sessions::{self, Alive, Reason};
use crate::store::{self, Connection, accounts};
use crate::web::Kit;
use crate::web::notice::Notice;
use crate::web::session_keys::SessionKeys;

/// How often a request of one session moves its `last_seen_at`; a write for every click would be too many.
const SEEN_EVERY: i64 = 60;

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
        let now = self.kit.clock.now();
        let mut state: State = serde_json::from_str(&row.state).unwrap_or_default();
        let end = end_of(&row, signed_in_of(&state).as_ref(), &self.kit.settings.limits);
        let over = is_over(&row, end, now);
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

/// When a row's session ends by itself.
fn end_of(row: &sessions::Session, signed_in: Option<&SignedInState>, limits: &Limits) -> Moment {
    match signed_in {
        Some(state) => ends_at(row.last_seen_at, state.since, limits.session_idle, limits.session_absolute),
        None => Moment::from_seconds(row.last_seen_at).plus(limits.journey_idle),
    }
}

/// Whether it has ended, by itself or by somebody. A row from the future is not trusted: the clock was set back.
fn is_over(row: &sessions::Session, end: Moment, now: Moment) -> bool {
    end <= now || row.last_seen_at > now.seconds() + 5 || row.ended_because.is_some()
}

fn signed_in_of(state: &State) -> Option<SignedInState> {
    serde_json::from_str(state.get(SIGNED_IN)?).ok()
}

fn to_text(mut state: State) -> String {
    state.retain(|key, _| !key.starts_with('~'));
    serde_json::to_string(&state).unwrap_or_default()
}

/// What is stored of a cookie's token.
pub(in crate::web) fn hash(token: &str) -> String {
    ids::digest(token)
}

/// The own id of the session in that row, when somebody is signed in to it and it has not ended.
pub(in crate::web) fn live_sid(row: &sessions::Session, limits: &Limits, now: Moment) -> Option<String> {
    let state: State = serde_json::from_str(&row.state).ok()?;
    let signed_in = signed_in_of(&state)?;
    let end = end_of(row, Some(&signed_in), limits);
    (!is_over(row, end, now)).then_some(signed_in.sid)
}

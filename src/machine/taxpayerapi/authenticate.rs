//! POST `/taxpayerapi/v1.0/authenticate` and `/taxpayerapi/v0.2/authenticate`: a file an action.
//!
//! What every action needs is looked at here: integrator key, body, action, parameters, app key, state code, user. What
//! goes wrong in the envelope of an app key answers alike, and before anything is said of the user.

mod auth_token;
mod logout;
mod otp_request;
mod refresh_token;

use std::sync::Arc;

use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::kernel::api_access::session_minutes;
use crate::kernel::clock::{MINUTE, Moment};
use crate::kernel::door::{Door, Life};
use crate::kernel::gst_username::GstUsername;
use crate::kernel::gstn_code::GstnCode;
use crate::kernel::ids;
use crate::kernel::limits::Limits;
use crate::kernel::portal::{Gst, InPortal as _};
use crate::machine::Machine;
use crate::machine::caller::{Caller, SentKey, header};
use crate::machine::envelope::WireKey;
use crate::machine::fault::{Fault as AnyFault, answer};
use crate::machine::fields::Fields;
use crate::machine::tokens::{self, Holder};
use crate::notify::Outbox;
use crate::store::accounts::{self, Account};
use crate::store::counters::{self, Budget};
use crate::store::events::{self, Event};
use crate::store::tokens::{self as rows, OpenedBy, Token};
use crate::store::{self, Connection, api_access};
use crate::vault::KeyRing;
use crate::web::error::PageError;
use crate::web::page::Visit;
use crate::web::{body, throttle};

type Fault = AnyFault<GstnCode>;

/// POST.
pub async fn submit(
    request: HttpRequest,
    payload: web::Payload,
    machine: web::Data<Machine>,
    outbox: web::Data<Outbox>,
) -> HttpResponse {
    answer(&request, authenticate(&request, payload, &machine, &outbox).await)
}

async fn authenticate(
    request: &HttpRequest,
    payload: web::Payload,
    machine: &Arc<Machine>,
    outbox: &Outbox,
) -> Result<Value, Fault> {
    let visit = Visit::of(request)?;
    let (headers, settings) = (request.headers(), &visit.kit.settings);
    let key = SentKey::of(headers, settings.machine_keys)?;
    let caller = machine.admit(&visit, key).await?;
    let limits = &settings.limits;
    let body = body::read(headers, payload.into_inner(), limits.machine_bytes, limits.machine_seconds).await?;
    let mut sent = Sent::parse(&body, headers)?;
    let app_key = match sent.action {
        // There the app key is encrypted under the session key, which is not known yet.
        Action::RefreshToken => None,
        _ => Some(open_app_key(machine, &visit, &caller, std::mem::take(&mut sent.app_key)).await?),
    };
    let user = User::find(&visit, &sent, headers).await?;
    if !caller.is_for(&user.gstin) {
        return Err(GstnCode::ClientNotMapped.into());
    }
    let parties = Parties { caller, user, keys: visit.kit.keys.clone(), now: visit.now };
    let call = Call { visit, parties };
    match (sent.action, app_key) {
        (Action::OtpRequest, _) => otp_request::run(&call, outbox).await,
        (Action::AuthToken, Some(app_key)) => auth_token::run(&call, &sent.otp, &app_key).await,
        (Action::RefreshToken, _) => refresh_token::run(&call, sent.auth_token, &sent.app_key).await,
        (Action::Logout, _) => logout::run(&call, sent.auth_token).await,
        (Action::AuthToken, None) => Err(GstnCode::InvalidAppKey.into()),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    OtpRequest,
    AuthToken,
    RefreshToken,
    Logout,
}

impl Action {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "OTPREQUEST" => Some(Self::OtpRequest),
            "AUTHTOKEN" => Some(Self::AuthToken),
            "REFRESHTOKEN" => Some(Self::RefreshToken),
            "LOGOUT" => Some(Self::Logout),
            _ => None,
        }
    }
}

/// The body, with what its action needs.
struct Sent {
    action: Action,
    username: Zeroizing<String>,
    app_key: Zeroizing<String>,
    otp: Zeroizing<String>,
    auth_token: Zeroizing<String>,
}

impl Sent {
    fn parse(body: &[u8], headers: &HeaderMap) -> Result<Self, GstnCode> {
        let mut fields = Fields::parse(body).ok_or(GstnCode::Malformed)?;
        let mut text = |name| fields.text(name).map_err(|_| GstnCode::InvalidData);
        let action = text("action")?;
        if action.is_empty() {
            return Err(GstnCode::MissingParameter);
        }
        let action = Action::parse(&action).ok_or(GstnCode::InvalidAction)?;
        let mut sent = Self {
            action,
            username: text("username")?,
            app_key: text("app_key")?,
            otp: text("otp")?,
            auth_token: text("auth_token")?,
        };
        if sent.auth_token.is_empty() {
            // Some clients send the token where calls for data carry it.
            sent.auth_token = Zeroizing::new(header(headers, "authtoken").unwrap_or_default());
        }
        let needed: &[&str] = match action {
            Action::OtpRequest => &[&sent.username, &sent.app_key],
            Action::AuthToken => &[&sent.username, &sent.app_key, &sent.otp],
            Action::RefreshToken | Action::Logout => &[&sent.username, &sent.app_key, &sent.auth_token],
        };
        match needed.iter().any(|text| text.trim().is_empty()) {
            true => Err(GstnCode::MissingParameter),
            false => Ok(sent),
        }
    }
}

/// base64( RSA( 32 bytes ) ).
async fn open_app_key(
    machine: &Arc<Machine>,
    visit: &Visit,
    caller: &Caller,
    sealed: Zeroizing<String>,
) -> Result<WireKey, Fault> {
    let key = machine.key_of(Door::Gstn).await?;
    let open = move || key.open(&sealed).and_then(|bytes| WireKey::of(&bytes)).ok_or(GstnCode::InvalidAppKey);
    machine.open_envelope(visit, caller, open).await
}

/// An account of the GST portal that software calls for.
#[derive(Clone)]
struct User {
    account: Account,
    gstin: String,
}

impl User {
    async fn find(visit: &Visit, sent: &Sent, headers: &HeaderMap) -> Result<Self, Fault> {
        let state = header(headers, "statecd").ok_or(GstnCode::InvalidStateCode)?;
        // A protocol that says who is no user must not be asked about everybody: each question is counted before it is
        // answered, and taken back when somebody has that name.
        let budgets = unknown_users(&visit.kit.settings.limits, &visit.throttle_key());
        let (username, now) = (GstUsername::parse(&sent.username).ok(), visit.now);
        let found = visit.kit.store.write(move |c| {
            if let Err(until) = counters::take(c, &budgets, now)? {
                return Ok(Err(until));
            }
            let find = |username: GstUsername| accounts::find_by_username(c, Gst::PORTAL, username.as_str());
            let account = username.map(find).transpose()?.flatten();
            let account = account.filter(|account| account.frozen_at.is_none());
            if account.is_some() {
                counters::uncount_each(c, &budgets)?;
            }
            Ok(Ok(account))
        });
        let account = found.await?.map_err(Fault::too_many)?.ok_or(GstnCode::InvalidUser)?;
        let gstin = account.gstin.clone().ok_or(GstnCode::InvalidUser)?;
        match gstin.get(..2) == Some(&state) {
            true => Ok(Self { account, gstin }),
            false => Err(GstnCode::InvalidStateCode.into()),
        }
    }
}

/// Names of nobody that one address may ask about.
fn unknown_users(limits: &Limits, address: &str) -> Vec<Budget> {
    let key = |address: &str| format!("gstn/unknown-from/{address}");
    throttle::from_address(address, limits.api_sign_in_failures_per_minute, MINUTE, key)
}

/// A call whose caller and user are known.
struct Call {
    visit: Visit,
    parties: Parties,
}

/// Who calls and for whom, with what a transaction needs to make a token for them.
#[derive(Clone)]
struct Parties {
    caller: Caller,
    user: User,
    keys: Arc<KeyRing>,
    now: Moment,
}

impl Call {
    /// `Parties::minutes_left` by a read of its own.
    async fn require_access(&self) -> Result<(), Fault> {
        let parties = self.parties.clone();
        let minutes = self.visit.kit.store.read(move |c| parties.minutes_left(c)).await?;
        Ok(minutes.map(drop).ok_or(GstnCode::AccessDenied)?)
    }

    /// That software was let in, for the transaction that does it.
    fn event(&self) -> Event {
        let detail = json!({ "door": Door::Gstn.as_str(), "client_id": self.parties.caller.client_id });
        let event = self.visit.event("software_signed_in", events::DONE, Some(&self.parties.user.gstin));
        event.with_detail(&detail)
    }
}

impl Parties {
    /// The walk from OTPREQUEST to AUTHTOKEN: one for each integrator and GSTIN, so that an OTP asked for by one is of
    /// no use to another and cannot be guessed away by it (T6, T20).
    fn journey_id(&self) -> String {
        ids::digest(&format!("gstn/{}/{}", self.caller.client_id, self.user.gstin))
    }

    /// Whole minutes that a session which begins now may last; `None` when API access is off or over.
    fn minutes_left(&self, c: &mut Connection) -> store::Result<Option<i64>> {
        let access = api_access::find(c, &self.user.gstin)?.map(|access| access.switch);
        Ok(session_minutes(access.as_ref(), self.now))
    }

    /// Makes a token that lasts as long as a session may; `None` when API access is off or over.
    fn grant(&self, c: &mut Connection) -> store::Result<Option<Token>> {
        // A No that is said at this moment comes before or after as a whole.
        accounts::lock(c, &self.user.account.id)?;
        let Some(minutes) = self.minutes_left(c)? else { return Ok(None) };
        let holder = Holder {
            opened_by: OpenedBy::Account(self.user.account.id.clone()),
            gstin: &self.user.gstin,
            username: &self.user.account.username,
            client_id: &self.caller.client_id,
        };
        let token = tokens::make(&self.keys, holder, Life::new(self.now, minutes * MINUTE));
        rows::insert(c, &token)?;
        Ok(Some(token))
    }

    /// The token of that text, when it was given to this caller for this user.
    fn find(&self, c: &mut Connection, token: &str) -> store::Result<Option<Token>> {
        let opened_by = OpenedBy::Account(self.user.account.id.clone());
        let own = |token: &Token| token.opened_by == opened_by && token.client_id == self.caller.client_id;
        Ok(rows::find(c, &ids::digest(token))?.filter(own))
    }
}

/// The answer to AUTHTOKEN and REFRESHTOKEN: `expiry` is minutes.
fn granted(call: &Call, row: &Token, app_key: &WireKey) -> Result<Value, Fault> {
    let handed = tokens::hand_out(&call.parties.keys, row);
    let handed = handed.ok_or_else(|| PageError::internal("the key of a token is gone"))?;
    Ok(json!({
        "status_cd": "1",
        "auth_token": handed.token,
        "expiry": row.life.expires_at.since(row.life.issued_at) / MINUTE,
        "sek": app_key.seal(handed.session_key.bytes()),
    }))
}

/// The answer to the other actions.
fn done() -> Value {
    json!({ "status_cd": "1" })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(json: &str) -> Result<Action, GstnCode> {
        Sent::parse(json.as_bytes(), &HeaderMap::new()).map(|sent| sent.action)
    }

    #[test]
    fn each_action_says_what_it_lacks() {
        assert_eq!(parse("{}"), Err(GstnCode::MissingParameter));
        assert_eq!(parse("[]"), Err(GstnCode::Malformed));
        assert_eq!(parse(r#"{"action":"otprequest","username":"u","app_key":"k"}"#), Err(GstnCode::InvalidAction));
        assert_eq!(parse(r#"{"action":"OTPREQUEST","username":1,"app_key":"k"}"#), Err(GstnCode::InvalidData));
        assert_eq!(parse(r#"{"action":"OTPREQUEST","username":"u","app_key":"k"}"#), Ok(Action::OtpRequest));
        for (action, read) in [("AUTHTOKEN", "otp"), ("REFRESHTOKEN", "auth_token"), ("LOGOUT", "auth_token")] {
            let without = format!(r#"{{"action":"{action}","username":"u","app_key":"k"}}"#);
            assert_eq!(parse(&without), Err(GstnCode::MissingParameter), "{action}");
            let with = format!(r#"{{"action":"{action}","username":"u","app_key":"k","{read}":"x"}}"#);
            assert_eq!(parse(&with), Ok(Action::parse(action).unwrap()));
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_the_reader_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Sent::parse(&body, &HeaderMap::new());
        }
    }
}

//! POST `/eivital/v1.04/auth` and `/eivital/v1.03/auth`: software signs in with API credentials and gets a token and a
//! session key.
//!
//! After a valid integrator key and a readable envelope the refusals are told apart as the national system tells them;
//! what goes wrong inside the envelope answers alike (`security.md` DV-4).

use std::sync::Arc;

use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Fault, Version, success};
use crate::accounts::any_gstin;
use crate::accounts::api_sign_in::{ApiSignIn, Refusal, Verdict};
use crate::kernel::clock::Moment;
use crate::kernel::door::{Door, Life};
use crate::kernel::irp_code::IrpCode;
use crate::kernel::limits::Limits;
use crate::machine::Machine;
use crate::machine::caller::{Caller, SentKey, header};
use crate::machine::envelope::{DoorKey, WireKey, decode};
use crate::machine::fault::answer;
use crate::machine::fields::{Fields, Value as Field};
use crate::machine::tokens::{self, Holder};
use crate::store::credentials::{self, Credential};
use crate::store::events::{self, Event};
use crate::store::tokens::{OpenedBy, Token};
use crate::store::{self, Connection, tokens as rows};
use crate::vault::KeyRing;
use crate::web::body;
use crate::web::error::PageError;
use crate::web::page::Visit;

/// POST.
pub async fn submit(request: HttpRequest, payload: web::Payload, machine: web::Data<Machine>) -> HttpResponse {
    answer(&request, sign_in(&request, payload, &machine).await)
}

async fn sign_in(request: &HttpRequest, payload: web::Payload, machine: &Arc<Machine>) -> Result<Value, Fault> {
    let visit = Visit::of(request)?;
    let (headers, settings) = (request.headers(), &visit.kit.settings);
    let key = SentKey::of(headers, settings.machine_keys)?;
    let gstin = claimed_gstin(headers, Version::of_path(request.path()))?;
    let caller = machine.admit(&visit, key).await?;
    let limits = &settings.limits;
    let body = body::read(headers, payload.into_inner(), limits.machine_bytes, limits.machine_seconds).await?;
    let sent = Sent::parse(&body)?;
    let door_key = machine.key_of(Door::Irp).await?;
    let login = machine.open_envelope(&visit, &caller, move || sent.open(&door_key)).await?;
    // What is no GSTIN is nobody's.
    let gstin = gstin.map(|typed| any_gstin(&typed).map_err(|_| IrpCode::OtherGstin)).transpose()?;
    let sign_in = ApiSignIn {
        gstin: gstin.as_ref().map(|gstin| gstin.as_str()),
        api_username: &login.username,
        api_password: &login.password,
    };
    let grant = Grant::of(&visit, caller, login.forced);
    let client_id = grant.caller.client_id.clone();
    let _turn = machine.turn_of(&login.username, limits.hash_wait).await?;
    match sign_in.check_and(&visit, &machine.hasher, move |c, credential| grant.run(c, credential)).await? {
        Verdict::Right(granted) => Ok(success(data(&visit.kit.keys, &granted?, &client_id, &login.app_key)?)),
        Verdict::Refused { why, .. } => Err(code_of(why).into()),
        Verdict::Closed { until } => Err(Fault::too_many(until)),
    }
}

/// The header `Gstin`. Clients of version 1.03 do not send it.
fn claimed_gstin(headers: &HeaderMap, version: Version) -> Result<Option<String>, IrpCode> {
    match header(headers, "gstin") {
        None if version == Version::V1_04 => Err(IrpCode::GstinMissing),
        gstin => Ok(gstin),
    }
}

const fn code_of(why: Refusal) -> IrpCode {
    match why {
        Refusal::UnknownUser => IrpCode::UnknownUser,
        Refusal::WrongPassword => IrpCode::WrongPassword,
        Refusal::OtherGstin => IrpCode::OtherGstin,
        Refusal::Inactive => IrpCode::InactiveUser,
    }
}

/// `Data` of the body. Either form is taken at either version.
enum Sent {
    /// Version 1.04: everything in one envelope.
    Whole(Zeroizing<String>),
    /// Version 1.03: only the password and the AppKey are encrypted.
    Parts(Fields),
}

/// What was in it.
struct Login {
    username: Zeroizing<String>,
    password: Zeroizing<String>,
    app_key: WireKey,
    forced: bool,
}

impl Sent {
    fn parse(body: &[u8]) -> Result<Self, IrpCode> {
        let mut fields = Fields::parse(body).ok_or(IrpCode::Malformed)?;
        match fields.take("data") {
            Field::Text(text) if !text.trim().is_empty() => Ok(Self::Whole(text)),
            Field::Object(parts) => Ok(Self::Parts(parts)),
            Field::Text(_) | Field::Null => Err(IrpCode::DataEmpty),
            Field::Flag(_) | Field::Other => Err(IrpCode::Malformed),
        }
    }

    /// Blocks for a decryption or two.
    fn open(self, key: &DoorKey) -> Result<Login, IrpCode> {
        match self {
            Self::Whole(sealed) => open_whole(key, &sealed),
            Self::Parts(fields) => open_parts(key, fields),
        }
    }
}

/// base64( RSA( base64( JSON ) ) ).
fn open_whole(key: &DoorKey, sealed: &str) -> Result<Login, IrpCode> {
    let opened = key.open(sealed).ok_or(IrpCode::DataUndecryptable)?;
    let inner = std::str::from_utf8(&opened).ok().and_then(decode).ok_or(IrpCode::DataUndecryptable)?;
    let mut fields = Fields::parse(&inner).ok_or(IrpCode::DataUndecryptable)?;
    let mut text = |name| fields.text(name).map_err(|_| IrpCode::DataUndecryptable);
    let (username, password, app_key) = (text("username")?, text("password")?, text("appkey")?);
    let forced = fields.flag("forcerefreshaccesstoken").map_err(|_| IrpCode::DataUndecryptable)?;
    login(username, password, WireKey::parse(&app_key), forced)
}

/// base64( RSA( password ) ), and the same of the AppKey's 32 bytes or of their base64.
fn open_parts(key: &DoorKey, mut fields: Fields) -> Result<Login, IrpCode> {
    let mut text = |name| fields.text(name).map_err(|_| IrpCode::Malformed);
    let (username, password, app_key) = (text("username")?, text("password")?, text("appkey")?);
    let forced = fields.flag("forcerefreshaccesstoken").map_err(|_| IrpCode::Malformed)?;
    // Both, before anything is said of either.
    let (password, app_key) = (key.open(&password), key.open(&app_key));
    // Every API password is of the signs of a plain keyboard. What is not is no password of ours, and answered like
    // padding that is wrong.
    let password = password.filter(|bytes| bytes.iter().all(|byte| (b' '..=b'~').contains(byte)));
    let password = password.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok().map(Zeroizing::new));
    let password = password.ok_or(IrpCode::PasswordUndecryptable)?;
    let app_key = app_key
        .and_then(|bytes| WireKey::of(&bytes).or_else(|| std::str::from_utf8(&bytes).ok().and_then(WireKey::parse)));
    login(username, password, app_key, forced)
}

fn login(
    username: Zeroizing<String>,
    password: Zeroizing<String>,
    app_key: Option<WireKey>,
    forced: bool,
) -> Result<Login, IrpCode> {
    if username.trim().is_empty() {
        return Err(IrpCode::UserNameMissing);
    }
    Ok(Login { username, password, app_key: app_key.ok_or(IrpCode::AppKeyUndecryptable)?, forced })
}

/// Letting the owner of API credentials in: the token of before as long as it works, or a new one.
struct Grant {
    keys: Arc<KeyRing>,
    limits: Limits,
    caller: Caller,
    forced: bool,
    address: String,
    event: Event,
    now: Moment,
}

impl Grant {
    fn of(visit: &Visit, caller: Caller, forced: bool) -> Self {
        let detail = json!({ "door": Door::Irp.as_str(), "client_id": caller.client_id });
        Self {
            keys: visit.kit.keys.clone(),
            limits: visit.kit.settings.limits.clone(),
            forced,
            address: visit.address.to_string(),
            event: visit.event("software_signed_in", events::DONE, None).with_detail(&detail),
            now: visit.now,
            caller,
        }
    }

    /// Runs in the transaction that lets them in: nobody else makes a token for the same credentials meanwhile.
    fn run(self, c: &mut Connection, credential: &Credential) -> store::Result<Result<Token, IrpCode>> {
        if !self.caller.is_for(&credential.gstin) {
            return Ok(Err(IrpCode::ClientNotMapped));
        }
        credentials::set_last_used(c, &credential.id, &self.address, self.now)?;
        let before = rows::find_of_credential(c, &credential.id, &self.caller.client_id, self.now)?;
        if let Some(token) = before.filter(|token| self.serves(token)) {
            return Ok(Ok(token));
        }
        let holder = Holder {
            opened_by: OpenedBy::Credential(credential.id.clone()),
            gstin: &credential.gstin,
            username: &credential.api_username,
            client_id: &self.caller.client_id,
        };
        let token = tokens::make(&self.keys, holder, Life::new(self.now, self.limits.irp_token_life));
        rows::insert(c, &token)?;
        events::insert(c, &Event { gstin: Some(credential.gstin.clone()), ..self.event })?;
        Ok(Ok(token))
    }

    /// A token whose key is gone serves nobody.
    fn serves(&self, token: &Token) -> bool {
        tokens::hand_out(&self.keys, token).is_some()
            && token.life.serves(self.now, self.forced, self.limits.irp_token_refresh)
    }
}

/// `Data` of the answer. The session key is wrapped anew for each caller's AppKey.
fn data(keys: &KeyRing, row: &Token, client_id: &str, app_key: &WireKey) -> Result<Value, PageError> {
    let handed = tokens::hand_out(keys, row).ok_or_else(|| PageError::internal("the key of a token is gone"))?;
    Ok(json!({
        "ClientId": client_id,
        "UserName": row.username,
        "AuthToken": handed.token,
        "Sek": app_key.seal(handed.session_key.bytes()),
        "TokenExpiry": row.life.expires_at.ist_iso(),
    }))
}

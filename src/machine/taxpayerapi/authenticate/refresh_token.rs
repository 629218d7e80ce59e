//! REFRESHTOKEN: a new token and session key for those that still work, without an OTP, while API access is on.

use serde_json::Value;
use zeroize::Zeroizing;

use super::{Call, Fault, granted};
use crate::kernel::gstn_code::GstnCode;
use crate::machine::envelope::WireKey;
use crate::machine::tokens;
use crate::store::{StoreError, events, tokens as rows};
use crate::web::error::PageError;

pub async fn run(call: &Call, sent: Zeroizing<String>, sealed_app_key: &str) -> Result<Value, Fault> {
    call.require_access().await?;
    let (visit, parties) = (&call.visit, call.parties.clone());
    let old = visit.kit.store.read(move |c| parties.find(c, &sent)).await?.ok_or(GstnCode::InvalidSession)?;
    if !old.life.is_live(visit.now) {
        return Err(GstnCode::SessionExpired.into());
    }
    let session_key = tokens::session_key(&visit.kit.keys, &old);
    let session_key = session_key.ok_or_else(|| PageError::internal("the key of a token is gone"))?;
    let app_key = session_key.open(sealed_app_key).and_then(|bytes| WireKey::of(&bytes));
    let app_key = app_key.ok_or(GstnCode::InvalidAppKey)?;
    let (parties, event, now) = (call.parties.clone(), call.event(), visit.now);
    let renewed = visit.kit.store.write(move |c| {
        let Some(token) = parties.grant(c)? else { return Ok(None) };
        // Of two refreshes at once one finds the token ended, and takes back what it has made.
        if !rows::revoke(c, &old.id, now)? {
            return Err(StoreError::Undone);
        }
        events::insert(c, &event)?;
        Ok(Some(token))
    });
    match renewed.await {
        Ok(Some(token)) => granted(call, &token, &app_key),
        Ok(None) => Err(GstnCode::AccessDenied.into()),
        Err(StoreError::Undone) => Err(GstnCode::SessionExpired.into()),
        Err(error) => Err(error.into()),
    }
}

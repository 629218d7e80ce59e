//! LOGOUT: ends a token. Ending one that is over already changes nothing and is no fault.

use serde_json::Value;
use zeroize::Zeroizing;

use super::{Call, Fault, done};
use crate::kernel::gstn_code::GstnCode;
use crate::store::{events, tokens as rows};

pub async fn run(call: &Call, sent: Zeroizing<String>) -> Result<Value, Fault> {
    let (parties, now) = (call.parties.clone(), call.visit.now);
    let event = call.visit.event("software_signed_out", events::DONE, Some(&parties.user.gstin));
    let ended = call.visit.kit.store.write(move |c| {
        let Some(token) = parties.find(c, &sent)? else { return Ok(false) };
        if rows::revoke(c, &token.id, now)? {
            events::insert(c, &event)?;
        }
        Ok(true)
    });
    match ended.await? {
        true => Ok(done()),
        false => Err(GstnCode::InvalidSession.into()),
    }
}

//! OTPREQUEST: sends an OTP to every registered email address and phone.

use serde_json::Value;

use super::{Call, Fault, Parties, done};
use crate::accounts::Recipients;
use crate::accounts::otp::{self, Issued};
use crate::kernel::door::Door;
use crate::kernel::gstn_code::GstnCode;
use crate::kernel::portal::Portal;
use crate::notify::Outbox;
use crate::store::journeys::{self, Journey, Kind, Stage};
use crate::store::{taxpayers, tokens};
use crate::web::throttle::Proof;

pub async fn run(call: &Call, outbox: &Outbox) -> Result<Value, Fault> {
    call.require_access().await?;
    let (visit, parties) = (&call.visit, &call.parties);
    let (gstin, client_id, now) = (parties.user.gstin.clone(), parties.caller.client_id.clone(), visit.now);
    let found = visit
        .kit
        .store
        .read(move |c| Ok((taxpayers::find(c, &gstin)?, tokens::count(c, Door::Gstn, &gstin, &client_id, now)?)));
    let (taxpayer, sessions) = found.await?;
    if sessions >= visit.kit.settings.limits.gstn_tokens {
        return Err(GstnCode::TooManySessions.into());
    }
    let to = taxpayer.as_ref().map(Recipients::from).unwrap_or_default();
    let journey = walk(parties);
    let prepared = otp::prepare(visit, outbox, &journey, &to, proof(parties)).await?;
    let issued = visit.kit.store.write(move |c| {
        journeys::begin_unless_waiting(c, &journey)?;
        let issued = prepared.issue(c)?;
        // Last, in the order of AUTHTOKEN: the OTP first and then the walk.
        journeys::set_last_seen(c, &journey.id, now)?;
        Ok(issued)
    });
    match issued.await? {
        Issued::Sent | Issued::Wait { .. } => {
            outbox.wake();
            Ok(done())
        }
        Issued::TooMany { again, .. } => Err(Fault::too_many(again)),
    }
}

/// The walk, as it begins. Its data is the client id that OTPs are counted by.
fn walk(parties: &Parties) -> Journey {
    let gstin = parties.user.gstin.clone();
    let journey = Journey::begin(Kind::SoftwareSignIn, Portal::Gst, gstin, Stage::Otp, parties.now);
    Journey { id: parties.journey_id(), data: Some(parties.caller.client_id.clone()), ..journey }
}

/// Whoever switched API access on wants software to call, and the key says whose it is. Without a key anybody may ask.
fn proof(parties: &Parties) -> Proof {
    if parties.caller.client_id.is_empty() { Proof::Nothing } else { Proof::IntegratorKey }
}

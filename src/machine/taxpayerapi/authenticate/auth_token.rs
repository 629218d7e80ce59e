//! AUTHTOKEN: the OTP for a token and a session key.

use serde_json::Value;
use zeroize::Zeroizing;

use super::{Call, Fault, Parties, granted};
use crate::accounts::otp::{self, Verdict};
use crate::kernel::gstn_code::GstnCode;
use crate::kernel::otp::OtpCode;
use crate::machine::envelope::WireKey;
use crate::store::events::{self, Event};
use crate::store::journeys::{self, Stage};
use crate::store::tokens::Token;
use crate::store::{self, Connection};
use crate::web::throttle;

pub async fn run(call: &Call, sealed_otp: &str, app_key: &WireKey) -> Result<Value, Fault> {
    call.require_access().await?;
    let (visit, limits) = (&call.visit, &call.visit.kit.settings.limits);
    // Counted whatever it looks like.
    let budget = match call.parties.caller.client_id.as_str() {
        "" => throttle::otp_posts(limits, &visit.throttle_key()),
        client_id => throttle::otp_posts_with(limits, client_id).into(),
    };
    throttle::spend(visit, budget).await?;
    let id = call.parties.journey_id();
    let journey = visit.kit.store.read(move |c| journeys::find(c, &id)).await?;
    let journey = journey.filter(|journey| journey.stage == Stage::Otp).ok_or(GstnCode::InvalidSession)?;
    let code = open_otp(sealed_otp, app_key, limits.otp_digits).ok_or(GstnCode::InvalidOtp)?;
    let accept = Accept { parties: call.parties.clone(), event: call.event() };
    match otp::verify(visit, &journey, code, move |c| accept.run(c)).await? {
        Verdict::Accepted(Some(token)) => granted(call, &token, app_key),
        // Switched off since the OTP was sent.
        Verdict::Accepted(None) => Err(GstnCode::AccessDenied.into()),
        Verdict::Wrong { .. } | Verdict::Replaced => Err(GstnCode::InvalidOtp.into()),
        // Another OTP must be asked for.
        Verdict::Expired | Verdict::Dead | Verdict::Gone => Err(GstnCode::InvalidSession.into()),
        Verdict::TooMany { until } => Err(Fault::too_many(until)),
    }
}

/// base64( AES( digits ) ). What does not decrypt to digits is a wrong OTP that uses up no try.
fn open_otp(sealed: &str, app_key: &WireKey, digits: i64) -> Option<Zeroizing<String>> {
    let opened = app_key.open(sealed)?;
    let code = OtpCode::parse(std::str::from_utf8(&opened).ok()?, usize::try_from(digits).ok()?).ok()?;
    Some(Zeroizing::new(code.as_str().to_owned()))
}

/// What happens in the transaction that uses the OTP up.
struct Accept {
    parties: Parties,
    event: Event,
}

impl Accept {
    /// `None` inside: API access is off.
    fn run(&self, c: &mut Connection) -> store::Result<Option<Option<Token>>> {
        if !journeys::advance(c, &self.parties.journey_id(), Stage::Otp, Stage::Done)? {
            return Ok(None);
        }
        let token = self.parties.grant(c)?;
        if token.is_some() {
            events::insert(c, &self.event)?;
        }
        Ok(Some(token))
    }
}

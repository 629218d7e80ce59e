//! Who calls: the integrator key in the headers, whatever they are called there (`domain.md` 9.6).

use actix_web::http::header::{self, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::Machine;
use super::fault::{Code, Fault};
use crate::accounts::any_gstin;
use crate::kernel::clock::MINUTE;
use crate::kernel::ids;
use crate::settings::MachineKeys;
use crate::store::counters;
use crate::store::{self, Connection, integrators};
use crate::web::page::Visit;
use crate::web::throttle;

/// What is wrong with an integrator key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFault {
    IdMissing,
    SecretMissing,
    UnknownId,
    WrongSecret,
}

/// A client id and secret as they were sent.
pub struct SentKey {
    client_id: String,
    secret: Zeroizing<String>,
}

/// Whose software calls.
#[derive(Clone)]
pub struct Caller {
    /// Empty when there was no key and none is needed.
    pub client_id: String,
    /// The key is for the GSTINs of this PAN only.
    pan: Option<String>,
    /// May ask whether a token is good.
    pub gateway: bool,
}

impl SentKey {
    /// The key in the headers `client_id` and `client_secret`; `None` when there is none and none is needed.
    pub fn of(headers: &HeaderMap, needed: MachineKeys) -> Result<Option<Self>, KeyFault> {
        match (header(headers, "clientid"), header(headers, "clientsecret")) {
            (None, _) if needed == MachineKeys::Optional => Ok(None),
            (None, _) => Err(KeyFault::IdMissing),
            (Some(_), None) => Err(KeyFault::SecretMissing),
            (Some(client_id), Some(secret)) => Ok(Some(Self { client_id, secret: Zeroizing::new(secret) })),
        }
    }

    /// The key of HTTP Basic authentication (RFC 7617).
    pub fn of_basic(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, encoded) = value.split_once(' ')?;
        let decoded = Zeroizing::new(STANDARD.decode(encoded.trim()).ok()?);
        let (client_id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        let key = Self { client_id: client_id.to_owned(), secret: Zeroizing::new(secret.to_owned()) };
        scheme.eq_ignore_ascii_case("basic").then_some(key)
    }

    /// Whose key it is; to be called in the read that answers the call.
    pub fn identify(&self, c: &mut Connection) -> store::Result<Result<Caller, KeyFault>> {
        let found = integrators::find(c, &self.client_id)?.filter(|integrator| integrator.disabled_at.is_none());
        let Some(integrator) = found else { return Ok(Err(KeyFault::UnknownId)) };
        let fits = ids::digest(&self.secret).as_bytes().ct_eq(integrator.secret_hash.as_bytes());
        Ok(match bool::from(fits) {
            true => {
                let (pan, gateway) = (integrator.pan, integrator.gateway);
                Ok(Caller { client_id: integrator.client_id, pan, gateway })
            }
            false => Err(KeyFault::WrongSecret),
        })
    }
}

impl Caller {
    /// Whether the key is for that GSTIN: one of a taxpayer that integrates directly is for those of one PAN.
    pub fn is_for(&self, gstin: &str) -> bool {
        let of_pan = |pan: &str| any_gstin(gstin).is_ok_and(|gstin| gstin.pan() == pan);
        self.pan.as_deref().is_none_or(of_pan)
    }

    /// Somebody behind a gateway that strips the keys.
    const fn without_key() -> Self {
        Self { client_id: String::new(), pan: None, gateway: false }
    }
}

/// `identify`, where a call without a key may be let in.
pub fn identify(c: &mut Connection, key: Option<&SentKey>) -> store::Result<Result<Caller, KeyFault>> {
    key.map_or_else(|| Ok(Ok(Caller::without_key())), |key| key.identify(c))
}

impl Machine {
    /// Identifies the caller by a read of its own, and counts the call.
    pub(super) async fn admit<C: Code>(&self, visit: &Visit, key: Option<SentKey>) -> Result<Caller, Fault<C>> {
        let identified = visit.kit.store.read(move |c| identify(c, key.as_ref())).await?;
        self.count(visit, identified).await
    }

    /// Lets in whoever was identified and has calls left in this second. A wrong key is counted against the address it
    /// came from.
    pub(super) async fn count<C: Code>(
        &self,
        visit: &Visit,
        identified: Result<Caller, KeyFault>,
    ) -> Result<Caller, Fault<C>> {
        let caller = match identified {
            Ok(caller) => caller,
            Err(fault) => return Err(count_failure(visit, fault).await?),
        };
        // Without keys everybody shares one: what they sign in with is limited for each address and username.
        match caller.client_id.is_empty() || self.calls.check_key(&caller.client_id).is_ok() {
            true => Ok(caller),
            false => Err(Fault::too_many(visit.now.plus(1))),
        }
    }
}

async fn count_failure<C: Code>(visit: &Visit, fault: KeyFault) -> Result<Fault<C>, Fault<C>> {
    let limit = visit.kit.settings.limits.integrator_failures_per_minute;
    let key = |address: &str| format!("integrator/failures-from/{address}");
    let budgets = throttle::from_address(&visit.throttle_key(), limit, MINUTE, key);
    let now = visit.now;
    let asked = budgets.clone();
    // Beyond the limit a wrong key costs a look and no write.
    let closed = match visit.kit.store.read(move |c| counters::any_exhausted(c, &asked, now)).await? {
        Some(until) => Some(until),
        None => {
            let taken = visit.kit.store.write(move |c| counters::take(c, &budgets, now)).await?;
            taken.err()
        }
    };
    Ok(closed.map_or_else(|| fault.into(), Fault::too_many))
}

/// The first header of that name that says something. `name` has neither case nor hyphens: `clientid` stands for
/// `client_id`, `Client-Id` and the like.
pub fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let is_it = |known: &str| {
        let letters = known.bytes().filter(|letter| !matches!(letter, b'-' | b'_'));
        letters.map(|letter| letter.to_ascii_lowercase()).eq(name.bytes())
    };
    let values = headers.iter().filter(|(known, _)| is_it(known.as_str())).filter_map(|(_, value)| value.to_str().ok());
    values.map(str::trim).find(|value| !value.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let parse =
            |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        pairs.iter().map(parse).collect()
    }

    #[test]
    fn a_header_is_found_however_it_is_spelt() {
        for name in ["client_id", "client-id", "clientid", "Client-Id", "CLIENT_ID"] {
            assert_eq!(header(&headers(&[(name, " abc ")]), "clientid").as_deref(), Some("abc"), "{name}");
        }
        assert_eq!(header(&headers(&[("client-idx", "abc"), ("client_id", " ")]), "clientid"), None);
    }

    #[test]
    fn what_is_missing_is_told_in_order_and_may_be_missing_where_keys_are_optional() {
        let of = |pairs: &[(&str, &str)], needed| SentKey::of(&headers(pairs), needed).map(|key| key.is_some());
        let both = [("client_id", "a"), ("client-secret", "b")];
        assert_eq!(of(&[], MachineKeys::Required), Err(KeyFault::IdMissing));
        assert_eq!(of(&both[..1], MachineKeys::Required), Err(KeyFault::SecretMissing));
        assert_eq!(of(&both, MachineKeys::Required), Ok(true));
        assert_eq!(of(&[], MachineKeys::Optional), Ok(false));
        assert_eq!(of(&both[..1], MachineKeys::Optional), Err(KeyFault::SecretMissing));
    }

    proptest::proptest! {
        #[test]
        fn no_header_makes_the_reader_of_basic_panic(bytes in proptest::collection::vec(0x20_u8.., 0..80), key in "[ -~]{0,40}") {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                let of = |value| SentKey::of_basic(&[(header::AUTHORIZATION, value)].into_iter().collect());
                of(value);
                let packed = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(&key))).unwrap();
                let read = of(packed).map(|read| format!("{}:{}", read.client_id, *read.secret));
                proptest::prop_assert_eq!(read, key.contains(':').then_some(key));
            }
        }
    }

    #[test]
    fn basic_authentication_is_read_and_nothing_else() {
        let of = |value: &str| SentKey::of_basic(&headers(&[("authorization", value)]));
        let key = of(&format!("basic {}", STANDARD.encode("id:se:cret"))).unwrap();
        assert_eq!((key.client_id.as_str(), key.secret.as_str()), ("id", "se:cret"));
        for wrong in ["", "Basic", "Basic !", "Bearer aWQ6c2VjcmV0", &format!("Basic {}", STANDARD.encode("id"))] {
            assert!(of(wrong).is_none(), "{wrong}");
        }
    }
}

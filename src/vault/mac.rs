//! HMAC-SHA-256 over labelled parts, and keys derived by HKDF-SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::keys::{Key, KeyRing, Purpose};

/// A MAC as text: `<key id>.<base64url>`. Safe to store and to put in a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mac(String);

impl Mac {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl KeyRing {
    /// MAC of `parts` under the key in use. Each part carries its length, so no two lists of parts look alike.
    pub fn mac(&self, purpose: Purpose, parts: &[&str]) -> Mac {
        let key = self.current(purpose);
        Mac(format!("{}.{}", key.id, URL_SAFE_NO_PAD.encode(keyed(key, parts).finalize().into_bytes())))
    }

    /// Whether `mac` was made by `mac` from these parts, under any key still kept; compared in constant time.
    pub fn verify_mac(&self, purpose: Purpose, parts: &[&str], mac: &str) -> bool {
        let Some((id, encoded)) = mac.split_once('.') else { return false };
        let (Some(key), Ok(tag)) = (self.of_id(purpose, id), URL_SAFE_NO_PAD.decode(encoded)) else { return false };
        keyed(key, parts).verify_slice(&tag).is_ok()
    }

    /// 64 bytes derived from the purpose's key, for a library that wants a key of its own.
    #[expect(clippy::expect_used, reason = "HKDF-SHA-256 refuses only more than 8,160 bytes")]
    pub fn derive(&self, purpose: Purpose, label: &str) -> Zeroizing<[u8; 64]> {
        let mut derived = Zeroizing::new([0_u8; 64]);
        Hkdf::<Sha256>::new(None, self.current(purpose).bytes.as_slice())
            .expand(label.as_bytes(), derived.as_mut_slice())
            .expect("64 bytes are a valid length");
        derived
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
fn keyed(key: &Key, parts: &[&str]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.bytes.as_slice()).expect("any key length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> KeyRing {
        let directory = tempfile::tempdir().unwrap();
        KeyRing::generate_missing(directory.path()).unwrap();
        KeyRing::load(directory.path()).unwrap()
    }

    #[test]
    fn a_mac_fits_its_parts_and_purpose_only() {
        let ring = ring();
        let mac = ring.mac(Purpose::Otp, &["challenge", "123456"]);
        assert!(ring.verify_mac(Purpose::Otp, &["challenge", "123456"], mac.as_str()));
        assert!(!ring.verify_mac(Purpose::Otp, &["challenge1", "23456"], mac.as_str()));
        assert!(!ring.verify_mac(Purpose::Csrf, &["challenge", "123456"], mac.as_str()));
        assert!(!ring.verify_mac(Purpose::Otp, &["challenge", "123456"], "nonsense"));
    }

    #[test]
    fn derived_keys_differ_by_label() {
        let ring = ring();
        assert_ne!(ring.derive(Purpose::Session, "a").as_slice(), ring.derive(Purpose::Session, "b").as_slice());
    }
}

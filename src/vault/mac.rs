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
        Mac(format!("{}.{}", key.id, URL_SAFE_NO_PAD.encode(keyed(&key, parts).finalize().into_bytes())))
    }

    /// Whether `mac` was made by `mac` from these parts, under any key still kept; compared in constant time.
    pub fn verify_mac(&self, purpose: Purpose, parts: &[&str], mac: &str) -> bool {
        let Some((id, encoded)) = mac.split_once('.') else { return false };
        let (Some(key), Ok(tag)) = (self.of_id(purpose, id), URL_SAFE_NO_PAD.decode(encoded)) else { return false };
        keyed(&key, parts).verify_slice(&tag).is_ok()
    }

    /// 64 bytes derived from the purpose's key in use, for a library that wants a key of its own; with that key's id.
    pub fn derive(&self, purpose: Purpose, label: &str) -> (String, Zeroizing<[u8; 64]>) {
        let key = self.current(purpose);
        (key.id.clone(), derived(&key, label))
    }

    /// The same from every key kept, the newest first: what was made with an older one is still accepted.
    pub fn derive_all(&self, purpose: Purpose, label: &str) -> Vec<Zeroizing<[u8; 64]>> {
        self.all(purpose).iter().map(|key| derived(key, label)).collect()
    }

    /// 32 bytes derived from the purpose's key of that id for `parts`; each part carries its length, so no two lists of
    /// parts look alike. The same call gives the same bytes, so what is made of them need not be kept. `None` when the
    /// key is gone.
    pub fn derive_for(&self, purpose: Purpose, key_id: &str, parts: &[&str]) -> Option<Zeroizing<[u8; 32]>> {
        let key = self.of_id(purpose, key_id)?;
        Some(Zeroizing::new(keyed(&key, parts).finalize().into_bytes().into()))
    }
}

#[expect(clippy::expect_used, reason = "HKDF-SHA-256 refuses only more than 8,160 bytes")]
fn derived(key: &Key, label: &str) -> Zeroizing<[u8; 64]> {
    let mut derived = Zeroizing::new([0_u8; 64]);
    Hkdf::<Sha256>::new(None, key.bytes.as_slice())
        .expand(label.as_bytes(), derived.as_mut_slice())
        .expect("64 bytes are a valid length");
    derived
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

    fn folder() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        KeyRing::generate_missing(directory.path()).unwrap();
        directory
    }

    fn ring() -> KeyRing {
        KeyRing::load(folder().path()).unwrap()
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
    fn a_mac_made_before_a_rotation_still_fits_and_a_new_one_names_the_new_key() {
        let directory = folder();
        let ring = KeyRing::load(directory.path()).unwrap();
        let before = ring.mac(Purpose::Otp, &["code"]);
        let id = KeyRing::rotate(directory.path(), Purpose::Otp).unwrap();
        ring.refresh_all();
        let after = ring.mac(Purpose::Otp, &["code"]);
        assert!(after.as_str().starts_with(&format!("{id}.")));
        assert!(ring.verify_mac(Purpose::Otp, &["code"], before.as_str()));
        assert!(ring.verify_mac(Purpose::Otp, &["code"], after.as_str()));

        let (old_id, _) = before.as_str().split_once('.').unwrap();
        let (_, tag) = after.as_str().split_once('.').unwrap();
        let mixed = format!("{old_id}.{tag}");
        assert!(!ring.verify_mac(Purpose::Otp, &["code"], &mixed), "each key vouches for its own only");
    }

    #[test]
    fn what_is_derived_for_something_is_the_same_again_and_nothing_else() {
        let directory = folder();
        let ring = KeyRing::load(directory.path()).unwrap();
        let old = ring.current_id(Purpose::Token);
        let derive = |key_id: &str, parts: &[&str]| ring.derive_for(Purpose::Token, key_id, parts).map(|bytes| *bytes);
        let first = derive(&old, &["token", "1"]).unwrap();
        assert_ne!(derive(&old, &["token1", ""]), Some(first));
        assert_ne!(derive(&old, &["session", "1"]), Some(first));
        let new = KeyRing::rotate(directory.path(), Purpose::Token).unwrap();
        ring.refresh_all();
        assert_eq!(derive(&old, &["token", "1"]), Some(first), "what was handed out before a rotation stays good");
        assert_ne!(derive(&new, &["token", "1"]), Some(first));
        assert_eq!(derive("00000000", &["token", "1"]), None);
    }

    #[test]
    fn derived_keys_differ_by_label() {
        let ring = ring();
        let derive = |label| ring.derive(Purpose::Session, label).1;
        assert_ne!(derive("a").as_slice(), derive("b").as_slice());
    }

    #[test]
    fn the_newest_derived_key_comes_first_and_the_older_ones_after_it() {
        let directory = folder();
        let ring = KeyRing::load(directory.path()).unwrap();
        let (old_id, old) = ring.derive(Purpose::Session, "irp");
        KeyRing::rotate(directory.path(), Purpose::Session).unwrap();
        ring.refresh_all();
        let (new_id, new) = ring.derive(Purpose::Session, "irp");
        assert_ne!(old_id, new_id);
        let all = ring.derive_all(Purpose::Session, "irp");
        assert_eq!(all.iter().map(|key| key.as_slice()).collect::<Vec<_>>(), [new.as_slice(), old.as_slice()]);
    }
}

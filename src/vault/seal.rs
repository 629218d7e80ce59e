//! Sealed text: XChaCha20-Poly1305 under a key of its own for each record (`security.md` 3.7).
//!
//! Blob, base64url: `version(1) key id(4) salt(32) nonce(24) ciphertext tag(16)`. The place a text belongs to goes into
//! the record key and into the associated data, so a blob moved to another row does not open.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use rand::Rng as _;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::keys::{Key, KeyRing, Purpose};

const VERSION: u8 = 1;
const SALT: usize = 32;
const NONCE: usize = 24;

/// Where a sealed text belongs: the kind of record, the record's id and the field.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub kind: &'a str,
    pub record: &'a str,
    pub field: &'a str,
}

/// The blob is damaged, belongs elsewhere or its key is gone; which of them is told to nobody (T31).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed text does not open")]
pub struct Unopened;

impl KeyRing {
    /// Seals `text` for `place` under the key in use.
    #[expect(clippy::expect_used, reason = "the cipher refuses only texts of 256 GB")]
    pub fn seal(&self, place: Place<'_>, text: &str) -> String {
        let key = self.current(Purpose::Cred);
        let mut random = [0_u8; SALT + NONCE];
        rand::rng().fill_bytes(&mut random);
        let (salt, nonce) = random.split_at(SALT);

        let mut blob = vec![VERSION];
        blob.extend(key_id_bytes(&key.id));
        blob.extend(salt);
        blob.extend(nonce);
        let bound = associated(&key.id, place);
        let payload = Payload { msg: text.as_bytes(), aad: bound.as_bytes() };
        let nonce: &XNonce = nonce.try_into().expect("a nonce of 24 bytes");
        blob.extend(record_cipher(&key, salt, place).encrypt(nonce, payload).expect("a text of ordinary length"));
        URL_SAFE_NO_PAD.encode(blob)
    }

    /// Opens what `seal` made for the same `place`.
    pub fn open(&self, place: Place<'_>, sealed: &str) -> Result<Zeroizing<String>, Unopened> {
        let blob = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| Unopened)?;
        let (&version, rest) = blob.split_first().ok_or(Unopened)?;
        let (id, rest) = rest.split_at_checked(4).ok_or(Unopened)?;
        let (salt, rest) = rest.split_at_checked(SALT).ok_or(Unopened)?;
        let (nonce, ciphertext) = rest.split_at_checked(NONCE).ok_or(Unopened)?;
        let id = hex(id);
        let key = self.of_id(Purpose::Cred, &id).filter(|_| version == VERSION).ok_or(Unopened)?;

        let bound = associated(&id, place);
        let payload = Payload { msg: ciphertext, aad: bound.as_bytes() };
        let nonce: &XNonce = nonce.try_into().map_err(|_| Unopened)?;
        let plain = record_cipher(&key, salt, place).decrypt(nonce, payload).map_err(|_| Unopened)?;
        String::from_utf8(plain).map(Zeroizing::new).map_err(|_| Unopened)
    }
}

/// The id of the key that `sealed` was sealed under; `None` for what is no blob of ours.
pub fn key_id_of(sealed: &str) -> Option<String> {
    let blob = URL_SAFE_NO_PAD.decode(sealed).ok()?;
    let (_, rest) = blob.split_first()?;
    let (id, _) = rest.split_at_checked(4)?;
    Some(hex(id))
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn key_id_bytes(id: &str) -> [u8; 4] {
    u32::from_str_radix(id, 16).unwrap_or_default().to_be_bytes()
}

fn associated(key_id: &str, place: Place<'_>) -> String {
    // Ids and field names hold no control characters, so the separator cannot be forged.
    format!("{VERSION}\u{1f}{key_id}\u{1f}{}\u{1f}{}\u{1f}{}", place.kind, place.record, place.field)
}

#[expect(clippy::expect_used, reason = "HKDF gives any 32 bytes and the cipher takes any 32 bytes")]
fn record_cipher(key: &Key, salt: &[u8], place: Place<'_>) -> XChaCha20Poly1305 {
    let mut record_key = Zeroizing::new([0_u8; 32]);
    let bound = associated(&key.id, place);
    Hkdf::<Sha256>::new(Some(salt), key.bytes.as_slice())
        .expand(bound.as_bytes(), record_key.as_mut_slice())
        .expect("32 bytes are a valid length");
    XChaCha20Poly1305::new_from_slice(record_key.as_slice()).expect("a key of 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place { kind: "outbox/v1", record: "r1", field: "body" };

    fn ring() -> KeyRing {
        let directory = tempfile::tempdir().unwrap();
        KeyRing::generate_missing(directory.path()).unwrap();
        KeyRing::load(directory.path()).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_in_its_place_and_nowhere_else() {
        let ring = ring();
        let sealed = ring.seal(PLACE, "123456");
        assert_eq!(ring.open(PLACE, &sealed).unwrap().as_str(), "123456");
        assert_eq!(ring.open(Place { record: "r2", ..PLACE }, &sealed), Err(Unopened));
        assert_eq!(ring.open(Place { field: "to", ..PLACE }, &sealed), Err(Unopened));
    }

    #[test]
    fn two_seals_of_one_text_differ_and_a_changed_byte_is_noticed() {
        let ring = ring();
        let sealed = ring.seal(PLACE, "123456");
        assert_ne!(sealed, ring.seal(PLACE, "123456"));
        for position in 0..sealed.len() {
            let mut forged = sealed.clone().into_bytes();
            forged[position] = if forged[position] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert!(forged == sealed || ring.open(PLACE, &forged).is_err(), "position {position}");
        }
    }

    #[test]
    fn a_text_sealed_before_a_rotation_opens_after_it_and_a_new_one_is_under_the_new_key() {
        let directory = tempfile::tempdir().unwrap();
        KeyRing::generate_missing(directory.path()).unwrap();
        let ring = KeyRing::load(directory.path()).unwrap();
        let before = ring.seal(PLACE, "123456");
        let id = KeyRing::rotate(directory.path(), Purpose::Cred).unwrap();
        ring.refresh_all();
        let after = ring.seal(PLACE, "123456");
        assert_eq!(ring.open(PLACE, &before).unwrap().as_str(), "123456");
        assert_eq!(ring.open(PLACE, &after).unwrap().as_str(), "123456");
        assert_ne!(key_id_of(&before), Some(id.clone()));
        assert_eq!(key_id_of(&after), Some(id));
    }

    proptest::proptest! {
        #[test]
        fn nonsense_never_opens_and_never_panics(text in ".*") {
            proptest::prop_assert_eq!(ring().open(PLACE, &text).is_err(), true);
        }
    }
}

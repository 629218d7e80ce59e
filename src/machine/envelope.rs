//! The cryptography that the protocols prescribe: RSA PKCS#1 v1.5 and AES-256-ECB (`security.md` DV-4), and an X.509
//! certificate around the same RSA key. Used here and nowhere else, and only inside of TLS.
//!
//! Decryption is aws-lc's, in constant time. What goes wrong in an envelope is `None`, whatever it was: whoever could
//! tell bad padding from bad contents could decrypt what others have sent (Bleichenbacher).

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use rcgen::{CertificateParams, DnType, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, SerialNumber};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Bits of a door's RSA key: 4096 carry an envelope with the longest credentials, 2048 do not (`domain.md` 4.1).
const BITS: usize = 4096;
/// Bytes of what it encrypts to.
const SEALED: usize = BITS / 8;

/// The RSA key of a door.
pub struct DoorKey {
    rsa: Pkcs1PrivateDecryptingKey,
    public_key: String,
    certificate: String,
}

impl DoorKey {
    /// A new key as PKCS#8 PEM. Takes about half a second.
    #[expect(clippy::expect_used, reason = "fails only when the system has no memory or no randomness left")]
    pub fn make() -> Zeroizing<String> {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa4096).expect("an RSA key");
        let der: Pkcs8V1Der<'static> = key.as_der().expect("the key as DER");
        Zeroizing::new(pem("PRIVATE KEY", der.as_ref()))
    }

    /// The key of a PKCS#8 PEM file; `None` for what is no RSA key of 4096 bits.
    pub fn parse(text: &str) -> Option<Self> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()).ok()?;
        let rsa = PrivateDecryptingKey::from_pkcs8(der.secret_pkcs8_der()).ok()?;
        if rsa.key_size_bits() != BITS {
            return None;
        }
        let public: PublicKeyX509Der<'static> = rsa.public_key().as_der().ok()?;
        Some(Self {
            public_key: pem("PUBLIC KEY", public.as_ref()),
            certificate: certificate(&der, public.as_ref())?,
            rsa: Pkcs1PrivateDecryptingKey::new(rsa).ok()?,
        })
    }

    /// SPKI PEM.
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// X.509 PEM, self-signed. The same as long as the key is: it is made of nothing else.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// What was encrypted under the public key and written as base64. What cannot be a ciphertext costs a decryption
    /// too, so that it is answered no sooner.
    pub fn open(&self, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
        let decoded = decode(sealed).filter(|decoded| decoded.len() == SEALED);
        let ciphertext = decoded.as_ref().map_or([1_u8; SEALED].as_slice(), |decoded| decoded.as_slice());
        let mut plain = Zeroizing::new(vec![0_u8; SEALED]);
        let opened = self.rsa.decrypt(ciphertext, &mut plain).ok()?.len();
        plain.truncate(opened);
        decoded.map(|_| plain)
    }
}

/// A certificate around the key, made of nothing but the key, so that it stays the same: clients pin it. It is valid as
/// long as dates of two digits reach, because some clients refuse one that is over.
fn certificate(key: &PrivatePkcs8KeyDer<'_>, public: &[u8]) -> Option<String> {
    let key = KeyPair::from_pkcs8_der_and_sign_algo(key, &PKCS_RSA_SHA256).ok()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Sanad taxpayer API");
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2049, 12, 31);
    params.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
    params.serial_number = Sha256::digest(public).get(..16).map(|bytes| SerialNumber::from(bytes.to_vec()));
    Some(params.self_signed(&key).ok()?.pem())
}

fn pem(label: &str, der: &[u8]) -> String {
    let config = ::pem::EncodeConfig::new().set_line_ending(::pem::LineEnding::LF);
    ::pem::encode_config(&::pem::Pem::new(label, der), config)
}

/// An AES-256 key that both sides know: the caller's AppKey, or the session key.
pub struct WireKey(Zeroizing<[u8; 32]>);

impl WireKey {
    /// A key of 32 bytes, printable or not.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// A key as text: base64 of 32 bytes, or 32 characters that are the bytes themselves.
    pub fn parse(text: &str) -> Option<Self> {
        decode(text).and_then(|decoded| Self::of(&decoded)).or_else(|| Self::of(text.as_bytes()))
    }

    pub fn bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// AES-256-ECB with PKCS#7 padding, as base64.
    #[expect(clippy::expect_used, reason = "the cipher takes any 32 bytes and encrypts any text")]
    pub fn seal(&self, plain: &[u8]) -> String {
        let cipher = PaddedBlockEncryptingKey::ecb_pkcs7(self.cipher_key()).expect("an AES key");
        // With room for the padding, or the cipher would leave a copy of the plain text behind.
        let mut sealed = Vec::with_capacity(plain.len() + AES_256.block_len());
        sealed.extend_from_slice(plain);
        cipher.encrypt(&mut sealed).expect("a text of ordinary length");
        base64::engine::general_purpose::STANDARD.encode(sealed)
    }

    /// What `seal` made; `None` for anything else.
    #[expect(clippy::expect_used, reason = "the cipher takes any 32 bytes")]
    pub fn open(&self, sealed: &str) -> Option<Zeroizing<Vec<u8>>> {
        let mut sealed = decode(sealed)?;
        let cipher = PaddedBlockDecryptingKey::ecb_pkcs7(self.cipher_key()).expect("an AES key");
        let opened = cipher.decrypt(&mut sealed, DecryptionContext::None).ok()?.len();
        sealed.truncate(opened);
        Some(sealed)
    }

    #[expect(clippy::expect_used, reason = "32 bytes are the length of the algorithm")]
    fn cipher_key(&self) -> UnboundCipherKey {
        UnboundCipherKey::new(&AES_256, self.bytes()).expect("32 bytes")
    }
}

/// Base64 of either alphabet, padded or not, with or without line breaks: clients differ.
pub fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    const TOLERANT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let standard = |letter: u8| match letter {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    };
    let letters = text.bytes().filter(|letter| !letter.is_ascii_whitespace()).map(standard);
    // In its full size at once: what grows leaves copies behind.
    let mut kept = Zeroizing::new(Vec::with_capacity(text.len()));
    kept.extend(letters);
    TOLERANT.decode(kept.as_slice()).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use aws_lc_rs::rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey};
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    static KEY: LazyLock<(Zeroizing<String>, DoorKey)> = LazyLock::new(|| {
        let pem = DoorKey::make();
        let key = DoorKey::parse(&pem).unwrap();
        (pem, key)
    });

    fn seal(plain: &[u8]) -> Vec<u8> {
        let der = ::pem::parse(KEY.1.public_key()).unwrap();
        let public = PublicEncryptingKey::from_der(der.contents()).unwrap();
        let mut sealed = vec![0; SEALED];
        Pkcs1PublicEncryptingKey::new(public).unwrap().encrypt(plain, &mut sealed).unwrap();
        sealed
    }

    #[test]
    fn what_was_encrypted_under_the_public_key_opens_in_every_alphabet() {
        let sealed = seal(b"secret");
        let standard = STANDARD.encode(&sealed);
        let broken: Vec<&str> = standard.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
        for text in [standard.clone(), URL_SAFE_NO_PAD.encode(&sealed), broken.join("\r\n"), format!(" {standard}\n")] {
            assert_eq!(KEY.1.open(&text).unwrap().as_slice(), b"secret");
        }
    }

    #[test]
    fn the_longest_credentials_of_the_pages_fit_into_an_envelope() {
        let json = format!(
            r#"{{"UserName" : "{}", "Password" : "{}", "AppKey" : "{}", "ForceRefreshAccessToken" : "false"}}"#,
            "u".repeat(30),
            "p".repeat(64),
            "k".repeat(44)
        );
        assert!(STANDARD.encode(json).len() <= SEALED - 11);
    }

    #[test]
    fn the_certificate_is_of_the_same_key_and_always_the_same() {
        let again = DoorKey::parse(&KEY.0).unwrap();
        assert_eq!(again.certificate(), KEY.1.certificate());
        assert!(again.certificate().starts_with("-----BEGIN CERTIFICATE-----"));
        let certificate = ::pem::parse(again.certificate()).unwrap();
        let public = ::pem::parse(again.public_key()).unwrap();
        let spki = public.contents();
        assert!(certificate.contents().windows(spki.len()).any(|window| window == spki));
    }

    #[test]
    fn another_kind_of_key_is_refused() {
        assert!(DoorKey::parse("").is_none());
        assert!(DoorKey::parse(KEY.1.public_key()).is_none());
        let short: Pkcs8V1Der<'static> = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap().as_der().unwrap();
        assert!(DoorKey::parse(&pem("PRIVATE KEY", short.as_ref())).is_none());
    }

    #[test]
    fn a_wire_key_is_32_bytes_raw_printable_or_in_base64() {
        let raw = [0xf3_u8; 32];
        assert_eq!(WireKey::of(&raw).unwrap().bytes(), raw);
        assert_eq!(WireKey::parse(&STANDARD.encode(raw)).unwrap().bytes(), raw);
        assert_eq!(WireKey::parse(&URL_SAFE_NO_PAD.encode(raw)).unwrap().bytes(), raw);
        let printable = "972322cb0f3a4b1d9f6f0123456789ab";
        assert_eq!(WireKey::parse(printable).unwrap().bytes(), printable.as_bytes());
        for wrong in ["", "short", &STANDARD.encode([1; 31]), &STANDARD.encode([1; 33])] {
            assert!(WireKey::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_cipher_is_the_one_of_the_documents() {
        // NIST SP 800-38A F.1.5, ECB-AES256, first block; PKCS#7 adds the second.
        let key = [
            0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe, 0x2b, 0x73, 0xae, 0xf0, 0x85, 0x7d, 0x77, 0x81, 0x1f, 0x35,
            0x2c, 0x07, 0x3b, 0x61, 0x08, 0xd7, 0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14, 0xdf, 0xf4,
        ];
        let plain = [0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17, 0x2a];
        let block = [0xf3, 0xee, 0xd1, 0xbd, 0xb5, 0xd2, 0xa0, 0x3c, 0x06, 0x4b, 0x5a, 0x7e, 0x3d, 0xb1, 0x81, 0xf8];
        let sealed = STANDARD.decode(WireKey::of(&key).unwrap().seal(&plain)).unwrap();
        assert_eq!((sealed.len(), &sealed[..16]), (32, block.as_slice()));
    }

    proptest! {
        #[test]
        fn what_a_wire_key_seals_it_opens(key: [u8; 32], plain in proptest::collection::vec(any::<u8>(), 0..200)) {
            let key = WireKey::of(&key).unwrap();
            let opened = key.open(&key.seal(&plain));
            prop_assert_eq!(opened.as_ref().map(|opened| opened.as_slice()), Some(plain.as_slice()));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,80}", key: [u8; 32]) {
            let _ = (decode(&text), WireKey::parse(&text), WireKey::of(&key).unwrap().open(&text));
        }

        #[test]
        fn no_bytes_open_the_rsa_envelope(bytes in proptest::collection::vec(any::<u8>(), 0..520)) {
            prop_assert!(KEY.1.open(&STANDARD.encode(bytes)).is_none());
        }
    }
}

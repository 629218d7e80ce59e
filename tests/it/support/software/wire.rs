//! The cryptography of both protocols as a client does it (`domain.md` 4).

use std::sync::LazyLock;

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeySize, Pkcs1PublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

/// A public RSA key.
pub struct PublicKey {
    pub bits: usize,
    /// SubjectPublicKeyInfo.
    pub der: Vec<u8>,
    rsa: Pkcs1PublicEncryptingKey,
}

impl PublicKey {
    /// The key of an SPKI PEM file.
    pub fn of_pem(text: &str) -> Self {
        let pem = pem::parse(text).unwrap();
        assert_eq!(pem.tag(), "PUBLIC KEY");
        Self::of_der(pem.contents())
    }

    pub fn of_der(der: &[u8]) -> Self {
        let key = PublicEncryptingKey::from_der(der).unwrap();
        Self { bits: key.key_size_bits(), der: der.to_owned(), rsa: Pkcs1PublicEncryptingKey::new(key).unwrap() }
    }

    /// RSA with PKCS#1 v1.5 padding.
    pub fn seal(&self, plain: &[u8]) -> Vec<u8> {
        let mut sealed = vec![0; self.rsa.ciphertext_size()];
        let longest = self.rsa.max_plaintext_size();
        assert!(plain.len() <= longest, "{} bytes do not fit into an envelope of {longest}", plain.len());
        self.rsa.encrypt(plain, &mut sealed).unwrap();
        sealed
    }
}

/// What a client reads in an X.509 certificate that the key itself has signed.
pub struct SelfSigned {
    pub key: PublicKey,
    /// `YYMMDDhhmmssZ`.
    pub not_before: String,
    pub not_after: String,
}

impl SelfSigned {
    /// The certificate of a PEM file; its signature must be right.
    pub fn of_pem(text: &str) -> Self {
        let pem = pem::parse(text).unwrap();
        assert_eq!(pem.tag(), "CERTIFICATE");
        let [contents, algorithm, signature] = parts(parts(pem.contents())[0].contents).try_into().ok().unwrap();
        let fields = parts(contents.contents);
        // Version, serial number, algorithm, issuer, validity, subject, key.
        let (validity, spki) = (parts(fields[4].contents), &fields[6]);
        assert_eq!(algorithm.whole, fields[2].whole);
        assert_eq!(fields[3].whole, fields[5].whole, "issuer and subject are one");
        let public = parts(spki.contents)[1].contents;
        // The first byte of a bit string counts the bits that are not used.
        let signer = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &public[1..]);
        signer.verify(contents.whole, &signature.contents[1..]).expect("signed by its own key");
        let time = |at: usize| String::from_utf8(validity[at].contents.to_vec()).unwrap();
        Self { key: PublicKey::of_der(spki.whole), not_before: time(0), not_after: time(1) }
    }
}

/// An element of DER: with its tag and length, and without.
struct Element<'a> {
    whole: &'a [u8],
    contents: &'a [u8],
}

/// The elements that stand one after the other.
fn parts(mut der: &[u8]) -> Vec<Element<'_>> {
    let mut found = Vec::new();
    while !der.is_empty() {
        let (begin, length) = match usize::from(der[1]) {
            short if short < 128 => (2, short),
            long => {
                let bytes = &der[2..2 + (long - 128)];
                (2 + bytes.len(), bytes.iter().fold(0, |length, byte| length * 256 + usize::from(*byte)))
            }
        };
        let (whole, rest) = der.split_at(begin + length);
        found.push(Element { whole, contents: &whole[begin..] });
        der = rest;
    }
    found
}

/// The RSA keys of both doors that every server of this test run has: making them for each would take a second each.
pub fn door_keys() -> &'static [String; 2] {
    static KEYS: LazyLock<[String; 2]> = LazyLock::new(|| {
        [(), ()].map(|()| {
            let der: Pkcs8V1Der<'static> = PrivateDecryptingKey::generate(KeySize::Rsa4096).unwrap().as_der().unwrap();
            pem::encode(&pem::Pem::new("PRIVATE KEY", der.as_ref()))
        })
    });
    &KEYS
}

/// 32 random bytes: an AppKey.
pub fn random_key() -> Vec<u8> {
    let mut key = vec![0; 32];
    aws_lc_rs::rand::fill(&mut key).unwrap();
    key
}

/// AES-256-ECB with PKCS#7 padding.
pub fn aes_seal(key: &[u8], plain: &[u8]) -> Vec<u8> {
    let cipher = PaddedBlockEncryptingKey::ecb_pkcs7(UnboundCipherKey::new(&AES_256, key).unwrap()).unwrap();
    let mut sealed = plain.to_vec();
    cipher.encrypt(&mut sealed).unwrap();
    sealed
}

/// What `aes_seal` has made, which must be under this key.
pub fn aes_open(key: &[u8], sealed: &[u8]) -> Vec<u8> {
    let cipher = PaddedBlockDecryptingKey::ecb_pkcs7(UnboundCipherKey::new(&AES_256, key).unwrap()).unwrap();
    let mut sealed = sealed.to_vec();
    cipher.decrypt(&mut sealed, DecryptionContext::None).expect("sealed under this key").to_vec()
}

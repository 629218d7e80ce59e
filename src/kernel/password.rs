//! Passwords: what may be chosen, what may be typed, and how they are hashed. The only place that
//! uses argon2.

mod common;
mod context;
mod rules;

use std::fmt;

use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use password_hash::phc::PasswordHash;
use password_hash::{PasswordHasher, PasswordVerifier};
use rand::TryRng;
use rand::rngs::SysRng;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

pub use context::{Context, ContextKind};
pub use rules::{PasswordFault, Policy};

use rules::{MOST_BYTES, MOST_CHARACTERS, Rules};

/// A password in Unicode normal form C, wiped when dropped. It can be neither shown nor copied,
/// only hashed or compared (security.md T21).
pub struct Password(Zeroizing<String>);

impl Password {
    /// A password someone chose for an account. An empty text is the caller's case, who says "Enter
    /// a password" instead.
    ///
    /// # Errors
    /// Every broken rule at once, in the order of [`PasswordFault`].
    pub fn choose(raw: &str, policy: Policy, context: &Context<'_>) -> Result<Password, Vec<PasswordFault>> {
        Password::chosen(raw, &policy.rules(), context)
    }

    /// A password someone chose for an API user: 8 to 64 printable ASCII characters, because it
    /// goes through software that knows no others (screens.md A12), and else as
    /// [`Policy::Documents`].
    ///
    /// # Errors
    /// Every broken rule at once. Any other character is [`PasswordFault::NotPlain`] and nothing
    /// more.
    pub fn choose_api(raw: &str, context: &Context<'_>) -> Result<Password, Vec<PasswordFault>> {
        Password::chosen(raw, &rules::API, context)
    }

    /// A password someone typed to sign in. `None` when no account can have it: empty, or over the
    /// upper limits.
    pub fn typed(raw: &str) -> Option<Password> {
        let text = normal_form(raw);
        let fits = text.len() <= MOST_BYTES && text.chars().count() <= MOST_CHARACTERS;
        (fits && !text.is_empty()).then_some(Password(text))
    }

    /// The bytes to hash: UTF-8 of the normal form.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn chosen(raw: &str, rules: &Rules, context: &Context<'_>) -> Result<Password, Vec<PasswordFault>> {
        let text = normal_form(raw);
        let faults = rules.faults(&text, context);
        if faults.is_empty() { Ok(Password(text)) } else { Err(faults) }
    }
}

/// NFC and nothing else: it changes no meaning, and one keyboard's `é` is another's `e` and accent.
fn normal_form(raw: &str) -> Zeroizing<String> {
    // NFC at most triples a text, so the string never moves and leaves no copy behind.
    let mut text = Zeroizing::new(String::with_capacity(3 * raw.len()));
    text.extend(raw.nfc());
    text
}

/// What one Argon2id hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB (`m`).
    pub memory_kib: u32,
    /// Passes over the memory (`t`).
    pub passes: u32,
    /// Lanes (`p`).
    pub lanes: u32,
}

/// Why a password could not be hashed or compared. None of these says that it is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The cost or the pepper is outside what Argon2 allows.
    #[error("the cost or the pepper is outside what Argon2 allows")]
    Parameters,
    /// The operating system gave no randomness for the salt.
    #[error("the operating system gave no randomness")]
    Randomness,
    /// What is stored is not an Argon2id hash of version 19.
    #[error("the stored hash is not an Argon2id hash of version 19")]
    Stored,
    /// There was not enough memory, or the computation failed otherwise.
    #[error("the hash could not be computed")]
    Computation,
}

const SALT_BYTES: usize = 16;
const TAG_BYTES: usize = 32;

impl Cost {
    /// 19 MiB and two passes: what ASVS asks for at least, and what peers use (security.md 3.3).
    pub const DEFAULT: Cost = Cost { memory_kib: 19_456, passes: 2, lanes: 1 };

    /// Reads a cost as the settings write it, `m=19456,t=2,p=1`.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn parse(text: &str) -> Result<Cost, String> {
        let numbers: Vec<Option<u32>> =
            text.split(',').zip(["m=", "t=", "p="]).map(|(part, name)| number_after(name, part)).collect();
        let cost = match numbers.as_slice() {
            [Some(memory_kib), Some(passes), Some(lanes)] if text.matches(',').count() == 2 => {
                Cost { memory_kib: *memory_kib, passes: *passes, lanes: *lanes }
            }
            _ => {
                return Err(format!("{text:?} is not of the form m=19456,t=2,p=1 (KiB, passes, lanes)"));
            }
        };
        cost.params().map(|_| cost).map_err(|_| format!("{text:?} is outside what Argon2 allows"))
    }

    /// Whether the cost is not below what ASVS appendix C accepts: 46 MiB with one pass, 19 MiB
    /// with two, or 12 MiB with three.
    pub const fn meets_floor(&self) -> bool {
        let least_kib = match self.passes {
            0 => return false,
            1 => 46 * 1024,
            2 => 19 * 1024,
            _ => 12 * 1024,
        };
        self.memory_kib >= least_kib
    }

    fn params(&self) -> Result<Params, HashError> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(TAG_BYTES));
        params.map_err(|_| HashError::Parameters)
    }
}

fn number_after(name: &str, part: &str) -> Option<u32> {
    part.trim().strip_prefix(name)?.parse().ok()
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={},t={},p={}", self.memory_kib, self.passes, self.lanes)
    }
}

/// Hashes a password with Argon2id version 19, a new random salt of 16 bytes and a tag of 32. The
/// `pepper` goes in as Argon2's secret and is not part of the result, a PHC string. Takes tens of
/// milliseconds and `cost.memory_kib` of memory: never call it on a request's own thread.
///
/// # Errors
/// Any [`HashError`] but [`HashError::Stored`].
pub fn hash(cost: &Cost, pepper: &[u8], password: &[u8]) -> Result<String, HashError> {
    let mut salt = [0u8; SALT_BYTES];
    SysRng.try_fill_bytes(&mut salt).map_err(|_| HashError::Randomness)?;
    let hasher = argon2id(pepper, cost.params()?)?;
    let hashed = hasher.hash_password_with_salt(password, &salt);
    hashed.map(|hashed| hashed.to_string()).map_err(|_| HashError::Computation)
}

/// Whether `password` is the one behind the PHC string. Cost and salt are those of the string; the
/// comparison takes the same time wherever the tags differ.
///
/// # Errors
/// Any [`HashError`] but [`HashError::Randomness`].
pub fn verify(pepper: &[u8], password: &[u8], phc: &str) -> Result<bool, HashError> {
    let (stored, params) = stored_hash(phc)?;
    match argon2id(pepper, params)?.verify_password(password, &stored) {
        Ok(()) => Ok(true),
        Err(password_hash::Error::PasswordInvalid) => Ok(false),
        Err(_) => Err(HashError::Computation),
    }
}

/// A stored hash that no password has: random salt and tag under the parameters of `cost`. Checking a password against
/// it takes what any check takes and is never right; making it computes nothing.
///
/// # Errors
/// When the system has no randomness.
pub fn hash_of_nobody(cost: &Cost) -> Result<String, HashError> {
    let mut random = [0_u8; SALT_BYTES + TAG_BYTES];
    SysRng.try_fill_bytes(&mut random).map_err(|_| HashError::Randomness)?;
    let (salt, tag) = random.split_at(SALT_BYTES);
    Ok(format!("$argon2id$v=19${cost}${}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(tag)))
}

/// Whether a stored hash is of another cost than today's, so that the next sign-in should renew it.
/// True as well for a string that is no hash of ours.
pub fn needs_rehash(phc: &str, cost: &Cost) -> bool {
    match stored_hash(phc) {
        Ok((stored, params)) => {
            let found = Cost { memory_kib: params.m_cost(), passes: params.t_cost(), lanes: params.p_cost() };
            let salt_bytes = stored.salt.map_or(0, |salt| salt.len());
            found != *cost || params.output_len() != Some(TAG_BYTES) || salt_bytes != SALT_BYTES
        }
        Err(_) => true,
    }
}

fn argon2id(pepper: &[u8], params: Params) -> Result<Argon2<'_>, HashError> {
    Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, params).map_err(|_| HashError::Parameters)
}

/// Reads a PHC string. A hash of another algorithm or version is refused, not computed: the row was
/// not written by us.
fn stored_hash(phc: &str) -> Result<(PasswordHash, Params), HashError> {
    let stored = PasswordHash::new(phc).map_err(|_| HashError::Stored)?;
    let is_ours = stored.algorithm == ARGON2ID_IDENT
        && stored.version == Some(Version::V0x13.into())
        && stored.salt.is_some()
        && stored.hash.is_some();
    let params = Params::try_from(&stored).map_err(|_| HashError::Stored)?;
    if is_ours { Ok((stored, params)) } else { Err(HashError::Stored) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

    fn chosen(raw: &str) -> Result<Vec<u8>, Vec<PasswordFault>> {
        let password = Password::choose(raw, Policy::Documents, &Context::default());
        password.map(|password| password.as_bytes().to_vec())
    }

    fn typed(raw: &str) -> Option<Vec<u8>> {
        Password::typed(raw).map(|password| password.as_bytes().to_vec())
    }

    #[test]
    fn nobodys_hash_is_well_formed_and_never_right() {
        let cost = Cost::parse("m=8,t=1,p=1").unwrap();
        let nobody = hash_of_nobody(&cost).unwrap();
        assert_eq!(verify(b"pepper", b"four tall trees 7", &nobody), Ok(false));
        assert!(!needs_rehash(&nobody, &cost));
        assert_ne!(nobody, hash_of_nobody(&cost).unwrap());
    }

    #[test]
    fn a_password_is_kept_in_normal_form_c_and_otherwise_as_typed() {
        assert_eq!(chosen(" Cafe\u{301} kettle 7 "), Ok(" Café kettle 7 ".as_bytes().to_vec()));
        // NFKC would make these an `fi` and a `2`.
        assert_eq!(typed("ﬁ²"), Some("ﬁ²".as_bytes().to_vec()));
    }

    #[test]
    fn two_keyboards_give_one_password() {
        assert_eq!(typed("cafe\u{301}"), typed("caf\u{e9}"));
    }

    #[test]
    fn every_broken_rule_is_told_when_choosing() {
        assert_eq!(
            chosen("abc"),
            Err(vec![
                PasswordFault::TooShort,
                PasswordFault::NoNumber,
                PasswordFault::NoSpecial,
                PasswordFault::Common,
            ])
        );
        let gstin = crate::kernel::gstin::Gstin::parse("27AAPFU0939F1ZV").unwrap();
        let context = Context { gstin: Some(&gstin), ..Context::default() };
        let faults = Password::choose_api("27AAPFU0939F1ZV@x", &context).err();
        assert_eq!(faults, Some(vec![PasswordFault::Context(ContextKind::Gstin)]));
    }

    #[test]
    fn api_passwords_are_plain_ones() {
        assert!(Password::choose_api("kV9#qTz2", &Context::default()).is_ok());
        let faults = Password::choose_api("kV9#qTz2é", &Context::default()).err();
        assert_eq!(faults, Some(vec![PasswordFault::NotPlain]));
    }

    #[test]
    fn what_no_account_can_have_is_not_hashed() {
        assert_eq!(typed(""), None);
        assert!(typed(&"a".repeat(128)).is_some());
        assert_eq!(typed(&"a".repeat(129)), None);
        // 128 characters of four bytes are exactly 512.
        assert!(typed(&"𝒜".repeat(128)).is_some());
        assert_eq!(typed(&"𝒜".repeat(129)), None);
    }

    #[test]
    fn a_hash_is_an_argon2id_string_with_its_own_salt() {
        let (one, other) = (hash(&CHEAP, b"pepper", b"secret").unwrap(), hash(&CHEAP, b"pepper", b"secret").unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{one}");
        assert_ne!(one, other);
        let parsed = PasswordHash::new(&one).unwrap();
        assert_eq!((parsed.salt.unwrap().len(), parsed.hash.unwrap().len()), (16, 32));
    }

    #[test]
    fn a_password_is_verified_with_its_pepper_only() {
        let phc = hash(&CHEAP, b"pepper", b"secret").unwrap();
        assert_eq!(verify(b"pepper", b"secret", &phc), Ok(true));
        assert_eq!(verify(b"pepper", b"Secret", &phc), Ok(false));
        assert_eq!(verify(b"other pepper", b"secret", &phc), Ok(false));
        assert_eq!(verify(b"", b"secret", &phc), Ok(false));
    }

    #[test]
    fn the_cost_is_read_from_the_stored_hash() {
        let cost = Cost { memory_kib: 32, passes: 3, lanes: 2 };
        let phc = hash(&cost, b"", b"secret").unwrap();
        assert!(phc.contains("$m=32,t=3,p=2$"), "{phc}");
        assert_eq!(verify(b"", b"secret", &phc), Ok(true));
    }

    /// RFC 9106 has only a vector with associated data; this one is from the tests of the reference
    /// implementation, as `echo -n password | argon2 somesalt -id -t 2 -k 256 -p 1 -e` prints it.
    #[test]
    fn hashes_agree_with_the_reference_implementation() {
        let phc = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        assert_eq!(verify(b"", b"password", phc), Ok(true));
    }

    #[test]
    fn hashes_of_another_making_are_refused() {
        let phc = hash(&CHEAP, b"", b"secret").unwrap();
        let cut = phc.rsplit_once('$').unwrap().0;
        for stored in [
            "",
            "secret",
            "$",
            cut,
            "$argon2id$",
            &phc.replace("argon2id", "argon2i"),
            &phc.replace("argon2id", "argon2d"),
            &phc.replace("v=19", "v=16"),
            &phc.replace("$v=19", ""),
            &phc.replace("m=8", "m=1"),
            &phc.replace("argon2id", "scrypt"),
        ] {
            assert_eq!(verify(b"", b"secret", stored), Err(HashError::Stored), "{stored}");
            assert!(needs_rehash(stored, &CHEAP), "{stored}");
        }
    }

    #[test]
    fn a_hash_of_another_cost_is_to_be_renewed() {
        let phc = hash(&CHEAP, b"pepper", b"secret").unwrap();
        assert!(!needs_rehash(&phc, &CHEAP));
        assert!(needs_rehash(&phc, &Cost { memory_kib: 16, ..CHEAP }));
        assert!(needs_rehash(&phc, &Cost { passes: 2, ..CHEAP }));
        assert!(needs_rehash(&phc, &Cost { lanes: 2, ..CHEAP }));
        assert!(needs_rehash(
            "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            &CHEAP
        ));
    }

    #[test]
    fn a_cost_outside_what_argon2_allows_is_refused_not_computed() {
        for cost in [Cost { memory_kib: 0, ..CHEAP }, Cost { passes: 0, ..CHEAP }, Cost { lanes: 0, ..CHEAP }] {
            assert_eq!(hash(&cost, b"", b"secret"), Err(HashError::Parameters));
        }
    }

    #[test]
    fn a_cost_is_read_as_the_settings_write_it() {
        assert_eq!(Cost::parse("m=19456,t=2,p=1"), Ok(Cost::DEFAULT));
        assert_eq!(Cost::parse(" m=12288, t=3, p=2 "), Ok(Cost { memory_kib: 12_288, passes: 3, lanes: 2 }));
        for text in [
            "",
            "19456",
            "m=19456,t=2",
            "t=2,m=19456,p=1",
            "m=19456,t=2,p=1,",
            "m=19456,t=2,p=1,k=1",
            "m=-1,t=2,p=1",
            "m=19456,t=0,p=1",
            "m=7,t=1,p=1",
            "m=4294967296,t=1,p=1",
            "m=19 MiB,t=2,p=1",
        ] {
            assert!(Cost::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_floor_is_that_of_the_standard() {
        for (text, expected) in [
            ("m=47104,t=1,p=1", true),
            ("m=47103,t=1,p=1", false),
            ("m=19456,t=2,p=1", true),
            ("m=19455,t=2,p=1", false),
            ("m=12288,t=3,p=1", true),
            ("m=12287,t=9,p=1", false),
        ] {
            assert_eq!(Cost::parse(text).unwrap().meets_floor(), expected, "{text}");
        }
        assert!(Cost::DEFAULT.meets_floor());
        assert!(!Cost { passes: 0, ..Cost::DEFAULT }.meets_floor());
    }

    proptest! {
        #[test]
        fn reading_never_panics(raw in any::<String>()) {
            let _ = Password::typed(&raw);
            let _ = Password::choose(&raw, Policy::Nist, &Context::default());
            let _ = Password::choose_api(&raw, &Context::default());
            let _ = Cost::parse(&raw);
            prop_assert_eq!(verify(b"", b"secret", &raw), Err(HashError::Stored));
        }

        #[test]
        fn normal_form_is_idempotent(raw in "\\PC{1,60}") {
            if let Some(once) = Password::typed(&raw) {
                prop_assert_eq!(typed(&once.0), Some(once.as_bytes().to_vec()));
            }
        }

        #[test]
        fn whatever_can_be_chosen_can_be_typed(raw in "\\PC{8,140}|[ -~]{8,140}") {
            if let Ok(password) = Password::choose(&raw, Policy::Documents, &Context::default()) {
                prop_assert_eq!(typed(&raw), Some(password.as_bytes().to_vec()));
            }
        }

        #[test]
        fn a_cost_is_read_back_as_it_is_shown(
            memory_kib in 64u32..10_000_000,
            passes in 1u32..100,
            lanes in 1u32..8,
        ) {
            let cost = Cost { memory_kib, passes, lanes };
            prop_assert_eq!(Cost::parse(&cost.to_string()), Ok(cost));
        }

        #[test]
        fn a_password_is_verified_and_no_other(
            password in any::<Vec<u8>>(),
            other in any::<Vec<u8>>(),
            pepper in any::<Vec<u8>>(),
        ) {
            let phc = hash(&CHEAP, &pepper, &password).unwrap();
            prop_assert_eq!(verify(&pepper, &password, &phc), Ok(true));
            prop_assert_eq!(verify(&pepper, &other, &phc), Ok(other == password));
        }
    }
}

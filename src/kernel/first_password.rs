//! The first-time password of the GST portal: made by us, mailed, good for one sign-in (`screens.md` C4, M10).

use rand::Rng as _;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use super::ids::ALPHABET;

/// Three groups of four letters of 5 bits: 60 bits.
const LETTERS: usize = 12;
const GROUP: usize = 4;

/// A first-time password in its canonical form: lower case, without hyphens. Has no `Debug` and is wiped when dropped
/// (security.md T21).
pub struct FirstPassword(Zeroizing<String>);

impl FirstPassword {
    /// A new one from the randomness of the operating system.
    ///
    /// # Panics
    /// When the operating system has no randomness: a password that can be guessed must not be sent.
    pub fn random() -> Self {
        let mut random = [0_u8; LETTERS];
        UnwrapErr(SysRng).fill_bytes(&mut random);
        // 32 letters divide 256 evenly, so the low five bits are unbiased.
        let letters = random.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31)));
        Self(Zeroizing::new(letters.map(|letter| char::from(*letter)).collect()))
    }

    /// What somebody typed or pasted, with or without hyphens, in any case, O for 0 and I or L for 1. `None` when no
    /// letter or digit is left; anything else is for the comparison to judge.
    pub fn typed(raw: &str) -> Option<Self> {
        let kept = raw.chars().filter(|letter| letter.is_ascii_alphanumeric()).take(100);
        let canonical: String = kept
            .map(|letter| match letter.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                other => other,
            })
            .collect();
        (!canonical.is_empty()).then_some(Self(Zeroizing::new(canonical)))
    }

    /// The canonical form, for the MAC.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As the mail shows it: `k7qm-x2vd-9tnw`.
    pub fn grouped(&self) -> String {
        let letters: Vec<char> = self.0.chars().collect();
        letters.chunks(GROUP).map(|group| group.iter().collect()).collect::<Vec<String>>().join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_three_groups_of_letters_and_digits_and_never_the_same() {
        let (one, other) = (FirstPassword::random(), FirstPassword::random());
        assert_ne!(one.as_str(), other.as_str());
        let grouped = one.grouped();
        assert_eq!(grouped.split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4]);
        assert!(grouped.bytes().all(|letter| letter == b'-' || ALPHABET.contains(&letter)));
    }

    #[test]
    fn it_is_recognised_however_it_is_typed() {
        let password = FirstPassword::random();
        for typed in [password.grouped(), password.grouped().to_uppercase(), format!(" {} ", password.as_str())] {
            assert_eq!(FirstPassword::typed(&typed).unwrap().as_str(), password.as_str());
        }
        assert_eq!(FirstPassword::typed("OIL0-11").unwrap().as_str(), "011011");
        assert!(FirstPassword::typed(" \t").is_none());
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_typed_is_bounded(raw in "\\PC{0,300}") {
            if let Some(typed) = FirstPassword::typed(&raw) {
                proptest::prop_assert!(typed.as_str().len() <= 100);
            }
        }
    }
}

//! The first-time password of the GST portal: made by us, mailed, good for one sign-in (`screens.md` C4, M10).

use zeroize::Zeroizing;

use super::letters;

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
        Self(letters::random(LETTERS))
    }

    /// What somebody typed, in the canonical form. `None` when no letter or digit is left; anything else is for the
    /// comparison to judge.
    pub fn typed(raw: &str) -> Option<Self> {
        Some(letters::canonical(raw)).filter(|canonical| !canonical.is_empty()).map(Self)
    }

    /// The canonical form, for the MAC.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As the mail shows it: `k7qm-x2vd-9tnw`.
    pub fn grouped(&self) -> String {
        letters::grouped(&self.0, GROUP)
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
    }

    #[test]
    fn it_is_recognised_however_it_is_typed() {
        let password = FirstPassword::random();
        for typed in [password.grouped(), password.grouped().to_uppercase(), format!(" {} ", password.as_str())] {
            assert_eq!(FirstPassword::typed(&typed).unwrap().as_str(), password.as_str());
        }
        assert!(FirstPassword::typed(" \t").is_none());
    }
}

//! Recovery codes: what lets somebody in whose authenticator app is lost. Each works once (ASVS 6.5.1, 6.5.2).

use zeroize::Zeroizing;

use super::ids::ALPHABET;
use super::letters;

/// Codes that somebody has.
pub const COUNT: usize = 10;
/// Letters of 5 bits after the first: 50 bits.
const LETTERS: usize = 10;
const GROUP: usize = 5;

/// A recovery code. Its first letter tells which of somebody's codes it is, so that one hash is computed to check it and
/// not ten. Has no `Debug` and is wiped when dropped.
pub struct RecoveryCode {
    position: i32,
    canonical: Zeroizing<String>,
}

impl RecoveryCode {
    /// A whole set, in its order.
    pub fn random_set() -> Vec<Self> {
        let made = ALPHABET.iter().take(COUNT).zip(0..).map(|(first, position)| {
            let canonical = Zeroizing::new(format!("{}{}", char::from(*first), letters::random(LETTERS).as_str()));
            Self { position, canonical }
        });
        made.collect()
    }

    /// What somebody typed, when it can be a recovery code.
    pub fn parse(raw: &str) -> Option<Self> {
        let canonical = letters::canonical(raw);
        let first = canonical.bytes().next()?;
        let position = ALPHABET.iter().take(COUNT).position(|letter| *letter == first)?;
        let position = i32::try_from(position).ok()?;
        (canonical.len() == 1 + LETTERS).then_some(Self { position, canonical })
    }

    /// Which of the set it is, from 0.
    pub const fn position(&self) -> i32 {
        self.position
    }

    /// The canonical form, for the hash.
    pub fn as_str(&self) -> &str {
        &self.canonical
    }

    /// As a page shows it: `0-k7qmx-2vd9t`.
    pub fn shown(&self) -> String {
        let (first, rest) = self.canonical.split_at_checked(1).unwrap_or_default();
        format!("{first}-{}", letters::grouped(rest, GROUP))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_ten_different_codes_that_are_recognised_as_shown() {
        let set = RecoveryCode::random_set();
        assert_eq!(set.len(), COUNT);
        for (position, code) in (0..).zip(&set) {
            let typed = RecoveryCode::parse(&format!(" {} ", code.shown().to_uppercase())).unwrap();
            assert_eq!((typed.position(), typed.as_str()), (position, code.as_str()));
        }
    }

    #[test]
    fn what_cannot_be_one_is_told_at_once() {
        for typed in ["", "123456", "0-k7qmx-2vd9", "z-k7qmx-2vd9t", "0-k7qmx-2vd9tt", "\u{0663}-k7qmx-2vd9t"] {
            assert!(RecoveryCode::parse(typed).is_none(), "{typed}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_typed_is_answered(raw in "\\PC{0,200}") {
            if let Some(code) = RecoveryCode::parse(&raw) {
                proptest::prop_assert!(code.position() < 10);
            }
        }
    }
}

//! One-time codes: how they are made and how they are read (screens.md 2.0.5, security.md 3.1).

use std::iter;

use rand::Rng;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use super::gstin::{is_blank, is_dash};

/// Why a text cannot be a one-time code. None of these uses up a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtpFormat {
    /// Nothing but blanks and dashes.
    Empty,
    /// Only digits, but this many of them.
    Length(usize),
    /// Something that is not a digit 0 to 9.
    NotDigits,
}

/// A one-time code of digits 0 to 9, leading zeros included. Has no `Debug` and is wiped when
/// dropped (security.md T21).
pub struct OtpCode(Zeroizing<String>);

impl OtpCode {
    /// Reads a code of so many `digits` as typed: spaces, hyphens and invisible characters do not
    /// count.
    ///
    /// # Errors
    /// [`OtpFormat::Empty`], then [`OtpFormat::NotDigits`], then [`OtpFormat::Length`].
    pub fn parse(raw: &str, digits: usize) -> Result<OtpCode, OtpFormat> {
        let kept = raw.chars().filter(|&c| !is_blank(c) && !is_dash(c));
        let text: Zeroizing<String> = Zeroizing::new(kept.collect());
        if text.is_empty() {
            Err(OtpFormat::Empty)
        } else if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            Err(OtpFormat::NotDigits)
        } else if text.len() != digits {
            Err(OtpFormat::Length(text.len()))
        } else {
            Ok(OtpCode(text))
        }
    }

    /// Makes a new code of so many `digits` from the randomness of the operating system. Every code
    /// is equally likely, those with leading zeros too.
    ///
    /// # Panics
    /// When the operating system has no randomness: a code that can be guessed must not be sent.
    pub fn random(digits: usize) -> OtpCode {
        let mut system = UnwrapErr(SysRng);
        let mut text = Zeroizing::new(String::with_capacity(digits));
        let words = iter::repeat_with(|| system.next_u32());
        text.extend(words.flat_map(u32::to_le_bytes).filter_map(digit_of).take(digits));
        OtpCode(text)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The digit a random byte stands for. 250 to 255 stand for none: with them 0 to 5 would come up
/// more often than 6 to 9 (ASVS 6.5.3).
fn digit_of(byte: u8) -> Option<char> {
    if byte < 250 { char::from_digit(u32::from(byte % 10), 10) } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(raw: &str) -> Result<String, OtpFormat> {
        OtpCode::parse(raw, 6).map(|code| code.as_str().to_owned())
    }

    #[test]
    fn a_code_is_read_with_or_without_spaces_hyphens_and_invisible_characters() {
        for typed in ["012345", " 012 345 ", "012-345", "012\u{2013}345", "\u{200B}012\u{FEFF}345\n"] {
            assert_eq!(read(typed), Ok("012345".to_owned()), "{typed:?}");
        }
    }

    #[test]
    fn nothing_typed_is_told_apart_from_too_few_digits() {
        for typed in ["", "   ", "- -", "\u{200B}"] {
            assert_eq!(read(typed), Err(OtpFormat::Empty), "{typed:?}");
        }
        assert_eq!(read("01234"), Err(OtpFormat::Length(5)));
        assert_eq!(read("01234567"), Err(OtpFormat::Length(8)));
    }

    #[test]
    fn other_characters_are_named_before_the_length() {
        for typed in ["01234O", "12a", "12345.", "०१२३४५", "１２３４５６", "+12345"] {
            assert_eq!(read(typed), Err(OtpFormat::NotDigits), "{typed:?}");
        }
    }

    #[test]
    fn an_eight_digit_code_is_read_when_eight_are_asked_for() {
        assert!(OtpCode::parse("0123 4567", 8).is_ok());
        assert_eq!(OtpCode::parse("012345", 8).err(), Some(OtpFormat::Length(6)));
    }

    #[test]
    fn every_digit_stands_for_equally_many_bytes() {
        for digit in '0'..='9' {
            let bytes = (0..=u8::MAX).filter(|&byte| digit_of(byte) == Some(digit));
            assert_eq!(bytes.count(), 25, "{digit}");
        }
    }

    #[test]
    fn random_codes_keep_leading_zeros_and_differ() {
        let codes: Vec<String> = (0..400).map(|_| OtpCode::random(6).as_str().to_owned()).collect();
        // Chance of no leading zero among 400 codes: 5e-19.
        assert!(codes.iter().any(|code| code.starts_with('0')));
        let distinct: std::collections::HashSet<_> = codes.iter().collect();
        assert!(distinct.len() > 390);
    }

    proptest! {
        #[test]
        fn reading_never_panics_and_gives_only_so_many_digits(
            raw in any::<String>(),
            digits in 0usize..12,
        ) {
            if let Ok(code) = OtpCode::parse(&raw, digits) {
                prop_assert_eq!(code.as_str().len(), digits);
                prop_assert!(code.as_str().bytes().all(|byte| byte.is_ascii_digit()));
            }
        }

        #[test]
        fn a_random_code_can_be_read_back(digits in 1usize..12) {
            let code = OtpCode::random(digits);
            prop_assert!(OtpCode::parse(code.as_str(), digits).is_ok());
        }

        #[test]
        fn blanks_anywhere_do_not_change_a_code(
            code in "[0-9]{6}",
            at in 0usize..=6,
            blank in "[ \u{200B}\u{2013}-]{1,3}",
        ) {
            let (head, tail) = code.split_at(at);
            prop_assert_eq!(read(&format!("{head}{blank}{tail}")), Ok(code.clone()));
        }
    }
}

//! The name software signs in with (screens.md A12): chosen once per GSTIN and unique in the IRP.

use super::gstin::is_blank;

/// Why a text is not an API username. The first thing wrong, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiUsernameError {
    /// Nothing but blanks.
    Empty,
    /// Not 6 to 30 characters.
    Length,
    /// Something other than a letter, digit, dot, hyphen or underscore of plain ASCII.
    Characters,
    /// Starts or ends with a dot, hyphen or underscore.
    Ends,
}

/// An API username as it was typed, letter case included: clients send it back that way. Two names
/// that differ in case only are the same name to the IRP: compare [`ApiUsername::canonical`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApiUsername(String);

const LONGEST: usize = 30;

/// Digits of the number at the end that [`ApiUsername::next`] counts on; more would not fit an
/// `u64`.
const COUNTER_DIGITS: usize = 9;

impl ApiUsername {
    /// Reads a name as typed, without the blanks around it.
    ///
    /// # Errors
    /// The first failing check of [`ApiUsernameError`], in its order.
    pub fn parse(raw: &str) -> Result<ApiUsername, ApiUsernameError> {
        let name = raw.trim_matches(is_blank);
        if name.is_empty() {
            Err(ApiUsernameError::Empty)
        } else if !(6..=LONGEST).contains(&name.chars().count()) {
            Err(ApiUsernameError::Length)
        } else if !name.chars().all(|c| is_letter_or_digit(c) || matches!(c, '.' | '_' | '-')) {
            Err(ApiUsernameError::Characters)
        } else if !name.starts_with(is_letter_or_digit) || !name.ends_with(is_letter_or_digit) {
            Err(ApiUsernameError::Ends)
        } else {
            Ok(ApiUsername(name.to_owned()))
        }
    }

    /// The name as typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name in small letters, which must be unique.
    pub fn canonical(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// Another valid name to suggest when this one is taken: the number at its end plus one, or
    /// `_01` after a name without one. A name that gets too long loses letters before the number.
    pub fn next(&self) -> ApiUsername {
        let (stem, number) = self.split_number();
        let ending = match number.parse::<u64>() {
            Ok(counter) => format!("{:0width$}", counter + 1, width = number.len()),
            Err(_) => "_01".to_owned(),
        };
        let room = LONGEST - ending.len();
        ApiUsername(stem.chars().take(room).chain(ending.chars()).collect())
    }

    /// The name in front of the number it ends with, and that number; both may be empty.
    fn split_number(&self) -> (&str, &str) {
        let digits = self.0.bytes().rev().take_while(u8::is_ascii_digit);
        let start = self.0.len() - digits.take(COUNTER_DIGITS).count();
        self.0.split_at_checked(start).unwrap_or((&self.0, ""))
    }
}

fn is_letter_or_digit(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn next_of(name: &str) -> String {
        ApiUsername::parse(name).unwrap().next().as_str().to_owned()
    }

    #[test]
    fn usual_names_are_accepted_as_typed() {
        for name in ["acme_irp_01", "API_29AABCF8078M2ZW", "Acme.Irp-1", "abc123", "adqgsphpusr1"] {
            assert_eq!(ApiUsername::parse(name).unwrap().as_str(), name);
        }
        assert_eq!(ApiUsername::parse(" acme_irp\u{200B}\n").unwrap().as_str(), "acme_irp");
    }

    #[test]
    fn the_first_fault_is_told() {
        for (typed, fault) in [
            ("", ApiUsernameError::Empty),
            (" \u{FEFF} ", ApiUsernameError::Empty),
            ("acme1", ApiUsernameError::Length),
            ("a234567890123456789012345678901", ApiUsernameError::Length),
            ("a b", ApiUsernameError::Length),
            ("acme irp", ApiUsernameError::Characters),
            ("acmé_irp", ApiUsernameError::Characters),
            ("acme@irp", ApiUsernameError::Characters),
            ("_acme_é", ApiUsernameError::Characters),
            ("_acme_irp", ApiUsernameError::Ends),
            ("acme_irp.", ApiUsernameError::Ends),
            ("------", ApiUsernameError::Ends),
        ] {
            assert_eq!(ApiUsername::parse(typed), Err(fault), "{typed:?}");
        }
    }

    #[test]
    fn six_and_thirty_characters_are_the_limits() {
        assert!(ApiUsername::parse("abcdef").is_ok());
        assert!(ApiUsername::parse(&"a".repeat(30)).is_ok());
    }

    #[test]
    fn names_that_differ_in_case_only_are_one_name() {
        let (small, capital) = (ApiUsername::parse("acme_irp"), ApiUsername::parse("ACME_Irp"));
        assert_eq!(small.unwrap().canonical(), capital.unwrap().canonical());
    }

    #[test]
    fn the_next_name_counts_on() {
        assert_eq!(next_of("acme_irp_01"), "acme_irp_02");
        assert_eq!(next_of("acme_irp"), "acme_irp_01");
        assert_eq!(next_of("acme_irp_99"), "acme_irp_100");
        assert_eq!(next_of("user9x"), "user9x_01");
        assert_eq!(next_of("999999"), "1000000");
        assert_eq!(next_of(&"a".repeat(30)), format!("{}_01", "a".repeat(27)));
        assert_eq!(next_of(&format!("{}9", "a".repeat(29))), format!("{}10", "a".repeat(28)));
    }

    const NAME: &str = "[A-Za-z0-9][A-Za-z0-9._-]{4,28}[A-Za-z0-9]";

    proptest! {
        #[test]
        fn reading_never_panics_and_is_stable(raw in any::<String>()) {
            if let Ok(name) = ApiUsername::parse(&raw) {
                prop_assert_eq!(ApiUsername::parse(name.as_str()), Ok(name));
            }
        }

        #[test]
        fn every_name_of_the_hinted_form_is_accepted(name in NAME) {
            prop_assert!(ApiUsername::parse(&name).is_ok());
        }

        #[test]
        fn the_next_name_is_valid_and_another_one(
            name in prop_oneof![NAME, "[0-9]{6,30}", "[a-z][0-9]{29}", "[a-z][_.-]{28}9"],
        ) {
            let name = ApiUsername::parse(&name).unwrap();
            let next = name.next();
            prop_assert_eq!(ApiUsername::parse(next.as_str()), Ok(next.clone()));
            prop_assert_ne!(next.canonical(), name.canonical());
        }
    }
}

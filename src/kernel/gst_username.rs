//! Usernames of the GST portal: 8 to 15 letters and digits with at least one digit (`screens.md` C4).

use std::fmt;

/// What is wrong with a chosen username; the first fault that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GstUsernameError {
    Empty,
    Length,
    Characters,
    NoNumber,
}

/// A username in its canonical form, lower case: unique and recognised whatever the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GstUsername(String);

impl GstUsername {
    /// ASCII only, so that no two usernames look alike; blanks around it are dropped.
    pub fn parse(raw: &str) -> Result<Self, GstUsernameError> {
        let typed = raw.trim();
        if typed.is_empty() {
            return Err(GstUsernameError::Empty);
        }
        if !typed.chars().all(|letter| letter.is_ascii_alphanumeric()) {
            return Err(GstUsernameError::Characters);
        }
        if !(8..=15).contains(&typed.len()) {
            return Err(GstUsernameError::Length);
        }
        if !typed.contains(|letter: char| letter.is_ascii_digit()) {
            return Err(GstUsernameError::NoNumber);
        }
        Ok(Self(typed.to_ascii_lowercase()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for GstUsername {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_8_to_15_letters_and_digits_with_a_digit() {
        for right in ["acmegst1", "Acme2026Bengalu", "12345678"] {
            assert!(GstUsername::parse(right).is_ok(), "{right}");
        }
        let wrong = [
            ("  ", GstUsernameError::Empty),
            ("acmegs1", GstUsernameError::Length),
            ("acme2026bengalur", GstUsernameError::Length),
            ("acmestores", GstUsernameError::NoNumber),
            ("acme gst1", GstUsernameError::Characters),
            ("acme_gst1", GstUsernameError::Characters),
            ("ａcmegst1", GstUsernameError::Characters),
            ("acmegst१", GstUsernameError::Characters),
        ];
        for (raw, fault) in wrong {
            assert_eq!(GstUsername::parse(raw), Err(fault), "{raw}");
        }
    }

    #[test]
    fn case_and_blanks_around_it_make_no_other_username() {
        assert_eq!(GstUsername::parse(" AcmeGst1 ").unwrap().as_str(), "acmegst1");
    }

    proptest::proptest! {
        #[test]
        fn a_canonical_username_parses_to_itself(raw in "\\PC{0,20}") {
            if let Ok(username) = GstUsername::parse(&raw) {
                proptest::prop_assert_eq!(GstUsername::parse(username.as_str()).unwrap(), username);
            }
        }
    }
}

//! The permanent account number of the income tax department, which every GSTIN of a taxpayer holds (domain.md 5.3).

/// A PAN in capital letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pan(String);

impl Pan {
    /// Five letters, four digits and a letter, whatever their case and the blanks around them; `None` for anything else.
    pub fn parse(raw: &str) -> Option<Self> {
        let pan = raw.trim().to_ascii_uppercase();
        let fits = |(at, sign): (usize, u8)| match at {
            0..5 | 9 => sign.is_ascii_uppercase(),
            _ => sign.is_ascii_digit(),
        };
        (pan.len() == 10 && pan.bytes().enumerate().all(fits)).then_some(Self(pan))
    }

    /// The ten characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pan_is_five_letters_four_digits_and_a_letter() {
        assert_eq!(Pan::parse(" abcde1234f\n").unwrap().as_str(), "ABCDE1234F");
        for other in ["", "ABCDE1234", "ABCDE12345", "ABCD51234F", "ABCDE1234FF", "ABCDÉ1234F", "29ABCDE1234F1ZW"] {
            assert_eq!(Pan::parse(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(raw in any::<String>()) {
            prop_assert!(Pan::parse(&raw).is_none_or(|pan| pan.as_str().len() == 10));
        }
    }
}

//! Email addresses and mobile numbers: what is accepted, how they are kept, and how they are shown
//! (screens.md A3, 2.0.5).

use std::fmt;

use super::gstin::{is_blank, is_dash};

/// Why a text is not an email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailError {
    /// Nothing but blanks.
    Empty,
    /// Not of the form `name@example.com`, or not safe in a mail header.
    Format,
}

/// Why a text is not an Indian mobile number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MobileError {
    /// Nothing but blanks.
    Empty,
    /// Not 10 digits that start with 6, 7, 8 or 9.
    Format,
}

/// An email address in lower case, of plain ASCII without a sign that could end or split a mail
/// header (security.md T22). `Debug` shows it masked: addresses do not belong in logs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

/// An Indian mobile number: 10 digits, the first from 6 to 9. `Debug` shows it masked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mobile(String);

/// Always five, so that the mask does not tell the length of the name.
const HIDDEN_NAME: &str = "•••••";
/// The digits of a mobile number that are not shown.
const HIDDEN_DIGITS: &str = "••••••";

impl Email {
    /// Reads an address as typed. Blanks around it are dropped and letters become small, so that a
    /// match with the registered address ignores case.
    ///
    /// # Errors
    /// [`EmailError::Empty`] or [`EmailError::Format`].
    pub fn parse(raw: &str) -> Result<Email, EmailError> {
        let text = raw.trim_matches(is_blank).to_ascii_lowercase();
        if text.is_empty() {
            return Err(EmailError::Empty);
        }
        let (name, domain) = text.split_once('@').ok_or(EmailError::Format)?;
        if text.len() <= 254 && is_name(name) && is_domain(domain) { Ok(Email(text)) } else { Err(EmailError::Format) }
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }

    /// The address as screens show it, `b•••••@example.in`: first letter and domain.
    pub fn masked(&self) -> String {
        let first: String = self.0.chars().take(1).collect();
        let domain = self.0.rsplit('@').next().unwrap_or_default();
        format!("{first}{HIDDEN_NAME}@{domain}")
    }
}

impl Mobile {
    /// Reads a number as typed, with or without `+91`, `0091`, `91` or `0` in front; blanks, dashes
    /// and brackets are dropped.
    ///
    /// # Errors
    /// [`MobileError::Empty`] or [`MobileError::Format`].
    pub fn parse(raw: &str) -> Result<Mobile, MobileError> {
        let kept = raw.chars().filter(|&c| !is_blank(c) && !is_dash(c) && !matches!(c, '(' | ')'));
        let text: String = kept.collect();
        if text.is_empty() {
            return Err(MobileError::Empty);
        }
        // At most one prefix leaves ten digits, so their order does not matter.
        let numbers =
            ["", "0", "91", "+91", "091", "+910", "0091"].iter().filter_map(|prefix| text.strip_prefix(prefix));
        let number = numbers.into_iter().find(|rest| is_mobile(rest)).ok_or(MobileError::Format)?;
        Ok(Mobile(number.to_owned()))
    }

    /// The ten digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number as screens show it, `••••••7890`: the last four digits.
    pub fn masked(&self) -> String {
        format!("{HIDDEN_DIGITS}{}", self.0.get(6..).unwrap_or_default())
    }

    /// The number as message gateways want it, `919876543210`: country code first, no plus sign.
    pub fn international(&self) -> String {
        format!("91{}", self.0)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Email({})", self.masked())
    }
}

impl fmt::Debug for Mobile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mobile({})", self.masked())
    }
}

/// The unquoted form of RFC 5321: words of letters, digits and harmless signs, joined by single
/// dots, at most 64 long.
fn is_name(name: &str) -> bool {
    name.len() <= 64 && name.split('.').all(|word| !word.is_empty() && word.chars().all(is_name_character))
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c)
}

/// A host name of at least two labels whose last one is a word: no address in numbers, no bracketed
/// address.
fn is_domain(domain: &str) -> bool {
    let top = domain.rsplit('.').next().unwrap_or_default();
    domain.contains('.')
        && domain.split('.').all(is_label)
        && top.len() >= 2
        && top.starts_with(|c: char| c.is_ascii_alphabetic())
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

fn is_mobile(text: &str) -> bool {
    text.len() == 10 && text.starts_with(['6', '7', '8', '9']) && text.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usual_addresses_are_accepted_in_small_letters() {
        for (typed, kept) in [
            ("bina@example.in", "bina@example.in"),
            (" Bina.Shah+gst@Example.CO.IN\u{200B}\n", "bina.shah+gst@example.co.in"),
            ("o'brien@example.com", "o'brien@example.com"),
            ("a@b-c.in", "a@b-c.in"),
            ("x_1-2@xn--i1b6b1a6a2e.in", "x_1-2@xn--i1b6b1a6a2e.in"),
        ] {
            assert_eq!(Email::parse(typed).unwrap().as_str(), kept);
        }
    }

    #[test]
    fn nothing_typed_is_told_apart_from_a_wrong_format() {
        assert_eq!(Email::parse(" \t\u{FEFF}"), Err(EmailError::Empty));
        assert_eq!(Mobile::parse(" - ()"), Err(MobileError::Empty));
        assert_eq!(Email::parse("bina"), Err(EmailError::Format));
        assert_eq!(Mobile::parse("12345"), Err(MobileError::Format));
    }

    #[test]
    fn other_forms_of_address_are_refused() {
        for typed in [
            "@example.in",
            "bina@",
            "bina@@example.in",
            "bina@a@example.in",
            "bina@example",
            "bina@example.",
            "bina@.in",
            "bina@-example.in",
            "bina@example-.in",
            "bina@exa_mple.in",
            ".bina@example.in",
            "bina.@example.in",
            "bi..na@example.in",
            "bina shah@example.in",
            "\"bina\"@example.in",
            "bina@[127.0.0.1]",
            "bina@127.0.0.1",
            "bina@example.i",
            "bina@example.1n",
            "Bina <bina@example.in>",
            "bina@example.in,x@example.in",
            "bina@example.in;x",
            "bina@exämple.in",
            "बीना@example.in",
            "bina@example.in (home)",
            "bina\\@example.in",
        ] {
            assert_eq!(Email::parse(typed), Err(EmailError::Format), "{typed}");
        }
    }

    #[test]
    fn addresses_that_would_split_a_mail_header_are_refused() {
        for typed in [
            "bina@example.in\r\nBcc: x@example.in",
            "bina\n@example.in",
            "bina@example.in\0",
            "bi\tna@example.in",
            "bina@exam\u{2028}ple.in",
            "bi\u{200B}na@example.in",
        ] {
            assert_eq!(Email::parse(typed), Err(EmailError::Format), "{typed:?}");
        }
    }

    #[test]
    fn addresses_have_the_length_limits_of_mail() {
        assert!(Email::parse(&format!("{}@example.in", "a".repeat(64))).is_ok());
        assert!(Email::parse(&format!("{}@example.in", "a".repeat(65))).is_err());
        assert!(Email::parse(&format!("a@{}.in", "b".repeat(63))).is_ok());
        assert!(Email::parse(&format!("a@{}.in", "b".repeat(64))).is_err());
        let domain = format!("{}in", "bcdefgh.".repeat(31));
        assert_eq!(domain.len(), 250);
        assert!(Email::parse(&format!("abc@{domain}")).is_ok());
        assert!(Email::parse(&format!("abcd@{domain}")).is_err());
    }

    #[test]
    fn usual_ways_of_writing_a_mobile_number_give_one_value() {
        for typed in [
            "9876543210",
            "+919876543210",
            "+91 98765 43210",
            "+91-98765-43210",
            "919876543210",
            "09876543210",
            "0091 98765 43210",
            "(+91) 98765\u{2013}43210",
            "+91 (0) 98765 43210",
            "\u{202A}98765 43210\u{202C}",
        ] {
            assert_eq!(Mobile::parse(typed).unwrap().as_str(), "9876543210", "{typed}");
        }
    }

    #[test]
    fn a_number_that_starts_like_a_prefix_keeps_its_digits() {
        assert_eq!(Mobile::parse("9198765432").unwrap().as_str(), "9198765432");
        assert_eq!(Mobile::parse("919198765432").unwrap().as_str(), "9198765432");
    }

    #[test]
    fn numbers_that_are_not_indian_mobiles_are_refused() {
        for typed in [
            "5876543210",
            "987654321",
            "98765432100",
            "+449876543210",
            "+9876543210",
            "98765x43210",
            "9876543210 ext 1",
            "９８７６５４３２１０",
            "९८७६५४३२१०",
            "00919876543210 0",
            "tel:9876543210",
            "9876543210\0",
        ] {
            assert_eq!(Mobile::parse(typed), Err(MobileError::Format), "{typed:?}");
        }
    }

    #[test]
    fn contacts_are_masked_as_on_the_otp_page() {
        let (email, mobile) = (Email::parse("bina@example.in").unwrap(), Mobile::parse("9876547890").unwrap());
        assert_eq!(email.masked(), "b•••••@example.in");
        assert_eq!(mobile.masked(), "••••••7890");
        assert_eq!(format!("{email:?} {mobile:?}"), "Email(b•••••@example.in) Mobile(••••••7890)");
    }

    #[test]
    fn contacts_come_in_the_forms_their_users_need() {
        assert_eq!(Email::parse("bina.shah@example.in").unwrap().local_part(), "bina.shah");
        assert_eq!(Mobile::parse("9876543210").unwrap().international(), "919876543210");
    }

    const ADDRESS: &str =
        concat!("[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,10}(\\.[a-z0-9_-]{1,10}){0,3}", "@([a-z0-9]{1,10}\\.){1,3}[a-z]{2,6}",);

    proptest! {
        #[test]
        fn reading_never_panics_and_is_stable(raw in any::<String>()) {
            if let Ok(email) = Email::parse(&raw) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
            if let Ok(mobile) = Mobile::parse(&raw) {
                prop_assert_eq!(Mobile::parse(mobile.as_str()), Ok(mobile));
            }
        }

        #[test]
        fn whatever_is_accepted_is_safe_in_a_mail_header(
            raw in "[ -~\\n\\r\\t\u{80}-\u{ff}]{1,12}@[ -~\\n\\r]{1,8}\\.[a-z]{2,3}",
        ) {
            if let Ok(email) = Email::parse(&raw) {
                let is_safe = |c: char| c.is_ascii_graphic() && !"\"<>(),;:\\[]".contains(c);
                prop_assert!(email.as_str().chars().all(is_safe));
                prop_assert_eq!(email.as_str().matches('@').count(), 1);
            }
        }

        #[test]
        fn letter_case_of_an_address_does_not_matter(address in ADDRESS) {
            prop_assert!(Email::parse(&address).is_ok());
            prop_assert_eq!(Email::parse(&address), Email::parse(&address.to_uppercase()));
        }

        #[test]
        fn a_mask_tells_the_first_letter_and_the_domain_only(address in ADDRESS) {
            let masked = Email::parse(&address).unwrap().masked();
            let (name, domain) = address.split_once('@').unwrap();
            prop_assert_eq!(masked, format!("{}•••••@{domain}", &name[..1]));
        }

        #[test]
        fn every_indian_mobile_is_accepted_with_every_prefix(
            number in "[6-9][0-9]{9}",
            prefix in "|0|91|\\+91|0091|\\+91 |\\(0\\)",
        ) {
            let mobile = Mobile::parse(&format!("{prefix}{number}")).unwrap();
            prop_assert_eq!(mobile.as_str(), &number);
            prop_assert_eq!(Mobile::parse(&mobile.international()), Ok(mobile));
        }
    }
}

//! Words an attacker of one account tries first: its own names and numbers (security.md 3.3).

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::kernel::contact::{Email, Mobile};
use crate::kernel::gstin::Gstin;

/// Whose password it is. Leave out what the account does not have.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// The GSTIN of the account, which is also its username.
    pub gstin: Option<&'a Gstin>,
    /// Legal name, trade name, people, usernames.
    pub names: &'a [&'a str],
    /// Registered email addresses.
    pub emails: &'a [Email],
    /// Registered mobile numbers.
    pub mobiles: &'a [Mobile],
}

/// What of its owner, or of this service, a password contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextKind {
    /// The GSTIN or the PAN in it.
    Gstin,
    /// A word of a name.
    Name,
    /// The part of an email address before the `@`.
    Email,
    /// The end of a mobile number.
    Phone,
    /// A name of this service or of its trade.
    Product,
}

/// Shorter words turn up in good passwords by chance.
const SHORTEST_WORD: usize = 4;
/// Someone who knows the owner knows this much of the number by heart.
const PHONE_ENDING: usize = 6;

const PRODUCT_WORDS: [&str; 9] =
    ["sanad", "clearirp", "cleartax", "einvoice", "einvoicing", "ewaybill", "gstin", "gstn", "gstportal"];

impl Context<'_> {
    /// The kinds of words found in `password`, each at most once, in the order of [`ContextKind`].
    pub(super) fn kinds_in(&self, password: &str) -> Vec<ContextKind> {
        let folded = fold(password);
        let reversed: Zeroizing<String> = Zeroizing::new(folded.chars().rev().collect());
        let found = |word: &str| {
            let word = fold(word);
            word.chars().count() >= SHORTEST_WORD
                && (folded.contains(word.as_str()) || reversed.contains(word.as_str()))
        };
        let kinds = [
            (ContextKind::Gstin, self.gstin_words()),
            (ContextKind::Name, self.name_words()),
            (ContextKind::Email, self.email_words()),
            (ContextKind::Phone, self.phone_words()),
            (ContextKind::Product, PRODUCT_WORDS.to_vec()),
        ];
        kinds.into_iter().filter(|(_, words)| words.iter().any(|word| found(word))).map(|(kind, _)| kind).collect()
    }

    /// The PAN is part of the GSTIN, so it alone finds both.
    fn gstin_words(&self) -> Vec<&str> {
        self.gstin.iter().map(|gstin| gstin.pan()).collect()
    }

    fn name_words(&self) -> Vec<&str> {
        self.names.iter().flat_map(|name| name.split(is_between_words)).collect()
    }

    fn email_words(&self) -> Vec<&str> {
        self.emails.iter().map(Email::local_part).collect()
    }

    fn phone_words(&self) -> Vec<&str> {
        self.mobiles.iter().filter_map(|mobile| mobile.as_str().get(10 - PHONE_ENDING..)).collect()
    }
}

/// Not "other than alphanumeric": the vowel signs of Indian scripts are inside words.
fn is_between_words(c: char) -> bool {
    c.is_whitespace() || c.is_ascii_punctuation()
}

/// A text as a guesser sees it: small letters, digits and signs read as the letters they stand for,
/// joints dropped. `i`, `1` and `!` all become `l`, because `1` stands for both.
pub(super) fn fold(text: &str) -> Zeroizing<String> {
    let mut folded = Zeroizing::new(String::with_capacity(text.len()));
    let small = text.nfkc().flat_map(char::to_lowercase);
    folded.extend(small.filter(|c| !matches!(c, ' ' | '.' | '-' | '_')).map(fold_character));
    folded
}

fn fold_character(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | 'i' | '!' | '|' => 'l',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The kinds found in a password of `acme traders`, 27AAPFU0939F1ZV, ravi.kumar@…, 9876543210.
    fn kinds(password: &str) -> Vec<ContextKind> {
        let gstin = Gstin::parse("27AAPFU0939F1ZV").unwrap();
        let context = Context {
            gstin: Some(&gstin),
            names: &["Acme Traders & Co.", "शर्मा"],
            emails: &[Email::parse("ravi.kumar@example.in").unwrap()],
            mobiles: &[Mobile::parse("9876543210").unwrap()],
        };
        context.kinds_in(password)
    }

    #[test]
    fn words_of_the_owner_are_found_by_kind() {
        for (password, kind) in [
            ("x27AAPFU0939F1ZV!", ContextKind::Gstin),
            ("my aapfu0939f !", ContextKind::Gstin),
            ("AAPFU-0939-F", ContextKind::Gstin),
            ("blue ACME 77!", ContextKind::Name),
            ("traders blue 7", ContextKind::Name),
            ("शर्मा जी 77", ContextKind::Name),
            ("Ravi.Kumar blue 7", ContextKind::Email),
            ("ravikumar blue 7", ContextKind::Email),
            ("blue 543210 x", ContextKind::Phone),
            ("+91 98765 43210 x", ContextKind::Phone),
            ("blue sanad 7", ContextKind::Product),
            ("My e-Invoice 77", ContextKind::Product),
        ] {
            assert_eq!(kinds(password), [kind], "{password}");
        }
    }

    #[test]
    fn signs_for_letters_and_reversed_words_do_not_hide_them() {
        for (password, kind) in [
            ("@cm3 blue 7!", ContextKind::Name),
            ("blue $@n@d 7", ContextKind::Product),
            ("blue emca 7!", ContextKind::Name),
            ("blue G5T!N 7", ContextKind::Product),
            ("012345 blue x", ContextKind::Phone),
            ("ＡＣＭＥ blue 7!", ContextKind::Name),
        ] {
            assert_eq!(kinds(password), [kind], "{password}");
        }
    }

    #[test]
    fn words_of_less_than_four_characters_are_not_looked_for() {
        assert_eq!(kinds("four tall cows 7"), []);
        assert_eq!(kinds("blue 43210 x"), []);
    }

    #[test]
    fn kinds_come_once_and_in_their_order() {
        let all = kinds("sanad sanad 543210 ravi.kumar traders acme 27AAPFU0939F1ZV");
        let expected =
            [ContextKind::Gstin, ContextKind::Name, ContextKind::Email, ContextKind::Phone, ContextKind::Product];
        assert_eq!(all, expected);
    }

    #[test]
    fn without_an_owner_only_product_words_count() {
        assert_eq!(Context::default().kinds_in("acme traders 27AAPFU0939F1ZV"), []);
        assert_eq!(Context::default().kinds_in("gstin 27AAPFU0939F1ZV"), [ContextKind::Product]);
    }

    proptest! {
        #[test]
        fn looking_never_panics(password in any::<String>(), name in any::<String>()) {
            let names = [name.as_str()];
            let context = Context { names: &names, ..Context::default() };
            let _ = context.kinds_in(&password);
        }

        #[test]
        fn a_name_is_found_wherever_it_stands(
            before in "\\PC{0,12}",
            after in "\\PC{0,12}",
            name in "[a-z]{4,12}",
        ) {
            let names = [name.as_str()];
            let context = Context { names: &names, ..Context::default() };
            let shown = name.to_uppercase();
            let found = context.kinds_in(&format!("{before} {shown} {after}"));
            prop_assert!(found.contains(&ContextKind::Name));
        }

        #[test]
        fn folding_is_idempotent(text in "[ -~]{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}

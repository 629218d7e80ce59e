//! What a chosen password must be (security.md 3.3, DV-1; screens.md 2.0.7 and A12).

use super::common::is_common;
use super::context::{Context, ContextKind};

/// Which rules the operator chose (`password.policy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Those of the product documents: 8 characters, a number, an alphabet, a special character.
    Documents,
    /// Those of NIST SP 800-63B for a password alone: 15 characters, no composition.
    Nist,
}

/// One rule a chosen password breaks. Screens list them in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordFault {
    /// Fewer characters than the policy asks for.
    TooShort,
    /// No number of any script.
    NoNumber,
    /// No letter of any script.
    NoAlphabet,
    /// Nothing that is neither letter nor number; a space would do.
    NoSpecial,
    /// More than 128 characters or 512 bytes; for an API password, more than 64 characters.
    TooLong,
    /// Others have it too, or it is guessed at once.
    Common,
    /// It contains a word that belongs to its owner or to this service.
    Context(ContextKind),
    /// It contains a control character such as NUL, which no one types on purpose.
    Control,
    /// An API password only: not of the printable ASCII characters the wire can carry.
    NotPlain,
}

/// Upper limit of any password in code points, and in bytes of its normal form.
pub(super) const MOST_CHARACTERS: usize = 128;
pub(super) const MOST_BYTES: usize = 512;

/// The numbers behind a policy, and whether the password goes over the national protocol's wire.
pub(super) struct Rules {
    least: usize,
    most: usize,
    composition: bool,
    plain: bool,
}

/// API passwords keep the documents' rule whatever the policy: people do not type them every day,
/// and with 64 characters at most the wire has no room for long phrases.
pub(super) const API: Rules = Rules { least: 8, most: 64, composition: true, plain: true };

impl Policy {
    pub(super) const fn rules(self) -> Rules {
        let (least, composition) = match self {
            Policy::Documents => (8, true),
            Policy::Nist => (15, false),
        };
        Rules { least, most: MOST_CHARACTERS, composition, plain: false }
    }
}

impl Rules {
    /// Every rule that `password` (in normal form) breaks, in the order of [`PasswordFault`].
    pub(super) fn faults(&self, password: &str, context: &Context<'_>) -> Vec<PasswordFault> {
        let length = password.chars().count();
        let lacks = |wanted: fn(char) -> bool| self.composition && !password.contains(wanted);
        let too_long = length > self.most || password.len() > MOST_BYTES;
        let broken = [
            (length < self.least, PasswordFault::TooShort),
            (lacks(char::is_numeric), PasswordFault::NoNumber),
            (lacks(char::is_alphabetic), PasswordFault::NoAlphabet),
            (lacks(is_special), PasswordFault::NoSpecial),
            (too_long, PasswordFault::TooLong),
            // Judging takes longer than linear time, so it is for texts of bounded length only.
            (!too_long && is_common(password), PasswordFault::Common),
        ];
        let unfit = [
            (!self.plain && password.contains(char::is_control), PasswordFault::Control),
            (self.plain && !password.chars().all(is_plain), PasswordFault::NotPlain),
        ];
        let words = context.kinds_in(password).into_iter().map(|kind| (true, PasswordFault::Context(kind)));
        let all = broken.into_iter().chain(words).chain(unfit);
        all.filter(|(is_broken, _)| *is_broken).map(|(_, fault)| fault).collect()
    }
}

fn is_special(c: char) -> bool {
    !c.is_alphanumeric()
}

fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use PasswordFault::{Common, Control, NoAlphabet, NoNumber, NoSpecial, NotPlain, TooLong, TooShort};

    fn faults(password: &str, rules: &Rules) -> Vec<PasswordFault> {
        rules.faults(password, &Context::default())
    }

    /// The faults under the documents' rules, but for `Common`, which has its own tests.
    fn documents(password: &str) -> Vec<PasswordFault> {
        let mut found = faults(password, &Policy::Documents.rules());
        found.retain(|fault| *fault != Common);
        found
    }

    /// Not guessable text of so many characters, with letter, digit and sign.
    fn random_looking(length: usize) -> String {
        "kV9#qTz2 wM4&xRb7;Lp3_Hd8".chars().cycle().take(length).collect()
    }

    #[test]
    fn a_phrase_with_a_number_passes_at_once() {
        assert_eq!(faults("four tall trees 7", &Policy::Documents.rules()), []);
    }

    #[test]
    fn all_broken_rules_are_told_at_once_and_in_order() {
        assert_eq!(faults("", &Policy::Documents.rules()), [TooShort, NoNumber, NoAlphabet, NoSpecial, Common]);
        assert_eq!(
            faults("gstin\0", &Policy::Documents.rules()),
            [TooShort, NoNumber, Common, PasswordFault::Context(ContextKind::Product), Control,]
        );
    }

    #[test]
    fn each_rule_of_the_documents_is_told_by_itself() {
        assert_eq!(documents("kV9#qTz"), [TooShort]);
        assert_eq!(documents("kVx#qTzy"), [NoNumber]);
        assert_eq!(documents("519#8242"), [NoAlphabet]);
        assert_eq!(documents("kV9xqTz2"), [NoSpecial]);
        assert_eq!(documents("kV9#qTz2"), []);
    }

    #[test]
    fn letters_numbers_and_signs_of_any_script_count() {
        assert_eq!(documents("नीला घोड़ा ७"), []);
        assert_eq!(documents("éàüöñçêß٣€"), []);
        assert_eq!(documents("kV9 qTz2"), []);
    }

    #[test]
    fn eight_code_points_are_enough_however_many_bytes_they_take() {
        assert_eq!(documents("éàüöñç7€"), []);
        assert_eq!(documents("éàüöñ7€"), [TooShort]);
    }

    #[test]
    fn a_password_may_have_128_code_points_and_512_bytes() {
        assert_eq!(documents(&random_looking(128)), []);
        assert_eq!(documents(&random_looking(129)), [TooLong]);
        assert_eq!(documents(&"!".repeat(1_000_000)), [NoNumber, NoAlphabet, TooLong]);
        let widest: String = "𝒜𝒷7 ".chars().cycle().take(128).collect();
        assert!(widest.len() <= 512);
        assert_eq!(documents(&widest), []);
    }

    #[test]
    fn control_characters_are_refused() {
        for c in ['\0', '\n', '\t', '\u{7f}', '\u{85}'] {
            assert_eq!(documents(&format!("kV9#qTz2{c}")), [Control], "{c:?}");
        }
    }

    #[test]
    fn the_nist_policy_asks_for_length_and_for_nothing_else() {
        let rules = Policy::Nist.rules();
        assert_eq!(faults("monsoon kettle vans", &rules), []);
        assert_eq!(faults("monsoonkettlevans", &rules), []);
        assert_eq!(faults("kV9#qTz2wM4&xR", &rules), [TooShort]);
        assert_eq!(faults("passwordpassword", &rules), [Common]);
    }

    #[test]
    fn an_api_password_has_8_to_64_plain_characters() {
        assert_eq!(faults(&random_looking(8), &API), []);
        assert_eq!(faults(&random_looking(64), &API), []);
        assert_eq!(faults(&random_looking(65), &API), [TooLong]);
        assert_eq!(faults(&random_looking(7), &API), [TooShort]);
        assert_eq!(faults("kV9#qTz2é", &API), [NotPlain]);
        assert_eq!(faults("kV9#qTz2\n", &API), [NotPlain]);
        assert_eq!(faults("Gsp@1234", &API), [Common]);
        assert_eq!(faults("monsoon kettle vans", &API), [NoNumber]);
    }

    proptest! {
        #[test]
        fn judging_never_panics_and_keeps_the_order(
            password in "\\PC{0,40}|[ -~]{0,140}|[\\x00-\u{ff}]{0,20}",
        ) {
            for rules in [Policy::Documents.rules(), Policy::Nist.rules(), API] {
                let found = faults(&password, &rules);
                let places: Vec<usize> = found.iter().map(place).collect();
                prop_assert!(places.is_sorted(), "{found:?}");
            }
        }

        #[test]
        fn whatever_passes_satisfies_the_documents(password in "\\PC{6,20}|[ -~]{6,20}") {
            if faults(&password, &Policy::Documents.rules()).is_empty() {
                prop_assert!((8..=128).contains(&password.chars().count()));
                prop_assert!(password.chars().any(char::is_numeric));
                prop_assert!(password.chars().any(char::is_alphabetic));
                prop_assert!(password.chars().any(|c| !c.is_alphanumeric()));
            }
        }

        #[test]
        fn an_api_password_that_passes_also_passes_for_an_account(password in "[ -~]{6,70}") {
            if faults(&password, &API).is_empty() {
                prop_assert_eq!(faults(&password, &Policy::Documents.rules()), []);
            }
        }
    }

    fn place(fault: &PasswordFault) -> usize {
        match fault {
            TooShort => 0,
            NoNumber => 1,
            NoAlphabet => 2,
            NoSpecial => 3,
            TooLong => 4,
            Common => 5,
            PasswordFault::Context(_) => 6,
            Control => 7,
            NotPlain => 8,
        }
    }
}

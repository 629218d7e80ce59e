//! Every word a person reads, in every language.
//!
//! The texts are in `locales/`, one file per language. `build.rs` makes a method of [`Words`] from every key:
//! `[irp.contact] title = "…"` is `words.irp_contact_title()`. A text with `{placeholders}` has a setter for
//! each, in any order, and can be written only when each was given once:
//! `words.otp_sent().email(&email).minutes(10)`. A text with the forms `one` and `other` chooses by its argument
//! `n`. So a missing key, an unused key, a wrong argument or a language that lags behind stops the build.
//!
//! The texts are plain: askama escapes them in HTML and leaves them alone in mails.
#![warn(dead_code)]
#![allow(clippy::match_single_binding, reason = "with a single language every match has a single arm")]
#![allow(non_camel_case_types, reason = "the type of a text has the name of its key, so that errors tell it")]

use std::fmt::{Display, Formatter};

include!(concat!(env!("OUT_DIR"), "/words.rs"));

/// The texts in one language. Small and free to copy; pages keep one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    lang: Lang,
}

impl Words {
    /// The texts in this language.
    pub fn new(lang: Lang) -> Words {
        Words { lang }
    }

    /// The language they are in.
    pub fn lang(self) -> Lang {
        self.lang
    }
}

/// An argument not given yet. It cannot be written, and neither can a text that still has one.
#[derive(Clone, Copy)]
pub struct Unset;

/// A whole number that chooses between the forms of a plural. Also behind a reference: askama passes those.
pub trait Count: Display {
    /// The number itself; one that does not fit is far beyond every singular.
    fn count(&self) -> i64;
}

impl<T: Count> Count for &T {
    fn count(&self) -> i64 {
        T::count(self)
    }
}

macro_rules! whole_numbers {
    ($($number:ty)*) => {
        $(impl Count for $number {
            fn count(&self) -> i64 {
                i64::try_from(*self).unwrap_or(i64::MAX)
            }
        })*
    };
}
whole_numbers! { u8 u16 u32 u64 usize i32 i64 }

#[cfg(test)]
#[path = "../build/words.rs"]
mod generator;

#[cfg(test)]
mod tests {
    use super::{Lang, Words};

    /// The code that the generator's own test compares, compiled: a catalogue in English and Hindi.
    mod sample {
        use crate::words::{Count, Unset};
        use std::fmt::{Display, Formatter};

        #[derive(Clone, Copy)]
        pub struct Words {
            pub lang: Lang,
        }

        include!("../build/sample/words.rs");
    }
    const ENGLISH: sample::Words = sample::Words { lang: sample::Lang::En };
    const HINDI: sample::Words = sample::Words { lang: sample::Lang::Hi };

    /// Whether a value can be written, asked of the compiler: the inherent method wins where its bound holds.
    struct Ask<T>(T);
    trait Otherwise {
        fn can_be_written(&self) -> bool {
            false
        }
    }
    impl<T> Otherwise for Ask<T> {}
    impl<T: std::fmt::Display> Ask<T> {
        fn can_be_written(&self) -> bool {
            self.0.to_string();
            true
        }
    }

    #[test]
    fn a_text_comes_in_the_language_asked_for() {
        assert_eq!(ENGLISH.ui_home(), "Home & \"start\"");
        assert_eq!(HINDI.ui_home(), "मुखपृष्ठ");
    }

    #[test]
    fn arguments_go_where_the_language_wants_them_in_whatever_order_they_are_given() {
        let sent = ENGLISH.otp_sent().time("17:11").digits(6).email("b•••••@example.in");
        assert_eq!(sent.to_string(), "We sent a 6-digit OTP to b•••••@example.in. It works until 17:11 IST.");
        let sent = HINDI.otp_sent().digits(6).email("b•••••@example.in").time("17:11");
        assert_eq!(sent.to_string(), "b•••••@example.in पर 6 अंकों का OTP भेजा गया। यह 17:11 IST तक मान्य है।");
    }

    #[test]
    fn a_text_can_be_written_only_when_all_its_arguments_are_there() {
        let sent = ENGLISH.otp_sent();
        assert!(!Ask(sent).can_be_written());
        assert!(!Ask(sent.email("x").time("17:11")).can_be_written());
        assert!(Ask(sent.email("x").time("17:11").digits(6)).can_be_written());
    }

    #[test]
    fn english_has_one_singular_and_hindi_two() {
        let tries = |words: sample::Words| [0, 1, 2].map(|n| words.otp_tries().n(n).to_string());
        assert_eq!(tries(ENGLISH), ["You have 0 tries left.", "You have 1 try left.", "You have 2 tries left."]);
        assert_eq!(tries(HINDI), ["0 प्रयास शेष है।", "1 प्रयास शेष है।", "2 प्रयास शेष हैं।"]);
    }

    #[test]
    fn a_count_may_be_any_whole_number_also_by_reference() {
        let wait = ENGLISH.otp_wait_seconds().name("Asha");
        assert_eq!(wait.n(1_u8).to_string(), "Asha, wait 1 second.");
        assert_eq!(wait.n(&1_u64).to_string(), "Asha, wait 1 second.");
        assert_eq!(wait.n(&&1_usize).to_string(), "Asha, wait 1 second.");
        assert_eq!(wait.n(u64::MAX).to_string(), "Asha, wait 18446744073709551615 seconds.");
    }

    #[test]
    fn languages_have_the_tags_of_india() {
        assert_eq!(Words::new(Lang::En).lang().tag(), "en-IN");
        assert_eq!((sample::Lang::En.tag(), sample::Lang::Hi.tag()), ("en-IN", "hi-IN"));
    }
}

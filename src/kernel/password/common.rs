//! Passwords many people choose (security.md 3.3, DV-1).
//!
//! Once a password needs a letter, a digit and a sign, people take a word and add `@123`. So the
//! blocklist is a rule and not a table: a word of `common_passwords.txt`, in any letter case and
//! with signs for letters, and around it the numbers and signs people add.

use std::collections::HashSet;
use std::sync::LazyLock;

use zeroize::Zeroizing;
use zxcvbn::{Score, zxcvbn};

use super::context::fold;

/// Characters that zxcvbn gets to see. Its work grows with their square and with the ways to read
/// signs as letters: 100 chosen with malice take half a second (security.md T28), 32 a twentieth. A
/// start of 32 that is guessed at once is a fault whatever follows.
const JUDGED: usize = 32;

static WORDS: LazyLock<HashSet<String>> = LazyLock::new(|| words().map(|word| fold(word).to_string()).collect());

/// The words of the data file, first the most common ones.
fn words() -> impl Iterator<Item = &'static str> {
    let lines = include_str!("../common_passwords.txt").lines();
    lines.filter(|line| !line.starts_with('#'))
}

/// Whether others are likely to have the same password, or a guesser to find it within a million
/// tries.
pub(super) fn is_common(password: &str) -> bool {
    is_decorated_word(password) || is_soon_guessed(password)
}

/// Only the two lowest scores of five count: the strength meter advises, the server does not
/// insist.
fn is_soon_guessed(password: &str) -> bool {
    let start: Zeroizing<String> = Zeroizing::new(password.chars().take(JUDGED).collect());
    zxcvbn(&start, &[]).score() <= Score::One
}

/// Whether `password` is a listed word with nothing but a decoration in front and behind.
fn is_decorated_word(password: &str) -> bool {
    splits(password)
        .filter(|(front, _)| is_decoration(front))
        .flat_map(|(_, rest)| splits(rest))
        .any(|(word, behind)| is_decoration(behind) && WORDS.contains(fold(word).as_str()))
}

/// All ways to cut a text in two.
fn splits(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let places = text.char_indices().map(|(place, _)| place).chain([text.len()]);
    places.filter_map(|place| text.split_at_checked(place))
}

/// `@123`, `123@`, `#2024`, `!1`, `@1!`: at most three signs, and a usual number or none between
/// them.
fn is_decoration(text: &str) -> bool {
    let number = text.trim_matches(is_sign);
    text.len() - number.len() <= 3 && (number.is_empty() || is_usual_number(number))
}

fn is_sign(c: char) -> bool {
    c.is_ascii_punctuation() || c == ' '
}

/// At most ten digits: one or two digits, a run up or down, one digit repeated, a year around now,
/// and a few favourites.
fn is_usual_number(text: &str) -> bool {
    text.len() <= 10
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text.len() <= 2
            || "1234567890".contains(text)
            || "0987654321".contains(text)
            || is_repeated(text)
            || matches!(text.parse(), Ok(1990..=2030))
            || matches!(text, "007" | "100" | "101" | "108" | "420" | "786" | "1122" | "1212" | "1947"))
}

fn is_repeated(text: &str) -> bool {
    text.chars().next().is_some_and(|first| text.chars().all(|c| c == first))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    const USUAL_SUFFIXES: [&str; 10] = ["@123", "@1234", "@1", "#123", "#2024", "!1", "123@", "@2025", "1!", "$786"];

    fn capitalised(word: &str) -> String {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
    }

    fn satisfies_the_documents(password: &str) -> bool {
        password.chars().count() >= 8
            && password.contains(char::is_numeric)
            && password.contains(char::is_alphabetic)
            && password.contains(|c: char| !c.is_alphanumeric())
    }

    #[test]
    fn well_over_ten_thousand_listed_passwords_satisfy_the_rule_of_the_documents() {
        let listed: HashSet<String> = words()
            .flat_map(|word| USUAL_SUFFIXES.map(|suffix| format!("{}{suffix}", capitalised(word))))
            .filter(|password| satisfies_the_documents(password))
            .collect();
        assert!(listed.len() >= 20_000, "{}", listed.len());
        for password in &listed {
            assert!(is_decorated_word(password), "{password}");
        }
    }

    #[test]
    fn passwords_people_really_use_are_common() {
        for password in [
            "Test@123",
            "Gsp@1234",
            "India@123",
            "Welcome@123",
            "Tally@123",
            "Aa1!Aa1!",
            "Password@1",
            "P@ssw0rd",
            "P@$$w0rd1!",
            "Admin#2024",
            "Gst@1234",
            "Krishna@108",
            "JaiHind@1947",
            "Qwerty!1",
            "1234@Abcd",
            "123@Test",
            "Mumbai 2024",
            "Abcd@1234",
            "Demo@12345",
            "Ganesh@786",
            "Clear_123",
            "letmein!!1",
            "1qaz!QAZ",
            "aaaaaaa1!",
            "ClearTax@2023",
            "Zxcvbnm,1",
            "Summer2024!",
            "@Bharat@1",
        ] {
            assert!(is_common(password), "{password}");
        }
    }

    #[test]
    fn phrases_and_random_passwords_are_not_common() {
        for password in [
            "four tall trees 7",
            "kV9#qTz2",
            "monsoon kettle 42 vans",
            "Rx7&mountainous",
            "नीला घोड़ा 7 पेड़",
            "tuktuk;Lorry88gate",
        ] {
            assert!(!is_common(password), "{password}");
        }
    }

    #[test]
    fn the_numbers_and_signs_people_add_are_known() {
        for text in [
            "", "1", "47", "123", "@123", "123@", "#2024", "!1", "@1!", "!!!", "@1990", "_2030", "786", "@000000",
            "321!",
        ] {
            assert!(is_decoration(text), "{text}");
        }
        for text in ["@482", "1989", "2031", "!!!!", "@a", "12@34", "१२३", "11111111111"] {
            assert!(!is_decoration(text), "{text}");
        }
    }

    #[test]
    fn every_line_of_the_list_is_one_word() {
        for word in words() {
            assert!(word.len() >= 3 && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9')), "{word:?}");
        }
        let distinct: HashSet<&str> = words().collect();
        assert_eq!(distinct.len(), words().count());
    }

    #[test]
    fn what_follows_a_start_that_is_guessed_at_once_does_not_count() {
        assert!(is_common(&format!("{}kV9#qTz2wM4&xRb7", "a".repeat(JUDGED))));
        assert!(!is_common(&format!("{}kV9#qTz2wM4&xRb7", "a".repeat(JUDGED / 2))));
    }

    #[test]
    fn passwords_made_to_take_long_are_judged_too() {
        // Unbounded, each of these would keep a server busy for half a second and more.
        for unit in ["1", "password", "@", "01011999", "4@8({[<369&#!1/|0$5+7%2"] {
            let _ = is_common(&unit.chars().cycle().take(128).collect::<String>());
        }
    }

    proptest! {
        #[test]
        fn judging_never_panics(password in any::<String>()) {
            let _ = is_common(&password);
        }

        #[test]
        fn judging_passwords_of_signs_and_digits_never_panics(password in "[0-9@#$%/. !-]{0,140}") {
            let _ = is_common(&password);
        }

        #[test]
        fn neither_letter_case_nor_signs_for_letters_help(
            word in select(words().collect::<Vec<_>>()),
            suffix in select(&USUAL_SUFFIXES[..]),
            choice in any::<u64>(),
        ) {
            let disguised: String = word.chars().enumerate()
                .map(|(at, c)| match (choice >> (2 * at % 64) & 3, c) {
                    (1, _) => c.to_ascii_uppercase(),
                    (2, 'a') => '@',
                    (2, 'o') => '0',
                    (2, 'e') => '3',
                    (2, 'i') => '1',
                    (2, 's') => '$',
                    _ => c,
                })
                .collect();
            prop_assert!(is_common(&format!("{disguised}{suffix}")), "{disguised}{suffix}");
        }
    }
}

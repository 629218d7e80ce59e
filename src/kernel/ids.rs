//! Names for rows: random, so that nobody can guess one, and short enough for a hidden field.

use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng as _;
use sha2::{Digest as _, Sha256};

use super::clock::Moment;

/// Digits and letters without those that look alike (no I, L, O, U): 32 of them, 5 bits each.
pub(super) const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A random id of 130 bits: 26 letters and digits.
pub fn random() -> String {
    letters(26)
}

/// An id that sorts by the second it was made in, then by order within this process: for rows read back in the order
/// they happened (outbox, events).
pub fn ordered(now: Moment) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let position = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{:010x}{position:08x}{}", now.seconds(), letters(8))
}

/// What sorts before every id that `ordered` makes at that moment or later, and after the others.
pub fn first_of(moment: Moment) -> String {
    format!("{:010x}", moment.seconds())
}

/// Whether a text from outside can be an id made by `random`.
pub fn is_random(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|letter| ALPHABET.contains(&letter))
}

/// What is stored of a token, so that a leaked database opens nothing: SHA-256, base64url.
pub fn digest(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))
}

/// What a person reads out to the help desk: `7F3K-29QD`, the beginning of the request's id in log and events.
pub fn reference(request_id: &str) -> String {
    let letters: String = request_id.chars().take(8).collect::<String>().to_ascii_uppercase();
    let (left, right) = letters.split_at_checked(4).unwrap_or((&letters, ""));
    format!("{left}-{right}")
}

/// The first 26 of these bytes as letters and digits, 130 bits in the form of an id.
pub fn letters_of(bytes: &[u8]) -> String {
    bytes.iter().take(26).filter_map(letter).collect()
}

fn letters(count: usize) -> String {
    let mut random = vec![0_u8; count];
    rand::rng().fill_bytes(&mut random);
    random.iter().filter_map(letter).collect()
}

/// 32 letters divide 256 evenly, so the low five bits are unbiased.
fn letter(byte: &u8) -> Option<char> {
    ALPHABET.get(usize::from(byte & 31)).map(|letter| char::from(*letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_differ_and_have_26_letters() {
        let (one, other) = (random(), random());
        assert_eq!(one.len(), 26);
        assert_ne!(one, other);
    }

    #[test]
    fn ordered_ids_sort_in_the_order_they_were_made() {
        let now = Moment::from_seconds(1_795_261_260);
        let (first, second, later) = (ordered(now), ordered(now), ordered(now.plus(1)));
        assert!(first < second && second < later);
        assert!(first_of(now) < first && second < first_of(now.plus(1)) && first_of(now.plus(1)) < later);
    }

    #[test]
    fn a_reference_is_the_beginning_of_the_requests_id() {
        assert_eq!(reference("7f3k29qdxxxx"), "7F3K-29QD");
        assert_eq!(reference(""), "-");
    }

    #[test]
    fn only_what_random_makes_looks_like_an_id() {
        assert!(is_random(&random()));
        assert!(!is_random("") && !is_random(&"\0".repeat(26)) && !is_random(&"A".repeat(26)));
    }
}

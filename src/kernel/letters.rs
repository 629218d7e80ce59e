//! Secrets that people read and type: random letters of an alphabet without lookalikes, in groups.

use rand::Rng as _;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

use super::ids::ALPHABET;

/// So many letters of 5 bits each, from the randomness of the operating system.
///
/// # Panics
/// When the operating system has no randomness: a secret that can be guessed must not be handed out.
pub fn random(count: usize) -> Zeroizing<String> {
    let mut random = Zeroizing::new(vec![0_u8; count]);
    UnwrapErr(SysRng).fill_bytes(&mut random);
    // 32 letters divide 256 evenly, so the low five bits are unbiased.
    let letters = random.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31)));
    Zeroizing::new(letters.map(|letter| char::from(*letter)).collect())
}

/// What somebody typed or pasted, with or without hyphens, in any case, O for 0 and I or L for 1; 100 letters at most.
/// Empty when no letter or digit is left.
pub fn canonical(raw: &str) -> Zeroizing<String> {
    let kept = raw.chars().filter(char::is_ascii_alphanumeric).take(100);
    let canonical = kept.map(|letter| match letter.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    });
    Zeroizing::new(canonical.collect())
}

/// `k7qm-x2vd-9tnw`: groups of `size` letters.
pub fn grouped(letters: &str, size: usize) -> String {
    let letters: Vec<char> = letters.chars().collect();
    letters.chunks(size).map(|group| group.iter().collect()).collect::<Vec<String>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_never_the_same_and_of_the_alphabet() {
        let (one, other) = (random(12), random(12));
        assert_ne!(one, other);
        assert!(one.len() == 12 && one.bytes().all(|letter| ALPHABET.contains(&letter)));
    }

    #[test]
    fn they_are_recognised_however_they_are_typed() {
        for typed in ["k7qm-x201", " K7QM X2O1 ", "k7qmx2oi", "K7QM--X2OL"] {
            assert_eq!(canonical(typed).as_str(), "k7qmx201", "{typed}");
        }
        assert_eq!(grouped("k7qmx201", 4), "k7qm-x201");
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_typed_is_bounded(raw in "\\PC{0,300}") {
            proptest::prop_assert!(canonical(&raw).len() <= 100);
        }
    }
}

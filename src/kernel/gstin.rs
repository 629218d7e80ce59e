//! The GST identification number: how it is written, which kinds there are, and its check character
//! (domain.md 5.1).

use std::fmt;
use std::ops::{Range, RangeInclusive};

/// What kind of registration a number stands for; the shape of the number tells (domain.md 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GstinKind {
    /// Regular, composition, SEZ and ISD registrations: all look alike.
    Normal,
    /// A government department, registered under its TAN.
    GovernmentDepartment,
    /// An e-commerce operator that collects tax at source (TCS).
    TaxCollector,
    /// A deductor of tax at source (TDS), under a PAN or a TAN.
    TaxDeductor,
    /// A United Nations body or an embassy (UIN).
    Uin,
    /// A non-resident taxable person.
    NonResident,
    /// A provider of online services from abroad (OIDAR).
    Oidar,
}

/// Why a text is not a GSTIN. The first thing wrong, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GstinError {
    /// Nothing was typed, or nothing but blanks and dashes.
    Empty,
    /// Not 15 characters, but this many (blanks and dashes not counted).
    Length(usize),
    /// 15 characters that fit no kind of number.
    Pattern,
    /// The first two digits are no state code.
    State,
    /// The last character does not follow from the other fourteen.
    CheckDigit,
}

/// A GSTIN in canonical form: 15 upper-case ASCII letters and digits.
///
/// Its text is also the key of throttles and rows, so two ways of typing one number must never give
/// two values (security.md T12).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gstin(String);

const LENGTH: usize = 15;

/// The shapes of domain.md 5.1, one sign a character: see [`fits_place`].
///
/// The deductor comes before the normal number, which also has a `D` in place 14 among its later
/// series.
const SHAPES: [(GstinKind, &str); 7] = [
    (GstinKind::TaxDeductor, "ddaaaaxdddda+Dx"),
    (GstinKind::TaxCollector, "ddaaaaadddda+Cx"),
    (GstinKind::Normal, "ddaaaaadddda+sx"),
    (GstinKind::GovernmentDepartment, "ddaaaadddddadZd"),
    (GstinKind::Uin, "ddddaaadddddoNx"),
    (GstinKind::NonResident, "ddddaaadddddNRx"),
    (GstinKind::Oidar, "99ddaaadddddOSx"),
];

impl Gstin {
    /// Reads a GSTIN of any kind, as typed or pasted: blanks, dashes and invisible characters are
    /// dropped, small letters count as capitals.
    ///
    /// # Errors
    /// The first failing check of [`GstinError`], in its order.
    pub fn parse(raw: &str) -> Result<Gstin, GstinError> {
        let text = canonical(raw)?;
        kind_of(&text).ok_or(GstinError::Pattern)?;
        require_state(&text)?;
        require_check_character(&text)?;
        Ok(Gstin(text))
    }

    /// Reads a test number such as `29AAFCD5862R000`: two digits of a state, then 13 letters or
    /// digits, nothing else checked. Only for numbers that a row of the register marks as `sandbox`
    /// (domain.md 5.1, last paragraph).
    ///
    /// # Errors
    /// As [`Gstin::parse`], but never [`GstinError::CheckDigit`].
    pub fn parse_sandbox(raw: &str) -> Result<Gstin, GstinError> {
        let text = canonical(raw)?;
        if !fits(&text, "ddxxxxxxxxxxxxx") {
            return Err(GstinError::Pattern);
        }
        require_state(&text)?;
        Ok(Gstin(text))
    }

    /// The kind its shape stands for; `None` for a sandbox number of no kind.
    pub fn kind(&self) -> Option<GstinKind> {
        kind_of(&self.0)
    }

    /// All 15 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The two digits of the state or union territory (domain.md 5.2).
    pub fn state_code(&self) -> &str {
        self.part(0..2)
    }

    /// Characters 3 to 12: the PAN of a normal number, the TAN or serial number of other kinds.
    pub fn pan(&self) -> &str {
        self.part(2..12)
    }

    /// The last four characters, which name the number in a subject line without giving it away.
    pub fn ending(&self) -> &str {
        self.part(LENGTH - 4..LENGTH)
    }

    /// The check character that belongs to the first fourteen, or `None` when they are not 14 of
    /// `0-9A-Z`.
    ///
    /// Values 0 to 35 are multiplied by 1, 2, 1, 2 … from the left; of each product, quotient and
    /// remainder of the division by 36 are added up; the character completes the sum to a multiple
    /// of 36.
    pub fn check_character(first_fourteen: &str) -> Option<char> {
        if !fits(first_fourteen, "xxxxxxxxxxxxxx") {
            return None;
        }
        let values = first_fourteen.chars().filter_map(|c| c.to_digit(36));
        let sum: u32 = values
            .zip([1, 2].into_iter().cycle())
            .map(|(value, factor)| value * factor)
            .map(|product| product / 36 + product % 36)
            .sum();
        char::from_digit((36 - sum % 36) % 36, 36).map(|c| c.to_ascii_uppercase())
    }

    fn part(&self, range: Range<usize>) -> &str {
        self.0.get(range).unwrap_or_default()
    }
}

impl fmt::Display for Gstin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn canonical(raw: &str) -> Result<String, GstinError> {
    let kept = raw.chars().filter(|&c| !is_blank(c) && !is_dash(c));
    let text: String = kept.map(|c| c.to_ascii_uppercase()).collect();
    match text.chars().count() {
        0 => Err(GstinError::Empty),
        LENGTH => Ok(text),
        other => Err(GstinError::Length(other)),
    }
}

fn kind_of(text: &str) -> Option<GstinKind> {
    let mut shapes = SHAPES.iter();
    shapes.find(|(_, shape)| fits(text, shape)).map(|(kind, _)| *kind)
}

fn fits(text: &str, shape: &str) -> bool {
    text.chars().count() == shape.len() && text.chars().zip(shape.chars()).all(|(c, place)| fits_place(c, place))
}

/// `d` digit, `a` letter, `x` either, `+` either but 0, `s` series letter, `o` U or O; anything
/// else is itself.
fn fits_place(c: char, place: char) -> bool {
    match place {
        'd' => c.is_ascii_digit(),
        'a' => c.is_ascii_uppercase(),
        'x' => c.is_ascii_digit() || c.is_ascii_uppercase(),
        '+' => c != '0' && fits_place(c, 'x'),
        // Z by default, then 1 to 9 and A to J; C is the collectors' (domain.md 5.1).
        's' => matches!(c, 'Z' | '1'..='9' | 'A' | 'B' | 'D'..='J'),
        'o' => matches!(c, 'U' | 'O'),
        exact => c == exact,
    }
}

/// 01 to 38, 97 (other territory) and 99 (centre) are given out (domain.md 5.2).
fn require_state(text: &str) -> Result<(), GstinError> {
    let code: Option<u8> = text.get(..2).and_then(|digits| digits.parse().ok());
    match code {
        Some(1..=38 | 97 | 99) => Ok(()),
        _ => Err(GstinError::State),
    }
}

fn require_check_character(text: &str) -> Result<(), GstinError> {
    let expected = text.get(..LENGTH - 1).and_then(Gstin::check_character);
    if expected.is_some() && expected == text.chars().last() { Ok(()) } else { Err(GstinError::CheckDigit) }
}

/// Whether a pasted character shows nothing: white space, zero-width and direction marks, soft
/// hyphen, BOM.
pub(super) fn is_blank(c: char) -> bool {
    const INVISIBLE: [RangeInclusive<char>; 11] = [
        '\u{00AD}'..='\u{00AD}',
        '\u{034F}'..='\u{034F}',
        '\u{061C}'..='\u{061C}',
        '\u{180E}'..='\u{180E}',
        '\u{200B}'..='\u{200F}',
        '\u{202A}'..='\u{202E}',
        '\u{2060}'..='\u{206F}',
        '\u{FE00}'..='\u{FE0F}',
        '\u{FEFF}'..='\u{FEFF}',
        '\u{FFF9}'..='\u{FFFB}',
        '\u{E0000}'..='\u{E007F}',
    ];
    c.is_whitespace() || INVISIBLE.iter().any(|range| range.contains(&c))
}

/// Whether a character is a hyphen, dash or minus sign, in any form that word processors make of
/// it.
pub(super) fn is_dash(c: char) -> bool {
    const DASHES: &str = "-\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2043}\u{2212}\u{FE58}\u{FE63}\u{FF0D}";
    DASHES.contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // The vectors of domain.md 5.1.
    const NORMAL: [&str; 26] = [
        "27AAPFU0939F1ZV",
        "29AAGCB7383J1Z4",
        "29AAACP7879D1Z0",
        "09AAJCM7191E1Z5",
        "37AABCA7365E2ZP",
        "24AAACJ3770E2ZV",
        "05AAACG2140A1ZL",
        "05AAACG2115R1ZN",
        "24AAQCA8719H1ZC",
        "29AABCR1718E1ZL",
        "01AAAAP1208Q1ZS",
        "24AANFA2641L1ZF",
        "24AAUPV7468F1ZW",
        "24AUTPV8831F1ZZ",
        "06AAJCT6095N1ZK",
        "24ACPPM5624F1ZK",
        "33AANCS2882A1ZG",
        "33GSPTN3741G1Z9",
        "27GSPMH1881G1ZH",
        "06AAACA7205Q1ZK",
        "29AABCF8078M2ZW",
        "27AAJCS5738D1Z6",
        "36AASFP8573D2ZN",
        "24AAAAA0000A1Z8",
        "24BBBBB1111B1ZT",
        "29AAAAA0000A1ZY",
    ];
    const COLLECTORS: [&str; 3] = ["29AABCF8078M1C8", "27AAECG3736E1C2", "29AAFCB7707D1C1"];
    const DEDUCTORS: [&str; 4] = ["06DELI09652G1DA", "09ALDN00287A1DD", "27AAFT56212B1DO", "19AAACI1681G1DV"];
    const UINS: [&str; 4] = ["0717UNO00157UNO", "0717UNO00211UN2", "2117UNO00002UNF", "0717UNO00154UNU"];
    const OIDARS: [&str; 1] = ["9917SGP29001OST"];

    /// Numbers in use that fail, with the check character they should have.
    const FAILING: [(&str, char); 16] = [
        ("29AAFCD5862R000", 'R'),
        ("27AAFCD5862R000", 'V'),
        ("02AMBPG7773M002", 'W'),
        ("29AWGPV7107B1Z1", 'F'),
        ("27AAAPI3182M002", 'L'),
        ("34AACCC1596Q002", '7'),
        ("09AAAPG7885R002", 'T'),
        ("05AAAPG7885R002", '1'),
        ("29AABCR7796N000", 'C'),
        ("29AKLPM8755F1Z2", 'J'),
        ("01AABCE2207R1Z5", 'V'),
        ("29AAFCA7488L1Z0", 'W'),
        ("05ABNTY3290P8ZB", 'A'),
        ("29HJKPS9689A8Z5", '1'),
        ("24AAACJ3770E2ZZ", 'V'),
        ("29AAAAA0000A1Z5", 'Y'),
    ];

    fn kind(number: &str) -> Option<GstinKind> {
        Gstin::parse(number).unwrap().kind()
    }

    /// Completes fourteen characters to a number that passes.
    fn completed(fourteen: &str) -> String {
        format!("{fourteen}{}", Gstin::check_character(fourteen).unwrap())
    }

    #[test]
    fn numbers_in_use_are_read_and_their_kind_is_told() {
        for (numbers, expected) in [
            (&NORMAL[..], GstinKind::Normal),
            (&COLLECTORS, GstinKind::TaxCollector),
            (&DEDUCTORS, GstinKind::TaxDeductor),
            (&UINS, GstinKind::Uin),
            (&OIDARS, GstinKind::Oidar),
        ] {
            for number in numbers {
                assert_eq!(Gstin::parse(number).unwrap().as_str(), *number);
                assert_eq!(kind(number), Some(expected), "{number}");
            }
        }
    }

    #[test]
    fn kinds_without_a_known_number_are_told_by_shape() {
        assert_eq!(kind(&completed("0717USA00157NR")), Some(GstinKind::NonResident));
        // The check character of a department is a digit, so only some serial numbers exist.
        let departments = (0..100_000).map(|serial| completed(&format!("27MUMA{serial:05}B1Z")));
        let department = departments.into_iter().find(|number| number.ends_with(|c: char| c.is_ascii_digit()));
        assert_eq!(kind(&department.unwrap()), Some(GstinKind::GovernmentDepartment));
    }

    #[test]
    fn place_fourteen_tells_normal_numbers_from_collectors_and_deductors() {
        for (place, expected) in [
            ('Z', GstinKind::Normal),
            ('1', GstinKind::Normal),
            ('J', GstinKind::Normal),
            ('C', GstinKind::TaxCollector),
            ('D', GstinKind::TaxDeductor),
        ] {
            assert_eq!(kind(&completed(&format!("27AAPFU0939F1{place}"))), Some(expected));
        }
        for place in ['0', 'K', 'N', 'R', 'S'] {
            let number = completed(&format!("27AAPFU0939F1{place}"));
            assert_eq!(Gstin::parse(&number), Err(GstinError::Pattern), "{number}");
        }
    }

    #[test]
    fn the_check_character_of_every_known_number_is_the_expected_one() {
        for (number, expected) in FAILING {
            assert_eq!(Gstin::check_character(&number[..14]), Some(expected), "{number}");
        }
        for number in NORMAL.iter().chain(&COLLECTORS).chain(&DEDUCTORS).chain(&UINS).chain(&OIDARS) {
            assert_eq!(Gstin::check_character(&number[..14]), number.chars().last(), "{number}");
        }
    }

    #[test]
    fn numbers_with_a_wrong_check_character_are_refused() {
        for (number, expected) in FAILING {
            let refused = Gstin::parse(number).unwrap_err();
            assert!(matches!(refused, GstinError::CheckDigit | GstinError::Pattern), "{number}");
            // Those of a known shape are numbers once their last character is put right.
            let corrected = format!("{}{expected}", &number[..14]);
            assert_eq!(Gstin::parse(&corrected).is_ok(), refused == GstinError::CheckDigit, "{number}");
        }
        assert_eq!(Gstin::parse("29AWGPV7107B1Z1"), Err(GstinError::CheckDigit));
        assert_eq!(Gstin::parse("29AAFCD5862R000"), Err(GstinError::Pattern));
    }

    #[test]
    fn sandbox_numbers_pass_only_where_they_are_asked_for() {
        for (number, _) in FAILING {
            assert_eq!(Gstin::parse_sandbox(number).unwrap().as_str(), number);
        }
        assert_eq!(Gstin::parse_sandbox("29AAFCD5862R000").unwrap().kind(), None);
        assert_eq!(Gstin::parse_sandbox("96AAFCD5862R000"), Err(GstinError::State));
        assert_eq!(Gstin::parse_sandbox("2XAAFCD5862R000"), Err(GstinError::Pattern));
        assert_eq!(Gstin::parse_sandbox("29AAFCD5862R00"), Err(GstinError::Length(14)));
        assert_eq!(Gstin::parse_sandbox(" "), Err(GstinError::Empty));
    }

    #[test]
    fn the_first_fault_is_told() {
        assert_eq!(Gstin::parse(""), Err(GstinError::Empty));
        assert_eq!(Gstin::parse(" -\u{200B}\u{2013}\t"), Err(GstinError::Empty));
        assert_eq!(Gstin::parse("27AAPFU0939F1Z"), Err(GstinError::Length(14)));
        assert_eq!(Gstin::parse("27AAPFU0939F1ZVX"), Err(GstinError::Length(16)));
        assert_eq!(Gstin::parse("27AAPFU0939FOZV"), Err(GstinError::CheckDigit));
        assert_eq!(Gstin::parse("27AAPFUO939F1ZV"), Err(GstinError::Pattern));
        assert_eq!(Gstin::parse("००AAPFU0939F1ZV"), Err(GstinError::Pattern));
        assert_eq!(Gstin::parse("39AAPFU0939F1ZV"), Err(GstinError::State));
    }

    #[test]
    fn only_state_codes_in_use_are_accepted() {
        for code in 0..100 {
            let number = completed(&format!("{code:02}AAPFU0939F1Z"));
            let expected = matches!(code, 1..=38 | 97 | 99);
            assert_eq!(Gstin::parse(&number).is_ok(), expected, "{number}");
        }
    }

    #[test]
    fn ways_of_typing_one_number_give_one_value() {
        let expected = Gstin::parse("27AAPFU0939F1ZV").unwrap();
        for typed in [
            "27aapfu0939f1zv",
            "  27 AAPFU0939F 1ZV\r\n",
            "27-AAPFU0939F-1-Z-V",
            "27\u{2011}AAPFU0939F\u{2013}1ZV",
            "\u{FEFF}27AAPFU0939F1ZV\u{200B}",
            "\u{202A}27AAPFU0939F1ZV\u{202C}",
            "27AAPFU\u{00AD}0939F\u{00A0}1ZV",
        ] {
            assert_eq!(Gstin::parse(typed), Ok(expected.clone()), "{typed:?}");
        }
    }

    #[test]
    fn look_alike_characters_are_not_folded() {
        assert_eq!(Gstin::parse("２７AAPFU0939F1ZV"), Err(GstinError::Pattern));
        assert_eq!(Gstin::parse("27ААPFU0939F1ZV"), Err(GstinError::Pattern));
        // The Kelvin sign is a K to Unicode lower-casing, not to us.
        assert_eq!(Gstin::parse("24ACPPM5624F1Z\u{212A}"), Err(GstinError::Pattern));
    }

    #[test]
    fn a_number_can_be_taken_apart() {
        let gstin = Gstin::parse("27AAPFU0939F1ZV").unwrap();
        assert_eq!(gstin.state_code(), "27");
        assert_eq!(gstin.pan(), "AAPFU0939F");
        assert_eq!(gstin.ending(), "F1ZV");
        assert_eq!(gstin.to_string(), "27AAPFU0939F1ZV");
    }

    #[test]
    fn a_check_character_needs_fourteen_capitals_or_digits() {
        for text in ["", "27AAPFU0939F1", "27AAPFU0939F1ZV", "27aapfu0939f1z", "२७AAPFU0939F1Z"] {
            assert_eq!(Gstin::check_character(text), None, "{text}");
        }
    }

    const FOURTEEN: &str = "(0[1-9]|[12][0-9]|3[0-8]|97|99)[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z";

    proptest! {
        #[test]
        fn reading_never_panics_and_is_stable(raw in any::<String>()) {
            for gstin in [Gstin::parse(&raw), Gstin::parse_sandbox(&raw)].into_iter().flatten() {
                prop_assert_eq!(Gstin::parse_sandbox(gstin.as_str()), Ok(gstin));
            }
            let _ = Gstin::check_character(&raw);
        }

        #[test]
        fn fifteen_of_anything_never_panic(raw in "[0-9]{2}\\PC{13}") {
            let _ = (Gstin::parse(&raw), Gstin::parse_sandbox(&raw));
        }

        #[test]
        fn a_completed_number_is_read_whatever_the_case_and_the_blanks(
            fourteen in FOURTEEN,
            at in 0usize..=15,
            blank in "[ \t\u{200B}\u{00AD}\u{2014}-]{0,4}",
        ) {
            let number = completed(&fourteen);
            let gstin = Gstin::parse(&number).unwrap();
            prop_assert_eq!(gstin.as_str(), &number);
            prop_assert!(gstin.kind().is_some());
            let (head, tail) = number.split_at(at);
            let typed = format!("{head}{blank}{}", tail.to_lowercase());
            prop_assert_eq!(Gstin::parse(&typed), Ok(gstin));
        }

        #[test]
        fn any_other_last_character_is_refused(fourteen in FOURTEEN, last in "[0-9A-Z]") {
            let number = format!("{fourteen}{last}");
            prop_assert_eq!(Gstin::parse(&number).is_ok(), number == completed(&fourteen));
        }

        #[test]
        fn one_wrong_character_is_always_noticed(
            fourteen in FOURTEEN,
            at in 0usize..15,
            wrong in "[0-9A-Z]",
        ) {
            let number = completed(&fourteen);
            let mut typed = number.clone();
            typed.replace_range(at..=at, &wrong);
            prop_assert_eq!(Gstin::parse(&typed).is_ok(), typed == number);
        }

        #[test]
        fn a_sandbox_number_needs_no_check_character(
            number in "(0[1-9]|[12][0-9]|3[0-8])[A-Z0-9]{13}",
        ) {
            prop_assert!(Gstin::parse_sandbox(&number).is_ok());
        }
    }
}

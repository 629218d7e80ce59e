//! What people and workspaces call themselves: any script, one line, nothing that hides or turns text around.

use super::gstin::is_blank;

/// The name of a person or of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// Nothing but blanks.
    Empty,
    /// More than 100 characters.
    TooLong,
    /// A line break, another control character, or a sign that hides or turns the direction of the text around it.
    Control,
}

const LONGEST: usize = 100;

impl Name {
    /// Reads a name as typed; blanks around it are dropped.
    ///
    /// # Errors
    /// The first thing wrong.
    pub fn parse(raw: &str) -> Result<Self, NameError> {
        let text = raw.trim_matches(is_blank);
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text.chars().count() > LONGEST {
            return Err(NameError::TooLong);
        }
        if text.chars().any(is_no_text) { Err(NameError::Control) } else { Ok(Self(text.to_owned())) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_no_text(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') || hides_or_turns(c)
}

/// Signs that nobody sees, by which two names could look alike, and those that turn the direction of the text around
/// them. Not every invisible sign: the joiners U+200C and U+200D are letters' shapes in Indian scripts.
pub fn hides_or_turns(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_script_are_kept_as_typed() {
        for (typed, kept) in [
            ("Bina Shah", "Bina Shah"),
            ("  Bina\u{200B}\n", "Bina"),
            ("राष्ट्रीय क्ष\u{200D}य", "राष्ट्रीय क्ष\u{200D}य"),
            ("<b>O'Brien</b> & Söhne", "<b>O'Brien</b> & Söhne"),
        ] {
            assert_eq!(Name::parse(typed).unwrap().as_str(), kept);
        }
        assert_eq!(Name::parse(&"ü".repeat(100)).unwrap().as_str().chars().count(), 100);
    }

    #[test]
    fn what_is_no_name_is_refused_for_its_first_fault() {
        for (typed, fault) in [
            ("", NameError::Empty),
            (" \u{FEFF}\t", NameError::Empty),
            ("Bina\r\nBcc: x@example.in", NameError::Control),
            ("Bina\0", NameError::Control),
            ("Bina \u{202E}anib", NameError::Control),
            ("Bi\u{200B}na", NameError::Control),
            ("Bi\u{2060}na", NameError::Control),
            ("Bina\u{2028}Shah", NameError::Control),
        ] {
            assert_eq!(Name::parse(typed), Err(fault), "{typed:?}");
        }
        assert_eq!(Name::parse(&"x".repeat(101)), Err(NameError::TooLong));
    }
}

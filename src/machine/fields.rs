//! The JSON that software sends, read strictly: one object, no key twice at any depth, and bounded in depth by the parser
//! itself. Order and spacing are free, and so is the letter case of keys: clients differ (`domain.md` 4.1).

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use zeroize::Zeroizing;

/// The fields of an object, by their names in small letters. Texts are wiped when dropped, and nothing here has `Debug`:
/// passwords stand in it.
#[derive(Default)]
pub struct Fields(Vec<(String, Value)>);

/// A value that a field of the protocols may have.
pub enum Value {
    Null,
    Flag(bool),
    Text(Zeroizing<String>),
    Object(Fields),
    /// A number or a list, which no field wants.
    Other,
}

/// A field has another type than the protocol says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongType;

impl Fields {
    /// `None` for what is no JSON object, has a key twice, or goes too deep.
    pub fn parse(json: &[u8]) -> Option<Self> {
        match serde_json::from_slice(json).ok()? {
            Value::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// Takes the field of that name, which must be in small letters, out; `Null` when it is not there.
    pub fn take(&mut self, name: &str) -> Value {
        let at = self.0.iter().position(|(known, _)| known == name);
        at.map_or(Value::Null, |at| self.0.swap_remove(at).1)
    }

    /// The text of that field; empty when it is missing or null.
    pub fn text(&mut self, name: &str) -> Result<Zeroizing<String>, WrongType> {
        match self.take(name) {
            Value::Text(text) => Ok(text),
            Value::Null => Ok(Zeroizing::default()),
            Value::Flag(_) | Value::Object(_) | Value::Other => Err(WrongType),
        }
    }

    /// The flag of that field, also when it is written as a text; false when it is missing.
    pub fn flag(&mut self, name: &str) -> Result<bool, WrongType> {
        match self.take(name) {
            Value::Flag(flag) => Ok(flag),
            Value::Null => Ok(false),
            Value::Text(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Value::Text(text) if text.eq_ignore_ascii_case("false") || text.is_empty() => Ok(false),
            Value::Text(_) | Value::Object(_) | Value::Other => Err(WrongType),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(Zeroizing::new(text.to_owned())))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        while list.next_element::<Value>()?.is_some() {}
        Ok(Value::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(name) = map.next_key::<String>()? {
            let name = name.to_ascii_lowercase();
            if fields.0.len() >= MOST_FIELDS || fields.0.iter().any(|(known, _)| *known == name) {
                map.next_value::<IgnoredAny>()?;
                return Err(A::Error::custom("a key twice, or too many"));
            }
            fields.0.push((name, map.next_value()?));
        }
        Ok(Value::Object(fields))
    }
}

/// No message of the protocols has a tenth of it; each further key costs more to compare than the one before.
const MOST_FIELDS: usize = 64;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(json: &str) -> Option<Fields> {
        Fields::parse(json.as_bytes())
    }

    #[test]
    fn order_spacing_and_letter_case_are_free() {
        for json in [r#"{"UserName":"a","Flag":true}"#, "{ \"flag\" : \"TRUE\",\n\t\"USERNAME\" : \"a\" }"] {
            let mut fields = parse(json).unwrap();
            assert_eq!((fields.text("username").unwrap().as_str(), fields.flag("flag")), ("a", Ok(true)));
        }
    }

    #[test]
    fn what_is_missing_or_null_is_empty_and_another_type_is_told() {
        let mut fields = parse(r#"{"a":null,"b":1,"c":[],"d":{},"e":"yes","f":false}"#).unwrap();
        assert_eq!(fields.text("a").unwrap().as_str(), "");
        assert_eq!(fields.text("z").unwrap().as_str(), "");
        assert_eq!(fields.flag("z"), Ok(false));
        assert!(["b", "c", "d", "f"].iter().all(|name| fields.text(name) == Err(WrongType)));
        assert_eq!(fields.flag("e"), Err(WrongType));
    }

    #[test]
    fn a_key_twice_is_refused_at_any_depth() {
        for json in
            [r#"{"a":1,"a":1}"#, r#"{"Data":"x","data":"y"}"#, r#"{"a":{"b":1,"b":2}}"#, r#"{"a":[{"b":1,"b":2}]}"#]
        {
            assert!(parse(json).is_none(), "{json}");
        }
    }

    #[test]
    fn what_is_no_object_or_too_deep_or_too_wide_is_refused() {
        for json in ["", "null", "[]", "\"a\"", "1", "{", "{}{}", "{\"a\":1,}", "\u{feff}{}"] {
            assert!(parse(json).is_none(), "{json}");
        }
        assert!(parse(&format!("{{\"a\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000))).is_none());
        let wide: Vec<String> = (0..=MOST_FIELDS).map(|at| format!("\"k{at}\":0")).collect();
        assert!(parse(&format!("{{{}}}", wide.join(","))).is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Fields::parse(&bytes);
        }

        #[test]
        fn nothing_nearly_json_makes_it_panic(text in r#"[{}\[\]":,a0 truefalsn\\]{0,60}"#) {
            if let Some(mut fields) = parse(&text) {
                let _ = (fields.text("a"), fields.flag("a"));
            }
        }
    }
}

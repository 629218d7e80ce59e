//! The word catalogue: turns the files of `locales/` into Rust functions.
//!
//! `build.rs` runs it; `src/words.rs` includes it to test it. `build/sample/words.rs` shows what comes out, for
//! a small catalogue in two languages.

mod render;

use std::collections::{BTreeMap, BTreeSet};

/// A language that may have a file in `locales/`.
struct Language {
    stem: &'static str,
    variant: &'static str,
    tag: &'static str,
    /// When a count `n` takes the form `one`: CLDR's cardinal rule, for whole numbers.
    one_when: &'static str,
}

/// Listed here long before its file may exist. The first is the one that the others are compared with.
static LANGUAGES: [Language; 2] = [
    Language { stem: "en", variant: "En", tag: "en-IN", one_when: "n == 1" },
    Language { stem: "hi", variant: "Hi", tag: "hi-IN", one_when: "n == 0 || n == 1" },
];

/// Words that Rust keeps for itself: no function and no argument can have these names.
const KEYWORDS: &str = "abstract as async await become box break const continue crate do dyn else enum \
    extern false final fn for gen if impl in let loop macro match mod move mut override priv pub ref return \
    self static struct super trait true try type typeof unsafe unsized use virtual where while yield";

/// One file of `locales/`: its path as a person knows it, its stem (`en`), and what is in it.
pub struct Source {
    pub file: String,
    pub stem: String,
    pub toml: String,
}

struct Catalogue<'a> {
    file: &'a str,
    language: &'static Language,
    /// By the name of the Rust function.
    texts: BTreeMap<String, Text>,
}

struct Text {
    /// The key as it stands in the file: `irp.contact.title`.
    key: String,
    /// The only form, or the form `other` of a plural.
    text: String,
    /// The form `one` of a plural.
    one: Option<String>,
    arguments: BTreeSet<String>,
}

/// The Rust source of the whole catalogue, or every problem found, each naming its file and key.
pub fn generate(sources: &[Source]) -> Result<String, Vec<String>> {
    let mut problems = Vec::new();
    let mut catalogues = Vec::new();
    for language in &LANGUAGES {
        let files = sources.iter().filter(|source| source.stem == language.stem);
        catalogues.extend(files.map(|source| read(source, language, &mut problems)));
    }
    for source in sources {
        if LANGUAGES.iter().all(|language| language.stem != source.stem) {
            problems.push(format!("{}: a language that build/words.rs does not list", source.file));
        }
    }
    match catalogues.split_first() {
        Some((reference, others)) => others.iter().for_each(|other| compare(reference, other, &mut problems)),
        None => problems.push("locales/: no language found".to_owned()),
    }
    if problems.is_empty() { Ok(render::catalogue(&catalogues)) } else { Err(problems) }
}

fn read<'a>(source: &'a Source, language: &'static Language, problems: &mut Vec<String>) -> Catalogue<'a> {
    let mut catalogue = Catalogue { file: &source.file, language, texts: BTreeMap::new() };
    match source.toml.parse::<toml::Table>() {
        Ok(table) => flatten("", &table, &mut catalogue, problems),
        Err(error) => problems.push(format!("{}: {}", source.file, error.to_string().replace('\n', " "))),
    }
    catalogue
}

fn flatten(prefix: &str, table: &toml::Table, catalogue: &mut Catalogue, problems: &mut Vec<String>) {
    for (last, value) in table {
        let key = format!("{prefix}{last}");
        let added = match value {
            toml::Value::String(text) => add(&key, text, None, catalogue),
            toml::Value::Table(forms) if forms.contains_key("one") || forms.contains_key("other") => {
                add_plural(&key, forms, catalogue)
            }
            toml::Value::Table(inner) => {
                flatten(&format!("{key}."), inner, catalogue, problems);
                Ok(())
            }
            _ => Err("is neither a text nor a table".to_owned()),
        };
        problems.extend(added.err().map(|problem| format!("{}: {key} {problem}", catalogue.file)));
    }
}

fn add_plural(key: &str, forms: &toml::Table, catalogue: &mut Catalogue) -> Result<(), String> {
    let form = |name| forms.get(name).and_then(toml::Value::as_str);
    match (form("one"), form("other"), forms.len()) {
        (Some(one), Some(other), 2) => add(key, other, Some(one), catalogue),
        _ => Err("is a plural: it must have the texts `one` and `other`, and nothing else".to_owned()),
    }
}

fn add(key: &str, text: &str, one: Option<&str>, catalogue: &mut Catalogue) -> Result<(), String> {
    let name = key.replace('.', "_");
    if !is_rust_name(&name) {
        return Err("is not a name that Rust allows: use a-z, 0-9 and _".to_owned());
    }
    let mut arguments = placeholders(text)?;
    if let Some(one) = one {
        let mut in_one = placeholders(one)?;
        in_one.insert("n".to_owned());
        arguments.insert("n".to_owned());
        if arguments != in_one {
            return Err("has different placeholders in `one` and in `other`".to_owned());
        }
    }
    let text = Text { key: key.to_owned(), text: text.to_owned(), one: one.map(str::to_owned), arguments };
    match catalogue.texts.insert(name, text) {
        Some(taken) => Err(format!("has the same Rust name as {}", taken.key)),
        None => Ok(()),
    }
}

/// The names in braces. Any other brace is refused: it is nearly always a mistyped placeholder.
fn placeholders(text: &str) -> Result<BTreeSet<String>, String> {
    let mut names = BTreeSet::new();
    let mut rest = text;
    while let Some(tail) = rest.find(['{', '}']).and_then(|at| rest.get(at..)) {
        match tail.strip_prefix('{').and_then(|inside| inside.split_once('}')) {
            Some((name, after)) if is_rust_name(name) => {
                names.insert(name.to_owned());
                rest = after;
            }
            _ => return Err(format!("has a brace that makes no placeholder: {tail:?}")),
        }
    }
    Ok(names)
}

fn is_rust_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && KEYWORDS.split_whitespace().all(|keyword| keyword != name)
}

fn compare(reference: &Catalogue, other: &Catalogue, problems: &mut Vec<String>) {
    let mut report = |text: &Text, problem: &str| {
        problems.push(format!("{}: {} {problem} {}", other.file, text.key, reference.file));
    };
    for (name, expected) in &reference.texts {
        match other.texts.get(name) {
            None => report(expected, "is missing; it is in"),
            Some(found) if found.one.is_some() != expected.one.is_some() => {
                report(found, "is a plural here or there, but not in both: see");
            }
            Some(found) if found.arguments != expected.arguments => {
                report(found, "has other placeholders than in");
            }
            Some(_) => {}
        }
    }
    for (_, extra) in other.texts.iter().filter(|(name, _)| !reference.texts.contains_key(*name)) {
        report(extra, "is not in");
    }
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;

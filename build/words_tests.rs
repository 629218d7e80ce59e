use super::{Source, generate};

const EN: &str = include_str!("sample/en.toml");
const HI: &str = include_str!("sample/hi.toml");

fn source(stem: &str, toml: &str) -> Source {
    Source { file: format!("locales/{stem}.toml"), stem: stem.to_owned(), toml: toml.to_owned() }
}

/// What the build would say about these two files.
fn problems(en: &str, hi: &str) -> Vec<String> {
    generate(&[source("en", en), source("hi", hi)]).err().unwrap_or_default()
}

fn problem_of_english(en: &str) -> String {
    generate(&[source("en", en)]).err().unwrap_or_default().join("\n")
}

#[test]
fn the_sample_catalogue_becomes_the_sample_code() {
    let generated = generate(&[source("hi", HI), source("en", EN)]).unwrap();
    // After a change of the generator: run once with UPDATE_SAMPLE=1 and read the difference.
    if option_env!("UPDATE_SAMPLE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/build/sample/words.rs"), &generated).unwrap();
    }
    assert_eq!(generated, include_str!("sample/words.rs"));
}

#[test]
fn a_key_missing_in_another_language_is_named() {
    assert_eq!(
        problems("[a]\nb = \"x\"\nc = \"y\"", "[a]\nb = \"x\""),
        ["locales/hi.toml: a.c is missing; it is in locales/en.toml"]
    );
}

#[test]
fn a_key_that_only_another_language_has_is_named() {
    assert_eq!(
        problems("[a]\nb = \"x\"", "[a]\nb = \"x\"\nc = \"y\""),
        ["locales/hi.toml: a.c is not in locales/en.toml"]
    );
}

#[test]
fn other_placeholders_in_another_language_are_named() {
    assert_eq!(
        problems("a = \"to {email}\"", "a = \"{emial} को\""),
        ["locales/hi.toml: a has other placeholders than in locales/en.toml"]
    );
}

#[test]
fn a_plural_must_be_one_in_every_language() {
    assert_eq!(
        problems("a = { one = \"{n} try\", other = \"{n} tries\" }", "a = \"{n}\""),
        ["locales/hi.toml: a is a plural here or there, but not in both: see locales/en.toml"]
    );
}

#[test]
fn a_plural_has_exactly_one_and_other() {
    for forms in ["{ one = \"x\" }", "{ one = \"x\", other = \"y\", few = \"z\" }", "{ one = 1, other = \"y\" }"] {
        let problem = problem_of_english(&format!("tries = {forms}"));
        assert!(problem.starts_with("locales/en.toml: tries is a plural"), "{forms}: {problem}");
    }
}

#[test]
fn both_forms_of_a_plural_name_the_same_arguments() {
    let problem = problem_of_english("a = { one = \"one for {who}\", other = \"{n} for all\" }");
    assert_eq!(problem, "locales/en.toml: a has different placeholders in `one` and in `other`");
}

#[test]
fn bad_toml_names_the_file() {
    let problem = problem_of_english("[a\nb = 1");
    assert!(problem.starts_with("locales/en.toml: TOML parse error at line 1"), "{problem}");
    assert!(!problem.contains('\n'), "cargo shows one line of an error: {problem}");
}

#[test]
fn a_name_that_rust_does_not_allow_is_named() {
    for key in ["Title", "\"e-mail\"", "2fa", "type", "\"नाम\"", "_"] {
        let problem = problem_of_english(&format!("{key} = \"x\""));
        assert!(problem.contains("is not a name that Rust allows"), "{key}: {problem}");
    }
}

#[test]
fn keys_that_become_the_same_function_are_named() {
    let problem = problem_of_english("[a]\nb_c = \"x\"\n[a_b]\nc = \"y\"");
    assert_eq!(problem, "locales/en.toml: a_b.c has the same Rust name as a.b_c");
}

#[test]
fn a_brace_that_makes_no_placeholder_is_refused() {
    for text in ["{", "}", "{}", "{ email }", "{{email}}", "{type}", "{0}", "{n:>5}", "{email"] {
        let problem = problem_of_english(&format!("a = \"{text}\""));
        assert!(problem.starts_with("locales/en.toml: a has a brace"), "{text}: {problem}");
    }
}

#[test]
fn a_value_is_a_text_or_a_table() {
    assert_eq!(problem_of_english("a = 1"), "locales/en.toml: a is neither a text nor a table");
}

#[test]
fn a_language_without_a_plural_rule_is_refused() {
    let refused = generate(&[source("en", "a = \"x\""), source("ta", "a = \"x\"")]).unwrap_err();
    assert_eq!(refused, ["locales/ta.toml: a language that build/words.rs does not list"]);
}

#[test]
fn every_problem_is_told_at_once() {
    assert_eq!(problems("a = \"x\"\nb = \"{\"", "c = \"x\"").len(), 3);
}

#[test]
fn without_a_file_there_is_nothing_to_build() {
    assert_eq!(generate(&[]).unwrap_err(), ["locales/: no language found"]);
}

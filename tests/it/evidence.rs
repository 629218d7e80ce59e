//! The documents about security, held to the program: every requirement of ASVS has its row, the evidence that is named
//! there exists, and the numbers and settings are those of the program.

mod answers;
mod bounds;
mod log;
mod sources;
mod tls;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sanad::kernel::limits::Limits;
use sanad::settings::Settings;

/// Id and level of every requirement, one a line.
const REQUIREMENTS: &str = include_str!("evidence/asvs.txt");

/// What may stand in the column of the status.
const STATUSES: [&str; 4] = ["met", "deviation", "out", "open"];

/// Every document that says something of the program's security.
const DOCUMENTS: [&str; 12] = [
    "SECURITY.md",
    "docs/access.md",
    "docs/asvs.md",
    "docs/authentication.md",
    "docs/cryptography.md",
    "docs/data.md",
    "docs/dependencies.md",
    "docs/deviations.md",
    "docs/limits.md",
    "docs/network.md",
    "docs/threat-model.md",
    "docs/validation.md",
];

/// Folders and files that a document names as they stand below the root.
const FOLDERS: [&str; 7] = ["src/", "tests/", "docs/", "static/", "templates/", "migrations/", "build/"];
const FILES: [&str; 5] = ["Cargo.toml", "SECURITY.md", "README.md", "deny.toml", "clippy.toml"];

// ------------------------------------------------------------------------------------------------ ASVS, row by row

/// A requirement as `docs/asvs.md` has it.
struct Row {
    id: String,
    level: String,
    status: String,
    evidence: String,
}

fn rows() -> Vec<Row> {
    let is_id = |cell: &str| cell.split('.').count() == 3 && cell.split('.').all(|part| part.parse::<u8>().is_ok());
    let rows = table_rows("docs/asvs.md").into_iter().filter(|cells| is_id(&cells[0]));
    let row = |cells: Vec<String>| {
        let [id, level, _, status, evidence] = <[String; 5]>::try_from(cells).expect("a row of five cells");
        Row { id, level, status, evidence }
    };
    rows.map(row).collect()
}

#[test]
fn every_requirement_has_one_row() {
    let expected: Vec<&str> = REQUIREMENTS.lines().collect();
    assert_eq!(expected.len(), 253);
    let found: Vec<String> = rows().iter().map(|row| format!("{} {}", row.id, row.level)).collect();
    assert_eq!(found, expected);
}

#[test]
fn what_is_met_or_a_deviation_has_evidence_and_what_is_not_has_a_reason() {
    none(rows().iter().filter_map(|row| {
        let lacks = match row.status.as_str() {
            "met" | "deviation" if named(&row.evidence).is_empty() => "names no evidence",
            "out" | "open" if row.evidence.is_empty() => "says not why",
            status if !STATUSES.contains(&status) => "has a status that is none",
            _ => return None,
        };
        Some(format!("{} ({}) {lacks}", row.id, row.status))
    }));
}

#[test]
fn the_evidence_of_every_row_exists() {
    none(rows().iter().flat_map(|row| {
        let missing = named(&row.evidence).into_iter().filter(|name| Reference::of(name).is_none_or(|it| !it.exists()));
        missing.map(|name| format!("{}: {name} is no test and no file", row.id)).collect::<Vec<_>>()
    }));
}

#[test]
fn the_sums_are_those_of_the_rows() {
    let (rows, tables) = (rows(), table_rows("docs/asvs.md"));
    for level in ["1", "2", "3"] {
        let of_level = || rows.iter().filter(|row| row.level == level);
        let counts = STATUSES.map(|status| of_level().filter(|row| row.status == status).count());
        let expected = counts.into_iter().chain([of_level().count()]).map(|count| count.to_string());
        let line: Vec<String> = [format!("L{level}")].into_iter().chain(expected).collect();
        assert!(tables.contains(&line), "{line:?}");
    }
}

// ------------------------------------------------------------------------------------------------- every document

#[test]
fn what_a_document_names_exists() {
    none(DOCUMENTS.iter().flat_map(|document| {
        let text = read(document);
        let references = named(&text).into_iter().filter_map(Reference::of);
        references.filter(|it| !it.exists()).map(|it| format!("{document}: {it:?} does not exist")).collect::<Vec<_>>()
    }));
}

#[test]
fn a_document_speaks_of_settings_that_have_an_effect_only() {
    none(DOCUMENTS.iter().flat_map(|document| {
        let text = read(document);
        let unknown = settings_in(&text).into_iter().filter(|name| !is_setting(name));
        unknown.map(|name| format!("{document}: SANAD_{name} is no setting")).collect::<Vec<_>>()
    }));
}

#[test]
fn every_deviation_is_written_down_with_limits_that_exist() {
    let text = read("docs/deviations.md");
    for number in 1..=4 {
        let heading = format!("\n## DV-{number}: ");
        assert_eq!(text.matches(&heading).count(), 1, "DV-{number}");
        let (_, section) = text.split_once(&heading).expect("a heading");
        let section = section.split("\n## ").next().unwrap_or_default();
        assert!(section.contains("\nClosed by: ") && section.contains("\nShown by:\n"), "DV-{number}");
    }
    let snake = |name: &&str| name.contains('_') && name.bytes().all(|c| c == b'_' || c.is_ascii_lowercase());
    let mut limits = Limits::default();
    none(named(&text).into_iter().filter(snake).filter_map(|name| {
        let known = limits.set(name, 1);
        (!known).then(|| format!("docs/deviations.md: {name} is no limit"))
    }));
}

#[test]
fn the_limits_are_those_of_the_program() {
    let row = |cells: Vec<String>| Some((cells[0].trim_matches('`').to_owned(), cells[1].parse::<i64>().ok()?));
    let rows: Vec<(String, i64)> = table_rows("docs/limits.md").into_iter().filter_map(row).collect();
    let count = rows.len();
    let written: BTreeMap<String, i64> = rows.into_iter().collect();
    assert_eq!(written.len(), count, "a limit has one row");
    let limits = Limits::default().list().into_iter().map(|(name, value, _)| (name.to_owned(), value));
    assert_eq!(written, limits.collect());
}

/// Whether the program takes a setting of that name and obeys it.
fn is_setting(name: &str) -> bool {
    match Settings::from_sources("", [(name.to_owned(), "x".to_owned())]) {
        Ok(settings) => settings.without_effect.is_empty(),
        // It has another wish about the value.
        Err(error) => !error.to_string().contains("there is no setting of this name"),
    }
}

fn settings_in(text: &str) -> Vec<&str> {
    let end = |rest: &str| rest.find(|c: char| c != '_' && !c.is_ascii_uppercase() && !c.is_ascii_digit());
    text.split("SANAD_").skip(1).map(|rest| &rest[..end(rest).unwrap_or(rest.len())]).collect()
}

// ---------------------------------------------------------------------------------------------------- references

/// What a document names in backticks to show something.
#[derive(Debug)]
enum Reference<'a> {
    /// `it::sign_in::…`
    Test(&'a str),
    /// `src/web/headers.rs`
    File(&'a str),
}

impl<'a> Reference<'a> {
    fn of(name: &'a str) -> Option<Self> {
        let is_path = |c: char| c == ':' || c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit();
        if name.contains("::") {
            return name.chars().all(is_path).then_some(Self::Test(name));
        }
        let is_file = FILES.contains(&name) || FOLDERS.iter().any(|folder| name.starts_with(folder));
        is_file.then_some(Self::File(name))
    }

    fn exists(&self) -> bool {
        match self {
            Self::Test(path) => is_test(path),
            Self::File(name) => root().join(name).exists(),
        }
    }
}

/// Whether the module that the path says has a test of that name.
fn is_test(path: &str) -> bool {
    let (module, name) = path.rsplit_once("::").unwrap_or_default();
    files_of(module).iter().any(|file| fs::read_to_string(file).is_ok_and(|source| has_test(&source, name)))
}

/// Where a module may be written.
fn files_of(module: &str) -> Vec<PathBuf> {
    let parts: Vec<&str> = module.split("::").collect();
    match parts.as_slice() {
        ["architecture"] => vec![root().join("tests/architecture.rs")],
        ["browser"] => vec![root().join("tests/browser/main.rs")],
        ["it", inside @ ..] => module_files("tests/it", inside),
        // At the end of its file, or in one of its own.
        [outside @ .., "tests"] => [module_files("src", outside), module_files("src", &parts)].concat(),
        _ => Vec::new(),
    }
}

fn module_files(top: &str, parts: &[&str]) -> Vec<PathBuf> {
    let module = root().join(top).join(parts.join("/"));
    vec![module.with_extension("rs"), module.join("mod.rs")]
}

/// Whether a function of that name stands below an attribute that makes it a test, and none that leaves it out.
fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let is_it = |line: &&str| {
        let signature = line.trim_start_matches("async ").strip_prefix("fn ");
        signature.and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with('('))
    };
    let at = lines.iter().position(is_it);
    let above = lines.iter().take(at.unwrap_or(0)).rev();
    let attributes: Vec<&&str> = above.take_while(|line| line.starts_with("#[") || line.starts_with("//")).collect();
    let is = |line: &&&str, name: &str| line.strip_prefix("#[").is_some_and(|rest| ends_with_word(rest, name));
    at.is_some() && attributes.iter().any(|line| is(line, "test")) && !attributes.iter().any(|line| is(line, "ignore"))
}

/// `actix_web::test]` and `test(…)]` end with `test`.
fn ends_with_word(attribute: &str, word: &str) -> bool {
    let path = attribute.split(['(', ']', ' ']).next().unwrap_or_default();
    path.rsplit("::").next() == Some(word)
}

// -------------------------------------------------------------------------------------------------- reading them

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The cells of every row of every table, blanks around them dropped.
fn table_rows(document: &str) -> Vec<Vec<String>> {
    const BAR: &str = "\u{1}";
    let cells = |line: &str| -> Vec<String> {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().replace(BAR, "|")).collect()
    };
    read(document).replace("\\|", BAR).lines().filter(|line| line.starts_with('|')).map(cells).collect()
}

/// What stands in backticks, blocks of code aside.
fn named(text: &str) -> Vec<&str> {
    let outside = text.split("\n```").step_by(2);
    outside.flat_map(|part| part.split('`').skip(1).step_by(2)).collect()
}

/// Fails with all findings at once.
fn none(findings: impl Iterator<Item = String>) {
    let findings: Vec<String> = findings.collect();
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

// ------------------------------------------------------------------------------------------ the checks are checked

#[test]
fn a_test_is_found_by_its_module_and_name_and_nothing_else_is() {
    for path in [
        "it::evidence::a_test_is_found_by_its_module_and_name_and_nothing_else_is",
        "it::gst::login::the_links_lead_to_the_pages_they_name",
        "kernel::limits::tests::every_limit_is_listed_with_its_meaning",
        "store::writer::tests::an_error_undoes_its_own_write_only",
        "kernel::gstin::tests::reading_never_panics_and_is_stable",
        "architecture::rooms_import_only_whom_they_may",
        "browser::the_whole_walk_works_with_scripts",
    ] {
        assert!(is_test(path), "{path}");
    }
    for path in [
        "it::evidence::is_test",
        "it::gst::login::the_links_lead",
        "it::login::the_links_lead_to_the_pages_they_name",
        "kernel::limits::every_limit_is_listed_with_its_meaning",
        "gst::login::the_links_lead_to_the_pages_they_name",
    ] {
        assert!(!is_test(path), "{path}");
    }
    assert!(
        has_test("#[test]\n// why\nfn a() {}", "a")
            && has_test("#[tokio::test(start_paused = true)]\nasync fn a() {}", "a")
    );
    assert!(!has_test("#[test]\n#[ignore]\nfn a() {}", "a") && !has_test("#[test]\nfn b() {}\nfn a() {}", "a"));
}

#[test]
fn a_reference_a_setting_and_a_row_are_read_as_they_are_written() {
    assert_eq!(named("`a` b `c`\n```\n`d`\n```\n`e`"), ["a", "c", "e"]);
    assert!(Reference::of("src/app.rs").is_some_and(|it| it.exists()));
    assert!(Reference::of("src/nowhere.rs").is_some_and(|it| !it.exists()));
    assert!(Reference::of("/irp/login").is_none() && Reference::of("it::…").is_none());
    assert_eq!(settings_in("`SANAD_SIGN_IN=otp`, SANAD_MODE."), ["SIGN_IN", "MODE"]);
    assert!(is_setting("SIGN_IN") && is_setting("BRAND") && !is_setting("SIGN_INN") && !is_setting("OPS_LISTEN"));
}

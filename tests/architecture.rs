//! Section 2 of the design, checked by reading the sources: who may import whom, which crate may be used where, and
//! what no template, migration or handler may do. A finding says `file:line` and the rule.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a check that cannot read its sources must fail")]

use std::fs;
use std::path::Path;
use std::process::Command;

// ---------------------------------------------------------------------------------------------------- the rules

/// Rooms that tie the house together: they may import every other.
const FREE: &[&str] = &["routes", "app", "cli", "main", "telemetry", "lib"];

/// Every other room, and whom it may import besides itself. Any room outside the pure ones may hold the part of the
/// settings that `app` hands it; another portal is only an address (web/paths.rs) or a handoff row.
const ROOMS: &[(&[&str], &[&str])] = &[
    (&["kernel", "words"], &[]),
    (&["settings", "register"], &["kernel"]),
    (&["vault", "store"], &["kernel", "settings"]),
    (&["notify", "web"], &["kernel", "vault", "store", "words", "settings"]),
    (&["accounts"], &["kernel", "vault", "store", "notify", "web", "words", "settings"]),
    (SCREENS, &["kernel", "vault", "store", "notify", "web", "accounts", "words", "settings"]),
    (&["demo"], &["kernel", "vault", "store", "notify", "web", "accounts", "words", "settings", "register"]),
    (&["machine"], &["kernel", "vault", "store", "notify", "web", "accounts", "settings"]),
];

const SCREENS: &[&str] = &["irp", "gst", "workspace", "site"];

/// Crates and calls that have one door. A name is the start of a path (`std::env`) or, with `…::` in front, its end;
/// a door is a room or a file of `src`.
const DOORS: &[(&[&str], &[&str])] = &[
    (&["diesel", "diesel_migrations", "r2d2", "libsqlite3_sys"], &["store"]),
    (&["actix_web", "actix_session", "actix_http"], HTTP),
    (&["askama"], &["web", "accounts", "irp", "gst", "workspace", "site", "demo", "notify"]),
    (&["actix_multipart"], &["web"]),
    (&["icalendar", "lettre", "reqwest"], &["notify"]),
    (&["argon2", "password_hash"], &["kernel/password.rs"]),
    (&["chacha20poly1305", "aes_gcm", "hmac", "hkdf"], &["vault"]),
    (&["aws_lc_rs", "rcgen", "pem", "rsa", "aes", "ecb"], &["machine/envelope.rs"]),
    (&["governor"], &["machine"]),
    (&["totp_rs", "qrcode"], &["kernel/totp.rs"]),
    (&["rustix"], &["main.rs"]),
    (&["std::env"], &["settings.rs"]),
    // A stopwatch is no clock: `tokio::time::Instant` stands still when a test stops time.
    (
        &["…::SystemTime::now", "…::Utc::now", "…::Local::now", "std::time::Instant", "time::Instant"],
        &["kernel/clock.rs"],
    ),
];

const HTTP: &[&str] = &["web", "accounts", "irp", "gst", "workspace", "site", "demo", "machine", "routes.rs", "app.rs"];

/// Extractors that decide who comes in. Whoever is not let in has nothing of the form read, and learns nothing from
/// what it says.
const GUARDS: &[&str] = &["SignedIn", "SignedOut", "Walking", "Proven", "Proving", "Member"];
/// Every other extractor.
const NO_GUARDS: &[&str] = &["Visit", "Posted", "Uploaded", "Reported"];

/// Templates of no screen. Any other has the name of its screen's source, or lies in a folder of that name.
const SHARED_TEMPLATES: &[&str] = &["layout/", "ui/", "mail/", "error.html"];

/// Licences that ask for no source code in return. Same list in deny.toml.
const PERMISSIVE: &str = "0BSD, Apache-2.0, Apache-2.0 WITH LLVM-exception, BSD-2-Clause, BSD-3-Clause, BSL-1.0, \
    CC0-1.0, CDLA-Permissive-2.0, ISC, MIT, MIT-0, Unicode-3.0, Unlicense, Zlib";
/// Copyleft by file, and only in the tests: scraper reads the pages with them. Same list in deny.toml.
const MPL_IN_TESTS: &[&str] = &["cssparser", "cssparser-macros", "dtoa-short", "selectors"];

// --------------------------------------------------------------------------------------------------- the checks

#[test]
fn rooms_import_only_whom_they_may() {
    each(rust(), paths, |file, path| {
        let other = file.room_of(path).filter(|other| *other != file.room())?;
        let forbidden = !may_import(file.room())?.contains(&other);
        forbidden.then(|| format!("{} may not import {other} (design.md 2)", file.room()))
    });
}

#[test]
fn every_room_is_one_the_design_knows() {
    each(rust(), whole, |file, _| {
        (!is_known(file.room())).then(|| "say in tests/architecture.rs whom this room may import".to_owned())
    });
}

#[test]
fn crates_and_calls_stay_behind_their_doors() {
    each(rust(), paths, |file, path| {
        let (_, doors) = DOORS.iter().find(|(names, _)| names.iter().any(|name| is_of(path, name)))?;
        let inside = doors.contains(&file.room()) || doors.contains(&file.name.as_str());
        (!inside).then(|| format!("{path}: only in {} (design.md 2)", doors.join(", ")))
    });
}

#[test]
fn form_fields_are_written_by_the_ui_macros_only() {
    each(files("templates", "html"), tags, |file, tag| {
        let field = ["input", "select"].contains(&tag.name.as_str()) && !file.name.starts_with("ui/");
        field.then(|| format!("<{}> only in templates/ui/: call its macro", tag.name))
    });
}

#[test]
fn templates_have_no_inline_script_or_style() {
    each(files("templates", "html"), tags, |_, tag| {
        let inline = tag.inline_code()?;
        Some(format!("{inline} in <{}>: the content policy forbids it", tag.name))
    });
}

#[test]
fn no_template_switches_escaping_off() {
    each(files("templates", "html"), lines, |_, line| {
        let line: String = line.split_whitespace().collect();
        let off = ["|safe", "{%filtersafe", "|e(", "|escape("].iter().any(|filter| line.contains(filter));
        off.then(|| "no `safe` filter: every value is escaped".to_owned())
    });
}

#[test]
fn no_migration_defers_a_constraint() {
    each(files("migrations", "sql"), lines, |_, line| {
        let statement = line.split("--").next()?.to_ascii_uppercase();
        // A deferred check fails at the common COMMIT and takes others' writes with it.
        let deferred = statement.contains("DEFERRABLE");
        deferred.then(|| "no DEFERRABLE constraint: many requests share one transaction".to_owned())
    });
}

/// A screen has one name everywhere: address, file, template, test.
#[test]
fn every_template_mirrors_a_screen() {
    each(files("templates", "html"), whole, |file, _| {
        let is_source = |name: &str| root().join("src").join(name).with_extension("rs").is_file();
        let folder = file.name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let shared = SHARED_TEMPLATES.iter().any(|shared| file.name.starts_with(shared));
        let stray = !shared && !is_source(&file.name) && !is_source(folder);
        stray.then(|| "src/ has no file of this template's or its folder's name".to_owned())
    });
}

#[test]
fn guards_stand_before_the_form_in_a_handler() {
    let handlers = |file: &SourceFile| file.code_after(["async", "fn"]);
    each(rust(), handlers, |_, handler| {
        let mut after_form = handler.iter().skip_while(|word| !["Posted", "Uploaded"].contains(&word.as_str()));
        let guard = after_form.find(|word| GUARDS.contains(&word.as_str()))?;
        Some(format!("{guard} must come before Posted in {}", handler[0]))
    });
}

#[test]
fn every_extractor_is_a_guard_or_known_to_be_none() {
    let extractors = |file: &SourceFile| file.code_after(["FromRequest", "for"]);
    each(rust(), extractors, |_, extractor| {
        let known = [GUARDS, NO_GUARDS].concat().contains(&extractor[0].as_str());
        (!known).then(|| format!("say in tests/architecture.rs whether {} is a guard", extractor[0]))
    });
}

#[test]
fn every_dependency_has_a_permissive_licence() {
    let packages = dependencies();
    assert!(packages.len() > 50, "cargo metadata listed only {} packages", packages.len());
    let bad = packages.iter().filter(|(name, licence)| {
        let excepted = licence == "MPL-2.0" && MPL_IN_TESTS.contains(&name.as_str());
        !excepted && !is_permissive(licence)
    });
    none(bad.map(|(name, licence)| format!("Cargo.lock: {name} has the licence \"{licence}\", not a permissive one")));
}

#[test]
fn the_copyleft_exceptions_are_in_no_program() {
    let program = cargo(&["tree", "--offline", "--edges", "normal,build", "--prefix", "none"]).expect("cargo tree");
    let linked = program.lines().filter_map(|line| line.split(' ').next());
    let bad = linked.filter(|name| MPL_IN_TESTS.contains(name));
    none(bad.map(|name| format!("Cargo.toml: {name} (MPL-2.0) only below [dev-dependencies]")));
}

// ------------------------------------------------------------------------------------------- files and findings

struct SourceFile {
    /// `src`, `templates` or `migrations`.
    top: &'static str,
    /// The path below it, with `/`.
    name: String,
    text: String,
}

impl SourceFile {
    /// `irp/start.rs` -> irp; `register.rs` -> register.
    fn room(&self) -> &str {
        self.name.split('/').next().unwrap_or_default().trim_end_matches(".rs")
    }

    /// The room a path leads into. `super` as often as the file is deep is the root of the crate.
    fn room_of<'a>(&self, path: &'a str) -> Option<&'a str> {
        let depth = self.name.trim_end_matches("/mod.rs").split('/').count();
        let supers = path.split("::").take_while(|part| *part == "super").count();
        let from_root = ["crate::", "sanad::"].iter().any(|root| path.starts_with(root));
        let place = if from_root { 1 } else { supers };
        let room = path.split("::").nth(place).filter(|room| is_known(room));
        room.filter(|_| from_root || supers >= depth)
    }

    fn code(&self) -> Vec<Token<'_>> {
        without_tests(tokens(&self.text))
    }

    /// What follows these two words, up to the end of a bracket or statement.
    fn code_after(&self, words: [&str; 2]) -> Vec<(usize, Vec<String>)> {
        let code = self.code();
        let starts = (2..code.len()).filter(|at| [code[at - 2].text, code[at - 1].text] == words);
        let until_end = |at: usize| code[at..end_of(&code, at, ")")].iter().map(|token| token.text.to_owned());
        starts.map(|at| (code[at].line, until_end(at).collect())).collect()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(top: &'static str, extension: &str) -> Vec<SourceFile> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(top)];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                let name = path.strip_prefix(root().join(top)).expect("a path below its folder");
                let name = name.to_str().expect("a plain file name").replace('\\', "/");
                found.push(SourceFile { top, name, text: fs::read_to_string(&path).expect("a file of text") });
            }
        }
    }
    assert!(!found.is_empty(), "no *.{extension} in {top}/");
    found
}

/// The sources of the program; a file that holds only tests may import what it tests with.
fn rust() -> Vec<SourceFile> {
    let is_test = |file: &SourceFile| file.name.split('/').any(|part| part == "tests.rs" || part == "tests");
    files("src", "rs").into_iter().filter(|file| !is_test(file)).collect()
}

/// Checks each part of each file, and fails with all findings at once.
fn each<T>(
    files: Vec<SourceFile>,
    parts: fn(&SourceFile) -> Vec<(usize, T)>,
    rule: fn(&SourceFile, &T) -> Option<String>,
) {
    none(files.iter().flat_map(|file| {
        let found = parts(file).into_iter().filter_map(|(line, part)| Some((line, rule(file, &part)?)));
        found.map(|(line, rule)| format!("{}/{}:{line}: {rule}", file.top, file.name)).collect::<Vec<_>>()
    }));
}

fn none(findings: impl Iterator<Item = String>) {
    let findings: Vec<String> = findings.collect();
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

fn whole(_: &SourceFile) -> Vec<(usize, ())> {
    vec![(1, ())]
}

fn lines(file: &SourceFile) -> Vec<(usize, String)> {
    (1..).zip(file.text.lines().map(str::to_owned)).collect()
}

fn may_import(room: &str) -> Option<&'static [&'static str]> {
    ROOMS.iter().find(|(rooms, _)| rooms.contains(&room)).map(|(_, allowed)| *allowed)
}

fn is_known(room: &str) -> bool {
    FREE.contains(&room) || may_import(room).is_some()
}

/// Whether the path starts with `name`, or ends with it when that starts with `…::`.
fn is_of(path: &str, name: &str) -> bool {
    match name.strip_prefix('…') {
        Some(end) => format!("::{path}").ends_with(end),
        None => path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::")),
    }
}

// --------------------------------------------------------------------------------------------------- reading Rust

#[derive(Clone, Copy)]
struct Token<'a> {
    line: usize,
    text: &'a str,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Words, `::`, and every other sign by itself; comments, strings and characters are left out.
fn tokens(source: &str) -> Vec<Token<'_>> {
    let (mut tokens, mut rest, mut line) = (Vec::new(), source, 1);
    while !rest.is_empty() {
        let (length, is_code) = token(rest);
        let (text, after) = rest.split_at(length);
        if is_code {
            tokens.push(Token { line, text });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    tokens
}

/// The length of what the text starts with, and whether it is code.
fn token(text: &str) -> (usize, bool) {
    let until = |from: usize, end: &str| text[from..].find(end).map_or(text.len(), |at| from + at + end.len());
    let raw = text.trim_start_matches('b').strip_prefix('r').unwrap_or("");
    let quoted = raw.trim_start_matches('#');
    let first = text.chars().next().unwrap_or(' ');
    match first {
        _ if text.starts_with("//") => (until(2, "\n"), false),
        _ if text.starts_with("/*") => (until(2, "*/"), false),
        _ if quoted.starts_with('"') => {
            let start = text.len() - quoted.len() + 1;
            (until(start, &format!("\"{}", "#".repeat(raw.len() - quoted.len()))), false)
        }
        '"' => {
            let unescaped = text[1..].replace(r"\\", "  ").replace(r#"\""#, "  ");
            (unescaped.find('"').map_or(text.len(), |at| at + 2), false)
        }
        '\'' if text.starts_with("'\\") => (until(3, "'"), false),
        '\'' if text.chars().nth(2) == Some('\'') => (text.chars().take(3).map(char::len_utf8).sum(), false),
        _ if text.starts_with("::") => (2, true),
        _ if is_word(first) => (text.find(|c| !is_word(c)).unwrap_or(text.len()), true),
        _ => (first.len_utf8(), !first.is_whitespace()),
    }
}

/// Where what starts at `from` ends: behind the bracket `close` at its own level, or at a semicolon.
fn end_of(tokens: &[Token], from: usize, close: &str) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 && [close, ";"].contains(&token.text) {
            return at + 1;
        }
    }
    tokens.len()
}

/// Leaves out every item below `#[cfg(test)]`: tests may use more than the room they are in.
fn without_tests(mut tokens: Vec<Token>) -> Vec<Token> {
    let mark = ["#", "[", "cfg", "(", "test", ")", "]"];
    let is_mark = |window: &[Token]| window.iter().map(|token| token.text).eq(mark);
    while let Some(start) = tokens.windows(mark.len()).position(is_mark) {
        let end = end_of(&tokens, start + mark.len(), "}");
        tokens.drain(start..end);
    }
    tokens
}

/// Every path of more than one part, and what `use` names alone: `use a::{b, c::d}` gives `a::b` and `a::c::d`.
fn paths(file: &SourceFile) -> Vec<(usize, String)> {
    let (mut found, mut path, mut before) = (Vec::new(), String::new(), "");
    // What stands before each open brace; before that of a block it is nothing.
    let mut groups = vec![String::new()];
    for token in file.code() {
        let is_word = token.text.starts_with(is_word);
        if token.text == "::" || (is_word && before == "::") {
            path.push_str(token.text);
        } else {
            let ended = std::mem::take(&mut path);
            match token.text {
                "{" if before == "::" => groups.push(ended),
                _ if ended.contains("::") => found.push((token.line, ended.trim_matches(':').to_owned())),
                _ => {}
            }
            match token.text {
                "{" if before != "::" => groups.push(String::new()),
                "}" => drop(groups.pop()),
                word if is_word => {
                    let group = groups.last().filter(|_| ["{", ","].contains(&before));
                    let alone = if before == "use" { "::" } else { "" };
                    path = format!("{alone}{}{word}", group.map_or("", String::as_str));
                }
                _ => {}
            }
        }
        before = token.text;
    }
    found
}

// ---------------------------------------------------------------------------------------------- reading templates

/// A start tag in small letters.
struct Tag {
    name: String,
    text: String,
    /// The names of its attributes.
    attributes: Vec<String>,
}

impl Tag {
    fn inline_code(&self) -> Option<&str> {
        let handler = |name: &&String| *name == "style" || (name.starts_with("on") && name.len() > 2);
        match self.name.as_str() {
            "style" => Some("style"),
            "script" if !self.attributes.iter().any(|name| name == "src") => Some("script"),
            _ if self.text.contains("javascript:") => Some("javascript:"),
            _ => self.attributes.iter().find(handler).map(String::as_str),
        }
    }
}

/// The start tags of a template; what askama fills in is blanked out.
fn tags(template: &SourceFile) -> Vec<(usize, Tag)> {
    let mut html = template.text.to_ascii_lowercase();
    for (open, close) in [("{#", "#}"), ("{%", "%}"), ("{{", "}}"), ("<!--", "-->")] {
        html = blank_between(&html, open, close);
    }
    let starts = html.match_indices('<').map(|(at, _)| at);
    let starts = starts.filter(|at| html[at + 1..].starts_with(|c: char| c.is_ascii_alphabetic()));
    starts.map(|at| (1 + html[..at].matches('\n').count(), read_tag(&html[at + 1..]))).collect()
}

fn blank_between(text: &str, open: &str, close: &str) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(start) = rest.find(open) {
        let inside = start + open.len();
        let end = rest[inside..].find(close).map_or(rest.len(), |at| inside + at + close.len());
        out.push_str(&rest[..start]);
        out.extend(rest[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[end..];
    }
    out + rest
}

fn read_tag(html: &str) -> Tag {
    let mut quote = None;
    let ends = |c: char| {
        quote = match quote {
            None => ['"', '\''].into_iter().find(|mark| *mark == c),
            Some(mark) => Some(mark).filter(|mark| *mark != c),
        };
        c == '>' && quote.is_none()
    };
    let text = html.split(ends).next().unwrap_or_default();
    let unquoted = blank_between(&blank_between(text, "\"", "\""), "'", "'");
    let mut words = unquoted.split(|c: char| c.is_whitespace() || c == '/');
    let name = words.next().unwrap_or_default().to_owned();
    let attributes = words.map(|word| word.split('=').next().unwrap_or_default().to_owned()).collect();
    Tag { name, text: text.to_owned(), attributes }
}

// ------------------------------------------------------------------------------------------------------- licences

fn cargo(arguments: &[&str]) -> Option<String> {
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs");
    output.status.success().then(|| String::from_utf8(output.stdout).expect("cargo writes UTF-8"))
}

/// Name and licence of what is compiled for this machine; other machines' crates may never have been downloaded. With
/// all features where that is possible, for the same reason.
fn dependencies() -> Vec<(String, String)> {
    let version = cargo(&["-vV"]).expect("cargo tells its version");
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("a host");
    let usual = ["metadata", "--format-version", "1", "--offline", "--filter-platform", host];
    let metadata = cargo(&[&usual[..], &["--all-features"]].concat()).or_else(|| cargo(&usual)).expect("metadata");
    let metadata: serde_json::Value = serde_json::from_str(&metadata).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    packages.iter().map(|package| (text(&package["name"]), text(&package["license"]))).collect()
}

/// Whether an SPDX expression can be met with permissive licences: `OR` binds weaker than `AND`, the old `/` is `OR`.
fn is_permissive(expression: &str) -> bool {
    let mut expression = expression.replace('/', " OR ");
    while let Some(close) = expression.find(')') {
        let open = expression[..close].rfind('(').expect("brackets in pairs");
        let met = if is_permissive(&expression[open + 1..close]) { "MIT" } else { "none" };
        expression.replace_range(open..=close, met);
    }
    let good = |licence: &str| PERMISSIVE.split(", ").any(|good| good == licence.trim());
    expression.split(" OR ").any(|all| all.split(" AND ").all(good))
}

// ------------------------------------------------------------------------------------------ the checks are checked

fn source_file(name: &str, text: &str) -> SourceFile {
    SourceFile { top: "src", name: name.to_owned(), text: text.to_owned() }
}

#[test]
fn imports_are_read_one_by_one_and_those_of_comments_strings_and_tests_are_not() {
    let source = r##"
        use crate::{kernel::ids, store::{self, accounts::*}}; // crate::gst
        let a = "crate::gst \" crate::gst"; let b = r#"crate::gst " crate::gst"#; let c = '"'; /* crate::gst */
        fn f<'a>(x: &'a str) -> char { '\'' } use diesel as d; let x = std::env::var::<T>(y);
        #[cfg(test)]
        mod tests { use crate::gst; fn g() { {} } }
        use super::super::web;"##;
    let file = source_file("irp/start.rs", source);
    let found: Vec<String> = paths(&file).into_iter().map(|(line, path)| format!("{line} {path}")).collect();
    assert_eq!(found[..3], ["2 crate::kernel::ids", "2 crate::store::self", "2 crate::store::accounts"]);
    assert_eq!(found[3..], ["4 diesel", "4 std::env::var", "7 super::super::web"]);
    assert_eq!((file.room_of("super::super::web"), file.room_of("super::web")), (Some("web"), None));
    assert!(is_of("chrono::Utc::now", "…::Utc::now") && !is_of("tokio::time::Instant::now", "time::Instant"));
}

#[test]
fn tags_are_read_as_a_browser_would() {
    let bad = ["<script defer>", "<style>", "<p class='>' style=''>", "<p\nONLOAD = x>", "<a href=' JavaScript:x'>"];
    let good = ["<script src=\"{{ x }}\" defer>", "<p on=x>", "<p data-style=x>", "<p class=\"style=\">"];
    let tags = |html: &&str| tags(&source_file("page.html", html));
    assert!(bad.iter().all(|html| tags(html).iter().any(|(_, tag)| tag.inline_code().is_some())));
    assert!(good.iter().all(|html| tags(html).iter().all(|(_, tag)| tag.inline_code().is_none())));
    let fields = tags(&"{# <input> #}<p>\n<INPUT {% if x > 1 %}checked{% endif %}>");
    assert_eq!((fields.len(), fields[1].0, fields[1].1.name.as_str()), (2, 2, "input"));
}

#[test]
fn licence_expressions_are_read_as_spdx_writes_them() {
    let good = ["MIT/Apache-2.0", "GPL-3.0-only OR MIT", "(MIT OR GPL-2.0-only) AND Unicode-3.0"];
    let bad = ["", "GPL-3.0-or-later", "MIT AND MPL-2.0", "(MIT AND GPL-2.0-only) OR GPL-2.0-only WITH LLVM-exception"];
    assert!(good.into_iter().all(is_permissive) && !bad.into_iter().any(is_permissive));
}

//! What the program does not do, read off its sources: for such a requirement there is no request to send.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::{named, none, read, root};

/// Crates that compute cryptography or hold it, those included that the program must never have.
const CRYPTOGRAPHY: &str = "aes aes-gcm aes-gcm-siv argon2 aws-lc-rs aws-lc-sys bcrypt blake2 blake3 block-modes cbc \
    chacha20 chacha20poly1305 cookie curve25519-dalek des ecb ecdsa ed25519 ed25519-dalek elliptic-curve getrandom ghash \
    hkdf hmac jsonwebtoken k256 md-5 md5 native-tls openssl openssl-sys orion p256 p384 pbkdf2 poly1305 polyval rand \
    rand_chacha rcgen rc4 ring rsa rustls rustls-webpki salsa20 scrypt sha1 sha1_smol sha2 sha3 sodiumoxide subtle \
    totp-rs x25519-dalek";

/// Name and text of every file below `top` that ends so.
fn files(top: &str, ending: &str) -> Vec<(String, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join(top)]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            match path.is_dir() {
                true => folders.push(path),
                false if path.to_string_lossy().ends_with(ending) => found.push((name_of(&path), text_of(&path))),
                false => {}
            }
        }
    }
    assert!(!found.is_empty(), "no *{ending} in {top}");
    found
}

fn name_of(path: &Path) -> String {
    path.strip_prefix(root()).expect("a path below the root").display().to_string()
}

fn text_of(path: &Path) -> String {
    fs::read_to_string(path).expect("a file of text")
}

/// The program without its tests.
fn program() -> Vec<(String, String)> {
    let sources = files("src", ".rs").into_iter().filter(|(name, _)| !name.ends_with("/tests.rs"));
    sources.map(|(name, text)| (name, text.split("#[cfg(test)]").next().unwrap_or_default().to_owned())).collect()
}

/// Fails where a file holds one of these.
fn holds_none(files: &[(String, String)], forbidden: &[&str]) {
    none(files.iter().flat_map(|(name, text)| {
        let lines = (1..).zip(text.lines());
        lines.flat_map(move |(number, line)| {
            let found = forbidden.iter().filter(|word| line.contains(**word));
            found.map(|word| format!("{name}:{number}: {word}")).collect::<Vec<_>>()
        })
    }));
}

#[test]
fn the_program_runs_no_other_program() {
    holds_none(&program(), &["process::Command", "Command::new(", "libc::", "dlopen"]);
}

#[test]
fn no_text_of_a_user_becomes_a_pattern_or_a_statement() {
    let program = program();
    holds_none(&program, &["sql_query(", "regex::", "Regex", ".like(", ".ilike(", "similar_to("]);
    // A piece of SQL is written out where it stands.
    let pieces: Vec<_> = program.iter().map(|(name, text)| (name.clone(), text.replace("dsl::sql(\"", ""))).collect();
    holds_none(&pieces, &["dsl::sql("]);
    let outside =
        |(name, _): &(String, String)| !["src/store/connection.rs", "src/store/migrate.rs"].contains(&name.as_str());
    holds_none(&program.into_iter().filter(outside).collect::<Vec<_>>(), &["batch_execute("]);
}

#[test]
fn the_script_writes_text_only_and_keeps_nothing() {
    let script = files("static", ".js");
    assert!(
        script.iter().all(|(_, text)| text.contains("(function () {\n  'use strict';\n")),
        "strict, in one function"
    );
    holds_none(
        &script,
        &[
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "createContextualFragment",
            "DOMParser",
            "eval(",
            "Function(",
            "localStorage",
            "sessionStorage",
            "indexedDB",
            "document.cookie",
            "caches.",
            "serviceWorker",
            "Object.assign",
            "__proto__",
            "window.name",
            "JSON.parse",
        ],
    );
}

#[test]
fn no_page_loads_or_links_to_anything_elsewhere() {
    let mut pages: Vec<_> =
        files("templates", ".html").into_iter().filter(|(name, _)| !name.starts_with("templates/mail/")).collect();
    pages.extend(files("static", ".js"));
    pages.extend(files("static", ".css"));
    pages.iter_mut().for_each(|(_, text)| *text = text.replace("http://www.w3.org/2000/svg", ""));
    holds_none(&pages, &["://", "src=\"//", "href=\"//", "url(//", "@import", "<iframe", "<embed", "<object", "<base"]);
}

#[test]
fn every_dependency_is_of_the_one_registry_and_locked() {
    let lock: toml::Table = read("Cargo.lock").parse().expect("a lock file");
    let packages = lock["package"].as_array().expect("packages");
    assert!(packages.len() > 100);
    let text =
        |package: &toml::Value, key: &str| package.get(key).and_then(toml::Value::as_str).unwrap_or("").to_owned();
    let foreign = packages.iter().filter(|package| {
        let registered = text(package, "source") == "registry+https://github.com/rust-lang/crates.io-index";
        text(package, "name") != "sanad" && (!registered || text(package, "checksum").len() != 64)
    });
    none(foreign.map(|package| format!("Cargo.lock: {}", text(package, "name"))));
}

#[test]
fn http_2_is_not_built_in() {
    assert!(!read("Cargo.lock").contains("\nname = \"h2\"\n"));
}

#[test]
fn every_crate_of_cryptography_stands_in_the_inventory() {
    let arguments = ["tree", "--offline", "--edges", "normal", "--prefix", "none"];
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let document = read("docs/cryptography.md");
    let inventory: BTreeSet<&str> = named(&document).into_iter().collect();
    let used = tree.lines().filter_map(|line| CRYPTOGRAPHY.split_whitespace().find(|name| is_package(line, name)));
    let used: BTreeSet<&str> = used.collect();
    assert!(used.contains("argon2") && used.contains("rustls"), "{used:?}");
    none(used.difference(&inventory).map(|name| format!("docs/cryptography.md does not name {name}")));
}

/// `hmac v0.13.0`, with whatever cargo writes around it.
fn is_package(line: &str, name: &str) -> bool {
    line.split_once(" v").is_some_and(|(package, _)| package == name)
}

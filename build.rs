//! What is made before the program is compiled: the words (`locales/`) and the table of files (`static/`).
#![allow(clippy::print_stdout, reason = "cargo reads what a build script prints")]

#[path = "build/assets.rs"]
mod assets;
#[path = "build/words.rs"]
mod words;

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    // The migrations are read by a macro, which cargo does not see.
    for folder in ["locales", "migrations", "static"] {
        println!("cargo::rerun-if-changed={folder}");
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "cargo says in the environment where to write")]
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);

    match words::generate(&catalogues(&here.join("locales"))?) {
        Ok(code) => fs::write(out_dir.join("words.rs"), code)?,
        Err(problems) => problems.iter().for_each(|problem| println!("cargo::error={problem}")),
    }
    let code = assets::generate(&here.join("static"), &out_dir)?;
    fs::write(out_dir.join("assets.rs"), code)?;
    Ok(())
}

/// Every `locales/*.toml`.
fn catalogues(folder: &Path) -> Result<Vec<words::Source>, Box<dyn Error>> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else {
            continue;
        };
        if path.extension().is_some_and(|extension| extension == "toml") {
            let file = format!("locales/{stem}.toml");
            sources.push(words::Source { file, stem: stem.to_owned(), toml: fs::read_to_string(&path)? });
        }
    }
    Ok(sources)
}

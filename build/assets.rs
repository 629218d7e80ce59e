//! The files of `static/`, built into the program under names that carry their content's hash, so that a
//! browser may keep them for a year and still sees a new version at once.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};

/// Rust source of the table `ASSETS`. Writes the compressed copies to `out_dir`.
pub fn generate(static_dir: &Path, out_dir: &Path) -> Result<String, Box<dyn Error>> {
    let mut files =
        fs::read_dir(static_dir)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    files.sort();
    let rows = files.iter().map(|file| row(file, out_dir)).collect::<Result<String, _>>()?;
    Ok(format!("/// Every file of `static/`, by name.\npub(crate) const ASSETS: &[Asset] = &[\n{rows}];\n"))
}

fn row(file: &Path, out_dir: &Path) -> Result<String, Box<dyn Error>> {
    let name = file.file_name().and_then(|name| name.to_str()).ok_or("static/: a file name that is not UTF-8")?;
    let (stem, extension) = name.rsplit_once('.').ok_or_else(|| format!("static/{name}: no file extension"))?;
    let content_type = content_type(extension).ok_or_else(|| format!("static/{name}: unknown kind of file"))?;
    let bytes = fs::read(file)?;
    let path = format!("/static/{stem}.{}.{extension}", short_hash(&bytes));
    let gzip = gzip(name, &bytes, out_dir)?;
    Ok(format!(
        "    Asset {{
        name: {name:?},
        path: {path:?},
        bytes: include_bytes!({file:?}),
        gzip: {gzip},
        content_type: {content_type:?},
    }},
"
    ))
}

fn content_type(extension: &str) -> Option<&'static str> {
    Some(match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml; charset=utf-8",
        "png" => "image/png",
        "ico" => "image/x-icon",
        _ => return None,
    })
}

/// The first 12 hexadecimal digits of SHA-256: 48 bits, to tell versions apart, not to prove anything.
fn short_hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// Source of the field `gzip`: the compressed copy, or `None` where compressing does not make it smaller.
fn gzip(name: &str, bytes: &[u8], out_dir: &Path) -> Result<String, Box<dyn Error>> {
    // No time and no name in the header: the same file always gives the same build.
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    let compressed = encoder.finish()?;
    if compressed.len() >= bytes.len() {
        return Ok("None".to_owned());
    }
    let file = out_dir.join(format!("{name}.gz"));
    fs::write(&file, compressed)?;
    Ok(format!("Some(include_bytes!({file:?}))"))
}

//! Key files as an operator makes them for production, by the commands of the README.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use sanad::vault::KeyRing;

/// One RSA key for all tests: making one takes a second.
static DOOR_KEY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let made = Command::new("openssl")
        .args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"])
        .output()
        .expect("openssl");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    made.stdout
});

/// Fills the folder with every key that production wants.
pub fn make_all(folder: &Path) {
    KeyRing::generate_missing(folder).unwrap();
    for door in ["irp", "gstn"] {
        let path = folder.join(format!("{door}.pem"));
        fs::write(&path, DOOR_KEY.as_slice()).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }
}

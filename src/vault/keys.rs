//! Key files: `<purpose>.key`, a line `<key id> <base64url of 32 bytes>` for each key, the last line the one in use.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng as _;
use zeroize::Zeroizing;

/// What a key is for. A key of one purpose never serves another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// MACs of one-time passwords.
    Otp,
    /// Form tokens.
    Csrf,
    /// Signature of session cookies.
    Session,
    /// Extra input of every password hash.
    Pepper,
    /// Sealing of saved credentials and of messages that wait.
    Cred,
}

impl Purpose {
    pub const ALL: [Self; 5] = [Self::Otp, Self::Csrf, Self::Session, Self::Pepper, Self::Cred];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Otp => "otp",
            Self::Csrf => "csrf",
            Self::Session => "session",
            Self::Pepper => "pepper",
            Self::Cred => "cred",
        }
    }
}

/// Why the keys cannot be used; each is one line for the operator.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the key file {0} is missing")]
    Missing(PathBuf),
    #[error("the key file {0} can be read by others: set its mode to 0600")]
    Exposed(PathBuf),
    #[error("the key file {0} is damaged: each line must be a key id and 32 bytes in base64url")]
    Damaged(PathBuf),
    #[error("the key file {0} cannot be used: {1}")]
    Io(PathBuf, io::Error),
}

pub(super) struct Key {
    pub(super) id: String,
    pub(super) bytes: Zeroizing<[u8; 32]>,
}

/// All keys of this installation, read once at start.
pub struct KeyRing(BTreeMap<Purpose, Vec<Key>>);

impl KeyRing {
    /// Reads every key file of `directory`; refuses a missing, damaged or exposed one.
    pub fn load(directory: &Path) -> Result<Self, KeyError> {
        let keys = Purpose::ALL.map(|purpose| Ok((purpose, read_file(&file_of(directory, purpose))?)));
        Ok(Self(keys.into_iter().collect::<Result<_, KeyError>>()?))
    }

    /// Makes the directory (0700) and every key file (0600) that is not there yet; demo mode calls it at each start.
    pub fn generate_missing(directory: &Path) -> Result<(), KeyError> {
        let failed = |error| KeyError::Io(directory.to_owned(), error);
        fs::create_dir_all(directory).map_err(failed)?;
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        for purpose in Purpose::ALL {
            write_new_key(&file_of(directory, purpose))?;
        }
        Ok(())
    }

    /// The id and bytes of the pepper in use.
    pub fn pepper(&self) -> (&str, &[u8]) {
        let key = self.current(Purpose::Pepper);
        (&key.id, key.bytes.as_slice())
    }

    /// The pepper of that id; `None` when it was retired.
    pub fn pepper_of(&self, id: &str) -> Option<&[u8]> {
        self.of_id(Purpose::Pepper, id).map(|key| key.bytes.as_slice())
    }

    #[expect(clippy::expect_used, reason = "`load` is the only maker and leaves no purpose without a key")]
    pub(super) fn current(&self, purpose: Purpose) -> &Key {
        self.0.get(&purpose).and_then(|keys| keys.last()).expect("every purpose has a key")
    }

    pub(super) fn of_id(&self, purpose: Purpose, id: &str) -> Option<&Key> {
        self.0.get(&purpose)?.iter().find(|key| key.id == id)
    }
}

fn file_of(directory: &Path, purpose: Purpose) -> PathBuf {
    directory.join(format!("{}.key", purpose.as_str()))
}

fn read_file(path: &Path) -> Result<Vec<Key>, KeyError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => KeyError::Missing(path.to_owned()),
        _ => KeyError::Io(path.to_owned(), error),
    };
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed(path.to_owned()));
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(failed)?);
    let keys: Option<Vec<Key>> = text.lines().filter(|line| !line.trim().is_empty()).map(parse_line).collect();
    keys.filter(|keys| !keys.is_empty()).ok_or_else(|| KeyError::Damaged(path.to_owned()))
}

fn parse_line(line: &str) -> Option<Key> {
    let (id, encoded) = line.trim().split_once(' ')?;
    let decoded = Zeroizing::new(URL_SAFE_NO_PAD.decode(encoded.trim()).ok()?);
    let bytes = Zeroizing::new(<[u8; 32]>::try_from(decoded.as_slice()).ok()?);
    let placeholder = bytes.iter().all(|byte| Some(byte) == bytes.first());
    let hex = id.len() == 8 && id.bytes().all(|letter| letter.is_ascii_digit() || (b'a'..=b'f').contains(&letter));
    (hex && !placeholder).then(|| Key { id: id.to_owned(), bytes })
}

/// Written to a name of its own first and then linked, so that of two starting programs one wins and neither ever
/// reads half a key.
fn write_new_key(path: &Path) -> Result<(), KeyError> {
    let failed = |error| KeyError::Io(path.to_owned(), error);
    if path.exists() {
        return Ok(());
    }
    let mut random = Zeroizing::new([0_u8; 36]);
    rand::rng().fill_bytes(random.as_mut_slice());
    let (id, key) = random.split_at(4);
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let line = Zeroizing::new(format!("{id} {}\n", URL_SAFE_NO_PAD.encode(key)));

    let draft = path.with_extension(format!("key.{id}"));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(failed)?;
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft).map_err(failed)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_keys_load_and_stay_the_same() {
        let directory = tempfile::tempdir().unwrap();
        KeyRing::generate_missing(directory.path()).unwrap();
        let first = KeyRing::load(directory.path()).unwrap().pepper().1.to_vec();
        KeyRing::generate_missing(directory.path()).unwrap();
        assert_eq!(KeyRing::load(directory.path()).unwrap().pepper().1, first);
    }

    #[test]
    fn a_missing_exposed_or_damaged_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        KeyRing::generate_missing(directory.path()).unwrap();
        let path = file_of(directory.path(), Purpose::Otp);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(KeyRing::load(directory.path()), Err(KeyError::Exposed(_))));

        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, format!("00000001 {}\n", URL_SAFE_NO_PAD.encode([7_u8; 32]))).unwrap();
        assert!(matches!(KeyRing::load(directory.path()), Err(KeyError::Damaged(_))), "a placeholder is no key");

        fs::remove_file(&path).unwrap();
        assert!(matches!(KeyRing::load(directory.path()), Err(KeyError::Missing(_))));
    }
}

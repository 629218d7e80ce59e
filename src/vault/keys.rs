//! Key files: `<purpose>.key`, a line `<key id> <base64url of 32 bytes>` for each key, the last line the one in use.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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
    /// Tokens and session keys of the doors for software.
    Token,
}

impl Purpose {
    pub const ALL: [Self; 6] = [Self::Otp, Self::Csrf, Self::Session, Self::Pepper, Self::Cred, Self::Token];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Otp => "otp",
            Self::Csrf => "csrf",
            Self::Session => "session",
            Self::Pepper => "pepper",
            Self::Cred => "cred",
            Self::Token => "token",
        }
    }

    /// The purpose of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == name)
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
    #[error("the key file {0} is not a PKCS#8 PEM file of an RSA key with 4096 bits")]
    NotRsa(PathBuf),
    #[error("the key file {0} cannot be used: {1}")]
    Io(PathBuf, io::Error),
}

pub(super) struct Key {
    pub(super) id: String,
    pub(super) bytes: Zeroizing<[u8; 32]>,
}

/// Extra input of password hashes, with its id.
pub struct Pepper(Arc<Key>);

impl Pepper {
    pub fn id(&self) -> &str {
        &self.0.id
    }

    pub fn bytes(&self) -> &[u8] {
        self.0.bytes.as_slice()
    }
}

/// All keys of this installation. A file that changes is read again (`refresh`), so that a running server uses the keys
/// that `sanad keys rotate` has made beside it.
pub struct KeyRing {
    directory: PathBuf,
    /// Locked only to take a key out or to put a file's keys in; nobody computes meanwhile.
    files: RwLock<BTreeMap<Purpose, KeyFile>>,
}

/// The keys of one file, oldest first, and how the file looked when they were read.
struct KeyFile {
    keys: Vec<Arc<Key>>,
    look: Option<Look>,
}

/// What tells that a file is another one or was written or made private since.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    inode: u64,
    changed: (i64, i64),
    bytes: u64,
}

impl KeyRing {
    /// Reads every key file of `directory`; refuses a missing, damaged or exposed one.
    pub fn load(directory: &Path) -> Result<Self, KeyError> {
        let files = Purpose::ALL.map(|purpose| {
            let path = file_of(directory, purpose);
            // Looked at first: a change while it is read is seen at the next look.
            let look = look_at(&path);
            Ok((purpose, KeyFile { keys: read_file(&path)?, look }))
        });
        let files = files.into_iter().collect::<Result<_, KeyError>>()?;
        Ok(Self { directory: directory.to_owned(), files: RwLock::new(files) })
    }

    /// The pepper in use.
    pub fn pepper(&self) -> Pepper {
        Pepper(self.current(Purpose::Pepper))
    }

    /// The pepper of that id; `None` when it was retired.
    pub fn pepper_of(&self, id: &str) -> Option<Pepper> {
        self.of_id(Purpose::Pepper, id).map(Pepper)
    }

    /// The id of the key in use, which is no secret.
    pub fn current_id(&self, purpose: Purpose) -> String {
        self.current(purpose).id.clone()
    }

    /// Whether the key of that id is the only one kept for the purpose.
    pub fn is_only(&self, purpose: Purpose, id: &str) -> bool {
        self.with_file(purpose, |file| file.keys.iter().all(|key| key.id == id))
    }

    /// Reads every file again that has changed. One that is missing, damaged or exposed now is told in the log once, and
    /// the keys read before stay in use.
    pub fn refresh_all(&self) {
        for purpose in Purpose::ALL {
            self.refresh(purpose);
        }
    }

    /// Whether the purpose's file has changed and was read again.
    pub(super) fn refresh(&self, purpose: Purpose) -> bool {
        let path = file_of(&self.directory, purpose);
        let look = look_at(&path);
        if self.with_file(purpose, |file| file.look == look) {
            return false;
        }
        let read = read_file(&path);
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = files.get_mut(&purpose) else { return false };
        file.look = look;
        match read {
            Ok(keys) => {
                file.keys = keys;
                tracing::info!(purpose = purpose.as_str(), "the keys were read again");
                true
            }
            Err(error) => {
                tracing::error!(%error, "the keys read before stay in use");
                false
            }
        }
    }

    #[expect(clippy::expect_used, reason = "no purpose is ever without a key: a file without one is refused")]
    pub(super) fn current(&self, purpose: Purpose) -> Arc<Key> {
        self.with_file(purpose, |file| file.keys.last().cloned()).expect("every purpose has a key")
    }

    /// A key that is not known may have been made a moment ago, by another instance or by a command.
    pub(super) fn of_id(&self, purpose: Purpose, id: &str) -> Option<Arc<Key>> {
        let find = || self.with_file(purpose, |file| file.keys.iter().find(|key| key.id == id).cloned());
        find().or_else(|| self.refresh(purpose).then(find).flatten())
    }

    /// Every key kept, the newest first.
    pub(super) fn all(&self, purpose: Purpose) -> Vec<Arc<Key>> {
        self.with_file(purpose, |file| file.keys.iter().rev().cloned().collect())
    }

    #[expect(clippy::expect_used, reason = "`load` is the only maker and reads the file of every purpose")]
    fn with_file<T>(&self, purpose: Purpose, take: impl FnOnce(&KeyFile) -> T) -> T {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        take(files.get(&purpose).expect("every purpose has a file"))
    }
}

pub(super) fn file_of(directory: &Path, purpose: Purpose) -> PathBuf {
    directory.join(format!("{}.key", purpose.as_str()))
}

fn look_at(path: &Path) -> Option<Look> {
    let file = fs::metadata(path).ok()?;
    // The time of the change of the inode and not of the text: it tells a new mode and a rename too.
    Some(Look { inode: file.ino(), changed: (file.ctime(), file.ctime_nsec()), bytes: file.len() })
}

pub(super) fn read_file(path: &Path) -> Result<Vec<Arc<Key>>, KeyError> {
    let text = read_private(path)?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let keys: Option<Vec<Arc<Key>>> = lines.map(|line| parse_line(line).map(Arc::new)).collect();
    keys.filter(|keys| !keys.is_empty()).ok_or_else(|| KeyError::Damaged(path.to_owned()))
}

/// The text of a file with a secret in it; refuses one that is missing or that others can read.
pub fn read_private(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => KeyError::Missing(path.to_owned()),
        _ => KeyError::Io(path.to_owned(), error),
    };
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed(path.to_owned()));
    }
    fs::read_to_string(path).map(Zeroizing::new).map_err(failed)
}

fn parse_line(line: &str) -> Option<Key> {
    let (id, encoded) = line.trim().split_once(' ')?;
    let decoded = Zeroizing::new(URL_SAFE_NO_PAD.decode(encoded.trim()).ok()?);
    let bytes = Zeroizing::new(<[u8; 32]>::try_from(decoded.as_slice()).ok()?);
    let placeholder = bytes.iter().all(|byte| Some(byte) == bytes.first());
    let hex = id.len() == 8 && id.bytes().all(|letter| letter.is_ascii_digit() || (b'a'..=b'f').contains(&letter));
    (hex && !placeholder).then(|| Key { id: id.to_owned(), bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        KeyRing::generate_missing(directory.path()).unwrap();
        directory
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_missing_exposed_or_damaged_file_is_refused() {
        let directory = folder();
        let path = file_of(directory.path(), Purpose::Otp);

        set_mode(&path, 0o644);
        assert!(matches!(KeyRing::load(directory.path()), Err(KeyError::Exposed(_))));

        set_mode(&path, 0o600);
        fs::write(&path, format!("00000001 {}\n", URL_SAFE_NO_PAD.encode([7_u8; 32]))).unwrap();
        assert!(matches!(KeyRing::load(directory.path()), Err(KeyError::Damaged(_))), "a placeholder is no key");

        fs::remove_file(&path).unwrap();
        assert!(matches!(KeyRing::load(directory.path()), Err(KeyError::Missing(_))));
    }

    #[test]
    fn a_purpose_has_one_name() {
        assert!(Purpose::ALL.iter().all(|purpose| Purpose::parse(purpose.as_str()) == Some(*purpose)));
        assert_eq!(Purpose::parse("Cred"), None);
    }

    #[test]
    fn a_new_key_is_used_from_the_next_look_on_and_the_old_one_is_still_known() {
        let directory = folder();
        let ring = KeyRing::load(directory.path()).unwrap();
        let old = ring.current_id(Purpose::Csrf);
        assert!(ring.is_only(Purpose::Csrf, &old));
        let new = KeyRing::rotate(directory.path(), Purpose::Csrf).unwrap();
        assert_eq!(ring.current_id(Purpose::Csrf), old);
        ring.refresh_all();
        assert_eq!(ring.current_id(Purpose::Csrf), new);
        assert!(ring.of_id(Purpose::Csrf, &old).is_some());
        assert!(!ring.is_only(Purpose::Csrf, &old) && !ring.is_only(Purpose::Csrf, &new));
        assert!(!ring.refresh(Purpose::Csrf), "what has not changed is not read again");
    }

    #[test]
    fn a_key_that_somebody_else_has_just_made_is_found_before_the_next_look() {
        let directory = folder();
        let ring = KeyRing::load(directory.path()).unwrap();
        let new = KeyRing::rotate(directory.path(), Purpose::Cred).unwrap();
        assert!(ring.of_id(Purpose::Cred, "00000000").is_none());
        assert!(ring.of_id(Purpose::Cred, &new).is_some());
    }

    #[test]
    fn the_keys_of_a_file_that_cannot_be_read_any_more_stay_in_use() {
        let directory = folder();
        let ring = KeyRing::load(directory.path()).unwrap();
        let (id, path) = (ring.current_id(Purpose::Otp), file_of(directory.path(), Purpose::Otp));
        let text = fs::read_to_string(&path).unwrap();
        let stays = |what: &str| {
            assert!(!ring.refresh(Purpose::Otp), "{what}");
            assert_eq!(ring.current_id(Purpose::Otp), id, "{what}");
        };

        fs::write(&path, format!("{text}12345678 half a li")).unwrap();
        stays("damaged");
        fs::write(&path, "").unwrap();
        stays("empty");
        fs::remove_file(&path).unwrap();
        stays("missing");
        let new = "12345678 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n";
        fs::write(&path, format!("{text}{new}")).unwrap();
        set_mode(&path, 0o644);
        stays("exposed");

        set_mode(&path, 0o600);
        assert!(ring.refresh(Purpose::Otp), "only its mode was wrong");
        assert_eq!(ring.current_id(Purpose::Otp), "12345678");
        assert!(ring.of_id(Purpose::Otp, &id).is_some());
    }
}

//! New keys: the first ones of demo mode, and `sanad keys rotate`. A file is never seen half written.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng as _;
use zeroize::Zeroizing;

use super::keys::{KeyError, KeyRing, Purpose, file_of, read_file};
use crate::kernel::ids;

impl KeyRing {
    /// Makes the directory (0700) and every key file (0600) that is not there yet; demo mode calls it at each start.
    pub fn generate_missing(directory: &Path) -> Result<(), KeyError> {
        let failed = |error| KeyError::Io(directory.to_owned(), error);
        fs::create_dir_all(directory).map_err(failed)?;
        fs::set_permissions(directory, Permissions::from_mode(0o700)).map_err(failed)?;
        for purpose in Purpose::ALL {
            let path = file_of(directory, purpose);
            if !path.exists() {
                write_first(&path, &new_line().1)?;
            }
        }
        Ok(())
    }

    /// Adds a new key to the file of `purpose`, which is in use from then on, and returns its id. The older keys stay in
    /// the file: what was made with them is still accepted. A new cred key begins a re-seal, see `unfinished_reseal`.
    pub fn rotate(directory: &Path, purpose: Purpose) -> Result<String, KeyError> {
        let path = file_of(directory, purpose);
        let failed = |error| KeyError::Io(path.clone(), error);
        let _alone = lock(directory).map_err(failed)?;
        let known = read_file(&path)?;
        let (id, line) = loop {
            let (id, line) = new_line();
            if known.iter().all(|key| key.id != id) {
                break (id, line);
            }
        };
        if purpose == Purpose::Cred {
            // Before the key: whoever dies in between leaves a mark of a key that nobody has, which says nothing.
            let mark = write_anew(&directory.join(RESEALING), &id).map_err(failed)?;
            keep_owner(&path, &mark).map_err(failed)?;
        }
        append(&path, &line).map_err(failed)?;
        Ok(id)
    }

    /// The id of the cred key in use, when not everything kept was sealed under it yet: `rotate` has made it and nobody
    /// has told `finish_reseal`.
    pub fn unfinished_reseal(directory: &Path) -> Result<Option<String>, KeyError> {
        let current = read_file(&file_of(directory, Purpose::Cred))?.pop().map(|key| key.id.clone());
        let marked = marked(directory)?;
        Ok(current.filter(|id| marked.as_ref() == Some(id)))
    }

    /// Everything kept is sealed under the cred key `id`.
    pub fn finish_reseal(directory: &Path, id: &str) -> Result<(), KeyError> {
        let mark = directory.join(RESEALING);
        let failed = |error| KeyError::Io(mark.clone(), error);
        let _alone = lock(directory).map_err(failed)?;
        // The mark of another rotation, begun meanwhile, stays.
        match marked(directory)?.as_deref() == Some(id) {
            true => remove(&mark).map_err(failed),
            false => Ok(()),
        }
    }
}

/// Holds the id of the cred key that everything kept is being sealed under, from before that key to the end of it.
const RESEALING: &str = "cred.resealing";

fn marked(directory: &Path) -> Result<Option<String>, KeyError> {
    let mark = directory.join(RESEALING);
    match fs::read_to_string(&mark) {
        Ok(id) => Ok(Some(id)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(KeyError::Io(mark, error)),
    }
}

/// Of two rotations at once none may lose the other's key. The folder is locked and not a file in it, which would belong
/// to whoever came first.
fn lock(directory: &Path) -> io::Result<File> {
    let folder = File::open(directory)?;
    folder.lock()?;
    Ok(folder)
}

/// A new key's id, and its line.
fn new_line() -> (String, Zeroizing<String>) {
    let mut random = Zeroizing::new([0_u8; 36]);
    rand::rng().fill_bytes(random.as_mut_slice());
    let (id, key) = random.split_at(4);
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let line = Zeroizing::new(format!("{id} {}\n", Zeroizing::new(URL_SAFE_NO_PAD.encode(key)).as_str()));
    (id, line)
}

/// Makes a private file (0600) with that text unless there is one already. Written to a name of its own first and then
/// linked, so that of two starting programs one wins and neither ever reads half a key.
pub fn write_first(path: &Path, text: &str) -> Result<(), KeyError> {
    let failed = |error| KeyError::Io(path.to_owned(), error);
    let draft = path.with_extension(ids::random());
    write_anew(&draft, text).map_err(failed)?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft).map_err(failed)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

/// Written beside and renamed over: a program that dies in between leaves the file as it was.
fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut text = Zeroizing::new(fs::read_to_string(path)?);
    let parted = text.is_empty() || text.ends_with('\n');
    // A text that grows is copied and its old place is not wiped, so it is made in its full size at once.
    text = Zeroizing::new([text.as_str(), if parted { "" } else { "\n" }, line].concat());
    let draft = path.with_extension("key.new");
    let file = write_anew(&draft, &text)?;
    let replaced = keep_owner(path, &file).and_then(|()| fs::rename(&draft, path));
    if replaced.is_err() {
        // Nothing came of it; no copy of the keys stays behind.
        fs::remove_file(&draft)?;
    }
    replaced?;
    // The new name is durable only with its folder.
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

/// Private from its first byte, in place of what a program that died may have left there.
fn write_anew(path: &Path, text: &str) -> io::Result<File> {
    remove(path)?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(file)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// An administrator may rotate for a server that runs as somebody else and must still be able to read its keys.
fn keep_owner(old: &Path, new: &File) -> io::Result<()> {
    let (old, current) = (fs::metadata(old)?, new.metadata()?);
    match old.uid() == current.uid() {
        true => Ok(()),
        false => fchown(new, Some(old.uid()), Some(old.gid())),
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use tempfile::TempDir;

    use super::*;

    fn folder() -> TempDir {
        let directory = tempfile::tempdir().unwrap();
        KeyRing::generate_missing(directory.path()).unwrap();
        directory
    }

    fn text(directory: &TempDir, purpose: Purpose) -> String {
        fs::read_to_string(file_of(directory.path(), purpose)).unwrap()
    }

    fn mode(directory: &TempDir, purpose: Purpose) -> u32 {
        fs::metadata(file_of(directory.path(), purpose)).unwrap().mode() & 0o777
    }

    fn names(directory: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(directory.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn generated_keys_are_private_and_stay_the_same() {
        let directory = folder();
        let all = || Purpose::ALL.map(|purpose| text(&directory, purpose));
        let first = all();
        KeyRing::generate_missing(directory.path()).unwrap();
        assert_eq!(all(), first);
        assert!(Purpose::ALL.iter().all(|purpose| mode(&directory, *purpose) == 0o600));
    }

    #[test]
    fn a_rotation_adds_one_line_to_one_file_and_leaves_nothing_else_behind() {
        let directory = folder();
        let (names_before, cred, otp) =
            (names(&directory), text(&directory, Purpose::Cred), text(&directory, Purpose::Otp));
        let id = KeyRing::rotate(directory.path(), Purpose::Cred).unwrap();
        let now = text(&directory, Purpose::Cred);
        let new = now.strip_prefix(&cred).unwrap();
        assert!(new.starts_with(&format!("{id} ")) && new.ends_with('\n') && new.lines().count() == 1, "{id}");
        assert_eq!(text(&directory, Purpose::Otp), otp);
        assert_eq!(mode(&directory, Purpose::Cred), 0o600);
        KeyRing::finish_reseal(directory.path(), &id).unwrap();
        assert_eq!(names(&directory), names_before);
    }

    #[test]
    fn a_last_line_without_an_end_is_not_run_into() {
        let directory = folder();
        let path = file_of(directory.path(), Purpose::Otp);
        fs::write(&path, text(&directory, Purpose::Otp).trim_end()).unwrap();
        let old = KeyRing::load(directory.path()).unwrap().current_id(Purpose::Otp);
        let new = KeyRing::rotate(directory.path(), Purpose::Otp).unwrap();
        let ring = KeyRing::load(directory.path()).unwrap();
        assert_eq!(ring.current_id(Purpose::Otp), new);
        assert!(ring.of_id(Purpose::Otp, &old).is_some());
    }

    #[test]
    fn of_many_rotations_at_once_no_key_is_lost() {
        let directory = folder();
        let ids: Vec<String> = thread::scope(|scope| {
            let rotate = || KeyRing::rotate(directory.path(), Purpose::Csrf).unwrap();
            let running: Vec<_> = (0..8).map(|_| scope.spawn(rotate)).collect();
            running.into_iter().map(|rotation| rotation.join().unwrap()).collect()
        });
        let ring = KeyRing::load(directory.path()).unwrap();
        assert!(ids.iter().all(|id| ring.of_id(Purpose::Csrf, id).is_some()));
        assert_eq!(text(&directory, Purpose::Csrf).lines().count(), 9);
    }

    #[test]
    fn what_a_killed_rotation_left_half_written_is_no_obstacle() {
        let directory = folder();
        fs::write(directory.path().join("otp.key.new"), "12345678 half a li").unwrap();
        KeyRing::rotate(directory.path(), Purpose::Otp).unwrap();
        assert_eq!(mode(&directory, Purpose::Otp), 0o600);
        assert_eq!(text(&directory, Purpose::Otp).lines().count(), 2);
        assert!(!names(&directory).contains(&"otp.key.new".to_owned()));
    }

    #[test]
    fn a_file_that_is_missing_damaged_or_exposed_is_not_rotated() {
        let directory = folder();
        let path = file_of(directory.path(), Purpose::Otp);
        let rotate = || KeyRing::rotate(directory.path(), Purpose::Otp);
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(rotate(), Err(KeyError::Exposed(_))));
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "nonsense\n").unwrap();
        assert!(matches!(rotate(), Err(KeyError::Damaged(_))));
        assert_eq!(text(&directory, Purpose::Otp), "nonsense\n");
        fs::remove_file(&path).unwrap();
        assert!(matches!(rotate(), Err(KeyError::Missing(_))));
    }

    #[test]
    fn a_reseal_is_unfinished_from_the_new_key_until_somebody_says_that_it_is_done() {
        let directory = folder();
        let unfinished = || KeyRing::unfinished_reseal(directory.path()).unwrap();
        let rotate = |purpose| KeyRing::rotate(directory.path(), purpose).unwrap();
        let finish = |id: &str| KeyRing::finish_reseal(directory.path(), id).unwrap();
        rotate(Purpose::Otp);
        assert_eq!(unfinished(), None);
        let first = rotate(Purpose::Cred);
        assert_eq!(unfinished(), Some(first.clone()));
        let second = rotate(Purpose::Cred);
        finish(&first);
        assert_eq!(unfinished(), Some(second.clone()), "another rotation has begun meanwhile");
        finish(&second);
        finish(&second);
        assert_eq!(unfinished(), None);

        // Killed between the mark and the key: that key is nobody's.
        fs::write(directory.path().join(RESEALING), "12345678").unwrap();
        assert_eq!(unfinished(), None);
    }
}

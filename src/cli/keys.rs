//! `sanad keys rotate [PURPOSE]`: new keys, and with a new cred key every saved password sealed anew, beside a running
//! server. Killed and run again, it goes on where it was.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tokio::time::Instant;

use super::{REFUSED, refuse};
use crate::accounts::saved_credentials as copies;
use crate::app;
use crate::settings::Settings;
use crate::store::saved_credentials::{self, SavedCredential};
use crate::store::{Store, StoreError};
use crate::vault::{KeyError, KeyRing, Purpose};

/// What is rotated when nothing is named: sessions and password hashes get new keys only when somebody asks for it.
const USUAL: [Purpose; 3] = [Purpose::Cred, Purpose::Otp, Purpose::Csrf];

/// Rows in one transaction (`security.md` 3.7).
const COMMIT_ROWS: i64 = 200;

/// A running server uses the new key within a second; what it was sealing until then is in its row a moment later.
const OLD_KEY_IN_USE: Duration = Duration::from_secs(2);

type Done<T> = Result<T, Box<dyn std::error::Error>>;

/// Makes the new keys and tells on standard output what was done. Exit code 1 when a row does not open.
pub(super) async fn rotate(settings: &Settings, purpose: Option<Purpose>) -> ExitCode {
    let opened = match app::open(settings) {
        Ok(opened) => opened,
        Err(error) => return refuse(&error, REFUSED),
    };
    let purposes = purpose.map_or_else(|| USUAL.to_vec(), |purpose| vec![purpose]);
    let outcome = rotate_each(&settings.keys_dir, &opened.store, &purposes).await;
    opened.store.stop().await;
    match outcome {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => refuse(&error, REFUSED),
    }
}

/// How many rows do not open.
async fn rotate_each(folder: &Path, store: &Store, purposes: &[Purpose]) -> Done<usize> {
    for purpose in purposes {
        writeln!(io::stdout(), "{}", new_key(folder, *purpose)?)?;
    }
    if !purposes.contains(&Purpose::Cred) {
        return Ok(0);
    }
    // Read anew and not only looked at again: without the new key there would be nothing to do, and nobody told.
    let keys = KeyRing::load(folder)?;
    let mut reseal = Reseal { store, keys: &keys, done: 0, unopened: BTreeSet::new() };
    reseal.run().await?;
    KeyRing::finish_reseal(folder, &keys.current_id(Purpose::Cred))?;
    writeln!(io::stdout(), "{} rows re-sealed", reseal.done)?;
    Ok(reseal.unopened.len())
}

/// Makes a key, or leaves it at that of a rotation that was killed; tells which.
fn new_key(folder: &Path, purpose: Purpose) -> Result<String, KeyError> {
    if purpose == Purpose::Cred
        && let Some(id) = KeyRing::unfinished_reseal(folder)?
    {
        return Ok(format!("cred: the rotation to key {id} was not finished and goes on"));
    }
    Ok(format!("{}: new key {}", purpose.as_str(), KeyRing::rotate(folder, purpose)?))
}

/// Seals every saved password under the key in use.
struct Reseal<'a> {
    store: &'a Store,
    keys: &'a KeyRing,
    done: usize,
    /// Ids of rows that do not open; each is told once.
    unopened: BTreeSet<String>,
}

impl Reseal<'_> {
    /// Twice over the rows: what a running server sealed with the old key until it saw the new one comes late.
    async fn run(&mut self) -> Done<()> {
        let begun = Instant::now();
        self.pass().await?;
        tokio::time::sleep_until(begun + OLD_KEY_IN_USE).await;
        self.pass().await
    }

    async fn pass(&mut self) -> Done<()> {
        let mut after = String::new();
        loop {
            // Another rotation may run beside this one; both go by the newest key, or they would undo each other.
            self.keys.refresh_all();
            let rows = self.left(&after).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after.clone_from(&last.id);
            let resealed = rows.into_iter().filter_map(|row| self.resealed(row)).collect();
            self.done += self.write(resealed).await?;
        }
    }

    /// The next rows that are not sealed under the key in use.
    async fn left(&self, after: &str) -> Result<Vec<SavedCredential>, StoreError> {
        let (key_id, after) = (self.keys.current_id(Purpose::Cred), after.to_owned());
        self.store.read(move |c| saved_credentials::list_under_other_keys(c, &key_id, &after, COMMIT_ROWS)).await
    }

    /// The row, its password sealed anew, and the id of the key; `None`, and told, when it does not open.
    fn resealed(&mut self, row: SavedCredential) -> Option<(SavedCredential, String, String)> {
        match copies::reseal(self.keys, &row) {
            Ok((sealed, key_id)) => Some((row, sealed, key_id)),
            Err(error) => {
                if self.unopened.insert(row.id.clone()) {
                    // Nobody reads standard error: then nobody can be told. The exit code tells it too.
                    let _ = writeln!(io::stderr(), "sanad: saved credentials {}: {error}", row.id);
                }
                None
            }
        }
    }

    /// One transaction; a row that was replaced or removed meanwhile is left alone and not counted.
    async fn write(&self, resealed: Vec<(SavedCredential, String, String)>) -> Result<usize, StoreError> {
        let write = move |c: &mut _| {
            let mut done = 0;
            for (was, sealed, key_id) in &resealed {
                done += usize::from(saved_credentials::set_resealed(c, was, sealed, key_id)?);
            }
            Ok(done)
        };
        self.store.write(write).await
    }
}

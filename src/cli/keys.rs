//! `sanad keys rotate [PURPOSE]`: new keys, and with a new cred key every saved password and authenticator sealed anew,
//! beside a running server. Killed and run again, it goes on where it was.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use tokio::time::Instant;

use super::{REFUSED, refuse};
use crate::accounts::{saved_credentials as copies, second_factor};
use crate::app;
use crate::settings::Settings;
use crate::store::authenticators::{self, Authenticator};
use crate::store::saved_credentials::{self, SavedCredential};
use crate::store::{self, Connection, Store, StoreError};
use crate::vault::{KeyError, KeyRing, Purpose, Unopened};

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

/// A kind of rows that hold a text sealed under the cred key.
trait Sealed: Sized + Send + 'static {
    /// What it is, for the operator.
    const WHAT: &'static str;

    fn id(&self) -> &str;

    /// Up to `limit` rows with ids after `after` that are not sealed under `key_id`.
    fn list(c: &mut Connection, key_id: &str, after: &str, limit: i64) -> store::Result<Vec<Self>>;

    /// Its text sealed under the key in use, and that key's id.
    fn reseal(&self, keys: &KeyRing) -> Result<(String, String), Unopened>;

    /// `false`, and nothing done, when the row is another one by now.
    fn set(&self, c: &mut Connection, sealed: &str, key_id: &str) -> store::Result<bool>;
}

impl Sealed for SavedCredential {
    const WHAT: &'static str = "saved credentials";

    fn id(&self) -> &str {
        &self.id
    }

    fn list(c: &mut Connection, key_id: &str, after: &str, limit: i64) -> store::Result<Vec<Self>> {
        saved_credentials::list_under_other_keys(c, key_id, after, limit)
    }

    fn reseal(&self, keys: &KeyRing) -> Result<(String, String), Unopened> {
        copies::reseal(keys, self)
    }

    fn set(&self, c: &mut Connection, sealed: &str, key_id: &str) -> store::Result<bool> {
        saved_credentials::set_resealed(c, self, sealed, key_id)
    }
}

impl Sealed for Authenticator {
    const WHAT: &'static str = "authenticator";

    fn id(&self) -> &str {
        &self.id
    }

    fn list(c: &mut Connection, key_id: &str, after: &str, limit: i64) -> store::Result<Vec<Self>> {
        authenticators::list_under_other_keys(c, key_id, after, limit)
    }

    fn reseal(&self, keys: &KeyRing) -> Result<(String, String), Unopened> {
        second_factor::reseal(keys, self)
    }

    fn set(&self, c: &mut Connection, sealed: &str, key_id: &str) -> store::Result<bool> {
        authenticators::set_resealed(c, self, sealed, key_id)
    }
}

/// Seals every saved password and every authenticator's secret under the key in use.
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
        self.pass_over::<SavedCredential>().await?;
        self.pass_over::<Authenticator>().await
    }

    async fn pass_over<Row: Sealed>(&mut self) -> Done<()> {
        let mut after = String::new();
        loop {
            // Another rotation may run beside this one; both go by the newest key, or they would undo each other.
            self.keys.refresh_all();
            let rows = self.left::<Row>(&after).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.id().to_owned();
            let resealed = rows.into_iter().filter_map(|row| self.resealed(row)).collect();
            self.done += self.write(resealed).await?;
        }
    }

    /// The next rows that are not sealed under the key in use.
    async fn left<Row: Sealed>(&self, after: &str) -> Result<Vec<Row>, StoreError> {
        let (key_id, after) = (self.keys.current_id(Purpose::Cred), after.to_owned());
        self.store.read(move |c| Row::list(c, &key_id, &after, COMMIT_ROWS)).await
    }

    /// The row, its text sealed anew, and the id of the key; `None`, and told, when it does not open.
    fn resealed<Row: Sealed>(&mut self, row: Row) -> Option<(Row, String, String)> {
        match row.reseal(self.keys) {
            Ok((sealed, key_id)) => Some((row, sealed, key_id)),
            Err(error) => {
                if self.unopened.insert(row.id().to_owned()) {
                    // Nobody reads standard error: then nobody can be told. The exit code tells it too.
                    let _ = writeln!(io::stderr(), "sanad: {} {}: {error}", Row::WHAT, row.id());
                }
                None
            }
        }
    }

    /// One transaction; a row that was replaced or removed meanwhile is left alone and not counted.
    async fn write<Row: Sealed>(&self, resealed: Vec<(Row, String, String)>) -> Result<usize, StoreError> {
        let write = move |c: &mut _| {
            let mut done = 0;
            for (was, sealed, key_id) in &resealed {
                done += usize::from(was.set(c, sealed, key_id)?);
            }
            Ok(done)
        };
        self.store.write(write).await
    }
}

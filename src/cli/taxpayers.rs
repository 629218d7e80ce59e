//! `sanad taxpayers import FILE`: inserts or updates the register, beside a running server. Whoever has an account and
//! gets other contacts by it is told at the old and the new ones, and signed out: OTPs go elsewhere from now on.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{REFUSED, refuse};
use crate::app;
use crate::kernel::clock::{Clock, Moment};
use crate::kernel::contact::Email;
use crate::kernel::taxpayer::Taxpayer;
use crate::notify::Outbox;
use crate::notify::messages::Writer;
use crate::register::{Reader, Rejects, rejects_path};
use crate::settings::Settings;
use crate::store::accounts::{self, Account};
use crate::store::events::{self, Event};
use crate::store::taxpayers::{self, Source};
use crate::store::{self, Connection, Store, StoreError, sessions};

/// Rows in one commit, or what was read in this time: beside a running server nobody waits for an import.
const COMMIT_ROWS: usize = 2_000;
const COMMIT_TIME: Duration = Duration::from_millis(200);

#[derive(Subcommand)]
pub(super) enum TaxpayersCommand {
    /// Insert or update taxpayers from a CSV file; bad rows go to FILE.rejected.csv.
    Import { file: PathBuf },
}

pub(super) async fn run(settings: Settings, command: TaxpayersCommand) -> ExitCode {
    let TaxpayersCommand::Import { file } = command;
    let opened = match app::open(&settings) {
        Ok(opened) => opened,
        Err(error) => return refuse(&error, REFUSED),
    };
    let settings = Arc::new(settings);
    let post = Arc::new(Post { outbox: Outbox::new(opened.keys, settings.clone()), settings });
    let outcome = import_file(&opened.store, &post, &file).await;
    opened.store.stop().await;
    match outcome {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => refuse(&error, REFUSED),
    }
}

/// Imports every good row, sets every bad one aside, and returns how many were bad.
async fn import_file(store: &Store, post: &Arc<Post>, path: &Path) -> Result<u64, Box<dyn std::error::Error>> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let progress = progress_bar(file.metadata()?.len());
    let reader = Reader::open(progress.wrap_read(file)).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut rejects = Rejects::new(rejects_path(path), reader.header());
    let mut batch = Batch::new(store, post);
    let (mut good, mut bad) = (0_u64, 0_u64);
    for row in reader {
        match row.outcome {
            Ok(taxpayer) => {
                good += 1;
                batch.push(taxpayer).await?;
            }
            Err(_) => {
                bad += 1;
                rejects.write(&row)?;
            }
        }
    }
    batch.commit().await?;
    progress.finish_and_clear();
    let rejected = rejects.finish()?;
    writeln!(io::stdout(), "{good} taxpayers imported, {bad} rows rejected")?;
    if let Some(rejected) = rejected {
        writeln!(io::stdout(), "The rejected rows and their reasons are in {}", rejected.display())?;
    }
    Ok(bad)
}

fn progress_bar(bytes: u64) -> ProgressBar {
    let target = if io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {eta} left");
    ProgressBar::with_draw_target(Some(bytes), target)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Rows read and not yet committed.
struct Batch<'a> {
    store: &'a Store,
    post: &'a Arc<Post>,
    rows: Vec<Taxpayer>,
    since: tokio::time::Instant,
}

impl<'a> Batch<'a> {
    fn new(store: &'a Store, post: &'a Arc<Post>) -> Self {
        Self { store, post, rows: Vec::with_capacity(COMMIT_ROWS), since: tokio::time::Instant::now() }
    }

    async fn push(&mut self, taxpayer: Taxpayer) -> Result<(), StoreError> {
        self.rows.push(taxpayer);
        match self.rows.len() >= COMMIT_ROWS || self.since.elapsed() >= COMMIT_TIME {
            true => self.commit().await,
            false => Ok(()),
        }
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        let rows = std::mem::take(&mut self.rows);
        let (post, now) = (self.post.clone(), Clock::system().now());
        let write = move |c: &mut _| {
            post.announce_changes(c, &rows, now)?;
            taxpayers::upsert(c, &rows, Source::Import, now)
        };
        self.store.write(write).await?;
        self.since = tokio::time::Instant::now();
        Ok(())
    }
}

/// What tells owners that their contacts have changed.
struct Post {
    outbox: Outbox,
    settings: Arc<Settings>,
}

impl Post {
    /// For the accounts among `rows`, before these are written.
    fn announce_changes(&self, c: &mut Connection, rows: &[Taxpayer], now: Moment) -> store::Result<()> {
        let new: BTreeMap<&str, &Taxpayer> = rows.iter().map(|row| (row.gstin.as_str(), row)).collect();
        let gstins: Vec<String> = new.keys().map(|gstin| (*gstin).to_owned()).collect();
        for account in accounts::list_by_gstins(c, &gstins)? {
            let gstin = account.gstin.as_deref().unwrap_or_default();
            let Some(new) = new.get(gstin) else { continue };
            let old = taxpayers::find(c, gstin)?;
            if let Some(old) = old.filter(|old| old.emails != new.emails || old.mobiles != new.mobiles) {
                self.announce(c, &account, &old, new, now)?;
            }
        }
        Ok(())
    }

    fn announce(
        &self,
        c: &mut Connection,
        account: &Account,
        old: &Taxpayer,
        new: &Taxpayer,
        now: Moment,
    ) -> store::Result<()> {
        let mail = Writer::new(&self.settings).contacts_changed(account.known_as(), new, now);
        let further = new.emails.iter().filter(|email| !old.emails.contains(email));
        let to: Vec<Email> = old.emails.iter().chain(further).cloned().collect();
        self.outbox.mails(&to, &mail, now).iter().try_for_each(|mail| mail.insert(c))?;
        sessions::end_of_account(c, &account.id, None, sessions::Reason::Contacts)?;
        let event = Event::by_command("contacts_changed", account.gstin.as_deref(), now);
        events::insert(c, &Event { account_id: Some(account.id.clone()), ..event })
    }
}

//! Adds the GSTINs of imports that people have started, in the background: a look every second at what is running.
//!
//! Rows and their outcomes are written together, so whoever is killed in between has done a row wholly or not at all,
//! and the next server goes on with the rest. Several servers take turns.

use std::time::Duration;

use tokio::sync::watch;

use crate::kernel::clock::{Clock, Moment};
use crate::kernel::ids;
use crate::kernel::limits::Limits;
use crate::kernel::portal::Portal;
use crate::store::events::{self, Event};
use crate::store::gstin_imports::{self, ADDED, Counts, FULL, Import, PRESENT, RUNNING, Row};
use crate::store::{Connection, Inserted, Result, Store, workspace_gstins, workspaces};

/// Rows added in one transaction, so that other writers hardly wait.
const AT_ONCE: i64 = 200;
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Everything that importing takes.
pub struct Importer {
    store: Store,
    clock: Clock,
    /// GSTINs that a workspace may list.
    most: i64,
}

impl Importer {
    pub fn new(store: Store, clock: Clock, limits: &Limits) -> Self {
        Self { store, clock, most: limits.workspace_gstins }
    }

    /// Adds what is started until `stop` turns true; the rows under way then are finished.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let went_on = self.go_on().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "which imports are running could not be read");
                false
            });
            if !went_on {
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    _ = stop.changed() => {}
                }
            }
        }
    }

    /// Some rows of every import that is running; false when there was nothing to do. One that fails is logged, holds up
    /// no other, and is tried again at the next look.
    pub async fn go_on(&self) -> Result<bool> {
        let running = self.store.read(gstin_imports::list_running).await?;
        let mut went_on = false;
        for import in running {
            let (id, now, most) = (import.id.clone(), self.clock.now(), self.most);
            match self.store.write(move |c| add_some(c, &import, most, now)).await {
                Ok(()) => went_on = true,
                Err(error) => tracing::warn!(%error, import = id, "an import could not go on"),
            }
        }
        Ok(went_on)
    }
}

/// One transaction of an import: the next rows, or its end.
fn add_some(c: &mut Connection, import: &Import, most: i64, now: Moment) -> Result<()> {
    workspaces::lock(c, &import.workspace_id)?;
    let state = gstin_imports::find(c, &import.workspace_id, &import.id)?.map(|import| import.state);
    if state.as_deref() != Some(RUNNING) {
        // Another server has brought it to its end meanwhile.
        return Ok(());
    }
    let rows = gstin_imports::list_todo(c, &import.id, AT_ONCE)?;
    if rows.is_empty() {
        return finish(c, import, now);
    }
    let mut room = most - workspace_gstins::count(c, &import.workspace_id)?;
    for row in rows {
        let outcome = add(c, import, &row, room, now)?;
        room -= i64::from(outcome == ADDED);
        gstin_imports::set_outcome(c, &row, outcome)?;
    }
    Ok(())
}

fn add(c: &mut Connection, import: &Import, row: &Row, room: i64, now: Moment) -> Result<&'static str> {
    let (workspace, gstin) = (&import.workspace_id, row.gstin.as_deref().unwrap_or_default());
    if room <= 0 {
        return Ok(if workspace_gstins::exists(c, workspace, gstin)? { PRESENT } else { FULL });
    }
    Ok(match workspace_gstins::insert(c, workspace, gstin, now)? {
        Inserted::Yes => ADDED,
        Inserted::Taken => PRESENT,
    })
}

fn finish(c: &mut Connection, import: &Import, now: Moment) -> Result<()> {
    if !gstin_imports::set_done(c, &import.id, now)? {
        return Ok(());
    }
    let event = done_event(import, gstin_imports::count(c, &import.id)?, now);
    events::insert(c, &event)
}

/// What is recorded of the end. It has no request: the person has started the import by an earlier one.
fn done_event(import: &Import, counts: Counts, now: Moment) -> Event {
    let detail = serde_json::json!({
        "workspace": import.workspace_id,
        "import": import.id,
        "added": counts.added,
        "present": counts.present,
        "refused": counts.refused,
    });
    Event {
        id: ids::ordered(now),
        at: now.seconds(),
        request_id: String::new(),
        portal: Some(Portal::Workspace.as_str().to_owned()),
        gstin: None,
        account_id: Some(import.account_id.clone()),
        action: "gstin_import_done".to_owned(),
        outcome: events::DONE.to_owned(),
        address: String::new(),
        device: String::new(),
        detail: detail.to_string(),
    }
}

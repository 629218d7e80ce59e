//! The single writer of SQLite: the waiting writes of many requests in one transaction, each in its own savepoint, one
//! flush to the disk, then all answers. PostgreSQL writes on a pooled connection instead.
//!
//! One flush a commit allows some 260 writes a second on an ordinary disk; shared flushes allow thousands and stay
//! just as durable.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, TransactionManager};
use tokio::sync::{mpsc, oneshot};

use super::{Connection, Database, Result, StoreError, connection};

/// How much one commit may carry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batches {
    /// Writes that may wait; one more is refused with `Full`.
    pub queue: usize,
    /// Writes in one commit.
    pub jobs: usize,
    /// Time one commit collects for, so that the first in it does not wait long.
    pub time: Duration,
}

impl Default for Batches {
    fn default() -> Self {
        Self { queue: 1024, jobs: 256, time: Duration::from_millis(20) }
    }
}

/// A write slower than this holds up everybody and is logged.
const SLOW_WRITE: Duration = Duration::from_millis(50);

pub(super) type Answer = Box<dyn FnOnce(Result<()>) + Send>;
/// Runs the closure (or refuses to) and returns how to answer and whether the outer transaction is still sound.
pub(super) type Job = Box<dyn FnOnce(Start<'_>) -> (Answer, Result<()>) + Send>;

pub(super) enum Start<'a> {
    Run(&'a mut Connection),
    Refuse(StoreError),
}

pub(super) enum Message {
    Job(Job),
    Stop(oneshot::Sender<()>),
}

pub(super) enum Writer {
    Thread(mpsc::Sender<Message>),
    #[cfg(feature = "postgres")]
    Pool(diesel::r2d2::Pool<connection::Manager>),
}

impl Writer {
    pub(super) fn thread(database: Database, connection: Connection, batches: Batches) -> Result<Self> {
        let (sender, receiver) = mpsc::channel(batches.queue);
        let state = Thread { database, connection: Some(connection), receiver, batches };
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || state.run())
            .map_err(|error| StoreError::Connection(error.to_string()))?;
        Ok(Self::Thread(sender))
    }

    #[cfg(feature = "postgres")]
    pub(super) fn pooled(database: &Database) -> Result<Self> {
        diesel::r2d2::Pool::builder()
            .max_size(8)
            .min_idle(Some(1))
            .build(connection::Manager::writing(database.clone()))
            .map(Self::Pool)
            .map_err(|error| StoreError::Connection(error.to_string()))
    }

    #[cfg(not(feature = "postgres"))]
    pub(super) fn pooled(_: &Database) -> Result<Self> {
        Err(StoreError::NoPostgres)
    }

    pub(super) async fn write<T, F>(&self, write: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    {
        match self {
            Self::Thread(queue) => {
                let (sender, answered) = oneshot::channel();
                queue.try_send(Message::Job(job(write, sender))).map_err(|error| match error {
                    mpsc::error::TrySendError::Full(_) => StoreError::Full,
                    mpsc::error::TrySendError::Closed(_) => StoreError::Stopped,
                })?;
                answered.await.unwrap_or(Err(StoreError::Stopped))
            }
            #[cfg(feature = "postgres")]
            Self::Pool(pool) => {
                let pool = pool.clone();
                super::blocking(move || {
                    let mut pooled = pool.get().map_err(|error| StoreError::Connection(error.to_string()))?;
                    attempt(&mut pooled, write).0
                })
                .await
            }
        }
    }

    pub(super) async fn stop(&self) {
        match self {
            Self::Thread(queue) => {
                let (done, finished) = oneshot::channel();
                if queue.send(Message::Stop(done)).await.is_ok() {
                    // An error means the thread is gone already, which is what was asked for.
                    let _ = finished.await;
                }
            }
            #[cfg(feature = "postgres")]
            Self::Pool(_) => {}
        }
    }
}

/// Boxes a closure so that its result type stays inside: the thread sees only "run it, then answer".
fn job<T, F>(write: F, sender: oneshot::Sender<Result<T>>) -> Job
where
    T: Send + 'static,
    F: FnOnce(&mut Connection) -> Result<T> + Send + 'static,
{
    Box::new(move |start| {
        let (outcome, sound) = match start {
            Start::Run(connection) => attempt(connection, write),
            Start::Refuse(error) => (Err(error), Ok(())),
        };
        let answer: Answer = Box::new(move |committed| {
            // Nobody listening means that the request was dropped; its write stands.
            let _ = sender.send(committed.and(outcome));
        });
        (answer, sound)
    })
}

type Transactions = <Connection as diesel::Connection>::TransactionManager;

/// Runs `write` one transaction level deeper and closes that level: its own outcome, and whether the levels around it
/// are still sound.
fn attempt<T>(
    connection: &mut Connection,
    write: impl FnOnce(&mut Connection) -> Result<T>,
) -> (Result<T>, Result<()>) {
    if let Err(error) = Transactions::begin_transaction(connection) {
        let error = StoreError::from(error);
        return (Err(error.clone()), Err(error));
    }
    let opened = depth(connection);
    let outcome = catch_unwind(AssertUnwindSafe(|| write(connection)))
        .unwrap_or_else(|panic| Err(StoreError::Panicked(panic_text(&*panic))));
    let closed = close_level(connection, opened, outcome.is_ok());
    match closed {
        Ok(()) => (outcome, Ok(())),
        Err(error) => (Err(error.clone()), Err(error)),
    }
}

/// Closes the level `opened`, rolling back first whatever a panic left open above it.
fn close_level(connection: &mut Connection, opened: u32, keep: bool) -> Result<()> {
    if opened == 0 || depth(connection) < opened {
        return Err(StoreError::Panicked("a write closed a transaction that is not its own".to_owned()));
    }
    while depth(connection) > opened {
        Transactions::rollback_transaction(connection)?;
    }
    let closed = if keep {
        Transactions::commit_transaction(connection)
    } else {
        Transactions::rollback_transaction(connection)
    };
    closed.map_err(|error| match StoreError::from(error) {
        StoreError::Database(cause) => StoreError::NotCommitted(cause),
        other => other,
    })
}

/// How many levels are open; 0 too when the manager no longer knows.
fn depth(connection: &mut Connection) -> u32 {
    Transactions::transaction_manager_status_mut(connection)
        .transaction_depth()
        .ok()
        .flatten()
        .map_or(0, std::num::NonZeroU32::get)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no text".to_owned())
}

struct Thread {
    database: Database,
    /// `None` after a fault that left its state unknown; opened anew for the next batch.
    connection: Option<Connection>,
    receiver: mpsc::Receiver<Message>,
    batches: Batches,
}

impl Thread {
    fn run(mut self) {
        while let Some(message) = self.receiver.blocking_recv() {
            let stop = match message {
                Message::Job(first) => self.commit_batch(first),
                Message::Stop(done) => Some(done),
            };
            if let Some(done) = stop {
                return self.finish(done);
            }
        }
    }

    /// Runs everything that was queued before the stop, then drops the connection, which folds the WAL in.
    fn finish(mut self, done: oneshot::Sender<()>) {
        self.receiver.close();
        while let Some(message) = self.receiver.blocking_recv() {
            if let Message::Job(first) = message {
                self.commit_batch(first);
            }
        }
        drop(self.connection.take());
        // The asker of the stop may have given up waiting.
        let _ = done.send(());
    }

    /// One transaction of `first` and what else waits. Returns a stop message met on the way.
    fn commit_batch(&mut self, first: Job) -> Option<oneshot::Sender<()>> {
        if let Err(error) = self.begin() {
            return self.refuse_all(first, &error);
        }
        let started = tokio::time::Instant::now();
        let mut answers = Vec::new();
        let mut sound = Ok(());
        let mut stop = None;
        let mut next = Some(first);
        while let Some(job) = next.take() {
            let (answer, after) = self.run_job(job);
            answers.push(answer);
            if after.is_err() {
                sound = after;
                break;
            }
            if answers.len() >= self.batches.jobs || started.elapsed() >= self.batches.time {
                break;
            }
            match self.receiver.try_recv() {
                Ok(Message::Job(job)) => next = Some(job),
                Ok(Message::Stop(done)) => stop = Some(done),
                Err(_) => {}
            }
        }
        let committed = sound.and_then(|()| self.commit());
        if committed.is_err() {
            self.connection = None;
        }
        for answer in answers {
            answer(committed.clone());
        }
        stop
    }

    fn run_job(&mut self, job: Job) -> (Answer, Result<()>) {
        let started = tokio::time::Instant::now();
        let outcome = match &mut self.connection {
            Some(connection) => job(Start::Run(connection)),
            None => job(Start::Refuse(StoreError::Connection("the writer has no connection".to_owned()))),
        };
        if started.elapsed() > SLOW_WRITE {
            tracing::warn!(milliseconds = started.elapsed().as_millis(), "a write held up the others");
        }
        outcome
    }

    fn begin(&mut self) -> Result<()> {
        if self.connection.is_none() {
            self.connection = Some(connection::open(&self.database)?);
        }
        match &mut self.connection {
            Some(Connection::Sqlite(sqlite)) => {
                Ok(AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN IMMEDIATE")?)
            }
            _ => Err(StoreError::Connection("the writer thread serves SQLite only".to_owned())),
        }
    }

    fn commit(&mut self) -> Result<()> {
        let Some(connection) = &mut self.connection else { return Err(StoreError::Stopped) };
        if depth(connection) != 1 {
            return Err(StoreError::Panicked("a write left or closed transaction levels".to_owned()));
        }
        Transactions::commit_transaction(connection).map_err(|error| match StoreError::from(error) {
            StoreError::Database(cause) => StoreError::NotCommitted(cause),
            other => StoreError::NotCommitted(Arc::new(diesel::result::Error::QueryBuilderError(Box::new(other)))),
        })
    }

    /// The database cannot be written now: everyone who waits hears it at once, so that nobody waits for one time-out
    /// after another.
    fn refuse_all(&mut self, first: Job, error: &StoreError) -> Option<oneshot::Sender<()>> {
        tracing::error!(%error, "the database cannot be written");
        let mut next = Some(Message::Job(first));
        while let Some(message) = next {
            match message {
                Message::Job(job) => (job(Start::Refuse(error.clone())).0)(Ok(())),
                Message::Stop(done) => return Some(done),
            }
            next = self.receiver.try_recv().ok();
        }
        None
    }
}

#[cfg(test)]
mod tests;

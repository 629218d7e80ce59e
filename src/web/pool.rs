//! Work for the processor, off the async threads: a few pieces at once, a bounded queue before them and 503 beyond (T28).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::error::PageError;

/// A place for so many pieces of work at once. Clones share it.
#[derive(Clone)]
pub struct Pool {
    running: Arc<Semaphore>,
    /// Places to run and to wait together.
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Pool {
    /// `at_once` pieces run, `queue` more wait, each for `seconds` at most.
    pub fn new(at_once: i64, queue: i64, seconds: i64) -> Self {
        let count = |limit: i64| usize::try_from(limit).unwrap_or(1);
        Self {
            running: Arc::new(Semaphore::new(count(at_once))),
            places: Arc::new(Semaphore::new(count(at_once + queue))),
            patience: Duration::from_secs(u64::try_from(seconds).unwrap_or(2)),
        }
    }

    /// What `work` returns; `Unavailable` when there is no place, or when its turn does not come in time.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PageError> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| PageError::Unavailable)?;
        let turn = tokio::time::timeout(self.patience, self.running.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| PageError::Unavailable)?.map_err(|_| PageError::Unavailable)?;
        // Both permits move into the work: a client that hangs up does not free a place while its work still runs.
        let done = tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop((place, turn));
            outcome
        });
        done.await.map_err(|error| PageError::internal(error.to_string()))
    }
}

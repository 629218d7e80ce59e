//! The doors for software: `/eivital/…`, the sign-in of the e-invoice system, `/taxpayerapi/…`, that of the GST system,
//! and `/introspect` for an operator's gateway (`domain.md` 4 and 9). A folder an address.
//!
//! Everything here answers in JSON, whatever was sent.

mod caller;
pub mod eivital;
mod envelope;
mod fault;
mod fields;
pub mod introspection;
pub mod openapi;
pub mod taxpayerapi;
mod tokens;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use self::caller::Caller;
use self::envelope::DoorKey;
use self::fault::{Code, Fault};
use crate::accounts::hashing::Hasher;
use crate::kernel::clock::MINUTE;
use crate::kernel::door::Door;
use crate::settings::{Mode, Settings};
use crate::store::counters::{self, Budget};
use crate::vault::{KeyError, KeyRing, read_private, write_first};
use crate::web::error::PageError;
use crate::web::page::Visit;
use crate::web::pool::Pool;
use crate::web::throttle;

/// What the doors work with besides the kit.
pub struct Machine {
    hasher: Hasher,
    /// Envelopes opened at once: one costs a sixteenth of a password hash.
    opening: Pool,
    keys: DoorKeys,
    /// Sign-ins with one API username take turns: each try is counted before it is looked at, so many right ones at once
    /// would pass for many wrong ones. A username has one of these; a few share one.
    turns: [tokio::sync::Mutex<()>; 64],
    /// Calls with each integrator key in this second.
    calls: DefaultKeyedRateLimiter<String>,
}

/// The RSA keys of the doors: `irp.pem` and `gstn.pem` in the folder of the keys. Read when first asked for, and in demo
/// mode made then.
struct DoorKeys {
    directory: PathBuf,
    may_make: bool,
    irp: OnceLock<Arc<DoorKey>>,
    gstn: OnceLock<Arc<DoorKey>>,
    /// Held while a key is read or made, so that many first calls make one.
    reading: Mutex<()>,
}

impl Machine {
    /// Production refuses to start without the key of a door that is open.
    pub fn open(settings: &Settings, ring: Arc<KeyRing>) -> Result<Self, MachineError> {
        let limits = &settings.limits;
        let keys = DoorKeys {
            directory: settings.keys_dir.clone(),
            may_make: settings.mode == Mode::Demo,
            irp: OnceLock::new(),
            gstn: OnceLock::new(),
            reading: Mutex::new(()),
        };
        for door in Door::ALL.into_iter().filter(|door| is_open(settings, *door) && !keys.may_make) {
            keys.of(door)?;
        }
        Ok(Self {
            hasher: Hasher::for_software(ring, settings.argon2, limits)?,
            opening: Pool::new(limits.machine_hash_at_once, limits.machine_hash_queue, limits.hash_wait),
            keys,
            turns: std::array::from_fn(|_| tokio::sync::Mutex::default()),
            calls: RateLimiter::keyed(per_second(limits.integrator_calls_per_second)),
        })
    }

    /// The RSA key of that door.
    async fn key_of(self: &Arc<Self>, door: Door) -> Result<Arc<DoorKey>, PageError> {
        if let Some(key) = self.keys.cell(door).get() {
            return Ok(key.clone());
        }
        // Making one takes half a second.
        let machine = self.clone();
        let made = tokio::task::spawn_blocking(move || machine.keys.of(door)).await;
        made.map_err(|error| PageError::internal(error.to_string()))?
            .map_err(|error| PageError::internal(error.to_string()))
    }

    /// This sign-in's turn among those with the same API username; `Unavailable` when it does not come in time.
    async fn turn_of(&self, username: &str, patience: i64) -> Result<tokio::sync::MutexGuard<'_, ()>, PageError> {
        let mut hasher = DefaultHasher::new();
        username.to_ascii_lowercase().hash(&mut hasher);
        let at = usize::try_from(hasher.finish() % self.turns.len() as u64).unwrap_or_default();
        let turn = self.turns.get(at).ok_or_else(|| PageError::internal("no such turn"))?;
        let patience = Duration::from_secs(u64::try_from(patience).unwrap_or(2));
        tokio::time::timeout(patience, turn.lock()).await.map_err(|_| PageError::Unavailable)
    }

    /// Opens an envelope off the async threads, unless too many of this caller's did not open.
    async fn open_envelope<T: Send + 'static, C: Code + Send + 'static>(
        &self,
        visit: &Visit,
        caller: &Caller,
        open: impl FnOnce() -> Result<T, C> + Send + 'static,
    ) -> Result<T, Fault<C>> {
        let (budgets, now) = (unreadable(visit, caller), visit.now);
        let asked = budgets.clone();
        if let Some(until) = visit.kit.store.read(move |c| counters::any_exhausted(c, &asked, now)).await? {
            return Err(Fault::too_many(until));
        }
        let opened = self.opening.run(open).await?;
        if opened.is_err() {
            visit.kit.store.write(move |c| counters::count_each(c, &budgets, now)).await?;
        }
        Ok(opened?)
    }
}

/// Envelopes that do not open, from one integrator at one address. Without a limit whoever has a key could learn, try by
/// try, what others have sent: a code tells that an envelope did open, however rarely (Bleichenbacher).
fn unreadable(visit: &Visit, caller: &Caller) -> Vec<Budget> {
    let max = visit.kit.settings.limits.envelope_failures_per_minute;
    let key = |address: &str| format!("envelope/failures/{}/{address}", caller.client_id);
    throttle::from_address(&visit.throttle_key(), max, MINUTE, key)
}

/// Why the doors cannot be opened; one line for the operator.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Hasher(#[from] PageError),
}

impl DoorKeys {
    fn cell(&self, door: Door) -> &OnceLock<Arc<DoorKey>> {
        match door {
            Door::Irp => &self.irp,
            Door::Gstn => &self.gstn,
        }
    }

    /// Blocks while a key is read or made.
    fn of(&self, door: Door) -> Result<Arc<DoorKey>, KeyError> {
        let _alone = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = self.cell(door).get() {
            return Ok(key.clone());
        }
        let path = self.directory.join(format!("{}.pem", door.as_str()));
        if self.may_make && !path.exists() {
            write_first(&path, &DoorKey::make())?;
        }
        let key = DoorKey::parse(&read_private(&path)?).ok_or(KeyError::NotRsa(path))?;
        Ok(self.cell(door).get_or_init(|| Arc::new(key)).clone())
    }
}

/// Whether the settings leave that door open.
pub fn is_open(settings: &Settings, door: Door) -> bool {
    match door {
        Door::Irp => settings.nic_door,
        Door::Gstn => settings.gstn_door,
    }
}

fn per_second(calls: i64) -> Quota {
    let calls = u32::try_from(calls).ok().and_then(std::num::NonZeroU32::new);
    Quota::per_second(calls.unwrap_or(std::num::NonZeroU32::MIN))
}

//! The HTTP kit: what every screen is made with. It knows no screen.

pub mod address;
pub mod assets;
pub mod body;
pub mod browser;
pub mod download;
pub mod error;
pub mod form;
pub mod guard;
pub mod handoff;
pub mod headers;
pub mod last_resort;
pub mod notice;
pub mod page;
pub mod paths;
pub mod pool;
pub mod report;
pub mod session;
pub mod session_keys;
pub mod throttle;
pub mod upload;

use std::sync::Arc;

use crate::kernel::clock::Clock;
use crate::settings::Settings;
use crate::store::Store;
use crate::vault::KeyRing;

/// What the kit and every screen share: where things are kept, the keys, the time and the settings.
#[derive(Clone)]
pub struct Kit {
    pub store: Store,
    pub keys: Arc<KeyRing>,
    pub clock: Clock,
    pub settings: Arc<Settings>,
}

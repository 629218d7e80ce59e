//! The key ring and what is done with it: MAC, derive, seal and open. Secrets here have no Debug and are wiped on drop.
//!
//! Keys live in files outside the database, one file per purpose (`security.md` 3.7), so that a leaked database or
//! backup opens nothing.

mod keys;
mod mac;
mod make;
mod seal;

pub use keys::{KeyError, KeyRing, Pepper, Purpose, read_private};
pub use mac::Mac;
pub use make::write_first;
pub use seal::{Place, Unopened, key_id_of};

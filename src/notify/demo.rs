//! Demo mode's messages, for the page that shows them.

use super::outbox::{Letter, open_copy};
use crate::store::{Result, Store, demo_messages};
use crate::vault::KeyRing;

/// A message as the demo page shows it.
pub struct Shown {
    /// `email` or `sms`.
    pub channel: &'static str,
    pub to: String,
    pub subject: String,
    pub text: String,
}

/// The last messages, the newest first.
pub async fn list(store: &Store, keys: &KeyRing) -> Result<Vec<Shown>> {
    let copies = store.read(demo_messages::list).await?;
    Ok(copies.iter().filter_map(|(id, body)| open_copy(keys, id, body)).map(Shown::from).collect())
}

impl From<Letter> for Shown {
    fn from(letter: Letter) -> Self {
        match letter {
            Letter::Email { to, subject, text, .. } => Self { channel: super::outbox::EMAIL, to, subject, text },
            Letter::Sms { to, text, .. } => Self { channel: super::outbox::SMS, to, subject: String::new(), text },
        }
    }
}

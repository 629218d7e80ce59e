//! How a message becomes a row: sealed, with an id that is its idempotency key.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::messages::{Attachment, Mail, Sms};
use crate::kernel::clock::Moment;
use crate::kernel::contact::{Email, Mobile};
use crate::kernel::ids;
use crate::settings::{Mode, Settings};
use crate::store::outbox::{self, Message};
use crate::store::{Connection, Result, demo_messages};
use crate::vault::{KeyRing, Place};

pub const EMAIL: &str = "email";
pub const SMS: &str = "sms";

/// What is sealed into a row. No Debug: it may hold an OTP.
#[derive(Serialize, Deserialize)]
#[serde(tag = "channel", rename_all = "lowercase")]
pub enum Letter {
    Email {
        to: String,
        subject: String,
        text: String,
        html: String,
        /// Not in rows of the time before there were attachments.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attachment: Option<Attachment>,
    },
    Sms {
        to: String,
        text: String,
        template: String,
    },
}

/// Makes rows of messages and wakes the workers.
pub struct Outbox {
    keys: Arc<KeyRing>,
    settings: Arc<Settings>,
    pub(super) wake: Notify,
}

/// A sealed message, ready for the transaction of its cause.
pub struct Prepared {
    row: Message,
    /// Demo mode's copy and how many of them are kept.
    copy: Option<(String, i64)>,
}

impl Prepared {
    pub fn insert(&self, c: &mut Connection) -> Result<()> {
        outbox::insert(c, &self.row)?;
        match &self.copy {
            Some((body, keep)) => demo_messages::insert(c, &self.row.id, body, *keep),
            None => Ok(()),
        }
    }
}

impl Outbox {
    pub fn new(keys: Arc<KeyRing>, settings: Arc<Settings>) -> Self {
        Self { keys, settings, wake: Notify::new() }
    }

    /// A mail to one address. After `expires` it is not sent any more.
    pub fn mail(&self, to: &Email, mail: &Mail, now: Moment, expires: Option<Moment>) -> Prepared {
        let letter = Letter::Email {
            to: to.as_str().to_owned(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            html: mail.html.clone(),
            attachment: mail.attachment.clone(),
        };
        self.prepare(EMAIL, mail.kind, &letter, now, expires)
    }

    /// The same mail to each of several addresses.
    pub fn mails(&self, to: &[Email], mail: &Mail, now: Moment) -> Vec<Prepared> {
        to.iter().map(|to| self.mail(to, mail, now, None)).collect()
    }

    /// An SMS to one phone; `None` where there is neither a gateway nor a demo page to show it.
    pub fn sms(&self, to: &Mobile, sms: &Sms, now: Moment, expires: Option<Moment>) -> Option<Prepared> {
        if self.settings.sms_url.is_none() && self.settings.mode != Mode::Demo {
            return None;
        }
        let letter = Letter::Sms { to: to.international(), text: sms.text.clone(), template: sms.kind.to_owned() };
        Some(self.prepare(SMS, sms.kind, &letter, now, expires))
    }

    /// Tells the workers that rows were committed; they look by themselves once a second anyway.
    pub fn wake(&self) {
        self.wake.notify_waiters();
    }

    fn prepare(&self, channel: &str, kind: &str, letter: &Letter, now: Moment, expires: Option<Moment>) -> Prepared {
        let id = ids::ordered(now);
        let text = zeroize::Zeroizing::new(serde_json::to_string(letter).unwrap_or_default());
        let demo = self.settings.mode == Mode::Demo;
        let copy = demo.then(|| (self.keys.seal(copy_place(&id), &text), self.settings.limits.demo_messages));
        let row = Message {
            channel: channel.to_owned(),
            kind: kind.to_owned(),
            body: Some(self.keys.seal(row_place(&id), &text)),
            state: outbox::QUEUED.to_owned(),
            attempts: 0,
            created_at: now.seconds(),
            next_attempt_at: now.seconds(),
            expires_at: expires.map(Moment::seconds),
            finished_at: None,
            last_error: None,
            id,
        };
        Prepared { row, copy }
    }
}

fn row_place(id: &str) -> Place<'_> {
    Place { kind: "outbox/v1", record: id, field: "body" }
}

fn copy_place(id: &str) -> Place<'_> {
    Place { kind: "demo/v1", record: id, field: "body" }
}

/// The letter of an outbox row; `None` when it does not open.
pub fn open_row(keys: &KeyRing, row: &Message) -> Option<Letter> {
    let text = keys.open(row_place(&row.id), row.body.as_deref()?).ok()?;
    serde_json::from_str(&text).ok()
}

/// The letter of a demo copy; `None` when it does not open.
pub fn open_copy(keys: &KeyRing, id: &str, body: &str) -> Option<Letter> {
    let text = keys.open(copy_place(id), body).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_sealed_before_there_were_attachments_still_opens() {
        let old = r#"{"channel":"email","to":"a@example.in","subject":"S","text":"T","html":"H"}"#;
        let letter: Letter = serde_json::from_str(old).unwrap();
        assert!(matches!(&letter, Letter::Email { attachment: None, .. }));
        assert_eq!(serde_json::to_string(&letter).unwrap(), old);
    }
}

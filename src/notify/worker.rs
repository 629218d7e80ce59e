//! The workers that send what the outbox holds: one loop a channel, several messages at once, back-off on failure.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;

use super::email::{self, Smtp};
use super::outbox::{EMAIL, Letter, Outbox, SMS, open_row};
use super::sms::Gateway;
use crate::kernel::clock::{Clock, DAY, MINUTE};
use crate::settings::{Mode, Settings, SettingsError};
use crate::store::counters::{self, Budget};
use crate::store::outbox::{self, Message};
use crate::store::{Result, Store};
use crate::vault::KeyRing;

/// Messages sent at once by one channel.
const AT_ONCE: i64 = 8;
/// Seconds for which a message is one sender's; longer than a delivery usually takes. One that takes longer may be sent
/// twice, under the same id.
const CLAIM: i64 = MINUTE;
/// Rows committed by another program beside this one are found within this time.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const FIRST_RETRY: i64 = 5;
const LONGEST_RETRY: i64 = 5 * MINUTE;

/// Why messages cannot be sent at all; one line for the operator.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    #[error(transparent)]
    Settings(SettingsError),
    #[error("messages cannot be sent: {0}")]
    Other(String),
}

/// How one sending ended.
pub(super) enum Delivery {
    Done,
    /// Not now; tried again.
    Later(String),
    /// Never; set aside.
    Refused(String),
}

/// Everything the loops share.
pub struct Workers {
    store: Store,
    keys: Arc<KeyRing>,
    clock: Clock,
    settings: Arc<Settings>,
    outbox: Arc<Outbox>,
    smtp: Option<Smtp>,
    gateway: Option<Gateway>,
}

impl Workers {
    /// Prepares the transports of the settings; refuses settings that cannot be used.
    pub fn new(
        store: Store,
        keys: Arc<KeyRing>,
        clock: Clock,
        settings: Arc<Settings>,
        outbox: Arc<Outbox>,
    ) -> std::result::Result<Self, TransportError> {
        let (smtp, gateway) = (Smtp::of(&settings)?, Gateway::of(&settings)?);
        Ok(Self { store, keys, clock, settings, outbox, smtp, gateway })
    }

    /// Sends until `stop` turns true; the messages under way then are finished.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        tokio::join!(self.run_channel(EMAIL, stop.clone()), self.run_channel(SMS, stop));
    }

    async fn run_channel(&self, channel: &'static str, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let woken = self.outbox.wake.notified();
            match self.send_due(channel).await {
                Ok(0) => {
                    tokio::select! {
                        () = woken => {}
                        () = tokio::time::sleep(LOOK_EVERY) => {}
                        _ = stop.changed() => {}
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, channel, "the outbox could not be read");
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            }
        }
    }

    /// Sends what is due now and returns how many messages that was.
    async fn send_due(&self, channel: &'static str) -> Result<usize> {
        let now = self.clock.now();
        // A read first: an idle worker must not keep the writer busy.
        if !self.store.read(move |c| outbox::is_due(c, channel, now)).await? {
            return Ok(0);
        }
        let due = self.store.write(move |c| outbox::claim(c, channel, AT_ONCE, CLAIM, now)).await?;
        join_all(due.iter().map(|message| self.send_one(message))).await.into_iter().collect::<Result<Vec<()>>>()?;
        Ok(due.len())
    }

    async fn send_one(&self, message: &Message) -> Result<()> {
        let now = self.clock.now();
        let (id, attempts) = (message.id.clone(), message.attempts);
        if message.expires_at.is_some_and(|expires| expires <= now.seconds()) {
            return self.store.write(move |c| outbox::set_finished(c, &id, outbox::EXPIRED, None, now)).await;
        }
        match self.deliver(message).await? {
            Delivery::Done => self.store.write(move |c| outbox::set_finished(c, &id, outbox::SENT, None, now)).await,
            Delivery::Later(error) => {
                tracing::warn!(%id, kind = message.kind, error, "a message will be tried again");
                let next = now.plus(retry_wait(attempts));
                self.store.write(move |c| outbox::set_retry(c, &id, &error, next)).await
            }
            Delivery::Refused(error) => {
                tracing::error!(%id, kind = message.kind, error, "a message cannot be delivered");
                let failed = outbox::FAILED;
                self.store.write(move |c| outbox::set_finished(c, &id, failed, Some(&error), now)).await
            }
        }
    }

    async fn deliver(&self, message: &Message) -> Result<Delivery> {
        let Some(letter) = open_row(&self.keys, message) else {
            return Ok(Delivery::Refused("the sealed text does not open".to_owned()));
        };
        Ok(match (letter, &self.smtp, &self.gateway) {
            (Letter::Email { to, subject, text, html, attachment }, Some(smtp), _) => {
                smtp.send(&message.id, &to, &subject, email::body(text, html, attachment)).await
            }
            (Letter::Sms { to, text, template }, _, Some(gateway)) => {
                match self.within_sms_budget(&message.id).await? {
                    true => gateway.send(&message.id, &to, &text, &template).await,
                    false => Delivery::Later("the SMS budget of the day is used up".to_owned()),
                }
            }
            // Demo mode without a transport: the demo page is where the message goes.
            _ if self.settings.mode == Mode::Demo => Delivery::Done,
            _ => Delivery::Later("there is no transport for it".to_owned()),
        })
    }

    /// The budget counts messages and not tries: one that was let out before may go out again.
    async fn within_sms_budget(&self, id: &str) -> Result<bool> {
        let (now, most) = (self.clock.now(), self.settings.limits.sms_per_day);
        let (day, own) =
            (Budget::new("sms/day".to_owned(), most, DAY), Budget::new(format!("sms/counted/{id}"), 1, DAY));
        let taken = self.store.write(move |c| {
            if counters::exhausted(c, &own, now)?.is_some() {
                return Ok((true, 0));
            }
            let key = day.key.clone();
            let taken = counters::take(c, &[day, own], now)?.is_ok();
            Ok((taken, counters::used(c, &key, now)?))
        });
        let (taken, used) = taken.await?;
        if taken && used == most * SMS_ALERT_PERCENT / 100 {
            tracing::warn!(used, most, "most of the SMS budget of the day is used up");
        }
        Ok(taken)
    }
}

/// Percent of the SMS budget of a day at which the operator is told.
const SMS_ALERT_PERCENT: i64 = 80;

/// 5, 10, 20 … 300 seconds after the first, second, third … failure.
fn retry_wait(attempts: i32) -> i64 {
    let doublings = u32::try_from(attempts).unwrap_or(0).min(10);
    (FIRST_RETRY << doublings).min(LONGEST_RETRY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_wait_longer_each_time_and_at_most_five_minutes() {
        assert_eq!([0, 1, 2, 6, 100].map(retry_wait), [5, 10, 20, 300, 300]);
    }
}

//! Tells taxpayers in time that API access ends, and that it has ended (M8 and M9): a look every second at what is due.
//!
//! Each notice is told once, by whichever instance comes first. One that nobody could tell in its time, because no
//! server ran, is told late; of several, the latest alone.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::messages::Writer;
use super::outbox::{Outbox, Prepared};
use crate::kernel::api_access::Notice;
use crate::kernel::clock::{Clock, Moment};
use crate::kernel::contact::Email;
use crate::kernel::ids;
use crate::kernel::portal::Portal;
use crate::settings::Settings;
use crate::store::api_access::{self, ApiAccess};
use crate::store::events::{self, Event};
use crate::store::{Result, Store, taxpayers};

/// GSTINs looked at in one go.
const AT_ONCE: i64 = 100;
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Everything that telling takes.
pub struct Reminders {
    store: Store,
    clock: Clock,
    settings: Arc<Settings>,
    outbox: Arc<Outbox>,
    /// The path of Manage API Access.
    manage: &'static str,
}

impl Reminders {
    /// `manage` is the path of Manage API Access, which every notice links to.
    pub fn new(store: Store, clock: Clock, settings: Arc<Settings>, outbox: Arc<Outbox>, manage: &'static str) -> Self {
        Self { store, clock, settings, outbox, manage }
    }

    /// Tells what is due until `stop` turns true; what is being told then is finished.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let told = self.send_due().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "whose API access ends could not be read");
                0
            });
            // After a long stop there may be more than one go of them.
            if told == 0 {
                tokio::select! {
                    () = tokio::time::sleep(LOOK_EVERY) => {}
                    _ = stop.changed() => {}
                }
            }
        }
    }

    /// Tells what is due now and returns how many notices that was. What fails for one GSTIN is logged, holds up no
    /// other, and is due again at the next look.
    pub async fn send_due(&self) -> Result<usize> {
        let now = self.clock.now();
        if self.store.read(move |c| api_access::has_future(c, now)).await? {
            self.store.write(move |c| api_access::end_from_future(c, now)).await?;
        }
        let due = self.store.read(move |c| api_access::list_due(c, now, AT_ONCE)).await?;
        let mut told = 0;
        for access in due {
            let gstin = access.gstin.clone();
            match self.tell(access, now).await {
                Ok(is_told) => told += usize::from(is_told),
                Err(error) => tracing::warn!(%error, gstin, "the end of API access could not be told"),
            }
        }
        if told > 0 {
            self.outbox.wake();
        }
        Ok(told)
    }

    /// Writes notice, event and the next moment in one transaction. False when somebody else was first.
    async fn tell(&self, access: ApiAccess, now: Moment) -> Result<bool> {
        let next = access.switch.next_notice_at(now);
        let Some(notice) = access.switch.due_notice(now) else {
            // Nothing to tell yet: the moment in its row is not one of the switch's.
            self.store.write(move |c| api_access::set_told(c, &access, next)).await?;
            return Ok(false);
        };
        let mails = self.mails(&access, notice, now, &self.registered(&access.gstin).await?);
        let event = event(&access, notice, now);
        let tell = move |c: &mut _| {
            if !api_access::set_told(c, &access, next)? {
                return Ok(false);
            }
            events::insert(c, &event)?;
            mails.iter().try_for_each(|mail| mail.insert(c))?;
            Ok(true)
        };
        self.store.write(tell).await
    }

    /// The email addresses that the register has for the GSTIN now; none when it no longer has the GSTIN.
    async fn registered(&self, gstin: &str) -> Result<Vec<Email>> {
        let gstin = gstin.to_owned();
        let taxpayer = self.store.read(move |c| taxpayers::find(c, &gstin)).await?;
        Ok(taxpayer.map(|taxpayer| taxpayer.emails).unwrap_or_default())
    }

    fn mails(&self, access: &ApiAccess, notice: Notice, now: Moment, to: &[Email]) -> Vec<Prepared> {
        let (writer, gstin, switch) = (Writer::new(&self.settings), &access.gstin, &access.switch);
        match notice {
            Notice::EndsSoon { before } => {
                let mail = writer.api_access_ends(gstin, switch, before, now, self.manage);
                // Undelivered until the end, it says what is no longer true; M9 comes then.
                to.iter().map(|to| self.outbox.mail(to, &mail, now, Some(switch.until))).collect()
            }
            Notice::Ended => self.outbox.mails(to, &writer.api_access_ended(gstin, switch.until, self.manage), now),
        }
    }
}

/// What is recorded of a notice: nobody's act, so it has no request, address or account.
pub fn event(access: &ApiAccess, notice: Notice, now: Moment) -> Event {
    let until = access.switch.until;
    let (action, at) = match notice {
        Notice::EndsSoon { .. } => ("api_access_ending", now),
        Notice::Ended => ("api_access_ended", until),
    };
    Event {
        id: ids::ordered(now),
        at: at.seconds(),
        request_id: String::new(),
        portal: Some(Portal::Gst.as_str().to_owned()),
        gstin: Some(access.gstin.clone()),
        account_id: None,
        action: action.to_owned(),
        outcome: events::DONE.to_owned(),
        address: String::new(),
        device: String::new(),
        detail: serde_json::json!({ "until": until.seconds() }).to_string(),
    }
}

//! `sanad account freeze | unfreeze | remove-authenticator NAME`: what an operator does for an account that is abused, or
//! whose owner has lost both the authenticator app and the recovery codes.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;

use super::{Outcome, with_opened};
use crate::accounts::Recipients;
use crate::accounts::door::canonical_username;
use crate::app::Opened;
use crate::kernel::clock::{Clock, Moment};
use crate::kernel::portal::Portal;
use crate::notify::Outbox;
use crate::notify::messages::{Cause, Writer};
use crate::settings::Settings;
use crate::store::accounts::{self, Account};
use crate::store::events::{self, Event};
use crate::store::sessions::Reason;
use crate::store::{self, Connection, authenticators, devices, sessions, taxpayers};

#[derive(Subcommand)]
pub(super) enum AccountCommand {
    /// Sign everybody out of the account and let nobody in, until it is unfrozen.
    Freeze(Whose),
    /// Let its owner in again.
    Unfreeze(Whose),
    /// Remove the authenticator app and the recovery codes; the owner is told, and gets OTPs again.
    RemoveAuthenticator(Whose),
}

#[derive(clap::Args)]
pub(super) struct Whose {
    /// irp, gst or workspace.
    #[arg(value_parser = ["irp", "gst", "workspace"])]
    portal: String,
    /// Its username there.
    username: String,
}

#[derive(Clone, Copy)]
enum Act {
    Freeze,
    Unfreeze,
    RemoveAuthenticator,
}

pub(super) async fn run(settings: Settings, command: AccountCommand) -> ExitCode {
    let (act, whose) = match command {
        AccountCommand::Freeze(whose) => (Act::Freeze, whose),
        AccountCommand::Unfreeze(whose) => (Act::Unfreeze, whose),
        AccountCommand::RemoveAuthenticator(whose) => (Act::RemoveAuthenticator, whose),
    };
    let settings = Arc::new(settings);
    with_opened(&settings.clone(), async |opened| change(opened, settings, act, &whose).await).await
}

async fn change(opened: &Opened, settings: Arc<Settings>, act: Act, whose: &Whose) -> Outcome {
    let Some(portal) = Portal::of_path(&format!("/{}", whose.portal)) else { return Ok(Err("no such portal".into())) };
    let (username, now) = (canonical_username(portal, &whose.username), Clock::system().now());
    let change = Change { act, portal, outbox: Outbox::new(opened.keys.clone(), settings.clone()), settings, now };
    let done = opened.store.write(move |c| change.run(c, &username)).await?;
    Ok(if done { Ok(()) } else { Err(format!("there is no such account of {}, or nothing to do", whose.username)) })
}

struct Change {
    act: Act,
    portal: Portal,
    outbox: Outbox,
    settings: Arc<Settings>,
    now: Moment,
}

impl Change {
    fn run(&self, c: &mut Connection, username: &str) -> store::Result<bool> {
        let Some(account) = accounts::find_by_username(c, self.portal, username)? else { return Ok(false) };
        let (action, done) = match self.act {
            Act::Freeze => {
                sessions::end_of_account(c, &account.id, None, Reason::Operator)?;
                ("account_frozen", accounts::set_frozen(c, &account.id, Some(self.now))?)
            }
            Act::Unfreeze => ("account_unfrozen", accounts::set_frozen(c, &account.id, None)?),
            Act::RemoveAuthenticator => ("authenticator_removed", self.remove_authenticator(c, &account)?),
        };
        if done {
            let event = Event::by_command(action, account.gstin.as_deref(), self.now);
            let portal = Some(self.portal.as_str().to_owned());
            events::insert(c, &Event { account_id: Some(account.id), portal, ..event })?;
        }
        Ok(done)
    }

    fn remove_authenticator(&self, c: &mut Connection, account: &Account) -> store::Result<bool> {
        if !authenticators::delete(c, &account.id)? {
            return Ok(false);
        }
        sessions::end_of_account(c, &account.id, None, Reason::Authenticator)?;
        devices::delete_of_account(c, &account.id, None)?;
        let taxpayer = taxpayers::find(c, account.gstin.as_deref().unwrap_or_default())?;
        let cause = Cause { at: self.now, address: "", device: "the operator, by command" };
        let mail = Writer::new(&self.settings).authenticator_removed(self.portal, account.known_as(), &cause);
        let to = Recipients::of(account, taxpayer.as_ref());
        self.outbox.mails(&to.emails, &mail, self.now).iter().try_for_each(|mail| mail.insert(c))?;
        Ok(true)
    }
}

//! `sanad credentials freeze | unfreeze | remove API_USERNAME`: what an operator does when API credentials are abused.
//! Software that uses them is signed out with it.

use std::process::ExitCode;

use clap::Subcommand;

use super::{Outcome, with_store};
use crate::kernel::api_user::ApiUsername;
use crate::kernel::clock::{Clock, Moment};
use crate::settings::Settings;
use crate::store::credentials::{self, ACTIVE, FROZEN};
use crate::store::events::{self, Event};
use crate::store::{self, Connection, Store, saved_credentials};

#[derive(Subcommand)]
pub(super) enum CredentialsCommand {
    /// Let no software sign in with them, until they are unfrozen.
    Freeze { api_username: String },
    /// Let software sign in with them again.
    Unfreeze { api_username: String },
    /// Remove them for good; their owner can create others.
    Remove { api_username: String },
}

#[derive(Clone, Copy)]
enum Act {
    Freeze,
    Unfreeze,
    Remove,
}

pub(super) async fn run(settings: &Settings, command: CredentialsCommand) -> ExitCode {
    let (act, api_username) = match command {
        CredentialsCommand::Freeze { api_username } => (Act::Freeze, api_username),
        CredentialsCommand::Unfreeze { api_username } => (Act::Unfreeze, api_username),
        CredentialsCommand::Remove { api_username } => (Act::Remove, api_username),
    };
    with_store(settings, async |store| change(store, act, &api_username).await).await
}

async fn change(store: &Store, act: Act, typed: &str) -> Outcome {
    let now = Clock::system().now();
    let done = match ApiUsername::parse(typed).map(|username| username.canonical()) {
        Ok(username) => store.write(move |c| act.run(c, &username, now)).await?,
        Err(_) => false,
    };
    Ok(if done { Ok(()) } else { Err(format!("there are no API credentials with the username {typed}")) })
}

impl Act {
    /// False when nobody has that username.
    fn run(self, c: &mut Connection, username: &str, now: Moment) -> store::Result<bool> {
        let Some(credential) = credentials::find_by_username(c, username)? else { return Ok(false) };
        match self {
            Self::Freeze => credentials::set_status(c, &credential.id, FROZEN, now)?,
            Self::Unfreeze => credentials::set_status(c, &credential.id, ACTIVE, now)?,
            Self::Remove => {
                credentials::delete(c, &credential.id)?;
                saved_credentials::set_stale(c, &credential.gstin, None, now)?;
            }
        }
        events::insert(c, &Event::by_command(self.action(), Some(&credential.gstin), now))?;
        Ok(true)
    }

    const fn action(self) -> &'static str {
        match self {
            Self::Freeze => "credentials_frozen",
            Self::Unfreeze => "credentials_unfrozen",
            Self::Remove => "credentials_removed",
        }
    }
}

//! The command line: `sanad [serve] | taxpayers import FILE | integrators … | account … | credentials … | keys rotate [PURPOSE] |
//! config show`.

mod account;
mod credentials;
mod integrators;
mod keys;
mod taxpayers;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app::{self, Application};
use crate::kernel::clock::Clock;
use crate::settings::{Mode, Settings};
use crate::store::Store;
use crate::telemetry;
use crate::vault::Purpose;

#[derive(Parser)]
#[command(version, about = "Sanad: API credentials for e-invoicing. Settings: SANAD_* and sanad.toml; see the README.")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the portal (the default).
    Serve,
    /// The taxpayer register.
    #[command(subcommand)]
    Taxpayers(taxpayers::TaxpayersCommand),
    /// Keys for those who make software.
    #[command(subcommand)]
    Integrators(integrators::IntegratorsCommand),
    /// Accounts that are abused, or whose owner has lost the authenticator app.
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// API credentials that are abused.
    #[command(subcommand)]
    Credentials(credentials::CredentialsCommand),
    /// The keys that seal, sign and mark.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// The settings.
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Make a new key and use it from now on; a new cred key re-seals every saved password. Old keys stay valid.
    Rotate {
        /// What the key is for; without one, cred, otp and csrf each get a new key.
        #[arg(value_parser = Purpose::ALL.map(Purpose::as_str))]
        purpose: Option<String>,
    },
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Print every setting and limit in force, secrets as stars.
    Show,
}

/// Exit code for anything the operator must set right.
const REFUSED: u8 = 2;

/// Runs the command of the arguments.
pub async fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = match Settings::load() {
        Ok(settings) => settings,
        Err(error) => return refuse(&error, REFUSED),
    };
    match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => serve(settings).await,
        Command::Taxpayers(command) => taxpayers::run(settings, command).await,
        Command::Integrators(command) => integrators::run(&settings, command).await,
        Command::Account(command) => account::run(settings, command).await,
        Command::Credentials(command) => credentials::run(&settings, command).await,
        Command::Keys(KeysCommand::Rotate { purpose }) => {
            keys::rotate(&settings, purpose.as_deref().and_then(Purpose::parse)).await
        }
        Command::Config(ConfigCommand::Show) => show_config(&settings),
    }
}

/// One line, and the code.
fn refuse(error: &dyn std::fmt::Display, code: u8) -> ExitCode {
    // Nobody reads standard error: then nobody can be told.
    let _ = writeln!(io::stderr(), "sanad: {error}");
    ExitCode::from(code)
}

/// What a command has come to: done, refused in one line (exit code 1), or failed.
type Outcome = Result<Result<(), String>, Box<dyn std::error::Error>>;

/// Runs a command on the open store, and closes it.
async fn with_store(settings: &Settings, command: impl AsyncFnOnce(&Store) -> Outcome) -> ExitCode {
    with_opened(settings, async |opened| command(&opened.store).await).await
}

/// The same for a command that seals messages.
async fn with_opened(settings: &Settings, command: impl AsyncFnOnce(&app::Opened) -> Outcome) -> ExitCode {
    let opened = match app::open(settings) {
        Ok(opened) => opened,
        Err(error) => return refuse(&error, REFUSED),
    };
    let outcome = command(&opened).await;
    opened.store.stop().await;
    match outcome {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(told)) => refuse(&told, 1),
        Err(error) => refuse(&error, REFUSED),
    }
}

async fn serve(settings: Settings) -> ExitCode {
    telemetry::start(settings.log);
    for name in &settings.without_effect {
        tracing::warn!("{name} is set and has no effect in this version");
    }
    let application = match Application::build(settings, Clock::system()).await {
        Ok(application) => application,
        Err(error) => return refuse(&error, error.exit_code()),
    };
    announce(&application);
    match application.run_until_stopped().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error, 1),
    }
}

fn announce(application: &Application) {
    let settings = &application.kit().settings;
    let mut out = io::stdout();
    let _ = writeln!(out, "{} is ready: {}", settings.brand, settings.base_url);
    if settings.mode == Mode::Demo {
        let _ = writeln!(out, "Demo mode: sample GSTINs at {0}/demo, messages at {0}/demo/messages", settings.base_url);
    }
    let _ = out.flush();
}

fn show_config(settings: &Settings) -> ExitCode {
    match write!(io::stdout(), "{settings}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error, 1),
    }
}

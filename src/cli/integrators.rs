//! `sanad integrators add NAME | list | rotate CLIENT_ID | disable CLIENT_ID`: the keys of those who make software, and
//! of an operator's gateway. A running server obeys at its next call.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::{Value, json};

use super::{Outcome, with_store};
use crate::kernel::clock::{Clock, Moment};
use crate::kernel::ids;
use crate::kernel::name::Name;
use crate::kernel::pan::Pan;
use crate::settings::Settings;
use crate::store::events::{self, Event};
use crate::store::integrators::{self, Integrator};
use crate::store::{self, Connection, Inserted, Store};

#[derive(Subcommand)]
pub(super) enum IntegratorsCommand {
    /// Make a key; its secret is shown once and kept nowhere.
    Add {
        /// Whose it is, for the list.
        #[arg(value_parser = |name: &str| Name::parse(name).map_err(|_| "wants a name of at most 100 characters"))]
        name: Name,
        /// The gateway role: may ask /introspect whether a token is good.
        #[arg(long)]
        gateway: bool,
        /// Of a taxpayer that integrates directly: good for the GSTINs of this PAN only.
        #[arg(long, value_parser = |pan: &str| Pan::parse(pan).ok_or("wants a PAN such as ABCDE1234F"))]
        pan: Option<Pan>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Every key, the oldest first; no secrets.
    List {
        /// Print one JSON list.
        #[arg(long)]
        json: bool,
    },
    /// Make another secret; the one before stops working at once.
    Rotate {
        client_id: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Shut an integrator out, with every token it was given.
    Disable { client_id: String },
}

pub(super) async fn run(settings: &Settings, command: IntegratorsCommand) -> ExitCode {
    with_store(settings, async |store| match command {
        IntegratorsCommand::Add { name, gateway, pan, json } => add(store, &name, gateway, pan, json).await,
        IntegratorsCommand::List { json } => list(store, json).await,
        IntegratorsCommand::Rotate { client_id, json } => rotate(store, client_id, json).await,
        IntegratorsCommand::Disable { client_id } => disable(store, client_id).await,
    })
    .await
}

async fn add(store: &Store, name: &Name, gateway: bool, pan: Option<Pan>, json: bool) -> Outcome {
    let (client_id, secret, now) = (ids::random(), ids::random(), Clock::system().now().seconds());
    let integrator = Integrator {
        client_id: client_id.clone(),
        secret_hash: ids::digest(&secret),
        name: name.as_str().to_owned(),
        pan: pan.map(|pan| pan.as_str().to_owned()),
        gateway,
        created_at: now,
        secret_changed_at: now,
        disabled_at: None,
    };
    let event = event("integrator_added", &client_id);
    let insert = move |c: &mut Connection| {
        let inserted = integrators::insert(c, &integrator)?;
        events::insert(c, &event)?;
        Ok(inserted)
    };
    match store.write(insert).await? {
        Inserted::Yes => show_key(&client_id, &secret, json),
        Inserted::Taken => Err("a random id came twice: run it again".into()),
    }
}

async fn rotate(store: &Store, client_id: String, json: bool) -> Outcome {
    let (secret, now) = (ids::random(), Clock::system().now());
    let (id, hash) = (client_id.clone(), ids::digest(&secret));
    let event = event("integrator_rotated", &client_id);
    match store.write(move |c| recorded(c, &event, |c| integrators::set_secret(c, &id, &hash, now))).await? {
        true => show_key(&client_id, &secret, json),
        false => Ok(Err(format!("there is no integrator {client_id} that is not disabled"))),
    }
}

async fn disable(store: &Store, client_id: String) -> Outcome {
    let (id, now) = (client_id.clone(), Clock::system().now());
    let event = event("integrator_disabled", &client_id);
    match store.write(move |c| recorded(c, &event, |c| integrators::disable(c, &id, now))).await? {
        true => Ok(Ok(())),
        false => Ok(Err(format!("there is no integrator {client_id}"))),
    }
}

/// What was done, with its record; nothing done leaves none.
fn recorded(
    c: &mut Connection,
    event: &Event,
    act: impl FnOnce(&mut Connection) -> store::Result<bool>,
) -> store::Result<bool> {
    let done = act(c)?;
    if done {
        events::insert(c, event)?;
    }
    Ok(done)
}

fn event(action: &str, client_id: &str) -> Event {
    Event::by_command(action, None, Clock::system().now()).with_detail(&json!({ "client_id": client_id }))
}

/// The only time that the secret is to be seen.
fn show_key(client_id: &str, secret: &str, json: bool) -> Outcome {
    match json {
        true => writeln!(io::stdout(), "{}", json!({ "client_id": client_id, "client_secret": secret }))?,
        false => writeln!(io::stdout(), "client_id: {client_id}\nclient_secret: {secret}")?,
    }
    writeln!(io::stderr(), "Keep the secret now: it is not shown again.")?;
    Ok(Ok(()))
}

async fn list(store: &Store, json: bool) -> Outcome {
    let found = store.read(integrators::list).await?;
    let mut out = io::stdout();
    if json {
        writeln!(out, "{}", Value::from(found.iter().map(told).collect::<Vec<_>>()))?;
        return Ok(Ok(()));
    }
    for integrator in &found {
        let state = if integrator.disabled_at.is_some() { "disabled" } else { "enabled" };
        let role = if integrator.gateway { "gateway" } else { "-" };
        let pan = integrator.pan.as_deref().unwrap_or("-");
        let since = Moment::from_seconds(integrator.created_at).ist_date();
        writeln!(out, "{:26}  {state:8}  {role:7}  {pan:10}  {since}  {}", integrator.client_id, integrator.name)?;
    }
    Ok(Ok(()))
}

fn told(integrator: &Integrator) -> Value {
    let time = |seconds| Moment::from_seconds(seconds).rfc3339();
    json!({
        "client_id": integrator.client_id,
        "name": integrator.name,
        "gateway": integrator.gateway,
        "pan": integrator.pan,
        "enabled": integrator.disabled_at.is_none(),
        "created_at": time(integrator.created_at),
        "secret_changed_at": time(integrator.secret_changed_at),
        "disabled_at": integrator.disabled_at.map(time),
    })
}

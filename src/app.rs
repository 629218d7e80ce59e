//! The application: built here and nowhere else, by `main` and by every test.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::{NormalizePath, TrailingSlash, from_fn};
use actix_web::{App, HttpServer, web};
use tokio::sync::watch;

use crate::accounts::hashing::Hasher;
use crate::kernel::clock::{Clock, DAY, HOUR};
use crate::machine::{Machine, MachineError};
use crate::notify::{Outbox, Reminders, TransportError, Workers};
use crate::settings::{Mode, Settings, Tls};
use crate::store::{
    Database, Store, StoreError, authenticators, counters, devices, gstin_imports, handoffs, invitations, journeys,
    outbox, sessions, taxpayers, tokens,
};
use crate::vault::{KeyError, KeyRing};
use crate::web::error::PageError;
use crate::web::{Kit, error, headers, paths};
use crate::workspace::gstins::importer::Importer;
use crate::{demo, routes};

/// Why the program does not start; each is one line for the operator.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error(transparent)]
    Machine(#[from] MachineError),
    #[error("the data folder {0} cannot be used: {1}")]
    DataDir(PathBuf, io::Error),
    #[error("SANAD_LISTEN: {0} cannot be listened on: {1}")]
    Listen(SocketAddr, io::Error),
    #[error("SANAD_TLS_CERT, SANAD_TLS_KEY: {0}")]
    Tls(String),
    #[error("the register holds the sample of demo mode: production needs a database of its own")]
    SampleInProduction,
    #[error("another server is running on {0}")]
    Running(PathBuf),
    #[error("{0}")]
    Other(String),
}

impl StartError {
    /// Exit code: 3 when another server has the database, 2 for everything the operator must set right.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::Running(_)) { 3 } else { 2 }
    }
}

/// What every command needs: folders, keys and the open database, each made when it is not there (demo mode).
pub struct Opened {
    pub store: Store,
    pub keys: Arc<KeyRing>,
}

/// Opens what the settings name. Production never makes keys.
pub fn open(settings: &Settings) -> Result<Opened, StartError> {
    let data_dir = &settings.data_dir;
    make_private(data_dir).map_err(|error| StartError::DataDir(data_dir.clone(), error))?;
    if settings.mode == Mode::Demo {
        KeyRing::generate_missing(&settings.keys_dir)?;
    }
    let keys = Arc::new(KeyRing::load(&settings.keys_dir)?);
    let database = match settings.database() {
        (true, url) => Database::Postgres(url),
        (false, path) => Database::Sqlite(path.into()),
    };
    Ok(Opened { store: Store::open(&database)?, keys })
}

fn make_private(folder: &PathBuf) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

/// The portal, listening and not yet answering.
pub struct Application {
    server: Server,
    workers: Workers,
    reminders: Reminders,
    importer: Importer,
    sweeper: Sweeper,
    key_watch: KeyWatch,
    address: SocketAddr,
    kit: Kit,
    /// Held as long as the application lives, so that a second server on the same file is refused.
    _only_server: Option<fs::File>,
}

impl Application {
    /// Opens everything, loads the sample register in demo mode, and binds the address.
    pub async fn build(settings: Settings, clock: Clock) -> Result<Self, StartError> {
        // Another crate may have chosen the same provider already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let settings = Arc::new(settings);
        let only_server = only_server(&settings)?;
        let Opened { store, keys } = open(&settings)?;
        check_register(&settings, &store, &clock).await?;

        let listener =
            TcpListener::bind(settings.listen).map_err(|error| StartError::Listen(settings.listen, error))?;
        let address = listener.local_addr().map_err(|error| StartError::Listen(settings.listen, error))?;
        let settings = Arc::new(with_port(&settings, address));
        let kit = Kit { store: store.clone(), keys: keys.clone(), clock: clock.clone(), settings: settings.clone() };
        let outbox = Arc::new(Outbox::new(keys.clone(), settings.clone()));
        let hasher = Hasher::new(keys.clone(), settings.argon2, &settings.limits)
            .map_err(|error: PageError| StartError::Other(error.to_string()))?;
        let machine = Machine::open(&settings, keys.clone())?;
        let importer = Importer::new(store.clone(), clock.clone(), &settings.limits);
        let workers = Workers::new(store.clone(), keys, clock.clone(), settings.clone(), outbox.clone())?;
        let reminders = Reminders::new(store, clock, settings, outbox.clone(), paths::GST_API_ACCESS);
        let server = serve(listener, &kit, outbox, hasher, machine)?;
        let (sweeper, key_watch) = (Sweeper { kit: kit.clone() }, KeyWatch { keys: kit.keys.clone() });
        Ok(Self { server, workers, reminders, importer, sweeper, key_watch, address, kit, _only_server: only_server })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What the application works with; tests look at the store through it.
    pub fn kit(&self) -> &Kit {
        &self.kit
    }

    /// Stops the server from elsewhere: gracefully, within 10 seconds.
    pub fn handle(&self) -> ServerHandle {
        self.server.handle()
    }

    /// Answers until a signal or the handle stops it; then finishes messages under way and closes the store.
    pub async fn run_until_stopped(self) -> io::Result<()> {
        let (stop, stopped) = watch::channel(false);
        let workers = tokio::spawn(self.workers.run(stopped.clone()));
        let reminders = tokio::spawn(self.reminders.run(stopped.clone()));
        let importer = tokio::spawn(self.importer.run(stopped.clone()));
        let sweeper = tokio::spawn(self.sweeper.run(stopped.clone()));
        let key_watch = tokio::spawn(self.key_watch.run(stopped));
        let served = self.server.await;
        // Nobody listening means that all have ended already.
        let _ = stop.send(true);
        let _ = tokio::join!(workers, reminders, importer, sweeper, key_watch);
        self.kit.store.stop().await;
        served
    }
}

/// One server per SQLite file: a lock that the system drops with the process.
fn only_server(settings: &Settings) -> Result<Option<fs::File>, StartError> {
    let (false, path) = settings.database() else { return Ok(None) };
    make_private(&settings.data_dir).map_err(|error| StartError::DataDir(settings.data_dir.clone(), error))?;
    let lock = PathBuf::from(format!("{path}.lock"));
    let failed = |error| StartError::DataDir(lock.clone(), error);
    let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&lock).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Err(StartError::Running(path.into())),
        Err(fs::TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Demo mode gets its sample and its integrator key once; production refuses to run beside either.
async fn check_register(settings: &Settings, store: &Store, clock: &Clock) -> Result<(), StartError> {
    match settings.mode {
        Mode::Production if store.read(demo::was_here).await? => Err(StartError::SampleInProduction),
        Mode::Production => Ok(()),
        Mode::Demo => {
            if !store.read(taxpayers::has_samples).await? {
                demo::load_sample(store, clock.now()).await?;
            }
            Ok(demo::make_integrator(store, clock.now()).await?)
        }
    }
}

/// Port 0 asks the system for a free one (tests); the settings say afterwards which it is.
fn with_port(settings: &Settings, address: SocketAddr) -> Settings {
    let mut settings = settings.clone();
    if settings.listen.port() == 0 {
        let asked = format!("http://{}", settings.listen);
        if settings.base_url == asked {
            settings.base_url = format!("http://{address}");
        }
        settings.listen = address;
    }
    settings
}

fn serve(
    listener: TcpListener,
    kit: &Kit,
    outbox: Arc<Outbox>,
    hasher: Hasher,
    machine: Machine,
) -> Result<Server, StartError> {
    let settings = kit.settings.clone();
    let (kit, outbox, hasher) = (kit.clone(), web::Data::from(outbox), web::Data::new(hasher));
    let machine = web::Data::new(machine);
    let shared = web::Data::new(kit.clone());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .app_data(outbox.clone())
            .app_data(hasher.clone())
            .app_data(machine.clone())
            .configure(|config| routes::configure(config, &kit))
            // The last is the outermost: headers stand on every answer, errors of all within become pages.
            .wrap(NormalizePath::new(TrailingSlash::Trim))
            .wrap(from_fn(headers::own_host_only))
            .wrap(from_fn(error::render))
            .wrap(from_fn(headers::on_every_answer))
    })
    .client_request_timeout(Duration::from_secs(5))
    .client_disconnect_timeout(Duration::from_secs(5))
    .shutdown_timeout(10);
    let failed = |error| StartError::Listen(settings.listen, error);
    let server = match &settings.tls {
        Some(tls) => server.listen_rustls_0_23(listener, tls_config(tls)?).map_err(failed)?,
        None => server.listen(listener).map_err(failed)?,
    };
    Ok(server.run())
}

fn tls_config(tls: &Tls) -> Result<rustls::ServerConfig, StartError> {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};

    let wrong = |error: String| StartError::Tls(error);
    let chain = CertificateDer::pem_file_iter(&tls.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(format!("{}: {error}", tls.certificate.display())))?;
    let key =
        PrivateKeyDer::from_pem_file(&tls.key).map_err(|error| wrong(format!("{}: {error}", tls.key.display())))?;
    rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| wrong(error.to_string()))
}

/// Removes what has ended: counters, sessions, journeys, delivered messages. Nothing depends on it being on time.
struct Sweeper {
    kit: Kit,
}

/// Imports of a kind removed in one sweep: each may have thousands of rows.
const IMPORTS_A_SWEEP: i64 = 50;

const SWEEP_EVERY: Duration = Duration::from_secs(10 * 60);

impl Sweeper {
    async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "ended rows could not be removed");
            }
            tokio::select! {
                () = tokio::time::sleep(SWEEP_EVERY) => {}
                _ = stop.changed() => {}
            }
        }
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        let (now, limits) = (self.kit.clock.now(), self.kit.settings.limits.clone());
        // One write each: a long removal must not hold up everybody in one transaction.
        self.kit.store.write(move |c| counters::delete_ended(c, now)).await?;
        // A session that somebody was signed in to is kept for a day: it tells when and why it ended.
        self.kit.store.write(move |c| sessions::delete_unseen_since(c, now.plus(-DAY))).await?;
        let anonymous_end = now.plus(-limits.journey_idle);
        self.kit.store.write(move |c| sessions::delete_anonymous_unseen_since(c, anonymous_end)).await?;
        let unseen = now.plus(-limits.journey_idle - HOUR);
        self.kit.store.write(move |c| journeys::delete_unseen_since(c, unseen)).await?;
        self.kit.store.write(move |c| devices::delete_unseen_since(c, now.plus(-limits.device_life))).await?;
        let shown = now.plus(-limits.recovery_codes_shown);
        self.kit.store.write(move |c| authenticators::forget_codes_before(c, shown)).await?;
        self.kit.store.write(move |c| invitations::delete_ended_before(c, now.plus(-DAY))).await?;
        self.kit.store.write(move |c| handoffs::delete_ended_before(c, now.plus(-DAY))).await?;
        self.kit.store.write(move |c| tokens::delete_expired_before(c, now.plus(-DAY))).await?;
        let (undecided, done) = (now.plus(-limits.import_preview_life), now.plus(-limits.import_kept));
        let imports = self.kit.store.read(move |c| {
            let mut over = gstin_imports::list_undecided_before(c, undecided, IMPORTS_A_SWEEP)?;
            over.extend(gstin_imports::list_done_before(c, done, IMPORTS_A_SWEEP)?);
            Ok(over)
        });
        for import in imports.await? {
            self.kit.store.write(move |c| gstin_imports::delete(c, &import)).await?;
        }
        self.kit.store.write(move |c| outbox::delete_finished_before(c, now.plus(-limits.outbox_kept))).await?;
        Ok(())
    }
}

/// Notices keys that `sanad keys rotate` has made beside the server.
struct KeyWatch {
    keys: Arc<KeyRing>,
}

/// Twice a second: a running server uses new keys within one.
const LOOK_AT_KEYS_EVERY: Duration = Duration::from_millis(500);

impl KeyWatch {
    async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            // Five short looks at the file system; only what has changed is read.
            self.keys.refresh_all();
            tokio::select! {
                () = tokio::time::sleep(LOOK_AT_KEYS_EVERY) => {}
                _ = stop.changed() => {}
            }
        }
    }
}

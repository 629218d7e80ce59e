//! The real application on a port of its own, with its own data folder.

use std::net::SocketAddr;
use std::thread::{self, JoinHandle};

use actix_web::dev::ServerHandle;
#[cfg(feature = "postgres")]
use diesel::connection::SimpleConnection as _;
use sanad::app::Application;
use sanad::kernel::clock::{Clock, Moment};
use sanad::settings::Settings;
#[cfg(feature = "postgres")]
use sanad::store::{Database, Store};
use sanad::web::Kit;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::Browser;

/// 21/11/2026 17:01:00 IST: when every test begins.
pub const START: Moment = Moment::from_seconds(1_795_260_660);

/// A running portal in demo mode; stops when it is dropped.
pub struct App {
    pub clock: Clock,
    /// Store and keys, to look behind the pages.
    pub kit: Kit,
    address: SocketAddr,
    client: reqwest::Client,
    stop: ServerHandle,
    server: Option<JoinHandle<()>>,
    settings: Settings,
    _data: TempDir,
}

impl App {
    /// With the settings of demo mode.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With settings named as `SANAD_*` variables are, without the prefix.
    pub async fn start_with(settings: &[(&str, &str)]) -> Self {
        Self::start_from("", settings).await
    }

    /// With the text of a `sanad.toml` beneath the settings; `[limits]` stand there.
    pub async fn start_from(file: &str, settings: &[(&str, &str)]) -> Self {
        let data = TempDir::new().unwrap();
        let folder = data.path().display().to_string();
        let own = [("LISTEN", "127.0.0.1:0"), ("DATA_DIR", &folder), ("ARGON2", "m=8,t=1,p=1")];
        let all = own.iter().chain(settings);
        let all = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings = Settings::from_sources(file, all).unwrap();
        let clock = Clock::settable(START);
        let (server, running) = run(settings.clone(), clock.clone());
        let Running { address, kit, stop } = running.await.expect("the application starts");
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { clock, kit, address, client, stop, server: Some(server), settings, _data: data }
    }

    /// On a PostgreSQL database of its own.
    #[cfg(feature = "postgres")]
    pub async fn on_postgres() -> Self {
        Self::on_postgres_from("").await
    }

    /// The same with the text of a `sanad.toml`.
    #[cfg(feature = "postgres")]
    #[expect(clippy::disallowed_methods, reason = "the test runner says where its PostgreSQL is")]
    pub async fn on_postgres_from(file: &str) -> Self {
        let url = std::env::var("SANAD_TEST_POSTGRES_URL").expect("SANAD_TEST_POSTGRES_URL names a PostgreSQL");
        let name = format!("app_{}", sanad::kernel::ids::random());
        let server = Store::open(&Database::Postgres(url.clone())).unwrap();
        let create = format!("CREATE DATABASE {name}");
        server.read(move |c| Ok(c.batch_execute(&create)?)).await.unwrap();
        let (address, _) = url.rsplit_once('/').unwrap();
        Self::start_from(file, &[("DATABASE_URL", &format!("{address}/{name}"))]).await
    }

    /// Stops the server and starts it again on the same data folder, at another port.
    pub async fn restart(&mut self) {
        self.restart_with(|_| {}).await;
    }

    /// The same after the operator has changed the settings.
    pub async fn restart_with(&mut self, change: impl FnOnce(&mut Settings)) {
        self.stop_server();
        change(&mut self.settings);
        let (server, running) = run(self.settings.clone(), self.clock.clone());
        let Running { address, kit, stop } = running.await.expect("the application starts again");
        (self.address, self.kit, self.stop, self.server) = (address, kit, stop, Some(server));
    }

    /// A browser that nobody has used yet.
    pub fn browser(&self) -> Browser {
        Browser::new(self.client.clone(), self.url(""))
    }

    /// A browser at that address, for portals that believe `X-Forwarded-For` of 127.0.0.1.
    pub fn browser_at(&self, address: &str) -> Browser {
        self.browser().with_header("x-forwarded-for", address)
    }

    /// A browser from before a restart, at the new port.
    pub fn moved(&self, browser: &Browser) -> Browser {
        browser.moved_to(self.url(""))
    }

    /// What its browsers send with, for those that are none.
    pub fn client(&self) -> reqwest::Client {
        self.client.clone()
    }

    /// `http://127.0.0.1:port` and the path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl App {
    fn stop_server(&mut self) {
        // The command is sent at once; only its answer would have to be awaited.
        drop(self.stop.stop(false));
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.stop_server();
    }
}

struct Running {
    address: SocketAddr,
    kit: Kit,
    stop: ServerHandle,
}

/// Runs the server on a thread of its own, so that a test that panics still stops it.
fn run(settings: Settings, clock: Clock) -> (JoinHandle<()>, oneshot::Receiver<Running>) {
    let (tell, told) = oneshot::channel();
    let server = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(async {
            let application = Application::build(settings, clock).await.unwrap();
            let running =
                Running { address: application.address(), kit: application.kit().clone(), stop: application.handle() };
            let _ = tell.send(running);
            application.run_until_stopped().await.unwrap();
        });
    });
    (server, told)
}

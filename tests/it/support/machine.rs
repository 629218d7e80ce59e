//! The program itself, as an operator starts it, in a folder of its own.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::{self, JoinHandle};

use tempfile::TempDir;

use super::samples::{ACME, PASSWORD};
use super::walk::{create_account, go_on};
use super::{Browser, Page};

/// A folder to work in, with `data` in it, and nothing of this machine's environment.
pub struct Machine {
    pub folder: TempDir,
}

impl Machine {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn command(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sanad"));
        command.env_clear().current_dir(self.folder.path()).args(arguments);
        command.env("SANAD_DATA_DIR", self.data()).env("SANAD_LISTEN", "127.0.0.1:0");
        command.env("SANAD_ARGON2", "m=8,t=1,p=1").envs(settings.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        self.command(arguments, settings).output().unwrap()
    }

    pub fn serve(&self) -> Server {
        self.start(self.command(&["serve"], &[]).stderr(Stdio::null()))
    }

    /// With those settings, and with its log in that file.
    pub fn serve_logged(&self, settings: &[(&str, &str)], log: &Path) -> Server {
        let log = fs::File::options().create(true).append(true).open(log).unwrap();
        self.start(self.command(&["serve"], settings).stderr(log))
    }

    fn start(&self, command: &mut Command) -> Server {
        let mut child = command.spawn().unwrap();
        let (line, rest) = first_line_and_rest(&mut child);
        let url = line.strip_prefix("Sanad is ready: ").unwrap_or_else(|| panic!("it does not start: {line:?}"));
        Server { url: url.to_owned(), child, rest: Some(rest) }
    }

    /// A `serve` that must refuse: its exit code and what it says on standard error.
    pub fn refusal(&self, settings: &[(&str, &str)]) -> (i32, String) {
        let mut child = self.command(&[], settings).spawn().unwrap();
        let line = first_line(&mut child);
        if !line.is_empty() {
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        assert_eq!(line, "", "it started");
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }

    pub fn import(&self, file: &Path) -> Output {
        self.run(&["taxpayers", "import", &file.display().to_string()], &[])
    }

    /// Writes a file beside the data folder.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

/// The first line of standard output; empty when the program ends before it.
pub fn first_line(child: &mut Child) -> String {
    first_line_and_rest(child).0
}

fn first_line_and_rest(child: &mut Child) -> (String, JoinHandle<Vec<u8>>) {
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    // Read on, or the program would write into a closed pipe.
    let rest = thread::spawn(move || {
        let mut rest = Vec::new();
        let _ = out.read_to_end(&mut rest);
        rest
    });
    (line.trim_end().to_owned(), rest)
}

/// A running `sanad serve`; killed when it is dropped.
pub struct Server {
    pub url: String,
    child: Child,
    /// What it writes to standard output after the first line.
    rest: Option<JoinHandle<Vec<u8>>>,
}

impl Server {
    pub fn browser(&self) -> Browser {
        Browser::new(self.client(), self.url.clone())
    }

    pub fn client(&self) -> reqwest::Client {
        // No application runs in this process to have chosen one; another test may have.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
        client.build().unwrap()
    }

    /// The id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`; everything that it has written to standard output after the first line.
    pub fn kill_and_read(mut self) -> Vec<u8> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.rest.take().unwrap().join().unwrap()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Registers ACME over HTTP, up to "Account created".
pub async fn register(browser: &Browser) -> Page {
    let page = register_to_otp(browser).await;
    let otp = last_otp(browser).await;
    let page = go_on(browser, &page.form("Verify").fill("otp", &otp).submit(browser).await).await;
    let page = browser.get(&page.link("Continue")).await;
    go_on(browser, &create_account(&page, PASSWORD).submit(browser).await).await
}

/// Registers ACME over HTTP, up to the page that asks the OTP.
pub async fn register_to_otp(browser: &Browser) -> Page {
    let page = browser.get("/irp/register").await;
    let page = go_on(browser, &page.form("Continue").fill("gstin", ACME.gstin).submit(browser).await).await;
    let page = go_on(browser, &page.form("Confirm and Continue").submit(browser).await).await;
    let form = page.form("Submit").fill("email", ACME.email).fill("phone", ACME.phone);
    go_on(browser, &form.submit(browser).await).await
}

/// The OTP of the newest message.
pub async fn last_otp(browser: &Browser) -> String {
    let messages = browser.get("/demo/messages").await;
    messages.all("article pre")[0].chars().take_while(char::is_ascii_digit).collect()
}

/// What a program wrote.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

//! The real program, as a person starts it.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// `sanad` in demo mode with a data folder of its own; killed when dropped.
pub struct Portal {
    process: Child,
    /// `http://127.0.0.1:port`, as the program says it.
    pub address: String,
    _data: TempDir,
}

impl Portal {
    /// On a port that the system chooses.
    pub fn start() -> Self {
        Self::start_with(&[("SANAD_LISTEN", "127.0.0.1:0")])
    }

    /// With settings besides the data folder and a cheap password hash.
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_sanad"))
            // Neither the developer's settings nor a sanad.toml lying about.
            .env_clear()
            .current_dir(&data)
            .env("SANAD_DATA_DIR", data.path().join("data"))
            .env("SANAD_ARGON2", "m=8,t=1,p=1")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut first_line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut first_line).unwrap();
        let address = first_line.trim().strip_prefix("Sanad is ready: ").expect("the program says that it is ready");
        Self { process, address: address.to_owned(), _data: data }
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has noticed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

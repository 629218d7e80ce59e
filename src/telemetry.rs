//! Logs: lines of text for a person or of JSON for a collector, each within its request's span and so with its id.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use crate::settings::LogFormat;

/// Starts logging to standard error. A second call (tests) changes nothing.
pub fn start(format: LogFormat) {
    let filter = EnvFilter::builder().parse_lossy("info,actix_server=warn,actix_session=error");
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false);
    // Colours are for a person at a terminal; in a file they are signs that a terminal would run.
    let builder = builder.with_ansi(io::stderr().is_terminal());
    // What a panic says may hold what somebody typed: only where it happened is told.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked");
    }));
    // An error says that a log is running already, which is fine.
    let _ = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}

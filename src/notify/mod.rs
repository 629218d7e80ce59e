//! Messages out: written as rows in the transaction that causes them, sent by workers. No request waits for a server.

pub mod calendar;
pub mod demo;
mod email;
pub mod messages;
mod outbox;
pub mod reminders;
mod sms;
mod worker;

pub use outbox::{Outbox, Prepared};
pub use reminders::Reminders;
pub use worker::{TransportError, Workers};

use crate::settings::Settings;

/// The public host without its port.
fn host_name(settings: &Settings) -> &str {
    let host = settings.public_host();
    // Every colon of an IPv6 address but the port's stands in brackets.
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_name_is_the_public_host_without_its_port() {
        for (base_url, name) in [
            ("https://irp.example.in", "irp.example.in"),
            ("https://irp.example.in:8443", "irp.example.in"),
            ("http://[::1]:8080", "[::1]"),
            ("https://[::1]", "[::1]"),
        ] {
            let settings = Settings::from_sources("", [("BASE_URL".to_owned(), base_url.to_owned())]).unwrap();
            assert_eq!(host_name(&settings), name);
        }
    }
}

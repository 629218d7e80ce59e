//! SMS out, by HTTP. Preset `json`: POST `{"to","text","template","id"}`, any 2xx accepts.

use std::time::Duration;

use reqwest::{Client, Url};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::email::is_loopback;
use super::worker::{Delivery, TransportError};
use crate::settings::{Settings, SettingsError};

const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Gateway {
    client: Client,
    url: Url,
}

impl Gateway {
    /// The gateway of the settings; `None` when there is none.
    pub(super) fn of(settings: &Settings) -> Result<Option<Self>, TransportError> {
        let Some(url) = &settings.sms_url else { return Ok(None) };
        let wrong = |wants: &str| TransportError::Settings(SettingsError::new("SANAD_SMS_URL", wants));
        let url = Url::parse(url.expose_secret()).map_err(|_| wrong("wants an https:// address"))?;
        // OTPs leave the machine encrypted or not at all.
        match (url.scheme(), url.host_str()) {
            ("https", Some(_)) => {}
            ("http", Some(host)) if is_loopback(host) => {}
            ("http", _) => return Err(wrong("wants https://; http:// is for this machine only")),
            _ => return Err(wrong("wants an https:// address")),
        }
        let client = Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build();
        Ok(Some(Self { client: client.map_err(|error| TransportError::Other(error.to_string()))?, url }))
    }

    /// Sends one SMS; `id` lets the gateway recognise one that was sent twice.
    pub(super) async fn send(&self, id: &str, to: &str, text: &str, template: &str) -> Delivery {
        let body = json!({ "to": to, "text": text, "template": template, "id": id });
        match self.client.post(self.url.clone()).json(&body).send().await {
            Ok(answer) if answer.status().is_success() => Delivery::Done,
            // Only these say that the message itself will never be taken; a 401 or 404 is the operator's to set right.
            Ok(answer) if matches!(answer.status().as_u16(), 400 | 422) => {
                Delivery::Refused(format!("the gateway answered {}", answer.status()))
            }
            Ok(answer) => Delivery::Later(format!("the gateway answered {}", answer.status())),
            // Without the address: it may hold a token.
            Err(error) => Delivery::Later(error.without_url().to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn otps_leave_the_machine_encrypted_or_not_at_all() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let accepts = |url: &str| {
            let own = [("SMS_URL".to_owned(), url.to_owned())];
            Gateway::of(&Settings::from_sources("", own).unwrap()).is_ok()
        };
        assert!(
            accepts("https://sms.example.in/send") && accepts("http://127.0.0.1:9000") && accepts("http://[::1]:9000")
        );
        assert!(!accepts("http://sms.example.in/send") && !accepts("ftp://sms.example.in") && !accepts("sms"));
    }
}

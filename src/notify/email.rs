//! Mail out, by lettre over a pool of SMTP connections.

use std::path::Path;
use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use reqwest::Url;
use secrecy::ExposeSecret as _;

use super::host_name;
use super::messages::Attachment;
use super::worker::{Delivery, TransportError};
use crate::settings::{Settings, SettingsError};

pub(super) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    /// Right-hand side of message ids.
    host: String,
    /// How long a server may take for one mail: lettre itself would wait for ever for one that takes the connection and
    /// says nothing.
    patience: Duration,
}

/// The three ways of `SANAD_SMTP_URL`.
#[derive(Debug, PartialEq, Eq)]
enum Encryption {
    Plain,
    StartTls,
    Tls,
}

impl Smtp {
    /// The transport of the settings; `None` when there is none.
    pub(super) fn of(settings: &Settings) -> Result<Option<Self>, TransportError> {
        let Some(url) = &settings.smtp_url else { return Ok(None) };
        let wrong = |wants: &str| TransportError::Settings(SettingsError::new("SANAD_SMTP_URL", wants));
        let url = Url::parse(url.expose_secret())
            .map_err(|_| wrong("wants smtp://host:port, smtp+starttls://… or smtps://…"))?;
        let host = url.host_str().ok_or_else(|| wrong("wants a host name"))?.to_owned();
        let encryption = encryption(&url, &host).map_err(wrong)?;
        let from: Mailbox = settings.mail_from.parse().map_err(|_| {
            TransportError::Settings(SettingsError::new("SANAD_MAIL_FROM", "wants an address or Name <address>"))
        })?;

        let tls = || parameters(&host, settings.smtp_ca.as_deref());
        let (tls, port) = match encryption {
            Encryption::Plain => (Tls::None, 25),
            Encryption::StartTls => (Tls::Required(tls()?), 587),
            Encryption::Tls => (Tls::Wrapper(tls()?), 465),
        };
        let patience = Duration::from_secs(u64::try_from(settings.limits.mail_seconds).unwrap_or(10));
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&host)
            .port(url.port().unwrap_or(port))
            .tls(tls)
            .timeout(Some(patience));
        if let (false, Some(password)) = (url.username().is_empty(), url.password()) {
            builder = builder.credentials(Credentials::new(decoded(url.username()), decoded(password)));
        }
        Ok(Some(Self { transport: builder.build(), from, host: host_name(settings).to_owned(), patience }))
    }

    /// Sends one mail; `id` becomes its Message-ID, so that a mail sent twice is recognised as one.
    pub(super) async fn send(&self, id: &str, to: &str, subject: &str, body: MultiPart) -> Delivery {
        let Ok(to) = to.parse::<Mailbox>() else { return Delivery::Refused("not an address".to_owned()) };
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(plain(subject))
            .message_id(Some(format!("<{id}@{}>", self.host)))
            .multipart(body);
        let message = match message {
            Ok(message) => message,
            Err(error) => return Delivery::Refused(error.to_string()),
        };
        match tokio::time::timeout(self.patience, self.transport.send(message)).await {
            Ok(Ok(_)) => Delivery::Done,
            Ok(Err(error)) if is_about_the_message(&error) => Delivery::Refused(error.to_string()),
            Ok(Err(error)) => Delivery::Later(error.to_string()),
            Err(_) => Delivery::Later("the mail server took too long".to_owned()),
        }
    }
}

/// A subject holds what people call themselves. Plain ASCII goes out as it is, and a mail program would decode what looks
/// like an encoded word in it (RFC 2047), line ends included: a blank keeps that text.
fn plain(subject: &str) -> String {
    subject.replace("=?", "= ?")
}

/// What a mail consists of: plain text before HTML, and the attachment after both (RFC 2046 5.1.3 and 5.1.4).
pub(super) fn body(text: String, html: String, attachment: Option<Attachment>) -> MultiPart {
    let letter = MultiPart::alternative_plain_html(text, html);
    let Some(Attachment { name, content_type, text }) = attachment else { return letter };
    // The types that we write all parse; a file with a plainer type is better than no mail.
    let content_type = ContentType::parse(&content_type).unwrap_or(ContentType::TEXT_PLAIN);
    let file = lettre::message::Attachment::new(name).body(text, content_type);
    MultiPart::mixed().multipart(letter).singlepart(file)
}

/// Whether the server will never take this message (RFC 5321 4.2.3: 550 to 553). Any other 5xx, such as a password
/// that the operator has changed, is no fault of the message, which waits.
fn is_about_the_message(error: &lettre::transport::smtp::Error) -> bool {
    error.status().is_some_and(|code| (550..=553).contains(&u16::from(code)))
}

fn encryption(url: &Url, host: &str) -> Result<Encryption, &'static str> {
    match url.scheme() {
        "smtp" if is_loopback(host) => Ok(Encryption::Plain),
        "smtp" => Err("sends without encryption to loopback only: use smtp+starttls:// or smtps://"),
        "smtp+starttls" => Ok(Encryption::StartTls),
        "smtps" => Ok(Encryption::Tls),
        _ => Err("wants smtp://host:port, smtp+starttls://… or smtps://…"),
    }
}

pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn parameters(host: &str, authority: Option<&Path>) -> Result<TlsParameters, TransportError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    if let Some(path) = authority {
        let wrong = |error: String| TransportError::Settings(SettingsError::new("SANAD_SMTP_CA", error));
        let pem = std::fs::read(path).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| wrong(error.to_string()))?);
    }
    builder.build().map_err(|error| TransportError::Other(error.to_string()))
}

fn decoded(part: &str) -> String {
    percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encryption_of(url: &str) -> Result<Encryption, &'static str> {
        let url = Url::parse(url).unwrap();
        let host = url.host_str().unwrap().to_owned();
        encryption(&url, &host)
    }

    #[test]
    fn what_looks_encoded_in_a_subject_stays_as_it_looks() {
        assert_eq!(plain("Asha invited you to =?utf-8?B?DQo=?="), "Asha invited you to = ?utf-8?B?DQo= ?=");
        assert_eq!(plain("Account created for GSTIN …F1ZW"), "Account created for GSTIN …F1ZW");
    }

    #[test]
    fn mail_leaves_the_machine_encrypted_or_not_at_all() {
        assert_eq!(encryption_of("smtp://127.0.0.1:2525"), Ok(Encryption::Plain));
        assert_eq!(encryption_of("smtp://[::1]:2525"), Ok(Encryption::Plain));
        assert!(encryption_of("smtp://mail.example.in:25").is_err());
        assert_eq!(encryption_of("smtp+starttls://user:pass@mail.example.in"), Ok(Encryption::StartTls));
        assert_eq!(encryption_of("smtps://mail.example.in"), Ok(Encryption::Tls));
        assert!(encryption_of("https://mail.example.in").is_err());
    }
}

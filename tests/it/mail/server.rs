//! A real SMTP server, aiosmtpd, that keeps what it gets in a maildir.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde::Deserialize;
use tempfile::TempDir;

use super::wait::eventually;

/// A mail as it arrived, read by the email package of Python: whatever we write, somebody else understands it.
#[derive(Debug, Deserialize)]
pub struct Mail {
    pub message_id: String,
    pub from: String,
    pub to: String,
    pub subject: String,
    /// Who it went to on the wire, whatever its head says.
    pub recipient: String,
    /// The types of its parts, in their order.
    pub parts: Vec<String>,
    pub text: String,
    pub html: String,
    pub attachments: Vec<Attachment>,
}

/// A file that came with a mail. Line ends are as the maildir keeps them.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub struct Attachment {
    pub name: String,
    pub content_type: String,
    /// The parameter `method` of its type.
    pub method: Option<String>,
    pub text: String,
}

/// Reads every mail of a maildir, the oldest first.
const READER: &str = r#"
import email, json, pathlib, sys
from email import policy

def read(file):
    mail = email.message_from_bytes(file.read_bytes(), policy=policy.default)
    part = lambda kind: mail.get_body((kind,)).get_content()
    return {
        "message_id": mail["message-id"], "from": mail["from"], "to": mail["to"], "subject": mail["subject"],
        "recipient": mail["x-rcptto"], "parts": [part.get_content_type() for part in mail.iter_parts()],
        "text": part("plain"), "html": part("html"),
        "attachments": [attachment(part) for part in mail.iter_attachments()],
    }

def attachment(part):
    return {
        "name": part.get_filename(), "content_type": part.get_content_type(),
        "method": part["content-type"].params.get("method"), "text": part.get_content(),
    }

files = sorted(pathlib.Path(sys.argv[1], "new").iterdir(), key=lambda file: file.stat().st_mtime_ns)
print(json.dumps([read(file) for file in files]))
"#;

/// A running server; killed when dropped.
pub struct MailServer {
    process: Child,
    pub port: u16,
    folder: TempDir,
}

/// How a server talks.
pub enum Talks<'a> {
    Plain,
    StartTls(&'a Certificate),
    Tls(&'a Certificate),
}

impl MailServer {
    /// On a port of its own.
    pub async fn start(talks: Talks<'_>) -> Self {
        Self::start_on(free_port(), talks).await
    }

    pub async fn start_on(port: u16, talks: Talks<'_>) -> Self {
        let folder = TempDir::new().unwrap();
        let mut command = Command::new(python());
        command.args(["-m", "aiosmtpd", "-n", "-l", &format!("127.0.0.1:{port}")]);
        command.args(["-c", "aiosmtpd.handlers.Mailbox"]).arg(folder.path().join("mails"));
        match talks {
            Talks::Plain => {}
            Talks::StartTls(own) => {
                command.arg("--tlscert").arg(&own.certificate).arg("--tlskey").arg(&own.key);
            }
            Talks::Tls(own) => {
                command.arg("--smtpscert").arg(&own.certificate).arg("--smtpskey").arg(&own.key);
            }
        }
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("Python with aiosmtpd");
        let server = Self { process, port, folder };
        eventually("aiosmtpd listens", async || TcpStream::connect(("127.0.0.1", port)).ok()).await;
        server
    }

    /// What has arrived, the oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        let reader =
            Command::new(python()).args(["-c", READER]).arg(self.folder.path().join("mails")).output().unwrap();
        assert!(reader.status.success(), "{}", String::from_utf8_lossy(&reader.stderr));
        serde_json::from_slice(&reader.stdout).unwrap()
    }

    /// The mails, once there are `count`; never more.
    pub async fn expect(&self, count: usize) -> Vec<Mail> {
        let arrived = self.folder.path().join("mails/new");
        let arrive = async || (std::fs::read_dir(&arrived).ok()?.count() >= count).then_some(());
        eventually(&format!("{count} mails"), arrive).await;
        let mails = self.mails();
        assert_eq!(mails.len(), count, "{mails:?}");
        mails
    }

    /// The only mail.
    pub async fn expect_one(&self) -> Mail {
        self.expect(1).await.remove(0)
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has noticed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A server's certificate by an authority of its own; PEM files.
pub struct Certificate {
    pub authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    _folder: TempDir,
}

impl Certificate {
    pub fn made_for(host: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().unwrap();
        let authority = params.self_signed(&authority_key).unwrap();
        let issuer = Issuer::new(params, authority_key);
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![host.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();

        let folder = TempDir::new().unwrap();
        let file = |name: &str, text: String| write(folder.path(), name, &text);
        Self {
            authority: file("ca.pem", authority.pem()),
            certificate: file("cert.pem", certificate.pem()),
            key: file("key.pem", key.serialize_pem()),
            _folder: folder,
        }
    }
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// A port of this machine that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The Python that has aiosmtpd.
#[expect(clippy::disallowed_methods, reason = "a switch of the test suite, not a setting")]
fn python() -> String {
    std::env::var("SANAD_TEST_PYTHON").unwrap_or_else(|_| "/usr/bin/python3".to_owned())
}

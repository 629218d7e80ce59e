//! The TLS of our own listener, as `SANAD_TLS_CERT` and `SANAD_TLS_KEY` open it: which versions, suites and key exchanges
//! it speaks, and which not.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::aws_lc_rs::{default_provider, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, NamedGroup, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;

use crate::support::App;

/// A portal with a certificate for `localhost`.
struct Https {
    _app: App,
    address: String,
    trusted: Arc<RootCertStore>,
    _folder: TempDir,
}

impl Https {
    async fn start() -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        let folder = TempDir::new().unwrap();
        let file = |name: &str, text: String| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let (chain, secret) = (file("cert.pem", certificate.pem()), file("key.pem", key.serialize_pem()));
        let settings = [("BASE_URL", "https://localhost"), ("TLS_CERT", &chain), ("TLS_KEY", &secret)];
        let app = App::start_with(&settings).await;
        let mut trusted = RootCertStore::empty();
        trusted.add(certificate.der().clone()).unwrap();
        let address = app.url("").replace("http://", "");
        Self { _app: app, address, trusted: Arc::new(trusted), _folder: folder }
    }

    fn socket(&self) -> TcpStream {
        let socket = TcpStream::connect(&self.address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        socket
    }

    /// Asks for a page as a client of these versions and groups.
    fn ask(&self, versions: &[&'static SupportedProtocolVersion], groups: &[&'static dyn SupportedKxGroup]) -> Spoken {
        let provider = CryptoProvider { kx_groups: groups.to_vec(), ..default_provider() };
        let config = ClientConfig::builder_with_provider(Arc::new(provider)).with_protocol_versions(versions).unwrap();
        let config = config.with_root_certificates(self.trusted.clone()).with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let mut tls = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut socket = self.socket();
        let mut stream = rustls::Stream::new(&mut tls, &mut socket);
        stream.write_all(b"GET /irp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        // A server may close without saying so first.
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));
        Spoken {
            version: tls.protocol_version().unwrap(),
            suite: format!("{:?}", tls.negotiated_cipher_suite().unwrap().suite()),
            group: tls.negotiated_key_exchange_group().unwrap().name(),
        }
    }

    /// The first bytes that these are answered with.
    fn answer(&self, bytes: &[u8]) -> [u8; 7] {
        let mut socket = self.socket();
        socket.write_all(bytes).unwrap();
        let mut answer = [0; 7];
        socket.read_exact(&mut answer).unwrap();
        answer
    }
}

/// What client and server have agreed on.
struct Spoken {
    version: ProtocolVersion,
    suite: String,
    group: NamedGroup,
}

/// A ClientHello (RFC 5246 7.4.1.2) of that version with these suites, X25519 and ECDSA with P-256 and SHA-256.
fn hello(version: [u8; 2], suites: &[u16]) -> Vec<u8> {
    let short = |length: usize| u16::try_from(length).unwrap().to_be_bytes();
    let extensions: [&[u8]; 3] = [&[0, 10, 0, 4, 0, 2, 0, 0x1d], &[0, 11, 0, 2, 1, 0], &[0, 13, 0, 4, 0, 2, 4, 3]];
    let (suites, extensions) =
        (suites.iter().flat_map(|suite| suite.to_be_bytes()).collect::<Vec<_>>(), extensions.concat());
    let parts: [&[u8]; 8] =
        [&version, &[7; 32], &[0], &short(suites.len()), &suites, &[1, 0], &short(extensions.len()), &extensions];
    let body = parts.concat();
    let handshake = [[1, 0].as_slice(), &short(body.len()), &body].concat();
    [[0x16, 3, 1].as_slice(), &short(handshake.len()), &handshake].concat()
}

const ECDHE_AES_128_GCM: u16 = 0xc02b;
const HANDSHAKE: u8 = 0x16;
const ALERT: u8 = 0x15;
const FATAL: u8 = 2;

#[actix_web::test]
async fn the_newest_version_is_spoken_and_the_one_before_it() {
    let https = Https::start().await;
    let groups = default_provider().kx_groups;
    assert_eq!(https.ask(&[&TLS12, &TLS13], &groups).version, ProtocolVersion::TLSv1_3);
    assert_eq!(https.ask(&[&TLS13], &groups).version, ProtocolVersion::TLSv1_3);
    assert_eq!(https.ask(&[&TLS12], &groups).version, ProtocolVersion::TLSv1_2);
}

#[actix_web::test]
async fn older_versions_and_plain_http_are_refused() {
    let https = Https::start().await;
    let spoken = https.answer(&hello([3, 3], &[ECDHE_AES_128_GCM]));
    assert_eq!((spoken[0], spoken[5]), (HANDSHAKE, 2), "the same hello of TLS 1.2 is answered: {spoken:?}");
    for older in [[3, 2], [3, 1], [3, 0]] {
        let refused = https.answer(&hello(older, &[ECDHE_AES_128_GCM]));
        assert_eq!((refused[0], refused[5]), (ALERT, FATAL), "{older:?}: {refused:?}");
    }
    let plain = b"POST /eivital/v1.04/auth HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}";
    let mut socket = https.socket();
    socket.write_all(plain).unwrap();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/"), "{}", String::from_utf8_lossy(&answer));
}

#[actix_web::test]
async fn only_suites_with_forward_secrecy_and_authenticated_encryption_are_spoken() {
    let https = Https::start().await;
    for (version, begins) in [(&TLS12, "TLS_ECDHE_"), (&TLS13, "TLS13_")] {
        let suite = https.ask(&[version], &default_provider().kx_groups).suite;
        let sealed = ["GCM", "CHACHA20_POLY1305"].iter().any(|cipher| suite.contains(cipher));
        assert!(suite.starts_with(begins) && sealed, "{suite}");
    }
    for (suite, weak) in [
        (0xc009, "CBC with SHA-1"),
        (0xc023, "CBC with SHA-256"),
        (0x009c, "RSA key exchange"),
        (0x002f, "RSA key exchange, CBC"),
        (0xc008, "3DES"),
        (0xc007, "RC4"),
        (0xc006, "no encryption"),
        (0xc018, "nobody's certificate"),
    ] {
        let refused = https.answer(&hello([3, 3], &[suite]));
        assert_eq!((refused[0], refused[5]), (ALERT, FATAL), "{weak}: {refused:?}");
    }
}

#[actix_web::test]
async fn keys_are_exchanged_over_approved_groups_also_one_against_quantum_computers() {
    let https = Https::start().await;
    let groups: [(&'static dyn SupportedKxGroup, NamedGroup); 4] = [
        (kx_group::X25519, NamedGroup::X25519),
        (kx_group::SECP256R1, NamedGroup::secp256r1),
        (kx_group::SECP384R1, NamedGroup::secp384r1),
        (kx_group::X25519MLKEM768, NamedGroup::X25519MLKEM768),
    ];
    for (offered, agreed) in groups {
        assert_eq!(https.ask(&[&TLS13], &[offered]).group, agreed);
    }
    // secp192r1, a group that nobody approves any more.
    let mut weak = hello([3, 3], &[ECDHE_AES_128_GCM]);
    let at = weak.windows(8).position(|bytes| bytes == [0, 10, 0, 4, 0, 2, 0, 0x1d]).unwrap();
    weak[at + 7] = 0x13;
    let refused = https.answer(&weak);
    assert_eq!((refused[0], refused[5]), (ALERT, FATAL), "{refused:?}");
}

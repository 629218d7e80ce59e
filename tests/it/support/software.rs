//! Software that signs in at the doors for machines: a client of its own for both protocols, written from the
//! documents. Nothing of the program's own code is in it, so that what it can do, the software of others can do.

mod gstn;
mod irp;
mod wire;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use sanad::kernel::ids;
use sanad::store::integrators::{self, Integrator};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

pub use gstn::{AUTHENTICATE, CERTIFICATE, GstSession};
pub use irp::{AUTH, PUBLIC_KEY, Session, SignIn};
pub use wire::{PublicKey, SelfSigned, aes_open, aes_seal, random_key};

use super::App;

/// The software of one integrator, with its key.
#[derive(Clone)]
pub struct Software {
    client: reqwest::Client,
    base: String,
    pub client_id: String,
    pub secret: String,
    /// Where it calls from, for portals that believe `X-Forwarded-For` of 127.0.0.1.
    pub address: Option<&'static str>,
    irp_key: Arc<OnceCell<PublicKey>>,
    gstn_key: Arc<OnceCell<PublicKey>>,
}

/// The client id of `Software::of`.
pub const ERP: &str = "acme-erp";

impl Software {
    /// The software of an integrator that is nobody special, with a key that was made for it.
    pub async fn of(app: &App) -> Self {
        Self::of_integrator(app, ERP, |_| {}).await
    }

    /// The same for another client id, with a key that `change` has made different.
    pub async fn of_integrator(app: &App, client_id: &str, change: impl FnOnce(&mut Integrator)) -> Self {
        let secret = format!("the secret of {client_id}");
        let now = app.clock.now().seconds();
        let mut integrator = Integrator {
            client_id: client_id.to_owned(),
            secret_hash: ids::digest(&secret),
            name: client_id.to_owned(),
            pan: None,
            gateway: false,
            created_at: now,
            secret_changed_at: now,
            disabled_at: None,
        };
        change(&mut integrator);
        app.kit.store.write(move |c| integrators::insert(c, &integrator)).await.unwrap();
        keep_door_keys(app).await;
        Self::with_key(app, client_id, &secret)
    }

    /// Software with that key, whether there is one or not.
    pub fn with_key(app: &App, client_id: &str, secret: &str) -> Self {
        Self::at(app.client(), app.url(""), client_id, secret)
    }

    /// The same at an address of which nothing else is known.
    pub fn at(client: reqwest::Client, base: String, client_id: &str, secret: &str) -> Self {
        let (client_id, secret) = (client_id.to_owned(), secret.to_owned());
        Self { client, base, client_id, secret, address: None, irp_key: Arc::default(), gstn_key: Arc::default() }
    }

    /// The same software calling from another address.
    pub fn at_address(&self, address: &'static str) -> Self {
        Self { address: Some(address), ..self.clone() }
    }

    /// Software behind a gateway that has taken the key away.
    pub fn without_key(app: &App) -> Self {
        Self::with_key(app, "", "")
    }

    /// The integrator key under these names.
    fn key_headers(&self, client_id: &str, secret: &str) -> Headers {
        match self.client_id.is_empty() {
            true => Headers::default(),
            false => Headers::default().with(client_id, &self.client_id).with(secret, &self.secret),
        }
    }

    pub async fn get(&self, path: &str, headers: Headers) -> Answer {
        self.send("GET", path, headers, None).await
    }

    pub async fn post(&self, path: &str, headers: Headers, body: impl Into<Vec<u8>>) -> Answer {
        self.send("POST", path, headers, Some(body.into())).await
    }

    /// Any call; its answer must be JSON whatever it was.
    pub async fn send(&self, method: &str, path: &str, headers: Headers, body: Option<Vec<u8>>) -> Answer {
        Answer::read(self.request(method, path, headers, body).await).await
    }

    /// A file of the doors as it stands there, which must be given out.
    pub async fn file(&self, path: &str) -> String {
        let response = self.request("GET", path, Headers::default(), None).await;
        assert_eq!(response.status().as_u16(), 200, "{path}");
        response.text().await.unwrap()
    }

    async fn request(&self, method: &str, path: &str, headers: Headers, body: Option<Vec<u8>>) -> reqwest::Response {
        let mut request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.base));
        for (name, value) in headers.0 {
            let (name, value) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(&value));
            request = request.header(name.unwrap(), value.unwrap());
        }
        if let Some(address) = self.address {
            request = request.header("x-forwarded-for", address);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        request.send().await.unwrap()
    }

    /// Asks whether a token is good.
    pub async fn introspect(&self, token: &str) -> Answer {
        let body = format!("token={token}");
        self.post("/introspect", Headers::default().with("authorization", &self.basic()), body).await
    }

    /// The value of the header of HTTP Basic authentication.
    pub fn basic(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.client_id, self.secret)))
    }
}

/// Gives the server the RSA keys of this test run before it makes its own, which takes a second.
async fn keep_door_keys(app: &App) {
    // The first test makes them; meanwhile its connections must hear when the server closes them.
    let keys = tokio::task::spawn_blocking(wire::door_keys).await.unwrap();
    for (door, key) in ["irp.pem", "gstn.pem"].into_iter().zip(keys) {
        let path = app.kit.settings.keys_dir.join(door);
        // One that is there already stays.
        if let Ok(mut file) = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            file.write_all(key.as_bytes()).unwrap();
        }
    }
}

/// The headers of a call, in the order and the spelling they are sent in.
#[derive(Debug, Clone, Default)]
pub struct Headers(Vec<(String, Vec<u8>)>);

impl Headers {
    pub fn with(self, name: &str, value: &str) -> Self {
        self.with_bytes(name, value.as_bytes())
    }

    pub fn with_bytes(mut self, name: &str, value: &[u8]) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// All but the one of that name, which must be there.
    pub fn without(mut self, name: &str) -> Self {
        let count = self.0.len();
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        assert!(self.0.len() < count, "there is no header {name}");
        self
    }

    /// With another value under the same name, which must be there.
    pub fn replace(self, name: &str, value: &str) -> Self {
        self.without(name).with(name, value)
    }

    /// With the same value under another name.
    pub fn rename(mut self, name: &str, new: &str) -> Self {
        let header = self.0.iter_mut().find(|(known, _)| known == name);
        new.clone_into(&mut header.unwrap_or_else(|| panic!("there is no header {name}")).0);
        self
    }
}

/// What a door answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub json: Value,
    headers: HeaderMap,
}

impl Answer {
    async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let path = response.url().path().to_owned();
        let body = response.text().await.unwrap();
        let of_type = headers.get("content-type").map(|value| value.to_str().unwrap()).unwrap_or_default();
        assert!(["application/json", "application/problem+json"].contains(&of_type), "{path} {status} {of_type:?}");
        let json = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path} {status} {error}: {body}"));
        Self { status, json, headers }
    }

    /// The header of that name; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The code and the message of a refusal at the IRP's door, which must be in the shape that clients index.
    pub fn irp_fault(&self) -> (&str, &str) {
        let fault = &self.json["ErrorDetails"][0];
        let (code, message) = (fault["ErrorCode"].as_str(), fault["ErrorMessage"].as_str());
        let details = json!([{ "ErrorCode": code, "ErrorMessage": message }]);
        let whole = json!({ "Status": 0, "ErrorDetails": details, "Data": null, "InfoDtls": null });
        assert_eq!(self.json, whole, "a refusal of the IRP's door");
        (code.unwrap(), message.unwrap())
    }

    /// The code and the message of a refusal at the GSTN's door.
    pub fn gstn_fault(&self) -> (&str, &str) {
        let fault = &self.json["error"];
        let (code, message) = (fault["error_cd"].as_str(), fault["message"].as_str());
        let whole = json!({ "status_cd": "0", "error": { "error_cd": code, "message": message } });
        assert_eq!(self.json, whole, "a refusal of the GSTN's door");
        (code.unwrap(), message.unwrap())
    }

    /// Refused as the protocol of the IRP refuses: with that code and HTTP status 200.
    pub fn assert_irp(&self, code: &str) {
        assert_eq!((self.status, self.irp_fault().0), (200, code), "{}", self.json);
    }

    /// Refused as the protocol of the GSTN refuses.
    pub fn assert_gstn(&self, code: &str) {
        assert_eq!((self.status, self.gstn_fault().0), (200, code), "{}", self.json);
    }

    /// Seconds after which it may be tried again, of an answer that says so.
    pub fn retry_after(&self) -> i64 {
        assert_eq!(self.status, 429, "{}", self.json);
        self.header("retry-after").parse().unwrap()
    }
}

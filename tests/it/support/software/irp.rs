//! The client's side of `/eivital`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Answer, Headers, PublicKey, Software, aes_open, random_key};
use crate::support::samples::{ACME, API_PASSWORD};
use crate::support::walk::API_USERNAME;

pub const AUTH: &str = "/eivital/v1.04/auth";
pub const PUBLIC_KEY: &str = "/eivital/public-key.pem";

/// What is sent to sign in, to be changed before.
#[derive(Debug, Clone)]
pub struct SignIn {
    pub path: &'static str,
    pub gstin: &'static str,
    pub username: String,
    pub password: String,
    /// 32 bytes.
    pub app_key: Vec<u8>,
    /// `ForceRefreshAccessToken`, of whatever type.
    pub forced: Value,
}

/// A session as the software knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub token: String,
    pub key: Vec<u8>,
    pub expiry: String,
    pub gstin: &'static str,
    pub username: String,
}

impl SignIn {
    /// ACME, with what `walk::with_credentials` has created and an AppKey of its own.
    pub fn of_acme() -> Self {
        Self {
            path: AUTH,
            gstin: ACME.gstin,
            username: API_USERNAME.to_owned(),
            password: API_PASSWORD.to_owned(),
            app_key: random_key(),
            forced: Value::Bool(false),
        }
    }

    pub fn forced() -> Self {
        Self { forced: Value::Bool(true), ..Self::of_acme() }
    }

    /// The JSON inside of the envelope.
    pub fn json(&self) -> Value {
        json!({
            "UserName": self.username,
            "Password": self.password,
            "AppKey": STANDARD.encode(&self.app_key),
            "ForceRefreshAccessToken": self.forced,
        })
    }

    /// The body of version 1.03: only password and AppKey are encrypted, each by itself.
    pub fn parts(&self, key: &PublicKey) -> Value {
        let seal = |plain: &[u8]| STANDARD.encode(key.seal(plain));
        json!({ "data": {
            "UserName": self.username,
            "Password": seal(self.password.as_bytes()),
            "AppKey": seal(&self.app_key),
            "ForceRefreshAccessToken": self.forced,
        } })
    }
}

impl Software {
    /// The key that envelopes for the IRP's door are encrypted under.
    pub async fn irp_key(&self) -> &PublicKey {
        self.irp_key.get_or_init(async || PublicKey::of_pem(&self.file(PUBLIC_KEY).await)).await
    }

    /// The headers of a sign-in, as the documents spell them.
    pub fn headers_for(&self, gstin: &str) -> Headers {
        let key = self.key_headers("client_id", "client_secret");
        key.with("Gstin", gstin).with("Content-Type", "application/json")
    }

    /// `Data` of version 1.04: base64( RSA( base64( text ) ) ).
    pub async fn envelope(&self, text: &str) -> String {
        STANDARD.encode(self.irp_key().await.seal(STANDARD.encode(text).as_bytes()))
    }

    /// Signs in as version 1.04 does, and returns the answer.
    pub async fn sign_in(&self, with: &SignIn) -> Answer {
        let body = json!({ "Data": self.envelope(&with.json().to_string()).await });
        self.post(with.path, self.headers_for(with.gstin), body.to_string()).await
    }

    /// Signs in with that text in the envelope.
    pub async fn sign_in_with_text(&self, gstin: &str, text: &str) -> Answer {
        let body = json!({ "Data": self.envelope(text).await });
        self.post(AUTH, self.headers_for(gstin), body.to_string()).await
    }

    /// The session of a sign-in, which must go well.
    pub async fn session(&self, with: &SignIn) -> Session {
        self.session_in(&self.sign_in(with).await, with)
    }

    /// The session in an answer to `with`, which must be a success in the documents' shape.
    pub fn session_in(&self, answer: &Answer, with: &SignIn) -> Session {
        let data = &answer.json["Data"];
        let text = |name: &str| data[name].as_str().unwrap_or_else(|| panic!("{name}: {}", answer.json)).to_owned();
        let (token, sek, expiry) = (text("AuthToken"), text("Sek"), text("TokenExpiry"));
        let data = json!({
            "ClientId": self.client_id,
            "UserName": with.username,
            "AuthToken": token,
            "Sek": sek,
            "TokenExpiry": expiry,
        });
        let whole = json!({ "Status": 1, "Data": data, "ErrorDetails": null, "InfoDtls": null });
        assert_eq!((answer.status, &answer.json), (200, &whole));
        let key = aes_open(&with.app_key, &STANDARD.decode(sek).unwrap());
        assert_eq!(key.len(), 32, "a session key");
        Session { token, key, expiry, gstin: with.gstin, username: with.username.clone() }
    }

    /// The headers of a call within a session.
    pub fn headers_in(&self, session: &Session) -> Headers {
        let headers = self.headers_for(session.gstin);
        headers.with("user_name", &session.username).with("AuthToken", &session.token)
    }

    /// Asks the register about a GSTIN.
    pub async fn look_up(&self, session: &Session, gstin: &str) -> Answer {
        self.get(&format!("/eivital/v1.04/Master/gstin/{gstin}"), self.headers_in(session)).await
    }

    /// Whether the token of a session works: it is refused with 1005 and with nothing else.
    pub async fn works(&self, session: &Session) -> bool {
        let answer = self.look_up(session, session.gstin).await;
        if answer.json["Status"] == 1 {
            assert_eq!(session.open(&answer)["Gstin"], session.gstin);
            return true;
        }
        answer.assert_irp("1005");
        false
    }
}

impl Session {
    /// What an answer within the session holds.
    pub fn open(&self, answer: &Answer) -> Value {
        let data = answer.json["Data"].as_str().unwrap_or_else(|| panic!("no data: {}", answer.json));
        let whole = json!({ "Status": 1, "Data": data, "ErrorDetails": null, "InfoDtls": null });
        assert_eq!((answer.status, &answer.json), (200, &whole));
        serde_json::from_slice(&aes_open(&self.key, &STANDARD.decode(data).unwrap())).unwrap()
    }
}

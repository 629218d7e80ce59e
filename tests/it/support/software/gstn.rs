//! The client's side of `/taxpayerapi`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Answer, Headers, PublicKey, SelfSigned, Software, aes_open, aes_seal, random_key};
use crate::support::App;
use crate::support::samples::ACME;
use crate::support::walk_gst::USERNAME;

pub const AUTHENTICATE: &str = "/taxpayerapi/v1.0/authenticate";
pub const CERTIFICATE: &str = "/taxpayerapi/certificate.pem";

/// A session as the software knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GstSession {
    pub token: String,
    pub key: Vec<u8>,
    /// Minutes.
    pub expiry: i64,
}

impl Software {
    /// The key that app keys are encrypted under, from the certificate.
    pub async fn gstn_key(&self) -> &PublicKey {
        self.gstn_key.get_or_init(async || SelfSigned::of_pem(&self.file(CERTIFICATE).await).key).await
    }

    /// The headers of every call, for ACME's state.
    pub fn gstn_headers(&self) -> Headers {
        let key = self.key_headers("clientid", "client-secret");
        let call = key.with("state-cd", "29").with("ip-usr", "203.0.113.7").with("txn", "LAPN24235325555");
        call.with("Content-Type", "application/json")
    }

    /// A call with this body.
    pub async fn gstn(&self, body: &Value) -> Answer {
        self.post(AUTHENTICATE, self.gstn_headers(), body.to_string()).await
    }

    /// base64( RSA( 32 bytes ) ).
    pub async fn sealed_app_key(&self, app_key: &[u8]) -> String {
        STANDARD.encode(self.gstn_key().await.seal(app_key))
    }

    /// The body of OTPREQUEST.
    pub async fn otp_request(&self) -> Value {
        json!({
            "action": "OTPREQUEST",
            "app_key": self.sealed_app_key(&random_key()).await,
            "username": USERNAME,
        })
    }

    /// The body of AUTHTOKEN with that text as the OTP.
    pub async fn auth_token(&self, app_key: &[u8], otp: &str) -> Value {
        json!({
            "action": "AUTHTOKEN",
            "app_key": self.sealed_app_key(app_key).await,
            "username": USERNAME,
            "otp": STANDARD.encode(aes_seal(app_key, otp.as_bytes())),
        })
    }

    /// The body of REFRESHTOKEN: the new AppKey is encrypted under the session key.
    pub fn refresh_token(&self, session: &GstSession, app_key: &[u8]) -> Value {
        json!({
            "action": "REFRESHTOKEN",
            "app_key": STANDARD.encode(aes_seal(&session.key, app_key)),
            "username": USERNAME,
            "auth_token": session.token,
        })
    }

    /// The body of LOGOUT.
    pub async fn logout(&self, session: &GstSession) -> Value {
        json!({
            "action": "LOGOUT",
            "app_key": self.sealed_app_key(&random_key()).await,
            "username": USERNAME,
            "auth_token": session.token,
        })
    }

    /// Asks for an OTP for ACME.
    pub async fn ask_otp(&self) -> Answer {
        self.gstn(&self.otp_request().await).await
    }

    /// Asks for an OTP for ACME, which must go well, and reads it.
    pub async fn otp(&self, app: &App) -> String {
        self.ask_otp().await.assert_done();
        app.last_otp_for(ACME.email).await
    }

    /// Types an OTP.
    pub async fn type_otp(&self, otp: &str) -> Answer {
        self.gstn(&self.auth_token(&random_key(), otp).await).await
    }

    /// A session for ACME, by an OTP of its own.
    pub async fn gst_session(&self, app: &App) -> GstSession {
        let (otp, app_key) = (self.otp(app).await, random_key());
        GstSession::of(&self.gstn(&self.auth_token(&app_key, &otp).await).await, &app_key)
    }

    /// Asks for a further session instead of this one.
    pub async fn refresh(&self, session: &GstSession) -> Answer {
        self.gstn(&self.refresh_token(session, &random_key())).await
    }

    /// The further session, which must be given.
    pub async fn refreshed(&self, session: &GstSession) -> GstSession {
        let app_key = random_key();
        GstSession::of(&self.gstn(&self.refresh_token(session, &app_key)).await, &app_key)
    }
}

impl GstSession {
    /// The session in an answer, which must be a success in the documents' shape.
    pub fn of(answer: &Answer, app_key: &[u8]) -> Self {
        let text = |name: &str| answer.json[name].as_str().unwrap_or_else(|| panic!("{name}: {}", answer.json));
        let (token, sek) = (text("auth_token"), text("sek"));
        let expiry = answer.json["expiry"].as_i64().unwrap_or_else(|| panic!("a number of minutes: {}", answer.json));
        let whole = json!({ "status_cd": "1", "auth_token": token, "expiry": expiry, "sek": sek });
        assert_eq!((answer.status, &answer.json), (200, &whole));
        let key = aes_open(app_key, &STANDARD.decode(sek).unwrap());
        assert_eq!(key.len(), 32, "a session key");
        Self { token: token.to_owned(), key, expiry }
    }
}

impl Answer {
    /// A success of the GSTN's door that says nothing else.
    pub fn assert_done(&self) {
        assert_eq!((self.status, &self.json), (200, &json!({ "status_cd": "1" })));
    }
}

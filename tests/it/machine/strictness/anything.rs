//! Hundreds of generated calls at every address: each is answered in JSON, and none is an error of ours.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::with_software;
use crate::support::Software;
use crate::support::software::{Answer, Headers, Session, SignIn};
use crate::support::walk_gst::USERNAME;

/// Every address with its method; the files are no JSON and are asked for with the wrong one.
const ADDRESSES: [(&str, &str); 13] = [
    ("POST", "/eivital/v1.04/auth"),
    ("POST", "/eivital/v1.03/auth"),
    ("GET", "/eivital/v1.04/Master/gstin/29ABCDE1234F1ZW"),
    ("GET", "/eivital/v1.04/Master/syncgstin/29QQQQQ4321Q1ZF"),
    ("GET", "/eivital/v1.03/Master/gstin/"),
    ("GET", "/eivital/v1.04/heartbeat/ping"),
    ("POST", "/taxpayerapi/v1.0/authenticate"),
    ("POST", "/taxpayerapi/v0.2/authenticate"),
    ("POST", "/introspect"),
    ("GET", "/openapi.json"),
    ("POST", "/eivital/public-key.pem"),
    ("POST", "/taxpayerapi/certificate.pem"),
    ("GET", "/eivital/"),
];

/// A call to be made of generated parts.
#[derive(Debug, Clone)]
struct Call {
    address: (&'static str, &'static str),
    /// Instead of the method of the address.
    method: Option<&'static str>,
    /// At the end of the path.
    tail: String,
    headers: Vec<(&'static str, HeaderValue)>,
    body: Body,
}

#[derive(Debug, Clone)]
enum HeaderValue {
    Right,
    Missing,
    Bytes(Vec<u8>),
}

#[derive(Debug, Clone)]
enum Body {
    Bytes(Vec<u8>),
    Text(String),
    /// Inside of the IRP's envelope, as base64.
    Sealed(Vec<u8>),
    /// The fields of version 1.03, those that are `Some` encrypted under our key.
    Parts([Option<Vec<u8>>; 2], String),
    /// A message of the GSTN's door, with an app key that is right or is not.
    Gstn {
        action: &'static str,
        texts: [String; 3],
        app_key: Option<Vec<u8>>,
    },
    Form(String),
}

fn header_value() -> impl Strategy<Value = HeaderValue> {
    // What may stand in a header at all: no control characters.
    let bytes = prop_oneof![vec(0x20_u8..0x7f, 0..60), vec(prop_oneof![0x20_u8..0x7f, 0x80_u8..=0xff], 0..60)];
    let wrong = bytes.prop_map(HeaderValue::Bytes);
    prop_oneof![20 => Just(HeaderValue::Right), 1 => Just(HeaderValue::Missing), 2 => wrong]
}

fn headers() -> impl Strategy<Value = Vec<(&'static str, HeaderValue)>> {
    let names =
        ["client_id", "client_secret", "Gstin", "user_name", "AuthToken", "state-cd", "authorization", "content-type"];
    names.map(|name| header_value().prop_map(move |value| (name, value))).prop_map(Vec::from)
}

fn json_like() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?[0-9]{1,30}(\\.[0-9]{1,5})?(e[0-9]{1,4})?",
        any::<String>().prop_map(|text| Value::from(text).to_string()),
        Just("\"x".to_owned()),
    ];
    let value = value.prop_recursive(4, 24, 6, |inner| {
        let name = select(vec![
            "Data",
            "data",
            "action",
            "username",
            "UserName",
            "app_key",
            "AppKey",
            "Password",
            "otp",
            "auth_token",
        ]);
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(|values| format!("[{}]", values.join(","))),
            vec((name, inner), 0..6).prop_map(|fields| {
                let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    });
    (value, "[ \r\n\t]{0,3}", "[]},x]{0,1}").prop_map(|(value, before, after)| format!("{before}{value}{after}"))
}

fn body() -> impl Strategy<Value = Body> {
    let bytes = || vec(any::<u8>(), 0..300);
    let sealed = prop_oneof![bytes(), json_like().prop_map(String::into_bytes)];
    let actions = select(vec!["OTPREQUEST", "AUTHTOKEN", "REFRESHTOKEN", "LOGOUT", "otp", ""]);
    let app_key = proptest::option::of(prop_oneof![vec(any::<u8>(), 32), vec(any::<u8>(), 0..60)]);
    let user = prop_oneof![Just(USERNAME.to_owned()), any::<String>()];
    let otp = prop_oneof![any::<String>(), bytes().prop_map(|bytes| STANDARD.encode(bytes))];
    prop_oneof![
        2 => bytes().prop_map(Body::Bytes),
        3 => json_like().prop_map(Body::Text),
        3 => sealed.prop_map(Body::Sealed),
        2 => ([proptest::option::of(bytes()), proptest::option::of(bytes())], any::<String>())
            .prop_map(|(parts, user)| Body::Parts(parts, user)),
        4 => (actions, (user, otp, any::<String>()), app_key).prop_map(|(action, texts, app_key)| {
            Body::Gstn { action, texts: texts.into(), app_key }
        }),
        2 => "(token=)?[ -~]{0,60}(&token=x)?".prop_map(Body::Form),
    ]
}

fn call() -> impl Strategy<Value = Call> {
    let method =
        prop_oneof![6 => Just(None), 1 => select(vec!["GET", "POST", "PUT", "DELETE", "OPTIONS"]).prop_map(Some)];
    let tail = prop_oneof![6 => Just(String::new()), 1 => "[/?][a-zA-Z0-9%/?;:@&=+$,-]{0,30}"];
    (select(ADDRESSES.to_vec()), method, tail, headers(), body())
        .prop_map(|(address, method, tail, headers, body)| Call { address, method, tail, headers, body })
}

impl Call {
    async fn make(&self, software: &Software, session: &Session) -> Answer {
        let mut headers = Headers::default();
        for (name, value) in &self.headers {
            let right = match *name {
                "client_id" => software.client_id.clone(),
                "client_secret" => software.secret.clone(),
                "Gstin" => session.gstin.to_owned(),
                "user_name" => session.username.clone(),
                "AuthToken" => session.token.clone(),
                "state-cd" => "29".to_owned(),
                "authorization" => software.basic(),
                _ => "application/json".to_owned(),
            };
            headers = match value {
                HeaderValue::Right => headers.with(name, &right),
                HeaderValue::Missing => headers,
                HeaderValue::Bytes(bytes) => headers.with_bytes(name, bytes),
            };
        }
        let (method, path) = self.address;
        // A file is only looked at when somebody asks for it in the right way.
        let is_file = path.ends_with(".pem") && self.method == Some("GET");
        let method = if is_file { method } else { self.method.unwrap_or(method) };
        software.send(method, &format!("{path}{}", self.tail), headers, Some(self.body.bytes(software).await)).await
    }
}

impl Body {
    async fn bytes(&self, software: &Software) -> Vec<u8> {
        let seal = async |plain: &[u8]| STANDARD.encode(software.irp_key().await.seal(plain));
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Text(text) | Self::Form(text) => text.clone().into_bytes(),
            Self::Sealed(plain) => {
                let plain = STANDARD.encode(&plain[..plain.len().min(370)]);
                json!({ "Data": seal(plain.as_bytes()).await }).to_string().into_bytes()
            }
            Self::Parts([password, app_key], user) => {
                let mut sealed = Vec::new();
                for part in [password, app_key] {
                    sealed.push(match part {
                        Some(plain) => seal(plain).await,
                        None => "AAAA".to_owned(),
                    });
                }
                let parts = json!({ "UserName": user, "Password": sealed[0], "AppKey": sealed[1] });
                json!({ "data": parts }).to_string().into_bytes()
            }
            Self::Gstn { action, texts: [user, otp, token], app_key } => {
                let app_key = match app_key {
                    Some(plain) => software.sealed_app_key(plain).await,
                    None => otp.clone(),
                };
                let body =
                    json!({ "action": action, "username": user, "otp": otp, "auth_token": token, "app_key": app_key });
                body.to_string().into_bytes()
            }
        }
    }
}

/// The code of a refusal, of whichever door.
fn code(answer: &Answer) -> Option<&str> {
    let json = &answer.json;
    [&json["ErrorDetails"][0]["ErrorCode"], &json["error"]["error_cd"], &json["error"]]
        .into_iter()
        .find_map(Value::as_str)
}

#[test]
fn whatever_is_sent_is_answered_in_json_and_is_no_error_of_ours() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (app, software) = runtime.block_on(with_software());
    let session = runtime.block_on(software.session(&SignIn::of_acme()));
    let heard = std::cell::RefCell::new(BTreeSet::new());
    let config = Config { cases: 500, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&call(), |call| {
        // So slowly that nothing is throttled.
        app.clock.advance(7);
        // Reading it sees to it that it is JSON.
        let answer = runtime.block_on(call.make(&software, &session));
        prop_assert!(answer.status < 500, "{} {}", answer.status, answer.json);
        heard.borrow_mut().extend(code(&answer).map(str::to_owned));
        Ok(())
    });
    assert!(outcome.is_ok(), "{}", outcome.unwrap_err());

    // The calls were no row of bolted doors: they came as far as the envelopes and the users.
    let heard = heard.into_inner();
    for deep in [["1013", "1016", "1017", "1019", "1020"], ["AUTH4032", "AUTH4033", "AUTH4034", "AUTH4036", "AUTH4039"]]
    {
        assert!(deep.iter().any(|code| heard.contains(*code)), "none of {deep:?} is in {heard:?}");
    }
    assert!(heard.len() >= 8, "{heard:?}");
    assert!(runtime.block_on(software.works(&session)), "and nothing of it has ended a session");
    runtime.block_on(software.session(&SignIn::of_acme()));
}

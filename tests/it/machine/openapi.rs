//! `docs/openapi.json` and `docs/api.md` held against the running program: what they say is what it does.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use jsonschema::Validator;
use sanad::kernel::gstn_code::GstnCode;
use sanad::kernel::irp_code::IrpCode;
use sanad::kernel::limits::Limits;
use sanad::store::taxpayers;
use sanad::web::paths;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::samples::ACME;
use crate::support::software::{AUTHENTICATE, Answer, Headers, SignIn};
use crate::support::{App, Software, walk, walk_gst};

const FILE: &str = include_str!("../../../docs/openapi.json");
const GUIDE: &str = include_str!("../../../docs/api.md");

/// The OpenAPI file.
struct Description(Value);

/// A method and an address, as the file spells them.
type Operation<'a> = (&'a str, &'a str);

const MASTER: Operation = ("GET", "/eivital/v1.04/Master/gstin/{gstin}");
const MASTER_103: Operation = ("GET", "/eivital/v1.03/Master/gstin/{gstin}");
const AUTH: Operation = ("POST", "/eivital/v1.04/auth");
const AUTH_103: Operation = ("POST", "/eivital/v1.03/auth");
const AUTHENTICATION: Operation = ("POST", AUTHENTICATE);
const INTROSPECTION: Operation = ("POST", paths::INTROSPECT);

impl Description {
    fn read() -> Self {
        Self(serde_json::from_str(FILE).unwrap())
    }

    fn operations(&self) -> Vec<(String, String)> {
        let paths = self.0["paths"].as_object().unwrap().iter();
        let of_path = |(path, item): (&String, &Value)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(|method| (method.to_ascii_uppercase(), path.clone())).collect::<Vec<_>>()
        };
        paths.flat_map(of_path).collect()
    }

    /// What a `$ref` stands for; anything else is itself.
    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        value["$ref"].as_str().map_or(value, |name| self.0.pointer(name.trim_start_matches('#')).expect(name))
    }

    fn validator(&self, schema: &Value) -> Validator {
        let mut whole = schema.clone();
        whole["components"] = self.0["components"].clone();
        jsonschema::validator_for(&whole).unwrap()
    }

    fn assert_fits(&self, schema: &Value, value: &Value, told: &str) {
        let errors: Vec<String> = self.validator(schema).iter_errors(value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{told}: {value}\n{}", errors.join("\n"));
    }

    /// The response that the file has for that status.
    fn response(&self, (method, path): Operation, status: u16) -> &Value {
        let responses = &self.0["paths"][path][method.to_ascii_lowercase()]["responses"];
        assert!(responses.is_object(), "{method} {path} is not in the file");
        let own = responses.get(status.to_string()).unwrap_or(&responses["default"]);
        self.resolve(own)
    }

    /// The schema that the file has for an answer of that status and type.
    fn schema(&self, operation: Operation, status: u16, of_type: &str) -> &Value {
        let content = &self.response(operation, status)["content"];
        content
            .get(of_type)
            .map(|content| &content["schema"])
            .unwrap_or_else(|| panic!("{operation:?} {status}: the file does not have an answer of type {of_type:?}"))
    }

    /// The answer is one that the file describes, headers included; and the file would notice if a field of it were
    /// missing, or one too many.
    fn assert_describes(&self, operation: Operation, answer: &Answer) {
        let told = format!("{operation:?} {}", answer.status);
        let schema = self.schema(operation, answer.status, answer.header("content-type"));
        self.assert_fits(schema, &answer.json, &told);
        let validator = self.validator(schema);
        for other in slightly_different(&answer.json) {
            assert!(!validator.is_valid(&other), "{told}: this would be described as well: {other}");
        }
        for (name, header) in self.response(operation, answer.status)["headers"].as_object().into_iter().flatten() {
            let text = answer.header(name);
            let value = text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from);
            self.assert_fits(&self.resolve(header)["schema"], &value, name);
        }
    }

    /// As `assert_describes`, for a refusal with that code.
    fn assert_refusal(&self, operation: Operation, answer: &Answer, status: u16, code: &str) {
        let faults =
            [&answer.json["ErrorDetails"][0]["ErrorCode"], &answer.json["error"]["error_cd"], &answer.json["error"]];
        assert!(answer.status == status && faults.into_iter().any(|fault| fault == code), "{}", answer.json);
        self.assert_describes(operation, answer);
    }
}

/// The same JSON with one field less, or with one more, at every place.
fn slightly_different(json: &Value) -> Vec<Value> {
    let mut different = Vec::new();
    match json {
        Value::Object(fields) => {
            let mut more = fields.clone();
            more.insert("more".to_owned(), Value::Null);
            different.push(Value::Object(more));
            for (name, value) in fields {
                let mut less = fields.clone();
                less.remove(name);
                different.push(Value::Object(less));
                for inside in slightly_different(value) {
                    let mut changed = fields.clone();
                    changed.insert(name.clone(), inside);
                    different.push(Value::Object(changed));
                }
            }
        }
        Value::Array(items) => different.extend(items.iter().flat_map(slightly_different).map(|item| json!([item]))),
        _ => {}
    }
    different
}

/// An answer of whatever type to a call without headers and body: status, type, and the body as JSON or as a text.
async fn bare(app: &App, method: &str, path: &str) -> (u16, String, Value) {
    let response = app.client().request(method.parse().unwrap(), app.url(path)).send().await.unwrap();
    let of_type = response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
    let (status, of_type) = (response.status().as_u16(), of_type.unwrap_or_default());
    let text = response.text().await.unwrap();
    let body =
        if of_type.ends_with("json") { serde_json::from_str(&text).unwrap_or_default() } else { Value::from(text) };
    (status, of_type, body)
}

#[actix_web::test]
async fn the_file_is_served_as_it_stands() {
    let app = App::start().await;
    let response = app.client().get(app.url("/openapi.json")).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()),
        (200, "application/json")
    );
    assert_eq!(response.text().await.unwrap(), FILE);
}

#[test]
fn the_file_has_every_address_for_software_and_no_other() {
    let listed = [paths::EIVITAL_PUBLIC_KEY, paths::TAXPAYERAPI_CERTIFICATE, paths::INTROSPECT, paths::OPENAPI];
    let all = [
        &paths::EIVITAL_AUTH[..],
        &paths::EIVITAL_MASTER,
        &paths::EIVITAL_HEARTBEAT,
        &paths::TAXPAYERAPI_AUTHENTICATE,
        &listed,
    ];
    let addresses: BTreeSet<String> = all.concat().into_iter().map(str::to_owned).collect();
    let described: BTreeSet<String> = Description::read().operations().into_iter().map(|(_, path)| path).collect();
    assert_eq!(described, addresses);
    assert!(described.iter().all(|path| GUIDE.contains(path.as_str())), "docs/api.md names every address");
}

#[actix_web::test]
async fn every_operation_of_the_file_is_answered_and_every_other_method_refused() {
    let app = App::start().await;
    let description = Description::read();
    let operations = description.operations();
    for path in operations.iter().map(|(_, path)| path).collect::<BTreeSet<_>>() {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
            let (status, of_type, body) = bare(&app, method, &path.replace("{gstin}", ACME.gstin)).await;
            let operation = (method, path.as_str());
            match operations.contains(&(method.to_owned(), path.clone())) {
                true => {
                    assert!(![404, 405].contains(&status), "{operation:?} {status}");
                    description.response(operation, status);
                    if method != "HEAD" {
                        description.assert_fits(description.schema(operation, status, &of_type), &body, path);
                    }
                }
                false => {
                    assert_eq!((status, of_type.as_str()), (405, "application/problem+json"), "{operation:?}");
                    if method != "HEAD" {
                        description.assert_fits(&problem(), &body, path);
                    }
                }
            }
        }
    }
}

fn problem() -> Value {
    json!({ "$ref": "#/components/schemas/Problem" })
}

#[actix_web::test]
async fn what_is_no_address_and_no_host_of_ours_is_a_problem_of_the_file() {
    let app = App::start().await;
    let (software, description) = (Software::with_key(&app, "", ""), Description::read());
    for path in
        ["/eivital", "/eivital/v1.05/auth", "/eivital/v1.04/master/gstin/x", "/taxpayerapi/v1.0", "/introspect/x"]
    {
        let answer = software.get(path, Headers::default()).await;
        assert_eq!((answer.status, answer.header("content-type")), (404, "application/problem+json"), "{path}");
        description.assert_fits(&problem(), &answer.json, path);
    }
    let answer = software.post(AUTH.1, Headers::default().with("Host", "other.example"), "{}").await;
    assert_eq!(answer.status, 421);
    description.assert_describes(AUTH, &answer);
}

#[actix_web::test]
async fn the_sign_in_of_the_irp_answers_as_the_file_says() {
    let app = App::start().await;
    walk::with_credentials(&app).await;
    let (software, description) = (Software::of(&app).await, Description::read());
    let acme = SignIn::of_acme();
    let signed_in = software.sign_in(&acme).await;
    assert_eq!(signed_in.json["Status"], 1);
    description.assert_describes(AUTH, &signed_in);
    let old_form = acme.parts(software.irp_key().await).to_string();
    let without_gstin = software.headers_for(ACME.gstin).without("Gstin");
    let signed_in = software.post(AUTH_103.1, without_gstin, old_form).await;
    assert_eq!(signed_in.json["Status"], 1);
    description.assert_describes(AUTH_103, &signed_in);

    let wrong = SignIn { password: "Fast-Ferry_Rides 29".to_owned(), ..acme.clone() };
    description.assert_refusal(AUTH, &software.sign_in(&wrong).await, 200, "1019");
    let nobody = SignIn { username: "nobody_irp_01".to_owned(), ..acme.clone() };
    description.assert_refusal(AUTH, &software.sign_in(&nobody).await, 200, "1017");
    for (body, code) in [("{}", "5003"), ("[]", "1007"), (r#"{"Data":"x"}"#, "1020")] {
        let answer = software.post(AUTH.1, software.headers_for(ACME.gstin), body).await;
        description.assert_refusal(AUTH, &answer, 200, code);
    }
}

#[actix_web::test]
async fn the_register_is_told_as_the_file_says_for_every_sample() {
    let app = App::start().await;
    walk::with_credentials(&app).await;
    let (software, description) = (Software::of(&app).await, Description::read());
    let session = software.session(&SignIn::of_acme()).await;
    let samples = app.kit.store.read(taxpayers::list_samples).await.unwrap();
    assert!(samples.len() > 10);
    for (operation, details) in [(MASTER, "TaxpayerDetails104"), (MASTER_103, "TaxpayerDetails103")] {
        let details = json!({ "$ref": format!("#/components/schemas/{details}") });
        let validator = description.validator(&details);
        for gstin in samples.iter().map(|taxpayer| taxpayer.gstin.as_str()) {
            let path = operation.1.replace("{gstin}", gstin);
            let answer = software.get(&path, software.headers_in(&session)).await;
            description.assert_describes(operation, &answer);
            let told = session.open(&answer);
            description.assert_fits(&details, &told, gstin);
            assert!(slightly_different(&told).iter().all(|other| !validator.is_valid(other)), "{told}");
        }
    }
    for (gstin, code) in [("nonsense", "3028"), ("29AAAAA0000A1ZY", "3001")] {
        description.assert_refusal(MASTER, &software.look_up(&session, gstin).await, 200, code);
    }
    let headers = software.headers_in(&session).replace("AuthToken", "none");
    let path = MASTER.1.replace("{gstin}", ACME.gstin);
    description.assert_refusal(MASTER, &software.get(&path, headers).await, 200, "1005");
}

#[actix_web::test]
async fn the_sign_in_of_the_gst_system_answers_as_the_file_says() {
    let app = App::start().await;
    let (software, description) = (Software::of(&app).await, Description::read());
    description.assert_refusal(AUTHENTICATION, &software.ask_otp().await, 200, "AUTH4032");
    let browser = walk_gst::signed_in(&app).await;
    description.assert_refusal(AUTHENTICATION, &software.ask_otp().await, 200, "AUTH4037");
    walk::go_on(&browser, &walk_gst::choose_yes(&browser, "12h").await).await;
    for (body, code) in [("[]", "AUTH4040"), ("{}", "GEN5001"), (r#"{"action":"otprequest"}"#, "AUTH4035")] {
        let answer = software.post(AUTHENTICATE, software.gstn_headers(), body).await;
        description.assert_refusal(AUTHENTICATION, &answer, 200, code);
    }
    let asked = software.ask_otp().await;
    asked.assert_done();
    description.assert_describes(AUTHENTICATION, &asked);
    description.assert_refusal(AUTHENTICATION, &software.type_otp("x").await, 200, "AUTH4034");
    let otp = app.last_otp_for(ACME.email).await;
    let signed_in = software.type_otp(&otp).await;
    assert_eq!(signed_in.json["status_cd"], "1");
    description.assert_describes(AUTHENTICATION, &signed_in);

    app.clock.advance(60);
    let session = software.gst_session(&app).await;
    description.assert_describes(AUTHENTICATION, &software.refresh(&session).await);
    description.assert_describes(AUTHENTICATION, &software.gstn(&software.logout(&session).await).await);
    description.assert_refusal(AUTHENTICATION, &software.refresh(&session).await, 200, "AUTH4038");
}

#[actix_web::test]
async fn introspection_answers_as_the_file_says() {
    let app = App::start().await;
    walk::with_credentials(&app).await;
    let (software, description) = (Software::of(&app).await, Description::read());
    let gateway = Software::of_integrator(&app, "gateway", |integrator| integrator.gateway = true).await;
    let session = software.session(&SignIn::of_acme()).await;
    let good = gateway.introspect(&session.token).await;
    assert_eq!(good.json["active"], true);
    description.assert_describes(INTROSPECTION, &good);
    walk_gst::with_api_access(&app, "6h").await;
    let session = software.gst_session(&app).await;
    let good = gateway.introspect(&session.token).await;
    assert_eq!(good.json["door"], "gstn");
    description.assert_describes(INTROSPECTION, &good);
    let bad = gateway.introspect("none").await;
    assert_eq!(bad.json, json!({ "active": false }));
    description.assert_describes(INTROSPECTION, &bad);

    description.assert_refusal(INTROSPECTION, &gateway.introspect("").await, 400, "invalid_request");
    description.assert_refusal(INTROSPECTION, &software.introspect("none").await, 401, "invalid_client");
    let without_key = software.post(INTROSPECTION.1, Headers::default(), "token=none").await;
    description.assert_refusal(INTROSPECTION, &without_key, 401, "invalid_client");
}

#[actix_web::test]
async fn a_limit_that_is_used_up_is_told_as_the_file_says() {
    let app = App::start_from("[limits]\nintegrator_failures_per_minute = 1", &[]).await;
    let (stranger, description) = (Software::with_key(&app, "nobody", "nothing"), Description::read());
    let sign_in = async || stranger.post(AUTH.1, stranger.headers_for(ACME.gstin), "{}").await;
    let master = MASTER.1.replace("{gstin}", ACME.gstin);
    let headers = stranger.headers_for(ACME.gstin).with("user_name", "acme_irp_01").with("AuthToken", "none");
    description.assert_refusal(AUTH, &sign_in().await, 200, "1010");
    description.assert_refusal(AUTH, &sign_in().await, 429, "1008");
    description.assert_refusal(MASTER, &stranger.get(&master, headers).await, 429, "1008");
    description.assert_refusal(AUTHENTICATION, &stranger.gstn(&json!({})).await, 429, "SWEB9035");
    description.assert_refusal(INTROSPECTION, &stranger.introspect("none").await, 429, "slow_down");
}

#[actix_web::test]
async fn a_body_that_is_too_big_is_told_as_the_file_says() {
    let app = App::start_from("[limits]\nmachine_bytes = 100", &[]).await;
    let (software, description) = (Software::of(&app).await, Description::read());
    let gateway = Software::of_integrator(&app, "gateway", |integrator| integrator.gateway = true).await;
    let big = "x".repeat(101);
    let answer = software.post(AUTH.1, software.headers_for(ACME.gstin), big.clone()).await;
    description.assert_refusal(AUTH, &answer, 413, "1007");
    let answer = software.post(AUTHENTICATE, software.gstn_headers(), big.clone()).await;
    description.assert_refusal(AUTHENTICATION, &answer, 413, "AUTH4040");
    description.assert_refusal(INTROSPECTION, &gateway.introspect(&big).await, 413, "invalid_request");
}

#[actix_web::test]
async fn a_body_that_is_too_slow_is_told_as_the_file_says() {
    let app = App::start_from("[limits]\nmachine_seconds = 1", &[]).await;
    let description = Description::read();
    let software = Software::of_integrator(&app, "slow", |integrator| integrator.gateway = true).await;
    for (operation, code) in [(AUTH, "1007"), (AUTHENTICATION, "AUTH4040"), (INTROSPECTION, "invalid_request")] {
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nclient_id: slow\r\nclient_secret: {}\r\nGstin: {}\r\n\
             Authorization: {}\r\nContent-Length: 10\r\n\r\n",
            operation.1,
            app.url("").trim_start_matches("http://"),
            software.secret,
            ACME.gstin,
            software.basic(),
        );
        let answer = raw(&app, &head).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 408 ") && body.contains(&format!("{code:?}")), "{answer}");
        let schema = description.schema(operation, 408, "application/json");
        description.assert_fits(schema, &serde_json::from_str(body).unwrap(), operation.1);
    }
}

/// Sends this and nothing else, and reads until the server hangs up.
async fn raw(app: &App, head: &str) -> String {
    let mut stream = TcpStream::connect(app.url("").trim_start_matches("http://")).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[actix_web::test]
async fn a_door_without_its_key_fails_as_the_file_says() {
    let app = App::start().await;
    for door in ["irp.pem", "gstn.pem"] {
        let path = app.kit.settings.keys_dir.join(door);
        fs::write(&path, "no key").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let (software, description) = (Software::of(&app).await, Description::read());
    let answer = software.post(AUTH.1, software.headers_for(ACME.gstin), r#"{"Data":"x"}"#).await;
    description.assert_refusal(AUTH, &answer, 500, "5001");
    let body = json!({ "action": "OTPREQUEST", "username": "acmegst01", "app_key": "x" });
    description.assert_refusal(AUTHENTICATION, &software.gstn(&body).await, 500, "TEC4001");
    for (path, code) in [(paths::EIVITAL_PUBLIC_KEY, "5001"), (paths::TAXPAYERAPI_CERTIFICATE, "TEC4001")] {
        let answer = software.get(path, Headers::default()).await;
        description.assert_refusal(("GET", path), &answer, 500, code);
    }
}

#[test]
fn every_example_of_the_file_fits_its_schema() {
    let description = Description::read();
    let components = &description.0["components"];
    let mut count = 0;
    for (name, part) in ["responses", "requestBodies"].iter().flat_map(|kind| components[*kind].as_object().unwrap()) {
        for content in part["content"].as_object().into_iter().flat_map(|content| content.values()) {
            for example in content["examples"].as_object().into_iter().flat_map(|examples| examples.values()) {
                description.assert_fits(&content["schema"], &example["value"], name);
                count += 1;
            }
        }
    }
    for (name, schema) in components["schemas"].as_object().unwrap() {
        for example in schema["examples"].as_array().into_iter().flatten() {
            description.assert_fits(schema, example, name);
            count += 1;
        }
    }
    for (name, parameter) in components["parameters"].as_object().unwrap() {
        if let Some(example) = parameter.get("example") {
            description.assert_fits(&parameter["schema"], example, name);
            count += 1;
        }
    }
    assert!(count > 40, "{count}");
}

#[test]
fn every_error_code_stands_in_both_descriptions() {
    let description = Description::read();
    let irp = IrpCode::ALL.iter().map(|code| (code.code(), code.text()));
    let gstn = GstnCode::ALL.iter().map(|code| (code.code(), code.text()));
    for (name, codes) in [("IrpErrorCode", irp.collect::<Vec<_>>()), ("GstnErrorCode", gstn.collect())] {
        let listed = &description.0["components"]["schemas"][name]["enum"];
        assert_eq!(*listed, json!(codes.iter().map(|(code, _)| code).collect::<Vec<_>>()), "{name}");
        for (code, text) in codes {
            let row = format!("\n| {code} | {text} | ");
            assert_eq!(GUIDE.matches(&row).count(), 1, "{code} in docs/api.md");
        }
    }
}

#[test]
fn every_limit_in_the_guide_is_one_with_that_number() {
    let limits = Limits::default().list();
    let table = GUIDE.split("\n## Limits\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    let mut count = 0;
    for row in rows {
        let [_, number, name] = row.trim_matches(['|', ' ']).split(" | ").collect::<Vec<_>>().try_into().expect(row);
        let (_, value, _) = limits.iter().find(|(known, ..)| *known == name.trim_matches('`')).expect(name);
        assert_eq!(number.replace(',', ""), value.to_string(), "{name}");
        count += 1;
    }
    assert!(count > 15, "{count}");
}

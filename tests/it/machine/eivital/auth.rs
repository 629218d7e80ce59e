//! POST `/eivital/v1.04/auth`: a token and a session key for API credentials, and how long they are the same.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use serde_json::Value;

use crate::machine::{HOUR, MINUTE};
use crate::support::samples::{ACME, API_PASSWORD, PATEL};
use crate::support::software::{AUTH, PUBLIC_KEY, PublicKey, SignIn};
use crate::support::walk::{Step, go_on, register_to, with_credentials};
use crate::support::walk_gst;
use crate::support::{App, Browser, Software};

/// A token works for 360 minutes.
const LIFE: i64 = 6 * HOUR;
/// The last minutes of it, in which a forced refresh gives another.
const REFRESH: i64 = 10 * MINUTE;

/// A portal where ACME has API credentials, and software that knows them.
async fn with_software() -> (App, Software) {
    let app = App::start().await;
    with_credentials(&app).await;
    let software = Software::of(&app).await;
    (app, software)
}

// --- The round trip -----------------------------------------------------------------------------

#[actix_web::test]
async fn api_credentials_open_a_session_that_reads_the_register() {
    let (_app, software) = with_software().await;
    let session = software.session(&SignIn::of_acme()).await;
    assert!(session.token.len() >= 25 && session.token.chars().all(|letter| letter.is_ascii_alphanumeric()));
    let taxpayer = session.open(&software.look_up(&session, ACME.gstin).await);
    assert_eq!(taxpayer["LegalName"], "ACME PRIVATE LIMITED");
}

#[actix_web::test]
async fn the_session_ends_360_minutes_later_in_indian_standard_time() {
    let (app, software) = with_software().await;
    // The tests begin at 17:01 in India.
    assert_eq!(software.session(&SignIn::of_acme()).await.expiry, "2026-11-21 23:01:00");
    app.clock.advance(LIFE + 59);
    assert_eq!(software.session(&SignIn::of_acme()).await.expiry, "2026-11-22 05:01:59", "over midnight");
}

#[actix_web::test]
async fn the_owner_sees_that_software_has_signed_in() {
    let app = App::start().await;
    let browser = with_credentials(&app).await;
    let last_used = async |browser: &Browser| {
        let details = browser.get("/irp/api-credentials").await.details();
        details.into_iter().find(|(term, _)| term == "Last used on").unwrap().1
    };
    assert_eq!(last_used(&browser).await, "Never used");
    app.clock.advance(5 * MINUTE);
    Software::of(&app).await.session(&SignIn::of_acme()).await;
    let told = last_used(&browser).await;
    assert!(told.starts_with("21/11/2026 17:06 IST"), "{told}");
}

#[actix_web::test]
async fn the_public_key_is_rsa_of_4096_bits_and_stays_over_a_restart() {
    let mut app = App::start().await;
    // The key that the server makes for itself.
    let software = Software::at(app.client(), app.url(""), "demo", "demo-secret");
    let first = software.file(PUBLIC_KEY).await;
    assert!(first.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{first}");
    assert_eq!(PublicKey::of_pem(&first).bits, 4096);
    app.restart().await;
    assert_eq!(Software::at(app.client(), app.url(""), "demo", "demo-secret").file(PUBLIC_KEY).await, first);
}

#[actix_web::test]
async fn the_longest_credentials_fit_into_an_envelope_however_it_is_spaced() {
    let app = App::start().await;
    let browser = app.browser();
    register_to(&app, &browser, &ACME, Step::Done).await;
    let (username, password) = ("acme".repeat(8)[..30].to_owned(), "Slow-Ferry_Rides 29 ".repeat(4)[..64].to_owned());
    let form = browser.get("/irp/api-credentials/new").await.form("Save and submit").fill("api_username", &username);
    let form = form.fill("api_password", &password).fill("confirm_api_password", &password);
    go_on(&browser, &form.submit(&browser).await).await.assert_shows("API credentials created");

    let software = Software::of(&app).await;
    let with = SignIn { username, password, forced: "false".into(), ..SignIn::of_acme() };
    software.session(&with).await;
    let pretty = serde_json::to_string_pretty(&with.json()).unwrap();
    software.session_in(&software.sign_in_with_text(ACME.gstin, &pretty).await, &with);
}

// --- The same token -----------------------------------------------------------------------------

#[actix_web::test]
async fn a_further_sign_in_gets_the_same_token_and_the_session_key_under_its_own_app_key() {
    let (app, software) = with_software().await;
    let (one, other) = (SignIn::of_acme(), SignIn::of_acme());
    let (first, again) = (software.sign_in(&one).await, software.sign_in(&other).await);
    assert_ne!(first.json["Data"]["Sek"], again.json["Data"]["Sek"], "two AppKeys");
    let first = software.session_in(&first, &one);
    assert_eq!(software.session_in(&again, &other), first);
    app.clock.advance(LIFE - 1);
    assert_eq!(software.session(&SignIn::of_acme()).await, first);
    assert!(software.works(&first).await);
    app.clock.advance(1);
    assert!(!software.works(&first).await);
    let next = software.session(&SignIn::of_acme()).await;
    assert!(next.token != first.token && next.key != first.key);
    assert!(software.works(&next).await && !software.works(&first).await);
}

#[actix_web::test]
async fn a_forced_refresh_gives_another_token_only_in_the_last_ten_minutes() {
    let (app, software) = with_software().await;
    let first = software.session(&SignIn::of_acme()).await;
    for wait in [0, LIFE - REFRESH - 1] {
        app.clock.advance(wait);
        assert_eq!(software.session(&SignIn::forced()).await, first, "after {wait} s");
    }
    app.clock.advance(1);
    assert_eq!(software.session(&SignIn::of_acme()).await, first, "not forced");
    let second = software.session(&SignIn::forced()).await;
    assert!(second.token != first.token && second.key != first.key);
    assert_eq!(second.expiry, "2026-11-22 04:51:00", "360 minutes of its own");
    assert!(software.works(&first).await, "the old one has its ten minutes left");
    assert_eq!(software.session(&SignIn::forced()).await, second, "the new one is far from its end");
    app.clock.advance(REFRESH);
    assert!(!software.works(&first).await && software.works(&second).await);
}

#[actix_web::test]
async fn sign_ins_at_the_same_moment_get_one_token() {
    let (_app, software) = with_software().await;
    let with: Vec<SignIn> = (0..12).map(|_| SignIn::of_acme()).collect();
    let answers = join_all(with.iter().map(|with| software.sign_in(with))).await;
    let sessions: Vec<_> = answers.iter().zip(&with).map(|(answer, with)| software.session_in(answer, with)).collect();
    assert!(sessions.iter().all(|session| *session == sessions[0]));
}

#[actix_web::test]
async fn a_session_and_its_token_live_through_a_restart() {
    let (mut app, software) = with_software().await;
    let first = software.session(&SignIn::of_acme()).await;
    app.restart().await;
    let software = Software::of(&app).await;
    assert!(software.works(&first).await);
    assert_eq!(software.session(&SignIn::of_acme()).await, first);
}

#[actix_web::test]
async fn another_integrator_gets_a_token_of_its_own_and_cannot_use_the_first_ones() {
    let (app, software) = with_software().await;
    let other = Software::of_integrator(&app, "other-erp", |_| {}).await;
    let (one, two) = (software.session(&SignIn::of_acme()).await, other.session(&SignIn::of_acme()).await);
    assert!(one.token != two.token && one.key != two.key);
    assert!(software.works(&one).await && other.works(&two).await);
    other.look_up(&one, ACME.gstin).await.assert_irp("1005");
    software.look_up(&two, ACME.gstin).await.assert_irp("1005");
}

#[actix_web::test]
async fn two_taxpayers_of_one_integrator_have_a_token_each() {
    let (app, software) = with_software().await;
    let browser = app.browser();
    register_to(&app, &browser, &PATEL, Step::Done).await;
    let form = browser.get("/irp/api-credentials/new").await.form("Save and submit").fill("api_username", "patel_irp");
    let form = form.fill("api_password", API_PASSWORD).fill("confirm_api_password", API_PASSWORD);
    go_on(&browser, &form.submit(&browser).await).await;
    let patel = SignIn { gstin: PATEL.gstin, username: "patel_irp".to_owned(), ..SignIn::of_acme() };
    let (one, two) = (software.session(&SignIn::of_acme()).await, software.session(&patel).await);
    assert_ne!(one.token, two.token);
    assert!(software.works(&one).await && software.works(&two).await);
}

#[actix_web::test]
async fn a_username_is_the_same_in_any_letter_case() {
    let (_app, software) = with_software().await;
    let body = SignIn { username: "ACME_Irp_01".to_owned(), ..SignIn::of_acme() };
    let answer = software.sign_in(&body).await;
    let session = software.session_in(&answer, &SignIn { username: "acme_irp_01".to_owned(), ..body });
    assert!(software.works(&session).await);
    let headers = software.headers_in(&session).replace("user_name", "ACME_IRP_01");
    session.open(&software.get("/eivital/v1.04/Master/gstin/29ABCDE1234F1ZW", headers).await);
}

// --- What is kept -------------------------------------------------------------------------------

/// Every way in which bytes are usually written down.
fn spellings(bytes: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut found = vec![bytes.to_vec(), hex.to_ascii_uppercase().into_bytes(), hex.into_bytes()];
    found.extend([STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD].map(|of| of.encode(bytes).into_bytes()));
    found
}

/// The files of a folder and below it that hold these bytes.
fn files_with(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files_with(&path, bytes)),
            false if fs::read(&path).unwrap().windows(bytes.len()).any(|window| window == bytes) => {
                found.push(path.display().to_string());
            }
            false => {}
        }
    }
    found
}

#[actix_web::test]
async fn neither_token_nor_session_key_stands_in_any_file() {
    let (mut app, software) = with_software().await;
    let with = SignIn::of_acme();
    let session = software.session(&with).await;
    assert!(software.works(&session).await);
    walk_gst::with_api_access(&app, "30d").await;
    let gst = software.gst_session(&app).await;

    let folder = app.kit.settings.data_dir.clone();
    for _ in 0..2 {
        // The search finds what is there.
        assert!(!files_with(&folder, session.username.as_bytes()).is_empty());
        let secrets = [session.token.as_bytes(), &session.key, gst.token.as_bytes(), &gst.key, &with.app_key];
        for secret in secrets.iter().chain(&[API_PASSWORD.as_bytes(), software.secret.as_bytes()]) {
            for spelling in spellings(secret) {
                assert_eq!(files_with(&folder, &spelling), [""; 0], "{}", String::from_utf8_lossy(&spelling));
            }
        }
        // Once more when everything has been written to its place.
        app.restart().await;
    }
}

// --- What the door says of a right envelope -----------------------------------------------------

#[actix_web::test]
async fn a_wrong_user_password_and_gstin_are_told_apart_in_this_order() {
    let (_app, software) = with_software().await;
    let right = SignIn::of_acme();
    let (user, password) = ("nobody_01".to_owned(), "Slow-Ferry_Rides 30".to_owned());
    for (with, code) in [
        (SignIn { username: user.clone(), ..right.clone() }, "1017"),
        (SignIn { username: user.clone(), password: password.clone(), ..right.clone() }, "1017"),
        (SignIn { username: user, gstin: PATEL.gstin, ..right.clone() }, "1017"),
        (SignIn { password: password.clone(), ..right.clone() }, "1019"),
        (SignIn { password, gstin: PATEL.gstin, ..right.clone() }, "1019"),
        (SignIn { password: String::new(), ..right.clone() }, "1019"),
        (SignIn { gstin: PATEL.gstin, ..right.clone() }, "1015"),
        (SignIn { gstin: "29QQQQQ4321Q1ZF", ..right.clone() }, "1015"),
        (SignIn { gstin: "no GSTIN at all", ..right.clone() }, "1015"),
    ] {
        software.sign_in(&with).await.assert_irp(code);
    }
    software.session(&right).await;
}

#[actix_web::test]
async fn without_a_right_integrator_key_everything_is_answered_alike() {
    let (app, _) = with_software().await;
    let stranger = Software::with_key(&app, "acme-erp", "not the secret");
    let right = SignIn::of_acme();
    let mut answers = Vec::new();
    for with in [
        right.clone(),
        SignIn { username: "nobody_01".to_owned(), ..right.clone() },
        SignIn { password: "Slow-Ferry_Rides 30".to_owned(), ..right.clone() },
        SignIn { gstin: PATEL.gstin, ..right.clone() },
    ] {
        answers.push(stranger.sign_in(&with).await);
    }
    for body in ["", "{}", "[]", "{\"Data\":\"AAAA\"}"] {
        answers.push(stranger.post(AUTH, stranger.headers_for(ACME.gstin), body).await);
    }
    let unknown = Software::with_key(&app, "nobody", "not the secret");
    answers.push(unknown.sign_in(&right).await);
    for answer in answers {
        answer.assert_irp("1010");
        assert_eq!(answer.irp_fault().1, "Invalid Client-ID/Client-Secret");
    }
}

#[actix_web::test]
async fn whatever_is_wrong_inside_the_envelope_is_answered_alike() {
    let (_app, software) = with_software().await;
    let other = software.gstn_key().await;
    let sealed = software.irp_key().await.seal(STANDARD.encode(SignIn::of_acme().json().to_string()).as_bytes());
    let mut flipped = sealed.clone();
    flipped[200] ^= 1;
    let own = |plain: &[u8]| (plain.to_vec(), true);
    let raw = |sealed: &[u8]| (sealed.to_vec(), false);
    let json = SignIn::of_acme().json().to_string();
    let with = |name: &str, value: Value| {
        let mut fields = SignIn::of_acme().json();
        fields[name] = value;
        own(STANDARD.encode(fields.to_string()).as_bytes())
    };
    let mut answers = Vec::new();
    for (bytes, seal) in [
        raw(b"not a ciphertext"),
        raw(&[0; 512]),
        raw(&[0xff; 512]),
        raw(&flipped),
        raw(&sealed[1..]),
        raw(&other.seal(STANDARD.encode(&json).as_bytes())),
        own(b""),
        own(json.as_bytes()),
        own(&[0xff; 40]),
        own(STANDARD.encode("not JSON").as_bytes()),
        own(STANDARD.encode("[]").as_bytes()),
        own(STANDARD.encode([0xff; 40]).as_bytes()),
        own(STANDARD.encode(r#"{"UserName":"a","username":"b"}"#).as_bytes()),
        with("UserName", 1.into()),
        with("Password", Value::Bool(true)),
        with("AppKey", serde_json::json!(["a"])),
        with("ForceRefreshAccessToken", "maybe".into()),
    ] {
        let bytes = if seal { software.irp_key().await.seal(&bytes) } else { bytes };
        let body = serde_json::json!({ "Data": STANDARD.encode(bytes) });
        answers.push(software.post(AUTH, software.headers_for(ACME.gstin), body.to_string()).await);
    }
    for answer in answers {
        answer.assert_irp("1020");
        assert_eq!(answer.irp_fault().1, "Decryption failed");
    }
}

//! Where the program does not go, and who does not wait for whom.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use diesel::sql_types::{Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl as _};
use futures_util::future::join_all;

use crate::support::samples::{ACME, PASSWORD, PATEL};
use crate::support::software::SignIn;
use crate::support::walk::{log_in, register_to, with_credentials};
use crate::support::{App, Software, Step};

/// Why the only SMS of the outbox has not gone out.
#[derive(QueryableByName)]
struct Failure {
    #[diesel(sql_type = Nullable<Text>)]
    last_error: Option<String>,
}

async fn failure_of_the_sms(app: &App) -> String {
    for _ in 0..1_000 {
        let found = app
            .kit
            .store
            .read(|c| Ok(diesel::sql_query("SELECT last_error FROM outbox WHERE channel = 'sms'").load::<Failure>(c)?));
        if let Some(error) = found.await.unwrap().into_iter().find_map(|row| row.last_error) {
            return error;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the SMS did not fail");
}

#[actix_web::test]
async fn a_gateway_that_sends_elsewhere_is_not_followed() {
    let (gateway, elsewhere) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    elsewhere.set_nonblocking(true).unwrap();
    let (url, target) = (format!("http://{}/send", gateway.local_addr().unwrap()), elsewhere.local_addr().unwrap());
    thread::spawn(move || {
        let (mut socket, _) = gateway.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            let mut part = [0; 4_096];
            let count = socket.read(&mut part).unwrap();
            request.extend_from_slice(&part[..count]);
        }
        // With this status a client that follows sends the whole message again.
        let head = format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: http://{target}/send\r\n");
        socket.write_all(format!("{head}Content-Length: 0\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    });
    let app = App::start_with(&[("SMS_URL", &url)]).await;
    register_to(&app, &app.browser(), &PATEL, Step::Otp).await;
    assert!(failure_of_the_sms(&app).await.contains("307"));
    assert!(elsewhere.accept().is_err(), "nobody came");
}

#[actix_web::test]
async fn people_sign_in_while_software_has_taken_all_places_of_its_own() {
    // The cost of production: a hash takes a while.
    let app = App::start_with(&[("ARGON2", "m=19456,t=2,p=1")]).await;
    with_credentials(&app).await;
    let software = Software::of(&app).await;
    software.irp_key().await;
    let users = (0..50).map(|number| SignIn { username: format!("nobody_{number:02}"), ..SignIn::of_acme() });
    let users: Vec<SignIn> = users.collect();
    let calls = join_all(users.iter().map(|user| software.sign_in(user)));
    let browser = app.browser();
    let (answers, person) = tokio::join!(calls, log_in(&browser, ACME.gstin, PASSWORD));
    person.assert_leads_to("/irp/api-credentials");
    let refused = answers.iter().filter(|answer| answer.status == 503).count();
    assert!(refused > 0, "software found a place each time");
}

/// A gateway that takes every message; what it was sent so far.
fn taking_everything() -> (String, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/send", listener.local_addr().unwrap());
    let taken = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = taken.clone();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let (mut socket, mut request) = (socket.unwrap(), Vec::new());
            while !request.ends_with(b"}") {
                let mut part = [0; 4_096];
                let read = socket.read(&mut part).unwrap();
                request.extend_from_slice(&part[..read]);
            }
            count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let _ = socket.write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    (url, taken)
}

#[actix_web::test]
async fn the_sms_of_a_day_are_all_that_go_out_on_that_day() {
    let (url, taken) = taking_everything();
    let app = App::start_from("[limits]\nsms_per_day = 1\n", &[("SMS_URL", &url)]).await;
    // Two phones, so two messages.
    register_to(&app, &app.browser(), &ACME, Step::Otp).await;
    for _ in 0..4 {
        failure_of_the_sms(&app).await;
        app.clock.advance(30);
        tokio::time::sleep(Duration::from_millis(1_500)).await;
    }
    assert_eq!(taken.load(std::sync::atomic::Ordering::SeqCst), 1);
}

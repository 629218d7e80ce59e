//! ASVS 16.5.4: a handler that panics is a page with a reference, and the portal goes on; and what the system may keep of
//! the program's memory.

use std::fs;
use std::time::Duration;

use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::{self, Data};
use actix_web::{App as Actix, HttpResponse};
use sanad::web::{error, headers, last_resort};

use crate::support::App;
use crate::support::machine::Machine;

async fn panics() -> HttpResponse {
    panic!("Slow-Ferry_Rides 29")
}

#[actix_web::test]
async fn a_handler_that_panics_is_the_page_of_any_other_fault() {
    let app = App::start().await;
    let resource = |path: &'static str| web::resource(path).wrap(from_fn(last_resort::catch));
    let portal = Actix::new()
        .app_data(Data::new(app.kit.clone()))
        .service(resource("/panics").route(web::get().to(panics)))
        .service(resource("/works").route(web::get().to(HttpResponse::Ok)))
        .wrap(from_fn(error::render))
        .wrap(from_fn(headers::on_every_answer));
    let portal = init_service(portal).await;
    for _ in 0..3 {
        let answer = call_service(&portal, TestRequest::get().uri("/panics").to_request()).await;
        assert_eq!(answer.status(), 500);
        for (name, value) in [("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store")] {
            assert_eq!(answer.headers().get(name).unwrap(), value);
        }
        assert!(answer.headers().contains_key("content-security-policy"));
        let page = String::from_utf8(read_body(answer).await.to_vec()).unwrap();
        assert!(page.contains("There is a problem with the service") && page.contains("Reference "), "{page}");
        assert!(!page.contains("Slow-Ferry"), "{page}");
        let answer = call_service(&portal, TestRequest::get().uri("/works").to_request()).await;
        assert_eq!(answer.status(), 200);
    }
}

#[test]
fn every_address_has_the_last_resort() {
    let routes = include_str!("../../src/routes.rs");
    assert_eq!(routes.matches("web::resource(").count(), 1, "addresses are made by `page`");
    assert!(routes.contains("web::resource(address).wrap(from_fn(last_resort::catch))"));
}

#[actix_web::test]
async fn no_core_file_of_the_program_is_written() {
    let machine = Machine::new();
    let server = machine.serve();
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let core: Vec<&str> = core.split_whitespace().skip(4).collect();
    assert_eq!(core, ["0", "0", "bytes"], "{limits}");
    // What is not dumpable belongs to root, so that no other process of the same user looks into its memory.
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    assert!(status.contains("CoreDumping:\t0"), "{status}");
    tokio::time::timeout(Duration::from_secs(5), server.browser().get("/"))
        .await
        .unwrap()
        .assert_shows("API credentials for e-invoicing");
}

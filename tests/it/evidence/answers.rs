//! What every answer has and what none has, for the rows of the table that no screen's own tests show.

use std::collections::BTreeSet;

use crate::support::samples::{ACME, PASSWORD, PATEL};
use crate::support::walk::{create_account, go_on, log_in, register_to, registered};
use crate::support::walk_gst::ask_first_password;
use crate::support::walk_workspace::{WORKSPACE, sign_up_to_password};
use crate::support::{App, Browser, Step};

const LOGIN: &str = "/irp/login";

/// The address of the stylesheet.
async fn asset(browser: &Browser) -> String {
    browser.get("/").await.attribute("link[rel=stylesheet]", "href").unwrap()
}

#[actix_web::test]
async fn no_answer_may_be_read_by_another_site() {
    let app = App::start().await;
    let browser = registered(&app).await.without_form_headers();
    let asset = asset(&browser).await;
    let elsewhere = [
        ("origin", "https://evil.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "client_id, client_secret"),
    ];
    let doors = ["/openapi.json", "/introspect", "/eivital/v1.04/auth", "/taxpayerapi/v1.0/authenticate"];
    for path in ["/", "/nowhere", LOGIN, "/irp/account", asset.as_str()].into_iter().chain(doors) {
        for method in ["GET", "POST", "OPTIONS"] {
            let page = browser.request(method, path, &elsewhere, None).await;
            assert!(page.status < 500, "{}", page.told());
            for what in ["origin", "credentials", "methods", "headers"] {
                assert_eq!(page.headers(&format!("access-control-allow-{what}")), [""; 0], "{method} {path}");
            }
        }
    }
}

#[actix_web::test]
async fn over_tls_every_cookie_is_small_and_bound_to_the_host() {
    let app = App::start_with(&[("BASE_URL", "https://portal.example.in")]).await;
    let (owner, newcomer) = (app.browser(), app.browser());
    let password_page = register_to(&app, &owner, &ACME, Step::Password).await;
    let workspace_page = sign_up_to_password(&app, &newcomer, "asha@stores.example", WORKSPACE).await;
    let answers = [
        app.browser().get(LOGIN).await,
        create_account(&password_page, PASSWORD).submit(&owner).await,
        create_account(&workspace_page, PASSWORD).submit(&newcomer).await,
        ask_first_password(&app.browser(), PATEL.gstin).await,
    ];
    let mut names = BTreeSet::new();
    for cookie in answers.iter().flat_map(|answer| answer.headers("set-cookie")) {
        let attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
        for wanted in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(attributes.contains(&wanted), "{wanted}: {cookie}");
        }
        assert!(!attributes.iter().any(|attribute| attribute.starts_with("Domain")), "{cookie}");
        // Browsers keep 4,096 bytes.
        assert!(cookie.len() < 512, "{cookie}");
        names.insert(cookie.split('=').next().unwrap().to_owned());
    }
    let all = ["__Host-dev", "__Host-sanad-form", "__Host-sanad-gst", "__Host-sanad-irp", "__Host-sanad-workspace"];
    assert_eq!(names, BTreeSet::from(all.map(str::to_owned)));
}

#[actix_web::test]
async fn what_was_decoded_once_is_not_decoded_again() {
    let app = App::start().await;
    let browser = app.browser();
    let page = browser.get("/irp/register").await;
    // Sent as %2557; what %57 stands for would make it a right GSTIN.
    let twice = "29ABCDE1234F1Z%57";
    let answer = page.form("Continue").fill("gstin", twice).submit(&browser).await;
    answer.assert_refused(&[("gstin", "GSTIN must be 15 characters. You entered 17.")]);
    assert_eq!(answer.value("gstin").as_deref(), Some(twice));

    let login = browser.get(&format!("{LOGIN}?return=%252Firp%252Faccount")).await;
    assert_eq!(login.value("return").as_deref(), Some(""));
    let once = browser.get(&format!("{LOGIN}?return=%2Firp%2Faccount")).await;
    assert_eq!(once.value("return").as_deref(), Some("/irp/account"));
    browser.get("/irp/%256cogin").await.assert_error_page(404, "Page not found");
}

#[actix_web::test]
async fn no_method_but_those_of_an_address_is_answered_and_nothing_is_echoed() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let asset = asset(&browser).await;
    for path in ["/", LOGIN, "/irp/account", "/gst/login", "/workspace/login", asset.as_str()] {
        for method in ["TRACE", "OPTIONS", "PROPFIND", "BREW"] {
            let page = browser.request(method, path, &[("x-canary", "tell-it-to-nobody")], None).await;
            assert_eq!(page.status, 405, "{method} {path}");
            assert!(!page.html.contains("tell-it-to-nobody"), "{method} {path}");
            assert!(!page.header("allow").contains(method), "{method} {path}");
        }
    }
}

#[actix_web::test]
async fn a_password_of_five_years_ago_signs_in_and_nothing_asks_for_another() {
    let app = App::start().await;
    registered(&app).await;
    app.clock.advance(5 * 365 * 24 * 60 * 60);
    let browser = app.browser();
    let page = go_on(&browser, &log_in(&browser, ACME.gstin, PASSWORD).await).await;
    page.assert_shows("API credentials");
    assert_eq!(page.notice(), None);
}

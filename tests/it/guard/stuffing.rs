//! Passwords stolen elsewhere, tried from one address with many names: after 15 different names that failed the address is
//! closed for an hour, to strangers only.

use super::{GST, HOUR, IRP, LOCK, OTP_FIRST, OWNERS, TOO_MANY, WORKSPACE, WRONG_LOGIN};
use crate::support::samples::PASSWORD;
use crate::support::walk_sign_in::{WRONG, log_in_at};
use crate::support::{App, Browser, Page};

const THIEF: &str = "203.0.113.9";
const SOMEBODY: &str = "198.51.100.7";
const WINDOW: i64 = 3 * HOUR;

async fn start() -> App {
    App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await
}

/// A wrong password for that name of the GST portal.
async fn fail_at(app: &App, address: &str, number: usize) -> Page {
    let browser = app.browser_at(address);
    log_in_at(&browser, "/gst", &format!("stolen{number:03}"), WRONG).await
}

/// So many names fail, slowly enough for every other budget.
async fn fail_many(app: &App, address: &str, numbers: std::ops::Range<usize>) {
    for number in numbers {
        if number % 5 == 0 {
            app.clock.advance(60);
        }
        fail_at(app, address, number).await.assert_refused(&[("username", WRONG_LOGIN)]);
    }
}

/// The right password of the owner in the IRP, from a browser that nobody knows.
async fn strange(app: &App, address: &str) -> (Browser, Page) {
    let browser = app.browser_at(address);
    let answer = IRP.log_in(&browser, PASSWORD).await;
    (browser, answer)
}

#[actix_web::test]
async fn the_sixteenth_name_closes_the_address_for_an_hour() {
    let app = start().await;
    IRP.at_the_door(&app).await;
    fail_many(&app, THIEF, 0..15).await;
    let (_, answer) = strange(&app, THIEF).await;
    answer.assert_leads_to(IRP.landing);
    fail_many(&app, THIEF, 15..16).await;

    let (_, closed) = strange(&app, THIEF).await;
    closed.assert_error_page(429, TOO_MANY);
    assert_eq!(closed.header("retry-after"), "3600");
    assert!(closed.has("There were too many failed logins from your network."), "{}", closed.told());
    assert!(closed.has("Nothing is lost."));
    assert_eq!(closed.link(OTP_FIRST), "/irp/login/otp-first");
    app.clock.advance(HOUR - 1);
    let (_, closed) = strange(&app, THIEF).await;
    assert_eq!(closed.header("retry-after"), "1");
    app.clock.advance(1);
    let (_, open) = strange(&app, THIEF).await;
    open.assert_leads_to(IRP.landing);
}

#[actix_web::test]
async fn it_is_closed_in_every_portal() {
    let app = start().await;
    for owner in OWNERS {
        owner.at_the_door(&app).await;
    }
    fail_many(&app, THIEF, 0..16).await;
    for owner in OWNERS {
        let closed = owner.log_in(&app.browser_at(THIEF), PASSWORD).await;
        closed.assert_error_page(429, TOO_MANY);
        assert_eq!(closed.link(OTP_FIRST), owner.path("/login/otp-first"));
    }
}

#[actix_web::test]
async fn names_of_all_portals_count_together_and_alike() {
    let app = start().await;
    fail_many(&app, THIEF, 0..5).await;
    app.clock.advance(60);
    for number in 0..5 {
        let name = format!("somebody{number}@stolen.example");
        log_in_at(&app.browser_at(THIEF), "/workspace", &name, WRONG).await;
    }
    app.clock.advance(60);
    for number in 0..6 {
        log_in_at(&app.browser_at(THIEF), "/irp", &format!("29ABCDE{number:04}F1Z5"), WRONG).await;
    }
    let (_, closed) = strange(&app, THIEF).await;
    closed.assert_error_page(429, TOO_MANY);
    assert_eq!(closed.header("retry-after"), "3600");
}

#[actix_web::test]
async fn one_name_counts_once_however_often_and_however_it_is_spelled() {
    let app = start().await;
    GST.at_the_door(&app).await;
    IRP.at_the_door(&app).await;
    for spelling in ["acmegst01", "ACMEGST01", " AcmeGst01 "] {
        for _ in 0..6 {
            log_in_at(&app.browser_at(THIEF), "/gst", spelling, WRONG).await;
            app.clock.advance(LOCK);
        }
    }
    let (_, answer) = strange(&app, THIEF).await;
    answer.assert_leads_to(IRP.landing);
}

#[actix_web::test]
async fn another_address_is_not_concerned() {
    let app = start().await;
    IRP.at_the_door(&app).await;
    fail_many(&app, THIEF, 0..16).await;
    let (_, answer) = strange(&app, SOMEBODY).await;
    answer.assert_leads_to(IRP.landing);
}

#[actix_web::test]
async fn an_ipv6_network_is_one_address() {
    let app = start().await;
    IRP.at_the_door(&app).await;
    for number in 0..16 {
        if number % 5 == 0 {
            app.clock.advance(60);
        }
        fail_at(&app, &format!("2001:db8:1:2::{number:x}"), number).await;
    }
    let (_, closed) = strange(&app, "2001:db8:1:2:ffff::1").await;
    closed.assert_error_page(429, TOO_MANY);
    let (_, open) = strange(&app, "2001:db8:1:3::1").await;
    open.assert_leads_to(IRP.landing);
}

#[actix_web::test]
async fn known_browsers_at_that_address_pass() {
    let app = start().await;
    for owner in OWNERS {
        let browser = owner.at_the_door(&app).await.with_header("x-forwarded-for", THIEF);
        app.clock.advance(WINDOW);
        fail_many(&app, THIEF, 0..16).await;
        owner.assert_known(&browser).await;
        owner.log_in(&app.browser_at(THIEF), PASSWORD).await.assert_error_page(429, TOO_MANY);
    }
}

#[actix_web::test]
async fn its_owners_come_in_by_an_otp() {
    let app = start().await;
    for owner in OWNERS {
        owner.at_the_door(&app).await;
        app.clock.advance(WINDOW);
        fail_many(&app, THIEF, 0..16).await;
        let browser = app.browser_at(THIEF);
        let page = owner.at_password_after_otp(&app, &browser).await;
        owner.type_password(&browser, &page, PASSWORD).await.assert_leads_to(owner.landing);
        // Which opens the address for nobody else.
        owner.log_in(&app.browser_at(THIEF), PASSWORD).await.assert_error_page(429, TOO_MANY);
    }
}

#[actix_web::test]
async fn a_success_clears_nothing() {
    let app = start().await;
    IRP.at_the_door(&app).await;
    for begin in [0, 5, 10] {
        fail_many(&app, THIEF, begin..begin + 5).await;
        let (_, answer) = strange(&app, THIEF).await;
        answer.assert_leads_to(IRP.landing);
    }
    fail_many(&app, THIEF, 15..16).await;
    let (_, closed) = strange(&app, THIEF).await;
    closed.assert_error_page(429, TOO_MANY);
    assert_eq!(closed.header("retry-after"), "3600");
}

#[actix_web::test]
async fn names_of_three_hours_ago_are_forgotten() {
    let app = start().await;
    IRP.at_the_door(&app).await;
    fail_many(&app, THIEF, 0..15).await;
    app.clock.advance(WINDOW);
    fail_many(&app, THIEF, 15..16).await;
    let (_, answer) = strange(&app, THIEF).await;
    answer.assert_leads_to(IRP.landing);
}

#[actix_web::test]
async fn what_an_owner_mistypes_in_a_known_browser_is_no_name_that_failed() {
    let app = start().await;
    let browser = WORKSPACE.at_the_door(&app).await.with_header("x-forwarded-for", THIEF);
    IRP.at_the_door(&app).await;
    fail_many(&app, THIEF, 0..15).await;
    WORKSPACE.log_in(&browser, WRONG).await.assert_refused(&[("username", WRONG_LOGIN)]);
    let (_, answer) = strange(&app, THIEF).await;
    answer.assert_leads_to(IRP.landing);
}

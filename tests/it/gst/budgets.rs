//! What the GST portal counts, and what it must not tell or bring back.

use sanad::store::api_access;

use crate::support::App;
use crate::support::samples::{ACME, PASSWORD};
use crate::support::walk_gst::{at_credentials, choose_no, choose_yes, credentials_form, signed_in, with_api_access};

const API_ACCESS: &str = "/gst/profile/api-access";

/// Each Yes writes to every registered address and phone; a No is always let through.
#[actix_web::test]
async fn api_access_is_switched_on_so_often_an_hour_and_off_at_any_time() {
    let app = App::start_from("[limits]\napi_access_switches_per_hour = 2\n", &[]).await;
    let browser = signed_in(&app).await;
    for duration in ["6h", "12h"] {
        choose_yes(&browser, duration).await.assert_leads_to(API_ACCESS);
    }
    let before = app.messages().await.len();
    choose_yes(&browser, "7d").await.assert_error_page(429, "Too many tries");
    assert_eq!(app.messages().await.len(), before, "nobody is written to");
    choose_no(&browser).await.assert_leads_to(API_ACCESS);
}

/// Each answer tells whether a username is taken.
#[actix_web::test]
async fn only_so_many_usernames_are_tried_at_a_first_login() {
    let app = App::start_from("[limits]\ncredential_posts_per_quarter = 2\n", &[]).await;
    let taken = app.browser();
    let page = at_credentials(&app, &taken, &crate::support::samples::PATEL).await;
    credentials_form(&page, "acmegst01", PASSWORD).submit(&taken).await.assert_leads_to("/gst/login");
    let browser = app.browser();
    let page = at_credentials(&app, &browser, &ACME).await;
    let form = credentials_form(&page, "acmegst01", PASSWORD);
    for _ in 0..2 {
        form.submit(&browser).await.assert_refused(&[("username", "This username is taken. Choose another one.")]);
    }
    form.submit(&browser).await.assert_error_page(429, "Too many tries");
}

/// A clock that was ahead: what it switched on does not come back when time catches up.
#[actix_web::test]
async fn access_from_the_future_is_ended_for_good() {
    let app = App::start().await;
    let _browser = with_api_access(&app, "30d").await;
    app.clock.advance(-3600);
    let now = app.clock.now();
    let ended = app.kit.store.write(move |c| api_access::end_from_future(c, now)).await.unwrap();
    assert!(ended <= 1, "the worker may have been first");
    let found = app.kit.store.read(|c| api_access::find(c, ACME.gstin)).await.unwrap().unwrap();
    assert!(found.switch.ended_at.is_some() && found.next_notice_at.is_none());
}

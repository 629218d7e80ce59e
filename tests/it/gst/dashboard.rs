//! C5, the dashboard, and C8 on it.

use crate::support::app::START;
use crate::support::samples::*;
use crate::support::walk::go_on;
use crate::support::walk_gst::*;
use crate::support::{App, Browser, Page};

const DASHBOARD: &str = "/gst/dashboard";
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

async fn dashboard(browser: &Browser) -> Page {
    let page = browser.get(DASHBOARD).await;
    page.assert_shows("Dashboard");
    page
}

/// What the card says about API access.
fn card(page: &Page) -> String {
    page.all("section[aria-labelledby=api-access] p").remove(0)
}

/// What the page says about an API access whose time is over.
fn warnings(page: &Page) -> Vec<String> {
    page.all("main .box.warn")
}

// --- Who signed in ------------------------------------------------------------------------------

#[actix_web::test]
async fn the_first_login_is_told_as_such() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for _ in 0..2 {
        let page = dashboard(&browser).await;
        assert!(page.has("This is your first login."), "{}", page.told());
        assert!(!page.has("Last logged in on"));
    }
}

#[actix_web::test]
async fn the_last_login_is_the_one_before_this_one_to_the_minute() {
    let app = App::start().await;
    let first = signed_in(&app).await;
    app.clock.advance(119);
    let second = signed_in_again(&app).await;
    app.clock.advance(1);
    let third = signed_in_again(&app).await;

    assert!(dashboard(&first).await.has("This is your first login."));
    for (browser, last) in
        [(second, "Last logged in on 21/11/2026 17:01"), (third, "Last logged in on 21/11/2026 17:02")]
    {
        // Looking again is no login.
        for _ in 0..2 {
            let page = dashboard(&browser).await;
            assert!(page.has(last) && !page.has("This is your first login."), "{}", page.told());
        }
    }
}

#[actix_web::test]
async fn a_login_that_failed_and_one_to_the_irp_are_no_last_login() {
    let app = App::start().await;
    signed_in(&app).await;
    app.clock.advance(600);
    let browser = app.browser();
    assert_eq!(log_in(&browser, USERNAME, OTHER_PASSWORD).await.status, 422);
    crate::support::walk::registered(&app).await;
    crate::support::walk::log_in(&browser, ACME.gstin, PASSWORD).await.assert_leads_to("/irp/api-credentials");
    let page = dashboard(&signed_in_again(&app).await).await;
    assert!(page.has("Last logged in on 21/11/2026 17:01"), "{}", page.told());
}

#[actix_web::test]
async fn a_login_stays_the_last_one_through_a_restart() {
    let mut app = App::start().await;
    signed_in(&app).await;
    app.restart().await;
    app.clock.advance(DAY);
    let page = dashboard(&signed_in_again(&app).await).await;
    assert!(page.has("Last logged in on 21/11/2026 17:01"), "{}", page.told());
}

#[actix_web::test]
async fn the_address_is_the_one_that_the_person_comes_from() {
    let app = App::start().await;
    let page = dashboard(&signed_in(&app).await).await;
    assert!(page.has("Currently logged in from IP: 127.0.0.1"), "{}", page.told());
}

#[actix_web::test]
async fn behind_a_trusted_proxy_the_address_is_the_clients() {
    let app = App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    first_login(&app, &ACME, USERNAME, PASSWORD).await;
    for (forwarded, client) in [
        ("103.87.129.201", "103.87.129.201"),
        ("198.51.100.7, 103.87.129.201", "103.87.129.201"),
        ("2001:db8::1", "2001:db8::1"),
        ("<b>103.87.129.201", "127.0.0.1"),
    ] {
        let browser = app.browser_at(forwarded);
        log_in(&browser, USERNAME, PASSWORD).await.assert_leads_to(DASHBOARD);
        let page = dashboard(&browser).await;
        assert!(page.has(&format!("Currently logged in from IP: {client}")), "{}", page.told());
    }
}

#[actix_web::test]
async fn nobody_chooses_an_address_without_a_trusted_proxy() {
    let app = App::start().await;
    first_login(&app, &ACME, USERNAME, PASSWORD).await;
    let browser = app.browser_at("103.87.129.201");
    log_in(&browser, USERNAME, PASSWORD).await;
    let page = dashboard(&browser).await;
    assert!(page.has("Currently logged in from IP: 127.0.0.1"), "{}", page.told());
}

#[actix_web::test]
async fn whoever_did_not_log_in_then_can_change_the_password() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let page = dashboard(&browser).await;
    assert!(page.has("Not you? Change password"));
    browser.get(&page.link("Change password")).await.assert_shows("Change Password");
}

#[actix_web::test]
async fn the_signed_out_log_in_first() {
    let app = App::start().await;
    let browser = app.browser();
    let page = go_on(&browser, &browser.get(DASHBOARD).await).await;
    page.assert_shows("Login");
}

// --- Welcome, buttons and links -----------------------------------------------------------------

#[actix_web::test]
async fn the_legal_name_is_welcomed() {
    let app = App::start().await;
    let page = dashboard(&signed_in(&app).await).await;
    let welcome = "Welcome ACME PRIVATE LIMITED to GST Common Portal";
    assert!(page.all("main h2").contains(&welcome.to_owned()), "{}", page.told());
}

#[actix_web::test]
async fn a_legal_name_of_any_script_or_with_markup_is_only_text() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for name in [
        "</h2><script>alert(1)</script> & \"Sons\" 'Ltd' {{ 7 * 7 }}",
        "सनद व्यापार प्राइवेट लिमिटेड",
        "{name} {} \u{202e}DETIMIL",
    ] {
        change_register(&app, ACME.gstin, move |taxpayer| name.clone_into(&mut taxpayer.legal_name)).await;
        let page = dashboard(&browser).await;
        assert!(!page.html.contains("<script>alert"));
        let welcome = format!("Welcome {name} to GST Common Portal");
        assert!(page.all("main h2").contains(&welcome), "{}", page.told());
        assert!(page.all("main aside strong").contains(&name.to_owned()));
    }
}

#[actix_web::test]
async fn the_documents_buttons_and_links_are_there_in_their_words() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let page = dashboard(&browser).await;
    let buttons = ["RETURN DASHBOARD >", "CREATE CHALLAN >", "VIEW NOTICE(S) AND ORDER(S) >"];
    for button in buttons {
        assert_eq!(browser.get(&page.link(button)).await.status, 200, "{button}");
    }
    // A screen reader does not read the sign out.
    assert_eq!(page.all("main a.btn span[aria-hidden=true]"), [">"; 3]);
    browser.get(&page.link("VIEW NOTICE(S) AND ORDER(S) >")).await.assert_shows("Notices and orders");
    browser.get(&page.link("View Profile")).await.assert_shows("Profile");
    browser.get(&page.link("Manage API Access")).await.assert_shows("Manage API Access");
    assert!(page.all("main aside h2").contains(&"Quick Links".to_owned()));
    let links = page.links("main aside ul a");
    let links: Vec<&str> = links.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(links, ["Check Cash Balance", "Liability ledger", "Credit ledger"]);
}

#[actix_web::test]
async fn a_narrow_screen_shows_the_quick_links_after_everything_else() {
    let app = App::start().await;
    let page = dashboard(&signed_in(&app).await).await;
    let at = |text: &str| page.html.find(text).unwrap_or_else(|| panic!("{text}"));
    assert!(at("<aside") > at("id=\"api-access\"") && at("id=\"api-access\"") > at("<h1>"));
}

// --- API access ---------------------------------------------------------------------------------

#[actix_web::test]
async fn access_that_was_never_on_is_off() {
    let app = App::start().await;
    let page = dashboard(&signed_in(&app).await).await;
    assert_eq!((card(&page).as_str(), warnings(&page)), ("Off", Vec::new()));
}

#[actix_web::test]
async fn access_that_is_on_says_until_when_and_how_long_that_is() {
    let app = App::start().await;
    with_api_access(&app, "30d").await;
    for (after, left) in [
        (0, "30 days"),
        (60, "29 days"),
        (28 * DAY, "2 days"),
        (28 * DAY + 1, "1 day"),
        (29 * DAY + 1, "23 hours"),
        (30 * DAY - HOUR, "1 hour"),
        (30 * DAY - HOUR + 1, "59 minutes"),
        (30 * DAY - 60, "1 minute"),
        (30 * DAY - 59, "less than a minute"),
        (30 * DAY - 1, "less than a minute"),
    ] {
        app.clock.advance(START.plus(after).since(app.clock.now()));
        let page = dashboard(&signed_in_again(&app).await).await;
        assert_eq!(card(&page), format!("On until 21/12/2026 17:01 IST ({left} left)"));
        assert!(warnings(&page).is_empty());
    }
}

#[actix_web::test]
async fn access_that_has_ended_says_so_until_it_is_on_again() {
    let app = App::start().await;
    with_api_access(&app, "7d").await;
    app.clock.advance(7 * DAY);
    let browser = signed_in_again(&app).await;
    let page = dashboard(&browser).await;
    assert_eq!(card(&page), "Off");
    let ended = "API access ended on 28/11/2026 17:01 IST. Turn it on again to let your software connect.";
    assert_eq!(warnings(&page), [ended]);

    go_on(&browser, &choose_yes(&browser, "6h").await).await;
    let page = dashboard(&browser).await;
    assert_eq!((card(&page).as_str(), warnings(&page)), ("On until 28/11/2026 23:01 IST (6 hours left)", Vec::new()));
}

#[actix_web::test]
async fn access_that_was_switched_off_is_off_and_has_not_ended() {
    let app = App::start().await;
    let browser = with_api_access(&app, "7d").await;
    go_on(&browser, &choose_no(&browser).await).await;
    let page = dashboard(&browser).await;
    assert_eq!((card(&page).as_str(), warnings(&page)), ("Off", Vec::new()));
    app.clock.advance(8 * DAY);
    let page = dashboard(&signed_in_again(&app).await).await;
    assert_eq!((card(&page).as_str(), warnings(&page)), ("Off", Vec::new()));
}

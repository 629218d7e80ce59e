//! C11, notices: what happened to the GSTIN here, filtered, in pages and as CSV.

use std::sync::Arc;

use sanad::kernel::clock::Moment;
use sanad::kernel::ids;
use sanad::notify::{Outbox, Reminders};
use sanad::store::api_access;
use sanad::store::events::{self, Event};

use crate::support::app::START;
use crate::support::samples::*;
use crate::support::walk::{self, go_on, register_to};
use crate::support::walk_gst::*;
use crate::support::{App, Browser, Page, Step};

const NOTICES: &str = "/gst/notices";
const CSV: &str = "/gst/notices.csv";
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const HEADER: [&str; 4] = ["Time (IST)", "What happened", "Portal", "IP address"];

async fn open(browser: &Browser) -> Page {
    let page = browser.get(NOTICES).await;
    page.assert_shows("Notices and orders");
    page
}

/// The rows of the page: time, what happened, portal, address.
fn rows(page: &Page) -> Vec<Vec<String>> {
    page.all("main tbody td").chunks(4).map(<[String]>::to_vec).collect()
}

/// What happened, the newest first.
fn told(page: &Page) -> Vec<String> {
    rows(page).into_iter().map(|row| row[1].clone()).collect()
}

/// The rows of the CSV file, its header included.
async fn csv(browser: &Browser, query: &str) -> Vec<Vec<String>> {
    let page = browser.get(&format!("{CSV}{query}")).await;
    assert_eq!(page.status, 200, "{}", page.told());
    assert_eq!(page.html.matches('\n').count(), page.html.matches("\r\n").count());
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(page.html.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Writes `count` switch-ons of ACME into the record, a minute apart, the first a minute after the start.
async fn record(app: &App, count: i64) {
    let written = app.kit.store.write(move |c| {
        (1..=count).try_for_each(|number| {
            let at = START.plus(number * MINUTE);
            events::insert(c, &switch_on_at(at, "103.87.129.201"))
        })
    });
    written.await.unwrap();
}

fn switch_on_at(at: Moment, address: &str) -> Event {
    Event {
        id: ids::ordered(at),
        at: at.seconds(),
        request_id: ids::random(),
        portal: Some("gst".to_owned()),
        gstin: Some(ACME.gstin.to_owned()),
        account_id: None,
        action: "api_access_on".to_owned(),
        outcome: "accepted".to_owned(),
        address: address.to_owned(),
        device: "Firefox".to_owned(),
        detail: serde_json::json!({ "until": at.plus(DAY).seconds() }).to_string(),
    }
}

/// Moves the clock to so many seconds after the start.
fn go_to(app: &App, after: i64) {
    app.clock.advance(START.plus(after).since(app.clock.now()));
}

/// Tells what is due now, unless the portal itself was faster.
async fn remind(app: &App) {
    let kit = &app.kit;
    let outbox = Arc::new(Outbox::new(kit.keys.clone(), kit.settings.clone()));
    let reminders = Reminders::new(kit.store.clone(), app.clock.clone(), kit.settings.clone(), outbox, API_ACCESS);
    reminders.send_due().await.unwrap();
}

async fn change_api_password(app: &App, browser: &Browser) {
    let hub = browser.get("/irp/api-credentials").await;
    let page = go_on(browser, &hub.form("Change password").submit(browser).await).await;
    let otp = app.last_otp_for(ACME.email).await;
    let page = go_on(browser, &page.form("Continue").fill("otp", &otp).submit(browser).await).await;
    let new = "Early-Heron_Walks 31";
    let form = page.form("Save and submit").fill("new_api_password", new).fill("confirm_api_password", new);
    go_on(browser, &form.submit(browser).await).await;
}

/// Changes the password that one has at the portal of that page.
async fn change_password(browser: &Browser, address: &str, button: &str) {
    let form = browser.get(address).await.form(button).fill("current_password", PASSWORD);
    let form = form.fill("new_password", OTHER_PASSWORD).fill("confirm_password", OTHER_PASSWORD);
    go_on(browser, &form.submit(browser).await).await;
}

/// Everything that a notice tells of happens to ACME; the browser is signed in to the GST portal.
async fn everything_happens(app: &App) -> Browser {
    let irp = app.browser_at("198.51.100.7");
    register_to(app, &irp, &ACME, Step::Done).await;
    go_to(app, MINUTE);
    let form =
        irp.get("/irp/api-credentials/new").await.form("Save and submit").fill("api_username", walk::API_USERNAME);
    let form = form.fill("api_password", API_PASSWORD).fill("confirm_api_password", API_PASSWORD);
    go_on(&irp, &form.submit(&irp).await).await;
    go_to(app, 2 * MINUTE);
    change_api_password(app, &irp).await;
    go_to(app, 3 * MINUTE);
    change_password(&irp, "/irp/account/password", "Change password").await;
    go_to(app, 4 * MINUTE);
    crate::forgot_password::reset(app, &ACME, PASSWORD).await;
    go_to(app, 5 * MINUTE);
    first_login(app, &ACME, USERNAME, PASSWORD).await;
    go_to(app, 6 * MINUTE);
    let browser = app.browser_at("103.87.129.201");
    log_in(&browser, USERNAME, PASSWORD).await.assert_leads_to("/gst/dashboard");
    change_password(&browser, "/gst/change-password", "Change Password").await;
    go_to(app, 7 * MINUTE);
    lock(app, USERNAME).await;
    go_to(app, 9 * MINUTE);
    go_on(&browser, &choose_yes(&browser, "12h").await).await;
    go_to(app, 9 * MINUTE + 11 * HOUR);
    remind(app).await;
    go_to(app, 9 * MINUTE + 12 * HOUR);
    remind(app).await;
    let browser = app.browser_at("103.87.129.201");
    log_in(&browser, USERNAME, OTHER_PASSWORD).await.assert_leads_to("/gst/dashboard");
    go_to(app, 10 * MINUTE + 12 * HOUR);
    go_on(&browser, &choose_yes(&browser, "6h").await).await;
    go_to(app, 11 * MINUTE + 12 * HOUR);
    go_on(&browser, &choose_no(&browser).await).await;
    browser
}

/// What that leaves behind.
const EVERYTHING: [[&str; 4]; 14] = [
    ["22/11/2026 05:12", "API access switched off", "GST portal", "103.87.129.201"],
    ["22/11/2026 05:11", "API access switched on until 22/11/2026 11:11 IST", "GST portal", "103.87.129.201"],
    ["22/11/2026 05:10", "Login from a device that was not used before", "GST portal", "103.87.129.201"],
    ["22/11/2026 05:10", "API access ended", "GST portal", ""],
    ["22/11/2026 04:10", "API access is ending soon: on 22/11/2026 05:10 IST", "GST portal", ""],
    ["21/11/2026 17:10", "API access switched on until 22/11/2026 05:10 IST", "GST portal", "103.87.129.201"],
    ["21/11/2026 17:09", "Account locked after too many wrong passwords", "GST portal", "127.0.0.1"],
    ["21/11/2026 17:07", "Account password changed", "GST portal", "103.87.129.201"],
    ["21/11/2026 17:07", "Login from a device that was not used before", "GST portal", "103.87.129.201"],
    ["21/11/2026 17:06", "Account created", "GST portal", "127.0.0.1"],
    ["21/11/2026 17:05", "Account password changed with an OTP", "IRP", "127.0.0.1"],
    ["21/11/2026 17:04", "Account password changed", "IRP", "198.51.100.7"],
    ["21/11/2026 17:03", "API password changed", "IRP", "198.51.100.7"],
    ["21/11/2026 17:02", "API credentials created", "IRP", "198.51.100.7"],
];
const FIRST_OF_ALL: [&str; 4] = ["21/11/2026 17:01", "Account created", "IRP", "198.51.100.7"];

// --- What stands there --------------------------------------------------------------------------

#[actix_web::test]
async fn everything_stands_there_with_time_portal_and_address_in_both_forms() {
    let app = App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let browser = everything_happens(&app).await;
    let page = open(&browser).await;
    let expected = [EVERYTHING.as_slice(), &[FIRST_OF_ALL]].concat();
    assert_eq!(page.all("main thead th"), HEADER);
    assert_eq!(rows(&page), expected);
    assert_eq!(csv(&browser, "").await, [[HEADER].as_slice(), &expected].concat());

    // The filter shows its own rows only, on the page and in the file.
    for (kind, parts) in [
        ("api-access", &["API access"][..]),
        ("api-credentials", &["API credentials", "API password"]),
        ("account", &["Account", "Login from a device"]),
    ] {
        let page = page.form("Show").fill("kind", kind).ask(&browser).await;
        let of_kind: Vec<_> =
            expected.iter().filter(|row| parts.iter().any(|part| row[1].starts_with(part))).copied().collect();
        assert_eq!(rows(&page), of_kind, "{kind}");
        assert_eq!(page.form("Show").value("kind"), kind);
        let file = page.link("Download as CSV");
        let query = file.strip_prefix(CSV).unwrap();
        assert_eq!(csv(&browser, query).await, [[HEADER].as_slice(), &of_kind].concat(), "{kind}");
    }
}

#[actix_web::test]
async fn what_happens_to_another_gstin_is_never_there() {
    let app = App::start().await;
    walk::registered_as(&app, &PATEL).await;
    let patel = signed_in_as(&app, &PATEL, "patel2026").await;
    go_on(&patel, &choose_yes(&patel, "30d").await).await;
    let acme = signed_in(&app).await;
    assert_eq!(told(&open(&acme).await), ["Account created"]);
    let hostile = [format!("?gstin={}", PATEL.gstin), "?kind=%25".to_owned(), "?kind=' OR 1=1 --".to_owned()];
    for query in hostile {
        assert_eq!(told(&acme.get(&format!("{NOTICES}{query}")).await), ["Account created"]);
        assert_eq!(csv(&acme, &query).await.len(), 2);
    }
    assert_eq!(told(&open(&patel).await).len(), 3);
}

#[actix_web::test]
async fn what_was_only_tried_is_no_notice() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    log_in(&app.browser(), USERNAME, WRONG_PASSWORD).await;
    let form = browser.get(API_ACCESS).await.form("CONFIRM").fill("enable", "yes");
    assert_eq!(form.submit(&browser).await.status, 422);
    go_on(&browser, &choose_no(&browser).await).await;
    register_to(&app, &app.browser(), &ACME, Step::Otp).await;
    assert_eq!(told(&open(&browser).await), ["Account created"]);
}

#[actix_web::test]
async fn a_kind_of_which_nothing_happened_says_so() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let page = open(&browser).await.form("Show").fill("kind", "api-credentials").ask(&browser).await;
    page.assert_shows("Notices and orders");
    assert!(page.has("There is no notice of this kind yet.") && rows(&page).is_empty());
    assert_eq!(csv(&browser, "?kind=api-credentials").await, [HEADER]);
}

#[actix_web::test]
async fn the_filter_offers_every_kind_by_name() {
    let app = App::start().await;
    let page = open(&signed_in(&app).await).await;
    assert_eq!(page.all("main label"), ["Kind"]);
    assert_eq!(page.all("main option"), ["All notices", "API access", "API credentials", "Accounts and passwords"]);
    assert_eq!(page.form("Show").value("kind"), "");
}

#[actix_web::test]
async fn an_unknown_kind_shows_everything() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for kind in ["all", "API-ACCESS", "api_access_on", "sign_in", "%00", "%ff", "&kind=account"] {
        let page = browser.get(&format!("{NOTICES}?kind={kind}")).await;
        page.assert_shows("Notices and orders");
        assert_eq!((told(&page).len(), page.form("Show").value("kind")), (1, String::new()), "{kind}");
    }
}

#[actix_web::test]
async fn an_end_that_nobody_told_in_time_stands_below_the_yes_that_came_after_it_and_is_nobodys_act() {
    let app = App::start().await;
    with_api_access(&app, "6h").await;
    // The portal itself tells the end within a second. Here it is late.
    let late = app.kit.store.write(|c| {
        let access = api_access::find(c, ACME.gstin)?.unwrap();
        api_access::set_told(c, &access, Some(START.plus(365 * DAY)))
    });
    assert!(late.await.unwrap());
    app.clock.advance(7 * HOUR);
    let browser = signed_in_again(&app).await;
    go_on(&browser, &choose_yes(&browser, "6h").await).await;
    let rows = rows(&open(&browser).await);
    let expected = [
        ["22/11/2026 00:01", "API access switched on until 22/11/2026 06:01 IST", "GST portal", "127.0.0.1"],
        ["21/11/2026 23:01", "API access ended", "GST portal", ""],
    ];
    assert_eq!(rows[..2], expected);
}

#[actix_web::test]
async fn nothing_secret_stands_there() {
    let app = App::start().await;
    let browser = with_api_access(&app, "30d").await;
    let stored = app.kit.store.read(|c| events::list_by_gstin(c, ACME.gstin)).await.unwrap();
    let page = open(&browser).await;
    let file = browser.get(CSV).await;
    let table = page.all("main table").concat();
    for event in stored {
        let hidden = [Some(event.id), Some(event.request_id), event.account_id, Some(event.device), Some(event.detail)];
        for hidden in hidden.into_iter().flatten().filter(|hidden| !hidden.is_empty()) {
            assert!(!table.contains(&hidden) && !file.html.contains(&hidden), "{hidden}");
        }
    }
    for secret in [PASSWORD, ACME.email, ACME.phone, "Firefox"] {
        assert!(!page.html.contains(secret) && !file.html.contains(secret), "{secret}");
    }
}

#[actix_web::test]
async fn the_signed_out_log_in_first() {
    let app = App::start().await;
    signed_in(&app).await;
    let login = format!("/gst/login?return={NOTICES}");
    app.browser().get(NOTICES).await.assert_leads_to(&login);
    log_in_at(&app.browser(), &login, USERNAME, PASSWORD).await.assert_leads_to(NOTICES);
    app.browser().get(CSV).await.assert_leads_to("/gst/login");
}

// --- Pages --------------------------------------------------------------------------------------

/// Which of "Newer" and "Older" the page offers.
fn ways(page: &Page) -> Vec<String> {
    page.all("main nav a")
}

#[actix_web::test]
async fn twenty_fit_a_page_and_the_next_begins_another() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    record(&app, 19).await;
    let page = open(&browser).await;
    assert_eq!((rows(&page).len(), ways(&page)), (20, Vec::new()));
    assert!(!page.has("Page 1 of"));

    app.kit.store.write(|c| events::insert(c, &switch_on_at(START.plus(DAY), "127.0.0.1"))).await.unwrap();
    let page = open(&browser).await;
    assert_eq!((rows(&page).len(), ways(&page)), (20, vec!["Older".to_owned()]));
    assert!(page.has("Page 1 of 2"));
}

#[actix_web::test]
async fn the_pages_hold_every_row_once_and_the_newest_first() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    record(&app, 45).await;
    let first = open(&browser).await;
    let second = browser.get(&first.link("Older")).await;
    let third = browser.get(&second.link("Older")).await;
    assert_eq!([&first, &second, &third].map(|page| rows(page).len()), [20, 20, 6]);
    assert_eq!([ways(&first), ways(&second), ways(&third)], [vec!["Older"], vec!["Newer", "Older"], vec!["Newer"]]);
    assert!(second.has("Page 2 of 3"), "{}", second.told());
    assert_eq!(rows(&browser.get(&third.link("Newer")).await), rows(&second));

    let all = [rows(&first), rows(&second), rows(&third)].concat();
    let times: Vec<&str> = all.iter().map(|row| row[0].as_str()).collect();
    assert!(times.is_sorted_by(|newer, older| newer > older), "{times:?}");
    assert_eq!(csv(&browser, "").await[1..], all);
}

#[actix_web::test]
async fn going_on_keeps_the_filter() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    record(&app, 21).await;
    let first = open(&browser).await.form("Show").fill("kind", "api-access").ask(&browser).await;
    let second = browser.get(&first.link("Older")).await;
    // Without the filter "Account created" would be there too.
    assert_eq!((rows(&first).len(), rows(&second).len()), (20, 1));
    assert_eq!(second.form("Show").value("kind"), "api-access");
    let back = browser.get(&second.link("Newer")).await;
    assert_eq!(rows(&back), rows(&first));
}

#[actix_web::test]
async fn a_bad_page_number_shows_the_nearest_page() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    record(&app, 45).await;
    let [first, last] = ["Page 1 of 3", "Page 3 of 3"];
    for (number, expected) in [
        ("0", first),
        ("-1", first),
        ("", first),
        ("two", first),
        ("1.5", first),
        ("2e0", first),
        ("0x2", first),
        ("%00", first),
        ("%ff", first),
        ("%D9%A2", first),
        ("' OR 1=1", first),
        ("-9223372036854775808", first),
        ("99999999999999999999999", first),
        ("4", last),
        ("1000000", last),
        ("9223372036854775807", last),
        ("3&page=1", last),
    ] {
        let page = browser.get(&format!("{NOTICES}?page={number}")).await;
        page.assert_shows("Notices and orders");
        assert!(page.has(expected), "{number}: {}", page.told());
    }
}

// --- CSV ----------------------------------------------------------------------------------------

#[actix_web::test]
async fn the_file_is_a_download_of_every_row_however_many() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let page = browser.get(&open(&browser).await.link("Download as CSV")).await;
    assert!(page.header("content-type").starts_with("text/csv"));
    assert_eq!(page.header("content-disposition"), "attachment; filename=\"notices.csv\"");
    assert!(page.header("cache-control").contains("no-store"));
    // A switch-on each, and the account; and the header. A thousand is what the portal reads at once.
    for (more, lines) in [(998, 1_000), (1, 1_001), (1, 1_002), (999, 2_001)] {
        record(&app, more).await;
        let file = csv(&browser, "").await;
        assert_eq!((file.len(), file[0].clone()), (lines, HEADER.map(str::to_owned).to_vec()));
        assert_eq!(file[lines - 1][1], "Account created");
    }
}

#[actix_web::test]
async fn no_cell_is_a_formula_and_no_markup_is_markup() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let hostile =
        ["=HYPERLINK(\"http://evil.example\")", "+1+1", "-1", "@SUM(A1)", "a\r\n=1+1,\"x", "<script>alert(1)</script>"];
    for (at, address) in hostile.iter().enumerate() {
        let event = switch_on_at(START.plus(i64::try_from(at).unwrap() + 1), address);
        app.kit.store.write(move |c| events::insert(c, &event)).await.unwrap();
    }
    let raw = browser.get(CSV).await.html;
    let mut reader = csv::ReaderBuilder::new().from_reader(raw.as_bytes());
    let addresses: Vec<String> = reader.records().map(|row| row.unwrap()[3].to_owned()).collect();
    for address in hostile {
        let is_formula = address.starts_with(['=', '+', '-', '@']);
        let cell = if is_formula { format!("'{address}") } else { address.to_owned() };
        assert!(addresses.contains(&cell), "{cell}: {addresses:?}");
    }
    let page = open(&browser).await;
    assert!(!page.html.contains("<script>alert") && page.has("<script>alert(1)</script>"));
}

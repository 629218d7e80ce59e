//! `/{portal}/account/activity`: what happened to the account, with what was refused, in pages and as a file.

use sanad::kernel::clock::Moment;
use sanad::kernel::ids;
use sanad::kernel::portal::Portal;
use sanad::store::accounts;
use sanad::store::events::{self, Event};

use super::{ANDROID, GST, HOUSES, House, IRP, WORKSPACE};
use crate::forgot_password;
use crate::support::app::START;
use crate::support::samples::{ACME, OTHER_PASSWORD, PASSWORD, PATEL};
use crate::support::walk::{go_on, log_in, registered_as, with_credentials};
use crate::support::walk_gst::signed_in_as;
use crate::support::walk_sign_in::{add_authenticator, log_in_at};
use crate::support::walk_workspace::{API_CREDENTIALS, add_gstin, workspace_of};
use crate::support::{App, Browser, Page};

const HEADER: [&str; 5] = ["Time (IST)", "What happened", "Portal", "IP address", "Browser"];
const MINUTE: i64 = 60;

async fn open(house: House, browser: &Browser) -> Page {
    let page = browser.get(&house.path("/account/activity")).await;
    page.assert_shows("Activity");
    page
}

/// The rows of the page: time, what happened, portal, address, browser.
fn rows(page: &Page) -> Vec<Vec<String>> {
    page.all("main tbody td").chunks(5).map(<[String]>::to_vec).collect()
}

/// What happened, the newest first.
fn told(page: &Page) -> Vec<String> {
    rows(page).into_iter().map(|row| row[1].clone()).collect()
}

/// What stands there of the account now.
async fn told_to(house: House, browser: &Browser) -> Vec<String> {
    told(&open(house, browser).await)
}

/// The rows of the CSV file, its header included.
async fn csv(house: House, browser: &Browser, query: &str) -> Vec<Vec<String>> {
    let page = browser.get(&format!("{}{query}", house.path("/account/activity.csv"))).await;
    assert_eq!(page.status, 200, "{}", page.told());
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(page.html.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Changes the password at the account's own page.
async fn change_password(house: House, browser: &Browser, current: &str, new: &str) -> Page {
    let button = if house.portal == "/gst" { "Change Password" } else { "Change password" };
    let form = browser.get(&house.path("/account/password")).await.form(button).fill("current_password", current);
    form.fill("new_password", new).fill("confirm_password", new).submit(browser).await
}

async fn app() -> App {
    App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await
}

fn phone(app: &App) -> Browser {
    app.browser_at("198.51.100.7").with_header("user-agent", ANDROID)
}

// --- What stands there --------------------------------------------------------------------------

#[actix_web::test]
async fn signing_in_and_out_stands_there_with_time_portal_address_and_browser() {
    for (house, portal) in HOUSES.into_iter().zip(["IRP", "GST portal", "e-Invoicing workspace"]) {
        let app = app().await;
        let owner = house.owner(&app).await;
        app.clock.advance(MINUTE);
        log_in_at(&phone(&app), house.portal, house.username, OTHER_PASSWORD).await;
        app.clock.advance(MINUTE);
        let guest = house.sign_in(phone(&app)).await;
        app.clock.advance(MINUTE);
        guest.get(house.landing).await.form("Sign out").submit(&guest).await;

        let page = open(house, &owner).await;
        assert_eq!(page.all("main thead th"), HEADER);
        let newest: Vec<Vec<String>> = rows(&page).into_iter().take(4).collect();
        let from = ["198.51.100.7", "Chrome on Android"];
        let expected = [
            ["21/11/2026 17:04", "Signed out", portal, from[0], from[1]],
            ["21/11/2026 17:03", "Login from a device that was not used before", portal, from[0], from[1]],
            ["21/11/2026 17:03", "Logged in", portal, from[0], from[1]],
            ["21/11/2026 17:02", "Login refused", portal, from[0], from[1]],
        ];
        assert_eq!(newest, expected);
        assert!(told(&page).contains(&"Account created".to_owned()), "{}", page.told());
        let file = csv(house, &owner, "").await;
        assert_eq!(file, [vec![HEADER.map(str::to_owned).to_vec()], rows(&page)].concat());

        let account = owner.get(&house.path("/account")).await;
        assert!(account.has("21/11/2026 17:04 IST: Signed out"), "{}", account.told());
        assert_eq!(account.link("Activity"), house.path("/account/activity"));
    }
}

#[actix_web::test]
async fn passwords_and_sessions_stand_there() {
    for house in HOUSES {
        let app = app().await;
        let owner = house.owner(&app).await;
        let _guest = house.sign_in(phone(&app)).await;
        app.clock.advance(MINUTE);
        let page = owner.get(&house.path("/account/devices")).await;
        let form = page.form_to(&house.path("/account/devices"));
        form.clone().fill("current_password", OTHER_PASSWORD).submit(&owner).await;
        let (_, device) = page.buttons("main button[name=device]").remove(0);
        let one = form.fill("current_password", PASSWORD);
        one.clone().with("device", device.as_bytes()).submit(&owner).await;
        let _guest = house.sign_in(phone(&app)).await;
        app.clock.advance(MINUTE);
        one.submit(&owner).await.assert_leads_to(&house.path("/account/devices"));
        app.clock.advance(MINUTE);
        assert_eq!(change_password(house, &owner, PASSWORD, OTHER_PASSWORD).await.status, 303);
        let told = told_to(house, &owner).await;
        let expected = [
            "Account password changed",
            "All other devices signed out",
            "Login from a device that was not used before",
            "Logged in",
            "One device signed out from another",
            "Wrong current password",
        ];
        assert_eq!(told[..6], expected, "{}", house.portal);
    }
}

#[actix_web::test]
async fn the_session_that_a_sixth_has_ended_stands_there() {
    for house in HOUSES {
        let app = app().await;
        let owner = house.owner(&app).await;
        for _ in 0..4 {
            app.clock.advance(2 * MINUTE);
            house.another(&app).await;
        }
        assert!(house.is_signed_in(&owner).await);
        app.clock.advance(MINUTE);
        house.sign_in(phone(&app)).await;
        let row = rows(&open(house, &owner).await).remove(0);
        assert_eq!(row[1], "Signed out on the device used longest ago, because of a newer login", "{}", house.portal);
    }
}

#[actix_web::test]
async fn a_locked_account_and_a_forgotten_password_stand_there_for_people_too() {
    let app = app().await;
    let owner = WORKSPACE.owner(&app).await;
    app.clock.advance(5 * MINUTE);
    let browser = phone(&app);
    let form = browser.get("/workspace/forgot-password").await.form("Continue").fill("email", WORKSPACE.email);
    let page = go_on(&browser, &form.submit(&browser).await).await;
    page.form("Continue").fill("otp", "000000").submit(&browser).await;
    let form = page.form("Continue").fill("otp", &app.last_otp_for(WORKSPACE.email).await);
    let page = go_on(&browser, &form.submit(&browser).await).await;
    let form = page.form("Save new password").fill("password", OTHER_PASSWORD);
    form.fill("confirm_password", OTHER_PASSWORD).submit(&browser).await.assert_leads_to("/workspace/login");
    assert!(!WORKSPACE.is_signed_in(&owner).await);
    log_in_at(&owner, "/workspace", WORKSPACE.username, OTHER_PASSWORD).await;
    let told = told_to(WORKSPACE, &owner).await;
    let reset =
        ["Right OTP to set a new password", "Wrong OTP to set a new password", "OTP sent to set a new password"];
    let at = told.iter().position(|what| what == "Account password changed with an OTP").expect("the reset");
    assert_eq!(told[at + 1..at + 4], reset, "{told:?}");
}

#[actix_web::test]
async fn a_forgotten_password_stands_there_in_the_portals_of_a_gstin() {
    let app = app().await;
    let owner = IRP.owner(&app).await;
    app.clock.advance(5 * MINUTE);
    forgot_password::reset(&app, &ACME, OTHER_PASSWORD).await;
    log_in(&owner, ACME.gstin, OTHER_PASSWORD).await;
    let told = told_to(IRP, &owner).await;
    for what in
        ["Account password changed with an OTP", "Right OTP to set a new password", "OTP sent to set a new password"]
    {
        assert!(told.contains(&what.to_owned()), "{what}: {told:?}");
    }

    // In the GST portal that walk begins with a username, of which no record holds what was typed.
    let app = self::app().await;
    let owner = GST.owner(&app).await;
    app.clock.advance(5 * MINUTE);
    let browser = phone(&app);
    let form = browser.get("/gst/forgot-password").await.form("Generate OTP").fill("username", GST.username);
    let page = go_on(&browser, &form.submit(&browser).await).await;
    page.form("Continue").fill("otp", "000000").submit(&browser).await;
    let told = told_to(GST, &owner).await;
    assert_eq!(told[..2], ["Wrong OTP to set a new password", "OTP sent to set a new password"], "{told:?}");
}

#[actix_web::test]
async fn an_authenticator_app_stands_there() {
    for house in HOUSES {
        let app = app().await;
        let owner = house.owner(&app).await;
        app.clock.advance(MINUTE);
        add_authenticator(&app, &owner, house.portal, house.email).await;
        let told = told_to(house, &owner).await;
        let expected = [
            "Authenticator app added",
            "Right OTP to change the authenticator app",
            "OTP sent to change the authenticator app",
        ];
        assert_eq!(told[..3], expected, "{}", house.portal);
    }
}

#[actix_web::test]
async fn what_became_of_the_api_credentials_stands_there() {
    let app = app().await;
    let owner = with_credentials(&app).await;
    assert!(told_to(IRP, &owner).await.contains(&"API credentials created".to_owned()));
    // The account of the same GSTIN in the GST portal is told too.
    let gst = GST.owner(&app).await;
    assert!(told_to(GST, &gst).await.contains(&"API credentials created".to_owned()));
}

#[actix_web::test]
async fn what_somebody_did_to_saved_credentials_stands_in_their_own_account() {
    let app = app().await;
    with_credentials(&app).await;
    let owner = WORKSPACE.owner(&app).await;
    add_gstin(&owner, ACME.gstin).await;
    app.clock.advance(MINUTE);
    let page = owner.get(&format!("{API_CREDENTIALS}/clearirp?gstin={}", ACME.gstin)).await;
    let form = page.form("Save and Submit").fill("api_username", crate::support::walk::API_USERNAME);
    form.fill("api_password", crate::support::samples::API_PASSWORD)
        .submit(&owner)
        .await
        .assert_leads_to(API_CREDENTIALS);
    let told = told_to(WORKSPACE, &owner).await;
    assert!(told.contains(&format!("API credentials of {} saved", ACME.gstin)), "{told:?}");
    // What a workspace does is no business of the GSTIN's own accounts.
    let irp = IRP.another(&app).await;
    let page = open(IRP, &irp).await;
    assert!(!page.has("saved") && !page.has("e-Invoicing workspace"), "{}", page.told());
}

#[actix_web::test]
async fn nothing_of_anybody_else_is_ever_there() {
    let app = app().await;
    registered_as(&app, &PATEL).await;
    let patel = signed_in_as(&app, &PATEL, "patel2026").await;
    change_password(GST, &patel, PASSWORD, OTHER_PASSWORD).await;
    let bina = workspace_of(&app, "bina@stores.example").await;
    change_password(WORKSPACE, &bina, PASSWORD, OTHER_PASSWORD).await;
    for house in HOUSES {
        let owner = house.owner(&app).await;
        let queries = [
            String::new(),
            format!("?gstin={}", PATEL.gstin),
            "?account_id=x".to_owned(),
            "?kind=%25".to_owned(),
            "?kind=' OR 1=1 --".to_owned(),
        ];
        for query in queries {
            let page = owner.get(&format!("{}{query}", house.path("/account/activity"))).await;
            page.assert_shows("Activity");
            assert!(!page.has("Account password changed"), "{} {query}", house.portal);
            let file = csv(house, &owner, &query).await;
            assert!(!file.iter().any(|row| row[1].contains("password changed")), "{} {query}", house.portal);
        }
    }
}

#[actix_web::test]
async fn the_signed_out_log_in_first_and_come_back() {
    for house in HOUSES {
        let app = app().await;
        house.owner(&app).await;
        for page in ["/account/activity", "/account/devices"] {
            let path = house.path(page);
            app.browser().get(&path).await.assert_leads_to(&format!("{}/login?return={path}", house.portal));
        }
        app.browser().get(&house.path("/account/activity.csv")).await.assert_leads_to(&house.path("/login"));
    }
}

// --- Filter and pages ---------------------------------------------------------------------------

/// Writes `count` refused sign-ins of the account into the record, a minute apart.
async fn record(app: &App, house: House, count: i64) {
    let written = app.kit.store.write(move |c| {
        let portal = Portal::of_path(house.portal).unwrap();
        let account = accounts::find_by_username(c, portal, house.username)?.unwrap();
        (1..=count).try_for_each(|number| {
            let mut event = refused(START.plus(number * MINUTE), "103.87.129.201", "curl/8.5.0");
            event.portal = Some(portal.as_str().to_owned());
            event.gstin = account.gstin.clone();
            event.account_id = Some(account.id.clone());
            events::insert(c, &event)
        })
    });
    written.await.unwrap();
}

fn refused(at: Moment, address: &str, device: &str) -> Event {
    Event {
        id: ids::ordered(at),
        at: at.seconds(),
        request_id: ids::random(),
        portal: Some("irp".to_owned()),
        gstin: Some(ACME.gstin.to_owned()),
        account_id: None,
        action: "sign_in".to_owned(),
        outcome: "refused".to_owned(),
        address: address.to_owned(),
        device: device.to_owned(),
        detail: "{}".to_owned(),
    }
}

#[actix_web::test]
async fn the_filter_shows_its_own_rows_on_every_page_and_in_the_file() {
    for house in HOUSES {
        let app = app().await;
        let owner = house.owner(&app).await;
        record(&app, house, 45).await;
        app.clock.advance(50 * MINUTE);
        let owner = {
            drop(owner);
            house.another(&app).await
        };
        let page = open(house, &owner).await.form("Show").fill("kind", "sign-ins").ask(&owner).await;
        assert_eq!(page.form("Show").value("kind"), "sign-ins");
        assert_eq!(rows(&page).len(), 20);
        let second = owner.get(&page.link("Older")).await;
        let third = owner.get(&second.link("Older")).await;
        let all = [rows(&page), rows(&second), rows(&third)].concat();
        assert!(all.len() > 45 && all.iter().all(|row| !row[1].contains("Account") && !row[1].contains("OTP")));
        let times: Vec<&str> = all.iter().map(|row| row[0].as_str()).collect();
        assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
        let file = page.link("Download as CSV");
        let query = file.strip_prefix(&house.path("/account/activity.csv")).unwrap();
        assert_eq!(csv(house, &owner, query).await[1..], all);
        for number in ["0", "-1", "two", "99999999999999999999999", "%ff"] {
            let page = owner.get(&format!("{}?page={number}", house.path("/account/activity"))).await;
            page.assert_shows("Activity");
            assert_eq!(rows(&page).len(), 20, "{number}");
        }
        let page = owner.get(&format!("{}?kind=nonsense", house.path("/account/activity"))).await;
        assert_eq!(page.form("Show").value("kind"), "");
        assert_eq!(rows(&page), rows(&open(house, &owner).await));
    }
}

#[actix_web::test]
async fn every_kind_is_offered_and_holds_what_it_says() {
    for house in HOUSES {
        let app = app().await;
        let owner = house.owner(&app).await;
        let page = open(house, &owner).await;
        let everything = csv(house, &owner, "").await;
        let mut of_kinds = 0;
        for kind in page.form("Show").offers("kind").into_iter().filter(|kind| !kind.is_empty()) {
            of_kinds += csv(house, &owner, &format!("?kind={kind}")).await.len() - 1;
        }
        assert_eq!(of_kinds, everything.len() - 1, "{}: each row is of one kind", house.portal);
    }
}

// --- CSV and hostile content --------------------------------------------------------------------

#[actix_web::test]
async fn the_file_is_a_download_with_a_name_of_its_own() {
    for house in HOUSES {
        let app = app().await;
        let owner = house.owner(&app).await;
        let page = owner.get(&open(house, &owner).await.link("Download as CSV")).await;
        assert!(page.header("content-type").starts_with("text/csv"));
        assert_eq!(page.header("content-disposition"), "attachment; filename=\"activity.csv\"");
        assert!(page.header("cache-control").contains("no-store"));
        assert_eq!(page.html.matches('\n').count(), page.html.matches("\r\n").count());
    }
}

/// What a stranger may call his browser, and what may be shown of it.
const HOSTILE: [(&str, &str); 9] = [
    ("=HYPERLINK(\"http://evil.example\",\"x\")", "'=HYPERLINK(\"http://evil.example\",\"x\")"),
    ("+1+1", "'+1+1"),
    ("-1", "'-1"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ("\"><img src=x>", "\"><img src=x>"),
    ("a\r\n=1+1,\"x", "a=1+1,\"x"),
    ("\t=1", "'=1"),
    ("\u{202E}evil\u{2066}", "evil"),
];

#[actix_web::test]
async fn what_a_browser_calls_itself_is_text_on_the_page_and_in_the_file() {
    let app = app().await;
    let owner = IRP.owner(&app).await;
    // Some of these no header can carry; the rows are put there behind the pages.
    for (at, (device, _)) in (1..).zip(HOSTILE) {
        let event = refused(START.plus(at), "198.51.100.7", device);
        app.kit.store.write(move |c| events::insert(c, &event)).await.unwrap();
    }
    let devices: Vec<String> = csv(IRP, &owner, "").await.into_iter().map(|row| row[4].clone()).collect();
    for (device, cell) in HOSTILE {
        assert!(devices.iter().any(|shown| shown == cell), "{device:?}: {devices:?}");
    }
    let page = open(IRP, &owner).await;
    assert!(!page.html.contains("<script>alert") && !page.html.contains("<img"));
    assert!(!page.html.contains(['\u{202E}', '\u{2066}']));
    assert!(page.has("<script>alert(1)</script>"));
}

#[actix_web::test]
async fn a_hostile_browser_at_the_login_page_harms_nobody() {
    for house in HOUSES {
        let app = app().await;
        let owner = house.owner(&app).await;
        for device in ["=cmd|'/c calc'!A1", "<script>alert(1)</script>"] {
            let stranger = app.browser_at("203.0.113.66").with_header("user-agent", device);
            log_in_at(&stranger, house.portal, house.username, OTHER_PASSWORD).await;
        }
        let page = open(house, &owner).await;
        assert_eq!(told(&page)[..2], ["Login refused", "Login refused"], "{}", house.portal);
        assert!(!page.html.contains("<script>alert"));
        let file = csv(house, &owner, "").await;
        assert_eq!(file[1][4], "<script>alert(1)</script>");
        assert_eq!(file[2][4], "'=cmd|'/c calc'!A1");
    }
}

#[actix_web::test]
async fn nothing_secret_stands_there() {
    for house in HOUSES {
        let app = app().await;
        let owner = house.owner(&app).await;
        // People type passwords into the wrong field.
        log_in_at(&app.browser(), house.portal, PASSWORD, house.username).await;
        let page = open(house, &owner).await;
        let file = owner.get(&house.path("/account/activity.csv")).await;
        for secret in [PASSWORD, ACME.phone, "sanad-"] {
            assert!(!page.html.contains(secret) && !file.html.contains(secret), "{secret}");
        }
    }
}

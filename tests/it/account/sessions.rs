//! Five sessions of an account at most (ASVS 7.1.2), and what a browser is told whose session somebody else has ended.

use futures_util::future::{join, join_all};
use sanad::kernel::clock::Moment;
use sanad::store::{accounts, sessions};

use super::{GST, HOUSES, House, IRP};
use crate::forgot_password;
use crate::support::samples::{ACME, OTHER_PASSWORD, PASSWORD};
use crate::support::walk::{go_on, with_credentials};
use crate::support::walk_sign_in::{add_authenticator, log_in_at, login_form};
use crate::support::{App, Browser, FormFill};

const NEWER: &str = "You were signed out because your account was signed in to on another device, and there may only be \
                     a few at once.";
const PASSWORD_CHANGED: &str = "You were signed out because your password was changed.";
const MINUTE: i64 = 60;

/// Many try the same password at once, and none of them is made to wait.
pub const UNSLOWED: &str = "[limits]\nsign_in_failures_before_wait = 1000\nsign_in_failures_before_lock = 1000\n\
                            sign_in_posts_per_minute = 1000\n";

/// How many sessions of the account are neither over nor ended.
pub async fn alive(app: &App, house: House) -> usize {
    let portal = match house.portal {
        "/irp" => sanad::kernel::portal::Portal::Irp,
        "/gst" => sanad::kernel::portal::Portal::Gst,
        _ => sanad::kernel::portal::Portal::Workspace,
    };
    let found = app.kit.store.read(move |c| {
        let account = accounts::find_by_username(c, portal, house.username)?.expect("the account");
        let long_ago = Moment::from_seconds(0);
        sessions::list_alive(c, &account.id, sessions::Alive { seen_after: long_ago, begun_after: long_ago })
    });
    found.await.unwrap().len()
}

/// The owner and four more browsers, a minute or more apart; all are signed in.
async fn five(app: &App, house: House) -> Vec<Browser> {
    let mut browsers = vec![house.owner(app).await];
    for _ in 0..4 {
        app.clock.advance(2 * MINUTE);
        browsers.push(house.another(app).await);
    }
    for browser in &browsers {
        app.clock.advance(MINUTE);
        assert!(house.is_signed_in(browser).await);
    }
    browsers
}

#[actix_web::test]
async fn the_sixth_sign_in_ends_the_session_used_longest_ago_and_says_so_on_both_devices() {
    for house in HOUSES {
        let app = App::start().await;
        let browsers = five(&app, house).await;
        app.clock.advance(2 * MINUTE);
        // The first is used again: the second is the one used longest ago.
        assert!(house.is_signed_in(&browsers[0]).await);
        let sixth = house.another(&app).await;
        let notice = sixth.get(house.landing).await.notice().unwrap();
        let expected = "You are signed in on 5 devices, and there may be no more. We signed out the one used longest \
                        ago: Firefox on Linux.";
        assert_eq!(notice, expected, "{}", house.portal);
        assert_eq!(sixth.get(house.landing).await.notice(), None, "told once");
        assert_eq!(house.told_at_login(&browsers[1]).await.unwrap(), NEWER);
        for (number, browser) in browsers.iter().enumerate() {
            assert_eq!(house.is_signed_in(browser).await, number != 1, "{} {number}", house.portal);
        }
        assert_eq!(alive(&app, house).await, 5);
    }
}

#[actix_web::test]
async fn the_fifth_sign_in_ends_none() {
    let app = App::start().await;
    let browsers = five(&app, IRP).await;
    for browser in &browsers {
        let page = browser.get(IRP.landing).await;
        assert_eq!((page.status, page.notice()), (200, None));
    }
}

#[actix_web::test]
async fn sessions_that_are_over_take_no_place() {
    let app = App::start().await;
    let browsers = five(&app, IRP).await;
    app.clock.advance(14 * MINUTE);
    // Of the five, only this one is used again before its time is over.
    assert!(IRP.is_signed_in(&browsers[4]).await);
    app.clock.advance(5 * MINUTE);
    for _ in 0..4 {
        let more = IRP.another(&app).await;
        assert_eq!(more.get(IRP.landing).await.notice(), None);
    }
    assert!(IRP.is_signed_in(&browsers[4]).await);
    let sixth = IRP.another(&app).await;
    assert!(sixth.get(IRP.landing).await.notice().is_some());
}

#[actix_web::test]
async fn the_operator_decides_how_many_there_may_be() {
    let app = App::start_from("[limits]\nsessions_per_account = 1\n", &[]).await;
    let owner = IRP.owner(&app).await;
    let other = IRP.another(&app).await;
    assert_eq!(IRP.told_at_login(&owner).await.unwrap(), NEWER);
    assert!(IRP.is_signed_in(&other).await);
}

#[actix_web::test]
async fn many_sign_ins_at_once_leave_five_sessions() {
    for house in HOUSES {
        let app = App::start_from(UNSLOWED, &[]).await;
        assert_five_of_many(&app, house).await;
    }
}

/// Twelve browsers sign in at once, besides the one that has made the account.
pub async fn assert_five_of_many(app: &App, house: House) {
    let owner = house.owner(app).await;
    let browsers: Vec<Browser> = (0..12).map(|_| app.browser()).collect();
    let mut forms = Vec::new();
    for browser in &browsers {
        forms.push(login_form(browser, house.portal, house.username, PASSWORD).await);
    }
    let answers = join_all(forms.iter().zip(&browsers).map(|(form, browser)| form.submit(browser))).await;
    for answer in answers {
        answer.assert_leads_to(house.landing);
    }
    assert_eq!(alive(app, house).await, 5, "{}", house.portal);
    let mut let_in = 0;
    for browser in browsers.iter().chain([&owner]) {
        let_in += usize::from(house.is_signed_in(browser).await);
    }
    assert_eq!(let_in, 5);
}

#[actix_web::test]
async fn one_accounts_sessions_are_not_anothers() {
    let app = App::start().await;
    let irp = five(&app, IRP).await;
    // The same GSTIN has an account of its own in the other portal.
    let gst = GST.owner(&app).await;
    assert!(GST.is_signed_in(&gst).await);
    for browser in &irp {
        assert!(IRP.is_signed_in(browser).await);
    }
}

#[actix_web::test]
async fn a_session_that_was_ended_is_of_no_use_any_more() {
    let app = App::start().await;
    let owner = IRP.owner(&app).await;
    let ended = IRP.another(&app).await;
    let page = ended.get("/irp/account/password").await;
    let change = page.form("Change password").fill("current_password", PASSWORD);
    let change = change.fill("new_password", OTHER_PASSWORD).fill("confirm_password", OTHER_PASSWORD);
    let form = owner.get("/irp/account/devices").await.form_to("/irp/account/devices");
    go_on(&owner, &form.fill("current_password", PASSWORD).submit(&owner).await).await;
    // No form that it had open does anything, and no page of it shows anything, whatever is tried first.
    let copies = [ended.clone_cookies(), ended.clone_cookies(), ended];
    change.submit(&copies[0]).await.assert_leads_to("/irp/login?return=/irp/account/password");
    copies[1]
        .post_raw("/irp/session/extend", b"csrf=x", crate::support::browser::FORM)
        .await
        .assert_leads_to("/irp/login");
    for browser in &copies {
        for path in ["/irp/account", "/irp/api-credentials", "/irp/account/activity.csv"] {
            assert_eq!(browser.get(path).await.status, 303, "{path}");
        }
        let page = browser.get("/irp/login").await;
        page.assert_shows("Log in");
        assert!(!page.has("Signed in as"));
    }
    log_in_at(&app.browser(), "/irp", IRP.username, PASSWORD).await.assert_leads_to(IRP.landing);
}

#[actix_web::test]
async fn a_changed_password_is_told_to_the_sessions_that_it_has_ended() {
    for house in HOUSES {
        let app = App::start().await;
        let owner = house.owner(&app).await;
        let other = house.another(&app).await;
        let page = owner.get(&house.path("/account/password")).await;
        let form = page.form(if house.portal == "/gst" { "Change Password" } else { "Change password" });
        let form = form.fill("current_password", PASSWORD).fill("new_password", OTHER_PASSWORD);
        go_on(&owner, &form.fill("confirm_password", OTHER_PASSWORD).submit(&owner).await).await;
        assert_eq!(house.told_at_login(&other).await.unwrap(), PASSWORD_CHANGED);
        assert!(house.is_signed_in(&owner).await);
    }
}

#[actix_web::test]
async fn a_reset_password_is_told_to_all_of_them() {
    let app = App::start().await;
    let browsers = [IRP.owner(&app).await, IRP.another(&app).await];
    app.clock.advance(5 * MINUTE);
    forgot_password::reset(&app, &ACME, OTHER_PASSWORD).await;
    for browser in &browsers {
        assert_eq!(IRP.told_at_login(browser).await.unwrap(), PASSWORD_CHANGED);
    }
}

#[actix_web::test]
async fn a_new_authenticator_and_new_api_credentials_are_told_too() {
    let app = App::start().await;
    let owner = with_credentials(&app).await;
    let other = IRP.another(&app).await;
    add_authenticator(&app, &owner, "/irp", ACME.email).await;
    let told = IRP.told_at_login(&other).await.unwrap();
    assert_eq!(told, "You were signed out because your authenticator app was changed.");

    let app = App::start().await;
    let owner = IRP.owner(&app).await;
    let other = IRP.another(&app).await;
    let page = owner.get("/irp/api-credentials/new").await;
    let form = page.form("Save and submit").fill("api_username", "acme_irp_07");
    let form = form.fill("api_password", crate::support::samples::API_PASSWORD);
    let form = form.fill("confirm_api_password", crate::support::samples::API_PASSWORD);
    go_on(&owner, &form.submit(&owner).await).await;
    let told = IRP.told_at_login(&other).await.unwrap();
    assert_eq!(told, "You were signed out because your API credentials were changed on another device.");
}

/// As many OTPs as a test wants.
const OFTEN: &str = "[limits]\notp_sends_per_hour = 100\notp_sends_per_day = 100\n";

/// Proves an OTP, so that the next page renews the session's token. That page, and a "Sign out" form of before.
async fn about_to_renew(app: &App, browser: &Browser) -> (String, FormFill) {
    let hub = browser.get(IRP.landing).await;
    let page = go_on(browser, &hub.form("Create API credentials").submit(browser).await).await;
    let form = page.form("Continue").fill("otp", &app.last_otp_for(ACME.email).await);
    (form.submit(browser).await.location(), hub.form("Sign out"))
}

#[actix_web::test]
async fn a_session_ended_while_its_token_is_being_renewed_stays_ended() {
    let app = App::start_from(OFTEN, &[]).await;
    IRP.owner(&app).await;
    for round in 0..12 {
        let owner = IRP.another(&app).await;
        let other = IRP.another(&app).await;
        let (next, _) = about_to_renew(&app, &other).await;
        let page = owner.get("/irp/account/devices").await;
        let form = page.form_to("/irp/account/devices").fill("current_password", PASSWORD);
        let (_, ended) = join(other.get(&next), form.submit(&owner)).await;
        assert_eq!(owner.follow(&ended).await.notice().unwrap(), "You are signed out everywhere else.");
        assert!(!IRP.is_signed_in(&other).await, "round {round}");
        app.clock.advance(20 * MINUTE);
    }
}

#[actix_web::test]
async fn a_session_signed_out_while_its_token_is_being_renewed_stays_signed_out() {
    let app = App::start_from(OFTEN, &[]).await;
    IRP.owner(&app).await;
    for round in 0..12 {
        let browser = IRP.another(&app).await;
        let (next, sign_out) = about_to_renew(&app, &browser).await;
        let other_tab = browser.clone_cookies();
        let (_, out) = join(browser.get(&next), sign_out.submit(&other_tab)).await;
        // The renewal may have been so much faster that the other tab had nothing to sign out of any more.
        if out.location() == "/irp/login?signed-out=yes" {
            assert!(!IRP.is_signed_in(&browser).await, "round {round}");
        }
        assert!(!IRP.is_signed_in(&other_tab).await, "round {round}");
        app.clock.advance(20 * MINUTE);
    }
}

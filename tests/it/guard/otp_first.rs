//! `/{portal}/login/otp-first`: the owner's way in while strangers keep the door shut. To anybody else it tells nothing,
//! and no phone rings while the password is all that is needed.

use futures_util::future::join;

use super::{
    GST, HOUR, IRP, LOCKED, OTP_FIRST, OWNERS, Owner, START_HERE, TOO_MANY, WORKSPACE, WRONG_OTP, assert_told_to_wait,
    other_than,
};
use crate::sameness::assert_alike;
use crate::support::samples::{ACME, ACME_OTHER_EMAIL, ACME_OTHER_PHONE, OTHER_PASSWORD, PASSWORD};
use crate::support::walk::go_on;
use crate::support::walk_sign_in::{WRONG, ask_otp_first, log_in_at, shut_door};
use crate::support::{App, Browser, Page};

const DOOR_OPEN: &str = "You can log in with your password. No OTP is needed first.";
const PASSWORD_WRONG: &str = "The password is not right";

/// A portal where the owner has an account and strangers have shut its door; and that of `nobody` as well.
async fn shut(owner: &Owner) -> App {
    shut_from("", owner).await
}

async fn shut_from(file: &str, owner: &Owner) -> App {
    let app = App::start_from(file, &[]).await;
    owner.at_the_door(&app).await;
    shut_door(&app, owner.at, owner.nobody).await;
    app.clock.advance(60);
    owner.shut(&app).await;
    app
}

/// The page that asks for the OTP.
async fn at_otp(owner: &Owner, browser: &Browser, username: &str) -> Page {
    let answer = ask_otp_first(browser, owner.at, username).await;
    answer.assert_leads_to(&owner.path("/login/otp"));
    browser.follow(&answer).await
}

async fn type_otp(browser: &Browser, page: &Page, otp: &str) -> Page {
    page.form("Continue").fill("otp", otp).submit(browser).await
}

// --- While the door is open ---------------------------------------------------------------------

#[actix_web::test]
async fn nobodys_phone_rings_while_the_password_is_all_that_is_needed() {
    for owner in OWNERS {
        let app = App::start().await;
        owner.at_the_door(&app).await;
        let before = app.messages().await.len();
        for username in [owner.username, owner.nobody] {
            let browser = app.browser();
            let answer = ask_otp_first(&browser, owner.at, username).await;
            answer.assert_leads_to(&owner.path("/login"));
            assert_eq!(browser.follow(&answer).await.notice().unwrap(), DOOR_OPEN);
        }
        // A few wrong passwords alone shut nothing.
        for _ in 0..4 {
            owner.fail(&app).await;
        }
        ask_otp_first(&app.browser(), owner.at, owner.username).await.assert_leads_to(&owner.path("/login"));
        assert_eq!(app.messages().await.len(), before);
    }
}

#[actix_web::test]
async fn the_page_asks_for_the_username_as_the_login_page_does() {
    let app = App::start().await;
    for (owner, label) in [(IRP, "Username"), (GST, "Username"), (WORKSPACE, "Work email")] {
        let page = app.browser().get(&owner.path("/login/otp-first")).await;
        page.assert_shows(OTP_FIRST);
        assert_eq!(page.all("main label"), [label]);
        assert_eq!(page.attribute("#username", "autocomplete").unwrap(), "username");
        assert_eq!(page.link("Back to log in"), owner.path("/login"));
        let browser = app.browser();
        let page = ask_otp_first(&browser, owner.at, "  ").await;
        page.assert_refused(&[("username", "Enter your username")]);
    }
}

#[actix_web::test]
async fn every_page_that_shuts_a_stranger_out_leads_there() {
    let app = App::start_from("[limits]\nsign_in_failures_per_minute = 12", &[]).await;
    IRP.at_the_door(&app).await;
    IRP.shut(&app).await;
    let locked = IRP.fail(&app).await;
    locked.assert_error_page(429, LOCKED);
    assert_eq!(locked.link(OTP_FIRST), "/irp/login/otp-first");
    app.browser().get(&locked.link(OTP_FIRST)).await.assert_shows(OTP_FIRST);
}

// --- The owner's way ----------------------------------------------------------------------------

#[actix_web::test]
async fn the_owner_gets_in_while_strangers_keep_failing() {
    for owner in OWNERS {
        let app = shut(&owner).await;
        let browser = app.browser();
        let page = at_otp(&owner, &browser, owner.username).await;
        owner.fail(&app).await.assert_error_page(429, LOCKED);
        let answer = type_otp(&browser, &page, &app.last_otp_for(owner.email).await).await;
        let page = go_on(&browser, &answer).await;
        page.assert_shows("Enter your password");
        assert_eq!(page.value("username").unwrap(), owner.username);
        owner.fail(&app).await.assert_error_page(429, LOCKED);
        owner.type_password(&browser, &page, PASSWORD).await.assert_leads_to(owner.landing);
        assert_eq!(browser.get(owner.landing).await.status, 200);
        owner.fail(&app).await.assert_error_page(429, LOCKED);
    }
}

#[actix_web::test]
async fn the_otp_goes_to_every_registered_contact_and_says_what_it_is_for() {
    let app = shut(&IRP).await;
    let before = app.messages().await.len();
    at_otp(&IRP, &app.browser(), " 29abcde1234f1zw ").await;
    let messages = app.messages().await;
    let new = &messages[..messages.len() - before];
    let mut to: Vec<&str> = new.iter().map(|message| message.to.as_str()).collect();
    to.sort_unstable();
    let mut expected = [ACME.email, ACME_OTHER_EMAIL, "+919876543210", "+919876501234"];
    expected.sort_unstable();
    let ends = |(to, expected): (&&str, &&str)| to.ends_with(expected.trim_start_matches("+91"));
    assert!(to.len() == 4 && to.iter().zip(&expected).all(ends), "{to:?} {}", ACME_OTHER_PHONE);
    assert!(new.iter().all(|message| message.text.contains("sign in to Sanad")), "{new:?}");
}

#[actix_web::test]
async fn no_session_comes_of_the_otp_alone() {
    for owner in OWNERS {
        let app = shut(&owner).await;
        let browser = app.browser();
        let page = at_otp(&owner, &browser, owner.username).await;
        let account = owner.path("/account");
        let login = owner.path("/login");
        browser.get(&account).await.assert_leads_to(&format!("{login}?return={account}"));
        type_otp(&browser, &page, &app.last_otp_for(owner.email).await).await;
        for path in [&account, owner.landing, &owner.path("/account/password"), &owner.path("/account/authenticator")] {
            browser.get(path).await.assert_leads_to(&format!("{login}?return={path}"));
        }
        for path in ["/account/authenticator/otp", "/account/authenticator/new", "/account/authenticator/codes"] {
            browser.get(&owner.path(path)).await.assert_leads_to(&login);
        }
        assert!(!browser.cookies().contains_key("dev"), "it is not known either");
    }
}

#[actix_web::test]
async fn the_password_is_asked_for_the_account_of_the_otp_whatever_the_form_says() {
    let app = shut(&IRP).await;
    let patel = crate::support::walk::registered_as(&app, &crate::support::samples::PATEL).await;
    IRP.sign_out(&patel).await;
    let browser = app.browser();
    let page = IRP.at_password_after_otp(&app, &browser).await;
    let form = page.form("Login").fill("password", PASSWORD);
    let form = form.forge("username", crate::support::samples::PATEL.gstin.as_bytes());
    form.submit(&browser).await.assert_leads_to(IRP.landing);
    assert!(browser.get(IRP.landing).await.has(ACME.gstin));
}

#[actix_web::test]
async fn an_empty_password_is_asked_for_and_is_no_try() {
    for owner in OWNERS {
        let app = shut(&owner).await;
        let browser = app.browser();
        let page = owner.at_password_after_otp(&app, &browser).await;
        for _ in 0..11 {
            owner.type_password(&browser, &page, "").await.assert_refused(&[("password", "Enter your password")]);
        }
        owner.type_password(&browser, &page, PASSWORD).await.assert_leads_to(owner.landing);
    }
}

// --- To a stranger, and for a name that nobody has ----------------------------------------------

#[actix_web::test]
async fn a_name_that_nobody_has_gets_the_same_pages_and_no_message() {
    for owner in OWNERS {
        let app = shut(&owner).await;
        let before = app.messages().await.len();
        let (one, other) = (app.browser(), app.browser());
        let (known, unknown) = (owner.username, owner.nobody);
        let alike = |first: &Page, second: &Page| assert_alike((first, known), (second, unknown));

        let mut first = ask_otp_first(&one, owner.at, known).await;
        let mut second = ask_otp_first(&other, owner.at, unknown).await;
        alike(&first, &second);
        (first, second) = (one.follow(&first).await, other.follow(&second).await);
        alike(&first, &second);
        let sent = app.messages().await.len() - before;
        assert_eq!(sent, if owner.at == "/workspace" { 1 } else { 4 }, "to the owner alone");

        for typed in ["", "12345", "12a456", &other_than(&app.last_otp_for(owner.email).await)] {
            alike(&type_otp(&one, &first, typed).await, &type_otp(&other, &second, typed).await);
        }
        // Too early, then in time.
        for _ in 0..2 {
            let (again, again_for_nobody) =
                (first.form("Send a new OTP").submit(&one).await, second.form("Send a new OTP").submit(&other).await);
            alike(&again, &again_for_nobody);
            app.clock.advance(30);
        }
        alike(&one.get(&owner.path("/login/otp")).await, &other.get(&owner.path("/login/otp")).await);
        // Until the OTP is dead.
        let wrong = other_than(&app.last_otp_for(owner.email).await);
        for _ in 0..6 {
            alike(&type_otp(&one, &first, &wrong).await, &type_otp(&other, &second, &wrong).await);
        }
        assert_eq!(app.messages().await.len(), before + 2 * sent);
        // Neither may go on to the password.
        let password = owner.path("/login/otp-first/password");
        alike(&one.get(&password).await, &other.get(&password).await);
    }
}

#[actix_web::test]
async fn budgets_are_the_same_for_a_name_that_nobody_has() {
    for owner in OWNERS {
        let app = shut(&owner).await;
        let mut pages = Vec::new();
        for username in [owner.username, owner.nobody] {
            for _ in 0..5 {
                at_otp(&owner, &app.browser(), username).await;
            }
            pages.push(ask_otp_first(&app.browser(), owner.at, username).await);
        }
        pages[0].assert_error_page(429, "Too many OTPs");
        assert_alike((&pages[0], owner.username), (&pages[1], owner.nobody));
    }
}

#[actix_web::test]
async fn a_frozen_account_is_as_good_as_none() {
    for owner in OWNERS {
        let app = shut(&owner).await;
        owner.freeze(&app).await;
        let before = app.messages().await.len();
        let (one, other) = (app.browser(), app.browser());
        let frozen = at_otp(&owner, &one, owner.username).await;
        assert_alike((&frozen, owner.username), (&at_otp(&owner, &other, owner.nobody).await, owner.nobody));
        assert_eq!(app.messages().await.len(), before);
    }
}

#[actix_web::test]
async fn an_account_frozen_after_the_otp_lets_nobody_in() {
    for owner in OWNERS {
        let app = shut(&owner).await;
        let browser = app.browser();
        let page = owner.at_password_after_otp(&app, &browser).await;
        owner.freeze(&app).await;
        let answer = owner.type_password(&browser, &page, PASSWORD).await;
        answer.assert_refused(&[("password", PASSWORD_WRONG)]);
    }
}

#[actix_web::test]
async fn a_password_in_the_wrong_field_stands_in_no_file() {
    for owner in OWNERS {
        let app = App::start().await;
        shut_door(&app, owner.at, "my secret word 99").await;
        at_otp(&owner, &app.browser(), "my secret word 99").await;
        for spelling in ["my secret word 99", "MY SECRET WORD 99"] {
            assert_eq!(super::files_with(&app, spelling.as_bytes()), Vec::<String>::new());
        }
    }
}

// --- The password after it ----------------------------------------------------------------------

#[actix_web::test]
async fn wrong_passwords_after_the_otp_are_counted_apart() {
    for owner in OWNERS {
        let app = App::start().await;
        let known = owner.at_the_door(&app).await;
        owner.shut(&app).await;
        let browser = app.browser();
        let page = owner.at_password_after_otp(&app, &browser).await;
        for wait in [0, 0, 0, 0, 0, 2, 4, 8, 16] {
            if wait > 0 {
                assert_told_to_wait(&owner.type_password(&browser, &page, WRONG).await, &wait.to_string());
            }
            app.clock.advance(wait);
            let answer = owner.type_password(&browser, &page, WRONG).await;
            answer.assert_refused(&[("password", PASSWORD_WRONG)]);
            assert_eq!(answer.value("password").unwrap_or_default(), "");
        }
        app.clock.advance(32);
        let last = owner.type_password(&browser, &page, WRONG).await;
        last.assert_error_page(429, LOCKED);
        assert_eq!(last.link("Forgot password"), owner.path("/forgot-password"));
        assert!(!last.html.contains("otp-first"), "another OTP would not help");
        // The known browser is let in, and a quarter of an hour after strangers have stopped so are they.
        owner.assert_known(&known).await;
        app.clock.advance(super::LOCK - 62);
        owner.signed_in(&app).await;
    }
}

#[actix_web::test]
async fn strangers_do_not_count_against_whoever_came_by_an_otp() {
    let file = "[limits]\nsign_in_failures_per_minute = 1000\nsign_in_failures_per_hour = 11";
    let app = App::start_from(file, &[]).await;
    IRP.at_the_door(&app).await;
    IRP.shut(&app).await;
    let browser = app.browser();
    let page = IRP.at_password_after_otp(&app, &browser).await;
    // Strangers at the same address are over its budget too.
    log_in_at(&app.browser(), "/irp", IRP.nobody, WRONG).await;
    log_in_at(&app.browser(), "/irp", IRP.nobody, WRONG).await.assert_error_page(429, TOO_MANY);
    IRP.type_password(&browser, &page, WRONG).await.assert_refused(&[("password", PASSWORD_WRONG)]);
    IRP.type_password(&browser, &page, PASSWORD).await.assert_leads_to(IRP.landing);
}

#[actix_web::test]
async fn a_password_set_anew_after_the_otp_is_the_one_that_counts() {
    let app = shut(&IRP).await;
    let browser = app.browser();
    let page = IRP.at_password_after_otp(&app, &browser).await;
    IRP.reset(&app, OTHER_PASSWORD).await;
    IRP.type_password(&browser, &page, PASSWORD).await.assert_refused(&[("password", PASSWORD_WRONG)]);
    IRP.type_password(&browser, &page, OTHER_PASSWORD).await.assert_leads_to(IRP.landing);
}

// --- OTPs of other purposes and of others (T5, T7) ----------------------------------------------

#[actix_web::test]
async fn an_otp_of_another_purpose_opens_nothing() {
    let app = shut(&IRP).await;
    // Of "Forgot password".
    let other = app.browser();
    let form = other.get("/irp/forgot-password").await.form("Continue").fill("gstin", ACME.gstin);
    let forgot = go_on(&other, &form.submit(&other).await).await;
    let of_forgot = app.last_otp_for(ACME.email).await;

    let browser = app.browser();
    let page = at_otp(&IRP, &browser, IRP.username).await;
    let own = app.last_otp_for(ACME.email).await;
    assert_ne!(own, of_forgot);
    type_otp(&browser, &page, &of_forgot).await.assert_refused(&[("otp", WRONG_OTP)]);
    // And the other way round.
    type_otp(&other, &forgot, &own).await.assert_refused(&[("otp", WRONG_OTP)]);
    type_otp(&browser, &page, &own).await.assert_leads_to("/irp/login/otp-first/password");
}

#[actix_web::test]
async fn an_otp_opens_the_way_only_in_the_browser_that_asked() {
    let app = shut(&IRP).await;
    let (one, other) = (app.browser(), app.browser());
    at_otp(&IRP, &one, IRP.username).await;
    let otp_of_one = app.last_otp_for(ACME.email).await;
    let page = at_otp(&IRP, &other, IRP.username).await;
    assert_ne!(app.last_otp_for(ACME.email).await, otp_of_one);
    type_otp(&other, &page, &otp_of_one).await.assert_refused(&[("otp", WRONG_OTP)]);
}

#[actix_web::test]
async fn its_proof_changes_no_password_and_that_of_forgot_password_opens_no_door() {
    for owner in OWNERS {
        let app = shut(&owner).await;
        let browser = app.browser();
        owner.at_password_after_otp(&app, &browser).await;
        browser.get(&owner.path("/forgot-password/new")).await.assert_leads_to(&owner.path("/forgot-password"));

        app.clock.advance(HOUR);
        let browser = app.browser();
        let (button, field) = match owner.at {
            "/irp" => ("Continue", "gstin"),
            "/gst" => ("Generate OTP", "username"),
            _ => ("Continue", "email"),
        };
        let form = browser.get(&owner.path("/forgot-password")).await.form(button).fill(field, owner.username);
        let page = go_on(&browser, &form.submit(&browser).await).await;
        type_otp(&browser, &page, &app.last_otp_for(owner.email).await).await;
        for path in ["/login/otp-first/password", "/login/otp"] {
            let start = if path == "/login/otp" { "/login" } else { "/login/otp-first" };
            browser.get(&owner.path(path)).await.assert_leads_to(&owner.path(start));
        }
    }
}

#[actix_web::test]
async fn another_door_does_not_lead_to_the_password_without_the_otp() {
    for owner in OWNERS {
        let app = shut(&owner).await;
        let browser = app.browser();
        at_otp(&owner, &browser, owner.username).await;
        let password = owner.path("/login/otp-first/password");
        let page = browser.get(&password).await;
        page.assert_leads_to(&owner.path("/login/otp"));
        assert_eq!(browser.follow(&page).await.notice().unwrap(), START_HERE);
        // Nor does its form, with a token that fits.
        let other = app.browser();
        let form = owner.at_password_after_otp(&app, &other).await;
        let form = form.form(if owner.at == "/gst" { "LOGIN" } else { "Login" }).fill("password", PASSWORD);
        let answer = form.clone().submit(&browser).await;
        assert!(answer.status == 403 || answer.status == 303, "{}", answer.told());
        assert_eq!(browser.get(&owner.path("/account")).await.status, 303);
    }
}

// --- Back, twice, late --------------------------------------------------------------------------

#[actix_web::test]
async fn going_back_after_the_otp_leads_to_the_password_again() {
    for owner in OWNERS {
        let app = shut(&owner).await;
        let browser = app.browser();
        let otp_page = at_otp(&owner, &browser, owner.username).await;
        let otp = app.last_otp_for(owner.email).await;
        let next = owner.path("/login/otp-first/password");
        type_otp(&browser, &otp_page, &otp).await.assert_leads_to(&next);
        browser.get(&owner.path("/login/otp")).await.assert_leads_to(&next);
        // The OTP's form sent again from the page before.
        let again = type_otp(&browser, &otp_page, &otp).await;
        go_on(&browser, &go_on(&browser, &again).await).await.assert_shows("Enter your password");
        let page = browser.get(&next).await;
        owner.type_password(&browser, &page, PASSWORD).await.assert_leads_to(owner.landing);
        // And once in, every page of the walk leads there.
        for path in ["/login/otp", "/login/otp-first", "/login/otp-first/password", "/login"] {
            browser.get(&owner.path(path)).await.assert_leads_to(owner.landing);
        }
        owner.type_password(&browser, &page, PASSWORD).await.assert_leads_to(owner.landing);
        assert_eq!(browser.get(owner.landing).await.status, 200);
    }
}

#[actix_web::test]
async fn the_otp_pressed_twice_at_once_leads_to_the_password_once() {
    for owner in OWNERS {
        let app = shut(&owner).await;
        let browser = app.browser();
        let page = at_otp(&owner, &browser, owner.username).await;
        let form = page.form("Continue").fill("otp", &app.last_otp_for(owner.email).await);
        let (one, other) = join(form.submit(&browser), form.submit(&browser)).await;
        assert_eq!((one.status, other.status), (303, 303));
        let page = browser.get(&owner.path("/login/otp-first/password")).await;
        page.assert_shows("Enter your password");
        owner.type_password(&browser, &page, PASSWORD).await.assert_leads_to(owner.landing);
    }
}

#[actix_web::test]
async fn the_password_pressed_twice_signs_in_whichever_answer_comes_last() {
    for owner in OWNERS {
        let app = shut(&owner).await;
        let browser = app.browser();
        let page = owner.at_password_after_otp(&app, &browser).await;
        let before = browser.cookies();
        let (first, second) = (browser.clone_cookies(), browser.clone_cookies());
        owner.type_password(&first, &page, PASSWORD).await.assert_leads_to(owner.landing);
        owner.type_password(&second, &page, PASSWORD).await.assert_leads_to(owner.landing);
        browser.take_new_cookies(&before, &first);
        browser.take_new_cookies(&before, &second);
        assert_eq!(browser.get(owner.landing).await.status, 200);
    }
}

#[actix_web::test]
async fn two_presses_of_continue_send_one_otp() {
    for owner in OWNERS {
        let app = shut(&owner).await;
        let before = app.messages().await.len();
        let browser = app.browser();
        at_otp(&owner, &browser, owner.username).await;
        let sent = app.messages().await.len() - before;
        at_otp(&owner, &browser, owner.username).await;
        assert_eq!(app.messages().await.len(), before + sent);
    }
}

#[actix_web::test]
async fn an_otp_works_ten_minutes_and_its_walk_half_an_hour() {
    let app = shut(&IRP).await;
    let browser = app.browser();
    let page = at_otp(&IRP, &browser, IRP.username).await;
    let otp = app.last_otp_for(ACME.email).await;
    app.clock.advance(600);
    type_otp(&browser, &page, &otp).await.assert_refused(&[("otp", "That OTP has expired. Ask for a new one.")]);

    app.clock.advance(HOUR);
    IRP.shut(&app).await;
    let browser = app.browser();
    let page = IRP.at_password_after_otp(&app, &browser).await;
    app.clock.advance(30 * 60);
    let answer = IRP.type_password(&browser, &page, PASSWORD).await;
    answer.assert_leads_to("/irp/login/otp-first");
    assert_eq!(browser.get("/irp/account").await.status, 303);
}

#[actix_web::test]
async fn a_right_otp_and_the_shut_door_of_before_suffice_when_the_door_opens_meanwhile() {
    let app = shut(&IRP).await;
    let browser = app.browser();
    let page = at_otp(&IRP, &browser, IRP.username).await;
    app.clock.advance(super::LOCK);
    let refused = type_otp(&browser, &page, &app.last_otp_for(ACME.email).await).await;
    refused.assert_refused(&[("otp", "That OTP has expired. Ask for a new one.")]);
    let page = go_on(&browser, &refused.form("Send a new OTP").submit(&browser).await).await;
    let answer = type_otp(&browser, &page, &app.last_otp_for(ACME.email).await).await;
    let page = go_on(&browser, &answer).await;
    IRP.type_password(&browser, &page, PASSWORD).await.assert_leads_to(IRP.landing);
}

// --- Budgets ------------------------------------------------------------------------------------

#[actix_web::test]
async fn five_otps_an_hour_go_out_and_none_of_them_resets_the_count() {
    let app = shut(&IRP).await;
    let browser = app.browser();
    let mut page = at_otp(&IRP, &browser, IRP.username).await;
    for _ in 0..4 {
        app.clock.advance(30);
        page = go_on(&browser, &page.form("Send a new OTP").submit(&browser).await).await;
    }
    let before = app.messages().await.len();
    app.clock.advance(30);
    let refused = page.form("Send a new OTP").submit(&browser).await;
    refused.assert_error_page(429, "Too many OTPs");
    ask_otp_first(&app.browser(), "/irp", IRP.username).await.assert_error_page(429, "Too many OTPs");
    assert_eq!(app.messages().await.len(), before);
    // The last one works still.
    let answer = type_otp(&browser, &page, &app.last_otp_for(ACME.email).await).await;
    answer.assert_leads_to("/irp/login/otp-first/password");
}

#[actix_web::test]
async fn five_wrong_ones_kill_an_otp_and_twenty_a_day_close_the_walk() {
    let app = shut(&IRP).await;
    let browser = app.browser();
    let mut page = at_otp(&IRP, &browser, IRP.username).await;
    for round in 0..4 {
        let otp = app.last_otp_for(ACME.email).await;
        for _ in 0..5 {
            type_otp(&browser, &page, &other_than(&otp)).await;
        }
        let dead = browser.get("/irp/login/otp").await;
        assert_eq!((dead.status, dead.h1().as_str()), (200, "Too many wrong OTPs"), "{round}");
        page = go_on(&browser, &dead.form("Send a new OTP").submit(&browser).await).await;
    }
    let answer = type_otp(&browser, &page, &app.last_otp_for(ACME.email).await).await;
    answer.assert_error_page(429, TOO_MANY);
}

//! `sign_in = "otp"`: every login of every portal asks for an OTP after the password.

use futures_util::future::join;
use sanad::settings::SignIn;

use super::{GST, HOUR, IRP, OWNERS, Owner, START_HERE, WORKSPACE, WRONG_LOGIN, WRONG_OTP, events_of, other_than};
use crate::session::every_address;
use crate::support::machine::{Machine, text};
use crate::support::samples::{ACME, API_PASSWORD, OTHER_PASSWORD, PASSWORD, PATEL};
use crate::support::walk::{API_USERNAME, Step, go_on, register_to};
use crate::support::walk_gst::first_login;
use crate::support::walk_sign_in::WRONG;
use crate::support::walk_workspace::workspace_of;
use crate::support::{App, Browser, Page};

const EXPIRED: &str = "That OTP has expired. Ask for a new one.";
const REPLACED: &str = "That OTP was replaced by a newer one. Use the newest OTP.";

async fn start() -> App {
    App::start_with(&[("SIGN_IN", "otp")]).await
}

/// A portal where the owner has an account and is signed out.
async fn with(owner: &Owner) -> App {
    let app = start().await;
    owner.at_the_door(&app).await;
    app
}

/// The page that asks for the OTP, after the right password.
async fn at_otp(owner: &Owner, browser: &Browser) -> Page {
    let answer = owner.log_in(browser, PASSWORD).await;
    answer.assert_leads_to(&owner.path("/login/otp"));
    let page = browser.follow(&answer).await;
    page.assert_shows("Check your email and phone");
    page
}

async fn type_otp(browser: &Browser, page: &Page, otp: &str) -> Page {
    page.form("Continue").fill("otp", otp).submit(browser).await
}

// --- The way in ---------------------------------------------------------------------------------

#[actix_web::test]
async fn every_portal_asks_for_an_otp_after_the_password() {
    let of_acme = "b•••••@acme.example, a•••••@acme.example, ••••••3210 and ••••••1234";
    for (owner, to, count) in [(IRP, of_acme, 4), (GST, of_acme, 4), (WORKSPACE, "p•••••@stores.example", 1)]
    {
        let app = with(&owner).await;
        let before = app.messages().await.len();
        let browser = app.browser();
        let page = at_otp(&owner, &browser).await;
        let told = format!("We sent a 6-digit OTP to {to}. It works until 17:11 IST (10 minutes).");
        assert!(page.has(&told), "{}", page.told());
        let messages = app.messages().await;
        let new = &messages[..messages.len() - before];
        assert_eq!(new.len(), count);
        assert!(new.iter().all(|message| message.text.contains("sign in to Sanad")), "{new:?}");
        let answer = type_otp(&browser, &page, &app.last_otp_for(owner.email).await).await;
        answer.assert_leads_to(owner.landing);
        assert_eq!(browser.get(owner.landing).await.status, 200);
    }
}

#[actix_web::test]
async fn a_wrong_password_sends_nothing_and_looks_as_it_always_did() {
    for owner in OWNERS {
        let app = with(&owner).await;
        let before = app.messages().await.len();
        let browser = app.browser();
        owner.log_in(&browser, WRONG).await.assert_refused(&[("username", WRONG_LOGIN)]);
        browser.get(&owner.path("/login/otp")).await.assert_leads_to(&owner.path("/login"));
        assert_eq!(app.messages().await.len(), before);
    }
}

#[actix_web::test]
async fn before_the_otp_a_browser_is_let_in_nowhere_that_a_stranger_is_not() {
    for owner in OWNERS {
        let app = with(&owner).await;
        let (browser, stranger) = (app.browser(), app.browser());
        let page = at_otp(&owner, &browser).await;
        let mut compared = 0;
        for path in every_address(owner.at) {
            if path == owner.path("/login/otp") || path.starts_with("/demo") {
                continue;
            }
            let (one, other) = (browser.clone_cookies().get(&path).await, stranger.clone_cookies().get(&path).await);
            let answers = (one.status, one.header("location"));
            assert_eq!(answers, (other.status, other.header("location")), "{path}");
            compared += 1;
        }
        assert!(compared > 30, "{compared}");
        let answer = type_otp(&browser, &page, &app.last_otp_for(owner.email).await).await;
        answer.assert_leads_to(owner.landing);
    }
}

#[actix_web::test]
async fn no_form_of_the_signed_in_is_taken_before_the_otp() {
    for owner in OWNERS {
        let app = with(&owner).await;
        let inside = app.browser();
        owner.come_in(&app, &inside).await;
        let form = inside.get(&owner.path("/account/authenticator")).await.form("Add an authenticator app");
        let sign_out = inside.get(owner.landing).await.form("Sign out");
        let browser = app.browser();
        at_otp(&owner, &browser).await;
        for form in [form, sign_out] {
            let answer = form.submit(&browser).await;
            assert!([303, 403].contains(&answer.status), "{}", answer.told());
        }
        assert_eq!(inside.get(owner.landing).await.status, 200);
    }
}

#[actix_web::test]
async fn a_known_browser_is_asked_too() {
    for owner in OWNERS {
        let app = start().await;
        let browser = owner.at_the_door(&app).await;
        owner.shut(&app).await;
        let page = at_otp(&owner, &browser).await;
        type_otp(&browser, &page, &app.last_otp_for(owner.email).await).await.assert_leads_to(owner.landing);
    }
}

#[actix_web::test]
async fn a_login_by_an_otp_first_asks_for_no_second_one() {
    for owner in OWNERS {
        let app = with(&owner).await;
        owner.shut(&app).await;
        let browser = app.browser();
        let page = owner.at_password_after_otp(&app, &browser).await;
        owner.type_password(&browser, &page, PASSWORD).await.assert_leads_to(owner.landing);
        assert_eq!(browser.get(owner.landing).await.status, 200);
    }
}

#[actix_web::test]
async fn the_last_login_is_the_one_with_its_otp() {
    for owner in [IRP, WORKSPACE] {
        let app = start().await;
        let inside = owner.with_account(&app).await;
        app.clock.advance(600);
        let id = owner.id(&app).await;
        let before = events_of(&app, &id, "sign_in").await.len();
        let browser = app.browser();
        let page = at_otp(&owner, &browser).await;
        let last = async || {
            let details = inside.get(&owner.path("/account")).await.details();
            details.into_iter().find(|(term, _)| term == "Last signed in on").unwrap().1
        };
        assert_eq!(last().await, "21/11/2026 17:01 IST");
        assert_eq!(events_of(&app, &id, "sign_in").await.len(), before);
        type_otp(&browser, &page, &app.last_otp_for(owner.email).await).await.assert_leads_to(owner.landing);
        assert_eq!(last().await, "21/11/2026 17:11 IST");
        assert_eq!(events_of(&app, &id, "sign_in").await.len(), before + 1);
    }
}

// --- Wrong, old and dead OTPs -------------------------------------------------------------------

#[actix_web::test]
async fn wrong_replaced_expired_and_dead_otps_let_nobody_in() {
    for owner in OWNERS {
        let app = with(&owner).await;
        let browser = app.browser();
        let page = at_otp(&owner, &browser).await;
        let first = app.last_otp_for(owner.email).await;
        type_otp(&browser, &page, &other_than(&first)).await.assert_refused(&[("otp", WRONG_OTP)]);

        let early = page.form("Send a new OTP").submit(&browser).await;
        assert_eq!((early.status, early.header("retry-after").as_str()), (429, "30"));
        app.clock.advance(30);
        let page = go_on(&browser, &early.form("Send a new OTP").submit(&browser).await).await;
        assert_eq!(page.notice().unwrap(), "We sent a new OTP at 17:01 IST. Only the newest one works.");
        type_otp(&browser, &page, &first).await.assert_refused(&[("otp", REPLACED)]);

        let second = app.last_otp_for(owner.email).await;
        app.clock.advance(600);
        type_otp(&browser, &page, &second).await.assert_refused(&[("otp", EXPIRED)]);

        let page = go_on(&browser, &page.form("Send a new OTP").submit(&browser).await).await;
        let third = app.last_otp_for(owner.email).await;
        for _ in 0..5 {
            type_otp(&browser, &page, &other_than(&third)).await;
        }
        let dead = type_otp(&browser, &page, &third).await;
        assert_eq!((dead.status, dead.h1().as_str()), (422, "Too many wrong OTPs"));
        assert_eq!(browser.get(&owner.path("/account")).await.status, 303);

        let page = go_on(&browser, &dead.form("Send a new OTP").submit(&browser).await).await;
        let fourth = app.last_otp_for(owner.email).await;
        type_otp(&browser, &page, &fourth).await.assert_leads_to(owner.landing);
    }
}

#[actix_web::test]
async fn twenty_wrong_ones_a_day_close_it_whatever_the_browser() {
    let app = with(&IRP).await;
    for _ in 0..4 {
        let browser = app.browser();
        let page = at_otp(&IRP, &browser).await;
        let wrong = other_than(&app.last_otp_for(ACME.email).await);
        for _ in 0..5 {
            type_otp(&browser, &page, &wrong).await;
        }
    }
    let browser = app.browser();
    let page = at_otp(&IRP, &browser).await;
    let answer = type_otp(&browser, &page, &app.last_otp_for(ACME.email).await).await;
    answer.assert_error_page(429, "Too many tries");
}

#[actix_web::test]
async fn strangers_wrong_otps_do_not_count_against_it() {
    let app = with(&IRP).await;
    // Twenty of "Forgot password".
    for _ in 0..4 {
        let stranger = app.browser();
        let form = stranger.get("/irp/forgot-password").await.form("Continue").fill("gstin", ACME.gstin);
        let page = go_on(&stranger, &form.submit(&stranger).await).await;
        let wrong = other_than(&app.last_otp_for(ACME.email).await);
        for _ in 0..5 {
            type_otp(&stranger, &page, &wrong).await;
        }
    }
    let browser = app.browser();
    IRP.come_in(&app, &browser).await;
}

#[actix_web::test]
async fn five_otps_an_hour_go_out_for_one_account_and_another_portals_do_not_count() {
    let app = with(&IRP).await;
    GST.at_the_door(&app).await;
    for _ in 0..5 {
        at_otp(&IRP, &app.browser()).await;
    }
    IRP.log_in(&app.browser(), PASSWORD).await.assert_error_page(429, "Too many OTPs");
    // The GST portal's account of the same GSTIN may be somebody else's.
    let browser = app.browser();
    GST.come_in(&app, &browser).await;
    app.clock.advance(HOUR);
    IRP.come_in(&app, &app.browser()).await;
}

#[actix_web::test]
async fn an_otp_works_in_the_browser_that_typed_the_password_and_for_this_purpose() {
    for owner in OWNERS {
        let app = with(&owner).await;
        let (one, other) = (app.browser(), app.browser());
        at_otp(&owner, &one).await;
        let of_one = app.last_otp_for(owner.email).await;
        let page = at_otp(&owner, &other).await;
        assert_ne!(app.last_otp_for(owner.email).await, of_one);
        type_otp(&other, &page, &of_one).await.assert_refused(&[("otp", WRONG_OTP)]);
        // One of "Forgot password" signs nobody in.
        let third = app.browser();
        let (button, field) = match owner.at {
            "/irp" => ("Continue", "gstin"),
            "/gst" => ("Generate OTP", "username"),
            _ => ("Continue", "email"),
        };
        let form = third.get(&owner.path("/forgot-password")).await.form(button).fill(field, owner.username);
        go_on(&third, &form.submit(&third).await).await;
        let of_forgot = app.last_otp_for(owner.email).await;
        type_otp(&other, &page, &of_forgot).await.assert_refused(&[("otp", WRONG_OTP)]);
    }
}

#[actix_web::test]
async fn parallel_guesses_count_one_by_one() {
    let app = with(&IRP).await;
    let browser = app.browser();
    let page = at_otp(&IRP, &browser).await;
    let otp = app.last_otp_for(ACME.email).await;
    let form = page.form("Continue").fill("otp", &other_than(&otp));
    let copies: Vec<Browser> = (0..12).map(|_| browser.clone_cookies()).collect();
    futures_util::future::join_all(copies.iter().map(|copy| form.submit(copy))).await;
    let dead = type_otp(&browser, &page, &otp).await;
    assert_eq!((dead.status, dead.h1().as_str()), (422, "Too many wrong OTPs"));
}

// --- What survives ------------------------------------------------------------------------------

#[actix_web::test]
async fn a_login_returns_to_the_page_it_was_asked_for() {
    let targets = [
        (IRP, vec!["/irp/account", "/irp/api-credentials/use"]),
        (GST, vec!["/gst/profile/api-access", "/gst/change-password"]),
        (WORKSPACE, vec!["/workspace/settings/gstins", "/workspace/account"]),
    ];
    for (owner, targets) in targets {
        let app = with(&owner).await;
        for target in targets {
            let browser = app.browser();
            let login = go_on(&browser, &browser.get(target).await).await;
            let button = if owner.at == "/gst" { "LOGIN" } else { "Login" };
            let form = login.form(button).fill("username", owner.username).fill("password", PASSWORD);
            let page = go_on(&browser, &form.submit(&browser).await).await;
            let otp = app.last_otp_for(owner.email).await;
            let refused = type_otp(&browser, &page, &other_than(&otp)).await;
            type_otp(&browser, &refused, &otp).await.assert_leads_to(target);
            app.clock.advance(HOUR);
        }
    }
}

#[actix_web::test]
async fn a_return_target_off_the_list_is_ignored() {
    let app = with(&IRP).await;
    let browser = app.browser();
    let form = browser.get("/irp/login").await.form("Login").fill("username", ACME.gstin).fill("password", PASSWORD);
    let form = form.forge("return", b"https://evil.example/");
    let page = go_on(&browser, &form.submit(&browser).await).await;
    type_otp(&browser, &page, &app.last_otp_for(ACME.email).await).await.assert_leads_to(IRP.landing);
}

#[actix_web::test]
async fn what_was_typed_when_the_session_ended_survives_the_otp() {
    let app = start().await;
    let browser = IRP.with_account(&app).await;
    let form = browser.get("/irp/api-credentials/new").await.form("Save and submit");
    let form = form.fill("api_username", API_USERNAME).fill("api_password", API_PASSWORD);
    let form = form.fill("confirm_api_password", API_PASSWORD);
    app.clock.advance(15 * 60);
    form.submit(&browser).await.assert_leads_to("/irp/login");
    IRP.come_in(&app, &browser).await;
    let form = browser.get(IRP.landing).await.form("Create API credentials");
    let page = go_on(&browser, &form.submit(&browser).await).await;
    let page = go_on(&browser, &type_otp(&browser, &page, &app.last_otp_for(ACME.email).await).await).await;
    page.assert_shows("Create API credentials");
    assert_eq!(page.value("api_username").unwrap(), API_USERNAME);
}

#[actix_web::test]
async fn the_otp_pressed_twice_signs_in_whichever_answer_comes_last() {
    for owner in OWNERS {
        let app = with(&owner).await;
        let browser = app.browser();
        let page = at_otp(&owner, &browser).await;
        let (before, otp) = (browser.cookies(), app.last_otp_for(owner.email).await);
        let (first, second) = (browser.clone_cookies(), browser.clone_cookies());
        type_otp(&first, &page, &otp).await.assert_leads_to(owner.landing);
        type_otp(&second, &page, &otp).await.assert_leads_to(owner.landing);
        browser.take_new_cookies(&before, &first);
        browser.take_new_cookies(&before, &second);
        assert_eq!(browser.get(owner.landing).await.status, 200);
    }
}

#[actix_web::test]
async fn the_otp_pressed_twice_at_once_signs_in_once() {
    for owner in OWNERS {
        let app = with(&owner).await;
        let id = owner.id(&app).await;
        let before = events_of(&app, &id, "sign_in").await.len();
        let browser = app.browser();
        let page = at_otp(&owner, &browser).await;
        let form = page.form("Continue").fill("otp", &app.last_otp_for(owner.email).await);
        let (one, other) = (browser.clone_cookies(), browser.clone_cookies());
        let answers = join(form.submit(&one), form.submit(&other)).await;
        assert_eq!((answers.0.status, answers.1.status), (303, 303));
        let inside = [one.get(owner.landing).await.status, other.get(owner.landing).await.status];
        assert_eq!(inside.iter().filter(|status| **status == 200).count(), 1, "{inside:?}");
        assert_eq!(events_of(&app, &id, "sign_in").await.len(), before + 1);
    }
}

#[actix_web::test]
async fn the_password_pressed_twice_sends_one_otp() {
    for owner in OWNERS {
        let app = with(&owner).await;
        let browser = app.browser();
        at_otp(&owner, &browser).await;
        let sent = app.messages().await.len();
        at_otp(&owner, &browser).await;
        assert_eq!(app.messages().await.len(), sent);
        let page = browser.get(&owner.path("/login/otp")).await;
        type_otp(&browser, &page, &app.last_otp_for(owner.email).await).await.assert_leads_to(owner.landing);
    }
}

#[actix_web::test]
async fn going_back_after_the_otp_leads_inside() {
    for owner in OWNERS {
        let app = with(&owner).await;
        let browser = app.browser();
        let page = at_otp(&owner, &browser).await;
        let otp = app.last_otp_for(owner.email).await;
        type_otp(&browser, &page, &otp).await.assert_leads_to(owner.landing);
        browser.get(&owner.path("/login/otp")).await.assert_leads_to(owner.landing);
        type_otp(&browser, &page, &otp).await.assert_leads_to(owner.landing);
        assert_eq!(browser.get(owner.landing).await.status, 200);
    }
}

// --- What ends it -------------------------------------------------------------------------------

#[actix_web::test]
async fn a_password_set_anew_before_the_otp_leads_back_to_the_login() {
    for owner in OWNERS {
        let app = with(&owner).await;
        app.clock.advance(60);
        let browser = app.browser();
        let page = at_otp(&owner, &browser).await;
        let otp = app.last_otp_for(owner.email).await;
        owner.reset(&app, OTHER_PASSWORD).await;
        type_otp(&browser, &page, &otp).await.assert_leads_to(&owner.path("/login"));
        // Neither page nor another OTP.
        let before = app.messages().await.len();
        app.clock.advance(30);
        page.form("Send a new OTP").submit(&browser).await.assert_leads_to(&owner.path("/login"));
        browser.get(&owner.path("/login/otp")).await.assert_leads_to(&owner.path("/login"));
        assert_eq!(app.messages().await.len(), before);
        assert_eq!(browser.get(&owner.path("/account")).await.status, 303);
    }
}

#[actix_web::test]
async fn an_account_frozen_before_the_otp_lets_nobody_in() {
    for owner in OWNERS {
        let app = with(&owner).await;
        let browser = app.browser();
        let page = at_otp(&owner, &browser).await;
        let otp = app.last_otp_for(owner.email).await;
        owner.freeze(&app).await;
        type_otp(&browser, &page, &otp).await.assert_leads_to(&owner.path("/login"));
        assert_eq!(browser.get(&owner.path("/account")).await.status, 303);
    }
}

#[actix_web::test]
async fn the_walk_is_over_after_half_an_hour() {
    let app = with(&IRP).await;
    let browser = app.browser();
    let page = at_otp(&IRP, &browser).await;
    app.clock.advance(30 * 60);
    let answer = type_otp(&browser, &page, &app.last_otp_for(ACME.email).await).await;
    answer.assert_leads_to("/irp/login");
    assert_eq!(browser.follow(&answer).await.notice().unwrap(), START_HERE);
}

#[actix_web::test]
async fn another_persons_walk_in_the_same_browser_takes_the_place_of_the_first() {
    let app = with(&IRP).await;
    let browser = app.browser();
    register_to(&app, &app.browser(), &PATEL, Step::Done).await;
    let of_acme = at_otp(&IRP, &browser).await;
    let otp_of_acme = app.last_otp_for(ACME.email).await;
    let patel = Owner { username: PATEL.gstin, email: PATEL.email, ..IRP };
    let of_patel = at_otp(&patel, &browser).await;
    // The form of the first tab belongs to an older walk.
    let answer = type_otp(&browser, &of_acme, &otp_of_acme).await;
    assert_eq!((answer.status, answer.h1().as_str()), (403, "This form is from another tab"));
    let otp = app.last_otp_for(PATEL.email).await;
    type_otp(&browser, &of_patel, &otp).await.assert_leads_to(IRP.landing);
    assert!(browser.get(IRP.landing).await.has(PATEL.gstin));
}

#[actix_web::test]
async fn a_token_planted_before_the_password_stands_nowhere_after_it() {
    for owner in OWNERS {
        let app = with(&owner).await;
        let (planter, victim) = (app.browser(), app.browser());
        planter.get(&owner.path("/login/otp")).await;
        let name = format!("sanad-{}", owner.portal.as_str());
        victim.set_cookie(&name, &planter.cookies()[&name]);
        let page = at_otp(&owner, &victim).await;
        planter.get(&owner.path("/login/otp")).await.assert_leads_to(&owner.path("/login"));
        type_otp(&victim, &page, &app.last_otp_for(owner.email).await).await.assert_leads_to(owner.landing);
        assert_eq!(planter.get(&owner.path("/account")).await.status, 303);
    }
}

// --- The setting itself -------------------------------------------------------------------------

#[actix_web::test]
async fn a_session_of_before_the_setting_signs_in_again() {
    for owner in OWNERS {
        let mut app = App::start().await;
        owner.at_the_door(&app).await;
        let by_password = owner.signed_in(&app).await;
        owner.shut(&app).await;
        let by_otp = app.browser();
        let page = owner.at_password_after_otp(&app, &by_otp).await;
        owner.type_password(&by_otp, &page, PASSWORD).await.assert_leads_to(owner.landing);
        app.clock.advance(60);

        app.restart_with(|settings| settings.sign_in = SignIn::Otp).await;
        let (by_password, by_otp) = (app.moved(&by_password), app.moved(&by_otp));
        assert_eq!(by_password.get(owner.landing).await.status, 303);
        assert_eq!(by_password.get(&owner.path("/account")).await.status, 303);
        // One with an OTP goes on.
        assert_eq!(by_otp.get(owner.landing).await.status, 200);
        owner.sign_out(&by_otp).await;
        owner.come_in(&app, &by_otp).await;

        // And when it is taken back a password will do.
        app.restart_with(|settings| settings.sign_in = SignIn::Password).await;
        let browser = app.browser();
        app.clock.advance(HOUR);
        owner.log_in(&browser, PASSWORD).await.assert_leads_to(owner.landing);
    }
}

#[actix_web::test]
async fn a_session_raised_by_an_otp_goes_on_under_the_setting() {
    let mut app = App::start().await;
    IRP.at_the_door(&app).await;
    let browser = IRP.signed_in(&app).await;
    crate::support::walk_sign_in::at_new_authenticator(&app, &browser, "/irp", ACME.email).await;
    app.restart_with(|settings| settings.sign_in = SignIn::Otp).await;
    let browser = app.moved(&browser);
    assert_eq!(browser.get(IRP.landing).await.status, 200);
}

#[actix_web::test]
async fn new_accounts_are_made_as_before_and_sign_in() {
    let app = start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Done).await;
    page.assert_shows("Account created");
    browser.get(IRP.landing).await.assert_shows("API credentials");
    let browser = workspace_of(&app, WORKSPACE.email).await;
    browser.get(WORKSPACE.landing).await.assert_shows("API credentials");
    let browser = first_login(&app, &ACME, GST.username, PASSWORD).await;
    GST.come_in(&app, &browser).await;
    browser.get(GST.landing).await.assert_shows("Dashboard");
}

#[test]
fn config_show_prints_it() {
    let machine = Machine::new();
    let shown = |settings: &[(&str, &str)]| text(&machine.run(&["config", "show"], settings).stdout);
    assert!(shown(&[]).contains("sign_in = \"password\"\n"));
    assert!(shown(&[("SANAD_SIGN_IN", "otp")]).contains("sign_in = \"otp\"\n"));
    machine.file("sanad.toml", "sign_in = \"otp\"\n");
    assert!(shown(&[]).contains("sign_in = \"otp\"\n"));
    assert!(shown(&[("SANAD_SIGN_IN", "password")]).contains("sign_in = \"password\"\n"));
    let (code, said) = machine.refusal(&[("SANAD_SIGN_IN", "sms")]);
    assert!(code == 2 && said.contains("SANAD_SIGN_IN: wants password or otp"), "{code} {said}");
}

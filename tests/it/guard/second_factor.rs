//! Where the code of an authenticator app is asked for, instead of the OTP that went out before: at every login, whatever
//! `sign_in` says, and before the API credentials are created or changed.

use futures_util::future::join;

use super::{ASKS_CODE, CODE_USED, CODE_WRONG, IRP, OWNERS, START_HERE, WRONG_LOGIN, events_of, other_than, type_code};
use crate::session::every_address;
use crate::support::samples::{ACME, API_PASSWORD, OTHER_PASSWORD, PASSWORD};
use crate::support::walk::{API_USERNAME, go_on, with_credentials};
use crate::support::walk_sign_in::{Phone, WRONG, add_authenticator};
use crate::support::{App, Browser, Page};

const SETTINGS: [&str; 2] = ["password", "otp"];

async fn start(sign_in: &str) -> App {
    App::start_with(&[("SIGN_IN", sign_in)]).await
}

#[actix_web::test]
async fn every_login_asks_for_the_code_and_sends_nothing() {
    for setting in SETTINGS {
        for owner in OWNERS {
            let app = start(setting).await;
            let (_, phone, _) = owner.with_app(&app).await;
            app.clock.advance(60);
            let before = app.messages().await.len();
            let browser = app.browser();
            let page = owner.at_code(&browser).await;
            assert!(page.has("Open the app on your phone"), "{}", page.told());
            let expected = [
                ("type", "text"),
                ("inputmode", "text"),
                ("autocomplete", "one-time-code"),
                ("spellcheck", "false"),
                ("value", ""),
            ];
            for (attribute, value) in expected {
                let found = page.attribute("#code", attribute).unwrap();
                // A recovery code has letters: a keyboard of digits would not do.
                let fits = found == value || attribute == "inputmode" && found.is_empty();
                assert!(fits, "{attribute}: {found}");
            }
            assert_eq!(app.messages().await.len(), before);
            let answer = type_code(&browser, &page, &phone.code(app.clock.now())).await;
            answer.assert_leads_to(owner.landing);
            assert_eq!(browser.get(owner.landing).await.status, 200);
        }
    }
}

#[actix_web::test]
async fn before_the_code_a_browser_is_let_in_nowhere_that_a_stranger_is_not() {
    for setting in SETTINGS {
        for owner in OWNERS {
            let app = start(setting).await;
            let (_, phone, _) = owner.with_app(&app).await;
            app.clock.advance(60);
            let (browser, stranger) = (app.browser(), app.browser());
            let page = owner.at_code(&browser).await;
            for path in every_address(owner.at) {
                if path == owner.path("/login/otp") || path.starts_with("/demo") {
                    continue;
                }
                let (one, other) =
                    (browser.clone_cookies().get(&path).await, stranger.clone_cookies().get(&path).await);
                let answers = (one.status, one.header("location"));
                assert_eq!(answers, (other.status, other.header("location")), "{path}");
            }
            // The tour has taken nothing from the walk.
            let page = browser.get(&page.path).await;
            type_code(&browser, &page, &phone.code(app.clock.now())).await.assert_leads_to(owner.landing);
        }
    }
}

#[actix_web::test]
async fn a_wrong_password_asks_for_no_code() {
    for owner in OWNERS {
        let app = App::start().await;
        owner.with_app(&app).await;
        let browser = app.browser();
        owner.log_in(&browser, WRONG).await.assert_refused(&[("username", WRONG_LOGIN)]);
        browser.get(&owner.path("/login/otp")).await.assert_leads_to(&owner.path("/login"));
    }
}

#[actix_web::test]
async fn a_login_with_a_code_returns_to_the_page_it_was_asked_for() {
    for owner in OWNERS {
        let app = App::start().await;
        let (_, phone, _) = owner.with_app(&app).await;
        app.clock.advance(60);
        let browser = app.browser();
        let account = owner.path("/account");
        let login = go_on(&browser, &browser.get(&account).await).await;
        let button = if owner.at == "/gst" { "LOGIN" } else { "Login" };
        let form = login.form(button).fill("username", owner.username).fill("password", PASSWORD);
        let page = go_on(&browser, &form.submit(&browser).await).await;
        let code = phone.code(app.clock.now());
        let refused = type_code(&browser, &page, &other_than(&code)).await;
        refused.assert_refused(&[("code", CODE_WRONG)]);
        assert_eq!(refused.value("code").unwrap(), "");
        type_code(&browser, &refused, &code).await.assert_leads_to(&account);
    }
}

#[actix_web::test]
async fn a_login_is_on_the_record_only_after_the_code() {
    let app = App::start().await;
    let (browser, phone, _) = IRP.with_app(&app).await;
    app.clock.advance(600);
    let id = IRP.id(&app).await;
    let before = events_of(&app, &id, "sign_in").await.len();
    let other = app.browser();
    let page = IRP.at_code(&other).await;
    let code = phone.code(app.clock.now());
    type_code(&other, &page, &other_than(&code)).await;
    assert_eq!(events_of(&app, &id, "sign_in").await.len(), before);
    assert!(events_of(&app, &id, "otp_refused").await.contains(&"sign_in".to_owned()));
    let last = |page: &Page| page.details().into_iter().find(|(term, _)| term == "Last signed in on").unwrap().1;
    assert_eq!(last(&browser.get("/irp/account").await), "21/11/2026 17:01 IST");
    type_code(&other, &page, &code).await.assert_leads_to(IRP.landing);
    assert_eq!(events_of(&app, &id, "sign_in").await.len(), before + 1);
    assert_eq!(last(&browser.get("/irp/account").await), "21/11/2026 17:11 IST");
}

#[actix_web::test]
async fn the_code_pressed_twice_signs_in_whichever_answer_comes_last() {
    for owner in OWNERS {
        let app = App::start().await;
        let (_, phone, _) = owner.with_app(&app).await;
        app.clock.advance(60);
        let browser = app.browser();
        let page = owner.at_code(&browser).await;
        let (before, code) = (browser.cookies(), phone.code(app.clock.now()));
        let (first, second) = (browser.clone_cookies(), browser.clone_cookies());
        type_code(&first, &page, &code).await.assert_leads_to(owner.landing);
        type_code(&second, &page, &code).await.assert_leads_to(owner.landing);
        browser.take_new_cookies(&before, &first);
        browser.take_new_cookies(&before, &second);
        assert_eq!(browser.get(owner.landing).await.status, 200);
        assert_eq!(browser.get(&owner.path("/login/otp")).await.location(), owner.landing);
    }
}

// --- No way around it (T7) ----------------------------------------------------------------------

#[actix_web::test]
async fn a_new_password_by_an_otp_leaves_the_code_to_be_asked() {
    for owner in OWNERS {
        let app = App::start().await;
        let (_, phone, _) = owner.with_app(&app).await;
        app.clock.advance(60);
        owner.reset(&app, OTHER_PASSWORD).await;
        let browser = app.browser();
        let page = go_on(&browser, &owner.log_in(&browser, OTHER_PASSWORD).await).await;
        page.assert_shows(ASKS_CODE);
        type_code(&browser, &page, &phone.code(app.clock.now())).await.assert_leads_to(owner.landing);
    }
}

#[actix_web::test]
async fn the_otp_before_the_password_is_no_code() {
    for setting in SETTINGS {
        for owner in OWNERS {
            let app = start(setting).await;
            let (_, phone, _) = owner.with_app(&app).await;
            owner.shut(&app).await;
            let browser = app.browser();
            let page = owner.at_password_after_otp(&app, &browser).await;
            let answer = owner.type_password(&browser, &page, PASSWORD).await;
            answer.assert_leads_to(&owner.path("/login/otp"));
            let page = browser.follow(&answer).await;
            page.assert_shows(ASKS_CODE);
            assert_eq!(browser.get(&owner.path("/account")).await.status, 303);
            type_code(&browser, &page, &phone.code(app.clock.now())).await.assert_leads_to(owner.landing);
        }
    }
}

#[actix_web::test]
async fn a_known_browser_is_asked_too() {
    for owner in OWNERS {
        let app = App::start().await;
        let (browser, phone, _) = owner.with_app(&app).await;
        owner.sign_out(&browser).await;
        app.clock.advance(60);
        let answer = owner.log_in_with_code(&browser, &phone.code(app.clock.now())).await;
        answer.assert_leads_to(owner.landing);
    }
}

#[actix_web::test]
async fn a_walk_that_began_with_an_otp_ends_with_the_code_once_there_is_an_app() {
    for owner in OWNERS {
        let app = start("otp").await;
        let browser = owner.inside(&app).await;
        // Somebody with the password and a copied SMS waits at the OTP while the app is added.
        app.clock.advance(60);
        let other = app.browser();
        let waiting = go_on(&other, &owner.log_in(&other, PASSWORD).await).await;
        waiting.assert_shows("Check your email and phone");
        let otp = app.last_otp_for(owner.email).await;
        add_authenticator(&app, &browser, owner.at, owner.email).await;
        let answer = waiting.form("Continue").fill("otp", &otp).submit(&other).await;
        answer.assert_refused(&[("code", "Enter the code")]);
        // Asking for another OTP sends none.
        let before = app.messages().await.len();
        app.clock.advance(60);
        let answer = waiting.form("Send a new OTP").submit(&other).await;
        answer.assert_leads_to(&owner.path("/login/otp"));
        other.follow(&answer).await.assert_shows(ASKS_CODE);
        assert_eq!(app.messages().await.len(), before);
        assert_eq!(other.get(&owner.path("/account")).await.status, 303);
    }
}

#[actix_web::test]
async fn a_password_changed_before_the_code_leads_back_to_the_login() {
    for owner in OWNERS {
        let app = App::start().await;
        let (inside, phone, _) = owner.with_app(&app).await;
        app.clock.advance(60);
        let browser = app.browser();
        let page = owner.at_code(&browser).await;
        owner.change_password(&inside, PASSWORD, OTHER_PASSWORD).await.assert_leads_to(&owner.path("/account"));
        let answer = type_code(&browser, &page, &phone.code(app.clock.now())).await;
        answer.assert_leads_to(&owner.path("/login"));
        browser.get(&owner.path("/login/otp")).await.assert_leads_to(&owner.path("/login"));
        assert_eq!(browser.get(&owner.path("/account")).await.status, 303);
        // The code is not used up by it.
        let page = go_on(&browser, &owner.log_in(&browser, OTHER_PASSWORD).await).await;
        type_code(&browser, &page, &phone.code(app.clock.now())).await.assert_leads_to(owner.landing);
    }
}

#[actix_web::test]
async fn an_account_frozen_before_the_code_lets_nobody_in() {
    for owner in OWNERS {
        let app = App::start().await;
        let (_, phone, _) = owner.with_app(&app).await;
        app.clock.advance(60);
        let browser = app.browser();
        let page = owner.at_code(&browser).await;
        owner.freeze(&app).await;
        let answer = type_code(&browser, &page, &phone.code(app.clock.now())).await;
        answer.assert_leads_to(&owner.path("/login"));
        assert_eq!(browser.get(&owner.path("/account")).await.status, 303);
    }
}

#[actix_web::test]
async fn the_walk_is_over_after_half_an_hour() {
    let app = App::start().await;
    let (_, phone, _) = IRP.with_app(&app).await;
    let browser = app.browser();
    let page = IRP.at_code(&browser).await;
    app.clock.advance(30 * 60);
    let answer = type_code(&browser, &page, &phone.code(app.clock.now())).await;
    answer.assert_leads_to("/irp/login");
    assert_eq!(browser.follow(&answer).await.notice().unwrap(), START_HERE);
}

#[actix_web::test]
async fn a_token_planted_before_the_password_stands_nowhere_after_it() {
    for owner in OWNERS {
        let app = App::start().await;
        let (_, phone, _) = owner.with_app(&app).await;
        app.clock.advance(60);
        let (planter, victim) = (app.browser(), app.browser());
        // A session of nobody, which any page that tells something begins.
        planter.get(&owner.path("/login/otp")).await;
        let name = format!("sanad-{}", owner.portal.as_str());
        victim.set_cookie(&name, &planter.cookies()[&name]);
        let page = owner.at_code(&victim).await;
        planter.get(&owner.path("/login/otp")).await.assert_leads_to(&owner.path("/login"));
        type_code(&victim, &page, &phone.code(app.clock.now())).await.assert_leads_to(owner.landing);
        assert_eq!(planter.get(&owner.path("/account")).await.status, 303);
    }
}

// --- Before the API credentials -----------------------------------------------------------------

/// Presses the button of the hub, and stands at the page that asks for the code.
async fn ask_for_code(browser: &Browser, button: &str) -> Page {
    let form = browser.get(IRP.landing).await.form(button);
    let answer = form.submit(browser).await;
    answer.assert_leads_to("/irp/api-credentials/otp");
    let page = browser.follow(&answer).await;
    page.assert_shows(ASKS_CODE);
    page
}

/// Signed in anew with a code, a minute later.
async fn inside_again(app: &App, phone: &Phone) -> Browser {
    app.clock.advance(60);
    let browser = app.browser();
    let answer = IRP.log_in_with_code(&browser, &phone.code(app.clock.now())).await;
    answer.assert_leads_to(IRP.landing);
    browser
}

#[actix_web::test]
async fn a_code_comes_before_new_api_credentials_and_no_message_goes_out() {
    for setting in SETTINGS {
        let app = start(setting).await;
        let (_, phone, _) = IRP.with_app(&app).await;
        let browser = inside_again(&app, &phone).await;
        let before = app.messages().await.len();
        let page = ask_for_code(&browser, "Create API credentials").await;
        browser.get("/irp/api-credentials/new").await.assert_leads_to(IRP.landing);
        // That of the login was used.
        type_code(&browser, &page, &phone.code(app.clock.now())).await.assert_refused(&[("code", CODE_USED)]);
        app.clock.advance(30);
        let code = phone.code(app.clock.now());
        type_code(&browser, &page, &other_than(&code)).await.assert_refused(&[("code", CODE_WRONG)]);
        browser.get("/irp/api-credentials/new").await.assert_leads_to(IRP.landing);
        let answer = type_code(&browser, &page, &code).await;
        answer.assert_leads_to("/irp/api-credentials/new");
        assert_eq!(app.messages().await.len(), before);
        let form = browser.follow(&answer).await.form("Save and submit").fill("api_username", API_USERNAME);
        let form = form.fill("api_password", API_PASSWORD).fill("confirm_api_password", API_PASSWORD);
        form.submit(&browser).await.assert_leads_to("/irp/api-credentials/saved");
    }
}

#[actix_web::test]
async fn a_code_comes_before_a_new_api_password_and_no_message_goes_out() {
    for setting in SETTINGS {
        let app = start(setting).await;
        let own = with_credentials(&app).await;
        let (phone, page) = add_authenticator(&app, &own, "/irp", ACME.email).await;
        let browser = inside_again(&app, &phone).await;
        let before = app.messages().await.len();
        let asked = ask_for_code(&browser, "Change password").await;
        browser.get("/irp/api-credentials/change").await.assert_leads_to(IRP.landing);
        // A recovery code does as well, and only once; its mail is the only one.
        let recovery = page.all("main li code")[0].clone();
        let answer = type_code(&browser, &asked, &recovery).await;
        answer.assert_leads_to("/irp/api-credentials/change");
        let new = app.messages().await.len() - before;
        assert_eq!(new, 2, "to each address: a recovery code was used");
        let page = browser.follow(&answer).await;
        let form = page.form("Save and submit").fill("new_api_password", "Fast-Ferry_Rides 30");
        let form = form.fill("confirm_api_password", "Fast-Ferry_Rides 30");
        form.submit(&browser).await.assert_leads_to("/irp/api-credentials/saved");
        // Each change asks anew.
        let asked = ask_for_code(&browser, "Change password").await;
        type_code(&browser, &asked, &recovery).await.assert_refused(&[("code", CODE_WRONG)]);
    }
}

#[actix_web::test]
async fn the_code_pressed_twice_goes_on_and_is_no_failure() {
    let app = App::start_from("[limits]\notp_failures_per_day = 2", &[]).await;
    let (_, phone, _) = IRP.with_app(&app).await;
    let browser = inside_again(&app, &phone).await;
    let next = "/irp/api-credentials/new";
    for at_once in [false, true] {
        app.clock.advance(300);
        let form = browser.get("/irp/account/authenticator").await.form("Remove the authenticator app");
        go_on(&browser, &form.submit(&browser).await).await;
        let page = ask_for_code(&browser, "Create API credentials").await;
        let form = page.form("Continue").fill("code", &phone.code(app.clock.now()));
        let (one, other) = match at_once {
            true => join(form.submit(&browser), form.submit(&browser)).await,
            false => (form.submit(&browser).await, form.submit(&browser).await),
        };
        let (one, other) = if one.location() == next { (one, other) } else { (other, one) };
        one.assert_leads_to(next);
        assert!(other.status == 303 && other.location().starts_with("/irp/api-credentials/"), "{}", other.told());
        browser.get(next).await.assert_shows("Create API credentials");
    }
}

#[actix_web::test]
async fn the_code_for_one_operation_proves_no_other() {
    let app = App::start().await;
    let (_, phone, _) = IRP.with_app(&app).await;
    let browser = inside_again(&app, &phone).await;
    app.clock.advance(30);
    let page = ask_for_code(&browser, "Create API credentials").await;
    let answer = type_code(&browser, &page, &phone.code(app.clock.now())).await;
    answer.assert_leads_to("/irp/api-credentials/new");
    for path in ["/irp/account/authenticator/remove", "/irp/account/authenticator/new", "/irp/api-credentials/change"] {
        assert_eq!(browser.get(path).await.status, 303, "{path}");
    }
    // Nor does that of the removal create anything.
    app.clock.advance(30);
    let form = browser.get("/irp/account/authenticator").await.form("Remove the authenticator app");
    let page = go_on(&browser, &form.submit(&browser).await).await;
    let answer = type_code(&browser, &page, &phone.code(app.clock.now())).await;
    answer.assert_leads_to("/irp/account/authenticator/remove");
    browser.get("/irp/api-credentials/new").await.assert_leads_to(IRP.landing);
}

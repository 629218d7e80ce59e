//! Browsers in which an owner has proven the password and an OTP: no stranger keeps them out (T20), and they prove
//! nothing to anybody else.

use futures_util::future::join_all;

use super::{
    DAY, GST, IRP, LOCK, OWNERS, Owner, START_HERE, TOO_MANY, WORKSPACE, WRONG_LOGIN, assert_told_to_wait, device,
    files_with,
};
use crate::session::assert_cookie;
use crate::support::samples::{ACME, OTHER_PASSWORD, PASSWORD, PATEL};
use crate::support::walk::{go_on, register_to, registered_as};
use crate::support::walk_sign_in::{WRONG, at_new_authenticator, log_in_at, login_form};
use crate::support::{App, Browser, Step};

/// Behind a proxy, so that browsers have addresses.
const BEHIND_PROXY: [(&str, &str); 1] = [("TRUSTED_PROXIES", "127.0.0.1")];

/// Whoever the door is shut to, this browser is let in by it, and no other.
async fn assert_only_known(app: &App, owner: &Owner, browser: &Browser) {
    owner.shut(app).await;
    owner.assert_known(browser).await;
    owner.assert_stranger(&app.browser()).await;
}

// --- How a browser becomes known ----------------------------------------------------------------

#[actix_web::test]
async fn whoever_made_an_account_logs_in_there_at_once_whatever_strangers_do() {
    for owner in OWNERS {
        let app = App::start().await;
        let browser = owner.at_the_door(&app).await;
        assert_only_known(&app, &owner, &browser).await;
    }
}

#[actix_web::test]
async fn whoever_came_by_an_invitation_is_known_there() {
    let app = App::start().await;
    let owner = crate::support::walk_workspace::workspace_of(&app, "owner@stores.example").await;
    let browser = crate::support::walk_workspace::joined(&app, &owner, WORKSPACE.email, "member").await;
    WORKSPACE.sign_out(&browser).await;
    assert_only_known(&app, &WORKSPACE, &browser).await;
}

#[actix_web::test]
async fn a_login_with_an_otp_makes_the_browser_known() {
    for owner in OWNERS {
        let app = App::start().await;
        owner.at_the_door(&app).await;
        owner.shut(&app).await;
        let browser = app.browser();
        let page = owner.at_password_after_otp(&app, &browser).await;
        owner.assert_stranger(&browser.clone_cookies()).await;
        owner.type_password(&browser, &page, PASSWORD).await.assert_leads_to(owner.landing);
        owner.sign_out(&browser).await;
        owner.assert_known(&browser).await;
    }
}

#[actix_web::test]
async fn the_otp_before_the_api_credentials_makes_the_browser_known() {
    let app = App::start().await;
    IRP.at_the_door(&app).await;
    let browser = IRP.signed_in(&app).await;
    let form = browser.get(IRP.landing).await.form("Create API credentials");
    let page = go_on(&browser, &form.submit(&browser).await).await;
    let form = page.form("Continue").fill("otp", &app.last_otp_for(IRP.email).await);
    form.submit(&browser).await.assert_leads_to("/irp/api-credentials/new");
    IRP.sign_out(&browser).await;
    assert_only_known(&app, &IRP, &browser).await;
}

#[actix_web::test]
async fn the_otp_before_an_authenticator_makes_the_browser_known() {
    for owner in OWNERS {
        let app = App::start().await;
        owner.at_the_door(&app).await;
        let browser = owner.signed_in(&app).await;
        at_new_authenticator(&app, &browser, owner.at, owner.email).await;
        owner.sign_out(&browser).await;
        assert_only_known(&app, &owner, &browser).await;
    }
}

#[actix_web::test]
async fn a_password_alone_makes_no_browser_known() {
    for owner in OWNERS {
        let app = App::start().await;
        owner.at_the_door(&app).await;
        let browser = owner.signed_in(&app).await;
        assert!(device(&browser).is_some(), "it is known again, and trusted with nothing");
        owner.sign_out(&browser).await;
        owner.shut(&app).await;
        owner.assert_stranger(&browser).await;
    }
}

#[actix_web::test]
async fn a_wrong_otp_makes_no_browser_known() {
    let app = App::start().await;
    IRP.at_the_door(&app).await;
    let browser = IRP.signed_in(&app).await;
    let form = browser.get(IRP.landing).await.form("Create API credentials");
    let page = go_on(&browser, &form.submit(&browser).await).await;
    let wrong = super::other_than(&app.last_otp_for(IRP.email).await);
    let answer = page.form("Continue").fill("otp", &wrong).submit(&browser).await;
    assert_eq!(answer.status, 422, "{}", answer.told());
    IRP.sign_out(&browser).await;
    IRP.shut(&app).await;
    IRP.assert_stranger(&browser).await;
}

// --- What it is good for ------------------------------------------------------------------------

#[actix_web::test]
async fn it_passes_while_its_address_has_failed_too_often() {
    let file = "[limits]\nsign_in_failures_per_minute = 3\nsign_in_failures_per_hour = 3\nsign_in_posts_per_minute = 6";
    for owner in OWNERS {
        let app = App::start_from(file, &[]).await;
        let browser = owner.at_the_door(&app).await;
        for _ in 0..3 {
            log_in_at(&app.browser(), owner.at, owner.nobody, WRONG).await.assert_refused(&[("username", WRONG_LOGIN)]);
        }
        // Minute and hour are over their budgets, then the posts of the minute.
        for _ in 0..5 {
            owner.log_in(&app.browser(), PASSWORD).await.assert_error_page(429, TOO_MANY);
        }
        owner.assert_known(&browser).await;
        owner.sign_out(&browser).await;
        // No wait either, and it is told so when it is wrong.
        owner.log_in(&browser, WRONG).await.assert_refused(&[("username", WRONG_LOGIN)]);
        owner.assert_known(&browser).await;
    }
}

#[actix_web::test]
async fn nine_wrong_passwords_in_it_are_forgiven_without_a_wait() {
    for owner in OWNERS {
        let app = App::start().await;
        let browser = owner.at_the_door(&app).await;
        for _ in 0..9 {
            owner.log_in(&browser, WRONG).await.assert_refused(&[("username", WRONG_LOGIN)]);
        }
        owner.assert_known(&browser).await;
        owner.sign_out(&browser).await;
        // And forgotten: nine more are nine again.
        for _ in 0..9 {
            owner.log_in(&browser, WRONG).await.assert_refused(&[("username", WRONG_LOGIN)]);
        }
        assert_only_known(&app, &owner, &browser).await;
    }
}

#[actix_web::test]
async fn the_right_password_after_nine_wrong_ones_leaves_it_known() {
    let app = App::start().await;
    let browser = IRP.at_the_door(&app).await;
    for _ in 0..9 {
        IRP.log_in(&browser, WRONG).await.assert_refused(&[("username", WRONG_LOGIN)]);
    }
    IRP.assert_known(&browser).await;
    IRP.sign_out(&browser).await;
    assert_only_known(&app, &IRP, &browser).await;
}

#[actix_web::test]
async fn ten_wrong_passwords_make_it_a_strangers() {
    for owner in OWNERS {
        let app = App::start().await;
        let browser = owner.at_the_door(&app).await;
        for _ in 0..10 {
            owner.log_in(&browser, WRONG).await.assert_refused(&[("username", WRONG_LOGIN)]);
        }
        owner.shut(&app).await;
        owner.assert_stranger(&browser).await;
        // An OTP makes it known again.
        let page = owner.at_password_after_otp(&app, &browser).await;
        owner.type_password(&browser, &page, PASSWORD).await.assert_leads_to(owner.landing);
        owner.sign_out(&browser).await;
        owner.assert_known(&browser).await;
    }
}

#[actix_web::test]
async fn wrong_passwords_a_quarter_of_an_hour_apart_are_not_added_up() {
    let app = App::start().await;
    let browser = IRP.at_the_door(&app).await;
    for _ in 0..2 {
        for _ in 0..9 {
            IRP.log_in(&browser, WRONG).await.assert_refused(&[("username", WRONG_LOGIN)]);
        }
        app.clock.advance(LOCK);
    }
    assert_only_known(&app, &IRP, &browser).await;
}

#[actix_web::test]
async fn its_wrong_passwords_do_not_count_against_strangers() {
    let app = App::start().await;
    let browser = IRP.at_the_door(&app).await;
    for _ in 0..9 {
        IRP.log_in(&browser, WRONG).await.assert_refused(&[("username", WRONG_LOGIN)]);
    }
    // The address is over no budget, and the account waits for nobody.
    IRP.signed_in(&app).await;
    for _ in 0..5 {
        IRP.fail(&app).await.assert_refused(&[("username", WRONG_LOGIN)]);
    }
    assert_told_to_wait(&IRP.fail(&app).await, "2");
}

#[actix_web::test]
async fn parallel_guesses_in_it_count_one_by_one() {
    for owner in [IRP, GST] {
        let app = App::start().await;
        let browser = owner.at_the_door(&app).await;
        owner.shut(&app).await;
        let form = login_form(&browser, owner.at, owner.username, WRONG).await;
        let copies: Vec<Browser> = (0..16).map(|_| browser.clone_cookies()).collect();
        let answers = join_all(copies.iter().map(|copy| form.submit(copy))).await;
        // Ten are looked at; whoever comes after them is a stranger, to whom the door is shut.
        let looked_at = answers.iter().filter(|answer| answer.status == 422).count();
        assert_eq!(looked_at, 10);
        assert!(answers.iter().filter(|answer| answer.status != 422).all(|answer| answer.status == 429));
        owner.assert_stranger(&browser).await;
    }
}

// --- A success here clears nothing there (T13) --------------------------------------------------

#[actix_web::test]
async fn a_login_in_it_forgives_strangers_nothing() {
    let app = App::start().await;
    let browser = IRP.at_the_door(&app).await;
    for wait in [0, 0, 0, 0, 0, 2, 4, 8, 16] {
        app.clock.advance(wait);
        IRP.fail(&app).await.assert_refused(&[("username", WRONG_LOGIN)]);
    }
    IRP.assert_known(&browser).await;
    assert_told_to_wait(&IRP.fail(&app).await, "32");
    app.clock.advance(32);
    IRP.fail(&app).await.assert_error_page(429, super::LOCKED);
}

#[actix_web::test]
async fn a_login_in_it_forgives_its_address_nothing() {
    let app = App::start_with(&BEHIND_PROXY).await;
    let browser = IRP.at_the_door(&app).await.with_header("x-forwarded-for", "203.0.113.9");
    for username in ["27ABCDE1234F1Z0", "29ABCDE1234F2ZV"] {
        for _ in 0..5 {
            log_in_at(&app.browser_at("203.0.113.9"), "/irp", username, WRONG).await;
        }
    }
    IRP.assert_known(&browser).await;
    assert_told_to_wait(&log_in_at(&app.browser_at("203.0.113.9"), "/irp", PATEL.gstin, WRONG).await, "60");
}

#[actix_web::test]
async fn a_strangers_login_forgives_it_nothing() {
    let app = App::start().await;
    let browser = IRP.at_the_door(&app).await;
    for _ in 0..9 {
        IRP.log_in(&browser, WRONG).await.assert_refused(&[("username", WRONG_LOGIN)]);
    }
    IRP.signed_in(&app).await;
    IRP.log_in(&browser, WRONG).await.assert_refused(&[("username", WRONG_LOGIN)]);
    IRP.shut(&app).await;
    IRP.assert_stranger(&browser).await;
}

// --- For how long, and for whom -----------------------------------------------------------------

#[actix_web::test]
async fn it_is_known_for_90_days_after_the_last_proof() {
    for owner in OWNERS {
        for (passed, known) in [(90 * DAY - 100, true), (90 * DAY, false)] {
            let app = App::start().await;
            let browser = owner.at_the_door(&app).await;
            app.clock.advance(passed - 62);
            owner.shut(&app).await;
            match known {
                true => owner.assert_known(&browser).await,
                false => owner.assert_stranger(&browser).await,
            }
        }
    }
}

#[actix_web::test]
async fn a_password_does_not_lengthen_the_90_days_and_an_otp_does() {
    let app = App::start().await;
    let browser = IRP.at_the_door(&app).await;
    app.clock.advance(60 * DAY);
    IRP.assert_known(&browser).await;
    IRP.sign_out(&browser).await;
    app.clock.advance(30 * DAY);
    IRP.shut(&app).await;
    IRP.assert_stranger(&browser).await;

    let page = IRP.at_password_after_otp(&app, &browser).await;
    IRP.type_password(&browser, &page, PASSWORD).await.assert_leads_to(IRP.landing);
    IRP.sign_out(&browser).await;
    app.clock.advance(89 * DAY);
    assert_only_known(&app, &IRP, &browser).await;
}

#[actix_web::test]
async fn it_is_known_to_the_account_that_was_proven_and_to_no_other() {
    let app = App::start().await;
    IRP.at_the_door(&app).await;
    let accountant = registered_as(&app, &PATEL).await;
    IRP.sign_out(&accountant).await;
    IRP.shut(&app).await;
    IRP.assert_stranger(&accountant).await;
    // Not for the same GSTIN in another portal either.
    let app = App::start().await;
    let browser = IRP.at_the_door(&app).await;
    GST.at_the_door(&app).await;
    GST.shut(&app).await;
    GST.assert_stranger(&browser).await;
}

#[actix_web::test]
async fn an_accountants_browser_is_known_to_every_account_proven_there() {
    let app = App::start().await;
    let browser = app.browser();
    register_to(&app, &browser, &ACME, Step::Done).await;
    IRP.sign_out(&browser).await;
    register_to(&app, &browser, &PATEL, Step::Done).await;
    IRP.sign_out(&browser).await;
    let patel = Owner { username: PATEL.gstin, email: PATEL.email, ..IRP };
    assert_only_known(&app, &IRP, &browser).await;
    IRP.sign_out(&browser).await;
    assert_only_known(&app, &patel, &browser).await;
    // Ten wrong ones for one of them are no matter of the other.
    IRP.sign_out(&browser).await;
    for _ in 0..10 {
        IRP.log_in(&browser, WRONG).await.assert_refused(&[("username", WRONG_LOGIN)]);
    }
    app.clock.advance(2 * LOCK);
    assert_only_known(&app, &patel, &browser).await;
}

#[actix_web::test]
async fn a_password_changed_elsewhere_ends_it() {
    for owner in OWNERS {
        let app = App::start().await;
        let browser = owner.at_the_door(&app).await;
        let elsewhere = owner.signed_in(&app).await;
        app.clock.advance(60);
        owner.change_password(&elsewhere, PASSWORD, OTHER_PASSWORD).await.assert_leads_to(&owner.path("/account"));
        owner.shut(&app).await;
        owner.log_in(&browser, OTHER_PASSWORD).await.assert_error_page(429, super::LOCKED);
    }
}

#[actix_web::test]
async fn a_password_changed_in_it_leaves_it_known() {
    for owner in OWNERS {
        let app = App::start().await;
        let browser = owner.at_the_door(&app).await;
        owner.assert_known(&browser).await;
        app.clock.advance(60);
        owner.change_password(&browser, PASSWORD, OTHER_PASSWORD).await.assert_leads_to(&owner.path("/account"));
        owner.sign_out(&browser).await;
        owner.shut(&app).await;
        owner.log_in(&browser, OTHER_PASSWORD).await.assert_leads_to(owner.landing);
    }
}

#[actix_web::test]
async fn a_password_set_anew_by_an_otp_ends_it() {
    for owner in OWNERS {
        let app = App::start().await;
        let browser = owner.at_the_door(&app).await;
        app.clock.advance(60);
        owner.reset(&app, OTHER_PASSWORD).await;
        owner.shut(&app).await;
        owner.log_in(&browser, OTHER_PASSWORD).await.assert_error_page(429, super::LOCKED);
    }
}

// --- Planted and forged -------------------------------------------------------------------------

#[actix_web::test]
async fn a_cookie_planted_before_the_proof_gives_its_planter_nothing() {
    for owner in OWNERS {
        let app = App::start().await;
        // The planter's own browser is known to the planter's own account.
        let planter = registered_as(&app, &PATEL).await;
        IRP.sign_out(&planter).await;
        let planted = device(&planter).unwrap();

        owner.at_the_door(&app).await;
        owner.shut(&app).await;
        let victim = app.browser();
        victim.set_cookie("dev", &planted);
        let page = owner.at_password_after_otp(&app, &victim).await;
        owner.type_password(&victim, &page, PASSWORD).await.assert_leads_to(owner.landing);
        assert_ne!(device(&victim).unwrap(), planted);
        owner.assert_stranger(&planter).await;
        let copy = app.browser();
        copy.set_cookie("dev", &planted);
        owner.assert_stranger(&copy).await;
    }
}

#[actix_web::test]
async fn a_cookie_planted_before_the_account_is_made_gives_its_planter_nothing() {
    let app = App::start().await;
    let planter = registered_as(&app, &PATEL).await;
    IRP.sign_out(&planter).await;
    let victim = app.browser();
    victim.set_cookie("dev", &device(&planter).unwrap());
    register_to(&app, &victim, &ACME, Step::Done).await;
    IRP.sign_out(&victim).await;
    assert_only_known(&app, &IRP, &victim).await;
    IRP.assert_stranger(&planter).await;
}

#[actix_web::test]
async fn a_cookie_planted_before_a_step_up_gives_its_planter_nothing() {
    for owner in OWNERS {
        let app = App::start().await;
        let planter = registered_as(&app, &PATEL).await;
        IRP.sign_out(&planter).await;
        owner.at_the_door(&app).await;
        let victim = app.browser();
        victim.set_cookie("dev", &device(&planter).unwrap());
        // The password alone keeps the cookie, and trusts nobody.
        owner.log_in(&victim, PASSWORD).await.assert_leads_to(owner.landing);
        assert_eq!(device(&victim), device(&planter));
        at_new_authenticator(&app, &victim, owner.at, owner.email).await;
        assert_ne!(device(&victim), device(&planter));
        owner.sign_out(&victim).await;
        assert_only_known(&app, &owner, &victim).await;
        owner.assert_stranger(&planter).await;
    }
}

#[actix_web::test]
async fn a_forged_or_foreign_cookie_is_as_good_as_none() {
    let app = App::start().await;
    IRP.at_the_door(&app).await;
    IRP.shut(&app).await;
    let token = "0123456789abcdefghjkmnpqrs".repeat(2);
    let without = IRP.log_in(&app.browser(), PASSWORD).await;
    for forged in [token.as_str(), &token[1..], &token.to_uppercase(), "", "x", "'; DROP TABLE devices; --", "%00"] {
        let browser = app.browser();
        browser.set_cookie("dev", forged);
        let answer = IRP.log_in(&browser, PASSWORD).await;
        crate::sameness::assert_alike((&without, ""), (&answer, ""));
    }
    // A session's cookie under the other name is no device.
    let browser = app.browser();
    let own = registered_as(&app, &PATEL).await.cookies();
    browser.set_cookie("dev", &own["sanad-irp"]);
    IRP.assert_stranger(&browser).await;
}

#[actix_web::test]
async fn its_cookie_signs_nobody_in_and_gets_no_walk_further() {
    for owner in OWNERS {
        let app = App::start().await;
        let known = owner.at_the_door(&app).await;
        let browser = app.browser();
        browser.set_cookie("dev", &device(&known).unwrap());
        let page = browser.get(owner.landing).await;
        page.assert_leads_to(&format!("{}?return={}", owner.path("/login"), owner.landing));
        let page = go_on(&browser, &browser.get(&owner.path("/login/otp-first/password")).await).await;
        assert_eq!(page.notice().unwrap(), START_HERE);
    }
}

// --- The cookie itself --------------------------------------------------------------------------

const ALWAYS: [&str; 4] = ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=7776000"];

#[actix_web::test]
async fn its_cookie_is_for_the_server_only_and_lasts_90_days() {
    for owner in OWNERS {
        let app = App::start().await;
        owner.at_the_door(&app).await;
        let browser = app.browser();
        let answer = owner.log_in(&browser, PASSWORD).await;
        assert_cookie(&answer, "dev", &ALWAYS, &["Secure", "Domain", "Expires"]);
        // 260 bits of an alphabet of 32.
        assert_eq!(device(&browser).unwrap().len(), 52);
    }
}

#[actix_web::test]
async fn over_tls_its_cookie_is_secure_and_bound_to_the_host() {
    let app = App::start_with(&[("BASE_URL", "https://irp.example.in")]).await;
    let known = IRP.at_the_door(&app).await;
    assert!(device(&known).is_none(), "the name without the prefix");
    let browser = app.browser();
    let answer = IRP.log_in(&browser, PASSWORD).await;
    assert_cookie(&answer, "__Host-dev", &[&ALWAYS[..], &["Secure"]].concat(), &["Domain"]);
    // It is read under that name, and under no other.
    IRP.shut(&app).await;
    let renamed = app.browser();
    renamed.set_cookie("dev", &known.cookies()["__Host-dev"]);
    IRP.assert_stranger(&renamed).await;
    IRP.assert_known(&known).await;
}

#[actix_web::test]
async fn a_refused_login_sets_no_device_cookie_and_a_page_neither() {
    let app = App::start().await;
    IRP.at_the_door(&app).await;
    let browser = app.browser();
    IRP.log_in(&browser, WRONG).await;
    for path in ["/irp/login", "/irp/login/otp-first", "/", "/irp/register"] {
        browser.get(path).await;
    }
    assert_eq!(device(&browser), None);
}

#[actix_web::test]
async fn no_file_holds_its_token() {
    let app = App::start().await;
    let browser = IRP.at_the_door(&app).await;
    assert_eq!(files_with(&app, device(&browser).unwrap().as_bytes()), Vec::<String>::new());
}

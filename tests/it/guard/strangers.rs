//! Wrong passwords from browsers that nobody knows: waits, a lock, and after a hundred of them an OTP before the
//! password. Whether the account exists changes nothing, and how its name is spelled neither (T12).

use std::ops::Range;

use futures_util::future::join_all;
use sanad::kernel::limits::Limits;

use super::{
    GST, HOUR, IRP, LOCK, LOCKED, OTP_FIRST, OWNERS, Owner, TOO_MANY, WORKSPACE, WRONG_LOGIN, assert_told_to_wait,
};
use crate::sameness::assert_alike;
use crate::support::browser::FORM;
use crate::support::samples::{OTHER_PASSWORD, PASSWORD};
use crate::support::walk_sign_in::{WRONG, log_in_at, login_form};
use crate::support::{App, Browser, FormFill, Page};

/// A hundred is three here.
const THREE: &str = "[limits]\nsign_in_consecutive_failures = 3";

fn assert_otp_comes_first(owner: &Owner, page: &Page) {
    page.assert_error_page(429, OTP_FIRST);
    assert_eq!(page.header("retry-after"), "900");
    assert_eq!(page.link(OTP_FIRST), owner.path("/login/otp-first"));
    assert_eq!(page.link("Forgot password"), owner.path("/forgot-password"));
}

/// So many wrong passwords for `username`, a quarter of an hour apart.
async fn fail_apart(app: &App, owner: &Owner, username: &str, times: Range<usize>) -> Vec<Page> {
    let mut answers = Vec::new();
    for _ in times {
        answers.push(log_in_at(&app.browser(), owner.at, username, WRONG).await);
        app.clock.advance(LOCK);
    }
    answers
}

#[actix_web::test]
async fn waits_and_the_lock_are_the_same_in_every_portal_and_for_nobodys_name() {
    for owner in OWNERS {
        let mut answers = Vec::new();
        for username in [owner.username, owner.nobody] {
            let app = App::start().await;
            owner.at_the_door(&app).await;
            let mut of_name = Vec::new();
            for wait in [0, 0, 0, 0, 0, 2, 4, 8, 16, 32] {
                if wait > 0 {
                    let early = log_in_at(&app.browser(), owner.at, username, PASSWORD).await;
                    assert_told_to_wait(&early, &wait.to_string());
                    of_name.push(early);
                }
                app.clock.advance(wait);
                of_name.push(log_in_at(&app.browser(), owner.at, username, WRONG).await);
            }
            let locked = of_name.last().unwrap();
            locked.assert_error_page(429, LOCKED);
            assert_eq!(locked.header("retry-after"), "900");
            assert_eq!(locked.link(OTP_FIRST), owner.path("/login/otp-first"));
            answers.push(of_name);
        }
        for (known, unknown) in answers[0].iter().zip(&answers[1]) {
            assert_alike((known, owner.username), (unknown, owner.nobody));
        }
    }
}

#[actix_web::test]
async fn a_lock_is_over_after_a_quarter_of_an_hour() {
    for owner in OWNERS {
        let app = App::start().await;
        owner.at_the_door(&app).await;
        owner.shut(&app).await;
        app.clock.advance(LOCK - 1);
        owner.log_in(&app.browser(), PASSWORD).await.assert_error_page(429, LOCKED);
        app.clock.advance(1);
        owner.signed_in(&app).await;
    }
}

#[actix_web::test]
async fn a_hundred_wrong_passwords_in_a_row_let_only_an_otp_come_first() {
    let app = App::start().await;
    IRP.at_the_door(&app).await;
    for _ in 0..10 {
        IRP.shut(&app).await;
        app.clock.advance(LOCK);
    }
    // No lock is left, and waiting changes nothing.
    for waited in [0, HOUR, 30 * super::DAY] {
        app.clock.advance(waited);
        assert_otp_comes_first(&IRP, &IRP.log_in(&app.browser(), PASSWORD).await);
    }
}

#[actix_web::test]
async fn it_is_the_same_in_every_portal_and_for_nobodys_name() {
    for owner in OWNERS {
        let (known, unknown) = (App::start_from(THREE, &[]).await, App::start_from(THREE, &[]).await);
        for app in [&known, &unknown] {
            owner.at_the_door(app).await;
        }
        let mut of_known = fail_apart(&known, &owner, owner.username, 0..3).await;
        let mut of_unknown = fail_apart(&unknown, &owner, owner.nobody, 0..3).await;
        of_known.push(log_in_at(&known.browser(), owner.at, owner.username, PASSWORD).await);
        of_unknown.push(log_in_at(&unknown.browser(), owner.at, owner.nobody, PASSWORD).await);
        for (one, other) in of_known.iter().zip(&of_unknown) {
            assert_alike((one, owner.username), (other, owner.nobody));
        }
        assert_otp_comes_first(&owner, &of_known[3]);
        // The door of everybody else is as it was.
        assert_eq!(log_in_at(&known.browser(), owner.at, owner.nobody, PASSWORD).await.status, 422);
    }
}

#[actix_web::test]
async fn a_success_in_between_begins_the_hundred_anew() {
    let app = App::start_from(THREE, &[]).await;
    IRP.at_the_door(&app).await;
    for _ in 0..3 {
        fail_apart(&app, &IRP, IRP.username, 0..2).await;
        IRP.signed_in(&app).await;
    }
}

#[actix_web::test]
async fn the_right_password_at_the_last_try_is_let_in() {
    let app = App::start_from(THREE, &[]).await;
    IRP.at_the_door(&app).await;
    fail_apart(&app, &IRP, IRP.username, 0..2).await;
    IRP.signed_in(&app).await;
    // The tenth of a quarter of an hour as well.
    let app = App::start().await;
    IRP.at_the_door(&app).await;
    for wait in [0, 0, 0, 0, 0, 2, 4, 8, 16] {
        app.clock.advance(wait);
        IRP.fail(&app).await;
    }
    app.clock.advance(32);
    IRP.signed_in(&app).await;
    IRP.signed_in(&app).await;
}

#[actix_web::test]
async fn an_owner_who_came_by_an_otp_opens_the_door_for_the_password_again() {
    for owner in OWNERS {
        let app = App::start_from(THREE, &[]).await;
        owner.at_the_door(&app).await;
        fail_apart(&app, &owner, owner.username, 0..3).await;
        let browser = app.browser();
        let page = owner.at_password_after_otp(&app, &browser).await;
        // A wrong password opens nothing.
        owner.type_password(&browser, &page, WRONG).await.assert_refused(&[("password", "The password is not right")]);
        assert_otp_comes_first(&owner, &owner.log_in(&app.browser(), PASSWORD).await);
        owner.type_password(&browser, &page, PASSWORD).await.assert_leads_to(owner.landing);
        owner.signed_in(&app).await;
    }
}

#[actix_web::test]
async fn a_new_password_opens_the_door_again() {
    for owner in OWNERS {
        let app = App::start_from(THREE, &[]).await;
        owner.at_the_door(&app).await;
        fail_apart(&app, &owner, owner.username, 0..3).await;
        owner.reset(&app, OTHER_PASSWORD).await;
        owner.log_in(&app.browser(), OTHER_PASSWORD).await.assert_leads_to(owner.landing);
    }
    let app = App::start_from(THREE, &[]).await;
    let browser = IRP.at_the_door(&app).await;
    fail_apart(&app, &IRP, IRP.username, 0..3).await;
    IRP.assert_known(&browser).await;
    IRP.change_password(&browser, PASSWORD, OTHER_PASSWORD).await.assert_leads_to("/irp/account");
    IRP.log_in(&app.browser(), OTHER_PASSWORD).await.assert_leads_to(IRP.landing);
}

#[actix_web::test]
async fn a_known_browser_passes_and_opens_the_door_for_no_stranger() {
    for owner in OWNERS {
        let app = App::start_from(THREE, &[]).await;
        let browser = owner.at_the_door(&app).await;
        fail_apart(&app, &owner, owner.username, 0..3).await;
        owner.assert_known(&browser).await;
        assert_otp_comes_first(&owner, &owner.log_in(&app.browser(), PASSWORD).await);
    }
}

#[actix_web::test]
async fn spellings_of_one_name_share_their_counters() {
    let cases = [
        (IRP, ["29abcde1234f1zw", " 29ABCDE1234F1ZW ", "29-ABCDE-1234 F1ZW"]),
        (GST, ["ACMEGST01", " acmegst01", "AcmeGst01\t"]),
        (WORKSPACE, ["PELICAN@stores.example", " pelican@STORES.example ", "Pelican@Stores.Example"]),
    ];
    for (owner, spellings) in cases {
        let app = App::start_from(THREE, &[]).await;
        owner.at_the_door(&app).await;
        for spelling in spellings {
            fail_apart(&app, &owner, spelling, 0..1).await[0].assert_refused(&[("username", WRONG_LOGIN)]);
        }
        assert_otp_comes_first(&owner, &owner.log_in(&app.browser(), PASSWORD).await);
    }
}

#[actix_web::test]
async fn parallel_guesses_stop_at_the_hundred_too() {
    let app = App::start_from(THREE, &[]).await;
    IRP.at_the_door(&app).await;
    let browsers: Vec<_> = (0..8).map(|_| app.browser()).collect();
    let answers = join_all(browsers.iter().map(|browser| IRP.log_in(browser, WRONG))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 422).count(), 3);
    assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 5);
}

#[actix_web::test]
async fn a_password_in_the_wrong_field_stands_in_no_file() {
    let app = App::start().await;
    for owner in OWNERS {
        log_in_at(&app.browser(), owner.at, "my secret word 99", WRONG).await;
    }
    for spelling in ["my secret word 99", "MY SECRET WORD 99"] {
        assert_eq!(super::files_with(&app, spelling.as_bytes()), Vec::<String>::new());
    }
}

// --- The change of a password when signed in -----------------------------------------------------

#[actix_web::test]
async fn strangers_block_no_change_of_the_password() {
    for owner in OWNERS {
        let app = App::start_from(THREE, &[]).await;
        owner.at_the_door(&app).await;
        let browser = owner.signed_in(&app).await;
        for wait in [0, 0, 0, 0, 0, 2, 4, 8, 16, 32] {
            app.clock.advance(wait);
            owner.fail(&app).await;
        }
        assert_eq!(owner.fail(&app).await.status, 429);
        owner.change_password(&browser, PASSWORD, OTHER_PASSWORD).await.assert_leads_to(&owner.path("/account"));
    }
}

#[actix_web::test]
async fn wrong_current_passwords_lock_nobody_out_and_end_the_session() {
    for owner in OWNERS {
        let app = App::start().await;
        let known = owner.at_the_door(&app).await;
        let browser = owner.signed_in(&app).await;
        let copy = browser.clone_cookies();
        for wait in [0, 0, 0, 0, 0, 2, 4, 8, 16] {
            app.clock.advance(wait);
            let page = owner.change_password(&browser, WRONG, OTHER_PASSWORD).await;
            page.assert_refused(&[("current_password", "The current password is not right")]);
        }
        app.clock.advance(32);
        let last = owner.change_password(&browser, WRONG, OTHER_PASSWORD).await;
        last.assert_error_page(429, LOCKED);
        assert!(!last.html.contains("otp-first"), "nobody signed in needs that");
        for ended in [browser, copy] {
            assert_eq!(ended.get(&owner.path("/account")).await.status, 303);
        }
        // Neither strangers nor the known browser wait.
        owner.signed_in(&app).await;
        owner.assert_known(&known).await;
    }
}

#[actix_web::test]
async fn parallel_wrong_current_passwords_count_one_by_one() {
    let app = App::start().await;
    let browser = IRP.with_account(&app).await;
    let form = browser.get("/irp/account/password").await.form("Change password");
    let form = form.fill("current_password", WRONG).fill("new_password", OTHER_PASSWORD);
    let form = form.fill("confirm_password", OTHER_PASSWORD);
    let copies: Vec<_> = (0..12).map(|_| browser.clone_cookies()).collect();
    let answers = join_all(copies.iter().map(|copy| form.submit(copy))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 422).count(), 5);
    assert!(answers.iter().filter(|answer| answer.status != 422).all(|answer| answer.h1() == TOO_MANY));
}

// --- While the service is too busy to look at a password ----------------------------------------

/// The form's answer, which may be the 503 page.
async fn post(browser: &Browser, form: &FormFill) -> u16 {
    browser.post_raw(&form.action, &form.body(), FORM).await.status
}

#[actix_web::test]
async fn a_password_that_nobody_looked_at_is_no_failure() {
    for owner in OWNERS {
        let mut app = App::start().await;
        let known = owner.at_the_door(&app).await;
        for wait in [0, 0, 0, 0, 0, 2, 4, 8, 16] {
            app.clock.advance(wait);
            owner.fail(&app).await.assert_refused(&[("username", WRONG_LOGIN)]);
        }
        for _ in 0..9 {
            owner.log_in(&known, WRONG).await.assert_refused(&[("username", WRONG_LOGIN)]);
        }
        app.clock.advance(32);
        make_busy(&mut app, true).await;
        // The tenth of a stranger locks nothing and begins no wait; that of a known browser distrusts it not.
        for browser in [&app.browser(), &app.moved(&known)] {
            for _ in 0..3 {
                let form = login_form(browser, owner.at, owner.username, PASSWORD).await;
                assert_eq!(post(browser, &form).await, 503);
            }
        }
        make_busy(&mut app, false).await;
        owner.fail(&app).await.assert_error_page(429, LOCKED);
        owner.assert_known(&app.moved(&known)).await;
    }
}

#[actix_web::test]
async fn a_current_password_that_nobody_looked_at_is_no_failure() {
    let mut app = App::start().await;
    let browser = IRP.with_account(&app).await;
    make_busy(&mut app, true).await;
    let busy = app.moved(&browser);
    let form = busy.get("/irp/account/password").await.form("Change password").fill("current_password", PASSWORD);
    let form = form.fill("new_password", OTHER_PASSWORD).fill("confirm_password", OTHER_PASSWORD);
    for _ in 0..11 {
        assert_eq!(post(&busy, &form).await, 503);
    }
    make_busy(&mut app, false).await;
    let browser = app.moved(&browser);
    IRP.change_password(&browser, PASSWORD, OTHER_PASSWORD).await.assert_leads_to("/irp/account");
}

/// Leaves no place for a password hash, or as many as ever.
async fn make_busy(app: &mut App, busy: bool) {
    let usual = Limits::default();
    let (at_once, queue) = if busy { (0, 0) } else { (usual.hash_at_once, usual.hash_queue) };
    app.restart_with(|settings| {
        settings.limits.hash_at_once = at_once;
        settings.limits.hash_queue = queue;
    })
    .await;
}

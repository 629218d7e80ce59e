//! M6: the owner hears of a login from a browser that the account was not used in before, and of no other.

use diesel::RunQueryDsl as _;

use super::{GST, HOUR, IRP, NEW_LOGIN, OWNERS, Owner, WORKSPACE, events_of, other_than, type_code};
use crate::support::samples::{ACME, ACME_OTHER_EMAIL, OTHER_PASSWORD, PASSWORD, PATEL};
use crate::support::walk::{Step, go_on, register_to};
use crate::support::walk_sign_in::WRONG;
use crate::support::{App, Message};

/// The mails that tell of a new browser.
async fn told(app: &App) -> Vec<Message> {
    app.messages().await.into_iter().filter(|message| message.subject == NEW_LOGIN).collect()
}

/// How many mails tell of one login.
fn addresses(owner: &Owner) -> usize {
    if owner.portal == WORKSPACE.portal { 1 } else { 2 }
}

#[actix_web::test]
async fn a_login_from_a_new_browser_is_told_once() {
    for owner in OWNERS {
        let app = App::start().await;
        owner.at_the_door(&app).await;
        let browser = owner.signed_in(&app).await;
        assert_eq!(told(&app).await.len(), addresses(&owner));
        for _ in 0..2 {
            owner.sign_out(&browser).await;
            app.clock.advance(HOUR);
            owner.assert_known(&browser).await;
        }
        assert_eq!(told(&app).await.len(), addresses(&owner));
        assert_eq!(events_of(&app, &owner.id(&app).await, "new_device").await, ["accepted"]);
        // Another one is new again.
        owner.signed_in(&app).await;
        assert_eq!(told(&app).await.len(), 2 * addresses(&owner));
    }
}

#[actix_web::test]
async fn whoever_made_the_account_there_hears_nothing() {
    for owner in OWNERS {
        let app = App::start().await;
        let browser = owner.at_the_door(&app).await;
        owner.assert_known(&browser).await;
        assert_eq!(told(&app).await, []);
        assert_eq!(events_of(&app, &owner.id(&app).await, "new_device").await, Vec::<String>::new());
    }
}

#[actix_web::test]
async fn the_mail_says_which_account_where_when_and_what_to_do() {
    for (owner, account, area) in [
        (IRP, ACME.gstin, "IRP"),
        (GST, ACME.gstin, "GST portal"),
        (WORKSPACE, WORKSPACE.email, "e-Invoicing workspace"),
    ] {
        let app = App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
        owner.at_the_door(&app).await;
        app.clock.advance(600);
        owner.log_in(&app.browser_at("203.0.113.9"), PASSWORD).await.assert_leads_to(owner.landing);
        let mails = told(&app).await;
        let mut to: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
        to.sort_unstable();
        match owner.portal == WORKSPACE.portal {
            true => assert_eq!(to, [owner.email]),
            false => assert_eq!(to, [ACME_OTHER_EMAIL, ACME.email]),
        }
        for mail in mails {
            assert_eq!(mail.channel, "Email");
            let link = format!("{}/forgot-password", app.url(owner.at));
            let facts =
                ["21/11/2026 17:11 IST", "203.0.113.9", "Firefox/140.0", "If that was you, there is nothing to do."];
            for told in [account, area, &link].iter().chain(&facts) {
                assert!(mail.text.contains(told), "{told}: {}", mail.text);
            }
            assert!(!mail.text.contains(PASSWORD));
        }
    }
}

#[actix_web::test]
async fn a_wrong_password_is_no_login() {
    let app = App::start().await;
    IRP.at_the_door(&app).await;
    let browser = app.browser();
    IRP.log_in(&browser, WRONG).await;
    assert_eq!(told(&app).await, []);
    IRP.log_in(&browser, PASSWORD).await.assert_leads_to(IRP.landing);
    assert_eq!(told(&app).await.len(), 2);
}

#[actix_web::test]
async fn with_an_otp_at_every_login_it_is_told_after_the_otp() {
    for owner in OWNERS {
        let app = App::start_with(&[("SIGN_IN", "otp")]).await;
        owner.at_the_door(&app).await;
        let browser = app.browser();
        let page = go_on(&browser, &owner.log_in(&browser, PASSWORD).await).await;
        let otp = app.last_otp_for(owner.email).await;
        page.form("Continue").fill("otp", &other_than(&otp)).submit(&browser).await;
        assert_eq!(told(&app).await, []);
        page.form("Continue").fill("otp", &otp).submit(&browser).await.assert_leads_to(owner.landing);
        assert_eq!(told(&app).await.len(), addresses(&owner));
        owner.sign_out(&browser).await;
        app.clock.advance(HOUR);
        owner.come_in(&app, &browser).await;
        assert_eq!(told(&app).await.len(), addresses(&owner));
    }
}

#[actix_web::test]
async fn with_an_authenticator_it_is_told_after_the_code() {
    let app = App::start().await;
    let (_, phone, _) = IRP.with_app(&app).await;
    app.clock.advance(60);
    let browser = app.browser();
    let page = IRP.at_code(&browser).await;
    assert_eq!(told(&app).await, []);
    type_code(&browser, &page, &phone.code(app.clock.now())).await.assert_leads_to(IRP.landing);
    assert_eq!(told(&app).await.len(), 2);
}

#[actix_web::test]
async fn an_otp_before_the_password_is_told_too() {
    for owner in OWNERS {
        let app = App::start().await;
        owner.at_the_door(&app).await;
        owner.shut(&app).await;
        let browser = app.browser();
        let page = owner.at_password_after_otp(&app, &browser).await;
        assert_eq!(told(&app).await, []);
        owner.type_password(&browser, &page, PASSWORD).await.assert_leads_to(owner.landing);
        assert_eq!(told(&app).await.len(), addresses(&owner));
    }
}

#[actix_web::test]
async fn a_browser_is_new_to_each_account_apart() {
    let app = App::start().await;
    IRP.at_the_door(&app).await;
    let browser = app.browser();
    register_to(&app, &browser, &PATEL, Step::Done).await;
    IRP.sign_out(&browser).await;
    IRP.log_in(&browser, PASSWORD).await.assert_leads_to(IRP.landing);
    let mails = told(&app).await;
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().all(|mail| mail.text.contains(ACME.gstin)));
    // And the other account's browser it stays.
    IRP.sign_out(&browser).await;
    let patel = Owner { username: PATEL.gstin, ..IRP };
    patel.log_in(&browser, PASSWORD).await.assert_leads_to(IRP.landing);
    assert_eq!(told(&app).await.len(), 2);
}

#[actix_web::test]
async fn the_same_gstin_in_two_portals_is_two_accounts() {
    let app = App::start().await;
    GST.at_the_door(&app).await;
    let browser = IRP.at_the_door(&app).await;
    GST.log_in(&browser, PASSWORD).await.assert_leads_to(GST.landing);
    let mails = told(&app).await;
    assert_eq!(mails.len(), 2);
    assert!(mails.iter().all(|mail| mail.text.contains("GST portal")));
}

#[actix_web::test]
async fn a_step_up_in_a_browser_keeps_it_known_to_everybody() {
    let app = App::start().await;
    GST.at_the_door(&app).await;
    let browser = IRP.at_the_door(&app).await;
    GST.log_in(&browser, PASSWORD).await.assert_leads_to(GST.landing);
    let before = told(&app).await.len();
    IRP.assert_known(&browser).await;
    let form = browser.get(IRP.landing).await.form("Create API credentials");
    let page = go_on(&browser, &form.submit(&browser).await).await;
    let form = page.form("Continue").fill("otp", &app.last_otp_for(ACME.email).await);
    form.submit(&browser).await.assert_leads_to("/irp/api-credentials/new");
    // Its cookie is another one now, and both accounts know it.
    for owner in [IRP, GST] {
        owner.sign_out(&browser).await;
        owner.assert_known(&browser).await;
    }
    assert_eq!(told(&app).await.len(), before);
}

#[actix_web::test]
async fn after_a_new_password_every_other_browser_is_new() {
    let app = App::start().await;
    let browser = IRP.at_the_door(&app).await;
    app.clock.advance(60);
    IRP.reset(&app, OTHER_PASSWORD).await;
    IRP.log_in(&browser, OTHER_PASSWORD).await.assert_leads_to(IRP.landing);
    assert_eq!(told(&app).await.len(), 2);
}

#[actix_web::test]
async fn a_browser_that_was_not_used_for_90_days_is_new() {
    let app = App::start().await;
    let browser = IRP.at_the_door(&app).await;
    app.clock.advance(90 * super::DAY + 1);
    sweep(&app).await;
    IRP.log_in(&browser, PASSWORD).await.assert_leads_to(IRP.landing);
    assert_eq!(told(&app).await.len(), 2);
}

/// What the sweeper does with browsers once an hour.
async fn sweep(app: &App) {
    let before = app.clock.now().plus(-app.kit.settings.limits.device_life);
    let swept = app.kit.store.write(move |c| sanad::store::devices::delete_unseen_since(c, before)).await;
    assert_eq!(swept.unwrap(), 1);
}

#[actix_web::test]
async fn login_browser_and_mail_are_one_transaction_with_the_record() {
    let app = App::start().await;
    IRP.at_the_door(&app).await;
    let id = IRP.id(&app).await;
    let trigger = "CREATE TRIGGER no_new_device BEFORE INSERT ON events WHEN NEW.action = 'new_device' \
                   BEGIN SELECT RAISE(ABORT, 'no'); END";
    app.kit.store.write(move |c| Ok(diesel::sql_query(trigger).execute(c)?)).await.unwrap();
    let (browser, before) = (app.browser(), events_of(&app, &id, "sign_in").await);
    let login = browser.get("/irp/login").await.form("Login").fill("username", ACME.gstin).fill("password", PASSWORD);
    let answer = browser.post_raw(&login.action, &login.body(), crate::support::browser::FORM).await;
    assert!(answer.status >= 500, "{}", answer.told());
    assert_eq!(browser.get("/irp/account").await.status, 303);
    assert_eq!(events_of(&app, &id, "sign_in").await, before);
    assert_eq!(told(&app).await, []);
    // Once it can be recorded it is, and the browser is a new one still.
    app.kit.store.write(|c| Ok(diesel::sql_query("DROP TRIGGER no_new_device").execute(c)?)).await.unwrap();
    IRP.log_in(&browser, PASSWORD).await.assert_leads_to(IRP.landing);
    assert_eq!(told(&app).await.len(), 2);
    assert_eq!(events_of(&app, &id, "new_device").await, ["accepted"]);
}

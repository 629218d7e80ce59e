//! What ends a session of the IRP's door before its time: the token is dead when the act is done.

use diesel::RunQueryDsl as _;
use sanad::store::{StoreError, credentials, integrators};

use crate::machine::{HOUR, MINUTE, freeze_account, set_status};
use crate::support::samples::{ACME, API_PASSWORD};
use crate::support::software::{ERP, Session, SignIn};
use crate::support::walk::{API_USERNAME, go_on, with_credentials};
use crate::support::{App, Browser, Software};

const HUB: &str = "/irp/api-credentials";
const OTHER_API_PASSWORD: &str = "Early-Heron_Walks 31";

/// Software of ACME in a session that works.
async fn in_session() -> (App, Browser, Software, Session) {
    let app = App::start().await;
    let browser = with_credentials(&app).await;
    let software = Software::of(&app).await;
    let session = software.session(&SignIn::of_acme()).await;
    assert!(software.works(&session).await);
    (app, browser, software, session)
}

/// Chooses another API password on the pages, with an OTP.
pub async fn change_password(app: &App, browser: &Browser, password: &str) {
    app.clock.advance(MINUTE);
    let page = go_on(browser, &browser.get(HUB).await.form("Change password").submit(browser).await).await;
    let otp = app.last_otp_for(ACME.email).await;
    let page = go_on(browser, &page.form("Continue").fill("otp", &otp).submit(browser).await).await;
    let form = page.form("Save and submit").fill("new_api_password", password);
    let answer = form.fill("confirm_api_password", password).submit(browser).await;
    answer.assert_leads_to("/irp/api-credentials/saved");
}

#[actix_web::test]
async fn another_api_password_ends_the_session_and_opens_a_new_one() {
    let (app, browser, software, session) = in_session().await;
    change_password(&app, &browser, OTHER_API_PASSWORD).await;
    software.look_up(&session, ACME.gstin).await.assert_irp("1005");
    software.sign_in(&SignIn::of_acme()).await.assert_irp("1019");
    let with = SignIn { password: OTHER_API_PASSWORD.to_owned(), ..SignIn::of_acme() };
    let next = software.session(&with).await;
    assert_ne!(next.token, session.token);
    assert!(software.works(&next).await && !software.works(&session).await);
}

#[actix_web::test]
async fn the_sessions_of_every_integrator_end_with_the_api_password() {
    let (app, browser, software, session) = in_session().await;
    let other = Software::of_integrator(&app, "other-erp", |_| {}).await;
    let others = other.session(&SignIn::of_acme()).await;
    change_password(&app, &browser, OTHER_API_PASSWORD).await;
    assert!(!software.works(&session).await && !other.works(&others).await);
}

#[actix_web::test]
async fn a_change_that_is_given_up_ends_nothing() {
    let (app, browser, software, session) = in_session().await;
    app.clock.advance(MINUTE);
    let page = go_on(&browser, &browser.get(HUB).await.form("Change password").submit(&browser).await).await;
    let otp = app.last_otp_for(ACME.email).await;
    let page = go_on(&browser, &page.form("Continue").fill("otp", &otp).submit(&browser).await).await;
    let form = page.form("Save and submit").fill("new_api_password", OTHER_API_PASSWORD);
    let answer = form.fill("confirm_api_password", API_PASSWORD).submit(&browser).await;
    assert_eq!(answer.status, 422, "{}", answer.told());
    assert_eq!(software.session(&SignIn::of_acme()).await, session);
    assert!(software.works(&session).await);
}

#[actix_web::test]
async fn frozen_credentials_have_no_session_and_get_none_until_they_are_let_in_again() {
    let (app, _, software, session) = in_session().await;
    set_status(&app, credentials::FROZEN).await;
    assert!(!software.works(&session).await);
    software.sign_in(&SignIn::of_acme()).await.assert_irp("1014");
    set_status(&app, credentials::ACTIVE).await;
    assert!(!software.works(&session).await, "what has ended does not come back");
    let next = software.session(&SignIn::of_acme()).await;
    assert_ne!(next.token, session.token);
    assert!(software.works(&next).await);
}

#[actix_web::test]
async fn removed_credentials_have_no_session_and_no_user() {
    let (app, _, software, session) = in_session().await;
    let removed = app.kit.store.write(move |c| {
        let credential = credentials::find_by_username(c, API_USERNAME)?.expect("ACME has credentials");
        credentials::delete(c, &credential.id)
    });
    removed.await.unwrap();
    assert!(!software.works(&session).await);
    software.sign_in(&SignIn::of_acme()).await.assert_irp("1017");
}

/// A freeze whose transaction comes to nothing must not have ended the token by itself.
#[actix_web::test]
async fn a_session_ends_in_the_transaction_that_shuts_its_credentials_out() {
    let (app, _, software, session) = in_session().await;
    let now = app.clock.now();
    let undone = app.kit.store.write(move |c| {
        let credential = credentials::find_by_username(c, API_USERNAME)?.expect("ACME has credentials");
        credentials::set_status(c, &credential.id, credentials::FROZEN, now)?;
        credentials::delete(c, &credential.id)?;
        Err::<(), _>(StoreError::Undone)
    });
    assert!(matches!(undone.await, Err(StoreError::Undone)));
    assert!(software.works(&session).await);
    assert_eq!(software.session(&SignIn::of_acme()).await, session);
}

#[actix_web::test]
async fn a_frozen_account_has_no_session() {
    let (app, _, software, session) = in_session().await;
    freeze_account(&app, "irp").await;
    assert!(!software.works(&session).await);
    software.sign_in(&SignIn::of_acme()).await.assert_irp("1014");
}

#[actix_web::test]
async fn a_disabled_integrator_has_no_session_and_its_key_is_none() {
    let (app, _, software, session) = in_session().await;
    let other = Software::of_integrator(&app, "other-erp", |_| {}).await;
    let others = other.session(&SignIn::of_acme()).await;
    let now = app.clock.now();
    assert!(app.kit.store.write(move |c| integrators::disable(c, ERP, now)).await.unwrap());
    software.look_up(&session, ACME.gstin).await.assert_irp("1010");
    software.sign_in(&SignIn::of_acme()).await.assert_irp("1010");
    assert!(other.works(&others).await, "nobody else's");
}

#[actix_web::test]
async fn a_token_from_the_future_is_none_and_the_next_one_is_the_same_within_its_life() {
    let (app, _, software, before) = in_session().await;
    let with = SignIn::of_acme();
    app.clock.advance(7 * HOUR);
    let future = software.session(&with).await;
    app.clock.advance(-7 * HOUR);
    assert!(software.works(&before).await && !software.works(&future).await);
    assert_eq!(software.session(&with).await.token, before.token);
}

#[actix_web::test]
async fn a_token_whose_key_is_gone_does_not_keep_software_out() {
    let (app, _, software, before) = in_session().await;
    let lose = move |c: &mut _| Ok(diesel::sql_query("UPDATE tokens SET key_id = '00000000'").execute(c)?);
    assert_eq!(app.kit.store.write(lose).await.unwrap(), 1);
    let after = software.session(&SignIn::of_acme()).await;
    assert!(after.token != before.token && software.works(&after).await);
}

//! Both dialogues on PostgreSQL, where several write at once.

use futures_util::future::join_all;

use crate::support::samples::*;
use crate::support::software::SignIn;
use crate::support::walk::{API_USERNAME, with_credentials};
use crate::support::walk_gst::with_api_access;
use crate::support::{App, Software};

#[actix_web::test]
async fn of_many_sign_ins_at_once_all_get_the_same_token() {
    let app = App::on_postgres().await;
    with_credentials(&app).await;
    let software = Software::of(&app).await;
    let with = SignIn::of_acme();
    let sessions = join_all((0..8).map(|_| software.session(&with))).await;
    assert!(sessions.iter().all(|session| session.token == sessions[0].token));
    assert!(software.works(&sessions[0]).await);
}

#[actix_web::test]
async fn a_changed_password_ends_the_session_and_a_no_ends_the_other() {
    let app = App::on_postgres().await;
    with_credentials(&app).await;
    let software = Software::of(&app).await;
    let session = software.session(&SignIn::of_acme()).await;
    let now = app.clock.now();
    let changed = app.kit.store.write(move |c| {
        let credential = sanad::store::credentials::find_by_username(c, API_USERNAME)?.unwrap();
        sanad::store::credentials::set_password(c, &credential.id, &credential.password_hash, now)
    });
    changed.await.unwrap();
    software.look_up(&session, ACME.gstin).await.assert_irp("1005");

    let app = App::on_postgres().await;
    with_api_access(&app, "7d").await;
    let software = Software::of(&app).await;
    let session = software.gst_session(&app).await;
    let session = software.refreshed(&session).await;
    let now = app.clock.now();
    let off = app.kit.store.write(move |c| sanad::store::api_access::set_off(c, ACME.gstin, now));
    assert!(off.await.unwrap());
    software.refresh(&session).await.assert_gstn("AUTH4037");
}

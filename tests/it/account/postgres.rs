//! The same on PostgreSQL, where several write at once.

use super::sessions::{UNSLOWED, alive, assert_five_of_many};
use super::{HOUSES, IRP};
use crate::support::App;
use crate::support::samples::PASSWORD;
use crate::support::walk::go_on;

#[actix_web::test]
async fn many_sign_ins_at_once_leave_five_sessions() {
    let app = App::on_postgres_from(UNSLOWED).await;
    for house in HOUSES {
        assert_five_of_many(&app, house).await;
    }
}

#[actix_web::test]
async fn other_sessions_end_and_what_happened_stands_in_the_record() {
    let app = App::on_postgres().await;
    let owner = IRP.owner(&app).await;
    let other = IRP.another(&app).await;
    let form = owner.get("/irp/account/devices").await.form_to("/irp/account/devices");
    let page = go_on(&owner, &form.fill("current_password", PASSWORD).submit(&owner).await).await;
    assert_eq!(page.notice().unwrap(), "You are signed out everywhere else.");
    assert_eq!(alive(&app, IRP).await, 1);
    assert_eq!(IRP.told_at_login(&other).await.unwrap(), "You were signed out from another of your devices.");
    let page = owner.get("/irp/account/activity?kind=sign-ins").await;
    assert_eq!(page.all("main tbody td")[1], "All other devices signed out");
    assert!(owner.get("/irp/account/activity.csv").await.html.contains("All other devices signed out"));
}

//! GET `/taxpayerapi/certificate.pem`: the key of app keys, in the form that clients of the GST system load.

use std::fs;

use crate::support::App;
use crate::support::software::{CERTIFICATE, PublicKey, SelfSigned, Software};

fn software(app: &App) -> Software {
    Software::at(app.client(), app.url(""), "demo", "demo-secret")
}

#[actix_web::test]
async fn the_certificate_is_signed_by_its_own_4096_bit_key_and_valid_for_decades() {
    let app = App::start().await;
    let certificate = SelfSigned::of_pem(&software(&app).file(CERTIFICATE).await);
    assert_eq!(certificate.key.bits, 4096);
    // Before the tests begin, in 2026, and long after.
    assert!(certificate.not_before.as_str() <= "260101000000Z", "{}", certificate.not_before);
    assert!(certificate.not_after.as_str() >= "460101000000Z", "{}", certificate.not_after);
}

#[actix_web::test]
async fn the_certificate_stays_the_same_over_a_restart_as_long_as_the_key_does() {
    let mut app = App::start().await;
    let first = software(&app).file(CERTIFICATE).await;
    app.clock.advance(86_400);
    app.restart().await;
    assert_eq!(software(&app).file(CERTIFICATE).await, first);
    fs::remove_file(app.kit.settings.keys_dir.join("gstn.pem")).unwrap();
    app.restart().await;
    let other = software(&app).file(CERTIFICATE).await;
    assert_ne!(SelfSigned::of_pem(&other).key.der, SelfSigned::of_pem(&first).key.der, "another key, another one");
}

#[actix_web::test]
async fn each_door_has_a_key_of_its_own() {
    let app = App::start().await;
    let (irp, gstn) = (software(&app).file("/eivital/public-key.pem").await, software(&app).file(CERTIFICATE).await);
    assert_ne!(PublicKey::of_pem(&irp).der, SelfSigned::of_pem(&gstn).key.der);
}

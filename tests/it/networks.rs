//! `security.md` 3.6: who has many IPv6 addresses is counted by the /64 they are in, and by the /48 at four times the
//! budget.

use crate::support::samples::PASSWORD;
use crate::support::software::Software;
use crate::support::walk::log_in;
use crate::support::{App, Page};

const ONE_GSTIN_EACH: &str = "[limits]\nsign_in_failures_per_minute = 2\neligibility_per_hour = 1\n";

async fn portal() -> App {
    App::start_from(ONE_GSTIN_EACH, &[("TRUSTED_PROXIES", "127.0.0.1")]).await
}

/// A failed sign-in from that address, to an account of its own.
async fn fail(app: &App, address: &str, number: usize) -> Page {
    log_in(&app.browser_at(address), &format!("nobody{number}"), PASSWORD).await
}

#[actix_web::test]
async fn a_network_of_many_networks_has_four_times_the_budget_of_one() {
    let app = portal().await;
    for number in 0..8 {
        // Two failures in each of four networks, from an address of its own each time.
        let address = format!("2001:db8:1:{}::{number}", number / 2);
        assert_eq!(fail(&app, &address, number).await.status, 422, "{address}");
    }
    let refused = fail(&app, "2001:db8:1:77::1", 8).await;
    refused.assert_error_page(429, "Too many tries");
    assert_eq!(refused.header("retry-after"), "60");
    for elsewhere in ["2001:db8:2:77::1", "203.0.113.9"] {
        assert_eq!(fail(&app, elsewhere, 9).await.status, 422, "{elsewhere}");
    }
    app.clock.advance(60);
    assert_eq!(fail(&app, "2001:db8:1:77::1", 10).await.status, 422);
}

#[actix_web::test]
async fn one_network_of_many_has_the_budget_of_one_address() {
    let app = portal().await;
    assert_eq!(fail(&app, "2001:db8:1:1::1", 0).await.status, 422);
    assert_eq!(fail(&app, "2001:db8:1:1:ffff::2", 1).await.status, 422);
    fail(&app, "2001:db8:1:1:1:2:3:4", 2).await.assert_error_page(429, "Too many tries");
    assert_eq!(fail(&app, "2001:db8:1:2::1", 3).await.status, 422);
}

#[actix_web::test]
async fn an_ipv4_address_is_counted_by_itself_however_it_is_written() {
    let app = portal().await;
    assert_eq!(fail(&app, "203.0.113.1", 0).await.status, 422);
    assert_eq!(fail(&app, "::ffff:203.0.113.1", 1).await.status, 422);
    fail(&app, "203.0.113.1", 2).await.assert_error_page(429, "Too many tries");
    for number in 2..12 {
        assert_eq!(fail(&app, &format!("203.0.113.{number}"), number).await.status, 422);
    }
}

#[actix_web::test]
async fn different_gstins_are_counted_in_both() {
    let app = portal().await;
    let check = async |address: &str, gstin: &str| {
        let browser = app.browser_at(address);
        let page = browser.get("/irp/register").await;
        page.form("Continue").fill("gstin", gstin).submit(&browser).await.status
    };
    let gstins = ["29ABCDE1234F1ZW", "24FGHIJ5678K1Z7", "33KLMNO9012P1ZE", "24MNPDQ8080S1Z7"];
    for (number, gstin) in gstins.into_iter().enumerate() {
        assert_eq!(check(&format!("2001:db8:5:{number}::1"), gstin).await, 303, "{gstin}");
    }
    assert_eq!(check("2001:db8:5:99::1", "27ABCDE1234F1Z0").await, 429);
    assert_eq!(check("2001:db8:6:99::1", "27ABCDE1234F1Z0").await, 303);
}

#[actix_web::test]
async fn wrong_keys_of_software_are_counted_in_both() {
    let file = "[limits]\nintegrator_failures_per_minute = 1\n";
    let app = App::start_from(file, &[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let stranger = Software::with_key(&app, "nobody", "nothing");
    let addresses = ["2001:db8:7:0::1", "2001:db8:7:1::1", "2001:db8:7:2::1", "2001:db8:7:3::1"];
    for address in addresses {
        assert_eq!(stranger.at_address(address).introspect("x").await.status, 401, "{address}");
    }
    assert_eq!(stranger.at_address("2001:db8:7:4::1").introspect("x").await.status, 429);
    assert_eq!(stranger.at_address("2001:db8:8:4::1").introspect("x").await.status, 401);
}

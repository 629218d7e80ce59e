//! C10, what the documents' portal does and Sanad does not.

use crate::support::App;
use crate::support::walk_gst::*;

const TITLE: &str = "This is not part of this service";

/// What leads there, and the words that say where it is done.
const ELSEWHERE: [(&str, &str, &str); 9] = [
    ("/gst/dashboard", "RETURN DASHBOARD", "Returns"),
    ("/gst/dashboard", "CREATE CHALLAN", "Create Challan"),
    ("/gst/dashboard", "Check Cash Balance", "Ledgers"),
    ("/gst/dashboard", "Liability ledger", "Ledgers"),
    ("/gst/dashboard", "Credit ledger", "Ledgers"),
    ("/gst/profile", "Register / Update DSC", "My Profile"),
    ("/gst/profile", "Application to Opt for composition Scheme", "Registration"),
    ("/gst/profile", "Amendment", "Registration"),
    ("/gst/profile", "Stock intimation for opting Composition Scheme", "Registration"),
];

#[actix_web::test]
async fn every_link_of_dashboard_and_profile_leads_to_a_page() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for start in ["/gst/dashboard", "/gst/profile", "/gst/profile/other-business"] {
        let links = browser.get(start).await.links("a[href]");
        assert!(links.len() > 15, "{links:?}");
        for (text, address) in links.iter().filter(|(_, address)| *address != "#main") {
            let page = match address.as_str() {
                // The start of a portal leads on at once.
                "/gst" => crate::support::walk::go_on(&browser, &browser.get(address).await).await,
                _ => browser.get(address).await,
            };
            assert_eq!(page.status, 200, "{text}: {}", page.told());
        }
    }
}

#[actix_web::test]
async fn what_is_not_here_says_what_it_is_and_where_it_is_done() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for (start, what, place) in ELSEWHERE {
        let links = browser.get(start).await.links("main a");
        let fits = |text: &str| text.strip_suffix(" >").unwrap_or(text) == what;
        let (_, address) = links.into_iter().find(|(text, _)| fits(text)).unwrap_or_else(|| panic!("{what}"));
        let page = browser.get(&address).await;
        page.assert_shows(TITLE);
        for told in [what, place, "services.gst.gov.in"] {
            assert!(page.has(told), "{told}: {}", page.told());
        }
        // The place is told as text: nobody is led out of here by a button that looks like ours.
        assert!(page.links("a").iter().all(|(_, address)| address.starts_with('/') || address == "#main"));
        browser.get(&page.link("Go to the dashboard")).await.assert_shows("Dashboard");
    }
}

#[actix_web::test]
async fn each_of_them_has_an_address_of_its_own() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let mut addresses = Vec::new();
    for start in ["/gst/dashboard", "/gst/profile"] {
        let links = browser.get(start).await.links("main a").into_iter();
        addresses.extend(links.map(|(_, address)| address).filter(|address| address.starts_with("/gst/not-here/")));
    }
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), ELSEWHERE.len());
}

#[actix_web::test]
async fn anything_else_is_not_found() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let long = "x".repeat(5_000);
    for what in [
        "",
        "unknown",
        "DSC",
        "dsc.html",
        "dsc/more",
        "dsc%00",
        "%20dsc",
        "%2e%2e%2fdashboard",
        "..%5c..%5cetc%5cpasswd",
        "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "%ff%fe",
        "%E0%A4%B8%E0%A4%A8%E0%A4%A6",
        &long,
    ] {
        for visitor in [&browser, &app.browser()] {
            let page = visitor.get(&format!("/gst/not-here/{what}")).await;
            page.assert_error_page(404, "Page not found");
            assert!(!page.html.contains("<script>alert"));
        }
    }
}

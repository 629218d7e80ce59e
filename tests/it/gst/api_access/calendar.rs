//! The end of API access as a file for the person's calendar.

use super::{CALENDAR, DURATIONS, HOUR, open};
use crate::support::samples::*;
use crate::support::walk::go_on;
use crate::support::walk_gst::*;
use crate::support::{App, Browser};

/// The calendar file as lines, unfolded.
async fn calendar(browser: &Browser) -> Vec<String> {
    let page = browser.get(CALENDAR).await;
    assert_eq!(page.status, 200, "{}", page.told());
    assert_eq!(page.html.matches('\n').count(), page.html.matches("\r\n").count(), "lines end with CR and LF");
    page.html.replace("\r\n ", "").split_terminator("\r\n").map(str::to_owned).collect()
}

/// The first line of that name.
fn line<'a>(calendar: &'a [String], name: &str) -> &'a str {
    let found = calendar.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    found.unwrap_or_else(|| panic!("{name}: {calendar:?}"))
}

#[actix_web::test]
async fn the_end_can_be_added_to_a_calendar_while_it_is_on() {
    let app = App::start().await;
    let browser = with_api_access(&app, "7d").await;
    let page = browser.get(&open(&browser).await.link("Add to calendar")).await;
    assert_eq!((page.path.as_str(), page.status), (CALENDAR, 200));
    assert!(page.header("content-type").starts_with("text/calendar"), "{}", page.header("content-type"));
    assert_eq!(page.header("content-disposition"), "attachment; filename=\"api-access.ics\"");
    assert!(page.header("cache-control").contains("no-store"));

    let calendar = calendar(&browser).await;
    assert_eq!((calendar[0].as_str(), calendar.last().unwrap().as_str()), ("BEGIN:VCALENDAR", "END:VCALENDAR"));
    // 17:01 IST.
    assert_eq!(line(&calendar, "DTSTART"), "20261128T113100Z");
    assert!(line(&calendar, "SUMMARY").contains(ACME.gstin));
    let alarm = calendar.iter().position(|line| line == "BEGIN:VALARM").unwrap();
    assert!(line(&calendar[alarm..], "TRIGGER").starts_with('-'));
}

#[actix_web::test]
async fn each_duration_ends_in_the_calendar_when_it_ends() {
    let ends = ["20261121T173100Z", "20261121T233100Z", "20261128T113100Z", "20261221T113100Z"];
    for ((value, ..), end) in DURATIONS.into_iter().zip(ends) {
        let app = App::start().await;
        let browser = with_api_access(&app, value).await;
        assert_eq!(line(&calendar(&browser).await, "DTSTART"), end, "{value}");
    }
}

#[actix_web::test]
async fn a_later_file_replaces_the_entry_of_an_earlier_one() {
    let app = App::start().await;
    let browser = with_api_access(&app, "30d").await;
    let first = calendar(&browser).await;
    app.clock.advance(30);
    assert_eq!(calendar(&browser).await, first, "the same switch gives the same file");
    app.clock.advance(30);
    go_on(&browser, &choose_yes(&browser, "7d").await).await;
    let second = calendar(&browser).await;
    app.clock.advance(1);
    go_on(&browser, &choose_no(&browser).await).await;
    app.clock.advance(1);
    go_on(&browser, &choose_yes(&browser, "7d").await).await;
    let third = calendar(&browser).await;

    let sequence = |calendar: &[String]| line(calendar, "SEQUENCE").parse::<i64>().unwrap();
    assert!(sequence(&first) < sequence(&second) && sequence(&second) < sequence(&third));
    for later in [&second, &third] {
        assert_eq!(line(later, "UID"), line(&first, "UID"));
    }
}

#[actix_web::test]
async fn two_taxpayers_have_entries_of_their_own() {
    let app = App::start().await;
    let acme = with_api_access(&app, "30d").await;
    let patel = signed_in_as(&app, &PATEL, "patel2026").await;
    assert_eq!(patel.get(CALENDAR).await.status, 404);
    assert_eq!(patel.get(&format!("{CALENDAR}?gstin={}", ACME.gstin)).await.status, 404);
    go_on(&patel, &choose_yes(&patel, "30d").await).await;
    let (acmes, patels) = (calendar(&acme).await, calendar(&patel).await);
    assert_ne!(line(&acmes, "UID"), line(&patels, "UID"));
    assert!(!patels.concat().contains(ACME.gstin));
}

#[actix_web::test]
async fn there_is_no_calendar_file_while_it_is_off() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let off = async |browser: &Browser| {
        browser.get(CALENDAR).await.assert_error_page(404, "Page not found");
        assert!(!open(browser).await.has("Add to calendar"));
    };
    off(&browser).await;
    go_on(&browser, &choose_yes(&browser, "6h").await).await;
    go_on(&browser, &choose_no(&browser).await).await;
    off(&browser).await;
    go_on(&browser, &choose_yes(&browser, "6h").await).await;
    app.clock.advance(6 * HOUR);
    off(&signed_in_again(&app).await).await;
}

#[actix_web::test]
async fn the_signed_out_get_no_calendar_file() {
    let app = App::start().await;
    with_api_access(&app, "30d").await;
    app.browser().get(CALENDAR).await.assert_leads_to("/gst/login");
}

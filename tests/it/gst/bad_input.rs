//! What no person types into the pages behind the login of the GST portal, or writes into their addresses.

use sanad::store::api_access;

use crate::bad_input::refuses_all;
use crate::support::browser::FORM;
use crate::support::samples::*;
use crate::support::walk_gst::*;
use crate::support::{App, Browser, FormFill};

/// Every page behind the login that can be opened.
const PAGES: [&str; 9] = [
    "/gst/dashboard",
    "/gst/profile",
    "/gst/profile/place-of-business",
    "/gst/profile/contacts",
    "/gst/profile/other-business",
    "/gst/profile/api-access",
    "/gst/notices",
    "/gst/notices.csv",
    "/gst/not-here/dsc",
];

async fn form(browser: &Browser) -> FormFill {
    browser.get(API_ACCESS).await.form("CONFIRM").fill("enable", "yes").fill("duration", "30d")
}

async fn assert_never_on(app: &App) {
    let found = app.kit.store.read(|c| api_access::find(c, ACME.gstin)).await.unwrap();
    assert_eq!(found, None);
}

#[actix_web::test]
async fn no_wrong_choice_breaks_manage_api_access() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let form = form(&browser).await;
    refuses_all(&browser, &form, "enable", None).await;
    refuses_all(&browser, &form, "duration", None).await;
    assert_never_on(&app).await;
    form.submit(&browser).await.assert_leads_to(API_ACCESS);
}

#[actix_web::test]
async fn a_wrong_choice_leaves_the_other_one_as_it_was() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let form = form(&browser).await;
    for value in ["ｙｅｓ", "３０d", "हाँ", "yes\r\nSet-Cookie: x=y", "30d\0"] {
        for (field, other, kept) in [("enable", "duration", "30d"), ("duration", "enable", "yes")] {
            let answer = form.clone().forge(field, value.as_bytes()).submit(&browser).await;
            assert_eq!(answer.errors().len(), 1, "{field}, {value:?}: {}", answer.told());
            assert_eq!(answer.form("CONFIRM").value(other), kept, "{field}, {value:?}");
        }
    }
}

#[actix_web::test]
async fn fields_that_nobody_asked_for_do_nothing() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let mut form = form(&browser).await;
    for (name, value) in [("gstin", PATEL.gstin), ("until", "9999999999"), ("account_id", "x"), ("", "x")] {
        form = form.with(name, value.as_bytes());
    }
    form.submit(&browser).await.assert_leads_to(API_ACCESS);
    let patels = app.kit.store.read(|c| api_access::find(c, PATEL.gstin)).await.unwrap();
    assert_eq!(patels, None);
    let page = browser.get(API_ACCESS).await;
    assert!(page.has("API access is on until 21/12/2026 17:01 IST."), "{}", page.told());
}

#[actix_web::test]
async fn a_body_that_is_no_form_or_too_big_is_refused() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let form = form(&browser).await;
    let body = form.body();
    for kind in ["application/json", "multipart/form-data; boundary=x", "text/plain", ""] {
        assert_eq!(browser.post_raw(API_ACCESS, &body, kind).await.status, 415, "{kind}");
    }
    let huge = form.forge("duration", &vec![b'x'; 70_000]).body();
    assert_eq!(browser.post_raw(API_ACCESS, &huge, FORM).await.status, 413);
    for broken in
        [&b""[..], b"&&&===", b"%", b"%zz=%zz", b"enable=yes&duration=30d", b"csrf=%00&enable=yes", b"\xff\xfe"]
    {
        let page = browser.post_raw(API_ACCESS, broken, FORM).await;
        page.assert_error_page(403, "This form is out of date");
    }
    assert_never_on(&app).await;
}

#[actix_web::test]
async fn no_query_changes_what_a_page_is_or_shows_raw() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let queries = [
        "?".to_owned(),
        "?&&==&".to_owned(),
        "?%".to_owned(),
        "?%zz=%zz".to_owned(),
        "?kind=%00&page=%00".to_owned(),
        "?kind=%ff%fe&page=%ff".to_owned(),
        "?kind=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E&page=%3Cscript%3Ealert(1)%3C%2Fscript%3E".to_owned(),
        "?kind=%0d%0aSet-Cookie:%20x=y".to_owned(),
        "?kind=ａｐｉ&page=２".replace(|letter: char| !letter.is_ascii(), "%EF%BC%92"),
        "?kind[]=account&page[]=2".to_owned(),
        "?enable=yes&duration=30d&csrf=x".to_owned(),
        format!("?kind={}", "x".repeat(10_000)),
        format!("?{}", "page=9&".repeat(1_000)),
    ];
    for address in PAGES {
        let plain = browser.get(address).await;
        for query in &queries {
            let page = browser.get(&format!("{address}{query}")).await;
            assert_eq!(page.status, 200, "{address}{query:.60}: {}", page.told());
            assert!(!page.html.contains("<script>alert") && page.header("set-cookie").find("x=y").is_none());
            assert_eq!(page.header("content-type"), plain.header("content-type"), "{address}{query:.60}");
        }
    }
    assert_never_on(&app).await;
}

#[actix_web::test]
async fn addresses_near_a_page_are_not_found() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for address in [
        "/gst/profile/api-access.ICS",
        "/gst/profile/api-access.ics%00",
        "/gst/profile/api-access/x",
        "/gst/profile/..%2fdashboard",
        "/gst/profile/contacts.csv",
        "/gst/profile/29ABCDE1234F1ZW",
        "/gst/notices.CSV",
        "/gst/notices/1",
        "/gst/dashboard%00",
        "/gst/%ff%fe",
        "/gst/not-here",
    ] {
        browser.get(address).await.assert_error_page(404, "Page not found");
    }
}

#[actix_web::test]
async fn a_page_that_only_shows_takes_no_form() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for address in PAGES.into_iter().filter(|address| *address != API_ACCESS).chain(["/gst/profile/api-access.ics"]) {
        let page = browser.post_raw(address, b"kind=account", FORM).await;
        assert_eq!(page.status, 405, "{}", page.told());
    }
    for method in ["PUT", "DELETE", "PATCH"] {
        let page = browser.request(method, API_ACCESS, &[("content-type", FORM)], Some(b"enable=yes".to_vec())).await;
        assert_eq!(page.status, 405, "{method}");
    }
    assert_never_on(&app).await;
}

//! `/help/passwords` and `/help/error-codes`: which secret is which, and what a code of software means.

use sanad::kernel::gstn_code::GstnCode;
use sanad::kernel::irp_code::IrpCode;

use crate::support::App;

#[actix_web::test]
async fn the_four_secrets_are_told_apart() {
    let app = App::start().await;
    let help = app.browser().get("/help").await;
    let page = app.browser().get(&help.link("Which of my passwords is this?")).await;
    page.assert_shows("Which of my passwords is this?");
    let headings = page.all("main h2");
    for secret in ["The account password", "The API password", "The GST password", "The client secret"] {
        assert!(headings.iter().any(|heading| heading == secret), "{headings:?}");
    }
    assert!(page.has("The password of the Government’s own GST portal is another one: never enter it here."));
    assert_eq!(page.link("Error codes of software"), "/help/error-codes");
}

#[actix_web::test]
async fn each_code_has_plain_words_of_its_own() {
    let app = App::start().await;
    let page = app.browser().get("/help/error-codes").await;
    page.assert_shows("Error codes of software");
    let irp = IrpCode::ALL.iter().map(|code| (code.code(), code.text()));
    let all: Vec<(&str, &str)> = irp.chain(GstnCode::ALL.iter().map(|code| (code.code(), code.text()))).collect();
    assert_eq!(page.all("main tbody tr").len(), all.len());
    for (code, says) in all {
        let row = page.all(&format!("main tbody tr[id='{code}'] > *"));
        let [shown, told, means] = row.as_slice() else { panic!("{code}: {row:?}") };
        assert_eq!((shown.as_str(), told.as_str()), (code, says));
        assert!(means.len() > 30 && means != says, "{code}: {means}");
    }
}

#[actix_web::test]
async fn the_sample_page_shows_what_software_needs() {
    let app = App::start().await;
    let page = app.browser().get("/demo").await;
    let own = |path: &str| app.url(path);
    assert_eq!(
        page.details(),
        [
            ("IRP", own("/eivital/v1.04").as_str()),
            ("GST system", &own("/taxpayerapi/v1.0")),
            ("Client id", "demo"),
            ("Client secret", "demo-secret"),
        ]
        .map(|(term, description)| (term.to_owned(), description.to_owned()))
    );
}

#[actix_web::test]
async fn a_key_of_demo_mode_that_was_changed_is_not_shown_and_comes_back_with_no_restart() {
    let mut app = App::start().await;
    let now = app.clock.now();
    let rotated = app.kit.store.write(move |c| sanad::store::integrators::set_secret(c, "demo", "another", now));
    assert!(rotated.await.unwrap());
    for _ in 0..2 {
        let page = app.browser().get("/demo").await;
        assert!(page.has("was changed or disabled") && !page.has("demo-secret"));
        app.restart().await;
    }
}

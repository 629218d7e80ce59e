//! What is said about a switch: S5 and M7 when it is on, M9 when it is off.

use super::{DURATIONS, messages};
use crate::support::App;
use crate::support::samples::*;
use crate::support::walk::go_on;
use crate::support::walk_gst::*;

#[actix_web::test]
async fn every_registered_address_is_told_that_it_is_on() {
    for (value, _, _, until) in DURATIONS {
        let app = App::start().await;
        with_api_access(&app, value).await;
        let words = match value {
            "6h" => "for 6 hours",
            "12h" => "for 12 hours",
            "7d" => "for 7 days",
            _ => "for 30 days",
        };
        let messages = messages(&app).await;
        let mails: Vec<_> = messages.iter().filter(|message| message.channel == "Email").collect();
        let mut to: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
        to.sort_unstable();
        assert_eq!(to, [ACME_OTHER_EMAIL, ACME.email]);
        for mail in mails {
            assert_eq!(mail.subject, format!("API access is on until {until} IST"));
            let link = app.url(API_ACCESS);
            let told = [
                "GSTIN 29ABCDE1234F1ZW",
                words,
                until,
                &link,
                "choose No",
                "21/11/2026 17:01 IST",
                "127.0.0.1",
                "Firefox/140.0",
            ];
            for told in told {
                assert!(mail.text.contains(told), "{told}: {}", mail.text);
            }
            assert!(!mail.text.contains(PASSWORD) && !mail.text.contains("{"), "{}", mail.text);
        }
    }
}

#[actix_web::test]
async fn every_registered_phone_is_told_in_exactly_these_words() {
    let app = App::start().await;
    with_api_access(&app, "30d").await;
    let messages = messages(&app).await;
    let sms: Vec<_> = messages.iter().filter(|message| message.channel == "SMS").collect();
    for phone in [ACME.phone, ACME_OTHER_PHONE] {
        assert_eq!(sms.iter().filter(|sms| sms.to.ends_with(phone)).count(), 1, "{sms:?}");
    }
    let expected = "Sanad: API access for GSTIN ending F1ZW is ON till 21/12/2026 17:01 IST. Not you? Turn it off at \
        127.0.0.1";
    assert!(sms.len() == 2 && sms.iter().all(|sms| sms.text == expected), "{sms:?}");
}

#[actix_web::test]
async fn a_taxpayer_without_a_phone_is_told_by_mail_alone() {
    let app = App::start().await;
    let browser = signed_in_as(&app, &CERAMICS, "ceramics2026").await;
    go_on(&browser, &choose_yes(&browser, "7d").await).await;
    let to: Vec<String> = messages(&app).await.into_iter().map(|message| message.to).collect();
    assert_eq!(to, [CERAMICS.email]);
}

#[actix_web::test]
async fn another_yes_is_told_with_the_new_end() {
    let app = App::start().await;
    let browser = with_api_access(&app, "30d").await;
    app.clock.advance(60);
    go_on(&browser, &choose_yes(&browser, "7d").await).await;
    let messages = messages(&app).await;
    let newest = &messages[..4];
    assert_eq!(messages.len(), 8);
    assert!(newest.iter().all(|message| message.text.contains("28/11/2026 17:02 IST")), "{newest:?}");
}

#[actix_web::test]
async fn every_registered_address_is_told_that_it_is_off_and_by_whom() {
    let app = App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    with_api_access(&app, "30d").await;
    app.clock.advance(120);
    let browser = app.browser_at("103.87.129.201");
    log_in(&browser, USERNAME, PASSWORD).await;
    go_on(&browser, &choose_no(&browser).await).await;
    let messages = messages(&app).await;
    let mails: Vec<_> = messages.iter().filter(|message| message.subject == "API access is off").collect();
    assert_eq!(mails.len(), 2);
    for mail in mails {
        let link = app.url(API_ACCESS);
        for told in ["GSTIN 29ABCDE1234F1ZW", "21/11/2026 17:03 IST", "103.87.129.201", "Firefox/140.0", &link] {
            assert!(mail.text.contains(told), "{told}: {}", mail.text);
        }
    }
    // S5 says that it is on; there is no such message for off.
    assert_eq!(messages.iter().filter(|message| message.channel == "SMS").count(), 2);
}

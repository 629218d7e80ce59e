//! Messages on their way out: to a real SMTP server, and to an SMS gateway.

mod gateway;
mod rows;
mod server;
#[path = "../browser/wait.rs"]
mod wait;

use std::net::TcpListener;
use std::time::Duration;

use gateway::Gateway;
use rows::{row_after_failures, row_in, rows};
use sanad::kernel::api_access::{self, Switch};
use sanad::kernel::contact::Email;
use sanad::kernel::role::Role;
use sanad::notify::messages::{Cause, Writer};
use sanad::notify::{Outbox, calendar};
use serde_json::json;
use server::{Attachment, Certificate, Mail, MailServer, Talks, free_port};
pub use wait::eventually;

use crate::support::members::{member, workspace};
use crate::support::samples::*;
use crate::support::walk::{go_on, register_to, registered};
use crate::support::walk_workspace::{PEOPLE, invite};
use crate::support::{App, Browser, Page, Step};

const MINUTE: i64 = 60;
/// The path of Manage API Access.
const MANAGE: &str = "/gst/profile/api-access";

/// A portal that sends mail over an address.
async fn sending_over(url: &str) -> App {
    App::start_with(&[("SMTP_URL", url), ("MAIL_FROM", "Sanad <irp@sanad.example>")]).await
}

/// The same, with an authority of its own to trust.
async fn sending_over_tls(url: &str, certificate: &Certificate) -> App {
    let authority = certificate.authority.display().to_string();
    App::start_with(&[("SMTP_URL", url), ("SMTP_CA", &authority)]).await
}

/// The page that waits for the OTP of a taxpayer with one email address and one phone, in a fresh browser.
async fn ask_for_otp(app: &App) -> (Browser, Page) {
    let browser = app.browser();
    let page = register_to(app, &browser, &PATEL, Step::Otp).await;
    (browser, page)
}

/// The OTP that a mail begins with.
fn otp_of(mail: &Mail) -> String {
    mail.text.split_once(" is your OTP to ").expect("an OTP").0.to_owned()
}

/// Registers with the OTP of the mail and nothing else.
async fn verify_with(browser: &Browser, page: &Page, mail: &Mail) {
    let form = page.form("Verify").fill("otp", &otp_of(mail));
    let page = go_on(browser, &form.submit(browser).await).await;
    page.assert_shows("Email address and phone number verified");
}

// --- Mail ---------------------------------------------------------------------------------------

#[tokio::test]
async fn an_otp_mail_arrives_whole_and_its_text_is_wiped_from_the_outbox() {
    let server = MailServer::start(Talks::Plain).await;
    let app = sending_over(&format!("smtp://127.0.0.1:{}", server.port)).await;
    let (browser, page) = ask_for_otp(&app).await;

    let mail = server.expect_one().await;
    let row = row_in(&app, "email", "sent").await;
    assert_eq!(mail.message_id, format!("<{}@127.0.0.1>", row.id));
    assert_eq!(mail.from, "Sanad <irp@sanad.example>");
    assert_eq!((mail.to.as_str(), mail.recipient.as_str()), (PATEL.email, PATEL.email));
    assert_eq!(mail.subject, "Your OTP to register");
    assert_eq!(mail.parts, ["text/plain", "text/html"]);

    let otp = otp_of(&mail);
    let core =
        format!("{otp} is your OTP to register for GSTIN {}. It works until 17:11 IST on 21/11/2026.", PATEL.gstin);
    let warning = "We never ask for it by phone or email. If you did not ask for it, ignore this email.";
    for part in [&mail.text, &mail.html] {
        assert!(part.contains(&core) && part.contains(warning), "{part}");
    }
    assert!(!mail.html.contains("<img"));
    assert_eq!((row.kind.as_str(), row.body, row.attempts), ("otp_register", None, 1));
    verify_with(&browser, &page, &mail).await;
}

#[tokio::test]
async fn every_registered_address_gets_the_otp_and_the_notice_and_nobody_a_password() {
    let server = MailServer::start(Talks::Plain).await;
    let app = sending_over(&format!("smtp://127.0.0.1:{}", server.port)).await;
    registered(&app).await;
    let mails = server.expect(4).await;
    let mut arrived: Vec<(&str, &str)> =
        mails.iter().map(|mail| (mail.subject.as_str(), mail.recipient.as_str())).collect();
    arrived.sort_unstable();
    let (otp, notice) = ("Your OTP to register", "Account created for GSTIN …F1ZW");
    let expected = [(notice, ACME_OTHER_EMAIL), (notice, ACME.email), (otp, ACME_OTHER_EMAIL), (otp, ACME.email)];
    assert_eq!(arrived, expected);
    assert!(mails.iter().all(|mail| !mail.text.contains(PASSWORD) && !mail.html.contains(PASSWORD)));
}

#[tokio::test]
async fn what_somebody_calls_a_workspace_is_text_in_every_part_of_a_mail() {
    let names = [
        "<img src=x onerror=alert(1)>",
        "Acme =?utf-8?B?DQpCY2M6IHhAZXhhbXBsZS5pbg==?= Stores",
        "Acme\", <x@example.in>, \"",
        "अक्मे محمد 😀",
        "=cmd|' /C calc'!A0",
    ];
    let server = MailServer::start(Talks::Plain).await;
    let app = sending_over(&format!("smtp://127.0.0.1:{}", server.port)).await;
    for (number, name) in names.into_iter().enumerate() {
        let own = workspace(&app, name).await;
        let owner = member(&app, &own, &format!("owner{number}@acme.example"), Role::Owner).await;
        let to = format!("vikram{number}@acme.example");
        invite(&owner, &to, "member").await.assert_leads_to(PEOPLE);
        // The owner hears of the new login, too.
        let mails = server.expect(2 * (number + 1)).await;
        let mail = mails.into_iter().find(|mail| mail.recipient == to).unwrap();
        // Nothing that the name hides is decoded.
        let shown = name.replace("=?", "= ?");
        assert!(mail.subject.ends_with(&format!("invited you to {shown}")), "{}", mail.subject);
        assert_eq!((&mail.to, &mail.recipient, mail.from.as_str()), (&to, &to, "Sanad <irp@sanad.example>"));
        assert_eq!((mail.parts.len(), mail.attachments.len()), (2, 0));
        assert!(mail.text.contains(name), "{}", mail.text);
        let shown: String = scraper::Html::parse_document(&mail.html).root_element().text().collect();
        assert!(shown.contains(name) && !mail.html.contains("<img"), "{}", mail.html);
    }
}

#[tokio::test]
async fn mail_goes_through_starttls_with_an_authority_of_our_own() {
    let certificate = Certificate::made_for("localhost");
    let server = MailServer::start(Talks::StartTls(&certificate)).await;
    let app = sending_over_tls(&format!("smtp+starttls://localhost:{}", server.port), &certificate).await;
    let (browser, page) = ask_for_otp(&app).await;
    verify_with(&browser, &page, &server.expect_one().await).await;
}

#[tokio::test]
async fn mail_goes_through_tls_from_the_first_byte() {
    let certificate = Certificate::made_for("localhost");
    let server = MailServer::start(Talks::Tls(&certificate)).await;
    let app = sending_over_tls(&format!("smtps://localhost:{}", server.port), &certificate).await;
    let (browser, page) = ask_for_otp(&app).await;
    verify_with(&browser, &page, &server.expect_one().await).await;
}

/// The first try has failed without a trace at the server; after the wait the mail goes out to the right one.
async fn waits_for_the_right_server(app: &App, wrong: MailServer, certificate: &Certificate) {
    let (browser, page) = ask_for_otp(app).await;
    row_after_failures(app, "email", 1).await;
    assert!(wrong.mails().is_empty());
    let port = wrong.port;
    drop(wrong);

    let right = MailServer::start_on(port, Talks::StartTls(certificate)).await;
    app.clock.advance(5);
    verify_with(&browser, &page, &right.expect_one().await).await;
}

#[tokio::test]
async fn a_server_without_starttls_gets_nothing_and_the_mail_waits() {
    let certificate = Certificate::made_for("localhost");
    let server = MailServer::start(Talks::Plain).await;
    let app = sending_over_tls(&format!("smtp+starttls://localhost:{}", server.port), &certificate).await;
    waits_for_the_right_server(&app, server, &certificate).await;
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_gets_nothing_and_the_mail_waits() {
    let (certificate, unknown) = (Certificate::made_for("localhost"), Certificate::made_for("localhost"));
    let server = MailServer::start(Talks::StartTls(&unknown)).await;
    let app = sending_over_tls(&format!("smtp+starttls://localhost:{}", server.port), &certificate).await;
    waits_for_the_right_server(&app, server, &certificate).await;
}

#[tokio::test]
async fn a_server_whose_authority_we_were_not_told_gets_nothing() {
    let certificate = Certificate::made_for("localhost");
    let server = MailServer::start(Talks::StartTls(&certificate)).await;
    let app = sending_over(&format!("smtp+starttls://localhost:{}", server.port)).await;
    ask_for_otp(&app).await;
    row_after_failures(&app, "email", 1).await;
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn a_server_with_the_certificate_of_another_name_gets_nothing() {
    let certificate = Certificate::made_for("mail.example");
    let server = MailServer::start(Talks::StartTls(&certificate)).await;
    let app = sending_over_tls(&format!("smtp+starttls://localhost:{}", server.port), &certificate).await;
    ask_for_otp(&app).await;
    row_after_failures(&app, "email", 1).await;
    assert!(server.mails().is_empty());
}

/// The server takes the connection and never says a word, which is worse than being down.
#[tokio::test]
async fn people_register_at_once_while_the_mail_server_hangs_and_get_their_mail_when_it_is_back() {
    let hanging = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = hanging.local_addr().unwrap().port();
    let app = sending_over(&format!("smtp://127.0.0.1:{port}")).await;
    // A mail server has 10 seconds for a mail.
    let registering = tokio::time::timeout(Duration::from_secs(5), async {
        for who in [&ACME, &PATEL] {
            register_to(&app, &app.browser(), who, Step::Otp).await;
        }
    });
    registering.await.expect("no page waits for a mail server");
    assert!(rows(&app, "email").await.iter().all(|row| row.state != "sent"));

    drop(hanging);
    eventually("a failure of each", async || {
        let rows = rows(&app, "email").await;
        rows.iter().all(|row| row.state == "queued" && row.attempts == 1).then_some(())
    })
    .await;
    let server = MailServer::start_on(port, Talks::Plain).await;
    app.clock.advance(5);
    let mails = server.expect(3).await;
    let mut recipients: Vec<&str> = mails.iter().map(|mail| mail.recipient.as_str()).collect();
    recipients.sort_unstable();
    assert_eq!(recipients, [ACME_OTHER_EMAIL, ACME.email, PATEL.email]);
}

#[tokio::test]
async fn a_mail_server_that_never_says_a_word_is_given_up_and_tried_again() {
    let hanging = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", hanging.local_addr().unwrap());
    let settings = [("SMTP_URL", url.as_str()), ("MAIL_FROM", "Sanad <irp@sanad.example>")];
    let app = App::start_from("[limits]\nmail_seconds = 1", &settings).await;
    ask_for_otp(&app).await;
    let row = row_after_failures(&app, "email", 1).await;
    assert_eq!(row.last_error.as_deref(), Some("the mail server took too long"));
    app.clock.advance(5);
    row_after_failures(&app, "email", 2).await;
}

#[tokio::test]
async fn a_mail_is_tried_again_after_longer_and_longer_waits() {
    let port = free_port();
    let app = sending_over(&format!("smtp://127.0.0.1:{port}")).await;
    let (browser, page) = ask_for_otp(&app).await;
    for (attempts, wait) in [(1, 5), (2, 10), (3, 20)] {
        let row = row_after_failures(&app, "email", attempts).await;
        assert_eq!(row.next_attempt_at - app.clock.now().seconds(), wait);
        app.clock.advance(wait);
    }
    row_after_failures(&app, "email", 4).await;
    let server = MailServer::start_on(port, Talks::Plain).await;
    app.clock.advance(40);
    let mail = server.expect_one().await;
    let row = row_in(&app, "email", "sent").await;
    assert!(mail.message_id.contains(&row.id) && row.attempts == 5, "{row:?}");
    verify_with(&browser, &page, &mail).await;
}

#[tokio::test]
async fn an_otp_mail_that_has_expired_is_never_sent() {
    let port = free_port();
    let app = sending_over(&format!("smtp://127.0.0.1:{port}")).await;
    let (browser, page) = ask_for_otp(&app).await;
    row_after_failures(&app, "email", 1).await;
    app.clock.advance(10 * MINUTE);
    let row = row_in(&app, "email", "expired").await;
    assert_eq!((row.body, row.attempts), (None, 2));

    // The next one is sent, and alone.
    let server = MailServer::start_on(port, Talks::Plain).await;
    let page = go_on(&browser, &page.form("Send a new OTP").submit(&browser).await).await;
    let mail = server.expect_one().await;
    assert!(mail.text.contains("It works until 17:21 IST"), "{}", mail.text);
    verify_with(&browser, &page, &mail).await;
}

#[tokio::test]
async fn a_calendar_comes_with_the_notice_that_api_access_is_on() {
    let server = MailServer::start(Talks::Plain).await;
    let app = sending_over(&format!("smtp://127.0.0.1:{}", server.port)).await;
    let (now, settings) = (app.clock.now(), app.kit.settings.clone());
    let switch = Switch::on(api_access::Duration::SevenDays, now);
    let cause = Cause { at: now, address: "127.0.0.1", device: "Firefox on Linux" };
    let notice = Writer::new(&settings).api_access_on(PATEL.gstin, &switch, MANAGE, &cause);
    let outbox = Outbox::new(app.kit.keys.clone(), settings.clone());
    let prepared = outbox.mail(&Email::parse(PATEL.email).unwrap(), &notice, now, None);
    app.kit.store.write(move |c| prepared.insert(c)).await.unwrap();

    let mut mail = server.expect_one().await;
    assert_eq!(mail.subject, "API access is on until 28/11/2026 17:01 IST");
    assert_eq!(mail.parts, ["multipart/alternative", "text/calendar"]);
    for part in [&mail.text, &mail.html] {
        assert!(part.contains("for 7 days") && part.contains(&app.url(MANAGE)), "{part}");
    }
    let attachment = mail.attachments.remove(0);
    let expected = Attachment {
        name: "api-access.ics".to_owned(),
        content_type: "text/calendar".to_owned(),
        method: Some("PUBLISH".to_owned()),
        text: calendar::api_access(&settings, PATEL.gstin, &switch, MANAGE).replace("\r\n", "\n"),
    };
    assert_eq!(Attachment { text: attachment.text.replace("\r\n", "\n"), ..attachment }, expected);
}

// --- SMS ----------------------------------------------------------------------------------------

async fn sending_sms_to(gateway: &Gateway) -> App {
    App::start_with(&[("SMS_URL", &gateway.url)]).await
}

#[tokio::test]
async fn the_sms_gateway_gets_exactly_the_four_values() {
    let gateway = Gateway::answering(&[202]).await;
    let app = sending_sms_to(&gateway).await;
    let (browser, page) = ask_for_otp(&app).await;

    let posted = gateway.expect(1).await.remove(0);
    let row = row_in(&app, "sms", "sent").await;
    let text = posted.body["text"].as_str().unwrap();
    let otp = text.split_once(' ').unwrap().0;
    let says = format!(
        "{otp} is your OTP to register GSTIN ending K1Z7 on Sanad. Valid 10 min. Do not share it.\n\n@127.0.0.1 #{otp}"
    );
    let expected = json!({ "to": "919876505185", "text": says, "template": "otp_register", "id": row.id });
    assert_eq!(posted.body, expected);
    assert_eq!(posted.request, "POST /send?key=k1 HTTP/1.1");
    assert_eq!(posted.content_type, "application/json");
    assert_eq!((row.body, row.attempts), (None, 1));

    let form = page.form("Verify").fill("otp", otp);
    form.submit(&browser).await.assert_leads_to("/irp/register/verified");
}

#[tokio::test]
async fn an_sms_is_sent_again_with_the_same_id_after_a_fault_of_the_gateway() {
    let gateway = Gateway::answering(&[500, 429, 200]).await;
    let app = sending_sms_to(&gateway).await;
    ask_for_otp(&app).await;
    for (attempts, wait) in [(1, 5), (2, 10)] {
        let row = row_after_failures(&app, "sms", attempts).await;
        assert_eq!(row.next_attempt_at - app.clock.now().seconds(), wait);
        app.clock.advance(wait);
    }
    let row = row_in(&app, "sms", "sent").await;
    let posted = gateway.expect(3).await;
    assert_eq!((row.attempts, row.body), (3, None));
    assert_eq!(posted[0].body["id"], row.id);
    assert!(posted.iter().all(|again| again.body == posted[0].body), "{posted:?}");
}

#[tokio::test]
async fn an_sms_that_the_gateway_will_never_take_is_set_aside() {
    let gateway = Gateway::answering(&[400, 200]).await;
    let app = sending_sms_to(&gateway).await;
    let (browser, page) = ask_for_otp(&app).await;
    let row = row_in(&app, "sms", "failed").await;
    assert!(row.body.is_none() && row.last_error.is_some_and(|error| error.contains("400")));

    // The next one is taken, so that the gateway was there for the first too, had it been sent again.
    app.clock.advance(5 * MINUTE);
    go_on(&browser, &page.form("Send a new OTP").submit(&browser).await).await;
    let posted = gateway.expect(2).await;
    assert_eq!(posted[0].body["id"], row.id);
    assert_ne!(posted[1].body["id"], row.id);
}

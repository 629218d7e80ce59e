//! Text of strangers, from the register, from people and from headers, wherever it comes out again: it is text there and
//! nothing else. Mails are looked at in `mail.rs`, CSV files in `workspace/gstins_import.rs` and `gst/notices.rs`.

use std::fs;

use scraper::{Html, Selector};
use serde_json::Value;

use crate::support::machine::{Machine, text};
use crate::support::samples::{ACME, PASSWORD};
use crate::support::walk::{Step, register_to, registered};
use crate::support::walk_gst::{self, change_register, choose_yes};
use crate::support::walk_workspace::{PEOPLE, add_gstin, ask_to_sign_up, joined, workspace_named};
use crate::support::{App, Browser, Page};

/// What somebody calls a business: all of it may stand in a register.
const NAMES: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' autofocus onfocus=alert(1) x='",
    "</title></textarea><svg onload=alert(1)>",
    "javascript:alert(1)//{{7*7}}${7*7}%s%n",
    "=cmd|' /C calc'!A0",
];

/// Nothing on the page runs, loads or leads where we did not write it.
fn assert_harmless(page: &Page) {
    let document = Html::parse_document(&page.html);
    for element in document.select(&Selector::parse("*").unwrap()) {
        for (name, value) in element.value().attrs() {
            assert!(!name.starts_with("on") && name != "srcdoc", "{name}={value:?} on {}", page.path);
            let is_address = ["href", "src", "action", "formaction"].contains(&name);
            let own = value.starts_with('/') && !value.starts_with("//") || value.starts_with('#') || value.is_empty();
            assert!(!is_address || own, "{name}={value:?} on {}", page.path);
        }
        let name = element.value().name();
        let inline = name == "script" && !element.text().collect::<String>().trim().is_empty();
        assert!(
            !inline && !["iframe", "object", "embed", "style", "base"].contains(&name),
            "<{name}> on {}",
            page.path
        );
    }
    assert!(!page.html.contains("<img src=x") && !page.html.contains("<svg onload"), "{}", page.html);
}

/// Pages that are shown, all harmless; on one of them at least the name stands letter by letter.
async fn assert_pages(browser: &Browser, name: &str, paths: &[&str]) {
    let mut shown = 0;
    for path in paths {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200, "{}", page.told());
        assert_harmless(&page);
        shown += usize::from(page.has(name));
    }
    assert!(shown > 0, "{name} stands on none of {paths:?}");
}

/// Every free text that the register holds of ACME.
async fn rename(app: &App, name: &'static str) {
    let rename = move |taxpayer: &mut sanad::kernel::taxpayer::Taxpayer| {
        let name = name.to_owned();
        taxpayer.legal_name.clone_from(&name);
        taxpayer.trade_name = Some(name.clone());
        (taxpayer.people, taxpayer.activities) = (vec![name.clone()], vec![name.clone()]);
        taxpayer.other_places = vec![name.clone()];
        taxpayer.centre_jurisdiction = Some(name.clone());
        taxpayer.state_jurisdiction = Some(name.clone());
        taxpayer.principal_place.building = Some(name.clone());
        taxpayer.principal_place.street = Some(name.clone());
        taxpayer.principal_place.city = Some(name);
    };
    change_register(app, ACME.gstin, rename).await;
}

#[actix_web::test]
async fn what_the_register_holds_is_text_on_every_page() {
    let app = App::start().await;
    let gst = walk_gst::signed_in(&app).await;
    let irp = registered(&app).await;
    let workspace = workspace_named(&app, "owner@acme.example", "Acme Stores").await;
    add_gstin(&workspace, ACME.gstin).await;
    for name in NAMES {
        rename(&app, name).await;
        let profile =
            ["/gst/profile", "/gst/profile/place-of-business", "/gst/profile/contacts", "/gst/profile/other-business"];
        assert_pages(&gst, name, &profile).await;
        assert_pages(&gst, name, &["/gst/dashboard", "/gst/notices", "/gst/profile/api-access"]).await;
        assert_pages(&workspace, name, &["/workspace/settings/gstins", "/workspace/settings/api-credentials/clearirp"])
            .await;
        assert_harmless(&irp.get("/irp/api-credentials/new").await);
        let page = register_to(&app, &app.browser(), &crate::support::samples::PATEL, Step::Details).await;
        assert_harmless(&page);
        assert_harmless(&app.browser().get("/demo").await);
    }
}

#[actix_web::test]
async fn the_details_of_a_registration_are_text() {
    for name in NAMES {
        let app = App::start().await;
        rename(&app, name).await;
        let browser = app.browser();
        register_to(&app, &browser, &ACME, Step::Details).await;
        assert_pages(&browser, name, &["/irp/register/details"]).await;
    }
}

#[actix_web::test]
async fn what_people_and_workspaces_are_called_is_text_on_every_page() {
    let app = App::start().await;
    for (number, name) in NAMES.into_iter().enumerate() {
        let owner = workspace_named(&app, &format!("owner{number}@acme.example"), name).await;
        joined(&app, &owner, &format!("member{number}@acme.example"), "member").await;
        assert_pages(&owner, name, &["/workspace/settings", PEOPLE, "/workspace/settings/api-credentials"]).await;
        let person = owner.get(PEOPLE).await.links("main td a")[0].1.clone();
        assert_harmless(&owner.get(&person).await);
    }
}

/// Signs that hide, or turn the direction of the text around them, and others that are no text.
const UNSEEN: [&str; 9] =
    ["\u{202E}", "\u{202D}", "\u{2066}", "\u{2069}", "\u{200B}", "\u{2060}", "\u{FEFF}", "\0", "\u{7f}"];

#[actix_web::test]
async fn no_name_of_a_person_or_workspace_hides_or_turns_text() {
    let app = App::start().await;
    for sign in UNSEEN.into_iter().chain(["\r\nBcc: x@example.in\r\n", "\u{2028}", "\t", "\u{1b}[31m"]) {
        let name = format!("Asha{sign}Rao");
        let answer = ask_to_sign_up(&app.browser(), &name, "asha@acme.example", "Acme").await;
        assert_eq!(answer.status, 422, "{name:?}: {}", answer.told());
        let answer = ask_to_sign_up(&app.browser(), "Asha", "asha@acme.example", &name).await;
        assert_eq!(answer.status, 422, "{name:?}: {}", answer.told());
    }
    assert!(app.messages().await.is_empty());
    // Joiners shape letters of Indian scripts; whoever writes from right to left is called so.
    for name in ["राष्ट्रीय क्ष\u{200D}य", "محمد", "<b>O'Brien</b>"] {
        let answer = ask_to_sign_up(&app.browser(), name, &format!("a{}@acme.example", name.len()), name).await;
        answer.assert_leads_to("/workspace/sign-up/otp");
    }
}

#[actix_web::test]
async fn a_name_that_is_written_from_right_to_left_keeps_to_itself() {
    let app = App::start().await;
    let owner = workspace_named(&app, "owner@acme.example", "محمد 12").await;
    for path in [PEOPLE, "/workspace/settings/api-credentials"] {
        let page = owner.get(path).await;
        assert!(page.html.contains("<bdi>محمد 12</bdi>"), "{path}: {}", page.html);
    }
}

// --- The register's file ------------------------------------------------------------------------------------------

const HEADER: &str = "gstin,legal_name,trade_name,constitution,taxpayer_type,status,registered_on,cancelled_on,\
    centre_jurisdiction,state_jurisdiction,building,street,locality,city,district,state_code,pincode,emails,mobiles,\
    einvoice_enabled,sandbox,people,activities,other_places,compliance_rating";

/// A row with these bytes as its legal name.
fn row(name: &[u8]) -> Vec<u8> {
    let after =
        b",,Partnership,Regular,Active,2017-07-01,,,,,,,,,27,400001,books@fresh.example,9876598765,yes,no,,,,\r\n";
    [b"27AAPFU0939F1ZV,".as_slice(), name, after].concat()
}

#[test]
fn a_register_with_signs_that_hide_or_turn_text_is_told_why_it_is_refused() {
    let invalid: [&[u8]; 3] = [b"Acme\xff", b"Acme\xc3", b"\xed\xa0\x80"];
    let unseen = UNSEEN.map(|sign| format!("Acme{sign}Stores").into_bytes());
    let long = "x".repeat(5_000);
    let bad = unseen.iter().map(|name| (name.as_slice(), "a character that cannot be shown"));
    let bad = bad.chain(invalid.map(|name| (name, "is not UTF-8 text"))).chain([(long.as_bytes(), "more than 4096")]);
    for (name, why) in bad {
        let machine = Machine::new();
        let file = machine.folder.path().join("register.csv");
        fs::write(&file, [HEADER.as_bytes(), b"\r\n", &row(name)].concat()).unwrap();
        let output = machine.import(&file);
        let said = text(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{name:?}: {said}");
        let rejects = fs::read(machine.folder.path().join("register.rejected.csv")).unwrap();
        assert!(String::from_utf8_lossy(&rejects).contains(why), "{name:?}: {}", String::from_utf8_lossy(&rejects));
    }
}

#[test]
fn a_register_with_formulas_and_markup_is_taken_as_it_stands() {
    for name in
        ["\"<b>Acme, \"\"Stores\"\"</b>\"", "=cmd|' /C calc'!A0", "+1+1", "@SUM(A1)", "-2", "\"Acme\r\nStores\""]
    {
        let machine = Machine::new();
        let file = machine.folder.path().join("register.csv");
        fs::write(&file, [HEADER.as_bytes(), b"\r\n", &row(name.as_bytes())].concat()).unwrap();
        let output = machine.import(&file);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", text(&output.stdout));
    }
}

// --- Messages, calendars and logs -----------------------------------------------------------------------------------

#[actix_web::test]
async fn no_sms_and_no_calendar_holds_a_name_of_the_register() {
    let app = App::start().await;
    for name in [NAMES[0], "Acme\r\nBEGIN:VALARM", "Visit evil.example"] {
        rename(&app, name).await;
        let gst = match app.messages().await.is_empty() {
            true => walk_gst::signed_in(&app).await,
            false => walk_gst::signed_in_again(&app).await,
        };
        app.clock.advance(60);
        choose_yes(&gst, "6h").await;
        let calendar = gst.get("/gst/profile/api-access.ics").await;
        assert!(calendar.html.starts_with("BEGIN:VCALENDAR\r\n"), "{}", calendar.html);
        assert!(!calendar.html.contains("evil.example") && !calendar.html.contains("<script"), "{}", calendar.html);
        assert_eq!(calendar.html.matches("BEGIN:VALARM").count(), 1, "{}", calendar.html);
    }
    register_to(&app, &app.browser(), &ACME, Step::Otp).await;
    let texts: Vec<_> = app.messages().await.into_iter().filter(|message| message.channel == "SMS").collect();
    assert!(!texts.is_empty());
    for sms in texts {
        assert!(!sms.text.contains("evil.example") && !sms.text.contains('<'), "{sms:?}");
    }
    assert_harmless(&app.browser().get("/demo/messages").await);
}

#[actix_web::test]
async fn nothing_that_is_sent_makes_a_line_of_the_log() {
    for format in ["text", "json"] {
        let machine = Machine::new();
        let log = machine.folder.path().join("log");
        let server = machine.serve_logged(&[("SANAD_LOG", format)], &log);
        let forged = "2026-11-21T00:00:00Z  INFO forged";
        let browser = server.browser();
        for path in [
            "/irp/login%0a2026-11-21T00:00:00Z%20%20INFO%20forged",
            "/irp/login%0d%0aforged",
            "/%1b%5b31mred",
            "/%e2%80%aegnp.exe",
            "/irp/login?a=%0aforged",
            &format!("/{}", "x".repeat(10_000)),
        ] {
            for (name, value) in
                [("user-agent", forged), ("x-forwarded-for", "203.0.113.9, forged"), ("referer", forged)]
            {
                browser.request("GET", path, &[(name, value)], None).await;
            }
        }
        let form = browser.get("/irp/login").await.form("Login").fill("username", "29ABC\r\nINFO forged\u{202E}");
        form.fill("password", PASSWORD).submit(&browser).await;
        drop(server);
        let log = fs::read_to_string(log).unwrap();
        assert!(log.lines().count() >= 19, "{log}");
        for line in log.lines() {
            assert!(line.len() < 1_000, "{line}");
            assert!(
                line.chars().all(|sign| !sign.is_control() && !('\u{202A}'..='\u{202E}').contains(&sign)),
                "{line:?}"
            );
            match format {
                "json" => assert!(
                    serde_json::from_str::<Value>(line).is_ok_and(|line| line["timestamp"].is_string()),
                    "{line}"
                ),
                _ => assert!(line.starts_with("20") && !line.starts_with(forged), "{line}"),
            }
        }
    }
}

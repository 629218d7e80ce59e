//! What no person types: every field of the registration with every kind of wrong value, and forms
//! that come from somewhere else. Nothing of it is an error of ours, and nothing is lost by it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use sanad::kernel::password::Policy;

use crate::support::browser::FORM;
use crate::support::samples::*;
use crate::support::walk::{create_account, log_in, register_to};
use crate::support::{App, Browser, FormFill, Page, Step};

const MARKUP: &str = "\"><script>alert(1)</script>";

/// Kinds of values that are wrong in every field.
fn never_right() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("empty", Vec::new()),
        ("blanks", b" \t\r\n ".to_vec()),
        ("10,000 letters", vec![b'x'; 10_000]),
        ("10,000 digits", vec![b'9'; 10_000]),
        ("10,000 blanks", vec![b' '; 10_000]),
        ("one sign", b"-".to_vec()),
        ("NUL", b"\0".to_vec()),
        ("NUL inside", b"29ABC\0DE1234F1ZW".to_vec()),
        ("not UTF-8", vec![0xff, 0xfe, 0x41]),
        ("half a letter", "क".as_bytes()[..2].to_vec()),
        ("markup", MARKUP.as_bytes().to_vec()),
        ("a template", b"{{ 7 * 7 }}${7*7}".to_vec()),
        ("SQL", b"' OR '1'='1'; DROP TABLE accounts; --".to_vec()),
        ("a mail header", b"a@b.example\r\nBcc: all@b.example".to_vec()),
        ("a path", b"../../../../etc/passwd".to_vec()),
        ("Devanagari", "सनद १२३४५६".as_bytes().to_vec()),
        ("full width", "２９ＡＢＣＤＥ１２３４Ｆ１ＺＷ".as_bytes().to_vec()),
        ("right to left", "\u{202e}WZ1F4321EDCBA92".as_bytes().to_vec()),
        ("signs of four bytes", "😀".repeat(15).into_bytes()),
        ("combining", format!("a{}", "\u{301}".repeat(500)).into_bytes()),
    ]
}

/// The page's form with one field spoilt in each of these ways is refused, shows nothing raw, and
/// keeps the other field.
pub async fn refuses_all(browser: &Browser, form: &FormFill, field: &str, kept: Option<(&str, &str)>) {
    for (kind, value) in never_right() {
        let answer = form.clone().forge(field, &value).submit(browser).await;
        assert_eq!(answer.status, 422, "{field}, {kind}: {}", answer.told());
        assert!(answer.field_error(field).is_some(), "{field}, {kind}");
        assert!(answer.title().starts_with("Error: "));
        assert!(!answer.html.contains("<script>alert"), "raw markup in {field}");
        if let Some((other, value)) = kept {
            assert_eq!(answer.value(other).as_deref(), Some(value), "{field}, {kind}");
        }
    }
    let doubled = form.clone().forge(field, b"one").with(field, b"two");
    let answer = doubled.submit(browser).await;
    assert_eq!(answer.status, 422, "{field} doubled: {}", answer.told());
    let answer = form.clone().without(field).submit(browser).await;
    assert_eq!(answer.status, 422, "{field} left out: {}", answer.told());
}

fn eligibility_form(page: &Page) -> FormFill {
    page.form("Continue").fill("gstin", ACME.gstin)
}

fn contact_form(page: &Page) -> FormFill {
    page.form("Submit").fill("email", ACME.email).fill("phone", ACME.phone)
}

// --- GSTIN --------------------------------------------------------------------------------------

#[tokio::test]
async fn no_wrong_gstin_breaks_the_eligibility_page() {
    let app = App::start().await;
    let browser = app.browser();
    let page = browser.get("/irp/register").await;
    refuses_all(&browser, &eligibility_form(&page), "gstin", None).await;
    let answer = eligibility_form(&page).submit(&browser).await;
    answer.assert_leads_to("/irp/register/details");
}

#[tokio::test]
async fn a_wrong_gstin_is_told_why_and_kept_as_typed() {
    let app = App::start().await;
    let browser = app.browser();
    let page = browser.get("/irp/register").await;
    let empty = "Enter your GSTIN";
    let pattern = "GSTIN must be 2 numbers, a 10-character PAN, then 3 letters or numbers";
    let state = "GSTIN must start with a state code from 01 to 38, or 97 or 99";
    let check = "Check your GSTIN. The last character does not match the others.";
    let long = "9".repeat(10_000);
    let cases = [
        ("", empty),
        ("  - ", empty),
        ("29ABCDE1234F1Z", "GSTIN must be 15 characters. You entered 14."),
        ("29ABCDE1234F1ZWW", "GSTIN must be 15 characters. You entered 16."),
        (&long, "GSTIN must be 15 characters. You entered 10000."),
        ("2", "GSTIN must be 15 characters. You entered 1."),
        ("２９ABCDE１２３４F１ZW", pattern),
        ("29ABCDE1234F1Z!", pattern),
        ("AAABCDE1234F1ZW", pattern),
        ("ABCDEFGHIJKLMNO", pattern),
        ("<b>29ABCDE1234F", pattern),
        ("00ABCDE1234F1ZW", state),
        ("39ABCDE1234F1ZW", state),
        ("98ABCDE1234F1ZW", state),
        ("29ABCDE1234F1ZX", check),
        ("29abcde1234f1z0", check),
        ("29ABCDE1234FOZW", check),
    ];
    for (typed, sentence) in cases {
        let answer = page.form("Continue").fill("gstin", typed).submit(&browser).await;
        answer.assert_refused(&[("gstin", sentence)]);
        assert_eq!(answer.value("gstin").as_deref(), Some(typed));
    }
}

#[tokio::test]
async fn a_doubled_broken_or_missing_gstin_is_asked_for_again() {
    let app = App::start().await;
    let browser = app.browser();
    let page = browser.get("/irp/register").await;
    let form = eligibility_form(&page);
    let forms = [
        form.clone().with("gstin", ACME.gstin.as_bytes()),
        form.clone().forge("gstin", b"29ABCDE1234F1Z\xff"),
        form.clone().without("gstin"),
    ];
    for form in forms {
        let answer = form.submit(&browser).await;
        answer.assert_refused(&[("gstin", "Enter your GSTIN")]);
    }
}

#[tokio::test]
async fn a_gstin_is_read_however_it_was_copied() {
    let app = App::start().await;
    let browser = app.browser();
    let spellings = [
        "29abcde1234f1zw",
        " 29ABCDE1234F1ZW ",
        "29 ABCDE 1234 F1ZW",
        "29-ABCDE-1234-F1ZW",
        "29\u{2013}ABCDE1234F1ZW",
        "\u{feff}29ABCDE1234F1ZW\u{200b}",
        "29ABCDE\u{ad}1234F1ZW",
        "\u{202d}29ABCDE1234F1ZW\u{202c}",
        "29ABCDE1234F1ZW\r\n",
        "29\u{a0}ABCDE1234F1ZW",
    ];
    for typed in spellings {
        let page = browser.get("/irp/register").await;
        let form = page.form("Continue").fill("gstin", typed);
        let answer = form.submit(&browser).await;
        answer.assert_leads_to("/irp/register/details");
        assert!(browser.follow(&answer).await.has(ACME.gstin), "{typed:?}");
    }
}

#[tokio::test]
async fn markup_in_a_gstin_comes_back_as_text() {
    let app = App::start().await;
    let browser = app.browser();
    let page = browser.get("/irp/register").await;
    let answer = page.form("Continue").fill("gstin", MARKUP).submit(&browser).await;
    assert_eq!(answer.value("gstin").as_deref(), Some(MARKUP));
    assert!(!answer.html.contains("<script>alert"));
}

// --- Email and phone ----------------------------------------------------------------------------

const EMAIL_EMPTY: &str = "Enter the registered email address";
const EMAIL_FORMAT: &str = "Enter an email address in the correct format, like name@example.com";
const PHONE_EMPTY: &str = "Enter the registered phone number";
const PHONE_FORMAT: &str = "Phone number must have 10 digits and start with 6, 7, 8 or 9";

#[tokio::test]
async fn no_wrong_contact_breaks_the_contact_page() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Contact).await;
    let form = contact_form(&page);
    refuses_all(&browser, &form, "email", Some(("phone", ACME.phone))).await;
    refuses_all(&browser, &form, "phone", Some(("email", ACME.email))).await;
    assert!(app.messages().await.is_empty());
    form.submit(&browser).await.assert_leads_to("/irp/register/otp");
}

#[tokio::test]
async fn a_wrong_email_is_told_why_and_kept_as_typed() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Contact).await;
    let long = format!("{}@acme.example", "a".repeat(10_000));
    let cases = [
        ("", EMAIL_EMPTY),
        ("   ", EMAIL_EMPTY),
        ("billing", EMAIL_FORMAT),
        ("billing@", EMAIL_FORMAT),
        ("@acme.example", EMAIL_FORMAT),
        ("billing@acme", EMAIL_FORMAT),
        ("billing@@acme.example", EMAIL_FORMAT),
        ("billing@acme.example, accounts@acme.example", EMAIL_FORMAT),
        ("Asha <billing@acme.example>", EMAIL_FORMAT),
        ("bill ing@acme.example", EMAIL_FORMAT),
        ("billing@acme.example\r\nBcc: x@y.example", EMAIL_FORMAT),
        ("ｂilling@acme.example", EMAIL_FORMAT),
        ("बिल@acme.example", EMAIL_FORMAT),
        (MARKUP, EMAIL_FORMAT),
        (&long, EMAIL_FORMAT),
    ];
    for (typed, sentence) in cases {
        let answer = contact_form(&page).fill("email", typed).submit(&browser).await;
        answer.assert_refused(&[("email", sentence)]);
        assert_eq!(answer.value("phone").as_deref(), Some(ACME.phone));
        // An input of one line holds no line break.
        let kept = answer.value("email").unwrap();
        assert_eq!(kept.replace(['\r', '\n'], ""), typed.replace(['\r', '\n'], ""));
    }
}

#[tokio::test]
async fn a_wrong_phone_is_told_why_and_kept_as_typed() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Contact).await;
    let long = "9".repeat(10_000);
    let cases = [
        ("", PHONE_EMPTY),
        (" ", PHONE_EMPTY),
        ("987654321", PHONE_FORMAT),
        ("98765432100", PHONE_FORMAT),
        ("5876543210", PHONE_FORMAT),
        ("+1 9876543210", PHONE_FORMAT),
        ("+91 5876543210", PHONE_FORMAT),
        ("040 2222 3333", PHONE_FORMAT),
        ("98765 4321o", PHONE_FORMAT),
        ("９８７６５４３２１０", PHONE_FORMAT),
        ("९८७६५४३२१०", PHONE_FORMAT),
        ("9876543210;9876501234", PHONE_FORMAT),
        (MARKUP, PHONE_FORMAT),
        (&long, PHONE_FORMAT),
    ];
    for (typed, sentence) in cases {
        let answer = contact_form(&page).fill("phone", typed).submit(&browser).await;
        answer.assert_refused(&[("phone", sentence)]);
        assert_eq!(answer.value("phone").as_deref(), Some(typed));
        assert_eq!(answer.value("email").as_deref(), Some(ACME.email));
    }
}

#[tokio::test]
async fn both_wrong_contacts_are_told_at_once_and_are_no_mismatch() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Contact).await;
    for _ in 0..6 {
        let form = page.form("Submit").fill("email", "billing").fill("phone", "");
        let answer = form.submit(&browser).await;
        answer.assert_refused(&[("email", EMAIL_FORMAT), ("phone", PHONE_EMPTY)]);
    }
    let answer = contact_form(&page).submit(&browser).await;
    answer.assert_leads_to("/irp/register/otp");
}

// --- OTP ----------------------------------------------------------------------------------------

#[tokio::test]
async fn no_wrong_otp_breaks_the_otp_page() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Otp).await;
    let form = page.form("Verify");
    refuses_all(&browser, &form, "otp", None).await;
    let otp = app.last_otp_for(ACME.email).await;
    let answer = form.fill("otp", &otp).submit(&browser).await;
    answer.assert_leads_to("/irp/register/verified");
}

#[tokio::test]
async fn a_doubled_otp_is_none() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Otp).await;
    let otp = app.last_otp_for(ACME.email).await;
    let form = page.form("Verify").fill("otp", &otp);
    let answer = form.clone().with("otp", otp.as_bytes()).submit(&browser).await;
    answer.assert_refused(&[("otp", "Enter the 6-digit OTP")]);
    form.submit(&browser).await.assert_leads_to("/irp/register/verified");
}

#[tokio::test]
async fn an_otp_of_ten_thousand_digits_is_only_too_long() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Otp).await;
    let form = page.form("Verify").fill("otp", &"1".repeat(10_000));
    let answer = form.submit(&browser).await;
    let sentence = "The OTP must be 6 digits. You entered 10000.";
    answer.assert_refused(&[("otp", sentence)]);
}

// --- Passwords ----------------------------------------------------------------------------------

#[tokio::test]
async fn no_wrong_password_breaks_the_password_page() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Password).await;
    for (kind, value) in never_right() {
        for both in [true, false] {
            let mut form = page.form("Create Account").forge("password", &value);
            if both {
                form = form.forge("confirm_password", &value);
            }
            // Some of these are passwords when typed twice; never in one field only.
            if both && is_password(&value) {
                continue;
            }
            let answer = form.submit(&browser).await;
            assert_eq!(answer.status, 422, "{kind}: {}", answer.told());
            assert_eq!(answer.value("password").as_deref(), Some(""), "{kind}");
            assert_eq!(answer.value("confirm_password").as_deref(), Some(""), "{kind}");
            assert_eq!(answer.value("username").as_deref(), Some(ACME.gstin));
            let text = String::from_utf8_lossy(&value);
            assert!(text.trim().len() < 8 || !answer.html.contains(text.trim()), "{kind}");
        }
    }
    let answer = create_account(&page, PASSWORD).submit(&browser).await;
    answer.assert_leads_to("/irp/register/done");
}

fn is_password(value: &[u8]) -> bool {
    use sanad::kernel::password::{Context, Password};
    let text = std::str::from_utf8(value).unwrap_or_default();
    Password::choose(text, Policy::Documents, &Context::default()).is_ok()
}

#[tokio::test]
async fn a_password_too_long_or_with_control_characters_is_told_so() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Password).await;
    let long = "Password must be 128 characters or fewer";
    let control = "Password must not contain control characters";
    let phrase = "kV9#qTz2 wM4&xRb7;Lp3_Hd8".repeat(6);
    let cases = [
        (phrase[..129].to_owned(), long),
        ("kV9#qTz2 ".repeat(1_112), long),
        ("four tall\0 trees 7".to_owned(), control),
        ("four tall\r\ntrees 7".to_owned(), control),
        ("four tall\u{7f} trees 7".to_owned(), control),
    ];
    for (password, sentence) in cases {
        let answer = create_account(&page, &password).submit(&browser).await;
        answer.assert_refused(&[("password", sentence)]);
    }
    let answer = create_account(&page, &phrase[..128]).submit(&browser).await;
    answer.assert_leads_to("/irp/register/done");
    let answer = log_in(&app.browser(), ACME.gstin, &phrase[..128]).await;
    answer.assert_leads_to("/irp/api-credentials");
    let answer = log_in(&app.browser(), ACME.gstin, &phrase[..127]).await;
    assert_eq!(answer.status, 422, "the whole password counts");
}

#[tokio::test]
async fn a_doubled_or_broken_password_is_asked_for_again() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Password).await;
    let form = create_account(&page, PASSWORD);
    let differ = ("confirm_password", "The passwords do not match");
    let forms = [
        form.clone().with("password", PASSWORD.as_bytes()),
        form.clone().forge("password", b"four tall trees 7\xff"),
        form.clone().without("password"),
    ];
    for form in forms {
        let answer = form.submit(&browser).await;
        answer.assert_refused(&[("password", "Enter a password"), differ]);
    }
    let answer = form.with("confirm_password", PASSWORD.as_bytes()).submit(&browser).await;
    answer.assert_refused(&[("confirm_password", "Confirm the password")]);
}

#[tokio::test]
async fn a_password_may_be_of_any_script_and_of_any_normal_form() {
    let passwords = [
        ("चार ऊँचे पेड़ ७ और नदी", "चार ऊँचे पेड़ ७ और नदी"),
        ("caf\u{e9} vexing 7 quartz", "cafe\u{301} vexing 7 quartz"),
        ("tall 😀 quartz 7 vexing", "tall 😀 quartz 7 vexing"),
        ("<b>quartz</b> & 7 \"vexing\"", "<b>quartz</b> & 7 \"vexing\""),
        ("  leading 7 and trailing ", "  leading 7 and trailing "),
        ("tall+quartz%20vexing=7&more", "tall+quartz%20vexing=7&more"),
    ];
    for (chosen, typed) in passwords {
        let app = App::start().await;
        let browser = app.browser();
        let page = register_to(&app, &browser, &ACME, Step::Password).await;
        let answer = create_account(&page, chosen).submit(&browser).await;
        answer.assert_leads_to("/irp/register/done");
        let answer = log_in(&app.browser(), ACME.gstin, typed).await;
        answer.assert_leads_to("/irp/api-credentials");
    }
}

// --- Hidden fields and addresses ----------------------------------------------------------------

#[tokio::test]
async fn a_forged_registration_id_changes_nothing() {
    let app = App::start().await;
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Contact).await;
    for (kind, value) in never_right() {
        let form = contact_form(&page).forge("journey", &value);
        let answer = form.submit(&browser).await;
        assert_eq!(answer.status, 403, "{kind}: {}", answer.told());
        assert!(!answer.html.contains("<script>alert"));
    }
    assert!(app.messages().await.is_empty());
    let answer = contact_form(&page).submit(&browser).await;
    answer.assert_leads_to("/irp/register/otp");
}

#[tokio::test]
async fn fields_nobody_asked_for_are_ignored() {
    let app = App::start().await;
    let browser = app.browser();
    let page = browser.get("/irp/register").await;
    let form = eligibility_form(&page)
        .with("stage", b"done")
        .with("__proto__", b"1")
        .with("", b"no name")
        .with("is_admin[]", b"1")
        .with("brok\u{202e}en", b"1");
    form.submit(&browser).await.assert_leads_to("/irp/register/details");
}

#[tokio::test]
async fn no_body_breaks_a_form() {
    let app = App::start().await;
    let browser = app.browser();
    let page = browser.get("/irp/register").await;
    let token = page.form("Continue").value("csrf");
    let bodies: [&[u8]; 10] = [
        b"",
        b"&&&&",
        b"====",
        b"%",
        b"%zz=%zz",
        b"gstin",
        b"gstin=%",
        b"gstin=%00%ff%fe",
        b"\xff\xfe\x00\x01",
        b"{\"gstin\":\"29ABCDE1234F1ZW\"}",
    ];
    for body in bodies {
        let answer = browser.post_raw("/irp/register", body, FORM).await;
        assert_eq!(answer.status, 403, "no token: {}", answer.told());
        let with_token = [format!("csrf={token}&").as_bytes(), body].concat();
        let answer = browser.post_raw("/irp/register", &with_token, FORM).await;
        assert_eq!(answer.status, 422, "{body:?}: {}", answer.told());
    }
}

#[tokio::test]
async fn ten_thousand_fields_are_read_in_no_time() {
    let app = App::start().await;
    let browser = app.browser();
    let page = browser.get("/irp/register").await;
    let mut body = eligibility_form(&page).body();
    for number in 0..9_000 {
        body.extend_from_slice(format!("&{number}").as_bytes());
    }
    let answer = browser.post_raw("/irp/register", &body, FORM).await;
    answer.assert_leads_to("/irp/register/details");
}

#[tokio::test]
async fn a_broken_cookie_is_no_cookie() {
    let app = App::start().await;
    for value in ["x", "", "%00%ff", "a.b.c", &"x".repeat(4_000)] {
        let browser = app.browser();
        browser.set_cookie("sanad-irp", value);
        let page = browser.get("/irp/register").await;
        page.assert_shows("Check if your GSTIN is eligible for e-invoicing");
        let answer = eligibility_form(&page).submit(&browser).await;
        answer.assert_leads_to("/irp/register/details");
        browser.follow(&answer).await.assert_shows("Check your GSTIN details");
    }
}

#[tokio::test]
async fn junk_in_the_address_shows_the_page_all_the_same() {
    let app = App::start().await;
    let browser = app.browser();
    for query in ["?", "?gstin=%ff", "?a=1&a=2", "?%00", "?x=<script>alert(1)</script>"] {
        let page = browser.get(&format!("/irp/register{query}")).await;
        page.assert_shows("Check if your GSTIN is eligible for e-invoicing");
        assert!(!page.html.contains("<script>alert"));
    }
}

// --- Size and kind of a body --------------------------------------------------------------------

#[tokio::test]
async fn a_form_of_more_than_64_kb_is_too_big() {
    let app = App::start().await;
    let browser = app.browser();
    let page = browser.get("/irp/register").await;
    let answer = padded_to(&browser, &page, 64 * 1024 + 1).await;
    answer.assert_error_page(413, "The file is too big");
    assert!(answer.has("The limit is 64 KB."));
    let answer = padded_to(&browser, &page, 64 * 1024).await;
    answer.assert_leads_to("/irp/register/details");
}

/// The right form with a field of padding, so many bytes in all.
async fn padded_to(browser: &Browser, page: &Page, bytes: usize) -> Page {
    let mut body = eligibility_form(page).body();
    body.extend_from_slice(b"&padding=");
    body.resize(bytes, b'x');
    browser.post_raw("/irp/register", &body, FORM).await
}

#[tokio::test]
async fn a_form_that_does_not_say_its_size_is_measured_as_it_comes() {
    let app = App::start().await;
    let host = app.url("").replace("http://", "");
    let answer = tokio::task::spawn_blocking(move || post_in_chunks(&host, 70)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("The file is too big"));
}

/// Posts so many chunks of 1 KB without a Content-Length, and reads the answer to its end.
fn post_in_chunks(host: &str, how_many: usize) -> String {
    let mut connection = TcpStream::connect(host).unwrap();
    let head = format!(
        "POST /irp/register HTTP/1.1\r\nHost: {host}\r\nContent-Type: {FORM}\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).unwrap();
    for _ in 0..how_many {
        let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
        // The server may have answered and closed already.
        if connection.write_all(chunk.as_bytes()).is_err() {
            break;
        }
    }
    let _ = connection.write_all(b"0\r\n\r\n");
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn only_forms_are_read() {
    let app = App::start().await;
    let browser = app.browser();
    let page = browser.get("/irp/register").await;
    let body = eligibility_form(&page).body();
    let kinds = [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/x-www-form-urlencoded-not",
        "",
    ];
    for kind in kinds {
        let answer = browser.post_raw("/irp/register", &body, kind).await;
        answer.assert_error_page(415, "This is not a form we can read");
    }
    let answer = browser.request("POST", "/irp/register", &[], Some(body.clone())).await;
    assert_eq!(answer.status, 415, "no kind at all");
    let packed = [("content-type", FORM), ("content-encoding", "gzip")];
    let answer = browser.request("POST", "/irp/register", &packed, Some(body.clone())).await;
    assert_eq!(answer.status, 415, "packed");
    for kind in ["Application/X-WWW-Form-URLencoded", &format!("{FORM}; charset=UTF-8")] {
        let answer = browser.post_raw("/irp/register", &body, kind).await;
        answer.assert_leads_to("/irp/register/details");
    }
}

// --- Forms from elsewhere -----------------------------------------------------------------------

const OUT_OF_DATE: &str = "This form is out of date";

/// Every form of the registration, filled in rightly, with the browser that stands there.
async fn every_form(app: &App) -> Vec<(&'static str, Browser, FormFill)> {
    let mut forms = Vec::new();
    let steps = [
        ("eligibility", Step::Eligibility),
        ("details", Step::Details),
        ("contact", Step::Contact),
        ("otp", Step::Otp),
        ("resend", Step::Otp),
        ("password", Step::Password),
    ];
    for (name, step) in steps {
        let browser = app.browser();
        let page = register_to(app, &browser, &ACME, step).await;
        let form = match name {
            "eligibility" => eligibility_form(&page),
            "details" => page.form("Confirm and Continue"),
            "contact" => contact_form(&page),
            "otp" => page.form("Verify").fill("otp", &app.last_otp_for(ACME.email).await),
            "resend" => page.form("Send a new OTP"),
            _ => create_account(&page, PASSWORD),
        };
        forms.push((name, browser, form));
    }
    app.clock.advance(30);
    forms
}

/// The form is refused, and does what it is for when it is then sent rightly.
async fn refused_without_harm(name: &str, refused: &Page, browser: &Browser, form: &FormFill) {
    refused.assert_error_page(403, OUT_OF_DATE);
    // The page of the form: the button that asks for a new OTP has none of its own.
    let page = form.action.strip_suffix("/resend").unwrap_or(&form.action);
    assert_eq!(refused.link("Open the form again"), page, "{name}");
    let answer = form.submit(browser).await;
    assert_eq!(answer.status, 303, "{name}: {}", answer.told());
}

#[tokio::test]
async fn no_form_is_accepted_without_its_token() {
    let app = App::start().await;
    for (name, browser, form) in every_form(&app).await {
        let without = form.clone().without("csrf").submit(&browser).await;
        without.assert_error_page(403, OUT_OF_DATE);
        let empty = form.clone().forge("csrf", b"").submit(&browser).await;
        refused_without_harm(name, &empty, &browser, &form).await;
    }
}

#[tokio::test]
async fn a_token_that_was_changed_is_none() {
    let app = App::start().await;
    for (name, browser, form) in every_form(&app).await {
        let token = form.value("csrf");
        let last = if token.ends_with('A') { "B" } else { "A" };
        let changed = format!("{}{last}", &token[..token.len() - 1]);
        let answer = form.clone().forge("csrf", changed.as_bytes()).submit(&browser).await;
        answer.assert_error_page(403, OUT_OF_DATE);
        for (_, value) in never_right() {
            let answer = form.clone().forge("csrf", &value).submit(&browser).await;
            answer.assert_error_page(403, OUT_OF_DATE);
        }
        refused_without_harm(name, &answer, &browser, &form).await;
    }
}

#[tokio::test]
async fn a_token_of_another_browser_is_none() {
    let app = App::start().await;
    let stranger = app.browser();
    let theirs = stranger.get("/irp/register").await.form("Continue").value("csrf");
    let browser = app.browser();
    let page = browser.get("/irp/register").await;
    let form = eligibility_form(&page);
    let answer = form.clone().forge("csrf", theirs.as_bytes()).submit(&browser).await;
    refused_without_harm("eligibility", &answer, &browser, &form).await;
}

#[tokio::test]
async fn a_token_of_another_form_is_none() {
    let app = App::start().await;
    let browser = app.browser();
    let other = browser.get("/irp/login").await.form("Login").value("csrf");
    let page = browser.get("/irp/register").await;
    let form = eligibility_form(&page);
    let answer = form.clone().forge("csrf", other.as_bytes()).submit(&browser).await;
    refused_without_harm("eligibility", &answer, &browser, &form).await;
}

#[tokio::test]
async fn every_page_has_a_token_of_its_own_and_the_older_works_too() {
    let app = App::start().await;
    let browser = app.browser();
    let older = browser.get("/irp/register").await;
    let newer = browser.get("/irp/register").await;
    let (old_form, new_form) = (eligibility_form(&older), eligibility_form(&newer));
    assert_ne!(old_form.value("csrf"), new_form.value("csrf"));
    old_form.submit(&browser).await.assert_leads_to("/irp/register/details");
}

#[tokio::test]
async fn a_form_on_another_site_is_refused() {
    let foreign: [&[(&str, &str)]; 7] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "nonsense")],
        &[("origin", "null")],
        &[("origin", "https://evil.example")],
        &[("origin", "http://127.0.0.1")],
        &[("origin", "http://127.0.0.1.evil.example")],
    ];
    let app = App::start().await;
    for (name, browser, form) in every_form(&app).await {
        for headers in foreign {
            let mut elsewhere = browser.clone_cookies().without_form_headers();
            for (header, value) in headers {
                elsewhere = elsewhere.with_form_header(header, value);
            }
            let answer = form.submit(&elsewhere).await;
            answer.assert_error_page(403, OUT_OF_DATE);
        }
        let answer = form.submit(&browser).await;
        assert_eq!(answer.status, 303, "{name}: {}", answer.told());
    }
}

#[tokio::test]
async fn a_client_that_does_not_say_where_its_form_stood_is_judged_by_the_token() {
    let app = App::start().await;
    let browser = app.browser().without_form_headers();
    let page = register_to(&app, &browser, &ACME, Step::Done).await;
    page.assert_shows("Account created");
}

#[tokio::test]
async fn a_form_without_cookies_is_refused() {
    let app = App::start().await;
    for (_, _, form) in every_form(&app).await {
        let answer = form.submit(&app.browser()).await;
        // A step without its registration may also lead to the first one.
        assert!([303, 403].contains(&answer.status));
        if answer.status == 303 {
            assert_eq!(answer.location(), "/irp/register");
        }
    }
    let browser = app.browser();
    let page = browser.get("/irp/register").await;
    let answer = eligibility_form(&page).submit(&browser).await;
    answer.assert_leads_to("/irp/register/details");
}

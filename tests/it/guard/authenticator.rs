//! `/{portal}/account/authenticator`: an app is added after an OTP and removed after its own code, never by a password
//! alone; secret and recovery codes are seen once and stored as what nobody can read.

use futures_util::future::join;
use rqrr::PreparedImage;
use sanad::kernel::clock::Moment;
use totp_rs::Secret;

use super::{
    ASKS_CODE, CODE_USED, CODE_WRONG, DAY, GST, HOUR, IRP, OWNERS, Owner, TOO_MANY, WORKSPACE, events_of, files_with,
    other_than, type_code,
};
use crate::support::samples::{ACME, ACME_OTHER_EMAIL, PASSWORD};
use crate::support::walk::go_on;
use crate::support::walk_sign_in::{Phone, add_authenticator, at_new_authenticator};
use crate::support::{App, Browser, Page};

const KEEP_CODES: &str = "Keep your recovery codes";
const TEN_MINUTES: i64 = 600;
/// The code of the first step is this.
const WRONG_FIRST_CODE: &str = "That code is not right. Check that the clock of your phone is set by the network, and \
                                type the code that the app shows now.";

/// What the picture on the page says to an app's camera.
fn read_picture(page: &Page) -> String {
    let width: usize = page.attribute("svg", "viewBox").unwrap().rsplit(' ').next().unwrap().parse().unwrap();
    let path = page.attribute("svg path[fill=\"#000\"]", "d").unwrap();
    let mut dark = vec![false; width * width];
    for square in path.split('M').skip(1) {
        let (place, shape) = square.split_once('h').unwrap();
        assert_eq!(shape, "1v1h-1z");
        let (x, y) = place.split_once(' ').unwrap();
        dark[y.parse::<usize>().unwrap() * width + x.parse::<usize>().unwrap()] = true;
    }
    let pixels = 5;
    let mut picture = PreparedImage::prepare_from_greyscale(width * pixels, width * pixels, |x, y| {
        if dark[y / pixels * width + x / pixels] { 0 } else { 255 }
    });
    let grids = picture.detect_grids();
    assert_eq!(grids.len(), 1, "one QR code");
    grids[0].decode().unwrap().1
}

/// A parameter of an `otpauth:` address.
fn parameter<'a>(address: &'a str, name: &str) -> &'a str {
    let (_, query) = address.split_once('?').unwrap();
    query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).unwrap_or_default()
}

/// The secret as the page tells it in letters, as apps take it.
fn secret_text(page: &Page) -> String {
    page.all("main code").first().unwrap().replace('-', "").to_uppercase()
}

fn authenticator(owner: &Owner) -> String {
    owner.path("/account/authenticator")
}

/// The page that asks for the code before the app is removed.
async fn at_removal(owner: &Owner, browser: &Browser) -> Page {
    let form = browser.get(&authenticator(owner)).await.form("Remove the authenticator app");
    let page = go_on(browser, &form.submit(browser).await).await;
    page.assert_shows(ASKS_CODE);
    page
}

/// Removes the app with a code, all the way; the last answer.
async fn remove(owner: &Owner, browser: &Browser, code: &str) -> Page {
    let page = at_removal(owner, browser).await;
    let answer = type_code(browser, &page, code).await;
    answer.assert_leads_to(&owner.path("/account/authenticator/remove"));
    let page = browser.follow(&answer).await;
    page.assert_shows("Remove the authenticator app?");
    page.form("Remove the authenticator app").submit(browser).await
}

/// The mails of that subject.
async fn mails(app: &App, subject: &str) -> Vec<crate::support::Message> {
    app.messages().await.into_iter().filter(|mail| mail.subject == subject).collect()
}

// --- Adding -------------------------------------------------------------------------------------

#[actix_web::test]
async fn an_otp_comes_before_the_secret() {
    for owner in OWNERS {
        let app = App::start().await;
        owner.at_the_door(&app).await;
        let browser = owner.signed_in(&app).await;
        let page = browser.get(&authenticator(&owner)).await;
        page.assert_shows("Authenticator app");
        assert!(page.has("You have no authenticator app yet."));
        for path in ["/account/authenticator/new", "/account/authenticator/codes", "/account/authenticator/remove"] {
            browser.get(&owner.path(path)).await.assert_leads_to(&authenticator(&owner));
        }
        let before = app.messages().await.len();
        let asked = go_on(&browser, &page.form("Add an authenticator app").submit(&browser).await).await;
        asked.assert_shows("Check your email and phone");
        let sent = &app.messages().await[..];
        assert!(sent.len() > before && sent[0].text.contains("change your authenticator app"), "{sent:?}");
        // Neither without the OTP nor with a wrong one.
        let new = owner.path("/account/authenticator/new");
        browser.get(&new).await.assert_leads_to(&owner.path("/account/authenticator/otp"));
        let wrong = other_than(&app.last_otp_for(owner.email).await);
        let refused = asked.form("Continue").fill("otp", &wrong).submit(&browser).await;
        refused.assert_refused(&[("otp", super::WRONG_OTP)]);
        browser.get(&new).await.assert_leads_to(&owner.path("/account/authenticator/otp"));
        let form = asked.form("Continue").fill("otp", &app.last_otp_for(owner.email).await);
        form.submit(&browser).await.assert_leads_to(&new);
    }
}

#[actix_web::test]
async fn the_picture_and_the_letters_tell_one_secret() {
    for (owner, area) in [(IRP, "IRP"), (GST, "GST%20portal"), (WORKSPACE, "e-Invoicing%20workspace")] {
        let app = App::start().await;
        let browser = owner.inside(&app).await;
        let page = at_new_authenticator(&app, &browser, owner.at, owner.email).await;
        let address = read_picture(&page);
        let account = owner.username.replace('@', "%40");
        assert!(address.starts_with(&format!("otpauth://totp/Sanad%20{area}:{account}?")), "{address}");
        assert_eq!(parameter(&address, "issuer"), format!("Sanad%20{area}"));
        assert_eq!(parameter(&address, "secret"), secret_text(&page));
        // What apps take for granted, or what they are told to do.
        for (name, expected) in [("algorithm", "SHA1"), ("digits", "6"), ("period", "30")] {
            assert!(["", expected].contains(&parameter(&address, name)), "{address}");
        }
        let secret = Secret::try_from_base32(secret_text(&page)).unwrap();
        assert_eq!(secret.as_bytes().len(), 20, "160 bits");
        assert!(page.header("cache-control").contains("no-store"));
        assert_eq!(page.attribute("svg", "role").unwrap(), "img");
        assert!(!page.attribute("svg", "aria-label").unwrap().is_empty());
    }
}

#[actix_web::test]
async fn every_walk_has_a_secret_of_its_own() {
    let app = App::start().await;
    let browser = IRP.inside(&app).await;
    let first = secret_text(&at_new_authenticator(&app, &browser, IRP.at, IRP.email).await);
    let page = at_new_authenticator(&app, &browser, IRP.at, IRP.email).await;
    assert_ne!(secret_text(&page), first);
    assert_eq!(secret_text(&browser.get("/irp/account/authenticator/new").await), secret_text(&page), "a reload");
    // The one of before adds nothing.
    let old = Phone::of_secret(&first);
    let code = old.code(app.clock.now());
    let answer = page.form("Add the app").fill("code", &code).submit(&browser).await;
    answer.assert_refused(&[("code", WRONG_FIRST_CODE)]);
}

#[actix_web::test]
async fn an_app_that_has_shown_no_code_is_asked_for_nowhere() {
    for owner in OWNERS {
        let app = App::start().await;
        let browser = owner.inside(&app).await;
        at_new_authenticator(&app, &browser, owner.at, owner.email).await;
        owner.signed_in(&app).await;
        assert!(browser.get(&authenticator(&owner)).await.has("You have no authenticator app yet."));
        assert!(browser.get(&owner.path("/account")).await.has("Not added. We send you OTPs."));
    }
}

#[actix_web::test]
async fn the_first_code_must_be_that_of_the_app_and_of_now() {
    let app = App::start().await;
    let browser = IRP.inside(&app).await;
    let page = at_new_authenticator(&app, &browser, IRP.at, IRP.email).await;
    let (phone, now) = (Phone::of(&page), app.clock.now());
    let type_in = async |code: &str| page.form("Add the app").fill("code", code).submit(&browser).await;
    for typed in ["", "12345", "1234567", "12345a", "ababab"] {
        type_in(typed).await.assert_refused(&[("code", "The code must be 6 digits")]);
    }
    for wrong in [other_than(&phone.code(now)), phone.code(now.plus(60)), phone.code(now.plus(-60))] {
        let refused = type_in(&wrong).await;
        refused.assert_refused(&[("code", WRONG_FIRST_CODE)]);
        assert_eq!(refused.value("code").unwrap_or_default(), "");
        assert_eq!(secret_text(&refused), secret_text(&page));
    }
    owner_has_no_app(&IRP, &browser).await;
    type_in(&phone.code(now.plus(30))).await.assert_leads_to("/irp/account/authenticator/codes");
}

async fn owner_has_no_app(owner: &Owner, browser: &Browser) {
    assert!(browser.get(&authenticator(owner)).await.has("You have no authenticator app yet."));
}

#[actix_web::test]
async fn a_phone_whose_clock_is_a_little_late_will_do() {
    let app = App::start().await;
    let browser = IRP.inside(&app).await;
    let page = at_new_authenticator(&app, &browser, IRP.at, IRP.email).await;
    let code = Phone::of(&page).code(app.clock.now().plus(-30));
    // As apps show it.
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    let answer = page.form("Add the app").fill("code", &spaced).submit(&browser).await;
    answer.assert_leads_to("/irp/account/authenticator/codes");
}

#[actix_web::test]
async fn the_otp_proves_the_addition_for_five_minutes() {
    let app = App::start().await;
    let browser = IRP.inside(&app).await;
    let page = at_new_authenticator(&app, &browser, IRP.at, IRP.email).await;
    let phone = Phone::of(&page);
    app.clock.advance(299);
    browser.get("/irp/account/authenticator/new").await.assert_shows("Add an authenticator app");
    app.clock.advance(1);
    let form = page.form("Add the app").fill("code", &phone.code(app.clock.now()));
    let answer = form.submit(&browser).await;
    answer.assert_leads_to("/irp/account/authenticator");
    let page = browser.follow(&answer).await;
    assert!(page.notice().unwrap().starts_with("That took too long after the OTP"), "{:?}", page.notice());
    owner_has_no_app(&IRP, &browser).await;
}

#[actix_web::test]
async fn the_button_pressed_twice_adds_one_app() {
    for owner in OWNERS {
        let app = App::start().await;
        let browser = owner.inside(&app).await;
        let page = at_new_authenticator(&app, &browser, owner.at, owner.email).await;
        let form = page.form("Add the app").fill("code", &Phone::of(&page).code(app.clock.now()));
        let (one, other) = join(form.submit(&browser), form.submit(&browser)).await;
        let codes = owner.path("/account/authenticator/codes");
        one.assert_leads_to(&codes);
        other.assert_leads_to(&codes);
        let shown = browser.get(&codes).await;
        shown.assert_shows(KEEP_CODES);
        form.submit(&browser).await.assert_leads_to(&codes);
        assert_eq!(browser.get(&codes).await.all("main li code"), shown.all("main li code"));
        let sent = mails(&app, "Authenticator app added").await.len();
        assert_eq!(sent, if owner.portal == WORKSPACE.portal { 1 } else { 2 });
    }
}

#[actix_web::test]
async fn an_app_is_not_replaced_by_another_without_its_code() {
    for owner in OWNERS {
        let app = App::start().await;
        let (browser, phone, _) = owner.with_app(&app).await;
        app.clock.advance(30);
        let page = browser.get(&authenticator(&owner)).await;
        assert!(!page.html.contains("Add an authenticator app"));
        let before = app.messages().await.len();
        // The button's address asks for a code, and a code leads to the removal only.
        let page = at_removal(&owner, &browser).await;
        let new = owner.path("/account/authenticator/new");
        browser.get(&new).await.assert_leads_to(&owner.path("/account/authenticator/otp"));
        let code = phone.code(app.clock.now());
        type_code(&browser, &page, &code).await.assert_leads_to(&owner.path("/account/authenticator/remove"));
        browser.get(&new).await.assert_leads_to(&authenticator(&owner));
        assert_eq!(app.messages().await.len(), before, "no OTP goes out");
    }
}

// --- What comes with it -------------------------------------------------------------------------

#[actix_web::test]
async fn the_account_says_that_it_is_there_and_since_when() {
    for owner in OWNERS {
        let app = App::start().await;
        let (browser, ..) = owner.with_app(&app).await;
        let page = browser.get(&authenticator(&owner)).await;
        page.assert_shows("Authenticator app");
        for told in [("Added on", "21/11/2026 17:01 IST"), ("Recovery codes left", "10")] {
            assert!(page.details().contains(&(told.0.to_owned(), told.1.to_owned())), "{:?}", page.details());
        }
        let account = browser.get(&owner.path("/account")).await;
        assert!(account.has("We ask for the code of your app when you log in."), "{}", account.told());
    }
}

#[actix_web::test]
async fn other_sessions_and_known_browsers_end_when_it_is_added() {
    for owner in OWNERS {
        let app = App::start().await;
        let known = owner.at_the_door(&app).await;
        let (other, browser) = (owner.signed_in(&app).await, owner.signed_in(&app).await);
        add_authenticator(&app, &browser, owner.at, owner.email).await;
        assert_eq!(other.get(&owner.path("/account")).await.status, 303);
        assert_eq!(browser.get(&owner.path("/account")).await.status, 200);
        owner.sign_out(&browser).await;
        owner.shut(&app).await;
        owner.assert_stranger(&known).await;
        // The one it was added in has proven it.
        owner.log_in(&browser, PASSWORD).await.assert_leads_to(&owner.path("/login/otp"));
    }
}

#[actix_web::test]
async fn the_owner_is_told_by_mail_and_it_is_on_the_record() {
    for owner in OWNERS {
        let app = App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
        let (browser, phone, _) = owner.with_app(&app).await;
        app.clock.advance(600);
        let at_home = browser.clone_cookies().with_header("x-forwarded-for", "203.0.113.9");
        remove(&owner, &at_home, &phone.code(app.clock.now())).await.assert_leads_to(&authenticator(&owner));
        for (subject, at, address) in [
            ("Authenticator app added", "21/11/2026 17:01 IST", "127.0.0.1"),
            ("Authenticator app removed", "21/11/2026 17:11 IST", "203.0.113.9"),
        ] {
            let mails = mails(&app, subject).await;
            let mut to: Vec<&str> = mails.iter().map(|mail| mail.to.as_str()).collect();
            to.sort_unstable();
            match owner.portal == WORKSPACE.portal {
                true => assert_eq!(to, [owner.email]),
                false => assert_eq!(to, [ACME_OTHER_EMAIL, ACME.email]),
            }
            let account = if owner.portal == WORKSPACE.portal { owner.email } else { ACME.gstin };
            for told in [account, at, address, "Firefox/140.0"] {
                assert!(mails[0].text.contains(told), "{told}: {}", mails[0].text);
            }
        }
        let id = owner.id(&app).await;
        for action in ["authenticator_added", "authenticator_removed"] {
            assert_eq!(events_of(&app, &id, action).await, ["accepted"], "{action}");
        }
    }
}

// --- Recovery codes -----------------------------------------------------------------------------

#[actix_web::test]
async fn ten_recovery_codes_are_shown_until_they_are_kept() {
    for owner in OWNERS {
        let app = App::start().await;
        let (browser, _, codes) = owner.with_app(&app).await;
        assert_eq!(codes.len(), 10);
        let mut distinct: Vec<&str> = codes.iter().map(|code| code.split_once('-').unwrap().1).collect();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 10);
        // 50 bits behind the letter that tells them apart.
        assert!(codes.iter().all(|code| code.len() == "0-k7qmx-2vd9t".len()), "{codes:?}");

        let path = owner.path("/account/authenticator/codes");
        app.clock.advance(120);
        let again = browser.get(&path).await;
        assert_eq!(again.all("main li code"), codes);
        assert!(again.has("We show them until 17:11 IST and never again."), "{}", again.told());
        let answer = again.form("I have kept them").submit(&browser).await;
        answer.assert_leads_to(&authenticator(&owner));
        let page = browser.follow(&answer).await;
        let told = "Your authenticator app is added. From now on we ask for its code when you log in.";
        assert_eq!(page.notice().unwrap(), told);
        browser.get(&path).await.assert_leads_to(&authenticator(&owner));
    }
}

#[actix_web::test]
async fn recovery_codes_are_shown_for_ten_minutes_at_most() {
    let app = App::start().await;
    let (browser, _, codes) = IRP.with_app(&app).await;
    app.clock.advance(TEN_MINUTES - 1);
    assert_eq!(browser.get("/irp/account/authenticator/codes").await.all("main li code"), codes);
    app.clock.advance(1);
    browser.get("/irp/account/authenticator/codes").await.assert_leads_to("/irp/account/authenticator");
}

#[actix_web::test]
async fn each_recovery_code_lets_in_once() {
    for owner in OWNERS {
        let app = App::start().await;
        let (browser, _, codes) = owner.with_app(&app).await;
        owner.log_in_with_code(&app.browser(), &codes[3]).await.assert_leads_to(owner.landing);
        let answer = owner.log_in_with_code(&app.browser(), &codes[3]).await;
        answer.assert_refused(&[("code", CODE_WRONG)]);
        assert!(browser.get(&authenticator(&owner)).await.details().contains(&left("9")));
        owner.log_in_with_code(&app.browser(), &codes[0]).await.assert_leads_to(owner.landing);
        assert!(browser.get(&authenticator(&owner)).await.details().contains(&left("8")));
    }
}

fn left(count: &str) -> (String, String) {
    ("Recovery codes left".to_owned(), count.to_owned())
}

#[actix_web::test]
async fn one_recovery_code_in_two_browsers_at_once_lets_one_in() {
    let app = App::start().await;
    let (_, _, codes) = IRP.with_app(&app).await;
    let (one, other) = (app.browser(), app.browser());
    let pages = (IRP.at_code(&one).await, IRP.at_code(&other).await);
    let answers = join(type_code(&one, &pages.0, &codes[0]), type_code(&other, &pages.1, &codes[0])).await;
    let mut statuses = [answers.0.status, answers.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422]);
    assert_eq!(mails(&app, "A recovery code was used").await.len(), 2, "one to each address");
}

#[actix_web::test]
async fn recovery_codes_are_taken_however_they_are_typed() {
    let app = App::start().await;
    let (_, _, codes) = IRP.with_app(&app).await;
    let typed = [
        codes[0].to_uppercase(),
        codes[1].replace('-', ""),
        format!("  {}  ", codes[2].replace('-', " ")),
        codes[3].replace('0', "o").to_uppercase(),
        codes[4].replace('1', "l"),
        codes[5].replace('1', "I"),
    ];
    for code in typed {
        IRP.log_in_with_code(&app.browser(), &code).await.assert_leads_to(IRP.landing);
    }
}

#[actix_web::test]
async fn the_owner_hears_of_a_used_recovery_code() {
    for owner in OWNERS {
        let app = App::start().await;
        let (_, _, codes) = owner.with_app(&app).await;
        let browser = app.browser();
        owner.log_in_with_code(&browser, &codes[0]).await.assert_leads_to(owner.landing);
        let mails = mails(&app, "A recovery code was used").await;
        assert_eq!(mails.len(), if owner.portal == WORKSPACE.portal { 1 } else { 2 });
        assert!(mails.iter().all(|mail| codes.iter().all(|code| !mail.text.contains(code))));
        assert_eq!(events_of(&app, &owner.id(&app).await, "recovery_code_used").await, ["accepted"]);
    }
}

#[actix_web::test]
async fn recovery_codes_end_with_the_app_and_others_have_others() {
    let app = App::start().await;
    let (browser, phone, codes) = IRP.with_app(&app).await;
    let (_, _, of_gst) = GST.with_app(&app).await;
    IRP.log_in_with_code(&app.browser(), &of_gst[0]).await.assert_refused(&[("code", CODE_WRONG)]);
    app.clock.advance(60);
    remove(&IRP, &browser, &phone.code(app.clock.now())).await.assert_leads_to("/irp/account/authenticator");
    let (_, page) = add_authenticator(&app, &browser, IRP.at, IRP.email).await;
    let anew = page.all("main li code");
    IRP.log_in_with_code(&app.browser(), &codes[0]).await.assert_refused(&[("code", CODE_WRONG)]);
    IRP.log_in_with_code(&app.browser(), &anew[0]).await.assert_leads_to(IRP.landing);
}

// --- What is stored -----------------------------------------------------------------------------

#[actix_web::test]
async fn no_file_holds_the_secret_or_a_recovery_code() {
    let app = App::start().await;
    let browser = IRP.inside(&app).await;
    let page = at_new_authenticator(&app, &browser, IRP.at, IRP.email).await;
    let secret = secret_text(&page);
    let raw = Secret::try_from_base32(secret.clone()).unwrap();
    let assert_unread = |bytes: &[u8]| assert_eq!(files_with(&app, bytes), Vec::<String>::new());
    let assert_no_secret = || {
        for text in [secret.clone(), secret.to_lowercase(), page.all("main code")[0].clone()] {
            assert_unread(text.as_bytes());
        }
        assert_unread(raw.as_bytes());
    };
    assert_no_secret();
    let form = page.form("Add the app").fill("code", &Phone::of(&page).code(app.clock.now()));
    let codes = go_on(&browser, &form.submit(&browser).await).await;
    let assert_no_codes = || {
        for code in codes.all("main li code") {
            let (_, secret_part) = code.split_once('-').unwrap();
            for text in [secret_part.to_owned(), secret_part.replace('-', "")] {
                assert_unread(text.as_bytes());
            }
        }
    };
    assert_no_codes();
    codes.form("I have kept them").submit(&browser).await;
    assert_no_secret();
    assert_no_codes();
}

#[actix_web::test]
async fn recovery_codes_are_stored_as_argon2id_hashes_and_nothing_else_once_they_are_kept() {
    use diesel::RunQueryDsl as _;
    use diesel::sql_types::{BigInt, Text};
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        code_hash: String,
    }
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let app = App::start().await;
    let (browser, ..) = IRP.with_app(&app).await;
    let sealed = async || {
        let query = "SELECT count(sealed_codes) AS n FROM authenticators";
        let found: Count = app.kit.store.read(move |c| Ok(diesel::sql_query(query).get_result(c)?)).await.unwrap();
        found.n
    };
    assert_eq!(sealed().await, 1);
    browser.get("/irp/account/authenticator/codes").await.form("I have kept them").submit(&browser).await;
    assert_eq!(sealed().await, 0);
    let query = "SELECT code_hash FROM recovery_codes";
    let rows: Vec<Row> = app.kit.store.read(move |c| Ok(diesel::sql_query(query).load(c)?)).await.unwrap();
    assert_eq!(rows.len(), 10);
    assert!(rows.iter().all(|row| row.code_hash.contains(":$argon2id$v=19$")), "{}", rows[0].code_hash);
    let mut distinct: Vec<&String> = rows.iter().map(|row| &row.code_hash).collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 10);
}

// --- Removing -----------------------------------------------------------------------------------

#[actix_web::test]
async fn its_own_code_comes_before_the_removal_and_no_otp_does() {
    for owner in OWNERS {
        let app = App::start().await;
        let (browser, phone, _) = owner.with_app(&app).await;
        app.clock.advance(60);
        let before = app.messages().await.len();
        let removal = owner.path("/account/authenticator/remove");
        browser.get(&removal).await.assert_leads_to(&authenticator(&owner));
        let page = at_removal(&owner, &browser).await;
        browser.get(&removal).await.assert_leads_to(&owner.path("/account/authenticator/otp"));
        let code = phone.code(app.clock.now());
        type_code(&browser, &page, "").await.assert_refused(&[("code", "Enter the code")]);
        type_code(&browser, &page, &other_than(&code)).await.assert_refused(&[("code", CODE_WRONG)]);
        // An OTP in the field of the other page says nothing here.
        let forged = page.form("Continue").forge("otp", code.as_bytes()).submit(&browser).await;
        forged.assert_refused(&[("code", "Enter the code")]);
        // Nor is there one to ask for.
        assert!(!page.html.contains("/resend"));
        browser.get(&removal).await.assert_leads_to(&owner.path("/account/authenticator/otp"));

        type_code(&browser, &page, &code).await.assert_leads_to(&removal);
        let page = browser.get(&removal).await;
        page.assert_shows("Remove the authenticator app?");
        assert_eq!(page.link("Cancel"), authenticator(&owner));
        assert_eq!(app.messages().await.len(), before);
        let answer = page.form("Remove the authenticator app").submit(&browser).await;
        let page = go_on(&browser, &answer).await;
        assert_eq!(page.notice().unwrap(), "Your authenticator app is removed. We send you OTPs again.");
        owner_has_no_app(&owner, &browser).await;
        owner.signed_in(&app).await;
    }
}

#[actix_web::test]
async fn a_recovery_code_removes_it_too() {
    for owner in OWNERS {
        let app = App::start().await;
        let (browser, _, codes) = owner.with_app(&app).await;
        remove(&owner, &browser, &codes[9]).await.assert_leads_to(&authenticator(&owner));
        owner.signed_in(&app).await;
    }
}

#[actix_web::test]
async fn the_code_proves_the_removal_for_five_minutes_and_once() {
    let app = App::start().await;
    let (browser, phone, _) = IRP.with_app(&app).await;
    app.clock.advance(60);
    let page = at_removal(&IRP, &browser).await;
    let code = phone.code(app.clock.now());
    let page = go_on(&browser, &type_code(&browser, &page, &code).await).await;
    app.clock.advance(300);
    let answer = page.form("Remove the authenticator app").submit(&browser).await;
    answer.assert_leads_to("/irp/account/authenticator");
    assert!(browser.follow(&answer).await.notice().unwrap().starts_with("That took too long"));
    assert!(browser.get("/irp/account/authenticator").await.has("Recovery codes left"));

    // Used up by the removal: a new app is not removed by it.
    app.clock.advance(60);
    let page = at_removal(&IRP, &browser).await;
    let page = go_on(&browser, &type_code(&browser, &page, &phone.code(app.clock.now())).await).await;
    let form = page.form("Remove the authenticator app");
    form.submit(&browser).await.assert_leads_to("/irp/account/authenticator");
    form.submit(&browser).await.assert_leads_to("/irp/account/authenticator");
    assert_eq!(mails(&app, "Authenticator app removed").await.len(), 2, "one to each address");
    add_authenticator(&app, &browser, IRP.at, IRP.email).await;
    let answer = form.submit(&browser).await;
    assert!([303, 403].contains(&answer.status), "{}", answer.told());
    assert!(browser.get("/irp/account/authenticator").await.has("Recovery codes left"));
}

#[actix_web::test]
async fn other_sessions_and_known_browsers_end_when_it_is_removed() {
    for owner in OWNERS {
        let app = App::start().await;
        let (browser, phone, codes) = owner.with_app(&app).await;
        let other = app.browser();
        owner.log_in_with_code(&other, &codes[0]).await.assert_leads_to(owner.landing);
        let known = app.browser();
        owner.log_in_with_code(&known, &codes[1]).await.assert_leads_to(owner.landing);
        owner.sign_out(&known).await;
        app.clock.advance(60);
        remove(&owner, &browser, &phone.code(app.clock.now())).await.assert_leads_to(&authenticator(&owner));
        assert_eq!(other.get(&owner.path("/account")).await.status, 303);
        owner.sign_out(&browser).await;
        owner.shut(&app).await;
        owner.assert_stranger(&known).await;
        owner.assert_known(&browser).await;
    }
}

// --- A thief ------------------------------------------------------------------------------------

#[actix_web::test]
async fn whoever_has_the_password_and_not_the_phone_can_neither_add_nor_remove_nor_come_in() {
    for owner in OWNERS {
        let app = App::start().await;
        owner.at_the_door(&app).await;
        let thief = owner.signed_in(&app).await;
        // Before there is an app: the OTP goes to the owner.
        let form = thief.get(&authenticator(&owner)).await.form("Add an authenticator app");
        let page = go_on(&thief, &form.submit(&thief).await).await;
        let wrong = other_than(&app.last_otp_for(owner.email).await);
        for _ in 0..5 {
            page.form("Continue").fill("otp", &wrong).submit(&thief).await;
        }
        thief
            .get(&owner.path("/account/authenticator/new"))
            .await
            .assert_leads_to(&owner.path("/account/authenticator/otp"));
        // Once there is one, the thief's session is over and the next asks for its code.
        let browser = owner.signed_in(&app).await;
        add_authenticator(&app, &browser, owner.at, owner.email).await;
        assert_eq!(thief.get(&authenticator(&owner)).await.status, 303);
        let page = owner.at_code(&thief).await;
        type_code(&thief, &page, "123456").await;
        for path in ["/account/authenticator", "/account/authenticator/codes", "/account/authenticator/remove"] {
            assert_eq!(thief.get(&owner.path(path)).await.status, 303);
        }
        // Somebody who took over the open session meets the code as well.
        let taken = browser.clone_cookies();
        let page = at_removal(&owner, &taken).await;
        type_code(&taken, &page, "123456").await.assert_refused(&[("code", CODE_WRONG)]);
        taken
            .get(&owner.path("/account/authenticator/remove"))
            .await
            .assert_leads_to(&owner.path("/account/authenticator/otp"));
        assert!(browser.get(&authenticator(&owner)).await.has("Recovery codes left"));
    }
}

#[actix_web::test]
async fn twenty_wrong_codes_a_day_are_looked_at_and_a_right_one_after_them_is_not() {
    for owner in OWNERS {
        let app = App::start().await;
        let (browser, phone, codes) = owner.with_app(&app).await;
        app.clock.advance(60);
        let page = at_removal(&owner, &browser).await;
        let code = phone.code(app.clock.now());
        for _ in 0..19 {
            type_code(&browser, &page, &other_than(&code)).await.assert_refused(&[("code", CODE_WRONG)]);
        }
        // A right one is none of them; wrong recovery codes are, and those typed at the login too.
        owner.log_in_with_code(&app.browser(), &code).await.assert_leads_to(owner.landing);
        app.clock.advance(60);
        let nobodys = format!("{}-aaaaa-aaaaa", &codes[0][..1]);
        owner.log_in_with_code(&app.browser(), &nobodys).await.assert_refused(&[("code", CODE_WRONG)]);
        let right = phone.code(app.clock.now());
        for code in [right.as_str(), codes[0].as_str()] {
            type_code(&browser, &page, code).await.assert_error_page(429, TOO_MANY);
            owner.log_in_with_code(&app.browser(), code).await.assert_error_page(429, TOO_MANY);
        }
        // Until the day is over.
        app.clock.advance(DAY);
        let answer = owner.log_in_with_code(&app.browser(), &phone.code(app.clock.now())).await;
        answer.assert_leads_to(owner.landing);
    }
}

#[actix_web::test]
async fn parallel_guesses_of_a_code_count_one_by_one() {
    let app = App::start().await;
    let (_, phone, _) = IRP.with_app(&app).await;
    app.clock.advance(60);
    let browser = app.browser();
    let page = IRP.at_code(&browser).await;
    let form = page.form("Continue").fill("code", &other_than(&phone.code(app.clock.now())));
    let copies: Vec<Browser> = (0..30).map(|_| browser.clone_cookies()).collect();
    let answers = futures_util::future::join_all(copies.iter().map(|copy| form.submit(copy))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 422).count(), 20);
    assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 10);
}

#[actix_web::test]
async fn what_cannot_be_a_code_is_told_and_is_no_failure() {
    let app = App::start().await;
    let (_, phone, _) = IRP.with_app(&app).await;
    app.clock.advance(60);
    let browser = app.browser();
    let page = IRP.at_code(&browser).await;
    for typed in ["12345", "1234567", "0-k7qmx-2vd9", "z-k7qmx-2vd9t", "+23456", "１２３４５６"] {
        for _ in 0..5 {
            let refused = type_code(&browser, &page, typed).await;
            refused.assert_refused(&[("code", "The code must be 6 digits, or a recovery code")]);
        }
    }
    let answer = type_code(&browser, &page, &phone.code(app.clock.now())).await;
    answer.assert_leads_to(IRP.landing);
}

// --- A code works once (T9) ---------------------------------------------------------------------

#[actix_web::test]
async fn the_code_that_added_the_app_lets_nobody_in() {
    for owner in OWNERS {
        let app = App::start().await;
        let (_, phone, _) = owner.with_app(&app).await;
        let code = phone.code(app.clock.now());
        let browser = app.browser();
        owner.log_in_with_code(&browser, &code).await.assert_refused(&[("code", CODE_USED)]);
        // Nor does an older one that would be in time.
        let older = phone.code(app.clock.now().plus(-30));
        owner.log_in_with_code(&browser, &older).await.assert_refused(&[("code", CODE_USED)]);
        app.clock.advance(30);
        owner.log_in_with_code(&browser, &phone.code(app.clock.now())).await.assert_leads_to(owner.landing);
    }
}

#[actix_web::test]
async fn a_code_works_one_step_early_or_late_and_no_more() {
    let app = App::start().await;
    let (_, phone, _) = IRP.with_app(&app).await;
    let shown_at = app.clock.now().plus(600);
    for (typed_at, works) in [(-31, false), (60, false), (59, true)] {
        set_clock(&app, shown_at.plus(typed_at));
        let answer = IRP.log_in_with_code(&app.browser(), &phone.code(shown_at)).await;
        match works {
            true => answer.assert_leads_to(IRP.landing),
            false => answer.assert_refused(&[("code", CODE_WRONG)]),
        }
    }
    let shown_at = shown_at.plus(300);
    set_clock(&app, shown_at.plus(-30));
    let answer = IRP.log_in_with_code(&app.browser(), &phone.code(shown_at)).await;
    answer.assert_leads_to(IRP.landing);
}

fn set_clock(app: &App, to: Moment) {
    app.clock.advance(to.since(app.clock.now()));
}

#[actix_web::test]
async fn one_code_in_two_browsers_at_once_lets_one_in() {
    for owner in OWNERS {
        let app = App::start().await;
        let (_, phone, _) = owner.with_app(&app).await;
        app.clock.advance(60);
        let code = phone.code(app.clock.now());
        let (one, other) = (app.browser(), app.browser());
        let pages = (owner.at_code(&one).await, owner.at_code(&other).await);
        let answers = join(type_code(&one, &pages.0, &code), type_code(&other, &pages.1, &code)).await;
        let refused = if answers.0.status == 303 { &answers.1 } else { &answers.0 };
        refused.assert_refused(&[("code", CODE_USED)]);
        let inside = [one.get(owner.landing).await.status, other.get(owner.landing).await.status];
        assert!(inside == [200, 303] || inside == [303, 200], "{inside:?}");
    }
}

#[actix_web::test]
async fn a_code_of_another_account_lets_nobody_in() {
    let app = App::start().await;
    let (_, of_irp, _) = IRP.with_app(&app).await;
    let (_, of_gst, _) = GST.with_app(&app).await;
    app.clock.advance(HOUR);
    let answer = IRP.log_in_with_code(&app.browser(), &of_gst.code(app.clock.now())).await;
    answer.assert_refused(&[("code", CODE_WRONG)]);
    let answer = GST.log_in_with_code(&app.browser(), &of_irp.code(app.clock.now())).await;
    answer.assert_refused(&[("code", CODE_WRONG)]);
}

//! `/{portal}/account/devices`: where an account is signed in, and how its owner ends that (ASVS 7.5.2).

use sanad::kernel::ids;
use sanad::kernel::portal::Portal;
use sanad::store::{accounts, sessions};

use super::{ANDROID, HOUSES, House, IRP, WINDOWS};
use crate::support::samples::{ACME, OTHER_PASSWORD, PASSWORD, PATEL};
use crate::support::walk::{go_on, log_in, registered_as};
use crate::support::{App, Browser, FormFill, Page};

const EVERYWHERE: &str = "Sign out everywhere else";
const CURRENT_WRONG: &str = "The current password is not right";
const CURRENT_EMPTY: &str = "Enter your current password";
const GONE: &str = "That device was signed out already.";
const BY_OWNER: &str = "You were signed out from another of your devices.";
const MINUTE: i64 = 60;

async fn open(house: House, browser: &Browser) -> Page {
    let page = browser.get(&house.path("/account/devices")).await;
    page.assert_shows("Signed-in devices");
    page
}

/// What the buttons of the devices say to a screen reader, and which device each names.
fn buttons(page: &Page) -> Vec<(String, String)> {
    page.buttons("main form button[name=device]")
}

/// The form of the page with this password.
fn form(house: House, page: &Page, password: &str) -> FormFill {
    page.form_to(&house.path("/account/devices")).fill("current_password", password)
}

/// Types the password and presses the button of the device that is called so.
async fn sign_out(house: House, browser: &Browser, device: &str) -> Page {
    let page = open(house, browser).await;
    let (_, value) = buttons(&page).into_iter().find(|(text, _)| text.contains(device)).expect("its button");
    form(house, &page, PASSWORD).with("device", value.as_bytes()).submit(browser).await
}

/// Types the password and presses "Sign out everywhere else".
async fn sign_out_everywhere(house: House, browser: &Browser) -> Page {
    let page = open(house, browser).await;
    page.form(EVERYWHERE).fill("current_password", PASSWORD).submit(browser).await
}

async fn app() -> App {
    App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await
}

/// A browser that calls itself so, at that address, signed in.
async fn at(house: House, app: &App, user_agent: &str, address: &str) -> Browser {
    house.sign_in(app.browser_at(address).with_header("user-agent", user_agent)).await
}

#[actix_web::test]
async fn the_page_says_where_the_account_is_signed_in_the_last_used_first() {
    for house in HOUSES {
        let app = app().await;
        let owner = house.owner(&app).await;
        app.clock.advance(2 * MINUTE);
        at(house, &app, ANDROID, "198.51.100.7").await;
        app.clock.advance(2 * MINUTE);
        at(house, &app, WINDOWS, "203.0.113.9").await;
        app.clock.advance(2 * MINUTE);
        let account = owner.get(&house.path("/account")).await;
        assert!(account.has("You are signed in on 3 devices."), "{}", account.told());
        let page = owner.get(&account.link("Signed-in devices")).await;
        page.assert_shows("Signed-in devices");
        assert_eq!(page.all("main h2"), ["This device", "Other devices"]);
        let told: Vec<String> = page.details().into_iter().map(|(_, told)| told).collect();
        let expected = [
            ["Firefox on Linux", "127.0.0.1", "21/11/2026 17:01 IST", "21/11/2026 17:07 IST"],
            ["Edge on Windows", "203.0.113.9", "21/11/2026 17:05 IST", "21/11/2026 17:05 IST"],
            ["Chrome on Android", "198.51.100.7", "21/11/2026 17:03 IST", "21/11/2026 17:03 IST"],
        ];
        assert_eq!(told, expected.concat(), "{}", house.portal);
        let texts: Vec<String> = buttons(&page).into_iter().map(|(text, _)| text).collect();
        assert_eq!(texts, ["Sign out: Edge on Windows, 203.0.113.9", "Sign out: Chrome on Android, 198.51.100.7"]);
    }
}

#[actix_web::test]
async fn the_only_device_has_nothing_to_end() {
    for house in HOUSES {
        let app = app().await;
        let owner = house.owner(&app).await;
        assert!(owner.get(&house.path("/account")).await.has("You are signed in on this device only."));
        let page = open(house, &owner).await;
        assert!(page.has("You are signed in on no other device."), "{}", page.told());
        assert!(page.buttons("main button").is_empty());
    }
}

#[actix_web::test]
async fn nothing_on_the_page_is_what_a_session_is_stored_by() {
    let app = app().await;
    let owner = IRP.owner(&app).await;
    IRP.another(&app).await;
    let page = open(IRP, &owner).await;
    let ids: Vec<String> = buttons(&page).into_iter().map(|(_, id)| id).collect();
    let rows = app.kit.store.read(move |c| {
        let account = accounts::find_by_username(c, Portal::Irp, ACME.gstin)?.unwrap();
        sessions::list_alive(c, &account.id, everything())
    });
    let rows = rows.await.unwrap();
    assert_eq!((ids.len(), rows.len()), (1, 2));
    for row in rows {
        assert!(!page.html.contains(&row.token_hash) && !page.html.contains(&row.sid));
    }
}

fn everything() -> sessions::Alive {
    let long_ago = sanad::kernel::clock::Moment::from_seconds(0);
    sessions::Alive { seen_after: long_ago, begun_after: long_ago }
}

#[actix_web::test]
async fn one_device_is_signed_out_and_no_other() {
    for house in HOUSES {
        let app = app().await;
        let owner = house.owner(&app).await;
        let phone = at(house, &app, ANDROID, "198.51.100.7").await;
        let office = at(house, &app, WINDOWS, "203.0.113.9").await;
        let copy = phone.clone_cookies();
        let answer = sign_out(house, &owner, "Chrome on Android").await;
        answer.assert_leads_to(&house.path("/account/devices"));
        let page = owner.follow(&answer).await;
        assert_eq!(page.notice().unwrap(), "You signed out: Chrome on Android.");
        assert_eq!(buttons(&page).len(), 1);

        assert_eq!(house.told_at_login(&phone).await.unwrap(), BY_OWNER, "{}", house.portal);
        assert_eq!(phone.get(&house.path("/login")).await.notice(), None, "told once");
        assert!(!house.is_signed_in(&copy).await);
        assert!(house.is_signed_in(&office).await && house.is_signed_in(&owner).await);
        // Whoever knows the password signs in again, and is not told anything any more.
        let phone = house.sign_in(phone).await;
        assert_eq!(phone.get(house.landing).await.notice(), None);
    }
}

#[actix_web::test]
async fn everywhere_else_is_everywhere_but_here() {
    for house in HOUSES {
        let app = app().await;
        let owner = house.owner(&app).await;
        let others = [house.another(&app).await, house.another(&app).await, house.another(&app).await];
        let answer = sign_out_everywhere(house, &owner).await;
        answer.assert_leads_to(&house.path("/account/devices"));
        let page = owner.follow(&answer).await;
        assert_eq!(page.notice().unwrap(), "You are signed out everywhere else.");
        assert!(page.has("You are signed in on no other device."));
        for other in others {
            assert_eq!(house.told_at_login(&other).await.unwrap(), BY_OWNER);
        }
    }
}

#[actix_web::test]
async fn what_was_typed_on_a_device_that_was_signed_out_is_kept() {
    let app = app().await;
    let owner = IRP.owner(&app).await;
    let office = IRP.another(&app).await;
    let hub = office.get("/irp/api-credentials").await;
    let page = go_on(&office, &hub.form("Create API credentials").submit(&office).await).await;
    let form = page.form("Continue").fill("otp", &app.last_otp_for(ACME.email).await);
    let page = go_on(&office, &form.submit(&office).await).await;
    let form = page.form("Save and submit").fill("api_username", "acme_irp_07");
    sign_out(IRP, &owner, "Firefox on Linux").await.assert_leads_to("/irp/account/devices");
    let login = go_on(&office, &form.submit(&office).await).await;
    assert_eq!(login.notice().unwrap(), format!("{BY_OWNER} We kept what you typed, except passwords."));
}

#[actix_web::test]
async fn a_device_that_is_gone_already_is_told_of_as_gone() {
    for house in HOUSES {
        let app = app().await;
        let owner = house.owner(&app).await;
        let phone = at(house, &app, ANDROID, "198.51.100.7").await;
        let page = open(house, &owner).await;
        let (_, value) = buttons(&page).remove(0);
        phone.get(house.landing).await.form("Sign out").submit(&phone).await;
        let answer = form(house, &page, PASSWORD).with("device", value.as_bytes()).submit(&owner).await;
        assert_eq!(go_on(&owner, &answer).await.notice().unwrap(), GONE);
    }
}

#[actix_web::test]
async fn the_same_button_pressed_twice_signs_out_once() {
    let app = app().await;
    let owner = IRP.owner(&app).await;
    IRP.another(&app).await;
    let page = open(IRP, &owner).await;
    let (_, value) = buttons(&page).remove(0);
    let form = form(IRP, &page, PASSWORD).with("device", value.as_bytes());
    assert_eq!(go_on(&owner, &form.submit(&owner).await).await.notice().unwrap(), "You signed out: Firefox on Linux.");
    assert_eq!(go_on(&owner, &form.submit(&owner).await).await.notice().unwrap(), GONE);
    assert!(IRP.is_signed_in(&owner).await);
}

#[actix_web::test]
async fn no_name_of_anybody_elses_session_ends_one() {
    let app = app().await;
    let patel = registered_as(&app, &PATEL).await;
    log_in(&app.browser(), PATEL.gstin, PASSWORD).await;
    let (_, theirs) = buttons(&open(IRP, &patel).await).remove(0);
    let stored = app.kit.store.read(move |c| {
        let account = accounts::find_by_username(c, Portal::Irp, PATEL.gstin)?.unwrap();
        sessions::list_alive(c, &account.id, everything())
    });
    let stored = stored.await.unwrap();
    let owner = IRP.owner(&app).await;
    let office = IRP.another(&app).await;
    // That of this very session is no other device either.
    let own = buttons(&open(IRP, &office).await).remove(0).1;
    let page = open(IRP, &owner).await;
    let mut names = vec![theirs, own, "x".to_owned(), ids::random(), "' OR 1=1 --".to_owned(), "\0".to_owned()];
    names.extend(stored.iter().flat_map(|row| [row.token_hash.clone(), row.sid.clone()]));
    for name in names {
        let answer = form(IRP, &page, PASSWORD).with("device", name.as_bytes()).submit(&owner).await;
        assert_eq!(go_on(&owner, &answer).await.notice().unwrap(), GONE, "{name}");
    }
    for browser in [&patel, &owner, &office] {
        assert!(IRP.is_signed_in(browser).await);
    }
    assert_eq!(buttons(&open(IRP, &patel).await).len(), 1);
}

#[actix_web::test]
async fn without_the_right_password_nothing_ends_and_the_page_comes_back() {
    for house in HOUSES {
        let app = app().await;
        let owner = house.owner(&app).await;
        let phone = at(house, &app, ANDROID, "198.51.100.7").await;
        let page = open(house, &owner).await;
        let (_, value) = buttons(&page).remove(0);
        let too_long = "x".repeat(10_000);
        for (typed, fault) in
            [("", CURRENT_EMPTY), (OTHER_PASSWORD, CURRENT_WRONG), (&too_long, CURRENT_WRONG), ("\0", CURRENT_WRONG)]
        {
            for device in [value.as_str(), ""] {
                app.clock.advance(20);
                let answer = form(house, &page, typed).with("device", device.as_bytes()).submit(&owner).await;
                if answer.status == 429 {
                    continue;
                }
                answer.assert_refused(&[("current_password", fault)]);
                assert_eq!(answer.h1(), "Signed-in devices");
                assert_eq!(buttons(&answer), buttons(&page), "what there is to end is still there");
                assert_eq!(answer.value("current_password").unwrap_or_default(), "");
                assert!(typed.is_empty() || typed == "\0" || !answer.html.contains(typed));
            }
        }
        assert!(house.is_signed_in(&phone).await, "{}", house.portal);
    }
}

#[actix_web::test]
async fn whoever_guesses_the_password_here_is_slowed_down_and_signed_out() {
    for house in HOUSES {
        let app = app().await;
        let owner = house.owner(&app).await;
        let phone = at(house, &app, ANDROID, "198.51.100.7").await;
        let page = open(house, &owner).await;
        let guess = form(house, &page, OTHER_PASSWORD);
        for wait in [0, 0, 0, 0, 0, 2, 4, 8, 16] {
            app.clock.advance(wait);
            guess.submit(&owner).await.assert_refused(&[("current_password", CURRENT_WRONG)]);
        }
        let early = form(house, &page, PASSWORD).submit(&owner).await;
        early.assert_error_page(429, "Too many tries");
        assert_eq!(early.header("retry-after"), "32");
        app.clock.advance(32);
        guess.submit(&owner).await.assert_error_page(429, "Your account is locked for 15 minutes");
        assert!(!house.is_signed_in(&owner).await);
        assert!(house.is_signed_in(&phone).await, "{}: the others stay", house.portal);
        // Its owner is not locked out.
        house.another(&app).await;
    }
}

#[actix_web::test]
async fn the_right_password_forgets_the_failures_before_it() {
    let app = app().await;
    let owner = IRP.owner(&app).await;
    IRP.another(&app).await;
    let page = open(IRP, &owner).await;
    let (_, value) = buttons(&page).remove(0);
    // Also when the last other device has gone meanwhile, the page says at the field what was wrong.
    for _ in 0..3 {
        for _ in 0..4 {
            form(IRP, &page, OTHER_PASSWORD)
                .submit(&owner)
                .await
                .assert_refused(&[("current_password", CURRENT_WRONG)]);
        }
        let answer = form(IRP, &page, PASSWORD).with("device", value.as_bytes()).submit(&owner).await;
        answer.assert_leads_to("/irp/account/devices");
    }
}

#[actix_web::test]
async fn a_session_that_is_over_is_not_listed() {
    for house in HOUSES {
        let app = app().await;
        let owner = house.owner(&app).await;
        let phone = at(house, &app, ANDROID, "198.51.100.7").await;
        app.clock.advance(14 * MINUTE);
        assert_eq!(buttons(&open(house, &owner).await).len(), 1);
        app.clock.advance(MINUTE - 1);
        assert_eq!(buttons(&open(house, &owner).await).len(), 1);
        app.clock.advance(1);
        assert!(buttons(&open(house, &owner).await).is_empty());
        assert!(!house.is_signed_in(&phone).await);
    }
}

#[actix_web::test]
async fn a_form_that_cannot_be_trusted_ends_nothing() {
    let app = app().await;
    let owner = IRP.owner(&app).await;
    let office = IRP.another(&app).await;
    let page = open(IRP, &owner).await;
    let forged = form(IRP, &page, PASSWORD).forge("csrf", b"x.y.z").submit(&owner).await;
    forged.assert_error_page(403, "This form is out of date");
    let foreign = form(IRP, &open(IRP, &office).await, PASSWORD).submit(&owner).await;
    foreign.assert_error_page(403, "This form is out of date");
    assert!(IRP.is_signed_in(&office).await);
}

#[actix_web::test]
async fn what_a_browser_calls_itself_is_text_and_nothing_else() {
    let app = app().await;
    let owner = IRP.owner(&app).await;
    for hostile in ["\"><script>alert(1)</script>", "{{ 7 * 7 }}", "=HYPERLINK(\"http://evil.example\")", ""] {
        let guest = at(IRP, &app, hostile, "198.51.100.7").await;
        let page = open(IRP, &owner).await;
        assert!(!page.html.contains("<script>alert"), "{hostile}");
        let name = if hostile.is_empty() { "an unknown browser" } else { hostile };
        assert_eq!(page.all("main h3"), [name]);
        let answer = go_on(&owner, &sign_out(IRP, &owner, name).await).await;
        assert_eq!(answer.notice().unwrap(), format!("You signed out: {name}."));
        assert!(!answer.html.contains("<script>alert"));
        assert!(!IRP.is_signed_in(&guest).await);
    }
}

#[actix_web::test]
async fn what_turns_text_around_never_reaches_the_page() {
    let app = app().await;
    let owner = IRP.owner(&app).await;
    // No browser can send this in a header; the row is put there behind the pages.
    let now = app.clock.now().seconds();
    let written = app.kit.store.write(move |c| {
        let account = accounts::find_by_username(c, Portal::Irp, ACME.gstin)?.unwrap();
        let session = sessions::Session {
            token_hash: "hash".to_owned(),
            portal: "irp".to_owned(),
            account_id: Some(account.id),
            state: "{}".to_owned(),
            address: "198.51.100.7".to_owned(),
            device: format!("\u{202E}live\u{2066}\r\n<b>{}", "x".repeat(500)),
            created_at: now,
            last_seen_at: now,
            sid: ids::random(),
            ended_because: None,
        };
        sessions::insert(c, &session)
    });
    written.await.unwrap();
    let page = open(IRP, &owner).await;
    assert!(!page.html.contains(['\u{202E}', '\u{2066}']) && !page.html.contains("<b>x"));
    let name = page.all("main h3").remove(0);
    assert!(name.starts_with("live<b>xxx") && name.chars().count() <= 60, "{name}");
}

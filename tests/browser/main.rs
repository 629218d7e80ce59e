//! The journeys in a real browser: Chromium, driven by chromedriver, before the real program in demo mode.
//!
//! With `SANAD_TEST_SCREENSHOTS=1` every screen is written to `target/screenshots/` at both widths, and the pictures of
//! the README to `docs/`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what a test does not expect must fail loudly"
)]

mod driver;
mod gst;
mod portal;
mod screen;
mod wait;
mod walk;
mod workspace;

use portal::Portal;
use screen::{Screen, Scripts};
use wait::eventually;

#[tokio::test]
async fn the_whole_walk_works_with_scripts() {
    let portal = Portal::start();
    let screen = Screen::of(&portal, Scripts::On).await.taking_pictures();
    walk::walk(&screen).await;
    screen.close().await;
}

#[tokio::test]
async fn the_whole_walk_works_without_scripts() {
    let portal = Portal::start();
    let screen = Screen::of(&portal, Scripts::Off).await;
    walk::walk(&screen).await;
    screen.close().await;
}

#[tokio::test]
async fn the_gst_portal_works_with_scripts() {
    let portal = Portal::start();
    let screen = Screen::of(&portal, Scripts::On).await.taking_pictures();
    gst::walk(&screen, Scripts::On).await;
    screen.close().await;
}

#[tokio::test]
async fn the_gst_portal_works_without_scripts() {
    let portal = Portal::start();
    let screen = Screen::of(&portal, Scripts::Off).await;
    gst::walk(&screen, Scripts::Off).await;
    screen.close().await;
}

#[tokio::test]
async fn from_the_workspace_one_registers_and_comes_back_with_credentials() {
    for scripts in [Scripts::On, Scripts::Off] {
        let portal = Portal::start();
        let screen = Screen::of(&portal, scripts).await;
        let screen = if scripts == Scripts::On { screen.taking_pictures() } else { screen };
        workspace::register_and_come_back(&screen).await;
        screen.close().await;
    }
}

#[tokio::test]
async fn credentials_that_exist_are_added_to_a_workspace_and_tested() {
    for scripts in [Scripts::On, Scripts::Off] {
        let portal = Portal::start();
        let screen = Screen::of(&portal, scripts).await;
        workspace::add_existing_and_test(&screen).await;
        screen.close().await;
    }
}

#[tokio::test]
async fn without_scripts_nothing_is_offered_that_needs_them() {
    let portal = Portal::start();
    let screen = Screen::of(&portal, Scripts::Off).await;
    walk::check_eligibility(&screen).await;
    walk::tell_contact(&screen).await;
    let text = screen.text().await;
    assert!(text.contains("You can ask for a new OTP after ") && text.contains(" IST."), "{text}");
    walk::prove_contact(&screen).await;
    screen.follow("Continue").await;
    assert!(!screen.has("main button[type=button]").await && !screen.has("meter").await);
    screen.close().await;
}

#[tokio::test]
async fn a_password_can_be_shown_and_hidden_again() {
    let portal = Portal::start();
    let screen = Screen::of(&portal, Scripts::On).await;
    screen.visit("/irp/login").await;
    screen.fill("Password", walk::PASSWORD).await;
    let (field, button) = (screen.field("Password").await, screen.find("main button[type=button]").await);
    for (words, kind, pressed) in [("Hide password", "text", "true"), ("Show password", "password", "false")] {
        button.click().await.unwrap();
        assert_eq!(screen.ask("document.querySelector('main button[type=button]').textContent").await, words);
        assert_eq!(field.attr("type").await.unwrap().as_deref(), Some(kind));
        assert_eq!(button.attr("aria-pressed").await.unwrap().as_deref(), Some(pressed));
    }
    assert_eq!(screen.value("Password").await, walk::PASSWORD);
    screen.close().await;
}

#[tokio::test]
async fn the_rules_of_a_password_are_ticked_while_it_is_typed() {
    let portal = Portal::start();
    let screen = Screen::of(&portal, Scripts::On).await;
    walk::check_eligibility(&screen).await;
    walk::tell_contact(&screen).await;
    walk::prove_contact(&screen).await;
    screen.follow("Continue").await;
    let met = "Array.from(document.querySelectorAll('#password-rules .met'), rule => rule.dataset.rule).join(' ')";
    for (typed, rules, strength) in [
        ("", "", ""),
        ("seven7", "number alphabet", "Strength: weak"),
        (walk::PASSWORD, "length number alphabet special", "Strength: strong"),
    ] {
        screen.fill("Create a password", typed).await;
        assert_eq!(screen.ask(met).await, rules, "{typed}");
        screen.await_text(strength).await;
    }
    let read_out = screen.ask("document.querySelector('#password-rules .met .vh').textContent").await;
    assert_eq!(read_out.as_str().map(str::trim), Some("done"));
    screen.close().await;
}

#[tokio::test]
async fn the_wait_for_another_otp_counts_down() {
    let portal = Portal::start();
    let screen = Screen::of(&portal, Scripts::On).await;
    walk::check_eligibility(&screen).await;
    walk::tell_contact(&screen).await;
    let shown = "document.querySelector('[data-resend-at] [aria-hidden]').textContent";
    let first = screen.ask(shown).await;
    let clock = first.as_str().and_then(|text| text.strip_prefix("You can ask for a new OTP in 0:"));
    assert!(clock.is_some_and(|seconds| seconds.len() == 2 && ("00".."31").contains(&seconds)), "{first}");
    eventually("a second less", async || (screen.ask(shown).await != first).then_some(())).await;

    // The button stays operable, and the server knows better.
    screen.press("Send a new OTP").await;
    assert_eq!(screen.status().await, 429);
    assert!(screen.text().await.contains("still works."));
    screen.close().await;
}

#[tokio::test]
async fn a_gstin_is_upper_cased_and_a_wrong_last_character_hinted_at_when_the_field_is_left() {
    let portal = Portal::start();
    let screen = Screen::of(&portal, Scripts::On).await;
    screen.visit("/irp/register").await;
    for (typed, hinted) in [("29abcde1234f1zx", true), ("29abcde1234f1zw", false)] {
        screen.fill("GSTIN", &format!("{typed}\t")).await;
        assert_eq!(screen.value("GSTIN").await, typed.to_uppercase());
        let hint = "The last character does not match the others. Did you mean O or 0?";
        eventually("the hint to come or go", async || (screen.text().await.contains(hint) == hinted).then_some(()))
            .await;
    }
    screen.close().await;
}

/// The field is left by pressing the button: a hint that appeared at once would move it away from under the pointer.
#[tokio::test]
async fn a_press_on_the_button_counts_although_a_hint_appears_with_it() {
    let portal = Portal::start();
    let screen = Screen::of(&portal, Scripts::On).await;
    screen.visit("/irp/register").await;
    screen.fill("GSTIN", "29ABCDE1234F1ZX").await;
    screen.press("Continue").await;
    let sentence = "Check your GSTIN. The last character does not match the others.";
    screen.refuses("Check if your GSTIN is eligible for e-invoicing", sentence, "eligibility-check-digit").await;
    screen.close().await;
}

/// The strength is told when typing pauses, which may be when the button is pressed.
#[tokio::test]
async fn the_button_stays_where_it_is_when_the_strength_of_a_password_is_told() {
    let portal = Portal::start();
    let screen = Screen::of(&portal, Scripts::On).await;
    walk::check_eligibility(&screen).await;
    walk::tell_contact(&screen).await;
    walk::prove_contact(&screen).await;
    screen.follow("Continue").await;
    let place = "document.querySelector('main button[type=submit]').getBoundingClientRect().top + scrollY";
    let before = screen.ask(place).await;
    screen.fill("Create a password", walk::PASSWORD).await;
    screen.await_text("Strength: strong").await;
    assert_eq!(screen.ask(place).await, before);
    screen.close().await;
}

/// From the start to the page of the credentials.
async fn get_credentials(screen: &Screen) {
    walk::check_eligibility(screen).await;
    walk::tell_contact(screen).await;
    walk::prove_contact(screen).await;
    walk::create_account(screen).await;
    walk::create_credentials(screen).await;
    walk::see_credentials(screen).await;
}

#[tokio::test]
async fn the_api_username_can_be_copied_with_one_press() {
    let portal = Portal::start();
    let screen = Screen::of(&portal, Scripts::On).await;
    get_credentials(&screen).await;
    let buttons = "Array.from(document.querySelectorAll('main button[type=button]'), button => button.textContent)";
    assert_eq!(screen.ask(buttons).await, serde_json::json!(["Copy"]));
    screen.find("main button[type=button]").await.click().await.unwrap();
    screen.await_text("Copied").await;
    screen.close().await;
}

/// Such a browser sends no Sec-Fetch-Site either: that the forms work shows the second line of the check of origins.
#[tokio::test]
async fn where_the_browser_has_no_clipboard_there_is_no_copy_button() {
    let port = driver::free_port();
    let (listen, address) = (format!("127.0.0.1:{port}"), format!("http://portal.test:{port}"));
    let portal = Portal::start_with(&[("SANAD_LISTEN", &listen), ("SANAD_BASE_URL", &address)]);
    let screen = Screen::of(&portal, Scripts::On).await;
    get_credentials(&screen).await;
    assert_eq!(screen.ask("isSecureContext").await, false);
    assert!(!screen.has("main button[type=button]").await);
    screen.close().await;
}

#[tokio::test]
async fn the_pages_around_the_walk_fit_a_narrow_screen() {
    let portal = Portal::start();
    let screen = Screen::of(&portal, Scripts::On).await.taking_pictures();
    for (path, heading, picture) in [
        ("/", "API credentials for e-invoicing", "home"),
        ("/demo", "Sample GSTINs", "demo"),
        ("/demo/messages", "Messages", "demo-messages"),
        ("/irp/login", "Log in", "login"),
        ("/help", "Help", "help"),
        ("/contact", "Contact", "contact-us"),
        ("/accessibility", "Accessibility", "accessibility"),
        ("/privacy", "Privacy", "privacy"),
        ("/terms", "Terms", "terms"),
        ("/nowhere", "Page not found", "not-found"),
    ] {
        screen.visit(path).await;
        screen.shows(heading, picture).await;
    }
    screen.visit("/irp/register").await;
    screen.fill("GSTIN", "29ABCDE1234F3ZU").await;
    screen.press("Continue").await;
    screen.shows("This GSTIN is not eligible for e-invoicing", "not-eligible").await;
    screen.close().await;
}

//! C7, Manage API Access; C8 on it.

mod calendar;
mod messages;

use sanad::store::events::{self, Event};

use crate::support::app::START;
use crate::support::samples::*;
use crate::support::walk::{go_on, registered};
use crate::support::walk_gst::*;
use crate::support::{App, Browser, Message, Page};

const CALENDAR: &str = "/gst/profile/api-access.ics";
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// When a session ends by itself.
const IDLE: i64 = 15 * 60;

const ENABLE: (&str, &str) = ("enable", "Select Yes or No for Enable API Request");
const DURATION: (&str, &str) = ("duration", "Select a duration");
const UNKNOWN_DURATION: (&str, &str) = ("duration", "Select a duration from the list");

/// Each duration: its value, its words, its length, and when it ends that begins at the start.
const DURATIONS: [(&str, &str, i64, &str); 4] = [
    ("6h", "6 hrs", 6 * HOUR, "21/11/2026 23:01"),
    ("12h", "12 hrs", 12 * HOUR, "22/11/2026 05:01"),
    ("7d", "7 days", 7 * DAY, "28/11/2026 17:01"),
    ("30d", "30 days", 30 * DAY, "21/12/2026 17:01"),
];

async fn open(browser: &Browser) -> Page {
    let page = browser.get(API_ACCESS).await;
    page.assert_shows("Manage API Access");
    page
}

/// The page after a form that must be accepted, and what its box says.
async fn told(browser: &Browser, answer: &Page) -> String {
    answer.assert_leads_to(API_ACCESS);
    browser.follow(answer).await.notice().expect("the page says what happened")
}

/// What the page says about the state of API access: the box that is no notice. Above "off" may stand that it has ended.
fn state(page: &Page) -> String {
    let boxes = page.all("main .box:not([role])");
    assert!(boxes.len() == 1 || boxes[1..] == ["API access is off"], "{boxes:?}");
    boxes[0].trim_end_matches(" Add to calendar").to_owned()
}

/// The acts of API access that are on record for a GSTIN, the oldest first.
async fn acts(app: &App, gstin: &'static str) -> Vec<Event> {
    let found = app.kit.store.read(move |c| events::list_by_gstin(c, gstin)).await.unwrap();
    found.into_iter().filter(|event| event.action.starts_with("api_access")).collect()
}

async fn actions(app: &App) -> Vec<String> {
    acts(app, ACME.gstin).await.into_iter().map(|event| event.action).collect()
}

/// The messages about API access, the newest first.
async fn messages(app: &App) -> Vec<Message> {
    let messages = app.messages().await;
    messages
        .into_iter()
        .filter(|message| message.subject.contains("API access") || message.text.contains("API access for GSTIN"))
        .collect()
}

/// Nothing was switched and nobody was told anything.
async fn assert_untouched(app: &App) {
    assert!(actions(app).await.is_empty() && messages(app).await.is_empty());
    assert_eq!(state(&open(&signed_in_again(app).await).await), "API access is off");
}

// --- The page -----------------------------------------------------------------------------------

#[actix_web::test]
async fn the_page_has_the_words_of_the_document() {
    let app = App::start().await;
    let page = open(&signed_in(&app).await).await;
    for words in [
        "• indicates mandatory fields",
        "Select \"Yes\" or \"No\" to enable or disable API access for your GSTIN/UIN/GSTPID",
        "The session will be active during this duration. After this duration you have to initiate a new session",
        "Maximum duration can be 30 days.",
        "Only if you choose Yes",
    ] {
        assert!(page.has(words), "{words}: {}", page.told());
    }
    assert_eq!(page.all("main legend"), ["Enable API Request •"]);
    assert_eq!(page.all("main label"), ["Yes", "No", "Duration •"]);
    assert_eq!(page.all("main option"), ["Select", "6 hrs", "12 hrs", "7 days", "30 days"]);
    assert_eq!(page.all("main button"), ["CONFIRM"]);
    let form = page.form("CONFIRM");
    assert_eq!(form.offers("enable"), ["yes", "no"]);
    assert_eq!(form.offers("duration"), ["", "6h", "12h", "7d", "30d"]);
    let note = page.attribute("main fieldset", "aria-describedby").unwrap();
    assert!(page.all(&format!("#{note}"))[0].starts_with("Select \"Yes\" or \"No\""));
}

#[actix_web::test]
async fn nothing_is_chosen_beforehand_whether_it_is_off_or_on() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for _ in 0..2 {
        let form = open(&browser).await.form("CONFIRM");
        assert_eq!((form.value("enable"), form.value("duration")), (String::new(), String::new()));
        go_on(&browser, &choose_yes(&browser, "7d").await).await;
    }
}

#[actix_web::test]
async fn the_signed_out_log_in_first_and_come_back() {
    let app = App::start().await;
    signed_in(&app).await;
    let browser = app.browser();
    let login = format!("/gst/login?return={API_ACCESS}");
    browser.get(API_ACCESS).await.assert_leads_to(&login);
    log_in_at(&browser, &login, USERNAME, PASSWORD).await.assert_leads_to(API_ACCESS);
}

// --- On -----------------------------------------------------------------------------------------

#[actix_web::test]
async fn each_duration_is_on_to_its_last_second_and_then_has_ended() {
    for (value, _, length, until) in DURATIONS {
        let app = App::start().await;
        let browser = signed_in(&app).await;
        assert_eq!(
            told(&browser, &choose_yes(&browser, value).await).await,
            format!("API access is on until {until} IST.")
        );
        for (after, is_on) in [(0, true), (length - 1, true), (length, false), (length + 1, false)] {
            app.clock.advance(START.plus(after).since(app.clock.now()));
            let browser = signed_in_again(&app).await;
            let (page, dashboard) = (open(&browser).await, browser.get("/gst/dashboard").await);
            let ended = format!("API access ended on {until} IST. Turn it on again to let your software connect.");
            let on = format!("API access is on until {until} IST. ");
            assert_eq!(state(&page).starts_with(&on), is_on, "{value}: {}", page.told());
            assert_eq!(state(&page) == ended, !is_on, "{value}: {}", page.told());
            assert_eq!(dashboard.has(&format!("On until {until} IST")), is_on, "{value}: {}", dashboard.told());
            assert_eq!(dashboard.has(&ended), !is_on, "{value}: {}", dashboard.told());
        }
    }
}

#[actix_web::test]
async fn the_page_says_what_is_left() {
    let app = App::start().await;
    with_api_access(&app, "30d").await;
    for (after, left) in [
        (0, "30 days left."),
        (60, "29 days 23 hours left."),
        (29 * DAY, "1 day left."),
        (29 * DAY + 1, "23 hours 59 minutes left."),
        (30 * DAY - HOUR - 60, "1 hour 1 minute left."),
        (30 * DAY - 60, "1 minute left."),
        (30 * DAY - 1, "less than a minute left."),
    ] {
        app.clock.advance(START.plus(after).since(app.clock.now()));
        let page = open(&signed_in_again(&app).await).await;
        assert_eq!(state(&page), format!("API access is on until 21/12/2026 17:01 IST. {left}"));
    }
}

#[actix_web::test]
async fn another_yes_replaces_the_end_and_says_both() {
    let app = App::start().await;
    let browser = with_api_access(&app, "30d").await;
    app.clock.advance(60);
    let answer = choose_yes(&browser, "6h").await;
    let both = "API access is on until 21/11/2026 23:02 IST. Before, it was on until 21/12/2026 17:01 IST.";
    assert_eq!(told(&browser, &answer).await, both);
    assert_eq!(state(&open(&browser).await), "API access is on until 21/11/2026 23:02 IST. 6 hours left.");
    // The end that was replaced ends nothing any more.
    app.clock.advance(6 * HOUR);
    let ended = "API access ended on 21/11/2026 23:02 IST. Turn it on again to let your software connect.";
    assert_eq!(state(&open(&signed_in_again(&app).await).await), ended);
}

#[actix_web::test]
async fn a_yes_after_the_end_replaces_nothing() {
    let app = App::start().await;
    with_api_access(&app, "6h").await;
    app.clock.advance(6 * HOUR);
    let browser = signed_in_again(&app).await;
    let answer = choose_yes(&browser, "6h").await;
    assert_eq!(told(&browser, &answer).await, "API access is on until 22/11/2026 05:01 IST.");
}

// --- Off ----------------------------------------------------------------------------------------

#[actix_web::test]
async fn no_ends_it_at_once() {
    let app = App::start().await;
    let browser = with_api_access(&app, "30d").await;
    app.clock.advance(120);
    let answer = choose_no(&browser).await;
    let off = "API access is off. Software that used it was signed out at 17:03 IST.";
    assert_eq!(told(&browser, &answer).await, off);
    assert_eq!(state(&open(&browser).await), "API access is off");
    assert_eq!(actions(&app).await, ["api_access_on", "api_access_off"]);
    // It was switched off and has not ended by itself.
    app.clock.advance(31 * DAY);
    assert_eq!(state(&open(&signed_in_again(&app).await).await), "API access is off");
}

#[actix_web::test]
async fn no_while_it_is_off_only_says_so() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let already = "API access is already off.";
    assert_eq!(told(&browser, &choose_no(&browser).await).await, already);
    assert_untouched(&app).await;

    go_on(&browser, &choose_yes(&browser, "6h").await).await;
    app.clock.advance(6 * HOUR);
    let browser = signed_in_again(&app).await;
    assert_eq!(told(&browser, &choose_no(&browser).await).await, already);
    assert!(!actions(&app).await.contains(&"api_access_off".to_owned()));
}

#[actix_web::test]
async fn no_pays_no_attention_to_the_duration() {
    let app = App::start().await;
    let browser = with_api_access(&app, "30d").await;
    let form = open(&browser).await.form("CONFIRM").fill("enable", "no");
    for duration in ["6h", "31d", "\0"] {
        app.clock.advance(61);
        let answer = form.clone().forge("duration", duration.as_bytes()).submit(&browser).await;
        assert!(told(&browser, &answer).await.contains(" off."));
    }
    assert_eq!(actions(&app).await, ["api_access_on", "api_access_off"]);
}

#[actix_web::test]
async fn it_can_be_switched_on_and_off_and_on_within_a_minute() {
    let app = App::start().await;
    let browser = with_api_access(&app, "7d").await;
    app.clock.advance(1);
    go_on(&browser, &choose_no(&browser).await).await;
    app.clock.advance(1);
    assert_eq!(told(&browser, &choose_yes(&browser, "7d").await).await, "API access is on until 28/11/2026 17:01 IST.");
    assert!(state(&open(&browser).await).starts_with("API access is on until"));
    assert_eq!(actions(&app).await, ["api_access_on", "api_access_off", "api_access_on"]);
}

// --- What is wrong with the form ----------------------------------------------------------------

#[actix_web::test]
async fn a_stray_confirm_changes_nothing() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let form = open(&browser).await.form("CONFIRM");
    form.submit(&browser).await.assert_refused(&[ENABLE]);
    assert_untouched(&app).await;

    go_on(&browser, &choose_yes(&browser, "30d").await).await;
    let before = state(&open(&browser).await);
    form.submit(&browser).await.assert_refused(&[ENABLE]);
    assert_eq!(state(&open(&browser).await), before);
    assert_eq!(actions(&app).await, ["api_access_on"]);
}

#[actix_web::test]
async fn yes_needs_a_duration_and_stays_chosen() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let page = open(&browser).await.form("CONFIRM").fill("enable", "yes").submit(&browser).await;
    page.assert_refused(&[DURATION]);
    assert_eq!(page.form("CONFIRM").value("enable"), "yes");
    let answer = page.form("CONFIRM").fill("duration", "6h").submit(&browser).await;
    assert_eq!(told(&browser, &answer).await, "API access is on until 21/11/2026 23:01 IST.");
}

#[actix_web::test]
async fn a_duration_without_yes_or_no_stays_chosen() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let page = open(&browser).await.form("CONFIRM").fill("duration", "12h").submit(&browser).await;
    page.assert_refused(&[ENABLE]);
    let form = page.form("CONFIRM");
    assert_eq!((form.value("enable"), form.value("duration")), (String::new(), "12h".to_owned()));
    assert_untouched(&app).await;
}

#[actix_web::test]
async fn the_page_of_a_fault_shows_the_state_as_well() {
    let app = App::start().await;
    let browser = with_api_access(&app, "7d").await;
    let page = open(&browser).await.form("CONFIRM").fill("enable", "yes").submit(&browser).await;
    page.assert_refused(&[DURATION]);
    assert_eq!(state(&page), "API access is on until 28/11/2026 17:01 IST. 7 days left.");
}

#[actix_web::test]
async fn a_tampered_choice_is_refused() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let form = open(&browser).await.form("CONFIRM").fill("enable", "yes");
    let tampered: [&[u8]; 14] = [
        b"31d",
        b"365d",
        b"6H",
        b" 6h",
        b"6h ",
        b"06h",
        b"6",
        b"-6h",
        b"6h\0",
        b"0",
        b"Select",
        b"6h,30d",
        "６h".as_bytes(),
        b"\"><script>alert(1)</script>",
    ];
    for duration in tampered {
        let page = form.clone().forge("duration", duration).submit(&browser).await;
        page.assert_refused(&[UNKNOWN_DURATION]);
        assert!(!page.html.contains("<script>alert"));
    }
    let form = form.fill("duration", "30d");
    let tampered: [&[u8]; 8] =
        [b"YES", b"Yes", b" yes", b"yes ", b"on", b"1", b"yes\0", b"\"><script>alert(1)</script>"];
    for enable in tampered {
        let page = form.clone().forge("enable", enable).submit(&browser).await;
        page.assert_refused(&[ENABLE]);
        assert!(!page.html.contains("<script>alert"));
    }
    assert_untouched(&app).await;
}

#[actix_web::test]
async fn a_choice_made_twice_or_broken_is_asked_for_again() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let form = open(&browser).await.form("CONFIRM").fill("enable", "yes").fill("duration", "30d");
    for (form, fault) in [
        (form.clone().with("enable", b"no"), ENABLE),
        (form.clone().with("enable", b"yes"), ENABLE),
        (form.clone().forge("enable", b"yes\xff"), ENABLE),
        (form.clone().without("enable"), ENABLE),
        (form.clone().with("duration", b"6h"), DURATION),
        (form.clone().forge("duration", b"30d\xff"), DURATION),
        (form.clone().without("duration"), DURATION),
    ] {
        form.submit(&browser).await.assert_refused(&[fault]);
    }
    assert_untouched(&app).await;
}

#[actix_web::test]
async fn a_form_that_is_not_ours_changes_nothing() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let own = open(&browser).await.form("CONFIRM").fill("enable", "yes").fill("duration", "30d");
    let others = open(&signed_in_as(&app, &PATEL, "patel2026").await).await.form("CONFIRM").value("csrf");
    for form in [own.clone().forge("csrf", others.as_bytes()), own.clone().without("csrf"), own.with("csrf", b"x")] {
        form.submit(&browser).await.assert_error_page(403, "This form is out of date");
    }
    assert_untouched(&app).await;
}

// --- Pressed twice, two tabs --------------------------------------------------------------------

#[actix_web::test]
async fn confirm_pressed_twice_switches_on_once_and_tells_once() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let form = open(&browser).await.form("CONFIRM").fill("enable", "yes").fill("duration", "7d");
    let said = told(&browser, &form.submit(&browser).await).await;
    app.clock.advance(59);
    assert_eq!(told(&browser, &form.submit(&browser).await).await, said);
    assert_eq!(said, "API access is on until 28/11/2026 17:01 IST.");
    assert_eq!(actions(&app).await, ["api_access_on"]);
    // To each of two email addresses and two phones.
    assert_eq!(messages(&app).await.len(), 4);
}

#[actix_web::test]
async fn a_yes_that_replaced_an_end_says_so_again_when_pressed_twice() {
    let app = App::start().await;
    let browser = with_api_access(&app, "30d").await;
    let form = open(&browser).await.form("CONFIRM").fill("enable", "yes").fill("duration", "7d");
    for _ in 0..2 {
        app.clock.advance(1);
        let both = "API access is on until 28/11/2026 17:01 IST. Before, it was on until 21/12/2026 17:01 IST.";
        assert_eq!(told(&browser, &form.submit(&browser).await).await, both);
    }
    assert_eq!(actions(&app).await, ["api_access_on", "api_access_on"]);
}

#[actix_web::test]
async fn confirm_pressed_twice_at_the_same_time_switches_on_once() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let form = open(&browser).await.form("CONFIRM").fill("enable", "yes").fill("duration", "7d");
    let other = browser.clone_cookies();
    let (one, two) = futures_util::join!(form.submit(&browser), form.submit(&other));
    one.assert_leads_to(API_ACCESS);
    two.assert_leads_to(API_ACCESS);
    assert_eq!((actions(&app).await, messages(&app).await.len()), (vec!["api_access_on".to_owned()], 4));
}

#[actix_web::test]
async fn confirm_after_a_minute_is_another_wish() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let form = open(&browser).await.form("CONFIRM").fill("enable", "yes").fill("duration", "7d");
    form.submit(&browser).await.assert_leads_to(API_ACCESS);
    app.clock.advance(60);
    let both = "API access is on until 28/11/2026 17:02 IST. Before, it was on until 28/11/2026 17:01 IST.";
    assert_eq!(told(&browser, &form.submit(&browser).await).await, both);
    assert_eq!(actions(&app).await, ["api_access_on", "api_access_on"]);
}

#[actix_web::test]
async fn no_pressed_twice_says_the_same_and_tells_once() {
    let app = App::start().await;
    let browser = with_api_access(&app, "7d").await;
    let form = open(&browser).await.form("CONFIRM").fill("enable", "no");
    let off = "API access is off. Software that used it was signed out at 17:01 IST.";
    assert_eq!(told(&browser, &form.submit(&browser).await).await, off);
    app.clock.advance(59);
    assert_eq!(told(&browser, &form.submit(&browser).await).await, off);
    assert_eq!(actions(&app).await, ["api_access_on", "api_access_off"]);
    assert_eq!(messages(&app).await.iter().filter(|mail| mail.subject == "API access is off").count(), 2);
}

#[actix_web::test]
async fn of_two_tabs_the_last_one_wins_and_both_stand_on_record() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let form = open(&browser).await.form("CONFIRM");
    let (week, month) = (
        form.clone().fill("enable", "yes").fill("duration", "7d"),
        form.clone().fill("enable", "yes").fill("duration", "30d"),
    );
    week.submit(&browser).await.assert_leads_to(API_ACCESS);
    app.clock.advance(5);
    let both = "API access is on until 21/12/2026 17:01 IST. Before, it was on until 28/11/2026 17:01 IST.";
    assert_eq!(told(&browser, &month.submit(&browser).await).await, both);
    app.clock.advance(5);
    form.fill("enable", "no").submit(&browser).await.assert_leads_to(API_ACCESS);
    assert_eq!(state(&open(&browser).await), "API access is off");

    let acts = acts(&app, ACME.gstin).await;
    let facts: Vec<(&str, i64)> = acts.iter().map(|act| (act.action.as_str(), act.at - START.seconds())).collect();
    assert_eq!(facts, [("api_access_on", 0), ("api_access_on", 5), ("api_access_off", 10)]);
    for (act, duration) in acts.iter().zip(["7d", "30d"]) {
        assert!(act.detail.contains(duration), "{}", act.detail);
    }
}

#[actix_web::test]
async fn two_tabs_at_the_same_time_leave_one_of_both_and_both_on_record() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let form = open(&browser).await.form("CONFIRM").fill("enable", "yes");
    let (week, month) = (form.clone().fill("duration", "7d"), form.fill("duration", "30d"));
    let other = browser.clone_cookies();
    let (one, two) = futures_util::join!(week.submit(&browser), month.submit(&other));
    one.assert_leads_to(API_ACCESS);
    two.assert_leads_to(API_ACCESS);
    let acts = acts(&app, ACME.gstin).await;
    assert_eq!(acts.len(), 2);
    let last = if acts[1].detail.contains("30d") { "21/12/2026" } else { "28/11/2026" };
    let page = open(&browser).await;
    assert!(state(&page).contains(last), "{} after {acts:?}", page.told());
}

// --- Clock, session, restart, accounts ----------------------------------------------------------

#[actix_web::test]
async fn a_clock_set_back_ends_it_and_another_yes_counts_from_then() {
    let app = App::start().await;
    with_api_access(&app, "6h").await;
    app.clock.advance(-HOUR);
    let browser = signed_in_again(&app).await;
    assert_eq!(state(&open(&browser).await), "API access is off");
    assert_eq!(browser.get(CALENDAR).await.status, 404);
    let answer = choose_yes(&browser, "6h").await;
    assert_eq!(told(&browser, &answer).await, "API access is on until 21/11/2026 22:01 IST.");
    assert_eq!(state(&open(&browser).await), "API access is on until 21/11/2026 22:01 IST. 6 hours left.");
    assert_eq!(actions(&app).await.len(), 2);
}

#[actix_web::test]
async fn a_clock_that_is_a_little_behind_does_not_matter() {
    let app = App::start().await;
    let browser = with_api_access(&app, "6h").await;
    app.clock.advance(-5);
    assert!(state(&open(&browser).await).starts_with("API access is on until 21/11/2026 23:01 IST."));
}

#[actix_web::test]
async fn a_session_that_ended_keeps_what_was_chosen_and_does_nothing() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let form = open(&browser).await.form("CONFIRM").fill("enable", "yes").fill("duration", "30d");
    app.clock.advance(IDLE);
    let answer = form.submit(&browser).await;
    answer.assert_leads_to(&format!("/gst/login?return={API_ACCESS}"));
    let login = browser.follow(&answer).await;
    let kept = "You were signed out at 17:16 IST because nothing happened for 15 minutes. We kept what you typed, except \
        passwords.";
    assert_eq!(login.notice().unwrap(), kept);
    assert!(actions(&app).await.is_empty());

    let form = login.form("LOGIN").fill("username", USERNAME).fill("password", PASSWORD);
    let page = go_on(&browser, &form.submit(&browser).await).await;
    page.assert_shows("Manage API Access");
    assert_eq!(state(&page), "API access is off");
    let form = page.form("CONFIRM");
    assert_eq!((form.value("enable"), form.value("duration")), ("yes".to_owned(), "30d".to_owned()));
    assert!(actions(&app).await.is_empty());
    let on = "API access is on until 21/12/2026 17:16 IST.";
    assert_eq!(told(&browser, &form.submit(&browser).await).await, on);
    // Once used, the choice is gone.
    assert_eq!(open(&browser).await.form("CONFIRM").value("enable"), "");
}

#[actix_web::test]
async fn nobody_else_gets_what_was_chosen() {
    let app = App::start().await;
    first_login(&app, &PATEL, "patel2026", PASSWORD).await;
    let browser = signed_in(&app).await;
    let form = open(&browser).await.form("CONFIRM").fill("enable", "yes").fill("duration", "30d");
    app.clock.advance(IDLE);
    form.submit(&browser).await;
    log_in(&browser, "patel2026", PASSWORD).await;
    let form = open(&browser).await.form("CONFIRM");
    assert_eq!((form.value("enable"), form.value("duration")), (String::new(), String::new()));
}

#[actix_web::test]
async fn it_survives_a_restart() {
    let mut app = App::start().await;
    let browser = with_api_access(&app, "30d").await;
    let (before, cookies) = (state(&open(&browser).await), browser.cookies());
    app.restart().await;
    let browser = app.browser();
    cookies.iter().for_each(|(name, value)| browser.set_cookie(name, value));
    assert_eq!(state(&open(&browser).await), before);
    app.clock.advance(30 * DAY);
    let ended = "API access ended on 21/12/2026 17:01 IST. Turn it on again to let your software connect.";
    assert_eq!(state(&open(&signed_in_again(&app).await).await), ended);
}

#[actix_web::test]
async fn the_switches_of_two_accounts_do_not_touch_each_other() {
    let app = App::start().await;
    let acme = with_api_access(&app, "30d").await;
    let patel = signed_in_as(&app, &PATEL, "patel2026").await;
    assert_eq!(state(&open(&patel).await), "API access is off");
    go_on(&patel, &choose_yes(&patel, "6h").await).await;
    go_on(&acme, &choose_no(&acme).await).await;

    assert_eq!(state(&open(&patel).await), "API access is on until 21/11/2026 23:01 IST. 6 hours left.");
    assert_eq!(state(&open(&acme).await), "API access is off");
    assert_eq!(acts(&app, PATEL.gstin).await.len(), 1);
    for message in messages(&app).await {
        let is_patels = message.to == PATEL.email || message.to.ends_with(PATEL.phone);
        let of = if is_patels { ("K1Z7", ACME.gstin) } else { ("F1ZW", PATEL.gstin) };
        assert!(message.text.contains(of.0) && !message.text.contains(of.1), "{message:?}");
    }
}

#[actix_web::test]
async fn the_account_of_the_irp_switches_nothing() {
    let app = App::start().await;
    let gst = with_api_access(&app, "30d").await;
    let form = open(&gst).await.form("CONFIRM").fill("enable", "no");
    let irp = registered(&app).await;
    irp.get(API_ACCESS).await.assert_leads_to(&format!("/gst/login?return={API_ACCESS}"));
    form.submit(&irp).await.assert_leads_to("/gst/login");
    assert_eq!(actions(&app).await, ["api_access_on"]);
}

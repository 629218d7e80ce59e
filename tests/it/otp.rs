//! The OTP step (screens.md 2.0.5), walked where it has most to show: `/irp/register/otp`.

use futures_util::future::join_all;
use sanad::store::{challenges, events};

use crate::support::samples::*;
use crate::support::walk::{go_on, register_to, registered};
use crate::support::{App, Browser, Message, Page, Sample, Step};

const WRONG: &str = "That OTP is not right. Check it and try again.";
const REPLACED: &str = "That OTP was replaced by a newer one. Use the newest OTP.";
const EXPIRED: &str = "That OTP has expired. Ask for a new one.";
const OTP_PAGE: &str = "/irp/register/otp";
const LIFE: i64 = 600;
const HOUR: i64 = 60 * 60;

/// A registration that waits for its OTP.
struct Waiting {
    app: App,
    browser: Browser,
    page: Page,
    otp: String,
}

impl Waiting {
    async fn start(who: &Sample) -> Self {
        let app = App::start().await;
        let browser = app.browser();
        let page = register_to(&app, &browser, who, Step::Otp).await;
        let otp = app.last_otp_for(who.email).await;
        Self { app, browser, page, otp }
    }

    async fn type_in(&self, otp: &str) -> Page {
        verify(&self.browser, &self.page, otp).await
    }

    async fn resend(&self) -> Page {
        self.page.form("Send a new OTP").submit(&self.browser).await
    }

    /// Asks for a new OTP after the wait, and returns it.
    async fn resent(&self) -> String {
        self.app.clock.advance(30);
        self.resend().await.assert_leads_to(OTP_PAGE);
        self.app.last_otp_for("Email").await
    }

    /// So many OTPs that were never sent, all different.
    fn wrong(&self, how_many: u32) -> Vec<String> {
        let right: u32 = self.otp.parse().unwrap();
        let wrong = (1..=how_many).map(|step| format!("{:06}", (right + step) % 1_000_000));
        wrong.collect()
    }

    async fn guess_wrong(&self, how_often: u32) -> Vec<Page> {
        let mut pages = Vec::new();
        for otp in self.wrong(how_often) {
            pages.push(self.type_in(&otp).await);
        }
        pages
    }
}

async fn verify(browser: &Browser, page: &Page, otp: &str) -> Page {
    let answer = page.form("Verify").fill("otp", otp).submit(browser).await;
    if answer.status == 422 && answer.value("otp").is_some() {
        assert_eq!(answer.value("otp").as_deref(), Some(""), "emptied");
    }
    answer
}

fn of_channel(messages: &[Message], channel: &str) -> Vec<Message> {
    let fitting = messages.iter().filter(|message| message.channel == channel);
    fitting.cloned().collect()
}

fn addresses(messages: &[Message]) -> Vec<&str> {
    let mut to: Vec<&str> = messages.iter().map(|message| message.to.as_str()).collect();
    to.sort_unstable();
    to
}

// --- The page -----------------------------------------------------------------------------------

#[tokio::test]
async fn the_page_says_where_the_otp_went_and_until_when_it_works() {
    let at = Waiting::start(&PATEL).await;
    at.page.assert_shows("Check your email and phone");
    assert!(at.page.has("Step 4 of 6"));
    assert!(
        at.page
            .has("We sent a 6-digit OTP to g•••••@example.in and ••••••5185. It works until 17:11 IST (10 minutes).")
    );
    assert!(at.page.has("6 digits, for example 012345"));
    assert!(at.page.has("You can ask for a new OTP after 17:01:30 IST."));
    assert!(at.page.header("cache-control").contains("no-store"));
}

#[tokio::test]
async fn the_page_masks_every_address() {
    let at = Waiting::start(&ACME).await;
    assert!(
        at.page.has("We sent a 6-digit OTP to b•••••@acme.example, a•••••@acme.example, ••••••3210 and ••••••1234.")
    );
    for secret in [ACME.email, ACME.phone, ACME_OTHER_EMAIL, ACME_OTHER_PHONE, at.otp.as_str()] {
        assert!(!at.page.html.contains(secret), "tells {secret}");
    }
}

#[tokio::test]
async fn the_field_takes_pasted_and_filled_in_codes() {
    let at = Waiting::start(&ACME).await;
    let expected = [
        ("type", "text"),
        ("inputmode", "numeric"),
        ("autocomplete", "one-time-code"),
        ("spellcheck", "false"),
        ("value", ""),
    ];
    for (name, value) in expected {
        let found = at.page.attribute("#otp", name);
        assert_eq!(found.as_deref(), Some(value), "{name}");
    }
    for unwanted in ["maxlength", "pattern", "placeholder"] {
        let selector = format!("#otp[{unwanted}]");
        assert_eq!(at.page.attribute(&selector, "id"), None, "{unwanted}");
    }
}

#[tokio::test]
async fn the_page_helps_whoever_got_no_otp() {
    let at = Waiting::start(&ACME).await;
    assert_eq!(at.page.all("summary"), ["Did not get an OTP?"]);
    let help = at.page.all("details li");
    assert_eq!(help.len(), 4);
    assert!(at.page.has("No longer have that phone or email? Change them on the GST portal first."));
    let change = at.page.link("Change email address or phone number");
    let contact = at.browser.get(&change).await;
    assert_eq!(contact.value("email").as_deref(), Some(ACME.email));
    assert_eq!(contact.value("phone").as_deref(), Some(ACME.phone));
    assert_eq!(at.page.form("Send a new OTP").action, "/irp/register/otp/resend");
}

#[tokio::test]
async fn a_right_otp_leads_on() {
    let at = Waiting::start(&ACME).await;
    at.type_in(&at.otp).await.assert_leads_to("/irp/register/verified");
}

// --- Messages -----------------------------------------------------------------------------------

#[tokio::test]
async fn the_otp_goes_to_every_registered_address_and_phone() {
    let at = Waiting::start(&KAVERI).await;
    let messages = at.app.messages().await;
    let mails = of_channel(&messages, "Email");
    let registered = ["auditor@example.com", "kaveri@example.in", "partners.kaveri@example.com"];
    assert_eq!(addresses(&mails), registered);
    let texts = of_channel(&messages, "SMS");
    let registered = ["919876506111", "919876506112", "919876506113"];
    assert_eq!(addresses(&texts), registered);
    assert_eq!(messages.len(), 6);
    let same = messages.iter().all(|message| message.otp().as_deref() == Some(&at.otp));
    assert!(same, "one OTP for all");
}

#[tokio::test]
async fn the_sms_says_first_what_the_otp_is_for() {
    let at = Waiting::start(&PATEL).await;
    let texts = of_channel(&at.app.messages().await, "SMS");
    let expected = format!(
        "{0} is your OTP to register GSTIN ending K1Z7 on Sanad. Valid 10 min. Do not share it.\n\n\
         @127.0.0.1 #{0}",
        at.otp
    );
    let lines = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    assert_eq!(lines(&texts[0].text), lines(&expected));
    assert!(texts[0].text.len() <= 160);
}

#[tokio::test]
async fn the_mail_keeps_the_otp_out_of_its_subject() {
    let at = Waiting::start(&PATEL).await;
    let mails = of_channel(&at.app.messages().await, "Email");
    assert_eq!(mails[0].subject, "Your OTP to register");
    let expected = format!(
        "{} is your OTP to register for GSTIN 24FGHIJ5678K1Z7. It works until 17:11 IST on 21/11/2026.",
        at.otp
    );
    assert!(mails[0].text.starts_with(&expected), "{}", mails[0].text);
    assert!(
        mails[0].text.contains("We never ask for it by phone or email. If you did not ask for it, ignore this email.")
    );
}

// --- What was typed -----------------------------------------------------------------------------

#[tokio::test]
async fn spaces_hyphens_and_invisible_characters_do_not_count() {
    for (left, between, right) in
        [("", " ", ""), ("", "-", ""), (" ", "\u{a0}", "\t"), ("\u{200b}", "\u{2013}", "\u{feff}"), ("", " - ", "\r\n")]
    {
        let at = Waiting::start(&ACME).await;
        let (head, tail) = at.otp.split_at(3);
        let typed = format!("{left}{head}{between}{tail}{right}");
        at.type_in(&typed).await.assert_leads_to("/irp/register/verified");
    }
}

#[tokio::test]
async fn a_malformed_otp_says_why_and_costs_no_try() {
    let at = Waiting::start(&ACME).await;
    let (empty, digits) = ("Enter the 6-digit OTP", "The OTP must only have digits");
    let cases = [
        ("", empty),
        (" - ", empty),
        ("12345", "The OTP must be 6 digits. You entered 5."),
        ("1234567", "The OTP must be 6 digits. You entered 7."),
        ("12 34", "The OTP must be 6 digits. You entered 4."),
        ("12345a", digits),
        ("O12345", digits),
        ("１２３４５６", digits),
        ("१२३४५६", digits),
        ("12345.", digits),
        ("<b>123456</b>", digits),
    ];
    for (typed, sentence) in cases {
        let answer = at.type_in(typed).await;
        answer.assert_refused(&[("otp", sentence)]);
        assert_eq!(answer.h1(), "Check your email and phone");
    }
    at.type_in(&at.otp).await.assert_leads_to("/irp/register/verified");
}

// --- Wrong --------------------------------------------------------------------------------------

#[tokio::test]
async fn a_wrong_otp_says_the_tries_left_from_the_third_on() {
    let at = Waiting::start(&ACME).await;
    let pages = at.guess_wrong(4).await;
    let two_left = format!("{WRONG} You have 2 tries left.");
    let one_left = format!("{WRONG} You have 1 try left.");
    for (page, sentence) in pages.iter().zip([WRONG, WRONG, &two_left, &one_left]) {
        page.assert_refused(&[("otp", sentence)]);
        assert_eq!(page.h1(), "Check your email and phone");
        assert!(page.has("It works until 17:11 IST"));
    }
    at.type_in(&at.otp).await.assert_leads_to("/irp/register/verified");
}

#[tokio::test]
async fn the_fifth_wrong_otp_kills_it() {
    let at = Waiting::start(&ACME).await;
    let last = at.guess_wrong(5).await.pop().unwrap();
    assert_eq!(last.status, 422);
    assert_eq!(last.h1(), "Too many wrong OTPs");
    assert!(last.has("For your safety we cancelled the last OTP."));
    assert!(last.title().starts_with("Ask for a new OTP – "), "a page, not a field error");
    assert_eq!(last.errors(), [""; 0]);
    let right_at_last = at.type_in(&at.otp).await;
    assert_eq!(right_at_last.h1(), "Too many wrong OTPs");
    at.browser.get("/irp/register/password").await.assert_leads_to(OTP_PAGE);
}

#[tokio::test]
async fn a_dead_otp_is_followed_by_a_new_one_without_waiting() {
    let at = Waiting::start(&ACME).await;
    let dead = at.guess_wrong(5).await.pop().unwrap();
    let answer = dead.form("Send a new OTP").submit(&at.browser).await;
    let page = go_on(&at.browser, &answer).await;
    page.assert_shows("Check your email and phone");
    let otp = at.app.last_otp_for(ACME.email).await;
    let answer = verify(&at.browser, &page, &otp).await;
    answer.assert_leads_to("/irp/register/verified");
}

#[tokio::test]
async fn a_reload_of_the_page_does_not_revive_a_dead_otp() {
    let at = Waiting::start(&ACME).await;
    at.guess_wrong(5).await;
    let page = at.browser.get(OTP_PAGE).await;
    assert_eq!((page.status, page.h1().as_str()), (200, "Too many wrong OTPs"));
}

#[tokio::test]
async fn fifty_guesses_at_once_use_exactly_five_tries() {
    let at = Waiting::start(&ACME).await;
    let form = at.page.form("Verify");
    let guesses = at.wrong(50);
    let forms: Vec<_> = guesses.iter().map(|otp| form.clone().fill("otp", otp)).collect();
    let answers = join_all(forms.iter().map(|form| form.submit(&at.browser))).await;

    // A page drawn after the fifth try says that the OTP is dead, whatever its own try was.
    let alive = answers.iter().filter(|page| page.h1() == "Check your email and phone");
    assert!(alive.count() <= 4);
    assert!(answers.iter().all(|page| page.status == 422));
    assert_eq!(tries(&at).await, 5);
    assert_eq!(outcomes(&at, "otp_refused").await, 5, "five were compared");
    assert_eq!(at.type_in(&at.otp).await.h1(), "Too many wrong OTPs");
}

/// Tries that the newest OTP of this registration has used up.
async fn tries(at: &Waiting) -> i32 {
    let journey = at.page.form("Verify").value("journey");
    let sent = at.app.kit.store.read(move |c| challenges::list(c, &journey, "register"));
    sent.await.unwrap()[0].tries
}

/// How often that was noted of ACME.
async fn outcomes(at: &Waiting, action: &str) -> usize {
    let noted = at.app.kit.store.read(|c| events::list_by_gstin(c, ACME.gstin)).await.unwrap();
    noted.iter().filter(|event| event.action == action).count()
}

#[tokio::test]
async fn a_right_otp_sent_many_times_at_once_is_used_once() {
    let at = Waiting::start(&ACME).await;
    let form = at.page.form("Verify").fill("otp", &at.otp);
    let answers = join_all((0..20).map(|_| form.submit(&at.browser))).await;
    for answer in &answers {
        assert_eq!(answer.status, 303, "{}", answer.told());
    }
    assert_eq!(outcomes(&at, "otp_accepted").await, 1);
}

#[tokio::test]
async fn twenty_wrong_otps_a_day_close_a_gstin() {
    let at = Waiting::start(&ACME).await;
    for round in 0..4 {
        at.guess_wrong(5).await;
        if round < 3 {
            at.resend().await.assert_leads_to(OTP_PAGE);
        }
    }
    at.resend().await.assert_leads_to(OTP_PAGE);
    let otp = at.app.last_otp_for(ACME.email).await;
    let answer = at.type_in(&otp).await;
    answer.assert_error_page(429, "Too many tries");
    assert_eq!(answer.header("retry-after"), (24 * HOUR).to_string());
}

#[tokio::test]
async fn sixty_otps_a_minute_are_what_one_address_may_type() {
    let at = Waiting::start(&ACME).await;
    let dead = at.guess_wrong(60).await;
    assert!(dead.iter().all(|page| page.status == 422));
    let answer = at.type_in(&at.otp).await;
    answer.assert_error_page(429, "Too many tries");
    assert_eq!(answer.header("retry-after"), "60");
    app_is_open_again_after(&at, 60).await;
}

async fn app_is_open_again_after(at: &Waiting, seconds: i64) {
    at.app.clock.advance(seconds);
    assert_eq!(at.type_in(&at.otp).await.status, 422);
}

#[tokio::test]
async fn malformed_otps_are_counted_against_the_address_too() {
    let at = Waiting::start(&ACME).await;
    let mut statuses = Vec::new();
    for _ in 0..61 {
        statuses.push(at.type_in("12345").await.status);
    }
    // security.md 3.1: 60 OTP posts a minute; malformed ones are throttled as well.
    assert_eq!(statuses.pop(), Some(429));
    assert!(statuses.iter().all(|status| *status == 422));
}

// --- Time ---------------------------------------------------------------------------------------

#[tokio::test]
async fn an_otp_works_for_599_seconds_and_not_for_600() {
    let at = Waiting::start(&ACME).await;
    at.app.clock.advance(LIFE - 1);
    at.type_in(&at.otp).await.assert_leads_to("/irp/register/verified");

    let at = Waiting::start(&ACME).await;
    at.app.clock.advance(LIFE);
    let answer = at.type_in(&at.otp).await;
    answer.assert_refused(&[("otp", EXPIRED)]);
    let page = go_on(&at.browser, &answer.form("Send a new OTP").submit(&at.browser).await).await;
    let otp = at.app.last_otp_for(ACME.email).await;
    let answer = verify(&at.browser, &page, &otp).await;
    answer.assert_leads_to("/irp/register/verified");
}

#[tokio::test]
async fn a_wrong_otp_is_simply_wrong_however_late() {
    let at = Waiting::start(&ACME).await;
    at.app.clock.advance(LIFE);
    let answer = at.guess_wrong(1).await.remove(0);
    answer.assert_refused(&[("otp", WRONG)]);
}

// --- Resend -------------------------------------------------------------------------------------

#[tokio::test]
async fn a_new_otp_replaces_the_old_one() {
    let at = Waiting::start(&ACME).await;
    let newest = at.resent().await;
    let page = at.browser.get(OTP_PAGE).await;
    let notice = "We sent a new OTP at 17:01 IST. Only the newest one works.";
    assert_eq!(page.notice().as_deref(), Some(notice));
    assert!(page.has("It works until 17:11 IST (10 minutes)."));
    at.type_in(&at.otp).await.assert_refused(&[("otp", REPLACED)]);
    at.type_in(&newest).await.assert_leads_to("/irp/register/verified");
}

#[tokio::test]
async fn a_new_otp_works_ten_minutes_from_when_it_was_sent() {
    let at = Waiting::start(&ACME).await;
    at.app.clock.advance(90);
    let newest = at.resent().await;
    let page = at.browser.get(OTP_PAGE).await;
    assert!(page.notice().unwrap().contains("at 17:03 IST"));
    assert!(page.has("It works until 17:13 IST (10 minutes)."));
    at.app.clock.advance(LIFE - 1);
    at.type_in(&newest).await.assert_leads_to("/irp/register/verified");
}

#[tokio::test]
async fn a_replaced_otp_uses_up_a_try() {
    let at = Waiting::start(&ACME).await;
    let newest = at.resent().await;
    for _ in 0..4 {
        let answer = at.type_in(&at.otp).await;
        assert!(answer.field_error("otp").unwrap().starts_with(REPLACED));
    }
    assert_eq!(at.type_in(&at.otp).await.h1(), "Too many wrong OTPs");
    assert_eq!(at.type_in(&newest).await.h1(), "Too many wrong OTPs");
}

#[tokio::test]
async fn a_new_otp_has_five_tries_of_its_own() {
    let at = Waiting::start(&ACME).await;
    at.guess_wrong(4).await;
    let newest = at.resent().await;
    let right: u32 = newest.parse().unwrap();
    for step in 11..15 {
        let wrong = format!("{:06}", (right + step) % 1_000_000);
        assert_eq!(at.type_in(&wrong).await.h1(), "Check your email and phone");
    }
    at.type_in(&newest).await.assert_leads_to("/irp/register/verified");
}

#[tokio::test]
async fn a_new_otp_must_be_waited_for_30_seconds() {
    let at = Waiting::start(&ACME).await;
    at.app.clock.advance(6);
    let early = at.resend().await;
    early.assert_error_page(429, "Check your email and phone");
    assert_eq!(early.header("retry-after"), "24");
    let told = "Wait 24 seconds, then ask again. The OTP we sent at 17:01 still works.";
    assert_eq!(early.notice().as_deref(), Some(told));
    assert_eq!(at.app.messages().await.len(), 4, "nothing was sent");

    at.app.clock.advance(23);
    let told = "Wait 1 second, then ask again. The OTP we sent at 17:01 still works.";
    assert_eq!(at.resend().await.notice().as_deref(), Some(told));
    at.app.clock.advance(1);
    at.resend().await.assert_leads_to(OTP_PAGE);
    assert_eq!(at.app.messages().await.len(), 8);
}

#[tokio::test]
async fn an_otp_asked_for_too_early_leaves_the_last_one_working() {
    let at = Waiting::start(&ACME).await;
    at.resend().await;
    at.type_in(&at.otp).await.assert_leads_to("/irp/register/verified");
}

#[tokio::test]
async fn a_new_otp_asked_for_twice_at_once_is_sent_once() {
    let at = Waiting::start(&ACME).await;
    at.app.clock.advance(30);
    let form = at.page.form("Send a new OTP");
    let (one, two) = tokio::join!(form.submit(&at.browser), form.submit(&at.browser));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 429]);
    assert_eq!(at.app.messages().await.len(), 8);
}

#[tokio::test]
async fn after_five_otps_an_hour_there_is_a_page_of_its_own() {
    let at = Waiting::start(&ACME).await;
    let mut newest = String::new();
    for _ in 0..4 {
        newest = at.resent().await;
    }
    at.app.clock.advance(30);
    let answer = at.resend().await;
    answer.assert_error_page(429, "Too many OTPs");
    assert!(answer.has("You asked for 5 OTPs in one hour. You can ask again after 18:01 IST."));
    assert!(answer.has("The last one we sent works until 17:13 IST."));
    assert_eq!(answer.header("retry-after"), (HOUR - 150).to_string());
    assert_eq!(answer.link("Enter the OTP"), OTP_PAGE);
    at.type_in(&newest).await.assert_leads_to("/irp/register/verified");
}

#[tokio::test]
async fn five_otps_an_hour_are_counted_over_all_sessions() {
    let app = App::start().await;
    for _ in 0..5 {
        register_to(&app, &app.browser(), &ACME, Step::Otp).await;
    }
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Contact).await;
    let form = page.form("Submit").fill("email", ACME.email).fill("phone", ACME.phone);
    let answer = form.submit(&browser).await;
    answer.assert_error_page(429, "Too many OTPs");
    assert!(!answer.has("Enter the OTP"), "this session has none");
    app.clock.advance(HOUR);
    register_to(&app, &app.browser(), &ACME, Step::Otp).await;
}

#[tokio::test]
async fn ten_otps_a_day_are_all_a_gstin_gets() {
    let app = App::start().await;
    for _ in 0..2 {
        for _ in 0..5 {
            register_to(&app, &app.browser(), &ACME, Step::Otp).await;
        }
        app.clock.advance(HOUR);
    }
    let browser = app.browser();
    let page = register_to(&app, &browser, &ACME, Step::Contact).await;
    let form = page.form("Submit").fill("email", ACME.email).fill("phone", ACME.phone);
    let answer = form.submit(&browser).await;
    answer.assert_error_page(429, "Too many OTPs");
    assert!(answer.has("You can ask again after 22/11/2026 17:01 IST."), "{}", answer.told());
}

// --- Which OTP is for what ----------------------------------------------------------------------

#[tokio::test]
async fn a_new_session_does_not_kill_anothers_otp() {
    let at = Waiting::start(&ACME).await;
    let other = at.app.browser();
    register_to(&at.app, &other, &ACME, Step::Otp).await;
    at.type_in(&at.otp).await.assert_leads_to("/irp/register/verified");
}

#[tokio::test]
async fn an_otp_works_only_in_the_session_that_asked_for_it() {
    let at = Waiting::start(&ACME).await;
    let thief = at.app.browser();
    let page = register_to(&at.app, &thief, &ACME, Step::Otp).await;
    verify(&thief, &page, &at.otp).await.assert_refused(&[("otp", WRONG)]);
}

#[tokio::test]
async fn an_otp_of_another_gstin_is_wrong() {
    let at = Waiting::start(&ACME).await;
    let other = at.app.browser();
    let page = register_to(&at.app, &other, &PATEL, Step::Otp).await;
    verify(&other, &page, &at.otp).await.assert_refused(&[("otp", WRONG)]);
}

#[tokio::test]
async fn an_otp_of_one_purpose_does_not_work_for_another() {
    let app = App::start().await;
    let owner = registered(&app).await;
    // The OTP of the registration proves the first credentials for ten minutes only.
    app.clock.advance(11 * 60);
    let hub = owner.get("/irp/api-credentials").await;
    let answer = hub.form("Create API credentials").submit(&owner).await;
    let creating = go_on(&owner, &answer).await;
    let to_create = app.last_otp_for(ACME.email).await;

    let forgetful = app.browser();
    let page = forgetful.get("/irp/forgot-password").await;
    let form = page.form("Continue").fill("gstin", ACME.gstin);
    let forgotten = go_on(&forgetful, &form.submit(&forgetful).await).await;
    let to_reset = app.last_otp_for(ACME.email).await;

    let form = creating.form("Continue").fill("otp", &to_reset);
    form.submit(&owner).await.assert_refused(&[("otp", WRONG)]);
    let form = forgotten.form("Continue").fill("otp", &to_create);
    form.submit(&forgetful).await.assert_refused(&[("otp", WRONG)]);
    let form = creating.form("Continue").fill("otp", &to_create);
    form.submit(&owner).await.assert_leads_to("/irp/api-credentials/new");
}

#[tokio::test]
async fn a_used_otp_sent_again_leads_to_where_it_led() {
    let at = Waiting::start(&ACME).await;
    at.type_in(&at.otp).await.assert_leads_to("/irp/register/verified");
    let again = at.type_in(&at.otp).await;
    let mut page = go_on(&at.browser, &again).await;
    if page.status == 303 {
        page = at.browser.follow(&page).await;
    }
    page.assert_shows("Email address and phone number verified");
    assert_eq!(outcomes(&at, "otp_accepted").await, 1);
}

#[tokio::test]
async fn a_used_otp_proves_nothing_a_second_time() {
    let at = Waiting::start(&ACME).await;
    at.type_in(&at.otp).await.assert_leads_to("/irp/register/verified");
    // Another contact asks for another proof, and the old one is none.
    let contact = at.browser.get("/irp/register/contact").await;
    let form = contact.form("Submit").fill("email", ACME_OTHER_EMAIL);
    let page = go_on(&at.browser, &form.submit(&at.browser).await).await;
    let answer = verify(&at.browser, &page, &at.otp).await;
    assert_eq!(answer.status, 422);
    at.browser.get("/irp/register/password").await.assert_leads_to(OTP_PAGE);
    let thief = at.app.browser();
    let page = register_to(&at.app, &thief, &ACME, Step::Otp).await;
    verify(&thief, &page, &at.otp).await.assert_refused(&[("otp", WRONG)]);
}

#[tokio::test]
async fn cookies_from_before_the_otp_do_not_bring_the_step_back() {
    let at = Waiting::start(&ACME).await;
    let before = at.browser.clone_cookies();
    at.type_in(&at.otp).await.assert_leads_to("/irp/register/verified");
    assert_eq!(before.get(OTP_PAGE).await.status, 303);
}

#[tokio::test]
async fn a_right_otp_sent_twice_by_a_double_click_does_not_lose_the_registration() {
    let at = Waiting::start(&ACME).await;
    // The second click leaves with the cookies of the first, and its answer comes last.
    let before = at.browser.cookies();
    let second_click = at.browser.clone_cookies();
    at.type_in(&at.otp).await.assert_leads_to("/irp/register/verified");
    verify(&second_click, &at.page, &at.otp).await;
    at.browser.take_new_cookies(&before, &second_click);
    let page = at.browser.get("/irp/register/verified").await;
    page.assert_shows("Email address and phone number verified");
}

#[tokio::test]
async fn an_otp_sent_without_its_registration_opens_nothing() {
    let at = Waiting::start(&ACME).await;
    let stranger = at.app.browser();
    stranger.get("/irp/register").await;
    let form = at.page.form("Verify").fill("otp", &at.otp);
    let answer = form.submit(&stranger).await;
    assert!([303, 403].contains(&answer.status));
    stranger.get("/irp/register/password").await.assert_leads_to("/irp/register");
    at.type_in(&at.otp).await.assert_leads_to("/irp/register/verified");
}

//! Same answer, same time (T14, T15): whether an account exists is told neither by what a page says nor by how long it
//! takes. No page waits for a mail server.

use std::net::TcpListener;
use std::time::Instant;

use diesel::RunQueryDsl as _;
use diesel::sql_types::BigInt;
use sanad::accounts::hashing::Hasher;
use sanad::kernel::password::{Cost, Password};
use sanad::store::accounts;

use super::{GST, IRP, OWNERS, Owner, WORKSPACE};
use crate::mail::eventually;
use crate::sameness::assert_alike;
use crate::support::samples::{PASSWORD, PATEL};
use crate::support::walk::registered_as;
use crate::support::walk_gst::first_login;
use crate::support::walk_sign_in::{WRONG, ask_otp_first, login_form, shut_door};
use crate::support::walk_workspace::workspace_of;
use crate::support::{App, Browser, FormFill, Page};

/// So many wrong passwords, and none of them waits.
const NO_WAITS: &str = "[limits]\nsign_in_posts_per_minute = 100000\nsign_in_failures_per_minute = 100000\n\
    sign_in_failures_per_hour = 100000\nsign_in_failures_before_wait = 100000\nsign_in_failures_before_lock = 100000\n\
    sign_in_consecutive_failures = 100000\nstuffing_usernames = 100000";
/// A password hash worth measuring: some milliseconds.
const DEAR: (&str, &str) = ("ARGON2", "m=4096,t=1,p=1");
/// Answers of each kind in one go; a multiple of the six orders.
const ROUNDS: usize = 210;
/// Goes that a machine gets to show the difference that is there.
const GOES: usize = 20;
/// Standard deviations. By chance this far out: once in 500 million runs.
const CERTAIN: f64 = 6.0;

/// Somebody else of the same portal.
async fn somebody_else(app: &App, owner: &Owner) -> &'static str {
    match owner.at {
        "/irp" => {
            registered_as(app, &PATEL).await;
            PATEL.gstin
        }
        "/gst" => {
            first_login(app, &PATEL, "patelgst1", PASSWORD).await;
            "patelgst1"
        }
        _ => {
            workspace_of(app, "somebody@stores.example").await;
            "somebody@stores.example"
        }
    }
}

/// Stores the password of that account under a cost that is next to nothing.
async fn make_cheap(app: &App, owner: &Owner, username: &'static str) {
    let (keys, limits) = (app.kit.keys.clone(), &app.kit.settings.limits);
    let cheap = Hasher::new(keys, Cost::parse("m=8,t=1,p=1").unwrap(), limits).unwrap();
    let cheap = cheap.hash(Password::typed(PASSWORD).unwrap()).await.unwrap();
    let portal = owner.portal;
    let stored = app.kit.store.write(move |c| {
        let account = accounts::find_by_username(c, portal, username)?.expect("there is an account");
        accounts::set_rehashed(c, &account.id, &account.password_hash, &cheap)
    });
    stored.await.unwrap();
}

/// Milliseconds until the answer to each form, in turns of every order: whatever else the machine does, whatever grows
/// warm or old, meets all of them alike. One request at a time.
#[expect(clippy::disallowed_methods, reason = "how long an answer takes is what is measured; nothing waits for it")]
async fn measure(browser: &Browser, forms: &[FormFill; 3], times: &mut [Vec<f64>; 3]) {
    const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 0, 1], [0, 2, 1], [1, 2, 0]];
    for order in ORDERS.iter().cycle().take(ROUNDS) {
        for at in order {
            let begin = Instant::now();
            let page = forms[*at].submit(browser).await;
            times[*at].push(begin.elapsed().as_secs_f64() * 1000.0);
            assert_eq!(page.status, 422, "{}", page.told());
        }
    }
}

/// How `one` and `other` differ, answer by answer of the same turn.
struct Gap {
    /// Median of the differences, in milliseconds.
    median: f64,
    /// How far the count of turns in which `one` took longer is from a half, in standard deviations.
    deviations: f64,
}

impl Gap {
    fn between(one: &[f64], other: &[f64]) -> Self {
        let mut gaps: Vec<f64> = one.iter().zip(other).map(|(one, other)| one - other).collect();
        gaps.sort_by(f64::total_cmp);
        let count = gaps.len() as f64;
        let longer = gaps.iter().filter(|gap| **gap > 0.0).count() as f64;
        Self { median: gaps[gaps.len() / 2], deviations: (longer - count / 2.0) / (count / 4.0).sqrt() }
    }
}

/// Wrong passwords for a name that has an account, for one that has none, and for an account whose password costs next
/// to nothing to look at.
///
/// The sign test over turns asks how often one answer of a turn takes longer than the other. When the two cost the same
/// that is a coin, on any machine however busy: what disturbs a turn disturbs either answer with the same chance, and a
/// hundred slow answers weigh no more than a hundred. So six standard deviations are never reached by noise. A machine
/// that is very quiet may show microseconds (a row that is there to be read); they are let pass below a tenth of what a
/// skipped hash makes. That is measured in the same turns, by the third account: a test that could not see a skipped hash
/// on this machine goes on until it can.
async fn assert_same_time(owner: &Owner) {
    let app = App::start_from(NO_WAITS, &[DEAR]).await;
    owner.at_the_door(&app).await;
    let cheap = somebody_else(&app, owner).await;
    make_cheap(&app, owner, cheap).await;
    let browser = app.browser();
    let form = async |username| login_form(&browser, owner.at, username, WRONG).await;
    let forms = [form(owner.username).await, form(owner.nobody).await, form(cheap).await];
    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..GOES {
        measure(&browser, &forms, &mut times).await;
        let [known, unknown, cheap] = &times;
        let hash = Gap::between(known, cheap);
        if hash.deviations < CERTAIN {
            continue;
        }
        let told = Gap::between(known, unknown);
        let (gap, of_hash) = (told.median, hash.median);
        let same = told.deviations.abs() < CERTAIN || gap.abs() < of_hash / 10.0;
        assert!(same, "{}: {gap:.3} ms apart, {:.1} deviations; a hash is {of_hash:.3} ms", owner.at, told.deviations);
        return;
    }
    panic!("{}: {GOES} times {ROUNDS} turns did not show what a hash costs", owner.at);
}

#[actix_web::test]
async fn a_wrong_password_takes_as_long_for_nobodys_name_in_the_irp() {
    assert_same_time(&IRP).await;
}

#[actix_web::test]
async fn a_wrong_password_takes_as_long_for_nobodys_name_in_the_gst_portal() {
    assert_same_time(&GST).await;
}

#[actix_web::test]
async fn a_wrong_password_takes_as_long_for_nobodys_name_in_the_workspace() {
    assert_same_time(&WORKSPACE).await;
}

#[actix_web::test]
async fn a_wrong_password_looks_alike_for_nobodys_name() {
    for owner in OWNERS {
        let app = App::start().await;
        owner.at_the_door(&app).await;
        owner.freeze(&app).await;
        let frozen = owner.log_in(&app.browser(), PASSWORD).await;
        let unknown = login_form(&app.browser(), owner.at, owner.nobody, PASSWORD).await.submit(&app.browser()).await;
        assert_eq!(unknown.status, 403, "a form of another browser");
        let browser = app.browser();
        let unknown = login_form(&browser, owner.at, owner.nobody, PASSWORD).await.submit(&browser).await;
        assert_alike((&frozen, owner.username), (&unknown, owner.nobody));
    }
}

/// How many mails of the outbox are in that state.
async fn mails_in(app: &App, state: &str) -> i64 {
    #[derive(diesel::QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        n: i64,
    }
    let query = format!("SELECT count(*) AS n FROM outbox WHERE channel = 'email' AND state = '{state}'");
    let found: Count = app.kit.store.read(move |c| Ok(diesel::sql_query(query).get_result(c)?)).await.unwrap();
    found.n
}

/// Asks for something by email while the mail server takes connections and never says a word: the answer is there before
/// any mail is, and like the one for a name that nobody has.
async fn assert_waits_for_no_mail(owner: &Owner, ask: impl AsyncFn(&Browser, &'static str) -> Page) {
    let mut app = App::start().await;
    owner.at_the_door(&app).await;
    shut_door(&app, owner.at, owner.nobody).await;
    app.clock.advance(60);
    owner.shut(&app).await;
    let sent = mails_in(&app, "sent").await;
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    silent.set_nonblocking(true).unwrap();
    let url = format!("smtp://{}", silent.local_addr().unwrap());
    app.restart_with(|settings| {
        settings.smtp_url = Some(url.into());
        settings.mail_from = "Sanad <irp@sanad.example>".to_owned();
    })
    .await;
    let (one, other) = (app.browser(), app.browser());
    let (known, unknown) = (ask(&one, owner.username).await, ask(&other, owner.nobody).await);
    assert_alike((&known, owner.username), (&unknown, owner.nobody));
    assert_alike((&one.follow(&known).await, owner.username), (&other.follow(&unknown).await, owner.nobody));
    // Only now is the first mail on its way, and it will not arrive.
    let taken = eventually("a mail under way", async || silent.accept().ok()).await;
    assert_eq!(mails_in(&app, "sent").await, sent);
    drop((taken, silent));
}

#[actix_web::test]
async fn a_forgotten_password_waits_for_no_mail() {
    for owner in OWNERS {
        let ask = async |browser: &Browser, username| {
            let (button, field) = match owner.at {
                "/irp" => ("Continue", "gstin"),
                "/gst" => ("Generate OTP", "username"),
                _ => ("Continue", "email"),
            };
            let form = browser.get(&owner.path("/forgot-password")).await.form(button);
            form.fill(field, username).submit(browser).await
        };
        assert_waits_for_no_mail(&owner, ask).await;
    }
}

#[actix_web::test]
async fn an_otp_before_the_password_waits_for_no_mail() {
    for owner in OWNERS {
        let ask = async |browser: &Browser, username| ask_otp_first(browser, owner.at, username).await;
        assert_waits_for_no_mail(&owner, ask).await;
    }
}

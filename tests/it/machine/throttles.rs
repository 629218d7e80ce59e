//! How many calls of which kind are let through (`security.md` 3.2), and that nobody shuts anybody else out.

use std::time::Duration;

use futures_util::future::join_all;

use crate::machine::{HOUR, MINUTE};
use crate::support::samples::ACME;
use crate::support::software::{Answer, Headers, SignIn};
use crate::support::walk::with_credentials;
use crate::support::walk_gst::with_api_access;
use crate::support::{App, Software};

/// Believes what these tests say about where they call from.
const BEHIND_PROXY: [(&str, &str); 1] = [("TRUSTED_PROXIES", "127.0.0.1")];

const OWNER: &str = "198.51.100.1";
const STRANGER: &str = "203.0.113.1";
const OTHER_STRANGER: &str = "203.0.113.2";

fn wrong() -> SignIn {
    SignIn { password: "Slow-Ferry_Rides 30".to_owned(), ..SignIn::of_acme() }
}

async fn with_software() -> (App, Software) {
    let app = App::start_with(&BEHIND_PROXY).await;
    with_credentials(&app).await;
    let software = Software::of(&app).await;
    (app, software)
}

/// Refused with 429, and with the code of the IRP's door for it.
fn assert_closed(answer: &Answer) {
    assert_eq!((answer.status, answer.irp_fault().0), (429, "1008"), "{}", answer.json);
    assert!(answer.retry_after() > 0);
}

// --- Wrong API passwords ------------------------------------------------------------------------

#[actix_web::test]
async fn ten_wrong_api_passwords_close_the_username_for_strangers_until_the_time_it_says() {
    let (app, software) = with_software().await;
    let stranger = software.at_address(STRANGER);
    for _ in 0..10 {
        stranger.sign_in(&wrong()).await.assert_irp("1019");
    }
    let answer = stranger.sign_in(&wrong()).await;
    assert_closed(&answer);
    let message = answer.irp_fault().1;
    assert_eq!(message, "Invalid login credentials. Too many tries. Try again after 21/11/2026 17:16 IST.");
    // The right one, and from elsewhere, and in capitals: it is the username that is closed.
    assert_closed(&stranger.sign_in(&SignIn::of_acme()).await);
    assert_closed(&software.at_address(OTHER_STRANGER).sign_in(&SignIn::of_acme()).await);
    let capitals = SignIn { username: "ACME_IRP_01".to_owned(), ..SignIn::of_acme() };
    assert_closed(&stranger.sign_in(&capitals).await);

    app.clock.advance(answer.retry_after() - 1);
    assert_closed(&stranger.sign_in(&SignIn::of_acme()).await);
    app.clock.advance(1);
    stranger.session(&SignIn::of_acme()).await;
}

#[actix_web::test]
async fn an_address_with_a_success_is_let_in_while_strangers_are_not() {
    let (_app, software) = with_software().await;
    let (owner, stranger) = (software.at_address(OWNER), software.at_address(STRANGER));
    owner.session(&SignIn::of_acme()).await;
    for _ in 0..10 {
        stranger.sign_in(&wrong()).await.assert_irp("1019");
    }
    assert_closed(&stranger.sign_in(&SignIn::of_acme()).await);
    let session = owner.session(&SignIn::of_acme()).await;
    assert!(owner.works(&session).await);
    // What the owner does right clears nothing for others.
    assert_closed(&stranger.sign_in(&SignIn::of_acme()).await);
    // And the owner's address has a budget of its own, not none.
    for _ in 0..10 {
        owner.sign_in(&wrong()).await.assert_irp("1019");
    }
    assert_closed(&owner.sign_in(&SignIn::of_acme()).await);
}

#[actix_web::test]
async fn sessions_are_not_ended_by_the_wrong_passwords_of_strangers() {
    let (_app, software) = with_software().await;
    let (owner, stranger) = (software.at_address(OWNER), software.at_address(STRANGER));
    let session = owner.session(&SignIn::of_acme()).await;
    for _ in 0..12 {
        stranger.sign_in(&wrong()).await;
    }
    assert!(owner.works(&session).await && stranger.works(&session).await, "a session is not bound to an address");
}

#[actix_web::test]
async fn a_username_that_nobody_has_is_closed_like_one_that_somebody_has() {
    let (_app, software) = with_software().await;
    let nobody = SignIn { username: "nobody_01".to_owned(), ..SignIn::of_acme() };
    for _ in 0..10 {
        software.sign_in(&nobody).await.assert_irp("1017");
    }
    assert_closed(&software.sign_in(&nobody).await);
    software.session(&SignIn::of_acme()).await;
}

#[actix_web::test]
async fn wrong_api_passwords_at_the_same_moment_are_counted_one_by_one() {
    let (_app, software) = with_software().await;
    let bodies: Vec<SignIn> = (0..15).map(|_| wrong()).collect();
    let answers = join_all(bodies.iter().map(|with| software.sign_in(with))).await;
    let compared = answers.iter().filter(|answer| answer.irp_fault().0 == "1019").count();
    assert_eq!(compared, 10);
    answers.iter().filter(|answer| answer.irp_fault().0 != "1019").for_each(assert_closed);
}

#[actix_web::test]
async fn sixty_failures_a_minute_close_an_address_whatever_the_usernames() {
    let (app, software) = with_software().await;
    let stranger = software.at_address(STRANGER);
    for at in 0..60 {
        let nobody = SignIn { username: format!("nobody_{at:02}"), ..SignIn::of_acme() };
        stranger.sign_in(&nobody).await.assert_irp("1017");
    }
    let answer = stranger.sign_in(&SignIn::of_acme()).await;
    assert_closed(&answer);
    software.at_address(OWNER).session(&SignIn::of_acme()).await;
    app.clock.advance(answer.retry_after());
    stranger.session(&SignIn::of_acme()).await;
}

// --- Wrong integrator keys ----------------------------------------------------------------------

#[actix_web::test]
async fn sixty_wrong_integrator_keys_a_minute_from_one_address_are_enough_at_every_door() {
    let (app, software) = with_software().await;
    with_api_access(&app, "6h").await;
    let session = software.session(&SignIn::of_acme()).await;
    let wrong = Software::with_key(&app, "nobody", "wrong").at_address(STRANGER);
    for _ in 0..20 {
        wrong.sign_in(&SignIn::of_acme()).await.assert_irp("1010");
        wrong.look_up(&session, ACME.gstin).await.assert_irp("1010");
        wrong.ask_otp().await.assert_gstn("AUT4033");
    }
    assert_closed(&wrong.sign_in(&SignIn::of_acme()).await);
    assert_closed(&wrong.look_up(&session, ACME.gstin).await);
    let answer = wrong.ask_otp().await;
    assert_eq!((answer.status, answer.gstn_fault().0), (429, "SWEB9035"));
    let answer = wrong.introspect(&session.token).await;
    assert_eq!((answer.status, &answer.json["error"]), (429, &"slow_down".into()));
    let wait = answer.retry_after();
    assert!((1..=MINUTE).contains(&wait), "{wait}");

    // Others are not counted with it, nor is a right key from the same address.
    wrong.at_address(OTHER_STRANGER).sign_in(&SignIn::of_acme()).await.assert_irp("1010");
    software.at_address(STRANGER).session(&SignIn::of_acme()).await;
    app.clock.advance(wait);
    wrong.sign_in(&SignIn::of_acme()).await.assert_irp("1010");
}

// --- Calls with a right key ---------------------------------------------------------------------

#[actix_web::test]
async fn a_key_has_so_many_calls_a_second_and_others_are_not_counted_with_it() {
    let app = App::start_from("[limits]\nintegrator_calls_per_second = 2\n", &[]).await;
    with_credentials(&app).await;
    let (software, other) = (Software::of(&app).await, Software::of_integrator(&app, "other-erp", |_| {}).await);
    let session = software.session(&SignIn::of_acme()).await;
    let answers = join_all((0..12).map(|_| software.look_up(&session, ACME.gstin))).await;
    let (closed, open): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 429);
    assert!(!closed.is_empty(), "{answers:?}");
    closed.iter().for_each(|answer| assert_closed(answer));
    open.iter().for_each(|answer| assert_eq!(session.open(answer)["Gstin"], ACME.gstin));
    other.session(&SignIn::of_acme()).await;
    // This second is one of the machine's clock.
    let mut again = software.look_up(&session, ACME.gstin).await;
    for _ in 0..100 {
        if again.status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        again = software.look_up(&session, ACME.gstin).await;
    }
    assert_eq!(session.open(&again)["Gstin"], ACME.gstin);
}

#[actix_web::test]
async fn a_gateway_may_ask_as_often_as_its_key_allows() {
    let app = App::start_from("[limits]\nintegrator_calls_per_second = 1\n", &[]).await;
    let gateway = Software::of_integrator(&app, "gateway", |key| key.gateway = true).await;
    let answers = join_all((0..8).map(|_| gateway.introspect("x"))).await;
    let closed = answers.iter().filter(|answer| answer.status == 429).count();
    assert!((1..8).contains(&closed), "{answers:?}");
}

#[actix_web::test]
async fn the_heartbeat_and_the_keys_of_the_doors_are_nobodys_calls() {
    let app = App::start_from("[limits]\nintegrator_calls_per_second = 1\n", &[]).await;
    let software = Software::of(&app).await;
    for answer in join_all((0..8).map(|_| software.get("/eivital/v1.04/heartbeat/ping", Headers::default()))).await {
        assert_eq!(answer.status, 200);
    }
    join_all((0..8).map(|_| software.file("/eivital/public-key.pem"))).await;
}

// --- OTPs ---------------------------------------------------------------------------------------

#[actix_web::test]
async fn otps_typed_are_counted_by_the_key_whatever_they_look_like_and_keep_no_person_waiting() {
    let file = "[limits]\nintegrator_otp_posts_per_minute = 3\naddress_otp_posts_per_minute = 3\n";
    let app = App::start_from(file, &BEHIND_PROXY).await;
    with_api_access(&app, "6h").await;
    let software = Software::of(&app).await.at_address(STRANGER);
    let otp = software.otp(&app).await;
    let body = software.auth_token(&[7; 32], "no OTP").await;
    for _ in 0..3 {
        software.gstn(&body).await.assert_gstn("AUTH4034");
    }
    for address in [STRANGER, OTHER_STRANGER] {
        let answer = software.at_address(address).gstn(&body).await;
        assert_eq!((answer.status, answer.gstn_fault().0), (429, "SWEB9035"));
        assert!((1..=MINUTE).contains(&answer.retry_after()));
    }
    let browser = app.browser_at(STRANGER);
    let form = browser.get("/gst/forgot-username").await.form("Generate OTP").fill("gstin", ACME.gstin);
    let page = browser.follow(&form.submit(&browser).await).await;
    assert_eq!(page.form("Continue").fill("otp", "12345").submit(&browser).await.status, 422);
    app.clock.advance(MINUTE);
    assert_eq!(software.type_otp(&otp).await.json["status_cd"], "1");
}

#[actix_web::test]
async fn without_a_key_otps_typed_are_counted_by_the_address() {
    let settings = [BEHIND_PROXY[0], ("MACHINE_KEYS", "optional")];
    let app = App::start_from("[limits]\naddress_otp_posts_per_minute = 3\n", &settings).await;
    with_api_access(&app, "6h").await;
    let software = Software::without_key(&app).at_address(STRANGER);
    let otp = software.otp(&app).await;
    let body = software.auth_token(&[7; 32], "no OTP").await;
    for _ in 0..3 {
        software.gstn(&body).await.assert_gstn("AUTH4034");
    }
    assert_eq!(software.gstn(&body).await.status, 429);
    assert_eq!(software.at_address(OTHER_STRANGER).type_otp(&otp).await.json["status_cd"], "1");
}

#[actix_web::test]
async fn many_right_sign_ins_at_once_do_not_pass_for_wrong_ones() {
    let (_app, software) = with_software().await;
    let with = SignIn::of_acme();
    let answers = join_all((0..16).map(|_| software.sign_in(&with))).await;
    assert!(answers.iter().all(|answer| answer.json["Status"] == 1), "{:?}", answers.iter().map(|answer| &answer.json));
}

#[actix_web::test]
async fn twenty_wrong_otps_a_day_close_it_to_one_maker_of_software_and_to_nobody_else() {
    let (app, software) = with_software().await;
    with_api_access(&app, "30d").await;
    for _ in 0..4 {
        let otp = software.otp(&app).await;
        let typed = if otp == "000000" { "111111" } else { "000000" };
        for _ in 0..5 {
            assert_eq!(software.type_otp(typed).await.status, 200);
        }
        app.clock.advance(15 * MINUTE);
    }
    let otp = software.otp(&app).await;
    let answer = software.type_otp(&otp).await;
    assert_eq!((answer.status, answer.gstn_fault().0), (429, "SWEB9035"));
    let other = Software::of_integrator(&app, "other-erp", |_| {}).await;
    app.clock.advance(HOUR);
    assert_eq!(software.type_otp(&otp).await.status, 429);
    other.gst_session(&app).await;
    // A person who has forgotten the username proves it as ever.
    let browser = app.browser();
    let form = browser.get("/gst/forgot-username").await.form("Generate OTP").fill("gstin", ACME.gstin);
    let page = browser.follow(&form.submit(&browser).await).await;
    let otp = app.last_otp_for(ACME.email).await;
    page.form("Continue").fill("otp", &otp).submit(&browser).await.assert_leads_to("/gst/forgot-username/done");
}

#[actix_web::test]
async fn five_otps_an_hour_are_enough_for_one_maker_of_software_and_do_not_count_for_another() {
    let (app, software) = with_software().await;
    with_api_access(&app, "30d").await;
    for _ in 0..5 {
        software.ask_otp().await.assert_done();
        app.clock.advance(MINUTE);
    }
    let answer = software.ask_otp().await;
    assert_eq!((answer.status, answer.gstn_fault().0), (429, "SWEB9035"));
    Software::of_integrator(&app, "other-erp", |_| {}).await.gst_session(&app).await;
}

#[actix_web::test]
async fn users_of_nobody_are_asked_about_sixty_times_a_minute_from_one_address() {
    let app = App::start_from("[limits]\napi_sign_in_failures_per_minute = 3\n", &BEHIND_PROXY).await;
    with_api_access(&app, "30d").await;
    let software = Software::of(&app).await;
    let stranger = software.at_address(STRANGER);
    for _ in 0..3 {
        let mut body = stranger.otp_request().await;
        body["username"] = "nobody001".into();
        stranger.gstn(&body).await.assert_gstn("AUTH4032");
    }
    // Not even somebody's name is told from nobody's now.
    let answer = stranger.ask_otp().await;
    assert_eq!((answer.status, answer.gstn_fault().0), (429, "SWEB9035"));
    software.at_address(OWNER).ask_otp().await.assert_done();
    app.clock.advance(MINUTE);
    stranger.ask_otp().await.assert_done();
}

// --- Envelopes that do not open -----------------------------------------------------------------

#[actix_web::test]
async fn envelopes_that_do_not_open_make_their_sender_wait_and_nobody_else() {
    let app = App::start_from("[limits]\nenvelope_failures_per_minute = 3\n", &BEHIND_PROXY).await;
    with_credentials(&app).await;
    let software = Software::of(&app).await;
    let stranger = software.at_address(STRANGER);
    for _ in 0..3 {
        stranger.sign_in_with_text(ACME.gstin, "no JSON").await.assert_irp("1020");
    }
    assert_closed(&stranger.sign_in(&SignIn::of_acme()).await);
    // At the other door too.
    let answer = stranger.ask_otp().await;
    assert_eq!((answer.status, answer.gstn_fault().0), (429, "SWEB9035"));
    assert_eq!(software.at_address(OWNER).sign_in(&SignIn::of_acme()).await.status, 200);
    let other = Software::of_integrator(&app, "other-erp", |_| {}).await.at_address(STRANGER);
    assert_eq!(other.sign_in(&SignIn::of_acme()).await.status, 200);
    app.clock.advance(MINUTE);
    assert_eq!(stranger.sign_in(&SignIn::of_acme()).await.json["Status"], 1);
}

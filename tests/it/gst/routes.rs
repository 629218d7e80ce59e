//! Every address of the GST portal: who is let in, by which method, with what kind of form.

use std::collections::BTreeSet;

use crate::session::{Door, assert_begins, assert_doors, every_address};
use crate::support::browser::FORM;
use crate::support::samples::{ACME, CERAMICS, KAVERI, PASSWORD, PATEL};
use crate::support::walk::go_on;
use crate::support::walk_gst::{
    USERNAME, ask_first_password, at_credentials, first_login, log_in, signed_in, signed_in_as,
};
use crate::support::walk_sign_in::{Phone, ask_otp_first, shut_door};
use crate::support::{App, Browser, FormFill, Page};
use crate::system_pages::broken_links;

const LOGIN: &str = "/gst/login";
const DASHBOARD: &str = "/gst/dashboard";
const FIRST_LOGIN: &str = "/gst/first-login";
const USERNAME_PAGE: &str = "/gst/forgot-username";
const PASSWORD_PAGE: &str = "/gst/forgot-password";
const OUT_OF_DATE: &str = "This form is out of date";

const DOORS: &[(&str, Door)] = &[
    ("/gst", Door::Leads(LOGIN)),
    ("/gst/login", Door::Open),
    ("/gst/login/otp", Door::Begin("/gst/login")),
    ("/gst/login/otp/resend", Door::Post),
    ("/gst/login/otp-first", Door::Open),
    ("/gst/login/otp-first/password", Door::Begin("/gst/login/otp-first")),
    ("/gst/logout", Door::Post),
    ("/gst/session/extend", Door::Post),
    ("/gst/first-login", Door::Open),
    ("/gst/first-login/password", Door::Open),
    ("/gst/first-login/credentials", Door::Begin(FIRST_LOGIN)),
    ("/gst/forgot-username", Door::Open),
    ("/gst/forgot-username/otp", Door::Begin(USERNAME_PAGE)),
    ("/gst/forgot-username/otp/resend", Door::Post),
    ("/gst/forgot-username/done", Door::Begin(USERNAME_PAGE)),
    ("/gst/forgot-password", Door::Open),
    ("/gst/forgot-password/otp", Door::Begin(PASSWORD_PAGE)),
    ("/gst/forgot-password/otp/resend", Door::Post),
    ("/gst/forgot-password/new", Door::Begin(PASSWORD_PAGE)),
    ("/gst/dashboard", Door::SignIn { back: true }),
    ("/gst/profile", Door::SignIn { back: true }),
    ("/gst/profile/place-of-business", Door::SignIn { back: true }),
    ("/gst/profile/contacts", Door::SignIn { back: true }),
    ("/gst/profile/other-business", Door::SignIn { back: true }),
    ("/gst/profile/api-access", Door::SignIn { back: true }),
    ("/gst/profile/api-access.ics", Door::SignIn { back: false }),
    ("/gst/notices", Door::SignIn { back: true }),
    ("/gst/notices.csv", Door::SignIn { back: false }),
    ("/gst/account", Door::SignIn { back: true }),
    ("/gst/account/password", Door::SignIn { back: true }),
    ("/gst/account/devices", Door::SignIn { back: true }),
    ("/gst/account/activity", Door::SignIn { back: true }),
    ("/gst/account/activity.csv", Door::SignIn { back: false }),
    ("/gst/account/authenticator", Door::SignIn { back: true }),
    ("/gst/account/authenticator/otp", Door::SignIn { back: false }),
    ("/gst/account/authenticator/otp/resend", Door::Post),
    ("/gst/account/authenticator/new", Door::SignIn { back: false }),
    ("/gst/account/authenticator/codes", Door::SignIn { back: false }),
    ("/gst/account/authenticator/remove", Door::SignIn { back: false }),
    ("/gst/change-password", Door::SignIn { back: true }),
    ("/gst/not-here/dsc", Door::Open),
];

/// POSTs of the signed out without a token: let no further than this.
const POSTS: &[(&str, &str)] = &[
    ("/gst/first-login/password", FIRST_LOGIN),
    ("/gst/first-login/credentials", FIRST_LOGIN),
    ("/gst/forgot-username/otp", USERNAME_PAGE),
    ("/gst/forgot-username/otp/resend", USERNAME_PAGE),
    ("/gst/forgot-password/otp", PASSWORD_PAGE),
    ("/gst/forgot-password/otp/resend", PASSWORD_PAGE),
    ("/gst/forgot-password/new", PASSWORD_PAGE),
    ("/gst/profile/api-access", LOGIN),
    ("/gst/change-password", LOGIN),
    ("/gst/account/password", LOGIN),
    ("/gst/login/otp", LOGIN),
    ("/gst/login/otp/resend", LOGIN),
    ("/gst/login/otp-first/password", "/gst/login/otp-first"),
    ("/gst/account/devices", LOGIN),
    ("/gst/account/authenticator", LOGIN),
    ("/gst/account/authenticator/otp", LOGIN),
    ("/gst/account/authenticator/otp/resend", LOGIN),
    ("/gst/account/authenticator/new", LOGIN),
    ("/gst/account/authenticator/codes", LOGIN),
    ("/gst/account/authenticator/remove", LOGIN),
    ("/gst/logout", LOGIN),
    ("/gst/session/extend", LOGIN),
];

/// Pages of the signed out that post to themselves.
const OPEN_POSTS: &[&str] = &[LOGIN, "/gst/login/otp-first", FIRST_LOGIN, USERNAME_PAGE, PASSWORD_PAGE];

fn takes_posts(path: &str) -> bool {
    OPEN_POSTS.contains(&path) || POSTS.iter().any(|(post, _)| *post == path)
}

/// The body of a function of `src/routes.rs`.
fn routes_of(function: &str) -> &'static str {
    let source = include_str!("../../../src/routes.rs");
    let (_, body) = source.split_once(&format!("\nfn {function}")).unwrap();
    body.split_once("\n}\n").unwrap().0
}

#[test]
fn every_address_is_in_the_table_of_doors() {
    let mut addresses = every_address("/gst");
    addresses.retain(|path| path.starts_with("/gst"));
    // The one that has no name in `paths.rs`.
    addresses.insert("/gst/not-here/dsc".to_owned());
    let table: BTreeSet<String> = DOORS.iter().map(|(path, _)| (*path).to_owned()).collect();
    assert_eq!(table, addresses);

    let routes = [routes_of("gst("), routes_of("shared<")];
    let services: usize = routes.iter().map(|body| body.matches(".service(").count()).sum();
    assert_eq!(DOORS.len(), services, "a route that no table knows");
    let posts: usize = routes.iter().map(|body| body.matches("post()").count()).sum();
    assert_eq!(POSTS.len() + OPEN_POSTS.len(), posts, "a form that no table knows");
}

#[actix_web::test]
async fn the_signed_out_are_let_in_where_the_table_says() {
    assert_doors(&App::start().await, DOORS, LOGIN).await;
}

#[actix_web::test]
async fn whoever_begins_in_the_middle_is_told_where_to_start() {
    assert_begins(&App::start().await, DOORS).await;
}

#[actix_web::test]
async fn the_signed_in_see_every_page_of_theirs_and_none_of_the_signed_out() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for (path, door) in DOORS {
        let page = browser.get(path).await;
        match door {
            // There is nothing to put into a calendar while API access is off.
            Door::SignIn { .. } if path.ends_with(".ics") => assert!(page.status < 500, "{}", page.told()),
            Door::SignIn { .. } if path.ends_with(".csv") => assert_eq!(page.status, 200),
            Door::SignIn { .. } if path.contains("/authenticator/") => {
                page.assert_leads_to("/gst/account/authenticator")
            }
            Door::SignIn { .. } => {
                assert_eq!(page.status, 200, "{}", page.told());
                assert!(page.has("You will be signed out at 17:16 IST if you do nothing."), "{path}");
                assert_eq!(page.form("Sign out").action, "/gst/logout", "{path}");
            }
            Door::Post => assert_eq!(page.status, 405, "{}", page.told()),
            Door::Open if path.contains("not-here") => assert_eq!(page.status, 200, "{}", page.told()),
            Door::Open | Door::Begin(_) | Door::Leads(_) => page.assert_leads_to(DASHBOARD),
        }
    }
    browser.get(DASHBOARD).await.assert_shows("Dashboard");
}

#[actix_web::test]
async fn nobody_is_let_in_by_a_session_that_is_over() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    app.clock.advance(15 * 60);
    for (path, door) in DOORS {
        if let Door::SignIn { .. } = door {
            let page = browser.clone_cookies().get(path).await;
            assert_eq!(page.status, 303, "{}", page.told());
            assert!(page.location().starts_with(LOGIN), "{}", page.told());
        }
    }
}

#[actix_web::test]
async fn no_form_of_the_signed_out_gets_past_its_door() {
    let app = App::start().await;
    let body = b"otp=123456&password=x&enable=yes&duration=30d&csrf=x.y.z";
    for (path, way) in POSTS {
        app.browser().post_raw(path, body, FORM).await.assert_leads_to(way);
    }
    for path in OPEN_POSTS {
        let body = b"gstin=29ABCDE1234F1ZW&username=acmegst01&password=x&csrf=x.y.z";
        app.browser().post_raw(path, body, FORM).await.assert_error_page(403, OUT_OF_DATE);
    }
    assert!(app.messages().await.is_empty());
}

#[actix_web::test]
async fn a_wrong_method_is_refused_and_told_which_are_right() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for (path, door) in DOORS {
        let mut right = BTreeSet::new();
        if !matches!(door, Door::Post) {
            right.extend(["GET", "HEAD"]);
        }
        if takes_posts(path) {
            right.insert("POST");
        }
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if right.contains(method) {
                continue;
            }
            let page = browser.request(method, path, &[], None).await;
            page.assert_error_page(405, "Page not found");
            let told = page.header("allow");
            assert_eq!(told.split(", ").collect::<BTreeSet<_>>(), right, "{method} {path}");
        }
    }
}

#[actix_web::test]
async fn a_head_request_is_answered_like_a_get_without_the_page() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for path in [DASHBOARD, "/gst/profile", "/gst/notices", "/gst/change-password"] {
        let page = browser.request("HEAD", path, &[], None).await;
        assert_eq!((page.status, page.html.as_str()), (200, ""), "{path}");
    }
    assert_eq!(app.browser().request("HEAD", LOGIN, &[], None).await.status, 200);
}

#[actix_web::test]
async fn nothing_else_is_there() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for path in [
        "/gst/nowhere",
        "/gst/register",
        "/gst/api-credentials",
        "/gst/profile/nowhere",
        "/gst/not-here",
        "/gst/not-here/nowhere",
        "/gst/not-here/dsc/more",
        "/gstx/login",
    ] {
        browser.get(path).await.assert_error_page(404, "Page not found");
    }
}

/// One form of each address that takes POSTs, on its page, with the browser that stands there. That of "Stay signed in"
/// is the last.
async fn every_form(app: &App) -> Vec<(Browser, FormFill)> {
    first_login(app, &ACME, USERNAME, PASSWORD).await;
    let mut forms = forms_of_signing_in(app).await;
    for (path, button) in [
        (LOGIN, "LOGIN"),
        (FIRST_LOGIN, "Send first-time password"),
        (USERNAME_PAGE, "Generate OTP"),
        (PASSWORD_PAGE, "Generate OTP"),
    ] {
        let browser = app.browser();
        let form = browser.get(path).await.form(button);
        forms.push((browser, form));
    }

    let browser = app.browser();
    let page = go_on(&browser, &ask_first_password(&browser, PATEL.gstin).await).await;
    forms.push((browser, page.form("LOGIN")));
    let browser = app.browser();
    let page = at_credentials(app, &browser, &PATEL).await;
    forms.push((browser, page.form("Submit")));

    for (path, field, value) in [(USERNAME_PAGE, "gstin", ACME.gstin), (PASSWORD_PAGE, "username", USERNAME)] {
        let browser = app.browser();
        let page = at_otp(&browser, path, field, value).await;
        for button in ["Continue", "Send a new OTP"] {
            forms.push((browser.clone_cookies(), page.form(button)));
        }
    }
    let browser = app.browser();
    let page = at_otp(&browser, PASSWORD_PAGE, "username", USERNAME).await;
    let form = page.form("Continue").fill("otp", &app.last_otp_for(ACME.email).await);
    let page = go_on(&browser, &form.submit(&browser).await).await;
    forms.push((browser, page.form("Submit")));

    let browser = app.browser();
    log_in(&browser, USERNAME, PASSWORD).await.assert_leads_to(DASHBOARD);
    for _ in 0..2 {
        log_in(&app.browser(), USERNAME, PASSWORD).await.assert_leads_to(DASHBOARD);
    }
    for (path, button) in [
        ("/gst/account/devices", "Sign out everywhere else"),
        ("/gst/profile/api-access", "CONFIRM"),
        ("/gst/change-password", "Change Password"),
        ("/gst/account/password", "Change Password"),
        (DASHBOARD, "Sign out"),
    ] {
        forms.push((browser.clone_cookies(), browser.get(path).await.form(button)));
    }
    let page = browser.get(DASHBOARD).await;
    let mut extend = page.form("Sign out").forge("csrf", token_for(&page, "/gst/session/extend").as_bytes());
    extend.action = "/gst/session/extend".to_owned();
    forms.push((browser, extend));
    forms
}

/// Those around a shut door, and those of the authenticator app. The browsers stand at the end of their walks: what was
/// proven on the way has given them new cookies.
async fn forms_of_signing_in(app: &App) -> Vec<(Browser, FormFill)> {
    first_login(app, &CERAMICS, "ceramics1", PASSWORD).await;
    shut_door(app, "/gst", "ceramics1").await;
    let signed_out = app.browser();
    let mut before = vec![signed_out.get("/gst/login/otp-first").await.form("Continue")];
    let page = go_on(&signed_out, &ask_otp_first(&signed_out, "/gst", "ceramics1").await).await;
    before.extend(["Continue", "Send a new OTP"].map(|button| page.form(button)));
    let form = page.form("Continue").fill("otp", &app.last_otp_for(CERAMICS.email).await);
    before.push(go_on(&signed_out, &form.submit(&signed_out).await).await.form("LOGIN"));

    let signed_in = signed_in_as(app, &KAVERI, "kaverigst1").await;
    let form = signed_in.get("/gst/account/authenticator").await.form("Add an authenticator app");
    let page = go_on(&signed_in, &form.submit(&signed_in).await).await;
    let mut after = vec![form, page.form("Continue"), page.form("Send a new OTP")];
    let form = page.form("Continue").fill("otp", &app.last_otp_for(KAVERI.email).await);
    let page = go_on(&signed_in, &form.submit(&signed_in).await).await;
    let (phone, form) = (Phone::of(&page), page.form("Add the app"));
    after.push(form.clone());
    let form = form.fill("code", &phone.code(app.clock.now()));
    after.push(go_on(&signed_in, &form.submit(&signed_in).await).await.form("I have kept them"));
    app.clock.advance(30);
    let form = signed_in.get("/gst/account/authenticator").await.form("Remove the authenticator app");
    let page = go_on(&signed_in, &form.submit(&signed_in).await).await;
    let form = page.form("Continue").fill("code", &phone.code(app.clock.now()));
    after.push(go_on(&signed_in, &form.submit(&signed_in).await).await.form("Remove the authenticator app"));

    let before = before.into_iter().map(|form| (signed_out.clone_cookies(), form));
    before.chain(after.into_iter().map(|form| (signed_in.clone_cookies(), form))).collect()
}

async fn at_otp(browser: &Browser, path: &str, field: &str, value: &str) -> Page {
    let form = browser.get(path).await.form("Generate OTP").fill(field, value);
    go_on(browser, &form.submit(browser).await).await
}

/// The token of the form that posts to `action`, also of one that only the script shows.
fn token_for(page: &Page, action: &str) -> String {
    let (_, form) = page.html.split_once(&format!("action=\"{action}\"")).unwrap();
    let (_, token) = form.split_once("name=\"csrf\" value=\"").unwrap();
    token.split_once('"').unwrap().0.to_owned()
}

#[actix_web::test]
async fn the_forms_are_all_that_take_posts() {
    let app = App::start().await;
    let forms = every_form(&app).await;
    let actions: BTreeSet<&str> = forms.iter().map(|(_, form)| form.action.as_str()).collect();
    let expected = POSTS.iter().map(|(path, _)| *path).chain(OPEN_POSTS.iter().copied());
    assert_eq!(actions, expected.collect());
}

#[actix_web::test]
async fn a_form_without_its_own_token_does_nothing() {
    let app = App::start().await;
    let forms = every_form(&app).await;
    let before = app.messages().await;
    for (number, (browser, form)) in forms.iter().enumerate() {
        // A token of the same browser, for another form.
        let page = browser.get(if browser.get(LOGIN).await.status == 200 { LOGIN } else { DASHBOARD }).await;
        let elsewhere = match form.action.as_str() {
            LOGIN => browser.get(PASSWORD_PAGE).await.form("Generate OTP").value("csrf"),
            "/gst/logout" => token_for(&page, "/gst/session/extend"),
            _ if page.h1() == "Login" => page.form("LOGIN").value("csrf"),
            _ => page.form("Sign out").value("csrf"),
        };
        // And one of another browser.
        let stranger = forms[(number + 1) % forms.len()].1.value("csrf");
        for token in ["", "x.y", elsewhere.as_str(), stranger.as_str()] {
            let refused = form.clone().forge("csrf", token.as_bytes()).submit(browser).await;
            refused.assert_error_page(403, OUT_OF_DATE);
            let way = browser.get(&refused.link("Open the form again")).await;
            assert!([200, 303].contains(&way.status), "the way on from {}: {}", form.action, way.told());
        }
        form.clone().without("csrf").submit(browser).await.assert_error_page(403, OUT_OF_DATE);
    }
    assert_eq!(app.messages().await, before);
    // The last browser is signed in still, and has only been told to stay.
    let (browser, extend) = forms.last().unwrap();
    extend.clone().submit(browser).await.assert_leads_to("/gst/account");
    browser.get(DASHBOARD).await.assert_shows("Dashboard");
}

#[actix_web::test]
async fn a_form_from_another_site_does_nothing() {
    let app = App::start().await;
    for (browser, form) in every_form(&app).await {
        let foreign = browser.clone_cookies().without_form_headers().with_form_header("origin", "https://evil.example");
        form.submit(&foreign).await.assert_error_page(403, OUT_OF_DATE);
    }
}

#[actix_web::test]
async fn what_is_no_form_is_refused() {
    let app = App::start().await;
    for (browser, form) in every_form(&app).await {
        for kind in ["application/json", "multipart/form-data; boundary=x", "text/plain"] {
            let page = browser.post_raw(&form.action, &form.body(), kind).await;
            page.assert_error_page(415, "This is not a form we can read");
        }
        let too_big = vec![b'a'; 64 * 1024 + 1];
        browser.post_raw(&form.action, &too_big, FORM).await.assert_error_page(413, "The file is too big");
    }
}

#[actix_web::test]
async fn a_form_of_one_session_is_out_of_date_in_the_next() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    let old = browser.get("/gst/profile/api-access").await.form("CONFIRM");
    browser.get(DASHBOARD).await.form("Sign out").submit(&browser).await.assert_leads_to("/gst/login?signed-out=yes");
    log_in(&browser, USERNAME, PASSWORD).await.assert_leads_to(DASHBOARD);
    old.submit(&browser).await.assert_error_page(403, OUT_OF_DATE);
}

#[actix_web::test]
async fn no_page_links_to_an_address_that_is_not_there() {
    let app = App::start().await;
    let start = ["/gst", LOGIN, FIRST_LOGIN, USERNAME_PAGE, PASSWORD_PAGE, "/gst/not-here/dsc"];
    let (count, broken) = broken_links(&app.browser(), &start).await;
    assert_eq!(broken, Vec::<String>::new());
    assert!(count >= 15, "{count}");

    let browser = signed_in(&app).await;
    let (count, broken) = broken_links(&browser, &[DASHBOARD]).await;
    assert_eq!(broken, Vec::<String>::new());
    assert!(count >= 25, "{count}");
}

#[actix_web::test]
async fn no_page_is_kept_by_a_browser_or_found_by_a_search_engine() {
    let app = App::start().await;
    let browser = signed_in(&app).await;
    for (path, door) in DOORS {
        let page = match door {
            Door::SignIn { .. } => browser.get(path).await,
            _ => app.browser().get(path).await,
        };
        assert_eq!(page.headers("cache-control"), ["no-store"], "{path}");
        assert_eq!(page.headers("x-robots-tag"), ["noindex, nofollow"], "{path}");
    }
}

//! 2.4, `security.md` 3.5 and 3.6: pages of no portal, pages that say why not, and what stands on every answer.

use std::collections::{BTreeMap, BTreeSet};

use scraper::{Html, Selector};

use crate::support::browser::FORM;
use crate::support::keys::make_all;
use crate::support::samples::{ACME, PASSWORD};
use crate::support::walk::{log_in, registered, with_credentials};
use crate::support::{App, Browser, Page};

const LOGIN: &str = "/irp/login";
const FORM_TITLE: &str = "This form is out of date";
const FORM_TEXT: &str = "It was open too long, or you signed in again elsewhere. We kept nothing from it.";

/// A portal in production mode, and the host it answers to.
struct Production {
    app: App,
    _keys: tempfile::TempDir,
}

impl Production {
    async fn start() -> Self {
        let keys = tempfile::tempdir().unwrap();
        make_all(keys.path());
        let app = App::start_with(&[
            ("MODE", "production"),
            ("BASE_URL", "https://irp.example.in"),
            ("KEYS_DIR", &keys.path().display().to_string()),
            ("SMTP_URL", "smtp://127.0.0.1:9"),
            ("TRUSTED_PROXIES", "127.0.0.1"),
            ("ARGON2", "m=19456,t=2,p=1"),
        ])
        .await;
        Self { app, _keys: keys }
    }

    fn browser(&self) -> Browser {
        self.app.browser().with_header("host", "irp.example.in")
    }
}

#[actix_web::test]
async fn an_unknown_address_is_a_page_with_ways_on() {
    let app = App::start().await;
    for (path, home) in [("/nowhere", "/"), ("/irp/nowhere", "/irp"), ("/static/app.css", "/"), ("/healthz", "/")] {
        let page = app.browser().get(path).await;
        page.assert_error_page(404, "Page not found");
        assert!(
            page.has(
                "If you typed the web address, check it is correct. If you pasted it, check you copied all of it."
            )
        );
        assert_eq!(page.link("Home"), home);
        assert_eq!(page.link("Help"), "/help");
        assert!(page.has("Reference "));
    }
}

#[actix_web::test]
async fn an_unknown_address_shows_nothing_of_what_was_typed() {
    let app = App::start().await;
    let page = app.browser().get("/%3Cscript%3Ealert(1)%3C/script%3E?a=%3Cb%3E").await;
    page.assert_error_page(404, "Page not found");
    assert!(!page.html.contains("alert(1)"));
}

#[actix_web::test]
async fn a_wrong_method_is_refused_and_told_which_are_right() {
    let app = App::start().await;
    let browser = app.browser();
    for (method, path, allowed) in [
        ("POST", "/help", vec!["GET", "HEAD"]),
        ("DELETE", LOGIN, vec!["GET", "HEAD", "POST"]),
        ("PUT", "/irp/register", vec!["GET", "HEAD", "POST"]),
        ("GET", "/irp/logout", vec!["POST"]),
        ("GET", "/irp/api-credentials/otp/resend", vec!["POST"]),
    ] {
        let page = browser.request(method, path, &[], None).await;
        page.assert_error_page(405, "Page not found");
        let told = page.header("allow");
        let told: BTreeSet<&str> = told.split(", ").collect();
        assert_eq!(told, allowed.into_iter().collect(), "{method} {path}");
    }
}

#[actix_web::test]
async fn a_head_request_is_answered_like_a_get_without_the_page() {
    let app = App::start().await;
    for path in ["/", LOGIN] {
        let page = app.browser().request("HEAD", path, &[], None).await;
        assert_eq!((page.status, page.html.as_str()), (200, ""));
        assert!(page.header("content-type").starts_with("text/html"));
    }
}

#[actix_web::test]
async fn a_slash_at_the_end_changes_nothing() {
    let app = App::start().await;
    app.browser().get("/irp/login/").await.assert_shows("Log in");
    app.browser().get("/help/").await.assert_shows("Help");
}

#[actix_web::test]
async fn a_form_that_is_too_big_is_refused() {
    let app = App::start().await;
    let page = app.browser().post_raw(LOGIN, &vec![b'a'; 64 * 1024 + 1], FORM).await;
    page.assert_error_page(413, "The file is too big");
    assert!(page.has("The limit is 64 KB."));
    assert_eq!(page.link("Back"), LOGIN);
    let fits = app.browser().post_raw(LOGIN, &vec![b'a'; 64 * 1024], FORM).await;
    fits.assert_error_page(403, FORM_TITLE);
}

#[actix_web::test]
async fn what_is_no_form_is_refused() {
    let app = App::start().await;
    for (kind, encoding) in [
        ("application/json", None),
        ("multipart/form-data; boundary=x", None),
        ("text/plain", None),
        ("", None),
        (FORM, Some("gzip")),
        (FORM, Some("identity")),
    ] {
        let mut headers = vec![("content-type", kind)];
        headers.extend(encoding.map(|encoding| ("content-encoding", encoding)));
        let body = b"username=29ABCDE1234F1ZW&password=x".to_vec();
        let page = app.browser().request("POST", LOGIN, &headers, Some(body)).await;
        page.assert_error_page(415, "This is not a form we can read");
        assert!(page.has("Open the page again and send its form."));
    }
}

#[actix_web::test]
async fn another_host_name_is_not_answered_to() {
    let app = App::start().await;
    for host in ["evil.example", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example"] {
        let page = app.browser().with_header("host", host).get(LOGIN).await;
        page.assert_error_page(421, "Unknown address");
        assert!(page.has("This service does not answer to that host name."));
        assert!(!page.html.contains(host) || host == "127.0.0.1");
    }
}

#[actix_web::test]
async fn on_loopback_every_loopback_name_is_answered_to() {
    let app = App::start().await;
    let port = app.url("").rsplit(':').next().unwrap().to_owned();
    for name in ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"] {
        let browser = app.browser().with_header("host", &format!("{name}:{port}"));
        browser.get(LOGIN).await.assert_shows("Log in");
    }
}

#[actix_web::test]
async fn what_a_proxy_might_say_about_the_host_is_not_believed() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    let browser = browser.with_header("x-forwarded-host", "evil.example").with_header("forwarded", "host=evil.example");
    let page = browser.get("/irp/forgot-password").await;
    assert!(!page.html.contains("evil.example"));
    let answer = page.form("Continue").fill("gstin", ACME.gstin).submit(&browser).await;
    answer.assert_leads_to("/irp/forgot-password/otp");
    assert!(app.messages().await.iter().all(|message| !message.text.contains("evil.example")));
}

pub fn assert_out_of_date(page: &Page, way: &str) {
    page.assert_error_page(403, FORM_TITLE);
    assert!(page.has(FORM_TEXT));
    assert_eq!(page.link("Open the form again"), way);
}

#[actix_web::test]
async fn a_form_without_its_token_is_refused() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    let form = browser.get(LOGIN).await.form("Login").fill("username", ACME.gstin).fill("password", PASSWORD);
    let elsewhere = browser.get("/irp/forgot-password").await.form("Continue").value("csrf");
    let other = app.browser();
    let stranger = other.get(LOGIN).await.form("Login").value("csrf");
    for token in ["", "x", ".", "x.y", elsewhere.as_str(), stranger.as_str()] {
        let refused = form.clone().forge("csrf", token.as_bytes()).submit(&browser).await;
        assert_out_of_date(&refused, LOGIN);
        assert!(!refused.html.contains(PASSWORD));
    }
    assert_out_of_date(&form.clone().without("csrf").submit(&browser).await, LOGIN);
    assert_out_of_date(&form.clone().with("csrf", b"x").submit(&browser).await, LOGIN);
    assert_out_of_date(&form.submit(&app.browser()).await, LOGIN);
    form.submit(&browser).await.assert_leads_to("/irp/api-credentials");
}

#[actix_web::test]
async fn a_form_of_the_signed_out_is_out_of_date_once_signed_in() {
    let app = App::start().await;
    registered(&app).await;
    let browser = app.browser();
    let old = browser.get("/irp/register").await.form("Continue").fill("gstin", "27ABCDE1234F1Z0");
    log_in(&browser, ACME.gstin, PASSWORD).await.assert_leads_to("/irp/api-credentials");
    assert_out_of_date(&old.submit(&browser).await, "/irp/register");
}

#[actix_web::test]
async fn a_form_of_one_session_is_out_of_date_in_the_next() {
    let app = App::start().await;
    let browser = registered(&app).await;
    let old = browser.get("/irp/api-credentials").await.form("Create API credentials");
    browser.get("/irp/api-credentials").await.form("Sign out").submit(&browser).await;
    log_in(&browser, ACME.gstin, PASSWORD).await;
    assert_out_of_date(&old.submit(&browser).await, "/irp/api-credentials");
}

#[actix_web::test]
async fn a_form_from_another_site_is_refused_whatever_its_token() {
    let app = App::start().await;
    let own = app.url("");
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", &own.replace("http://", "https://")),
    ] {
        let browser = app.browser().without_form_headers().with_form_header(name, value);
        let form = browser.get(LOGIN).await.form("Login");
        assert_out_of_date(&form.submit(&browser).await, LOGIN);
    }
    for (name, value) in [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none"), ("origin", own.as_str())] {
        let browser = app.browser().without_form_headers().with_form_header(name, value);
        assert_eq!(browser.get(LOGIN).await.form("Login").submit(&browser).await.status, 422, "{name}: {value}");
    }
    let silent = app.browser().without_form_headers();
    assert_eq!(silent.get(LOGIN).await.form("Login").submit(&silent).await.status, 422);
}

#[actix_web::test]
async fn when_nothing_can_be_stored_the_page_says_when_to_try_again() {
    let app = App::start().await;
    let browser = app.browser();
    let form = browser.get("/irp/register").await.form("Continue").fill("gstin", ACME.gstin);
    app.kit.store.stop().await;
    let page = browser.post_raw(&form.action, &form.body(), FORM).await;
    page.assert_error_page(503, "The service is unavailable");
    assert_eq!(page.header("retry-after"), "5");
    browser.get("/irp/register").await.assert_shows("Check if your GSTIN is eligible for e-invoicing");
}

/// One answer of each kind, by what it is.
async fn every_kind_of_answer(app: &App) -> BTreeMap<&'static str, Page> {
    let browser = registered(app).await;
    let nobody = app.browser();
    let asset = stylesheet(&nobody.get("/").await);
    let login = nobody.get(LOGIN).await;
    let mut answers = BTreeMap::from([
        ("a page", browser.get("/irp/api-credentials").await),
        ("a redirect", nobody.get("/irp/account").await),
        ("an asset", nobody.get(&asset).await),
        ("robots", nobody.get("/robots.txt").await),
        ("not found", nobody.get("/nowhere").await),
        ("no such asset", nobody.get("/static/app.0000.css").await),
        ("wrong method", nobody.request("PUT", LOGIN, &[], None).await),
        ("unknown host", app.browser().with_header("host", "evil.example").get(LOGIN).await),
        ("too big", app.browser().post_raw(LOGIN, &vec![b'a'; 70_000], FORM).await),
        ("no form", nobody.post_raw(LOGIN, b"{}", "application/json").await),
        ("no token", nobody.post_raw(LOGIN, b"a=b", FORM).await),
        ("refused", login.form("Login").submit(&nobody).await),
        ("a bad request", nobody.get("/irp/login?return=%ff%00").await),
    ]);
    for _ in 0..5 {
        log_in(&app.browser(), ACME.gstin, "three small bushes 5").await;
    }
    answers.insert("too many", log_in(&app.browser(), ACME.gstin, PASSWORD).await);
    answers.insert("signed out", browser.get("/irp/account").await.form("Sign out").submit(&browser).await);
    answers
}

#[actix_web::test]
async fn the_security_headers_stand_on_every_answer() {
    let app = App::start().await;
    let answers = every_kind_of_answer(&app).await;
    let statuses: BTreeSet<u16> = answers.values().map(|page| page.status).collect();
    assert_eq!(statuses, BTreeSet::from([200, 303, 403, 404, 405, 413, 415, 421, 422, 429]));
    for (what, page) in &answers {
        for (name, expected) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=(), otp-credentials=(self)"),
            ("x-frame-options", "DENY"),
            ("x-robots-tag", "noindex, nofollow"),
        ] {
            assert_eq!(page.headers(name), [expected], "{what}");
        }
        let policy = page.header("content-security-policy");
        for directive in [
            "default-src 'none'",
            "style-src 'self'",
            "img-src 'self'",
            "script-src 'self'",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "object-src 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.split("; ").any(|part| part == directive), "{what}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("server"), "", "{what}");
        assert_eq!(page.header("strict-transport-security"), "", "{what}: plain http");
        let kept = if *what == "an asset" { "public, max-age=31536000, immutable" } else { "no-store" };
        assert_eq!(page.headers("cache-control"), [kept], "{what}");
    }
}

#[actix_web::test]
async fn over_tls_browsers_are_told_to_stay_there() {
    let app = App::start_with(&[("BASE_URL", "https://irp.example.in")]).await;
    for path in ["/", "/nowhere", "/irp/account"] {
        let page = app.browser().get(path).await;
        let expected = "max-age=63072000; includeSubDomains; preload";
        assert_eq!(page.headers("strict-transport-security"), [expected]);
    }
}

#[actix_web::test]
async fn an_error_page_has_the_frame_of_every_page() {
    let app = App::start().await;
    for (what, page) in every_kind_of_answer(&app).await {
        if page.header("content-type").starts_with("text/html") {
            assert!(page.title().ends_with(" – Sanad"), "{what}: {}", page.title());
            assert!(page.has("This is not a Government of India website."), "{what}");
            assert!(page.has("Practice copy. Do not enter a real GST password."), "{what}");
            assert_eq!(page.attribute("html", "lang").unwrap(), "en-IN", "{what}");
            assert_eq!(page.header("content-type"), "text/html; charset=utf-8", "{what}");
        }
    }
}

/// The address of the stylesheet of a page.
fn stylesheet(page: &Page) -> String {
    page.attribute("link[rel=stylesheet]", "href").unwrap()
}

#[actix_web::test]
async fn assets_are_kept_for_a_year_and_compressed() {
    let app = App::start().await;
    let browser = app.browser();
    let page = browser.get("/").await;
    let script = page.attribute("script[src]", "src").unwrap();
    let icon = page.attribute("link[rel=icon]", "href").unwrap();
    for (address, kind, limit) in [
        (stylesheet(&page), "text/css", 10 * 1024),
        (script, "text/javascript", 15 * 1024),
        (icon, "image/svg+xml; charset=utf-8", 10 * 1024),
    ] {
        let plain = browser.get(&address).await;
        assert_eq!(plain.status, 200, "{address}");
        assert!(plain.header("content-type").starts_with(kind), "{}", plain.header("content-type"));
        assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(plain.header("content-encoding"), "");
        assert_eq!(plain.header("vary"), "Accept-Encoding");
        assert!(plain.html.len() < limit, "{address}: {} bytes", plain.html.len());
    }
    for accepts in ["gzip", "gzip, deflate, br, zstd", "br, gzip;q=0.8"] {
        let packed = browser.request("GET", &stylesheet(&page), &[("accept-encoding", accepts)], None).await;
        assert_eq!(packed.header("content-encoding"), "gzip", "{accepts}");
        assert!(packed.header("content-type").starts_with("text/css"));
    }
    for accepts in ["br", "identity"] {
        let plain = browser.request("GET", &stylesheet(&page), &[("accept-encoding", accepts)], None).await;
        assert_eq!(plain.header("content-encoding"), "", "{accepts}");
    }
}

#[actix_web::test]
async fn a_client_that_refuses_gzip_gets_none() {
    let app = App::start().await;
    let browser = app.browser();
    let address = stylesheet(&browser.get("/").await);
    let plain = browser.request("GET", &address, &[("accept-encoding", "gzip;q=0, identity")], None).await;
    assert_eq!(plain.header("content-encoding"), "");
}

#[actix_web::test]
async fn pages_are_never_compressed() {
    let app = App::start().await;
    let page = app.browser().request("GET", LOGIN, &[("accept-encoding", "gzip, br")], None).await;
    assert_eq!(page.header("content-encoding"), "");
    page.assert_shows("Log in");
}

#[actix_web::test]
async fn search_engines_are_shown_the_landing_page_only() {
    let app = App::start().await;
    let robots = app.browser().get("/robots.txt").await;
    assert_eq!(robots.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(robots.html, "User-agent: *\nAllow: /$\nDisallow: /\n");
    assert_eq!(app.browser().get("/").await.headers("x-robots-tag"), Vec::<String>::new());
}

#[actix_web::test]
async fn password_managers_are_sent_to_the_page_that_changes_the_password() {
    let app = App::start().await;
    app.browser().get("/.well-known/change-password").await.assert_leads_to("/irp/account/password");
}

#[actix_web::test]
async fn the_landing_page_names_the_three_portals() {
    let app = App::start().await;
    let page = app.browser().get("/").await;
    page.assert_shows("API credentials for e-invoicing");
    for portal in ["IRP", "e-Invoicing workspace", "GST portal"] {
        assert!(page.has(portal), "{portal}");
    }
    assert_eq!(page.link("See the sample GSTINs"), "/demo");
}

#[actix_web::test]
async fn the_pages_of_the_footer_open_from_everywhere() {
    let app = App::start_with(&[("OPERATOR_NAME", "Acme Hosting"), ("OPERATOR_CONTACT", "help@acme.example")]).await;
    let browser = app.browser();
    for (path, h1) in [
        ("/help", "Help"),
        ("/contact", "Contact"),
        ("/accessibility", "Accessibility"),
        ("/privacy", "Privacy"),
        ("/terms", "Terms"),
    ] {
        let page = browser.get(path).await;
        page.assert_shows(h1);
        let links = page.all("footer a");
        assert_eq!(links, ["Help", "Contact", "Accessibility", "Privacy", "Terms"]);
    }
    assert!(browser.get("/contact").await.has("Acme Hosting runs this service. Reach us at help@acme.example."));
}

/// Every address a page names: links, forms, files.
fn addresses(page: &Page) -> BTreeSet<String> {
    let document = Html::parse_document(&page.html);
    let mut found = BTreeSet::new();
    for (selector, attribute) in
        [("a[href]", "href"), ("link[href]", "href"), ("script[src]", "src"), ("img[src]", "src"), ("form", "action")]
    {
        let selector = Selector::parse(selector).unwrap();
        found.extend(document.select(&selector).filter_map(|element| element.attr(attribute)).map(str::to_owned));
    }
    found
}

/// Walks every link from `start`, and says what is not there.
pub async fn broken_links(browser: &Browser, start: &[&str]) -> (usize, Vec<String>) {
    let mut waiting: Vec<String> = start.iter().map(|path| (*path).to_owned()).collect();
    let mut seen: BTreeSet<String> = waiting.iter().cloned().collect();
    let mut broken = Vec::new();
    while let Some(path) = waiting.pop() {
        let page = browser.get(&path).await;
        if page.status == 404 || page.status >= 500 {
            broken.push(format!("{path}: {}", page.status));
        }
        for address in addresses(&page).into_iter().chain((page.status == 303).then(|| page.location())) {
            if address.starts_with('#') {
                continue;
            }
            if !address.starts_with('/') || address.starts_with("//") {
                broken.push(format!("{path} links elsewhere: {address}"));
            } else if seen.insert(address.clone()) {
                waiting.push(address);
            }
        }
    }
    (seen.len(), broken)
}

#[actix_web::test]
async fn no_page_links_to_an_address_that_is_not_there() {
    let app = App::start().await;
    let start = ["/", "/irp", "/irp/login", "/irp/forgot-password", "/irp/register", "/nowhere-but-its-links"];
    let (count, broken) = broken_links(&app.browser(), &start).await;
    assert_eq!(broken, ["/nowhere-but-its-links: 404"]);
    assert!(count >= 15, "{count}");

    let browser = with_credentials(&app).await;
    let start = ["/", "/irp/register/done", "/irp/api-credentials/saved", "/irp/account"];
    let (count, broken) = broken_links(&browser, &start).await;
    assert_eq!(broken, Vec::<String>::new());
    assert!(count >= 20, "{count}");
}

#[actix_web::test]
async fn every_page_says_that_it_is_a_practice_copy() {
    let app = App::start().await;
    let browser = registered(&app).await;
    for path in ["/", "/help", LOGIN, "/irp/register", "/irp/account", "/demo/messages"] {
        let page = browser.get(path).await;
        if page.status == 200 {
            assert!(page.has("Practice copy. Do not enter a real GST password. Messages are not sent to real people."));
            assert_eq!(page.attribute("section.strip a", "href").unwrap(), "/demo/messages");
        }
    }
}

#[actix_web::test]
async fn the_sample_register_is_listed_by_kind_with_what_each_row_shows() {
    let app = App::start().await;
    let page = app.browser().get("/demo").await;
    page.assert_shows("Sample GSTINs");
    for told in [ACME.gstin, "Eligible", "Not eligible", "Test number", "Tax deductor", "UIN", "Non-resident"] {
        assert!(page.has(told), "{told}");
    }
}

#[actix_web::test]
async fn production_has_no_demo_pages_and_no_sample() {
    let portal = Production::start().await;
    for path in ["/demo", "/demo/messages"] {
        portal.browser().get(path).await.assert_error_page(404, "Page not found");
    }
    let home = portal.browser().get("/").await;
    home.assert_shows("API credentials for e-invoicing");
    assert!(!home.html.contains("/demo"));
    assert!(!home.has("Practice copy"));

    let browser = portal.browser().without_form_headers();
    let form = browser.get("/irp/register").await.form("Continue").fill("gstin", ACME.gstin);
    form.submit(&browser).await.assert_leads_to("/irp/register/not-eligible");
}

#[actix_web::test]
async fn production_answers_to_its_own_host_only() {
    let portal = Production::start().await;
    portal.browser().get(LOGIN).await.assert_shows("Log in");
    portal.app.browser().get(LOGIN).await.assert_error_page(421, "Unknown address");
    let page = portal.app.browser().with_header("host", "localhost").get(LOGIN).await;
    page.assert_error_page(421, "Unknown address");
}

//! B2 and B4, API credentials: listed masked with their state in words, saved after a real test, replaced, removed.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use futures_util::future::{join, join_all};
use sanad::accounts::hashing::Hasher;
use sanad::accounts::saved_credentials::{Copied, open, save};
use sanad::kernel::password::{Cost, Password};
use sanad::kernel::role::Role;
use sanad::store::events::{self, Event};
use sanad::store::saved_credentials::{self, SAVED, SavedCredential, WORKING};
use sanad::store::workspaces::Workspace;
use sanad::store::{credentials, workspace_gstins};

use crate::support::browser::FORM;
use crate::support::members::{make_all, member, workspace};
use crate::support::samples::*;
use crate::support::walk::{API_USERNAME, go_on, registered_as, with_credentials};
use crate::support::{App, Browser, FormFill, Page};

const INDEX: &str = "/workspace/settings/api-credentials";
const CLEARIRP: &str = "/workspace/settings/api-credentials/clearirp";
const REPLACE: &str = "/workspace/settings/api-credentials/clearirp/replace";

const FORBIDDEN: &str = "You do not have access to this page";
const NOT_FOUND: &str = "Page not found";

const OLD_USERNAME: &str = "acme_old_01";
const OLD_PASSWORD: &str = "Early-Heron_Walks 31";

const SELECT: (&str, &str) = ("gstin", "Select a GSTIN");
const REFUSED: &str =
    "The IRP did not accept this API username and password for 29ABCDE1234F1ZW. Check them or use Forgot API Password.";
const IS_SAVED: &str = "The API credentials for 29ABCDE1234F1ZW are saved.";
const WORKS: &str = "Working (tested 21/11/2026 17:01)";

/// The owner of a workspace that lists ACME, whose API credentials exist in the IRP.
async fn owner(app: &App) -> (Workspace, Browser) {
    with_credentials(app).await;
    let (own, browser) = newcomer(app).await;
    list(app, &own, &[ACME.gstin]).await;
    (own, browser)
}

/// The owner of an empty workspace.
async fn newcomer(app: &App) -> (Workspace, Browser) {
    let own = workspace(app, "Acme Group").await;
    let browser = member(app, &own, "asha@acme.example", Role::Owner).await;
    (own, browser)
}

/// The owner of a workspace where the pair is saved that works.
async fn owner_with_saved(app: &App) -> (Workspace, Browser) {
    let (own, browser) = owner(app).await;
    add(&browser, API_USERNAME, API_PASSWORD).await.assert_leads_to(INDEX);
    browser.get(INDEX).await;
    (own, browser)
}

async fn list(app: &App, own: &Workspace, gstins: &[&str]) {
    let (id, now) = (own.id.clone(), app.clock.now());
    let gstins: Vec<String> = gstins.iter().map(|gstin| (*gstin).to_owned()).collect();
    let listed = app
        .kit
        .store
        .write(move |c| gstins.iter().try_for_each(|gstin| workspace_gstins::insert(c, &id, gstin, now).map(|_| ())));
    listed.await.unwrap();
}

/// Puts an untested copy into a workspace behind the pages.
async fn put(app: &App, own: &Workspace, gstin: &str, api_username: &str, api_password: &str) -> SavedCredential {
    let copied = Copied { workspace_id: &own.id, gstin, api_username, api_password };
    let row = copied.seal(&app.kit.keys, SAVED, app.clock.now());
    let saved = row.clone();
    assert!(app.kit.store.write(move |c| save(c, &row)).await.unwrap());
    saved
}

async fn put_old(app: &App, own: &Workspace) -> SavedCredential {
    put(app, own, ACME.gstin, OLD_USERNAME, OLD_PASSWORD).await
}

async fn kept(app: &App, own: &Workspace) -> Option<SavedCredential> {
    let id = own.id.clone();
    app.kit.store.read(move |c| saved_credentials::find(c, &id, ACME.gstin)).await.unwrap()
}

/// The acts with saved API credentials of ACME on record, the oldest first.
async fn acts(app: &App) -> Vec<String> {
    let found = app.kit.store.read(move |c| events::list_by_gstin(c, ACME.gstin)).await.unwrap();
    let of_ours = |event: &Event| event.portal.as_deref() == Some("workspace");
    found.into_iter().filter(of_ours).map(|event| format!("{} {}", event.action, event.outcome)).collect()
}

/// The API password of ACME is another one in the IRP from now on.
async fn change_in_irp(app: &App) {
    let (kit, now) = (&app.kit, app.clock.now());
    let hasher = Hasher::new(kit.keys.clone(), kit.settings.argon2, &kit.settings.limits).unwrap();
    let hash = hasher.hash(Password::typed("Quick-Train_Walks 84").unwrap()).await.unwrap();
    let changed = kit.store.write(move |c| {
        let credential = credentials::find_by_gstin(c, ACME.gstin)?.unwrap();
        credentials::set_password(c, &credential.id, &hash, now)?;
        saved_credentials::set_stale(c, ACME.gstin, None, now)
    });
    changed.await.unwrap();
}

async fn form(browser: &Browser) -> FormFill {
    let page = browser.get(CLEARIRP).await;
    page.assert_shows("ClearIRP API credentials");
    page.form("Save and Submit")
}

async fn add(browser: &Browser, api_username: &str, api_password: &str) -> Page {
    let form = form(browser).await.fill("gstin", ACME.gstin).fill("api_username", api_username);
    form.fill("api_password", api_password).submit(browser).await
}

/// The page behind an answer that leads to the list, and what its box says.
async fn told(browser: &Browser, answer: &Page) -> Option<String> {
    answer.assert_leads_to(INDEX);
    browser.follow(answer).await.notice()
}

async fn test(browser: &Browser) -> Option<String> {
    let page = browser.get(INDEX).await;
    told(browser, &page.form("Test these credentials").submit(browser).await).await
}

/// The rows of the table, without the buttons.
fn rows(page: &Page) -> Vec<Vec<String>> {
    let columns = page.all("thead th").len();
    page.all("tbody th, tbody td").chunks(columns).map(|row| row[..6].to_vec()).collect()
}

fn status(page: &Page) -> String {
    let rows = rows(page);
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows[0][4].clone()
}

// --- The list -----------------------------------------------------------------------------------

#[actix_web::test]
async fn an_empty_workspace_is_told_what_comes_first() {
    let app = App::start().await;
    let (own, owner) = newcomer(&app).await;
    let viewer = member(&app, &own, "viewer@acme.example", Role::Viewer).await;
    let page = owner.get(INDEX).await;
    page.assert_shows("API credentials");
    assert!(page.has("No GSTIN in this workspace yet. Add a GSTIN"), "{}", page.told());
    assert_eq!(page.link("Add a GSTIN"), "/workspace/settings/gstins");
    assert!(viewer.get(INDEX).await.has("No GSTIN in this workspace yet. Ask the owner to add one."));
    assert!(owner.get(CLEARIRP).await.has("No GSTIN in this workspace yet. Add a GSTIN"));
}

#[actix_web::test]
async fn a_workspace_without_credentials_has_two_ways_on() {
    let app = App::start().await;
    let (own, owner) = newcomer(&app).await;
    list(&app, &own, &[ACME.gstin]).await;
    let page = owner.get(INDEX).await;
    assert!(page.has("No API credentials yet. Add the ones you have, or register a GSTIN."), "{}", page.told());
    assert_eq!(page.link("Add the ones you have"), CLEARIRP);
    assert_eq!(page.link("register a GSTIN"), format!("{CLEARIRP}/register"));
    assert_eq!(page.link("Add Clear IRP API credentials"), CLEARIRP);
    let viewer = member(&app, &own, "viewer@acme.example", Role::Viewer).await;
    let page = viewer.get(INDEX).await;
    assert!(page.has("No API credentials yet.") && page.all("main a").is_empty(), "{}", page.told());
}

#[actix_web::test]
async fn saved_credentials_are_listed_masked() {
    let app = App::start().await;
    let (_, browser) = owner_with_saved(&app).await;
    let page = browser.get(INDEX).await;
    let row = &rows(&page)[0];
    assert!(row[0].starts_with(ACME.gstin), "{row:?}");
    assert_eq!(row[1..], ["ClearIRP", API_USERNAME, "••••••••", WORKS, "21/11/2026 17:01"]);
    assert_eq!(page.link("Change"), format!("{CLEARIRP}?gstin={}", ACME.gstin));
    assert!(page.has("Add API credentials") && page.has("NIC: not in this service"));
}

#[actix_web::test]
async fn a_viewer_sees_the_list_and_can_change_nothing() {
    let app = App::start().await;
    let (own, owner) = owner_with_saved(&app).await;
    let viewer = member(&app, &own, "viewer@acme.example", Role::Viewer).await;
    let page = viewer.get(INDEX).await;
    assert_eq!(status(&page), WORKS);
    assert!(page.all("main form[method=post], main td a, main summary").is_empty());
    for address in [CLEARIRP, REPLACE, &owner.get(INDEX).await.link("Remove")] {
        viewer.get(address).await.assert_error_page(403, FORBIDDEN);
    }
}

#[actix_web::test]
async fn whoever_has_become_a_viewer_posts_in_vain() {
    let app = App::start().await;
    let (own, browser) = owner_with_saved(&app).await;
    let page = browser.get(INDEX).await;
    let filled = form(&browser).await.fill("gstin", ACME.gstin).fill("api_username", API_USERNAME);
    let forms = [
        page.form("Test these credentials"),
        browser.get(&page.link("Remove")).await.form("Remove API credentials"),
        filled.fill("api_password", API_PASSWORD),
    ];
    make_all(&app, &own, Role::Viewer).await;
    for form in forms {
        form.submit(&browser).await.assert_error_page(403, FORBIDDEN);
    }
    assert_eq!(acts(&app).await, ["api_credentials_saved accepted"]);
}

/// Whoever loses the right while the form is on its way: the guard has let it in already.
#[actix_web::test]
async fn a_right_lost_while_the_form_arrives_is_lost() {
    let app = App::start().await;
    let (own, browser, question) = at_the_question(&app).await;
    let page = browser.get(INDEX).await;
    let fresh = form(&browser).await.fill("gstin", ACME.gstin).fill("api_username", API_USERNAME);
    let forms = [
        question.form("Replace"),
        fresh.fill("api_password", API_PASSWORD),
        page.form("Test these credentials"),
        browser.get(&page.link("Remove")).await.form("Remove API credentials"),
    ];
    let before = kept(&app, &own).await;
    for form in forms {
        make_all(&app, &own, Role::Owner).await;
        let (connection, rest) = begin(&app, &browser, &form);
        // Time enough for the guard; were it not, this would be the case of the test above.
        tokio::time::sleep(Duration::from_millis(400)).await;
        make_all(&app, &own, Role::Viewer).await;
        let answer = tokio::task::spawn_blocking(move || finish(connection, &rest)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 403 "), "{}: {answer}", form.action);
        assert_eq!(format!("{:?}", kept(&app, &own).await), format!("{before:?}"));
    }
    assert!(acts(&app).await.iter().all(|act| act == "api_sign_in refused"));
}

/// Posts a form but for its last byte.
fn begin(app: &App, browser: &Browser, form: &FormFill) -> (TcpStream, Vec<u8>) {
    let (host, body) = (app.url("").replace("http://", ""), form.body());
    let cookies: Vec<String> = browser.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {FORM}\r\nCookie: {}\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        form.action,
        cookies.join("; "),
        body.len()
    );
    let mut connection = TcpStream::connect(&host).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let (most, rest) = body.split_at(body.len() - 1);
    connection.write_all(&[head.as_bytes(), most].concat()).unwrap();
    (connection, rest.to_vec())
}

fn finish(mut connection: TcpStream, rest: &[u8]) -> String {
    connection.write_all(rest).unwrap();
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[actix_web::test]
async fn a_few_gstins_are_chosen_from_a_list() {
    let app = App::start().await;
    let (own, browser) = owner_with_saved(&app).await;
    list(&app, &own, &[PATEL.gstin]).await;
    let form = browser.get(INDEX).await.form("Show");
    assert_eq!(form.offers("gstin"), ["", PATEL.gstin, ACME.gstin]);
    assert_eq!(rows(&form.clone().fill("gstin", ACME.gstin).ask(&browser).await).len(), 1);
    let page = form.fill("gstin", PATEL.gstin).ask(&browser).await;
    assert!(page.has("24FGHIJ5678K1Z7: No API credentials are saved for it yet."), "{}", page.told());
    assert_eq!(page.form("Show").value("gstin"), PATEL.gstin);
    assert_eq!(page.link("Add the ones you have"), format!("{CLEARIRP}?gstin={}", PATEL.gstin));
    assert_eq!(page.link("Show all"), INDEX);
}

#[actix_web::test]
async fn many_gstins_are_looked_for_by_number_or_name_and_come_in_pages() {
    let app = App::start().await;
    let (own, browser) = owner_with_saved(&app).await;
    for gstin in super::gstins::numbers(60) {
        list(&app, &own, &[&gstin]).await;
        put(&app, &own, &gstin, OLD_USERNAME, OLD_PASSWORD).await;
    }
    let page = browser.get(INDEX).await;
    assert_eq!(rows(&page).len(), 50);
    let next = page.link("Next");
    assert_eq!(rows(&browser.get(&next).await).len(), 11);
    for typed in ["abcde1234", "ACME", " 29ABCDE1234F1ZW "] {
        let found = page.form("Show").fill("q", typed).ask(&browser).await;
        assert_eq!(rows(&found).len(), 1, "{typed}: {}", found.told());
    }
    let none = page.form("Show").fill("q", "<b>xyz</b>").ask(&browser).await;
    assert!(none.has("No GSTIN matches \"<b>xyz</b>\". Show all"), "{}", none.told());
    assert_eq!(none.link("Show all"), INDEX);
}

#[actix_web::test]
async fn a_copy_of_a_gstin_without_an_account_is_not_registered() {
    let app = App::start().await;
    let (own, browser) = newcomer(&app).await;
    list(&app, &own, &[ACME.gstin]).await;
    put_old(&app, &own).await;
    assert_eq!(status(&browser.get(INDEX).await), "Not registered");
    assert_eq!(test(&browser).await.unwrap(), "29ABCDE1234F1ZW is not registered on the IRP.");
}

// --- Adding -------------------------------------------------------------------------------------

#[actix_web::test]
async fn the_form_offers_the_gstins_of_the_workspace_only() {
    let app = App::start().await;
    let (_, browser) = owner(&app).await;
    let other = workspace(&app, "Patel Group").await;
    list(&app, &other, &[PATEL.gstin]).await;
    let page = browser.get(CLEARIRP).await;
    assert!(page.all("main option")[0] == "Select GSTIN" && page.all("main option")[1].starts_with(ACME.gstin));
    assert_eq!(page.form("Save and Submit").offers("gstin"), ["", ACME.gstin]);
    for (gstin, chosen) in [(ACME.gstin, ACME.gstin), (PATEL.gstin, ""), ("<b>", "")] {
        let page = browser.get(&format!("{CLEARIRP}?gstin={gstin}")).await;
        assert_eq!(page.form("Save and Submit").value("gstin"), chosen);
    }
    let forged = form(&browser).await.forge("gstin", PATEL.gstin.as_bytes()).fill("api_username", API_USERNAME);
    forged.fill("api_password", API_PASSWORD).submit(&browser).await.assert_refused(&[SELECT]);
}

#[actix_web::test]
async fn everything_missing_is_told_at_once() {
    let app = App::start().await;
    let (_, browser) = owner(&app).await;
    let answer = form(&browser).await.submit(&browser).await;
    let faults = [SELECT, ("api_username", "Enter the API username"), ("api_password", "Enter the API password")];
    answer.assert_refused(&faults);
}

#[actix_web::test]
async fn a_right_pair_is_tested_sealed_and_saved() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    let answer = add(&browser, &format!(" {} ", API_USERNAME.to_uppercase()), API_PASSWORD).await;
    assert_eq!(told(&browser, &answer).await.unwrap(), IS_SAVED);
    let saved = kept(&app, &own).await.unwrap();
    assert_eq!((saved.api_username, saved.state.as_str()), (API_USERNAME.to_uppercase(), WORKING));
    let saved = kept(&app, &own).await.unwrap();
    assert_eq!(open(&app.kit.keys, &saved).unwrap().as_str(), API_PASSWORD);
    assert!(!format!("{saved:?}").contains(API_PASSWORD));
    assert_eq!(acts(&app).await, ["api_credentials_saved accepted"]);
}

#[actix_web::test]
async fn whatever_is_wrong_with_a_pair_reads_alike() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    for (username, password) in
        [(API_USERNAME, OLD_PASSWORD), ("nobody_irp_01", API_PASSWORD), ("no name", API_PASSWORD), ("<b>", "x")]
    {
        let answer = add(&browser, username, password).await;
        answer.assert_refused(&[("api_username", REFUSED)]);
        assert_eq!(answer.field_error("api_password").as_deref(), Some(REFUSED));
        assert_eq!(answer.value("api_username").as_deref(), Some(username));
        assert_eq!(answer.value("api_password").unwrap_or_default(), "");
    }
    assert!(kept(&app, &own).await.is_none());
}

#[actix_web::test]
async fn the_pair_of_one_gstin_does_not_fit_another() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    registered_as(&app, &PATEL).await;
    list(&app, &own, &[PATEL.gstin]).await;
    let form = form(&browser).await.fill("gstin", PATEL.gstin).fill("api_username", API_USERNAME);
    let answer = form.fill("api_password", API_PASSWORD).submit(&browser).await;
    answer.assert_refused(&[("api_username", &REFUSED.replace(ACME.gstin, PATEL.gstin))]);
}

#[actix_web::test]
async fn a_gstin_that_is_not_registered_is_told_so() {
    let app = App::start().await;
    let (own, browser) = newcomer(&app).await;
    list(&app, &own, &[ACME.gstin]).await;
    for username in [API_USERNAME, "no name", "<b>", "x"] {
        let answer = add(&browser, username, API_PASSWORD).await;
        answer.assert_refused(&[("gstin", "This GSTIN is not registered on the IRP. Register it first.")]);
    }
}

#[actix_web::test]
async fn a_button_pressed_twice_saves_once() {
    let app = App::start().await;
    let (_, browser) = owner(&app).await;
    let filled = form(&browser).await.fill("gstin", ACME.gstin).fill("api_username", API_USERNAME);
    let filled = filled.fill("api_password", API_PASSWORD);
    let (one, other) = join(filled.submit(&browser), filled.submit(&browser)).await;
    one.assert_leads_to(INDEX);
    other.assert_leads_to(INDEX);
    assert_eq!(told(&browser, &filled.submit(&browser).await).await.unwrap(), IS_SAVED);
    assert_eq!(acts(&app).await, ["api_credentials_saved accepted"]);
}

#[actix_web::test]
async fn ten_wrong_passwords_close_the_username_to_strangers_and_not_to_who_has_used_it() {
    let app = App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let (own, browser) = owner(&app).await;
    let friend =
        member(&app, &own, "friend@acme.example", Role::Member).await.with_header("x-forwarded-for", "203.0.113.7");
    told(&friend, &add(&friend, API_USERNAME, API_PASSWORD).await).await.unwrap();
    for _ in 0..10 {
        add(&browser, API_USERNAME, OLD_PASSWORD).await.assert_refused(&[("api_username", REFUSED)]);
    }
    add(&browser, &API_USERNAME.to_uppercase(), API_PASSWORD).await.assert_error_page(429, "Too many tries");
    assert_eq!(test(&friend).await.unwrap(), "The API credentials for 29ABCDE1234F1ZW work.");
    app.clock.advance(14 * 60);
    add(&browser, API_USERNAME, API_PASSWORD).await.assert_error_page(429, "Too many tries");
    app.clock.advance(60);
    add(&browser, API_USERNAME, API_PASSWORD).await.assert_leads_to(INDEX);
}

#[actix_web::test]
async fn wrong_passwords_sent_together_count_one_by_one() {
    let app = App::start().await;
    let (_, browser) = owner(&app).await;
    let wrong = form(&browser).await.fill("gstin", ACME.gstin).fill("api_username", API_USERNAME);
    let wrong = wrong.fill("api_password", OLD_PASSWORD);
    let answers = join_all((0..15).map(|_| wrong.submit(&browser))).await;
    let looked_at = answers.iter().filter(|answer| answer.status == 422).count();
    assert_eq!(looked_at, 10, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
}

#[actix_web::test]
async fn a_hash_of_older_parameters_is_made_anew_when_its_password_is_seen() {
    let app = App::start().await;
    let (_, browser) = owner(&app).await;
    let dear = Hasher::new(app.kit.keys.clone(), Cost::parse("m=16,t=1,p=1").unwrap(), &app.kit.settings.limits);
    let old = dear.unwrap().hash(Password::typed(API_PASSWORD).unwrap()).await.unwrap();
    let stored = old.clone();
    let set = app.kit.store.write(move |c| {
        let credential = credentials::find_by_gstin(c, ACME.gstin)?.unwrap();
        credentials::set_rehashed(c, &credential.id, &credential.password_hash, &stored)
    });
    set.await.unwrap();
    for _ in 0..2 {
        add(&browser, API_USERNAME, API_PASSWORD).await.assert_leads_to(INDEX);
    }
    let now = app.kit.store.read(|c| credentials::find_by_gstin(c, ACME.gstin)).await.unwrap().unwrap();
    assert!(now.password_hash != old && now.password_hash.contains("m=8,"));
}

/// The IRP has no time when every place for a password hash is taken; logins of others take them all.
#[actix_web::test]
async fn what_the_irp_has_no_time_to_test_is_saved_all_the_same() {
    let limits = "[limits]\nhash_at_once = 1\nhash_queue = 1\n";
    let app = App::start_from(limits, &[("ARGON2", "m=65536,t=3,p=1")]).await;
    let (own, browser) = owner(&app).await;
    let filled = form(&browser).await.fill("gstin", ACME.gstin).fill("api_username", API_USERNAME);
    let filled = filled.fill("api_password", API_PASSWORD);
    let other = app.browser();
    let login = other.get("/irp/login").await.form("Login").fill("username", ACME.gstin).fill("password", PASSWORD);
    let (login, body) = (&login, login.body());
    let crowd = || {
        join_all((0..6).map(|_| async {
            let other = other.clone_cookies();
            other.post_raw(&login.action, &body, FORM).await
        }))
    };
    // Which of them come first is chance.
    for _ in 0..10 {
        app.clock.advance(60);
        join(crowd(), async { filled.submit(&browser).await.assert_leads_to(INDEX) }).await;
        let notice = browser.get(INDEX).await.notice().unwrap();
        if notice == "Saved. We could not test them because the IRP did not answer." {
            assert_eq!(kept(&app, &own).await.unwrap().state, SAVED);
            return;
        }
        assert_eq!(notice, IS_SAVED);
        let removal = browser.get(&browser.get(INDEX).await.link("Remove")).await;
        told(&browser, &removal.form("Remove API credentials").submit(&browser).await).await.unwrap();
    }
    panic!("ten crowds left a place");
}

#[actix_web::test]
async fn what_was_typed_outlives_the_session_but_the_password() {
    let app = App::start().await;
    let (_, browser) = owner(&app).await;
    let filled = form(&browser).await.fill("gstin", ACME.gstin).fill("api_username", API_USERNAME);
    let filled = filled.fill("api_password", API_PASSWORD);
    app.clock.advance(15 * 60);
    let login = format!("/workspace/login?return={CLEARIRP}");
    filled.submit(&browser).await.assert_leads_to(&login);
    let page = browser.get(&login).await.form("Login").fill("username", "asha@acme.example").fill("password", PASSWORD);
    let form = go_on(&browser, &page.submit(&browser).await).await.form("Save and Submit");
    assert_eq!((form.value("gstin"), form.value("api_username")), (ACME.gstin.to_owned(), API_USERNAME.to_owned()));
    assert_eq!(form.value("api_password"), "");
}

// --- Replacing ----------------------------------------------------------------------------------

/// At the question, after a right pair was typed where another is saved.
async fn at_the_question(app: &App) -> (Workspace, Browser, Page) {
    let (own, browser) = owner(app).await;
    put_old(app, &own).await;
    let answer = add(&browser, API_USERNAME, API_PASSWORD).await;
    answer.assert_leads_to(REPLACE);
    let page = browser.follow(&answer).await;
    page.assert_shows("Replace saved API credentials?");
    (own, browser, page)
}

#[actix_web::test]
async fn others_saved_before_are_replaced_only_when_asked() {
    let app = App::start().await;
    let (own, browser, page) = at_the_question(&app).await;
    assert!(page.has(OLD_USERNAME) && page.has(API_USERNAME));
    assert!(!page.html.contains(API_PASSWORD) && !page.html.contains(OLD_PASSWORD));
    assert_eq!(kept(&app, &own).await.unwrap().api_username, OLD_USERNAME);
    let answer = page.form("Replace").submit(&browser).await;
    assert_eq!(told(&browser, &answer).await.unwrap(), IS_SAVED);
    let saved = kept(&app, &own).await.unwrap();
    assert_eq!(open(&app.kit.keys, &saved).unwrap().as_str(), API_PASSWORD);
    assert_eq!(status(&browser.get(INDEX).await), WORKS);
    browser.get(REPLACE).await.assert_leads_to(INDEX);
}

#[actix_web::test]
async fn the_old_ones_can_be_kept() {
    let app = App::start().await;
    let (own, browser, page) = at_the_question(&app).await;
    let answer = page.form("Keep the old ones").submit(&browser).await;
    let unchanged = "The saved API credentials for 29ABCDE1234F1ZW were not changed.";
    assert_eq!(told(&browser, &answer).await.unwrap(), unchanged);
    page.form("Replace").submit(&browser).await.assert_leads_to(INDEX);
    assert_eq!(kept(&app, &own).await.unwrap().api_username, OLD_USERNAME);
}

#[actix_web::test]
async fn a_question_answered_twice_replaces_once() {
    let app = App::start().await;
    let (_, browser, page) = at_the_question(&app).await;
    let replace = page.form("Replace");
    let (one, other) = join(replace.submit(&browser), replace.submit(&browser)).await;
    one.assert_leads_to(INDEX);
    other.assert_leads_to(INDEX);
    assert_eq!(told(&browser, &replace.submit(&browser).await).await.unwrap(), IS_SAVED);
    assert_eq!(acts(&app).await, ["api_credentials_replaced accepted"]);
}

#[actix_web::test]
async fn what_was_typed_waits_for_ten_minutes() {
    let app = App::start().await;
    let (own, browser, page) = at_the_question(&app).await;
    app.clock.advance(600);
    let answer = page.form("Replace").submit(&browser).await;
    answer.assert_leads_to(&format!("{CLEARIRP}?gstin={}", ACME.gstin));
    let page = browser.follow(&answer).await;
    assert!(page.notice().unwrap().starts_with("Nothing was saved for 29ABCDE1234F1ZW"));
    assert_eq!(kept(&app, &own).await.unwrap().api_username, OLD_USERNAME);
}

#[actix_web::test]
async fn what_was_typed_is_forgotten_at_the_next_page_when_nobody_has_answered() {
    let app = App::start().await;
    let (own, browser, _) = at_the_question(&app).await;
    let removal = format!("{INDEX}/{}/remove", ACME.gstin);
    for (at, address) in [CLEARIRP, &removal].into_iter().enumerate() {
        if at > 0 {
            add(&browser, API_USERNAME, API_PASSWORD).await.assert_leads_to(REPLACE);
        }
        app.clock.advance(599);
        browser.get(address).await;
        assert_eq!(browser.get(REPLACE).await.status, 200, "{address}");
        app.clock.advance(1);
        browser.get(address).await;
        // Were it kept, this would say that it is over.
        browser.get(REPLACE).await.assert_leads_to(INDEX);
    }
    assert_eq!(kept(&app, &own).await.unwrap().api_username, OLD_USERNAME);
}

#[actix_web::test]
async fn a_password_changed_while_the_question_waits_is_not_saved() {
    // In the same second, too.
    for seconds in [1, 0] {
        let app = App::start().await;
        let (own, browser, page) = at_the_question(&app).await;
        app.clock.advance(seconds);
        change_in_irp(&app).await;
        let answer = page.form("Replace").submit(&browser).await;
        answer.assert_leads_to(&format!("{CLEARIRP}?gstin={}", ACME.gstin));
        assert_eq!(kept(&app, &own).await.unwrap().api_username, OLD_USERNAME, "{seconds}");
    }
}

#[actix_web::test]
async fn somebody_else_having_saved_others_is_asked_again() {
    let app = App::start().await;
    let (own, browser, page) = at_the_question(&app).await;
    put(&app, &own, ACME.gstin, "acme_third_01", OLD_PASSWORD).await;
    let answer = page.form("Replace").submit(&browser).await;
    answer.assert_leads_to(REPLACE);
    let page = browser.follow(&answer).await;
    assert!(page.has("acme_third_01"), "{}", page.told());
    assert_eq!(told(&browser, &page.form("Replace").submit(&browser).await).await.unwrap(), IS_SAVED);
    assert_eq!(kept(&app, &own).await.unwrap().api_username, API_USERNAME);
}

// --- Testing ------------------------------------------------------------------------------------

#[actix_web::test]
async fn a_test_says_whether_they_work() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    put(&app, &own, ACME.gstin, API_USERNAME, API_PASSWORD).await;
    assert_eq!(status(&browser.get(INDEX).await), "Saved");
    assert_eq!(test(&browser).await.unwrap(), "The API credentials for 29ABCDE1234F1ZW work.");
    assert_eq!(status(&browser.get(INDEX).await), WORKS);
    put_old(&app, &own).await;
    assert_eq!(test(&browser).await.unwrap(), "The IRP did not accept the API credentials for 29ABCDE1234F1ZW.");
    let refused = "Not working: the IRP did not accept it on 21/11/2026 17:01";
    assert_eq!(status(&browser.get(INDEX).await), refused);
    let tests = acts(&app).await.into_iter().filter(|act| act.starts_with("api_credentials_tested"));
    assert_eq!(tests.collect::<Vec<_>>(), ["api_credentials_tested accepted", "api_credentials_tested refused"]);
}

#[actix_web::test]
async fn a_copy_says_when_the_api_password_was_changed() {
    let app = App::start().await;
    let (_, browser) = owner_with_saved(&app).await;
    app.clock.advance(60);
    change_in_irp(&app).await;
    let changed = "Not working: the API password was changed on 21/11/2026 17:02";
    assert_eq!(status(&browser.get(INDEX).await), changed);
    test(&browser).await.unwrap();
    assert_eq!(status(&browser.get(INDEX).await), changed);
}

/// Else anybody who saves junk for the GSTIN of others would hear when they change their API password.
#[actix_web::test]
async fn a_copy_that_was_never_right_does_not_hear_of_a_change() {
    let app = App::start().await;
    let (_, browser) = owner_with_saved(&app).await;
    let other = workspace(&app, "Patel Group").await;
    let stranger = member(&app, &other, "stranger@patel.example", Role::Owner).await;
    list(&app, &other, &[ACME.gstin]).await;
    put(&app, &other, ACME.gstin, "acme_junk_01", OLD_PASSWORD).await;
    for minute in ["17:02", "17:03"] {
        app.clock.advance(60);
        change_in_irp(&app).await;
        assert_eq!(status(&stranger.get(INDEX).await), "Saved");
        let changed = format!("Not working: the API password was changed on 21/11/2026 {minute}");
        assert_eq!(status(&browser.get(INDEX).await), changed);
    }
}

#[actix_web::test]
async fn a_sealed_password_does_not_open_in_another_row() {
    let app = App::start().await;
    let (own, browser) = owner_with_saved(&app).await;
    let other = workspace(&app, "Patel Group").await;
    let thief = member(&app, &other, "thief@patel.example", Role::Owner).await;
    list(&app, &other, &[ACME.gstin]).await;
    let moved = SavedCredential { workspace_id: other.id, ..kept(&app, &own).await.unwrap() };
    let moved = SavedCredential { id: "0".repeat(26), ..moved };
    app.kit.store.write(move |c| saved_credentials::upsert(c, &moved)).await.unwrap();
    let unreadable = "The saved API password for 29ABCDE1234F1ZW cannot be read any more. Enter it again.";
    assert_eq!(test(&thief).await.unwrap(), unreadable);
    // Nobody has looked at the pair: how it stands is not known to be another.
    assert_eq!(status(&thief.get(INDEX).await), WORKS);
    assert_eq!(status(&browser.get(INDEX).await), WORKS);
    assert_eq!(acts(&app).await, ["api_credentials_saved accepted", "api_credentials_tested unreadable"]);
}

// --- Removing, and other workspaces -------------------------------------------------------------

#[actix_web::test]
async fn removing_asks_once_and_removes_once() {
    let app = App::start().await;
    let (own, browser) = owner_with_saved(&app).await;
    let page = browser.get(&browser.get(INDEX).await.link("Remove")).await;
    page.assert_shows("Remove API credentials?");
    assert!(kept(&app, &own).await.is_some());
    let remove = page.form("Remove API credentials");
    remove.submit(&browser).await.assert_leads_to(INDEX);
    let removed = "The saved API credentials for 29ABCDE1234F1ZW are removed.";
    assert_eq!(told(&browser, &remove.submit(&browser).await).await.unwrap(), removed);
    assert!(kept(&app, &own).await.is_none());
    assert_eq!(acts(&app).await, ["api_credentials_saved accepted", "api_credentials_removed accepted"]);
}

#[actix_web::test]
async fn the_credentials_of_another_workspace_are_not_found() {
    let app = App::start().await;
    let (own, browser) = owner_with_saved(&app).await;
    let other = workspace(&app, "Patel Group").await;
    let stranger = member(&app, &other, "stranger@patel.example", Role::Owner).await;
    assert!(!stranger.get(INDEX).await.html.contains(ACME.gstin));
    stranger.get(&browser.get(INDEX).await.link("Remove")).await.assert_error_page(404, NOT_FOUND);
    // Forms whose tokens fit, from when the stranger's workspace had credentials of the same GSTIN.
    list(&app, &other, &[ACME.gstin]).await;
    put(&app, &other, ACME.gstin, OLD_USERNAME, OLD_PASSWORD).await;
    let page = stranger.get(INDEX).await;
    let test = page.form("Test these credentials");
    let removal = stranger.get(&page.link("Remove")).await.form("Remove API credentials");
    app.kit.store.write(move |c| workspace_gstins::delete(c, &other.id, ACME.gstin)).await.unwrap();
    for form in [test, removal] {
        let answer = stranger.post_raw(&form.action, &form.body(), FORM).await;
        answer.assert_error_page(404, NOT_FOUND);
    }
    let saved = kept(&app, &own).await.unwrap();
    assert_eq!((saved.api_username.as_str(), saved.state.as_str()), (API_USERNAME, WORKING));
}

// --- Two writes at once, as only PostgreSQL has them --------------------------------------------

/// What builds on a tested API password, and a change of that password, take turns.
#[cfg(feature = "postgres")]
#[actix_web::test]
#[expect(clippy::disallowed_methods, reason = "the test runner says where its PostgreSQL is")]
async fn postgres_lets_no_change_in_between_a_proof_and_what_builds_on_it() {
    let url = std::env::var("SANAD_TEST_POSTGRES_URL").expect("SANAD_TEST_POSTGRES_URL names a PostgreSQL");
    let store = sanad::store::Store::open(&sanad::store::Database::Postgres(url)).unwrap();
    let now = sanad::kernel::clock::Moment::from_seconds(1_795_261_260);
    let id = sanad::kernel::ids::random();
    let credential = credentials::Credential {
        id: id.clone(),
        gstin: ACME.gstin.to_owned(),
        api_username: id.clone(),
        canonical_username: id.clone(),
        password_hash: "first".to_owned(),
        status: credentials::ACTIVE.to_owned(),
        created_at: now.seconds(),
        changed_at: now.seconds(),
        last_used_at: None,
        last_used_address: None,
    };
    store.write(move |c| credentials::insert(c, &credential)).await.unwrap();
    let (held, changed) = (id.clone(), id.clone());
    let building = store.write(move |c| {
        assert!(credentials::hold_unchanged(c, &held, now.seconds())?);
        std::thread::sleep(Duration::from_millis(600));
        Ok(credentials::find_by_username(c, &held)?.unwrap().password_hash)
    });
    let change = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        store.write(move |c| credentials::set_password(c, &changed, "second", now)).await.unwrap();
    };
    let (seen, ()) = join(building, change).await;
    assert_eq!(seen.unwrap(), "first");
    // The same second: the proof of the first password is none of the second.
    let (holds, hash) = store
        .write(move |c| {
            let holds = credentials::hold_unchanged(c, &id, now.seconds())?;
            Ok((holds, credentials::find_by_username(c, &id)?.unwrap().password_hash))
        })
        .await
        .unwrap();
    assert!(!holds && hash == "second");
}

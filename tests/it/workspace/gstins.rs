//! B0b, GSTINs: the table, the form that adds one, and Remove.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use sanad::kernel::gstin::Gstin;
use sanad::kernel::ids;
use sanad::kernel::role::Role;
use sanad::store::saved_credentials::{self, SavedCredential};
use sanad::store::workspaces::Workspace;
use sanad::store::{events, workspace_gstins};

use crate::bad_input::refuses_all;
use crate::support::browser::FORM;
use crate::support::members::{make_all, member, workspace};
use crate::support::samples::*;
use crate::support::walk::{self, go_on};
use crate::support::walk_gst;
use crate::support::{App, Browser, FormFill, Page};

pub const GSTINS: &str = "/workspace/settings/gstins";
const FORBIDDEN: &str = "You do not have access to this page";
const NOT_FOUND: &str = "Page not found";

/// A workspace with its owner at a browser.
pub async fn owner(app: &App) -> (Workspace, Browser) {
    let own = workspace(app, "Acme Group").await;
    let browser = member(app, &own, "asha@acme.example", Role::Owner).await;
    (own, browser)
}

async fn open(browser: &Browser) -> Page {
    let page = browser.get(GSTINS).await;
    page.assert_shows("GSTINs");
    page
}

async fn add(browser: &Browser, gstin: &str) -> Page {
    open(browser).await.form("Add GSTIN").fill("gstin", gstin).submit(browser).await
}

/// Adds it and returns what the page says of that.
async fn told(browser: &Browser, answer: &Page) -> Option<String> {
    answer.assert_leads_to(GSTINS);
    go_on(browser, answer).await.notice()
}

/// Sends a form whose subject is gone, which no form on a page is.
pub async fn send(browser: &Browser, form: &FormFill) -> Page {
    browser.post_raw(&form.action, &form.body(), FORM).await
}

/// Sends a form but for its end, waits until the server has judged who sends it, and sends the rest after `meanwhile`;
/// returns the status.
pub async fn send_around(app: &App, browser: &Browser, form: &FormFill, meanwhile: impl Future<Output = ()>) -> u16 {
    let is_upload = form.action.ends_with("/import");
    let (body, kind) = if is_upload { form.parts() } else { (form.body(), FORM.to_owned()) };
    let host = app.url("").replace("http://", "");
    let cookies: Vec<String> = browser.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut connection = TcpStream::connect(&host).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: {kind}\r\nCookie: {}\r\nContent-Length: {}\r\n\r\n",
        form.action,
        cookies.join("; "),
        body.len()
    );
    let (begin, end) = body.split_at(body.len() - 5);
    connection.write_all(&[head.as_bytes(), begin].concat()).unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    meanwhile.await;
    connection.write_all(end).unwrap();
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer:?}"))
}

/// The rows of the table, without the buttons.
fn rows(page: &Page) -> Vec<Vec<String>> {
    let columns = page.all("thead th").len();
    page.all("tbody th, tbody td").chunks(columns).map(|row| row[..7].to_vec()).collect()
}

fn row_of(page: &Page, gstin: &str) -> Vec<String> {
    rows(page).into_iter().find(|row| row[0] == gstin).expect("the table has the GSTIN")
}

/// So many different GSTINs of Karnataka, in their order.
pub fn numbers(count: usize) -> Vec<String> {
    let number = |serial: usize| {
        let first = format!("29AAA{}{}{:04}A1Z", letter(serial / 260_000), letter(serial / 10_000), serial % 10_000);
        format!("{first}{}", Gstin::check_character(&first).unwrap())
    };
    (0..count).map(number).collect()
}

fn letter(position: usize) -> char {
    char::from(b'A' + u8::try_from(position % 26).unwrap())
}

/// Puts GSTINs into a workspace behind the pages.
pub async fn list_all(app: &App, own: &Workspace, gstins: Vec<String>) {
    let (id, now) = (own.id.clone(), app.clock.now());
    let listed = app
        .kit
        .store
        .write(move |c| gstins.iter().try_for_each(|gstin| workspace_gstins::insert(c, &id, gstin, now).map(|_| ())));
    listed.await.unwrap();
}

/// The GSTINs that a workspace lists.
pub async fn listed(app: &App, own: &Workspace) -> Vec<String> {
    let id = own.id.clone();
    app.kit.store.read(move |c| workspace_gstins::list(c, &id, 0, 100_000)).await.unwrap()
}

/// How often that was done to a GSTIN.
async fn events_of(app: &App, gstin: &'static str, action: &'static str) -> usize {
    let of = events::Filter { of: events::Of::Gstin(gstin.to_owned()), actions: vec![action], only_done: true };
    let events = app.kit.store.read(move |c| events::list(c, &of, 0, 100)).await.unwrap();
    events.len()
}

async fn save_credentials(app: &App, own: &Workspace, gstin: &str, state: &'static str) {
    let saved = SavedCredential {
        id: ids::random(),
        workspace_id: own.id.clone(),
        gstin: gstin.to_owned(),
        api_username: "acme_irp_01".to_owned(),
        sealed_password: "sealed".to_owned(),
        key_id: "k".to_owned(),
        state: state.to_owned(),
        tested_at: None,
        changed_at: app.clock.now().seconds(),
        stale_since: None,
    };
    app.kit.store.write(move |c| saved_credentials::upsert(c, &saved)).await.unwrap();
}

async fn has_credentials(app: &App, own: &Workspace, gstin: &'static str) -> bool {
    let id = own.id.clone();
    app.kit.store.read(move |c| saved_credentials::find(c, &id, gstin)).await.unwrap().is_some()
}

// --- The table ----------------------------------------------------------------------------------

#[actix_web::test]
async fn an_empty_workspace_says_what_to_do() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    assert!(open(&browser).await.has("No GSTIN in this workspace yet. Add the first one, or import many."));
    make_all(&app, &own, Role::Viewer).await;
    assert!(open(&browser).await.has("No GSTIN in this workspace yet. Ask the owner to add one."));
}

#[actix_web::test]
async fn the_table_tells_how_each_gstin_stands() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    let cancelled = "29ZABEC2121D1ZI";
    list_all(&app, &own, vec![ACME.gstin.to_owned(), cancelled.to_owned(), numbers(1).remove(0)]).await;
    let page = open(&browser).await;
    assert!(page.has("3 GSTINs"));
    let acme = [ACME.gstin, "ACME PRIVATE LIMITED", "Karnataka", "Yes", "No", "None", "Not known"];
    assert_eq!(row_of(&page, ACME.gstin), acme);
    assert_eq!(row_of(&page, cancelled)[3], "No");
    assert_eq!(row_of(&page, &numbers(1)[0])[1..4], ["Not known", "Karnataka", "No"]);

    walk::registered(&app).await;
    walk_gst::with_api_access(&app, "6h").await;
    for (state, words, access) in [
        ("saved", "Saved", "Not known"),
        ("working", "Working", "On until 21/11/2026 23:01"),
        ("not_working", "Not working", "Not known"),
    ] {
        save_credentials(&app, &own, ACME.gstin, state).await;
        let row = row_of(&open(&browser).await, ACME.gstin);
        assert_eq!(row[3..], ["Yes", "Yes", words, access]);
    }
}

#[actix_web::test]
async fn only_a_workspace_with_working_credentials_is_told_of_api_access() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    walk::registered(&app).await;
    walk_gst::with_api_access(&app, "6h").await;
    list_all(&app, &own, vec![ACME.gstin.to_owned()]).await;
    assert_eq!(row_of(&open(&browser).await, ACME.gstin)[6], "Not known");
    // The copy of another workspace is none of this one.
    let other = workspace(&app, "Patel").await;
    list_all(&app, &other, vec![ACME.gstin.to_owned()]).await;
    save_credentials(&app, &other, ACME.gstin, "working").await;
    assert_eq!(row_of(&open(&browser).await, ACME.gstin)[6], "Not known");
    save_credentials(&app, &own, ACME.gstin, "working").await;
    assert_eq!(row_of(&open(&browser).await, ACME.gstin)[6], "On until 21/11/2026 23:01");
    let now = app.clock.now();
    app.kit.store.write(move |c| saved_credentials::set_stale(c, ACME.gstin, None, now)).await.unwrap();
    assert_eq!(row_of(&open(&browser).await, ACME.gstin)[6], "Not known");
}

#[actix_web::test]
async fn fifty_gstins_stand_on_a_page_in_their_order() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    let all = numbers(101);
    list_all(&app, &own, all.iter().rev().cloned().collect()).await;
    let mut page = open(&browser).await;
    let mut seen: Vec<String> = rows(&page).into_iter().map(|row| row[0].clone()).collect();
    for number in [2, 3] {
        page = browser.get(&page.link("Next")).await;
        assert!(page.has(&format!("Page {number} of 3")));
        seen.extend(rows(&page).into_iter().map(|row| row[0].clone()));
    }
    assert_eq!(seen, all);
    assert_eq!(page.links("main nav a").len(), 1);
    assert_eq!(rows(&browser.get(&page.link("Previous")).await).len(), 50);
    for (wanted, shown) in [("99", 3), ("0", 1), ("-1", 1), ("x", 1), ("99999999999999999999", 1)] {
        let page = browser.get(&format!("{GSTINS}?page={wanted}")).await;
        assert!(page.has(&format!("Page {shown} of 3")), "{wanted}");
    }
}

#[actix_web::test]
async fn a_workspace_sees_its_own_gstins_only() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    let other = workspace(&app, "Patel").await;
    list_all(&app, &other, vec![PATEL.gstin.to_owned()]).await;
    list_all(&app, &own, vec![ACME.gstin.to_owned()]).await;
    assert_eq!(rows(&open(&browser).await).len(), 1);
    let removal = format!("{GSTINS}/{}/remove", PATEL.gstin);
    browser.get(&removal).await.assert_error_page(404, NOT_FOUND);
    let mut form = open(&browser).await.form("Remove");
    form.action = removal.clone();
    // The token belongs to another address, and the right one cannot be had.
    assert_eq!(form.submit(&browser).await.status, 403);
    assert_eq!(listed(&app, &other).await, [PATEL.gstin]);
}

#[actix_web::test]
async fn nobody_sees_it_without_signing_in() {
    let app = App::start().await;
    app.browser().get(GSTINS).await.assert_leads_to(&format!("/workspace/login?return={GSTINS}"));
}

// --- Adding -------------------------------------------------------------------------------------

#[actix_web::test]
async fn a_gstin_is_added_once_however_often_the_button_is_pressed() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    let form = open(&browser).await.form("Add GSTIN").fill("gstin", " 29abcde-1234f1zw ");
    for _ in 0..2 {
        let answer = form.submit(&browser).await;
        assert_eq!(told(&browser, &answer).await.unwrap(), "29ABCDE1234F1ZW was added.");
    }
    assert_eq!(listed(&app, &own).await, [ACME.gstin]);
    assert_eq!(events_of(&app, ACME.gstin, "workspace_gstin_added").await, 1);
}

#[actix_web::test]
async fn two_presses_at_once_add_once() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    let form = open(&browser).await.form("Add GSTIN").fill("gstin", ACME.gstin);
    let (one, other) = futures_util::join!(form.submit(&browser), form.submit(&browser));
    one.assert_leads_to(GSTINS);
    other.assert_leads_to(GSTINS);
    assert_eq!(listed(&app, &own).await, [ACME.gstin]);
    assert_eq!(events_of(&app, ACME.gstin, "workspace_gstin_added").await, 1);
}

#[actix_web::test]
async fn a_gstin_that_is_there_is_not_added_again() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    list_all(&app, &own, vec![ACME.gstin.to_owned()]).await;
    app.clock.advance(61);
    let answer = add(&browser, ACME.gstin).await;
    answer.assert_refused(&[("gstin", "This GSTIN is in this workspace already.")]);
    assert_eq!(answer.value("gstin").unwrap(), ACME.gstin);
}

#[actix_web::test]
async fn what_is_no_gstin_is_told_as_on_the_eligibility_page() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    for (typed, sentence) in [
        ("", "Enter your GSTIN"),
        ("29ABCDE1234F1Z", "GSTIN must be 15 characters. You entered 14."),
        ("29ABCDE12345F1Z", "GSTIN must be 2 numbers, a 10-character PAN, then 3 letters or numbers"),
        ("29ABCDE1234F1C7", "This kind of number cannot be registered for e-invoicing."),
        ("00ABCDE1234F1ZW", "GSTIN must start with a state code from 01 to 38, or 97 or 99"),
        ("29ABCDE1234F1ZX", "Check your GSTIN. The last character does not match the others."),
        ("29ABCDE1234F002", "GSTIN must be 2 numbers, a 10-character PAN, then 3 letters or numbers"),
    ] {
        let answer = add(&browser, typed).await;
        answer.assert_refused(&[("gstin", sentence)]);
        assert_eq!(answer.value("gstin").unwrap(), typed);
    }
    assert!(listed(&app, &own).await.is_empty());
}

#[actix_web::test]
async fn no_wrong_gstin_breaks_the_page() {
    let app = App::start().await;
    let (_, browser) = owner(&app).await;
    refuses_all(&browser, &open(&browser).await.form("Add GSTIN"), "gstin", None).await;
}

#[actix_web::test]
async fn a_test_number_of_the_register_is_admitted() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    told(&browser, &add(&browser, SANDBOX.gstin).await).await.unwrap();
    assert_eq!(listed(&app, &own).await, [SANDBOX.gstin]);
}

#[actix_web::test]
async fn a_full_workspace_takes_no_more() {
    let app = App::start_from("[limits]\nworkspace_gstins = 1\n", &[]).await;
    let (own, browser) = owner(&app).await;
    list_all(&app, &own, vec![PATEL.gstin.to_owned()]).await;
    let answer = add(&browser, ACME.gstin).await;
    answer.assert_refused(&[("gstin", "A workspace can hold 1 GSTINs. Remove one first.")]);
    assert_eq!(listed(&app, &own).await, [PATEL.gstin]);
}

// --- Removing -----------------------------------------------------------------------------------

#[actix_web::test]
async fn a_gstin_without_credentials_is_removed_at_once() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    list_all(&app, &own, vec![ACME.gstin.to_owned()]).await;
    let form = open(&browser).await.form("Remove");
    for _ in 0..2 {
        let answer = form.submit(&browser).await;
        assert_eq!(told(&browser, &answer).await.unwrap(), "29ABCDE1234F1ZW was removed from this workspace.");
    }
    assert!(listed(&app, &own).await.is_empty());
    assert_eq!(events_of(&app, ACME.gstin, "workspace_gstin_removed").await, 1);
    app.clock.advance(61);
    send(&browser, &form).await.assert_error_page(404, NOT_FOUND);
}

#[actix_web::test]
async fn saved_credentials_go_only_after_a_question() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    list_all(&app, &own, vec![ACME.gstin.to_owned()]).await;
    save_credentials(&app, &own, ACME.gstin, "working").await;
    let answer = open(&browser).await.form("Remove").submit(&browser).await;
    answer.assert_leads_to(&format!("{GSTINS}/{}/remove", ACME.gstin));
    let page = go_on(&browser, &answer).await;
    page.assert_shows("Remove 29ABCDE1234F1ZW?");
    assert!(page.has("The API credentials saved for it (1) go from this workspace too."));
    assert_eq!(page.link("Cancel"), GSTINS);
    assert!(has_credentials(&app, &own, ACME.gstin).await);
    let answer = page.form("Remove GSTIN and credentials").submit(&browser).await;
    told(&browser, &answer).await.unwrap();
    assert!(!has_credentials(&app, &own, ACME.gstin).await);
    assert!(listed(&app, &own).await.is_empty());
}

#[actix_web::test]
async fn a_gstin_of_another_workspace_is_not_removed() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    list_all(&app, &own, vec![ACME.gstin.to_owned()]).await;
    let form = open(&browser).await.form("Remove");
    let id = own.id.clone();
    app.kit.store.write(move |c| workspace_gstins::delete(c, &id, ACME.gstin)).await.unwrap();
    let other = workspace(&app, "Patel").await;
    list_all(&app, &other, vec![ACME.gstin.to_owned()]).await;
    send(&browser, &form).await.assert_error_page(404, NOT_FOUND);
    assert_eq!(listed(&app, &other).await, [ACME.gstin]);
}

#[actix_web::test]
async fn a_removal_pressed_twice_is_told_whatever_another_workspace_removes_meanwhile() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    let other = workspace(&app, "Patel").await;
    let stranger = member(&app, &other, "ravi@patel.example", Role::Owner).await;
    for workspace in [&own, &other] {
        list_all(&app, workspace, vec![ACME.gstin.to_owned()]).await;
    }
    let (form, theirs) = (open(&browser).await.form("Remove"), open(&stranger).await.form("Remove"));
    form.submit(&browser).await.assert_leads_to(GSTINS);
    theirs.submit(&stranger).await.assert_leads_to(GSTINS);
    form.submit(&browser).await.assert_leads_to(GSTINS);
    // Another GSTIN that is gone was not removed by this button.
    list_all(&app, &own, vec![PATEL.gstin.to_owned()]).await;
    let form = open(&browser).await.form("Remove");
    let id = own.id.clone();
    app.kit.store.write(move |c| workspace_gstins::delete(c, &id, PATEL.gstin)).await.unwrap();
    send(&browser, &form).await.assert_error_page(404, NOT_FOUND);
}

#[actix_web::test]
async fn an_address_that_holds_no_gstin_is_not_found() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    list_all(&app, &own, vec![ACME.gstin.to_owned()]).await;
    for what in ["29abcde1234f1zw", "x", "%00", "%FF", "29ABCDE1234F1ZW%20"] {
        browser.get(&format!("{GSTINS}/{what}/remove")).await.assert_error_page(404, NOT_FOUND);
    }
}

// --- Roles --------------------------------------------------------------------------------------

#[actix_web::test]
async fn a_viewer_sees_the_table_and_no_form() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    list_all(&app, &own, vec![ACME.gstin.to_owned()]).await;
    let (adding, removing) = (open(&browser).await.form("Add GSTIN"), open(&browser).await.form("Remove"));
    make_all(&app, &own, Role::Viewer).await;
    let page = open(&browser).await;
    assert_eq!(rows(&page).len(), 1);
    assert!(page.all("main form").is_empty() && page.links("main a").is_empty());
    adding.fill("gstin", PATEL.gstin).submit(&browser).await.assert_error_page(403, FORBIDDEN);
    removing.submit(&browser).await.assert_error_page(403, FORBIDDEN);
    browser.get(&format!("{GSTINS}/{}/remove", ACME.gstin)).await.assert_error_page(403, FORBIDDEN);
    assert_eq!(listed(&app, &own).await, [ACME.gstin]);
}

#[actix_web::test]
async fn a_right_lost_while_the_form_arrives_changes_nothing() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    list_all(&app, &own, vec![ACME.gstin.to_owned()]).await;
    let page = open(&browser).await;
    for form in [page.form("Add GSTIN").fill("gstin", PATEL.gstin), page.form("Remove")] {
        make_all(&app, &own, Role::Member).await;
        let status = send_around(&app, &browser, &form, make_all(&app, &own, Role::Viewer)).await;
        assert_eq!(status, 403, "{}", form.action);
    }
    assert_eq!(listed(&app, &own).await, [ACME.gstin]);
}

#[actix_web::test]
async fn a_member_adds_and_removes() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    make_all(&app, &own, Role::Member).await;
    told(&browser, &add(&browser, ACME.gstin).await).await.unwrap();
    told(&browser, &open(&browser).await.form("Remove").submit(&browser).await).await.unwrap();
    assert!(listed(&app, &own).await.is_empty());
}

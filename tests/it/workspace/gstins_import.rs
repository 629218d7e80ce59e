//! B0b, "Import many": the upload, the preview, the background run with its progress page, the result and its file.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use sanad::kernel::ids;
use sanad::kernel::role::Role;
use sanad::store::gstin_imports::{self, Import, PREVIEW, READING, RUNNING, Row};
use sanad::store::handoffs::{self, Handoff};
use sanad::store::workspaces::{self, Workspace};

use super::gstins::{GSTINS, list_all, listed, numbers, owner, send, send_around};
use crate::support::machine::{Machine, last_otp};
use crate::support::members::{make_all, member, sign_in, workspace};
use crate::support::samples::*;
use crate::support::walk::{create_account, go_on};
use crate::support::walk_workspace::ask_to_sign_up;
use crate::support::{App, Browser, FormFill, Page};

const IMPORT: &str = "/workspace/settings/gstins/import";
const FORBIDDEN: &str = "You do not have access to this page";
const NOT_FOUND: &str = "Page not found";
const OUT_OF_DATE: &str = "This form is out of date";
const MEGABYTE: usize = 1024 * 1024;
const EMAIL: &str = "asha@acme.example";

async fn open(browser: &Browser) -> FormFill {
    let page = browser.get(IMPORT).await;
    page.assert_shows("Import GSTINs");
    page.form("Upload")
}

async fn upload(browser: &Browser, file: &[u8]) -> Page {
    open(browser).await.forge("file", file).submit(browser).await
}

/// Uploads a file that must be accepted and returns its preview.
async fn preview(browser: &Browser, file: &[u8]) -> Page {
    let page = go_on(browser, &upload(browser, file).await).await;
    page.assert_shows("Check the import");
    page
}

/// Presses the button below the preview and waits until the import is done.
async fn import(browser: &Browser, preview: &Page, button: &str) -> Page {
    let answer = preview.form(button).submit(browser).await;
    answer.assert_leads_to(&preview.path);
    result(browser, &preview.path).await
}

/// Waits for the importer, which looks once a second.
async fn result(browser: &Browser, address: &str) -> Page {
    for _ in 0..600 {
        let page = browser.get(address).await;
        if page.h1() == "Import done" {
            return page;
        }
        page.assert_shows("Import under way");
        assert_eq!(page.link("Refresh"), address);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the import is never done");
}

fn details(page: &Page) -> Vec<String> {
    page.details().into_iter().map(|(term, value)| format!("{term}: {value}")).collect()
}

/// The refused rows that the page shows: line, what stood there, why.
fn refused(page: &Page) -> Vec<Vec<String>> {
    page.all("tbody td").chunks(3).map(<[String]>::to_vec).collect()
}

async fn csv(browser: &Browser, page: &Page) -> Vec<Vec<String>> {
    let file = browser.get(&page.link("Download the result as CSV")).await;
    assert_eq!(file.status, 200);
    assert!(file.header("content-disposition").contains("gstin-import.csv"));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(file.html.as_bytes());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn list(gstins: &[String]) -> Vec<u8> {
    format!("gstin\n{}\n", gstins.join("\n")).into_bytes()
}

// --- The whole walk -----------------------------------------------------------------------------

const MIXED: &str = "Name;GSTIN;City\r\n\
    Acme;29abcde1234f1zw;Bengaluru\r\n\
    \r\n\
    \"Patel; Sons\";24FGHIJ5678K1Z7;Surat\r\n\
    Twice;29ABCDE1234F1ZW;x\r\n\
    Test;29ABCDE1234F001;x\r\n\
    Formula;=1+1;x\r\n\
    Markup;<script>alert(1)</script>;x\r\n\
    Mistyped;33KLMNO9012P1ZX;x\r\n\
    Collector;29ABCDE1234F1C7;x\r\n\
    Short\r\n";

#[actix_web::test]
async fn good_rows_are_imported_and_the_others_are_told() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    list_all(&app, &own, vec![PATEL.gstin.to_owned()]).await;
    let page = preview(&browser, MIXED.as_bytes()).await;
    let expected = ["Rows in the file: 9", "Can be added: 2", "Already in this workspace: 1", "Refused: 6"];
    assert_eq!(details(&page), expected);
    let why = [
        ["5", "29ABCDE1234F1ZW", "This GSTIN stands further up in the file"],
        ["7", "=1+1", "GSTIN must be 15 characters. You entered 4."],
        ["8", "<script>alert(1)</script>", "GSTIN must be 15 characters. You entered 25."],
        ["9", "33KLMNO9012P1ZX", "Check your GSTIN. The last character does not match the others."],
        ["10", "29ABCDE1234F1C7", "This kind of number cannot be registered for e-invoicing."],
        ["11", "", "Enter your GSTIN"],
    ];
    assert_eq!(refused(&page), why);
    assert!(!page.html.contains("<script>alert"));
    assert_eq!(listed(&app, &own).await, [PATEL.gstin], "nothing is added before the button");

    let page = import(&browser, &page, "Import 2 GSTINs").await;
    assert_eq!(details(&page), ["Added: 2", "Already in this workspace: 1", "Refused: 6"]);
    assert_eq!(refused(&page), why);
    assert_eq!(listed(&app, &own).await, [PATEL.gstin, SANDBOX.gstin, ACME.gstin]);

    let rows = csv(&browser, &page).await;
    assert_eq!(rows[0], ["Line", "In the file", "GSTIN", "Result"]);
    assert_eq!(rows[1], ["2", "29abcde1234f1zw", ACME.gstin, "Added"]);
    assert_eq!(rows[2], ["4", PATEL.gstin, PATEL.gstin, "Already in this workspace"]);
    assert_eq!(rows[3], ["5", ACME.gstin, "", "This GSTIN stands further up in the file"]);
    assert_eq!(rows[5][1], "'=1+1", "no cell is a formula");
    assert_eq!(rows.len(), 10);
    let earlier = browser.get(IMPORT).await;
    assert_eq!(earlier.link("Import of 21/11/2026 17:01 IST"), page.path);
}

#[actix_web::test]
async fn ten_thousand_rows_are_imported() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    let all = numbers(10_000);
    let page = preview(&browser, &list(&all)).await;
    let page = import(&browser, &page, "Import 10000 GSTINs").await;
    assert_eq!(details(&page), ["Added: 10000", "Already in this workspace: 0", "Refused: 0"]);
    assert_eq!(listed(&app, &own).await, all);
    assert_eq!(csv(&browser, &page).await.len(), 10_001);
}

#[actix_web::test]
async fn the_first_hundred_refused_rows_are_shown() {
    let app = App::start().await;
    let (_, browser) = owner(&app).await;
    let page = preview(&browser, &b"x\n".repeat(101)).await;
    assert!(page.has("These are the first 100.") && page.has("Refused 101"));
    assert_eq!(refused(&page).len(), 100);
    assert_eq!(page.all("main button"), ["Cancel"], "there is nothing to import");
}

#[actix_web::test]
async fn a_workspace_that_gets_full_refuses_the_rest() {
    let app = App::start_from("[limits]\nworkspace_gstins = 3\n", &[]).await;
    let (own, browser) = owner(&app).await;
    let all = numbers(5);
    list_all(&app, &own, vec![all[4].clone()]).await;
    let page = preview(&browser, &list(&all)).await;
    assert!(page.has("Only 2 more GSTINs fit into this workspace. The rest will be refused."));
    let page = import(&browser, &page, "Import 4 GSTINs").await;
    assert_eq!(details(&page), ["Added: 2", "Already in this workspace: 1", "Refused: 2"]);
    assert_eq!(refused(&page)[1], ["5", all[3].as_str(), "This workspace holds as many GSTINs as it can"]);
    assert_eq!(listed(&app, &own).await, [&all[..2], &all[4..]].concat());
}

// --- Pressing twice, changing one's mind --------------------------------------------------------

#[actix_web::test]
async fn a_file_sent_twice_has_one_preview() {
    let app = App::start().await;
    let (_, browser) = owner(&app).await;
    let form = open(&browser).await.forge("file", ACME.gstin.as_bytes());
    let first = form.submit(&browser).await;
    first.assert_leads_to(&form.submit(&browser).await.location());
    assert_ne!(upload(&browser, PATEL.gstin.as_bytes()).await.location(), first.location());
}

#[actix_web::test]
async fn the_import_button_pressed_twice_imports_once() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    let page = preview(&browser, ACME.gstin.as_bytes()).await;
    let form = page.form("Import 1 GSTIN");
    form.submit(&browser).await.assert_leads_to(&page.path);
    form.submit(&browser).await.assert_leads_to(&page.path);
    let done = result(&browser, &page.path).await;
    form.submit(&browser).await.assert_leads_to(&page.path);
    assert_eq!(details(&done)[0], "Added: 1");
    assert_eq!(listed(&app, &own).await, [ACME.gstin]);
    page.form("Cancel").submit(&browser).await.assert_leads_to(&page.path);
    assert_eq!(browser.get(&page.path).await.h1(), "Import done");
}

/// Moves an import from one state into another behind the pages.
async fn set_state(app: &App, page: &Page, from: &'static str, to: &'static str) {
    let id = page.path.rsplit('/').next().unwrap().to_owned();
    let moved = app.kit.store.write(move |c| gstin_imports::set_state(c, &id, from, to)).await.unwrap();
    assert!(moved);
}

#[actix_web::test]
async fn a_file_whose_reading_was_cut_off_is_read_anew_when_it_comes_again() {
    let app = App::start().await;
    let (_, browser) = owner(&app).await;
    let form = open(&browser).await.forge("file", ACME.gstin.as_bytes());
    let first = go_on(&browser, &form.submit(&browser).await).await;
    set_state(&app, &first, PREVIEW, READING).await;
    // It may still be under way: the button was pressed twice.
    app.clock.advance(10);
    form.submit(&browser).await.assert_leads_to(&first.path);
    app.clock.advance(1);
    let again = go_on(&browser, &form.submit(&browser).await).await;
    again.assert_shows("Check the import");
    assert_ne!(again.path, first.path);
    assert_eq!(details(&again)[0], "Rows in the file: 1");
    browser.get(&first.path).await.assert_error_page(404, NOT_FOUND);
}

#[actix_web::test]
async fn a_reading_that_was_cut_off_is_told_after_a_minute() {
    let app = App::start().await;
    let (_, browser) = owner(&app).await;
    let page = preview(&browser, ACME.gstin.as_bytes()).await;
    set_state(&app, &page, PREVIEW, READING).await;
    app.clock.advance(60);
    let reading = browser.get(&page.path).await;
    reading.assert_shows("Import under way");
    assert!(reading.has("The file is being read."));
    app.clock.advance(1);
    let told = browser.get(&page.path).await;
    told.assert_shows("Import interrupted");
    assert!(told.has("Reading the file was interrupted. Nothing was added."));
    assert_eq!(told.link("Upload the file again"), IMPORT);
    assert!(!told.has("Refresh"));
}

#[actix_web::test]
async fn a_decision_that_does_not_fit_leads_to_the_import_as_it_stands() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    let page = preview(&browser, ACME.gstin.as_bytes()).await;
    set_state(&app, &page, PREVIEW, READING).await;
    for button in ["Import 1 GSTIN", "Cancel"] {
        send(&browser, &page.form(button)).await.assert_leads_to(&page.path);
        assert!(browser.get(&page.path).await.has("The file is being read."));
    }
    assert!(listed(&app, &own).await.is_empty());
}

#[actix_web::test]
async fn a_cancelled_import_adds_nothing() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    let page = preview(&browser, ACME.gstin.as_bytes()).await;
    for _ in 0..2 {
        let answer = page.form("Cancel").submit(&browser).await;
        answer.assert_leads_to(GSTINS);
        let told = go_on(&browser, &answer).await.notice().unwrap();
        assert_eq!(told, "The import was cancelled. Nothing was added.");
    }
    send(&browser, &page.form("Import 1 GSTIN")).await.assert_error_page(404, NOT_FOUND);
    browser.get(&page.path).await.assert_error_page(404, NOT_FOUND);
    assert!(listed(&app, &own).await.is_empty());
}

#[actix_web::test]
async fn one_import_runs_in_a_workspace_at_a_time() {
    let app = App::start().await;
    let (_, browser) = owner(&app).await;
    let long = preview(&browser, &list(&numbers(4_000))).await;
    let short = preview(&browser, ACME.gstin.as_bytes()).await;
    long.form("Import 4000 GSTINs").submit(&browser).await.assert_leads_to(&long.path);
    let answer = short.form("Import 1 GSTIN").submit(&browser).await;
    answer.assert_leads_to(&short.path);
    let page = go_on(&browser, &answer).await;
    page.assert_shows("Check the import");
    assert_eq!(page.notice().unwrap(), "Another import of this workspace is running. Start this one when it is done.");
    assert_eq!(browser.get(GSTINS).await.link("An import is running. See how far it is."), long.path);
    result(&browser, &long.path).await;
    import(&browser, &short, "Import 1 GSTIN").await;
}

// --- Going on after a stop, and coming to an end -------------------------------------------------

/// An import behind the pages, of these rows: GSTIN and outcome.
async fn put(app: &App, own: &Workspace, state: &str, rows: Vec<(String, Option<&'static str>)>) -> String {
    let import = Import {
        id: ids::random(),
        workspace_id: own.id.clone(),
        account_id: ids::random(),
        digest: String::new(),
        state: state.to_owned(),
        created_at: app.clock.now().seconds(),
        finished_at: None,
    };
    let id = import.id.clone();
    let rows: Vec<Row> = (1..)
        .zip(rows)
        .map(|(position, (gstin, outcome))| Row {
            import_id: id.clone(),
            position,
            typed: gstin.clone(),
            gstin: Some(gstin),
            outcome: outcome.map(str::to_owned),
        })
        .collect();
    let put = app.kit.store.write(move |c| {
        gstin_imports::insert(c, &import)?;
        gstin_imports::insert_rows(c, &rows)
    });
    put.await.unwrap();
    id
}

#[actix_web::test]
async fn an_import_goes_on_after_a_restart_where_it_stood() {
    let mut app = App::start().await;
    let (own, _) = owner(&app).await;
    let all = numbers(3_000);
    let page = {
        let browser = app.browser();
        sign_in(&browser, EMAIL).await;
        let page = preview(&browser, &list(&all)).await;
        page.form("Import 3000 GSTINs").submit(&browser).await.assert_leads_to(&page.path);
        page
    };
    while listed(&app, &own).await.is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    app.restart().await;
    let browser = app.browser();
    sign_in(&browser, EMAIL).await;
    let page = result(&browser, &page.path).await;
    assert_eq!(details(&page)[0], "Added: 3000");
    assert_eq!(listed(&app, &own).await, all);
}

/// How many rows the progress page says are done; `None` on another page.
fn done(page: &Page) -> Option<usize> {
    let text = page.all("#done").into_iter().next()?;
    text.split(' ').next()?.parse().ok()
}

#[actix_web::test]
async fn a_killed_server_has_imported_each_row_once_in_the_end() {
    let machine = Machine::new();
    let mut server = machine.serve();
    let mut browser = server.browser();
    let page = go_on(&browser, &ask_to_sign_up(&browser, "Asha Rao", EMAIL, "Acme Group").await).await;
    let form = page.form("Verify").fill("otp", &last_otp(&browser).await);
    let page = go_on(&browser, &form.submit(&browser).await).await;
    go_on(&browser, &create_account(&page, PASSWORD).submit(&browser).await).await;
    let address = {
        let page = preview(&browser, &list(&numbers(10_000))).await;
        page.form("Import 10000 GSTINs").submit(&browser).await.assert_leads_to(&page.path);
        page.path
    };
    let mut so_far = 0;
    for _ in 0..3 {
        while let Some(now) = done(&browser.get(&address).await) {
            if now > so_far {
                so_far = now;
                break;
            }
        }
        server.kill();
        server = machine.serve();
        browser = server.browser();
        sign_in(&browser, EMAIL).await;
    }
    assert!(so_far > 0);
    let page = result(&browser, &address).await;
    assert_eq!(details(&page), ["Added: 10000", "Already in this workspace: 0", "Refused: 0"]);
    assert!(browser.get(GSTINS).await.has("10000 GSTINs"));
}

#[actix_web::test]
async fn an_import_left_half_done_is_finished_by_the_next_server() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    list_all(&app, &own, vec![ACME.gstin.to_owned()]).await;
    let rows = vec![(ACME.gstin.to_owned(), Some("added")), (PATEL.gstin.to_owned(), None)];
    let id = put(&app, &own, RUNNING, rows).await;
    let page = result(&browser, &format!("{IMPORT}/{id}")).await;
    assert_eq!(details(&page), ["Added: 2", "Already in this workspace: 0", "Refused: 0"]);
}

#[actix_web::test]
async fn a_preview_that_nobody_decides_about_is_removed_after_a_day() {
    let mut app = App::start().await;
    let (own, _) = owner(&app).await;
    let old = put(&app, &own, PREVIEW, vec![(ACME.gstin.to_owned(), None)]).await;
    app.clock.advance(23 * 60 * 60);
    let young = put(&app, &own, PREVIEW, vec![(ACME.gstin.to_owned(), None)]).await;
    app.clock.advance(60 * 60 + 1);
    app.restart().await;
    let exists = async |id: &str| {
        let (own, id) = (own.id.clone(), id.to_owned());
        app.kit.store.read(move |c| gstin_imports::find(c, &own, &id)).await.unwrap().is_some()
    };
    while exists(&old).await {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(exists(&young).await);
}

#[actix_web::test]
async fn a_handoff_is_removed_a_day_after_its_end() {
    let mut app = App::start().await;
    let (own, _) = owner(&app).await;
    let id = own.id.clone();
    let people = app.kit.store.read(move |c| workspaces::list_members(c, &id)).await.unwrap();
    let put = async |app: &App, token_hash: &str| {
        let handoff = Handoff {
            token_hash: token_hash.to_owned(),
            workspace_id: own.id.clone(),
            account_id: people[0].account_id.clone(),
            session_id: ids::random(),
            gstin: ACME.gstin.to_owned(),
            purpose: handoffs::REGISTER.to_owned(),
            expires_at: app.clock.now().plus(60).seconds(),
            consumed_at: None,
            finished_at: None,
        };
        app.kit.store.write(move |c| handoffs::insert(c, &handoff)).await.unwrap();
    };
    put(&app, "old").await;
    app.clock.advance(2);
    put(&app, "young").await;
    app.clock.advance(24 * 60 * 60 + 59);
    app.restart().await;
    let exists =
        async |token_hash: &'static str| app.kit.store.read(move |c| handoffs::find(c, token_hash)).await.unwrap();
    for _ in 0..500 {
        if exists("old").await.is_none() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(exists("old").await.is_none());
    assert!(exists("young").await.is_some());
}

// --- Files that are none ------------------------------------------------------------------------

#[actix_web::test]
async fn a_file_that_cannot_be_imported_says_why_at_the_field() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    let png = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &[0xC3; 500]].concat();
    let inside = [b"gstin\n29ABCDE1234F1ZW\n".as_slice(), &png].concat();
    let utf_16: Vec<u8> = "\u{FEFF}gstin\n29ABCDE1234F1ZW\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let encoding = "The file must be UTF-8. Save it as \"CSV UTF-8\" and select it again.";
    let not_text = "This is not a CSV file. Save your list as CSV and select that file.";
    for (file, sentence) in [
        (b"".as_slice(), "Select a CSV file with at least one GSTIN"),
        (b"\r\n \r\n", "Select a CSV file with at least one GSTIN"),
        (b"gstin\r\n", "The file has a header and no rows below it"),
        (b"number,name\n29ABCDE1234F1ZW,x", "The first row must name a column gstin"),
        (
            b"gstin,name\n29ABCDE1234F1ZW,\"x\n24FGHIJ5678K1Z7,y",
            "The quote in line 2 is not closed. Correct it and select the file again.",
        ),
        (&utf_16, encoding),
        (b"gstin,name\n29ABCDE1234F1ZW,caf\xE9", encoding),
        (&png, not_text),
        (&inside, not_text),
        (&b"x\n".repeat(10_001), "The file has more than 10000 rows. Split it into several files."),
    ] {
        upload(&browser, file).await.assert_refused(&[("file", sentence)]);
    }
    assert!(listed(&app, &own).await.is_empty());
}

#[actix_web::test]
async fn two_megabytes_are_taken_and_a_byte_more_is_not() {
    let app = App::start().await;
    let (_, browser) = owner(&app).await;
    let mut file = format!("gstin,name\n29ABCDE1234F1ZW,{}", "x".repeat(2 * MEGABYTE)).into_bytes();
    file.truncate(2 * MEGABYTE);
    preview(&browser, &file).await;
    file.push(b'x');
    for size in [2 * MEGABYTE + 1, 10 * MEGABYTE] {
        file.resize(size, b'x');
        let answer = upload(&browser, &file).await;
        answer.assert_error_page(413, "The file is too big");
        assert!(answer.has("The limit is 2 MB."));
    }
}

// --- Requests that are none ---------------------------------------------------------------------

#[actix_web::test]
async fn only_uploads_of_our_own_page_are_read() {
    let app = App::start().await;
    let (_, browser) = owner(&app).await;
    let form = open(&browser).await.forge("file", ACME.gstin.as_bytes());
    let (body, kind) = form.parts();
    let text = String::from_utf8(body.clone()).unwrap();

    let untold = text.replace("name=\"csrf\"", "name=\"other\"");
    let forged = text.replace(&form.value("csrf"), "x.y.z");
    let late = form.clone().without("csrf").with("csrf", form.value("csrf").as_bytes()).parts().0;
    for body in [untold.into_bytes(), forged.into_bytes(), late] {
        browser.post_raw(IMPORT, &body, &kind).await.assert_error_page(403, OUT_OF_DATE);
    }
    let foreign = app.browser().with_form_header("sec-fetch-site", "cross-site");
    browser.cookies().iter().for_each(|(name, value)| foreign.set_cookie(name, value));
    foreign.post_raw(IMPORT, &body, &kind).await.assert_error_page(403, OUT_OF_DATE);

    let unread = "This is not a form we can read";
    let broken = &body[..body.len() / 2];
    for (body, kind) in [
        (&body[..], "application/x-www-form-urlencoded"),
        (&body[..], "text/csv"),
        (&body[..], "multipart/mixed; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW"),
        (&body[..], "multipart/form-data"),
        (&body[..], "multipart/form-data; boundary=other"),
        (broken, kind.as_str()),
        (b"", kind.as_str()),
    ] {
        browser.post_raw(IMPORT, body, kind).await.assert_error_page(415, unread);
    }
    // No file at all is a file that was not chosen.
    let none = form.without("file").parts().0;
    assert_eq!(browser.post_raw(IMPORT, &none, &kind).await.status, 422);
}

/// Sends the head of an upload and returns the connection.
fn begin(app: &App, browser: &Browser, kind: &str, length: &str) -> TcpStream {
    let host = app.url("").replace("http://", "");
    let cookies: Vec<String> = browser.cookies().iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut connection = TcpStream::connect(&host).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let cookies = cookies.join("; ");
    let head = format!(
        "POST {IMPORT} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {kind}\r\nCookie: {cookies}\r\n{length}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).unwrap();
    connection
}

fn answer(mut connection: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[actix_web::test]
async fn a_slow_upload_is_cut_off() {
    let app = App::start_from("[limits]\nupload_head_start = 1\n", &[]).await;
    let (_, browser) = owner(&app).await;
    let (body, kind) = open(&browser).await.forge("file", ACME.gstin.as_bytes()).parts();
    let mut connection = begin(&app, &browser, &kind, &format!("Content-Length: {}", body.len()));
    connection.write_all(&body[..body.len() - 20]).unwrap();
    let answer = answer(connection);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[actix_web::test]
async fn an_upload_of_unknown_length_is_cut_off_at_the_limit() {
    let app = App::start().await;
    let (_, browser) = owner(&app).await;
    let (body, kind) = open(&browser).await.forge("file", &vec![b'x'; 3 * MEGABYTE]).parts();
    let mut connection = begin(&app, &browser, &kind, "Transfer-Encoding: chunked");
    for chunk in body.chunks(64 * 1024) {
        let chunk = [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
        // The server may have answered and closed already.
        if connection.write_all(&chunk).is_err() {
            break;
        }
    }
    let answer = answer(connection);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[actix_web::test]
async fn a_workspace_uploads_so_many_files_an_hour() {
    let app = App::start_from("[limits]\nimports_per_hour = 2\n", &[]).await;
    let (_, browser) = owner(&app).await;
    for gstin in [ACME.gstin, PATEL.gstin] {
        preview(&browser, gstin.as_bytes()).await;
    }
    let answer = upload(&browser, KAVERI.gstin.as_bytes()).await;
    answer.assert_error_page(429, "Too many tries");
    assert!(answer.has("Try again after 18:01 IST."));
}

// --- Roles and other workspaces -----------------------------------------------------------------

#[actix_web::test]
async fn a_viewer_imports_nothing() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    let page = preview(&browser, ACME.gstin.as_bytes()).await;
    let (uploading, starting) = (open(&browser).await.forge("file", b"x"), page.form("Import 1 GSTIN"));
    make_all(&app, &own, Role::Viewer).await;
    uploading.submit(&browser).await.assert_error_page(403, FORBIDDEN);
    starting.submit(&browser).await.assert_error_page(403, FORBIDDEN);
    for address in [IMPORT, &page.path] {
        browser.get(address).await.assert_error_page(403, FORBIDDEN);
    }
    assert!(listed(&app, &own).await.is_empty());
}

#[actix_web::test]
async fn a_right_lost_while_the_request_arrives_imports_nothing() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    let page = preview(&browser, ACME.gstin.as_bytes()).await;
    let uploading = open(&browser).await.forge("file", PATEL.gstin.as_bytes());
    for form in [uploading, page.form("Import 1 GSTIN"), page.form("Cancel")] {
        make_all(&app, &own, Role::Member).await;
        let status = send_around(&app, &browser, &form, make_all(&app, &own, Role::Viewer)).await;
        assert_eq!(status, 403, "{}", form.action);
    }
    make_all(&app, &own, Role::Member).await;
    browser.get(&page.path).await.assert_shows("Check the import");
    assert!(listed(&app, &own).await.is_empty());
}

#[actix_web::test]
async fn an_import_of_another_workspace_is_not_found() {
    let app = App::start().await;
    let (own, browser) = owner(&app).await;
    let page = preview(&browser, ACME.gstin.as_bytes()).await;
    let other = workspace(&app, "Patel").await;
    let stranger = member(&app, &other, "ravi@patel.example", Role::Owner).await;
    let theirs = preview(&stranger, PATEL.gstin.as_bytes()).await;
    let done = put(&app, &own, gstin_imports::DONE, vec![(ACME.gstin.to_owned(), Some("added"))]).await;
    let foreign = [page.path.clone(), format!("{IMPORT}/{done}"), format!("{IMPORT}/{done}/result.csv")];
    let unknown = ["x", "%00", &ids::random()].map(|id| format!("{IMPORT}/{id}"));
    for address in foreign.iter().chain(&unknown) {
        stranger.get(address).await.assert_error_page(404, NOT_FOUND);
    }
    let mut form = theirs.form("Import 1 GSTIN");
    form.action = page.path;
    assert_eq!(form.submit(&stranger).await.status, 403, "the token belongs to another address");
    assert!(listed(&app, &own).await.is_empty());
}

#[actix_web::test]
async fn a_result_file_is_there_only_when_all_is_done() {
    let app = App::start().await;
    let (_, browser) = owner(&app).await;
    let page = preview(&browser, ACME.gstin.as_bytes()).await;
    browser.get(&format!("{}/result.csv", page.path)).await.assert_error_page(404, NOT_FOUND);
}

//! `sanad keys rotate`, beside a running server and without one: nobody is signed out, no open form and no OTP is lost,
//! and every saved password is sealed anew, also when the command is killed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Child;
use std::time::Duration;

use sanad::accounts::saved_credentials::{self as copies, Copied};
use sanad::kernel::clock::{Clock, Moment};
use sanad::kernel::portal::Portal;
use sanad::store::saved_credentials::{self, SAVED, SavedCredential};
use sanad::store::workspaces::{self, Workspace};
use sanad::store::{Database, Store, accounts, authenticators, workspace_gstins};
use sanad::vault::{KeyRing, Purpose};

use crate::support::machine::{Machine, Server, last_otp, register, register_to_otp, text};
use crate::support::samples::{ACME, PASSWORD};
use crate::support::walk::go_on;
use crate::support::walk_sign_in::{add_authenticator_at, log_in_at};
use crate::support::{Browser, Page};

const NOW: Moment = Moment::from_seconds(1_795_260_660);
const WORKSPACE: &str = "w1";

/// Runs `sanad keys rotate`, which must succeed, and returns what it told.
fn rotate(machine: &Machine, purposes: &[&str]) -> String {
    let output = machine.run(&[&["keys", "rotate"], purposes].concat(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// Runs `sanad keys rotate cred` with what it says on a pipe.
fn rotation(machine: &Machine) -> Child {
    machine.command(&["keys", "rotate", "cred"], &[]).spawn().unwrap()
}

/// The id of the new key, in what was told.
fn new_key(told: &str, purpose: &str) -> String {
    let line = told.lines().find_map(|line| line.strip_prefix(&format!("{purpose}: new key ")));
    line.unwrap_or_else(|| panic!("{told}")).to_owned()
}

fn key_file(machine: &Machine, purpose: &str) -> PathBuf {
    machine.data().join(format!("keys/{purpose}.key"))
}

/// The ids of the keys in a file, the newest last.
fn ids(machine: &Machine, purpose: &str) -> Vec<String> {
    let lines = fs::read_to_string(key_file(machine, purpose)).unwrap();
    lines.lines().map(|line| line.split_once(' ').unwrap().0.to_owned()).collect()
}

/// The key that a form's token is made with.
fn key_of_form(page: &Page) -> String {
    page.value("csrf").unwrap().split('.').nth(1).unwrap().to_owned()
}

/// Waits for what the running server does within a second.
async fn until(happened: impl AsyncFn() -> bool) {
    for _ in 0..150 {
        if happened().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the running server did not notice a key file that has changed");
}

/// Waits until the running server makes its forms with that key.
async fn until_used(browser: &Browser, key: &str) {
    until(async || key_of_form(&browser.get("/gst/login").await) == key).await;
}

async fn log_in(browser: &Browser) -> Page {
    let page = browser.get("/irp/login").await;
    page.form("Login").fill("username", ACME.gstin).fill("password", PASSWORD).submit(browser).await
}

async fn is_signed_in(browser: &Browser) -> bool {
    browser.get("/irp/account").await.status == 200
}

// ------------------------------------------------------------------------------------------ beside a running server

#[actix_web::test]
async fn an_otp_and_a_form_from_before_a_rotation_still_work_after_it() {
    let machine = Machine::new();
    let server = machine.serve();
    let browser = server.browser();
    let open_form = register_to_otp(&browser).await;
    let otp = last_otp(&browser).await;

    let told = rotate(&machine, &[]);
    let key = new_key(&told, "csrf");
    assert_ne!(key_of_form(&open_form), key);
    until_used(&server.browser(), &key).await;

    assert_eq!(last_otp(&browser).await, otp, "a message sealed before still opens");
    let page = go_on(&browser, &open_form.form("Verify").fill("otp", &otp).submit(&browser).await).await;
    page.assert_shows("Email address and phone number verified");
}

#[actix_web::test]
async fn nobody_is_signed_out_by_any_rotation_or_the_restart_after_it() {
    let machine = Machine::new();
    let server = machine.serve();
    let browser = server.browser();
    register(&browser).await.assert_shows("Account created");
    let open_form = browser.get("/irp/account/password").await;

    for purpose in ["session", "pepper", "otp", "csrf"] {
        rotate(&machine, &[purpose]);
    }
    until_used(&server.browser(), &ids(&machine, "csrf")[1]).await;
    assert!(is_signed_in(&browser).await);
    // A form of before: its answer is about what was typed, and not about the form.
    open_form.form("Change password").submit(&browser).await.assert_refused(&[
        ("current_password", "Enter your current password"),
        ("new_password", "Enter a password"),
        ("confirm_password", "Confirm the password"),
    ]);
    log_in(&server.browser()).await.assert_leads_to("/irp/api-credentials");

    let cookies = browser.cookies();
    server.kill();
    let server = machine.serve();
    let browser = server.browser();
    cookies.iter().for_each(|(name, value)| browser.set_cookie(name, value));
    assert!(is_signed_in(&browser).await);
}

/// A server that has noticed new session and csrf keys.
async fn with_rotated_sessions(machine: &Machine, server: &Server) {
    rotate(machine, &["session"]);
    let told = rotate(machine, &["csrf"]);
    until_used(&server.browser(), &new_key(&told, "csrf")).await;
}

#[actix_web::test]
async fn a_new_session_is_signed_with_the_new_key_at_once() {
    let machine = Machine::new();
    let server = machine.serve();
    let before = server.browser();
    register(&before).await.assert_shows("Account created");
    with_rotated_sessions(&machine, &server).await;
    let after = server.browser();
    log_in(&after).await.assert_leads_to("/irp/api-credentials");
    assert!(is_signed_in(&after).await && is_signed_in(&before).await);

    // Without the old key only what the new one has signed is left, at once and after a restart.
    let file = key_file(&machine, "session");
    let newest = fs::read_to_string(&file).unwrap().lines().last().unwrap().to_owned();
    fs::write(&file, newest).unwrap();
    until(async || !is_signed_in(&before).await).await;
    assert!(is_signed_in(&after).await);
    server.kill();
    let server = machine.serve();
    for (old, stays) in [(before, false), (after, true)] {
        let browser = server.browser();
        old.cookies().iter().for_each(|(name, value)| browser.set_cookie(name, value));
        assert_eq!(is_signed_in(&browser).await, stays);
    }
}

#[actix_web::test]
async fn a_forged_session_is_none_under_any_key() {
    let machine = Machine::new();
    let server = machine.serve();
    let browser = server.browser();
    register(&browser).await.assert_shows("Account created");
    with_rotated_sessions(&machine, &server).await;
    for (name, value) in browser.cookies() {
        let flipped = if value.starts_with('A') { "B" } else { "A" };
        browser.set_cookie(&name, &format!("{flipped}{}", &value[1..]));
    }
    assert!(!is_signed_in(&browser).await);
}

#[actix_web::test]
async fn a_password_gets_the_new_pepper_at_the_next_sign_in() {
    let machine = Machine::new();
    let server = machine.serve();
    register(&server.browser()).await.assert_shows("Account created");
    let key = new_key(&rotate(&machine, &["pepper"]), "pepper");
    let told = rotate(&machine, &["csrf"]);
    until_used(&server.browser(), &new_key(&told, "csrf")).await;
    log_in(&server.browser()).await.assert_leads_to("/irp/api-credentials");

    let find = |c: &mut _| accounts::find_by_username(c, Portal::Irp, ACME.gstin);
    let account = store(&machine).read(find).await.unwrap().unwrap();
    assert!(account.password_hash.starts_with(&format!("{key}:")));
    log_in(&server.browser()).await.assert_leads_to("/irp/api-credentials");
}

// -------------------------------------------------------------------------------------------------- what is sealed

/// The database of the machine, as another program sees it.
fn store(machine: &Machine) -> Store {
    Store::open(&Database::Sqlite(machine.data().join("sanad.db"))).unwrap()
}

fn ring(machine: &Machine) -> KeyRing {
    KeyRing::load(&machine.data().join("keys")).unwrap()
}

/// A machine with keys, and a workspace with that many saved passwords, sealed under the first key.
async fn with_copies(count: usize) -> (Machine, Store) {
    let machine = Machine::new();
    fs::create_dir(machine.data()).unwrap();
    KeyRing::generate_missing(&machine.data().join("keys")).unwrap();
    let (store, ring) = (store(&machine), ring(&machine));
    let workspace = Workspace { id: WORKSPACE.to_owned(), name: "Acme".to_owned(), created_at: NOW.seconds() };
    store.write(move |c| workspaces::insert(c, &workspace)).await.unwrap();
    let save = move |c: &mut _| {
        for number in 0..count {
            workspace_gstins::insert(c, WORKSPACE, &gstin(number), NOW)?;
            copies::save(c, &sealed(&ring, number, &password(number)))?;
        }
        Ok(())
    };
    store.write(save).await.unwrap();
    (machine, store)
}

fn gstin(number: usize) -> String {
    format!("29ABCDE{number:04}F1ZW")
}

fn password(number: usize) -> String {
    format!("Copied#{number:04}")
}

fn sealed(ring: &KeyRing, number: usize, api_password: &str) -> SavedCredential {
    let gstin = gstin(number);
    Copied { workspace_id: WORKSPACE, gstin: &gstin, api_username: "acme_irp_01", api_password }.seal(ring, SAVED, NOW)
}

async fn all(store: &Store) -> Vec<SavedCredential> {
    store.read(|c| saved_credentials::list(c, WORKSPACE)).await.unwrap()
}

/// How many passwords are sealed under another key than that.
async fn under_others_than(store: &Store, key_id: &str) -> usize {
    let key_id = key_id.to_owned();
    store.read(move |c| saved_credentials::list_under_other_keys(c, &key_id, "", 10_000)).await.unwrap().len()
}

/// A rotation of cred keys that has sealed the first rows anew and is not at its end.
async fn begun(machine: &Machine, store: &Store, old: &str) -> Child {
    let mut running = rotation(machine);
    while under_others_than(store, old).await == 0 {
        assert_eq!(running.try_wait().unwrap(), None, "it ended too soon");
    }
    running
}

/// Asserts that every password is what it was, under the newest key alone.
async fn assert_all_resealed(machine: &Machine, store: &Store, count: usize) {
    let (ring, rows) = (ring(machine), all(store).await);
    assert_eq!(rows.len(), count);
    for (number, row) in rows.iter().enumerate() {
        assert_eq!(copies::open(&ring, row).unwrap().as_str(), password(number));
        assert_eq!(row.key_id, ring.current_id(Purpose::Cred));
    }
    // What a row says of its key is true: without the old keys everything still opens.
    let file = key_file(machine, "cred");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.lines().last().unwrap()).unwrap();
    let newest = KeyRing::load(&machine.data().join("keys")).unwrap();
    assert!(rows.iter().all(|row| copies::open(&newest, row).is_ok()));
    fs::write(&file, text).unwrap();
}

#[actix_web::test]
async fn without_a_purpose_cred_otp_and_csrf_get_new_keys_and_every_row_is_sealed_anew() {
    let (machine, store) = with_copies(450).await;
    let told = rotate(&machine, &[]);
    for purpose in ["cred", "otp", "csrf"] {
        let ids = ids(&machine, purpose);
        assert_eq!(ids.len(), 2, "the old key stays");
        assert_eq!(ids[1], new_key(&told, purpose));
        assert_eq!(fs::metadata(key_file(&machine, purpose)).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!([ids(&machine, "session").len(), ids(&machine, "pepper").len()], [1, 1]);
    assert!(told.lines().any(|line| line == "450 rows re-sealed"), "{told}");
    assert_all_resealed(&machine, &store, 450).await;

    let told = rotate(&machine, &["cred"]);
    assert!(told.lines().any(|line| line == "450 rows re-sealed"), "{told}");
    assert_eq!(ids(&machine, "cred").len(), 3);
    assert_all_resealed(&machine, &store, 450).await;
}

#[actix_web::test]
async fn a_rotation_killed_in_the_middle_is_finished_by_the_next_one() {
    const ROWS: usize = 3_000;
    let (machine, store) = with_copies(ROWS).await;
    let old = ids(&machine, "cred").remove(0);
    let mut killed = begun(&machine, &store, &old).await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    let done = under_others_than(&store, &old).await;
    assert!(done < ROWS, "it was killed too late: {done}");
    let both = ring(&machine);
    assert!(all(&store).await.iter().all(|row| copies::open(&both, row).is_ok()));

    let told = rotate(&machine, &["cred"]);
    assert!(told.contains("was not finished and goes on"), "{told}");
    assert!(told.lines().any(|line| line == format!("{} rows re-sealed", ROWS - done)), "{told}");
    assert_eq!(ids(&machine, "cred").len(), 2, "it went on with the key there was");
    assert_all_resealed(&machine, &store, ROWS).await;
}

#[actix_web::test]
async fn what_is_saved_while_a_rotation_runs_is_kept() {
    let (machine, store) = with_copies(600).await;
    // A server that has not yet seen the new key: everything it saves is sealed under the old one.
    let late = ring(&machine);
    let running = begun(&machine, &store, &late.current_id(Purpose::Cred)).await;
    for number in (0..600).step_by(40) {
        let replaced = sealed(&late, number, &password(number));
        store.write(move |c| copies::save(c, &replaced)).await.unwrap();
    }
    let output = running.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_all_resealed(&machine, &store, 600).await;
}

#[actix_web::test]
async fn what_is_saved_under_an_old_key_later_is_left_to_the_next_rotation() {
    let (machine, store) = with_copies(2).await;
    let late = ring(&machine);
    rotate(&machine, &["cred"]);
    let saved = sealed(&late, 0, &password(0));
    store.write(move |c| copies::save(c, &saved)).await.unwrap();
    let told = rotate(&machine, &["cred"]);
    assert_eq!(ids(&machine, "cred")[2], new_key(&told, "cred"));
    assert_all_resealed(&machine, &store, 2).await;
}

#[actix_web::test]
async fn two_rotations_at_once_lose_no_key_and_no_row() {
    let (machine, store) = with_copies(600).await;
    let both = [rotation(&machine), rotation(&machine)];
    for running in both {
        let output = running.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        if let Some(id) = text(&output.stdout).lines().find_map(|line| line.strip_prefix("cred: new key ")) {
            assert!(ids(&machine, "cred").iter().any(|kept| kept == id), "{id}");
        }
    }
    assert_all_resealed(&machine, &store, 600).await;
}

#[actix_web::test]
async fn a_row_that_does_not_open_is_named_and_holds_up_no_other() {
    let (machine, store) = with_copies(3).await;
    let moved = all(&store).await.remove(1);
    // Another row's blob: as if somebody had moved it inside of the database.
    let other = all(&store).await.remove(2);
    let (was, blob) = (moved.clone(), other.sealed_password.clone());
    store.write(move |c| saved_credentials::set_resealed(c, &was, &blob, &was.key_id)).await.unwrap();

    for keys in [2, 3] {
        let output = machine.run(&["keys", "rotate", "cred"], &[]);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stdout).lines().any(|line| line == "2 rows re-sealed"), "{}", text(&output.stdout));
        let told = text(&output.stderr);
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.contains(&moved.id) && !told.contains("Copied#"), "{told}");
        assert_eq!(ids(&machine, "cred").len(), keys, "a broken row does not keep rotations from a new key");
    }
}

// ---------------------------------------------------------------------------------------------------- what is refused

#[test]
fn what_is_no_purpose_is_refused_and_changes_nothing() {
    let machine = Machine::new();
    let output = machine.run(&["keys", "rotate", "Cred"], &[]);
    assert_eq!(output.status.code(), Some(2));
    for purpose in ["otp", "csrf", "session", "pepper", "cred"] {
        assert!(text(&output.stderr).contains(purpose), "{}", text(&output.stderr));
    }
    assert!(!machine.data().exists());
}

#[test]
fn a_key_file_that_others_can_read_is_not_rotated() {
    let machine = Machine::new();
    KeyRing::generate_missing(&machine.data().join("keys")).unwrap();
    fs::set_permissions(key_file(&machine, "otp"), fs::Permissions::from_mode(0o644)).unwrap();
    let output = machine.run(&["keys", "rotate", "otp"], &[]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.contains("can be read by others"), "{told}");
    assert_eq!(ids(&machine, "otp").len(), 1);
}

#[actix_web::test]
async fn an_authenticator_is_sealed_anew_and_its_codes_go_on() {
    let machine = Machine::new();
    let server = machine.serve();
    let browser = server.browser();
    register(&browser).await;
    let (phone, _) = add_authenticator_at(&browser, "/irp").await;

    let told = rotate(&machine, &["cred"]);
    assert!(told.lines().any(|line| line == "1 rows re-sealed"), "{told}");
    let (store, key) =
        (Store::open(&Database::Sqlite(machine.data().join("sanad.db"))).unwrap(), new_key(&told, "cred"));
    let left = store.read(move |c| authenticators::list_under_other_keys(c, &key, "", 10)).await.unwrap();
    assert!(left.is_empty());
    let other = server.browser();
    let asked = go_on(&other, &log_in_at(&other, "/irp", ACME.gstin, PASSWORD).await).await;
    // The code of now was used up when the app was added.
    let form = asked.form("Continue").fill("code", &phone.code(Clock::system().now().plus(30)));
    form.submit(&other).await.assert_leads_to("/irp/api-credentials");
}

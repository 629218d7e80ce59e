//! From the workspace to the IRP with a purpose and back (B5, B6, A14): "Forgot API Password" and "Register now".

use sanad::store::saved_credentials::{self, NOT_WORKING, SavedCredential, WORKING};
use sanad::store::workspaces;

use crate::support::samples::{ACME, API_PASSWORD, PASSWORD, PATEL};
use crate::support::walk::{API_USERNAME, create_account, go_on, log_in, registered_as, with_credentials};
use crate::support::walk_workspace::{add_gstin, workspace_of};
use crate::support::{App, Browser, Page, Sample};

const CLEARIRP: &str = "/workspace/settings/api-credentials/clearirp";
const REGISTER: &str = "/workspace/settings/api-credentials/clearirp/register";
const API_CREDENTIALS: &str = "/workspace/settings/api-credentials";
const OWNER: &str = "owner@acme.example";
const OTHER_OWNER: &str = "owner@patel.example";
const NEW_API_PASSWORD: &str = "Quick-Train_Walks 84";

const OVER: &str = "That way from the workspace was used before or is over. Go back to the workspace and begin again.";

/// An owner whose workspace lists ACME.
async fn owner(app: &App) -> Browser {
    owner_as(app, OWNER, &ACME).await
}

async fn owner_as(app: &App, email: &str, who: &Sample) -> Browser {
    let browser = workspace_of(app, email).await;
    add_gstin(&browser, who.gstin).await;
    browser
}

/// The answer to "Forgot API Password" for ACME.
async fn forget(browser: &Browser) -> Page {
    let page = browser.get(&format!("{CLEARIRP}?gstin={}", ACME.gstin)).await;
    page.form("Forgot API Password").submit(browser).await
}

/// The copy of ACME's credentials in the workspace of that owner.
async fn copy_of(app: &App, email: &'static str) -> Option<SavedCredential> {
    let read = app.kit.store.read(move |c| {
        let portal = sanad::kernel::portal::Portal::Workspace;
        let account = sanad::store::accounts::find_by_username(c, portal, email)?.expect("the owner's account");
        let (workspace, _) = workspaces::list_of_account(c, &account.id)?.remove(0);
        saved_credentials::find(c, &workspace.id, ACME.gstin)
    });
    read.await.unwrap()
}

async fn password_in(app: &App, saved: &SavedCredential) -> String {
    sanad::accounts::saved_credentials::open(&app.kit.keys, saved).unwrap().to_string()
}

/// Where "Back to workspace" leads to; it stands above the page and at its end.
fn way_back(page: &Page) -> String {
    let links = page.links("body a");
    let back = links.into_iter().find(|(text, _)| text == "Back to workspace");
    back.unwrap_or_else(|| panic!("no way back: {}", page.told())).1
}

/// From the masked credentials over the OTP to "API password changed".
async fn change_api_password(app: &App, browser: &Browser) -> Page {
    let page = browser.get("/irp/api-credentials").await;
    let page = go_on(browser, &page.form("Change password").submit(browser).await).await;
    let otp = app.last_otp_for(ACME.email).await;
    let page = go_on(browser, &page.form("Continue").fill("otp", &otp).submit(browser).await).await;
    let form = page.form("Save and submit").fill("new_api_password", NEW_API_PASSWORD);
    let form = form.fill("confirm_api_password", NEW_API_PASSWORD);
    go_on(browser, &form.submit(browser).await).await
}

#[actix_web::test]
async fn a_forgotten_api_password_is_changed_in_the_irp_and_saved_in_the_workspace() {
    let app = App::start().await;
    with_credentials(&app).await;
    let browser = owner(&app).await;

    let answer = forget(&browser).await;
    assert!(answer.location().starts_with("/irp/login?handoff="), "{}", answer.told());
    let login = browser.follow(&browser.follow(&answer).await).await;
    login.assert_shows("Log in");
    let told =
        "Log in with your account password (not the API password) to change the API password for 29ABCDE1234F1ZW.";
    assert_eq!(login.notice().as_deref(), Some(told));
    assert_eq!(login.value("username").as_deref(), Some(ACME.gstin));
    assert_eq!(way_back(&login), API_CREDENTIALS);

    let page = go_on(&browser, &login.form("Login").fill("password", PASSWORD).submit(&browser).await).await;
    page.assert_shows("API credentials");
    assert_eq!(way_back(&page), API_CREDENTIALS);
    let saved = change_api_password(&app, &browser).await;
    saved.assert_shows("API password changed");
    assert_eq!(way_back(&saved), API_CREDENTIALS);

    let copy = copy_of(&app, OWNER).await.expect("saved in the workspace");
    assert_eq!((copy.api_username.as_str(), copy.state.as_str()), (API_USERNAME, WORKING));
    assert_eq!(password_in(&app, &copy).await, NEW_API_PASSWORD);
    let list = browser.get(API_CREDENTIALS).await;
    assert!(list.has(API_USERNAME) && list.has("Working"), "{}", list.text());
    assert!(!list.html.contains(NEW_API_PASSWORD));
}

#[actix_web::test]
async fn register_now_leads_through_the_whole_registration_and_back() {
    let app = App::start().await;
    let browser = owner(&app).await;
    let page = browser.get(REGISTER).await;
    let answer = page.form("Continue").fill("gstin", ACME.gstin).submit(&browser).await;
    assert!(answer.location().starts_with("/irp/register?handoff="), "{}", answer.told());

    let page = browser.follow(&browser.follow(&answer).await).await;
    page.assert_shows("Check your GSTIN details");
    assert_eq!(way_back(&page), API_CREDENTIALS);
    let page = go_on(&browser, &page.form("Confirm and Continue").submit(&browser).await).await;
    let form = page.form("Submit").fill("email", ACME.email).fill("phone", ACME.phone);
    let page = go_on(&browser, &form.submit(&browser).await).await;
    let otp = app.last_otp_for(ACME.email).await;
    let page = go_on(&browser, &page.form("Verify").fill("otp", &otp).submit(&browser).await).await;
    let page = browser.get(&page.link("Continue")).await;
    let page = go_on(&browser, &create_account(&page, PASSWORD).submit(&browser).await).await;
    page.assert_shows("Account created");
    assert_eq!(way_back(&page), API_CREDENTIALS, "on every page");

    let page = browser.get("/irp/api-credentials/new").await;
    let form = page.form("Save and submit").fill("api_username", API_USERNAME);
    let form = form.fill("api_password", API_PASSWORD).fill("confirm_api_password", API_PASSWORD);
    let saved = go_on(&browser, &form.submit(&browser).await).await;
    saved.assert_shows("API credentials created");
    assert!(saved.has("The credentials are created in the IRP and saved in the e-Invoicing workspace."));
    let copy = copy_of(&app, OWNER).await.expect("saved in the workspace");
    assert_eq!(password_in(&app, &copy).await, API_PASSWORD);
    assert_eq!(way_back(&saved), API_CREDENTIALS);
}

#[actix_web::test]
async fn a_handoff_works_once() {
    let app = App::start().await;
    with_credentials(&app).await;
    let browser = owner(&app).await;
    let address = forget(&browser).await.location();
    let again = browser.clone_cookies();
    browser.get(&address).await.assert_leads_to("/irp/login");
    let told = again.follow(&again.get(&address).await).await;
    assert_eq!(told.notice().as_deref(), Some(OVER));
    // Reloaded in the browser that has it, it goes on.
    browser.get(&address).await.assert_leads_to("/irp/login");
}

#[actix_web::test]
async fn a_handoff_works_in_no_other_browser_and_is_not_used_up_there() {
    let app = App::start().await;
    with_credentials(&app).await;
    let browser = owner(&app).await;
    let address = forget(&browser).await.location();
    let (stranger, other_owner) = (app.browser(), owner_as(&app, OTHER_OWNER, &ACME).await);
    for other in [&stranger, &other_owner] {
        let told = other.follow(&other.get(&address).await).await;
        assert_eq!(told.notice().as_deref(), Some(OVER));
        assert!(!told.html.contains("Back to workspace"));
    }
    log_in(&stranger, ACME.gstin, PASSWORD).await.assert_leads_to("/irp/api-credentials");
    change_api_password(&app, &stranger).await.assert_shows("API password changed");
    assert!(copy_of(&app, OWNER).await.is_none(), "nothing goes into a workspace that did not ask here");
    let page = browser.follow(&browser.get(&address).await).await;
    assert_eq!(way_back(&page), API_CREDENTIALS);
}

#[actix_web::test]
async fn a_handoff_ends_after_30_minutes() {
    let app = App::start().await;
    with_credentials(&app).await;
    let browser = owner(&app).await;
    let address = forget(&browser).await.location();
    app.clock.advance(30 * 60);
    let told = browser.follow(&browser.get(&address).await).await;
    assert_eq!(told.notice().as_deref(), Some(OVER));
}

#[actix_web::test]
async fn an_unknown_or_spoilt_token_is_told_like_a_used_one() {
    let app = App::start().await;
    let browser = app.browser();
    for token in ["", "x", "%00", "%ff", "../..", "01234567890123456789012345"] {
        for address in ["/irp/login", "/irp/register"] {
            let told = browser.follow(&browser.get(&format!("{address}?handoff={token}")).await).await;
            assert_eq!(told.notice().as_deref(), Some(OVER), "{token}");
        }
    }
}

#[actix_web::test]
async fn logging_in_as_another_gstin_is_told_and_saves_nothing() {
    let app = App::start().await;
    with_credentials(&app).await;
    registered_as(&app, &PATEL).await;
    let browser = owner(&app).await;
    let login = browser.follow(&browser.follow(&forget(&browser).await).await).await;
    let form = login.form("Login").fill("username", PATEL.gstin).fill("password", PASSWORD);
    let page = go_on(&browser, &form.submit(&browser).await).await;
    let told = "You logged in as another GSTIN. You came here to change 29ABCDE1234F1ZW.";
    assert_eq!(page.notice().as_deref(), Some(told));
    assert_eq!(way_back(&page), API_CREDENTIALS);
}

#[actix_web::test]
async fn a_copy_elsewhere_turns_to_not_working_and_is_never_changed() {
    let app = App::start().await;
    let irp = with_credentials(&app).await;
    let other = owner_as(&app, OTHER_OWNER, &ACME).await;
    let page = other.get(&format!("{CLEARIRP}?gstin={}", ACME.gstin)).await;
    let form = page.form("Save and Submit").fill("gstin", ACME.gstin);
    let form = form.fill("api_username", API_USERNAME).fill("api_password", API_PASSWORD);
    form.submit(&other).await.assert_leads_to(API_CREDENTIALS);
    app.clock.advance(61);

    change_api_password(&app, &irp).await.assert_shows("API password changed");
    let copy = copy_of(&app, OTHER_OWNER).await.expect("the copy is still there");
    assert_eq!(copy.state, NOT_WORKING);
    assert_eq!(password_in(&app, &copy).await, API_PASSWORD, "the old password");
    let list = other.get(API_CREDENTIALS).await;
    assert!(list.has("Not working: the API password was changed on 21/11/2026"), "{}", list.text());
}

#[actix_web::test]
async fn a_gstin_removed_meanwhile_is_created_in_the_irp_and_told() {
    let app = App::start().await;
    with_credentials(&app).await;
    let browser = owner(&app).await;
    let login = browser.follow(&browser.follow(&forget(&browser).await).await).await;
    go_on(&browser, &login.form("Login").fill("password", PASSWORD).submit(&browser).await).await;
    let second_tab = browser.clone_cookies();
    let list = second_tab.get("/workspace/settings/gstins").await;
    list.form("Remove").submit(&second_tab).await.assert_leads_to("/workspace/settings/gstins");

    let saved = change_api_password(&app, &browser).await;
    saved.assert_shows("API password changed");
    assert!(saved.has("we could not save them in the workspace. Add them under Settings > API credentials."));
    assert!(copy_of(&app, OWNER).await.is_none());
}

#[actix_web::test]
async fn only_a_gstin_of_the_workspace_can_be_handed_off() {
    let app = App::start().await;
    let browser = owner(&app).await;
    let page = browser.get(REGISTER).await;
    for gstin in ["", PATEL.gstin, "x"] {
        let answer = page.form("Continue").forge("gstin", gstin.as_bytes()).submit(&browser).await;
        answer.assert_refused(&[("gstin", "Select a GSTIN")]);
    }
}

#[actix_web::test]
async fn whoever_was_removed_from_the_workspace_meanwhile_brings_nothing_into_it() {
    let app = App::start().await;
    with_credentials(&app).await;
    let browser = owner(&app).await;
    let login = browser.follow(&browser.follow(&forget(&browser).await).await).await;
    go_on(&browser, &login.form("Login").fill("password", PASSWORD).submit(&browser).await).await;
    let removed = app.kit.store.write(|c| {
        let portal = sanad::kernel::portal::Portal::Workspace;
        let account = sanad::store::accounts::find_by_username(c, portal, OWNER)?.expect("the owner's account");
        let (workspace, _) = workspaces::list_of_account(c, &account.id)?.remove(0);
        workspaces::delete_member(c, &workspace.id, &account.id)?;
        Ok(workspace.id)
    });
    let workspace = removed.await.unwrap();
    let saved = change_api_password(&app, &browser).await;
    assert!(saved.has("we could not save them in the workspace."), "{}", saved.text());
    let copies = app.kit.store.read(move |c| saved_credentials::find(c, &workspace, ACME.gstin)).await.unwrap();
    assert!(copies.is_none());
}

#[actix_web::test]
async fn the_record_tells_which_workspace_got_the_credentials() {
    let app = App::start().await;
    with_credentials(&app).await;
    let browser = owner(&app).await;
    let login = browser.follow(&browser.follow(&forget(&browser).await).await).await;
    go_on(&browser, &login.form("Login").fill("password", PASSWORD).submit(&browser).await).await;
    change_api_password(&app, &browser).await.assert_shows("API password changed");
    let copy = copy_of(&app, OWNER).await.unwrap();
    let found = app.kit.store.read(|c| sanad::store::events::list_by_gstin(c, ACME.gstin)).await.unwrap();
    for action in ["handed_off", "api_credentials_saved"] {
        let event = found.iter().find(|event| event.action == action).expect(action);
        assert!(event.detail.contains(&copy.workspace_id), "{}", event.detail);
    }
    assert!(found.iter().all(|event| !format!("{event:?}").contains(NEW_API_PASSWORD)));
}

//! What the workspace keeps and never shows: the passwords of saved credentials, and what was typed in another workspace.

use std::fs;
use std::path::Path;

use crate::support::App;
use crate::support::samples::{ACME, API_PASSWORD, PASSWORD, PATEL};
use crate::support::walk::{API_USERNAME, with_credentials};
use crate::support::walk_workspace::{add_gstin, invited, log_in_at, workspace_named, workspace_of};

const CLEARIRP: &str = "/workspace/settings/api-credentials/clearirp";
const GSTINS: &str = "/workspace/settings/gstins";

/// Every file below the folder that holds the bytes.
fn files_with(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, bytes));
        } else if fs::read(&path).unwrap().windows(bytes.len()).any(|window| window == bytes) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[actix_web::test]
async fn a_saved_password_is_in_no_file_of_the_data_folder() {
    let app = App::start().await;
    with_credentials(&app).await;
    let browser = workspace_of(&app, "owner@acme.example").await;
    add_gstin(&browser, ACME.gstin).await;
    let page = browser.get(&format!("{CLEARIRP}?gstin={}", ACME.gstin)).await;
    let form = page.form("Save and Submit").fill("api_username", API_USERNAME);
    // Refused once, asked about once: neither may leave it anywhere.
    form.clone().fill("api_password", "Other-Ferry_Rides 31").submit(&browser).await;
    form.fill("api_password", API_PASSWORD)
        .submit(&browser)
        .await
        .assert_leads_to("/workspace/settings/api-credentials");

    let data = &app.kit.settings.data_dir;
    assert!(!files_with(data, API_USERNAME.as_bytes()).is_empty(), "the search finds what is there");
    for password in [API_PASSWORD, "Other-Ferry_Rides 31", PASSWORD] {
        assert_eq!(files_with(data, password.as_bytes()), [""; 0], "{password}");
    }
}

#[actix_web::test]
async fn what_was_typed_in_one_workspace_turns_up_in_no_other() {
    let app = App::start().await;
    let email = "vikram@patel.example";
    let own = workspace_named(&app, email, "Patel Stores").await;
    let acme = workspace_named(&app, "owner@acme.example", "Acme Stores").await;
    // Known already, so the invitation is accepted by the button.
    let link = invited(&app, &acme, email, "member").await;
    own.get(&link).await.form("Join").submit(&own).await;
    let page = own.get(GSTINS).await;
    assert!(page.has("Acme Stores"), "the header names the workspace: {}", page.text());

    let form = page.form("Add GSTIN").fill("gstin", PATEL.gstin);
    app.clock.advance(15 * 60);
    let login = form.submit(&own).await;
    let back = log_in_at(&own, &login.location(), email, PASSWORD).await;
    back.assert_leads_to(GSTINS);
    let page = own.follow(&back).await;
    assert_eq!(page.value("gstin").as_deref(), Some(PATEL.gstin));
    assert!(page.has("Acme Stores"), "back in the workspace where it was typed: {}", page.text());
}

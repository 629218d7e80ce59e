//! B0c, `/workspace/settings/people`: members, roles, open invitations; for owners.

use futures_util::future::join;
use sanad::kernel::portal::Portal;
use sanad::kernel::role::Role;
use sanad::store::accounts;
use sanad::store::workspaces::{self, Workspace};

use super::gstins::send_around;
use crate::support::browser::FORM;
use crate::support::samples::PASSWORD;
use crate::support::walk::go_on;
use crate::support::walk_workspace::{
    API_CREDENTIALS, NAME, PEOPLE, WORKSPACE, accept_as_newcomer, invitations_to, invite, invited, joined, link_in,
    log_in, workspace_named, workspace_of,
};
use crate::support::{App, Browser, Page};

const SETTINGS: &str = "/workspace/settings";
const OWNER: &str = "asha@stores.example";
const VIKRAM: &str = "vikram@stores.example";
const MEERA: &str = "meera@stores.example";
const FORBIDDEN: &str = "You do not have access to this page";
const NOT_FOUND: &str = "Page not found";
const ENDED: &str = "This invitation does not work";
const ONLY_OWNER: &str = "This is the only owner. Make somebody else an owner first.";

/// The page of somebody in the list of people.
async fn page_of(owner: &Browser, name: &str) -> Page {
    let list = owner.get(PEOPLE).await;
    owner.get(&list.link(name)).await
}

/// Changes the role of somebody, and returns the answer.
async fn change_role(owner: &Browser, name: &str, role: &str) -> Page {
    page_of(owner, name).await.form("Change role").fill("role", role).submit(owner).await
}

fn rows(page: &Page) -> Vec<String> {
    page.all("main tbody tr")
}

#[actix_web::test]
async fn the_page_lists_who_is_in_the_workspace_and_asks_whom_to_invite() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    joined(&app, &owner, VIKRAM, "viewer").await;
    let page = owner.get(PEOPLE).await;
    page.assert_shows("People");
    assert_eq!(page.all("main th"), ["Name", "Work email", "Role", "Joined"]);
    assert_eq!(
        rows(&page),
        ["Asha Rao (you) asha@stores.example Owner 21/11/2026", "Vikram Das vikram@stores.example Viewer 21/11/2026"]
    );
    let form = page.form("Invite");
    assert_eq!(form.offers("role"), ["owner", "member", "viewer"]);
    assert_eq!(form.value("role"), "", "nothing is chosen for the owner");
    assert!(!page.has("Open invitations"));
}

#[actix_web::test]
async fn an_invitation_goes_out_by_mail_and_stands_in_the_list_until_it_is_taken_back() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    let answer = invite(&owner, " Vikram@Stores.example ", "member").await;
    answer.assert_leads_to(PEOPLE);
    let page = owner.follow(&answer).await;
    let told = "We sent an invitation to vikram@stores.example. It works until 24/11/2026 17:01 IST.";
    assert_eq!(page.notice().unwrap(), told);
    assert!(page.has("vikram@stores.example: Member, until 24/11/2026 17:01 IST"));

    let mail = invitations_to(&app, VIKRAM).await.remove(0);
    let link = link_in(&mail);
    assert_eq!(mail.subject, "Asha Rao invited you to Acme Stores");
    assert!(mail.text.contains("Asha Rao (asha@stores.example) invited you to the workspace Acme Stores as: Member."));
    assert!(mail.text.contains("The link works once, until 24/11/2026 17:01 IST."));
    assert!(mail.text.contains(&app.url(&link)));

    let take_back = page.form("Take back");
    let answer = take_back.submit(&owner).await;
    answer.assert_leads_to(PEOPLE);
    let page = owner.follow(&answer).await;
    assert_eq!(page.notice().unwrap(), "The invitation was taken back. Its link works no more.");
    assert!(!page.has("Open invitations"));
    app.browser().get(&link).await.assert_error_page(404, ENDED);
    // The button pressed twice says the same.
    take_back.submit(&owner).await.assert_leads_to(PEOPLE);
    app.clock.advance(60);
    let page = owner.post_raw(&take_back.action, &take_back.body(), FORM).await;
    page.assert_error_page(404, NOT_FOUND);
}

#[actix_web::test]
async fn no_page_and_no_event_holds_the_token_of_an_invitation() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    let link = invited(&app, &owner, VIKRAM, "member").await;
    let token = link.rsplit('/').next().unwrap().to_owned();
    assert!(!owner.get(PEOPLE).await.html.contains(&token));
    accept_as_newcomer(&app.browser(), &link, NAME).await.assert_leads_to(API_CREDENTIALS);
    let hash = sanad::kernel::ids::digest(&token);
    let stored = app.kit.store.read(move |c| sanad::store::invitations::find_by_token_hash(c, &hash)).await;
    assert!(!format!("{:?}", stored.unwrap().unwrap()).contains(&token));
}

#[actix_web::test]
async fn whom_to_invite_as_what_must_be_told() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    let form = owner.get(PEOPLE).await.form("Invite");
    form.submit(&owner).await.assert_refused(&[("email", "Enter an email address"), ("role", "Choose a role")]);
    for role in ["Owner", "admin", "owner ", ""] {
        let page = form.clone().fill("email", VIKRAM).forge("role", role.as_bytes()).submit(&owner).await;
        page.assert_refused(&[("role", "Choose a role")]);
        assert_eq!(page.value("email").unwrap(), VIKRAM);
    }
    let page = invite(&owner, OWNER, "viewer").await;
    page.assert_refused(&[("email", "This person is in the workspace already")]);
    assert!(invitations_to(&app, VIKRAM).await.is_empty());
}

#[actix_web::test]
async fn an_invitation_pressed_twice_sends_one_mail() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    let form = owner.get(PEOPLE).await.form("Invite").fill("email", VIKRAM).fill("role", "member");
    let answers = join(form.submit(&owner), form.submit(&owner)).await;
    answers.0.assert_leads_to(PEOPLE);
    answers.1.assert_leads_to(PEOPLE);
    assert_eq!(invitations_to(&app, VIKRAM).await.len(), 1);
}

#[actix_web::test]
async fn an_invitation_sent_again_replaces_the_one_before() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    let old = invited(&app, &owner, VIKRAM, "owner").await;
    let new = invited(&app, &owner, VIKRAM, "viewer").await;
    assert_ne!(old, new);
    app.browser().get(&old).await.assert_error_page(404, ENDED);
    let page = app.browser().get(&new).await;
    page.assert_shows("You are invited");
    assert!(page.has("Viewer"));
    assert_eq!(owner.get(PEOPLE).await.all("main form button"), ["Invite", "Take back"]);
}

#[actix_web::test]
async fn a_workspace_sends_so_many_invitations_a_day() {
    let app = App::start_from("[limits]\ninvitations_per_day = 2", &[]).await;
    let owner = workspace_of(&app, OWNER).await;
    for email in [VIKRAM, MEERA] {
        invite(&owner, email, "member").await.assert_leads_to(PEOPLE);
    }
    invite(&owner, "third@stores.example", "member").await.assert_error_page(429, "Too many tries");
    assert!(invitations_to(&app, "third@stores.example").await.is_empty());
}

#[actix_web::test]
async fn only_owners_see_and_change_people() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    let person = page_of(&owner, NAME).await.path;
    for (email, role) in [(VIKRAM, "member"), (MEERA, "viewer")] {
        let browser = joined(&app, &owner, email, role).await;
        for path in [PEOPLE, person.as_str()] {
            browser.get(path).await.assert_error_page(403, FORBIDDEN);
        }
        let token = browser.get(SETTINGS).await.form("Sign out").value("csrf");
        let body = format!("email=x%40y.example&role=owner&csrf={token}").into_bytes();
        let remove = format!("{person}/remove");
        for path in [PEOPLE, person.as_str(), remove.as_str(), "/workspace/settings/people/take-back"] {
            let page = browser.post_raw(path, &body, FORM).await;
            assert_eq!(page.status, 403, "{}", page.told());
        }
    }
    assert!(invitations_to(&app, "x@y.example").await.is_empty());
    assert!(rows(&owner.get(PEOPLE).await)[0].contains("Owner"));
}

/// The workspace of somebody, and the id of their account.
async fn workspace_and_account(app: &App, email: &'static str) -> (Workspace, String) {
    let found = app.kit.store.read(move |c| {
        let account = accounts::find_by_username(c, Portal::Workspace, email)?.unwrap();
        Ok((workspaces::list_of_account(c, &account.id)?.remove(0).0, account.id))
    });
    found.await.unwrap()
}

#[actix_web::test]
async fn a_right_lost_while_the_form_arrives_changes_nothing() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    let vikram = joined(&app, &owner, VIKRAM, "owner").await;
    invite(&owner, MEERA, "member").await.assert_leads_to(PEOPLE);
    let page = vikram.get(PEOPLE).await;
    let asha = page_of(&vikram, NAME).await;
    let (workspace, account) = workspace_and_account(&app, VIKRAM).await;
    let make = async |role: Role| {
        let (id, account) = (workspace.id.clone(), account.clone());
        app.kit.store.write(move |c| workspaces::set_role(c, &id, &account, role)).await.unwrap();
    };
    for form in [
        page.form("Invite").fill("email", "back@door.example").fill("role", "owner"),
        page.form("Take back"),
        asha.form("Change role").fill("role", "viewer"),
        asha.form("Remove Asha Rao"),
    ] {
        make(Role::Owner).await;
        let status = send_around(&app, &vikram, &form, make(Role::Member)).await;
        assert_eq!(status, 403, "{}", form.action);
    }
    assert!(invitations_to(&app, "back@door.example").await.is_empty());
    let page = owner.get(PEOPLE).await;
    assert!(page.has("meera@stores.example: Member") && rows(&page)[0].contains("Owner"), "{}", page.told());
}

#[actix_web::test]
async fn an_owner_who_leaves_by_two_presses_at_once_has_left() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    let vikram = joined(&app, &owner, VIKRAM, "owner").await;
    let form = page_of(&vikram, "Vikram Das").await.form("Change role").fill("role", "viewer");
    let again = send_around(&app, &vikram, &form, async { form.submit(&vikram).await.assert_leads_to(SETTINGS) });
    assert_eq!(again.await, 303);
    assert!(rows(&owner.get(PEOPLE).await)[1].contains("Viewer"));
}

#[actix_web::test]
async fn only_owners_are_led_to_the_people() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    assert_eq!(owner.get(SETTINGS).await.link("People"), PEOPLE);
    for (email, role) in [(VIKRAM, "member"), (MEERA, "viewer")] {
        let page = joined(&app, &owner, email, role).await.get(SETTINGS).await;
        page.assert_shows("Settings");
        assert!(page.links("main a").iter().all(|(_, address)| address != PEOPLE), "{role}");
    }
}

#[actix_web::test]
async fn an_owner_gives_another_role_which_counts_at_the_next_request() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    let vikram = joined(&app, &owner, VIKRAM, "viewer").await;
    vikram.get(PEOPLE).await.assert_error_page(403, FORBIDDEN);
    let answer = change_role(&owner, "Vikram Das", "owner").await;
    answer.assert_leads_to(PEOPLE);
    assert_eq!(owner.follow(&answer).await.notice().unwrap(), "The role was changed.");
    vikram.get(PEOPLE).await.assert_shows("People");
    change_role(&owner, "Vikram Das", "member").await.assert_leads_to(PEOPLE);
    vikram.get(PEOPLE).await.assert_error_page(403, FORBIDDEN);
}

#[actix_web::test]
async fn a_role_that_is_none_is_refused() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    let form = page_of(&owner, NAME).await.form("Change role");
    for role in ["admin", ""] {
        form.clone().forge("role", role.as_bytes()).submit(&owner).await.assert_refused(&[("role", "Choose a role")]);
    }
}

#[actix_web::test]
async fn the_last_owner_can_neither_go_nor_change() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    joined(&app, &owner, VIKRAM, "member").await;
    let page = page_of(&owner, NAME).await;
    assert!(page.has(ONLY_OWNER));
    assert_eq!(page.all("main form button"), ["Change role"]);
    change_role(&owner, NAME, "viewer").await.assert_refused(&[("role", ONLY_OWNER)]);
    owner.get(PEOPLE).await.assert_shows("People");
}

#[actix_web::test]
async fn two_owners_who_remove_each_other_leave_one() {
    let app = App::start().await;
    let asha = workspace_of(&app, OWNER).await;
    let vikram = joined(&app, &asha, VIKRAM, "owner").await;
    let forms = (
        page_of(&asha, "Vikram Das").await.form("Remove Vikram Das"),
        page_of(&vikram, NAME).await.form("Remove Asha Rao"),
    );
    join(forms.0.submit(&asha), forms.1.submit(&vikram)).await;
    let left = [asha.get(PEOPLE).await.status, vikram.get(PEOPLE).await.status];
    assert!([[200, 303], [303, 200]].contains(&left), "{left:?}");
}

#[actix_web::test]
async fn an_owner_who_steps_down_is_led_out_of_the_list() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    joined(&app, &owner, VIKRAM, "owner").await;
    let answer = change_role(&owner, NAME, "viewer").await;
    answer.assert_leads_to(SETTINGS);
    owner.follow(&answer).await.assert_shows("Settings");
    owner.get(PEOPLE).await.assert_error_page(403, FORBIDDEN);
}

#[actix_web::test]
async fn somebody_removed_has_no_access_from_the_next_request_on() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    let vikram = joined(&app, &owner, VIKRAM, "member").await;
    vikram.get(SETTINGS).await.assert_shows("Settings");
    let form = page_of(&owner, "Vikram Das").await.form("Remove Vikram Das");
    let answers = join(form.submit(&owner), form.submit(&owner)).await;
    for answer in [&answers.0, &answers.1] {
        answer.assert_leads_to(PEOPLE);
    }
    let page = owner.follow(&answers.0).await;
    assert_eq!(page.notice().unwrap(), "The person was removed from the workspace.");
    assert_eq!(rows(&page).len(), 1);
    let answer = vikram.get(SETTINGS).await;
    answer.assert_leads_to("/workspace/account");
    let page = vikram.follow(&answer).await;
    let told = "You are in no workspace any more. Ask the owner of one to invite you.";
    assert_eq!(page.notice().unwrap(), told);
    page.form("Sign out");
    log_in(&app.browser(), VIKRAM, PASSWORD).await.assert_leads_to(API_CREDENTIALS);
    app.clock.advance(60);
    owner.post_raw(&form.action, &form.body(), FORM).await.assert_error_page(404, NOT_FOUND);
}

#[actix_web::test]
async fn somebody_removed_may_be_invited_again() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    let vikram = joined(&app, &owner, VIKRAM, "member").await;
    page_of(&owner, "Vikram Das").await.form("Remove Vikram Das").submit(&owner).await.assert_leads_to(PEOPLE);
    let link = invited(&app, &owner, VIKRAM, "viewer").await;
    vikram.get(&link).await.form("Join").submit(&vikram).await.assert_leads_to(API_CREDENTIALS);
    vikram.get(SETTINGS).await.assert_shows("Settings");
}

#[actix_web::test]
async fn invitations_of_an_owner_who_is_removed_end_too() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    let vikram = joined(&app, &owner, VIKRAM, "owner").await;
    let back_door = invited(&app, &vikram, "vikram@elsewhere.example", "owner").await;
    let kept = invited(&app, &owner, MEERA, "member").await;
    page_of(&owner, "Vikram Das").await.form("Remove Vikram Das").submit(&owner).await.assert_leads_to(PEOPLE);
    app.browser().get(&back_door).await.assert_error_page(404, ENDED);
    app.browser().get(&kept).await.assert_shows("You are invited");
}

#[actix_web::test]
async fn people_and_invitations_of_another_workspace_are_not_found() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    let vikram = joined(&app, &owner, VIKRAM, "member").await;
    let person = page_of(&owner, "Vikram Das").await;
    invite(&owner, MEERA, "member").await.assert_leads_to(PEOPLE);
    let invitation = owner.get(PEOPLE).await.form("Take back").value("invitation");

    let other = workspace_named(&app, "ravi@other.example", "Other Traders").await;
    invite(&other, "own@other.example", "member").await.assert_leads_to(PEOPLE);
    let page = other.get(PEOPLE).await;
    assert!(!page.html.contains("stores.example"));
    other.get(&person.path).await.assert_error_page(404, NOT_FOUND);
    other.get("/workspace/settings/people/nobody").await.assert_error_page(404, NOT_FOUND);
    let forged = page.form("Take back").forge("invitation", invitation.as_bytes());
    let body = forged.body();
    other.post_raw(&forged.action, &body, FORM).await.assert_error_page(404, NOT_FOUND);
    // Their own page, with a token for the other address: the form of a forger who knows both.
    let own = page_of(&other, NAME).await;
    let removes = own.form("Change role");
    let page = other.post_raw(&person.path, &removes.body(), FORM).await;
    assert!([403, 404].contains(&page.status), "{}", page.told());
    vikram.get(SETTINGS).await.assert_shows("Settings");
    assert!(owner.get(PEOPLE).await.has(MEERA));
}

#[actix_web::test]
async fn markup_in_names_is_text_in_the_list_and_in_mails() {
    let app = App::start().await;
    let owner = workspace_named(&app, OWNER, "<b>Acme</b> & Sons").await;
    let link = invited(&app, &owner, VIKRAM, "owner").await;
    let vikram = app.browser();
    accept_as_newcomer(&vikram, &link, "<i>Vikram</i> 'O\"Das").await.assert_leads_to(API_CREDENTIALS);
    let page = vikram.get(PEOPLE).await;
    assert!(page.has("<i>Vikram</i> 'O\"Das") && page.has("<b>Acme</b> & Sons"), "{}", page.told());
    invite(&vikram, MEERA, "viewer").await.assert_leads_to(PEOPLE);
    let mail = invitations_to(&app, MEERA).await.remove(0);
    assert_eq!(mail.subject, "<i>Vikram</i> 'O\"Das invited you to <b>Acme</b> & Sons");
}

#[actix_web::test]
async fn what_was_typed_survives_a_session_that_ended() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    let form = owner.get(PEOPLE).await.form("Invite").fill("email", VIKRAM).fill("role", "viewer");
    app.clock.advance(15 * 60);
    let answer = form.submit(&owner).await;
    answer.assert_leads_to(&format!("/workspace/login?return={PEOPLE}"));
    let login = owner.follow(&answer).await.form("Login").fill("username", OWNER).fill("password", PASSWORD);
    let page = go_on(&owner, &login.submit(&owner).await).await;
    assert_eq!(page.value("email").unwrap(), VIKRAM);
    assert_eq!(page.form("Invite").value("role"), "viewer");
    assert!(invitations_to(&app, VIKRAM).await.is_empty());
}

/// An owner of two workspaces, in the one that Asha has as well.
async fn owner_of_two(app: &App) -> (Browser, Browser) {
    let asha = workspace_of(app, OWNER).await;
    let vikram = workspace_named(app, VIKRAM, "Other Traders").await;
    app.clock.advance(1);
    let link = invited(app, &asha, VIKRAM, "owner").await;
    vikram.get(&link).await.form("Join").submit(&vikram).await.assert_leads_to(API_CREDENTIALS);
    (asha, vikram)
}

#[actix_web::test]
async fn a_form_of_one_workspace_does_nothing_in_another() {
    let app = App::start().await;
    let (_asha, vikram) = owner_of_two(&app).await;
    let open = vikram.get(PEOPLE).await.form("Invite").fill("email", MEERA).fill("role", "owner");
    let switch = vikram.get(SETTINGS).await.form("Switch to Other Traders");
    for _ in 0..2 {
        switch.submit(&vikram).await.assert_leads_to(API_CREDENTIALS);
    }
    open.submit(&vikram).await.assert_error_page(403, "This form is out of date");
    assert!(invitations_to(&app, MEERA).await.is_empty());
}

#[actix_web::test]
async fn whoever_leaves_one_of_two_workspaces_goes_on_in_the_other_and_leaves_that_not_as_well() {
    let app = App::start().await;
    let (_asha, vikram) = owner_of_two(&app).await;
    // Both are called alike; Asha came first.
    let (_, own_page) = vikram.get(PEOPLE).await.links("main tbody a").remove(1);
    let form = vikram.get(&own_page).await.form(&format!("Remove {NAME}"));
    for _ in 0..2 {
        form.submit(&vikram).await.assert_leads_to(SETTINGS);
    }
    let page = vikram.get(SETTINGS).await;
    assert!(page.has("Workspace: Other Traders"), "{}", page.told());
    assert_eq!(page.notice().unwrap(), "You are in that workspace no more. This is another one of yours.");
    vikram.get(PEOPLE).await.assert_shows("People");
}

#[actix_web::test]
async fn a_person_of_two_workspaces_has_in_each_the_role_of_each() {
    let app = App::start().await;
    let owner = workspace_of(&app, OWNER).await;
    let other = workspace_named(&app, VIKRAM, "Other Traders").await;
    app.clock.advance(1);
    let link = invited(&app, &owner, VIKRAM, "viewer").await;
    other.get(PEOPLE).await.assert_shows("People");
    other.get(&link).await.form("Join").submit(&other).await.assert_leads_to(API_CREDENTIALS);
    other.get(PEOPLE).await.assert_error_page(403, FORBIDDEN);
    let settings = other.get(SETTINGS).await;
    assert!(settings.has(WORKSPACE));
    settings.form("Switch to Other Traders").submit(&other).await.assert_leads_to(API_CREDENTIALS);
    other.get(PEOPLE).await.assert_shows("People");
    // A new session begins in the one joined first.
    let browser = app.browser();
    log_in(&browser, VIKRAM, PASSWORD).await.assert_leads_to(API_CREDENTIALS);
    browser.get(PEOPLE).await.assert_shows("People");
}

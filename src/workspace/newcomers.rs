//! People who get an account here: by signing up, or by the link of an invitation.

use crate::accounts::hashing::{Checked, Hasher};
use crate::kernel::contact::Email;
use crate::kernel::ids;
use crate::kernel::name::NameError;
use crate::kernel::password::Password;
use crate::kernel::portal::Portal;
use crate::store::accounts::Account;
use crate::web::error::PageError;
use crate::web::form::SAME_PRESS;
use crate::web::page::Visit;
use crate::words::Words;

/// The account of a person: its username is their email address.
pub fn account_of(visit: &Visit, name: &str, email: &Email, password_hash: String) -> Account {
    Account {
        id: ids::random(),
        portal: Portal::Workspace.as_str().to_owned(),
        username: email.as_str().to_owned(),
        gstin: None,
        password_hash,
        created_at: visit.now.seconds(),
        password_changed_at: visit.now.seconds(),
        last_sign_in_at: Some(visit.now.seconds()),
        last_sign_in_address: Some(visit.address.to_string()),
        frozen_at: None,
        name: Some(name.to_owned()),
    }
}

/// What is wrong with the name of a person, as a sentence.
pub fn name_message(w: Words, fault: NameError) -> String {
    match fault {
        NameError::Empty => w.workspace_name_empty(),
        NameError::TooLong => w.workspace_name_too_long(),
        NameError::Control => w.workspace_name_control(),
    }
    .to_owned()
}

/// What is wrong with the name of a workspace, as a sentence.
pub fn workspace_message(w: Words, fault: NameError) -> String {
    match fault {
        NameError::Empty => w.workspace_name_of_workspace_empty(),
        NameError::TooLong => w.workspace_name_of_workspace_too_long(),
        NameError::Control => w.workspace_name_of_workspace_control(),
    }
    .to_owned()
}

/// Whether `account`, made while this form was on its way, was made by the same form, pressed twice: moments ago and
/// with the password typed.
pub async fn is_same_press(visit: &Visit, hasher: &Hasher, account: &Account, typed: &str) -> Result<bool, PageError> {
    if visit.now.seconds() - account.created_at >= SAME_PRESS {
        return Ok(false);
    }
    let typed = Password::typed(typed);
    Ok(hasher.check(typed.as_ref(), Some(&account.password_hash)).await? != Checked::Wrong)
}

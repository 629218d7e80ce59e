//! The workspace: the API credentials of many GSTINs, kept for the billing product by the people of a company.
//!
//! Every query names the workspace of the session first; what belongs to another is not found.

pub mod api_credentials;
pub mod gstins;
pub mod invitation;
mod newcomers;
pub mod people;
pub mod settings;
pub mod sign_up;
pub mod start;

use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::kernel::portal::{self, Portal};
use crate::kernel::role::Role;
use crate::store::accounts::Account;
use crate::store::workspaces::{self, Workspace};
use crate::store::{self, Connection, StoreError};
use crate::web::error::PageError;
use crate::web::guard::SignedIn;
use crate::web::notice::Notice;
use crate::web::page::Visit;
use crate::web::paths;

/// What a page is for, and so which roles it is for.
pub trait Right: 'static {
    fn is_of(role: Role) -> bool;
}

/// Looking: everybody in the workspace.
pub struct ToSee;

impl Right for ToSee {
    fn is_of(_: Role) -> bool {
        true
    }
}

/// Adding and changing GSTINs and credentials.
pub struct ToChange;

impl Right for ToChange {
    fn is_of(role: Role) -> bool {
        role.may_change()
    }
}

/// Inviting people, changing their roles, removing them.
pub struct ToManagePeople;

impl Right for ToManagePeople {
    fn is_of(role: Role) -> bool {
        role.may_manage_people()
    }
}

/// Signed in to the workspace portal, and in the workspace of the session with a role that has the right `R`; judged
/// against the rows at this request.
pub struct Member<R> {
    pub account: Account,
    pub workspace: Workspace,
    pub role: Role,
    right: PhantomData<R>,
}

/// The right of a member inside of a transaction: it was judged before the form had arrived, and may be gone.
#[derive(Clone)]
pub struct Seat {
    workspace_id: String,
    account_id: String,
    is_of: fn(Role) -> bool,
}

impl Seat {
    /// First in every write about a workspace: makes those take turns, and undoes this one (403) when the person has
    /// lost the right to it.
    pub fn hold(&self, c: &mut Connection) -> store::Result<()> {
        workspaces::lock(c, &self.workspace_id)?;
        match workspaces::find_role(c, &self.workspace_id, &self.account_id)? {
            Some(role) if (self.is_of)(role) => Ok(()),
            _ => Err(StoreError::NoRight),
        }
    }
}

impl<R: Right> Member<R> {
    /// For the transaction of what the member does.
    pub fn seat(&self) -> Seat {
        let (workspace_id, account_id) = (self.workspace.id.clone(), self.account.id.clone());
        Seat { workspace_id, account_id, is_of: R::is_of }
    }
}

impl<R: Right> FromRequest for Member<R> {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let user = SignedIn::<portal::Workspace>::from_request(request, payload);
        let visit = Visit::of(request);
        Box::pin(async move {
            let (account, visit) = (user.await?.account, visit?);
            let (workspace, role) = current(&visit, &account.id).await?;
            visit.visitor.set_workspace_name(&workspace.name);
            match R::is_of(role) {
                true => Ok(Self { account, workspace, role, right: PhantomData }),
                false => Err(PageError::Forbidden),
            }
        })
    }
}

/// The workspace of the session and the person's role in it; at first the one joined first.
async fn current(visit: &Visit, account_id: &str) -> Result<(Workspace, Role), PageError> {
    let (id, chosen) = (account_id.to_owned(), visit.visitor.workspace());
    let mut all = visit.kit.store.read(move |c| workspaces::list_of_account(c, &id)).await?;
    let Some((first, _)) = all.first() else {
        // The page of the account is the one that is theirs still, with the button to sign out.
        visit.visitor.set_notice(&Notice::NoWorkspace);
        return Err(PageError::SeeOther(paths::shared(Portal::Workspace).account.to_owned()));
    };
    match all.iter().position(|(workspace, _)| Some(&workspace.id) == chosen.as_ref()) {
        Some(at) => Ok(all.swap_remove(at)),
        None => {
            visit.visitor.set_workspace(&first.id);
            if chosen.is_some() {
                // Removed from it meanwhile. What was meant for it must not happen in another.
                visit.visitor.set_notice(&Notice::AnotherWorkspace);
                return Err(PageError::SeeOther(paths::WORKSPACE_SETTINGS.to_owned()));
            }
            Ok(all.swap_remove(0))
        }
    }
}

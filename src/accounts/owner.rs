//! Whose account it is, for pages that answer alike whether there is one: nobody's has no names and no recipients.

use super::{Recipients, names_of_account};
use crate::kernel::portal::InPortal;
use crate::kernel::taxpayer::Taxpayer;
use crate::store::accounts::Account;
use crate::store::{accounts, taxpayers};
use crate::web::error::PageError;
use crate::web::page::Visit;

/// The account of a username, and what the register knows of its GSTIN.
pub(super) struct Owner {
    pub account: Option<Account>,
    taxpayer: Option<Taxpayer>,
}

impl Owner {
    /// Neither when there is no such account, or when it is frozen.
    pub async fn find<P: InPortal>(visit: &Visit, username: &str) -> Result<Self, PageError> {
        let username = username.to_owned();
        let found = visit.kit.store.read(move |c| {
            let account = accounts::find_by_username(c, P::PORTAL, &username)?;
            let gstin = account.as_ref().and_then(|account| account.gstin.clone()).unwrap_or_default();
            let taxpayer = taxpayers::find(c, &gstin)?;
            let account = account.filter(|account| account.frozen_at.is_none());
            Ok(Self { taxpayer: taxpayer.filter(|_| account.is_some()), account })
        });
        Ok(found.await?)
    }

    pub fn names(&self) -> Vec<&str> {
        let of_account = |account| names_of_account(account, self.taxpayer.as_ref());
        self.account.as_ref().map(of_account).unwrap_or_default()
    }

    pub fn recipients(&self) -> Recipients {
        let of_account = |account| Recipients::of(account, self.taxpayer.as_ref());
        self.account.as_ref().map(of_account).unwrap_or_default()
    }
}

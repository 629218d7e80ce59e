//! The GST portal: a file a screen.

pub mod api_access;
pub mod dashboard;
pub mod first_login;
pub mod forgot_username;
pub mod not_here;
pub mod notices;
pub mod profile;
pub mod start;

use crate::kernel::portal::Gst;
use crate::kernel::taxpayer::Taxpayer;
use crate::store::taxpayers;
use crate::web::error::PageError;
use crate::web::guard::SignedIn;
use crate::web::page::Visit;

/// What the register knows of the GSTIN now; `None` when a newer register has it no more.
async fn taxpayer_of(visit: &Visit, user: &SignedIn<Gst>) -> Result<Option<Taxpayer>, PageError> {
    let gstin = user.gstin().to_owned();
    Ok(visit.kit.store.read(move |c| taxpayers::find(c, &gstin)).await?)
}

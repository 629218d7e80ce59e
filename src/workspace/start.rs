//! `/workspace`: the API credentials, or the way to them.

use crate::kernel::portal::{Portal, Workspace};
use crate::web::guard::SignedOut;
use crate::web::page::{PageResult, see_other};
use crate::web::paths;

/// GET: on to the login page; whoever is signed in is on the way to the API credentials already.
pub async fn show(_guard: SignedOut<Workspace>) -> PageResult {
    Ok(see_other(paths::shared(Portal::Workspace).login))
}

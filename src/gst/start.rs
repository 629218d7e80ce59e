//! `/gst`: the dashboard, or the way to it.

use crate::kernel::portal::{Gst, Portal};
use crate::web::guard::SignedOut;
use crate::web::page::{PageResult, see_other};
use crate::web::paths;

/// GET: on to the login page; whoever is signed in is on the way to the dashboard already.
pub async fn show(_guard: SignedOut<Gst>) -> PageResult {
    Ok(see_other(paths::shared(Portal::Gst).login))
}

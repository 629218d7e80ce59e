//! `/gst/first-login/…`: a first-time password by mail, then a username and a password of one's own.

pub mod credentials;
pub mod index;

use crate::kernel::portal::Portal;
use crate::store::journeys::{Journey, Kind, Stage};
use crate::web::guard::Step;
use crate::web::paths;

/// A first-time password was asked for.
pub struct AtPassword;

impl Step for AtPassword {
    const KINDS: &'static [Kind] = &[Kind::FirstLogin];
    const STAGE: Stage = Stage::Otp;

    fn earlier(_: Portal, _: Option<&Journey>) -> &'static str {
        paths::GST_FIRST_LOGIN
    }
}

/// The first-time password was right.
pub struct AtCredentials;

impl Step for AtCredentials {
    const KINDS: &'static [Kind] = &[Kind::FirstLogin];
    const STAGE: Stage = Stage::Verified;

    fn earlier(_: Portal, _: Option<&Journey>) -> &'static str {
        paths::GST_FIRST_LOGIN
    }
}

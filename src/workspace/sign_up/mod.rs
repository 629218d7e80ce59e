//! `/workspace/sign-up/…`: a workspace of one's own, in three pages.
//!
//! An email address that has an account gets the same pages; only its mail says so, and no OTP opens the last one.

pub mod index;
pub mod otp;
pub mod password;

use serde::{Deserialize, Serialize};

use crate::kernel::portal::Portal;
use crate::store::journeys::{Journey, Kind, Stage};
use crate::web::error::PageError;
use crate::web::guard::Step;
use crate::web::paths;

/// An OTP was asked for.
pub struct AtOtp;

impl Step for AtOtp {
    const KINDS: &'static [Kind] = &[Kind::CreateWorkspace];
    const STAGE: Stage = Stage::Otp;

    fn earlier(_: Portal, _: Option<&Journey>) -> &'static str {
        paths::WORKSPACE_SIGN_UP
    }
}

/// The OTP was right.
pub struct AtPassword;

impl Step for AtPassword {
    const KINDS: &'static [Kind] = &[Kind::CreateWorkspace];
    const STAGE: Stage = Stage::Verified;

    fn earlier(_: Portal, journey: Option<&Journey>) -> &'static str {
        journey.map_or(paths::WORKSPACE_SIGN_UP, |_| paths::WORKSPACE_SIGN_UP_OTP)
    }
}

/// What the walk has collected besides the email address, which is its subject.
#[derive(Serialize, Deserialize)]
struct Names {
    name: String,
    workspace: String,
}

impl Names {
    fn of(journey: &Journey) -> Result<Self, PageError> {
        let text = journey.data.as_deref().unwrap_or_default();
        serde_json::from_str(text).map_err(|error| PageError::internal(format!("journeys.data: {error}")))
    }
}

//! `/irp/register/…`: from a GSTIN to an account, in the order of the steps.

pub mod contact;
pub mod details;
pub mod done;
pub mod eligibility;
pub mod not_eligible;
pub mod otp;
pub mod password;
pub mod verified;

use crate::kernel::portal::Portal;
use crate::kernel::taxpayer::Taxpayer;
use crate::store::journeys::{Journey, Kind, Stage};
use crate::store::taxpayers;
use crate::web::error::PageError;
use crate::web::guard::Step;
use crate::web::page::Visit;
use crate::web::paths;

/// The address of the first step of a registration that is not finished.
fn first_unfinished(journey: Option<&Journey>) -> &'static str {
    match journey.map(|journey| journey.stage) {
        None => paths::IRP_REGISTER,
        Some(Stage::Details) => paths::IRP_DETAILS,
        Some(Stage::Contact) => paths::IRP_CONTACT,
        Some(Stage::Otp) => paths::IRP_OTP,
        Some(Stage::Verified) => paths::IRP_PASSWORD,
        Some(Stage::Done | Stage::Spent) => paths::IRP_DONE,
    }
}

macro_rules! steps {
    ($($(#[doc = $doc:literal])+ $name:ident opens at $stage:ident;)+) => {$(
        $(#[doc = $doc])+
        pub struct $name;

        impl Step for $name {
            const KINDS: &'static [Kind] = &[Kind::Register];
            const STAGE: Stage = Stage::$stage;

            fn earlier(_: Portal, journey: Option<&Journey>) -> &'static str {
                first_unfinished(journey)
            }
        }
    )+};
}

steps! {
    /// The GSTIN is eligible.
    AtDetails opens at Details;
    /// The details were confirmed.
    AtContact opens at Contact;
    /// An OTP was sent.
    AtOtp opens at Otp;
    /// The OTP was right.
    AtPassword opens at Verified;
    /// The account is there.
    AtDone opens at Done;
}

/// What the register knows of the GSTIN of a registration. It was there at the first step; an import may have taken
/// it away since.
async fn taxpayer_of(visit: &Visit, journey: &Journey) -> Result<Taxpayer, PageError> {
    let gstin = journey.subject.clone();
    let found = visit.kit.store.read(move |c| taxpayers::find(c, &gstin)).await?;
    found.ok_or_else(|| PageError::SeeOther(paths::IRP_REGISTER.to_owned()))
}

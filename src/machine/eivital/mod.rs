//! `/eivital/…`: the sign-in protocol of the e-invoice system, versions 1.03 and 1.04, opened by IRP API credentials
//! (`domain.md` 4.1).

pub mod auth;
pub mod heartbeat;
pub mod master;
pub mod public_key;

use serde_json::Value;

use super::fault::Fault as AnyFault;
use crate::kernel::irp_code::IrpCode;

type Fault = AnyFault<IrpCode>;

/// The answer to a call that went well. `Status` is a number: clients compare it with one.
fn success(data: impl Into<Value>) -> Value {
    serde_json::json!({ "Status": 1, "Data": data.into(), "ErrorDetails": null, "InfoDtls": null })
}

/// The versions differ in a few fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    V1_03,
    V1_04,
}

impl Version {
    fn of_path(path: &str) -> Self {
        if path.starts_with("/eivital/v1.03/") { Self::V1_03 } else { Self::V1_04 }
    }
}

//! `/taxpayerapi/…`: the sign-in protocol of the GST system, opened by Manage API Access and an OTP (`domain.md` 4.2).

pub mod authenticate;
pub mod certificate;

//! The IRP: a GSTIN's way from eligibility to API credentials. One file a screen, named like its address.

pub mod api_credentials;
pub mod handoff;
pub mod register;
pub mod start;

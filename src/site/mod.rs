//! Pages of no portal.

pub mod csp_report;
pub mod error_codes;
pub mod home;
pub mod robots;
pub mod text;

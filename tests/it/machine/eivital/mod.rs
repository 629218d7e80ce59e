//! `/eivital`: the sign-in protocol of the e-invoice system.

mod auth;
mod codes;
mod ends;
mod master;
mod tolerances;

pub use ends::change_password;

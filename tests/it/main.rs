//! The whole portal over HTTP, as people use it: the real application on a free port, with a clock
//! that tests move and the cheapest password hash. A file per screen family.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what a test does not expect must fail loudly"
)]

mod support;

mod account;
mod anything;
mod api_credentials;
mod bad_input;
mod canary;
mod change_password;
mod csp_report;
mod evidence;
mod forgot_password;
mod gst;
mod guard;
mod help;
mod hostile;
mod keys;
mod last_resort;
mod machine;
mod mail;
mod networks;
mod otp;
mod program;
mod register;
mod reminders;
mod sameness;
mod session;
mod sign_in;
mod store;
mod system_pages;
mod wire;
mod workspace;

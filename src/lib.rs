//! Sanad: a self-hosted portal where a GST taxpayer gets, sees and changes the API credentials for e-invoicing.
//!
//! The rooms, from the inside out:

/// Screens that all portals share.
pub mod accounts;
/// The application, built once for `main` and for every test.
pub mod app;
/// The command line.
pub mod cli;
/// Demo mode.
pub mod demo;
/// The GST portal.
pub mod gst;
/// The IRP portal.
pub mod irp;
/// Pure rules: no IO, no framework.
pub mod kernel;
/// The doors for software.
pub mod machine;
/// Messages out.
pub mod notify;
/// The taxpayer register's file.
pub mod register;
/// Every address.
pub mod routes;
/// Settings with fixed names.
pub mod settings;
/// Pages of no portal.
pub mod site;
/// Everything that is kept; the only diesel.
pub mod store;
/// Logs.
pub mod telemetry;
/// The key ring: MAC, derive, seal and open.
pub mod vault;
/// The HTTP kit; knows no screen.
pub mod web;
/// Every word a person reads.
pub mod words;
/// The workspace portal.
pub mod workspace;

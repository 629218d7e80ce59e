//! The workspace portal: a file a screen.

mod account;
mod api_credentials;
mod gstins;
mod gstins_import;
mod handoffs;
mod invitation;
mod people;
mod secrets;
mod sign_up;

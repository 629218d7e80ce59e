//! The GST portal: a file a screen.

mod api_access;
mod bad_input;
mod budgets;
mod change_password;
mod dashboard;
mod first_login;
mod forgot_password;
mod forgot_username;
mod login;
mod not_here;
mod notices;
mod profile;
mod routes;
mod separate_accounts;

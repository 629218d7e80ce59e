//! Messages out: written as rows in the transaction that causes them, sent by workers. No request waits for a server.

pub mod demo;
mod email;
pub mod messages;
mod outbox;
mod sms;
mod worker;

pub use outbox::{Outbox, Prepared};
pub use worker::{TransportError, Workers};

//! What tests are written with: the application, a browser, the messages, and walks to a page.

pub mod app;
pub mod browser;
pub mod mailbox;
pub mod page;
pub mod samples;
pub mod walk;
pub mod walk_gst;

pub use app::App;
pub use browser::Browser;
pub use mailbox::Message;
pub use page::{FormFill, Page};
pub use samples::Sample;
pub use walk::Step;

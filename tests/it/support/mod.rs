//! What tests are written with: the application, a browser, the messages, and walks to a page.

pub mod app;
pub mod browser;
pub mod keys;
pub mod machine;
pub mod mailbox;
pub mod members;
pub mod page;
pub mod samples;
pub mod software;
pub mod walk;
pub mod walk_gst;
pub mod walk_sign_in;
pub mod walk_workspace;

pub use app::App;
pub use browser::Browser;
pub use mailbox::Message;
pub use page::{FormFill, Page};
pub use samples::Sample;
pub use software::Software;
pub use walk::Step;

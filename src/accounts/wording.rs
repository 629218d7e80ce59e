//! What a shared screen says where the documents of the portals differ: each portal keeps its own words
//! (`screens.md` 0, rule 2).

use crate::kernel::portal::Portal;
use crate::words::Words;

/// The words of one portal's sign-in and password screens.
#[derive(Clone, Copy)]
pub struct Wording {
    /// What the field `username` is called.
    pub username: &'static str,
    pub login_title: &'static str,
    pub login_button: &'static str,
    /// Its `type`: text or email.
    pub username_kind: &'static str,
    /// Below "Username"; empty for none.
    pub username_hint: &'static str,
    /// How a phone's keyboard begins a username: the value of `autocapitalize`.
    pub username_capitals: &'static str,
    /// Whether a bullet marks the fields that must be filled in, and a line above says so.
    pub marks_mandatory: bool,
    /// The link on the login page.
    pub forgot_password_link: &'static str,
    pub forgot_password_title: &'static str,
    pub forgot_password_text: &'static str,
    pub forgot_password_button: &'static str,
    pub new_password: &'static str,
    pub confirm_password: &'static str,
    pub reset_button: &'static str,
    pub change_password_title: &'static str,
    pub confirm_new_password: &'static str,
}

impl Wording {
    pub fn of(portal: Portal, w: Words) -> Self {
        match portal {
            Portal::Gst => Self {
                username: w.login_username(),
                username_kind: "text",
                login_title: w.gst_login_title(),
                login_button: w.gst_login_button(),
                username_hint: "",
                username_capitals: "none",
                marks_mandatory: true,
                forgot_password_link: w.gst_forgot_password_title(),
                forgot_password_title: w.gst_forgot_password_title(),
                forgot_password_text: w.gst_forgot_password_text(),
                forgot_password_button: w.gst_generate_otp(),
                new_password: w.change_password_new(),
                confirm_password: w.gst_password_confirm(),
                reset_button: w.gst_submit(),
                change_password_title: w.gst_change_password_title(),
                confirm_new_password: w.gst_password_confirm(),
            },
            Portal::Workspace => Self {
                username: w.workspace_login_email(),
                username_kind: "email",
                username_hint: "",
                username_capitals: "none",
                forgot_password_text: w.workspace_forgot_password_text(),
                ..Self::of(Portal::Irp, w)
            },
            Portal::Irp => Self {
                username: w.login_username(),
                username_kind: "text",
                login_title: w.login_title(),
                login_button: w.login_button(),
                username_hint: w.login_username_hint(),
                username_capitals: "characters",
                marks_mandatory: false,
                forgot_password_link: w.login_forgot(),
                forgot_password_title: w.forgot_title(),
                forgot_password_text: w.forgot_text(),
                forgot_password_button: w.ui_continue(),
                new_password: w.password_create(),
                confirm_password: w.password_confirm(),
                reset_button: w.forgot_new_button(),
                change_password_title: w.change_password_title(),
                confirm_new_password: w.change_password_confirm(),
            },
        }
    }
}

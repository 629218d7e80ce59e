//! What is said to people of a workspace (`screens.md` 2.6): M11 and M12.

use super::{Mail, Writer};
use crate::kernel::clock::Moment;

/// Who invites where and as what. Names and email address are text of strangers.
pub struct Invited<'a> {
    pub by: &'a str,
    pub by_email: &'a str,
    pub workspace: &'a str,
    pub role: &'static str,
    /// The path that accepts it, with its secret token.
    pub link: &'a str,
    pub until: Moment,
}

impl Writer<'_> {
    /// M11: an invitation into a workspace.
    pub fn invitation(&self, invited: &Invited<'_>) -> Mail {
        let (w, until) = (self.w, invited.until.ist_date_time());
        let subject = w.mail_invitation_subject().name(invited.by).workspace(invited.workspace).to_string();
        let text = w.mail_invitation_text().name(invited.by).email(invited.by_email).workspace(invited.workspace);
        let link = format!("{}{}", self.settings.base_url, invited.link);
        let paragraphs = [
            text.role(invited.role).to_string(),
            w.mail_invitation_accept().link(link).to_string(),
            w.mail_invitation_until().until(until).to_string(),
        ];
        self.letter("invitation", subject, &paragraphs, &[], &[w.mail_invitation_ignore().to_owned()])
    }

    /// M12: somebody wants to create a workspace with an email that has an account; instead of the OTP.
    pub fn already_an_account(&self, login: &str, forgot_password: &str) -> Mail {
        let (w, base) = (self.w, &self.settings.base_url);
        let paragraphs = [
            w.mail_known_text().to_owned(),
            w.mail_known_login().link(format!("{base}{login}")).to_string(),
            w.mail_known_forgot().link(format!("{base}{forgot_password}")).to_string(),
        ];
        let subject = w.mail_known_subject().to_owned();
        self.letter("known_account", subject, &paragraphs, &[], &[self.not_you()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn invited<'a>(by: &'a str, workspace: &'a str) -> Invited<'a> {
        let (link, until) = ("/workspace/invitation/abc", Moment::from_seconds(1_795_519_860));
        Invited { by, by_email: "asha@example.in", workspace, role: "Viewer", link, until }
    }

    fn settings() -> Settings {
        Settings::from_sources("", [("BASE_URL".to_owned(), "http://127.0.0.1:8080".to_owned())]).unwrap()
    }

    #[test]
    fn an_invitation_says_who_invites_where_as_what_and_until_when() {
        let mail = Writer::new(&settings()).invitation(&invited("Asha Rao", "Rao & Co"));
        assert_eq!(mail.subject, "Asha Rao invited you to Rao & Co");
        for told in ["Asha Rao (asha@example.in)", "Viewer", "24/11/2026 17:01 IST"] {
            assert!(mail.text.contains(told) && mail.html.contains(told), "{told}: {}", mail.text);
        }
        assert!(mail.text.contains("http://127.0.0.1:8080/workspace/invitation/abc"));
    }

    #[test]
    fn markup_in_names_is_text() {
        let mail = Writer::new(&settings()).invitation(&invited("<b>Asha</b>", "<a href=//evil.example>Win</a>"));
        assert!(!mail.html.contains("<b>Asha") && !mail.html.contains("<a href"), "{}", mail.html);
        assert!(mail.text.contains("<b>Asha</b>"));
    }
}

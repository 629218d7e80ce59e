//! What is said about signing in (`screens.md` 2.6, M6) and about the second factor.

use super::{Cause, Mail, Writer};
use crate::kernel::clock::Moment;
use crate::kernel::contact::{Email, Mobile};
use crate::kernel::portal::Portal;
use crate::kernel::taxpayer::Taxpayer;

impl Writer<'_> {
    /// M6: somebody has logged in from a browser that the account was not used in before. `account` is the GSTIN, or a
    /// person's email; `forgot_password` is the address of that page in the account's portal.
    pub fn new_device(&self, portal: Portal, account: &str, forgot_password: &str, cause: &Cause<'_>) -> Mail {
        let w = self.w;
        let text = w.mail_new_device_text().account(account).area(self.area(portal)).to_string();
        let link = format!("{}{forgot_password}", self.settings.base_url);
        let after = [w.mail_password_not_you().link(link).to_string(), self.not_you()];
        let paragraphs = [text, w.mail_new_device_own().to_owned()];
        self.letter("new_device", w.mail_new_device_subject().to_owned(), &paragraphs, &self.facts(cause), &after)
    }

    /// An authenticator app was added.
    pub fn authenticator_added(&self, portal: Portal, account: &str, cause: &Cause<'_>) -> Mail {
        let w = self.w;
        let text = w.mail_authenticator_added_text().account(account).area(self.area(portal)).to_string();
        let subject = w.mail_authenticator_added_subject().to_owned();
        let paragraphs = [text, w.mail_password_signed_out().to_owned()];
        self.letter("authenticator_added", subject, &paragraphs, &self.facts(cause), &[self.not_you()])
    }

    /// The authenticator app was removed.
    pub fn authenticator_removed(&self, portal: Portal, account: &str, cause: &Cause<'_>) -> Mail {
        let w = self.w;
        let text = w.mail_authenticator_removed_text().account(account).area(self.area(portal)).to_string();
        let subject = w.mail_authenticator_removed_subject().to_owned();
        let paragraphs = [text, w.mail_password_signed_out().to_owned()];
        self.letter("authenticator_removed", subject, &paragraphs, &self.facts(cause), &[self.not_you()])
    }

    /// A recovery code was used instead of the app.
    pub fn recovery_code_used(&self, portal: Portal, account: &str, cause: &Cause<'_>) -> Mail {
        let w = self.w;
        let text = w.mail_recovery_text().account(account).area(self.area(portal)).to_string();
        let subject = w.mail_recovery_subject().to_owned();
        self.letter("recovery_code_used", subject, &[text], &self.facts(cause), &[self.not_you()])
    }

    /// The register has other contacts for the GSTIN: said at the old and the new ones.
    pub fn contacts_changed(&self, gstin: &str, new: &Taxpayer, at: Moment) -> Mail {
        let w = self.w;
        let emails = new.emails.iter().map(Email::masked);
        let shown: Vec<String> = emails.chain(new.mobiles.iter().map(Mobile::masked)).collect();
        let text = w.mail_contacts_text().gstin(gstin).to_string();
        let facts = [
            (w.mail_fact_when(), format!("{} IST", at.ist_date_time())),
            (
                w.mail_contacts_now(),
                if shown.is_empty() { w.mail_contacts_none().to_owned() } else { shown.join(", ") },
            ),
        ];
        let paragraphs = [text, w.mail_contacts_signed_out().to_owned()];
        self.letter("contacts_changed", w.mail_contacts_subject().to_owned(), &paragraphs, &facts, &[self.not_you()])
    }

    fn area(&self, portal: Portal) -> &'static str {
        match portal {
            Portal::Irp => self.w.frame_area_irp(),
            Portal::Workspace => self.w.frame_area_workspace(),
            Portal::Gst => self.w.frame_area_gst(),
        }
    }
}

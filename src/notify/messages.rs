//! What the messages say (`screens.md` 2.5 and 2.6): M1 to M5 by mail and the OTPs by SMS here, those of Manage API
//! Access in `api_access`, those about signing in in `sign_in`.

mod api_access;
mod sign_in;
mod workspace;

use askama::Template;
use serde::{Deserialize, Serialize};

use crate::kernel::clock::{MINUTE, Moment};
use crate::kernel::gstin::Gstin;
use crate::kernel::portal::Portal;
use crate::settings::Settings;
use crate::store::journeys::Kind;
use crate::words::{Lang, Words};

pub use self::workspace::Invited;

/// A mail, rendered: a plain text part and an HTML part without images. The subject never holds an OTP.
#[derive(Clone)]
pub struct Mail {
    pub kind: &'static str,
    pub subject: String,
    pub text: String,
    pub html: String,
    pub attachment: Option<Attachment>,
}

/// A file that comes with a mail; plain text of some kind.
#[derive(Clone, Serialize, Deserialize)]
pub struct Attachment {
    pub name: String,
    /// With its parameters: `text/calendar; charset=utf-8`.
    pub content_type: String,
    pub text: String,
}

/// An SMS, rendered: GSM-7, 160 characters at most.
pub struct Sms {
    pub kind: &'static str,
    pub text: String,
}

/// Who did what a notice tells of, so that its reader can say "that was me".
pub struct Cause<'a> {
    pub at: Moment,
    pub address: &'a str,
    pub device: &'a str,
}

/// Words for one installation: its brand and public address.
pub struct Writer<'a> {
    w: Words,
    settings: &'a Settings,
}

#[derive(Template)]
#[template(path = "mail/letter.txt", whitespace = "preserve")]
struct TextPart<'a> {
    w: Words,
    settings: &'a Settings,
    paragraphs: &'a [String],
    facts: &'a [(&'static str, String)],
    after: &'a [String],
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct HtmlPart<'a> {
    w: Words,
    settings: &'a Settings,
    subject: &'a str,
    paragraphs: &'a [String],
    facts: &'a [(&'static str, String)],
    after: &'a [String],
}

impl<'a> Writer<'a> {
    pub fn new(settings: &'a Settings) -> Self {
        Self { w: Words::new(Lang::En), settings }
    }

    /// M1: an OTP by mail. People of a workspace have no GSTIN.
    pub fn otp_mail(&self, purpose: Kind, code: &str, gstin: Option<&Gstin>, until: Moment) -> Mail {
        let w = self.w;
        let purpose_words = self.purpose(purpose);
        let subject = w.mail_otp_subject().purpose(&purpose_words).to_string();
        let (time, date) = (until.ist_time(), until.ist_date());
        let sentence = match gstin {
            Some(gstin) => {
                w.mail_otp_text().code(code).purpose(&purpose_words).gstin(gstin).time(time).date(date).to_string()
            }
            None => w.mail_otp_person_text().code(code).purpose(&purpose_words).time(time).date(date).to_string(),
        };
        let paragraphs = [sentence, w.mail_otp_warning().to_owned()];
        self.letter(otp_kind(purpose), subject, &paragraphs, &[], &[])
    }

    /// S1 to S4, S7 and S8: an OTP by SMS. The last line binds it to our host for browsers that fill it in.
    pub fn otp_sms(&self, purpose: Kind, code: &str, gstin_ending: &str) -> Sms {
        let (w, brand, minutes) = (self.w, &self.settings.brand, self.settings.limits.otp_life / MINUTE);
        let sentence = match purpose {
            Kind::Register => {
                w.sms_register().code(code).ending(gstin_ending).brand(brand).minutes(minutes).to_string()
            }
            Kind::CreateApiCredentials => {
                w.sms_create().code(code).ending(gstin_ending).brand(brand).minutes(minutes).to_string()
            }
            Kind::ChangeApiPassword => {
                w.sms_change().code(code).ending(gstin_ending).brand(brand).minutes(minutes).to_string()
            }
            Kind::SoftwareSignIn => {
                w.sms_software().code(code).ending(gstin_ending).brand(brand).minutes(minutes).to_string()
            }
            Kind::ForgotPassword
            | Kind::ForgotUsername
            | Kind::FirstLogin
            | Kind::CreateWorkspace
            | Kind::SignIn
            | Kind::OtpFirst
            | Kind::ChangeAuthenticator => {
                w.sms_account().code(code).purpose(self.purpose(purpose)).minutes(minutes).to_string()
            }
        };
        let host = super::host_name(self.settings);
        Sms { kind: otp_kind(purpose), text: format!("{sentence}\n\n@{host} #{code}") }
    }

    /// M2: an account of the IRP was created.
    pub fn account_created(&self, gstin: &str, ending: &str, cause: &Cause<'_>) -> Mail {
        let w = self.w;
        let subject = w.mail_created_subject().ending(ending).to_string();
        let paragraphs = [w.mail_created_text().gstin(gstin).to_string(), w.mail_created_next().to_owned()];
        self.letter("account_created", subject, &paragraphs, &self.facts(cause), &[self.not_you()])
    }

    /// M2: an account of the GST portal was created.
    pub fn gst_account_created(&self, gstin: &Gstin, username: &str, cause: &Cause<'_>) -> Mail {
        let w = self.w;
        let subject = w.mail_created_subject().ending(gstin.ending()).to_string();
        let paragraphs = [w.mail_created_gst_text().gstin(gstin).to_string(), w.mail_created_gst_next().to_owned()];
        let mut facts = vec![(w.login_username(), username.to_owned())];
        facts.extend(self.facts(cause));
        self.letter("account_created", subject, &paragraphs, &facts, &[self.not_you()])
    }

    /// M10: the first-time password of the GST portal, alone on its line so that it is easily copied.
    pub fn first_password(&self, gstin: &str, password: &str, until: Moment) -> Mail {
        let w = self.w;
        let paragraphs = [
            w.mail_first_password_text().gstin(gstin).to_string(),
            password.to_owned(),
            w.mail_first_password_until().time(until.ist_time()).date(until.ist_date()).to_string(),
            w.mail_first_password_warning().to_owned(),
        ];
        let subject = w.mail_first_password_subject().to_owned();
        self.letter(otp_kind(Kind::FirstLogin), subject, &paragraphs, &[], &[])
    }

    /// The username that somebody has forgotten; goes out once the OTP was right.
    pub fn gst_username(&self, gstin: &str, username: &str, cause: &Cause<'_>) -> Mail {
        let w = self.w;
        let paragraphs = [w.mail_username_text().gstin(gstin).username(username).to_string()];
        let subject = w.mail_username_subject().to_owned();
        self.letter("gst_username", subject, &paragraphs, &self.facts(cause), &[self.not_you()])
    }

    /// M3: a password was changed or reset. `account` is the GSTIN, or a person's email; `forgot_password` is the address of that page in the account's portal.
    pub fn password_changed(&self, portal: Portal, account: &str, forgot_password: &str, cause: &Cause<'_>) -> Mail {
        let w = self.w;
        let text = match portal {
            Portal::Irp => w.mail_password_text().gstin(account).to_string(),
            Portal::Gst => w.mail_password_gst_text().gstin(account).to_string(),
            Portal::Workspace => w.mail_password_workspace_text().email(account).to_string(),
        };
        let paragraphs = [text, w.mail_password_signed_out().to_owned()];
        let link = format!("{}{forgot_password}", self.settings.base_url);
        let after = [w.mail_password_not_you().link(link).to_string(), self.not_you()];
        self.letter("password_changed", w.mail_password_subject().to_owned(), &paragraphs, &self.facts(cause), &after)
    }

    /// M4: API credentials were created. Never the password.
    pub fn credentials_created(&self, gstin: &str, ending: &str, api_username: &str, cause: &Cause<'_>) -> Mail {
        let w = self.w;
        let subject = w.mail_credentials_subject().ending(ending).to_string();
        let paragraphs = [w.mail_credentials_text().gstin(gstin).to_string()];
        let mut facts = vec![(w.mail_fact_api_username(), api_username.to_owned())];
        facts.extend(self.facts(cause));
        self.letter("credentials_created", subject, &paragraphs, &facts, &[self.not_you()])
    }

    /// M5: an API password was changed.
    pub fn api_password_changed(&self, gstin: &str, api_username: &str, cause: &Cause<'_>) -> Mail {
        let w = self.w;
        let text = w.mail_api_password_text().gstin(gstin).time(cause.at.ist_time()).to_string();
        let mut facts = vec![(w.mail_fact_api_username(), api_username.to_owned())];
        facts.extend(self.facts(cause));
        let subject = w.mail_api_password_subject().to_owned();
        self.letter("api_password_changed", subject, &[text], &facts, &[self.not_you()])
    }

    /// What an OTP is for, as it stands after "OTP to".
    fn purpose(&self, purpose: Kind) -> String {
        match purpose {
            Kind::Register => self.w.mail_purpose_register().to_owned(),
            Kind::CreateApiCredentials => self.w.mail_purpose_create().to_owned(),
            Kind::ChangeApiPassword => self.w.mail_purpose_change().to_owned(),
            Kind::ForgotPassword => self.w.mail_purpose_reset().brand(&self.settings.brand).to_string(),
            Kind::ForgotUsername => self.w.mail_purpose_username().to_owned(),
            Kind::FirstLogin => self.w.mail_purpose_first_login().to_owned(),
            Kind::CreateWorkspace => self.w.mail_purpose_workspace().to_owned(),
            Kind::SoftwareSignIn => self.w.mail_purpose_software().to_owned(),
            Kind::SignIn | Kind::OtpFirst => self.w.mail_purpose_sign_in().brand(&self.settings.brand).to_string(),
            Kind::ChangeAuthenticator => self.w.mail_purpose_authenticator().to_owned(),
        }
    }

    fn facts(&self, cause: &Cause<'_>) -> Vec<(&'static str, String)> {
        let w = self.w;
        let device = if cause.device.is_empty() { w.mail_fact_unknown() } else { cause.device };
        vec![
            (w.mail_fact_when(), format!("{} IST", cause.at.ist_date_time())),
            (w.mail_fact_address(), cause.address.to_owned()),
            (w.mail_fact_device(), device.to_owned()),
        ]
    }

    fn not_you(&self) -> String {
        let settings = self.settings;
        match settings.operator_contact.is_empty() {
            true => self.w.mail_not_you().link(format!("{}/contact", settings.base_url)).to_string(),
            false => self.w.mail_not_you().link(&settings.operator_contact).to_string(),
        }
    }

    fn letter(
        &self,
        kind: &'static str,
        subject: String,
        paragraphs: &[String],
        facts: &[(&'static str, String)],
        after: &[String],
    ) -> Mail {
        let (w, settings) = (self.w, self.settings);
        // Both parts only format strings; askama fails on nothing else.
        let text = TextPart { w, settings, paragraphs, facts, after }.render().unwrap_or_default();
        let html = HtmlPart { w, settings, subject: &subject, paragraphs, facts, after }.render().unwrap_or_default();
        Mail { kind, subject, text, html, attachment: None }
    }
}

/// The name of an OTP message in the outbox and at the SMS gateway.
const fn otp_kind(purpose: Kind) -> &'static str {
    match purpose {
        Kind::Register => "otp_register",
        Kind::CreateApiCredentials => "otp_create_api_credentials",
        Kind::ChangeApiPassword => "otp_change_api_password",
        Kind::ForgotPassword => "otp_reset_password",
        Kind::ForgotUsername => "otp_forgot_username",
        Kind::FirstLogin => "first_password",
        Kind::CreateWorkspace => "otp_create_workspace",
        Kind::SoftwareSignIn => "otp_software_sign_in",
        Kind::SignIn => "otp_sign_in",
        Kind::OtpFirst => "otp_first",
        Kind::ChangeAuthenticator => "otp_change_authenticator",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::from_sources("", []).unwrap()
    }

    #[test]
    fn every_otp_sms_fits_one_message_of_plain_letters() {
        let settings = settings();
        let anonymous = [Kind::Register, Kind::ForgotPassword, Kind::ForgotUsername];
        for purpose in anonymous.into_iter().chain([Kind::CreateApiCredentials, Kind::ChangeApiPassword]) {
            let sms = Writer::new(&settings).otp_sms(purpose, "123456", "F1ZW");
            assert!(sms.text.len() <= 160 && sms.text.is_ascii(), "{}: {}", sms.kind, sms.text);
            assert!(sms.text.starts_with("123456 is your OTP to ") && sms.text.ends_with("\n\n@127.0.0.1 #123456"));
        }
    }

    #[test]
    fn an_otp_mail_says_what_it_is_for_and_keeps_the_code_out_of_the_subject() {
        let (until, gstin) = (Moment::from_seconds(1_795_261_260), Gstin::parse("29ABCDE1234F1ZW").unwrap());
        let mail = Writer::new(&settings()).otp_mail(Kind::Register, "123456", Some(&gstin), until);
        assert_eq!(mail.subject, "Your OTP to register");
        let sentence =
            "123456 is your OTP to register for GSTIN 29ABCDE1234F1ZW. It works until 17:11 IST on 21/11/2026.";
        assert!(mail.text.contains(sentence), "{}", mail.text);
        assert!(mail.html.contains(sentence) && !mail.subject.contains("123456"));
    }

    #[test]
    fn a_first_time_password_stands_alone_on_its_line_and_no_other_line_is_a_single_word() {
        let until = Moment::from_seconds(1_795_261_560);
        let mail = Writer::new(&settings()).first_password("29ABCDE1234F1ZW", "k7qm-x2vd-9tnw", until);
        let single = |line: &&str| !line.contains(' ') && !line.is_empty();
        assert_eq!(mail.text.lines().map(str::trim).filter(single).collect::<Vec<_>>(), ["k7qm-x2vd-9tnw"]);
        assert!(mail.text.contains("17:16 IST") && !mail.subject.contains("k7qm"), "{}", mail.text);
    }

    #[test]
    fn a_hostile_device_name_is_text_in_both_parts() {
        let cause = Cause { at: Moment::from_seconds(0), address: "127.0.0.1", device: "<b>=1+1</b>" };
        let writer = settings();
        let writer = Writer::new(&writer);
        let mail = writer.password_changed(Portal::Irp, "29ABCDE1234F1ZW", "/irp/forgot-password", &cause);
        assert!(!mail.html.contains("<b>=1") && mail.html.contains("=1+1"));
    }
}

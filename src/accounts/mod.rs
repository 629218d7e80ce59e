//! Screens that all portals share, told by a type parameter which portal they are in.

pub mod change_password;
pub mod door;
pub mod forgot_password;
pub mod hashing;
pub mod index;
pub mod login;
pub mod otp;
pub mod session;
mod wording;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::kernel::contact::{Email, Mobile};
use crate::kernel::gstin::{Gstin, GstinError};
use crate::kernel::password::{Context, ContextKind, Password, PasswordFault, Policy};
use crate::kernel::taxpayer::Taxpayer;
use crate::web::form::FieldErrors;
use crate::web::page::Visit;
use crate::words::Words;

/// Who gets the messages of a GSTIN: every registered email address and phone.
#[derive(Clone, Default)]
pub struct Recipients {
    /// The GSTIN; `None` when there is nobody to write to.
    pub gstin: Option<Gstin>,
    pub emails: Vec<Email>,
    pub mobiles: Vec<Mobile>,
}

impl From<&Taxpayer> for Recipients {
    fn from(taxpayer: &Taxpayer) -> Self {
        Self { gstin: Some(taxpayer.gstin.clone()), emails: taxpayer.emails.clone(), mobiles: taxpayer.mobiles.clone() }
    }
}

/// What is wrong with a GSTIN, as a sentence.
pub fn gstin_message(w: Words, fault: GstinError) -> String {
    match fault {
        GstinError::Empty => w.gstin_empty().to_owned(),
        GstinError::Length(count) => w.gstin_length().count(count).to_string(),
        GstinError::Pattern => w.gstin_pattern().to_owned(),
        GstinError::State => w.gstin_state().to_owned(),
        GstinError::CheckDigit => w.gstin_check_digit().to_owned(),
    }
}

/// The canonical GSTIN, for pages that must answer alike for numbers of any kind.
pub fn any_gstin(typed: &str) -> Result<Gstin, GstinError> {
    // A test number fails the strict rule and may still have an account; a mistyped one just has none.
    Gstin::parse_sandbox(typed)
}

/// Two fields that choose an account password, and what they are called on the page.
pub struct NewPassword<'a> {
    pub password: &'a str,
    pub confirm: &'a str,
    pub field: &'static str,
    pub confirm_field: &'static str,
}

/// The form of a page where a signed-out person chooses a password.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct NewPasswordForm {
    password: SecretString,
    confirm_password: SecretString,
}

impl NewPasswordForm {
    /// The password as it was typed.
    pub fn typed(&self) -> &str {
        self.password.expose_secret()
    }

    /// The password chosen, or all that is wrong with it.
    pub fn parse(&self, visit: &Visit, taxpayer: Option<&Taxpayer>) -> Result<Password, FieldErrors> {
        let mut errors = FieldErrors::default();
        let fields = NewPassword {
            password: self.password.expose_secret(),
            confirm: self.confirm_password.expose_secret(),
            field: "password",
            confirm_field: "confirm_password",
        };
        fields.choose(visit.w, visit.kit.settings.password_policy, taxpayer, &mut errors).ok_or(errors)
    }
}

impl NewPassword<'_> {
    /// The password, or all that is wrong with it in `errors`. `taxpayer` is whose password it becomes.
    pub fn choose(
        &self,
        w: Words,
        policy: Policy,
        taxpayer: Option<&Taxpayer>,
        errors: &mut FieldErrors,
    ) -> Option<Password> {
        let names = names_of(taxpayer);
        let chosen = match self.password.is_empty() {
            true => {
                errors.add(self.field, w.password_empty());
                None
            }
            false => {
                let chosen = Password::choose(self.password, policy, &context_of(taxpayer, &names));
                chosen.map_err(|faults| add_faults(w, errors, self.field, policy, &faults)).ok()
            }
        };
        match (self.confirm.is_empty(), self.confirm == self.password) {
            (true, _) => errors.add(self.confirm_field, w.password_confirm_empty()),
            (false, false) => errors.add(self.confirm_field, w.password_mismatch()),
            (false, true) => {}
        }
        chosen.filter(|_| errors.is_empty())
    }
}

/// The names of a taxpayer that a password must not hold.
pub fn names_of(taxpayer: Option<&Taxpayer>) -> Vec<&str> {
    let Some(taxpayer) = taxpayer else { return Vec::new() };
    let mut names = vec![taxpayer.legal_name.as_str()];
    names.extend(taxpayer.trade_name.as_deref());
    names
}

/// Whose password it is, for the context rule.
pub fn context_of<'a>(taxpayer: Option<&'a Taxpayer>, names: &'a [&'a str]) -> Context<'a> {
    match taxpayer {
        Some(taxpayer) => {
            Context { gstin: Some(&taxpayer.gstin), names, emails: &taxpayer.emails, mobiles: &taxpayer.mobiles }
        }
        None => Context::default(),
    }
}

fn add_faults(w: Words, errors: &mut FieldErrors, field: &'static str, policy: Policy, faults: &[PasswordFault]) {
    for fault in faults {
        errors.add(
            field,
            match fault {
                PasswordFault::TooShort if policy == Policy::Nist => w.password_too_short_nist(),
                PasswordFault::TooShort => w.password_too_short(),
                PasswordFault::NoNumber => w.password_no_number(),
                PasswordFault::NoAlphabet => w.password_no_alphabet(),
                PasswordFault::NoSpecial => w.password_no_special(),
                PasswordFault::TooLong => w.password_too_long(),
                PasswordFault::Common => w.password_common(),
                PasswordFault::Context(kind) => context_words(w, *kind),
                PasswordFault::Control | PasswordFault::NotPlain => w.password_control(),
            },
        );
    }
}

fn context_words(w: Words, kind: ContextKind) -> &'static str {
    match kind {
        ContextKind::Gstin => w.password_holds_gstin(),
        ContextKind::Name => w.password_holds_name(),
        ContextKind::Email => w.password_holds_email(),
        ContextKind::Phone => w.password_holds_phone(),
        ContextKind::Product => w.password_holds_product(),
    }
}

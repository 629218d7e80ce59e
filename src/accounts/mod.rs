//! Screens that all portals share, told by a type parameter which portal they are in.

pub mod activity;
pub mod api_sign_in;
pub mod authenticator;
pub mod change_password;
pub mod devices;
pub mod door;
pub mod forgot_password;
pub mod hashing;
pub mod history;
pub mod index;
pub mod login;
pub mod otp;
mod owner;
pub mod saved_credentials;
pub mod second_factor;
pub mod session;
pub mod sign_in;
mod wording;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::kernel::contact::{Email, EmailError, Mobile};
use crate::kernel::gstin::{Gstin, GstinError};
use crate::kernel::password::{Context, ContextKind, Password, PasswordFault, Policy};
use crate::kernel::portal::Portal;
use crate::kernel::taxpayer::Taxpayer;
use crate::notify::messages::Mail;
use crate::store::accounts::Account;
use crate::store::taxpayers;
use crate::web::error::PageError;
use crate::web::form::FieldErrors;
use crate::web::page::Visit;
use crate::words::Words;

/// Who gets the messages: every registered email address and phone of a GSTIN, or the email address of a person.
#[derive(Clone, Default)]
pub struct Recipients {
    /// `None` for a person, and when there is nobody to write to.
    pub gstin: Option<Gstin>,
    pub emails: Vec<Email>,
    pub mobiles: Vec<Mobile>,
    /// What they get instead of an OTP, when none may be sent and nobody must notice.
    pub instead: Option<Mail>,
}

impl Recipients {
    /// A person of a workspace.
    pub fn person(email: Email) -> Self {
        Self { emails: vec![email], ..Self::default() }
    }

    /// Who hears of what happens to `account`: a person, or everybody registered for its GSTIN.
    pub fn of(account: &Account, taxpayer: Option<&Taxpayer>) -> Self {
        let person = || Email::parse(&account.username).ok().filter(|_| account.portal == Portal::Workspace.as_str());
        taxpayer.map(Self::from).or_else(|| person().map(Self::person)).unwrap_or_default()
    }

    /// The same with what the register knows now; it may have changed since the account was made.
    pub async fn find(visit: &Visit, account: &Account) -> Result<Self, PageError> {
        let gstin = account.gstin.clone().unwrap_or_default();
        let taxpayer = visit.kit.store.read(move |c| taxpayers::find(c, &gstin)).await?;
        Ok(Self::of(account, taxpayer.as_ref()))
    }

    /// What a password of theirs must not hold; `names` are theirs.
    pub fn context<'a>(&'a self, names: &'a [&'a str]) -> Context<'a> {
        Context { gstin: self.gstin.as_ref(), names, emails: &self.emails, mobiles: &self.mobiles }
    }
}

impl From<&Taxpayer> for Recipients {
    fn from(taxpayer: &Taxpayer) -> Self {
        let (emails, mobiles) = (taxpayer.emails.clone(), taxpayer.mobiles.clone());
        Self { gstin: Some(taxpayer.gstin.clone()), emails, mobiles, instead: None }
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

/// What is wrong with an email address, as a sentence.
pub fn email_message(w: Words, fault: EmailError) -> String {
    match fault {
        EmailError::Empty => w.email_empty().to_owned(),
        EmailError::Format => w.irp_contact_email_format().to_owned(),
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
        let names = names_of(taxpayer);
        self.parse_for(visit, &context_of(taxpayer, &names))
    }

    /// The same for whomever `context` tells of.
    pub fn parse_for(&self, visit: &Visit, context: &Context<'_>) -> Result<Password, FieldErrors> {
        let mut errors = FieldErrors::default();
        let fields = NewPassword {
            password: self.password.expose_secret(),
            confirm: self.confirm_password.expose_secret(),
            field: "password",
            confirm_field: "confirm_password",
        };
        fields.choose(visit.w, visit.kit.settings.password_policy, context, &mut errors).ok_or(errors)
    }
}

impl NewPassword<'_> {
    /// The password, or all that is wrong with it in `errors`. `context` tells whose password it becomes.
    pub fn choose(
        &self,
        w: Words,
        policy: Policy,
        context: &Context<'_>,
        errors: &mut FieldErrors,
    ) -> Option<Password> {
        let chosen = match self.password.is_empty() {
            true => {
                errors.add(self.field, w.password_empty());
                None
            }
            false => {
                let chosen = Password::choose(self.password, policy, context);
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

/// The same, and the name of the person whose account it is.
pub fn names_of_account<'a>(account: &'a Account, taxpayer: Option<&'a Taxpayer>) -> Vec<&'a str> {
    let mut names = names_of(taxpayer);
    names.extend(account.name.as_deref());
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

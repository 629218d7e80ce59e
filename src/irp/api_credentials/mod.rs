//! `/irp/api-credentials/…`: what software signs in with: shown masked, created and changed after an OTP.

pub mod change;
pub mod index;
pub mod new;
pub mod otp;
pub mod saved;

use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::accounts::{context_of, names_of};
use crate::kernel::clock::Moment;
use crate::kernel::limits::Limits;
use crate::kernel::password::{Password, PasswordFault};
use crate::kernel::portal::Irp;
use crate::kernel::taxpayer::Taxpayer;
use crate::store::counters;
use crate::store::journeys::{Journey, Kind, Stage};
use crate::web::error::PageError;
use crate::web::form::FieldErrors;
use crate::web::guard::{SignedIn, current_journey};
use crate::web::page::{Notice, Visit};
use crate::web::{paths, throttle};
use crate::words::Words;

/// What an OTP was asked for.
pub trait Operation: 'static {
    const KIND: Kind;
}

/// Creating API credentials.
pub struct Create;

impl Operation for Create {
    const KIND: Kind = Kind::CreateApiCredentials;
}

/// Changing the API password.
pub struct Change;

impl Operation for Change {
    const KIND: Kind = Kind::ChangeApiPassword;
}

/// Signed in, and an OTP has proven this very operation for this very GSTIN moments ago. Used up by the operation.
pub struct Proven<O> {
    pub user: SignedIn<Irp>,
    pub journey: Journey,
    operation: PhantomData<O>,
}

impl<O: Operation> FromRequest for Proven<O> {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let user = SignedIn::<Irp>::from_request(request, payload);
        let visit = Visit::of(request);
        Box::pin(async move {
            let (user, visit) = (user.await?, visit?);
            let journey = current_journey(&visit).await?;
            let limits = &visit.kit.settings.limits;
            let outlived = journey.as_ref().is_some_and(|journey| {
                journey.kind == O::KIND && journey.stage == Stage::Verified && journey.subject == user.gstin()
            });
            match journey.filter(|journey| proves(journey, O::KIND, user.gstin(), limits, visit.now)) {
                Some(journey) => Ok(Self { user, journey, operation: PhantomData }),
                // A form sent twice finds its proof used up: the first result is shown.
                None if saved::just_saved(&visit) => Err(PageError::SeeOther(paths::IRP_API_SAVED.to_owned())),
                None => {
                    if outlived {
                        visit.visitor.set_notice(&Notice::ProofOver);
                    }
                    Err(PageError::SeeOther(paths::IRP_API_CREDENTIALS.to_owned()))
                }
            }
        })
    }
}

/// Whether the journey's OTP proves `operation` for `gstin` now. The OTP of a registration proves the creation of
/// credentials once.
pub fn proves(journey: &Journey, operation: Kind, gstin: &str, limits: &Limits, now: Moment) -> bool {
    let life = match (journey.kind, journey.stage) {
        (kind, Stage::Verified) if kind == operation => limits.step_up_life,
        (Kind::Register, Stage::Done) if operation == Kind::CreateApiCredentials => limits.registration_proof_life,
        _ => return false,
    };
    let verified = journey.verified_at.is_some_and(|at| (-5..life).contains(&now.since(at)));
    verified && journey.subject == gstin
}

/// Each choice of an API password costs several password hashes, so they are counted before.
async fn count_post(visit: &Visit, gstin: &str) -> Result<(), PageError> {
    let (posts, now) = (throttle::credential_posts(&visit.kit.settings.limits, gstin), visit.now);
    let counted = visit.kit.store.write(move |c| counters::take(c, &[posts], now)).await?;
    counted.map_err(|until| PageError::TooMany { until })
}

/// An API password and its repetition: the password, or all that is wrong with it in `errors`.
fn choose_api_password(
    w: Words,
    (password, field): (&str, &'static str),
    confirm: &str,
    taxpayer: Option<&Taxpayer>,
    errors: &mut FieldErrors,
) -> Option<Password> {
    let names = names_of(taxpayer);
    let chosen = match password.is_empty() {
        true => {
            errors.add(field, w.api_password_empty());
            None
        }
        false => Password::choose_api(password, &context_of(taxpayer, &names))
            .map_err(|faults| faults.into_iter().for_each(|fault| errors.add(field, fault_words(w, fault))))
            .ok(),
    };
    match (confirm.is_empty(), confirm == password) {
        (true, _) => errors.add("confirm_api_password", w.api_password_confirm_empty()),
        (false, false) => errors.add("confirm_api_password", w.api_password_mismatch()),
        (false, true) => {}
    }
    chosen
}

fn fault_words(w: Words, fault: PasswordFault) -> &'static str {
    match fault {
        PasswordFault::TooShort => w.api_password_too_short(),
        PasswordFault::NoNumber => w.api_password_no_number(),
        PasswordFault::NoAlphabet => w.api_password_no_alphabet(),
        PasswordFault::NoSpecial => w.api_password_no_special(),
        PasswordFault::TooLong => w.api_password_too_long(),
        PasswordFault::Common => w.api_password_common(),
        PasswordFault::Context(_) => w.api_password_context(),
        PasswordFault::Control | PasswordFault::NotPlain => w.api_password_not_plain(),
    }
}

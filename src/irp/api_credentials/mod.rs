//! `/irp/api-credentials/…`: what software signs in with: shown masked, created and changed after an OTP.

pub mod change;
pub mod index;
pub mod new;
pub mod otp;
pub mod saved;
pub mod r#use;

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
use crate::store::credentials;
use crate::store::journeys::{Journey, Kind, Stage};
use crate::web::error::PageError;
use crate::web::form::{FieldErrors, SAME_PRESS};
use crate::web::guard::{SignedIn, current_journey};
use crate::web::notice::Notice;
use crate::web::page::Visit;
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

/// Signed in, with a proof or with the reason why there is none: for a form whose fields must be kept either way.
pub struct Proving<O> {
    user: SignedIn<Irp>,
    proof: Result<Journey, PageError>,
    operation: PhantomData<O>,
}

impl<O> Proving<O> {
    /// The proof. Without one `keep` puts aside what was typed, when it was typed for a proof that has just ended.
    pub fn proven(self, keep: impl FnOnce()) -> Result<Proven<O>, PageError> {
        match self.proof {
            Ok(journey) => Ok(Proven { user: self.user, journey, operation: PhantomData }),
            Err(reason) => {
                keep();
                Err(reason)
            }
        }
    }
}

impl<O: Operation> FromRequest for Proving<O> {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let user = SignedIn::<Irp>::from_request(request, payload);
        let visit = Visit::of(request);
        Box::pin(async move {
            let (user, visit) = (user.await?, visit?);
            let journey = current_journey(&visit).await?;
            let proof = match proof_of(&visit, journey.clone(), O::KIND, user.gstin()) {
                Err(_) if other_press_has_saved(&visit, journey, user.gstin()).await? => {
                    Err(PageError::SeeOther(paths::IRP_API_SAVED.to_owned()))
                }
                proof => proof,
            };
            Ok(Self { user, proof, operation: PhantomData })
        })
    }
}

impl<O: Operation> FromRequest for Proven<O> {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let proving = Proving::<O>::from_request(request, payload);
        Box::pin(async move { proving.await?.proven(|| {}) })
    }
}

fn proof_of(visit: &Visit, journey: Option<Journey>, kind: Kind, gstin: &str) -> Result<Journey, PageError> {
    match journey {
        Some(journey) if proves(&journey, kind, gstin, &visit.kit.settings.limits, visit.now) => Ok(journey),
        // A form sent twice finds its proof used up: the first result is shown.
        _ if saved::just_saved(visit) => Err(PageError::SeeOther(paths::IRP_API_SAVED.to_owned())),
        other => {
            if other.is_some_and(|journey| journey.subject == gstin && once_proved(&journey, kind)) {
                visit.visitor.set_notice(&Notice::ProofOver);
            }
            Err(PageError::SeeOther(paths::IRP_API_CREDENTIALS.to_owned()))
        }
    }
}

/// Whether the same form, sent twice, has just used the proof up: its answer may not have reached the session yet.
async fn other_press_has_saved(visit: &Visit, journey: Option<Journey>, gstin: &str) -> Result<bool, PageError> {
    let used_up = |journey: &Journey| journey.stage == Stage::Spent && journey.subject == gstin;
    let Some(journey) = journey.filter(used_up) else { return Ok(false) };
    let made = visit.kit.store.read(move |c| credentials::find_by_gstin(c, &journey.subject)).await?;
    Ok(made.is_some_and(|made| visit.now.seconds() - made.changed_at < SAME_PRESS))
}

/// Whether the journey's OTP proves `operation` for `gstin` now.
pub fn proves(journey: &Journey, operation: Kind, gstin: &str, limits: &Limits, now: Moment) -> bool {
    let life = match journey.kind {
        Kind::Register => limits.registration_proof_life,
        _ => limits.step_up_life,
    };
    let in_time = journey.verified_at.is_some_and(|at| (-5..life).contains(&now.since(at)));
    in_time && journey.subject == gstin && once_proved(journey, operation)
}

/// Whether its OTP was for `operation` and is not used up. The OTP of a registration proves the creation of credentials
/// once.
fn once_proved(journey: &Journey, operation: Kind) -> bool {
    match (journey.kind, journey.stage) {
        (kind, Stage::Verified) => kind == operation,
        (Kind::Register, Stage::Done) => operation == Kind::CreateApiCredentials,
        _ => false,
    }
}

/// Each choice of an API password costs several password hashes, so they are counted before.
async fn count_post(visit: &Visit, gstin: &str) -> Result<(), PageError> {
    throttle::spend(visit, throttle::credential_posts(&visit.kit.settings.limits, gstin)).await
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

//! Guards: extractors that a handler names in its signature, so that who may come in is written where it is read.
//!
//! They stand before the form in a signature. actix polls all extractors of a handler together, so a form that cannot be
//! trusted may answer 403 while a guard still asks the database; nothing is done for either.

use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::{FromRequest, HttpRequest};

use super::error::PageError;
use super::form;
use super::notice::Notice;
use super::page::Visit;
use super::paths;
use super::session::{Draft, Level};
use crate::kernel::clock::Moment;
use crate::kernel::portal::{InPortal, Portal};
use crate::settings::SignIn;
use crate::store::accounts::{self, Account};
use crate::store::journeys::{self, Journey, Kind, Stage};

type Guarded<T> = Pin<Box<dyn Future<Output = Result<T, PageError>>>>;

/// Somebody is signed in to portal `P`; judged against the session's and the account's rows at this request.
pub struct SignedIn<P> {
    pub account: Account,
    portal: PhantomData<P>,
}

impl<P: InPortal> SignedIn<P> {
    /// The GSTIN the account is for. Accounts of the IRP are named by it.
    pub fn gstin(&self) -> &str {
        self.account.known_as()
    }
}

impl<P: InPortal> FromRequest for SignedIn<P> {
    type Error = PageError;
    type Future = Guarded<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let known = Visit::of(&request).is_ok_and(|visit| visit.visitor.signed_in().is_some());
        // The body is taken only when it may have to be kept as a draft.
        let body = if known { Payload::None } else { payload.take() };
        Box::pin(async move {
            let visit = <Visit as FromRequest>::extract(&request).await?;
            let Some(state) = visit.visitor.signed_in() else { return Err(sign_in_first::<P>(&visit, body).await) };
            let password_changed_at = state.password_changed_at;
            // A session of before the operator asked for more.
            let too_little = visit.kit.settings.sign_in == SignIn::Otp && state.level == Level::Password;
            let found = visit.kit.store.read(move |c| accounts::find(c, &state.account_id)).await?;
            match found {
                Some(account)
                    if account.portal == P::PORTAL.as_str()
                        && !too_little
                        && account.frozen_at.is_none()
                        && account.password_changed_at == password_changed_at =>
                {
                    Ok(Self { account, portal: PhantomData })
                }
                _ => {
                    visit.visitor.sign_out();
                    Err(PageError::SeeOther(paths::shared(P::PORTAL).login.to_owned()))
                }
            }
        })
    }
}

/// To the login page, with the way back, and after a session that ended by itself with what was typed.
async fn sign_in_first<P: InPortal>(visit: &Visit, body: Payload) -> PageError {
    let login = paths::shared(P::PORTAL).login;
    let posted = *visit.request().method() == Method::POST;
    let mut kept = false;
    if let Some(ended_at) = visit.visitor.ended_at() {
        let draft = if posted { draft_of(visit, body).await } else { None };
        kept = draft.is_some();
        visit.visitor.start_over(&ended_notice(visit, ended_at, kept), draft);
    }
    match paths::return_target(P::PORTAL, visit.path()) {
        // One of our own addresses, none of which needs encoding. What was typed is on it again.
        Some(target) if kept || !posted => PageError::SeeOther(format!("{login}?return={target}")),
        _ => PageError::SeeOther(login.to_owned()),
    }
}

fn ended_notice(visit: &Visit, ended_at: Moment, draft: bool) -> Notice {
    let limits = &visit.kit.settings.limits;
    let at = ended_at.seconds();
    if let Some(reason) = visit.visitor.ended_because() {
        return Notice::SignedOutBecause { reason: reason.as_str().to_owned(), draft };
    }
    match visit.visitor.was_in_use_at_its_end(limits.session_idle) {
        true => Notice::SignedOutForGood { at, draft },
        false => Notice::SignedOutIdle { at, draft },
    }
}

/// The fields of a form of ours without its secrets; `None` when the form cannot be trusted or holds nothing to keep.
async fn draft_of(visit: &Visit, body: Payload) -> Option<Draft> {
    let fields = form::read_trusted(visit, body).await.ok()?;
    let hidden = ["csrf", "journey", "return"];
    let keep = |name: &str| !(hidden.contains(&name) || name == "otp" || name == "code" || name.contains("password"));
    let fields: Vec<(String, String)> =
        fields.into_iter().filter(|(name, value)| keep(name) && !value.is_empty()).collect();
    let until = visit.now.plus(visit.kit.settings.limits.draft_life);
    if fields.is_empty() { None } else { visit.visitor.draft(visit.path(), fields, until) }
}

/// Nobody is signed in to portal `P`; whoever is goes to their landing page.
pub struct SignedOut<P>(PhantomData<P>);

impl<P: InPortal> FromRequest for SignedOut<P> {
    type Error = PageError;
    type Future = std::future::Ready<Result<Self, PageError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let signed_in = Visit::of(request).is_ok_and(|visit| visit.visitor.signed_in().is_some());
        std::future::ready(match signed_in {
            true => Err(PageError::SeeOther(paths::shared(P::PORTAL).landing.to_owned())),
            false => Ok(Self(PhantomData)),
        })
    }
}

/// A step of a walk: which walk, and how far it must have come for the step to be open.
pub trait Step: 'static {
    const KINDS: &'static [Kind];
    const STAGE: Stage;

    /// Where a person goes whose journey (when there is one of this kind) has not come so far.
    fn earlier(portal: Portal, journey: Option<&Journey>) -> &'static str;
}

/// On a journey that has reached step `S`.
pub struct Walking<S> {
    pub journey: Journey,
    step: PhantomData<S>,
}

impl<S: Step> FromRequest for Walking<S> {
    type Error = PageError;
    type Future = Guarded<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        if form::is_taken(&request, payload) {
            return Box::pin(std::future::pending());
        }
        let walking = Visit::of(&request).is_ok_and(|visit| visit.visitor.journey().is_some());
        // Without a journey the body is taken to see whether it is a form sent twice.
        let body = if walking { Payload::None } else { payload.take() };
        Box::pin(async move {
            let visit = <Visit as FromRequest>::extract(&request).await?;
            let journey = current_journey(&visit).await?.filter(|journey| S::KINDS.contains(&journey.kind));
            match journey {
                Some(journey) if journey.stage >= S::STAGE => Ok(Self { journey, step: PhantomData }),
                other => {
                    if let (None, &Method::POST) = (&other, request.method())
                        && let Some(done) = form::repeat_leads_to(&visit, body).await?
                    {
                        return Err(PageError::SeeOther(done.to_owned()));
                    }
                    let portal = visit.portal.ok_or(PageError::NotFound)?;
                    visit.visitor.set_notice(&Notice::StartHere);
                    Err(PageError::SeeOther(S::earlier(portal, other.as_ref()).to_owned()))
                }
            }
        })
    }
}

/// The journey of this session in this portal, while it lives: 30 minutes from its last page.
pub async fn current_journey(visit: &Visit) -> Result<Option<Journey>, PageError> {
    let Some(id) = visit.visitor.journey() else { return Ok(None) };
    let found = visit.kit.store.read(move |c| journeys::find(c, &id)).await?;
    let idle = visit.kit.settings.limits.journey_idle;
    let alive = |journey: &Journey| {
        let unseen = visit.now.since(journey.last_seen_at);
        Some(journey.portal) == visit.portal && (-5..idle).contains(&unseen)
    };
    let Some(journey) = found.filter(alive) else { return Ok(None) };
    if visit.now.since(journey.last_seen_at) >= 60 {
        let (id, now) = (journey.id.clone(), visit.now);
        visit.kit.store.write(move |c| journeys::set_last_seen(c, &id, now)).await?;
    }
    Ok(Some(journey))
}

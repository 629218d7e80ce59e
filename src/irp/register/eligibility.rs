//! `/irp/register`: step 1, is this GSTIN eligible for e-invoicing?

use askama::Template;
use serde::Deserialize;

use crate::accounts::gstin_message;
use crate::kernel::eligibility::eligibility;
use crate::kernel::gstin::{Gstin, GstinError, GstinKind};
use crate::kernel::portal::Portal;
use crate::kernel::taxpayer::Taxpayer;
use crate::store::journeys::{self, Journey, Kind, Stage};
use crate::store::{accounts, counters, events, taxpayers};
use crate::web::error::PageError;
use crate::web::form::{FieldErrors, Posted};
use crate::web::guard::current_journey;
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::{paths, throttle};
use crate::words::Words;

#[derive(Template)]
#[template(path = "irp/register/eligibility.html")]
struct EligibilityPage {
    w: Words,
    frame: Frame,
    action: &'static str,
    gstin: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct EligibilityForm {
    gstin: String,
    /// No person sees this field; what fills it in is no person.
    website: String,
}

/// A GSTIN as typed: a normal one, or a number that only a `sandbox` row of the register can admit.
enum Candidate {
    Strict(Gstin),
    SandboxOnly(Gstin, String),
}

/// GET: filled in while a registration is under way.
pub async fn show(visit: Visit) -> PageResult {
    let under_way = |journey: &Journey| journey.kind == Kind::Register && journey.stage < Stage::Done;
    let gstin = current_journey(&visit).await?.filter(under_way).map(|journey| journey.subject);
    page::ok(&page_of(&visit, gstin.unwrap_or_default(), FieldErrors::default()))
}

/// POST: on to the details, to the reason against, or to the login page of a GSTIN that has an account.
pub async fn submit(visit: Visit, Posted(form): Posted<EligibilityForm>) -> PageResult {
    if !form.website.is_empty() {
        return Err(PageError::FormOutOfDate);
    }
    check(&visit, form.gstin).await
}

/// Checks a GSTIN as it was typed here, or chosen in a workspace.
pub async fn check(visit: &Visit, typed: String) -> PageResult {
    let candidate = match parse(visit.w, &typed) {
        Ok(candidate) => candidate,
        Err(message) => return refuse(visit, typed, message),
    };
    // A workspace's own GSTINs do not count (DV-3).
    if visit.visitor.handed_off(visit.now).is_none_or(|handed_off| handed_off.gstin != candidate.gstin().as_str()) {
        spend_check(visit, candidate.gstin()).await?;
    }

    let gstin = candidate.gstin().to_string();
    let (found, registered) = look_up(visit, &gstin).await?;
    if let (Candidate::SandboxOnly(_, message), false) = (&candidate, is_sandbox(found.as_ref())) {
        return refuse(visit, typed, message.clone());
    }
    if registered {
        visit.visitor.set_notice(&Notice::AlreadyRegistered { gstin });
        return Ok(see_other(paths::shared(Portal::Irp).login));
    }
    if eligibility(found.as_ref()).is_err() {
        let event = visit.event("eligibility_checked", "not_eligible", Some(&gstin));
        visit.kit.store.write(move |c| events::insert(c, &event)).await?;
        visit.visitor.set_checked_gstin(&gstin);
        return Ok(see_other(paths::IRP_NOT_ELIGIBLE));
    }
    let goes_on =
        |journey: &Journey| journey.kind == Kind::Register && journey.subject == gstin && journey.stage < Stage::Done;
    if !current_journey(visit).await?.is_some_and(|journey| goes_on(&journey)) {
        begin(visit, gstin).await?;
    }
    Ok(see_other(paths::IRP_DETAILS))
}

fn parse(w: Words, typed: &str) -> Result<Candidate, String> {
    let strict = match Gstin::parse(typed) {
        Ok(gstin) if gstin.kind() == Some(GstinKind::Normal) => return Ok(Candidate::Strict(gstin)),
        Ok(_) => w.gstin_other_kind().to_owned(),
        Err(fault @ (GstinError::Pattern | GstinError::CheckDigit)) => gstin_message(w, fault),
        Err(fault) => return Err(gstin_message(w, fault)),
    };
    Gstin::parse_sandbox(typed).map(|gstin| Candidate::SandboxOnly(gstin, strict.clone())).map_err(|_| strict)
}

impl Candidate {
    fn gstin(&self) -> &Gstin {
        match self {
            Self::Strict(gstin) | Self::SandboxOnly(gstin, _) => gstin,
        }
    }
}

fn is_sandbox(found: Option<&Taxpayer>) -> bool {
    found.is_some_and(|taxpayer| taxpayer.sandbox)
}

/// One address may look up so many different GSTINs (DV-3); looking one up again is free.
async fn spend_check(visit: &Visit, gstin: &Gstin) -> Result<(), PageError> {
    let address = visit.throttle_key();
    let seen = throttle::eligibility_seen(&address, gstin.as_str());
    let budgets = throttle::eligibility_checks(&visit.kit.settings.limits, &address);
    let now = visit.now;
    let posts = throttle::eligibility_posts(&visit.kit.settings.limits, &address);
    let spent = visit.kit.store.write(move |c| {
        if let Err(until) = counters::take(c, &posts, now)? {
            return Ok(Err(until));
        }
        if counters::exhausted(c, &seen, now)?.is_some() {
            return Ok(Ok(()));
        }
        let spent = counters::take(c, &budgets, now)?;
        if spent.is_ok() {
            counters::count(c, &seen.key, seen.window, now)?;
        }
        Ok(spent)
    });
    spent.await?.map_err(|until| PageError::TooMany { until })
}

async fn look_up(visit: &Visit, gstin: &str) -> Result<(Option<Taxpayer>, bool), PageError> {
    let gstin = gstin.to_owned();
    let found = visit.kit.store.read(move |c| {
        let registered = accounts::find_by_username(c, Portal::Irp, &gstin)?.is_some();
        Ok((taxpayers::find(c, &gstin)?, registered))
    });
    Ok(found.await?)
}

async fn begin(visit: &Visit, gstin: String) -> Result<(), PageError> {
    let event = visit.event("registration_begun", events::DONE, Some(&gstin));
    let journey = Journey::begin(Kind::Register, Portal::Irp, gstin, Stage::Details, visit.now);
    visit.visitor.set_journey(&journey.id);
    let begun = visit.kit.store.write(move |c| {
        journeys::insert(c, &journey)?;
        events::insert(c, &event)
    });
    Ok(begun.await?)
}

fn refuse(visit: &Visit, typed: String, message: String) -> PageResult {
    page::unprocessable(&page_of(visit, typed, FieldErrors::of("gstin", message)))
}

fn page_of(visit: &Visit, gstin: String, errors: FieldErrors) -> EligibilityPage {
    let frame = visit.frame_with(visit.w.irp_eligibility_title(), errors);
    EligibilityPage { w: visit.w, frame, action: paths::IRP_REGISTER, gstin }
}

//! `/irp/register/contact`: step 3, the registered email address and phone number; the OTP goes out from here.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use super::AtContact;
use crate::accounts::Recipients;
use crate::accounts::otp::{self, Issued, PreparedOtp};
use crate::kernel::clock::Moment;
use crate::kernel::contact::{Email, EmailError, Mobile, MobileError};
use crate::kernel::taxpayer::Taxpayer;
use crate::notify::Outbox;
use crate::store::counters::{self, Budget};
use crate::store::events::{self, Event};
use crate::store::journeys::{self, Stage};
use crate::store::{self, Connection};
use crate::web::error::PageError;
use crate::web::form::{FieldErrors, Posted};
use crate::web::guard::Walking;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::web::throttle::{self, Proof};
use crate::words::Words;

#[derive(Template)]
#[template(path = "irp/register/contact.html")]
struct ContactPage {
    w: Words,
    frame: Frame,
    action: &'static str,
    back: &'static str,
    journey: String,
    email: String,
    phone: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ContactForm {
    email: String,
    phone: String,
}

struct Contact {
    email: Email,
    mobile: Mobile,
}

/// GET: filled in when the step was done before.
pub async fn show(visit: Visit, at: Walking<AtContact>) -> PageResult {
    let form = ContactForm {
        email: at.journey.email.clone().unwrap_or_default(),
        phone: at.journey.mobile.clone().unwrap_or_default(),
    };
    page::ok(&page_of(&visit, &at, &form, FieldErrors::default()))
}

/// POST: sends the OTP when both are registered for this GSTIN, and does not say which one is not.
pub async fn submit(
    visit: Visit,
    at: Walking<AtContact>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<ContactForm>,
) -> PageResult {
    if at.journey.stage >= Stage::Done {
        return Ok(see_other(paths::IRP_DONE));
    }
    let contact = match form.parse(visit.w) {
        Ok(contact) => contact,
        Err(errors) => return page::unprocessable(&page_of(&visit, &at, &form, errors)),
    };
    let taxpayer = super::taxpayer_of(&visit, &at.journey).await?;
    let attempt = Attempt {
        matches: contact.is_registered(&taxpayer),
        journey: at.journey.id.clone(),
        otp: otp::prepare(&visit, &outbox, &at.journey, &Recipients::from(&taxpayer), Proof::ContactOrPassword).await?,
        mismatches: throttle::contact_mismatches(&visit.kit.settings.limits, &at.journey.subject),
        mismatch_here: throttle::contact_mismatch_from(&at.journey.subject, &visit.throttle_key()),
        when_closed: throttle::contact_matches_when_closed(&visit.kit.settings.limits, &at.journey.subject),
        refused: visit.event("contact_mismatch", "refused", Some(&at.journey.subject)),
        contact,
    };
    let now = visit.now;
    let outcome = visit.kit.store.write(move |c| attempt.run(c, now)).await?;
    outbox.wake();
    match outcome {
        // Sent moments ago and still good: the page says so by itself.
        Outcome::Issued(Issued::Sent | Issued::Wait { .. }) => Ok(see_other(paths::IRP_OTP)),
        Outcome::Issued(Issued::TooMany { again, works_until }) => {
            Err(PageError::TooManyOtps { again, works_until, enter: paths::IRP_OTP })
        }
        Outcome::Closed { until } => Err(PageError::TooMany { until }),
        Outcome::Mismatch => {
            let mut errors = FieldErrors::default();
            errors.add("email", visit.w.irp_contact_mismatch());
            errors.add("phone", visit.w.irp_contact_mismatch());
            page::unprocessable(&page_of(&visit, &at, &form, errors))
        }
    }
}

impl ContactForm {
    fn parse(&self, w: Words) -> Result<Contact, FieldErrors> {
        let mut errors = FieldErrors::default();
        let email = errors.check("email", Email::parse(&self.email), |fault| match fault {
            EmailError::Empty => w.irp_contact_email_empty().to_owned(),
            EmailError::Format => w.irp_contact_email_format().to_owned(),
        });
        let mobile = errors.check("phone", Mobile::parse(&self.phone), |fault| match fault {
            MobileError::Empty => w.irp_contact_phone_empty().to_owned(),
            MobileError::Format => w.irp_contact_phone_format().to_owned(),
        });
        match (email, mobile) {
            (Some(email), Some(mobile)) => Ok(Contact { email, mobile }),
            _ => Err(errors),
        }
    }
}

impl Contact {
    /// Any registered email address together with any registered phone.
    fn is_registered(&self, taxpayer: &Taxpayer) -> bool {
        taxpayer.emails.contains(&self.email) && taxpayer.mobiles.contains(&self.mobile)
    }
}

/// One posted contact, judged in one transaction.
struct Attempt {
    contact: Contact,
    matches: bool,
    journey: String,
    otp: PreparedOtp,
    mismatches: Budget,
    mismatch_here: Vec<Budget>,
    when_closed: Budget,
    refused: Event,
}

enum Outcome {
    Issued(Issued),
    Mismatch,
    Closed { until: Moment },
}

impl Attempt {
    fn run(&self, c: &mut Connection, now: Moment) -> store::Result<Outcome> {
        if let Some(until) = counters::exhausted(c, &self.mismatches, now)? {
            // A stranger's mismatches must not keep the owner out: a right contact from elsewhere has its own budget.
            let stranger = counters::any_exhausted(c, &self.mismatch_here, now)?.is_some();
            if !self.matches && !stranger {
                self.count_mismatch(c, now)?;
            }
            if stranger || !self.matches || counters::take(c, std::slice::from_ref(&self.when_closed), now)?.is_err() {
                return Ok(Outcome::Closed { until });
            }
        }
        if !self.matches {
            self.count_mismatch(c, now)?;
            return Ok(Outcome::Mismatch);
        }
        let issued = self.otp.issue(c)?;
        if matches!(issued, Issued::Sent | Issued::Wait { .. }) {
            journeys::set_contact(c, &self.journey, self.contact.email.as_str(), self.contact.mobile.as_str())?;
        }
        Ok(Outcome::Issued(issued))
    }

    fn count_mismatch(&self, c: &mut Connection, now: Moment) -> store::Result<()> {
        counters::count(c, &self.mismatches.key, self.mismatches.window, now)?;
        counters::count_each(c, &self.mismatch_here, now)?;
        events::insert(c, &self.refused)
    }
}

fn page_of(visit: &Visit, at: &Walking<AtContact>, form: &ContactForm, errors: FieldErrors) -> ContactPage {
    ContactPage {
        w: visit.w,
        frame: visit.frame_with(visit.w.irp_contact_title(), errors),
        action: paths::IRP_CONTACT,
        back: paths::IRP_DETAILS,
        journey: at.journey.id.clone(),
        email: form.email.clone(),
        phone: form.phone.clone(),
    }
}

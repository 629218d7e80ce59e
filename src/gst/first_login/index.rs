//! `/gst/first-login`: asks for the first-time password and takes it, on one page.
//!
//! The same page for a GSTIN that has an account already or that nobody knows; only no mail goes out.

use actix_web::web;
use askama::Template;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::AtPassword;
use crate::accounts::otp::{self, Verdict};
use crate::accounts::{Recipients, any_gstin, gstin_message};
use crate::kernel::clock::{MINUTE, Moment};
use crate::kernel::first_password::FirstPassword;
use crate::kernel::portal::{Gst, Portal};
use crate::notify::Outbox;
use crate::store::journeys::{self, Journey, Kind, Stage};
use crate::store::{accounts, challenges, taxpayers};
use crate::web::error::PageError;
use crate::web::form::{FieldErrors, Posted};
use crate::web::guard::{SignedOut, Walking, current_journey};
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::web::throttle::{self, Proof};
use crate::words::Words;

#[derive(Template)]
#[template(path = "gst/first_login/index.html")]
struct IndexPage {
    w: Words,
    frame: Frame,
    gstin: String,
    /// A first-time password waits to be typed, so sending another is not the way on.
    waits: bool,
    /// Set once a first-time password was asked for.
    asked: Option<Asked>,
}

/// What became of the first-time password that was asked for.
enum Asked {
    /// It was sent, perhaps: the box above the form that takes it, and that form's journey.
    Sent { class: &'static str, sentence: String, journey: String },
    /// It was right.
    Right,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct GstinForm {
    gstin: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct PasswordForm {
    password: SecretString,
}

/// GET, at both addresses.
pub async fn show(visit: Visit, _guard: SignedOut<Gst>) -> PageResult {
    let first_login = |journey: &Journey| journey.kind == Kind::FirstLogin && journey.stage < Stage::Done;
    match current_journey(&visit).await?.filter(first_login) {
        Some(journey) => page::ok(&page_after(&visit, &journey, FieldErrors::default()).await?),
        None => page::ok(&page_of(&visit, String::new(), None, FieldErrors::default())),
    }
}

/// POST `/gst/first-login`: sends a first-time password to the registered email addresses.
pub async fn submit(
    visit: Visit,
    _guard: SignedOut<Gst>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<GstinForm>,
) -> PageResult {
    let gstin = match any_gstin(&form.gstin) {
        Ok(gstin) => gstin.to_string(),
        Err(fault) => {
            let errors = FieldErrors::of("gstin", gstin_message(visit.w, fault));
            return page::unprocessable(&page_of(&visit, form.gstin, None, errors));
        }
    };
    let to = newcomer(&visit, &gstin).await?;
    let journey = (Kind::FirstLogin, gstin);
    otp::begin(&visit, &outbox, journey, &to, Proof::Nothing, paths::GST_FIRST_LOGIN).await
}

/// POST `/gst/first-login/password`: on to the new credentials when it is right.
pub async fn submit_password(
    visit: Visit,
    _guard: SignedOut<Gst>,
    at: Walking<AtPassword>,
    Posted(form): Posted<PasswordForm>,
) -> PageResult {
    // Counted whatever it looks like.
    throttle::spend(&visit, throttle::otp_posts(&visit.kit.settings.limits, &visit.throttle_key())).await?;
    let w = visit.w;
    let Some(typed) = FirstPassword::typed(form.password.expose_secret()) else {
        return refuse(&visit, &at.journey, w.gst_first_login_password_empty()).await;
    };
    let (id, now) = (at.journey.id.clone(), visit.now);
    let verified = move |c: &mut _| Ok(journeys::set_verified(c, &id, now)?.then_some(()));
    match otp::verify(&visit, &at.journey, Zeroizing::new(typed.as_str().to_owned()), verified).await? {
        Verdict::Accepted(()) => {
            visit.visitor.renew_on_next_page();
            Ok(see_other(paths::GST_FIRST_LOGIN_CREDENTIALS))
        }
        Verdict::Wrong { .. } => refuse(&visit, &at.journey, w.gst_first_login_password_wrong()).await,
        Verdict::Replaced => refuse(&visit, &at.journey, w.gst_first_login_password_replaced()).await,
        Verdict::Expired => refuse(&visit, &at.journey, w.gst_first_login_password_expired()).await,
        Verdict::Dead => refuse(&visit, &at.journey, w.gst_first_login_password_dead()).await,
        Verdict::Gone => Ok(see_other(paths::GST_FIRST_LOGIN_CREDENTIALS)),
        Verdict::TooMany { until } => Err(PageError::TooMany { until }),
    }
}

/// Who gets the first-time password: the GSTIN's addresses when the register knows it and nobody has used it here.
async fn newcomer(visit: &Visit, gstin: &str) -> Result<Recipients, PageError> {
    let gstin = gstin.to_owned();
    let found = visit.kit.store.read(move |c| {
        let account = accounts::find_by_gstin(c, Portal::Gst, &gstin)?;
        let taxpayer = taxpayers::find(c, &gstin)?;
        Ok(taxpayer.filter(|_| account.is_none()))
    });
    Ok(found.await?.as_ref().map(Recipients::from).unwrap_or_default())
}

async fn refuse(visit: &Visit, journey: &Journey, message: &str) -> PageResult {
    page::unprocessable(&page_after(visit, journey, FieldErrors::of("password", message)).await?)
}

/// The page once a first-time password was asked for.
async fn page_after(visit: &Visit, journey: &Journey, errors: FieldErrors) -> Result<IndexPage, PageError> {
    let (id, purpose) = (journey.id.clone(), journey.kind.as_str());
    let newest = visit.kit.store.read(move |c| challenges::list(c, &id, purpose)).await?.into_iter().next();
    let limits = &visit.kit.settings.limits;
    let expired = newest.as_ref().is_some_and(|newest| newest.expires_at <= visit.now.seconds());
    let dead = newest.as_ref().is_none_or(|newest| i64::from(newest.tries) >= limits.otp_tries);
    let until = newest.map_or(visit.now, |newest| Moment::from_seconds(newest.expires_at)).ist_time();
    let minutes = limits.first_password_life / MINUTE;
    let (class, sentence) = match (dead, expired) {
        (true, _) => ("warn", visit.w.gst_first_login_password_dead().to_owned()),
        (false, true) => ("warn", visit.w.gst_first_login_password_expired().to_owned()),
        (false, false) => ("info", visit.w.gst_first_login_sent().time(until).minutes(minutes).to_string()),
    };
    let asked = match journey.stage {
        Stage::Otp => Asked::Sent { class, sentence, journey: journey.id.clone() },
        _ => Asked::Right,
    };
    Ok(page_of(visit, journey.subject.clone(), Some(asked), errors))
}

fn page_of(visit: &Visit, gstin: String, asked: Option<Asked>, errors: FieldErrors) -> IndexPage {
    IndexPage {
        w: visit.w,
        frame: visit.frame_with(visit.w.gst_first_login_title(), errors),
        waits: matches!(asked, Some(Asked::Sent { class: "info", .. })),
        gstin,
        asked,
    }
}

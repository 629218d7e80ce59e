//! `/gst/profile/api-access`: whether software may use the taxpayer's login, and for how long (`domain.md` 3.3).

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::accounts::Recipients;
use crate::kernel::api_access::{self as rule, Duration, State, Switch, state};
use crate::kernel::clock::{DAY, HOUR, MINUTE, Moment};
use crate::kernel::ids;
use crate::kernel::portal::Gst;
use crate::notify::messages::{Cause, Writer};
use crate::notify::{Outbox, Prepared, calendar, reminders};
use crate::store::api_access::{self, ApiAccess};
use crate::store::events::{self, Event};
use crate::store::{self, Connection, accounts};
use crate::web::error::PageError;
use crate::web::form::{Choice, FieldErrors, Posted, SAME_PRESS};
use crate::web::guard::SignedIn;
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::{download, paths, throttle};
use crate::words::Words;

#[derive(Template)]
#[template(path = "gst/api_access.html")]
struct ApiAccessPage {
    w: Words,
    frame: Frame,
    access: Status,
    enable: Vec<Choice>,
    duration: Vec<Choice>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct ApiAccessForm {
    enable: String,
    duration: String,
}

/// What the form asks for.
enum Wish {
    On(Duration),
    Off,
}

/// How API access stands, in words.
pub struct Status {
    pub on: bool,
    /// A whole sentence with what is left of it.
    sentence: String,
    /// For the dashboard's card: `Off`, `On until … (29 days left)`.
    pub short: String,
    /// Its time is over, and what to do about it.
    pub ended: Option<String>,
}

impl Status {
    fn of(w: Words, switch: Option<&Switch>, now: Moment) -> Self {
        let off = Self {
            on: false,
            sentence: w.gst_access_is_off().to_owned(),
            short: w.gst_access_off().to_owned(),
            ended: None,
        };
        match state(switch, now) {
            State::On { until } => {
                let (time, left) = (until.ist_date_time(), left(w, until.since(now)));
                let largest = left.first().cloned().unwrap_or_default();
                Self {
                    on: true,
                    sentence: w.gst_access_is_on().time(&time).left(left.join(" ")).to_string(),
                    short: w.gst_access_on().time(&time).left(largest).to_string(),
                    ended: None,
                }
            }
            State::Ended { at } => {
                Self { ended: Some(w.gst_access_ended().time(at.ist_date_time()).to_string()), ..off }
            }
            State::Off | State::SwitchedOff { .. } => off,
        }
    }
}

/// `29 days`, `23 hours`: the two largest units of a span of seconds.
fn left(w: Words, seconds: i64) -> Vec<String> {
    let (days, hours, minutes) = (seconds / DAY, seconds % DAY / HOUR, seconds % HOUR / MINUTE);
    let parts = [
        (days, w.gst_access_days().n(days).to_string()),
        (hours, w.gst_access_hours().n(hours).to_string()),
        (if days > 0 { 0 } else { minutes }, w.gst_access_minutes().n(minutes).to_string()),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|(count, _)| *count > 0).map(|(_, words)| words).collect();
    if parts.is_empty() { vec![w.gst_access_less_than_a_minute().to_owned()] } else { parts }
}

/// How API access of the signed-in GSTIN stands now.
pub(super) async fn status_of(visit: &Visit, user: &SignedIn<Gst>) -> Result<Status, PageError> {
    let found = find(visit, user).await?;
    Ok(Status::of(visit.w, found.as_ref().map(|access| &access.switch), visit.now))
}

async fn find(visit: &Visit, user: &SignedIn<Gst>) -> Result<Option<ApiAccess>, PageError> {
    let gstin = user.gstin().to_owned();
    Ok(visit.kit.store.read(move |c| api_access::find(c, &gstin)).await?)
}

/// GET: the state, and a form with nothing chosen, so that a stray CONFIRM changes nothing.
pub async fn show(visit: Visit, user: SignedIn<Gst>) -> PageResult {
    let kept = visit.visitor.draft_of(visit.path(), visit.now);
    let form = kept.map(|kept| ApiAccessForm { enable: kept.field("enable"), duration: kept.field("duration") });
    page::ok(&page_of(&visit, &user, &form.unwrap_or_default(), FieldErrors::default()).await?)
}

/// POST: switches access on, for a new time when it was on already, or off.
pub async fn submit(
    visit: Visit,
    user: SignedIn<Gst>,
    outbox: web::Data<Outbox>,
    Posted(form): Posted<ApiAccessForm>,
) -> PageResult {
    let notice = match form.parse(visit.w) {
        Ok(Wish::On(duration)) => switch_on(&visit, &user, &outbox, duration).await?,
        Ok(Wish::Off) => switch_off(&visit, &user, &outbox).await?,
        Err(errors) => return page::unprocessable(&page_of(&visit, &user, &form, errors).await?),
    };
    outbox.wake();
    visit.visitor.drop_draft();
    visit.visitor.set_notice(&notice);
    Ok(see_other(paths::GST_API_ACCESS))
}

/// GET `/gst/profile/api-access.ics`: the end of access for the person's calendar, while it is on.
pub async fn show_calendar(visit: Visit, user: SignedIn<Gst>) -> PageResult {
    let found = find(&visit, &user).await?;
    let on = found.filter(|access| matches!(state(Some(&access.switch), visit.now), State::On { .. }));
    let access = on.ok_or(PageError::NotFound)?;
    let text = calendar::api_access(&visit.kit.settings, &access.gstin, &access.switch, paths::GST_API_ACCESS);
    Ok(download::file(calendar::FILE_NAME, calendar::CONTENT_TYPE, text.into_bytes()))
}

impl ApiAccessForm {
    fn parse(&self, w: Words) -> Result<Wish, FieldErrors> {
        match (self.enable.as_str(), self.duration.as_str()) {
            ("no", _) => Ok(Wish::Off),
            ("yes", "") => Err(FieldErrors::of("duration", w.gst_access_duration_empty())),
            ("yes", duration) => Duration::parse(duration)
                .map(Wish::On)
                .ok_or_else(|| FieldErrors::of("duration", w.gst_access_duration_unknown())),
            _ => Err(FieldErrors::of("enable", w.gst_access_enable_empty())),
        }
    }
}

async fn switch_on(
    visit: &Visit,
    user: &SignedIn<Gst>,
    outbox: &Outbox,
    duration: Duration,
) -> Result<Notice, PageError> {
    // Each Yes sends messages to every registered address and phone.
    throttle::spend(visit, throttle::api_access_switches(&visit.kit.settings.limits, user.gstin())).await?;
    let switch = Switch::on(duration, visit.now);
    let to = recipients(visit, user).await?;
    let wanted = SwitchOn {
        row: ApiAccess {
            gstin: user.gstin().to_owned(),
            switch,
            account_id: user.account.id.clone(),
            replaced_until: None,
            next_notice_at: switch.next_notice_at(visit.now),
        },
        messages: messages_on(visit, outbox, user.gstin(), &switch, &to),
        event: visit.event("api_access_on", events::DONE, Some(user.gstin())),
        now: visit.now,
    };
    let row = visit.kit.store.write(move |c| wanted.run(c)).await?;
    Ok(Notice::ApiAccessOn { until: row.switch.until.seconds(), replaced: row.replaced_until.map(Moment::seconds) })
}

/// Access switched on: row, messages and events in one transaction.
struct SwitchOn {
    row: ApiAccess,
    messages: Vec<Prepared>,
    event: Event,
    now: Moment,
}

impl SwitchOn {
    /// The row as it is now: of this press of the button, or of the one just before.
    fn run(mut self, c: &mut Connection) -> store::Result<ApiAccess> {
        accounts::lock(c, &self.row.account_id)?;
        let before = api_access::find(c, &self.row.gstin)?;
        if let Some(before) = before {
            match state(Some(&before.switch), self.now) {
                State::On { .. } if self.is_same_press(&before) => return Ok(before),
                State::On { until } => self.row.replaced_until = Some(until),
                // Nobody has recorded the end yet, and from now on nobody will.
                State::Ended { .. } if api_access::set_told(c, &before, None)? => {
                    events::insert(c, &reminders::event(&before, rule::Notice::Ended, self.now))?;
                }
                _ => {}
            }
        }
        api_access::set_on(c, &self.row)?;
        self.messages.iter().try_for_each(|message| message.insert(c))?;
        let switch = &self.row.switch;
        let detail = serde_json::json!({ "duration": switch.duration.as_str(), "until": switch.until.seconds() });
        // An id of its own moment: a page of notices is sorted by it, and an end recorded above came before.
        let event = Event { id: ids::ordered(self.now), ..self.event };
        events::insert(c, &event.with_detail(&detail))?;
        Ok(self.row)
    }

    fn is_same_press(&self, before: &ApiAccess) -> bool {
        let ago = self.now.since(before.switch.enabled_at);
        before.switch.duration == self.row.switch.duration
            && before.account_id == self.row.account_id
            && (0..SAME_PRESS).contains(&ago)
    }
}

async fn switch_off(visit: &Visit, user: &SignedIn<Gst>, outbox: &Outbox) -> Result<Notice, PageError> {
    let to = recipients(visit, user).await?;
    let cause = Cause { at: visit.now, address: &visit.address.to_string(), device: &visit.device };
    let writer = Writer::new(&visit.kit.settings);
    let mail = writer.api_access_off(user.gstin(), paths::GST_API_ACCESS, &cause);
    let mails = outbox.mails(&to.emails, &mail, visit.now);
    let event = visit.event("api_access_off", events::DONE, Some(user.gstin()));
    let (gstin, account, now) = (user.gstin().to_owned(), user.account.id.clone(), visit.now);
    let ended_at = visit.kit.store.write(move |c| {
        // Software that is let in at this moment comes before, and is signed out, or after, and is refused.
        accounts::lock(c, &account)?;
        if api_access::set_off(c, &gstin, now)? {
            mails.iter().try_for_each(|mail| mail.insert(c))?;
            events::insert(c, &event)?;
            return Ok(Some(now));
        }
        // Off by itself already: now its owner knows, and is not told any more.
        api_access::set_end_seen(c, &gstin, now)?;
        // The button pressed twice: the first result again.
        let ended_at = api_access::find(c, &gstin)?.and_then(|access| access.switch.ended_at);
        Ok(ended_at.filter(|at| (0..SAME_PRESS).contains(&now.since(*at))))
    });
    Ok(match ended_at.await? {
        Some(at) => Notice::ApiAccessOff { at: at.seconds() },
        None => Notice::ApiAccessOffAlready,
    })
}

/// M7 to every registered email address, S5 to every phone.
fn messages_on(visit: &Visit, outbox: &Outbox, gstin: &str, switch: &Switch, to: &Recipients) -> Vec<Prepared> {
    let cause = Cause { at: visit.now, address: &visit.address.to_string(), device: &visit.device };
    let writer = Writer::new(&visit.kit.settings);
    let mail = writer.api_access_on(gstin, switch, paths::GST_API_ACCESS, &cause);
    // Undelivered until the end, they say what is no longer true.
    let until = Some(switch.until);
    let mut messages: Vec<Prepared> =
        to.emails.iter().map(|email| outbox.mail(email, &mail, visit.now, until)).collect();
    let ending = to.gstin.as_ref().map(|gstin| gstin.ending()).unwrap_or_default();
    let sms = writer.api_access_on_sms(ending, switch.until);
    messages.extend(to.mobiles.iter().filter_map(|mobile| outbox.sms(mobile, &sms, visit.now, until)));
    messages
}

async fn recipients(visit: &Visit, user: &SignedIn<Gst>) -> Result<Recipients, PageError> {
    Ok(super::taxpayer_of(visit, user).await?.as_ref().map(Recipients::from).unwrap_or_default())
}

async fn page_of(
    visit: &Visit,
    user: &SignedIn<Gst>,
    form: &ApiAccessForm,
    errors: FieldErrors,
) -> Result<ApiAccessPage, PageError> {
    let w = visit.w;
    let frame = visit.frame_with(w.gst_access_title(), errors);
    let durations = Duration::ALL.iter().map(|duration| (duration.as_str(), duration_words(w, *duration)));
    Ok(ApiAccessPage {
        w,
        frame,
        access: status_of(visit, user).await?,
        enable: Choice::list([("yes", w.gst_access_yes()), ("no", w.gst_access_no())], &form.enable),
        duration: Choice::list([("", w.gst_access_select())].into_iter().chain(durations), &form.duration),
    })
}

fn duration_words(w: Words, duration: Duration) -> &'static str {
    match duration {
        Duration::SixHours => w.gst_access_6h(),
        Duration::TwelveHours => w.gst_access_12h(),
        Duration::SevenDays => w.gst_access_7d(),
        Duration::ThirtyDays => w.gst_access_30d(),
    }
}

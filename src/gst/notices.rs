//! `/gst/notices`: what happened to this GSTIN here that its owner should know, from the events of all portals.

use askama::Template;

use crate::kernel::clock::Moment;
use crate::kernel::portal::{Gst, Portal};
use crate::store::events::{self, Event};
use crate::web::download;
use crate::web::form::Choice;
use crate::web::guard::SignedIn;
use crate::web::page::{self, Frame, PageResult, Visit, area_name};
use crate::web::paths;
use crate::words::Words;

/// Notices on one page.
const PER_PAGE: i64 = 20;

/// Rows read at once for the CSV file.
const PER_READ: i64 = 1_000;

#[derive(Template)]
#[template(path = "gst/notices.html")]
struct NoticesPage {
    w: Words,
    frame: Frame,
    kinds: Vec<Choice>,
    kind: &'static str,
    notices: Vec<Notice>,
    number: i64,
    pages: i64,
}

/// A notice as it is read.
struct Notice {
    /// `21/11/2026 17:01`, IST.
    at: String,
    what: String,
    portal: &'static str,
    /// Empty for what nobody did, such as an end by time.
    address: String,
}

/// What the filter can be set to.
#[derive(Clone, Copy)]
enum Kind {
    All,
    ApiAccess,
    ApiCredentials,
    Account,
}

impl Kind {
    const ALL: [Self; 4] = [Self::All, Self::ApiAccess, Self::ApiCredentials, Self::Account];

    const fn value(self) -> &'static str {
        match self {
            Self::All => "",
            Self::ApiAccess => "api-access",
            Self::ApiCredentials => "api-credentials",
            Self::Account => "account",
        }
    }

    fn name(self, w: Words) -> &'static str {
        match self {
            Self::All => w.gst_notices_all(),
            Self::ApiAccess => w.gst_notices_kind_api_access(),
            Self::ApiCredentials => w.gst_notices_kind_api_credentials(),
            Self::Account => w.gst_notices_kind_account(),
        }
    }

    /// The events of this kind, by their actions.
    fn actions(self) -> Vec<&'static str> {
        match self {
            Self::All => [Self::ApiAccess, Self::ApiCredentials, Self::Account].map(Self::actions).concat(),
            Self::ApiAccess => vec!["api_access_on", "api_access_ending", "api_access_ended", "api_access_off"],
            Self::ApiCredentials => vec![
                "credentials_created",
                "api_password_changed",
                "credentials_frozen",
                "credentials_unfrozen",
                "credentials_removed",
            ],
            Self::Account => vec!["account_created", "password_changed", "password_reset", "account_locked"],
        }
    }

    /// The filter of the address; what it does not know shows everything.
    fn wanted(visit: &Visit) -> Self {
        let value = visit.query("kind");
        Self::ALL.into_iter().find(|kind| kind.value() == value).unwrap_or(Self::All)
    }
}

/// GET: a page of them, the newest first.
pub async fn show(visit: Visit, user: SignedIn<Gst>) -> PageResult {
    let (w, kind) = (visit.w, Kind::wanted(&visit));
    let wanted = visit.query("page").parse::<i64>().unwrap_or(1);
    let (gstin, actions) = (user.gstin().to_owned(), kind.actions());
    let found = visit.kit.store.read(move |c| {
        let count = events::count_done(c, &gstin, &actions)?;
        let pages = (count + PER_PAGE - 1).div_euclid(PER_PAGE).max(1);
        let number = wanted.clamp(1, pages);
        let rows = events::list_done(c, &gstin, &actions, (number - 1) * PER_PAGE, PER_PAGE)?;
        Ok((number, pages, rows))
    });
    let (number, pages, rows) = found.await?;
    page::ok(&NoticesPage {
        w,
        frame: visit.frame(w.gst_notices_title()),
        kinds: Choice::list(Kind::ALL.map(|kind| (kind.value(), kind.name(w))), kind.value()),
        kind: kind.value(),
        notices: rows.iter().map(|event| Notice::of(w, event)).collect(),
        number,
        pages,
    })
}

/// GET `/gst/notices.csv`: all of that kind.
pub async fn show_csv(visit: Visit, user: SignedIn<Gst>) -> PageResult {
    let (w, kind) = (visit.w, Kind::wanted(&visit));
    let header = [w.gst_notices_time(), w.gst_notices_what(), w.gst_notices_portal(), w.gst_notices_address()];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    // After every id.
    let mut before = "~".to_owned();
    loop {
        let (gstin, actions) = (user.gstin().to_owned(), kind.actions());
        let read = visit.kit.store.read(move |c| events::list_done_before(c, &gstin, &actions, &before, PER_READ));
        let found = read.await?;
        rows.extend(found.iter().map(|event| Notice::of(w, event).into_row()));
        match found.last() {
            Some(last) => before = last.id.clone(),
            None => return download::csv("notices.csv", rows),
        }
    }
}

impl Notice {
    fn of(w: Words, event: &Event) -> Self {
        let portal = event.portal.as_deref().and_then(|portal| Portal::of_path(&format!("/{portal}")));
        Self {
            at: Moment::from_seconds(event.at).ist_date_time(),
            what: sentence(w, event),
            portal: portal.map(|portal| area_name(w, portal)).unwrap_or_default(),
            address: event.address.clone(),
        }
    }

    fn into_row(self) -> Vec<String> {
        vec![self.at, self.what, self.portal.to_owned(), self.address]
    }
}

fn sentence(w: Words, event: &Event) -> String {
    match event.action.as_str() {
        "api_access_on" => w.gst_notices_access_on().time(until_of(event)).to_string(),
        "api_access_ending" => w.gst_notices_access_ending().time(until_of(event)).to_string(),
        "api_access_ended" => w.gst_notices_access_ended().to_owned(),
        "api_access_off" => w.gst_notices_access_off().to_owned(),
        "credentials_created" => w.gst_notices_credentials_created().to_owned(),
        "api_password_changed" => w.gst_notices_api_password_changed().to_owned(),
        "credentials_frozen" => w.gst_notices_credentials_frozen().to_owned(),
        "credentials_unfrozen" => w.gst_notices_credentials_unfrozen().to_owned(),
        "credentials_removed" => w.gst_notices_credentials_removed().to_owned(),
        "account_created" => w.gst_notices_account_created().to_owned(),
        "password_changed" => w.gst_notices_password_changed().to_owned(),
        "password_reset" => w.gst_notices_password_reset().to_owned(),
        "account_locked" => w.gst_notices_account_locked().to_owned(),
        // Not asked for by any kind.
        other => other.to_owned(),
    }
}

/// The end of access that the event tells of.
fn until_of(event: &Event) -> String {
    let detail: serde_json::Value = serde_json::from_str(&event.detail).unwrap_or_default();
    let until = detail.get("until").and_then(serde_json::Value::as_i64).unwrap_or(event.at);
    Moment::from_seconds(until).ist_date_time()
}

//! A list of events as their owner reads it: of one kind or all, in pages, the newest first, and as a CSV file.

use crate::kernel::browser_name::browser_name;
use crate::kernel::clock::Moment;
use crate::kernel::portal::Portal;
use crate::store::events::{self, Event, Filter};
use crate::store::journeys::Kind as Purpose;
use crate::web::download;
use crate::web::error::PageError;
use crate::web::form::Choice;
use crate::web::page::{PageResult, Visit, area_name};
use crate::words::Words;

/// Events on one page.
const PER_PAGE: i64 = 20;

/// Rows read at once for the CSV file.
const PER_READ: i64 = 1_000;

/// What a list can be narrowed to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    All,
    ApiAccess,
    ApiCredentials,
    Account,
    SignIns,
    Otps,
    /// What somebody did to the credentials that a workspace keeps.
    SavedCredentials,
}

impl Kind {
    pub const fn value(self) -> &'static str {
        match self {
            Self::All => "",
            Self::ApiAccess => "api-access",
            Self::ApiCredentials => "api-credentials",
            Self::Account => "account",
            Self::SignIns => "sign-ins",
            Self::Otps => "otps",
            Self::SavedCredentials => "saved-credentials",
        }
    }

    fn name(self, w: Words, manner: Manner) -> &'static str {
        match self {
            Self::All if manner == Manner::Notices => w.gst_notices_all(),
            Self::All => w.history_all(),
            Self::ApiAccess => w.history_kind_api_access(),
            Self::ApiCredentials => w.history_kind_api_credentials(),
            Self::Account => w.history_kind_account(),
            Self::SignIns => w.history_kind_sign_ins(),
            Self::Otps => w.history_kind_otps(),
            Self::SavedCredentials => w.history_kind_saved_credentials(),
        }
    }

    const fn actions(self) -> &'static [&'static str] {
        match self {
            Self::All => &[],
            Self::ApiAccess => &["api_access_on", "api_access_ending", "api_access_ended", "api_access_off"],
            Self::ApiCredentials => &[
                "credentials_created",
                "api_password_changed",
                "credentials_frozen",
                "credentials_unfrozen",
                "credentials_removed",
            ],
            Self::Account => &[
                "account_created",
                "password_changed",
                "password_reset",
                "account_locked",
                "account_frozen",
                "account_unfrozen",
                "contacts_changed",
                "authenticator_added",
                "authenticator_removed",
                "recovery_code_used",
                "new_device",
            ],
            Self::SignIns => &["sign_in", "sign_out", "session_ended", "sessions_ended", "password_change"],
            Self::Otps => &["otp_sent", "otp_accepted", "otp_refused"],
            Self::SavedCredentials => &[
                "api_credentials_saved",
                "api_credentials_replaced",
                "api_credentials_tested",
                "api_credentials_removed",
            ],
        }
    }
}

/// What a page lists: whose events, and of which kinds.
pub struct Listing {
    pub of: events::Of,
    /// Without `All`, which is every one of these.
    pub kinds: &'static [Kind],
    pub manner: Manner,
}

/// How much a list tells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Acts that were done.
    Notices,
    /// Also what was refused, and by which browser.
    Activity,
}

/// A page of a list.
pub struct History {
    pub kinds: Vec<Choice>,
    pub kind: &'static str,
    manner: Manner,
    pub entries: Vec<Entry>,
    pub number: i64,
    pub pages: i64,
}

/// An event as it is read.
pub struct Entry {
    /// `21/11/2026 17:01`, IST.
    pub at: String,
    pub what: String,
    pub portal: &'static str,
    /// Empty for what nobody did, such as an end by time.
    pub address: String,
    pub device: String,
}

impl Listing {
    /// The kind that the address names; what it does not know shows everything.
    fn wanted(&self, visit: &Visit) -> Kind {
        let value = visit.query("kind");
        self.kinds.iter().copied().find(|kind| kind.value() == value).unwrap_or(Kind::All)
    }

    fn filter(&self, kind: Kind) -> Filter {
        let kinds = if kind == Kind::All { self.kinds } else { &[kind] };
        let actions = kinds.iter().flat_map(|kind| kind.actions()).copied().collect();
        Filter { of: self.of.clone(), actions, only_done: self.manner == Manner::Notices }
    }

    /// The page that the address asks for.
    pub async fn page(&self, visit: &Visit) -> Result<History, PageError> {
        let (w, kind) = (visit.w, self.wanted(visit));
        let wanted = visit.query("page").parse::<i64>().unwrap_or(1);
        let filter = self.filter(kind);
        let found = visit.kit.store.read(move |c| {
            let pages = (events::count(c, &filter)? + PER_PAGE - 1).div_euclid(PER_PAGE).max(1);
            let number = wanted.clamp(1, pages);
            Ok((number, pages, events::list(c, &filter, (number - 1) * PER_PAGE, PER_PAGE)?))
        });
        let (number, pages, rows) = found.await?;
        let kinds = [Kind::All].iter().chain(self.kinds).map(|kind| (kind.value(), kind.name(w, self.manner)));
        Ok(History {
            kinds: Choice::list(kinds, kind.value()),
            kind: kind.value(),
            manner: self.manner,
            entries: rows.iter().map(|event| Entry::of(w, event)).collect(),
            number,
            pages,
        })
    }

    /// The newest of all, when there is one.
    pub async fn newest(&self, visit: &Visit) -> Result<Option<Entry>, PageError> {
        let filter = self.filter(Kind::All);
        let found = visit.kit.store.read(move |c| events::list(c, &filter, 0, 1)).await?;
        Ok(found.first().map(|event| Entry::of(visit.w, event)))
    }

    /// All of the kind that the address asks for, as a file of that name.
    pub async fn csv(&self, visit: &Visit, name: &str) -> PageResult {
        let (w, filter) = (visit.w, self.filter(self.wanted(visit)));
        let header = [w.history_time(), w.history_what(), w.history_portal(), w.history_address(), w.history_device()];
        let columns = if self.manner == Manner::Notices { header.len() - 1 } else { header.len() };
        let mut rows = vec![header.map(str::to_owned).into_iter().take(columns).collect::<Vec<_>>()];
        // After every id.
        let mut before = "~".to_owned();
        loop {
            let filter = filter.clone();
            let found = visit.kit.store.read(move |c| events::list_before(c, &filter, &before, PER_READ)).await?;
            rows.extend(found.iter().map(|event| Entry::of(w, event).into_row().into_iter().take(columns).collect()));
            match found.last() {
                Some(last) => before = last.id.clone(),
                None => return download::csv(name, rows),
            }
        }
    }
}

impl History {
    /// Whether the page names browsers.
    pub fn names_browsers(&self) -> bool {
        self.manner == Manner::Activity
    }
}

impl Entry {
    fn of(w: Words, event: &Event) -> Self {
        let portal = event.portal.as_deref().and_then(|portal| Portal::of_path(&format!("/{portal}")));
        Self {
            at: Moment::from_seconds(event.at).ist_date_time(),
            what: sentence(w, event),
            portal: portal.map(|portal| area_name(w, portal)).unwrap_or_default(),
            address: event.address.clone(),
            device: browser_name(&event.device),
        }
    }

    fn into_row(self) -> Vec<String> {
        vec![self.at, self.what, self.portal.to_owned(), self.address, self.device]
    }
}

fn sentence(w: Words, event: &Event) -> String {
    let refused = event.outcome != events::DONE;
    let gstin = event.gstin.as_deref().unwrap_or_default();
    match event.action.as_str() {
        "api_access_on" => w.history_access_on().time(until_of(event)).to_string(),
        "api_access_ending" => w.history_access_ending().time(until_of(event)).to_string(),
        "api_access_ended" => w.history_access_ended().to_owned(),
        "api_access_off" => w.history_access_off().to_owned(),
        "credentials_created" => w.history_credentials_created().to_owned(),
        "api_password_changed" => w.history_api_password_changed().to_owned(),
        "credentials_frozen" => w.history_credentials_frozen().to_owned(),
        "credentials_unfrozen" => w.history_credentials_unfrozen().to_owned(),
        "credentials_removed" => w.history_credentials_removed().to_owned(),
        "account_created" => w.history_account_created().to_owned(),
        "password_changed" => w.history_password_changed().to_owned(),
        "password_reset" => w.history_password_reset().to_owned(),
        "account_locked" => w.history_account_locked().to_owned(),
        "account_frozen" => w.history_account_frozen().to_owned(),
        "account_unfrozen" => w.history_account_unfrozen().to_owned(),
        "contacts_changed" => w.history_contacts_changed().to_owned(),
        "authenticator_added" => w.history_authenticator_added().to_owned(),
        "authenticator_removed" => w.history_authenticator_removed().to_owned(),
        "recovery_code_used" => w.history_recovery_code_used().to_owned(),
        "new_device" => w.history_new_device().to_owned(),
        "sign_in" if refused => w.history_sign_in_refused().to_owned(),
        "sign_in" => w.history_sign_in().to_owned(),
        "sign_out" => w.history_sign_out().to_owned(),
        "session_ended" if detail_of(event, "because") == "newer" => w.history_session_ended_newer().to_owned(),
        "session_ended" => w.history_session_ended().to_owned(),
        "sessions_ended" => w.history_sessions_ended().to_owned(),
        "password_change" => w.history_password_change_refused().to_owned(),
        "otp_sent" => w.history_otp_sent().purpose(purpose(w, &event.outcome)).to_string(),
        "otp_accepted" => w.history_otp_accepted().purpose(purpose(w, &event.outcome)).to_string(),
        "otp_refused" => w.history_otp_refused().purpose(purpose(w, &event.outcome)).to_string(),
        "api_credentials_saved" => w.history_credentials_saved().gstin(gstin).to_string(),
        "api_credentials_replaced" => w.history_credentials_replaced().gstin(gstin).to_string(),
        "api_credentials_tested" if refused => w.history_credentials_refused().gstin(gstin).to_string(),
        "api_credentials_tested" => w.history_credentials_work().gstin(gstin).to_string(),
        "api_credentials_removed" => w.history_saved_credentials_removed().gstin(gstin).to_string(),
        // Not asked for by any kind.
        other => other.to_owned(),
    }
}

/// What an OTP was for.
fn purpose(w: Words, kind: &str) -> &'static str {
    match Purpose::parse(kind) {
        Some(Purpose::Register) => w.history_purpose_register(),
        Some(Purpose::ForgotPassword) => w.history_purpose_password(),
        Some(Purpose::ForgotUsername) => w.history_purpose_username(),
        Some(Purpose::FirstLogin) => w.history_purpose_first_login(),
        Some(Purpose::CreateApiCredentials) => w.history_purpose_create(),
        Some(Purpose::ChangeApiPassword) => w.history_purpose_change(),
        Some(Purpose::CreateWorkspace) => w.history_purpose_workspace(),
        Some(Purpose::SoftwareSignIn) => w.history_purpose_software(),
        Some(Purpose::SignIn | Purpose::OtpFirst) => w.history_purpose_sign_in(),
        Some(Purpose::ChangeAuthenticator) => w.history_purpose_authenticator(),
        None => "",
    }
}

/// The end of access that the event tells of.
fn until_of(event: &Event) -> String {
    let until = detail_of(event, "until").as_i64().unwrap_or(event.at);
    Moment::from_seconds(until).ist_date_time()
}

/// A fact that the event tells besides; null when it does not.
fn detail_of(event: &Event, name: &str) -> serde_json::Value {
    let mut detail: serde_json::Value = serde_json::from_str(&event.detail).unwrap_or_default();
    detail.get_mut(name).map(serde_json::Value::take).unwrap_or_default()
}

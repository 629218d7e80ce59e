//! `/workspace/settings/gstins`: the GSTINs of the workspace and how each stands, and the form that adds one.

use askama::Template;
use serde::Deserialize;

use super::{Fault, Typed};
use crate::kernel::api_access::{State, state};
use crate::kernel::clock::Moment;
use crate::kernel::eligibility::eligibility;
use crate::kernel::gstin::Gstin;
use crate::kernel::portal::Portal;
use crate::kernel::taxpayer::state_name;
use crate::store::gstin_imports::{self, Import};
use crate::store::saved_credentials::SavedCredential;
use crate::store::{self, Inserted, accounts, api_access, events, saved_credentials, taxpayers, workspace_gstins};
use crate::web::error::PageError;
use crate::web::form::{FieldErrors, Posted, SAME_PRESS};
use crate::web::notice::Notice;
use crate::web::page::{self, Frame, PageResult, Visit, see_other};
use crate::web::paths;
use crate::words::Words;
use crate::workspace::{Member, ToChange, ToSee};

/// GSTINs on one page.
const PER_PAGE: i64 = 50;

#[derive(Template)]
#[template(path = "workspace/gstins/index.html")]
struct GstinsPage {
    w: Words,
    frame: Frame,
    may_change: bool,
    /// What was typed into the form.
    gstin: String,
    gstins: Vec<Listed>,
    count: i64,
    number: i64,
    pages: i64,
    /// Where the import that is running can be watched.
    running: Option<String>,
}

/// A GSTIN as the table shows it.
struct Listed {
    gstin: String,
    legal_name: String,
    state: &'static str,
    eligible: &'static str,
    registered: &'static str,
    credentials: &'static str,
    api_access: String,
    remove: String,
}

/// What of a workspace the page shows.
struct Found {
    number: i64,
    pages: i64,
    count: i64,
    gstins: Vec<Listed>,
    running: Option<Import>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct GstinForm {
    gstin: String,
}

/// What came of adding.
enum Added {
    Now,
    /// By the same button, pressed twice.
    JustBefore,
    LongAgo,
    /// The workspace holds as many as it may.
    Full,
}

/// GET: a page of them, in their order.
pub async fn show(visit: Visit, member: Member<ToSee>) -> PageResult {
    let kept = visit.visitor.draft_of(paths::WORKSPACE_GSTINS, visit.now);
    let gstin = kept.map(|draft| draft.field("gstin")).unwrap_or_default();
    page::ok(&page_of(&visit, &member, gstin, FieldErrors::default()).await?)
}

/// POST: adds one.
pub async fn submit(visit: Visit, member: Member<ToChange>, Posted(form): Posted<GstinForm>) -> PageResult {
    let w = visit.w;
    let refusal = match admit(&visit, &form.gstin).await? {
        Err(fault) => fault.message(w),
        Ok(gstin) => match add(&visit, &member, gstin.as_str()).await? {
            Added::Now | Added::JustBefore => {
                visit.visitor.drop_draft();
                visit.visitor.set_notice(&Notice::GstinAdded { gstin: gstin.to_string() });
                return Ok(see_other(paths::WORKSPACE_GSTINS));
            }
            Added::LongAgo => w.workspace_gstins_known().to_owned(),
            Added::Full => w.workspace_gstins_full().limit(visit.kit.settings.limits.workspace_gstins).to_string(),
        },
    };
    page::unprocessable(&page_of(&visit, &member, form.gstin, FieldErrors::of("gstin", refusal)).await?)
}

/// The GSTIN that was typed; one that fails the strict rule only when the register marks it as a test number.
async fn admit(visit: &Visit, typed: &str) -> Result<Result<Gstin, Fault>, PageError> {
    let (gstin, fault) = match Typed::parse(typed) {
        Ok(Typed::Strict(gstin)) => return Ok(Ok(gstin)),
        Ok(Typed::SandboxOnly(gstin, fault)) => (gstin, fault),
        Err(fault) => return Ok(Err(fault)),
    };
    let wanted = vec![gstin.to_string()];
    let marked = visit.kit.store.read(move |c| taxpayers::list_sandbox(c, &wanted)).await?;
    Ok(if marked.is_empty() { Err(fault) } else { Ok(gstin) })
}

async fn add(visit: &Visit, member: &Member<ToChange>, gstin: &str) -> Result<Added, PageError> {
    let (seat, workspace, gstin, now) = (member.seat(), member.workspace.id.clone(), gstin.to_owned(), visit.now);
    let most = visit.kit.settings.limits.workspace_gstins;
    let event = visit.event("workspace_gstin_added", events::DONE, Some(&gstin));
    let event = event.with_detail(&serde_json::json!({ "workspace": workspace }));
    let added = visit.kit.store.write(move |c| {
        seat.hold(c)?;
        if let Some(at) = workspace_gstins::find_added_at(c, &workspace, &gstin)? {
            let same_press = (0..SAME_PRESS).contains(&now.since(at));
            return Ok(if same_press { Added::JustBefore } else { Added::LongAgo });
        }
        if workspace_gstins::count(c, &workspace)? >= most {
            return Ok(Added::Full);
        }
        match workspace_gstins::insert(c, &workspace, &gstin, now)? {
            Inserted::Taken => Ok(Added::JustBefore),
            Inserted::Yes => events::insert(c, &event).map(|()| Added::Now),
        }
    });
    Ok(added.await?)
}

async fn page_of<R>(
    visit: &Visit,
    member: &Member<R>,
    gstin: String,
    errors: FieldErrors,
) -> Result<GstinsPage, PageError> {
    let (w, now, workspace) = (visit.w, visit.now, member.workspace.id.clone());
    let wanted = visit.query("page").parse::<i64>().unwrap_or(1);
    let found = visit.kit.store.read(move |c| find(c, w, &workspace, wanted, now)).await?;
    Ok(GstinsPage {
        w,
        frame: visit.frame_with(w.workspace_gstins_title(), errors),
        may_change: member.role.may_change(),
        gstin,
        gstins: found.gstins,
        count: found.count,
        number: found.number,
        pages: found.pages,
        running: found.running.map(|import| paths::workspace_gstins_import(&import.id)),
    })
}

fn find(c: &mut store::Connection, w: Words, workspace: &str, wanted: i64, now: Moment) -> store::Result<Found> {
    let count = workspace_gstins::count(c, workspace)?;
    let pages = (count + PER_PAGE - 1).div_euclid(PER_PAGE).max(1);
    let number = wanted.clamp(1, pages);
    let gstins = workspace_gstins::list(c, workspace, (number - 1) * PER_PAGE, PER_PAGE)?;
    let gstins = gstins.into_iter().map(|gstin| Listed::find(c, w, workspace, gstin, now)).collect::<Result<_, _>>()?;
    Ok(Found { number, pages, count, gstins, running: gstin_imports::find_running(c, workspace)? })
}

impl Listed {
    fn find(c: &mut store::Connection, w: Words, workspace: &str, gstin: String, now: Moment) -> store::Result<Self> {
        let taxpayer = taxpayers::find(c, &gstin)?;
        let registered = accounts::find_by_username(c, Portal::Irp, &gstin)?.is_some();
        let saved = saved_credentials::find(c, workspace, &gstin)?;
        // Only who holds credentials that the IRP takes is told what software with them would learn.
        let is_working = saved.as_ref().is_some_and(is_working);
        let api_access = match is_working {
            true => access_words(w, state(api_access::find(c, &gstin)?.map(|access| access.switch).as_ref(), now)),
            false => w.ui_not_known().to_owned(),
        };
        let yes_or_no = |yes: bool| if yes { w.workspace_gstins_yes() } else { w.workspace_gstins_no() };
        Ok(Self {
            eligible: yes_or_no(eligibility(taxpayer.as_ref()).is_ok()),
            registered: yes_or_no(registered),
            credentials: credentials_words(w, saved.as_ref().map(|saved| saved.state.as_str())),
            api_access,
            state: gstin.get(..2).and_then(state_name).unwrap_or_default(),
            legal_name: taxpayer.map_or_else(|| w.ui_not_known().to_owned(), |taxpayer| taxpayer.legal_name),
            remove: paths::workspace_gstin_remove(&gstin),
            gstin,
        })
    }
}

/// Whether the IRP has taken the copy, and its password was not changed elsewhere since.
fn is_working(saved: &SavedCredential) -> bool {
    saved.state == saved_credentials::WORKING && saved.stale_since.is_none()
}

fn credentials_words(w: Words, state: Option<&str>) -> &'static str {
    match state {
        None => w.workspace_gstins_none_saved(),
        Some(saved_credentials::WORKING) => w.workspace_gstins_working(),
        Some(saved_credentials::NOT_WORKING) => w.workspace_gstins_not_working(),
        Some(_) => w.workspace_gstins_saved(),
    }
}

fn access_words(w: Words, access: State) -> String {
    match access {
        State::On { until } => w.workspace_gstins_access_on().time(until.ist_date_time()).to_string(),
        State::Ended { at } => w.workspace_gstins_access_ended().time(at.ist_date_time()).to_string(),
        State::Off | State::SwitchedOff { .. } => w.workspace_gstins_access_off().to_owned(),
    }
}

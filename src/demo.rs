//! Demo mode: the sample register, an integrator key, `/demo` and `/demo/messages`. None of it exists in production.

use askama::Template;

use crate::kernel::clock::Moment;
use crate::kernel::eligibility::eligibility;
use crate::kernel::gstin::GstinKind;
use crate::kernel::ids;
use crate::kernel::taxpayer::Taxpayer;
use crate::notify::demo::{Shown, list};
use crate::register::{Reader, SAMPLE};
use crate::store::integrators::{self, Integrator};
use crate::store::taxpayers::{self, Source};
use crate::store::{Connection, Result, Store};
use crate::web::page::{self, Frame, PageResult, Visit};
use crate::web::paths;
use crate::words::Words;

/// Loads the sample register into rows that do not exist yet.
pub async fn load_sample(store: &Store, now: Moment) -> Result<()> {
    let reader = Reader::open(SAMPLE.as_bytes());
    let rows = reader.into_iter().flatten();
    let sample: Vec<Taxpayer> = rows.filter_map(|row| row.outcome.ok()).collect();
    store.write(move |c| taxpayers::upsert(c, &sample, Source::Sample, now)).await
}

/// The integrator key of demo mode. Its secret is no secret: everybody who reaches the portal reads it on `/demo`.
const CLIENT_ID: &str = "demo";
const CLIENT_SECRET: &str = "demo-secret";

/// Makes the integrator key unless it is there, rotated or disabled perhaps.
pub async fn make_integrator(store: &Store, now: Moment) -> Result<()> {
    let integrator = Integrator {
        client_id: CLIENT_ID.to_owned(),
        secret_hash: ids::digest(CLIENT_SECRET),
        name: "Demo mode".to_owned(),
        pan: None,
        gateway: true,
        created_at: now.seconds(),
        secret_changed_at: now.seconds(),
        disabled_at: None,
    };
    store.write(move |c| integrators::insert(c, &integrator).map(drop)).await
}

/// Whether the database holds what only demo mode may have: sample taxpayers, or the key that everybody knows.
pub fn was_here(c: &mut Connection) -> Result<bool> {
    Ok(taxpayers::has_samples(c)? || integrators::find(c, CLIENT_ID)?.is_some_and(|found| is_known(&found)))
}

/// Whether the key is still as demo mode made it.
fn is_known(integrator: &Integrator) -> bool {
    integrator.disabled_at.is_none() && integrator.secret_hash == ids::digest(CLIENT_SECRET)
}

#[derive(Template)]
#[template(path = "demo/index.html")]
struct IndexPage {
    w: Words,
    frame: Frame,
    messages: &'static str,
    register: &'static str,
    software: Software,
    samples: Vec<Sample>,
}

/// What software needs to call the doors.
struct Software {
    irp: Option<String>,
    gstn: Option<String>,
    /// Client id and secret, while they are as demo mode made them.
    key: Option<(&'static str, &'static str)>,
    help: &'static str,
}

impl Software {
    async fn of(visit: &Visit) -> Result<Self> {
        let settings = &visit.kit.settings;
        let found = visit.kit.store.read(|c| integrators::find(c, CLIENT_ID)).await?;
        Ok(Self {
            irp: settings.nic_door.then(|| format!("{}{}", settings.base_url, paths::EIVITAL)),
            gstn: settings.gstn_door.then(|| format!("{}{}", settings.base_url, paths::TAXPAYERAPI)),
            key: found.filter(is_known).map(|_| (CLIENT_ID, CLIENT_SECRET)),
            help: paths::HELP_ERROR_CODES,
        })
    }
}

/// A sample GSTIN and what it shows.
struct Sample {
    gstin: String,
    name: String,
    kind: &'static str,
    status: &'static str,
    taxpayer_type: &'static str,
    shows: &'static str,
    email: String,
    mobile: String,
}

/// GET `/demo`.
pub async fn show(visit: Visit) -> PageResult {
    let w = visit.w;
    let mut found = visit.kit.store.read(taxpayers::list_samples).await?;
    // What a person is most likely to try comes first.
    found.sort_by_key(|taxpayer| eligibility(Some(taxpayer)).is_err());
    page::ok(&IndexPage {
        w,
        frame: visit.frame(w.demo_title()),
        messages: paths::DEMO_MESSAGES,
        register: paths::IRP_REGISTER,
        software: Software::of(&visit).await?,
        samples: found.iter().map(|taxpayer| sample_of(w, taxpayer)).collect(),
    })
}

fn sample_of(w: Words, taxpayer: &Taxpayer) -> Sample {
    let other_kind = !taxpayer.sandbox && taxpayer.gstin.kind() != Some(GstinKind::Normal);
    Sample {
        gstin: taxpayer.gstin.to_string(),
        name: taxpayer.legal_name.clone(),
        kind: kind_words(w, taxpayer),
        status: taxpayer.status.map_or(w.ui_not_known(), |status| status.as_str()),
        taxpayer_type: taxpayer.taxpayer_type.map_or(w.ui_not_known(), |kind| kind.as_str()),
        shows: match eligibility(Some(taxpayer)) {
            _ if other_kind => w.demo_shows_other_kind(),
            Ok(()) => w.demo_shows_eligible(),
            Err(_) => w.demo_shows_not_eligible(),
        },
        email: taxpayer.emails.first().map(|email| email.as_str().to_owned()).unwrap_or_default(),
        mobile: taxpayer.mobiles.first().map(|mobile| mobile.as_str().to_owned()).unwrap_or_default(),
    }
}

fn kind_words(w: Words, taxpayer: &Taxpayer) -> &'static str {
    match taxpayer.gstin.kind() {
        _ if taxpayer.sandbox => w.demo_kind_sandbox(),
        Some(GstinKind::Normal) => w.demo_kind_normal(),
        Some(GstinKind::GovernmentDepartment) => w.demo_kind_government(),
        Some(GstinKind::TaxCollector) => w.demo_kind_collector(),
        Some(GstinKind::TaxDeductor) => w.demo_kind_deductor(),
        Some(GstinKind::Uin) => w.demo_kind_uin(),
        Some(GstinKind::NonResident) => w.demo_kind_non_resident(),
        Some(GstinKind::Oidar) => w.demo_kind_oidar(),
        None => w.ui_not_known(),
    }
}

#[derive(Template)]
#[template(path = "demo/messages.html")]
struct MessagesPage {
    w: Words,
    frame: Frame,
    messages: Vec<Shown>,
}

/// GET `/demo/messages`.
pub async fn show_messages(visit: Visit) -> PageResult {
    let messages = list(&visit.kit.store, &visit.kit.keys).await?;
    page::ok(&MessagesPage { w: visit.w, frame: visit.frame(visit.w.demo_messages_title()), messages })
}

//! `/gst/profile` and its tabs: what the register knows of the GSTIN.

use askama::Template;

use super::not_here::Elsewhere;
use crate::kernel::portal::{Gst, Portal};
use crate::kernel::taxpayer::{Status, Taxpayer, state_name};
use crate::store::taxpayers::{self, Registration};
use crate::web::error::PageError;
use crate::web::guard::SignedIn;
use crate::web::page::{self, Frame, NavItem, PageResult, Visit};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "gst/profile.html")]
struct ProfilePage {
    w: Words,
    frame: Frame,
    title: &'static str,
    tabs: [NavItem; 4],
    sections: Vec<Section>,
    /// The sections that fold: name and entries.
    folds: Vec<(&'static str, Vec<String>)>,
    elsewhere: [NavItem; 4],
}

/// A part of a tab. Its rows are labels and values, its entries stand by themselves.
#[derive(Default)]
struct Section {
    /// Empty for the only one of its tab.
    title: &'static str,
    rows: Vec<(&'static str, String)>,
    entries: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Tab {
    Profile,
    PlaceOfBusiness,
    Contacts,
    OtherBusiness,
}

impl Tab {
    const ALL: [Self; 4] = [Self::Profile, Self::PlaceOfBusiness, Self::Contacts, Self::OtherBusiness];

    fn name(self, w: Words) -> &'static str {
        match self {
            Self::Profile => w.gst_profile_title(),
            Self::PlaceOfBusiness => w.gst_profile_place(),
            Self::Contacts => w.gst_profile_contacts(),
            Self::OtherBusiness => w.gst_profile_other_business(),
        }
    }

    const fn address(self) -> &'static str {
        match self {
            Self::Profile => paths::GST_PROFILE,
            Self::PlaceOfBusiness => paths::GST_PLACE_OF_BUSINESS,
            Self::Contacts => paths::GST_CONTACTS,
            Self::OtherBusiness => paths::GST_OTHER_BUSINESS,
        }
    }
}

/// GET `/gst/profile`.
pub async fn show(visit: Visit, user: SignedIn<Gst>) -> PageResult {
    let (w, taxpayer) = (visit.w, super::taxpayer_of(&visit, &user).await?);
    let section = Section { rows: profile(w, user.gstin(), taxpayer.as_ref()), ..Section::default() };
    let (people, activities) = taxpayer.map(|taxpayer| (taxpayer.people, taxpayer.activities)).unwrap_or_default();
    let folds = vec![(w.gst_profile_people(), people), (w.gst_profile_activities(), activities)];
    page::ok(&page_of(&visit, Tab::Profile, vec![section], folds))
}

/// GET `/gst/profile/place-of-business`.
pub async fn show_place_of_business(visit: Visit, user: SignedIn<Gst>) -> PageResult {
    let (w, taxpayer) = (visit.w, super::taxpayer_of(&visit, &user).await?);
    let rows = taxpayer.as_ref().map(|taxpayer| address(w, taxpayer)).unwrap_or_default();
    let principal = Section { title: w.gst_profile_principal_place(), rows, entries: Vec::new() };
    let entries = taxpayer.map(|taxpayer| taxpayer.other_places).unwrap_or_default();
    let additional = Section { title: w.gst_profile_other_places(), rows: Vec::new(), entries };
    page::ok(&page_of(&visit, Tab::PlaceOfBusiness, vec![principal, additional], Vec::new()))
}

/// GET `/gst/profile/contacts`: in full, because the owner has to see which of them the OTPs go to.
pub async fn show_contacts(visit: Visit, user: SignedIn<Gst>) -> PageResult {
    let (w, taxpayer) = (visit.w, super::taxpayer_of(&visit, &user).await?);
    let (emails, mobiles) = taxpayer.map(|taxpayer| (taxpayer.emails, taxpayer.mobiles)).unwrap_or_default();
    let section = |title, entries| Section { title, rows: Vec::new(), entries };
    let emails = section(w.gst_profile_emails(), emails.iter().map(|email| email.as_str().to_owned()).collect());
    let mobiles = section(w.gst_profile_mobiles(), mobiles.iter().map(|mobile| mobile.as_str().to_owned()).collect());
    page::ok(&page_of(&visit, Tab::Contacts, vec![emails, mobiles], Vec::new()))
}

/// GET `/gst/profile/other-business`: the other registrations under the same PAN.
pub async fn show_other_business(visit: Visit, user: SignedIn<Gst>) -> PageResult {
    let entries = others(&visit, &user).await?.iter().map(registration_line).collect();
    let section = Section { entries, ..Section::default() };
    page::ok(&page_of(&visit, Tab::OtherBusiness, vec![section], Vec::new()))
}

async fn others(visit: &Visit, user: &SignedIn<Gst>) -> Result<Vec<Registration>, PageError> {
    let Some(taxpayer) = super::taxpayer_of(visit, user).await? else { return Ok(Vec::new()) };
    let pan = taxpayer.gstin.pan().to_owned();
    if !is_pan(&pan) {
        // Numbers of other kinds hold something else there, which unrelated bodies may share.
        return Ok(Vec::new());
    }
    let mut found = visit.kit.store.read(move |c| taxpayers::list_by_pan(c, &pan)).await?;
    found.retain(|other| other.gstin != taxpayer.gstin.as_str());
    Ok(found)
}

/// Five letters, four digits, a letter.
fn is_pan(text: &str) -> bool {
    let fits = |(at, letter): (usize, u8)| match at {
        5..=8 => letter.is_ascii_digit(),
        _ => letter.is_ascii_uppercase(),
    };
    text.len() == 10 && text.bytes().enumerate().all(fits)
}

/// `27ABCDE1234F1Z0 – Acme Stores Mumbai – Maharashtra – Active`.
fn registration_line(registration: &Registration) -> String {
    let name = registration.trade_name.as_ref().unwrap_or(&registration.legal_name);
    let state = registration.gstin.get(..2).and_then(state_name);
    let parts = [Some(registration.gstin.as_str()), Some(name), state, registration.status.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" – ")
}

/// The fields of the document, in its order.
fn profile(w: Words, gstin: &str, taxpayer: Option<&Taxpayer>) -> Vec<(&'static str, String)> {
    let known = |value: Option<String>| value.unwrap_or_else(|| w.ui_not_known().to_owned());
    let of = |value: fn(&Taxpayer) -> Option<String>| known(taxpayer.and_then(value));
    let words = |word: &'static str| Some(word.to_owned());
    let status = taxpayer.and_then(|taxpayer| words(taxpayer.status.map(Status::as_str)?));
    let constitution = taxpayer.and_then(|taxpayer| words(taxpayer.constitution?.as_str()));
    let taxpayer_type = taxpayer.and_then(|taxpayer| words(taxpayer.taxpayer_type?.as_str()));
    let rating = taxpayer.and_then(|taxpayer| taxpayer.compliance_rating.clone());
    vec![
        (w.gst_profile_gstin(), gstin.to_owned()),
        (w.gst_profile_legal_name(), of(|taxpayer| Some(taxpayer.legal_name.clone()))),
        (w.gst_profile_centre(), of(|taxpayer| taxpayer.centre_jurisdiction.clone())),
        (w.gst_profile_state(), of(|taxpayer| taxpayer.state_jurisdiction.clone())),
        (w.gst_profile_registered_on(), of(|taxpayer| Some(taxpayer.registered_on?.format("%d/%m/%Y").to_string()))),
        (w.gst_profile_constitution(), known(constitution)),
        (w.gst_profile_type(), known(taxpayer_type)),
        (w.gst_profile_status(), known(status)),
        (w.gst_profile_rating(), rating.unwrap_or_else(|| w.gst_profile_no_rating().to_owned())),
    ]
}

/// The principal place of business in the order of the GST portal; what is not recorded is left out.
fn address(w: Words, taxpayer: &Taxpayer) -> Vec<(&'static str, String)> {
    let place = taxpayer.principal_place.clone();
    let state = place.state_code.map(|code| state_name(&code).map_or(code.clone(), str::to_owned));
    let rows = [
        (w.gst_profile_building(), place.building),
        (w.gst_profile_street(), place.street),
        (w.gst_profile_locality(), place.locality),
        (w.gst_profile_city(), place.city),
        (w.gst_profile_district(), place.district),
        (w.taxpayer_state(), state),
        (w.gst_profile_pincode(), place.pincode),
    ];
    rows.into_iter().filter_map(|(label, value)| Some((label, value?))).collect()
}

fn page_of(visit: &Visit, tab: Tab, sections: Vec<Section>, folds: Vec<(&'static str, Vec<String>)>) -> ProfilePage {
    let w = visit.w;
    ProfilePage {
        w,
        frame: visit.frame(tab.name(w)),
        title: tab.name(w),
        tabs: Tab::ALL.map(|other| NavItem {
            address: other.address(),
            text: other.name(w),
            current: (other == tab).then_some("page"),
        }),
        sections,
        folds,
        elsewhere: [Elsewhere::Dsc, Elsewhere::Composition, Elsewhere::Amendment, Elsewhere::StockIntimation]
            .map(|elsewhere| elsewhere.link(w)),
    }
}

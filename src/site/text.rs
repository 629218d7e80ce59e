//! `/help`, `/help/passwords`, `/accessibility`, `/privacy`, `/terms`, `/contact`: pages of headings and paragraphs.

use askama::Template;

use crate::settings::Settings;
use crate::web::page::{self, Frame, PageResult, Visit};
use crate::web::paths;
use crate::words::Words;

#[derive(Template)]
#[template(path = "site/text.html")]
struct TextPage {
    frame: Frame,
    w: Words,
    heading: &'static str,
    sections: Vec<Section>,
    /// Address and words of what goes on from here.
    links: Vec<(&'static str, &'static str)>,
}

/// A heading and the paragraphs under it; the first section of a page may have no heading.
struct Section {
    heading: &'static str,
    paragraphs: Vec<String>,
}

fn section(heading: &'static str, paragraphs: &[&str]) -> Section {
    Section { heading, paragraphs: paragraphs.iter().map(|text| (*text).to_owned()).collect() }
}

pub async fn help(visit: Visit) -> PageResult {
    let w = visit.w;
    let sections = vec![
        section(w.help_what_title(), &[w.help_what_text()]),
        section(w.help_otp_title(), &[w.help_otp_text(), w.help_otp_contact()]),
        section(w.help_locked_title(), &[w.help_locked_text()]),
        section(w.help_api_title(), &[w.help_api_text()]),
    ];
    let links =
        vec![(paths::HELP_PASSWORDS, w.help_passwords_title()), (paths::HELP_ERROR_CODES, w.help_codes_title())];
    send_with_links(&visit, w.help_title(), sections, links)
}

pub async fn help_passwords(visit: Visit) -> PageResult {
    let w = visit.w;
    let sections = vec![
        section(w.help_passwords_tell_title(), &[w.help_passwords_tell_text()]),
        section(w.help_passwords_account_title(), &[w.help_passwords_account_what(), w.help_passwords_account_lost()]),
        section(w.help_passwords_api_title(), &[w.help_passwords_api_what(), w.help_passwords_api_lost()]),
        section(w.help_passwords_gst_title(), &[w.help_passwords_gst_what(), w.help_passwords_gst_lost()]),
        section(w.help_passwords_secret_title(), &[w.help_passwords_secret_what(), w.help_passwords_secret_lost()]),
    ];
    let links = vec![(paths::HELP_ERROR_CODES, w.help_codes_title())];
    send_with_links(&visit, w.help_passwords_title(), sections, links)
}

pub async fn accessibility(visit: Visit) -> PageResult {
    let w = visit.w;
    send(&visit, w.accessibility_title(), vec![section("", &[w.accessibility_text(), w.accessibility_report()])])
}

pub async fn privacy(visit: Visit) -> PageResult {
    let w = visit.w;
    send(&visit, w.privacy_title(), vec![section("", &[w.privacy_kept(), w.privacy_cookies(), w.privacy_messages()])])
}

pub async fn terms(visit: Visit) -> PageResult {
    let w = visit.w;
    send(&visit, w.terms_title(), vec![section("", &[w.terms_use(), w.terms_not_government()])])
}

pub async fn contact(visit: Visit) -> PageResult {
    let w = visit.w;
    let mut paragraphs = vec![operator(w, &visit.kit.settings)];
    paragraphs.push(w.contact_never_tell().to_owned());
    send(&visit, w.contact_title(), vec![Section { heading: "", paragraphs }])
}

fn operator(w: Words, settings: &Settings) -> String {
    let name = if settings.operator_name.is_empty() { &settings.brand } else { &settings.operator_name };
    match settings.operator_contact.is_empty() {
        true => w.contact_none().name(name).to_string(),
        false => w.contact_text().name(name).contact(&settings.operator_contact).to_string(),
    }
}

fn send(visit: &Visit, heading: &'static str, sections: Vec<Section>) -> PageResult {
    send_with_links(visit, heading, sections, Vec::new())
}

fn send_with_links(
    visit: &Visit,
    heading: &'static str,
    sections: Vec<Section>,
    links: Vec<(&'static str, &'static str)>,
) -> PageResult {
    page::ok(&TextPage { w: visit.w, frame: visit.frame(heading), heading, sections, links })
}

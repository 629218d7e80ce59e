//! `/workspace/settings/api-credentials`: what the workspace has saved, the passwords masked, each with its state in
//! words.

use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::choices_after;
use crate::kernel::clock::Moment;
use crate::kernel::portal::Portal;
use crate::store::saved_credentials::{self, Summary};
use crate::store::workspace_gstins::{self, Named};
use crate::store::{self, Connection, accounts};
use crate::web::form::Choice;
use crate::web::page::{self, Frame, PageResult, Visit};
use crate::web::paths;
use crate::words::Words;
use crate::workspace::{Member, ToSee};

/// Rows on one page.
const PER_PAGE: usize = 50;

/// GSTINs up to which one is chosen from a list; more are looked for by text.
const MOST_CHOICES: usize = 20;

/// Characters of a text that is looked for; a name is no longer.
const LONGEST_TEXT: usize = 100;

#[derive(Template)]
#[template(path = "workspace/api_credentials/index.html")]
struct IndexPage {
    w: Words,
    frame: Frame,
    may_change: bool,
    any_gstin: bool,
    any_saved: bool,
    /// Empty when the filter is a text.
    gstins: Vec<Choice>,
    filter: Filter,
    /// The GSTIN that the filter names and nothing is saved for.
    empty_gstin: Option<String>,
    rows: Vec<Row>,
    number: usize,
    pages: usize,
}

/// Saved credentials as the table shows them.
struct Row {
    gstin: String,
    name: String,
    api_username: String,
    status: Status,
    /// `21/11/2026 17:11`, IST.
    changed: String,
    change: String,
    test: String,
    remove: String,
}

/// How a copy stands: a word or two in a tag, and why.
struct Status {
    class: &'static str,
    text: String,
    because: Option<String>,
}

impl Status {
    fn of(w: Words, summary: &Summary, registered: bool) -> Self {
        let time = |seconds: i64| Moment::from_seconds(seconds).ist_date_time();
        let tested = summary.tested_at.map(time);
        match (summary.state.as_str(), tested) {
            _ if !registered => {
                Self { class: "warn", text: w.workspace_credentials_not_registered().to_owned(), because: None }
            }
            (saved_credentials::WORKING, Some(time)) => {
                Self { class: "ok", text: w.workspace_credentials_working().time(time).to_string(), because: None }
            }
            (saved_credentials::NOT_WORKING, tested) => {
                let changed = summary.stale_since.map(time);
                let because = match (changed, tested) {
                    (Some(time), _) => Some(w.workspace_credentials_because_changed().time(time).to_string()),
                    (None, Some(time)) => Some(w.workspace_credentials_because_refused().time(time).to_string()),
                    (None, None) => None,
                };
                Self { class: "err", text: w.workspace_credentials_not_working().to_owned(), because }
            }
            _ => Self { class: "info", text: w.workspace_credentials_saved().to_owned(), because: None },
        }
    }
}

/// What the person wants to see.
struct Filter {
    gstin: String,
    text: String,
}

impl Filter {
    fn of(visit: &Visit) -> Self {
        let bounded = |name: &str| visit.query(name).trim().chars().take(LONGEST_TEXT).collect();
        Self { gstin: bounded("gstin"), text: bounded("q") }
    }

    fn is_set(&self) -> bool {
        !self.typed().is_empty()
    }

    fn typed(&self) -> &str {
        if self.gstin.is_empty() { &self.text } else { &self.gstin }
    }

    fn fits(&self, named: &Named) -> bool {
        let text = self.text.to_lowercase();
        let holds = |name: &str| name.to_lowercase().contains(&text);
        let names = [Some(&named.gstin), named.legal_name.as_ref(), named.trade_name.as_ref()];
        (self.gstin.is_empty() || named.gstin.eq_ignore_ascii_case(&self.gstin))
            && names.into_iter().flatten().any(|name| holds(name))
    }

    /// The same in an address.
    fn query(&self) -> String {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        format!("gstin={}&q={}", encode(&self.gstin), encode(&self.text))
    }
}

/// What the workspace has, narrowed down to a page.
struct Found {
    named: Vec<Named>,
    any_saved: bool,
    fitting: Vec<Named>,
    /// Of the wanted page.
    rows: Vec<(Named, Summary)>,
    registered: Vec<String>,
    number: usize,
    pages: usize,
}

/// GET.
pub async fn show(visit: Visit, member: Member<ToSee>) -> PageResult {
    super::replace::Replacement::drop_when_over(&visit);
    let filter = Filter::of(&visit);
    let wanted = visit.query("page").parse::<usize>().unwrap_or(1);
    let workspace = member.workspace.id.clone();
    let (found, filter) = visit.kit.store.read(move |c| Ok((find(c, &workspace, &filter, wanted)?, filter))).await?;
    let w = visit.w;
    let choices = found.named.len() <= MOST_CHOICES;
    let one = match found.fitting.as_slice() {
        [one] if found.rows.is_empty() => Some(one.gstin.clone()),
        _ => None,
    };
    page::ok(&IndexPage {
        w,
        frame: visit.frame(w.workspace_credentials_title()),
        may_change: member.role.may_change(),
        any_gstin: !found.named.is_empty(),
        any_saved: found.any_saved,
        gstins: match choices {
            true => choices_after(w.workspace_credentials_all(), &found.named, &filter.gstin),
            false => Vec::new(),
        },
        filter,
        empty_gstin: one,
        rows: found.rows.iter().map(|(named, summary)| row(w, named, summary, &found.registered)).collect(),
        number: found.number,
        pages: found.pages,
    })
}

fn find(c: &mut Connection, workspace: &str, filter: &Filter, wanted: usize) -> store::Result<Found> {
    let named = workspace_gstins::list_named(c, workspace)?;
    let summaries = saved_credentials::list_summaries(c, workspace)?;
    let any_saved = !summaries.is_empty();
    let fitting: Vec<Named> = named.iter().filter(|named| filter.fits(named)).cloned().collect();
    // Both lists are in the order of GSTINs.
    let mut names = fitting.iter().peekable();
    let mut all = Vec::with_capacity(summaries.len());
    for summary in summaries {
        while names.next_if(|named| named.gstin < summary.gstin).is_some() {}
        if let Some(named) = names.next_if(|named| named.gstin == summary.gstin) {
            all.push((named.clone(), summary));
        }
    }
    let pages = all.len().div_ceil(PER_PAGE).max(1);
    let number = wanted.clamp(1, pages);
    let rows: Vec<(Named, Summary)> = all.into_iter().skip((number - 1) * PER_PAGE).take(PER_PAGE).collect();
    let gstins: Vec<String> = rows.iter().map(|(named, _)| named.gstin.clone()).collect();
    let registered = accounts::list_gstins(c, Portal::Irp, &gstins)?;
    Ok(Found { named, any_saved, fitting, rows, registered, number, pages })
}

fn row(w: Words, named: &Named, summary: &Summary, registered: &[String]) -> Row {
    let gstin = &summary.gstin;
    Row {
        name: named.trade_name.clone().or_else(|| named.legal_name.clone()).unwrap_or_default(),
        api_username: summary.api_username.clone(),
        status: Status::of(w, summary, registered.contains(gstin)),
        changed: Moment::from_seconds(summary.changed_at).ist_date_time(),
        change: paths::workspace_clearirp_for(gstin),
        test: paths::workspace_credentials_test(gstin),
        remove: paths::workspace_credentials_remove(gstin),
        gstin: gstin.clone(),
    }
}

//! `/workspace/settings/api-credentials/…`: the workspace's copies of API credentials: listed masked, added, tested,
//! replaced and removed.

pub mod clearirp;
pub mod index;
pub mod register;
pub mod remove;
pub mod replace;
pub mod test;

use super::Member;
use crate::kernel::clock::MINUTE;
use crate::kernel::taxpayer::state_name;
use crate::store::counters::Budget;
use crate::store::events::Event;
use crate::store::workspace_gstins::{self, Named};
use crate::web::error::PageError;
use crate::web::form::Choice;
use crate::web::notice::{CredentialsTold, Notice};
use crate::web::page::Visit;
use crate::web::{paths, throttle};

/// The GSTINs of the workspace after a line that stands for none of them; empty when it has none.
async fn gstin_choices(visit: &Visit, workspace: &str, chosen: &str) -> Result<Vec<Choice>, PageError> {
    let workspace = workspace.to_owned();
    let named = visit.kit.store.read(move |c| workspace_gstins::list_named(c, &workspace)).await?;
    Ok(match named.is_empty() {
        true => Vec::new(),
        false => choices_after(visit.w.workspace_credentials_select_gstin(), &named, chosen),
    })
}

fn choices_after(first: &str, named: &[Named], chosen: &str) -> Vec<Choice> {
    let all = named.iter().map(|named| (named.gstin.clone(), label(named)));
    Choice::list(std::iter::once((String::new(), first.to_owned())).chain(all), chosen)
}

/// `29ABCDE1234F1ZW – Acme Traders, Karnataka`: a number alone tells two of them apart badly.
fn label(named: &Named) -> String {
    let name = named.trade_name.as_deref().or(named.legal_name.as_deref());
    let state = named.gstin.get(..2).and_then(state_name);
    let known: Vec<&str> = [name, state].into_iter().flatten().collect();
    match known.is_empty() {
        true => named.gstin.clone(),
        false => format!("{} – {}", named.gstin, known.join(", ")),
    }
}

/// Each test costs a password hash, so one person's are counted before.
async fn count_test<R>(visit: &Visit, member: &Member<R>) -> Result<(), PageError> {
    let max = visit.kit.settings.limits.credential_tests_per_minute;
    let key = format!("credentials/tests/{}", member.account.id);
    throttle::spend(visit, Budget::new(key, max, MINUTE)).await
}

/// An act on the credentials that the workspace keeps for that GSTIN.
fn event<R>(visit: &Visit, member: &Member<R>, action: &str, outcome: &str, gstin: &str) -> Event {
    let detail = serde_json::json!({ "workspace": member.workspace.id });
    visit.event(action, outcome, Some(gstin)).with_detail(&detail)
}

fn tell(visit: &Visit, gstin: &str, told: CredentialsTold) {
    visit.visitor.set_notice(&Notice::Credentials { gstin: gstin.to_owned(), told });
}

/// The GSTIN in an address that ends with `what`. It names a row only together with the workspace of the session.
fn gstin_in(visit: &Visit, what: &str) -> Result<String, PageError> {
    let below = visit.path().strip_prefix(paths::WORKSPACE_API_CREDENTIALS).and_then(|rest| rest.strip_prefix('/'));
    let gstin = below.and_then(|rest| rest.strip_suffix(what)).and_then(|rest| rest.strip_suffix('/'));
    gstin.map(str::to_owned).ok_or(PageError::NotFound)
}

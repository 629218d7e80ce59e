//! GET `/eivital/v1.04/Master/gstin/{gstin}` and `/Master/syncgstin/{gstin}`: what the register knows of a GSTIN,
//! encrypted under the session key. Both read the same register here.

use std::sync::Arc;

use actix_web::http::header::HeaderMap;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Fault, Version, success};
use crate::accounts::any_gstin;
use crate::kernel::clock::Moment;
use crate::kernel::door::Door;
use crate::kernel::gstin::Gstin;
use crate::kernel::irp_code::IrpCode;
use crate::kernel::taxpayer::{Status, Taxpayer, TaxpayerType};
use crate::machine::Machine;
use crate::machine::caller::{SentKey, header, identify};
use crate::machine::fault::answer;
use crate::machine::tokens::{self, session_key};
use crate::store::tokens::Token;
use crate::store::{self, Connection, taxpayers};
use crate::web::error::PageError;
use crate::web::page::Visit;

/// GET.
pub async fn show(request: HttpRequest, asked: web::Path<String>, machine: web::Data<Machine>) -> HttpResponse {
    answer(&request, look_up(&request, &asked, &machine).await)
}

async fn look_up(request: &HttpRequest, typed: &str, machine: &Arc<Machine>) -> Result<Value, Fault> {
    let visit = Visit::of(request)?;
    let key = SentKey::of(request.headers(), visit.kit.settings.machine_keys)?;
    let session = SentSession::of(request.headers())?;
    let asked = any_gstin(typed).ok();
    let (wanted, now) = (asked.clone(), visit.now);
    // One read for all of it: most calls of software are this one.
    let found = visit.kit.store.read(move |c| {
        let caller = identify(c, key.as_ref())?;
        let session = caller.as_ref().ok().map(|caller| session.find(c, &caller.client_id, now)).transpose()?.flatten();
        let own_status = session.as_ref().map(|token| taxpayers::status_of(c, &token.gstin)).transpose()?.flatten();
        let find = |gstin: Gstin| taxpayers::find_without_contacts(c, gstin.as_str());
        let taxpayer = wanted.filter(|_| session.is_some()).map(find).transpose()?.flatten();
        Ok((caller, session, own_status, taxpayer))
    });
    let (caller, session, own_status, taxpayer) = found.await?;
    machine.count(&visit, caller).await?;
    let token = session.ok_or(IrpCode::InvalidToken)?;
    if own_status.is_some_and(|status| matches!(status, Status::Inactive | Status::Cancelled)) {
        return Err(about(IrpCode::InactiveGstin, &token.gstin, "is inactive or cancelled"));
    }
    let (asked, taxpayer) = asked.zip(taxpayer).ok_or_else(|| not_found(typed))?;
    let key = session_key(&visit.kit.keys, &token).ok_or_else(|| PageError::internal("the key of a token is gone"))?;
    let object = object(&asked, &taxpayer, Version::of_path(request.path()));
    Ok(success(key.seal(object.to_string().as_bytes())))
}

/// A test number that only the register knows may fail the check character; any other that fails it is none.
fn not_found(typed: &str) -> Fault {
    match Gstin::parse(typed) {
        Ok(_) => IrpCode::NotAvailable.into(),
        Err(_) => about(IrpCode::InvalidGstin, &typed.chars().take(15).collect::<String>(), "is invalid"),
    }
}

/// Clients read the GSTIN in the 15 characters after the hyphen.
fn about(code: IrpCode, gstin: &str, what: &str) -> Fault {
    Fault::new(code, format!("GSTIN -{gstin} {what}"))
}

/// The session as the headers claim it.
struct SentSession {
    gstin: String,
    username: String,
    token: Zeroizing<String>,
}

impl SentSession {
    fn of(headers: &HeaderMap) -> Result<Self, IrpCode> {
        let gstin = header(headers, "gstin").ok_or(IrpCode::GstinMissing)?;
        let username = header(headers, "username").ok_or(IrpCode::UserNameMissing)?;
        let token = header(headers, "authtoken").ok_or(IrpCode::InvalidToken)?;
        Ok(Self { gstin, username, token: Zeroizing::new(token) })
    }

    /// The token, when it works and belongs to everything else that was sent.
    fn find(&self, c: &mut Connection, client_id: &str, now: Moment) -> store::Result<Option<Token>> {
        let token = tokens::find_open(c, &self.token, now)?;
        Ok(token.filter(|token| {
            token.door() == Door::Irp
                && token.client_id == client_id
                && token.username.eq_ignore_ascii_case(&self.username)
                && any_gstin(&self.gstin).is_ok_and(|gstin| gstin.as_str() == token.gstin)
        }))
    }
}

/// The object of the documents. What the register does not know is an empty text, or null where a text does not fit.
fn object(gstin: &Gstin, taxpayer: &Taxpayer, version: Version) -> Value {
    let place = &taxpayer.principal_place;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let number = |text: &str| text.parse::<u32>().ok();
    let locality = [&place.locality, &place.city].map(|part| part.as_deref().unwrap_or_default());
    let locality: Vec<&str> = locality.into_iter().filter(|part| !part.is_empty()).collect();
    let mut object = json!({
        "Gstin": gstin.as_str(),
        "TradeName": text(&taxpayer.trade_name),
        "LegalName": taxpayer.legal_name,
        "AddrBnm": text(&place.building),
        "AddrBno": "",
        "AddrFlno": "",
        "AddrSt": text(&place.street),
        "AddrLoc": locality.join(", "),
        "StateCode": number(gstin.state_code()),
        "AddrPncd": place.pincode.as_deref().and_then(number),
        "TxpType": taxpayer.taxpayer_type.map(type_code),
        "Status": taxpayer.status.map(status_code),
        // Whether e-way bills are blocked for returns not filed: the register does not say.
        "BlkStatus": null,
    });
    if let (Version::V1_04, Value::Object(fields)) = (version, &mut object) {
        let date = |date: Option<NaiveDate>| Value::from(date.map(|date| date.format("%Y-%m-%d").to_string()));
        fields.insert("DtReg".to_owned(), date(taxpayer.registered_on));
        fields.insert("DtDReg".to_owned(), date(taxpayer.cancelled_on));
    }
    object
}

/// `ACT`, `CNL`, `INA` and `PRO` are documented; `SUS` was seen in clients.
const fn status_code(status: Status) -> &'static str {
    match status {
        Status::Active | Status::ActivePendingVerification => "ACT",
        Status::Inactive => "INA",
        Status::Suspended => "SUS",
        Status::Cancelled => "CNL",
        Status::Provisional => "PRO",
    }
}

/// Only `REG` is documented; the others are ours, in its manner.
const fn type_code(of_type: TaxpayerType) -> &'static str {
    match of_type {
        TaxpayerType::Regular => "REG",
        TaxpayerType::Composition => "COM",
        TaxpayerType::InputServiceDistributor => "ISD",
        TaxpayerType::SezUnit => "SEZ",
        TaxpayerType::SezDeveloper => "SED",
        TaxpayerType::TaxDeductor => "TDS",
        TaxpayerType::TaxCollector => "TCS",
        TaxpayerType::UnitedNationBody => "UNB",
        TaxpayerType::Embassy => "EMB",
        TaxpayerType::NonResidentTaxablePerson => "NRT",
        TaxpayerType::NonResidentOnlineServicesProvider => "OID",
        TaxpayerType::Casual => "CAS",
        TaxpayerType::Temporary => "TMP",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_code_stands_for_two_types() {
        let codes: HashSet<_> = TaxpayerType::ALL.iter().map(|of_type| type_code(*of_type)).collect();
        assert_eq!(codes.len(), TaxpayerType::ALL.len());
    }
}

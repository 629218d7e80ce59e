//! The taxpayer register: what the GST system knows of each GSTIN, as the operator imported it.

use chrono::NaiveDate;
use diesel::prelude::*;

use super::schema::{taxpayer_contacts, taxpayers};
use super::{Connection, Result, StoreError, list_from_text, list_to_text, on_any};
use crate::kernel::clock::Moment;
use crate::kernel::contact::{Email, Mobile};
use crate::kernel::gstin::Gstin;
use crate::kernel::taxpayer::{Address, Constitution, STATES, Status, Taxpayer, TaxpayerType};

/// Where a row came from. The sample of demo mode never replaces a row, and production refuses to start beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Import,
    Sample,
}

impl Source {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Sample => "sample",
        }
    }
}

const EMAIL: &str = "email";
const MOBILE: &str = "mobile";

/// GSTINs asked about in one statement; both databases take thousands of values.
const ROWS_PER_STATEMENT: usize = 500;

#[derive(Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = taxpayers, treat_none_as_null = true)]
struct Row {
    gstin: String,
    legal_name: String,
    trade_name: Option<String>,
    constitution: Option<String>,
    taxpayer_type: Option<String>,
    status: Option<String>,
    registered_on: Option<String>,
    cancelled_on: Option<String>,
    centre_jurisdiction: Option<String>,
    state_jurisdiction: Option<String>,
    building: Option<String>,
    street: Option<String>,
    locality: Option<String>,
    city: Option<String>,
    district: Option<String>,
    state_code: Option<String>,
    pincode: Option<String>,
    einvoice_enabled: Option<bool>,
    sandbox: bool,
    people: String,
    activities: String,
    other_places: String,
    compliance_rating: Option<String>,
    source: String,
    imported_at: i64,
}

#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = taxpayer_contacts)]
struct ContactRow {
    gstin: String,
    kind: String,
    position: i32,
    value: String,
}

/// The register's entry for that GSTIN, with its contacts in the order of the file.
pub fn find(c: &mut Connection, gstin: &str) -> Result<Option<Taxpayer>> {
    let Some(row) = find_row(c, gstin)? else { return Ok(None) };
    let contacts: Vec<ContactRow> = on_any!(c, |c| {
        taxpayer_contacts::table
            .filter(taxpayer_contacts::gstin.eq(gstin))
            .order((taxpayer_contacts::kind.asc(), taxpayer_contacts::position.asc()))
            .select(ContactRow::as_select())
            .load(c)
    })?;
    from_rows(row, contacts).map(Some)
}

/// The same without its contacts: half the work, for whoever does not write to anybody.
pub fn find_without_contacts(c: &mut Connection, gstin: &str) -> Result<Option<Taxpayer>> {
    find_row(c, gstin)?.map(|row| from_rows(row, Vec::new())).transpose()
}

fn find_row(c: &mut Connection, gstin: &str) -> Result<Option<Row>> {
    Ok(on_any!(c, |c| {
        taxpayers::table.filter(taxpayers::gstin.eq(gstin)).select(Row::as_select()).get_result(c).optional()
    })?)
}

/// The status of that registration; `None` when the register does not have it or does not say.
pub fn status_of(c: &mut Connection, gstin: &str) -> Result<Option<Status>> {
    let word: Option<Option<String>> = on_any!(c, |c| {
        taxpayers::table.filter(taxpayers::gstin.eq(gstin)).select(taxpayers::status).get_result(c).optional()
    })?;
    Ok(word.flatten().and_then(|word| Status::parse(&word)))
}

/// A registration as a list shows it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = taxpayers)]
pub struct Registration {
    pub gstin: String,
    pub legal_name: String,
    pub trade_name: Option<String>,
    pub status: Option<String>,
}

/// The registrations under one PAN, in the order of GSTINs. A GSTIN begins with the state and goes on with the PAN, so
/// each state is one short walk along the primary key.
pub fn list_by_pan(c: &mut Connection, pan: &str) -> Result<Vec<Registration>> {
    let mut found = Vec::new();
    for (state, _) in STATES {
        // Digits before letters and Z last: so sort SQLite, C and ICU's root collation.
        let (from, to) = (format!("{state}{pan}000"), format!("{state}{pan}ZZZ"));
        let of_state: Vec<Registration> = on_any!(c, |c| {
            taxpayers::table
                .filter(taxpayers::gstin.between(&from, &to))
                .order(taxpayers::gstin.asc())
                .select(Registration::as_select())
                .load(c)
        })?;
        found.extend(of_state);
    }
    Ok(found)
}

/// Which of these GSTINs the register marks as `sandbox`.
pub fn list_sandbox(c: &mut Connection, gstins: &[String]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for chunk in gstins.chunks(ROWS_PER_STATEMENT) {
        let marked: Vec<String> = on_any!(c, |c| {
            taxpayers::table
                .filter(taxpayers::gstin.eq_any(chunk))
                .filter(taxpayers::sandbox.eq(true))
                .select(taxpayers::gstin)
                .load(c)
        })?;
        found.extend(marked);
    }
    Ok(found)
}

/// Every entry of the sample register, in the order of GSTINs.
pub fn list_samples(c: &mut Connection) -> Result<Vec<Taxpayer>> {
    let gstins: Vec<String> = on_any!(c, |c| {
        taxpayers::table.filter(is_sample()).order(taxpayers::gstin.asc()).select(taxpayers::gstin).load(c)
    })?;
    let mut samples = Vec::with_capacity(gstins.len());
    for gstin in gstins {
        samples.extend(find(c, &gstin)?);
    }
    Ok(samples)
}

/// Written out, because an index on part of a table serves only the very condition that it was made with.
fn is_sample() -> diesel::expression::SqlLiteral<diesel::sql_types::Bool> {
    diesel::dsl::sql("source = 'sample'")
}

/// Whether the register holds sample data.
pub fn has_samples(c: &mut Connection) -> Result<bool> {
    Ok(on_any!(c, |c| {
        let samples = taxpayers::table.filter(is_sample());
        diesel::select(diesel::dsl::exists(samples)).get_result(c)
    })?)
}

/// Inserts or replaces a batch. Of two entries with one GSTIN in it the later stands. A sample entry goes only where
/// none stands.
pub fn upsert(c: &mut Connection, batch: &[Taxpayer], source: Source, now: Moment) -> Result<()> {
    for chunk in without_repeats(batch).chunks(ROWS_PER_STATEMENT) {
        let fresh: Vec<&Taxpayer> = match source {
            Source::Import => chunk.to_vec(),
            Source::Sample => without_known(c, chunk)?,
        };
        let rows: Vec<Row> = fresh.iter().map(|taxpayer| to_row(taxpayer, source, now)).collect();
        upsert_rows(c, rows)?;
        replace_contacts(c, &fresh)?;
    }
    Ok(())
}

fn without_repeats(batch: &[Taxpayer]) -> Vec<&Taxpayer> {
    let mut later = std::collections::HashSet::new();
    let mut kept: Vec<&Taxpayer> =
        batch.iter().rev().filter(|taxpayer| later.insert(taxpayer.gstin.as_str())).collect();
    kept.reverse();
    kept
}

fn without_known<'a>(c: &mut Connection, chunk: &[&'a Taxpayer]) -> Result<Vec<&'a Taxpayer>> {
    let gstins: Vec<&str> = chunk.iter().map(|taxpayer| taxpayer.gstin.as_str()).collect();
    let known: Vec<String> =
        on_any!(c, |c| { taxpayers::table.filter(taxpayers::gstin.eq_any(&gstins)).select(taxpayers::gstin).load(c) })?;
    Ok(chunk.iter().copied().filter(|taxpayer| !known.iter().any(|gstin| gstin == taxpayer.gstin.as_str())).collect())
}

fn upsert_rows(c: &mut Connection, rows: Vec<Row>) -> Result<()> {
    for row in rows {
        on_any!(c, |c| {
            diesel::insert_into(taxpayers::table)
                .values(row.clone())
                .on_conflict(taxpayers::gstin)
                .do_update()
                .set(row.clone())
                .execute(c)
        })?;
    }
    Ok(())
}

fn replace_contacts(c: &mut Connection, batch: &[&Taxpayer]) -> Result<()> {
    for taxpayer in batch {
        on_any!(c, |c| {
            let old = taxpayer_contacts::table.filter(taxpayer_contacts::gstin.eq(taxpayer.gstin.as_str()));
            diesel::delete(old).execute(c)
        })?;
        for contact in to_contacts(taxpayer) {
            on_any!(c, |c| diesel::insert_into(taxpayer_contacts::table).values(contact.clone()).execute(c))?;
        }
    }
    Ok(())
}

fn to_contacts(taxpayer: &Taxpayer) -> impl Iterator<Item = ContactRow> {
    let contact = |kind: &str, position: usize, value: &str| ContactRow {
        gstin: taxpayer.gstin.as_str().to_owned(),
        kind: kind.to_owned(),
        position: i32::try_from(position).unwrap_or(i32::MAX),
        value: value.to_owned(),
    };
    let emails = taxpayer.emails.iter().enumerate().map(move |(at, email)| contact(EMAIL, at, email.as_str()));
    let mobiles = taxpayer.mobiles.iter().enumerate().map(move |(at, mobile)| contact(MOBILE, at, mobile.as_str()));
    emails.chain(mobiles)
}

fn to_row(taxpayer: &Taxpayer, source: Source, now: Moment) -> Row {
    let place = taxpayer.principal_place.clone();
    Row {
        gstin: taxpayer.gstin.as_str().to_owned(),
        legal_name: taxpayer.legal_name.clone(),
        trade_name: taxpayer.trade_name.clone(),
        constitution: taxpayer.constitution.map(|word| word.as_str().to_owned()),
        taxpayer_type: taxpayer.taxpayer_type.map(|word| word.as_str().to_owned()),
        status: taxpayer.status.map(|word| word.as_str().to_owned()),
        registered_on: taxpayer.registered_on.map(|date| date.to_string()),
        cancelled_on: taxpayer.cancelled_on.map(|date| date.to_string()),
        centre_jurisdiction: taxpayer.centre_jurisdiction.clone(),
        state_jurisdiction: taxpayer.state_jurisdiction.clone(),
        building: place.building,
        street: place.street,
        locality: place.locality,
        city: place.city,
        district: place.district,
        state_code: place.state_code,
        pincode: place.pincode,
        einvoice_enabled: taxpayer.einvoice_enabled,
        sandbox: taxpayer.sandbox,
        people: list_to_text(&taxpayer.people),
        activities: list_to_text(&taxpayer.activities),
        other_places: list_to_text(&taxpayer.other_places),
        compliance_rating: taxpayer.compliance_rating.clone(),
        source: source.as_str().to_owned(),
        imported_at: now.seconds(),
    }
}

fn from_rows(row: Row, contacts: Vec<ContactRow>) -> Result<Taxpayer> {
    let damaged = |column: &str| StoreError::Damaged(format!("taxpayers.{column} of {}", row.gstin));
    let mut emails = Vec::new();
    let mut mobiles = Vec::new();
    for contact in contacts {
        match contact.kind.as_str() {
            EMAIL => emails.push(Email::parse(&contact.value).map_err(|_| damaged("emails"))?),
            _ => mobiles.push(Mobile::parse(&contact.value).map_err(|_| damaged("mobiles"))?),
        }
    }
    Ok(Taxpayer {
        gstin: Gstin::parse_sandbox(&row.gstin).map_err(|_| damaged("gstin"))?,
        constitution: word(row.constitution.as_deref(), Constitution::parse).ok_or_else(|| damaged("constitution"))?,
        taxpayer_type: word(row.taxpayer_type.as_deref(), TaxpayerType::parse)
            .ok_or_else(|| damaged("taxpayer_type"))?,
        status: word(row.status.as_deref(), Status::parse).ok_or_else(|| damaged("status"))?,
        registered_on: word(row.registered_on.as_deref(), date).ok_or_else(|| damaged("registered_on"))?,
        cancelled_on: word(row.cancelled_on.as_deref(), date).ok_or_else(|| damaged("cancelled_on"))?,
        people: list_from_text(&row.people)?,
        activities: list_from_text(&row.activities)?,
        other_places: list_from_text(&row.other_places)?,
        legal_name: row.legal_name,
        trade_name: row.trade_name,
        centre_jurisdiction: row.centre_jurisdiction,
        state_jurisdiction: row.state_jurisdiction,
        principal_place: Address {
            building: row.building,
            street: row.street,
            locality: row.locality,
            city: row.city,
            district: row.district,
            state_code: row.state_code,
            pincode: row.pincode,
        },
        emails,
        mobiles,
        einvoice_enabled: row.einvoice_enabled,
        sandbox: row.sandbox,
        compliance_rating: row.compliance_rating,
    })
}

/// An empty column is `Some(None)`: not known. `None` is a word the column should not hold.
fn word<T>(text: Option<&str>, parse: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    match text {
        None => Some(None),
        Some(text) => parse(text).map(Some),
    }
}

fn date(text: &str) -> Option<NaiveDate> {
    text.parse().ok()
}

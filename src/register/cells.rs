//! One row's cells become a taxpayer, or the list of everything that is wrong with them.

use std::borrow::Cow;

use chrono::NaiveDate;
use csv::ByteRecord;

use super::columns::Column;
use crate::kernel::contact::{Email, Mobile};
use crate::kernel::gstin::{Gstin, GstinError};
use crate::kernel::name::hides_or_turns;
use crate::kernel::taxpayer::{Address, Constitution, Status, Taxpayer, TaxpayerType, state_name};

/// The longest cell, in bytes of its text.
pub(super) const MAX_CELL_BYTES: usize = 4_096;
const MAX_LIST_ENTRIES: usize = 100;

/// One thing wrong with a row. Shown, it is a sentence that starts with the column:
/// `gstin: the last character does not match the others`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", .column.map_or(String::new(), |column| format!("{}: ", column.name())))]
pub struct Fault {
    /// The column it is about; `None` when the row as a whole is wrong.
    pub column: Option<Column>,
    pub(super) problem: Problem,
}

/// A sentence about a cell or row.
pub(super) type Problem = Cow<'static, str>;
type Parsed<T> = Result<T, Problem>;

const EMPTY: Problem = Cow::Borrowed("this cell is empty, and every row needs it");
const BAD_CHARACTER: Problem = Cow::Borrowed(
    "this cell has a character that cannot be shown, such as NUL, or one that hides or turns the direction of the text",
);

/// Reads the cells of `record`; `places` says where in it each of [`Column::ALL`] stands.
pub(super) fn read_cells(record: &ByteRecord, places: &[usize]) -> Result<Taxpayer, Vec<Fault>> {
    let mut cells = Cells { record, places, faults: Vec::new() };
    match cells.taxpayer() {
        Some(taxpayer) if cells.faults.is_empty() => Ok(taxpayer),
        _ => Err(cells.faults),
    }
}

/// The cells of one row while it is read; gathers all its faults.
struct Cells<'a> {
    record: &'a ByteRecord,
    places: &'a [usize],
    faults: Vec<Fault>,
}

impl Cells<'_> {
    /// `None` only together with a fault.
    fn taxpayer(&mut self) -> Option<Taxpayer> {
        let sandbox = self.cell(Column::Sandbox, yes_or_no).unwrap_or(false);
        let gstin = self.required(Column::Gstin, |raw| gstin(&raw, sandbox));
        let legal_name = self.required(Column::LegalName, Ok);
        Some(Taxpayer {
            trade_name: self.cell(Column::TradeName, Ok),
            constitution: self.cell(Column::Constitution, one_of(Constitution::ALL, Constitution::as_str)),
            taxpayer_type: self.cell(Column::TaxpayerType, one_of(TaxpayerType::ALL, TaxpayerType::as_str)),
            status: self.cell(Column::Status, one_of(Status::ALL, Status::as_str)),
            registered_on: self.cell(Column::RegisteredOn, date),
            cancelled_on: self.cell(Column::CancelledOn, date),
            centre_jurisdiction: self.cell(Column::CentreJurisdiction, Ok),
            state_jurisdiction: self.cell(Column::StateJurisdiction, Ok),
            principal_place: Address {
                building: self.cell(Column::Building, Ok),
                street: self.cell(Column::Street, Ok),
                locality: self.cell(Column::Locality, Ok),
                city: self.cell(Column::City, Ok),
                district: self.cell(Column::District, Ok),
                state_code: self.cell(Column::StateCode, state_code),
                pincode: self.cell(Column::Pincode, pincode),
            },
            emails: self.list(Column::Emails, |list| contacts(list, Email::parse, "an email address")),
            mobiles: self.list(Column::Mobiles, |list| contacts(list, Mobile::parse, "a mobile number of 10 digits")),
            einvoice_enabled: self.cell(Column::EinvoiceEnabled, yes_or_no),
            sandbox,
            people: self.list(Column::People, Ok),
            activities: self.list(Column::Activities, Ok),
            other_places: self.list(Column::OtherPlaces, Ok),
            compliance_rating: self.cell(Column::ComplianceRating, Ok),
            // Last, because these two end the reading: the faults of all the other cells are known by now.
            gstin: gstin?,
            legal_name: legal_name?,
        })
    }

    /// What a cell says; `None` when nothing stands in it, and when it has a fault.
    fn cell<T>(&mut self, column: Column, parse: impl FnOnce(String) -> Parsed<T>) -> Option<T> {
        let cell = self.record.get(*self.places.get(column as usize)?)?;
        let found = readable(cell).and_then(|text| one_line(text).map(parse).transpose());
        found.map_err(|problem| self.faults.push(Fault { column: Some(column), problem })).ok().flatten()
    }

    fn required<T>(&mut self, column: Column, parse: impl FnOnce(String) -> Parsed<T>) -> Option<T> {
        let faults = self.faults.len();
        let value = self.cell(column, parse);
        if value.is_none() && self.faults.len() == faults {
            self.faults.push(Fault { column: Some(column), problem: EMPTY });
        }
        value
    }

    /// The entries between the semicolons, empty ones left out.
    fn list<T>(&mut self, column: Column, parse: fn(Vec<String>) -> Parsed<Vec<T>>) -> Vec<T> {
        let list = self.cell(column, |raw| {
            let entries = raw.split(';').map(str::trim).filter(|entry| !entry.is_empty());
            match entries.clone().count() {
                0..=MAX_LIST_ENTRIES => parse(entries.map(str::to_owned).collect()),
                many => Err(format!("this list has {many} entries, more than {MAX_LIST_ENTRIES}").into()),
            }
        });
        list.unwrap_or_default()
    }
}

fn readable(cell: &[u8]) -> Parsed<&str> {
    if cell.len() > MAX_CELL_BYTES {
        return Err(format!("this cell has {} bytes, more than {MAX_CELL_BYTES}", cell.len()).into());
    }
    let text = std::str::from_utf8(cell).map_err(|_| "this cell is not UTF-8 text")?;
    if text.chars().any(is_bad_character) { Err(BAD_CHARACTER) } else { Ok(text) }
}

fn is_bad_character(c: char) -> bool {
    c.is_control() && !c.is_whitespace() || hides_or_turns(c)
}

/// Line ends, tabs and runs of blanks become one blank: names go into subject lines and address lines.
fn one_line(text: &str) -> Option<String> {
    let mut words = text.split_whitespace();
    let first = words.next()?.to_owned();
    Some(words.fold(first, |line, word| line + " " + word))
}

fn gstin(raw: &str, sandbox: bool) -> Parsed<Gstin> {
    let parsed = if sandbox { Gstin::parse_sandbox(raw) } else { Gstin::parse(raw) };
    parsed.map_err(|error| match error {
        GstinError::Empty => EMPTY,
        GstinError::Length(found) => format!("this has {found} characters instead of 15").into(),
        GstinError::Pattern => "this has the shape of no kind of GSTIN".into(),
        GstinError::State => "this does not start with a state code".into(),
        GstinError::CheckDigit => "the last character does not match the others".into(),
    })
}

fn one_of<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> impl Fn(String) -> Parsed<T> {
    let words = move || all.iter().map(|value| word(*value)).collect::<Vec<_>>().join(", ");
    let find = move |raw: &str| all.iter().find(|value| word(**value).eq_ignore_ascii_case(raw));
    move |raw| find(&raw).copied().ok_or_else(|| format!("this is none of: {}", words()).into())
}

/// `2017-07-01` and no other way of writing it.
fn date(raw: String) -> Parsed<NaiveDate> {
    let date = raw.parse().ok().filter(|date: &NaiveDate| date.to_string() == raw);
    date.ok_or("this is not a date like 2017-07-01".into())
}

fn yes_or_no(raw: String) -> Parsed<bool> {
    let yes = raw.eq_ignore_ascii_case("yes");
    let known = yes || raw.eq_ignore_ascii_case("no");
    known.then_some(yes).ok_or("this is neither yes nor no".into())
}

fn state_code(raw: String) -> Parsed<String> {
    state_name(&raw).is_some().then_some(raw).ok_or("this is not a state code of two digits, like 07".into())
}

/// Six digits, the first not 0; often written `560 001`.
fn pincode(raw: String) -> Parsed<String> {
    let digits = raw.replace(' ', "");
    let known = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
    known.then_some(digits).ok_or("this is not a PIN code of 6 digits".into())
}

/// A contact that is listed twice counts once: every registered one gets its copy of an OTP.
fn contacts<T: PartialEq, E>(list: Vec<String>, parse: fn(&str) -> Result<T, E>, what: &str) -> Parsed<Vec<T>> {
    let (mut contacts, mut wrong) = (Vec::new(), Vec::new());
    for (entry, raw) in (1..).zip(list) {
        match parse(&raw) {
            Ok(contact) if contacts.contains(&contact) => {}
            Ok(contact) => contacts.push(contact),
            Err(_) => wrong.push(format!("entry {entry} is not {what}")),
        }
    }
    if wrong.is_empty() { Ok(contacts) } else { Err(wrong.join(", ").into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::tests::{GSTIN, cells, file, read, said};

    fn outcome(changes: &[(Column, &str)]) -> Result<Taxpayer, String> {
        let mut rows = read(&file(&[cells(changes)]));
        assert_eq!(rows.len(), 1);
        let said = said(&rows[0]);
        rows.remove(0).outcome.map_err(|_| said)
    }

    #[test]
    fn a_full_row_becomes_a_taxpayer() {
        let taxpayer = outcome(&[
            (Column::TradeName, " Acme\n  Stores "),
            (Column::Constitution, "private limited company"),
            (Column::TaxpayerType, "SEZ Developer"),
            (Column::Status, "Active pending Verification"),
            (Column::RegisteredOn, "2017-07-01"),
            (Column::Pincode, "560 001"),
            (Column::Emails, "Billing@acme.example; accounts@acme.example;;billing@acme.example"),
            (Column::Mobiles, "9876543210;919876501234;+91 98765 43210"),
            (Column::EinvoiceEnabled, "YES"),
            (Column::People, "Asha Rao; Vikram Shetty"),
        ])
        .unwrap();
        assert_eq!(taxpayer.gstin.as_str(), GSTIN);
        assert_eq!(taxpayer.trade_name.as_deref(), Some("Acme Stores"));
        assert_eq!(taxpayer.constitution, Some(Constitution::PrivateLimitedCompany));
        assert_eq!(taxpayer.taxpayer_type, Some(TaxpayerType::SezDeveloper));
        assert_eq!(taxpayer.status, Some(Status::ActivePendingVerification));
        assert_eq!(taxpayer.registered_on, NaiveDate::from_ymd_opt(2017, 7, 1));
        assert_eq!(taxpayer.principal_place.pincode.as_deref(), Some("560001"));
        let emails: Vec<&str> = taxpayer.emails.iter().map(Email::as_str).collect();
        assert_eq!(emails, ["billing@acme.example", "accounts@acme.example"]);
        let mobiles: Vec<&str> = taxpayer.mobiles.iter().map(Mobile::as_str).collect();
        assert_eq!(mobiles, ["9876543210", "9876501234"]);
        assert_eq!(taxpayer.einvoice_enabled, Some(true));
        assert_eq!(taxpayer.people, ["Asha Rao", "Vikram Shetty"]);
    }

    #[test]
    fn every_fault_names_its_column() {
        for (column, text, sentence) in [
            (Column::Gstin, "29ABCDE1234F1ZX", "gstin: the last character does not match the others"),
            (Column::Gstin, "29ABCDE1234F1Z", "gstin: this has 14 characters instead of 15"),
            (Column::Gstin, "", "gstin: this cell is empty, and every row needs it"),
            (Column::Gstin, "-", "gstin: this cell is empty, and every row needs it"),
            (Column::Gstin, "29ABCDE1234F1?W", "gstin: this has the shape of no kind of GSTIN"),
            (Column::LegalName, " ", "legal_name: this cell is empty, and every row needs it"),
            (
                Column::Status,
                "Alive",
                "status: this is none of: Active, Active pending Verification, Inactive, Suspended, Cancelled, Provisional",
            ),
            (Column::RegisteredOn, "01/07/2017", "registered_on: this is not a date like 2017-07-01"),
            (Column::CancelledOn, "2017-02-30", "cancelled_on: this is not a date like 2017-07-01"),
            (Column::CancelledOn, "+2017-07-1", "cancelled_on: this is not a date like 2017-07-01"),
            (Column::CancelledOn, "-017-07-01", "cancelled_on: this is not a date like 2017-07-01"),
            (Column::Sandbox, "true", "sandbox: this is neither yes nor no"),
            (Column::StateCode, "7", "state_code: this is not a state code of two digits, like 07"),
            (Column::Pincode, "056001", "pincode: this is not a PIN code of 6 digits"),
            (Column::Emails, "a@example.in;b", "emails: entry 2 is not an email address"),
            (Column::Mobiles, "12345", "mobiles: entry 1 is not a mobile number of 10 digits"),
            (Column::TradeName, "Acme\0", &format!("trade_name: {BAD_CHARACTER}")),
            (Column::City, "\u{202E}erolagnaB", &format!("city: {BAD_CHARACTER}")),
        ] {
            assert_eq!(outcome(&[(column, text)]).unwrap_err(), sentence);
        }
    }

    #[test]
    fn all_faults_of_a_row_are_told_at_once() {
        let said = outcome(&[(Column::Gstin, "29"), (Column::Status, "?"), (Column::People, "\0")]).unwrap_err();
        assert_eq!(said.matches("; ").count(), 2, "{said}");
    }

    #[test]
    fn a_sandbox_row_may_fail_the_check_character() {
        let number = (Column::Gstin, "29ABCDE1234F001");
        assert!(outcome(&[number]).unwrap_err().starts_with("gstin: "));
        assert!(outcome(&[number, (Column::Sandbox, "Yes")]).unwrap().sandbox);
    }

    #[test]
    fn cells_and_lists_have_a_limit() {
        for (column, longest, sentence) in [
            (Column::TradeName, "é".repeat(2_048), "trade_name: this cell has 4098 bytes, more than 4096"),
            (Column::People, "A;".repeat(100), "people: this list has 101 entries, more than 100"),
        ] {
            assert!(outcome(&[(column, &longest)]).is_ok());
            assert_eq!(outcome(&[(column, &format!("{longest}é"))]).unwrap_err(), sentence);
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_cell_holds_it_is_one_line_that_is_seen(text in "[\\x00-\\x7f\u{80}-\u{2fff}]{0,40}") {
            if let Ok(text) = readable(text.as_bytes()) {
                let seen = one_line(text).unwrap_or_default();
                proptest::prop_assert!(!seen.contains(['\n', '\r', '\t', '\0']) && !seen.chars().any(hides_or_turns));
            }
        }
    }

    #[test]
    fn text_that_is_not_utf8_is_a_fault_of_its_cell() {
        let mut bytes = file(&[cells(&[(Column::City, "CITY")]), cells(&[])]);
        let place = bytes.windows(4).position(|window| window == b"CITY").unwrap();
        bytes[place] = 0xe9;
        assert_eq!(read(&bytes).iter().map(said).collect::<Vec<_>>(), ["city: this cell is not UTF-8 text", ""]);
    }
}

//! The register file that an operator imports (design.md 7): reading it row by row, and writing back the rows that
//! were refused. Knows nothing of the database.

mod cells;
mod columns;
mod rejects;
mod rows;

pub use cells::Fault;
pub use columns::{Column, HeaderError};
pub use rejects::{Rejects, rejects_path};
pub use rows::{Reader, Row};

/// The fictional register of demo mode, in the form this module reads.
pub const SAMPLE: &str = include_str!("sample.csv");

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::kernel::eligibility::{Ineligible, eligibility};
    use crate::kernel::gstin::GstinKind;
    use crate::kernel::taxpayer::{Constitution, Status, Taxpayer, TaxpayerType};

    pub const GSTIN: &str = "29ABCDE1234F1ZW";

    pub fn header() -> String {
        Column::ALL.iter().map(|column| column.name()).collect::<Vec<_>>().join(",")
    }

    /// A good row, with other text in some columns.
    pub fn cells(changes: &[(Column, &str)]) -> Vec<String> {
        let good = [(Column::Gstin, GSTIN), (Column::LegalName, "ACME PRIVATE LIMITED")];
        let text = |column: &Column| changes.iter().chain(&good).find(|(changed, _)| changed == column);
        Column::ALL.iter().map(|column| text(column).map_or("", |(_, text)| text).to_owned()).collect()
    }

    pub fn file(rows: &[Vec<String>]) -> Vec<u8> {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        writer.write_record(header().split(',')).unwrap();
        rows.iter().for_each(|row| writer.write_record(row).unwrap());
        writer.into_inner().unwrap()
    }

    pub fn read(bytes: &[u8]) -> Vec<Row> {
        Reader::open(bytes).unwrap().collect()
    }

    /// What is wrong with a row; empty when it is good.
    pub fn said(row: &Row) -> String {
        let faults = row.outcome.as_ref().err();
        faults.into_iter().flatten().map(Fault::to_string).collect::<Vec<_>>().join("; ")
    }

    /// Demo mode has a number for every screen; one that is not found is no row of it.
    #[test]
    fn the_sample_register_shows_everything_there_is() {
        use Ineligible::{Cancelled, Inactive, NotEnabled, Provisional, StatusUnknown, Suspended, TypeUnknown};
        let sample: Vec<Taxpayer> = read(SAMPLE.as_bytes()).into_iter().map(|row| row.outcome.unwrap()).collect();
        let numbers: HashSet<&str> = sample.iter().map(|taxpayer| taxpayer.gstin.as_str()).collect();
        assert_eq!(numbers.len(), sample.len(), "a number stands there twice");
        assert_eq!(sample.iter().filter(|taxpayer| taxpayer.sandbox).count(), 2);

        let shown = |what: &str, is_it: &dyn Fn(&Taxpayer) -> bool| assert!(sample.iter().any(is_it), "no {what}");
        Status::ALL.iter().for_each(|word| shown(word.as_str(), &|t| t.status == Some(*word)));
        Constitution::ALL.iter().for_each(|word| shown(word.as_str(), &|t| t.constitution == Some(*word)));
        TaxpayerType::ALL.iter().for_each(|word| shown(word.as_str(), &|t| t.taxpayer_type == Some(*word)));
        let kinds: HashSet<Option<GstinKind>> = sample.iter().map(|taxpayer| taxpayer.gstin.kind()).collect();
        assert_eq!(kinds.len(), 8, "seven kinds, and none at all for the sandbox");
        for reason in [Cancelled, Suspended, Inactive, Provisional, StatusUnknown, NotEnabled, TypeUnknown] {
            shown(&format!("{reason:?}"), &|taxpayer| eligibility(Some(taxpayer)) == Err(reason));
        }
        let may_register = [TaxpayerType::Regular, TaxpayerType::SezDeveloper];
        for exempt in TaxpayerType::ALL.iter().filter(|word| !may_register.contains(word)) {
            shown(exempt.as_str(), &|taxpayer| eligibility(Some(taxpayer)) == Err(Ineligible::Exempt(*exempt)));
        }
    }
}

//! The columns of the register file, and the check of its header row.

use csv::ByteRecord;

/// Makes the enum of columns, each with its name in the header row.
macro_rules! columns {
    ($($column:ident $name:literal,)+) => {
        /// A column of the register file, in the order of design.md 7.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Column {
            $(#[doc = concat!("`", $name, "`")] $column,)+
        }

        impl Column {
            /// Every column.
            pub const ALL: &[Self] = &[$(Self::$column),+];

            /// The name in the header row.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$column => $name,)+
                }
            }
        }
    };
}

columns! {
    Gstin "gstin", LegalName "legal_name", TradeName "trade_name", Constitution "constitution",
    TaxpayerType "taxpayer_type", Status "status", RegisteredOn "registered_on", CancelledOn "cancelled_on",
    CentreJurisdiction "centre_jurisdiction", StateJurisdiction "state_jurisdiction", Building "building",
    Street "street", Locality "locality", City "city", District "district", StateCode "state_code",
    Pincode "pincode", Emails "emails", Mobiles "mobiles", EinvoiceEnabled "einvoice_enabled", Sandbox "sandbox",
    People "people", Activities "activities", OtherPlaces "other_places", ComplianceRating "compliance_rating",
}

/// The column that the file of refused rows has besides. Such a file may be imported again: it is not read.
pub(super) const REASON: &str = "reason";

/// Why a file is no register file, as a sentence. Nothing of it was read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HeaderError(pub(super) String);

/// Where each of [`Column::ALL`] stands in the header, which has every column once, in any order, and no other.
pub(super) fn find_columns(header: &ByteRecord) -> Result<Vec<usize>, HeaderError> {
    let names: Result<Vec<&str>, _> = header.iter().map(std::str::from_utf8).collect();
    let names = names.map_err(|_| HeaderError("the header row is not UTF-8 text".to_owned()))?;
    let place = |name: &str| names.iter().position(|other| *other == name);
    for (at, name) in names.iter().enumerate() {
        if *name != REASON && Column::ALL.iter().all(|column| column.name() != *name) {
            return Err(unknown(name));
        }
        if place(name) != Some(at) {
            return Err(HeaderError(format!("the header row has the column {name} twice")));
        }
    }
    let missing = Column::ALL.iter().map(|column| column.name()).filter(|name| place(name).is_none());
    let missing = missing.collect::<Vec<_>>().join(", ");
    let places = || Column::ALL.iter().filter_map(|column| place(column.name())).collect();
    missing.is_empty().then(places).ok_or_else(|| HeaderError(format!("the header row lacks {missing}")))
}

/// The name is escaped and cut: it may be any text that somebody gave us as a register.
fn unknown(name: &str) -> HeaderError {
    HeaderError(match name {
        "" => "the header row has a column without a name".to_owned(),
        _ if name.contains([';', '\t']) => "the columns of the header row must be separated by commas".to_owned(),
        _ => format!("the header row has an unknown column {:?}", name.chars().take(64).collect::<String>()),
    })
}

#[cfg(test)]
mod tests {
    use crate::register::Reader;
    use crate::register::tests::{GSTIN, cells, header, read};

    #[test]
    fn any_order_a_byte_order_mark_quoted_names_and_windows_line_ends_are_tolerated() {
        let names = header().replacen("gstin", "\"gstin\"", 1);
        let mut names: Vec<&str> = names.split(',').collect();
        let mut row = cells(&[]);
        names[1..].reverse();
        row[1..].reverse();
        let rows = read(format!("\u{FEFF}{}\r\n\r\n{}\r\n", names.join(","), row.join(",")).as_bytes());
        assert_eq!((rows[0].line, rows[0].outcome.as_ref().unwrap().gstin.as_str()), (3, GSTIN));
    }

    #[test]
    fn a_wrong_header_is_refused_with_the_name_of_the_column() {
        let good = header();
        let missing = good.replace(",emails,", ",").replace(",sandbox,", ",");
        for (header, error) in [
            (missing.as_bytes(), "the header row lacks emails, sandbox"),
            (format!("{good},É\u{1b}").as_bytes(), "the header row has an unknown column \"É\\u{1b}\""),
            (format!("{good},city").as_bytes(), "the header row has the column city twice"),
            (format!("{good},").as_bytes(), "the header row has a column without a name"),
            (good.replace(',', ";").as_bytes(), "the columns of the header row must be separated by commas"),
            (b"\r\n\n", "the file is empty: it needs a header row"),
            (b"\xff\xfeg\0s\0", "the header row is not UTF-8 text"),
            (b"\"gstin", "header row: a quote in this row is never closed"),
        ] {
            assert_eq!(Reader::open(header).err().unwrap().to_string(), error);
        }
    }
}

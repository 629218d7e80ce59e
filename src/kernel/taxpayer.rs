//! What the GST register knows about a taxpayer, in its own vocabulary (domain.md 5.2 and 5.4).

use chrono::NaiveDate;

use super::contact::{Email, Mobile};
use super::gstin::Gstin;

/// Makes an enum whose values are words of the register: `ALL`, `as_str` and `parse`.
macro_rules! vocabulary {
    (
        $(#[$about:meta])*
        pub enum $name:ident { $($(#[$note:meta])* $value:ident = $word:literal,)+ }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$note])* #[doc = concat!("`", $word, "`")] $value,)+
        }

        impl $name {
            /// Every value, in the order of the register's vocabulary.
            pub const ALL: &[Self] = &[$(Self::$value),+];

            /// The word the register uses.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)+
                }
            }

            /// The value for a word of the register, whatever its letter case and the blanks around
            /// it.
            pub fn parse(raw: &str) -> Option<Self> {
                let word = raw.trim();
                Self::ALL.iter().copied().find(|value| value.as_str().eq_ignore_ascii_case(word))
            }
        }
    };
}

vocabulary! {
    /// Taxpayer type (`dty`).
    pub enum TaxpayerType {
        Regular = "Regular",
        Composition = "Composition",
        InputServiceDistributor = "Input Service Distributor (ISD)",
        SezUnit = "SEZ Unit",
        SezDeveloper = "SEZ Developer",
        TaxDeductor = "Tax Deductor",
        TaxCollector = "Tax Collector (Electronic Commerce Operator)",
        UnitedNationBody = "United Nation Body",
        Embassy = "Consulate or Embassy of Foreign Country",
        NonResidentTaxablePerson = "Non Resident Taxable Person",
        NonResidentOnlineServicesProvider = "Non Resident Online Services Provider",
        Casual = "Casual",
        Temporary = "Temporary",
    }
}

vocabulary! {
    /// Registration status (`sts`).
    pub enum Status {
        Active = "Active",
        ActivePendingVerification = "Active pending Verification",
        Inactive = "Inactive",
        Suspended = "Suspended",
        Cancelled = "Cancelled",
        Provisional = "Provisional",
    }
}

vocabulary! {
    /// Constitution of business (`ctb`). The full list of the portal was not found; this is a safe
    /// superset.
    pub enum Constitution {
        Proprietorship = "Proprietorship",
        Partnership = "Partnership",
        Llp = "LLP",
        PrivateLimitedCompany = "Private Limited Company",
        PublicLimitedCompany = "Public Limited Company",
        UnlimitedCompany = "Unlimited Company",
        HinduUndividedFamily = "Hindu Undivided Family",
        Society = "Society/Club/Trust/AOP",
        GovernmentDepartment = "Government Department",
        PublicSectorUndertaking = "Public Sector Undertaking",
        StatutoryBody = "Statutory Body",
        LocalAuthority = "Local Authority",
        ForeignCompany = "Foreign Company",
        ForeignLlp = "Foreign LLP",
        Others = "Others",
    }
}

/// The principal place of business (`pradr`); the register leaves out whichever part it does not
/// know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// Building, flat and floor.
    pub building: Option<String>,
    /// Street.
    pub street: Option<String>,
    /// Locality.
    pub locality: Option<String>,
    /// City, town or village.
    pub city: Option<String>,
    /// District.
    pub district: Option<String>,
    /// State code of two digits: see [`state_name`].
    pub state_code: Option<String>,
    /// PIN code of six digits.
    pub pincode: Option<String>,
}

/// One registration, as the register tells it. `None` means that the register does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taxpayer {
    /// The number itself.
    pub gstin: Gstin,
    /// Legal name of business.
    pub legal_name: String,
    /// Trade name, where there is one.
    pub trade_name: Option<String>,
    /// Constitution of business.
    pub constitution: Option<Constitution>,
    /// Taxpayer type.
    pub taxpayer_type: Option<TaxpayerType>,
    /// Registration status.
    pub status: Option<Status>,
    /// Date of registration.
    pub registered_on: Option<NaiveDate>,
    /// Date of cancellation.
    pub cancelled_on: Option<NaiveDate>,
    /// Centre jurisdiction.
    pub centre_jurisdiction: Option<String>,
    /// State jurisdiction.
    pub state_jurisdiction: Option<String>,
    /// Principal place of business.
    pub principal_place: Address,
    /// Registered email addresses.
    pub emails: Vec<Email>,
    /// Registered mobile numbers.
    pub mobiles: Vec<Mobile>,
    /// Whether the GST system lists it as enabled for e-invoicing (`einvoiceStatus`).
    pub einvoice_enabled: Option<bool>,
    /// Whether this is a test registration, whose number may fail the check character.
    pub sandbox: bool,
    /// Names of the proprietor, directors or promoters.
    pub people: Vec<String>,
    /// Nature of business activities.
    pub activities: Vec<String>,
    /// Additional places of business.
    pub other_places: Vec<String>,
    /// Compliance rating.
    pub compliance_rating: Option<String>,
}

/// The name of the state or union territory with this code of two digits, `None` for any other text
/// (domain.md 5.2).
pub fn state_name(code: &str) -> Option<&'static str> {
    STATES.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

/// Every state code and its name. Codes 25 and 28 are of the past and still in use on older registrations.
pub const STATES: [(&str, &str); 41] = [
    ("01", "Jammu & Kashmir"),
    ("02", "Himachal Pradesh"),
    ("03", "Punjab"),
    ("04", "Chandigarh"),
    ("05", "Uttarakhand"),
    ("06", "Haryana"),
    ("07", "Delhi"),
    ("08", "Rajasthan"),
    ("09", "Uttar Pradesh"),
    ("10", "Bihar"),
    ("11", "Sikkim"),
    ("12", "Arunachal Pradesh"),
    ("13", "Nagaland"),
    ("14", "Manipur"),
    ("15", "Mizoram"),
    ("16", "Tripura"),
    ("17", "Meghalaya"),
    ("18", "Assam"),
    ("19", "West Bengal"),
    ("20", "Jharkhand"),
    ("21", "Odisha"),
    ("22", "Chhattisgarh"),
    ("23", "Madhya Pradesh"),
    ("24", "Gujarat"),
    ("25", "Daman & Diu"),
    ("26", "Dadra & Nagar Haveli and Daman & Diu"),
    ("27", "Maharashtra"),
    ("28", "Andhra Pradesh (before division)"),
    ("29", "Karnataka"),
    ("30", "Goa"),
    ("31", "Lakshadweep"),
    ("32", "Kerala"),
    ("33", "Tamil Nadu"),
    ("34", "Puducherry"),
    ("35", "Andaman & Nicobar"),
    ("36", "Telangana"),
    ("37", "Andhra Pradesh"),
    ("38", "Ladakh"),
    ("96", "Other Countries"),
    ("97", "Other Territory"),
    ("99", "Centre Jurisdiction"),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_word_of_the_register_is_read_back() {
        for value in TaxpayerType::ALL {
            assert_eq!(TaxpayerType::parse(value.as_str()), Some(*value));
        }
        for value in Status::ALL {
            assert_eq!(Status::parse(value.as_str()), Some(*value));
        }
        for value in Constitution::ALL {
            assert_eq!(Constitution::parse(value.as_str()), Some(*value));
        }
    }

    #[test]
    fn letter_case_and_blanks_around_a_word_do_not_matter() {
        assert_eq!(TaxpayerType::parse(" sez DEVELOPER\n"), Some(TaxpayerType::SezDeveloper));
        assert_eq!(Status::parse("ACTIVE PENDING VERIFICATION"), Some(Status::ActivePendingVerification));
        assert_eq!(Constitution::parse("llp"), Some(Constitution::Llp));
    }

    #[test]
    fn other_words_are_unknown() {
        for word in ["", " ", "Regular taxpayer", "SEZ", "Activé", "Active pending  Verification"] {
            assert_eq!(TaxpayerType::parse(word), None, "{word:?}");
            assert_eq!(Status::parse(word), None, "{word:?}");
            assert_eq!(Constitution::parse(word), None, "{word:?}");
        }
    }

    #[test]
    fn every_state_code_a_gstin_may_start_with_has_a_name() {
        for code in (1..=38).chain([97, 99]) {
            assert!(state_name(&format!("{code:02}")).is_some(), "{code:02}");
        }
        assert_eq!(state_name("29"), Some("Karnataka"));
        assert_eq!(state_name("38"), Some("Ladakh"));
        for code in ["", "0", "1", "00", "39", "098", " 29", "Karnataka"] {
            assert_eq!(state_name(code), None, "{code:?}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics_and_knows_only_its_own_words(raw in any::<String>()) {
            if let Some(status) = Status::parse(&raw) {
                prop_assert!(status.as_str().eq_ignore_ascii_case(raw.trim()));
            }
            let _ = (TaxpayerType::parse(&raw), Constitution::parse(&raw), state_name(&raw));
        }

        #[test]
        fn a_word_is_known_in_any_letter_case(
            value in proptest::sample::select(TaxpayerType::ALL),
            capitals in any::<u64>(),
        ) {
            let typed: String = value.as_str().chars().enumerate()
                .map(|(at, c)| match capitals >> (at % 64) & 1 {
                    1 => c.to_ascii_uppercase(),
                    _ => c.to_ascii_lowercase(),
                })
                .collect();
            prop_assert_eq!(TaxpayerType::parse(&typed), Some(value));
        }
    }
}

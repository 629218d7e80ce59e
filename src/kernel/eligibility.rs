//! Who may register here: the rules a private IRP applies to a GSTIN (domain.md 2.4, 5.5;
//! screens.md A2n).

use super::taxpayer::{Status, Taxpayer, TaxpayerType};

/// Why a GSTIN cannot be registered for e-invoicing. The first reason that matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ineligible {
    /// The register has no such number.
    NotFound,
    /// Its registration is cancelled.
    Cancelled,
    /// Its registration is suspended.
    Suspended,
    /// Its registration is inactive.
    Inactive,
    /// Its registration is provisional.
    Provisional,
    /// The register does not say its status, or in words we do not know.
    StatusUnknown,
    /// The GST system does not list it as enabled for e-invoicing, or does not say.
    NotEnabled,
    /// Taxpayers of this type do not issue e-invoices through an IRP.
    Exempt(TaxpayerType),
    /// The register does not say its type, or in words we do not know.
    TypeUnknown,
}

/// Whether a taxpayer may register, given what the register `found` under the GSTIN.
///
/// Enabled does not mean obliged, so an exempt taxpayer may be listed as enabled (domain.md 5.5):
/// the type is asked as well, and last, because "not enabled" is what its owner can do something
/// about.
///
/// # Errors
/// The first reason against it: existence, then status, then enablement, then type.
pub fn eligibility(found: Option<&Taxpayer>) -> Result<(), Ineligible> {
    let taxpayer = found.ok_or(Ineligible::NotFound)?;
    require_status(taxpayer.status)?;
    if taxpayer.einvoice_enabled != Some(true) {
        return Err(Ineligible::NotEnabled);
    }
    require_type(taxpayer.taxpayer_type)
}

/// "Active pending Verification" is active: the rule only names provisional, inactive and suspended
/// (domain.md 2.4).
fn require_status(status: Option<Status>) -> Result<(), Ineligible> {
    match status {
        Some(Status::Active | Status::ActivePendingVerification) => Ok(()),
        Some(Status::Cancelled) => Err(Ineligible::Cancelled),
        Some(Status::Suspended) => Err(Ineligible::Suspended),
        Some(Status::Inactive) => Err(Ineligible::Inactive),
        Some(Status::Provisional) => Err(Ineligible::Provisional),
        None => Err(Ineligible::StatusUnknown),
    }
}

/// SEZ developers are in, SEZ units are out (domain.md 5.5, the conflict noted there).
fn require_type(taxpayer_type: Option<TaxpayerType>) -> Result<(), Ineligible> {
    match taxpayer_type {
        Some(TaxpayerType::Regular | TaxpayerType::SezDeveloper) => Ok(()),
        Some(other) => Err(Ineligible::Exempt(other)),
        None => Err(Ineligible::TypeUnknown),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::kernel::gstin::Gstin;
    use crate::kernel::taxpayer::Address;

    fn taxpayer(status: Option<Status>, enabled: Option<bool>, of_type: Option<TaxpayerType>) -> Taxpayer {
        Taxpayer {
            gstin: Gstin::parse("27AAPFU0939F1ZV").unwrap(),
            legal_name: "ACME PRIVATE LIMITED".to_owned(),
            trade_name: None,
            constitution: None,
            taxpayer_type: of_type,
            status,
            registered_on: None,
            cancelled_on: None,
            centre_jurisdiction: None,
            state_jurisdiction: None,
            principal_place: Address::default(),
            emails: Vec::new(),
            mobiles: Vec::new(),
            einvoice_enabled: enabled,
            sandbox: false,
            people: Vec::new(),
            activities: Vec::new(),
            other_places: Vec::new(),
            compliance_rating: None,
        }
    }

    fn reason(status: Option<Status>, enabled: Option<bool>, of_type: Option<TaxpayerType>) -> Option<Ineligible> {
        eligibility(Some(&taxpayer(status, enabled, of_type))).err()
    }

    const REGULAR: Option<TaxpayerType> = Some(TaxpayerType::Regular);

    #[test]
    fn an_active_enabled_regular_taxpayer_or_sez_developer_may_register() {
        for status in [Status::Active, Status::ActivePendingVerification] {
            for of_type in [TaxpayerType::Regular, TaxpayerType::SezDeveloper] {
                assert_eq!(reason(Some(status), Some(true), Some(of_type)), None);
            }
        }
    }

    #[test]
    fn a_number_the_register_does_not_have_is_not_found() {
        assert_eq!(eligibility(None), Err(Ineligible::NotFound));
    }

    #[test]
    fn every_status_but_active_has_its_reason() {
        for (status, expected) in [
            (Some(Status::Cancelled), Ineligible::Cancelled),
            (Some(Status::Suspended), Ineligible::Suspended),
            (Some(Status::Inactive), Ineligible::Inactive),
            (Some(Status::Provisional), Ineligible::Provisional),
            (None, Ineligible::StatusUnknown),
        ] {
            assert_eq!(reason(status, Some(true), REGULAR), Some(expected));
        }
    }

    #[test]
    fn a_taxpayer_not_known_to_be_enabled_may_not_register() {
        for enabled in [Some(false), None] {
            assert_eq!(reason(Some(Status::Active), enabled, REGULAR), Some(Ineligible::NotEnabled));
        }
    }

    #[test]
    fn an_sez_unit_is_exempt_though_an_sez_developer_is_not() {
        let unit = TaxpayerType::SezUnit;
        assert_eq!(reason(Some(Status::Active), Some(true), Some(unit)), Some(Ineligible::Exempt(unit)));
        assert_eq!(reason(Some(Status::Active), Some(true), None), Some(Ineligible::TypeUnknown));
    }

    #[test]
    fn the_first_reason_wins() {
        assert_eq!(reason(Some(Status::Cancelled), Some(false), None), Some(Ineligible::Cancelled));
        assert_eq!(reason(None, None, None), Some(Ineligible::StatusUnknown));
        let unit = Some(TaxpayerType::SezUnit);
        assert_eq!(reason(Some(Status::Active), Some(false), unit), Some(Ineligible::NotEnabled));
    }

    proptest! {
        #[test]
        fn whoever_may_register_is_active_enabled_and_of_an_issuing_type(
            status in proptest::option::of(select(Status::ALL)),
            enabled in any::<Option<bool>>(),
            of_type in proptest::option::of(select(TaxpayerType::ALL)),
        ) {
            let active = matches!(status, Some(Status::Active | Status::ActivePendingVerification));
            let issuing = [REGULAR, Some(TaxpayerType::SezDeveloper)].contains(&of_type);
            let expected = active && enabled == Some(true) && issuing;
            prop_assert_eq!(reason(status, enabled, of_type).is_none(), expected);
        }
    }
}

//! The GSTINs of a workspace: listed, added one by one or many at once, removed.

pub mod import;
pub mod importer;
pub mod index;
pub mod remove;

use crate::accounts::gstin_message;
use crate::kernel::gstin::{Gstin, GstinError, GstinKind};
use crate::words::Words;

/// Why a text is no GSTIN that a workspace can list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Gstin(GstinError),
    /// A number of another kind, which no IRP registers.
    OtherKind,
}

/// A GSTIN as typed: a normal one, or a number that only a `sandbox` row of the register can admit.
enum Typed {
    Strict(Gstin),
    SandboxOnly(Gstin, Fault),
}

impl Typed {
    fn parse(raw: &str) -> Result<Self, Fault> {
        let fault = match Gstin::parse(raw) {
            Ok(gstin) if gstin.kind() == Some(GstinKind::Normal) => return Ok(Self::Strict(gstin)),
            Ok(_) => Fault::OtherKind,
            Err(fault) => Fault::Gstin(fault),
        };
        Gstin::parse_sandbox(raw).map(|gstin| Self::SandboxOnly(gstin, fault)).map_err(|_| fault)
    }
}

impl Fault {
    /// The sentence of the eligibility page.
    fn message(self, w: Words) -> String {
        match self {
            Self::Gstin(fault) => gstin_message(w, fault),
            Self::OtherKind => w.gstin_other_kind().to_owned(),
        }
    }

    /// How a row of an import keeps it.
    fn to_text(self) -> String {
        match self {
            Self::Gstin(GstinError::Empty) => "empty".to_owned(),
            Self::Gstin(GstinError::Length(count)) => format!("length {count}"),
            Self::Gstin(GstinError::Pattern) => "pattern".to_owned(),
            Self::Gstin(GstinError::State) => "state".to_owned(),
            Self::Gstin(GstinError::CheckDigit) => "check_digit".to_owned(),
            Self::OtherKind => "other_kind".to_owned(),
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(match text.split_once(' ').unwrap_or((text, "")) {
            ("empty", _) => Self::Gstin(GstinError::Empty),
            ("length", count) => Self::Gstin(GstinError::Length(count.parse().ok()?)),
            ("pattern", _) => Self::Gstin(GstinError::Pattern),
            ("state", _) => Self::Gstin(GstinError::State),
            ("check_digit", _) => Self::Gstin(GstinError::CheckDigit),
            ("other_kind", _) => Self::OtherKind,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_reads_back_from_the_text_that_a_row_keeps() {
        let faults = [GstinError::Empty, GstinError::Length(14), GstinError::Pattern, GstinError::State];
        let faults = faults.into_iter().chain([GstinError::CheckDigit]).map(Fault::Gstin).chain([Fault::OtherKind]);
        for fault in faults {
            assert_eq!(Fault::from_text(&fault.to_text()), Some(fault));
        }
        assert!(["", "added", "length", "length x"].iter().all(|text| Fault::from_text(text).is_none()));
    }
}

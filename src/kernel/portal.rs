//! The three portals (`product.md`): one house, three doors, each with accounts of its own.

/// A portal as a value: a column, a log field, part of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Portal {
    Irp,
    Workspace,
    Gst,
}

impl Portal {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Irp => "irp",
            Self::Workspace => "workspace",
            Self::Gst => "gst",
        }
    }

    /// The portal whose addresses begin like `path`; `None` for the pages of no portal.
    pub fn of_path(path: &str) -> Option<Self> {
        match path.split('/').nth(1)? {
            "irp" => Some(Self::Irp),
            "workspace" => Some(Self::Workspace),
            "gst" => Some(Self::Gst),
            _ => None,
        }
    }
}

/// A portal as a type: shared screens and guards are told by it which portal they are in.
pub trait InPortal: 'static {
    const PORTAL: Portal;
}

/// The IRP: eligibility, registration, API credentials.
pub struct Irp;

impl InPortal for Irp {
    const PORTAL: Portal = Portal::Irp;
}

/// The workspace: saved credentials of many GSTINs.
pub struct Workspace;

impl InPortal for Workspace {
    const PORTAL: Portal = Portal::Workspace;
}

/// The GST portal: first login, dashboard, profile, Manage API Access.
pub struct Gst;

impl InPortal for Gst {
    const PORTAL: Portal = Portal::Gst;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_segment_of_an_address_names_its_portal() {
        assert_eq!(Portal::of_path("/irp/register"), Some(Portal::Irp));
        assert_eq!(Portal::of_path("/irp"), Some(Portal::Irp));
        assert_eq!(Portal::of_path("/irpx"), None);
        assert_eq!(Portal::of_path("/"), None);
    }
}

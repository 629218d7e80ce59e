//! What a person may do in a workspace (`screens.md` B0c).

/// The role of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything, people included.
    Owner,
    /// Adds and changes GSTINs and credentials.
    Member,
    /// Sees usernames and status, and changes nothing.
    Viewer,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Owner, Self::Member, Self::Viewer];

    /// The role of that form value or column, which must be exactly one of `as_str`.
    pub fn parse(raw: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == raw)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Member => "member",
            Self::Viewer => "viewer",
        }
    }

    /// GSTINs and credentials.
    pub const fn may_change(self) -> bool {
        matches!(self, Self::Owner | Self::Member)
    }

    /// Invitations, roles and removals.
    pub const fn may_manage_people(self) -> bool {
        matches!(self, Self::Owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_reads_back_and_nothing_else_is_one() {
        assert!(Role::ALL.into_iter().all(|role| Role::parse(role.as_str()) == Some(role)));
        assert!(["", "Owner", "admin"].iter().all(|raw| Role::parse(raw).is_none()));
    }

    #[test]
    fn a_viewer_changes_nothing_and_only_an_owner_manages_people() {
        assert!(!Role::Viewer.may_change() && Role::Member.may_change() && Role::Owner.may_change());
        assert!(!Role::Member.may_manage_people() && Role::Owner.may_manage_people());
    }
}

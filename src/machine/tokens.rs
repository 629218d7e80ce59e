//! What the doors hand out: a token and a session key, both derived from a server key and the id of the token's row, so
//! that the same pair can be handed out again and nothing reversible is kept (`security.md` 3.2).

use super::envelope::WireKey;
use crate::kernel::api_access::{State, state};
use crate::kernel::clock::Moment;
use crate::kernel::door::Life;
use crate::kernel::ids;
use crate::kernel::portal::Portal;
use crate::store::tokens::{self as rows, OpenedBy, Token};
use crate::store::{self, Connection, accounts, api_access, credentials, integrators};
use crate::vault::{KeyRing, Purpose};

/// A token and its session key.
pub struct Handed {
    pub token: String,
    pub session_key: WireKey,
}

/// Whom a token is for.
pub struct Holder<'a> {
    pub opened_by: OpenedBy,
    pub gstin: &'a str,
    pub username: &'a str,
    pub client_id: &'a str,
}

/// The row of a new token.
pub fn make(keys: &KeyRing, holder: Holder<'_>, life: Life) -> Token {
    let mut row = Token {
        id: ids::random(),
        token_hash: String::new(),
        key_id: keys.current_id(Purpose::Token),
        opened_by: holder.opened_by,
        gstin: holder.gstin.to_owned(),
        username: holder.username.to_owned(),
        client_id: holder.client_id.to_owned(),
        life,
    };
    // Nothing only when the key file has lost its newest key since; nobody finds a token by an empty digest.
    row.token_hash = token_of(keys, &row).map(|token| ids::digest(&token)).unwrap_or_default();
    row
}

/// What the row stands for; `None` when the key it was made under is gone.
pub fn hand_out(keys: &KeyRing, row: &Token) -> Option<Handed> {
    Some(Handed { token: token_of(keys, row)?, session_key: session_key(keys, row)? })
}

/// The token, when it works at `now` and what opened it has not been shut since.
pub fn find_open(c: &mut Connection, token: &str, now: Moment) -> store::Result<Option<Token>> {
    let found = rows::find(c, &ids::digest(token))?.filter(|found| found.life.is_live(now));
    let Some(found) = found else { return Ok(None) };
    if !found.client_id.is_empty() && !integrators::is_enabled(c, &found.client_id)? {
        return Ok(None);
    }
    let open = match &found.opened_by {
        OpenedBy::Credential(id) => {
            let credential = credentials::find(c, id)?;
            let account = accounts::find_by_gstin(c, Portal::Irp, &found.gstin)?;
            credential.is_some_and(|credential| credential.status == credentials::ACTIVE)
                && account.is_some_and(|account| account.frozen_at.is_none())
        }
        OpenedBy::Account(id) => {
            let account = accounts::find(c, id)?;
            let access = api_access::find(c, &found.gstin)?.map(|access| access.switch);
            account.is_some_and(|account| account.frozen_at.is_none())
                && matches!(state(access.as_ref(), now), State::On { .. })
        }
    };
    Ok(open.then_some(found))
}

fn token_of(keys: &KeyRing, row: &Token) -> Option<String> {
    let bytes = keys.derive_for(Purpose::Token, &row.key_id, &["token/v1", row.door().as_str(), &row.id])?;
    Some(ids::letters_of(bytes.as_slice()))
}

/// What answers to calls with this token are encrypted under.
pub fn session_key(keys: &KeyRing, row: &Token) -> Option<WireKey> {
    let bytes = keys.derive_for(Purpose::Token, &row.key_id, &["session-key/v1", row.door().as_str(), &row.id])?;
    WireKey::of(bytes.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_row_gives_the_same_pair_and_another_row_another() {
        let directory = tempfile::tempdir().unwrap();
        KeyRing::generate_missing(directory.path()).unwrap();
        let keys = KeyRing::load(directory.path()).unwrap();
        let row = || {
            let opened_by = OpenedBy::Credential("c1".to_owned());
            let holder = Holder { opened_by, gstin: "29ABCDE1234F1ZW", username: "acme_irp_01", client_id: "i1" };
            make(&keys, holder, Life::new(Moment::from_seconds(0), 60))
        };
        let (one, other) = (row(), row());
        let (first, again) = (hand_out(&keys, &one).unwrap(), hand_out(&keys, &one).unwrap());
        assert_eq!((&first.token, first.session_key.bytes()), (&again.token, again.session_key.bytes()));
        assert_eq!(ids::digest(&first.token), one.token_hash);
        let second = hand_out(&keys, &other).unwrap();
        assert!(first.token != second.token && first.session_key.bytes() != second.session_key.bytes());
        assert_eq!(first.token.len(), 26);

        KeyRing::rotate(directory.path(), Purpose::Token).unwrap();
        keys.refresh_all();
        assert_eq!(hand_out(&keys, &one).unwrap().token, first.token, "a rotation ends no session");
    }
}

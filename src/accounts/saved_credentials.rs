//! Keeping a copy of API credentials in a workspace. The workspace's own pages do it, and the IRP at the end of a walk
//! that began in a workspace.

use zeroize::Zeroizing;

use crate::kernel::clock::Moment;
use crate::kernel::ids;
use crate::store::saved_credentials::{self, SavedCredential};
use crate::store::{Connection, Result, workspace_gstins};
use crate::vault::{KeyRing, Place, Unopened, key_id_of};

/// What a copy is of. The password is as software sends it.
pub struct Copied<'a> {
    pub workspace_id: &'a str,
    pub gstin: &'a str,
    pub api_username: &'a str,
    pub api_password: &'a str,
}

impl Copied<'_> {
    /// The row to save, under an id of its own, with the password sealed for that row alone. `state` is how the copy
    /// stands `now`: `WORKING` when the IRP has just taken the pair, else `SAVED`.
    pub fn seal(&self, keys: &KeyRing, state: &str, now: Moment) -> SavedCredential {
        let id = ids::random();
        let place = SavedCredential::place_of(self.workspace_id, self.gstin, &id);
        let sealed_password = keys.seal(place_in_vault(&place), self.api_password);
        SavedCredential {
            id,
            workspace_id: self.workspace_id.to_owned(),
            gstin: self.gstin.to_owned(),
            api_username: self.api_username.to_owned(),
            // Asked of the blob and not of the ring, whose key may be another one since.
            key_id: key_id_of(&sealed_password).unwrap_or_default(),
            sealed_password,
            state: state.to_owned(),
            tested_at: (state != saved_credentials::SAVED).then(|| now.seconds()),
            changed_at: now.seconds(),
            stale_since: None,
        }
    }
}

/// Saves a sealed copy in place of what the workspace had for that GSTIN; `false`, and nothing saved, when the workspace
/// lists the GSTIN no more. For the transaction that makes the credentials, too.
pub fn save(c: &mut Connection, sealed: &SavedCredential) -> Result<bool> {
    if !workspace_gstins::exists(c, &sealed.workspace_id, &sealed.gstin)? {
        return Ok(false);
    }
    saved_credentials::upsert(c, sealed)?;
    Ok(true)
}

/// The API password of a saved copy.
pub fn open(keys: &KeyRing, saved: &SavedCredential) -> std::result::Result<Zeroizing<String>, Unopened> {
    keys.open(place_in_vault(&saved.place()), &saved.sealed_password)
}

/// The same password sealed for the same row under the key in use, and that key's id.
pub fn reseal(keys: &KeyRing, saved: &SavedCredential) -> std::result::Result<(String, String), Unopened> {
    let place = saved.place();
    let sealed = keys.seal(place_in_vault(&place), &open(keys, saved)?);
    let key_id = key_id_of(&sealed).unwrap_or_default();
    Ok((sealed, key_id))
}

/// Where in the vault's terms the password of the row at `place` belongs.
pub fn place_in_vault(place: &str) -> Place<'_> {
    Place { kind: "ws-cred/v1", record: place, field: "api_password" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> KeyRing {
        let directory = tempfile::tempdir().unwrap();
        KeyRing::generate_missing(directory.path()).unwrap();
        KeyRing::load(directory.path()).unwrap()
    }

    fn copied(workspace_id: &'static str, gstin: &'static str) -> Copied<'static> {
        Copied { workspace_id, gstin, api_username: "acme_irp_01", api_password: "Vault#9931" }
    }

    #[test]
    fn a_copy_opens_as_the_row_it_was_sealed_for_and_as_no_other() {
        let (ring, now) = (ring(), Moment::from_seconds(1_795_261_260));
        let saved = copied("w1", "29ABCDE1234F1ZW").seal(&ring, saved_credentials::SAVED, now);
        assert_eq!(open(&ring, &saved).unwrap().as_str(), "Vault#9931");
        let elsewhere = [
            SavedCredential { id: ids::random(), ..saved.clone() },
            SavedCredential { workspace_id: "w2".to_owned(), ..saved.clone() },
            SavedCredential { gstin: "27ABCDE1234F1Z0".to_owned(), ..saved.clone() },
        ];
        assert!(elsewhere.iter().all(|moved| open(&ring, moved) == Err(Unopened)));
    }

    #[test]
    fn a_row_names_the_key_that_its_password_is_sealed_under() {
        let ring = ring();
        let saved = copied("w1", "29ABCDE1234F1ZW").seal(&ring, saved_credentials::SAVED, Moment::from_seconds(1));
        assert_eq!(saved.key_id.len(), 8);
        assert!(!saved.sealed_password.contains("Vault"));
    }
}

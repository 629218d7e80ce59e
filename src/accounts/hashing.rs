//! Argon2id off the async threads, a few at once, a bounded queue before it and the 503 page beyond (T28).

use std::sync::Arc;

use crate::kernel::limits::Limits;
use crate::kernel::password::{self, Cost, Password};
use crate::vault::KeyRing;
use crate::web::error::PageError;
use crate::web::pool::Pool;

/// Computes and checks password hashes. A stored hash is `<pepper id>:<PHC>`.
pub struct Hasher {
    keys: Arc<KeyRing>,
    cost: Cost,
    pool: Pool,
    /// The PHC checked when there is no account, so that an unknown username costs what a known one does (T14).
    nobody: String,
}

/// What checking a password told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    Wrong,
    Right,
    /// Right, and stored under older parameters or an older pepper than today's.
    RightAndOld,
}

impl Hasher {
    /// For people. Makes the hash of nobody too, without computing one.
    pub fn new(keys: Arc<KeyRing>, cost: Cost, limits: &Limits) -> Result<Self, PageError> {
        Self::in_pool(keys, cost, Pool::new(limits.hash_at_once, limits.hash_queue, limits.hash_wait))
    }

    /// For software, in a pool of its own, so that it never keeps people waiting.
    pub fn for_software(keys: Arc<KeyRing>, cost: Cost, limits: &Limits) -> Result<Self, PageError> {
        Self::in_pool(keys, cost, Pool::new(limits.machine_hash_at_once, limits.machine_hash_queue, limits.hash_wait))
    }

    fn in_pool(keys: Arc<KeyRing>, cost: Cost, pool: Pool) -> Result<Self, PageError> {
        let nobody = password::hash_of_nobody(&cost).map_err(|error| PageError::internal(error.to_string()))?;
        Ok(Self { keys, cost, pool, nobody })
    }

    /// The hash to store for `password`.
    pub async fn hash(&self, password: Password) -> Result<String, PageError> {
        let (keys, cost) = (self.keys.clone(), self.cost);
        self.pool.run(move || hash_now(&keys, &cost, password.as_bytes())).await?
    }

    /// Whether `typed` is the password of `stored`. Nobody's password is never right and takes as long.
    pub async fn check(&self, typed: Option<&Password>, stored: Option<&str>) -> Result<Checked, PageError> {
        let (keys, cost) = (self.keys.clone(), self.cost);
        let known = stored.is_some() && typed.is_some();
        // Under the pepper of now: the one of the start may have been retired since.
        let stored = stored.map_or_else(|| format!("{}:{}", keys.pepper().id(), self.nobody), str::to_owned);
        let typed = zeroize::Zeroizing::new(typed.map_or_else(|| b"-".to_vec(), |typed| typed.as_bytes().to_vec()));
        let checked = self.pool.run(move || check_now(&keys, &cost, &typed, &stored)).await??;
        Ok(if known { checked } else { Checked::Wrong })
    }
}

fn hash_now(keys: &KeyRing, cost: &Cost, password: &[u8]) -> Result<String, PageError> {
    let pepper = keys.pepper();
    let phc = password::hash(cost, pepper.bytes(), password).map_err(|error| PageError::internal(error.to_string()))?;
    Ok(format!("{}:{phc}", pepper.id()))
}

fn check_now(keys: &KeyRing, cost: &Cost, typed: &[u8], stored: &str) -> Result<Checked, PageError> {
    let (pepper_id, phc) = stored.split_once(':').ok_or_else(|| PageError::internal("a damaged password hash"))?;
    let pepper = keys.pepper_of(pepper_id).ok_or_else(|| PageError::internal("the pepper of a password is gone"))?;
    let right = password::verify(pepper.bytes(), typed, phc).map_err(|error| PageError::internal(error.to_string()))?;
    Ok(match right {
        false => Checked::Wrong,
        true if pepper_id != keys.pepper().id() || password::needs_rehash(phc, cost) => Checked::RightAndOld,
        true => Checked::Right,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::Purpose;

    fn hasher(cost: &str, at_once: i64, queue: i64) -> Hasher {
        let directory = tempfile::tempdir().unwrap();
        KeyRing::generate_missing(directory.path()).unwrap();
        let keys = Arc::new(KeyRing::load(directory.path()).unwrap());
        let limits = Limits { hash_at_once: at_once, hash_queue: queue, ..Limits::default() };
        Hasher::new(keys, Cost::parse(cost).unwrap(), &limits).unwrap()
    }

    fn typed(text: &str) -> Password {
        Password::typed(text).unwrap()
    }

    #[tokio::test]
    async fn the_right_password_is_told_from_a_wrong_one_and_nobodys_is_never_right() {
        let hasher = hasher("m=8,t=1,p=1", 2, 32);
        let stored = hasher.hash(typed("four tall trees 7")).await.unwrap();
        let check = async |text: &str, stored: Option<&str>| hasher.check(Some(&typed(text)), stored).await.unwrap();
        assert_eq!(check("four tall trees 7", Some(&stored)).await, Checked::Right);
        assert_eq!(check("four tall trees 8", Some(&stored)).await, Checked::Wrong);
        assert_eq!(check("four tall trees 7", None).await, Checked::Wrong);
    }

    #[tokio::test]
    async fn beyond_the_queue_the_service_is_unavailable_at_once() {
        let hasher = hasher("m=19456,t=2,p=1", 1, 1);
        let hash = || hasher.hash(typed("four tall trees 7"));
        let (first, second, third) = tokio::join!(hash(), hash(), hash());
        assert!(first.is_ok() && second.is_ok());
        assert!(matches!(third, Err(PageError::Unavailable)));
    }

    #[tokio::test]
    async fn a_hash_of_other_parameters_is_right_and_old() {
        let (cheap, dear) = (hasher("m=8,t=1,p=1", 2, 32), "m=16,t=1,p=1");
        let stored = cheap.hash(typed("four tall trees 7")).await.unwrap();
        let dear = Hasher { cost: Cost::parse(dear).unwrap(), ..cheap };
        let checked = dear.check(Some(&typed("four tall trees 7")), Some(&stored)).await.unwrap();
        assert_eq!(checked, Checked::RightAndOld);
    }

    #[tokio::test]
    async fn a_hash_of_an_older_pepper_is_right_and_old() {
        let directory = tempfile::tempdir().unwrap();
        KeyRing::generate_missing(directory.path()).unwrap();
        let keys = Arc::new(KeyRing::load(directory.path()).unwrap());
        let hasher = Hasher::new(keys.clone(), Cost::parse("m=8,t=1,p=1").unwrap(), &Limits::default()).unwrap();
        let (old, password) = (hasher.hash(typed("four tall trees 7")).await.unwrap(), typed("four tall trees 7"));
        KeyRing::rotate(directory.path(), Purpose::Pepper).unwrap();
        keys.refresh_all();
        let new = hasher.hash(typed("four tall trees 7")).await.unwrap();
        assert_eq!(hasher.check(Some(&password), Some(&old)).await.unwrap(), Checked::RightAndOld);
        assert_eq!(hasher.check(Some(&password), Some(&new)).await.unwrap(), Checked::Right);
        assert_eq!(hasher.check(Some(&password), None).await.unwrap(), Checked::Wrong);
    }
}

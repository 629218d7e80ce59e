//! The device cookie: by it a browser is known again to the accounts that were used in it (`security.md` 3.2). It signs
//! nobody in. It only tells the owner's tries at a password from a stranger's, and a new device from an old one.

use actix_web::HttpMessage as _;
use actix_web::cookie::{Cookie, SameSite, time::Duration};

use super::page::Visit;
use crate::kernel::clock::Moment;
use crate::kernel::ids;
use crate::store::{self, Connection, devices};

/// The browser of this request.
#[derive(Clone)]
pub struct Browser {
    /// The digest of the token it came with.
    held: Option<String>,
    /// The token it came with; when it had none, the fresh one.
    token: String,
    /// What it gets when something is proven in it.
    fresh: String,
    now: Moment,
}

/// A device cookie that the answer must set.
pub struct DeviceCookie(pub Cookie<'static>);

impl Browser {
    pub fn of(visit: &Visit) -> Self {
        let held = visit.request().cookie(cookie_name(visit)).map(|cookie| cookie.value().to_owned());
        let (held, fresh) = (held.filter(|token| is_token(token)), token());
        Self {
            token: held.clone().unwrap_or_else(|| fresh.clone()),
            held: held.map(|token| ids::digest(&token)),
            fresh,
            now: visit.now,
        }
    }

    /// The digest it is stored by, when it had a cookie.
    pub fn held(&self) -> Option<&str> {
        self.held.as_deref()
    }

    /// The account was signed in to here; `true` when it never was before. Then comes `keep`.
    pub fn see(&self, c: &mut Connection, account_id: &str) -> store::Result<bool> {
        devices::see(c, &ids::digest(&self.token), account_id, self.now)
    }

    /// Here the owner has proven the password and an OTP; `true` when the account was never signed in to here before.
    /// Then comes `keep_proven`.
    pub fn prove(&self, c: &mut Connection, account_id: &str) -> store::Result<bool> {
        devices::prove(c, self.held(), &ids::digest(&self.fresh), account_id, self.now)
    }

    /// Has the browser keep its token on.
    pub fn keep(&self, visit: &Visit) {
        set(visit, &self.token);
    }

    /// Gives the browser the token of the proof.
    pub fn keep_proven(&self, visit: &Visit) {
        set(visit, &self.fresh);
    }
}

fn set(visit: &Visit, token: &str) {
    let cookie = Cookie::build(cookie_name(visit), token.to_owned())
        .path("/")
        .http_only(true)
        .secure(visit.kit.settings.is_secure())
        .same_site(SameSite::Lax)
        .max_age(Duration::seconds(visit.kit.settings.limits.device_life));
    visit.request().extensions_mut().insert(DeviceCookie(cookie.finish()));
}

/// Plain loopback has no prefix: browsers would refuse it there.
fn cookie_name(visit: &Visit) -> &'static str {
    if visit.kit.settings.is_secure() { "__Host-dev" } else { "dev" }
}

/// Two ids of 130 bits.
fn token() -> String {
    format!("{}{}", ids::random(), ids::random())
}

fn is_token(text: &str) -> bool {
    text.split_at_checked(26).is_some_and(|(left, right)| ids::is_random(left) && ids::is_random(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn no_cookie_makes_the_reader_panic(text in "\\PC{0,60}", other in "[0-9a-z]{50,54}") {
            let _ = is_token(&text);
            let own = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
            proptest::prop_assert!(!is_token(&other) || other.len() == 52 && other.chars().all(own));
        }
    }

    #[test]
    fn only_a_token_of_ours_is_looked_up() {
        assert!(is_token(&token()));
        for text in ["", "x", &ids::random(), &"é".repeat(26), &format!("{} ", token())] {
            assert!(!is_token(text), "{text}");
        }
    }
}

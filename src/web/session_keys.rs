//! Session cookies under rotated keys. actix-session signs with the one key it was given at the start; this stands
//! before it, so that a cookie signed with any key still kept is accepted, and every new one is signed with the newest.

use std::rc::Rc;
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::cookie::{Cookie, CookieJar, Key};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{COOKIE, HeaderValue, SET_COOKIE};
use actix_web::middleware::Next;

use super::Kit;
use super::session::cookie_name;
use crate::kernel::portal::Portal;
use crate::vault::{KeyRing, Purpose};

/// The signing keys of one portal's session cookie.
#[derive(Clone)]
pub struct SessionKeys {
    keys: Arc<KeyRing>,
    portal: Portal,
    cookie: String,
    /// The key that actix-session holds, and the id of the key it is derived from.
    held: Key,
    held_id: Rc<str>,
}

impl SessionKeys {
    pub fn new(kit: &Kit, portal: Portal) -> Self {
        let (id, key) = kit.keys.derive(Purpose::Session, portal.as_str());
        let cookie = cookie_name(portal.as_str(), kit.settings.is_secure());
        Self { keys: kit.keys.clone(), portal, cookie, held: Key::from(key.as_slice()), held_id: id.into() }
    }

    /// The key for actix-session to hold.
    pub(super) fn held(&self) -> Key {
        self.held.clone()
    }

    /// Middleware around actix-session's.
    pub async fn apply<B: MessageBody>(
        self,
        mut request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, actix_web::Error> {
        if self.keys.is_only(Purpose::Session, &self.held_id) {
            return next.call(request).await;
        }
        self.take_in(&mut request);
        let mut response = next.call(request).await?;
        self.give_out(&mut response);
        Ok(response)
    }

    /// The cookie of the request, signed with the held key when a key still kept has signed it, and else left out: the
    /// held key itself may have been retired since.
    fn take_in(&self, request: &mut ServiceRequest) {
        let headers: Vec<&HeaderValue> = request.headers().get_all(COOKIE).collect();
        let cookies: Vec<&str> =
            headers.iter().filter_map(|header| header.to_str().ok()).flat_map(|header| header.split(';')).collect();
        let kept = cookies.iter().filter_map(|cookie| match self.own(cookie.trim()) {
            Some(own) => {
                Some(signed(&self.held, verified_by_any(&self.keys, self.portal, &own)?).encoded().to_string())
            }
            None => Some(cookie.trim().to_owned()),
        });
        let kept = kept.collect::<Vec<_>>().join("; ");
        // What is no text is left to whoever reads it next: no cookie is.
        if let Ok(value) = HeaderValue::from_str(&kept)
            && !headers.is_empty()
        {
            request.headers_mut().insert(COOKIE, value);
        }
    }

    /// A session cookie in the answer, signed with the newest key.
    fn give_out<B>(&self, response: &mut ServiceResponse<B>) {
        let newest = Key::from(self.keys.derive(Purpose::Session, self.portal.as_str()).1.as_slice());
        let headers = response.headers_mut();
        let set: Vec<HeaderValue> = headers.remove(SET_COOKIE).collect();
        for header in set {
            let resigned = header.to_str().ok().and_then(|text| {
                let own = verified(&self.held, &self.own(text)?)?;
                HeaderValue::from_str(&signed(&newest, own).encoded().to_string()).ok()
            });
            headers.append(SET_COOKIE, resigned.unwrap_or(header));
        }
    }

    /// The session cookie, when `text` is one.
    fn own(&self, text: &str) -> Option<Cookie<'static>> {
        let named = text.split_once('=').is_some_and(|(name, _)| name == self.cookie);
        named.then(|| Cookie::parse_encoded(text.to_owned()).ok()).flatten()
    }
}

/// The token in a session cookie of that portal; `None` when no key kept has signed it.
pub fn token_in(kit: &Kit, portal: Portal, cookie: &Cookie<'static>) -> Option<String> {
    verified_by_any(&kit.keys, portal, cookie).map(|cookie| cookie.value().to_owned())
}

fn verified_by_any(keys: &KeyRing, portal: Portal, cookie: &Cookie<'static>) -> Option<Cookie<'static>> {
    let all = keys.derive_all(Purpose::Session, portal.as_str());
    all.iter().find_map(|key| verified(&Key::from(key.as_slice()), cookie))
}

/// The cookie without its signature, when `key` has made it.
fn verified(key: &Key, cookie: &Cookie<'static>) -> Option<Cookie<'static>> {
    CookieJar::new().signed(key).verify(cookie.clone())
}

fn signed(key: &Key, cookie: Cookie<'static>) -> Cookie<'static> {
    let (mut jar, name) = (CookieJar::new(), cookie.name().to_owned());
    jar.signed_mut(key).add(cookie.clone());
    jar.get(&name).cloned().unwrap_or(cookie)
}

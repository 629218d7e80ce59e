//! A browser without script: keeps cookies, says where its forms stand, and follows no redirect by
//! itself.

use std::cell::RefCell;
use std::collections::BTreeMap;

use reqwest::header::{COOKIE, HeaderMap, SET_COOKIE};
use reqwest::{Client, Method};

use super::Page;

/// One browser with its cookies. Two pages of one browser are two tabs.
pub struct Browser {
    client: Client,
    base: String,
    cookies: RefCell<BTreeMap<String, String>>,
    /// Sent with every request.
    headers: BTreeMap<String, String>,
    /// Sent with every form: where it stood.
    form_headers: BTreeMap<String, String>,
}

pub const FORM: &str = "application/x-www-form-urlencoded";
const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

impl Browser {
    pub fn new(client: Client, base: String) -> Self {
        let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Self {
            client,
            cookies: RefCell::default(),
            headers: BTreeMap::from([own("user-agent", USER_AGENT)]),
            form_headers: BTreeMap::from([own("origin", &base), own("sec-fetch-site", "same-origin")]),
            base,
        }
    }

    /// Sends this header with every request.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Sends this header with every form instead of what a browser says by itself.
    pub fn with_form_header(mut self, name: &str, value: &str) -> Self {
        self.form_headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Says nothing about where its forms stand, as old browsers and programs do.
    pub fn without_form_headers(mut self) -> Self {
        self.form_headers.clear();
        self
    }

    /// Another browser that holds the same cookies from now on: a replay, or a copy of the profile.
    pub fn clone_cookies(&self) -> Self {
        Self {
            client: self.client.clone(),
            base: self.base.clone(),
            cookies: self.cookies.clone(),
            headers: self.headers.clone(),
            form_headers: self.form_headers.clone(),
        }
    }

    /// A copy of this browser that visits another address, with the same cookies: they know no port.
    pub fn moved_to(&self, base: String) -> Self {
        let mut moved = self.clone_cookies();
        moved.form_headers.entry("origin".to_owned()).and_modify(|origin| origin.clone_from(&base));
        moved.base = base;
        moved
    }

    /// Takes over what `other`, a copy of this browser from when it had the cookies `before`, has
    /// been given since: the answers of one browser that came in this order.
    pub fn take_new_cookies(&self, before: &BTreeMap<String, String>, other: &Self) {
        let news = other.cookies().into_iter();
        let news = news.filter(|(name, value)| before.get(name) != Some(value));
        self.cookies.borrow_mut().extend(news);
    }

    /// Names and values of the cookies.
    pub fn cookies(&self) -> BTreeMap<String, String> {
        self.cookies.borrow().clone()
    }

    /// Puts a cookie into the browser.
    pub fn set_cookie(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.borrow_mut();
        cookies.insert(name.to_owned(), value.to_owned());
    }

    pub async fn get(&self, path: &str) -> Page {
        self.request("GET", path, &[], None).await
    }

    /// GETs the Location of a 303, which must be a path of our own. One hop.
    pub async fn follow(&self, page: &Page) -> Page {
        assert_eq!(page.status, 303, "{}", page.told());
        self.get(&page.location()).await
    }

    /// Posts a body as it stands.
    pub async fn post_raw(&self, path: &str, body: &[u8], content_type: &str) -> Page {
        let headers = [("content-type", content_type)];
        self.request("POST", path, &headers, Some(body.to_vec())).await
    }

    /// Any request, with the cookies and headers of this browser and these.
    pub async fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Vec<u8>>) -> Page {
        let method: Method = method.parse().unwrap();
        let posts = method == Method::POST;
        let url = format!("{}{path}", self.base);
        let mut request = self.client.request(method, url);
        let own = self.headers.iter();
        for (name, value) in own.chain(self.form_headers.iter().filter(|_| posts)) {
            request = request.header(name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.cookies.borrow().is_empty() {
            request = request.header(COOKIE, self.cookie_header());
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap();
        self.keep_cookies(response.headers());
        Page::read(path, response).await
    }

    fn cookie_header(&self) -> String {
        let cookies = self.cookies.borrow();
        let pairs: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    fn keep_cookies(&self, headers: &HeaderMap) {
        let mut cookies = self.cookies.borrow_mut();
        for header in headers.get_all(SET_COOKIE) {
            let (pair, attributes) = header.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match is_over(attributes) {
                true => cookies.remove(name),
                false => cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
    }
}

/// Whether a cookie's attributes delete it: no age left, or an end long ago.
fn is_over(attributes: &str) -> bool {
    let attributes = attributes.to_ascii_lowercase();
    attributes
        .split(';')
        .map(str::trim)
        .any(|attribute| attribute == "max-age=0" || attribute.starts_with("expires=") && attribute.contains(" 1970"))
}

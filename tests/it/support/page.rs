//! An answer as a person sees it, and the forms that are on it.

use std::collections::BTreeMap;

use reqwest::Response;
use scraper::node::Node;
use scraper::{ElementRef, Html, Selector};

use super::Browser;
use super::browser::FORM;

/// An answer: a page, a redirect or a file.
#[derive(Debug)]
pub struct Page {
    /// The path that was asked for.
    pub path: String,
    pub status: u16,
    pub html: String,
    headers: BTreeMap<String, Vec<String>>,
}

impl Page {
    pub async fn read(path: &str, response: Response) -> Self {
        let status = response.status().as_u16();
        let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in response.headers() {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers.entry(name.as_str().to_owned()).or_default().push(value);
        }
        let body = response.bytes().await.unwrap();
        let html = String::from_utf8_lossy(&body).into_owned();
        Self { path: path.to_owned(), status, html, headers }
    }

    /// The first header of that name; empty when there is none.
    pub fn header(&self, name: &str) -> String {
        self.headers(name).first().cloned().unwrap_or_default()
    }

    /// Every header of that name.
    pub fn headers(&self, name: &str) -> Vec<String> {
        self.headers.get(name).cloned().unwrap_or_default()
    }

    /// Where a redirect leads: always a path of our own.
    pub fn location(&self) -> String {
        let location = self.header("location");
        let own = location.starts_with('/') && !location.starts_with("//");
        assert!(own, "not a path: {location:?} of {}", self.told());
        location
    }

    /// The status and what the page says, for the message of a failed test.
    pub fn told(&self) -> String {
        let said = match self.html.is_empty() {
            true => self.header("location"),
            false => self.text(),
        };
        format!("{} {} {said}", self.path, self.status)
    }

    pub fn title(&self) -> String {
        self.one("title")
    }

    pub fn h1(&self) -> String {
        self.one("h1")
    }

    /// What the page says, without what only screen readers or scripts get.
    pub fn text(&self) -> String {
        visible_text(self.document().root_element())
    }

    pub fn has(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    /// The box that says what has just happened.
    pub fn notice(&self) -> Option<String> {
        let notices = self.all(".box[role=status]");
        assert!(notices.len() <= 1, "one notice at most: {notices:?}");
        notices.into_iter().next()
    }

    /// The sentences of the error summary; each must lead to a field on the page.
    pub fn errors(&self) -> Vec<String> {
        let document = self.document();
        let links = select(&document, ".box.err[role=alert] li a");
        let sentences = links.iter().map(|link| {
            let href = link.attr("href").unwrap();
            assert_eq!(select(&document, href).len(), 1, "{href} leads to no field");
            visible_text(*link)
        });
        sentences.collect()
    }

    /// The sentence at a field; `None` when there is none.
    pub fn field_error(&self, name: &str) -> Option<String> {
        let errors = self.field_errors(name);
        assert!(errors.len() <= 1, "{name} has several errors: {errors:?}");
        errors.into_iter().next()
    }

    /// All sentences at a field, which must be tied to it for screen readers.
    pub fn field_errors(&self, name: &str) -> Vec<String> {
        let document = self.document();
        let id = format!("{name}-error");
        let messages = select(&document, &format!("#{id} .msg"));
        if let Some(field) = select(&document, &format!("#{name}")).first() {
            let described = field.attr("aria-describedby").unwrap_or_default();
            let tied = described.split(' ').any(|part| part == id);
            let invalid = field.attr("aria-invalid") == Some("true");
            let expected = !messages.is_empty();
            assert_eq!((tied, invalid), (expected, expected), "{name}'s ARIA");
        }
        messages.into_iter().map(visible_text).collect()
    }

    /// The form came back with exactly these sentences, each in the summary and at its field.
    pub fn assert_refused(&self, faults: &[(&str, &str)]) {
        assert_eq!(self.status, 422, "{}", self.told());
        let title = self.title();
        assert!(title.starts_with("Error: "), "{title}");
        let expected: Vec<&str> = faults.iter().map(|(_, sentence)| *sentence).collect();
        assert_eq!(self.errors(), expected);
        for (name, sentence) in faults {
            let at_field = self.field_errors(name);
            assert!(at_field.iter().any(|said| said == sentence), "{at_field:?}");
        }
    }

    /// A page with that heading.
    pub fn assert_shows(&self, h1: &str) {
        assert_eq!(self.status, 200, "{}", self.told());
        assert_eq!(self.h1(), h1);
        let title = self.title();
        assert!(title.starts_with(&format!("{h1} – ")), "{title}");
    }

    /// A page of its own that says why it cannot go on.
    pub fn assert_error_page(&self, status: u16, h1: &str) {
        assert_eq!(self.status, status, "{}", self.told());
        assert_eq!(self.h1(), h1);
    }

    /// A redirect after a form, to that path.
    pub fn assert_leads_to(&self, path: &str) {
        assert_eq!(self.status, 303, "{}", self.told());
        assert_eq!(self.location(), path);
    }

    /// What stands in a field; `None` when there is no such field.
    pub fn value(&self, name: &str) -> Option<String> {
        self.attribute(&format!("input[name={name}]"), "value")
    }

    /// An attribute of the first element that fits.
    pub fn attribute(&self, selector: &str, name: &str) -> Option<String> {
        let document = self.document();
        let elements = select(&document, selector);
        let value = elements.first()?.attr(name).unwrap_or_default();
        Some(value.to_owned())
    }

    /// The address of the link with exactly this text.
    pub fn link(&self, text: &str) -> String {
        let document = self.document();
        let links = select(&document, "main a");
        let link = links.iter().find(|link| visible_text(**link) == text);
        let link = link.unwrap_or_else(|| panic!("no link {text:?} on {}", self.told()));
        link.attr("href").unwrap().to_owned()
    }

    /// The texts of everything that fits, in the page's order.
    pub fn all(&self, selector: &str) -> Vec<String> {
        let document = self.document();
        let found = select(&document, selector);
        found.into_iter().map(visible_text).collect()
    }

    /// Term and description pairs of the page's lists.
    pub fn details(&self) -> Vec<(String, String)> {
        let (terms, descriptions) = (self.all("main dt"), self.all("main dd"));
        assert_eq!(terms.len(), descriptions.len());
        terms.into_iter().zip(descriptions).collect()
    }

    /// The form that holds the button with this text, as it stands on the page.
    pub fn form(&self, button: &str) -> FormFill {
        let document = self.document();
        let forms = select(&document, "form");
        let mut holding = forms.into_iter().filter(|form| {
            let buttons = Selector::parse("button").unwrap();
            let mut buttons = form.select(&buttons).map(visible_text);
            !is_inert(*form) && buttons.any(|text| text == button)
        });
        let form = holding.next();
        let form = form.unwrap_or_else(|| panic!("no button {button:?} on {}", self.told()));
        assert!(holding.next().is_none(), "two forms with {button:?}");
        FormFill::of(&document, form, &self.path)
    }

    fn one(&self, selector: &str) -> String {
        let mut found = self.all(selector);
        assert_eq!(found.len(), 1, "one {selector} a page: {}", self.told());
        found.remove(0)
    }

    fn document(&self) -> Html {
        Html::parse_document(&self.html)
    }
}

/// A form being filled in; knows which fields a person could not have filled in.
#[derive(Debug, Clone)]
pub struct FormFill {
    pub action: String,
    fields: Vec<Field>,
}

#[derive(Debug, Clone)]
struct Field {
    name: String,
    value: Vec<u8>,
    editable: bool,
}

impl FormFill {
    fn of(document: &Html, form: ElementRef, path: &str) -> Self {
        assert_eq!(form.attr("method"), Some("post"), "a form that acts");
        assert!(form.attr("novalidate").is_some() || fillable(form) == 0);
        let controls = Selector::parse("input, select, textarea").unwrap();
        let fields: Vec<Field> = form.select(&controls).map(|control| field(document, control)).collect();
        let token = fields.iter().find(|field| field.name == "csrf");
        assert!(token.is_some_and(|field| !field.value.is_empty()), "no token");
        let action = form.attr("action").unwrap_or(path).to_owned();
        Self { action, fields }
    }

    /// Types into a field that a person can type into.
    pub fn fill(self, name: &str, value: &str) -> Self {
        let field = self.fields.iter().find(|field| field.name == name);
        let field = field.unwrap_or_else(|| panic!("no field {name:?} in {}", self.action));
        assert!(field.editable, "{name:?} cannot be typed into");
        self.forge(name, value.as_bytes())
    }

    /// Puts any bytes into any field, hidden and read-only ones too; adds it when it is not there.
    pub fn forge(mut self, name: &str, value: &[u8]) -> Self {
        match self.fields.iter_mut().find(|field| field.name == name) {
            Some(field) => field.value = value.to_vec(),
            None => return self.with(name, value),
        }
        self
    }

    /// Sends one more field, of the same name perhaps.
    pub fn with(mut self, name: &str, value: &[u8]) -> Self {
        self.fields.push(Field { name: name.to_owned(), value: value.to_vec(), editable: false });
        self
    }

    /// Leaves a field out.
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|field| field.name != name);
        self
    }

    /// What a field holds now.
    pub fn value(&self, name: &str) -> String {
        let field = self.fields.iter().find(|field| field.name == name);
        String::from_utf8(field.unwrap().value.clone()).unwrap()
    }

    /// Every field, hidden ones included, as a browser encodes them.
    pub fn body(&self) -> Vec<u8> {
        let pairs = self.fields.iter();
        let pairs: Vec<String> =
            pairs.map(|field| format!("{}={}", encode(field.name.as_bytes()), encode(&field.value))).collect();
        pairs.join("&").into_bytes()
    }

    /// Sends the form. A form is never answered with a page of status 200, and never breaks anything.
    pub async fn submit(&self, browser: &Browser) -> Page {
        let page = browser.post_raw(&self.action, &self.body(), FORM).await;
        let expected = [303, 403, 413, 415, 422, 429].contains(&page.status);
        assert!(expected, "{}", page.told());
        page
    }
}

fn fillable(form: ElementRef) -> usize {
    let inputs = Selector::parse("input:not([type=hidden])").unwrap();
    form.select(&inputs).count()
}

fn field(document: &Html, control: ElementRef) -> Field {
    let kind = control.attr("type").unwrap_or("text");
    let known = ["hidden", "text", "email", "tel", "password"];
    assert!(control.value().name() == "input" && known.contains(&kind), "teach FormFill about {}", control.html());
    let name = control.attr("name").expect("a field has a name").to_owned();
    if kind != "hidden" {
        let id = control.attr("id").expect("a field has an id");
        let labels = select(document, &format!("label[for={id}]"));
        assert_eq!(labels.len(), 1, "one label for {name:?}");
    }
    Field {
        name,
        value: control.attr("value").unwrap_or_default().into(),
        editable: kind != "hidden" && control.attr("readonly").is_none(),
    }
}

fn encode(bytes: &[u8]) -> String {
    percent_encoding::percent_encode(bytes, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn select<'a>(document: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    let selector = Selector::parse(selector).unwrap();
    document.select(&selector).collect()
}

/// Whether the element stands in a template, which no browser shows.
fn is_inert(element: ElementRef) -> bool {
    let mut around = element.ancestors().filter_map(ElementRef::wrap);
    around.any(|outer| outer.value().name() == "template")
}

/// What stands on lines of its own; between words of anything else there is no gap.
const INLINE: &[&str] = &["a", "span", "strong", "em", "b", "i", "code", "time"];

fn visible_text(element: ElementRef) -> String {
    let mut text = String::new();
    collect(element, &mut text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn collect(element: ElementRef, text: &mut String) {
    for child in element.children() {
        match child.value() {
            Node::Text(words) => text.push_str(words),
            Node::Element(_) => {
                let child = ElementRef::wrap(child).unwrap();
                if is_shown(child) {
                    let gap = !INLINE.contains(&child.value().name());
                    text.push_str(if gap { " " } else { "" });
                    collect(child, text);
                    text.push_str(if gap { " " } else { "" });
                }
            }
            _ => {}
        }
    }
}

fn is_shown(element: ElementRef) -> bool {
    let unseen = ["script", "style", "template", "head"];
    let classes: Vec<&str> = element.value().classes().collect();
    element.attr("hidden").is_none()
        && !unseen.contains(&element.value().name())
        && !classes.contains(&"vh")
        && !classes.contains(&"print")
}

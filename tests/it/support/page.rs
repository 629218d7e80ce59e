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
            // What is said about radio buttons is said about their group, which cannot be invalid itself.
            let group = is_radio(*field).then(|| fieldset(*field));
            let described = group.unwrap_or(*field).attr("aria-describedby").unwrap_or_default();
            let tied = described.split(' ').any(|part| part == id);
            let invalid = if group.is_some() { tied } else { field.attr("aria-invalid") == Some("true") };
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

    /// Text and address of every link that fits, in the page's order.
    pub fn links(&self, selector: &str) -> Vec<(String, String)> {
        let document = self.document();
        let links = select(&document, selector).into_iter();
        links.map(|link| (visible_text(link), link.attr("href").unwrap().to_owned())).collect()
    }

    /// The texts of everything that fits, in the page's order.
    pub fn all(&self, selector: &str) -> Vec<String> {
        let document = self.document();
        let found = select(&document, selector);
        found.into_iter().map(visible_text).collect()
    }

    /// The same, letter by letter: lines and blanks as they stand.
    pub fn raw(&self, selector: &str) -> Vec<String> {
        let document = self.document();
        select(&document, selector).into_iter().map(|found| found.text().collect()).collect()
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

    /// The only form of the page itself, its header's left out, that is sent there.
    pub fn form_to(&self, action: &str) -> FormFill {
        let document = self.document();
        let forms = select(&document, &format!("main form[action=\"{action}\"]"));
        assert_eq!(forms.len(), 1, "one form to {action}: {}", self.told());
        FormFill::of(&document, forms[0], &self.path)
    }

    /// What a screen reader says of each button that fits, and the value that pressing it sends.
    pub fn buttons(&self, selector: &str) -> Vec<(String, String)> {
        let document = self.document();
        let buttons = select(&document, selector).into_iter();
        let read = |button: ElementRef| {
            let text: String = button.text().collect();
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            (text, button.attr("value").unwrap_or_default().to_owned())
        };
        buttons.map(read).collect()
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
    /// Sent in the address, for a form that only asks.
    is_query: bool,
    /// Sent in parts, for a form with a file.
    is_multipart: bool,
    fields: Vec<Field>,
}

#[derive(Debug, Clone)]
struct Field {
    name: String,
    /// `None` for a group of radio buttons with none chosen: a browser sends nothing for it.
    value: Option<Vec<u8>>,
    editable: bool,
    /// The values that a person can choose from; `None` where anything can be typed.
    offers: Option<Vec<String>>,
}

impl FormFill {
    fn of(document: &Html, form: ElementRef, path: &str) -> Self {
        let method = form.attr("method").expect("a form says how it is sent");
        assert!(["get", "post"].contains(&method), "{method}");
        assert!(form.attr("novalidate").is_some() || fillable(form) == 0);
        let controls = Selector::parse("input, select, textarea").unwrap();
        let mut fields: Vec<Field> = Vec::new();
        for control in form.select(&controls) {
            add_field(&mut fields, document, control);
        }
        let token = fields.iter().find(|field| field.name == "csrf");
        let has_token = token.is_some_and(|field| field.value.as_ref().is_some_and(|value| !value.is_empty()));
        // A token must never stand in an address.
        assert_eq!(has_token, method == "post", "the token of a form with method {method}");
        let action = form.attr("action").unwrap_or(path).to_owned();
        let is_multipart = form.attr("enctype") == Some("multipart/form-data");
        Self { action, is_query: method == "get", is_multipart, fields }
    }

    /// Types into a field that a person can type into, or chooses one of the values that it offers.
    pub fn fill(self, name: &str, value: &str) -> Self {
        let field = self.fields.iter().find(|field| field.name == name);
        let field = field.unwrap_or_else(|| panic!("no field {name:?} in {}", self.action));
        assert!(field.editable, "{name:?} cannot be typed into");
        let offered = field.offers.as_ref().is_none_or(|offers| offers.iter().any(|offer| offer == value));
        assert!(offered, "{name:?} does not offer {value:?} but {:?}", field.offers);
        self.forge(name, value.as_bytes())
    }

    /// Puts any bytes into any field, hidden and read-only ones too; adds it when it is not there.
    pub fn forge(mut self, name: &str, value: &[u8]) -> Self {
        match self.fields.iter_mut().find(|field| field.name == name) {
            Some(field) => field.value = Some(value.to_vec()),
            None => return self.with(name, value),
        }
        self
    }

    /// Sends one more field, of the same name perhaps.
    pub fn with(mut self, name: &str, value: &[u8]) -> Self {
        self.fields.push(Field { name: name.to_owned(), value: Some(value.to_vec()), editable: false, offers: None });
        self
    }

    /// Leaves a field out.
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|field| field.name != name);
        self
    }

    /// What a field holds now; empty when nothing is chosen.
    pub fn value(&self, name: &str) -> String {
        let field = self.fields.iter().find(|field| field.name == name);
        String::from_utf8(field.unwrap().value.clone().unwrap_or_default()).unwrap()
    }

    /// The values that a field offers, in the page's order.
    pub fn offers(&self, name: &str) -> Vec<String> {
        let field = self.fields.iter().find(|field| field.name == name);
        field.unwrap().offers.clone().unwrap_or_else(|| panic!("{name:?} offers nothing"))
    }

    /// Every field, hidden ones included, as a browser encodes them.
    pub fn body(&self) -> Vec<u8> {
        let sent = self.fields.iter().filter_map(|field| Some((&field.name, field.value.as_ref()?)));
        let pairs: Vec<String> =
            sent.map(|(name, value)| format!("{}={}", encode(name.as_bytes()), encode(value))).collect();
        pairs.join("&").into_bytes()
    }

    /// The same in parts, and its content type. The field `file` is a file; an empty one was not chosen.
    pub fn parts(&self) -> (Vec<u8>, String) {
        let boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW";
        let mut body = Vec::new();
        for field in self.fields.iter() {
            let value = field.value.clone().unwrap_or_default();
            let name = if value.is_empty() { "" } else { "gstins.csv" };
            let file = format!("; filename=\"{name}\"\r\nContent-Type: application/octet-stream");
            let file = if field.name == "file" { file } else { String::new() };
            let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"{file}\r\n\r\n", field.name);
            body.extend([head.as_bytes(), &value, b"\r\n"].concat());
        }
        body.extend(format!("--{boundary}--\r\n").into_bytes());
        (body, format!("multipart/form-data; boundary={boundary}"))
    }

    /// Opens the page that a form with method GET asks for.
    pub async fn ask(&self, browser: &Browser) -> Page {
        assert!(self.is_query, "{} acts", self.action);
        let query = String::from_utf8(self.body()).unwrap();
        browser.get(&format!("{}?{query}", self.action)).await
    }

    /// Sends the form. A form is never answered with a page of status 200, and never breaks anything.
    pub async fn submit(&self, browser: &Browser) -> Page {
        assert!(!self.is_query, "{} only asks", self.action);
        let (body, kind) = if self.is_multipart { self.parts() } else { (self.body(), FORM.to_owned()) };
        let page = browser.post_raw(&self.action, &body, &kind).await;
        let expected = [303, 403, 413, 415, 422, 429].contains(&page.status);
        assert!(expected, "{}", page.told());
        page
    }
}

fn fillable(form: ElementRef) -> usize {
    let inputs = Selector::parse("input:not([type=hidden])").unwrap();
    form.select(&inputs).count()
}

/// Adds a control; a radio button to its group.
fn add_field(fields: &mut Vec<Field>, document: &Html, control: ElementRef) {
    let element = control.value().name();
    let kind = control.attr("type").unwrap_or("text");
    let name = control.attr("name").expect("a field has a name").to_owned();
    if kind != "hidden" {
        let id = control.attr("id").expect("a field has an id");
        let labels = select(document, &format!("label[for={id}]"));
        assert_eq!(labels.len(), 1, "one label for {name:?}");
        assert!(!visible_text(labels[0]).is_empty(), "a label for {name:?}");
    }
    let value = control.attr("value");
    match (element, kind) {
        ("input", "hidden" | "text" | "email" | "tel" | "password" | "file") => fields.push(Field {
            name,
            value: Some(value.unwrap_or_default().into()),
            editable: kind != "hidden" && control.attr("readonly").is_none(),
            offers: None,
        }),
        ("input", "radio") => add_radio(fields, name, control),
        ("select", _) => fields.push(choice(name, control)),
        _ => panic!("teach FormFill about {}", control.html()),
    }
}

/// Radio buttons of one name are one field, which a fieldset with a legend holds together.
fn add_radio(fields: &mut Vec<Field>, name: String, control: ElementRef) {
    let legends: Vec<ElementRef> = fieldset(control).select(&Selector::parse("legend").unwrap()).collect();
    assert!(legends.len() == 1 && !visible_text(legends[0]).is_empty(), "a legend for {name:?}");
    let value = control.attr("value").expect("a radio button has a value").to_owned();
    let chosen = control.attr("checked").map(|_| value.clone().into_bytes());
    match fields.iter_mut().find(|field| field.name == name) {
        Some(Field { value: before, offers: Some(offers), .. }) => {
            assert!(before.is_none() || chosen.is_none(), "two of {name:?} are chosen");
            *before = before.take().or(chosen);
            offers.push(value);
        }
        Some(_) => panic!("{name:?} is a radio button and something else"),
        None => fields.push(Field { name, value: chosen, editable: true, offers: Some(vec![value]) }),
    }
}

/// A list to choose from; a browser has chosen the first when the page has chosen none.
fn choice(name: String, control: ElementRef) -> Field {
    let options: Vec<ElementRef> = control.select(&Selector::parse("option").unwrap()).collect();
    let value_of = |option: &ElementRef| option.attr("value").map_or_else(|| visible_text(*option), str::to_owned);
    let mut selected = options.iter().filter(|option| option.attr("selected").is_some());
    let chosen = selected.next().or(options.first()).expect("a list has something to choose");
    assert!(selected.next().is_none(), "two of {name:?} are chosen");
    let offers = options.iter().map(value_of).collect();
    Field { name, value: Some(value_of(chosen).into_bytes()), editable: true, offers: Some(offers) }
}

fn is_radio(control: ElementRef) -> bool {
    control.attr("type") == Some("radio")
}

/// The group that a radio button belongs to.
fn fieldset(control: ElementRef) -> ElementRef {
    let mut around = control.ancestors().filter_map(ElementRef::wrap);
    around.find(|outer| outer.value().name() == "fieldset").expect("radio buttons stand in a fieldset")
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
const INLINE: &[&str] = &["a", "bdi", "span", "strong", "em", "b", "i", "code", "time"];

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

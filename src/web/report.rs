//! Reports of browsers about the content security policy (CSP 3, "Reporting"): read leniently, and only what may stand
//! in a log is kept of them.

use actix_web::dev::Payload;
use actix_web::http::{Uri, header};
use actix_web::{FromRequest, HttpRequest};
use serde_json::Value;

use super::error::PageError;
use super::page::Visit;
use super::{body, paths, throttle};

/// Bytes of a report; those of a page of ours are a tenth of it.
const MOST: i64 = 8 * 1024;

/// Reports taken from one request.
const AT_ONCE: usize = 20;

/// Letters of a directive or a host that are kept.
const LONGEST: usize = 100;

/// A report, or what may be logged of it: no query and nothing that a stranger can write at length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// `script-src-elem`.
    pub directive: String,
    /// `https://evil.example`, or a word such as `inline`.
    pub blocked: String,
    /// The path of the page.
    pub path: String,
}

/// The reports in the body of this request, within the budget of its address.
pub struct Reported(pub Vec<Report>);

impl FromRequest for Reported {
    type Error = PageError;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let visit = Visit::of(&request)?;
            let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            if !matches!(kind.as_str(), "application/csp-report" | "application/reports+json") {
                return Err(PageError::UnsupportedMedia);
            }
            let limits = &visit.kit.settings.limits;
            throttle::spend(&visit, throttle::reports(limits, &visit.throttle_key())).await?;
            let body = body::read(request.headers(), payload, MOST, limits.form_seconds).await?;
            Ok(Self(reports_in(&body)))
        })
    }
}

/// Both forms: one report in an object, or a list of them. What is neither is no report.
fn reports_in(body: &[u8]) -> Vec<Report> {
    let found: Vec<Value> = match serde_json::from_slice(body) {
        Ok(Value::Array(list)) => list,
        Ok(one) => vec![one],
        Err(_) => Vec::new(),
    };
    let bodies = found.iter().filter_map(|report| report.get("csp-report").or_else(|| report.get("body")));
    bodies.filter(|body| body.is_object()).take(AT_ONCE).map(Report::of).collect()
}

impl Report {
    fn of(body: &Value) -> Self {
        let text = |names: [&str; 2]| names.iter().find_map(|name| body.get(*name)?.as_str()).unwrap_or_default();
        // Older browsers name the whole directive, its values included.
        let directive = match text(["effective-directive", "effectiveDirective"]) {
            "" => text(["violated-directive", "violatedDirective"]).split_ascii_whitespace().next().unwrap_or_default(),
            effective => effective,
        };
        let document = text(["document-uri", "documentURL"]).parse::<Uri>();
        Self {
            directive: word(directive),
            blocked: origin(text(["blocked-uri", "blockedURL"])),
            path: document.map(|document| printable(paths::for_log(document.path()))).unwrap_or_default(),
        }
    }
}

/// Scheme and host of an address; of anything else only letters and hyphens.
fn origin(address: &str) -> String {
    match address.parse::<Uri>() {
        Ok(uri) if uri.host().is_some() => {
            printable(&format!("{}://{}", uri.scheme_str().unwrap_or_default(), uri.host().unwrap_or_default()))
        }
        _ => word(address.split(':').next().unwrap_or_default()),
    }
}

fn word(text: &str) -> String {
    text.chars().filter(|letter| letter.is_ascii_alphabetic() || *letter == '-').take(LONGEST).collect()
}

fn printable(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_only_what_may_be_logged_is_kept() {
        let old = br#"{"csp-report":{"document-uri":"https://irp.example/irp/login?return=secret",
            "effective-directive":"script-src-elem","blocked-uri":"https://evil.example/x.js?stolen=1","extra":"x"}}"#;
        let new = br#"[{"type":"csp-violation","body":{"documentURL":"https://irp.example/workspace/invitation/token",
            "effectiveDirective":"img-src","blockedURL":"data:image/png;base64,AAAA"}},{"type":"other"}]"#;
        let report = |directive: &str, blocked: &str, path: &str| Report {
            directive: directive.to_owned(),
            blocked: blocked.to_owned(),
            path: path.to_owned(),
        };
        assert_eq!(reports_in(old), [report("script-src-elem", "https://evil.example", "/irp/login")]);
        assert_eq!(reports_in(new), [report("img-src", "data", paths::WORKSPACE_INVITATION)]);
    }

    #[test]
    fn the_directive_of_an_older_browser_is_its_first_word() {
        let report = reports_in(br#"{"csp-report":{"violated-directive":"script-src 'self' https://a.example"}}"#);
        assert_eq!(report[0].directive, "script-src");
    }

    #[test]
    fn what_is_no_report_is_none() {
        for body in [&b""[..], b"x", b"[]", b"{}", b"[1,null,{}]", b"{\"csp-report\":7}"] {
            assert_eq!(reports_in(body), []);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_body_makes_the_reader_panic_or_a_line_long(body in ".{0,300}", uri in ".{0,300}") {
            reports_in(body.as_bytes());
            let report = Report::of(&serde_json::json!({ "document-uri": uri, "blocked-uri": uri, "effectiveDirective": uri }));
            let line = format!("{report:?}");
            proptest::prop_assert!(line.len() < 500 && !line.contains("\\r"), "{line}");
        }
    }
}

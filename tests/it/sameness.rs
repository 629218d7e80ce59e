//! Whether two answers look the same to a stranger: everything but what is random in every page and what the person
//! typed.

use crate::support::Page;

/// Asserts that `one`, got with `typed`, and `other`, got with `other_typed`, cannot be told apart.
pub fn assert_alike((one, typed): (&Page, &str), (other, other_typed): (&Page, &str)) {
    assert_eq!(one.status, other.status);
    assert_eq!(one.header("retry-after"), other.header("retry-after"));
    assert_eq!(one.header("location"), other.header("location"));
    assert_eq!(blanked(&one.html, typed), blanked(&other.html, other_typed));
    assert_eq!(one.html.len(), other.html.len(), "the length tells them apart");
}

/// The page without its tokens, its reference and the name typed.
fn blanked(html: &str, typed: &str) -> String {
    let starts = ["name=\"csrf\" value=\"", "name=\"journey\" value=\"", "Reference "];
    let blank = starts.iter().fold(html.to_owned(), |html, start| without_word_after(&html, start));
    match typed.is_empty() {
        true => blank,
        false => blank.replace(typed, "TYPED"),
    }
}

/// Drops what follows each `start` up to the end of the attribute or element.
fn without_word_after(html: &str, start: &str) -> String {
    let mut parts = html.split(start);
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(['"', '<']).unwrap_or(part.len());
        kept.push_str(start);
        kept.push_str(&part[end..]);
    }
    kept
}

//! Files that a page offers, among them CSV that a spreadsheet opens without running anything in it.

use actix_web::HttpResponse;
use actix_web::http::header;

use super::error::PageError;
use super::page::PageResult;

/// A CSV file (RFC 4180) of that name, its first row the header. No cell is a formula.
pub fn csv(name: &str, rows: impl IntoIterator<Item = Vec<String>>) -> PageResult {
    let failed = |error: csv::Error| PageError::internal(error.to_string());
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.into_iter().map(harmless)).map_err(failed)?;
    }
    let body = writer.into_inner().map_err(|error| PageError::internal(error.to_string()))?;
    Ok(file(name, "text/csv; charset=utf-8", body))
}

/// A file of that name and type, to be kept and not shown.
pub fn file(name: &str, content_type: &'static str, body: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .body(body)
}

/// Spreadsheets run what begins with one of these signs (OWASP, CSV injection); an apostrophe before it makes it text.
fn harmless(cell: String) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠']);
    if formula { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\0=1", "＝1"] {
            assert_eq!(harmless(cell.to_owned()), format!("'{cell}"));
        }
        assert_eq!(harmless("21/11/2026 17:01".to_owned()), "21/11/2026 17:01");
    }
}

//! Cuts the file that a person uploads into lines with what stands there for a GSTIN.

use csv::{ReaderBuilder, StringRecord};

/// The name of the column.
const COLUMN: &str = "gstin";

/// What follows the last row: where it does not come out as a row of its own, a quote was left open before it.
const END: &str = "\u{1}";

/// Lines that one row may go over. A quote left open swallows the rows up to the next one; so long is no address.
const LONGEST_ROW: usize = 10;

/// Characters of a cell that are kept: enough to recognise it by.
const KEPT: usize = 50;

/// Why a file cannot be imported at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFault {
    /// No file was chosen, or nothing is in it.
    Empty,
    /// A picture, a workbook or another thing that is no text.
    NotText,
    /// Text in another encoding than UTF-8.
    Encoding,
    /// Several columns, and none is called `gstin`.
    NoColumn,
    /// The quote that is opened in this line comes to no end.
    Quote {
        line: u64,
    },
    /// A header and nothing below it.
    NoRows,
    TooManyRows,
}

/// A row: its line in the file, and what stands in the column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub number: i32,
    pub cell: String,
}

impl Line {
    /// The cell as it is shown and kept.
    pub fn typed(&self) -> String {
        match self.cell.char_indices().nth(KEPT) {
            Some((end, _)) => format!("{}…", self.cell.get(..end).unwrap_or_default()),
            None => self.cell.clone(),
        }
    }
}

/// The rows of a CSV file with a header that names the column `gstin`, or of a list with a single column and no header.
/// Commas or semicolons, blank lines skipped.
///
/// # Errors
/// What is wrong with the file as a whole.
pub fn read(bytes: &[u8], most: usize) -> Result<Vec<Line>, FileFault> {
    let records = split(text_of(bytes)?)?;
    let first = records.first().ok_or(FileFault::Empty)?;
    let column = first.cells.iter().position(|cell| cell.trim().eq_ignore_ascii_case(COLUMN));
    let (column, rows) = match column {
        Some(column) => (column, records.get(1..).unwrap_or_default()),
        None if first.cells.len() == 1 => (0, records.as_slice()),
        None => return Err(FileFault::NoColumn),
    };
    match rows.len() {
        0 => Err(FileFault::NoRows),
        count if count > most => Err(FileFault::TooManyRows),
        _ => Ok(rows.iter().map(|record| record.line(column)).collect()),
    }
}

/// The text without a byte order mark.
fn text_of(bytes: &[u8]) -> Result<&str, FileFault> {
    let utf_16 = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
    match std::str::from_utf8(bytes) {
        _ if utf_16 => Err(FileFault::Encoding),
        _ if bytes.contains(&0) => Err(FileFault::NotText),
        Err(_) => Err(FileFault::Encoding),
        Ok(text) => Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text)),
    }
}

struct Record {
    number: u64,
    cells: StringRecord,
}

impl Record {
    fn line(&self, column: usize) -> Line {
        let cell = self.cells.get(column).unwrap_or_default().trim().to_owned();
        Line { number: i32::try_from(self.number).unwrap_or(i32::MAX), cell }
    }
}

/// The rows with the line that each starts on; rows of blank cells are left out.
fn split(text: &str) -> Result<Vec<Record>, FileFault> {
    // One kind of line end, so that lines can be counted.
    let text = format!("{text}\n{END}").replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = ReaderBuilder::new();
    let reader = reader.has_headers(false).flexible(true).delimiter(delimiter_of(&text));
    let mut reader = reader.from_reader(text.as_bytes());
    let (mut records, mut lines) = (Vec::new(), LineNumbers { text: &text, at: 0, number: 1 });
    let mut cells = StringRecord::new();
    // Reading text from memory does not fail.
    while reader.read_record(&mut cells).unwrap_or(false) {
        let record = Record { number: lines.of(&cells), cells: std::mem::take(&mut cells) };
        let broken = record.cells.iter().map(|cell| cell.matches('\n').count()).sum::<usize>() > LONGEST_ROW;
        if broken {
            return Err(FileFault::Quote { line: record.number });
        }
        records.push(record);
    }
    match records.pop() {
        Some(Record { cells, .. }) if cells.iter().eq([END]) => {
            records.retain(|record| record.cells.iter().any(|cell| !cell.trim().is_empty()));
            Ok(records)
        }
        Some(Record { number, .. }) => Err(FileFault::Quote { line: number }),
        None => Err(FileFault::Empty),
    }
}

/// Counts the lines up to each row. The csv crate counts a row from the blank lines before it.
struct LineNumbers<'a> {
    text: &'a str,
    at: usize,
    number: u64,
}

impl LineNumbers<'_> {
    fn of(&mut self, cells: &StringRecord) -> u64 {
        let begins = cells.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(self.at);
        let blank = self.text.get(begins..).unwrap_or_default().chars().take_while(|sign| *sign == '\n').count();
        let passed = self.text.get(self.at..begins + blank).unwrap_or_default();
        self.number += u64::try_from(passed.matches('\n').count()).unwrap_or(0);
        self.at = begins + blank;
        self.number
    }
}

/// What the first line that is not blank has more of; spreadsheets of half the world write semicolons.
fn delimiter_of(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |sign: char| first.matches(sign).count();
    if count(';') > count(',') { b';' } else { b',' }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(file: &[u8]) -> Vec<(i32, String)> {
        read(file, 10).unwrap().into_iter().map(|line| (line.number, line.cell)).collect()
    }

    fn fault(file: &[u8]) -> FileFault {
        read(file, 3).unwrap_err()
    }

    #[test]
    fn a_header_names_the_column_wherever_it_stands() {
        let expected = [(2, "A".to_owned()), (4, "B".to_owned())];
        assert_eq!(cells(b"Name, GSTIN ,City\nx, A ,y\n\nx,B\n"), expected);
        assert_eq!(cells("\u{FEFF}name;gstin\r\n\"x;1\";A\r\n\r\ny;B".as_bytes()), expected);
    }

    #[test]
    fn a_single_column_needs_no_header() {
        assert_eq!(cells(b"A\nB\n"), [(1, "A".to_owned()), (2, "B".to_owned())]);
        assert_eq!(cells(b"gstin\r\nA"), [(2, "A".to_owned())]);
    }

    #[test]
    fn a_short_row_has_an_empty_cell_and_a_blank_one_is_none() {
        assert_eq!(cells(b"name,gstin\nx\n,\n  ,\t\n,B\n"), [(2, String::new()), (5, "B".to_owned())]);
    }

    #[test]
    fn a_file_that_is_no_list_says_why() {
        assert_eq!(fault(b""), FileFault::Empty);
        assert_eq!(fault(b" \r\n\r\n"), FileFault::Empty);
        assert_eq!(fault(b"gstin\n\n"), FileFault::NoRows);
        assert_eq!(fault(b"name,number\nx,A"), FileFault::NoColumn);
        assert_eq!(fault(b"A\nB\nC\nD"), FileFault::TooManyRows);
        assert_eq!(fault(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), FileFault::NotText);
        assert_eq!(fault(b"\xFF\xFEg\0s\0"), FileFault::Encoding);
        assert_eq!(fault(b"gstin,name\nA,caf\xE9"), FileFault::Encoding);
    }

    #[test]
    fn an_open_quote_swallows_no_row() {
        assert_eq!(fault(b"gstin,name\nA,x\nB,\"y\nC,z\n"), FileFault::Quote { line: 3 });
        let closed_far_below = format!("gstin,name\nA,\"x\n{}B,\"y\"\n", "C,z\n".repeat(20));
        assert_eq!(fault(closed_far_below.as_bytes()), FileFault::Quote { line: 2 });
        assert_eq!(cells(b"gstin,address\nA,\"x\ny\"\nB,z"), [(2, "A".to_owned()), (4, "B".to_owned())]);
    }

    #[test]
    fn a_long_cell_is_kept_in_part() {
        let line = Line { number: 1, cell: "é".repeat(60) };
        assert_eq!(line.typed(), format!("{}…", "é".repeat(50)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_rows_or_have_a_fault(
            signs in prop::collection::vec(prop::sample::select(b"\"\"\n\n\r,,a;\xe9\0\x01".to_vec()), 0..60)
        ) {
            if let Ok(lines) = read(&signs, 1_000) {
                prop_assert!(!lines.is_empty());
                prop_assert!(lines.is_sorted_by(|a, b| a.number < b.number));
            }
        }
    }
}

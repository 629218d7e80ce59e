//! Cuts the file into rows. The csv crate could do that, but a single open quote would make it read the rest of the
//! file, gigabytes perhaps, as one cell: so it gets one row at a time. A quote that is never closed costs its own line,
//! and no more of the file is in memory than a row and the lines in which its quote might be closed.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};

use csv::ByteRecord;

use super::cells::{Fault, MAX_CELL_BYTES, Problem, read_cells};
use super::columns::{HeaderError, find_columns};
use crate::kernel::taxpayer::Taxpayer;

/// The longest row; all cells at their longest, every sign of them a doubled quote, still fit.
const MAX_ROW_BYTES: usize = 256 * 1_024;
/// How far from a quote the next is looked for: the longest cell with every sign of it a doubled quote.
const MAX_QUOTED_BYTES: usize = 2 * MAX_CELL_BYTES;

/// A row of the file after its header.
#[derive(Debug)]
pub struct Row {
    /// The line of the file it starts on; the header is usually line 1.
    pub line: u64,
    /// What it says, or everything that is wrong with it (never an empty list).
    pub outcome: Result<Taxpayer, Vec<Fault>>,
    /// Its cells as they were.
    pub record: ByteRecord,
}

/// Reads a register file row by row, and never stops at a bad one. Blank lines are skipped.
///
/// When the file breaks off with an IO error, one last row without cells says so.
pub struct Reader<R: Read> {
    lines: Lines<R>,
    splitter: csv::Reader<io::Cursor<Vec<u8>>>,
    header: ByteRecord,
    places: Vec<usize>,
}

impl<R: Read> Reader<R> {
    /// Reads and checks the header row: every column of design.md 7 once, in any order, and no other. A UTF-8 byte
    /// order mark is tolerated, because spreadsheets write one.
    ///
    /// # Errors
    /// The first thing wrong with the header, naming the column.
    pub fn open(input: R) -> Result<Self, HeaderError> {
        let mut lines = Lines { input: Some(BufReader::new(input)), ahead: VecDeque::new(), read: 0 };
        let header = match lines.next_row() {
            None => return Err(HeaderError("the file is empty: it needs a header row".to_owned())),
            Some((_, _, Some(problem))) => return Err(HeaderError(format!("header row: {problem}"))),
            Some((_, header, None)) => header,
        };
        let mut splitter = csv::ReaderBuilder::new();
        splitter.has_headers(false).flexible(true).terminator(csv::Terminator::Any(b'\n'));
        let mut splitter = splitter.from_reader(io::Cursor::new(Vec::new()));
        let header = split(&mut splitter, header);
        Ok(Self { lines, splitter, places: find_columns(&header)?, header })
    }

    /// The cells of the header row, for [`Rejects`](super::Rejects).
    pub fn header(&self) -> &ByteRecord {
        &self.header
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let (line, row, mut problem) = self.lines.next_row()?;
        let record = split(&mut self.splitter, row);
        let (found, expected) = (record.len(), self.header.len());
        if problem.is_none() && found != expected {
            // No cell is known to be in its column.
            problem = Some(format!("this row has {found} cells, but the header has {expected}").into());
        }
        let outcome = match problem {
            None => read_cells(&record, &self.places),
            Some(problem) => Err(vec![Fault { column: None, problem }]),
        };
        Some(Row { line, outcome, record })
    }
}

fn split(splitter: &mut csv::Reader<io::Cursor<Vec<u8>>>, bytes: Vec<u8>) -> ByteRecord {
    let mut record = ByteRecord::with_capacity(bytes.len(), 32);
    *splitter.get_mut() = io::Cursor::new(bytes);
    // Reading from memory does not fail; and where the bytes end a cell ends, also one with an open quote.
    let _ = splitter.read_byte_record(&mut record);
    record
}

/// A row that is not split into cells yet: the line it starts on, its text, and what is wrong with it as a whole.
type Piece = (u64, Vec<u8>, Option<Problem>);

/// The lines of the file, each with its number.
struct Lines<R> {
    input: Option<BufReader<R>>,
    /// Lines that were looked at and are in no row yet.
    ahead: VecDeque<(u64, io::Result<Vec<u8>>)>,
    read: u64,
}

impl<R: Read> Lines<R> {
    /// The next row that is not blank, without its line end.
    fn next_row(&mut self) -> Option<Piece> {
        while matches!(self.peek(0)?.as_deref(), Ok(b"" | b"\r")) {
            self.ahead.pop_front();
        }
        let (line, first) = self.ahead.pop_front()?;
        let (mut row, problem) = match first {
            Ok(row) if row.len() > MAX_ROW_BYTES => {
                (row, Some(format!("this row is longer than {MAX_ROW_BYTES} bytes").into()))
            }
            // Most rows have no quote at all, and looking for one is much cheaper than following them.
            Ok(row) if !row.contains(&b'"') => (row, None),
            Ok(row) => self.complete(row),
            Err(error) => (Vec::new(), Some(format!("the file could not be read any further: {error}").into())),
        };
        row.pop_if(|byte| *byte == b'\r');
        Some((line, row, problem))
    }

    /// Adds the lines that belong to the same row because a quote is open. When that comes to no end, the row is its
    /// first line alone.
    fn complete(&mut self, mut row: Vec<u8>) -> (Vec<u8>, Option<Problem>) {
        let first_length = row.len();
        let (mut quote, mut added) = (open_quote(&row, 0), 0);
        while let Some(start) = quote {
            let hopeless = row.len() - start > MAX_QUOTED_BYTES || row.len() > MAX_ROW_BYTES;
            let Some(Ok(next)) = (if hopeless { None } else { self.peek(added) }) else {
                row.truncate(first_length);
                return (row, Some("a quote in this row is never closed".into()));
            };
            row.push(b'\n');
            row.extend_from_slice(next);
            added += 1;
            quote = open_quote(&row, start);
        }
        self.ahead.drain(..added);
        (row, None)
    }

    /// The line so many after the next, where there is one.
    fn peek(&mut self, after: usize) -> Option<&io::Result<Vec<u8>>> {
        if self.ahead.len() <= after {
            let line = self.read_line().transpose()?;
            self.read += 1;
            self.ahead.push_back((self.read, line));
        }
        self.ahead.get(after).map(|(_, line)| line)
    }

    /// A line without its line feed; of one longer than a row may be, the start.
    fn read_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        // Gone after an error: a file that broke off once might say the same for ever.
        let Some(mut input) = self.input.take() else { return Ok(None) };
        let mut line = Vec::new();
        let read = input.by_ref().take(MAX_ROW_BYTES as u64 + 1).read_until(b'\n', &mut line)?;
        if line.pop_if(|byte| *byte == b'\n').is_none() && line.len() > MAX_ROW_BYTES {
            input.skip_until(b'\n')?;
        }
        self.input = Some(input);
        Ok((read > 0).then_some(line))
    }
}

/// Where the quote stands that is open at the end of a row; `from` is the start of a cell in it.
///
/// Follows the quotes as the csv crate does: one opens at the start of a cell only, and two in a quoted cell mean one.
fn open_quote(row: &[u8], from: usize) -> Option<usize> {
    let (mut open, mut may_open) = (None, true);
    for (at, byte) in row.iter().enumerate().skip(from) {
        match (byte, open) {
            (b'"', Some(_)) => (open, may_open) = (None, true),
            (b'"', None) if may_open => open = Some(at),
            (_, None) => may_open = *byte == b',',
            (_, Some(_)) => {}
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::register::Column;
    use crate::register::tests::{GSTIN, cells, file, header, read, said};

    fn lines(rows: &[Row]) -> Vec<u64> {
        rows.iter().map(|row| row.line).collect()
    }

    #[test]
    fn quoted_cells_keep_commas_quotes_and_line_ends_together() {
        let name = (Column::TradeName, "Malwa \"Namkeen\",\r\nIndore");
        let rows = read(&file(&[cells(&[name]), cells(&[])]));
        let taxpayer = rows[0].outcome.as_ref().unwrap();
        assert_eq!(taxpayer.trade_name.as_deref(), Some("Malwa \"Namkeen\", Indore"));
        assert_eq!(lines(&rows), [2, 4]);
    }

    #[test]
    fn a_row_with_other_cells_than_the_header_is_refused_and_the_next_is_read() {
        let (mut short, mut long) = (cells(&[]), cells(&[]));
        short.pop();
        long.push("more".to_owned());
        let said: Vec<_> = read(&file(&[short, long, cells(&[])])).iter().map(said).collect();
        let other = |cells| format!("this row has {cells} cells, but the header has 25");
        assert_eq!(said, [other(24), other(26), String::new()]);
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_its_own_line_only() {
        let good = cells(&[]).join(",");
        for many in [0, 3, 1_000] {
            let rest = format!("{good}\n").repeat(many);
            let rows = read(format!("{}\n{good}\n{GSTIN},\"ACME\r\n{rest}", header()).as_bytes());
            assert_eq!(said(&rows[1]), "a quote in this row is never closed");
            assert_eq!(rows[1].record, vec![GSTIN, "ACME"]);
            assert!(rows.iter().skip(2).all(|row| row.outcome.is_ok()));
            assert_eq!(lines(&rows), (2..many as u64 + 4).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_row_of_many_megabytes_is_refused_without_being_kept() {
        let good = cells(&[]).join(",");
        let huge = "x".repeat(5 * 1_024 * 1_024);
        let rows = read(format!("{}\n\"{huge}\n{huge}\n{good}", header()).as_bytes());
        assert_eq!(said(&rows[0]), "this row is longer than 262144 bytes");
        assert!(rows[0].record.as_slice().len() <= MAX_ROW_BYTES);
        assert_eq!((rows[2].line, rows[2].outcome.is_ok()), (4, true));
    }

    struct Breaking<'a>(&'a [u8]);

    impl Read for Breaking<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::Error::other("the disk went away")),
                some => Ok(some),
            }
        }
    }

    #[test]
    fn a_file_that_breaks_off_says_so_in_a_last_row() {
        let good = cells(&[]).join(",");
        let bytes = format!("{}\n{good}\n{good}", header());
        let rows: Vec<Row> = Reader::open(Breaking(bytes.as_bytes())).unwrap().collect();
        let said: Vec<_> = rows.iter().map(said).collect();
        assert_eq!(said, ["", "the file could not be read any further: the disk went away"]);
        assert!(matches!(Reader::open(Breaking(b"gstin")), Err(HeaderError(_))));
    }

    proptest! {
        #[test]
        fn any_bytes_are_rows_that_are_good_or_have_a_reason(
            signs in prop::collection::vec(prop::sample::select(b"\"\"\n\n\r,,a;\xe9\0".to_vec()), 0..60)
        ) {
            let rows = read(&[header().as_bytes(), b"\n", &signs].concat());
            prop_assert!(lines(&rows).is_sorted_by(|a, b| a < b));
            prop_assert!(rows.iter().all(|row| !said(row).is_empty() && !row.record.is_empty()));
            // The first line that is not blank starts a row.
            let first = signs.split(|b| *b == b'\n').position(|line| !matches!(line, b"" | b"\r"));
            prop_assert_eq!(rows.first().map(|row| row.line), first.map(|index| index as u64 + 2));
        }

        #[test]
        fn cells_come_out_as_the_csv_crate_wrote_them(
            rows in prop::collection::vec(prop::collection::vec("[a-z\",\r\n;é ]{0,12}", 1..30), 0..8)
        ) {
            let text = |cell: &[u8]| String::from_utf8_lossy(cell).into_owned();
            let cells = |row: &Row| row.record.iter().map(text).collect::<Vec<_>>();
            prop_assert_eq!(read(&file(&rows)).iter().map(cells).collect::<Vec<_>>(), rows);
        }
    }
}

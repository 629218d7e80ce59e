//! Writes the rows that were refused, each with its reason, for the operator to correct and import.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use csv::ByteRecord;

use super::cells::Fault;
use super::columns::REASON;
use super::rows::Row;

/// Where the refused rows of a register file go: `FILE.csv` -> `FILE.rejected.csv`.
pub fn rejects_path(file: &Path) -> PathBuf {
    let is_csv = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
    let stem = if is_csv { file.with_extension("") } else { file.to_path_buf() };
    let mut name = stem.into_os_string();
    name.push(".rejected.csv");
    name.into()
}

/// The file of refused rows. It comes to be with the first bad row, and replaces one of an earlier run.
///
/// The cells keep their bytes, also those a spreadsheet takes for a formula: with a quote in front it would be another
/// file than the operator's. A row with a cell too many or too few keeps their number too, its reason behind the last,
/// so that it is refused again until somebody has corrected it.
pub struct Rejects {
    path: PathBuf,
    header: ByteRecord,
    writer: Option<csv::Writer<File>>,
}

impl Rejects {
    /// Prepares to write to `path` (see [`rejects_path`]); `header` is that of the file read.
    pub fn new(path: PathBuf, header: &ByteRecord) -> Self {
        Self { path, header: header.clone(), writer: None }
    }

    /// Writes a bad row with all its faults; a good one is left out.
    ///
    /// # Errors
    /// When the file cannot be made or written.
    pub fn write(&mut self, row: &Row) -> io::Result<()> {
        let Err(faults) = &row.outcome else {
            return Ok(());
        };
        let sentences: Vec<String> = faults.iter().map(Fault::to_string).collect();
        let cells = self.with_last_cell(&row.record, &sentences.join("; "));
        let writer = self.writer.take().map_or_else(|| self.create(), Ok)?;
        self.writer.insert(writer).write_byte_record(&cells)?;
        Ok(())
    }

    /// Writes out what is still in memory, and gives the path of the file; `None` when no row was bad and there is no
    /// file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(self) -> io::Result<Option<PathBuf>> {
        let Some(mut writer) = self.writer else { return Ok(None) };
        writer.flush()?;
        Ok(Some(self.path))
    }

    fn create(&self) -> io::Result<csv::Writer<File>> {
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        // The register holds email addresses and telephone numbers: nobody else on the machine reads them.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.path)?;
        // Spreadsheets need the byte order mark to read the names of people as UTF-8; the reader skips it.
        file.write_all("\u{FEFF}".as_bytes())?;
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(file);
        writer.write_byte_record(&self.with_last_cell(&self.header, REASON))?;
        Ok(writer)
    }

    /// The cells without that of an earlier `reason` column, and `last` behind them.
    fn with_last_cell(&self, record: &ByteRecord, last: &str) -> ByteRecord {
        let fits = record.len() == self.header.len();
        let is_reason = |place: usize| fits && self.header.get(place) == Some(REASON.as_bytes());
        let kept = record.iter().enumerate().filter(|(place, _)| !is_reason(*place));
        kept.map(|(_, cell)| cell).chain([last.as_bytes()]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::tests::{cells, file, header, read};
    use crate::register::{Column, Reader};

    fn refuse_into(path: &Path, bytes: &[u8]) -> Option<PathBuf> {
        let reader = Reader::open(bytes).unwrap();
        let mut rejects = Rejects::new(path.to_path_buf(), reader.header());
        reader.for_each(|row| rejects.write(&row).unwrap());
        rejects.finish().unwrap()
    }

    #[test]
    fn no_file_is_made_when_no_row_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("FILE.rejected.csv");
        assert_eq!(refuse_into(&path, &file(&[cells(&[])])), None);
        assert!(!path.exists());
    }

    #[test]
    fn refused_rows_keep_their_cells_and_can_be_imported_once_corrected() {
        let folder = tempfile::tempdir().unwrap();
        let path = rejects_path(&folder.path().join("FILE.CSV"));
        let formula = cells(&[(Column::TradeName, "=1+1"), (Column::Status, "Alive")]);
        let short = cells(&[])[1..].to_vec();
        assert_eq!(
            refuse_into(&path, &file(&[formula, cells(&[]), short])),
            Some(folder.path().join("FILE.rejected.csv"))
        );
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(&format!("\u{FEFF}{},reason\n", header())));
        assert!(text.contains(",=1+1,") && text.contains("status: this is none of"));
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions()) & 0o777, 0o600);

        refuse_into(&path, text.as_bytes());
        let twice = std::fs::read_to_string(&path).unwrap();
        assert_eq!(twice.matches("status: this is none of").count(), 1, "nothing was corrected, and it is said once");
        let corrected = read(text.replace(",Alive,", ",Active,").as_bytes());
        assert!(corrected[0].outcome.is_ok() && corrected[1].outcome.is_err());
    }
}

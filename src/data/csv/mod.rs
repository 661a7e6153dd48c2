//! Reading tables from text with separators, and writing them.
//!
//! In come bytes, a name for messages and [`CsvOptions`]; out goes a [`Table`] or the
//! first [`DataError`]. The path of a file is
//!
//! ```text
//! bytes -> text (decode) -> records of cells (scan) -> number, text or missing
//!       (cell) -> columns (column) -> Table
//! ```
//!
//! Rules. The first row is the header where one of its cells is neither a number nor a
//! missing value. The separator is found among tab, `;`, `,` and runs of blanks. Blank lines and comment
//! lines are skipped. Blanks around a cell are dropped; a quoted cell may hold
//! separators, line ends and `""` for a quote. A column is numbers, or text when none
//! of its cells is a number. Empty cells and `NA`, `N/A`, `null`, `?`, `.` are missing;
//! in quotes these words are text. Under `missing = "drop"` and `"mean"`, `nan` and
//! `inf` count as missing.
//!
//! Example: `"speed,dist\n4,2\n7,4\n"` gives two columns of numbers with two rows.

mod cell;
mod column;
mod decode;
mod scan;
mod separator;
mod write;

pub use write::write;

use std::collections::HashSet;

use crate::data::{DataError, Position, Table};
use crate::memory;
use crate::patience;
use cell::{Cell, number_hint};
use column::ColumnBuilder;
use scan::{RawCell, Scanner};

/// Whether the first row holds the names of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Header {
    /// It does where one of its cells is neither a number nor missing. A number in a foreign
    /// notation (`1,5`, `1_000`) counts as a number here, and is reported as data.
    #[default]
    Auto,
    /// It does.
    Yes,
    /// It does not; the columns are named `c1`, `c2`, and so on.
    No,
}

/// What to do about missing values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// Report the first one as an error.
    #[default]
    Error,
    /// Leave out every row that has one.
    Drop,
    /// Put the mean of the column's other numbers in its place.
    Mean,
}

/// How to read a file; the default finds out by itself and allows no missing values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CsvOptions {
    /// Whether the first row holds names.
    pub header: Header,
    /// The separator, one ASCII character; found from the data where `None`.
    pub sep: Option<char>,
    /// Lines that start with this text (after blanks) are skipped.
    pub comment: Option<String>,
    /// What to do about missing values.
    pub missing: Missing,
}

/// Reads a table; `display_name` is the file's name for messages.
///
/// Time is linear in the size of the file, about 0.2 s for a million rows of three
/// numbers. The rules are those of the module; the first mistake found is the error.
pub fn read(bytes: &[u8], display_name: &str, options: &CsvOptions) -> Result<Table, DataError> {
    // A cell takes two bytes or more, a number eight; while a column grows it lies in memory twice.
    memory::need_for(bytes.len().saturating_mul(4), &|| {
        format!("the table of `{display_name}`").into()
    });
    let text = decode::decode(bytes, display_name)?;
    let source = Source { text, file: display_name };
    let comment = options.comment.as_deref();
    if comment.is_some_and(|prefix| prefix.trim().is_empty()) {
        let message = "expected a text such as \"#\" for the option `comment`, found a blank one";
        return Err(DataError::whole_file(display_name, message));
    }
    let sep = match options.sep {
        Some(sep) => separator::verify(sep, display_name)?,
        None => separator::find(text, comment),
    };
    let mut scanner = Scanner::new(text, sep, comment);
    let mut cells = Vec::new();
    if !source.next_record(&mut scanner, &mut cells)? {
        return Err(DataError::whole_file(display_name, "the file holds no data")
            .with_help("all its lines are blank or comments"));
    }
    let has_header = match options.header {
        Header::Yes => true,
        Header::No => false,
        Header::Auto => cells.iter().any(|cell| is_name(&cell.read(text))),
    };
    let mut columns = source.columns(&cells, has_header)?;
    let mut more = true;
    if has_header {
        more = source.next_record(&mut scanner, &mut cells)?;
        if !more {
            return Err(DataError::whole_file(display_name, "the file has a header but no rows")
                .with_help("give `header = false` if its first row is data"));
        }
    }
    source.read_rows(&mut scanner, cells, more, &mut columns, options.missing)?;
    let columns =
        columns.into_iter().map(|column| column.finish(&source)).collect::<Result<Vec<_>, _>>()?;
    Table::new(display_name, columns)
        .map_err(|e| DataError::whole_file(display_name, e.to_string()))
}

/// Whether a cell of the first row makes it the header. A number in a foreign notation does
/// not: a row of data would silently become names.
fn is_name(cell: &Cell<'_>) -> bool {
    match cell {
        Cell::Text(text) => !number_hint(text).is_some_and(|hint| hint.is_certain),
        _ => false,
    }
}

/// The text being read, for messages that name its places.
struct Source<'a> {
    text: &'a str,
    file: &'a str,
}

impl<'a> Source<'a> {
    /// An error at a byte offset.
    fn error(&self, offset: usize, message: impl Into<String>) -> DataError {
        DataError::whole_file(self.file, message).at(Position::of(self.text, offset))
    }

    fn next_record(
        &self,
        scanner: &mut Scanner<'a>,
        cells: &mut Vec<RawCell>,
    ) -> Result<bool, DataError> {
        memory::poll();
        scanner
            .next_record(cells)
            .map_err(|fault| self.error(fault.offset(), fault.message()).with_help(fault.help()))
    }

    /// Empty columns under the names of the header, or `c1`, `c2`, ...
    fn columns(
        &self,
        first: &[RawCell],
        has_header: bool,
    ) -> Result<Vec<ColumnBuilder<'a>>, DataError> {
        let mut seen = HashSet::new();
        let mut columns = Vec::with_capacity(first.len());
        for (k, cell) in first.iter().enumerate() {
            let written = if has_header { cell.content(self.text) } else { "".into() };
            let name = match written.trim() {
                "" => format!("c{}", k + 1),
                name => name.to_string(),
            };
            if !seen.insert(name.clone()) {
                return Err(self
                    .error(cell.offset, format!("the column name `{name}` is repeated"))
                    .with_help("give each column its own name in the header"));
            }
            columns.push(ColumnBuilder::new(name));
        }
        Ok(columns)
    }

    /// Reads the record in `cells` and all that follow into the columns.
    fn read_rows(
        &self,
        scanner: &mut Scanner<'a>,
        mut cells: Vec<RawCell>,
        mut more: bool,
        columns: &mut [ColumnBuilder<'a>],
        missing: Missing,
    ) -> Result<(), DataError> {
        let mut row: Vec<Cell<'a>> = Vec::with_capacity(columns.len());
        let mut n_rows = 0;
        while more {
            patience::look();
            self.verify_width(&cells, columns.len())?;
            row.clear();
            row.extend(cells.iter().map(|cell| cell.read(self.text)));
            let is_dropped = missing == Missing::Drop && row.iter().any(Cell::is_missing);
            if !is_dropped {
                for ((column, cell), raw) in columns.iter_mut().zip(row.drain(..)).zip(&cells) {
                    column.push(self, cell, raw.offset, missing)?;
                }
                n_rows += 1;
            }
            more = self.next_record(scanner, &mut cells)?;
        }
        if n_rows == 0 {
            return Err(DataError::whole_file(
                self.file,
                "no rows are left: every row has a missing value",
            )
            .with_help("give `missing = \"mean\"`, or leave out the column that is empty"));
        }
        Ok(())
    }

    /// A row has as many cells as the first one, or is reported at the first extra cell
    /// or at its last one.
    fn verify_width(&self, cells: &[RawCell], expected: usize) -> Result<(), DataError> {
        let found = cells.len();
        if found == expected {
            return Ok(());
        }
        let offset = match cells.get(expected).or(cells.last()) {
            Some(cell) => cell.offset,
            None => 0,
        };
        let cell_word = if expected == 1 { "cell" } else { "cells" };
        let help = if found > expected {
            "put a cell that holds the separator in double quotes, and write numbers with a decimal point"
        } else {
            "write NA for a missing value"
        };
        let message = format!("expected {expected} {cell_word} in this row, found {found}");
        Err(self.error(offset, message).with_help(help))
    }
}

#[cfg(test)]
mod tests;

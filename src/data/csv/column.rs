//! Building one column from its cells, and telling which of them do not fit.
//!
//! A column's kind is known from its first cell that is there, and can only be found
//! wrong later: text first and a number below means that the text does not fit.

use std::borrow::Cow;
use std::collections::HashMap;

use super::cell::{Cell, number_hint};
use super::{Missing, Source};
use crate::data::{Categories, Column, DataError, Position};

/// A column as far as it has been read.
pub(super) struct ColumnBuilder<'a> {
    name: String,
    /// Cells so far, missing ones included.
    n_rows: usize,
    /// Rows and offsets of missing cells, which are filled in at the end.
    missing: Vec<(usize, usize)>,
    kind: Kind<'a>,
}

enum Kind<'a> {
    /// Only missing cells so far.
    Unknown,
    Numbers(Vec<f64>),
    Text(TextCells<'a>),
}

/// The cells of a text column, as codes in order of first appearance.
struct TextCells<'a> {
    codes: Vec<u32>,
    code_of: HashMap<Cow<'a, str>, u32>,
    first_text: Cow<'a, str>,
    first_offset: usize,
    /// Whether every cell looks like a number written in another way, such as `1,5`.
    are_all_near_numbers: bool,
}

impl<'a> ColumnBuilder<'a> {
    pub fn new(name: String) -> Self {
        ColumnBuilder { name, n_rows: 0, missing: Vec::new(), kind: Kind::Unknown }
    }

    /// Adds a cell that starts at the byte `offset`, or says why it does not fit.
    pub fn push(
        &mut self,
        source: &Source<'_>,
        cell: Cell<'a>,
        offset: usize,
        missing: Missing,
    ) -> Result<(), DataError> {
        match cell {
            Cell::Number(value) => self.push_number(source, value, offset)?,
            Cell::Text(text) => self.push_text(source, text, offset)?,
            Cell::TooLarge(text) => {
                let message = format!("the number `{}` is beyond the largest double", clip(&text));
                return Err(source
                    .error(offset, message)
                    .with_help("numbers go up to about 1.8e308"));
            }
            Cell::Missing(word) if missing == Missing::Error => {
                let message = format!("a missing value in column `{}`", self.name);
                return Err(self.refuse_missing(source, message, &word, offset));
            }
            Cell::NotFinite(word) if missing == Missing::Error => {
                let column = &self.name;
                let message =
                    format!("expected a finite number in column `{column}`, found `{word}`");
                return Err(self.refuse_missing(source, message, &word, offset));
            }
            Cell::Missing(_) | Cell::NotFinite(_) => {
                self.missing.push((self.n_rows, offset));
                match &mut self.kind {
                    Kind::Unknown => {}
                    Kind::Numbers(values) => values.push(f64::NAN),
                    Kind::Text(cells) => cells.codes.push(0),
                }
            }
        }
        self.n_rows += 1;
        Ok(())
    }

    /// The error of a cell without a finite number, where none may be missing.
    fn refuse_missing(
        &self,
        source: &Source<'_>,
        message: String,
        word: &str,
        offset: usize,
    ) -> DataError {
        let help = match self.kind {
            Kind::Text(_) if !word.is_empty() => {
                format!("write \"{word}\" in double quotes if it is a text; else {MISSING_HELP}")
            }
            _ => MISSING_HELP.to_string(),
        };
        source.error(offset, message).with_help(help)
    }

    fn push_number(
        &mut self,
        source: &Source<'_>,
        value: f64,
        offset: usize,
    ) -> Result<(), DataError> {
        match &mut self.kind {
            Kind::Numbers(values) => values.push(value),
            Kind::Unknown => {
                let mut values = vec![f64::NAN; self.n_rows];
                values.push(value);
                self.kind = Kind::Numbers(values);
            }
            Kind::Text(cells) => {
                let line = Position::of(source.text, offset).line;
                let reason = format!("line {line} has a number in this column");
                return Err(misfit(
                    source,
                    &self.name,
                    &cells.first_text,
                    cells.first_offset,
                    &reason,
                ));
            }
        }
        Ok(())
    }

    fn push_text(
        &mut self,
        source: &Source<'_>,
        text: Cow<'a, str>,
        offset: usize,
    ) -> Result<(), DataError> {
        match &mut self.kind {
            Kind::Numbers(_) => {
                let reason = "a column is text only when none of its cells is a number";
                return Err(misfit(source, &self.name, &text, offset, reason));
            }
            Kind::Unknown => {
                self.kind = Kind::Text(TextCells {
                    codes: vec![0; self.n_rows],
                    code_of: HashMap::new(),
                    first_text: text.clone(),
                    first_offset: offset,
                    are_all_near_numbers: true,
                });
                return self.push_text(source, text, offset);
            }
            Kind::Text(cells) => cells.push(text),
        }
        Ok(())
    }

    /// The finished column under its name, with missing numbers replaced by the mean.
    pub fn finish(mut self, source: &Source<'_>) -> Result<(String, Column), DataError> {
        let first_missing = self.missing.first().map_or(0, |&(_, offset)| offset);
        match std::mem::replace(&mut self.kind, Kind::Unknown) {
            Kind::Unknown => Err(source
                .error(first_missing, format!("every value of column `{}` is missing", self.name))
                .with_help("leave out this column; there is nothing to take a mean of")),
            Kind::Numbers(mut values) => {
                fill_with_mean(&mut values, &self.missing);
                Ok((self.name, Column::Numbers(values)))
            }
            Kind::Text(_) if !self.missing.is_empty() => Err(source
                .error(
                    first_missing,
                    format!(
                        "a missing value in column `{}`, which is text and has no mean",
                        self.name
                    ),
                )
                .with_help("give `missing = \"drop\"` to leave out such rows")),
            Kind::Text(cells) => {
                if cells.are_all_near_numbers {
                    let reason = "the column looks like numbers";
                    return Err(misfit(
                        source,
                        &self.name,
                        &cells.first_text,
                        cells.first_offset,
                        reason,
                    ));
                }
                let categories = cells.into_categories().ok_or_else(|| {
                    DataError::whole_file(
                        source.file,
                        format!("too many different texts in column `{}`", self.name),
                    )
                })?;
                Ok((self.name, Column::Text(categories)))
            }
        }
    }
}

const MISSING_HELP: &str =
    "give `missing = \"drop\"` to leave out such rows, or `missing = \"mean\"` to fill them in";

impl<'a> TextCells<'a> {
    fn push(&mut self, text: Cow<'a, str>) {
        // A file that fits in memory has fewer than 2^32 different texts; at the limit
        // the codes repeat and `into_categories` refuses them.
        let next = u32::try_from(self.code_of.len()).unwrap_or(u32::MAX);
        let code = match self.code_of.get(&text) {
            Some(&code) => code,
            None => {
                let is_near = number_hint(&text).is_some_and(|hint| hint.is_certain);
                self.are_all_near_numbers &= is_near;
                self.code_of.insert(text, next);
                next
            }
        };
        self.codes.push(code);
    }

    fn into_categories(self) -> Option<Categories> {
        let mut levels = vec![String::new(); self.code_of.len()];
        for (text, code) in self.code_of {
            *levels.get_mut(code as usize)? = text.into_owned();
        }
        Categories::sorted(levels, &self.codes)
    }
}

/// The error of a text in a column of numbers.
fn misfit(source: &Source<'_>, column: &str, text: &str, offset: usize, reason: &str) -> DataError {
    let message = format!("expected a number in column `{}`, found `{}`", column, clip(text));
    let help = match number_hint(text) {
        Some(hint) => hint.help,
        None => format!("{reason}; write NA for a missing value"),
    };
    source.error(offset, message).with_help(help)
}

/// Puts the mean of the other values where values are missing.
fn fill_with_mean(values: &mut [f64], missing: &[(usize, usize)]) {
    if missing.is_empty() {
        return;
    }
    let present = || values.iter().filter(|v| !v.is_nan());
    let count = present().count() as f64;
    let sum: f64 = present().sum();
    // The sum of large numbers may overflow where their mean does not.
    let mean = if sum.is_finite() { sum / count } else { present().map(|v| v / count).sum() };
    for &(row, _) in missing {
        values[row] = mean;
    }
}

/// The text, cut to a length that fits into a message.
fn clip(text: &str) -> String {
    const LIMIT: usize = 40;
    let mut clipped: String = text.chars().take(LIMIT).collect();
    if clipped.len() < text.len() {
        clipped.push('…');
    }
    clipped
}

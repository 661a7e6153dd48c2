//! What a table can be asked for in vain, in words.

use std::fmt;

/// A question that a table cannot answer.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // the fields are named after what they hold
pub enum TableError {
    /// No column of that name; `near` holds names it may have been meant for.
    NoColumn { table: String, column: String, near: Vec<String> },
    /// A text column where numbers are needed.
    NotNumbers { column: String },
    /// A column of numbers where categories are needed.
    NotText { column: String },
    /// Two columns of one name.
    RepeatedName { column: String },
    /// A column of another length than the first one.
    Lengths { column: String, expected: usize, found: usize },
    /// A row (from 0) past the end.
    NoRow { row: usize, n_rows: usize },
    /// A fraction for `split` outside 0 and 1.
    Fraction { fraction: f64 },
    /// A fraction that leaves one part of a split without rows.
    EmptyPart { fraction: f64, n_rows: usize },
}

impl TableError {
    /// What to do about it, where there is one likely answer.
    pub fn help(&self) -> Option<String> {
        match self {
            TableError::NoColumn { near, .. } => {
                let first = near.first()?;
                Some(format!("did you mean `{first}`?"))
            }
            TableError::NotNumbers { column } => Some(format!(
                "`onehot` makes a matrix of 0 and 1 from the categories of `{column}`"
            )),
            _ => None,
        }
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TableError::NoColumn { table, column, .. } => {
                write!(f, "the table `{table}` has no column `{column}`")
            }
            TableError::NotNumbers { column } => {
                write!(f, "expected a column of numbers, found the text column `{column}`")
            }
            TableError::NotText { column } => {
                write!(f, "expected a text column, found the column of numbers `{column}`")
            }
            TableError::RepeatedName { column } => {
                write!(f, "the column name `{column}` is repeated")
            }
            TableError::Lengths { column, expected, found } => {
                write!(f, "expected {expected} rows in the column `{column}`, found {found}")
            }
            TableError::NoRow { row, n_rows } => {
                write!(f, "row {} is outside the table, which has {n_rows} rows", row + 1)
            }
            TableError::Fraction { fraction } => {
                write!(f, "expected a fraction between 0 and 1, found {fraction}")
            }
            TableError::EmptyPart { fraction, n_rows } => write!(
                f,
                "a fraction of {fraction} of {n_rows} rows leaves one part of the split without rows"
            ),
        }
    }
}

impl std::error::Error for TableError {}

//! Tables and number files: what `csv("cars.csv")`, `npy("x.npy")` and `idx(..)` read.
//!
//! In come the unpacked bytes of a file and the name to use for it in messages; out goes a
//! [`Table`] of columns, each all numbers or all categories, or an [`Array`] of
//! numbers. What does not fit is a [`DataError`] that names file, line and column of
//! the data and says what to do.
//!
//! This room opens no files, draws no random numbers and knows nothing of expressions:
//! `split` takes the order of the rows, it does not shuffle.
//!
//! Invariants: all columns of a table have the same length and different names; the
//! numbers of a table that came from CSV are finite; arrays are row-major.

mod array;
mod categories;
pub mod csv;
mod data_error;
pub mod idx;
pub mod npy;
mod table;
mod table_error;

pub use array::Array;
pub use categories::Categories;
pub use data_error::{DataError, Position};
pub use table::{Column, Table};
pub use table_error::TableError;

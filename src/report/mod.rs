//! Numbers, tables and JSON as text.
//!
//! In comes plain data: numbers, strings, slices. Out goes text: for people with few
//! digits and aligned columns, for programs exactly. This room knows no graph, no syntax
//! tree, no optimizer and no terminal; widths are passed in.
//!
//! Invariant: what [`number::exact`] and [`json`] write reads back to the same double,
//! and the forms of [`mod@array`] that are not elided are Gradus text.
//!
//! Example: `number::human(3.932408759)` is `3.93241`.

pub mod array;
pub mod format_spec;
pub mod json;
pub mod number;
pub mod table;

pub use format_spec::{FormatSpec, SpecError};
pub use json::{JsonObject, JsonValue};
pub use table::{Align, TextTable};

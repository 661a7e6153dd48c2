//! Writing a table as CSV that reads back as the same table.

use super::cell::Cell;
use crate::data::{Column, Table};
use crate::report::number::exact;

/// The table with a header, commas, `\n` line ends, and quotes where they are needed.
///
/// Numbers are written so that they read back exactly, also `nan` and `inf` (which
/// reading takes only under `missing = "drop"` or `"mean"`). A text that is a number
/// cannot be told from one, as in any CSV.
pub fn write(table: &Table) -> String {
    let mut out = String::new();
    let names = table.column_names().map(header_cell);
    push_record(&mut out, names);
    for i in 0..table.n_rows() {
        let cells = table.columns().iter().map(|(_, column)| match column {
            Column::Numbers(values) => values.get(i).map_or_else(String::new, |&x| exact(x)),
            Column::Text(categories) => text_cell(categories.text(i).unwrap_or_default()),
        });
        push_record(&mut out, cells);
    }
    out
}

fn push_record(out: &mut String, cells: impl Iterator<Item = String>) {
    for (k, cell) in cells.enumerate() {
        if k > 0 {
            out.push(',');
        }
        out.push_str(&cell);
    }
    out.push('\n');
}

fn header_cell(name: &str) -> String {
    if needs_quotes(name) { quoted(name) } else { name.to_string() }
}

/// A text of a column: words such as NA stay text in quotes.
fn text_cell(text: &str) -> String {
    let reads_as_text = matches!(Cell::read(text.into(), false), Cell::Text(_));
    if needs_quotes(text) || !reads_as_text { quoted(text) } else { text.to_string() }
}

fn needs_quotes(text: &str) -> bool {
    text.contains([',', ';', '\t', '"', '\n', '\r', '\u{feff}'])
        || text != text.trim()
        || text.is_empty()
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

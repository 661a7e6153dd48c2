//! Tables for people: aligned columns under a header.
//!
//! In come texts, out go lines. Widths are those of a terminal: a CJK character takes two
//! columns and a combining mark none. Control characters, which would break the lines,
//! are shown as blanks.
//!
//! ```text
//! method    value  iterations
//! ---------------------------
//! gd     12.5            1000
//! newton  0.25              7
//! ```

use unicode_width::UnicodeWidthStr;

/// Blanks between columns.
const GAP: &str = "  ";

/// How a column's cells stand in its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Texts.
    Left,
    /// Whole numbers, times.
    Right,
    /// Numbers with their decimal points (or their last whole digits) under each other;
    /// cells that are not numbers stand on the right.
    Decimal,
}

/// A table under construction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTable {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl TextTable {
    /// A table without rows; each column has a title and an alignment.
    pub fn new<'a>(columns: impl IntoIterator<Item = (&'a str, Align)>) -> Self {
        TextTable {
            columns: columns.into_iter().map(|(title, align)| (one_line(title), align)).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; cells that are missing are empty, those too many are left out.
    pub fn push_row<S: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let mut row: Vec<String> = cells
            .into_iter()
            .take(self.columns.len())
            .map(|cell| one_line(cell.as_ref()))
            .collect();
        row.resize(self.columns.len(), String::new());
        self.rows.push(row);
    }

    /// The lines: header, a rule, the rows; each ends with `\n` and has no blanks at its end.
    pub fn render(&self) -> String {
        let columns: Vec<Vec<String>> =
            (0..self.columns.len()).map(|k| self.render_column(k)).collect();
        let width: usize =
            columns.iter().map(|cells| cells.first().map_or(0, |cell| cell.width())).sum();
        let rule = "-".repeat(width + GAP.len() * columns.len().saturating_sub(1));
        let mut out = String::new();
        for i in 0..=self.rows.len() {
            let cells: Vec<&str> = columns.iter().map(|cells| cells[i].as_str()).collect();
            out.push_str(cells.join(GAP).trim_end());
            out.push('\n');
            if i == 0 {
                out.push_str(&rule);
                out.push('\n');
            }
        }
        out
    }

    /// The title and the cells of column `k`, all of one width.
    fn render_column(&self, k: usize) -> Vec<String> {
        let (title, align) = &self.columns[k];
        let cells: Vec<&str> = self.rows.iter().map(|row| row[k].as_str()).collect();
        let cells = match align {
            Align::Decimal => at_decimal_point(&cells),
            _ => cells.into_iter().map(str::to_string).collect(),
        };
        let width = cells.iter().map(|cell| cell.width()).max().unwrap_or(0).max(title.width());
        std::iter::once(title)
            .chain(&cells)
            .map(|cell| {
                let blanks = " ".repeat(width - cell.width());
                match align {
                    Align::Left => format!("{cell}{blanks}"),
                    Align::Right | Align::Decimal => format!("{blanks}{cell}"),
                }
            })
            .collect()
    }
}

/// Adds blanks behind numbers so that their points stand in one column.
fn at_decimal_point(cells: &[&str]) -> Vec<String> {
    let tail = |cell: &str| cell.len() - whole_digits_end(cell);
    let is_number = |cell: &str| cell.parse::<f64>().is_ok_and(f64::is_finite);
    let longest =
        cells.iter().filter(|cell| is_number(cell)).map(|cell| tail(cell)).max().unwrap_or(0);
    cells
        .iter()
        .map(|cell| {
            let behind = if is_number(cell) { longest - tail(cell) } else { 0 };
            format!("{cell}{}", " ".repeat(behind))
        })
        .collect()
}

/// Where the point of a number stands, or its exponent, or its end.
fn whole_digits_end(number: &str) -> usize {
    number.find(['.', 'e', 'E']).unwrap_or(number.len())
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut t = TextTable::new([
            ("method", Align::Left),
            ("value", Align::Decimal),
            ("iterations", Align::Right),
        ]);
        t.push_row(["gd", "12.5", "1000"]);
        t.push_row(["newton", "0.25", "7"]);
        t.push_row(["lm", "1e-9", "12"]);
        t.push_row(["x", "nan"]);
        let expected = "\
method  value  iterations
-------------------------
gd      12.5         1000
newton   0.25           7
lm       1e-9          12
x         nan
";
        assert_eq!(t.render(), expected);
    }

    #[test]
    fn widths_are_those_of_a_terminal() {
        let mut t = TextTable::new([("名", Align::Left), ("θ", Align::Right)]);
        t.push_row(["日本", "1"]);
        t.push_row(["a\nb", "22"]);
        assert_eq!(t.render(), "名     θ\n--------\n日本   1\na b   22\n");
    }

    #[test]
    fn small_tables() {
        assert_eq!(TextTable::new([("a", Align::Left)]).render(), "a\n-\n");
        let mut none = TextTable::new([]);
        none.push_row(["x"]);
        assert_eq!(none.render(), "\n\n\n");
    }
}

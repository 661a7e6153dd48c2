//! Columns and matrices as text.
//!
//! The forms on one line, and all forms that are not elided, are Gradus text: a column is
//! `[1, 2, 3]`, a matrix `[1, 2; 3, 4]`, a matrix of one row `[1, 2]'`, an empty array
//! `zeros(0)`. Long arrays have `...` in the middle. Matrices are row-major slices;
//! `values.len()` is `rows * cols`.

use super::number::human;
use crate::patience;

/// Columns up to this length are shown whole, over several lines if need be.
const WHOLE_COLUMN: usize = 20;

/// Matrices up to this many rows are shown whole; of longer ones, these many rows at
/// the beginning and at the end.
const WHOLE_ROWS: usize = 20;
const HEAD_ROWS: usize = 8;
const TAIL_ROWS: usize = 3;

const DOTS: &str = "...";

/// A column on one line, complete; `number` is [`human`] or [`super::number::exact`].
pub fn column_line(values: &[f64], number: fn(f64) -> String) -> String {
    if values.is_empty() {
        return "zeros(0)".to_string();
    }
    format!("[{}]", joined(values, number))
}

/// A matrix on one line, complete; `number` is [`human`] or [`super::number::exact`].
pub fn matrix_line(values: &[f64], rows: usize, cols: usize, number: fn(f64) -> String) -> String {
    if rows == 0 || cols == 0 {
        return format!("zeros({rows}, {cols})");
    }
    if rows == 1 {
        return format!("[{}]'", joined(values, number));
    }
    let lines: Vec<String> = values.chunks(cols).map(|row| joined(row, number)).collect();
    format!("[{}]", lines.join("; "))
}

/// A column for people, in lines of at most `width` characters where that is possible.
///
/// On one line if it fits, else broken into lines up to 20 entries, else on one line
/// with `...` in the middle.
pub fn column(values: &[f64], width: usize) -> String {
    if values.len() <= WHOLE_COLUMN {
        return wrapped(values, width);
    }
    let shown = |k: usize| {
        let head = joined(&values[..k], human);
        let tail = joined(&values[values.len() - k..], human);
        format!("[{head}, {DOTS}, {tail}]")
    };
    let most = WHOLE_COLUMN / 2;
    (2..=most).rev().map(shown).find(|line| line.len() <= width).unwrap_or_else(|| shown(1))
}

/// A matrix for people: a line a row, entries right-aligned, `...` for what is left out.
///
/// Rows beyond 20 and columns beyond `width` are elided in the middle; at least the first
/// and the last column are shown. A single row is shown as a column is, with `'` behind.
pub fn matrix(values: &[f64], rows: usize, cols: usize, width: usize) -> String {
    if rows == 0 || cols == 0 {
        return matrix_line(values, rows, cols, human);
    }
    if rows == 1 {
        return format!("{}'", column(values, width.saturating_sub(1)));
    }
    let row_numbers = shown_rows(rows);
    let (column_numbers, widths) = fitting_columns(values, cols, &row_numbers, width);
    let mut lines = Vec::with_capacity(row_numbers.len());
    for row in &row_numbers {
        let Some(i) = row else {
            lines.push(DOTS.to_string());
            continue;
        };
        let cells: Vec<String> = column_numbers
            .iter()
            .zip(&widths)
            .map(|(column, &w)| match column {
                Some(j) => format!("{:>w$}", entry(values, cols, *i, *j)),
                None => DOTS.to_string(),
            })
            .collect();
        lines.push(cells.join(", "));
    }
    format!("[{}]", lines.join(";\n "))
}

fn joined(values: &[f64], number: fn(f64) -> String) -> String {
    let text = |&x: &f64| {
        patience::look();
        number(x)
    };
    let texts: Vec<String> = values.iter().map(text).collect();
    texts.join(", ")
}

fn entry(values: &[f64], cols: usize, i: usize, j: usize) -> String {
    values.get(i * cols + j).map_or_else(String::new, |&x| human(x))
}

/// `[1, 2,` and so on, broken after commas.
fn wrapped(values: &[f64], width: usize) -> String {
    let mut out = column_line(values, human);
    if out.len() <= width || values.len() < 2 {
        return out;
    }
    out.clear();
    let mut used = 0;
    for (k, &x) in values.iter().enumerate() {
        let end = if k + 1 == values.len() { "]" } else { "," };
        let text = format!("{}{end}", human(x));
        let before = match k {
            0 => "[",
            _ if used + 1 + text.len() <= width => " ",
            _ => {
                used = 0;
                "\n "
            }
        };
        out.push_str(before);
        out.push_str(&text);
        used += 1 + text.len();
    }
    out
}

/// The rows that are shown; `None` marks the place of the others.
fn shown_rows(rows: usize) -> Vec<Option<usize>> {
    if rows <= WHOLE_ROWS {
        return (0..rows).map(Some).collect();
    }
    let mut numbers: Vec<Option<usize>> = (0..HEAD_ROWS).map(Some).collect();
    numbers.push(None);
    numbers.extend((rows - TAIL_ROWS..rows).map(Some));
    numbers
}

/// The columns that fit into `width`, taken from both ends in turn, and their widths.
fn fitting_columns(
    values: &[f64],
    cols: usize,
    rows: &[Option<usize>],
    width: usize,
) -> (Vec<Option<usize>>, Vec<usize>) {
    let column_width = |j: usize| {
        let texts = rows.iter().flatten().map(|&i| entry(values, cols, i, j).len());
        texts.max().unwrap_or(0)
    };
    // An entry takes three characters at least, so more columns than this never fit.
    if cols <= width / 3 {
        let widths: Vec<usize> = (0..cols).map(column_width).collect();
        if widths.iter().map(|w| w + 2).sum::<usize>() <= width {
            return ((0..cols).map(Some).collect(), widths);
        }
    }
    let (mut head, mut tail) = (vec![(Some(0), column_width(0))], Vec::new());
    let mut used = head[0].1 + 2 + DOTS.len() + 2;
    while head.len() + tail.len() < cols {
        let takes_head = head.len() <= tail.len();
        let j = if takes_head { head.len() } else { cols - 1 - tail.len() };
        let w = column_width(j);
        used += w + 2;
        if used > width && !tail.is_empty() {
            break;
        }
        let side = if takes_head { &mut head } else { &mut tail };
        side.push((Some(j), w));
    }
    if head.len() + tail.len() < cols {
        head.push((None, DOTS.len()));
    }
    head.extend(tail.into_iter().rev());
    head.into_iter().unzip()
}

#[cfg(test)]
mod tests {
    use super::super::number::exact;
    use super::*;

    #[test]
    fn lines_are_gradus_text() {
        assert_eq!(column_line(&[1.0, -2.5, 1e-9], human), "[1, -2.5, 1e-9]");
        assert_eq!(column_line(&[0.1 + 0.2], exact), "[0.30000000000000004]");
        assert_eq!(column_line(&[], human), "zeros(0)");
        let m = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(matrix_line(&m, 2, 2, human), "[1, 2; 3, 4]");
        assert_eq!(matrix_line(&m, 1, 4, human), "[1, 2, 3, 4]'");
        assert_eq!(matrix_line(&m, 4, 1, human), "[1; 2; 3; 4]");
        assert_eq!(matrix_line(&[], 0, 3, human), "zeros(0, 3)");
    }

    #[test]
    fn columns_for_people() {
        let long: Vec<f64> = (1..=1000).map(f64::from).collect();
        assert_eq!(column(&long[..3], 80), "[1, 2, 3]");
        assert_eq!(column(&long[..6], 10), "[1, 2, 3,\n 4, 5, 6]");
        assert_eq!(column(&long, 34), "[1, 2, 3, ..., 998, 999, 1000]");
        assert_eq!(column(&long, 5), "[1, ..., 1000]");
        assert!(column(&long, 80).len() <= 80);
    }

    #[test]
    fn matrices_for_people() {
        let m = [1.0, 20.0, 3.5, 4.0];
        assert_eq!(matrix(&m, 2, 2, 80), "[  1, 20;\n 3.5,  4]");
        assert_eq!(matrix(&m, 1, 4, 80), "[1, 20, 3.5, 4]'");
        assert_eq!(matrix(&[], 3, 0, 80), "zeros(3, 0)");
    }

    #[test]
    fn large_matrices_are_elided_on_both_sides() {
        let values: Vec<f64> = (0..100 * 50).map(f64::from).collect();
        let text = matrix(&values, 100, 50, 40);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 8 + 1 + 3);
        assert_eq!(lines[0], "[   0,    1,    2, ...,   48,   49;");
        assert_eq!(lines[8], " ...;");
        assert!(lines[11].ends_with("4999]"));
        assert!(lines.iter().all(|line| line.len() <= 40));
        assert_eq!(matrix(&values, 2, 2500, 3).lines().next(), Some("[   0, ..., 2499;"));
    }
}

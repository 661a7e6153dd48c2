//! `Table`: named columns of one length, and what scripts ask of it.
//!
//! In comes what a reader built (or a trace of a run, to be written as CSV); out go
//! columns, row-major matrices, categories and tables of chosen rows. Row numbers count
//! from 0 here; the language's count from 1 is the caller's business.
//!
//! Invariant: every column has `n_rows` entries and its own name. A text column keeps
//! all its levels when rows are chosen, so that both parts of a split give matrices of
//! the same width.

use std::collections::HashSet;

use super::{Array, Categories, TableError};

/// One column's entries.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Numbers.
    Numbers(Vec<f64>),
    /// Categories.
    Text(Categories),
}

impl Column {
    /// Number of entries.
    pub fn len(&self) -> usize {
        match self {
            Column::Numbers(values) => values.len(),
            Column::Text(categories) => categories.codes().len(),
        }
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn select(&self, rows: &[usize]) -> Self {
        match self {
            Column::Numbers(values) => Column::Numbers(rows.iter().map(|&i| values[i]).collect()),
            Column::Text(categories) => Column::Text(categories.select(rows)),
        }
    }
}

/// Columns of one length under different names; `name` is that of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    name: String,
    columns: Vec<(String, Column)>,
    n_rows: usize,
}

impl Table {
    /// A table from its columns, in order.
    ///
    /// Fails with [`TableError::RepeatedName`] or [`TableError::Lengths`].
    pub fn new(name: &str, columns: Vec<(String, Column)>) -> Result<Self, TableError> {
        let n_rows = columns.first().map_or(0, |(_, column)| column.len());
        let mut seen = HashSet::new();
        for (column_name, column) in &columns {
            if !seen.insert(column_name.as_str()) {
                return Err(TableError::RepeatedName { column: column_name.clone() });
            }
            if column.len() != n_rows {
                return Err(TableError::Lengths {
                    column: column_name.clone(),
                    expected: n_rows,
                    found: column.len(),
                });
            }
        }
        Ok(Table { name: name.to_string(), columns, n_rows })
    }

    /// Name of the file it came from.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// Names of the columns, in order.
    pub fn column_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.columns.iter().map(|(name, _)| name.as_str())
    }

    /// Names and columns, in order.
    pub fn columns(&self) -> &[(String, Column)] {
        &self.columns
    }

    /// The column of that name; the error holds near names.
    pub fn column(&self, name: &str) -> Result<&Column, TableError> {
        self.columns
            .iter()
            .find(|(column_name, _)| column_name == name)
            .map(|(_, column)| column)
            .ok_or_else(|| TableError::NoColumn {
                table: self.name.clone(),
                column: name.to_string(),
                near: self.near_names(name),
            })
    }

    /// The column of that name as numbers.
    pub fn numbers(&self, name: &str) -> Result<&[f64], TableError> {
        match self.column(name)? {
            Column::Numbers(values) => Ok(values),
            Column::Text(_) => Err(TableError::NotNumbers { column: name.to_string() }),
        }
    }

    /// The column of that name as categories.
    pub fn categories(&self, name: &str) -> Result<&Categories, TableError> {
        match self.column(name)? {
            Column::Text(categories) => Ok(categories),
            Column::Numbers(_) => Err(TableError::NotText { column: name.to_string() }),
        }
    }

    /// Several columns side by side: rows x names.len(), row-major.
    pub fn matrix(&self, names: &[&str]) -> Result<Array, TableError> {
        let columns = names.iter().map(|name| self.numbers(name)).collect::<Result<Vec<_>, _>>()?;
        let mut values = Vec::with_capacity(self.n_rows * columns.len());
        for i in 0..self.n_rows {
            values.extend(columns.iter().map(|column| column[i]));
        }
        Ok(Array { rows: self.n_rows, cols: Some(columns.len()), values })
    }

    /// The table of the given rows (from 0), in that order; repeats are allowed.
    pub fn select_rows(&self, rows: &[usize]) -> Result<Self, TableError> {
        if let Some(&row) = rows.iter().find(|&&row| row >= self.n_rows) {
            return Err(TableError::NoRow { row, n_rows: self.n_rows });
        }
        Ok(Table {
            name: self.name.clone(),
            columns: self
                .columns
                .iter()
                .map(|(name, column)| (name.clone(), column.select(rows)))
                .collect(),
            n_rows: rows.len(),
        })
    }

    /// Two tables: the first `fraction` of the rows taken in `order`, and the rest.
    ///
    /// `order` is usually a random permutation; `0..n` keeps the rows as they stand. The
    /// first part has `round(fraction * n)` rows. Both parts must have at least one row.
    pub fn split(&self, fraction: f64, order: &[usize]) -> Result<(Self, Self), TableError> {
        if !(fraction > 0.0 && fraction < 1.0) {
            return Err(TableError::Fraction { fraction });
        }
        let count = (fraction * order.len() as f64).round() as usize;
        if count == 0 || count >= order.len() {
            return Err(TableError::EmptyPart { fraction, n_rows: order.len() });
        }
        let (first, rest) = order.split_at(count);
        Ok((self.select_rows(first)?, self.select_rows(rest)?))
    }

    /// At most three column names that `name` may have been meant for, the nearest first.
    fn near_names(&self, name: &str) -> Vec<String> {
        let wanted = name.to_lowercase();
        let limit = 1 + wanted.chars().count() / 3;
        let mut near: Vec<(usize, &str)> = self
            .column_names()
            .map(|candidate| (strsim::osa_distance(&wanted, &candidate.to_lowercase()), candidate))
            .filter(|&(distance, _)| distance <= limit)
            .collect();
        near.sort_by_key(|&(distance, _)| distance);
        near.into_iter().take(3).map(|(_, name)| name.to_string()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cars() -> Table {
        let species = Categories::sorted(vec!["b".into(), "a".into()], &[0, 1, 0]).unwrap();
        Table::new(
            "cars.csv",
            vec![
                ("speed".into(), Column::Numbers(vec![1.0, 2.0, 3.0])),
                ("dist".into(), Column::Numbers(vec![10.0, 20.0, 30.0])),
                ("kind".into(), Column::Text(species)),
            ],
        )
        .unwrap()
    }

    #[test]
    fn columns_by_name() {
        let t = cars();
        assert_eq!(t.numbers("dist").unwrap(), [10.0, 20.0, 30.0]);
        let e = t.numbers("sped").unwrap_err();
        assert_eq!(e.to_string(), "the table `cars.csv` has no column `sped`");
        assert_eq!(e.help().unwrap(), "did you mean `speed`?");
        assert_eq!(t.column("SPEED").unwrap_err().help().unwrap(), "did you mean `speed`?");
        assert_eq!(t.column("temperature").unwrap_err().help(), None);
        assert!(matches!(t.numbers("kind"), Err(TableError::NotNumbers { .. })));
        assert!(matches!(t.categories("dist"), Err(TableError::NotText { .. })));
    }

    #[test]
    fn matrices_are_row_major() {
        let m = cars().matrix(&["speed", "dist"]).unwrap();
        assert_eq!((m.rows, m.cols), (3, Some(2)));
        assert_eq!(m.values, [1.0, 10.0, 2.0, 20.0, 3.0, 30.0]);
    }

    #[test]
    fn levels_are_sorted_and_stay_in_parts() {
        let t = cars();
        let kind = t.categories("kind").unwrap();
        assert_eq!(kind.levels(), ["a", "b"]);
        assert_eq!((kind.codes(), kind.text(1)), (&[1, 0, 1][..], Some("a")));
        assert_eq!(kind.onehot().values, [0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
        let part = t.select_rows(&[2]).unwrap();
        assert_eq!(part.categories("kind").unwrap().onehot().values, [0.0, 1.0]);
    }

    #[test]
    fn splits_follow_the_order_given() {
        let (a, b) = cars().split(0.7, &[2, 0, 1]).unwrap();
        assert_eq!(a.numbers("speed").unwrap(), [3.0, 1.0]);
        assert_eq!(b.numbers("speed").unwrap(), [2.0]);
        assert!(matches!(cars().split(1.2, &[0]), Err(TableError::Fraction { .. })));
        assert!(matches!(cars().split(f64::NAN, &[0]), Err(TableError::Fraction { .. })));
        assert!(matches!(cars().split(0.01, &[0, 1, 2]), Err(TableError::EmptyPart { .. })));
    }

    #[test]
    fn tables_check_their_columns() {
        let numbers = |n| Column::Numbers(vec![0.0; n]);
        let repeated = Table::new("t", vec![("a".into(), numbers(1)), ("a".into(), numbers(1))]);
        assert!(matches!(repeated, Err(TableError::RepeatedName { .. })));
        let ragged = Table::new("t", vec![("a".into(), numbers(1)), ("b".into(), numbers(2))]);
        assert!(matches!(ragged, Err(TableError::Lengths { .. })));
        assert!(matches!(cars().select_rows(&[3]), Err(TableError::NoRow { .. })));
    }
}

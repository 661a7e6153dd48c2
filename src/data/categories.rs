//! Text columns: the different texts once, and a code for each row.
//!
//! Invariant: the levels are sorted and different, and every code is the number of one.

use super::Array;

/// A text column: its different texts, and which one each row holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Categories {
    levels: Vec<String>,
    codes: Vec<u32>,
}

impl Categories {
    /// Categories from texts in order of first appearance and a code for each row.
    ///
    /// The levels are put in order of their characters (as R's `factor` and pandas'
    /// `get_dummies` do), so that they do not depend on the order of the rows. A code
    /// past the levels gives `None`.
    pub fn sorted(levels: Vec<String>, codes: &[u32]) -> Option<Self> {
        let mut order: Vec<usize> = (0..levels.len()).collect();
        order.sort_by(|&a, &b| levels[a].cmp(&levels[b]));
        let mut new_code = vec![0; levels.len()];
        for (new, &old) in order.iter().enumerate() {
            new_code[old] = u32::try_from(new).ok()?;
        }
        let codes = codes
            .iter()
            .map(|&code| new_code.get(code as usize).copied())
            .collect::<Option<Vec<u32>>>()?;
        let mut levels: Vec<Option<String>> = levels.into_iter().map(Some).collect();
        let levels = order.iter().filter_map(|&i| levels[i].take()).collect();
        Some(Categories { levels, codes })
    }

    /// The different texts, sorted.
    pub fn levels(&self) -> &[String] {
        &self.levels
    }

    /// The level's number of each row, from 0.
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The text of row `i`; `None` past the end.
    pub fn text(&self, i: usize) -> Option<&str> {
        let code = *self.codes.get(i)?;
        self.levels.get(code as usize).map(String::as_str)
    }

    /// The indicator matrix, rows x levels: entry (i, k) is 1 where row i holds level k.
    pub fn onehot(&self) -> Array {
        let width = self.levels.len();
        let mut values = vec![0.0; self.codes.len() * width];
        for (i, &code) in self.codes.iter().enumerate() {
            values[i * width + code as usize] = 1.0;
        }
        Array { rows: self.codes.len(), cols: Some(width), values }
    }

    /// The categories of the given rows; all levels stay.
    pub(super) fn select(&self, rows: &[usize]) -> Self {
        Categories {
            levels: self.levels.clone(),
            codes: rows.iter().map(|&i| self.codes[i]).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_sorted_and_codes_follow() {
        let c = Categories::sorted(vec!["b".into(), "a".into()], &[0, 1, 0]).unwrap();
        assert_eq!((c.levels(), c.codes()), (&["a".into(), "b".into()][..], &[1, 0, 1][..]));
        assert_eq!((c.text(1), c.text(3)), (Some("a"), None));
        assert_eq!(c.onehot().values, [0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
        assert_eq!(c.select(&[1]).onehot().values, [1.0, 0.0]);
        assert_eq!(Categories::sorted(vec!["a".into()], &[1]), None);
    }
}

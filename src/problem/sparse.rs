//! Symmetric sparse matrices as solvers store them: a pattern that is found once, and values that are
//! filled anew at every point.
//!
//! In comes which entries of a Hessian may differ from zero; out goes where each of them lies in a slice of
//! values. Only the lower triangle (row >= column) is stored. There are two layouts:
//!
//! ```text
//! banded    H[j + d, j] at values[d*n + j], d = 0..=width; the last d places of diagonal d are unused, and 0
//! columns   the entries of column j at values[starts[j]..starts[j+1]], in the order of their rows
//! ```
//!
//! Rows and columns count from 0. This module knows nothing of how the values are computed.

/// Where the entries of a sparse symmetric matrix of n rows lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SymmetricPattern {
    /// All entries lie within `width` of the diagonal; stored by diagonals.
    Banded {
        /// Rows.
        n: usize,
        /// Diagonals below the main one.
        width: usize,
        /// Entries that may differ from zero, in both triangles.
        nnz: usize,
    },
    /// Any pattern; stored by columns.
    Columns {
        /// Where each column starts: n + 1 numbers.
        starts: Vec<usize>,
        /// The row of each entry, rising within a column; the diagonal is always there.
        rows: Vec<usize>,
        /// Entries that may differ from zero, in both triangles.
        nnz: usize,
    },
}

impl SymmetricPattern {
    /// Rows and columns of the matrix.
    pub fn n(&self) -> usize {
        match self {
            SymmetricPattern::Banded { n, .. } => *n,
            SymmetricPattern::Columns { starts, .. } => starts.len() - 1,
        }
    }

    /// The length of the slice of values.
    pub fn n_values(&self) -> usize {
        match self {
            SymmetricPattern::Banded { n, width, .. } => n * (width + 1),
            SymmetricPattern::Columns { rows, .. } => rows.len(),
        }
    }

    /// Entries of the whole matrix, both triangles, that may differ from zero.
    pub fn nnz(&self) -> usize {
        match self {
            SymmetricPattern::Banded { nnz, .. } | SymmetricPattern::Columns { nnz, .. } => *nnz,
        }
    }

    /// The place of the diagonal entry of column `j` in the values.
    pub fn diagonal(&self, j: usize) -> usize {
        match self {
            SymmetricPattern::Banded { .. } => j,
            // Rows rise within a column and the diagonal is always there.
            SymmetricPattern::Columns { starts, .. } => starts[j],
        }
    }

    /// Calls `take(row, column, place)` for all stored entries of the lower triangle, column by column
    /// and by rising rows within one.
    pub fn for_each(&self, mut take: impl FnMut(usize, usize, usize)) {
        match self {
            SymmetricPattern::Banded { n, width, .. } => {
                for j in 0..*n {
                    for d in 0..=(*width).min(n - 1 - j) {
                        take(j + d, j, d * n + j);
                    }
                }
            }
            SymmetricPattern::Columns { starts, rows, .. } => {
                for j in 0..starts.len() - 1 {
                    let column = starts[j]..starts[j + 1];
                    for (k, &row) in column.clone().zip(&rows[column]) {
                        take(row, j, k);
                    }
                }
            }
        }
    }

    /// `y = H*v`. `values: n_values(), v: n, y: n`. Cost: the stored entries.
    pub fn multiply(&self, values: &[f64], v: &[f64], y: &mut [f64]) {
        y.fill(0.0);
        self.for_each(|i, j, k| {
            y[i] += values[k] * v[j];
            if i != j {
                y[j] += values[k] * v[i];
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// [[4, 1, 0], [1, 5, 2], [0, 2, 6]] in both layouts.
    fn both() -> [(SymmetricPattern, Vec<f64>); 2] {
        let banded = SymmetricPattern::Banded { n: 3, width: 1, nnz: 7 };
        let columns = SymmetricPattern::Columns {
            starts: vec![0, 2, 4, 5],
            rows: vec![0, 1, 1, 2, 2],
            nnz: 7,
        };
        [(banded, vec![4.0, 5.0, 6.0, 1.0, 2.0, 0.0]), (columns, vec![4.0, 1.0, 5.0, 2.0, 6.0])]
    }

    #[test]
    fn layouts_hold_the_same_matrix() {
        for (pattern, values) in both() {
            assert_eq!((pattern.n(), pattern.n_values(), pattern.nnz()), (3, values.len(), 7));
            let mut dense = [[0.0; 3]; 3];
            pattern.for_each(|i, j, k| dense[i][j] = values[k]);
            assert_eq!(dense, [[4.0, 0.0, 0.0], [1.0, 5.0, 0.0], [0.0, 2.0, 6.0]]);
            let mut y = [f64::NAN; 3];
            pattern.multiply(&values, &[1.0, -1.0, 2.0], &mut y);
            assert_eq!(y, [3.0, 0.0, 10.0]);
            assert_eq!((0..3).map(|j| values[pattern.diagonal(j)]).sum::<f64>(), 15.0);
        }
    }
}

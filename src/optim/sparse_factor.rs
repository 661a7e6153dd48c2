//! Cholesky factors of `H + shift*I` for a sparse symmetric H whose pattern stays the same.
//!
//! ```text
//! H + shift*I = L L'     found only where it is positive definite
//! ```
//!
//! Banded patterns are factored in their band, `O(n w^2)` (Golub & Van Loan 2013, algorithm 4.3.5). Others go to
//! `faer`, which orders rows and columns so that L stays sparse and analyses the pattern once. This file is the
//! only one of the room that names `faer`.

use crate::problem::SymmetricPattern;
use faer::linalg::solvers::SolveCore;
use faer::sparse::linalg::solvers::{Llt, SymbolicLlt};
use faer::sparse::{SparseColMatRef, SymbolicSparseColMatRef};
use faer::{Conj, MatMut, Side};
use std::sync::Arc;

/// The factor of one matrix after the other.
pub struct ShiftedFactor {
    pattern: Arc<SymmetricPattern>,
    form: Form,
}

enum Form {
    /// `L[j + d, j]` at `l[j*(width + 1) + d]`.
    Banded {
        width: usize,
        l: Vec<f64>,
    },
    General {
        symbolic: SymbolicLlt<usize>,
        shifted: Vec<f64>,
        factor: Option<Llt<usize, f64>>,
    },
}

impl ShiftedFactor {
    /// Analyses a pattern; `None` where memory does not suffice.
    pub fn new(pattern: Arc<SymmetricPattern>) -> Option<Self> {
        let form = match &*pattern {
            SymmetricPattern::Banded { n, width, .. } => {
                Form::Banded { width: *width, l: vec![0.0; n * (width + 1)] }
            }
            SymmetricPattern::Columns { starts, rows, .. } => {
                let n = pattern.n();
                let shape = SymbolicSparseColMatRef::new_checked(n, n, starts, None, rows);
                let symbolic = SymbolicLlt::try_new(shape, Side::Lower).ok()?;
                Form::General { symbolic, shifted: Vec::new(), factor: None }
            }
        };
        Some(ShiftedFactor { pattern, form })
    }

    /// Factors `H + shift*I` for the values of H, with 1 more on the diagonal of the rows named `empty`; false where
    /// that is not positive definite.
    pub fn factor(&mut self, values: &[f64], shift: f64, empty: &[usize]) -> bool {
        let n = self.pattern.n();
        match (&mut self.form, &*self.pattern) {
            (Form::Banded { width, l }, _) => {
                let stride = *width + 1;
                for j in 0..n {
                    for d in 0..stride {
                        l[j * stride + d] = values[d * n + j] + if d == 0 { shift } else { 0.0 };
                    }
                }
                empty.iter().for_each(|j| l[j * stride] += 1.0);
                factor_band(n, *width, l)
            }
            (
                Form::General { symbolic, shifted, factor },
                SymmetricPattern::Columns { starts, rows, .. },
            ) => {
                shifted.clear();
                shifted.extend_from_slice(values);
                (0..n).for_each(|j| shifted[self.pattern.diagonal(j)] += shift);
                empty.iter().for_each(|&j| shifted[self.pattern.diagonal(j)] += 1.0);
                let shape = SymbolicSparseColMatRef::new_checked(n, n, starts, None, rows);
                let matrix = SparseColMatRef::new(shape, shifted.as_slice());
                *factor = Llt::try_new_with_symbolic(symbolic.clone(), matrix, Side::Lower).ok();
                factor.is_some()
            }
            (Form::General { .. }, SymmetricPattern::Banded { .. }) => false,
        }
    }

    /// `b <- (H + shift*I)^-1 b` with the last factor that was found.
    pub fn solve(&self, b: &mut [f64]) {
        let n = b.len();
        match &self.form {
            Form::Banded { width, l } => solve_band(l, n, *width, b),
            Form::General { factor, .. } => match factor {
                Some(factor) => factor.solve_in_place_with_conj(
                    Conj::No,
                    MatMut::from_column_major_slice_mut(b, n, 1),
                ),
                None => b.fill(f64::NAN),
            },
        }
    }
}

fn factor_band(n: usize, width: usize, l: &mut [f64]) -> bool {
    let stride = width + 1;
    for j in 0..n {
        let pivot = l[j * stride];
        if pivot.is_nan() || pivot <= 0.0 || pivot.is_infinite() {
            return false;
        }
        let reach = width.min(n - 1 - j);
        let (column, later) = l[j * stride..].split_at_mut(stride);
        let root = pivot.sqrt();
        column[0] = root;
        column[1..=reach].iter_mut().for_each(|entry| *entry /= root);
        for d in 1..=reach {
            let factor = column[d];
            if factor != 0.0 {
                let target = &mut later[(d - 1) * stride..d * stride];
                for (t, c) in target.iter_mut().zip(&column[d..=reach]) {
                    *t -= factor * c;
                }
            }
        }
    }
    true
}

fn solve_band(l: &[f64], n: usize, width: usize, b: &mut [f64]) {
    let stride = width + 1;
    for j in 0..n {
        let reach = width.min(n - 1 - j);
        let column = &l[j * stride..(j + 1) * stride];
        b[j] /= column[0];
        let bj = b[j];
        for (t, c) in b[j + 1..=j + reach].iter_mut().zip(&column[1..]) {
            *t -= bj * c;
        }
    }
    for j in (0..n).rev() {
        let reach = width.min(n - 1 - j);
        let column = &l[j * stride..(j + 1) * stride];
        let sum: f64 = b[j + 1..=j + reach].iter().zip(&column[1..]).map(|(x, c)| x * c).sum();
        b[j] = (b[j] - sum) / column[0];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_solve_and_refuse_what_is_indefinite() {
        // [[4, 1, 0], [1, 5, 2], [0, 2, 6]].
        let banded = SymmetricPattern::Banded { n: 3, width: 1, nnz: 7 };
        let columns = SymmetricPattern::Columns {
            starts: vec![0, 2, 4, 5],
            rows: vec![0, 1, 1, 2, 2],
            nnz: 7,
        };
        let both = [
            (banded, vec![4.0, 5.0, 6.0, 1.0, 2.0, 0.0]),
            (columns, vec![4.0, 1.0, 5.0, 2.0, 6.0]),
        ];
        for (pattern, values) in both {
            let pattern = Arc::new(pattern);
            let mut factor = ShiftedFactor::new(Arc::clone(&pattern)).expect("memory");
            for shift in [0.0, 3.0, -2.0] {
                assert!(factor.factor(&values, shift, &[]));
                let mut x = [1.0, -2.0, 3.0];
                let mut b = [0.0; 3];
                pattern.multiply(&values, &x, &mut b);
                b.iter_mut().zip(&x).for_each(|(b, x)| *b += shift * x);
                factor.solve(&mut b);
                x.iter_mut().zip(&b).for_each(|(x, b)| *x -= b);
                assert!(x.iter().all(|e| e.abs() < 1e-13), "{x:?}");
            }
            assert!(!factor.factor(&values, -4.0, &[]));
        }
    }
}

//! Cholesky factors of `H + shift*I` for a sparse symmetric H whose pattern stays the same.
//!
//! ```text
//! H + shift*I = L L'     found only where it is positive definite
//! ```
//!
//! Banded patterns are factored in their band as `L D L'`, `O(n w^2)` (Golub & Van Loan 2013, sec. 4.3.5). Others go to
//! `faer`, which orders rows and columns so that L stays sparse and analyses the pattern once. This file is the
//! only one of the room that names `faer`.

use crate::problem::SymmetricPattern;
use faer::linalg::solvers::SolveCore;
use faer::sparse::linalg::solvers::{Llt, SymbolicLlt};
use faer::sparse::{SparseColMatRef, SymbolicSparseColMatRef};
use faer::{Conj, MatMut, Side};
use std::sync::Arc;

/// Calls a function of the width with the width as a constant where it is small, since most bands are: the inner
/// loops are then written out.
macro_rules! by_width {
    ($width:expr, $function:ident($($argument:expr),*)) => {
        match $width {
            0 => $function::<0>($($argument),*),
            1 => $function::<1>($($argument),*),
            2 => $function::<2>($($argument),*),
            3 => $function::<3>($($argument),*),
            4 => $function::<4>($($argument),*),
            _ => $function::<ANY>($($argument),*),
        }
    };
}

/// The width is not a constant.
const ANY: usize = usize::MAX;

/// The factor of one matrix after the other.
pub struct ShiftedFactor {
    pattern: Arc<SymmetricPattern>,
    form: Form,
}

enum Form {
    /// `L[j + d, j]` at `l[j*(width + 1) + d]`, and `1/D[j]` in the place of the ones of L.
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
                // Columns of zeros at the end, so that no loop needs to know how far it may go.
                Form::Banded { width: *width, l: vec![0.0; (n + width) * (width + 1)] }
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
                l[n * stride..].fill(0.0);
                by_width!(*width, factor_band(n, *width, l))
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
            Form::Banded { width, l } => by_width!(*width, solve_band(n, *width, l, b)),
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

/// `L D L'` in the place of the band of n columns, `1/D` in the place of D; false where a pivot is not positive.
fn factor_band<const W: usize>(n: usize, width: usize, l: &mut [f64]) -> bool {
    let width = if W == ANY { width } else { W };
    let stride = width + 1;
    for j in 0..n {
        let (column, later) = l[j * stride..(j + stride) * stride].split_at_mut(stride);
        let pivot = column[0];
        if pivot.is_nan() || pivot <= 0.0 || pivot.is_infinite() {
            return false;
        }
        let inverse = 1.0 / pivot;
        for d in 1..stride {
            let factor = column[d] * inverse;
            let target = &mut later[(d - 1) * stride..d * stride];
            for (t, c) in target.iter_mut().zip(&column[d..]) {
                *t -= factor * c;
            }
        }
        column[1..].iter_mut().for_each(|entry| *entry *= inverse);
        column[0] = inverse;
    }
    true
}

fn solve_band<const W: usize>(n: usize, width: usize, l: &[f64], b: &mut [f64]) {
    let width = if W == ANY { width } else { W };
    let stride = width + 1;
    // The last columns reach beyond the end.
    let whole = n.saturating_sub(width);
    for j in 0..n {
        let column = &l[j * stride..(j + 1) * stride];
        let bj = b[j];
        let reach = if j < whole { width } else { n - 1 - j };
        for (t, c) in b[j + 1..=j + reach].iter_mut().zip(&column[1..]) {
            *t -= bj * c;
        }
    }
    for j in (0..n).rev() {
        let column = &l[j * stride..(j + 1) * stride];
        let reach = if j < whole { width } else { n - 1 - j };
        let mut sum = b[j] * column[0];
        for (x, c) in b[j + 1..=j + reach].iter().zip(&column[1..]) {
            sum -= x * c;
        }
        b[j] = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_of_every_width_are_factored() {
        for width in 0..8 {
            for n in [1, 2, 5, 9, 40] {
                let nnz = n * (2 * width + 1);
                let pattern = Arc::new(SymmetricPattern::Banded { n, width, nnz });
                let mut values = vec![0.0; n * (width + 1)];
                pattern.for_each(|i, j, k| {
                    values[k] = if i == j { 20.0 } else { ((3 * i + 7 * j) as f64).sin() };
                });
                let mut factor = ShiftedFactor::new(Arc::clone(&pattern)).expect("memory");
                assert!(factor.factor(&values, 0.5, &[n - 1]));
                let x: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
                let mut b = vec![0.0; n];
                pattern.multiply(&values, &x, &mut b);
                b.iter_mut().zip(&x).for_each(|(b, x)| *b += 0.5 * x);
                b[n - 1] += x[n - 1];
                factor.solve(&mut b);
                let error = x.iter().zip(&b).fold(0.0, |e: f64, (x, b)| e.max((x - b).abs()));
                assert!(error < 1e-13, "width {width}, n {n}: {error:e}");
                assert!(!factor.factor(&values, -21.0, &[]));
            }
        }
    }

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

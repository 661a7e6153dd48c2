//! Gaussian elimination with partial pivoting, kept in a flat array, so that
//! `det`, `logdet` and `inv` of one matrix can share it.
//!
//! Source: Golub & Van Loan, Matrix Computations, 4th ed., section 3.4. Cost:
//! `2/3*n^3` operations for the factors, `4/3*n^3` more for the inverse, `n`
//! for a determinant.

use nalgebra::{DMatrix, DMatrixView, DVector};

use crate::expr::Op;
use crate::patience;

/// From this size on elimination takes a tenth of a second and more.
const LONG: usize = 500;
/// Columns of an inverse between two looks at the interrupt.
const COLUMNS: usize = 16;

/// Numbers that the factors of an `n x n` matrix take: `L` and `U` in one
/// matrix by columns, the row of the matrix that each row came from, and the
/// sign of that permutation.
pub fn factors_len(n: usize) -> usize {
    n * n + n + 1
}

/// The factors of the matrix whose rows are `rows`.
///
/// # Panics
///
/// Where the lengths are not `n*n` and [`factors_len`].
pub fn factor(n: usize, rows: &[f64], out: &mut [f64]) {
    let a = DMatrix::from_row_slice(n, n, rows);
    let lu = if n < LONG { a.lu() } else { patience::apart(|| a.lu()) };
    out[..n * n].copy_from_slice(lu.lu_internal().as_slice());
    let mut origin = DVector::from_fn(n, |i, _| i as f64);
    lu.p().permute_rows(&mut origin);
    out[n * n..n * n + n].copy_from_slice(origin.as_slice());
    out[n * n + n] = lu.p().determinant::<f64>();
}

/// `det`, `logdet` or `inv` of the matrix with these factors, row by row.
///
/// # Panics
///
/// For any other operator, and where the lengths do not fit.
pub fn from_factors(op: Op, n: usize, factors: &[f64], out: &mut [f64]) {
    let lu = DMatrixView::from_slice(&factors[..n * n], n, n);
    let sign = factors[n * n + n];
    match op {
        Op::Det => out[0] = lu.diagonal().iter().fold(1.0, |p, u| p * u) * sign,
        Op::LogDet => out[0] = log_of_pivots(lu.diagonal().iter().copied(), sign),
        Op::Inv => {
            let origin = &factors[n * n..n * n + n];
            let mut x = DMatrix::from_fn(n, n, |i, j| f64::from(u8::from(origin[i] == j as f64)));
            let mut is_regular = true;
            for first in (0..n).step_by(COLUMNS) {
                patience::look();
                let mut x = x.columns_mut(first, COLUMNS.min(n - first));
                lu.solve_lower_triangular_with_diag_mut(&mut x, 1.0);
                is_regular &= lu.solve_upper_triangular_mut(&mut x);
            }
            if is_regular {
                // nalgebra stores columns, so the rows are those of the transpose.
                out.copy_from_slice(x.transpose().as_slice());
            } else {
                out.fill(f64::NAN);
            }
        }
        _ => unreachable!("{op:?} does not come from the factors of a matrix"),
    }
}

/// Sum of the logarithms of the pivots; nan where the determinant is negative.
fn log_of_pivots(pivots: impl Iterator<Item = f64>, sign: f64) -> f64 {
    let (mut sign, mut log) = (sign, 0.0);
    for p in pivots {
        sign = if p < 0.0 { -sign } else { sign };
        log += p.abs().ln();
    }
    if sign < 0.0 && log > f64::NEG_INFINITY { f64::NAN } else { log }
}

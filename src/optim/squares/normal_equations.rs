//! Many residuals in few variables, in short form.
//!
//! ```text
//! [J r]'[J r] = R'R,   R = [R1 z; 0 rho] upper triangular, n + 1 rows
//! ```
//!
//! Least squares asks of J and r only for products with one another and for lengths `|J p + r|`, and R has the
//! same ones: `(R1, 0)` and `(z, rho)` stand in for a Jacobian and residuals of any number of rows. R follows from
//! `J'J`, `J'r` and `|r|^2`, which one pass over the data gives without storing J.
//!
//! Forming `J'J` squares the condition number (Bjorck 1996, sec. 2.2). With columns scaled to length one, steps and
//! statistics keep about `16 - 2 log10(condition)` digits, and steps are corrected by the next ones, since `J'r` is
//! as accurate as ever. Beyond [`WELL_CONDITIONED`] the caller should take J itself.

use crate::optim::vector::dot;
use nalgebra::DMatrix;

/// Dense Jacobians with more entries than this are not stored.
pub const MAX_JACOBIAN: usize = 50_000_000;
/// Diagonal entries of R, for columns of length one, above which the short form serves as well as J.
const WELL_CONDITIONED: f64 = 1e-5;
/// Pivots below this are rounding errors.
const ROUNDING: f64 = 1e-13;

/// Residuals `r: n + 1` and Jacobian `jac: (n + 1) x n` that stand in for more rows.
#[derive(Clone, Debug)]
pub struct Short {
    /// What stands for the residuals.
    pub r: Vec<f64>,
    /// What stands for their Jacobian.
    pub jac: DMatrix<f64>,
    /// Whether it serves as well as the Jacobian itself.
    pub is_accurate: bool,
}

impl Short {
    /// From `jtj = J'J: n x n`, `jtr = J'r: n` and `sum = |r|^2`; `O(n^3)`. A column that depends on those before
    /// it, as far as can be told, loses what is left of it.
    pub fn new(jtj: &DMatrix<f64>, jtr: &[f64], sum: f64) -> Short {
        let n = jtr.len();
        let length = |j: usize| jtj[(j, j)].max(0.0).sqrt();
        let lengths: Vec<f64> =
            (0..n).map(|j| if length(j) > 0.0 { length(j) } else { 1.0 }).collect();
        // The factor of the scaled matrix, column by column; row k of it ends at the diagonal.
        let mut jac = DMatrix::zeros(n + 1, n);
        let mut r = vec![0.0; n + 1];
        let mut smallest: f64 = 1.0;
        for j in 0..n {
            let (before, rest) = jac.as_mut_slice().split_at_mut(j * (n + 1));
            let column = &mut rest[..n + 1];
            for k in 0..=j {
                let scaled = jtj[(k, j)] / (lengths[k] * lengths[j]);
                if k == j {
                    let pivot = scaled - dot(&column[..k], &column[..k]);
                    column[k] = if pivot > ROUNDING { pivot.sqrt() } else { 0.0 };
                    smallest = smallest.min(column[k]);
                } else {
                    let above = &before[k * (n + 1)..];
                    let entry = scaled - dot(&column[..k], &above[..k]);
                    column[k] = if above[k] > 0.0 { entry / above[k] } else { 0.0 };
                }
            }
            let entry = jtr[j] / lengths[j] - dot(&column[..j], &r[..j]);
            r[j] = if column[j] > 0.0 { entry / column[j] } else { 0.0 };
        }
        for (mut column, length) in jac.column_iter_mut().zip(&lengths) {
            column *= *length;
        }
        r[n] = (sum - dot(&r[..n], &r[..n])).max(0.0).sqrt();
        Short { r, jac, is_accurate: smallest > WELL_CONDITIONED }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> (DMatrix<f64>, Vec<f64>) {
        let jac = DMatrix::from_fn(40, 4, |i, j| {
            (0.3 * (i * (j + 1)) as f64).sin() * 10f64.powi(j as i32)
        });
        (jac, (0..40).map(|i| (0.7 * f64::from(i)).cos()).collect())
    }

    #[test]
    fn products_and_lengths_are_kept() {
        let (jac, r) = example();
        let rv = nalgebra::DVector::from_column_slice(&r);
        let (jtj, jtr) = (jac.tr_mul(&jac), jac.tr_mul(&rv));
        let short = Short::new(&jtj, jtr.as_slice(), rv.norm_squared());
        let sv = nalgebra::DVector::from_column_slice(&short.r);
        assert!(short.is_accurate);
        assert!((short.jac.tr_mul(&short.jac) - &jtj).amax() < 1e-14 * jtj.amax());
        assert!((short.jac.tr_mul(&sv) - &jtr).amax() < 1e-13 * jtr.amax());
        assert!((sv.norm() - rv.norm()).abs() < 1e-14 * rv.norm());
    }

    #[test]
    fn dependent_columns_are_told() {
        let (mut jac, r) = example();
        let sum = jac.column(0) + jac.column(1);
        jac.set_column(2, &sum);
        let rv = nalgebra::DVector::from_column_slice(&r);
        let jtr = jac.tr_mul(&rv);
        let short = Short::new(&jac.tr_mul(&jac), jtr.as_slice(), rv.norm_squared());
        assert!(!short.is_accurate && short.jac[(2, 2)] == 0.0);
        assert!(short.r.iter().all(|r| r.is_finite()));
    }
}

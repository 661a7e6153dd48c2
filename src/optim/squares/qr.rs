//! QR factorization with column pivoting, and the damped least-squares steps that reuse it.
//!
//! ```text
//! A P = Q R     A: m x n,  Q: m x m orthogonal (kept as reflections),  R: k x n upper trapezoidal,
//!               |R_11| >= |R_22| >= ...,  k = min(m, n)
//! ```
//!
//! It serves the Levenberg-Marquardt step (More 1978, sec. 3), where every damping asks for
//!
//! ```text
//! minimize |J p + r|^2 + lambda |D p|^2
//! ```
//!
//! on the same J, and the statistics of a fit. It knows no problem and no iteration.

use crate::optim::vector::{dot, norm};
use crate::patience;
use nalgebra::DMatrix;

/// `A P = Q R` by Householder reflections (Golub & Van Loan 2013, algorithm 5.4.1).
#[derive(Clone, Debug)]
pub struct PivotedQr {
    /// R on and above the diagonal; below it the reflections v with `v_k = 1` left out.
    a: DMatrix<f64>,
    tau: Vec<f64>,
    /// Column k of `A P` is column `order[k]` of A.
    order: Vec<usize>,
}

impl PivotedQr {
    /// Factors `a: m x n`; `O(m n min(m, n))`.
    pub fn new(mut a: DMatrix<f64>) -> Self {
        let (m, n) = a.shape();
        let mut order: Vec<usize> = (0..n).collect();
        let mut norms: Vec<f64> = (0..n).map(|j| norm(a.column(j).as_slice())).collect();
        let mut tau = Vec::with_capacity(m.min(n));
        for k in 0..m.min(n) {
            let widest = (k..n).fold(k, |best, j| if norms[j] > norms[best] { j } else { best });
            a.swap_columns(k, widest);
            norms.swap(k, widest);
            order.swap(k, widest);
            tau.push(reflect(&mut a, k));
            patience::look();
            for (j, column_norm) in norms.iter_mut().enumerate().skip(k + 1) {
                // Recomputed, not downdated: n is small, and downdating loses digits by cancellation.
                *column_norm = norm(&a.as_slice()[j * m + k + 1..(j + 1) * m]);
            }
        }
        PivotedQr { a, tau, order }
    }

    /// `b <- Q'b`, `b: m`.
    pub fn apply_qt(&self, b: &mut [f64]) {
        let m = self.a.nrows();
        for (k, tau) in self.tau.iter().enumerate() {
            let v = &self.a.as_slice()[k * m + k + 1..(k + 1) * m];
            let (head, tail) = b[k..].split_at_mut(1);
            let projection = tau * (head[0] + dot(v, tail));
            head[0] -= projection;
            tail.iter_mut().zip(v).for_each(|(bi, vi)| *bi -= projection * vi);
        }
    }

    /// The numerical rank: diagonal entries of R above `relative` times the first.
    pub fn rank(&self, relative: f64) -> usize {
        let first = if self.tau.is_empty() { 0.0 } else { self.a[(0, 0)].abs() };
        (0..self.tau.len())
            .take_while(|&k| self.a[(k, k)].abs() > relative * first && self.a[(k, k)] != 0.0)
            .count()
    }

    /// The order of the columns in R.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// Entry (i, j) of R, `i <= j`.
    pub fn r(&self, i: usize, j: usize) -> f64 {
        self.a[(i, j)]
    }

    /// The basic solution of `minimize |A p - b|` from `qtb = Q'b`, with zeros for the columns beyond `rank`.
    pub fn solve(&self, qtb: &[f64], rank: usize) -> Vec<f64> {
        let mut z = qtb[..rank].to_vec();
        for k in (0..rank).rev() {
            z[k] /= self.a[(k, k)];
            for i in 0..k {
                z[i] -= self.a[(i, k)] * z[k];
            }
        }
        let mut p = vec![0.0; self.order.len()];
        z.iter().zip(&self.order).for_each(|(zk, &j)| p[j] = *zk);
        p
    }

    /// The minimizer of `|A p - b|^2 + |E p|^2` for diagonal `E` (n entries, not all zero), `qtb = Q'b`.
    ///
    /// Givens rotations fold E into R (More 1978, sec. 3; MINPACK's `qrsolv`): O(n^3) in
    /// all, whatever m is.
    pub fn solve_damped(&self, qtb: &[f64], e: &[f64]) -> Damped {
        let n = self.order.len();
        let k = self.tau.len();
        let mut s = DMatrix::zeros(n, n);
        for j in 0..n {
            for i in 0..=j.min(k.saturating_sub(1)) {
                s[(i, j)] = self.a[(i, j)];
            }
        }
        let mut z = vec![0.0; n];
        z[..k].copy_from_slice(&qtb[..k]);
        let mut row = vec![0.0; n];
        for j in 0..n {
            patience::look();
            row[j..].fill(0.0);
            row[j] = e[self.order[j]];
            let mut rhs = 0.0;
            for l in j..n {
                if row[l] == 0.0 {
                    continue;
                }
                let radius = s[(l, l)].hypot(row[l]);
                let (c, sine) = (s[(l, l)] / radius, row[l] / radius);
                for i in l..n {
                    let (upper, lower) = (s[(l, i)], row[i]);
                    s[(l, i)] = c * upper + sine * lower;
                    row[i] = c * lower - sine * upper;
                }
                (z[l], rhs) = (c * z[l] + sine * rhs, c * rhs - sine * z[l]);
            }
        }
        let mut p = vec![0.0; n];
        for l in (0..n).rev() {
            // A zero pivot is a column without influence and without damping: it stays where it is.
            z[l] = if s[(l, l)] == 0.0 { 0.0 } else { z[l] / s[(l, l)] };
            for i in 0..l {
                z[i] -= s[(i, l)] * z[l];
            }
        }
        z.iter().zip(&self.order).for_each(|(zl, &j)| p[j] = *zl);
        Damped { p, s }
    }
}

/// A damped solution `p`, with the factor `S'S = P'(A'A + E^2)P`.
pub struct Damped {
    /// The solution, n entries.
    pub p: Vec<f64>,
    s: DMatrix<f64>,
}

impl Damped {
    /// `|S^-T P'v|^2 = v'(A'A + E^2)^-1 v`, which the derivative of the secular equation needs.
    pub fn inverse_norm_squared(&self, v: &[f64], order: &[usize]) -> f64 {
        let n = v.len();
        let mut w: Vec<f64> = order.iter().map(|&j| v[j]).collect();
        for j in 0..n {
            for i in 0..j {
                w[j] -= self.s[(i, j)] * w[i];
            }
            w[j] = if self.s[(j, j)] == 0.0 { 0.0 } else { w[j] / self.s[(j, j)] };
        }
        dot(&w, &w)
    }
}

/// The reflection that clears column k below the diagonal, applied to the columns right of it; gives tau.
fn reflect(a: &mut DMatrix<f64>, k: usize) -> f64 {
    let (m, n) = a.shape();
    let (left, right) = a.as_mut_slice().split_at_mut((k + 1) * m);
    let column = &mut left[k * m + k..];
    let alpha = column[0];
    let length = norm(column);
    if length == 0.0 || norm(&column[1..]) == 0.0 {
        return 0.0;
    }
    let beta = if alpha > 0.0 { -length } else { length };
    let tau = (beta - alpha) / beta;
    column[1..].iter_mut().for_each(|vi| *vi /= alpha - beta);
    column[0] = beta;
    let v = &column[1..];
    for j in 0..n - k - 1 {
        let target = &mut right[j * m + k..(j + 1) * m];
        let projection = tau * (target[0] + dot(v, &target[1..]));
        target[0] -= projection;
        target[1..].iter_mut().zip(v).for_each(|(ti, vi)| *ti -= projection * vi);
    }
    tau
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> (DMatrix<f64>, Vec<f64>) {
        let a = DMatrix::from_row_slice(
            4,
            3,
            &[1.0, 2.0, 0.5, -1.0, 4.0, 2.0, 3.0, 0.0, 1.0, 0.5, 1.0, -2.0],
        );
        (a, vec![1.0, -2.0, 0.5, 3.0])
    }

    fn residual_gradient(a: &DMatrix<f64>, p: &[f64], b: &[f64], e: &[f64]) -> f64 {
        let p = nalgebra::DVector::from_column_slice(p);
        let misfit = a * &p - nalgebra::DVector::from_column_slice(b);
        let damping = nalgebra::DVector::from_fn(3, |i, _| e[i] * e[i] * p[i]);
        (a.tr_mul(&misfit) + damping).amax()
    }

    #[test]
    fn plain_and_damped_solutions_are_stationary() {
        let (a, b) = example();
        let qr = PivotedQr::new(a.clone());
        assert_eq!(qr.rank(1e-12), 3);
        let mut qtb = b.clone();
        qr.apply_qt(&mut qtb);
        assert!((norm(&qtb) - norm(&b)).abs() < 1e-14);
        assert!(residual_gradient(&a, &qr.solve(&qtb, 3), &b, &[0.0; 3]) < 1e-13);
        let e = [0.3, 2.0, 0.7];
        let damped = qr.solve_damped(&qtb, &e);
        assert!(residual_gradient(&a, &damped.p, &b, &e) < 1e-13);
        let mut normal = a.tr_mul(&a);
        (0..3).for_each(|i| normal[(i, i)] += e[i] * e[i]);
        let v = nalgebra::DVector::from_column_slice(&[1.0, 2.0, -1.0]);
        let expected = normal.cholesky().map(|c| v.dot(&c.solve(&v)));
        let found = damped.inverse_norm_squared(v.as_slice(), qr.order());
        assert!(expected.is_some_and(|expected| (found - expected).abs() < 1e-14));
    }

    #[test]
    fn a_dependent_column_lowers_the_rank() {
        let (mut a, b) = example();
        let sum = a.column(0) + a.column(1);
        a.set_column(2, &sum);
        let qr = PivotedQr::new(a);
        assert_eq!(qr.rank(1e-12), 2);
        let mut qtb = b;
        qr.apply_qt(&mut qtb);
        assert!(qr.solve(&qtb, 2).contains(&0.0));
    }
}

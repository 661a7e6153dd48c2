//! The Levenberg-Marquardt step for a given trust region.
//!
//! ```text
//! p(lambda) = argmin |J p + r|^2 + lambda |D p|^2,    find lambda >= 0 with | |D p| - delta | <= delta/10,
//!                                                      or lambda = 0 where |D p(0)| <= 1.1 delta
//! ```
//!
//! by More's safeguarded Newton iteration on `1/delta - 1/|D p(lambda)|` (J. J. More: The
//! Levenberg-Marquardt algorithm: implementation and theory, LNM 630, 1978, sec. 5; MINPACK's `lmpar`).
//! J comes factored with column pivoting, so that each lambda costs O(n^3) whatever m is. Where its columns differ so
//! much in length that the shorter ones count as rounding errors of the longest, as those of an intercept and of time
//! stamps do, columns of length one are factored: `q = L p` stands for p, L the lengths.

use super::qr::{Damped, PivotedQr};
use crate::optim::vector::norm;
use nalgebra::DMatrix;

/// Iterations for lambda; two are the rule.
const MAX_ITERATIONS: usize = 10;
/// How far `|D p|` may miss delta, relatively.
const BOUNDARY: f64 = 0.1;

/// The linear least-squares model at one point, factored once for all dampings.
#[derive(Clone, Debug)]
pub struct LinearModel {
    qr: PivotedQr,
    /// L, up to powers of two; empty where J is factored as it is.
    lengths: Vec<f64>,
    /// `-Q'r`.
    qtb: Vec<f64>,
    /// The Gauss-Newton step (a basic one where J is rank deficient).
    pub gauss_newton: Vec<f64>,
    /// The numerical rank of J.
    pub rank: usize,
    /// `|J p + r|^2` falls by the square of this under a full Gauss-Newton step.
    pub reducible: f64,
}

/// A step and its damping.
#[derive(Clone, Debug)]
pub struct DampedStep {
    /// The step, n entries.
    pub p: Vec<f64>,
    /// The damping parameter.
    pub lambda: f64,
    /// `|D p|`.
    pub scaled_length: f64,
}

/// Columns of different lengths in this ratio and beyond are worth a second look.
const DIFFERENT: f64 = 1e3;

/// The matrix with columns between one and two long, and what they were divided by; `None` where the lengths hardly
/// differ. Division by powers of two rounds nothing.
fn scaled_columns(jac: &DMatrix<f64>) -> Option<(DMatrix<f64>, Vec<f64>)> {
    let length = |column: &[f64]| match norm(column) {
        length if length > 0.0 && length.is_finite() => length.log2().floor().exp2(),
        _ => 1.0,
    };
    let lengths: Vec<f64> = jac.column_iter().map(|column| length(column.as_slice())).collect();
    let extreme = |f: fn(f64, f64) -> f64| lengths.iter().copied().reduce(f).unwrap_or(1.0);
    if extreme(f64::max) < DIFFERENT * extreme(f64::min) {
        return None;
    }
    let mut scaled = jac.clone();
    for (mut column, length) in scaled.column_iter_mut().zip(&lengths) {
        column /= *length;
    }
    Some((scaled, lengths))
}

impl LinearModel {
    /// Factors `jac: m x n` for residuals `r: m`; `O(m n min(m, n))`.
    pub fn new(jac: DMatrix<f64>, r: &[f64]) -> Self {
        let relative = f64::EPSILON * jac.nrows().max(jac.ncols()) as f64;
        let scaled = scaled_columns(&jac);
        let mut qr = PivotedQr::new(jac);
        let (mut rank, mut lengths) = (qr.rank(relative), Vec::new());
        if rank < qr.order().len()
            && let Some((jac, own)) = scaled
        {
            let other = PivotedQr::new(jac);
            if other.rank(relative) > rank {
                (rank, lengths) = (other.rank(relative), own);
                qr = other;
            }
        }
        let mut qtb: Vec<f64> = r.iter().map(|ri| -ri).collect();
        qr.apply_qt(&mut qtb);
        let mut gauss_newton = qr.solve(&qtb, rank);
        gauss_newton.iter_mut().zip(&lengths).for_each(|(p, length)| *p /= length);
        let reducible = norm(&qtb[..rank]);
        LinearModel { qr, lengths, qtb, gauss_newton, rank, reducible }
    }

    /// The step for scaling `d: n` (positive) and radius `delta > 0`, from a guess of lambda.
    pub fn step(&self, d: &[f64], delta: f64, guess: f64) -> DampedStep {
        if self.lengths.is_empty() {
            return self.step_in_factored(d, &self.gauss_newton, delta, guess);
        }
        let ratio = |(d, length): (&f64, &f64)| d / length;
        let d: Vec<f64> = d.iter().zip(&self.lengths).map(ratio).collect();
        let newton = self.gauss_newton.iter().zip(&self.lengths).map(|(p, length)| p * length);
        let newton: Vec<f64> = newton.collect();
        let mut step = self.step_in_factored(&d, &newton, delta, guess);
        step.p.iter_mut().zip(&self.lengths).for_each(|(p, length)| *p /= length);
        step
    }

    /// The step in the variables of the factored matrix, from its Gauss-Newton step.
    fn step_in_factored(&self, d: &[f64], newton: &[f64], delta: f64, guess: f64) -> DampedStep {
        let mut scaled = vec![0.0; d.len()];
        let mut length = |p: &[f64]| {
            scaled.iter_mut().zip(p).zip(d).for_each(|((s, p), d)| *s = p * d);
            norm(&scaled)
        };
        let newton_length = length(newton);
        if newton_length <= (1.0 + BOUNDARY) * delta {
            let p = newton.to_vec();
            return DampedStep { p, lambda: 0.0, scaled_length: newton_length };
        }
        let (mut lower, mut upper) = self.bracket(d, delta, newton_length);
        // Not `clamp`: a guess that is NaN becomes the upper bound.
        let mut lambda = guess.max(lower).min(upper);
        if lambda == 0.0 {
            lambda = upper * delta / newton_length;
        }
        let mut best = DampedStep { p: vec![0.0; d.len()], lambda, scaled_length: 0.0 };
        for _ in 0..MAX_ITERATIONS {
            lambda = if lambda == 0.0 { (1e-3 * upper).max(f64::MIN_POSITIVE) } else { lambda };
            let damped = self.damped(d, lambda);
            let found = length(&damped.p);
            let curvature = self.secular_curvature(&damped, d, found);
            best = DampedStep { p: damped.p, lambda, scaled_length: found };
            let excess = found - delta;
            if excess.abs() <= BOUNDARY * delta {
                break;
            }
            if excess > 0.0 {
                lower = lower.max(lambda)
            } else {
                upper = upper.min(lambda)
            }
            // Newton on 1/delta - 1/|D p|.
            lambda = (lambda + excess / delta / curvature).max(lower).min(upper);
        }
        best
    }

    /// Bounds on lambda (More 1978, sec. 5).
    fn bracket(&self, d: &[f64], delta: f64, newton_length: f64) -> (f64, f64) {
        let n = d.len();
        let order = self.qr.order();
        let mut scaled_gradient = vec![0.0; n];
        for (j, &column) in order.iter().enumerate() {
            let rows = 0..=j.min(self.qtb.len().saturating_sub(1));
            let entry: f64 = rows.map(|i| self.qr.r(i, j) * self.qtb[i]).sum();
            scaled_gradient[column] = entry / d[column];
        }
        let upper = (norm(&scaled_gradient) / delta).max(f64::MIN_POSITIVE);
        let mut lower = 0.0;
        if self.rank == n {
            let undamped = self.damped(d, 0.0);
            let curvature = self.secular_curvature(&undamped, d, newton_length);
            lower = (newton_length - delta) / delta / curvature;
        }
        (if lower <= upper { lower } else { 0.0 }, upper)
    }

    fn damped(&self, d: &[f64], lambda: f64) -> Damped {
        let root = lambda.sqrt();
        let e: Vec<f64> = d.iter().map(|dj| root * dj).collect();
        self.qr.solve_damped(&self.qtb, &e)
    }

    /// `-d|D p|/d lambda / |D p| = |S^-T P'D^2 p|^2 / |D p|^2` (More 1978, sec. 5).
    fn secular_curvature(&self, damped: &Damped, d: &[f64], length: f64) -> f64 {
        let v: Vec<f64> = damped.p.iter().zip(d).map(|(p, d)| d * d * p / length).collect();
        damped.inverse_norm_squared(&v, self.qr.order())
    }
}

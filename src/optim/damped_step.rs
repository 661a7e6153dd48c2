//! The Levenberg-Marquardt step for a given trust region.
//!
//! ```text
//! p(lambda) = argmin |J p + r|^2 + lambda |D p|^2,    find lambda >= 0 with | |D p| - delta | <= delta/10,
//!                                                      or lambda = 0 where |D p(0)| <= 1.1 delta
//! ```
//!
//! by More's safeguarded Newton iteration on `1/delta - 1/|D p(lambda)|` (J. J. More: The
//! Levenberg-Marquardt algorithm: implementation and theory, LNM 630, 1978, sec. 5; MINPACK's `lmpar`).
//! J comes factored with column pivoting, so that each lambda costs O(n^3) whatever m is.

use super::qr::{Damped, PivotedQr};
use super::vector::norm;
use nalgebra::DMatrix;

/// Iterations for lambda; two are the rule.
const MAX_ITERATIONS: usize = 10;
/// How far `|D p|` may miss delta, relatively.
const BOUNDARY: f64 = 0.1;

/// The linear least-squares model at one point, factored once for all dampings.
#[derive(Clone, Debug)]
pub struct LinearModel {
    qr: PivotedQr,
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
    pub p: Vec<f64>,
    pub lambda: f64,
    /// `|D p|`.
    pub scaled_length: f64,
}

impl LinearModel {
    /// Factors `jac: m x n` for residuals `r: m`; `O(m n min(m, n))`.
    pub fn new(jac: DMatrix<f64>, r: &[f64]) -> Self {
        let relative = f64::EPSILON * jac.nrows().max(jac.ncols()) as f64;
        let qr = PivotedQr::new(jac);
        let rank = qr.rank(relative);
        let mut qtb: Vec<f64> = r.iter().map(|ri| -ri).collect();
        qr.apply_qt(&mut qtb);
        let gauss_newton = qr.solve(&qtb, rank);
        let reducible = norm(&qtb[..rank]);
        LinearModel { qr, qtb, gauss_newton, rank, reducible }
    }

    /// The step for scaling `d: n` (positive) and radius `delta > 0`, from a guess of lambda.
    pub fn step(&self, d: &[f64], delta: f64, guess: f64) -> DampedStep {
        let mut scaled = vec![0.0; d.len()];
        let mut length = |p: &[f64]| {
            scaled.iter_mut().zip(p).zip(d).for_each(|((s, p), d)| *s = p * d);
            norm(&scaled)
        };
        let newton_length = length(&self.gauss_newton);
        if newton_length <= (1.0 + BOUNDARY) * delta {
            let p = self.gauss_newton.clone();
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

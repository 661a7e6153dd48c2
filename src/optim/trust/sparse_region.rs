//! The trust-region subproblem for a sparse symmetric H, solved by sparse Cholesky factors.
//!
//! ```text
//! (H + lambda I) p = -g,   lambda >= 0,   H + lambda I positive definite,   |p| = delta or lambda = 0
//! ```
//!
//! More and Sorensen's iteration (1983, sec. 3; Conn, Gould & Toint 2000, algorithm 7.3.6): Newton's method on
//! `1/delta - 1/|p(lambda)|`, kept between bounds that factorizations move, failed ones too. The hard case takes an
//! estimate z of the least eigenvector, which inverse iterations with the factors at hand improve, from one
//! point to the next; `-z'Hz` bounds lambda from below before anything is factored. A step need not meet the
//! boundary nearer than to a tenth.

use super::sparse_factor::ShiftedFactor;
use super::trust_region::{Model, Step};
use crate::optim::vector::{axpy, dot, norm, norm_inf};
use crate::problem::SymmetricPattern;
use nalgebra::DVector;
use std::sync::Arc;

/// Factorizations for one step. Three are usual.
const MAX_FACTORIZATIONS: usize = 40;
/// How far `|p|` may miss delta.
const BOUNDARY: f64 = 0.1;
/// A step in the hard case may miss the model's minimum by this share: `s(2 - s)` with `s = BOUNDARY`.
const HARD: f64 = 0.19;
/// Shifts of this share of |H| are rounding.
const ROUNDING: f64 = 1e-14;
/// Curvature counts as negative below minus this share of |H|.
const NEGATIVE: f64 = 1e-10;
/// Inverse iterations for an eigenvector that will be named.
const INVERSE_ITERATIONS: usize = 8;
/// What a shift that failed is multiplied by in the search for a descent direction, and what it falls to at the next
/// point (as in Waechter & Biegler 2006, sec. 3.1).
const RAISE: f64 = 8.0;
const LOWER: f64 = 1.0 / 3.0;

/// A Hessian at one point after the other, with what is known of its spectrum.
pub struct SparseHessian {
    pattern: Arc<SymmetricPattern>,
    values: Vec<f64>,
    factor: ShiftedFactor,
    /// The shift of the factor at hand.
    factored: Option<f64>,
    /// The largest sum of absolute entries of a row: no eigenvalue is beyond.
    size: f64,
    least_diagonal: f64,
    /// Rows of zeros: unknowns without curvature, by which nothing else changes.
    empty: Vec<usize>,
    /// The shift of the step before.
    guess: f64,
    /// Whether a shift at rounding level was needed and enough.
    singular: bool,
    /// An estimate of the least eigenvector, once there was need of one, and `z'Hz` here.
    z: Vec<f64>,
    curvature: f64,
    /// A column for products.
    work: Vec<f64>,
}

impl SparseHessian {
    /// For Hessians of that pattern; `None` where there is no memory for the factors.
    pub fn new(pattern: Arc<SymmetricPattern>) -> Option<Self> {
        let factor = ShiftedFactor::new(Arc::clone(&pattern))?;
        Some(SparseHessian {
            values: vec![0.0; pattern.n_values()],
            work: vec![0.0; pattern.n()],
            pattern,
            factor,
            factored: None,
            size: 0.0,
            least_diagonal: 0.0,
            empty: Vec::new(),
            guess: 0.0,
            singular: false,
            z: Vec::new(),
            curvature: f64::INFINITY,
        })
    }

    /// The values, to be filled anew; [`SparseModel::new`] must follow.
    pub fn values_mut(&mut self) -> &mut [f64] {
        &mut self.values
    }

    /// Takes notice of new values, for a point with gradient `g`.
    pub(in crate::optim) fn refresh(&mut self, g: &[f64]) {
        self.factored = None;
        let (sums, values) = (&mut self.work, &self.values);
        sums.fill(0.0);
        self.pattern.for_each(|i, j, k| {
            sums[i] += values[k].abs();
            if i != j {
                sums[j] += values[k].abs();
            }
        });
        self.size = norm_inf(sums).max(f64::MIN_POSITIVE);
        self.empty.clear();
        self.empty.extend((0..g.len()).filter(|&j| sums[j] == 0.0 && g[j] == 0.0));
        let diagonal = (0..g.len()).map(|j| values[self.pattern.diagonal(j)]);
        self.least_diagonal = diagonal.fold(f64::INFINITY, f64::min);
        self.curvature = f64::INFINITY;
        if !self.z.is_empty() {
            self.pattern.multiply(values, &self.z, &mut self.work);
            self.curvature = dot(&self.z, &self.work);
        }
    }

    /// `sum_k |H_jk| |x_k|` for all j.
    fn change(&self, x: &[f64]) -> Vec<f64> {
        let mut change = vec![0.0; x.len()];
        self.pattern.for_each(|i, j, k| {
            change[i] += (self.values[k] * x[j]).abs();
            if i != j {
                change[j] += (self.values[k] * x[i]).abs();
            }
        });
        change
    }

    /// Whether `H + shift*I` is positive definite; its factor is then at hand.
    pub(in crate::optim) fn factors(&mut self, shift: f64) -> bool {
        if self.factored == Some(shift) {
            return true;
        }
        let found = self.factor.factor(&self.values, shift, &self.empty);
        self.factored = found.then_some(shift);
        found
    }

    /// Whether H is positive semidefinite up to rounding.
    fn is_semidefinite(&mut self) -> bool {
        self.curvature >= -NEGATIVE * self.size
            && (self.factors(0.0) || self.factors(NEGATIVE * self.size))
    }

    /// `-(H + shift*I)^-1 g` with the factor at hand.
    pub(in crate::optim) fn newton(&self, g: &[f64]) -> Vec<f64> {
        let mut p: Vec<f64> = g.iter().map(|g| -g).collect();
        self.factor.solve(&mut p);
        p
    }

    /// The Newton step where H is positive definite, else that of H with a shift that makes it so.
    fn descent(&mut self, g: &[f64]) -> Option<Vec<f64>> {
        let mut shift = 0.0;
        for _ in 0..MAX_FACTORIZATIONS {
            if self.factors(shift) {
                let p = self.newton(g);
                if p.iter().all(|p| p.is_finite()) && dot(&p, g) < 0.0 {
                    self.guess = shift;
                    return Some(p);
                }
            }
            let least = (LOWER * self.guess).max(1e-8 * self.size);
            shift = if shift == 0.0 { least } else { RAISE * shift };
        }
        None
    }

    /// One inverse iteration for z with the factor of `shift`; gives `z'(H + shift*I)z`.
    fn improve_z(&mut self, shift: f64) -> f64 {
        let rounds = if self.z.is_empty() { 3 } else { 1 };
        if self.z.is_empty() {
            // Anything that is not orthogonal to the eigenvector will do.
            let entry = |j: usize| 1.0 + (1.7 * j as f64).sin();
            self.z = (0..self.pattern.n()).map(entry).collect();
        }
        for _ in 0..rounds {
            let size = norm(&self.z);
            self.z.iter_mut().for_each(|z| *z /= size);
            self.factor.solve(&mut self.z);
        }
        let size = norm(&self.z);
        self.z.iter_mut().for_each(|z| *z /= size);
        self.pattern.multiply(&self.values, &self.z, &mut self.work);
        self.curvature = dot(&self.z, &self.work);
        self.curvature + shift
    }

    /// A bound on the absolute eigenvalues: the largest sum of absolute entries of a row.
    pub(in crate::optim) fn size(&self) -> f64 {
        self.size
    }

    /// Rows of zeros, from 0, where the gradient is 0 as well.
    pub(in crate::optim) fn empty(&self) -> &[usize] {
        &self.empty
    }

    /// An estimate of the least eigenvector, by inverse iterations with the factor at hand.
    pub(in crate::optim) fn least_vector(&mut self) -> Vec<f64> {
        self.z.clear();
        (0..INVERSE_ITERATIONS).for_each(|_| {
            self.improve_z(0.0);
        });
        self.z.clone()
    }

    /// The least eigenvalue to a few per cent where it is negative, the size of H, and the eigenvector.
    pub(in crate::optim) fn least_curvature(&mut self) -> (f64, f64, Vec<f64>) {
        let (mut low, mut high) = ((-self.curvature).max(0.0), self.size);
        let mut shift = if low > 0.0 { 1.01 * low } else { 1e-2 * high };
        for _ in 0..MAX_FACTORIZATIONS {
            if self.factors(shift) {
                high = shift;
                self.improve_z(shift);
                low = low.max(-self.curvature);
            } else {
                low = low.max(shift);
            }
            if high - low <= 0.05 * high || high <= NEGATIVE * self.size {
                break;
            }
            shift = between(low, high);
        }
        (self.curvature, self.size, self.z.clone())
    }

    /// The minimizer of the model with gradient `g: n` within `radius`; `None` where no shift lets H be
    /// factored.
    fn solve(&mut self, g: &[f64], radius: f64) -> Option<Step> {
        let pull = norm(g) / radius;
        let (mut low, mut high) = (0.0_f64, pull + self.size);
        low = low.max(-self.least_diagonal).max(-self.curvature).max(pull - self.size);
        let guess = self.guess;
        let mut lambda = match low > 0.0 {
            true => guess.clamp((1.0 + 1e-3) * low, high.max(1.01 * low)),
            false => 0.0,
        };
        let mut found: Option<(Vec<f64>, f64)> = None;
        for k in 0..MAX_FACTORIZATIONS {
            if !self.factors(lambda) {
                low = low.max(lambda);
                lambda = match lambda {
                    0.0 if self.singular => ROUNDING * self.size,
                    _ if k <= 1 && guess > low && guess < high => guess,
                    _ => between(low, high),
                };
                continue;
            }
            let p = self.newton(g);
            let length = norm(&p);
            let energy = -dot(&p, g);
            if length.is_finite() && length <= (1.0 + BOUNDARY) * radius {
                let inside = lambda == 0.0 || length >= (1.0 - BOUNDARY) * radius;
                // Where the shift does not matter H is singular along a slope of zero.
                let slack = lambda * (radius * radius - length * length);
                let flat = lambda <= ROUNDING * self.size || slack <= HARD * HARD * energy;
                if inside || flat {
                    self.singular = flat && lambda > 0.0;
                    return Some(self.step(g, p, lambda, !flat && lambda > 0.0));
                }
                high = lambda;
                let rest = self.improve_z(lambda);
                low = low.max(lambda - rest);
                let (to_boundary, tau) = self.to_boundary(&p, length, radius);
                let missed = tau * tau * rest;
                let enough = missed <= HARD * (energy + lambda * radius * radius);
                found = Some((to_boundary, lambda));
                if enough || high - low <= 1e-3 * high {
                    break;
                }
            } else {
                low = low.max(lambda);
                let scaled = if length.is_finite() { radius / length } else { 0.0 };
                if found.is_none() && scaled > 0.0 {
                    found = Some((p.iter().map(|p| scaled * p).collect(), lambda));
                }
            }
            // -d|p|/d lambda = p'(H + lambda I)^-1 p / |p|.
            let mut q = p.clone();
            self.factor.solve(&mut q);
            let newton = lambda + (length / radius - 1.0) * length * length / dot(&p, &q);
            lambda = if newton > low && newton < high { newton } else { between(low, high) };
        }
        let (p, lambda) = found?;
        self.singular = false;
        Some(self.step(g, p, lambda, true))
    }

    /// `p + tau z` on the boundary, for the tau of smaller size.
    fn to_boundary(&self, p: &[f64], length: f64, radius: f64) -> (Vec<f64>, f64) {
        let along = dot(p, &self.z);
        let rest = (radius * radius - length * length).max(0.0);
        let root = (along * along + rest).sqrt();
        let tau = rest / (along + if along < 0.0 { -root } else { root });
        let mut sum = p.to_vec();
        axpy(tau, &self.z, &mut sum);
        (sum, tau)
    }

    fn step(&mut self, g: &[f64], p: Vec<f64>, lambda: f64, on_boundary: bool) -> Step {
        if lambda > ROUNDING * self.size {
            self.guess = lambda;
        }
        self.pattern.multiply(&self.values, &p, &mut self.work);
        let model = dot(g, &p) + 0.5 * dot(&self.work, &p);
        let p = DVector::from_vec(p);
        let length = p.norm();
        Step { p, length, lambda, model, on_boundary }
    }
}

/// The model with that Hessian and a gradient.
pub struct SparseModel<'a> {
    h: &'a mut SparseHessian,
    g: &'a [f64],
}

impl<'a> SparseModel<'a> {
    /// The model with gradient `g: n` and a Hessian whose values are new.
    pub fn new(h: &'a mut SparseHessian, g: &'a [f64]) -> Self {
        h.refresh(g);
        SparseModel { h, g }
    }
}

impl Model for SparseModel<'_> {
    fn within(&mut self, delta: f64) -> Option<Step> {
        self.h.solve(self.g, delta)
    }

    fn is_semidefinite(&mut self) -> bool {
        self.h.is_semidefinite()
    }

    fn newton(&mut self) -> Option<Vec<f64>> {
        self.h.factors(0.0).then(|| self.h.newton(self.g))
    }

    fn regularized(&mut self) -> Option<Vec<f64>> {
        let shift = ROUNDING * 100.0 * self.h.size;
        self.h.factors(shift).then(|| self.h.newton(self.g))
    }

    fn descent(&mut self) -> Option<Vec<f64>> {
        self.h.descent(self.g)
    }

    fn least(&mut self) -> (f64, Vec<f64>) {
        let (least, _, q) = self.h.least_curvature();
        (least, q)
    }

    fn change(&self, x: &[f64]) -> Vec<f64> {
        self.h.change(x)
    }

    fn is_large(&self) -> bool {
        true
    }
}

/// A shift between a bound that failed and one that did not.
fn between(low: f64, high: f64) -> f64 {
    (low * high).sqrt().max(low + 0.01 * (high - low))
}

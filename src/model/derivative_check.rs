//! The check of every gradient before its first use.
//!
//! The symbolic gradient along a direction is compared with central
//! differences of the objective at a few step lengths (Gill, Murray & Wright, Practical Optimization,
//! sec. 8.6). Where none agrees, differences of all scales are looked at, extrapolated and with estimates of their
//! errors: a function may move on a finer scale than the first steps, or be so small beside its terms that only
//! long steps see it. A derivative is doubted where no scale agrees with it and some scale disagrees far beyond its
//! error, along a second direction too, and where the function is smooth at the finest scale that doubles have: it is
//! a bug of ours.

use crate::equality::{self, Estimate};
use crate::problem::Problem;

/// Directions tried; both must disagree.
const DIRECTIONS: usize = 2;
/// Step lengths relative to the size of the point.
const STEPS: [f64; 3] = [1e-4, 1e-5, 1e-6];
/// Smallest relative disagreement worth a word.
const TOLERANCE: f64 = 1e-3;
/// First steps of the differences that are extrapolated; each goes down by a factor of 69.
const SCALES: [f64; 8] = [1e-1, 1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-11, 1e-12];
/// Nearer to the symbolic derivative than others are, by this factor, is agreement.
const NEARER: f64 = 0.1;
/// How many times its estimate an error may be.
const SAFETY: f64 = 30.0;

/// A problem whose values have errors that can be told.
pub(crate) trait Measured: Problem {
    /// How large the terms inside the objective are: rounding errors are a small multiple of it.
    fn magnitude(&mut self, x: &[f64]) -> f64;
}

/// The symbolic and the numeric derivative along a direction where they
/// disagree beyond their errors. Costs two to six values a direction, and some hundred where these disagree.
pub(crate) fn mismatch(problem: &mut dyn Measured, x: &[f64]) -> Option<(f64, f64)> {
    let mut gradient = vec![0.0; x.len()];
    let f = problem.value_gradient(x, &mut gradient);
    if !f.is_finite() || gradient.iter().any(|g| !g.is_finite()) {
        return None;
    }
    let mut worst = None;
    for k in 0..DIRECTIONS {
        let near = Line::new(x, k, &gradient, 0.0);
        if near.agrees_at_once(problem, f) {
            return None;
        }
        // What underflows has no relative accuracy.
        let rounding = 16.0 * f64::EPSILON * problem.magnitude(x).max(f.abs());
        let noise = rounding.max(f64::MIN_POSITIVE);
        // Steps relative to the point, and as long as if the point were 1.
        let far = Line::new(x, k, &gradient, 1.0);
        let mut against = near.look(problem, noise)?;
        against.extend(far.look(problem, noise)?);
        if against.is_empty() || near.is_rough(problem, noise, against[0]) {
            return None;
        }
        worst = Some((near.symbolic, against[0]));
    }
    worst
}

/// A direction from a point.
struct Line<'x> {
    x: &'x [f64],
    d: Vec<f64>,
    /// The derivative by the gradient, and the sum of the absolute values of its terms.
    symbolic: f64,
    size: f64,
}

impl<'x> Line<'x> {
    /// Signs by a fixed pattern, each entry as large as the point there, or as `least`.
    fn new(x: &'x [f64], k: usize, gradient: &[f64], least: f64) -> Self {
        let entry = |(i, x): (usize, &f64)| {
            let bits =
                (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17 * k as u32 + 7);
            let weight = 0.5 + (bits >> 40) as f64 / (1u64 << 25) as f64;
            let scale = if *x == 0.0 { 1.0 } else { x.abs().max(least) };
            if bits & 1 == 0 { weight * scale } else { -weight * scale }
        };
        let d: Vec<f64> = x.iter().enumerate().map(entry).collect();
        let terms = || gradient.iter().zip(&d).map(|(g, d)| g * d);
        let (symbolic, size) = (terms().sum(), terms().map(f64::abs).sum());
        Line { x, d, symbolic, size }
    }

    fn at(&self, problem: &mut dyn Measured, h: f64) -> f64 {
        let moved: Vec<f64> = self.x.iter().zip(&self.d).map(|(x, d)| x + h * d).collect();
        problem.value(&moved)
    }

    /// Whether plain differences agree, or have no value.
    fn agrees_at_once(&self, problem: &mut dyn Measured, f: f64) -> bool {
        STEPS.iter().any(|&h| {
            let slope = (self.at(problem, h) - self.at(problem, -h)) / (2.0 * h);
            let rounding = 16.0 * f64::EPSILON * f.abs() / h;
            let error = (slope - self.symbolic).abs();
            !slope.is_finite() || error <= TOLERANCE * (self.size + slope.abs()) + 10.0 * rounding
        })
    }

    /// Derivatives that disagree, at all scales; `None` where one agrees.
    fn look(&self, problem: &mut dyn Measured, noise: f64) -> Option<Vec<f64>> {
        let (mut against, mut most, mut found) = (Vec::new(), 0.0f64, Vec::new());
        for scale in SCALES {
            let value = |t: f64| Some(vec![self.at(problem, t)]).filter(|v| v[0].is_finite());
            let estimate = equality::derivative_with_noise(value, scale, noise);
            let Some(&Estimate { value: slope, error }) = estimate.as_ref().map(|e| &e[0]) else {
                continue;
            };
            let gap = (slope - self.symbolic).abs();
            let close = TOLERANCE * (self.size + slope.abs());
            if gap <= close && SAFETY * error <= close.max(gap) {
                return None;
            }
            if SAFETY * error < gap && gap > close && !self.has_kink(problem, scale, noise, gap) {
                against.push(slope);
                most = most.max(gap);
            }
            found.push((gap, error));
        }
        // A scale on which the function has the symbolic slope, by far, rather than that of the others.
        let near =
            |&(gap, error): &(f64, f64)| gap <= NEARER * most && 3.0 * error <= NEARER * most;
        if found.iter().any(near) { None } else { Some(against) }
    }

    /// Whether the slopes on the two sides differ, at the steps of this scale, by as much as there is to explain.
    fn has_kink(&self, problem: &mut dyn Measured, scale: f64, noise: f64, gap: f64) -> bool {
        let middle = self.at(problem, 0.0);
        [1.0, 8.0, 64.0].into_iter().any(|parts| {
            let h = scale / parts;
            let (left, right) = (self.at(problem, -h), self.at(problem, h));
            let bend = ((right - middle) - (middle - left)).abs() / h;
            bend.is_nan() || bend > 0.1 * gap + 4.0 * noise / h
        })
    }

    /// Whether values at neighbouring doubles differ by more than rounding and the slope explain: then the function
    /// has a structure that no difference sees.
    fn is_rough(&self, problem: &mut dyn Measured, noise: f64, slope: f64) -> bool {
        let values: Vec<f64> =
            (-4..=4).map(|j| self.at(problem, f64::from(j) * 8.0 * f64::EPSILON)).collect();
        let bends = values.windows(3).map(|v| (v[2] - 2.0 * v[1] + v[0]).abs());
        let allowed = 4.0 * noise + 32.0 * f64::EPSILON * slope.abs();
        bends.fold(0.0, f64::max) > allowed
    }
}

#[cfg(test)]
mod tests;

//! The loop of a trust-region method, written once: trials, the test that accepts one, and the radius.
//!
//! ```text
//! rho = (f - f(x + p) + noise) / (-m(p) + noise),   |p| <= delta;   accepted if rho >= eta
//! ```
//!
//! (Nocedal & Wright 2006, algorithm 4.1; Conn, Gould & Toint 2000, algorithm 6.1.1.) The noise is what rounding may do to
//! f: added to both falls it lets the ratio tend to 1 near a solution, where differences of f are nothing else (Conn, Gould
//! & Toint, sec. 17.4.2). In come proposals ([`Steps`]) and the constants of a method ([`Rule`]); out comes the next point.
//! What a step is made of, and what is done with an accepted one, this file does not know.

use super::trust_region::Step;
use crate::optim::run::Run;
use crate::optim::status::Stop;
use crate::optim::vector::{dot, step_to};

/// Values differ by rounding noise up to this share of |f|.
pub const NOISE: f64 = 10.0 * f64::EPSILON;
/// A step is accepted if it brings this share of the predicted fall (eta; MINPACK's 1e-4).
pub const ACCEPT: f64 = 1e-4;
/// The first radius, at least; it grows or shrinks within a few steps where it does not fit.
pub const FIRST_RADIUS: f64 = 1.0;
/// The radius after a step to where f is not finite, and after one that was refused, in lengths of the step.
const RADIUS_OUTSIDE: f64 = 0.25;
const RADIUS_REFUSED: f64 = 0.5;
/// What the radius grows by.
const GROWTH: f64 = 2.0;

/// The constants in which methods differ.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Below this ratio the radius shrinks, ...
    pub shrink: f64,
    /// ... above this one it grows, where the step was as long as it could be.
    pub grow: f64,
    /// The radius shrinks to lengths of the step within this range.
    pub factors: (f64, f64),
    /// Whether the gradient must fall where values are nothing but noise.
    pub is_wary: bool,
}

/// `rho`: the share of the `predicted` fall that came about, both with the noise added.
pub fn ratio(actual: f64, predicted: f64, noise: f64) -> f64 {
    (actual + noise) / (predicted + noise)
}

/// The share of a poor step at which the parabola through f, the `slope < 0` along the step and the `change` at its end
/// has its minimum, within `range` (Conn, Gould & Toint 2000, sec. 17.1; More 1978, sec. 4).
pub fn shrinkage(slope: f64, change: f64, range: (f64, f64)) -> f64 {
    let curvature = 2.0 * (change - slope);
    let share = if curvature > 0.0 { -slope / curvature } else { 0.5 };
    if share.is_nan() { range.0 } else { share.clamp(range.0, range.1) }
}

/// What a method proposes.
pub trait Steps {
    /// A step from `x: n` with gradient `g: n` that is not longer than `radius`, up to what its model takes for that;
    /// `None` where there is none.
    fn propose(
        &mut self,
        run: &mut Run<'_>,
        x: &[f64],
        g: &[f64],
        radius: f64,
    ) -> Result<Option<Step>, Stop>;

    /// Whether a trial's value and gradient are asked for at once; else the gradient of an accepted one is.
    fn is_joint(&self) -> bool;

    /// Takes notice of what the gradient has become at the end of a step, accepted or not, where it is asked for at once.
    fn learn(&mut self, _step: &Step, _g: &[f64], _g_new: &[f64]) {}
}

/// The point where a method stands, and its region.
#[derive(Debug)]
pub struct Region {
    /// The point, n entries.
    pub x: Vec<f64>,
    /// f there.
    pub f: f64,
    /// The gradient there, n entries.
    pub g: Vec<f64>,
    /// The radius of the region.
    pub radius: f64,
    rule: Rule,
    /// The point and the gradient of a trial; after an accepted one, those before.
    x_new: Vec<f64>,
    g_new: Vec<f64>,
}

impl Region {
    /// The region of `radius > 0` around `x: n`, where the value is `f` and the gradient `g: n`.
    pub fn new((x, f, g): (Vec<f64>, f64, Vec<f64>), radius: f64, rule: Rule) -> Self {
        let (x_new, g_new) = (x.clone(), g.clone());
        Region { x, f, g, radius, rule, x_new, g_new }
    }

    /// Tries steps, within a smaller radius each time, until one is accepted and has been made; `None` where there is
    /// none, or the radius has shrunk to rounding. A value or gradient that is not finite refuses a step.
    pub fn advance(
        &mut self,
        run: &mut Run<'_>,
        steps: &mut impl Steps,
    ) -> Result<Option<Step>, Stop> {
        let noise = NOISE * self.f.abs();
        loop {
            let Some(step) = steps.propose(run, &self.x, &self.g, self.radius)? else {
                return Ok(None);
            };
            let p = step.p.as_slice();
            step_to(&self.x, 1.0, p, &mut self.x_new);
            // Where derivatives have underflowed a model may have no step at all.
            if step.length == 0.0 || !step.length.is_finite() || self.x_new == self.x {
                return Ok(None);
            }
            let joint = steps.is_joint();
            let value = match joint {
                true => run.eval.value_gradient(&self.x_new, &mut self.g_new)?,
                false => run.eval.value(&self.x_new)?,
            };
            let Some(f_new) = value else {
                self.radius = RADIUS_OUTSIDE * step.length;
                continue;
            };
            if joint {
                steps.learn(&step, &self.g, &self.g_new);
            }
            let ratio = ratio(self.f - f_new, -step.model, noise);
            self.resize(&step, ratio, f_new - self.f);
            let drowned = (f_new - self.f).abs() <= noise && -step.model <= noise;
            let accepted = ratio >= ACCEPT
                && (joint || run.eval.gradient(&self.x_new, &mut self.g_new)?)
                && !(self.rule.is_wary && drowned && self.is_steeper());
            if accepted {
                self.take(f_new);
                return Ok(Some(step));
            }
            self.radius = self.radius.min(RADIUS_REFUSED * step.length);
        }
    }

    /// The gradient before the last accepted step.
    pub fn gradient_before(&self) -> &[f64] {
        &self.g_new
    }

    /// Tries a step whatever its length, which is made if `is_good(f_new)`; false where it is not.
    pub fn try_step(
        &mut self,
        run: &mut Run<'_>,
        p: &[f64],
        is_good: impl FnOnce(f64) -> bool,
    ) -> Result<bool, Stop> {
        step_to(&self.x, 1.0, p, &mut self.x_new);
        let Some(f_new) = run.eval.value(&self.x_new)? else {
            return Ok(false);
        };
        if !is_good(f_new) || !run.eval.gradient(&self.x_new, &mut self.g_new)? {
            return Ok(false);
        }
        self.take(f_new);
        Ok(true)
    }

    fn take(&mut self, f_new: f64) {
        self.f = f_new;
        std::mem::swap(&mut self.x, &mut self.x_new);
        std::mem::swap(&mut self.g, &mut self.g_new);
    }

    fn is_steeper(&self) -> bool {
        dot(&self.g_new, &self.g_new) >= dot(&self.g, &self.g)
    }

    /// The radius after a step with that ratio, which changed f by `change`.
    fn resize(&mut self, step: &Step, ratio: f64, change: f64) {
        let Rule { shrink, grow, factors, .. } = self.rule;
        if ratio < shrink {
            let slope = dot(&self.g, step.p.as_slice());
            self.radius = step.length * shrinkage(slope, change, factors);
        } else if ratio > grow && step.on_boundary {
            self.radius *= GROWTH;
        }
    }
}

/// The positive tau with `|p + tau d| = radius` for a `p: n` inside and `d: n`, free of cancellation.
pub fn to_boundary(p: &[f64], d: &[f64], radius: f64) -> f64 {
    let (dd, pd, pp) = (dot(d, d), dot(p, d), dot(p, p));
    let c = (radius * radius - pp).max(0.0);
    let root = (pd * pd + dd * c).sqrt();
    if pd > 0.0 { c / (pd + root) } else { (root - pd) / dd }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poor_step_shrinks_to_the_minimum_of_its_parabola() {
        // f = -t + 2 t^2 along the step has its minimum at a quarter, -t + 16 t^2 at 1/32.
        assert_eq!(shrinkage(-1.0, 1.0, (0.1, 0.5)), 0.25);
        assert_eq!(shrinkage(-1.0, 15.0, (0.1, 0.5)), 0.1);
        // Downward parabolas have none, and what is no number says nothing.
        assert_eq!(shrinkage(-1.0, -3.0, (0.1, 0.5)), 0.5);
        assert_eq!(shrinkage(f64::NEG_INFINITY, 1.0, (0.1, 0.5)), 0.1);
    }

    #[test]
    fn noise_takes_the_ratio_to_1() {
        assert_eq!(ratio(1.0, 2.0, 0.0), 0.5);
        assert!(ratio(-1e-17, 1e-18, 1e-14) > 0.99);
    }

    #[test]
    fn the_boundary_is_met_in_the_direction() {
        for (p, d) in
            [([0.0, 0.0], [3.0, 4.0]), ([0.6, 0.0], [-1.0, 0.5]), ([0.5, 0.5], [1e-9, 0.0])]
        {
            let tau = to_boundary(&p, &d, 1.0);
            let end = [p[0] + tau * d[0], p[1] + tau * d[1]];
            assert!(tau > 0.0 && (dot(&end, &end) - 1.0).abs() < 1e-12, "{p:?} {d:?}: {end:?}");
        }
    }
}

//! The line search of More and Thuente for the strong Wolfe conditions.
//!
//! J. J. More, D. J. Thuente: Line search algorithms with guaranteed sufficient decrease, ACM TOMS 20
//! (1994), 286-307; the same algorithm as MINPACK-2's `dcsrch` and `dcstep`. It keeps an interval that
//! holds a step with
//!
//! ```text
//! phi(a) <= phi(0) + c1 a phi'(0),     |phi'(a)| <= c2 |phi'(0)|
//! ```
//!
//! In its first stage it works on `psi(a) = phi(a) - phi(0) - c1 a phi'(0)` (sec. 2), and on phi itself as
//! soon as a step with `psi <= 0` and `phi' >= 0` was seen (sec. 3). A trial that is not finite is a wall, which
//! later trials approach by bisection.

use super::{Found, Ray, Trial};
use crate::optim::status::Stop;

/// Trials before the search is given up; a sound function takes fewer than ten.
const MAX_TRIALS: usize = 60;
/// A bracket must shrink by this factor in two trials, or it is bisected (sec. 4).
const SHRINK: f64 = 0.66;
/// How far a trial without a bracket may extrapolate (sec. 4).
const EXTRAPOLATE: (f64, f64) = (1.1, 4.0);
/// A bracket of this relative width is closed.
const WIDTH: f64 = 1e-15;

/// The state of the search: the best end `low`, the other end `high`, and the limits of the next trial.
struct Bracket {
    low: Trial,
    high: Trial,
    closed: bool,
    min: f64,
    max: f64,
}

/// Searches from the trial `first`, never beyond `longest`.
///
/// Returns `Accepted` for a step with the strong Wolfe conditions (or the approximate ones where f has not
/// moved beyond rounding), `Lower` where the search ends otherwise with a lower value: at `longest`, or where
/// rounding closes the bracket.
pub fn more_thuente(ray: &mut Ray<'_, '_>, first: f64, longest: f64) -> Result<Found, Stop> {
    let origin = ray.origin;
    let decrease_slope = ray.wolfe.c1 * origin.slope;
    let mut alpha = first.min(longest);
    let max = alpha * (1.0 + EXTRAPOLATE.1);
    let mut bracket = Bracket { low: origin, high: origin, closed: false, min: 0.0, max };
    let mut widths = (longest, 2.0 * longest);
    let mut first_stage = true;
    // The shortest step that was not finite.
    let mut wall = f64::INFINITY;

    for _ in 0..MAX_TRIALS {
        let Some(trial) = ray.trial(alpha)? else {
            wall = alpha;
            alpha = bracket.low.alpha + 0.25 * (alpha - bracket.low.alpha);
            if alpha <= bracket.low.alpha {
                break;
            }
            continue;
        };
        if ray.accepts(&trial) || ray.is_unbounded(trial.f) {
            return Ok(Found::Accepted(trial));
        }
        let test = origin.f + alpha * decrease_slope;
        if first_stage && trial.f <= test && trial.slope >= 0.0 {
            first_stage = false;
        }
        if alpha == longest && trial.f <= test && trial.slope <= decrease_slope {
            return Ok(Found::Lower(trial));
        }

        let modified = first_stage && trial.f <= bracket.low.f && trial.f > test;
        let shift = if modified { decrease_slope } else { 0.0 };
        let proposed = bracket.update(trial, shift);
        if bracket.low.alpha == alpha {
            ray.keep();
        }
        alpha = bracket.next(proposed, longest, &mut widths);
        if alpha >= wall {
            alpha = 0.5 * (bracket.low.alpha + wall);
        }
        if bracket.is_exhausted(alpha) {
            break;
        }
    }
    if bracket.low.alpha > 0.0 && bracket.low.f < origin.f {
        ray.restore(bracket.low.alpha);
        return Ok(Found::Lower(bracket.low));
    }
    Ok(Found::Nothing)
}

impl Bracket {
    /// Takes in a trial and proposes the next step, all with `shift * alpha` taken off the function
    /// (the psi of sec. 2 for the first stage; 0 works on phi itself).
    fn update(&mut self, trial: Trial, shift: f64) -> f64 {
        let tilt = |t: Trial, sign: f64| Trial {
            alpha: t.alpha,
            f: t.f - sign * shift * t.alpha,
            slope: t.slope - sign * shift,
        };
        self.low = tilt(self.low, 1.0);
        self.high = tilt(self.high, 1.0);
        let next = self.interpolate(tilt(trial, 1.0));
        self.low = tilt(self.low, -1.0);
        self.high = tilt(self.high, -1.0);
        next
    }

    /// The four cases of section 4: a safeguarded cubic or quadratic step, and the new ends.
    fn interpolate(&mut self, t: Trial) -> f64 {
        let (low, high) = (self.low, self.high);
        let opposite = t.slope * low.slope.signum() < 0.0;
        let step = if t.f > low.f {
            // Case 1: higher value. The minimum is bracketed; the cubic is trusted if nearer to the best.
            let cubic = cubic_minimizer(low, t, false);
            let quadratic = quadratic_minimizer(low, t);
            self.closed = true;
            if (cubic - low.alpha).abs() < (quadratic - low.alpha).abs() {
                cubic
            } else {
                cubic + 0.5 * (quadratic - cubic)
            }
        } else if opposite {
            // Case 2: lower value, slopes of opposite sign. Bracketed; the farther of cubic and secant.
            let cubic = cubic_minimizer(t, low, false);
            let secant = secant_minimizer(t, low);
            self.closed = true;
            if (cubic - t.alpha).abs() > (secant - t.alpha).abs() { cubic } else { secant }
        } else if t.slope.abs() < low.slope.abs() {
            self.flattening_step(t)
        } else if self.closed {
            // Case 4: lower value, same sign, slope not smaller: the cubic with the other end.
            cubic_minimizer(t, high, false)
        } else if t.alpha > low.alpha {
            self.max
        } else {
            self.min
        };
        if t.f > low.f {
            self.high = t;
        } else {
            if opposite {
                self.high = low;
            }
            self.low = t;
        }
        step
    }

    /// Case 3: lower value, same sign, smaller slope. The cubic is used only where it tends to infinity in
    /// the direction of the step or its minimum lies beyond the trial.
    fn flattening_step(&self, t: Trial) -> f64 {
        let (low, high) = (self.low, self.high);
        let ahead = t.alpha > low.alpha;
        let cubic = cubic_minimizer(t, low, true);
        let beyond = if ahead { cubic > t.alpha } else { cubic < t.alpha };
        let cubic = match (cubic.is_finite() && beyond, ahead) {
            (true, _) => cubic,
            (false, true) => self.max,
            (false, false) => self.min,
        };
        let secant = secant_minimizer(t, low);
        let cubic_is_nearer = (cubic - t.alpha).abs() < (secant - t.alpha).abs();
        if self.closed {
            let step = if cubic_is_nearer { cubic } else { secant };
            let limit = t.alpha + SHRINK * (high.alpha - t.alpha);
            if ahead { step.min(limit) } else { step.max(limit) }
        } else {
            let step = if cubic_is_nearer { secant } else { cubic };
            step.max(self.min).min(self.max)
        }
    }

    /// Bisects a bracket that shrinks too slowly, and sets the limits of the next trial.
    fn next(&mut self, alpha: f64, longest: f64, widths: &mut (f64, f64)) -> f64 {
        let mut alpha = alpha;
        let (low, high) = (self.low.alpha, self.high.alpha);
        if self.closed {
            if (high - low).abs() >= SHRINK * widths.1 {
                alpha = low + 0.5 * (high - low);
            }
            *widths = ((high - low).abs(), widths.0);
            (self.min, self.max) = (low.min(high), low.max(high));
        } else {
            self.min = alpha + EXTRAPOLATE.0 * (alpha - low);
            self.max = alpha + EXTRAPOLATE.1 * (alpha - low);
        }
        alpha.max(0.0).min(longest)
    }

    /// Whether rounding leaves no new point in the bracket.
    fn is_exhausted(&self, alpha: f64) -> bool {
        let narrow = self.max - self.min <= WIDTH * self.max;
        self.closed && (alpha <= self.min || alpha >= self.max || narrow)
            || !alpha.is_finite()
            || alpha == self.low.alpha
    }
}

/// The minimizer of the cubic through values and slopes at `a` and `b`, as a point on the axis; seen from
/// `a` (Nocedal & Wright 2006, eq. 3.59, arranged against overflow). With `guarded` a cubic without a
/// minimum gives NaN; in the other cases it always has one.
fn cubic_minimizer(a: Trial, b: Trial, guarded: bool) -> f64 {
    let theta = 3.0 * (a.f - b.f) / (b.alpha - a.alpha) + a.slope + b.slope;
    let scale = theta.abs().max(a.slope.abs()).max(b.slope.abs());
    let radicand = (theta / scale).powi(2) - (a.slope / scale) * (b.slope / scale);
    if guarded && radicand <= 0.0 {
        return f64::NAN;
    }
    let mut gamma = scale * radicand.sqrt();
    if b.alpha < a.alpha {
        gamma = -gamma;
    }
    let p = (gamma - a.slope) + theta;
    let q = ((gamma - a.slope) + gamma) + b.slope;
    a.alpha + p / q * (b.alpha - a.alpha)
}

/// The minimizer of the parabola through `f` and slope at `a` and `f` at `b`.
fn quadratic_minimizer(a: Trial, b: Trial) -> f64 {
    let width = b.alpha - a.alpha;
    a.alpha + a.slope / ((a.f - b.f) / width + a.slope) / 2.0 * width
}

/// The zero of the line through the slopes at `a` and `b`.
fn secant_minimizer(a: Trial, b: Trial) -> f64 {
    a.alpha + a.slope / (a.slope - b.slope) * (b.alpha - a.alpha)
}

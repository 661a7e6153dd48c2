//! The convergence tests of a run, and the sentences that say which of them passed.
//!
//! In comes an [`Iterate`]; out comes a [`Stop`] with the values behind it, or nothing. The gradient test is
//!
//! ```text
//! max_i |g_i| <= gtol * max(1, |f|)
//! ```
//!
//! with two guards against scales at which it means nothing: a runaway |f|
//! ([`gradient_threshold`](Run::gradient_threshold)) and an objective that is tiny throughout. A method that
//! knows the rounding errors of its gradient offers them to [`test_floor`](Run::test_floor). Limits stand
//! elsewhere: no test here passes because one was met.

use super::{Iterate, Run};
use crate::optim::options::Options;
use crate::optim::status::{Status, Stop};
use crate::optim::vector::{norm, norm_inf, step_to};

/// The distance of the probe for tiny objectives, relative to x, and the share of f that must fall.
const PROBE: f64 = 1e-3;
/// What is left of a gradient that has fallen, see [`Run::gradient_threshold`].
const FALLEN: f64 = 1e-3;

impl Run<'_> {
    /// Whether the gradient test passes at `point`, which then becomes the solution.
    pub fn test_gradient(&mut self, point: &Iterate<'_>) -> Option<Stop> {
        let stationarity = self.stationarity(point.x, point.g);
        let passes = stationarity <= self.gradient_threshold(point.f);
        if passes && self.iterations == 0 && self.is_tiny(point) {
            self.unit = point.f.abs().max(stationarity);
        }
        let threshold = self.gradient_threshold(point.f);
        (stationarity <= threshold).then(|| {
            let what = if self.bounds.is_some() { "projected gradient" } else { "gradient" };
            let rule = if threshold < self.options.gtol * point.f.abs().max(self.unit) {
                "a thousandth of the start's".to_string()
            } else if self.unit < 1.0 {
                format!("gtol * max({:.1e}, |f|)", self.unit)
            } else {
                "gtol * max(1, |f|)".to_string()
            };
            let message = format!(
                "the largest {what} entry {stationarity:.2e} is at most {rule} = {threshold:.2e}"
            );
            self.converged(point, message)
        })
    }

    /// Whether a start passes the gradient test only because the whole objective is tiny, as `1e-20*f` is.
    ///
    /// One value tells: along the steepest descent, a thousandth of the size of x away, f has fallen by a
    /// visible share of itself and nearly as fast as its slope promises. Near a minimizer it does neither.
    fn is_tiny(&mut self, point: &Iterate<'_>) -> bool {
        let length = norm(point.g);
        if length == 0.0 || self.bounds.is_some() || self.options.gtol == 0.0 {
            return false;
        }
        let alpha = PROBE * norm_inf(point.x).max(1.0) / length;
        let mut probe = vec![0.0; point.x.len()];
        step_to(point.x, -alpha, point.g, &mut probe);
        // A limit that is met here will be met again at the next evaluation.
        let Ok(Some(f)) = self.eval.value(&probe) else {
            return false;
        };
        let fall = point.f - f;
        fall >= PROBE * point.f.abs() && fall >= 0.5 * alpha * length * length
    }

    /// `gtol * max(1, |f|)`, guarded: on the way to infinity |f| outgrows every gradient, so that where it
    /// exceeds its size at the start the gradient must also have fallen to a thousandth of the start's.
    pub fn gradient_threshold(&self, f: f64) -> f64 {
        let gtol = self.options.gtol;
        let size = self.f_start.abs().max(self.unit);
        if f.abs() <= size || self.f_start.is_nan() {
            gtol * f.abs().max(self.unit)
        } else {
            (gtol * f.abs()).min((gtol * size).max(FALLEN * self.gradient_start))
        }
    }

    /// Whether every gradient entry is below its rounding `floor` (n entries, computed by the method).
    pub fn test_floor(&mut self, point: &Iterate<'_>, floor: &[f64]) -> Option<Stop> {
        if point.g.iter().zip(floor).any(|(g, floor)| g.abs() > *floor) {
            return None;
        }
        let message = format!(
            "the largest gradient entry {:.2e} is at its rounding floor {:.2e}: \
             it cannot be computed more exactly at this scale",
            norm_inf(point.g),
            norm_inf(floor)
        );
        Some(self.converged(point, message))
    }

    /// Makes `point` the solution and says that it is one.
    pub fn converged(&mut self, point: &Iterate<'_>, message: String) -> Stop {
        let stationarity = self.stationarity(point.x, point.g);
        // For methods without gradients the solution is the best point they met.
        if !point.g.is_empty() || self.best.is_none() {
            self.keep(point, stationarity);
        }
        Stop::new(Status::Converged, message)
    }

    /// The stop for a method that finds no better point; `why` completes "no further progress: ...".
    pub fn stalled(&self, why: &str) -> Stop {
        let state = match &self.best {
            Some(best) if !best.g.is_empty() => format!(
                "; the largest gradient entry is {:.2e}, above gtol * max(1, |f|) = {:.2e}",
                best.stationarity,
                self.gradient_threshold(best.f)
            ),
            _ => String::new(),
        };
        Stop::new(Status::Stalled, format!("no further progress: {why}{state}"))
    }

    /// The stop for an objective that has fallen to `f`.
    pub fn unbounded(&self, f: f64) -> Stop {
        let message = format!(
            "the objective falls without bound: it reached {f:.2e}, below {:.2e}",
            self.unbounded_below()
        );
        Stop::new(Status::Unbounded, message)
    }

    /// The largest absolute entry of the gradient, projected where there are bounds. NaN without a gradient.
    pub fn stationarity(&self, x: &[f64], g: &[f64]) -> f64 {
        match &self.bounds {
            _ if g.len() != x.len() => f64::NAN,
            None => norm_inf(g),
            Some((lower, upper)) => (0..g.len())
                .map(|i| ((x[i] - g[i]).max(lower[i]).min(upper[i]) - x[i]).abs())
                .fold(0.0, f64::max),
        }
    }

    /// The tests `ftol` and `xtol`, both off by default.
    pub(super) fn test_progress(&mut self, point: &Iterate<'_>, decrease: f64) -> Result<(), Stop> {
        let Options { ftol, xtol, .. } = *self.options;
        let least = ftol * point.f.abs().max(1.0);
        if ftol > 0.0 && (0.0..=least).contains(&decrease) {
            let message = format!(
                "the last step lowered f by {decrease:.2e}, at most ftol * max(1, |f|) = {least:.2e}"
            );
            return Err(self.converged(point, message));
        }
        let shortest = xtol * norm_inf(point.x).max(1.0);
        if xtol > 0.0 && point.step <= shortest {
            let message = format!(
                "the last step was {:.2e} long, at most xtol * max(1, |x|) = {shortest:.2e}",
                point.step
            );
            return Err(self.converged(point, message));
        }
        Ok(())
    }
}

//! The convergence tests of a run, and the sentences that say which of them passed.
//!
//! In comes an [`Iterate`] with the step that the method's model proposes from it ([`Outlook`]); out comes a
//! [`Stop`] with the values behind it, or nothing. Two tests must pass together. The gradient test is what the
//! user asks for, and its meaning depends on units:
//!
//! ```text
//! max_i |g_i| <= gtol * max(1, |f|)           over the entries that no bound holds
//! ```
//!
//! The other one is free of units: [`settled`] asks whether the model could still lower f by more than f can
//! resolve, or move x visibly. A constant added to f, or a factor of f or of an unknown, changes what it says by
//! rounding alone. Methods that know their rounding errors offer them to [`test_floor`](Run::test_floor).
//! Limits stand elsewhere: no test here passes because one was met.

use super::{Iterate, Run};
use crate::optim::options::Options;
use crate::optim::settled::{Outlook, Scales, Settled, is_short, settled};
use crate::optim::status::{Status, Stop};
use crate::optim::vector::norm_inf;
use crate::problem::Bounds;

/// So many points in a row may have nothing visible to gain although the model's steps stay long.
const MAX_DRIFT: usize = 30;

impl Run<'_> {
    /// Whether the tests of convergence pass at `point`, which then becomes the solution. `outlook` is asked for only
    /// where the gradient test passes; of its answers the first that passes counts.
    pub fn test_gradient(
        &mut self,
        point: &Iterate<'_>,
        outlook: &mut dyn FnMut(usize) -> Outlook,
    ) -> Option<Stop> {
        let stationarity = self.stationarity(point.x, point.g);
        let threshold = self.gradient_threshold(point.f);
        // A gradient that is not a number passes no test.
        if stationarity.is_nan() || stationarity > threshold {
            return None;
        }
        let what = if self.bounds.is_some() { "free gradient" } else { "gradient" };
        let passed = format!(
            "the largest {what} entry {stationarity:.2e} is at most gtol * max(1, |f|) = {threshold:.2e}"
        );
        if stationarity == 0.0 {
            return Some(self.converged(point, passed));
        }
        let mut verdict = Settled::No;
        for attempt in 0.. {
            let outlook = outlook(attempt);
            match settled(point, &outlook, &self.scales(point.f), self.bounds()) {
                Settled::Yes => return Some(self.converged(point, passed)),
                Settled::Drifts => verdict = Settled::Drifts,
                Settled::No => {}
            }
            if !outlook.is_exact() || attempt > 0 {
                break;
            }
        }
        self.drift = if verdict == Settled::Drifts { self.drift + 1 } else { 0 };
        (self.drift > MAX_DRIFT).then(|| {
            let message = format!(
                "no further progress: f no longer falls visibly, although steps stay long for {MAX_DRIFT} \
                 iterations, as on the way to an infimum that is not attained"
            );
            Stop::new(Status::Stalled, message)
        })
    }

    /// What a fall of f and a step are measured by at a point with value `f`.
    fn scales(&self, f: f64) -> Scales<'_> {
        let fallen = if self.f_start.is_nan() { 0.0 } else { (self.f_start - f).abs() };
        Scales { fallen, reach: &self.reach, gtol: self.options.gtol, leniency: 1.0 }
    }

    /// `gtol * max(1, |f|)`.
    pub fn gradient_threshold(&self, f: f64) -> f64 {
        self.options.gtol * f.abs().max(1.0)
    }

    /// Whether every gradient entry is below its rounding `floor` (n entries, computed by the method), and the next
    /// step short: far out, where x is huge, rounding hides a slope that a step would show.
    pub fn test_floor(
        &mut self,
        point: &Iterate<'_>,
        floor: &[f64],
        outlook: &mut dyn FnMut(usize) -> Outlook,
    ) -> Option<Stop> {
        let at_floor = point.g.iter().zip(floor).all(|(g, floor)| g.abs() <= *floor);
        let short =
            |outlook: Outlook| is_short(point, &outlook, &self.scales(point.f), self.bounds());
        if !(at_floor && (short(outlook(0)) || short(outlook(1)))) {
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
            Some(best) if !best.g.is_empty() => self.shortfall(best.f, best.stationarity),
            _ => String::new(),
        };
        Stop::new(Status::Stalled, format!("no further progress: {why}{state}"))
    }

    /// What the tests lack at a point with value `f`, to complete a sentence.
    pub(super) fn shortfall(&self, f: f64, stationarity: f64) -> String {
        let threshold = self.gradient_threshold(f);
        let relation = if stationarity <= threshold { "at most" } else { "above" };
        let but =
            if stationarity <= threshold { ", but the next step is not negligible" } else { "" };
        format!(
            "; the largest gradient entry is {stationarity:.2e}, {relation} gtol * max(1, |f|) = {threshold:.2e}{but}"
        )
    }

    /// The stop for an objective that has fallen to `f`.
    pub fn unbounded(&self, f: f64) -> Stop {
        let message = format!(
            "the objective falls without bound: it reached {f:.2e}, below {:.2e}",
            self.unbounded_below()
        );
        Stop::new(Status::Unbounded, message)
    }

    /// The largest absolute entry of the gradient among those that no bound holds. NaN without a gradient.
    ///
    /// The usual projected gradient `P(x - g) - x` (Nocedal & Wright 2006, sec. 16.7) is not longer than the box,
    /// and rounds to 0 far out: a steep slope inside a narrow box, or at a large x, would pass any test.
    pub fn stationarity(&self, x: &[f64], g: &[f64]) -> f64 {
        if g.len() != x.len() {
            return f64::NAN;
        }
        let bounds = self.bounds();
        let free = (0..g.len()).filter(|&i| !is_held(x, g, bounds, i));
        // `max` would lose a NaN.
        free.fold(0.0, |most: f64, i| match most.is_nan() || g[i].abs() <= most {
            true => most,
            false => g[i].abs(),
        })
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

/// Whether entry i of x lies on a bound that descent would cross.
pub fn is_held(x: &[f64], g: &[f64], bounds: Option<&Bounds>, i: usize) -> bool {
    bounds.is_some_and(|bounds| bounds.holds(x, g, i))
}

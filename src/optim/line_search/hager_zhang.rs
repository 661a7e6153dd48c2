//! The line search of Hager and Zhang for the approximate Wolfe conditions.
//!
//! W. W. Hager, H. Zhang: A new conjugate gradient method with guaranteed descent and an efficient line
//! search, SIAM J. Optim. 16 (2005), 170-192, sec. 4; and ACM TOMS 32 (2006), 113-137 (CG_DESCENT). It looks
//! for a zero of the slope inside a bracket with
//!
//! ```text
//! phi(a) <= phi(0) + eps,   phi'(a) < 0,   phi'(b) >= 0
//! ```
//!
//! Values serve only to keep below `phi(0) + eps`, so that it works where differences of f are rounding
//! noise: slopes keep their relative accuracy down to about `sqrt(eps)` closer to the minimizer.

use super::{Found, Ray, Trial};
use crate::optim::status::Stop;

/// Trials in all.
const MAX_TRIALS: usize = 50;
/// The bracket grows by this factor while the slope is negative (rho of the 2006 paper).
const GROW: f64 = 5.0;
/// A bracket that does not shrink by this factor is bisected (gamma).
const SHRINK: f64 = 0.66;

/// The search ends by a step, or goes on with something.
enum Next<T> {
    Done(Trial),
    Go(T),
}

/// Searches from the trial `first`, never beyond `longest`.
///
/// Returns `Accepted` for a step with the strong or the approximate Wolfe conditions, `Lower` for a step
/// that is no higher beyond rounding and flatter, where the bracket closes before.
pub fn hager_zhang(ray: &mut Ray<'_, '_>, first: f64, longest: f64) -> Result<Found, Stop> {
    let mut search = Search { trials: 0, best: ray.origin };
    let bracket = match search.bracket(ray, first.min(longest), longest)? {
        Next::Done(trial) => return Ok(Found::Accepted(trial)),
        Next::Go(Some(bracket)) => bracket,
        Next::Go(None) => return Ok(search.give_up(ray)),
    };
    let (mut a, mut b) = bracket;
    while search.trials < MAX_TRIALS && b.alpha - a.alpha > f64::EPSILON * b.alpha {
        let width = b.alpha - a.alpha;
        match search.double_secant(ray, a, b)? {
            Next::Done(trial) => return Ok(Found::Accepted(trial)),
            Next::Go(ends) => (a, b) = ends,
        }
        if b.alpha - a.alpha > SHRINK * width {
            match search.update(ray, a, b, 0.5 * (a.alpha + b.alpha))? {
                Next::Done(trial) => return Ok(Found::Accepted(trial)),
                Next::Go(ends) => (a, b) = ends,
            }
        }
        if b.alpha - a.alpha >= width {
            break;
        }
    }
    Ok(search.give_up(ray))
}

struct Search {
    trials: usize,
    /// The last left end: not higher than `phi(0) + eps`, slope still negative.
    best: Trial,
}

impl Search {
    /// Steps B0 to B3 (2006 paper): grows the step until the slope turns or the value rises.
    fn bracket(
        &mut self,
        ray: &mut Ray<'_, '_>,
        first: f64,
        longest: f64,
    ) -> Result<Next<Option<(Trial, Trial)>>, Stop> {
        let mut a = ray.origin;
        // The shortest step that was not finite.
        let mut wall = f64::INFINITY;
        let mut alpha = first;
        while self.trials < MAX_TRIALS && alpha > a.alpha {
            self.trials += 1;
            let Some(t) = ray.trial(alpha)? else {
                wall = alpha;
                alpha = a.alpha + 0.1 * (alpha - a.alpha);
                continue;
            };
            if ray.accepts(&t) || ray.is_unbounded(t.f) {
                return Ok(Next::Done(t));
            }
            if t.slope >= 0.0 {
                return Ok(Next::Go(Some((a, t))));
            }
            if t.f > ray.origin.f + ray.band() {
                return match self.bisect(ray, a, t)? {
                    Next::Done(trial) => Ok(Next::Done(trial)),
                    Next::Go(ends) => Ok(Next::Go(Some(ends))),
                };
            }
            a = self.new_left(ray, t);
            alpha = (GROW * alpha).min(longest);
            if alpha >= wall {
                alpha = 0.5 * (a.alpha + wall);
            }
        }
        Ok(Next::Go(None))
    }

    /// Steps S1 to S4: one or two secant steps.
    fn double_secant(
        &mut self,
        ray: &mut Ray<'_, '_>,
        a: Trial,
        b: Trial,
    ) -> Result<Next<(Trial, Trial)>, Stop> {
        let c = secant(a, b);
        let (a1, b1) = match self.update(ray, a, b, c)? {
            Next::Done(trial) => return Ok(Next::Done(trial)),
            Next::Go(ends) => ends,
        };
        let again = if c == b1.alpha {
            secant(b, b1)
        } else if c == a1.alpha {
            secant(a, a1)
        } else {
            return Ok(Next::Go((a1, b1)));
        };
        self.update(ray, a1, b1, again)
    }

    /// Steps U0 to U3: puts the trial `alpha` into the bracket.
    fn update(
        &mut self,
        ray: &mut Ray<'_, '_>,
        a: Trial,
        b: Trial,
        alpha: f64,
    ) -> Result<Next<(Trial, Trial)>, Stop> {
        // Written so that a secant through equal slopes (NaN, infinity) is refused as well.
        if !(alpha > a.alpha && alpha < b.alpha) {
            return Ok(Next::Go((a, b)));
        }
        self.trials += 1;
        let Some(t) = ray.trial(alpha)? else {
            // A hole inside the bracket: only the part before it is known to be usable.
            return self.bisect(ray, a, Trial { alpha, f: f64::INFINITY, slope: 0.0 });
        };
        if ray.accepts(&t) {
            return Ok(Next::Done(t));
        }
        if t.slope >= 0.0 {
            return Ok(Next::Go((a, t)));
        }
        if t.f <= ray.origin.f + ray.band() {
            return Ok(Next::Go((self.new_left(ray, t), b)));
        }
        self.bisect(ray, a, t)
    }

    /// Step U3: between `a` and a higher `b` that still falls, bisects until the slope turns.
    fn bisect(
        &mut self,
        ray: &mut Ray<'_, '_>,
        mut a: Trial,
        mut b: Trial,
    ) -> Result<Next<(Trial, Trial)>, Stop> {
        while self.trials < MAX_TRIALS && b.alpha - a.alpha > f64::EPSILON * b.alpha {
            self.trials += 1;
            let middle = 0.5 * (a.alpha + b.alpha);
            match ray.trial(middle)? {
                None => b = Trial { alpha: middle, ..b },
                Some(t) if ray.accepts(&t) => return Ok(Next::Done(t)),
                Some(t) if t.slope >= 0.0 => return Ok(Next::Go((a, t))),
                Some(t) if t.f <= ray.origin.f + ray.band() => a = self.new_left(ray, t),
                Some(t) => b = t,
            }
        }
        Ok(Next::Go((a, b)))
    }

    fn new_left(&mut self, ray: &mut Ray<'_, '_>, t: Trial) -> Trial {
        ray.keep();
        self.best = t;
        t
    }

    /// The left end is worth keeping if it is flatter than the origin.
    fn give_up(&self, ray: &mut Ray<'_, '_>) -> Found {
        if self.best.alpha > 0.0 && self.best.slope.abs() < ray.origin.slope.abs() {
            ray.restore(self.best.alpha);
            return Found::Lower(self.best);
        }
        Found::Nothing
    }
}

/// The zero of the line through the slopes at `a` and `b`.
fn secant(a: Trial, b: Trial) -> f64 {
    (a.alpha * b.slope - b.alpha * a.slope) / (b.slope - a.slope)
}

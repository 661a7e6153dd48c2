//! Whether a point is a solution to within what can be resolved, whatever the units.
//!
//! A gradient has the units of f over those of x, so that no bound on it says how near a minimizer is. What a model
//! of f promises does: with its step p, say `-H^-1 g`, the fall of f is half the Newton decrement,
//!
//! ```text
//! delta = -1/2 g'p
//! ```
//!
//! (Boyd & Vandenberghe 2004, sec. 9.5.1), which a change of units of x leaves alone. A point is settled where delta is
//! below what f resolves and the step is short against the sizes that the unknowns have had, or where the step is at
//! the rounding of x itself (Gill, Murray & Wright 1981, sec. 8.2.3, U1 to U3, with the sizes of f and x in the place of
//! their 1). A model from differences of gradients knows only the directions that were taken; beside it the relative
//! gradient must be small (Dennis & Schnabel 1983, sec. 7.2):
//!
//! ```text
//! max_i |g_i| |x_i| <= eps^(1/3) |f|
//! ```
//!
//! This is the only place that decides what is negligible: the tests of a run and the review of its end ask here.

use super::run::{Iterate, is_held};
use super::vector::dot;
use crate::problem::Bounds;

/// What a method knows of the next step at a point.
pub enum Outlook {
    /// The step p of a model with exact second derivatives, or of Gauss and Newton's, whose Jacobian is exact.
    Exact(Vec<f64>),
    /// The step p of a model made from differences of gradients.
    Estimated(Vec<f64>),
    /// Nothing but the gradient.
    Unknown,
}

impl Outlook {
    /// Whether another, regularized step may be asked for.
    pub fn is_exact(&self) -> bool {
        matches!(self, Outlook::Exact(_))
    }
}

/// What falls and steps are measured by.
pub struct Scales<'a> {
    /// How far f has fallen since the start.
    pub fallen: f64,
    /// The largest absolute value that each unknown has had.
    pub reach: &'a [f64],
    /// The user's tolerance: a larger one than usual loosens what counts as spent and as short in proportion.
    pub gtol: f64,
    /// So many times what counts as nothing still does: a judge with another model than the method's allows for that.
    pub leniency: f64,
}

impl Scales<'_> {
    /// The fall that counts as nothing, and the share of x that counts as a short step then.
    fn spent(&self) -> (f64, f64) {
        let share = SPENT.max(100.0 * self.gtol * self.gtol);
        (self.leniency * share * self.fallen.min(1.0), SHORT.1.max(100.0 * self.gtol))
    }

    /// The bound on the relative gradient.
    fn relative_gradient(&self) -> f64 {
        RELATIVE_GRADIENT.max(100.0 * self.gtol)
    }
}

/// The answer of [`settled`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Nothing is left to gain.
    Yes,
    /// f has nothing visible to gain, but the step is long: so it is where f levels off far out.
    Drifts,
    /// There is.
    No,
}

/// A value of f is known to this share of it.
const ROUNDING: f64 = 8.0 * f64::EPSILON;
/// What is left of the whole fall of f, or of 1 where that is less: as small as a gradient of 1e-8 makes it where
/// curvature and fall are of size 1.
const SPENT: f64 = 1e-14;
/// A step is short below this share of the size of x: where f, for a constant in it, resolves no more, and where f
/// itself has fallen to nothing, as `x^4` does long before x.
const SHORT: (f64, f64) = (1e-5, 1e-3);
/// x is known to this share of it.
const EXHAUSTED: f64 = 1e-12;
/// The bound on the relative gradient, `eps^(1/3)`.
const RELATIVE_GRADIENT: f64 = 6e-6;

/// Whether the step of an outlook is short against the sizes that the unknowns have had, or at least no known to be
/// long where there is no model.
pub fn is_short(
    point: &Iterate<'_>,
    outlook: &Outlook,
    scales: &Scales<'_>,
    bounds: Option<&Bounds>,
) -> bool {
    let (Outlook::Exact(p) | Outlook::Estimated(p)) = outlook else { return true };
    let step = inside(p, point.x, bounds);
    (0..step.len()).all(|i| step[i].abs() <= SHORT.1 * scales.reach[i].max(point.x[i].abs()))
}

/// The step p from x as far as the bounds let it go.
fn inside(p: &[f64], x: &[f64], bounds: Option<&Bounds>) -> Vec<f64> {
    let mut step = p.to_vec();
    if let Some(bounds) = bounds {
        bounds.cut(x, &mut step);
    }
    step
}

/// Whether `point` is a solution as far as the outlook can tell. Costs `O(n)`.
pub fn settled(
    point: &Iterate<'_>,
    outlook: &Outlook,
    scales: &Scales<'_>,
    bounds: Option<&Bounds>,
) -> Settled {
    let size = point.f.abs().max(scales.fallen.min(1.0));
    let free = |i: &usize| !is_held(point.x, point.g, bounds, *i);
    let (p, exact) = match outlook {
        Outlook::Exact(p) => (p, true),
        Outlook::Estimated(p) => (p, false),
        Outlook::Unknown => {
            // Without a model: every unknown could move by its own size, and f would not show it.
            let change = |i: usize| (point.g[i] * point.x[i]).abs();
            let invisible = |i: usize| change(i) > 0.0 && change(i) <= ROUNDING * point.f.abs();
            let all = (0..point.x.len()).filter(free).all(|i| point.g[i] == 0.0 || invisible(i));
            return if all { Settled::Yes } else { Settled::No };
        }
    };
    let step = inside(p, point.x, bounds);
    let fall = -0.5 * dot(point.g, &step);
    if !fall.is_finite() {
        return Settled::No;
    }
    let relative = || {
        (0..step.len())
            .filter(free)
            .all(|i| (point.g[i] * point.x[i]).abs() <= scales.relative_gradient() * size)
    };
    let believable = exact || relative();
    if believable && (0..step.len()).all(|i| step[i].abs() <= EXHAUSTED * point.x[i].abs()) {
        return Settled::Yes;
    }
    let unresolved = scales.leniency * ROUNDING * point.f.abs();
    let (spent, short) = scales.spent();
    if fall.abs() > unresolved.max(spent) {
        return Settled::No;
    }
    let share = if fall.abs() <= spent { short } else { SHORT.0 };
    // A part of the step by which f changes less than by the rounding of what is negligible is noise.
    let noise = f64::EPSILON * unresolved.max(spent);
    let short = |i: usize| {
        step[i].abs() <= share * scales.reach[i].max(point.x[i].abs())
            || (point.g[i] * step[i]).abs() <= noise
    };
    match (0..step.len()).all(short) {
        true if believable => Settled::Yes,
        true => Settled::No,
        false => Settled::Drifts,
    }
}

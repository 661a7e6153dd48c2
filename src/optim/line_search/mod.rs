//! Line searches, shared by every method that follows a direction.
//!
//! In comes a [`Ray`] (a point x, a direction p with `slope = g'p < 0`, and the run that evaluates); out
//! comes a [`Found`] step. Along the ray
//!
//! ```text
//! phi(alpha) = f(x + alpha p),     phi'(alpha) = grad f(x + alpha p)'p
//! ```
//!
//! [`wolfe_search`] is what methods call: More-Thuente for the strong Wolfe conditions, and Hager-Zhang with
//! the approximate Wolfe conditions where differences of f drown in rounding. [`backtrack`] needs values
//! only. Every search takes a trial whose value or gradient is not finite as too long and shrinks.
//!
//! Invariant: on success `x_new` and `g_new` of the ray's [`RayBuffers`] belong to the step found, and no
//! point was evaluated twice.

mod backtracking;
mod hager_zhang;
mod more_thuente;

pub use backtracking::backtrack;
pub use hager_zhang::hager_zhang;
pub use more_thuente::more_thuente;

use super::run::Run;
use super::status::Stop;
use super::vector::{dot, step_to};

/// The constants of the Wolfe conditions and of their approximate form.
#[derive(Clone, Copy, Debug)]
pub struct Wolfe {
    /// Sufficient decrease, `phi(a) <= phi(0) + c1 a phi'(0)`.
    pub c1: f64,
    /// Curvature, `|phi'(a)| <= c2 |phi'(0)|`.
    pub c2: f64,
}

impl Default for Wolfe {
    /// The usual constants of quasi-Newton methods (Nocedal & Wright 2006, sec. 3.1).
    fn default() -> Self {
        Wolfe { c1: 1e-4, c2: 0.9 }
    }
}

/// A value of f may be so much above `f(x)`, relative to `|f(x)|`, under the approximate Wolfe conditions.
/// It covers the rounding in sums of a million terms; CG_DESCENT's 1e-6 would let f drift visibly.
const ROUNDING_BAND: f64 = 1e-11;

/// A trial step: `(alpha, phi(alpha), phi'(alpha))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trial {
    /// The step length.
    pub alpha: f64,
    /// f there.
    pub f: f64,
    /// The directional derivative there.
    pub slope: f64,
}

/// How a search ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found {
    /// A step that meets the conditions.
    Accepted(Trial),
    /// The lowest step seen; it lowers f but does not meet the curvature condition.
    Lower(Trial),
    /// No step with a lower value was found.
    Nothing,
}

impl Found {
    /// The step, if any.
    pub fn step(self) -> Option<Trial> {
        match self {
            Found::Accepted(trial) | Found::Lower(trial) => Some(trial),
            Found::Nothing => None,
        }
    }
}

/// Where a search leaves the point and gradient of its step; lent by the method, so that no iteration
/// allocates.
#[derive(Clone, Debug)]
pub struct RayBuffers {
    /// The trial point, n entries.
    pub x_new: Vec<f64>,
    /// The gradient there, n entries.
    pub g_new: Vec<f64>,
    /// The gradient of the best trial so far, should a later one not be better.
    kept: Vec<f64>,
}

impl RayBuffers {
    /// Buffers for n variables.
    pub fn new(n: usize) -> Self {
        RayBuffers { x_new: vec![0.0; n], g_new: vec![0.0; n], kept: vec![0.0; n] }
    }
}

/// A half line `x + alpha p`, `alpha >= 0`, on which the run evaluates.
pub struct Ray<'r, 'p> {
    run: &'r mut Run<'p>,
    x: &'r [f64],
    p: &'r [f64],
    buffers: &'r mut RayBuffers,
    /// `phi(0)` and `phi'(0)`.
    origin: Trial,
    wolfe: Wolfe,
}

impl<'r, 'p> Ray<'r, 'p> {
    /// A ray from `x`, where the value is `f` and the slope along `p` is `slope < 0`.
    pub fn new(
        run: &'r mut Run<'p>,
        x: &'r [f64],
        p: &'r [f64],
        (f, slope): (f64, f64),
        wolfe: Wolfe,
        buffers: &'r mut RayBuffers,
    ) -> Self {
        Ray { run, x, p, buffers, origin: Trial { alpha: 0.0, f, slope }, wolfe }
    }

    /// `(phi, phi')` at `alpha`, leaving point and gradient in the buffers; `None` where not finite.
    fn trial(&mut self, alpha: f64) -> Result<Option<Trial>, Stop> {
        let RayBuffers { x_new, g_new, .. } = &mut *self.buffers;
        step_to(self.x, alpha, self.p, x_new);
        self.run.clip(x_new);
        let Some(f) = self.run.eval.value_gradient(x_new, g_new)? else {
            return Ok(None);
        };
        Ok(Some(Trial { alpha, f, slope: dot(g_new, self.p) }))
    }

    /// `phi(alpha)` alone.
    fn value(&mut self, alpha: f64) -> Result<Option<f64>, Stop> {
        step_to(self.x, alpha, self.p, &mut self.buffers.x_new);
        self.run.clip(&mut self.buffers.x_new);
        Ok(self.run.eval.value(&self.buffers.x_new)?)
    }

    /// Remembers the gradient of the trial just made.
    fn keep(&mut self) {
        self.buffers.kept.copy_from_slice(&self.buffers.g_new);
    }

    /// Brings the remembered trial back into the buffers, without evaluating.
    fn restore(&mut self, alpha: f64) {
        let RayBuffers { x_new, g_new, kept } = &mut *self.buffers;
        step_to(self.x, alpha, self.p, x_new);
        self.run.clip(x_new);
        g_new.copy_from_slice(kept);
    }

    /// Whether `f` is below the bound under which the objective counts as unbounded. A search that follows
    /// such a ray would never end, so it takes the step and the run stops there.
    fn is_unbounded(&self, f: f64) -> bool {
        f < self.run.unbounded_below()
    }

    /// The strong Wolfe conditions (Nocedal & Wright 2006, eq. 3.7).
    fn is_strong_wolfe(&self, t: &Trial) -> bool {
        let Trial { f, slope, .. } = self.origin;
        t.f <= f + self.wolfe.c1 * t.alpha * slope && t.slope.abs() <= -self.wolfe.c2 * slope
    }

    /// The approximate Wolfe conditions (Hager & Zhang 2005, sec. 4):
    /// `(2 c1 - 1) phi'(0) >= phi'(a) >= c2 phi'(0)` and `phi(a) <= phi(0) + eps`.
    fn is_approximate_wolfe(&self, t: &Trial) -> bool {
        let slope = self.origin.slope;
        // The first inequality is the decrease of a parabola; the paper's delta is 0.1, far above c1.
        let c1 = self.wolfe.c1.max(0.1);
        (2.0 * c1 - 1.0) * slope >= t.slope
            && t.slope >= self.wolfe.c2 * slope
            && t.f <= self.origin.f + self.band()
    }

    /// The rounding band above `phi(0)`.
    fn band(&self) -> f64 {
        ROUNDING_BAND * self.origin.f.abs()
    }

    /// Whether a trial may end the search: strong Wolfe, or approximate Wolfe where the value has not moved
    /// beyond rounding.
    fn accepts(&self, t: &Trial) -> bool {
        let drowned = (t.f - self.origin.f).abs() <= self.band();
        self.is_strong_wolfe(t) || (drowned && self.is_approximate_wolfe(t))
    }
}

/// Finds a step along the ray by the strong Wolfe conditions, or by the approximate ones near the optimum.
///
/// `first` is the first trial and `longest` the longest step allowed (both positive). Costs a value with
/// gradient a trial, mostly one or two.
pub fn wolfe_search(ray: &mut Ray<'_, '_>, first: f64, longest: f64) -> Result<Found, Stop> {
    // The linear model's change is the most that the first trial can show.
    let visible = (first * ray.origin.slope).abs() > ray.band();
    if visible {
        let found = more_thuente(ray, first, longest)?;
        if found != Found::Nothing {
            return Ok(found);
        }
    }
    hager_zhang(ray, first, longest)
}

//! What kind of point a solution is, from its gradient and exact Hessian.
//!
//! Second-order conditions (Nocedal & Wright 2006, thms. 2.3 and 2.4) on the variables that no bound holds:
//!
//! ```text
//! stationary and H positive definite        strict local minimum
//! stationary and some eigenvalue negative   saddle point, or local maximum where all are
//! stationary and some eigenvalue zero       flat direction, named by its variables
//! ```
//!
//! Signs are judged after scaling the variables by `1 / sqrt(H_ii)` (see `unit_weights`), which changes no sign (Sylvester's
//! law of inertia) but takes away units: variables of sizes 1e-9 and 1e3 are judged alike. In come plain
//! numbers, out comes a [`Verdict`]; nothing is printed.

use super::beyond::{Beyond, is_edge_of_domain, look_beyond};
use crate::optim::run::is_held;
use crate::optim::trust::eigen::symmetric_eigen;
use crate::optim::trust::trust_region::unit_weights;
use crate::optim::vector::norm_inf;
use crate::problem::{Bounds, Problem};
use nalgebra::{DMatrix, DVector};

/// The kinds of points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointKind {
    /// A strict local minimum: the Hessian is positive definite.
    StrictMinimum,
    /// A saddle point: the Hessian has eigenvalues of both signs.
    SaddlePoint,
    /// A minimum, flat along a direction.
    FlatDirection,
    /// A local maximum.
    LocalMaximum,
    /// A minimum in the free variables, with others held at their bounds.
    AtBound,
    /// The gradient is not small there.
    NotStationary,
    /// Flat enough for the gradient test, and f falls on toward a limit, however far one goes.
    Unattained,
    /// Flat enough for the gradient test, and f falls on without limit.
    Falling,
    /// The objective is not finite a little further down.
    EdgeOfDomain,
}

impl PointKind {
    /// The words that users see.
    pub fn name(self) -> &'static str {
        match self {
            PointKind::StrictMinimum => "strict local minimum",
            PointKind::SaddlePoint => "saddle point",
            PointKind::FlatDirection => "flat direction",
            PointKind::LocalMaximum => "local maximum",
            PointKind::AtBound => "at a bound",
            PointKind::NotStationary => "not stationary",
            PointKind::Unattained => "infimum approached, not attained",
            PointKind::Falling => "no minimum, the objective falls on",
            PointKind::EdgeOfDomain => "edge of the domain",
        }
    }
}

/// A judgement with its evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// What kind of point it is.
    pub kind: PointKind,
    /// Variables (from 0) held at a bound by the gradient.
    pub at_bounds: Vec<usize>,
    /// A direction along which f does not curve, or curves downward: the variables with a visible part in
    /// it, largest first.
    pub direction: Vec<usize>,
    /// The smallest and largest eigenvalue of the Hessian in the free variables, unscaled; NaN for a sparse one.
    pub curvature: (f64, f64),
    /// Largest over smallest absolute eigenvalue; infinite for a singular Hessian, NaN without free variables
    /// and for a sparse one.
    pub condition: f64,
}

/// Scaled eigenvalues below this share of the largest count as zero.
pub(in crate::optim) const FLAT: f64 = 1e-10;
/// A point that only meets gtol leaves errors of about its square root's size in the Hessian: scaled eigenvalues
/// must be this far below zero to count as negative.
pub(in crate::optim) const FALLING: f64 = 1e-7;
/// Entries of a direction below this share of the largest are not named.
const VISIBLE: f64 = 0.1;
/// A Newton step below this share of x is rounding.
pub(in crate::optim) const TINY_STEP: f64 = 1e-6;

/// What the values around a point say about it, beside its derivatives: the verdict of a run that ended at
/// `x: n` with value `f`, gradient `g: n` and Hessian `h: n x n`.
///
/// Where the gradient test passed only because the objective levels off, or the run stalled at the edge of the
/// domain, the [`PointKind`] says so. A run that stalled elsewhere counts as stationary where the Newton
/// step is at rounding level.
pub fn examine(
    problem: &mut dyn Problem,
    (x, f): (&[f64], f64),
    g: &[f64],
    h: &DMatrix<f64>,
    bounds: Option<&Bounds>,
    converged: bool,
) -> Verdict {
    let newton = newton_step(x, g, h, bounds);
    let tiny = |(p, x): (&f64, &f64)| p.abs() <= TINY_STEP * x.abs().max(1.0);
    let settled = converged || newton.iter().zip(x).all(tiny);
    let verdict = judge(x, g, h, bounds, settled);
    with_values(problem, verdict, (x, f), g, &newton, converged)
}

/// A verdict from derivatives, corrected by the values around the point. `newton: n` is the Newton step.
pub(in crate::optim) fn with_values(
    problem: &mut dyn Problem,
    mut verdict: Verdict,
    (x, f): (&[f64], f64),
    g: &[f64],
    newton: &[f64],
    converged: bool,
) -> Verdict {
    let kind = match verdict.kind {
        PointKind::StrictMinimum | PointKind::FlatDirection | PointKind::AtBound => {
            match look_beyond(problem, x, f, newton) {
                Beyond::Rises => None,
                Beyond::Levels { .. } => Some(PointKind::Unattained),
                Beyond::Falls => Some(PointKind::Falling),
            }
        }
        _ if !converged && is_edge_of_domain(problem, x, g) => Some(PointKind::EdgeOfDomain),
        _ => None,
    };
    if let Some(kind) = kind {
        verdict.kind = kind;
        let along = if kind == PointKind::EdgeOfDomain { g } else { newton };
        verdict.direction = visible(along);
    }
    verdict
}

/// `-|H|^-1 g` in the free variables, with the absolute values of the eigenvalues; 0 in those at bounds, and where
/// H says nothing.
fn newton_step(x: &[f64], g: &[f64], h: &DMatrix<f64>, bounds: Option<&Bounds>) -> Vec<f64> {
    let n = x.len();
    let is_free = |i: &usize| !is_held(x, g, bounds, *i) || is_without_force(x, g, h, *i);
    let free: Vec<usize> = (0..n).filter(is_free).collect();
    let mut step = vec![0.0; n];
    if free.is_empty() || h.iter().any(|entry| !entry.is_finite()) {
        return step;
    }
    let reduced = DMatrix::from_fn(free.len(), free.len(), |i, j| h[(free[i], free[j])]);
    let eigen = symmetric_eigen(reduced);
    let slope = DVector::from_iterator(free.len(), free.iter().map(|&i| g[i]));
    let largest = eigen.values.amax();
    let mut parts = eigen.vectors.tr_mul(&slope);
    for (part, value) in parts.iter_mut().zip(eigen.values.iter()) {
        // Along a flat direction any step would do; none is the honest one.
        let flat = value.abs() <= f64::EPSILON * largest * n as f64;
        *part = if flat { 0.0 } else { -*part / value.abs() };
    }
    let reduced = eigen.vectors * parts;
    free.iter().zip(reduced.iter()).for_each(|(&i, p)| step[i] = *p);
    step
}

/// The entries of a direction that are visible in it, largest first.
pub(in crate::optim) fn visible(direction: &[f64]) -> Vec<usize> {
    let largest = norm_inf(direction);
    let mut named: Vec<usize> =
        (0..direction.len()).filter(|&i| direction[i].abs() >= VISIBLE * largest).collect();
    named.sort_by(|&i, &j| direction[j].abs().total_cmp(&direction[i].abs()));
    named
}

/// Whether the gradient does not press entry i against its bound: it is 0 up to rounding of x, so that curvature
/// decides there (a strict complementarity that fails, Nocedal & Wright 2006, def. 12.5).
pub(in crate::optim) fn is_without_force(x: &[f64], g: &[f64], h: &DMatrix<f64>, i: usize) -> bool {
    let change: f64 = (0..x.len()).map(|k| (h[(i, k)] * x[k]).abs()).sum();
    g[i].abs() <= 4.0 * f64::EPSILON * change
}

/// Judges the point `x: n` with gradient `g: n` and Hessian `h: n x n`.
///
/// `converged` says whether the gradient test (or its rounding floor) passed; without it the verdict is "not
/// stationary". `O(n^3)`; meant for moderate n.
pub fn judge(
    x: &[f64],
    g: &[f64],
    h: &DMatrix<f64>,
    bounds: Option<&Bounds>,
    converged: bool,
) -> Verdict {
    let n = x.len();
    let (at_bounds, free): (Vec<usize>, Vec<usize>) =
        (0..n).partition(|&i| is_held(x, g, bounds, i) && !is_without_force(x, g, h, i));
    let reduced = DMatrix::from_fn(free.len(), free.len(), |i, j| h[(free[i], free[j])]);
    let finite = reduced.iter().all(|entry| entry.is_finite());
    if !converged || !finite {
        let kind = PointKind::NotStationary;
        let none = (f64::NAN, f64::NAN);
        return Verdict {
            kind,
            at_bounds,
            direction: Vec::new(),
            curvature: none,
            condition: f64::NAN,
        };
    }
    if free.is_empty() {
        let none = (f64::NAN, f64::NAN);
        let kind = PointKind::AtBound;
        return Verdict {
            kind,
            at_bounds,
            direction: Vec::new(),
            curvature: none,
            condition: f64::NAN,
        };
    }
    let (curvature, condition) = spectrum(&reduced);
    let (signs, direction) = scaled_signs(&reduced);
    let direction = direction.into_iter().map(|i| free[i]).collect();
    let kind = match signs {
        Signs { negative: 0, zero: 0, .. } if at_bounds.is_empty() => PointKind::StrictMinimum,
        Signs { negative: 0, zero: 0, .. } => PointKind::AtBound,
        Signs { positive: 0, zero: 0, .. } if at_bounds.is_empty() => PointKind::LocalMaximum,
        Signs { negative: 0, .. } => PointKind::FlatDirection,
        _ => PointKind::SaddlePoint,
    };
    Verdict { kind, at_bounds, direction, curvature, condition }
}

/// How many scaled eigenvalues have which sign.
struct Signs {
    positive: usize,
    negative: usize,
    zero: usize,
}

fn spectrum(h: &DMatrix<f64>) -> ((f64, f64), f64) {
    let values = symmetric_eigen(h.clone()).values;
    let smallest = values.iter().fold(f64::INFINITY, |least, value| value.abs().min(least));
    let condition = if smallest > 0.0 { values.amax() / smallest } else { f64::INFINITY };
    ((values.min(), values.max()), condition)
}

/// The signs of the curvatures, and the variables of the least curved direction where it is not upward.
fn scaled_signs(h: &DMatrix<f64>) -> (Signs, Vec<usize>) {
    let n = h.nrows();
    let weights = unit_weights(h);
    let scaled = DMatrix::from_fn(n, n, |i, j| weights[i] * h[(i, j)] * weights[j]);
    let eigen = symmetric_eigen(scaled);
    let cut = FLAT * eigen.values.amax();
    let count = |test: &dyn Fn(f64) -> bool| eigen.values.iter().filter(|v| test(**v)).count();
    let positive = count(&|value| value > cut);
    let negative = count(&|value| value < -cut * (FALLING / FLAT));
    let signs = Signs { positive, negative, zero: n - positive - negative };
    if negative == 0 && signs.zero == 0 {
        return (signs, Vec::new());
    }
    let least = eigen.values.imin();
    // In the original variables the direction is D q; entries are compared in units of the scaled ones.
    let q: Vec<f64> = eigen.vectors.column(least).iter().copied().collect();
    (signs, visible(&q))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(h: &[f64]) -> Verdict {
        let n = (h.len() as f64).sqrt() as usize;
        let h = DMatrix::from_row_slice(n, n, h);
        judge(&vec![1.0; n], &vec![0.0; n], &h, None, true)
    }

    #[test]
    fn kinds_follow_from_signs_and_not_from_units() {
        assert_eq!(kind(&[2.0, 0.0, 0.0, 1.0]).kind, PointKind::StrictMinimum);
        assert_eq!(kind(&[1e20, 0.0, 0.0, 1e-20]).kind, PointKind::StrictMinimum);
        assert_eq!(kind(&[2.0, 0.0, 0.0, -1.0]).kind, PointKind::SaddlePoint);
        assert_eq!(kind(&[-2.0, 0.0, 0.0, -1e-20]).kind, PointKind::LocalMaximum);
        // (x - y)^2 is flat along x = y.
        let flat = kind(&[2.0, -2.0, -2.0, 2.0]);
        assert_eq!((flat.kind, flat.direction.len()), (PointKind::FlatDirection, 2));
        assert_eq!(kind(&[0.0]).kind, PointKind::FlatDirection);
        assert_eq!(kind(&[2.0, 0.0, 0.0, 8.0]).condition, 4.0);
    }

    #[test]
    fn bounds_hold_variables_and_stop_nothing_else() {
        let h = DMatrix::from_row_slice(2, 2, &[-1.0, 0.0, 0.0, 3.0]);
        let bounds = Bounds::new(vec![0.0, -5.0], vec![9.0, 5.0]);
        let verdict = judge(&[0.0, 1.0], &[2.0, 0.0], &h, Some(&bounds), true);
        assert_eq!((verdict.kind, verdict.at_bounds), (PointKind::AtBound, vec![0]));
        let verdict = judge(&[0.0, 1.0], &[2.0, 1.0], &h, None, false);
        assert_eq!(verdict.kind, PointKind::NotStationary);
    }
}

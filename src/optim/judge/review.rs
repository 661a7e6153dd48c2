//! The review of an end: whether the derivatives at the point itself bear out what a method says of it.
//!
//! A method judges by its own model, which may know little: a few pairs of gradients, the spread of a population. So a
//! point that is handed out as converged is looked at once more, by one rule for all methods: its gradient is computed
//! where the method used none, and where second derivatives are at hand the Newton step there must be negligible (see
//! [`settled`](crate::optim::settled)), and no curvature negative. The same evidence speaks for a run that stopped because
//! rounding let it find nothing lower. In comes a [`Solution`], of which status and message may change; what is evaluated
//! here is not counted, since it belongs to the judge and not to the method.

use super::verdict::{FALLING, is_without_force};
use crate::optim::run::{Iterate, is_held};
use crate::optim::settled::{Outlook, Scales, Settled, is_short, settled};
use crate::optim::solution::Solution;
use crate::optim::status::Status;
use crate::optim::trust::eigen::symmetric_eigen;
use crate::optim::trust::trust_region::{regularized_newton, unit_weights};
use crate::optim::vector::norm_inf;
use crate::problem::{Bounds, Problem};
use nalgebra::DMatrix;

/// Dense second derivatives of more unknowns than this are left to the verdict.
const MAX_REVIEWED: usize = 100;
/// A gradient entry is rounding below this many units in the last place of what it is a sum of.
const FLOOR: f64 = 4.0 * f64::EPSILON;

/// A fall by so many times what a method takes for nothing is held against it.
const LENIENCY: f64 = 1e4;

/// Second derivatives are no evidence below this share of |f|, or of its fall, over the sizes of the unknowns.
const FLAT: f64 = 1e-14;
/// Of so many flat unknowns at most the sides are looked at.
const MAX_PROBED: usize = 10;

/// Reviews `end`, whose gradient is filled in where the problem has one. `is_loose`: the user has asked for tests by
/// `ftol` or `xtol`, whose word stands.
pub fn review(problem: &mut dyn Problem, end: &mut Solution, scales: &Scales<'_>, is_loose: bool) {
    let n = end.x.len();
    let ended = matches!(end.status, Status::Converged | Status::Stalled);
    if n == 0 || !ended || !end.value.is_finite() || !problem.has_gradient() {
        return;
    }
    let bounds = problem.bounds().cloned();
    if end.gradient.len() != n {
        end.gradient = vec![0.0; n];
        problem.gradient(&end.x, &mut end.gradient);
        end.grad_norm = norm_inf(&end.gradient);
    }
    if let Some(i) = end.gradient.iter().position(|g| !g.is_finite()) {
        let why = format!("the derivative by {} is not finite at the end", problem.var_name(i));
        end.grad_norm = f64::NAN;
        return doubt(end, &why);
    }
    end.is_stationary = end.status == Status::Converged;
    if n > MAX_REVIEWED || !problem.is_smooth() || !problem.hessian_kind().is_dense() {
        return;
    }
    let mut h = DMatrix::zeros(n, n);
    problem.hessian(&end.x, &mut h);
    if h.iter().all(|entry| entry.is_finite()) {
        let plateau = if is_loose { None } else { plateau(problem, end, &h, scales) };
        match plateau {
            Some(side) => {
                end.is_stationary = false;
                end.levels_off = side == Side::Level;
                doubt(end, "f is flat there and does not rise on every side, as far as was looked");
            }
            None => judge(end, &h, scales, bounds.as_ref(), is_loose),
        }
    }
}

/// Judges by the Hessian `h: n x n`.
fn judge(
    end: &mut Solution,
    h: &DMatrix<f64>,
    scales: &Scales<'_>,
    bounds: Option<&Bounds>,
    is_loose: bool,
) {
    let (x, g) = (&end.x, &end.gradient);
    let is_free = |i: &usize| !is_held(x, g, bounds, *i) || is_without_force(x, g, h, *i);
    let free: Vec<usize> = (0..x.len()).filter(is_free).collect();
    let reduced = DMatrix::from_fn(free.len(), free.len(), |i, j| h[(free[i], free[j])]);
    let slope: Vec<f64> = free.iter().map(|&i| g[i]).collect();
    let falls = falls(&reduced);
    let lenient = match end.status {
        Status::Converged => Scales { leniency: LENIENCY, ..*scales },
        _ => Scales { ..*scales },
    };
    let (mut is_settled, mut fall) = (true, 0.0);
    let at_floor = is_at_floor(x, h, g, &free);
    if slope.iter().any(|g| *g != 0.0) {
        let cholesky = reduced.clone().cholesky();
        let newton = cholesky.map(|c| -c.solve(&nalgebra::DVector::from_column_slice(&slope)));
        let steps = [newton.map(|p| p.as_slice().to_vec()), regularized_newton(&reduced, &slope)];
        let point = Iterate { g, ..Iterate::without_gradient(x, end.value, 0.0) };
        is_settled = steps.into_iter().flatten().any(|p| {
            let mut step = vec![0.0; x.len()];
            free.iter().zip(&p).for_each(|(&i, p)| step[i] = *p);
            fall = -0.5 * crate::optim::vector::dot(g, &step);
            let outlook = Outlook::Exact(step);
            settled(&point, &outlook, &lenient, bounds) == Settled::Yes
                || (at_floor && is_short(&point, &outlook, scales, bounds))
        });
    }
    end.is_stationary = is_settled && (!falls || end.status == Status::Converged);
    match end.status {
        _ if is_loose => {}
        Status::Converged if falls => {
            doubt(end, "the end is stationary but no minimum: f curves downward there");
        }
        Status::Converged if !is_settled => {
            let why = format!(
                "the Newton step at the end is not negligible; its model lowers f by {fall:.2e}"
            );
            doubt(end, &why);
        }
        Status::Stalled if is_settled && !falls => {
            end.status = Status::Converged;
            end.message += &format!(
                "; the Newton step there is at rounding level: it would lower f by {:.2e}",
                fall.abs()
            );
        }
        _ => {}
    }
}

/// What f does on a side where it does not rise, along an unknown in which it is so flat that the Hessian says nothing: it
/// levels off, as `exp(-x)` does far out, or falls on, as `x^3` does at 0. An unknown on which f does not depend is no
/// such.
fn plateau(
    problem: &mut dyn Problem,
    end: &Solution,
    h: &DMatrix<f64>,
    scales: &Scales<'_>,
) -> Option<Side> {
    let n = end.x.len();
    let reach: Vec<f64> = scales.reach.iter().map(|r| if *r > 0.0 { *r } else { 1.0 }).collect();
    let visible = FLAT * end.value.abs().max(scales.fallen.min(1.0));
    let is_flat = |i: &usize| (0..n).all(|k| (h[(*i, k)] * reach[*i] * reach[k]).abs() <= visible);
    let flat: Vec<usize> = (0..n).filter(is_flat).take(MAX_PROBED).collect();
    flat.into_iter().find_map(|i| {
        let sides = [1.0, -1.0].map(|sign| rise(problem, end, i, sign * reach[i], visible));
        let lowest = if sides.contains(&Side::Falls) { Side::Falls } else { Side::Level };
        (sides != [Side::Level; 2] && sides != [Side::Rises; 2]).then_some(lowest)
    })
}

/// What f does on one side of a point.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Rises,
    Level,
    Falls,
}

/// The first change of f by more than `visible` along unknown i, from a thousandth of `size` to a thousand times it. A bound is a rise.
fn rise(problem: &mut dyn Problem, end: &Solution, i: usize, size: f64, visible: f64) -> Side {
    let mut x = end.x.clone();
    for power in -3..=3 {
        x[i] = end.x[i] + size * 10_f64.powi(power);
        let outside = problem.bounds().is_some_and(|bounds| !bounds.contains_entry(&x, i));
        let value = if outside { f64::INFINITY } else { problem.value(&x) };
        // Beyond the edge of the domain f counts as high.
        if value.is_nan() || value > end.value + visible {
            return Side::Rises;
        }
        if value < end.value - visible {
            return Side::Falls;
        }
    }
    Side::Level
}

/// Takes back that a run has converged.
fn doubt(end: &mut Solution, why: &str) {
    if end.status == Status::Converged {
        end.status = Status::Stalled;
        end.message = format!("{}; but {why}", end.message);
    }
}

/// Whether every entry of the gradient in `free` is what rounding of x makes it, `4 eps sum_k |H_jk| |x_k|`.
fn is_at_floor(x: &[f64], h: &DMatrix<f64>, g: &[f64], free: &[usize]) -> bool {
    free.iter().all(|&j| {
        let change: f64 = (0..x.len()).map(|k| (h[(j, k)] * x[k]).abs()).sum();
        g[j].abs() <= FLOOR * change
    })
}

/// Whether a curvature is visibly negative, after scaling.
fn falls(h: &DMatrix<f64>) -> bool {
    if h.is_empty() || h.clone().cholesky().is_some() {
        return false;
    }
    let weights = unit_weights(h);
    let scaled = DMatrix::from_fn(h.nrows(), h.nrows(), |i, j| weights[i] * h[(i, j)] * weights[j]);
    let values = symmetric_eigen(scaled).values;
    values.min() < -FALLING * values.amax()
}

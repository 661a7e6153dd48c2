//! Newton's method for many unknowns with a sparse Hessian: a trust region by sparse factorizations.
//!
//! ```text
//! (H + lambda I) p = -g,   lambda >= 0 with H + lambda I positive definite;   |p| <= delta, or |p| = delta to a tenth
//! ```
//!
//! More and Sorensen's iteration (1983, sec. 3; Conn, Gould & Toint 2000, algorithm 7.3.4): Newton's method on
//! `1/delta - 1/|p(lambda)|`, safeguarded by bounds on lambda that failed and successful factorizations move.
//! It starts from the lambda of the step before. The hard case needs no eigenvector: a step that is too short
//! within an indefinite model is taken as it is, and the next point breaks the symmetry.

use crate::optim::run::{How, Iterate, Run};
use crate::optim::sparse_factor::ShiftedFactor;
use crate::optim::status::Stop;
use crate::optim::vector::{dot, norm, norm_inf, step_to};
use crate::problem::SymmetricPattern;
use std::sync::Arc;

/// A step is accepted with this share of the predicted reduction.
const ACCEPT: f64 = 1e-4;
/// Below this share the radius shrinks, above the second it may grow.
const SHRINK_GROW: (f64, f64) = (0.25, 0.75);
/// Values differ by rounding noise up to this share of |f|.
const NOISE: f64 = 10.0 * f64::EPSILON;
/// Factorizations for one step.
const MAX_FACTORIZATIONS: usize = 30;
/// How far `|p|` may miss delta.
const BOUNDARY: f64 = 0.1;

/// The step of a model.
struct Step {
    p: Vec<f64>,
    lambda: f64,
    model: f64,
}

/// Minimizes with the Hessian of that pattern.
pub(super) fn minimize(run: &mut Run<'_>, pattern: Arc<SymmetricPattern>) -> Result<Stop, Stop> {
    let (mut x, mut f, mut g) = run.first_point()?;
    let n = x.len();
    let mut values = vec![0.0; pattern.n_values()];
    let Some(mut factor) = ShiftedFactor::new(Arc::clone(&pattern)) else {
        return Ok(run.stalled("there is no memory for the factors of the Hessian"));
    };
    let mut radius = norm(&x).max((n as f64).sqrt());
    let mut lambda = 0.0;
    let (mut x_new, mut g_new) = (x.clone(), g.clone());
    let mut fresh = true;
    loop {
        if fresh && !run.eval.sparse_hessian(&x, &mut values)? {
            return Ok(run.stalled("the Hessian is not finite here"));
        }
        fresh = false;
        let Some(step) = subproblem(&pattern, &values, &mut factor, &g, radius, lambda) else {
            return Ok(run.stalled("the Hessian cannot be factored with any shift"));
        };
        let length = norm(&step.p);
        lambda = step.lambda;
        step_to(&x, 1.0, &step.p, &mut x_new);
        if x_new == x {
            return Ok(run.stalled("no step lowers f beyond its rounding"));
        }
        let Some(f_new) = run.eval.value_gradient(&x_new, &mut g_new)? else {
            radius = 0.25 * length;
            continue;
        };
        let noise = NOISE * f.abs();
        let ratio = (f - f_new + noise) / (noise - step.model);
        if ratio < SHRINK_GROW.0 {
            let slope = dot(&g, &step.p);
            let curvature = 2.0 * (f_new - f - slope);
            let share = if curvature > 0.0 { -slope / curvature } else { 0.5 };
            radius = length * share.clamp(0.1, 0.5);
        } else if ratio > SHRINK_GROW.1 && step.lambda > 0.0 {
            radius = radius.max(2.0 * length);
        }
        let drowned = (f_new - f).abs() <= noise && -step.model <= noise;
        if ratio < ACCEPT || (drowned && dot(&g_new, &g_new) >= dot(&g, &g)) {
            radius = radius.min(0.5 * length);
            continue;
        }
        f = f_new;
        std::mem::swap(&mut x, &mut x_new);
        std::mem::swap(&mut g, &mut g_new);
        fresh = true;
        let how = How { lambda, ..How::default() };
        run.accept(&Iterate { x: &x, f, g: &g, step: length, radius, how })?;
    }
}

/// A step within the radius (to a tenth), from a guess of lambda; `None` where no shift makes H positive
/// definite, as where it is not finite.
fn subproblem(
    pattern: &SymmetricPattern,
    values: &[f64],
    factor: &mut ShiftedFactor,
    g: &[f64],
    radius: f64,
    guess: f64,
) -> Option<Step> {
    let n = g.len();
    let slope = norm(g);
    let (mut low, mut high) = (0.0_f64, f64::INFINITY);
    let scale = norm_inf(values).max(slope / radius).max(f64::MIN_POSITIVE);
    // lambda = 0 first: near the solution it is the answer.
    let mut lambda = 0.0;
    let mut p = vec![0.0; n];
    let mut found = None;
    for k in 0..MAX_FACTORIZATIONS {
        if !factor.factor(values, lambda) {
            low = low.max(lambda);
            lambda = match (high.is_finite(), k) {
                (true, _) => (low * high).sqrt().max(low + 0.01 * (high - low)),
                (false, 0) if guess > 0.0 => guess,
                (false, 0) => 1e-3 * scale,
                (false, _) => (4.0 * lambda).max(1e-3 * scale),
            };
            continue;
        }
        p.iter_mut().zip(g).for_each(|(p, g)| *p = -g);
        factor.solve(&mut p);
        let length = norm(&p);
        if !length.is_finite() {
            low = low.max(lambda);
            lambda = (4.0 * lambda).max(1e-3 * scale);
            continue;
        }
        found = Some((p.clone(), lambda));
        if length <= (1.0 + BOUNDARY) * radius {
            // Interior, on the boundary, or close below an indefinite model's limit.
            let close = length >= (1.0 - BOUNDARY) * radius;
            if lambda == 0.0 || close || high - low <= 1e-2 * high {
                break;
            }
            high = lambda;
        } else {
            low = low.max(lambda);
        }
        // d|p|/d lambda = -p'(H + lambda I)^-1 p / |p|.
        let mut q = p.clone();
        factor.solve(&mut q);
        let curvature = dot(&p, &q) / (length * length);
        let newton = lambda + (length - radius) / radius / curvature;
        lambda = if newton > low && newton < high {
            newton
        } else if high.is_finite() {
            (low * high).sqrt().max(low + 0.01 * (high - low))
        } else {
            (4.0 * lambda).max(1e-3 * scale)
        };
        if newton <= 0.0 && low == 0.0 {
            lambda = 1e-3 * high.min(scale);
        }
    }
    let (mut p, lambda) = found?;
    let length = norm(&p);
    if length > (1.0 + BOUNDARY) * radius {
        p.iter_mut().for_each(|p| *p *= radius / length);
    }
    let mut hp = vec![0.0; n];
    pattern.multiply(values, &p, &mut hp);
    let model = dot(g, &p) + 0.5 * dot(&hp, &p);
    Some(Step { p, lambda, model })
}

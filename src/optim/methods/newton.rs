//! Newton's method with the exact Hessian, globalized by a trust region or by a line search.
//!
//! ```text
//! trust region:  p = argmin g'p + 1/2 p'Hp,  |p| <= delta;   rho = (f - f(x + p)) / -m(p)
//! line search:   p = -(H modified to be positive definite)^-1 g
//! ```
//!
//! A point counts as a solution only where, beside the gradient test, H has no negative curvature: from a
//! saddle or a maximum, even an exactly stationary one, the method leaves along the least eigenvector.
//! Near the solution, where differences of f are rounding noise, actual and predicted reductions are compared
//! with the noise added to both (Conn, Gould & Toint 2000, sec. 17.4.2).

use super::LONGEST_STEP;
use crate::optim::line_search::{Ray, RayBuffers, Wolfe, wolfe_search};
use crate::optim::options::{OptionDef, OptionDefault, OptionKind};
use crate::optim::registry::{MethodDef, Need};
use crate::optim::run::{How, Iterate, Run};
use crate::optim::status::Stop;
use crate::optim::trust_region::{Step, Subproblem};
use crate::optim::vector::{dot, norm, step_to};
use nalgebra::DMatrix;

/// The row of `newton`.
pub static METHOD: MethodDef = MethodDef {
    name: "newton",
    aliases: &["trust_region", "trust_exact"],
    family: "second order",
    summary: "Newton's method with the exact Hessian, safe at saddle points",
    when_to_use: "For up to a few hundred unknowns with a Hessian at hand. Converges quadratically, follows \
                  curved valleys in few evaluations and leaves saddle points.",
    formula: "x_new = x + p,  (H + lambda*I)*p = -g",
    needs: &[Need::Objective, Need::Gradient, Need::Hessian],
    accepts_bounds: false,
    own_options: &[OptionDef {
        name: "globalization",
        kind: OptionKind::Word(&["trust_region", "line_search"]),
        default: OptionDefault::Word("trust_region"),
        doc: "what keeps the method safe far from the solution",
    }],
    max_iter: 1_000,
    reference: "More & Sorensen (1983); Conn, Gould & Toint (2000), ch. 6, 7 and sec. 17.4; \
                Nocedal & Wright (2006), sec. 3.4 and algorithm 4.1",
    entry: minimize,
};

/// Beyond so many unknowns a sparse Hessian is factored as one.
const MAX_DENSE: usize = 100;
/// A step is accepted if it brings this share of the predicted reduction (eta_1).
const ACCEPT: f64 = 1e-4;
/// Below this share the radius shrinks, above the second it may grow.
const SHRINK_GROW: (f64, f64) = (0.25, 0.9);
/// The first radius; grows or shrinks within a few steps where it does not fit.
const FIRST_RADIUS: f64 = 1.0;
/// Values differ by rounding noise up to this share of |f|.
const NOISE: f64 = 10.0 * f64::EPSILON;
/// Curvature counts as negative below minus this share of the largest.
const NEGATIVE: f64 = 1e-10;

/// The point where the method stands.
struct State {
    x: Vec<f64>,
    f: f64,
    g: Vec<f64>,
    step: f64,
    radius: f64,
    how: How,
}

impl State {
    fn iterate(&self) -> Iterate<'_> {
        Iterate {
            x: &self.x,
            f: self.f,
            g: &self.g,
            step: self.step,
            radius: self.radius,
            how: self.how,
        }
    }
}

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    let n = run.x0().len();
    if n > MAX_DENSE
        && let Some(pattern) = run.eval.hessian_pattern()
    {
        return super::newton_sparse::minimize(run, pattern);
    }
    let (x, f, g) = run.first_evaluation()?;
    let searched = run.options().word("globalization") == Some("line_search");
    let radius = if searched { f64::NAN } else { FIRST_RADIUS.max(0.1 * norm(&x)) };
    let mut state = State { x, f, g, step: 0.0, radius, how: How::default() };
    let mut h = DMatrix::zeros(n, n);
    let mut buffers = RayBuffers::new(n);
    loop {
        run.record(&state.iterate())?;
        if !run.eval.hessian(&state.x, &mut h)? {
            return Ok(run.stalled("the Hessian is not finite here"));
        }
        let g = state.g.clone();
        let mut model = Subproblem::new(&h, &g);
        let stationary = test_second_order(run, &state, &h, &mut model);
        if let Some((stop, true)) = stationary {
            return Ok(stop);
        }
        run.check_limits(&state.iterate())?;
        let moved = if searched {
            search_step(run, &mut state, &mut model, stationary.is_some(), &mut buffers)?
        } else {
            region_step(run, &mut state, &mut model, &mut buffers)?
        };
        if !moved {
            return Ok(match stationary {
                Some((stop, _)) => stop,
                None => run.stalled("no step lowers f beyond its rounding"),
            });
        }
    }
}

/// Whether the gradient passes its test, or is at its rounding floor, and if so, whether the curvature
/// agrees.
///
/// The floor of entry j is `4 eps sum_k |H_jk| |x_k|`: so much the gradient changes when every x_k moves by
/// two units in its last place.
fn test_second_order(
    run: &mut Run<'_>,
    state: &State,
    h: &DMatrix<f64>,
    model: &mut Subproblem<'_>,
) -> Option<(Stop, bool)> {
    let stop = run.test_gradient(&state.iterate()).or_else(|| {
        let floor: Vec<f64> = h
            .row_iter()
            .map(|row| row.iter().zip(&state.x).map(|(h, x)| (h * x).abs()).sum::<f64>())
            .map(|change| 4.0 * f64::EPSILON * change)
            .collect();
        run.test_floor(&state.iterate(), &floor)
    })?;
    let agrees = model.is_positive_definite() || {
        let (least, largest, _) = model.least_curvature();
        least >= -NEGATIVE * largest
    };
    Some((stop, agrees))
}

/// One accepted trust-region step; false where the radius has shrunk to rounding without one.
fn region_step(
    run: &mut Run<'_>,
    state: &mut State,
    model: &mut Subproblem<'_>,
    buffers: &mut RayBuffers,
) -> Result<bool, Stop> {
    let noise = NOISE * state.f.abs();
    loop {
        let step = model.solve(state.radius);
        let length = step.p.norm();
        step_to(&state.x, 1.0, step.p.as_slice(), &mut buffers.x_new);
        if length == 0.0 || buffers.x_new == state.x {
            return Ok(false);
        }
        let value = run.eval.value(&buffers.x_new)?;
        let Some(f_new) = value else {
            state.radius = 0.25 * length;
            continue;
        };
        let ratio = (state.f - f_new + noise) / (noise - step.model);
        let usable = ratio >= ACCEPT && run.eval.gradient(&buffers.x_new, &mut buffers.g_new)?;
        let slope = dot(&state.g, step.p.as_slice());
        state.radius = next_radius(state, &step, length, ratio, f_new - state.f, slope);
        if usable {
            state.f = f_new;
            state.step = length;
            state.how = How { lambda: step.lambda, ..How::default() };
            std::mem::swap(&mut state.x, &mut buffers.x_new);
            std::mem::swap(&mut state.g, &mut buffers.g_new);
            return Ok(true);
        }
        // A gradient that is not finite is as good a reason to shrink as a poor ratio.
        state.radius = state.radius.min(0.5 * length);
    }
}

/// The radius after a step of `length` with the given ratio.
///
/// After a poor step the new radius is where the parabola through f, the slope and the value reached has its
/// minimum, within [0.25, 0.5] of the step (Conn, Gould & Toint 2000, sec. 17.1).
fn next_radius(
    state: &State,
    step: &Step,
    length: f64,
    ratio: f64,
    change: f64,
    slope: f64,
) -> f64 {
    if ratio < SHRINK_GROW.0 {
        let curvature = 2.0 * (change - slope);
        let factor = if curvature > 0.0 { -slope / curvature } else { 0.5 };
        return length * factor.clamp(0.25, 0.5);
    }
    if ratio > SHRINK_GROW.1 && step.on_boundary { 2.0 * state.radius } else { state.radius }
}

/// One step of the line search; false where none lowers f.
fn search_step(
    run: &mut Run<'_>,
    state: &mut State,
    model: &mut Subproblem<'_>,
    stationary: bool,
    buffers: &mut RayBuffers,
) -> Result<bool, Stop> {
    if stationary {
        return escape(run, state, model, buffers);
    }
    let p = model.newton_step().unwrap_or_else(|| model.modified_newton());
    let slope = dot(&state.g, p.as_slice());
    if slope.is_nan() || slope >= 0.0 {
        return Ok(false);
    }
    let origin = (state.f, slope);
    let mut ray = Ray::new(run, &state.x, p.as_slice(), origin, Wolfe::default(), buffers);
    let Some(trial) = wolfe_search(&mut ray, 1.0, LONGEST_STEP)?.step() else {
        return Ok(false);
    };
    state.f = trial.f;
    state.step = trial.alpha * p.norm();
    state.how = How { alpha: trial.alpha, ..How::default() };
    std::mem::swap(&mut state.x, &mut buffers.x_new);
    std::mem::swap(&mut state.g, &mut buffers.g_new);
    Ok(true)
}

/// Leaves a stationary point along the eigenvector q of the least eigenvalue `mu < 0`: the first of the
/// steps 1, 1/2, 1/4, ... both ways with `f(x + alpha q) <= f + 1/4 mu alpha^2`.
fn escape(
    run: &mut Run<'_>,
    state: &mut State,
    model: &mut Subproblem<'_>,
    buffers: &mut RayBuffers,
) -> Result<bool, Stop> {
    let (least, _, q) = model.least_curvature();
    let mut alpha = norm(&state.x).max(1.0);
    while alpha > f64::EPSILON * norm(&state.x) && 0.25 * least * alpha * alpha < 0.0 {
        for signed in [alpha, -alpha] {
            step_to(&state.x, signed, q.as_slice(), &mut buffers.x_new);
            let Some(f_new) = run.eval.value(&buffers.x_new)? else {
                continue;
            };
            if f_new <= state.f + 0.25 * least * alpha * alpha
                && f_new < state.f
                && run.eval.gradient(&buffers.x_new, &mut buffers.g_new)?
            {
                state.f = f_new;
                state.step = alpha;
                std::mem::swap(&mut state.x, &mut buffers.x_new);
                std::mem::swap(&mut state.g, &mut buffers.g_new);
                return Ok(true);
            }
        }
        alpha *= 0.5;
    }
    Ok(false)
}

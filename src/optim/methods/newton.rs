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
use crate::memory;
use crate::optim::line_search::{Ray, RayBuffers, Wolfe, wolfe_search};
use crate::optim::options::{OptionDef, OptionDefault, OptionKind};
use crate::optim::method::{MethodDef, Need};
use crate::optim::run::{How, Iterate, Run};
use crate::optim::settled::Outlook;
use crate::optim::status::Stop;
use crate::optim::trust::sparse_region::{SparseHessian, SparseModel};
use crate::optim::trust::trust_region::{Model, Step, Subproblem};
use crate::optim::vector::{dot, norm, step_to};
use nalgebra::DMatrix;

/// The row of `newton`.
pub static METHOD: MethodDef = MethodDef {
    name: "newton",
    aliases: &["trust_region", "trust_exact"],
    family: "second order",
    summary: "Newton's method with the exact Hessian, safe at saddle points",
    when_to_use: "For up to a few hundred unknowns with a Hessian at hand, and for any number where it is \
                  sparse. Converges quadratically, follows curved valleys in few evaluations and leaves \
                  saddle points.",
    formula: "x_new = x + p,  (H + lambda*I)*p = -g",
    needs: &[Need::Objective, Need::Gradient, Need::Hessian],
    accepts_bounds: false,
    own_options: &[OptionDef {
        name: "globalization",
        kind: OptionKind::Word(&["trust_region", "line_search"]),
        default: OptionDefault::Word("trust_region"),
        doc: "what keeps the method safe far from the solution",
    }],
    max_iter: 20_000,
    reference: "More & Sorensen (1983); Conn, Gould & Toint (2000), ch. 6, 7 and sec. 17.4; \
                Nocedal & Wright (2006), sec. 3.4 and algorithm 4.1",
    entry: minimize,
};

/// Beyond so many unknowns a sparse Hessian is factored as one.
pub const MAX_DENSE: usize = 100;
/// A step is accepted if it brings this share of the predicted reduction (eta_1).
const ACCEPT: f64 = 1e-4;
/// Below this share the radius shrinks, above the second it may grow.
const SHRINK_GROW: (f64, f64) = (0.25, 0.9);
/// The first radius; grows or shrinks within a few steps where it does not fit.
const FIRST_RADIUS: f64 = 1.0;
/// The model foretells the fall of f to this share of it.
const NEARLY_QUADRATIC: f64 = 0.1;
/// Values differ by rounding noise up to this share of |f|.
const NOISE: f64 = 10.0 * f64::EPSILON;

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

/// The Hessian in the form in which the problem has it.
enum Hessian {
    Dense(DMatrix<f64>),
    Sparse(Box<SparseHessian>),
}

impl Hessian {
    fn new(run: &mut Run<'_>) -> Result<Self, Stop> {
        let n = run.x0().len();
        let pattern = if n > MAX_DENSE { run.eval.hessian_pattern() } else { None };
        let Some(pattern) = pattern else {
            // Itself, its factors, and vectors with values.
            memory::need_square(n, 4, "the Hessian of `newton`");
            return Ok(Hessian::Dense(DMatrix::zeros(n, n)));
        };
        match SparseHessian::new(pattern) {
            Some(sparse) => Ok(Hessian::Sparse(Box::new(sparse))),
            None => Err(run.stalled("there is no memory for the factors of the Hessian")),
        }
    }

    /// Fills in the values at `x`; false where one is not finite.
    fn evaluate(&mut self, run: &mut Run<'_>, x: &[f64]) -> Result<bool, Stop> {
        Ok(match self {
            Hessian::Dense(h) => run.eval.hessian(x, h)?,
            Hessian::Sparse(h) => run.eval.sparse_hessian(x, h.values_mut())?,
        })
    }
}

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    let (x, f, g) = run.first_evaluation()?;
    let n = x.len();
    let mut hessian = Hessian::new(run)?;
    let searched = run.options().word("globalization") == Some("line_search");
    let radius = match &hessian {
        _ if searched => f64::NAN,
        Hessian::Dense(_) => FIRST_RADIUS.max(0.1 * norm(&x)),
        // Many unknowns that move by their size make a long step together.
        Hessian::Sparse(_) => FIRST_RADIUS * norm(&x).max((n as f64).sqrt()),
    };
    let mut state = State { x, f, g, step: 0.0, radius, how: How::default() };
    let mut buffers = RayBuffers::new(n);
    let mut g = vec![0.0; n];
    loop {
        run.record(&state.iterate())?;
        if !hessian.evaluate(run, &state.x)? {
            return Ok(run.stalled("the Hessian is not finite here"));
        }
        g.copy_from_slice(&state.g);
        let stop = match &mut hessian {
            Hessian::Dense(h) => advance(run, &mut state, Subproblem::new(h, &g), &mut buffers)?,
            Hessian::Sparse(h) => advance(run, &mut state, SparseModel::new(h, &g), &mut buffers)?,
        };
        if let Some(stop) = stop {
            return Ok(stop);
        }
    }
}

/// One iteration: the tests, and a step where they do not end the run.
fn advance(
    run: &mut Run<'_>,
    state: &mut State,
    mut model: impl Model,
    buffers: &mut RayBuffers,
) -> Result<Option<Stop>, Stop> {
    let stationary = test_second_order(run, state, &mut model);
    if let Some((stop, true)) = stationary {
        return Ok(Some(stop));
    }
    run.check_limits(&state.iterate())?;
    let moved = if state.radius.is_nan() {
        search_step(run, state, &mut model, stationary.is_some(), buffers)?
    } else {
        region_step(run, state, &mut model, buffers)?
    };
    Ok(match stationary {
        _ if moved => None,
        Some((stop, _)) => Some(stop),
        None => Some(run.stalled("no step lowers f beyond its rounding")),
    })
}

/// Whether the gradient passes its test, or is at its rounding floor, and if so, whether the curvature
/// agrees.
///
/// The floor of entry j is `4 eps sum_k |H_jk| |x_k|`: so much the gradient changes when every x_k moves by
/// two units in its last place.
fn test_second_order(
    run: &mut Run<'_>,
    state: &State,
    model: &mut impl Model,
) -> Option<(Stop, bool)> {
    let stop = run
        .test_gradient(&state.iterate(), &mut |attempt| outlook(model, attempt))
        .or_else(|| {
            let mut floor = model.change(&state.x);
            floor.iter_mut().for_each(|change| *change *= 4.0 * f64::EPSILON);
            run.test_floor(&state.iterate(), &floor, &mut |attempt| outlook(model, attempt))
        })?;
    Some((stop, model.is_semidefinite()))
}

/// The Newton step where H is positive definite; at a second attempt, or where it is not, a regularized one.
fn outlook(model: &mut impl Model, attempt: usize) -> Outlook {
    let newton = if attempt == 0 { model.newton() } else { None };
    match newton.or_else(|| model.regularized()) {
        Some(p) => Outlook::Exact(p),
        None => Outlook::Unknown,
    }
}

/// The first radius is a guess. So a full Newton step that is longer is tried once, and taken where the model
/// foretells f so well that f is nearly quadratic that far; false where it is not.
fn first_step(
    run: &mut Run<'_>,
    state: &mut State,
    model: &mut impl Model,
    buffers: &mut RayBuffers,
) -> Result<bool, Stop> {
    let Some(p) = model.newton() else {
        return Ok(false);
    };
    let length = norm(&p);
    if length <= state.radius || !length.is_finite() {
        return Ok(false);
    }
    step_to(&state.x, 1.0, &p, &mut buffers.x_new);
    let Some(f_new) = run.eval.value(&buffers.x_new)? else {
        return Ok(false);
    };
    // m(p) = g'p + 1/2 p'Hp with Hp = -g.
    let promised = -0.5 * dot(&state.g, &p);
    if (state.f - f_new - promised).abs() > NEARLY_QUADRATIC * promised
        || !run.eval.gradient(&buffers.x_new, &mut buffers.g_new)?
    {
        return Ok(false);
    }
    (state.f, state.step, state.radius) = (f_new, length, length);
    std::mem::swap(&mut state.x, &mut buffers.x_new);
    std::mem::swap(&mut state.g, &mut buffers.g_new);
    Ok(true)
}

/// One accepted trust-region step; false where the radius has shrunk to rounding without one.
fn region_step(
    run: &mut Run<'_>,
    state: &mut State,
    model: &mut impl Model,
    buffers: &mut RayBuffers,
) -> Result<bool, Stop> {
    if run.iterations() == 0 && first_step(run, state, model, buffers)? {
        return Ok(true);
    }
    let noise = NOISE * state.f.abs();
    loop {
        let Some(step) = model.within(state.radius) else {
            return Ok(false);
        };
        let length = step.p.norm();
        step_to(&state.x, 1.0, step.p.as_slice(), &mut buffers.x_new);
        // Where derivatives have underflowed a model may have no step at all.
        if length == 0.0 || !length.is_finite() || buffers.x_new == state.x {
            return Ok(false);
        }
        let value = match model.is_large() {
            true => run.eval.value_gradient(&buffers.x_new, &mut buffers.g_new)?,
            false => run.eval.value(&buffers.x_new)?,
        };
        let Some(f_new) = value else {
            state.radius = 0.25 * length;
            continue;
        };
        let ratio = (state.f - f_new + noise) / (noise - step.model);
        let usable = ratio >= ACCEPT
            && (model.is_large() || run.eval.gradient(&buffers.x_new, &mut buffers.g_new)?);
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
    model: &mut impl Model,
    stationary: bool,
    buffers: &mut RayBuffers,
) -> Result<bool, Stop> {
    if stationary {
        return escape(run, state, model, buffers);
    }
    let Some(p) = model.descent() else {
        return Ok(false);
    };
    let slope = dot(&state.g, &p);
    if slope.is_nan() || slope >= 0.0 {
        return Ok(false);
    }
    let origin = (state.f, slope);
    let mut ray = Ray::new(run, &state.x, &p, origin, Wolfe::default(), buffers);
    let Some(trial) = wolfe_search(&mut ray, 1.0, LONGEST_STEP)?.step() else {
        return Ok(false);
    };
    state.f = trial.f;
    state.step = trial.alpha * norm(&p);
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
    model: &mut impl Model,
    buffers: &mut RayBuffers,
) -> Result<bool, Stop> {
    let (least, q) = model.least();
    let mut alpha = norm(&state.x).max(1.0);
    while alpha > f64::EPSILON * norm(&state.x) && 0.25 * least * alpha * alpha < 0.0 {
        for signed in [alpha, -alpha] {
            step_to(&state.x, signed, &q, &mut buffers.x_new);
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

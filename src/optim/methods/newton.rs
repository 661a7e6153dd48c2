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
use crate::optim::method::{MethodDef, Need};
use crate::optim::options::{OptionDef, OptionDefault, OptionKind};
use crate::optim::run::{How, Iterate, Run};
use crate::optim::status::Stop;
use crate::optim::trust::region_loop::{FIRST_RADIUS, Region, Rule, Steps};
use crate::optim::trust::second_order::test_second_order;
use crate::optim::trust::sparse_region::{SparseHessian, SparseModel};
use crate::optim::trust::trust_region::{Model, Step, Subproblem};
use crate::optim::vector::{dot, norm, step_to};
use crate::problem::HessianKind;
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
/// The radius shrinks after a poor step and grows after a very good one to the boundary.
const RULE: Rule = Rule { shrink: 0.25, grow: 0.9, factors: (0.25, 0.5), is_wary: false };
/// The model foretells the fall of f to this share of it.
const NEARLY_QUADRATIC: f64 = 0.1;

/// The point where the method stands, and how it got there. Without a region its radius is NaN.
struct State {
    at: Region,
    step: f64,
    how: How,
}

impl State {
    fn iterate(&self) -> Iterate<'_> {
        let Region { x, f, g, radius, .. } = &self.at;
        Iterate { x, f: *f, g, step: self.step, radius: *radius, how: self.how }
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
        let HessianKind::Sparse(pattern) = Hessian::form(run, n) else {
            // Itself, its factors, and vectors with values.
            memory::need_square(n, 4, "the Hessian of `newton`");
            return Ok(Hessian::Dense(DMatrix::zeros(n, n)));
        };
        match SparseHessian::new(pattern) {
            Some(sparse) => Ok(Hessian::Sparse(Box::new(sparse))),
            None => Err(run.stalled("there is no memory for the factors of the Hessian")),
        }
    }

    /// The form in which the Hessian of n unknowns is asked for.
    fn form(run: &mut Run<'_>, n: usize) -> HessianKind {
        if n > MAX_DENSE { run.eval.hessian_kind() } else { HessianKind::Dense }
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
    let at = Region::new((x, f, g), radius, RULE);
    let mut state = State { at, step: 0.0, how: How::default() };
    let mut buffers = RayBuffers::new(n);
    let mut g = vec![0.0; n];
    loop {
        run.record(&state.iterate())?;
        if !hessian.evaluate(run, &state.at.x)? {
            return Ok(run.stalled("the Hessian is not finite here"));
        }
        g.copy_from_slice(&state.at.g);
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
    let stationary = test_second_order(run, &state.iterate(), &mut model);
    if let Some((stop, true)) = stationary {
        return Ok(Some(stop));
    }
    run.check_limits(&state.iterate())?;
    let moved = if state.at.radius.is_nan() {
        search_step(run, state, &mut model, stationary.is_some(), buffers)?
    } else {
        region_step(run, state, &mut model)?
    };
    Ok(match stationary {
        _ if moved => None,
        Some((stop, _)) => Some(stop),
        None => Some(run.stalled("no step lowers f beyond its rounding")),
    })
}

/// The steps of a model: its exact minimizers within a radius.
struct Minimizers<'m, M>(&'m mut M);

impl<M: Model> Steps for Minimizers<'_, M> {
    fn propose(
        &mut self,
        _run: &mut Run<'_>,
        _x: &[f64],
        _g: &[f64],
        radius: f64,
    ) -> Result<Option<Step>, Stop> {
        Ok(self.0.within(radius))
    }

    fn is_joint(&self) -> bool {
        self.0.is_large()
    }
}

/// One accepted trust-region step; false where the radius has shrunk to rounding without one.
fn region_step(run: &mut Run<'_>, state: &mut State, model: &mut impl Model) -> Result<bool, Stop> {
    if run.iterations() == 0 && first_step(run, state, model)? {
        return Ok(true);
    }
    let Some(step) = state.at.advance(run, &mut Minimizers(model))? else {
        return Ok(false);
    };
    state.step = step.length;
    state.how = How { lambda: step.lambda, ..How::default() };
    Ok(true)
}

/// The first radius is a guess. So a full Newton step that is longer is tried once, and taken where the model
/// foretells f so well that f is nearly quadratic that far; false where it is not.
fn first_step(run: &mut Run<'_>, state: &mut State, model: &mut impl Model) -> Result<bool, Stop> {
    let Some(p) = model.newton() else {
        return Ok(false);
    };
    let length = norm(&p);
    if length <= state.at.radius || !length.is_finite() {
        return Ok(false);
    }
    // m(p) = g'p + 1/2 p'Hp with Hp = -g.
    let promised = -0.5 * dot(&state.at.g, &p);
    let f = state.at.f;
    let is_good = |f_new: f64| (f - f_new - promised).abs() <= NEARLY_QUADRATIC * promised;
    if !state.at.try_step(run, &p, is_good)? {
        return Ok(false);
    }
    (state.step, state.at.radius) = (length, length);
    Ok(true)
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
    let slope = dot(&state.at.g, &p);
    if slope.is_nan() || slope >= 0.0 {
        return Ok(false);
    }
    let origin = (state.at.f, slope);
    let mut ray = Ray::new(run, &state.at.x, &p, origin, Wolfe::default(), buffers);
    let Some(trial) = wolfe_search(&mut ray, 1.0, LONGEST_STEP)?.step() else {
        return Ok(false);
    };
    state.at.f = trial.f;
    state.step = trial.alpha * norm(&p);
    state.how = How { alpha: trial.alpha, ..How::default() };
    std::mem::swap(&mut state.at.x, &mut buffers.x_new);
    std::mem::swap(&mut state.at.g, &mut buffers.g_new);
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
    let mut alpha = norm(&state.at.x).max(1.0);
    while alpha > f64::EPSILON * norm(&state.at.x) && 0.25 * least * alpha * alpha < 0.0 {
        for signed in [alpha, -alpha] {
            step_to(&state.at.x, signed, &q, &mut buffers.x_new);
            let Some(f_new) = run.eval.value(&buffers.x_new)? else {
                continue;
            };
            if f_new <= state.at.f + 0.25 * least * alpha * alpha
                && f_new < state.at.f
                && run.eval.gradient(&buffers.x_new, &mut buffers.g_new)?
            {
                state.at.f = f_new;
                state.step = alpha;
                std::mem::swap(&mut state.at.x, &mut buffers.x_new);
                std::mem::swap(&mut state.at.g, &mut buffers.g_new);
                return Ok(true);
            }
        }
        alpha *= 0.5;
    }
    Ok(false)
}

//! Levenberg-Marquardt in More's trust-region form, with bounds by an active set.
//!
//! ```text
//! f = scale * |r|^2 + offset;   p = argmin |r + J p|  subject to  |D p| <= delta
//! rho = (|r|^2 - |r(x + p)|^2) / (|r|^2 - |r + J p|^2)
//! ```
//!
//! D holds the largest norms that the columns of J have had, slowly forgotten. The method goes on after the gradient test has
//! passed, until the Gauss-Newton step is at rounding level: statistics of a fit, and users, want the digits.
//! Where residuals are large and curved, Gauss-Newton converges slowly or not at all; the second-order term
//! `sum r_i H_i` is then taken in (the idea of NL2SOL, Dennis, Gay & Welsch 1981), exactly, if the problem has
//! its Hessian. Two measures keep it from running into flat regions, where parameters lose their influence: a step after
//! which a column of J has all but vanished is refused, and a run that ends rank deficient although it began
//! with full rank is repeated from the start with another radius; the best end counts.

mod step;

use self::step::{SecondOrder, scaled_gradient, step};
use super::squares_point::{Point, scale_of};
use crate::memory;
use crate::optim::method::{MethodDef, Need};
use crate::optim::run::{How, Iterate, Run};
use crate::optim::settled::Outlook;
use crate::optim::squares::damped_step::LinearModel;
use crate::optim::status::Stop;
use crate::optim::vector::{dot, norm};
use nalgebra::DMatrix;

/// The row of `lm`.
pub static METHOD: MethodDef = MethodDef {
    name: "lm",
    aliases: &["levenberg_marquardt"],
    family: "least squares",
    summary: "Levenberg-Marquardt with an exact Jacobian, QR and a trust region",
    when_to_use: "For sums of squares: nonlinear regression, equations. Takes the solution to as many digits \
                  as the data allow. Large curved residuals need the Hessian of f, which it uses if there is one.",
    formula: "x_new = x + p,  (J'*J + lambda*D^2)*p = -J'*r",
    needs: &[Need::Objective, Need::Residuals, Need::Jacobian],
    accepts_bounds: true,
    own_options: &[],
    max_iter: 2_000,
    reference: "More (1978), LNM 630, 105-116; Nocedal & Wright (2006), sec. 10.3; \
                Dennis, Gay & Welsch (1981); Bates & Watts (1981)",
    entry: minimize,
};

/// Radii of the attempts, relative to `|D x0|`.
const FIRST_RADII: [f64; 3] = [1.0, 0.1, 10.0];
/// The Gauss-Newton step is at rounding level below this share of every x_j.
const SMALL_STEP: f64 = 1e-12;
/// So is a Newton step below this share, which leaves its square.
const SMALL_NEWTON: f64 = 1e-10;
/// A Gauss-Newton step below this share may be the last one of a fit without residuals.
const LAST_STEP: f64 = 1e-6;
/// Of the sum of squares at the start nothing is left below this share.
const VANISHED: f64 = 1e-30;
/// Steps without a smaller gradient before rounding is held to be the reason.
const MAX_IDLE: usize = 5;
/// Gauss-Newton is slow where a step leaves more than this share of the scaled gradient `|D^-1 J'r|` ...
const SLOW: f64 = 0.5;
/// ... so many times in a row, ...
const MAX_SLOW: usize = 3;
/// ... although that is less than this share of the residuals.
const NEAR: f64 = 1e-3;
/// D forgets a column norm at this rate a step: one that was huge only far away would hold its variable for
/// hundreds of steps.
const FORGET: f64 = 0.99;

/// What an attempt carries from step to step.
pub(super) struct State {
    pub at: Point,
    pub g: Vec<f64>,
    /// The diagonal of D.
    pub d: Vec<f64>,
    pub delta: f64,
    pub lambda: f64,
    pub step: f64,
    /// The smallest `reducible` so far, and for how many steps it has not fallen.
    smallest: f64,
    idle: usize,
    /// The last `|D^-1 J'r|`, and how many steps in a row were slow to lower it.
    last: f64,
    slow: usize,
    /// Whether the model with the exact Hessian leads.
    pub newton: bool,
    /// Steps in a row that hardly lowered `|r|^2`.
    pub small_falls: usize,
}

impl State {
    /// Whether Gauss-Newton has proved slow near the solution, so that the exact Hessian leads to the end.
    pub fn is_settled(&self) -> bool {
        self.slow >= MAX_SLOW
    }

    fn iterate(&self) -> Iterate<'_> {
        Iterate {
            x: &self.at.x,
            f: self.at.f,
            g: &self.g,
            step: self.step,
            radius: self.delta,
            how: How { lambda: self.lambda, ..How::default() },
        }
    }
}

/// How an attempt ended.
struct End {
    stop: Stop,
    state: State,
    rank_lost: bool,
}

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    let start = Point::first(run)?;
    let mut best: Option<End> = None;
    for factor in FIRST_RADII {
        let end = attempt(run, &start, factor)?;
        let full = !end.rank_lost;
        if best.as_ref().is_none_or(|best| end.state.at.f < best.state.at.f) {
            best = Some(end);
        }
        if full {
            break;
        }
    }
    Ok(match best {
        Some(end) if end.stop.status.is_success() => {
            run.converged(&end.state.iterate(), end.stop.message)
        }
        Some(end) => end.stop,
        None => run.stalled("no step was tried"),
    })
}

/// One run of the method from `start`.
fn attempt(run: &mut Run<'_>, start: &Point, factor: f64) -> Result<End, Stop> {
    let n = start.x.len();
    let mut state = State {
        at: start.clone(),
        g: vec![0.0; n],
        d: vec![0.0; n],
        delta: f64::NAN,
        lambda: 0.0,
        step: 0.0,
        smallest: f64::INFINITY,
        idle: 0,
        last: f64::INFINITY,
        slow: 0,
        newton: false,
        small_falls: 0,
    };
    let mut trial = start.clone();
    let mut held = vec![false; n];
    let mut hessian = DMatrix::zeros(0, 0);
    let mut rank_at_start = None;
    let affine = run.eval.structure().squares().is_some_and(|s| s.is_affine);
    loop {
        differentiate(run, &mut state);
        if rank_at_start.is_none() {
            let scaled: Vec<f64> = (0..n).map(|j| state.d[j] * state.at.x[j]).collect();
            let size = norm(&scaled);
            state.delta = match affine {
                // The model is the function: nothing limits the first step.
                true => f64::INFINITY,
                false => factor * if size > 0.0 { size } else { 1.0 },
            };
        }
        run.record(&state.iterate())?;
        let model = local_model(run, &state, &mut held);
        let first_rank = *rank_at_start.get_or_insert(model.rank);
        note_progress(&mut state, &model);
        let rounding = Rounding::new(&state, &held, scale_of(run));
        let test = run.test_gradient(&state.iterate(), &mut |_| outlook(&model)).or_else(|| {
            let floor = &rounding.gradient_floor;
            run.test_floor(&state.iterate(), floor, &mut |_| outlook(&model))
        });
        if let Some(stop) = &test
            && !stop.status.is_success()
        {
            return Ok(End { stop: stop.clone(), state, rank_lost: false });
        }
        let finished = is_exhausted(&state, &model, &rounding, start.sum)
            || (test.is_some() && is_newton_small(run, &state, &held, &mut hessian)?);
        if test.is_none()
            && let Some(stop) = close(run, &mut state, &model, &mut trial, (&rounding, start.sum))?
        {
            return Ok(End { stop, state, rank_lost: false });
        }
        let moved = match &test {
            Some(_) if finished => false,
            None if state.idle >= 2 * MAX_IDLE => false,
            _ => {
                run.check_limits(&state.iterate())?;
                state.newton |= state.is_settled();
                let scratch = (&mut trial, &mut hessian);
                step(run, &mut state, (&model, &held), rounding.residuals, scratch)?
            }
        };
        if !moved {
            let stop = test.unwrap_or_else(|| run.stalled("no step lowers the sum of squares"));
            let rank = model.rank + held.iter().filter(|held| **held).count();
            let rank_lost = rank < first_rank
                && state.at.sum > 1e-12 * start.sum
                && !is_held_by_curvature(run, &state, &held, &mut hessian)?;
            return Ok(End { stop, state, rank_lost });
        }
    }
}

/// The last step of a fit without residuals, judged by the residuals that it leaves: where they vanish, so does the
/// gradient, since `|J_j'r| <= |J_j| |r|`, and no Jacobian need be evaluated. `None` where they do not.
fn close(
    run: &mut Run<'_>,
    state: &mut State,
    model: &LinearModel,
    trial: &mut Point,
    (rounding, start_sum): (&Rounding, f64),
) -> Result<Option<Stop>, Stop> {
    let steps = || model.gauss_newton.iter().zip(&state.at.x);
    let tiny = steps().all(|(p, x)| p.abs() <= LAST_STEP * x.abs());
    if run.bounds().is_some()
        || !tiny
        || model.rank < state.g.len()
        || model.reducible.powi(2) < 0.5 * state.at.sum
    {
        return Ok(None);
    }
    for (new, (p, x)) in trial.x.iter_mut().zip(steps()) {
        *new = x + p;
    }
    if !trial.evaluate(run)? {
        return Ok(None);
    }
    let sum = trial.sum;
    let vanished = sum <= VANISHED * start_sum || sum.sqrt() <= rounding.residuals;
    let scale = 2.0 * scale_of(run);
    let steepest = state.at.jac.column_iter().map(|column| column.norm()).fold(0.0, f64::max);
    // A tiny step changes no column by a visible share.
    if !vanished || 2.0 * scale * steepest * sum.sqrt() > run.gradient_threshold(trial.f) {
        return Ok(None);
    }
    if !trial.take_jacobian(&state.at) {
        return Ok(None);
    }
    state.step = norm(&model.gauss_newton);
    state.lambda = 0.0;
    std::mem::swap(&mut state.at, trial);
    differentiate(run, state);
    run.record(&state.iterate())?;
    let last = LinearModel::new(state.at.jac.clone(), &state.at.r);
    Ok(run.test_gradient(&state.iterate(), &mut |_| outlook(&last)))
}

/// The Gauss-Newton step: exact where the residuals are affine or vanish, and near a solution mostly near it.
fn outlook(model: &LinearModel) -> Outlook {
    Outlook::Exact(model.gauss_newton.clone())
}

/// Whether the exact Hessian leads and its step is at rounding level. It converges so fast that nothing is left to gain
/// well before that.
fn is_newton_small(
    run: &mut Run<'_>,
    state: &State,
    held: &[bool],
    hessian: &mut DMatrix<f64>,
) -> Result<bool, Stop> {
    if !state.newton || hessian.is_empty() || !run.eval.hessian(&state.at.x, hessian)? {
        return Ok(false);
    }
    let scale = scale_of(run);
    let model = SecondOrder::new(hessian, scale, &state.g, &state.d, held);
    let small = |(p, x): (&f64, &f64)| p.abs() <= SMALL_NEWTON * x.abs();
    Ok(model.newton(&state.d).is_some_and(|p| p.iter().zip(&state.at.x).all(small)))
}

/// Whether the end is a strict minimum although J has lost rank there: where the residuals are large their
/// curvature can hold what J does not. In flat regions, where D remembers larger columns, it does not.
fn is_held_by_curvature(
    run: &mut Run<'_>,
    state: &State,
    held: &[bool],
    hessian: &mut DMatrix<f64>,
) -> Result<bool, Stop> {
    let n = state.g.len();
    if !run.eval.hessian_kind().is_dense() {
        return Ok(false);
    }
    if hessian.is_empty() {
        memory::need_square(n, 2, "the Hessian of `lm`");
        *hessian = DMatrix::zeros(n, n);
    }
    let scale = scale_of(run);
    Ok(run.eval.hessian(&state.at.x, hessian)?
        && SecondOrder::new(hessian, scale, &state.g, &state.d, held).is_convex())
}

/// `g = 2 scale J'r`, and D.
fn differentiate(run: &Run<'_>, state: &mut State) {
    let scale = scale_of(run);
    let m = state.at.r.len();
    for j in 0..state.g.len() {
        let column = &state.at.jac.as_slice()[j * m..(j + 1) * m];
        state.g[j] = 2.0 * scale * dot(column, &state.at.r);
        let largest = (FORGET * state.d[j]).max(norm(column));
        state.d[j] = if largest == 0.0 { 1.0 } else { largest };
    }
}

/// The linear model in the variables that are not held by a bound, which the gradient points out of.
fn local_model(run: &Run<'_>, state: &State, held: &mut [bool]) -> LinearModel {
    let mut jac = state.at.jac.clone();
    if let Some(bounds) = run.bounds() {
        for (j, held) in held.iter_mut().enumerate() {
            *held = bounds.holds(&state.at.x, &state.g, j);
            if *held {
                jac.column_mut(j).fill(0.0);
            }
        }
    }
    LinearModel::new(jac, &state.at.r)
}

fn note_progress(state: &mut State, model: &LinearModel) {
    let gradient = scaled_gradient(&state.at, &state.d);
    if !state.is_settled() {
        let slow = gradient <= NEAR * state.at.sum.sqrt() && gradient > SLOW * state.last;
        state.slow = if slow { state.slow + 1 } else { 0 };
    }
    state.last = gradient;
    if model.reducible < 0.9 * state.smallest {
        state.smallest = model.reducible;
        state.idle = 0;
    } else if model.reducible.powi(2) <= 1e-10 * state.at.sum {
        state.idle += 1;
    }
}

/// The rounding errors of residuals and gradient.
///
/// Residual i is known to `eps (|r_i| + sum_k |J_ik x_k|)` at best: that much it changes when the x_k move by
/// a unit in their last place. The gradient inherits `2 scale |J|'` of it.
struct Rounding {
    gradient_floor: Vec<f64>,
    /// The norm of the errors of the residuals.
    residuals: f64,
}

impl Rounding {
    fn new(state: &State, held: &[bool], scale: f64) -> Self {
        let Point { x, r, jac, .. } = &state.at;
        let mut errors: Vec<f64> = r.iter().map(|ri| ri.abs()).collect();
        for (column, xk) in jac.column_iter().zip(x) {
            errors.iter_mut().zip(column.iter()).for_each(|(e, a)| *e += (a * xk).abs());
        }
        errors.iter_mut().for_each(|e| *e *= f64::EPSILON);
        let floor = |(column, held): (nalgebra::DVectorView<'_, f64>, &bool)| {
            if *held {
                return f64::INFINITY;
            }
            let change: f64 = column.iter().zip(&errors).map(|(a, e)| a.abs() * e).sum();
            2.0 * scale.abs() * change
        };
        let gradient_floor = jac.column_iter().zip(held).map(floor).collect();
        Rounding { gradient_floor, residuals: norm(&errors) }
    }
}

/// Whether a further step would change nothing that can be computed: the Gauss-Newton step is at rounding
/// level in every variable, or what it can take off the residuals is (the relative offset of Bates & Watts),
/// or the sum of squares itself has vanished against that of the start, or rounding has kept the gradient
/// from falling for some steps.
fn is_exhausted(state: &State, model: &LinearModel, rounding: &Rounding, start_sum: f64) -> bool {
    let steps = model.gauss_newton.iter().zip(&state.at.x);
    let small = model.rank == state.g.len();
    (small && steps.into_iter().all(|(p, x)| p.abs() <= SMALL_STEP * x.abs()))
        || model.reducible <= rounding.residuals
        || model.reducible.powi(2) <= VANISHED * start_sum
        || state.idle >= MAX_IDLE
}

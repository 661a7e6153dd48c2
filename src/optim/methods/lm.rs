//! Levenberg-Marquardt in More's trust-region form, with bounds by an active set.
//!
//! ```text
//! f = scale * |r|^2 + offset;   p = argmin |r + J p|  subject to  |D p| <= delta
//! rho = (|r|^2 - |r(x + p)|^2) / (|r|^2 - |r + J p|^2)
//! ```
//!
//! D holds the largest norms that the columns of J have had. The method goes on after the gradient test has
//! passed, until the Gauss-Newton step is at rounding level: statistics of a fit, and users, want the digits.
//! Two measures keep it from running into flat regions, where parameters lose their influence: a step after
//! which a column of J has all but vanished is refused, and a run that ends rank deficient although it began
//! with full rank is repeated from the start with another radius; the best end counts.

use crate::optim::damped_step::{DampedStep, LinearModel};
use crate::optim::registry::{MethodDef, Need};
use crate::optim::run::{Iterate, Run};
use crate::optim::status::Stop;
use crate::optim::vector::{clip, dot, norm};
use nalgebra::{DMatrix, DVector};

/// The row of `lm`.
pub static METHOD: MethodDef = MethodDef {
    name: "lm",
    aliases: &["levenberg_marquardt"],
    family: "least squares",
    summary: "Levenberg-Marquardt with an exact Jacobian, QR and a trust region",
    when_to_use: "For sums of squares: nonlinear regression, equations. Takes the solution to as many digits \
                  as the data allow. Slow where residuals are large and curved; compare newton there.",
    needs: &[Need::Objective, Need::Residuals, Need::Jacobian],
    accepts_bounds: true,
    own_options: &[],
    max_iter: 1_000,
    reference: "More (1978), LNM 630, 105-116; Nocedal & Wright (2006), sec. 10.3; \
                Bates & Watts (1988), eq. 2.22 (relative offset)",
    entry: minimize,
};

/// A step is accepted with this share of the predicted reduction (MINPACK's 1e-4).
const ACCEPT: f64 = 1e-4;
/// Radii of the attempts, relative to `|D x0|`.
const FIRST_RADII: [f64; 3] = [1.0, 0.1, 10.0];
/// A column of J that shrinks to this share of its norm in one step has lost its influence.
const VANISHED: f64 = 1e-4;
/// So many steps in a row may be refused for that; afterwards the data insist.
const MAX_REFUSALS: usize = 20;
/// Trial steps from one point; each shortens the radius by half or more.
const MAX_TRIALS: usize = 100;
/// The Gauss-Newton step is at rounding level below this share of every x_j.
const SMALL_STEP: f64 = 1e-12;
/// Steps without a smaller gradient before rounding is held to be the reason.
const MAX_IDLE: usize = 3;

/// A point with its residuals and Jacobian.
#[derive(Clone)]
struct Point {
    x: Vec<f64>,
    r: Vec<f64>,
    jac: DMatrix<f64>,
    /// `|r|^2`, and f.
    sum: f64,
    f: f64,
}

/// What an attempt carries from step to step.
struct State {
    at: Point,
    g: Vec<f64>,
    /// The diagonal of D.
    d: Vec<f64>,
    delta: f64,
    lambda: f64,
    step: f64,
    /// The smallest `reducible` so far, and for how many steps it has not fallen.
    smallest: f64,
    idle: usize,
}

impl State {
    fn iterate(&self) -> Iterate<'_> {
        Iterate { x: &self.at.x, f: self.at.f, g: &self.g, step: self.step, radius: self.delta }
    }
}

/// How an attempt ended.
struct End {
    stop: Stop,
    state: State,
    rank_lost: bool,
}

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    let start = first_point(run)?;
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

fn first_point(run: &mut Run<'_>) -> Result<Point, Stop> {
    let x = run.x0().to_vec();
    let m = run.eval.structure().n_residuals().unwrap_or(0);
    let mut r = vec![0.0; m];
    let mut jac = DMatrix::zeros(m, x.len());
    let Some(f) = run.eval.residuals(&x, &mut r)? else { return Err(run.invalid_start(&[])) };
    if !run.eval.jacobian(&x, &mut jac)? {
        let columns: Vec<f64> = jac.column_iter().map(|column| column.sum()).collect();
        return Err(run.invalid_start(&columns));
    }
    let sum = dot(&r, &r);
    Ok(Point { x, r, jac, sum, f })
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
    };
    let mut trial = start.clone();
    let mut held = vec![false; n];
    let mut rank_at_start = None;
    loop {
        differentiate(run, &mut state);
        if rank_at_start.is_none() {
            let scaled: Vec<f64> = (0..n).map(|j| state.d[j] * state.at.x[j]).collect();
            let size = norm(&scaled);
            state.delta = factor * if size > 0.0 { size } else { 1.0 };
        }
        run.record(&state.iterate())?;
        let model = local_model(run, &state, &mut held);
        let first_rank = *rank_at_start.get_or_insert(model.rank);
        note_progress(&mut state, &model);
        let rounding = Rounding::new(&state, &held, run.eval.structure().residual_scale());
        let test = run
            .test_gradient(&state.iterate())
            .or_else(|| run.test_floor(&state.iterate(), &rounding.gradient_floor));
        let finished = is_exhausted(&state, &model, &rounding, start.sum);
        let moved = match &test {
            Some(_) if finished => false,
            None if state.idle >= 2 * MAX_IDLE => false,
            _ => {
                run.check_limits(&state.iterate())?;
                step(run, &mut state, &model, &rounding, &mut trial)?
            }
        };
        if !moved {
            let stop = test.unwrap_or_else(|| run.stalled("no step lowers the sum of squares"));
            let rank_lost = model.rank < first_rank && state.at.sum > 1e-12 * start.sum;
            return Ok(End { stop, state, rank_lost });
        }
    }
}

/// `g = 2 scale J'r`, and the columns' largest norms so far.
fn differentiate(run: &Run<'_>, state: &mut State) {
    let scale = run.eval.structure().residual_scale();
    let m = state.at.r.len();
    for j in 0..state.g.len() {
        let column = &state.at.jac.as_slice()[j * m..(j + 1) * m];
        state.g[j] = 2.0 * scale * dot(column, &state.at.r);
        let largest = state.d[j].max(norm(column));
        state.d[j] = if largest == 0.0 { 1.0 } else { largest };
    }
}

/// The linear model in the variables that are not held by a bound, which the gradient points out of.
fn local_model(run: &Run<'_>, state: &State, held: &mut [bool]) -> LinearModel {
    let mut jac = state.at.jac.clone();
    if let Some((lower, upper)) = run.bounds() {
        for j in 0..held.len() {
            let (x, g) = (state.at.x[j], state.g[j]);
            held[j] = (x <= lower[j] && g >= 0.0) || (x >= upper[j] && g <= 0.0);
            if held[j] {
                jac.column_mut(j).fill(0.0);
            }
        }
    }
    LinearModel::new(jac, &state.at.r)
}

fn note_progress(state: &mut State, model: &LinearModel) {
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
        || model.reducible.powi(2) <= 1e-30 * start_sum
        || state.idle >= MAX_IDLE
}

/// Tries steps until one is accepted; false where none is, because the radius has reached rounding.
fn step(
    run: &mut Run<'_>,
    state: &mut State,
    model: &LinearModel,
    rounding: &Rounding,
    trial: &mut Point,
) -> Result<bool, Stop> {
    let noise =
        10.0 * f64::EPSILON * state.at.sum + 2.0 * state.at.sum.sqrt() * rounding.residuals;
    let mut refusals = 0;
    for _ in 0..MAX_TRIALS {
        let proposed = model.step(&state.d, state.delta, state.lambda);
        state.lambda = proposed.lambda;
        let (p, clipped) = move_to(run, state, &proposed, &mut trial.x);
        if trial.x == state.at.x || !norm(&p).is_finite() {
            return Ok(false);
        }
        if state.step == 0.0 {
            state.delta = state.delta.min(proposed.scaled_length);
        }
        let predicted = predicted_reduction(state, &proposed, &p, clipped);
        let Some(f) = run.eval.residuals(&trial.x, &mut trial.r)? else {
            shrink(state, 0.25 * proposed.scaled_length);
            continue;
        };
        (trial.f, trial.sum) = (f, dot(&trial.r, &trial.r));
        let actual = state.at.sum - trial.sum;
        let ratio = if predicted + noise > 0.0 { (actual + noise) / (predicted + noise) } else { -1.0 };
        update_radius(state, &proposed, ratio, actual, predicted);
        if ratio < ACCEPT {
            continue;
        }
        if !run.eval.jacobian(&trial.x, &mut trial.jac)? {
            shrink(state, 0.25 * proposed.scaled_length);
            continue;
        }
        if refusals < MAX_REFUSALS && loses_a_column(&state.at.jac, &trial.jac) {
            refusals += 1;
            shrink(state, 0.25 * proposed.scaled_length);
            continue;
        }
        state.step = norm(&p);
        std::mem::swap(&mut state.at, trial);
        return Ok(true);
    }
    Ok(false)
}

/// `x_new = P(x + p)`; gives the step that was really made, and whether a bound cut it.
fn move_to(
    run: &Run<'_>,
    state: &State,
    proposed: &DampedStep,
    x_new: &mut [f64],
) -> (Vec<f64>, bool) {
    for ((new, x), p) in x_new.iter_mut().zip(&state.at.x).zip(&proposed.p) {
        *new = x + p;
    }
    if run.bounds().is_none() {
        return (proposed.p.clone(), false);
    }
    let free = x_new.to_vec();
    clip(x_new, run.bounds());
    let p = x_new.iter().zip(&state.at.x).map(|(new, x)| new - x).collect();
    (p, free != x_new)
}

/// `|r|^2 - |r + J p|^2`. For a step that is not cut this is `|J p|^2 + 2 lambda |D p|^2`, free of
/// cancellation (More 1978, eq. 4.3).
fn predicted_reduction(state: &State, proposed: &DampedStep, p: &[f64], clipped: bool) -> f64 {
    let change = &state.at.jac * DVector::from_column_slice(p);
    let change_squared = change.norm_squared();
    if clipped {
        -2.0 * dot(change.as_slice(), &state.at.r) - change_squared
    } else {
        change_squared + 2.0 * proposed.lambda * proposed.scaled_length.powi(2)
    }
}

fn shrink(state: &mut State, delta: f64) {
    state.lambda *= state.delta / delta;
    state.delta = delta;
}

/// MINPACK's rule (More 1978, sec. 4): shrinks to the minimizer of a parabola, within [0.1, 0.5], after a poor
/// step; doubles the step after a good one.
fn update_radius(
    state: &mut State,
    proposed: &DampedStep,
    ratio: f64,
    actual: f64,
    predicted: f64,
) {
    let length = proposed.scaled_length;
    if ratio <= 0.25 {
        // The slope along p at 0 is -(predicted + |J p|^2 + ...) / 2 at least; half the prediction serves.
        let slope = -0.5 * predicted.max(0.0) - 0.5 * proposed.lambda * length * length;
        let factor = if actual >= 0.0 { 0.5 } else { 0.5 * slope / (slope + 0.5 * actual) };
        let factor = if factor.is_nan() { 0.1 } else { factor.clamp(0.1, 0.5) };
        shrink(state, factor * state.delta.min(10.0 * length));
    } else if proposed.lambda == 0.0 || ratio >= 0.75 {
        state.delta = 2.0 * length;
        state.lambda *= 0.5;
    }
}

fn loses_a_column(before: &DMatrix<f64>, after: &DMatrix<f64>) -> bool {
    before
        .column_iter()
        .zip(after.column_iter())
        .any(|(before, after)| after.norm() < VANISHED * before.norm())
}

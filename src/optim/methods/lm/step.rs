//! One accepted step of Levenberg-Marquardt: the trials, the radius, and what makes a trial acceptable.
//!
//! In come a point with its linear model ([`LinearModel`]) and, where residuals stay large, the model with the
//! exact Hessian ([`SecondOrder`]); out comes the next point, or the news that there is none. After a step
//! whose model predicted badly the other model predicts the same step, and the better one leads from then
//! on (Dennis, Gay & Welsch 1981, sec. 4). Where differences of `|r|^2` are rounding noise, values cannot
//! tell a good step from a bad one, and the scaled gradient `|D^-1 J'r|` must fall instead.

use super::State;
use crate::memory;
use crate::optim::methods::squares_point::{Point, scale_of};
use crate::optim::run::Run;
use crate::optim::squares::damped_step::LinearModel;
use crate::optim::status::Stop;
use crate::optim::trust::eigen::symmetric_eigen;
use crate::optim::trust::region_loop::{ACCEPT, NOISE, ratio, shrinkage};
use crate::optim::trust::trust_region::Subproblem;
use crate::optim::vector::{dot, norm};
use nalgebra::{DMatrix, DVector};
use std::cell::OnceCell;

/// At or below the first ratio the radius shrinks to a share of the step within the range, from the second on it is twice
/// the step (MINPACK's constants, More 1978, sec. 4).
const SHRINK_GROW: (f64, f64) = (0.25, 0.75);
const SHRINKAGE: (f64, f64) = (0.1, 0.5);
/// The radius after a step to where f or J is not finite, or that is refused for another reason.
const REFUSED: f64 = 0.25;
/// A column of J that shrinks to this share of its norm in one step has lost its influence.
const VANISHED: f64 = 1e-4;
/// So many steps in a row may be refused for that; afterwards the data insist.
const MAX_REFUSALS: usize = 20;
/// Trial steps from one point; each shortens the radius by half or more.
const MAX_TRIALS: usize = 60;
/// A model whose prediction is off by more than these ratios is held against the other.
const GOOD_RATIO: (f64, f64) = (0.75, 1.5);
/// The other model leads if its prediction errs less by this factor (Dennis, Gay & Welsch 1981).
const BETTER: f64 = 1.5;
/// Residuals are large where the linear model leaves more than this share of their squares.
const LARGE: f64 = 0.1;
/// Steps in a row that lower `|r|^2` by less than `SMALL_FALL` of it, after which it counts as large, too.
const MAX_SMALL_FALLS: usize = 2;
const SMALL_FALL: f64 = 0.05;

/// Curvature is visible above this share of the largest, in scaled variables.
const CONVEX: f64 = 1e-6;

/// A step that a model proposes.
struct Proposal {
    p: Vec<f64>,
    lambda: f64,
    /// `|D p|`.
    length: f64,
    /// The predicted fall of `|r|^2`.
    predicted: f64,
    /// What `|r|^2` falls by to first order, `-2 r'J p`.
    first_order: f64,
}

/// The quadratic model with the exact Hessian in scaled variables `q = D p`:
///
/// ```text
/// 1/2 |r(x + p)|^2 = 1/2 |r|^2 + (D^-1 J'r)'q + 1/2 q' (D^-1 H D^-1) q,    H = Hessian of f / (2 scale)
/// ```
pub(super) struct SecondOrder {
    h: DMatrix<f64>,
    g: Vec<f64>,
}

impl SecondOrder {
    /// From the Hessian `hessian` and gradient `g` of f; variables held by bounds are taken out.
    pub fn new(hessian: &DMatrix<f64>, scale: f64, g: &[f64], d: &[f64], held: &[bool]) -> Self {
        let n = g.len();
        let half = 0.5 / scale;
        let h = DMatrix::from_fn(n, n, |i, j| match (held[i] || held[j], i == j) {
            (false, _) => half * hessian[(i, j)] / (d[i] * d[j]),
            (true, true) => 1.0,
            (true, false) => 0.0,
        });
        let g = (0..n).map(|j| if held[j] { 0.0 } else { half * g[j] / d[j] }).collect();
        SecondOrder { h, g }
    }

    /// Whether every eigenvalue is visibly above zero.
    pub fn is_convex(&self) -> bool {
        let values = symmetric_eigen(self.h.clone()).values;
        values.min() > CONVEX * values.amax()
    }

    /// The minimizer of the model in the original variables, where it has one.
    pub fn newton(&self, d: &[f64]) -> Option<Vec<f64>> {
        let q = Subproblem::new(&self.h, &self.g).newton_step()?;
        Some(q.iter().zip(d).map(|(q, d)| q / d).collect())
    }

    /// The predicted fall of `|r|^2` for the step p.
    fn predict(&self, p: &[f64], d: &[f64]) -> f64 {
        let q = DVector::from_iterator(p.len(), p.iter().zip(d).map(|(p, d)| p * d));
        -2.0 * dot(&self.g, q.as_slice()) - q.dot(&(&self.h * &q))
    }

    /// The exact minimizer of the model within the radius.
    fn propose(&self, model: &mut Subproblem<'_>, d: &[f64], delta: f64) -> Proposal {
        let step = model.solve(delta);
        let first_order = -2.0 * dot(&self.g, step.p.as_slice());
        Proposal {
            p: step.p.iter().zip(d).map(|(q, d)| q / d).collect(),
            lambda: step.lambda,
            length: step.length,
            predicted: -2.0 * step.model,
            first_order,
        }
    }
}

/// Tries steps until one is accepted and `state` has moved; false where none is.
///
/// `rounding` is the norm of the rounding errors of the residuals; `trial` and `curvature` are scratch space.
pub(super) fn step(
    run: &mut Run<'_>,
    state: &mut State,
    (linear, held): (&LinearModel, &[bool]),
    rounding: f64,
    (trial, curvature): (&mut Point, &mut DMatrix<f64>),
) -> Result<bool, Stop> {
    let noise = NOISE * state.at.sum + 2.0 * state.at.sum.sqrt() * rounding;
    let gradient = scaled_gradient(&state.at, &state.d);
    let second = OnceCell::new();
    let mut region = None;
    let mut refusals = 0;
    for _ in 0..MAX_TRIALS {
        let newton = match state.newton {
            true => second_order(run, state, held, curvature, &second)?,
            false => None,
        };
        let mut proposal = match newton {
            Some(model) => {
                let region = region.get_or_insert_with(|| Subproblem::new(&model.h, &model.g));
                model.propose(region, &state.d, state.delta)
            }
            None => propose_linear(state, linear),
        };
        state.lambda = proposal.lambda;
        move_to(run, state, newton, &mut proposal, &mut trial.x);
        if trial.x == state.at.x || !proposal.length.is_finite() {
            return Ok(false);
        }
        if state.step == 0.0 {
            state.delta = state.delta.min(proposal.length);
        }
        if !trial.evaluate(run)? {
            shrink(state, REFUSED * proposal.length);
            continue;
        }
        let actual = state.at.sum - trial.sum;
        let is_fall = proposal.predicted + noise > 0.0;
        let ratio = if is_fall { ratio(actual, proposal.predicted, noise) } else { -1.0 };
        let accepted = ratio >= ACCEPT;
        let good = (GOOD_RATIO.0..=GOOD_RATIO.1).contains(&ratio);
        if !good && !state.is_settled() && proposal.predicted > noise && is_large(state, linear) {
            let other = match newton {
                Some(_) => Some(predict_linear(state, &proposal.p)),
                None => second_order(run, state, held, curvature, &second)?
                    .map(|model| model.predict(&proposal.p, &state.d)),
            };
            let error = (proposal.predicted - actual).abs();
            if other.is_some_and(|other| BETTER * (other - actual).abs() < error) {
                state.newton = newton.is_none();
                if !accepted {
                    // The same radius for the better model.
                    continue;
                }
            }
        }
        update_radius(state, &proposal, ratio, actual);
        if !accepted {
            continue;
        }
        if !trial.differentiate(run)? {
            shrink(state, REFUSED * proposal.length);
            continue;
        }
        let lost = refusals < MAX_REFUSALS && loses_a_column(&state.at.jac, &trial.jac);
        let drowned = proposal.predicted <= noise && actual <= noise;
        if lost || (drowned && scaled_gradient(trial, &state.d) >= gradient) {
            refusals += 1;
            shrink(state, REFUSED * proposal.length);
            continue;
        }
        state.step = norm(&proposal.p);
        let small = actual < SMALL_FALL * state.at.sum;
        state.small_falls = if small { state.small_falls + 1 } else { 0 };
        std::mem::swap(&mut state.at, trial);
        return Ok(true);
    }
    Ok(false)
}

/// Whether residuals will stay large, as far as one can tell here: the linear model leaves much of them, or
/// they hardly fall. Otherwise Gauss-Newton is the better model in the end.
fn is_large(state: &State, linear: &LinearModel) -> bool {
    linear.reducible.powi(2) < (1.0 - LARGE) * state.at.sum || state.small_falls >= MAX_SMALL_FALLS
}

/// The model with the exact Hessian at the current point, evaluated at most once; `None` without a Hessian.
fn second_order<'c>(
    run: &mut Run<'_>,
    state: &State,
    held: &[bool],
    hessian: &mut DMatrix<f64>,
    cell: &'c OnceCell<Option<SecondOrder>>,
) -> Result<Option<&'c SecondOrder>, Stop> {
    if cell.get().is_none() {
        let mut model = None;
        if run.eval.hessian_kind().is_dense() {
            let n = state.g.len();
            if hessian.is_empty() {
                memory::need_square(n, 2, "the Hessian of `lm`");
                *hessian = DMatrix::zeros(n, n);
            }
            if run.eval.hessian(&state.at.x, hessian)? {
                let scale = scale_of(run);
                model = Some(SecondOrder::new(hessian, scale, &state.g, &state.d, held));
            }
        }
        return Ok(cell.get_or_init(|| model).as_ref());
    }
    Ok(cell.get().and_then(Option::as_ref))
}

/// The Levenberg-Marquardt step. The prediction `|J p|^2 + 2 lambda |D p|^2` is free of cancellation (More
/// 1978, sec. 4).
fn propose_linear(state: &State, linear: &LinearModel) -> Proposal {
    let step = linear.step(&state.d, state.delta, state.lambda);
    let change = (&state.at.jac * DVector::from_column_slice(&step.p)).norm_squared();
    let damping = step.lambda * step.scaled_length * step.scaled_length;
    Proposal {
        p: step.p,
        lambda: step.lambda,
        length: step.scaled_length,
        predicted: change + 2.0 * damping,
        first_order: 2.0 * (change + damping),
    }
}

/// The fall of `|r|^2` that the linear model predicts for the step p, `-2 r'J p - |J p|^2`.
fn predict_linear(state: &State, p: &[f64]) -> f64 {
    let change = &state.at.jac * DVector::from_column_slice(p);
    -2.0 * dot(change.as_slice(), &state.at.r) - change.norm_squared()
}

/// `x_new = P(x + p)`; where a bound cuts the step, the proposal becomes what is left of it, with the
/// prediction of its model.
fn move_to(
    run: &Run<'_>,
    state: &State,
    newton: Option<&SecondOrder>,
    proposal: &mut Proposal,
    x_new: &mut [f64],
) {
    for ((new, x), p) in x_new.iter_mut().zip(&state.at.x).zip(&proposal.p) {
        *new = x + p;
    }
    let Some(bounds) = run.bounds().filter(|bounds| !bounds.contains(x_new)) else {
        return;
    };
    bounds.clip(x_new);
    for ((p, new), x) in proposal.p.iter_mut().zip(&*x_new).zip(&state.at.x) {
        *p = new - x;
    }
    let change = &state.at.jac * DVector::from_column_slice(&proposal.p);
    proposal.first_order = -2.0 * dot(change.as_slice(), &state.at.r);
    proposal.predicted = match newton {
        Some(model) => model.predict(&proposal.p, &state.d),
        None => proposal.first_order - change.norm_squared(),
    };
}

/// Sets a smaller radius; the guess of the damping grows in proportion.
fn shrink(state: &mut State, delta: f64) {
    state.lambda *= state.delta / delta;
    state.delta = delta;
}

/// MINPACK's rule (More 1978, sec. 4), which differs from that of [`Region`](crate::optim::trust::region_loop::Region) in
/// what is shared out after a poor step and in that the radius follows a good one both ways.
fn update_radius(state: &mut State, proposal: &Proposal, ratio: f64, actual: f64) {
    if ratio <= SHRINK_GROW.0 {
        let share = shrinkage(-proposal.first_order, -actual, SHRINKAGE);
        shrink(state, share * state.delta.min(10.0 * proposal.length));
    } else if proposal.lambda == 0.0 || ratio >= SHRINK_GROW.1 {
        state.delta = 2.0 * proposal.length;
        state.lambda *= 0.5;
    }
}

/// `|D^-1 J'r|`.
pub(super) fn scaled_gradient(point: &Point, d: &[f64]) -> f64 {
    let m = point.r.len();
    let columns = d.iter().enumerate();
    let entries: Vec<f64> = columns
        .map(|(j, dj)| dot(&point.jac.as_slice()[j * m..(j + 1) * m], &point.r) / dj)
        .collect();
    norm(&entries)
}

fn loses_a_column(before: &DMatrix<f64>, after: &DMatrix<f64>) -> bool {
    before
        .column_iter()
        .zip(after.column_iter())
        .any(|(before, after)| after.norm() < VANISHED * before.norm())
}

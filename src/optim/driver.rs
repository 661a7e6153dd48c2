//! The driver: one call from a problem and a start point to a [`Solution`].
//!
//! In come a [`Problem`], a start, a row of the registry, checked options and a [`Control`]; out comes a
//! solution with its status in words. The driver checks that problem and method fit, moves the start into
//! the bounds, lends the method a [`Run`], and puts together what is left when the method ends. It contains
//! no iteration.

use super::judge::review::review;
use super::method::{MethodDef, Need};
use super::options::Options;
use super::run::{Ended, Run};
use super::settled::Scales;
pub use super::solution::Solution;
use super::status::{Status, Stop};
use super::trace::Trace;
use super::vector::norm_inf;
use crate::memory;
use crate::optim::update::{OnProgress, Step, Training};
use crate::patience::{self, Stopped};
use crate::problem::{
    Bounds, Evaluations, Evaluator, Halt, HessianKind, MAX_DENSE_HESSIAN, Problem,
};
use crate::random::Stream;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What reaches into a run from outside.
#[derive(Clone, Debug)]
pub struct Control {
    /// Raised by anyone who wants the run to stop at its next evaluation.
    pub interrupt: Option<Arc<AtomicBool>>,
    /// What methods that draw at random draw from.
    pub random: Stream,
}

impl Default for Control {
    /// Never interrupted, seed 0.
    fn default() -> Self {
        Control { interrupt: None, random: Stream::new(0).split("solvers") }
    }
}

/// Why a method cannot run on a problem at all.
#[derive(Clone, Debug, PartialEq)]
pub enum Misfit {
    /// The start has `found` entries for `expected` variables.
    StartLength {
        /// What is wanted.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// The problem does not offer what the method needs.
    Unmet {
        /// The method.
        method: &'static str,
        /// What it needs.
        need: Need,
    },
    /// The method would store the Hessian of `n` variables as a dense matrix, which is too large.
    TooLarge {
        /// The method.
        method: &'static str,
        /// The number of variables.
        n: usize,
    },
    /// The problem has bounds, which the method does not keep.
    Bounds {
        /// The method.
        method: &'static str,
    },
    /// The bounds of a variable contradict each other, are NaN, or there are not n of each.
    BadBounds {
        /// The variable, from 0.
        variable: usize,
    },
}

impl fmt::Display for Misfit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misfit::StartLength { expected, found } => {
                write!(out, "expected a start with {expected} entries, found {found}")
            }
            Misfit::Unmet { method, need } => {
                write!(out, "method {method} needs {}, which the problem has not", need.name())
            }
            Misfit::TooLarge { method, n } => {
                write!(out, "method {method} would store a dense Hessian of {n} by {n}")
            }
            Misfit::Bounds { method } => write!(out, "method {method} does not keep bounds"),
            Misfit::BadBounds { variable } => {
                write!(out, "variable {} has no point between its bounds", variable + 1)
            }
        }
    }
}

impl std::error::Error for Misfit {}

/// About so many vectors as long as `x` does any method hold.
const VECTORS: usize = 20;

/// Minimizes `problem` from `x0` (n entries, moved into the bounds where outside).
///
/// Every way a run can go is a [`Solution`] with its [`Status`]; a [`Misfit`] is returned only where the
/// method cannot start at all. The overhead beside evaluations is a few allocations and what the method
/// costs per iteration.
pub fn minimize(
    problem: &mut dyn Problem,
    x0: &[f64],
    method: &'static MethodDef,
    options: &Options,
    control: &Control,
) -> Result<Solution, Misfit> {
    minimize_by(problem, x0, method, options, control, By::default())
}

/// What a method is given that is a formula.
#[derive(Default)]
pub struct By<'p> {
    /// Its update.
    pub update: Option<&'p mut dyn Step>,
    /// Or its steps over batches.
    pub training: Option<&'p mut dyn Training>,
    /// Who is told how far these have come.
    pub progress: Option<OnProgress>,
}

/// [`minimize`] by a method whose update is given.
///
/// # Errors
///
/// As those of [`minimize`].
pub fn minimize_by<'p>(
    problem: &'p mut dyn Problem,
    x0: &[f64],
    method: &'static MethodDef,
    options: &'p Options,
    control: &Control,
    by: By<'p>,
) -> Result<Solution, Misfit> {
    let bounds = check_fit(problem, x0, method)?;
    memory::need_numbers(x0.len().saturating_mul(VECTORS), "the vectors of the method");
    let mut start = x0.to_vec();
    if let Some(bounds) = &bounds {
        bounds.clip(&mut start);
    }
    let eval = Evaluator::new(problem, options.max_time, control.interrupt.clone());
    let mut run = Run::new(eval, options, start.clone(), bounds);
    run.random = control.random.clone();
    run.update = by.update;
    run.training = by.training;
    run.progress = by.progress;
    // An evaluation, or the algebra of a step, may be ended from within; the run still holds the best point.
    let stop = match patience::attempt(|| (method.entry)(&mut run)) {
        Ok(Ok(stop) | Err(stop)) => stop,
        Err(Stopped) => Stop::from(run.eval.check().err().unwrap_or(Halt::Interrupted)),
    };

    let Ended { best, trace, iterations, eval, f_start, reach } = run.finish();
    let (x, value, gradient, stationarity) = match best {
        Some(best) => (best.x, best.f, best.g, best.stationarity),
        None => (start, f64::NAN, Vec::new(), f64::NAN),
    };
    let (evaluations, time) = (eval.counts(), eval.elapsed());
    let mut end = Solution {
        grad_norm: if gradient.len() != x.len() { f64::NAN } else { norm_inf(&gradient) },
        x,
        value,
        gradient,
        stationarity,
        is_stationary: stop.status == Status::Converged,
        levels_off: false,
        status: stop.status,
        message: stop.message,
        iterations,
        evaluations,
        time,
        trace,
        method: method.name,
    };
    let is_local = method.family != "no derivatives";
    let is_loose = is_local && (options.ftol > 0.0 || options.xtol > 0.0);
    let fallen = if f_start.is_nan() { 0.0 } else { (f_start - end.value).abs() };
    let scales = Scales { fallen, reach: &reach, gtol: options.gtol, leniency: 1.0 };
    let problem = eval.into_problem();
    if patience::attempt(|| review(problem, &mut end, &scales, is_loose)).is_err() {
        // A claim that was not looked at to its end is none.
        let stop = Stop::from(Halt::Interrupted);
        (end.status, end.message) = (stop.status, stop.message);
        (end.is_stationary, end.levels_off) = (false, false);
    }
    Ok(end)
}

/// The end of a run that was stopped before its first evaluation.
pub fn not_begun(x0: &[f64], method: &'static MethodDef, halt: Halt) -> Solution {
    let stop = Stop::from(halt);
    Solution {
        x: x0.to_vec(),
        value: f64::NAN,
        grad_norm: f64::NAN,
        gradient: Vec::new(),
        stationarity: f64::NAN,
        is_stationary: false,
        levels_off: false,
        status: stop.status,
        message: stop.message,
        iterations: 0,
        evaluations: Evaluations::default(),
        time: 0.0,
        trace: Trace::default(),
        method: method.name,
    }
}

/// Whether the method can run at all; gives the bounds, `None` where all are infinite.
fn check_fit(
    problem: &mut dyn Problem,
    x0: &[f64],
    method: &'static MethodDef,
) -> Result<Option<Bounds>, Misfit> {
    let n = problem.n_vars();
    if x0.len() != n {
        return Err(Misfit::StartLength { expected: n, found: x0.len() });
    }
    if let Some(need) = method.unmet_need(problem) {
        // There is a Hessian, though not in this form.
        let another = problem.has_hessian_vector() || problem.hessian_kind() != HessianKind::None;
        return Err(match need == Need::DenseHessian && another && n > MAX_DENSE_HESSIAN {
            true => Misfit::TooLarge { method: method.name, n },
            false => Misfit::Unmet { method: method.name, need },
        });
    }
    let Some(bounds) = problem.bounds() else {
        return Ok(None);
    };
    if let Some(variable) = bounds.fault(n) {
        return Err(Misfit::BadBounds { variable });
    }
    if bounds.is_free() {
        return Ok(None);
    }
    if !method.accepts_bounds {
        return Err(Misfit::Bounds { method: method.name });
    }
    Ok(Some(bounds.clone()))
}

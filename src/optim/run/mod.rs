//! The run: what the driver lends to a method while it iterates.
//!
//! In comes an [`Iterate`] after every step; the run adds a row to the trace, keeps the best point, and ends
//! the iteration by an `Err(Stop)` when a test passed or a limit was met. So a method holds no limit and no
//! tolerance of its own:
//!
//! ```text
//! let (mut x, mut f, mut g) = run.first_point()?;       // tests the start, too
//! loop { ...one step...; run.accept(&iterate)?; }
//! ```
//!
//! Convergence is `max_i |g_i| <= gtol * max(1, |f|)`, over the entries that no bound holds, together with a test
//! that is free of units (see [`settled`](super::settled)). The run may not know which method it serves.

mod convergence;

pub use convergence::is_held;

use super::options::Options;
use super::settled::Outlook;
use super::status::{Status, Stop};
use super::trace::{EpochRow, Trace, TraceRow, TraceStep};
use super::vector::norm_inf;
use crate::optim::update::{OnProgress, Step, Training};
use crate::problem::{Bounds, Evaluator};
use crate::random::Stream;

/// Below `-UNBOUNDED * max(1, |f(x0)|)` the objective counts as unbounded.
const UNBOUNDED: f64 = 1e20;
/// Entries of x beyond this count as divergence.
const RUNAWAY: f64 = 1e150;
/// So many iterations may pass without a lower value or a smaller gradient.
const PATIENCE: usize = 100;
/// The points of a run are kept for `explain` where there are at most so many unknowns.
const MAX_EXPLAINED: usize = 10;

/// An accepted point. `g` may be empty for methods without gradients.
#[derive(Clone, Copy, Debug)]
pub struct Iterate<'a> {
    /// The point, n entries.
    pub x: &'a [f64],
    /// f there.
    pub f: f64,
    /// The gradient there, n entries; empty where the method uses none.
    pub g: &'a [f64],
    /// The Euclidean length of the step that led here.
    pub step: f64,
    /// The trust-region radius, or NaN.
    pub radius: f64,
    /// How the step was found.
    pub how: How,
}

/// The numbers of the step that led to a point, for explaining it; NaN where the method has none.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// The step length along the direction.
    pub alpha: f64,
    /// The damping.
    pub lambda: f64,
}

impl Default for How {
    fn default() -> Self {
        How { alpha: f64::NAN, lambda: f64::NAN }
    }
}

impl<'a> Iterate<'a> {
    /// A point of a method that uses values alone.
    pub fn without_gradient(x: &'a [f64], f: f64, step: f64) -> Self {
        Iterate { x, f, g: &[], step, radius: f64::NAN, how: How::default() }
    }
}

/// A point kept for the solution.
#[derive(Clone, Debug)]
pub struct Best {
    /// The point, n entries.
    pub x: Vec<f64>,
    /// f there.
    pub f: f64,
    /// The gradient there, n entries; empty where the method uses none.
    pub g: Vec<f64>,
    /// The largest absolute entry of the (projected) gradient; NaN without a gradient.
    pub stationarity: f64,
}

/// What is left of a run.
pub struct Ended<'p> {
    /// The point to report; none where nothing was evaluated.
    pub best: Option<Best>,
    /// The rows so far.
    pub trace: Trace,
    /// Iterations done.
    pub iterations: usize,
    /// Evaluations, counted and limited.
    pub eval: Evaluator<'p>,
    /// f at the start; NaN where it was never evaluated.
    pub f_start: f64,
    /// The largest absolute value that each entry of x has had.
    pub reach: Vec<f64>,
}

/// The state of one solve that is not the method's.
pub struct Run<'p> {
    /// Evaluations, counted and limited.
    pub eval: Evaluator<'p>,
    /// The draws of methods that need some.
    pub random: Stream,
    /// The update of a method that is given as a formula.
    pub update: Option<&'p mut dyn Step>,
    /// The steps of a method that trains by batches.
    pub training: Option<&'p mut dyn Training>,
    /// Who is told how far a training has come.
    pub progress: Option<OnProgress>,
    options: &'p Options,
    x0: Vec<f64>,
    bounds: Option<Bounds>,
    iterations: usize,
    trace: Trace,
    best: Option<Best>,
    f_start: f64,
    /// The largest absolute value that each entry of x has had.
    reach: Vec<f64>,
    /// Points in a row at which f had nothing visible to gain, and steps were long.
    drift: usize,
    smallest_gradient: f64,
    idle: usize,
    patience: usize,
    keeps_last: bool,
}

impl<'p> Run<'p> {
    /// A run from `x0` (already inside `bounds`).
    pub fn new(
        eval: Evaluator<'p>,
        options: &'p Options,
        x0: Vec<f64>,
        bounds: Option<Bounds>,
    ) -> Self {
        Run {
            eval,
            random: Stream::new(0),
            update: None,
            training: None,
            progress: None,
            options,
            x0,
            bounds,
            iterations: 0,
            trace: Trace::default(),
            best: None,
            f_start: f64::NAN,
            reach: Vec::new(),
            drift: 0,
            smallest_gradient: f64::INFINITY,
            idle: 0,
            patience: PATIENCE,
            keeps_last: false,
        }
    }

    /// The options of the run.
    pub fn options(&self) -> &'p Options {
        self.options
    }

    /// The start point.
    pub fn x0(&self) -> &[f64] {
        &self.x0
    }

    /// The bounds, where there are any.
    pub fn bounds(&self) -> Option<&Bounds> {
        self.bounds.as_ref()
    }

    /// Moves `x: n` into the bounds.
    pub fn clip(&self, x: &mut [f64]) {
        if let Some(bounds) = &self.bounds {
            bounds.clip(x);
        }
    }

    /// Iterations done so far.
    pub fn iterations(&self) -> usize {
        self.iterations
    }

    /// Switches off the guard against iterations without progress, for methods that may wander.
    pub fn wander(&mut self) {
        self.patience = usize::MAX;
    }

    /// Reports the last point, not the best: a training method ends where its steps have led.
    pub fn keep_last(&mut self) {
        self.keeps_last = true;
    }

    /// The value below which the objective counts as unbounded.
    pub fn unbounded_below(&self) -> f64 {
        -UNBOUNDED * self.f_start.abs().max(1.0)
    }

    /// Evaluates and tests the start point, of which no model knows anything: `(x, f, g)`.
    pub fn first_point(&mut self) -> Result<(Vec<f64>, f64, Vec<f64>), Stop> {
        let (x, f, g) = self.first_evaluation()?;
        self.accept(
            &Iterate { x: &x, f, g: &g, step: 0.0, radius: f64::NAN, how: How::default() },
            &mut |_| Outlook::Unknown,
        )?;
        Ok((x, f, g))
    }

    /// Evaluates the start point without testing it. A start where f or a gradient entry is not finite ends
    /// the run with `invalid_start`.
    pub fn first_evaluation(&mut self) -> Result<(Vec<f64>, f64, Vec<f64>), Stop> {
        let x = self.x0.clone();
        let mut g = vec![0.0; x.len()];
        match self.eval.value_gradient(&x, &mut g)? {
            Some(f) => Ok((x, f, g)),
            None => Err(self.invalid_start(&g)),
        }
    }

    /// Evaluates and records the start point of a method that uses values alone: `(x, f)`. Such a method may
    /// wander, and ends by a test of its own.
    pub fn first_value(&mut self) -> Result<(Vec<f64>, f64), Stop> {
        self.wander();
        let x = self.x0.clone();
        let Some(f) = self.eval.value(&x)? else {
            return Err(self.invalid_start(&[]));
        };
        self.accept_value(&Iterate::without_gradient(&x, f, 0.0))?;
        Ok((x, f))
    }

    /// What values near 0 are measured by: 1, or how far f has fallen to `f` where that is less.
    pub fn unit_of_values(&self, f: f64) -> f64 {
        let fallen = (self.f_start - f).abs();
        if fallen > 0.0 { fallen.min(1.0) } else { 1.0 }
    }

    /// The largest absolute value that entry j of x has had, or 1 where it has always been 0.
    pub fn unit_of_unknown(&self, j: usize) -> f64 {
        self.reach.get(j).copied().filter(|reach| *reach > 0.0).unwrap_or(1.0)
    }

    /// f(x), infinite where it is not finite.
    pub fn value_or_infinity(&mut self, x: &[f64]) -> Result<f64, Stop> {
        Ok(self.eval.value(x)?.unwrap_or(f64::INFINITY))
    }

    /// The stop for a start that cannot be used; names the first bad gradient entry.
    pub fn invalid_start(&self, g: &[f64]) -> Stop {
        let message = match g.iter().position(|entry| !entry.is_finite()) {
            Some(i) => format!(
                "at the start the derivative by {} is not finite",
                self.eval.structure().var_name(i)
            ),
            None => "at the start the objective is not finite".to_string(),
        };
        Stop::new(Status::InvalidStart, message)
    }

    /// Records an accepted point and applies every test: convergence, divergence and limits. `outlook` gives the
    /// step that the method's model proposes from here.
    pub fn accept(
        &mut self,
        point: &Iterate<'_>,
        outlook: &mut dyn FnMut(usize) -> Outlook,
    ) -> Result<(), Stop> {
        self.record(point)?;
        if let Some(stop) = self.test_gradient(point, outlook) {
            return Err(stop);
        }
        self.check_limits(point)
    }

    /// The same for a method that uses values alone, which has tests of its own.
    pub fn accept_value(&mut self, point: &Iterate<'_>) -> Result<(), Stop> {
        self.record(point)?;
        self.check_limits(point)
    }

    /// The first half of [`accept`](Run::accept): counts the iteration, extends the trace, keeps the best
    /// point; ends the run where f is unbounded or x runs away. For methods with a test of their own between.
    pub fn record(&mut self, point: &Iterate<'_>) -> Result<(), Stop> {
        let stationarity = self.stationarity(point.x, point.g);
        let previous = self.best.as_ref().map(|best| best.f);
        if previous.is_none() {
            self.f_start = point.f;
            self.reach = vec![0.0; point.x.len()];
        } else {
            self.iterations += 1;
        }
        for (reach, x) in self.reach.iter_mut().zip(point.x) {
            *reach = reach.max(x.abs());
        }
        self.push_row(point, stationarity);
        self.note_progress(point.f, stationarity);
        self.keep_if_better(point, stationarity);
        if point.f < self.unbounded_below() {
            return Err(self.unbounded(point.f));
        }
        if norm_inf(point.x) > RUNAWAY {
            let message = "the iterates run away: an entry of x exceeds 1e150";
            return Err(Stop::new(Status::Diverged, message));
        }
        match previous {
            // Methods without gradients hold many points and test their spread.
            Some(before) if !point.g.is_empty() => self.test_progress(point, before - point.f),
            _ => Ok(()),
        }
    }

    /// The limits on iterations and time, the interrupt, and the guard against idling.
    pub fn check_limits(&mut self, point: &Iterate<'_>) -> Result<(), Stop> {
        if self.iterations >= self.options.max_iter {
            let mut message = format!("the limit max_iter = {} was reached", self.options.max_iter);
            if !point.g.is_empty() {
                message += &self.shortfall(point.f, self.stationarity(point.x, point.g));
            }
            return Err(Stop::new(Status::MaxIter, message));
        }
        if self.idle >= self.patience {
            let why = format!("neither f nor the gradient fell in {} iterations", self.idle);
            return Err(self.stalled(&why));
        }
        self.eval.check().map_err(Stop::from)
    }

    /// Counts steps of training, each by a gradient.
    pub fn steps_done(&mut self, steps: usize) {
        self.iterations += steps;
        self.eval.count_gradients(steps);
    }

    /// Adds the row of an epoch to the trace.
    pub fn epoch_row(&mut self, row: EpochRow) {
        if self.options.trace {
            let counts = self.eval.counts();
            self.trace.push(TraceRow {
                iteration: self.iterations,
                value: row.value,
                grad_norm: f64::NAN,
                step: f64::NAN,
                radius: f64::NAN,
                f_evals: counts.f,
                g_evals: counts.grad,
                time: self.eval.elapsed(),
            });
            self.trace.epochs.push(row);
        }
    }

    /// The point to report of a run that tests no points, with its value and gradient (empty where that is not known).
    pub fn report(&mut self, x: &[f64], f: f64, g: &[f64]) {
        if self.f_start.is_nan() {
            self.f_start = f;
            self.reach = x.iter().map(|v| v.abs()).collect();
        }
        let stationarity = if g.is_empty() { f64::NAN } else { self.stationarity(x, g) };
        self.best = Some(Best { x: x.to_vec(), f, g: g.to_vec(), stationarity });
    }

    /// Ends the run.
    pub fn finish(self) -> Ended<'p> {
        let Run { best, trace, iterations, eval, f_start, reach, .. } = self;
        Ended { best, trace, iterations, eval, f_start, reach }
    }

    fn push_row(&mut self, point: &Iterate<'_>, grad_norm: f64) {
        if self.options.trace {
            let counts = self.eval.counts();
            if point.x.len() <= MAX_EXPLAINED {
                self.trace.steps.push(TraceStep {
                    x: point.x.to_vec(),
                    g: point.g.to_vec(),
                    alpha: point.how.alpha,
                    lambda: point.how.lambda,
                });
            }
            self.trace.push(TraceRow {
                iteration: self.iterations,
                value: point.f,
                grad_norm,
                step: point.step,
                radius: point.radius,
                f_evals: counts.f,
                g_evals: counts.grad,
                time: self.eval.elapsed(),
            });
        }
    }

    /// Resets the idle counter where f or the gradient is visibly smaller than ever.
    fn note_progress(&mut self, f: f64, stationarity: f64) {
        let lower = self.best.as_ref().is_none_or(|best| f < best.f - f64::EPSILON * best.f.abs());
        let flatter = stationarity < 0.99 * self.smallest_gradient;
        if flatter {
            self.smallest_gradient = stationarity;
        }
        self.idle = if lower || flatter { 0 } else { self.idle + 1 };
    }

    /// A point is better if it is lower; between values equal up to rounding the flatter one is.
    fn keep_if_better(&mut self, point: &Iterate<'_>, stationarity: f64) {
        let better = match &self.best {
            None => true,
            Some(best) if point.g.is_empty() => point.f < best.f,
            Some(best) => {
                let rounding = 8.0 * f64::EPSILON * best.f.abs();
                let flatter = stationarity <= best.stationarity;
                point.f < best.f - rounding || (point.f <= best.f + rounding && flatter)
            }
        };
        if better || self.keeps_last {
            self.keep(point, stationarity);
        }
    }

    fn keep(&mut self, point: &Iterate<'_>, stationarity: f64) {
        match &mut self.best {
            Some(best) => {
                best.x.copy_from_slice(point.x);
                best.g.clear();
                best.g.extend_from_slice(point.g);
                best.f = point.f;
                best.stationarity = stationarity;
            }
            None => {
                let (x, g) = (point.x.to_vec(), point.g.to_vec());
                self.best = Some(Best { x, f: point.f, g, stationarity });
            }
        }
    }
}

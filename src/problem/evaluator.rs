//! The evaluator: every call a method makes of a problem goes through here.
//!
//! In comes a [`Problem`], a time limit and an interrupt flag; out go values and derivatives, with three
//! promises: every evaluation is counted, a non-finite result is told apart from a usable one, and a limit or
//! an interrupt ends the run, also within an evaluation that takes long. It knows no method and no tolerance.
//!
//! Counting: a value with its gradient is one f and one gradient; residuals are one f, a Jacobian one
//! gradient. The evaluator never evaluates a point again on its own.

use super::{HessianKind, Problem};
use crate::memory;
use crate::patience::Timer;
use nalgebra::DMatrix;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often each function was evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evaluations {
    /// Values and residual vectors.
    pub f: usize,
    /// Gradients and Jacobians.
    pub grad: usize,
    /// Hessians.
    pub hess: usize,
    /// Hessian-vector products.
    pub hv: usize,
}

/// Why no further evaluation takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The time limit has passed.
    MaxTime,
    /// The interrupt flag was raised.
    Interrupted,
}

/// A problem with counts, limits and the rejection of non-finite results.
pub struct Evaluator<'p> {
    problem: &'p mut dyn Problem,
    counts: Evaluations,
    rejected: usize,
    started: Instant,
    deadline: Option<Instant>,
    interrupt: Option<Arc<AtomicBool>>,
    /// Raises the interrupt where an evaluation goes on long after the deadline.
    timer: Option<Timer>,
}

/// Between evaluations the clock is looked at; an evaluation itself is ended so long after the deadline. So the
/// first one, without which there is nothing to return, is done whole even without time if it is short.
const GRACE: Duration = Duration::from_millis(200);

/// Ends what is evaluated from now on soon after `max_time` seconds, by raising `flag`; none where that is never.
pub fn evaluation_timer(flag: &Arc<AtomicBool>, max_time: f64) -> Option<Timer> {
    let time = Duration::try_from_secs_f64(max_time).ok()?;
    Timer::start(flag, time.checked_add(GRACE)?)
}

impl<'p> Evaluator<'p> {
    /// Wraps `problem`; the clock starts now. `max_time` is in seconds and may be infinite.
    pub fn new(
        problem: &'p mut dyn Problem,
        max_time: f64,
        interrupt: Option<Arc<AtomicBool>>,
    ) -> Self {
        let started = Instant::now();
        // A limit too long for the clock is no limit.
        let deadline =
            Duration::try_from_secs_f64(max_time).ok().and_then(|time| started.checked_add(time));
        let timer = interrupt.as_ref().and_then(|flag| evaluation_timer(flag, max_time));
        let counts = Evaluations::default();
        Evaluator { problem, counts, rejected: 0, started, deadline, interrupt, timer }
    }

    /// The evaluations so far.
    pub fn counts(&self) -> Evaluations {
        self.counts
    }

    /// Counts gradients of parts of the objective, which are evaluated elsewhere.
    pub fn count_gradients(&mut self, n: usize) {
        self.counts.f += n;
        self.counts.grad += n;
    }

    /// How many evaluations gave something that is not finite.
    pub fn rejected(&self) -> usize {
        self.rejected
    }

    /// Seconds since the start.
    pub fn elapsed(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Lends the problem to a run of its own, whose evaluations are added here.
    pub fn lend<T>(&mut self, work: impl FnOnce(&mut dyn Problem) -> (T, Evaluations)) -> T {
        let (result, counts) = work(self.problem);
        self.counts.f += counts.f;
        self.counts.grad += counts.grad;
        self.counts.hess += counts.hess;
        self.counts.hv += counts.hv;
        result
    }

    /// Gives the problem back.
    pub fn into_problem(self) -> &'p mut dyn Problem {
        self.problem
    }

    /// The interrupt flag.
    pub fn interrupt(&self) -> Option<Arc<AtomicBool>> {
        self.interrupt.clone()
    }

    /// Seconds until the time limit; infinite without one.
    pub fn time_left(&self) -> f64 {
        let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
        self.deadline.map_or(f64::INFINITY, |deadline| left(deadline).as_secs_f64())
    }

    /// The problem, for its structure (sizes, names, bounds). Evaluations belong to the methods below.
    pub fn structure(&self) -> &dyn Problem {
        self.problem
    }

    /// Whether the time limit has passed or the interrupt flag is up.
    pub fn check(&self) -> Result<(), Halt> {
        memory::poll();
        self.check_flag()?;
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Halt::MaxTime);
        }
        Ok(())
    }

    /// Whether the flag is up, and who raised it.
    fn check_flag(&self) -> Result<(), Halt> {
        if !self.interrupt.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed)) {
            return Ok(());
        }
        let has_rung = self.timer.as_ref().is_some_and(Timer::has_rung);
        Err(if has_rung { Halt::MaxTime } else { Halt::Interrupted })
    }

    /// f(x), or `None` where it is not finite.
    pub fn value(&mut self, x: &[f64]) -> Result<Option<f64>, Halt> {
        self.before()?;
        self.counts.f += 1;
        let f = self.problem.value(x);
        Ok(self.screen(f.is_finite())?.then_some(f))
    }

    /// The gradient alone, at a point whose value is known; false where an entry is not finite.
    pub fn gradient(&mut self, x: &[f64], g: &mut [f64]) -> Result<bool, Halt> {
        self.before()?;
        self.counts.grad += 1;
        self.problem.gradient(x, g);
        self.screen(all_finite(g))
    }

    /// f(x) and its gradient, or `None` where either is not finite.
    pub fn value_gradient(&mut self, x: &[f64], g: &mut [f64]) -> Result<Option<f64>, Halt> {
        self.before()?;
        self.counts.f += 1;
        self.counts.grad += 1;
        let f = self.problem.value_gradient(x, g);
        Ok(self.screen(f.is_finite() && all_finite(g))?.then_some(f))
    }

    /// The Hessian; false where an entry is not finite.
    pub fn hessian(&mut self, x: &[f64], h: &mut DMatrix<f64>) -> Result<bool, Halt> {
        self.before()?;
        self.counts.hess += 1;
        self.problem.hessian(x, h);
        self.screen(all_finite(h.as_slice()))
    }

    /// The form of the Hessian. No evaluation.
    pub fn hessian_kind(&mut self) -> HessianKind {
        self.problem.hessian_kind()
    }

    /// The entries of the Hessian that its pattern names; false where one is not finite.
    pub fn sparse_hessian(&mut self, x: &[f64], values: &mut [f64]) -> Result<bool, Halt> {
        self.before()?;
        self.counts.hess += 1;
        self.problem.sparse_hessian(x, values);
        self.screen(all_finite(values))
    }

    /// The Hessian times `v`; false where an entry is not finite.
    pub fn hessian_vector(&mut self, x: &[f64], v: &[f64], hv: &mut [f64]) -> Result<bool, Halt> {
        self.before()?;
        self.counts.hv += 1;
        self.problem.hessian_vector(x, v, hv);
        self.screen(all_finite(hv))
    }

    /// The residuals, and f from them; `None` where a residual or f is not finite.
    pub fn residuals(&mut self, x: &[f64], r: &mut [f64]) -> Result<Option<f64>, Halt> {
        self.before()?;
        self.counts.f += 1;
        self.problem.residuals(x, r);
        let sum: f64 = r.iter().map(|ri| ri * ri).sum();
        let f = self.problem.squares().map_or(f64::NAN, |s| s.scale * sum + s.offset);
        Ok(self.screen(f.is_finite())?.then_some(f))
    }

    /// The Jacobian of the residuals; false where an entry is not finite.
    pub fn jacobian(&mut self, x: &[f64], jac: &mut DMatrix<f64>) -> Result<bool, Halt> {
        self.before()?;
        self.counts.grad += 1;
        self.problem.jacobian(x, jac);
        self.screen(all_finite(jac.as_slice()))
    }

    /// Whether value, gradient and Gauss-Newton matrix should be asked for together. No evaluation.
    pub fn has_gauss_newton(&mut self) -> bool {
        self.problem.has_gauss_newton()
    }

    /// f(x), its gradient and the Gauss-Newton matrix, or `None` where one is not finite.
    pub fn gauss_newton(
        &mut self,
        x: &[f64],
        g: &mut [f64],
        a: &mut DMatrix<f64>,
    ) -> Result<Option<f64>, Halt> {
        self.before()?;
        self.counts.f += 1;
        self.counts.grad += 1;
        let f = self.problem.gauss_newton(x, g, a);
        let usable = f.is_finite() && all_finite(g) && all_finite(a.as_slice());
        Ok(self.screen(usable)?.then_some(f))
    }

    /// The start point is always evaluated, so that even a run without time has something to return.
    fn before(&self) -> Result<(), Halt> {
        if self.counts.f <= 1 && self.counts.grad == 0 { Ok(()) } else { self.check() }
    }

    /// What an evaluation gives that was ended half-way says nothing about the point.
    fn screen(&mut self, usable: bool) -> Result<bool, Halt> {
        if !usable {
            self.check_flag()?;
            self.rejected += 1;
        }
        Ok(usable)
    }
}

fn all_finite(entries: &[f64]) -> bool {
    entries.iter().all(|entry| entry.is_finite())
}

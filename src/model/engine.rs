//! Expressions ready to be evaluated at points: the one place that decides by what.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::eval::{self, EvalError};
use crate::expr::{ExprId, Graph, SymbolId};
use crate::jit::{self, Alone, Choice, CompileError, Fault, Kernel};
use crate::memory;
use crate::ops;
use crate::patience;
use crate::shape::{Shape, Tensor};

/// Gradients that a test makes wrong on purpose, to see that they are found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spoiled {
    /// None, as everywhere but in tests.
    #[default]
    Nothing,
    /// Those of kernels.
    Compiled,
    /// Those of the plain evaluator as well.
    All,
}

/// What evaluates expressions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Machine code, or blocks where this machine or this build has none.
    Compiled,
    /// The block engine.
    Blocks,
    /// The plain evaluator, which judges the others.
    Plain,
}

/// How expressions are evaluated.
#[derive(Clone)]
pub(crate) struct Engine {
    /// By what.
    pub way: Way,
    /// Threads that kernels may use.
    pub threads: usize,
    /// Raised to stop inside an evaluation.
    pub interrupt: Arc<AtomicBool>,
    /// Gradients that are wrong on purpose.
    pub spoiled: Spoiled,
}

impl Engine {
    /// Whether it is the plain evaluator.
    pub fn is_plain(&self) -> bool {
        self.way == Way::Plain
    }

    /// The plain evaluator instead.
    pub fn plain(&self) -> Engine {
        Engine { way: Way::Plain, ..self.clone() }
    }

    /// Whether its gradients are wrong on purpose.
    pub fn is_spoiled(&self) -> bool {
        self.spoiled == Spoiled::All || (!self.is_plain() && self.spoiled == Spoiled::Compiled)
    }
}

/// What getting ready has taken so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    /// Derivatives and stable forms.
    pub differentiate: Duration,
    /// From expressions to kernels.
    pub schedule: Duration,
    /// From kernels to machine code.
    pub compile: Duration,
}

impl Times {
    /// Adds other times to these.
    pub fn add(&mut self, other: Times) {
        self.differentiate += other.differentiate;
        self.schedule += other.schedule;
        self.compile += other.compile;
    }
}

/// Expressions ready to be evaluated at points.
pub(crate) struct Program {
    /// None where the plain evaluator serves.
    kernel: Option<Box<Kernel>>,
    exprs: Vec<ExprId>,
    inputs: Vec<(SymbolId, Shape)>,
    n_out: usize,
}

impl Program {
    /// Makes `exprs` ready as functions of the entries of `inputs`, or leaves them to the evaluator.
    pub fn new(
        g: &Graph,
        engine: &Engine,
        exprs: &[ExprId],
        inputs: &[SymbolId],
        times: &mut Times,
    ) -> Program {
        let kernel = kernel(g, engine, exprs, inputs).map(Box::new);
        if let Some(kernel) = &kernel {
            times.schedule += kernel.stats().schedule_time;
            times.compile += kernel.stats().compile_time;
        }
        let inputs = inputs.iter().map(|&s| (s, g.symbol(s).shape)).collect();
        let n_out = exprs.iter().map(|&e| g.shape(e).len()).sum();
        Program { kernel, exprs: exprs.to_vec(), inputs, n_out }
    }

    /// Numbers in the output vector.
    pub fn n_out(&self) -> usize {
        self.n_out
    }

    /// All expressions at `x`, one after the other, arrays row by row. `x` holds the inputs, `out` has
    /// [`n_out`](Self::n_out) entries.
    #[inline]
    pub fn run(&self, g: &Graph, x: &[f64], out: &mut [f64]) -> Result<(), Fault> {
        match self.alone() {
            Some(kernel) => {
                kernel.call(x, out);
                Ok(())
            }
            None => self.run_fallibly(g, x, out),
        }
    }

    /// Native code that cannot fail, where it is that.
    #[inline]
    pub fn alone(&self) -> Option<Alone<'_>> {
        self.kernel.as_ref()?.alone()
    }

    /// By what may fail: a kernel with memory of its own, or the plain evaluator. Apart from the loops that call
    /// kernels that cannot fail, for the sake of their registers.
    #[inline(never)]
    pub fn run_fallibly(&self, g: &Graph, x: &[f64], out: &mut [f64]) -> Result<(), Fault> {
        match self.kernel.as_ref().map(|kernel| kernel.call(x, out)) {
            Some(Ok(())) => Ok(()),
            Some(Err(Fault::Interrupted)) => Err(Fault::Interrupted),
            // Of several mistakes the evaluator's is named, whatever the order in which code runs.
            Some(Err(Fault::Eval(_))) | None => evaluate(g, &self.exprs, &self.inputs, x, out),
        }
    }
}

/// The kernel of expressions; none where the plain evaluator is asked for, or no kernel can be.
fn kernel(g: &Graph, engine: &Engine, exprs: &[ExprId], inputs: &[SymbolId]) -> Option<Kernel> {
    let by = |wide| {
        let interrupt = Some(engine.interrupt.clone());
        let options = jit::Options { interrupt, threads: engine.threads, wide, simd: None };
        jit::compile(g, exprs, inputs, &options)
    };
    let blocks = || by(Choice::Blocks { always: false });
    let found = match engine.way {
        Way::Compiled => by(Choice::Auto).or_else(|error| match error {
            CompileError::Unsupported { .. } => blocks(),
            error => Err(error),
        }),
        Way::Blocks => blocks(),
        Way::Plain => return None,
    };
    found.ok()
}

/// Loops of so many steps are worth a kernel, where it runs once, ...
const WORTH_A_KERNEL: usize = 10_000;
/// ... and of so many machine code, if `way` allows it.
const WORTH_CODE: usize = 300_000;

/// The value of an expression without unknowns, by what takes the least time to get it once.
pub(crate) fn known_value(
    g: &Graph,
    way: Way,
    interrupt: Arc<AtomicBool>,
    e: ExprId,
) -> Result<Tensor, EvalError> {
    let way = match steps(g, e) {
        0..WORTH_A_KERNEL => Way::Plain,
        WORTH_A_KERNEL..WORTH_CODE if way == Way::Compiled => Way::Blocks,
        _ => way,
    };
    let engine = Engine { way, threads: 1, interrupt, spoiled: Spoiled::Nothing };
    if let Some(kernel) = kernel(g, &engine, &[e], &[]) {
        let what = || crate::shape::in_words(g.shape(e)).into();
        let mut out = memory::numbers(kernel.n_out(), &what)
            .map_err(|error| EvalError::OutOfMemory { node: e, error: Box::new(error) })?;
        match kernel.call(&[], &mut out) {
            Ok(()) => return Ok(Tensor::new(g.shape(e), out)),
            Err(Fault::Interrupted) => patience::stop(),
            // Of several mistakes the evaluator's is named, whatever the order in which code runs.
            Err(Fault::Eval(_)) => {}
        }
    }
    eval::evaluate_known(g, e)
}

/// Steps of the longest loop in an expression, those of loops within one another multiplied; not counted further where
/// they are many.
fn steps(g: &Graph, e: ExprId) -> usize {
    let mut steps: FxHashMap<ExprId, usize> = FxHashMap::default();
    let mut most = 0;
    for n in g.reachable(&[e]) {
        let inside = g.args(n).iter().map(|a| steps[a]).max().unwrap_or(1);
        let range = ops::Range::of(g, n);
        let own = range.and_then(|r| ops::count(g, r.lo, r.hi)).unwrap_or(1);
        let all = inside.saturating_mul(own.max(1));
        most = all.max(most);
        if all >= WORTH_CODE {
            break;
        }
        steps.insert(n, all);
    }
    most
}

fn evaluate(
    g: &Graph,
    exprs: &[ExprId],
    inputs: &[(SymbolId, Shape)],
    x: &[f64],
    out: &mut [f64],
) -> Result<(), Fault> {
    let mut values = Vec::with_capacity(inputs.len());
    let mut at = 0;
    for &(symbol, shape) in inputs {
        values.push((symbol, Tensor::new(shape, &x[at..at + shape.len()])));
        at += shape.len();
    }
    let lookup = |s: SymbolId| values.iter().find(|(v, _)| *v == s).map(|(_, t)| t.clone());
    let found = eval::evaluate(g, exprs, &lookup).map_err(Fault::Eval)?;
    let mut at = 0;
    for tensor in &found {
        let entries = tensor.data();
        out[at..at + entries.len()].copy_from_slice(entries);
        at += entries.len();
    }
    Ok(())
}

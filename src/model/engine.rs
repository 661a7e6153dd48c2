//! Expressions ready to be evaluated at points: native code, or the plain evaluator.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crate::eval;
use crate::expr::{ExprId, Graph, SymbolId};
use crate::jit::{self, Alone, Fault, Kernel};
use crate::shape::{Shape, Tensor};

/// Gradients that a test makes wrong on purpose, to see that they are found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spoiled {
    /// None, as everywhere but in tests.
    #[default]
    Nothing,
    /// Those of compiled code.
    Compiled,
    /// Those of the plain evaluator as well.
    All,
}

/// How expressions are evaluated.
#[derive(Clone)]
pub(crate) struct Engine {
    /// Native code, or the plain evaluator.
    pub jit: bool,
    /// Threads that native code may use.
    pub threads: usize,
    /// Raised to stop inside an evaluation.
    pub interrupt: Arc<AtomicBool>,
    /// Gradients that are wrong on purpose.
    pub spoiled: Spoiled,
}

impl Engine {
    /// Whether its gradients are wrong on purpose.
    pub fn is_spoiled(&self) -> bool {
        self.spoiled == Spoiled::All || (self.jit && self.spoiled == Spoiled::Compiled)
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
    /// Native code, where there is any.
    kernel: Option<Box<Kernel>>,
    exprs: Vec<ExprId>,
    inputs: Vec<(SymbolId, Shape)>,
    n_out: usize,
}

impl Program {
    /// Compiles `exprs` as functions of the entries of `inputs`, or leaves them to the evaluator.
    pub fn new(
        g: &Graph,
        engine: &Engine,
        exprs: &[ExprId],
        inputs: &[SymbolId],
        times: &mut Times,
    ) -> Program {
        let mut native = None;
        if engine.jit {
            let options = jit::Options {
                interrupt: Some(engine.interrupt.clone()),
                threads: engine.threads,
                ..jit::Options::default()
            };
            if let Ok(kernel) = jit::compile(g, exprs, inputs, &options) {
                times.schedule += kernel.stats().schedule_time;
                times.compile += kernel.stats().compile_time;
                native = Some(Box::new(kernel));
            }
        }
        let inputs = inputs.iter().map(|&s| (s, g.symbol(s).shape)).collect();
        let n_out = exprs.iter().map(|&e| g.shape(e).len()).sum();
        Program { kernel: native, exprs: exprs.to_vec(), inputs, n_out }
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

    /// By what may fail: a kernel with scratch memory, or the plain evaluator. Apart from the loops that call kernels
    /// that cannot fail, for the sake of their registers.
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

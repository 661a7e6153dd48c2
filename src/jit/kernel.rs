//! Kernels, and running them.

use std::fmt;
#[cfg(not(feature = "jit"))]
use std::marker::PhantomData;
use std::time::Duration;

use super::blocks;
#[cfg(feature = "jit")]
pub(crate) use super::native::Alone;
#[cfg(feature = "jit")]
use super::native::Native;
use super::program::Program;
use super::run::tables::{Place, Site, Tables};
use crate::eval::EvalError;

/// Why a run of a kernel ended without values.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The expressions have no value there, for the reason that the plain
    /// evaluator would give.
    Eval(EvalError),
    /// The interrupt was set.
    Interrupted,
}

/// What making a kernel ready took and gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stats {
    /// Operations in the kernel, loops and branches included.
    pub operations: usize,
    /// Loops and branches, after fusion.
    pub groups: usize,
    /// Bytes of machine code and constants, or of the register program.
    pub code_bytes: usize,
    /// Loops that are vector code or run by blocks.
    pub wide_loops: usize,
    /// Numbers of scratch memory.
    pub scratch: usize,
    /// Time from expressions to the kernel's loops and operations.
    pub schedule_time: Duration,
    /// Time from these to what runs.
    pub compile_time: Duration,
}

/// A function from one vector to another, ready to run.
pub struct Kernel {
    way: Way,
    n_in: usize,
    n_out: usize,
    stats: Stats,
}

/// What runs a kernel.
pub(super) enum Way {
    /// Machine code.
    #[cfg(feature = "jit")]
    Native(Box<Native>),
    /// Blocks and registers.
    Blocks(Box<blocks::Engine>),
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel")
            .field("n_in", &self.n_in)
            .field("n_out", &self.n_out)
            .field("stats", &self.stats)
            .finish()
    }
}

impl Kernel {
    pub(super) fn new(way: Way, (n_in, n_out): (usize, usize), mut stats: Stats) -> Kernel {
        (stats.code_bytes, stats.wide_loops) = match &way {
            #[cfg(feature = "jit")]
            Way::Native(native) => native.size(),
            Way::Blocks(engine) => (engine.bytes(), engine.n_loops()),
        };
        Kernel { way, n_in, n_out, stats }
    }

    /// Numbers in the input vector.
    pub fn n_in(&self) -> usize {
        self.n_in
    }

    /// Numbers in the output vector.
    pub fn n_out(&self) -> usize {
        self.n_out
    }

    /// What compiling took and gave.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Replaces the memory of runs by new memory. For tests, which choose where it lies.
    #[doc(hidden)]
    pub fn renew_memory(&self) {
        match &self.way {
            #[cfg(feature = "jit")]
            Way::Native(native) => native.renew_memory(),
            Way::Blocks(engine) => engine.renew_memory(),
        }
    }

    /// Computes the outputs at `x`. After a fault, `out` holds anything.
    ///
    /// # Panics
    ///
    /// Where the lengths of `x` and `out` are not those of the kernel, and with
    /// a building block's own panic.
    #[inline]
    pub fn call(&self, x: &[f64], out: &mut [f64]) -> Result<(), Fault> {
        if let Some(alone) = self.alone() {
            alone.call(x, out);
            return Ok(());
        }
        assert!(x.len() == self.n_in, "{WRONG_INPUT}");
        assert!(out.len() == self.n_out, "{WRONG_OUTPUT}");
        match &self.way {
            #[cfg(feature = "jit")]
            Way::Native(native) => native.call(x, out),
            Way::Blocks(engine) => engine.call(x, out),
        }
    }

    /// The kernel as code that stands alone, where it is machine code, nothing in it can fail and it asks for no
    /// scratch memory.
    #[inline]
    pub(crate) fn alone(&self) -> Option<Alone<'_>> {
        match &self.way {
            #[cfg(feature = "jit")]
            Way::Native(native) => native.alone((self.n_in, self.n_out)),
            Way::Blocks(_) => None,
        }
    }
}

/// A kernel that cannot fail; there is none without machine code.
#[cfg(not(feature = "jit"))]
#[derive(Clone, Copy)]
pub(crate) struct Alone<'k> {
    never: std::convert::Infallible,
    _of: PhantomData<&'k Kernel>,
}

#[cfg(not(feature = "jit"))]
impl Alone<'_> {
    /// As of machine code.
    pub(crate) fn call(&self, _: &[f64], _: &mut [f64]) {
        match self.never {}
    }
}

impl Site {
    /// What happened here, with the value at fault.
    ///
    /// # Panics
    ///
    /// Where a building block panicked: that is not an error of the expressions.
    pub(super) fn fault(self, value: i64) -> Fault {
        match self {
            Site::NotWhole(node) => {
                let value = f64::from_bits(value as u64);
                Fault::Eval(EvalError::NotWhole { node, value })
            }
            Site::Outside(node, size) => {
                Fault::Eval(EvalError::Outside { node, index: value as f64, size })
            }
            Site::Empty(node) => Fault::Eval(EvalError::Empty { node }),
            #[cfg(feature = "jit")]
            Site::Interrupted => Fault::Interrupted,
            #[cfg(feature = "jit")]
            Site::Panicked => unreachable!("a building block failed without a panic"),
        }
    }
}

pub(super) const WRONG_INPUT: &str = "the input vector has another length than the kernel's";
pub(super) const WRONG_OUTPUT: &str = "the output vector has another length than the kernel's";

/// Places for all buffers: those of outputs in the output vector, the others
/// one after the other in scratch memory, whose length is returned.
pub(super) fn lay_out(program: &mut Program) -> (Tables, usize) {
    let mut scratch = 0;
    let mut buffers = Vec::with_capacity(program.buffers.len());
    for b in &program.buffers {
        let place = match b.output {
            Some(at) => Place::Output(at),
            None => {
                let at = scratch;
                scratch += b.len;
                Place::Scratch(at)
            }
        };
        buffers.push((place, b.len));
    }
    // The listing keeps the calls; known values may be large and move.
    let (data, calls) = (std::mem::take(&mut program.data), program.calls.clone());
    let tables = Tables {
        data,
        buffers,
        calls,
        #[cfg(feature = "jit")]
        passes: Vec::new(),
    };
    (tables, scratch)
}

//! Compiled kernels, and running them.

use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::cranelift::native::Code;
use super::program::Program;
use super::wide::Wide;
use crate::eval::EvalError;
use crate::jit::run::frame::Entry;
use crate::jit::run::frame::Site;
use crate::jit::run::frame::{Place, Run, Tables};

/// Why a run of a kernel ended without values.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The expressions have no value there, for the reason that the plain
    /// evaluator would give.
    Eval(EvalError),
    /// The interrupt was set.
    Interrupted,
}

/// What compiling a kernel took and gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stats {
    /// Operations in the kernel, loops and branches included.
    pub operations: usize,
    /// Loops and branches, after fusion.
    pub groups: usize,
    /// Bytes of machine code and constants.
    pub code_bytes: usize,
    /// Loops that are vector code or run by blocks.
    pub wide_loops: usize,
    /// Numbers of scratch memory.
    pub scratch: usize,
    /// Time from expressions to the kernel's loops and operations.
    pub schedule_time: Duration,
    /// Time from these to machine code.
    pub compile_time: Duration,
}

/// A compiled function from one vector to another.
pub struct Kernel {
    code: Code,
    /// The functions that `code` calls.
    _wide: Wide,
    sites: Vec<Site>,
    tables: Tables,
    scratch: Mutex<Vec<f64>>,
    /// Compiled code holds its address.
    _interrupt: Option<Arc<AtomicBool>>,
    n_in: usize,
    n_out: usize,
    threads: usize,
    /// Neither scratch memory nor faults nor calls that need the run.
    alone: bool,
    stats: Stats,
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

/// The parts of a kernel that compilation has made.
pub(super) struct Parts {
    pub code: Code,
    pub wide: Wide,
    pub sites: Vec<Site>,
    pub tables: Tables,
    pub scratch: Vec<f64>,
    pub interrupt: Option<Arc<AtomicBool>>,
    pub n_in: usize,
    pub n_out: usize,
    pub threads: usize,
    pub operations: usize,
    pub groups: usize,
    pub schedule_time: Duration,
    pub compile_time: Duration,
}

impl Kernel {
    pub(super) fn new(parts: Parts) -> Kernel {
        let stats = Stats {
            operations: parts.operations,
            groups: parts.groups,
            code_bytes: parts.code.size + parts.wide.size(),
            wide_loops: parts.wide.functions.len(),
            scratch: parts.scratch.len(),
            schedule_time: parts.schedule_time,
            compile_time: parts.compile_time,
        };
        Kernel {
            alone: parts.sites.is_empty() && parts.scratch.is_empty(),
            code: parts.code,
            _wide: parts.wide,
            sites: parts.sites,
            tables: parts.tables,
            scratch: Mutex::new(parts.scratch),
            _interrupt: parts.interrupt,
            n_in: parts.n_in,
            n_out: parts.n_out,
            threads: parts.threads,
            stats,
        }
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

    /// Replaces the scratch memory by new memory. For tests, which choose where
    /// it lies.
    #[doc(hidden)]
    pub fn renew_memory(&self) {
        let mut scratch = self.scratch.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *scratch = vec![0.0; self.stats.scratch];
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
        self.call_with_memory(x, out)
    }

    /// The kernel as code that stands alone, where nothing in it can fail and it asks for no scratch memory.
    #[inline]
    pub(crate) fn alone(&self) -> Option<Alone<'_>> {
        let entry = self.code.entry;
        self.alone.then_some(Alone { entry, n_in: self.n_in, n_out: self.n_out, _of: PhantomData })
    }

    fn call_with_memory(&self, x: &[f64], out: &mut [f64]) -> Result<(), Fault> {
        // Another thread, or a call from within a call, gets memory of its own.
        match self.scratch.try_lock() {
            Ok(mut scratch) => self.run(x, out, &mut scratch),
            Err(_) => self.run(x, out, &mut vec![0.0; self.stats.scratch]),
        }
    }

    fn run(&self, x: &[f64], out: &mut [f64], scratch: &mut [f64]) -> Result<(), Fault> {
        let memory = (out.as_mut_ptr(), scratch.as_mut_ptr());
        let mut run = Run::new(x.as_ptr(), memory, &self.tables, self.threads);
        // SAFETY: every position in a load or store was proven or is checked
        // to lie within its array. The arrays lie within `x` and `out`, whose
        // lengths `call` has asserted, within the scratch memory, which has
        // the length laid out for this kernel, or are known values that
        // `tables` keeps alive. The three are borrowed apart from one another.
        let code = unsafe { (self.code.entry)(run.input, run.output, run.scratch, &mut run) };
        match usize::try_from(code).ok().and_then(|c| c.checked_sub(1)) {
            None => Ok(()),
            Some(site) => Err(self.fault(site, run)),
        }
    }

    fn fault(&self, site: usize, run: Run) -> Fault {
        match self.sites[site] {
            Site::NotWhole(node) => {
                let value = f64::from_bits(run.fault as u64);
                Fault::Eval(EvalError::NotWhole { node, value })
            }
            Site::Outside(node, size) => {
                Fault::Eval(EvalError::Outside { node, index: run.fault as f64, size })
            }
            Site::Empty(node) => Fault::Eval(EvalError::Empty { node }),
            Site::Interrupted => Fault::Interrupted,
            Site::Panicked => match run.panic {
                Some(panic) => std::panic::resume_unwind(panic),
                None => unreachable!("a building block failed without a panic"),
            },
        }
    }
}

const WRONG_INPUT: &str = "the input vector has another length than the kernel's";
const WRONG_OUTPUT: &str = "the output vector has another length than the kernel's";

/// A kernel that cannot fail. Its calls hand on no fault, which takes as long as some kernels.
#[derive(Clone, Copy)]
pub(crate) struct Alone<'k> {
    entry: Entry,
    n_in: usize,
    n_out: usize,
    _of: PhantomData<&'k Kernel>,
}

impl Alone<'_> {
    /// Computes the outputs at `x`.
    ///
    /// # Panics
    ///
    /// Where the lengths of `x` and `out` are not those of the kernel.
    #[inline]
    pub(crate) fn call(&self, x: &[f64], out: &mut [f64]) {
        assert!(x.len() == self.n_in, "{WRONG_INPUT}");
        assert!(out.len() == self.n_out, "{WRONG_OUTPUT}");
        // SAFETY: as in `Kernel::run`; the kernel, borrowed for as long as this lives, keeps the code. It has no scratch
        // memory; it uses the run only to report faults and in building blocks, whose panic is a fault, and it has no
        // site of a fault.
        unsafe {
            (self.entry)(x.as_ptr(), out.as_mut_ptr(), std::ptr::null_mut(), std::ptr::null_mut());
        }
    }
}

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
    (Tables { data, buffers, calls, passes: Vec::new() }, scratch)
}

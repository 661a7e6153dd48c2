//! Kernels as machine code, and running them.

use std::marker::PhantomData;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use super::cranelift::native::{self, Code};
use super::kernel::{Fault, WRONG_INPUT, WRONG_OUTPUT};
use super::program::Program;
use super::run::frame::{Entry, Run};
use super::run::tables::{Site, Tables};
use super::wide::{self, Wide};
use super::{CompileError, Options, Stage};
use crate::special::vector::Simd;

/// A kernel as machine code.
pub struct Native {
    code: Code,
    /// The functions that `code` calls.
    wide: Wide,
    sites: Vec<Site>,
    tables: Tables,
    scratch: Mutex<Vec<f64>>,
    /// Numbers of scratch memory.
    length: usize,
    /// Compiled code holds its address.
    _interrupt: Option<Arc<AtomicBool>>,
    threads: usize,
    /// Neither scratch memory nor faults nor calls that need the run.
    alone: bool,
}

impl Native {
    /// Makes machine code of a kernel. `listing` gets the text of a stage.
    pub fn new(
        program: &Program,
        mut tables: Tables,
        scratch: Vec<f64>,
        options: &Options,
        listing: Option<(Stage, &mut String)>,
    ) -> Result<Native, CompileError> {
        let interrupt = options.interrupt.as_ref().map(|flag| Arc::as_ptr(flag) as usize);
        let simd = options.simd.map_or(Simd::here(), |s| s.min(Simd::here()));
        let wide = wide::compile(program, &tables, interrupt, options.wide, simd);
        let (code, sites, plans) = native::compile(program, &tables, &wide, interrupt, listing)
            .map_err(|reason| CompileError::Unsupported { reason })?;
        tables.passes = plans;
        Ok(Native {
            alone: sites.is_empty() && scratch.is_empty(),
            code,
            wide,
            sites,
            tables,
            length: scratch.len(),
            scratch: Mutex::new(scratch),
            _interrupt: options.interrupt.clone(),
            threads: options.threads,
        })
    }

    /// Bytes of machine code and constants, and how many loops are vector code.
    pub fn size(&self) -> (usize, usize) {
        (self.code.size + self.wide.size(), self.wide.functions.len())
    }

    /// Replaces the scratch memory.
    pub fn renew_memory(&self) {
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        *scratch = vec![0.0; self.length];
    }

    /// Computes the outputs at `x`; both have the lengths of the kernel.
    pub fn call(&self, x: &[f64], out: &mut [f64]) -> Result<(), Fault> {
        // Another thread, or a call from within a call, gets memory of its own.
        match self.scratch.try_lock() {
            Ok(mut scratch) => self.run(x, out, &mut scratch),
            Err(_) => self.run(x, out, &mut vec![0.0; self.length]),
        }
    }

    fn run(&self, x: &[f64], out: &mut [f64], scratch: &mut [f64]) -> Result<(), Fault> {
        let memory = (out.as_mut_ptr(), scratch.as_mut_ptr());
        let mut run = Run::new(x.as_ptr(), memory, &self.tables, self.threads);
        // SAFETY: every position in a load or store was proven or is checked
        // to lie within its array. The arrays lie within `x` and `out`, whose
        // lengths `Kernel::call` has asserted, within the scratch memory, which has
        // the length laid out for this kernel, or are known values that
        // `tables` keeps alive. The three are borrowed apart from one another.
        let code = unsafe { (self.code.entry)(run.input, run.output, run.scratch, &mut run) };
        let Some(site) = usize::try_from(code).ok().and_then(|c| c.checked_sub(1)) else {
            return Ok(());
        };
        match run.panic {
            Some(panic) => std::panic::resume_unwind(panic),
            None => Err(self.sites[site].fault(run.fault)),
        }
    }

    /// The code as what stands alone, where it does, of a kernel with so many inputs and outputs.
    #[inline]
    pub fn alone(&self, (n_in, n_out): (usize, usize)) -> Option<Alone<'_>> {
        self.alone.then_some(Alone { entry: self.code.entry, n_in, n_out, _of: PhantomData })
    }
}

/// A kernel that cannot fail. Its calls hand on no fault, which takes as long as some kernels.
#[derive(Clone, Copy)]
pub(crate) struct Alone<'k> {
    entry: Entry,
    n_in: usize,
    n_out: usize,
    _of: PhantomData<&'k Native>,
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
        // SAFETY: as in `Native::run`; the kernel, borrowed for as long as this lives, keeps the code. It has no
        // scratch memory; it uses the run only to report faults and in building blocks, whose panic is a fault, and it
        // has no site of a fault.
        unsafe {
            (self.entry)(x.as_ptr(), out.as_mut_ptr(), std::ptr::null_mut(), std::ptr::null_mut());
        }
    }
}

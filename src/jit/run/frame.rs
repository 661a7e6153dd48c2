//! The record through which compiled code and what it calls speak, and what stands in it.

use std::any::Any;

use super::dense::Gram;
use super::tables::{Place, Tables};
use crate::jit::bodies::frame::Combine;
use crate::jit::entries::dag::Base;

/// One run of a kernel, as compiled code and what it calls see it. Compiled
/// code writes `fault` and hands the rest on.
#[repr(C)]
pub struct Run {
    /// The value at fault, a whole number or the bits of a double.
    pub fault: i64,
    /// The rows that a building block of a pass works on: the first, and the one after the last.
    pub rows: [i64; 2],
    pub input: *const f64,
    pub output: *mut f64,
    pub scratch: *mut f64,
    pub tables: *const Tables,
    /// Threads that long loops and large products may use.
    pub threads: usize,
    pub panic: Option<Box<dyn Any + Send>>,
    /// What a part of a pass has added up so far, by the number of its building block.
    pub sums: Vec<(usize, Sum)>,
}

/// Words of the frame of a pass before what its function needs.
pub const PASS_HEAD: usize = 2;

/// The compiled entry point: input, output, scratch memory, and the run for
/// what it calls. Returns 0, or one more than the number of the fault's site.
///
/// # Safety
///
/// The vectors have the lengths that the kernel was compiled for, do not
/// overlap, and are those of the run, whose tables are the kernel's.
pub type Entry = unsafe extern "C" fn(*const f64, *mut f64, *mut f64, *mut Run) -> i64;

/// The function of a pass: as [`Entry`], with its frame.
///
/// # Safety
///
/// As for [`Entry`]; the frame has the words that the function reads and writes.
pub type PassEntry =
    unsafe extern "C" fn(*const f64, *mut f64, *mut f64, *mut Run, *mut u64) -> i64;

/// How to run a pass.
#[derive(Debug)]
pub struct Plan {
    pub entry: PassEntry,
    /// Turns of its loop, and those of a part.
    pub blocks: usize,
    pub part: usize,
    /// In entries of a matrix that are read.
    pub work: usize,
    /// Words of its frame before the totals.
    pub inputs: usize,
    pub totals: Vec<Combine>,
}

/// What a part of a pass adds up for one building block.
pub enum Sum {
    /// `X'*r`
    Column(Vec<f64>),
    /// `X'*diag(s)*X`
    Gram(Gram),
}

impl Sum {
    /// Sets it to zero.
    pub fn clear(&mut self) {
        match self {
            Sum::Column(sum) => sum.fill(0.0),
            Sum::Gram(gram) => gram.clear(),
        }
    }
}

/// The sum of a building block among others, `zero` where it is not there yet.
pub fn sum_of(sums: &mut Vec<(usize, Sum)>, number: usize, zero: impl FnOnce() -> Sum) -> &mut Sum {
    let known = sums.iter().position(|(k, _)| *k == number);
    let at = known.unwrap_or_else(|| {
        sums.push((number, zero()));
        sums.len() - 1
    });
    &mut sums[at].1
}

impl Run {
    /// A run on so many threads that has not begun.
    pub fn new(
        input: *const f64,
        (output, scratch): (*mut f64, *mut f64),
        tables: *const Tables,
        threads: usize,
    ) -> Run {
        let (fault, rows, panic, sums) = (0, [0; 2], None, Vec::new());
        Run { fault, rows, input, output, scratch, tables, threads, panic, sums }
    }

    /// The buffer that a building block fills. It lies within the memory of the
    /// run, since `Kernel::call` has checked the lengths.
    pub fn output_of(&self, tables: &Tables, call: usize) -> *mut [f64] {
        let (place, len) = tables.buffers[tables.calls[call].out.0 as usize];
        std::ptr::slice_from_raw_parts_mut(self.start(place), len)
    }

    /// The first entry of a place.
    pub fn start(&self, place: Place) -> *mut f64 {
        // SAFETY: places were laid out within the output and the scratch
        // memory, whose lengths `Kernel::call` has checked.
        unsafe {
            match place {
                Place::Output(at) => self.output.add(at),
                Place::Scratch(at) => self.scratch.add(at),
            }
        }
    }

    /// So many entries of an array.
    pub fn slice<'t>(
        &'t self,
        tables: &'t Tables,
        base: Base,
        from: usize,
        len: usize,
    ) -> &'t [f64] {
        let start: *const f64 = match base {
            Base::Data(k) => return &tables.data[k as usize].data()[from..from + len],
            // SAFETY: inputs lie within the input vector, as `Kernel::call`
            // has checked.
            Base::Input(at) => unsafe { self.input.add(at as usize) },
            Base::Buffer(buf) => self.start(tables.buffers[buf.0 as usize].0),
        };
        // SAFETY: the array lies within its memory, and nobody writes it while
        // a building block reads it (see `run_call`).
        unsafe { std::slice::from_raw_parts(start.add(from), len) }
    }
}

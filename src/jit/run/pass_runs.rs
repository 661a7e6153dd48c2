//! Running passes over the rows of a matrix, in parts and on several threads.
//!
//! A part is a fixed number of blocks of rows. It has a run and a frame of its own, and adds up what it adds
//! up by itself; the sums of parts are added in their order. So values do not depend on the number of
//! threads. Parts share the kernel's memory: each reads and writes its own rows of what the pass fills.

use std::any::Any;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::dense::{self};
use super::frame::PASS_HEAD;
use super::frame::Run;
use super::tables::Tables;
use super::threads::{in_order, workers};
use crate::jit::bodies::frame::Combine;
use crate::jit::run::frame::Plan;
use crate::jit::run::frame::Sum;

/// What a part leaves.
struct Part {
    code: i64,
    fault: i64,
    panic: Option<Box<dyn Any + Send>>,
    totals: Vec<f64>,
    /// By the number of the building block.
    sums: Vec<(usize, Sum)>,
}

/// Pointers that the threads of one pass share.
struct Shared<'r> {
    run: &'r Run,
    frame: &'r [u64],
    plan: &'r Plan,
    /// Sums of parts that were added to others: new memory for every part would cost some percent.
    spare: Mutex<Vec<Vec<(usize, Sum)>>>,
}

// SAFETY: of the run, threads read the pointers and nothing else. What parts store lies in their own rows of
// buffers, which no other part reads.
unsafe impl Sync for Shared<'_> {}

/// Runs a pass. Leaves its totals in the frame; returns 0, or what its function returned for a fault.
///
/// # Safety
///
/// `run` is as for [`run_dense`](super::host::run_dense), and `frame` is that of the function of the pass
/// `number`, filled but for the turns.
pub unsafe extern "C" fn run_pass(run: *mut Run, number: usize, frame: *mut u64) -> i64 {
    // SAFETY: as in `run_dense`; tables belong to the kernel that runs.
    let (run, tables) = unsafe { (&mut *run, &*(*run).tables) };
    let plan = &tables.passes[number];
    // SAFETY: compiled code has made room for so many words.
    let frame = unsafe { std::slice::from_raw_parts_mut(frame, plan.inputs + plan.totals.len()) };
    let spare = Mutex::default();
    let shared = Shared { run, frame: &frame[..plan.inputs], plan, spare };
    let part = match catch_unwind(AssertUnwindSafe(|| shared.all(tables))) {
        Ok(part) => part,
        Err(panic) => {
            run.panic = Some(panic);
            return -1;
        }
    };
    (run.fault, run.panic) = (part.fault, part.panic);
    for (word, total) in frame[plan.inputs..].iter_mut().zip(&part.totals) {
        *word = total.to_bits();
    }
    part.code
}

impl Shared<'_> {
    /// All parts as one. Of a fault, the first part that has one.
    fn all(&self, tables: &Tables) -> Part {
        let plan = self.plan;
        let workers = workers(plan.work, dense::MILLISECOND, self.run.threads);
        let mut all: Option<Part> = None;
        in_order(
            workers,
            plan.blocks.div_ceil(plan.part),
            |p| self.part(p),
            |part| {
                let failed = part.code != 0;
                match &mut all {
                    Some(all) if !failed => {
                        all.add(&part, &plan.totals);
                        self.spare().push(part.sums);
                    }
                    _ => all = Some(part),
                }
                if failed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        let mut all = all.expect("a pass has a part");
        if all.code == 0 {
            for (call, sum) in all.sums.drain(..) {
                // SAFETY: all parts are done, and nobody but the pass writes to this buffer while it runs.
                let out = unsafe { &mut *self.run.output_of(tables, call) };
                match sum {
                    Sum::Column(sum) => out.copy_from_slice(&sum),
                    Sum::Gram(gram) => gram.finish(out),
                }
            }
        }
        all
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Vec<(usize, Sum)>>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn part(&self, p: usize) -> Part {
        let Shared { run, plan, .. } = self;
        let mut own = Run::new(run.input, (run.output, run.scratch), run.tables, 1);
        let spare = self.spare().pop();
        own.sums = spare.unwrap_or_default();
        own.sums.iter_mut().for_each(|(_, sum)| sum.clear());
        let mut frame = self.frame.to_vec();
        let first = p * plan.part;
        frame[0] = first as u64;
        frame[PASS_HEAD - 1] = (plan.blocks.min(first + plan.part) - 1) as u64;
        frame.resize(plan.inputs + plan.totals.len(), 0);
        // SAFETY: the frame is that of the function, for turns that the pass has; the pointers are those of
        // the run.
        let code = unsafe {
            (plan.entry)(own.input, own.output, own.scratch, &mut own, frame.as_mut_ptr())
        };
        let totals = frame[plan.inputs..].iter().map(|&t| f64::from_bits(t)).collect();
        Part { code, fault: own.fault, panic: own.panic, totals, sums: own.sums }
    }
}

impl Part {
    fn add(&mut self, other: &Part, totals: &[Combine]) {
        for ((a, &b), how) in self.totals.iter_mut().zip(&other.totals).zip(totals) {
            *a = how.combined(*a, b);
        }
        // A pass calls its building blocks in the same order in all parts.
        for ((_, a), (_, b)) in self.sums.iter_mut().zip(&other.sums) {
            match (a, b) {
                (Sum::Column(a), Sum::Column(b)) => {
                    a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
                }
                (Sum::Gram(a), Sum::Gram(b)) => a.add_sums(b),
                _ => unreachable!("a building block adds up one kind of sum"),
            }
        }
    }
}

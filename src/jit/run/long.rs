//! Long wide loops, in chunks and on several threads.
//!
//! A loop of many steps is run in chunks of a fixed number of steps, each with a frame of its own, and the
//! totals of the chunks are combined in order. Since neither chunks nor order depend on the number of
//! threads, results do not either.
//!
//! Chunks of a loop that adds to neighbouring entries in every step, as the gradient of
//! `sum((x[i+1] - x[i]^2)^2)` does, meet: the last steps of one add to the first entries of the next. Then
//! the first, third, fifth chunk and so on come first, which do not meet, and the others after all of them.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use super::frame::Run;
use super::threads::{in_order, workers};
use crate::jit::bodies::frame::Chunks;
use crate::jit::bodies::frame::HEAD;

/// Steps of a chunk.
pub const CHUNK: i64 = 1 << 16;
/// Operations, steps times those of one step, that are worth another thread: about a millisecond. Starting
/// a thread takes some tens of microseconds.
const WORTH_A_THREAD: usize = 1 << 24;

/// A function of a frame that returns whether it was interrupted.
type Code = unsafe extern "C" fn(*mut u64) -> i64;

/// Pointers that threads of one loop share.
#[derive(Clone, Copy)]
struct Shared<'c> {
    code: Code,
    frame: *const u64,
    chunks: &'c Chunks,
    steps: i64,
}

// SAFETY: the frame is only read while threads run, and chunks that run at the same time store to entries of
// their own only.
unsafe impl Sync for Shared<'_> {}

/// Runs a loop in chunks. Leaves the totals in the frame; returns 0, or another number where the interrupt
/// was set.
///
/// # Safety
///
/// `code` is the function of a wide loop, `frame` its frame, filled, and `chunks` describes it. `run` is the
/// run that [`Kernel::call`](crate::jit::Kernel::call) gave to the compiled code that calls this.
pub unsafe extern "C" fn run_in_chunks(
    run: *const Run,
    code: *const (),
    frame: *mut u64,
    chunks: *const Chunks,
) -> i64 {
    // SAFETY: the caller's promise; function pointers and data pointers have one size.
    let (threads, code, chunks, steps) = unsafe {
        ((*run).threads, std::mem::transmute::<*const (), Code>(code), &*chunks, *frame as i64)
    };
    let count = (steps.max(1) as usize).div_ceil(CHUNK as usize);
    let shared = Shared { code, frame, chunks, steps };
    let operations = (steps.max(1) as usize).saturating_mul(chunks.operations);
    let workers = workers(operations, WORTH_A_THREAD, threads);
    let mut totals: Option<Vec<f64>> = None;
    let turns = if chunks.meetings.is_empty() { 1 } else { 2 };
    for turn in 0..turns {
        let mut stopped = false;
        let chunk = |p: usize| shared.run(turn + p * turns, turn > 0);
        in_order(workers, (count - turn).div_ceil(turns), chunk, |part| {
            let Some(part) = part else {
                stopped = true;
                return ControlFlow::Break(());
            };
            match &mut totals {
                None => totals = Some(part),
                Some(so_far) => {
                    for ((a, &b), how) in so_far.iter_mut().zip(&part).zip(&chunks.totals) {
                        *a = how.combined(*a, b);
                    }
                }
            }
            ControlFlow::Continue(())
        });
        if stopped {
            return 1;
        }
    }
    let at = HEAD + chunks.strides.len() + chunks.params;
    for (t, total) in totals.iter().flatten().enumerate() {
        // SAFETY: the frame has a word for every total after pointers and parameters.
        unsafe { *frame.add(at + t) = total.to_bits() };
    }
    0
}

impl Shared<'_> {
    /// The totals of chunk `k`, whose neighbours are done if `late`; none where the interrupt was set.
    fn run(&self, k: usize, late: bool) -> Option<Vec<f64>> {
        let Chunks { strides, params, totals, interrupt, meetings, .. } = self.chunks;
        // SAFETY: the kernel that runs keeps its interrupt.
        if interrupt
            .is_some_and(|at| unsafe { &*(at as *const AtomicBool) }.load(Ordering::Relaxed))
        {
            return None;
        }
        let from = k as i64 * CHUNK;
        let inputs = HEAD + strides.len() + params;
        // SAFETY: the frame has so many words, and nobody writes to it now.
        let given = unsafe { std::slice::from_raw_parts(self.frame, inputs) };
        let mut frame = given.to_vec();
        frame.resize(inputs + totals.len(), 0);
        frame[0] = CHUNK.min(self.steps - from) as u64;
        frame[1] = (f64::from_bits(frame[1]) + from as f64).to_bits();
        for (pointer, stride) in frame[HEAD..].iter_mut().zip(strides) {
            *pointer = pointer.wrapping_add_signed(from * stride);
        }
        let mut found = Vec::new();
        for m in meetings.iter().filter(|m| late && m.set) {
            let first = (frame[HEAD + m.pointer] as i64 + m.offset) as *mut f64;
            // The chunk before is done, and the one after it if there is one.
            let ends = [Some(0), (from + CHUNK < self.steps).then_some(CHUNK as usize)];
            for entry in ends.into_iter().flatten().flat_map(|e| e..e + m.entries) {
                // SAFETY: a chunk stores to this entry, and nobody else does meanwhile.
                found.push(unsafe { (first.add(entry), *first.add(entry)) });
            }
        }
        // SAFETY: the frame is that of steps which the whole loop has.
        let stopped = unsafe { (self.code)(frame.as_mut_ptr()) };
        for (at, value) in found {
            // SAFETY: as above.
            unsafe { *at += value };
        }
        (stopped == 0).then(|| frame[inputs..].iter().map(|&t| f64::from_bits(t)).collect())
    }
}

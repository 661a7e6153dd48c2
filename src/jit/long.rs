//! Long wide loops, in chunks and on several threads.
//!
//! A loop of many steps is run in chunks of a fixed number of steps, each with a frame of its own, and the
//! totals of the chunks are combined in order. Threads take the next chunk as they come. Since the chunks do
//! not depend on the number of threads, neither do results.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::host::Run;
use super::wide::{Combine, HEAD};

/// Steps of a chunk.
pub const CHUNK: i64 = 1 << 16;
/// Chunks whose totals are kept at a time.
const WAVE: usize = 4096;
/// Operations, steps times those of one step, that are worth another thread: about a millisecond. Starting
/// a thread takes some tens of microseconds.
const WORTH_A_THREAD: i64 = 1 << 24;

/// What running a loop in chunks needs to know of its frame.
#[derive(Clone, Debug)]
pub struct Chunks {
    /// Bytes from step to step of every pointer.
    pub strides: Vec<i64>,
    /// Numbers that it is given.
    pub params: usize,
    /// How the totals of two chunks become one.
    pub totals: Vec<Combine>,
    /// Vector operations of a step.
    pub operations: usize,
    /// The address of the interrupt.
    pub interrupt: Option<usize>,
}

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

// SAFETY: the frame is only read while threads run, and loops that are run in chunks store to entries of
// their own only.
unsafe impl Sync for Shared<'_> {}

/// Runs a loop in chunks. Leaves the totals in the frame; returns 0, or another number where the interrupt
/// was set.
///
/// # Safety
///
/// `code` is the function of a wide loop, `frame` its frame, filled, and `chunks` describes it. `run` is the
/// run that [`Kernel::call`](super::Kernel::call) gave to the compiled code that calls this.
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
    let operations = steps.saturating_mul(chunks.operations as i64);
    let workers = (operations / WORTH_A_THREAD).clamp(1, threads.min(count).max(1) as i64) as usize;
    let mut totals: Option<Vec<f64>> = None;
    for first in (0..count).step_by(WAVE) {
        let wave = first..count.min(first + WAVE);
        let Some(found) = shared.wave(wave, workers) else { return 1 };
        for part in found {
            totals = Some(match totals {
                None => part,
                Some(so_far) => {
                    let both = so_far.iter().zip(&part).zip(&chunks.totals);
                    both.map(|((&a, &b), how)| how.combined(a, b)).collect()
                }
            });
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
    /// The totals of some chunks in order; none where the interrupt was set.
    fn wave(&self, wave: Range<usize>, workers: usize) -> Option<Vec<Vec<f64>>> {
        if workers == 1 {
            return wave.map(|k| self.run(k)).collect();
        }
        let next = AtomicUsize::new(wave.start);
        let work = || {
            let mut done = Vec::new();
            loop {
                let k = next.fetch_add(1, Ordering::Relaxed);
                if k >= wave.end {
                    return Some(done);
                }
                done.push((k, self.run(k)?));
            }
        };
        let found = std::thread::scope(|scope| {
            // Where no thread can be had, this one does all.
            let others: Vec<_> = (1..workers)
                .map_while(|_| std::thread::Builder::new().spawn_scoped(scope, work).ok())
                .collect();
            let mut all = work();
            for other in others {
                let theirs = other.join().expect("compiled loops do not panic");
                all = all.zip(theirs).map(|(a, b)| [a, b].concat());
            }
            all
        });
        let mut found = found?;
        found.sort_unstable_by_key(|(k, _)| *k);
        Some(found.into_iter().map(|(_, totals)| totals).collect())
    }

    /// The totals of chunk `k`.
    fn run(&self, k: usize) -> Option<Vec<f64>> {
        let Chunks { strides, params, totals, interrupt, .. } = self.chunks;
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
        // SAFETY: the frame is that of steps which the whole loop has.
        let stopped = unsafe { (self.code)(frame.as_mut_ptr()) };
        (stopped == 0).then(|| frame[inputs..].iter().map(|&t| f64::from_bits(t)).collect())
    }
}

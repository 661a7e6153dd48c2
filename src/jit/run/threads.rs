//! Parts of a computation on several threads.
//!
//! Threads take the next part as they come, and what parts give is taken in the order of their numbers. So
//! where parts do not depend on the number of threads, results do not either. Threads live for one
//! computation: starting one takes some tens of microseconds, which is why the callers ask for another one
//! only where there is a millisecond of work for it.

use std::any::Any;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex, PoisonError};

use crate::memory;

/// Threads for so much work, of which `worth` is about a millisecond: at least one, at most `most`.
pub fn workers(work: usize, worth: usize, most: usize) -> usize {
    (work / worth).clamp(1, most.max(1))
}

/// What the threads of a computation share.
struct Line<T, F> {
    /// The next part to begin, and the next one to be taken.
    begin: usize,
    next: usize,
    /// Parts that are done before their turn. Never more than there are threads.
    early: BTreeMap<usize, T>,
    stopped: bool,
    panic: Option<Box<dyn Any + Send>>,
    take: F,
}

/// Calls `work` for `0..parts` on so many threads, and `take` with what it gives, in order, until that says
/// that it is enough: no part is begun any more. A panic of either is that of this function.
pub fn in_order<T: Send>(
    workers: usize,
    parts: usize,
    work: impl Fn(usize) -> T + Sync,
    mut take: impl FnMut(T) -> ControlFlow<()> + Send,
) {
    if workers < 2 || parts < 2 {
        for k in 0..parts {
            if take(work(k)).is_break() {
                return;
            }
        }
        return;
    }
    let (begin, next, early) = (0, 0, BTreeMap::new());
    let line = Mutex::new(Line { begin, next, early, stopped: false, panic: None, take });
    let turn = Condvar::new();
    let lock = || line.lock().unwrap_or_else(PoisonError::into_inner);
    let run = || {
        let mut l = lock();
        loop {
            // Who holds the next part to be taken never waits here.
            while l.early.len() >= workers && !l.stopped {
                l = turn.wait(l).unwrap_or_else(PoisonError::into_inner);
            }
            if l.stopped || l.begin >= parts {
                return;
            }
            let k = l.begin;
            l.begin += 1;
            drop(l);
            let found = catch_unwind(AssertUnwindSafe(|| work(k)));
            l = lock();
            let taken = found.and_then(|found| {
                l.early.insert(k, found);
                let l = &mut *l;
                catch_unwind(AssertUnwindSafe(|| {
                    while let Some(found) = l.early.remove(&l.next).filter(|_| !l.stopped) {
                        l.next += 1;
                        l.stopped = (l.take)(found).is_break();
                    }
                }))
            });
            if let Err(panic) = taken {
                l.stopped = true;
                l.panic.get_or_insert(panic);
            }
            turn.notify_all();
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..workers.min(parts) {
            // Where no thread can be had, the others do all. A thread that finds no memory when it begins
            // would end the process, so it is not begun.
            if !memory::has_room_for_thread() {
                break;
            }
            let _ = std::thread::Builder::new().spawn_scoped(scope, run);
        }
        run();
    });
    if let Some(panic) = line.into_inner().unwrap_or_else(PoisonError::into_inner).panic {
        resume_unwind(panic);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn parts_are_taken_in_order_and_few_are_kept() {
        for workers in [1, 2, 3, 8] {
            let (done, most, taken) =
                (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
            let mut found = Vec::new();
            let work = |k: usize| {
                if k.is_multiple_of(7) {
                    std::thread::sleep(std::time::Duration::from_micros(300));
                }
                let kept = done.fetch_add(1, Ordering::SeqCst) + 1 - taken.load(Ordering::SeqCst);
                most.fetch_max(kept, Ordering::SeqCst);
                k
            };
            in_order(workers, 100, work, |k| {
                taken.fetch_add(1, Ordering::SeqCst);
                found.push(k);
                ControlFlow::Continue(())
            });
            assert!(found.into_iter().eq(0..100), "{workers}");
            assert!(most.into_inner() <= 2 * workers, "{workers}");
        }
    }

    #[test]
    fn enough_is_enough() {
        for workers in [1, 2, 5] {
            let mut found = Vec::new();
            let begun = AtomicUsize::new(0);
            let work = |k: usize| {
                begun.fetch_add(1, Ordering::SeqCst);
                k
            };
            in_order(workers, 10_000, work, |k| {
                found.push(k);
                if k == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            assert_eq!(found, [0, 1, 2, 3], "{workers}");
            assert!(begun.into_inner() <= 4 + 2 * workers, "{workers}");
        }
    }

    #[test]
    fn panics_arrive() {
        for workers in [1, 2, 5] {
            let work = |k: usize| assert!(k != 20, "part {k}");
            let all = || in_order(workers, 50, work, |()| ControlFlow::Continue(()));
            let panic = catch_unwind(all).expect_err("a part panicked");
            assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some("part 20"));
            let take = |()| panic!("the end");
            let all = || in_order(workers, 50, |_| (), take);
            assert!(catch_unwind(AssertUnwindSafe(all)).is_err(), "{workers}");
        }
    }
}

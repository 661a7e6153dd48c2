//! Patience: how work that may take long learns that it should end.
//!
//! A session has one flag. Whoever wants its work to stop raises it: Ctrl-C, a program that holds the session,
//! a [`Timer`]. Work runs under [`watching`] that flag, and every loop that may run long looks at it:
//!
//! ```text
//! with an error path     if patience::is_over() { return Err(...Interrupted) }     evaluation, solvers
//! without one            patience::look()                                          graphs, text, files, algebra
//! inside one library call   patience::apart(|| ...)                                decompositions
//! ```
//!
//! [`look`] unwinds: building nodes, printing and parsing have no errors to return, and a hundred functions
//! would have to pass one on that none of them can act upon. What they leave behind is whole (a graph has
//! nodes more or less) or is thrown away. [`attempt`] is where the unwinding ends: around a statement, around
//! the iterations of a method, which keep their best point.
//!
//! A thread that watches nothing has endless patience: threads of large loops, and programs that use a room
//! of this crate by itself. A look costs a nanosecond.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

thread_local! {
    /// The flag that the work of this thread looks at, or null.
    static FLAG: Cell<*const AtomicBool> = const { Cell::new(std::ptr::null()) };
}

/// The work was told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

/// Does `work`, which ends early once the flag is raised.
pub fn watching<T>(flag: &Arc<AtomicBool>, work: impl FnOnce() -> T) -> T {
    /// Also where the work unwinds.
    struct Before(*const AtomicBool);
    impl Drop for Before {
        fn drop(&mut self) {
            FLAG.set(self.0);
        }
    }
    // The work may replace its session, and with it the flag.
    let flag = Arc::clone(flag);
    let _before = Before(FLAG.replace(Arc::as_ptr(&flag)));
    work()
}

/// Whether the work of this thread should end.
#[inline]
pub fn is_over() -> bool {
    // SAFETY: the pointer is null or that of a flag which `watching` keeps for as long as the pointer is here.
    unsafe { FLAG.get().as_ref() }.is_some_and(|flag| flag.load(Ordering::Relaxed))
}

/// Ends the work of this thread if it should end.
#[inline]
pub fn look() {
    if is_over() {
        stop();
    }
}

/// Ends the work of this thread. It is no panic: no hook runs, and nothing is printed.
#[cold]
pub fn stop() -> ! {
    resume_unwind(Box::new(Stopped))
}

/// Does `work`, and says where a look in it ended it. Panics go through.
///
/// What the work has changed by then stays as it is: callers hand in what may be left half done.
///
/// # Errors
///
/// Where the work was told to end.
pub fn attempt<T>(work: impl FnOnce() -> T) -> Result<T, Stopped> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => Ok(done),
        Err(panic) if panic.is::<Stopped>() => Err(Stopped),
        Err(panic) => resume_unwind(panic),
    }
}

/// What is left is to say what came of it: until the work that is [watched](watching) ends, nothing interrupts it.
pub fn settle() {
    FLAG.set(std::ptr::null());
}

/// Does `work` that cannot look up, such as a call into a library, on another thread, and waits for it only
/// while there is patience; left alone, it ends by itself and what it finds is dropped. Without a flag it is
/// done here. For work of a tenth of a second and more; it owns what it works on.
pub fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    /// Between two looks.
    const NAP: Duration = Duration::from_millis(20);
    if FLAG.get().is_null() {
        return work();
    }
    let (sender, receiver) = channel();
    let (give, take) = channel::<Box<dyn FnOnce() -> T + Send>>();
    let run = move || {
        if let Ok(work) = take.recv() {
            // Nobody may be waiting any more.
            let _ = sender.send(catch_unwind(AssertUnwindSafe(work)));
        }
    };
    if std::thread::Builder::new().stack_size(8 << 20).spawn(run).is_err() {
        // Where no thread can be had it is done here.
        return work();
    }
    let _ = give.send(Box::new(work));
    loop {
        match receiver.recv_timeout(NAP) {
            Ok(Ok(done)) => return done,
            Ok(Err(panic)) => resume_unwind(panic),
            Err(RecvTimeoutError::Timeout) => look(),
            Err(RecvTimeoutError::Disconnected) => unreachable!("the thread sends before it ends"),
        }
    }
}

/// Raises a flag after some time, unless it is dropped before; then it lowers what it has raised.
///
/// An interrupt by the user between the two is lowered with it; that is a moment, and the user is still there.
#[derive(Debug)]
pub struct Timer {
    flag: Arc<AtomicBool>,
    /// Whether this timer raised the flag.
    rang: Arc<AtomicBool>,
    /// Dropped to end the thread.
    sender: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Timer {
    /// A timer on `flag`; none where no thread can be had.
    pub fn start(flag: &Arc<AtomicBool>, after: Duration) -> Option<Timer> {
        let (sender, receiver) = channel::<()>();
        let rang = Arc::new(AtomicBool::new(false));
        let (its_flag, its_rang) = (Arc::clone(flag), Arc::clone(&rang));
        let run = move || {
            if receiver.recv_timeout(after) == Err(RecvTimeoutError::Timeout) {
                // First, so that whoever sees the flag knows why it is up.
                its_rang.store(true, Ordering::SeqCst);
                if its_flag.swap(true, Ordering::SeqCst) {
                    its_rang.store(false, Ordering::SeqCst);
                }
            }
        };
        let thread = std::thread::Builder::new().stack_size(64 << 10).spawn(run).ok()?;
        Some(Timer { flag: Arc::clone(flag), rang, sender: Some(sender), thread: Some(thread) })
    }

    /// Whether it was this timer that raised the flag.
    pub fn has_rung(&self) -> bool {
        self.rang.load(Ordering::SeqCst)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        drop(self.sender.take());
        if let Some(thread) = self.thread.take() {
            // It ends at once, and raises nothing any more after this.
            let _ = thread.join();
        }
        if self.has_rung() {
            self.flag.store(false, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flag(raised: bool) -> Arc<AtomicBool> {
        Arc::new(AtomicBool::new(raised))
    }

    #[test]
    fn a_look_ends_the_work_that_is_watched() {
        look();
        let up = flag(true);
        let ended = watching(&up, || attempt(look));
        assert_eq!(ended, Err(Stopped));
        assert_eq!(attempt(look), Ok(()), "nothing is watched any more");
        let inner = watching(&up, || {
            watching(&flag(false), look);
            is_over()
        });
        assert!(inner, "the flag before is watched again");
        let unwound = catch_unwind(|| watching(&up, look));
        assert!(unwound.is_err() && !is_over(), "also where the work unwinds");
    }

    #[test]
    fn other_panics_go_through() {
        let through = catch_unwind(|| attempt(|| panic!("a bug")));
        let panic = through.expect_err("a panic");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"a bug"));
    }

    #[test]
    fn what_is_settled_is_not_interrupted() {
        let rest = watching(&flag(true), || {
            settle();
            attempt(look)
        });
        assert_eq!(rest, Ok(()));
    }

    #[test]
    fn work_apart_gives_its_result_or_is_left_alone() {
        assert_eq!(apart(|| 6 * 7), 42);
        assert_eq!(watching(&flag(false), || apart(|| 6 * 7)), 42);
        let (wait, forever) = channel::<()>();
        let left = watching(&flag(true), || attempt(|| apart(move || forever.recv().is_ok())));
        assert_eq!(left, Err(Stopped));
        drop(wait);
        let panic = catch_unwind(|| watching(&flag(false), || apart(|| panic!("a bug"))));
        assert!(panic.is_err());
    }

    #[test]
    fn a_timer_raises_its_flag_and_lowers_it() {
        let flag = flag(false);
        let timer = Timer::start(&flag, Duration::ZERO).expect("a thread");
        while !flag.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        assert!(timer.has_rung());
        drop(timer);
        assert!(!flag.load(Ordering::SeqCst));
        let timer = Timer::start(&flag, Duration::from_secs(3600)).expect("a thread");
        flag.store(true, Ordering::SeqCst);
        assert!(!timer.has_rung());
        drop(timer);
        assert!(flag.load(Ordering::SeqCst), "what others raise stays up");
    }
}

//! Ctrl-C.
//!
//! The first one raises the flag of the session, which stops the running optimization at its best
//! point. A second one within two seconds, while the first is still unanswered, ends the process.
//! Installing the handler is one system call: no thread waits for signals.

use crate::session::Session;

/// From now on Ctrl-C stops the work of this session.
pub fn watch(session: &Session) {
    #[cfg(unix)]
    unix::watch(session.interrupt_flag());
    #[cfg(not(unix))]
    let _ = session;
}

#[cfg(unix)]
mod unix {
    use crate::cli::exit::Exit;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicI64, AtomicPtr, Ordering};

    /// The flag to raise; null before the first session.
    static FLAG: AtomicPtr<AtomicBool> = AtomicPtr::new(std::ptr::null_mut());
    /// When Ctrl-C was last pressed, in milliseconds of the monotonic clock.
    static LAST: AtomicI64 = AtomicI64::new(i64::MIN / 2);
    /// A second Ctrl-C within so many milliseconds ends the process.
    const IMPATIENCE: i64 = 2_000;

    pub fn watch(flag: Arc<AtomicBool>) {
        // The flag is never freed: the handler may run at any time. A session has one flag, and a
        // process has few sessions.
        FLAG.store(Arc::into_raw(flag).cast_mut(), Ordering::Release);
        let handler: extern "C" fn(libc::c_int) = on_interrupt;
        // SAFETY: the handler only uses atomics, `clock_gettime`, `tcgetattr`, `write` and `_exit`, all
        // of which are async-signal-safe; the struct is plain data for which zeros are valid (no flags,
        // empty mask).
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handler as libc::sighandler_t;
            // Reads and writes that the signal meets go on instead of failing.
            action.sa_flags = libc::SA_RESTART;
            libc::sigaction(libc::SIGINT, &action, std::ptr::null_mut());
        }
    }

    extern "C" fn on_interrupt(_signal: libc::c_int) {
        let now = milliseconds();
        let before = LAST.swap(now, Ordering::Relaxed);
        // SAFETY: the pointer is null or comes from `Arc::into_raw` of an Arc that is never dropped.
        let raised_before = match unsafe { FLAG.load(Ordering::Acquire).as_ref() } {
            Some(flag) => flag.swap(true, Ordering::Relaxed),
            None => true,
        };
        if raised_before && now - before <= IMPATIENCE {
            // SAFETY: `_exit` is async-signal-safe and takes any number.
            unsafe { libc::_exit(i32::from(Exit::Interrupted.status())) }
        }
        end_echo();
    }

    /// A terminal shows `^C` where the key was pressed: what follows begins on a line of its own.
    fn end_echo() {
        let new_line = b"\n";
        // SAFETY: `tcgetattr` (behind `isatty`) and `write` are async-signal-safe; the buffer is one
        // byte long and static. Whether it could be written does not matter.
        unsafe {
            if libc::isatty(libc::STDERR_FILENO) == 1 {
                libc::write(libc::STDERR_FILENO, new_line.as_ptr().cast(), 1);
            }
        }
    }

    fn milliseconds() -> i64 {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the pointer is to a timespec of our own; on failure it keeps its zeros.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
        // The fields are narrower on 32-bit systems.
        #[allow(clippy::useless_conversion)]
        let (seconds, nanoseconds) = (i64::from(time.tv_sec), i64::from(time.tv_nsec));
        seconds * 1_000 + nanoseconds / 1_000_000
    }
}

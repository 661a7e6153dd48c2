//! Ctrl-C, and the end of a process that holds a terminal.
//!
//! The first Ctrl-C raises the flag of the session, which ends whatever runs; an optimization keeps its best
//! point. A second one within two seconds, while the first is still unanswered, ends the process. A script
//! that has not answered by itself within a second is ended, too: some of its work may be one call into a
//! library. Before there is a session, while a script is read, the first one ends the process.
//!
//! Installing the handlers is two system calls: no thread waits for signals. They restart no system call, so
//! that a wait for input or for a reader of the output ends; whoever waits looks at [`is_raised`].

use crate::session::Session;

/// What becomes of a Ctrl-C that work does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// The process ends after a second.
    End,
    /// Somebody types, and may press it again.
    Wait,
}

/// From now on Ctrl-C ends the process with the status of an interrupt.
pub fn install() {
    #[cfg(unix)]
    unix::install();
}

/// From now on Ctrl-C ends the work of this session.
pub fn watch(session: &Session, unanswered: Unanswered) {
    #[cfg(unix)]
    unix::watch(session.interrupt_flag(), unanswered);
    #[cfg(not(unix))]
    let _ = (session, unanswered);
}

/// Whether Ctrl-C was pressed and the session has not begun anything new.
pub fn is_raised() -> bool {
    #[cfg(unix)]
    return unix::is_raised();
    #[cfg(not(unix))]
    false
}

/// The work that was interrupted has something to say: nobody ends it while it does.
pub fn answered() {
    #[cfg(unix)]
    if unix::is_raised() {
        unix::set_alarm(0);
    }
}

/// Somebody else sees to it that the process ends.
pub fn leave_unanswered() {
    #[cfg(unix)]
    unix::leave_unanswered();
}

/// From now on a signal that ends the process leaves the terminal as it is now.
pub fn keep_terminal() {
    #[cfg(unix)]
    terminal::keep();
}

#[cfg(unix)]
mod unix {
    use super::Unanswered;
    use crate::front::Exit;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicI64, AtomicPtr, Ordering};

    /// The flag to raise; null before the first session.
    static FLAG: AtomicPtr<AtomicBool> = AtomicPtr::new(std::ptr::null_mut());
    /// Whether a Ctrl-C that is not answered ends the process.
    static ENDS: AtomicBool = AtomicBool::new(false);
    /// When Ctrl-C was last pressed, in milliseconds of the monotonic clock.
    static LAST: AtomicI64 = AtomicI64::new(i64::MIN / 2);
    /// A second Ctrl-C within so many milliseconds ends the process.
    const IMPATIENCE: i64 = 2_000;
    /// Microseconds after which an unanswered Ctrl-C ends a script.
    const LAST_RESORT: i32 = 900_000;

    pub fn install() {
        handle(libc::SIGINT, on_interrupt);
        handle(libc::SIGALRM, on_alarm);
    }

    pub fn watch(flag: Arc<AtomicBool>, unanswered: Unanswered) {
        ENDS.store(unanswered == Unanswered::End, Ordering::Relaxed);
        // The flag is never freed: the handler may run at any time. A session has one flag, and a
        // process has few sessions.
        FLAG.store(Arc::into_raw(flag).cast_mut(), Ordering::Release);
    }

    pub fn handle(signal: libc::c_int, handler: extern "C" fn(libc::c_int)) {
        // SAFETY: the handlers of this file only use atomics and functions that are async-signal-safe, or
        // are system calls on Linux and macOS without locks (`setitimer`); the struct is plain data for
        // which zeros are valid (no flags, empty mask).
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handler as libc::sighandler_t;
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }

    pub fn leave_unanswered() {
        ENDS.store(false, Ordering::Relaxed);
    }

    fn flag<'f>() -> Option<&'f AtomicBool> {
        // SAFETY: the pointer is null or comes from `Arc::into_raw` of an Arc that is never dropped.
        unsafe { FLAG.load(Ordering::Acquire).as_ref() }
    }

    pub fn is_raised() -> bool {
        flag().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    extern "C" fn on_interrupt(_signal: libc::c_int) {
        let now = milliseconds();
        let before = LAST.swap(now, Ordering::Relaxed);
        let Some(flag) = flag() else { end() };
        if flag.swap(true, Ordering::Relaxed) && now - before <= IMPATIENCE {
            end()
        }
        if ENDS.load(Ordering::Relaxed) {
            set_alarm(LAST_RESORT);
        }
        end_echo();
    }

    extern "C" fn on_alarm(_signal: libc::c_int) {
        if is_raised() {
            say(b"gradus: interrupted; what ran did not answer in time\n");
            end()
        }
    }

    fn end() -> ! {
        // SAFETY: `_exit` is async-signal-safe and takes any number.
        unsafe { libc::_exit(i32::from(Exit::Interrupted.status())) }
    }

    /// After so many microseconds the alarm rings; 0 for never.
    pub fn set_alarm(microseconds: i32) {
        let never = libc::timeval { tv_sec: 0, tv_usec: 0 };
        let after = libc::timeval { tv_sec: 0, tv_usec: microseconds.into() };
        let once = libc::itimerval { it_interval: never, it_value: after };
        // SAFETY: the structs are whole, and nothing is asked back.
        unsafe { libc::setitimer(libc::ITIMER_REAL, &once, std::ptr::null_mut()) };
    }

    /// A terminal shows `^C` where the key was pressed: what follows begins on a line of its own.
    fn end_echo() {
        // SAFETY: `tcgetattr` (behind `isatty`) is async-signal-safe.
        if unsafe { libc::isatty(libc::STDERR_FILENO) } == 1 {
            say(b"\n");
        }
    }

    /// Whether it could be written does not matter.
    fn say(text: &[u8]) {
        // SAFETY: `write` is async-signal-safe, and the buffer is as long as it says.
        unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
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

/// The line editor changes the modes of the terminal while it reads. A process that is ended meanwhile sets
/// them back, and then ends as it would have.
#[cfg(unix)]
mod terminal {
    use super::unix::handle;
    use std::cell::UnsafeCell;
    use std::mem::MaybeUninit;
    use std::sync::atomic::{AtomicBool, Ordering};

    /// The modes to set back, once `KNOWN`.
    struct Modes(UnsafeCell<MaybeUninit<libc::termios>>);
    // SAFETY: written once, before `KNOWN` is set, and only read after that.
    unsafe impl Sync for Modes {}
    static MODES: Modes = Modes(UnsafeCell::new(MaybeUninit::uninit()));
    static KNOWN: AtomicBool = AtomicBool::new(false);
    /// No bracketed paste, which is a mode of the terminal too.
    const NO_PASTE: &[u8] = b"\x1b[?2004l";

    pub fn keep() {
        if KNOWN.load(Ordering::Acquire) {
            return;
        }
        // SAFETY: only this function writes, and only one thread of the process talks to the terminal.
        if unsafe { libc::tcgetattr(libc::STDIN_FILENO, (*MODES.0.get()).as_mut_ptr()) } != 0 {
            return;
        }
        KNOWN.store(true, Ordering::Release);
        for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT] {
            handle(signal, on_end);
        }
    }

    extern "C" fn on_end(signal: libc::c_int) {
        // SAFETY: all of these are async-signal-safe. The modes were read by `keep` before it installed this
        // handler. With the default action the signal ends the process once this handler returns.
        unsafe {
            if KNOWN.load(Ordering::Acquire) {
                libc::tcsetattr(libc::STDIN_FILENO, libc::TCSANOW, (*MODES.0.get()).as_ptr());
                libc::write(libc::STDOUT_FILENO, NO_PASTE.as_ptr().cast(), NO_PASTE.len());
            }
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
    }
}

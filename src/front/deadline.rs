//! The end of the time that a run was given.
//!
//! A thread waits for it, then interrupts as Ctrl-C does, so that results so far are shown. What does not
//! answer within a second is ended with the process.

use super::{Exit, Front};
use crate::diag::{Diagnostic, codes};
use crate::memory;
use crate::session::Output;
use crate::source::SourceMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

static IS_OVER: AtomicBool = AtomicBool::new(false);
/// How long a stage may take to answer.
const GRACE: Duration = Duration::from_secs(1);

/// Starts the clock.
pub fn start(time: Duration) {
    let wait = move || {
        std::thread::sleep(time);
        IS_OVER.store(true, Ordering::Relaxed);
        interrupt();
        std::thread::sleep(GRACE);
        end();
    };
    // A process that cannot have a thread is over before it has begun.
    if !memory::has_room_for_thread()
        || std::thread::Builder::new().stack_size(1 << 16).spawn(wait).is_err()
    {
        IS_OVER.store(true, Ordering::Relaxed);
        interrupt();
    }
}

/// How the run ended; where its time was over, that is said, and it failed.
pub fn in_time(front: &mut Front, exit: Exit) -> Exit {
    if !IS_OVER.load(Ordering::Relaxed) {
        return exit;
    }
    let finding = Diagnostic::error(codes::E0710, "the run took longer than --time allows");
    front.show(&SourceMap::new(), &Output::Finding(finding));
    Exit::Failed
}

#[cfg(unix)]
fn interrupt() {
    super::interrupt::leave_unanswered();
    // SAFETY: a signal to the own process; its handler is that of Ctrl-C.
    unsafe { libc::kill(libc::getpid(), libc::SIGINT) };
}

#[cfg(not(unix))]
fn interrupt() {}

/// Ends the process with a word on stderr, without waiting for anybody who holds a stream.
fn end() -> ! {
    #[cfg(unix)]
    {
        let text = "gradus: the run took longer than --time allows\n";
        // SAFETY: the buffer is as long as it says; `_exit` takes any number and asks nobody.
        unsafe {
            libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len());
            libc::_exit(i32::from(Exit::Failed.status()))
        }
    }
    #[cfg(not(unix))]
    std::process::exit(i32::from(Exit::Failed.status()))
}

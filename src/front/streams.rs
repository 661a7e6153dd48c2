//! Standard output and standard error.
//!
//! In come texts that are ready to be shown; out they go, at once, so that results and messages stand
//! in their order wherever both streams lead. Whole lines, never parts of one; a stream that takes a part
//! of a text, or is full for now, is given the rest when it is ready.
//!
//! A closed pipe is no error: nobody reads any more, so the process ends, quietly. A stream that was closed
//! before the program began is one, since somebody may believe that results were written. Where stderr is
//! closed the run goes on, since its results are still wanted.

use super::exit::Exit;
use super::interrupt;
use super::look::Look;
use super::outward::{Allowance, Form, safe};
use crate::diag::{Diagnostic, Style, codes, render};
use crate::source::SourceMap;
use std::io::{self, ErrorKind, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether standard output was closed when the process began. The runtime opens `/dev/null` in its place
/// before `main`, so `main.rs` looks earlier.
pub static OUT_WAS_CLOSED: AtomicBool = AtomicBool::new(false);

/// The two streams of the process.
pub struct Streams {
    /// Whether stdout takes colors.
    pub color_out: bool,
    /// Whether stderr takes colors.
    pub color_err: bool,
    /// Whether stdout holds JSON lines.
    json: bool,
    allowance: Allowance,
}

impl Streams {
    /// Takes hold of the streams of the process.
    pub fn new(look: Look) -> Streams {
        // In a sandbox the environment has no say.
        let colors = !look.sandbox && wants_color();
        Streams {
            color_out: colors && io::stdout().is_terminal(),
            color_err: colors && io::stderr().is_terminal(),
            json: look.json,
            allowance: Allowance::new(look.output),
        }
    }

    /// Shows a text on stdout.
    pub fn out(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let form = if self.json { Form::Json } else { Form::Text { color: self.color_out } };
        let text = safe(text, form);
        self.allow(&text);
        let written = match OUT_WAS_CLOSED.load(Ordering::Relaxed) {
            true => Err(io::Error::other("it is closed")),
            false => write_all(Stream::Out, text.as_bytes()),
        };
        if let Err(error) = written {
            self.lost(&error);
        }
    }

    /// Shows a text on stderr, if anybody listens there.
    pub fn err(&mut self, text: &str) {
        if !text.is_empty() {
            let text = safe(text, Form::Text { color: self.color_err });
            self.allow(&text);
            // A closed stderr must not take the results along.
            let _ = write_all(Stream::Err, text.as_bytes());
        }
    }

    /// Ends the process where a text is more than may go out.
    fn allow(&mut self, text: &str) {
        if !self.allowance.take(text) {
            let finding = Diagnostic::error(codes::E0710, "more output than --output allows");
            // What is said of it is not counted.
            self.allowance = Allowance::new(None);
            self.err(&render(&SourceMap::new(), &finding, Style { color: self.color_err }));
            std::process::exit(i32::from(Exit::Failed.status()))
        }
    }

    /// Ends the process, since nobody gets its results.
    fn lost(&mut self, error: &io::Error) -> ! {
        let exit = match error.kind() {
            ErrorKind::BrokenPipe => Exit::Done,
            _ => {
                self.err(&format!("gradus: cannot write to standard output: {error}\n"));
                Exit::Failed
            }
        };
        std::process::exit(i32::from(exit.status()))
    }
}

#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

/// Writes all of it, however little the stream takes at a time. Past a Ctrl-C nobody waits for a stream that
/// takes nothing: the process ends.
fn write_all(stream: Stream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match write(stream, bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(n) => bytes = &bytes[n..],
            Err(error) if is_about_waiting(&error) => {
                if !wait_until_ready(stream) && interrupt::is_raised() {
                    std::process::exit(i32::from(Exit::Interrupted.status()));
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether a stream will be ready later, or a signal came first.
pub fn is_about_waiting(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(unix)]
impl Stream {
    fn number(self) -> libc::c_int {
        match self {
            Stream::Out => libc::STDOUT_FILENO,
            Stream::Err => libc::STDERR_FILENO,
        }
    }
}

#[cfg(unix)]
fn write(stream: Stream, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: the buffer is as long as it says. Texts are longer than an `isize` on no system.
    let n = unsafe { libc::write(stream.number(), bytes.as_ptr().cast(), bytes.len()) };
    usize::try_from(n).map_err(|_| io::Error::last_os_error())
}

/// Waits until the stream takes something or fails; false where nothing happened for a while.
#[cfg(unix)]
fn wait_until_ready(stream: Stream) -> bool {
    /// Milliseconds between two looks at Ctrl-C.
    const WHILE: i32 = 300;
    let mut stream = libc::pollfd { fd: stream.number(), events: libc::POLLOUT, revents: 0 };
    // SAFETY: one pollfd of our own, and its number.
    unsafe { libc::poll(&mut stream, 1, WHILE) > 0 }
}

#[cfg(not(unix))]
fn write(stream: Stream, bytes: &[u8]) -> io::Result<usize> {
    use std::io::Write;
    match stream {
        Stream::Out => io::stdout().write_all(bytes).and_then(|()| io::stdout().flush())?,
        Stream::Err => io::stderr().write_all(bytes)?,
    }
    Ok(bytes.len())
}

#[cfg(not(unix))]
fn wait_until_ready(_: Stream) -> bool {
    std::thread::yield_now();
    true
}

/// Whether colors are welcome at all: <https://no-color.org>, and terminals that have none.
fn wants_color() -> bool {
    let has_no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    !has_no_color && !is_dumb
}

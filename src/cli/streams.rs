//! Standard output and standard error.
//!
//! In come texts that are ready to be shown; out they go, at once, so that results and messages stand
//! in their order wherever both streams lead. Each text is one write: whole lines, never parts of one.
//!
//! A closed pipe is no error: nobody reads any more, so the process ends, quietly. Where stderr is
//! closed the run goes on, since its results are still wanted.

use super::args::Look;
use super::exit::Exit;
use super::outward::{Allowance, Form, safe};
use crate::diag::{Diagnostic, Style, codes, render};
use crate::source::SourceMap;
use std::io::{self, ErrorKind, IsTerminal, StdoutLock, Write};

/// The two streams of the process.
pub struct Streams {
    out: io::BufWriter<StdoutLock<'static>>,
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
            out: io::BufWriter::new(io::stdout().lock()),
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
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        if let Err(error) = written {
            self.lost(&error);
        }
    }

    /// Shows a text on stderr, if anybody listens there.
    pub fn err(&mut self, text: &str) {
        if !text.is_empty() {
            let text = safe(text, Form::Text { color: self.color_err });
            self.allow(&text);
            // A closed or full stderr must not take the results along.
            let _ = io::stderr().write_all(text.as_bytes());
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

/// Whether colors are welcome at all: <https://no-color.org>, and terminals that have none.
fn wants_color() -> bool {
    let has_no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    !has_no_color && !is_dumb
}

//! Outputs shown, for whoever shows them: the command line, the prompt, and what may come beside them.
//!
//! ```text
//! look       what is shown, and how; where a script comes from
//! load       scripts to texts, or why they cannot be read
//! render     outputs to text for people (fit, bench, paint) or for programs (json_lines)
//! streams    text to stdout and stderr; closed pipes
//! outward    what may go out: no character that a terminal acts on, no more than is allowed
//! interrupt  Ctrl-C, and signals that end the process
//! progress   how far a training has come, on a terminal
//! state      where things are kept from one run to the next
//! deadline   the end of the time that a run was given
//! help       pages about functions, methods, statements and error codes
//! ```
//!
//! Only this room, `repl` and `cli` know the terminal and the process. Nothing is read, built or allocated here
//! that is not needed.

mod bench;
pub mod deadline;
pub mod exit;
pub mod fit;
pub mod help;
pub mod interrupt;
pub mod json_lines;
pub mod load;
mod look;
pub mod outward;
pub mod paint;
pub mod progress;
pub mod render;
pub mod state;
pub mod streams;

pub use exit::Exit;
pub use look::{Look, Script};

use crate::diag::Severity;
use crate::session::Output;
use crate::source::SourceMap;
use load::Unreadable;
use paint::Paint;
use render::{Format, Rendered};
use streams::Streams;

/// Shows outputs as they come.
pub struct Front {
    /// Where texts go.
    pub streams: Streams,
    format: Format,
    /// Errors of the text that runs.
    errors: usize,
}

/// So many errors of a text are shown to people, who mend the first ones first; the others are counted.
const MOST_SHOWN: usize = 20;
/// So many errors of a text have a JSON line.
const MOST_LINES: usize = 1_000;

impl Front {
    /// A front on the streams of the process.
    pub fn new(look: Look) -> Front {
        let streams = Streams::new(look);
        let format = Format { look, color_out: streams.color_out, color_err: streams.color_err };
        Front { streams, format, errors: 0 }
    }

    /// What the user asked for.
    pub fn look(&self) -> Look {
        self.format.look
    }

    /// The colors of stdout.
    pub fn paint(&self) -> Paint {
        Paint { color: self.format.color_out }
    }

    /// Shows an output of the session.
    pub fn show(&mut self, sources: &SourceMap, output: &Output) {
        interrupt::answered();
        let is_error = matches!(output, Output::Finding(f) if f.severity == Severity::Error);
        self.errors += usize::from(is_error);
        let most = if self.format.look.json { MOST_LINES } else { MOST_SHOWN };
        if is_error && self.errors > most {
            return;
        }
        let mut rendered = render::output(sources, output, self.format);
        if is_error && self.errors > MOST_SHOWN {
            rendered.err.clear();
        }
        self.put(&rendered);
    }

    /// A text has run: says how many of its errors were not shown.
    pub fn count_errors(&mut self) {
        let more = std::mem::take(&mut self.errors).saturating_sub(MOST_SHOWN);
        if more > 0 {
            let errors = if more == 1 { "error" } else { "errors" };
            self.streams.err(&format!("gradus: {more} more {errors}, not shown\n"));
        }
    }

    /// Shows why a script cannot be read.
    pub fn show_unreadable(&mut self, why: &Unreadable) {
        let rendered = render::unreadable(&why.finding, &why.file, why.at, self.format);
        self.put(&rendered);
    }

    /// Says something to people that is no result.
    pub fn note(&mut self, text: &str) {
        if self.format.look.quiet {
            return;
        }
        let paint = Paint { color: self.format.color_err };
        self.streams.err(&format!("{}\n", paint.dim(text)));
    }

    fn put(&mut self, rendered: &Rendered) {
        self.streams.out(&rendered.out);
        self.streams.err(&rendered.err);
    }
}

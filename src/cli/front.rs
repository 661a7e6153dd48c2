//! The streams together with how things are shown on them.

use super::args::Look;
use super::load::Unreadable;
use super::paint::Paint;
use super::render::{self, Format, Rendered};
use super::streams::Streams;
use crate::session::Output;
use crate::source::SourceMap;

/// Shows outputs as they come.
pub struct Front {
    /// Where texts go.
    pub streams: Streams,
    format: Format,
}

impl Front {
    /// A front on the streams of the process.
    pub fn new(look: Look) -> Front {
        let streams = Streams::new(look);
        let format = Format { look, color_out: streams.color_out, color_err: streams.color_err };
        Front { streams, format }
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
        let rendered = render::output(sources, output, self.format);
        self.put(&rendered);
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

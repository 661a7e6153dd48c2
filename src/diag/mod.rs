//! What goes wrong, as data.
//!
//! In come findings of any room that has spans: a code, a message, labels on the source. Out goes a
//! list for the session, which shows it as text ([`render()`]) or as JSON.
//!
//! The room knows `source` and nothing else. Every code is a row of the table in [`codes`]; `ariadne`
//! is named in `render` alone. Wording: expected, then found; lower case, no full stop; the help says
//! what to write instead.
//!
//! Invariant: one mistake, one report. A [`Sink`] drops a second error at the span of the first.
//!
//! ```text
//! sink.push(
//!     Diagnostic::error(codes::E0301, "unknown name `lamda`")
//!         .at(span, "not defined here")
//!         .help("did you mean `lambda`?"),
//! );
//! ```

pub mod codes;
mod excerpt;
mod render;
mod suggest;

pub use codes::Code;
pub use excerpt::{is_unseen, shown_text};
pub use render::{Style, render, render_all};
pub use suggest::nearest;

use crate::source::{DecodeError, Span};
use std::collections::HashSet;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth saying, nothing to mend.
    Note,
    /// The statement runs, though perhaps not as meant.
    Warning,
    /// The statement does not run.
    Error,
}

/// Words for a stretch of source. The words may be empty: then the stretch is only underlined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// What is underlined.
    pub span: Span,
    /// What is said of it.
    pub text: String,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its row in the table of codes.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence: expected, then found.
    pub message: String,
    /// The place it is about; none where no source is to blame (a missing data file).
    pub primary: Option<Label>,
    /// Other places that explain it, perhaps in other files.
    pub labels: Vec<Label>,
    /// What to write instead.
    pub help: Option<String>,
    /// Facts worth knowing besides.
    pub notes: Vec<String>,
}

impl Diagnostic {
    /// An error without a place yet.
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }

    /// A warning without a place yet.
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message)
    }

    /// A note without a place yet.
    pub fn note_only(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Note, message)
    }

    /// The report that a file holds no text. There is no source to point at: the place is in the words.
    pub fn not_text(file_name: &str, error: &DecodeError) -> Self {
        Self::error(codes::E0106, format!("{file_name}: {error}"))
            .help("save the file as UTF-8; most editors have a menu for it")
    }

    fn new(code: Code, severity: Severity, message: impl Into<String>) -> Self {
        let message = readable(message);
        Self { code, severity, message, primary: None, labels: vec![], help: None, notes: vec![] }
    }

    /// Sets the place it is about, and what stands there.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.primary = Some(Label { span, text: readable(text) });
        self
    }

    /// Adds a further place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: readable(text) });
        self
    }

    /// Says what to write instead.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(readable(text));
        self
    }

    /// Says what to write instead, if there is something to say.
    #[must_use]
    pub fn help_opt(mut self, text: Option<impl Into<String>>) -> Self {
        self.help = text.map(readable).or(self.help);
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(readable(text));
        self
    }

    /// The place it is about.
    pub fn span(&self) -> Option<Span> {
        self.primary.as_ref().map(|label| label.span)
    }
}

/// A text that somebody will read: of one that holds a name of a megabyte, beginning and end.
fn readable(text: impl Into<String>) -> String {
    const MOST: usize = 1_000;
    const END: usize = 200;
    let text = text.into();
    if text.len() <= MOST {
        return text;
    }
    let head = text.floor_char_boundary(MOST - END);
    let tail = text.ceil_char_boundary(text.len() - END);
    format!("{}…{}", &text[..head], &text[tail..])
}

/// Where findings are collected, in the order in which they come.
#[derive(Debug, Default)]
pub struct Sink {
    list: Vec<Diagnostic>,
    errors_at: HashSet<Span>,
    n_errors: usize,
}

impl Sink {
    /// An empty sink.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a finding; drops it where an error was already reported at the same span.
    pub fn push(&mut self, finding: Diagnostic) {
        if finding.severity == Severity::Error {
            if finding.span().is_some_and(|span| !self.errors_at.insert(span)) {
                return;
            }
            self.n_errors += 1;
        }
        self.list.push(finding);
    }

    /// Whether an error came.
    pub fn has_errors(&self) -> bool {
        self.n_errors > 0
    }

    /// How many errors came and were kept.
    pub fn n_errors(&self) -> usize {
        self.n_errors
    }

    /// Leaves the first so many findings.
    pub fn truncate(&mut self, n: usize) {
        self.list.truncate(n);
    }

    /// What came, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// Takes everything out. The spans stay known, so a mistake that was shown is not shown again.
    pub fn take(&mut self) -> Vec<Diagnostic> {
        self.n_errors = 0;
        std::mem::take(&mut self.list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn a_second_error_at_the_same_span_is_dropped_and_a_warning_is_not() {
        let span = Span::new(FileId(0), 1, 2);
        let mut sink = Sink::new();
        sink.push(Diagnostic::error(codes::E0301, "a").at(span, ""));
        sink.push(Diagnostic::error(codes::E0302, "b").at(span, ""));
        sink.push(Diagnostic::warning(codes::W0001, "c").at(span, ""));
        let said: Vec<_> = sink.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(said, ["a", "c"]);
        assert_eq!(sink.n_errors(), 1);
    }
}

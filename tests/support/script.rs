//! Scripts run through [`Session`], and what they gave as plain data.

use std::path::Path;
use std::sync::Arc;

use gradus::diag::{Severity, Style, render};
use gradus::report::JsonValue;
use gradus::session::{Fit, Outcome, Output, Session, Settings};
use gradus::source::SourceMap;

/// An output of a script, findings already as text.
pub enum Seen {
    /// The value of an expression statement.
    Value { name: String, text: String, value: JsonValue },
    /// An optimization that ended; `brief` under a `let`.
    Fit { fit: Arc<Fit>, brief: bool },
    /// A line of `print`, a note or a stage.
    Line(String),
    /// An error or a warning: its code, and as people see it.
    Finding { code: &'static str, is_error: bool, text: String },
}

/// How a script ended and what it gave.
pub struct Ran {
    /// Whether an error was reported.
    pub outcome: Outcome,
    /// The outputs in order.
    pub seen: Vec<Seen>,
}

impl Ran {
    /// The texts of expression statements.
    pub fn texts(&self) -> Vec<&str> {
        let is_value = |s: &&Seen| matches!(s, Seen::Value { .. });
        self.seen.iter().filter(is_value).map(Seen::text).collect()
    }

    /// The optimizations.
    pub fn fits(&self) -> Vec<&Fit> {
        let mut fits = Vec::new();
        for seen in &self.seen {
            if let Seen::Fit { fit, .. } = seen {
                fits.push(&**fit);
            }
        }
        fits
    }

    /// The codes of errors and warnings.
    pub fn codes(&self) -> Vec<&'static str> {
        let code = |s: &Seen| if let Seen::Finding { code, .. } = s { Some(*code) } else { None };
        self.seen.iter().filter_map(code).collect()
    }

    /// All findings as text.
    pub fn findings(&self) -> String {
        let is_finding = |s: &&Seen| matches!(s, Seen::Finding { .. });
        let texts: Vec<&str> = self.seen.iter().filter(is_finding).map(Seen::text).collect();
        texts.join("\n")
    }

    /// The same, panicking with the findings where an error was reported.
    #[track_caller]
    pub fn passed(self, what: &str) -> Ran {
        assert!(!self.outcome.failed, "{what} reported an error:\n{}", self.findings());
        self
    }
}

impl Seen {
    /// The text of a value, a line or a finding; empty for an optimization.
    pub fn text(&self) -> &str {
        match self {
            Seen::Value { text, .. } | Seen::Line(text) | Seen::Finding { text, .. } => text,
            Seen::Fit { .. } => "",
        }
    }

    fn of(sources: &SourceMap, output: Output) -> Seen {
        match output {
            Output::Value { name, text, value } => Seen::Value { name, text, value },
            Output::Fit { fit, brief } => Seen::Fit { fit, brief },
            Output::Print(text) | Output::Note(text) | Output::Stage(text) => Seen::Line(text),
            Output::Bench(bench) => Seen::Line(format!("{bench:?}")),
            Output::Finding(finding) => Seen::Finding {
                code: finding.code.id(),
                is_error: finding.severity == Severity::Error,
                text: render(sources, &finding, Style { color: false }),
            },
        }
    }
}

/// A session whose files are below `folder`.
pub fn session(folder: &Path, jit: bool) -> Session {
    let mut session = Session::new(Settings { jit, ..Settings::default() });
    session.set_base(folder);
    session
}

/// Runs a script in a session.
pub fn run_in(session: &mut Session, name: &str, text: &str) -> Ran {
    collect(|out| session.run(name, text, out))
}

/// Checks a script without running it.
pub fn check_in(session: &mut Session, name: &str, text: &str) -> Ran {
    collect(|out| session.check(name, text, out))
}

/// Runs a line, as a REPL does.
pub fn line_in(session: &mut Session, text: &str) -> Ran {
    collect(|out| session.run_line("line", text, out))
}

/// Runs a script in a session of its own, in the root of the repository.
pub fn run(text: &str) -> Ran {
    run_in(&mut session(Path::new(env!("CARGO_MANIFEST_DIR")), true), "script", text)
}

fn collect(work: impl FnOnce(&mut gradus::session::Receiver) -> Outcome) -> Ran {
    let mut seen = Vec::new();
    let outcome = work(&mut |sources, output| seen.push(Seen::of(sources, output)));
    Ran { outcome, seen }
}

/// The numbers in a value, in order; none for texts.
pub fn numbers(value: &JsonValue) -> Vec<f64> {
    match value {
        JsonValue::Number(v) => vec![*v],
        JsonValue::Bool(b) => vec![f64::from(u8::from(*b))],
        JsonValue::Count(n) => vec![*n as f64],
        JsonValue::Column(values) | JsonValue::Matrix { values, .. } => values.clone(),
        JsonValue::Array(values) => values.iter().flat_map(numbers).collect(),
        JsonValue::Object(object) => object.fields().flat_map(|(_, v)| numbers(v)).collect(),
        JsonValue::Null | JsonValue::Text(_) => Vec::new(),
    }
}

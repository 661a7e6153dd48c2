//! What running a script gives, as plain data: front ends only render it.

use crate::diag::Diagnostic;
use crate::report::JsonValue;

use super::bench::Bench;
use crate::model::Fit;
use std::sync::Arc;

/// One thing to show.
#[derive(Clone, Debug)]
pub enum Output {
    /// The value of an expression statement.
    Value {
        /// The expression as it was written.
        name: String,
        /// What people read; several lines for several derivatives.
        text: String,
        /// What programs read; null while an unknown is left.
        value: JsonValue,
    },
    /// An optimization that ended.
    Fit {
        /// The result.
        fit: Arc<Fit>,
        /// Whether it stood under a `let`: one line is enough for people.
        brief: bool,
    },
    /// Times of a definition.
    Bench(Bench),
    /// A line of `print`.
    Print(String),
    /// Something worth saying that is no mistake.
    Note(String),
    /// A stage of the work, as `--show` asks for it.
    Stage(String),
    /// An error or a warning.
    Finding(Diagnostic),
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// An error was reported.
    pub failed: bool,
    /// The user interrupted it.
    pub interrupted: bool,
    /// An optimization ended without converging.
    pub unconverged: bool,
}

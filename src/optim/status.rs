//! Why a run ended: the status, and the sentence that explains it.

use crate::problem::Halt;
use std::fmt;

/// The nine ways in which a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A convergence test passed.
    Converged,
    /// Floating point allows no further progress, and no convergence test passed.
    Stalled,
    /// The iteration limit was reached.
    MaxIter,
    /// The time limit was reached.
    MaxTime,
    /// The iterates or values run away.
    Diverged,
    /// The objective falls without bound.
    Unbounded,
    /// The constraints cannot be met.
    Infeasible,
    /// The user interrupted the run.
    Interrupted,
    /// The objective or its derivatives are not finite at the start.
    InvalidStart,
}

impl Status {
    /// The word that users see, as in `fit.status`.
    pub fn name(self) -> &'static str {
        match self {
            Status::Converged => "converged",
            Status::Stalled => "stalled",
            Status::MaxIter => "max_iter",
            Status::MaxTime => "max_time",
            Status::Diverged => "diverged",
            Status::Unbounded => "unbounded",
            Status::Infeasible => "infeasible",
            Status::Interrupted => "interrupted",
            Status::InvalidStart => "invalid_start",
        }
    }

    /// Whether the run reached what it was asked for.
    pub fn is_success(self) -> bool {
        self == Status::Converged
    }
}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// The end of a run: its status and a sentence with the values behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// What happened.
    pub status: Status,
    /// Which test passed or which limit was met, with numbers.
    pub message: String,
}

impl Stop {
    /// A stop with its explanation.
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Stop { status, message: message.into() }
    }
}

impl From<Halt> for Stop {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::MaxTime => Stop::new(Status::MaxTime, "the time limit max_time was reached"),
            Halt::Interrupted => Stop::new(Status::Interrupted, "the run was interrupted"),
        }
    }
}

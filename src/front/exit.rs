//! How the process ends.

use crate::session::Outcome;
use std::process::ExitCode;

/// The exit statuses of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was done.
    Done = 0,
    /// An error in the script or its data, or a script that cannot be read.
    Failed = 1,
    /// The command line makes no sense.
    WrongUsage = 2,
    /// Under `--strict`: an optimization did not converge.
    Unconverged = 3,
    /// The user interrupted the run (128 + SIGINT, as shells have it).
    Interrupted = 130,
}

impl Exit {
    /// What an outcome means for the process.
    pub fn of(outcome: Outcome, strict: bool) -> Exit {
        match outcome {
            Outcome { interrupted: true, .. } => Exit::Interrupted,
            Outcome { failed: true, .. } => Exit::Failed,
            Outcome { unconverged: true, .. } if strict => Exit::Unconverged,
            _ => Exit::Done,
        }
    }

    /// The number.
    pub fn status(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.status())
    }
}

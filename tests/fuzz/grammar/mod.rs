//! Random scripts, by the grammar and the shapes of the language.
//!
//! [`script`] gives a script that should run; [`mutate`](mutate::mutate) makes of it one that
//! perhaps should not. Everything follows from the number of the case alone.

mod array;
mod catalog;
mod declare;
pub mod mutate;
mod names;
mod scalar;
mod scope;
mod statement;

pub use declare::{data_files, npy};

use gradus::random::Stream;
use scope::Grower;

/// What a script is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Values, derivatives and rewriting.
    Formulas,
    /// Optimizations.
    Solvers,
}

/// The script of a case, a statement a line.
pub fn script(case: u64, topic: Topic) -> String {
    let mut grower = Grower::new(Stream::new(case).split("script"));
    declare::declarations(&mut grower);
    statement::definitions(&mut grower);
    match topic {
        Topic::Formulas => statement::questions(&mut grower),
        Topic::Solvers => statement::optimizations(&mut grower),
    }
    grower.lines.join("\n")
}

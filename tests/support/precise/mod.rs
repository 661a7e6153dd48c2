//! An oracle of 31 digits: expressions evaluated in double-double arithmetic, and their
//! derivatives by differences of those values.
//!
//! It reads nodes and knows what operators mean, but none of their derivatives, and computes
//! none of their values by the crate's functions. So a difference with a symbolic derivative
//! is the fault of the derivative.

pub mod array;
pub mod differences;
pub mod double;
pub mod evaluate;
pub mod functions;

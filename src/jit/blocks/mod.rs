//! The block evaluator: bodies of loops without machine code of their own.
//!
//! In: a [`Body`](super::bodies::body::Body). Out: a [`Plan`], which [`run`] follows: each
//! operation runs over a block of lanes before the next one does, in loops of
//! plain Rust that are compiled for every level of vector instructions. So this
//! is vector code on every processor and system, as fast as memory of the first
//! level allows. [`run`] takes the same frame as an emitted function, and the
//! code that Cranelift makes calls it the same way.
//!
//! - `plan`: operations to steps, whose operands are blocks, arrays or single numbers.
//! - `run`: the loop around them, and effects.
//! - `lanes`: what one step does to a block.

mod lanes;
mod plan;
mod run;

pub use plan::Plan;
pub use run::run;

/// The word of a frame that holds the address of a [`Plan`].
pub const PLAN: usize = 2;

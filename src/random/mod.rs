//! Random draws that depend on the seed alone.
//!
//! In comes a seed and, for independent uses, a label; out come numbers, arrays in
//! row-major order, and orders of rows. The same seed gives the same bits on every
//! platform and for any number of threads: only integer operations, correctly rounded
//! arithmetic, and `libm`'s portable logarithm are used, never the system's.
//!
//! This room knows no expressions and no optimizers, and has no global generator: who
//! draws holds a [`Stream`]. Streams are split by label, so that one more draw for a data
//! split does not change what an optimizer sees.
//!
//! Invariant: the tests hold known draws; a change to them breaks users' scripts and
//! belongs into the changelog.
//!
//! Example: `Stream::new(42).split("arrays")`, then `arrays::uniform(&mut s, 0.0, 1.0, 3)`.

pub mod arrays;
pub mod order;
mod orthogonal;
mod random_error;
mod stream;

pub use orthogonal::orthogonal;
pub use random_error::RandomError;
pub use stream::Stream;

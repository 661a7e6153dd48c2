//! Linear equations solved in closed form.
//!
//! In: residuals that are to be zero, and the unknowns to solve for. Out: an
//! expression for each unknown, or why there is none ([`NoSolution`]). Known
//! values and sums over an index stay names and sums: the normal equations of
//! a line give the formula of the textbook.
//!
//! Scalar unknowns of scalar equations are eliminated exactly, over polynomials
//! ([`scalars`]); an array unknown is `inv(M)*b` for the matrix `M` by which
//! its equation depends on it ([`arrays`]). Of scalars and arrays together one equation is solved after the other, in
//! whatever order leads to an end, or all of them by entries ([`entries`]). This room knows no source text.

mod arrays;
mod entries;
mod scalars;
mod system;

pub use system::{NoSolution, solve};

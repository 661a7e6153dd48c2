//! Are two expressions equal, and is a derivative right?
//!
//! In: two expressions over one graph, or an expression and its unknowns; the
//! bounds of the unknowns. Out: a [`Verdict`] with a point where they differ
//! and, where it can be told, what differs; or a [`derivatives::Report`] of
//! symbolic against numeric derivatives.
//!
//! Equality is decided by normal form ([`normal_form::same`]) and by values at
//! random points of the declared domain. The normal form holds for all points
//! at once, but it is the work of many rules; so it proves nothing where a
//! value contradicts it. Random points can only err where two expressions
//! differ by less than rounding, and a tolerance scaled to the terms inside
//! sees to that.
//!
//! This room knows no spans and writes no diagnostics. Random points are drawn
//! from a fixed stream: the same check gives the same answer.

mod compare;
pub mod derivatives;
mod difference;
mod magnitude;
mod normal_form;
mod ridders;
mod sample;
mod terms;

pub use compare::{Verdict, compare};
pub use difference::{Difference, Side};
pub(crate) use magnitude::magnitude;
pub use ridders::{Estimate, derivative, derivative_with_noise};
pub use sample::{Domain, Point};

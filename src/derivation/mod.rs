//! Derivations: a derivative taken one rule at a time.
//!
//! In: an expression and an unknown. Out: a [`Derivation`], the lines from
//! `diff(f, x)` to what `grad` prints. Every line is an expression that is
//! equal to the one before, and names the rule that led to it.
//!
//! A derivative that a line has not taken yet is a node [`Op::Diff`]: of a
//! scalar (the result has the shape of the unknown), of anything by a scalar
//! (the result has its own shape), or of a column by a column, which prints as
//! `jac(r, x)` and stands transposed before what it multiplies: `jac(r, x)'*c`.
//! A rule replaces such nodes by others over smaller expressions. The rules
//! are those of the operator table, outermost first, through the functions
//! that `grad` uses; this room only decides how much of one makes a line
//! ([`steps`]) and what the rule is called ([`rules`]).
//!
//! Nodes of [`Op::Diff`] are for reading. They are never evaluated, compiled
//! or differentiated, and no expression of the user holds one.

mod affine;
mod latex;
mod pending;
mod rules;
mod steps;
mod text;

pub use latex::latex;
pub use steps::derive;
pub use text::text;

#[cfg(doc)]
use crate::expr::Op;
use crate::expr::{Dims, ExprId};

/// A derivation.
#[derive(Clone, Debug, PartialEq)]
pub struct Derivation {
    /// What is differentiated, as it appears in labels.
    pub of: String,
    /// What by.
    pub by: String,
    /// The dimensions of its axes.
    pub axes: Dims,
    /// From the derivative not yet taken to the result.
    pub lines: Vec<Line>,
}

/// One line of a derivation.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The right-hand side.
    pub expr: ExprId,
    /// The rules that led to it; empty for the first line.
    pub rule: String,
}

//! Formulas: operators, derivatives, rewriting, printing and proofs, against numbers.

mod algebra;
mod arithmetic;
mod convexity;
mod derive;
mod equations;
mod latex;
mod operators;
mod paste_back;
mod paste_support;
mod precise;
mod properties;
mod rewriting;
mod sums_stay_sums;
#[path = "../support/mod.rs"]
mod support;
mod total;

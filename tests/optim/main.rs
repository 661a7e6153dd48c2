//! Solvers on problems with published answers, and what they may cost.

mod budgets;
mod conformance;
mod edges;
mod fit_data;
mod jet;
mod large;
mod line_search;
mod nist;
mod nist_problems;
mod nist_scripts;
mod problems;
mod published;
mod rosenbrock;
#[path = "../support/mod.rs"]
mod support;
mod training;
mod units;

//! Expressions to the scalar graph, in which arrays have become entries and loops.
//!
//! In: expressions of a graph. Out: a `dag`, and what stands beside it: known values, buffers, dense calls.
//! `translate` goes through the expressions (with `entry`, `numbers`, `folds`, `fills`, `scatters`, `pieces`,
//! `products`, `others`); `facts` says what is known of them, `envs` and `vars` which loops something is inside of.

mod chain;
pub mod dag;
mod entry;
mod envs;
mod facts;
mod fills;
mod folds;
mod numbers;
mod others;
mod pieces;
mod products;
mod scatters;
pub mod translate;
pub mod vars;

//! Gradus: a small language for optimization.
pub mod source;
pub mod diag;
pub mod syntax;
pub mod special;
pub mod random;
pub mod data;
pub mod shape;
pub mod expr;
pub mod ops;
pub mod print;
pub mod simplify;
pub mod diff;
pub mod eval;
pub mod problem;
pub mod optim;
pub mod report;
pub mod check;

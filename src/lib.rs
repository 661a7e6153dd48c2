//! Gradus: a small language for optimization.
pub mod shape;
pub mod special;
pub mod expr;
pub mod ops;
pub mod diff;
pub mod eval;
pub mod jit;

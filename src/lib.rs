//! Gradus: a small language for optimization.
pub mod check;
pub mod data;
pub mod diag;
pub mod diff;
pub mod eval;
pub mod expr;
pub mod jit;
pub mod ops;
pub mod optim;
pub mod print;
pub mod problem;
pub mod random;
pub mod report;
pub mod session;
<<<<<<< HEAD
pub mod shape;
pub mod simplify;
pub mod source;
pub mod special;
pub mod syntax;
=======
pub mod cli;
pub mod repl;
>>>>>>> 001b38408e48cab7a0eaad78f2024ebd84a34434

//! One objective as something that a solver may ask.
//!
//! Here graph and solver meet: `compiled` makes a [`Problem`](crate::problem::Problem) of an expression and of what is
//! found out about it (`structure`, `hessian`, `sparse`, `gauss_newton`, `finite`, `data_rows`). `engine` evaluates,
//! by compiled code or otherwise. `derivative_check` doubts a gradient, `compiled_check` compares the way that will run
//! with the evaluator, `fitted` says what is known of a solution, a [`Fit`]. Knows no syntax.

#![warn(missing_docs)]

pub mod batches;
pub(crate) mod blocks;
pub(crate) mod choose;
pub(crate) mod compiled;
pub(crate) mod compiled_check;
pub(crate) mod data_rows;
pub(crate) mod derivative_check;
pub(crate) mod engine;
pub(crate) mod finite;
pub(crate) mod fit;
pub(crate) mod fitted;
pub(crate) mod gauss_newton;
pub(crate) mod hessian;
pub(crate) mod lift;
pub(crate) mod setup;
pub(crate) mod show;
pub(crate) mod sparse;
pub(crate) mod structure;
pub(crate) mod training;
pub mod update;

pub use engine::Spoiled;
pub use fit::{Fit, Sense};
pub use show::Stage;

//! The optimizer room: line searches, methods, and the driver that runs them.
//!
//! In come a [`Problem`](crate::problem::Problem), a start point, a row of the [`registry`] and checked
//! [`options`]; out comes a [`driver::Solution`] that says in words why it stopped. Beside it stand two
//! judges of a solution: [`verdict`] (what kind of point it is) and [`least_squares`] (statistics of a fit).
//! This room knows callbacks and numbers only: no expression graph, no files, no terminal.
//!
//! A method in [`methods`] writes its iteration. Limits, interrupts, counts, traces and the best point so
//! far belong to [`run`] and to the evaluator of `problem`. Adding a method is one file and one row.

pub mod beyond;
pub mod damped_step;
pub mod driver;
pub mod eigen;
pub mod least_squares;
pub mod line_search;
pub mod methods;
pub mod normal_equations;
pub mod options;
pub mod qr;
pub mod registry;
pub mod review;
pub mod run;
pub mod sampling;
pub mod settled;
pub mod sparse_factor;
pub mod sparse_region;
pub mod sparse_verdict;
pub mod status;
pub mod student_t;
pub mod trace;
pub mod trust_region;
pub mod vector;
pub mod verdict;

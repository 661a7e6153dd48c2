//! The optimizer room: line searches, methods, and the driver that runs them.
//!
//! In come a [`Problem`](crate::problem::Problem), a start point, a row of the [`registry`] and checked
//! [`options`]; out comes a [`driver::Solution`] that says in words why it stopped. Beside it stand
//! the judges of a solution ([`judge`]): what kind of point it is, and the statistics of a fit.
//! This room knows callbacks and numbers only: no expression graph, no files, no terminal.
//!
//! A method in [`methods`] writes its iteration and its row ([`method`]), and does not know the registry. Limits,
//! interrupts, counts, traces and the best point so far belong to [`run`] and to the evaluator of `problem`. Adding a method
//! is one file and one row.

#![warn(missing_docs)]

pub mod driver;
pub mod judge;
pub mod lanczos;
pub mod line_search;
pub mod method;
pub mod methods;
pub mod options;
pub mod registry;
pub mod run;
pub mod sampling;
pub mod settled;
pub mod solution;
pub mod squares;
pub mod status;
pub mod trace;
pub mod trust;
pub mod update;
pub mod vector;

//! What a run gives.

use super::status::Status;
use super::trace::Trace;
use crate::problem::Evaluations;

/// A minimizer, or the best point found, and how the run went.
#[derive(Clone, Debug)]
pub struct Solution {
    /// The point, n entries.
    pub x: Vec<f64>,
    /// f there.
    pub value: f64,
    /// The largest absolute gradient entry, unscaled and not projected. NaN where nothing is known.
    pub grad_norm: f64,
    /// The gradient at `x`; empty where the method used none.
    pub gradient: Vec<f64>,
    /// What the gradient test measures: `grad_norm`, or under bounds the projected gradient's norm.
    pub stationarity: f64,
    /// How the run ended.
    pub status: Status,
    /// Whether what is known at `x` says that it is stationary, whatever the status.
    pub is_stationary: bool,
    /// Whether f levels off there, toward a limit that it does not attain.
    pub levels_off: bool,
    /// Which test passed or which limit was met, in words and numbers.
    pub message: String,
    /// Iterations done.
    pub iterations: usize,
    /// What was evaluated, and how often.
    pub evaluations: Evaluations,
    /// Seconds.
    pub time: f64,
    /// A row for each iteration, where it was asked for.
    pub trace: Trace,
    /// The name of the method.
    pub method: &'static str,
}

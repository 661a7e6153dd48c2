//! The result of an optimization, as plain data.

use super::training::Kept;
use crate::optim::judge::least_squares::FitStatistics;
use crate::optim::judge::verdict::{PointKind, Verdict};
use crate::optim::status::Status;
use crate::optim::trace::Trace;
use crate::problem::Evaluations;
use crate::shape::Tensor;
use std::sync::Arc;

/// Which value an optimization looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sense {
    /// The smallest.
    Minimize,
    /// The largest: the negative is minimized.
    Maximize,
}

impl Sense {
    /// The word of the statement.
    pub fn word(self) -> &'static str {
        match self {
            Sense::Minimize => "minimize",
            Sense::Maximize => "maximize",
        }
    }

    /// What values are multiplied by before they are minimized: 1 or -1.
    pub fn sign(self) -> f64 {
        match self {
            Sense::Minimize => 1.0,
            Sense::Maximize => -1.0,
        }
    }
}

/// An optimization that ended.
#[derive(Clone, Debug)]
pub struct Fit {
    /// The name of the `let`; none where it stood as a statement.
    pub name: Option<String>,
    /// Whether the smallest or the largest value was looked for.
    pub sense: Sense,
    /// What was optimized: its name, or its text.
    pub objective: String,
    /// The method.
    pub method: String,
    /// Why this method was chosen; empty where the user named it.
    pub why: String,
    /// What was found about the objective, a line each.
    pub analysis: Vec<String>,
    /// How it ended.
    pub status: Status,
    /// Which test passed or which limit was met.
    pub message: String,
    /// The value of the expression as it was written.
    pub value: f64,
    /// The largest absolute gradient entry.
    pub grad_norm: f64,
    /// Iterations of the method.
    pub iterations: usize,
    /// Evaluations of the method.
    pub evaluations: Evaluations,
    /// Seconds.
    pub time: f64,
    /// All unknowns of the objective, in the order of their declaration.
    pub solution: Vec<(String, Tensor)>,
    /// Names of the entries that moved, such as `w[2]`, in the solver's order.
    pub entries: Vec<String>,
    /// Their values.
    pub x: Vec<f64>,
    /// Kind of point, from the exact Hessian.
    pub verdict: Option<Verdict>,
    /// For fits: estimates with their uncertainty.
    pub statistics: Option<FitStatistics>,
    /// A row an iteration.
    pub trace: Trace,
    /// What a first-order method goes on with.
    pub(crate) kept: Option<Arc<Kept>>,
}

impl Fit {
    /// The kind of point in words, with the unknowns that a flat or a falling
    /// direction consists of; none where nothing was worked out.
    pub fn point(&self) -> Option<String> {
        // The verdict is about what was minimized: the negative under `maximize`.
        let kind = match (self.verdict.as_ref()?.kind, self.sense) {
            (PointKind::StrictMinimum, Sense::Maximize) => "strict local maximum",
            (PointKind::LocalMaximum, Sense::Maximize) => "local minimum",
            (PointKind::Unattained, Sense::Maximize) => "supremum approached, not attained",
            (PointKind::Falling, Sense::Maximize) => "no maximum, the objective rises on",
            (kind, _) => kind.name(),
        };
        Some(kind.to_string())
    }

    /// The standard error of each unknown, in its shape; none where this is no
    /// fit.
    pub fn standard_errors(&self) -> Option<Vec<(String, Tensor)>> {
        let statistics = self.statistics.as_ref()?;
        let mut errors = Vec::new();
        let mut at = 0;
        for (name, value) in &self.solution {
            let moved = self
                .entries
                .get(at)
                .is_some_and(|e| e == name || e.starts_with(&format!("{name}[")));
            if !moved {
                continue;
            }
            let n = value.shape().len();
            errors.push((
                name.clone(),
                Tensor::new(value.shape(), &statistics.standard_errors[at..at + n]),
            ));
            at += n;
        }
        Some(errors)
    }
}

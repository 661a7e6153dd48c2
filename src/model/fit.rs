//! The result of an optimization, as plain data.

use crate::optim::judge::least_squares::FitStatistics;
use crate::optim::judge::verdict::{PointKind, Verdict};
use crate::optim::status::Status;
use crate::optim::trace::Trace;
use crate::problem::Evaluations;
use crate::shape::Tensor;

/// An optimization that ended.
#[derive(Clone, Debug)]
pub struct Fit {
    /// The name of the `let`; none where it stood as a statement.
    pub name: Option<String>,
    /// `minimize` or `maximize`.
    pub statement: &'static str,
    /// What was optimized: its name, or its text.
    pub objective: String,
    /// The method.
    pub method: &'static str,
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
}

impl Fit {
    /// The kind of point in words, with the unknowns that a flat or a falling
    /// direction consists of; none where nothing was worked out.
    pub fn point(&self) -> Option<String> {
        // The verdict is about what was minimized: the negative under `maximize`.
        let kind = match (self.verdict.as_ref()?.kind, self.statement) {
            (PointKind::StrictMinimum, "maximize") => "strict local maximum",
            (PointKind::LocalMaximum, "maximize") => "local minimum",
            (PointKind::Unattained, "maximize") => "supremum approached, not attained",
            (PointKind::Falling, "maximize") => "no maximum, the objective rises on",
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

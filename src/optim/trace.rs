//! The trace of a run as plain columns, one row an iteration (row 0 is the start).

/// Columns of equal length. A method without a trust region or damping leaves NaN in `radius`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// The iteration, from 0.
    pub iteration: Vec<usize>,
    /// f at the iterate.
    pub value: Vec<f64>,
    /// The largest absolute gradient entry (of the projected gradient under bounds).
    pub grad_norm: Vec<f64>,
    /// The Euclidean length of the step that led here.
    pub step: Vec<f64>,
    /// The trust-region radius after the step, where there is one.
    pub radius: Vec<f64>,
    /// Evaluations of f so far.
    pub f_evals: Vec<usize>,
    /// Evaluations of gradients so far.
    pub g_evals: Vec<usize>,
    /// Seconds since the start.
    pub time: Vec<f64>,
    /// What epochs of training gave; empty for other runs.
    pub epochs: Vec<EpochRow>,
    /// What a step was made of, a row an iteration too, but only for few unknowns: no column of the table.
    pub steps: Vec<TraceStep>,
}

/// What an epoch of training gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EpochRow {
    /// The epoch, from 1.
    pub epoch: usize,
    /// The mean over its rows.
    pub value: f64,
    /// What was watched, at its end.
    pub watch: Option<f64>,
    /// The rate of its last step, where the method has one.
    pub rate: Option<f64>,
}

/// The point and gradient after an iteration, and the numbers of the step that led there.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceStep {
    /// The points, n entries each.
    pub x: Vec<f64>,
    /// Empty for methods without gradients.
    pub g: Vec<f64>,
    /// The step length along the direction, or NaN.
    pub alpha: f64,
    /// The damping, or NaN.
    pub lambda: f64,
}

/// One row of a [`Trace`].
#[derive(Clone, Copy, Debug)]
pub struct TraceRow {
    /// The number of the iteration, 0 for the start.
    pub iteration: usize,
    /// f there.
    pub value: f64,
    /// The largest gradient entry.
    pub grad_norm: f64,
    /// The length of the step that led there.
    pub step: f64,
    /// The radius of the trust region; NaN where there is none.
    pub radius: f64,
    /// Evaluations of f so far.
    pub f_evals: usize,
    /// Evaluations of the gradient so far.
    pub g_evals: usize,
    /// Seconds so far.
    pub time: f64,
}

impl Trace {
    /// Appends a row.
    pub fn push(&mut self, row: TraceRow) {
        self.iteration.push(row.iteration);
        self.value.push(row.value);
        self.grad_norm.push(row.grad_norm);
        self.step.push(row.step);
        self.radius.push(row.radius);
        self.f_evals.push(row.f_evals);
        self.g_evals.push(row.g_evals);
        self.time.push(row.time);
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.iteration.len()
    }

    /// Whether no row was recorded.
    pub fn is_empty(&self) -> bool {
        self.iteration.is_empty()
    }

    /// The columns by name as numbers, in the order of a printed table.
    pub fn columns(&self) -> Vec<(&'static str, Vec<f64>)> {
        let counts = |column: &[usize]| column.iter().map(|&count| count as f64).collect();
        if !self.epochs.is_empty() {
            let of = |part: &dyn Fn(&EpochRow) -> f64| self.epochs.iter().map(part).collect();
            return vec![
                ("epoch", of(&|row| row.epoch as f64)),
                ("iteration", counts(&self.iteration)),
                ("value", self.value.clone()),
                ("watch", of(&|row| row.watch.unwrap_or(f64::NAN))),
                ("rate", of(&|row| row.rate.unwrap_or(f64::NAN))),
                ("time", self.time.clone()),
            ];
        }
        vec![
            ("iteration", counts(&self.iteration)),
            ("value", self.value.clone()),
            ("grad_norm", self.grad_norm.clone()),
            ("step", self.step.clone()),
            ("radius", self.radius.clone()),
            ("f_evals", counts(&self.f_evals)),
            ("g_evals", counts(&self.g_evals)),
            ("time", self.time.clone()),
        ]
    }
}

//! Training by batches of rows: which axes run over the rows of the data, and the estimate of an objective from some of them.

pub mod axes;
pub mod estimate;
pub mod modes;

use crate::expr::ExprId;
use axes::Named;

/// The options of training, each with a line for help pages.
pub const TRAINING: [(&str, &str); 6] = [
    ("epochs", "passes over all rows"),
    (
        "batch",
        "rows a step, drawn without replacement, in a new order every epoch; all where it is left out",
    ),
    ("rows", "the table or the array whose rows are drawn, where the objective reads several"),
    ("patience", "epochs that may pass without a better value; the point of the best is kept"),
    ("watch", "what is evaluated after each epoch, instead of its loss: `watch = test_loss`"),
    ("average", "true, or the share of the last steps whose points are averaged"),
];

/// How a first-order method trains. What is not given is `None`.
#[derive(Clone, Debug, Default)]
pub struct Regime {
    /// Passes over all rows.
    pub epochs: Option<usize>,
    /// Steps.
    pub steps: Option<usize>,
    /// Rows a step.
    pub batch: Option<usize>,
    /// What names the rows.
    pub rows: Option<Named>,
    /// So many epochs may pass without a better value; the best point is kept.
    pub patience: Option<usize>,
    /// What is watched after each epoch.
    pub watch: Option<ExprId>,
    /// The share of the steps, the last ones, whose points are averaged.
    pub average: Option<f64>,
}

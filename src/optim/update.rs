//! What a first-order method does with a gradient, given from outside: the update of an `optimizer`, and training by batches.

use std::sync::Arc;

/// Why an update has no new point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// Someone asked to stop.
    Interrupted,
    /// One of its formulas has no value there.
    NoValue,
}

/// An update with its states.
pub trait Step {
    /// Steps that were done before this run.
    fn done(&self) -> usize;

    /// Moves `x: n` by the gradient `g: n` and the value `f` at `x`, in step `t` from 1.
    ///
    /// # Errors
    ///
    /// Where there is no new point; `x` and the states are then as before.
    fn step(&mut self, x: &mut [f64], g: &[f64], f: f64, t: usize) -> Result<(), Failed>;

    /// The point that is reported, where it is not `x`; after a step.
    fn answer(&self) -> Option<&[f64]>;

    /// The rate of step `t`, where the method has one.
    fn rate(&self, t: usize) -> Option<f64>;
}

/// How long a training goes on, and what it keeps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Passes over all rows.
    pub epochs: Option<usize>,
    /// Steps.
    pub steps: Option<usize>,
    /// So many epochs may pass without a better value; the best point is kept.
    pub patience: Option<usize>,
    /// The share of the steps, the last ones, whose points are averaged.
    pub average: Option<f64>,
    /// Whether a larger value of what is watched is better.
    pub rises: bool,
}

/// What a training tells while it goes on.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Whole epochs.
    pub epoch: usize,
    /// All epochs, where they are limited.
    pub epochs: Option<usize>,
    /// The mean over the rows of the last epoch.
    pub loss: f64,
    /// What is watched.
    pub watch: Option<f64>,
    /// The rate.
    pub rate: Option<f64>,
    /// Steps a second since the start of the run.
    pub steps_a_second: f64,
}

/// Is told how far a training has come, and with none that it has ended.
pub type OnProgress = Arc<dyn Fn(Option<&Progress>) + Send + Sync>;

/// How far a training has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Steps.
    pub steps: usize,
    /// Whole epochs.
    pub epochs: usize,
    /// Rows used of the epoch after these.
    pub rows: usize,
}

/// What some steps gave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pass {
    /// Steps that were done.
    pub steps: usize,
    /// The rows that they took.
    pub rows: usize,
    /// The sum over these rows: the value of each batch, times its rows.
    pub loss: f64,
    /// The value of the last batch.
    pub last: f64,
    /// Why the step after these was not done.
    pub failed: Option<Ended>,
}

/// Why steps came to an end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ended {
    /// The step has no result.
    Failed(Failed),
    /// The value before it was not finite.
    NotFinite,
    /// The values of ten steps in a row lay above the limit.
    Far,
}

/// Training: an objective that is estimated from batches of rows, and the update of its unknowns, as one.
pub trait Training {
    /// All rows, and the rows of a batch.
    fn rows(&self) -> (usize, usize);

    /// How long it goes on.
    fn limits(&self) -> Limits;

    /// What was done before this run.
    fn done(&self) -> Done;

    /// Notes what has been done, for going on later.
    fn note(&mut self, done: Done);

    /// The order of the rows in an epoch, from 0.
    fn order(&self, epoch: usize, order: &mut Vec<u32>);

    /// Steps by these rows, a batch each, the first of them step `t` from 1. They end where ten values in a row lie above `limit`.
    fn pass(&mut self, order: &[u32], t: usize, limit: f64) -> Pass;

    /// The point, n entries.
    fn point(&self) -> &[f64];

    /// The point that is reported: an answer, an average, or the point itself.
    fn reported(&self) -> &[f64];

    /// From now on points are averaged.
    fn start_average(&mut self);

    /// The value of what is watched at `x`; none where nothing is.
    fn watch(&mut self, x: &[f64]) -> Option<f64>;

    /// What is kept beside the point: running statistics.
    fn side(&self) -> Vec<f64>;

    /// Goes back to what was kept beside a point.
    fn set_side(&mut self, side: &[f64]);

    /// Takes in the value of an epoch, by which rates may fall.
    fn after_epoch(&mut self, value: f64);

    /// The rate of step `t`, where the method has one.
    fn rate(&self, t: usize) -> Option<f64>;
}

//! Training: steps over batches of rows, epoch by epoch.
//!
//! ```text
//! for each epoch: a new order of the rows;  for each batch of it: theta <- update(theta, gradient of the batch's estimate)
//! ```
//!
//! An epoch is one pass over all rows without replacement (Bottou, Curtis & Nocedal 2018, sec. 4.2); its value is the mean over
//! its rows. With `patience` the point of the best epoch is kept (Prechelt 1998, early stopping).

use super::far_off;
use crate::optim::run::Run;
use crate::optim::status::{Status, Stop};
use crate::optim::trace::EpochRow;
use crate::optim::update::{Done, Ended, Failed, Limits, OnProgress, Pass, Progress, Training};
use crate::problem::Halt;
use std::time::{Duration, Instant};

/// Limits and the interrupt are looked at about so often.
const LOOK: Duration = Duration::from_millis(5);
/// A training that is done before this says nothing ...
const QUIET: Duration = Duration::from_millis(400);
/// ... and then tells how far it has come this often.
const EVERY: Duration = Duration::from_millis(100);
/// Values above so many times the first, or 1, are far off.
const FAR: f64 = 1e3;

/// The best epoch so far.
struct Best {
    value: f64,
    epoch: usize,
    x: Vec<f64>,
    side: Vec<f64>,
}

/// What goes on in one run.
struct Epochs<'a, 't> {
    training: &'a mut (dyn Training + 't),
    limits: Limits,
    /// Done, with what was done before this run.
    done: Done,
    /// Steps and epochs that this run may still do.
    left: usize,
    /// The step from which points are averaged.
    average_from: Option<usize>,
    first: Option<f64>,
    /// Sum over the rows of the epoch, and these.
    loss: f64,
    rows: usize,
    best: Option<Best>,
    /// The value of the last whole epoch.
    last: f64,
    /// When progress is told next.
    tell: Instant,
}

/// Says at its end that there is nothing more to tell, also where work is given up from within.
struct Telling(Option<OnProgress>);

impl Drop for Telling {
    fn drop(&mut self) {
        if let Some(told) = &self.0 {
            told(None);
        }
    }
}

/// Trains, and reports the point that is kept.
pub fn train(run: &mut Run<'_>, training: &mut dyn Training) -> Result<Stop, Stop> {
    run.wander();
    run.keep_last();
    let (n, b) = training.rows();
    let limits = training.limits();
    let per_epoch = n.div_ceil(b).max(1);
    let by_epochs = limits.epochs.map(|epochs| epochs.saturating_mul(per_epoch));
    let left = match (by_epochs, limits.steps) {
        (Some(epochs), Some(steps)) => epochs.min(steps),
        (epochs, steps) => epochs.or(steps).unwrap_or(run.options().max_iter),
    };
    let done = training.done();
    let average_from = limits.average.map(|share| {
        let last = (share * left as f64).ceil() as usize;
        done.steps + left.saturating_sub(last)
    });
    let mut epochs = Epochs {
        training,
        limits,
        done,
        left,
        average_from,
        first: None,
        loss: 0.0,
        rows: 0,
        best: None,
        last: f64::NAN,
        tell: Instant::now() + QUIET,
    };
    let told = Telling(run.progress.clone());
    let ended = epochs.run(run);
    drop(told);
    let Epochs { training, done, best, last, .. } = epochs;
    training.note(done);
    let x = match best.filter(|_| limits.patience.is_some()) {
        Some(best) => {
            training.set_side(&best.side);
            best.x
        }
        None => training.reported().to_vec(),
    };
    report(run, &x, last);
    ended
}

/// The point with its value over all rows; where there is no time for that, with the value of the last epoch.
fn report(run: &mut Run<'_>, x: &[f64], last: f64) {
    let mut g = vec![0.0; x.len()];
    match run.eval.value_gradient(x, &mut g) {
        Ok(Some(f)) => run.report(x, f, &g),
        Ok(None) => run.report(x, f64::NAN, &g),
        Err(_) => run.report(x, last, &[]),
    }
}

impl Epochs<'_, '_> {
    fn run(&mut self, run: &mut Run<'_>) -> Result<Stop, Stop> {
        let (n, b) = self.training.rows();
        let mut order = Vec::new();
        while self.left > 0 {
            self.training.order(self.done.epochs, &mut order);
            let mut chunk = 1;
            while self.done.rows < n && self.left > 0 {
                self.average_now();
                let steps = chunk.min(self.left).min(self.steps_to_average());
                let to = self.done.rows.saturating_add(steps.saturating_mul(b)).min(n);
                let started = Instant::now();
                let rows = &order[self.done.rows..to];
                let limit = self.first.map_or(f64::INFINITY, |first| FAR * first.abs().max(1.0));
                let pass = self.training.pass(rows, self.done.steps + 1, limit);
                self.take(run, &pass);
                if let Some(failed) = pass.failed {
                    return self.failed(run, failed, pass.last);
                }
                run.eval.check()?;
                let took = started.elapsed();
                chunk = if took < LOOK { chunk * 2 } else { (chunk / 2).max(1) };
            }
            if self.done.rows >= n
                && let Some(stop) = self.epoch(run)
            {
                return Ok(stop);
            }
        }
        let message = match (self.limits.epochs, self.limits.steps) {
            (Some(epochs), steps)
                if steps.is_none_or(|s| s > epochs.saturating_mul(n.div_ceil(b))) =>
            {
                format!("epochs = {epochs} were done")
            }
            (_, Some(steps)) => format!("steps = {steps} were done"),
            _ => format!("the limit max_iter = {} was reached", run.options().max_iter),
        };
        Ok(Stop::new(Status::MaxIter, message))
    }

    fn average_now(&mut self) {
        if self.average_from.is_some_and(|from| from <= self.done.steps) {
            self.training.start_average();
            self.average_from = None;
        }
    }

    fn steps_to_average(&self) -> usize {
        self.average_from.map_or(usize::MAX, |from| from - self.done.steps)
    }

    /// Takes in what steps gave.
    fn take(&mut self, run: &mut Run<'_>, pass: &Pass) {
        if self.first.is_none() && pass.steps > 0 {
            self.first = Some(pass.loss / pass.rows as f64);
        }
        self.done.steps += pass.steps;
        self.done.rows += pass.rows;
        self.left -= pass.steps.min(self.left);
        self.loss += pass.loss;
        self.rows += pass.rows;
        run.steps_done(pass.steps);
    }

    /// The end of an epoch; a stop where nothing has become better for long.
    fn epoch(&mut self, run: &mut Run<'_>) -> Option<Stop> {
        self.done = Done { steps: self.done.steps, epochs: self.done.epochs + 1, rows: 0 };
        let loss = self.loss / self.rows as f64;
        (self.loss, self.rows) = (0.0, 0);
        let point = self.training.reported().to_vec();
        if point.iter().any(|v| !v.is_finite()) {
            return Some(Stop::new(
                Status::Diverged,
                format!(
                    "epoch {} led to a point that is not finite: try a smaller rate",
                    self.done.epochs
                ),
            ));
        }
        let watched = self.training.watch(&point);
        self.last = loss;
        let sign = if self.limits.rises && watched.is_some() { -1.0 } else { 1.0 };
        let value = sign * watched.unwrap_or(loss);
        self.training.after_epoch(value);
        run.epoch_row(EpochRow {
            epoch: self.done.epochs,
            value: loss,
            watch: watched,
            rate: self.training.rate(self.done.steps),
        });
        self.tell(run, loss, watched);
        // What is left where work is given up from within.
        run.report(&point, loss, &[]);
        let patience = self.limits.patience?;
        let epoch = self.done.epochs;
        let side = self.training.side();
        match &mut self.best {
            Some(best) if value < best.value => *best = Best { value, epoch, x: point, side },
            None => self.best = Some(Best { value, epoch, x: point, side }),
            Some(best) if epoch - best.epoch >= patience => {
                let what = if watched.is_some() { "what is watched" } else { "the loss" };
                let message = format!(
                    "{what} has not been better for {patience} epochs; the point of epoch {} is kept",
                    best.epoch
                );
                return Some(Stop::new(Status::Stalled, message));
            }
            Some(_) => {}
        }
        None
    }

    /// Tells how far the training has come, not too often.
    fn tell(&mut self, run: &Run<'_>, loss: f64, watch: Option<f64>) {
        let Some(told) = run.progress.as_ref().filter(|_| Instant::now() >= self.tell) else {
            return;
        };
        told(Some(&Progress {
            epoch: self.done.epochs,
            epochs: self.limits.epochs,
            loss,
            watch,
            rate: self.training.rate(self.done.steps),
            steps_a_second: run.iterations() as f64 / run.eval.elapsed(),
        }));
        self.tell = Instant::now() + EVERY;
    }

    fn failed(&mut self, run: &mut Run<'_>, failed: Ended, last: f64) -> Result<Stop, Stop> {
        let step = self.done.steps + 1;
        let rate = self.training.rate(step);
        let what = match failed {
            Ended::Failed(Failed::Interrupted) => return Err(Stop::from(Halt::Interrupted)),
            Ended::Failed(Failed::NoValue) => format!("the update has no value in step {step}"),
            Ended::NotFinite => format!("the value in step {step} is not finite"),
            Ended::Far => format!(
                "the values of the ten steps before step {step} lie far above the first, {:.3e}: {last:.3e}",
                self.first.unwrap_or(f64::NAN)
            ),
        };
        let x = self.training.point().to_vec();
        let message = far_off(run, &x, what, rate)?;
        Ok(Stop::new(Status::Diverged, message))
    }
}

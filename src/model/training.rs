//! Training, compiled: gradient of a batch's estimate and update of all unknowns in one program.
//!
//! ```text
//! input:   theta | states | statistics | t, plateaus | drawn rows, masks
//! output:  theta' | states' | statistics' | value, (answer)
//! ```
//!
//! Input and output begin alike, so two buffers take turns and nothing is copied from step to step; the drawn rows are put into
//! the end of the input.

use std::sync::Arc;

use super::batches::Regime;
use super::batches::axes::{Axes, Axis};
use super::batches::estimate::{self, Drawn, Estimate};
use super::batches::modes;
use super::engine::{self, Engine, Program, Times};
use super::lift::{Layout, Slot};
use super::update::{Plateau, Rate, Rule};
use crate::diff;
use crate::eval::EvalError;
use crate::expr::{DimId, ExprId, Graph, Op, SymbolId};
use crate::jit::Fault;
use crate::memory;
use crate::ops;
use crate::optim::update::{Done, Ended, Failed, Limits, Pass, Training};
use crate::patience;
use crate::random::{Stream, order};
use crate::shape::{Shape, Tensor};
use crate::simplify;

/// What asks for memory here.
const WHAT: &str = "the vectors of the training";
/// So many values in a row that are far off end a run.
const FAR_STEPS: usize = 10;
/// The share of a running statistic that a step renews, as in PyTorch's layers.
const RENEWED: f64 = 0.1;
/// A value is better than the best by this share, as in PyTorch's scheduler.
const BETTER: f64 = 1e-4;

/// What a training leaves, to go on with.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// The name of the method.
    method: String,
    done: Done,
    batch: usize,
    /// theta and states.
    pub vectors: Vec<f64>,
    plateaus: Vec<Level>,
    random: Stream,
}

impl Kept {
    /// What the steps of a rule alone leave.
    pub fn of_steps(method: &str, steps: usize, vectors: Vec<f64>) -> Kept {
        Kept {
            method: method.to_string(),
            done: Done { steps, ..Done::default() },
            batch: 1,
            vectors,
            plateaus: Vec::new(),
            random: Stream::new(0),
        }
    }

    /// Steps that were done.
    pub fn steps(&self) -> usize {
        self.done.steps
    }

    /// Whether the method of that name, with so many numbers for points and states, can go on with it.
    pub fn suits(&self, method: &str, len: usize) -> bool {
        self.method == method && self.vectors.len() == len
    }
}

/// Where a plateau stands.
#[derive(Clone, Copy, Debug)]
struct Level {
    factor: f64,
    best: f64,
    bad: usize,
}

/// What a training is made of.
pub(crate) struct Plan<'a> {
    /// What is minimized, with dropout and running statistics.
    pub f: ExprId,
    /// The unknowns that keep statistics, with their starts.
    pub side: &'a [(SymbolId, Tensor)],
    /// The unknowns that move.
    pub over: &'a [SymbolId],
    /// The point to start from, n entries.
    pub x0: &'a [f64],
    /// The name of the method.
    pub method: &'a str,
    /// Its rule.
    pub rule: &'a Rule,
    /// How it trains.
    pub regime: &'a Regime,
    /// The longest gradient, and the largest entry of it.
    pub clip: (Option<f64>, Option<f64>),
    /// The dimensions of the rows of tables.
    pub tables: &'a [DimId],
    /// Whether a larger value of what is watched is better.
    pub rises: bool,
    /// What orders of rows are drawn from.
    pub random: Stream,
    /// What another training has left.
    pub kept: Option<&'a Kept>,
}

/// Entries left out at random.
struct Noise {
    p: f64,
    at: usize,
    len: usize,
}

/// Data of which rows are put into the input.
struct Source {
    /// None for the numbers of the rows themselves.
    data: Option<Tensor>,
    along: [bool; 2],
    /// Its place in the input.
    at: usize,
}

/// The program of a step by so many rows.
struct StepProgram {
    program: Program,
    rows: usize,
    sources: Vec<Source>,
    noise: Vec<Noise>,
    n_in: usize,
    n_out: usize,
}

/// A training that is ready to run. It has a graph of its own.
pub(crate) struct Trainer {
    graph: Graph,
    method: String,
    whole: StepProgram,
    /// The program for the short last batch.
    short: Option<StepProgram>,
    n_rows: usize,
    /// Entries of theta; of theta and states.
    n: usize,
    n_kept: usize,
    /// Entries of running statistics, the last ones of those.
    n_side: usize,
    buffers: [Vec<f64>; 2],
    /// Which of them is the input of the next step.
    front: usize,
    has_answer: bool,
    has_moved: bool,
    /// The points so far, and their mean.
    average: Option<(usize, Vec<f64>)>,
    watch: Option<Program>,
    limits: Limits,
    done: Done,
    random: Stream,
    rate: Rate,
    plateaus: Vec<(Plateau, Level)>,
    far: usize,
    /// What getting ready has taken.
    pub times: Times,
}

impl Trainer {
    /// Compiles a training. That rows can be drawn was found out before.
    ///
    /// # Errors
    ///
    /// Where data or states cannot be evaluated.
    pub fn new(mut graph: Graph, engine: &Engine, plan: &Plan<'_>) -> Result<Trainer, Fault> {
        let g = &mut graph;
        let axes = Axes::of(g, plan.f);
        let class = plan
            .regime
            .batch
            .and_then(|_| axes.rows(g, plan.f, plan.regime.rows.as_ref(), plan.tables).ok());
        let n_rows = class.map_or(1, |(e, axis)| ops::axis_length(g.shape(e), axis));
        let batch = plan.regime.batch.map_or(1, |batch| batch.min(n_rows)).max(1);
        let n = plan.x0.len();
        let mut times = Times::default();
        let mut maker = Maker { g, engine, plan, axes: &axes, class, n_rows, times: &mut times };
        let (whole, layout) = maker.step(batch)?;
        let short = match n_rows % batch {
            0 => None,
            rest => Some(maker.step(rest)?.0),
        };
        let mut vectors = plan.x0.to_vec();
        vectors.extend(maker.starts(&layout)?);
        let n_side = plan.side.iter().map(|(_, start)| start.data().len()).sum();
        plan.side.iter().for_each(|(_, start)| vectors.extend_from_slice(start.data()));
        let watch = plan.regime.watch.map(|e| maker.watch(e));
        let has_answer = layout.has_answer;
        let n_kept = vectors.len();
        let longest = |p: &StepProgram| p.n_in.max(p.n_out);
        let size = longest(&whole).max(short.as_ref().map_or(0, longest));
        memory::need_numbers(2 * size, WHAT);
        let mut buffers = [vec![0.0; size], vec![0.0; size]];
        let level = Level { factor: 1.0, best: f64::INFINITY, bad: 0 };
        let mut trainer = Trainer {
            method: plan.method.to_string(),
            whole,
            short,
            n_rows,
            n,
            n_kept,
            n_side,
            front: 0,
            has_answer,
            has_moved: false,
            average: None,
            watch,
            limits: Limits {
                epochs: plan.regime.epochs,
                steps: plan.regime.steps,
                patience: plan.regime.patience,
                average: plan.regime.average,
                rises: plan.rises,
            },
            done: Done::default(),
            random: plan.random.clone(),
            rate: Rate::of(plan.rule),
            plateaus: plan.rule.plateaus.iter().map(|p| (p.clone(), level)).collect(),
            far: 0,
            times,
            buffers: {
                buffers[0][..n_kept].copy_from_slice(&vectors);
                buffers
            },
            graph,
        };
        if let Some(kept) = plan.kept.filter(|kept| kept.suits(plan.method, n_kept)) {
            trainer.go_on(kept, batch);
        }
        Ok(trainer)
    }

    /// From the start, with another rate, so many steps: the mean values of the quarters of these steps, of all that are finite.
    /// The rule has its rate as its first plateau.
    pub fn probe(&mut self, start: &[f64], rate: f64, steps: usize) -> [f64; 4] {
        self.buffers[0][..self.n_kept].copy_from_slice(start);
        (self.front, self.done, self.far) = (0, Done::default(), 0);
        if let Some((_, level)) = self.plateaus.first_mut() {
            level.factor = rate;
        }
        let mut quarters = [f64::INFINITY; 4];
        let (mut order, mut t) = (Vec::new(), 0);
        let mut at = usize::MAX;
        let mut epoch = 0;
        for (quarter, value) in quarters.iter_mut().enumerate() {
            let until = steps * (quarter + 1) / 4;
            let (mut loss, mut rows) = (0.0, 0);
            while t < until {
                if at >= order.len() {
                    self.order(epoch, &mut order);
                    (at, epoch) = (0, epoch + 1);
                }
                let to = (at + (until - t) * self.whole.rows).min(order.len());
                let pass = self.pass(&order[at..to], t + 1, f64::INFINITY);
                (at, t) = (to, t + pass.steps);
                (loss, rows) = (loss + pass.loss, rows + pass.rows);
                if pass.failed.is_some() {
                    return quarters;
                }
                patience::look();
            }
            *value = loss / rows as f64;
        }
        quarters
    }

    /// Whether every step takes all rows.
    pub fn takes_all_rows(&self) -> bool {
        self.whole.rows == self.n_rows
    }

    /// Steps of a pass over all rows.
    pub fn steps_an_epoch(&self) -> usize {
        self.n_rows.div_ceil(self.whole.rows)
    }

    /// theta, states and statistics at the start.
    pub fn start(&self) -> Vec<f64> {
        self.buffers[0][..self.n_kept].to_vec()
    }

    /// Goes on where another training of the same kind has ended; otherwise from the point alone.
    fn go_on(&mut self, kept: &Kept, batch: usize) {
        self.buffers[0][..self.n_kept].copy_from_slice(&kept.vectors);
        self.random = kept.random.clone();
        self.done = kept.done;
        if kept.batch != batch && kept.done.rows > 0 {
            self.done = Done { epochs: kept.done.epochs + 1, rows: 0, ..kept.done };
        }
        for ((_, level), kept) in self.plateaus.iter_mut().zip(&kept.plateaus) {
            *level = *kept;
        }
    }

    /// What is left to go on with.
    pub fn kept(&self) -> Kept {
        Kept {
            method: self.method.clone(),
            done: self.done,
            batch: self.whole.rows,
            vectors: self.buffers[self.front][..self.n_kept].to_vec(),
            plateaus: self.plateaus.iter().map(|(_, level)| *level).collect(),
            random: self.random.clone(),
        }
    }

    /// One step by these rows: the value of their estimate at the point before it.
    #[inline]
    fn step(&mut self, rows: &[u32], t: usize) -> Result<f64, Ended> {
        let program = match &self.short {
            Some(short) if rows.len() == short.rows => short,
            _ => &self.whole,
        };
        let [a, b] = &mut self.buffers;
        let (input, out) = if self.front == 0 { (a, b) } else { (b, a) };
        input[self.n_kept] = t as f64;
        for (k, (_, level)) in self.plateaus.iter().enumerate() {
            input[self.n_kept + 1 + k] = level.factor;
        }
        for source in &program.sources {
            source.put(rows, &mut input[source.at..]);
        }
        if !program.noise.is_empty() {
            let mut stream = self.random.split_nth("dropout", t as u64);
            for noise in &program.noise {
                noise.put(&mut stream, input);
            }
        }
        let (input, out) = (&input[..program.n_in], &mut out[..program.n_out]);
        program.program.run(&self.graph, input, out).map_err(|fault| match fault {
            Fault::Interrupted => Ended::Failed(Failed::Interrupted),
            Fault::Eval(_) => Ended::Failed(Failed::NoValue),
        })?;
        let value = out[self.n_kept];
        if !value.is_finite() {
            return Err(Ended::NotFinite);
        }
        self.front = 1 - self.front;
        self.has_moved = true;
        if let Some((count, mean)) = &mut self.average {
            *count += 1;
            let weight = 1.0 / *count as f64;
            let point = &self.buffers[self.front][..self.n];
            mean.iter_mut().zip(point).for_each(|(m, p)| *m += weight * (p - *m));
        }
        Ok(value)
    }
}

impl Training for Trainer {
    fn rows(&self) -> (usize, usize) {
        (self.n_rows, self.whole.rows)
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    fn done(&self) -> Done {
        self.done
    }

    fn note(&mut self, done: Done) {
        self.done = done;
    }

    fn order(&self, epoch: usize, order: &mut Vec<u32>) {
        order.clear();
        if self.whole.rows == self.n_rows {
            order.extend(0..self.n_rows as u32);
            return;
        }
        let mut stream = self.random.split_nth("epoch", epoch as u64);
        order.extend(order::permutation(&mut stream, self.n_rows).into_iter().map(|i| i as u32));
    }

    fn pass(&mut self, order: &[u32], t: usize, limit: f64) -> Pass {
        let mut pass = Pass::default();
        for rows in order.chunks(self.whole.rows) {
            match self.step(rows, t + pass.steps) {
                Ok(value) => {
                    pass.steps += 1;
                    pass.rows += rows.len();
                    pass.loss += value * rows.len() as f64;
                    pass.last = value;
                    self.far = if value > limit { self.far + 1 } else { 0 };
                    if self.far >= FAR_STEPS {
                        pass.failed = Some(Ended::Far);
                        return pass;
                    }
                }
                Err(ended) => {
                    pass.failed = Some(ended);
                    return pass;
                }
            }
        }
        pass
    }

    fn point(&self) -> &[f64] {
        &self.buffers[self.front][..self.n]
    }

    fn reported(&self) -> &[f64] {
        if let Some((1.., mean)) = &self.average {
            return mean;
        }
        if self.has_answer && self.has_moved {
            // After theta, the states and the value.
            return &self.buffers[self.front][self.n_kept + 1..][..self.n];
        }
        self.point()
    }

    fn start_average(&mut self) {
        self.average = Some((0, vec![0.0; self.n]));
    }

    fn watch(&mut self, x: &[f64]) -> Option<f64> {
        let program = self.watch.as_ref()?;
        let mut out = [f64::NAN];
        let input = [x, &self.side()[..]].concat();
        let outcome = program.run(&self.graph, &input, &mut out);
        Some(if outcome.is_ok() { out[0] } else { f64::NAN })
    }

    fn side(&self) -> Vec<f64> {
        self.buffers[self.front][self.n_kept - self.n_side..self.n_kept].to_vec()
    }

    fn set_side(&mut self, side: &[f64]) {
        self.buffers[self.front][self.n_kept - self.n_side..self.n_kept].copy_from_slice(side);
    }

    fn after_epoch(&mut self, value: f64) {
        for (plateau, level) in &mut self.plateaus {
            if value < level.best - BETTER * level.best.abs() || level.best.is_infinite() {
                (level.best, level.bad) = (value, 0);
                continue;
            }
            level.bad += 1;
            if level.bad > plateau.patience {
                (level.factor, level.bad) = (level.factor * plateau.factor, 0);
            }
        }
    }

    fn rate(&self, t: usize) -> Option<f64> {
        let factors: Vec<f64> = self.plateaus.iter().map(|(_, level)| level.factor).collect();
        self.rate.at(&self.graph, t, &factors)
    }
}

impl Noise {
    /// Draws a mask: 0 with probability p, else what keeps the mean.
    fn put(&self, stream: &mut Stream, input: &mut [f64]) {
        let rest = 1.0 / (1.0 - self.p);
        for entry in &mut input[self.at..][..self.len] {
            *entry = if stream.unit() < self.p { 0.0 } else { rest };
        }
    }
}

impl Source {
    /// Puts the rows into the input.
    #[inline]
    fn put(&self, rows: &[u32], to: &mut [f64]) {
        let Some(data) = &self.data else {
            to.iter_mut().zip(rows).for_each(|(to, &row)| *to = f64::from(row) + 1.0);
            return;
        };
        let (all, columns) = (data.data(), data.shape().cols());
        match self.along {
            [true, false] if columns == 1 => {
                to.iter_mut().zip(rows).for_each(|(to, &row)| *to = all[row as usize]);
            }
            [true, false] => {
                for (to, &row) in to.chunks_exact_mut(columns).zip(rows) {
                    to.copy_from_slice(&all[row as usize * columns..][..columns]);
                }
            }
            [false, true] => {
                for (to, from) in to.chunks_exact_mut(rows.len()).zip(all.chunks_exact(columns)) {
                    to.iter_mut().zip(rows).for_each(|(to, &row)| *to = from[row as usize]);
                }
            }
            _ => {
                for (to, &row) in to.chunks_exact_mut(rows.len()).zip(rows) {
                    let from = &all[row as usize * columns..][..columns];
                    to.iter_mut().zip(rows).for_each(|(to, &column)| *to = from[column as usize]);
                }
            }
        }
    }
}

/// What the slots of a program have in common with those of another.
struct Slots {
    layout: Layout,
    inputs: Vec<SymbolId>,
    has_answer: bool,
}

/// Makes programs of steps.
struct Maker<'m> {
    g: &'m mut Graph,
    engine: &'m Engine,
    plan: &'m Plan<'m>,
    axes: &'m Axes,
    class: Option<Axis>,
    n_rows: usize,
    times: &'m mut Times,
}

impl Maker<'_> {
    /// The program of a step by so many rows.
    fn step(&mut self, rows: usize) -> Result<(StepProgram, Slots), Fault> {
        let estimate = match self.class {
            Some(class) if rows < self.n_rows => {
                estimate::estimate(self.g, self.axes, class, self.plan.f, rows).ok()
            }
            _ => None,
        };
        let estimate =
            estimate.unwrap_or(Estimate { value: self.plan.f, drawn: Vec::new(), biased: None });
        let plan = self.plan;
        let side: Vec<SymbolId> = plan.side.iter().map(|(symbol, _)| *symbol).collect();
        let (value, side_now, masks) = self.in_training(estimate.value, &side);
        let value = simplify::stable(self.g, &[value])[0];
        let gradient = diff::gradient(self.g, value, plan.over);
        let gradient = simplify::stable(self.g, &gradient);
        let gradient = self.clipped(gradient);
        let slots = plan.over.iter().zip(gradient).map(|(&unknown, gradient)| Slot {
            shape: self.g.symbol(unknown).shape,
            theta: self.g.leaf(unknown),
            gradient,
            states: Vec::new(),
            unknown: Some(unknown),
        });
        let slots: Vec<Slot> = slots.collect();
        let layout = Layout::new(self.g, plan.rule, slots);
        let moved = layout.moved(self.g, plan.rule);
        let has_answer = !moved.answer.is_empty();
        let mut outputs = [moved.theta, moved.states, side_now, vec![value], moved.answer].concat();
        for part in &plan.rule.parts {
            let own = self.g.leaf(part.update.value);
            for output in &mut outputs {
                *output = ops::substitute(self.g, *output, &[(own, value)]);
            }
        }
        let mut inputs = [plan.over, &layout.states[..], &side[..]].concat();
        inputs.push(plan.rule.step);
        inputs.extend(plan.rule.plateaus.iter().map(|p| p.symbol));
        let shared = inputs.clone();
        inputs.extend(estimate.drawn.iter().map(|d| d.symbol));
        inputs.extend(masks.iter().map(|m| m.symbol));
        let len = |g: &Graph, symbols: &[SymbolId]| -> usize {
            symbols.iter().map(|&s| g.symbol(s).shape.len()).sum()
        };
        let mut at = len(self.g, &shared);
        let mut sources = Vec::new();
        for drawn in &estimate.drawn {
            sources.push(self.source(drawn, at)?);
            at += len(self.g, &[drawn.symbol]);
        }
        let mut noise = Vec::new();
        for mask in &masks {
            let len = len(self.g, &[mask.symbol]);
            noise.push(Noise { p: mask.p, at, len });
            at += len;
        }
        let program = Program::new(self.g, self.engine, &outputs, &inputs, self.times);
        let n_out = program.n_out();
        let step = StepProgram { program, rows, sources, noise, n_in: at, n_out };
        Ok((step, Slots { layout, inputs: shared, has_answer }))
    }

    /// The value, the statistics after a step, and the masks, of an objective in training.
    fn in_training(
        &mut self,
        value: ExprId,
        side: &[SymbolId],
    ) -> (ExprId, Vec<ExprId>, Vec<modes::Mask>) {
        let g = &mut *self.g;
        let statistics = modes::statistics(g, value);
        let mut roots = vec![value];
        for &symbol in side {
            let kept = g.leaf(symbol);
            let now = statistics.iter().find(|s| s.kept == kept).map_or(kept, |s| s.now);
            roots.push(now);
        }
        let roots = modes::with_statistics_now(g, &roots);
        // That dropout stands where it can was found out before.
        let (roots, masks) = modes::with_masks(g, &roots).unwrap_or((roots, Vec::new()));
        let now = simplify::stable(g, &roots[1..]);
        let mut moved = Vec::new();
        for (&symbol, now) in side.iter().zip(now) {
            let kept = g.leaf(symbol);
            let [old, new] = [1.0 - RENEWED, RENEWED].map(|share| number(g, share));
            let (old, new) = (g.mul(&[old, kept]), g.mul(&[new, now]));
            moved.push(g.add(&[old, new]));
        }
        (roots[0], moved, masks)
    }

    /// The data of drawn rows.
    fn source(&mut self, drawn: &Drawn, at: usize) -> Result<Source, Fault> {
        let data = match drawn.whole {
            None => None,
            Some(e) => Some(self.known(e).map_err(Fault::Eval)?),
        };
        Ok(Source { data, along: drawn.along, at })
    }

    fn known(&self, e: ExprId) -> Result<Tensor, EvalError> {
        let own = self.g.as_symbol(e).and_then(|s| self.g.symbol(s).value.clone());
        match own {
            Some(value) => Ok(value),
            None => {
                let interrupt = Arc::clone(&self.engine.interrupt);
                engine::known_value(self.g, self.engine.way, interrupt, e)
            }
        }
    }

    /// The gradient shortened to a norm, and with its entries cut off.
    fn clipped(&mut self, gradient: Vec<ExprId>) -> Vec<ExprId> {
        let g = &mut *self.g;
        let (longest, largest) = self.plan.clip;
        let mut gradient = gradient;
        if let Some(largest) = largest {
            let (hi, lo) = (number(g, largest), number(g, -largest));
            for part in &mut gradient {
                let below = g.apply(Op::Min2, &[*part, hi]);
                *part = g.apply(Op::Max2, &[below, lo]);
            }
        }
        if let Some(longest) = longest {
            let squares: Vec<ExprId> = gradient
                .iter()
                .map(|&part| match g.shape(part) {
                    Shape::Scalar => g.powi(part, 2),
                    _ => g.apply(Op::SumSq, &[part]),
                })
                .collect();
            let total = g.add(&squares);
            let length = g.apply(Op::Sqrt, &[total]);
            let most = number(g, longest);
            let ratio = g.div(most, length);
            let one = g.int(1);
            let is_longer = g.apply(Op::Gt, &[length, most]);
            let factor = g.apply(Op::If, &[is_longer, ratio, one]);
            for part in &mut gradient {
                *part = g.mul(&[factor, *part]);
            }
        }
        gradient
    }

    /// What the states start from.
    fn starts(&mut self, slots: &Slots) -> Result<Vec<f64>, Fault> {
        let starts = slots.layout.starts(self.g, self.plan.rule);
        let program = Program::new(self.g, self.engine, &starts, &slots.inputs, self.times);
        let len: usize = slots.inputs.iter().map(|&s| self.g.symbol(s).shape.len()).sum();
        let mut input = vec![0.0; len];
        input[..self.plan.x0.len()].copy_from_slice(self.plan.x0);
        let mut out = vec![0.0; program.n_out()];
        if !starts.is_empty() {
            program.run(self.g, &input, &mut out)?;
        }
        Ok(out)
    }

    /// The program of what is watched.
    fn watch(&mut self, e: ExprId) -> Program {
        let stable = simplify::stable(self.g, &[e]);
        let mut inputs = self.plan.over.to_vec();
        inputs.extend(self.plan.side.iter().map(|(symbol, _)| *symbol));
        Program::new(self.g, self.engine, &stable, &inputs, self.times)
    }
}

fn number(g: &mut Graph, value: f64) -> ExprId {
    g.number(crate::expr::Num::float(value))
}

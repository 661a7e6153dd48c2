//! The update of a first-order method: the formulas of one entry, and a program of them over whole vectors.
//!
//! All unknowns lie one after the other in one vector `theta: N`, and so do the gradient and every state. The formulas become
//! formulas of arrays (`lift`), one an unknown (one for all where nothing depends on the unknown), in one program: from
//! `theta, g, states, t, f` to the new theta, the new states and the answer.

use super::engine::{Engine, Program, Times};
use super::lift::{Layout, Slot};
use super::training::Kept;
use crate::eval;
use crate::expr::{ExprId, Graph, Symbol, SymbolId};
use crate::jit::Fault;
use crate::optim::update::{Failed, Step};
use crate::shape::{Shape, Tensor};

/// How entries are taken together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduced {
    /// The square root of the sum of squares.
    Norm,
    /// The sum.
    Sum,
    /// The mean.
    Mean,
    /// The largest.
    Max,
    /// The smallest.
    Min,
    /// The sum of squares.
    SumSq,
    /// The sum of products of two.
    Dot,
}

/// Something that is taken over the entries of an unknown.
#[derive(Clone, Debug)]
pub struct Reduction {
    /// What stands for it in formulas.
    pub symbol: SymbolId,
    /// How entries are taken together.
    pub how: Reduced,
    /// Over the entries of all unknowns, not only of the one that the entry belongs to.
    pub all: bool,
    /// What is taken together, as formulas of an entry; they may hold reductions before this one.
    pub of: Vec<ExprId>,
}

/// A state of a method.
#[derive(Clone, Debug)]
pub struct State {
    /// Its name.
    pub name: String,
    /// An entry of it, or all of it where the block is matrix arithmetic.
    pub symbol: SymbolId,
    /// Its shape, where that is not the shape of the unknown.
    pub shape: Option<Shape>,
    /// What it starts from.
    pub start: ExprId,
    /// What it becomes.
    pub next: ExprId,
}

/// A first-order method as formulas of one entry.
#[derive(Clone, Debug)]
pub struct Update {
    /// An entry of the unknowns, or one of them whole where the block is matrix arithmetic.
    pub theta: SymbolId,
    /// The same entry of the gradient.
    pub gradient: SymbolId,
    /// The step, from 1.
    pub step: SymbolId,
    /// The value that belongs to the gradient.
    pub value: SymbolId,
    /// What theta becomes.
    pub next: ExprId,
    /// The states.
    pub states: Vec<State>,
    /// The point that is reported, where it is not theta.
    pub answer: Option<ExprId>,
    /// What is taken over entries, each after those that it holds.
    pub reductions: Vec<Reduction>,
    /// Options that differ by unknown.
    pub by_unknown: Vec<ByUnknown>,
    /// The option `lr`, where there is one.
    pub rate: Option<ExprId>,
    /// The shape of theta, where the block is matrix arithmetic.
    pub shape: Option<Shape>,
}

/// An option that was given as a point: a value for each unknown that it names.
#[derive(Clone, Debug)]
pub struct ByUnknown {
    /// What stands for it in formulas.
    pub symbol: SymbolId,
    /// Its value for unknowns that are not named.
    pub default: ExprId,
    /// Its values by unknown.
    pub values: Vec<(SymbolId, ExprId)>,
}

impl Update {
    /// Gives every formula to `change`.
    pub fn each_formula(&mut self, change: &mut dyn FnMut(&mut ExprId)) {
        change(&mut self.next);
        self.states.iter_mut().for_each(|s| {
            change(&mut s.start);
            change(&mut s.next);
        });
        self.answer.iter_mut().for_each(&mut *change);
        self.reductions.iter_mut().flat_map(|r| &mut r.of).for_each(&mut *change);
        self.rate.iter_mut().for_each(&mut *change);
    }

    /// Whether unknowns must be told from one another.
    pub fn is_by_unknown(&self) -> bool {
        self.shape.is_some()
            || !self.by_unknown.is_empty()
            || self.reductions.iter().any(|r| !r.all)
    }
}

/// A first-order method for all unknowns: an update for each.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Updates with their unknowns. Every unknown is in one.
    pub parts: Vec<Part>,
    /// The step `t`, from 1.
    pub step: SymbolId,
    /// Rates that are lowered where values no longer fall.
    pub plateaus: Vec<Plateau>,
}

/// An update with the unknowns that it moves.
#[derive(Clone, Debug)]
pub struct Part {
    /// The update.
    pub update: Update,
    /// Its unknowns.
    pub unknowns: Vec<SymbolId>,
}

/// A factor of an option that falls where values no longer do.
#[derive(Clone, Debug)]
pub struct Plateau {
    /// What stands for the factor, 1 at first.
    pub symbol: SymbolId,
    /// What it is multiplied by.
    pub factor: f64,
    /// So many values in a row may fail to be better.
    pub patience: usize,
}

impl Rule {
    /// One update for all unknowns.
    pub fn one(update: Update, unknowns: Vec<SymbolId>) -> Rule {
        let step = update.step;
        Rule { parts: vec![Part { update, unknowns }], step, plateaus: Vec::new() }
    }

    /// Whether unknowns must be told from one another.
    pub fn is_by_unknown(&self) -> bool {
        self.parts.len() > 1 || self.parts.iter().any(|part| part.update.is_by_unknown())
    }
}

/// The rate of a rule, as a formula of the step.
pub(crate) struct Rate {
    rate: Option<ExprId>,
    step: SymbolId,
    plateaus: Vec<SymbolId>,
}

impl Rate {
    /// The option `lr` of the first update.
    pub fn of(rule: &Rule) -> Rate {
        let rate = rule.parts.first().and_then(|part| part.update.rate);
        let plateaus = rule.plateaus.iter().map(|p| p.symbol).collect();
        Rate { rate, step: rule.step, plateaus }
    }

    /// Its value in step `t`, with these factors of plateaus (1 where left out); none where the rule has none.
    pub fn at(&self, g: &Graph, t: usize, factors: &[f64]) -> Option<f64> {
        let lookup = |symbol: SymbolId| {
            if symbol == self.step {
                return Some(Tensor::scalar(t as f64));
            }
            let at = self.plateaus.iter().position(|&p| p == symbol)?;
            Some(Tensor::scalar(factors.get(at).copied().unwrap_or(1.0)))
        };
        let found = eval::evaluate(g, &[self.rate?], &lookup).ok()?;
        found.first().and_then(Tensor::as_scalar)
    }
}

/// An update ready to run. It has a graph of its own.
pub(crate) struct Ready {
    graph: Graph,
    program: Program,
    n: usize,
    /// theta, gradient and states, then the step and the value.
    input: Vec<f64>,
    /// theta, states and the answer.
    out: Vec<f64>,
    /// Entries of all states.
    n_states: usize,
    n_values: usize,
    has_answer: bool,
    rate: Rate,
    /// Steps that were done before.
    done: usize,
}

impl Ready {
    /// Compiles a rule for these unknowns.
    ///
    /// # Errors
    ///
    /// Where the states cannot be evaluated at the start.
    pub fn new(
        mut graph: Graph,
        rule: &Rule,
        over: &[SymbolId],
        x0: &[f64],
        engine: &Engine,
    ) -> Result<Ready, Fault> {
        let g = &mut graph;
        let n = x0.len();
        let apart: Vec<(Option<SymbolId>, Shape)> = match rule.is_by_unknown() {
            true => over.iter().map(|&u| (Some(u), g.symbol(u).shape)).collect(),
            false => vec![(None, Shape::Vector(n))],
        };
        let mut vectors = |name: &str| -> Vec<SymbolId> {
            apart.iter().map(|(_, shape)| g.declare(Symbol::unknown(name, *shape))).collect()
        };
        let (theta, gradient) = (vectors("theta"), vectors("g"));
        let slot = |(k, &(unknown, shape)): (usize, &(Option<SymbolId>, Shape))| Slot {
            shape,
            theta: g.leaf(theta[k]),
            gradient: g.leaf(gradient[k]),
            states: Vec::new(),
            unknown,
        };
        let slots: Vec<Slot> = apart.iter().enumerate().map(slot).collect();
        let layout = Layout::new(g, rule, slots);
        let moved = layout.moved(g, rule);
        let has_answer = !moved.answer.is_empty();
        let outputs = [moved.theta, moved.states, moved.answer].concat();
        let starts = layout.starts(g, rule);
        let values = rule.parts.iter().map(|part| part.update.value);
        let mut inputs = [theta, gradient, layout.states].concat();
        inputs.push(rule.step);
        inputs.extend(values);
        inputs.extend(rule.plateaus.iter().map(|p| p.symbol));
        let mut times = Times::default();
        let n_starts: usize = starts.iter().map(|&e| g.shape(e).len()).sum();
        let tail = 1 + rule.parts.len();
        let mut input = vec![0.0; 2 * n + n_starts + tail];
        input.extend(rule.plateaus.iter().map(|_| 1.0));
        input[..n].copy_from_slice(x0);
        let mut at_start = vec![0.0; n_starts];
        if n_starts > 0 {
            let program = Program::new(g, engine, &starts, &inputs, &mut times);
            program.run(g, &input, &mut at_start)?;
        }
        input[2 * n..][..n_starts].copy_from_slice(&at_start);
        let program = Program::new(g, engine, &outputs, &inputs, &mut times);
        let out = vec![0.0; program.n_out()];
        let n_values = rule.parts.len();
        let rate = Rate::of(rule);
        Ok(Ready {
            graph,
            program,
            n,
            input,
            out,
            n_states: n_starts,
            n_values,
            has_answer,
            rate,
            done: 0,
        })
    }
}

impl Ready {
    /// Goes on with what another run has left: the point to start from, where it suits.
    pub fn go_on(&mut self, method: &str, kept: &Kept) -> Option<Vec<f64>> {
        if !kept.suits(method, self.n + self.n_states) {
            return None;
        }
        self.input[2 * self.n..][..self.n_states].copy_from_slice(&kept.vectors[self.n..]);
        self.done = kept.steps();
        Some(kept.vectors[..self.n].to_vec())
    }

    /// What is left to go on with, after so many steps.
    pub fn kept(&self, method: &str, steps: usize) -> Kept {
        let states = &self.input[2 * self.n..][..self.n_states];
        // A run without a step has moved nothing.
        let point = if steps > 0 { &self.out[..self.n] } else { &self.input[..self.n] };
        Kept::of_steps(method, self.done + steps, [point, states].concat())
    }
}

impl Step for Ready {
    fn done(&self) -> usize {
        self.done
    }

    fn step(&mut self, x: &mut [f64], g: &[f64], f: f64, t: usize) -> Result<(), Failed> {
        let (n, all) = (self.n, self.n_states);
        self.input[..n].copy_from_slice(x);
        self.input[n..2 * n].copy_from_slice(g);
        self.input[2 * n + all] = t as f64;
        self.input[2 * n + all + 1..][..self.n_values].fill(f);
        self.program.run(&self.graph, &self.input, &mut self.out).map_err(|fault| match fault {
            Fault::Interrupted => Failed::Interrupted,
            Fault::Eval(_) => Failed::NoValue,
        })?;
        x.copy_from_slice(&self.out[..n]);
        self.input[2 * n..][..all].copy_from_slice(&self.out[n..n + all]);
        Ok(())
    }

    fn answer(&self) -> Option<&[f64]> {
        self.has_answer.then(|| &self.out[self.n + self.n_states..])
    }

    fn rate(&self, t: usize) -> Option<f64> {
        self.rate.at(&self.graph, t, &[])
    }
}

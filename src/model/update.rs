//! The update of a first-order method, from the formulas of one entry to a program over whole vectors.
//!
//! All unknowns lie one after the other in one vector `theta: N`, and so do the gradient and every state. The formulas of an
//! entry become arrays built by index, one an unknown (one for all where nothing is taken over an unknown), in one program:
//! from `theta, g, states, t, f` to the new theta, the new states and the answer.

use super::engine::{Engine, Program, Times};
use crate::expr::{ExprId, Graph, Op, Symbol, SymbolId};
use crate::jit::Fault;
use crate::ops;
use crate::optim::update::{Failed, Step};
use crate::shape::Shape;

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
    /// An entry of it.
    pub symbol: SymbolId,
    /// What it starts from.
    pub start: ExprId,
    /// What it becomes.
    pub next: ExprId,
}

/// A first-order method as formulas of one entry.
#[derive(Clone, Debug)]
pub struct Update {
    /// An entry of the unknowns.
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
}

/// The vectors that stand for entries.
struct Vectors {
    theta: SymbolId,
    gradient: SymbolId,
    states: Vec<SymbolId>,
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
    n_states: usize,
    has_answer: bool,
}

impl Ready {
    /// Compiles an update for unknowns with so many entries each.
    ///
    /// # Errors
    ///
    /// Where the states cannot be evaluated at the start.
    pub fn new(
        mut graph: Graph,
        update: &Update,
        lengths: &[usize],
        x0: &[f64],
        engine: &Engine,
    ) -> Result<Ready, Fault> {
        let g = &mut graph;
        let n: usize = lengths.iter().sum();
        let mut vector = |name: &str| g.declare(Symbol::unknown(name, Shape::Vector(n)));
        let vectors = Vectors {
            theta: vector("theta"),
            gradient: vector("g"),
            states: update.states.iter().map(|s| vector(&s.name)).collect(),
        };
        let apart = lengths.len() > 1 && update.reductions.iter().any(|r| !r.all);
        let groups: Vec<(usize, usize)> = if apart {
            let ends = lengths.iter().scan(0, |at, &len| {
                *at += len;
                Some((*at - len, len))
            });
            ends.collect()
        } else {
            vec![(0, n)]
        };
        let entries: Vec<Group> =
            groups.iter().map(|&(from, len)| Group::new(g, update, &vectors, from, len)).collect();
        let groups = with_reductions(g, update, entries, n);
        let mut formulas = vec![update.next];
        formulas.extend(update.states.iter().map(|s| s.next));
        formulas.extend(update.answer);
        let outputs = arrays(g, &groups, &formulas);
        let starts: Vec<ExprId> = update.states.iter().map(|s| s.start).collect();
        let starts = arrays(g, &groups, &starts);
        let mut inputs = vec![vectors.theta, vectors.gradient];
        inputs.extend(&vectors.states);
        inputs.extend([update.step, update.value]);
        let mut times = Times::default();
        let n_states = update.states.len();
        let mut input = vec![0.0; (2 + n_states) * n + 2];
        input[..n].copy_from_slice(x0);
        let mut at_start = vec![0.0; n_states * n];
        if n_states > 0 {
            let program = Program::new(g, engine, &starts, &inputs, &mut times);
            program.run(g, &input, &mut at_start)?;
        }
        input[2 * n..][..n_states * n].copy_from_slice(&at_start);
        let program = Program::new(g, engine, &outputs, &inputs, &mut times);
        let out = vec![0.0; program.n_out()];
        let has_answer = update.answer.is_some();
        Ok(Ready { graph, program, n, input, out, n_states, has_answer })
    }
}

impl Step for Ready {
    fn step(&mut self, x: &mut [f64], g: &[f64], f: f64, t: usize) -> Result<(), Failed> {
        let (n, all) = (self.n, self.n * self.n_states);
        self.input[..n].copy_from_slice(x);
        self.input[n..2 * n].copy_from_slice(g);
        let end = self.input.len();
        (self.input[end - 2], self.input[end - 1]) = (t as f64, f);
        self.program.run(&self.graph, &self.input, &mut self.out).map_err(|fault| match fault {
            Fault::Interrupted => Failed::Interrupted,
            Fault::Eval(_) => Failed::NoValue,
        })?;
        x.copy_from_slice(&self.out[..n]);
        self.input[2 * n..][..all].copy_from_slice(&self.out[n..n + all]);
        Ok(())
    }

    fn answer(&self) -> Option<&[f64]> {
        self.has_answer.then(|| &self.out[self.n * (1 + self.n_states)..])
    }
}

/// The entries of an unknown, or of all.
struct Group {
    index: SymbolId,
    len: usize,
    /// Formulas of an entry by what stands for it.
    map: Vec<(ExprId, ExprId)>,
}

impl Group {
    fn new(g: &mut Graph, update: &Update, vectors: &Vectors, from: usize, len: usize) -> Group {
        let index = g.fresh_index("i", &[]);
        let leaf = g.leaf(index);
        let offset = g.int(from as i64);
        let place = g.add(&[leaf, offset]);
        let mut map = Vec::new();
        let states = update.states.iter().map(|s| s.symbol).zip(vectors.states.iter().copied());
        let given = [(update.theta, vectors.theta), (update.gradient, vectors.gradient)];
        for (entry, vector) in given.into_iter().chain(states) {
            let (entry, vector) = (g.leaf(entry), g.leaf(vector));
            map.push((entry, g.apply(Op::Elem, &[vector, place])));
        }
        Group { index, len, map }
    }

    fn bind(&self, g: &mut Graph, op: Op, e: ExprId) -> ExprId {
        let body = ops::substitute(g, e, &self.map);
        let (lo, hi) = (g.int(1), g.int(self.len as i64));
        g.bind(op, self.index, lo, hi, lo, body)
    }

    /// The part of a reduction that its entries give.
    fn part(&self, g: &mut Graph, r: &Reduction) -> ExprId {
        match r.how {
            Reduced::Max => self.bind(g, Op::Max, r.of[0]),
            Reduced::Min => self.bind(g, Op::Min, r.of[0]),
            Reduced::Sum | Reduced::Mean => self.bind(g, Op::Sum, r.of[0]),
            Reduced::Norm | Reduced::SumSq => {
                let square = g.powi(r.of[0], 2);
                self.bind(g, Op::Sum, square)
            }
            Reduced::Dot => {
                let product = g.mul(&r.of);
                self.bind(g, Op::Sum, product)
            }
        }
    }
}

/// The groups with what stands for every reduction.
fn with_reductions(g: &mut Graph, update: &Update, mut groups: Vec<Group>, n: usize) -> Vec<Group> {
    for r in &update.reductions {
        let parts: Vec<ExprId> = groups.iter().map(|group| group.part(g, r)).collect();
        let leaf = g.leaf(r.symbol);
        let whole = r.all.then(|| match r.how {
            Reduced::Max | Reduced::Min => {
                let op = if r.how == Reduced::Max { Op::Max2 } else { Op::Min2 };
                let join = |a, b| g.apply(op, &[a, b]);
                parts.iter().copied().reduce(join).unwrap_or(leaf)
            }
            _ => g.add(&parts),
        });
        for (group, part) in groups.iter_mut().zip(parts) {
            let total = whole.unwrap_or(part);
            let value = match r.how {
                Reduced::Norm => g.apply(Op::Sqrt, &[total]),
                Reduced::Mean => {
                    let count = g.int(if r.all { n } else { group.len } as i64);
                    g.div(total, count)
                }
                _ => total,
            };
            group.map.push((leaf, value));
        }
    }
    groups
}

/// For each formula, its array over every group.
fn arrays(g: &mut Graph, groups: &[Group], formulas: &[ExprId]) -> Vec<ExprId> {
    let mut found = Vec::new();
    for &formula in formulas {
        found.extend(groups.iter().map(|group| group.bind(g, Op::Comp, formula)));
    }
    found
}

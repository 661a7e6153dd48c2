//! Programs of steps: estimate, gradient and update of a training in one.

use std::sync::Arc;

use super::gather::{Noise, Source};
use super::{Plan, StepProgram};
use crate::diff;
use crate::eval::EvalError;
use crate::expr::{ExprId, Graph, Num, Op, SymbolId};
use crate::jit::Fault;
use crate::model::batches::axes::{Axes, Axis};
use crate::model::batches::estimate::{self, Drawn, Estimate};
use crate::model::batches::modes;
use crate::model::engine::{self, Engine, Program, Times};
use crate::model::lift::{Layout, Slot};
use crate::ops;
use crate::shape::{Shape, Tensor};
use crate::simplify;

/// The share of a running statistic that a step renews, as in PyTorch's layers.
const RENEWED: f64 = 0.1;

/// What the slots of a program have in common with those of another.
pub(super) struct Slots {
    pub layout: Layout,
    pub inputs: Vec<SymbolId>,
    pub has_answer: bool,
}

/// Makes programs of steps.
pub(super) struct Maker<'m> {
    pub g: &'m mut Graph,
    pub engine: &'m Engine,
    pub plan: &'m Plan<'m>,
    pub axes: &'m Axes,
    pub class: Option<Axis>,
    pub n_rows: usize,
    pub times: &'m mut Times,
}

impl Maker<'_> {
    /// The program of a step by so many rows.
    pub fn step(&mut self, rows: usize) -> Result<(StepProgram, Slots), Fault> {
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
    pub fn starts(&mut self, slots: &Slots) -> Result<Vec<f64>, Fault> {
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
    pub fn watch(&mut self, e: ExprId) -> Program {
        let stable = simplify::stable(self.g, &[e]);
        let mut inputs = self.plan.over.to_vec();
        inputs.extend(self.plan.side.iter().map(|(symbol, _)| *symbol));
        Program::new(self.g, self.engine, &stable, &inputs, self.times)
    }
}

fn number(g: &mut Graph, value: f64) -> ExprId {
    g.number(Num::float(value))
}

//! Methods that are given as formulas: made ready for an optimization, and what they leave.

use std::sync::Arc;

use super::statement::Runner;
use crate::check::{Checked, ChosenMethod, Objective};
use crate::eval;
use crate::expr::SymbolId;
use crate::jit::Fault;
use crate::model::batches::Regime;
use crate::model::choose::Plan;
use crate::model::setup::Setup;
use crate::model::training::{self, Kept, Trainer};
use crate::model::update::Ready;
use crate::model::{Fit, Sense};
use crate::ops;
use crate::optim::driver::By;
use crate::optim::update::Training;
use crate::patience;
use crate::shape::Tensor;

/// A method that is given as a formula, ready to run.
pub(super) enum Formula {
    Steps(Box<Ready>),
    Training(Box<Trainer>),
}

impl Formula {
    pub fn by(&mut self) -> By<'_> {
        match self {
            Formula::Steps(ready) => By { update: Some(&mut **ready), ..By::default() },
            Formula::Training(trainer) => By { training: Some(&mut **trainer), ..By::default() },
        }
    }

    /// What is left to go on with after so many steps.
    pub fn kept(&self, method: &str, steps: usize) -> Kept {
        match self {
            Formula::Steps(ready) => ready.kept(method, steps),
            Formula::Training(trainer) => trainer.kept(),
        }
    }
}

impl Runner<'_> {
    /// A method that is given as a formula, compiled for the unknowns that move; it may go on from another point than `x0`.
    pub(super) fn formula(
        &mut self,
        objective: &Objective,
        setup: &Setup,
        plan: &Plan,
        x0: &mut Vec<f64>,
    ) -> Checked<Option<Formula>> {
        let Some((method, rule)) = &plan.rule else { return Ok(None) };
        let engine = self.session.engine();
        let kept = self.goes_on(objective);
        let over = &objective.over;
        let tables = self.checker(|c| Ok(c.table_rows()))?;
        let random = self.session.files.batch_draws();
        let mut graph = self.session.state.graph.clone();
        let start = |symbol: SymbolId| {
            let value = setup.values.iter().find(|(u, _)| *u == symbol);
            value.map(|(_, start)| (symbol, start.clone()))
        };
        let side: Vec<(SymbolId, Tensor)> =
            setup.kept.iter().filter_map(|(symbol, _)| start(*symbol)).collect();
        let ready = match &plan.regime {
            None => Ready::new(graph, rule, over, x0, &engine).map(|mut ready| {
                if let Some(start) = kept.and_then(|kept| ready.go_on(method, &kept)) {
                    *x0 = start;
                }
                Formula::Steps(Box::new(ready))
            }),
            Some(regime) => {
                let watch = regime.watch.map(|e| ops::substitute(&mut graph, e, &setup.fixed));
                let plan = training::Plan {
                    f: setup.trained,
                    side: &side,
                    over,
                    x0,
                    method,
                    rule,
                    regime: &Regime { watch, ..regime.clone() },
                    clip: (plan.options.number("clip"), plan.options.number("clip_value")),
                    tables: &tables,
                    rises: objective.sense == Sense::Maximize,
                    random,
                    kept: kept.as_deref(),
                };
                Trainer::new(graph, &engine, &plan).map(|t| Formula::Training(Box::new(t)))
            }
        };
        match ready {
            Ok(ready) => {
                if let Formula::Training(trainer) = &ready {
                    self.session.prepared.add(trainer.times);
                }
                Ok(Some(ready))
            }
            Err(Fault::Interrupted) => patience::stop(),
            Err(Fault::Eval(error)) => self.fault_of(&error, objective),
        }
    }

    /// The training that an objective's method asks for; none where it is no such method.
    pub(super) fn trainer(
        &mut self,
        objective: &Objective,
        setup: &Setup,
        x0: &mut Vec<f64>,
    ) -> Checked<Option<Trainer>> {
        let Some(ChosenMethod { rule: Some((name, rule)), regime, options, .. }) =
            &objective.method
        else {
            return Ok(None);
        };
        let plan = Plan::formula(name, options.clone(), Arc::clone(rule), regime.clone());
        Ok(match self.formula(objective, setup, &plan, x0)? {
            Some(Formula::Training(trainer)) => Some(*trainer),
            _ => None,
        })
    }

    /// What the result that `from` names has left to go on with.
    fn goes_on(&self, objective: &Objective) -> Option<Arc<Kept>> {
        let record = objective.goes_on.as_ref()?;
        let fits = &self.session.state.fits;
        let (_, fit) = fits.iter().find(|(r, _)| Arc::ptr_eq(r, record))?;
        fit.kept.clone()
    }

    /// The values of unknowns that keep statistics: running ones after training, else those over all rows at the solution.
    pub(super) fn side(
        &mut self,
        setup: &Setup,
        formula: Option<&Formula>,
        objective: &Objective,
        x: &[f64],
    ) -> Vec<(SymbolId, Tensor)> {
        let g = &mut self.session.state.graph;
        let mut found = Vec::new();
        if let Some(Formula::Training(trainer)) = formula {
            let all = trainer.side();
            let mut at = 0;
            for (symbol, _) in &setup.kept {
                let shape = g.symbol(*symbol).shape;
                found.push((*symbol, Tensor::new(shape, &all[at..at + shape.len()])));
                at += shape.len();
            }
            return found;
        }
        let mut at = 0;
        let mut values = Vec::new();
        for &unknown in &objective.over {
            let shape = g.symbol(unknown).shape;
            values.push((unknown, Tensor::new(shape, &x[at..at + shape.len()])));
            at += shape.len();
        }
        let lookup = |s: SymbolId| values.iter().find(|(u, _)| *u == s).map(|(_, v)| v.clone());
        for (symbol, now) in &setup.kept {
            if let Ok(value) = eval::evaluate(g, &[*now], &lookup) {
                found.extend(value.into_iter().next().map(|value| (*symbol, value)));
            }
        }
        found
    }

    /// A result with the values of unknowns that keep statistics.
    pub(super) fn with_side(&self, mut fit: Fit, side: Vec<(SymbolId, Tensor)>) -> Fit {
        for (symbol, value) in side {
            let name = &self.session.state.graph.symbol(symbol).name;
            if let Some(entry) = fit.solution.iter_mut().find(|(n, _)| n == name) {
                entry.1 = value;
            }
        }
        fit
    }
}

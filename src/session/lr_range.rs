//! `lr_range`: the largest stable rate of a first-order method.
//!
//! With all rows and a smooth objective the curvature says it: steps on a parabola of curvature L are stable below 2/L, those with a
//! momentum further out; L is the largest eigenvalue of the Hessian at the start, by Lanczos' method, and a run on either side
//! confirms it. Otherwise rates are tried from the same start over the same batches; growth decides, and the limit is bisected on
//! the logarithmic axis.

use std::sync::Arc;

use super::statement::Runner;
use super::{Mode, Output, Receiver};
use crate::check::{Checked, Item, LrRange, NamedTable, Record};
use crate::data::{Column, Table};
use crate::expr::Symbol;
use crate::model::compiled::Compiled;
use crate::model::setup::Setup;
use crate::model::training::Trainer;
use crate::optim::lanczos::largest_eigenvalue;
use crate::patience::{self, Stopped};
use crate::problem::Problem;
use crate::random::Stream;
use crate::report::number;
use crate::shape::{Shape, Tensor};
use crate::syntax::ast::Command;

/// Products with the Hessian.
const PRODUCTS: usize = 20;
/// Steps of a trial by all rows.
const STEPS: usize = 200;
/// Rates a decade that are tried first.
const A_DECADE: f64 = 3.0;
/// The limit is found to this share.
const PRECISION: f64 = 0.01;
/// A run this much below the limit of the curvature must be stable, and one this much above not.
const MARGIN: f64 = 0.05;

/// What was found.
struct Found {
    /// The largest stable rate; none where there is none in the range.
    limit: Option<f64>,
    /// The largest eigenvalue of the Hessian, where it was asked for.
    curvature: Option<f64>,
    /// In words.
    how: String,
    /// Rates with the value at the end of their trial.
    probes: Vec<(f64, f64)>,
}

impl Runner<'_> {
    /// Runs `lr_range`: its record, and what was found in words.
    pub(super) fn lr_range(
        &mut self,
        command: &Command,
        name: Option<&str>,
    ) -> Checked<(Item, String)> {
        let asked = self.checker(|c| c.lr_range(command))?;
        if self.is_dry() {
            return Ok((Item::Record(Arc::new(self.range_record(name, None))), String::new()));
        }
        let setup = self.setup(&asked.objective)?;
        let found = match patience::attempt(|| self.search(&asked, &setup)) {
            Ok(found) => found?,
            Err(Stopped) => patience::stop(),
        };
        let record = self.range_record(name, Some(&found));
        let said = format!("rates of {}: {}", asked.objective.name, found.how);
        Ok((Item::Record(Arc::new(record)), said))
    }

    /// `lr_range` as a statement: what was found, in words.
    pub(super) fn lr_range_statement(
        &mut self,
        command: &Command,
        out: &mut Receiver,
    ) -> Checked<()> {
        let (item, said) = self.lr_range(command, None)?;
        out(&self.session.files.sources, Output::Print(said));
        if self.mode == Mode::Line {
            self.session.state.names.define("ans", item, None);
        }
        Ok(())
    }

    fn search(&mut self, asked: &LrRange, setup: &Setup) -> Checked<Found> {
        let mut x0 = setup.x0.clone();
        let Some(mut trainer) = self.trainer(&asked.objective, setup, &mut x0)? else {
            return Err(crate::check::Reported);
        };
        let start = trainer.start();
        let by_all_rows = trainer.takes_all_rows();
        let steps = if by_all_rows { STEPS } else { trainer.steps_an_epoch().clamp(STEPS, 2000) };
        let mut probes = Vec::new();
        let mut is_stable = |rate: f64| {
            let stable = probe(&mut trainer, &start, rate, steps, by_all_rows);
            probes.push((rate, stable.1));
            stable.0
        };
        let momentum = asked.momentum.filter(|_| by_all_rows && setup.smooth);
        let curvature = match momentum {
            Some(_) => self.curvature(asked, setup),
            None => None,
        };
        let (lo, hi) = asked.range;
        let inside = |limit: &f64| (lo..=hi).contains(limit);
        let by_curvature = momentum.zip(curvature).map(|(m, curvature)| m.limit(curvature));
        if let Some(limit) = by_curvature.filter(|l| inside(l) && l.is_finite() && *l > 0.0)
            && is_stable((1.0 - MARGIN) * limit)
            && !is_stable((1.0 + MARGIN) * limit)
        {
            let how = format!(
                "stable up to {}, by the curvature {} at the start and a run on either side; take {}",
                number::human(limit),
                number::human(curvature.unwrap_or(f64::NAN)),
                number::human(limit / 2.0)
            );
            return Ok(Found { limit: Some(limit), curvature, how, probes });
        }
        let limit = bisected((lo, hi), &mut is_stable);
        let how = match limit {
            Ok(limit) => format!(
                "stable up to {}, by trials of {steps} steps; take {}",
                number::human(limit),
                number::human(limit / 2.0)
            ),
            Err(true) => format!(
                "all rates up to {} are stable: the range holds no limit",
                number::human(hi)
            ),
            Err(false) => {
                format!("no rate from {} up is stable: begin the range lower", number::human(lo))
            }
        };
        Ok(Found { limit: limit.ok(), curvature, how, probes })
    }

    /// The largest eigenvalue of the Hessian at the start, where it is positive.
    fn curvature(&mut self, asked: &LrRange, setup: &Setup) -> Option<f64> {
        let engine = self.session.engine();
        let g = &mut self.session.state.graph;
        let mut problem = Compiled::new(g, engine, setup.f, &asked.objective.over, None, None);
        let mut random = Stream::new(0).split("lanczos");
        let x = &setup.x0;
        let mut product = |v: &[f64], hv: &mut [f64]| {
            problem.hessian_vector(x, v, hv);
            hv.iter().all(|entry| entry.is_finite())
        };
        largest_eigenvalue(x.len(), PRODUCTS, &mut random, &mut product).filter(|l| *l > 0.0)
    }

    fn range_record(&mut self, name: Option<&str>, found: Option<&Found>) -> Record {
        let name = name.unwrap_or("ans").to_string();
        let g = &mut self.session.state.graph;
        let limit = found.map(|f| f.limit.unwrap_or(f64::NAN));
        let curvature = found.map(|f| f.curvature.unwrap_or(f64::NAN));
        let numbers =
            [("limit", limit), ("rate", limit.map(|l| l / 2.0)), ("curvature", curvature)];
        let mut fields = Vec::new();
        for (field, value) in numbers {
            let value = value.map(Tensor::scalar);
            let symbol = g.declare(Symbol::known(&format!("{name}.{field}"), Shape::Scalar, value));
            fields.push((field.to_string(), Item::Expr(g.leaf(symbol))));
        }
        let message = found.map_or(String::new(), |f| f.how.clone());
        fields.push(("message".to_string(), Item::Text(message)));
        let column = |of: fn(&(f64, f64)) -> f64| {
            let mut probes = found.map_or(Vec::new(), |f| f.probes.clone());
            probes.sort_by(|a, b| a.0.total_cmp(&b.0));
            Column::Numbers(probes.iter().map(of).collect())
        };
        let columns =
            vec![("rate".to_string(), column(|p| p.0)), ("value".to_string(), column(|p| p.1))];
        if let Ok(table) = Table::new("probes", columns) {
            let table = NamedTable { name: format!("{name}.probes"), table, rows: None };
            fields.push(("probes".to_string(), Item::Table(Arc::new(table))));
        }
        Record { what: "the result of lr_range", fields, solution: Vec::new() }
    }
}

/// Whether steps at a rate do not grow, and the value at their end.
fn probe(
    trainer: &mut Trainer,
    start: &[f64],
    rate: f64,
    steps: usize,
    by_all_rows: bool,
) -> (bool, f64) {
    let [first, second, _, last] = trainer.probe(start, rate, steps);
    let finite = last.is_finite();
    // By all rows a parabola falls in every quarter; batches scatter, and count as growing above where they began.
    let grows = if by_all_rows {
        last > second + 1e-12 * second.abs()
    } else {
        last > second && last > first + 0.1 * first.abs()
    };
    (finite && !grows, last)
}

/// The largest stable rate within the range, to 1 %; or whether all are stable, or none.
fn bisected((lo, hi): (f64, f64), is_stable: &mut dyn FnMut(f64) -> bool) -> Result<f64, bool> {
    if !is_stable(lo) {
        return Err(false);
    }
    let factor = 10.0_f64.powf(1.0 / A_DECADE);
    let (mut stable, mut unstable) = (lo, f64::INFINITY);
    while stable < hi {
        let rate = (stable * factor).min(hi);
        if !is_stable(rate) {
            unstable = rate;
            break;
        }
        stable = rate;
    }
    if unstable.is_infinite() {
        return Err(true);
    }
    while unstable / stable > 1.0 + PRECISION {
        let middle = (stable * unstable).sqrt();
        if is_stable(middle) {
            stable = middle;
        } else {
            unstable = middle;
        }
    }
    Ok(stable)
}

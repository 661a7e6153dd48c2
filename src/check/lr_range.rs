//! `lr_range f using sgd from 1e-6 to 1`.

use std::sync::Arc;

use super::objective::Chosen;
use super::{Checked, Checker, Given, Item, Objective, Reported};
use crate::diag::{Diagnostic, codes};
use crate::expr::Symbol;
use crate::model::Sense;
use crate::model::batches::Regime;
use crate::model::update::Plateau;
use crate::shape::Shape;
use crate::syntax::ast::{ClauseKind, Command};

/// A checked `lr_range`.
#[derive(Clone, Debug)]
pub struct LrRange {
    /// The objective, with a method whose rate is the factor of its first plateau.
    pub objective: Objective,
    /// The momentum of the method, where it is one of the library's for which the stable rates of a parabola are known.
    pub momentum: Option<Momentum>,
    /// The smallest and the largest rate.
    pub range: (f64, f64),
}

/// Plain steps and steps with a momentum alpha.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Momentum {
    /// None.
    Plain,
    /// `momentum`.
    Heavy(f64),
    /// `nesterov`.
    Nesterov(f64),
}

impl Momentum {
    /// The largest rate at which steps on a parabola of this curvature do not grow: where a root of the characteristic polynomial of
    /// the recurrence reaches -1.
    pub fn limit(self, curvature: f64) -> f64 {
        match self {
            Momentum::Plain => 2.0 / curvature,
            Momentum::Heavy(alpha) => 2.0 * (1.0 + alpha) / curvature,
            Momentum::Nesterov(alpha) => 2.0 * (1.0 + alpha) / ((1.0 + 2.0 * alpha) * curvature),
        }
    }
}

/// The range where a clause is left out.
const RANGE: (f64, f64) = (1e-6, 1.0);

impl Checker<'_> {
    /// Checks `lr_range EXPR` with its clauses.
    pub fn lr_range(&mut self, command: &Command) -> Checked<LrRange> {
        let ast = Arc::clone(&self.ast);
        let Some(&subject) = command.subjects.first() else { return Err(Reported) };
        let span = ast.span(subject);
        let (value, unknowns) = self.optimized(subject)?;
        let kept = self.kept_statistics(value, span)?;
        let moving: Vec<_> = unknowns.iter().copied().filter(|u| !kept.contains(u)).collect();
        let mut objective = Objective {
            sense: Sense::Minimize,
            value,
            name: crate::print::text(self.g, value),
            over: moving.clone(),
            unknowns,
            start: Vec::new(),
            goes_on: None,
            method: None,
            span,
        };
        let mut range = RANGE;
        let mut chosen = None;
        for clause in &command.clauses {
            match &clause.kind {
                ClauseKind::Over(items) => objective.over = self.over(items, &moving)?,
                ClauseKind::FromValue(node) => {
                    range.0 = self.known_scalar(*node, "the smallest rate")?.unwrap_or(range.0);
                }
                ClauseKind::To(node) => {
                    range.1 = self.known_scalar(*node, "the largest rate")?.unwrap_or(range.1);
                }
                ClauseKind::Using(methods) => {
                    chosen = Some((self.method(methods, clause.span, &moving)?, clause.span));
                }
                ClauseKind::FromPoint(_) => {
                    let message = "`from` gives the smallest rate here";
                    let finding =
                        Diagnostic::error(codes::E0604, message).at(clause.span, "a point");
                    return self.report(finding.help(
                        "write `lr_range f using sgd from 1e-6 to 1`; start values stand in `var`",
                    ));
                }
                // The parser has reported clauses that do not belong here.
                _ => {}
            }
        }
        if !(range.0 > 0.0 && range.0 < range.1 && range.1.is_finite()) {
            let message = format!("no rates lie from {} to {}", range.0, range.1);
            let finding = Diagnostic::error(codes::E0603, message).at(command.word, "this range");
            return self.report(finding.help("write a range such as `from 1e-6 to 1`"));
        }
        let mut formula = match chosen {
            Some((Chosen::Formula(formula), _)) => formula,
            Some((Chosen::Method(method), span)) if method.def.name != "gd" => {
                let message = format!("`{}` has no rate to choose", method.def.name);
                let finding = Diagnostic::error(codes::E0601, message).at(span, "here");
                return self.report(finding.help("name a first-order method: `using sgd`"));
            }
            _ => self.formula_of("sgd", span, &moving)?,
        };
        let symbol = self.g.declare(Symbol::unknown("lr", Shape::Scalar));
        let leaf = self.g.leaf(symbol);
        if !formula.has_option("lr") {
            let message = "the method has no option `lr`";
            return self.report(Diagnostic::error(codes::E0602, message).at(span, "here"));
        }
        formula.set("lr", Given::All(Item::Expr(leaf)));
        let rate = Plateau { symbol, factor: 1.0, patience: usize::MAX };
        formula.plateaus.insert(0, rate);
        let momentum = self.momentum_of(&formula);
        let steps = Some(0);
        let regime = formula.regime.take().unwrap_or_default();
        formula.regime = Some(Regime { steps, ..regime });
        objective.method = Some(self.rule_method(formula, &objective)?);
        Ok(LrRange { objective, momentum, range })
    }
}

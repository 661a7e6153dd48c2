//! The command `solve`: linear equations in closed form.
//!
//! The solution is a record: after `let s = solve ...`, `s.w` is an expression
//! and `J at s` takes all of it.

use std::sync::Arc;

use super::statement::{Runner, squeeze, tensor_json};
use super::{Output, Receiver};
use crate::check::{Checked, Equation, Item, Record, Reported};
use crate::diag::{Diagnostic, codes};
use crate::expr::{ExprId, Graph, SymbolId};
use crate::linear::{self, NoSolution};
use crate::report::{JsonObject, JsonValue, number};
use crate::shape::{Tensor, in_words};
use crate::source::Span;
use crate::syntax::ast::Command;

/// A determinant this much smaller than its terms is zero.
const SINGULAR: f64 = 1e-13;

impl Runner<'_> {
    /// `solve` as a statement: one line an unknown.
    pub(super) fn solve_statement(&mut self, command: &Command, out: &mut Receiver) -> Checked<()> {
        let solution = self.solution_of(command)?;
        if self.is_dry() {
            return Ok(());
        }
        let g = &mut self.session.state.graph;
        let mut lines = Vec::new();
        for &(unknown, value) in &solution {
            let symbol = g.symbol(unknown);
            let (name, dims) = (symbol.name.clone(), symbol.dims);
            lines.push(format!("{name} = {}", crate::simplify::shown_over(g, value, dims)));
        }
        let value = self.solution_json(&solution, command.word)?;
        let end = command.clauses.last().map(|c| c.span);
        let subject = command.subjects.last().map(|&n| self.ast.span(n));
        let span = end.or(subject).map_or(command.word, |end| command.word.to(end));
        let name = squeeze(self.session.files.sources.slice(span));
        let text = lines.join("\n");
        out(&self.session.files.sources, Output::Value { name, text, value });
        Ok(())
    }

    /// `solve` as a value: a record with a field an unknown.
    pub(super) fn solve_item(&mut self, command: &Command) -> Checked<Item> {
        let solution = self.solution_of(command)?;
        let g = &self.session.state.graph;
        let fields = solution
            .iter()
            .map(|&(unknown, value)| (g.symbol(unknown).name.clone(), Item::Expr(value)))
            .collect();
        Ok(Item::Record(Arc::new(Record { what: "the solution of equations", fields, solution })))
    }

    /// The unknowns with their values, which hold whatever else is unknown.
    fn solution_of(&mut self, command: &Command) -> Checked<Vec<(SymbolId, ExprId)>> {
        let (equations, unknowns) = self.checker(|c| c.system(command))?;
        let mut residuals = Vec::new();
        for equation in &equations {
            residuals.push(self.residual(equation)?);
        }
        let span = equations.iter().map(|e| e.span).reduce(Span::to).unwrap_or(command.word);
        let g = &mut self.session.state.graph;
        let mut failed = None;
        let solve =
            |g: &mut Graph| crate::work::command(|| linear::solve(g, &residuals, &unknowns));
        let values = g.scratch(|g| match solve(g) {
            Ok(values) => values,
            Err(reason) => {
                let term = match reason {
                    NoSolution::NotLinear { term, .. } => vec![term],
                    _ => Vec::new(),
                };
                failed = Some(reason);
                term
            }
        });
        match failed {
            // The term has another id now.
            Some(NoSolution::NotLinear { unknown, .. }) => {
                let term = values.first().copied().ok_or(Reported)?;
                return self.no_solution(&NoSolution::NotLinear { unknown, term }, span);
            }
            Some(reason) => return self.no_solution(&reason, span),
            None => {}
        }
        if !self.is_dry() {
            self.verify_finite(&values, &unknowns, span)?;
        }
        Ok(unknowns.into_iter().zip(values).collect())
    }

    /// Left minus right; a number stands against every entry of an array.
    fn residual(&mut self, equation: &Equation) -> Checked<ExprId> {
        let g = &mut self.session.state.graph;
        let (a, b) = (g.shape(equation.left), g.shape(equation.right));
        if a != b && !a.is_scalar() && !b.is_scalar() {
            let finding = Diagnostic::error(
                codes::E0401,
                format!("the left side is {}, the right side {}", in_words(a), in_words(b)),
            );
            return self.report(finding.at(equation.span, "two shapes"));
        }
        Ok(g.sub(equation.left, equation.right))
    }

    fn no_solution<T>(&mut self, reason: &NoSolution, span: Span) -> Checked<T> {
        let g = &mut self.session.state.graph;
        let name = |u: &SymbolId| format!("`{}`", g.symbol(*u).name);
        let (message, label, help) = match reason {
            NoSolution::NotLinear { unknown, term } => {
                let name = name(unknown);
                let term = crate::simplify::shown(g, *term);
                (
                    format!("these equations are not linear in {name}: the term {term}"),
                    format!("not linear in {name}"),
                    Some(
                        "a closed form is found for linear equations only; `minimize` the sum of squares of both sides' difference for a numeric solution",
                    ),
                )
            }
            NoSolution::Contradiction => (
                "these equations contradict each other".to_string(),
                "no values satisfy all of them".to_string(),
                None,
            ),
            NoSolution::Undetermined { unknown } => {
                let name = name(unknown);
                (
                    format!("these equations do not determine {name}"),
                    format!("{name} may be chosen freely"),
                    Some("one equation follows from the others: the system is singular"),
                )
            }
            NoSolution::Absent { unknown } => {
                let name = name(unknown);
                (
                    format!("these equations do not determine {name}"),
                    format!("no equation is left for {name}"),
                    Some("give one equation for every unknown after `for`"),
                )
            }
            NoSolution::NotSquare { unknown, shape: (m, n) } => (
                format!("these are {m} equations for the {n} entries of {}", name(unknown)),
                "not a square system".to_string(),
                Some("for least squares solve `A'*(A*x - b) == 0`"),
            ),
            NoSolution::NoMatrix { unknown } => (
                format!("the matrix that multiplies {} has no closed form", name(unknown)),
                "no closed form".to_string(),
                Some("write the equations by entries, or `minimize` the sum of squares"),
            ),
            NoSolution::TooLarge => (
                "this system is too large for a closed form".to_string(),
                "too large".to_string(),
                Some("`minimize` the sum of squares for a numeric solution"),
            ),
        };
        let finding = Diagnostic::error(codes::E0504, message).at(span, label);
        self.report(finding.help_opt(help))
    }

    /// A known solution must be finite: a determinant may be zero for the
    /// values at hand though not for all.
    fn verify_finite(
        &mut self,
        values: &[ExprId],
        unknowns: &[SymbolId],
        span: Span,
    ) -> Checked<()> {
        for (&value, &unknown) in values.iter().zip(unknowns) {
            if self.session.state.graph.has_unknown(value) {
                continue;
            }
            let Some(found) = self.checker(|c| c.value_of(value, span))? else { continue };
            let worst =
                found.data().iter().copied().find(|v| !v.is_finite() || v.abs() > 1.0 / SINGULAR);
            if let Some(v) = worst {
                let name = self.session.state.graph.symbol(unknown).name.clone();
                let finding = Diagnostic::error(
                    codes::E0504,
                    format!(
                        "the system is singular for these values: `{name}` comes out as {}",
                        number::human(v)
                    ),
                );
                return self.report(finding.at(span, "singular"));
            }
        }
        Ok(())
    }

    /// Values by name, of one unknown the value alone; null while an unknown is
    /// left.
    fn solution_json(&mut self, solution: &[(SymbolId, ExprId)], span: Span) -> Checked<JsonValue> {
        if solution.iter().any(|(_, e)| self.session.state.graph.has_unknown(*e)) {
            return Ok(JsonValue::Null);
        }
        let mut found: Vec<(String, Tensor)> = Vec::new();
        for &(unknown, e) in solution {
            let value = self.checker(|c| c.value_of(e, span))?.ok_or(Reported)?;
            found.push((self.session.state.graph.symbol(unknown).name.clone(), value));
        }
        if let [(_, only)] = &found[..] {
            return Ok(tensor_json(only));
        }
        let mut object = JsonObject::new();
        for (name, value) in found {
            object.push(name, tensor_json(&value));
        }
        Ok(JsonValue::Object(object))
    }
}

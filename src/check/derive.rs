//! `derive f wrt x`: what is differentiated, and by what.

use std::sync::Arc;

use super::{Checked, Checker, Item};
use crate::derivation::{self, Derivation, Line};
use crate::diag::{Diagnostic, codes};
use crate::expr::{ExprId, Op, Symbol, SymbolId};
use crate::ops;
use crate::print;
use crate::shape::{Shape, in_words};
use crate::simplify;
use crate::source::Span;
use crate::syntax::ast::{Node, NodeId};

/// What to differentiate by: the unknown, and the entry of it.
type Target = (SymbolId, Option<Vec<ExprId>>);

impl Checker<'_> {
    /// The derivations of one subject by each of the unknowns named, or by all
    /// that it holds where none is.
    pub fn derivations(&mut self, subject: NodeId, by: &[NodeId]) -> Checked<Item> {
        let span = self.ast.span(subject);
        let of = match self.ast.node(subject) {
            Node::Name(name) => self.ast.name(*name).to_string(),
            _ => "f".to_string(),
        };
        let item = self.item(subject)?;
        let params = match &item {
            Item::Function(f) => f.generic.as_ref().map(|(params, _)| params.clone()),
            _ => None,
        };
        let f = self.as_expr(item, span)?;
        let all = params.clone().unwrap_or_else(|| self.g.unknowns(&[f]));
        let mut targets: Vec<Target> = Vec::new();
        for &node in by {
            targets.push(self.derivation_target(node, params.as_deref())?);
        }
        if by.is_empty() {
            targets.extend(all.into_iter().map(|u| (u, None)));
        }
        if targets.is_empty() {
            let finding =
                Diagnostic::error(codes::E0502, "there is no unknown to differentiate by");
            return self.report(finding.at(span, "holds no unknown"));
        }
        let mut found = Vec::new();
        for target in targets {
            found.push(self.derivation(f, &of, target, span)?);
        }
        Ok(Item::Derivations(Arc::new(found)))
    }

    /// An argument of the function that is derived, or any unknown.
    fn derivation_target(&mut self, node: NodeId, params: Option<&[SymbolId]>) -> Checked<Target> {
        self.target(node, params.unwrap_or_default())
    }

    fn derivation(
        &mut self,
        f: ExprId,
        of: &str,
        (unknown, entry): Target,
        span: Span,
    ) -> Checked<Derivation> {
        let shape = self.g.shape(f);
        let symbol = self.g.symbol(unknown);
        if !shape.is_scalar() && !symbol.shape.is_scalar() {
            let finding = Diagnostic::error(
                codes::E0501,
                format!(
                    "expected a scalar to differentiate by an array, found {}",
                    in_words(shape)
                ),
            );
            return self.report(
                finding
                    .at(span, super::describe(shape))
                    .help("its derivative is `jac(r, x)`; derive an entry of it, or a scalar such as `sumsq(r)`"),
            );
        }
        let by = symbol.name.clone();
        let axes = if symbol.shape.is_scalar() { [None; 2] } else { symbol.dims };
        let Some(indices) = entry else {
            let lines = derivation::derive(self.g, f, unknown);
            return Ok(Derivation { of: of.to_string(), by, axes, lines });
        };
        let texts: Vec<String> = indices.iter().map(|&i| print::text(self.g, i)).collect();
        let by = format!("{by}[{}]", texts.join(", "));
        let lines = match self.entry_by_name(f, unknown, &indices, &by) {
            Some((f, entry)) => derivation::derive(self.g, f, entry),
            None => {
                let lines = derivation::derive(self.g, f, unknown);
                self.of_entry(lines, &indices, &by)
            }
        };
        Ok(Derivation { of: of.to_string(), by, axes, lines })
    }

    /// Where the expression reads the array by numbers only, the entry may
    /// have a name of its own: the expression with that name, and the name.
    fn entry_by_name(
        &mut self,
        f: ExprId,
        unknown: SymbolId,
        indices: &[ExprId],
        name: &str,
    ) -> Option<(ExprId, SymbolId)> {
        let array = self.g.leaf(unknown);
        let by_number = self.g.reachable(&[f]).into_iter().all(|e| {
            let args = self.g.args(e);
            let reads = self.g.op(e) == Op::Elem
                && args[0] == array
                && args[1..].iter().all(|&i| self.g.as_num(i).is_some());
            reads || !args.contains(&array)
        });
        if !by_number || f == array {
            return None;
        }
        let entry = self.g.apply(Op::Elem, &[&[array], indices].concat());
        let named = self.g.declare(Symbol::unknown(name, Shape::Scalar));
        let leaf = self.g.leaf(named);
        Some((ops::substitute(self.g, f, &[(entry, leaf)]), named))
    }

    /// The lines of the derivation by the whole array, read at one entry.
    fn of_entry(&mut self, mut lines: Vec<Line>, indices: &[ExprId], by: &str) -> Vec<Line> {
        for line in &mut lines {
            line.expr = self.g.apply(Op::Elem, &[&[line.expr], indices].concat());
        }
        if let Some(last) = lines.last() {
            let expr = simplify::present(self.g, last.expr);
            lines.push(Line { expr, rule: format!("the entry {by}") });
        }
        let mut shown = String::new();
        lines.retain(|line| {
            let before = std::mem::replace(&mut shown, print::text(self.g, line.expr));
            before != shown
        });
        lines
    }
}

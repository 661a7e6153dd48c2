//! Points: `E at (x = 1, w[1] = 3)`, `E at fit`.

use std::sync::Arc;

use super::{Checked, Checker, Item, Labelled};
use crate::diag::{Diagnostic, codes};
use crate::expr::{Data, ExprId, Op, SymbolId};
use crate::ops;
use crate::shape::{Shape, in_words};
use crate::simplify;
use crate::source::Span;
use crate::syntax::ast::{Binding, IndexEntry, Node, NodeId};

/// A value for an unknown, or for one entry of it.
pub(super) struct Assignment {
    pub unknown: SymbolId,
    pub entry: Option<Vec<ExprId>>,
    pub value: ExprId,
    pub span: Span,
}

impl Checker<'_> {
    /// `E at POINT`.
    pub(super) fn at(&mut self, expr: NodeId, point: NodeId, span: Span) -> Checked<Item> {
        let ast = Arc::clone(&self.ast);
        let before = std::mem::replace(&mut self.for_value, true);
        let item = self.item(expr);
        self.for_value = before;
        let pairs = match ast.node(point) {
            Node::Point(bindings) => {
                let within = item.as_ref().ok().map(|i| self.unknowns_of(i)).unwrap_or_default();
                let given = self.assignments(bindings, &within)?;
                self.pairs(given)?
            }
            _ => self.solution(point)?,
        };
        let result = self.substituted(&item?, &pairs)?;
        if let Item::Expr(e) = result {
            self.place(e, span);
        }
        Ok(result)
    }

    /// The unknowns in an item.
    fn unknowns_of(&self, item: &Item) -> Vec<SymbolId> {
        match item {
            Item::Expr(e) | Item::Truth(e) => self.g.unknowns(&[*e]),
            Item::Labelled(parts) => {
                [self.g.unknowns(&parts.parts), parts.unknowns.clone()].concat()
            }
            Item::Function(f) => f.generic.as_ref().map(|(p, _)| p.clone()).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// The solution of a result as replacements.
    pub(super) fn solution(&mut self, node: NodeId) -> Checked<Vec<(ExprId, ExprId)>> {
        match self.item(node)? {
            Item::Record(record) if !record.solution.is_empty() => {
                Ok(record.solution.iter().map(|&(u, value)| (self.g.leaf(u), value)).collect())
            }
            other => {
                let finding = Diagnostic::error(
                    codes::E0404,
                    format!(
                        "expected a point or the result of an optimization, found {}",
                        other.kind()
                    ),
                );
                self.report(finding.at(self.ast.span(node), other.kind()).help("write `f at (x = 1)` or `f at fit`; what is computed further stands outside: `(f at fit) - 3`"))
            }
        }
    }

    /// The bindings of a point, with the unknowns they mean: those of the
    /// expression first, then those in scope.
    pub(super) fn assignments(
        &mut self,
        bindings: &[Binding],
        within: &[SymbolId],
    ) -> Checked<Vec<Assignment>> {
        let ast = Arc::clone(&self.ast);
        let mut found: Vec<Assignment> = Vec::new();
        for binding in bindings {
            let span = ast.span(binding.target);
            let (base, entries): (NodeId, &[IndexEntry]) = match ast.node(binding.target) {
                Node::Index { base, entries } => (*base, entries),
                _ => (binding.target, &[]),
            };
            let unknown = self.unknown_named(base, within)?;
            let mut entry = None;
            if !entries.is_empty() {
                let mut indices = Vec::new();
                for e in entries {
                    match e {
                        IndexEntry::At(i) => indices.push(self.scalar(*i, "an index")?),
                        IndexEntry::All(at) => {
                            return self.report(
                                Diagnostic::error(codes::E0404, "expected an entry, found `:`")
                                    .at(*at, "here"),
                            );
                        }
                    }
                }
                entry = Some(indices);
            }
            if let Some(twice) = found.iter().find(|a| a.unknown == unknown && a.entry == entry) {
                let name = self.g.symbol(unknown).name.clone();
                let finding = Diagnostic::error(codes::E0605, format!("`{name}` is given twice"));
                let first = twice.span;
                return self.report(finding.at(span, "again").label(first, "first"));
            }
            let value = self.expression(binding.value)?;
            found.push(Assignment { unknown, entry, value, span: ast.span(binding.value) });
        }
        Ok(found)
    }

    fn unknown_named(&mut self, node: NodeId, within: &[SymbolId]) -> Checked<SymbolId> {
        let ast = Arc::clone(&self.ast);
        if let Node::Name(name) = ast.node(node) {
            let name = ast.name(*name);
            if let Some(&symbol) = within.iter().find(|s| self.g.symbol(**s).name == name) {
                return Ok(symbol);
            }
        }
        let span = ast.span(node);
        match self.item(node)? {
            Item::Expr(e) if self.g.op(e) == Op::Symbol && self.g.has_unknown(e) => {
                self.g.as_symbol(e).ok_or(super::Reported)
            }
            _ => {
                let finding =
                    Diagnostic::error(codes::E0404, "expected an unknown on the left of `=`");
                self.report(
                    finding
                        .at(span, "not an unknown")
                        .help("known values keep their value; only a `var` can be given one here"),
                )
            }
        }
    }

    /// Replacements of leaves, entries of one unknown put together.
    pub(super) fn pairs(&mut self, given: Vec<Assignment>) -> Checked<Vec<(ExprId, ExprId)>> {
        let mut pairs = Vec::new();
        for a in given {
            match a.entry {
                None => pairs.push(self.replacement(a.unknown, a.value, a.span)?),
                Some(indices) => {
                    self.replace_entry(&mut pairs, a.unknown, &indices, a.value, a.span)?
                }
            }
        }
        Ok(pairs)
    }

    /// A value for a whole unknown; a scalar fills an array.
    pub(super) fn replacement(
        &mut self,
        unknown: SymbolId,
        value: ExprId,
        span: Span,
    ) -> Checked<(ExprId, ExprId)> {
        let (want, found) = (self.g.symbol(unknown).shape, self.g.shape(value));
        let leaf = self.g.leaf(unknown);
        if want == found {
            return Ok((leaf, value));
        }
        if found.is_scalar() {
            return Ok((leaf, self.g.fill(want, value)));
        }
        let name = self.g.symbol(unknown).name.clone();
        let finding = Diagnostic::error(
            codes::E0401,
            format!("`{name}` is {}, but is given {}", in_words(want), in_words(found)),
        );
        self.report(finding.at(span, super::describe(found)))
    }

    fn replace_entry(
        &mut self,
        pairs: &mut Vec<(ExprId, ExprId)>,
        unknown: SymbolId,
        indices: &[ExprId],
        value: ExprId,
        span: Span,
    ) -> Checked<()> {
        const MOST: usize = 100_000;
        let shape = self.g.symbol(unknown).shape;
        let leaf = self.g.leaf(unknown);
        let place = |c: &Self, k: usize| {
            indices.get(k).and_then(|&i| ops::known_value(c.g, i)).map(|v| v as usize)
        };
        let flat = match (place(self, 0), indices.len()) {
            (Some(i), 1) => i.checked_sub(1),
            (Some(i), _) => place(self, 1)
                .and_then(|j| Some(i.checked_sub(1)? * shape.cols() + j.checked_sub(1)?)),
            _ => None,
        };
        let Some(flat) = flat
            .filter(|&k| k < shape.len() && shape.len() <= MOST && self.g.shape(value).is_scalar())
        else {
            let finding = Diagnostic::error(
                codes::E0402,
                "expected an entry of the unknown and a scalar for it",
            );
            return self.report(finding.at(span, "here"));
        };
        let position = pairs.iter().position(|(from, _)| *from == leaf);
        let current = position.map_or(leaf, |k| pairs[k].1);
        let mut entries = Vec::with_capacity(shape.len());
        for k in 0..shape.len() {
            let (i, j) = (
                self.g.int((k / shape.cols() + 1) as i64),
                self.g.int((k % shape.cols() + 1) as i64),
            );
            let read = if matches!(shape, Shape::Matrix(..)) {
                vec![current, i, j]
            } else {
                vec![current, i]
            };
            entries.push(if k == flat { value } else { self.g.apply(Op::Elem, &read) });
        }
        let whole = self.g.apply_data(Op::Stack, Data::Shape(shape), &entries);
        match position {
            Some(k) => pairs[k].1 = whole,
            None => pairs.push((leaf, whole)),
        }
        Ok(())
    }

    /// An item with unknowns replaced.
    pub(super) fn substituted(&mut self, item: &Item, pairs: &[(ExprId, ExprId)]) -> Checked<Item> {
        Ok(match item {
            Item::Expr(e) => Item::Expr(self.at_point(*e, pairs)),
            Item::Truth(e) => Item::Truth(self.at_point(*e, pairs)),
            Item::Labelled(parts) => {
                let new = parts.parts.iter().map(|&p| self.at_point(p, pairs)).collect();
                Item::Labelled(Arc::new(Labelled {
                    parts: new,
                    at_point: true,
                    ..(**parts).clone()
                }))
            }
            Item::Function(f) => match &f.generic {
                Some((_, body)) => Item::Expr(self.at_point(*body, pairs)),
                None => item.clone(),
            },
            other => other.clone(),
        })
    }

    /// An expression with unknowns replaced. Where none is left, it takes its
    /// stable form first: numbers put in would fold, and `log(1 + 1e-12)` has
    /// lost what `log1p(1e-12)` keeps.
    fn at_point(&mut self, e: ExprId, pairs: &[(ExprId, ExprId)]) -> ExprId {
        let replaced = ops::substitute(self.g, e, pairs);
        if self.g.has_unknown(replaced) {
            return replaced;
        }
        let stable = simplify::stable(self.g, &[e])[0];
        ops::substitute(self.g, stable, pairs)
    }
}

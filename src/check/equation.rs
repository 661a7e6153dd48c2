//! Equations as commands take them: `check E == F`, `solve grad(J) == 0 for w`.
//!
//! `grad(J) == 0` stands for one equation an unknown; a chain `a == b == c` for
//! two. What is compared need not have one shape here: the commands say what
//! they make of sides that do not fit.

use std::sync::Arc;

use super::{Checked, Checker, Item, Labelled};
use crate::diag::{Diagnostic, codes};
use crate::expr::{ExprId, Op, SymbolId};
use crate::ops;
use crate::shape::Shape;
use crate::source::Span;
use crate::syntax::ast::{Clause, ClauseKind, CmpOp, Command, Node, NodeId};

/// Two sides that are, or are to be made, equal.
#[derive(Clone, Debug)]
pub struct Equation {
    /// The derivative on the left, such as `∂J/∂w`, where it is one of several.
    pub label: Option<String>,
    /// Left of `==`.
    pub left: ExprId,
    /// Right of it.
    pub right: ExprId,
    /// Where the equation stands.
    pub span: Span,
}

/// What `check` is asked.
#[derive(Clone, Debug)]
pub enum Question {
    /// Whether derivatives are right.
    Derivatives {
        /// The function.
        f: ExprId,
        /// Its unknowns.
        unknowns: Vec<SymbolId>,
        /// Its name in labels.
        of: String,
        /// What the command gives as the point: leaf and value.
        start: Vec<(ExprId, ExprId)>,
    },
    /// Whether equations hold.
    Equality(Vec<Equation>),
}

type Pairs = Vec<(ExprId, ExprId)>;

impl Checker<'_> {
    /// What a `check` asks.
    pub fn question(&mut self, command: &Command) -> Checked<Question> {
        let ast = Arc::clone(&self.ast);
        let Some(&subject) = command.subjects.first() else { return Err(super::Reported) };
        let at = command.clauses.iter().find_map(|c: &Clause| match &c.kind {
            ClauseKind::At(point) => Some(*point),
            _ => None,
        });
        match ast.node(subject) {
            Node::Compare { rest, .. } if rest.iter().all(|(op, _)| *op == CmpOp::Eq) => {
                let mut found = self.equations(subject)?;
                if let Some(point) = at.or_else(|| self.shared_point(subject)) {
                    for equation in &mut found {
                        let within = self.g.unknowns(&[equation.left, equation.right]);
                        let pairs = self.point(point, &within)?;
                        equation.left = ops::substitute(self.g, equation.left, &pairs);
                        equation.right = ops::substitute(self.g, equation.right, &pairs);
                    }
                }
                Ok(Question::Equality(found))
            }
            Node::Compare { .. } | Node::And(..) | Node::Or(..) | Node::Not(_) => {
                let finding =
                    Diagnostic::error(codes::E0404, "expected a function or an equation to check");
                self.report(
                    finding
                        .at(ast.span(subject), "neither")
                        .help("write `check f` or `check a == b`; a condition is for `assert`"),
                )
            }
            _ => {
                let (f, unknowns, of) = self.objective(subject)?;
                let start = match at {
                    Some(point) => self.point(point, &unknowns)?,
                    None => Vec::new(),
                };
                Ok(Question::Derivatives { f, unknowns, of, start })
            }
        }
    }

    /// The replacements of a point, which may be the result of an optimization.
    fn point(&mut self, point: NodeId, within: &[SymbolId]) -> Checked<Pairs> {
        let ast = Arc::clone(&self.ast);
        match ast.node(point) {
            Node::Point(bindings) => {
                let given = self.assignments(bindings, within)?;
                self.pairs(given)
            }
            _ => self.solution(point),
        }
    }

    /// The point of `a == b at P`: by the rules of `at` it belongs to `b`
    /// alone, but where `a` has none of its own both sides are meant.
    fn shared_point(&self, subject: NodeId) -> Option<NodeId> {
        let Node::Compare { first, rest } = self.ast.node(subject) else { return None };
        let bare = !matches!(self.ast.node(*first), Node::At { .. });
        match self.ast.node(rest.last()?.1) {
            Node::At { point, .. } if bare => Some(*point),
            _ => None,
        }
    }

    /// The equations of a comparison with `==`.
    pub fn equations(&mut self, node: NodeId) -> Checked<Vec<Equation>> {
        let ast = Arc::clone(&self.ast);
        let span = ast.span(node);
        let Node::Compare { first, rest } = ast.node(node) else {
            return self.report(
                Diagnostic::error(codes::E0404, "expected an equation")
                    .at(span, "no equation")
                    .help("write it with `==`, such as `grad(J) == 0`"),
            );
        };
        let mut found = Vec::new();
        let (mut left_node, mut left) = (*first, self.item(*first));
        for &(op, right_node) in rest {
            let right = self.item(right_node);
            if op != CmpOp::Eq {
                let finding = Diagnostic::error(codes::E0404, "expected an equation");
                return self.report(
                    finding.at(span, "not an equation").help("only `==` can be solved or checked"),
                );
            }
            let (l, r) = (left?, right.clone()?);
            let spans = (ast.span(left_node), ast.span(right_node));
            found.extend(self.paired(l, r, spans)?);
            (left_node, left) = (right_node, right);
        }
        Ok(found)
    }

    /// The equations of two items.
    fn paired(&mut self, left: Item, right: Item, spans: (Span, Span)) -> Checked<Vec<Equation>> {
        let span = spans.0.to(spans.1);
        let equation = |label: Option<String>, left, right| Equation { label, left, right, span };
        match (&left, &right) {
            (Item::Labelled(l), Item::Labelled(r)) if l.parts.len() == r.parts.len() => {
                let others = self.in_order_of(l, r);
                let each = l.parts.iter().zip(others).enumerate();
                Ok(each.map(|(k, (&a, b))| equation(Some(self.label(l, k)), a, b)).collect())
            }
            (Item::Labelled(l), _) if l.parts.len() > 1 => {
                let whole = self.as_expr(right, spans.1)?;
                let parts = self.parts_of(whole, l, spans.1)?;
                let each = l.parts.iter().zip(parts).enumerate();
                Ok(each.map(|(k, (&a, b))| equation(Some(self.label(l, k)), a, b)).collect())
            }
            (_, Item::Labelled(r)) if r.parts.len() > 1 => {
                let turned = self.paired(right.clone(), left, (spans.1, spans.0))?;
                let back = |e: Equation| Equation { left: e.right, right: e.left, span, ..e };
                Ok(turned.into_iter().map(back).collect())
            }
            _ => {
                let (l, r) = (self.as_expr(left, spans.0), self.as_expr(right, spans.1));
                Ok(vec![equation(None, l?, r?)])
            }
        }
    }

    /// The parts of `r` in the order of the unknowns of `l`, where both are
    /// gradients by the same unknowns.
    fn in_order_of(&self, l: &Labelled, r: &Labelled) -> Vec<ExprId> {
        let name = |u: &SymbolId| self.g.symbol(*u).name.clone();
        let place = |u: &SymbolId| r.unknowns.iter().position(|v| v == u || name(v) == name(u));
        let places: Option<Vec<usize>> = l.unknowns.iter().map(place).collect();
        match places {
            Some(places) if l.order == 1 => places.into_iter().map(|k| r.parts[k]).collect(),
            _ => r.parts.clone(),
        }
    }

    /// What stands against each of several derivatives: a scalar against all
    /// of them, else an array entry by entry.
    fn parts_of(&mut self, whole: ExprId, l: &Labelled, span: Span) -> Checked<Vec<ExprId>> {
        let shape = self.g.shape(whole);
        if shape.is_scalar() {
            return Ok(vec![whole; l.parts.len()]);
        }
        let scalars = l.parts.iter().all(|&p| self.g.shape(p).is_scalar());
        if !scalars || shape.len() != l.parts.len() {
            let finding = Diagnostic::error(
                codes::E0401,
                format!("expected a number, or {} of them, one a derivative", l.parts.len()),
            );
            return self.report(finding.at(span, super::describe(shape)));
        }
        let mut parts = Vec::new();
        for k in 0..shape.len() {
            let (i, j) = (k / shape.cols() + 1, k % shape.cols() + 1);
            let (i, j) = (self.g.int(i as i64), self.g.int(j as i64));
            let read = match shape {
                Shape::Matrix(..) => vec![whole, i, j],
                _ => vec![whole, i],
            };
            parts.push(self.g.apply(Op::Elem, &read));
        }
        Ok(parts)
    }
}

impl Checker<'_> {
    /// What a `solve` is given: its equations and the unknowns to solve for;
    /// all unknowns of the equations where none are named.
    pub fn system(&mut self, command: &Command) -> Checked<(Vec<Equation>, Vec<SymbolId>)> {
        let mut equations = Vec::new();
        for &subject in &command.subjects {
            equations.extend(self.equations(subject)?);
        }
        let sides: Vec<ExprId> = equations.iter().flat_map(|e| [e.left, e.right]).collect();
        let mut unknowns = Vec::new();
        for clause in &command.clauses {
            let ClauseKind::For(targets) = &clause.kind else { continue };
            for &target in targets {
                let (symbol, entry) = self.target(target, &[])?;
                if entry.is_some() {
                    return self.not_built("solving for an entry", self.ast.span(target));
                }
                if unknowns.contains(&symbol) {
                    let name = self.g.symbol(symbol).name.clone();
                    let finding =
                        Diagnostic::error(codes::E0605, format!("`{name}` is named twice"));
                    return self.report(finding.at(self.ast.span(target), "again"));
                }
                unknowns.push(symbol);
            }
        }
        if unknowns.is_empty() {
            unknowns = self.g.unknowns(&sides);
        }
        if unknowns.is_empty() {
            let finding = Diagnostic::error(codes::E0607, "there is no unknown to solve for");
            return self.report(finding.at(command.word, "nothing to solve for"));
        }
        Ok((equations, unknowns))
    }
}

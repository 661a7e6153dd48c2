//! Sums and other operators over indices.

use super::{Checked, Checker, Item};
use crate::diag::{Diagnostic, codes};
use crate::expr::{Data, ExprId, Op, SymbolId};
use crate::ops;
use crate::shape::{Shape, in_words};
use crate::source::Span;
use crate::syntax::ast::{GenClause, Generator, Node, NodeId};

/// A checked `for` with its conditions.
struct Clause {
    index: SymbolId,
    lo: ExprId,
    hi: ExprId,
    cond: ExprId,
}

impl Checker<'_> {
    /// `op(BODY for i in a..b ... if c)`, one binder nested in the other.
    pub(super) fn generator(
        &mut self,
        op: Op,
        generator: &Generator,
        span: Span,
    ) -> Checked<ExprId> {
        let (body, clauses) =
            self.clauses(&generator.clauses, &mut Vec::new(), |c| c.expression(generator.body))?;
        if op == Op::Comp && clauses.iter().any(|c| !self.g.is_one(c.cond)) {
            let finding = Diagnostic::error(
                codes::E0401,
                "an array built by index takes no `if`: its length must be known",
            );
            return self.report(
                finding
                    .at(span, "here")
                    .help("choose the entry instead: `[if c then a else 0 for i in 1..n]`"),
            );
        }
        if op == Op::Comp && clauses.len() > 2 {
            let finding = Diagnostic::error(
                codes::E0401,
                format!("an array is built by one or two indices, found {}", clauses.len()),
            );
            return self.report(
                finding
                    .at(span, "here")
                    .help("one `for` builds a column, two build a matrix row by row"),
            );
        }
        if matches!(op, Op::ArgMin | Op::ArgMax) && clauses.len() > 1 {
            let word = ops::def(op).name;
            let message = format!("`{word}` is the value of one index, found {}", clauses.len());
            let finding = Diagnostic::error(codes::E0401, message).at(span, "here");
            let inner = word.trim_start_matches("arg");
            let help = format!("write `{word}({inner}(... for j in ...) for i in ...)`");
            return self.report(finding.help(help));
        }
        self.bind_all(op, &clauses, body, span, generator)
    }

    fn bind_all(
        &mut self,
        op: Op,
        clauses: &[Clause],
        body: ExprId,
        span: Span,
        generator: &Generator,
    ) -> Checked<ExprId> {
        let places = self.generator_places(generator);
        let mut result = body;
        for clause in clauses.iter().rev() {
            let built = ops::build(
                self.g,
                op,
                Data::Symbol(clause.index),
                &[clause.lo, clause.hi, clause.cond, result],
            );
            result = self.built(built, span, &places)?;
        }
        Ok(result)
    }

    /// Places of lower end, upper end, condition and body, for messages.
    fn generator_places(&self, generator: &Generator) -> Vec<Span> {
        let range = generator.clauses.iter().find_map(|c| match c {
            GenClause::For { range, .. } => Some(*range),
            GenClause::If(_) => None,
        });
        let ends = range.map(|r| match *self.ast.node(r) {
            Node::Range { low, high } => [self.ast.span(low), self.ast.span(high)],
            _ => [self.ast.span(r); 2],
        });
        let body = self.ast.span(generator.body);
        let [lo, hi] = ends.unwrap_or([body; 2]);
        vec![lo, hi, body, body]
    }

    /// `mean(BODY for ...)`: the sum over the number of terms.
    pub(super) fn mean_generator(&mut self, generator: &Generator, span: Span) -> Checked<ExprId> {
        let (body, clauses) =
            self.clauses(&generator.clauses, &mut Vec::new(), |c| c.expression(generator.body))?;
        let one = self.g.int(1);
        let total = self.bind_all(Op::Sum, &clauses, body, span, generator)?;
        let number = self.bind_all(Op::Sum, &clauses, one, span, generator)?;
        let counted = self.g.free_indices(number).is_empty() && !self.g.has_unknown(number);
        let count = if counted { self.value_of(number, span)? } else { None };
        if count.is_some_and(|n| n.data()[0] == 0.0) {
            let finding = Diagnostic::error(
                codes::E0401,
                "expected at least one value, found an empty range",
            );
            return self.report(finding.at(span, "the mean of nothing"));
        }
        let mean = self.g.div(total, number);
        Ok(self.place(mean, span))
    }

    /// Opens the clauses from the first to the last, checks the body inside,
    /// and gives the clauses with their conditions.
    fn clauses<T>(
        &mut self,
        rest: &[GenClause],
        open: &mut Vec<Clause>,
        body: impl FnOnce(&mut Self) -> Checked<T>,
    ) -> Checked<(T, Vec<Clause>)> {
        match rest.split_first() {
            None => {
                let result = body(self)?;
                Ok((result, std::mem::take(open)))
            }
            Some((GenClause::If(cond), rest)) => {
                let c = self.scalar(*cond, "the condition")?;
                if let Some(last) = open.last_mut() {
                    last.cond = self.g.apply(Op::And, &[last.cond, c]);
                }
                self.in_branch += 1;
                let result = self.clauses(rest, open, body);
                self.in_branch -= 1;
                result
            }
            Some((GenClause::For { index, range }, rest)) => {
                let name = self.ast.ident(*index).to_string();
                let (lo, hi, over) = self.ends(*range)?;
                let meaning = move |c: &mut Self, leaf: ExprId| {
                    Item::Expr(match over {
                        Some(array) => c.g.apply(Op::Elem, &[array, leaf]),
                        None => leaf,
                    })
                };
                self.with_index(&name, meaning, index.span, |c, symbol| {
                    let cond = c.g.int(1);
                    open.push(Clause { index: symbol, lo, hi, cond });
                    c.clauses(rest, open, body)
                })
            }
        }
    }

    /// The ends of a range, or of the positions of an array whose entries the
    /// index runs over.
    fn ends(&mut self, range: NodeId) -> Checked<(ExprId, ExprId, Option<ExprId>)> {
        if let Node::Range { low, high } = *self.ast.node(range) {
            let (lo, hi) =
                (self.scalar(low, "the end of a range"), self.scalar(high, "the end of a range"));
            let (lo, hi) = (lo?, hi?);
            for (end, node) in [(lo, low), (hi, high)] {
                self.no_unknown_in(end, self.ast.span(node), "the end of a range")?;
            }
            return Ok((lo, hi, None));
        }
        let array = self.expression(range)?;
        let one = self.g.int(1);
        match self.g.shape(array) {
            Shape::Vector(_) | Shape::Matrix(1, _) => Ok((one, self.g.size_of(array), Some(array))),
            shape => {
                let finding = Diagnostic::error(
                    codes::E0401,
                    format!("expected a range such as `1..n`, found {}", in_words(shape)),
                );
                let help = if shape.is_scalar() {
                    "write `1..n`"
                } else {
                    "run over its rows: `for i in 1..rows(A)`"
                };
                self.report(finding.at(self.ast.span(range), super::describe(shape)).help(help))
            }
        }
    }

    /// Indices and ends of ranges may not depend on unknowns.
    pub(super) fn no_unknown_in(&mut self, e: ExprId, span: Span, what: &str) -> Checked<()> {
        if !self.g.has_unknown(e) {
            return Ok(());
        }
        let finding = Diagnostic::error(
            codes::E0403,
            format!("{what} must be known, and may not depend on an unknown"),
        );
        self.report(finding.at(span, "depends on an unknown"))
    }

    /// `a..b` as a column of whole numbers.
    pub(super) fn range_array(&mut self, low: NodeId, high: NodeId, span: Span) -> Checked<Item> {
        let (lo, hi) =
            (self.scalar(low, "the end of a range"), self.scalar(high, "the end of a range"));
        let (lo, hi) = (lo?, hi?);
        let avoid = [lo, hi];
        let index = self.g.fresh_index("i", &avoid);
        let leaf = self.g.leaf(index);
        let one = self.g.int(1);
        let built = ops::build(self.g, Op::Comp, Data::Symbol(index), &[lo, hi, one, leaf]);
        let places = [self.ast.span(low), self.ast.span(high)];
        self.built(built, span, &places).map(Item::Expr)
    }
}

//! Operators: sums, products, powers, comparisons, broadcasting.

use super::{Checked, Checker, Item};
use crate::diag::{Diagnostic, codes};
use crate::expr::{Data, ExprId, Num, Op};
use crate::ops;
use crate::shape::{Shape, in_words};
use crate::source::Span;
use crate::syntax::ast::{BinOp, CmpOp, Node, NodeId};

/// The largest whole power that is written as repeated products of a matrix.
const MAX_MATRIX_POWER: i64 = 64;

impl Checker<'_> {
    /// A binary operator. Chains of `+` and `*` may be a million long, so they
    /// are collected and built at once.
    pub(super) fn binary(&mut self, node: NodeId) -> Checked<Item> {
        let Node::Binary { op, left, right } = *self.ast.node(node) else {
            return Ok(Item::Failed);
        };
        let span = self.ast.span(node);
        let result = match op {
            BinOp::Add | BinOp::Sub => self.sum_chain(node)?,
            BinOp::Mul | BinOp::Div => self.product_chain(node)?,
            _ => {
                let (l, r) = (self.expression(left), self.expression(right));
                let (l, r) = (l?, r?);
                let places = [self.ast.span(left), self.ast.span(right)];
                self.operate(op, l, r, span, places)?
            }
        };
        Ok(Item::Expr(result))
    }

    /// Operands of a left-leaning chain of two operators, in order, each with
    /// the operator to its left.
    fn chain(&self, mut node: NodeId, ops: [BinOp; 2]) -> Vec<(BinOp, NodeId)> {
        let mut found = Vec::new();
        while let Node::Binary { op, left, right } = *self.ast.node(node) {
            if !ops.contains(&op) {
                break;
            }
            found.push((op, right));
            node = left;
        }
        found.push((ops[0], node));
        found.reverse();
        found
    }

    fn sum_chain(&mut self, node: NodeId) -> Checked<ExprId> {
        let operands = self.chain(node, [BinOp::Add, BinOp::Sub]);
        let mut terms = Vec::with_capacity(operands.len());
        let mut failed = None;
        for &(op, operand) in &operands {
            match self.expression(operand) {
                Ok(e) => terms.push(if op == BinOp::Sub { self.g.neg(e) } else { e }),
                Err(reported) => failed = Some(reported),
            }
        }
        if let Some(reported) = failed {
            return Err(reported);
        }
        let places: Vec<Span> = operands.iter().map(|(_, n)| self.ast.span(*n)).collect();
        let built = ops::build(self.g, Op::Add, Data::None, &terms).map_err(|mut e| {
            if operands.len() == 2 && operands[1].0 == BinOp::Sub {
                e.message = e.message.replace("cannot add", "cannot subtract");
            }
            e
        });
        self.built(built, self.ast.span(node), &places)
    }

    fn product_chain(&mut self, node: NodeId) -> Checked<ExprId> {
        let operands = self.chain(node, [BinOp::Mul, BinOp::Div]);
        let mut factors = Vec::with_capacity(operands.len());
        let mut failed = None;
        for &(op, operand) in &operands {
            match self.expression(operand) {
                Ok(e) => factors.push((op, e, self.ast.span(operand))),
                Err(reported) => failed = Some(reported),
            }
        }
        if let Some(reported) = failed {
            return Err(reported);
        }
        let span = self.ast.span(node);
        if factors.iter().all(|(_, e, _)| self.g.shape(*e).is_scalar()) {
            let scalars: Vec<ExprId> = factors
                .iter()
                .map(|&(op, e, _)| if op == BinOp::Div { self.g.powi(e, -1) } else { e })
                .collect();
            let built = ops::build(self.g, Op::Mul, Data::None, &scalars);
            return self.built(built, span, &[]);
        }
        let (_, mut result, mut place) = factors[0];
        for &(op, factor, at) in &factors[1..] {
            let whole = place.to(at);
            result = self.operate(op, result, factor, whole, [place, at])?;
            place = whole;
        }
        Ok(result)
    }

    /// One operator applied to two operands.
    pub(super) fn operate(
        &mut self,
        op: BinOp,
        l: ExprId,
        r: ExprId,
        span: Span,
        places: [Span; 2],
    ) -> Checked<ExprId> {
        let (ls, rs) = (self.g.shape(l), self.g.shape(r));
        match op {
            BinOp::Mul if ls.is_scalar() || rs.is_scalar() => {
                self.node(Op::Mul, &[l, r], span, &places)
            }
            BinOp::Mul => {
                if ls.product(rs).is_none()
                    && let Err(error) = ops::build(self.g, Op::MatMul, Data::None, &[l, r])
                {
                    return self.shape_error(&error, span, &places);
                }
                self.node(Op::MatMul, &[l, r], span, &places)
            }
            BinOp::Div if rs.is_scalar() => {
                let inverse = self.g.powi(r, -1);
                self.node(Op::Mul, &[l, inverse], span, &places)
            }
            BinOp::Div => {
                let finding = Diagnostic::error(
                    codes::E0401,
                    format!("cannot divide by {}: `/` divides by scalars only", in_words(rs)),
                );
                let help = if ls.is_scalar() || ls == rs {
                    "entry by entry write `./`"
                } else {
                    "to solve A*x = b write `inv(A)*b`"
                };
                self.report(
                    finding
                        .at(places[1], super::describe(rs))
                        .label(places[0], super::describe(ls))
                        .help(help),
                )
            }
            BinOp::Pow => self.power(l, r, span, places),
            BinOp::DotPow => {
                let [l, r] = self.broadcast(l, r);
                self.node(Op::Pow, &[l, r], span, &places)
            }
            BinOp::DotMul | BinOp::DotDiv => {
                let [l, r] = self.broadcast(l, r);
                let r = if op == BinOp::DotDiv { self.g.powi(r, -1) } else { r };
                let op = if self.g.shape(l).is_scalar() || self.g.shape(r).is_scalar() {
                    Op::Mul
                } else {
                    Op::Had
                };
                self.node(op, &[l, r], span, &places)
            }
            BinOp::Add | BinOp::Sub | BinOp::DotAdd | BinOp::DotSub => {
                let [l, r] = if matches!(op, BinOp::DotAdd | BinOp::DotSub) {
                    self.broadcast(l, r)
                } else {
                    [l, r]
                };
                let r = if matches!(op, BinOp::Sub | BinOp::DotSub) { self.g.neg(r) } else { r };
                self.node(Op::Add, &[l, r], span, &places)
            }
        }
    }

    /// A node of operands whose places are known.
    pub(super) fn node(
        &mut self,
        op: Op,
        args: &[ExprId],
        span: Span,
        places: &[Span],
    ) -> Checked<ExprId> {
        let built = ops::build(self.g, op, Data::None, args);
        self.built(built, span, places)
    }

    /// Repeats a row or a column beside a matrix, and both beside each other.
    fn broadcast(&mut self, l: ExprId, r: ExprId) -> [ExprId; 2] {
        let (ls, rs) = (self.g.shape(l), self.g.shape(r));
        if ls == rs || ls.is_scalar() || rs.is_scalar() {
            return [l, r];
        }
        let target = Shape::Matrix(ls.rows().max(rs.rows()), ls.cols().max(rs.cols()));
        let fits = |s: Shape| {
            (s.rows() == target.rows() || s.rows() == 1)
                && (s.cols() == target.cols() || s.cols() == 1)
        };
        // What does not fit is reported by the operator, with its own shapes.
        if !fits(ls) || !fits(rs) {
            return [l, r];
        }
        [l, r].map(|e| {
            if self.g.shape(e) == target {
                return e;
            }
            ops::build(self.g, Op::Bcast, Data::Shape(target), &[e]).unwrap_or(e)
        })
    }

    fn power(&mut self, l: ExprId, r: ExprId, span: Span, places: [Span; 2]) -> Checked<ExprId> {
        let (ls, rs) = (self.g.shape(l), self.g.shape(r));
        if ls.is_scalar() && rs.is_scalar() {
            return self.node(Op::Pow, &[l, r], span, &places);
        }
        let exponent = self.g.as_num(r).and_then(Num::as_int);
        match (ls, exponent) {
            (Shape::Matrix(m, n), Some(k)) if m == n && (-1..=MAX_MATRIX_POWER).contains(&k) => {
                match k {
                    -1 => self.node(Op::Inv, &[l], span, &places),
                    0 => Ok(self.g.apply_data(Op::Eye, Data::Shape(ls), &[])),
                    _ => self.node(Op::MatMul, &vec![l; k as usize], span, &places),
                }
            }
            _ => {
                let finding = Diagnostic::error(
                    codes::E0401,
                    format!("cannot raise {} to {}", in_words(ls), in_words(rs)),
                );
                self.report(
                    finding.at(places[0], super::describe(ls)).help("entry by entry write `.^`"),
                )
            }
        }
    }

    /// `a < b <= c` means that both hold.
    pub(super) fn comparison(
        &mut self,
        first: NodeId,
        rest: &[(CmpOp, NodeId)],
        span: Span,
    ) -> Checked<Item> {
        if let [(op, other)] = rest
            && let Some(item) = self.compare_texts(first, *op, *other)?
        {
            return Ok(item);
        }
        let mut left = self.expression(first);
        let mut place = self.ast.span(first);
        let mut all: Option<ExprId> = None;
        for &(op, operand) in rest {
            let right = self.expression(operand);
            let (l, r) = (left?, right?);
            let at = self.ast.span(operand);
            let e = self.node(comparison_op(op), &[l, r], span, &[place, at])?;
            all = Some(match all {
                Some(before) => self.node(Op::And, &[before, e], span, &[place, at])?,
                None => e,
            });
            (left, place) = (Ok(r), at);
        }
        let e = match all {
            Some(e) => e,
            None => left?,
        };
        Ok(if self.g.shape(e).is_scalar() { Item::Truth(e) } else { Item::Expr(e) })
    }

    /// `==` and `!=` of texts.
    fn compare_texts(&mut self, first: NodeId, op: CmpOp, other: NodeId) -> Checked<Option<Item>> {
        let textual = |n: &Node| matches!(n, Node::Str(_) | Node::Name(_) | Node::Field { .. });
        if !matches!(op, CmpOp::Eq | CmpOp::Ne)
            || !textual(self.ast.node(first))
            || !textual(self.ast.node(other))
        {
            return Ok(None);
        }
        let (Item::Text(a), Item::Text(b)) = (self.item(first)?, self.item(other)?) else {
            return Ok(None);
        };
        let holds = (a == b) == (op == CmpOp::Eq);
        Ok(Some(Item::Truth(self.g.int(i64::from(holds)))))
    }
}

/// The operator of a comparison sign.
pub(super) fn comparison_op(op: CmpOp) -> Op {
    match op {
        CmpOp::Eq => Op::Eq,
        CmpOp::Ne => Op::Ne,
        CmpOp::Lt => Op::Lt,
        CmpOp::Le => Op::Le,
        CmpOp::Gt => Op::Gt,
        CmpOp::Ge => Op::Ge,
    }
}

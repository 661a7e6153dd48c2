//! Linear functions taken apart, term by term and factor by factor.
//!
//! `sum(X*w - y)` is `sum(X*w) - sum(y)`, `(2*A)'` is `2*A'`, and inner
//! products are written one way: `sumsq(v)` and `dot(v, v)` of a column are
//! `v'*v`. So two expressions that differ in these ways become one node.

use super::expand::{split_sum, through_sum};
use crate::expr::{Data, ExprId, Graph, Op};
use crate::ops::{self, Derivative};
use crate::shape::Shape;

/// One step of taking a node apart; `None` where there is none.
pub(super) fn take_apart(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let found = match g.op(e) {
        Op::Sum => split_sum(g, e),
        Op::SumSq | Op::Dot => inner_product(g, e),
        Op::MeanAll => mean(g, e),
        Op::SumAll => sum_of_products(g, e),
        Op::MatMul => ordered(g, e),
        _ => None,
    };
    found.or_else(|| through_sum(g, e)).or_else(|| factors_out(g, e))
}

/// `mean(x)` is `sum(x)/len(x)`.
fn mean(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let inner = g.args(e)[0];
    let n = g.size_of(inner);
    let sum = g.apply(Op::SumAll, &[inner]);
    Some(g.div(sum, n))
}

/// `sumsq(v)` and `dot(u, v)` of columns as matrix products, of other arrays
/// as sums of products of entries.
fn inner_product(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let args = g.args(e).to_vec();
    let (a, b) = (args[0], *args.last()?);
    match (g.shape(a), g.shape(b)) {
        (Shape::Vector(_), Shape::Vector(_)) => {
            let row = g.transpose(a);
            Some(g.apply(Op::MatMul, &[row, b]))
        }
        (x, y) if x == y && !x.is_scalar() => {
            let product = ops::times(g, a, b);
            Some(g.apply(Op::SumAll, &[product]))
        }
        _ => None,
    }
}

/// `sum(u .* v)` of columns is `u'*v`.
fn sum_of_products(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let inner = g.args(e)[0];
    if g.op(inner) == Op::Fill {
        let n = g.size_of(inner);
        let value = g.args(inner)[0];
        return Some(g.mul(&[n, value]));
    }
    let Shape::Vector(_) = g.shape(inner) else { return None };
    let (a, b) = match (g.op(inner), g.args(inner)) {
        (Op::Had, &[a, b]) => (a, b),
        (Op::Pow, &[a, n]) if g.as_num(n).and_then(|n| n.as_int()) == Some(2) => (a, a),
        _ => return None,
    };
    let row = g.transpose(a);
    Some(g.apply(Op::MatMul, &[row, b]))
}

/// A scalar product equals its transpose: the older of the two nodes.
fn ordered(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    if !g.shape(e).is_scalar() {
        return None;
    }
    let turned: Vec<ExprId> =
        g.args(e).to_vec().into_iter().rev().map(|a| g.transpose(a)).collect();
    let other = g.apply(Op::MatMul, &turned);
    (g.op(other) == Op::MatMul && other < e).then_some(other)
}

/// Scalar factors of the argument of a linear function.
fn factors_out(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let args = g.args(e).to_vec();
    let inner = *args.first()?;
    let linear = matches!(ops::def(g.op(e)).derivative, Derivative::Linear(_));
    if !linear || g.op(inner) != Op::Mul || g.shape(inner).is_scalar() {
        return None;
    }
    let (scalars, arrays): (Vec<ExprId>, Vec<ExprId>) =
        g.args(inner).iter().partition(|&&f| g.shape(f).is_scalar());
    let &[array] = &arrays[..] else { return None };
    let (op, data): (Op, Data) = (g.op(e), g.node(e).data);
    let new = [&[array], &args[1..]].concat();
    let rest = g.apply_data(op, data, &new);
    Some(g.mul(&[&scalars[..], &[rest]].concat()))
}

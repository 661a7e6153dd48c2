//! Matrices of linear maps that are given by index.
//!
//! `[sum(A[i, k]*sum(A[i, j]*v[j] for j in 1..n) for i in 1..m) for k in 1..n]`
//! is linear in `v`. The inner sum is the row `A[i, :]` times `v`, and the sum
//! over `i` may be taken last: `sum(A[i, :]'*A[i, :] for i in 1..m)`.

use super::linear::{matrix, mentions};
use super::{linear, reverse};
use crate::expr::{ExprId, Graph, Op};
use crate::ops::Range;
use crate::simplify;

/// The row of an indexed sum that is linear in `v`: its gradient, as a row.
pub(super) fn row(g: &mut Graph, s: ExprId, v: ExprId) -> Option<ExprId> {
    if g.op(s) != Op::Sum {
        return None;
    }
    let symbol = g.as_symbol(v)?;
    let gradient = reverse::gradient(g, s, &[symbol])[0];
    let column = simplify::present(g, gradient);
    let scattered = |e: &ExprId| matches!(g.op(*e), Op::Place | Op::PlaceBlock);
    if mentions(g, column, v) || g.reachable(&[column]).iter().any(scattered) {
        return None;
    }
    Some(g.transpose(column))
}

/// Whether `v` is read entry by entry.
pub(super) fn reads_entries(g: &Graph, e: ExprId, v: ExprId) -> bool {
    g.reachable(&[e]).into_iter().any(|n| g.op(n) == Op::Elem && g.args(n)[0] == v)
}

/// The matrix of a column built by index over `k`, term by term: a sum that
/// does not depend on `k` is taken last, and a scalar that does not depend on
/// it gives its row to every entry.
pub(super) fn rows(g: &mut Graph, t: ExprId, v: ExprId) -> Option<ExprId> {
    let range = Range::of(g, t)?;
    let body = g.args(t)[Op::BINDER_BODY];
    let terms = if g.op(body) == Op::Add { g.args(body).to_vec() } else { vec![body] };
    let mut parts = Vec::new();
    for term in terms {
        parts.push(rows_of_term(g, range, term, v)?);
    }
    Some(g.add(&parts))
}

fn rows_of_term(g: &mut Graph, range: Range, term: ExprId, v: ExprId) -> Option<ExprId> {
    let factors = if g.op(term) == Op::Mul { g.args(term).to_vec() } else { vec![term] };
    let (moving, mut fixed): (Vec<ExprId>, Vec<ExprId>) =
        factors.into_iter().partition(|&f| mentions(g, f, v));
    let &[mut moving] = &moving[..] else { return None };
    if g.op(moving) == Op::If && g.is_zero(g.args(moving)[2]) {
        let (cond, then) = (g.args(moving)[0], g.args(moving)[1]);
        if mentions(g, cond, v) {
            return None;
        }
        let (one, zero) = (g.int(1), g.int(0));
        fixed.push(g.apply(Op::If, &[cond, one, zero]));
        moving = then;
        if g.op(moving) == Op::Mul || g.op(moving) == Op::Add {
            let product = g.mul(&[&fixed[..], &[moving]].concat());
            let column = range.bind(g, Op::Comp, product);
            return (g.op(moving) == Op::Mul).then(|| rows(g, column, v)).flatten();
        }
    }
    if !g.depends_on(moving, range.index) {
        let weights = g.mul(&fixed);
        let column = range.bind(g, Op::Comp, weights);
        let column = simplify::present(g, column);
        let row = linear::row(g, moving, v)?;
        return Some(g.matmul(column, row));
    }
    let Some(inner) = Range::of(g, moving).filter(|_| g.op(moving) == Op::Sum) else {
        // c(k)*v[k]
        let product = g.mul(&[&fixed[..], &[moving]].concat());
        let column = range.bind(g, Op::Comp, product);
        return linear::entries(g, column, v);
    };
    if [inner.lo, inner.hi, inner.cond].iter().any(|&e| g.depends_on(e, range.index)) {
        return None;
    }
    let body = g.args(moving)[Op::BINDER_BODY];
    let bodies = if g.op(body) == Op::Add { g.args(body).to_vec() } else { vec![body] };
    let mut parts = Vec::new();
    for body in bodies {
        let product = g.mul(&[&fixed[..], &[body]].concat());
        let column = range.bind(g, Op::Comp, product);
        let term = matrix_without_entries(g, column, v)?;
        parts.push(inner.bind(g, Op::Sum, term));
    }
    Some(g.add(&parts))
}

/// The matrix of a column, but not written out entry by entry.
fn matrix_without_entries(g: &mut Graph, column: ExprId, v: ExprId) -> Option<ExprId> {
    if g.op(column) == Op::Comp {
        return linear::entries(g, column, v).or_else(|| rows(g, column, v));
    }
    matrix(g, column, v)
}

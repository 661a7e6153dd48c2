//! Products over all values of an index but one: `prod(c[j] for j in 1..n if
//! j != k)`, which is what the derivative of a product over an index is made
//! of. Computed anew for every `k` they would cost `n^2`; as products of the
//! factors before and after each one they cost `3*n` for all `k` together, and
//! are right where factors are zero. Evaluator and compiled code take them so.

use super::Range;
use crate::expr::{ExprId, Graph, Op, SymbolId};

/// The index value that a product leaves out, and what else must hold.
pub struct ButOne {
    /// The index `k` of the value that is left out.
    pub but: SymbolId,
    /// The other conditions, free of `k`.
    pub conditions: Vec<ExprId>,
}

/// Entry `i` of `out` is the product of all of `factors` but the `i`-th.
pub fn products_of_others(factors: &[f64], out: &mut [f64]) {
    let mut before = 1.0;
    for (o, f) in out.iter_mut().zip(factors) {
        *o = before;
        before *= f;
    }
    let mut after = 1.0;
    for (o, f) in out.iter_mut().zip(factors).rev() {
        *o *= after;
        after *= f;
    }
}

/// A product over `j` under `j != k`, of factors that do not depend on `k`. Of several such `k` it is the first for
/// which `rank` is largest.
pub fn but_one(g: &Graph, e: ExprId, rank: &dyn Fn(SymbolId) -> u64) -> Option<ButOne> {
    if g.op(e) != Op::Prod {
        return None;
    }
    let range = Range::of(g, e)?;
    let (mut found, mut conditions, mut left) =
        (None::<(SymbolId, ExprId)>, Vec::new(), vec![range.cond]);
    while let Some(cond) = left.pop() {
        let other = match (g.op(cond), g.args(cond)) {
            (Op::And, &[a, b]) => {
                left.extend([a, b]);
                continue;
            }
            (Op::Ne, &[a, b]) => match (g.as_symbol(a), g.as_symbol(b)) {
                (Some(j), Some(k)) | (Some(k), Some(j)) if j == range.index => Some(k),
                _ => None,
            },
            _ => None,
        };
        match (other, found) {
            (Some(k), None) => found = Some((k, cond)),
            (Some(k), Some((best, before))) if rank(k) > rank(best) => {
                conditions.push(before);
                found = Some((k, cond));
            }
            _ => conditions.push(cond),
        }
    }
    let (but, _) = found?;
    let parts = conditions.iter().copied().chain([g.args(e)[Op::BINDER_BODY]]);
    let apart = parts.into_iter().all(|p| !g.depends_on(p, but));
    apart.then_some(ButOne { but, conditions })
}

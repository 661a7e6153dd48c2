//! Forward mode: the change of expressions when unknowns move along given
//! directions.

use rustc_hash::FxHashMap;

use super::reverse::{only_extreme, product_of_others};
use super::scope::active_nodes;
use crate::expr::{ExprId, Graph, Op, SymbolId};
use crate::ops::{self, Derivative, Range, times};

/// The directional derivative of each of `exprs`: unknowns move along their
/// `directions` (of the unknown's shape), all others stay. Each result has the
/// shape of its expression.
///
/// Cost: linear in the nodes below `exprs`.
pub fn tangent(g: &mut Graph, exprs: &[ExprId], directions: &[(SymbolId, ExprId)]) -> Vec<ExprId> {
    g.deriving(|g| sweep(g, exprs, directions))
}

fn sweep(g: &mut Graph, exprs: &[ExprId], directions: &[(SymbolId, ExprId)]) -> Vec<ExprId> {
    let unknowns: Vec<SymbolId> = directions.iter().map(|(u, _)| *u).collect();
    let mut active: Vec<ExprId> = active_nodes(g, exprs, &unknowns).into_iter().collect();
    active.sort_unstable();
    let mut moved: FxHashMap<ExprId, ExprId> = FxHashMap::default();
    for e in active {
        let d = match g.as_symbol(e) {
            Some(symbol) => directions.iter().find(|(u, _)| *u == symbol).map(|(_, d)| *d),
            None => step(g, e, &moved),
        };
        if let Some(d) = d.filter(|&d| !g.is_zero(d)) {
            moved.insert(e, d);
        }
    }
    exprs
        .iter()
        .map(|e| match moved.get(e) {
            Some(&d) => d,
            None => {
                let shape = g.shape(*e);
                g.zero(shape)
            }
        })
        .collect()
}

/// The tangent of a node from the tangents of its arguments; `None` where none
/// of them moves it.
pub(crate) fn step(g: &mut Graph, e: ExprId, moved: &FxHashMap<ExprId, ExprId>) -> Option<ExprId> {
    let op = g.op(e);
    let args = g.args(e).to_vec();
    if matches!(ops::def(op).derivative, Derivative::Zero) {
        return None;
    }
    if op.is_binder() {
        let d = *moved.get(&args[Op::BINDER_BODY])?;
        return Some(through_binder(g, e, d));
    }
    let rule = ops::def(op).derivative;
    if matches!(rule, Derivative::Scoped) {
        let shape = g.shape(e);
        let zero = g.zero(shape);
        let branch = |k: usize| moved.get(&args[k]).copied().unwrap_or(zero);
        return Some(g.apply(Op::If, &[args[0], branch(1), branch(2)]));
    }
    let mut parts = Vec::new();
    let others = ops::others_of_each(g, e);
    for (k, arg) in args.iter().enumerate() {
        let Some(&d) = moved.get(arg) else { continue };
        if let Some(others) = &others {
            parts.push(times(g, d, others[k]));
            continue;
        }
        let part = match rule {
            Derivative::Zero | Derivative::Scoped => return None,
            Derivative::Elementwise(partial) => {
                let p = partial(g, &args, e, k);
                times(g, p, d)
            }
            Derivative::Reduction(adjoint) => {
                let one = g.int(1);
                let weights = adjoint(g, &args, e, one, k);
                inner(g, weights, d)
            }
            Derivative::Linear(_) => {
                let mut new = args.clone();
                new[k] = d;
                ops::rebuild(g, e, &new)
            }
            Derivative::General(_, tangent) => tangent(g, &args, e, d, k),
        };
        parts.push(part);
    }
    if parts.is_empty() {
        return None;
    }
    let sum = g.add(&parts);
    let shape = g.shape(e);
    Some(if g.shape(sum) == shape { sum } else { g.fill(shape, sum) })
}

/// The sum of products of entries.
fn inner(g: &mut Graph, a: ExprId, b: ExprId) -> ExprId {
    if g.shape(a).is_scalar() && g.shape(b).is_scalar() {
        return g.mul(&[a, b]);
    }
    let product = times(g, a, b);
    g.apply(Op::SumAll, &[product])
}

fn through_binder(g: &mut Graph, e: ExprId, d: ExprId) -> ExprId {
    let op = g.op(e);
    let body = g.args(e)[Op::BINDER_BODY];
    let Some(range) = Range::of(g, e) else { return d };
    match op {
        Op::Sum | Op::Comp => range.bind(g, op, d),
        Op::Prod => {
            let others = product_of_others(g, range, body);
            let term = g.mul(&[others, d]);
            range.bind(g, Op::Sum, term)
        }
        Op::LogSumExp => {
            let shifted = g.sub(body, e);
            let weight = g.apply(Op::Exp, &[shifted]);
            let term = g.mul(&[weight, d]);
            range.bind(g, Op::Sum, term)
        }
        _ => only_extreme(g, e, range, body).bind(g, Op::Sum, d),
    }
}

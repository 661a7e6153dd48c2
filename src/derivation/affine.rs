//! How an expression depends on an unknown: not at all, linearly, as a
//! polynomial.

use rustc_hash::FxHashMap;

use crate::expr::{ExprId, Graph, Op, SymbolId};
use crate::ops::{self, Derivative};

/// How an expression depends on an unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Degree {
    /// Not at all.
    Constant,
    /// As `a*x + b`, with sums and products of arrays, but no sum over an
    /// index.
    Affine,
    /// In any other way.
    Other,
}

/// The dependence of the expression on the unknown. Linear in the graph.
pub(super) fn degree(g: &Graph, e: ExprId, x: SymbolId) -> Degree {
    let mut degrees: FxHashMap<ExprId, Degree> = FxHashMap::default();
    for node in g.reachable(&[e]) {
        let of: Vec<Degree> = g.args(node).iter().map(|a| degrees[a]).collect();
        let own = match g.as_symbol(node) {
            Some(s) if s == x => Degree::Affine,
            Some(_) => Degree::Constant,
            None => combined(g.op(node), &of),
        };
        degrees.insert(node, own);
    }
    degrees[&e]
}

fn combined(op: Op, args: &[Degree]) -> Degree {
    let most = args.iter().copied().max().unwrap_or(Degree::Constant);
    let moving = args.iter().filter(|d| **d != Degree::Constant).count();
    if most != Degree::Affine {
        return most;
    }
    let linear = match op {
        Op::Add | Op::Stack => true,
        Op::Mul | Op::Had | Op::MatMul | Op::Dot => moving == 1,
        _ => matches!(ops::def(op).derivative, Derivative::Linear(_)) && args[0] == most,
    };
    if linear { Degree::Affine } else { Degree::Other }
}

/// Whether the expression depends on the unknown.
pub(super) fn depends(g: &Graph, e: ExprId, x: SymbolId) -> bool {
    g.has_unknown(e) && g.unknowns(&[e]).contains(&x)
}

/// Whether the node is the unknown, or its transpose.
pub(super) fn is_itself(g: &Graph, e: ExprId, x: SymbolId) -> bool {
    let inner = if g.op(e) == Op::Transpose { g.args(e)[0] } else { e };
    g.as_symbol(inner) == Some(x)
}

/// A sum of constants and terms `c*x^n`.
pub(super) fn is_polynomial(g: &mut Graph, e: ExprId, x: SymbolId) -> bool {
    let terms = if g.op(e) == Op::Add { g.args(e).to_vec() } else { vec![e] };
    terms.into_iter().all(|term| {
        let (_, rest) = constant_factors(g, term, x);
        let power = g.op(rest) == Op::Pow
            && is_itself(g, g.args(rest)[0], x)
            && !depends(g, g.args(rest)[1], x);
        power || !depends(g, rest, x) || is_itself(g, rest, x)
    })
}

/// The scalar factors of a term that do not depend on the unknown, and the
/// rest.
pub(super) fn constant_factors(g: &mut Graph, e: ExprId, x: SymbolId) -> (ExprId, ExprId) {
    let one = g.int(1);
    if g.op(e) != Op::Mul {
        return (one, e);
    }
    let args = g.args(e).to_vec();
    let (moving, constant): (Vec<ExprId>, Vec<ExprId>) =
        args.into_iter().partition(|&a| depends(g, a, x));
    let fits = constant.iter().all(|&c| g.shape(c).is_scalar());
    if !fits || moving.is_empty() {
        return (one, e);
    }
    (g.mul(&constant), g.mul(&moving))
}

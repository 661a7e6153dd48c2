//! Which nodes depend on an unknown, and which of them linearly.

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

//! What is known of the sign of an expression: from the bounds of unknowns,
//! the values of known numbers, and the form.

use super::trigonometric::{product, whole_powers};
use crate::expr::{ExprId, Graph, Op, SymbolKind};
use crate::ops::coefficient;

/// Nothing is known beyond this depth of nesting.
const DEEPEST: usize = 40;

/// Whether the expression is nowhere negative, for all values of its unknowns
/// within their bounds.
pub(super) fn is_nonnegative(g: &Graph, e: ExprId) -> bool {
    least(g, e, DEEPEST) >= 0.0
}

/// A number that the expression is nowhere below: 0, a bound, or minus
/// infinity.
fn least(g: &Graph, e: ExprId, depth: usize) -> f64 {
    const NONE: f64 = f64::NEG_INFINITY;
    if depth == 0 {
        return NONE;
    }
    if let Some(n) = g.as_num(e) {
        return n.value();
    }
    if let Some(s) = g.as_symbol(e) {
        let symbol = g.symbol(s);
        return match (symbol.kind, &symbol.value) {
            (SymbolKind::Unknown, _) => symbol.bounds.0,
            (SymbolKind::Known, Some(v)) => v.data().iter().copied().fold(f64::INFINITY, f64::min),
            _ => NONE,
        };
    }
    let args = g.args(e);
    let nonnegative = |&a: &ExprId| least(g, a, depth - 1) >= 0.0;
    let if_so = |holds: bool| if holds { 0.0 } else { NONE };
    match g.op(e) {
        Op::Exp
        | Op::Abs
        | Op::Sqrt
        | Op::Cosh
        | Op::Sigmoid
        | Op::Softplus
        | Op::Relu
        | Op::Norm
        | Op::SumSq
        | Op::Norm1
        | Op::NormInf
        | Op::Hypot
        | Op::Erfc => 0.0,
        Op::Add => args.iter().map(|&a| least(g, a, depth - 1)).sum(),
        Op::Mul | Op::Had => if_so(args.iter().all(nonnegative)),
        Op::Pow => {
            let even = g.as_num(args[1]).and_then(|n| n.as_int()).is_some_and(|n| n % 2 == 0);
            if_so(even || nonnegative(&args[0]))
        }
        Op::Elem | Op::SumAll | Op::MeanAll => if_so(nonnegative(&args[0])),
        Op::Sum | Op::Prod => if_so(nonnegative(&args[Op::BINDER_BODY])),
        _ => NONE,
    }
}

/// `a*(-u - v)` is `-a*(u + v)`, also for odd powers of such a sum.
pub(super) fn minus_of_sum(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let mut factors = whole_powers(g, e)?;
    let all_negative = |g: &mut Graph, e: ExprId| {
        let terms = g.args(e).to_vec();
        g.op(e) == Op::Add && terms.into_iter().all(|t| coefficient(g, t).0.is_negative())
    };
    let k = factors.iter().position(|&(base, n)| n % 2 != 0 && all_negative(g, base))?;
    let terms = g.args(factors[k].0).to_vec();
    let turned: Vec<ExprId> = terms.into_iter().map(|t| g.neg(t)).collect();
    factors[k].0 = g.add(&turned);
    let minus = g.int(-1);
    factors.push((minus, 1));
    Some(product(g, &factors))
}

//! Rules of hinges and of the comparisons that their derivatives hold.

use crate::expr::{ExprId, Graph, Op};
use crate::ops::times;

/// `max(0, u)*(0 < u)` is `max(0, u)`: where the comparison is false the
/// maximum is 0. Likewise `relu(u)*(u > 0)`.
pub(super) fn with_its_indicator(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    if !matches!(g.op(e), Op::Mul | Op::Had) {
        return None;
    }
    let factors = g.args(e).to_vec();
    let of = |g: &Graph, e: ExprId| hinge(g, e).or_else(|| hinge(g, base(g, e)));
    let hinges: Vec<ExprId> = factors.iter().filter_map(|&f| of(g, f)).collect();
    if hinges.is_empty() {
        return None;
    }
    let drop = (0..factors.len()).find(|&k| {
        let u = positive(g, factors[k]);
        u.is_some_and(|u| hinges.contains(&u))
    })?;
    let rest = factors.iter().enumerate().filter(|(k, _)| *k != drop).map(|(_, &f)| f);
    rest.collect::<Vec<_>>().into_iter().reduce(|a, b| times(g, a, b))
}

/// The base of a positive whole power.
fn base(g: &Graph, e: ExprId) -> ExprId {
    match (g.op(e), g.args(e)) {
        (Op::Pow, &[base, n]) if g.as_num(n).and_then(|n| n.as_int()).is_some_and(|n| n > 0) => {
            base
        }
        _ => e,
    }
}

/// `u` of `max(0, u)` and `relu(u)`.
fn hinge(g: &Graph, e: ExprId) -> Option<ExprId> {
    match (g.op(e), g.args(e)) {
        (Op::Relu, &[u]) => Some(u),
        (Op::Max2, &[a, u]) | (Op::Max2, &[u, a]) if g.is_zero(a) => Some(u),
        _ => None,
    }
}

/// `u`, where the comparison says that `u > 0` or `u >= 0`: `a - b` of `b < a`.
fn positive(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    match (g.op(e), g.args(e)) {
        (Op::Lt | Op::Le, &[less, more]) | (Op::Gt | Op::Ge, &[more, less]) => {
            Some(g.sub(more, less))
        }
        _ => None,
    }
}

/// A difference compared with 0: `0 < 1 - x` is `x < 1`. Rounding a difference
/// keeps its sign, so the two agree for all doubles.
pub(super) fn sign_of_difference(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let (op, sum) = match (g.op(e), g.args(e)) {
        (Op::Lt, &[a, u]) | (Op::Gt, &[u, a]) if g.is_zero(a) => (Op::Lt, u),
        (Op::Le, &[a, u]) | (Op::Ge, &[u, a]) if g.is_zero(a) => (Op::Le, u),
        (Op::Gt, &[a, u]) | (Op::Lt, &[u, a]) if g.is_zero(a) => (Op::Gt, u),
        (Op::Ge, &[a, u]) | (Op::Le, &[u, a]) if g.is_zero(a) => (Op::Ge, u),
        _ => return None,
    };
    let &[more, minus_less] = g.args(sum) else { return None };
    let (c, _) = crate::ops::coefficient(g, minus_less);
    if g.op(sum) != Op::Add || !c.is_negative() {
        return None;
    }
    let less = g.neg(minus_less);
    Some(g.apply(op, &[less, more]))
}

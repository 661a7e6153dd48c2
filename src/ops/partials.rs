//! Partial derivatives of elementwise functions, as far as they need more than
//! a line in the table.

use super::times;
use crate::expr::{ExprId, Graph, Num, Op};

/// `c * e^n`
pub(super) fn scaled_power(g: &mut Graph, c: (i64, i64), e: ExprId, n: i64) -> ExprId {
    let c = g.number(Num::frac(c.0, c.1));
    let p = g.powi(e, n);
    g.mul(&[c, p])
}

/// `c + s * e^n`
pub(super) fn affine_power(g: &mut Graph, c: i64, s: i64, e: ExprId, n: i64) -> ExprId {
    let constant = g.int(c);
    let p = scaled_power(g, (s, 1), e, n);
    if c < 0 { g.add(&[p, constant]) } else { g.add(&[constant, p]) }
}

/// `1 / (x * log(base))`
pub(super) fn log_partial(g: &mut Graph, x: ExprId, base: i64) -> ExprId {
    let base = g.int(base);
    let log = g.apply(Op::Log, &[base]);
    let (a, b) = (g.powi(log, -1), g.powi(x, -1));
    times(g, a, b)
}

/// `±1 / sqrt(c + s*x^2)`
pub(super) fn over_root(g: &mut Graph, sign: i64, c: i64, s: i64, x: ExprId) -> ExprId {
    let inside = affine_power(g, c, s, x, 2);
    let root = g.apply(Op::Sqrt, &[inside]);
    scaled_power(g, (sign, 1), root, -1)
}

/// `±2/sqrt(pi) * exp(-x^2)`
pub(super) fn gauss(g: &mut Graph, sign: i64, x: ExprId) -> ExprId {
    let pi = g.pi();
    let root = g.apply(Op::Sqrt, &[pi]);
    let factor = scaled_power(g, (2 * sign, 1), root, -1);
    let square = scaled_power(g, (-1, 1), x, 2);
    let bell = g.apply(Op::Exp, &[square]);
    g.mul(&[factor, bell])
}

/// The comparison of two nodes; as arrays where they are arrays.
pub(super) fn compare(g: &mut Graph, op: Op, a: ExprId, b: ExprId) -> ExprId {
    g.apply(op, &[a, b])
}

/// The derivative of `max` (`op` is `>=`) or `min` (`<=`) by argument `k`: at a
/// tie the first argument takes it.
pub(super) fn max_partial(g: &mut Graph, args: &[ExprId], op: Op, k: usize) -> ExprId {
    let (a, b) = (args[0], args[1]);
    match (k, op) {
        (0, _) => compare(g, op, a, b),
        (_, Op::Ge) => compare(g, Op::Lt, a, b),
        _ => compare(g, Op::Gt, a, b),
    }
}

pub(super) fn atan2_partial(g: &mut Graph, args: &[ExprId], k: usize) -> ExprId {
    let (y, x) = (args[0], args[1]);
    let (x2, y2) = (g.powi(x, 2), g.powi(y, 2));
    let square = g.add(&[x2, y2]);
    let inverse = g.powi(square, -1);
    let top = if k == 0 { x } else { g.neg(y) };
    times(g, top, inverse)
}

pub(super) fn tan_partial(g: &mut Graph, x: ExprId) -> ExprId {
    let c = g.apply(Op::Cos, &[x]);
    g.powi(c, -2)
}

pub(super) fn gamma_partial(g: &mut Graph, x: ExprId, y: ExprId) -> ExprId {
    let psi = g.apply(Op::Digamma, &[x]);
    times(g, y, psi)
}

/// The order is a whole number, so nothing moves with it.
pub(super) fn polygamma_partial(g: &mut Graph, args: &[ExprId], k: usize) -> ExprId {
    if k == 0 {
        return g.int(0);
    }
    let one = g.int(1);
    let next = g.add(&[args[0], one]);
    g.apply(Op::Polygamma, &[next, args[1]])
}

pub(super) fn mod_partial(g: &mut Graph, args: &[ExprId], k: usize) -> ExprId {
    if k == 0 {
        return g.int(1);
    }
    let inverse = g.powi(args[1], -1);
    let quotient = times(g, args[0], inverse);
    let floor = g.apply(Op::Floor, &[quotient]);
    g.neg(floor)
}

/// `x*(1 - x)` for the logistic function's own value.
pub(super) fn logistic_partial(g: &mut Graph, y: ExprId) -> ExprId {
    let rest = affine_power(g, 1, -1, y, 1);
    times(g, y, rest)
}

//! Rules of exponentials and logarithms.

use super::sign::is_nonnegative;
use crate::expr::{ExprId, Graph, Num, Op};
use crate::ops::coefficient;

pub(super) fn log_of_exp(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let inner = argument(g, e, Op::Log)?;
    argument(g, inner, Op::Exp)
}

pub(super) fn exp_of_log(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let inner = argument(g, e, Op::Exp)?;
    let (c, rest) = coefficient(g, inner);
    let u = argument(g, rest, Op::Log)?;
    if !is_nonnegative(g, u) {
        return None;
    }
    let c = g.number(c);
    Some(g.apply(Op::Pow, &[u, c]))
}

pub(super) fn log1p_of_difference(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let inner = argument(g, e, Op::Log1p)?;
    let has_minus_one = g.op(inner) == Op::Add
        && g.args(inner).iter().any(|&t| g.as_num(t) == Some(Num::MINUS_ONE));
    has_minus_one.then(|| {
        let one = g.int(1);
        let u = g.add(&[one, inner]);
        g.apply(Op::Log, &[u])
    })
}

/// `exp(u) + exp(-u)` is `2*cosh(u)`.
pub(super) fn hyperbolic(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    if g.op(e) != Op::Add {
        return None;
    }
    let terms = g.args(e).to_vec();
    super::stable::hyperbolic(g, &terms)
}

/// `exp(z)/(1 + exp(z))^n` is `sigmoid(z)*sigmoid(-z)^(n - 1)`.
pub(super) fn logistic(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    if !matches!(g.op(e), Op::Mul) || !g.shape(e).is_scalar() {
        return None;
    }
    let factors = g.args(e).to_vec();
    for (k, &power) in factors.iter().enumerate() {
        let Some((z, n)) = logistic_power(g, power) else { continue };
        let exp = g.apply(Op::Exp, &[z]);
        let Some(j) = factors.iter().position(|&f| f == exp) else { continue };
        let minus = g.neg(z);
        let (up, down) = (g.apply(Op::Sigmoid, &[z]), g.apply(Op::Sigmoid, &[minus]));
        let mut product = vec![up, g.powi(down, n - 1)];
        product.extend(
            factors.iter().enumerate().filter(|(i, _)| *i != k && *i != j).map(|(_, &f)| f),
        );
        return Some(g.mul(&product));
    }
    None
}

/// `z` and `n` of `(1 + exp(z))^-n`.
fn logistic_power(g: &Graph, e: ExprId) -> Option<(ExprId, i64)> {
    let &[base, exponent] = g.args(e) else { return None };
    let n = g.as_num(exponent)?.as_int().filter(|n| *n < 0)?;
    let &[a, b] = g.args(base) else { return None };
    let other = if g.is_one(a) { b } else { a };
    let one = g.is_one(a) || g.is_one(b);
    (g.op(e) == Op::Pow && g.op(base) == Op::Add && one).then_some(())?;
    argument(g, other, Op::Exp).map(|z| (z, -n))
}

/// The argument, where the node is a call of `op`.
pub(super) fn argument(g: &Graph, e: ExprId, op: Op) -> Option<ExprId> {
    (g.op(e) == op).then(|| g.args(e)[0])
}

//! Rules of roots, absolute values and signs.

use super::exponential::argument;
use super::sign::is_nonnegative;
use crate::expr::{ExprId, Graph, Num, Op};
use crate::ops::times;

/// `sqrt(u^2)` is `abs(u)`, `sqrt(u^4)` is `u^2`.
pub(super) fn of_even_power(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let inner = match g.op(e) {
        Op::Sqrt => g.args(e)[0],
        Op::Pow if g.as_num(g.args(e)[1]) == Some(Num::frac(1, 2)) => g.args(e)[0],
        _ => return None,
    };
    let &[u, exponent] = g.args(inner) else { return None };
    let n = g.as_num(exponent)?.as_int().filter(|n| n % 2 == 0 && *n > 0)?;
    if g.op(inner) != Op::Pow {
        return None;
    }
    let base = if n % 4 == 0 { u } else { g.apply(Op::Abs, &[u]) };
    Some(g.powi(base, n / 2))
}

pub(super) fn absolute_of_nonnegative(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let u = argument(g, e, Op::Abs)?;
    is_nonnegative(g, u).then_some(u)
}

pub(super) fn power_of_absolute(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let &[base, exponent] = g.args(e) else { return None };
    let even =
        g.op(e) == Op::Pow && g.as_num(exponent).and_then(Num::as_int).is_some_and(|n| n % 2 == 0);
    let u = argument(g, base, Op::Abs)?;
    even.then(|| g.apply(Op::Pow, &[u, exponent]))
}

pub(super) fn sign_product(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    if !matches!(g.op(e), Op::Mul | Op::Had) {
        return None;
    }
    let factors = g.args(e).to_vec();
    for (k, &sign) in factors.iter().enumerate() {
        let Some(u) = argument(g, sign, Op::Sign) else { continue };
        let abs = g.apply(Op::Abs, &[u]);
        let partner = factors.iter().position(|&f| f == u || f == abs);
        let Some(j) = partner else { continue };
        let joined = if factors[j] == u { abs } else { u };
        let rest = factors.iter().enumerate().filter(|(i, _)| *i != k && *i != j);
        let mut product = joined;
        for (_, &f) in rest {
            product = times(g, product, f);
        }
        return Some(product);
    }
    None
}

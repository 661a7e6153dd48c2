//! Rules of roots, absolute values and signs.

use super::exponential::argument;
use super::sign::is_nonnegative;
use super::trigonometric::{product, whole_powers};
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

/// `sqrt(u)^3` is `u^(3/2)`; an even power has a value where the root has none.
pub(super) fn power_of_root(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let &[base, exponent] = g.args(e) else { return None };
    let n = g.as_num(exponent).and_then(Num::as_int).filter(|n| n % 2 != 0 && n.abs() > 1)?;
    let u = argument(g, base, Op::Sqrt).filter(|_| g.op(e) == Op::Pow)?;
    let half = g.number(Num::frac(n, 2));
    Some(g.apply(Op::Pow, &[u, half]))
}

/// `sqrt(p)*sqrt(q)` is `sqrt(p*q)` for `p, q >= 0`.
pub(super) fn product_of_roots(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let factors = whole_powers(g, e)?;
    let root = |&(base, n): &(ExprId, i64)| {
        let u = argument(g, base, Op::Sqrt).filter(|_| n.abs() == 1)?;
        is_nonnegative(g, u).then_some((u, n))
    };
    let roots: Vec<Option<(ExprId, i64)>> = factors.iter().map(root).collect();
    for (k, first) in roots.iter().enumerate() {
        let &Some((u, n)) = first else { continue };
        let partner = roots[k + 1..].iter().position(|r| r.is_some_and(|(_, m)| m == n));
        let Some(j) = partner.map(|j| k + 1 + j) else { continue };
        let Some((v, _)) = roots[j] else { continue };
        // The number first: sqrt(2*pi).
        let inside = if g.as_num(v).is_some() { g.mul(&[v, u]) } else { g.mul(&[u, v]) };
        let mut parts = factors.clone();
        parts[k] = (g.apply(Op::Sqrt, &[inside]), n);
        parts.remove(j);
        return Some(product(g, &parts));
    }
    None
}

/// `u^n*sign(u)` is `u^(n-1)*abs(u)`, `abs(u)^n*sign(u)` is `u*abs(u)^(n-1)`;
/// an even power of a sign is 1 beside what has no value at 0.
pub(super) fn sign_product(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    if g.op(e) == Op::Had {
        return sign_of_array(g, e);
    }
    let factors = whole_powers(g, e)?;
    for (k, &(sign, m)) in factors.iter().enumerate() {
        let Some(u) = argument(g, sign, Op::Sign).filter(|_| m > 0) else { continue };
        let abs = g.apply(Op::Abs, &[u]);
        let mut parts = factors.clone();
        if m > 1 {
            let vanishes = |&(b, n): &(ExprId, i64)| n < 0 && at_zero(g, b, u, abs);
            if !factors.iter().any(vanishes) {
                continue;
            }
            parts[k].1 = m % 2;
            return Some(product(g, &parts));
        }
        let partner = |&(b, n): &(ExprId, i64)| (b == u && n > 0) || (b == abs && n != 0);
        let Some(j) = factors.iter().position(partner) else { continue };
        let (base, n) = factors[j];
        parts[k] = (if base == u { abs } else { u }, 1);
        parts[j].1 = n - 1;
        // sign(u)/abs(u) is 1/u.
        if base == abs && n < 0 {
            (parts[k], parts[j].1) = ((u, -1), n + 1);
        }
        return Some(product(g, &parts));
    }
    None
}

/// Whether the base is 0 where `u` is: `u`, `abs(u)` or a root of it.
fn at_zero(g: &Graph, base: ExprId, u: ExprId, abs: ExprId) -> bool {
    let inner = match (g.op(base), g.args(base)) {
        (Op::Sqrt, &[inside]) => inside,
        (Op::Pow, &[inside, n]) if g.as_num(n).is_some_and(|n| n.value() > 0.0) => inside,
        _ => base,
    };
    inner == u || inner == abs
}

fn sign_of_array(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let factors = g.args(e).to_vec();
    for (k, &sign) in factors.iter().enumerate() {
        let Some(u) = argument(g, sign, Op::Sign) else { continue };
        let abs = g.apply(Op::Abs, &[u]);
        let Some(j) = factors.iter().position(|&f| f == u || f == abs) else { continue };
        let joined = if factors[j] == u { abs } else { u };
        let rest = factors.iter().enumerate().filter(|(i, _)| *i != k && *i != j);
        return Some(rest.fold(joined, |product, (_, &f)| times(g, product, f)));
    }
    None
}

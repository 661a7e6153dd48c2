//! Products: multiples, log-convex factors, monomials, entropies.
//!
//! A monomial `prod(u_k^a_k)` of nonnegative `u_k` is convex where all `a_k` are
//! negative and the `u_k` concave, or where exactly one is positive, its `u_k` is
//! convex, and the sum of all is at least 1; it is concave where the `u_k` are
//! concave, all `a_k` positive and their sum is at most 1 (Maranas & Floudas,
//! Finding all solutions of nonlinearly constrained systems, 1995; Boyd &
//! Vandenberghe, ex. 3.16). That covers `x^2/y`, `1/(x*y)` and `sqrt(x*y)`.

use super::{Claim, Context, Fact};
use crate::convexity::interval::Interval;
use crate::expr::{ExprId, Num, Op};

/// A product of scalars and arrays, entry by entry.
pub(super) fn product(c: &mut Context, args: &[ExprId], fact: &mut Fact) {
    let (moving, known): (Vec<ExprId>, Vec<ExprId>) =
        args.iter().partition(|&&a| c.g.has_unknown(a));
    let factor = known.iter().fold(Interval::ONE, |p, &k| p * c.range(k));
    match moving[..] {
        [] => {}
        [only] => multiple(c, only, factor, fact),
        _ => {
            let mut inner = Fact::default();
            several(c, &moving, &mut inner);
            scale(&inner, factor, fact);
        }
    }
}

/// A known multiple of one function.
fn multiple(c: &Context, u: ExprId, factor: Interval, fact: &mut Fact) {
    if c.has(u, Claim::Affine) {
        return fact.add(Claim::Affine, "", &[]);
    }
    for claim in [Claim::Convex, Claim::Concave] {
        let Some(other) = claim.flipped() else { continue };
        if factor.is_nonnegative() && c.has(u, claim) {
            fact.add(
                claim,
                format!("a nonnegative multiple of a {} function", claim.word()),
                &[(u, claim)],
            );
        } else if factor.is_nonpositive() && c.has(u, other) {
            let what = if factor == Interval::point(-1.0) {
                "the negative"
            } else {
                "a negative multiple"
            };
            fact.add(claim, format!("{what} of a {} function", other.word()), &[(u, other)]);
        }
    }
    for claim in [Claim::LogConvex, Claim::LogConcave] {
        if factor.lo > 0.0 && c.has(u, claim) {
            fact.add(
                claim,
                format!("a positive multiple of a {} function", claim.word()),
                &[(u, claim)],
            );
        }
    }
}

/// Claims about a product of functions carried over to a multiple of it.
fn scale(inner: &Fact, factor: Interval, fact: &mut Fact) {
    for claim in [Claim::Convex, Claim::Concave, Claim::LogConvex, Claim::LogConcave] {
        let Some(reason) = inner.reason(claim) else { continue };
        let target = if factor.lo > 0.0 {
            Some(claim)
        } else if factor.is_nonnegative() {
            claim.flipped().map(|_| claim)
        } else if factor.is_nonpositive() {
            claim.flipped()
        } else {
            None
        };
        if let Some(target) = target {
            let sign = if target == claim { "" } else { "the negative of " };
            fact.add(target, format!("{sign}{}", reason.text), &reason.uses);
        }
    }
}

/// A product of several functions of the unknowns.
fn several(c: &mut Context, factors: &[ExprId], fact: &mut Fact) {
    for claim in [Claim::LogConvex, Claim::LogConcave] {
        if factors.iter().all(|&f| c.has(f, claim)) {
            let uses: Vec<_> = factors.iter().map(|&f| (f, claim)).collect();
            fact.add(claim, format!("a product of {} functions", claim.word()), &uses);
            if claim == Claim::LogConvex {
                fact.add(Claim::Convex, "a product of log-convex functions is convex", &uses);
            }
        }
    }
    if let &[a, b] = factors {
        entropy(c, a, b, fact);
        entropy(c, b, a, fact);
    }
    if let Some(powers) = factors.iter().map(|&f| base_and_power(c, f)).collect::<Option<Vec<_>>>()
    {
        monomial(c, &powers.concat(), fact);
    }
}

/// A factor as powers of functions.
fn base_and_power(c: &Context, f: ExprId) -> Option<Vec<(ExprId, Num)>> {
    let args = c.g.args(f);
    match c.g.op(f) {
        Op::Pow => c.exponent(args[1]).map(|p| vec![(args[0], p)]),
        Op::Sqrt => {
            let inside = args[0];
            if c.g.op(inside) == Op::Mul && c.g.args(inside).iter().all(|&a| c.g.has_unknown(a)) {
                return Some(c.g.args(inside).iter().map(|&a| (a, Num::frac(1, 2))).collect());
            }
            Some(vec![(inside, Num::frac(1, 2))])
        }
        _ => Some(vec![(f, Num::ONE)]),
    }
}

/// A power of a product: `sqrt(x*y)`, `prod(x)^(1/n)`.
pub(super) fn power_of_product(c: &Context, u: ExprId, p: Num, fact: &mut Fact) {
    let args = c.g.args(u);
    let powers: Vec<(ExprId, Num)> = match c.g.op(u) {
        Op::ProdAll => {
            // Every entry is a base of its own.
            let n = Num::int(c.g.shape(args[0]).len() as i64);
            if p.value() > 0.0
                && at_most_one(n.mul(p))
                && c.range(args[0]).is_nonnegative()
                && c.has(args[0], Claim::Concave)
            {
                let text = "a geometric mean of nonnegative concave functions";
                fact.add(Claim::Concave, text, &[(args[0], Claim::Concave)]);
            }
            return;
        }
        Op::Mul | Op::Had => {
            let known = |a: &&ExprId| !c.g.has_unknown(**a);
            if args.iter().filter(known).any(|k| !c.range(*k).is_nonnegative()) {
                return;
            }
            let mut powers = Vec::new();
            for &f in args.iter().filter(|a| c.g.has_unknown(**a)) {
                let Some(own) = base_and_power(c, f) else { return };
                powers.extend(own.into_iter().map(|(b, q)| (b, q.mul(p))));
            }
            powers
        }
        _ => return,
    };
    // Outside whole exponents the bases must be nonnegative throughout.
    if powers.iter().all(|&(b, _)| c.range(b).is_nonnegative()) {
        monomial(c, &powers, fact);
    }
}

/// Whether a sum of exponents is at most 1; one that was rounded needs room.
fn at_most_one(total: Num) -> bool {
    total.value() <= if total.as_ratio().is_some() { 1.0 } else { 1.0 - 1e-12 }
}

fn at_least_one(total: Num) -> bool {
    total.value() >= if total.as_ratio().is_some() { 1.0 } else { 1.0 + 1e-12 }
}

/// A monomial with at least two different bases.
pub(super) fn monomial(c: &Context, powers: &[(ExprId, Num)], fact: &mut Fact) {
    let total = powers.iter().fold(Num::ZERO, |s, &(_, p)| s.add(p));
    let positive: Vec<_> = powers.iter().filter(|(_, p)| p.value() > 0.0).collect();
    let nonnegative = |&(u, _): &(ExprId, Num)| c.range(u).is_nonnegative();
    let concave = |&(u, _): &(ExprId, Num)| c.has(u, Claim::Concave);
    let uses = |first: Claim| -> Vec<(ExprId, Claim)> {
        powers
            .iter()
            .map(|&(u, p)| (u, if p.value() > 0.0 { first } else { Claim::Concave }))
            .collect()
    };
    if positive.len() == powers.len() && at_most_one(total) {
        if powers.iter().all(|p| nonnegative(p) && concave(p)) {
            let text =
                "a geometric mean of nonnegative concave functions (exponents sum to at most 1)";
            fact.add(Claim::Concave, text, &uses(Claim::Concave));
        }
        return;
    }
    let below = powers.iter().filter(|(_, p)| p.value() <= 0.0);
    if !below.clone().all(|p| nonnegative(p) && concave(p)) {
        return;
    }
    match positive[..] {
        [] => {
            let text = "a monomial with negative exponents of positive concave functions";
            fact.add(Claim::Convex, text, &uses(Claim::Concave));
        }
        [&(u, p)] if at_least_one(total) => {
            let even = p.as_int().is_some_and(|p| p % 2 == 0);
            let own = match c.has_convex_square(u) {
                Some(own) if even || own == Claim::Convex => own,
                Some(Claim::Affine) if c.range(u).is_nonnegative() => Claim::Affine,
                _ => return,
            };
            let text = if p == Num::int(2) && powers.len() == 2 {
                "quadratic over linear: u^2/v is convex for v > 0"
            } else {
                "a monomial with one positive exponent, all together at least 1"
            };
            fact.add(Claim::Convex, text, &uses(own));
        }
        _ => {}
    }
}

/// `u*log(u)`, `u*log(u/v)` and `u*(log(u) - log(v))`: convex for `u >= 0`, and
/// jointly in `u` and `v`.
fn entropy(c: &mut Context, u: ExprId, log: ExprId, fact: &mut Fact) {
    if !c.has(u, Claim::Affine) {
        return;
    }
    let args = c.g.args(log).to_vec();
    match c.g.op(log) {
        Op::Log if args[0] == u => {
            fact.add(
                Claim::Convex,
                "negative entropy: u*log(u) is convex for u > 0",
                &[(u, Claim::Affine)],
            );
        }
        Op::Log => {
            if let Some(v) = divisor(c, args[0], u) {
                relative(c, u, v, fact);
            }
        }
        Op::Add => {
            let &[a, b] = &args[..] else { return };
            for (with, without) in [(a, b), (b, a)] {
                let own = c.g.op(with) == Op::Log && c.g.args(with)[0] == u;
                let minus = c.g.neg(without);
                if own && c.g.op(minus) == Op::Log {
                    relative(c, u, c.g.args(minus)[0], fact);
                }
            }
        }
        _ => {}
    }
}

fn relative(c: &Context, u: ExprId, v: ExprId, fact: &mut Fact) {
    let concave = !c.g.has_unknown(v) || c.has(v, Claim::Concave);
    if concave && (c.range(u).is_nonnegative() && c.range(v).is_nonnegative()) {
        let text = "relative entropy: u*log(u/v) is convex for u, v > 0";
        fact.add(Claim::Convex, text, &[(u, Claim::Affine), (v, Claim::Concave)]);
    }
}

/// `v`, where the node is `u/v`.
fn divisor(c: &mut Context, e: ExprId, u: ExprId) -> Option<ExprId> {
    if !matches!(c.g.op(e), Op::Mul | Op::Had) {
        return None;
    }
    let &[a, b] = c.g.args(e) else { return None };
    let other = if a == u { b } else { (b == u).then_some(a)? };
    if let Some(n) = c.g.as_num(other) {
        return Some(c.g.number(n.recip()));
    }
    let &[v, p] = c.g.args(other) else { return None };
    (c.g.op(other) == Op::Pow && c.g.as_num(p) == Some(Num::MINUS_ONE)).then_some(v)
}

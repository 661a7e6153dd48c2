//! Sums of which only groups of terms are convex.
//!
//! `exp(x) + x^2 + x*y + y^2` has a term that is not convex; with its neighbours
//! `x^2` and `y^2` it is. The terms without a convex (concave) rule are joined
//! with the quadratic terms, or with all terms of the same unknowns, and second
//! derivatives are tried on the group.

use rustc_hash::FxHashMap;

use super::Bounds;
use super::fact::{Claim, Fact};
use super::hessian;
use super::interval::Interval;
use super::local;
use crate::expr::{ExprId, Graph, Op, SymbolId};

/// Tries to prove a sum convex or concave by groups; true where a claim was
/// added.
pub fn prove(
    g: &mut Graph,
    e: ExprId,
    bounds: &Bounds,
    ranges: &FxHashMap<ExprId, Interval>,
    facts: &FxHashMap<ExprId, Fact>,
    own: &mut Fact,
) -> bool {
    let terms = g.args(e).to_vec();
    for claim in [Claim::Convex, Claim::Concave] {
        let fits = |&t: &ExprId| !g.has_unknown(t) || facts.get(&t).is_some_and(|f| f.has(claim));
        let (good, bad): (Vec<ExprId>, Vec<ExprId>) = terms.iter().partition(|&t| fits(t));
        if bad.is_empty() || good.is_empty() {
            continue;
        }
        let (quadratic, other): (Vec<ExprId>, Vec<ExprId>) =
            good.iter().partition(|&&t| g.has_unknown(t) && is_quadratic(g, t));
        let joined: Vec<Vec<ExprId>> = vec![[&bad[..], &quadratic[..]].concat()];
        let none = Vec::new();
        let polynomials: Vec<ExprId> =
            good.iter().copied().filter(|&t| is_polynomial(g, t)).collect();
        let attempts = [
            (joined, &other),
            (components(g, &bad, &good), &none),
            (components(g, &bad, &polynomials), &none),
        ];
        for (groups, rest) in attempts {
            if let Some(texts) = all(g, &groups, claim, bounds, ranges, facts) {
                let mut uses: Vec<(ExprId, Claim)> = Vec::new();
                let covered = groups.concat();
                for &t in rest
                    .iter()
                    .chain(good.iter().filter(|t| rest.is_empty() && !covered.contains(t)))
                {
                    uses.push((t, claim));
                }
                own.add(
                    claim,
                    format!("a sum of {} functions; {}", claim.word(), texts.join("; ")),
                    &uses,
                );
                return true;
            }
        }
    }
    false
}

/// Why each group has the claim.
fn all(
    g: &mut Graph,
    groups: &[Vec<ExprId>],
    claim: Claim,
    bounds: &Bounds,
    ranges: &FxHashMap<ExprId, Interval>,
    facts: &FxHashMap<ExprId, Fact>,
) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    for group in groups {
        let sum = g.add(group);
        let choose =
            |o: hessian::Outcome| if claim == Claim::Convex { o.convex } else { o.concave };
        let mut how = choose(local::prove(g, sum, ranges, facts));
        if how.is_none() && g.shape(sum).is_scalar() && g.free_indices(sum).is_empty() {
            let unknowns = g.unknowns(&[sum]);
            how = choose(hessian::prove(g, sum, &unknowns, bounds));
        }
        texts.push(format!("{}: {}", super::proof::short(g, sum), how?));
    }
    Some(texts)
}

/// Whether a term is made of sums, products and whole powers only.
fn is_polynomial(g: &Graph, t: ExprId) -> bool {
    let whole = |p: ExprId| g.as_num(p).and_then(|p| p.as_int()).is_some_and(|p| p >= 0);
    g.reachable(&[t]).into_iter().all(|n| match g.op(n) {
        Op::Num | Op::Symbol | Op::Add | Op::Mul => true,
        Op::Pow => whole(g.args(n)[1]),
        _ => false,
    })
}

/// Whether a term is a product of at most two factors that are affine by their
/// form.
fn is_quadratic(g: &Graph, t: ExprId) -> bool {
    let degree_one = |e: ExprId| {
        let plain = |n: &ExprId| {
            !g.has_unknown(*n) || matches!(g.op(*n), Op::Symbol | Op::Add | Op::Mul | Op::Elem)
        };
        g.reachable(&[e]).iter().all(plain)
    };
    let square = |e: ExprId| {
        g.op(e) == Op::Pow
            && g.as_num(g.args(e)[1]).and_then(|p| p.as_int()) == Some(2)
            && degree_one(g.args(e)[0])
    };
    match g.op(t) {
        Op::Mul => {
            g.args(t).iter().filter(|a| g.has_unknown(**a)).all(|&a| square(a) || degree_one(a))
        }
        Op::Pow => square(t),
        _ => matches!(g.op(t), Op::SumSq | Op::MatMul | Op::Dot),
    }
}

/// The terms that share unknowns with a bad one, in connected groups.
fn components(g: &Graph, bad: &[ExprId], good: &[ExprId]) -> Vec<Vec<ExprId>> {
    let mut groups: Vec<(Vec<SymbolId>, Vec<ExprId>)> = Vec::new();
    for &t in bad.iter().chain(good).filter(|&&t| g.has_unknown(t)) {
        let mut own = (g.unknowns(&[t]), vec![t]);
        let (touching, apart): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|(u, _)| u.iter().any(|s| own.0.contains(s)));
        for (unknowns, terms) in touching {
            own.0.extend(unknowns);
            own.1.extend(terms);
        }
        groups = apart;
        groups.push(own);
    }
    let with_bad =
        |(_, terms): &(Vec<SymbolId>, Vec<ExprId>)| terms.iter().any(|t| bad.contains(t));
    groups.into_iter().filter(with_bad).map(|(_, terms)| terms).collect()
}

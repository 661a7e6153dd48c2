//! Powers that all terms of a sum share, in front of it.
//!
//! Powers of any degree, and of symbolic exponents: `a*u^99 + b*u^98` is
//! `u^98*(a*u + b)`, and `x^x*(log(x) + 1)^2 + x^(x - 1)` is
//! `x^x*((log(x) + 1)^2 + 1/x)`. Holds wherever the sum has a value.

use rustc_hash::FxHashMap;

use crate::expr::{ExprId, Graph, Num, Op};
use crate::ops::coefficient;
use crate::poly::gcd_int;

/// Longer sums are not tried.
const MAX_TERMS: usize = 8;

/// A term: its number, and its powers of bases. The base of `u^(v + 1)` is
/// `u^v` and `u`.
struct Term {
    number: Num,
    powers: FxHashMap<ExprId, Num>,
}

/// What the terms of a sum share, and the sum of the rest, where they share
/// something.
pub(super) fn factored(g: &mut Graph, e: ExprId) -> Option<(ExprId, ExprId)> {
    let terms = g.args(e).to_vec();
    if g.op(e) != Op::Add || !g.shape(e).is_scalar() || terms.len() > MAX_TERMS {
        return None;
    }
    let mut terms: Vec<Term> = terms.into_iter().map(|t| read(g, t)).collect();
    let number = common_number(&terms)?;
    let mut shared: Vec<(ExprId, Num)> = Vec::new();
    for (&base, &n) in &terms[0].powers {
        let least = |least: Option<Num>, t: &Term| {
            let n = *t.powers.get(&base)?;
            least.map(|l| if n.value() < l.value() { n } else { l })
        };
        // A quotient that all terms share is no factor of theirs.
        let least = terms[1..].iter().fold(Some(n), least);
        shared.extend(least.filter(|n| n.value() > 0.0).map(|n| (base, n)));
    }
    if shared.is_empty() {
        return None;
    }
    shared.sort_unstable_by_key(|(base, _)| *base);
    for term in &mut terms {
        term.number = term.number.mul(number.recip());
        for (base, n) in &shared {
            if let Some(own) = term.powers.get_mut(base) {
                *own = own.add(n.neg());
            }
        }
    }
    // One of the terms may be left a quotient; more have a common denominator.
    let is_quotient = |t: &&Term| t.powers.values().any(|n| n.is_negative());
    if terms.iter().filter(is_quotient).count() > 1 {
        return None;
    }
    let rest: Vec<ExprId> = terms.iter().map(|t| written(g, t)).collect();
    let rest = g.add(&rest);
    let front = written(g, &Term { number, powers: shared.into_iter().collect() });
    Some((front, rest))
}

fn read(g: &mut Graph, e: ExprId) -> Term {
    let (number, rest) = coefficient(g, e);
    let factors = if g.op(rest) == Op::Mul { g.args(rest).to_vec() } else { vec![rest] };
    let mut term = Term { number, powers: FxHashMap::default() };
    for factor in factors {
        if g.is_one(factor) {
            continue;
        }
        let &[base, exponent] = g.args(factor) else {
            term.include(factor, Num::ONE);
            continue;
        };
        match (g.op(factor), g.as_num(exponent)) {
            (Op::Pow, Some(n)) => term.include(base, n),
            (Op::Pow, None) => {
                let (n, symbolic) = offset(g, exponent);
                term.include(base, n);
                let power = g.apply(Op::Pow, &[base, symbolic]);
                term.include(power, Num::ONE);
            }
            _ => term.include(factor, Num::ONE),
        }
    }
    term
}

/// The number among the terms of an exponent, and the others.
fn offset(g: &mut Graph, exponent: ExprId) -> (Num, ExprId) {
    let terms = if g.op(exponent) == Op::Add { g.args(exponent).to_vec() } else { vec![exponent] };
    let (numbers, others): (Vec<ExprId>, Vec<ExprId>) =
        terms.into_iter().partition(|&t| g.as_num(t).is_some());
    let total = numbers.into_iter().filter_map(|n| g.as_num(n)).fold(Num::ZERO, Num::add);
    (total, g.add(&others))
}

impl Term {
    fn include(&mut self, base: ExprId, n: Num) {
        let power = self.powers.entry(base).or_insert(Num::ZERO);
        *power = power.add(n);
    }
}

/// The number that all terms share.
fn common_number(terms: &[Term]) -> Option<Num> {
    let (mut top, mut bottom) = (0, 1);
    for term in terms {
        let (p, q) = term.number.as_ratio()?;
        top = gcd_int(top, i128::from(p));
        bottom = bottom / gcd_int(bottom, i128::from(q)).max(1) * i128::from(q);
    }
    Some(Num::frac(i64::try_from(top).ok()?, i64::try_from(bottom).ok()?))
}

fn written(g: &mut Graph, term: &Term) -> ExprId {
    let mut powers: Vec<(ExprId, Num)> = term.powers.iter().map(|(b, n)| (*b, *n)).collect();
    powers.sort_unstable_by_key(|(base, _)| *base);
    let mut factors = vec![g.number(term.number)];
    for (base, n) in powers {
        let n = g.number(n);
        factors.push(g.apply(Op::Pow, &[base, n]));
    }
    g.mul(&factors)
}

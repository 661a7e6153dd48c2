//! Common factors taken out.
//!
//! Scalars: numeric content, powers of symbols and functions, repeated
//! factors, differences of squares, rational roots, quadratics with a rational
//! discriminant root; numerator and denominator of a quotient each. Sums of
//! arrays and of matrix products: scalar factors, and the first and last
//! factors that all products share. Exact for all reals.

use crate::expr::{ExprId, Graph, Num, Op};
use crate::ops::coefficient;
use crate::poly::{Product, Ring, factors};

/// The expression as a product, as far as the rules go; itself where they find
/// nothing.
pub fn factor(g: &mut Graph, e: ExprId) -> ExprId {
    if !g.shape(e).is_scalar() {
        return array_factors(g, e);
    }
    crate::work::command(|| factor_scalar(g, e)).unwrap_or(e)
}

fn factor_scalar(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let (ring, fraction) = Ring::read(g, e)?;
    if fraction.num.is_zero() {
        return Some(g.int(0));
    }
    let mut product = Product::one(ring.n_vars());
    product.include(&factors(&fraction.num)?, 1)?;
    product.include(&factors(&fraction.den)?, -1)?;
    // A sum without a factor keeps the order of its terms.
    let only_factor = matches!(product.powers[..], [(_, 1)])
        && product.number == (1, 1)
        && product.exponents.iter().all(|&n| n == 0);
    if only_factor && g.op(e) == Op::Add {
        return Some(e);
    }
    Some(ring.write_product(g, &product))
}

/// A term of a sum of arrays: number, scalar factors, matrix factors.
struct Term {
    number: Num,
    scalars: Vec<ExprId>,
    matrices: Vec<ExprId>,
}

fn array_factors(g: &mut Graph, e: ExprId) -> ExprId {
    shared(g, e, true).map_or(e, |found| found.whole)
}

/// A sum of arrays with what its terms share taken out.
pub(super) struct Shared {
    pub whole: ExprId,
    /// Whether the terms share matrix factors.
    pub matrices: bool,
    /// Whether each term keeps one matrix factor only.
    pub single: bool,
}

/// Takes out what all terms of a sum of arrays share: scalar factors, the
/// first and last matrix factors, and a number where `numbers` asks for it or
/// there is something else.
pub(super) fn shared(g: &mut Graph, e: ExprId, numbers: bool) -> Option<Shared> {
    if g.op(e) != Op::Add {
        return None;
    }
    let shape = g.shape(e);
    let args = g.args(e).to_vec();
    if args.iter().any(|&a| g.shape(a) != shape) {
        return None;
    }
    let mut terms: Vec<Term> = args.into_iter().map(|a| term(g, a)).collect();
    let scalars = common_scalars(&terms);
    for t in &mut terms {
        for s in &scalars {
            if let Some(at) = t.scalars.iter().position(|x| x == s) {
                t.scalars.remove(at);
            }
        }
    }
    let left = common_ends(g, &mut terms, false);
    let right = common_ends(g, &mut terms, true);
    let matrices = !left.is_empty() || !right.is_empty();
    let mut number = Num::ONE;
    if numbers || matrices || !scalars.is_empty() {
        number = common_number(&terms);
        for t in &mut terms {
            t.number = t.number.mul(number.recip());
        }
    }
    let single = terms.iter().all(|t| t.matrices.len() == 1);
    let parts: Vec<ExprId> = terms.into_iter().map(|t| built(g, t)).collect();
    // Before `x` of one entry, `A*x` is a matrix times it as much as a column times it.
    if parts.iter().any(|&p| g.shape(p) != g.shape(parts[0])) {
        return None;
    }
    let (sum, turned) = oriented(g, &parts, number.is_negative());
    let number = if turned { number.neg() } else { number };
    let all = [&left[..], &[sum], &right[..]].concat();
    let product = g.apply(Op::MatMul, &all);
    let number = g.number(number);
    let whole = g.mul(&[&[number], &scalars[..], &[product]].concat());
    (g.shape(whole) == shape).then_some(Shared { whole, matrices, single })
}

/// The sum, or under a minus its negative, which begins with a term without
/// one, where the sum as it stands is new: what a person wrote keeps its
/// orientation.
fn oriented(g: &mut Graph, parts: &[ExprId], under_minus: bool) -> (ExprId, bool) {
    let mark = g.len();
    let sum = g.add(parts);
    let mut turned: Vec<ExprId> = parts.iter().map(|&p| g.neg(p)).collect();
    // A sum among the terms is a residual that someone wrote.
    let nested = parts.iter().any(|&p| g.op(p) == Op::Add);
    let first = turned.iter().position(|&t| !coefficient(g, t).0.is_negative());
    match first {
        Some(first) if under_minus && !nested && sum.index() >= mark => {
            turned[..=first].rotate_right(1);
            (g.add(&turned), true)
        }
        _ => (sum, false),
    }
}

fn term(g: &mut Graph, e: ExprId) -> Term {
    let (number, rest) = coefficient(g, e);
    let parts = if g.op(rest) == Op::Mul { g.args(rest).to_vec() } else { vec![rest] };
    let mut term = Term { number, scalars: Vec::new(), matrices: Vec::new() };
    for part in parts {
        if g.shape(part).is_scalar() {
            term.scalars.push(part);
        } else if g.op(part) == Op::MatMul {
            term.matrices.extend_from_slice(g.args(part));
        } else {
            term.matrices.push(part);
        }
    }
    term
}

fn built(g: &mut Graph, t: Term) -> ExprId {
    let product = g.apply(Op::MatMul, &t.matrices);
    let number = g.number(t.number);
    g.mul(&[&[number], &t.scalars[..], &[product]].concat())
}

/// The number that all terms share; with the sign of the first.
fn common_number(terms: &[Term]) -> Num {
    let ratios: Option<Vec<(i64, i64)>> = terms.iter().map(|t| t.number.as_ratio()).collect();
    let Some(ratios) = ratios else { return Num::ONE };
    let gcd = |a: i64, b: i64| crate::poly::gcd_int(i128::from(a), i128::from(b)) as i64;
    let top = ratios.iter().fold(0, |g, (p, _)| gcd(g, *p));
    let bottom = ratios.iter().fold(0, |g, (_, q)| gcd(g, *q));
    let sign = if ratios.first().is_some_and(|(p, _)| *p < 0) { -1 } else { 1 };
    Num::frac(sign * top.max(1), bottom.max(1))
}

fn common_scalars(terms: &[Term]) -> Vec<ExprId> {
    let Some((first, rest)) = terms.split_first() else { return Vec::new() };
    let shared = |s: &ExprId| rest.iter().all(|t| t.scalars.contains(s));
    first.scalars.iter().copied().filter(shared).collect()
}

/// Takes the first (or last) matrix factors that all terms share; every term
/// keeps at least one.
fn common_ends(g: &Graph, terms: &mut [Term], last: bool) -> Vec<ExprId> {
    let mut found = Vec::new();
    while terms.iter().all(|t| t.matrices.len() > 1) {
        let end = |t: &Term| {
            if last { *t.matrices.last().unwrap_or(&t.matrices[0]) } else { t.matrices[0] }
        };
        let shared = end(&terms[0]);
        // What is left must still be an array of one shape.
        let inner = |t: &Term| {
            let rest = if last { t.matrices[t.matrices.len() - 2] } else { t.matrices[1] };
            let shape = g.shape(rest);
            if last { shape.cols() } else { shape.rows() }
        };
        if !terms.iter().all(|t| end(t) == shared && inner(t) == inner(&terms[0])) {
            break;
        }
        for t in terms.iter_mut() {
            t.matrices.remove(if last { t.matrices.len() - 1 } else { 0 });
        }
        found.insert(if last { 0 } else { found.len() }, shared);
    }
    found
}

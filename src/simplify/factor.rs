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
    factor_scalar(g, e).unwrap_or(e)
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
    let trivial = product.powers.len() == 1 && product.number == (1, 1);
    let bare = product.exponents.iter().all(|&n| n == 0) && product.powers[0].1 == 1;
    if trivial && bare && g.op(e) == Op::Add {
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
    if g.op(e) != Op::Add {
        return e;
    }
    let shape = g.shape(e);
    let args = g.args(e).to_vec();
    if args.iter().any(|&a| g.shape(a) != shape) {
        return e;
    }
    let mut terms: Vec<Term> = args.into_iter().map(|a| term(g, a)).collect();
    let number = common_number(&terms);
    let scalars = common_scalars(&terms);
    for t in &mut terms {
        t.number = t.number.mul(number.recip());
        for s in &scalars {
            if let Some(at) = t.scalars.iter().position(|x| x == s) {
                t.scalars.remove(at);
            }
        }
    }
    let left = common_ends(g, &mut terms, false);
    let right = common_ends(g, &mut terms, true);
    let parts: Vec<ExprId> = terms.into_iter().map(|t| built(g, t)).collect();
    let sum = g.add(&parts);
    let matrices = [&left[..], &[sum], &right[..]].concat();
    let whole = g.apply(Op::MatMul, &matrices);
    let number = g.number(number);
    let result = g.mul(&[&[number], &scalars[..], &[whole]].concat());
    if g.shape(result) == shape { result } else { e }
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

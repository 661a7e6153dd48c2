//! What differs between two expressions: a sign, a factor, a term, a
//! transpose.
//!
//! Each guess is an equation that would hold if it were right, tried at all
//! points; the first that holds is the answer. Guesses go from the mistakes
//! that people make most to those that say least.

use super::compare::agree;
use super::sample::Point;
use super::terms::terms;
use crate::eval;
use crate::expr::{ExprId, Graph, Num, Op, SymbolKind};
use crate::ops::{coefficient, substitute};
use crate::poly::{Product, Ring, factors};
use crate::shape::{Shape, Tensor};

/// A side of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Left of `==`.
    Left,
    /// Right of `==`.
    Right,
}

/// What differs.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// One is the negative of the other.
    Sign,
    /// `left = factor * right`
    Factor(ExprId),
    /// `right = factor * left`
    InverseFactor(ExprId),
    /// One is the transpose of the other.
    Transpose,
    /// A part of the right side should be another, its transpose.
    InnerTranspose {
        /// The part as it stands.
        found: ExprId,
        /// What makes the sides equal.
        expected: ExprId,
    },
    /// A term of the other side is missing.
    Missing(Side, ExprId),
    /// A term of the left side has the other sign on the right.
    TermSign(ExprId),
    /// A term has another numeric factor: on the left, on the right.
    Coefficient(ExprId, ExprId),
    /// `left = right + offset`
    Offset(ExprId),
}

/// Fewer points cannot tell a constant from chance.
const FEWEST: usize = 3;
/// Factors and offsets that print longer say nothing.
const LONGEST: usize = 24;

/// What makes `a` differ from `b`, tried at the points.
pub(super) fn explain(g: &mut Graph, a: ExprId, b: ExprId, points: &[Point]) -> Option<Difference> {
    if points.len() < FEWEST && g.has_unknown(a) {
        return None;
    }
    let minus = g.neg(b);
    if agree(g, a, minus, points) {
        return Some(Difference::Sign);
    }
    transpose(g, a, b, points)
        .or_else(|| constant_factor(g, a, b, points))
        .or_else(|| term(g, a, b, points))
        .or_else(|| symbolic_factor(g, a, b, points))
        .or_else(|| inner_transpose(g, a, b, points))
        .or_else(|| offset(g, a, b, points))
}

fn transpose(g: &mut Graph, a: ExprId, b: ExprId, points: &[Point]) -> Option<Difference> {
    let turned = g.transpose(b);
    let fits = turned != b && g.shape(turned) == g.shape(a);
    (fits && agree(g, a, turned, points)).then_some(Difference::Transpose)
}

/// `a = c*b` with a number, or a number times a power of a name.
fn constant_factor(g: &mut Graph, a: ExprId, b: ExprId, points: &[Point]) -> Option<Difference> {
    let ratio = ratio_at(g, a, b, points.first()?)?;
    let c = recognized(g, a, b, ratio)?;
    let product = g.mul(&[c, b]);
    if !agree(g, a, product, points) {
        return None;
    }
    // The larger as a multiple of the smaller.
    let below_one = ratio.abs() < 1.0;
    Some(if below_one { Difference::InverseFactor(g.powi(c, -1)) } else { Difference::Factor(c) })
}

/// The ratio of the entries at which the right side is largest.
fn ratio_at(g: &Graph, a: ExprId, b: ExprId, point: &Point) -> Option<f64> {
    let unknown = |s| point.iter().find(|(u, _)| *u == s).map(|(_, t)| t.clone());
    let values = eval::evaluate(g, &[a, b], &unknown).ok()?;
    let (left, right) = (values[0].data(), values[1].data());
    let k = (0..right.len()).max_by(|&i, &j| right[i].abs().total_cmp(&right[j].abs()))?;
    let ratio = left[k] / right[k];
    (ratio.is_finite() && ratio != 0.0).then_some(ratio)
}

/// A ratio as a small fraction, or such a fraction times a power of a known
/// number that the expressions or their sizes name.
fn recognized(g: &mut Graph, a: ExprId, b: ExprId, ratio: f64) -> Option<ExprId> {
    let names = known_scalars(g, a, b);
    // A factor that is a name's value is that name, `n` rather than 50.
    for &(name, value) in names.iter().filter(|(_, v)| v.abs() > 2.0) {
        for power in [1, -1] {
            if small_fraction(ratio / value.powi(power), 1) == Some(Num::ONE) {
                return Some(g.powi(name, i64::from(power)));
            }
        }
    }
    if let Some(n) = small_fraction(ratio, 12) {
        return Some(g.number(n));
    }
    for (name, value) in names {
        for power in [1, -1, 2, -2] {
            let rest = small_fraction(ratio / value.powi(power), 12);
            if let (Some(n), true) = (rest, value.abs() != 1.0) {
                let n = g.number(n);
                let p = g.powi(name, i64::from(power));
                return Some(g.mul(&[n, p]));
            }
        }
    }
    small_fraction(ratio, 1000).map(|n| g.number(n))
}

/// Known numbers with a name: in the expressions, and the names of sizes.
fn known_scalars(g: &mut Graph, a: ExprId, b: ExprId) -> Vec<(ExprId, f64)> {
    let mut names: Vec<ExprId> = Vec::new();
    for e in g.reachable(&[a, b]) {
        if g.as_symbol(e).is_some() {
            names.push(e);
        }
        names.extend([0, 1].iter().filter_map(|&axis| g.size_name(e, axis)));
    }
    names.push(g.pi());
    let mut found: Vec<(ExprId, f64)> = Vec::new();
    for e in names {
        let symbol = g.as_symbol(e).map(|s| g.symbol(s));
        let value = symbol
            .filter(|s| s.kind == SymbolKind::Known)
            .and_then(|s| s.value.as_ref().and_then(Tensor::as_scalar));
        if let Some(v) = value.filter(|v| v.is_finite() && *v != 0.0)
            && !found.iter().any(|(f, _)| *f == e)
        {
            found.push((e, v));
        }
    }
    found
}

/// The fraction with a small denominator that is this number.
fn small_fraction(x: f64, largest: i64) -> Option<Num> {
    (1..=largest.min(60)).find_map(|q| {
        let p = (x * q as f64).round();
        let close = (x * q as f64 - p).abs() <= 1e-9 * p.abs();
        (close && p != 0.0 && p.abs() <= largest as f64).then(|| Num::frac(p as i64, q))
    })
}

/// One term: missing, with the other sign, or with another coefficient.
fn term(g: &mut Graph, a: ExprId, b: ExprId, points: &[Point]) -> Option<Difference> {
    let (of_a, of_b) = (terms(g, a), terms(g, b));
    if of_a.len() + of_b.len() <= 2 {
        return None;
    }
    for &t in &of_a {
        let without = g.sub(a, t);
        if agree(g, without, b, points) {
            return Some(Difference::Missing(Side::Right, t));
        }
        let turned = g.sub(without, t);
        if agree(g, turned, b, points) {
            return Some(Difference::TermSign(t));
        }
    }
    for &t in &of_b {
        let without = g.sub(b, t);
        if agree(g, a, without, points) {
            return Some(Difference::Missing(Side::Left, t));
        }
    }
    of_a.iter().find_map(|&t| coefficient_of(g, a, b, t, points))
}

/// `a - b = c*t` with a number `c` for a term `t` of the left side: on the
/// right it stands with another coefficient.
fn coefficient_of(
    g: &mut Graph,
    a: ExprId,
    b: ExprId,
    t: ExprId,
    points: &[Point],
) -> Option<Difference> {
    let difference = g.sub(a, b);
    let ratio = ratio_at(g, difference, t, points.first()?)?;
    let c = recognized(g, a, b, 1.0 - ratio)?;
    let on_the_right = g.mul(&[c, t]);
    let change = g.sub(t, on_the_right);
    agree(g, difference, change, points).then_some(Difference::Coefficient(t, on_the_right))
}

/// A short factor that holds unknowns: `a/b` in lowest terms.
fn symbolic_factor(g: &mut Graph, a: ExprId, b: ExprId, points: &[Point]) -> Option<Difference> {
    if !g.shape(a).is_scalar() {
        return None;
    }
    let factor = reduced(g, a, b)?;
    let product = g.mul(&[factor, b]);
    if !agree(g, a, product, points) {
        return None;
    }
    let short = |g: &mut Graph, e: ExprId| crate::print::text(g, e).len() <= LONGEST;
    if short(g, factor) && !is_reciprocal(g, factor) {
        return Some(Difference::Factor(factor));
    }
    let inverse = g.powi(factor, -1);
    short(g, inverse).then_some(Difference::InverseFactor(inverse))
}

fn is_reciprocal(g: &mut Graph, e: ExprId) -> bool {
    let (_, rest) = coefficient(g, e);
    g.op(rest) == Op::Pow && g.as_num(g.args(rest)[1]).is_some_and(Num::is_negative)
}

/// `a/b` as a product of factors.
fn reduced(g: &mut Graph, a: ExprId, b: ExprId) -> Option<ExprId> {
    let quotient = g.div(a, b);
    let (ring, fraction) = Ring::read(g, quotient)?;
    let mut product = Product::one(ring.n_vars());
    product.include(&factors(&fraction.num)?, 1)?;
    product.include(&factors(&fraction.den)?, -1)?;
    Some(ring.write_product(g, &product))
}

/// A difference that is a number, or short.
fn offset(g: &mut Graph, a: ExprId, b: ExprId, points: &[Point]) -> Option<Difference> {
    let difference = g.sub(a, b);
    let one = g.int(1);
    if g.shape(a).is_scalar()
        && let Some(c) = ratio_at(g, difference, one, points.first()?)
        && let Some(c) = small_fraction(c, 1000)
    {
        let c = g.number(c);
        if agree(g, difference, c, points) {
            return Some(Difference::Offset(c));
        }
    }
    let expanded = crate::simplify::expand_all(g, difference).ok()?;
    let short = crate::print::text(g, expanded).len() <= LONGEST;
    (short && agree(g, difference, expanded, points)).then_some(Difference::Offset(expanded))
}

/// A square matrix of the right side that should be transposed, or should not.
fn inner_transpose(g: &mut Graph, a: ExprId, b: ExprId, points: &[Point]) -> Option<Difference> {
    for found in g.reachable(&[b]) {
        let square = matches!(g.shape(found), Shape::Matrix(m, n) if m == n && m > 1);
        let leaf = matches!(g.op(found), Op::Symbol | Op::Transpose);
        if !square || !leaf {
            continue;
        }
        let expected = g.transpose(found);
        let other = substitute(g, b, &[(found, expected)]);
        if agree(g, a, other, points) {
            return Some(Difference::InnerTranspose { found, expected });
        }
    }
    None
}

//! Rules of trigonometric and hyperbolic functions.
//!
//! Squares (`sin(u)^2 + cos(u)^2 = 1`) are no rules of one node: they are
//! relations of the polynomial view, see `forms`.

use crate::expr::{ExprId, Graph, Num, Op};

/// Sine, cosine and tangent of a kind.
const FAMILIES: [(Op, Op, Op); 2] = [(Op::Sin, Op::Cos, Op::Tan), (Op::Sinh, Op::Cosh, Op::Tanh)];

/// Of a family: two functions that are joined and the one they become, each
/// with the sign of its exponent.
type Pattern = fn((Op, Op, Op)) -> [(Op, i64); 3];

/// `sin(u)^n / cos(u)^n` is `tan(u)^n`; what is left of the larger power stays.
pub(super) fn tangent(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    joined(g, e, |(sin, cos, tan)| [(sin, 1), (cos, -1), (tan, 1)])
}

/// `tan(u)^n * cos(u)^n` is `sin(u)^n`.
pub(super) fn sine_of_tangent(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    joined(g, e, |(sin, cos, tan)| [(tan, 1), (cos, 1), (sin, 1)])
}

/// Replaces `first^n * second^n` by `third^n`, each with its own sign of the
/// exponent, where `n` is the smaller of the two exponents in the product.
fn joined(g: &mut Graph, e: ExprId, pattern: Pattern) -> Option<ExprId> {
    let factors = whole_powers(g, e)?;
    for family in FAMILIES {
        let [first, second, third] = pattern(family);
        for (k, &(base, n)) in factors.iter().enumerate() {
            if g.op(base) != first.0 || n * first.1 == 0 {
                continue;
            }
            let u = g.args(base)[0];
            let is_partner = |&(b, m): &(ExprId, i64)| {
                g.op(b) == second.0 && g.args(b)[0] == u && m * second.1 * n * first.1 > 0
            };
            let Some(j) = factors.iter().position(is_partner) else { continue };
            let m = factors[j].1;
            let (up, size) = ((n * first.1).signum(), n.abs().min(m.abs()));
            // 1/(tan*cos) turns over as well; 1/tan stays with its reader.
            let mut parts = factors.clone();
            parts[k].1 -= first.1 * up * size;
            parts[j].1 -= second.1 * up * size;
            let new = g.apply(third.0, &[u]);
            parts.push((new, third.1 * up * size));
            return Some(product(g, &parts));
        }
    }
    None
}

/// `1 - tanh(u)^2` among factors is `1/cosh(u)^2`, `1 + tan(u)^2` is
/// `1/cos(u)^2`.
pub(super) fn secant(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let factors = match (g.op(e), g.args(e)) {
        (Op::Pow, &[base, n]) if g.shape(e).is_scalar() => vec![(base, g.as_num(n)?.as_int()?)],
        _ => whole_powers(g, e)?,
    };
    for (k, &(base, n)) in factors.iter().enumerate() {
        let &[one, square] = g.args(base) else { continue };
        let (one, square) = if g.is_one(one) { (one, square) } else { (square, one) };
        if g.op(base) != Op::Add || !g.is_one(one) {
            continue;
        }
        let (c, rest) = crate::ops::coefficient(g, square);
        let &[function, two] = g.args(rest) else { continue };
        if g.op(rest) != Op::Pow || g.as_num(two) != Some(Num::int(2)) {
            continue;
        }
        let below = match (g.op(function), c.as_int()) {
            (Op::Tanh, Some(-1)) => Op::Cosh,
            (Op::Tan, Some(1)) => Op::Cos,
            _ => continue,
        };
        let u = g.args(function)[0];
        let mut parts = factors.clone();
        parts[k] = (g.apply(below, &[u]), -2 * n);
        return Some(product(g, &parts));
    }
    None
}

/// Sine and cosine at multiples of a quarter turn.
pub(super) fn quarter_turns(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let op = g.op(e);
    if !matches!(op, Op::Sin | Op::Cos) {
        return None;
    }
    let (c, rest) = crate::ops::coefficient(g, g.args(e)[0]);
    if rest != g.pi() {
        return None;
    }
    let quarters = c.mul(Num::int(2)).as_int()?;
    let shifted = if op == Op::Cos { quarters.checked_add(1)? } else { quarters };
    Some(g.int([0, 1, 0, -1][shifted.rem_euclid(4) as usize]))
}

/// `a - a*sin(u)^2` is `a*cos(u)^2`, and its companions.
pub(super) fn pythagoras(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    const MAX_TERMS: usize = 8;
    if g.op(e) != Op::Add || !g.shape(e).is_scalar() || g.args(e).len() > MAX_TERMS {
        return None;
    }
    let terms = g.args(e).to_vec();
    for wave in waves(g, &terms) {
        let u = g.args(wave)[0];
        // The other term is this sign times the square; what is left, with its sign.
        let (sign, left, turn) = match g.op(wave) {
            Op::Sin => (-1, Op::Cos, 1),
            Op::Cos => (-1, Op::Sin, 1),
            Op::Sinh => (1, Op::Cosh, 1),
            _ => (-1, Op::Sinh, -1),
        };
        let (sign, turn, square) = (g.int(sign), g.int(turn), g.powi(wave, 2));
        for (i, &a) in terms.iter().enumerate() {
            let partner = g.mul(&[sign, a, square]);
            let Some(j) = terms.iter().position(|&b| b == partner) else { continue };
            let left = g.apply(left, &[u]);
            let left = g.powi(left, 2);
            let mut new = terms.clone();
            new[i] = g.mul(&[turn, a, left]);
            new.remove(j);
            return Some(g.add(&new));
        }
    }
    None
}

/// The sines and cosines among the factors of terms.
fn waves(g: &Graph, terms: &[ExprId]) -> Vec<ExprId> {
    let is_wave = |f: &ExprId| matches!(g.op(*f), Op::Sin | Op::Cos | Op::Sinh | Op::Cosh);
    let mut found: Vec<ExprId> = Vec::new();
    for &term in terms {
        let factors = if g.op(term) == Op::Mul { g.args(term) } else { &[term] };
        let base = |&f: &ExprId| if g.op(f) == Op::Pow { g.args(f)[0] } else { f };
        found.extend(factors.iter().map(base).filter(is_wave));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// `2*sin(u)*cos(u)` is `sin(2*u)`, also for equal powers of both.
pub(super) fn double_angle(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let factors = whole_powers(g, e)?;
    for (sin, cos, _) in FAMILIES {
        for (k, &(base, n)) in factors.iter().enumerate() {
            if g.op(base) != sin || n == 0 {
                continue;
            }
            let u = g.args(base)[0];
            let partner = |&(b, m): &(ExprId, i64)| g.op(b) == cos && m == n && g.args(b)[0] == u;
            let Some(j) = factors.iter().position(partner) else { continue };
            let (two, half) = (g.int(2), g.number(Num::frac(1, 2)));
            let angle = g.mul(&[two, u]);
            let sine = g.apply(sin, &[angle]);
            let mut parts = factors.clone();
            (parts[k].1, parts[j].1) = (0, 0);
            parts.extend([(sine, n), (half, n)]);
            return Some(product(g, &parts));
        }
    }
    None
}

/// The factors of a scalar product as bases with whole exponents.
pub(super) fn whole_powers(g: &Graph, e: ExprId) -> Option<Vec<(ExprId, i64)>> {
    if g.op(e) != Op::Mul || !g.shape(e).is_scalar() {
        return None;
    }
    let power = |&f: &ExprId| match *g.args(f) {
        [base, n] if g.op(f) == Op::Pow => match g.as_num(n).and_then(Num::as_int) {
            Some(n) => (base, n),
            None => (f, 1),
        },
        _ => (f, 1),
    };
    Some(g.args(e).iter().map(power).collect())
}

pub(super) fn product(g: &mut Graph, parts: &[(ExprId, i64)]) -> ExprId {
    let factors: Vec<ExprId> = parts.iter().map(|&(base, n)| g.powi(base, n)).collect();
    g.mul(&factors)
}

//! The forms of a scalar expression among which the shortest is chosen: over a
//! common denominator in lowest terms, factored, multiplied out, with squares
//! of sines, cosines and roots replaced.

use super::size::operations;
use crate::expr::{ExprId, Graph, Num, Op};
use crate::ops::{coefficient, substitute};
use crate::poly::{Fraction, Poly, Product, Ring, factors};
use crate::work;

/// Ways of replacing powers that are followed.
const MAX_VARIANTS: usize = 8;
/// Numerators of more terms are not collected.
const MAX_COLLECTED: usize = 16;

/// Sums of so many terms are multiplied out only where that is asked for.
const LONG_SUM: usize = 3;

/// All forms that could be worked out; maybe none. Sums of three and more
/// terms are multiplied out only where `thorough`: in a derivative they are
/// residuals and models as a person wrote them.
pub(super) fn forms(g: &mut Graph, e: ExprId, thorough: bool) -> Vec<ExprId> {
    let mut found = Vec::new();
    if !work::is_left() {
        return found;
    }
    if let Some(form) = by_whole_sums(g, e) {
        found.push(form);
    }
    if let Some((front, rest)) = super::common::factored(g, e) {
        let mut inner = vec![rest];
        polynomial_forms(g, rest, thorough, &mut inner);
        found.extend(inner.into_iter().map(|rest| g.mul(&[front, rest])));
    }
    polynomial_forms(g, e, thorough, &mut found);
    let shortest = found.iter().copied().min_by_key(|&f| operations(g, f));
    for form in std::iter::once(e).chain(shortest) {
        if !work::is_left() {
            break;
        }
        let others = [half_angles(g, form), sums_of_angles(g, form), opposed_exponentials(g, form)];
        for new in others.into_iter().flatten() {
            polynomial_forms(g, new, thorough, &mut found);
        }
    }
    found
}

/// Terms with the same sums as factors joined: `2*y*(x - 1) - 2*(x - 1)` is
/// `2*(y - 1)*(x - 1)`. No sum is multiplied out.
fn by_whole_sums(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let (ring, fraction) = Ring::read_with_whole_sums(g, e, 2)?;
    let sums = ring.whole_sums();
    if sums.is_empty() || ring.has_opposed_exponentials() {
        return None;
    }
    let n = ring.n_vars();
    let mut groups: Vec<(Vec<u32>, Poly)> = Vec::new();
    for (m, c) in fraction.num.terms().rev() {
        let (mut outer, mut inner) = (vec![0; n], m.clone());
        for &v in &sums {
            (outer[v], inner[v]) = (m[v], 0);
        }
        match groups.iter_mut().find(|(key, _)| *key == outer) {
            Some((_, rest)) => rest.add_term(inner, c)?,
            None => {
                let mut rest = Poly::zero(n);
                rest.add_term(inner, c)?;
                groups.push((outer, rest));
            }
        }
    }
    // Sums first: `1 + x^2 - 2*x^2` becomes `1 - x^2`.
    groups.sort_by_key(|(outer, _)| outer.iter().all(|&e| e == 0));
    let mut bottom = Product::one(n);
    bottom.include_whole(&fraction.den, -1, true)?;
    let mut terms = Vec::new();
    for (outer, rest) in groups {
        let mut options = Vec::new();
        for whole in [true, false] {
            let mut product = Product::one(n);
            product.exponents = outer.iter().map(|&e| i64::from(e)).collect();
            if whole {
                product.include_whole(&rest, 1, true)?;
            } else {
                product.include(&factors(&rest)?, 1)?;
            }
            options.push(ring.write_product(g, &product));
        }
        terms.extend(options.into_iter().min_by_key(|&t| operations(g, t)));
    }
    let top = positive_first(g, &terms);
    let bottom = ring.write_product(g, &bottom);
    Some(g.mul(&[top, bottom]))
}

/// A sum that begins with a term without a minus, where it has one.
fn positive_first(g: &mut Graph, terms: &[ExprId]) -> ExprId {
    // The terms as they join; a sum keeps the order it is first made in.
    let mut joined = g.scratch(|g| {
        let sum = g.add(terms);
        if g.op(sum) == Op::Add { g.args(sum).to_vec() } else { vec![sum] }
    });
    let positive = |e: &ExprId| !coefficient(g, *e).0.is_negative();
    if let Some(first) = joined.clone().iter().position(positive) {
        joined[..=first].rotate_right(1);
    }
    g.add(&joined)
}

fn polynomial_forms(g: &mut Graph, e: ExprId, thorough: bool, found: &mut Vec<ExprId>) {
    let longest = if thorough { usize::MAX } else { LONG_SUM };
    let Some((ring, plain)) = Ring::read_with_whole_sums(g, e, longest) else { return };
    let relations = ring.relations(g);
    let mut variants = vec![plain];
    for relation in &relations {
        for variant in variants.clone() {
            if let Some(reduced) = relation.reduce(&variant)
                && !variants.contains(&reduced)
                && variants.len() < MAX_VARIANTS
            {
                variants.push(reduced);
            }
        }
    }
    let first = found.len();
    for variant in &variants {
        if !work::is_left() {
            break;
        }
        write_all(g, &ring, variant, found);
    }
    if ring.has_opposed_exponentials() {
        let own = exponentials(g, e);
        let known = |g: &Graph, f: ExprId| exponentials(g, f).iter().all(|x| own.contains(x));
        let kept: Vec<ExprId> = found.drain(first..).filter(|&f| known(g, f)).collect();
        found.extend(kept);
    }
}

fn exponentials(g: &Graph, e: ExprId) -> Vec<ExprId> {
    let below = g.reachable(&[e]);
    work::spend(2 * below.len());
    below.into_iter().filter(|&n| g.op(n) == Op::Exp).collect()
}

fn write_all(g: &mut Graph, ring: &Ring, f: &Fraction, found: &mut Vec<ExprId>) {
    let tops: [fn(&mut Product, &Poly) -> Option<()>; 3] = [
        |p, num| p.include_whole(num, 1, false),
        |p, num| p.include_whole(num, 1, true),
        |p, num| p.include(&factors(num)?, 1),
    ];
    let bottoms: [fn(&mut Product, &Poly) -> Option<()>; 2] =
        [|p, den| p.include(&factors(den)?, -1), |p, den| p.include_whole(den, -1, true)];
    if f.num.is_zero() {
        found.push(g.int(0));
        return;
    }
    for top in tops {
        for bottom in bottoms {
            let mut product = Product::one(ring.n_vars());
            if !work::is_left() {
                return;
            }
            if top(&mut product, &f.num).and_then(|()| bottom(&mut product, &f.den)).is_some() {
                found.push(ring.write_product(g, &product));
            }
        }
    }
    apart(g, ring, f, found);
    collected(g, ring, f, found);
}

/// The numerator by powers of one variable, each coefficient factored.
fn collected(g: &mut Graph, ring: &Ring, f: &Fraction, found: &mut Vec<ExprId>) {
    let n = f.num.n_vars();
    if f.num.n_terms() < 3 || f.num.n_terms() > MAX_COLLECTED {
        return;
    }
    let mut bottom = Product::one(n);
    if factors(&f.den).and_then(|den| bottom.include(&den, -1)).is_none() {
        return;
    }
    let bottom = ring.write_product(g, &bottom);
    for var in f.num.vars() {
        let mut terms = Vec::new();
        for (power, part) in f.num.by_powers(var).iter().enumerate().rev() {
            if part.is_zero() {
                continue;
            }
            let mut product = Product::one(n);
            product.exponents[var] = power as i64;
            if factors(part).and_then(|top| product.include(&top, 1)).is_none() {
                return;
            }
            terms.push(ring.write_product(g, &product));
        }
        let top = positive_first(g, &terms);
        found.push(g.mul(&[top, bottom]));
    }
}

/// Every term over the denominator by itself, where that is one term.
fn apart(g: &mut Graph, ring: &Ring, f: &Fraction, found: &mut Vec<ExprId>) {
    if f.den.n_terms() != 1 || f.num.n_terms() > 12 {
        return;
    }
    let mut terms = Vec::new();
    for (m, c) in f.num.terms().rev() {
        let mut term = Poly::zero(f.num.n_vars());
        let Some(()) = term.add_term(m.clone(), c) else { return };
        let Some(part) = Fraction::new(term, f.den.clone()) else { return };
        let mut product = Product::one(ring.n_vars());
        let built = product
            .include_whole(&part.num, 1, true)
            .and_then(|()| product.include_whole(&part.den, -1, true));
        if built.is_none() {
            return;
        }
        terms.push(ring.write_product(g, &product));
    }
    found.push(positive_first(g, &terms));
}

/// Squares of sines and cosines by the cosine of the double angle.
fn half_angles(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let mut pairs = Vec::new();
    for node in g.reachable(&[e]) {
        // (c + s*cos(2*u))/2
        let (double, c, s) = match g.op(node) {
            Op::Sin => (Op::Cos, 1, -1),
            Op::Cos => (Op::Cos, 1, 1),
            Op::Sinh => (Op::Cosh, -1, 1),
            Op::Cosh => (Op::Cosh, 1, 1),
            _ => continue,
        };
        let (u, two) = (g.args(node)[0], g.int(2));
        let angle = g.mul(&[two, u]);
        let cosine = g.apply(double, &[angle]);
        let (c, s) = (g.number(Num::frac(c, 2)), g.number(Num::frac(s, 2)));
        let term = g.mul(&[s, cosine]);
        let value = g.add(&[c, term]);
        pairs.push((g.powi(node, 2), value));
    }
    changed(g, e, &pairs)
}

/// Products of sines and cosines of different angles as sums.
fn sums_of_angles(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let e = super::expand(g, e).ok()?;
    let mut pairs = Vec::new();
    for node in g.reachable(&[e]) {
        if g.op(node) != Op::Mul {
            continue;
        }
        let (waves, others): (Vec<ExprId>, Vec<ExprId>) =
            g.args(node).iter().partition(|&&f| matches!(g.op(f), Op::Sin | Op::Cos));
        if let [a, b] = waves[..] {
            let sum = product_of_waves(g, a, b);
            pairs.push((node, g.mul(&[&others[..], &[sum]].concat())));
        }
    }
    changed(g, e, &pairs)
}

/// `sin(a)*cos(b)` is `(sin(a + b) + sin(a - b))/2`, and its companions.
fn product_of_waves(g: &mut Graph, a: ExprId, b: ExprId) -> ExprId {
    // A sine first.
    let (a, b) = if g.op(a) == Op::Cos { (b, a) } else { (a, b) };
    let (u, v) = (g.args(a)[0], g.args(b)[0]);
    let (plus, minus) = (g.add(&[u, v]), g.sub(u, v));
    let (op, first, second) = match (g.op(a), g.op(b)) {
        (Op::Sin, Op::Cos) => (Op::Sin, 1, 1),
        (Op::Sin, _) => (Op::Cos, -1, 1),
        _ => (Op::Cos, 1, 1),
    };
    let (first, second) = (g.number(Num::frac(first, 2)), g.number(Num::frac(second, 2)));
    let (p, m) = (g.apply(op, &[plus]), g.apply(op, &[minus]));
    let (p, m) = (g.mul(&[first, p]), g.mul(&[second, m]));
    g.add(&[p, m])
}

/// `exp(u)` and `exp(-u)`, where both occur, by hyperbolic functions.
fn opposed_exponentials(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let mut pairs = Vec::new();
    let powers = exponentials(g, e);
    for &up in &powers {
        let u = g.args(up)[0];
        let minus = g.neg(u);
        let down = g.apply(Op::Exp, &[minus]);
        if coefficient(g, u).0.is_negative() || !powers.contains(&down) {
            continue;
        }
        let (cosh, sinh) = (g.apply(Op::Cosh, &[u]), g.apply(Op::Sinh, &[u]));
        pairs.push((up, g.add(&[cosh, sinh])));
        pairs.push((down, g.sub(cosh, sinh)));
    }
    changed(g, e, &pairs)
}

fn changed(g: &mut Graph, e: ExprId, pairs: &[(ExprId, ExprId)]) -> Option<ExprId> {
    let new = substitute(g, e, pairs);
    (new != e).then_some(new)
}

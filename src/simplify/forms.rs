//! The forms of a scalar expression among which the shortest is chosen: over a
//! common denominator in lowest terms, factored, multiplied out, with squares
//! of sines, cosines and roots replaced.

use crate::expr::{ExprId, Graph, Num, Op};
use crate::ops::substitute;
use crate::poly::{Fraction, Poly, Product, Relation, Ring, factors};

/// All forms that could be worked out; maybe none.
pub(super) fn forms(g: &mut Graph, e: ExprId) -> Vec<ExprId> {
    let mut found = Vec::new();
    polynomial_forms(g, e, &mut found);
    if let Some(halved) = half_angles(g, e) {
        polynomial_forms(g, halved, &mut found);
    }
    found
}

fn polynomial_forms(g: &mut Graph, e: ExprId, found: &mut Vec<ExprId>) {
    let Some((ring, plain)) = Ring::read(g, e) else { return };
    let relations = ring.relations(g);
    let mut variants = vec![plain];
    for relation in &relations {
        for variant in variants.clone() {
            if let Some(reduced) = reduce(&variant, relation)
                && !variants.contains(&reduced)
                && variants.len() < 8
            {
                variants.push(reduced);
            }
        }
    }
    for variant in &variants {
        write_all(g, &ring, variant, found);
    }
}

/// The fraction with a relation applied above and below.
fn reduce(f: &Fraction, relation: &Relation) -> Option<Fraction> {
    Fraction::new(relation.apply(&f.num)?, relation.apply(&f.den)?)
}

fn write_all(g: &mut Graph, ring: &Ring, f: &Fraction, found: &mut Vec<ExprId>) {
    let tops: [fn(&mut Product, &Poly) -> Option<()>; 3] = [
        |p, num| p.include_whole(num, 1, false),
        |p, num| p.include_whole(num, 1, true),
        |p, num| p.include(&factors(num)?, 1),
    ];
    let bottoms: [fn(&mut Product, &Poly) -> Option<()>; 2] = [
        |p, den| p.include(&factors(den)?, -1),
        |p, den| p.include_whole(den, -1, true),
    ];
    if f.num.is_zero() {
        found.push(g.int(0));
        return;
    }
    for top in tops {
        for bottom in bottoms {
            let mut product = Product::one(ring.n_vars());
            if top(&mut product, &f.num).and_then(|()| bottom(&mut product, &f.den)).is_some() {
                found.push(ring.write_product(g, &product));
            }
        }
    }
    apart(g, ring, f, found);
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
    found.push(g.add(&terms));
}

/// Squares of sines and cosines by the cosine of the double angle.
fn half_angles(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let mut pairs = Vec::new();
    for node in g.reachable(&[e]) {
        let sign = match g.op(node) {
            Op::Sin => -1,
            Op::Cos => 1,
            _ => continue,
        };
        let u = g.args(node)[0];
        let (one, two, half) = (g.int(1), g.int(2), g.number(Num::frac(1, 2)));
        let angle = g.mul(&[two, u]);
        let cosine = g.apply(Op::Cos, &[angle]);
        let sign = g.int(sign);
        let term = g.mul(&[sign, cosine]);
        let sum = g.add(&[one, term]);
        let value = g.mul(&[half, sum]);
        pairs.push((g.powi(node, 2), value));
    }
    if pairs.is_empty() {
        return None;
    }
    let new = substitute(g, e, &pairs);
    (new != e).then_some(new)
}

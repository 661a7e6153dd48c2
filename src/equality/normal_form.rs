//! The same normal form: equal wherever both have a value.

use crate::expr::{ExprId, Graph};
use crate::poly::Ring;
use crate::simplify;

/// Whether the difference of two expressions of one shape reduces to zero:
/// written over few functions, multiplied out, over a common denominator,
/// squares of cosines replaced.
pub(super) fn same(g: &mut Graph, a: ExprId, b: ExprId) -> bool {
    let difference = g.sub(a, b);
    if g.is_zero(difference) || rational_zero(g, difference) {
        return true;
    }
    let plain = simplify::basic(g, difference);
    let Ok(terms) = simplify::expand_all(g, plain) else { return false };
    g.is_zero(terms) || rational_zero(g, terms)
}

/// Whether the numerator over a common denominator is zero.
fn rational_zero(g: &mut Graph, e: ExprId) -> bool {
    if !g.shape(e).is_scalar() {
        return false;
    }
    let Some((ring, fraction)) = Ring::read(g, e) else { return false };
    let mut top = fraction.num;
    let mut replaced = Vec::new();
    for relation in ring.relations(g) {
        // Of sine and cosine one is replaced, not each by the other.
        if replaced.iter().any(|v| relation.is.num.degree(*v) > 0) {
            continue;
        }
        replaced.push(relation.var);
        match relation.apply(&top) {
            Some(reduced) => top = reduced.num,
            None => return false,
        }
    }
    top.is_zero()
}

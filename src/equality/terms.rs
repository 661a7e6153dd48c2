//! The terms of an expression, as it stands and multiplied out.

use crate::expr::{ExprId, Graph, Op};
use crate::simplify;

/// Terms beyond this many are not looked at.
const MAX_TERMS: usize = 30;

/// The terms as written, then those of the expression multiplied out.
pub(super) fn terms(g: &mut Graph, e: ExprId) -> Vec<ExprId> {
    let mut found = of_sum(g, e);
    for expanded in [simplify::expand(g, e), simplify::expand_all(g, e)].into_iter().flatten() {
        for term in of_sum(g, expanded) {
            if !found.contains(&term) {
                found.push(term);
            }
        }
    }
    found.truncate(MAX_TERMS);
    found
}

fn of_sum(g: &Graph, e: ExprId) -> Vec<ExprId> {
    if g.op(e) == Op::Add { g.args(e).to_vec() } else { vec![e] }
}

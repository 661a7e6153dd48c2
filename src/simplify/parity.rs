//! Rules of odd and even functions, read from the operator table.

use crate::expr::{ExprId, Graph};
use crate::ops::{self, coefficient};

/// `f(-u)` is `-f(u)`.
pub(super) fn odd(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let turned = turned(g, e, ops::def(g.op(e)).traits.odd)?;
    Some(g.neg(turned))
}

/// `f(-u)` is `f(u)`.
pub(super) fn even(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    turned(g, e, ops::def(g.op(e)).traits.even)
}

/// The function at `u`, where it stands at `-u`.
fn turned(g: &mut Graph, e: ExprId, holds: bool) -> Option<ExprId> {
    let &[u] = g.args(e) else { return None };
    let def = ops::def(g.op(e));
    if !holds || !def.is_elementwise() || g.as_num(u).is_some() {
        return None;
    }
    let (c, _) = coefficient(g, u);
    if !c.is_negative() {
        return None;
    }
    let plain = g.neg(u);
    Some(g.apply(def.op, &[plain]))
}

//! Rules of exponentials and logarithms.

use super::sign::is_nonnegative;
use crate::expr::{ExprId, Graph, Num, Op};
use crate::ops::coefficient;

pub(super) fn log_of_exp(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let inner = argument(g, e, Op::Log)?;
    argument(g, inner, Op::Exp)
}

pub(super) fn exp_of_log(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let inner = argument(g, e, Op::Exp)?;
    let (c, rest) = coefficient(g, inner);
    let u = argument(g, rest, Op::Log)?;
    if !is_nonnegative(g, u) {
        return None;
    }
    let c = g.number(c);
    Some(g.apply(Op::Pow, &[u, c]))
}

pub(super) fn log1p_of_difference(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let inner = argument(g, e, Op::Log1p)?;
    let has_minus_one = g.op(inner) == Op::Add
        && g.args(inner).iter().any(|&t| g.as_num(t) == Some(Num::MINUS_ONE));
    has_minus_one.then(|| {
        let one = g.int(1);
        let u = g.add(&[one, inner]);
        g.apply(Op::Log, &[u])
    })
}

/// The argument, where the node is a call of `op`.
pub(super) fn argument(g: &Graph, e: ExprId, op: Op) -> Option<ExprId> {
    (g.op(e) == op).then(|| g.args(e)[0])
}

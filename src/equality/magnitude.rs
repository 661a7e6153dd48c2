//! How large the terms inside an expression are.
//!
//! A sum of large terms that nearly cancel has a small value with a large
//! error. The magnitude of an expression is the same expression with every
//! term of sums and every factor replaced by its absolute value: rounding
//! errors are a small multiple of it (Higham, Accuracy and Stability of
//! Numerical Algorithms, sec. 3.1).

use rustc_hash::FxHashMap;

use crate::expr::{ExprId, Graph, Op};
use crate::ops::{self, Derivative};

/// The expression with sums of absolute values in the place of sums.
pub(crate) fn magnitude(g: &mut Graph, e: ExprId) -> ExprId {
    let mut map: FxHashMap<ExprId, ExprId> = FxHashMap::default();
    for node in g.reachable(&[e]) {
        let new = match passes(g, node) {
            Some(kept) => {
                let args: Vec<ExprId> = g
                    .args(node)
                    .iter()
                    .enumerate()
                    .map(|(k, a)| if kept(k) { *a } else { map[a] })
                    .collect();
                ops::rebuild(g, node, &args)
            }
            None => match g.as_num(node) {
                Some(n) if n.is_negative() => g.number(n.neg()),
                Some(_) => node,
                None => g.apply(Op::Abs, &[node]),
            },
        };
        map.insert(node, new);
    }
    map[&e]
}

/// Whether absolute values may go to the arguments, and which arguments
/// (exponents, indices, ranges) stay as they are.
fn passes(g: &Graph, e: ExprId) -> Option<fn(usize) -> bool> {
    match g.op(e) {
        Op::Add | Op::Mul | Op::Had | Op::MatMul | Op::Stack | Op::Dot | Op::SumSq => {
            Some(|_| false)
        }
        Op::Pow => {
            let n = g.as_num(g.args(e)[1])?.as_int()?;
            (n > 0).then_some(|k| k == 1)
        }
        Op::Elem | Op::Block | Op::Place | Op::PlaceBlock => Some(|k| k > 0),
        Op::Sum | Op::Comp => Some(|k| k < Op::BINDER_BODY),
        Op::Eye => None,
        op if matches!(ops::def(op).derivative, Derivative::Linear(_)) => Some(|_| false),
        _ => None,
    }
}

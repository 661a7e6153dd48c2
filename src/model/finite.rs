//! Why an objective is not finite at a point: which part, and at which index.

use crate::eval::Evaluation;
use crate::expr::{ExprId, Graph, Op, SymbolId};
use crate::ops::Range;
use crate::shape::Tensor;
use crate::simplify;

/// The smallest part of `f` that is not finite though what it is made of is,
/// in words: "`log(x)` is nan where x = -1", with the index where it stands in
/// a sum. `None` where none is found.
pub(crate) fn explain(
    g: &mut Graph,
    f: ExprId,
    values: &[(SymbolId, Tensor)],
) -> Option<(ExprId, String)> {
    let lookup = |s: SymbolId| values.iter().find(|(v, _)| *v == s).map(|(_, t)| t.clone());
    let (culprit, indices, value) = {
        let mut run = Evaluation::new(g, &lookup);
        let mut indices = Vec::new();
        let culprit = search(g, &mut run, f, &mut indices)?;
        let value = run.tensor(culprit).ok()?.data().iter().copied().find(|v| !v.is_finite())?;
        (culprit, indices, value)
    };
    let text = simplify::shown(g, culprit);
    let mut place = String::new();
    for (index, i) in indices {
        let name = &g.symbol(index).name;
        place.push_str(&format!("{} {name} = {i}", if place.is_empty() { " at" } else { "," }));
    }
    let value = crate::report::number::human(value);
    Some((culprit, format!("`{text}` is {value}{place}")))
}

/// Follows parts that are not finite down to one whose own parts are finite.
fn search(
    g: &Graph,
    run: &mut Evaluation,
    e: ExprId,
    indices: &mut Vec<(SymbolId, f64)>,
) -> Option<ExprId> {
    let mut at = e;
    'down: loop {
        let node = g.node(at);
        if node.op.is_binder() {
            let body = node.args[Op::BINDER_BODY];
            return match bad_index(g, run, at) {
                Some((index, i)) => {
                    indices.push((index, i));
                    search(g, run, body, indices)
                }
                None => Some(at),
            };
        }
        let looked_at: Vec<ExprId> = match node.op {
            Op::If => {
                let taken = run.tensor(node.args[0]).ok()?.data()[0] != 0.0;
                vec![node.args[if taken { 1 } else { 2 }]]
            }
            _ => node.args.to_vec(),
        };
        for arg in looked_at {
            if is_bad(run, arg) {
                at = arg;
                continue 'down;
            }
        }
        return Some(at);
    }
}

fn is_bad(run: &mut Evaluation, e: ExprId) -> bool {
    run.tensor(e).is_ok_and(|t| t.data().iter().any(|v| !v.is_finite()))
}

/// The first index at which the body of a binder is not finite.
fn bad_index(g: &Graph, run: &mut Evaluation, binder: ExprId) -> Option<(SymbolId, f64)> {
    let range = Range::of(g, binder)?;
    let body = g.args(binder)[Op::BINDER_BODY];
    let lo = run.tensor(range.lo).ok()?.data()[0];
    let hi = run.tensor(range.hi).ok()?.data()[0];
    let mut i = lo;
    while i <= hi {
        run.set_index(range.index, i);
        if run.tensor(range.cond).ok()?.data()[0] != 0.0 && is_bad(run, body) {
            return Some((range.index, i));
        }
        i += 1.0;
    }
    None
}

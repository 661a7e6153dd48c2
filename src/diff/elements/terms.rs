//! The terms of a scalar, each under the ranges of its indices.

use crate::expr::{ExprId, Graph, Num, Op};
use crate::ops::{self, Range};
use crate::shape::Shape;

/// More terms than this are not taken apart.
const MAX_TERMS: usize = 1000;

/// The terms of `f` with their ranges, outermost first; sums of entries of columns become sums over an
/// index. `None` where there are too many.
pub(super) fn terms(g: &mut Graph, f: ExprId) -> Option<Vec<(Vec<Range>, ExprId)>> {
    let one = g.int(1);
    let mut work: Vec<(Vec<Range>, Vec<ExprId>, ExprId)> = vec![(Vec::new(), vec![one], f)];
    let mut found = Vec::new();
    while let Some((ranges, factors, e)) = work.pop() {
        if found.len() + work.len() > MAX_TERMS {
            return None;
        }
        let args = g.args(e).to_vec();
        match g.op(e) {
            _ if !g.has_unknown(e) && !ranges.is_empty() => {
                found.push((ranges, with(g, &factors, e)))
            }
            Op::Add if g.shape(e).is_scalar() => {
                work.extend(args.into_iter().map(|a| (ranges.clone(), factors.clone(), a)));
            }
            Op::Mul if g.shape(e).is_scalar() => {
                let (moving, fixed): (Vec<ExprId>, Vec<ExprId>) =
                    args.into_iter().partition(|&a| g.has_unknown(a));
                match moving[..] {
                    [moving] => work.push((ranges, [factors, fixed].concat(), moving)),
                    _ => found.push((ranges, with(g, &factors, e))),
                }
            }
            Op::Sum if g.shape(e).is_scalar() => {
                let range = Range::of(g, e)?;
                if [range.lo, range.hi, range.cond].iter().any(|&a| g.has_unknown(a)) {
                    return None;
                }
                let (range, body) = renamed(g, range, args[Op::BINDER_BODY], &ranges);
                work.push(([ranges, vec![range]].concat(), factors, body));
            }
            Op::SumAll | Op::SumSq | Op::MeanAll | Op::Dot => match by_index(g, e, &ranges) {
                Some((range, body)) => {
                    let mut factors = factors;
                    if g.op(e) == Op::MeanAll {
                        factors.push(g.number(Num::float(1.0 / g.shape(args[0]).len() as f64)));
                    }
                    work.push(([ranges, vec![range]].concat(), factors, body));
                }
                None => found.push((ranges, with(g, &factors, e))),
            },
            _ => found.push((ranges, with(g, &factors, e))),
        }
    }
    Some(found)
}

fn with(g: &mut Graph, factors: &[ExprId], e: ExprId) -> ExprId {
    g.mul(&[factors, &[e]].concat())
}

/// A range whose index is none of the open ones.
fn renamed(g: &mut Graph, range: Range, body: ExprId, open: &[Range]) -> (Range, ExprId) {
    if open.iter().all(|r| r.index != range.index) {
        return (range, body);
    }
    let leaves: Vec<ExprId> = open.iter().map(|r| g.leaf(r.index)).collect();
    let fresh = g.fresh_index("i", &[&leaves[..], &[body, range.cond]].concat());
    let pair = [(g.leaf(range.index), g.leaf(fresh))];
    let body = ops::substitute(g, body, &pair);
    let cond = ops::substitute(g, range.cond, &pair);
    (Range { index: fresh, cond, ..range }, body)
}

/// A reduction of columns as a sum over an index.
fn by_index(g: &mut Graph, e: ExprId, open: &[Range]) -> Option<(Range, ExprId)> {
    let args = g.args(e).to_vec();
    let Shape::Vector(n) = g.shape(args[0]) else { return None };
    let leaves: Vec<ExprId> = open.iter().map(|r| g.leaf(r.index)).collect();
    let index = g.fresh_index("i", &[&leaves[..], &args].concat());
    let k = g.leaf(index);
    let entries: Option<Vec<ExprId>> = args.iter().map(|&a| entry(g, a, k)).collect();
    let body = match (g.op(e), &entries?[..]) {
        (Op::SumSq, &[v]) => g.powi(v, 2),
        (Op::Dot, &[u, v]) => g.mul(&[u, v]),
        (_, &[v]) => v,
        _ => return None,
    };
    let (one, hi) = (g.int(1), g.int(n as i64));
    Some((Range { index, lo: one, hi, cond: one }, body))
}

/// Entry `k`, from 1, of a column that is computed entry by entry.
fn entry(g: &mut Graph, e: ExprId, k: ExprId) -> Option<ExprId> {
    crate::memory::deep(|| entry_of(g, e, k))
}

fn entry_of(g: &mut Graph, e: ExprId, k: ExprId) -> Option<ExprId> {
    if g.shape(e).is_scalar() {
        return Some(e);
    }
    let Shape::Vector(_) = g.shape(e) else { return None };
    let args = g.args(e).to_vec();
    let op = g.op(e);
    match op {
        Op::Fill => Some(args[0]),
        Op::Block => {
            let minus = g.int(-1);
            let at = g.add(&[args[1], k, minus]);
            Some(match g.shape(args[0]) {
                Shape::Vector(_) => g.apply(Op::Elem, &[args[0], at]),
                _ => g.apply(Op::Elem, &[args[0], at, args[2]]),
            })
        }
        Op::Comp => {
            let range = Range::of(g, e)?;
            if range.is_filtered(g) {
                return None;
            }
            let minus = g.int(-1);
            let at = g.add(&[range.lo, k, minus]);
            let index = g.leaf(range.index);
            Some(ops::substitute(g, args[Op::BINDER_BODY], &[(index, at)]))
        }
        Op::Add | Op::Mul | Op::Had => {
            let entries: Option<Vec<ExprId>> = args.iter().map(|&a| entry(g, a, k)).collect();
            Some(g.apply(if op == Op::Add { Op::Add } else { Op::Mul }, &entries?))
        }
        _ if ops::def(op).is_elementwise() => {
            let entries: Option<Vec<ExprId>> = args.iter().map(|&a| entry(g, a, k)).collect();
            Some(g.apply(op, &entries?))
        }
        Op::Symbol => Some(g.apply(Op::Elem, &[e, k])),
        _ if !g.has_unknown(e) => Some(g.apply(Op::Elem, &[e, k])),
        _ => None,
    }
}

//! Sums that scatter their terms into an array, resolved entry by entry.
//!
//! The adjoint of reading `x[i+1]` in a sum over `i` adds each term to entry
//! `i+1` of an array. Read by entry, that is the term at `i = k - 1`, where
//! this `i` lies in the range. [`scattered`] puts arrays of that form in, which
//! is how the result is shown.

use super::rewrite;
use crate::expr::{Data, ExprId, Graph, Op, SymbolId};
use crate::ops::{self, Range, coefficient, known_value};
use crate::shape::Shape;

/// The expression with scattered sums as arrays built by index.
pub fn scattered(g: &mut Graph, e: ExprId) -> ExprId {
    rewrite(g, &[e], rule)[0]
}

/// Whether an array with one entry or block is left.
pub(super) fn has_placed(g: &Graph, e: ExprId) -> bool {
    let is_placed = |&n: &ExprId| matches!(g.op(n), Op::Place | Op::PlaceBlock);
    g.reachable(&[e]).iter().any(is_placed)
}

/// The expression with what is still placed at entries as arrays built by
/// index, whatever stands around them.
pub(super) fn written(g: &mut Graph, e: ExprId) -> ExprId {
    if !has_placed(g, e) {
        return e;
    }
    rewrite(g, &[e], |g, e| match g.op(e) {
        Op::Place => by_entry(g, e),
        _ => rule(g, e),
    })[0]
}

fn rule(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    match g.op(e) {
        Op::Place => placed(g, e),
        Op::PlaceBlock => placed_block(g, e),
        Op::Sum => sum(g, e).or_else(|| sum_of_columns(g, e)),
        Op::Add => joined(g, e),
        Op::Mul => scaled(g, e),
        _ => None,
    }
}

/// The index that runs over the entries of a resolved array.
fn entry_index(g: &mut Graph, avoid: &[ExprId]) -> SymbolId {
    g.fresh_index("k", avoid)
}

/// An array built over an axis of `e`.
fn along(g: &mut Graph, e: ExprId, axis: usize, k: SymbolId, body: ExprId) -> ExprId {
    let (one, last) = (g.int(1), g.size(e, axis));
    g.bind(Op::Comp, k, one, last, one, body)
}

/// The array of a shape like that of `e`, by its entry at the indices `k` and,
/// of a matrix, `l`.
fn all_entries(g: &mut Graph, e: ExprId, [k, l]: [SymbolId; 2], entry: ExprId) -> ExprId {
    match g.shape(e) {
        Shape::Matrix(..) => {
            let row = along(g, e, 1, l, entry);
            along(g, e, 0, k, row)
        }
        _ => along(g, e, 0, k, entry),
    }
}

/// Indices for row and column, that no node mentions.
fn entry_indices(g: &mut Graph, avoid: &[ExprId]) -> [SymbolId; 2] {
    [g.fresh_index("k", avoid), g.fresh_index("l", avoid)]
}

/// An array with one entry. Under a sum of columns the sum itself is resolved.
fn placed(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let is_column = !matches!(g.shape(e), Shape::Matrix(..));
    let at = *g.args(e).get(1)?;
    let moves = is_column && !g.free_indices(at).is_empty();
    (!moves).then(|| by_entry(g, e)).flatten()
}

/// An array with one entry, built by index.
fn by_entry(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let &[value, ref place @ ..] = g.args(e) else { return None };
    let place = place.to_vec();
    let indices = entry_indices(g, &[&[value], &place[..]].concat());
    let here = is_at(g, indices, &place);
    let zero = g.int(0);
    let body = g.apply(Op::If, &[here, value, zero]);
    Some(all_entries(g, e, indices, body))
}

/// `k == i`, and in a matrix `l == j`.
fn is_at(g: &mut Graph, indices: [SymbolId; 2], place: &[ExprId]) -> ExprId {
    let mut here = g.int(1);
    for (&index, &at) in indices.iter().zip(place) {
        let leaf = g.leaf(index);
        let equal = g.apply(Op::Eq, &[leaf, at]);
        here = g.apply(Op::And, &[here, equal]);
    }
    here
}

/// An array with one block: part of a column, or a part of a matrix.
fn placed_block(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let (Data::Shape(whole), &[value, i, j]) = (g.node(e).data, g.args(e)) else { return None };
    let part = g.shape(value);
    let indices = entry_indices(g, &[value, i, j]);
    let mut inside = g.int(1);
    let mut place = Vec::new();
    for (axis, (&index, first)) in indices.iter().zip([i, j]).enumerate() {
        if axis == 1 && !matches!(whole, Shape::Matrix(..)) {
            continue;
        }
        let (size, room) = (ops::axis_length(part, axis), ops::axis_length(whole, axis));
        let at = g.leaf(index);
        let within = if size == 1 && room > 1 {
            g.apply(Op::Eq, &[at, first])
        } else if size == room {
            g.int(1)
        } else {
            let length = g.int(size as i64 - 1);
            let last = g.add(&[first, length]);
            let (low, high) = (g.apply(Op::Ge, &[at, first]), g.apply(Op::Le, &[at, last]));
            g.apply(Op::And, &[low, high])
        };
        inside = g.apply(Op::And, &[inside, within]);
        let (minus_first, one) = (g.neg(first), g.int(1));
        place.push(match size {
            1 => one,
            _ => g.add(&[at, minus_first, one]),
        });
    }
    let entry = entry_of(g, value, &place);
    let zero = g.int(0);
    let body = g.apply(Op::If, &[inside, entry, zero]);
    Some(all_entries(g, e, indices, body))
}

/// The entry of an array at a place in the whole it is a part of, read inside
/// sums and products. A column has one index.
fn entry_of(g: &mut Graph, array: ExprId, place: &[ExprId]) -> ExprId {
    let shape = g.shape(array);
    if shape.is_scalar() {
        return array;
    }
    let args = g.args(array).to_vec();
    match g.op(array) {
        Op::Add | Op::Mul | Op::Had
            if args.iter().all(|&a| g.shape(a).is_scalar() || g.shape(a) == shape) =>
        {
            let op = if g.op(array) == Op::Add { Op::Add } else { Op::Mul };
            let parts: Vec<ExprId> = args.into_iter().map(|a| entry_of(g, a, place)).collect();
            g.apply(op, &parts)
        }
        Op::Block => {
            // Entry k of x[a..b] is x[k + a - 1].
            let minus = g.int(-1);
            let axes = if matches!(shape, Shape::Matrix(..)) { 2 } else { 1 };
            let mut read = vec![args[0]];
            for axis in 0..axes {
                read.push(g.add(&[place[axis], args[1 + axis], minus]));
            }
            if axes == 1 && matches!(g.shape(args[0]), Shape::Matrix(..)) {
                read.push(args[2]);
            }
            g.apply(Op::Elem, &read)
        }
        _ => {
            let axes = if matches!(shape, Shape::Matrix(..)) { 2 } else { 1 };
            g.apply(Op::Elem, &[&[array], &place[..axes]].concat())
        }
    }
}

/// A sum of arrays built by index is one array of sums.
fn sum_of_columns(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let range = Range::of(g, e)?;
    let body = g.args(e)[Op::BINDER_BODY];
    let comp = built_by_index(g, body)?;
    let columns = Range::of(g, comp)?;
    let fixed = [columns.lo, columns.hi].iter().all(|&end| !g.depends_on(end, range.index));
    if !fixed || columns.index == range.index {
        return None;
    }
    let entry = g.args(comp)[Op::BINDER_BODY];
    let sum = range.bind(g, Op::Sum, entry);
    let sum = if g.op(sum) == Op::Sum { sum_of_columns(g, sum).unwrap_or(sum) } else { sum };
    Some(columns.bind(g, Op::Comp, sum))
}

/// A term of a sum as an array built by index: one such, with factors before
/// it, where a condition holds, or a sum of them.
fn built_by_index(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let args = g.args(e).to_vec();
    match (g.op(e), &args[..]) {
        (Op::Comp, _) => Some(e),
        (Op::If, &[cond, then, other]) => branches(g, cond, [then, other]),
        (Op::Mul, _) => scaled(g, e),
        (Op::Add, _) => {
            let parts: Option<Vec<ExprId>> = args.iter().map(|&a| built_by_index(g, a)).collect();
            let total = g.add(&parts?);
            joined(g, total)
        }
        _ => None,
    }
}

/// A branch between arrays built over the same entries, or zero.
fn branches(g: &mut Graph, cond: ExprId, arrays: [ExprId; 2]) -> Option<ExprId> {
    let mut entries = [None; 2];
    let mut range = None;
    for (array, entry) in arrays.into_iter().zip(&mut entries) {
        if g.is_zero(array) {
            continue;
        }
        let comp = built_by_index(g, array)?;
        let own = Range::of(g, comp)?;
        if range.is_some_and(|r| r != own) {
            return None;
        }
        range = Some(own);
        *entry = Some(g.args(comp)[Op::BINDER_BODY]);
    }
    let (range, shape) = (range?, g.shape(entries.iter().flatten().copied().next()?));
    let zero = g.zero(shape);
    let [then, other] = entries.map(|entry| entry.unwrap_or(zero));
    let branch = g.apply(Op::If, &[cond, then, other]);
    let branch =
        if g.op(branch) == Op::If { built_by_index(g, branch).unwrap_or(branch) } else { branch };
    Some(range.bind(g, Op::Comp, branch))
}

/// A sum over an index of terms placed at entries of a column.
fn sum(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let Shape::Vector(n) = g.shape(e) else { return None };
    let range = Range::of(g, e)?;
    let body = g.args(e)[Op::BINDER_BODY];
    if g.op(body) == Op::Add {
        let terms = g.args(body).to_vec();
        let sums: Vec<ExprId> = terms.into_iter().map(|t| range.bind(g, Op::Sum, t)).collect();
        let resolved: Option<Vec<ExprId>> = sums.into_iter().map(|s| resolved(g, s)).collect();
        return resolved.map(|parts| {
            let total = g.add(&parts);
            joined(g, total).unwrap_or(total)
        });
    }
    let (value, index) = term(g, body)?;
    // Neither body nor condition need mention the index, and the new one stands beside it.
    let own = g.leaf(range.index);
    let k = entry_index(g, &[own, body, range.lo, range.hi, range.cond]);
    let at = g.leaf(k);
    let entry = match shift(g, index, range.index) {
        Some(shift) => shifted_entry(g, range, value, at, shift, n),
        None => {
            let here = g.apply(Op::Eq, &[index, at]);
            let cond = g.apply(Op::And, &[range.cond, here]);
            g.bind(Op::Sum, range.index, range.lo, range.hi, cond, value)
        }
    };
    Some(along(g, e, 0, k, entry))
}

/// A sum over an index, perhaps with a factor in front, as a column.
fn resolved(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    match g.op(e) {
        Op::Comp => Some(e),
        Op::Sum => sum(g, e).or_else(|| sum_of_columns(g, e)),
        Op::Mul => {
            let args = g.args(e).to_vec();
            let array = *args.iter().find(|&&a| !g.shape(a).is_scalar())?;
            let column = resolved(g, array)?;
            let factors: Vec<ExprId> =
                args.into_iter().map(|a| if a == array { column } else { a }).collect();
            let product = g.mul(&factors);
            scaled(g, product).or(Some(product))
        }
        _ => None,
    }
}

/// Value and position of a term placed at one entry of a column, with the
/// factors before it.
fn term(g: &mut Graph, body: ExprId) -> Option<(ExprId, ExprId)> {
    let (mut factors, place) = match g.op(body) {
        Op::Mul => {
            let args = g.args(body).to_vec();
            let place = *args.iter().find(|&&a| g.op(a) == Op::Place)?;
            (args.into_iter().filter(|&a| a != place).collect(), place)
        }
        Op::Place => (Vec::new(), body),
        Op::If if g.is_zero(g.args(body)[2]) => {
            let (cond, then) = (g.args(body)[0], g.args(body)[1]);
            let (value, index) = term(g, then)?;
            let zero = g.int(0);
            return Some((g.apply(Op::If, &[cond, value, zero]), index));
        }
        Op::If if g.is_zero(g.args(body)[1]) => {
            let (cond, other) = (g.args(body)[0], g.args(body)[2]);
            let (value, index) = term(g, other)?;
            let zero = g.int(0);
            return Some((g.apply(Op::If, &[cond, zero, value]), index));
        }
        _ => return None,
    };
    let &[value, index] = g.args(place) else { return None };
    factors.push(value);
    Some((g.mul(&factors), index))
}

/// `c`, where the position is `i + c`.
fn shift(g: &mut Graph, position: ExprId, index: SymbolId) -> Option<ExprId> {
    let leaf = g.leaf(index);
    let rest = g.sub(position, leaf);
    (!g.depends_on(rest, index)).then_some(rest)
}

/// The term at `i = k - c`, where that lies in the range.
fn shifted_entry(
    g: &mut Graph,
    range: Range,
    value: ExprId,
    k: ExprId,
    shift: ExprId,
    n: usize,
) -> ExprId {
    let leaf = g.leaf(range.index);
    let at = g.sub(k, shift);
    let value = ops::substitute(g, value, &[(leaf, at)]);
    let cond = ops::substitute(g, range.cond, &[(leaf, at)]);
    let mut inside = g.int(1);
    let (first, last) = (g.add(&[range.lo, shift]), g.add(&[range.hi, shift]));
    if known_value(g, first).is_none_or(|v| v > 1.0) {
        inside = g.apply(Op::Ge, &[k, first]);
    }
    if known_value(g, last).is_none_or(|v| v < n as f64) {
        let high = g.apply(Op::Le, &[k, last]);
        inside = g.apply(Op::And, &[inside, high]);
    }
    let cond = ops::within(g, inside, cond);
    let zero = g.int(0);
    g.apply(Op::If, &[cond, value, zero])
}

/// A sum of arrays built over the same entries is one array.
fn joined(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let args = g.args(e).to_vec();
    let first = args.iter().copied().find_map(|a| comp_of(g, a))?;
    let range = Range::of(g, first)?;
    let mut bodies = Vec::new();
    for a in args {
        let (c, rest) = coefficient(g, a);
        if g.op(rest) != Op::Comp || Range::of(g, rest) != Some(range) {
            return None;
        }
        let c = g.number(c);
        let body = g.args(rest)[Op::BINDER_BODY];
        bodies.push(g.mul(&[c, body]));
    }
    let body = g.add(&bodies);
    let body = if g.op(body) == Op::Add { joined(g, body).unwrap_or(body) } else { body };
    Some(range.bind(g, Op::Comp, body))
}

fn comp_of(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let (_, rest) = coefficient(g, e);
    (g.op(rest) == Op::Comp).then_some(rest)
}

/// Scalar factors of a resolved array go inside.
fn scaled(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let args = g.args(e).to_vec();
    let comp = *args.iter().find(|&&a| g.op(a) == Op::Comp)?;
    let range = Range::of(g, comp)?;
    let mut factors: Vec<ExprId> = args.iter().copied().filter(|&a| a != comp).collect();
    let body = g.args(comp)[Op::BINDER_BODY];
    let numbers = factors.iter().all(|&f| g.as_num(f).is_some_and(|n| n.value().is_finite()));
    if let (true, Op::If, &[cond, then, other]) = (numbers, g.op(body), g.args(body))
        && g.shape(body).is_scalar()
        && g.is_zero(other)
    {
        factors.push(then);
        let then = g.mul(&factors);
        let body = g.apply(Op::If, &[cond, then, other]);
        return Some(range.bind(g, Op::Comp, body));
    }
    factors.push(body);
    let body = g.mul(&factors);
    let body = if g.op(body) == Op::Mul { scaled(g, body).unwrap_or(body) } else { body };
    Some(range.bind(g, Op::Comp, body))
}

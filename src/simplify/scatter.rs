//! Sums that scatter their terms into an array, resolved entry by entry.
//!
//! The adjoint of reading `x[i+1]` in a sum over `i` adds each term to entry
//! `i+1` of an array. Read by entry, that is the term at `i = k - 1`, where
//! this `i` lies in the range. [`scattered`] puts arrays of that form in, which
//! is how the result is shown.

use super::rewrite;
use crate::expr::{Data, ExprId, Graph, Num, Op, SymbolId};
use crate::ops::{self, Range, coefficient, known_value};
use crate::shape::Shape;

/// The expression with scattered sums as arrays built by index.
pub fn scattered(g: &mut Graph, e: ExprId) -> ExprId {
    rewrite(g, &[e], rule)[0]
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

fn all_entries(g: &mut Graph, n: usize, k: SymbolId, body: ExprId) -> ExprId {
    let one = g.int(1);
    let last = g.size_name(n).map_or_else(|| Num::int(n as i64), |_| Num::ZERO);
    let last = match g.size_name(n) {
        Some(name) => g.leaf(name),
        None => g.number(last),
    };
    g.bind(Op::Comp, k, one, last, one, body)
}

/// An array with one entry.
fn placed(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    if let (Data::Shape(Shape::Matrix(m, n)), &[value, i, j]) = (g.node(e).data, g.args(e)) {
        let (row, column) = (unit(g, m, i), unit(g, n, j));
        let turned = g.transpose(column);
        let matrix = g.matmul(row, turned);
        return Some(g.mul(&[value, matrix]));
    }
    let (Data::Shape(Shape::Vector(n)), &[value, index]) = (g.node(e).data, g.args(e)) else {
        return None;
    };
    // Under a sum the sum itself is resolved.
    if !g.free_indices(index).is_empty() {
        return None;
    }
    let k = entry_index(g, &[value, index]);
    let at = g.leaf(k);
    let here = g.apply(Op::Eq, &[at, index]);
    let zero = g.int(0);
    let body = g.apply(Op::If, &[here, value, zero]);
    Some(all_entries(g, n, k, body))
}

/// The `i`-th unit column of length `n`.
fn unit(g: &mut Graph, n: usize, i: ExprId) -> ExprId {
    let k = entry_index(g, &[i]);
    let at = g.leaf(k);
    let here = g.apply(Op::Eq, &[at, i]);
    let (one, zero) = (g.int(1), g.int(0));
    let body = g.apply(Op::If, &[here, one, zero]);
    all_entries(g, n, k, body)
}

/// An array with one block: part of a column, or a row or a column of a matrix.
fn placed_block(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let (Data::Shape(whole), &[value, i, j]) = (g.node(e).data, g.args(e)) else { return None };
    let part = g.shape(value);
    match (whole, part) {
        (Shape::Matrix(m, n), Shape::Matrix(1, p)) if p == n && g.is_one(j) => {
            let row = unit(g, m, i);
            Some(g.matmul(row, value))
        }
        (Shape::Matrix(m, n), Shape::Vector(p)) if p == m && g.is_one(i) => {
            let column = unit(g, n, j);
            let turned = g.transpose(column);
            Some(g.matmul(value, turned))
        }
        (Shape::Vector(n), Shape::Vector(p)) => {
            let k = entry_index(g, &[value, i]);
            let at = g.leaf(k);
            let length = g.int(p as i64 - 1);
            let last = g.add(&[i, length]);
            let (low, high) = (g.apply(Op::Ge, &[at, i]), g.apply(Op::Le, &[at, last]));
            let inside = g.apply(Op::And, &[low, high]);
            let (minus_i, one) = (g.neg(i), g.int(1));
            let position = g.add(&[at, minus_i, one]);
            let zero = g.int(0);
            let entry = entry_of(g, value, position);
            let body = g.apply(Op::If, &[inside, entry, zero]);
            Some(all_entries(g, n, k, body))
        }
        _ => None,
    }
}

/// Entry `at` of a column, read inside sums and products of columns.
fn entry_of(g: &mut Graph, column: ExprId, at: ExprId) -> ExprId {
    if g.shape(column).is_scalar() {
        return column;
    }
    let args = g.args(column).to_vec();
    match g.op(column) {
        Op::Add | Op::Mul | Op::Had => {
            let op = if g.op(column) == Op::Add { Op::Add } else { Op::Mul };
            let parts: Vec<ExprId> = args.into_iter().map(|a| entry_of(g, a, at)).collect();
            g.apply(op, &parts)
        }
        Op::Block => {
            // Entry k of x[a..b] is x[a + k - 1].
            let minus = g.int(-1);
            let position = g.add(&[at, args[1], minus]);
            match g.shape(args[0]) {
                Shape::Vector(_) => g.apply(Op::Elem, &[args[0], position]),
                _ => g.apply(Op::Elem, &[args[0], position, args[2]]),
            }
        }
        _ => g.apply(Op::Elem, &[column, at]),
    }
}

/// A sum of columns built by index is one column of sums.
fn sum_of_columns(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let range = Range::of(g, e)?;
    let body = g.args(e)[Op::BINDER_BODY];
    let comp = match g.op(body) {
        Op::Comp => body,
        _ => return None,
    };
    let columns = Range::of(g, comp)?;
    let fixed = [columns.lo, columns.hi].iter().all(|&end| !g.depends_on(end, range.index));
    if !fixed || columns.index == range.index {
        return None;
    }
    let entry = g.args(comp)[Op::BINDER_BODY];
    let sum = range.bind(g, Op::Sum, entry);
    Some(columns.bind(g, Op::Comp, sum))
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
    let k = entry_index(g, &[body, range.lo, range.hi, range.cond]);
    let at = g.leaf(k);
    let entry = match shift(g, index, range.index) {
        Some(shift) => shifted_entry(g, range, value, at, shift, n),
        None => {
            let here = g.apply(Op::Eq, &[index, at]);
            let cond = g.apply(Op::And, &[range.cond, here]);
            g.bind(Op::Sum, range.index, range.lo, range.hi, cond, value)
        }
    };
    Some(all_entries(g, n, k, entry))
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
    let mut cond = ops::substitute(g, range.cond, &[(leaf, at)]);
    let (first, last) = (g.add(&[range.lo, shift]), g.add(&[range.hi, shift]));
    if known_value(g, first).is_none_or(|v| v > 1.0) {
        let low = g.apply(Op::Ge, &[k, first]);
        cond = g.apply(Op::And, &[low, cond]);
    }
    if known_value(g, last).is_none_or(|v| v < n as f64) {
        let high = g.apply(Op::Le, &[k, last]);
        cond = g.apply(Op::And, &[cond, high]);
    }
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
    factors.push(body);
    let body = g.mul(&factors);
    Some(range.bind(g, Op::Comp, body))
}

//! Unit columns, as the derivative by an entry brings them.
//!
//! `[if k == j then 1 else 0 for k in 1..n]` picks: a matrix times it is
//! column `j`, its transpose times a matrix is row `j`, and a sum over `j` of
//! multiples of unit columns is the column of the multiples.

use super::ranges;
use crate::expr::{Data, ExprId, Graph, Op};
use crate::ops::{self, Range};
use crate::shape::Shape;

/// What a unit column is multiplied by, and its place.
fn unit(g: &Graph, e: ExprId) -> Option<(ExprId, ExprId)> {
    let range = Range::of(g, e).filter(|_| g.op(e) == Op::Comp)?;
    let body = g.args(e)[Op::BINDER_BODY];
    let &[cond, value, other] = g.args(body) else { return None };
    if g.op(body) != Op::If || g.op(cond) != Op::Eq || !g.is_zero(other) || !g.is_one(range.lo) {
        return None;
    }
    let is_index = |e: ExprId| g.as_symbol(e) == Some(range.index);
    let place = match *g.args(cond) {
        [a, b] if is_index(a) => b,
        [a, b] if is_index(b) => a,
        _ => return None,
    };
    let fixed = !g.depends_on(place, range.index) && !g.depends_on(value, range.index);
    fixed.then_some((value, place))
}

/// A product of which one factor is a unit column or a unit row.
pub(super) fn product(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let factors = g.args(e).to_vec();
    for (k, &factor) in factors.iter().enumerate() {
        let turned = g.op(factor) == Op::Transpose;
        let column = if turned { g.args(factor)[0] } else { factor };
        let Some((value, place)) = unit(g, column) else { continue };
        let range = match turned {
            true if k + 1 < factors.len() => k..k + 2,
            false if k > 0 => k - 1..k + 1,
            _ => continue,
        };
        let picked = picked(g, factors[if turned { k + 1 } else { k - 1 }], place, turned)?;
        let mut all = factors.clone();
        all.splice(range, [picked]);
        if all.iter().any(|&f| g.shape(f).is_scalar()) && all.len() > 1 {
            return None;
        }
        let product = if all.len() == 1 { all[0] } else { g.apply(Op::MatMul, &all) };
        let result = g.mul(&[value, product]);
        return (g.shape(result) == g.shape(e)).then_some(result);
    }
    None
}

/// Row or column `place` of a matrix, an entry of a column or a row.
fn picked(g: &mut Graph, of: ExprId, place: ExprId, row: bool) -> Option<ExprId> {
    let one = g.int(1);
    let (part, args) = match (g.shape(of), row) {
        (Shape::Vector(_), true) => return Some(g.apply(Op::Elem, &[of, place])),
        (Shape::Matrix(_, n), true) => (Shape::Matrix(1, n), vec![of, place, one]),
        (Shape::Matrix(1, _), false) => return Some(g.apply(Op::Elem, &[of, one, place])),
        (Shape::Matrix(m, _), false) => (Shape::Vector(m), vec![of, one, place]),
        _ => return None,
    };
    ops::build(g, Op::Block, Data::Shape(part), &args).ok()
}

/// A sum over an index of multiples of unit columns, or unit rows, whose place
/// depends on it.
pub(super) fn sum(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let range = Range::of(g, e)?;
    let body = g.args(e)[Op::BINDER_BODY];
    let factors = if g.op(body) == Op::Mul { g.args(body).to_vec() } else { vec![body] };
    let (scalars, arrays): (Vec<ExprId>, Vec<ExprId>) =
        factors.into_iter().partition(|&f| g.shape(f).is_scalar());
    let &[array] = &arrays[..] else { return None };
    let turned = g.op(array) == Op::Transpose;
    let column = if turned { g.args(array)[0] } else { array };
    let (_, place) = unit(g, column)?;
    let entries = Range::of(g, column)?;
    if !g.depends_on(place, range.index) {
        return None;
    }
    let entry = g.args(column)[Op::BINDER_BODY];
    let (cond, value) = (g.args(entry)[0], g.args(entry)[1]);
    let term = g.mul(&[&scalars[..], &[value]].concat());
    let cond = g.apply(Op::And, &[range.cond, cond]);
    let inner = Range { cond, ..range }.bind(g, Op::Sum, term);
    let inner = ranges::rule(g, inner).unwrap_or(inner);
    let found = entries.bind(g, Op::Comp, inner);
    let mut found = found;
    while let Some(next) = (g.op(found) == Op::Comp).then(|| ranges::rule(g, found)).flatten() {
        found = next;
    }
    Some(if turned { g.transpose(found) } else { found })
}

/// An entry of multiples, sums and outer products of unit columns.
pub(super) fn entry(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let array = g.args(e)[0];
    if !matches!(g.op(array), Op::Mul | Op::Add | Op::MatMul) {
        return None;
    }
    let indices = g.args(e)[1..].to_vec();
    read(g, array, &indices)
}

/// Positions that name an entry.
fn rank(g: &Graph, array: ExprId) -> usize {
    match g.shape(array) {
        Shape::Scalar => 0,
        Shape::Vector(_) => 1,
        Shape::Matrix(..) => 2,
    }
}

fn read(g: &mut Graph, array: ExprId, indices: &[ExprId]) -> Option<ExprId> {
    if g.shape(array).is_scalar() {
        return Some(array);
    }
    let args = g.args(array).to_vec();
    match g.op(array) {
        Op::Mul => {
            let parts: Option<Vec<ExprId>> = args.iter().map(|&a| read(g, a, indices)).collect();
            parts.map(|parts| g.mul(&parts))
        }
        Op::Add => {
            let parts: Option<Vec<ExprId>> = args.iter().map(|&a| read(g, a, indices)).collect();
            parts.map(|parts| g.add(&parts))
        }
        Op::MatMul => {
            let (&[column, row], &[i, j]) = (&args[..], indices) else { return None };
            let outer = g.op(column) == Op::Comp && g.op(row) == Op::Transpose;
            if !outer || g.op(g.args(row)[0]) != Op::Comp {
                return None;
            }
            let row = g.args(row)[0];
            if rank(g, column) != 1 || rank(g, row) != 1 {
                return None;
            }
            let (a, b) = (g.apply(Op::Elem, &[column, i]), g.apply(Op::Elem, &[row, j]));
            Some(g.mul(&[a, b]))
        }
        // Its entries, where so many positions name one.
        Op::Comp | Op::Block if indices.len() == rank(g, array) => {
            Some(g.apply(Op::Elem, &[&[array], indices].concat()))
        }
        _ => None,
    }
}

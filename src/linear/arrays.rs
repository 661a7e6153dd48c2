//! An array unknown: `M*x + c = 0` gives `x = inv(M)*(-c)`.
//!
//! For a column the matrix is the Jacobian in closed form; for a matrix it is
//! read from products in which the unknown is the last factor (`A*X`) or the
//! first (`X*A`). Scalar factors that all terms share are cancelled.

use super::NoSolution;
use crate::diff;
use crate::expr::{Data, ExprId, Graph, Op, SymbolId};
use crate::ops::{self, coefficient};
use crate::shape::Shape;
use crate::simplify;

/// The value of an array unknown at which a residual is zero.
pub(super) fn solve(
    g: &mut Graph,
    residual: ExprId,
    unknown: SymbolId,
) -> Result<ExprId, NoSolution> {
    let leaf = g.leaf(unknown);
    let shape = g.symbol(unknown).shape;
    let residual = simplify::expand(g, residual).map_err(|_| NoSolution::TooLarge)?;
    let zero = g.zero(shape);
    let rest = ops::substitute(g, residual, &[(leaf, zero)]);
    let right = g.neg(rest);
    let (matrix, side) = match shape {
        Shape::Vector(_) => (diff::jacobian(g, residual, unknown), End::Last),
        _ => match by_factors(g, residual, leaf) {
            Some((matrix, side)) => (Some(matrix), side),
            None => (None, End::Last),
        },
    };
    let matrix = matrix.ok_or(NoSolution::NoMatrix { unknown })?;
    let (m, n) = (g.shape(matrix).rows(), g.shape(matrix).cols());
    if m != n || g.shape(matrix).is_scalar() {
        return Err(NoSolution::NotSquare { unknown, shape: (m, n) });
    }
    let open = |g: &mut Graph, e: ExprId| simplify::expand(g, e).unwrap_or(e);
    let (matrix, right) = (open(g, matrix), open(g, right));
    let (matrix, right) = without_common_scale(g, matrix, right);
    let right = simplify::factor(g, right);
    if g.op(matrix) == Op::Eye {
        return Ok(right);
    }
    let inverse = g.apply(Op::Inv, &[matrix]);
    Ok(times_each(g, inverse, right, side))
}

/// Where the unknown stands in products.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    First,
    Last,
}

/// `inv(M)*b`, or `b*inv(M)`; scalar factors of `b` in front.
fn times_each(g: &mut Graph, inverse: ExprId, right: ExprId, side: End) -> ExprId {
    match side {
        End::Last => g.matmul(inverse, right),
        End::First => g.matmul(right, inverse),
    }
}

/// The matrix of the products in which the unknown stands at one end.
fn by_factors(g: &mut Graph, residual: ExprId, leaf: ExprId) -> Option<(ExprId, End)> {
    let terms = if g.op(residual) == Op::Add { g.args(residual).to_vec() } else { vec![residual] };
    for end in [End::Last, End::First] {
        let mut parts = Vec::new();
        for &term in &terms {
            if g.reachable(&[term]).contains(&leaf) {
                match cofactor(g, term, leaf, end) {
                    Some(part) => parts.push(part),
                    None => break,
                }
            }
        }
        let with_unknown = terms.iter().filter(|&&t| g.reachable(&[t]).contains(&leaf)).count();
        if !parts.is_empty() && parts.len() == with_unknown {
            return Some((g.add(&parts), end));
        }
    }
    None
}

/// What multiplies the unknown in a term, on its one side.
fn cofactor(g: &mut Graph, term: ExprId, leaf: ExprId, end: End) -> Option<ExprId> {
    let (scalars, array): (Vec<ExprId>, ExprId) = if g.op(term) == Op::Mul {
        let (scalars, arrays): (Vec<ExprId>, Vec<ExprId>) =
            g.args(term).iter().partition(|&&f| g.shape(f).is_scalar());
        let &[array] = &arrays[..] else { return None };
        (scalars, array)
    } else {
        (Vec::new(), term)
    };
    let shape = g.shape(leaf);
    let n = if end == End::Last { shape.rows() } else { shape.cols() };
    let matrix = if array == leaf {
        g.apply_data(Op::Eye, Data::Shape(Shape::Matrix(n, n)), &[])
    } else {
        let factors = g.args(array).to_vec();
        let (found, rest) = match end {
            End::Last => factors.split_last()?,
            End::First => factors.split_first()?,
        };
        if g.op(array) != Op::MatMul || *found != leaf {
            return None;
        }
        g.apply(Op::MatMul, rest)
    };
    let clean = !g.reachable(&[&scalars[..], &[matrix]].concat()).contains(&leaf);
    clean.then(|| g.mul(&[&scalars[..], &[matrix]].concat()))
}

/// Both divided by the number and the scalar factors that all terms share.
fn without_common_scale(g: &mut Graph, matrix: ExprId, right: ExprId) -> (ExprId, ExprId) {
    let parts = |g: &Graph, e: ExprId| match g.op(e) {
        Op::Add => g.args(e).to_vec(),
        _ => vec![e],
    };
    let all = [parts(g, matrix), parts(g, right)].concat();
    let mut shared: Option<Vec<ExprId>> = None;
    let mut number = None;
    for term in all {
        if g.is_zero(term) {
            continue;
        }
        let (c, rest) = coefficient(g, term);
        number.get_or_insert(if c.is_negative() { c.neg() } else { c });
        let factors: Vec<ExprId> = match g.op(rest) {
            Op::Mul => g.args(rest).iter().copied().filter(|&f| g.shape(f).is_scalar()).collect(),
            _ => Vec::new(),
        };
        shared = Some(match shared {
            None => factors,
            Some(before) => before.into_iter().filter(|f| factors.contains(f)).collect(),
        });
    }
    let mut inverse: Vec<ExprId> =
        shared.unwrap_or_default().into_iter().map(|f| g.powi(f, -1)).collect();
    if let Some(c) = number {
        inverse.push(g.number(c.recip()));
    }
    let scaled = |g: &mut Graph, e: ExprId| {
        let terms = parts(g, e);
        let new: Vec<ExprId> =
            terms.into_iter().map(|t| g.mul(&[&inverse[..], &[t]].concat())).collect();
        g.add(&new)
    };
    (scaled(g, matrix), scaled(g, right))
}

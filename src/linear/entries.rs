//! Systems of scalars and arrays together, entry by entry.
//!
//! Every array unknown becomes scalars, and every array of equations its entries; then exact elimination decides
//! ([`scalars`]), also whether there is a solution at all. For small systems in which no equation has the shape of an
//! unknown.

use super::NoSolution;
use super::scalars;
use super::system::Solved;
use crate::expr::{Data, ExprId, Graph, Op, Symbol, SymbolId};
use crate::ops;
use crate::shape::Shape;

/// More unknowns, each entry counted, are not eliminated by entries; nor more equations.
const MAX_ENTRIES: usize = 12;

/// The unknowns with their values, or why there are none; `None` where the system is too large for this.
pub(super) fn solve(
    g: &mut Graph,
    residuals: &[ExprId],
    unknowns: &[SymbolId],
) -> Option<Result<Solved, NoSolution>> {
    let many = |lens: &mut dyn Iterator<Item = usize>| lens.fold(0, usize::saturating_add);
    let n_unknown = many(&mut unknowns.iter().map(|&u| g.symbol(u).shape.len()));
    let n_equations = many(&mut residuals.iter().map(|&r| g.shape(r).len()));
    if n_unknown > MAX_ENTRIES || n_equations > 2 * MAX_ENTRIES {
        return None;
    }
    let (mut scalars, mut arrays) = (Vec::new(), Vec::new());
    for &unknown in unknowns {
        let own = parts(g, unknown);
        let cells: Vec<ExprId> = own.iter().map(|&s| g.leaf(s)).collect();
        arrays.push((unknown, in_shape(g, g.symbol(unknown).shape, &cells)));
        scalars.extend(own);
    }
    let whole: Vec<(ExprId, ExprId)> = arrays.iter().map(|&(u, e)| (g.leaf(u), e)).collect();
    let mut equations = Vec::new();
    for &residual in residuals {
        let residual = ops::substitute(g, residual, &whole);
        equations.extend(entries_of(g, residual));
    }
    let values = match scalars::solve(g, &equations, &scalars) {
        Ok(values) => values,
        Err(why) => return Some(Err(why)),
    };
    let found: Vec<(ExprId, ExprId)> =
        scalars.iter().zip(&values).map(|(&s, &v)| (g.leaf(s), v)).collect();
    let solved = arrays.into_iter().map(|(u, e)| (u, ops::substitute(g, e, &found))).collect();
    Some(Ok(solved))
}

/// A scalar for every entry of an unknown, under the name of the entry.
fn parts(g: &mut Graph, unknown: SymbolId) -> Vec<SymbolId> {
    let (name, shape) = (g.symbol(unknown).name.clone(), g.symbol(unknown).shape);
    let named = |k: usize| match shape {
        Shape::Scalar => name.clone(),
        Shape::Vector(_) => format!("{name}[{}]", k + 1),
        Shape::Matrix(_, n) => format!("{name}[{}, {}]", k / n + 1, k % n + 1),
    };
    (0..shape.len()).map(|k| g.declare(Symbol::unknown(&named(k), Shape::Scalar))).collect()
}

fn in_shape(g: &mut Graph, shape: Shape, cells: &[ExprId]) -> ExprId {
    match (shape, cells) {
        (Shape::Scalar, &[only]) => only,
        _ => g.apply_data(Op::Stack, Data::Shape(shape), cells),
    }
}

/// The entries of an array, row by row.
fn entries_of(g: &mut Graph, e: ExprId) -> Vec<ExprId> {
    let shape = g.shape(e);
    let mut entry = |at: &[usize]| {
        let indices: Vec<ExprId> = at.iter().map(|&i| g.int(i as i64)).collect();
        g.apply(Op::Elem, &[&[e], &indices[..]].concat())
    };
    match shape {
        Shape::Scalar => vec![e],
        Shape::Vector(n) => (1..=n).map(|i| entry(&[i])).collect(),
        Shape::Matrix(m, n) => {
            (1..=m).flat_map(|i| (1..=n).map(move |j| [i, j])).map(|at| entry(&at)).collect()
        }
    }
}

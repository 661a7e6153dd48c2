//! Symmetric matrices that a program computes in parts, and where the parts lie.
//!
//! In comes an objective with its unknowns; out come expressions for its Hessian in closed form, a block for every
//! pair of unknowns, and the layout by which a matrix is filled from their values. The Gauss-Newton matrix of
//! residuals is laid out in the same way.

use nalgebra::DMatrix;

use crate::diff;
use crate::expr::{ExprId, Graph, Op, SymbolId};
use crate::simplify;

/// Problems of at most this many scalar unknowns have a Hessian entry by entry.
pub(crate) const MAX_SYMBOLIC_HESSIAN: usize = 40;
/// Bytes that a Hessian may take.
pub(crate) const MAX_BYTES: usize = 1 << 30;

/// More unknowns, each scalar or column counted once, are not written by pairs.
const MAX_UNKNOWNS: usize = 12;

/// The place of a block in a symmetric matrix; its values are stored row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    row: usize,
    column: usize,
    rows: usize,
    columns: usize,
}

/// How the entries of a symmetric matrix follow one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// The lower triangle, row by row.
    LowerTriangle,
    /// Blocks on the diagonal and on one side of it, one after the other.
    Blocks(Vec<Block>),
}

impl Layout {
    /// Fills both triangles of `h` from the entries.
    pub fn fill(&self, entries: &[f64], h: &mut DMatrix<f64>) {
        let (n, mut next) = (h.nrows(), entries.iter());
        let mut set = |i: usize, j: usize| {
            if let Some(&entry) = next.next() {
                h[(i, j)] = entry;
                h[(j, i)] = entry;
            }
        };
        match self {
            Layout::LowerTriangle => {
                (0..n).for_each(|i| (0..=i).for_each(|j| set(i, j)));
            }
            Layout::Blocks(blocks) => {
                for b in blocks {
                    for i in b.row..b.row + b.rows {
                        (b.column..b.column + b.columns).for_each(|j| set(i, j));
                    }
                }
            }
        }
    }
}

/// The Hessian of `f` by scalars and columns of unknowns as matrix expressions; `None` where it has no closed form
/// that is worth computing.
pub(crate) fn closed_form(
    g: &mut Graph,
    f: ExprId,
    vars: &[SymbolId],
    plain: bool,
) -> Option<(Layout, Vec<ExprId>)> {
    if vars.len() > MAX_UNKNOWNS {
        return None;
    }
    let gradient = diff::gradient(g, f, vars);
    let sizes: Vec<usize> = vars.iter().map(|&v| g.symbol(v).shape.len()).collect();
    let starts: Vec<usize> = (0..vars.len()).map(|k| sizes[..k].iter().sum()).collect();
    let (mut blocks, mut exprs) = (Vec::new(), Vec::new());
    for i in 0..vars.len() {
        for j in 0..=i {
            // A derivative by a scalar is shorter than one by a column.
            let (i, j) = if g.symbol(vars[i]).shape.is_scalar() { (j, i) } else { (i, j) };
            let matrix = diff::jacobian(g, gradient[i], vars[j])?;
            let block =
                Block { row: starts[i], column: starts[j], rows: sizes[i], columns: sizes[j] };
            (g.shape(matrix).len() == block.rows * block.columns).then_some(())?;
            blocks.push(block);
            exprs.push(matrix);
        }
    }
    let exprs = simplify::stable(g, &exprs);
    let exprs = simplify::without_large_sums(g, &exprs);
    // A matrix written out by two indices with conditions costs more than products with directions.
    if g.reachable(&exprs).into_iter().any(|e| matches!(g.op(e), Op::Comp | Op::If)) {
        return None;
    }
    // Kernels do not form a diagonal matrix that is a factor; the evaluator does.
    let formed = |e: &ExprId| plain || g.op(*e) != Op::Diag;
    let largest = g.reachable(&exprs).into_iter().filter(formed);
    let largest = largest.map(|e| g.shape(e).len()).max().unwrap_or(0);
    (largest <= MAX_BYTES / 8).then_some((Layout::Blocks(blocks), exprs))
}

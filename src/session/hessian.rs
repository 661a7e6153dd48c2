//! The form in which an objective's Hessian is computed, chosen from its structure.

use std::sync::Arc;
use std::time::Instant;

use super::program::{Engine, Program, Times};
use crate::diff;
use crate::expr::{ExprId, Graph, SymbolId};
use crate::problem::SymmetricPattern;
use crate::simplify;

/// Problems of at most this many scalar unknowns have a Hessian entry by entry.
pub(super) const MAX_SYMBOLIC_HESSIAN: usize = 40;
/// Bytes that a Hessian may take.
pub(super) const MAX_BYTES: usize = 1 << 30;

/// How a Hessian is computed.
pub(super) enum HessianForm {
    /// By scalar unknowns: the lower triangle, row by row.
    Entries(Program),
    /// By one column of unknowns: a matrix in closed form.
    Matrix(Program),
    /// Few entries, from the bodies of indexed sums.
    Sparse(Arc<SymmetricPattern>, Program),
    /// None of these: products with unit directions.
    Columns,
}

/// A Hessian that is ready to be computed.
pub(super) struct Hessian {
    pub form: HessianForm,
    /// What its program computes.
    pub exprs: Vec<ExprId>,
    /// Entries of both triangles that may differ from zero.
    pub nnz: usize,
}

impl Hessian {
    /// The program that computes it at once, if there is one.
    pub fn program(&self) -> Option<&Program> {
        match &self.form {
            HessianForm::Entries(p) | HessianForm::Matrix(p) | HessianForm::Sparse(_, p) => Some(p),
            HessianForm::Columns => None,
        }
    }
}

/// The lower triangle of the Hessian by scalar unknowns, row by row.
pub(super) fn lower_triangle(g: &mut Graph, f: ExprId, vars: &[SymbolId]) -> Vec<ExprId> {
    let gradient = diff::gradient(g, f, vars);
    let rows = diff::hessian_of_scalars(g, &gradient, vars);
    let lower: Vec<ExprId> =
        rows.iter().enumerate().flat_map(|(i, row)| row[..=i].to_vec()).collect();
    simplify::stable(g, &lower)
}

/// Entries of both triangles that are not zero everywhere, from those of the lower one.
pub(super) fn count_nonzero(g: &Graph, lower: &[ExprId]) -> usize {
    let (mut count, mut k) = (0, 0);
    for i in 0.. {
        for j in 0..=i {
            let Some(&entry) = lower.get(k) else { return count };
            if !g.is_zero(entry) {
                count += if i == j { 1 } else { 2 };
            }
            k += 1;
        }
    }
    count
}

/// The Hessian by one column of unknowns as a matrix expression.
pub(super) fn closed_form(g: &mut Graph, f: ExprId, vars: &[SymbolId]) -> Option<ExprId> {
    let &[unknown] = vars else { return None };
    let gradient = diff::gradient(g, f, &[unknown]);
    let matrix = diff::jacobian(g, gradient[0], unknown)?;
    let n = g.symbol(unknown).shape.len();
    let square = g.shape(matrix).rows() == n && g.shape(matrix).cols() == n;
    square.then(|| simplify::stable(g, &[matrix])[0])
}

/// Chooses the form.
pub(super) fn choose(
    g: &mut Graph,
    engine: &Engine,
    f: ExprId,
    vars: &[SymbolId],
    times: &mut Times,
) -> Hessian {
    let n: usize = vars.iter().map(|&v| g.symbol(v).shape.len()).sum();
    let scalar = vars.iter().all(|&v| g.symbol(v).shape.is_scalar());
    let started = Instant::now();
    if scalar && n <= MAX_SYMBOLIC_HESSIAN {
        let exprs = lower_triangle(g, f, vars);
        let nnz = count_nonzero(g, &exprs);
        times.differentiate += started.elapsed();
        let form = HessianForm::Entries(Program::new(g, engine, &exprs, vars, times));
        return Hessian { form, exprs, nnz };
    }
    let fits = n.checked_mul(n).and_then(|n| n.checked_mul(8)).is_some_and(|b| b <= MAX_BYTES);
    let closed = if fits { closed_form(g, f, vars) } else { None };
    times.differentiate += started.elapsed();
    let nnz = n.saturating_mul(n);
    let Some(matrix) = closed else {
        return Hessian { form: HessianForm::Columns, exprs: Vec::new(), nnz };
    };
    let form = HessianForm::Matrix(Program::new(g, engine, &[matrix], vars, times));
    Hessian { form, exprs: vec![matrix], nnz }
}

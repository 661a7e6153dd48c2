//! A system: which equation gives which unknown.

use super::{arrays, scalars};
use crate::expr::{ExprId, Graph, SymbolId};
use crate::ops;
use crate::poly::Ring;
use crate::simplify;

/// Why there is no closed form.
#[derive(Clone, Debug, PartialEq)]
pub enum NoSolution {
    /// A term that is not linear in the unknowns.
    NotLinear {
        /// The unknown.
        unknown: SymbolId,
        /// The term.
        term: ExprId,
    },
    /// The equations say different things: no values satisfy all.
    Contradiction,
    /// Some unknowns may be chosen freely.
    Undetermined {
        /// One of them.
        unknown: SymbolId,
    },
    /// The unknown does not occur in any equation that is left.
    Absent {
        /// The unknown.
        unknown: SymbolId,
    },
    /// The matrix of an array unknown is not square.
    NotSquare {
        /// The unknown.
        unknown: SymbolId,
        /// Rows and columns of the matrix.
        shape: (usize, usize),
    },
    /// The matrix of an array unknown has no closed form.
    NoMatrix {
        /// The unknown.
        unknown: SymbolId,
    },
    /// Too large to be solved symbolically.
    TooLarge,
}

/// Values of the unknowns at which all residuals are zero, in their order.
pub fn solve(
    g: &mut Graph,
    residuals: &[ExprId],
    unknowns: &[SymbolId],
) -> Result<Vec<ExprId>, NoSolution> {
    if let Err(reason) = verify_linear(g, residuals, unknowns) {
        // `1/x == 2` is linear once it is multiplied by `x`.
        return match cleared(g, residuals) {
            Some(new) if verify_linear(g, &new, unknowns).is_ok() => solve(g, &new, unknowns),
            _ => Err(reason),
        };
    }
    let scalar = |g: &Graph, e: ExprId| g.shape(e).is_scalar();
    if residuals.iter().all(|&r| scalar(g, r))
        && unknowns.iter().all(|&u| g.symbol(u).shape.is_scalar())
    {
        return scalars::solve(g, residuals, unknowns);
    }
    by_substitution(g, residuals, unknowns)
}

/// The numerators of scalar residuals; `None` where none has a denominator.
fn cleared(g: &mut Graph, residuals: &[ExprId]) -> Option<Vec<ExprId>> {
    let mut any = false;
    let mut found = Vec::new();
    for &residual in residuals {
        let (ring, fraction) = Ring::read(g, residual)?;
        any |= fraction.den.as_constant().is_none();
        found.push(ring.write(g, &fraction.num));
    }
    any.then_some(found)
}

/// Solves one equation after the other, scalar unknowns first, and puts each
/// solution into the equations that are left.
fn by_substitution(
    g: &mut Graph,
    residuals: &[ExprId],
    unknowns: &[SymbolId],
) -> Result<Vec<ExprId>, NoSolution> {
    let mut left = residuals.to_vec();
    let mut order = unknowns.to_vec();
    order.sort_by_key(|&u| !g.symbol(u).shape.is_scalar());
    let mut solved: Vec<(SymbolId, ExprId)> = Vec::new();
    for unknown in order {
        let leaf = g.leaf(unknown);
        let shape = g.symbol(unknown).shape;
        let fits = |g: &Graph, r: ExprId| {
            g.shape(r).is_scalar() == shape.is_scalar() && g.reachable(&[r]).contains(&leaf)
        };
        let Some(at) = left.iter().position(|&r| fits(g, r)) else {
            return Err(NoSolution::Absent { unknown });
        };
        let residual = left.remove(at);
        let value = if shape.is_scalar() {
            scalars::solve(g, &[residual], &[unknown])?[0]
        } else {
            arrays::solve(g, residual, unknown)?
        };
        for r in &mut left {
            *r = ops::substitute(g, *r, &[(leaf, value)]);
        }
        for (_, before) in &mut solved {
            *before = ops::substitute(g, *before, &[(leaf, value)]);
        }
        solved.push((unknown, value));
    }
    if !left.iter().all(|&r| vanishes(g, r)) {
        return Err(NoSolution::Contradiction);
    }
    let value = |u: &SymbolId| solved.iter().find(|(s, _)| s == u).map(|(_, v)| *v);
    unknowns.iter().map(|u| value(u).ok_or(NoSolution::Absent { unknown: *u })).collect()
}

fn vanishes(g: &mut Graph, e: ExprId) -> bool {
    simplify::expand_all(g, e).is_ok_and(|e| g.is_zero(e))
}

/// Every second derivative by the unknowns is zero; else the term at fault.
fn verify_linear(
    g: &mut Graph,
    residuals: &[ExprId],
    unknowns: &[SymbolId],
) -> Result<(), NoSolution> {
    let leaves: Vec<ExprId> = unknowns.iter().map(|&u| g.leaf(u)).collect();
    for &residual in residuals {
        let expanded = simplify::expand_all(g, residual).map_err(|_| NoSolution::TooLarge)?;
        let terms = match g.op(expanded) {
            crate::expr::Op::Add => g.args(expanded).to_vec(),
            _ => vec![expanded],
        };
        for term in terms {
            if let Some(unknown) = curved(g, term, unknowns, &leaves) {
                return Err(NoSolution::NotLinear { unknown, term });
            }
        }
    }
    Ok(())
}

/// An unknown by which the derivative of a term still depends on an unknown.
fn curved(
    g: &mut Graph,
    term: ExprId,
    unknowns: &[SymbolId],
    leaves: &[ExprId],
) -> Option<SymbolId> {
    let shape = g.shape(term);
    for (&unknown, &leaf) in unknowns.iter().zip(leaves) {
        if !g.reachable(&[term]).contains(&leaf) {
            continue;
        }
        // The change of the term along a fixed direction.
        let moved = g.symbol(unknown).shape;
        let one = g.int(1);
        let direction = g.fill(moved, one);
        let change = crate::diff::tangent(g, &[term], &[(unknown, direction)])[0];
        let change = if shape.is_scalar() { simplify::simplify(g, change) } else { change };
        if g.reachable(&[change]).iter().any(|e| leaves.contains(e)) {
            return Some(unknown);
        }
    }
    None
}

//! A system: which equation gives which unknown.

use super::{arrays, entries, scalars};
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

/// Solves one equation after the other and puts each solution into the equations that are left; where no order of
/// that kind leads to an end, entry by entry.
fn by_substitution(
    g: &mut Graph,
    residuals: &[ExprId],
    unknowns: &[SymbolId],
) -> Result<Vec<ExprId>, NoSolution> {
    let mut order = unknowns.to_vec();
    order.sort_by_key(|&u| !g.symbol(u).shape.is_scalar());
    let mut search = Elimination { tries: MAX_TRIES, singular: None, why: None };
    let found = match search.eliminate(g, residuals, &order, &[]) {
        Some(solved) => Ok(solved),
        // Of one unknown the first reason says more.
        None => match entries::solve(g, residuals, unknowns).filter(|_| unknowns.len() > 1) {
            Some(outcome) => outcome,
            None => search.singular.ok_or(search.why.unwrap_or(NoSolution::TooLarge)),
        },
    };
    let solved = found?;
    let value = |u: &SymbolId| solved.iter().find(|(s, _)| s == u).map(|(_, v)| *v);
    unknowns.iter().map(|u| value(u).ok_or(NoSolution::Absent { unknown: *u })).collect()
}

/// Unknowns with their values.
pub(super) type Solved = Vec<(SymbolId, ExprId)>;

/// Equations that are solved for one unknown, over all orders, at most.
const MAX_TRIES: usize = 40;
/// A value beyond this comes from a matrix that is singular up to rounding.
const LARGEST: f64 = 1e13;

/// The search for an order in which each equation can be solved for one unknown.
struct Elimination {
    tries: usize,
    /// A solution that is not finite for the values at hand, because something on its way was singular.
    singular: Option<Solved>,
    /// Why the first order failed.
    why: Option<NoSolution>,
}

impl Elimination {
    /// The values of the unknowns in `open`, beside those in `solved`; scalars first, in the order in which they come.
    fn eliminate(
        &mut self,
        g: &mut Graph,
        left: &[ExprId],
        open: &[SymbolId],
        solved: &[(SymbolId, ExprId)],
    ) -> Option<Solved> {
        if open.is_empty() {
            return self.finished(g, left, solved);
        }
        let mut any = false;
        for (k, &unknown) in open.iter().enumerate() {
            let leaf = g.leaf(unknown);
            let shape = g.symbol(unknown).shape;
            for (at, &residual) in left.iter().enumerate() {
                let fits = g.shape(residual).is_scalar() == shape.is_scalar()
                    && g.reachable(&[residual]).contains(&leaf);
                if !fits {
                    continue;
                }
                any = true;
                self.tries = self.tries.checked_sub(1)?;
                let value = match for_one(g, residual, unknown) {
                    Ok(value) => value,
                    Err(why) => {
                        self.why.get_or_insert(why);
                        continue;
                    }
                };
                let put_in = |g: &mut Graph, e: ExprId| ops::substitute(g, e, &[(leaf, value)]);
                let mut rest = left.to_vec();
                rest.remove(at);
                rest.iter_mut().for_each(|r| *r = put_in(g, *r));
                let mut values = solved.to_vec();
                values.iter_mut().for_each(|(_, v)| *v = put_in(g, *v));
                values.push((unknown, value));
                let others = [&open[..k], &open[k + 1..]].concat();
                let found = self.eliminate(g, &rest, &others, &values);
                if found.is_some() {
                    return found;
                }
            }
        }
        if !any {
            self.why.get_or_insert(NoSolution::Absent { unknown: open[0] });
        }
        None
    }

    /// The solution, where the equations that are left hold and its values are finite.
    fn finished(
        &mut self,
        g: &mut Graph,
        left: &[ExprId],
        solved: &[(SymbolId, ExprId)],
    ) -> Option<Solved> {
        if !left.iter().all(|&r| vanishes(g, r)) {
            self.why.get_or_insert(NoSolution::Contradiction);
            return None;
        }
        let is_finite = |v: ExprId| match crate::eval::evaluate_known(g, v) {
            Ok(value) => value.data().iter().all(|v| v.abs() <= LARGEST),
            Err(_) => true,
        };
        if solved.iter().all(|&(_, v)| g.has_unknown(v) || is_finite(v)) {
            return Some(solved.to_vec());
        }
        self.singular.get_or_insert(solved.to_vec());
        None
    }
}

fn for_one(g: &mut Graph, residual: ExprId, unknown: SymbolId) -> Result<ExprId, NoSolution> {
    if g.symbol(unknown).shape.is_scalar() {
        Ok(scalars::solve(g, &[residual], &[unknown])?[0])
    } else {
        arrays::solve(g, residual, unknown)
    }
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

//! Derivatives, on the graph.
//!
//! In: an expression and the unknowns to differentiate by. Out: expressions.
//! Gradients are taken in reverse ([`gradient`]), so that they share the
//! objective's nodes and cost a small multiple of it (Baur & Strassen 1983;
//! Griewank & Walther, Evaluating Derivatives, ch. 3); directional derivatives
//! forwards ([`tangent`]). Both apply the rules of the operator table and know
//! no operator by themselves but those that open a scope: binders and `if`.
//!
//! Layout: a gradient has the shape of the unknown.

mod elements;
mod forward;
mod indexed;
mod linear;
mod reverse;
mod scope;
mod series;
mod taylor;

pub use elements::{Banded, Element, Pair, Read, banded, elements};
pub(crate) use forward::step;
pub use forward::tangent;
pub use linear::{along, jacobian};
pub use reverse::gradient;
pub(crate) use reverse::{adjoint, seed_of_body};
pub use taylor::{NoTaylor, taylor};

use crate::expr::{ExprId, Graph, SymbolId};

/// The second derivatives of a scalar by pairs of scalar unknowns, row by row,
/// the lower triangle equal to the upper one.
///
/// `gradient` are the derivatives of the objective by `unknowns`, in order.
/// Cost: one forward sweep over the gradient for every unknown.
pub fn hessian_of_scalars(
    g: &mut Graph,
    gradient: &[ExprId],
    unknowns: &[SymbolId],
) -> Vec<Vec<ExprId>> {
    let n = unknowns.len();
    let one = g.int(1);
    let mut rows = vec![vec![one; n]; n];
    for j in 0..n {
        let column = tangent(g, &gradient[j..], &[(unknowns[j], one)]);
        for (i, &entry) in (j..n).zip(&column) {
            rows[i][j] = entry;
            rows[j][i] = entry;
        }
    }
    rows
}

/// The product of the Hessian with a direction: for each unknown, the change
/// of its gradient when every unknown moves along its direction.
pub fn hessian_times(
    g: &mut Graph,
    gradient: &[ExprId],
    directions: &[(SymbolId, ExprId)],
) -> Vec<ExprId> {
    tangent(g, gradient, directions)
}

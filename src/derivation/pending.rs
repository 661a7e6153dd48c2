//! Derivatives not yet taken: making, finding and replacing them.

use rustc_hash::{FxHashMap, FxHashSet};

use super::affine::{Degree, degree, depends, is_polynomial};
use crate::diff;
use crate::expr::{Data, ExprId, Graph, Op, Symbol, SymbolId};
use crate::ops;
use crate::shape::Shape;

/// A derivative not yet taken in an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Site {
    /// The node to replace: `diff(of, x)`, or `jac(of, x)'*weights`.
    pub node: ExprId,
    /// What is differentiated.
    pub of: ExprId,
    /// The weights, where there are some.
    pub weights: Option<ExprId>,
}

/// `diff(e, x)` as it is written, whatever `e` is.
pub(super) fn unresolved(g: &mut Graph, e: ExprId, x: SymbolId) -> ExprId {
    let leaf = g.leaf(x);
    g.apply(Op::Diff, &[e, leaf])
}

/// `diff(e, x)`, where there is something left to do: constants give zero, the
/// unknown itself one, and numbers added to what needs a rule of its own
/// vanish. One of `e` and `x` is a scalar.
pub(super) fn later(g: &mut Graph, e: ExprId, x: SymbolId) -> ExprId {
    if !depends(g, e, x) {
        let of = g.shape(e);
        let shape = if of.is_scalar() { g.symbol(x).shape } else { of };
        return g.zero(shape);
    }
    if g.as_symbol(e) == Some(x) {
        return g.int(1);
    }
    if g.op(e) == Op::Add && degree(g, e, x) == Degree::Other && !is_polynomial(g, e, x) {
        let rest: Vec<ExprId> =
            g.args(e).iter().copied().filter(|&t| g.as_num(t).is_none()).collect();
        if let [only] = rest[..]
            && g.shape(only) == g.shape(e)
        {
            return later(g, only, x);
        }
    }
    unresolved(g, e, x)
}

/// `jac(e, x)'*weights` for an array `e` and an array `x`: what a change of
/// `x` does to the sum of entries of `e`, each with its weight. Where the
/// language has no notation for that, the derivative is taken at once.
pub(super) fn weighted(g: &mut Graph, weights: ExprId, e: ExprId, x: SymbolId) -> ExprId {
    if g.as_symbol(e) == Some(x) {
        return weights;
    }
    if !has_jacobian(g, e, x) || !depends(g, e, x) {
        return taken(g, weights, e, x);
    }
    let (scale, weights) = unscaled(g, weights);
    let jacobian = unresolved(g, e, x);
    let turned = g.transpose(jacobian);
    let product = g.matmul(turned, weights);
    g.mul(&[scale, product])
}

/// Whether `jac(e, x)` is a matrix that gives a column where its transpose is multiplied by one.
pub(super) fn has_jacobian(g: &Graph, e: ExprId, x: SymbolId) -> bool {
    // With one column, its transpose times weights is a row times a column: a scalar, and not the column that is wanted.
    matches!((g.shape(e), g.symbol(x).shape), (Shape::Vector(_), Shape::Vector(n)) if n != 1)
}

/// A scale and the weights without it: `1/n*ones(n)` for `1/n` everywhere.
fn unscaled(g: &mut Graph, weights: ExprId) -> (ExprId, ExprId) {
    let one = g.int(1);
    match (g.op(weights), g.node(weights).data) {
        (Op::Fill, Data::Shape(shape)) => {
            let value = g.args(weights)[0];
            (value, g.fill(shape, one))
        }
        _ => (one, weights),
    }
}

/// [`weighted`], with the derivative taken by reverse mode.
pub(super) fn taken(g: &mut Graph, weights: ExprId, e: ExprId, x: SymbolId) -> ExprId {
    // The weights may depend on x, but do not move: a name stands for them.
    let shape = g.shape(e);
    let name = g.declare(Symbol::unknown("weights", shape));
    let held = g.leaf(name);
    let product = g.apply(Op::Dot, &[held, e]);
    let gradient = diff::gradient(g, product, &[x])[0];
    ops::substitute(g, gradient, &[(held, weights)])
}

/// The derivatives not yet taken in an expression, in the order in which they
/// are written. They stand as factors of terms only, never in weights.
pub(super) fn sites(g: &mut Graph, root: ExprId) -> Vec<Site> {
    let mut seen = FxHashSet::default();
    let mut stack = vec![root];
    let mut found = Vec::new();
    while let Some(e) = stack.pop() {
        if !seen.insert(e) {
            continue;
        }
        match site(g, e) {
            Some(site) => found.push(site),
            None => stack.extend(g.args(e).iter().rev()),
        }
    }
    found
}

fn site(g: &mut Graph, e: ExprId) -> Option<Site> {
    let args = g.args(e).to_vec();
    match g.op(e) {
        Op::Diff => Some(Site { node: e, of: args[0], weights: None }),
        Op::MatMul if g.op(args[0]) == Op::Transpose => {
            let inner = g.args(args[0])[0];
            // The transposed derivative of a matrix by a scalar has no weights beside it.
            let is_jacobian = g.op(inner) == Op::Diff
                && g.args(inner).iter().all(|&a| matches!(g.shape(a), Shape::Vector(_)));
            is_jacobian.then_some(())?;
            let weights = g.apply(Op::MatMul, &args[1..]);
            Some(Site { node: e, of: g.args(inner)[0], weights: Some(weights) })
        }
        _ => None,
    }
}

/// The expression with nodes replaced. Unlike a substitution this keeps bound
/// indices: what is put in may hold those that are open where it stands.
pub(super) fn replaced(g: &mut Graph, root: ExprId, map: &FxHashMap<ExprId, ExprId>) -> ExprId {
    let mut new: FxHashMap<ExprId, ExprId> = FxHashMap::default();
    for e in g.reachable(&[root]) {
        let to = match map.get(&e) {
            Some(&to) => to,
            None => {
                let args: Vec<ExprId> = g.args(e).iter().map(|a| new[a]).collect();
                ops::rebuild(g, e, &args)
            }
        };
        new.insert(e, to);
    }
    new[&root]
}

/// The expression with every derivative taken.
pub(super) fn resolved(g: &mut Graph, root: ExprId, x: SymbolId) -> ExprId {
    let mut map = FxHashMap::default();
    for site in sites(g, root) {
        let value = value_of(g, site, x);
        map.insert(site.node, value);
    }
    replaced(g, root, &map)
}

/// The derivative of a site, by the engine.
pub(super) fn value_of(g: &mut Graph, site: Site, x: SymbolId) -> ExprId {
    match site.weights {
        Some(weights) => taken(g, weights, site.of, x),
        None if g.shape(site.of).is_scalar() => diff::gradient(g, site.of, &[x])[0],
        None => {
            let one = g.int(1);
            diff::tangent(g, &[site.of], &[(x, one)])[0]
        }
    }
}

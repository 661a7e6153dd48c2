//! Rebuilding nodes: substitution, and the one pass that all rewriting shares.

use rustc_hash::FxHashMap;

use super::build;
use crate::expr::{Data, ExprId, Graph, Op, SymbolId};

/// The node again over other arguments, through the builder, so that the
/// identities apply to the new arguments.
pub fn rebuild(g: &mut Graph, e: ExprId, args: &[ExprId]) -> ExprId {
    let node = g.node(e);
    if node.args == args {
        return e;
    }
    let (op, data) = (node.op, node.data);
    build(g, op, data, args)
        .unwrap_or_else(|error| panic!("a rewritten {op:?} does not fit: {error}"))
}

/// `e` with nodes replaced: each `(from, to)` at once. Free indices of the
/// replacements stay free: a binder in `e` that binds one of them is renamed.
/// Cost: linear in the graph below `e`.
pub fn substitute(g: &mut Graph, e: ExprId, pairs: &[(ExprId, ExprId)]) -> ExprId {
    let mut map: FxHashMap<ExprId, ExprId> = pairs.iter().copied().collect();
    let foreign: Vec<SymbolId> =
        pairs.iter().flat_map(|(_, to)| g.free_indices(*to).to_vec()).collect();
    // Below a replaced node nothing needs a visit.
    for e in affected(g, e, &map) {
        let captured = g.bound_index(e).filter(|i| foreign.contains(i));
        let args: Vec<ExprId> =
            g.args(e).iter().map(|a| map.get(a).copied().unwrap_or(*a)).collect();
        let hidden = g
            .bound_index(e)
            .map(|i| g.leaf(i))
            .filter(|leaf| pairs.iter().any(|(from, _)| from == leaf));
        let new = match captured {
            _ if hidden.is_some() => substitute_around(g, e, &args, hidden, pairs),
            Some(index) if args != g.args(e) => rename_and_substitute(g, e, index, pairs),
            _ => rebuild(g, e, &args),
        };
        map.insert(e, new);
    }
    map.get(&e).copied().unwrap_or(e)
}

/// Substitutes into a binder that binds the `hidden` leaf itself: inside its
/// scope that leaf is another one.
fn substitute_around(g: &mut Graph, binder: ExprId, mapped: &[ExprId], hidden: Option<ExprId>, pairs: &[(ExprId, ExprId)]) -> ExprId {
    let others: Vec<_> = pairs.iter().copied().filter(|(from, _)| Some(*from) != hidden).collect();
    let mut args = g.args(binder).to_vec();
    args[..Op::BINDER_COND].copy_from_slice(&mapped[..Op::BINDER_COND]);
    for arg in args[Op::BINDER_COND..].iter_mut().filter(|_| !others.is_empty()) {
        *arg = substitute(g, *arg, &others);
    }
    rebuild(g, binder, &args)
}

/// The nodes below `root` that change, arguments first.
fn affected(g: &Graph, root: ExprId, map: &FxHashMap<ExprId, ExprId>) -> Vec<ExprId> {
    let Some(oldest) = map.keys().min().copied() else { return Vec::new() };
    let mut seen = rustc_hash::FxHashSet::default();
    let mut stack = vec![root];
    let mut order = Vec::new();
    while let Some(e) = stack.pop() {
        if e > oldest && !map.contains_key(&e) && seen.insert(e) {
            order.push(e);
            stack.extend_from_slice(g.args(e));
        }
    }
    order.sort_unstable();
    order
}

/// Substitutes into a binder whose index occurs free in a replacement.
fn rename_and_substitute(
    g: &mut Graph,
    binder: ExprId,
    index: SymbolId,
    pairs: &[(ExprId, ExprId)],
) -> ExprId {
    let name = g.symbol(index).name.clone();
    let mut avoid = vec![binder];
    avoid.extend(pairs.iter().map(|(_, to)| *to));
    let fresh = g.fresh_index(&name, &avoid);
    let (op, args) = (g.op(binder), g.args(binder).to_vec());
    let (from, to) = (g.leaf(index), g.leaf(fresh));
    let mut inner = args.clone();
    for arg in &mut inner[Op::BINDER_COND..] {
        *arg = substitute(g, *arg, &[(from, to)]);
    }
    let outer_pairs: Vec<_> = pairs.to_vec();
    let inner_pairs: Vec<_> = pairs.iter().copied().filter(|(f, _)| *f != from).collect();
    for (k, arg) in inner.iter_mut().enumerate() {
        *arg = substitute(g, *arg, if k < Op::BINDER_COND { &outer_pairs } else { &inner_pairs });
    }
    build(g, op, Data::Symbol(fresh), &inner)
        .unwrap_or_else(|error| panic!("a renamed {op:?} does not fit: {error}"))
}

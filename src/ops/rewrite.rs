//! Rebuilding nodes: substitution, and the one pass that all rewriting shares.

use rustc_hash::FxHashMap;

use super::build;
use super::sizes::note_dims;
use crate::expr::{Data, ExprId, Graph, Op, SymbolId};

/// The node again over other arguments, through the builder, so that the
/// identities apply to the new arguments.
pub fn rebuild(g: &mut Graph, e: ExprId, args: &[ExprId]) -> ExprId {
    let node = g.node(e);
    if node.args == args {
        return e;
    }
    let (op, data) = (node.op, node.data);
    let new =
        build(g, op, data, args).unwrap_or_else(|e| panic!("a rewritten {op:?} does not fit: {e}"));
    if let Some(dims) = g.noted_dims(e) {
        note_dims(g, new, dims);
    }
    new
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
        let mut args: Vec<ExprId> =
            g.args(e).iter().map(|a| map.get(a).copied().unwrap_or(*a)).collect();
        if let Some(index) = g.bound_index(e).filter(|_| captured.is_none()) {
            keep_bound(g, e, index, pairs, &mut args);
        }
        let new = match captured {
            Some(index) if args != g.args(e) => rename_and_substitute(g, e, index, pairs),
            _ => rebuild(g, e, &args),
        };
        map.insert(e, new);
    }
    map.get(&e).copied().unwrap_or(e)
}

/// Where a replaced leaf is the index of the binder itself, it is another index
/// of the same symbol: condition and body keep it.
fn keep_bound(
    g: &mut Graph,
    binder: ExprId,
    index: SymbolId,
    pairs: &[(ExprId, ExprId)],
    args: &mut [ExprId],
) {
    let own = g.leaf(index);
    if pairs.iter().all(|(from, _)| *from != own) {
        return;
    }
    let others: Vec<_> = pairs.iter().copied().filter(|(from, _)| *from != own).collect();
    let scoped = g.args(binder)[Op::BINDER_COND..].to_vec();
    for (arg, written) in args[Op::BINDER_COND..].iter_mut().zip(scoped) {
        *arg = substitute(g, written, &others);
    }
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

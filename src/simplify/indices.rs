//! Names of bound indices for reading.
//!
//! A rule that needs an index beside one that is open takes the next of that
//! name. People take the next letter, and what is printed must read back: so
//! each such index gets a letter of its own before it is shown, which no other
//! name of the session is.

use rustc_hash::FxHashMap;

use crate::expr::{Data, ExprId, Graph, SymbolId};
use crate::{ops, print};

/// The expression in which every bound index has a name of its own, under
/// which it prints.
pub(super) fn named(g: &mut Graph, e: ExprId) -> ExprId {
    let texts = print::index_names(g, e);
    if texts.is_empty() {
        return e;
    }
    let names: FxHashMap<SymbolId, SymbolId> =
        texts.into_iter().map(|(index, name)| (index, g.index_symbol(&name, 0))).collect();
    let order = g.reachable(&[e]);
    let mut map: FxHashMap<ExprId, ExprId> = FxHashMap::default();
    for node in order {
        let args: Vec<ExprId> = g.args(node).iter().map(|a| map[a]).collect();
        let renamed = |s: Option<SymbolId>| s.and_then(|s| names.get(&s).copied());
        let new = match (renamed(g.as_symbol(node)), renamed(g.bound_index(node))) {
            (Some(index), _) => g.leaf(index),
            (_, Some(index)) => ops::build(g, g.op(node), Data::Symbol(index), &args)
                .unwrap_or_else(|error| panic!("a renamed binder does not fit: {error}")),
            _ => ops::rebuild(g, node, &args),
        };
        map.insert(node, new);
    }
    map[&e]
}

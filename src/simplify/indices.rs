//! Names of bound indices for reading.
//!
//! A rule that needs an index beside one that is open takes the next of that
//! name. People take the next letter, and what is printed must read back: so
//! each such index gets a letter of its own before it is shown.

use rustc_hash::FxHashMap;

use crate::expr::{Data, ExprId, Graph, SymbolId};
use crate::ops;

/// Letters for indices, in the order in which people take them.
const LETTERS: &[&str] = &["j", "k", "l", "m", "p", "q", "r", "s", "t", "u", "v", "w"];

/// The expression in which every bound index has a name of its own.
pub(super) fn named(g: &mut Graph, e: ExprId) -> ExprId {
    let order = g.reachable(&[e]);
    let mut numbered: Vec<SymbolId> = Vec::new();
    for &node in &order {
        let Some(index) = g.bound_index(node) else { continue };
        if g.symbol(index).serial > 0 && !numbered.contains(&index) {
            numbered.push(index);
        }
    }
    if numbered.is_empty() {
        return e;
    }
    let symbols = order.iter().filter_map(|&node| g.as_symbol(node).or(g.bound_index(node)));
    let mut taken: Vec<String> = symbols.map(|s| g.symbol(s).name.clone()).collect();
    let mut names: FxHashMap<SymbolId, SymbolId> = FxHashMap::default();
    for index in numbered {
        let free = |letter: &&&str| !taken.iter().any(|t| t == *letter);
        // Beyond the letters the number stays.
        let Some(letter) = LETTERS.iter().find(free) else { break };
        taken.push((*letter).to_string());
        names.insert(index, g.index_symbol(letter, 0));
    }
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

//! Names for what has none of its own where it is shown: indices that rules
//! bring in, and parts that are written once.
//!
//! Text is read back where it was printed. So what gets a name here avoids
//! every name that means something there: of the session, of the expression,
//! and of what else gets one. An index that the user wrote keeps its name,
//! unless something of that name stands in its scope.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::expr::{ExprId, Graph, SymbolId};

/// Letters for indices, in the order in which people take them.
const INDICES: &[&str] =
    &["j", "k", "l", "m", "p", "q", "r", "s", "t", "u", "v", "w", "i", "h", "g"];
/// Letters for shared parts.
const PARTS: &[&str] = &["p", "q", "r", "s", "u", "v"];

/// The names of the indices bound in an expression that do not show their own.
pub fn of_indices(g: &Graph, e: ExprId) -> FxHashMap<SymbolId, String> {
    let order = g.reachable(&[e]);
    let mut bound: Vec<SymbolId> = Vec::new();
    for index in order.iter().filter_map(|&node| g.bound_index(node)) {
        if !bound.contains(&index) {
            bound.push(index);
        }
    }
    let mut names = FxHashMap::default();
    if bound.is_empty() {
        return names;
    }
    let (keep, rename): (Vec<SymbolId>, Vec<SymbolId>) =
        bound.iter().partition(|&&index| keeps_its_name(g, &order, index));
    let mut taken = of_leaves(g, &order, &bound);
    taken.extend(keep.iter().map(|&index| g.symbol(index).name.clone()));
    for index in rename {
        names.insert(index, free(g, INDICES, "i", &mut taken));
    }
    names
}

/// Names for so many parts of an expression, whose indices print under the
/// names given.
pub(super) fn of_parts(
    g: &Graph,
    order: &[ExprId],
    indices: &FxHashMap<SymbolId, String>,
    count: usize,
) -> Vec<String> {
    let mut taken = of_leaves(g, order, &[]);
    taken.extend(order.iter().filter_map(|&e| g.bound_index(e)).map(|s| shown(g, indices, s)));
    (0..count).map(|_| free(g, PARTS, "p", &mut taken)).collect()
}

/// The name under which a symbol prints.
pub(super) fn shown(g: &Graph, indices: &FxHashMap<SymbolId, String>, s: SymbolId) -> String {
    if let Some(name) = indices.get(&s) {
        return name.clone();
    }
    let symbol = g.symbol(s);
    match symbol.serial {
        0 => symbol.name.clone(),
        serial => format!("{}_{serial}", symbol.name),
    }
}

/// Names of leaves and of what is written with them, but for the indices that
/// are bound.
fn of_leaves(g: &Graph, order: &[ExprId], bound: &[SymbolId]) -> FxHashSet<String> {
    let symbols = order.iter().filter_map(|&e| g.as_symbol(e));
    symbols.filter(|s| !bound.contains(s)).map(|s| g.symbol(s).name.clone()).collect()
}

/// The first letter, or letter with a number, that is not taken; then it is.
fn free(g: &Graph, letters: &[&str], letter: &str, taken: &mut FxHashSet<String>) -> String {
    let numbered = (1..).map(|k| format!("{letter}{k}"));
    let mut all = letters.iter().map(ToString::to_string).chain(numbered);
    let is_free = |name: &String| !taken.contains(name) && !g.is_reserved(name);
    let name = all.find(is_free).unwrap_or_default();
    taken.insert(name.clone());
    name
}

/// Whether an index shows its own name: the user wrote it, or nothing else has
/// it, and nothing of that name stands in its scope.
fn keeps_its_name(g: &Graph, order: &[ExprId], index: SymbolId) -> bool {
    let symbol = g.symbol(index);
    if symbol.serial > 0 || (g.is_reserved(&symbol.name) && !g.is_written(index)) {
        return false;
    }
    let named = |s: SymbolId| (&g.symbol(s).name, g.symbol(s).serial);
    let is_other =
        |&e: &ExprId| g.as_symbol(e).is_some_and(|s| s != index && named(s) == named(index));
    let others: Vec<ExprId> = order.iter().copied().filter(is_other).collect();
    if others.is_empty() {
        return true;
    }
    let binders = order.iter().copied().filter(|&e| g.bound_index(e) == Some(index));
    let scope = g.reachable(&binders.collect::<Vec<_>>());
    !scope.iter().any(|e| others.contains(e))
}

//! Names for shared parts of long expressions.

use rustc_hash::FxHashMap;

use super::names;
use crate::expr::{ExprId, Graph, Num, Op, SymbolId};

/// Expressions of at most this many nodes, counted as a tree, print whole.
const SHORT: f64 = 30.0;
/// In longer ones a part gets a name that saves so many nodes.
const WORTH_A_NAME: f64 = 10.0;
/// Beyond this size shorter parts and smaller savings are named, too, so that
/// the text stays about as long as the graph is large.
const LONG: f64 = 150.0;
const SMALL_PART: f64 = 6.0;
/// The least part that is worth a `where`, unless that saves much.
const LARGE_PART: f64 = 8.0;
const MUCH: f64 = 16.0;
/// Texts of more nodes are not written.
const LONGEST: f64 = 2e5;

/// The shared parts that should be named, so that the text stays about as long
/// as the graph is large. Parts that depend on a bound index have no name
/// outside their binder. `None` where the text would be too long all the same.
pub(super) fn names(
    g: &Graph,
    root: ExprId,
    indices: &FxHashMap<SymbolId, String>,
) -> Option<FxHashMap<ExprId, String>> {
    let order = g.reachable(&[root]);
    let mut sizes: FxHashMap<ExprId, f64> = FxHashMap::default();
    for &e in &order {
        let size = 1.0 + g.args(e).iter().map(|a| sizes[a]).sum::<f64>();
        sizes.insert(e, size);
    }
    let least = match sizes[&root] {
        size if size <= SHORT => return Some(FxHashMap::default()),
        size if size <= LONG => WORTH_A_NAME,
        _ => SMALL_PART,
    };
    let mut named = parts_worth_a_name(g, root, &order, &sizes, least);
    named.sort_unstable();
    if sizes[&root] > LONGEST && written_nodes(g, root, &order, &named) > LONGEST {
        return None;
    }
    let letters = names::of_parts(g, &order, indices, named.len());
    Some(named.into_iter().zip(letters).collect())
}

/// The nodes that are written where some have names, their definitions included.
fn written_nodes(g: &Graph, root: ExprId, order: &[ExprId], named: &[ExprId]) -> f64 {
    let mut sizes: FxHashMap<ExprId, f64> = FxHashMap::default();
    let mut total = 0.0;
    for &e in order {
        let size = 1.0 + g.args(e).iter().map(|a| sizes[a]).sum::<f64>();
        let has_name = named.binary_search(&e).is_ok();
        if has_name || e == root {
            total += size;
        }
        sizes.insert(e, if has_name { 1.0 } else { size });
    }
    total
}

/// From the whole to its parts: how often a part is written, where parts that
/// contain it have got a name or not, and what a name for it would save.
fn parts_worth_a_name(
    g: &Graph,
    root: ExprId,
    order: &[ExprId],
    sizes: &FxHashMap<ExprId, f64>,
    least: f64,
) -> Vec<ExprId> {
    let mut written: FxHashMap<ExprId, f64> = FxHashMap::default();
    written.insert(root, 1.0);
    let mut named = Vec::new();
    for &e in order.iter().rev() {
        // Where there is a `where` already, another name costs little.
        let least = if named.is_empty() { least } else { SMALL_PART };
        let times = written.get(&e).copied().unwrap_or(0.0);
        let saved = (times - 1.0) * sizes[&e];
        let part = least <= SMALL_PART || sizes[&e] >= LARGE_PART || saved >= MUCH;
        let large = sizes[&e] >= SMALL_PART && part && e != root && !is_turned(g, e);
        let once = large && saved >= least && g.free_indices(e).is_empty();
        if once {
            named.push(e);
        }
        for &a in g.args(e) {
            *written.entry(a).or_default() += if once { 1.0 } else { times };
        }
    }
    named
}

/// A transpose, a negative or a power that is written below a line: what it is of
/// gets the name.
fn is_turned(g: &Graph, e: ExprId) -> bool {
    match (g.op(e), g.args(e)) {
        (Op::Transpose, _) => true,
        (Op::Pow, &[_, n]) => g.as_num(n).is_some_and(Num::is_negative),
        (Op::Mul, &[sign, _]) => g.as_num(sign).is_some(),
        _ => false,
    }
}

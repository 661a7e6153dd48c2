//! Names for shared parts of long expressions.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::expr::{ExprId, Graph};

/// Expressions of at most this many nodes, counted as a tree, print whole.
const PLAIN: f64 = 150.0;
/// A shared part of fewer nodes gets no name.
const WORTH_A_NAME: f64 = 6.0;

/// The shared parts that should be named, so that the text stays about as long
/// as the graph is large. Parts that depend on a bound index have no name
/// outside their binder.
pub(super) fn names(g: &Graph, root: ExprId) -> FxHashMap<ExprId, String> {
    let order = g.reachable(&[root]);
    let mut sizes: FxHashMap<ExprId, f64> = FxHashMap::default();
    let mut uses: FxHashMap<ExprId, usize> = FxHashMap::default();
    for &e in &order {
        let size = 1.0 + g.args(e).iter().map(|a| sizes[a]).sum::<f64>();
        sizes.insert(e, size);
        for &a in g.args(e) {
            *uses.entry(a).or_default() += 1;
        }
    }
    if sizes[&root] <= PLAIN {
        return FxHashMap::default();
    }
    let taken: FxHashSet<&str> =
        order.iter().filter_map(|&e| g.as_symbol(e)).map(|s| g.symbol(s).name.as_str()).collect();
    let mut fresh = (1..).map(|k| format!("p{k}")).filter(|n| !taken.contains(n.as_str()));
    let shared = |e: &ExprId| {
        uses.get(e).is_some_and(|&n| n > 1)
            && sizes[e] >= WORTH_A_NAME
            && g.free_indices(*e).is_empty()
            && *e != root
    };
    order.into_iter().filter(shared).filter_map(|e| Some((e, fresh.next()?))).collect()
}

//! Names for shared parts of long expressions.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::expr::{ExprId, Graph};

/// Expressions of at most this many nodes, counted as a tree, print whole.
const PLAIN: f64 = 150.0;
/// A part of fewer nodes gets no name.
const WORTH_A_NAME: f64 = 6.0;
/// In shorter expressions only a large part that occurs often gets a name.
const SHORT: f64 = 30.0;
const LARGE_PART: f64 = 9.0;
const OFTEN: usize = 3;
/// The first names that parts get.
const LETTERS: [&str; 6] = ["p", "q", "r", "s", "u", "v"];

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
    let (least, often) = match sizes[&root] {
        size if size <= SHORT => return FxHashMap::default(),
        size if size <= PLAIN => (LARGE_PART, OFTEN),
        _ => (WORTH_A_NAME, 2),
    };
    let symbols = order.iter().filter_map(|&e| g.as_symbol(e));
    let mut taken: FxHashSet<&str> = symbols.map(|s| g.symbol(s).name.as_str()).collect();
    // Indices stand in binders, not in leaves alone.
    taken.extend(order.iter().filter_map(|&e| g.bound_index(e)).map(|s| g.symbol(s).name.as_str()));
    let numbered = (1..).map(|k| format!("p{k}"));
    let mut fresh = LETTERS
        .iter()
        .map(ToString::to_string)
        .chain(numbered)
        .filter(|n| !taken.contains(n.as_str()));
    let shared = |e: &ExprId| {
        uses.get(e).is_some_and(|&n| n >= often)
            && sizes[e] >= least
            && g.free_indices(*e).is_empty()
            && *e != root
    };
    order.into_iter().filter(shared).filter_map(|e| Some((e, fresh.next()?))).collect()
}

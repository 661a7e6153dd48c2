//! Rewriting of expressions: named one-way rules, by topic.
//!
//! In: nodes. Out: nodes of the same value. [`stable`] puts in the forms that
//! neither overflow nor cancel, before anything is evaluated or compiled;
//! [`present`] resolves scattered sums for reading. Rules that a user sees
//! applied at every node stand in the builder of `ops` instead.

mod arrays;
mod basic;
mod common;
mod expand;
mod exponential;
mod factor;
mod forms;
mod hinge;
mod indices;
mod linear;
mod parity;
mod products;
mod ranges;
mod root;
mod rules;
mod scatter;
mod shorten;
mod sign;
mod size;
mod stable;
mod trigonometric;
mod units;

pub use basic::basic;
pub use expand::{TooLarge, expand, expand_all};
pub use factor::factor;
pub use products::without_large_sums;
pub use rules::{Rule, rules};
pub use scatter::scattered;
pub use shorten::{shorten, simplify};
pub use size::operations;
pub use stable::stable;

use rustc_hash::FxHashMap;

use crate::expr::{ExprId, Graph};
use crate::ops;

/// The expression with scattered sums as arrays built by index, conditions of
/// sums in their ranges, and a name of its own for every index.
pub fn present(g: &mut Graph, e: ExprId) -> ExprId {
    let e = scattered(g, e);
    let e = ranges::narrow(g, e);
    indices::named(g, e)
}

/// The expression as Gradus source, in the form in which people read it.
pub fn shown(g: &mut Graph, e: ExprId) -> String {
    let e = readable(g, e);
    crate::print::text(g, e)
}

/// The form in which people read an expression: what is resolved for showing
/// may have become shorter to write.
pub fn readable(g: &mut Graph, e: ExprId) -> ExprId {
    let resolved = present(g, e);
    if resolved == e { e } else { shorten(g, resolved) }
}

/// Applies `rule` to every node below the roots, arguments first. Linear in
/// the graph; no recursion.
fn rewrite(
    g: &mut Graph,
    roots: &[ExprId],
    rule: fn(&mut Graph, ExprId) -> Option<ExprId>,
) -> Vec<ExprId> {
    let mut map: FxHashMap<ExprId, ExprId> = FxHashMap::default();
    for e in g.reachable(roots) {
        let args: Vec<ExprId> = g.args(e).iter().map(|a| map[a]).collect();
        let mut new = ops::rebuild(g, e, &args);
        // A rule may make room for another; each makes the node simpler.
        for _ in 0..4 {
            match rule(g, new) {
                Some(simpler) if simpler != new => new = simpler,
                _ => break,
            }
        }
        map.insert(e, new);
    }
    roots.iter().map(|r| map[r]).collect()
}

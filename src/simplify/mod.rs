//! Rewriting of expressions: named one-way rules, by topic.
//!
//! In: nodes. Out: nodes of the same value. [`stable`] puts in the forms that
//! neither overflow nor cancel, before anything is evaluated or compiled;
//! [`present`] resolves scattered sums for reading. Rules that a user sees
//! applied at every node stand in the builder of `ops` instead.

mod basic;
mod expand;
mod exponential;
mod factor;
mod forms;
mod indices;
mod linear;
mod parity;
mod root;
mod rules;
mod scatter;
mod shorten;
mod sign;
mod size;
mod stable;
mod trigonometric;

pub use basic::basic;
pub use expand::{TooLarge, expand, expand_all};
pub use factor::factor;
pub use rules::{Rule, rules};
pub use scatter::present;
pub use shorten::{shorten, simplify};
pub use size::operations;
pub use stable::stable;

use rustc_hash::FxHashMap;

use crate::expr::{ExprId, Graph};
use crate::ops;

/// The expression as Gradus source, in the form in which people read it.
pub fn shown(g: &mut Graph, e: ExprId) -> String {
    let e = present(g, e);
    crate::print::text(g, e)
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

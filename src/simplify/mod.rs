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
mod repeat;
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

use crate::expr::{Dims, ExprId, Graph, Symbol};
use crate::{ops, print};

/// The expression with scattered sums as arrays built by index, conditions of
/// sums in their ranges, and a name of its own for every index.
pub fn present(g: &mut Graph, e: ExprId) -> ExprId {
    let tilings: Vec<ExprId> = g
        .reachable(&[e])
        .into_iter()
        .filter(|&e| g.free_indices(e).is_empty() && ops::tiles(g, e).is_some())
        .collect();
    if tilings.is_empty() {
        return resolved_for_display(g, e);
    }
    // Arrays below and beside one another stay: a name stands for each, the outermost first.
    let mut hidden = Vec::new();
    let mut shown = e;
    for &tiling in tilings.iter().rev() {
        let Some((_, others)) = ops::tiles(g, tiling) else { continue };
        let symbol = g.declare(Symbol::unknown("stacked", g.shape(tiling)));
        let leaf = g.leaf(symbol);
        let minus: Vec<ExprId> = others.iter().map(|&term| g.neg(term)).collect();
        let alone = g.add(&[&[tiling], &minus[..]].concat());
        let with_others = g.add(&[&[leaf], &others[..]].concat());
        shown = ops::substitute(g, shown, &[(tiling, with_others)]);
        hidden.push((leaf, alone));
    }
    let mut shown = resolved_for_display(g, shown);
    for (leaf, tiling) in hidden {
        shown = ops::substitute(g, shown, &[(leaf, tiling)]);
    }
    shown
}

fn resolved_for_display(g: &mut Graph, e: ExprId) -> ExprId {
    let e = scattered(g, e);
    let e = ranges::narrow(g, e);
    let e = match scatter::written(g, e) {
        same if same == e => e,
        written => ranges::narrow(g, written),
    };
    finished(g, e)
}

/// The same, where every scattered sum can be resolved as a whole.
pub fn resolved(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let e = scattered(g, e);
    let e = ranges::narrow(g, e);
    (!scatter::has_placed(g, e)).then(|| finished(g, e))
}

fn finished(g: &mut Graph, e: ExprId) -> ExprId {
    let e = repeat::with_ones(g, e);
    indices::named(g, e)
}

/// The expression as Gradus source, in the form in which people read it.
pub fn shown(g: &mut Graph, e: ExprId) -> String {
    shown_over(g, e, [None; 2])
}

/// The same of an array whose axes are dimensions of which the user may have
/// given the sizes a name.
pub fn shown_over(g: &mut Graph, e: ExprId, axes: Dims) -> String {
    print::render(&readable_layout(g, e, axes))
}

/// The layout of the form in which people read an expression.
pub fn readable_layout(g: &mut Graph, e: ExprId, axes: Dims) -> print::Layout {
    let e = readable(g, e);
    print::layout_of(g, e, g.dim_sizes(axes))
}

/// The form in which people read an expression: what is resolved for showing
/// may have become shorter to write.
pub fn readable(g: &mut Graph, e: ExprId) -> ExprId {
    let resolved = present(g, e);
    if resolved == e {
        return e;
    }
    let shorter = shorten(g, resolved);
    if shorter == resolved { resolved } else { present(g, shorter) }
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

//! Expressions as text.
//!
//! In: nodes of the graph. Out: Gradus source that parses back to the same
//! node. A layout tree ([`Layout`]) holds what a person would write: numbers
//! first, then plain scalars, then the rest; a minus in front; quotients
//! instead of negative powers; the user's own orientation of differences.
//! Renderers turn the tree into characters.
//!
//! This room builds no nodes.

mod build;
mod latex;
mod layout;
mod share;
mod text;

pub use latex::{latex, name as latex_name};
pub use layout::{Clause, Layout, Level};
pub use text::render;

use crate::expr::{ExprId, Graph};

/// The expression as Gradus source. Where parts are shared and the text would
/// be long, the parts get names in a `where` clause.
pub fn text(g: &Graph, e: ExprId) -> String {
    render(&layout(g, e))
}

/// The layout tree of an expression with every part written out. As long as
/// the expression is as a tree.
pub fn whole_layout(g: &Graph, e: ExprId) -> Layout {
    let names = rustc_hash::FxHashMap::default();
    build::Builder::new(g, &names).layout(e)
}

/// The layout tree of an expression; a word about its length where that is
/// longer than anybody reads even with names for its parts.
pub fn layout(g: &Graph, e: ExprId) -> Layout {
    let too_long = || Layout::Name("(an expression that is too long to write)".to_string());
    layout_of_readable(g, e).unwrap_or_else(too_long)
}

/// The layout tree of an expression; `None` where it is too long to write. What
/// depends on an index has no name outside of its sum, so a text may be far
/// longer than the graph is large.
pub fn layout_of_readable(g: &Graph, e: ExprId) -> Option<Layout> {
    let names = share::names(g, e)?;
    let mut builder = build::Builder::new(g, &names);
    let body = builder.layout(e);
    if names.is_empty() {
        return Some(body);
    }
    let mut shared: Vec<ExprId> = names.keys().copied().collect();
    shared.sort_unstable();
    let defs = shared.iter().rev().map(|&s| (names[&s].clone(), builder.definition(s))).collect();
    Some(Layout::Where(Box::new(body), defs))
}

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
mod names;
mod repeat;
mod share;
mod sizes;
mod text;

pub use latex::{latex, name as latex_name};
pub use layout::{Clause, Layout, Level};
pub use names::of_indices as index_names;
pub use repeat::{repeated, spread};
pub use sizes::SizeNames;
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
    build::Builder::new(g).layout(e)
}

/// The layout tree of an expression; a word about its length where that is
/// longer than anybody reads even with names for its parts.
pub fn layout(g: &Graph, e: ExprId) -> Layout {
    layout_of(g, e, SizeNames::default())
}

/// The layout tree of an expression whose axes have sizes of these names.
pub fn layout_of(g: &Graph, e: ExprId, axes: SizeNames) -> Layout {
    let too_long = || Layout::Name("(an expression that is too long to write)".to_string());
    let indices = names::of_indices(g, e);
    let sizes = sizes::names(g, e, axes);
    let builder = build::Builder { indices, sizes, ..build::Builder::new(g) };
    with_names(g, e, builder).unwrap_or_else(too_long)
}

/// The layout tree by which lengths are compared: names may be others than
/// those that are shown. `None` where it is too long to write. What depends on
/// an index has no name outside of its sum, so a text may be far longer than
/// the graph is large.
pub fn draft(g: &Graph, e: ExprId) -> Option<Layout> {
    with_names(g, e, build::Builder::new(g))
}

fn with_names(g: &Graph, e: ExprId, mut builder: build::Builder) -> Option<Layout> {
    builder.names = share::names(g, e, &builder.indices)?;
    let body = builder.layout(e);
    if builder.names.is_empty() {
        return Some(body);
    }
    let mut shared: Vec<(ExprId, String)> =
        builder.names.iter().map(|(&e, name)| (e, name.clone())).collect();
    shared.sort_unstable();
    let defs = shared.into_iter().rev().map(|(s, name)| (name, builder.definition(s))).collect();
    Some(Layout::Where(Box::new(body), defs))
}

//! Tests of the whole room, from text to tree or report.

mod accepted;
mod limits;
mod rejected;
mod session;
mod snippets;

use super::{Ast, parse};
use crate::diag::{Diagnostic, Sink};
use crate::source::FileId;

/// Parses a text; the tree and what was said of it.
fn parsed(text: &str) -> (Ast, Vec<Diagnostic>) {
    let mut sink = Sink::new();
    let ast = parse(FileId(0), text, &mut sink);
    (ast, sink.take())
}

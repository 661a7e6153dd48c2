//! What the library of the language defines, in Gradus itself: optimizers and schedules, in scope without a `use`.
//!
//! A definition is parsed when its name is first asked for. Functions of the library may share a name where they take another
//! number of arguments.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Function, Optimizer, World};
use crate::diag::Sink;
use crate::syntax::ast::{Ast, Stmt, StmtKind};
use crate::syntax::parse;

/// The texts of the library, with the names under which their places are shown.
const TEXTS: [(&str, &str); 3] = [
    ("stdlib/optimizers.opt", include_str!("../../stdlib/optimizers.opt")),
    ("stdlib/schedules.opt", include_str!("../../stdlib/schedules.opt")),
    ("stdlib/nn.opt", include_str!("../../stdlib/nn.opt")),
];

/// The libraries that `use` may name; their definitions are in scope without it.
pub const NAMES: [&str; 3] = ["optimizers", "schedules", "nn"];

/// The names of all optimizers of the library.
pub fn optimizers() -> impl Iterator<Item = &'static str> {
    names("optimizer ")
}

/// The names of all functions of the library; some twice.
pub fn functions() -> impl Iterator<Item = &'static str> {
    names("fn ")
}

fn names(word: &'static str) -> impl Iterator<Item = &'static str> {
    let lines = TEXTS.iter().flat_map(|(_, text)| text.lines());
    lines.filter_map(move |line| line.strip_prefix(word)?.split('(').next())
}

/// The definition of an optimizer as it is written, with its `##` lines.
pub fn source(name: &str) -> Option<(Vec<&'static str>, String)> {
    let head = format!("optimizer {name}(");
    let text = TEXTS.iter().map(|(_, text)| *text).find(|text| text.contains(&head))?;
    let lines: Vec<&str> = text.lines().collect();
    let at = lines.iter().position(|line| line.starts_with(&head))?;
    let docs = lines[..at].iter().rev().take_while(|line| line.starts_with("##")).count();
    let doc = lines[at - docs..at].iter().map(|line| line.trim_start_matches('#').trim()).collect();
    let end = lines[at..].iter().position(|line| *line == "}")?;
    Some((doc, lines[at..=at + end].join("\n")))
}

/// The definitions of a function, one for each number of arguments, each with its `##` lines.
pub fn function_sources(name: &str) -> Vec<(String, String)> {
    let head = format!("fn {name}(");
    let mut found = Vec::new();
    for (_, text) in TEXTS {
        let lines: Vec<&str> = text.lines().collect();
        for at in (0..lines.len()).filter(|&at| lines[at].starts_with(&head)) {
            let docs = lines[..at].iter().rev().take_while(|line| line.starts_with("##")).count();
            let doc = lines[at - docs..at].iter().map(|line| line.trim_start_matches('#').trim());
            let more = lines[at + 1..].iter().take_while(|line| line.starts_with("  ")).count();
            found.push((doc.collect::<Vec<_>>().join(" "), lines[at..=at + more].join("\n")));
        }
    }
    found
}

/// The optimizer of that name.
pub(super) fn optimizer(world: &mut dyn World, name: &str) -> Option<Arc<Optimizer>> {
    optimizers().find(|known| *known == name)?;
    let (ast, statement) = find(world, |ast, statement| match &statement.kind {
        StmtKind::Optimizer { name: own, .. } => ast.ident(*own) == name,
        _ => false,
    })?;
    let StmtKind::Optimizer { name: ident, options, body } = &statement.kind else { return None };
    let (sizes, options) = Optimizer::parts(&ast, options).ok()?;
    Some(Arc::new(Optimizer {
        name: name.to_string(),
        span: ident.span,
        sizes,
        options,
        body: body.clone(),
        captured: HashMap::new(),
        doc: statement.doc.iter().map(|&t| ast.text(t).to_string()).collect(),
        ast: Arc::clone(&ast),
    }))
}

/// The function of that name with so many parameters, or else any of that name.
pub(super) fn function(world: &mut dyn World, name: &str, n: usize) -> Option<Arc<Function>> {
    functions().find(|known| *known == name)?;
    let with = |n: Option<usize>| {
        move |ast: &Ast, statement: &Stmt| match &statement.kind {
            StmtKind::Fn { name: own, params, .. } => {
                ast.ident(*own) == name && n.is_none_or(|n| params.len() == n)
            }
            _ => false,
        }
    };
    let (ast, statement) = find(world, with(Some(n))).or_else(|| find(world, with(None)))?;
    let StmtKind::Fn { params, body, .. } = &statement.kind else { return None };
    let parameter =
        |p: &crate::syntax::ast::Param| (ast.ident(p.name).to_string(), p.shape.clone());
    Some(Arc::new(Function {
        name: name.to_string(),
        params: params.iter().map(parameter).collect(),
        body: *body,
        captured: HashMap::new(),
        generic: None,
        doc: statement.doc.iter().map(|&t| ast.text(t).to_string()).collect(),
        ast: Arc::clone(&ast),
    }))
}

fn find(world: &mut dyn World, is_it: impl Fn(&Ast, &Stmt) -> bool) -> Option<(Arc<Ast>, Stmt)> {
    for (name, text) in TEXTS {
        let file = world.library(name, text);
        let ast = Arc::new(parse(file, text, &mut Sink::new()));
        let found = ast.top.iter().map(|&s| ast.stmt(s)).find(|s| is_it(&ast, s)).cloned();
        if let Some(statement) = found {
            return Some((ast, statement));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn the_library_has_no_mistakes() {
        for (name, text) in TEXTS {
            let mut sink = Sink::new();
            parse(FileId(0), text, &mut sink);
            let found: Vec<String> = sink.take().into_iter().map(|f| f.message).collect();
            assert!(found.is_empty(), "{name}: {found:?}");
        }
        for name in optimizers() {
            let (doc, text) = source(name).expect("a definition");
            assert!(!doc.is_empty() && text.ends_with('}'), "{name}");
        }
    }
}

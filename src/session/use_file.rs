//! `use "mine.opt"`: the definitions of another file.
//!
//! Each file is read once, whatever the paths that lead to it. A file that uses one which is being read, itself
//! perhaps, finds the names that were defined by then; where one is missing, the report shows the circle.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Receiver;
use super::statement::Runner;
use crate::check::{Checked, Reported, Unreadable, World};
use crate::diag::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::Ast;
use crate::syntax::ast::Text;

/// The files that are being read, each used by the one before it.
#[derive(Default)]
pub(super) struct Open {
    /// Their canonical paths, and as they were named.
    chain: Vec<(PathBuf, String)>,
    /// The names of those that use each other in a circle, once there is one.
    circle: Option<String>,
}

impl Open {
    /// Whether the file is being read; then the files from it on are a circle.
    fn meets(&mut self, path: &Path, name: &str) -> bool {
        let Some(at) = self.chain.iter().position(|(open, _)| open == path) else { return false };
        let names = self.chain[at..].iter().map(|(_, name)| name.as_str()).chain([name]);
        let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
        self.circle = Some(names.join(" uses "));
        true
    }

    /// A name that is missing where files use each other in a circle may only be missing yet.
    pub fn explained(&self, finding: Diagnostic) -> Diagnostic {
        match &self.circle {
            Some(circle) if finding.code == codes::E0301 => {
                finding.note(format!("{circle}: of a file that is being read, only what stands before its `use` is defined"))
            }
            _ => finding,
        }
    }
}

/// One path for a file, whatever the way that leads to it.
fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

impl Runner<'_> {
    /// Runs the definitions of another file, once.
    pub(super) fn use_file(&mut self, path: Text, span: Span, out: &mut Receiver) -> Checked<()> {
        let path = self.ast.text(path).to_string();
        let files = &self.session.files;
        if let (true, Some(script)) = (self.files.chain.is_empty(), &files.script) {
            let name = script.to_string_lossy().into_owned();
            self.files.chain.push((canonical(script), name));
        }
        let full = match files.place_of(&path, span.file) {
            Ok(full) => full,
            Err(why) => return self.cannot_use(&path, span, &why),
        };
        if self.files.meets(&full, &path) || self.session.state.used.contains(&full) {
            return Ok(());
        }
        let ast = self.read_script(&path, &full, span)?;
        let outer = std::mem::replace(&mut self.ast, Arc::clone(&ast));
        let failed_before = std::mem::replace(&mut self.outcome.failed, false);
        let circle = self.files.circle.clone();
        self.files.chain.push((full, path));
        self.outer_files.push(outer.file);
        self.statements(&ast.top, out);
        self.outer_files.pop();
        self.files.chain.pop();
        self.files.circle = circle;
        let failed = std::mem::replace(&mut self.outcome.failed, failed_before);
        self.ast = outer;
        if failed { Err(Reported) } else { Ok(()) }
    }

    fn cannot_use<T>(&mut self, path: &str, span: Span, why: &Unreadable) -> Checked<T> {
        let message = format!("cannot read `{path}`: {}", why.reason);
        let finding = Diagnostic::error(why.code, message);
        self.report(finding.at(span, "this file").help(why.help.as_str()))
    }

    /// The statements of a file, whose true place is `full`, or a report of why there are none.
    fn read_script(&mut self, path: &str, full: &Path, span: Span) -> Checked<Arc<Ast>> {
        let (name, bytes) = match self.session.files.read(path, span.file) {
            Ok(found) => found,
            Err(why) => return self.cannot_use(path, span, &why),
        };
        let text = match crate::source::decode(&bytes) {
            Ok(text) => text,
            Err(error) => return self.report(Diagnostic::not_text(&name, &error)),
        };
        self.session.state.used.push(full.to_path_buf());
        let folder = full.parent().unwrap_or(full);
        let origin = self.session.files.origin_of(span.file).used(folder);
        let is_script = full.extension().is_some_and(|ending| ending == "opt");
        let file = self.session.files.add_from(origin, &name, &text, is_script);
        let ast = Arc::new(crate::syntax::parse(file, &text, &mut self.sink));
        if self.sink.has_errors() {
            if !is_script {
                // Whatever it is, one mistake says that it is no script.
                self.sink.truncate(1);
            }
            return Err(Reported);
        }
        Ok(ast)
    }
}

//! `convex f`: is it convex, and why?

use super::statement::{Runner, squeeze};
use super::{Output, Receiver};
use crate::check::{Checked, Item, Reported};
use crate::convexity::{self, Analysis, Bounds};
use crate::diag::{Diagnostic, codes};
use crate::report::JsonValue;
use crate::shape::in_words;
use crate::syntax::ast::Command;

impl Runner<'_> {
    /// As a statement: the verdict with its proof.
    pub(super) fn convex(&mut self, command: &Command, out: &mut Receiver) -> Checked<()> {
        let Some(found) = self.analysis(command)? else { return Ok(()) };
        let subject = command.subjects.first().map(|&s| self.ast.span(s)).ok_or(Reported)?;
        let name = format!("convex {}", squeeze(self.session.files.sources.slice(subject)));
        let value = JsonValue::Text(found.verdict.word().to_string());
        out(&self.session.files.sources, Output::Value { name, text: found.text(), value });
        Ok(())
    }

    /// As a value: the word alone.
    pub(super) fn convex_item(&mut self, command: &Command) -> Checked<Item> {
        let word = self.analysis(command)?.map(|a| a.verdict.word().to_string());
        Ok(Item::Text(word.unwrap_or_default()))
    }

    /// `None` in a look before running, where values may be missing.
    fn analysis(&mut self, command: &Command) -> Checked<Option<Analysis>> {
        let Some(&subject) = command.subjects.first() else { return Err(Reported) };
        let span = self.ast.span(subject);
        let f = self.checker(|c| c.expression(subject))?;
        let g = &self.session.state.graph;
        let shape = g.shape(f);
        if !shape.is_scalar() {
            let finding = Diagnostic::error(
                codes::E0404,
                format!("`convex` takes a scalar, found {}", in_words(shape)),
            );
            return self.report(
                finding
                    .at(span, format!("this is {shape}"))
                    .help("name an entry, such as `convex r[1]`, or a sum of them"),
            );
        }
        if self.is_dry() {
            return Ok(None);
        }
        let mut bounds = Bounds::default();
        for unknown in g.unknowns(&[f]) {
            if let Some(u) = self.session.state.unknowns.get(&unknown) {
                bounds.declare(unknown, u.lower.as_ref(), u.upper.as_ref());
            }
        }
        Ok(Some(crate::work::command(|| convexity::analyze(g, f, &bounds))))
    }
}

//! `derive f wrt x`: a derivation, one rule a line.

use super::statement::{Runner, squeeze};
use super::{Output, Receiver};
use crate::check::{Checked, Item, Reported};
use crate::report::JsonValue;
use crate::source::Span;
use crate::syntax::ast::{ClauseKind, Command, NodeId};

impl Runner<'_> {
    /// As a statement: shows the derivation.
    pub(super) fn derive(&mut self, command: &Command, out: &mut Receiver) -> Checked<()> {
        let item = self.derivations(command)?;
        let span = self.span_of(command);
        let text = self.checker(|c| c.shown(&item, span))?;
        let name = squeeze(self.session.files.sources.slice(span));
        out(&self.session.files.sources, Output::Value { name, text, value: JsonValue::Null });
        Ok(())
    }

    /// As a value.
    pub(super) fn derivations(&mut self, command: &Command) -> Checked<Item> {
        let by: Vec<NodeId> = command
            .clauses
            .iter()
            .filter_map(|c| if let ClauseKind::Wrt(names) = &c.kind { Some(names) } else { None })
            .flatten()
            .copied()
            .collect();
        let Some(&subject) = command.subjects.first() else { return Err(Reported) };
        self.checker(|c| c.derivations(subject, &by))
    }

    /// The text of a command, from its word to the end of its last clause.
    fn span_of(&self, command: &Command) -> Span {
        let ends = command.subjects.iter().map(|&s| self.ast.span(s));
        let ends = ends.chain(command.clauses.iter().map(|c| c.span));
        ends.fold(command.word, Span::to)
    }
}

//! Commands: `minimize`, `print`, `assert`, and those with files of their own.

use std::sync::Arc;

use super::Output;
use super::Receiver;
use super::statement::{Runner, squeeze};
use crate::check::{Checked, Item, Reported};
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::{Command, CommandKind, Node, NodeId};

impl Runner<'_> {
    pub(super) fn command(&mut self, command: &Command, out: &mut Receiver) -> Checked<()> {
        match command.kind {
            CommandKind::Minimize | CommandKind::Maximize => {
                self.optimize(command, None, false).map(|_| ())
            }
            CommandKind::Convex => self.convex(command, out),
            CommandKind::Print => self.print(command, out),
            CommandKind::Assert => self.assert(command),
            CommandKind::Derive => self.derive(command, out),
            CommandKind::Explain => self.explain(command, out),
            CommandKind::Check => self.check(command, out),
            CommandKind::Solve => self.solve_statement(command, out),
            CommandKind::Export => self.export(command),
            CommandKind::LrRange => self.lr_range_statement(command, out),
            kind => self.not_built(&format!("`{}`", kind.word()), command.word),
        }
    }

    /// Runs a command that gives a value.
    pub(super) fn command_item(&mut self, node: NodeId, name: Option<&str>) -> Checked<Item> {
        // Commands in commands are limited by memory, not by the stack.
        stacker::maybe_grow(256 * 1024, 8 << 20, || self.run_command_item(node, name))
    }

    fn run_command_item(&mut self, node: NodeId, name: Option<&str>) -> Checked<Item> {
        let ast = Arc::clone(&self.ast);
        let Node::Command(command) = ast.node(node) else { return Err(Reported) };
        match command.kind {
            CommandKind::Minimize | CommandKind::Maximize => {
                self.optimize(command, name, name.is_some())
            }
            CommandKind::Convex => self.convex_item(command),
            CommandKind::Derive => self.derivations(command),
            CommandKind::Check => self.check_item(command),
            CommandKind::Solve => self.solve_item(command),
            CommandKind::LrRange => self.lr_range(command, name).map(|(item, _)| item),
            kind => {
                self.not_built(&format!("`{}`", kind.word()), command.word)?;
                Ok(Item::Failed)
            }
        }
    }

    fn print(&mut self, command: &Command, out: &mut Receiver) -> Checked<()> {
        let mut parts = Vec::new();
        for &node in &command.subjects {
            let span = self.ast.span(node);
            let item = self.value_item(node, None)?;
            parts.push(self.checker(|c| c.shown(&item, span))?);
        }
        self.emit_fits(out);
        out(&self.session.files.sources, Output::Print(parts.join(" ")));
        Ok(())
    }

    /// `assert E`: stops with both sides' values where it is false.
    fn assert(&mut self, command: &Command) -> Checked<()> {
        let ast = Arc::clone(&self.ast);
        for &node in &command.subjects {
            let span = ast.span(node);
            let item = self.value_item(node, None)?;
            let value = self.checker(|c| {
                let e = c.as_expr(item.clone(), span)?;
                c.value_of(e, span)
            })?;
            let Some(value) = value else { continue };
            if self.is_dry() || value.data().iter().all(|&v| v != 0.0 && !v.is_nan()) {
                continue;
            }
            let text = squeeze(self.session.files.sources.slice(span));
            let mut finding = Diagnostic::error(codes::E0703, format!("assertion failed: {text}"))
                .at(span, "this is false");
            for note in self.sides(node) {
                finding = finding.note(note);
            }
            return self.report(finding);
        }
        Ok(())
    }

    /// The values of both sides of a comparison.
    fn sides(&mut self, node: NodeId) -> Vec<String> {
        let ast = Arc::clone(&self.ast);
        let operands: Vec<NodeId> = match ast.node(node) {
            Node::Compare { first, rest } => {
                std::iter::once(*first).chain(rest.iter().map(|(_, n)| *n)).collect()
            }
            _ => Vec::new(),
        };
        let mut notes = Vec::new();
        for operand in operands {
            let span = ast.span(operand);
            let exact = self.checker(|c| {
                let e = c.expression(operand)?;
                Ok(c.value_of(e, span)?.map(|v| match v.as_scalar() {
                    Some(x) => crate::report::number::exact(x),
                    None => crate::check::value_text(&v),
                }))
            });
            if let Ok(Some(text)) = exact {
                notes
                    .push(format!("{} is {text}", squeeze(self.session.files.sources.slice(span))));
            }
        }
        notes
    }
}

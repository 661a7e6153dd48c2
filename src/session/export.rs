//! `export E, .. to "file.csv"`: tables and known values as CSV, formulas as LaTeX.
//!
//! The ending of the file's name says what is written. Values of one statement become columns of one
//! table, so they have the same number of rows; a matrix gives a column for each of its own.

use std::sync::Arc;

use super::statement::{Runner, squeeze};
use crate::check::{Checked, Item, NamedTable, not_built};
use crate::data::{Column, Table, csv};
use crate::diag::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{ClauseKind, Command, NodeId};

/// What can be written.
#[derive(Clone, Copy)]
enum Format {
    Csv,
    Latex,
}

impl Runner<'_> {
    /// The statement. A dry run looks at everything and writes nothing.
    pub(super) fn export(&mut self, command: &Command) -> Checked<()> {
        let to = command.clauses.iter().find_map(|clause| match clause.kind {
            ClauseKind::To(node) => Some(node),
            _ => None,
        });
        let Some(to) = to else {
            let finding = Diagnostic::error(codes::E0705, "expected `to` and the name of a file");
            let help = "for example `export fit.trace to \"trace.csv\"`";
            return self.report(finding.at(command.word, "this export").help(help));
        };
        let span = self.ast.span(to);
        let path = match self.checker(|c| c.item(to))? {
            Item::Text(path) => path,
            other => {
                let message = format!("expected a path in double quotes, found {}", other.kind());
                return self
                    .report(Diagnostic::error(codes::E0404, message).at(span, other.kind()));
            }
        };
        let text = match self.format_of(&path, span)? {
            Format::Csv => self.csv_text(&command.subjects, command.word)?,
            Format::Latex => self.latex_text(&command.subjects)?,
        };
        let is_dry = self.is_dry();
        match self.session.files.write(&path, span.file, text.as_bytes(), is_dry) {
            Ok(()) => Ok(()),
            Err(why) => {
                let message = format!("cannot write `{path}`: {}", why.reason);
                self.report(
                    Diagnostic::error(why.code, message).at(span, "this file").help(why.help),
                )
            }
        }
    }

    fn format_of(&mut self, path: &str, span: Span) -> Checked<Format> {
        let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
        match ending {
            "csv" => Ok(Format::Csv),
            "tex" => Ok(Format::Latex),
            "c" | "py" | "jl" | "rs" => {
                let finding = not_built(&format!("`export` to `.{ending}`"), span);
                self.report(finding.help("`.csv` takes values, `.tex` takes formulas"))
            }
            _ => {
                let message = format!("expected a file name that says its format, found `{path}`");
                let finding = Diagnostic::error(codes::E0705, message).at(span, "this file");
                self.report(finding.help("`.csv` takes values, `.tex` takes formulas"))
            }
        }
    }

    fn latex_text(&mut self, subjects: &[NodeId]) -> Checked<String> {
        let mut out = String::new();
        for &node in subjects {
            out += &self.checker(|c| c.latex_of(node))?;
            out.push('\n');
        }
        Ok(out)
    }

    fn csv_text(&mut self, subjects: &[NodeId], word: Span) -> Checked<String> {
        let mut columns = Vec::new();
        for &node in subjects {
            let before = columns.len();
            self.push_columns(node, &mut columns)?;
            let (first, own) = (columns.first(), columns.get(before));
            if let (Some((_, first)), Some((name, own))) = (first, own)
                && first.len() != own.len()
                && !self.is_dry()
            {
                let message = format!(
                    "expected columns of one length, found {} rows and, in `{name}`, {}",
                    first.len(),
                    own.len()
                );
                let span = self.ast.span(node);
                return self.report(
                    Diagnostic::error(codes::E0705, message)
                        .at(span, format!("{} rows", own.len()))
                        .help("write one `export` for each length"),
                );
            }
        }
        match Table::new("export", columns) {
            Ok(table) => Ok(csv::write(&table)),
            Err(_) if self.is_dry() => Ok(String::new()),
            Err(error) => self.report(
                Diagnostic::error(codes::E0705, error.to_string())
                    .at(word, "this export")
                    .help_opt(error.help()),
            ),
        }
    }

    /// The columns of a table, of a column of texts, or of a known value.
    fn push_columns(&mut self, node: NodeId, columns: &mut Vec<(String, Column)>) -> Checked<()> {
        let span = self.ast.span(node);
        let name = squeeze(self.session.files.sources.slice(span));
        match self.value_item(node, None)? {
            Item::Table(table) => {
                let NamedTable { table, .. } = &*table;
                columns.extend(table.columns().iter().cloned());
            }
            Item::Categories(texts) => {
                columns.push((name, Column::Text(Arc::unwrap_or_clone(texts))));
            }
            item => {
                let value = self.checker(|c| {
                    let e = c.as_expr(item.clone(), span)?;
                    c.value_of(e, span)
                })?;
                let Some(value) = value else { return Ok(()) };
                let (m, n) = (value.shape().rows(), value.shape().cols());
                for j in 0..n {
                    let name = if n == 1 { name.clone() } else { format!("{name}_{}", j + 1) };
                    let entries = (0..m).map(|i| value.at(i, j)).collect();
                    columns.push((name, Column::Numbers(entries)));
                }
            }
        }
        Ok(())
    }
}

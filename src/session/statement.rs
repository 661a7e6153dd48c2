//! Running statements, one after the other.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::use_file::Open;
use super::{Mode, Outcome, Output, Receiver, Session, State};
use crate::check::library;
use crate::check::{self, Checked, Checker, Item, Reported};
use crate::diag::{Diagnostic, Severity, Sink, codes};
use crate::memory;
use crate::patience::{self, Stopped};
use crate::report::JsonValue;
use crate::shape::{Shape, Tensor};
use crate::source::{FileId, Span};
use crate::syntax::Ast;
use crate::syntax::ast::{Ident, Node, NodeId, StmtId, StmtKind};

/// Runs the statements of one text.
pub(super) struct Runner<'s> {
    pub session: &'s mut Session,
    pub ast: Arc<Ast>,
    pub mode: Mode,
    pub sink: Sink,
    /// Inside a `for` block names may be defined again.
    pub in_loop: bool,
    pub outcome: Outcome,
    /// The texts that `use` the one that runs.
    pub outer_files: Vec<FileId>,
    /// Errors given out so far.
    reported: usize,
    /// Results of commands inside the statement that is being checked.
    commands: HashMap<NodeId, Item>,
    /// The files that are being read.
    pub(super) files: Open,
}

/// Runs statements until one fails; in a dry run all of them, so that every
/// mistake is reported.
pub(super) fn run_all(
    session: &mut Session,
    ast: &Arc<Ast>,
    statements: &[StmtId],
    mode: Mode,
    out: &mut Receiver,
) -> Outcome {
    let mut runner = Runner::new(session, ast, mode);
    runner.statements(statements, out);
    runner.flush(out);
    runner.outcome
}

impl<'s> Runner<'s> {
    pub(super) fn new(session: &'s mut Session, ast: &Arc<Ast>, mode: Mode) -> Self {
        Runner {
            session,
            ast: Arc::clone(ast),
            mode,
            sink: Sink::new(),
            in_loop: false,
            outcome: Outcome::default(),
            outer_files: Vec::new(),
            reported: 0,
            commands: HashMap::new(),
            files: Open::default(),
        }
    }
}

impl Runner<'_> {
    pub(super) fn statements(&mut self, statements: &[StmtId], out: &mut Receiver) {
        for &id in statements {
            let before = self.reported;
            crate::work::begin_statement();
            let result = patience::attempt(|| self.statement(id, out));
            let result = result.unwrap_or_else(|Stopped| self.break_off(id, out));
            self.flush(out);
            self.commands.clear();
            self.collect();
            // In a dry run a value may be missing only because nothing has run.
            let failed = if self.is_dry() { self.reported > before } else { result.is_err() };
            self.outcome.failed |= failed;
            self.outcome.interrupted |= self.session.interrupt.load(Ordering::Relaxed);
            if failed && !self.is_dry() {
                return;
            }
            if self.outcome.interrupted {
                return;
            }
        }
    }

    /// Ends a statement that a look at the interrupt has ended in its midst. What it was building is
    /// left behind; an optimization within it that was done by then is given out.
    fn break_off(&mut self, id: StmtId, out: &mut Receiver) -> Checked<()> {
        self.session.settle();
        self.emit_fits(out);
        let span = self.ast.stmt(id).span;
        self.report(check::interrupted(span))
    }

    pub(super) fn flush(&mut self, out: &mut Receiver) {
        for finding in self.sink.take() {
            let finding = self.files.explained(finding);
            self.reported += usize::from(finding.severity == Severity::Error);
            out(&self.session.files.sources, Output::Finding(finding));
        }
    }

    /// Reports a finding.
    pub fn report<T>(&mut self, finding: Diagnostic) -> Checked<T> {
        self.sink.push(finding);
        Err(Reported)
    }

    pub fn is_dry(&self) -> bool {
        self.mode == Mode::Dry
    }

    /// Says that a statement is not there yet.
    pub(super) fn not_built(&mut self, what: &str, span: Span) -> Checked<()> {
        self.report(check::not_built(what, span))
    }

    /// Checks with the names of the session. Where the checked expression
    /// holds a command, the command runs first and the check starts again.
    pub fn checker<T>(&mut self, mut work: impl FnMut(&mut Checker) -> Checked<T>) -> Checked<T> {
        loop {
            let Session { state, files, .. } = &mut *self.session;
            let State { graph, names, spans, .. } = state;
            let dry = self.mode == Mode::Dry;
            let mut checker = Checker::new(
                graph,
                names,
                &mut self.sink,
                files,
                spans,
                Arc::clone(&self.ast),
                dry,
            );
            checker.commands = std::mem::take(&mut self.commands);
            let result = work(&mut checker);
            let wanted = checker.wanted.take();
            self.commands = std::mem::take(&mut checker.commands);
            let Some(node) = wanted else { return result };
            let item = self.command_item(node, None)?;
            self.commands.insert(node, item);
        }
    }

    /// The item of an expression, which may be a command.
    pub fn value_item(&mut self, node: NodeId, name: Option<&str>) -> Checked<Item> {
        if matches!(self.ast.node(node), Node::Command(_)) {
            return self.command_item(node, name);
        }
        self.checker(|c| c.item(node))
    }

    fn statement(&mut self, id: StmtId, out: &mut Receiver) -> Checked<()> {
        // Blocks in blocks are limited by memory, not by the stack.
        stacker::maybe_grow(256 * 1024, 8 << 20, || self.run_statement(id, out))
    }

    fn run_statement(&mut self, id: StmtId, out: &mut Receiver) -> Checked<()> {
        let ast = Arc::clone(&self.ast);
        let stmt = ast.stmt(id);
        self.session.running = Some(stmt.span);
        match &stmt.kind {
            StmtKind::Var(items) => self.var(items),
            StmtKind::Let { name, value } => {
                let result = self.bind(*name, *value);
                self.emit_fits(out);
                result
            }
            StmtKind::LetPair { names, value } => self.bind_pair(*names, *value),
            StmtKind::Fn { name, params, body } => {
                let doc = stmt.doc.iter().map(|&t| ast.text(t).to_string()).collect();
                self.function(*name, params, *body, doc)
            }
            // In scope without it.
            StmtKind::UseName(name) if library::NAMES.contains(&ast.ident(*name)) => Ok(()),
            StmtKind::UseName(name) => {
                self.not_built(&format!("the library `{}`", ast.ident(*name)), name.span)
            }
            StmtKind::UseFile(path, span) => self.use_file(*path, *span, out),
            StmtKind::Seed(node) => self.seed(*node),
            StmtKind::For { index, range, body } => self.repeat(*index, *range, body, out),
            StmtKind::Optimizer { name, options, body } => {
                let doc = stmt.doc.iter().map(|&t| ast.text(t).to_string()).collect();
                self.optimizer(*name, options, body, doc)
            }
            StmtKind::Command(node) => {
                let Node::Command(command) = ast.node(*node) else { return Ok(()) };
                let result = self.command(command, out);
                self.emit_fits(out);
                result
            }
            StmtKind::Expr(node) => {
                let result = self.show(*node, out);
                self.emit_fits(out);
                result
            }
        }
    }

    /// Gives out the results of optimizations that have ended.
    pub(super) fn emit_fits(&mut self, out: &mut Receiver) {
        self.flush(out);
        for (fit, brief) in std::mem::take(&mut self.session.finished) {
            out(&self.session.files.sources, Output::Fit { fit, brief });
        }
    }

    /// An expression statement: shows its value.
    fn show(&mut self, node: NodeId, out: &mut Receiver) -> Checked<()> {
        let span = self.ast.span(node);
        let item = self.value_item(node, None)?;
        self.show_stage(&item, out);
        let text = self.checker(|c| c.shown(&item, span))?;
        let value = self.json(&item, span)?;
        if self.mode == Mode::Line {
            let ans = self.named("ans", item.clone(), span).unwrap_or(item);
            self.session.state.names.define("ans", ans, None);
        }
        // Warnings come before the value that they are about.
        self.flush(out);
        let name = squeeze(self.session.files.sources.slice(span));
        out(&self.session.files.sources, Output::Value { name, text, value });
        Ok(())
    }

    /// What `--show` asks for about an expression.
    fn show_stage(&mut self, item: &Item, out: &mut Receiver) {
        let stage = self.session.settings.show.filter(|s| s.is_there());
        let (Some(stage), Item::Expr(e), false) = (stage, item, self.is_dry()) else {
            return;
        };
        let g = &mut self.session.state.graph;
        if let Some(text) = crate::model::show::expression(g, *e, stage) {
            out(&self.session.files.sources, Output::Stage(text));
        }
    }

    /// The value of an item for programs; null while an unknown is left.
    fn json(&mut self, item: &Item, span: Span) -> Checked<JsonValue> {
        match item {
            Item::Expr(e) | Item::Truth(e) => {
                if self.session.state.graph.has_unknown(*e) {
                    return Ok(JsonValue::Null);
                }
                let truth = matches!(item, Item::Truth(_));
                let value = self.checker(|c| c.value_of(*e, span))?;
                Ok(value.map_or(JsonValue::Null, |v| {
                    if truth { JsonValue::Bool(v.data()[0] != 0.0) } else { tensor_json(&v) }
                }))
            }
            Item::Text(text) => Ok(JsonValue::Text(text.clone())),
            Item::Texts(texts) => {
                Ok(JsonValue::Array(texts.iter().cloned().map(JsonValue::Text).collect()))
            }
            Item::Categories(c) => {
                let cells = (0..c.codes().len())
                    .map(|i| JsonValue::Text(c.text(i).unwrap_or_default().to_string()));
                Ok(JsonValue::Array(cells.collect()))
            }
            Item::Labelled(parts) => self.labelled_json(parts, span),
            _ => Ok(JsonValue::Null),
        }
    }

    /// Derivatives by name; of one unknown the derivative alone, and null while
    /// an unknown is left.
    fn labelled_json(&mut self, parts: &crate::check::Labelled, span: Span) -> Checked<JsonValue> {
        let g = &self.session.state.graph;
        if parts.parts.iter().any(|&p| g.has_unknown(p)) {
            return Ok(JsonValue::Null);
        }
        let names: Vec<String> = parts.unknowns.iter().map(|u| g.symbol(*u).name.clone()).collect();
        let mut values = Vec::new();
        for &part in &parts.parts {
            values.push(self.json(&Item::Expr(part), span)?);
        }
        if values.len() == 1 {
            return Ok(values.swap_remove(0));
        }
        if parts.order != 2 {
            return Ok(object(names.iter().cloned().zip(values)));
        }
        let n = names.len();
        let mut rows = Vec::new();
        for name in &names {
            let row: Vec<JsonValue> = values.drain(..n).collect();
            rows.push((name.clone(), object(names.iter().cloned().zip(row))));
        }
        Ok(object(rows))
    }

    fn seed(&mut self, node: NodeId) -> Checked<()> {
        let span = self.ast.span(node);
        match self.checker(|c| c.known_scalar(node, "the seed"))? {
            Some(v) if v.fract() == 0.0 && (0.0..9.1e15).contains(&v) => {
                self.session.files.seed(v as u64);
                Ok(())
            }
            Some(v) => {
                let finding = Diagnostic::error(
                    codes::E0403,
                    format!("a seed is a whole number from 0, found {v}"),
                );
                self.report(finding.at(span, "here"))
            }
            None => Ok(()),
        }
    }

    /// `for x in E { ... }`: over whole numbers or the elements of an array.
    fn repeat(
        &mut self,
        index: Ident,
        range: NodeId,
        body: &[StmtId],
        out: &mut Receiver,
    ) -> Checked<()> {
        let span = self.ast.span(range);
        let values = self.checker(|c| {
            let e = c.expression(range)?;
            c.value_of(e, span)
        })?;
        let values = values.unwrap_or_else(|| Tensor::scalar(0.0));
        let name = self.ast.ident(index).to_string();
        let before = self.session.state.names.get(&name).cloned();
        self.session.state.shadowed.push(before);
        let was_in_loop = std::mem::replace(&mut self.in_loop, true);
        let turns = if self.is_dry() { values.data().len().min(1) } else { values.data().len() };
        let failed_before = self.outcome.failed;
        self.outcome.failed = false;
        for &value in &values.data()[..turns] {
            let symbol =
                crate::expr::Symbol::known(&name, Shape::Scalar, Some(Tensor::scalar(value)));
            let id = self.session.state.graph.declare(symbol);
            let leaf = self.session.state.graph.leaf(id);
            self.define(index, Item::Expr(leaf));
            self.statements(body, out);
            if self.outcome.failed || self.outcome.interrupted {
                break;
            }
        }
        let failed = std::mem::replace(&mut self.outcome.failed, failed_before);
        self.in_loop = was_in_loop;
        match self.session.state.shadowed.pop().flatten() {
            Some(entry) => self.session.state.names.define(&name, entry.item, entry.span),
            None => self.session.state.names.remove(&name),
        }
        // Between two statements of the body nothing else says so.
        if !failed && self.outcome.interrupted && !self.is_dry() {
            return self.report(check::interrupted(span));
        }
        if failed { Err(Reported) } else { Ok(()) }
    }
}

fn object(fields: impl IntoIterator<Item = (String, JsonValue)>) -> JsonValue {
    let mut object = crate::report::JsonObject::new();
    for (name, value) in fields {
        object.push(name, value);
    }
    JsonValue::Object(object)
}

/// A value for programs: a number, an array, or an array of rows.
pub fn tensor_json(value: &Tensor) -> JsonValue {
    memory::need_numbers(value.data().len(), "the JSON of an array");
    match value.shape() {
        Shape::Scalar => JsonValue::Number(value.data()[0]),
        Shape::Vector(_) => JsonValue::Column(value.data().to_vec()),
        Shape::Matrix(rows, cols) => {
            JsonValue::Matrix { rows, cols, values: value.data().to_vec() }
        }
    }
}

/// Text with runs of blanks and new lines as one blank.
pub(super) fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Stops where a file of `world` cannot be read; used by front ends.
pub fn io_reason(error: &std::io::Error) -> String {
    super::regular::reason(error)
}

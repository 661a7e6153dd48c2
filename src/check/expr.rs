//! Expressions, node by node.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Checked, Checker, Item, Local, Reported};
use crate::diag::{Diagnostic, codes, nearest};
use crate::expr::{ExprId, Num, Op, SymbolId};
use crate::ops;
use crate::report::{FormatSpec, array, number};
use crate::shape::{Shape, Tensor};
use crate::source::Span;
use crate::syntax::ast::{Definition, Node, NodeId, Piece};

impl Checker<'_> {
    /// What an expression denotes.
    pub fn item(&mut self, node: NodeId) -> Checked<Item> {
        // Nesting is limited by memory, not by the stack.
        crate::memory::deep(|| self.item_of(node))
    }

    fn item_of(&mut self, node: NodeId) -> Checked<Item> {
        let ast = Arc::clone(&self.ast);
        let span = ast.span(node);
        match ast.node(node) {
            Node::Number(text) => match Num::parse(ast.text(*text)) {
                Some(n) => {
                    let e = self.g.number(n);
                    self.warn_constant(e, span);
                    Ok(Item::Expr(e))
                }
                None => self.report(
                    Diagnostic::error(codes::E0404, "expected a number").at(span, "not a number"),
                ),
            },
            Node::Str(text) => Ok(Item::Text(ast.text(*text).to_string())),
            Node::Format(pieces) => self.format(pieces).map(Item::Text),
            Node::Name(name) => self.name(ast.name(*name), span),
            Node::Point(_) => self.report(
                Diagnostic::error(codes::E0404, "expected a value, found a point")
                    .at(span, "a point")
                    .help("a point stands after `at` or `from`: `f at (x = 1)`"),
            ),
            Node::Call { callee, args } => self.call(node, *callee, args),
            Node::Array(entries) => self.array(std::slice::from_ref(entries), true, span),
            Node::Matrix(rows) => self.array(rows, false, span),
            Node::Comprehension(generator) => {
                self.generator(Op::Comp, generator, span).map(Item::Expr)
            }
            Node::Generator(_) => self.report(
                Diagnostic::error(codes::E0404, "expected a value, found `for`")
                    .at(span, "a `for` without its sum")
                    .help("write `sum(... for i in 1..n)`, or `[... for i in 1..n]` for a column"),
            ),
            Node::Index { base, entries } => self.index(*base, entries, span),
            Node::Field { base, field } => self.field(*base, ast.ident(*field), field.span),
            Node::Transpose(inner) => {
                let e = self.expression(*inner)?;
                let t = self.g.transpose(e);
                Ok(Item::Expr(self.place(t, span)))
            }
            Node::Neg(inner) => {
                let e = self.expression(*inner)?;
                let n = self.g.neg(e);
                Ok(Item::Expr(self.place(n, span)))
            }
            Node::Not(inner) => {
                let e = self.expression(*inner)?;
                let not = self.node(Op::Not, &[e], span, &[ast.span(*inner)])?;
                Ok(Item::Truth(not))
            }
            Node::Nabla { order, of } => self.nabla(*order, *of, span),
            Node::Binary { .. } => self.binary(node),
            Node::Compare { first, rest } => self.comparison(*first, rest, span),
            Node::And(a, b) => self.logic(Op::And, *a, *b, span),
            Node::Or(a, b) => self.logic(Op::Or, *a, *b, span),
            Node::Range { low, high } => self.range_array(*low, *high, span),
            Node::If { cond, then, other } => self.branch(*cond, *then, *other, span),
            Node::At { expr, point } => self.at(*expr, *point, span),
            Node::Where { body, defs } => self.where_clause(*body, defs),
            Node::Command(_) => self.command_value(node),
        }
    }

    /// A command in the place of a value. The session runs it and checks the
    /// expression again with its result.
    fn command_value(&mut self, node: NodeId) -> Checked<Item> {
        if let Some(item) = self.commands.get(&node) {
            return Ok(item.clone());
        }
        let inside = self.inside.is_some() || self.locals.iter().any(|l| l.index.is_some());
        if inside {
            let finding = Diagnostic::error(
                codes::E0604,
                "a command cannot stand inside a sum or a function",
            );
            return self.report(
                finding.at(self.ast.span(node), "here").help("run it first: `let fit = ...`"),
            );
        }
        self.wanted.get_or_insert(node);
        Err(Reported)
    }

    /// What a name denotes.
    pub(super) fn name(&mut self, name: &str, span: Span) -> Checked<Item> {
        if let Some(local) = self.locals[self.frame..].iter().rev().find(|l| l.name == name) {
            return Ok(local.item.clone());
        }
        let entry = match &self.inside {
            Some(function) => function.captured.get(name).or_else(|| self.names.get(name)),
            None => self.names.get(name),
        };
        let origin = entry.and_then(|e| e.span);
        match entry.map(|e| e.item.clone()) {
            Some(Item::Failed) => Err(Reported),
            Some(Item::Expr(e)) => {
                if let (Some(origin), false) = (origin, self.g.shape(e).is_scalar()) {
                    self.origins.insert(span, (name.to_string(), origin));
                }
                Ok(Item::Expr(self.place(e, span)))
            }
            Some(item) => Ok(item),
            None => self.constant_or_unknown(name, span),
        }
    }

    fn constant_or_unknown(&mut self, name: &str, span: Span) -> Checked<Item> {
        match name {
            "pi" => return Ok(Item::Expr(self.g.pi())),
            "inf" => return Ok(Item::Expr(self.g.number(Num::float(f64::INFINITY)))),
            "nan" => return Ok(Item::Expr(self.g.number(Num::float(f64::NAN)))),
            "true" => return Ok(Item::Truth(self.g.int(1))),
            "false" => return Ok(Item::Truth(self.g.int(0))),
            _ => {}
        }
        if self.ast.failed_names.iter().any(|n| n == name) {
            return Err(Reported);
        }
        let callable = ops::names().any(|n| n == name) || super::builtin(name).is_some();
        if callable {
            let finding =
                Diagnostic::error(codes::E0301, format!("`{name}` is a function, not a value"));
            return self
                .report(finding.at(span, "a function").help(format!("call it: `{name}(...)`")));
        }
        let finding = Diagnostic::error(codes::E0301, format!("unknown name `{name}`"))
            .at(span, "not defined");
        let help = self.near_name(name).unwrap_or_else(|| match name {
            "e" => "Euler's number is `exp(1)`".to_string(),
            _ => format!(
                "define it first: `var {name}` for an unknown, `let {name} = ...` for a known value"
            ),
        });
        self.report(finding.help(help))
    }

    /// A proposal for a misspelt name.
    fn near_name(&self, name: &str) -> Option<String> {
        let locals = self.locals[self.frame..].iter().map(|l| l.name.as_str());
        let candidates: Vec<&str> = locals.chain(self.names.iter().map(|(n, _)| n)).collect();
        nearest(name, candidates.iter().copied()).map(|n| format!("did you mean `{n}`?"))
    }

    fn logic(&mut self, op: Op, a: NodeId, b: NodeId, span: Span) -> Checked<Item> {
        let (l, r) = (self.expression(a), self.expression(b));
        let (l, r) = (l?, r?);
        let e = self.node(op, &[l, r], span, &[self.ast.span(a), self.ast.span(b)])?;
        Ok(if self.g.shape(e).is_scalar() { Item::Truth(e) } else { Item::Expr(e) })
    }

    fn branch(&mut self, cond: NodeId, then: NodeId, other: NodeId, span: Span) -> Checked<Item> {
        let c = self.expression(cond);
        self.in_branch += 1;
        let (a, b) = (self.item(then), self.item(other));
        self.in_branch -= 1;
        let (c, a, b) = (c?, a?, b?);
        let truth = matches!((&a, &b), (Item::Truth(_), Item::Truth(_)));
        // Texts may be chosen by a condition that is known.
        if let (Item::Text(_), Item::Text(_)) = (&a, &b) {
            let value = self.value_of(c, self.ast.span(cond))?;
            let holds = value.is_none_or(|v| v.data()[0] != 0.0);
            return Ok(if holds { a } else { b });
        }
        let a = self.as_expr(a, self.ast.span(then))?;
        let b = self.as_expr(b, self.ast.span(other))?;
        let places = [cond, then, other].map(|n| self.ast.span(n));
        let e = self.node(Op::If, &[c, a, b], span, &places)?;
        Ok(if truth { Item::Truth(e) } else { Item::Expr(e) })
    }

    fn where_clause(&mut self, body: NodeId, defs: &[Definition]) -> Checked<Item> {
        let before = self.locals.len();
        for def in self.ordered(defs) {
            let item = self.item(def.value).unwrap_or(Item::Failed);
            let name = self.ast.ident(def.name).to_string();
            self.locals.push(Local { name, item, span: def.name.span, index: None });
        }
        let result = self.item(body);
        self.locals.truncate(before);
        result
    }

    /// The names that stand in an expression. Its nodes were made one after the other, the last of them its own.
    pub(super) fn names_in(&self, node: NodeId) -> HashSet<&str> {
        let span = self.ast.span(node);
        let inside = |n: &NodeId| {
            let at = self.ast.span(*n);
            at.file == span.file && at.start >= span.start && at.end <= span.end
        };
        let nodes = (0..=node.0).rev().map(NodeId).take_while(inside);
        let name = |n| match self.ast.node(n) {
            Node::Name(name) => Some(self.ast.name(*name)),
            _ => None,
        };
        nodes.filter_map(name).collect()
    }

    /// The definitions of a `where`, each after those that it uses; a name may use those before and after it. Where they go in
    /// a circle, from the end, as in print.
    fn ordered<'d>(&self, defs: &'d [Definition]) -> Vec<&'d Definition> {
        let used: Vec<HashSet<&str>> = defs.iter().map(|def| self.names_in(def.value)).collect();
        let place = |def: &Definition| defs.iter().position(|d| d.name == def.name);
        let uses = |def: &Definition, other: &Definition| {
            place(def).is_some_and(|k| used[k].contains(self.ast.ident(other.name)))
        };
        let mut left: Vec<&Definition> = defs.iter().rev().collect();
        let mut ordered = Vec::new();
        while !left.is_empty() {
            let free = |def: &Definition| left.iter().all(|o| o.name == def.name || !uses(def, o));
            let next = left.iter().position(|def| free(def)).unwrap_or(0);
            ordered.push(left.remove(next));
        }
        ordered
    }

    /// The text of a string with braces.
    pub fn format(&mut self, pieces: &[Piece]) -> Checked<String> {
        let ast = Arc::clone(&self.ast);
        let mut out = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.push_str(ast.text(*text)),
                Piece::Value { value, format, span } => {
                    let item = self.item(*value)?;
                    let spec = format.map(|f| ast.text(f));
                    out.push_str(&self.formatted(item, spec, *span)?);
                }
            }
        }
        Ok(out)
    }

    fn formatted(&mut self, item: Item, spec: Option<&str>, span: Span) -> Checked<String> {
        if let (Some(spec), Item::Expr(e) | Item::Truth(e)) = (spec, &item)
            && self.g.shape(*e).is_scalar()
        {
            let Some(value) = self.value_of(*e, span)? else { return Ok(String::new()) };
            let formatted = FormatSpec::parse(spec).and_then(|f| f.number(value.data()[0]));
            return match formatted {
                Ok(text) => Ok(text),
                Err(error) => self.report(
                    Diagnostic::error(codes::E0603, error.to_string())
                        .at(span, "this format")
                        .help("write a format such as `.3e`, `.4f` or `8.2f`"),
                ),
            };
        }
        self.shown(&item, span)
    }

    /// The text that shows an item: the value where it is known, else the
    /// expression.
    pub fn shown(&mut self, item: &Item, span: Span) -> Checked<String> {
        match item {
            Item::Expr(e) | Item::Truth(e) if self.g.has_unknown(*e) => {
                Ok(crate::simplify::shown(self.g, *e))
            }
            Item::Truth(e) => {
                let value = self.value_of(*e, span)?;
                Ok(value.map_or(String::new(), |v| (v.data()[0] != 0.0).to_string()))
            }
            Item::Expr(e) => {
                let value = self.value_of(*e, span)?;
                Ok(value.map_or(String::new(), |v| value_text(&v)))
            }
            Item::Text(text) => Ok(text.clone()),
            Item::Texts(texts) => Ok(texts.join(", ")),
            Item::Optimizer(o) => Ok(format!("optimizer {}", o.name)),
            Item::Labelled(parts) => self.labelled_text(parts, span),
            Item::Derivations(found) => {
                let texts: Vec<String> =
                    found.iter().map(|d| crate::derivation::text(self.g, d)).collect();
                Ok(texts.join("\n"))
            }
            Item::Table(t) => Ok(format!(
                "{}: {} rows, columns {}",
                t.name,
                t.table.n_rows(),
                t.table.column_names().collect::<Vec<_>>().join(", ")
            )),
            Item::Categories(c) => Ok(c.levels().join(", ")),
            Item::Function(f) => Ok(format!(
                "fn {}({})",
                f.name,
                f.params.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>().join(", ")
            )),
            Item::Record(r) => Ok(format!(
                "{} with {}",
                r.what,
                r.fields.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>().join(", ")
            )),
            Item::Pair(_) | Item::Failed => Ok(item.kind().to_string()),
        }
    }

    /// Makes a bound index current while `body` is checked.
    pub(super) fn with_index<T>(
        &mut self,
        name: &str,
        item: impl FnOnce(&mut Self, ExprId) -> Item,
        span: Span,
        body: impl FnOnce(&mut Self, SymbolId) -> Checked<T>,
    ) -> Checked<T> {
        let shadowed = self.locals[self.frame..]
            .iter()
            .find(|l| l.name == name && l.index.is_some())
            .map(|l| l.span);
        if let Some(outer) = shadowed {
            let finding =
                Diagnostic::error(codes::E0303, format!("index `{name}` is already in use"));
            return self.report(
                finding
                    .at(span, "this index")
                    .label(outer, "the outer one")
                    .help("give the inner index another name"),
            );
        }
        // Callers of a function may have an index of this name open.
        let is_open = |symbol: &SymbolId, checker: &Self| {
            checker.locals.iter().any(|l| l.index == Some(*symbol))
        };
        let mut serial = 0;
        let symbol = loop {
            let symbol = self.g.index_symbol(name, serial);
            if !is_open(&symbol, self) {
                break symbol;
            }
            serial += 1;
        };
        self.g.mark_written(symbol);
        let leaf = self.g.leaf(symbol);
        let item = item(self, leaf);
        self.locals.push(Local { name: name.to_string(), item, span, index: Some(symbol) });
        let result = body(self, symbol);
        self.locals.pop();
        result
    }
}

/// A value for people, in as many lines as it needs.
pub fn value_text(value: &Tensor) -> String {
    const WIDTH: usize = 100;
    match value.shape() {
        Shape::Scalar => number::human(value.data()[0]),
        Shape::Vector(_) => array::column(value.data(), WIDTH),
        Shape::Matrix(m, n) => array::matrix(value.data(), m, n, WIDTH),
    }
}

//! Statements that define names: `var`, `let`, `fn`.

use std::collections::HashMap;
use std::sync::Arc;

use super::statement::Runner;
use super::{Mode, State, Unknown, world::Files};
use crate::check::{Checked, Checker, Entry, Function, Item, NamedTable, Reported};
use crate::check::{Given, Optimizer};
use crate::diag::{Diagnostic, Sink, codes};
use crate::expr::{Symbol, SymbolKind};
use crate::problem::Bounds;
use crate::shape::{Shape, Tensor, in_words};
use crate::source::Span;
use crate::syntax::Ast;
use crate::syntax::ast::OptimizerLine;
use crate::syntax::ast::OptionItem;
use crate::syntax::ast::{Bound, CmpOp, Ident, Node, NodeId, Param, VarItem};

impl Runner<'_> {
    /// Whether the name may be defined here.
    fn may_define(&mut self, name: &str, span: Span) -> Checked<()> {
        if matches!(name, "pi" | "inf" | "nan" | "true" | "false") {
            let finding = Diagnostic::error(
                codes::E0302,
                format!("`{name}` is a constant and cannot be redefined"),
            );
            return self.report(finding.at(span, "here").help("choose another name"));
        }
        if self.mode == Mode::Line || self.in_loop {
            return Ok(());
        }
        match self.session.state.names.get(name) {
            Some(Entry { span: Some(first), .. }) => {
                let first = *first;
                let finding = Diagnostic::error(codes::E0302, format!("`{name}` is defined twice"));
                self.report(
                    finding
                        .at(span, "again")
                        .label(first, "first")
                        .help("in a script a name is defined once; choose another name"),
                )
            }
            _ => Ok(()),
        }
    }

    pub(super) fn define(&mut self, name: Ident, item: Item) {
        let text = self.ast.ident(name).to_string();
        self.session.state.graph.reserve_name(&text);
        self.session.state.names.define(&text, item, Some(name.span));
    }

    /// `var x, y: R[3] >= 0 = 1`.
    pub(super) fn var(&mut self, items: &[VarItem]) -> Checked<()> {
        let mut outcome = Ok(());
        for item in items {
            if let Err(reported) = self.var_item(item) {
                self.define(item.name, Item::Failed);
                outcome = Err(reported);
            }
        }
        outcome
    }

    fn var_item(&mut self, item: &VarItem) -> Checked<()> {
        let name = self.ast.ident(item.name).to_string();
        self.may_define(&name, item.name.span)?;
        let (shape, dims) = match &item.shape {
            Some(written) => self.checker(|c| c.shape(written))?,
            None => (Shape::Scalar, [None; 2]),
        };
        let (lower, upper) = match &item.bound {
            Some(bound) => self.bounds(*bound, shape, item.name)?,
            None => (None, None),
        };
        let start = match item.start {
            Some(node) => self.array_of_shape(node, shape, "the start")?,
            None => Tensor::filled(shape, 0.0),
        };
        let mut unknown = Unknown { start, lower, upper };
        let box_of_entries = unknown.bounds();
        let place = (item.span, "declared here");
        unknown.start = self.clipped_start(&name, unknown.start, box_of_entries.as_ref(), place);
        let least = |t: &Tensor| t.data().iter().copied().fold(f64::INFINITY, f64::min);
        let most = |t: &Tensor| t.data().iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let bounds = (
            unknown.lower.as_ref().map_or(f64::NEG_INFINITY, least),
            unknown.upper.as_ref().map_or(f64::INFINITY, most),
        );
        let symbol = Symbol { dims, bounds, ..Symbol::unknown(&name, shape) };
        let id = self.session.state.graph.declare(symbol);
        let leaf = self.session.state.graph.leaf(id);
        self.session.state.unknowns.insert(id, unknown);
        self.define(item.name, Item::Expr(leaf));
        Ok(())
    }

    /// A known value of the given shape; a scalar fills it. Filled with zeros
    /// where the value is only known once the script runs.
    fn array_of_shape(&mut self, node: NodeId, shape: Shape, what: &str) -> Checked<Tensor> {
        let span = self.ast.span(node);
        let value = self.checker(|c| {
            let e = c.expression(node)?;
            c.value_of(e, span)
        })?;
        let Some(value) = value else { return Ok(Tensor::filled(shape, 0.0)) };
        if value.shape() == shape {
            return Ok(value);
        }
        if let Some(v) = value.as_scalar() {
            return Ok(Tensor::filled(shape, v));
        }
        if let (Shape::Vector(n), Shape::Matrix(m, 1)) = (shape, value.shape())
            && n == m
        {
            return Ok(Tensor::new(shape, value.data()));
        }
        let message =
            format!("{what} must be {}, found {}", in_words(shape), in_words(value.shape()));
        self.report(
            Diagnostic::error(codes::E0401, message).at(span, format!("this is {}", value.shape())),
        )
    }

    fn bounds(
        &mut self,
        bound: Bound,
        shape: Shape,
        name: Ident,
    ) -> Checked<(Option<Tensor>, Option<Tensor>)> {
        match bound {
            Bound::Side(op, node) => {
                let value = self.array_of_shape(node, shape, "a bound")?;
                Ok(match op {
                    CmpOp::Ge | CmpOp::Gt => (Some(value), None),
                    CmpOp::Le | CmpOp::Lt => (None, Some(value)),
                    _ => {
                        let finding = Diagnostic::error(
                            codes::E0608,
                            "a bound is written with `<=`, `>=` or `in`",
                        );
                        return self.report(finding.at(self.ast.span(node), "here"));
                    }
                })
            }
            Bound::In(node) => {
                let ast = Arc::clone(&self.ast);
                let ends = match ast.node(node) {
                    Node::Array(entries) if entries.len() == 2 => [entries[0], entries[1]],
                    _ => {
                        let finding =
                            Diagnostic::error(codes::E0608, "expected two bounds in brackets");
                        return self.report(
                            finding
                                .at(ast.span(node), "here")
                                .help("write `in [0, 1]`; `inf` stands for no bound"),
                        );
                    }
                };
                let lower = self.array_of_shape(ends[0], shape, "a bound")?;
                let upper = self.array_of_shape(ends[1], shape, "a bound")?;
                let crossed = lower
                    .data()
                    .iter()
                    .zip(upper.data())
                    .find(|(l, u)| l > u || l.is_nan() || u.is_nan());
                if let Some((l, u)) = crossed {
                    let text = self.ast.ident(name).to_string();
                    let finding = Diagnostic::error(
                        codes::E0608,
                        format!("no value of `{text}` lies between {l} and {u}"),
                    );
                    return self.report(
                        finding.at(ast.span(node), "the lower bound is above the upper one"),
                    );
                }
                Ok((Some(lower), Some(upper)))
            }
        }
    }

    /// The start, moved to the nearest bound where it lies outside, with a note at the place, which says what stands there.
    pub(super) fn clipped_start(
        &mut self,
        name: &str,
        start: Tensor,
        bounds: Option<&Bounds>,
        (span, label): (Span, &str),
    ) -> Tensor {
        let Some(moved) = bounds.and_then(|bounds| bounds.clipped_start(start.data())) else {
            return start;
        };
        let message = format!(
            "the start of `{name}` lies outside its bounds and is moved to the nearest bound"
        );
        self.sink.push(Diagnostic::note_only(codes::W0008, message).at(span, label));
        Tensor::new(start.shape(), moved)
    }

    /// `let a = E`.
    pub(super) fn bind(&mut self, name: Ident, value: NodeId) -> Checked<()> {
        let text = self.ast.ident(name).to_string();
        let item = self
            .may_define(&text, name.span)
            .and_then(|()| self.value_for(&text, value))
            .and_then(|item| self.named(&text, item, self.ast.span(value)));
        let item = match item {
            Ok(item) => item,
            Err(reported) => {
                // A name that is there already keeps its meaning in a REPL.
                if self.mode != Mode::Line || self.session.state.names.get(&text).is_none() {
                    self.define(name, Item::Failed);
                }
                return Err(reported);
            }
        };
        if let Item::Expr(size) = item {
            self.checker(|c| c.name_dimension(value, size))?;
        }
        self.define(name, item);
        Ok(())
    }

    /// What the `let` of a name gives: the value of `--set`, or its own.
    fn value_for(&mut self, name: &str, value: NodeId) -> Checked<Item> {
        let given =
            self.session.settings.set.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.clone());
        let Some(text) = given else { return self.value_item(value, Some(name)) };
        self.session.state.taken.push(name.to_string());
        let file = self.session.add_source("--set", &text);
        let mut sink = Sink::new();
        let ast = Arc::new(crate::syntax::parse(file, &text, &mut sink));
        let expression = ast.top.first().and_then(|&s| match &ast.stmt(s).kind {
            crate::syntax::ast::StmtKind::Expr(e) => Some(*e),
            _ => None,
        });
        for finding in sink.take() {
            self.sink.push(finding);
        }
        let outer = std::mem::replace(&mut self.ast, ast);
        let result = match expression {
            Some(e) => self.value_item(e, Some(name)),
            None => Err(Reported),
        };
        self.ast = outer;
        result
    }

    /// A known value under its new name; other items as they are.
    pub(super) fn named(&mut self, name: &str, item: Item, span: Span) -> Checked<Item> {
        let (e, truth) = match item {
            Item::Expr(e) => (e, false),
            Item::Truth(e) => (e, true),
            Item::Table(t) => {
                return Ok(Item::Table(Arc::new(NamedTable {
                    name: name.to_string(),
                    table: t.table.clone(),
                    rows: t.rows,
                })));
            }
            other => return Ok(other),
        };
        let g = &self.session.state.graph;
        if g.has_unknown(e) {
            return Ok(if truth { Item::Truth(e) } else { Item::Expr(e) });
        }
        let shape = g.shape(e);
        let value = self.checker(|c| c.value_of(e, span))?;
        let g = &mut self.session.state.graph;
        let id = g.declare(Symbol::known(name, shape, value));
        let mut dims = g.new_dims(shape);
        for (axis, dim) in dims.iter_mut().enumerate() {
            *dim = g.dim(e, axis).or(*dim);
            if let (Some(dim), Some(size)) = (*dim, g.size_name(e, axis)) {
                g.name_dim(dim, size);
            }
        }
        g.set_dims(id, dims);
        let leaf = g.leaf(id);
        Ok(if truth { Item::Truth(leaf) } else { Item::Expr(leaf) })
    }

    /// `let (a, b) = E`.
    pub(super) fn bind_pair(&mut self, names: [Ident; 2], value: NodeId) -> Checked<()> {
        for name in names {
            let text = self.ast.ident(name).to_string();
            self.may_define(&text, name.span)?;
        }
        let span = self.ast.span(value);
        let items = match self.value_item(value, None) {
            Ok(Item::Pair(pair)) => [pair.0, pair.1],
            Ok(other) => {
                let finding = Diagnostic::error(
                    codes::E0404,
                    format!("expected a pair, found {}", other.kind()),
                );
                let _: Checked<()> = self.report(
                    finding
                        .at(span, other.kind())
                        .help("`split(t, 0.8)` gives a pair; other values take one name a `let`"),
                );
                [Item::Failed, Item::Failed]
            }
            Err(Reported) => [Item::Failed, Item::Failed],
        };
        let failed = matches!(items[0], Item::Failed);
        for (name, item) in names.into_iter().zip(items) {
            let text = self.ast.ident(name).to_string();
            let item = self.named(&text, item, span)?;
            self.define(name, item);
        }
        if failed { Err(Reported) } else { Ok(()) }
    }

    /// `fn g(t) = E`.
    pub(super) fn function(
        &mut self,
        name: Ident,
        params: &[Param],
        body: NodeId,
        doc: Vec<String>,
    ) -> Checked<()> {
        let text = self.ast.ident(name).to_string();
        self.may_define(&text, name.span)?;
        if let Some((a, b)) = twice(&self.ast, params) {
            self.define(name, Item::Failed);
            let finding = Diagnostic::error(
                codes::E0302,
                format!("two parameters are called `{}`", self.ast.ident(b)),
            );
            return self.report(finding.at(b.span, "again").label(a.span, "first"));
        }
        let mut function = Function {
            name: text,
            params: params
                .iter()
                .map(|p| (self.ast.ident(p.name).to_string(), p.shape.clone()))
                .collect(),
            body,
            ast: Arc::clone(&self.ast),
            captured: self.captured(body),
            generic: None,
            doc,
        };
        let parameters = self.parameters(params);
        let function = match parameters {
            Some(parameters) => {
                let probe = Arc::new(function);
                let generic = self.generic_body(&probe, &parameters);
                let body = match generic {
                    Ok(body) => body,
                    Err(reported) => {
                        self.define(name, Item::Failed);
                        return Err(reported);
                    }
                };
                let symbols = parameters.iter().map(|(s, _)| *s).collect();
                Function {
                    generic: body.map(|e| (symbols, e)),
                    ..Arc::try_unwrap(probe).unwrap_or_else(|p| copy(&p))
                }
            }
            None => {
                function.generic = None;
                function
            }
        };
        self.define(name, Item::Function(Arc::new(function)));
        Ok(())
    }

    /// `optimizer f(lr = 0.1) { ... }`.
    pub(super) fn optimizer(
        &mut self,
        name: Ident,
        options: &[OptionItem],
        body: &[OptimizerLine],
        doc: Vec<String>,
    ) -> Checked<()> {
        let text = self.ast.ident(name).to_string();
        self.may_define(&text, name.span)?;
        let of_line = |line: &OptimizerLine| match line {
            OptimizerLine::State(list) => list.iter().map(|d| d.value).max(),
            OptimizerLine::Let(d) | OptimizerLine::Update(d) => Some(d.value),
        };
        let last = body.iter().filter_map(of_line).chain(options.iter().filter_map(|o| o.default));
        let (sizes, own) = match Optimizer::parts(&self.ast, options) {
            Ok(parts) => parts,
            Err(span) => {
                self.define(name, Item::Failed);
                let message = "only `theta` has a shape, with a name for each size";
                let finding = Diagnostic::error(codes::E0602, message).at(span, "here");
                return self.report(finding.help(format!("write `{text}(theta: R[p, q], ...)`")));
            }
        };
        // Any sizes show the mistakes that all have.
        let shape = sizes.is_some().then_some(Shape::Matrix(3, 2));
        let optimizer = Arc::new(Optimizer {
            name: text,
            span: name.span,
            sizes,
            options: own,
            body: body.to_vec(),
            ast: Arc::clone(&self.ast),
            captured: last.max().map(|node| self.captured(node)).unwrap_or_default(),
            doc,
        });
        let one = self.session.state.graph.int(1);
        // Mistakes of the block are found where it stands; options without a default are numbers.
        let given: Vec<(String, Given)> = optimizer
            .options
            .iter()
            .filter(|(_, default)| default.is_none())
            .map(|(name, _)| (name.clone(), Given::All(Item::Expr(one))))
            .collect();
        let step = self.session.state.graph.declare(Symbol::unknown("t", Shape::Scalar));
        let checked = self.checker(|c| c.update(&optimizer, &given, step, shape).map(|_| ()));
        if checked.is_err() {
            self.define(name, Item::Failed);
            return checked;
        }
        self.define(name, Item::Optimizer(optimizer));
        Ok(())
    }

    /// What the names in a body mean now, so that later definitions do not
    /// change the function.
    fn captured(&self, body: NodeId) -> HashMap<String, Entry> {
        let mut found = HashMap::new();
        for k in 0..=body.0 {
            if let Node::Name(name) = self.ast.node(NodeId(k)) {
                let name = self.ast.name(*name);
                if let Some(entry) = self.session.state.names.get(name) {
                    found.entry(name.to_string()).or_insert_with(|| entry.clone());
                }
            }
        }
        found
    }

    /// The parameters as unknowns, where the sizes in their shapes are known.
    fn parameters(&mut self, params: &[Param]) -> Option<Vec<(crate::expr::SymbolId, Span)>> {
        let mut found = Vec::new();
        for param in params {
            let (shape, dims) = match &param.shape {
                None => (Shape::Scalar, [None; 2]),
                Some(written) => {
                    let outer = std::mem::take(&mut self.sink);
                    let shape = self.checker(|c| c.shape(written));
                    self.sink = outer;
                    shape.ok()?
                }
            };
            let symbol = Symbol { dims, ..Symbol::unknown(self.ast.ident(param.name), shape) };
            found.push((self.session.state.graph.declare(symbol), param.name.span));
        }
        Some(found)
    }

    /// The body over its parameters as unknowns. Only unknown names are
    /// mistakes here: an argument may turn out to be an index or an array.
    fn generic_body(
        &mut self,
        function: &Arc<Function>,
        parameters: &[(crate::expr::SymbolId, Span)],
    ) -> Checked<Option<crate::expr::ExprId>> {
        let outer = std::mem::take(&mut self.sink);
        let items: Vec<(Item, Span)> = parameters
            .iter()
            .map(|&(s, span)| (Item::Expr(self.session.state.graph.leaf(s)), span))
            .collect();
        let result = self.checker(|c| {
            let item = c.function_body(function, items.clone())?;
            let span = c.span(function.body);
            c.as_expr(item, span)
        });
        let inner = std::mem::replace(&mut self.sink, outer).take();
        let mut unknown_name = false;
        for finding in inner {
            if [codes::E0301, codes::E0304, codes::E0305].contains(&finding.code) {
                unknown_name = true;
                self.sink.push(finding);
            }
        }
        match (result, unknown_name) {
            (_, true) => Err(Reported),
            (Ok(e), false) => Ok(Some(e)),
            (Err(Reported), false) => Ok(None),
        }
    }
}

fn twice(ast: &Ast, params: &[Param]) -> Option<(Ident, Ident)> {
    for (k, b) in params.iter().enumerate() {
        if let Some(a) = params[..k].iter().find(|a| ast.ident(a.name) == ast.ident(b.name)) {
            return Some((a.name, b.name));
        }
    }
    None
}

fn copy(f: &Function) -> Function {
    Function {
        name: f.name.clone(),
        params: f.params.clone(),
        body: f.body,
        ast: Arc::clone(&f.ast),
        captured: f.captured.clone(),
        generic: f.generic.clone(),
        doc: f.doc.clone(),
    }
}

/// One line about an item, for `:vars`.
pub(super) fn describe(state: &mut State, files: &mut Files, item: &Item) -> String {
    let State { graph, names, spans, .. } = state;
    if let Item::Expr(e) = item
        && let Some(s) = graph.as_symbol(*e)
    {
        let symbol = graph.symbol(s);
        if symbol.kind == SymbolKind::Unknown {
            return format!("unknown {}", symbol.shape);
        }
    }
    let mut sink = Sink::new();
    let ast = Arc::new(crate::syntax::parse(crate::source::FileId(0), "", &mut sink));
    let mut checker = Checker::new(graph, names, &mut sink, files, spans, ast, true);
    let nowhere = Span::new(crate::source::FileId(0), 0, 0);
    let text = checker.shown(item, nowhere).unwrap_or_default();
    match text.lines().count() {
        0 | 1 => text,
        _ => format!("{} ...", text.lines().next().unwrap_or_default()),
    }
}

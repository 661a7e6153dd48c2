//! Derivatives as the language writes them: `grad`, `diff`, `hess`, `jac`,
//! `∇f`.

use std::sync::Arc;

use super::{Checked, Checker, Item, Labelled};
use crate::diag::{Diagnostic, codes};
use crate::diff;
use crate::expr::{Data, Dims, ExprId, Op, SymbolId, SymbolKind};
use crate::shape::{Shape, in_words};
use crate::simplify;
use crate::source::Span;
use crate::syntax::ast::{Arg, IndexEntry, Node, NodeId};
use crate::work;

impl Checker<'_> {
    /// A scalar to differentiate, its unknowns, and its name in labels.
    pub(super) fn objective(&mut self, node: NodeId) -> Checked<(ExprId, Vec<SymbolId>, String)> {
        let span = self.ast.span(node);
        let of = match self.ast.node(node) {
            Node::Name(name) => self.ast.name(*name).to_string(),
            _ => "f".to_string(),
        };
        let item = self.item(node)?;
        let (e, unknowns) = match &item {
            Item::Function(f) => match &f.generic {
                Some((params, body)) => (*body, params.clone()),
                None => (self.as_expr(item, span)?, Vec::new()),
            },
            _ => {
                let e = self.as_expr(item, span)?;
                (e, self.g.unknowns(&[e]))
            }
        };
        let shape = self.g.shape(e);
        if !shape.is_scalar() {
            let finding = Diagnostic::error(
                codes::E0501,
                format!("expected a scalar to differentiate, found {}", in_words(shape)),
            );
            return self.report(finding.at(span, super::describe(shape)).help(
                "the derivative of a column is `jac(r)`; a scalar of it is `sum(r)` or `sumsq(r)`",
            ));
        }
        if unknowns.is_empty() {
            let finding =
                Diagnostic::error(codes::E0502, "there is no unknown to differentiate by");
            return self.report(
                finding
                    .at(span, "holds no unknown")
                    .help("declare what varies with `var x`, before the definitions that use it"),
            );
        }
        Ok((e, unknowns, of))
    }

    pub(super) fn grad(&mut self, arg: &Arg, _: Span) -> Checked<Item> {
        self.gradient_of(arg.value)
    }

    fn gradient_of(&mut self, node: NodeId) -> Checked<Item> {
        let (f, unknowns, of) = self.objective(node)?;
        let parts = diff::gradient(self.g, f, &unknowns);
        let parts = self.shortened(parts);
        Ok(Item::Labelled(Arc::new(labelled(of, 1, unknowns, parts))))
    }

    /// `hess(f)`, and `hess(f, w)` by one unknown.
    pub(super) fn hess(&mut self, args: &[Arg], span: Span) -> Checked<Item> {
        let (f, mut unknowns, of) = self.objective(args[0].value)?;
        if let Some(arg) = args.get(1) {
            let (symbol, entry) = self.target(arg.value, &unknowns)?;
            if entry.is_some() {
                return self.not_built("the Hessian by an entry", self.ast.span(arg.value));
            }
            unknowns = vec![symbol];
        }
        self.hessian_of(f, unknowns, of, span)
    }

    /// The blocks of the Hessian by pairs of unknowns, in closed form.
    fn hessian_of(
        &mut self,
        f: ExprId,
        unknowns: Vec<SymbolId>,
        of: String,
        span: Span,
    ) -> Checked<Item> {
        let gradient = diff::gradient(self.g, f, &unknowns);
        // What cancels in the gradient need not be differentiated: its shortest
        // form may have the shorter derivatives, or the longer ones.
        let plain = self.blocks(&gradient, &unknowns);
        let shorter = self.shortened(gradient);
        let Some(mut parts) = self.blocks(&shorter, &unknowns) else {
            return self.hessian_times(&shorter, unknowns, of);
        };
        for (part, plain) in parts.iter_mut().zip(plain.unwrap_or_default()) {
            if simplify::operations(self.g, plain) <= simplify::operations(self.g, *part) {
                *part = plain;
            }
        }
        if let [only] = parts[..] {
            self.place(only, span);
            let block = Labelled { bare: true, ..labelled(of, 2, unknowns, parts) };
            return Ok(Item::Labelled(Arc::new(block)));
        }
        Ok(Item::Labelled(Arc::new(labelled(of, 2, unknowns, parts))))
    }

    /// The blocks of a Hessian from a gradient, row by row; `None` where one
    /// has no closed form.
    fn blocks(&mut self, gradient: &[ExprId], unknowns: &[SymbolId]) -> Option<Vec<ExprId>> {
        let mut parts = Vec::new();
        for (k, &row) in unknowns.iter().enumerate() {
            for &column in unknowns {
                // The derivative by a scalar is taken last: it has a closed form.
                let turned = self.g.symbol(row).shape.is_scalar() && column != row;
                let (e, by) = match unknowns.iter().position(|u| *u == column) {
                    Some(j) if turned => (gradient[j], row),
                    _ => (gradient[k], column),
                };
                parts.push(diff::jacobian(self.g, e, by)?);
            }
        }
        Some(self.shortened(parts))
    }

    /// The product of the Hessian with a direction, where there is no closed
    /// matrix form.
    fn hessian_times(
        &mut self,
        gradient: &[ExprId],
        unknowns: Vec<SymbolId>,
        of: String,
    ) -> Checked<Item> {
        let parts = diff::along(self.g, gradient, &unknowns);
        let parts = self.shortened(parts);
        Ok(Item::Labelled(Arc::new(labelled(of, 0, unknowns, parts))))
    }

    /// The Jacobian of a column by one unknown, or by all of them.
    pub(super) fn jac(&mut self, args: &[Arg], span: Span) -> Checked<Item> {
        let node = args[0].value;
        let r = self.expression(node)?;
        let shape = self.g.shape(r);
        if matches!(shape, Shape::Matrix(m, n) if m != 1 && n != 1) {
            let message = format!("expected a column to differentiate, found {}", in_words(shape));
            let finding = Diagnostic::error(codes::E0501, message);
            return self.report(finding.at(self.ast.span(node), super::describe(shape)));
        }
        let unknowns = match args.get(1) {
            Some(arg) => vec![self.target(arg.value, &self.g.unknowns(&[r]))?.0],
            None => self.g.unknowns(&[r]),
        };
        if unknowns.is_empty() {
            let finding =
                Diagnostic::error(codes::E0502, "there is no unknown to differentiate by");
            return self.report(finding.at(self.ast.span(node), "holds no unknown"));
        }
        let of = match self.ast.node(node) {
            Node::Name(name) => self.ast.name(*name).to_string(),
            _ => "r".to_string(),
        };
        // The numbers of a row are those of a column.
        let is_row = matches!(shape, Shape::Matrix(1, n) if n > 1);
        let r = if is_row { self.g.transpose(r) } else { r };
        let mut parts = Vec::new();
        for &unknown in &unknowns {
            match diff::jacobian(self.g, r, unknown) {
                Some(part) => parts.push(part),
                None => {
                    let name = self.g.symbol(unknown).name.clone();
                    let message =
                        format!("the Jacobian by `{name}` has no closed form that Gradus finds");
                    return self.report(Diagnostic::error(codes::E0501, message).at(span, "here"));
                }
            }
        }
        let parts = self.shortened(parts);
        if let [only] = parts[..] {
            self.place(only, span);
            let block = Labelled { bare: true, ..labelled(of, 1, unknowns, parts) };
            return Ok(Item::Labelled(Arc::new(block)));
        }
        Ok(Item::Labelled(Arc::new(labelled(of, 1, unknowns, parts))))
    }

    /// Derivatives in the shortest form that the rules find.
    fn shortened(&mut self, parts: Vec<ExprId>) -> Vec<ExprId> {
        // Nothing is shown in the look before a script runs.
        if self.dry {
            return parts;
        }
        let shorten = |p| simplify::shorten(self.g, p);
        if self.for_value {
            return work::brief(|| parts.into_iter().map(shorten).collect());
        }
        parts.into_iter().map(shorten).collect()
    }

    /// `diff(f, x)` and `diff(f, x, y)`.
    pub(super) fn diff(&mut self, args: &[Arg], span: Span) -> Checked<Item> {
        let mut e = self.expression(args[0].value)?;
        let mut unknowns = Vec::new();
        for arg in &args[1..] {
            let within = self.g.unknowns(&[e]);
            let (symbol, entry) = self.target(arg.value, &within)?;
            unknowns.push(symbol);
            let shape = self.g.shape(e);
            let mut d = if shape.is_scalar() {
                diff::gradient(self.g, e, &[symbol])[0]
            } else if self.g.symbol(symbol).shape.is_scalar() {
                let one = self.g.int(1);
                diff::tangent(self.g, &[e], &[(symbol, one)])[0]
            } else if let Some(indices) = &entry {
                // Along the direction that moves this entry alone.
                let (one, whole) = (self.g.int(1), self.g.symbol(symbol).shape);
                let args = [&[one], &indices[..]].concat();
                let direction = self.g.apply_data(Op::Place, Data::Shape(whole), &args);
                let dims = self.g.symbol(symbol).dims;
                self.g.note_dims(direction, dims);
                diff::tangent(self.g, &[e], &[(symbol, direction)])[0]
            } else {
                let finding = Diagnostic::error(
                    codes::E0501,
                    format!("expected a scalar to differentiate, found {}", in_words(shape)),
                );
                return self.report(
                    finding
                        .at(self.ast.span(args[0].value), super::describe(shape))
                        .help("the derivative of a column by a column is `jac(r, x)`"),
                );
            };
            if let Some(indices) = entry.filter(|_| shape.is_scalar()) {
                d = self.g.apply(Op::Elem, &[&[d], &indices[..]].concat());
            }
            e = self.place(d, span);
        }
        unknowns.truncate(1);
        let parts = labelled(String::new(), 1, unknowns, self.shortened(vec![e]));
        Ok(Item::Labelled(Arc::new(Labelled { bare: true, ..parts })))
    }

    /// What to differentiate by: an unknown, or an entry of one.
    pub(super) fn target(
        &mut self,
        node: NodeId,
        within: &[SymbolId],
    ) -> Checked<(SymbolId, Option<Vec<ExprId>>)> {
        let ast = Arc::clone(&self.ast);
        let span = ast.span(node);
        let (base, entries): (NodeId, &[IndexEntry]) = match ast.node(node) {
            Node::Index { base, entries } => (*base, entries),
            _ => (node, &[]),
        };
        // The arguments of a function are unknowns of its body alone.
        let own = match ast.node(base) {
            Node::Name(name) => {
                within.iter().copied().find(|s| self.g.symbol(*s).name == ast.name(*name))
            }
            _ => None,
        };
        if let (Some(symbol), true) = (own, entries.is_empty()) {
            return Ok((symbol, None));
        }
        let leaf = match self.item(base)? {
            Item::Expr(e) => {
                self.g.as_symbol(e).filter(|s| self.g.symbol(*s).kind == SymbolKind::Unknown)
            }
            _ => None,
        };
        let Some(symbol) = leaf else {
            let finding =
                Diagnostic::error(codes::E0502, "expected an unknown to differentiate by");
            return self.report(
                finding
                    .at(span, "not an unknown")
                    .help("name a `var`, or an entry of one such as `x[3]`"),
            );
        };
        if entries.is_empty() {
            return Ok((symbol, None));
        }
        let mut indices = Vec::new();
        for entry in entries {
            match entry {
                IndexEntry::At(i) => indices.push(self.scalar(*i, "an index")?),
                IndexEntry::All(at) => {
                    return self.report(
                        Diagnostic::error(codes::E0502, "expected an entry, found `:`")
                            .at(*at, "here"),
                    );
                }
            }
        }
        // The entry must be one of the array's.
        let array = self.g.leaf(symbol);
        let read = [&[array], &indices[..]].concat();
        let places: Vec<Span> = vec![span; read.len()];
        self.node(Op::Elem, &read, span, &places)?;
        Ok((symbol, Some(indices)))
    }

    /// `∇f` and `∇²f`.
    pub(super) fn nabla(&mut self, order: u8, of: NodeId, span: Span) -> Checked<Item> {
        if order == 1 {
            return self.gradient_of(of);
        }
        let (f, unknowns, name) = self.objective(of)?;
        self.hessian_of(f, unknowns, name, span)
    }

    /// `∇f(1, 2)`: the gradient at a point, unknowns in the order in which
    /// they were declared.
    pub(super) fn nabla_call(
        &mut self,
        order: u8,
        of: NodeId,
        args: &[Arg],
        span: Span,
    ) -> Checked<Item> {
        let Item::Labelled(parts) = self.nabla(order, of, span)? else {
            return self.not_built("the second derivative at a point in this notation", span);
        };
        if args.len() != parts.unknowns.len() {
            let names: Vec<&str> =
                parts.unknowns.iter().map(|u| self.g.symbol(*u).name.as_str()).collect();
            let finding = Diagnostic::error(
                codes::E0305,
                format!("expected a value for each of {}, found {}", names.join(", "), args.len()),
            );
            return self.report(finding.at(span, "here"));
        }
        let mut pairs = Vec::new();
        for (&unknown, arg) in parts.unknowns.iter().zip(args) {
            let value = self.expression(arg.value)?;
            pairs.push(self.replacement(unknown, value, self.ast.span(arg.value))?);
        }
        self.substituted(&Item::Labelled(parts), &pairs)
    }

    /// The lines of a gradient or a Hessian, each with its label; values where
    /// no unknown is left.
    pub(super) fn labelled_text(&mut self, parts: &Labelled, span: Span) -> Checked<String> {
        let mut lines = Vec::new();
        for (k, &part) in parts.parts.iter().enumerate() {
            let text = match parts.at_point {
                true => self.shown(&Item::Expr(part), span)?,
                false => {
                    let axes = self.axes(parts, k);
                    crate::simplify::shown_over(self.g, part, axes)
                }
            };
            match parts.bare {
                true => lines.push(text),
                false => lines.push(format!("{} = {text}", self.label(parts, k))),
            }
        }
        Ok(lines.join("\n"))
    }

    /// The dimensions of the `k`-th part: those of the unknowns by which it is
    /// a derivative, and of what it is a derivative of.
    pub(super) fn axes(&self, parts: &Labelled, k: usize) -> Dims {
        let n = parts.unknowns.len();
        let dims = |u: usize| self.g.symbol(parts.unknowns[u]).dims;
        let shape = |u: usize| self.g.symbol(parts.unknowns[u]).shape;
        match parts.order {
            2 => match (shape(k / n), shape(k % n)) {
                (Shape::Scalar, _) => dims(k % n),
                (_, Shape::Scalar) => dims(k / n),
                _ => [dims(k / n)[0], dims(k % n)[0]],
            },
            1 if self.g.shape(parts.parts[k]) == shape(k) => dims(k),
            // A Jacobian: its columns are those of the unknown.
            1 => [None, dims(k)[0]],
            _ => dims(k),
        }
    }

    /// The label of the `k`-th part: `∂f/∂x`, `∂²f/∂x∂y`.
    pub fn label(&self, parts: &Labelled, k: usize) -> String {
        let name = |u: usize| &self.g.symbol(parts.unknowns[u]).name;
        let n = parts.unknowns.len();
        if parts.order == 0 {
            return format!("∂²{}/∂{}·d", parts.of, name(k));
        }
        if parts.order == 1 {
            return format!("∂{}/∂{}", parts.of, name(k));
        }
        let (i, j) = (k / n, k % n);
        if i == j {
            format!("∂²{}/∂{}²", parts.of, name(i))
        } else {
            format!("∂²{}/∂{}∂{}", parts.of, name(i), name(j))
        }
    }
}

/// Derivatives that show their formula under labels.
fn labelled(of: String, order: usize, unknowns: Vec<SymbolId>, parts: Vec<ExprId>) -> Labelled {
    Labelled { of, order, bare: false, at_point: false, unknowns, parts }
}

//! What the actions of the grammar call: each makes one node or statement.
//!
//! In come places and children; out go ids. The builder looks only at the node in hand, never down the
//! tree, so it is done in linear time whatever is nested. What the grammar accepts and the language
//! does not (`f'(x)`, a target that is a sum) is found here and kept as a finding; the caller decides
//! that the statement has failed when one of the findings is an error.

use super::ast::{
    Arg, Ast, Binding, Bound, Clause, ClauseKind, CmpOp, Command, CommandKind, Constraint, Ident,
    Node, NodeId, ShapeExpr, Stmt, StmtId, StmtKind, Symbol, Text, TuneItem, VarItem,
};
use super::{clauses, format, literal};
use crate::diag::{Diagnostic, Severity, codes};
use crate::memory;
use crate::source::{FileId, Span};

/// What asks for memory here.
const TREE: &str = "the tree of the script";

/// `value` or `target = value` in a list, before it is known which of the two it must be.
pub(crate) type Item = (Option<NodeId>, NodeId);

/// The tree as it grows.
pub(crate) struct Builder<'t> {
    pub(super) ast: Ast,
    pub(super) text: &'t str,
    /// What was found wrong with the statement in hand.
    pub(super) findings: Vec<Diagnostic>,
}

/// How far a tree had grown when a statement began, to forget the statement if it fails.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    nodes: usize,
    stmts: usize,
    literals: usize,
}

impl<'t> Builder<'t> {
    pub(super) fn new(file: FileId, text: &'t str) -> Self {
        Self { ast: Ast::empty(file), text, findings: vec![] }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            nodes: self.ast.nodes.len(),
            stmts: self.ast.stmts.len(),
            literals: self.ast.literals.len(),
        }
    }

    pub(super) fn forget_since(&mut self, mark: Mark) {
        self.ast.nodes.truncate(mark.nodes);
        self.ast.spans.truncate(mark.nodes);
        self.ast.stmts.truncate(mark.stmts);
        self.ast.literals.truncate(mark.literals);
    }

    pub(super) fn has_error(&self) -> bool {
        self.n_errors() > 0
    }

    pub(super) fn n_errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    pub(super) fn report(&mut self, finding: Diagnostic) {
        self.findings.push(finding);
    }

    pub(crate) fn span(&self, start: u32, end: u32) -> Span {
        Span::new(self.ast.file, start, end)
    }

    pub(super) fn source(&self, start: u32, end: u32) -> &'t str {
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    // ---- leaves ----

    pub(crate) fn node(&mut self, start: u32, node: Node, end: u32) -> NodeId {
        let span = self.span(start, end);
        self.node_at(span, node)
    }

    pub(super) fn node_at(&mut self, span: Span, node: Node) -> NodeId {
        memory::grow(&mut self.ast.nodes, 1, TREE);
        memory::grow(&mut self.ast.spans, 1, TREE);
        self.ast.nodes.push(node);
        self.ast.spans.push(span);
        NodeId(self.ast.nodes.len() as u32 - 1)
    }

    pub(crate) fn ident(&mut self, start: u32, end: u32) -> Ident {
        Ident { name: self.symbol(self.source(start, end)), span: self.span(start, end) }
    }

    fn symbol(&mut self, name: &str) -> Symbol {
        if let Some(symbol) = self.ast.name_ids.get(name) {
            return *symbol;
        }
        let symbol = Symbol(self.ast.names.len() as u32);
        self.ast.names.push(name.into());
        self.ast.name_ids.insert(name.into(), symbol);
        symbol
    }

    pub(crate) fn name(&mut self, ident: Ident) -> NodeId {
        self.node_at(ident.span, Node::Name(ident.name))
    }

    pub(crate) fn number(&mut self, start: u32, end: u32) -> NodeId {
        let digits = self.source(start, end);
        let from = self.ast.literals.len();
        self.ast.literals.extend(digits.chars().filter(|c| *c != '_'));
        let text = self.text_since(from);
        self.node(start, Node::Number(text), end)
    }

    pub(crate) fn string(&mut self, start: u32, end: u32) -> NodeId {
        let text = self.unescaped(start, end);
        self.node(start, Node::Str(text), end)
    }

    /// The text between the quotes of a string, without escapes.
    fn unescaped(&mut self, start: u32, end: u32) -> Text {
        let from = self.ast.literals.len();
        let raw = self.source(start + 1, end - 1);
        if let Err(at) = literal::unescape(raw, &mut self.ast.literals) {
            let found = raw[at..].chars().take(2);
            let len = found.clone().map(char::len_utf8).sum::<usize>() as u32;
            let found: String = found.collect();
            let place = start + 1 + at as u32;
            let span = self.span(place, place + len);
            self.report(literal::unknown_escape(span, &found));
        }
        self.text_since(from)
    }

    pub(super) fn add_text(&mut self, text: &str) -> Text {
        let from = self.ast.literals.len();
        self.ast.literals.push_str(text);
        self.text_since(from)
    }

    pub(super) fn text_since(&self, from: usize) -> Text {
        Text { start: from as u32, len: (self.ast.literals.len() - from) as u32 }
    }

    // ---- expressions ----

    pub(crate) fn compare(
        &mut self,
        start: u32,
        chain: (NodeId, Vec<(CmpOp, NodeId)>),
        end: u32,
    ) -> NodeId {
        let (first, rest) = chain;
        self.node(start, Node::Compare { first, rest }, end)
    }

    pub(crate) fn rows(&mut self, start: u32, mut rows: Vec<Vec<NodeId>>, end: u32) -> NodeId {
        let node = match rows.len() {
            1 => Node::Array(rows.swap_remove(0)),
            _ => Node::Matrix(rows),
        };
        self.node(start, node, end)
    }

    /// `var(x)`: the word begins a statement elsewhere, so the function has a name of its own.
    pub(crate) fn variance(
        &mut self,
        start: u32,
        word_end: u32,
        items: Vec<Item>,
        end: u32,
    ) -> NodeId {
        let name = self.symbol("variance");
        let span = self.span(start, word_end);
        let callee = self.name(Ident { name, span });
        self.call(start, callee, items, end)
    }

    pub(crate) fn call(
        &mut self,
        start: u32,
        callee: NodeId,
        items: Vec<Item>,
        end: u32,
    ) -> NodeId {
        if let Node::Transpose(of) = *self.ast.node(callee) {
            self.report_prime_call(of, start, end);
        }
        let args = items.into_iter().map(|(target, value)| Arg {
            name: target.and_then(|target| self.argument_name(target)),
            value,
        });
        let args = args.collect();
        self.node(start, Node::Call { callee, args }, end)
    }

    fn report_prime_call(&mut self, of: NodeId, start: u32, end: u32) {
        let of = self.ast.span(of);
        let name = self.source(of.start, of.end);
        let help = match name.chars().count() {
            0..=20 => {
                format!("write `diff({name}, x)` for the derivative, at a point `at (x = 1)`")
            }
            _ => "write `diff(f, x)` for the derivative".to_owned(),
        };
        let span = self.span(start, end);
        self.report(
            Diagnostic::error(codes::E0209, "expected a function, found a transpose")
                .at(span, "`'` is only ever a transpose")
                .help(help),
        );
    }

    fn argument_name(&mut self, target: NodeId) -> Option<Ident> {
        let span = self.ast.span(target);
        if let Node::Name(name) = *self.ast.node(target) {
            return Some(Ident { name, span });
        }
        self.report(
            Diagnostic::error(codes::E0213, "expected the name of an argument before `=`")
                .at(span, "not a name")
                .help("write `==` to compare, or put a point in parentheses: `(w[1] = 3)`"),
        );
        None
    }

    pub(crate) fn point(&mut self, start: u32, items: Vec<Item>, end: u32) -> NodeId {
        let bindings = self.bindings(items);
        self.node(start, Node::Point(bindings), end)
    }

    fn bindings(&mut self, items: Vec<Item>) -> Vec<Binding> {
        let mut bindings = Vec::with_capacity(items.len());
        for (target, value) in items {
            match target {
                Some(target) => bindings.push(Binding { target: self.target(target), value }),
                None => self.report_bare_value(value),
            }
        }
        bindings
    }

    fn report_bare_value(&mut self, value: NodeId) {
        let span = self.ast.span(value);
        self.report(
            Diagnostic::error(codes::E0213, "expected `name = value`, found a value alone")
                .at(span, "which unknown gets this?")
                .help("write `from x = 1, y = 2`, or one result alone: `from fit`"),
        );
    }

    /// What may stand to the left of `=` in a point.
    fn target(&mut self, target: NodeId) -> NodeId {
        self.name_entry_or_field(target, "write the unknown alone: `x = 1`, `w[1] = 3`")
    }

    /// What may stand after `over`.
    pub(crate) fn over_target(&mut self, target: NodeId) -> NodeId {
        let help = "write `over x, w[1]`; a command among other arguments stands in parentheses";
        self.name_entry_or_field(target, help)
    }

    fn name_entry_or_field(&mut self, target: NodeId, help: &str) -> NodeId {
        if !matches!(self.ast.node(target), Node::Name(_) | Node::Index { .. } | Node::Field { .. })
        {
            let span = self.ast.span(target);
            self.report(
                Diagnostic::error(codes::E0213, "expected a name, an entry or a field")
                    .at(span, "this is no unknown")
                    .help(help),
            );
        }
        target
    }

    /// A value after `print` or `to`: the braces of a string hold expressions there.
    pub(crate) fn formatted(&mut self, value: NodeId) -> NodeId {
        match self.ast.node(value) {
            Node::Str(_) => format::expand(self, value),
            _ => value,
        }
    }

    // ---- commands ----

    pub(crate) fn command(
        &mut self,
        start: u32,
        kind: CommandKind,
        word_end: u32,
        mut subjects: Vec<NodeId>,
        mut clauses: Vec<Clause>,
        end: u32,
    ) -> NodeId {
        if kind == CommandKind::Check {
            self.take_check_point(&mut subjects, &mut clauses);
        }
        if kind == CommandKind::Print {
            for subject in &mut subjects {
                *subject = self.formatted(*subject);
            }
        }
        let word = self.span(start, word_end);
        self.whole_command(
            Command { kind, word, subjects, parameters: vec![], clauses },
            self.span(start, end),
        )
    }

    pub(crate) fn tune(
        &mut self,
        start: u32,
        word_end: u32,
        parameters: Vec<TuneItem>,
        clauses: Vec<Clause>,
        end: u32,
    ) -> NodeId {
        let word = self.span(start, word_end);
        self.whole_command(
            Command { kind: CommandKind::Tune, word, subjects: vec![], parameters, clauses },
            self.span(start, end),
        )
    }

    fn whole_command(&mut self, command: Command, span: Span) -> NodeId {
        clauses::verify(&command, &mut self.findings);
        for clause in &command.clauses {
            if let ClauseKind::SubjectTo(constraints) = &clause.kind {
                self.warn_of_strict_constraints(constraints);
            }
        }
        self.node_at(span, Node::Command(Box::new(command)))
    }

    /// The outermost `at` of `check E at P` is its point.
    fn take_check_point(&mut self, subjects: &mut [NodeId], clauses: &mut Vec<Clause>) {
        if let [subject] = subjects
            && let Node::At { expr, point } = *self.ast.node(*subject)
        {
            *subject = expr;
            let span = self.ast.span(point);
            clauses.push(Clause { span, kind: ClauseKind::At(point) });
        }
    }

    fn warn_of_strict_constraints(&mut self, constraints: &[Constraint]) {
        for constraint in constraints {
            let strict = match self.ast.node(constraint.body) {
                Node::Compare { rest, .. } => {
                    rest.iter().map(|(op, _)| *op).find(|op| matches!(op, CmpOp::Lt | CmpOp::Gt))
                }
                _ => None,
            };
            if let Some(op) = strict {
                self.report(strict_as_weak(op, self.ast.span(constraint.body)));
            }
        }
    }

    pub(crate) fn from(&mut self, items: Vec<Item>) -> ClauseKind {
        if let [(None, value)] = items[..] {
            return match self.ast.node(value) {
                Node::Point(bindings) => ClauseKind::FromPoint(bindings.clone()),
                _ => ClauseKind::FromValue(value),
            };
        }
        ClauseKind::FromPoint(self.bindings(items))
    }

    // ---- statements ----

    pub(crate) fn stmt(&mut self, start: u32, kind: StmtKind, end: u32) -> StmtId {
        if let StmtKind::Var(items) = &kind {
            self.findings.extend(var_warnings(items));
        }
        let span = self.span(start, end);
        self.ast.stmts.push(Stmt { span, doc: vec![], kind });
        StmtId(self.ast.stmts.len() as u32 - 1)
    }

    pub(crate) fn value_stmt(&mut self, value: NodeId) -> StmtKind {
        match self.ast.node(value) {
            Node::Command(_) => StmtKind::Command(value),
            _ => StmtKind::Expr(value),
        }
    }

    pub(crate) fn use_file(&mut self, start: u32, end: u32) -> StmtKind {
        StmtKind::UseFile(self.unescaped(start, end), self.span(start, end))
    }

    pub(crate) fn shape(&mut self, letter: Ident, dims: Vec<NodeId>, end: u32) -> ShapeExpr {
        if self.ast.ident(letter) != "R" {
            let found = format!("expected a shape, found the name `{}`", self.ast.ident(letter));
            self.report(
                Diagnostic::error(codes::E0201, found)
                    .at(letter.span, "not a shape")
                    .help("write `R`, `R[n]` or `R[m, n]`"),
            );
        }
        ShapeExpr { span: self.span(letter.span.start, end), dims }
    }
}

fn var_warnings(items: &[VarItem]) -> Vec<Diagnostic> {
    let mut warnings = vec![];
    let is_bare =
        |item: &VarItem| item.shape.is_none() && item.bound.is_none() && item.start.is_none();
    let pair = items
        .windows(2)
        .find(|pair| is_bare(&pair[0]) && (pair[1].shape.is_some() || pair[1].bound.is_some()));
    if let Some([bare, full]) = pair {
        warnings.push(
            Diagnostic::warning(codes::W0004, "this unknown is a scalar without bounds")
                .at(bare.name.span, "has no shape and no bound of its own")
                .label(full.span, "belongs to this name alone")
                .help("repeat the shape or bound after each name that it is meant for"),
        );
    }
    for item in items {
        if let Some(Bound::Side(op @ (CmpOp::Lt | CmpOp::Gt), _)) = item.bound {
            warnings.push(strict_as_weak(op, item.span));
        }
    }
    warnings
}

fn strict_as_weak(op: CmpOp, span: Span) -> Diagnostic {
    let (found, meant) = if op == CmpOp::Lt { ("<", "<=") } else { (">", ">=") };
    Diagnostic::warning(codes::W0005, format!("`{found}` is taken as `{meant}`"))
        .at(span, "the border belongs to it")
        .help(format!("write `{meant}`"))
}

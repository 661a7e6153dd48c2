//! `optimizer` blocks: a first-order method as the formulas of one entry.
//!
//! In a block `theta`, `g` and the states stand for one entry of the unknowns, so every operator acts entry by entry. What
//! reduces over entries (`norm`, `sum`, ...) is noted apart: a symbol stands for it in the formulas, and [`Update`] says
//! which entries it is taken over. `model::update` makes formulas of whole vectors of this.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Checked, Checker, Entry, Function, Item, Local};
use crate::diag::{Diagnostic, codes, nearest};
use crate::expr::{ExprId, Symbol, SymbolId};
use crate::model::update::{ByUnknown, Reduced, Reduction, State, Update};
use crate::shape::{Shape, in_words};
use crate::source::Span;
use crate::syntax::ast::{Arg, Ast, Ident, Node, NodeId, OptimizerLine, OptionItem};

/// A first-order method that a script, or the library, defines.
#[derive(Debug)]
pub struct Optimizer {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// The sizes of theta, where the block is matrix arithmetic: `theta: R[p, q]`.
    pub sizes: Option<[String; 2]>,
    /// Its options with their defaults, in its own syntax tree.
    pub options: Vec<(String, Option<NodeId>)>,
    /// The lines of its block.
    pub body: Vec<OptimizerLine>,
    /// The tree that holds them.
    pub ast: Arc<Ast>,
    /// What the names in it meant where it was defined.
    pub captured: HashMap<String, Entry>,
    /// Its `##` lines.
    pub doc: Vec<String>,
}

/// The option of a block of matrix arithmetic that says how unknowns of another shape move.
pub(super) const OTHERS: &str = "others";

/// What an entry of a block stands for.
const GIVEN: [&str; 4] = ["theta", "g", "t", "f"];

/// What takes the entries of an unknown together.
const REDUCTIONS: [(&str, Reduced); 7] = [
    ("norm", Reduced::Norm),
    ("sum", Reduced::Sum),
    ("mean", Reduced::Mean),
    ("max", Reduced::Max),
    ("min", Reduced::Min),
    ("sumsq", Reduced::SumSq),
    ("dot", Reduced::Dot),
];

/// The block that is being checked.
#[derive(Debug, Default)]
pub(super) struct Block {
    reductions: Vec<Reduction>,
}

/// Names of the block, the latest meaning last.
struct Meanings {
    theta: SymbolId,
    /// The shape of theta, where the block is matrix arithmetic.
    shape: Option<Shape>,
    states: Vec<State>,
    answer: Option<ExprId>,
    assigned: bool,
}

/// What an option was given.
#[derive(Clone, Debug)]
pub enum Given {
    /// One value for all unknowns.
    All(Item),
    /// A value for each unknown that is named.
    ByUnknown(Vec<(SymbolId, ExprId)>),
}

impl Optimizer {
    /// The options of a definition, without theta; and the names of the sizes of theta, or the place of a shape that is no such.
    #[allow(clippy::type_complexity)] // what a definition is made of
    pub fn parts(
        ast: &Ast,
        written: &[OptionItem],
    ) -> Result<(Option<[String; 2]>, Vec<(String, Option<NodeId>)>), Span> {
        let mut sizes = None;
        let mut options = Vec::new();
        for option in written {
            let Some(shape) = &option.shape else {
                options.push((ast.ident(option.name).to_string(), option.default));
                continue;
            };
            let name = |node: NodeId| match ast.node(node) {
                Node::Name(name) => Some(ast.name(*name).to_string()),
                _ => None,
            };
            let names: Option<Vec<String>> = shape.dims.iter().map(|&d| name(d)).collect();
            match names.map(<[String; 2]>::try_from) {
                Some(Ok(names)) if ast.ident(option.name) == "theta" => sizes = Some(names),
                _ => return Err(shape.span),
            }
        }
        Ok((sizes, options))
    }
}

impl Checker<'_> {
    /// The update of an optimizer, with these values of its options; those that are not given have their defaults. `step`
    /// is the symbol of the step `t`, which options may hold; `shape` that of theta, where the block is matrix arithmetic.
    pub fn update(
        &mut self,
        optimizer: &Arc<Optimizer>,
        given: &[(String, Given)],
        step: SymbolId,
        shape: Option<Shape>,
    ) -> Checked<Update> {
        let inside = Function {
            name: optimizer.name.clone(),
            params: Vec::new(),
            body: NodeId(0),
            ast: Arc::clone(&optimizer.ast),
            captured: optimizer.captured.clone(),
            generic: None,
            doc: Vec::new(),
        };
        let outer_ast = std::mem::replace(&mut self.ast, Arc::clone(&optimizer.ast));
        let outer_frame = std::mem::replace(&mut self.frame, self.locals.len());
        let outer_function = self.inside.replace(Arc::new(inside));
        // What is written of matrices means what it means elsewhere.
        let block = shape.is_none().then(Block::default);
        let outer_block = std::mem::replace(&mut self.block, block);
        let found = self.lines(optimizer, given, step, shape);
        let block = std::mem::replace(&mut self.block, outer_block).unwrap_or_default();
        self.locals.truncate(self.frame);
        self.ast = outer_ast;
        self.frame = outer_frame;
        self.inside = outer_function;
        found.map(|update| Update { reductions: block.reductions, ..update })
    }

    fn lines(
        &mut self,
        optimizer: &Optimizer,
        given: &[(String, Given)],
        step: SymbolId,
        shape: Option<Shape>,
    ) -> Checked<Update> {
        let nowhere = optimizer.span;
        let whole = shape.unwrap_or(Shape::Scalar);
        let [theta, gradient, value] = [("theta", whole), ("g", whole), ("f", Shape::Scalar)]
            .map(|(name, shape)| self.g.declare(Symbol::unknown(name, shape)));
        for (name, symbol) in GIVEN.iter().zip([theta, gradient, step, value]) {
            let leaf = self.g.leaf(symbol);
            self.mean(name, Item::Expr(leaf), nowhere);
        }
        if let Some(names) = &optimizer.sizes {
            for (name, size) in names.iter().zip([whole.rows(), whole.cols()]) {
                let size = self.g.int(size as i64);
                self.mean(name, Item::Expr(size), nowhere);
            }
        }
        let mut by_unknown = Vec::new();
        let mut rate = None;
        for (name, default) in &optimizer.options {
            if name == OTHERS && shape.is_some() {
                continue;
            }
            let item = match (given.iter().find(|(n, _)| n == name), default) {
                (Some((_, Given::All(item))), _) => item.clone(),
                (Some((_, Given::ByUnknown(values))), Some(default)) => {
                    let default = self.scalar(*default, "the default of an option")?;
                    let symbol = self.g.declare(Symbol::unknown(name, Shape::Scalar));
                    by_unknown.push(ByUnknown { symbol, default, values: values.clone() });
                    Item::Expr(self.g.leaf(symbol))
                }
                (None, Some(default)) => self.item(*default)?,
                (_, None) => {
                    let message = format!("option `{name}` of `{}` has no default", optimizer.name);
                    let finding = Diagnostic::error(codes::E0602, message).at(nowhere, "needed");
                    let call = format!("write `{}({name} = ...)`", optimizer.name);
                    return self.report(finding.help(call));
                }
            };
            if let ("lr", Item::Expr(e)) = (name.as_str(), &item) {
                rate = Some(*e);
            }
            self.mean(name, item, nowhere);
        }
        let mut m = Meanings { theta, shape, states: Vec::new(), answer: None, assigned: false };
        for line in &optimizer.body {
            self.line(line, optimizer, &mut m)?;
        }
        let new_theta = self.meaning("theta");
        if !m.assigned {
            let message = format!("`{}` never assigns `theta`", optimizer.name);
            let finding = Diagnostic::error(codes::E0602, message).at(nowhere, "in this block");
            return self.report(finding.help("its last line may be `theta <- theta - lr*g`"));
        }
        for state in &mut m.states {
            state.next = self.meaning(&state.name).unwrap_or(state.start);
        }
        Ok(Update {
            theta: m.theta,
            gradient,
            step,
            value,
            next: new_theta.unwrap_or_else(|| self.g.leaf(theta)),
            states: m.states,
            answer: m.answer,
            reductions: Vec::new(),
            by_unknown,
            rate,
            shape,
        })
    }

    fn line(
        &mut self,
        line: &OptimizerLine,
        optimizer: &Optimizer,
        m: &mut Meanings,
    ) -> Checked<()> {
        match line {
            OptimizerLine::State(definitions) => {
                for d in definitions {
                    let name = self.new_name(d.name, optimizer)?;
                    let start = self.part_of(d.value, m)?;
                    // A scalar start is that of every entry.
                    let shape = m.shape.map(|shape| match self.g.shape(start) {
                        Shape::Scalar => shape,
                        own => own,
                    });
                    let symbol =
                        self.g.declare(Symbol::unknown(&name, shape.unwrap_or(Shape::Scalar)));
                    let leaf = self.g.leaf(symbol);
                    self.mean(&name, Item::Expr(leaf), d.name.span);
                    m.states.push(State { name, symbol, shape, start, next: leaf });
                }
            }
            OptimizerLine::Let(d) => {
                let name = self.new_name(d.name, optimizer)?;
                let item = match self.item(d.value)? {
                    truth @ Item::Truth(_) => truth,
                    _ => Item::Expr(self.part_of(d.value, m)?),
                };
                self.mean(&name, item, d.name.span);
            }
            OptimizerLine::Update(d) => {
                let name = self.ast.ident(d.name).to_string();
                let value = self.part_of(d.value, m)?;
                if name == "answer" {
                    m.answer = Some(value);
                    return Ok(());
                }
                if name != "theta" && !m.states.iter().any(|s| s.name == name) {
                    return self.not_assignable(&name, d.name.span, m);
                }
                m.assigned |= name == "theta";
                let kept = match m.states.iter().find(|s| s.name == name) {
                    Some(state) => state.shape,
                    None => m.shape,
                };
                let found = self.g.shape(value);
                if let Some(kept) = kept.filter(|kept| *kept != found && !found.is_scalar()) {
                    let message = format!(
                        "`{name}` is {}, and cannot become {}",
                        in_words(kept),
                        in_words(found)
                    );
                    let finding = Diagnostic::error(codes::E0401, message);
                    return self.report(finding.at(self.ast.span(d.value), super::describe(found)));
                }
                self.mean(&name, Item::Expr(value), d.name.span);
            }
        }
        Ok(())
    }

    fn not_assignable(&mut self, name: &str, span: Span, m: &Meanings) -> Checked<()> {
        let message = match name {
            "g" | "t" | "f" => format!("`{name}` is given and cannot be assigned"),
            _ => format!("`{name}` is no state of this block"),
        };
        let known = m.states.iter().map(|s| s.name.as_str()).chain(["theta", "answer"]);
        let help = match nearest(name, known) {
            _ if GIVEN.contains(&name) => "name what is made of it: `let d = 2*g`".to_string(),
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                format!("declare it first: `state {name} = 0`; for this step alone write `let`")
            }
        };
        self.report(Diagnostic::error(codes::E0602, message).at(span, "here").help(help))
    }

    /// A name that a block may give to a state or to something between.
    fn new_name(&mut self, name: Ident, optimizer: &Optimizer) -> Checked<String> {
        let text = self.ast.ident(name).to_string();
        let taken = GIVEN.contains(&text.as_str())
            || text == "answer"
            || optimizer.options.iter().any(|(n, _)| *n == text)
            || optimizer.sizes.as_ref().is_some_and(|sizes| sizes.contains(&text));
        if taken {
            let message = format!("`{text}` has a meaning in this block already");
            let finding = Diagnostic::error(codes::E0302, message).at(name.span, "here");
            return self.report(finding.help("choose another name"));
        }
        Ok(text)
    }

    fn mean(&mut self, name: &str, item: Item, span: Span) {
        self.locals.push(Local { name: name.to_string(), item, span, index: None });
    }

    fn meaning(&self, name: &str) -> Option<ExprId> {
        let local = self.locals[self.frame..].iter().rev().find(|l| l.name == name)?;
        match local.item {
            Item::Expr(e) | Item::Truth(e) => Some(e),
            _ => None,
        }
    }

    /// The formula of an entry.
    fn entry_of(&mut self, node: NodeId) -> Checked<ExprId> {
        self.scalar(node, "an entry")
    }

    /// The formula of an entry, or of an array where the block is matrix arithmetic.
    fn part_of(&mut self, node: NodeId, m: &Meanings) -> Checked<ExprId> {
        if m.shape.is_some() { self.expression(node) } else { self.entry_of(node) }
    }

    /// `norm(E)` and the like over the entries of an unknown, or of all; none where this is no such call.
    pub(super) fn reduction(
        &mut self,
        name: &str,
        args: &[Arg],
        span: Span,
    ) -> Option<Checked<Item>> {
        self.block.as_ref()?;
        if name == "all" {
            let finding = Diagnostic::error(codes::E0602, "`all(...)` is a vector of entries")
                .at(span, "a vector, where one entry is wanted");
            return Some(self.report(finding.help("take it together: `norm(all(g))`")));
        }
        let how = REDUCTIONS.iter().find(|(n, _)| *n == name).map(|(_, how)| *how)?;
        let count = if how == Reduced::Dot { 2 } else { 1 };
        let over_entries = |a: &Arg| !matches!(self.ast.node(a.value), Node::Generator(_));
        (args.len() == count && args.iter().all(over_entries)).then_some(())?;
        Some(self.reduced(how, args).map(Item::Expr))
    }

    fn reduced(&mut self, how: Reduced, args: &[Arg]) -> Checked<ExprId> {
        let ast = Arc::clone(&self.ast);
        let mut of = Vec::new();
        let mut all = false;
        for arg in args {
            let mut node = arg.value;
            if let Node::Call { callee, args } = ast.node(node)
                && let Node::Name(name) = ast.node(*callee)
                && ast.name(*name) == "all"
                && let [inner] = &args[..]
            {
                (node, all) = (inner.value, true);
            }
            of.push(self.entry_of(node)?);
        }
        let reductions = self.block.as_ref().map_or(&[][..], |b| &b.reductions);
        if let Some(known) = reductions.iter().find(|r| (r.how, r.all) == (how, all) && r.of == of)
        {
            return Ok(self.g.leaf(known.symbol));
        }
        let symbol = self.g.declare(Symbol::unknown("reduced", Shape::Scalar));
        if let Some(block) = &mut self.block {
            block.reductions.push(Reduction { symbol, how, all, of });
        }
        Ok(self.g.leaf(symbol))
    }
}

//! Names, arities and shapes: from the syntax tree to the graph.
//!
//! In: statements and expressions of the syntax tree, the names in scope.
//! Out: [`Item`]s, mostly nodes of the graph, or diagnostics in the sink. A
//! function that has reported returns [`Reported`], so that one mistake is
//! reported once and nothing cascades.
//!
//! Here the two wings meet: the language wing knows spans but no mathematics,
//! the mathematics wing positions of operands but no spans. This room keeps the
//! first span of every node, and turns a [`ShapeError`] into a diagnostic that
//! points at both operands.
//!
//! It runs no optimization and reads files only through [`World`].

mod algebra;
mod arith;
mod arrays;
mod builtins;
mod call;
mod data;
mod derivative;
mod derive;
mod equation;
mod expr;
mod generator;
mod index;
mod item;
mod latex;
pub mod library;
mod lr_range;
mod moved;
mod objective;
mod optimizer;
mod point;
mod shape;
mod training;

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

pub use builtins::{Builtin, builtin, builtins};
pub use equation::{Equation, Question};
pub use expr::value_text;
pub use item::{Entry, Function, Item, Labelled, NamedTable, Names, Record};
pub use lr_range::{LrRange, Momentum};
pub use moved::{Held, Renewal};
pub use objective::{ChosenMethod, Objective, Start};
pub use optimizer::{Given, Optimizer};

use crate::diag::{Code, Diagnostic, Sink, codes};
use crate::eval::EvalError;
use crate::expr::{ExprId, Graph, SymbolId};
use crate::model::engine::{self, Way};
use crate::random::Stream;
use crate::shape::ShapeFault;
use crate::shape::{Shape, ShapeError, Tensor, in_words};
use crate::source::{FileId, Span};
use crate::syntax::ast::{Ast, NodeId};
use optimizer::Block;

/// A mistake was found, and has been reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported;

/// The outcome of checking.
pub type Checked<T> = Result<T, Reported>;

/// Why a file cannot be read.
#[derive(Clone, Debug)]
pub struct Unreadable {
    /// The kind of finding.
    pub code: Code,
    /// In words that stand after its path.
    pub reason: String,
    /// What to do instead.
    pub help: String,
}

/// What checking needs from outside: files and random draws.
pub trait World {
    /// The bytes of a file, by the path as it stands in the text `from`; the path found; or why it
    /// cannot be read.
    fn read(&mut self, path: &str, from: FileId) -> Result<(String, Arc<[u8]>), Unreadable>;

    /// A file that is read once, from its start to its end, and its length in bytes; or why it cannot be.
    fn open(&mut self, path: &str, from: FileId) -> Result<(Box<dyn Read>, u64), Unreadable> {
        let (_, bytes) = self.read(path, from)?;
        let len = bytes.len() as u64;
        Ok((Box::new(std::io::Cursor::new(bytes)), len))
    }

    /// A place in a data file that was read, for pointing at it: line and
    /// column from 1.
    fn place(&mut self, file: &str, line: usize, column: usize) -> Option<Span>;

    /// Raised when the user wants a long computation to stop.
    fn interrupt(&self) -> Arc<AtomicBool> {
        Arc::default()
    }

    /// Whether values may be computed by compiled code.
    fn compiles(&self) -> bool {
        true
    }

    /// A text of the library, for pointing at it.
    fn library(&mut self, _name: &'static str, _text: &'static str) -> FileId {
        FileId(0)
    }

    /// The stream of random draws for arrays.
    fn random(&mut self) -> &mut Stream;
}

/// A name that holds only within an expression.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    name: String,
    item: Item,
    /// Where it was introduced.
    span: Span,
    /// The bound index, where it is one.
    index: Option<SymbolId>,
}

/// Checks the expressions of one syntax tree.
pub struct Checker<'s> {
    /// The graph that nodes go to.
    pub g: &'s mut Graph,
    /// The names of the session.
    pub names: &'s Names,
    /// Where findings go.
    pub sink: &'s mut Sink,
    /// Files and random draws.
    pub world: &'s mut dyn World,
    /// The first place of every node.
    pub spans: &'s mut HashMap<ExprId, Span>,
    /// Whether this is the look over a script before it runs: values that only
    /// running gives are missing, and that is no error.
    pub dry: bool,
    /// What commands inside the expression gave, by their node.
    pub commands: HashMap<NodeId, Item>,
    /// A command that has to run before the expression can be checked.
    pub wanted: Option<NodeId>,
    ast: Arc<Ast>,
    /// Local names; those before `frame` belong to callers of this function.
    locals: Vec<Local>,
    frame: usize,
    /// Where arrays were named and defined: the place of the name, the name and
    /// the place of its definition.
    origins: HashMap<Span, (String, Span)>,
    /// How many branches and conditions stand around what is being checked.
    in_branch: usize,
    /// The function whose body is being checked.
    inside: Option<Arc<Function>>,
    /// How many calls of functions stand around what is being checked.
    open_calls: usize,
    /// Whether values at a point are asked for: then nobody reads the form.
    for_value: bool,
    /// The `optimizer` block that is being checked.
    block: Option<Block>,
    /// Bodies of functions for arguments met before.
    calls: HashMap<(usize, Vec<ExprId>), Item>,
}

impl<'s> Checker<'s> {
    /// A checker for expressions of `ast`.
    pub fn new(
        g: &'s mut Graph,
        names: &'s Names,
        sink: &'s mut Sink,
        world: &'s mut dyn World,
        spans: &'s mut HashMap<ExprId, Span>,
        ast: Arc<Ast>,
        dry: bool,
    ) -> Self {
        Checker {
            g,
            names,
            sink,
            world,
            spans,
            dry,
            commands: HashMap::new(),
            wanted: None,
            ast,
            locals: Vec::new(),
            frame: 0,
            origins: HashMap::new(),
            in_branch: 0,
            inside: None,
            open_calls: 0,
            for_value: false,
            block: None,
            calls: HashMap::new(),
        }
    }

    /// Reports a finding.
    pub fn report<T>(&mut self, finding: Diagnostic) -> Checked<T> {
        self.sink.push(finding);
        Err(Reported)
    }

    /// Where a node of the syntax tree stands.
    pub fn span(&self, node: NodeId) -> Span {
        self.ast.span(node)
    }

    /// Says that something of the language is not there yet.
    pub fn not_built<T>(&mut self, what: &str, span: Span) -> Checked<T> {
        self.report(not_built(what, span))
    }

    /// Remembers where a node was first written.
    fn place(&mut self, e: ExprId, span: Span) -> ExprId {
        self.spans.entry(e).or_insert(span);
        e
    }

    /// The result of building a node from operands that stand at `operands`.
    fn built(
        &mut self,
        result: Result<ExprId, ShapeError>,
        span: Span,
        operands: &[Span],
    ) -> Checked<ExprId> {
        match result {
            Ok(e) => {
                self.warn_constant(e, span);
                Ok(self.place(e, span))
            }
            Err(error) => self.shape_error(&error, span, operands),
        }
    }

    /// Reports shapes that do not fit, pointing at the operands and at what
    /// gave them their shapes.
    fn shape_error<T>(&mut self, error: &ShapeError, span: Span, operands: &[Span]) -> Checked<T> {
        let code = match error.fault {
            ShapeFault::Outside => codes::E0402,
            ShapeFault::NotWhole => codes::E0403,
            ShapeFault::NotScalar => codes::E0404,
            ShapeFault::Sizes => codes::E0401,
        };
        let mut finding = Diagnostic::error(code, error.message.clone());
        let mut places =
            error.operands.iter().filter_map(|(k, shape)| Some((*operands.get(*k)?, *shape)));
        match places.next() {
            Some((first, _)) if code == codes::E0402 || code == codes::E0403 => {
                finding = finding.at(first, "here");
            }
            Some((first, shape)) => {
                finding = finding.at(first, describe(shape));
                finding = self.with_origin(finding, first, shape);
                for (other, shape) in places {
                    finding = finding.label(other, describe(shape));
                    finding = self.with_origin(finding, other, shape);
                }
            }
            None => finding = finding.at(span, "here"),
        }
        self.report(finding.help_opt(error.help.clone()))
    }

    /// Adds where the name at `place` got its shape.
    fn with_origin(&self, finding: Diagnostic, place: Span, shape: Shape) -> Diagnostic {
        match self.origins.get(&place) {
            Some((name, origin)) => {
                finding.label(*origin, format!("`{name}` is defined here as {shape}"))
            }
            None => finding,
        }
    }

    /// A constant such as `1/0` is worth a warning.
    fn warn_constant(&mut self, e: ExprId, span: Span) {
        if let Some(n) = self.g.as_num(e)
            && !n.value().is_finite()
            && !self.spans.contains_key(&e)
        {
            let what = if n.value().is_nan() { "not a number" } else { "infinite" };
            self.sink.push(
                Diagnostic::warning(codes::W0002, format!("this constant is {what}"))
                    .at(span, "here"),
            );
        }
    }

    /// The item as an expression; true and false count as 1 and 0.
    pub fn as_expr(&mut self, item: Item, span: Span) -> Checked<ExprId> {
        match item {
            Item::Expr(e) | Item::Truth(e) => Ok(e),
            Item::Failed => Err(Reported),
            Item::Labelled(d) if d.parts.len() == 1 => Ok(d.parts[0]),
            Item::Function(f) => match &f.generic {
                Some((_, body)) => Ok(*body),
                None => {
                    let finding = Diagnostic::error(
                        codes::E0404,
                        format!("expected a value, found the function `{}`", f.name),
                    );
                    self.report(
                        finding.at(span, "a function").help(format!("call it: `{}(...)`", f.name)),
                    )
                }
            },
            other => {
                let finding = Diagnostic::error(
                    codes::E0404,
                    format!("expected a number or an array, found {}", other.kind()),
                );
                let help = match other {
                    Item::Table(_) => Some("name a column: `t.column` or `t[\"column\"]`"),
                    Item::Record(_) => Some("name a field, such as `fit.value` or `fit.x`"),
                    Item::Labelled(_) => Some("name one of them, such as `grad(f).x`"),
                    Item::Categories(_) => Some("use `onehot(column)` to get numbers"),
                    _ => None,
                };
                self.report(finding.at(span, other.kind()).help_opt(help))
            }
        }
    }

    /// Checks an expression that must be a number or an array.
    pub fn expression(&mut self, node: NodeId) -> Checked<ExprId> {
        let item = self.item(node)?;
        self.as_expr(item, self.ast.span(node))
    }

    /// Checks an expression that must be a scalar.
    pub fn scalar(&mut self, node: NodeId, what: &str) -> Checked<ExprId> {
        let e = self.expression(node)?;
        let shape = self.g.shape(e);
        if shape.is_scalar() {
            return Ok(e);
        }
        let finding = Diagnostic::error(
            codes::E0404,
            format!("{what} must be a scalar, found {}", in_words(shape)),
        );
        self.report(finding.at(self.ast.span(node), describe(shape)))
    }

    /// The value of an expression that must be a known scalar. `None` where it
    /// is only known once the script runs.
    pub fn known_scalar(&mut self, node: NodeId, what: &str) -> Checked<Option<f64>> {
        let e = self.scalar(node, what)?;
        if let Some(v) = crate::ops::known_value(self.g, e) {
            return Ok(Some(v));
        }
        let span = self.ast.span(node);
        match self.value_of(e, span)? {
            Some(t) => Ok(t.as_scalar()),
            None => Ok(None),
        }
    }

    /// The value of an expression without unknowns. `None` where it is only
    /// known once the script runs.
    pub fn value_of(&mut self, e: ExprId, span: Span) -> Checked<Option<crate::shape::Tensor>> {
        if self.g.has_unknown(e) {
            let unknown = self
                .g
                .unknowns(&[e])
                .first()
                .map(|u| self.g.symbol(*u).name.clone())
                .unwrap_or_default();
            let finding = Diagnostic::error(
                codes::E0704,
                format!(
                    "expected a known value, found one that depends on the unknown `{unknown}`"
                ),
            );
            return self.report(
                finding
                    .at(span, "not known")
                    .help(format!("give it a value: `... at ({unknown} = 1)`")),
            );
        }
        let stable = crate::simplify::stable(self.g, &[e])[0];
        match self.known_value(stable) {
            Ok(value) => Ok(Some(value)),
            Err(EvalError::Unassigned { .. }) if self.dry => Ok(None),
            Err(error) => {
                let finding = eval_error(self.g, &error, &|n| self.spans.get(&n).copied(), span);
                self.report(finding)
            }
        }
    }

    fn known_value(&self, e: ExprId) -> Result<Tensor, EvalError> {
        let way = if self.world.compiles() { Way::Compiled } else { Way::Blocks };
        engine::known_value(self.g, way, self.world.interrupt(), e)
    }

    /// Whether a value is missing only because the script has not run yet.
    pub fn is_pending(&self, e: ExprId) -> bool {
        self.dry && crate::ops::known_value(self.g, e).is_none()
    }
}

/// The finding that something of the language is not there yet.
pub fn not_built(what: &str, span: Span) -> Diagnostic {
    Diagnostic::error(codes::E0609, format!("{what} is not built yet")).at(span, "not built yet")
}

/// A label that names a shape: "this is R[3]".
pub(crate) fn describe(shape: Shape) -> String {
    match shape {
        Shape::Scalar => "this is a scalar".to_string(),
        _ => format!("this is {shape}"),
    }
}

/// The finding that the user has ended a statement before it was done.
pub fn interrupted(span: Span) -> Diagnostic {
    Diagnostic::error(codes::E0708, "interrupted").at(span, "while this ran")
}

/// The diagnostic of a value that cannot be computed.
pub fn eval_error(
    g: &Graph,
    error: &EvalError,
    place: &dyn Fn(ExprId) -> Option<Span>,
    span: Span,
) -> Diagnostic {
    let at = |node: ExprId| place(node).unwrap_or(span);
    let number = crate::report::number::human;
    match error {
        EvalError::Unassigned { symbol } => {
            let name = &g.symbol(*symbol).name;
            Diagnostic::error(codes::E0704, format!("`{name}` has no value here"))
                .at(span, "not known")
        }
        EvalError::NotWhole { node, value } => Diagnostic::error(
            codes::E0403,
            format!("expected a whole number, found {}", number(*value)),
        )
        .at(at(*node), "an index or the end of a range"),
        EvalError::Outside { node, index, size } => {
            let expression = crate::print::text(g, *node);
            Diagnostic::error(
                codes::E0402,
                format!("index {} is outside 1..{size} in `{expression}`", number(*index)),
            )
            .at(at(*node), format!("index {} here", number(*index)))
        }
        EvalError::OutOfMemory { node, error } => {
            Diagnostic::error(codes::E0707, error.to_string())
                .at(at(*node), "this array")
                .help(error.help())
        }
        EvalError::Empty { node } => {
            Diagnostic::error(codes::E0401, "expected at least one value, found none")
                .at(at(*node), "nothing to take this of")
        }
    }
}

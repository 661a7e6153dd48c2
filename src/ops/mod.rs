//! The operator table, and the only way to make a node.
//!
//! An operator is one row ([`OpDef`]): its name and notation, shape rule,
//! domain, traits, value, derivative, lowering, sample points and
//! documentation. Checking, differentiation, evaluation, compilation, printing,
//! help and the tests all read the row; none keeps a list of its own.
//!
//! In: operators and nodes. Out: nodes, through [`build`], which checks shapes
//! and applies a short list of exact identities (like terms and like powers
//! join, numbers fold, constant factors leave sums). Everything that is more
//! than an identity is a rule of `simplify`.
//!
//! One identity changes values where numbers are not finite: `0*x` is `0`, and
//! `x^p * x^q` is `x^(p+q)` also where `x` is 0.

#![warn(missing_docs)]

mod arith;
mod arrays;
mod binders;
mod build;
mod composed;
mod curvature;
mod elementwise;
mod inverse;
mod logic;
pub mod lu;
mod matrix;
mod noise;
mod others;
mod partials;
mod probability;
mod reduce;
mod rewrite;
mod shapes;
mod sizes;
mod structure;
mod values;

use std::sync::OnceLock;

pub(crate) use arith::others_of_each;
pub use arith::{coefficient, times};
pub use arrays::{tiles, verify_read};
pub use binders::{Range, count, neutral};
pub use build::{build, known_value};
pub use composed::{Composed, Formula};
pub use curvature::{Bend, Piece, Trend, power_pieces};
pub use logic::within;
pub use noise::calls;
pub use others::{ButOne, but_one, products_of_others};
pub use rewrite::{rebuild, substitute};
pub use sizes::{inner as inner_axes, length as axis_length};
pub(crate) use values::position;

use crate::expr::{Data, ExprId, Graph, Op};
use crate::shape::{Shape, ShapeError, Tensor};
use crate::special::vector::{Elementary, Elementary2};

/// Everything there is to know about an operator.
pub struct OpDef {
    /// The operator.
    pub op: Op,
    /// The name by which it is called; empty where it is written by notation
    /// only.
    pub name: &'static str,
    /// Other names that mean the same.
    pub aliases: &'static [&'static str],
    /// Fewest and most arguments.
    pub arity: (usize, usize),
    /// How it is written in LaTeX.
    pub latex: Latex,
    /// The shape of the result, or why the arguments do not fit.
    pub shape: ShapeRule,
    /// Where its value is a real number.
    pub domain: Domain,
    /// What analysis may assume.
    pub traits: Traits,
    /// Its value.
    pub value: Value,
    /// Its derivative.
    pub derivative: Derivative,
    /// For which numbers its value is taken at once, when the node is built.
    pub exact: Exact,
    /// How far its value may be from the true one, for proofs by intervals.
    pub accuracy: Accuracy,
    /// How it becomes machine code.
    pub lowering: Lowering,
    /// Arguments at which tests compare derivative and value, away from kinks.
    pub samples: &'static [&'static [f64]],
    /// What `help` shows.
    pub doc: Doc,
}

/// Gives the shape of the result from the arguments.
pub type ShapeRule = fn(&Graph, Data, &[ExprId]) -> Result<Shape, ShapeError>;

/// How an operator is written in LaTeX.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latex {
    /// What stands before the brackets, or a template with `#1` and `#2` for the arguments. Empty where the name stands
    /// upright, or where the notation is the renderer's own.
    pub text: &'static str,
    /// How tightly what is written binds: a template may end in a superscript or be infix.
    pub level: Binding,
    /// How tightly the arguments of a template must bind. Most stand between delimiters.
    pub arguments: Binding,
    /// Whether a power is written on its name: `\\sin^{2}(x)`.
    pub powers_on_name: bool,
}

impl Latex {
    /// A name, or a template whose arguments stand between delimiters.
    pub const fn of(text: &'static str) -> Latex {
        Latex { text, level: Binding::Atom, arguments: Binding::Any, powers_on_name: false }
    }

    /// The same template, which binds like this, with arguments that must bind like that.
    pub const fn binding(self, level: Binding, arguments: Binding) -> Latex {
        Latex { level, arguments, ..self }
    }

    /// The same name, on which powers are written.
    pub const fn with_powers(self) -> Latex {
        Latex { powers_on_name: true, ..self }
    }
}

/// How tightly a formula binds its parts, loosest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Binding {
    /// Anything.
    Any,
    /// Like a sum.
    Sum,
    /// Like a product.
    Product,
    /// Like a power.
    Power,
    /// Like the base of a power.
    Postfix,
    /// Like a name.
    Atom,
}

/// For which numbers the value of a function of one or two is exact, so that it is taken when the node is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exact {
    /// For all: nothing is rounded.
    Everywhere,
    /// Where arguments and value are whole: `sqrt(16)`.
    Whole,
    /// Where arguments are 0 or 1 and the value is whole: `exp(0)`.
    Small,
}

/// How far the value of a function of one or two numbers may be from the true one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accuracy {
    /// Nothing is rounded.
    Exact,
    /// 8 units of the last place.
    Ulps,
    /// 1e-12 of 1 and the value together.
    Absolute,
    /// It is no function of one number: intervals have a rule of their own for it, or none.
    OfParts,
}

/// Documentation of an operator.
#[derive(Clone, Copy, Debug)]
pub struct Doc {
    /// One line.
    pub title: &'static str,
    /// The defining formula or more on the meaning.
    pub formula: &'static str,
    /// An expression, and what Gradus prints for it. Tests run it.
    pub example: (&'static str, &'static str),
}

/// Where a function of real arguments has a real value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// Everywhere.
    Reals,
    /// `x > 0`
    Positive,
    /// `x >= 0`
    NonNegative,
    /// `x > -1`
    AboveMinusOne,
    /// `-1 <= x <= 1`
    Unit,
    /// `-1 < x < 1`
    OpenUnit,
    /// `x >= 1`
    FromOne,
    /// All but the whole numbers `0, -1, -2, ...`
    NotPole,
}

impl Domain {
    /// The domain in words, "" for all reals.
    pub fn in_words(self) -> &'static str {
        match self {
            Domain::Reals => "",
            Domain::Positive => "x > 0",
            Domain::NonNegative => "x >= 0",
            Domain::AboveMinusOne => "x > -1",
            Domain::Unit => "-1 <= x <= 1",
            Domain::OpenUnit => "-1 < x < 1",
            Domain::FromOne => "x >= 1",
            Domain::NotPole => "x not 0, -1, -2, ...",
        }
    }

    /// The smallest closed interval that holds it; of [`Domain::NotPole`] the
    /// part of the positive numbers.
    pub fn hull(self) -> (f64, f64) {
        match self {
            Domain::Reals => (f64::NEG_INFINITY, f64::INFINITY),
            Domain::Positive | Domain::NonNegative | Domain::NotPole => (0.0, f64::INFINITY),
            Domain::AboveMinusOne => (-1.0, f64::INFINITY),
            Domain::Unit | Domain::OpenUnit => (-1.0, 1.0),
            Domain::FromOne => (1.0, f64::INFINITY),
        }
    }

    /// Whether `x` lies in it.
    pub fn contains(self, x: f64) -> bool {
        match self {
            Domain::Reals => true,
            Domain::Positive => x > 0.0,
            Domain::NonNegative => x >= 0.0,
            Domain::AboveMinusOne => x > -1.0,
            Domain::Unit => x.abs() <= 1.0,
            Domain::OpenUnit => x.abs() < 1.0,
            Domain::FromOne => x >= 1.0,
            Domain::NotPole => x > 0.0 || x.fract() != 0.0,
        }
    }
}

/// What analysis may assume of an operator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Traits {
    /// Has derivatives of every order in the interior of its domain.
    pub smooth: bool,
    /// `f(-x) = -f(x)`
    pub odd: bool,
    /// `f(-x) = f(x)`
    pub even: bool,
    /// `f(0) = 0`
    pub zero_at_zero: bool,
    /// Nondecreasing on its domain.
    pub increasing: bool,
    /// Convex on its domain.
    pub convex: bool,
    /// Concave on its domain.
    pub concave: bool,
    /// Nondecreasing in each argument as that moves away from 0.
    pub away_from_zero: bool,
    /// Positive, and its logarithm is convex.
    pub log_convex: bool,
    /// Positive, and its logarithm is concave.
    pub log_concave: bool,
    /// For a function of one number: where it bends and goes which way, in
    /// order and without gaps over its domain; empty where that is not known.
    pub pieces: &'static [Piece],
}

impl Traits {
    /// Nothing may be assumed.
    pub const NONE: Traits = Traits {
        smooth: false,
        odd: false,
        even: false,
        zero_at_zero: false,
        increasing: false,
        convex: false,
        concave: false,
        away_from_zero: false,
        log_convex: false,
        log_concave: false,
        pieces: &[],
    };
}

/// How a value is computed by the plain evaluator.
#[derive(Clone, Copy)]
pub enum Value {
    /// A function of one number, entry by entry.
    Unary(fn(f64) -> f64),
    /// A function of two numbers, entry by entry.
    Binary(fn(f64, f64) -> f64),
    /// A function of whole arrays.
    Tensor(fn(&[Tensor], Data) -> Tensor),
    /// Leaves, branches, binders and reads: the evaluator's own.
    Structural,
}

/// How a derivative is taken. `a` is the adjoint of the result, `y` the result
/// itself, so that a derivative shares the node that is already there.
#[derive(Clone, Copy)]
pub enum Derivative {
    /// Zero wherever it exists, or with respect to nothing (a leaf).
    Zero,
    /// Entry by entry: gives the partial derivative by argument `k`.
    Elementwise(fn(&mut Graph, &[ExprId], ExprId, usize) -> ExprId),
    /// A scalar of arrays: gives the adjoint of argument `k` for `a`.
    Reduction(Adjoint),
    /// Linear in each argument that is not an index: replacing one of them by
    /// its tangent gives the tangent.
    Linear(Adjoint),
    /// Adjoint and tangent for changes of argument `k`.
    General(Adjoint, Tangent),
    /// A branch or a binder: `diff` opens a scope of its own.
    Scoped,
}

/// `(graph, arguments, y, a, k)` to the adjoint contribution to argument `k`.
pub type Adjoint = fn(&mut Graph, &[ExprId], ExprId, ExprId, usize) -> ExprId;

/// `(graph, arguments, y, d, k)` to the tangent of `y` when argument `k` moves
/// by `d`.
pub type Tangent = fn(&mut Graph, &[ExprId], ExprId, ExprId, usize) -> ExprId;

/// How an operator becomes machine code.
#[derive(Clone, Copy, Debug)]
pub enum Lowering {
    /// A leaf: a constant, a load or a loop counter.
    Leaf,
    /// A few machine instructions an entry.
    Instructions,
    /// A call of the row's value function an entry.
    Call,
    /// The same, or in loops over many entries this algorithm.
    Vector(Elementary),
    /// A few multiplications where the second argument is a constant that allows
    /// it. Else a call, or in loops over many entries this algorithm.
    Vector2(Elementary2),
    /// A loop that reduces or fills an array.
    Loop,
    /// A call of the row's function of whole arrays.
    Library,
    /// A formula over other operators takes its place before anything is compiled, so that it runs wherever they do.
    /// For what is rarely used, and what loops over many entries then take as vector code.
    Composed(Formula),
}

impl Lowering {
    /// Whether an entry takes a call of a function.
    pub fn calls(self) -> bool {
        matches!(self, Lowering::Call | Lowering::Vector(_))
    }
}

/// The row of an operator.
pub fn def(op: Op) -> &'static OpDef {
    table()[op as usize]
}

/// All rows, in the order of [`Op`].
pub fn table() -> &'static [&'static OpDef] {
    static TABLE: OnceLock<Vec<&'static OpDef>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut rows: Vec<&'static OpDef> = [
            structure::ROWS,
            arith::ROWS,
            logic::ROWS,
            elementwise::ROWS,
            probability::ROWS,
            noise::ROWS,
            reduce::ROWS,
            matrix::ROWS,
            arrays::ROWS,
            binders::ROWS,
        ]
        .concat();
        rows.sort_by_key(|row| row.op);
        rows
    })
}

/// The row of the function that is called by this name with `n` arguments of
/// the given kind. Names such as `max` have a row for arrays and one for pairs.
pub fn by_name(name: &str, n: usize) -> Option<&'static OpDef> {
    let mut named = table().iter().filter(|row| row.is_called(name) && !row.op.is_binder());
    named.find(|row| row.arity.0 <= n && n <= row.arity.1).copied()
}

/// The binder written `name(... for i in ...)`.
pub fn binder_by_name(name: &str) -> Option<Op> {
    table().iter().find(|row| row.op.is_binder() && row.is_called(name)).map(|row| row.op)
}

/// All names by which operators are called.
pub fn names() -> impl Iterator<Item = &'static str> {
    table()
        .iter()
        .flat_map(|row| std::iter::once(row.name).chain(row.aliases.iter().copied()))
        .filter(|n| !n.is_empty())
}

impl OpDef {
    /// Whether `name` is its name or one of its aliases.
    pub fn is_called(&self, name: &str) -> bool {
        !name.is_empty() && (self.name == name || self.aliases.contains(&name))
    }

    /// Whether it works entry by entry.
    pub fn is_elementwise(&self) -> bool {
        matches!(self.value, Value::Unary(_) | Value::Binary(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_has_one_row() {
        let ops: Vec<usize> = table().iter().map(|row| row.op as usize).collect();
        assert_eq!(ops, (0..Op::COUNT).collect::<Vec<_>>());
    }
}

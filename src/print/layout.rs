//! The layout tree: what a person would write, before any notation.
//!
//! The renderers (`text`, `latex`) decide brackets from precedence; the
//! tree decides order, signs, fractions and names.

use crate::expr::{Num, Op};

/// A formula as it is read.
#[derive(Clone, Debug, PartialEq)]
pub enum Layout {
    /// A number that is not negative.
    Number(Num),
    /// A name.
    Name(String),
    /// `f(a, b)`
    Call(Op, Vec<Layout>),
    /// A call of what is no operator, such as `ones(3)`.
    Make(&'static str, Vec<Layout>),
    /// Terms, each with whether it is subtracted. Dotted where a row or a
    /// column is repeated.
    Sum(Vec<(bool, Layout)>, bool),
    /// Factors of a product.
    Product(Vec<Layout>),
    /// Factors of an elementwise product.
    Dotted(Vec<Layout>),
    /// `top/bottom`; elementwise where the flag is set.
    Quotient(Box<Layout>, Box<Layout>, bool),
    /// A scalar quotient before a sum or an array: `1/n * X'*r`.
    Scaled(Box<Layout>, Box<Layout>),
    /// `-a`
    Negative(Box<Layout>),
    /// `base^exponent`; elementwise where the flag is set.
    Power(Box<Layout>, Box<Layout>, bool),
    /// `a'`
    Transpose(Box<Layout>),
    /// `a[i, j]`
    Index(Box<Layout>, Vec<Layout>),
    /// `:` in an index.
    All,
    /// `lo..hi`
    Range(Box<Layout>, Box<Layout>),
    /// A comparison, `and` or `or`.
    Infix(Op, Box<Layout>, Box<Layout>),
    /// `not a`
    Not(Box<Layout>),
    /// `if c then a else b`
    If(Box<Layout>, Box<Layout>, Box<Layout>),
    /// `sum(body for i in lo..hi if c)`; a comprehension in square brackets.
    Binder(Op, Box<Layout>, Vec<Clause>),
    /// Rows of an array; a column is given as rows of one entry.
    Array(Vec<Vec<Layout>>, bool),
    /// `body where p = e`
    Where(Box<Layout>, Vec<(String, Layout)>),
}

/// One `for` of a binder, with its condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause {
    /// The index.
    pub index: String,
    /// The first value.
    pub lo: Layout,
    /// The last value.
    pub hi: Layout,
    /// The condition.
    pub cond: Option<Layout>,
}

/// How tightly a notation binds, loosest first, as in the language's table of
/// operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is the row it is called by")]
pub enum Level {
    Where,
    If,
    Or,
    And,
    Not,
    Compare,
    Range,
    Sum,
    Product,
    Negative,
    Power,
    Postfix,
    Atom,
}

impl Layout {
    /// How tightly the outermost notation binds.
    pub fn level(&self) -> Level {
        match self {
            Layout::Where(..) => Level::Where,
            Layout::If(..) => Level::If,
            Layout::Infix(Op::Or, ..) => Level::Or,
            Layout::Infix(Op::And, ..) => Level::And,
            Layout::Not(_) => Level::Not,
            Layout::Infix(..) => Level::Compare,
            Layout::Range(..) => Level::Range,
            Layout::Sum(..) => Level::Sum,
            Layout::Product(_) | Layout::Dotted(_) | Layout::Quotient(..) | Layout::Scaled(..) => {
                Level::Product
            }
            Layout::Number(n) if n.as_ratio().is_some_and(|(_, d)| d != 1) && !n.is_decimal() => {
                Level::Product
            }
            Layout::Negative(_) => Level::Negative,
            Layout::Power(..) => Level::Power,
            Layout::Transpose(_) | Layout::Index(..) => Level::Postfix,
            _ => Level::Atom,
        }
    }
}

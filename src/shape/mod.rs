//! Shapes of values, and dense arrays.
//!
//! Every expression has a [`Shape`]: a scalar, a column of length `n`, or an
//! `m x n` matrix. A row vector is a `1 x n` matrix. Sizes are known whole
//! numbers by the time a shape exists.
//!
//! In: nothing. Out: [`Shape`], the rules that combine two shapes, the error
//! [`ShapeError`] that names operands by position (the checker adds where they
//! stand in the source), and [`Tensor`], a dense row-major array.
//!
//! This room knows neither expressions nor text.

mod tensor;

pub use tensor::Tensor;

use std::fmt;

/// The shape of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// One number.
    Scalar,
    /// A column of the given length, `R[n]`.
    Vector(usize),
    /// A matrix of the given numbers of rows and columns, `R[m, n]`.
    Matrix(usize, usize),
}

impl Shape {
    /// Number of rows; 1 for a scalar.
    pub fn rows(self) -> usize {
        match self {
            Shape::Scalar => 1,
            Shape::Vector(n) | Shape::Matrix(n, _) => n,
        }
    }

    /// Number of columns; 1 for a scalar and for a column.
    pub fn cols(self) -> usize {
        match self {
            Shape::Scalar | Shape::Vector(_) => 1,
            Shape::Matrix(_, n) => n,
        }
    }

    /// Number of entries; `None` where it does not fit a machine word.
    pub fn checked_len(self) -> Option<usize> {
        self.rows().checked_mul(self.cols())
    }

    /// Number of entries; the largest number where it does not fit a machine word.
    pub fn len(self) -> usize {
        self.rows().saturating_mul(self.cols())
    }

    /// Whether sizes and the number of entries are no larger than what any machine could hold, so that arithmetic with
    /// them does not overflow. Sizes count also where there is no entry at all.
    pub fn is_countable(self) -> bool {
        const MOST: usize = 1 << 48;
        let (m, n) = (self.rows().max(1), self.cols().max(1));
        m.checked_mul(n).is_some_and(|entries| entries <= MOST)
    }

    /// Whether there is no entry at all.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether this is one number.
    pub fn is_scalar(self) -> bool {
        self == Shape::Scalar
    }

    /// The shape with rows and columns exchanged; a column becomes `1 x n`.
    pub fn transposed(self) -> Shape {
        match self {
            Shape::Scalar => Shape::Scalar,
            Shape::Vector(n) => Shape::Matrix(1, n),
            Shape::Matrix(1, n) if n != 1 => Shape::Vector(n),
            Shape::Matrix(m, n) => Shape::Matrix(n, m),
        }
    }

    /// The shape of `self * right` in linear algebra, both arrays; `None`
    /// where the inner sizes differ.
    ///
    /// A row times a column is a scalar; a matrix times a column is a column.
    pub fn product(self, right: Shape) -> Option<Shape> {
        if self.cols() != right.rows() {
            return None;
        }
        let (m, n) = (self.rows(), right.cols());
        Some(match (self, right) {
            (Shape::Matrix(1, _), Shape::Vector(_)) => Shape::Scalar,
            (Shape::Matrix(..), Shape::Vector(_)) => Shape::Vector(m),
            (Shape::Vector(_), Shape::Vector(_)) => Shape::Vector(m),
            _ => Shape::Matrix(m, n),
        })
    }
}

impl fmt::Display for Shape {
    /// `a scalar`, `R[3]`, `R[2, 3]`: as it is written in a `var` statement.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Scalar => write!(f, "R"),
            Shape::Vector(n) => write!(f, "R[{n}]"),
            Shape::Matrix(m, n) => write!(f, "R[{m}, {n}]"),
        }
    }
}

/// What kind of misfit it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ShapeFault {
    /// Sizes do not fit one another, or the operation.
    #[default]
    Sizes,
    /// An index lies outside of its array.
    Outside,
    /// A number should be whole.
    NotWhole,
    /// Something should be a scalar.
    NotScalar,
}

/// Shapes that do not fit an operation.
///
/// Operands are named by position, from 0; `check` turns the positions into
/// places in the source.
#[derive(Clone, Debug, PartialEq)]
pub struct ShapeError {
    /// What kind of misfit it is.
    pub fault: ShapeFault,
    /// What was expected and found, for example
    /// "cannot add a column of length 3 and a column of length 4".
    pub message: String,
    /// The operands at fault, with the shape of each.
    pub operands: Vec<(usize, Shape)>,
    /// What to write instead, where there is one likely answer.
    pub help: Option<String>,
}

impl ShapeError {
    /// An error about the operands at the given positions.
    pub fn new(message: impl Into<String>, operands: &[(usize, Shape)]) -> Self {
        ShapeError {
            fault: ShapeFault::Sizes,
            message: message.into(),
            operands: operands.to_vec(),
            help: None,
        }
    }

    /// The same error, of another kind than sizes that do not fit.
    pub fn of(mut self, fault: ShapeFault) -> Self {
        self.fault = fault;
        self
    }

    /// The same error with a proposal.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ShapeError {}

/// A shape in words: "a scalar", "a column of length 3", "a 2 by 3 matrix".
pub fn in_words(shape: Shape) -> String {
    match shape {
        Shape::Scalar => "a scalar".to_string(),
        Shape::Vector(n) => format!("a column of length {n}"),
        Shape::Matrix(1, n) => format!("a row of length {n}"),
        Shape::Matrix(m, n) => format!("a {m} by {n} matrix"),
    }
}

//! What a random draw may be asked for in vain.

use std::fmt;

/// Why an array or an order cannot be drawn.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // the fields are named after what they hold
pub enum RandomError {
    /// A standard deviation that is negative or not a number.
    Sigma { sigma: f64 },
    /// A mean that is not finite.
    Mean { mu: f64 },
    /// Ends that are not finite or not in order.
    Interval { a: f64, b: f64 },
    /// More entries than memory can hold.
    TooLarge { rows: usize, cols: usize },
    /// More draws without replacement than there are elements.
    Sample { n: usize, k: usize },
}

impl fmt::Display for RandomError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RandomError::Sigma { sigma } => {
                write!(f, "expected a standard deviation of at least 0, found {sigma}")
            }
            RandomError::Mean { mu } => write!(f, "expected a finite mean, found {mu}"),
            RandomError::Interval { a, b } => {
                write!(f, "expected finite ends a <= b, found a = {a} and b = {b}")
            }
            RandomError::TooLarge { rows, cols } => {
                write!(f, "a matrix of {rows} by {cols} does not fit into memory")
            }
            RandomError::Sample { n, k } => {
                write!(f, "cannot draw {k} of {n} elements without replacement")
            }
        }
    }
}

impl std::error::Error for RandomError {}

//! Dense arrays of doubles in row-major order.

use std::sync::Arc;

use super::Shape;
use crate::memory;

/// What asks for memory here.
const WHAT: &str = "an array";

/// A value: a shape and its entries, row by row.
///
/// Cloning shares the entries, so data sets are held once however many
/// expressions name them. Where there is not enough memory for a new one, making
/// it unwinds with [`memory::OutOfMemory`].
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    shape: Shape,
    data: Arc<[f64]>,
}

impl Tensor {
    /// A scalar.
    pub fn scalar(value: f64) -> Tensor {
        Tensor { shape: Shape::Scalar, data: Arc::from([value]) }
    }

    /// An array of the given shape. `data` must hold `shape.len()` entries in
    /// row-major order.
    pub fn new(shape: Shape, data: impl Into<Arc<[f64]>> + AsRef<[f64]>) -> Tensor {
        memory::need_numbers(data.as_ref().len(), WHAT);
        let data = data.into();
        assert_eq!(shape.len(), data.len(), "entries must match the shape");
        Tensor { shape, data }
    }

    /// A column.
    pub fn vector(data: impl Into<Arc<[f64]>> + AsRef<[f64]>) -> Tensor {
        memory::need_numbers(data.as_ref().len(), WHAT);
        let data = data.into();
        Tensor { shape: Shape::Vector(data.len()), data }
    }

    /// An array with the same number everywhere.
    pub fn filled(shape: Shape, value: f64) -> Tensor {
        let n = shape.checked_len().unwrap_or(usize::MAX);
        memory::need_numbers(n, WHAT);
        Tensor { shape, data: std::iter::repeat_n(value, n).collect() }
    }

    /// The shape.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The entries, row by row.
    pub fn data(&self) -> &[f64] {
        &self.data
    }

    /// The number, where this is a scalar.
    pub fn as_scalar(&self) -> Option<f64> {
        (self.shape == Shape::Scalar).then(|| self.data[0])
    }

    /// Entry in row `i` and column `j`, both from 0.
    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.data[i * self.shape.cols() + j]
    }

    /// The transpose; a column becomes a `1 x n` row.
    pub fn transposed(&self) -> Tensor {
        let (m, n) = (self.shape.rows(), self.shape.cols());
        if m == 1 || n == 1 || self.data.is_empty() {
            return Tensor { shape: self.shape.transposed(), data: self.data.clone() };
        }
        memory::need_numbers(m * n, WHAT);
        let mut out = Vec::with_capacity(m * n);
        for j in 0..n {
            for i in 0..m {
                out.push(self.at(i, j));
            }
        }
        Tensor::new(self.shape.transposed(), out)
    }

    /// Each entry mapped by `f`.
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Tensor {
        memory::need_numbers(self.data.len(), WHAT);
        Tensor { shape: self.shape, data: self.data.iter().map(|&v| f(v)).collect() }
    }

    /// Each entry mapped by `f`, which sees them in order.
    pub fn map_in_order(&self, f: impl FnMut(f64) -> f64) -> Tensor {
        memory::need_numbers(self.data.len(), WHAT);
        Tensor { shape: self.shape, data: self.data.iter().copied().map(f).collect() }
    }

    /// Entries of `self` and `other` combined one by one; a scalar on either
    /// side goes with every entry of the other.
    pub fn zip(&self, other: &Tensor, f: impl Fn(f64, f64) -> f64) -> Tensor {
        match (self.as_scalar(), other.as_scalar()) {
            (Some(a), _) => other.map(|b| f(a, b)),
            (_, Some(b)) => self.map(|a| f(a, b)),
            _ => {
                memory::need_numbers(self.data.len(), WHAT);
                let data =
                    self.data.iter().zip(other.data.iter()).map(|(&a, &b)| f(a, b)).collect();
                Tensor { shape: self.shape, data }
            }
        }
    }
}

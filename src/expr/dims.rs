//! Dimensions of arrays, and what their users call them.
//!
//! The size of an axis is a number in [`Shape`]. Beside it an axis of a symbol
//! may have a [`DimId`]: which dimension it is. What is written in `R[n]`, and
//! what `let n = rows(A)` says, names a dimension and no other of the same
//! size. Arrays that are made, such as `ones(n)`, have no symbol; what is
//! known of their axes stands beside the node.

use super::{ExprId, Graph, SymbolId};
use crate::shape::Shape;

/// A dimension, by its place in the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DimId(u32);

/// What is known of the two axes of an array.
pub type Dims = [Option<DimId>; 2];

impl Graph {
    /// A dimension; `size` is how it was written.
    pub fn new_dim(&mut self, size: Option<ExprId>) -> DimId {
        let id = DimId(u32::try_from(self.dims.len()).expect("fewer than 2^32 dimensions"));
        self.dims.push(size);
        id
    }

    /// How the size of a dimension was written.
    pub fn dim_size(&self, dim: DimId) -> Option<ExprId> {
        self.dims[dim.0 as usize]
    }

    /// How the sizes of both axes of an array were written.
    pub fn dim_sizes(&self, dims: Dims) -> [Option<ExprId>; 2] {
        dims.map(|dim| dim.and_then(|d| self.dim_size(d)))
    }

    /// Says how the size of a dimension is written: the first name given to it
    /// stays, and goes before a number.
    pub fn name_dim(&mut self, dim: DimId, size: ExprId) {
        let named = self.dim_size(dim).is_some_and(|s| self.as_num(s).is_none());
        if !named {
            self.dims[dim.0 as usize] = Some(size);
        }
    }

    /// A dimension for every axis of a shape, none of them named.
    pub fn new_dims(&mut self, shape: Shape) -> Dims {
        match shape {
            Shape::Scalar => [None; 2],
            Shape::Vector(_) => [Some(self.new_dim(None)), None],
            Shape::Matrix(..) => [Some(self.new_dim(None)), Some(self.new_dim(None))],
        }
    }

    /// Gives a symbol its dimensions.
    pub fn set_dims(&mut self, symbol: SymbolId, dims: Dims) {
        self.symbols[symbol.index()].dims = dims;
    }

    /// Notes the dimensions of an array that is made.
    pub fn note_dims(&mut self, e: ExprId, dims: Dims) {
        if dims != [None; 2] {
            self.made_dims.insert(e, dims);
        }
    }

    /// The dimensions noted for an array that is made.
    pub fn noted_dims(&self, e: ExprId) -> Option<Dims> {
        self.made_dims.get(&e).copied()
    }
}

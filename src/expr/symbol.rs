//! Named leaves: unknowns, known values and bound indices.

use super::Dims;
use crate::shape::{Shape, Tensor};

/// A symbol of a [`Graph`](super::Graph).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SymbolId(u32);

impl SymbolId {
    pub(super) fn new(index: usize) -> SymbolId {
        SymbolId(index as u32)
    }

    /// The position of the symbol, for tables indexed by symbol.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a symbol stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SymbolKind {
    /// An unknown of optimization (`var`), or an argument of a function.
    Unknown,
    /// A known value (`let`), which keeps its name in printed results.
    Known,
    /// The index of a sum or of another binder.
    Index,
}

/// A named leaf.
#[derive(Clone, Debug)]
pub struct Symbol {
    /// The name as the user wrote it.
    pub name: String,
    /// What it stands for.
    pub kind: SymbolKind,
    /// Its shape.
    pub shape: Shape,
    /// Its value, for known symbols once it has been computed.
    pub value: Option<Tensor>,
    /// Which dimensions its axes are.
    pub dims: Dims,
    /// Distinguishes indices of one name that are open at the same time.
    pub serial: u32,
    /// Bounds that hold for every entry of an unknown.
    pub bounds: (f64, f64),
}

/// No bounds.
const UNBOUNDED: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

impl Symbol {
    /// An unknown of the given shape.
    pub fn unknown(name: &str, shape: Shape) -> Symbol {
        Symbol {
            name: name.to_string(),
            kind: SymbolKind::Unknown,
            shape,
            value: None,
            dims: [None; 2],
            serial: 0,
            bounds: UNBOUNDED,
        }
    }

    /// A known value that may be computed later.
    pub fn known(name: &str, shape: Shape, value: Option<Tensor>) -> Symbol {
        Symbol {
            name: name.to_string(),
            kind: SymbolKind::Known,
            shape,
            value,
            dims: [None; 2],
            serial: 0,
            bounds: UNBOUNDED,
        }
    }

    pub(super) fn index(name: &str, serial: u32) -> Symbol {
        Symbol {
            name: name.to_string(),
            kind: SymbolKind::Index,
            shape: Shape::Scalar,
            value: None,
            dims: [None; 2],
            serial,
            bounds: UNBOUNDED,
        }
    }
}

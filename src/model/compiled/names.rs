//! Names of the entries of unknowns.

use crate::expr::{Graph, SymbolId};
use crate::shape::Shape;

/// The names of all entries, as [`entry_name`] gives them.
pub(crate) fn entry_names(g: &Graph, vars: &[SymbolId]) -> Vec<String> {
    let mut names = Vec::new();
    for &v in vars {
        let symbol = g.symbol(v);
        names.extend((0..symbol.shape.len()).map(|k| entry_name(&symbol.name, symbol.shape, k)));
    }
    names
}

/// The name of entry `i` (from 0) of all unknowns one after the other.
pub(super) fn name_of(g: &Graph, vars: &[SymbolId], i: usize) -> String {
    let mut left = i;
    for &v in vars {
        let symbol = g.symbol(v);
        if left < symbol.shape.len() {
            return entry_name(&symbol.name, symbol.shape, left);
        }
        left -= symbol.shape.len();
    }
    format!("entry {}", i + 1)
}

/// `w[1]`, `W[2, 3]` for entry `k` (from 0) of an array, the name for a scalar.
fn entry_name(name: &str, shape: Shape, k: usize) -> String {
    match shape {
        Shape::Scalar => name.to_string(),
        Shape::Vector(_) => format!("{name}[{}]", k + 1),
        Shape::Matrix(_, n) => format!("{name}[{}, {}]", k / n + 1, k % n + 1),
    }
}

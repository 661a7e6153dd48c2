//! Which arrays are computed entry by entry where they are used, and which are
//! stored.
//!
//! An array that is a few operations an entry costs less to compute again than
//! to store and load: it is *virtual*. Products, reductions by line, arrays
//! that are filled by index or that add up scattered entries are *stored*, and
//! so is what calls functions and has several users.

use rustc_hash::FxHashMap;

use crate::expr::{ExprId, Graph, Op, SymbolId, SymbolKind};
use crate::ops;
use crate::shape::Shape;

/// What is known of an array before anything is scheduled.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// Lies in memory: an unknown, a known value, a literal of known numbers.
    pub leaf: bool,
    /// Is computed into a buffer.
    pub stored: bool,
    /// Adds up scattered entries.
    pub scatter: bool,
    /// One loop over its entries in memory order computes it.
    pub flat: bool,
    /// Calls functions for every entry.
    calls: bool,
    /// How many nodes and outputs use it.
    pub users: u32,
    read_in_loop: bool,
}

/// The place of each input symbol in the input vector.
pub type Inputs = FxHashMap<SymbolId, usize>;

/// The facts of all arrays below the outputs.
pub struct FactTable {
    facts: FxHashMap<ExprId, Facts>,
}

impl FactTable {
    /// Collects the facts of arrays below `outputs`.
    pub fn new(g: &Graph, outputs: &[ExprId], inputs: &Inputs) -> FactTable {
        let order = g.reachable(outputs);
        let mut table = FactTable { facts: FxHashMap::default() };
        for &e in outputs {
            table.facts.entry(e).or_default().users += 1;
        }
        for &e in &order {
            for &a in g.args(e).iter().filter(|a| !g.shape(**a).is_scalar()) {
                let f = table.facts.entry(a).or_default();
                f.users += 1;
                f.read_in_loop |= g.op(e) == Op::Elem && !g.free_indices(e).is_empty();
            }
        }
        for &e in order.iter().filter(|&&e| !g.shape(e).is_scalar()) {
            let found = table.decide(g, e, inputs);
            table.facts.insert(e, found);
        }
        table
    }

    /// The facts of an array.
    pub fn of(&self, e: ExprId) -> Facts {
        self.facts.get(&e).copied().unwrap_or_default()
    }

    fn decide(&self, g: &Graph, e: ExprId, inputs: &Inputs) -> Facts {
        let mut f = self.of(e);
        let op = g.op(e);
        let arrays = || g.args(e).iter().filter(|a| !g.shape(**a).is_scalar()).map(|a| self.of(*a));
        f.leaf = op == Op::Symbol || is_known_literal(g, e, inputs);
        if f.leaf {
            f.flat = true;
            return f;
        }
        let row = ops::def(op);
        f.calls = (row.is_elementwise() && row.lowering.calls())
            || arrays().any(|a| a.calls && !a.stored);
        f.scatter = match op {
            Op::Place | Op::PlaceBlock | Op::Sum => true,
            Op::Add | Op::Mul | Op::If => arrays().any(|a| a.scatter),
            _ => false,
        };
        f.stored = f.scatter || !is_virtual(g, e) || (f.calls && (f.users > 1 || f.read_in_loop));
        let entrywise = row.is_elementwise()
            || matches!(op, Op::Add | Op::Mul | Op::Had | Op::Fill | Op::Reshape);
        f.flat = f.stored || is_line(g.shape(e)) || (entrywise && arrays().all(|a| a.flat));
        f
    }
}

/// Whether a row or a column.
pub fn is_line(shape: Shape) -> bool {
    shape.rows() == 1 || shape.cols() == 1
}

/// Whether one entry can be computed by itself.
pub fn is_virtual(g: &Graph, e: ExprId) -> bool {
    let op = g.op(e);
    let moves = matches!(
        op,
        Op::Add
            | Op::Mul
            | Op::Had
            | Op::Fill
            | Op::Eye
            | Op::Bcast
            | Op::Block
            | Op::Transpose
            | Op::Reshape
    );
    moves || ops::def(op).is_elementwise()
}

/// Whether a literal array of numbers that are known now.
pub fn is_known_literal(g: &Graph, e: ExprId, inputs: &Inputs) -> bool {
    g.op(e) == Op::Stack && g.args(e).iter().all(|&a| known_scalar(g, a, inputs).is_some())
}

/// The number of a literal, or of a known scalar that is no input.
pub fn known_scalar(g: &Graph, e: ExprId, inputs: &Inputs) -> Option<f64> {
    if let Some(n) = g.as_num(e) {
        return Some(n.value());
    }
    let id = g.as_symbol(e)?;
    let symbol = g.symbol(id);
    let known = symbol.kind != SymbolKind::Index && !inputs.contains_key(&id);
    symbol.value.as_ref().filter(|_| known)?.as_scalar()
}

//! Sizes of arrays, by the names that users gave them.
//!
//! An axis of an expression is the dimension of an array that it comes from:
//! of a term of a sum, of the first or last factor of a product. Where none of
//! them has a name, the size is a number.

use crate::expr::{DimId, Dims, ExprId, Graph, Num, Op};
use crate::shape::Shape;

/// So many nodes are asked for a name.
const MOST_ASKED: usize = 64;

/// Which dimension an axis is, or how its size is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Dim(DimId),
    Written(ExprId),
}

impl Graph {
    /// Number of rows (`axis` 0) or columns (1) as an expression: the name
    /// that the user gave to that dimension, else a literal.
    pub fn size(&mut self, e: ExprId, axis: usize) -> ExprId {
        let n = length(self.shape(e), axis);
        match self.size_name(e, axis) {
            Some(name) => name,
            None => self.number(Num::int(n as i64)),
        }
    }

    /// Number of entries as an expression.
    pub fn size_of(&mut self, e: ExprId) -> ExprId {
        let rows = self.size(e, 0);
        let cols = self.size(e, 1);
        self.mul(&[rows, cols])
    }

    /// How the user writes the size of an axis, where that is not a number.
    pub fn size_name(&self, e: ExprId, axis: usize) -> Option<ExprId> {
        match origin(self, e, axis, true)? {
            Origin::Dim(d) => self.dim_size(d),
            Origin::Written(size) => Some(size),
        }
    }

    /// The dimension that an axis is, where it comes from a symbol.
    pub fn dim(&self, e: ExprId, axis: usize) -> Option<DimId> {
        match origin(self, e, axis, false)? {
            Origin::Dim(d) => Some(d),
            Origin::Written(_) => None,
        }
    }
}

/// Notes the dimensions of an array that is made, and of the array in a product
/// with scalars.
pub(super) fn note_dims(g: &mut Graph, e: ExprId, dims: Dims) {
    let shape = g.shape(e);
    if g.op(e) == Op::Mul
        && let Some(&array) = g.args(e).iter().find(|&&a| g.shape(a) == shape)
    {
        return g.note_dims(array, dims);
    }
    // Symbols have dimensions of their own.
    if g.as_symbol(e).is_none() {
        g.note_dims(e, dims);
    }
}

/// Length of an axis.
pub fn length(shape: Shape, axis: usize) -> usize {
    if axis == 0 { shape.rows() } else { shape.cols() }
}

/// Where an axis comes from; with a name, if that is asked for.
fn origin(g: &Graph, e: ExprId, axis: usize, named: bool) -> Option<Origin> {
    let fits = |origin: Origin| match origin {
        Origin::Dim(d) => !named || g.dim_size(d).is_some_and(|s| g.as_num(s).is_none()),
        Origin::Written(size) => g.as_num(size).is_none(),
    };
    let mut stack = vec![(e, axis)];
    let mut asked = Vec::new();
    while let Some(place) = stack.pop() {
        if asked.len() >= MOST_ASKED || asked.contains(&place) {
            continue;
        }
        asked.push(place);
        let (e, axis) = place;
        if length(g.shape(e), axis) == 1 {
            continue;
        }
        match own(g, e, axis).filter(|o| fits(*o)) {
            Some(origin) => return Some(origin),
            None => stack.extend(inner(g, e, axis).into_iter().rev()),
        }
    }
    None
}

/// What a node itself says about an axis.
fn own(g: &Graph, e: ExprId, axis: usize) -> Option<Origin> {
    if let Some(s) = g.as_symbol(e) {
        return g.symbol(s).dims[axis].map(Origin::Dim);
    }
    if let Some(dim) = g.noted_dims(e).and_then(|dims| dims[axis]) {
        return Some(Origin::Dim(dim));
    }
    let args = g.args(e);
    if g.op(e) == Op::Comp && axis == 0 && g.is_one(args[Op::BINDER_LO]) {
        let hi = args[Op::BINDER_HI];
        return g.free_indices(hi).is_empty().then_some(Origin::Written(hi));
    }
    None
}

/// The axes of arguments that an axis is.
pub fn inner(g: &Graph, e: ExprId, axis: usize) -> Vec<(ExprId, usize)> {
    let args = g.args(e);
    let same = |args: &[ExprId]| {
        let n = length(g.shape(e), axis);
        let fits = |a: &&ExprId| !g.shape(**a).is_scalar() && length(g.shape(**a), axis) == n;
        args.iter().filter(fits).map(|&a| (a, axis)).collect()
    };
    match g.op(e) {
        Op::Transpose => vec![(args[0], 1 - axis)],
        Op::MatMul if axis == 0 => args.first().map(|&a| (a, 0)).into_iter().collect(),
        Op::MatMul => args.last().map(|&a| (a, 1)).into_iter().collect(),
        Op::Diag if matches!(g.shape(args[0]), Shape::Vector(_)) => vec![(args[0], 0)],
        Op::Comp if axis == 0 => Vec::new(),
        Op::Comp => vec![(args[Op::BINDER_BODY], 0)],
        op if op.is_binder() => same(&args[Op::BINDER_BODY..]),
        Op::Elem | Op::Place | Op::PlaceBlock | Op::Fill | Op::Stack => Vec::new(),
        Op::If => same(&args[1..]),
        Op::Block => same(&args[..1]),
        _ => same(args),
    }
}

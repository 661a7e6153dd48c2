//! Rows and columns that are repeated, and arrays of another shape.
//!
//! Beside what has the whole shape a row or a column is repeated by a dotted
//! operator: `X .+ b'`. Alone it is a product with ones: `r*ones(1, n)`.

use super::build::Builder;
use super::layout::Layout;
use crate::expr::{ExprId, Graph, Num, Op};
use crate::shape::Shape;

/// The repeated array of an operand, where its outermost array is one: of a
/// product with scalars, of a numeric power.
pub fn repeated(g: &Graph, e: ExprId) -> Option<ExprId> {
    match (g.op(e), g.args(e)) {
        (Op::Bcast, _) => Some(e),
        (Op::Mul, args) => args.last().copied().filter(|&a| g.op(a) == Op::Bcast),
        (Op::Pow, &[base, n]) => {
            (g.op(base) == Op::Bcast && g.as_num(n).is_some_and(Num::is_negative)).then_some(base)
        }
        _ => None,
    }
}

/// Which arguments of a sum or an elementwise product dotted operators repeat:
/// those that are repeated, but for the first where no other argument has the
/// whole shape.
pub fn spread(g: &Graph, op: Op, args: &[ExprId], whole: Shape) -> Vec<bool> {
    let mut spread: Vec<bool> = args
        .iter()
        .map(|&a| {
            let power = g.op(a) == Op::Pow && op != Op::Had;
            matches!(op, Op::Add | Op::Had) && !power && repeated(g, a).is_some()
        })
        .collect();
    let written = |k: usize| match repeated(g, args[k]) {
        Some(r) if spread[k] => g.shape(g.args(r)[0]),
        _ => g.shape(args[k]),
    };
    let (rows, cols) = (0..args.len())
        .map(written)
        .fold((1, 1), |(rows, cols), s| (rows.max(s.rows()), cols.max(s.cols())));
    if (rows, cols) != (whole.rows(), whole.cols())
        && let Some(first) = spread.iter().position(|&s| s)
    {
        spread[first] = false;
    }
    spread
}

impl Builder<'_> {
    /// An operand of a dotted operator: what it repeats.
    pub(super) fn spread(&mut self, e: ExprId) -> Layout {
        match self.g.op(e) {
            Op::Bcast if !self.names.contains_key(&e) => self.layout(self.g.args(e)[0]),
            Op::Mul => {
                self.spread = repeated(self.g, e);
                self.layout(e)
            }
            _ => self.layout(e),
        }
    }

    /// A repeated row or column as a product with ones.
    pub(super) fn repetition(&mut self, e: ExprId) -> Layout {
        let of = self.g.args(e)[0];
        let (from, to) = (self.g.shape(of), self.g.shape(e));
        let mut factors = Vec::new();
        if from.rows() != to.rows() {
            factors.push(Layout::Make("ones", vec![self.size(e, 0)]));
        }
        factors.push(self.layout(of));
        if from.cols() != to.cols() {
            let one = Layout::Number(Num::ONE);
            factors.push(Layout::Make("ones", vec![one, self.size(e, 1)]));
        }
        Layout::Product(factors)
    }

    /// The same entries as a column or as a matrix of one column.
    pub(super) fn reshaped(&mut self, e: ExprId) -> Layout {
        let of = self.g.args(e)[0];
        let inner = self.layout(of);
        let one = || Layout::Number(Num::ONE);
        match (self.g.shape(of), self.g.shape(e)) {
            (Shape::Vector(_), Shape::Matrix(_, 1)) => {
                Layout::Product(vec![inner, Layout::Make("ones", vec![one(), one()])])
            }
            (Shape::Matrix(_, 1), Shape::Vector(_)) => {
                Layout::Index(Box::new(inner), vec![Layout::All, one()])
            }
            _ => inner,
        }
    }
}

//! Arrays that are zero but for some entries, times a number that is not finite.
//!
//! The adjoint of reading `x[i]` is zero elsewhere, since nothing else was read: no factor changes that, not even an
//! infinite one. In an array of values a zero times infinity is not a number; here it is not there.

use super::{EvalError, Evaluation};
use crate::expr::{Data, ExprId, Op};
use crate::ops::{Range, position};
use crate::patience;
use crate::shape::Tensor;

impl Evaluation<'_> {
    /// The product of scalars and an array of scattered entries, where a scalar is not finite.
    pub(super) fn scaled_scatter(&mut self, e: ExprId) -> Result<Option<Tensor>, EvalError> {
        if self.g.op(e) != Op::Mul || self.g.shape(e).is_scalar() {
            return Ok(None);
        }
        let args = self.g.args(e).to_vec();
        let Some(&array) = args.iter().find(|&&a| !self.g.shape(a).is_scalar()) else {
            return Ok(None);
        };
        let mut factor = 1.0;
        for &a in args.iter().filter(|&&a| a != array) {
            factor *= self.value(a)?.number();
        }
        if factor.is_finite() || !self.is_scatter(array) {
            return Ok(None);
        }
        let entries = self.value(array)?.into_tensor();
        let touched = self.touched(array)?;
        let scaled =
            entries.data().iter().zip(touched).map(|(v, t)| if t { factor * v } else { 0.0 });
        Ok(Some(Tensor::new(entries.shape(), scaled.collect::<Vec<_>>())))
    }

    fn is_scatter(&self, e: ExprId) -> bool {
        match self.g.op(e) {
            Op::Place | Op::PlaceBlock => true,
            Op::Sum => self.is_scatter(self.g.args(e)[Op::BINDER_BODY]),
            Op::Add | Op::Mul | Op::If => self.g.args(e).iter().any(|&a| self.is_scatter(a)),
            _ => false,
        }
    }

    /// Which entries something was put into.
    fn touched(&mut self, e: ExprId) -> Result<Vec<bool>, EvalError> {
        stacker::maybe_grow(64 * 1024, 4 << 20, || self.find_touched(e))
    }

    fn find_touched(&mut self, e: ExprId) -> Result<Vec<bool>, EvalError> {
        let (shape, args) = (self.g.shape(e), self.g.args(e).to_vec());
        let mut found = vec![false; shape.len()];
        let mut join = |more: Vec<bool>| found.iter_mut().zip(more).for_each(|(a, b)| *a |= b);
        match self.g.op(e) {
            _ if self.g.is_zero(e) => {}
            Op::Place | Op::PlaceBlock => join(self.placed(e)?),
            Op::Add => {
                for &a in &args {
                    let whole = self.g.shape(a).is_scalar();
                    join(if whole { vec![true; shape.len()] } else { self.touched(a)? });
                }
            }
            Op::Mul => {
                for &a in args.iter().filter(|&&a| !self.g.shape(a).is_scalar()) {
                    join(self.touched(a)?);
                }
            }
            Op::If => {
                let taken = if self.value(args[0])?.number() != 0.0 { 1 } else { 2 };
                join(self.touched(args[taken])?);
            }
            Op::Sum => {
                let Some(range) = Range::of(self.g, e) else { return Ok(found) };
                let (lo, hi) = self.ends(e, range)?;
                let outer = self.indices.get(&range.index).copied();
                for i in lo..=hi {
                    patience::look();
                    self.set_index(range.index, i as f64);
                    if self.value(range.cond)?.number() != 0.0 {
                        join(self.touched(args[Op::BINDER_BODY])?);
                    }
                }
                self.restore(range.index, outer);
            }
            _ => join(vec![true; shape.len()]),
        }
        Ok(found)
    }

    /// Where a node puts its entry or block; nothing where that is outside.
    fn placed(&mut self, e: ExprId) -> Result<Vec<bool>, EvalError> {
        let node = self.g.node(e);
        let (args, whole) = (node.args.to_vec(), node.shape);
        let Data::Shape(_) = node.data else { return Ok(vec![true; whole.len()]) };
        let part = self.g.shape(args[0]);
        let mut ones = vec![Tensor::filled(part, 1.0)];
        for &index in &args[1..] {
            let at = self.value(index)?.number();
            // An index that names no place puts nothing anywhere.
            ones.push(Tensor::scalar(if position(at) == usize::MAX { 0.0 } else { at }));
        }
        let crate::ops::Value::Tensor(put) = crate::ops::def(node.op).value else {
            return Ok(vec![true; whole.len()]);
        };
        let marks = put(&ones, node.data);
        Ok(marks.data().iter().map(|&m| m != 0.0).collect())
    }
}

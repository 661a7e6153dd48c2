//! Columns put together from pieces at fixed places.
//!
//! A sum of arrays that are each zero but for one entry or one stretch, at places that are known and do not
//! overlap, is no sum: every piece is stored where it belongs, and nothing is added.

use super::dag::{BufId, Kind, Val};
use super::translate::{EnvId, Key, Target, Translation};
use crate::expr::{ExprId, Op};
use crate::ops::Range;
use crate::shape::Shape;

/// Places that stores set to zero one by one.
const MAX_SINGLE_ZEROS: usize = 8;

/// A piece of a column: its node, and its places from 0 up to but not including the second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    node: ExprId,
    places: (usize, usize),
}

impl Translation<'_> {
    /// The pieces of a column in order, if that is what it is.
    pub(super) fn pieces_of(&self, e: ExprId) -> Option<Vec<Piece>> {
        let Shape::Vector(n) = self.g.shape(e) else { return None };
        let single = [e];
        let parts = if self.g.op(e) == Op::Add { self.g.args(e) } else { &single };
        let mut pieces = Vec::with_capacity(parts.len());
        for &node in parts {
            let args = self.g.args(node);
            let length = match self.g.op(node) {
                Op::Place => 1,
                Op::PlaceBlock => match self.g.shape(args[0]) {
                    Shape::Vector(m) => m,
                    _ => return None,
                },
                _ => return None,
            };
            let at = usize::try_from(self.g.as_num(args[1])?.as_int()?).ok()?.checked_sub(1)?;
            let end = at.checked_add(length).filter(|end| *end <= n)?;
            pieces.push(Piece { node, places: (at, end) });
        }
        pieces.sort_unstable_by_key(|p| p.places);
        let apart = pieces.windows(2).all(|p| p[0].places.1 <= p[1].places.0);
        apart.then_some(pieces)
    }

    /// The effects that fill a column by pieces.
    pub(super) fn fill_by_pieces(&mut self, e: ExprId, env: EnvId, buf: BufId) -> Option<Vec<Val>> {
        let pieces = self.pieces_of(e)?;
        let mut effects = self.fill_gaps(&pieces, self.g.shape(e).len(), buf);
        let of = Key::Define(e, env);
        let target = Target { buf, add: false, factor: None, of };
        // All of them are asked for before any answer is missed.
        let stores: Vec<Option<Val>> =
            pieces.iter().map(|p| self.piece(p.node, env, target)).collect();
        effects.extend(stores.into_iter().collect::<Option<Vec<Val>>>()?);
        Some(effects)
    }

    /// The effects that set what lies between pieces to zero: place by place where these are few, since
    /// setting all of the column costs a pass over memory.
    fn fill_gaps(&mut self, pieces: &[Piece], len: usize, buf: BufId) -> Vec<Val> {
        let covered: usize = pieces.iter().map(|p| p.places.1 - p.places.0).sum();
        if len - covered > MAX_SINGLE_ZEROS {
            return vec![self.dag.node(Kind::Zero(buf), &[])];
        }
        let starts = std::iter::once(0).chain(pieces.iter().map(|p| p.places.1));
        let ends = pieces.iter().map(|p| p.places.0).chain(std::iter::once(len));
        let gaps: Vec<usize> = starts.zip(ends).flat_map(|(from, to)| from..to).collect();
        let store_zero = |place: usize| {
            let (at, zero) = (self.dag.int(place as i64), self.dag.num(0.0));
            self.dag.store(buf, false, at, zero)
        };
        gaps.into_iter().map(store_zero).collect()
    }

    fn piece(&mut self, node: ExprId, env: EnvId, t: Target) -> Option<Val> {
        let block = self.g.args(node)[0];
        if self.g.op(node) == Op::Place {
            return self.placed(node, env, t);
        }
        let built_here = self.g.op(block) == Op::Comp && self.facts.of(block).users <= 1;
        match Range::of(self.g, block) {
            Some(range) if built_here && !range.is_filtered(self.g) => {
                let start = self.g.as_num(self.g.args(node)[1])?.as_int()? - 1;
                self.by_index(block, env, t, start)
            }
            _ => self.placed_block(node, env, t),
        }
    }
}

//! Scattered entries: the adjoints of reads, added up over an index.
//!
//! The adjoint of `x[i+1]` is an array that is zero but for one entry. A sum of
//! such arrays adds to one entry a step.

use super::dag::{Fun, Kind, Val};
use super::translate::{At, EnvId, Target, Translation};
use super::vars::Counts;
use crate::expr::{ExprId, Op};
use crate::ops::Range;
use crate::shape::Shape;

impl Translation<'_> {
    /// Scalars times an array: they become part of the factor.
    pub(super) fn scaled(&mut self, e: ExprId, env: EnvId, t: Target) -> Option<Val> {
        let args = self.g.args(e);
        let array = *args.iter().find(|&&a| !self.g.shape(a).is_scalar())?;
        let scalars: Vec<ExprId> =
            args.iter().copied().filter(|&a| self.g.shape(a).is_scalar()).collect();
        let mut factors = self.entries(&scalars, env, At::Scalar)?;
        factors.extend(t.factor);
        let factor = Some(self.product(&factors));
        let key = self.target_key(array, env, Target { factor, ..t }, 0);
        self.want(key)
    }

    /// A sum of arrays over an index.
    pub(super) fn summed(&mut self, e: ExprId, env: EnvId, t: Target) -> Option<Val> {
        let range = Range::of(self.g, e)?;
        let open = self.open(e, range, env)?;
        let key = self.target_key(self.g.args(e)[Op::BINDER_BODY], open.env, t, 0);
        let mut args = vec![open.lo, open.hi, self.want(key)?];
        args.extend(open.cond);
        Some(self.dag.node(Kind::For { var: open.var, filtered: open.cond.is_some() }, &args))
    }

    /// One entry at a place that indices name.
    pub(super) fn placed(&mut self, e: ExprId, env: EnvId, t: Target) -> Option<Val> {
        let node = self.g.node(e);
        let found = self.entries(node.args, env, At::Scalar)?;
        let (i, j) = self.place_named(e, node.shape, &found[1..]);
        let sizes = match (node.shape, &found[1..]) {
            (Shape::Matrix(1, n), [_]) => [n, 1],
            (shape, _) => [shape.rows(), shape.cols()],
        };
        let k = self.flat(At::Cell(i, j), node.shape);
        let store = self.store(t, k, found[0]);
        Some(self.where_inside(&found[1..], sizes, store))
    }

    /// A block at a place that indices name.
    pub(super) fn placed_block(&mut self, e: ExprId, env: EnvId, t: Target) -> Option<Val> {
        let node = self.g.node(e);
        let (part, whole, block) = (self.g.shape(node.args[0]), node.shape, node.args[0]);
        let first = self.entries(&node.args[1..], env, At::Scalar)?;
        let (row, i) = self.counter(Counts::Rows(part.rows()), part.rows());
        let (col, j) = self.counter(Counts::Cols(part.cols()), part.cols());
        let (vars, i, j) = match (part.rows(), part.cols()) {
            (_, 1) => (vec![row], i, self.dag.int(0)),
            (1, _) => (vec![col], self.dag.int(0), j),
            _ => (vec![row, col], i, j),
        };
        let source = self.at_cell(part, i, j);
        let value = self.entry(block, env, source)?;
        let room = |whole: usize, part: usize| (whole + 1).saturating_sub(part);
        let sizes = [room(whole.rows(), part.rows()), room(whole.cols(), part.cols())];
        let r = self.position(first[0], e, sizes[0]);
        let c = self.position(first[1], e, sizes[1]);
        let (i, j) = (self.iadd(r, i), self.iadd(c, j));
        let k = self.flat(At::Cell(i, j), whole);
        let store = self.store(t, k, value);
        let stores = self.for_each(&vars, store);
        Some(self.where_inside(&first, sizes, stores))
    }

    /// The effect where all indices are whole numbers from 1 to the sizes. The
    /// adjoint of a read may outlive the branch or the loop that the read is
    /// in; a read that would have failed has no adjoint.
    fn where_inside(&mut self, indices: &[Val], sizes: [usize; 2], effect: Val) -> Val {
        let mut all: Option<Val> = None;
        for (&index, &size) in indices.iter().zip(&sizes) {
            let counted = self.counts(index);
            let proven = |(lo, hi): (f64, f64)| counted && lo >= 1.0 && hi <= size as f64;
            if self.dag.interval(index).is_some_and(proven) {
                continue;
            }
            let (one, last) = (self.dag.num(1.0), self.dag.num(size as f64));
            let floor = self.dag.fun(Fun::Floor, &[index]);
            for (fun, bound) in [(Fun::Ge, one), (Fun::Le, last), (Fun::Eq, floor)] {
                let holds = self.dag.fun(fun, &[index, bound]);
                all = Some(all.map_or(holds, |a| self.dag.fun(Fun::And, &[a, holds])));
            }
        }
        let Some(cond) = all else { return effect };
        let nothing = self.dag.node(Kind::Both, &[]);
        self.dag.node(Kind::If, &[cond, effect, nothing])
    }
}

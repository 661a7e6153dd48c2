//! Loops that combine numbers: sums and other binders over an index,
//! reductions of arrays, traces and inner products.

use super::dag::{FoldKind, Fun, Kind, Val};
use super::translate::{At, EnvId, Translation};
use super::vars::{Counts, VarId};
use crate::expr::{ExprId, Op};
use crate::ops::Range;

/// Sums of squares between these are neither overflowing nor losing digits.
const SAFE_SQUARES: (f64, f64) = (1e-280, 1e300);

/// An open loop over the index of a binder.
pub(super) struct IndexLoop {
    pub var: VarId,
    pub lo: Val,
    pub hi: Val,
    /// Whether no value of the index is possible as far as known now.
    pub maybe_empty: bool,
    /// The environment of the body.
    pub env: EnvId,
    pub cond: Option<Val>,
}

impl Translation<'_> {
    /// The loop of a binder, in the environment outside it.
    pub(super) fn open(&mut self, e: ExprId, range: Range, env: EnvId) -> Option<IndexLoop> {
        let ends = self.entries(&[range.lo, range.hi], env, At::Scalar)?;
        let (lo, hi) = (self.whole(ends[0], e), self.whole(ends[1], e));
        let interval = match (self.dag.interval(lo), self.dag.interval(hi)) {
            (Some(a), Some(b)) => Some((a.0, b.1)),
            _ => None,
        };
        let surely = matches!((self.dag.interval(lo), self.dag.interval(hi)), (Some(a), Some(b)) if a.1 <= b.0);
        let var = self.dag.vars.var(Counts::Index(range.index, lo, hi), interval);
        let env = self.envs.extend(env, range.index, var);
        let filtered = range.is_filtered(self.g);
        let cond = if filtered { Some(self.scalar(range.cond, env)?) } else { None };
        Some(IndexLoop { var, lo, hi, maybe_empty: filtered || !surely, env, cond })
    }

    /// A binder whose value is a number.
    pub(super) fn fold_index(&mut self, e: ExprId, env: EnvId) -> Option<Val> {
        let range = Range::of(self.g, e).expect("a binder has a range");
        let fold = match self.g.op(e) {
            Op::Prod => FoldKind::Prod,
            Op::Min => FoldKind::Min,
            Op::Max => FoldKind::Max,
            Op::LogSumExp => FoldKind::LogSumExp,
            Op::ArgMin => FoldKind::ArgMin,
            Op::ArgMax => FoldKind::ArgMax,
            _ => FoldKind::Sum,
        };
        if let Some(answer) = self.product_but_one(e, env) {
            return answer;
        }
        let open = self.open(e, range, env)?;
        let body = self.scalar(self.g.args(e)[Op::BINDER_BODY], open.env)?;
        let extreme = fold.is_index() || matches!(fold, FoldKind::Min | FoldKind::Max);
        let fails = open.maybe_empty && extreme;
        let kind = Kind::Fold {
            fold,
            var: open.var,
            filtered: open.cond.is_some(),
            node: fails.then_some(e),
        };
        let mut args = vec![open.lo, open.hi, body];
        args.extend(open.cond);
        Some(self.dag.node(kind, &args))
    }

    /// A reduction of one or two arrays to a number.
    pub(super) fn reduction(&mut self, e: ExprId, env: EnvId) -> Option<Val> {
        let node = self.g.node(e);
        let (op, x) = (node.op, node.args[0]);
        match op {
            Op::SumAll => self.fold_entries(FoldKind::Sum, x, env, |_, v| v),
            Op::ProdAll => self.fold_entries(FoldKind::Prod, x, env, |_, v| v),
            Op::MinAll => self.fold_entries(FoldKind::Min, x, env, |_, v| v),
            Op::MaxAll => self.fold_entries(FoldKind::Max, x, env, |_, v| v),
            Op::LogSumExpAll => self.fold_entries(FoldKind::LogSumExp, x, env, |_, v| v),
            Op::SumSq => {
                self.fold_entries(FoldKind::Sum, x, env, |t, v| t.dag.fun(Fun::Mul, &[v, v]))
            }
            Op::Norm1 => self.fold_entries(FoldKind::Sum, x, env, |t, v| t.dag.fun(Fun::Abs, &[v])),
            Op::MeanAll => {
                let sum = self.fold_entries(FoldKind::Sum, x, env, |_, v| v)?;
                let n = self.dag.num(self.g.shape(x).len() as f64);
                Some(self.dag.fun(Fun::Div, &[sum, n]))
            }
            Op::NormInf => self.largest(x, env),
            Op::Norm => self.norm(x, env),
            Op::Dot => self.dot(x, node.args[1], env),
            Op::Tr => self.trace(x, env),
            Op::MatMul => self.inner_product(e, env),
            _ => {
                let zero = self.dag.int(0);
                let place = self.place_of(e, env)?;
                Some(self.load(place, zero))
            }
        }
    }

    /// The fold of `f` over the entries of an array, or of a scalar.
    fn fold_entries(
        &mut self,
        fold: FoldKind,
        x: ExprId,
        env: EnvId,
        f: impl Fn(&mut Self, Val) -> Val,
    ) -> Option<Val> {
        let (vars, at) = self.sweep(x);
        let entry = self.entry(x, env, at)?;
        let value = f(self, entry);
        Some(self.fold_over(fold, &vars, value))
    }

    /// The fold of a value over loops from 0, outermost first.
    pub(super) fn fold_over(&mut self, fold: FoldKind, vars: &[VarId], value: Val) -> Val {
        let mut value = value;
        for &var in vars.iter().rev() {
            let (lo, hi) = self.ends_of(var);
            value = self
                .dag
                .node(Kind::Fold { fold, var, filtered: false, node: None }, &[lo, hi, value]);
        }
        value
    }

    /// Largest absolute value, 0 of nothing.
    fn largest(&mut self, x: ExprId, env: EnvId) -> Option<Val> {
        let largest = self.fold_entries(FoldKind::Max, x, env, |t, v| t.dag.fun(Fun::Abs, &[v]))?;
        let zero = self.dag.num(0.0);
        Some(self.dag.fun(Fun::Max, &[zero, largest]))
    }

    /// The root of the sum of squares; only where that over- or underflows,
    /// scaled by the largest entry.
    fn norm(&mut self, x: ExprId, env: EnvId) -> Option<Val> {
        let squares =
            self.fold_entries(FoldKind::Sum, x, env, |t, v| t.dag.fun(Fun::Mul, &[v, v]))?;
        let largest = self.largest(x, env)?;
        let scaled = self.fold_entries(FoldKind::Sum, x, env, |t, v| {
            let ratio = t.dag.fun(Fun::Div, &[v, largest]);
            t.dag.fun(Fun::Mul, &[ratio, ratio])
        })?;
        let root = self.dag.fun(Fun::Sqrt, &[scaled]);
        let careful = self.dag.fun(Fun::Mul, &[largest, root]);
        let (zero, infinite) = (self.dag.num(0.0), self.dag.num(f64::INFINITY));
        let positive = self.dag.fun(Fun::Gt, &[largest, zero]);
        let finite = self.dag.fun(Fun::Lt, &[largest, infinite]);
        let usable = self.dag.fun(Fun::And, &[positive, finite]);
        let careful = self.dag.choose(usable, careful, largest);
        let (low, high) = (self.dag.num(SAFE_SQUARES.0), self.dag.num(SAFE_SQUARES.1));
        let above = self.dag.fun(Fun::Gt, &[squares, low]);
        let below = self.dag.fun(Fun::Lt, &[squares, high]);
        let safe = self.dag.fun(Fun::And, &[above, below]);
        let root = self.dag.fun(Fun::Sqrt, &[squares]);
        Some(self.dag.choose(safe, root, careful))
    }

    fn dot(&mut self, a: ExprId, b: ExprId, env: EnvId) -> Option<Val> {
        // A row and a column have their entries in one order.
        let (vars, at) = if self.g.shape(a) == self.g.shape(b) && !self.facts.of(b).flat {
            self.sweep(b)
        } else {
            self.sweep(a)
        };
        let (u, v) = (self.entry(a, env, at), self.entry(b, env, at));
        let product = (u?, v?);
        let product = self.dag.fun(Fun::Mul, &[product.0, product.1]);
        Some(self.fold_over(FoldKind::Sum, &vars, product))
    }

    fn trace(&mut self, x: ExprId, env: EnvId) -> Option<Val> {
        let shape = self.g.shape(x);
        let (var, i) = self.counter(Counts::Rows(shape.rows()), shape.rows());
        let at = self.at_cell(shape, i, i);
        let entry = self.entry(x, env, at)?;
        Some(self.fold_over(FoldKind::Sum, &[var], entry))
    }
}

//! Arrays in buffers: their definitions, and the effects of storing or adding
//! their entries.
//!
//! An array that adds up scattered entries (the adjoint of reading `x[i+1]` in
//! a sum) is set to zero and then added to: a sum over `i` costs its range, not
//! its range times the size of the array.

use super::dag::{Base, BufId, FoldKind, Fun, Kind, Val};
use super::facts::is_virtual;
use super::translate::{At, Dense, DenseCall, EnvId, Key, Target, Translation};
use super::vars::{Counts, VarId};
use crate::expr::{ExprId, Op};
use crate::ops::{Range, lu};
use crate::shape::Shape;

impl Translation<'_> {
    /// The node after which the buffer of `e` is filled.
    pub(super) fn build_definition(&mut self, e: ExprId, env: EnvId) -> Option<Val> {
        let buf = self.buffer_of(e, env);
        let effects = match self.g.op(e) {
            Op::MatMul => vec![self.product_into(e, env, buf)?],
            Op::Det | Op::LogDet | Op::Inv => vec![self.call_from_factors(e, env, buf)?],
            Op::Diag | Op::CumSum => vec![self.call_row(e, env, buf)?],
            _ if self.pieces_of(e).is_some() => self.fill_by_pieces(e, env, buf)?,
            _ if self.is_filled(e) => {
                let add = self.facts.of(e).scatter;
                let effect = self.want(Key::Into { e, env, buf, add, factor: None, time: 0 })?;
                let zero = self.dag.node(Kind::Zero(buf), &[]);
                if add { vec![zero, effect] } else { vec![effect] }
            }
            _ => vec![self.call_row(e, env, buf)?],
        };
        Some(self.dag.node(Kind::Define(buf), &effects))
    }

    /// Whether loops of ours fill the array, rather than its row's function.
    fn is_filled(&self, e: ExprId) -> bool {
        let by_loop = matches!(
            self.g.op(e),
            Op::Comp
                | Op::Stack
                | Op::If
                | Op::RowSum
                | Op::RowMean
                | Op::RowMax
                | Op::RowLogSumExp
                | Op::ColSum
                | Op::ColMean
                | Op::ColMax
                | Op::ColLogSumExp
        );
        by_loop || self.facts.of(e).scatter || self.g.shape(e).is_scalar() || is_virtual(self.g, e)
    }

    /// The row's function of whole arrays.
    fn call_row(&mut self, e: ExprId, env: EnvId, out: BufId) -> Option<Val> {
        let node = self.g.node(e);
        let places: Vec<_> = node.args.iter().map(|&a| self.place_of(a, env)).collect();
        let places = places.into_iter().collect::<Option<Vec<_>>>()?;
        let shapes: Vec<Shape> = node.args.iter().map(|&a| self.g.shape(a)).collect();
        let args = places.iter().zip(&shapes).map(|((base, _), s)| (*base, s.len())).collect();
        let call =
            DenseCall { what: Dense::Row { op: node.op, data: node.data, shapes }, args, out };
        let after: Vec<Val> = places.iter().filter_map(|(_, definition)| *definition).collect();
        Some(self.call(call, &after))
    }

    /// A function of a matrix, by triangular factors that all such functions
    /// of the same matrix share.
    fn call_from_factors(&mut self, e: ExprId, env: EnvId, out: BufId) -> Option<Val> {
        let a = self.g.args(e)[0];
        let n = self.g.shape(a).rows();
        let env = self.envs.restrict(env, self.g.free_indices(a));
        let factors = self.factors_of(a, env);
        let after = self.want(Key::Factors(a, env))?;
        let args = vec![(Base::Buffer(factors), lu::factors_len(n))];
        let what = Dense::FromFactors { op: self.g.op(e), n };
        Some(self.call(DenseCall { what, args, out }, &[after]))
    }

    /// The node after which the triangular factors of a matrix are there.
    pub(super) fn build_factors(&mut self, a: ExprId, env: EnvId) -> Option<Val> {
        let shape = self.g.shape(a);
        let (place, definition) = self.place_of(a, env)?;
        let out = self.factors_of(a, env);
        let what = Dense::Factor { n: shape.rows() };
        let call = DenseCall { what, args: vec![(place, shape.len())], out };
        let after: Vec<Val> = definition.into_iter().collect();
        let effect = self.call(call, &after);
        Some(self.dag.node(Kind::Define(out), &[effect]))
    }

    pub(super) fn call(&mut self, call: DenseCall, after: &[Val]) -> Val {
        let number = self.calls.len() as u32;
        self.calls.push(call);
        self.dag.node(Kind::Call { call: number }, after)
    }

    /// The effect of storing or adding an array (or a scalar, into one place).
    pub(super) fn build_into(&mut self, e: ExprId, env: EnvId, target: Target) -> Option<Val> {
        let Target { buf, add, .. } = target;
        let facts = self.facts.of(e);
        let own = self.buffer_is_of(e, env, buf);
        // What has a buffer of its own is copied, unless nobody else wants it
        // and its terms can be added right here.
        let joins = add && facts.scatter && facts.users <= 1;
        if self.g.shape(e).is_scalar() || facts.leaf || (facts.stored && !own && !joins) {
            return self.each_entry(e, env, target);
        }
        let args = self.g.args(e);
        match self.g.op(e) {
            Op::Add if facts.scatter => self.terms_into(e, env, target),
            Op::Mul if facts.scatter => self.scaled(e, env, target),
            Op::If => {
                let cond = self.scalar(args[0], env);
                let (a, b) = (
                    self.target_key(args[1], env, target, 1),
                    self.target_key(args[2], env, target, 2),
                );
                let (a, b) = (self.want(a), self.want(b));
                Some(self.dag.node(Kind::If, &[cond?, a?, b?]))
            }
            Op::Sum => self.summed(e, env, target),
            Op::Place => self.placed(e, env, target),
            Op::PlaceBlock => self.placed_block(e, env, target),
            Op::Comp => self.by_index(e, env, target, 0),
            Op::Stack => {
                let entries = self.entries(args, env, At::Scalar)?;
                let stores = entries.into_iter().enumerate().map(|(k, v)| {
                    let at = self.dag.int(k as i64);
                    self.store(target, at, v)
                });
                let stores: Vec<Val> = stores.collect();
                Some(self.dag.node(Kind::Both, &stores))
            }
            Op::RowSum | Op::RowMean | Op::RowMax | Op::RowLogSumExp => {
                self.by_line(e, env, target, true)
            }
            Op::ColSum | Op::ColMean | Op::ColMax | Op::ColLogSumExp => {
                self.by_line(e, env, target, false)
            }
            _ => self.each_entry(e, env, target),
        }
    }

    /// The question for the part `k` of what goes somewhere.
    pub(super) fn target_key(&mut self, e: ExprId, env: EnvId, t: Target, k: usize) -> Key {
        let env = self.envs.restrict(env, self.g.free_indices(e));
        let Target { buf, add, factor, of } = t;
        let first = Key::Into { e, env, buf, add, factor, time: 0 };
        if !add {
            return first;
        }
        let added = &mut self.added;
        let time = *self.times.entry((first, of, k)).or_insert_with(|| {
            let count = added.entry(first).or_default();
            *count += 1;
            *count - 1
        });
        Key::Into { e, env, buf, add, factor, time }
    }

    /// The terms of a sum one after the other; scalar ones go to every entry.
    fn terms_into(&mut self, e: ExprId, env: EnvId, t: Target) -> Option<Val> {
        let (scalars, arrays): (Vec<ExprId>, Vec<ExprId>) =
            self.g.args(e).iter().partition(|&&a| self.g.shape(a).is_scalar());
        let keys = arrays.iter().enumerate().map(|(k, &a)| self.target_key(a, env, t, k));
        let keys: Vec<Key> = keys.collect();
        let mut found: Vec<Option<Val>> = keys.iter().map(|&k| self.want(k)).collect();
        if !scalars.is_empty() {
            let constant = self.entries(&scalars, env, At::Scalar);
            found.push(constant.map(|terms| {
                let value = self.add(&terms);
                self.everywhere(e, t, value)
            }));
        }
        let effects = found.into_iter().collect::<Option<Vec<Val>>>()?;
        Some(self.dag.node(Kind::Both, &effects))
    }

    /// One number into every entry of an array like `e`.
    fn everywhere(&mut self, e: ExprId, t: Target, value: Val) -> Val {
        let n = self.g.shape(e).len();
        let (var, k) = self.counter(Counts::Entries(n), n);
        let store = self.store(t, k, value);
        self.for_each(&[var], store)
    }

    pub(super) fn store(&mut self, t: Target, at: Val, value: Val) -> Val {
        let value = match t.factor {
            Some(factor) => self.product(&[factor, value]),
            None => value,
        };
        self.dag.store(t.buf, t.add, at, value)
    }

    /// Every entry by itself.
    fn each_entry(&mut self, e: ExprId, env: EnvId, t: Target) -> Option<Val> {
        let shape = self.g.shape(e);
        if shape.is_scalar() {
            let (value, at) = (self.scalar(e, env)?, self.dag.int(0));
            return Some(self.store(t, at, value));
        }
        if self.g.is_zero(e) && t.add {
            return Some(self.dag.node(Kind::Both, &[]));
        }
        let (vars, at) = self.sweep(e);
        // Its own buffer is not there yet to be read.
        let own = self.buffer_is_of(e, env, t.buf);
        let value = if own { self.compute_entry(e, env, at)? } else { self.entry(e, env, at)? };
        let k = self.flat(at, shape);
        let mut value = value;
        if let (Some(factor), true) = (t.factor, self.facts.of(e).scatter) {
            // What was not put anywhere stays zero, whatever the factor.
            let (zero, scaled) = (self.dag.num(0.0), self.product(&[factor, value]));
            let nothing = self.dag.fun(Fun::Eq, &[value, zero]);
            value = self.dag.choose(nothing, zero, scaled);
        }
        let factor = t.factor.filter(|_| !self.facts.of(e).scatter);
        let store = self.store(Target { factor, ..t }, k, value);
        Some(self.for_each(&vars, store))
    }

    /// An effect in loops from 0, outermost first.
    pub(super) fn for_each(&mut self, vars: &[VarId], effect: Val) -> Val {
        let mut effect = effect;
        for &var in vars.iter().rev() {
            let (lo, hi) = self.ends_of(var);
            effect = self.dag.node(Kind::For { var, filtered: false }, &[lo, hi, effect]);
        }
        effect
    }

    /// An array built by one or two indices, from the place `first` on.
    pub(super) fn by_index(&mut self, e: ExprId, env: EnvId, t: Target, first: i64) -> Option<Val> {
        let (mut loops, mut at) = (Vec::new(), self.dag.int(0));
        let (mut built, mut env) = (e, env);
        while self.g.op(built) == Op::Comp {
            let range = Range::of(self.g, built)?;
            let open = self.open(built, range, env)?;
            let n = self.dag.int(self.g.shape(built).rows() as i64);
            let counter = self.dag.node(Kind::Counter(open.var), &[]);
            let minus = self.dag.int(-1);
            let start = self.imul(open.lo, minus);
            let position = self.iadd(counter, start);
            let before = self.imul(at, n);
            at = self.iadd(before, position);
            built = self.g.args(built)[Op::BINDER_BODY];
            env = open.env;
            loops.push(open);
        }
        let value = self.scalar(built, env)?;
        let first = self.dag.int(first);
        let at = self.iadd(at, first);
        let mut effect = self.store(t, at, value);
        for open in loops.into_iter().rev() {
            let mut args = vec![open.lo, open.hi, effect];
            args.extend(open.cond);
            let kind = Kind::For { var: open.var, filtered: open.cond.is_some() };
            effect = self.dag.node(kind, &args);
        }
        Some(effect)
    }

    /// A number for every row or every column of a matrix.
    fn by_line(&mut self, e: ExprId, env: EnvId, t: Target, by_row: bool) -> Option<Val> {
        let (op, x) = (self.g.op(e), self.g.args(e)[0]);
        let shape = self.g.shape(x);
        let (row, i) = self.counter(Counts::Rows(shape.rows()), shape.rows());
        let (col, j) = self.counter(Counts::Cols(shape.cols()), shape.cols());
        let at = self.at_cell(shape, i, j);
        let entry = self.entry(x, env, at)?;
        let fold = match op {
            Op::RowMax | Op::ColMax => FoldKind::Max,
            Op::RowLogSumExp | Op::ColLogSumExp => FoldKind::LogSumExp,
            _ => FoldKind::Sum,
        };
        let (outer, inner, k, n) =
            if by_row { (row, col, i, shape.cols()) } else { (col, row, j, shape.rows()) };
        let mut value = self.fold_over(fold, &[inner], entry);
        if matches!(op, Op::RowMean | Op::ColMean) {
            let n = self.dag.num(n as f64);
            value = self.dag.fun(Fun::Div, &[value, n]);
        }
        let store = self.store(t, k, value);
        Some(self.for_each(&[outer], store))
    }
}

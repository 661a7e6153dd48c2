//! Products over all values of an index but one, as an array of all of them (`ops::others` says why).

use super::dag::{Base, BufId, Kind, Val};
use super::translate::{Dense, DenseCall, EnvId, Key, Translation};
use super::vars::Counts;
use crate::expr::{ExprId, Graph, Op, SymbolId};
use crate::ops::{ButOne, Range, but_one};

impl Translation<'_> {
    /// The product `e` from an array of all such products, where it has that
    /// form: then `Some` of the answer, which may still be missing.
    pub(super) fn product_but_one(&mut self, e: ExprId, env: EnvId) -> Option<Option<Val>> {
        // The index of the innermost loop: for the others the array stays as it is.
        let depth = |s| self.envs.lookup(env, s).map_or(0, |var| u64::from(var.0) + 1);
        let pattern = but_one(self.g, e, &depth)?;
        let k = self.envs.lookup(env, pattern.but)?;
        let range = Range::of(self.g, e)?;
        let (lo, hi) = (known(self.g, range.lo)?, known(self.g, range.hi)?);
        let (first, last) = self.dag.vars.interval(k)?;
        if first < lo as f64 || last > hi as f64 {
            return None;
        }
        Some(self.read_others(e, env, &pattern, lo, k))
    }

    fn read_others(
        &mut self,
        e: ExprId,
        env: EnvId,
        pattern: &ButOne,
        lo: i64,
        k: super::vars::VarId,
    ) -> Option<Val> {
        let free: Vec<SymbolId> =
            self.g.free_indices(e).iter().copied().filter(|s| *s != pattern.but).collect();
        let outside = self.envs.restrict(env, &free);
        let definition = self.want(Key::Others(e, outside))?;
        let (_, others) = self.others_of(e, outside);
        let counter = self.dag.node(Kind::Counter(k), &[]);
        let start = self.dag.int(-lo);
        let at = self.iadd(counter, start);
        Some(self.load((Base::Buffer(others), Some(definition)), at))
    }

    /// The node after which all products that leave one factor out are there.
    pub(super) fn build_others(&mut self, e: ExprId, env: EnvId) -> Option<Val> {
        let range = Range::of(self.g, e)?;
        // The index that is left out is the one that has no value here.
        let open = |s| u64::from(self.envs.lookup(env, s).is_none());
        let pattern = but_one(self.g, e, &open)?;
        let (lo, hi) = (known(self.g, range.lo)?, known(self.g, range.hi)?);
        let (first, last) = (self.dag.int(lo), self.dag.int(hi));
        let interval = Some((lo as f64, hi as f64));
        let var = self.dag.vars.var(Counts::Index(range.index, first, last), interval);
        let inside = self.envs.extend(env, range.index, var);
        let mut value = self.scalar(self.g.args(e)[Op::BINDER_BODY], inside)?;
        let one = self.dag.num(1.0);
        for cond in pattern.conditions {
            let holds = self.scalar(cond, inside)?;
            value = self.dag.choose(holds, value, one);
        }
        let (factors, others) = self.others_of(e, env);
        let counter = self.dag.node(Kind::Counter(var), &[]);
        let start = self.dag.int(-lo);
        let at = self.iadd(counter, start);
        let store = self.dag.store(factors, false, at, value);
        let fill = self.dag.node(Kind::For { var, filtered: false }, &[first, last, store]);
        let filled = self.dag.node(Kind::Define(factors), &[fill]);
        let args = vec![(Base::Buffer(factors), (hi - lo + 1) as usize)];
        let call = self.call(DenseCall { what: Dense::Others, args, out: others }, &[filled]);
        Some(self.dag.node(Kind::Define(others), &[call]))
    }

    /// The buffers of the factors, and of the products of all but one.
    fn others_of(&mut self, e: ExprId, env: EnvId) -> (BufId, BufId) {
        if let Some(&found) = self.other_ids.get(&(e, env)) {
            return found;
        }
        let n = Range::of(self.g, e)
            .and_then(|r| Some(known(self.g, r.hi)? - known(self.g, r.lo)? + 1))
            .map_or(0, |n| n.max(0) as usize);
        let found = (self.new_buffer(n), self.new_buffer(n));
        self.other_ids.insert((e, env), found);
        found
    }
}

fn known(g: &Graph, e: ExprId) -> Option<i64> {
    let v = crate::ops::known_value(g, e)?;
    (v.fract() == 0.0 && v.abs() < 9e15).then_some(v as i64)
}

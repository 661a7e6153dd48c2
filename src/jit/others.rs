//! Products over all values of an index but one: `prod(c[j] for j in 1..n if
//! j != k)`, which is what the derivative of a product over an index is made
//! of. Read in a loop over `k` they would cost `n^2`; as products of the
//! factors before and after each one they cost `3*n` for all `k` together, and
//! are right where factors are zero.

use super::dag::{Base, BufId, Kind, Val};
use super::translate::{Dense, DenseCall, EnvId, Key, Translation};
use super::vars::Counts;
use crate::expr::{ExprId, Graph, Op, SymbolId};
use crate::ops::Range;

/// The index value that a product leaves out, and what else must hold.
struct Pattern {
    but: SymbolId,
    conditions: Vec<ExprId>,
}

/// Entry `i` of `out` is the product of all of `factors` but the `i`-th.
pub fn products_of_others(factors: &[f64], out: &mut [f64]) {
    let mut before = 1.0;
    for (o, f) in out.iter_mut().zip(factors) {
        *o = before;
        before *= f;
    }
    let mut after = 1.0;
    for (o, f) in out.iter_mut().zip(factors).rev() {
        *o *= after;
        after *= f;
    }
}

impl Translation<'_> {
    /// The product `e` from an array of all such products, where it has that
    /// form: then `Some` of the answer, which may still be missing.
    pub(super) fn product_but_one(&mut self, e: ExprId, env: EnvId) -> Option<Option<Val>> {
        let pattern = pattern(self.g, e)?;
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
        pattern: &Pattern,
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
        let pattern = pattern(self.g, e)?;
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

/// A product over `j` under `j != k`, of factors that do not depend on `k`.
fn pattern(g: &Graph, e: ExprId) -> Option<Pattern> {
    if g.op(e) != Op::Prod {
        return None;
    }
    let range = Range::of(g, e)?;
    let (mut but, mut conditions, mut left) = (None, Vec::new(), vec![range.cond]);
    while let Some(cond) = left.pop() {
        match (g.op(cond), g.args(cond)) {
            (Op::And, &[a, b]) => left.extend([a, b]),
            (Op::Ne, &[a, b]) if but.is_none() => {
                match (g.as_symbol(a), g.as_symbol(b)) {
                    (Some(j), Some(k)) if j == range.index => but = Some(k),
                    (Some(k), Some(j)) if j == range.index => but = Some(k),
                    _ => conditions.push(cond),
                };
            }
            _ => conditions.push(cond),
        }
    }
    let but = but?;
    let parts = conditions.iter().copied().chain([g.args(e)[Op::BINDER_BODY]]);
    let apart = parts.into_iter().all(|p| !g.depends_on(p, but));
    apart.then_some(Pattern { but, conditions })
}

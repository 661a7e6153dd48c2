//! Reverse mode: adjoints from the objective back to the unknowns.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::scope::{Scope, Scopes};
use crate::expr::{ExprId, Graph, Op, SymbolId};
use crate::ops::{self, Derivative, Range, times};
use crate::shape::Shape;

/// The derivatives of a scalar `f` by each of `unknowns`, of the shapes of the
/// unknowns; zero where `f` does not depend on one.
///
/// Cost: linear in the nodes of `f`. A sum stays one node, whatever its range.
pub fn gradient(g: &mut Graph, f: ExprId, unknowns: &[SymbolId]) -> Vec<ExprId> {
    g.deriving(|g| sweep_all(g, f, unknowns))
}

fn sweep_all(g: &mut Graph, f: ExprId, unknowns: &[SymbolId]) -> Vec<ExprId> {
    let (root, bodies, active) = Scopes::new(g, &[f], unknowns).find(f);
    let one = g.int(1);
    let mut sweep = Sweep { g, bodies, active, done: FxHashMap::default() };
    let mut adjoints = sweep.scope(&root, f, one);
    unknowns
        .iter()
        .map(|&u| {
            let (leaf, shape) = (sweep.g.leaf(u), sweep.g.symbol(u).shape);
            match adjoints.remove(&leaf) {
                Some(parts) => total(sweep.g, parts),
                None => sweep.g.zero(shape),
            }
        })
        .collect()
}

/// Contributions to the adjoint of a node, youngest user first.
type Parts = FxHashMap<ExprId, Vec<ExprId>>;

struct Sweep<'g> {
    g: &'g mut Graph,
    bodies: FxHashMap<ExprId, Rc<Scope>>,
    active: FxHashSet<ExprId>,
    /// What the body of a binder contributes outside, for seeds met before.
    done: FxHashMap<(ExprId, ExprId), Vec<(ExprId, ExprId)>>,
}

/// The sum of contributions, in the order in which the objective is read.
fn total(g: &mut Graph, mut parts: Vec<ExprId>) -> ExprId {
    parts.reverse();
    let sum = g.add(&parts);
    if g.shape(sum).is_scalar() { sum } else { common_scale(g, sum) }
}

/// A sum of arrays with a scalar factor that all terms share in front of it:
/// `1/n * P - 1/n * Y` is `1/n * (P - Y)`.
fn common_scale(g: &mut Graph, sum: ExprId) -> ExprId {
    if g.op(sum) != Op::Add {
        return sum;
    }
    let terms = g.args(sum).to_vec();
    let scale = |g: &Graph, e: ExprId| -> Vec<ExprId> {
        let scalars = |f: &&ExprId| g.shape(**f).is_scalar() && g.as_num(**f).is_none();
        if g.op(e) == Op::Mul {
            g.args(e).iter().filter(scalars).copied().collect()
        } else {
            Vec::new()
        }
    };
    let mut common = scale(g, terms[0]);
    for &term in &terms[1..] {
        let own = scale(g, term);
        common.retain(|f| own.contains(f));
    }
    if common.is_empty() {
        return sum;
    }
    let rests: Vec<ExprId> = terms
        .iter()
        .map(|&t| {
            let rest: Vec<ExprId> =
                g.args(t).iter().copied().filter(|f| !common.contains(f)).collect();
            g.mul(&rest)
        })
        .collect();
    let inner = g.add(&rests);
    common.push(inner);
    g.mul(&common)
}

impl Sweep<'_> {
    /// Sweeps a scope from the adjoint `seed` of its root. Returns the
    /// contributions to exported nodes and to unknowns.
    fn scope(&mut self, scope: &Scope, root: ExprId, seed: ExprId) -> Parts {
        let mut parts: Parts = FxHashMap::default();
        parts.insert(root, vec![seed]);
        for &e in &scope.order {
            if self.g.op(e) == Op::Symbol {
                continue;
            }
            let Some(found) = parts.remove(&e) else { continue };
            let adjoint = total(self.g, found);
            if self.g.is_zero(adjoint) {
                continue;
            }
            for (arg, mut part, from) in self.contributions(scope, e, adjoint) {
                let to = scope.context_of(arg);
                for (cond, branch) in scope.conditions(from, to) {
                    part = self.guarded(cond, branch, part);
                }
                parts.entry(arg).or_default().push(part);
            }
        }
        parts
    }

    /// `part` where the branch is taken, zero elsewhere.
    fn guarded(&mut self, cond: ExprId, branch: usize, part: ExprId) -> ExprId {
        let shape = self.g.shape(part);
        let zero = self.g.zero(shape);
        let (then, other) = if branch == 1 { (part, zero) } else { (zero, part) };
        self.g.apply(Op::If, &[cond, then, other])
    }

    /// What node `e` with this adjoint gives to each node that it uses, and the
    /// context in which that holds.
    fn contributions(
        &mut self,
        scope: &Scope,
        e: ExprId,
        a: ExprId,
    ) -> Vec<(ExprId, ExprId, usize)> {
        let context = scope.context_of(e);
        let op = self.g.op(e);
        let args = self.g.args(e).to_vec();
        if matches!(ops::def(op).derivative, Derivative::Zero) {
            return Vec::new();
        }
        if op.is_binder() {
            return self
                .through_binder(e, a)
                .into_iter()
                .map(|(x, part)| (x, part, context))
                .collect();
        }
        let mut found = Vec::new();
        let others = ops::others_of_each(self.g, e);
        // Last argument first, since contributions are read back in reverse.
        for (k, &arg) in args.iter().enumerate().rev() {
            if !self.active.contains(&arg) {
                continue;
            }
            if let Some(others) = &others {
                found.push((arg, times(self.g, a, others[k]), context));
                continue;
            }
            if op == Op::If {
                if let Some(branch) = scope.branch_of(context, args[0], k) {
                    found.push((arg, a, branch));
                }
                continue;
            }
            let Some(part) = adjoint(self.g, e, a, k) else { continue };
            found.push((arg, part, context));
        }
        found
    }

    /// The contributions of a binder to the nodes that its body uses from
    /// outside: the adjoint of the body, swept, and summed over the index.
    fn through_binder(&mut self, e: ExprId, a: ExprId) -> Vec<(ExprId, ExprId)> {
        let scope = self.bodies[&e].clone();
        let Some(range) = Range::of(self.g, e) else { return Vec::new() };
        let body = self.g.args(e)[Op::BINDER_BODY];
        let (range, seed, factor) = seed_of_body(self.g, e, range, body, a);
        let swept = match self.done.get(&(e, seed)) {
            Some(found) => found.clone(),
            None => {
                let mut parts = self.scope(&scope, body, seed);
                let mut found = Vec::new();
                for &x in &scope.exports {
                    let Some(own) = parts.remove(&x) else { continue };
                    let inner = total(self.g, own);
                    found.push((x, range.bind(self.g, Op::Sum, inner)));
                }
                self.done.insert((e, seed), found.clone());
                found
            }
        };
        swept.into_iter().map(|(x, part)| (x, times(self.g, factor, part))).collect()
    }
}

/// The adjoint of argument `k` of a node with adjoint `a`, by the node's row.
/// `None` for what has no derivative, and for what opens a scope.
pub(crate) fn adjoint(g: &mut Graph, e: ExprId, a: ExprId, k: usize) -> Option<ExprId> {
    let args = g.args(e).to_vec();
    match ops::def(g.op(e)).derivative {
        Derivative::Zero | Derivative::Scoped => None,
        Derivative::Elementwise(partial) => {
            let p = partial(g, &args, e, k);
            Some(pull_back(g, a, p, args[k], e))
        }
        Derivative::Reduction(adjoint)
        | Derivative::Linear(adjoint)
        | Derivative::General(adjoint, _) => Some(adjoint(g, &args, e, a, k)),
    }
}

/// The adjoint `a .* partial` of an elementwise function's argument, summed
/// where a scalar argument was used for every entry.
fn pull_back(g: &mut Graph, a: ExprId, partial: ExprId, arg: ExprId, y: ExprId) -> ExprId {
    let part = times(g, a, partial);
    if !g.shape(arg).is_scalar() {
        return part;
    }
    let shape = g.shape(y);
    if g.shape(part) == shape && shape.is_scalar() {
        return part;
    }
    let part = g.fill(shape, part);
    g.apply(Op::SumAll, &[part])
}

/// The adjoint of a binder's body at one index, as a product of what depends
/// on the index (the seed) and what does not, after the range for which it is not zero.
pub(crate) fn seed_of_body(
    g: &mut Graph,
    e: ExprId,
    range: Range,
    body: ExprId,
    a: ExprId,
) -> (Range, ExprId, ExprId) {
    let one = g.int(1);
    let (seed, factor) = match g.op(e) {
        Op::Sum if g.shape(a).is_scalar() => (one, a),
        Op::Sum => (a, one),
        Op::Comp => {
            let i = g.leaf(range.index);
            let minus_lo = g.neg(range.lo);
            let position = g.add(&[i, minus_lo, one]);
            let Shape::Vector(m) = g.shape(body) else {
                return (range, g.apply(Op::Elem, &[a, position]), one);
            };
            // A row of the matrix, as the column that the body is.
            let j = g.fresh_index("j", &[a, body, position]);
            let (column, last) = (g.leaf(j), g.int(m as i64));
            let entry = g.apply(Op::Elem, &[a, position, column]);
            (g.bind(Op::Comp, j, one, last, one, entry), one)
        }
        Op::Prod => (product_of_others(g, range, body), a),
        Op::LogSumExp => {
            let shifted = g.sub(body, e);
            (g.apply(Op::Exp, &[shifted]), a)
        }
        _ => return (only_extreme(g, e, range, body), one, a),
    };
    (range, seed, factor)
}

/// The range of a maximum or minimum, narrowed to the first index that attains it.
pub(super) fn only_extreme(g: &mut Graph, e: ExprId, range: Range, body: ExprId) -> Range {
    let op = if g.op(e) == Op::Max { Op::ArgMax } else { Op::ArgMin };
    let first = range.bind(g, op, body);
    let i = g.leaf(range.index);
    let here = g.apply(Op::Eq, &[i, first]);
    Range { cond: g.apply(Op::And, &[range.cond, here]), ..range }
}

/// The product over all other values of the index. Division by the factor
/// itself would fail where it is zero.
pub(super) fn product_of_others(g: &mut Graph, range: Range, body: ExprId) -> ExprId {
    let name = g.symbol(range.index).name.clone();
    // The body need not mention the index, and the other one must still differ from it.
    let i = g.leaf(range.index);
    let other = g.fresh_index(&name, &[i, body, range.cond, range.lo, range.hi]);
    let j = g.leaf(other);
    let body = ops::substitute(g, body, &[(i, j)]);
    let cond = ops::substitute(g, range.cond, &[(i, j)]);
    let differs = g.apply(Op::Ne, &[j, i]);
    let cond = g.apply(Op::And, &[cond, differs]);
    g.bind(Op::Prod, other, range.lo, range.hi, cond, body)
}

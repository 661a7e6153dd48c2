//! Composition rules: the curvature of a node from that of its arguments.
//!
//! In: a node whose arguments have their facts. Out: its own [`Fact`]. The rules
//! are those of disciplined convex programming (Grant, Boyd & Ye 2006; Boyd &
//! Vandenberghe, Convex Optimization, sec. 3.2), read off the traits of the
//! operator table; besides, log-convexity and log-concavity (sec. 3.5) are
//! propagated, monomials and entropies recognized ([`product`]), and Gram forms
//! ([`matrix`]). All of them are rigorous, given the intervals of
//! [`super::ranges`].
//!
//! A claim includes that the domain, where the formula has a finite value, is
//! convex. So a rule for a rising convex function with a domain of its own
//! (`u^1.5`) needs `u` inside that domain, unless `u` is affine.

mod compose;
mod matrix;
mod product;

use rustc_hash::FxHashMap;

use super::Bounds;
use super::fact::{Claim, Fact};
use super::interval::Interval;
use super::ranges::ranges;
use crate::expr::{ExprId, Graph, Num, Op};
use crate::ops;

/// What the rules read: the graph, signs, and facts of older nodes.
pub struct Context<'a> {
    /// The graph.
    pub g: &'a mut Graph,
    /// The interval of every node.
    pub ranges: &'a FxHashMap<ExprId, Interval>,
    /// Facts of nodes that contain unknowns.
    pub facts: &'a FxHashMap<ExprId, Fact>,
}

impl Context<'_> {
    fn range(&self, e: ExprId) -> Interval {
        let own = self.ranges.get(&e).copied();
        own.or_else(|| Some(Interval::point(self.g.as_num(e)?.value()))).unwrap_or(Interval::ALL)
    }

    /// Whether the claim is known; constants are affine.
    fn has(&self, e: ExprId, claim: Claim) -> bool {
        if !self.g.has_unknown(e) {
            let positive = self.range(e).lo > 0.0;
            return match claim {
                Claim::LogConvex | Claim::LogConcave => positive,
                _ => true,
            };
        }
        self.facts.get(&e).is_some_and(|f| f.has(claim))
    }

    /// The number that an exponent is, exact where it was written as a number.
    fn exponent(&self, p: ExprId) -> Option<Num> {
        if self.g.has_unknown(p) || !self.g.free_indices(p).is_empty() {
            return None;
        }
        let own = self.range(p);
        self.g.as_num(p).or_else(|| own.is_point().then(|| Num::float(own.lo)))
    }

    /// Nonnegative and convex, or affine: its square is convex.
    fn has_convex_square(&self, e: ExprId) -> Option<Claim> {
        if self.has(e, Claim::Affine) {
            return Some(Claim::Affine);
        }
        let r = self.range(e);
        if r.is_nonnegative() && self.has(e, Claim::Convex) {
            return Some(Claim::Convex);
        }
        (r.is_nonpositive() && self.has(e, Claim::Concave)).then_some(Claim::Concave)
    }
}

/// The fact of a node that contains an unknown.
pub fn fact(c: &mut Context, e: ExprId) -> Fact {
    let op = c.g.op(e);
    let args: Vec<ExprId> = c.g.args(e).to_vec();
    let mut fact = Fact::default();
    match op {
        Op::Symbol => fact = Fact::affine(),
        Op::Mul | Op::Had => product::product(c, &args, &mut fact),
        Op::Pow => compose::power(c, args[0], args[1], &mut fact),
        Op::MatMul => matrix::product(c, e, &args, &mut fact),
        Op::Dot => matrix::dot(c, &args, &mut fact),
        Op::LogDet => matrix::logdet(c, args[0], &mut fact),
        Op::Tr if c.g.op(args[0]) == Op::Inv => matrix::trace_of_inverse(c, args[0], &mut fact),
        Op::ProdAll | Op::Prod => products_over(c, op, &args, &mut fact),
        Op::If => {}
        _ if op.is_binder() => binder(c, op, &args, &mut fact),
        _ if ops::def(op).is_elementwise() && args.len() == 1 => {
            compose::elementwise(c, op, args[0], &mut fact);
        }
        _ => monotone(c, op, &args, &mut fact),
    }
    positive(c, e, &mut fact);
    fact
}

/// A nonnegative concave function is log-concave.
fn positive(c: &Context, e: ExprId, fact: &mut Fact) {
    if fact.has(Claim::Concave) && c.range(e).is_nonnegative() {
        fact.add(Claim::LogConcave, "nonnegative and concave", &[(e, Claim::Concave)]);
    }
    if fact.has(Claim::LogConvex) {
        fact.add(Claim::Convex, "log-convex functions are convex", &[(e, Claim::LogConvex)]);
    }
}

/// An operator over an index: as over an array, where only the body varies.
fn binder(c: &Context, op: Op, args: &[ExprId], fact: &mut Fact) {
    if args[..Op::BINDER_BODY].iter().all(|&a| !c.g.has_unknown(a)) {
        monotone(c, op, &args[Op::BINDER_BODY..], fact);
    }
}

/// Operators of several numbers or of arrays, by the traits of their row.
fn monotone(c: &Context, op: Op, args: &[ExprId], fact: &mut Fact) {
    let traits = ops::def(op).traits;
    let reads = matches!(op, Op::Elem | Op::Block | Op::Place | Op::PlaceBlock);
    if reads && args[1..].iter().any(|&i| c.g.has_unknown(i)) {
        return;
    }
    let args = if reads { &args[..1] } else { args };
    if traits.convex && traits.concave && args.iter().all(|&a| c.has(a, Claim::Affine)) {
        return fact.add(Claim::Affine, "", &[]);
    }
    let title = ops::def(op).doc.title;
    for (allowed, claim) in [(traits.convex, Claim::Convex), (traits.concave, Claim::Concave)] {
        let fit = |&a: &ExprId| fitting(c, traits, a, claim).map(|own| (a, own));
        if !allowed {
            continue;
        }
        if let Some(uses) = args.iter().map(fit).collect::<Option<Vec<_>>>() {
            let word =
                if uses.iter().all(|u| u.1 == Claim::Affine) { Claim::Affine } else { claim };
            let text = match op {
                Op::Add => format!("a sum of {} functions", claim.word()),
                _ => format!("the {title} of {} functions", word.word()),
            };
            fact.add(claim, text, &uses);
        }
    }
    if matches!(op, Op::Add | Op::SumAll | Op::Sum | Op::MeanAll | Op::RowSum | Op::ColSum)
        && args.iter().all(|&a| c.has(a, Claim::LogConvex))
    {
        let uses: Vec<_> = args.iter().map(|&a| (a, Claim::LogConvex)).collect();
        fact.add(Claim::LogConvex, "a sum of log-convex functions", &uses);
    }
    let moves = matches!(op, Op::Fill | Op::Bcast | Op::Elem | Op::Block | Op::Reshape | Op::Stack);
    for claim in [Claim::LogConvex, Claim::LogConcave] {
        if (moves || op == Op::Comp || op == Op::Transpose) && args.iter().all(|&a| c.has(a, claim))
        {
            let uses: Vec<_> = args.iter().map(|&a| (a, claim)).collect();
            fact.add(claim, "its entries are", &uses);
        }
    }
}

/// What an argument must be for the operator of it to have the claim.
fn fitting(c: &Context, traits: ops::Traits, a: ExprId, claim: Claim) -> Option<Claim> {
    if c.has(a, Claim::Affine) {
        return Some(Claim::Affine);
    }
    let other = claim.flipped()?;
    let r = c.range(a);
    if c.has(a, claim) && (traits.increasing || traits.away_from_zero && r.is_nonnegative()) {
        return Some(claim);
    }
    (traits.away_from_zero && r.is_nonpositive() && c.has(a, other)).then_some(other)
}

/// Products over an array or an index of log-convex or log-concave factors.
fn products_over(c: &Context, op: Op, args: &[ExprId], fact: &mut Fact) {
    let body = if op == Op::Prod { args[Op::BINDER_BODY] } else { args[0] };
    if op == Op::Prod && args[..Op::BINDER_BODY].iter().any(|&a| c.g.has_unknown(a)) {
        return;
    }
    for claim in [Claim::LogConvex, Claim::LogConcave] {
        if c.has(body, claim) {
            fact.add(claim, format!("a product of {} functions", claim.word()), &[(body, claim)]);
        }
    }
}

/// Intervals and facts of all nodes below a root, by rules alone.
pub fn derive(
    g: &mut Graph,
    root: ExprId,
    bounds: &Bounds,
) -> (FxHashMap<ExprId, Interval>, FxHashMap<ExprId, Fact>) {
    let ranges = ranges(g, root, bounds);
    let mut facts = FxHashMap::default();
    for e in g.reachable(&[root]) {
        if g.has_unknown(e) {
            let own = fact(&mut Context { g, ranges: &ranges, facts: &facts }, e);
            facts.insert(e, own);
        }
    }
    (ranges, facts)
}

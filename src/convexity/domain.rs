//! Whether a formula is twice differentiable inside a convex domain.
//!
//! A second derivative proves convexity only where it exists throughout the
//! interior of a convex set. So every operator with a domain of its own must
//! either have its argument strictly inside, or be left by the argument over an
//! end where that leaves a convex set: a concave argument over a lower end, a
//! convex one over an upper end, an affine one over either. Operators with
//! kinks, jumps or poles are refused.

use rustc_hash::FxHashMap;

use super::elementary::holds_whole;
use super::fact::{Claim, Fact};
use super::interval::Interval;
use crate::expr::{ExprId, Graph, Op};
use crate::ops::{self, Domain};

/// Whether all nodes below `root` are smooth, and the set where the formula has
/// a value is convex.
pub fn is_smooth_on_convex(
    g: &Graph,
    root: ExprId,
    ranges: &FxHashMap<ExprId, Interval>,
    facts: &FxHashMap<ExprId, Fact>,
) -> bool {
    g.reachable(&[root]).into_iter().filter(|&e| g.has_unknown(e)).all(|e| {
        let op = g.op(e);
        let args = g.args(e);
        if !ops::def(op).traits.smooth
            || matches!(op, Op::Tan | Op::Atan2 | Op::Inv | Op::Det | Op::LogDet | Op::Polygamma)
        {
            return false;
        }
        match op {
            Op::Hypot => args.iter().any(|a| ranges[a].mignitude() > 0.0),
            Op::Pow => power(g, args, ranges, facts),
            Op::ProdAll | Op::Prod => false,
            // Beyond its poles it has values, too: the set where it has some is not convex.
            _ if ops::def(op).domain == Domain::NotPole => {
                ranges[&args[0]].lo >= 0.0
                    && may_leave(args[0], Interval::NONNEGATIVE, ranges, facts)
            }
            _ => {
                let domain = ops::def(op).domain;
                domain == Domain::Reals
                    || g.args(e).first().is_some_and(|a| {
                        let (lo, hi) = domain.hull();
                        may_leave(*a, Interval { lo, hi }, ranges, facts)
                    })
            }
        }
    })
}

fn power(
    g: &Graph,
    args: &[ExprId],
    ranges: &FxHashMap<ExprId, Interval>,
    facts: &FxHashMap<ExprId, Fact>,
) -> bool {
    let (base, p) = (ranges[&args[0]], ranges[&args[1]]);
    let whole = p.is_point() && p.lo.fract() == 0.0;
    if !g.has_unknown(args[0]) {
        return base.lo > 0.0;
    }
    if whole && p.lo >= 0.0 || base.lo > 0.0 || whole && base.hi < 0.0 {
        return true;
    }
    if whole && base.hi <= 0.0 {
        return may_leave(args[0], Interval { lo: f64::NEG_INFINITY, hi: 0.0 }, ranges, facts);
    }
    // A negative whole power has a pole; other powers end at 0. A whole one
    // that an index computes may take negative bases as well.
    let stays = base.lo >= 0.0 || !holds_whole(p);
    stays && may_leave(args[0], Interval::NONNEGATIVE, ranges, facts)
}

fn may_leave(
    u: ExprId,
    domain: Interval,
    ranges: &FxHashMap<ExprId, Interval>,
    facts: &FxHashMap<ExprId, Fact>,
) -> bool {
    let r = ranges[&u];
    let has = |claim| facts.get(&u).is_some_and(|f: &Fact| f.has(claim));
    let below = domain.lo == f64::NEG_INFINITY || r.lo > domain.lo || has(Claim::Concave);
    let above = domain.hi == f64::INFINITY || r.hi < domain.hi || has(Claim::Convex);
    below && above
}

/// The part of an interval over which an affine function `slope*x + shift` stays
/// in the domain; the whole where that is not known.
pub fn within(x: Interval, slope: Interval, shift: Interval, domain: Interval) -> Interval {
    if slope.contains(0.0) {
        return x;
    }
    let ends = (domain - shift) / slope;
    x.meet(ends).unwrap_or(x)
}

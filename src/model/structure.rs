//! What kind of objective this is: sums of squares, smooth or not.

use crate::expr::{ExprId, Graph, Num, Op};
use crate::ops::{self, Range, known_value, times};

/// `f = scale * (|r_1|^2 + |r_2|^2 + ...) + offset`, the residuals in blocks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Squares {
    /// The factor in front, positive.
    pub scale: f64,
    /// A constant that is added.
    pub offset: f64,
    /// Scalars or arrays of residuals.
    pub blocks: Vec<ExprId>,
}

/// Finds the residuals of a sum of squares; `None` where `f` is none.
pub(crate) fn squares(g: &mut Graph, f: ExprId) -> Option<Squares> {
    let terms: Vec<ExprId> = if g.op(f) == Op::Add { g.args(f).to_vec() } else { vec![f] };
    let (mut parts, mut offset) = (Vec::new(), 0.0);
    for term in terms {
        if g.has_unknown(term) {
            parts.push(term);
        } else {
            offset += value(g, term)?;
        }
    }
    let mut found: Vec<(f64, ExprId)> = Vec::new();
    for part in parts {
        let (weight, inside) = weight_of(g, part)?;
        // A term without weight is no datum.
        if weight == 0.0 {
            continue;
        }
        let (share, blocks) = residuals(g, inside)?;
        found.extend(blocks.into_iter().map(|block| (weight * share, block)));
    }
    let scale = found.first()?.0;
    let mut blocks = Vec::with_capacity(found.len());
    for (weight, block) in found {
        let factor = g.number(Num::float((weight / scale).sqrt()));
        blocks.push(times(g, factor, block));
    }
    Some(Squares { scale, offset, blocks })
}

/// The value of an expression without unknowns.
fn value(g: &Graph, e: ExprId) -> Option<f64> {
    known_value(g, e).or_else(|| crate::eval::evaluate_known(g, e).ok()?.as_scalar())
}

/// The known factor of a term, not negative, and the rest.
fn weight_of(g: &mut Graph, term: ExprId) -> Option<(f64, ExprId)> {
    let factors: Vec<ExprId> =
        if g.op(term) == Op::Mul { g.args(term).to_vec() } else { vec![term] };
    let (known, unknown): (Vec<ExprId>, Vec<ExprId>) =
        factors.into_iter().partition(|&e| !g.has_unknown(e));
    let mut weight = 1.0;
    for e in known {
        weight *= value(g, e)?;
    }
    let rest = g.mul(&unknown);
    (weight >= 0.0 && weight.is_finite()).then_some((weight, rest))
}

/// The residuals of one sum of squares, and the factor that a mean has in front of it.
fn residuals(g: &mut Graph, e: ExprId) -> Option<(f64, Vec<ExprId>)> {
    if g.op(e) == Op::MeanAll {
        let array = g.args(e)[0];
        let r = elementwise_square(g, array, None)?;
        return Some((1.0 / g.shape(array).len() as f64, vec![r]));
    }
    Some((1.0, summed_residuals(g, e)?))
}

fn summed_residuals(g: &mut Graph, e: ExprId) -> Option<Vec<ExprId>> {
    let args = g.args(e).to_vec();
    match g.op(e) {
        Op::Pow => even_power(g, args[0], args[1]).map(|r| vec![r]),
        Op::SumSq => Some(vec![args[0]]),
        Op::Dot if args[0] == args[1] => Some(vec![args[0]]),
        Op::MatMul => {
            let &[left, right] = &args[..] else { return None };
            (g.transpose(right) == left).then_some(vec![right])
        }
        Op::SumAll => elementwise_square(g, args[0], None).map(|r| vec![r]),
        Op::Sum => indexed(g, e),
        _ => None,
    }
}

/// `u`, where the power is `u^2`; `u^2` where it is `u^4`, and so on.
fn even_power(g: &mut Graph, base: ExprId, exponent: ExprId) -> Option<ExprId> {
    let k = g.as_num(exponent)?.as_int().filter(|k| *k > 0 && k % 2 == 0)?;
    match (g.op(base), k) {
        (Op::Norm, 2) => Some(g.args(base)[0]),
        _ => Some(g.powi(base, k / 2)),
    }
}

/// Residuals of an array of squares, with known weights entry by entry; of one square under an index of `range`.
fn elementwise_square(g: &mut Graph, e: ExprId, range: Option<Range>) -> Option<ExprId> {
    let factors: Vec<ExprId> =
        if matches!(g.op(e), Op::Had | Op::Mul) { g.args(e).to_vec() } else { vec![e] };
    let mut result: Option<ExprId> = None;
    let mut squares = 0;
    for factor in factors {
        let root = if g.has_unknown(factor) {
            squares += 1;
            root_of_square(g, factor, range)?
        } else {
            root_of_weight(g, factor, range)?
        };
        result = Some(match result {
            None => root,
            Some(before) => times(g, before, root),
        });
    }
    result.filter(|_| squares == 1)
}

/// `u` of the square `u^2`, which a known condition may leave out.
fn root_of_square(g: &mut Graph, e: ExprId, range: Option<Range>) -> Option<ExprId> {
    let args = g.args(e).to_vec();
    match g.op(e) {
        Op::Pow => even_power(g, args[0], args[1]),
        Op::If if !g.has_unknown(args[0]) => {
            let mut branch = |k: usize| match g.is_zero(args[k]) {
                true => Some(args[k]),
                false => elementwise_square(g, args[k], range),
            };
            let (then, other) = (branch(1)?, branch(2)?);
            Some(g.apply(Op::If, &[args[0], then, other]))
        }
        _ => None,
    }
}

/// A root of a known weight that is nowhere negative; its sign does not matter.
fn root_of_weight(g: &mut Graph, e: ExprId, range: Option<Range>) -> Option<ExprId> {
    if g.op(e) == Op::Pow {
        let (base, exponent) = (g.args(e)[0], g.args(e)[1]);
        if let Some(k) = even(g, exponent) {
            return Some(g.powi(base, k / 2));
        }
    }
    nonnegative(g, e, range)?;
    // Where a comparison holds it is its own root.
    let is_truth = matches!(g.op(e), Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Eq | Op::Ne);
    Some(if is_truth { e } else { g.apply(Op::Sqrt, &[e]) })
}

/// The value of an exponent that is an even number.
fn even(g: &Graph, exponent: ExprId) -> Option<i64> {
    g.as_num(exponent)?.as_int().filter(|k| k % 2 == 0)
}

/// Values of an index at which a weight is looked at, at most.
const MAX_LOOKED_AT: usize = 100_000;

/// Whether a known factor is nonnegative everywhere: by how it is written, or at all values of the index.
fn nonnegative(g: &mut Graph, e: ExprId, range: Option<Range>) -> Option<()> {
    let args = g.args(e).to_vec();
    let plainly = match g.op(e) {
        Op::Pow if even(g, args[1]).is_some() => true,
        Op::Pow => nonnegative(g, args[0], range).is_some(),
        Op::Mul | Op::Had | Op::Add => args.iter().all(|&a| nonnegative(g, a, range).is_some()),
        Op::Elem => g.free_indices(args[0]).is_empty() && none_negative(g, args[0]).is_some(),
        Op::Exp | Op::Abs | Op::Sqrt | Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Eq | Op::Ne => true,
        _ => false,
    };
    if plainly {
        return Some(());
    }
    let Some(range) = range.filter(|_| !g.free_indices(e).is_empty()) else {
        return none_negative(g, e);
    };
    ops::count(g, range.lo, range.hi).filter(|n| *n <= MAX_LOOKED_AT)?;
    let (zero, one) = (g.int(0), g.int(1));
    let entry = g.apply(Op::If, &[range.cond, e, zero]);
    let all = Range { cond: one, ..range }.bind(g, Op::Comp, entry);
    none_negative(g, all)
}

fn none_negative(g: &Graph, e: ExprId) -> Option<()> {
    let value = crate::eval::evaluate_known(g, e).ok()?;
    value.data().iter().all(|&v| v >= 0.0).then_some(())
}

/// Residuals of a sum over an index: columns built over the same index.
fn indexed(g: &mut Graph, e: ExprId) -> Option<Vec<ExprId>> {
    let range = Range::of(g, e)?;
    ops::count(g, range.lo, range.hi)?;
    let body = g.args(e)[Op::BINDER_BODY];
    if g.op(body) == Op::Sum {
        return nested(g, range, body);
    }
    if !g.shape(body).is_scalar() {
        return None;
    }
    let terms: Vec<ExprId> = if g.op(body) == Op::Add { g.args(body).to_vec() } else { vec![body] };
    terms.into_iter().map(|t| column(g, range, t)).collect()
}

/// The residuals of one square under an index; zero where the condition fails.
fn column(g: &mut Graph, range: Range, term: ExprId) -> Option<ExprId> {
    let r = elementwise_square(g, term, Some(range))?;
    let r = if range.is_filtered(g) {
        let zero = g.int(0);
        g.apply(Op::If, &[range.cond, r, zero])
    } else {
        r
    };
    let one = g.int(1);
    Some(g.bind(Op::Comp, range.index, range.lo, range.hi, one, r))
}

/// Two indices with ranges of their own become one that counts through both.
fn nested(g: &mut Graph, outer: Range, inner_sum: ExprId) -> Option<Vec<ExprId>> {
    let inner = Range::of(g, inner_sum)?;
    let (m, n) = (ops::count(g, outer.lo, outer.hi)?, ops::count(g, inner.lo, inner.hi)?);
    let total = m.checked_mul(n).filter(|t| *t > 0 && *t < 1 << 52)?;
    let body = g.args(inner_sum)[Op::BINDER_BODY];
    let t = g.fresh_index("t", &[inner_sum, outer.lo, outer.hi, outer.cond]);
    let (t_leaf, one, minus) = (g.leaf(t), g.int(1), g.int(-1));
    let inner_count = g.int(n as i64);
    let from_zero = g.add(&[t_leaf, minus]);
    let inverse = g.powi(inner_count, -1);
    let quotient = g.mul(&[from_zero, inverse]);
    let whole = g.apply(Op::Floor, &[quotient]);
    let remainder = g.apply(Op::Mod, &[from_zero, inner_count]);
    let (i, j) = (g.add(&[outer.lo, whole]), g.add(&[inner.lo, remainder]));
    let pairs = [(g.leaf(outer.index), i), (g.leaf(inner.index), j)];
    let cond = g.apply(Op::And, &[outer.cond, inner.cond]);
    let cond = ops::substitute(g, cond, &pairs);
    let body = ops::substitute(g, body, &pairs);
    let hi = g.int(total as i64);
    let range = Range { index: t, lo: one, hi, cond };
    let terms: Vec<ExprId> = if g.op(body) == Op::Add { g.args(body).to_vec() } else { vec![body] };
    terms.into_iter().map(|term| column(g, range, term)).collect()
}

/// Number of residuals.
pub(crate) fn n_residuals(g: &Graph, squares: &Squares) -> usize {
    squares.blocks.iter().map(|&b| g.shape(b).len()).sum()
}

/// Whether every operator that meets an unknown is smooth.
pub(crate) fn is_smooth(g: &Graph, e: ExprId) -> bool {
    let smooth = |n: ExprId| match g.op(n) {
        // Which branch is taken does not change where the condition is known.
        Op::If => !g.has_unknown(g.args(n)[0]),
        op => ops::def(op).traits.smooth,
    };
    g.reachable(&[e]).into_iter().all(|n| !g.has_unknown(n) || smooth(n))
}

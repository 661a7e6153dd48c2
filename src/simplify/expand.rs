//! Products multiplied out.
//!
//! [`expand`] is what a user asks for: products and whole powers of sums are
//! multiplied out, also matrix products, and inside the bodies of sums over an
//! index; such sums themselves stay whole. [`expand_all`] takes sums and
//! linear functions apart term by term as well (`sum(a + b for ...)` is two
//! sums), which is how two expressions are compared and linear coefficients
//! are read.
//!
//! Both are exact and hold for all reals.

use rustc_hash::FxHashMap;

use crate::expr::{Data, ExprId, Graph, Op};
use crate::ops::{self, Derivative, Range};
use crate::work;

/// A sum of more terms is an error.
const MAX_TERMS: usize = 2_000;
/// Nor are so many products formed for one sum.
const MAX_PRODUCTS: usize = 200_000;

/// Multiplying out would give more terms than anyone can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// The limit that was met.
    pub limit: usize,
}

type Expanded = Result<ExprId, TooLarge>;

/// The expression with products and powers of sums multiplied out.
pub fn expand(g: &mut Graph, e: ExprId) -> Expanded {
    walk(g, e, distribute)
}

/// As [`expand`], and with sums over an index and linear functions taken apart
/// term by term.
pub fn expand_all(g: &mut Graph, e: ExprId) -> Expanded {
    walk(g, e, |g, e| match distribute(g, e)? {
        Some(new) => Ok(Some(new)),
        None => Ok(super::linear::take_apart(g, e)),
    })
}

/// Applies a rule to every node, arguments first, until it has no more to say.
fn walk(
    g: &mut Graph,
    root: ExprId,
    rule: fn(&mut Graph, ExprId) -> Result<Option<ExprId>, TooLarge>,
) -> Expanded {
    let mut done: FxHashMap<ExprId, ExprId> = FxHashMap::default();
    // What a rule makes is walked again: nodes still to do, users first.
    let mut stack = vec![root];
    let mut becomes: FxHashMap<ExprId, ExprId> = FxHashMap::default();
    while let Some(&e) = stack.last() {
        if done.contains_key(&e) {
            stack.pop();
            continue;
        }
        if let Some(&new) = becomes.get(&e) {
            match done.get(&new).copied() {
                Some(last) => {
                    done.insert(e, last);
                }
                None => stack.push(new),
            }
            continue;
        }
        let waiting: Vec<ExprId> =
            g.args(e).iter().copied().filter(|a| !done.contains_key(a)).collect();
        if !waiting.is_empty() {
            stack.extend(waiting);
            continue;
        }
        let args: Vec<ExprId> = g.args(e).iter().map(|a| done[a]).collect();
        let new = ops::rebuild(g, e, &args);
        let next = if new != e { Some(new) } else { rule(g, e)?.filter(|&n| n != e) };
        match next {
            Some(next) => {
                becomes.insert(e, next);
            }
            None => {
                done.insert(e, e);
            }
        }
        if becomes.len() > 50 * MAX_TERMS || !work::is_left() {
            return Err(TooLarge { limit: MAX_TERMS });
        }
    }
    Ok(done[&root])
}

/// One node whose arguments are multiplied out already.
fn distribute(g: &mut Graph, e: ExprId) -> Result<Option<ExprId>, TooLarge> {
    let shape = g.shape(e);
    let op = g.op(e);
    let factors: Vec<Vec<ExprId>> = match op {
        Op::Mul | Op::Had | Op::MatMul => {
            g.args(e).to_vec().into_iter().map(|f| terms_of_factor(g, f, op)).collect()
        }
        Op::Pow => match repetitions(g, e) {
            Some((base, n)) => {
                let terms = g.args(base).to_vec();
                if n > MAX_TERMS {
                    return Err(TooLarge { limit: MAX_TERMS });
                }
                vec![terms; n]
            }
            None => return Ok(None),
        },
        Op::Transpose => return Ok(through_sum(g, e)),
        _ => return Ok(None),
    };
    if factors.iter().all(|f| f.len() == 1) {
        return Ok(None);
    }
    let op = if op == Op::Pow { if shape.is_scalar() { Op::Mul } else { Op::Had } } else { op };
    let total = product(g, &factors, op)?;
    Ok(Some(if g.shape(total) == shape { total } else { g.fill(shape, total) }))
}

/// The base and the exponent of a whole power of a sum.
fn repetitions(g: &Graph, e: ExprId) -> Option<(ExprId, usize)> {
    let &[base, exponent] = g.args(e) else { return None };
    let n = g.as_num(exponent)?.as_int().filter(|&n| n >= 2)?;
    (g.op(e) == Op::Pow && g.op(base) == Op::Add).then_some(())?;
    usize::try_from(n).ok().map(|n| (base, n))
}

/// The terms of a factor, of its own shape where the product is one of
/// matrices.
fn terms_of_factor(g: &mut Graph, factor: ExprId, op: Op) -> Vec<ExprId> {
    if let Some((base, n)) = repetitions(g, factor).filter(|(_, n)| *n <= 2) {
        // A square among factors is opened here; higher powers when they are met.
        let terms = vec![g.args(base).to_vec(); n];
        let op = if g.shape(factor).is_scalar() { Op::Mul } else { Op::Had };
        if let Ok(square) = product(g, &terms, op) {
            return terms_of_factor(g, square, op);
        }
    }
    if g.op(factor) != Op::Add {
        return vec![factor];
    }
    let shape = g.shape(factor);
    let terms = g.args(factor).to_vec();
    let whole = |g: &mut Graph, t: ExprId| if op == Op::MatMul { g.fill_to(shape, t) } else { t };
    terms.into_iter().map(|t| whole(g, t)).collect()
}

/// The sum of all products of one term of each factor; like terms join after
/// every factor.
fn product(g: &mut Graph, factors: &[Vec<ExprId>], op: Op) -> Expanded {
    let mut sums: Vec<Vec<ExprId>> = factors[0].iter().map(|&t| vec![t]).collect();
    let mut made = 0;
    for (k, factor) in factors.iter().enumerate().skip(1) {
        made += sums.len() * factor.len();
        if made > MAX_PRODUCTS || !work::is_left() {
            return Err(TooLarge { limit: MAX_TERMS });
        }
        let longer: Vec<Vec<ExprId>> = sums
            .iter()
            .flat_map(|s| factor.iter().map(move |&t| [&s[..], &[t]].concat()))
            .collect();
        // Scalar products join at once; those of matrices need all factors.
        sums = if op == Op::MatMul && k + 1 < factors.len() {
            longer
        } else {
            let mut products = Vec::with_capacity(longer.len());
            for factors in &longer {
                if !work::is_left() {
                    return Err(TooLarge { limit: MAX_TERMS });
                }
                products.push(times_all(g, op, factors));
            }
            let sum = g.add(&products);
            let terms = if g.op(sum) == Op::Add { g.args(sum).to_vec() } else { vec![sum] };
            terms.into_iter().map(|t| vec![t]).collect()
        };
        if sums.len() > MAX_TERMS || !work::is_left() {
            return Err(TooLarge { limit: MAX_TERMS });
        }
    }
    let terms: Vec<ExprId> = sums.iter().map(|s| times_all(g, op, s)).collect();
    Ok(g.add(&terms))
}

fn times_all(g: &mut Graph, op: Op, factors: &[ExprId]) -> ExprId {
    // A whole product that is looked at again is no longer one of matrices.
    if let [only] = *factors {
        return only;
    }
    if op == Op::MatMul {
        return g.apply(op, factors);
    }
    let mut product = factors[0];
    for &f in &factors[1..] {
        product = ops::times(g, product, f);
    }
    product
}

/// A linear function of a sum, term by term.
pub(super) fn through_sum(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let args = g.args(e).to_vec();
    let inner = *args.first()?;
    let linear = matches!(ops::def(g.op(e)).derivative, Derivative::Linear(_));
    if !linear || g.op(inner) != Op::Add {
        return None;
    }
    let (shape, data, op) = (g.shape(inner), g.node(e).data, g.op(e));
    let mut parts = Vec::new();
    for term in g.args(inner).to_vec() {
        let term = g.fill_to(shape, term);
        let new = [&[term], &args[1..]].concat();
        parts.push(g.apply_data(op, data, &new));
    }
    Some(g.add(&parts))
}

/// `sum(a + b for ...)` as two sums.
pub(super) fn split_sum(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let body = *g.args(e).get(Op::BINDER_BODY)?;
    if !matches!(g.op(e), Op::Sum) || g.op(body) != Op::Add {
        return None;
    }
    let range = Range::of(g, e)?;
    let shape = g.shape(body);
    let terms = g.args(body).to_vec();
    let sums: Vec<ExprId> = terms
        .into_iter()
        .map(|t| {
            let t = g.fill_to(shape, t);
            range.bind(g, Op::Sum, t)
        })
        .collect();
    Some(g.add(&sums))
}

impl Graph {
    /// The node itself where it has the shape, else an array filled with it.
    pub(crate) fn fill_to(&mut self, shape: crate::shape::Shape, e: ExprId) -> ExprId {
        if self.shape(e) == shape { e } else { self.apply_data(Op::Fill, Data::Shape(shape), &[e]) }
    }
}

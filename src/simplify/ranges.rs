//! Conditions of indexed sums as ends of their ranges.
//!
//! `sum(if k <= i then a[i] else 0 for i in 1..n)` is
//! `sum(a[i] for i in k..n)` where `k` runs from 1. A branch that is zero
//! becomes a condition of the sum, a condition `i >= k` its first value; an
//! end `max(1, k)` is `k` where the range of `k` says so. A term that is left
//! out is not evaluated, before and after.

use super::{rewrite, units};
use crate::expr::{Data, ExprId, Graph, Op, SymbolId};
use crate::ops::{self, Range, coefficient, known_value};
use crate::shape::Shape;

/// What one pass has moved may move on in the next.
const MAX_PASSES: usize = 4;

/// The expression with conditions in ranges where they fit.
pub(super) fn narrow(g: &mut Graph, e: ExprId) -> ExprId {
    let mut best = e;
    for _ in 0..MAX_PASSES {
        let next = rewrite(g, &[best], rule)[0];
        if next == best {
            break;
        }
        best = next;
    }
    best
}

pub(super) fn rule(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    match g.op(e) {
        Op::MatMul => branch_outside(g, e).or_else(|| units::product(g, e)),
        Op::Elem => units::entry(g, e),
        Op::Sum => by_terms(g, e)
            .or_else(|| condition_of_branch(g, e))
            .or_else(|| condition_outside(g, e))
            .or_else(|| end_of_condition(g, e))
            .or_else(|| single_term(g, e))
            .or_else(|| ends_known(g, e))
            .or_else(|| fixed_matrices(g, e))
            .or_else(|| units::sum(g, e)),
        Op::Comp => as_matrix(g, e).or_else(|| as_block(g, e)).or_else(|| ends_known(g, e)),
        Op::If => nested(g, e).or_else(|| both_conditions(g, e)),
        op if op.is_binder() => ends_known(g, e),
        _ => None,
    }
}

/// A product with a branch that is zero elsewhere: the branch of the product.
fn branch_outside(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let args = g.args(e).to_vec();
    let at = args.iter().position(|&a| g.op(a) == Op::If && g.is_zero(g.args(a)[2]))?;
    let (cond, then) = (g.args(args[at])[0], g.args(args[at])[1]);
    let mut factors = args;
    factors[at] = then;
    let product = g.apply(Op::MatMul, &factors);
    let shape = g.shape(e);
    let zero = g.zero(shape);
    (g.shape(product) == shape).then(|| g.apply(Op::If, &[cond, product, zero]))
}

/// A sum whose terms branch on the index, term by term.
fn by_terms(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let range = Range::of(g, e)?;
    let body = g.args(e)[Op::BINDER_BODY];
    if g.op(body) != Op::Add {
        return None;
    }
    let terms = g.args(body).to_vec();
    if !terms.iter().any(|&t| g.shape(t) == g.shape(body) && branch(g, range, t).is_some()) {
        return None;
    }
    let shape = g.shape(e);
    let sums: Vec<ExprId> = terms
        .into_iter()
        .map(|t| {
            let term = g.fill(shape, t);
            let sum = range.bind(g, Op::Sum, if g.shape(t) == shape { t } else { term });
            settled(g, sum)
        })
        .collect();
    Some(g.add(&sums))
}

/// The rules once more, as long as one applies.
fn settled(g: &mut Graph, e: ExprId) -> ExprId {
    let mut best = e;
    for _ in 0..4 {
        match rule(g, best) {
            Some(next) if next != best => best = next,
            _ => break,
        }
    }
    best
}

/// Conditions that do not depend on the index leave the sum.
fn condition_outside(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let range = Range::of(g, e)?;
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    let mut stack = vec![range.cond];
    while let Some(cond) = stack.pop() {
        if g.op(cond) == Op::And {
            stack.extend(g.args(cond).iter().rev());
        } else if g.depends_on(cond, range.index) || g.is_one(cond) {
            inside.push(cond);
        } else {
            outside.push(cond);
        }
    }
    let outside = outside.into_iter().reduce(|a, b| g.apply(Op::And, &[a, b]))?;
    // In an empty range nothing is read.
    if reads(g, outside) && ops::count(g, range.lo, range.hi).is_none_or(|n| n == 0) {
        return None;
    }
    let one = g.int(1);
    let cond = inside.into_iter().reduce(|a, b| g.apply(Op::And, &[a, b])).unwrap_or(one);
    let body = g.args(e)[Op::BINDER_BODY];
    let sum = Range { cond, ..range }.bind(g, Op::Sum, body);
    let sum = settled(g, sum);
    let shape = g.shape(e);
    let zero = g.zero(shape);
    Some(g.apply(Op::If, &[outside, sum, zero]))
}

/// Condition and value of a term that is zero elsewhere, or has such a factor.
fn branch(g: &mut Graph, range: Range, body: ExprId) -> Option<(ExprId, ExprId)> {
    let is_branch = |g: &Graph, f: ExprId| {
        g.op(f) == Op::If && g.is_zero(g.args(f)[2]) && g.depends_on(g.args(f)[0], range.index)
    };
    if is_branch(g, body) {
        return Some((g.args(body)[0], g.args(body)[1]));
    }
    if g.op(body) != Op::Mul {
        return None;
    }
    let mut factors = g.args(body).to_vec();
    let at = factors.iter().position(|&f| is_branch(g, f))?;
    let cond = g.args(factors[at])[0];
    factors[at] = g.args(factors[at])[1];
    Some((cond, g.mul(&factors)))
}

/// A branch that is zero elsewhere, as a condition of the sum.
fn condition_of_branch(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let range = Range::of(g, e)?;
    let body = g.args(e)[Op::BINDER_BODY];
    let (cond, term) = branch(g, range, body)?;
    let cond = g.apply(Op::And, &[range.cond, cond]);
    Some(Range { cond, ..range }.bind(g, Op::Sum, term))
}

/// A condition that bounds the index from one side, as an end of the range.
fn end_of_condition(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let range = Range::of(g, e)?;
    if !range.is_filtered(g) {
        return None;
    }
    let body = g.args(e)[Op::BINDER_BODY];
    let mut rest = Vec::new();
    let (mut lo, mut hi) = (range.lo, range.hi);
    let mut stack = vec![range.cond];
    while let Some(cond) = stack.pop() {
        if g.op(cond) == Op::And {
            stack.extend(g.args(cond).iter().rev());
            continue;
        }
        match bound(g, cond, range.index) {
            Some((true, end)) => lo = larger(g, lo, end),
            Some((false, end)) => hi = smaller(g, hi, end),
            None => rest.push(cond),
        }
    }
    if (lo, hi) == (range.lo, range.hi) && g.op(range.cond) != Op::And {
        return None;
    }
    let one = g.int(1);
    let cond = rest.into_iter().reduce(|a, b| g.apply(Op::And, &[a, b])).unwrap_or(one);
    let new = Range { lo, hi, cond, ..range };
    (new != range).then(|| new.bind(g, Op::Sum, body))
}

/// Whether an expression reads entries of arrays.
fn reads(g: &Graph, e: ExprId) -> bool {
    g.reachable(&[e]).into_iter().any(|e| matches!(g.op(e), Op::Elem | Op::Block))
}

/// Whether an expression is a known whole number for all values of indices, so
/// that it may be an index or the end of a range.
fn is_whole(g: &Graph, e: ExprId) -> bool {
    let whole = |v: f64| v.fract() == 0.0 && v.abs() < 9e15;
    !g.has_unknown(e)
        && g.reachable(&[e]).into_iter().all(|e| match g.op(e) {
            Op::Num => g.as_num(e).is_some_and(|n| whole(n.value())),
            Op::Symbol => {
                let index = !g.free_indices(e).is_empty();
                index || known_value(g, e).is_some_and(whole)
            }
            Op::Add | Op::Mul | Op::Min2 | Op::Max2 => true,
            _ => false,
        })
}

/// The end of the range that a comparison is: whether it is the first value,
/// and the value, free of the index.
fn bound(g: &mut Graph, cond: ExprId, index: SymbolId) -> Option<(bool, ExprId)> {
    let &[a, b] = g.args(cond) else { return None };
    // less <= more, or less < more
    let (less, more, strict) = match g.op(cond) {
        Op::Le => (a, b, 0),
        Op::Lt => (a, b, 1),
        Op::Ge => (b, a, 0),
        Op::Gt => (b, a, 1),
        _ => return None,
    };
    let leaf = g.leaf(index);
    let shift = g.int(strict);
    let minus_less = negated(g, less);
    let room = g.add(&[more, minus_less]);
    // room = i + r >= strict: i >= strict - r; room = r - i: i <= r - strict.
    let minus_leaf = g.neg(leaf);
    let below = g.add(&[room, minus_leaf]);
    let above = g.add(&[room, leaf]);
    let (lower, end) = if !g.depends_on(below, index) {
        let minus = g.neg(below);
        (true, g.add(&[minus, shift]))
    } else {
        (false, g.sub(above, shift))
    };
    (!g.depends_on(end, index) && is_whole(g, end)).then_some((lower, end))
}

/// A sum with a condition `i == e` has one term at most.
fn single_term(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let range = Range::of(g, e)?;
    let (at, rest) = position(g, range.cond, range.index)?;
    let leaf = g.leaf(range.index);
    let body = g.args(e)[Op::BINDER_BODY];
    let term = ops::substitute(g, body, &[(leaf, at)]);
    let rest = ops::substitute(g, rest, &[(leaf, at)]);
    let (low, high) = (at_least(g, at, range.lo), at_most(g, at, range.hi));
    let inside = g.apply(Op::And, &[low, high]);
    let cond = ops::within(g, inside, rest);
    let shape = g.shape(e);
    let zero = g.zero(shape);
    Some(g.apply(Op::If, &[cond, term, zero]))
}

/// Where a condition says what the index is: that, and the other conditions.
fn position(g: &mut Graph, cond: ExprId, index: SymbolId) -> Option<(ExprId, ExprId)> {
    let (op, args) = (g.op(cond), g.args(cond).to_vec());
    let &[a, b] = &args[..] else { return None };
    match op {
        Op::And => {
            let found = position(g, a, index).map(|(at, rest)| (at, rest, b));
            let (at, rest, other) =
                found.or_else(|| position(g, b, index).map(|(at, rest)| (at, rest, a)))?;
            Some((at, g.apply(Op::And, &[rest, other])))
        }
        Op::Eq => {
            let leaf = g.leaf(index);
            let (minus_a, minus_b) = (negated(g, a), negated(g, b));
            let (below, above) = (g.add(&[leaf, minus_a, b]), g.add(&[leaf, a, minus_b]));
            let known = |e: &ExprId| !g.depends_on(*e, index) && is_whole(g, *e);
            let at = [below, above].into_iter().find(known)?;
            Some((at, g.int(1)))
        }
        _ => None,
    }
}

/// The negative, of a sum term by term, so that an index cancels.
fn negated(g: &mut Graph, e: ExprId) -> ExprId {
    let terms = if g.op(e) == Op::Add { g.args(e).to_vec() } else { vec![e] };
    let terms: Vec<ExprId> = terms.into_iter().map(|t| g.neg(t)).collect();
    g.add(&terms)
}

/// `a >= b`, decided where the difference is known.
fn at_least(g: &mut Graph, a: ExprId, b: ExprId) -> ExprId {
    let difference = g.sub(a, b);
    match known_value(g, difference) {
        Some(d) => g.int(i64::from(d >= 0.0)),
        None => g.apply(Op::Ge, &[a, b]),
    }
}

/// `a <= b`, decided where the difference is known.
fn at_most(g: &mut Graph, a: ExprId, b: ExprId) -> ExprId {
    let difference = g.sub(b, a);
    match known_value(g, difference) {
        Some(d) => g.int(i64::from(d >= 0.0)),
        None => g.apply(Op::Le, &[a, b]),
    }
}

/// The larger of two ends, decided where their difference is known.
fn larger(g: &mut Graph, a: ExprId, b: ExprId) -> ExprId {
    let difference = g.sub(b, a);
    match known_value(g, difference) {
        Some(d) if d >= 0.0 => b,
        Some(_) => a,
        None => g.apply(Op::Max2, &[a, b]),
    }
}

fn smaller(g: &mut Graph, a: ExprId, b: ExprId) -> ExprId {
    let difference = g.sub(b, a);
    match known_value(g, difference) {
        Some(d) if d <= 0.0 => b,
        Some(_) => a,
        None => g.apply(Op::Min2, &[a, b]),
    }
}

/// `max(1, k)`, `min(k, n)`, `k >= 1` and `k <= n` inside a binder over `k` in
/// `1..n`.
fn ends_known(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let range = Range::of(g, e)?;
    let body = g.args(e)[Op::BINDER_BODY];
    if !g.depends_on(body, range.index) {
        return None;
    }
    let mut pairs = Vec::new();
    for node in g.reachable(&[body]) {
        let &[a, b] = g.args(node) else { continue };
        let op = g.op(node);
        let decides = matches!(op, Op::Max2 | Op::Min2 | Op::Ge | Op::Le);
        if !decides || !g.depends_on(node, range.index) {
            continue;
        }
        // The difference at both ends of the range; it is linear in between.
        let difference = g.sub(b, a);
        let leaf = g.leaf(range.index);
        let rest = g.sub(difference, leaf);
        let sum = g.add(&[difference, leaf]);
        if g.depends_on(rest, range.index) && g.depends_on(sum, range.index) {
            continue;
        }
        let mut at = |end: ExprId| {
            let there = ops::substitute(g, difference, &[(leaf, end)]);
            known_value(g, there)
        };
        let (Some(first), Some(last)) = (at(range.lo), at(range.hi)) else { continue };
        let (low, high) = (first.min(last), first.max(last));
        let keep = match op {
            Op::Max2 if low >= 0.0 => b,
            Op::Max2 if high <= 0.0 => a,
            Op::Min2 if low >= 0.0 => a,
            Op::Min2 if high <= 0.0 => b,
            Op::Ge if high <= 0.0 => g.int(1),
            Op::Le if low >= 0.0 => g.int(1),
            _ => continue,
        };
        pairs.push((node, keep));
    }
    if pairs.is_empty() {
        return None;
    }
    let body = ops::substitute(g, body, &pairs);
    Some(range.bind(g, g.op(e), body))
}

/// First and last matrix factors that do not depend on the index leave the
/// sum: `sum(x[i]*A*B[:, i] for i in 1..n)` is `A*sum(x[i]*B[:, i] for ...)`.
fn fixed_matrices(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let range = Range::of(g, e)?;
    let body = g.args(e)[Op::BINDER_BODY];
    let (scalars, product) = match g.op(body) {
        Op::MatMul => (Vec::new(), body),
        Op::Mul => {
            let (s, a): (Vec<ExprId>, Vec<ExprId>) =
                g.args(body).iter().partition(|&&f| g.shape(f).is_scalar());
            let &[a] = &a[..] else { return None };
            (s, a)
        }
        _ => return None,
    };
    if g.op(product) != Op::MatMul || g.shape(product).is_scalar() {
        return None;
    }
    let factors = g.args(product).to_vec();
    let moves = |f: &ExprId| g.depends_on(*f, range.index);
    let first = factors.iter().position(moves)?;
    let last = factors.iter().rposition(moves)?;
    if first == 0 && last == factors.len() - 1 {
        return None;
    }
    let inner = g.apply(Op::MatMul, &factors[first..=last]);
    let term = g.mul(&[&scalars[..], &[inner]].concat());
    // A scalar in the middle would change how the others multiply.
    if g.shape(term).is_scalar() {
        return None;
    }
    let sum = range.bind(g, Op::Sum, term);
    let sum = rule(g, sum).unwrap_or(sum);
    let all = [&factors[..first], &[sum], &factors[last + 1..]].concat();
    let whole = g.apply(Op::MatMul, &all);
    (g.shape(whole) == g.shape(e)).then_some(whole)
}

/// A condition that is itself zero elsewhere: one branch in the other.
fn nested(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let &[cond, then, other] = g.args(e) else { return None };
    if g.op(cond) != Op::If || !g.is_zero(other) || !g.is_zero(g.args(cond)[2]) {
        return None;
    }
    let (outer, inner) = (g.args(cond)[0], g.args(cond)[1]);
    let inner = g.apply(Op::If, &[inner, then, other]);
    Some(g.apply(Op::If, &[outer, inner, other]))
}

/// `[c*A[i, j] for i in 1..m for j in 1..n]` is `c*A`, of its transpose `c*A'`.
fn as_matrix(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let rows = Range::of(g, e)?;
    let row = g.args(e)[Op::BINDER_BODY];
    let columns = Range::of(g, row).filter(|_| g.op(row) == Op::Comp)?;
    let (number, read) = coefficient(g, g.args(row)[Op::BINDER_BODY]);
    let &[array, i, j] = g.args(read) else { return None };
    let whole = |range: &Range| !range.is_filtered(g) && g.is_one(range.lo);
    let free = |range: &Range| !g.depends_on(array, range.index);
    if g.op(read) != Op::Elem || ![rows, columns].iter().all(|r| whole(r) && free(r)) {
        return None;
    }
    let places = [g.as_symbol(i)?, g.as_symbol(j)?];
    let matrix = if places == [rows.index, columns.index] {
        array
    } else if places == [columns.index, rows.index] {
        g.transpose(array)
    } else {
        return None;
    };
    let number = g.number(number);
    (g.shape(matrix) == g.shape(e)).then(|| g.mul(&[number, matrix]))
}

/// A branch in a branch, both zero elsewhere, under both conditions; but not
/// where the inner one reads an array, which may be too short elsewhere.
fn both_conditions(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let &[outer, then, other] = g.args(e) else { return None };
    if g.op(then) != Op::If || !g.is_zero(other) || !g.is_zero(g.args(then)[2]) {
        return None;
    }
    let (inner, value) = (g.args(then)[0], g.args(then)[1]);
    if reads(g, inner) || g.reachable(&[inner]).into_iter().any(|n| g.op(n).is_binder()) {
        return None;
    }
    let both = g.apply(Op::And, &[outer, inner]);
    Some(g.apply(Op::If, &[both, value, other]))
}

/// `[A[i, j] for j in 1..n]` is `A[i, :]'`, and likewise of columns.
pub(super) fn as_block(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    let range = Range::of(g, e)?;
    let body = g.args(e)[Op::BINDER_BODY];
    if range.is_filtered(g) {
        return None;
    }
    let (number, read) = coefficient(g, body);
    if g.op(read) != Op::Elem {
        return None;
    }
    let (array, indices) = (g.args(read)[0], g.args(read)[1..].to_vec());
    let moving: Vec<usize> =
        (0..indices.len()).filter(|&k| g.depends_on(indices[k], range.index)).collect();
    let &[axis] = &moving[..] else { return None };
    let leaf = g.leaf(range.index);
    let shift = g.sub(indices[axis], leaf);
    if g.depends_on(shift, range.index) || g.depends_on(array, range.index) {
        return None;
    }
    let n = g.shape(e).rows();
    let first = g.add(&[range.lo, shift]);
    let one = g.int(1);
    let (part, at) = match (g.shape(array), axis) {
        (Shape::Vector(_), 0) => (Shape::Vector(n), vec![first]),
        (Shape::Matrix(..), 0) if indices.len() == 2 => (Shape::Vector(n), vec![first, indices[1]]),
        (Shape::Matrix(..), 1) => (Shape::Matrix(1, n), vec![indices[0], first]),
        _ => return None,
    };
    let mut args = vec![array];
    args.extend(at);
    if args.len() == 2 {
        args.push(one);
    }
    let block = ops::build(g, Op::Block, Data::Shape(part), &args).ok()?;
    let column = if axis == 1 { g.transpose(block) } else { block };
    let number = g.number(number);
    Some(g.mul(&[number, column]))
}

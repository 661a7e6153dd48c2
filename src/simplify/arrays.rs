//! Shorter forms of arrays.
//!
//! A sum of arrays collects what its terms share: a number, scalar factors,
//! and the first or last factors of matrix products, of all terms or of some:
//! `A*x + A'*x - b` is `(A + A')*x - b`. What works entry by entry is
//! shortened as one entry would be: `s .* (1 - s) .* (a ./ s)` is
//! `a .* (1 - s)`. No product of sums is multiplied out. Exact for all reals.

use rustc_hash::FxHashMap;

use super::size::written_length as length;
use crate::expr::{ExprId, Graph, Num, Op, Symbol};
use crate::ops::{self, Value, coefficient};
use crate::shape::Shape;

/// Sums of more terms are not collected by groups.
const MAX_TERMS: usize = 12;

/// The sum with what its terms share in front or behind, where that is
/// shorter. A whole number leaves the sum only where that stands inside
/// something else: `2*A + 2*B` reads as well as `2*(A + B)`.
pub(super) fn collected(
    g: &mut Graph,
    e: ExprId,
    inside: bool,
    shorten: impl Fn(&mut Graph, ExprId) -> ExprId,
) -> ExprId {
    let shape = g.shape(e);
    if g.op(e) != Op::Add || g.args(e).len() > MAX_TERMS {
        return e;
    }
    let mut best = e;
    let args = opened(g, e);
    if args.iter().any(|&a| g.shape(a) != shape) {
        return e;
    }
    let sum = g.add(&args);
    let sum = like_arrays(g, sum, &shorten);
    let sum = like_diagonals(g, sum, &shorten);
    let numbers = inside || has_fraction(g, sum);
    let whole = super::factor::shared(g, sum, numbers).map_or(sum, |found| found.whole);
    let groups = by_groups(g, sum);
    for candidate in [sum, whole, groups] {
        if g.shape(candidate) == shape && length(g, candidate) < length(g, best) {
            best = candidate;
        }
    }
    if inside { minus_outside(g, best) } else { best }
}

/// Multiples of one array joined, where the sum of their factors is short:
/// `A/u - A/(u*v)` is `(v - 1)/(u*v) * A`.
fn like_arrays(g: &mut Graph, e: ExprId, shorten: impl Fn(&mut Graph, ExprId) -> ExprId) -> ExprId {
    if g.op(e) != Op::Add {
        return e;
    }
    let mut groups: Vec<(ExprId, Vec<ExprId>)> = Vec::new();
    for term in g.args(e).to_vec() {
        let (scalars, array) = split(g, term);
        match groups.iter_mut().find(|(a, _)| *a == array) {
            Some((_, together)) => together.push(scalars),
            None => groups.push((array, vec![scalars])),
        }
    }
    if groups.iter().all(|(_, together)| together.len() == 1) {
        return e;
    }
    let mut terms = Vec::new();
    for (array, together) in groups {
        let sum = g.add(&together);
        let sum = shorten(g, sum);
        terms.push(g.mul(&[sum, array]));
    }
    let joined = g.add(&terms);
    if length(g, joined) < length(g, e) { joined } else { e }
}

/// Diagonal matrices joined: `diag(u) + diag(v)` is `diag(u + v)`.
fn like_diagonals(
    g: &mut Graph,
    e: ExprId,
    shorten: impl Fn(&mut Graph, ExprId) -> ExprId,
) -> ExprId {
    if g.op(e) != Op::Add {
        return e;
    }
    let (mut columns, mut terms, mut place) = (Vec::new(), Vec::new(), 0);
    for term in g.args(e).to_vec() {
        let (scalars, array) = split(g, term);
        if g.op(array) == Op::Diag && matches!(g.shape(g.args(array)[0]), Shape::Vector(_)) {
            if columns.is_empty() {
                place = terms.len();
            }
            let column = g.args(array)[0];
            columns.push(g.mul(&[scalars, column]));
        } else {
            terms.push(term);
        }
    }
    if columns.len() < 2 {
        return e;
    }
    let column = g.add(&columns);
    let column = entrywise(g, column, shorten);
    terms.insert(place, g.apply(Op::Diag, &[column]));
    g.add(&terms)
}

/// The scalar factors of an array as one, and the array without them.
fn split(g: &mut Graph, e: ExprId) -> (ExprId, ExprId) {
    if g.op(e) == Op::Mul {
        let (scalars, arrays): (Vec<ExprId>, Vec<ExprId>) =
            g.args(e).iter().partition(|&&f| g.shape(f).is_scalar());
        if let [array] = arrays[..] {
            return (g.mul(&scalars), array);
        }
    }
    (g.int(1), e)
}

/// `-A - B` is `-(A + B)`, so that the minus can go further out.
fn minus_outside(g: &mut Graph, e: ExprId) -> ExprId {
    let terms = if g.op(e) == Op::Add { g.args(e).to_vec() } else { return e };
    if !terms.iter().all(|&t| coefficient(g, t).0.is_negative()) {
        return e;
    }
    let positive: Vec<ExprId> = terms.into_iter().map(|t| g.neg(t)).collect();
    let sum = g.add(&positive);
    g.neg(sum)
}

/// Whether the first term has a fraction in front.
fn has_fraction(g: &mut Graph, e: ExprId) -> bool {
    let first = if g.op(e) == Op::Add { g.args(e)[0] } else { e };
    coefficient(g, first).0.as_ratio().is_some_and(|(_, d)| d != 1)
}

/// The terms, those of a nested sum with a minus among them.
fn opened(g: &mut Graph, e: ExprId) -> Vec<ExprId> {
    let mut terms = Vec::new();
    for arg in g.args(e).to_vec() {
        match g.args(arg) {
            &[sign, inner]
                if g.op(arg) == Op::Mul
                    && g.as_num(sign) == Some(Num::MINUS_ONE)
                    && g.op(inner) == Op::Add =>
            {
                for t in g.args(inner).to_vec() {
                    terms.push(g.neg(t));
                }
            }
            _ => terms.push(arg),
        }
    }
    terms
}

/// Terms that share all matrix factors but one joined, the pair that gains
/// most first: `A*x + A'*x + b` is `(A + A')*x + b`.
fn by_groups(g: &mut Graph, e: ExprId) -> ExprId {
    let mut best = e;
    loop {
        let terms = if g.op(best) == Op::Add { g.args(best).to_vec() } else { return best };
        let mut found: Option<(usize, usize, usize, ExprId)> = None;
        for i in 0..terms.len() {
            for j in i + 1..terms.len() {
                let pair = g.add(&[terms[i], terms[j]]);
                if g.op(pair) != Op::Add {
                    continue;
                }
                let Some(shared) = super::factor::shared(g, pair, false) else { continue };
                let joined = shared.whole;
                let (before, after) = (length(g, pair), length(g, joined));
                if !shared.matrices || !shared.single || after.0 >= before.0 {
                    continue;
                }
                let gain = before.0 - after.0;
                if found.as_ref().is_none_or(|&(most, ..)| gain > most) {
                    found = Some((gain, i, j, joined));
                }
            }
        }
        let Some((_, i, j, joined)) = found else { return best };
        let mut others = terms.clone();
        others.remove(j);
        others[i] = joined;
        let next = g.add(&others);
        if length(g, next) >= length(g, best) {
            return best;
        }
        best = next;
    }
}

/// The scalar factors of an array as a product of their own.
pub(super) fn scaled(
    g: &mut Graph,
    e: ExprId,
    shorten: impl Fn(&mut Graph, ExprId) -> ExprId,
) -> ExprId {
    if g.op(e) != Op::Mul {
        return e;
    }
    let (scalars, arrays): (Vec<ExprId>, Vec<ExprId>) =
        g.args(e).iter().partition(|&&f| g.shape(f).is_scalar());
    let &[array] = &arrays[..] else { return e };
    if scalars.len() < 2 {
        return e;
    }
    let product = g.mul(&scalars);
    let shorter = shorten(g, product);
    if shorter == product { e } else { g.mul(&[shorter, array]) }
}

/// What works entry by entry, shortened as one entry would be.
pub(super) fn entrywise(
    g: &mut Graph,
    e: ExprId,
    shorten: impl Fn(&mut Graph, ExprId) -> ExprId,
) -> ExprId {
    if !matches!(g.op(e), Op::Had | Op::Add | Op::Pow | Op::Mul) || !has_products(g, e) {
        return e;
    }
    let mut entry = Entry { shape: g.shape(e), entries: FxHashMap::default(), arrays: Vec::new() };
    let one = entry.of(g, e);
    let shorter = shorten(g, one);
    if shorter == one {
        return e;
    }
    let Some(back) = entry.array(g, shorter) else { return e };
    let back = g.fill(entry.shape, back);
    let known = functions(g, e);
    let computed = functions(g, back).iter().all(|f| known.contains(f));
    if computed && length(g, back) < length(g, e) { back } else { e }
}

/// The values of functions that an expression is made of. A form with others
/// shares less: `1 - h.^2` of `h = tanh(u)` costs no second function.
fn functions(g: &Graph, e: ExprId) -> Vec<ExprId> {
    let is_function = |&n: &ExprId| matches!(ops::def(g.op(n)).value, Value::Unary(_));
    g.reachable(&[e]).into_iter().filter(is_function).collect()
}

/// Whether products of entries or their powers occur above what works on the
/// whole array.
fn has_products(g: &Graph, e: ExprId) -> bool {
    let mut stack = vec![e];
    while let Some(e) = stack.pop() {
        match g.op(e) {
            Op::Had => return true,
            Op::Add | Op::Mul => stack.extend(g.args(e)),
            _ => {}
        }
    }
    false
}

/// One entry of an array expression, with scalars in place of arrays.
struct Entry {
    shape: Shape,
    entries: FxHashMap<ExprId, ExprId>,
    /// Scalar leaves and the arrays that they stand for.
    arrays: Vec<(ExprId, ExprId)>,
}

impl Entry {
    /// The scalar for an array.
    fn of(&mut self, g: &mut Graph, e: ExprId) -> ExprId {
        for node in g.reachable(&[e]) {
            if g.shape(node) != self.shape {
                continue;
            }
            let args = g.args(node).to_vec();
            let known = |a: &ExprId| self.entries.get(a).copied();
            let parts: Option<Vec<ExprId>> = args
                .iter()
                .map(|a| if g.shape(*a).is_scalar() { Some(*a) } else { known(a) })
                .collect();
            let entry = match (g.op(node), parts) {
                (Op::Had, Some(parts)) => g.mul(&parts),
                (Op::Fill, Some(parts)) => parts[0],
                (op, Some(parts)) if !args.is_empty() && works_by_entry(op) => g.apply(op, &parts),
                _ => {
                    let name = format!("entry {}", self.arrays.len());
                    let symbol = if g.has_unknown(node) {
                        Symbol::unknown(&name, Shape::Scalar)
                    } else {
                        Symbol::known(&name, Shape::Scalar, None)
                    };
                    let symbol = g.declare(symbol);
                    let leaf = g.leaf(symbol);
                    self.arrays.push((leaf, node));
                    leaf
                }
            };
            self.entries.insert(node, entry);
        }
        self.entries[&e]
    }

    /// The array whose entry is a scalar; itself where it holds none. `None` where something in it does not work
    /// entry by entry.
    fn array(&self, g: &mut Graph, entry: ExprId) -> Option<ExprId> {
        let mut map: FxHashMap<ExprId, ExprId> = self.arrays.iter().copied().collect();
        for node in g.reachable(&[entry]) {
            if map.contains_key(&node) {
                continue;
            }
            let args: Vec<ExprId> = g.args(node).iter().map(|a| map[a]).collect();
            let new = if args == g.args(node) {
                node
            } else if args.iter().all(|&a| g.shape(a).is_scalar()) {
                ops::rebuild(g, node, &args)
            } else if g.op(node) == Op::Mul {
                args.into_iter().reduce(|a, b| ops::times(g, a, b)).unwrap_or(node)
            } else if works_by_entry(g.op(node)) {
                g.apply(g.op(node), &args)
            } else {
                return None;
            };
            map.insert(node, new);
        }
        map.get(&entry).copied()
    }
}

fn works_by_entry(op: Op) -> bool {
    matches!(op, Op::Add | Op::Mul | Op::Pow)
        || matches!(ops::def(op).value, Value::Unary(_) | Value::Binary(_))
}

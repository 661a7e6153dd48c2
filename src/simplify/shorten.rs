//! The search for a shorter form.
//!
//! Every node, arguments first, is rewritten by the named rules; then sums,
//! products and powers of scalars are tried in all their [`forms`], as they
//! stand and by pairs of terms. A form replaces another only where it has
//! fewer operations as printed, so what a person wrote stays where nothing is
//! gained. The search has a budget ([`work`]); where it is used up, what is not
//! yet looked at stays as it is, and long parts that are shared print with a
//! name.

use rustc_hash::FxHashMap;

use super::arrays;
use super::forms::forms;
use super::rules::rules;
use super::size::{length, operations, widest};
use crate::expr::{ExprId, Graph, Op};
use crate::ops::{self, coefficient};
use crate::work;

/// Parts of more operations are left alone.
const MAX_PART: usize = 120;
/// Expressions of more nodes are only rewritten by rules.
const MAX_NODES: usize = 600;
/// A shorter form may have parts with shorter forms.
const PASSES: usize = 3;
/// Sums of more terms are not tried by pairs.
const MAX_PAIRS: usize = 8;

/// A simpler form of the expression: shorter, or itself.
pub fn simplify(g: &mut Graph, e: ExprId) -> ExprId {
    shortened(g, e, true)
}

/// The form in which a derivative is shown: shorter where that is possible
/// without multiplying out longer sums, which a person wrote.
pub fn shorten(g: &mut Graph, e: ExprId) -> ExprId {
    shortened(g, e, false)
}

fn shortened(g: &mut Graph, e: ExprId, thorough: bool) -> ExprId {
    // Nobody has chosen the order of factors in what is found.
    let search = |g: &mut Graph| {
        let mut best = e;
        work::search(|| {
            for _ in 0..PASSES {
                let next = pass(g, best, thorough);
                if next == best || !work::is_left() {
                    best = next;
                    break;
                }
                best = next;
            }
        });
        vec![best]
    };
    let found = g.deriving(|g| g.scratch(search));
    found.first().copied().unwrap_or(e)
}

/// Every node once, arguments first.
fn pass(g: &mut Graph, e: ExprId, thorough: bool) -> ExprId {
    let order = g.reachable(&[e]);
    let small = order.len() <= MAX_NODES;
    let mut map: FxHashMap<ExprId, ExprId> = FxHashMap::default();
    for node in order {
        let args: Vec<ExprId> = g.args(node).iter().map(|a| map[a]).collect();
        let rebuilt = ops::rebuild(g, node, &args);
        if !work::is_left() {
            map.insert(node, rebuilt);
            continue;
        }
        let mut new = by_rules(g, rebuilt);
        if small && is_arithmetic(g, new) {
            let settled = shortest(g, new, thorough);
            // What became shorter inside may hide what is shorter as a whole.
            new = match best_form(g, node, thorough).filter(|_| rebuilt != node) {
                Some(whole) if operations(g, whole) < operations(g, settled) => whole,
                _ => settled,
            };
        } else if small && !g.shape(new).is_scalar() {
            new = shorter_array(g, new, thorough, node != e);
        }
        map.insert(node, new);
    }
    map[&e]
}

/// The shorter form of an array, entry by entry and term by term.
fn shorter_array(g: &mut Graph, e: ExprId, thorough: bool, inside: bool) -> ExprId {
    let shorten = |g: &mut Graph, e: ExprId| {
        let e = by_rules(g, e);
        if is_arithmetic(g, e) { shortest(g, e, thorough) } else { e }
    };
    let e = arrays::scaled(g, e, shorten);
    let e = arrays::entrywise(g, e, shorten);
    arrays::collected(g, e, inside, shorten)
}

/// Sums, products and powers of numbers.
fn is_arithmetic(g: &Graph, e: ExprId) -> bool {
    g.shape(e).is_scalar() && matches!(g.op(e), Op::Add | Op::Mul | Op::Pow)
}

fn by_rules(g: &mut Graph, e: ExprId) -> ExprId {
    let mut best = e;
    work::spend(rules().len());
    for rule in rules() {
        if let Some(new) = (rule.apply)(g, best)
            && g.shape(new) == g.shape(best)
            && operations(g, new) <= operations(g, best)
        {
            best = new;
        }
    }
    best
}

/// The shortest of all forms of one node.
fn shortest(g: &mut Graph, e: ExprId, thorough: bool) -> ExprId {
    if !work::is_left() {
        return e;
    }
    let size = operations(g, e);
    if !(2..=MAX_PART).contains(&size) {
        return e;
    }
    let best = match best_form(g, e, thorough) {
        Some(form) if operations(g, form) < size => form,
        _ => e,
    };
    match by_pairs(g, best, thorough) {
        Some(paired) if operations(g, paired) < operations(g, best) => {
            shortest(g, paired, thorough)
        }
        // A shorter form may have a still shorter one.
        _ if best != e => shortest(g, best, thorough),
        _ => best,
    }
}

/// The shortest of the forms, the first of equals. A form with a longer sum
/// than before has been multiplied out: it is no simpler to read, and loses
/// digits where the factors are small.
fn best_form(g: &mut Graph, e: ExprId, thorough: bool) -> Option<ExprId> {
    if !work::is_left() {
        return None;
    }
    let width = widest(g, e);
    let found: Vec<ExprId> =
        forms(g, e, thorough).into_iter().map(|form| by_rules_below(g, form)).collect();
    found.into_iter().filter(|&form| widest(g, form) <= width).min_by_key(|&form| length(g, form))
}

/// The rules once more at every node of a new form.
fn by_rules_below(g: &mut Graph, e: ExprId) -> ExprId {
    let mut map: FxHashMap<ExprId, ExprId> = FxHashMap::default();
    for node in g.reachable(&[e]) {
        let args: Vec<ExprId> = g.args(node).iter().map(|a| map[a]).collect();
        let new = ops::rebuild(g, node, &args);
        let new = if work::is_left() { by_rules(g, new) } else { new };
        map.insert(node, new);
    }
    map[&e]
}

/// A sum in which two terms together have a shorter form than apart.
fn by_pairs(g: &mut Graph, e: ExprId, thorough: bool) -> Option<ExprId> {
    let terms = g.args(e).to_vec();
    let is_polynomial = terms.iter().all(|&t| monomial_of(g, t, &terms));
    if g.op(e) != Op::Add || terms.len() < 3 || terms.len() > MAX_PAIRS || is_polynomial {
        return None;
    }
    for i in 0..terms.len() {
        for j in i + 1..terms.len() {
            if !work::is_left() {
                return None;
            }
            let pair = g.add(&[terms[i], terms[j]]);
            let size = operations(g, pair);
            if let Some(form) = best_form(g, pair, thorough).filter(|&f| operations(g, f) < size) {
                let mut others: Vec<ExprId> = terms.clone();
                others.remove(j);
                others[i] = form;
                return Some(g.add(&others));
            }
        }
    }
    None
}

/// Whether a term is a number times a whole power of a symbol, the same in all
/// `terms`: people write `x^2 - 2*x + 2`, not `x*(x - 2) + 2`.
fn monomial_of(g: &mut Graph, term: ExprId, terms: &[ExprId]) -> bool {
    let symbol = |g: &mut Graph, e: ExprId| {
        let (_, rest) = coefficient(g, e);
        let base = match *g.args(rest) {
            [base, n] if g.op(rest) == Op::Pow && g.as_num(n).is_some() => base,
            _ => rest,
        };
        (base, g.is_one(base) || g.as_symbol(base).is_some())
    };
    let (own, is_symbol) = symbol(g, term);
    let same = |g: &mut Graph, other: ExprId| {
        let (base, _) = symbol(g, other);
        g.is_one(own) || g.is_one(base) || base == own
    };
    is_symbol && terms.iter().all(|&other| same(g, other))
}

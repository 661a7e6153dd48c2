//! Expressions of a few affine parts, as functions of these parts.
//!
//! Where the rules fail on a node that is put together entry by entry, the node
//! is a function `h(t1, .., tk)` of affine functions of the unknowns, and convex
//! where `h` is (Boyd & Vandenberghe, sec. 3.2.2). [`scalarize`] replaces the
//! affine parts by fresh scalars, and known arrays and indices by parameters
//! that range over their entries; then second derivatives of a few variables
//! decide, whatever the size of the arrays.

use rustc_hash::FxHashMap;

use super::Bounds;
use super::fact::Fact;
use super::hessian::{self, Outcome};
use super::interval::Interval;
use super::piecewise;
use crate::expr::{Data, ExprId, Graph, Op, Symbol, SymbolId};
use crate::ops;
use crate::shape::Shape;

/// Variables at most.
const MAX_PARTS: usize = 4;
/// Nodes at most.
const MAX_NODES: usize = 300;

/// An expression of scalars that stands for one entry of another.
pub struct Scalarized {
    /// The expression.
    pub value: ExprId,
    /// What stands for the affine parts.
    pub variables: Vec<SymbolId>,
    /// The intervals of variables and parameters.
    pub bounds: Bounds,
}

/// Proves a node convex or concave in its affine parts.
pub fn prove(
    g: &mut Graph,
    e: ExprId,
    ranges: &FxHashMap<ExprId, Interval>,
    facts: &FxHashMap<ExprId, Fact>,
) -> Outcome {
    let Some(s) = scalarize(g, e, ranges, facts) else { return Outcome::default() };
    if g.reachable(&[s.value]).iter().any(|&n| g.op(n) == Op::If && g.has_unknown(n)) {
        return piecewise::prove(g, &s);
    }
    hessian::prove(g, s.value, &s.variables, &s.bounds)
}

/// How far down affine parts are looked for.
#[derive(Clone, Copy, PartialEq)]
enum Depth {
    /// The largest affine parts.
    Largest,
    /// Reads of single entries and whole unknowns.
    Reads,
}

fn scalarize(
    g: &mut Graph,
    e: ExprId,
    ranges: &FxHashMap<ExprId, Interval>,
    facts: &FxHashMap<ExprId, Fact>,
) -> Option<Scalarized> {
    let large = parts(g, e, facts, Depth::Largest)?;
    let small = parts(g, e, facts, Depth::Reads).filter(|p| p.len() <= MAX_PARTS);
    let chosen = match small {
        Some(small) if large.len() > 1 => small,
        _ => large,
    };
    if chosen.is_empty() || chosen.len() > MAX_PARTS {
        return None;
    }
    build(g, e, &chosen, ranges)
}

/// The affine parts that an expression is put together from, entry by entry.
fn parts(
    g: &Graph,
    e: ExprId,
    facts: &FxHashMap<ExprId, Fact>,
    depth: Depth,
) -> Option<Vec<ExprId>> {
    let mut found = Vec::new();
    let mut seen = rustc_hash::FxHashSet::default();
    let mut pending = vec![e];
    while let Some(n) = pending.pop() {
        if !g.has_unknown(n) || !seen.insert(n) {
            continue;
        }
        if seen.len() > MAX_NODES {
            return None;
        }
        let affine = facts.get(&n).is_some_and(|f| f.affine);
        let opens = is_entrywise(g, n);
        if affine && (depth == Depth::Largest || !opens) {
            found.push(n);
        } else if opens {
            pending.extend_from_slice(g.args(n));
        } else {
            return None;
        }
    }
    found.sort_unstable();
    Some(found)
}

fn is_entrywise(g: &Graph, e: ExprId) -> bool {
    let op = g.op(e);
    matches!(op, Op::Add | Op::Mul | Op::Had | Op::If | Op::Fill) || ops::def(op).is_elementwise()
}

fn build(
    g: &mut Graph,
    e: ExprId,
    parts: &[ExprId],
    ranges: &FxHashMap<ExprId, Interval>,
) -> Option<Scalarized> {
    let mut map: FxHashMap<ExprId, ExprId> = FxHashMap::default();
    let mut bounds = Bounds::default();
    let mut variables = Vec::new();
    for &part in parts {
        let symbol = stand_in(g, part, "t", variables.len());
        bounds.set(symbol, vec![ranges.get(&part).copied().unwrap_or(Interval::ALL)]);
        variables.push(symbol);
        map.insert(part, g.leaf(symbol));
    }
    let order = between(g, e, parts);
    for n in order {
        if map.contains_key(&n) {
            continue;
        }
        let new = if !g.has_unknown(n) {
            if keeps(g, n) {
                n
            } else {
                let symbol = stand_in(g, n, "p", 0);
                bounds.set(symbol, vec![ranges.get(&n).copied().unwrap_or(Interval::ALL)]);
                g.leaf(symbol)
            }
        } else {
            let args: Vec<ExprId> = g.args(n).iter().map(|a| map[a]).collect();
            match g.op(n) {
                Op::Fill => args[0],
                Op::Had => ops::build(g, Op::Mul, Data::None, &args).ok()?,
                op => ops::build(g, op, Data::None, &args).ok()?,
            }
        };
        map.insert(n, new);
    }
    Some(Scalarized { value: map[&e], variables, bounds })
}

/// The nodes above the parts, and the known ones beside them, in order.
fn between(g: &Graph, e: ExprId, parts: &[ExprId]) -> Vec<ExprId> {
    let mut seen = rustc_hash::FxHashSet::default();
    let mut pending = vec![e];
    while let Some(n) = pending.pop() {
        if seen.insert(n) && g.has_unknown(n) && !parts.contains(&n) {
            pending.extend_from_slice(g.args(n));
        }
    }
    let mut order: Vec<ExprId> = seen.into_iter().collect();
    order.sort_unstable();
    order
}

/// Known scalars that have one value keep their form.
fn keeps(g: &Graph, e: ExprId) -> bool {
    g.shape(e).is_scalar() && g.free_indices(e).is_empty() && ops::known_value(g, e).is_some()
}

/// A fresh scalar in place of a node, with its text as name where that is short.
fn stand_in(g: &mut Graph, e: ExprId, letter: &str, k: usize) -> SymbolId {
    let text = crate::print::text(g, e);
    let plain = g.as_symbol(e).is_some() || g.op(e) == Op::Elem;
    let name = match plain && text.len() <= 12 {
        true => text,
        false if k == 0 => letter.to_string(),
        false => format!("{letter}{}", k + 1),
    };
    g.declare(Symbol::unknown(&name, Shape::Scalar))
}

//! One rule at one derivative not yet taken.
//!
//! The rules are those of the operator table, through `diff::step` (by a
//! scalar) and `diff::adjoint` (by an array). What is added here is the name
//! of each, and what a person takes in one step: a number in front, `x^n`, a
//! function of `x` itself, anything linear in `x`.

use rustc_hash::{FxHashMap, FxHashSet};

use super::affine::{Degree, constant_factors, degree, depends, is_itself, is_polynomial};
use super::pending::{Site, has_jacobian, later, value_of, weighted};
use crate::diff;
use crate::expr::{ExprId, Graph, Op, SymbolId};
use crate::ops::{self, Derivative, Range, coefficient, times};

/// What kind of rule it is; rules of one kind may share a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The derivative of `a*x + b`.
    Linear,
    /// Powers of the unknown itself.
    Power,
    /// A function of the unknown itself.
    Function,
    /// A function of something else: the derivative of that is left.
    Chain,
    Sum,
    Constant,
    Product,
    /// Anything else.
    Other,
}

/// A site after one rule.
#[derive(Clone, Debug)]
pub(super) struct Applied {
    /// What stands in its place.
    pub result: ExprId,
    pub kind: Kind,
    /// The rules, without the words "chain rule"; several where the language
    /// has no notation for what would stand between them.
    pub names: Vec<String>,
}

/// Applies the outermost rule at a site.
pub(super) fn apply(g: &mut Graph, site: Site, x: SymbolId) -> Applied {
    if let Some((kind, name)) = at_once(g, site.of, x) {
        return Applied { result: value_of(g, site, x), kind, names: vec![name] };
    }
    let of = site.of;
    if let Some(weights) = site.weights {
        let result = by_array(g, of, weights, x);
        let (kind, name) = named(g, of, x);
        return Applied { result, kind, names: vec![name] };
    }
    let (number, rest) = coefficient(g, of);
    if rest != of {
        let inner = apply(g, Site { node: site.node, of: rest, weights: None }, x);
        let number = g.number(number);
        return Applied { result: g.mul(&[number, inner.result]), ..inner };
    }
    let (factor, rest) = constant_factors(g, of, x);
    if rest != of {
        let rest = later(g, rest, x);
        let result = g.mul(&[factor, rest]);
        return Applied {
            result,
            kind: Kind::Constant,
            names: vec!["constant factor".to_string()],
        };
    }
    let result = if g.symbol(x).shape.is_scalar() {
        by_scalar(g, of, x)
    } else {
        let one = g.int(1);
        by_array(g, of, one, x)
    };
    let (kind, name) = named(g, of, x);
    let mut names = vec![name];
    add_inner_names(g, of, x, &mut names);
    Applied { result, kind, names }
}

/// Adds the rules of the arguments whose derivative by an array is taken at
/// once, outermost first.
fn add_inner_names(g: &mut Graph, e: ExprId, x: SymbolId, names: &mut Vec<String>) {
    if g.symbol(x).shape.is_scalar() {
        return;
    }
    let mut pending: Vec<ExprId> = vec![e];
    let mut seen = FxHashSet::default();
    while let Some(e) = pending.pop() {
        for k in moving(g, e, x) {
            let arg = g.args(e)[k];
            if !seen.insert(arg) {
                continue;
            }
            let at_once = !g.shape(arg).is_scalar() && !has_jacobian(g, arg, x);
            if !at_once || is_itself(g, arg, x) {
                continue;
            }
            let name = if degree(g, arg, x) == Degree::Affine {
                linear(g, x)
            } else {
                pending.push(arg);
                named(g, arg, x).1
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
}

fn linear(g: &Graph, x: SymbolId) -> String {
    format!("linear in {}", g.symbol(x).name)
}

/// What a person differentiates without a step between, and by which rule.
fn at_once(g: &mut Graph, e: ExprId, x: SymbolId) -> Option<(Kind, String)> {
    if degree(g, e, x) != Degree::Other {
        return Some((Kind::Linear, linear(g, x)));
    }
    if is_polynomial(g, e, x) {
        return Some((Kind::Power, "power rule".to_string()));
    }
    let (_, rest) = coefficient(g, e);
    let op = g.op(rest);
    if op.is_binder() || matches!(op, Op::If | Op::Add | Op::Mul | Op::Had) {
        return None;
    }
    let direct = moving(g, rest, x).into_iter().all(|k| is_itself(g, g.args(rest)[k], x));
    direct.then(|| match named(g, rest, x) {
        (Kind::Chain, name) => (Kind::Function, name),
        (_, name) => (Kind::Power, name),
    })
}

/// The arguments of a node that depend on the unknown.
fn moving(g: &Graph, e: ExprId, x: SymbolId) -> Vec<usize> {
    (0..g.args(e).len()).filter(|&k| depends(g, g.args(e)[k], x)).collect()
}

/// The derivative by a scalar: the node's tangent, from those of its arguments.
fn by_scalar(g: &mut Graph, e: ExprId, x: SymbolId) -> ExprId {
    let mut moved = FxHashMap::default();
    for k in moving(g, e, x) {
        let arg = g.args(e)[k];
        let tangent = match g.op(e) {
            Op::Add => term(g, arg, x),
            Op::Mul if divides(g, arg) => {
                // The power of a quotient rule is no step of its own.
                let base = g.args(arg)[0];
                let inner = later(g, base, x);
                let moved = FxHashMap::from_iter([(base, inner)]);
                diff::step(g, arg, &moved)
            }
            _ => None,
        };
        let tangent = tangent.unwrap_or_else(|| later(g, arg, x));
        moved.insert(arg, tangent);
    }
    diff::step(g, e, &moved).unwrap_or_else(|| {
        let shape = g.shape(e);
        g.zero(shape)
    })
}

/// The derivative of a term, with its constant factors in front.
fn term(g: &mut Graph, e: ExprId, x: SymbolId) -> Option<ExprId> {
    let (factor, rest) = constant_factors(g, e, x);
    (rest != e).then(|| {
        let rest = later(g, rest, x);
        g.mul(&[factor, rest])
    })
}

/// Whether a factor stands below the line.
fn divides(g: &Graph, e: ExprId) -> bool {
    g.op(e) == Op::Pow && g.as_num(g.args(e)[1]).is_some_and(|n| n.is_negative())
}

/// The derivative by an array, of the shape of that array: what each argument
/// contributes for the adjoint `a` of the node.
fn by_array(g: &mut Graph, e: ExprId, a: ExprId, x: SymbolId) -> ExprId {
    if g.op(e).is_binder() {
        return through_binder(g, e, a, x);
    }
    let args = g.args(e).to_vec();
    if g.op(e) == Op::If {
        let (then, other) = (part(g, a, args[1], x), part(g, a, args[2], x));
        return g.apply(Op::If, &[args[0], then, other]);
    }
    let mut parts = Vec::new();
    for k in moving(g, e, x) {
        let Some(adjoint) = diff::adjoint(g, e, a, k) else { continue };
        let split = (g.op(e) == Op::Add).then(|| constant_factors(g, args[k], x));
        parts.push(match split.filter(|_| g.shape(args[k]).is_scalar()) {
            Some((factor, rest)) => {
                let rest = part(g, adjoint, rest, x);
                g.mul(&[factor, rest])
            }
            None => part(g, adjoint, args[k], x),
        });
    }
    let shape = g.symbol(x).shape;
    if parts.is_empty() { g.zero(shape) } else { g.add(&parts) }
}

/// What a node with adjoint `a` contributes; nothing of it is taken yet.
fn part(g: &mut Graph, a: ExprId, e: ExprId, x: SymbolId) -> ExprId {
    if !depends(g, e, x) {
        let shape = g.symbol(x).shape;
        return g.zero(shape);
    }
    if !g.shape(e).is_scalar() {
        return weighted(g, a, e, x);
    }
    let inner = later(g, e, x);
    g.mul(&[a, inner])
}

fn through_binder(g: &mut Graph, e: ExprId, a: ExprId, x: SymbolId) -> ExprId {
    let body = g.args(e)[Op::BINDER_BODY];
    let Some(range) = Range::of(g, e) else { return a };
    let (range, seed, factor) = diff::seed_of_body(g, e, range, body, a);
    let inner = part(g, seed, body, x);
    let sum = range.bind(g, Op::Sum, inner);
    times(g, factor, sum)
}

/// Kind and name of the outermost rule of a node.
fn named(g: &mut Graph, e: ExprId, x: SymbolId) -> (Kind, String) {
    let op = g.op(e);
    let row = ops::def(op);
    let moving = moving(g, e, x);
    let (kind, name) = match op {
        Op::Add => {
            let args = g.args(e).to_vec();
            // A minus alone is no factor worth a word.
            let minus = g.int(-1);
            let one = g.int(1);
            let scaled =
                moving.iter().any(|&k| ![one, minus].contains(&constant_factors(g, args[k], x).0));
            (Kind::Sum, if scaled { "sum rule, constant factors" } else { "sum rule" })
        }
        Op::Mul | Op::Had | Op::MatMul if moving.len() == 1 => (Kind::Constant, "constant factor"),
        Op::Dot if moving.len() == 1 => (Kind::Other, "dot is linear"),
        Op::Mul | Op::Had if moving.iter().any(|&k| divides(g, g.args(e)[k])) => {
            (Kind::Product, "quotient rule")
        }
        Op::Mul | Op::Had | Op::MatMul | Op::Dot | Op::Prod => (Kind::Product, "product rule"),
        Op::Pow => match (moving.contains(&0), moving.contains(&1)) {
            (true, false) => (Kind::Chain, "power rule"),
            (false, _) => (Kind::Chain, "exponential rule"),
            _ => (Kind::Chain, "power rule and exponential rule"),
        },
        Op::If => (Kind::Other, "branch by branch"),
        Op::Comp | Op::Stack | Op::Elem | Op::Block => (Kind::Other, "entry by entry"),
        Op::Sum | Op::SumAll | Op::MeanAll => (Kind::Sum, "sum rule"),
        _ => {
            let name = if row.name.is_empty() { row.doc.title } else { row.name };
            return match row.derivative {
                Derivative::Linear(_) => (Kind::Other, format!("{name} is linear")),
                _ => (Kind::Chain, format!("derivative of {name}")),
            };
        }
    };
    (kind, name.to_string())
}

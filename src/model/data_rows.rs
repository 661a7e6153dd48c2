//! Which residuals are data.
//!
//! A residual that a condition leaves out, or whose weight is 0, is no datum: it is 0 whatever the unknowns are. Its
//! row stays in the arrays of residuals, where their places are fixed, but no statistic counts it. What is looked at
//! is how a residual is written, not its value: a point that the model meets exactly is a datum like any other.

use super::engine::{Engine, Program, Times};
use super::structure::{Squares, n_residuals};
use crate::expr::{Data, ExprId, Graph, Num, Op, SymbolId};
use crate::ops::{self, Range, times};
use crate::shape::Shape;

/// More residuals are counted by compiled code.
const WORTH_COMPILING: usize = 10_000;

/// The number of residuals that are data at `x`, the entries of `vars`. Where a count fails, all are.
pub(crate) fn n_data(
    g: &mut Graph,
    engine: &Engine,
    squares: &Squares,
    vars: &[SymbolId],
    x: &[f64],
) -> usize {
    let all = n_residuals(g, squares);
    let (mut sure, mut masks) = (0, Vec::new());
    for &block in &squares.blocks {
        let mask = datum(g, block);
        if g.is_one(mask) {
            sure += g.shape(block).len();
        } else {
            let shape = g.shape(block);
            masks.push(g.fill(shape, mask));
        }
    }
    if masks.is_empty() {
        return all;
    }
    let engine = if all >= WORTH_COMPILING { engine.clone() } else { engine.plain() };
    let program = Program::new(g, &engine, &masks, vars, &mut Times::default());
    let mut out = vec![0.0; program.n_out()];
    match program.run(g, x, &mut out) {
        Ok(()) => sure + out.iter().filter(|m| **m != 0.0).count(),
        Err(_) => all,
    }
}

/// 1 where a residual is a datum and 0 where it is none, as an array like `r` or one number for all of it.
fn datum(g: &mut Graph, r: ExprId) -> ExprId {
    crate::memory::deep(|| datum_of(g, r))
}

fn datum_of(g: &mut Graph, r: ExprId) -> ExprId {
    let (one, zero) = (g.int(1), g.int(0));
    if g.is_zero(r) {
        return zero;
    }
    let args = g.args(r).to_vec();
    match g.op(r) {
        Op::If => {
            let shape = g.shape(r);
            let (a, b) = (datum(g, args[1]), datum(g, args[2]));
            if a == b {
                return a;
            }
            let (a, b) = (g.fill(shape, a), g.fill(shape, b));
            g.apply(Op::If, &[args[0], a, b])
        }
        _ if !g.has_unknown(r) => one,
        Op::Mul | Op::Had => {
            let parts: Vec<ExprId> = args.into_iter().map(|a| factor(g, a)).collect();
            parts.into_iter().fold(one, |all, part| times(g, all, part))
        }
        Op::Pow if g.as_num(args[1]).is_some_and(|k| k.value() > 0.0) => datum(g, args[0]),
        Op::Add => common(g, &args),
        Op::MatMul if g.op(args[0]) == Op::Diag => diagonal(g, &args),
        Op::Stack => {
            let parts: Vec<ExprId> = args.into_iter().map(|a| datum(g, a)).collect();
            match parts.iter().all(|&p| p == one) {
                true => one,
                false => g.apply_data(Op::Stack, Data::Shape(g.shape(r)), &parts),
            }
        }
        Op::Comp => {
            let body = datum(g, args[Op::BINDER_BODY]);
            match Range::of(g, r) {
                Some(range) if body != one => range.bind(g, Op::Comp, body),
                _ => one,
            }
        }
        _ => one,
    }
}

/// Whether a factor leaves a residual alive: a known one is a weight.
fn factor(g: &mut Graph, e: ExprId) -> ExprId {
    if g.has_unknown(e) {
        return datum(g, e);
    }
    let zero = g.int(0);
    match g.as_num(e).map(Num::is_zero) {
        Some(true) => zero,
        Some(false) => g.int(1),
        None => g.apply(Op::Ne, &[e, zero]),
    }
}

/// Of a sum: the weights that all terms share, as in `w .* y - w .* f`.
fn common(g: &mut Graph, terms: &[ExprId]) -> ExprId {
    let one = g.int(1);
    let parts: Vec<ExprId> = shared_factors(g, terms).into_iter().map(|f| factor(g, f)).collect();
    parts.into_iter().fold(one, |all, part| times(g, all, part))
}

/// The known factors, but for numbers, of all terms of a sum.
pub(crate) fn shared_factors(g: &Graph, terms: &[ExprId]) -> Vec<ExprId> {
    let known_factors = |g: &Graph, e: ExprId| -> Vec<ExprId> {
        let all = if matches!(g.op(e), Op::Mul | Op::Had) { g.args(e).to_vec() } else { vec![e] };
        all.into_iter().filter(|&f| !g.has_unknown(f) && g.as_num(f).is_none()).collect()
    };
    let mut shared = known_factors(g, terms[0]);
    for &term in &terms[1..] {
        let own = known_factors(g, term);
        shared.retain(|f| own.contains(f));
    }
    shared
}

/// Of `diag(w)*r`: the entries of w.
fn diagonal(g: &mut Graph, factors: &[ExprId]) -> ExprId {
    let one = g.int(1);
    let weights = g.args(factors[0])[0];
    let is_column = |g: &Graph, e: ExprId| matches!(g.shape(e), Shape::Vector(_));
    let rest = ops::build(g, Op::MatMul, Data::None, &factors[1..]);
    match rest {
        Ok(rest) if is_column(g, weights) && is_column(g, rest) => {
            let (own, below) = (factor(g, weights), datum(g, rest));
            times(g, own, below)
        }
        _ => one,
    }
}

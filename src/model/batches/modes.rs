//! What differs between training and use: dropout, running statistics.

use crate::expr::{ExprId, Graph, Op, Symbol, SymbolId};
use crate::ops;

/// Entries that are left out at random in a step.
#[derive(Clone, Debug)]
pub struct Mask {
    /// What the entries are multiplied by.
    pub symbol: SymbolId,
    /// The probability of 0.
    pub p: f64,
}

/// A statistic of batches whose running mean an unknown keeps.
#[derive(Clone, Copy, Debug)]
pub struct Statistic {
    /// What keeps it.
    pub kept: ExprId,
    /// Its value for the rows at hand.
    pub now: ExprId,
}

/// Whether an expression is another one in training.
pub fn differs(g: &Graph, e: ExprId) -> bool {
    g.reachable(&[e]).into_iter().any(|e| matches!(g.op(e), Op::Dropout | Op::Running))
}

/// The running statistics in an expression, each once.
pub fn statistics(g: &Graph, e: ExprId) -> Vec<Statistic> {
    let mut found: Vec<Statistic> = Vec::new();
    for (_, now, kept) in ops::calls(g, &[e], Op::Running) {
        if found.iter().all(|s| s.kept != kept) {
            found.push(Statistic { kept, now });
        }
    }
    found
}

/// Some expressions with statistics of the rows at hand in place of running ones.
pub fn with_statistics_now(g: &mut Graph, exprs: &[ExprId]) -> Vec<ExprId> {
    let mut exprs = exprs.to_vec();
    // The innermost first: one statistic may stand in another.
    while let Some(&(e, now, _)) = ops::calls(g, &exprs, Op::Running).first() {
        exprs = exprs.iter().map(|&root| ops::substitute(g, root, &[(e, now)])).collect();
    }
    exprs
}

/// Some expressions with masks in place of dropout; a node where that is not possible: in it an index runs.
pub fn with_masks(g: &mut Graph, exprs: &[ExprId]) -> Result<(Vec<ExprId>, Vec<Mask>), ExprId> {
    let mut exprs = exprs.to_vec();
    let mut masks = Vec::new();
    while let Some(&(e, x, p)) = ops::calls(g, &exprs, Op::Dropout).first() {
        let p = ops::known_value(g, p).filter(|p| (0.0..1.0).contains(p)).ok_or(e)?;
        if !g.free_indices(e).is_empty() {
            return Err(e);
        }
        let symbol = g.declare(Symbol::unknown("mask", g.shape(x)));
        let mask = g.leaf(symbol);
        let product = if g.shape(x).is_scalar() { Op::Mul } else { Op::Had };
        let kept = g.apply(product, &[x, mask]);
        exprs = exprs.iter().map(|&root| ops::substitute(g, root, &[(e, kept)])).collect();
        masks.push(Mask { symbol, p });
    }
    Ok((exprs, masks))
}

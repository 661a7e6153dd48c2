//! Products of matrices in the form that is computed.

use super::rewrite;
use crate::expr::{ExprId, Graph, Op};

/// The expressions with sums of matrices inside products multiplied out, where the sum is larger than the product:
/// `X'*(diag(p) - p*p')*X` is short to read, but `X'*diag(p)*X - (X'*p)*(p'*X)` needs no matrix as large as the
/// one in the middle.
pub fn without_large_sums(g: &mut Graph, roots: &[ExprId]) -> Vec<ExprId> {
    rewrite(g, roots, rule)
}

fn rule(g: &mut Graph, e: ExprId) -> Option<ExprId> {
    if g.op(e) != Op::MatMul {
        return None;
    }
    let factors = g.args(e).to_vec();
    let size = g.shape(e).len();
    let large = |f: &ExprId| g.op(*f) == Op::Add && g.shape(*f).len() > size;
    let at = factors.iter().position(large)?;
    // A scalar term stands for a matrix of equal entries.
    let whole = |&term: &ExprId| g.shape(term) == g.shape(factors[at]);
    if !g.args(factors[at]).iter().all(|t| whole(t) && is_never_formed(g, *t)) {
        return None;
    }
    let terms: Vec<ExprId> = g
        .args(factors[at])
        .to_vec()
        .into_iter()
        .map(|term| {
            let whole = [&factors[..at], &[term], &factors[at + 1..]].concat();
            g.apply(Op::MatMul, &whole)
        })
        .collect();
    Some(g.add(&terms))
}

/// Whether a matrix need not be formed as a factor: a diagonal one, or a product, with scalars.
fn is_never_formed(g: &Graph, e: ExprId) -> bool {
    let is = |e: ExprId| matches!(g.op(e), Op::Diag | Op::MatMul);
    match g.op(e) {
        Op::Mul => g.args(e).iter().all(|&a| g.shape(a).is_scalar() || is(a)),
        _ => is(e),
    }
}

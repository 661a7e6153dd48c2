//! Objectives that are sums of small terms, and their derivatives term by term.
//!
//! In: a scalar such as `sum(100*(x[i+1] - x[i]^2)^2 for i in 1..n-1) + (x[1] - 1)^2`. Out: its
//! [`Element`]s, each a body under the ranges of its indices, together with the entries of unknowns that the
//! body reads. The gradient then is a sum over the reads, the Hessian one over pairs of reads, and which
//! entries differ from zero follows from the indices alone (Griewank & Toint 1982, partial separability).
//! Nothing is unrolled: a sum over a million terms is one element.
//!
//! [`banded`] puts together what reads entries next to one another.

mod banded;
mod terms;

pub use banded::{Banded, banded};

use super::{gradient, hessian_of_scalars};
use crate::expr::{ExprId, Graph, Op, Symbol, SymbolId};
use crate::ops::{self, Range};
use crate::shape::Shape;

/// Bodies with more reads than this have too many pairs to be worth it.
const MAX_READS: usize = 40;

/// An entry of an unknown that a body reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// The node of the body.
    pub node: ExprId,
    /// The number of the unknown.
    pub unknown: usize,
    /// Which entry, counted from 1 in the order of memory; none of a scalar.
    pub at: Option<ExprId>,
}

/// A term of an objective under its ranges.
#[derive(Clone, Debug)]
pub struct Element {
    /// The ranges, outermost first; none of a term that stands alone.
    pub ranges: Vec<Range>,
    /// The term, a scalar.
    pub body: ExprId,
    /// What it reads, each entry once.
    pub reads: Vec<Read>,
}

/// The second derivative of a body by two of its reads.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// The numbers of the reads; the first is not less than the second.
    pub reads: (usize, usize),
    /// The derivative.
    pub value: ExprId,
}

/// The elements of `f`, or `None` where a term reads more than entries that its indices name.
pub fn elements(g: &mut Graph, f: ExprId, unknowns: &[SymbolId]) -> Option<Vec<Element>> {
    let mut found = Vec::new();
    for (ranges, body) in terms::terms(g, f)? {
        let reads = reads(g, &ranges, body, unknowns)?;
        found.push(Element { ranges, body, reads });
    }
    Some(found)
}

/// The entries that a body reads. `None` where it uses an unknown in any other way.
fn reads(
    g: &mut Graph,
    ranges: &[Range],
    body: ExprId,
    unknowns: &[SymbolId],
) -> Option<Vec<Read>> {
    let mut found = Vec::new();
    for e in g.reachable(&[body]) {
        if !g.has_unknown(e) {
            continue;
        }
        let node = g.node(e);
        let symbol = match node.op {
            Op::Symbol if node.shape.is_scalar() => e,
            // An array is read below, by the nodes that name it.
            Op::Symbol => continue,
            Op::Elem if g.op(node.args[0]) == Op::Symbol => node.args[0],
            _ if node
                .args
                .iter()
                .any(|&a| g.op(a) == Op::Symbol && !g.shape(a).is_scalar() && g.has_unknown(a)) =>
            {
                return None;
            }
            _ => continue,
        };
        let indices = node.args.get(1..).unwrap_or_default().to_vec();
        let inside = |i: &ExprId| {
            !g.has_unknown(*i)
                && g.free_indices(*i).iter().all(|s| ranges.iter().any(|r| r.index == *s))
        };
        let symbol = g.as_symbol(symbol)?;
        let unknown = unknowns.iter().position(|&u| u == symbol)?;
        if !indices.iter().all(inside) || found.len() >= MAX_READS {
            return None;
        }
        let at = place(g, g.symbol(symbol).shape, &indices);
        found.push(Read { node: e, unknown, at });
    }
    Some(found)
}

/// The number of an entry in the order of memory, from 1.
fn place(g: &mut Graph, shape: Shape, indices: &[ExprId]) -> Option<ExprId> {
    match (shape, indices) {
        (Shape::Scalar, _) | (_, []) => None,
        (_, &[i]) => Some(i),
        (_, &[i, j, ..]) => {
            let (n, minus) = (g.int(shape.cols() as i64), g.int(-1));
            let row = g.add(&[i, minus]);
            let rows = g.mul(&[row, n]);
            Some(g.add(&[rows, j]))
        }
    }
}

impl Element {
    /// The derivatives of the body by its reads, and by pairs of reads those that are not zero.
    pub fn derivatives(&self, g: &mut Graph) -> (Vec<ExprId>, Vec<Pair>) {
        let mut there = Vec::new();
        let mut symbols = Vec::new();
        for k in 0..self.reads.len() {
            let symbol = g.declare(Symbol::unknown(&format!("u{}", k + 1), Shape::Scalar));
            symbols.push(symbol);
            there.push((self.reads[k].node, g.leaf(symbol)));
        }
        let back: Vec<(ExprId, ExprId)> = there.iter().map(|&(a, b)| (b, a)).collect();
        let body = ops::substitute(g, self.body, &there);
        let first = gradient(g, body, &symbols);
        let second = hessian_of_scalars(g, &first, &symbols);
        let mut pairs = Vec::new();
        for (i, row) in second.iter().enumerate() {
            for (j, &value) in row[..=i].iter().enumerate() {
                if !g.is_zero(value) {
                    pairs.push(Pair { reads: (i, j), value: ops::substitute(g, value, &back) });
                }
            }
        }
        let first = first.into_iter().map(|d| ops::substitute(g, d, &back)).collect();
        (first, pairs)
    }
}

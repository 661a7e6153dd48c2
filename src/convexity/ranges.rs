//! One interval for every node: the hull of its entries over the box of the
//! unknowns and over all values of its indices.
//!
//! These are the signs that the composition rules ask for. Known arrays are
//! looked at, so the coefficient `d[i]` of a sum is nonnegative where all of
//! `d` is. One pass over the graph; nothing is unrolled.

use rustc_hash::FxHashMap;

use super::Bounds;
use super::elementary::image;
use super::interval::Interval;
use crate::expr::{Data, ExprId, Graph, Op, SymbolId, SymbolKind};
use crate::ops::{Range, count, known_value};

/// The interval of every node below the root.
pub fn ranges(g: &Graph, root: ExprId, bounds: &Bounds) -> FxHashMap<ExprId, Interval> {
    let order = g.reachable(&[root]);
    let indices = index_ranges(g, &order);
    let mut found: FxHashMap<ExprId, Interval> = FxHashMap::default();
    for e in order {
        let own = match g.node(e).data {
            Data::Num(n) => match n.as_ratio() {
                Some((num, den)) => Interval::ratio(num, den),
                None => Interval::point(n.value()),
            },
            Data::Symbol(s) if g.op(e) == Op::Symbol => symbol(g, s, bounds, &indices),
            _ => {
                let args: Vec<Interval> = g.args(e).iter().map(|a| found[a]).collect();
                node(g, e, &args)
            }
        };
        found.insert(e, own);
    }
    found
}

/// What each index runs over, in all binders together.
fn index_ranges(g: &Graph, order: &[ExprId]) -> FxHashMap<SymbolId, Interval> {
    let mut found: FxHashMap<SymbolId, Interval> = FxHashMap::default();
    for range in order.iter().filter_map(|&e| Range::of(g, e)) {
        let lo = known_value(g, range.lo).unwrap_or(f64::NEG_INFINITY);
        let hi = known_value(g, range.hi).unwrap_or(f64::INFINITY);
        if lo <= hi {
            let own = Interval { lo, hi };
            found.entry(range.index).and_modify(|r| *r = r.hull(own)).or_insert(own);
        }
    }
    found
}

fn symbol(
    g: &Graph,
    s: SymbolId,
    bounds: &Bounds,
    indices: &FxHashMap<SymbolId, Interval>,
) -> Interval {
    let symbol = g.symbol(s);
    match symbol.kind {
        SymbolKind::Unknown => bounds.hull(s),
        SymbolKind::Index => indices.get(&s).copied().unwrap_or(Interval::ALL),
        SymbolKind::Known => match &symbol.value {
            Some(value) => hull(value.data()),
            None => Interval::ALL,
        },
    }
}

/// The hull of numbers; everything where one is not finite.
pub fn hull(values: &[f64]) -> Interval {
    values.iter().map(|&v| Interval::point(v)).reduce(Interval::hull).unwrap_or(Interval::ZERO)
}

fn node(g: &Graph, e: ExprId, args: &[Interval]) -> Interval {
    let first = || args.first().copied().unwrap_or(Interval::ZERO);
    let size = |k: usize| g.args(e).get(k).map_or(1, |&a| g.shape(a).len());
    let times = |n: usize, x: Interval| x * Interval::point(n as f64);
    match g.op(e) {
        Op::Add => args.iter().fold(Interval::ZERO, |s, &a| s + a),
        Op::Mul | Op::Had => args.iter().fold(Interval::ONE, |p, &a| p * a),
        Op::MatMul => product(g, e, args),
        Op::Dot if g.args(e)[0] == g.args(e)[1] => times(size(0), first().powi(2)),
        Op::Dot => times(size(0), first() * args[1]),
        Op::SumAll => times(size(0), first()),
        Op::SumSq => times(size(0), first().powi(2)),
        Op::Norm => times(size(0), first().powi(2)).sqrt(),
        Op::Norm1 => times(size(0), first().abs()),
        Op::NormInf => first().abs(),
        Op::RowSum | Op::Tr => times(g.shape(g.args(e)[0]).cols(), first()),
        Op::ColSum => times(g.shape(g.args(e)[0]).rows(), first()),
        Op::CumSum => {
            Interval::new(first().lo.min(0.0), first().hi.max(0.0))
                * Interval::point(size(0) as f64)
        }
        Op::ProdAll if first().is_nonnegative() => Interval::NONNEGATIVE,
        Op::LogSumExpAll | Op::RowLogSumExp | Op::ColLogSumExp => log_sum(size(0), first()),
        Op::MeanAll
        | Op::MaxAll
        | Op::MinAll
        | Op::RowMean
        | Op::ColMean
        | Op::RowMax
        | Op::ColMax
        | Op::Transpose
        | Op::Fill
        | Op::Bcast
        | Op::Elem
        | Op::Block
        | Op::Reshape => first(),
        Op::Stack => args.iter().copied().reduce(Interval::hull).unwrap_or(Interval::ZERO),
        Op::Diag | Op::Place | Op::PlaceBlock => first().hull(Interval::ZERO),
        Op::Eye => Interval { lo: 0.0, hi: 1.0 },
        Op::If => args[1].hull(args[2]),
        op if op.is_binder() => binder(g, e, args[Op::BINDER_BODY]),
        op => image(op, args).unwrap_or(Interval::ALL),
    }
}

fn log_sum(n: usize, x: Interval) -> Interval {
    let log = image(Op::Log, &[Interval::new(1.0, n.max(1) as f64)]).unwrap_or(Interval::ALL);
    x + log
}

/// `u'*u` is nonnegative; else sums of products.
fn product(g: &Graph, e: ExprId, args: &[Interval]) -> Interval {
    let nodes = g.args(e);
    let mut result = args[0];
    for k in 1..args.len() {
        result = result * args[k] * Interval::point(g.shape(nodes[k]).rows() as f64);
    }
    let square = matches!(nodes, [l, r] if g.op(*l) == Op::Transpose && g.args(*l)[0] == *r);
    if square && g.shape(e).is_scalar() {
        return result.meet(Interval::NONNEGATIVE).unwrap_or(result);
    }
    result
}

fn binder(g: &Graph, e: ExprId, body: Interval) -> Interval {
    let Some(range) = Range::of(g, e) else { return Interval::ALL };
    let n = match count(g, range.lo, range.hi) {
        Some(n) if !range.is_filtered(g) => Interval::point(n as f64),
        Some(n) => Interval { lo: 0.0, hi: n as f64 },
        None => Interval::NONNEGATIVE,
    };
    match g.op(e) {
        Op::Sum => n * body,
        Op::Prod if body.is_nonnegative() => Interval::NONNEGATIVE,
        Op::Min | Op::Max | Op::Comp => body,
        Op::LogSumExp if n.lo >= 1.0 && n.hi < 1e15 => {
            let ends = [n.lo as usize, n.hi as usize].map(|n| log_sum(n, body));
            ends[0].hull(ends[1])
        }
        _ => Interval::ALL,
    }
}

//! Objectives whose terms read entries next to one another: gradient and Hessian in whole pieces.
//!
//! A term under `i in lo..hi` that reads `x[i]` and `x[i+1]` adds to entries `k` and `k+1` of the gradient.
//! Entry `k` therefore collects the terms of `i = k` and `i = k - 1`, as far as these lie in the range: the
//! axis of `k` falls into a few stretches, on each of which the same terms are summed. Every stretch is a
//! column built by index, no entry is visited twice, and all of them run over one common range, so that
//! value, gradient and Hessian become one loop. Entries at the ends stand alone.
//!
//! The Hessian is a column for each diagonal: `H[j + d, j]` is entry `j` of column `d` (both from 0).

use super::{Element, elements};
use crate::expr::{Data, ExprId, Graph, Op, SymbolId};
use crate::ops;
use crate::shape::Shape;

/// Matrices with more diagonals below the main one are not stored by diagonals.
const MAX_WIDTH: usize = 32;
/// Stretches up to this long are written out.
const SHORT: i64 = 8;
/// More stretches than this are not worth their code.
const MAX_STRETCHES: usize = 64;

/// Value, gradient and Hessian of an objective of one column of n unknowns.
#[derive(Clone, Debug)]
pub struct Banded {
    /// The objective.
    pub value: ExprId,
    /// Its gradient: a column of length n.
    pub gradient: ExprId,
    /// Its Hessian by diagonals, the main one first: columns of length n.
    pub hessian: Vec<ExprId>,
    /// Diagonals below the main one.
    pub width: usize,
    /// Entries that may differ from zero, both triangles.
    pub nnz: usize,
}

/// What is added to the places `lo..=hi`: at place `k` the value with `k` in place of the index `at`.
#[derive(Clone, Copy)]
struct Share {
    lo: i64,
    hi: i64,
    value: ExprId,
    /// The index of the value, and how far the place is ahead of it; none where the value has no index.
    at: Option<(ExprId, i64)>,
}

/// Places on which the same shares are added.
struct Stretch {
    lo: i64,
    hi: i64,
    shares: Vec<Share>,
}

/// Value, gradient and Hessian in pieces. `None` where a term reads anything but single entries at a fixed
/// distance from its index, or where the Hessian has entries far from its diagonal.
pub fn banded(g: &mut Graph, f: ExprId, unknowns: &[SymbolId]) -> Option<Banded> {
    let &[unknown] = unknowns else { return None };
    let Shape::Vector(n) = g.symbol(unknown).shape else { return None };
    let n = i64::try_from(n).ok()?;
    let mut values = Vec::new();
    let mut gradient = Vec::new();
    let mut diagonals: Vec<Vec<Share>> = vec![Vec::new()];
    for element in elements(g, f, unknowns)? {
        let (span, shifts) = spans(g, &element, n)?;
        let (first, pairs) = element.derivatives(g);
        let index = element.ranges.first().map(|r| g.leaf(r.index));
        let share = |value, shift: i64| Share {
            lo: span.map_or(shift, |(lo, _)| lo + shift),
            hi: span.map_or(shift, |(_, hi)| hi + shift),
            value,
            at: index.map(|i| (i, shift)),
        };
        values.push(match span {
            Some((lo, hi)) => Share { lo, hi, value: element.body, at: index.map(|i| (i, 0)) },
            None => Share { lo: 0, hi: 0, value: element.body, at: None },
        });
        for (&value, &shift) in first.iter().zip(&shifts) {
            gradient.push(share(value, shift));
        }
        for pair in pairs {
            let (a, b) = (shifts[pair.reads.0], shifts[pair.reads.1]);
            let d = usize::try_from((a - b).abs()).ok().filter(|d| *d <= MAX_WIDTH)?;
            if diagonals.len() <= d {
                diagonals.resize(d + 1, Vec::new());
            }
            diagonals[d].push(share(pair.value, a.min(b)));
        }
    }
    let gradient = stretches(&gradient)?;
    let diagonals = diagonals.iter().map(|d| stretches(d)).collect::<Option<Vec<_>>>()?;
    let nnz = diagonals.iter().enumerate().map(|(d, s)| covered(s) * if d == 0 { 1 } else { 2 });
    let nnz = nnz.sum();
    let mut all = vec![&gradient];
    all.extend(&diagonals);
    let core = core(&values, &all);
    let index = g.fresh_index("k", &[f]);
    let mut pieces = Pieces { g, core, index };
    let value = pieces.total(&values);
    let gradient = pieces.column(&gradient, n);
    let width = diagonals.len() - 1;
    let hessian = diagonals.iter().map(|d| pieces.column(d, n)).collect();
    Some(Banded { value, gradient, hessian, width, nnz })
}

/// The ends of an element's range, none where it has no range, and for each read how far its entry is
/// ahead of the index (or the entry itself).
type Spans = (Option<(i64, i64)>, Vec<i64>);

fn spans(g: &mut Graph, element: &Element, n: i64) -> Option<Spans> {
    let whole = |g: &Graph, e: ExprId| {
        let v = ops::known_value(g, e)?;
        (v.fract() == 0.0 && v.abs() < 1e15).then_some(v as i64)
    };
    let span = match element.ranges[..] {
        [] => None,
        [range] if !range.is_filtered(g) => {
            let ends = (whole(g, range.lo)?, whole(g, range.hi)?);
            (ends.0 <= ends.1).then_some(())?;
            Some((range, ends))
        }
        _ => return None,
    };
    let mut shifts = Vec::with_capacity(element.reads.len());
    for read in &element.reads {
        let at = read.at?;
        let shift = match span {
            Some((range, _)) if g.depends_on(at, range.index) => {
                let index = g.leaf(range.index);
                let zero = g.int(0);
                let start = ops::substitute(g, at, &[(index, zero)]);
                let shift = whole(g, start)?;
                let step = g.sub(at, index);
                // `i + c` less `i` is `c`, whatever i is.
                (ops::known_value(g, step) == Some(shift as f64)).then_some(shift)?
            }
            Some(_) => return None,
            None => whole(g, at)?,
        };
        let (lo, hi) = span.map_or((0, 0), |(_, ends)| ends);
        (lo + shift >= 1 && hi + shift <= n).then_some(())?;
        shifts.push(shift);
    }
    Some((span.map(|(_, ends)| ends), shifts))
}

/// The stretches on which the same shares are added, in order. Gaps are left out.
fn stretches(shares: &[Share]) -> Option<Vec<Stretch>> {
    let mut ends: Vec<i64> = shares.iter().flat_map(|s| [s.lo, s.hi + 1]).collect();
    ends.sort_unstable();
    ends.dedup();
    if ends.len() > MAX_STRETCHES {
        return None;
    }
    let stretch = |pair: &[i64]| {
        let (lo, hi) = (pair[0], pair[1] - 1);
        let here = shares.iter().copied().filter(|s| s.lo <= lo && hi <= s.hi).collect();
        Stretch { lo, hi, shares: here }
    };
    let found = ends.windows(2).map(stretch).filter(|s| !s.shares.is_empty());
    Some(found.collect())
}

fn covered(stretches: &[Stretch]) -> usize {
    stretches.iter().map(|s| (s.hi - s.lo + 1) as usize).sum()
}

/// The range that all long stretches and sums have in common, where each of them goes beyond it by a few
/// places only.
fn core(values: &[Share], columns: &[&Vec<Stretch>]) -> Option<(i64, i64)> {
    let long = |lo: i64, hi: i64| hi - lo >= SHORT;
    let spans = values
        .iter()
        .map(|s| (s.lo, s.hi))
        .chain(columns.iter().flat_map(|c| c.iter().map(|s| (s.lo, s.hi))))
        .filter(|&(lo, hi)| long(lo, hi));
    let spans: Vec<(i64, i64)> = spans.collect();
    let lo = spans.iter().map(|s| s.0).max()?;
    let hi = spans.iter().map(|s| s.1).min()?;
    let near = spans.iter().all(|s| lo - s.0 <= SHORT && s.1 - hi <= SHORT);
    (long(lo, hi) && near).then_some((lo, hi))
}

/// Builds sums and columns over a common index.
struct Pieces<'g> {
    g: &'g mut Graph,
    core: Option<(i64, i64)>,
    index: SymbolId,
}

impl Pieces<'_> {
    /// The ranges that make up `lo..=hi`: single places, and at most one long range in the middle.
    fn split(&self, lo: i64, hi: i64) -> Vec<(i64, i64)> {
        let single = |from: i64, to: i64| (from..=to).map(|k| (k, k));
        if hi - lo < SHORT {
            return single(lo, hi).collect();
        }
        match self.core {
            Some((a, b)) if lo <= a && b <= hi => {
                single(lo, a - 1).chain([(a, b)]).chain(single(b + 1, hi)).collect()
            }
            _ => vec![(lo, hi)],
        }
    }

    /// The shares at place `k`.
    fn at(&mut self, shares: &[Share], k: ExprId) -> ExprId {
        let mut terms = Vec::with_capacity(shares.len());
        for share in shares {
            terms.push(match share.at {
                None => share.value,
                Some((index, shift)) => {
                    let back = self.g.int(-shift);
                    let place = self.g.add(&[k, back]);
                    ops::substitute(self.g, share.value, &[(index, place)])
                }
            });
        }
        self.g.add(&terms)
    }

    fn bind(&mut self, op: Op, lo: i64, hi: i64, body: ExprId) -> ExprId {
        let (lo, hi, one) = (self.g.int(lo), self.g.int(hi), self.g.int(1));
        self.g.bind(op, self.index, lo, hi, one, body)
    }

    fn place(&mut self, lo: i64, hi: i64) -> ExprId {
        if lo == hi {
            return self.g.int(lo);
        }
        self.g.leaf(self.index)
    }

    /// The sum of all shares over their places.
    fn total(&mut self, shares: &[Share]) -> ExprId {
        let mut terms = Vec::new();
        for share in shares {
            if share.at.is_none() {
                terms.push(share.value);
                continue;
            }
            for (lo, hi) in self.split(share.lo, share.hi) {
                let k = self.place(lo, hi);
                let body = self.at(&[*share], k);
                terms.push(if lo == hi { body } else { self.bind(Op::Sum, lo, hi, body) });
            }
        }
        self.g.add(&terms)
    }

    /// A column of `n` places.
    fn column(&mut self, stretches: &[Stretch], n: i64) -> ExprId {
        let shape = Shape::Vector(n as usize);
        let mut parts = Vec::new();
        for stretch in stretches {
            for (lo, hi) in self.split(stretch.lo, stretch.hi) {
                let k = self.place(lo, hi);
                let body = self.at(&stretch.shares, k);
                parts.push(self.part((lo, hi), body, shape));
            }
        }
        if parts.is_empty() { self.g.zero(shape) } else { self.g.add(&parts) }
    }

    /// The body at the places `lo..=hi`, the rest zero.
    fn part(&mut self, (lo, hi): (i64, i64), body: ExprId, shape: Shape) -> ExprId {
        let (at, one) = (self.g.int(lo), self.g.int(1));
        let data = Data::Shape(shape);
        if lo == hi {
            return self.g.apply_data(Op::Place, data, &[body, at]);
        }
        let column = self.bind(Op::Comp, lo, hi, body);
        self.g.apply_data(Op::PlaceBlock, data, &[column, at, one])
    }
}

//! Sparse Hessians whose entries lie anywhere: the pattern is found once, by walking through the indices of
//! every element; the values are then added up by a program of their own.

use super::engine::{Engine, Program, Times};
use crate::diff::{Element, Pair, elements};
use crate::expr::{Data, ExprId, Graph, Op, Symbol, SymbolId};
use crate::ops;
use crate::problem::SymmetricPattern;
use crate::shape::{Shape, Tensor};

/// Places that are remembered, over all pairs of reads.
const MAX_PLACES: usize = 1 << 27;
/// Matrices with more diagonals below the main one are stored by columns.
const MAX_WIDTH: usize = 32;

/// The pattern of the Hessian of `f`, and an expression for its values. `None` where `f` is no sum of small
/// terms, or its Hessian is not sparse.
pub(crate) fn scattered(
    g: &mut Graph,
    engine: &Engine,
    f: ExprId,
    vars: &[SymbolId],
) -> Option<(SymmetricPattern, ExprId)> {
    let starts: Vec<usize> = vars
        .iter()
        .scan(0, |at, &v| {
            let start = *at;
            *at += g.symbol(v).shape.len();
            Some(start)
        })
        .collect();
    let n: usize = vars.iter().map(|&v| g.symbol(v).shape.len()).sum();
    let mut walks = Vec::new();
    let mut room = MAX_PLACES.min(n.saturating_mul(n) / 4);
    for element in elements(g, f, vars)? {
        let (_, pairs) = element.derivatives(g);
        if pairs.is_empty() {
            continue;
        }
        let walk = Walk::new(g, engine, element, pairs, &starts, vars, room)?;
        room -= walk.keys.iter().map(Vec::len).sum::<usize>();
        walks.push(walk);
    }
    let pattern = pattern(n, &walks)?;
    let mut terms = Vec::with_capacity(walks.len());
    for walk in &walks {
        walk.values(g, &pattern, &mut terms);
    }
    let shape = Shape::Vector(pattern.n_values());
    let values = if terms.is_empty() { g.zero(shape) } else { g.add(&terms) };
    Some((pattern, values))
}

/// Row and column, from 0, of an entry of the lower triangle, and whether both reads are one entry.
type Key = (u32, u32, bool);

/// Not an entry: a read that would fail has no derivative.
const NOWHERE: Key = (u32::MAX, u32::MAX, false);

/// The places that an element's pairs reach.
struct Walk {
    element: Element,
    pairs: Vec<Pair>,
    /// For every pair, a key for every value of the indices, in the order of the loops.
    keys: Vec<Vec<Key>>,
    /// Where the inner loop starts, for every value of the outer index.
    starts: Vec<f64>,
}

/// Where the entries of unknowns lie in the vector of all, and how many pairs there is room for.
struct Lay<'a> {
    starts: &'a [usize],
    sizes: &'a [usize],
    room: usize,
}

impl Walk {
    fn new(
        g: &mut Graph,
        engine: &Engine,
        element: Element,
        pairs: Vec<Pair>,
        starts: &[usize],
        vars: &[SymbolId],
        room: usize,
    ) -> Option<Walk> {
        if element.ranges.len() > 2 {
            return None;
        }
        let sizes: Vec<usize> = vars.iter().map(|&v| g.symbol(v).shape.len()).collect();
        let lay = Lay { starts, sizes: &sizes, room };
        let inputs: Vec<SymbolId> = (0..element.ranges.len())
            .map(|_| g.declare(Symbol::unknown("index", Shape::Scalar)))
            .collect();
        let swap: Vec<(ExprId, ExprId)> = element
            .ranges
            .iter()
            .zip(&inputs)
            .map(|(r, &s)| (g.leaf(r.index), g.leaf(s)))
            .collect();
        let program = |g: &mut Graph, exprs: &[ExprId], depth: usize| {
            let exprs: Vec<ExprId> = exprs.iter().map(|&e| ops::substitute(g, e, &swap)).collect();
            Indices(Program::new(g, engine, &exprs, &inputs[..depth], &mut Times::default()))
        };
        let one = g.int(1);
        let places: Vec<ExprId> = element.reads.iter().map(|r| r.at.unwrap_or(one)).collect();
        let depth = element.ranges.len();
        let read = program(g, &places, depth);
        let mut ends = Vec::new();
        let mut conditions = Vec::new();
        for (k, range) in element.ranges.iter().enumerate() {
            ends.push(program(g, &[range.lo, range.hi], k));
            let filtered = range.is_filtered(g);
            conditions.push(filtered.then(|| program(g, &[range.cond], k + 1)));
        }
        let mut walk =
            Walk { element, keys: vec![Vec::new(); pairs.len()], pairs, starts: Vec::new() };
        let key = |walk: &mut Walk, point: &[f64], taken: bool| -> Option<()> {
            let at = if taken { read.at(g, point)? } else { Vec::new() };
            walk.add(&at, &lay)
        };
        let holds = |k: usize, point: &[f64]| match &conditions[k] {
            None => Some(true),
            Some(c) => Some(c.at(g, point)?[0] != 0.0),
        };
        if depth == 0 {
            key(&mut walk, &[], true)?;
            return Some(walk);
        }
        for i in span(&ends[0].at(g, &[])?)? {
            let taken = holds(0, &[i])?;
            if depth == 1 {
                key(&mut walk, &[i], taken)?;
                continue;
            }
            walk.starts.push(walk.keys[0].len() as f64);
            if !taken {
                continue;
            }
            for j in span(&ends[1].at(g, &[i])?)? {
                let taken = holds(1, &[i, j])?;
                key(&mut walk, &[i, j], taken)?;
            }
        }
        Some(walk)
    }

    /// Adds where each pair of entries that are read at these places stands in the Hessian. `None` without room.
    fn add(&mut self, at: &[f64], lay: &Lay) -> Option<()> {
        if (self.keys[0].len() + 1).checked_mul(self.keys.len())? > lay.room {
            return None;
        }
        for (pair, keys) in self.pairs.iter().zip(&mut self.keys) {
            let entry = |k: usize| {
                let unknown = self.element.reads[k].unknown;
                let at = *at.get(k)?;
                let inside = at >= 1.0 && at <= lay.sizes[unknown] as f64 && at.fract() == 0.0;
                inside.then(|| (lay.starts[unknown] + at as usize - 1) as u32)
            };
            keys.push(match (entry(pair.reads.0), entry(pair.reads.1)) {
                (Some(i), Some(j)) => (i.max(j), i.min(j), i == j),
                _ => NOWHERE,
            });
        }
        Some(())
    }

    /// The terms of the values: for each pair, its derivative added at the places of a known column.
    fn values(&self, g: &mut Graph, pattern: &SymmetricPattern, terms: &mut Vec<ExprId>) {
        for (pair, keys) in self.pairs.iter().zip(&self.keys) {
            if keys.is_empty() {
                continue;
            }
            let places: Vec<f64> = keys
                .iter()
                .map(|&(i, j, _)| place(pattern, i, j).map_or(0.0, |k| k as f64 + 1.0))
                .collect();
            // Two reads of one entry meet twice on the diagonal.
            let twice = |&(_, _, same): &Key| same && pair.reads.0 != pair.reads.1;
            let step = self.step(g);
            let mut value = pair.value;
            if keys.iter().any(twice) {
                let weights = keys.iter().map(|k| if twice(k) { 2.0 } else { 1.0 }).collect();
                let weight = known_entry(g, "weight", weights, step);
                value = g.mul(&[weight, value]);
            }
            let at = known_entry(g, "place", places, step);
            let shape = Shape::Vector(pattern.n_values());
            let mut term = g.apply_data(Op::Place, Data::Shape(shape), &[value, at]);
            for range in self.element.ranges.iter().rev() {
                term = range.bind(g, Op::Sum, term);
            }
            terms.push(term);
        }
    }

    /// The number, from 1, of the step that the loops have reached.
    fn step(&self, g: &mut Graph) -> ExprId {
        let one = g.int(1);
        let from = |g: &mut Graph, k: usize| {
            let range = self.element.ranges[k];
            let (index, start) = (g.leaf(range.index), g.neg(range.lo));
            (index, start)
        };
        match self.element.ranges.len() {
            0 => one,
            1 => {
                let (i, start) = from(g, 0);
                g.add(&[i, start, one])
            }
            _ => {
                let (i, first) = from(g, 0);
                let outer = g.add(&[i, first, one]);
                let start = known_entry(g, "start", self.starts.clone(), outer);
                let (j, second) = from(g, 1);
                g.add(&[start, j, second, one])
            }
        }
    }
}

/// Index expressions as a function of the outer indices.
struct Indices(Program);

impl Indices {
    fn at(&self, g: &Graph, point: &[f64]) -> Option<Vec<f64>> {
        let mut out = vec![0.0; self.0.n_out()];
        self.0.run(g, point, &mut out).ok()?;
        Some(out)
    }
}

/// The whole numbers from the first to the second.
fn span(ends: &[f64]) -> Option<impl Iterator<Item = f64> + use<>> {
    let &[lo, hi] = ends else { return None };
    let whole = lo.fract() == 0.0 && hi.fract() == 0.0 && lo.abs() < 1e15 && hi.abs() < 1e15;
    whole.then(|| (lo as i64..=hi as i64).map(|i| i as f64))
}

/// An entry of a known column.
fn known_entry(g: &mut Graph, name: &str, entries: Vec<f64>, at: ExprId) -> ExprId {
    let shape = Shape::Vector(entries.len());
    let symbol = g.declare(Symbol::known(name, shape, Some(Tensor::new(shape, entries))));
    let leaf = g.leaf(symbol);
    g.apply(Op::Elem, &[leaf, at])
}

/// Where all entries lie; by diagonals where all are near the main one.
fn pattern(n: usize, walks: &[Walk]) -> Option<SymmetricPattern> {
    let keys = || walks.iter().flat_map(|w| w.keys.iter().flatten()).filter(|k| **k != NOWHERE);
    let mut entries: Vec<(u32, u32)> = keys().map(|&(i, j, _)| (j, i)).collect();
    entries.sort_unstable();
    entries.dedup();
    let below = entries.iter().filter(|(j, i)| i != j).count();
    let nnz = entries.len() + below;
    if nnz > n.saturating_mul(n) / 4 {
        return None;
    }
    let width = entries.iter().map(|(j, i)| (i - j) as usize).max().unwrap_or(0);
    if width <= MAX_WIDTH && n * (width + 1) <= 4 * entries.len() {
        return Some(SymmetricPattern::Banded { n, width, nnz });
    }
    entries.extend((0..n as u32).map(|j| (j, j)));
    entries.sort_unstable();
    entries.dedup();
    let mut starts = vec![0; n + 1];
    for &(j, _) in &entries {
        starts[j as usize + 1] += 1;
    }
    for j in 0..n {
        starts[j + 1] += starts[j];
    }
    let rows = entries.into_iter().map(|(_, i)| i as usize).collect();
    Some(SymmetricPattern::Columns { starts, rows, nnz })
}

/// The place of an entry of the lower triangle in the values.
fn place(pattern: &SymmetricPattern, i: u32, j: u32) -> Option<usize> {
    if (i, j) == (NOWHERE.0, NOWHERE.1) {
        return None;
    }
    let (i, j) = (i as usize, j as usize);
    match pattern {
        SymmetricPattern::Banded { n, .. } => Some((i - j) * n + j),
        SymmetricPattern::Columns { starts, rows, .. } => {
            let column = &rows[starts[j]..starts[j + 1]];
            column.binary_search(&i).ok().map(|k| starts[j] + k)
        }
    }
}

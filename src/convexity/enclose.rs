//! Enclosures of whole expressions: the graph evaluated over intervals, entry
//! by entry.
//!
//! In: nodes, and an array of intervals for each symbol that is not a known
//! value. Out: for each node an array of intervals that hold all its values, or
//! `None` where an operator has no interval form, a size or index is not known,
//! or the work exceeds a budget. Bodies of binders are evaluated once for every
//! value of the index. Operators that only move entries about (transposes,
//! blocks, literals) move them here by their own value function, applied to the
//! positions of the entries.
//!
//! Rigorous as far as [`super::elementary`] is.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::elementary::image;
use super::interval::Interval;
use crate::expr::{Data, ExprId, Graph, Op, SymbolId, SymbolKind};
use crate::ops::{self, Range, Value};
use crate::patience;
use crate::shape::{Shape, Tensor};

/// Entries computed at most in one evaluation.
const MAX_WORK: usize = 4_000_000;

/// An array of intervals.
#[derive(Clone, Debug)]
pub struct Arr {
    /// Its shape.
    pub shape: Shape,
    /// Its entries, row by row.
    pub data: Rc<[Interval]>,
}

impl Arr {
    /// A single interval.
    pub fn scalar(v: Interval) -> Arr {
        Arr { shape: Shape::Scalar, data: Rc::from([v]) }
    }

    /// An array of the given entries.
    pub fn new(shape: Shape, data: Vec<Interval>) -> Arr {
        Arr { shape, data: data.into() }
    }

    /// The smallest interval that holds all entries; 0 for none.
    pub fn hull(&self) -> Interval {
        self.data.iter().copied().reduce(Interval::hull).unwrap_or(Interval::ZERO)
    }

    fn exact(t: &Tensor) -> Arr {
        Arr { shape: t.shape(), data: t.data().iter().map(|&v| Interval::point(v)).collect() }
    }
}

/// Gives the values that an unknown or another open symbol ranges over.
pub type Ranges<'r> = dyn Fn(SymbolId) -> Option<Arr> + 'r;

/// Enclosures of the roots over the given ranges.
pub fn enclose(g: &Graph, roots: &[ExprId], ranges: &Ranges) -> Option<Vec<Arr>> {
    let mut run = Run {
        g,
        ranges,
        values: FxHashMap::default(),
        indices: FxHashMap::default(),
        bodies: FxHashMap::default(),
        work: 0,
    };
    run.scope(&g.reachable(roots));
    if run.work > MAX_WORK {
        return None;
    }
    roots.iter().map(|r| run.values.get(r).cloned().flatten()).collect()
}

struct Run<'a> {
    g: &'a Graph,
    ranges: &'a Ranges<'a>,
    /// `None` where a node has no enclosure.
    values: FxHashMap<ExprId, Option<Arr>>,
    indices: FxHashMap<SymbolId, f64>,
    /// Below each binder: the nodes of the condition and of the body that
    /// change with the index.
    bodies: FxHashMap<ExprId, [Rc<[ExprId]>; 2]>,
    work: usize,
}

impl Run<'_> {
    /// Computes the nodes whose indices are all set, in order.
    fn scope(&mut self, order: &[ExprId]) {
        for &e in order {
            patience::look();
            let open = |i: &SymbolId| self.indices.contains_key(i);
            if self.values.contains_key(&e) || !self.g.free_indices(e).iter().all(open) {
                continue;
            }
            crate::work::spend(8);
            let value = if self.work > MAX_WORK { None } else { self.compute(e) };
            self.work += value.as_ref().map_or(1, |v| v.data.len().max(1));
            self.values.insert(e, value);
        }
    }

    fn compute(&mut self, e: ExprId) -> Option<Arr> {
        let node = self.g.node(e);
        match (node.op, node.data) {
            (_, Data::Num(n)) => Some(Arr::scalar(match n.as_ratio() {
                Some((num, den)) => Interval::ratio(num, den),
                None => Interval::point(n.value()),
            })),
            (Op::Symbol, Data::Symbol(s)) => self.symbol(s),
            (Op::If, _) => self.branch(node.args),
            (op, _) if op.is_binder() => self.binder(e),
            (op, data) => {
                let args: Option<Vec<Arr>> =
                    node.args.iter().map(|a| self.values.get(a).cloned().flatten()).collect();
                let args = args?;
                self.work += cost(op, &args);
                apply(op, data, node.shape, &args)
            }
        }
    }

    fn symbol(&self, s: SymbolId) -> Option<Arr> {
        let symbol = self.g.symbol(s);
        match symbol.kind {
            SymbolKind::Index => self.indices.get(&s).map(|&v| Arr::scalar(Interval::point(v))),
            SymbolKind::Known => symbol.value.as_ref().map(Arr::exact),
            SymbolKind::Unknown => (self.ranges)(s),
        }
    }

    fn branch(&self, args: &[ExprId]) -> Option<Arr> {
        let value = |k: usize| self.values.get(&args[k]).cloned().flatten();
        let cond = value(0)?.data.first().copied()?;
        if !cond.contains(0.0) {
            return value(1);
        }
        if cond == Interval::ZERO {
            return value(2);
        }
        zip(&value(1)?, &value(2)?, |a, b| Some(a.hull(b)))
    }

    /// The whole number that an end of a range is.
    fn end(&self, e: ExprId) -> Option<i64> {
        let v = self.values.get(&e)?.as_ref()?.data[0];
        (v.is_point() && v.lo.fract() == 0.0 && v.lo.abs() < 1e15).then_some(v.lo as i64)
    }

    fn binder(&mut self, e: ExprId) -> Option<Arr> {
        let range = Range::of(self.g, e)?;
        let (op, shape, body) = (self.g.op(e), self.g.shape(e), self.g.args(e)[Op::BINDER_BODY]);
        let (lo, hi) = (self.end(range.lo)?, self.end(range.hi)?);
        let [in_cond, in_body] = self.below(e, range, body);
        let mut terms = Vec::new();
        let mut outcome = Some(());
        for i in lo..=hi {
            self.indices.insert(range.index, i as f64);
            for changing in in_cond.iter().chain(in_body.iter()) {
                self.values.remove(changing);
            }
            self.scope(&in_cond);
            let cond = self.values.get(&range.cond).cloned().flatten().map(|c| c.data[0]);
            match cond {
                Some(c) if c == Interval::ZERO => continue,
                // Whether the term is taken must be known.
                Some(c) if !c.contains(0.0) => self.scope(&in_body),
                _ => outcome = None,
            }
            match self.values.get(&body).cloned().flatten() {
                Some(term) if self.work <= MAX_WORK && outcome.is_some() => terms.push(term),
                _ => {
                    outcome = None;
                    break;
                }
            }
        }
        self.indices.remove(&range.index);
        outcome?;
        join(op, shape, &terms)
    }

    fn below(&mut self, e: ExprId, range: Range, body: ExprId) -> [Rc<[ExprId]>; 2] {
        let g = self.g;
        let changing = |root: ExprId| -> Rc<[ExprId]> {
            let all = g.reachable(&[root]);
            all.into_iter().filter(|&n| g.depends_on(n, range.index)).collect()
        };
        self.bodies.entry(e).or_insert_with(|| [changing(range.cond), changing(body)]).clone()
    }
}

/// Products of matrices cost more than their entries.
fn cost(op: Op, args: &[Arr]) -> usize {
    if op == Op::MatMul {
        let inner = args.windows(2).map(|w| w[0].data.len().saturating_mul(w[1].shape.cols()));
        return inner.fold(0, usize::saturating_add);
    }
    if op == Op::Elem { 1 } else { args.iter().map(|a| a.data.len()).sum() }
}

fn zip(a: &Arr, b: &Arr, f: impl Fn(Interval, Interval) -> Option<Interval>) -> Option<Arr> {
    let shape = if a.shape.is_scalar() { b.shape } else { a.shape };
    let at = |x: &Arr, k: usize| if x.shape.is_scalar() { x.data[0] } else { x.data[k] };
    let data: Option<Rc<[Interval]>> = (0..shape.len()).map(|k| f(at(a, k), at(b, k))).collect();
    Some(Arr { shape, data: data? })
}

/// An operator that is neither a leaf, a branch nor a binder.
fn apply(op: Op, data: Data, shape: Shape, args: &[Arr]) -> Option<Arr> {
    let fold = |start: Interval, f: fn(Interval, Interval) -> Interval| {
        args.iter().try_fold(Arr::scalar(start), |acc, a| zip(&acc, a, |x, y| Some(f(x, y))))
    };
    match op {
        Op::Add => fold(Interval::ZERO, |a, b| a + b),
        Op::Mul | Op::Had => fold(Interval::ONE, |a, b| a * b),
        Op::MatMul => args[1..].iter().try_fold(args[0].clone(), |acc, a| product(&acc, a)),
        Op::Dot => zip(&args[0], &flat_like(&args[1], &args[0]), |a, b| Some(a * b))
            .and_then(|p| reduce(Op::SumAll, &p.data))
            .map(Arr::scalar),
        Op::Tr => {
            let n = args[0].shape.cols();
            let diagonal: Vec<Interval> = (0..n).map(|i| args[0].data[i * n + i]).collect();
            reduce(Op::SumAll, &diagonal).map(Arr::scalar)
        }
        Op::CumSum => {
            let mut total = Interval::ZERO;
            let mut sums = Vec::with_capacity(args[0].data.len());
            for &v in args[0].data.iter() {
                total = total + v;
                sums.push(total);
            }
            Some(Arr::new(shape, sums))
        }
        Op::Elem => entry(args),
        Op::Transpose
        | Op::Diag
        | Op::Fill
        | Op::Bcast
        | Op::Block
        | Op::Place
        | Op::PlaceBlock
        | Op::Reshape
        | Op::Stack
        | Op::Eye => moved(op, data, shape, args),
        _ if ops::def(op).is_elementwise() => match args {
            [a] => {
                let values: Option<Rc<[Interval]>> =
                    a.data.iter().map(|&x| image(op, &[x])).collect();
                Some(Arr { shape: a.shape, data: values? })
            }
            [a, b] => zip(a, b, |x, y| image(op, &[x, y])),
            _ => None,
        },
        _ => lines(op, shape, &args[0]),
    }
}

/// A column and a row of one length have their entries in the same order.
fn flat_like(a: &Arr, like: &Arr) -> Arr {
    Arr { shape: like.shape, data: a.data.clone() }
}

fn product(a: &Arr, b: &Arr) -> Option<Arr> {
    let (m, inner, n) = (a.shape.rows(), a.shape.cols(), b.shape.cols());
    let shape = a.shape.product(b.shape)?;
    let mut out = vec![Interval::ZERO; m * n];
    for i in 0..m {
        for k in 0..inner {
            let factor = a.data[i * inner + k];
            if factor == Interval::ZERO {
                continue;
            }
            for j in 0..n {
                out[i * n + j] = out[i * n + j] + factor * b.data[k * n + j];
            }
        }
    }
    Some(Arr::new(shape, out))
}

fn entry(args: &[Arr]) -> Option<Arr> {
    let shape = args[0].shape;
    let place = |k: usize| {
        let v = args[k].data[0];
        (v.is_point() && v.lo.fract() == 0.0 && v.lo >= 1.0).then(|| v.lo as usize - 1)
    };
    let flat = match args.len() {
        2 => place(1)?,
        _ => {
            let (i, j) = (place(1)?, place(2)?);
            if i >= shape.rows() || j >= shape.cols() {
                return None;
            }
            i * shape.cols() + j
        }
    };
    args[0].data.get(flat).map(|&v| Arr::scalar(v))
}

/// Entries moved to where the operator's own value function puts their
/// positions, which count from 1; a 0 stays one.
fn moved(op: Op, data: Data, shape: Shape, args: &[Arr]) -> Option<Arr> {
    let Value::Tensor(f) = ops::def(op).value else { return None };
    let mut entries = vec![Interval::ZERO];
    let mut positions = Vec::with_capacity(args.len());
    for (k, arg) in args.iter().enumerate() {
        if k > 0 && op != Op::Stack {
            // An index.
            let v = arg.data[0];
            positions.push(Tensor::scalar(v.is_point().then_some(v.lo)?));
            continue;
        }
        let own: Vec<f64> = (0..arg.data.len()).map(|j| (entries.len() + j) as f64).collect();
        entries.extend(arg.data.iter());
        positions.push(Tensor::new(arg.shape, own));
    }
    if op == Op::Eye {
        entries.push(Interval::ONE);
    }
    let placed = f(&positions, data);
    let values: Option<Rc<[Interval]>> = placed
        .data()
        .iter()
        .map(|&p| entries.get(p as usize).copied().filter(|_| p >= 0.0))
        .collect();
    Some(Arr { shape, data: values? })
}

/// A reduction of all entries, of every row or of every column.
fn lines(op: Op, shape: Shape, a: &Arr) -> Option<Arr> {
    let (m, n) = (a.shape.rows(), a.shape.cols());
    let (whole, by_row) = match op {
        Op::RowSum => (Op::SumAll, true),
        Op::RowMean => (Op::MeanAll, true),
        Op::RowMax => (Op::MaxAll, true),
        Op::RowLogSumExp => (Op::LogSumExpAll, true),
        Op::ColSum => (Op::SumAll, false),
        Op::ColMean => (Op::MeanAll, false),
        Op::ColMax => (Op::MaxAll, false),
        Op::ColLogSumExp => (Op::LogSumExpAll, false),
        _ => return reduce(op, &a.data).map(Arr::scalar),
    };
    let line = |k: usize| -> Vec<Interval> {
        let at = |j: usize| if by_row { a.data[k * n + j] } else { a.data[j * n + k] };
        (0..if by_row { n } else { m }).map(at).collect()
    };
    let values: Option<Rc<[Interval]>> =
        (0..if by_row { m } else { n }).map(|k| reduce(whole, &line(k))).collect();
    Some(Arr { shape, data: values? })
}

/// A reduction of numbers to one.
pub fn reduce(op: Op, xs: &[Interval]) -> Option<Interval> {
    let sum =
        |f: fn(Interval) -> Interval| xs.iter().fold(Interval::ZERO, |total, &x| total + f(x));
    let exp = |x: Interval| image(Op::Exp, &[x]).unwrap_or(Interval::ALL);
    match op {
        Op::SumAll => Some(sum(|x| x)),
        Op::MeanAll => Some(sum(|x| x) / Interval::point(xs.len() as f64)),
        Op::ProdAll => Some(xs.iter().fold(Interval::ONE, |p, &x| p * x)),
        Op::SumSq => Some(sum(|x| x.powi(2))),
        Op::Norm => Some(sum(|x| x.powi(2)).sqrt()),
        Op::Norm1 => Some(sum(Interval::abs)),
        Op::MaxAll => xs.iter().copied().reduce(|a, b| image(Op::Max2, &[a, b]).unwrap_or(a)),
        Op::MinAll => xs.iter().copied().reduce(|a, b| image(Op::Min2, &[a, b]).unwrap_or(a)),
        Op::NormInf => {
            xs.iter().map(|x| x.abs()).reduce(|a, b| image(Op::Max2, &[a, b]).unwrap_or(a))
        }
        Op::LogSumExpAll => {
            let total = xs.iter().fold(Interval::ZERO, |t, &x| t + exp(x));
            image(Op::Log, &[total])
        }
        _ => None,
    }
}

/// The terms of a binder together.
fn join(op: Op, shape: Shape, terms: &[Arr]) -> Option<Arr> {
    let whole = match op {
        Op::Sum => Op::Add,
        Op::Prod => Op::Mul,
        Op::Comp => {
            return Some(Arr::new(shape, terms.iter().flat_map(|t| t.data.to_vec()).collect()));
        }
        Op::Max | Op::Min | Op::LogSumExp => {
            let reduction = match op {
                Op::Max => Op::MaxAll,
                Op::Min => Op::MinAll,
                _ => Op::LogSumExpAll,
            };
            let entries: Vec<Interval> = terms.iter().map(|t| t.data[0]).collect();
            return reduce(reduction, &entries).map(Arr::scalar);
        }
        _ => return None,
    };
    if terms.is_empty() {
        let neutral = if op == Op::Sum { Interval::ZERO } else { Interval::ONE };
        return Some(Arr::new(shape, vec![neutral; shape.len()]));
    }
    apply(whole, Data::None, shape, terms)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entry `index` of a column, and the first of that row of a matrix, both of three rows.
    fn reads(index: f64) -> [Option<Arr>; 2] {
        let column = Arr::new(Shape::Vector(3), vec![Interval::point(7.0); 3]);
        let matrix = Arr::new(Shape::Matrix(3, 2), vec![Interval::point(7.0); 6]);
        let (at, one) = (Arr::scalar(Interval::point(index)), Arr::scalar(Interval::point(1.0)));
        [entry(&[column, at.clone()]), entry(&[matrix, at, one])]
    }

    #[test]
    fn indices_that_name_no_entry_enclose_nothing() {
        for index in [0.0, -1.0, 4.0, 1.5, f64::NAN, f64::INFINITY, 1e300] {
            assert!(reads(index).iter().all(Option::is_none), "{index}");
        }
        assert!(reads(3.0).iter().all(Option::is_some));
    }
}

//! The plain evaluator: slow, obvious, and the oracle for compiled code.
//!
//! In: expressions, and values for their unknowns. Out: [`Tensor`]s, or an
//! [`EvalError`] that names the node at fault. Values are computed on demand:
//! a branch that is not taken is not looked at, and a body is computed once
//! for every value of its index. It reads the operator table and nothing else.

mod others;
mod scatter;

use rustc_hash::FxHashMap;

use crate::expr::{Data, ExprId, Graph, Op, SymbolId, SymbolKind};
use crate::memory::{self, OutOfMemory};
use crate::ops::{self, Range, Value};
use crate::patience;
use crate::shape::{Shape, Tensor, in_words};
use crate::special;
use others::Others;

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq)]
pub enum EvalError {
    /// A symbol without a value.
    Unassigned {
        /// The symbol.
        symbol: SymbolId,
    },
    /// An index or an end of a range that is not a whole number.
    NotWhole {
        /// The node that reads or binds.
        node: ExprId,
        /// What was found.
        value: f64,
    },
    /// An index outside its array.
    Outside {
        /// The node that reads.
        node: ExprId,
        /// The index.
        index: f64,
        /// The size along that axis.
        size: usize,
    },
    /// `max`, `min` or `mean` of nothing.
    Empty {
        /// The node.
        node: ExprId,
    },
    /// An array that is larger than memory.
    OutOfMemory {
        /// The node.
        node: ExprId,
        /// How large it is, and how much there is.
        error: Box<OutOfMemory>,
    },
}

/// The values of `exprs`. `unknown` gives the values of unknowns; known values
/// are those of the graph.
pub fn evaluate(
    g: &Graph,
    exprs: &[ExprId],
    unknown: &dyn Fn(SymbolId) -> Option<Tensor>,
) -> Result<Vec<Tensor>, EvalError> {
    let mut run = Evaluation::new(g, unknown);
    exprs.iter().map(|&e| run.value(e).map(Val::into_tensor)).collect()
}

/// The value of an expression without unknowns.
pub fn evaluate_known(g: &Graph, e: ExprId) -> Result<Tensor, EvalError> {
    evaluate(g, &[e], &|_| None).map(|mut v| v.swap_remove(0))
}

/// Entries that one evaluation of `exprs` computes, roughly: ranges of unknown length count as 100.
pub fn work(g: &Graph, exprs: &[ExprId]) -> usize {
    let order = g.reachable(exprs);
    let mut turns: FxHashMap<SymbolId, usize> = FxHashMap::default();
    for range in order.iter().filter_map(|&e| Range::of(g, e)) {
        let n = ops::count(g, range.lo, range.hi).unwrap_or(100);
        turns.entry(range.index).and_modify(|m| *m = n.max(*m)).or_insert(n);
    }
    let times = |e: &ExprId| {
        let own = g.free_indices(*e).iter().map(|i| turns.get(i).copied().unwrap_or(1));
        own.fold(g.shape(*e).len(), usize::saturating_mul)
    };
    order.iter().map(times).fold(0, usize::saturating_add)
}

/// A number or an array; numbers need no allocation.
#[derive(Clone)]
enum Val {
    Scalar(f64),
    Array(Tensor),
}

impl Val {
    fn into_tensor(self) -> Tensor {
        match self {
            Val::Scalar(v) => Tensor::scalar(v),
            Val::Array(t) => t,
        }
    }

    fn number(&self) -> f64 {
        match self {
            Val::Scalar(v) => *v,
            Val::Array(t) => t.data()[0],
        }
    }
}

impl From<Tensor> for Val {
    fn from(t: Tensor) -> Val {
        match t.as_scalar() {
            Some(v) => Val::Scalar(v),
            None => Val::Array(t),
        }
    }
}

/// One evaluation, with the values found so far.
pub struct Evaluation<'a> {
    g: &'a Graph,
    unknown: &'a dyn Fn(SymbolId) -> Option<Tensor>,
    values: FxHashMap<ExprId, (u64, Val)>,
    /// Products that leave one factor out.
    others: FxHashMap<ExprId, Others>,
    /// Current value of each open index, and the time it was set.
    indices: FxHashMap<SymbolId, (u64, f64)>,
    clock: u64,
}

impl<'a> Evaluation<'a> {
    /// An evaluation that has computed nothing yet.
    pub fn new(g: &'a Graph, unknown: &'a dyn Fn(SymbolId) -> Option<Tensor>) -> Self {
        Evaluation {
            g,
            unknown,
            values: FxHashMap::default(),
            others: FxHashMap::default(),
            indices: FxHashMap::default(),
            clock: 0,
        }
    }

    /// The value of a node, with bound indices set by [`Self::set_index`].
    pub fn tensor(&mut self, e: ExprId) -> Result<Tensor, EvalError> {
        self.value(e).map(Val::into_tensor)
    }

    /// Sets the value of an index, for looking inside the body of a binder.
    pub fn set_index(&mut self, index: SymbolId, value: f64) {
        self.clock += 1;
        self.indices.insert(index, (self.clock, value));
    }

    fn value(&mut self, e: ExprId) -> Result<Val, EvalError> {
        if let Some((time, value)) = self.values.get(&e) {
            let current = |i: &SymbolId| self.indices.get(i).is_some_and(|(set, _)| set <= time);
            if self.g.free_indices(e).iter().all(current) {
                return Ok(value.clone());
            }
        }
        memory::poll();
        patience::look();
        // Graphs may be deeper than the stack is long.
        let value = crate::memory::deep(|| self.compute(e))?;
        self.values.insert(e, (self.clock, value.clone()));
        Ok(value)
    }

    fn compute(&mut self, e: ExprId) -> Result<Val, EvalError> {
        let node = self.g.node(e);
        match (node.op, node.data) {
            (_, Data::Num(n)) => Ok(Val::Scalar(n.value())),
            (Op::Symbol, Data::Symbol(s)) => self.symbol(s),
            (Op::If, _) => {
                let taken = if self.value(node.args[0])?.number() != 0.0 { 1 } else { 2 };
                self.value(node.args[taken])
            }
            (Op::Elem, _) => self.entry(e),
            (op, _) if op.is_binder() => self.binder(e),
            _ => self.apply(e),
        }
    }

    fn symbol(&self, s: SymbolId) -> Result<Val, EvalError> {
        let symbol = self.g.symbol(s);
        let found = match symbol.kind {
            SymbolKind::Index => {
                return self
                    .indices
                    .get(&s)
                    .map(|(_, v)| Val::Scalar(*v))
                    .ok_or(EvalError::Unassigned { symbol: s });
            }
            SymbolKind::Known => symbol.value.clone(),
            SymbolKind::Unknown => (self.unknown)(s),
        };
        found.map(Val::from).ok_or(EvalError::Unassigned { symbol: s })
    }

    /// Whether there is room for the value of a node.
    fn check_room(&self, node: ExprId) -> Result<(), EvalError> {
        let shape = self.g.shape(node);
        if shape.is_scalar() {
            return Ok(());
        }
        memory::claim_numbers(shape.checked_len().unwrap_or(usize::MAX), &|| in_words(shape).into())
            .map_err(|error| EvalError::OutOfMemory { node, error: Box::new(error) })
    }

    fn apply(&mut self, e: ExprId) -> Result<Val, EvalError> {
        if let Some(scaled) = self.scaled_scatter(e)? {
            return Ok(Val::Array(scaled));
        }
        let node = self.g.node(e);
        let mut args = Vec::with_capacity(node.args.len());
        for &a in node.args {
            args.push(self.value(a)?);
        }
        self.check_room(e)?;
        Ok(match (ops::def(node.op).value, &args[..]) {
            (Value::Unary(f), [Val::Scalar(a)]) => Val::Scalar(f(*a)),
            (Value::Binary(f), [Val::Scalar(a), Val::Scalar(b)]) => Val::Scalar(f(*a, *b)),
            (Value::Unary(f), _) => args.swap_remove(0).into_tensor().map(f).into(),
            (Value::Binary(f), [a, b]) => {
                a.clone().into_tensor().zip(&b.clone().into_tensor(), f).into()
            }
            (Value::Tensor(f), _) => {
                let args: Vec<Tensor> = args.into_iter().map(Val::into_tensor).collect();
                self.check_block(e, &args)?;
                f(&args, node.data).into()
            }
            _ => Val::Scalar(f64::NAN),
        })
    }

    /// A block must lie inside its array.
    fn check_block(&self, e: ExprId, args: &[Tensor]) -> Result<(), EvalError> {
        let (Op::Block, Data::Shape(part)) = (self.g.op(e), self.g.node(e).data) else {
            return Ok(());
        };
        if part.is_empty() {
            return Ok(());
        }
        let whole = args[0].shape();
        for (k, (size, room)) in
            [(part.rows(), whole.rows()), (part.cols(), whole.cols())].into_iter().enumerate()
        {
            let first = args[k + 1].data()[0];
            self.check_index(e, first, room)?;
            self.check_index(e, first + size as f64 - 1.0, room)?;
        }
        Ok(())
    }

    fn check_index(&self, node: ExprId, index: f64, size: usize) -> Result<usize, EvalError> {
        if index.fract() != 0.0 || !index.is_finite() {
            return Err(EvalError::NotWhole { node, value: index });
        }
        if index < 1.0 || index > size as f64 {
            return Err(EvalError::Outside { node, index, size });
        }
        Ok(index as usize - 1)
    }

    fn entry(&mut self, e: ExprId) -> Result<Val, EvalError> {
        let args = self.g.args(e).to_vec();
        let array = self.value(args[0])?.into_tensor();
        let shape = array.shape();
        let mut place = [0, 0];
        let sizes = match (args.len(), shape) {
            (2, Shape::Matrix(1, n)) => [n, 1],
            _ => [shape.rows(), shape.cols()],
        };
        for (k, &index) in args[1..].iter().enumerate() {
            let i = self.value(index)?.number();
            place[k] = self.check_index(e, i, sizes[k])?;
        }
        Ok(Val::Scalar(array.data()[place[0] * sizes[1] + place[1]]))
    }

    /// The values that the index of a binder takes, first and last.
    fn ends(&mut self, e: ExprId, range: Range) -> Result<(i64, i64), EvalError> {
        let mut ends = [0; 2];
        for (end, arg) in ends.iter_mut().zip([range.lo, range.hi]) {
            let value = self.value(arg)?.number();
            if value.fract() != 0.0 || !value.is_finite() {
                return Err(EvalError::NotWhole { node: e, value });
            }
            *end = value as i64;
        }
        Ok((ends[0], ends[1]))
    }

    /// What an index was before a loop over it.
    fn restore(&mut self, index: SymbolId, outer: Option<(u64, f64)>) {
        match outer {
            Some(value) => self.indices.insert(index, value),
            None => self.indices.remove(&index),
        };
    }

    fn binder(&mut self, e: ExprId) -> Result<Val, EvalError> {
        let node = self.g.node(e);
        let (op, shape, body) = (node.op, node.shape, node.args[Op::BINDER_BODY]);
        let Some(range) = Range::of(self.g, e) else { return Ok(Val::Scalar(f64::NAN)) };
        self.check_room(e)?;
        let (lo, hi) = self.ends(e, range)?;
        let outer = self.indices.get(&range.index).copied();
        if let Some(product) = self.product_but_one(e, range, (lo, hi))? {
            self.restore(range.index, outer);
            return Ok(Val::Scalar(product));
        }
        let mut terms = Terms::new(op, shape);
        for i in lo..=hi {
            self.set_index(range.index, i as f64);
            if self.value(range.cond)?.number() != 0.0 {
                terms.take(self.value(body)?, i as f64);
            }
        }
        self.restore(range.index, outer);
        terms.finish().ok_or(EvalError::Empty { node: e })
    }
}

/// The terms of a binder as they come.
struct Terms {
    op: Op,
    shape: Shape,
    total: Vec<f64>,
    seen: Vec<f64>,
    any: bool,
    largest: special::Largest,
}

impl Terms {
    fn new(op: Op, shape: Shape) -> Terms {
        let start = ops::neutral(op).value();
        let total = if op == Op::Comp { Vec::new() } else { vec![start; shape.len()] };
        Terms { op, shape, total, seen: Vec::new(), any: false, largest: Default::default() }
    }

    /// Takes the term at an index.
    fn take(&mut self, term: Val, at: f64) {
        self.any = true;
        let combine: fn(f64, f64) -> f64 = match self.op {
            Op::Sum => |a, b| a + b,
            Op::Prod => |a, b| a * b,
            Op::Min => special::min,
            Op::Max => special::max,
            Op::ArgMax => return self.largest.take(term.number(), at),
            Op::ArgMin => return self.largest.take(-term.number(), at),
            Op::Comp => match term {
                Val::Scalar(v) => return self.seen.push(v),
                Val::Array(row) => return self.seen.extend_from_slice(row.data()),
            },
            _ => return self.seen.push(term.number()),
        };
        match term {
            Val::Scalar(v) => self.total[0] = combine(self.total[0], v),
            Val::Array(t) => {
                self.total.iter_mut().zip(t.data()).for_each(|(a, &b)| *a = combine(*a, b))
            }
        }
    }

    fn finish(self) -> Option<Val> {
        match self.op {
            Op::Comp => Some(Val::Array(Tensor::new(self.shape, self.seen))),
            Op::LogSumExp => Some(Val::Scalar(special::logsumexp(&self.seen))),
            Op::Min | Op::Max if !self.any => None,
            Op::ArgMin | Op::ArgMax => self.largest.place().map(Val::Scalar),
            _ => Some(Tensor::new(self.shape, self.total).into()),
        }
    }
}

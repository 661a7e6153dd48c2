//! The estimate of an objective from some of its rows.
//!
//! ```text
//! sum_{i=1..n} L(x_i, theta)   ->   n/b * sum_{k=1..b} L(x_{r_k}, theta),      r = b rows drawn without replacement
//! ```
//!
//! Arrays with the drawn rows take the place of the data, and every sum over the rows (an indexed sum, a sum of squares, a product
//! of matrices that contracts the rows) is scaled by n/b; a mean is not. What is linear in such sums is estimated without
//! bias (Bottou, Curtis & Nocedal 2018, sec. 3.1); the first place that is not linear is named.

use rustc_hash::{FxHashMap, FxHashSet};

use super::axes::{self, Axes, Axis};
use crate::expr::{Data, ExprId, Graph, Num, Op, Symbol, SymbolId, SymbolKind};
use crate::ops;
use crate::shape::Shape;

/// Data of which the drawn rows are taken.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// What stands for the drawn rows.
    pub symbol: SymbolId,
    /// All rows, a known expression; none where the numbers of the rows themselves are wanted, from 1.
    pub whole: Option<ExprId>,
    /// Which axes run over the rows.
    pub along: [bool; 2],
}

/// An objective of the unknowns and of drawn rows.
#[derive(Clone, Debug)]
pub struct Estimate {
    /// The estimate.
    pub value: ExprId,
    /// What it reads of the drawn rows.
    pub drawn: Vec<Drawn>,
    /// The first part of the objective that a batch estimates with bias.
    pub biased: Option<ExprId>,
}

/// Why there is no estimate.
#[derive(Clone, Debug, PartialEq)]
pub enum NoEstimate {
    /// Nothing in the objective runs over the rows.
    NoSum,
    /// Rows cannot be drawn in this part of it.
    Part(ExprId),
}

/// Where a value comes from; both may hold.
#[derive(Clone, Copy, Default, PartialEq)]
struct Origin {
    /// From sums over the drawn rows.
    estimated: bool,
    /// From single rows.
    of_rows: bool,
}

/// The scope of an index that runs over the drawn rows.
#[derive(Clone, Copy)]
struct Rows {
    written: SymbolId,
    drawn: SymbolId,
}

struct Maker<'g> {
    g: &'g mut Graph,
    axes: &'g Axes,
    class: Axis,
    n: usize,
    b: usize,
    /// The numbers of the drawn rows.
    numbers: SymbolId,
    drawn: Vec<Drawn>,
    origins: FxHashMap<ExprId, Origin>,
    biased: Option<ExprId>,
    /// What holds dropout, and so is not known before a step.
    noisy: FxHashSet<ExprId>,
    /// Nodes outside of the scopes of indices over the rows.
    outside: FxHashMap<ExprId, ExprId>,
}

/// The estimate of `f` by `b` rows of the axes in `class`.
///
/// # Errors
///
/// Where nothing is summed over the rows, or rows cannot be drawn in a part of `f`.
pub fn estimate(
    g: &mut Graph,
    axes: &Axes,
    class: Axis,
    f: ExprId,
    b: usize,
) -> Result<Estimate, NoEstimate> {
    let n = ops::axis_length(g.shape(class.0), class.1);
    let numbers = g.declare(Symbol::unknown("row", Shape::Vector(b)));
    let mut noisy = FxHashSet::default();
    for e in g.reachable(&[f]) {
        if g.op(e) == Op::Dropout || g.args(e).iter().any(|a| noisy.contains(a)) {
            noisy.insert(e);
        }
    }
    let drawn = vec![Drawn { symbol: numbers, whole: None, along: [true, false] }];
    let mut maker = Maker {
        g,
        axes,
        class,
        n,
        b,
        numbers,
        drawn,
        origins: FxHashMap::default(),
        biased: None,
        noisy,
        outside: FxHashMap::default(),
    };
    let value = maker.scope(f, None, &mut FxHashMap::default()).map_err(NoEstimate::Part)?;
    // A sum of data alone is known, and needs no estimate.
    if !maker.origin(value).estimated && !maker.sums(f) {
        return Err(NoEstimate::NoSum);
    }
    let Maker { g, drawn, biased, .. } = maker;
    let used = g.unknowns(&[value]);
    let drawn = drawn.into_iter().filter(|d| used.contains(&d.symbol)).collect();
    Ok(Estimate { value, drawn, biased })
}

type Memo = FxHashMap<ExprId, ExprId>;

impl Maker<'_> {
    /// The estimate of a part, in the scope of an index over the rows or outside of any. `memo` holds what depends on that index.
    fn scope(
        &mut self,
        root: ExprId,
        rows: Option<Rows>,
        memo: &mut Memo,
    ) -> Result<ExprId, ExprId> {
        let mut stack = vec![(root, false)];
        while let Some((e, ready)) = stack.pop() {
            if self.known(e, rows, memo).is_some() {
                continue;
            }
            if ready || self.is_whole(e) {
                let new = self.node(e, rows, memo)?;
                match rows.filter(|r| self.g.depends_on(e, r.written)) {
                    Some(_) => memo.insert(e, new),
                    None => self.outside.insert(e, new),
                };
                continue;
            }
            crate::patience::look();
            stack.push((e, true));
            let args = self.g.args(e).to_vec();
            // The body of a binder is a scope of its own.
            let args = if self.g.op(e).is_binder() { &args[..Op::BINDER_COND] } else { &args[..] };
            stack.extend(args.iter().map(|&a| (a, false)));
        }
        self.known(root, rows, memo).ok_or(root)
    }

    /// Whether anything below a node is taken over the rows.
    fn sums(&self, root: ExprId) -> bool {
        self.g.reachable(&[root]).into_iter().any(|e| match ops::Range::of(self.g, e) {
            Some(range) => self.runs_over_rows(e, range, self.along(e)),
            None => self.reduced(e, self.g.args(e)).is_some(),
        })
    }

    fn known(&self, e: ExprId, rows: Option<Rows>, memo: &Memo) -> Option<ExprId> {
        match rows.filter(|r| self.g.depends_on(e, r.written)) {
            Some(_) => memo.get(&e).copied(),
            None => self.outside.get(&e).copied(),
        }
    }

    /// Whether nothing below a node is looked at: it is known, or a leaf.
    fn is_whole(&self, e: ExprId) -> bool {
        let closed = !self.g.has_unknown(e) && self.g.free_indices(e).is_empty();
        (closed && !self.noisy.contains(&e)) || self.g.as_symbol(e).is_some()
    }

    fn along(&self, e: ExprId) -> [bool; 2] {
        let long = |axis| ops::axis_length(self.g.shape(e), axis) > 1;
        [0, 1].map(|axis| long(axis) && self.axes.class((e, axis)) == self.class)
    }

    fn origin(&self, e: ExprId) -> Origin {
        self.origins.get(&e).copied().unwrap_or_default()
    }

    fn with(&mut self, e: ExprId, origin: Origin) -> ExprId {
        if origin != Origin::default() {
            self.origins.insert(e, origin);
        }
        e
    }

    fn node(&mut self, e: ExprId, rows: Option<Rows>, memo: &mut Memo) -> Result<ExprId, ExprId> {
        let along = self.along(e);
        let runs = along[0] || along[1];
        if self.is_whole(e) {
            return self.leaf(e, along, rows);
        }
        if self.g.op(e).is_binder() {
            return self.binder(e, along, rows, memo);
        }
        if matches!(self.g.op(e), Op::Elem | Op::Block)
            && let Some(read) = self.read(e, along, rows, memo)
        {
            return Ok(read);
        }
        let written = self.g.args(e).to_vec();
        let args: Vec<ExprId> =
            written.iter().map(|&a| self.known(a, rows, memo).unwrap_or(a)).collect();
        if runs && !self.follows_rows(e) {
            return self.gathered(e, along);
        }
        if self.g.op(e) == Op::Running {
            // A statistic of the batch is what is asked for.
            return ops::build(self.g, Op::Running, Data::None, &args).map_err(|_| e);
        }
        self.note_bias(e, &args);
        let mut origin = args.iter().fold(Origin::default(), |all, &a| {
            let own = self.origin(a);
            Origin {
                estimated: all.estimated || own.estimated,
                of_rows: all.of_rows || own.of_rows,
            }
        });
        let (op, data) = (self.g.op(e), self.g.node(e).data);
        let data = match data {
            Data::Shape(shape) => Data::Shape(self.shortened(shape, along)),
            data => data,
        };
        let new = ops::build(self.g, op, data, &args).map_err(|_| e)?;
        let Some(power) = self.reduced(e, &written) else {
            return Ok(self.with(new, origin));
        };
        // A reduction over the rows.
        origin = Origin { estimated: true, of_rows: runs && origin.of_rows };
        let scaled = self.scaled(new, op, power);
        Ok(self.with(scaled, origin))
    }

    /// Known values and leaves.
    fn leaf(&mut self, e: ExprId, along: [bool; 2], rows: Option<Rows>) -> Result<ExprId, ExprId> {
        let of_rows = Origin { estimated: false, of_rows: true };
        let symbol = self.g.as_symbol(e);
        if let (Some(rows), true) = (rows, symbol == rows.map(|r| r.written)) {
            let (numbers, k) = (self.g.leaf(self.numbers), self.g.leaf(rows.drawn));
            let number = self.g.apply(Op::Elem, &[numbers, k]);
            return Ok(self.with(number, of_rows));
        }
        if along == [false; 2] {
            return Ok(e);
        }
        if symbol.is_some_and(|s| self.g.symbol(s).kind != SymbolKind::Known) {
            return self.gathered(e, along);
        }
        let shape = self.shortened(self.g.shape(e), along);
        let name = symbol.map_or("data".to_string(), |s| self.g.symbol(s).name.clone());
        let symbol = self.g.declare(Symbol::unknown(&name, shape));
        self.drawn.push(Drawn { symbol, whole: Some(e), along });
        let leaf = self.g.leaf(symbol);
        Ok(self.with(leaf, of_rows))
    }

    /// An array of which the drawn rows are read entry by entry: one of unknowns, or one whose rows belong together.
    fn gathered(&mut self, e: ExprId, along: [bool; 2]) -> Result<ExprId, ExprId> {
        if !self.g.free_indices(e).is_empty() || along[1] {
            return Err(e);
        }
        let k = self.g.fresh_index("k", &[e]);
        let (numbers, leaf) = (self.g.leaf(self.numbers), self.g.leaf(k));
        let row = self.g.apply(Op::Elem, &[numbers, leaf]);
        let body = match self.g.shape(e) {
            Shape::Matrix(_, columns) => {
                let j = self.g.fresh_index("j", &[e, leaf]);
                let column = self.g.leaf(j);
                let entry = self.g.apply(Op::Elem, &[e, row, column]);
                let (one, hi) = (self.g.int(1), self.g.int(columns as i64));
                self.g.bind(Op::Comp, j, one, hi, one, entry)
            }
            _ => self.g.apply(Op::Elem, &[e, row]),
        };
        let (one, hi) = (self.g.int(1), self.g.int(self.b as i64));
        let array = self.g.bind(Op::Comp, k, one, hi, one, body);
        Ok(self.with(array, Origin { estimated: false, of_rows: true }))
    }

    /// Whether a node over the rows is made of the same rows of its arguments.
    fn follows_rows(&self, e: ExprId) -> bool {
        match self.g.op(e) {
            Op::Stack | Op::CumSum | Op::Place | Op::PlaceBlock | Op::Inv => false,
            // One column made of a matrix's one column, or the other way about.
            Op::Reshape => self.g.shape(self.g.args(e)[0]).rows() == self.g.shape(e).rows(),
            _ => true,
        }
    }

    fn shortened(&self, shape: Shape, along: [bool; 2]) -> Shape {
        let size = |axis: usize, n: usize| if along[axis] { self.b } else { n };
        match shape {
            Shape::Scalar => shape,
            Shape::Vector(n) => Shape::Vector(size(0, n)),
            Shape::Matrix(m, n) => Shape::Matrix(size(0, m), size(1, n)),
        }
    }

    /// A read of entries or blocks: of the drawn rows where it takes exactly one row, else of the whole array.
    fn read(
        &mut self,
        e: ExprId,
        along: [bool; 2],
        rows: Option<Rows>,
        memo: &Memo,
    ) -> Option<ExprId> {
        let written = self.g.args(e).to_vec();
        let array = written[0];
        let of_array = self.along(array);
        if of_array == [false; 2] {
            return None;
        }
        let new = |this: &Self, a: ExprId| this.known(a, rows, memo).unwrap_or(a);
        let (op, data) = (self.g.op(e), self.g.node(e).data);
        let exact = rows.and_then(|r| axes::read_at(self.g, e, r.written).map(|axis| (r, axis)));
        let takes_row = |(_, axis): &(Rows, Axis)| of_array[axis.1] && !of_array[1 - axis.1];
        let args: Vec<ExprId> = match exact.filter(takes_row) {
            Some((rows, _)) => {
                let k = self.g.leaf(rows.drawn);
                let index = |a: ExprId| self.g.as_symbol(a) == Some(rows.written);
                let places: Vec<bool> = written.iter().map(|&a| index(a)).collect();
                written
                    .iter()
                    .zip(places)
                    .map(|(&a, is_index)| if is_index { k } else { new(self, a) })
                    .collect()
            }
            // Some columns of all rows.
            None if op == Op::Block && (along[0] || along[1]) => {
                written.iter().map(|&a| new(self, a)).collect()
            }
            None => {
                let mut args: Vec<ExprId> = written.iter().map(|&a| new(self, a)).collect();
                args[0] = array;
                args
            }
        };
        let data = match data {
            Data::Shape(shape) => Data::Shape(self.shortened(shape, along)),
            data => data,
        };
        let mut origin = Origin::default();
        for &a in &args {
            origin.of_rows |= self.origin(a).of_rows;
            origin.estimated |= self.origin(a).estimated;
        }
        let read = ops::build(self.g, op, data, &args).ok()?;
        Some(self.with(read, origin))
    }

    fn binder(
        &mut self,
        e: ExprId,
        along: [bool; 2],
        rows: Option<Rows>,
        memo: &mut Memo,
    ) -> Result<ExprId, ExprId> {
        let Some(range) = ops::Range::of(self.g, e) else { return Err(e) };
        let (op, body) = (self.g.op(e), self.g.args(e)[Op::BINDER_BODY]);
        let over = rows.is_none() && self.runs_over_rows(e, range, along);
        if !over {
            if along[0] && op == Op::Comp {
                return self.gathered(e, along);
            }
            let mut inner = memo.clone();
            let cond = self.scope(range.cond, rows, &mut inner)?;
            let new = self.scope(body, rows, &mut inner)?;
            memo.extend(inner);
            let known = |this: &Self, a: ExprId| this.known(a, rows, memo).unwrap_or(a);
            let (lo, hi) = (known(self, range.lo), known(self, range.hi));
            self.note_bias(e, &[new]);
            let origin = self.origin(new);
            let bound = self.g.bind(op, range.index, lo, hi, cond, new);
            return Ok(self.with(bound, origin));
        }
        let drawn = self.g.fresh_index(&self.g.symbol(range.index).name.clone(), &[e]);
        let inside = Some(Rows { written: range.index, drawn });
        let mut inner = Memo::default();
        let cond = self.scope(range.cond, inside, &mut inner)?;
        let new = self.scope(body, inside, &mut inner)?;
        let cond = self.within(range, drawn, cond);
        let (one, hi) = (self.g.int(1), self.g.int(self.b as i64));
        let bound = self.g.bind(op, drawn, one, hi, cond, new);
        let estimated = self.origin(new).estimated;
        if op == Op::Comp {
            return Ok(self.with(bound, Origin { estimated, of_rows: true }));
        }
        if op != Op::Sum {
            self.biased.get_or_insert(e);
        }
        let power = if matches!(op, Op::Sum) { 1 } else { 0 };
        let scaled = self.scaled(bound, op, power);
        Ok(self.with(scaled, Origin { estimated: true, of_rows: false }))
    }

    /// Whether the index of a binder runs over rows, all or some of them, that are read at it.
    fn runs_over_rows(&self, e: ExprId, range: ops::Range, along: [bool; 2]) -> bool {
        let op = self.g.op(e);
        if !matches!(op, Op::Sum | Op::Prod | Op::Min | Op::Max | Op::LogSumExp | Op::Comp) {
            return false;
        }
        let ends = [range.lo, range.hi].map(|end| ops::known_value(self.g, end));
        let [Some(lo), Some(hi)] = ends else { return false };
        let whole = lo == 1.0 && hi == self.n as f64;
        if op == Op::Comp {
            return whole && along[0];
        }
        let reads = axes::reads(self.g, e, range.index);
        lo >= 1.0
            && hi <= self.n as f64
            && reads.iter().any(|&axis| self.axes.class(axis) == self.class)
    }

    /// The condition that a drawn row is in the range, and meets the condition of that.
    fn within(&mut self, range: ops::Range, drawn: SymbolId, cond: ExprId) -> ExprId {
        let whole = ops::known_value(self.g, range.lo) == Some(1.0)
            && ops::known_value(self.g, range.hi) == Some(self.n as f64);
        if whole {
            return cond;
        }
        let (numbers, k) = (self.g.leaf(self.numbers), self.g.leaf(drawn));
        let row = self.g.apply(Op::Elem, &[numbers, k]);
        let from = self.g.apply(Op::Le, &[range.lo, row]);
        let to = self.g.apply(Op::Le, &[row, range.hi]);
        let inside = self.g.apply(Op::And, &[from, to]);
        if self.g.is_one(cond) { inside } else { ops::within(self.g, inside, cond) }
    }

    /// How many times a node sums over the rows of its arguments; none where it does not take them together. What is taken
    /// together otherwise (a mean, a maximum) counts 0 times.
    fn reduced(&self, e: ExprId, args: &[ExprId]) -> Option<usize> {
        let along = |k: usize| self.along(args[k]);
        let count = |[rows, columns]: [bool; 2]| usize::from(rows) + usize::from(columns);
        let once = |is: bool, power: usize| is.then_some(power);
        match self.g.op(e) {
            Op::SumAll | Op::SumSq | Op::Norm1 | Op::Dot | Op::Norm => {
                once(count(along(0)) > 0, count(along(0)))
            }
            Op::Tr => once(along(0)[0], 1),
            Op::RowSum => once(along(0)[1], 1),
            Op::ColSum => once(along(0)[0], 1),
            Op::MatMul => {
                let contracted = |k: &usize| self.along(args[*k])[1];
                let sums = (0..args.len() - 1).filter(contracted).count();
                let diagonal = |a: &&ExprId| self.g.op(**a) == Op::Diag && self.along(**a)[0];
                let doubled = args[1..args.len() - 1].iter().filter(diagonal).count();
                once(sums > 0, sums.saturating_sub(doubled))
            }
            Op::MeanAll
            | Op::MaxAll
            | Op::MinAll
            | Op::ProdAll
            | Op::NormInf
            | Op::LogSumExpAll
            | Op::Det
            | Op::LogDet => once(count(along(0)) > 0, 0),
            Op::RowMean | Op::RowMax | Op::RowLogSumExp => once(along(0)[1], 0),
            Op::ColMean | Op::ColMax | Op::ColLogSumExp => once(along(0)[0], 0),
            _ => None,
        }
    }

    /// A sum over the drawn rows as an estimate of that over all.
    fn scaled(&mut self, e: ExprId, op: Op, power: usize) -> ExprId {
        if power == 0 || self.n == self.b {
            return e;
        }
        let ratio = Num::frac(self.n as i64, self.b as i64);
        let factor = self.g.number(ratio);
        let factor = match op {
            Op::Norm => self.g.apply(Op::Sqrt, &[factor]),
            _ => factor,
        };
        let factors: Vec<ExprId> = (0..power).map(|_| factor).chain(std::iter::once(e)).collect();
        self.g.mul(&factors)
    }

    /// Notes the first node that is not linear in sums over the drawn rows.
    fn note_bias(&mut self, e: ExprId, args: &[ExprId]) {
        if self.biased.is_some() {
            return;
        }
        let op = self.g.op(e);
        let written = self.g.args(e);
        let takes_rows = |op: Op| match op {
            Op::Norm | Op::MaxAll | Op::MinAll | Op::ProdAll | Op::NormInf | Op::LogSumExpAll => {
                self.along(written[0]) != [false; 2]
            }
            Op::Det | Op::LogDet => self.along(written[0]) != [false; 2],
            Op::RowMax | Op::RowLogSumExp => self.along(written[0])[1],
            Op::ColMax | Op::ColLogSumExp => self.along(written[0])[0],
            _ => false,
        };
        let estimated = args.iter().filter(|&&a| self.origin(a).estimated).count();
        let random = args.iter().filter(|&&a| self.origin(a) != Origin::default()).count();
        let linear = match op {
            Op::Add
            | Op::Transpose
            | Op::SumAll
            | Op::MeanAll
            | Op::RowSum
            | Op::ColSum
            | Op::RowMean
            | Op::ColMean
            | Op::Fill
            | Op::Bcast
            | Op::Elem
            | Op::Block
            | Op::Stack
            | Op::Reshape
            | Op::Diag
            | Op::Tr
            | Op::Sum
            | Op::Comp
            | Op::CumSum
            | Op::Dropout => true,
            Op::Mul | Op::Had | Op::MatMul | Op::Dot => random <= 1,
            Op::If => !self.origin(args[0]).estimated,
            _ => false,
        };
        if takes_rows(op) || (estimated > 0 && !linear) {
            self.biased = Some(e);
        }
    }
}

//! Matrices of linear maps that are written by index.
//!
//! A column `[2*x[k]*v[k] - v[k+1] + sum(y[i]*v[i] for i in 1..n) for k in 1..n]`
//! is linear in `v`. Its body is a sum of terms, each a coefficient times
//! entries of `v`: the entry `k`, one at a distance, or every entry of a range.
//! So its matrix is a diagonal, bands beside it, and products of columns, or,
//! where that is not enough, an array built by row and column index. Nothing
//! is written out: the form is the same for ten entries and for a million.

use super::linear::{diagonal, fitting, mentions};
use crate::expr::{ExprId, Graph, Num, Op, SymbolId};
use crate::ops::{self, Range, known_value};
use crate::shape::Shape;

/// What a term multiplies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// The entry of `v` at this position.
    At(ExprId),
    /// Every entry; the coefficient is that of the entry at the column index.
    Every,
}

/// `coefficient` where `cond` holds, times what it reads.
#[derive(Clone, Copy)]
struct Term {
    /// The number 1 where there is none.
    cond: ExprId,
    coefficient: ExprId,
    reads: Reads,
}

/// A row and a column index, and the direction.
struct Frame {
    v: ExprId,
    /// Entries of the direction.
    n: usize,
    /// The column index.
    column: SymbolId,
}

/// The matrix of a column built by index that is linear in the column `v`; `None` for anything else.
pub(super) fn matrix(g: &mut Graph, t: ExprId, v: ExprId) -> Option<ExprId> {
    let (Shape::Vector(m), Shape::Vector(n)) = (g.shape(t), g.shape(v)) else { return None };
    let rows = Range::of(g, t)?;
    if !g.is_one(rows.lo) || rows.is_filtered(g) {
        return None;
    }
    let frame = Frame { v, n, column: g.fresh_index("l", &[t]) };
    let body = g.args(t)[Op::BINDER_BODY];
    let terms = frame.terms(g, body)?;
    let k = g.leaf(rows.index);
    let (mut on_diagonal, mut bands, mut every) = (Vec::new(), Vec::new(), Vec::new());
    for term in terms {
        match term.reads {
            Reads::At(p) if p == k && m == frame.n => on_diagonal.push(term),
            Reads::At(p) => bands.push((p, term)),
            Reads::Every => every.push(term),
        }
    }
    if bands.is_empty() {
        let mut parts = Vec::new();
        if !on_diagonal.is_empty() {
            let entry = total(g, &on_diagonal);
            let weights = column(g, rows, entry);
            parts.push(diagonal(g, weights));
        }
        parts.extend(frame.products(g, rows, &every));
        return Some(g.add(&parts));
    }
    let entry = frame.banded(g, rows, &on_diagonal, &bands, &every);
    let columns = frame.columns(g);
    let row = columns.bind(g, Op::Comp, entry);
    Some(rows.bind(g, Op::Comp, row))
}

/// Ones on and below the diagonal: the matrix of a running sum of a column.
pub(super) fn lower_ones(g: &mut Graph, of: ExprId) -> ExprId {
    let one = g.int(1);
    let (row, column) = (g.fresh_index("k", &[]), g.fresh_index("l", &[]));
    let hi = g.size(of, 0);
    let (k, l) = (g.leaf(row), g.leaf(column));
    let cond = g.apply(Op::Le, &[l, k]);
    let zero = g.int(0);
    let entry = g.apply(Op::If, &[cond, one, zero]);
    let entries = g.bind(Op::Comp, column, one, hi, one, entry);
    g.bind(Op::Comp, row, one, hi, one, entries)
}

/// The row of a scalar that is linear in entries of the column `v`; `None` for anything else.
pub(super) fn row(g: &mut Graph, s: ExprId, v: ExprId) -> Option<ExprId> {
    let (Shape::Scalar, Shape::Vector(n)) = (g.shape(s), g.shape(v)) else { return None };
    let frame = Frame { v, n, column: g.fresh_index("l", &[s]) };
    let terms = frame.terms(g, s)?;
    let l = g.leaf(frame.column);
    let mut every = Vec::new();
    for t in terms {
        // One entry of the direction is one entry of the row.
        let cond = match t.reads {
            Reads::Every => t.cond,
            Reads::At(p) => {
                let here = g.apply(Op::Eq, &[l, p]);
                g.apply(Op::And, &[here, t.cond])
            }
        };
        every.push(Term { cond, reads: Reads::Every, ..t });
    }
    let entry = total(g, &every);
    let columns = frame.columns(g);
    let all = column(g, columns, entry);
    Some(g.transpose(all))
}

/// The sum of coefficients, each where its condition holds.
fn total(g: &mut Graph, terms: &[Term]) -> ExprId {
    let mut groups: Vec<(ExprId, Vec<ExprId>)> = Vec::new();
    for t in terms {
        match groups.iter_mut().find(|(cond, _)| *cond == t.cond) {
            Some((_, together)) => together.push(t.coefficient),
            None => groups.push((t.cond, vec![t.coefficient])),
        }
    }
    let zero = g.int(0);
    let mut parts = Vec::new();
    for (cond, together) in groups {
        let sum = g.add(&together);
        parts.push(g.apply(Op::If, &[cond, sum, zero]));
    }
    g.add(&parts)
}

/// The column with this entry at each index: an array that it reads from end
/// to end, if it is no more than that.
fn column(g: &mut Graph, range: Range, entry: ExprId) -> ExprId {
    if let (Op::Elem, &[array, at]) = (g.op(entry), g.args(entry)) {
        let all = matches!(g.shape(array), Shape::Vector(n)
            if known_value(g, range.hi) == Some(n as f64));
        if all && g.as_symbol(at) == Some(range.index) && !g.depends_on(array, range.index) {
            return array;
        }
    }
    range.bind(g, Op::Comp, entry)
}

impl Frame {
    /// The range of the column index.
    fn columns(&self, g: &mut Graph) -> Range {
        let one = g.int(1);
        let hi = g.size(self.v, 0);
        Range { index: self.column, lo: one, hi, cond: one }
    }

    /// The terms of a scalar that is linear in `v`; `None` where it is no scalar.
    fn terms(&self, g: &mut Graph, e: ExprId) -> Option<Vec<Term>> {
        if !g.shape(e).is_scalar() {
            return None;
        }
        crate::memory::deep(|| self.terms_of(g, e))
    }

    fn terms_of(&self, g: &mut Graph, e: ExprId) -> Option<Vec<Term>> {
        if g.is_zero(e) {
            return Some(Vec::new());
        }
        if !mentions(g, e, self.v) {
            return None;
        }
        let one = g.int(1);
        let args = g.args(e).to_vec();
        let single = |coefficient, reads| Some(vec![Term { cond: one, coefficient, reads }]);
        match g.op(e) {
            Op::Add => {
                let mut all = Vec::new();
                for a in args {
                    all.extend(self.terms(g, a)?);
                }
                Some(all)
            }
            Op::Mul => {
                let (moving, fixed): (Vec<ExprId>, Vec<ExprId>) =
                    args.into_iter().partition(|&a| mentions(g, a, self.v));
                let &[moving] = &moving[..] else { return None };
                let mut terms = self.terms(g, moving)?;
                for t in &mut terms {
                    t.coefficient = g.mul(&[&fixed[..], &[t.coefficient]].concat());
                }
                Some(terms)
            }
            Op::If if !mentions(g, args[0], self.v) => {
                let not = g.apply(Op::Not, &[args[0]]);
                let mut all = Vec::new();
                for (cond, branch) in [(args[0], args[1]), (not, args[2])] {
                    for mut t in self.terms(g, branch)? {
                        t.cond = g.apply(Op::And, &[cond, t.cond]);
                        all.push(t);
                    }
                }
                Some(all)
            }
            Op::Elem => match args[..] {
                [array, p] if array == self.v => single(one, Reads::At(p)),
                // A row of a product of matrices.
                [array, p] if g.op(array) == Op::MatMul && !mentions(g, p, self.v) => {
                    let l = g.leaf(self.column);
                    let (&last, before) = g.args(array).split_last()?;
                    if last != self.v || before.iter().any(|&b| mentions(g, b, self.v)) {
                        return None;
                    }
                    let before = before.to_vec();
                    let product = fitting(g, Op::MatMul, &before)?;
                    let coefficient = fitting(g, Op::Elem, &[product, p, l])?;
                    single(coefficient, Reads::Every)
                }
                _ => None,
            },
            Op::SumAll if args[0] == self.v => single(one, Reads::Every),
            Op::Sum => {
                let range = Range::of(g, e)?;
                let inner = self.terms(g, args[Op::BINDER_BODY])?;
                inner.into_iter().map(|t| self.summed(g, range, t)).collect()
            }
            _ => None,
        }
    }

    /// A term summed over an index.
    fn summed(&self, g: &mut Graph, range: Range, term: Term) -> Option<Term> {
        let position = match term.reads {
            Reads::At(p) if g.depends_on(p, range.index) => p,
            _ => {
                let (cond, filter) = if g.depends_on(term.cond, range.index) {
                    (g.int(1), g.apply(Op::And, &[range.cond, term.cond]))
                } else {
                    (term.cond, range.cond)
                };
                let coefficient =
                    g.bind(Op::Sum, range.index, range.lo, range.hi, filter, term.coefficient);
                return Some(Term { cond, coefficient, ..term });
            }
        };
        // Entry i + c is read once, where i = l - c lies in the range.
        let (i, l) = (g.leaf(range.index), g.leaf(self.column));
        let shift = g.sub(position, i);
        if g.depends_on(shift, range.index) {
            return None;
        }
        let at = g.sub(l, shift);
        let mut inside = g.int(1);
        let mut cond = g.apply(Op::And, &[range.cond, term.cond]);
        cond = ops::substitute(g, cond, &[(i, at)]);
        let coefficient = ops::substitute(g, term.coefficient, &[(i, at)]);
        let (first, last) = (g.add(&[range.lo, shift]), g.add(&[range.hi, shift]));
        if known_value(g, first).is_none_or(|x| x > 1.0) {
            inside = g.apply(Op::Ge, &[l, first]);
        }
        if known_value(g, last).is_none_or(|x| x < self.n as f64) {
            let high = g.apply(Op::Le, &[l, last]);
            inside = g.apply(Op::And, &[inside, high]);
        }
        let cond = ops::within(g, inside, cond);
        Some(Term { cond, coefficient, reads: Reads::Every })
    }

    /// Terms that read every entry: products of a column and a row where row
    /// and column index separate, else one array by both.
    fn products(&self, g: &mut Graph, rows: Range, every: &[Term]) -> Vec<ExprId> {
        let (mut parts, mut mixed) = (Vec::new(), Vec::new());
        let columns = self.columns(g);
        for term in every {
            let separated = g.is_one(term.cond).then(|| self.separated(g, rows, term)).flatten();
            match separated {
                Some((scale, left, right)) => {
                    let (left, right) = (column(g, rows, left), column(g, columns, right));
                    let right = g.transpose(right);
                    let product = g.matmul(left, right);
                    parts.push(g.mul(&[scale, product]));
                }
                None => mixed.push(*term),
            }
        }
        if !mixed.is_empty() {
            let entry = total(g, &mixed);
            let row = columns.bind(g, Op::Comp, entry);
            parts.push(rows.bind(g, Op::Comp, row));
        }
        parts
    }

    /// The factors of a coefficient by what they depend on: neither index, the
    /// row's, the column's. `None` where one depends on both.
    fn separated(
        &self,
        g: &mut Graph,
        rows: Range,
        term: &Term,
    ) -> Option<(ExprId, ExprId, ExprId)> {
        let factors = match g.op(term.coefficient) {
            Op::Mul => g.args(term.coefficient).to_vec(),
            _ => vec![term.coefficient],
        };
        let (mut scale, mut left, mut right) = (Vec::new(), Vec::new(), Vec::new());
        for f in factors {
            match (g.depends_on(f, rows.index), g.depends_on(f, self.column)) {
                (false, false) => scale.push(f),
                (true, false) => left.push(f),
                (false, true) => right.push(f),
                (true, true) => return None,
            }
        }
        Some((g.mul(&scale), g.mul(&left), g.mul(&right)))
    }

    /// The entry at row `k` and column `l` of a matrix with bands: a case for
    /// each band.
    fn banded(
        &self,
        g: &mut Graph,
        rows: Range,
        on_diagonal: &[Term],
        bands: &[(ExprId, Term)],
        every: &[Term],
    ) -> ExprId {
        let (k, l) = (g.leaf(rows.index), g.leaf(self.column));
        let mut cases: Vec<(ExprId, Vec<Term>)> = Vec::new();
        for &(p, term) in bands {
            let term = self.without_implied(g, k, p, term);
            match cases.iter_mut().find(|(q, _)| *q == p) {
                Some((_, terms)) => terms.push(term),
                None => cases.push((p, vec![term])),
            }
        }
        let mut entry = g.int(0);
        let mut crossing = Vec::new();
        for (p, terms) in cases.into_iter().rev() {
            let here = g.apply(Op::Eq, &[l, p]);
            let value = total(g, &terms);
            // Bands at fixed columns cross the others: they add up.
            let apart = !g.depends_on(p, rows.index);
            if apart {
                let zero = g.int(0);
                crossing.push(g.apply(Op::If, &[here, value, zero]));
            } else {
                entry = g.apply(Op::If, &[here, value, entry]);
            }
        }
        if !on_diagonal.is_empty() {
            let here = g.apply(Op::Eq, &[l, k]);
            let value = total(g, on_diagonal);
            entry = g.apply(Op::If, &[here, value, entry]);
        }
        crossing.insert(0, entry);
        crossing.push(total(g, every));
        g.add(&crossing)
    }

    /// A term of the band at `p = k + c` without what `1 <= p <= n` implies.
    fn without_implied(&self, g: &mut Graph, k: ExprId, p: ExprId, term: Term) -> Term {
        let shift = g.sub(p, k);
        let Some(shift) = known_value(g, shift) else { return term };
        let (first, last) = (1.0 - shift, self.n as f64 - shift);
        let mut cond = g.int(1);
        for part in conjuncts(g, term.cond) {
            let implied = match (g.op(part), g.args(part)) {
                (Op::Le, &[a, b]) if a == k => known_value(g, b).is_some_and(|b| b >= last),
                (Op::Ge, &[a, b]) if a == k => known_value(g, b).is_some_and(|b| b <= first),
                _ => false,
            };
            if !implied {
                cond = g.apply(Op::And, &[cond, part]);
            }
        }
        Term { cond, ..term }
    }
}

/// The parts of a condition that must all hold.
fn conjuncts(g: &Graph, cond: ExprId) -> Vec<ExprId> {
    let (mut parts, mut left) = (Vec::new(), vec![cond]);
    while let Some(c) = left.pop() {
        match g.op(c) {
            Op::And => left.extend(g.args(c).iter().rev()),
            _ if g.as_num(c) == Some(Num::ONE) => {}
            _ => parts.push(c),
        }
    }
    parts
}

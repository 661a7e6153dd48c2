//! The matrix of a linear map that is given as an expression in a direction.
//!
//! A directional derivative `t(v)` is linear in the direction `v`. Pulling `v`
//! out to the right gives its matrix in closed form: `X'*(s .* (X*v))` is
//! `X'*diag(s)*X` times `v`. This is how Hessians and Jacobians by columns stay
//! matrix expressions.
//!
//! Not every linear map has such a form, and no function here hopes for one: the direction is a column, what is
//! linear in it a scalar (whose matrix is a row) or a column, and anything else has `None`, as has a product whose
//! factors do not fit together. The caller then takes another way.

use super::{indexed, tangent};
use crate::expr::{Data, ExprId, Graph, Op, Symbol, SymbolId, SymbolKind};
use crate::ops::{self, Range};
use crate::shape::Shape;
use crate::simplify;

/// The Jacobian of `e` by `unknown`. By a scalar it has the shape of `e`, whatever that is; of a scalar or a column of
/// length m by a column of length n it is `1 x n` or `m x n`. `None` where no closed form is found, and always for
/// matrices by a column and for anything by a matrix.
pub fn jacobian(g: &mut Graph, e: ExprId, unknown: SymbolId) -> Option<ExprId> {
    let shape = g.symbol(unknown).shape;
    if shape.is_scalar() {
        let one = g.int(1);
        return Some(tangent(g, &[e], &[(unknown, one)])[0]);
    }
    if !is_column(shape) || !(g.shape(e).is_scalar() || is_column(g.shape(e))) {
        return None;
    }
    let direction = direction(g, unknown);
    let v = g.leaf(direction);
    let t = tangent(g, &[e], &[(unknown, v)])[0];
    let t = simplify::scattered(g, t);
    let matrix = if g.shape(e).is_scalar() { row(g, t, v) } else { matrix(g, t, v) };
    matrix.filter(|&m| !mentions(g, m, v))
}

/// The change of expressions when all unknowns move along direction symbols of
/// their shapes, for showing a Hessian that has no closed matrix form.
pub fn along(g: &mut Graph, exprs: &[ExprId], unknowns: &[SymbolId]) -> Vec<ExprId> {
    let mut pairs = Vec::new();
    for &unknown in unknowns {
        let direction = direction(g, unknown);
        pairs.push((unknown, g.leaf(direction)));
    }
    tangent(g, exprs, &pairs)
}

/// A symbol for a direction of an unknown.
fn direction(g: &mut Graph, unknown: SymbolId) -> SymbolId {
    let symbol = g.symbol(unknown);
    let (shape, dims, mut name) = (symbol.shape, symbol.dims, format!("d{}", symbol.name));
    // An unknown of that name and shape may well be the direction.
    let fits = |s: &Symbol, name: &str| {
        s.kind == SymbolKind::Unknown && s.name == name && s.shape == shape
    };
    while g.is_reserved(&name) && !g.symbols().any(|(_, s)| fits(s, &name)) {
        name.insert(0, 'd');
    }
    g.declare(Symbol { dims, ..Symbol::unknown(&name, shape) })
}

fn is_column(shape: Shape) -> bool {
    matches!(shape, Shape::Vector(_))
}

/// A node without data, where its arguments fit.
pub(super) fn fitting(g: &mut Graph, op: Op, args: &[ExprId]) -> Option<ExprId> {
    ops::build(g, op, Data::None, args).ok()
}

pub(super) fn mentions(g: &Graph, e: ExprId, v: ExprId) -> bool {
    g.reachable(&[e]).contains(&v)
}

/// The `m x n` matrix of a column `t: m` that is linear in the column `v: n`; `None` for other shapes, and where no
/// closed form is found.
pub(super) fn matrix(g: &mut Graph, t: ExprId, v: ExprId) -> Option<ExprId> {
    let (Shape::Vector(m), Shape::Vector(n)) = (g.shape(t), g.shape(v)) else { return None };
    if !Shape::Matrix(m, n).is_countable() {
        return None;
    }
    let found = crate::memory::deep(|| matrix_of(g, t, v).or_else(|| by_entries(g, t, v)));
    found.filter(|&e| g.shape(e) == Shape::Matrix(m, n))
}

fn matrix_of(g: &mut Graph, t: ExprId, v: ExprId) -> Option<ExprId> {
    let (m, n) = (g.shape(t).rows(), g.shape(v).rows());
    let whole = Shape::Matrix(m, n);
    if t == v {
        return Some(g.apply_data(Op::Eye, Data::Shape(whole), &[]));
    }
    if !mentions(g, t, v) {
        return Some(g.zero(whole));
    }
    let args = g.args(t).to_vec();
    match g.op(t) {
        Op::Add => {
            let parts: Option<Vec<ExprId>> = args.iter().map(|&a| summand(g, a, v, m)).collect();
            let parts = parts?;
            Some(join_right_factors(g, &parts))
        }
        Op::Mul => product(g, &args, v),
        Op::MatMul => {
            let (last, before) = args.split_last()?;
            if before.iter().any(|&b| mentions(g, b, v)) {
                return None;
            }
            let inner = matrix(g, *last, v)?;
            let mut factors = before.to_vec();
            factors.push(inner);
            fitting(g, Op::MatMul, &factors)
        }
        Op::Had => {
            let (moving, fixed): (Vec<ExprId>, Vec<ExprId>) =
                args.into_iter().partition(|&a| mentions(g, a, v));
            let &[moving] = &moving[..] else { return None };
            let weights = g.apply(Op::Had, &fixed);
            weighted_rows(g, weights, moving, v)
        }
        Op::Fill => {
            let row = row(g, args[0], v)?;
            let (mut factors, rest) = scalar_factors(g, row);
            factors.push(if g.op(rest) == Op::Fill {
                let value = g.args(rest)[0];
                g.fill(whole, value)
            } else {
                let one = g.int(1);
                let ones = g.fill(Shape::Vector(m), one);
                g.matmul(ones, rest)
            });
            Some(g.mul(&factors))
        }
        Op::Sum => {
            let range = Range::of(g, t)?;
            let inner = matrix(g, args[Op::BINDER_BODY], v)?;
            Some(range.bind(g, Op::Sum, inner))
        }
        Op::If if !mentions(g, args[0], v) => {
            let (a, b) = (matrix(g, args[1], v)?, matrix(g, args[2], v)?);
            Some(g.apply(Op::If, &[args[0], a, b]))
        }
        Op::Comp => indexed::matrix(g, t, v),
        // Rows of the matrix of the whole column.
        Op::Block if matches!(g.shape(args[0]), Shape::Vector(_)) => {
            let whole = matrix(g, args[0], v)?;
            let one = g.int(1);
            let part = Data::Shape(Shape::Matrix(m, n));
            ops::build(g, Op::Block, part, &[whole, args[1], one]).ok()
        }
        Op::CumSum => {
            let inner = matrix(g, args[0], v)?;
            let lower = indexed::lower_ones(g, t);
            Some(g.apply(Op::MatMul, &[lower, inner]))
        }
        Op::Stack => by_entries(g, t, v)
            .filter(|&e| !holds_unit(g, e, n))
            .or_else(|| stacked_rows(g, &args, v)),
        _ => None,
    }
}

/// The matrix of `weights .* moving`: `diag(weights)` times the matrix of
/// `moving`, term by term. A scalar term gives `weights` times its row.
fn weighted_rows(g: &mut Graph, weights: ExprId, moving: ExprId, v: ExprId) -> Option<ExprId> {
    let terms = if g.op(moving) == Op::Add { g.args(moving).to_vec() } else { vec![moving] };
    let mut parts = Vec::new();
    for term in terms {
        if !mentions(g, term, v) {
            continue;
        }
        let term = if g.op(term) == Op::Fill { g.args(term)[0] } else { term };
        parts.push(if g.shape(term).is_scalar() {
            let row = row(g, term, v)?;
            g.matmul(weights, row)
        } else {
            let diagonal = diagonal(g, weights);
            let inner = matrix(g, term, v)?;
            g.apply(Op::MatMul, &[diagonal, inner])
        });
    }
    Some(join_right_factors(g, &parts))
}

/// One term of a sum; a scalar term is repeated over the column.
fn summand(g: &mut Graph, term: ExprId, v: ExprId, m: usize) -> Option<ExprId> {
    let term = g.fill(Shape::Vector(m), term);
    matrix(g, term, v)
}

/// `scalars * array`, where one of them moves.
fn product(g: &mut Graph, args: &[ExprId], v: ExprId) -> Option<ExprId> {
    let (moving, fixed): (Vec<ExprId>, Vec<ExprId>) =
        args.iter().copied().partition(|&a| mentions(g, a, v));
    let &[moving] = &moving[..] else { return None };
    if !g.shape(moving).is_scalar() {
        let inner = matrix(g, moving, v)?;
        return Some(g.mul(&[&fixed[..], &[inner]].concat()));
    }
    let row = row(g, moving, v)?;
    let column = g.mul(&fixed);
    Some(g.matmul(column, row))
}

pub(super) fn diagonal(g: &mut Graph, weights: ExprId) -> ExprId {
    if g.op(weights) == Op::Fill {
        // The same weight everywhere scales the identity.
        let n = g.shape(weights).rows();
        let eye = g.apply_data(Op::Eye, Data::Shape(Shape::Matrix(n, n)), &[]);
        let weight = g.args(weights)[0];
        return g.mul(&[weight, eye]);
    }
    let (scale, rest) = scalar_factors(g, weights);
    let diagonal = g.apply(Op::Diag, &[rest]);
    g.mul(&[&scale[..], &[diagonal]].concat())
}

/// Terms of a sum with the diagonal ones, `a*diag(u)` and `b*diag(v)`, as one: `diag(a*u + b*v)`. As a factor
/// that is never formed, a sum of diagonal matrices is.
fn join_diagonals(g: &mut Graph, terms: &[ExprId]) -> Vec<ExprId> {
    let (mut columns, mut others) = (Vec::new(), Vec::new());
    for &term in terms {
        let (mut factors, array) = scalar_factors(g, term);
        if g.op(array) == Op::Diag && matches!(g.shape(g.args(array)[0]), Shape::Vector(_)) {
            factors.push(g.args(array)[0]);
            columns.push(g.mul(&factors));
        } else {
            others.push(term);
        }
    }
    if columns.len() < 2 {
        return terms.to_vec();
    }
    let column = g.add(&columns);
    let joined = diagonal(g, column);
    [vec![joined], others].concat()
}

/// The scalar factors of an array, and the array without them.
fn scalar_factors(g: &Graph, e: ExprId) -> (Vec<ExprId>, ExprId) {
    if g.op(e) != Op::Mul {
        return (Vec::new(), e);
    }
    let (scalars, arrays): (Vec<ExprId>, Vec<ExprId>) =
        g.args(e).iter().partition(|&&a| g.shape(a).is_scalar());
    match arrays[..] {
        [array] => (scalars, array),
        _ => (Vec::new(), e),
    }
}

/// The row, `1 x n`, of a scalar `s` that is linear in the column `v: n`; `None` for other shapes, and where no closed
/// form is found.
pub(super) fn row(g: &mut Graph, s: ExprId, v: ExprId) -> Option<ExprId> {
    let (Shape::Scalar, Shape::Vector(n)) = (g.shape(s), g.shape(v)) else { return None };
    let found = crate::memory::deep(|| {
        row_of(g, s, v).or_else(|| indexed::row(g, s, v)).or_else(|| by_entries(g, s, v))
    });
    found.filter(|&e| g.shape(e) == Shape::Matrix(1, n))
}

fn row_of(g: &mut Graph, s: ExprId, v: ExprId) -> Option<ExprId> {
    let n = g.shape(v).rows();
    if !mentions(g, s, v) {
        return Some(g.zero(Shape::Matrix(1, n)));
    }
    let args = g.args(s).to_vec();
    match g.op(s) {
        Op::Add => {
            let parts: Option<Vec<ExprId>> = args.iter().map(|&a| row(g, a, v)).collect();
            let parts = parts?;
            Some(join_right_factors(g, &parts))
        }
        Op::Mul => {
            let (moving, fixed): (Vec<ExprId>, Vec<ExprId>) =
                args.into_iter().partition(|&a| mentions(g, a, v));
            let &[moving] = &moving[..] else { return None };
            let inner = row(g, moving, v)?;
            Some(g.mul(&[&fixed[..], &[inner]].concat()))
        }
        Op::MatMul => row_of_product(g, &args, v),
        Op::Dot => {
            let (moving, fixed) =
                if mentions(g, args[0], v) { (args[0], args[1]) } else { (args[1], args[0]) };
            if mentions(g, fixed, v) || !is_column(g.shape(fixed)) {
                return None;
            }
            weighted(g, fixed, moving, v)
        }
        Op::SumAll => {
            let (scale, inner) = scalar_factors(g, args[0]);
            if scale.iter().any(|&c| mentions(g, c, v)) || !is_column(g.shape(inner)) {
                return None;
            }
            let row = sum_of(g, inner, v)?;
            Some(g.mul(&[&scale[..], &[row]].concat()))
        }
        Op::Elem => indexed::row(g, s, v),
        Op::MeanAll => {
            let sum = g.apply(Op::SumAll, &args);
            let n = g.size_of(args[0]);
            let mean = g.div(sum, n);
            row(g, mean, v)
        }
        Op::Sum => {
            if let Some(row) = indexed::row(g, s, v) {
                return Some(row);
            }
            let range = Range::of(g, s)?;
            let inner = row(g, args[Op::BINDER_BODY], v)?;
            Some(range.bind(g, Op::Sum, inner))
        }
        Op::If if !mentions(g, args[0], v) => {
            let (a, b) = (row(g, args[1], v)?, row(g, args[2], v)?);
            Some(g.apply(Op::If, &[args[0], a, b]))
        }
        _ => None,
    }
}

/// The sum of the entries of a column that is linear in `v`.
fn sum_of(g: &mut Graph, column: ExprId, v: ExprId) -> Option<ExprId> {
    let (weights, moving) = match g.op(column) {
        Op::Had => {
            let (moving, fixed): (Vec<ExprId>, Vec<ExprId>) =
                g.args(column).to_vec().into_iter().partition(|&a| mentions(g, a, v));
            let &[moving] = &moving[..] else { return None };
            (g.apply(Op::Had, &fixed), moving)
        }
        _ => {
            let one = g.int(1);
            let shape = g.shape(column);
            (g.fill(shape, one), column)
        }
    };
    weighted(g, weights, moving, v)
}

/// `weights' * moving`.
fn weighted(g: &mut Graph, weights: ExprId, moving: ExprId, v: ExprId) -> Option<ExprId> {
    let inner = matrix(g, moving, v)?;
    let turned = g.transpose(weights);
    Some(g.apply(Op::MatMul, &[turned, inner]))
}

/// A scalar product of matrices: `A*t(v)` directly, `t(v)'*A` turned.
fn row_of_product(g: &mut Graph, args: &[ExprId], v: ExprId) -> Option<ExprId> {
    let places: Vec<usize> = (0..args.len()).filter(|&k| mentions(g, args[k], v)).collect();
    let &[place] = &places[..] else { return None };
    let mut factors = args.to_vec();
    if place == 0 {
        factors = args.iter().rev().map(|&a| g.transpose(a)).collect();
    } else if place != args.len() - 1 {
        return None;
    }
    let last = factors.pop()?;
    let inner = matrix(g, last, v)?;
    factors.push(inner);
    fitting(g, Op::MatMul, &factors)
}

/// Whether a unit column of length `n` that was put in is still there.
fn holds_unit(g: &Graph, e: ExprId, n: usize) -> bool {
    g.reachable(&[e]).into_iter().any(|s| {
        let args = g.args(s);
        let numbers = args.iter().filter(|&&a| g.is_one(a) || g.is_zero(a)).count();
        let is_column = g.op(s) == Op::Stack && g.shape(s) == Shape::Vector(n);
        is_column && numbers == n && args.iter().filter(|&&a| g.is_one(a)).count() == 1
    })
}

/// The matrix of a literal column: a unit column times a row for each entry.
fn stacked_rows(g: &mut Graph, cells: &[ExprId], v: ExprId) -> Option<ExprId> {
    let (m, zero, one) = (cells.len(), g.int(0), g.int(1));
    let mut parts = Vec::new();
    for (k, &cell) in cells.iter().enumerate() {
        let mut unit = vec![zero; m];
        unit[k] = one;
        let unit = g.apply_data(Op::Stack, Data::Shape(Shape::Vector(m)), &unit);
        let row = row(g, cell, v)?;
        parts.push(g.matmul(unit, row));
    }
    Some(g.add(&parts))
}

/// Arrays of more entries are not written out.
const MAX_ENTRIES: usize = 25;

/// A small matrix written out: column `j` is `t` along the `j`-th unit
/// direction.
fn by_entries(g: &mut Graph, t: ExprId, v: ExprId) -> Option<ExprId> {
    let (shape, Shape::Vector(n)) = (g.shape(t), g.shape(v)) else { return None };
    let m = shape.rows();
    if !(shape.is_scalar() || is_column(shape)) || m.checked_mul(n)? > MAX_ENTRIES {
        return None;
    }
    let (zero, one) = (g.int(0), g.int(1));
    let mut columns = Vec::new();
    for j in 0..n {
        let mut unit = vec![zero; n];
        unit[j] = one;
        let unit = g.apply_data(Op::Stack, Data::Shape(Shape::Vector(n)), &unit);
        columns.push(ops::substitute(g, t, &[(v, unit)]));
    }
    let mut cells = Vec::with_capacity(m * n);
    for i in 0..m {
        for &column in &columns {
            cells.push(entry(g, column, i)?);
        }
    }
    Some(g.apply_data(Op::Stack, Data::Shape(Shape::Matrix(m, n)), &cells))
}

/// Entry `i`, from 0, of a column that is made of plain parts; a scalar stands for all entries.
fn entry(g: &mut Graph, column: ExprId, i: usize) -> Option<ExprId> {
    match g.shape(column) {
        Shape::Scalar => return Some(column),
        Shape::Vector(_) => {}
        Shape::Matrix(..) => return None,
    }
    let args = g.args(column).to_vec();
    match g.op(column) {
        Op::Add | Op::Mul | Op::Had => {
            let mut parts = Vec::new();
            for a in args {
                parts.push(entry(g, a, i)?);
            }
            let op = if g.op(column) == Op::Add { Op::Add } else { Op::Mul };
            Some(g.apply(op, &parts))
        }
        Op::Place => {
            let at = g.as_num(args[1])?.as_int()?;
            Some(if at == i as i64 + 1 { args[0] } else { g.int(0) })
        }
        Op::Stack => args.get(i).copied(),
        Op::Fill => Some(args[0]),
        Op::If => {
            let (a, b) = (entry(g, args[1], i)?, entry(g, args[2], i)?);
            Some(g.apply(Op::If, &[args[0], a, b]))
        }
        Op::Symbol | Op::Comp => {
            let position = g.int(i as i64 + 1);
            Some(g.apply(Op::Elem, &[column, position]))
        }
        _ => None,
    }
}

/// A sum of products with the last factors in common taken out:
/// `diag(p)*A - p*p'*A` is `(diag(p) - p*p')*A`.
fn join_right_factors(g: &mut Graph, terms: &[ExprId]) -> ExprId {
    let terms = &join_diagonals(g, terms)[..];
    let split: Vec<Factors> = terms.iter().map(|&t| factors(g, t)).collect();
    let common = split.iter().map(|(_, f)| f).min_by_key(|f| f.len()).cloned().unwrap_or_default();
    let mut shared = 0;
    while shared < common.len() {
        let k = shared + 1;
        let same = |f: &Vec<ExprId>| f.len() > k && f[f.len() - k..] == common[common.len() - k..];
        if !split.iter().all(|(_, f)| same(f)) {
            break;
        }
        shared = k;
    }
    if shared == 0 || terms.len() < 2 {
        return g.add(terms);
    }
    joined(g, &split, &common[common.len() - shared..]).unwrap_or_else(|| g.add(terms))
}

/// The sum of products, with these last factors of all of them behind it. `None` where the rests do not fit together,
/// as where one is a column and another a matrix with one column.
fn joined(g: &mut Graph, terms: &[Factors], common: &[ExprId]) -> Option<ExprId> {
    let mut lefts = Vec::new();
    for (scalars, f) in terms {
        let left = fitting(g, Op::MatMul, &f[..f.len() - common.len()])?;
        lefts.push(g.mul(&[&scalars[..], &[left]].concat()));
    }
    let shape = g.shape(lefts[0]);
    if lefts.iter().any(|&l| g.shape(l) != shape) {
        return None;
    }
    let lefts = join_diagonals(g, &lefts);
    let left = fitting(g, Op::Add, &lefts)?;
    fitting(g, Op::MatMul, &[&[left], common].concat())
}

/// Scalar factors and matrix factors of a term.
type Factors = (Vec<ExprId>, Vec<ExprId>);

fn factors(g: &Graph, e: ExprId) -> Factors {
    let (scalars, array) = scalar_factors(g, e);
    let matrices = if g.op(array) == Op::MatMul { g.args(array).to_vec() } else { vec![array] };
    (scalars, matrices)
}

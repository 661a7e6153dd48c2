//! Making arrays, reading entries and blocks of them, and the adjoints of
//! reading: an array that is zero but for one entry or block.
//!
//! Indices count from 1. Reads hold the array and the indices as arguments;
//! an index may be any whole-number expression, also of bound indices.

use super::sizes::note_dims;
use super::{
    Accuracy, Derivative, Doc, Domain, Exact, Latex, Lowering, OpDef, Traits, Value, binders,
    known_value, shapes, substitute, values,
};
use crate::expr::{Data, ExprId, Graph, Num, Op};
use crate::shape::ShapeFault;
use crate::shape::{Shape, ShapeError, in_words};

/// Identities of reads, literals and constant arrays.
pub(super) fn make(g: &mut Graph, op: Op, data: Data, args: &[ExprId], shape: Shape) -> ExprId {
    let simple = match op {
        Op::Elem => read(g, args),
        Op::Block => {
            (g.shape(args[0]) == shape && args[1..].iter().all(|&i| g.is_one(i))).then_some(args[0])
        }
        Op::Fill | Op::Reshape | Op::Bcast => same_entries(g, op, args[0], shape),
        _ => None,
    };
    simple.unwrap_or_else(|| g.intern(op, data, args, shape))
}

fn same_entries(g: &mut Graph, op: Op, arg: ExprId, shape: Shape) -> Option<ExprId> {
    if g.shape(arg) == shape {
        return Some(arg);
    }
    if op == Op::Bcast && g.shape(arg).is_scalar() {
        return Some(g.fill(shape, arg));
    }
    if op != Op::Fill && g.op(arg) == Op::Fill {
        let value = g.args(arg)[0];
        return Some(g.fill(shape, value));
    }
    None
}

/// The entry, where it is known without computing the array.
fn read(g: &mut Graph, args: &[ExprId]) -> Option<ExprId> {
    let (array, indices) = (args[0], args[1..].to_vec());
    let shape = g.shape(array);
    let parts: Vec<ExprId> = g.args(array).to_vec();
    match g.op(array) {
        Op::Fill => Some(parts[0]),
        Op::Transpose => {
            let inner = g.shape(parts[0]);
            let turned: Vec<ExprId> = match (inner, indices.len()) {
                (Shape::Matrix(..), 2) => vec![indices[1], indices[0]],
                (Shape::Vector(_), 2) => vec![indices[1]],
                (Shape::Vector(_), 1) => indices,
                (Shape::Matrix(1, _), 1) => vec![g.int(1), indices[0]],
                _ => return None,
            };
            Some(g.apply(Op::Elem, &[&[parts[0]], &turned[..]].concat()))
        }
        Op::Block => {
            // Entry k of x[a..b] is x[a + k - 1].
            let minus = g.int(-1);
            let at = |g: &mut Graph, first: usize, k: ExprId| g.add(&[parts[first], k, minus]);
            let entry = match (shape, g.shape(parts[0]), &indices[..]) {
                (Shape::Vector(_), Shape::Vector(_), &[k]) => vec![at(g, 1, k)],
                (Shape::Vector(_), _, &[k]) => vec![at(g, 1, k), parts[2]],
                (_, Shape::Matrix(..), &[i, j]) => vec![at(g, 1, i), at(g, 2, j)],
                _ => return None,
            };
            Some(g.apply(Op::Elem, &[&[parts[0]], &entry[..]].concat()))
        }
        Op::Stack => {
            let place = |k: usize| g.as_num(indices[k]).and_then(Num::as_int).map(|i| i as usize);
            let flat = match indices.len() {
                1 => place(0)?.checked_sub(1)?,
                _ => place(0)?.checked_sub(1)? * shape.cols() + place(1)?.checked_sub(1)?,
            };
            parts.get(flat).copied()
        }
        Op::Comp if matches!(shape, Shape::Vector(_)) || indices.len() == 2 => {
            // Entry k of [body for i in lo..hi] is body at i = lo + k - 1.
            let index = g.bound_index(array)?;
            let minus = g.int(-1);
            let at = g.add(&[parts[Op::BINDER_LO], indices[0], minus]);
            let leaf = g.leaf(index);
            let entry = substitute(g, parts[Op::BINDER_BODY], &[(leaf, at)]);
            match (shape, &indices[..]) {
                (Shape::Matrix(..), &[_, column]) => Some(g.apply(Op::Elem, &[entry, column])),
                _ => Some(entry),
            }
        }
        _ => None,
    }
}

/// The arrays, row by row, that the placed arrays in a sum make up without a gap, what `[A, v; u']` is; and the other terms.
pub fn tiles(g: &Graph, e: ExprId) -> Option<(Vec<Vec<ExprId>>, Vec<ExprId>)> {
    if g.op(e) != Op::Add {
        return None;
    }
    let whole = g.shape(e);
    // Row, column, rows, columns of each.
    let mut parts: Vec<(usize, usize, usize, usize, ExprId)> = Vec::new();
    let mut others = Vec::new();
    for &term in g.args(e) {
        if !matches!(g.op(term), Op::Place | Op::PlaceBlock) || g.shape(term) != whole {
            others.push(term);
            continue;
        }
        let args = g.args(term);
        let at = |k: usize| match args.get(k) {
            Some(&place) => g.as_num(place).and_then(Num::as_int).map(|i| i as usize),
            None => Some(1),
        };
        let shape = g.shape(args[0]);
        parts.push((at(1)?, at(2)?, shape.rows().max(1), shape.cols().max(1), args[0]));
    }
    parts.sort_unstable_by_key(|part| (part.0, part.1));
    let (mut rows, mut row) = (Vec::new(), 1);
    let mut rest = &parts[..];
    while let Some(&(first, _, height, ..)) = rest.first() {
        let count = rest.iter().take_while(|part| part.0 == first).count();
        let (line, after) = rest.split_at(count);
        let mut column = 1;
        for part in line {
            if part.1 != column || part.2 != height {
                return None;
            }
            column += part.3;
        }
        if first != row || column != whole.cols().max(1) + 1 {
            return None;
        }
        rows.push(line.iter().map(|part| part.4).collect());
        row += height;
        rest = after;
    }
    // Numbers alone are a literal.
    let has_array = parts.iter().any(|part| !g.shape(part.4).is_scalar());
    (row == whole.rows() + 1 && parts.len() > 1 && has_array).then_some((rows, others))
}

fn read_shape(g: &Graph, _: Data, args: &[ExprId]) -> Result<Shape, ShapeError> {
    let shape = g.shape(args[0]);
    let sizes = match (shape, args.len() - 1) {
        (Shape::Vector(n), 1) | (Shape::Matrix(1, n), 1) => vec![n],
        (Shape::Vector(n), 2) => vec![n, 1],
        (Shape::Matrix(m, n), 2) => vec![m, n],
        (_, count) => {
            let message = format!(
                "{} cannot be read with {count} {}",
                in_words(shape),
                if count == 1 { "index" } else { "indices" }
            );
            let error = ShapeError::new(message, &[(0, shape)]);
            return Err(if count == 1 {
                error.help("a matrix takes a row and a column: `A[i, j]`, `A[i, :]`, `A[:, j]`")
            } else {
                error
            });
        }
    };
    debug_assert_eq!(sizes.len(), args.len() - 1);
    shapes::scalars(g, Data::None, &args[1..])
}

/// An index must be a whole number from 1 to `n`.
fn check_index(i: f64, n: usize, operand: usize) -> Result<(), ShapeError> {
    let shape = Shape::Scalar;
    if i.fract() != 0.0 || !i.is_finite() {
        return Err(ShapeError::new(
            format!("an index must be a whole number, found {i}"),
            &[(operand, shape)],
        )
        .of(ShapeFault::NotWhole));
    }
    if i < 1.0 || i > n as f64 {
        let message = format!("index {i} is outside 1..{n}");
        return Err(ShapeError::new(message, &[(operand, shape)]).of(ShapeFault::Outside));
    }
    Ok(())
}

/// Whether the known indices of a read lie inside its array. Building does not
/// ask: a read in a branch that is not taken may lie outside.
pub fn verify_read(g: &Graph, data: Data, args: &[ExprId]) -> Result<(), ShapeError> {
    match data {
        Data::Shape(part) => verify_block(g, args, part),
        _ => {
            let shape = g.shape(args[0]);
            let sizes = match (shape, args.len()) {
                (Shape::Matrix(1, n), 2) => [n, 1],
                _ => [shape.rows(), shape.cols()],
            };
            for (k, &index) in args[1..].iter().enumerate() {
                if let Some(i) = known_value(g, index) {
                    check_index(i, sizes[k], k + 1)?;
                }
            }
            Ok(())
        }
    }
}

fn block_shape(_: &Graph, data: Data, _: &[ExprId]) -> Result<Shape, ShapeError> {
    match data {
        Data::Shape(part) => Ok(part),
        _ => Ok(Shape::Scalar),
    }
}

fn verify_block(g: &Graph, args: &[ExprId], part: Shape) -> Result<(), ShapeError> {
    let whole = g.shape(args[0]);
    for (k, (size, room)) in
        [(part.rows(), whole.rows()), (part.cols(), whole.cols())].into_iter().enumerate()
    {
        if let (Some(first), true) = (known_value(g, args[k + 1]), size > 0) {
            check_index(first, room, k + 1)?;
            check_index(first + size as f64 - 1.0, room, k + 1)?;
        }
    }
    Ok(())
}

fn stack_shape(g: &Graph, data: Data, args: &[ExprId]) -> Result<Shape, ShapeError> {
    shapes::scalars(g, data, args).map_err(|e| ShapeError {
        message: e.message.replace("here", "as an entry"),
        fault: ShapeFault::Sizes,
        ..e
    })?;
    shapes::given(g, data, args)
}

fn bcast_shape(g: &Graph, data: Data, args: &[ExprId]) -> Result<Shape, ShapeError> {
    let (from, Data::Shape(to)) = (g.shape(args[0]), data) else { return Ok(Shape::Scalar) };
    let fits = |a: usize, b: usize| a == b || a == 1;
    if fits(from.rows(), to.rows()) && fits(from.cols(), to.cols()) {
        return Ok(to);
    }
    Err(ShapeError::new(
        format!("cannot repeat {} over {}", in_words(from), in_words(to)),
        &[(0, from)],
    ))
}

fn read_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    let shape = g.shape(args[0]);
    let placed = g.apply_data(Op::Place, Data::Shape(shape), &[&[a], &args[1..]].concat());
    note_axes(g, placed, args[0])
}

fn block_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    let shape = g.shape(args[0]);
    let placed = g.apply_data(Op::PlaceBlock, Data::Shape(shape), &[&[a], &args[1..]].concat());
    note_axes(g, placed, args[0])
}

/// An array with the axes of another.
fn note_axes(g: &mut Graph, made: ExprId, of: ExprId) -> ExprId {
    let dims = [g.dim(of, 0), g.dim(of, 1)];
    note_dims(g, made, dims);
    made
}

fn place_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    g.apply(Op::Elem, &[&[a], &args[1..]].concat())
}

fn place_block_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    let part = g.shape(args[0]);
    g.apply_data(Op::Block, Data::Shape(part), &[&[a], &args[1..]].concat())
}

/// Entry `k` of a literal, counted by rows.
fn stack_adjoint(g: &mut Graph, _: &[ExprId], _: ExprId, a: ExprId, k: usize) -> ExprId {
    let shape = g.shape(a);
    let (i, j) = (k / shape.cols() + 1, k % shape.cols() + 1);
    let (i, j) = (g.int(i as i64), g.int(j as i64));
    let indices = if matches!(shape, Shape::Vector(_)) { vec![a, i] } else { vec![a, i, j] };
    g.apply(Op::Elem, &indices)
}

fn stack_tangent(g: &mut Graph, args: &[ExprId], y: ExprId, d: ExprId, k: usize) -> ExprId {
    let zero = g.int(0);
    let mut entries = vec![zero; args.len()];
    entries[k] = d;
    let shape = g.shape(y);
    g.apply_data(Op::Stack, Data::Shape(shape), &entries)
}

fn fill_adjoint(g: &mut Graph, _: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    g.apply(Op::SumAll, &[a])
}

fn bcast_adjoint(g: &mut Graph, args: &[ExprId], y: ExprId, a: ExprId, _: usize) -> ExprId {
    let (from, to) = (g.shape(args[0]), g.shape(y));
    let mut result = a;
    if from.cols() != to.cols() {
        result = g.apply(Op::RowSum, &[result]);
    }
    if from.rows() != to.rows() {
        let as_matrix = Shape::Matrix(to.rows(), from.cols());
        result = g.apply_data(Op::Reshape, Data::Shape(as_matrix), &[result]);
        result = g.apply(Op::ColSum, &[result]);
    }
    g.apply_data(Op::Reshape, Data::Shape(from), &[result])
}

fn reshape_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    let shape = g.shape(args[0]);
    g.apply_data(Op::Reshape, Data::Shape(shape), &[a])
}

/// Linear with coefficients 0 and 1.
const PLAIN: Traits =
    Traits { smooth: true, increasing: true, convex: true, concave: true, ..Traits::NONE };
const MANY: usize = usize::MAX;

struct Entry {
    op: Op,
    name: &'static str,
    arity: (usize, usize),
    shape: super::ShapeRule,
    value: Value,
    derivative: Derivative,
    doc: (&'static str, &'static str, (&'static str, &'static str)),
}

const fn row(e: Entry) -> OpDef {
    OpDef {
        op: e.op,
        name: e.name,
        aliases: &[],
        arity: e.arity,
        latex: Latex::of(""),
        shape: e.shape,
        domain: Domain::Reals,
        traits: PLAIN,
        value: e.value,
        derivative: e.derivative,
        exact: Exact::Small,
        accuracy: Accuracy::OfParts,
        lowering: Lowering::Loop,
        samples: &[],
        doc: Doc { title: e.doc.0, formula: e.doc.1, example: e.doc.2 },
    }
}

/// The rows of this file.
#[rustfmt::skip]
pub const ROWS: &[&OpDef] = &[
    &row(Entry { op: Op::Stack, name: "", arity: (0, MANY), shape: stack_shape, value: Value::Tensor(values::stack), derivative: Derivative::General(stack_adjoint, stack_tangent), doc: ("array of scalars", "[1, 2, 3] is a column, [1, 2; 3, 4] a matrix", ("[1, 2; 3, 4]", "[1, 2; 3, 4]")) }),
    &row(Entry { op: Op::Fill, name: "", arity: (1, 1), shape: shapes::given, value: Value::Tensor(values::fill), derivative: Derivative::Linear(fill_adjoint), doc: ("constant array", "zeros(m, n), ones(m, n)", ("ones(3)", "[1, 1, 1]")) }),
    &row(Entry { op: Op::Eye, name: "", arity: (0, 0), shape: shapes::given, value: Value::Tensor(values::eye), derivative: Derivative::Zero, doc: ("identity matrix", "eye(n)", ("eye(2)", "[1, 0; 0, 1]")) }),
    &row(Entry { op: Op::Bcast, name: "", arity: (1, 1), shape: bcast_shape, value: Value::Tensor(values::bcast), derivative: Derivative::Linear(bcast_adjoint), doc: ("repeated row or column", "what `.+` and `.*` do to a row or a column beside a matrix", ("[1, 2; 3, 4] .+ [10, 20]'", "[11, 22; 13, 24]")) }),
    &row(Entry { op: Op::Elem, name: "", arity: (2, 3), shape: read_shape, value: Value::Structural, derivative: Derivative::Linear(read_adjoint), doc: ("entry", "x[i], A[i, j]; indices count from 1", ("[5, 7][2]", "7")) }),
    &row(Entry { op: Op::Block, name: "", arity: (3, 3), shape: block_shape, value: Value::Tensor(values::block), derivative: Derivative::Linear(block_adjoint), doc: ("part of an array", "x[2..5], A[i, :], A[:, j]", ("[5, 7, 9][2..3]", "[7, 9]")) }),
    &row(Entry { op: Op::Place, name: "", arity: (2, 3), shape: shapes::given, value: Value::Tensor(values::place), derivative: Derivative::Linear(place_adjoint), doc: ("array with one entry", "the adjoint of reading an entry", ("var x: R[3]; diff(x[2]^2, x) at (x = [1, 2, 3])", "[0, 4, 0]")) }),
    &row(Entry { op: Op::PlaceBlock, name: "", arity: (3, 3), shape: shapes::given, value: Value::Tensor(values::place_block), derivative: Derivative::Linear(place_block_adjoint), doc: ("array with one block", "the adjoint of reading a block", ("var x: R[3]; diff(sumsq(x[2..3]), x) at (x = [1, 2, 3])", "[0, 4, 6]")) }),
    &row(Entry { op: Op::Reshape, name: "", arity: (1, 1), shape: shapes::given, value: Value::Tensor(values::reshape), derivative: Derivative::Linear(reshape_adjoint), doc: ("same entries in another shape", "a column and an n by 1 matrix", ("", "")) }),
];

/// Columns built by index are arrays too; their length comes from the range.
/// A column built for every value of the index is a row of a matrix.
pub(super) fn comp_shape(g: &Graph, data: Data, args: &[ExprId]) -> Result<Shape, ShapeError> {
    binders::check_range(g, args)?;
    let body = g.shape(args[Op::BINDER_BODY]);
    if !matches!(body, Shape::Vector(_)) {
        shapes::scalars(g, data, &args[Op::BINDER_BODY..])?;
    }
    match (binders::count(g, args[Op::BINDER_LO], args[Op::BINDER_HI]), body) {
        (Some(n), Shape::Vector(m)) => Ok(Shape::Matrix(n, m)),
        (Some(n), _) => Ok(Shape::Vector(n)),
        (None, _) => Err(ShapeError::new(
            "the length of an array must be known, and may not depend on an index",
            &[],
        )),
    }
}

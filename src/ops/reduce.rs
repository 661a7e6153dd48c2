//! Reductions of an array: to a scalar, to a number a row, to a number a
//! column.

use super::{
    Accuracy, Adjoint, Binding, Derivative, Doc, Domain, Exact, Latex, Lowering, OpDef, ShapeRule,
    Traits, Value, shapes, times, values,
};
use crate::expr::{Data, ExprId, Graph, Op};
use crate::shape::{Shape, ShapeError};

fn spread(g: &mut Graph, arg: ExprId, a: ExprId) -> ExprId {
    let shape = g.shape(arg);
    g.fill(shape, a)
}

fn sum_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    spread(g, args[0], a)
}

fn mean_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    let n = g.size_of(args[0]);
    let share = g.div(a, n);
    spread(g, args[0], share)
}

/// The product over the other entries. Written as `prod(x)/x[i]` it would fail where an entry is zero.
fn prod_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    let others = match g.shape(args[0]) {
        Shape::Scalar => g.int(1),
        Shape::Vector(_) => others_in_column(g, args[0]),
        Shape::Matrix(m, n) => others_in_matrix(g, args[0], m, n),
    };
    times(g, a, others)
}

/// `[prod(x[j] for j in 1..n if j != i) for i in 1..n]`
fn others_in_column(g: &mut Graph, x: ExprId) -> ExprId {
    let i = g.fresh_index("i", &[x]);
    let (i_leaf, one, n) = (g.leaf(i), g.int(1), g.size_of(x));
    let product = product_but(g, x, n, i_leaf, |g, j| g.apply(Op::Elem, &[x, j]));
    g.bind(Op::Comp, i, one, n, one, product)
}

/// For each entry the product of the rest of its row, times the products of the other rows.
fn others_in_matrix(g: &mut Graph, x: ExprId, rows: usize, columns: usize) -> ExprId {
    let (i, j) = (g.fresh_index("i", &[x]), g.fresh_index("j", &[x]));
    let (i_leaf, j_leaf, one) = (g.leaf(i), g.leaf(j), g.int(1));
    let (m, n) = (g.int(rows as i64), g.int(columns as i64));
    let in_row = product_but(g, x, n, j_leaf, |g, l| g.apply(Op::Elem, &[x, i_leaf, l]));
    let other_rows = product_but(g, x, m, i_leaf, |g, k| {
        let l = g.fresh_index("l", &[x, k]);
        let l_leaf = g.leaf(l);
        let entry = g.apply(Op::Elem, &[x, k, l_leaf]);
        g.bind(Op::Prod, l, one, n, one, entry)
    });
    let entry = g.mul(&[in_row, other_rows]);
    let row = g.bind(Op::Comp, j, one, n, one, entry);
    g.bind(Op::Comp, i, one, m, one, row)
}

/// The product of `factor`, which reads `x`, over `1..n` without the index `at`.
fn product_but(
    g: &mut Graph,
    x: ExprId,
    n: ExprId,
    at: ExprId,
    factor: impl FnOnce(&mut Graph, ExprId) -> ExprId,
) -> ExprId {
    let one = g.int(1);
    let other = g.fresh_index("j", &[x, at]);
    let leaf = g.leaf(other);
    let factor = factor(g, leaf);
    let differs = g.apply(Op::Ne, &[leaf, at]);
    g.bind(Op::Prod, other, one, n, differs, factor)
}

/// All of it goes to the first of the largest entries.
fn largest_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    let first = g.apply(Op::HardMax, args);
    times(g, a, first)
}

fn smallest_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    let negative = g.neg(args[0]);
    let first = g.apply(Op::HardMax, &[negative]);
    times(g, a, first)
}

fn norm_adjoint(g: &mut Graph, args: &[ExprId], y: ExprId, a: ExprId, _: usize) -> ExprId {
    let share = g.div(a, y);
    times(g, share, args[0])
}

fn norm1_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    let sign = g.apply(Op::Sign, args);
    times(g, a, sign)
}

fn norminf_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    let abs = g.apply(Op::Abs, args);
    let first = g.apply(Op::HardMax, &[abs]);
    let sign = g.apply(Op::Sign, args);
    let signed = times(g, first, sign);
    times(g, a, signed)
}

fn sumsq_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    let two = g.int(2);
    let scale = g.mul(&[two, a]);
    times(g, scale, args[0])
}

fn dot_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, k: usize) -> ExprId {
    let (own, other) = (args[k], args[1 - k]);
    // A row goes with a column.
    let turned = g.shape(own) != g.shape(other);
    let other = if turned { g.apply(Op::Transpose, &[other]) } else { other };
    times(g, a, other)
}

/// `exp(x - logsumexp(x))`, the softmax of the argument.
fn logsumexp_adjoint(g: &mut Graph, args: &[ExprId], y: ExprId, a: ExprId, _: usize) -> ExprId {
    let shifted = g.sub(args[0], y);
    let p = g.apply(Op::Exp, &[shifted]);
    times(g, a, p)
}

/// Repeats a number a row, or a number a column, over the argument's shape.
fn repeat(g: &mut Graph, arg: ExprId, a: ExprId) -> ExprId {
    let shape = g.shape(arg);
    g.apply_data(Op::Bcast, Data::Shape(shape), &[a])
}

fn line_sum_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    repeat(g, args[0], a)
}

fn row_mean_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    let n = g.size(args[0], 1);
    let share = g.div(a, n);
    repeat(g, args[0], share)
}

fn col_mean_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    let n = g.size(args[0], 0);
    let share = g.div(a, n);
    repeat(g, args[0], share)
}

fn line_max_adjoint(g: &mut Graph, args: &[ExprId], a: ExprId, first: Op) -> ExprId {
    let first = g.apply(first, args);
    let a = repeat(g, args[0], a);
    times(g, a, first)
}

fn row_max_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    line_max_adjoint(g, args, a, Op::RowHardMax)
}

fn col_max_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    line_max_adjoint(g, args, a, Op::ColHardMax)
}

fn line_lse_adjoint(g: &mut Graph, args: &[ExprId], y: ExprId, a: ExprId, _: usize) -> ExprId {
    let level = repeat(g, args[0], y);
    let shifted = g.sub(args[0], level);
    let p = g.apply(Op::Exp, &[shifted]);
    let a = repeat(g, args[0], a);
    times(g, a, p)
}

/// The tangent of a reduction by line: what the adjoint gives, summed by line
/// after multiplying by the direction.
fn line_tangent(
    g: &mut Graph,
    args: &[ExprId],
    y: ExprId,
    d: ExprId,
    adjoint: Adjoint,
    sum: Op,
) -> ExprId {
    let one = g.int(1);
    let shape = g.shape(y);
    let ones = g.fill(shape, one);
    let weights = adjoint(g, args, y, ones, 0);
    let moved = times(g, weights, d);
    g.apply(sum, &[moved])
}

fn nonempty(g: &Graph, data: Data, args: &[ExprId]) -> Result<Shape, ShapeError> {
    let shape = g.shape(args[0]);
    if shape.is_empty() {
        return Err(ShapeError::new(
            "expected at least one entry, found an empty array",
            &[(0, shape)],
        ));
    }
    shapes::to_scalar(g, data, args)
}

fn dot_shape(g: &Graph, _: Data, args: &[ExprId]) -> Result<Shape, ShapeError> {
    let (a, b) = (g.shape(args[0]), g.shape(args[1]));
    if a.len() == b.len()
        && a.is_scalar() == b.is_scalar()
        && (a == b || (a.rows().min(a.cols()) == 1 && b.rows().min(b.cols()) == 1))
    {
        return Ok(Shape::Scalar);
    }
    shapes::common(g, args, "take the inner product of").and_then(|_| {
        Err(ShapeError::new(
            "cannot take the inner product of a scalar and an array",
            &[(0, a), (1, b)],
        ))
    })
}

const CONVEX: Traits = Traits {
    smooth: false,
    odd: false,
    even: false,
    zero_at_zero: true,
    increasing: false,
    convex: true,
    concave: false,
    ..Traits::NONE
};
const PLAIN: Traits = Traits { convex: false, zero_at_zero: false, ..CONVEX };
/// Linear with nonnegative coefficients.
const LINEAR: Traits = Traits { smooth: true, concave: true, increasing: true, ..CONVEX };
const LARGEST: Traits = Traits { increasing: true, ..CONVEX };
const SMALLEST: Traits = Traits { zero_at_zero: true, concave: true, increasing: true, ..PLAIN };
const NORM: Traits = Traits { away_from_zero: true, ..CONVEX };
const LOG_SUM: Traits = Traits { smooth: true, zero_at_zero: false, increasing: true, ..CONVEX };

#[allow(clippy::too_many_arguments)] // a row of a table
const fn row(
    op: Op,
    name: &'static str,
    arity: usize,
    shape: ShapeRule,
    traits: Traits,
    value: fn(&[crate::shape::Tensor], Data) -> crate::shape::Tensor,
    derivative: Derivative,
    title: &'static str,
    formula: &'static str,
    example: (&'static str, &'static str),
) -> OpDef {
    OpDef {
        op,
        name,
        aliases: &[],
        arity: (arity, arity),
        latex: Latex::of(""),
        shape,
        domain: Domain::Reals,
        traits,
        value: Value::Tensor(value),
        derivative,
        exact: Exact::Small,
        accuracy: Accuracy::OfParts,
        lowering: Lowering::Loop,
        samples: &[],
        doc: Doc { title, formula, example },
    }
}

use Derivative::{General, Linear, Reduction};

/// The rows of this file.
#[rustfmt::skip]
pub const ROWS: &[&OpDef] = &[
    &row(Op::SumAll, "sum", 1, shapes::to_scalar, LINEAR, values::sum, Linear(sum_adjoint), "sum of all entries", "sum(x) is 0 for an empty array", ("sum([1, 2, 3])", "6")),
    &row(Op::ProdAll, "prod", 1, shapes::to_scalar, Traits { smooth: true, ..PLAIN }, values::prod, Reduction(prod_adjoint), "product of all entries", "prod(x) is 1 for an empty array", ("prod([2, 3])", "6")),
    &row(Op::MeanAll, "mean", 1, nonempty, LINEAR, values::mean, Linear(mean_adjoint), "mean of all entries", "sum(x)/len(x)", ("mean([1, 2, 6])", "3")),
    &OpDef { latex: Latex::of("\\min"), ..row(Op::MinAll, "min", 1, nonempty, SMALLEST, values::min, Reduction(smallest_adjoint), "smallest entry", "the derivative is that of the first entry that attains it", ("min([3, 1, 2])", "1")) },
    &OpDef { latex: Latex::of("\\max"), ..row(Op::MaxAll, "max", 1, nonempty, LARGEST, values::max, Reduction(largest_adjoint), "largest entry", "the derivative is that of the first entry that attains it", ("max([3, 1, 2])", "3")) },
    &OpDef { latex: Latex::of("\\lVert #1 \\rVert"), ..row(Op::Norm, "norm", 1, shapes::to_scalar, NORM, values::norm, Reduction(norm_adjoint), "Euclidean norm", "sqrt(sumsq(x)); Frobenius's norm of a matrix", ("norm([3, 4])", "5")) },
    &OpDef { latex: Latex::of("\\lVert #1 \\rVert_{1}"), ..row(Op::Norm1, "norm1", 1, shapes::to_scalar, NORM, values::norm1, Reduction(norm1_adjoint), "sum of absolute values", "over all entries", ("norm1([3, -4])", "7")) },
    &OpDef { latex: Latex::of("\\lVert #1 \\rVert_{\\infty}"), ..row(Op::NormInf, "norminf", 1, nonempty, NORM, values::norminf, Reduction(norminf_adjoint), "largest absolute value", "over all entries", ("norminf([3, -4])", "4")) },
    &OpDef { latex: Latex::of("\\lVert #1 \\rVert^{2}").binding(Binding::Power, Binding::Any), ..row(Op::SumSq, "sumsq", 1, shapes::to_scalar, Traits { smooth: true, ..NORM }, values::sumsq, Reduction(sumsq_adjoint), "sum of squares", "x'*x for a column", ("sumsq([3, 4])", "25")) },
    &OpDef { latex: Latex::of("\\langle #1, #2 \\rangle"), ..row(Op::Dot, "dot", 2, dot_shape, PLAIN, values::dot, Reduction(dot_adjoint), "inner product", "a'*b for columns; the sum of products of entries", ("dot([1, 2], [3, 4])", "11")) },
    &row(Op::LogSumExpAll, "logsumexp", 1, shapes::to_scalar, LOG_SUM, values::logsumexp, Reduction(logsumexp_adjoint), "logarithm of the sum of exponentials", "log(sum(exp(x))), shifted by the largest entry", ("logsumexp([0, 0])", "0.693147")),
    &row(Op::RowSum, "rowsum", 1, shapes::per_row, LINEAR, values::rowsum, Linear(line_sum_adjoint), "sum of every row", "a column", ("rowsum([1, 2; 3, 4])", "[3, 7]")),
    &row(Op::ColSum, "colsum", 1, shapes::per_col, LINEAR, values::colsum, Linear(line_sum_adjoint), "sum of every column", "a row", ("colsum([1, 2; 3, 4])", "[4, 6]\'")),
    &row(Op::RowMean, "rowmean", 1, shapes::per_row, LINEAR, values::rowmean, Linear(row_mean_adjoint), "mean of every row", "a column", ("rowmean([1, 3; 3, 5])", "[2, 4]")),
    &row(Op::ColMean, "colmean", 1, shapes::per_col, LINEAR, values::colmean, Linear(col_mean_adjoint), "mean of every column", "a row", ("colmean([1, 3; 3, 5])", "[2, 4]\'")),
    &row(Op::RowMax, "rowmax", 1, shapes::per_row, LARGEST, values::rowmax, General(row_max_adjoint, |g, a, y, d, _| line_tangent(g, a, y, d, row_max_adjoint, Op::RowSum)), "largest entry of every row", "a column", ("rowmax([1, 3; 3, 5])", "[3, 5]")),
    &row(Op::ColMax, "colmax", 1, shapes::per_col, LARGEST, values::colmax, General(col_max_adjoint, |g, a, y, d, _| line_tangent(g, a, y, d, col_max_adjoint, Op::ColSum)), "largest entry of every column", "a row", ("colmax([1, 3; 3, 5])", "[3, 5]\'")),
    &row(Op::HardMax, "hardmax", 1, shapes::elementwise, PLAIN, values::hardmax, Derivative::Zero, "1 at the first largest entry", "0 elsewhere; entries within 2^-42 of one another, relatively, tie", ("hardmax([3, 5, 5])", "[0, 1, 0]")),
    &row(Op::RowHardMax, "rowhardmax", 1, shapes::by_line, PLAIN, values::rowhardmax, Derivative::Zero, "1 at the first largest entry of every row", "0 elsewhere", ("rowhardmax([1, 3; 5, 5])", "[0, 1; 1, 0]")),
    &row(Op::ColHardMax, "colhardmax", 1, shapes::by_line, PLAIN, values::colhardmax, Derivative::Zero, "1 at the first largest entry of every column", "0 elsewhere", ("colhardmax([1, 3; 5, 3])", "[0, 1; 1, 0]")),
    &row(Op::RowLogSumExp, "rowlogsumexp", 1, shapes::per_row, LOG_SUM, values::rowlogsumexp, General(line_lse_adjoint, |g, a, y, d, _| line_tangent(g, a, y, d, line_lse_adjoint, Op::RowSum)), "logsumexp of every row", "a column", ("rowlogsumexp([0, 0; 1, 1])", "[0.693147, 1.69315]")),
    &row(Op::ColLogSumExp, "collogsumexp", 1, shapes::per_col, LOG_SUM, values::collogsumexp, General(line_lse_adjoint, |g, a, y, d, _| line_tangent(g, a, y, d, line_lse_adjoint, Op::ColSum)), "logsumexp of every column", "a row", ("collogsumexp([0, 1; 0, 1])", "[0.693147, 1.69315]\'")),
];

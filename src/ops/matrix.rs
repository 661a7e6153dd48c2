//! Linear algebra: products, transposes, traces, determinants, inverses.

use super::{
    Accuracy, Adjoint, Binding, Derivative, Doc, Domain, Exact, Latex, Lowering, OpDef, ShapeRule,
    Tangent, Traits, Value, inverse, shapes, values,
};
use crate::expr::{Data, ExprId, Graph, Op};
use crate::shape::{Shape, ShapeError, Tensor, in_words};

/// A product of arrays: nested products open, scalar factors move out. With a column of one entry or a 1 by 1 matrix
/// among the factors, what opens or leaves may change the shape (a column times `eye(1)` is a matrix); then the
/// factors stay as they are.
pub(super) fn matmul(g: &mut Graph, args: &[ExprId], shape: Shape) -> ExprId {
    let mut scalars = Vec::new();
    let mut plain: Vec<ExprId> = Vec::new();
    for &arg in args {
        let mut array = arg;
        // The scalars of a product with an array; a product of scalars alone is a factor as it is.
        if g.op(arg) == Op::Mul && !g.shape(arg).is_scalar() {
            let factors = g.args(arg).to_vec();
            scalars.extend(factors.iter().copied().filter(|&f| g.shape(f).is_scalar()));
            if let Some(&a) = factors.iter().find(|&&f| !g.shape(f).is_scalar()) {
                array = a;
            }
        }
        // 2*ones(n) is a number times ones.
        if g.op(array) == Op::Fill && !g.is_zero(array) && !g.is_one(g.args(array)[0]) {
            scalars.push(g.args(array)[0]);
            let (one, filled) = (g.int(1), g.shape(array));
            array = g.fill(filled, one);
        }
        plain.push(array);
    }
    let mut arrays = opened(g, &plain);
    let fits = |g: &Graph, factors: &[ExprId]| {
        shapes::product(g, Data::None, factors).is_ok_and(|s| s == shape)
    };
    if !fits(g, &arrays) {
        arrays = plain;
    }
    join_ones(g, &mut arrays);
    let before = arrays.clone();
    if inverse::cancel(g, &mut arrays) {
        if fits(g, &arrays) {
            scalars.push(g.apply(Op::MatMul, &arrays));
            return g.mul(&scalars);
        }
        arrays = before;
    }
    let product = match arrays[..] {
        [only] => only,
        _ if arrays.iter().any(|&a| g.is_zero(a)) => g.zero(shape),
        _ => g.intern(Op::MatMul, Data::None, &arrays, shape),
    };
    scalars.push(product);
    g.mul(&scalars)
}

/// Factors with nested products opened and without identity matrices.
fn opened(g: &Graph, factors: &[ExprId]) -> Vec<ExprId> {
    let mut found = Vec::new();
    for &factor in factors {
        match g.op(factor) {
            Op::MatMul if opens(g, factor) => found.extend(g.args(factor)),
            Op::Eye if factors.len() > 1 => {}
            _ => found.push(factor),
        }
    }
    if found.is_empty() {
        found.push(factors[0]);
    }
    found
}

/// A column of ones times a row of ones is a matrix of ones.
fn join_ones(g: &mut Graph, arrays: &mut Vec<ExprId>) {
    let is_ones = |g: &Graph, e: ExprId| g.op(e) == Op::Fill && g.is_one(g.args(e)[0]);
    let outer = |g: &Graph, a: ExprId, b: ExprId| {
        is_ones(g, a) && is_ones(g, b) && g.shape(a).cols() == 1 && g.shape(b).rows() == 1
    };
    let Some(at) = arrays.windows(2).position(|w| outer(g, w[0], w[1])) else { return };
    let shape = Shape::Matrix(g.shape(arrays[at]).rows(), g.shape(arrays[at + 1]).cols());
    let one = g.int(1);
    let whole = g.fill(shape, one);
    arrays.splice(at..at + 2, [whole]);
}

/// Whether the factors of an inner product may stand among those of an outer
/// one: not where an inner product is a scalar or an outer product of columns.
fn opens(g: &Graph, e: ExprId) -> bool {
    !g.shape(e).is_scalar()
}

/// A transpose: moves into products and sums of products, and cancels itself.
pub(super) fn transpose(g: &mut Graph, a: ExprId) -> ExprId {
    let shape = g.shape(a);
    if shape.is_scalar() || is_symmetric(g, a) {
        return a;
    }
    match turned_inside(g, a) {
        // A column of one entry is not what a 1 by 1 matrix turns into.
        Some(turned) if g.shape(turned) == shape.transposed() => turned,
        _ => g.intern(Op::Transpose, Data::None, &[a], shape.transposed()),
    }
}

/// The transpose by those of the parts.
fn turned_inside(g: &mut Graph, a: ExprId) -> Option<ExprId> {
    let (shape, args): (Shape, Vec<ExprId>) = (g.shape(a), g.args(a).to_vec());
    match g.op(a) {
        Op::Transpose => Some(args[0]),
        Op::Add if args.iter().all(|&t| turns_inside(g, t)) => {
            let turned: Vec<ExprId> = args.into_iter().map(|t| g.transpose(t)).collect();
            Some(g.add(&turned))
        }
        Op::Fill => Some(g.fill(shape.transposed(), args[0])),
        Op::Mul => {
            let turned: Vec<ExprId> = args.into_iter().map(|f| g.transpose(f)).collect();
            Some(g.mul(&turned))
        }
        Op::MatMul => {
            let turned: Vec<ExprId> = args.into_iter().rev().map(|f| g.transpose(f)).collect();
            shapes::product(g, Data::None, &turned).ok()?;
            Some(g.apply(Op::MatMul, &turned))
        }
        _ => None,
    }
}

/// Whether the transpose of a term disappears into its parts.
fn turns_inside(g: &Graph, e: ExprId) -> bool {
    let moves = |e: ExprId| matches!(g.op(e), Op::Transpose | Op::MatMul | Op::Fill | Op::Eye);
    match g.op(e) {
        Op::Mul => g.args(e).iter().any(|&f| moves(f)),
        _ => moves(e),
    }
}

/// Larger known matrices are not looked at.
const MAX_LOOK: usize = 1000;

/// Deeper expressions are not looked into.
const MAX_DEPTH: usize = 32;

/// Whether a matrix is its own transpose: by its form, or, for a known value,
/// to the bit.
pub(super) fn is_symmetric(g: &Graph, e: ExprId) -> bool {
    symmetric_below(g, e, MAX_DEPTH)
}

fn symmetric_below(g: &Graph, e: ExprId, depth: usize) -> bool {
    let args = g.args(e);
    let Some(depth) = depth.checked_sub(1) else { return false };
    let is_symmetric = |a: ExprId| symmetric_below(g, a, depth);
    match (g.op(e), g.shape(e)) {
        (Op::Eye, _) => true,
        (Op::Diag, Shape::Matrix(..)) => true,
        (Op::Symbol, Shape::Matrix(m, n)) if m == n && n <= MAX_LOOK => {
            let value = g.as_symbol(e).and_then(|s| g.symbol(s).value.as_ref());
            value.is_some_and(|v| (0..n).all(|i| (0..i).all(|j| v.at(i, j) == v.at(j, i))))
        }
        (op, Shape::Matrix(..))
            if matches!(op, Op::Mul | Op::Had | Op::Pow | Op::Add)
                || matches!(super::def(op).value, Value::Unary(_)) =>
        {
            args.iter().all(|&a| g.shape(a).is_scalar() || is_symmetric(a))
        }
        (Op::Inv, _) => is_symmetric(args[0]),
        (Op::MatMul, Shape::Matrix(..)) => {
            let turned = |a: ExprId, b: ExprId| {
                (a == b && is_symmetric(a))
                    || (g.op(a) == Op::Transpose && g.args(a)[0] == b)
                    || (g.op(b) == Op::Transpose && g.args(b)[0] == a)
            };
            let n = args.len();
            (0..n.div_ceil(2)).all(|k| {
                if k == n - 1 - k {
                    is_symmetric(args[k])
                } else {
                    turned(args[k], args[n - 1 - k])
                }
            })
        }
        _ => false,
    }
}

fn transpose_shape(g: &Graph, _: Data, args: &[ExprId]) -> Result<Shape, ShapeError> {
    Ok(g.shape(args[0]).transposed())
}

/// Some consecutive factors as one node.
fn span(g: &mut Graph, factors: &[ExprId]) -> Option<ExprId> {
    match factors {
        [] => None,
        _ => Some(g.apply(Op::MatMul, factors)),
    }
}

/// `Y = L*A*R` has adjoint `L'*a*R'`.
fn matmul_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, k: usize) -> ExprId {
    let (left, right) = (span(g, &args[..k]), span(g, &args[k + 1..]));
    let own = g.shape(args[k]);
    let mut result = a;
    if let Some(left) = left {
        let turned = g.transpose(left);
        result = outer_safe(g, turned, result);
    }
    if let Some(right) = right {
        let turned = g.transpose(right);
        result = outer_safe(g, result, turned);
    }
    reshape_to(g, result, own)
}

/// A product in which a scalar stands for a 1 by 1 matrix.
fn outer_safe(g: &mut Graph, a: ExprId, b: ExprId) -> ExprId {
    if g.shape(a).is_scalar() || g.shape(b).is_scalar() {
        return g.mul(&[a, b]);
    }
    g.apply(Op::MatMul, &[a, b])
}

/// The same entries where a column and an `n x 1` matrix meet.
fn reshape_to(g: &mut Graph, e: ExprId, shape: Shape) -> ExprId {
    if g.shape(e) == shape { e } else { g.apply_data(Op::Reshape, Data::Shape(shape), &[e]) }
}

fn matmul_tangent(g: &mut Graph, args: &[ExprId], _: ExprId, d: ExprId, k: usize) -> ExprId {
    let mut factors = args.to_vec();
    factors[k] = d;
    g.apply(Op::MatMul, &factors)
}

fn transpose_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    let own = g.shape(args[0]);
    let turned = g.transpose(a);
    // A 1 by 1 matrix stays one, and the argument may have been a column of one entry.
    reshape_to(g, turned, own)
}

fn trace_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    let shape = g.shape(args[0]);
    let eye = g.apply_data(Op::Eye, Data::Shape(shape), &[]);
    g.mul(&[a, eye])
}

fn inverse_transpose(g: &mut Graph, e: ExprId) -> ExprId {
    let turned = g.transpose(e);
    g.apply(Op::Inv, &[turned])
}

fn logdet_adjoint(g: &mut Graph, args: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    let inverse = inverse_transpose(g, args[0]);
    g.mul(&[a, inverse])
}

fn det_adjoint(g: &mut Graph, args: &[ExprId], y: ExprId, a: ExprId, _: usize) -> ExprId {
    let inverse = inverse_transpose(g, args[0]);
    g.mul(&[a, y, inverse])
}

/// `-inv(A)'*a*inv(A)'`
fn inv_adjoint(g: &mut Graph, _: &[ExprId], y: ExprId, a: ExprId, _: usize) -> ExprId {
    let turned = g.transpose(y);
    let product = g.apply(Op::MatMul, &[turned, a, turned]);
    g.neg(product)
}

/// `-inv(A)*dA*inv(A)`
fn inv_tangent(g: &mut Graph, _: &[ExprId], y: ExprId, d: ExprId, _: usize) -> ExprId {
    let product = g.apply(Op::MatMul, &[y, d, y]);
    g.neg(product)
}

fn diag_shape(g: &Graph, _: Data, args: &[ExprId]) -> Result<Shape, ShapeError> {
    match g.shape(args[0]) {
        Shape::Vector(n) => Ok(Shape::Matrix(n, n)),
        Shape::Matrix(m, n) if m == n => Ok(Shape::Vector(n)),
        shape => Err(ShapeError::new(
            format!("expected a column or a square matrix, found {}", in_words(shape)),
            &[(0, shape)],
        )),
    }
}

/// Its own adjoint: the diagonal of a matrix, a diagonal matrix of a column.
fn diag_adjoint(g: &mut Graph, _: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    g.apply(Op::Diag, &[a])
}

fn same_shape(g: &Graph, _: Data, args: &[ExprId]) -> Result<Shape, ShapeError> {
    match g.shape(args[0]) {
        Shape::Vector(n) => Ok(Shape::Vector(n)),
        shape => Err(ShapeError::new(
            format!("expected a column, found {}", in_words(shape)),
            &[(0, shape)],
        )),
    }
}

/// Sums from the end: `sum(a) - cumsum(a) + a`.
fn cumsum_adjoint(g: &mut Graph, _: &[ExprId], _: ExprId, a: ExprId, _: usize) -> ExprId {
    let total = g.apply(Op::SumAll, &[a]);
    let partial = g.apply(Op::CumSum, &[a]);
    let rest = g.sub(total, partial);
    g.add(&[rest, a])
}

/// Linear with nonnegative coefficients.
const LINEAR: Traits = Traits {
    smooth: true,
    odd: true,
    even: false,
    zero_at_zero: true,
    increasing: true,
    convex: true,
    concave: true,
    ..Traits::NONE
};
const SMOOTH: Traits = Traits { smooth: true, ..Traits::NONE };

struct Entry {
    op: Op,
    name: &'static str,
    latex: &'static str,
    shape: ShapeRule,
    traits: Traits,
    value: fn(&[Tensor], Data) -> Tensor,
    derivative: Derivative,
    doc: (&'static str, &'static str, (&'static str, &'static str)),
}

const fn row(e: Entry) -> OpDef {
    OpDef {
        op: e.op,
        name: e.name,
        aliases: &[],
        arity: (1, 1),
        latex: Latex::of(e.latex),
        shape: e.shape,
        domain: Domain::Reals,
        traits: e.traits,
        value: Value::Tensor(e.value),
        derivative: e.derivative,
        exact: Exact::Small,
        accuracy: Accuracy::OfParts,
        lowering: Lowering::Library,
        samples: &[],
        doc: Doc { title: e.doc.0, formula: e.doc.1, example: e.doc.2 },
    }
}

const MATMUL: (Adjoint, Tangent) = (matmul_adjoint, matmul_tangent);

/// The rows of this file.
#[rustfmt::skip]
pub const ROWS: &[&OpDef] = &[
    &OpDef { arity: (1, usize::MAX), ..row(Entry { op: Op::MatMul, name: "", latex: "", shape: shapes::product, traits: SMOOTH, value: values::matmul, derivative: Derivative::General(MATMUL.0, MATMUL.1), doc: ("matrix product", "a row times a column is a scalar", ("[1, 2; 3, 4]*[1, 1]", "[3, 7]")) }) },
    &row(Entry { op: Op::Transpose, name: "", latex: "^{\\top}", shape: transpose_shape, traits: LINEAR, value: values::transpose, derivative: Derivative::Linear(transpose_adjoint), doc: ("transpose", "A' has rows and columns exchanged", ("[1, 2]'", "[1, 2]'")) }),
    &row(Entry { op: Op::Tr, name: "tr", latex: "\\operatorname{tr}", shape: shapes::square_to_scalar, traits: LINEAR, value: values::trace, derivative: Derivative::Linear(trace_adjoint), doc: ("trace", "sum of the diagonal", ("tr([1, 2; 3, 4])", "5")) }),
    &row(Entry { op: Op::Det, name: "det", latex: "\\det", shape: shapes::square_to_scalar, traits: SMOOTH, value: values::det, derivative: Derivative::Reduction(det_adjoint), doc: ("determinant", "of a square matrix", ("det([1, 2; 3, 4])", "-2")) }),
    &row(Entry { op: Op::LogDet, name: "logdet", latex: "\\log\\det", shape: shapes::square_to_scalar, traits: SMOOTH, value: values::logdet, derivative: Derivative::Reduction(logdet_adjoint), doc: ("logarithm of the determinant", "nan where the determinant is negative", ("logdet([1, 0; 0, 1])", "0")) }),
    &OpDef { latex: Latex::of("#1^{-1}").binding(Binding::Power, Binding::Postfix), ..row(Entry { op: Op::Inv, name: "inv", latex: "", shape: shapes::square_to_square, traits: SMOOTH, value: values::inv, derivative: Derivative::General(inv_adjoint, inv_tangent), doc: ("inverse", "inv(A)*b solves A*x = b", ("inv([2, 0; 0, 4])", "[0.5, 0; 0, 0.25]")) }) },
    &row(Entry { op: Op::Diag, name: "diag", latex: "\\operatorname{diag}", shape: diag_shape, traits: LINEAR, value: values::diag, derivative: Derivative::Linear(diag_adjoint), doc: ("diagonal", "a diagonal matrix of a column, the diagonal of a matrix", ("diag([1, 2; 3, 4])", "[1, 4]")) }),
    &row(Entry { op: Op::CumSum, name: "cumsum", latex: "\\operatorname{cumsum}", shape: same_shape, traits: LINEAR, value: values::cumsum, derivative: Derivative::Linear(cumsum_adjoint), doc: ("running sum", "cumsum(x)[i] = x[1] + ... + x[i]", ("cumsum([1, 2, 3])", "[1, 3, 6]")) }),
];

//! Sums, products and other operators over an index.
//!
//! A binder's data is its index, its arguments are the two ends of the range,
//! the condition (the number 1 where there is none) and the body. Several
//! `for` clauses are nested binders. No index is bound twice on a path from a
//! root to a leaf: [`make`] renames where a body already binds the index.

use super::{
    Accuracy, Derivative, Doc, Domain, Exact, Latex, Lowering, OpDef, Traits, Value, arrays,
    known_value, shapes, substitute,
};
use crate::expr::{Data, ExprId, Graph, Num, Op, SymbolId};
use crate::shape::ShapeFault;
use crate::shape::{Shape, ShapeError};

/// The index of a binder with its range and condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The bound index.
    pub index: SymbolId,
    /// The first value.
    pub lo: ExprId,
    /// The last value.
    pub hi: ExprId,
    /// The condition; the number 1 where there is none.
    pub cond: ExprId,
}

impl Range {
    /// The range of a binder node.
    pub fn of(g: &Graph, binder: ExprId) -> Option<Range> {
        let index = g.bound_index(binder)?;
        let args = g.args(binder);
        Some(Range {
            index,
            lo: args[Op::BINDER_LO],
            hi: args[Op::BINDER_HI],
            cond: args[Op::BINDER_COND],
        })
    }

    /// Whether there is a condition.
    pub fn is_filtered(&self, g: &Graph) -> bool {
        !g.is_one(self.cond)
    }

    /// The same range with another operator and body.
    pub fn bind(&self, g: &mut Graph, op: Op, body: ExprId) -> ExprId {
        g.bind(op, self.index, self.lo, self.hi, self.cond, body)
    }
}

/// Number of values in a range whose ends are known now: 0 where it is empty.
pub fn count(g: &Graph, lo: ExprId, hi: ExprId) -> Option<usize> {
    let (lo, hi) = (known_value(g, lo)?, known_value(g, hi)?);
    let n = hi - lo + 1.0;
    (n.is_finite() && n < 9e15).then_some(n.max(0.0) as usize)
}

/// Identities of binders.
pub(super) fn make(g: &mut Graph, op: Op, data: Data, args: &[ExprId], shape: Shape) -> ExprId {
    let Data::Symbol(index) = data else { unreachable!("a binder binds an index") };
    let &[lo, hi, cond, body] = args else { unreachable!("a binder has four arguments") };
    if g.binds(body, index) || g.binds(cond, index) {
        let name = g.symbol(index).name.clone();
        let fresh = g.fresh_index(&name, &[body, cond, lo, hi]);
        let (from, to) = (g.leaf(index), g.leaf(fresh));
        let body = substitute(g, body, &[(from, to)]);
        let cond = substitute(g, cond, &[(from, to)]);
        return g.bind(op, fresh, lo, hi, cond, body);
    }
    let range = Range { index, lo, hi, cond };
    let simple = match op {
        Op::Sum => sum(g, range, body, shape),
        Op::Prod => power(g, range, body),
        Op::Comp if g.shape(body).is_scalar() && !g.depends_on(body, index) => {
            Some(g.fill(shape, body))
        }
        Op::Comp if !g.shape(body).is_scalar() => matrix(g, range, body, shape),
        _ => None,
    };
    simple.unwrap_or_else(|| g.intern(op, data, args, shape))
}

/// Zero terms vanish, factors that do not depend on the index leave the sum,
/// and a term that is always the same is counted.
fn sum(g: &mut Graph, range: Range, body: ExprId, shape: Shape) -> Option<ExprId> {
    if g.is_zero(body) || g.is_zero(range.cond) {
        return Some(g.zero(shape));
    }
    let (outside, inside) = split_factors(g, range, body);
    if !outside.is_empty() && !inside.is_empty() {
        let rest = g.apply(Op::Mul, &inside);
        let sum = range.bind(g, Op::Sum, rest);
        let mut factors = outside;
        factors.push(sum);
        return Some(g.mul(&factors));
    }
    if !g.depends_on(body, range.index) && !range.is_filtered(g) {
        count(g, range.lo, range.hi).filter(|&n| n > 0)?;
        let (one, minus_lo) = (g.int(1), g.neg(range.lo));
        let n = g.add(&[range.hi, minus_lo, one]);
        return Some(super::times(g, n, body));
    }
    None
}

/// A factor that is always the same is counted.
fn power(g: &mut Graph, range: Range, body: ExprId) -> Option<ExprId> {
    if g.depends_on(body, range.index) || range.is_filtered(g) {
        return None;
    }
    count(g, range.lo, range.hi).filter(|&n| n > 0)?;
    let (one, minus_lo) = (g.int(1), g.neg(range.lo));
    let n = g.add(&[range.hi, minus_lo, one]);
    Some(g.apply(Op::Pow, &[body, n]))
}

/// A matrix by two indices: its row at an index is built by another, so that
/// it can be written with two `for`. `None` where the body is such a row.
fn matrix(g: &mut Graph, range: Range, body: ExprId, shape: Shape) -> Option<ExprId> {
    if g.is_zero(body) {
        return Some(g.zero(shape));
    }
    let one = g.int(1);
    if !g.depends_on(body, range.index) {
        let ones = g.fill(Shape::Vector(shape.rows()), one);
        let row = g.transpose(body);
        return Some(g.matmul(ones, row));
    }
    if g.op(body) == Op::Fill {
        let value = g.args(body)[0];
        let column = range.bind(g, Op::Comp, value);
        let ones = g.fill(Shape::Matrix(1, shape.cols()), one);
        return Some(g.matmul(column, ones));
    }
    if g.op(body) == Op::Comp {
        return None;
    }
    let j = g.fresh_index("j", &[body, range.lo, range.hi]);
    let at = g.leaf(j);
    let entry = g.apply(Op::Elem, &[body, at]);
    let last = g.int(shape.cols() as i64);
    let row = g.bind(Op::Comp, j, one, last, one, entry);
    Some(range.bind(g, Op::Comp, row))
}

/// The factors of a body that may leave the sum, and those that stay. Under a
/// condition only leaves may leave: a term that is not taken has no effect,
/// even where a factor of it is not finite.
fn split_factors(g: &Graph, range: Range, body: ExprId) -> (Vec<ExprId>, Vec<ExprId>) {
    if g.op(body) != Op::Mul {
        return (Vec::new(), vec![body]);
    }
    let filtered = range.is_filtered(g);
    g.args(body).iter().partition(|&&f| {
        let leaf = matches!(g.op(f), Op::Num | Op::Symbol);
        g.shape(f).is_scalar() && !g.depends_on(f, range.index) && (leaf || !filtered)
    })
}

/// The ends of a range are scalars; known ones are whole numbers.
pub(super) fn check_range(g: &Graph, args: &[ExprId]) -> Result<(), ShapeError> {
    shapes::scalars(g, Data::None, &args[..Op::BINDER_BODY])?;
    for (k, &end) in args[..Op::BINDER_COND].iter().enumerate() {
        // Beyond 2^53 not every whole number is a double.
        const FARTHEST: f64 = 9_007_199_254_740_992.0;
        if let Some(v) = known_value(g, end).filter(|v| v.abs() > FARTHEST) {
            let message =
                format!("the ends of a range must be whole numbers of at most 2^53, found {v:e}");
            return Err(ShapeError::new(message, &[(k, Shape::Scalar)]).of(ShapeFault::NotWhole));
        }
        if let Some(v) = known_value(g, end)
            && (v.fract() != 0.0 || !v.is_finite())
        {
            let message = format!("the ends of a range must be whole numbers, found {v}");
            return Err(ShapeError::new(message, &[(k, Shape::Scalar)]).of(ShapeFault::NotWhole));
        }
    }
    Ok(())
}

fn body_shape(g: &Graph, _: Data, args: &[ExprId]) -> Result<Shape, ShapeError> {
    check_range(g, args)?;
    Ok(g.shape(args[Op::BINDER_BODY]))
}

fn scalar_body(g: &Graph, data: Data, args: &[ExprId]) -> Result<Shape, ShapeError> {
    check_range(g, args)?;
    shapes::scalars(g, data, args)
}

/// As [`scalar_body`], of at least one value where that is known.
fn nonempty(g: &Graph, data: Data, args: &[ExprId]) -> Result<Shape, ShapeError> {
    if count(g, args[Op::BINDER_LO], args[Op::BINDER_HI]) == Some(0) {
        return Err(ShapeError::new("expected at least one value, found an empty range", &[]));
    }
    scalar_body(g, data, args)
}

const PLAIN: Traits = Traits { smooth: true, ..Traits::NONE };
/// Linear in the body with nonnegative coefficients.
const LINEAR: Traits = Traits { increasing: true, convex: true, concave: true, ..PLAIN };
const SMALLEST: Traits = Traits { increasing: true, concave: true, ..Traits::NONE };
const LARGEST: Traits = Traits { increasing: true, convex: true, ..Traits::NONE };
const LOG_SUM: Traits = Traits { increasing: true, convex: true, ..PLAIN };

const fn row(
    op: Op,
    name: &'static str,
    latex: &'static str,
    shape: super::ShapeRule,
    traits: Traits,
    doc: (&'static str, &'static str, (&'static str, &'static str)),
) -> OpDef {
    OpDef {
        op,
        name,
        aliases: &[],
        arity: (4, 4),
        latex: Latex::of(latex),
        shape,
        domain: Domain::Reals,
        traits,
        value: Value::Structural,
        derivative: Derivative::Scoped,
        exact: Exact::Small,
        accuracy: Accuracy::OfParts,
        lowering: Lowering::Loop,
        samples: &[],
        doc: Doc { title: doc.0, formula: doc.1, example: doc.2 },
    }
}

/// The rows of this file.
#[rustfmt::skip]
pub const ROWS: &[&OpDef] = &[
    &row(Op::Sum, "sum", "\\sum", body_shape, LINEAR, ("sum over an index", "sum(BODY for i in 1..n), several `for` and an `if` allowed; never unrolled", ("sum(i^2 for i in 1..3)", "14"))),
    &row(Op::Prod, "prod", "\\prod", scalar_body, PLAIN, ("product over an index", "an empty range multiplies to 1", ("prod(i for i in 1..4)", "24"))),
    &row(Op::Min, "min", "\\min", nonempty, SMALLEST, ("smallest over an index", "an empty range is an error", ("min((i - 2)^2 for i in 1..4)", "0"))),
    &row(Op::Max, "max", "\\max", nonempty, LARGEST, ("largest over an index", "an empty range is an error", ("max((i - 2)^2 for i in 1..4)", "4"))),
    &row(Op::LogSumExp, "logsumexp", "\\operatorname*{logsumexp}", scalar_body, LOG_SUM, ("logarithm of a sum of exponentials over an index", "log(sum(exp(BODY) for i in 1..n)), shifted by the largest", ("logsumexp(0*i for i in 1..2)", "0.693147"))),
    &OpDef { derivative: Derivative::Zero, ..row(Op::ArgMin, "argmin", "\\operatorname*{arg\\,min}", nonempty, Traits::NONE, ("first index of the smallest", "values within 2^-42 of one another, relatively, tie", ("argmin((i - 2)^2 for i in 1..4)", "2"))) },
    &OpDef { derivative: Derivative::Zero, ..row(Op::ArgMax, "argmax", "\\operatorname*{arg\\,max}", nonempty, Traits::NONE, ("first index of the largest", "values within 2^-42 of one another, relatively, tie", ("argmax((i - 2)^2 for i in 1..3)", "1"))) },
    &row(Op::Comp, "", "", arrays::comp_shape, LINEAR, ("array built by index", "[BODY for i in 1..n] is a column, [BODY for i in 1..m for j in 1..n] an m by n matrix", ("[i^2 for i in 1..3]", "[1, 4, 9]"))),
];

/// The neutral element of a binder that has one: what an empty range gives.
pub fn neutral(op: Op) -> Num {
    match op {
        Op::Sum => Num::ZERO,
        Op::Prod => Num::ONE,
        Op::Min => Num::float(f64::INFINITY),
        _ => Num::float(f64::NEG_INFINITY),
    }
}

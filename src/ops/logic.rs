//! Comparisons, `and`, `or`, `not` and `if`: true is 1 and false is 0.

use super::{
    Accuracy, Derivative, Doc, Domain, Exact, Latex, Lowering, OpDef, ShapeRule, Traits, Value,
    shapes,
};
use crate::expr::{Data, ExprId, Graph, Num, Op};
use crate::shape::ShapeFault;
use crate::shape::{Shape, ShapeError, in_words};

fn truth(b: bool) -> f64 {
    f64::from(u8::from(b))
}

/// Identities of the connectives and of a branch with a known condition.
pub(super) fn branch(g: &mut Graph, op: Op, args: &[ExprId], shape: Shape) -> ExprId {
    let known = |g: &Graph, k: usize| g.as_num(args[k]).map(|n| !n.is_zero());
    let decided = match op {
        Op::If => match known(g, 0) {
            Some(c) => Some(args[if c { 1 } else { 2 }]),
            None => (args[1] == args[2]).then_some(args[1]),
        },
        Op::Not => known(g, 0).map(|c| g.number(if c { Num::ZERO } else { Num::ONE })),
        Op::And | Op::Or => {
            // The argument that says nothing drops out, the other decides.
            let neutral = op == Op::And;
            (0..2)
                .find_map(|k| known(g, k).map(|c| if c == neutral { args[1 - k] } else { args[k] }))
        }
        _ => None,
    };
    if op == Op::If
        && decided.is_none()
        && let Some(negative) = minus_in_front(g, args)
    {
        return negative;
    }
    match decided {
        Some(e) if g.shape(e) == shape => e,
        Some(e) if g.shape(e).is_scalar() => g.fill(shape, e),
        _ => g.intern(op, Data::None, args, shape),
    }
}

/// Both conditions. What the second reads may lie outside of its array where
/// the first does not hold: there it is not asked.
pub fn within(g: &mut Graph, first: ExprId, second: ExprId) -> ExprId {
    let reads = |e: ExprId| matches!(g.op(e), Op::Elem | Op::Block) || g.op(e).is_binder();
    if !g.reachable(&[second]).into_iter().any(reads) {
        return g.apply(Op::And, &[first, second]);
    }
    let zero = g.int(0);
    g.apply(Op::If, &[first, second, zero])
}

/// `if c then -a else 0` is `-(if c then a else 0)`.
fn minus_in_front(g: &mut Graph, args: &[ExprId]) -> Option<ExprId> {
    if !g.is_zero(args[2]) {
        return None;
    }
    let (c, _) = super::coefficient(g, args[1]);
    if !c.is_negative() {
        return None;
    }
    let positive = g.neg(args[1]);
    let inner = g.apply(Op::If, &[args[0], positive, args[2]]);
    Some(g.neg(inner))
}

fn branch_shape(g: &Graph, data: Data, args: &[ExprId]) -> Result<Shape, ShapeError> {
    let condition = g.shape(args[0]);
    if !condition.is_scalar() {
        let message =
            format!("the condition of `if` must be a scalar, found {}", in_words(condition));
        return Err(ShapeError::new(message, &[(0, condition)])
            .of(ShapeFault::NotScalar)
            .help("entry by entry, multiply by the comparison: `y .* (z > 0)`"));
    }
    let (a, b) = (g.shape(args[1]), g.shape(args[2]));
    if a != b {
        let message = format!(
            "both branches of `if` must have one shape, found {} and {}",
            in_words(a),
            in_words(b)
        );
        return Err(ShapeError::new(message, &[(1, a), (2, b)]));
    }
    shapes::elementwise(g, data, &args[1..])
}

const STEP: Traits = Traits::NONE;

const fn comparison(
    op: Op,
    latex: &'static str,
    value: fn(f64, f64) -> f64,
    title: &'static str,
    example: (&'static str, &'static str),
) -> OpDef {
    let row = row(
        op,
        latex,
        (2, 2),
        shapes::elementwise,
        Value::Binary(value),
        Derivative::Zero,
        title,
        "1 where it holds, 0 where it does not; entry by entry on arrays",
        example,
    );
    OpDef { exact: Exact::Everywhere, ..row }
}

#[allow(clippy::too_many_arguments)] // a row of a table
const fn row(
    op: Op,
    latex: &'static str,
    arity: (usize, usize),
    shape: ShapeRule,
    value: Value,
    derivative: Derivative,
    title: &'static str,
    formula: &'static str,
    example: (&'static str, &'static str),
) -> OpDef {
    OpDef {
        op,
        name: "",
        aliases: &[],
        arity,
        latex: Latex::of(latex),
        shape,
        domain: Domain::Reals,
        traits: STEP,
        value,
        derivative,
        exact: Exact::Small,
        accuracy: Accuracy::OfParts,
        lowering: Lowering::Instructions,
        samples: &[],
        doc: Doc { title, formula, example },
    }
}

/// The rows of this file.
pub const ROWS: &[&OpDef] = &[
    &comparison(Op::Lt, "<", |a, b| truth(a < b), "less than", ("1 < 2", "true")),
    &comparison(Op::Le, "\\le", |a, b| truth(a <= b), "at most", ("0 <= 2 <= 1", "false")),
    &comparison(Op::Gt, ">", |a, b| truth(a > b), "greater than", ("[1, 3] > 2", "[0, 1]")),
    &comparison(Op::Ge, "\\ge", |a, b| truth(a >= b), "at least", ("2 >= 2", "true")),
    &comparison(Op::Eq, "=", |a, b| truth(a == b), "equal", ("1 == 2", "false")),
    &comparison(Op::Ne, "\\ne", |a, b| truth(a != b), "not equal", ("1 != 2", "true")),
    &row(
        Op::And,
        "\\wedge",
        (2, 2),
        shapes::elementwise,
        Value::Binary(|a, b| truth(a != 0.0 && b != 0.0)),
        Derivative::Zero,
        "both",
        "1 where both hold",
        ("1 < 2 and 2 < 1", "false"),
    ),
    &row(
        Op::Or,
        "\\vee",
        (2, 2),
        shapes::elementwise,
        Value::Binary(|a, b| truth(a != 0.0 || b != 0.0)),
        Derivative::Zero,
        "at least one",
        "1 where one of them holds",
        ("1 < 2 or 2 < 1", "true"),
    ),
    &row(
        Op::Not,
        "\\neg",
        (1, 1),
        shapes::elementwise,
        Value::Unary(|a| truth(a == 0.0)),
        Derivative::Zero,
        "not",
        "1 where it does not hold",
        ("not 1 < 2", "false"),
    ),
    &row(
        Op::If,
        "",
        (3, 3),
        branch_shape,
        Value::Structural,
        Derivative::Scoped,
        "one of two",
        "the branch that is not taken has no effect on values or derivatives",
        ("if 1 < 2 then 3 else log(-1)", "3"),
    ),
];

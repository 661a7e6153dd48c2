//! Leaves: numbers and symbols; and the derivative that is not yet taken.

use super::{Accuracy, Derivative, Doc, Domain, Exact, Latex, Lowering, OpDef, Traits, Value};
use crate::expr::{Data, ExprId, Graph, Op};
use crate::shape::{Shape, ShapeError};

const LEAF: Traits =
    Traits { smooth: true, increasing: true, convex: true, concave: true, ..Traits::NONE };

fn symbol_shape(g: &Graph, data: Data, _: &[ExprId]) -> Result<Shape, ShapeError> {
    match data {
        Data::Symbol(s) => Ok(g.symbol(s).shape),
        _ => Ok(Shape::Scalar),
    }
}

/// The unknown's shape for a scalar, the expression's own for a derivative by a
/// scalar, else the Jacobian's.
fn diff_shape(g: &Graph, _: Data, args: &[ExprId]) -> Result<Shape, ShapeError> {
    Ok(match (g.shape(args[0]), g.shape(args[1])) {
        (Shape::Scalar, by) => by,
        (of, Shape::Scalar) => of,
        (of, by) => Shape::Matrix(of.len(), by.len()),
    })
}

/// The rows of this file.
pub const ROWS: &[&OpDef] = &[
    &OpDef {
        op: Op::Num,
        name: "",
        aliases: &[],
        arity: (0, 0),
        latex: Latex::of(""),
        shape: symbol_shape,
        domain: Domain::Reals,
        traits: LEAF,
        value: Value::Structural,
        derivative: Derivative::Zero,
        exact: Exact::Small,
        accuracy: Accuracy::OfParts,
        lowering: Lowering::Leaf,
        samples: &[],
        doc: Doc {
            title: "a number",
            formula: "exact as long as it is a ratio of whole numbers of 53 bits",
            example: ("1/3 + 1/6", "0.5"),
        },
    },
    &OpDef {
        op: Op::Symbol,
        name: "",
        aliases: &[],
        arity: (0, 0),
        latex: Latex::of(""),
        shape: symbol_shape,
        domain: Domain::Reals,
        traits: LEAF,
        value: Value::Structural,
        derivative: Derivative::Zero,
        exact: Exact::Small,
        accuracy: Accuracy::OfParts,
        lowering: Lowering::Leaf,
        samples: &[],
        doc: Doc {
            title: "a name",
            formula: "an unknown, a known value or a bound index",
            example: ("pi", "3.14159"),
        },
    },
    &OpDef {
        op: Op::Diff,
        name: "",
        aliases: &[],
        arity: (2, 2),
        latex: Latex::of(""),
        shape: diff_shape,
        domain: Domain::Reals,
        traits: LEAF,
        value: Value::Structural,
        derivative: Derivative::Zero,
        exact: Exact::Small,
        accuracy: Accuracy::OfParts,
        lowering: Lowering::Leaf,
        samples: &[],
        doc: Doc {
            title: "a derivative not yet taken",
            formula: "stands in the lines of `derive`, and is never evaluated",
            example: ("", ""),
        },
    },
];

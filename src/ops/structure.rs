//! Leaves: numbers and symbols.

use super::{Derivative, Doc, Domain, Lowering, OpDef, Traits, Value};
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

/// The rows of this file.
pub const ROWS: &[&OpDef] = &[
    &OpDef {
        op: Op::Num,
        name: "",
        aliases: &[],
        arity: (0, 0),
        latex: "",
        shape: symbol_shape,
        domain: Domain::Reals,
        traits: LEAF,
        value: Value::Structural,
        derivative: Derivative::Zero,
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
        latex: "",
        shape: symbol_shape,
        domain: Domain::Reals,
        traits: LEAF,
        value: Value::Structural,
        derivative: Derivative::Zero,
        lowering: Lowering::Leaf,
        samples: &[],
        doc: Doc {
            title: "a name",
            formula: "an unknown, a known value or a bound index",
            example: ("pi", "3.14159"),
        },
    },
];

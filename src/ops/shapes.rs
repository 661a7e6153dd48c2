//! Shape rules shared by many rows.

use crate::expr::{Data, ExprId, Graph};
use crate::shape::ShapeFault;
use crate::shape::{Shape, ShapeError, in_words};

type Outcome = Result<Shape, ShapeError>;

/// Arguments combine entry by entry; scalars go with anything.
pub fn elementwise(g: &Graph, _: Data, args: &[ExprId]) -> Outcome {
    common(g, args, "combine")
}

/// The one shape of all arguments that are not scalars.
pub fn common(g: &Graph, args: &[ExprId], verb: &str) -> Outcome {
    let mut result: Option<(usize, Shape)> = None;
    for (k, &arg) in args.iter().enumerate() {
        let shape = g.shape(arg);
        match result {
            _ if shape.is_scalar() => {}
            None => result = Some((k, shape)),
            Some((_, first)) if first == shape => {}
            Some((j, first)) => {
                let message = format!("cannot {verb} {} and {}", in_words(first), in_words(shape));
                return Err(mismatch_help(
                    ShapeError::new(message, &[(j, first), (k, shape)]),
                    first,
                    shape,
                ));
            }
        }
    }
    Ok(result.map_or(Shape::Scalar, |(_, shape)| shape))
}

/// Proposes a transpose where that would make the shapes agree.
fn mismatch_help(error: ShapeError, a: Shape, b: Shape) -> ShapeError {
    if a.transposed() == b {
        return error.help("transpose one of the two with `'`");
    }
    let along = |m: Shape, v: Shape| {
        v != m
            && ((v.rows() == m.rows() && v.cols() == 1) || (v.cols() == m.cols() && v.rows() == 1))
    };
    if along(a, b) || along(b, a) {
        return error.help("to repeat a row or a column, write `.+`, `.-`, `.*` or `./`");
    }
    error
}

/// All arguments are scalars.
pub fn scalars(g: &Graph, _: Data, args: &[ExprId]) -> Outcome {
    for (k, &arg) in args.iter().enumerate() {
        let shape = g.shape(arg);
        if !shape.is_scalar() {
            return Err(ShapeError::new(
                format!("expected a scalar here, found {}", in_words(shape)),
                &[(k, shape)],
            )
            .of(ShapeFault::NotScalar));
        }
    }
    Ok(Shape::Scalar)
}

/// Any arrays to a scalar.
pub fn to_scalar(_: &Graph, _: Data, _: &[ExprId]) -> Outcome {
    Ok(Shape::Scalar)
}

/// The shape that the node carries.
pub fn given(_: &Graph, data: Data, _: &[ExprId]) -> Outcome {
    match data {
        Data::Shape(shape) => Ok(shape),
        _ => Ok(Shape::Scalar),
    }
}

/// A matrix to a column with an entry for every row.
pub fn per_row(g: &Graph, _: Data, args: &[ExprId]) -> Outcome {
    matrix(g, args, "one number a row").map(|(m, _)| Shape::Vector(m))
}

/// A matrix to a row with an entry for every column.
pub fn per_col(g: &Graph, _: Data, args: &[ExprId]) -> Outcome {
    matrix(g, args, "one number a column").map(|(_, n)| Shape::Matrix(1, n))
}

/// A matrix to one of the same shape, for functions of each row or each column.
pub fn by_line(g: &Graph, _: Data, args: &[ExprId]) -> Outcome {
    matrix(g, args, "a function of every row or column").map(|(m, n)| Shape::Matrix(m, n))
}

/// A square matrix to a scalar.
pub fn square_to_scalar(g: &Graph, _: Data, args: &[ExprId]) -> Outcome {
    square(g, args).map(|_| Shape::Scalar)
}

/// A square matrix to one of the same size.
pub fn square_to_square(g: &Graph, _: Data, args: &[ExprId]) -> Outcome {
    square(g, args).map(|n| Shape::Matrix(n, n))
}

fn matrix(g: &Graph, args: &[ExprId], what: &str) -> Result<(usize, usize), ShapeError> {
    match g.shape(args[0]) {
        Shape::Matrix(m, n) => Ok((m, n)),
        shape => {
            let message = format!("expected a matrix, for {what}, found {}", in_words(shape));
            Err(ShapeError::new(message, &[(0, shape)]))
        }
    }
}

fn square(g: &Graph, args: &[ExprId]) -> Result<usize, ShapeError> {
    match g.shape(args[0]) {
        Shape::Matrix(m, n) if m == n => Ok(n),
        shape => {
            let message = format!("expected a square matrix, found {}", in_words(shape));
            Err(ShapeError::new(message, &[(0, shape)]))
        }
    }
}

/// Consecutive factors of a matrix product.
pub fn product(g: &Graph, _: Data, args: &[ExprId]) -> Outcome {
    let mut shape = g.shape(args[0]);
    for (k, &arg) in args.iter().enumerate().skip(1) {
        let right = g.shape(arg);
        shape = match shape.product(right) {
            Some(shape) => shape,
            None => {
                let message = format!(
                    "cannot multiply {} by {}: {} and {} differ",
                    in_words(shape),
                    in_words(right),
                    count(shape.cols(), "column"),
                    count(right.rows(), "row"),
                );
                return Err(product_help(
                    ShapeError::new(message, &[(k - 1, shape), (k, right)]),
                    shape,
                    right,
                ));
            }
        };
    }
    Ok(shape)
}

fn product_help(error: ShapeError, left: Shape, right: Shape) -> ShapeError {
    if left == right {
        error.help("for the product entry by entry write `.*`; for an inner product transpose the left one: `a'*b`")
    } else if left.transposed().product(right).is_some() {
        error.help("transpose the left one: `A'*b`")
    } else {
        error
    }
}

fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Op, Symbol};
    use crate::ops::def;

    #[test]
    fn functions_of_rows_and_columns_take_matrices_alone() {
        let mut g = Graph::new();
        for op in [Op::RowHardMax, Op::ColHardMax, Op::RowMax, Op::ColMax] {
            let mut fits = |shape| {
                let symbol = g.declare(Symbol::unknown("a", shape));
                let leaf = g.leaf(symbol);
                (def(op).shape)(&g, Data::None, &[leaf]).is_ok()
            };
            assert!(!fits(Shape::Scalar) && !fits(Shape::Vector(3)), "{op:?}");
            assert!(fits(Shape::Matrix(1, 3)) && fits(Shape::Matrix(2, 3)), "{op:?}");
        }
    }
}

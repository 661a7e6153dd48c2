//! Identities of inverses in products.
//!
//! Every rule holds wherever its left side has a value; where a factor that
//! cancels is singular, the right side may have one where the left has none.

use crate::expr::{Data, ExprId, Graph, Op};
use crate::shape::Shape;

/// An inverse: `inv(inv(A))` is `A`, `inv(A')` is `inv(A)'`, and of a product
/// and its transpose the one with fewer transposes is inverted.
pub(super) fn inv(g: &mut Graph, a: ExprId, shape: Shape) -> ExprId {
    match g.op(a) {
        Op::Inv => return g.args(a)[0],
        Op::Eye => return a,
        _ => {}
    }
    if turns(g, a) {
        let turned = g.transpose(a);
        let inverse = g.apply(Op::Inv, &[turned]);
        return g.transpose(inverse);
    }
    g.intern(Op::Inv, Data::None, &[a], shape)
}

/// Whether the transpose of an expression is the shorter one to write.
fn turns(g: &Graph, a: ExprId) -> bool {
    match g.op(a) {
        Op::Transpose => true,
        Op::MatMul => {
            let turned = g.args(a).iter().filter(|&&f| g.op(f) == Op::Transpose).count();
            let plain = g.args(a).iter().filter(|&&f| !super::matrix::is_symmetric(g, f)).count();
            2 * turned > plain
        }
        Op::Mul => g.args(a).iter().any(|&f| turns(g, f)),
        Op::Add => {
            let args = g.args(a);
            args.iter().any(|&t| turns(g, t))
                && args.iter().all(|&t| turns(g, t) || super::matrix::is_symmetric(g, t))
        }
        _ => false,
    }
}

/// Cancels square factors beside an inverse that begins or ends with them:
/// `inv(P*Q)*P` is `inv(Q)`, `Q*inv(P*Q)` is `inv(P)`. Returns whether
/// anything changed.
pub(super) fn cancel(g: &mut Graph, factors: &mut Vec<ExprId>) -> bool {
    for at in 0..factors.len() {
        let Some((inside, turned)) = inverted(g, factors[at]) else { continue };
        let after = common(&inside, &factors[at + 1..]);
        let before = common_end(&inside, &factors[..at]);
        let (drop, range, rest) = if after >= before {
            (after, at..at + 1 + after, inside[after..].to_vec())
        } else {
            (before, at - before..at + 1, inside[..inside.len() - before].to_vec())
        };
        if drop == 0 || !inside.iter().all(|&f| is_square(g, f)) {
            continue;
        }
        let new = if rest.is_empty() {
            let shape = g.shape(factors[at]);
            g.apply_data(Op::Eye, Data::Shape(shape), &[])
        } else {
            // The same orientation as before keeps the node of the inverse.
            let product = g.apply(Op::MatMul, &rest);
            let product = if turned { g.transpose(product) } else { product };
            let inverse = g.apply(Op::Inv, &[product]);
            if turned { g.transpose(inverse) } else { inverse }
        };
        factors.splice(range, [new]);
        return true;
    }
    false
}

/// The factors of the matrix whose inverse the node is, and whether it is the
/// transpose of an inverse.
fn inverted(g: &mut Graph, e: ExprId) -> Option<(Vec<ExprId>, bool)> {
    let turned = g.op(e) == Op::Transpose;
    let inverse = if turned { g.args(e)[0] } else { e };
    if g.op(inverse) != Op::Inv {
        return None;
    }
    let mut matrix = g.args(inverse)[0];
    if turned {
        matrix = g.transpose(matrix);
    }
    let factors = if g.op(matrix) == Op::MatMul { g.args(matrix).to_vec() } else { vec![matrix] };
    Some((factors, turned))
}

/// How many factors two products have in common at their beginnings.
fn common(a: &[ExprId], b: &[ExprId]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// The same at their ends.
fn common_end(a: &[ExprId], b: &[ExprId]) -> usize {
    a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
}

fn is_square(g: &Graph, e: ExprId) -> bool {
    matches!(g.shape(e), Shape::Matrix(m, n) if m == n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Symbol;

    fn square(g: &mut Graph, name: &str) -> ExprId {
        let symbol = g.declare(Symbol::unknown(name, Shape::Matrix(3, 3)));
        g.leaf(symbol)
    }

    #[test]
    fn what_stands_beside_its_inverse_cancels() {
        let mut g = Graph::new();
        let (a, b) = (square(&mut g, "A"), square(&mut g, "B"));
        let product = g.matmul(a, b);
        let inverse = g.apply(Op::Inv, &[product]);
        let (left, right) = (g.apply(Op::Inv, &[a]), g.apply(Op::Inv, &[b]));
        assert_eq!(g.matmul(inverse, a), right);
        assert_eq!(g.matmul(b, inverse), left);
        let (turned, at) = (g.transpose(inverse), g.transpose(a));
        let expected = g.transpose(right);
        assert_eq!(g.matmul(at, turned), expected);
        let whole = g.matmul(inverse, product);
        assert_eq!(g.op(whole), Op::Eye);
    }

    #[test]
    fn an_inverse_is_turned_outside() {
        let mut g = Graph::new();
        let (a, b) = (square(&mut g, "A"), square(&mut g, "B"));
        let inverse = g.apply(Op::Inv, &[a]);
        assert_eq!(g.apply(Op::Inv, &[inverse]), a);
        let (at, bt) = (g.transpose(a), g.transpose(b));
        let turned = g.apply(Op::Inv, &[at]);
        assert_eq!(turned, g.transpose(inverse));
        let product = g.matmul(bt, at);
        let inverse = g.apply(Op::Inv, &[product]);
        assert_eq!(crate::print::text(&g, inverse), "inv(A*B)'");
    }
}

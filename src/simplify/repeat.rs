//! Rows and columns that are repeated, as products with ones.
//!
//! Beside an array of the whole shape dotted operators repeat them; anywhere
//! else the product is what can be written: `r*ones(1, n)`.

use rustc_hash::FxHashMap;

use crate::expr::{ExprId, Graph, Op};
use crate::shape::Shape;
use crate::{ops, print};

/// The expression with products in place of repetitions that no operator does.
pub(super) fn with_ones(g: &mut Graph, e: ExprId) -> ExprId {
    let order = g.reachable(&[e]);
    if !order.iter().any(|&n| g.op(n) == Op::Bcast) {
        return e;
    }
    // Beside the node in full what a dotted operator makes of it.
    let mut map: FxHashMap<ExprId, (ExprId, ExprId)> = FxHashMap::default();
    for node in order {
        let args = g.args(node).to_vec();
        let spread = print::spread(g, g.op(node), &args, g.shape(node));
        let new: Vec<ExprId> = args
            .iter()
            .zip(spread)
            .map(|(a, spread)| if spread { map[a].1 } else { map[a].0 })
            .collect();
        let own = ops::rebuild(g, node, &new);
        let both = match g.op(node) {
            Op::Bcast => (product(g, own), own),
            Op::Mul | Op::Pow if print::repeated(g, node).is_some() => {
                let kept: Vec<ExprId> = args.iter().map(|a| map[a].1).collect();
                (own, ops::rebuild(g, node, &kept))
            }
            _ => (own, own),
        };
        map.insert(node, both);
    }
    map[&e].0
}

/// A repeated row or column as a product.
fn product(g: &mut Graph, e: ExprId) -> ExprId {
    if g.op(e) != Op::Bcast {
        return e;
    }
    let of = g.args(e)[0];
    let (from, to) = (g.shape(of), g.shape(e));
    let one = g.int(1);
    let mut product = of;
    if from.cols() != to.cols() {
        let ones = g.fill(Shape::Matrix(1, to.cols()), one);
        product = g.matmul(product, ones);
    }
    if from.rows() != to.rows() {
        let ones = g.fill(Shape::Vector(to.rows()), one);
        product = g.matmul(ones, product);
    }
    if g.shape(product) == to { product } else { e }
}

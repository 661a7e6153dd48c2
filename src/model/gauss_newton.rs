//! The Gauss-Newton matrix of residuals as expressions: no Jacobian is stored.

use super::blocks::MAX_SYMBOLIC_HESSIAN;
use super::blocks::{self, Layout};
use super::structure::Squares;
use crate::diff;
use crate::expr::{Data, ExprId, Graph, Num, Op, Symbol, SymbolId};
use crate::ops::{Range, times};
use crate::shape::Shape;
use crate::simplify;

/// Arrays of unknowns with at most so many entries are taken entry by entry, where they have no closed form.
const MAX_ENTRIES: usize = 16;

/// `2*scale*J'*J` by the unknowns; `None` where it has no closed form.
pub(crate) fn gauss_newton(
    g: &mut Graph,
    squares: &Squares,
    vars: &[SymbolId],
    plain: bool,
) -> Option<(Layout, Vec<ExprId>)> {
    let n: usize = vars.iter().map(|&v| g.symbol(v).shape.len()).sum();
    let scalars = vars.iter().all(|&v| g.symbol(v).shape.is_scalar());
    if !(scalars && n <= MAX_SYMBOLIC_HESSIAN) {
        let blocks = by_columns(g, squares, vars, plain);
        if blocks.is_some() || n > MAX_ENTRIES {
            return blocks;
        }
    }
    let products = by_entries(g, squares, vars);
    Some((Layout::LowerTriangle, simplify::stable(g, &products)))
}

/// By scalars and columns: the Hessian of `scale*|J*d|^2` by a direction d.
fn by_columns(
    g: &mut Graph,
    squares: &Squares,
    vars: &[SymbolId],
    plain: bool,
) -> Option<(Layout, Vec<ExprId>)> {
    let directions: Vec<SymbolId> = vars
        .iter()
        .map(|&v| {
            let symbol = g.symbol(v);
            let direction = Symbol::unknown(&format!("d_{}", symbol.name), symbol.shape);
            g.declare(direction)
        })
        .collect();
    let pairs: Vec<(SymbolId, ExprId)> =
        vars.iter().zip(&directions).map(|(&v, &d)| (v, g.leaf(d))).collect();
    let moved = diff::tangent(g, &squares.blocks, &pairs);
    let terms: Vec<ExprId> = moved
        .into_iter()
        .map(|t| match g.shape(t).is_scalar() {
            true => g.powi(t, 2),
            false => g.apply(Op::SumSq, &[t]),
        })
        .collect();
    let sum = g.add(&terms);
    let factor = g.number(Num::float(squares.scale));
    let quadratic = g.mul(&[factor, sum]);
    let (layout, exprs) = blocks::closed_form(g, quadratic, &directions, plain)?;
    let mentioned = g.unknowns(&exprs);
    (!directions.iter().any(|d| mentioned.contains(d))).then_some((layout, exprs))
}

/// By entries, the lower triangle row by row: products of derivatives are summed under the index of their residuals.
fn by_entries(g: &mut Graph, squares: &Squares, vars: &[SymbolId]) -> Vec<ExprId> {
    let directions: Vec<(SymbolId, ExprId)> = vars.iter().flat_map(|&v| units(g, v)).collect();
    let n = directions.len();
    let factor = g.number(Num::float(2.0 * squares.scale));
    let mut terms: Vec<Vec<ExprId>> = vec![Vec::new(); n * (n + 1) / 2];
    for &block in &squares.blocks {
        let range = Range::of(g, block).filter(|_| g.op(block) == Op::Comp);
        let residual = if range.is_some() { g.args(block)[Op::BINDER_BODY] } else { block };
        let columns: Vec<ExprId> =
            directions.iter().map(|&d| diff::tangent(g, &[residual], &[d])[0]).collect();
        let mut k = 0;
        for i in 0..n {
            for j in 0..=i {
                let product = times(g, columns[i], columns[j]);
                let product = match g.shape(product) {
                    Shape::Scalar => product,
                    _ => g.apply(Op::SumAll, &[product]),
                };
                let sum = range.map_or(product, |range| range.bind(g, Op::Sum, product));
                terms[k].push(sum);
                k += 1;
            }
        }
    }
    let total = |t: Vec<ExprId>| {
        let sum = g.add(&t);
        g.mul(&[factor, sum])
    };
    terms.into_iter().map(total).collect()
}

/// The directions that move one entry of an unknown.
fn units(g: &mut Graph, v: SymbolId) -> Vec<(SymbolId, ExprId)> {
    let (shape, one) = (g.symbol(v).shape, g.int(1));
    let mut unit = |indices: &[usize]| {
        let mut args = vec![one];
        args.extend(indices.iter().map(|&i| g.int(i as i64)));
        (v, g.apply_data(Op::Place, Data::Shape(shape), &args))
    };
    match shape {
        Shape::Scalar => vec![(v, one)],
        Shape::Vector(n) => (1..=n).map(|i| unit(&[i])).collect(),
        Shape::Matrix(m, n) => {
            (1..=m).flat_map(|i| (1..=n).map(move |j| [i, j])).map(|at| unit(&at)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use nalgebra::DMatrix;

    use crate::check::Item;
    use crate::model::compiled::Compiled;
    use crate::model::engine::{Engine, Way};
    use crate::model::structure;
    use crate::problem::Problem;
    use crate::session::Session;
    use crate::session::Settings;

    /// Value, gradient and matrix against residuals and Jacobian.
    fn checked(script: &str, way: Way) {
        let mut session = Session::new(Settings::default());
        assert!(!session.run("script", script, &mut |_, _| {}).failed, "{script}");
        let Some(Item::Expr(f)) = session.state.names.get("f").map(|e| e.item.clone()) else {
            panic!("{script}: no f")
        };
        let g = &mut session.state.graph;
        let vars = g.unknowns(&[f]);
        let squares = structure::squares(g, f);
        let engine = Engine {
            way,
            threads: 1,
            interrupt: Arc::new(AtomicBool::new(false)),
            spoiled: Default::default(),
        };
        let mut problem = Compiled::new(g, engine, f, &vars, squares, None);
        assert!(problem.fuses_gauss_newton(), "{script}");
        let squares = problem.squares().expect("a sum of squares");
        let (n, m) = (problem.n_vars(), squares.count);
        let x: Vec<f64> = (0..n).map(|i| 0.3 + 0.5 * (1.7 * i as f64).sin()).collect();
        let (mut gradient, mut matrix) = (vec![0.0; n], DMatrix::zeros(n, n));
        let value = problem.gauss_newton(&x, &mut gradient, &mut matrix);
        let (mut r, mut jac) = (vec![0.0; m], DMatrix::zeros(m, n));
        problem.residuals(&x, &mut r);
        problem.jacobian(&x, &mut jac);
        let r = nalgebra::DVector::from_vec(r);
        let scale = squares.scale;
        let close = |a: f64, b: f64, size: f64| {
            assert!((a - b).abs() <= 1e-12 * size, "{script}: {a}, not {b}")
        };
        close(value, scale * r.norm_squared() + squares.offset, value);
        let (jtr, jtj) = (2.0 * scale * jac.tr_mul(&r), 2.0 * scale * jac.tr_mul(&jac));
        gradient.iter().zip(&jtr).for_each(|(a, b)| close(*a, *b, jtr.amax()));
        matrix.iter().zip(&jtj).for_each(|(a, b)| close(*a, *b, jtj.amax()));
    }

    #[test]
    fn it_is_the_product_of_the_jacobian() {
        let data = "let m = 300; let X = normal(0, 1, m, 4); let y = normal(0, 1, m); ";
        for objective in [
            "var a, b; let f = 3*sum((y[i] - a*exp(-b*X[i, 1]))^2 for i in 1..m)/m",
            "var w: R[4]; let f = sumsq(X*w - y)",
            "var w: R[4], b; let f = mean((y - tanh(X*w + b)).^2) + 0.1*sumsq(w)",
            "var w: R[4], b, c; let f = norm(c*sigmoid(X*w + b) - y)^2",
            "var W: R[2, 2]; let f = sum((y[i] - W[1, 2]*tanh(W[2, 2]*X[i, 2]))^2 for i in 1..m) + sumsq(W)",
            "var w: R[4]; let f = sum((y[i] - w[1]*sin(w[2]*X[i, 1]))^2 for i in 1..m) + sumsq(w)",
        ] {
            for way in [Way::Compiled, Way::Blocks, Way::Plain] {
                checked(&format!("{data}{objective}"), way);
            }
        }
    }
}

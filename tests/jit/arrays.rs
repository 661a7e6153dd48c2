//! Arrays and matrices, compiled, with gradients.

use crate::jit_support::{Case, Numbers};
use gradus::diff;
use gradus::expr::{Data, ExprId, Op};
use gradus::ops;
use gradus::shape::{Shape, Tensor};

/// `X` known, `y` known, `w` unknown.
fn regression(m: usize, n: usize) -> (Case, ExprId, ExprId, ExprId) {
    let mut numbers = Numbers::new(21);
    let mut case = Case::new();
    let x = case.known("X", numbers.tensor(Shape::Matrix(m, n)));
    let y = case.known("y", numbers.tensor(Shape::Vector(m)));
    let w = case.unknown("w", numbers.tensor(Shape::Vector(n)));
    (case, x, y, w)
}

fn check_second_order(case: &mut Case, what: &str, f: ExprId) {
    let gradient = diff::gradient(&mut case.g, f, &case.inputs);
    let inputs = case.inputs.clone();
    let mut directions = Vec::new();
    for s in inputs {
        let shape = case.g.symbol(s).shape;
        let d = case.unknown("d", Numbers::new(s.index() as u64 + 9).tensor(shape));
        directions.push((s, d));
    }
    let mut outputs = vec![f];
    let products = diff::hessian_times(&mut case.g, &gradient, &directions);
    outputs.extend(gradient);
    outputs.extend(products);
    case.check(what, &outputs);
}

#[test]
fn least_squares() {
    for (m, n) in [(1, 1), (5, 3), (40, 7), (3, 9)] {
        let (mut case, x, y, w) = regression(m, n);
        let z = case.g.matmul(x, w);
        let r = case.g.sub(z, y);
        let f = case.g.apply(Op::SumSq, &[r]);
        check_second_order(&mut case, "least squares", f);
    }
}

#[test]
fn logistic_regression() {
    let (mut case, x, y, w) = regression(30, 4);
    let z = case.g.matmul(x, w);
    let minus = case.g.int(-1);
    let margin = ops::times(&mut case.g, y, z);
    let margin = case.g.mul(&[minus, margin]);
    let e = case.g.apply(Op::Exp, &[margin]);
    let l = case.g.apply(Op::Log1p, &[e]);
    let f = case.g.apply(Op::MeanAll, &[l]);
    check_second_order(&mut case, "logistic", f);
}

#[test]
fn log_sum_exp_of_an_affine_map() {
    let (mut case, a, b, x) = regression(12, 5);
    let z = case.g.matmul(a, x);
    let z = case.g.add(&[z, b]);
    let f = case.g.apply(Op::LogSumExpAll, &[z]);
    check_second_order(&mut case, "logsumexp", f);
}

#[test]
fn determinants_and_inverses() {
    let mut case = Case::new();
    let mut entries = Numbers::new(6).tensor(Shape::Matrix(4, 4)).data().to_vec();
    (0..4).for_each(|k| entries[5 * k] += 5.0);
    let a = case.unknown("A", Tensor::new(Shape::Matrix(4, 4), entries));
    let b = case.unknown("b", Numbers::new(8).tensor(Shape::Vector(4)));
    let log = case.g.apply(Op::LogDet, &[a]);
    let det = case.g.apply(Op::Det, &[a]);
    let trace = case.g.apply(Op::Tr, &[a]);
    let inverse = case.g.apply(Op::Inv, &[a]);
    let solution = case.g.matmul(inverse, b);
    let norm = case.g.apply(Op::Norm, &[solution]);
    let f = case.g.add(&[log, det, trace, norm]);
    check_second_order(&mut case, "det and inv", f);
}

#[test]
fn products_of_several_factors_and_transposes() {
    let mut numbers = Numbers::new(31);
    let mut case = Case::new();
    let a = case.unknown("A", numbers.tensor(Shape::Matrix(4, 6)));
    let b = case.unknown("B", numbers.tensor(Shape::Matrix(4, 5)));
    let v = case.unknown("v", numbers.tensor(Shape::Vector(6)));
    let at = case.g.transpose(a);
    let bt = case.g.transpose(b);
    let vt = case.g.transpose(v);
    let long = case.g.apply(Op::MatMul, &[bt, a, v]);
    let turned = case.g.apply(Op::MatMul, &[at, b]);
    let both = case.g.apply(Op::MatMul, &[bt, b]);
    let outer = case.g.apply(Op::MatMul, &[v, vt]);
    let quadratic = case.g.apply(Op::MatMul, &[vt, at, a, v]);
    let row = case.g.apply(Op::MatMul, &[vt, at]);
    case.check("products", &[long, turned, both, outer, quadratic, row]);
    let parts: Vec<ExprId> = [long, turned, both, outer, row]
        .into_iter()
        .map(|e| case.g.apply(Op::SumSq, &[e]))
        .collect();
    let f = case.g.add(&[parts[0], parts[1], parts[2], parts[3], parts[4], quadratic]);
    check_second_order(&mut case, "products", f);
}

#[test]
fn reductions_by_line_broadcasts_and_blocks() {
    let mut case = Case::new();
    let x = case.unknown("X", Numbers::new(41).tensor(Shape::Matrix(4, 3)));
    let shape = Data::Shape(Shape::Matrix(4, 3));
    let mut terms = Vec::new();
    for op in [
        Op::RowSum,
        Op::ColSum,
        Op::RowMean,
        Op::ColMean,
        Op::RowLogSumExp,
        Op::ColLogSumExp,
        Op::RowMax,
        Op::ColMax,
    ] {
        let line = case.g.apply(op, &[x]);
        let wide = case.g.apply_data(Op::Bcast, shape, &[line]);
        let centered = case.g.sub(x, wide);
        terms.push(case.g.apply(Op::SumSq, &[centered]));
    }
    let (one, two) = (case.g.int(1), case.g.int(2));
    let block = case.g.apply_data(Op::Block, Data::Shape(Shape::Matrix(2, 2)), &[x, two, one]);
    let turned = case.g.transpose(block);
    let both = case.g.add(&[block, turned]);
    terms.push(case.g.apply(Op::SumSq, &[both]));
    let f = case.g.add(&terms);
    check_second_order(&mut case, "lines", f);
    case.check("block", &[block, turned, both]);
}

#[test]
fn sums_of_blocks_over_an_index() {
    let mut case = Case::new();
    let x = case.known("X", Numbers::new(51).tensor(Shape::Matrix(7, 3)));
    let w = case.unknown("W", Numbers::new(52).tensor(Shape::Matrix(3, 2)));
    let (i, ii) = case.index("i");
    let one = case.g.int(1);
    let row = case.g.apply_data(Op::Block, Data::Shape(Shape::Matrix(1, 3)), &[x, ii, one]);
    let z = case.g.matmul(row, w);
    let s = case.g.apply(Op::LogSumExpAll, &[z]);
    let f = case.sum(i, 1, 7, s);
    check_second_order(&mut case, "rows", f);
    // The same with the rows of an unknown.
    let wi = case.g.apply_data(Op::Block, Data::Shape(Shape::Matrix(1, 2)), &[w, ii, one]);
    let s = case.g.apply(Op::Norm, &[wi]);
    let s = case.g.apply(Op::Exp, &[s]);
    let f = case.sum(i, 1, 3, s);
    check_second_order(&mut case, "rows of an unknown", f);
}

/// Adjoints of reads that are used twice, scaled, and added to other arrays.
#[test]
fn scattered_arrays_with_several_users() {
    let mut case = Case::new();
    let x = case.unknown("x", Numbers::new(71).tensor(Shape::Vector(6)));
    let (i, ii) = case.index("i");
    let one = case.g.int(1);
    let next = case.g.add(&[ii, one]);
    let (a, b) = (case.at(x, ii), case.at(x, next));
    let product = case.g.mul(&[a, b, b]);
    let chain = case.sum(i, 1, 5, product);
    let gradient = diff::gradient(&mut case.g, chain, &[case.inputs[0]])[0];
    let sine = case.g.apply(Op::Sin, &[x]);
    let scaled = case.g.mul(&[chain, gradient]);
    let mixed = case.g.add(&[scaled, sine]);
    case.check("scattered", &[gradient, mixed]);
    case.check("scattered, once", &[mixed]);
    let norm = case.g.apply(Op::SumSq, &[mixed]);
    check_second_order(&mut case, "scattered", norm);
}

#[test]
fn norms_neither_overflow_nor_vanish() {
    for scale in [0.0, 1e-200, 1.0, 1e200, f64::INFINITY, f64::NAN] {
        let mut case = Case::new();
        let x = case.unknown("x", Tensor::vector(vec![3.0 * scale, -4.0 * scale]));
        let outputs: Vec<ExprId> =
            [Op::Norm, Op::Norm1, Op::NormInf, Op::MaxAll, Op::MinAll, Op::LogSumExpAll]
                .into_iter()
                .map(|op| case.g.apply(op, &[x]))
                .collect();
        case.check(&format!("norms at {scale}"), &outputs[..if scale.is_finite() { 6 } else { 5 }]);
    }
}

#[test]
fn branches_of_arrays_and_empty_arrays() {
    for value in [-1.0, 1.0] {
        let mut case = Case::new();
        let s = case.scalar("s", value);
        let v = case.unknown("v", Numbers::new(61).tensor(Shape::Vector(3)));
        let zero = case.g.int(0);
        let positive = case.g.apply(Op::Gt, &[s, zero]);
        let (root, exp) = (case.g.apply(Op::Sqrt, &[s]), case.g.apply(Op::Exp, &[v]));
        let scaled = case.g.mul(&[root, exp]);
        let e = case.g.apply(Op::If, &[positive, scaled, v]);
        let f = case.g.apply(Op::SumSq, &[e]);
        case.check("branch", &[e, f]);
        check_second_order(&mut case, "branch", f);
    }
    let mut case = Case::new();
    let v = case.unknown("v", Tensor::vector(Vec::new()));
    let w = case.g.apply(Op::Exp, &[v]);
    let outputs =
        [Op::SumAll, Op::ProdAll, Op::SumSq, Op::Norm, Op::Norm1].map(|op| case.g.apply(op, &[w]));
    case.check("empty", &outputs);
    case.check("empty", &[w]);
}

/// The diagonal of a matrix is a column, that of a column a matrix.
#[test]
fn diagonals_as_factors() {
    let mut numbers = Numbers::new(5);
    let mut case = Case::new();
    let m = case.unknown("M", numbers.tensor(Shape::Matrix(4, 4)));
    let v = case.unknown("v", numbers.tensor(Shape::Vector(4)));
    let row = case.g.transpose(v);
    let (of_matrix, of_column) = (case.g.apply(Op::Diag, &[m]), case.g.apply(Op::Diag, &[v]));
    let again = case.g.apply(Op::Diag, &[of_column]);
    let outputs = [
        case.g.matmul(row, of_matrix),
        case.g.matmul(row, again),
        case.g.matmul(m, of_matrix),
        case.g.matmul(of_column, of_matrix),
        case.g.matmul(of_column, m),
        case.g.matmul(row, of_column),
    ];
    for e in outputs {
        case.check("a diagonal", &[e]);
    }
}

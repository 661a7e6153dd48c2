//! Every operator of the table, compiled, against its row's value.

use crate::jit_support::{Case, Numbers};
use gradus::eval::EvalError;
use gradus::expr::{Data, Op};
use gradus::jit::{Fault, Options, compile};
use gradus::ops::{self, Accuracy, Lowering, OpDef, Value};
use gradus::shape::{Shape, Tensor};

fn numeric_rows() -> impl Iterator<Item = &'static &'static OpDef> {
    ops::table().iter().filter(|row| !row.samples.is_empty())
}

#[test]
fn functions_of_numbers_at_their_samples() {
    let mut outputs = Vec::new();
    let mut case = Case::new();
    for row in numeric_rows() {
        for (k, sample) in row.samples.iter().enumerate() {
            let args: Vec<_> =
                sample.iter().map(|&v| case.scalar(&format!("{:?}{k}", row.op), v)).collect();
            outputs.push(case.g.apply(row.op, &args));
        }
    }
    case.check("samples", &outputs);
}

#[test]
fn functions_of_numbers_on_arrays() {
    for row in numeric_rows() {
        let mut case = Case::new();
        let columns: Vec<Vec<f64>> =
            (0..row.samples[0].len()).map(|k| row.samples.iter().map(|s| s[k]).collect()).collect();
        let args: Vec<_> =
            columns.into_iter().map(|c| case.unknown("x", Tensor::vector(c))).collect();
        let op = if row.op == Op::Mul { Op::Had } else { row.op };
        let y = case.g.apply(op, &args);
        let total = case.g.apply(Op::SumAll, &[y]);
        case.check(&format!("{:?}", row.op), &[y, total]);
    }
}

#[test]
fn comparisons_and_extremes_with_nan_and_infinity() {
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.5, 0.0, -0.0, 2.0];
    for row in ops::table().iter().filter(|r| {
        matches!(r.value, Value::Binary(_)) && r.op as usize <= Op::Or as usize
            || matches!(r.op, Op::Min2 | Op::Max2)
    }) {
        if row.op == Op::Pow {
            continue;
        }
        let mut case = Case::new();
        let mut outputs = Vec::new();
        for a in values {
            for b in values {
                let (x, y) = (case.scalar("x", a), case.scalar("y", b));
                outputs.push(case.g.apply(row.op, &[x, y]));
            }
        }
        case.check(&format!("{:?}", row.op), &outputs);
    }
    for op in [Op::Sign, Op::Relu, Op::Abs, Op::Floor, Op::Ceil, Op::Not, Op::Sqrt, Op::Round] {
        let mut case = Case::new();
        let outputs: Vec<_> = values
            .into_iter()
            .map(|v| {
                let x = case.scalar("x", v);
                case.g.apply(op, &[x])
            })
            .collect();
        case.check(&format!("{op:?}"), &outputs);
    }
}

/// What an operator is made of has the operator's value: over its domain, at its ends and beyond.
#[test]
fn formulas_have_the_values_of_their_rows() {
    let mut found = 0;
    for row in ops::table().iter().filter(|r| matches!(r.lowering, Lowering::Composed(_))) {
        found += 1;
        let Value::Unary(value) = row.value else {
            // Of more than one argument: at the samples, by the tests of this file.
            assert!(
                !row.samples.is_empty() || row.arity.0 == 1,
                "{:?}: nothing compares it",
                row.op
            );
            continue;
        };
        let mut case = Case::new();
        let x = case.scalar("x", 0.0);
        let y = case.g.apply(row.op, &[x]);
        let made = ops::Composed::of(&case.g, &[y]).expect("it has a formula");
        let at = |x: f64| {
            let known = |_| Some(Tensor::scalar(x));
            gradus::eval::evaluate(&made.graph, &made.exprs, &known).expect("a value")[0].data()[0]
        };
        let units = if row.accuracy == Accuracy::Exact { 0.0 } else { 8.0 };
        let floor = if row.accuracy == Accuracy::Absolute { 1e-12 } else { 0.0 };
        let (lo, hi) = row.domain.hull();
        let (lo, hi) = (lo.max(-40.0), hi.min(40.0));
        let inside = (0..=1000).map(|k| lo + (hi - lo) * f64::from(k) / 1000.0);
        let small = (1..300).step_by(7).flat_map(|k| [10f64.powi(-k), -(10f64.powi(-k))]);
        let near = (1..50).flat_map(|k| {
            let by = 0.5f64.powi(k);
            [lo + by, hi - by, lo - by, hi + by]
        });
        let ends = [0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
        for x in inside.chain(small).chain(near).chain(ends) {
            let (seen, wanted) = (at(x), value(x));
            let error = (seen - wanted).abs();
            let allowed = (units * f64::EPSILON * wanted.abs()).max(floor);
            let same = seen == wanted || seen.is_nan() && wanted.is_nan() || error <= allowed;
            assert!(same, "{:?} at {x:e}: {seen:e}, not {wanted:e}", row.op);
        }
    }
    assert!(found > 0);
}

/// A fault below an operator that is made of others names a node of the graph that was compiled.
#[test]
fn faults_below_formulas_have_their_nodes() {
    let mut case = Case::new();
    let (v, k) = (case.unknown("v", Tensor::vector(vec![0.5, 0.25])), case.scalar("k", 3.0));
    let made = case.g.apply(Op::Atanh, &[k]);
    let one = case.g.int(1);
    let place = case.g.mul(&[one, k]);
    let (entry, within) = (case.at(v, place), case.g.apply(Op::Sign, &[made]));
    let far = case.g.add(&[k, within]);
    let other = case.at(v, far);
    let total = case.g.add(&[made, entry, other]);
    for way in crate::jit_support::ways() {
        let kernel = case.kernel_with(&[total], way);
        let x: Vec<f64> = case.values.iter().flat_map(|t| t.data().to_vec()).collect();
        match kernel.call(&x, &mut [0.0]) {
            Err(Fault::Eval(
                EvalError::Outside { node, .. } | EvalError::NotWhole { node, .. },
            )) => assert!([entry, other].contains(&node), "{node:?}"),
            other => panic!("{other:?}"),
        }
    }
}

/// Rows of one array argument, whatever they give.
#[test]
fn functions_of_arrays() {
    let mut numbers = Numbers::new(7);
    for row in ops::table().iter().filter(|r| r.samples.is_empty() && r.arity == (1, 1)) {
        for shape in [
            Shape::Vector(5),
            Shape::Matrix(3, 3),
            Shape::Matrix(1, 4),
            Shape::Matrix(4, 2),
            Shape::Matrix(1, 1),
        ] {
            let mut case = Case::new();
            let x = case.unknown("x", numbers.tensor(shape));
            let data = match row.op {
                Op::Reshape => Data::Shape(Shape::Vector(shape.len())),
                Op::Bcast | Op::Fill => continue,
                _ => Data::None,
            };
            let Ok(y) = ops::build(&mut case.g, row.op, data, &[x]) else {
                continue;
            };
            // Computed where it is used, and through a buffer.
            let z = case.g.apply(Op::Exp, &[y]);
            let total =
                if case.g.shape(z).is_scalar() { z } else { case.g.apply(Op::SumAll, &[z]) };
            case.check(&format!("{:?} of {shape}", row.op), &[y, total]);
        }
    }
}

/// A row without a test here would be a row that nobody compiles.
#[test]
fn every_row_compiles() {
    let mut numbers = Numbers::new(3);
    for row in ops::table() {
        let mut case = Case::new();
        let (i, at) = case.index("i");
        let (one, two) = (case.g.int(1), case.g.int(2));
        let x = case.unknown("x", numbers.tensor(Shape::Matrix(2, 2)));
        let v = case.unknown("v", numbers.tensor(Shape::Vector(2)));
        let s = case.scalar("s", 0.3);
        let whole = Data::Shape(Shape::Matrix(2, 2));
        let e = match row.op {
            // For reading only; it never reaches a program.
            Op::Diff => continue,
            Op::Num => case.g.int(3),
            Op::Symbol => s,
            Op::Bcast => case.g.apply_data(Op::Bcast, whole, &[v]),
            Op::Fill => case.g.apply_data(Op::Fill, Data::Shape(Shape::Vector(3)), &[s]),
            Op::Eye => case.g.apply_data(Op::Eye, whole, &[]),
            Op::Stack => case.g.apply_data(Op::Stack, Data::Shape(Shape::Vector(3)), &[s, one, s]),
            Op::Elem => case.g.apply(Op::Elem, &[x, two, one]),
            Op::Block => {
                case.g.apply_data(Op::Block, Data::Shape(Shape::Matrix(1, 2)), &[x, two, one])
            }
            Op::Place => case.g.apply_data(Op::Place, whole, &[s, one, two]),
            Op::PlaceBlock => case.g.apply_data(Op::PlaceBlock, whole, &[v, one, two]),
            Op::Reshape => case.g.apply_data(Op::Reshape, Data::Shape(Shape::Vector(4)), &[x]),
            Op::If => case.g.apply(Op::If, &[s, v, v]),
            Op::Dot => case.g.apply(Op::Dot, &[v, v]),
            Op::MatMul => case.g.apply(Op::MatMul, &[x, v]),
            op if op.is_binder() => {
                let body = case.at(v, at);
                let body = case.g.mul(&[body, s]);
                case.bind(op, i, one, two, None, body)
            }
            op => {
                let n = row.arity.0.max(1);
                let fits = |arg| std::iter::repeat_n(arg, n).collect::<Vec<_>>();
                let of = |g: &mut _, arg| ops::build(g, op, Data::None, &fits(arg)).ok();
                of(&mut case.g, x).or_else(|| of(&mut case.g, v)).expect("an argument that fits")
            }
        };
        assert!(compile(&case.g, &[e], &case.inputs, &Options::default()).is_ok(), "{:?}", row.op);
        case.check(&format!("{:?}", row.op), &[e]);
    }
}

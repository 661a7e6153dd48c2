//! How long kernels take to compile and to run, in nanoseconds an element:
//! `cargo bench --bench kernels`.

#[path = "../tests/jit/jit_support/mod.rs"]
mod jit_support;

use std::hint::black_box;
use std::time::Instant;

use gradus::diff;
use gradus::expr::{ExprId, Num, Op};
use gradus::jit::{Options, compile};
use gradus::shape::Shape;
use jit_support::{Case, Numbers};

/// Shortest of several times, in seconds.
fn time(mut run: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..20 {
        let start = Instant::now();
        run();
        best = best.min(start.elapsed().as_secs_f64());
    }
    best
}

fn report(case: &Case, what: &str, outputs: &[ExprId], elements: usize) {
    let kernel = case.kernel(outputs);
    let first = kernel.stats();
    let compile = time(|| drop(black_box(case.kernel(outputs))));
    let mut out = vec![0.0; kernel.n_out()];
    let x = case.x();
    let run = time(|| kernel.call(black_box(&x), &mut out).unwrap());
    println!(
        "{what}: {} operations, first {:.3} ms, then {:.3} ms, {} bytes, {:.3} us a call, {:.2} ns an element",
        first.operations,
        (first.schedule_time + first.compile_time).as_secs_f64() * 1e3,
        compile * 1e3,
        first.code_bytes,
        run * 1e6,
        run * 1e9 / elements as f64
    );
}

fn rosenbrock_in_two_variables() {
    let mut case = Case::new();
    let (x, y) = (case.scalar("x", -1.2), case.scalar("y", 1.0));
    let g = &mut case.g;
    let square = g.powi(x, 2);
    let u = g.sub(y, square);
    let u = g.powi(u, 2);
    let (one, hundred) = (g.int(1), g.int(100));
    let u = g.mul(&[hundred, u]);
    let v = g.sub(one, x);
    let v = g.powi(v, 2);
    let f = g.add(&[u, v]);
    let inputs = case.inputs.clone();
    let gradient = diff::gradient(&mut case.g, f, &inputs);
    let hessian = diff::hessian_of_scalars(&mut case.g, &gradient, &inputs);
    let outputs = [vec![f], gradient, hessian.concat()].concat();
    report(&case, "rosenbrock f+g+H", &outputs, 1);
}

fn curve_fit() {
    let n = 1_000_000;
    let mut numbers = Numbers::new(11);
    let mut case = Case::new();
    let x = case.known("x", numbers.tensor(Shape::Vector(n)));
    let y = case.known("y", numbers.tensor(Shape::Vector(n)));
    let (b1, b2) = (case.scalar("b1", 1.3), case.scalar("b2", 0.4));
    let (i, at) = case.index("i");
    let (xi, yi) = (case.at(x, at), case.at(y, at));
    let g = &mut case.g;
    let (minus, one) = (g.int(-1), g.int(1));
    let inside = g.mul(&[minus, b2, xi]);
    let e = g.apply(Op::Exp, &[inside]);
    let share = g.sub(one, e);
    let model = g.mul(&[b1, share]);
    let r = g.sub(yi, model);
    let square = g.powi(r, 2);
    let f = case.sum(i, 1, n as i64, square);
    let inputs = case.inputs.clone();
    let gradient = diff::gradient(&mut case.g, f, &inputs);
    report(&case, "curve fit f+g", &[vec![f], gradient].concat(), n);
}

fn chained_rosenbrock() {
    for n in [1000usize, 1_000_000] {
        let mut case = Case::new();
        let x = case.unknown("x", Numbers::new(n as u64).tensor(Shape::Vector(n)));
        let (i, at) = case.index("i");
        let one = case.g.int(1);
        let next = case.g.add(&[at, one]);
        let (a, b) = (case.at(x, at), case.at(x, next));
        let g = &mut case.g;
        let square = g.powi(a, 2);
        let u = g.sub(b, square);
        let u = g.powi(u, 2);
        let hundred = g.int(100);
        let u = g.mul(&[hundred, u]);
        let v = g.sub(one, a);
        let v = g.powi(v, 2);
        let body = g.add(&[u, v]);
        let f = case.sum(i, 1, n as i64 - 1, body);
        let inputs = case.inputs.clone();
        let gradient = diff::gradient(&mut case.g, f, &inputs);
        report(&case, "chained rosenbrock f+g", &[vec![f], gradient].concat(), n);
    }
}

fn logistic_regression() {
    let (m, n) = (20_000, 50);
    let mut numbers = Numbers::new(5);
    let mut case = Case::new();
    let x = case.known("X", numbers.tensor(Shape::Matrix(m, n)));
    let y = case.known("y", numbers.tensor(Shape::Vector(m)));
    let w = case.unknown("w", numbers.tensor(Shape::Vector(n)));
    let z = case.g.matmul(x, w);
    let minus = case.g.int(-1);
    let margin = gradus::ops::times(&mut case.g, y, z);
    let margin = case.g.mul(&[minus, margin]);
    let e = case.g.apply(Op::Exp, &[margin]);
    let l = case.g.apply(Op::Log1p, &[e]);
    let f = case.g.apply(Op::MeanAll, &[l]);
    let inputs = case.inputs.clone();
    let gradient = diff::gradient(&mut case.g, f, &inputs);
    report(&case, "logistic f+g", &[vec![f], gradient].concat(), m * n);
}

fn many_scalar_operations() {
    for count in [5_000usize, 20_000, 100_000] {
        let mut case = Case::new();
        let x: Vec<ExprId> = (0..100).map(|k| case.scalar(&format!("x{k}"), 0.5)).collect();
        let mut values = x.clone();
        let mut numbers = Numbers::new(1);
        let g = &mut case.g;
        while values.len() < count {
            let (a, b) =
                (values[values.len() - 1 - numbers.below(90)], values[numbers.below(values.len())]);
            let c = g.number(Num::frac(1 + numbers.below(7) as i64, 8));
            let scaled = g.mul(&[c, a, b]);
            values.push(if numbers.below(20) == 0 {
                g.apply(Op::Sin, &[scaled])
            } else {
                g.add(&[scaled, a])
            });
        }
        let outputs = values[values.len() - 100..].to_vec();
        let start = Instant::now();
        let kernel = compile(&case.g, &outputs, &case.inputs, &Options::default()).unwrap();
        let compile = start.elapsed().as_secs_f64();
        let (x, mut out) = (case.x(), vec![0.0; kernel.n_out()]);
        let run = time(|| kernel.call(&x, &mut out).unwrap());
        println!(
            "{count} nodes: {} operations, {:.1} ms, {} bytes, {:.1} us a call",
            kernel.stats().operations,
            compile * 1e3,
            kernel.stats().code_bytes,
            run * 1e6
        );
    }
}

fn main() {
    rosenbrock_in_two_variables();
    curve_fit();
    chained_rosenbrock();
    logistic_regression();
    many_scalar_operations();
}

//! An objective with its gradient, by the number of points: `cargo bench --bench points`.
//!
//! The line fit `1/n * sum((y[i] - (w*x[i] + b))^2 for i in 1..n)`: f and both derivatives in one call of
//! compiled code, in nanoseconds a point; beside it the same three sums as a plain loop in Rust, which
//! the compiler may not reorder. Medians over rounds in which the two alternate.

#[path = "support/rounds.rs"]
mod rounds;

use gradus::diff;
use gradus::expr::{Data, ExprId, Graph, Num, Op, Symbol, SymbolId};
use gradus::jit::{self, Kernel};
use gradus::shape::{Shape, Tensor};
use gradus::simplify;
use std::hint::black_box;

fn main() {
    if !rounds::is_wanted("points") {
        return;
    }
    println!("f and gradient of a line fit, nanoseconds a point");
    println!("{:>10}  {:>10}  {:>10}  {:>7}", "points", "gradus", "plain loop", "ratio");
    for n in [1_000_usize, 10_000, 100_000, 1_000_000] {
        measure(n);
    }
}

fn measure(n: usize) {
    let x: Vec<f64> = (0..n).map(|i| (i % 97) as f64 / 97.0).collect();
    let y: Vec<f64> = (0..n).map(|i| 2.0 + 3.0 * x[i] + ((i * 7919) % 13) as f64 / 13.0).collect();
    let Some(kernel) = compiled(&x, &y) else {
        return println!("{n:>10}  no native code on this machine");
    };
    let mut at = Points(0.0);
    let mut out = [0.0; 3];
    let calls = (2_000_000 / n).max(1);
    let [ours, plain] = rounds::alternate(
        15,
        calls * n,
        [
            &mut || {
                for _ in 0..calls {
                    let done = kernel.call(black_box(&at.next()), &mut out);
                    assert!(done.is_ok());
                    black_box(&out);
                }
            },
            &mut || {
                let mut at = Points(0.0);
                for _ in 0..calls {
                    black_box(by_hand(&x, &y, black_box(at.next())));
                }
            },
        ],
    );
    println!("{n:>10}  {ours:>10.3}  {plain:>10.3}  {:>7.2}", ours / plain);
}

/// Points that differ in their last digits from call to call.
struct Points(f64);

impl Points {
    fn next(&mut self) -> [f64; 2] {
        self.0 += 1e-12;
        [3.0 + self.0, 2.0 - self.0]
    }
}

fn by_hand(x: &[f64], y: &[f64], [w, b]: [f64; 2]) -> [f64; 3] {
    let (mut f, mut gw, mut gb) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let r = y - (w * x + b);
        f += r * r;
        gw += x * r;
        gb += r;
    }
    let n = x.len() as f64;
    [f / n, -2.0 * gw / n, -2.0 * gb / n]
}

fn compiled(x: &[f64], y: &[f64]) -> Option<Kernel> {
    let (mut g, f, unknowns) = line_fit(x, y);
    let gradient = diff::gradient(&mut g, f, &unknowns);
    let outputs = simplify::stable(&mut g, &[vec![f], gradient].concat());
    let kernel = jit::compile(&g, &outputs, &unknowns, &jit::Options::default()).ok()?;
    let mut out = [0.0; 3];
    kernel.call(&[3.0, 2.0], &mut out).ok()?;
    let expected = by_hand(x, y, [3.0, 2.0]);
    let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-9 * b.abs().max(1.0);
    assert!(out.iter().zip(&expected).all(close), "{out:?} is not {expected:?}");
    Some(kernel)
}

fn line_fit(x: &[f64], y: &[f64]) -> (Graph, ExprId, [SymbolId; 2]) {
    let n = x.len();
    let mut g = Graph::new();
    let unknowns = ["w", "b"].map(|name| g.declare(Symbol::unknown(name, Shape::Scalar)));
    let data = [("x", x), ("y", y)].map(|(name, values)| {
        let value = Tensor::vector(values.to_vec());
        g.declare(Symbol::known(name, Shape::Vector(n), Some(value)))
    });
    let index = g.fresh_index("i", &[]);
    let ([w, b], i) = (unknowns.map(|s| g.leaf(s)), g.leaf(index));
    let [x, y] = data.map(|s| {
        let array = g.leaf(s);
        g.apply_data(Op::Elem, Data::None, &[array, i])
    });
    let (one, last) = (g.int(1), g.number(Num::int(n as i64)));
    let line = g.mul(&[w, x]);
    let line = g.add(&[line, b]);
    let residual = g.sub(y, line);
    let body = g.powi(residual, 2);
    let sum = g.bind(Op::Sum, index, one, last, one, body);
    let f = g.div(sum, last);
    (g, f, unknowns)
}

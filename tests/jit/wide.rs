//! Wide loops against the plain evaluator: at every length around the width of
//! a vector and around blocks, with memory that ends where a page may not be
//! touched.
#![cfg(unix)]

use crate::jit_support::fence::{SIDES, Side, lengths};
use crate::jit_support::{Case, Numbers, assert_close, wide_ways};
use gradus::diff;
use gradus::expr::{ExprId, Op};
use gradus::ops::{self, Lowering, OpDef};
use gradus::shape::Shape;

/// Compares all that `build` makes of `n`, at every length; at least one loop
/// is wide.
fn check(what: &str, first: i64, build: impl Fn(&mut Case, i64) -> Vec<ExprId>) {
    for (n, side) in lengths(first).flat_map(|n| SIDES.map(|side| (n, side))) {
        let mut case = Case::fenced(side);
        let outputs = build(&mut case, n);
        let expected = case.expected(&outputs);
        let finite = expected.iter().filter(|x| x.is_finite());
        let scale = finite.fold(1.0f64, |a, b| a.max(b.abs()));
        for way in wide_ways() {
            let kernel = case.kernel_with(&outputs, way);
            assert!(n == 0 || kernel.stats().wide_loops > 0, "{what} of {n} has no wide loop");
            let found = case.run(&kernel);
            assert_close(&format!("{what} of {n} {way:?}"), &found, &expected, 1e-13 * scale);
        }
    }
}

fn gradient_too(case: &mut Case, f: ExprId) -> Vec<ExprId> {
    let inputs = case.inputs.clone();
    let mut outputs = vec![f];
    outputs.extend(diff::gradient(&mut case.g, f, &inputs));
    outputs
}

/// `sum(body(x[i + shifts[0]], x[i + shifts[1]], ...) for i in 1..n)` and its
/// gradient.
fn chain(
    case: &mut Case,
    n: i64,
    (times, shifts): (i64, &[i64]),
    body: impl Fn(&mut Case, &[ExprId]) -> ExprId,
) -> Vec<ExprId> {
    let most = shifts.iter().copied().max().unwrap_or(0);
    let len = (n * times + most).max(1) as usize;
    let x = case.unknown("x", Numbers::new(n as u64 + 1).tensor(Shape::Vector(len)));
    let (i, at) = case.index("i");
    let reads: Vec<ExprId> = shifts
        .iter()
        .map(|&s| {
            let (times, shift) = (case.g.int(times), case.g.int(s));
            let scaled = case.g.mul(&[times, at]);
            let at = case.g.add(&[scaled, shift]);
            case.at(x, at)
        })
        .collect();
    let value = body(case, &reads);
    let f = case.sum(i, 1, n, value);
    gradient_too(case, f)
}

fn square_of_difference(case: &mut Case, x: &[ExprId]) -> ExprId {
    let square = case.g.powi(x[0], 2);
    let u = case.g.sub(x[1], square);
    case.g.powi(u, 2)
}

#[test]
fn neighbours() {
    check("a chain", 0, |c, n| chain(c, n, (1, &[0, 1]), square_of_difference));
    check("a chain by two", 0, |c, n| chain(c, n, (1, &[0, 2]), square_of_difference));
    check("a far chain", 0, |c, n| chain(c, n, (1, &[0, 9]), square_of_difference));
    check("three neighbours", 0, |c, n| {
        chain(c, n, (1, &[0, 1, 3]), |c, x| {
            let u = c.g.mul(&[x[0], x[1], x[2]]);
            let v = c.g.add(&[u, x[1]]);
            c.g.powi(v, 2)
        })
    });
}

/// Squares of what one operation gives, of lanes and of numbers: the value alone, where that operation and the sum may
/// be one step, and with the gradient, where they may not.
#[test]
fn squares() {
    type Inner = fn(&mut Case, &[ExprId]) -> ExprId;
    let inner: [(&str, Inner); 10] = [
        ("a - b", |c, x| c.g.sub(x[0], x[1])),
        ("a - k", |c, x| {
            let k = c.scalar("k", 0.7);
            c.g.sub(x[0], k)
        }),
        ("k - a", |c, x| {
            let k = c.scalar("k", 0.7);
            c.g.sub(k, x[0])
        }),
        ("a*b + c", |c, x| {
            let p = c.g.mul(&[x[0], x[1]]);
            c.g.add(&[p, x[2]])
        }),
        ("a*b - c", |c, x| {
            let p = c.g.mul(&[x[0], x[1]]);
            c.g.sub(p, x[2])
        }),
        ("c - a*b", |c, x| {
            let p = c.g.mul(&[x[0], x[1]]);
            c.g.sub(x[2], p)
        }),
        ("k*a - b", |c, x| {
            let k = c.scalar("k", 0.7);
            let p = c.g.mul(&[k, x[0]]);
            c.g.sub(p, x[1])
        }),
        ("a*b - k", |c, x| {
            let k = c.scalar("k", 0.7);
            let p = c.g.mul(&[x[0], x[1]]);
            c.g.sub(p, k)
        }),
        ("k - a*b", |c, x| {
            let k = c.scalar("k", 0.7);
            let p = c.g.mul(&[x[0], x[1]]);
            c.g.sub(k, p)
        }),
        ("k*a + l", |c, x| {
            let (k, l) = (c.scalar("k", 0.7), c.scalar("l", -0.2));
            let p = c.g.mul(&[k, x[0]]);
            c.g.add(&[p, l])
        }),
    ];
    for (k, (what, inner)) in inner.into_iter().enumerate() {
        let square = |c: &mut Case, x: &[ExprId]| {
            let v = inner(c, x);
            c.g.powi(v, 2)
        };
        check(what, 0, |c, n| chain(c, n, (1, &[0, 1, 3]), square)[..1].to_vec());
        if k < 2 {
            check(what, 0, |c, n| chain(c, n, (1, &[0, 1, 3]), square));
        }
    }
}

/// More scatters that carry lanes than there are registers for.
#[test]
fn many_neighbours() {
    let difference = |c: &mut Case, x: &[ExprId]| {
        let (a, b) = (c.g.mul(&[x[0], x[1]]), c.g.mul(&[x[2], x[3]]));
        c.g.sub(a, b)
    };
    check("four neighbours", 0, |c, n| {
        chain(c, n, (1, &[0, 1, 2, 3]), |c, x| {
            let d = difference(c, x);
            c.g.powi(d, 2)
        })
    });
    check("four neighbours in two columns", 0, |c, n| {
        let y = Numbers::new(n as u64 + 5).tensor(Shape::Vector(n as usize + 3));
        let y = c.unknown("y", y);
        chain(c, n, (1, &[0, 1, 2, 3]), |c, x| {
            let (_, at) = c.index("i");
            let reads: Vec<ExprId> = [3, 0, 2, 1]
                .into_iter()
                .map(|shift| {
                    let shift = c.g.int(shift);
                    let at = c.g.add(&[at, shift]);
                    c.at(y, at)
                })
                .collect();
            let (u, v) = (difference(c, x), difference(c, &reads));
            c.g.mul(&[u, v])
        })
    });
}

#[test]
fn strides() {
    check("pairs", 0, |c, n| chain(c, n, (2, &[-1, 0]), square_of_difference));
    check("backwards", 1, |c, n| {
        let x = c.unknown("x", Numbers::new(n as u64).tensor(Shape::Vector(n as usize)));
        let (i, at) = c.index("i");
        let last = c.g.int(n + 1);
        let back = c.g.sub(last, at);
        let (a, b) = (c.at(x, at), c.at(x, back));
        let square = c.g.powi(b, 2);
        let value = c.g.mul(&[a, square]);
        let f = c.sum(i, 1, n, value);
        gradient_too(c, f)
    });
    check("one entry and all", 1, |c, n| {
        let x = c.unknown("x", Numbers::new(n as u64).tensor(Shape::Vector(n as usize)));
        let (i, at) = c.index("i");
        let one = c.g.int(1);
        let (a, b) = (c.at(x, at), c.at(x, one));
        let u = c.g.mul(&[a, a, b]);
        let f = c.sum(i, 1, n, u);
        gradient_too(c, f)
    });
}

/// A sum over data of a function of `u*x[i] + v`, with its gradient.
fn fit(case: &mut Case, n: i64, f: impl Fn(&mut Case, ExprId) -> ExprId) -> Vec<ExprId> {
    let data = Numbers::new(n as u64 + 7).tensor(Shape::Vector(n.max(1) as usize));
    let x = case.known("x", data);
    let (u, v) = (case.scalar("u", 1.7), case.scalar("v", 0.3));
    let (i, at) = case.index("i");
    let xi = case.at(x, at);
    let inside = case.g.mul(&[u, xi]);
    let inside = case.g.add(&[inside, v]);
    let value = f(case, inside);
    let f = case.sum(i, 1, n, value);
    gradient_too(case, f)
}

#[test]
fn functions() {
    for op in [
        Op::Exp,
        Op::Expm1,
        Op::Sin,
        Op::Cos,
        Op::Tan,
        Op::Tanh,
        Op::Sigmoid,
        Op::Softplus,
        Op::Atan,
        Op::Erf,
        Op::Erfc,
        Op::Sinh,
        Op::Cosh,
        Op::Asinh,
    ] {
        check(&format!("{op:?}"), 0, |c, n| fit(c, n, |c, x| c.g.apply(op, &[x])));
    }
    for op in [Op::Log, Op::Log2, Op::Log10, Op::Log1p, Op::Sqrt, Op::Lgamma, Op::Digamma] {
        check(&format!("{op:?}"), 0, |c, n| {
            fit(c, n, |c, x| {
                let square = c.g.powi(x, 2);
                let tenth = c.g.number(gradus::expr::Num::frac(1, 10));
                let positive = c.g.add(&[square, tenth]);
                c.g.apply(op, &[positive])
            })
        });
    }
    check("a power", 0, |c, n| {
        fit(c, n, |c, x| {
            let square = c.g.powi(x, 2);
            let exponent = c.scalar("p", 1.37);
            c.g.apply(Op::Pow, &[square, exponent])
        })
    });
}

/// Arguments outside of domains, huge ones and NaN take the function of one
/// number.
#[test]
fn hard_arguments() {
    let values = [
        -1.0,
        0.0,
        -0.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        1e300,
        5e-324,
        -1e-310,
        1e22,
        0.5,
    ];
    let of_one = |row: &&&OpDef| matches!(row.lowering, Lowering::Vector(_));
    for op in ops::table().iter().filter(of_one).map(|row| row.op) {
        for n in 1..40usize {
            let mut case = Case::fenced(Side::End);
            let x: Vec<f64> = (0..n).map(|k| values[(k * 7 + n) % values.len()]).collect();
            let x = case.unknown("x", gradus::shape::Tensor::new(Shape::Vector(n), x));
            let y = case.g.apply(op, &[x]);
            let expected = case.expected(&[y]);
            for way in wide_ways() {
                let kernel = case.kernel_with(&[y], way);
                assert!(kernel.stats().wide_loops > 0);
                let found = case.run(&kernel);
                for (k, (&a, &b)) in found.iter().zip(&expected).enumerate() {
                    let close = a == b || (a.is_nan() && b.is_nan()) || (a / b - 1.0).abs() < 5e-16;
                    // One unit of the last place of a subnormal number.
                    let close = close || (a - b).abs() <= 5e-324;
                    assert!(close, "{op:?} {way:?}, {n}, entry {k}: {a:e}, {b:e}");
                }
            }
        }
    }
}

#[test]
fn extremes_and_products() {
    for op in [Op::MaxAll, Op::MinAll, Op::ProdAll, Op::SumAll, Op::Norm1, Op::SumSq] {
        for nan in [false, true] {
            for n in 1..70usize {
                let mut case = Case::fenced(Side::End);
                let mut x = Numbers::new(n as u64).tensor(Shape::Vector(n)).data().to_vec();
                if nan {
                    x[n / 2] = f64::NAN;
                }
                let x = case.unknown("x", gradus::shape::Tensor::new(Shape::Vector(n), x));
                let y = case.g.apply(op, &[x]);
                let expected = case.expected(&[y]);
                for way in wide_ways() {
                    let kernel = case.kernel_with(&[y], way);
                    assert!(kernel.stats().wide_loops > 0, "{op:?}");
                    let found = case.run(&kernel);
                    assert_close(&format!("{op:?} of {n} {way:?}"), &found, &expected, 1e-13);
                }
            }
        }
    }
}

#[test]
fn conditions() {
    check("a filter", 0, |c, n| {
        let data = Numbers::new(n as u64 + 3).tensor(Shape::Vector(n.max(1) as usize));
        let (x, t) = (c.known("x", data), c.scalar("t", 0.2));
        let (i, at) = c.index("i");
        let xi = c.at(x, at);
        let cond = c.g.apply(Op::Gt, &[xi, t]);
        let body = c.g.mul(&[xi, xi, t]);
        let (lo, hi) = (c.g.int(1), c.g.int(n));
        let f = c.bind(Op::Sum, i, lo, hi, Some(cond), body);
        gradient_too(c, f)
    });
    // Conditions that hold where there is nothing any more, in the last steps.
    for turned in [false, true] {
        check(&format!("a filter of entries, turned {turned}"), 1, |c, n| {
            let x = c.unknown("x", Numbers::new(n as u64).tensor(Shape::Vector(n as usize)));
            let t = c.scalar("t", 0.2);
            let (i, at) = c.index("i");
            let xi = c.at(x, at);
            let op = if turned { Op::Gt } else { Op::Lt };
            let mut cond = c.g.apply(op, &[xi, t]);
            if turned {
                cond = c.g.apply(Op::Not, &[cond]);
            }
            let body = c.g.apply(Op::Exp, &[xi]);
            let (lo, hi) = (c.g.int(1), c.g.int(n));
            let f = c.bind(Op::Sum, i, lo, hi, Some(cond), body);
            gradient_too(c, f)
        });
    }
    check("a branch", 0, |c, n| {
        fit(c, n, |c, x| {
            let zero = c.g.int(0);
            let cond = c.g.apply(Op::Lt, &[x, zero]);
            let (e, l) = (c.g.apply(Op::Exp, &[x]), c.g.apply(Op::Log1p, &[x]));
            c.g.apply(Op::If, &[cond, e, l])
        })
    });
    check("the counter", 0, |c, n| {
        let u = c.scalar("u", 0.7);
        let (i, at) = c.index("i");
        let square = c.g.powi(at, 2);
        let value = c.g.mul(&[u, u, square]);
        let f = c.sum(i, 1, n, value);
        gradient_too(c, f)
    });
}

/// More values than there are registers.
#[test]
fn spills() {
    check("many values", 0, |c, n| {
        let data = Numbers::new(n as u64 + 3).tensor(Shape::Vector(n.max(1) as usize));
        let x = c.known("x", data);
        let u: Vec<ExprId> = (0..9).map(|k| c.scalar(&format!("u{k}"), 0.1 * k as f64)).collect();
        let (i, at) = c.index("i");
        let xi = c.at(x, at);
        let terms: Vec<ExprId> = u
            .iter()
            .map(|&u| {
                let z = c.g.mul(&[u, xi]);
                c.g.apply(Op::Sin, &[z])
            })
            .collect();
        let mut products = Vec::new();
        for (k, &a) in terms.iter().enumerate() {
            for &b in &terms[k + 1..] {
                products.push(c.g.mul(&[a, b]));
            }
        }
        let value = c.g.add(&products);
        let square = c.g.powi(value, 2);
        let f = c.sum(i, 1, n, square);
        gradient_too(c, f)
    });
}

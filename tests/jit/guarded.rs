//! Every kind of generated code, with all memory that it touches between
//! unmapped pages: arguments, results, known values, scratch memory. At every
//! length around vectors and blocks, against the plain evaluator.
#![cfg(unix)]

use crate::jit_support::fence::{SIDES, Side, fenced, lengths};
use crate::jit_support::{Case, Numbers, assert_close, ways};
use gradus::diff;
use gradus::expr::{ExprId, Op};
use gradus::ops;
use gradus::shape::{Shape, Tensor};

/// Compares all that `build` makes of `n`, compiled in every way.
fn check_of(n: i64, what: &str, build: &impl Fn(&mut Case, i64) -> Vec<ExprId>) {
    for side in SIDES {
        let mut case = Case::fenced(side);
        let outputs = build(&mut case, n);
        let expected = case.expected(&outputs);
        let scale = expected.iter().filter(|x| x.is_finite()).fold(1.0f64, |a, b| a.max(b.abs()));
        for way in ways() {
            let found = case.run(&case.kernel_with(&outputs, way));
            let what = format!("{what} of {n}, {way:?}, memory at its {side:?}");
            assert_close(&what, &found, &expected, 1e-13 * scale);
        }
    }
}

fn check(what: &str, first: i64, build: impl Fn(&mut Case, i64) -> Vec<ExprId>) {
    for n in lengths(first) {
        check_of(n, what, &build);
    }
}

fn gradient_too(case: &mut Case, f: ExprId) -> Vec<ExprId> {
    let inputs = case.inputs.clone();
    let mut outputs = vec![f];
    outputs.extend(diff::gradient(&mut case.g, f, &inputs));
    outputs
}

fn vector(case: &mut Case, name: &str, n: i64) -> ExprId {
    case.unknown(name, Numbers::new(n as u64 + 11).tensor(Shape::Vector(n as usize)))
}

/// The fence works: a child that reads one number too many dies.
#[test]
fn a_number_too_many_is_noticed() {
    for (side, at) in [(Side::End, 10), (Side::Begin, -1)] {
        let numbers = fenced(Some(side), || vec![1.0; 10]);
        // SAFETY: the child only reads, and ends at once in any case.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                std::hint::black_box(numbers.as_ptr().wrapping_offset(at).read_volatile());
                libc::_exit(0);
            }
            let mut status = 0;
            assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
            assert!(libc::WIFSIGNALED(status), "{side:?}");
        }
    }
}

/// All functions of numbers on arrays, at arguments from their rows.
#[test]
fn functions_of_numbers() {
    for row in ops::table().iter().filter(|row| !row.samples.is_empty()) {
        check(&format!("{:?}", row.op), 1, |c, n| {
            let column = |k: usize| -> Vec<f64> {
                row.samples.iter().cycle().take(n as usize).map(|s| s[k]).collect()
            };
            let args: Vec<ExprId> = (0..row.samples[0].len())
                .map(|k| c.unknown(&format!("x{k}"), Tensor::vector(column(k))))
                .collect();
            let op = if row.op == Op::Mul { Op::Had } else { row.op };
            let y = c.g.apply(op, &args);
            let total = c.g.apply(Op::SumAll, &[y]);
            vec![y, total]
        });
    }
}

/// Several totals from one loop, and from loops inside of loops.
#[test]
fn totals() {
    check("totals", 1, |c, n| {
        let (x, y) = (vector(c, "x", n), vector(c, "y", n));
        let half = c.g.number(gradus::expr::Num::frac(1, 2));
        let small = c.g.mul(&[half, x]);
        let ops = [Op::SumAll, Op::SumSq, Op::MaxAll, Op::MinAll, Op::LogSumExpAll, Op::Norm1];
        let mut outputs: Vec<ExprId> = ops.map(|op| c.g.apply(op, &[x])).to_vec();
        outputs.push(c.g.apply(Op::ProdAll, &[small]));
        outputs.push(c.g.apply(Op::Dot, &[x, y]));
        outputs
    });
    for (m, n) in (2..=9).flat_map(|m| [(m, 5), (5, m), (m, 17), (33, m), (m, 513), (513, m)]) {
        check_of(n, &format!("totals of {m} rows"), &|c, n| {
            let shape = Shape::Matrix(m as usize, n as usize);
            let x = c.unknown("X", Numbers::new(n as u64).tensor(shape));
            let rows = [Op::RowSum, Op::RowMean, Op::RowLogSumExp, Op::RowMax];
            let mut outputs: Vec<ExprId> = rows.map(|op| c.g.apply(op, &[x])).to_vec();
            let turned = c.g.transpose(x);
            outputs.extend([c.g.apply(Op::RowSum, &[turned]), turned]);
            outputs
        });
    }
}

/// Arrays by index: neighbours, steps of two, from the end, and by data.
#[test]
fn stores_and_shifts() {
    check("stores", 1, |c, n| {
        let x = vector(c, "x", 2 * n + 3);
        let places = (0..n).map(|k| 1.0 + ((7 * k + 3) % n) as f64).collect::<Vec<f64>>();
        let k = c.known("k", Tensor::vector(places));
        let (one, two, end) = (c.g.int(1), c.g.int(2), c.g.int(n));
        let mut outputs = Vec::new();
        for shift in [1, 3] {
            let (i, at) = c.index("i");
            let (shift, last) = (c.g.int(shift), c.g.int(n + 1));
            let (near, double) = (c.g.add(&[at, shift]), c.g.mul(&[two, at]));
            let (far, by) = (c.g.sub(last, at), c.at(k, at));
            let reads = [at, near, double, far, by].map(|at| c.at(x, at));
            let difference = c.g.sub(reads[1], reads[0]);
            let product = c.g.mul(&[reads[2], reads[3], reads[4]]);
            for body in [difference, product] {
                outputs.push(c.bind(Op::Comp, i, one, end, None, body));
            }
        }
        outputs
    });
    // A matrix by index, its rows shorter than a vector and longer.
    for m in [1, 2, 7, 16, 40] {
        check_of(m, "a matrix by index", &|c, m| {
            let x = vector(c, "x", m + 1);
            let ((i, at), (j, by)) = (c.index("i"), c.index("j"));
            let (one, end) = (c.g.int(1), c.g.int(m));
            let next = c.g.add(&[by, one]);
            let (a, b) = (c.at(x, at), c.at(x, next));
            let product = c.g.mul(&[a, b, b]);
            let row = c.bind(Op::Comp, j, one, end, None, product);
            vec![c.bind(Op::Comp, i, one, end, None, row)]
        });
    }
}

/// Derivatives of sums add to entries: in order, to neighbours, to every other
/// one, by data to the same one again and again.
#[test]
fn scatters() {
    for places in ["in order", "neighbours", "every other", "by data", "where a condition holds"] {
        check(places, 1, |c, n| {
            let x = vector(c, "x", 2 * n + 1);
            let rows = (0..n).map(|k| 1.0 + (k * k % 5).min(n - 1) as f64).collect::<Vec<f64>>();
            let k = c.known("k", Tensor::vector(rows));
            let (i, at) = c.index("i");
            let (one, two, end) = (c.g.int(1), c.g.int(2), c.g.int(n));
            let other = match places {
                "neighbours" => c.g.add(&[at, one]),
                "every other" => c.g.mul(&[two, at]),
                "by data" => c.at(k, at),
                _ => at,
            };
            let (a, b) = (c.at(x, at), c.at(x, other));
            let square = c.g.powi(b, 2);
            let difference = c.g.sub(a, square);
            let body = c.g.apply(Op::Sin, &[difference]);
            let zero = c.g.int(0);
            let cond = (places == "where a condition holds").then(|| c.g.apply(Op::Gt, &[a, zero]));
            let f = c.bind(Op::Sum, i, one, end, cond, body);
            gradient_too(c, f)
        });
    }
}

/// Products with a matrix of data in one pass over its rows, Gram matrices by
/// tiles, and both with weights.
#[test]
fn passes_over_rows() {
    let sizes = [2, 7, 8, 9, 23, 24, 25, 33, 50];
    let rows = [2, 5, 16, 40, 63, 64, 65, 513, 1025];
    // The last three are large enough for a pass, and the last one for parts of it.
    let large = [(2700, 50), (6001, 23), (32_003, 50)];
    for (m, n) in rows.into_iter().flat_map(|m| sizes.map(|n| (m, n))).chain(large) {
        check_of(n, &format!("a pass over {m} rows"), &|c, n| {
            let mut numbers = Numbers::new(n as u64 + 5);
            let x = c.known("X", numbers.tensor(Shape::Matrix(m, n as usize)));
            let y = c.known("y", numbers.tensor(Shape::Vector(m)));
            let w = c.unknown("w", numbers.tensor(Shape::Vector(n as usize)));
            let z = c.g.matmul(x, w);
            let (soft, fit) = (c.g.apply(Op::Softplus, &[z]), c.g.apply(Op::Dot, &[y, z]));
            let total = c.g.apply(Op::SumAll, &[soft]);
            let f = c.g.sub(total, fit);
            let mut outputs = gradient_too(c, f);
            let turned = c.g.transpose(x);
            outputs.push(c.g.matmul(turned, x));
            // The evaluator forms the diagonal matrix.
            if m < 3000 {
                let s = c.g.apply(Op::Sigmoid, &[z]);
                let d = c.g.apply(Op::Diag, &[s]);
                let right = c.g.matmul(d, x);
                outputs.push(c.g.matmul(turned, right));
            }
            outputs
        });
    }
}

/// Products of matrices, small ones and those that a library computes.
#[test]
fn products() {
    for m in [1, 2, 3, 4, 5, 8, 9, 15, 16, 17, 31, 33] {
        for (k, n) in [(1, m), (m, 1), (3, 5), (17, 9), (33, 33)] {
            check_of(n, &format!("a product of {m} rows by {k}"), &|c, n| {
                let n = n as usize;
                let mut numbers = Numbers::new(m as u64);
                let a = c.unknown("A", numbers.tensor(Shape::Matrix(m as usize, k as usize)));
                let b = c.unknown("B", numbers.tensor(Shape::Matrix(k as usize, n)));
                let (at, bt) = (c.g.transpose(a), c.g.transpose(b));
                let (left, right) = (c.g.matmul(a, b), c.g.matmul(bt, at));
                vec![left, right]
            });
        }
    }
}

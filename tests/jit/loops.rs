//! Sums, scatters, branches and comprehensions, compiled, with gradients.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::jit_support::{Case, Numbers, ways, wide_ways};
use gradus::diff;
use gradus::eval::EvalError;
use gradus::expr::{ExprId, Graph, Op, Symbol};
use gradus::jit::{Choice, Fault, Options, Simd, Stage, compile, show};
use gradus::shape::{Shape, Tensor};

/// An objective with its gradient by all inputs, both from one kernel.
fn check_with_gradient(case: &mut Case, what: &str, f: ExprId) -> Vec<ExprId> {
    let mut outputs = vec![f];
    outputs.extend(diff::gradient(&mut case.g, f, &case.inputs));
    case.check(what, &outputs);
    outputs
}

/// `sum((y[i] - b1*(1 - exp(-b2*x[i])))^2 for i in 1..n)`
fn curve_fit(n: usize) -> (Case, ExprId) {
    let mut numbers = Numbers::new(11);
    let mut case = Case::new();
    let x = case.known("x", numbers.tensor(Shape::Vector(n)));
    let y = case.known("y", numbers.tensor(Shape::Vector(n)));
    let (b1, b2) = (case.scalar("b1", 1.3), case.scalar("b2", 0.4));
    let (i, at) = case.index("i");
    let (xi, yi) = (case.at(x, at), case.at(y, at));
    let g = &mut case.g;
    let minus = g.int(-1);
    let inside = g.mul(&[minus, b2, xi]);
    let e = g.apply(Op::Exp, &[inside]);
    let one = g.int(1);
    let share = g.sub(one, e);
    let model = g.mul(&[b1, share]);
    let r = g.sub(yi, model);
    let square = g.powi(r, 2);
    let f = case.sum(i, 1, n as i64, square);
    (case, f)
}

/// `sum(100*(x[i+1] - x[i]^2)^2 + (1 - x[i])^2 for i in 1..n-1)`
fn rosenbrock(n: usize) -> (Case, ExprId) {
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
    (case, f)
}

fn loops(text: &str) -> usize {
    text.lines().filter(|l| l.trim_start().starts_with("for ")).count()
}

#[test]
fn least_squares_is_one_loop() {
    for n in [0, 1, 2, 7, 100] {
        let (mut case, f) = curve_fit(n);
        let outputs = check_with_gradient(&mut case, "curve fit", f);
        let text = show(&case.g, &outputs, &case.inputs, Stage::Kernel).unwrap();
        assert!(loops(&text) <= 1, "{text}");
        assert_eq!(text.matches("call Exp").count(), loops(&text), "{text}");
    }
}

#[test]
fn chained_reads_scatter() {
    for n in [2, 3, 10, 1000] {
        let (mut case, f) = rosenbrock(n);
        let mut outputs = check_with_gradient(&mut case, "rosenbrock", f);
        let text = show(&case.g, &outputs, &case.inputs, Stage::Kernel).unwrap();
        assert!(!text.contains("Inside") && !text.contains("Whole"), "reads are proven: {text}");
        // The Hessian times a direction, too.
        let d = case.unknown("d", Numbers::new(5).tensor(Shape::Vector(n)));
        let x = case.inputs[0];
        outputs.extend(diff::hessian_times(&mut case.g, &outputs[1..2], &[(x, d)]));
        case.check("rosenbrock hv", &outputs);
    }
}

#[test]
fn two_loops_scatter_the_same_entries() {
    // The loops differ in their conditions, the adjoints of their reads do not.
    let mut case = Case::new();
    let x = case.unknown("x", Numbers::new(4).tensor(Shape::Vector(3)));
    let (i, at) = case.index("i");
    let xi = case.at(x, at);
    let (one, two, three) = (case.g.int(1), case.g.int(2), case.g.int(3));
    let all = case.sum(i, 1, 3, xi);
    let differ = case.g.apply(Op::Ne, &[at, two]);
    let some = case.bind(Op::Sum, i, one, three, Some(differ), xi);
    let square = case.g.powi(some, 2);
    let bottom = case.g.add(&[one, square]);
    let f = case.g.div(all, bottom);
    check_with_gradient(&mut case, "a quotient of sums", f);
}

#[test]
fn nested_sums_with_conditions_and_ranges_of_outer_indices() {
    let mut case = Case::new();
    let a = case.known("A", Numbers::new(2).tensor(Shape::Matrix(6, 6)));
    let x = case.unknown("x", Numbers::new(3).tensor(Shape::Vector(6)));
    let ((i, ii), (j, jj)) = (case.index("i"), case.index("j"));
    let aij = case.g.apply(Op::Elem, &[a, ii, jj]);
    let (xi, xj) = (case.at(x, ii), case.at(x, jj));
    let term = case.g.mul(&[aij, xi, xj]);
    let term = case.g.apply(Op::Sin, &[term]);
    let (one, six) = (case.g.int(1), case.g.int(6));
    let differ = case.g.apply(Op::Ne, &[ii, jj]);
    let full = case.bind(Op::Sum, j, one, six, Some(differ), term);
    let full = case.bind(Op::Sum, i, one, six, None, full);
    let upper = case.bind(Op::Sum, j, ii, six, None, term);
    let upper = case.bind(Op::Sum, i, one, six, None, upper);
    let most = case.bind(Op::Max, j, one, ii, None, term);
    let most = case.bind(Op::Sum, i, one, six, None, most);
    let product = case.bind(Op::Prod, j, one, ii, None, xj);
    let product = case.bind(Op::Sum, i, one, six, None, product);
    let soft = case.bind(Op::LogSumExp, j, one, six, Some(differ), term);
    let soft = case.bind(Op::Sum, i, one, six, None, soft);
    let f = case.g.add(&[full, upper, most, product, soft]);
    check_with_gradient(&mut case, "nested", f);
    case.check("nested, each", &[full, upper, most, product, soft]);
}

#[test]
fn filters_and_branches_hide_what_they_do_not_take() {
    let mut case = Case::new();
    let x = case.unknown("x", Tensor::vector(vec![-1.0, 2.0, -3.0, 4.0]));
    let y = case.scalar("y", 0.0);
    let (i, ii) = case.index("i");
    let (zero, one, four) = (case.g.int(0), case.g.int(1), case.g.int(4));
    let xi = case.at(x, ii);
    let positive = case.g.apply(Op::Gt, &[xi, zero]);
    let log = case.g.apply(Op::Log, &[xi]);
    // log(y) is -inf and must not touch anything.
    let log_y = case.g.apply(Op::Log, &[y]);
    let never = case.g.apply(Op::Gt, &[y, one]);
    let term = case.g.add(&[log, y]);
    let filtered = case.bind(Op::Sum, i, one, four, Some(positive), term);
    let none = case.bind(Op::Sum, i, one, four, Some(never), log_y);
    let branch = case.g.apply(Op::If, &[positive, log, xi]);
    let branch = case.bind(Op::Sum, i, one, four, None, branch);
    // x[i+1] is outside for i = 4.
    let next = case.g.add(&[ii, one]);
    let inside = case.g.apply(Op::Lt, &[ii, four]);
    let read = case.at(x, next);
    let chained = case.g.apply(Op::If, &[inside, read, zero]);
    let chained = case.bind(Op::Sum, i, one, four, None, chained);
    let by_filter = case.g.mul(&[read, xi]);
    let by_filter = case.bind(Op::Sum, i, one, four, Some(inside), by_filter);
    let f = case.g.add(&[filtered, none, branch, chained, by_filter]);
    check_with_gradient(&mut case, "branches", f);
}

/// The same read under two conditions: where neither holds, it must not happen.
#[test]
fn reads_shared_by_branches_stay_in_them() {
    let mut case = Case::new();
    let x = case.unknown("x", Tensor::vector(vec![0.5, 2.0, -3.0, 4.0]));
    let (i, ii) = case.index("i");
    let (zero, two, three) = (case.g.int(0), case.g.int(2), case.g.int(3));
    let next = case.g.add(&[ii, two]);
    let read = case.at(x, next);
    let first = case.g.apply(Op::Lt, &[ii, two]);
    let second = case.g.apply(Op::Eq, &[ii, two]);
    let square = case.g.powi(read, 2);
    let a = case.g.apply(Op::If, &[first, read, zero]);
    let b = case.g.apply(Op::If, &[second, square, zero]);
    let body = case.g.add(&[a, b]);
    let f = case.sum(i, 1, 4, body);
    // A read that no loop comes to, shared by two loops that may be empty.
    let s = case.scalar("s", 0.0);
    let far = case.g.mul(&[three, three]);
    let far = case.g.add(&[far, s]);
    let never = case.at(x, far);
    let one = case.g.int(1);
    let term = case.g.add(&[never, ii]);
    let sum = case.bind(Op::Sum, i, one, s, None, term);
    let product = case.bind(Op::Prod, i, one, s, None, never);
    let f = case.g.add(&[f, sum, product]);
    check_with_gradient(&mut case, "shared reads", f);
}

#[test]
fn comprehensions_and_reads_of_them() {
    let mut case = Case::new();
    let x = case.unknown("x", Numbers::new(4).tensor(Shape::Vector(5)));
    let (i, ii) = case.index("i");
    let (j, jj) = case.index("j");
    let (three, five) = (case.g.int(3), case.g.int(5));
    let xi = case.at(x, ii);
    let cube = case.g.powi(xi, 3);
    let row = case.sum(j, 1, 4, jj);
    let body = case.g.mul(&[cube, row, ii]);
    let column = case.bind(Op::Comp, i, three, five, None, body);
    let exp = case.g.apply(Op::Exp, &[column]);
    let picked = case.at(exp, jj);
    let total = case.sum(j, 1, 3, picked);
    let sum = case.g.apply(Op::SumSq, &[column]);
    let f = case.g.add(&[total, sum]);
    check_with_gradient(&mut case, "comprehension", f);
    case.check("column", &[column, exp, column]);
}

#[test]
fn reads_by_data_are_checked() {
    let mut case = Case::new();
    let group = case.known("group", Tensor::vector(vec![1.0, 3.0, 2.0, 3.0]));
    let u = case.unknown("u", Tensor::vector(vec![0.1, 0.2, 0.3]));
    let (i, ii) = case.index("i");
    let k = case.at(group, ii);
    let uk = case.at(u, k);
    let square = case.g.powi(uk, 2);
    let f = case.sum(i, 1, 4, square);
    check_with_gradient(&mut case, "groups", f);
}

#[test]
fn means_that_later_sums_need() {
    let mut case = Case::new();
    let x = case.unknown("x", Numbers::new(8).tensor(Shape::Vector(9)));
    let (i, ii) = case.index("i");
    let xi = case.at(x, ii);
    let sum = case.sum(i, 1, 9, xi);
    let nine = case.g.int(9);
    let mean = case.g.div(sum, nine);
    let d = case.g.sub(xi, mean);
    let square = case.g.powi(d, 2);
    let f = case.sum(i, 1, 9, square);
    let outputs = check_with_gradient(&mut case, "variance", f);
    let text = show(&case.g, &outputs[..1], &case.inputs, Stage::Kernel).unwrap();
    assert_eq!(loops(&text), 2, "{text}");
}

/// A sum that does not depend on the index is computed once, even where only
/// a filtered term needs it.
#[test]
fn closed_sums_leave_filtered_loops() {
    let mut case = Case::new();
    let x = case.unknown("x", Numbers::new(8).tensor(Shape::Vector(9)));
    let ((i, ii), (j, jj)) = (case.index("i"), case.index("j"));
    let (one, nine, zero) = (case.g.int(1), case.g.int(9), case.g.int(0));
    let (xi, xj) = (case.at(x, ii), case.at(x, jj));
    let sum = case.sum(j, 1, 9, xj);
    let d = case.g.sub(xi, sum);
    let d = case.g.apply(Op::Sin, &[d]);
    let positive = case.g.apply(Op::Gt, &[xi, zero]);
    let f = case.bind(Op::Sum, i, one, nine, Some(positive), d);
    check_with_gradient(&mut case, "filtered", f);
    let text = show(&case.g, &[f], &case.inputs, Stage::Kernel).unwrap();
    assert!(!text.contains("  for "), "no loop is inside another: {text}");
}

#[test]
fn faults_are_returned() {
    let run = |build: &dyn Fn(&mut Case, ExprId) -> ExprId, value: f64| {
        let mut case = Case::new();
        let s = case.scalar("s", value);
        let e = build(&mut case, s);
        let kernel = case.kernel(&[e]);
        (e, kernel.call(&case.x(), &mut [0.0]))
    };
    let read = |case: &mut Case, s: ExprId| {
        let a = case.known("a", Tensor::vector(vec![1.0, 2.0, 3.0]));
        case.at(a, s)
    };
    assert_eq!(run(&read, 2.0).1, Ok(()));
    for index in [0.0, 4.0, -1e18] {
        let (node, found) = run(&read, index);
        assert_eq!(found, Err(Fault::Eval(EvalError::Outside { node, index, size: 3 })));
    }
    for value in [1.5, f64::INFINITY, 1e300] {
        let (node, found) = run(&read, value);
        assert_eq!(found, Err(Fault::Eval(EvalError::NotWhole { node, value })));
    }
    assert!(
        matches!(run(&read, f64::NAN).1, Err(Fault::Eval(EvalError::NotWhole { value, .. })) if value.is_nan())
    );
    let largest = |case: &mut Case, s: ExprId| {
        let (i, ii) = case.index("i");
        let one = case.g.int(1);
        case.bind(Op::Max, i, one, s, None, ii)
    };
    assert_eq!(run(&largest, 3.0).1, Ok(()));
    let (node, found) = run(&largest, 0.0);
    assert_eq!(found, Err(Fault::Eval(EvalError::Empty { node })));
}

#[test]
fn interrupt_ends_long_loops() {
    let mut case = Case::new();
    let s = case.scalar("s", 1.0);
    let ((i, ii), (j, jj)) = (case.index("i"), case.index("j"));
    let term = case.g.mul(&[ii, jj, s]);
    let term = case.g.apply(Op::Sin, &[term]);
    let flat = case.sum(j, 1, 1 << 40, term);
    let nested = case.sum(j, 1, 3, term);
    let flat = case.sum(i, 1, 1, flat);
    let nested = case.sum(i, 1, 1 << 40, nested);
    for (e, (wide, simd)) in [flat, nested].into_iter().flat_map(|e| ways().map(move |w| (e, w))) {
        let flag = Arc::new(AtomicBool::new(false));
        let (interrupt, simd) = (Some(flag.clone()), Some(simd));
        let options = Options { interrupt, wide, simd, ..Options::default() };
        let kernel = compile(&case.g, &[e], &case.inputs, &options).unwrap();
        let stop = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            flag.store(true, Ordering::Relaxed);
        });
        assert_eq!(kernel.call(&case.x(), &mut [0.0]), Err(Fault::Interrupted));
        stop.join().unwrap();
    }
}

#[test]
fn kernels_go_to_other_threads() {
    let (case, f) = curve_fit(50);
    let kernel = case.kernel(&[f]);
    let expected = case.expected(&[f]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut out = [0.0];
                kernel.call(&case.x(), &mut out).unwrap();
                crate::jit_support::assert_close("thread", &out, &expected, 1e-12);
            });
        }
    });
}

#[test]
fn deep_and_wide_expressions_compile_in_linear_time() {
    let mut g = Graph::new();
    let s = g.declare(Symbol::unknown("x", Shape::Scalar));
    let x = g.leaf(s);
    let half = g.number(gradus::expr::Num::frac(1, 2));
    let mut e = x;
    for k in 0..10_000 {
        let scaled = g.mul(&[half, e]);
        e = if k % 7 == 0 { g.apply(Op::Sin, &[scaled]) } else { g.add(&[scaled, x]) };
        e = g.apply(Op::Abs, &[e]);
    }
    let kernel = compile(&g, &[e], &[s], &Options::default()).unwrap();
    let mut out = [0.0];
    kernel.call(&[0.7], &mut out).unwrap();
    let mut v: f64 = 0.7;
    for k in 0..10_000 {
        v = if k % 7 == 0 { (0.5 * v).sin().abs() } else { (0.5 * v + 0.7).abs() };
    }
    assert!((out[0] - v).abs() < 1e-12, "{} {v}", out[0]);
}

#[test]
fn deep_branches_and_deep_arrays_do_not_use_up_the_stack() {
    let mut case = Case::new();
    let x = case.scalar("x", 0.3);
    let v = case.unknown("v", Numbers::new(1).tensor(Shape::Vector(3)));
    let (mut e, mut a) = (x, v);
    for k in 0..2_000 {
        let bound = case.g.number(gradus::expr::Num::frac(k, 4000));
        let above = case.g.apply(Op::Gt, &[x, bound]);
        let sine = case.g.apply(Op::Sin, &[e]);
        e = case.g.apply(Op::If, &[above, sine, bound]);
        let sum = case.g.add(&[a, v]);
        a = case.g.apply(Op::Abs, &[sum]);
    }
    case.check("deep", &[e, a]);
}

#[test]
fn listings_show_loops_and_code() {
    let (mut case, f) = rosenbrock(5);
    let gradient = diff::gradient(&mut case.g, f, &case.inputs);
    let outputs = [f, gradient[0]];
    let text = show(&case.g, &outputs, &case.inputs, Stage::Kernel).unwrap();
    assert_eq!(loops(&text), 1, "{text}");
    assert!(text.contains("+="), "{text}");
    let code = show(&case.g, &outputs, &case.inputs, Stage::Clif);
    assert_eq!(code.is_ok_and(|text| text.contains("brif")), cfg!(feature = "jit"));
}

#[test]
fn long_loops_have_the_same_values_on_any_number_of_threads() {
    // Longer than many chunks, and not a multiple of them.
    let n = 1_000_003;
    let mut case = Case::new();
    let s = case.scalar("s", 0.3);
    let data: Vec<f64> = (0..n).map(|k| (k as f64 * 0.37).sin()).collect();
    let x = case.known("x", Tensor::new(Shape::Vector(n), data));
    let (i, ii) = case.index("i");
    let at = case.at(x, ii);
    let moved = case.g.mul(&[at, s]);
    let term = case.g.apply(Op::Exp, &[moved]);
    let (one, last) = (case.g.int(1), case.g.int(n as i64));
    let outputs = [
        case.sum(i, 1, n as i64, term),
        case.bind(Op::Max, i, one, last, None, moved),
        case.bind(Op::Comp, i, one, last, None, term),
    ];
    check_threads("chunks", &case, &outputs);
}

/// The same bits on any number of threads, and the values of plain loops, which run in one go.
fn check_threads(what: &str, case: &Case, outputs: &[ExprId]) {
    let expected = case.run(&case.kernel_with(outputs, (Choice::Never, Simd::here())));
    let scale = expected.iter().fold(1.0f64, |a, b| a.max(b.abs()));
    for (wide, simd) in wide_ways() {
        let values = |threads| {
            let options = Options { threads, wide, simd: Some(simd), ..Options::default() };
            case.run(&compile(&case.g, outputs, &case.inputs, &options).unwrap())
        };
        let found = values(1);
        crate::jit_support::assert_close(what, &found, &expected, 1e-12 * scale);
        for threads in [0, 2, 3, 7] {
            let other = values(threads);
            let same = found.iter().zip(&other).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same, "{what} by {simd}, {wide:?}, on {threads}");
        }
    }
}

/// Chunks add to entries that others add to: to fresh memory, and to what other loops have left there.
#[test]
fn long_scatters_have_the_same_values_on_any_number_of_threads() {
    // The last chunk is a single step.
    for n in [3 * 65_536 + 1, 4 * 65_536 + 700] {
        let mut case = Case::new();
        let wave: Vec<f64> = (0..n + 3).map(|k| (k as f64 * 0.37).sin()).collect();
        let x = case.unknown("x", Tensor::new(Shape::Vector(n + 3), wave));
        let s = case.scalar("s", 0.3);
        let (i, ii) = case.index("i");
        let entry = |case: &mut Case, shift: i64| {
            let shift = case.g.int(shift);
            let at = case.g.add(&[ii, shift]);
            case.at(x, at)
        };
        let (a, b, c) = (entry(&mut case, 0), entry(&mut case, 1), entry(&mut case, 3));
        let square = case.g.powi(a, 2);
        let u = case.g.sub(b, square);
        let term = case.g.mul(&[u, u, c, s]);
        let f = case.sum(i, 1, n as i64, term);
        let u = case.g.apply(Op::Sin, &[a]);
        let term = case.g.mul(&[u, b]);
        let g = case.sum(i, 2, n as i64 - 1, term);
        let both = case.g.add(&[f, g]);
        for (what, f) in [("a scatter", f), ("two scatters", both)] {
            let inputs = case.inputs.clone();
            let mut outputs = vec![f];
            outputs.extend(diff::gradient(&mut case.g, f, &inputs));
            check_threads(what, &case, &outputs);
        }
    }
}

/// One pass over the rows of a matrix, and products that are none.
#[test]
fn passes_and_products_have_the_same_values_on_any_number_of_threads() {
    let (m, n) = (20_003, 90);
    let mut case = Case::new();
    let wave =
        |len: usize, step: f64| (0..len).map(|k| (k as f64 * step).sin()).collect::<Vec<_>>();
    let x = case.known("X", Tensor::new(Shape::Matrix(m, n), wave(m * n, 0.37)));
    let y = case.known("y", Tensor::new(Shape::Vector(m), wave(m, 1.7)));
    let w = case.unknown("w", Tensor::new(Shape::Vector(n), wave(n, 0.9)));
    let s = case.scalar("s", 0.3);
    let product = case.g.matmul(x, w);
    let z = case.g.mul(&[s, product]);
    let u = case.g.apply(Op::Had, &[y, z]);
    let soft = case.g.apply(Op::Softplus, &[u]);
    let f = case.g.apply(Op::SumAll, &[soft]);
    let inputs = case.inputs.clone();
    let mut outputs = vec![f];
    outputs.extend(diff::gradient(&mut case.g, f, &inputs));
    check_threads("value and gradient", &case, &outputs);
    let listing = show(&case.g, &outputs, &case.inputs, Stage::Kernel).unwrap();
    assert!(listing.contains("= rows"), "{listing}");
    for threads in [1, 2] {
        let interrupt = Some(Arc::new(AtomicBool::new(true)));
        let options = Options { interrupt, threads, ..Options::default() };
        let kernel = compile(&case.g, &outputs, &case.inputs, &options).unwrap();
        let found = kernel.call(&case.x(), &mut vec![0.0; kernel.n_out()]);
        assert_eq!(found, Err(Fault::Interrupted), "{threads}");
    }
    let weights = case.g.apply(Op::Sigmoid, &[u]);
    let d = case.g.apply(Op::Diag, &[weights]);
    let (turned, right) = (case.g.transpose(x), case.g.matmul(d, x));
    outputs.push(case.g.matmul(turned, right));
    check_threads("the Hessian too", &case, &outputs);
    let (sums, square) = (case.g.matmul(turned, y), case.g.matmul(turned, x));
    check_threads("products", &case, &[product, sums, square]);
}

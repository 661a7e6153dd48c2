//! The parts of a run, in this process: `cargo bench --bench parts`.
//!
//! `rosenbrock` takes the way of one small script apart; `sums` differentiates and prints a sum of ten
//! and of ten million terms, which must take the same time.

use divan::{Bencher, black_box};
use gradus::diag::Sink;
use gradus::diff;
use gradus::expr::{ExprId, Graph, Num, Op, Symbol, SymbolId};
use gradus::jit;
use gradus::session::{Outcome, Session, Settings};
use gradus::shape::Shape;
use gradus::simplify;
use gradus::source::SourceMap;
use gradus::syntax;

fn main() {
    divan::main();
}

mod rosenbrock {
    use super::*;
    use gradus::optim::driver::{Control, minimize};
    use gradus::optim::registry;
    use gradus::problem::ClosureProblem;

    const SCRIPT: &str = "var x, y\nminimize 100*(y - x^2)^2 + (1 - x)^2 from x = -1.2, y = 1\n";

    /// The text to a tree.
    #[divan::bench]
    fn a_parse(bencher: Bencher) {
        let mut sources = SourceMap::new();
        let file = sources.add("rosenbrock", SCRIPT);
        bencher.bench_local(|| syntax::parse(file, black_box(SCRIPT), &mut Sink::new()));
    }

    /// The text to a checked graph, in a session of its own.
    #[divan::bench]
    fn b_parse_and_check() -> Outcome {
        Session::new(Settings::default()).check("rosenbrock", black_box(SCRIPT), &mut |_, _| {})
    }

    /// The objective to gradient and Hessian.
    #[divan::bench]
    fn c_differentiate(bencher: Bencher) {
        bencher.with_inputs(objective).bench_local_values(|mut problem| {
            let outputs = derivatives(&mut problem);
            (problem, outputs)
        });
    }

    /// Objective, gradient and Hessian to machine code.
    #[divan::bench]
    fn d_compile(bencher: Bencher) {
        let mut problem = objective();
        let outputs = derivatives(&mut problem);
        let (g, unknowns) = (problem.g, problem.unknowns);
        bencher
            .bench_local(|| jit::compile(&g, &outputs, &unknowns, &jit::Options::default()).ok());
    }

    /// Compiled code to the minimizer, by Newton's method.
    #[divan::bench]
    fn e_solve(bencher: Bencher) {
        let mut problem = objective();
        let outputs = derivatives(&mut problem);
        let options = jit::Options::default();
        let Ok(kernel) = jit::compile(&problem.g, &outputs, &problem.unknowns, &options) else {
            return eprintln!("no native code on this machine");
        };
        let newton = registry::find("newton").expect("a row of the registry");
        let options = newton.default_options();
        // f, two entries of the gradient, four of the Hessian.
        let all = |x: &[f64]| {
            let mut out = [f64::NAN; 7];
            let _ = kernel.call(x, &mut out);
            out
        };
        bencher.bench_local(|| {
            let mut problem = ClosureProblem::new(2)
                .objective(|x| all(x)[0])
                .gradient(|x, g| g.copy_from_slice(&all(x)[1..3]))
                .hessian(|x, h| h.as_mut_slice().copy_from_slice(&all(x)[3..7]));
            let solution =
                minimize(&mut problem, &[-1.2, 1.0], newton, &options, &Control::default());
            assert!(solution.is_ok_and(|s| s.status.is_success()));
        });
    }

    /// All of it: the text to the result.
    #[divan::bench]
    fn f_whole_session() -> Outcome {
        Session::new(Settings::default()).run("rosenbrock", black_box(SCRIPT), &mut |_, _| {})
    }

    struct Rosenbrock {
        g: Graph,
        f: ExprId,
        unknowns: [SymbolId; 2],
    }

    fn objective() -> Rosenbrock {
        let mut g = Graph::new();
        let unknowns = ["x", "y"].map(|name| g.declare(Symbol::unknown(name, Shape::Scalar)));
        let [x, y] = unknowns.map(|s| g.leaf(s));
        let (one, hundred) = (g.int(1), g.int(100));
        let square = g.powi(x, 2);
        let valley = g.sub(y, square);
        let valley = g.powi(valley, 2);
        let valley = g.mul(&[hundred, valley]);
        let slope = g.sub(one, x);
        let slope = g.powi(slope, 2);
        let f = g.add(&[valley, slope]);
        Rosenbrock { g, f, unknowns }
    }

    fn derivatives(problem: &mut Rosenbrock) -> Vec<ExprId> {
        let Rosenbrock { g, f, unknowns } = problem;
        let gradient = diff::gradient(g, *f, unknowns);
        let hessian = diff::hessian_of_scalars(g, &gradient, unknowns);
        let outputs = [vec![*f], gradient, hessian.concat()].concat();
        simplify::stable(g, &outputs)
    }
}

mod sums {
    use super::*;

    /// `sum((w*i - 1)^2 for i in 1..n)` to its printed derivative.
    #[divan::bench(args = [10, 10_000_000])]
    fn differentiate_and_print(bencher: Bencher, n: i64) {
        bencher.with_inputs(|| sum(n)).bench_local_values(|(mut g, f, w)| {
            let derivative = diff::gradient(&mut g, f, &[w])[0];
            simplify::shown(&mut g, derivative)
        });
    }

    fn sum(n: i64) -> (Graph, ExprId, SymbolId) {
        let mut g = Graph::new();
        let w = g.declare(Symbol::unknown("w", Shape::Scalar));
        let index = g.fresh_index("i", &[]);
        let (w_leaf, i, one) = (g.leaf(w), g.leaf(index), g.int(1));
        let last = g.number(Num::int(n));
        let product = g.mul(&[w_leaf, i]);
        let difference = g.sub(product, one);
        let body = g.powi(difference, 2);
        let f = g.bind(Op::Sum, index, one, last, one, body);
        (g, f, w)
    }
}

//! Edge cases: saddles, unbounded and flat functions, holes in the domain, limits, scales, bounds.

use crate::problems::{objective, rosenbrock, sum_of_squares};
use gradus::optim::driver::{Control, Misfit, Solution, minimize};
use gradus::optim::options::OptionValue;
use gradus::optim::registry::{METHODS, MethodDef, Need, find};
use gradus::optim::status::Status;
use gradus::problem::{ClosureProblem, Problem};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

type Given<'a> = &'a [(&'a str, OptionValue)];

fn number(value: f64) -> OptionValue {
    OptionValue::Number(value)
}

fn word(value: &str) -> OptionValue {
    OptionValue::Word(value.to_string())
}

fn solve_with(
    problem: &mut dyn Problem,
    start: &[f64],
    method: &str,
    given: Given<'_>,
    control: &Control,
) -> Solution {
    let method = find(method).expect("a method of the registry");
    let given: Vec<_> =
        given.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    let options = method.check_options(&given).expect("sound options");
    let found = minimize(problem, start, method, &options, control).expect("a fitting method");
    println!(
        "{:7} {:?} {} f = {:e}: {}",
        found.method, found.x, found.status, found.value, found.message
    );
    found
}

fn solve(problem: &mut dyn Problem, start: &[f64], method: &str, given: Given<'_>) -> Solution {
    solve_with(problem, start, method, given, &Control::default())
}

/// The methods that need no residuals.
const GENERAL: [&str; 8] = ["gd", "cg", "bfgs", "lbfgs", "sr1", "newton", "dogleg", "newton_cg"];

/// The methods that use gradients.
fn with_gradients() -> impl Iterator<Item = &'static MethodDef> {
    let uses = |need: &Need| *need != Need::Objective;
    local().filter(move |method| method.needs.iter().any(uses))
}

/// The methods that follow one point or one population.
fn local() -> impl Iterator<Item = &'static MethodDef> {
    METHODS.iter().copied().filter(|method| method.family != "global")
}

#[test]
fn newton_and_dogleg_leave_stationary_saddles_and_maxima() {
    let globalized = |word_of: &str| vec![("globalization", word(word_of))];
    for (method, given) in [
        ("newton", globalized("trust_region")),
        ("newton", globalized("line_search")),
        ("dogleg", vec![("radius", number(0.25))]),
    ] {
        // Stationary saddle at the origin, minima at (0, -1) and (0, 1).
        let mut saddle = objective(|[x, y]| x.sq() + y.sq().sq() * 0.25 - y.sq() * 0.5);
        let found = solve(&mut saddle, &[0.0, 0.0], method, &given);
        assert_eq!(found.status, Status::Converged);
        assert!((found.x[1].abs() - 1.0).abs() < 1e-6);
        // A maximum in both variables.
        let mut hill = objective(|[x, y]| x.cos() + y.cos());
        let found = solve(&mut hill, &[0.0, 0.0], method, &given);
        assert!((found.value + 2.0).abs() < 1e-8, "{found:?}");
    }
}

#[test]
fn unbounded_functions_are_called_unbounded() {
    for method in GENERAL {
        let mut parabola = objective(|[x]| -x.sq());
        assert_eq!(solve(&mut parabola, &[1.0], method, &[]).status, Status::Unbounded);
        let mut line = objective(|[x]| x * 1.0);
        assert_eq!(solve(&mut line, &[0.0], method, &[]).status, Status::Unbounded);
        let mut cubic = objective(|[x, y]| x.sq() * x + y.sq());
        assert_eq!(solve(&mut cubic, &[-0.5, 1.0], method, &[]).status, Status::Unbounded);
        // Bounded below but without a minimizer: the gradient falls to nothing, the steps stay long.
        let mut tail = objective(|[x]| (-x).exp());
        let found = solve(&mut tail, &[0.0], method, &[]);
        assert!(found.status != Status::Converged && found.grad_norm <= 1e-8);
    }
    let mut parabola = objective(|[x]| -x.sq());
    assert_eq!(solve(&mut parabola, &[0.0], "newton", &[]).status, Status::Unbounded);
}

#[test]
fn a_bad_start_is_invalid_and_says_where() {
    for method in GENERAL {
        let mut problem = objective(|[x, y]| x.ln() + y.sq()).names(["x", "y"]);
        let found = solve(&mut problem, &[-1.0, 1.0], method, &[]);
        assert_eq!(found.status, Status::InvalidStart);
        let mut kink = objective(|[x, y]| x.sqrt() + y.sq()).names(["x", "y"]);
        let found = solve(&mut kink, &[0.0, 1.0], method, &[]);
        assert_eq!(found.status, Status::InvalidStart);
        assert!(found.message.contains("by x "), "{}", found.message);
    }
    let mut residuals = sum_of_squares(1, |[x]| vec![x.ln()]);
    assert_eq!(solve(&mut residuals, &[-1.0], "lm", &[]).status, Status::InvalidStart);
}

#[test]
fn holes_in_the_domain_are_stepped_around() {
    for method in GENERAL {
        // The full steps from here lead to log of a negative number.
        let mut barrier = objective(|[x, y]| x - x.ln() * 0.01 + (y - 2.0).sq());
        let found = solve(&mut barrier, &[5.0, 0.0], method, &[]);
        assert_eq!(found.status, Status::Converged);
        assert!((found.x[0] - 0.01).abs() < 1e-6 && (found.x[1] - 2.0).abs() < 1e-6);
    }
    let mut residuals = sum_of_squares(2, |[x, y]| vec![x.ln() + 3.0, (y - x) * 10.0]);
    let found = solve(&mut residuals, &[50.0, 1.0], "lm", &[]);
    assert!((found.x[0] - (-3_f64).exp()).abs() < 1e-9, "{found:?}");
}

#[test]
fn a_start_at_the_optimum_takes_no_iteration() {
    for method in with_gradients() {
        let found = solve(&mut rosenbrock(), &[1.0, 1.0], method.name, &[]);
        assert_eq!((found.status, found.iterations), (Status::Converged, 0));
        assert_eq!((found.evaluations.f, found.evaluations.grad), (1, 1));
        assert_eq!(found.trace.len(), 1);
    }
}

#[test]
fn constants_are_solved_at_once() {
    for method in GENERAL {
        let found = solve(&mut objective(|[x]| x * 0.0 + 3.0), &[7.0], method, &[]);
        assert_eq!((found.status, found.iterations, found.value), (Status::Converged, 0, 3.0));
    }
}

#[test]
fn limits_are_limits_and_keep_the_best_point() {
    for method in local() {
        let found =
            solve(&mut rosenbrock(), &[-1.2, 1.0], method.name, &[("max_iter", number(0.0))]);
        assert_eq!((found.status, found.iterations), (Status::MaxIter, 0));
        assert!((found.value - 24.2).abs() < 1e-12);
        let found =
            solve(&mut rosenbrock(), &[-1.2, 1.0], method.name, &[("max_iter", number(1.0))]);
        assert_eq!((found.status, found.iterations), (Status::MaxIter, 1));
        assert!(found.value <= 24.2 && found.trace.len() == 2);
        let found =
            solve(&mut rosenbrock(), &[-1.2, 1.0], method.name, &[("max_time", number(0.0))]);
        assert_eq!(found.status, Status::MaxTime);
        assert!((found.value - 24.2).abs() < 1e-12);
    }
}

#[test]
fn an_interrupt_stops_at_the_next_evaluation() {
    for name in GENERAL {
        let flag = Arc::new(AtomicBool::new(false));
        let raised = flag.clone();
        let mut calls = 0;
        let mut inner = rosenbrock();
        let mut gradient = rosenbrock();
        let mut hessian = rosenbrock();
        let mut problem = ClosureProblem::new(2)
            .objective(move |x| {
                calls += 1;
                raised.store(calls >= 10, Ordering::Relaxed);
                inner.value(x)
            })
            .gradient(move |x, g| Problem::gradient(&mut gradient, x, g))
            .hessian(move |x, h| Problem::hessian(&mut hessian, x, h));
        let control = Control { interrupt: Some(flag), ..Control::default() };
        let found = solve_with(&mut problem, &[-1.2, 1.0], name, &[], &control);
        assert_eq!((found.status, found.evaluations.f), (Status::Interrupted, 10));
        assert!(found.value < 24.2);
    }
}

#[test]
fn scales_do_not_matter_where_the_test_allows_it() {
    for method in GENERAL {
        let mut huge = objective(|[x, y]| ((y - x.sq()).sq() * 100.0 + (-x + 1.0).sq()) * 1e20);
        let found = solve(&mut huge, &[-1.2, 1.0], method, &[]);
        assert!(matches!(found.status, Status::Converged | Status::Stalled), "{found:?}");
        assert!((found.x[0] - 1.0).abs() < 1e-5, "{found:?}");
        // 1e-20 f passes the absolute test everywhere; that it is tiny must be noticed.
        let mut tiny = objective(|[x, y]| ((y - x.sq()).sq() * 100.0 + (-x + 1.0).sq()) * 1e-20);
        let found = solve(&mut tiny, &[-1.2, 1.0], method, &[]);
        assert!(matches!(found.status, Status::Converged | Status::Stalled), "{found:?}");
        assert!((found.x[0] - 1.0).abs() < 1e-5, "{found:?}");
    }
    for scale in [1e-40, 1e40] {
        let mut problem = rosenbrock().residual_scale(scale, 0.0);
        let found = solve(&mut problem, &[-1.2, 1.0], "lm", &[]);
        assert_eq!(found.status, Status::Converged);
        assert!((found.x[0] - 1.0).abs() < 1e-9);
    }
}

#[test]
fn noise_ends_in_a_stall_and_never_hangs() {
    for method in GENERAL {
        // Values in steps of 1e-6, gradients that do not know of them.
        let mut steps = ClosureProblem::new(2)
            .objective(|x| ((x[0] * x[0] + x[1] * x[1]) * 1e6).floor() * 1e-6)
            .gradient(|x, g| {
                g[0] = 2.0 * x[0] + 1e-5 * (1e9 * x[1]).sin();
                g[1] = 2.0 * x[1] + 1e-5 * (1e9 * x[0]).cos();
            })
            .hessian(|_, h| {
                h.fill(0.0);
                h.fill_diagonal(2.0);
            });
        let found = solve(&mut steps, &[3.0, -2.0], method, &[]);
        assert!(found.status != Status::MaxIter && found.evaluations.f < 20_000, "{found:?}");
        assert!(found.value <= 1e-4, "{found:?}");
        // A gradient of the wrong sign.
        let mut wrong = ClosureProblem::new(1)
            .objective(|x| x[0] * x[0])
            .gradient(|x, g| g[0] = -2.0 * x[0])
            .hessian(|_, h| h.fill(2.0));
        let found = solve(&mut wrong, &[1.0], method, &[]);
        assert_eq!(found.status, Status::Stalled);
    }
}

#[test]
fn every_variant_solves_the_valley() {
    for (method, option, value) in [
        ("gd", "line_search", "armijo"),
        ("gd", "line_search", "wolfe"),
        ("gd", "line_search", "bb"),
        ("newton", "globalization", "line_search"),
        ("newton", "globalization", "trust_region"),
    ] {
        let given = [(option, word(value)), ("max_iter", number(50_000.0)), ("gtol", number(1e-6))];
        let found = solve(&mut rosenbrock(), &[-1.2, 1.0], method, &given);
        assert_eq!(found.status, Status::Converged, "{method} {value}: {}", found.message);
    }
    // A fixed rate: small enough, and too large.
    let slow = [("lr", number(1e-3)), ("max_iter", number(100.0))];
    assert_eq!(solve(&mut rosenbrock(), &[-1.2, 1.0], "gd", &slow).status, Status::MaxIter);
    let fast = [("lr", number(0.1))];
    assert_eq!(solve(&mut rosenbrock(), &[-1.2, 1.0], "gd", &fast).status, Status::Diverged);
}

#[test]
fn bounds_are_kept() {
    let bounds = |problem: ClosureProblem<'static>| problem.bounds(&[-2.0, -2.0], &[0.5, 2.0]);
    for method in ["lbfgs", "lm"] {
        // Rosenbrock with x <= 0.5: the solution is (0.5, 0.25).
        let mut problem = bounds(rosenbrock());
        let found = solve(&mut problem, &[-1.2, 1.0], method, &[]);
        assert_eq!(found.status, Status::Converged);
        assert!((found.x[0] - 0.5).abs() < 1e-12 && (found.x[1] - 0.25).abs() < 1e-6, "{found:?}");
        assert!(found.grad_norm > 0.9 && found.stationarity <= 1e-8);
        // A start outside is moved inside; a vertex is a solution.
        let mut corner = sum_of_squares(2, |[x, y]| vec![x - 5.0, y - 9.0])
            .bounds(&[0.0, f64::NEG_INFINITY], &[1.0, 3.0]);
        let found = solve(&mut corner, &[-4.0, 0.0], method, &[]);
        assert_eq!((found.status, found.x), (Status::Converged, vec![1.0, 3.0]));
        // Fixed variables.
        let mut fixed = rosenbrock().bounds(&[-1.0, -9.0], &[-1.0, 9.0]);
        let found = solve(&mut fixed, &[-1.0, 4.0], method, &[]);
        assert!(found.x[0] == -1.0 && (found.x[1] - 1.0).abs() < 1e-6, "{found:?}");
    }
}

#[test]
fn misfits_are_refused() {
    let bfgs = find("bfgs").expect("a row");
    let options = bfgs.default_options();
    let go = |problem: &mut ClosureProblem<'_>, x0: &[f64]| {
        minimize(problem, x0, bfgs, &options, &Control::default()).map(|found| found.status)
    };
    let mut plain = ClosureProblem::new(1).objective(|x| x[0] * x[0]);
    assert_eq!(go(&mut plain, &[1.0]), Err(Misfit::Unmet { method: "bfgs", need: Need::Gradient }));
    assert_eq!(go(&mut plain, &[1.0, 2.0]), Err(Misfit::StartLength { expected: 1, found: 2 }));
    let mut bounded = rosenbrock().bounds(&[0.0, 0.0], &[2.0, 2.0]);
    assert_eq!(go(&mut bounded, &[1.0, 1.0]), Err(Misfit::Bounds { method: "bfgs" }));
    let mut empty = rosenbrock().bounds(&[0.0, 3.0], &[2.0, 2.0]);
    assert_eq!(go(&mut empty, &[1.0, 1.0]), Err(Misfit::BadBounds { variable: 1 }));
    // A numeric gradient where it is asked for.
    let mut numeric = ClosureProblem::new(1).objective(|x| (x[0] - 3.0).powi(2)).numeric_gradient();
    assert_eq!(go(&mut numeric, &[1.0]), Ok(Status::Converged));
}

#[test]
fn a_dense_hessian_is_not_made_of_products() {
    let dogleg = find("dogleg").expect("a row");
    let options = dogleg.default_options();
    let go = |n: usize| {
        let mut problem = ClosureProblem::new(n)
            .objective(|x| x.iter().map(|x| x * x).sum())
            .gradient(|x, g| g.iter_mut().zip(x).for_each(|(g, x)| *g = 2.0 * x))
            .hessian_vector(|_, v, hv| hv.iter_mut().zip(v).for_each(|(hv, v)| *hv = 2.0 * v));
        minimize(&mut problem, &vec![1.0; n], dogleg, &options, &Control::default())
            .map(|found| found.status)
    };
    let few = Misfit::Unmet { method: "dogleg", need: Need::DenseHessian };
    assert_eq!(go(2), Err(few));
    assert_eq!(go(100_000), Err(Misfit::TooLarge { method: "dogleg", n: 100_000 }));
}

#[test]
fn many_unknowns_are_solved_with_and_without_bounds() {
    let n = 1000;
    // The chained Rosenbrock function.
    let chained = |x: &[f64]| -> f64 {
        x.windows(2).map(|w| 100.0 * (w[1] - w[0] * w[0]).powi(2) + (1.0 - w[0]).powi(2)).sum()
    };
    let gradient = |x: &[f64], g: &mut [f64]| {
        g.fill(0.0);
        for i in 0..x.len() - 1 {
            let t = x[i + 1] - x[i] * x[i];
            g[i] += -400.0 * x[i] * t - 2.0 * (1.0 - x[i]);
            g[i + 1] += 200.0 * t;
        }
    };
    let start: Vec<f64> = (0..n).map(|i| if i % 2 == 0 { -1.2 } else { 1.0 }).collect();
    let mut problem = ClosureProblem::new(n).objective(chained).gradient(gradient);
    let found = solve(&mut problem, &start, "lbfgs", &[]);
    assert_eq!(found.status, Status::Converged);
    let (lower, upper) = (vec![-1.5; n], vec![0.8; n]);
    let mut problem =
        ClosureProblem::new(n).objective(chained).gradient(gradient).bounds(&lower, &upper);
    let found = solve(&mut problem, &start, "lbfgs", &[]);
    assert_eq!(found.status, Status::Converged);
    assert!(found.x.iter().all(|x| (-1.5..=0.8).contains(x)));
    println!("{:?} {}", found.evaluations, found.iterations);
}

#[test]
fn degenerate_least_squares_end_in_words() {
    // Fewer residuals than unknowns, none, zero columns, dependent columns, overflow on the way.
    let mut wide = sum_of_squares(1, |[x, y, z]| vec![x + y * 2.0 - z - 3.0]);
    let found = solve(&mut wide, &[1.0, 1.0, 1.0], "lm", &[]);
    assert!(found.status == Status::Converged && found.value < 1e-20);
    let mut none = sum_of_squares::<2>(0, |_| Vec::new());
    assert_eq!(solve(&mut none, &[1.0, 1.0], "lm", &[]).status, Status::Converged);
    let mut unused = sum_of_squares(2, |[x, y]| vec![x.exp() - 2.0, y * 0.0]);
    let found = solve(&mut unused, &[5.0, 1.0], "lm", &[]);
    assert!((found.x[0] - 2_f64.ln()).abs() < 1e-9 && found.x[1] == 1.0);
    let mut twins = sum_of_squares(3, |[x, y]| vec![x + y - 1.0, (x + y).exp(), x + y]);
    assert_eq!(solve(&mut twins, &[2.0, 5.0], "lm", &[]).status, Status::Converged);
    let mut steep = sum_of_squares(2, |[x, y]| vec![(x * 50.0).exp() - 1.0, (y * x).exp() - 2.0]);
    let found = solve(&mut steep, &[3.0, 3.0], "lm", &[]);
    assert!(found.value.is_finite() && found.status != Status::InvalidStart);
    // Residuals that fall for ever.
    let mut tail = sum_of_squares(1, |[x]| vec![(-x).exp()]);
    assert!(solve(&mut tail, &[0.0], "lm", &[]).grad_norm < 1e-8);
}

#[test]
fn problems_without_variables_are_solved() {
    for method in METHODS {
        let mut empty = ClosureProblem::new(0)
            .residuals(1, |_, r| r[0] = 2.0)
            .jacobian(|_, _| {})
            .hessian(|_, _| {});
        let found = solve(&mut empty, &[], method.name, &[]);
        assert_eq!((found.status, found.value), (Status::Converged, 4.0));
    }
}

//! Line searches on the six functions of More & Thuente (1994), sec. 5, from first steps of 1e-3 to 1e3.

use gradus::optim::line_search::{
    Found, Ray, RayBuffers, Wolfe, backtrack, hager_zhang, more_thuente, wolfe_search,
};
use gradus::optim::options::Options;
use gradus::optim::registry::find;
use gradus::optim::run::Run;
use gradus::optim::status::Stop;
use gradus::problem::{ClosureProblem, Evaluator};

type Function = fn(f64) -> (f64, f64);

/// Eqs. 5.1 to 5.4 with the constants of the paper: `(phi, c1, c2)`.
const FUNCTIONS: [(Function, f64, f64); 6] = [
    (|a| (-a / (a * a + 2.0), (a * a - 2.0) / (a * a + 2.0).powi(2)), 1e-3, 0.1),
    (|a| ((a + 0.004).powi(5) - 2.0 * (a + 0.004).powi(4), quintic_slope(a)), 0.1, 0.1),
    (rippled, 0.1, 0.1),
    (|a| yanai(a, 1e-3, 1e-3), 1e-3, 1e-3),
    (|a| yanai(a, 0.01, 1e-3), 1e-3, 1e-3),
    (|a| yanai(a, 1e-3, 0.01), 1e-3, 1e-3),
];

fn quintic_slope(a: f64) -> f64 {
    5.0 * (a + 0.004).powi(4) - 8.0 * (a + 0.004).powi(3)
}

/// Eq. 5.3 with beta = 0.01 and l = 39.
fn rippled(a: f64) -> (f64, f64) {
    let (beta, l) = (0.01, 39.0);
    let (value, slope) = if a <= 1.0 - beta {
        (1.0 - a, -1.0)
    } else if a >= 1.0 + beta {
        (a - 1.0, 1.0)
    } else {
        ((a - 1.0).powi(2) / (2.0 * beta) + beta / 2.0, (a - 1.0) / beta)
    };
    let half = l * std::f64::consts::FRAC_PI_2;
    let ripple = 2.0 * (1.0 - beta) / (l * std::f64::consts::PI);
    (value + ripple * (half * a).sin(), slope + (1.0 - beta) * (half * a).cos())
}

/// Eq. 5.4.
fn yanai(a: f64, beta1: f64, beta2: f64) -> (f64, f64) {
    let gamma = |beta: f64| (1.0 + beta * beta).sqrt() - beta;
    let (g1, g2) = (gamma(beta1), gamma(beta2));
    let (u, v) = (((1.0 - a).powi(2) + beta2 * beta2).sqrt(), (a * a + beta1 * beta1).sqrt());
    (g1 * u + g2 * v, g1 * (a - 1.0) / u + g2 * a / v)
}

fn on_ray(
    phi: Function,
    wolfe: Wolfe,
    search: impl Fn(&mut Ray<'_, '_>) -> Result<Found, Stop>,
) -> (Found, usize) {
    let options: Options = find("bfgs").expect("a row").default_options();
    let mut problem =
        ClosureProblem::new(1).objective(|x| phi(x[0]).0).gradient(|x, g| g[0] = phi(x[0]).1);
    let eval = Evaluator::new(&mut problem, f64::INFINITY, None);
    let mut run = Run::new(eval, &options, vec![0.0], None);
    let mut buffers = RayBuffers::new(1);
    let found = {
        let mut ray = Ray::new(&mut run, &[0.0], &[1.0], phi(0.0), wolfe, &mut buffers);
        search(&mut ray).expect("no limit is set")
    };
    if let Some(step) = found.step() {
        assert_eq!((buffers.x_new[0], buffers.g_new[0]), (step.alpha, phi(step.alpha).1));
    }
    (found, run.eval.counts().f)
}

#[test]
fn more_thuente_meets_the_strong_wolfe_conditions() {
    for (k, (phi, c1, c2)) in FUNCTIONS.iter().enumerate() {
        for first in [1e-3, 1e-1, 1e1, 1e3] {
            let wolfe = Wolfe { c1: *c1, c2: *c2 };
            let (found, trials) = on_ray(*phi, wolfe, |ray| more_thuente(ray, first, 1e10));
            let Found::Accepted(step) = found else { panic!("function {}: {found:?}", k + 1) };
            let (f0, slope0) = phi(0.0);
            println!("function {} from {first}: {} in {trials} trials", k + 1, step.alpha);
            assert!(step.f <= f0 + c1 * step.alpha * slope0 && step.slope.abs() <= -c2 * slope0);
            // The paper needs at most 12.
            assert!(trials <= 14, "function {} from {first}: {trials} trials", k + 1);
        }
    }
}

#[test]
fn hager_zhang_and_backtracking_end_with_descent() {
    for (phi, c1, c2) in FUNCTIONS {
        for first in [1e-3, 1e-1, 1e1, 1e3] {
            let wolfe = Wolfe { c1, c2 };
            let (found, trials) = on_ray(phi, wolfe, |ray| hager_zhang(ray, first, 1e10));
            assert!(found.step().is_some_and(|step| step.f < phi(0.0).0) && trials <= 40);
            let (found, _) = on_ray(phi, wolfe, |ray| backtrack(ray, first, phi(0.0).0));
            assert!(matches!(found, Found::Accepted(step) if step.f < phi(0.0).0));
        }
    }
}

#[test]
fn differences_below_rounding_do_not_stop_the_approximate_conditions() {
    // 1 + (a - 1e-9)^2 is 1 in double precision between 0 and 2e-9; its slope is exact.
    let phi: Function = |a| (1.0 + (a - 1e-9) * (a - 1e-9), 2.0 * (a - 1e-9));
    let (found, _) = on_ray(phi, Wolfe::default(), |ray| wolfe_search(ray, 1e-10, 1.0));
    assert!(found.step().is_some_and(|step| step.slope.abs() <= 0.9 * 2e-9), "{found:?}");
}

#[test]
fn values_and_slopes_that_are_not_finite_are_too_far() {
    let phi: Function = |a| (-a - (1.0 - a).ln() * 0.01, -1.0 + 0.01 / (1.0 - a));
    for search in [more_thuente, hager_zhang] {
        let (found, _) = on_ray(phi, Wolfe { c1: 1e-4, c2: 0.1 }, |ray| search(ray, 50.0, 1e10));
        assert!(matches!(found, Found::Accepted(step) if (step.alpha - 0.99).abs() < 0.02));
    }
}

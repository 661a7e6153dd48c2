//! Nonlinear regression by `lm` against the certified values of NIST, from both starts, with default options.

use crate::nist::digits;
use gradus::optim::driver::{Control, Solution, minimize};
use gradus::optim::judge::least_squares::fit_statistics;
use gradus::optim::registry::find;
use gradus::optim::status::Status;
use gradus::problem::Problem;
use nalgebra::DMatrix;

fn fit(problem: &mut dyn Problem, start: &[f64]) -> Solution {
    let lm = find("lm").expect("lm is a row of the registry");
    minimize(problem, start, lm, &lm.default_options(), &Control::default()).expect("a fit")
}

/// The worst parameter of every set from either start has at least eight certified digits, the standard
/// errors have six, and the mean over all runs is above ten.
#[test]
fn certified_values_are_found_from_both_starts() {
    let mut total = 0.0;
    for with_hessian in [false, true] {
        for set in crate::nist::sets() {
            for (k, start) in set.starts.iter().enumerate() {
                let mut problem =
                    if with_hessian { set.problem_with_hessian() } else { set.problem() };
                let found = fit(&mut problem, start);
                let correct = digits(&found.x, &set.parameters);
                let e = found.evaluations;
                println!(
                    "{:9} start {} {:5.2} digits, {:4} iterations, {:4} residuals, {:4} Jacobians, \
                     {:3} Hessians; {}",
                    set.name,
                    k + 1,
                    correct,
                    found.iterations,
                    e.f,
                    e.grad,
                    e.hess,
                    found.message
                );
                assert_eq!(found.status, Status::Converged, "{}: {}", set.name, found.message);
                assert!(correct >= 8.0, "{} start {}: {:?}", set.name, k + 1, found.x);
                assert!(digits(&[found.value], &[set.rss]) >= 8.0, "{}", set.name);
                let (errors, deviation) = standard_errors(&mut problem, &found.x);
                assert!(digits(&errors, &set.deviations) >= 6.0, "{}: {errors:?}", set.name);
                assert!(digits(&[deviation], &[set.residual_deviation]) >= 6.0, "{}", set.name);
                total += correct;
            }
        }
    }
    assert!(total / 36.0 > 10.0, "mean digits {}", total / 36.0);
}

/// The standard errors of the estimates and of the residuals.
fn standard_errors(problem: &mut dyn Problem, x: &[f64]) -> (Vec<f64>, f64) {
    let m = problem.squares().expect("a sum of squares").count;
    let mut r = vec![0.0; m];
    let mut jac = DMatrix::zeros(m, x.len());
    problem.residuals(x, &mut r);
    problem.jacobian(x, &mut jac);
    let statistics = fit_statistics(x, &r, &jac, None);
    assert_eq!(statistics.rank, x.len());
    (statistics.standard_errors, statistics.residual_standard_error)
}

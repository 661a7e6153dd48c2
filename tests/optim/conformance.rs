//! The conformance suite: every method with derivatives on every problem of the table whose needs it meets.
//! (`problems.rs` runs all methods on more problems, through scripts.)

use crate::problems::cases;
use gradus::optim::driver::{Control, minimize};
use gradus::optim::registry::{METHODS, Need};
use gradus::optim::status::Status;

#[test]
fn every_method_finds_a_known_minimum_of_every_problem() {
    let mut failures = Vec::new();
    for case in cases() {
        for method in METHODS {
            let mut problem = case.problem();
            let plain = method.needs == [Need::Objective] || method.family == "global";
            if plain || method.unmet_need(&mut problem).is_some() {
                continue;
            }
            let options = method.default_options();
            let found = minimize(&mut problem, &case.start, method, &options, &Control::default())
                .expect("a fitting method");
            let near = |f: &f64| (found.value - f).abs() <= 1e-6 * f.abs().max(1e-2);
            let e = found.evaluations;
            let line = format!(
                "{:26} {:7} {:10} f {:16.9e} |g| {:8.1e} it {:5} f {:5} g {:5} h {:4} | {}",
                case.name,
                method.name,
                found.status,
                found.value,
                found.grad_norm,
                found.iterations,
                e.f,
                e.grad,
                e.hess,
                found.message
            );
            println!("{line}");
            // Gradient descent is allowed to be slow, or to be stopped by rounding, and Gauss-Newton may
            // stop where the residuals stay large; but they must say so.
            let slow = matches!(method.name, "gd" | "gauss_newton")
                && matches!(found.status, Status::MaxIter | Status::Stalled);
            let right = found.status == Status::Converged && case.minima.iter().any(near);
            if !(right || slow) {
                failures.push(line);
            }
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

//! Evaluations on Rosenbrock's function from (-1.2, 1), written as a script, until the largest
//! gradient entry is at most 1e-8: the numbers that good implementations of each method need.
//!
//! To add a method, add a row to [`BUDGETS`].

use crate::support::script::run;

/// Method, evaluations of f (or the residuals), evaluations of the gradient (or Jacobian).
const BUDGETS: &[(&str, usize, usize)] =
    &[("newton", 26, 23), ("bfgs", 41, 41), ("lbfgs", 46, 46), ("lm", 21, 16)];

#[test]
fn every_method_stays_within_its_budget() {
    let mut wrong = Vec::new();
    for &(method, f, grad) in BUDGETS {
        let script = format!(
            "var x = -1.2, y = 1\n\
             minimize 100*(y - x^2)^2 + (1 - x)^2 using {method}(gtol = 1e-8, ftol = 0, xtol = 0)"
        );
        let ran = run(&script).passed(method);
        let fit = ran.fits()[0];
        let used = fit.evaluations;
        let solved = fit.grad_norm <= 1e-8 && fit.x.iter().all(|x| (x - 1.0).abs() < 1e-6);
        if !solved || used.f > f || used.grad > grad {
            wrong.push(format!(
                "{method}: {} values of {f}, {} gradients of {grad}, gradient {:e}, {}",
                used.f, used.grad, fit.grad_norm, fit.message
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

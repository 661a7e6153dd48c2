//! Evaluation budgets on Rosenbrock's function from (-1.2, 1), to a largest gradient entry of 1e-8.

use gradus::optim::driver::{Control, minimize};
use gradus::optim::registry::find;
use gradus::optim::status::Status;

#[test]
fn rosenbrock_is_solved_within_its_budgets() {
    // (method, f or residual evaluations, gradient or Jacobian evaluations)
    for (name, f, grad) in [("newton", 26, 23), ("bfgs", 41, 41), ("lbfgs", 46, 46), ("lm", 21, 16)]
    {
        let method = find(name).expect("a method of the registry");
        let options = method.default_options();
        let mut problem = crate::problems::rosenbrock();
        let found = minimize(&mut problem, &[-1.2, 1.0], method, &options, &Control::default())
            .expect("a fitting method");
        let e = found.evaluations;
        println!("{name}: {} f, {} gradients, {} iterations", e.f, e.grad, found.iterations);
        assert_eq!(found.status, Status::Converged, "{name}: {}", found.message);
        assert!(found.grad_norm <= 1e-8 && (found.x[0] - 1.0).abs() < 1e-6);
        assert!(e.f <= f && e.grad <= grad, "{name}: {} f, {} gradients", e.f, e.grad);
    }
}

//! The Rust programs of the README, run. The page is compared with this file.

#[test]
fn a_session_runs_a_script() {
    // shown
    use gradus::{Output, Session, Settings};

    let mut session = Session::new(Settings::default());
    let script = "var x, y\nminimize 100*(y - x^2)^2 + (1 - x)^2 from x = -1.2, y = 1";
    let outcome = session.run("rosenbrock", script, &mut |_, output| {
        if let Output::Fit { fit, .. } = output {
            assert_eq!(fit.status.name(), "converged");
            assert!((fit.solution[0].1.data()[0] - 1.0).abs() < 1e-6);
        }
    });
    assert!(!outcome.failed);
    // end
}

#[test]
fn solvers_take_closures() {
    // shown
    use gradus::optim::driver::{Control, minimize};
    use gradus::optim::registry;
    use gradus::problem::ClosureProblem;

    let mut bowl = ClosureProblem::new(2)
        .objective(|x| (x[0] - 1.0).powi(2) + 10.0 * (x[1] + 2.0).powi(2))
        .gradient(|x, g| {
            g[0] = 2.0 * (x[0] - 1.0);
            g[1] = 20.0 * (x[1] + 2.0);
        });
    let lbfgs = registry::find("lbfgs").expect("a method of that name");
    let options = lbfgs.default_options();
    let solution = minimize(&mut bowl, &[0.0, 0.0], lbfgs, &options, &Control::default())
        .expect("a method that fits the problem");
    assert!(solution.status.is_success());
    assert!((solution.x[1] + 2.0).abs() < 1e-6);
    // end
}

/// What stands between the marks of this file, in order, without its indentation.
pub fn snippets() -> Vec<String> {
    let mut found = Vec::new();
    let mut current: Option<Vec<&str>> = None;
    for line in include_str!("embedding.rs").lines() {
        match (line, &mut current) {
            ("    // shown", _) => current = Some(Vec::new()),
            ("    // end", _) => found.extend(current.take().map(|lines| lines.join("\n"))),
            (line, Some(lines)) => lines.push(line.strip_prefix("    ").unwrap_or(line)),
            _ => {}
        }
    }
    found
}

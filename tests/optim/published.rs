//! Problems with published answers (`problems/*.opt`), by every method that accepts them, from the
//! standard start and from 10 times it.
//!
//! A problem is a script that defines `start`, the unknown `x` and the objective `f`. Its comments name the
//! source and, in the line `# minima:`, the values of f at the minima that the source (or, where the comment says
//! so, mathematics) knows; an infimum in a limit counts as well. To add a problem, write such a file.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::script::{line_in, run_in, session};
use gradus::optim::registry::METHODS;
use gradus::optim::status::Status;
use gradus::session::{Fit, Session};

/// How near a value must be to a published one, relative above 1.
const TOLERANCE: f64 = 1e-8;
/// Problems solved without `using` from 10 times the standard start, of all.
const FAR_SHARE: f64 = 0.9;

struct Published {
    name: String,
    script: String,
    minima: Vec<f64>,
}

impl Published {
    fn read(file: &Path) -> Published {
        let name = file.file_stem().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let script = fs::read_to_string(file).unwrap_or_else(|e| panic!("{name}: {e}"));
        let line = script.lines().find_map(|l| l.strip_prefix("# minima: "));
        let minima = line.unwrap_or_else(|| panic!("{name} names no minima"));
        let number = |v: &str| v.trim().parse().unwrap_or_else(|_| panic!("{name}: minimum `{v}`"));
        let minima = minima.split(',').map(number).collect();
        Published { name, script, minima }
    }

    /// A session in which `start`, `x` and `f` are defined.
    fn session(&self) -> Session {
        let mut session = session(Path::new(env!("CARGO_MANIFEST_DIR")), true);
        run_in(&mut session, &self.name, &self.script).passed(&self.name);
        session
    }

    fn is_solved(&self, value: f64) -> bool {
        self.minima.iter().any(|m| (value - m).abs() <= TOLERANCE * m.abs().max(1.0))
    }
}

fn problems() -> Vec<Published> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/problems");
    let entries = fs::read_dir(folder).expect("the folder of problems");
    let mut files: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "opt"));
    files.sort();
    files.iter().map(|file| Published::read(file)).collect()
}

/// Runs `minimize f` with clauses; `None` where the method does not take the problem.
fn minimize(session: &mut Session, problem: &Published, clauses: &str) -> Option<Fit> {
    let ran = line_in(session, &format!("minimize f {clauses}"));
    let misfit = ran.codes().contains(&"E0601");
    assert!(misfit || !ran.outcome.failed, "{}: {}", problem.name, ran.findings());
    ran.fits().first().map(|fit| (*fit).clone())
}

fn described(problem: &Published, start: &str, fit: &Fit) -> String {
    let e = fit.evaluations;
    format!(
        "{:30} {start:4} {:12} {:10} {:23e} |g| {:8.1e} it {:5} f {:6} g {:5} h {:4} hv {:5} | {}",
        problem.name,
        fit.method,
        fit.status,
        fit.value,
        fit.grad_norm,
        fit.iterations,
        e.f,
        e.grad,
        e.hess,
        e.hv,
        fit.message
    )
}

#[test]
fn published_problems_are_solved_without_naming_a_method() {
    let problems = problems();
    assert!(problems.len() >= 40, "{} problems", problems.len());
    let (mut near, mut far) = (Vec::new(), Vec::new());
    for problem in &problems {
        let mut session = problem.session();
        for (start, clause, failures) in
            [("x0", "", &mut near), ("10x0", "from x = 10*start", &mut far)]
        {
            let fit = minimize(&mut session, problem, clause).expect("the default takes all");
            let line = described(problem, start, &fit);
            println!("{line}");
            if !problem.is_solved(fit.value) {
                failures.push(line);
            }
        }
    }
    assert!(near.is_empty(), "from the standard start:\n{}", near.join("\n"));
    let share = 1.0 - far.len() as f64 / problems.len() as f64;
    println!("not solved from 10 times the start ({share:.3} are):\n{}", far.join("\n"));
    assert!(share >= FAR_SHARE, "from 10 times the start:\n{}", far.join("\n"));
}

/// A method with an option, the limit on its iterations, and how many problems it solves at least, of those that
/// it accepts: from the standard start, and from 10 times it. The numbers are those reached when the row was
/// last changed, less two: a method that has become worse is noticed, and a change of rounding is not.
const FLOORS: &[(&str, &str, usize, usize, usize)] = &[
    ("gd", "", 1_000, 49, 48),
    ("cg", "", 2_000, 59, 54),
    ("cg", "beta = polak_ribiere", 2_000, 60, 54),
    ("cg", "beta = fletcher_reeves", 2_000, 58, 55),
    ("bfgs", "", 2_000, 62, 59),
    ("lbfgs", "", 2_000, 70, 69),
    ("sr1", "", 1_000, 62, 47),
    ("newton", "", 1_000, 62, 60),
    ("newton", "globalization = line_search", 1_000, 63, 59),
    ("dogleg", "", 1_000, 62, 59),
    ("newton_cg", "", 1_000, 63, 58),
    ("gauss_newton", "", 300, 43, 36),
    ("lm", "", 2_000, 54, 50),
    ("nelder_mead", "", 3_000, 64, 58),
    ("cmaes", "", 600, 57, 55),
    ("de", "", 200, 45, 43),
    ("multistart", "starts = 4", 1_000, 60, 60),
];

/// Iterations of methods without derivatives where there are 100 unknowns: enough to see that they end in order.
const FEW: usize = 20;

#[test]
fn every_method_has_a_row() {
    for method in METHODS {
        assert!(FLOORS.iter().any(|row| row.0 == method.name), "{} has no row", method.name);
    }
}

#[test]
fn first_order_methods_solve_what_they_used_to() {
    every_method(&|method| ["gd", "cg", "bfgs", "lbfgs"].contains(&method));
}

#[test]
fn the_other_methods_solve_what_they_used_to() {
    every_method(&|method| !["gd", "cg", "bfgs", "lbfgs"].contains(&method));
}

/// Runs the methods chosen on all problems from both starts.
fn every_method(chosen: &dyn Fn(&str) -> bool) {
    let mut solved = vec![[0; 2]; FLOORS.len()];
    let mut dishonest = Vec::new();
    for problem in problems() {
        let mut session = problem.session();
        let many = problem.script.contains("n = 100");
        for (k, &(method, option, limit, ..)) in FLOORS.iter().enumerate() {
            if !chosen(method) {
                continue;
            }
            let plain = METHODS.iter().any(|m| m.name == method && m.needs.len() == 1);
            let limit = if plain && many { FEW } else { limit };
            let comma = if option.is_empty() { "" } else { ", " };
            for (j, start) in ["", "from x = 10*start"].into_iter().enumerate() {
                let clauses = format!("{start} using {method}({option}{comma}max_iter = {limit})");
                let Some(fit) = minimize(&mut session, &problem, &clauses) else { continue };
                let line = described(&problem, ["x0", "10x0"][j], &fit);
                println!("{line}");
                solved[k][j] += usize::from(problem.is_solved(fit.value));
                if !is_honest(&fit) {
                    dishonest.push(line);
                }
            }
        }
    }
    let mut worse = Vec::new();
    for (&(method, option, _, near, far), found) in FLOORS.iter().zip(&solved) {
        if !chosen(method) {
            continue;
        }
        println!("{method:12} {option:28} solved from x0 {:3}, from 10x0 {:3}", found[0], found[1]);
        if found[0] < near || found[1] < far {
            worse.push(format!("{method}({option}): {found:?} of {near}, {far}"));
        }
    }
    assert!(dishonest.is_empty(), "called converged:\n{}", dishonest.join("\n"));
    assert!(worse.is_empty(), "{}", worse.join("\n"));
}

/// Whether `converged` is backed by the gradient; a gradient at a bound or at its rounding floor is not
/// measured by `grad_norm`, nor is one whose Newton step is at rounding level, and a method without gradients has
/// a test of its own.
fn is_honest(fit: &Fit) -> bool {
    // The runs of `multistart` are judged where their method runs by itself.
    let words = ["rounding floor", "rounding level", "free gradient", "starts by", "differ by"];
    let excused = words.iter().any(|w| fit.message.contains(w));
    let small = fit.grad_norm <= 1e-8 * fit.value.abs().max(1.0);
    fit.status != Status::Converged || excused || fit.grad_norm.is_nan() || small
}

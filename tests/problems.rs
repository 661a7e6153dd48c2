//! Problems with published answers (`problems/*.opt`), by every method that accepts them, from the
//! standard start and from 10 times it.
//!
//! A problem is a script that defines `start`, the unknown `x` and the objective `f`. Its comments name the
//! source and, in the line `# minima:`, the values of f at the minima that the source (or, where the comment says
//! so, mathematics) knows; an infimum in a limit counts as well. To add a problem, write such a file.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use gradus::optim::registry::METHODS;
use gradus::optim::status::Status;
use gradus::session::{Fit, Session};
use support::script::{line_in, run_in, session};

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

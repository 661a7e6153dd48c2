//! Right derivatives of functions that are hard to difference are never doubted, wrong ones of plain functions always.

use super::{Line, Measured, mismatch};
use crate::check::Item;
use crate::model::compiled::Compiled;
use crate::optim::status::Status;
use crate::problem::Problem;
use crate::random::Stream;
use crate::session::{Output, Session, Settings, Spoiled};

/// How many functions of each kind: more by `GRADUS_CASES`.
fn cases() -> usize {
    std::env::var("GRADUS_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(60)
}

/// Calls `look` with the problem that `script` defines as `f`, and with the start values.
fn with_problem(script: &str, x: &[f64], look: impl FnOnce(&mut Compiled, &[f64])) {
    let mut session = Session::new(Settings { jit: false, ..Settings::default() });
    let outcome = session.run("script", script, &mut |_, output| {
        if let Output::Finding(finding) = output {
            assert!(finding.message.contains("label"), "{script}: {}", finding.message);
        }
    });
    assert!(!outcome.failed, "{script}");
    let Some(Item::Expr(f)) = session.state.names.get("f").map(|e| e.item.clone()) else {
        panic!("{script}: no f")
    };
    let engine = session.engine();
    let g = &mut session.state.graph;
    let vars = g.unknowns(&[f]);
    look(&mut Compiled::new(g, engine, f, &vars, None, None), x);
}

fn power(stream: &mut Stream, lo: i32, hi: i32) -> f64 {
    let k = lo + stream.below((hi - lo + 1) as usize) as i32;
    (1.0 + 8.0 * stream.unit()) * 10f64.powi(k)
}

/// A function of `x` that is hard to difference at the point given.
fn hard(kind: usize, s: &mut Stream) -> (String, f64) {
    let x = 4.0 * s.unit() - 2.0;
    match kind {
        // A fine wave on a parabola.
        0 => {
            let (a, b) = (power(s, -10, -4), power(s, 3, 13));
            (format!("(x - 1)^2 + {a:e}*sin({b:e}*x)"), x)
        }
        // A difference of numbers that are nearly equal.
        1 => {
            let (c, p) = (0.5 + s.unit(), 1 + s.below(3));
            (format!("{c} - {c}/(1 + x^2)^{p}"), power(s, -10, -1))
        }
        2 => (format!("(1 + {:e}*x)^2 - 1", power(s, -20, -3)), x),
        3 => {
            let big = power(s, 6, 15);
            (format!("({big:e} + x^2) - {big:e}*cos(0*x)"), x)
        }
        // A kink beside the point.
        4 => {
            let at = x + power(s, -13, -2);
            (format!("sqrt((x - {at})^2) + x"), x)
        }
        // Steep and flat.
        5 => (format!("tanh({:e}*(x - {}))", power(s, 2, 8), x + power(s, -9, -2)), x),
        6 => (format!("log(1 + exp({:e}*(x - {x})))", power(s, 1, 7)), x + power(s, -9, -1)),
        7 => (format!("{:e}*x^3 + {}", power(s, -40, -10), s.unit()), x),
        8 => ("exp(-1/x^2)".to_string(), power(s, -2, -1)),
        // Large arguments, whose rounding the values show.
        9 => (format!("cos({:e}*x) + x^2", power(s, 6, 12)), x),
        10 => (format!("(x^2)^0.5 + {}*x^2", s.unit()), if s.below(2) == 0 { 0.0 } else { x }),
        _ => (format!("(x - {x})^4 + {:e}*(x - {x})", power(s, -18, -6)), x),
    }
}

#[test]
fn right_derivatives_are_not_doubted() {
    let mut stream = Stream::new(7).split("hard functions");
    for k in 0..12 * cases() {
        let (f, x) = hard(k % 12, &mut stream);
        with_problem(&format!("var x; let f = {f}"), &[x], |problem, x| {
            assert_eq!(mismatch(problem, x), None, "{f} at {x:?}");
        });
    }
}

/// A problem with another gradient.
struct Wrong<'p, 'g> {
    right: &'p mut Compiled<'g>,
    kind: u64,
}

impl Problem for Wrong<'_, '_> {
    fn n_vars(&self) -> usize {
        self.right.n_vars()
    }

    fn value(&mut self, x: &[f64]) -> f64 {
        self.right.value(x)
    }

    fn value_gradient(&mut self, x: &[f64], g: &mut [f64]) -> f64 {
        let f = self.right.value_gradient(x, g);
        let last = g.len() - 1;
        match self.kind {
            0 => g[0] = -g[0],
            1 => g.iter_mut().for_each(|g| *g *= 2.0),
            2 => g[last] = 0.0,
            3 => g.iter_mut().for_each(|g| *g *= 1.1),
            4 => g[0] += 1.0,
            _ => g.swap(0, last),
        }
        f
    }
}

impl Measured for Wrong<'_, '_> {
    fn magnitude(&mut self, x: &[f64]) -> f64 {
        self.right.magnitude(x)
    }
}

#[test]
fn wrong_derivatives_are_found_out() {
    let mut stream = Stream::new(11).split("wrong derivatives");
    let s = &mut stream;
    let mut tried = 0;
    for k in 0..12 * cases() {
        let mut c = || 0.3 + 2.0 * s.unit();
        let f = match k % 6 {
            0 => format!("{}*x^2 + {}*x*y + {}*y^4", c(), c(), c()),
            1 => format!("exp({}*x - y) + {}*sin(x*y)", c(), c()),
            2 => format!("log(1 + x^2 + {}*y^2)/{}", c(), c()),
            3 => format!("100*(y - x^2)^2 + (1 - {}*x)^2", c()),
            4 => format!("sqrt({} + x^2) + tanh({}*y - x)", c(), c()),
            _ => format!("{:e}*(x*y + {}*y^2 + x)", 1e-6 * c(), c()),
        };
        let x = [c(), -c()];
        let kind = (k / 6) as u64 % 6;
        with_problem(&format!("var x, y; let f = {f}"), &x, |right, x| {
            let mut gradients = [[0.0; 2]; 2];
            right.value_gradient(x, &mut gradients[0]);
            let mut wrong = Wrong { right, kind };
            wrong.value_gradient(x, &mut gradients[1]);
            // Only what both directions show by some percent is worth a word.
            let shows = |k: usize| {
                let [a, b] = [0, 1].map(|i| Line::new(x, k, &gradients[i], 0.0));
                (a.symbolic - b.symbolic).abs() > 0.02 * (a.size + b.size)
            };
            if shows(0) && shows(1) {
                tried += 1;
                assert!(mismatch(&mut wrong, x).is_some(), "{f} at {x:?}, kind {kind}");
            }
        });
    }
    assert!(tried > 6 * cases(), "{tried}");
}

/// Status, value and the texts of warnings of one minimization, and what `check` says, with gradients spoiled.
fn with_spoiled(spoiled: Spoiled) -> (Status, f64, Vec<String>, String) {
    let mut session = Session::new(Settings { spoiled, ..Settings::default() });
    let script =
        "var x = 3, y = -1\nlet f = exp(x - 1) - x + (y - 2)^2\nminimize f using bfgs\ncheck f";
    let (mut fits, mut warnings, mut said) = (Vec::new(), Vec::new(), String::new());
    session.run("script", script, &mut |_, output| match output {
        Output::Fit { fit, .. } => fits.push((fit.status, fit.value)),
        Output::Finding(finding) => {
            warnings.push(format!("{} {}", finding.code.id(), finding.notes.join("; ")));
        }
        Output::Value { text, .. } => said = text,
        _ => {}
    });
    (fits[0].0, fits[0].1, warnings, said)
}

#[test]
fn the_evaluator_takes_over_from_wrong_compiled_code() {
    let (status, value, warnings, said) = with_spoiled(Spoiled::Nothing);
    assert_eq!((status, warnings.len()), (Status::Converged, 0));
    assert!((value - 0.0).abs() < 1e-8 && said.contains("right:"), "{value} {said}");

    let (status, value, warnings, said) = with_spoiled(Spoiled::Compiled);
    assert_eq!(status, Status::Converged);
    assert!(value.abs() < 1e-8, "{value}");
    assert!(warnings[0].starts_with("W0006") && warnings[0].contains("evaluator"), "{warnings:?}");
    assert!(said.contains("wrong: at this point compiled code gives"), "{said}");

    let (status, _, warnings, _) = with_spoiled(Spoiled::All);
    assert_ne!(status, Status::Converged);
    assert!(warnings[0].contains("not called converged"), "{warnings:?}");
}

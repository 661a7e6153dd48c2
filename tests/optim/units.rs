//! Where a method stops depends on the function, not on its units: every method on smooth problems under
//! `f -> c + s*f` and `x -> d*x`, on objectives without a minimum, and in boxes of every width.
//!
//! Problems are drawn by a seeded generator. `GRADUS_CASES=100000` runs so many; the default is a few hundred.

use crate::support::script::run;
use gradus::optim::registry::METHODS;
use gradus::optim::status::Status;
use gradus::random::Stream;
use gradus::session::Fit;

/// A problem in unknowns x, y with a known minimizer; `X`, `Y` in the formula stand for the scaled unknowns.
struct Problem {
    formula: String,
    start: [f64; 2],
    minimizer: [f64; 2],
    /// The least curvature at the minimizer, roughly: what a constant in f hides follows from it.
    curvature: f64,
}

fn cases(default: usize) -> usize {
    std::env::var("GRADUS_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

fn pick<T: Copy>(random: &mut Stream, from: &[T]) -> T {
    from[random.below(from.len())]
}

/// A number between 0.5 and 2, with a sign.
fn moderate(random: &mut Stream) -> f64 {
    let size = 0.5 + 1.5 * random.unit();
    if random.unit() < 0.5 { size } else { -size }
}

fn draw(random: &mut Stream) -> Problem {
    let (a, b) = (moderate(random), moderate(random));
    let start = [a + moderate(random), b + moderate(random)];
    let around = |formula: &str, curvature| {
        let formula =
            formula.replace('U', &format!("(X - ({a}))")).replace('V', &format!("(Y - ({b}))"));
        Problem { formula, start, minimizer: [a, b], curvature }
    };
    match random.below(6) {
        0 => around("(U^2 + 3*V^2 + U*V)", 1.0),
        1 => around("(U^2 + 1000*V^2)", 1.0),
        2 => around("(exp(U) - U + V^2)", 0.5),
        3 => around("(log(cosh(U)) + V^2 + 1/2*(U - V)^2)", 0.5),
        4 => around("(10*(V - U^2)^2 + U^2)", 0.5),
        _ => around("(log(1 + exp(U)) - 1/2*U + 0.1*(U - V)^2 + sqrt(1 + V^2))", 0.05),
    }
}

impl Problem {
    fn script(&self, (c, s, d): (f64, f64, f64), bounds: &str, clause: &str) -> String {
        let of = |name: &str, unknown: &str| (name.to_string(), format!("({unknown}/({d:e}))"));
        let (x, y) = (of("X", "x"), of("Y", "y"));
        let f = self.formula.replace(&x.0, &x.1).replace(&y.0, &y.1);
        let [a, b] = self.start;
        format!(
            "var x{bounds} = {:e}, y{bounds} = {:e}\nminimize {c:e} + {s:e}*{f} {clause}",
            a * d,
            b * d
        )
    }

    /// How far the end lies from the minimizer, in units of the scaled unknowns.
    fn distance(&self, fit: &Fit, d: f64) -> f64 {
        let far = |(x, a): (&f64, &f64)| (x / d - a).abs();
        fit.x.iter().zip(&self.minimizer).map(far).fold(0.0, f64::max)
    }
}

/// Runs a script with one optimization.
fn fit_of(script: &str) -> Fit {
    let ran = run(script).passed(script);
    ran.fits()[0].clone()
}

fn described(script: &str, fit: &Fit) -> String {
    format!(
        "{script}\n  {} {} at {:?}, f = {:e}: {}",
        fit.method, fit.status, fit.x, fit.value, fit.message
    )
}

/// The methods that follow one point and take any smooth objective.
const LOCAL: [&str; 8] = ["gd", "cg", "bfgs", "lbfgs", "sr1", "newton", "dogleg", "newton_cg"];

#[test]
fn units_do_not_decide_where_a_method_stops() {
    let mut random = Stream::new(17);
    let constants: [f64; 4] = [0.0, 0.0, 1e10, -1e10];
    let factors = [1e-12, 1e-9, 1e-4, 1.0, 1e4, 1e9, 1e12];
    let mut wrong = Vec::new();
    let mut converged = 0;
    let total = cases(150);
    for _ in 0..total {
        let problem = draw(&mut random);
        let scales = (
            pick(&mut random, &constants),
            pick(&mut random, &factors),
            pick(&mut random, &factors),
        );
        let method = pick(&mut random, &LOCAL);
        let (c, s, d) = scales;
        // What the constant hides.
        let hidden = (100.0 * f64::EPSILON * c.abs() / (s * problem.curvature)).sqrt();
        if hidden > 0.1 {
            continue;
        }
        let script = problem.script(scales, "", &format!("using {method}"));
        let fit = fit_of(&script);
        let far = problem.distance(&fit, d) > (1e-4_f64).max(hidden);
        converged += usize::from(fit.status == Status::Converged);
        // Steepest descent may crawl, and says so.
        let slow = method == "gd" && fit.status == Status::MaxIter;
        if far && !slow {
            wrong.push(described(&script, &fit));
        }
    }
    println!("{converged} of {total} converged");
    assert!(wrong.is_empty(), "{} of {total}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(3 * converged >= total, "only {converged} of {total} converged");
}

#[test]
fn searches_without_derivatives_say_converged_at_minimizers_alone() {
    let mut random = Stream::new(18);
    let factors = [1e-12, 1e-4, 1.0, 1e4, 1e12];
    let mut wrong = Vec::new();
    for _ in 0..cases(150) / 5 {
        let problem = draw(&mut random);
        let d = pick(&mut random, &factors);
        let scales: (f64, f64, f64) =
            (pick(&mut random, &[0.0, 1e3]), pick(&mut random, &factors), d);
        let hidden =
            (100.0 * f64::EPSILON * scales.0.abs() / (scales.1 * problem.curvature)).sqrt();
        let method = pick(&mut random, &["nelder_mead", "cmaes", "de"]);
        let bounds = format!(" in [{:e}, {:e}]", -9.0 * d, 9.0 * d);
        let script = problem.script(scales, &bounds, &format!("using {method}"));
        let fit = fit_of(&script);
        let far = problem.distance(&fit, d) > (1e-3_f64).max(hidden);
        if far && hidden < 0.1 && fit.status == Status::Converged {
            wrong.push(described(&script, &fit));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_method_converges_where_there_is_no_minimum() {
    let objectives = [
        ("", "x"),
        ("", "1e-12*x"),
        ("", "-x^2"),
        ("", "exp(-x)"),
        ("", "1 + exp(x/1e6)"),
        ("", "atan(x)"),
        ("", "1e-9*atan(1e6*x) + 4"),
        ("", "x^3"),
        ("", "tanh(x)"),
        ("", "log(1 + exp(x))"),
        (" >= 1", "-x"),
        (" >= 1", "-log(x)"),
        (" >= 1", "1/x"),
        (" >= 1e-9", "-sqrt(x)"),
        (" <= 3", "x"),
        (" >= 1", "-1e-10*x"),
    ];
    let mut wrong = Vec::new();
    for (bounds, f) in objectives {
        for method in METHODS {
            if matches!(method.name, "lm" | "gauss_newton" | "multistart")
                || (!bounds.is_empty() && !method.accepts_bounds)
            {
                continue;
            }
            for start in ["1.5", "2e4"] {
                let start = if bounds == " <= 3" || f == "x^3" { "1" } else { start };
                let limit = if method.needs.len() == 1 { "(max_iter = 2000)" } else { "" };
                let script =
                    format!("var x{bounds} = {start}\nminimize {f} using {}{limit}", method.name);
                let fit = fit_of(&script);
                if fit.status == Status::Converged {
                    wrong.push(described(&script, &fit));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn boxes_of_every_width_are_searched_to_the_end() {
    let mut wrong = Vec::new();
    for width in [1e-12, 1e-6, 1e-2, 1.0, 1e3, 1e8, 1e15] {
        for steep in [1e-12, 1e-4, 1.0, 1e4, 1e12] {
            // The minimizer inside, and beyond each side.
            for at in [0.3, -0.5, 1.5] {
                let end = f64::clamp(at, 0.0, 1.0);
                let script = format!(
                    "var x in [0, {width:e}] = {:e}\nminimize {steep:e}*(x/{width:e} - ({at}))^2 + {steep:e}",
                    0.7 * width
                );
                for method in ["", "using lbfgs", "using nelder_mead"] {
                    let script = format!("{script} {method}");
                    let fit = fit_of(&script);
                    let near = (fit.x[0] / width - end).abs() <= 1e-6;
                    if !near || fit.status != Status::Converged {
                        wrong.push(described(&script, &fit));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_method_that_used_no_gradient_reports_one() {
    for method in ["nelder_mead", "cmaes", "de"] {
        let fit = fit_of(&format!("var x = 1, y = 2\nminimize (x - 2)^2 + y^2 using {method}"));
        assert!(fit.status == Status::Converged && fit.grad_norm <= 1e-4, "{method}: {fit:?}");
    }
}

#[test]
fn a_point_without_force_on_its_bound_is_judged_by_curvature() {
    let fit = fit_of("var x in [0, 1]\nmaximize x^2");
    assert!(fit.status != Status::Converged || fit.x[0] == 1.0, "{fit:?}");
}

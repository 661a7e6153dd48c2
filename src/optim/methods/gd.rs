//! Gradient descent: `x <- x - alpha g`, with a fixed rate or a step length found at each iteration.
//!
//! The step alpha is the given `lr`; or the Barzilai-Borwein step `s's / s'y` under a nonmonotone test; or
//! found by Armijo backtracking or by a Wolfe line search.

use super::{Growth, Secants, far_off, first_step_length, longest_after};
use crate::optim::line_search::{Found, Ray, RayBuffers, Trial, Wolfe, backtrack, wolfe_search};
use crate::optim::method::{MethodDef, Need};
use crate::optim::options::{OptionDef, OptionDefault, OptionKind};
use crate::optim::run::{How, Iterate, Run};
use crate::optim::status::{Status, Stop};
use crate::optim::vector::{distance, dot, norm, step_to};
use std::collections::VecDeque;

/// The row of `gd`.
pub static METHOD: MethodDef = MethodDef {
    name: "gd",
    aliases: &["gradient_descent", "steepest_descent"],
    family: "first order",
    summary: "gradient descent with a fixed rate or a line search",
    when_to_use: "For learning, and for very many unknowns with cheap gradients. Converges linearly, and \
                  slowly where the problem is badly scaled; prefer lbfgs for answers to many digits.",
    formula: "x_new = x - alpha*g",
    needs: &[Need::Objective, Need::Gradient],
    accepts_bounds: false,
    own_options: &[
        OptionDef {
            name: "lr",
            kind: OptionKind::Number { min: 0.0, max: f64::INFINITY },
            default: OptionDefault::Absent,
            doc: "the fixed rate; with a line search, the first trial step",
        },
        OptionDef {
            name: "line_search",
            kind: OptionKind::Word(&["none", "armijo", "wolfe", "bb"]),
            default: OptionDefault::Absent,
            doc: "how the step is found; left out: none when lr is given, else bb (Barzilai-Borwein)",
        },
    ],
    max_iter: 10_000,
    reference: "Nocedal & Wright (2006), sec. 3.1-3.3; Barzilai & Borwein (1988), eq. 5; \
                Raydan (1997), algorithm GBB",
    entry: minimize,
};

/// The rate of `line_search = "none"` without `lr`.
const DEFAULT_RATE: f64 = 1e-3;
/// The nonmonotone test looks back over so many values (Raydan's M).
const LOOK_BACK: usize = 10;

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    let rate = run.options().number("lr");
    match (run.options().word("line_search"), rate) {
        (Some("none"), _) | (None, Some(_)) => fixed_rate(run, rate.unwrap_or(DEFAULT_RATE)),
        (Some("armijo"), _) => searched(run, rate, Rule::Armijo),
        (Some("wolfe"), _) => searched(run, rate, Rule::Wolfe),
        _ => searched(run, rate, Rule::BarzilaiBorwein),
    }
}

fn fixed_rate(run: &mut Run<'_>, rate: f64) -> Result<Stop, Stop> {
    run.wander();
    let (mut x, mut f, mut g) = run.first_point()?;
    let (mut x_new, mut g_new) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    let mut secants = Secants::default();
    let mut growth = Growth::new(f);
    loop {
        step_to(&x, -rate, &g, &mut x_new);
        let step = rate * norm(&g);
        let how = How { alpha: rate, ..How::default() };
        if x_new == x {
            return Ok(run.stalled("a step of this rate does not change x any more"));
        }
        match run.eval.value_gradient(&x_new, &mut g_new)? {
            Some(value) => f = value,
            None => {
                let what = format!(
                    "the step from f = {f:.3e} led to a value or gradient that is not finite"
                );
                let message = far_off(run, &x, what, Some(rate))?;
                return Ok(Stop::new(Status::Diverged, message));
            }
        }
        let step_number = run.iterations() + 1;
        if growth.runs_away(f) {
            return growth.end(run, &x_new, step_number, Some(rate));
        }
        let gg = dot(&g, &g);
        secants.push(
            rate * rate * gg,
            rate * (gg - dot(&g, &g_new)),
            rate * norm(&g) * distance(&g, &g_new),
        );
        std::mem::swap(&mut x, &mut x_new);
        std::mem::swap(&mut g, &mut g_new);
        let point = Iterate { x: &x, f, g: &g, step, radius: f64::NAN, how };
        run.accept(&point, &mut |_| secants.outlook(&g))?;
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Rule {
    Armijo,
    Wolfe,
    BarzilaiBorwein,
}

fn searched(run: &mut Run<'_>, rate: Option<f64>, rule: Rule) -> Result<Stop, Stop> {
    let (mut x, mut f, mut g) = run.first_point()?;
    let n = x.len();
    let mut p = vec![0.0; n];
    let mut buffers = RayBuffers::new(n);
    let mut first = rate.filter(|rate| *rate > 0.0).unwrap_or_else(|| first_step_length(&x, &g));
    let mut recent = VecDeque::from([f]);
    let mut secants = Secants::default();
    loop {
        p.iter_mut().zip(&g).for_each(|(pi, gi)| *pi = -gi);
        let slope = -dot(&g, &g);
        let wolfe = Wolfe { c2: 0.1, ..Wolfe::default() };
        let mut ray = Ray::new(run, &x, &p, (f, slope), wolfe, &mut buffers);
        let found = match rule {
            Rule::Wolfe => wolfe_search(&mut ray, first, longest_after(first))?,
            Rule::Armijo => backtrack(&mut ray, first, f)?,
            Rule::BarzilaiBorwein => {
                let highest = recent.iter().copied().fold(f, f64::max);
                backtrack(&mut ray, first, highest)?
            }
        };
        let (Found::Accepted(trial) | Found::Lower(trial)) = found else {
            return Ok(run.stalled("no step along the gradient lowers f"));
        };
        let g_new_g = dot(&buffers.g_new, &g);
        first = next_first_step(rule, &trial, slope, f, g_new_g);
        f = trial.f;
        std::mem::swap(&mut x, &mut buffers.x_new);
        std::mem::swap(&mut g, &mut buffers.g_new);
        if recent.len() == LOOK_BACK {
            recent.pop_front();
        }
        recent.push_back(f);
        let step = trial.alpha * norm(&p);
        let sy = trial.alpha * (-slope - g_new_g);
        secants.push(step * step, sy, step * distance(&g, &buffers.g_new));
        let how = How { alpha: trial.alpha, ..How::default() };
        let point = Iterate { x: &x, f, g: &g, step, radius: f64::NAN, how };
        run.accept(&point, &mut |_| secants.outlook(&g))?;
    }
}

/// The first trial of the next iteration, from the step `alpha` just taken along `-g`.
///
/// Barzilai-Borwein: with `s = -alpha g` and `y = g_new - g`, `s's/s'y = alpha g'g / (g'g - g'g_new)`; a
/// negative curvature gives a long step (Raydan 1997, step 1). Wolfe: the step with the same first-order
/// change (Nocedal & Wright 2006, eq. 3.60). Armijo: twice the last step, so that it can grow again.
fn next_first_step(rule: Rule, trial: &Trial, slope: f64, f: f64, g_new_g: f64) -> f64 {
    let alpha = match rule {
        Rule::Armijo => 2.0 * trial.alpha,
        Rule::Wolfe => {
            let same_change = 2.0 * (trial.f - f) / slope;
            if same_change > 0.0 {
                (1.01 * same_change).min(10.0 * trial.alpha)
            } else {
                trial.alpha
            }
        }
        Rule::BarzilaiBorwein => {
            let curvature = -slope - g_new_g;
            if curvature > 0.0 { trial.alpha * -slope / curvature } else { 10.0 * trial.alpha }
        }
    };
    alpha.clamp(1e-100, 1e100)
}

//! The methods: one file each, with its row ([`MethodDef`](super::method::MethodDef)) and its iteration.
//!
//! A method asks the run for evaluations and hands it every accepted point; it ends by returning a stop of
//! its own (`Ok`) or by passing on that of the run (`Err`, through `?`). Here stands what several of them
//! share: the first step, and the pairs of quasi-Newton methods.

pub mod bfgs;
pub mod cg;
pub mod cmaes;
pub mod de;
pub mod dogleg;
mod finish;
pub mod formula;
pub mod gauss_newton;
pub mod gd;
pub mod lbfgs;
pub mod lm;
mod local;
pub mod multistart;
pub mod nelder_mead;
pub mod newton;
pub mod newton_cg;
mod squares_point;
pub mod sr1;
pub mod training;

use super::options::{OptionDef, OptionDefault, OptionKind};
use super::run::Run;
use super::settled::Outlook;
use super::status::{Status, Stop};
use super::vector::{axpy, dot, norm, norm_inf, step_to};
use std::collections::VecDeque;

/// No step is allowed to be longer than this, in units of the direction, or of the first trial where that is longer.
const LONGEST_STEP: f64 = 1e20;

/// The longest step of a search whose first trial is `first`: a tiny gradient makes long first steps.
fn longest_after(first: f64) -> f64 {
    LONGEST_STEP * first.max(1.0)
}

/// Values of steps without a test, to see that they run away.
struct Growth {
    start: f64,
    last: f64,
    rising: usize,
}

impl Growth {
    /// Steps in a row that must have raised the value ...
    const STEPS: usize = 10;
    /// ... and how far above the start's it must be, relative to that or to 1.
    const FAR: f64 = 1e3;

    fn new(f: f64) -> Growth {
        Growth { start: f, last: f, rising: 0 }
    }

    /// Takes in the value after a step; whether the values run away.
    fn runs_away(&mut self, f: f64) -> bool {
        self.rising = if f > self.last { self.rising + 1 } else { 0 };
        self.last = f;
        self.rising >= Self::STEPS && f > Self::FAR * self.start.abs().max(1.0)
    }

    /// The end of a run whose values ran away to `x` in `step`.
    fn end(
        &self,
        run: &mut Run<'_>,
        x: &[f64],
        step: usize,
        rate: Option<f64>,
    ) -> Result<Stop, Stop> {
        let what = format!(
            "step {step} ends {} steps of growth, from f = {:.3e} at the start to {:.3e}",
            self.rising, self.start, self.last
        );
        Ok(Stop::new(Status::Diverged, far_off(run, x, what, rate)?))
    }
}

/// What is said of steps that have led far off to `x`: the rate, the largest gradient entry there and its unknown, and the
/// curvature along the gradient, above 2 over which a plain rate diverges on a parabola.
fn far_off(run: &mut Run<'_>, x: &[f64], what: String, rate: Option<f64>) -> Result<String, Stop> {
    let mut message = what;
    if let Some(rate) = rate {
        message += &format!(", at a rate of {rate:.3e}");
    }
    let mut g = vec![0.0; x.len()];
    if run.eval.value_gradient(x, &mut g)?.is_none() {
        return Ok(message + "; try a smaller rate, or clip the gradient with `clip`");
    }
    let largest = (0..g.len()).max_by(|&i, &j| g[i].abs().total_cmp(&g[j].abs())).unwrap_or(0);
    let name = run.eval.structure().var_name(largest);
    message += &format!("; the largest gradient entry is {:.3e}, by `{name}`", g[largest]);
    match curvature_along(run, x, &g)? {
        Some(curvature) if curvature > 0.0 => {
            let limit = 2.0 / curvature;
            Ok(message
                + &format!(
                    "; along the gradient f curves by g'Hg/g'g = {curvature:.4}, so rates above {limit:.3} diverge: try \
                     {:.2}",
                    limit / 2.0
                ))
        }
        _ => Ok(message + "; try a smaller rate, or clip the gradient with `clip`"),
    }
}

/// The curvature g'Hg/g'g at `x` by central differences of the gradient; none where it has no value.
fn curvature_along(run: &mut Run<'_>, x: &[f64], g: &[f64]) -> Result<Option<f64>, Stop> {
    let length = norm(g);
    if length == 0.0 || !length.is_finite() {
        return Ok(None);
    }
    let h = f64::EPSILON.cbrt() * norm(x).max(1.0);
    let mut along = [0.0; 2];
    let (mut point, mut there) = (x.to_vec(), vec![0.0; x.len()]);
    for (slope, h) in along.iter_mut().zip([h, -h]) {
        step_to(x, h / length, g, &mut point);
        if run.eval.value_gradient(&point, &mut there)?.is_none() {
            return Ok(None);
        }
        *slope = dot(&there, g) / length;
    }
    Ok(Some((along[0] - along[1]) / (2.0 * h)).filter(|c| c.is_finite()))
}

/// The row of `ftol` of methods that hold many points.
const SPREAD_FTOL: OptionDef = OptionDef {
    name: "ftol",
    kind: OptionKind::Number { min: 0.0, max: f64::INFINITY },
    default: OptionDefault::Number(1e-12),
    doc: "converged when all values lie within ftol of the size of f ...",
};

/// The row of `xtol` of methods that hold many points.
const SPREAD_XTOL: OptionDef = OptionDef {
    name: "xtol",
    kind: OptionKind::Number { min: 0.0, max: f64::INFINITY },
    default: OptionDefault::Number(1e-10),
    doc: "... and all points within xtol of the sizes of the unknowns",
};

/// The row of a method that does not use gradients: `gtol` means nothing to it.
const NO_GTOL: OptionDef = OptionDef {
    name: "gtol",
    kind: OptionKind::Number { min: 0.0, max: f64::INFINITY },
    default: OptionDefault::Number(0.0),
    doc: "without effect: this method uses no gradient",
};

/// The first trial step along `-g` when nothing is known of the curvature: it is 0.2 long, or a hundredth of
/// the size of x where this is larger (in the spirit of CG_DESCENT's step I0, Hager & Zhang 2006, which is
/// a hundredth of the size of x throughout). The line search mends it, at a trial or two.
fn first_step_length(x: &[f64], g: &[f64]) -> f64 {
    (0.01 * norm_inf(x)).max(0.2) / norm(g).max(f64::MIN_POSITIVE)
}

/// What methods without a matrix know of the curvature: `s's / s'y` of the last steps s, along which the gradient
/// changed by y (Barzilai & Borwein 1988, eq. 5).
#[derive(Default)]
struct Secants {
    recent: VecDeque<f64>,
}

impl Secants {
    /// So many steps are remembered: the flattest direction among them counts.
    const MEMORY: usize = 10;
    /// `s'y` below this share of `|s| |y|` is rounding.
    const NOISE: f64 = 1e-14;

    /// Takes in `s's`, `s'y` and `|s| |y|`.
    fn push(&mut self, ss: f64, sy: f64, size: f64) {
        if size == 0.0 || sy.abs() <= Self::NOISE * size {
            return;
        }
        if self.recent.len() == Self::MEMORY {
            self.recent.pop_front();
        }
        self.recent.push_back(if sy > 0.0 { ss / sy } else { f64::INFINITY });
    }

    /// The step down the gradient to the minimizer of a parabola with the least curvature seen.
    fn outlook(&self, g: &[f64]) -> Outlook {
        let Some(longest) = self.recent.iter().copied().reduce(f64::max) else {
            return Outlook::Unknown;
        };
        Outlook::Estimated(g.iter().map(|g| -longest * g).collect())
    }
}

/// Sets the pair `s = x_new - x`, `y = g_new - g` of a quasi-Newton update; gives `s'y`, or `None` where
/// rounding has spoiled the curvature (`s'y <= 1e-14 |s| |y|`), so that the pair must be skipped.
///
/// The values of f know something of the curvature that gradients do not: for a cubic along s,
///
/// ```text
/// s'H(x_new) s = s'y + theta,   theta = 6 (f - f_new) + 3 (g + g_new)'s
/// ```
///
/// (Zhang, Deng & Chen 1999, JOTA 102, 147-167). A positive theta, curvature that grows along the step, is
/// added to y as `theta s / s's`; it saves about a tenth of the evaluations. A negative one is left out, for
/// it would endanger `s'y > 0`, and so is one that may be rounding of f.
fn curvature_pair(
    (x, x_new): (&[f64], &[f64]),
    (g, g_new): (&[f64], &[f64]),
    (f, f_new): (f64, f64),
    s: &mut [f64],
    y: &mut [f64],
) -> Option<f64> {
    step_to(x_new, -1.0, x, s);
    step_to(g_new, -1.0, g, y);
    let sy = dot(s, y);
    if sy.is_nan() || sy <= 1e-14 * norm(s) * norm(y) {
        return None;
    }
    let theta = 6.0 * (f - f_new) + 3.0 * (dot(g, s) + dot(g_new, s));
    if theta > 0.0 && theta > 1e3 * f64::EPSILON * f.abs() {
        axpy(theta / dot(s, s), s, y);
        return Some(sy + theta);
    }
    Some(sy)
}

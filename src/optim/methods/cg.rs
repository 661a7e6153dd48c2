//! Nonlinear conjugate gradients.
//!
//! ```text
//! x <- x + alpha d,   d <- -g_new + beta d,   y = g_new - g
//! hager_zhang:      beta = (y - 2 d |y|^2/d'y)'g_new / d'y, at least 0.4 d'g/|d|^2
//! polak_ribiere:    beta = max(0, g_new'y / g'g)
//! fletcher_reeves:  beta = g_new'g_new / g'g, with a restart every n steps
//! ```
//!
//! Hager and Zhang's directions are always descent directions, `d'g <= -7/8 |g|^2` (2005, theorem 1.1). The
//! others restart from `-g` where theirs is none; Fletcher-Reeves needs a line search that is nearly exact.

use super::{Secants, first_step_length, longest_after};
use crate::optim::line_search::{Ray, RayBuffers, Wolfe, wolfe_search};
use crate::optim::method::{MethodDef, Need};
use crate::optim::options::{OptionDef, OptionDefault, OptionKind};
use crate::optim::run::{How, Iterate, Run};
use crate::optim::status::Stop;
use crate::optim::vector::{distance, dot, norm};

/// The row of `cg`.
pub static METHOD: MethodDef = MethodDef {
    name: "cg",
    aliases: &["conjugate_gradient"],
    family: "conjugate gradients",
    summary: "nonlinear conjugate gradients: Hager-Zhang, Polak-Ribiere+, Fletcher-Reeves",
    when_to_use: "For very many unknowns where even the memory of lbfgs is too much: it keeps three vectors. On \
                  quadratics it is the linear conjugate gradient method. lbfgs mostly needs fewer gradients.",
    formula: "x_new = x + alpha*d,  d = -g + beta*d_before",
    needs: &[Need::Objective, Need::Gradient],
    accepts_bounds: false,
    own_options: &[OptionDef {
        name: "beta",
        kind: OptionKind::Word(&["hager_zhang", "polak_ribiere", "fletcher_reeves"]),
        default: OptionDefault::Word("hager_zhang"),
        doc: "the formula of the conjugate direction",
    }],
    max_iter: 20_000,
    reference: "Hager & Zhang (2005), eqs. 1.3 to 1.6; Hager & Zhang (2006), CG_DESCENT; \
                Nocedal & Wright (2006), sec. 5.2",
    entry: minimize,
};

/// Directions may lean on the one before only down to this share of `d'g/|d|^2` (CG_DESCENT's eta).
const TRUNCATION: f64 = 0.4;
/// The curvature condition: nearly exact, so that directions stay conjugate.
const CURVATURE: f64 = 0.1;

#[derive(Clone, Copy, PartialEq)]
enum Rule {
    HagerZhang,
    PolakRibiere,
    FletcherReeves,
}

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    let rule = match run.options().word("beta") {
        Some("polak_ribiere") => Rule::PolakRibiere,
        Some("fletcher_reeves") => Rule::FletcherReeves,
        _ => Rule::HagerZhang,
    };
    let (mut x, mut f, mut g) = run.first_point()?;
    let n = x.len();
    let mut d: Vec<f64> = g.iter().map(|gi| -gi).collect();
    let mut buffers = RayBuffers::new(n);
    let mut first = first_step_length(&x, &g);
    // Steps since the last restart.
    let mut age = 0;
    let mut secants = Secants::default();
    loop {
        let slope = dot(&g, &d);
        let wolfe = Wolfe { c2: CURVATURE, ..Wolfe::default() };
        let mut ray = Ray::new(run, &x, &d, (f, slope), wolfe, &mut buffers);
        let Some(trial) = wolfe_search(&mut ray, first, longest_after(first))?.step() else {
            if age == 0 {
                return Ok(run.stalled("no step along the gradient lowers f"));
            }
            d.iter_mut().zip(&g).for_each(|(d, g)| *d = -g);
            first = first_step_length(&x, &g);
            age = 0;
            continue;
        };
        let step = trial.alpha * norm(&d);
        let change = trial.f - f;
        f = trial.f;
        std::mem::swap(&mut x, &mut buffers.x_new);
        std::mem::swap(&mut g, &mut buffers.g_new);
        secants.push(
            step * step,
            trial.alpha * (trial.slope - slope),
            step * distance(&g, &buffers.g_new),
        );
        // What was `g_new` is now the gradient before.
        let restart = rule == Rule::FletcherReeves && age + 1 >= n.max(2);
        age = if !restart && turn(rule, &g, &buffers.g_new, &mut d) { age + 1 } else { 0 };
        if age == 0 {
            d.iter_mut().zip(&g).for_each(|(d, g)| *d = -g);
        }
        first = next_first_step(&Taken { alpha: trial.alpha, slope, change }, dot(&g, &d));
        let how = How { alpha: trial.alpha, ..How::default() };
        let point = Iterate { x: &x, f, g: &g, step, radius: f64::NAN, how };
        run.accept(&point, &mut |_| secants.outlook(&g))?;
    }
}

/// The step just taken: its length, the slope at its beginning, and the change of f.
struct Taken {
    alpha: f64,
    slope: f64,
    change: f64,
}

/// The first trial along the next direction, with slope `slope`: the minimizer of a parabola that falls as
/// much as f just did (Nocedal & Wright 2006, eq. 3.60), within ten times the step with the same
/// first-order change.
fn next_first_step(taken: &Taken, slope: f64) -> f64 {
    let same = taken.alpha * taken.slope / slope;
    let parabola = 2.0 * taken.change / slope;
    // Slopes that underflow leave no number in `same`, which then bounds nothing.
    let step = if parabola > 0.0 { parabola.max(0.1 * same).min(10.0 * same) } else { same };
    if step.is_finite() && step > 0.0 { step } else { taken.alpha }
}

/// `d <- -g + beta d`; false where that is no descent direction.
fn turn(rule: Rule, g: &[f64], g_before: &[f64], d: &mut [f64]) -> bool {
    // y'v = g'v - g_before'v: no vector y is needed.
    let (gg, g_gb, gb_gb) = (dot(g, g), dot(g, g_before), dot(g_before, g_before));
    let beta = match rule {
        Rule::FletcherReeves => gg / gb_gb,
        Rule::PolakRibiere => ((gg - g_gb) / gb_gb).max(0.0),
        Rule::HagerZhang => {
            let (d_g, d_gb) = (dot(d, g), dot(d, g_before));
            let dy = d_g - d_gb;
            let yy: f64 = g.iter().zip(g_before).map(|(a, b)| (a - b) * (a - b)).sum();
            let beta = ((gg - g_gb) - 2.0 * d_g * yy / dy) / dy;
            beta.max(TRUNCATION * d_gb / dot(d, d))
        }
    };
    if !beta.is_finite() {
        return false;
    }
    d.iter_mut().zip(g).for_each(|(d, g)| *d = beta * *d - g);
    dot(g, d) < -1e-10 * gg.sqrt() * norm(d)
}

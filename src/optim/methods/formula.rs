//! First-order methods that are given as formulas: the update comes from outside, as a [`Step`](crate::optim::update::Step).
//!
//! ```text
//! g = grad f(theta);   g <- clipped g;   theta, states <- update(theta, g, states, f, t)
//! ```
//!
//! The run ends after `steps`, where the gradient passes `gtol`, or where values are no longer finite.

use super::{Growth, Secants, far_off, training};
use crate::optim::method::{MethodDef, Need};
use crate::optim::options::{OptionDef, OptionDefault, OptionKind};
use crate::optim::run::{How, Iterate, Run};
use crate::optim::status::{Status, Stop};
use crate::optim::update::Failed;
use crate::optim::vector::{distance, norm};
use crate::problem::Halt;

/// The row that all methods written as formulas share; their own options are those of their formulas.
pub static METHOD: MethodDef = MethodDef {
    name: "optimizer",
    aliases: &[],
    family: "first order",
    summary: "a first-order method given by its update",
    when_to_use: "For training, and to see how a method works.",
    formula: "",
    needs: &[Need::Objective, Need::Gradient],
    accepts_bounds: false,
    own_options: &[
        OptionDef {
            name: "clip",
            kind: OptionKind::Number { min: 0.0, max: f64::INFINITY },
            default: OptionDefault::Absent,
            doc: "the longest gradient: a longer one is shortened to it",
        },
        OptionDef {
            name: "clip_value",
            kind: OptionKind::Number { min: 0.0, max: f64::INFINITY },
            default: OptionDefault::Absent,
            doc: "the largest entry of the gradient: larger ones are cut off",
        },
    ],
    max_iter: 10_000,
    reference: "Bottou, Curtis & Nocedal (2018), sec. 3-6",
    entry: minimize,
};

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    if let Some(training) = run.training.take() {
        return training::train(run, training);
    }
    run.wander();
    run.keep_last();
    let (mut x, mut f, mut g) = run.first_point()?;
    let Some(update) = run.update.take() else {
        return Ok(Stop::new(Status::Stalled, "there is no update".to_string()));
    };
    let clip = (run.options().number("clip"), run.options().number("clip_value"));
    let (mut before, mut g_new) = (x.clone(), vec![0.0; x.len()]);
    let (mut point, mut step_g) = (x.clone(), g.clone());
    let mut secants = Secants::default();
    let mut growth = Growth::new(f);
    let done = update.done();
    for t in done + 1.. {
        before.copy_from_slice(&point);
        step_g.copy_from_slice(&g);
        clipped(&mut step_g, clip);
        match update.step(&mut x, &step_g, f, t) {
            Ok(()) => {}
            Err(Failed::Interrupted) => return Err(Stop::from(Halt::Interrupted)),
            Err(Failed::NoValue) => {
                let message = format!("the update has no value in step {t}");
                return Ok(Stop::new(Status::Diverged, message));
            }
        }
        let value = run.eval.value_gradient(&x, &mut g_new)?;
        let Some(value) = value else {
            let what =
                format!("step {t} from f = {f:.3e} led to a value or gradient that is not finite");
            let message = far_off(run, &before, what, update.rate(t))?;
            return Ok(Stop::new(Status::Diverged, message));
        };
        let (step, y) = (distance(&x, &before), distance(&g_new, &g));
        let sy: f64 = (0..x.len()).map(|i| (x[i] - before[i]) * (g_new[i] - g[i])).sum();
        secants.push(step * step, sy, step * y);
        f = value;
        if growth.runs_away(f) {
            return growth.end(run, &x, t, update.rate(t));
        }
        std::mem::swap(&mut g, &mut g_new);
        point.copy_from_slice(&x);
        let how = How { alpha: f64::NAN, ..How::default() };
        let shown = match update.answer() {
            // What is reported is evaluated where it is not the point of the step.
            Some(answer) if answer != x.as_slice() => {
                let answer = answer.to_vec();
                let mut g_answer = vec![0.0; answer.len()];
                let Some(f) = run.eval.value_gradient(&answer, &mut g_answer)? else {
                    let message = format!("the answer after step {t} has no finite value");
                    return Ok(Stop::new(Status::Diverged, message));
                };
                Some((answer, f, g_answer))
            }
            _ => None,
        };
        let radius = f64::NAN;
        let (x, f, g) = match &shown {
            Some((x, f, g)) => (x, *f, g),
            None => (&x, f, &g),
        };
        run.accept(&Iterate { x, f, g, step, radius, how }, &mut |_| secants.outlook(g))?;
    }
    unreachable!("a run has a limit of steps")
}

/// Shortens a gradient to the norm `clip.0`, and cuts its entries off at `clip.1`.
fn clipped(g: &mut [f64], clip: (Option<f64>, Option<f64>)) {
    if let Some(most) = clip.1 {
        g.iter_mut().for_each(|v| *v = v.clamp(-most, most));
    }
    let length = norm(g);
    if let Some(most) = clip.0.filter(|most| length > *most) {
        g.iter_mut().for_each(|v| *v *= most / length);
    }
}

//! The Gauss-Newton method with a line search.
//!
//! ```text
//! f = scale * |r|^2 + offset;   p = argmin |r + J p|  (the shortest in the pivoted columns),   x <- x + alpha p
//! ```
//!
//! alpha is found by Armijo backtracking from 1 on f (Nocedal & Wright 2006, sec. 10.3). Quadratic where the
//! residuals vanish at the solution; where they are large and curved, or J loses rank, it may crawl or stop, and
//! `lm` is the method to take.

use super::squares_point::{Point, scale_of};
use crate::optim::method::{MethodDef, Need};
use crate::optim::run::{How, Iterate, Run};
use crate::optim::settled::Outlook;
use crate::optim::squares::damped_step::LinearModel;
use crate::optim::status::Stop;
use crate::optim::vector::{dot, norm, step_to};

/// The row of `gauss_newton`.
pub static METHOD: MethodDef = MethodDef {
    name: "gauss_newton",
    aliases: &[],
    family: "least squares",
    summary: "Gauss-Newton with a line search",
    when_to_use: "For sums of squares with small residuals and a start near the solution, and for learning; \
                  lm is the safe form of it.",
    formula: "x_new = x + alpha*p,  J'*J*p = -J'*r",
    needs: &[Need::Objective, Need::Residuals, Need::Jacobian],
    accepts_bounds: false,
    own_options: &[],
    max_iter: 2_000,
    reference: "Nocedal & Wright (2006), sec. 10.3; Bjorck (1996), sec. 9.2",
    entry: minimize,
};

/// Sufficient decrease.
const ARMIJO: f64 = 1e-4;
/// Trials of a line search.
const MAX_TRIALS: usize = 60;

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    let mut at = Point::first(run)?;
    let scale = scale_of(run);
    let mut g = vec![0.0; at.x.len()];
    let mut trial = at.clone();
    let mut step = 0.0;
    let mut how = How::default();
    loop {
        let m = at.r.len();
        for (j, g) in g.iter_mut().enumerate() {
            *g = 2.0 * scale * dot(&at.jac.as_slice()[j * m..(j + 1) * m], &at.r);
        }
        let p = LinearModel::new(at.jac.clone(), &at.r).gauss_newton;
        let point = Iterate { x: &at.x, f: at.f, g: &g, step, radius: f64::NAN, how };
        run.accept(&point, &mut |_| Outlook::Exact(p.clone()))?;
        let slope = dot(&g, &p);
        if slope.is_nan() || slope >= 0.0 {
            return Ok(run.stalled("the Gauss-Newton step is no descent direction"));
        }
        let mut alpha = 1.0;
        let mut moved = false;
        for _ in 0..MAX_TRIALS {
            step_to(&at.x, alpha, &p, &mut trial.x);
            if trial.x == at.x {
                break;
            }
            let mut factor = 0.1;
            if trial.evaluate(run)? {
                let f = trial.f;
                let rounding = 4.0 * f64::EPSILON * at.f.abs();
                if f <= at.f + ARMIJO * alpha * slope + rounding {
                    if trial.differentiate(run)? {
                        moved = true;
                        break;
                    }
                } else {
                    let curvature = 2.0 * (f - at.f - alpha * slope) / alpha;
                    factor = (-slope / curvature).clamp(0.1, 0.5);
                }
            }
            alpha *= factor;
        }
        if !moved {
            return Ok(run.stalled("no step along the Gauss-Newton direction lowers f"));
        }
        step = alpha * norm(&p);
        how.alpha = alpha;
        std::mem::swap(&mut at, &mut trial);
    }
}

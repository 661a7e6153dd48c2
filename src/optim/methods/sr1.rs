//! The symmetric rank-one update in a trust region.
//!
//! ```text
//! p = argmin g'p + 1/2 p'Bp,  |p| <= delta;      B <- B + v v' / v's,   v = y - B s
//! ```
//!
//! (Nocedal & Wright 2006, eq. 6.24 and algorithm 6.2). B need not be positive definite: it follows the true
//! Hessian into negative curvature, which the trust region puts to use. It learns from refused steps as well,
//! so every trial evaluates the gradient; an update with a small denominator (eq. 6.26) is skipped.

use super::first_step_length;
use crate::memory;
use crate::optim::method::{MethodDef, Need};
use crate::optim::run::{How, Iterate, Run};
use crate::optim::settled::Outlook;
use crate::optim::status::Stop;
use crate::optim::trust::trust_region::Subproblem;
use crate::optim::vector::{dot, norm, step_to};
use nalgebra::{DMatrix, DVector};

/// The row of `sr1`.
pub static METHOD: MethodDef = MethodDef {
    name: "sr1",
    aliases: &[],
    family: "quasi-Newton",
    summary: "symmetric rank-one updates in a trust region",
    when_to_use: "For up to a few hundred unknowns whose Hessian is indefinite and not at hand: its \
                  approximation follows negative curvature. An iteration costs O(n^3) beside the gradient.",
    formula: "x_new = x + p,  p minimizes g'*p + 1/2*p'*B*p within |p| <= delta",
    needs: &[Need::Objective, Need::Gradient],
    accepts_bounds: false,
    own_options: &[],
    max_iter: 5_000,
    reference: "Nocedal & Wright (2006), algorithm 6.2, eqs. 6.24 and 6.26; \
                Conn, Gould & Toint (1991)",
    entry: minimize,
};

/// A step is accepted with this share of the predicted reduction.
const ACCEPT: f64 = 1e-4;
/// An update with `|v's| < SKIP |s| |v|` is skipped.
const SKIP: f64 = 1e-8;
/// Values differ by rounding noise up to this share of |f|.
const NOISE: f64 = 10.0 * f64::EPSILON;

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    let (mut x, mut f, mut g) = run.first_point()?;
    let n = x.len();
    memory::need_square(n, 5, "the Hessian of `sr1`, its vectors and values");
    // Until a pair is known, B makes the first trial step as long as a line search would.
    let mut radius = first_step_length(&x, &g) * norm(&g);
    let mut b = DMatrix::identity(n, n) * (norm(&g) / radius);
    let mut fresh = true;
    let (mut x_new, mut g_new) = (x.clone(), g.clone());
    loop {
        let step = Subproblem::new(&b, &g).solve(radius);
        let length = step.p.norm();
        step_to(&x, 1.0, step.p.as_slice(), &mut x_new);
        if length == 0.0 || x_new == x || !length.is_finite() {
            return Ok(run.stalled("no step lowers f beyond its rounding"));
        }
        let Some(f_new) = run.eval.value_gradient(&x_new, &mut g_new)? else {
            radius = 0.25 * length;
            continue;
        };
        let y = DVector::from_iterator(n, g_new.iter().zip(&g).map(|(a, b)| a - b));
        let noise = NOISE * f.abs();
        let ratio = (f - f_new + noise) / (noise - step.model);
        if fresh {
            let sy = step.p.dot(&y);
            if sy > 0.0 {
                b = DMatrix::identity(n, n) * (y.norm_squared() / sy);
            }
            fresh = false;
        }
        update(&mut b, &step.p, &y);
        if ratio > 0.75 && length > 0.8 * radius {
            radius *= 2.0;
        } else if ratio < 0.1 {
            radius = 0.5 * length;
        }
        // Where values are noise, the gradient must fall.
        let drowned = (f_new - f).abs() <= noise && -step.model <= noise;
        if ratio < ACCEPT || (drowned && dot(&g_new, &g_new) >= dot(&g, &g)) {
            radius = radius.min(0.5 * length);
            continue;
        }
        f = f_new;
        std::mem::swap(&mut x, &mut x_new);
        std::mem::swap(&mut g, &mut g_new);
        let point = Iterate { x: &x, f, g: &g, step: length, radius, how: How::default() };
        run.accept(&point, &mut |_| match Subproblem::new(&b, &g).newton_step() {
            Some(p) => Outlook::Estimated(p.as_slice().to_vec()),
            None => Outlook::Unknown,
        })?;
    }
}

fn update(b: &mut DMatrix<f64>, s: &DVector<f64>, y: &DVector<f64>) {
    let v = y - &*b * s;
    let vs = v.dot(s);
    if vs.abs() > SKIP * s.norm() * v.norm() {
        b.ger(1.0 / vs, &v, &v, 1.0);
    }
}

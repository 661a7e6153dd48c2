//! Newton's method for many unknowns: a trust region whose subproblem is solved by conjugate gradients.
//!
//! ```text
//! H p = -g  to  |H p + g| <= min(1/2, sqrt |g|) |g|,   |p| <= delta
//! ```
//!
//! Steihaug and Toint's iteration ends where the residual is small, where a direction of negative curvature
//! is met or the region is left; in the latter two cases at the boundary (Nocedal & Wright 2006, algorithm
//! 7.2). Only products of the Hessian with vectors are asked for, so that memory is a few vectors.

use super::Secants;
use crate::optim::method::{MethodDef, Need};
use crate::optim::run::{How, Iterate, Run};
use crate::optim::status::Stop;
use crate::optim::vector::{axpy, distance, dot, norm, step_to};

/// The row of `newton_cg`.
pub static METHOD: MethodDef = MethodDef {
    name: "newton_cg",
    aliases: &["trust_ncg", "steihaug"],
    family: "second order",
    summary: "Newton's method by conjugate gradients in a trust region, without forming the Hessian",
    when_to_use: "For very many unknowns, where a Hessian is too large but its product with a vector costs \
                  about as much as a gradient. Follows negative curvature.",
    formula: "x_new = x + p,  H*p = -g by conjugate gradients within |p| <= delta",
    needs: &[Need::Objective, Need::Gradient, Need::HessianVector],
    accepts_bounds: false,
    own_options: &[],
    max_iter: 2_000,
    reference: "Steihaug (1983); Nocedal & Wright (2006), algorithms 4.1 and 7.2; \
                Conn, Gould & Toint (2000), sec. 7.5.1",
    entry: minimize,
};

/// A step is accepted with this share of the predicted reduction.
const ACCEPT: f64 = 1e-4;
/// Below this share the radius shrinks, above the second it may grow.
const SHRINK_GROW: (f64, f64) = (0.25, 0.75);
/// The first radius, at least.
const FIRST_RADIUS: f64 = 1.0;
/// Values differ by rounding noise up to this share of |f|.
const NOISE: f64 = 10.0 * f64::EPSILON;
/// Inner iterations, in units of n; without rounding, n would do.
const MAX_INNER: usize = 3;

/// The step of the subproblem.
struct Step {
    p: Vec<f64>,
    /// `g'p + 1/2 p'Hp`.
    model: f64,
    on_boundary: bool,
}

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    let (mut x, mut f, mut g) = run.first_point()?;
    let n = x.len();
    let mut radius = FIRST_RADIUS.max(0.1 * norm(&x));
    let (mut x_new, mut g_new) = (x.clone(), g.clone());
    let mut secants = Secants::default();
    loop {
        let Some(step) = steihaug(run, &x, &g, radius)? else {
            return Ok(run.stalled("a product with the Hessian is not finite here"));
        };
        let length = norm(&step.p);
        step_to(&x, 1.0, &step.p, &mut x_new);
        if x_new == x || n == 0 {
            return Ok(run.stalled("no step lowers f beyond its rounding"));
        }
        let Some(f_new) = run.eval.value_gradient(&x_new, &mut g_new)? else {
            radius = 0.25 * length;
            continue;
        };
        let noise = NOISE * f.abs();
        let ratio = (f - f_new + noise) / (noise - step.model);
        if ratio < SHRINK_GROW.0 {
            // The minimizer of the parabola through f, the slope and the value reached.
            let slope = dot(&g, &step.p);
            let curvature = 2.0 * (f_new - f - slope);
            let factor = if curvature > 0.0 { -slope / curvature } else { 0.5 };
            radius = length * factor.clamp(0.1, 0.5);
        } else if ratio > SHRINK_GROW.1 && step.on_boundary {
            radius *= 2.0;
        }
        let drowned = (f_new - f).abs() <= noise && -step.model <= noise;
        if ratio < ACCEPT || (drowned && dot(&g_new, &g_new) >= dot(&g, &g)) {
            radius = radius.min(0.5 * length);
            continue;
        }
        f = f_new;
        std::mem::swap(&mut x, &mut x_new);
        std::mem::swap(&mut g, &mut g_new);
        let sy = dot(&step.p, &g) - dot(&step.p, &g_new);
        secants.push(length * length, sy, length * distance(&g, &g_new));
        let point = Iterate { x: &x, f, g: &g, step: length, radius, how: How::default() };
        run.accept(&point, &mut |_| secants.outlook(&g))?;
    }
}

/// Algorithm 7.2; `None` where a product is not finite.
fn steihaug(run: &mut Run<'_>, x: &[f64], g: &[f64], radius: f64) -> Result<Option<Step>, Stop> {
    let n = x.len();
    let size = norm(g);
    let enough = size.sqrt().min(0.5) * size;
    let mut p = vec![0.0; n];
    let mut r = g.to_vec();
    let mut d: Vec<f64> = g.iter().map(|g| -g).collect();
    let mut hd = vec![0.0; n];
    // H p, for the value of the model.
    let mut hp = vec![0.0; n];
    let mut rr = dot(&r, &r);
    for _ in 0..MAX_INNER * n {
        if !run.eval.hessian_vector(x, &d, &mut hd)? {
            return Ok(None);
        }
        let curvature = dot(&d, &hd);
        let alpha = rr / curvature;
        let leaves = curvature <= 0.0 || !alpha.is_finite() || {
            let next: f64 = p.iter().zip(&d).map(|(p, d)| (p + alpha * d).powi(2)).sum();
            next.sqrt() >= radius
        };
        if leaves {
            let tau = to_boundary(&p, &d, radius);
            axpy(tau, &d, &mut p);
            axpy(tau, &hd, &mut hp);
            return Ok(Some(step(p, &hp, g, true)));
        }
        axpy(alpha, &d, &mut p);
        axpy(alpha, &hd, &mut hp);
        axpy(alpha, &hd, &mut r);
        let rr_new = dot(&r, &r);
        if rr_new.sqrt() <= enough {
            break;
        }
        let beta = rr_new / rr;
        d.iter_mut().zip(&r).for_each(|(d, r)| *d = beta * *d - r);
        rr = rr_new;
    }
    Ok(Some(step(p, &hp, g, false)))
}

fn step(p: Vec<f64>, hp: &[f64], g: &[f64], on_boundary: bool) -> Step {
    let model = dot(g, &p) + 0.5 * dot(hp, &p);
    Step { p, model, on_boundary }
}

/// The positive tau with `|p + tau d| = radius`, free of cancellation.
fn to_boundary(p: &[f64], d: &[f64], radius: f64) -> f64 {
    let (dd, pd, pp) = (dot(d, d), dot(p, d), dot(p, p));
    let c = (radius * radius - pp).max(0.0);
    let root = (pd * pd + dd * c).sqrt();
    if pd > 0.0 { c / (pd + root) } else { (root - pd) / dd }
}

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
use crate::optim::trust::region_loop::{FIRST_RADIUS, Region, Rule, Steps, to_boundary};
use crate::optim::trust::trust_region::Step;
use crate::optim::vector::{axpy, distance, dot, norm};
use nalgebra::DVector;

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

/// The radius shrinks after a poor step and grows after a good one to the boundary.
const RULE: Rule = Rule { shrink: 0.25, grow: 0.75, factors: (0.1, 0.5), is_wary: true };
/// Inner iterations, in units of n; without rounding, n would do.
const MAX_INNER: usize = 3;

/// The steps of conjugate gradients.
struct Steihaug;

impl Steps for Steihaug {
    fn propose(
        &mut self,
        run: &mut Run<'_>,
        x: &[f64],
        g: &[f64],
        radius: f64,
    ) -> Result<Option<Step>, Stop> {
        match steihaug(run, x, g, radius)? {
            Some(step) => Ok(Some(step)),
            None => Err(run.stalled("a product with the Hessian is not finite here")),
        }
    }

    fn is_joint(&self) -> bool {
        true
    }
}

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    let start = run.first_point()?;
    let radius = FIRST_RADIUS.max(0.1 * norm(&start.0));
    let mut at = Region::new(start, radius, RULE);
    let mut secants = Secants::default();
    loop {
        let Some(step) = at.advance(run, &mut Steihaug)? else {
            return Ok(run.stalled("no step lowers f beyond its rounding"));
        };
        let (p, length) = (step.p.as_slice(), step.length);
        let before = at.gradient_before();
        let sy = dot(p, &at.g) - dot(p, before);
        secants.push(length * length, sy, length * distance(&at.g, before));
        let (f, radius) = (at.f, at.radius);
        let point = Iterate { x: &at.x, f, g: &at.g, step: length, radius, how: How::default() };
        run.accept(&point, &mut |_| secants.outlook(&at.g))?;
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
    let length = norm(&p);
    Step { p: DVector::from_vec(p), length, lambda: f64::NAN, model, on_boundary }
}

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
use crate::optim::trust::region_loop::{Region, Rule, Steps};
use crate::optim::trust::trust_region::{Step, Subproblem};
use crate::optim::vector::norm;
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

/// The radius is halved after a poor step, and grows after a good one of more than [`LONG`] of it.
const RULE: Rule = Rule { shrink: 0.1, grow: 0.75, factors: (0.5, 0.5), is_wary: true };
const LONG: f64 = 0.8;
/// An update with `|v's| < SKIP |s| |v|` is skipped.
const SKIP: f64 = 1e-8;

/// The approximation B of the Hessian, and whether it has not been updated yet.
struct Approximation {
    b: DMatrix<f64>,
    is_fresh: bool,
}

impl Steps for Approximation {
    fn propose(
        &mut self,
        _run: &mut Run<'_>,
        _x: &[f64],
        g: &[f64],
        radius: f64,
    ) -> Result<Option<Step>, Stop> {
        let step = Subproblem::new(&self.b, g).solve(radius);
        let on_boundary = step.length > LONG * radius;
        Ok(Some(Step { on_boundary, ..step }))
    }

    fn is_joint(&self) -> bool {
        true
    }

    fn learn(&mut self, step: &Step, g: &[f64], g_new: &[f64]) {
        let n = g.len();
        let y = DVector::from_iterator(n, g_new.iter().zip(g).map(|(a, b)| a - b));
        if self.is_fresh {
            let sy = step.p.dot(&y);
            if sy > 0.0 {
                self.b = DMatrix::identity(n, n) * (y.norm_squared() / sy);
            }
            self.is_fresh = false;
        }
        update(&mut self.b, &step.p, &y);
    }
}

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    let (x, f, g) = run.first_point()?;
    let n = x.len();
    memory::need_square(n, 5, "the Hessian of `sr1`, its vectors and values");
    // Until a pair is known, B makes the first trial step as long as a line search would.
    let radius = first_step_length(&x, &g) * norm(&g);
    let b = DMatrix::identity(n, n) * (norm(&g) / radius);
    let mut model = Approximation { b, is_fresh: true };
    let mut at = Region::new((x, f, g), radius, RULE);
    loop {
        let Some(step) = at.advance(run, &mut model)? else {
            return Ok(run.stalled("no step lowers f beyond its rounding"));
        };
        let Region { x, f, g, radius, .. } = &at;
        let how = How::default();
        let point = Iterate { x, f: *f, g, step: step.length, radius: *radius, how };
        run.accept(&point, &mut |_| match Subproblem::new(&model.b, g).newton_step() {
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

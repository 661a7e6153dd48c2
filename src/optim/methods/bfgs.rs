//! BFGS with a dense approximation B of the inverse Hessian.
//!
//! ```text
//! p = -B g,   x <- x + alpha p,   s = x_new - x,   y = g_new - g,   rho = 1 / y's
//! B <- (I - rho s y') B (I - rho y s') + rho s s'           (Nocedal & Wright 2006, eq. 6.17)
//! ```
//!
//! B starts as `(s'y / y'y) I`, set when the first pair is known (eq. 6.20). The line search is strong
//! Wolfe, near the optimum approximate Wolfe, so that `s'y > 0`; a pair that rounding has spoiled is skipped.
//! Values of f sharpen y where curvature grows along the step (Zhang, Deng & Chen 1999).

use super::{curvature_pair, first_step_length, longest_after};
use crate::memory;
use crate::optim::line_search::{Ray, RayBuffers, Wolfe, wolfe_search};
use crate::optim::method::{MethodDef, Need};
use crate::optim::run::{How, Iterate, Run};
use crate::optim::settled::Outlook;
use crate::optim::status::Stop;
use crate::optim::vector::{axpy, dot, norm};
use nalgebra::{DMatrix, DVectorView, DVectorViewMut};

/// The row of `bfgs`.
pub static METHOD: MethodDef = MethodDef {
    name: "bfgs",
    aliases: &[],
    family: "quasi-Newton",
    summary: "BFGS with a dense inverse Hessian and a strong Wolfe line search",
    when_to_use: "For smooth functions of up to about a thousand unknowns whose Hessian is not at hand. \
                  Converges superlinearly; an iteration costs O(n^2) beside the gradient.",
    formula: "x_new = x + alpha*p,  p = -B*g",
    needs: &[Need::Objective, Need::Gradient],
    accepts_bounds: false,
    own_options: &[],
    max_iter: 2_000,
    reference: "Nocedal & Wright (2006), algorithm 6.1, eqs. 6.17 and 6.20; More & Thuente (1994); \
                Hager & Zhang (2005), sec. 4; Zhang, Deng & Chen (1999)",
    entry: minimize,
};

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    let (mut x, mut f, mut g) = run.first_point()?;
    let n = x.len();
    let mut inverse = InverseHessian::new(n);
    let mut p = vec![0.0; n];
    let mut buffers = RayBuffers::new(n);
    let (mut s, mut y) = (vec![0.0; n], vec![0.0; n]);
    loop {
        inverse.direction(&g, &mut p);
        let mut slope = dot(&g, &p);
        if slope.is_nan() || slope >= -f64::EPSILON * norm(&g) * norm(&p) {
            inverse.reset();
            inverse.direction(&g, &mut p);
            slope = dot(&g, &p);
        }
        let first = if inverse.is_empty() { first_step_length(&x, &g) } else { 1.0 };
        let mut ray = Ray::new(run, &x, &p, (f, slope), Wolfe::default(), &mut buffers);
        let Some(trial) = wolfe_search(&mut ray, first, longest_after(first))?.step() else {
            if inverse.is_empty() {
                return Ok(run.stalled("no step along the gradient lowers f"));
            }
            inverse.reset();
            continue;
        };
        let RayBuffers { x_new, g_new, .. } = &buffers;
        if let Some(sy) = curvature_pair((&x, x_new), (&g, g_new), (f, trial.f), &mut s, &mut y) {
            inverse.update(&s, &y, sy);
        }
        f = trial.f;
        std::mem::swap(&mut x, &mut buffers.x_new);
        std::mem::swap(&mut g, &mut buffers.g_new);
        let how = How { alpha: trial.alpha, ..How::default() };
        let point = Iterate { x: &x, f, g: &g, step: norm(&s), radius: f64::NAN, how };
        run.accept(&point, &mut |_| inverse.outlook(&g))?;
    }
}

/// B, or the identity as long as no pair was taken in.
struct InverseHessian {
    b: DMatrix<f64>,
    by: Vec<f64>,
    pairs: usize,
}

impl InverseHessian {
    fn new(n: usize) -> Self {
        memory::need_square(n, 1, "the inverse Hessian of `bfgs`");
        InverseHessian { b: DMatrix::zeros(n, n), by: vec![0.0; n], pairs: 0 }
    }

    fn is_empty(&self) -> bool {
        self.pairs == 0
    }

    fn reset(&mut self) {
        self.pairs = 0;
    }

    /// `p = -B g`.
    fn direction(&self, g: &[f64], p: &mut [f64]) {
        if self.pairs == 0 {
            p.iter_mut().zip(g).for_each(|(pi, gi)| *pi = -gi);
            return;
        }
        let g = DVectorView::from_slice(g, g.len());
        let mut p = DVectorViewMut::from_slice(p, g.len());
        p.gemv(-1.0, &self.b, &g, 0.0);
    }

    /// The step that this model of f proposes.
    fn outlook(&self, g: &[f64]) -> Outlook {
        if self.is_empty() {
            return Outlook::Unknown;
        }
        let mut p = vec![0.0; g.len()];
        self.direction(g, &mut p);
        Outlook::Estimated(p)
    }

    /// Takes in a pair with `s'y = sy > 0`.
    fn update(&mut self, s: &[f64], y: &[f64], sy: f64) {
        if self.pairs == 0 {
            self.b.fill(0.0);
            self.b.fill_diagonal(sy / dot(y, y));
        }
        self.pairs += 1;
        let n = s.len();
        let rho = 1.0 / sy;
        let by = &mut self.by;
        DVectorViewMut::from_slice(by, n).gemv(1.0, &self.b, &DVectorView::from_slice(y, n), 0.0);
        // Expanded: B - rho (s (By)' + (By) s') + (rho^2 y'By + rho) s s', as one symmetric rank-two
        // update with w = (rho y'By + 1)/2 s - By.
        let half = 0.5 * (rho * dot(y, by) + 1.0);
        by.iter_mut().for_each(|entry| *entry = -*entry);
        axpy(half, s, by);
        for j in 0..n {
            let (sj, wj) = (rho * s[j], rho * by[j]);
            for i in 0..n {
                self.b[(i, j)] += s[i] * wj + by[i] * sj;
            }
        }
    }
}

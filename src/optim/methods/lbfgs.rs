//! Limited-memory BFGS, with simple bounds by projection.
//!
//! ```text
//! p = -B_k g    by the two-loop recursion over the last `memory` pairs   (Nocedal & Wright 2006, alg. 7.4)
//! B_k^0 = gamma I,   gamma = s'y / y'y                                   (eq. 7.20)
//! ```
//!
//! Under bounds a variable is held where it lies on a bound and the gradient points outward; the recursion
//! runs in the space of the others (with the entries of the pairs that belong to it), and the line search
//! follows `d = P(x + p) - x`, where P is the projection onto the box. Where d is no descent direction, the
//! projected gradient step `P(x - gamma g) - x`, which always is one, takes its place (Bertsekas 1982;
//! Schmidt, Kim & Sra 2011, sec. 11.4).

use super::{LONGEST_STEP, curvature_pair, first_step_length, longest_after};
use crate::optim::line_search::{Ray, RayBuffers, Wolfe, wolfe_search};
use crate::optim::method::{MethodDef, Need};
use crate::optim::options::{OptionDef, OptionDefault, OptionKind};
use crate::optim::run::{How, Iterate, Run};
use crate::optim::settled::Outlook;
use crate::optim::status::Stop;
use crate::optim::vector::{dot, norm, step_to};
use crate::problem::Bounds;
use std::collections::VecDeque;

/// The row of `lbfgs`.
pub static METHOD: MethodDef = MethodDef {
    name: "lbfgs",
    aliases: &["l_bfgs", "lbfgsb"],
    family: "quasi-Newton",
    summary: "limited-memory BFGS, with simple bounds",
    when_to_use: "For many unknowns, and for simple bounds. Keeps a few vectors instead of a matrix; an \
                  iteration costs O(memory * n) beside the gradient.",
    formula: "x_new = x + alpha*p,  p = -B*g, B from the last pairs of steps and gradient changes",
    needs: &[Need::Objective, Need::Gradient],
    accepts_bounds: true,
    own_options: &[OptionDef {
        name: "memory",
        kind: OptionKind::Whole { min: 1, max: 1000 },
        default: OptionDefault::Number(10.0),
        doc: "how many pairs of steps and gradient changes are kept",
    }],
    max_iter: 10_000,
    reference: "Nocedal & Wright (2006), algorithms 7.4 and 7.5, eq. 7.20; Liu & Nocedal (1989); \
                Zhang, Deng & Chen (1999); Bertsekas (1982); Schmidt, Kim & Sra (2011), \
                sec. 11.4",
    entry: minimize,
};

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    let (mut x, mut f, mut g) = run.first_point()?;
    let n = x.len();
    let mut memory = Memory::new(run.options().whole("memory").unwrap_or(10));
    let mut p = vec![0.0; n];
    let mut free = vec![true; n];
    let mut buffers = RayBuffers::new(n);
    mark_free(run.bounds(), &x, &g, &mut free);
    loop {
        let (first, longest) = direction(run, &memory, &x, &g, &free, &mut p);
        let slope = dot(&g, &p);
        let found = if slope < 0.0 {
            let mut ray = Ray::new(run, &x, &p, (f, slope), Wolfe::default(), &mut buffers);
            wolfe_search(&mut ray, first, longest)?.step()
        } else {
            None
        };
        let Some(trial) = found else {
            if memory.pairs.is_empty() {
                return Ok(run.stalled("no step along the gradient lowers f"));
            }
            memory.pairs.clear();
            continue;
        };
        let step = memory.push((&x, &buffers.x_new), (&g, &buffers.g_new), (f, trial.f));
        f = trial.f;
        std::mem::swap(&mut x, &mut buffers.x_new);
        std::mem::swap(&mut g, &mut buffers.g_new);
        let how = How { alpha: trial.alpha, ..How::default() };
        mark_free(run.bounds(), &x, &g, &mut free);
        let point = Iterate { x: &x, f, g: &g, step, radius: f64::NAN, how };
        run.accept(&point, &mut |_| memory.outlook(&g, &free, &mut p))?;
    }
}

/// A variable is held where it lies on a bound and descent would leave the box.
fn mark_free(bounds: Option<&Bounds>, x: &[f64], g: &[f64], free: &mut [bool]) {
    if let Some(bounds) = bounds {
        free.iter_mut().enumerate().for_each(|(i, free)| *free = !bounds.holds(x, g, i));
    }
}

/// Sets the search direction `p`; gives the first trial and the longest step along it.
fn direction(
    run: &Run<'_>,
    memory: &Memory,
    x: &[f64],
    g: &[f64],
    free: &[bool],
    p: &mut [f64],
) -> (f64, f64) {
    let scale = memory.two_loop(g, free, p);
    let fresh = scale.is_none();
    let Some(bounds) = run.bounds() else {
        let first = if fresh { first_step_length(x, g) } else { 1.0 };
        return (first, longest_after(first));
    };
    let gradient_scale = scale.unwrap_or_else(|| first_step_length(x, g));
    project(bounds, x, if fresh { gradient_scale } else { 1.0 }, p);
    // Clipping may turn a descent direction of a scaled gradient into an ascent direction.
    if dot(g, p) > -1e-10 * norm(g) * norm(p) {
        p.iter_mut().zip(g).for_each(|(pi, gi)| *pi = -gi);
        project(bounds, x, gradient_scale, p);
    }
    (1.0, longest_step(bounds, x, p))
}

/// `p <- P(x + scale p) - x`.
fn project(bounds: &Bounds, x: &[f64], scale: f64, p: &mut [f64]) {
    let mut target = vec![0.0; x.len()];
    step_to(x, scale, p, &mut target);
    bounds.clip(&mut target);
    for i in 0..x.len() {
        p[i] = target[i] - x[i];
    }
}

/// The largest alpha with `x + alpha p` in the box; at least 1 for a projected direction.
fn longest_step(bounds: &Bounds, x: &[f64], p: &[f64]) -> f64 {
    let (lower, upper) = (bounds.lower(), bounds.upper());
    let mut longest = LONGEST_STEP;
    for i in 0..x.len() {
        if p[i] > 0.0 {
            longest = longest.min((upper[i] - x[i]) / p[i]);
        } else if p[i] < 0.0 {
            longest = longest.min((lower[i] - x[i]) / p[i]);
        }
    }
    longest.max(1.0)
}

struct Pair {
    s: Vec<f64>,
    y: Vec<f64>,
}

/// The last pairs, oldest first.
struct Memory {
    capacity: usize,
    pairs: VecDeque<Pair>,
}

impl Memory {
    fn new(capacity: usize) -> Self {
        Memory { capacity, pairs: VecDeque::with_capacity(capacity) }
    }

    /// Takes in the pair of a step (see [`curvature_pair`]); gives the length of the step.
    fn push(&mut self, x: (&[f64], &[f64]), g: (&[f64], &[f64]), f: (f64, f64)) -> f64 {
        // The oldest pair lends its vectors once the memory is full.
        let full = self.pairs.len() == self.capacity;
        let oldest = if full { self.pairs.pop_front() } else { None };
        let n = x.0.len();
        let mut pair = oldest.unwrap_or_else(|| Pair { s: vec![0.0; n], y: vec![0.0; n] });
        let sy = curvature_pair(x, g, f, &mut pair.s, &mut pair.y);
        let step = norm(&pair.s);
        if sy.is_some() {
            self.pairs.push_back(pair);
        }
        step
    }

    /// The step that this model of f proposes, worked out in `p`; the bounds of free variables are not looked at.
    fn outlook(&self, g: &[f64], free: &[bool], p: &mut [f64]) -> Outlook {
        match self.two_loop(g, free, p) {
            Some(_) => Outlook::Estimated(p.to_vec()),
            None => Outlook::Unknown,
        }
    }

    /// `p = -B g` in the space of the free variables, 0 in the others. Gives gamma, or `None` where no pair
    /// has positive curvature there; p is then `-g`.
    fn two_loop(&self, g: &[f64], free: &[bool], p: &mut [f64]) -> Option<f64> {
        for i in 0..g.len() {
            p[i] = if free[i] { -g[i] } else { 0.0 };
        }
        let masked = |a: &[f64], b: &[f64]| -> f64 {
            a.iter().zip(b).zip(free).filter(|(_, free)| **free).map(|((a, b), _)| a * b).sum()
        };
        let all_free = free.iter().all(|free| *free);
        let product = |a: &[f64], b: &[f64]| if all_free { dot(a, b) } else { masked(a, b) };
        let add = |factor: f64, v: &[f64], p: &mut [f64]| {
            for i in 0..p.len() {
                p[i] += if free[i] { factor * v[i] } else { 0.0 };
            }
        };
        // (pair, s'y, alpha), newest first, for pairs with positive curvature in the free space.
        let mut used: Vec<(&Pair, f64, f64)> = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let sy = product(&pair.s, &pair.y);
            let size = (product(&pair.s, &pair.s) * product(&pair.y, &pair.y)).sqrt();
            if sy > 1e-14 * size {
                let alpha = product(&pair.s, p) / sy;
                add(-alpha, &pair.y, p);
                used.push((pair, sy, alpha));
            }
        }
        let (newest, sy, _) = used.first()?;
        let gamma = sy / product(&newest.y, &newest.y);
        p.iter_mut().for_each(|pi| *pi *= gamma);
        for (pair, sy, alpha) in used.iter().rev() {
            let beta = product(&pair.y, p) / sy;
            add(alpha - beta, &pair.s, p);
        }
        Some(gamma)
    }
}

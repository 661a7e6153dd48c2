//! The simplex method of Nelder and Mead with parameters that adapt to the number of unknowns.
//!
//! ```text
//! reflect 1,  expand 1 + 2/n,  contract 3/4 - 1/(2n),  shrink 1 - 1/n        (Gao & Han 2012, eq. 4.1)
//! ```
//!
//! A simplex may collapse before it has found a minimizer (McKinnon 1998). So where it has become small, a new
//! one is put up around the best point, until a whole round no longer lowers f. Bounds are kept by moving trial
//! points to them. A value that is not finite counts as infinitely high.

use super::{NO_GTOL, SPREAD_FTOL, SPREAD_XTOL};
use crate::memory;
use crate::optim::method::{MethodDef, Need};
use crate::optim::options::{OptionDef, OptionDefault, OptionKind};
use crate::optim::run::{Iterate, Run};
use crate::optim::status::Stop;
use crate::optim::vector::norm_inf;

/// The row of `nelder_mead`.
pub static METHOD: MethodDef = MethodDef {
    name: "nelder_mead",
    aliases: &["simplex"],
    family: "no derivatives",
    summary: "the simplex method of Nelder and Mead, adaptive, with restarts",
    when_to_use: "For a few unknowns and functions with kinks, noise or jumps. Slow and less exact than any \
                  method with gradients where those exist.",
    formula: "",
    needs: &[Need::Objective],
    accepts_bounds: true,
    own_options: &[
        NO_GTOL,
        SPREAD_FTOL,
        SPREAD_XTOL,
        OptionDef {
            name: "size",
            kind: OptionKind::Number { min: 1e-12, max: 1e12 },
            default: OptionDefault::Number(0.05),
            doc: "edges of the first simplex, relative to the entries of x",
        },
    ],
    max_iter: 50_000,
    reference: "Gao & Han (2012), Comput. Optim. Appl. 51, 259-277; Nelder & Mead (1965); \
                Kelley (1999), sec. 8.1",
    entry: minimize,
};

/// Rounds with a new simplex, at most.
const MAX_ROUNDS: usize = 20;

struct Vertex {
    x: Vec<f64>,
    f: f64,
}

/// The parameters of Gao and Han.
struct Moves {
    expand: f64,
    contract: f64,
    shrink: f64,
}

fn minimize(run: &mut Run<'_>) -> Result<Stop, Stop> {
    let (x, f) = run.first_value()?;
    let n = x.len();
    if n == 0 {
        return Ok(run.converged(&Iterate::without_gradient(&x, f, 0.0), "nothing moves".into()));
    }
    let size = run.options().number("size").unwrap_or(0.05);
    let dim = (n as f64).max(2.0);
    let moves =
        Moves { expand: 1.0 + 2.0 / dim, contract: 0.75 - 0.5 / dim, shrink: 1.0 - 1.0 / dim };
    let mut best = Vertex { x, f };
    for round in 0..MAX_ROUNDS {
        // Alternating directions: a new simplex is not the mirror of the last.
        let edge = if round % 2 == 0 { size } else { -0.3 * size };
        let mut simplex = new_simplex(run, &best, edge)?;
        let (spread, width) = one_round(run, &mut simplex, &moves)?;
        let gained = best.f - simplex[0].f;
        best = simplex.swap_remove(0);
        let least = run.options().ftol.max(f64::EPSILON) * best.f.abs().max(f64::MIN_POSITIVE);
        let nothing = (run.options().ftol * run.options().ftol).max(f64::EPSILON * f64::EPSILON);
        if round > 0 && gained <= least.max(nothing * run.unit_of_values(best.f)) {
            let message = format!(
                "the simplex is {width:.2e} wide, its values differ by {spread:.2e}, and a new one \
                 around the best point found nothing lower"
            );
            return Ok(run.converged(&Iterate::without_gradient(&best.x, best.f, 0.0), message));
        }
    }
    Ok(run.stalled(&format!("{MAX_ROUNDS} simplices each went a little lower")))
}

/// The best point and n more, one along each axis.
fn new_simplex(run: &mut Run<'_>, best: &Vertex, size: f64) -> Result<Vec<Vertex>, Stop> {
    memory::need_square(best.x.len(), 1, "the simplex of `nelder_mead`");
    let mut simplex = vec![Vertex { x: best.x.clone(), f: best.f }];
    for j in 0..best.x.len() {
        let mut x = best.x.clone();
        let edge = if x[j] == 0.0 { size } else { size * x[j].abs() };
        x[j] += edge;
        run.clip(&mut x);
        if x[j] == best.x[j] {
            x[j] -= edge;
            run.clip(&mut x);
        }
        let f = run.value_or_infinity(&x)?;
        simplex.push(Vertex { x, f });
    }
    Ok(simplex)
}

/// Moves the simplex until it is small; gives the spread of its values and its width.
fn one_round(run: &mut Run<'_>, simplex: &mut [Vertex], moves: &Moves) -> Result<(f64, f64), Stop> {
    let n = simplex.len() - 1;
    loop {
        simplex.sort_by(|a, b| a.f.total_cmp(&b.f));
        let spread = simplex[n].f - simplex[0].f;
        let width = width(simplex);
        let best = &simplex[0];
        run.accept_value(&Iterate::without_gradient(&best.x, best.f, width))?;
        let options = run.options();
        let narrow = is_narrow(run, simplex, options.xtol);
        // A simplex at rounding level cannot move on, whatever its values are.
        let exhausted = width <= 4.0 * f64::EPSILON * norm_inf(&best.x);
        if exhausted
            || (narrow && spread <= options.ftol * best.f.abs().max(run.unit_of_values(best.f)))
        {
            return Ok((spread, width));
        }
        step(run, simplex, moves)?;
    }
}

/// Whether every edge is within `share` of the size that its unknown has had.
fn is_narrow(run: &Run<'_>, simplex: &[Vertex], share: f64) -> bool {
    let best = &simplex[0].x;
    let near = |v: &Vertex| {
        (0..best.len()).all(|j| (v.x[j] - best[j]).abs() <= share * run.unit_of_unknown(j))
    };
    simplex.iter().all(near)
}

fn width(simplex: &[Vertex]) -> f64 {
    let distance =
        |v: &Vertex| v.x.iter().zip(&simplex[0].x).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    simplex.iter().map(distance).fold(0.0, f64::max)
}

/// One reflection, expansion, contraction or shrinkage of a sorted simplex.
fn step(run: &mut Run<'_>, simplex: &mut [Vertex], moves: &Moves) -> Result<(), Stop> {
    let n = simplex.len() - 1;
    let center: Vec<f64> =
        (0..n).map(|j| simplex[..n].iter().map(|v| v.x[j]).sum::<f64>() / n as f64).collect();
    let worst = simplex[n].x.clone();
    let at = |run: &mut Run<'_>, factor: f64| -> Result<Vertex, Stop> {
        let mut x: Vec<f64> =
            center.iter().zip(&worst).map(|(c, w)| c + factor * (c - w)).collect();
        run.clip(&mut x);
        let f = run.value_or_infinity(&x)?;
        Ok(Vertex { x, f })
    };
    let reflected = at(run, 1.0)?;
    if reflected.f < simplex[0].f {
        let expanded = at(run, moves.expand)?;
        simplex[n] = if expanded.f < reflected.f { expanded } else { reflected };
        return Ok(());
    }
    if reflected.f < simplex[n - 1].f {
        simplex[n] = reflected;
        return Ok(());
    }
    let outside = reflected.f < simplex[n].f;
    let contracted = at(run, if outside { moves.contract } else { -moves.contract })?;
    let limit = if outside { reflected.f } else { simplex[n].f };
    if contracted.f < limit || (outside && contracted.f == limit) {
        simplex[n] = contracted;
        return Ok(());
    }
    let (best, others) = simplex.split_at_mut(1);
    for vertex in others {
        for (x, b) in vertex.x.iter_mut().zip(&best[0].x) {
            *x = b + moves.shrink * (*x - b);
        }
        vertex.f = run.value_or_infinity(&vertex.x)?;
    }
    Ok(())
}

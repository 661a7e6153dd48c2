//! Compiled derivatives against those of the plain evaluator, for the command `check`: of the same parts that an
//! optimization would run.

use std::sync::Arc;

use nalgebra::DMatrix;

use super::compiled::{Compiled, entry_names};
use super::engine::Engine;
use super::structure;
use crate::equality::{Domain, Point, derivatives};
use crate::expr::{ExprId, Graph, SymbolId};
use crate::problem::Problem;
use crate::report::number;

/// The evaluator's Hessian is asked for with at most this many entries of unknowns.
const MAX_HESSIAN: usize = 40;
/// Agreement that rounding may spoil, relative to the largest entry.
const TOLERANCE: f64 = 1e-6;
/// What is left where terms cancel, relative to the parts of lower order.
const CANCELLED: f64 = 256.0 * f64::EPSILON;
/// Points beside one at which values are taken that move with the last digits.
const NEIGHBOURS: usize = 6;
/// How many times the spread of the evaluator's own values among neighbours two ways of computing may differ.
const SPREADS: f64 = 64.0;

/// What a way to evaluate gives at a point.
struct Parts {
    /// Value, gradient and Hessian, one after the other.
    found: Vec<f64>,
}

impl Parts {
    fn new(
        g: &mut Graph,
        engine: Engine,
        f: ExprId,
        vars: &[SymbolId],
        points: &[Vec<f64>],
        second: bool,
    ) -> Vec<Parts> {
        let squares = structure::squares(g, f);
        let residuals = squares.is_some();
        let mut problem = Compiled::new(g, engine, f, vars, squares, None);
        problem.get_ready(residuals);
        points.iter().map(|x| Parts::at(&mut problem, x, second)).collect()
    }

    fn at(problem: &mut Compiled, x: &[f64], second: bool) -> Parts {
        let n = x.len();
        let mut gradient = vec![0.0; n];
        let mut found = vec![problem.value_gradient(x, &mut gradient)];
        found.extend(gradient);
        if second && n <= MAX_HESSIAN && problem.hessian_kind().is_dense() {
            let mut hessian = DMatrix::zeros(n, n);
            problem.hessian(x, &mut hessian);
            found.extend(hessian.iter());
        }
        Parts { found }
    }
}

/// Where compiled code and evaluator disagree at the point or near it, in words; in second derivatives only if
/// `second` asks for them.
pub(crate) fn difference(
    g: &mut Graph,
    engine: &Engine,
    f: ExprId,
    domains: &[Domain],
    point: &Point,
    second: bool,
) -> Option<String> {
    if engine.is_plain() {
        return None;
    }
    let vars: Vec<SymbolId> = domains.iter().map(|d| d.unknown).collect();
    let flat = |p: &Point| p.iter().flat_map(|(_, t)| t.data().to_vec()).collect::<Vec<f64>>();
    let mut points = vec![flat(point)];
    points.extend(derivatives::around(domains, point).iter().map(flat));
    let fast = Engine { interrupt: Arc::clone(&engine.interrupt), ..engine.clone() };
    let slow = || engine.plain();
    let compiled = Parts::new(g, fast, f, &vars, &points, second);
    let plain = Parts::new(g, slow(), f, &vars, &points, second);
    let names = entry_names(g, &vars);
    let pairs = compiled.iter().zip(&plain).enumerate();
    let mut pairs =
        pairs.filter(|(_, (a, b))| disagreement(&a.found, &b.found, &names, &[]).is_some());
    pairs.find_map(|(k, (a, b))| {
        let moved: Vec<Vec<f64>> = (0..NEIGHBOURS).map(|n| neighbour(&points[k], n)).collect();
        let noise = spread(b, &Parts::new(g, slow(), f, &vars, &moved, second));
        let place = if k == 0 { "at this point" } else { "at a random point near it" };
        disagreement(&a.found, &b.found, &names, &noise).map(|what| {
            format!("wrong: {place} compiled code gives {what}; this is a bug in Gradus; please report it")
        })
    })
}

/// The point with each entry moved by a few units in its last place, in a pattern of its own for each `n`.
fn neighbour(point: &[f64], n: usize) -> Vec<f64> {
    let moved = |(i, x): (usize, &f64)| {
        let units = (i * 5 + n * 3) % 7;
        x + x * f64::EPSILON * (units as f64 - 3.0)
    };
    point.iter().enumerate().map(moved).collect()
}

/// How far each part moves from `plain` to its neighbours: what rounding alone decides.
fn spread(plain: &Parts, neighbours: &[Parts]) -> Vec<f64> {
    let largest = |(k, at): (usize, &f64)| {
        let moves = neighbours.iter().filter_map(|p| p.found.get(k)).map(|v| (v - at).abs());
        moves.filter(|m| m.is_finite()).fold(0.0, f64::max)
    };
    plain.found.iter().enumerate().map(largest).collect()
}

/// The entry that disagrees beyond its `noise`, if one does. What is not finite is left to the evaluator.
fn disagreement(
    compiled: &[f64],
    plain: &[f64],
    names: &[String],
    noise: &[f64],
) -> Option<String> {
    let n = names.len();
    let parts = [(0, 1), (1, n + 1), (n + 1, plain.len())];
    let largest =
        |of: &[f64]| of.iter().filter(|v| v.is_finite()).fold(0.0f64, |a, v| a.max(v.abs()));
    parts.into_iter().find_map(|(from, to)| {
        // A part that is zero but for rounding is rounded as what it was computed from.
        let rounded = CANCELLED / TOLERANCE * largest(&plain[..from]);
        let size = largest(plain.get(from..to)?).max(rounded).max(1e-9);
        let differs = |k: &usize| {
            let (a, b) = (compiled[*k], plain[*k]);
            let noise = noise.get(*k).map_or(0.0, |n| SPREADS * n);
            let agrees = (a - b).abs() <= (TOLERANCE * size).max(noise);
            // What is not a number agrees with nothing.
            b.is_finite() && !agrees
        };
        let k = (from..to).find(differs)?;
        let name = |i: usize| &names[i];
        let what = match k {
            0 => "the value".to_string(),
            _ if k <= n => format!("the derivative by {}", name(k - 1)),
            _ => {
                let (j, i) = ((k - n - 1) / n, (k - n - 1) % n);
                format!("the second derivative by {} and {}", name(i), name(j))
            }
        };
        let (a, b) = (number::human(compiled[k]), number::human(plain[k]));
        Some(format!("{a} for {what}, the evaluator {b}"))
    })
}

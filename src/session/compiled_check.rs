//! Compiled derivatives against those of the plain evaluator, for the command `check`: of the same parts that an
//! optimization would run.

use std::sync::Arc;

use nalgebra::DMatrix;

use super::compiled::{Compiled, entry_names};
use super::program::Engine;
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
    ) -> Vec<Parts> {
        let squares = structure::squares(g, f);
        let residuals = squares.is_some();
        let mut problem = Compiled::new(g, engine, f, vars, squares, None);
        problem.get_ready(residuals);
        points.iter().map(|x| Parts::at(&mut problem, x)).collect()
    }

    fn at(problem: &mut Compiled, x: &[f64]) -> Parts {
        let n = x.len();
        let mut gradient = vec![0.0; n];
        let mut found = vec![problem.value_gradient(x, &mut gradient)];
        found.extend(gradient);
        if n <= MAX_HESSIAN && problem.has_hessian() {
            let mut hessian = DMatrix::zeros(n, n);
            problem.hessian(x, &mut hessian);
            found.extend(hessian.iter());
        }
        Parts { found }
    }
}

/// Where compiled code and evaluator disagree at the point or near it, in words.
pub(super) fn difference(
    g: &mut Graph,
    engine: &Engine,
    f: ExprId,
    domains: &[Domain],
    point: &Point,
) -> Option<String> {
    if !engine.jit {
        return None;
    }
    let vars: Vec<SymbolId> = domains.iter().map(|d| d.unknown).collect();
    let flat = |p: &Point| p.iter().flat_map(|(_, t)| t.data().to_vec()).collect::<Vec<f64>>();
    let mut points = vec![flat(point)];
    points.extend(derivatives::around(domains, point).iter().map(flat));
    let fast = Engine { interrupt: Arc::clone(&engine.interrupt), ..engine.clone() };
    let slow = Engine { jit: false, ..engine.clone() };
    let compiled = Parts::new(g, fast, f, &vars, &points);
    let plain = Parts::new(g, slow, f, &vars, &points);
    let names = entry_names(g, &vars);
    let pairs = compiled.iter().zip(&plain).enumerate();
    pairs.into_iter().find_map(|(k, (a, b))| {
        let place = if k == 0 { "at this point" } else { "at a random point near it" };
        disagreement(&a.found, &b.found, &names).map(|what| {
            format!("wrong: {place} compiled code gives {what}; this is a bug in Gradus; please report it")
        })
    })
}

/// The entry that disagrees, if one does. What is not finite is left to the evaluator.
fn disagreement(compiled: &[f64], plain: &[f64], names: &[String]) -> Option<String> {
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
            let agrees = (a - b).abs() <= TOLERANCE * size;
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

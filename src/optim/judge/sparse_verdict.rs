//! What kind of point a solution of a large problem is, from the factors of its sparse Hessian.
//!
//! By Sylvester's law of inertia `H - c I` has a Cholesky factor if and only if every eigenvalue of H is above c. So
//! three factorizations at most tell what [`verdict`](super::verdict) reads from eigenvalues, by the same cuts after the
//! same scaling: every eigenvalue above a cut, none below minus another, all below minus a cut. A direction that is flat
//! or falls comes from inverse iterations.

use super::verdict::{FALLING, FLAT, PointKind, TINY_STEP, Verdict, visible, with_values};
use crate::optim::run::is_held;
use crate::optim::trust::sparse_region::SparseHessian;
use crate::problem::{Bounds, Problem, SymmetricPattern};
use std::sync::Arc;

/// The verdict of a run that ended at `x: n` with value `f` and gradient `g: n`, from the Hessian of that pattern.
/// `None` where there is no memory for its factors.
///
/// Costs one Hessian, a few factorizations and a few values.
pub fn examine_sparse(
    problem: &mut dyn Problem,
    (x, f): (&[f64], f64),
    g: &[f64],
    pattern: Arc<SymmetricPattern>,
    bounds: Option<&Bounds>,
    converged: bool,
) -> Option<Verdict> {
    let n = x.len();
    let held: Vec<bool> = (0..n).map(|i| is_held(x, g, bounds, i)).collect();
    let slope: Vec<f64> = g.iter().zip(&held).map(|(g, h)| if *h { 0.0 } else { *g }).collect();
    let mut h = SparseHessian::new(Arc::clone(&pattern))?;
    problem.sparse_hessian(x, h.values_mut());
    let finite = h.values_mut().iter().all(|entry| entry.is_finite());
    take_out(&pattern, h.values_mut(), &held);
    let weights = weights(&pattern, h.values_mut());
    pattern.for_each(|i, j, k| h.values_mut()[k] *= weights[i] * weights[j]);
    let scaled: Vec<f64> = slope.iter().zip(&weights).map(|(g, w)| g * w).collect();
    h.refresh(&scaled);
    let cut = FLAT * h.size();
    let verdict = |kind, direction| Verdict {
        kind,
        at_bounds: (0..n).filter(|&i| held[i]).collect(),
        direction,
        curvature: (f64::NAN, f64::NAN),
        condition: f64::NAN,
    };
    let mut newton = vec![0.0; n];
    if !finite {
        let found = verdict(PointKind::NotStationary, Vec::new());
        return Some(with_values(problem, found, (x, f), g, &newton, converged));
    }
    let free = held.iter().filter(|h| !**h).count();
    let shifts = [-cut, cut, FALLING * h.size()];
    // Unknowns without curvature count as flat here; the factors leave them out.
    let empty = h.empty().to_vec();
    let definite = shifts.iter().position(|&shift| h.factors(shift));
    if definite.is_some() {
        let mut p = h.newton(&scaled);
        p.iter_mut().zip(&weights).for_each(|(p, w)| *p *= w);
        newton = p;
    }
    let tiny = |(p, x): (&f64, &f64)| p.abs() <= TINY_STEP * x.abs().max(1.0);
    let settled = converged || (definite.is_some() && newton.iter().zip(x).all(tiny));
    let found = match definite {
        _ if !settled => verdict(PointKind::NotStationary, Vec::new()),
        _ if free == 0 => verdict(PointKind::AtBound, Vec::new()),
        Some(_) if !empty.is_empty() => verdict(PointKind::FlatDirection, empty),
        Some(0) if free < n => verdict(PointKind::AtBound, Vec::new()),
        Some(0) => verdict(PointKind::StrictMinimum, Vec::new()),
        Some(_) => verdict(PointKind::FlatDirection, visible(&h.least_vector())),
        None => {
            let direction = visible(&h.least_curvature().2);
            h.values_mut().iter_mut().for_each(|value| *value = -*value);
            h.refresh(&scaled);
            let top = free == n && h.factors(-cut);
            verdict(if top { PointKind::LocalMaximum } else { PointKind::SaddlePoint }, direction)
        }
    };
    Some(with_values(problem, found, (x, f), g, &newton, converged))
}

/// Unknowns at bounds are taken out: their rows become those of the identity.
fn take_out(pattern: &SymmetricPattern, values: &mut [f64], held: &[bool]) {
    pattern.for_each(|i, j, k| {
        if held[i] || held[j] {
            values[k] = if i == j { 1.0 } else { 0.0 };
        }
    });
}

/// The weights of [`unit_weights`](crate::optim::trust::trust_region::unit_weights).
fn weights(pattern: &SymmetricPattern, values: &[f64]) -> Vec<f64> {
    let n = pattern.n();
    let diagonal: Vec<f64> = (0..n).map(|j| values[pattern.diagonal(j)].abs()).collect();
    let (mut scaled, mut largest) = (diagonal.clone(), vec![0.0_f64; n]);
    pattern.for_each(|i, j, k| {
        let entry = values[k].abs();
        for (row, column) in [(i, j), (j, i)] {
            largest[row] = largest[row].max(entry);
            if diagonal[column] != 0.0 {
                scaled[row] = scaled[row].max(entry * (entry / diagonal[column]));
            }
        }
    });
    let size = |(scaled, largest): (&f64, &f64)| if *scaled > 0.0 { *scaled } else { *largest };
    let weight = |size: f64| if size > 0.0 { 1.0 / size.sqrt() } else { 1.0 };
    scaled.iter().zip(&largest).map(size).map(weight).collect()
}

//! What lies beyond the point where a run ended: lower ground that the gradient test cannot see, or the edge of
//! the domain.
//!
//! A small gradient is no proof of a minimum. On the way to an infimum that is not attained, as of `exp(-x)`, the
//! gradient falls below any tolerance; so it does where f is merely flat, as `x^3` at 0. There the Newton step
//! stays long, or f falls at every distance along it, which a few values tell. In come callbacks and
//! numbers, out comes a [`Beyond`]; the values are not counted, for they belong to the verdict and not to the
//! method.

use crate::optim::vector::{norm_inf, step_to};
use crate::problem::Problem;

/// What the values beyond a point show.
#[derive(Clone, Debug, PartialEq)]
pub enum Beyond {
    /// f rises, as it does around a minimum.
    Rises,
    /// f falls at every distance tried, toward `limit`.
    Levels {
        /// The value that f levels off to.
        limit: f64,
    },
    /// f falls at every distance tried, by ever more.
    Falls,
}

/// Each probe is so many times as far away as the one before.
const STRIDE: f64 = 4.0;
/// Probes go on to this distance, relative to `max(1, |x|)`: beyond it "infinity" is a fair word.
const FAR: f64 = 100.0;
/// Distances at which the edge of the domain counts as near, relative to `max(1, |x|)`.
const NEAR: [f64; 4] = [1e-13, 1e-11, 1e-9, 1e-7];

/// Follows f from `x: n`, where it is `f`, along the Newton step `p: n`, at distances `|p|`, `4|p|`, ...
///
/// Around a minimizer f rises by `FAR` at the latest. Costs one value where x is a minimizer, and some ten to
/// thirty where it is none.
pub fn look_beyond(problem: &mut dyn Problem, x: &[f64], f: f64, p: &[f64]) -> Beyond {
    let length = norm_inf(p);
    let scale = norm_inf(x).max(1.0);
    if length == 0.0 || !length.is_finite() {
        return Beyond::Rises;
    }
    let mut point = vec![0.0; x.len()];
    let (mut factor, mut lowest, mut falls) = (1.0, f, Vec::new());
    while factor * length <= FAR * scale {
        step_to(x, factor, p, &mut point);
        let is_inside = problem.bounds().is_none_or(|bounds| bounds.contains(&point));
        let value = if is_inside { problem.value(&point) } else { f64::INFINITY };
        let rounding = 4.0 * f64::EPSILON * lowest.abs();
        if value.is_nan() || value > lowest + rounding {
            return Beyond::Rises;
        }
        falls.push(lowest - value);
        lowest = value.min(lowest);
        factor *= STRIDE;
    }
    // Rounding alone makes no fall.
    let total = f - lowest;
    if falls.is_empty() || total <= 16.0 * f64::EPSILON * f.abs() {
        return Beyond::Rises;
    }
    let last = falls[falls.len() - 1];
    let before = falls.len().checked_sub(2).map_or(0.0, |k| falls[k]);
    if last > before { Beyond::Falls } else { Beyond::Levels { limit: lowest } }
}

/// Whether f is not finite a little way down the slope: the run ended where the domain does. `g: n`.
pub fn is_edge_of_domain(problem: &mut dyn Problem, x: &[f64], g: &[f64]) -> bool {
    let steepest = norm_inf(g);
    if steepest == 0.0 || !steepest.is_finite() {
        return false;
    }
    let scale = norm_inf(x).max(1.0);
    let mut point = vec![0.0; x.len()];
    NEAR.iter().any(|distance| {
        step_to(x, -distance * scale / steepest, g, &mut point);
        if let Some(bounds) = problem.bounds() {
            bounds.clip(&mut point);
        }
        !problem.value(&point).is_finite()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::ClosureProblem;

    fn beyond(f: fn(f64) -> f64, x: f64, p: f64) -> Beyond {
        let mut problem = ClosureProblem::new(1).objective(move |x| f(x[0]));
        look_beyond(&mut problem, &[x], f(x), &[p])
    }

    #[test]
    fn infima_slopes_and_minima_are_told_apart() {
        assert!(matches!(beyond(|x| (-x).exp(), 19.0, 1.0), Beyond::Levels { limit: 0.0 }));
        assert!(matches!(beyond(|x| 1.0 / x, 1e4, 5e3), Beyond::Levels { .. }));
        assert_eq!(beyond(|x| x.powi(3), 3e-5, -1.5e-5), Beyond::Falls);
        assert_eq!(beyond(|x| -x.sqrt(), 1e8, 2e8), Beyond::Falls);
        assert_eq!(beyond(|x| (x - 2.0).powi(4), 1.999, 3e-4), Beyond::Rises);
        assert_eq!(beyond(|x| x * x, 1e-9, -1e-9), Beyond::Rises);
        assert_eq!(beyond(|_| 3.0, 1.0, 1.0), Beyond::Rises);
    }

    #[test]
    fn an_edge_is_where_values_end() {
        let mut root = ClosureProblem::new(1).objective(|x| x[0].sqrt());
        assert!(is_edge_of_domain(&mut root, &[1e-60], &[1e30]));
        assert!(!is_edge_of_domain(&mut root, &[1.0], &[0.5]));
    }
}

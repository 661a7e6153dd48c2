//! The double dogleg: a path of straight lines in place of the exact minimizer within a radius.
//!
//! ```text
//! 0 -> c = -(g'g / g'Bg) g -> eta n -> n = -B^-1 g,    eta = 0.2 + 0.8 g'c / g'n
//! ```
//!
//! Along the path |p| grows and the model falls, so that the step for a radius is the point where the path leaves it
//! (Powell 1970; the bend toward n: Dennis & Mei 1979, Dennis & Schnabel 1983, sec. 6.4.2; Nocedal & Wright 2006, sec.
//! 4.1). That costs one Cholesky factorization a point, and O(n^2) a radius. B is H where that is positive definite.
//! Elsewhere it is `H + shift I` with twice the size of the least eigenvalue for the shift, and a path that ends inside
//! goes on along the least eigenvector to the boundary, down the gradient: so a step never lacks the curvature that leads
//! away from a saddle (Shultz, Schnabel & Byrd 1985).

use super::region_loop::to_boundary;
use super::trust_region::{NEGATIVE, Step, Subproblem};
use crate::optim::vector::norm;
use nalgebra::{DMatrix, DVector};

/// The share of eta that depends on the model; 0 would be Powell's path.
const BEND: f64 = 0.8;
/// The shift of a semidefinite H, in shares of its largest eigenvalue.
const FLAT: f64 = 1e-8;

/// The path at one point.
pub struct Dogleg<'a> {
    h: &'a DMatrix<f64>,
    g: DVector<f64>,
    /// `g / |g|`, and the length of c; no model curvature along g leaves it infinite.
    downhill: DVector<f64>,
    cauchy: f64,
    /// n and eta; not finite where H is zero.
    newton: DVector<f64>,
    bend: f64,
    /// The least eigenvector, pointing down the gradient, where its eigenvalue is negative.
    least: Option<DVector<f64>>,
}

impl<'a> Dogleg<'a> {
    /// The path for the Hessian `h: n x n` and gradient `g: n` that `model` has. `O(n^3)`, some ten times as much where H
    /// is not positive definite.
    pub fn new(h: &'a DMatrix<f64>, g: &[f64], model: &mut Subproblem<'_>) -> Self {
        let g = DVector::from_column_slice(g);
        let (newton, shift, least) = match model.newton_step() {
            Some(newton) => (newton, 0.0, None),
            None => {
                let (value, largest, q) = model.least_curvature();
                let falls = value < -NEGATIVE * largest;
                let shift = if falls { -2.0 * value } else { FLAT * largest - value };
                let q = if q.dot(&g) > 0.0 { -q } else { q };
                (model.shifted_newton(shift), shift, falls.then_some(q))
            }
        };
        let size = norm(g.as_slice());
        let downhill = if size > 0.0 { &g * (-1.0 / size) } else { g.clone() };
        let curvature = downhill.dot(&(h * &downhill)) + shift * downhill.norm_squared();
        let cauchy = if curvature > 0.0 { size / curvature } else { f64::INFINITY };
        let promised = -g.dot(&newton) / size;
        // By the inequality of Cauchy and Schwarz the quotient is at most 1.
        let bend = 1.0 - BEND + BEND * (cauchy / promised).min(1.0);
        Dogleg { h, g, downhill, cauchy, newton, bend, least }
    }

    /// The step within `radius > 0`.
    pub fn within(&self, radius: f64) -> Step {
        let whole = norm(self.newton.as_slice());
        if whole <= radius {
            return match &self.least {
                None => self.step(self.newton.clone(), false),
                Some(q) => {
                    let rest = to_boundary(self.newton.as_slice(), q.as_slice(), radius);
                    self.step(&self.newton + q * rest, true)
                }
            };
        }
        if self.cauchy >= radius {
            return self.step(&self.downhill * radius, true);
        }
        let bent = self.bend * whole;
        if bent <= radius {
            return self.step(&self.newton * (radius / whole), true);
        }
        let cauchy = &self.downhill * self.cauchy;
        if !bent.is_finite() {
            return self.step(cauchy, false);
        }
        let toward = &self.newton * self.bend - &cauchy;
        let rest = to_boundary(cauchy.as_slice(), toward.as_slice(), radius);
        self.step(cauchy + toward * rest, true)
    }

    fn step(&self, p: DVector<f64>, on_boundary: bool) -> Step {
        let model = self.g.dot(&p) + 0.5 * p.dot(&(self.h * &p));
        let length = norm(p.as_slice());
        Step { p, length, lambda: f64::NAN, model, on_boundary }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps for growing radii, as `(length, model)`; none leaves its region.
    fn steps(h: &[f64], g: &[f64]) -> Vec<(f64, f64)> {
        let n = g.len();
        let h = DMatrix::from_row_slice(n, n, h);
        let mut model = Subproblem::new(&h, g);
        let path = Dogleg::new(&h, g, &mut model);
        (-20..=10)
            .map(|k| {
                let radius = 2_f64.powi(k);
                let step = path.within(radius);
                assert!(step.length <= radius * (1.0 + 1e-12), "{} > {radius}", step.length);
                (step.length, step.model)
            })
            .collect()
    }

    #[test]
    fn lengths_grow_and_the_model_falls_along_the_path() {
        let models: [(&[f64], &[f64]); 5] = [
            (&[2.0, 0.0, 0.0, 4.0], &[1.0, 1.0]),
            (&[1e4, 30.0, 30.0, 1.0], &[1.0, -3.0]),
            (&[-2.0, 1.0, 1.0, 4.0], &[1.0, 1.0]),
            (&[-2.0, 0.0, 0.0, 4.0], &[0.0, 1.0]),
            (&[0.0, 0.0, 0.0, 0.0], &[0.0, 1.0]),
        ];
        for (h, g) in models {
            let steps = steps(h, g);
            for pair in steps.windows(2) {
                assert!(pair[1].0 >= pair[0].0 * (1.0 - 1e-12), "{h:?}: {steps:?}");
                assert!(pair[1].1 <= pair[0].1 + 1e-12 * pair[0].1.abs(), "{h:?}: {steps:?}");
            }
        }
    }

    #[test]
    fn the_path_ends_at_the_newton_step() {
        let steps = steps(&[2.0, 0.0, 0.0, 4.0], &[1.0, 1.0]);
        let (length, model) = steps[steps.len() - 1];
        assert!((length - 0.3125_f64.sqrt()).abs() < 1e-15 && (model + 0.375).abs() < 1e-15);
    }

    #[test]
    fn stationary_saddles_and_maxima_are_left() {
        for h in [[-2.0, 0.0, 0.0, 4.0], [-2.0, 0.0, 0.0, -2.0]] {
            let steps = steps(&h, &[0.0, 0.0]);
            assert!(steps.iter().all(|(length, model)| *model < -0.99 * length * length));
        }
    }

    #[test]
    fn a_direction_without_slope_and_curvature_is_left_alone() {
        let last = steps(&[2.0, 0.0, 0.0, 0.0], &[1.0, 0.0]).pop();
        assert!(last.is_some_and(|(length, _)| (length - 0.5).abs() < 1e-7));
    }
}

//! The trust-region subproblem for a dense symmetric H, solved exactly.
//!
//! ```text
//! minimize  m(p) = g'p + 1/2 p'Hp   subject to   |p|_2 <= delta
//! ```
//!
//! p is a solution if and only if some `lambda >= 0` has `(H + lambda I) p = -g`, `H + lambda I` positive
//! semidefinite, and `lambda (delta - |p|) = 0` (More & Sorensen 1983, lemmas 2.1 and 2.3; Conn, Gould &
//! Toint 2000, cor. 7.2.2). A Cholesky factorization answers the common case, an interior Newton step;
//! otherwise H is decomposed once into eigenvectors, in which every lambda costs O(n), and the secular
//! equation and its hard case are plain to see (Conn, Gould & Toint, secs. 7.3.1 to 7.3.4).

use super::eigen::symmetric_eigen;
use crate::optim::vector::{dot, norm};
use crate::patience;
use nalgebra::{DMatrix, DVector};

/// Iterations for the secular equation; Newton from the left of the root takes about five.
const MAX_ITERATIONS: usize = 60;
/// From this size on a factorization takes a tenth of a second and more.
const LONG: usize = 500;
/// The boundary is met to this relative accuracy.
const BOUNDARY: f64 = 1e-10;

/// A solution of the subproblem.
#[derive(Clone, Debug)]
pub struct Step {
    /// The step, n entries.
    pub p: DVector<f64>,
    /// `|p|`.
    pub length: f64,
    /// The multiplier of the trust region; 0 for an interior step.
    pub lambda: f64,
    /// `m(p) <= 0`.
    pub model: f64,
    /// Whether it ends on the boundary of the region.
    pub on_boundary: bool,
}

/// H at one point, factored as far as the radii asked for have needed.
///
/// A rejected step asks again with a smaller delta and reuses the factors.
pub struct Subproblem<'a> {
    h: &'a DMatrix<f64>,
    g: &'a [f64],
    newton: Newton,
    eigen: Option<Eigen>,
}

/// The unconstrained minimizer of the model.
enum Newton {
    NotTried,
    Indefinite,
    Found(DVector<f64>),
}

struct Eigen {
    /// Ascending order is not assumed; `least` is the index of the smallest.
    values: DVector<f64>,
    vectors: DMatrix<f64>,
    /// `Q'g`.
    g: DVector<f64>,
    least: usize,
    /// The largest absolute eigenvalue.
    scale: f64,
}

/// What a Newton method asks of the quadratic model at a point, whatever form its Hessian has.
pub trait Model {
    /// The minimizer for the radius `delta > 0`; `None` where the Hessian cannot be factored.
    fn within(&mut self, delta: f64) -> Option<Step>;
    /// Whether H has no negative curvature beyond rounding.
    fn is_semidefinite(&mut self) -> bool;
    /// The Newton step where H is positive definite.
    fn newton(&mut self) -> Option<Vec<f64>>;
    /// The Newton step of the matrix in which every eigenvalue is replaced by its absolute value, and those at
    /// rounding level by a floor above it, so that noise of the gradient makes no step there.
    fn regularized(&mut self) -> Option<Vec<f64>>;
    /// The Newton step where H is positive definite, else that of a matrix near it that is.
    fn descent(&mut self) -> Option<Vec<f64>>;
    /// The least eigenvalue of H and its eigenvector; asked for where H is not semidefinite.
    fn least(&mut self) -> (f64, Vec<f64>);
    /// `sum_k |H_jk| |x_k|` for all j.
    fn change(&self, x: &[f64]) -> Vec<f64>;
    /// Whether a value costs so much that it is asked for together with its gradient.
    fn is_large(&self) -> bool;
}

/// Curvature counts as negative below minus this share of the largest.
pub const NEGATIVE: f64 = 1e-10;

impl Model for Subproblem<'_> {
    fn within(&mut self, delta: f64) -> Option<Step> {
        Some(self.solve(delta))
    }

    fn is_semidefinite(&mut self) -> bool {
        self.is_positive_definite() || {
            let (least, largest, _) = self.least_curvature();
            least >= -NEGATIVE * largest
        }
    }

    fn newton(&mut self) -> Option<Vec<f64>> {
        Some(self.newton_step()?.as_slice().to_vec())
    }

    fn regularized(&mut self) -> Option<Vec<f64>> {
        regularized_newton(self.h, self.g)
    }

    fn descent(&mut self) -> Option<Vec<f64>> {
        let p = self.newton_step().unwrap_or_else(|| self.modified_newton());
        Some(p.as_slice().to_vec())
    }

    fn least(&mut self) -> (f64, Vec<f64>) {
        let (least, _, q) = self.least_curvature();
        (least, q.as_slice().to_vec())
    }

    fn change(&self, x: &[f64]) -> Vec<f64> {
        let rows = self.h.row_iter();
        rows.map(|row| row.iter().zip(x).map(|(h, x)| (h * x).abs()).sum::<f64>()).collect()
    }

    fn is_large(&self) -> bool {
        false
    }
}

/// Eigenvalues of the scaled Hessian count as at least this share of the largest.
const LEAST: f64 = 1e-12;

/// `-|H|^-1 g` with the absolute values of the eigenvalues of H, after scaling by [`unit_weights`]; none counts as less than [`LEAST`] of the largest. `h: n x n`, `g: n`; `None` where an entry is not finite.
pub fn regularized_newton(h: &DMatrix<f64>, g: &[f64]) -> Option<Vec<f64>> {
    if h.iter().any(|entry| !entry.is_finite()) {
        return None;
    }
    let weights = unit_weights(h);
    let n = g.len();
    let scaled = DMatrix::from_fn(n, n, |i, j| weights[i] * h[(i, j)] * weights[j]);
    let eigen = symmetric_eigen(scaled);
    let floor = LEAST * eigen.values.amax();
    let g = DVector::from_iterator(n, g.iter().zip(&weights).map(|(g, w)| g * w));
    let parts = eigen.vectors.tr_mul(&g).zip_map(&eigen.values, |g, value| match g == 0.0 {
        true => 0.0,
        false => -g / value.abs().max(floor),
    });
    let q = eigen.vectors * parts;
    Some(q.iter().zip(&weights).map(|(q, w)| q * w).collect())
}

/// Weights that take the units from the rows and columns of H, `1 / sqrt(max(|H_ii|, max_k H_ik^2/|H_kk|))`.
///
/// Where H is positive definite that is `1 / sqrt(H_ii)`, which leaves a diagonal of ones; in a row without such entries
/// it is `1 / sqrt(max_k |H_ik|)`, and 1 in a row of zeros.
pub fn unit_weights(h: &DMatrix<f64>) -> Vec<f64> {
    let n = h.nrows();
    let size = |i: usize| {
        let across = (0..n).filter(|&k| h[(k, k)] != 0.0);
        let scaled = |k: usize| h[(i, k)].abs() * (h[(i, k)] / h[(k, k)]).abs();
        let size = across.map(scaled).fold(h[(i, i)].abs(), f64::max);
        if size > 0.0 { size } else { (0..n).map(|k| h[(i, k)].abs()).fold(0.0, f64::max) }
    };
    (0..n).map(size).map(|size| if size > 0.0 { 1.0 / size.sqrt() } else { 1.0 }).collect()
}

impl<'a> Subproblem<'a> {
    /// The model with Hessian `h: n x n` (symmetric) and gradient `g: n`. Costs nothing yet.
    pub fn new(h: &'a DMatrix<f64>, g: &'a [f64]) -> Self {
        Subproblem { h, g, newton: Newton::NotTried, eigen: None }
    }

    /// The exact minimizer for the radius `delta > 0`. `O(n^3)` once, then `O(n^2)` a call.
    pub fn solve(&mut self, delta: f64) -> Step {
        self.factor();
        if let Newton::Found(p) = &self.newton
            && norm(p.as_slice()) <= delta
        {
            return self.step(p.clone(), 0.0, false);
        }
        let eigen = self.eigen.get_or_insert_with(|| Eigen::new(self.h, self.g));
        let (p, lambda) = eigen.boundary_or_interior(delta);
        let p = &eigen.vectors * p;
        self.step(p, lambda, lambda > 0.0)
    }

    /// Whether H has a Cholesky factor.
    pub fn is_positive_definite(&mut self) -> bool {
        self.factor();
        matches!(self.newton, Newton::Found(_))
    }

    /// `-H^-1 g` where H is positive definite.
    pub fn newton_step(&mut self) -> Option<DVector<f64>> {
        self.factor();
        match &self.newton {
            Newton::Found(p) => Some(p.clone()),
            _ => None,
        }
    }

    fn factor(&mut self) {
        if matches!(self.newton, Newton::NotTried) {
            let h = self.h.clone();
            let factor =
                if h.nrows() < LONG { h.cholesky() } else { patience::apart(|| h.cholesky()) };
            let step = factor.map(|c| -c.solve(&DVector::from_column_slice(self.g)));
            self.newton = match step {
                Some(p) if p.iter().all(|pi| pi.is_finite()) => Newton::Found(p),
                _ => Newton::Indefinite,
            };
        }
    }

    /// The smallest and the largest absolute eigenvalue of H, and the eigenvector of the smallest.
    pub fn least_curvature(&mut self) -> (f64, f64, DVector<f64>) {
        let eigen = self.eigen.get_or_insert_with(|| Eigen::new(self.h, self.g));
        let least = eigen.values[eigen.least];
        (least, eigen.scale, eigen.vectors.column(eigen.least).into_owned())
    }

    /// The Newton step of the matrix with every eigenvalue replaced by `max(|lambda_i|, floor)`, where the
    /// floor is `1e-8` of the largest (Nocedal & Wright 2006, sec. 3.4): a descent direction.
    pub fn modified_newton(&mut self) -> DVector<f64> {
        let eigen = self.eigen.get_or_insert_with(|| Eigen::new(self.h, self.g));
        let floor = (1e-8 * eigen.scale).max(f64::MIN_POSITIVE);
        let p = eigen.g.zip_map(&eigen.values, |gi, value| -gi / value.abs().max(floor));
        &eigen.vectors * p
    }

    /// `-(H + shift I)^-1 g`; infinite where that has no value.
    pub fn shifted_newton(&mut self, shift: f64) -> DVector<f64> {
        let eigen = self.eigen.get_or_insert_with(|| Eigen::new(self.h, self.g));
        &eigen.vectors * eigen.shifted(&eigen.values, shift)
    }

    fn step(&self, p: DVector<f64>, lambda: f64, on_boundary: bool) -> Step {
        let model = dot(self.g, p.as_slice()) + 0.5 * p.dot(&(self.h * &p));
        let length = p.norm();
        Step { p, length, lambda, model, on_boundary }
    }
}

impl Eigen {
    fn new(h: &DMatrix<f64>, g: &[f64]) -> Self {
        let super::eigen::Eigen { values, vectors } = symmetric_eigen(h.clone());
        let g = vectors.tr_mul(&DVector::from_column_slice(g));
        let least = values.imin();
        let scale = values.amax();
        Eigen { values, vectors, g, least, scale }
    }

    /// `(p, lambda)` in the basis of the eigenvectors, where `p_i = -g_i / (lambda_i + lambda)`.
    fn boundary_or_interior(&self, delta: f64) -> (DVector<f64>, f64) {
        let least = self.values[self.least];
        // An eigenvalue at rounding level is no curvature.
        let tiny = f64::EPSILON * self.scale.max(f64::MIN_POSITIVE) * self.g.len() as f64;
        if least > tiny {
            let p = self.g.zip_map(&self.values, |gi, value| -gi / value);
            if p.norm() <= delta {
                return (p, 0.0);
            }
        }
        // lambda = lower + sigma with sigma >= 0, and gaps lambda_i + lower >= 0: sigma may be far below the
        // rounding of lambda, where g is nearly orthogonal to the least eigenvector.
        let lower = (-least).max(0.0);
        let gaps = self.values.map(|value| (value + lower).max(0.0));
        let p = self.limit(&gaps, tiny);
        if p.norm() < delta {
            return self.hard_case(p, lower, delta, least.abs() <= tiny);
        }
        let sigma = self.secular_root(&gaps, delta);
        let mut p = self.shifted(&gaps, sigma);
        let length = p.norm();
        if length.is_finite() && length > 0.0 {
            p *= delta / length;
        }
        (p, (lower + sigma).max(f64::MIN_POSITIVE))
    }

    /// `-g_i / (gap_i + sigma)`.
    fn shifted(&self, gaps: &DVector<f64>, sigma: f64) -> DVector<f64> {
        self.g.zip_map(gaps, |gi, gap| if gi == 0.0 { 0.0 } else { -gi / (gap + sigma) })
    }

    /// The limit of `p(sigma)` for sigma to 0: without the entries whose gap and gradient are both at rounding
    /// level, infinite where only the gap is.
    fn limit(&self, gaps: &DVector<f64>, tiny: f64) -> DVector<f64> {
        let noise = f64::EPSILON * self.g.amax();
        self.g.zip_map(gaps, |gi, gap| {
            if gap > tiny {
                -gi / gap
            } else if gi.abs() <= noise {
                0.0
            } else {
                f64::INFINITY
            }
        })
    }

    /// g has (to rounding) no part along the least eigenvector: to `p(-least)` is added as much of this
    /// vector as reaches the boundary (More & Sorensen 1983, sec. 2).
    fn hard_case(
        &self,
        mut p: DVector<f64>,
        lambda: f64,
        delta: f64,
        flat: bool,
    ) -> (DVector<f64>, f64) {
        if flat {
            // Semidefinite and consistent: an interior minimizer, and the shortest one.
            return (p, 0.0);
        }
        let i = self.least;
        let rest = (delta * delta - p.norm_squared() + p[i] * p[i]).max(0.0);
        // Of the two ends the one along which the linear term does not rise.
        p[i] = if self.g[i] > 0.0 { -rest.sqrt() } else { rest.sqrt() };
        (p, lambda)
    }

    /// The root sigma of `1/delta - 1/|p(sigma)| = 0`, by Newton's iteration with bisection as its safeguard
    /// (More & Sorensen 1983, sec. 3; Conn, Gould & Toint 2000, sec. 7.3). It starts left of the root, from
    /// `|p| >= |g_i| / (gap_i + sigma)`, where the iteration is monotone.
    fn secular_root(&self, gaps: &DVector<f64>, delta: f64) -> f64 {
        let below = self.g.zip_map(gaps, |gi, gap| gi.abs() / delta - gap);
        let (mut low, mut high) = (below.max().max(0.0), self.g.norm() / delta);
        let mut sigma = low;
        for _ in 0..MAX_ITERATIONS {
            let p = self.shifted(gaps, sigma);
            let length = p.norm();
            if (length - delta).abs() <= BOUNDARY * delta {
                break;
            }
            if length > delta {
                low = sigma
            } else {
                high = sigma
            }
            // -d|p|/d sigma = (sum p_i^2 / (gap_i + sigma)) / |p|.
            let terms = p.zip_map(gaps, |pi, gap| pi * (pi / (gap + sigma)));
            let slope = terms.sum() / length;
            let newton = sigma + (length - delta) / delta * (length / slope);
            sigma = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            if high - low <= f64::EPSILON * high {
                break;
            }
        }
        sigma
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The optimality conditions of More & Sorensen, and no better point on a grid of directions.
    fn check(h: &[f64], g: &[f64], delta: f64) -> Step {
        let n = g.len();
        let h = DMatrix::from_row_slice(n, n, h);
        let step = Subproblem::new(&h, g).solve(delta);
        let length = step.p.norm();
        assert!(length <= delta * (1.0 + 1e-9), "{length} > {delta}");
        let residual = &h * &step.p + step.lambda * &step.p + DVector::from_column_slice(g);
        let scale = h.amax() * delta + norm(g);
        assert!(residual.norm() <= 1e-7 * scale, "stationarity {residual:?}");
        let shifted = &h + DMatrix::identity(n, n) * step.lambda;
        assert!(shifted.symmetric_eigenvalues().min() >= -1e-9 * h.amax());
        if !step.on_boundary {
            assert!(step.lambda == 0.0);
        }
        step
    }

    #[test]
    fn interior_boundary_and_indefinite_models_are_solved() {
        assert!(!check(&[2.0, 0.0, 0.0, 4.0], &[1.0, 1.0], 10.0).on_boundary);
        assert!(check(&[2.0, 0.0, 0.0, 4.0], &[1.0, 1.0], 0.1).on_boundary);
        assert!(check(&[-2.0, 1.0, 1.0, 4.0], &[1.0, 1.0], 3.0).on_boundary);
        assert!(check(&[1e8, 0.0, 0.0, 1e-8], &[1.0, 1.0], 1.0).on_boundary);
    }

    #[test]
    fn the_hard_case_uses_the_least_eigenvector() {
        let step = check(&[-2.0, 0.0, 0.0, 4.0], &[0.0, 1.0], 3.0);
        assert!((step.lambda - 2.0).abs() < 1e-12 && step.p[0].abs() > 2.9);
        // A stationary saddle and a stationary maximum.
        assert!(check(&[-2.0, 0.0, 0.0, 4.0], &[0.0, 0.0], 1.0).model < -0.99);
        assert!(check(&[-2.0, 0.0, 0.0, -2.0], &[0.0, 0.0], 1.0).model < -0.99);
        // Nearly hard.
        check(&[-2.0, 0.0, 0.0, 4.0], &[1e-12, 1.0], 3.0);
    }

    #[test]
    fn semidefinite_models_are_solved() {
        // Linear: all the way to the boundary.
        assert!(check(&[0.0], &[1.0], 2.0).on_boundary);
        // Flat along the second axis, without slope there.
        let step = check(&[2.0, 0.0, 0.0, 0.0], &[1.0, 0.0], 2.0);
        assert!((step.p[0] + 0.5).abs() < 1e-12 && step.p[1] == 0.0);
    }
}

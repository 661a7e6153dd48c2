//! A [`Problem`] made of plain closures, so that the solvers serve any Rust program.
//!
//! In come closures for the objective and for the derivatives one has; out comes a problem. The objective
//! may be left out where residuals are given: it is then their scaled sum of squares, and its gradient
//! follows from the Jacobian. Numeric differentiation happens only on request
//! ([`numeric_gradient`](ClosureProblem::numeric_gradient)).

use super::{Bounds, HessianKind, Problem, SumOfSquares, central_difference_gradient};
use nalgebra::{DMatrix, DVectorView, DVectorViewMut};

type ValueFn<'a> = Box<dyn FnMut(&[f64]) -> f64 + 'a>;
type VectorFn<'a> = Box<dyn FnMut(&[f64], &mut [f64]) + 'a>;
type MatrixFn<'a> = Box<dyn FnMut(&[f64], &mut DMatrix<f64>) + 'a>;
type ProductFn<'a> = Box<dyn FnMut(&[f64], &[f64], &mut [f64]) + 'a>;

/// A problem of n variables built from closures.
///
/// ```
/// use gradus::optim::{driver::{minimize, Control}, registry};
/// use gradus::problem::ClosureProblem;
///
/// // Rosenbrock's function: f = 100 (y - x^2)^2 + (1 - x)^2.
/// let mut rosenbrock = ClosureProblem::new(2)
///     .objective(|x| 100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2))
///     .gradient(|x, g| {
///         g[0] = -400.0 * x[0] * (x[1] - x[0] * x[0]) - 2.0 * (1.0 - x[0]);
///         g[1] = 200.0 * (x[1] - x[0] * x[0]);
///     })
///     .names(["x", "y"]);
/// let bfgs = registry::find("bfgs").expect("bfgs is a row of the registry");
/// let options = bfgs.default_options();
/// let solution = minimize(&mut rosenbrock, &[-1.2, 1.0], bfgs, &options, &Control::default())?;
/// assert!((solution.x[0] - 1.0).abs() < 1e-6 && solution.status.is_success());
/// # Ok::<(), gradus::optim::driver::Misfit>(())
/// ```
#[derive(Default)]
pub struct ClosureProblem<'a> {
    n_vars: usize,
    objective: Option<ValueFn<'a>>,
    gradient: Option<VectorFn<'a>>,
    numeric_gradient: bool,
    hessian: Option<MatrixFn<'a>>,
    hessian_vector: Option<ProductFn<'a>>,
    n_residuals: Option<usize>,
    residuals: Option<VectorFn<'a>>,
    jacobian: Option<MatrixFn<'a>>,
    scale: f64,
    offset: f64,
    bounds: Option<Bounds>,
    names: Vec<String>,
    // Buffers of the sum of squares and its gradient.
    r: Vec<f64>,
    jac: DMatrix<f64>,
}

impl<'a> ClosureProblem<'a> {
    /// A problem of `n_vars` variables without any function yet.
    pub fn new(n_vars: usize) -> Self {
        ClosureProblem { n_vars, scale: 1.0, jac: DMatrix::zeros(0, 0), ..Default::default() }
    }

    /// The objective f: `x: n -> f`.
    pub fn objective(mut self, f: impl FnMut(&[f64]) -> f64 + 'a) -> Self {
        self.objective = Some(Box::new(f));
        self
    }

    /// The gradient of f: `x: n, g: n`.
    pub fn gradient(mut self, gradient: impl FnMut(&[f64], &mut [f64]) + 'a) -> Self {
        self.gradient = Some(Box::new(gradient));
        self
    }

    /// Asks for a gradient by central differences (2n values each) where none is given.
    pub fn numeric_gradient(mut self) -> Self {
        self.numeric_gradient = true;
        self
    }

    /// The Hessian of f, both triangles: `x: n, h: n x n`.
    pub fn hessian(mut self, hessian: impl FnMut(&[f64], &mut DMatrix<f64>) + 'a) -> Self {
        self.hessian = Some(Box::new(hessian));
        self
    }

    /// The product of the Hessian of f with `v`: `x: n, v: n, hv: n`. Where it is left out and the Hessian
    /// is given, that is multiplied.
    pub fn hessian_vector(mut self, product: impl FnMut(&[f64], &[f64], &mut [f64]) + 'a) -> Self {
        self.hessian_vector = Some(Box::new(product));
        self
    }

    /// `m` residuals: `x: n, r: m`. Unless [`objective`](Self::objective) says otherwise, f is
    /// `scale * sum r_i^2 + offset`.
    pub fn residuals(mut self, m: usize, residuals: impl FnMut(&[f64], &mut [f64]) + 'a) -> Self {
        self.n_residuals = Some(m);
        self.r = vec![0.0; m];
        self.residuals = Some(Box::new(residuals));
        self
    }

    /// The Jacobian of the residuals: `x: n, jac: m x n`.
    pub fn jacobian(mut self, jacobian: impl FnMut(&[f64], &mut DMatrix<f64>) + 'a) -> Self {
        self.jacobian = Some(Box::new(jacobian));
        self
    }

    /// The factor (1 by default) and the constant (0) of the sum of squares.
    pub fn residual_scale(mut self, scale: f64, offset: f64) -> Self {
        self.scale = scale;
        self.offset = offset;
        self
    }

    /// Bounds `lower <= x <= upper`, n entries each; infinities where there is none.
    pub fn bounds(mut self, lower: &[f64], upper: &[f64]) -> Self {
        self.bounds = Some(Bounds::new(lower.to_vec(), upper.to_vec()));
        self
    }

    /// Names of the variables for messages.
    pub fn names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.names = names.into_iter().map(Into::into).collect();
        self
    }

    /// `scale * sum r_i^2 + offset`, with the residuals left in `self.r`; NaN without residuals.
    fn sum_of_squares(&mut self, x: &[f64]) -> f64 {
        let Some(residuals) = self.residuals.as_mut() else {
            return f64::NAN;
        };
        residuals(x, &mut self.r);
        self.scale * self.r.iter().map(|r| r * r).sum::<f64>() + self.offset
    }

    /// `g = 2 * scale * J'r` for the residuals in `self.r`.
    fn residual_gradient(&mut self, x: &[f64], g: &mut [f64]) {
        let Some(jacobian) = self.jacobian.as_mut() else {
            return g.fill(f64::NAN);
        };
        if self.jac.ncols() != self.n_vars {
            self.jac = DMatrix::zeros(self.r.len(), self.n_vars);
        }
        jacobian(x, &mut self.jac);
        for (gj, column) in g.iter_mut().zip(self.jac.column_iter()) {
            let product: f64 = column.iter().zip(&self.r).map(|(a, b)| a * b).sum();
            *gj = 2.0 * self.scale * product;
        }
    }
}

impl Problem for ClosureProblem<'_> {
    fn n_vars(&self) -> usize {
        self.n_vars
    }

    fn value(&mut self, x: &[f64]) -> f64 {
        match self.objective.as_mut() {
            Some(f) => f(x),
            None => self.sum_of_squares(x),
        }
    }

    fn has_gradient(&self) -> bool {
        self.gradient.is_some() || self.jacobian.is_some() || self.numeric_gradient
    }

    fn value_gradient(&mut self, x: &[f64], g: &mut [f64]) -> f64 {
        let f = self.value(x);
        self.gradient(x, g);
        f
    }

    fn gradient(&mut self, x: &[f64], g: &mut [f64]) {
        if let Some(gradient) = self.gradient.as_mut() {
            gradient(x, g);
        } else if self.jacobian.is_some() && self.residuals.is_some() {
            self.sum_of_squares(x);
            self.residual_gradient(x, g);
        } else if self.numeric_gradient {
            central_difference_gradient(&mut |x| self.value(x), x, g);
        } else {
            g.fill(f64::NAN);
        }
    }

    fn hessian_kind(&mut self) -> HessianKind {
        if self.hessian.is_some() { HessianKind::Dense } else { HessianKind::None }
    }

    fn hessian(&mut self, x: &[f64], h: &mut DMatrix<f64>) {
        match self.hessian.as_mut() {
            Some(hessian) => hessian(x, h),
            None => h.fill(f64::NAN),
        }
    }

    fn has_hessian_vector(&self) -> bool {
        self.hessian_vector.is_some() || self.hessian.is_some()
    }

    fn hessian_vector(&mut self, x: &[f64], v: &[f64], hv: &mut [f64]) {
        match self.hessian_vector.as_mut() {
            Some(product) => product(x, v, hv),
            None => {
                let n = self.n_vars;
                let mut h = DMatrix::zeros(n, n);
                Problem::hessian(self, x, &mut h);
                DVectorViewMut::from_slice(hv, n).gemv(
                    1.0,
                    &h,
                    &DVectorView::from_slice(v, n),
                    0.0,
                );
            }
        }
    }

    fn squares(&self) -> Option<SumOfSquares> {
        Some(SumOfSquares {
            count: self.n_residuals?,
            scale: self.scale,
            offset: self.offset,
            is_affine: false,
            has_jacobian: self.jacobian.is_some(),
        })
    }

    fn residuals(&mut self, x: &[f64], r: &mut [f64]) {
        match self.residuals.as_mut() {
            Some(residuals) => residuals(x, r),
            None => r.fill(f64::NAN),
        }
    }

    fn jacobian(&mut self, x: &[f64], jac: &mut DMatrix<f64>) {
        match self.jacobian.as_mut() {
            Some(jacobian) => jacobian(x, jac),
            None => jac.fill(f64::NAN),
        }
    }

    fn bounds(&self) -> Option<&Bounds> {
        self.bounds.as_ref()
    }

    fn var_name(&self, i: usize) -> String {
        self.names.get(i).cloned().unwrap_or_else(|| format!("x[{}]", i + 1))
    }
}

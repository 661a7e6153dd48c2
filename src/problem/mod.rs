//! The problem room: what a solver may ask of the function it minimizes.
//!
//! In comes anything that can evaluate itself: compiled callbacks or plain closures. Out go values,
//! gradients, Hessians, residuals and Jacobians at a point, counted by an [`Evaluator`]. This room knows no
//! expression graph, no method and no terminal.
//!
//! Layout, stated once: a point and a gradient are slices of length n, a Jacobian is m x n, a Hessian is
//! n x n and both triangles are filled. Sums of squares are
//!
//! ```text
//! f(x) = scale * sum_i r_i(x)^2 + offset,     grad f = 2 * scale * J'r
//! ```
//!
//! Invariant: an evaluation never fails. A point outside the domain gives NaN or an infinity, and the solver
//! rejects it.

#![warn(missing_docs)]

mod closure;
mod evaluator;
mod numeric;
mod sparse;

pub use closure::ClosureProblem;
pub use evaluator::{Evaluations, Evaluator, Halt, evaluation_timer};
pub use numeric::central_difference_gradient;
pub use sparse::SymmetricPattern;

use nalgebra::DMatrix;
use std::sync::Arc;

/// A smooth objective of n variables, with whatever derivatives and structure it has.
///
/// Only [`n_vars`](Problem::n_vars) and [`value`](Problem::value) are required. A method that is told
/// `has_*` or gets a count from [`n_residuals`](Problem::n_residuals) may call what belongs to it, and
/// nothing else; the default bodies of the optional parts fill their output with NaN, which every method
/// rejects.
pub trait Problem {
    /// The number of variables n.
    fn n_vars(&self) -> usize;

    /// f(x). `x: n`.
    fn value(&mut self, x: &[f64]) -> f64;

    /// Whether f is twice differentiable wherever it is finite, so that its derivatives tell a minimizer.
    fn is_smooth(&self) -> bool {
        true
    }

    /// Whether [`value_gradient`](Problem::value_gradient) may be called.
    fn has_gradient(&self) -> bool {
        false
    }

    /// f(x), and its gradient into `g`. `x: n, g: n`.
    fn value_gradient(&mut self, x: &[f64], g: &mut [f64]) -> f64 {
        g.fill(f64::NAN);
        self.value(x)
    }

    /// The gradient alone, for a point whose value is known. `x: n, g: n`.
    fn gradient(&mut self, x: &[f64], g: &mut [f64]) {
        self.value_gradient(x, g);
    }

    /// Whether [`hessian`](Problem::hessian) may be called.
    fn has_hessian(&self) -> bool {
        false
    }

    /// The Hessian of f into `h`, both triangles. `x: n, h: n x n`.
    fn hessian(&mut self, _x: &[f64], h: &mut DMatrix<f64>) {
        h.fill(f64::NAN);
    }

    /// Where the entries of the Hessian lie, where they are few and known; else `None`. It is found once and
    /// does not depend on the point.
    fn hessian_pattern(&mut self) -> Option<Arc<SymmetricPattern>> {
        None
    }

    /// The Hessian of f into `values`, laid out as [`hessian_pattern`](Problem::hessian_pattern) says,
    /// which must have been called. `x: n, values: n_values`.
    fn sparse_hessian(&mut self, _x: &[f64], values: &mut [f64]) {
        values.fill(f64::NAN);
    }

    /// Whether [`hessian_vector`](Problem::hessian_vector) may be called.
    fn has_hessian_vector(&self) -> bool {
        false
    }

    /// The Hessian of f times `v`, into `hv`. `x: n, v: n, hv: n`.
    fn hessian_vector(&mut self, _x: &[f64], _v: &[f64], hv: &mut [f64]) {
        hv.fill(f64::NAN);
    }

    /// The number of residuals m when f is a sum of squares, else `None`.
    fn n_residuals(&self) -> Option<usize> {
        None
    }

    /// The residuals into `r`. `x: n, r: m`.
    fn residuals(&mut self, _x: &[f64], r: &mut [f64]) {
        r.fill(f64::NAN);
    }

    /// Whether [`jacobian`](Problem::jacobian) may be called.
    fn has_jacobian(&self) -> bool {
        false
    }

    /// The Jacobian of the residuals into `jac`. `x: n, jac: m x n`.
    fn jacobian(&mut self, _x: &[f64], jac: &mut DMatrix<f64>) {
        jac.fill(f64::NAN);
    }

    /// Whether [`gauss_newton`](Problem::gauss_newton) may be called and should be: there are many more residuals
    /// than variables.
    fn has_gauss_newton(&mut self) -> bool {
        false
    }

    /// f(x), its gradient into `g`, and the Gauss-Newton matrix `2 * scale * J'J` into `a`, both triangles,
    /// without storing residuals or Jacobian. `x: n, g: n, a: n x n`.
    fn gauss_newton(&mut self, _x: &[f64], g: &mut [f64], a: &mut DMatrix<f64>) -> f64 {
        g.fill(f64::NAN);
        a.fill(f64::NAN);
        f64::NAN
    }

    /// The factor `scale > 0` of the sum of squares: 1, 1/2 or 1/m, say.
    fn residual_scale(&self) -> f64 {
        1.0
    }

    /// The constant `offset` added to the sum of squares.
    fn residual_offset(&self) -> f64 {
        0.0
    }

    /// Whether the residuals are affine in x, so that one Gauss-Newton step is exact.
    fn has_affine_residuals(&self) -> bool {
        false
    }

    /// Lower and upper bounds, n entries each, with infinities where there is none.
    fn bounds(&self) -> Option<(&[f64], &[f64])> {
        None
    }

    /// The name of variable `i` (from 0) for messages; `x[1]`, `x[2]`, ... where nothing better is known.
    fn var_name(&self, i: usize) -> String {
        format!("x[{}]", i + 1)
    }
}

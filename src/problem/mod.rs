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
//! What a problem has is asked by parts, one question each: a gradient, the form of the [Hessian](HessianKind), its products
//! with vectors, a [sum of squares](SumOfSquares), its Gauss-Newton matrix, [`Bounds`]. Constraints will be one further part:
//! how many there are and their sides, their values, the form of their Jacobian.
//!
//! Invariant: an evaluation never fails. A point outside the domain gives NaN or an infinity, and the solver
//! rejects it.

#![warn(missing_docs)]

mod bounds;
mod closure;
mod evaluator;
mod numeric;
mod sparse;

pub use bounds::Bounds;
pub use closure::ClosureProblem;
pub use evaluator::{Evaluations, Evaluator, Halt, evaluation_timer};
pub use numeric::central_difference_gradient;
pub use sparse::SymmetricPattern;

use nalgebra::DMatrix;
use std::sync::Arc;

/// A Hessian whose entries are known to be few is formed as a dense matrix for at most so many variables: 8 MB.
pub const MAX_DENSE_HESSIAN: usize = 1000;

/// In what form a problem has its Hessian.
#[derive(Clone, Debug, PartialEq)]
pub enum HessianKind {
    /// Not at all.
    None,
    /// As a matrix of n^2 entries: [`hessian`](Problem::hessian).
    Dense,
    /// As the entries of this pattern: [`sparse_hessian`](Problem::sparse_hessian), and up to [`MAX_DENSE_HESSIAN`]
    /// variables as a dense matrix too.
    Sparse(Arc<SymmetricPattern>),
}

impl HessianKind {
    /// Whether [`hessian`](Problem::hessian) may be called.
    pub fn is_dense(&self) -> bool {
        match self {
            HessianKind::Dense => true,
            HessianKind::Sparse(pattern) => pattern.n() <= MAX_DENSE_HESSIAN,
            HessianKind::None => false,
        }
    }
}

/// The constants of `f = scale * sum_i r_i^2 + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SumOfSquares {
    /// The number of residuals m.
    pub count: usize,
    /// The factor, positive: 1, 1/2 or 1/m, say.
    pub scale: f64,
    /// The constant that is added.
    pub offset: f64,
    /// Whether the residuals are affine in x, so that one Gauss-Newton step is exact.
    pub is_affine: bool,
    /// Whether [`jacobian`](Problem::jacobian) may be called.
    pub has_jacobian: bool,
}

/// An objective of n variables, with whatever derivatives and structure it has.
///
/// Only [`n_vars`](Problem::n_vars) and [`value`](Problem::value) are required. A method that is told that there is a part
/// may call what belongs to it, and nothing else; the default bodies of the optional parts fill their output with NaN, which
/// every method rejects.
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

    /// The form of the Hessian. It is found once, which may take work, and does not depend on the point.
    fn hessian_kind(&mut self) -> HessianKind {
        HessianKind::None
    }

    /// The Hessian of f into `h`, both triangles. `x: n, h: n x n`.
    fn hessian(&mut self, _x: &[f64], h: &mut DMatrix<f64>) {
        h.fill(f64::NAN);
    }

    /// The Hessian of f into `values`, laid out by the pattern that [`hessian_kind`](Problem::hessian_kind) has given.
    /// `x: n, values: n_values`.
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

    /// The constants of f where it is a sum of squares.
    fn squares(&self) -> Option<SumOfSquares> {
        None
    }

    /// The residuals into `r`. `x: n, r: m`.
    fn residuals(&mut self, _x: &[f64], r: &mut [f64]) {
        r.fill(f64::NAN);
    }

    /// The Jacobian of the residuals into `jac`. `x: n, jac: m x n`.
    fn jacobian(&mut self, _x: &[f64], jac: &mut DMatrix<f64>) {
        jac.fill(f64::NAN);
    }

    /// Whether [`gauss_newton`](Problem::gauss_newton) may be called and should be: there are many more residuals
    /// than variables. Found once, which may take work.
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

    /// The box of the variables; `None` where they are free.
    fn bounds(&self) -> Option<&Bounds> {
        None
    }

    /// The name of variable `i` (from 0) for messages; `x[1]`, `x[2]`, ... where nothing better is known.
    fn var_name(&self, i: usize) -> String {
        format!("x[{}]", i + 1)
    }
}

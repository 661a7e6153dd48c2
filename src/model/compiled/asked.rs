//! The side of a problem that solvers ask.

use nalgebra::DMatrix;

use super::names;
use super::residuals::Residuals;
use super::{Compiled, Part};
use crate::equality;
use crate::model::blocks::{Layout, MAX_SYMBOLIC_HESSIAN};
use crate::model::derivative_check::Measured;
use crate::model::engine::{Program, Times};
use crate::model::hessian::HessianForm;
use crate::model::structure::{self, Squares};
use crate::optim::methods::newton::MAX_DENSE;
use crate::problem::{Bounds, HessianKind, MAX_DENSE_HESSIAN, Problem, SumOfSquares};

/// Normal equations are formed for at least so many residuals an unknown ...
const FEW_COLUMNS: usize = 8;
/// ... and Jacobians of at least so many entries.
const WORTH_PRODUCTS: usize = 20_000;

impl Compiled<'_> {
    /// What a test has asked for.
    fn spoil(&self, gradient: &mut [f64]) {
        if let (true, Some(first)) = (self.engine.is_spoiled(), gradient.first_mut()) {
            *first = 1.5 * *first + 1.0;
        }
    }
}

impl Measured for Compiled<'_> {
    fn magnitude(&mut self, x: &[f64]) -> f64 {
        let magnitude = equality::magnitude(self.g, self.objective.f);
        let plain = self.engine.plain();
        let times = &mut Times::default();
        let program = Program::new(self.g, &plain, &[magnitude], &self.objective.vars, times);
        let mut out = [0.0];
        match program.run(self.g, x, &mut out) {
            Ok(()) if out[0].is_finite() => out[0],
            _ => 0.0,
        }
    }
}

impl Problem for Compiled<'_> {
    fn n_vars(&self) -> usize {
        self.objective.n
    }

    fn value(&mut self, x: &[f64]) -> f64 {
        self.part(Part::Value, x)[0]
    }

    fn is_smooth(&self) -> bool {
        self.smooth
    }

    fn has_gradient(&self) -> bool {
        true
    }

    fn value_gradient(&mut self, x: &[f64], g: &mut [f64]) -> f64 {
        let found = self.part(Part::ValueGradient, x);
        g.copy_from_slice(&found[1..]);
        let f = found[0];
        self.spoil(g);
        f
    }

    fn gradient(&mut self, x: &[f64], g: &mut [f64]) {
        g.copy_from_slice(self.part(Part::Gradient, x));
        self.spoil(g);
    }

    fn hessian_kind(&mut self) -> HessianKind {
        // Where there are few unknowns a look at the pattern is not worth it.
        let pattern = if self.objective.n > MAX_DENSE { self.hessian_pattern() } else { None };
        match pattern {
            Some(pattern) => HessianKind::Sparse(pattern),
            None if self.objective.n <= MAX_DENSE_HESSIAN => HessianKind::Dense,
            None => HessianKind::None,
        }
    }

    fn hessian(&mut self, x: &[f64], h: &mut DMatrix<f64>) {
        if let Some(lower) = self.caches.bundled_hessian(self.g, x) {
            return Layout::LowerTriangle.fill(lower, h);
        }
        self.choose_hessian();
        self.caches.run_hessian(self.g, x);
        let out = &self.caches.out;
        match self.caches.hessian.as_ref().map(|h| &h.form) {
            Some(HessianForm::Dense(layout, _)) => layout.fill(out, h),
            Some(HessianForm::Sparse(pattern, _)) => {
                h.fill(0.0);
                pattern.for_each(|i, j, k| {
                    h[(i, j)] = out[k];
                    h[(j, i)] = out[k];
                });
            }
            Some(HessianForm::Columns) | None => {
                self.by_columns(Part::HessianVector, x, |j, column| {
                    h.column_mut(j).copy_from_slice(column)
                });
            }
        }
    }

    fn sparse_hessian(&mut self, x: &[f64], values: &mut [f64]) {
        match self.caches.hessian.as_ref().map(|h| &h.form) {
            Some(HessianForm::Sparse(..)) => self.caches.hessian_into(self.g, x, values),
            _ => values.fill(f64::NAN),
        }
    }

    fn has_hessian_vector(&self) -> bool {
        true
    }

    fn hessian_vector(&mut self, x: &[f64], v: &[f64], hv: &mut [f64]) {
        self.evaluate(Part::HessianVector, &[x, v].concat());
        hv.copy_from_slice(&self.caches.out);
    }

    fn squares(&self) -> Option<SumOfSquares> {
        let residuals = self.residuals.as_ref()?;
        let &Squares { scale, offset, .. } = &residuals.squares;
        let count = structure::n_residuals(self.g, &residuals.squares);
        let is_affine = residuals.affine;
        Some(SumOfSquares { count, scale, offset, is_affine, has_jacobian: true })
    }

    fn residuals(&mut self, x: &[f64], r: &mut [f64]) {
        r.copy_from_slice(self.part(Part::Residuals, x));
    }

    fn jacobian(&mut self, x: &[f64], jac: &mut DMatrix<f64>) {
        if self.objective.all_scalar(self.g) && self.objective.n <= MAX_SYMBOLIC_HESSIAN {
            jac.as_mut_slice().copy_from_slice(self.part(Part::Jacobian, x));
            return;
        }
        self.by_columns(Part::JacobianVector, x, |j, column| {
            jac.column_mut(j).copy_from_slice(column)
        });
    }

    fn has_gauss_newton(&mut self) -> bool {
        let Some(SumOfSquares { count: m, offset, .. }) = self.squares() else { return false };
        let many = m >= FEW_COLUMNS * self.objective.n
            && m.saturating_mul(self.objective.n) >= WORTH_PRODUCTS;
        many && offset == 0.0 && self.fuses_gauss_newton()
    }

    fn gauss_newton(&mut self, x: &[f64], g: &mut [f64], a: &mut DMatrix<f64>) -> f64 {
        self.evaluate(Part::GaussNewton, x);
        let (gradient, products) = self.caches.out[1..].split_at(g.len());
        g.copy_from_slice(gradient);
        if let Some(layout) = self.residuals.as_ref().and_then(Residuals::products_layout) {
            layout.fill(products, a);
        }
        self.caches.out[0]
    }

    fn bounds(&self) -> Option<&Bounds> {
        self.bounds.as_ref()
    }

    fn var_name(&self, i: usize) -> String {
        names::name_of(self.g, &self.objective.vars, i)
    }
}

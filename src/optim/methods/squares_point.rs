//! A point of a method for sums of squares: residuals and Jacobian, or their short form.
//!
//! Where a problem gives `J'J` without its residuals, since they are many, the short form of
//! [`normal_equations`](crate::optim::squares::normal_equations) is taken, as long as it is accurate; at points where it is
//! not, residuals and Jacobian are. To the method both are residuals and a Jacobian.

use crate::optim::run::Run;
use crate::optim::squares::normal_equations::{MAX_JACOBIAN, Short};
use crate::optim::status::Stop;
use crate::optim::vector::dot;
use crate::problem::Halt;
use nalgebra::DMatrix;

/// The factor of the sum of squares.
pub(super) fn scale_of(run: &Run<'_>) -> f64 {
    run.eval.structure().squares().map_or(1.0, |squares| squares.scale)
}

/// A point with its residuals and Jacobian.
#[derive(Clone)]
pub(super) struct Point {
    pub x: Vec<f64>,
    pub r: Vec<f64>,
    pub jac: DMatrix<f64>,
    /// `|r|^2`, and f.
    pub sum: f64,
    pub f: f64,
    /// Whether the problem is asked for `J'J`.
    by_products: bool,
    /// Whether `jac` belongs to `x`.
    has_jacobian: bool,
    gradient: Vec<f64>,
    products: DMatrix<f64>,
}

impl Point {
    /// The start.
    pub fn first(run: &mut Run<'_>) -> Result<Point, Stop> {
        let x = run.x0().to_vec();
        let n = x.len();
        let by_products = run.eval.has_gauss_newton();
        let mut point = Point {
            x,
            r: Vec::new(),
            jac: DMatrix::zeros(0, n),
            sum: f64::NAN,
            f: f64::NAN,
            by_products,
            has_jacobian: false,
            gradient: vec![0.0; n],
            products: DMatrix::zeros(0, 0),
        };
        if !point.evaluate(run)? {
            return Err(run.invalid_start(&point.gradient));
        }
        if !point.differentiate(run)? {
            let columns: Vec<f64> = point.jac.column_iter().map(|column| column.sum()).collect();
            return Err(run.invalid_start(&columns));
        }
        Ok(point)
    }

    /// Residuals and f at `x`; false where they are not finite.
    pub fn evaluate(&mut self, run: &mut Run<'_>) -> Result<bool, Halt> {
        self.has_jacobian = false;
        let m = run.eval.structure().squares().map_or(0, |squares| squares.count);
        if self.by_products {
            let n = self.x.len();
            let scale = scale_of(run);
            self.products.resize_mut(n, n, 0.0);
            let found = run.eval.gauss_newton(&self.x, &mut self.gradient, &mut self.products)?;
            let Some(f) = found else { return Ok(false) };
            self.products /= 2.0 * scale;
            self.gradient.iter_mut().for_each(|g| *g /= 2.0 * scale);
            (self.f, self.sum) = (f, f / scale);
            let short = Short::new(&self.products, &self.gradient, self.sum);
            if short.is_accurate || m.saturating_mul(n) > MAX_JACOBIAN {
                (self.r, self.jac) = (short.r, short.jac);
                self.has_jacobian = true;
                return Ok(true);
            }
        }
        self.r.resize(m, 0.0);
        let Some(f) = run.eval.residuals(&self.x, &mut self.r)? else {
            return Ok(false);
        };
        (self.f, self.sum) = (f, dot(&self.r, &self.r));
        Ok(true)
    }

    /// The Jacobian at `x`, where residuals are known; false where an entry is not finite.
    pub fn differentiate(&mut self, run: &mut Run<'_>) -> Result<bool, Halt> {
        if !self.has_jacobian {
            self.jac.resize_mut(self.r.len(), self.x.len(), 0.0);
            self.has_jacobian = run.eval.jacobian(&self.x, &mut self.jac)?;
        }
        Ok(self.has_jacobian)
    }

    /// Takes over the Jacobian of a point so near that no column changes by a visible share. False where this
    /// point has none that fits its residuals.
    pub fn take_jacobian(&mut self, of: &Point) -> bool {
        if !self.has_jacobian && of.jac.nrows() == self.r.len() {
            self.jac.clone_from(&of.jac);
            self.has_jacobian = true;
        }
        self.has_jacobian
    }
}

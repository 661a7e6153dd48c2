//! The problem that solvers see: compiled values, gradients, Hessians,
//! residuals and Jacobians of an objective of the graph.
//!
//! - `objective`, `residuals`: the parts of a problem, as expressions.
//! - `caches`: programs and values that are kept from one question to the next.
//! - `asked`: the side that solvers ask.
//! - `names`: names of entries.
//!
//! Everything is compiled when it is first asked for. Small problems of scalar
//! unknowns are compiled as one kernel that gives all that the method needs at
//! a point: one compilation, and one pass over what value and derivatives
//! share.

mod asked;
mod caches;
mod names;
mod objective;
mod residuals;

use std::sync::Arc;
use std::time::Instant;

use super::blocks::MAX_SYMBOLIC_HESSIAN;
use super::data_rows;
use super::engine::{Engine, Program, Times};
use super::hessian::{self, HessianForm};
use super::show;
use super::structure::Squares;
use crate::eval::EvalError;
use crate::expr::{ExprId, Graph, SymbolId};
use crate::jit;
use crate::patience;
use crate::problem::{Bounds, SymmetricPattern};
use caches::{Bundle, Caches, Counts};
use objective::Objective;
use residuals::Residuals;

pub(crate) use caches::Prepared;
pub(crate) use names::entry_names;

/// One kernel for everything, where it has at most so many nodes.
const MAX_BUNDLE: usize = 600;

/// What can be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Value,
    ValueGradient,
    Gradient,
    HessianVector,
    Residuals,
    Jacobian,
    JacobianVector,
    /// Value, gradient and what the Hessian's program computes.
    ValueGradientHessian,
    /// Value, gradient and `2*scale*J'*J`.
    GaussNewton,
}

/// An objective with all its derivatives.
pub(crate) struct Compiled<'g> {
    g: &'g mut Graph,
    engine: Engine,
    objective: Objective,
    /// Where the objective is a sum of squares.
    residuals: Option<Residuals>,
    bounds: Option<Bounds>,
    caches: Caches,
    /// Whether f has no kinks and no branches that depend on an unknown; taken for granted until told.
    pub smooth: bool,
    /// What getting ready has taken.
    pub times: Times,
}

impl<'g> Compiled<'g> {
    /// The problem of minimizing `f` over `vars`; `squares` where it is a sum
    /// of squares.
    pub fn new(
        g: &'g mut Graph,
        engine: Engine,
        f: ExprId,
        vars: &[SymbolId],
        squares: Option<Squares>,
        bounds: Option<Bounds>,
    ) -> Self {
        let started = Instant::now();
        let objective = Objective::new(g, f, vars);
        let residuals = squares.map(|s| Residuals::new(g, s));
        let times = Times { differentiate: started.elapsed(), ..Times::default() };
        let caches = Caches::default();
        Compiled { g, engine, objective, residuals, bounds, caches, smooth: true, times }
    }

    /// The first thing that went wrong in an evaluation, which is then forgotten.
    pub fn take_fault(&mut self) -> Option<EvalError> {
        self.caches.fault.take()
    }

    /// Puts together what a method asks for again and again: everything at once where that is small, residuals where
    /// they are wanted.
    pub fn get_ready(&mut self, residuals: bool) {
        self.bundle(residuals);
        if let Some(found) = self.residuals.as_mut().filter(|_| residuals) {
            found.find_affine(self.g, &mut self.objective);
        }
    }

    fn exprs_of(&mut self, part: Part) -> Vec<ExprId> {
        match part {
            Part::Value => vec![self.objective.f],
            Part::Gradient => self.objective.gradient(self.g),
            Part::ValueGradient => self.with_value_and_gradient(Vec::new()),
            Part::HessianVector => self.objective.hessian_vector(self.g),
            Part::Residuals => self.residuals.as_ref().map_or(Vec::new(), Residuals::exprs),
            Part::Jacobian => {
                let columns = |r: &Residuals| r.jacobian(self.g, &self.objective);
                self.residuals.as_ref().map_or(Vec::new(), columns)
            }
            Part::ValueGradientHessian => {
                self.choose_hessian();
                let hessian = self.caches.hessian.as_ref().map(|h| h.exprs.clone());
                self.with_value_and_gradient(hessian.unwrap_or_default())
            }
            Part::GaussNewton => {
                let products = self.products().map_or(Vec::new(), <[ExprId]>::to_vec);
                self.with_value_and_gradient(products)
            }
            Part::JacobianVector => {
                let residuals = self.exprs_of(Part::Residuals);
                self.objective.along(self.g, &residuals)
            }
        }
    }

    /// Value, gradient and more. The gradient comes first: it may change what the value is computed by.
    fn with_value_and_gradient(&mut self, more: Vec<ExprId>) -> Vec<ExprId> {
        let gradient = self.objective.gradient(self.g);
        [vec![self.objective.f], gradient, more].concat()
    }

    /// The place of the program of a part; it is built when it is first asked for.
    fn program(&mut self, part: Part) -> usize {
        if let Some(place) = self.caches.place(part) {
            return place;
        }
        let started = Instant::now();
        let exprs = self.exprs_of(part);
        self.times.differentiate += started.elapsed();
        let mut inputs = self.objective.vars.clone();
        if matches!(part, Part::HessianVector | Part::JacobianVector) {
            inputs.extend(self.objective.directions(self.g));
        }
        let program = Program::new(self.g, &self.engine, &exprs, &inputs, &mut self.times);
        self.caches.keep(part, program)
    }

    /// Evaluates a part at `x` into the buffer of the caches; not a number where that fails.
    fn evaluate(&mut self, part: Part, x: &[f64]) {
        let place = self.program(part);
        self.caches.run(self.g, place, x);
    }

    /// A part at `x`, from the bundle or from a kernel of its own.
    fn part(&mut self, part: Part, x: &[f64]) -> &[f64] {
        if self.caches.bundled(self.g, part, x).is_some() {
            return self.caches.bundled(self.g, part, x).unwrap_or(&[]);
        }
        self.evaluate(part, x);
        &self.caches.out
    }

    /// A derivative along a unit direction for every unknown, one after the
    /// other.
    fn by_columns(&mut self, part: Part, x: &[f64], mut take: impl FnMut(usize, &[f64])) {
        let n = self.objective.n;
        let mut point = [x, &vec![0.0; n]].concat();
        for j in 0..n {
            patience::look();
            point[n + j] = 1.0;
            self.evaluate(part, &point);
            take(j, &self.caches.out);
            point[n + j] = 0.0;
        }
    }

    /// The number of residuals that are data at `x`.
    pub fn n_data(&mut self, x: &[f64]) -> Option<usize> {
        let squares = &self.residuals.as_ref()?.squares;
        Some(data_rows::n_data(self.g, &self.engine, squares, &self.objective.vars, x))
    }

    /// One kernel for value, gradient, Hessian and what methods for sums of squares need, if `residuals`.
    /// Worth it where a compilation costs more than a few evaluations.
    fn bundle(&mut self, residuals: bool) {
        if !self.objective.all_scalar(self.g) || self.objective.n > MAX_SYMBOLIC_HESSIAN {
            return;
        }
        let gradient = self.objective.gradient(self.g);
        let Objective { f, ref vars, .. } = self.objective;
        let hessian = hessian::lower_triangle(self.g, f, vars);
        let (residuals, columns) = match self.residuals.as_ref().filter(|_| residuals) {
            Some(found) => (found.exprs(), found.jacobian(self.g, &self.objective)),
            None => (Vec::new(), Vec::new()),
        };
        let counts = Counts {
            gradient: gradient.len(),
            hessian: hessian.len(),
            residuals: residuals.len(),
            jacobian: columns.len(),
        };
        let all: Vec<ExprId> = [vec![f], gradient, hessian, residuals, columns].concat();
        let scalar = |e: &ExprId| self.g.shape(*e).is_scalar();
        let nodes = self.g.reachable(&all);
        let plain = all.iter().all(scalar)
            && nodes.len() <= MAX_BUNDLE
            && !nodes.iter().any(|&e| self.g.op(e).is_binder() || !scalar(&e));
        if !plain {
            return;
        }
        let program = Program::new(self.g, &self.engine, &all, vars, &mut self.times);
        self.caches.bundle = Some(Bundle::new(program, counts));
    }

    /// A part that is ready to be called again and again.
    pub fn prepared(&mut self, part: Part) -> Prepared<'_> {
        let place = self.program(part);
        Prepared::new(self.g, self.caches.program(place))
    }

    /// The Hessian's program likewise; none where it is computed by columns.
    pub fn prepared_hessian(&mut self) -> Option<Prepared<'_>> {
        self.choose_hessian();
        let program = self.caches.hessian.as_ref()?.program()?;
        Some(Prepared::new(self.g, program))
    }

    /// A stage of the compilation of value and gradient, of the Hessian where it has a program, and of
    /// the Gauss-Newton matrix where there is one, each under its name.
    pub fn listing(&mut self, stage: jit::Stage) -> String {
        let mut parts = vec![("value and gradient", self.exprs_of(Part::ValueGradient))];
        self.choose_hessian();
        if let Some(hessian) = self.caches.hessian.as_ref().filter(|h| h.program().is_some()) {
            parts.push(("Hessian", hessian.exprs.clone()));
        }
        if self.fuses_gauss_newton() {
            parts.push((
                "value, gradient and Gauss-Newton matrix",
                self.exprs_of(Part::GaussNewton),
            ));
        }
        let shown = |(name, exprs): &(&str, Vec<ExprId>)| {
            format!("{name}:\n{}\n", show::listing(self.g, exprs, &self.objective.vars, stage))
        };
        parts.iter().map(shown).collect()
    }

    /// Entries of the Hessian, both triangles, that may differ from zero.
    pub fn hessian_nnz(&mut self) -> usize {
        self.choose_hessian();
        self.caches.hessian.as_ref().map_or(0, |h| h.nnz)
    }

    /// Where the entries of the Hessian lie, where they are few and known.
    pub fn hessian_pattern(&mut self) -> Option<Arc<SymmetricPattern>> {
        self.choose_hessian();
        match &self.caches.hessian.as_ref()?.form {
            HessianForm::Sparse(pattern, _) => Some(Arc::clone(pattern)),
            _ => None,
        }
    }

    fn choose_hessian(&mut self) {
        if self.caches.hessian.is_none() {
            self.objective.gradient(self.g);
            let Objective { f, vars, banded, .. } = &self.objective;
            let times = &mut self.times;
            let form = hessian::choose(self.g, &self.engine, *f, vars, banded.as_ref(), times);
            self.caches.hessian = Some(form);
        }
    }

    /// The Gauss-Newton matrix, where residuals have one in closed form.
    fn products(&mut self) -> Option<&[ExprId]> {
        let plain = self.engine.is_plain();
        let residuals = self.residuals.as_mut()?;
        Some(&residuals.products(self.g, &self.objective, plain)?.1)
    }

    /// Whether value, gradient and Gauss-Newton matrix come from one program.
    pub fn fuses_gauss_newton(&mut self) -> bool {
        self.products().is_some()
    }
}

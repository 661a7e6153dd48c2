//! The problem that solvers see: compiled values, gradients, Hessians,
//! residuals and Jacobians of an objective of the graph.
//!
//! Everything is compiled when it is first asked for. Small problems of scalar
//! unknowns are compiled as one kernel that gives all that the method needs at
//! a point: one compilation, and one pass over what value and derivatives
//! share.

use std::sync::Arc;
use std::time::Instant;

use nalgebra::DMatrix;

use super::blocks::{Layout, MAX_SYMBOLIC_HESSIAN};
use super::data_rows;
use super::derivative_check::Measured;
use super::engine::{Engine, Program, Times};
use super::gauss_newton;
use super::hessian::{self, Hessian, HessianForm};
use super::show;
use super::structure::{self, Squares};
use crate::diff::{self, Banded};
use crate::equality;
use crate::eval::EvalError;
use crate::expr::{ExprId, Graph, Symbol, SymbolId};
use crate::jit::{self, Alone, Fault};
use crate::memory;
use crate::optim::methods::newton::MAX_DENSE;
use crate::patience;
use crate::problem::{
    Bounds, HessianKind, MAX_DENSE_HESSIAN, Problem, SumOfSquares, SymmetricPattern,
};
use crate::shape::Shape;
use crate::simplify;

/// One kernel for everything, where it has at most so many nodes.
const MAX_BUNDLE: usize = 600;

/// Normal equations are formed for at least so many residuals an unknown ...
const FEW_COLUMNS: usize = 8;
/// ... and Jacobians of at least so many entries.
const WORTH_PRODUCTS: usize = 20_000;

/// What asks for memory here.
const RESULTS: &str = "the derivatives of the objective";

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

/// Expressions that one kernel gives at once, and their values at the last
/// point.
struct Bundle {
    program: Program,
    n_gradient: usize,
    n_hessian: usize,
    n_residuals: usize,
    n_jacobian: usize,
    x: Vec<f64>,
    out: Vec<f64>,
}

/// An objective with all its derivatives.
pub(crate) struct Compiled<'g> {
    g: &'g mut Graph,
    engine: Engine,
    /// The objective to minimize, in stable form.
    f: ExprId,
    vars: Vec<SymbolId>,
    n: usize,
    gradient: Option<Vec<ExprId>>,
    hessian: Option<Hessian>,
    /// Value and derivatives in pieces, where the objective allows it; found with the gradient.
    banded: Option<Banded>,
    squares: Option<Squares>,
    /// The Gauss-Newton matrix, once it has been looked for.
    products: Option<Option<(Layout, Vec<ExprId>)>>,
    bounds: Option<Bounds>,
    programs: Vec<(Part, Program)>,
    bundle: Option<Bundle>,
    directions: Vec<SymbolId>,
    out: Vec<f64>,
    /// Whether the Jacobian of the residuals is the same everywhere.
    affine: bool,
    /// Whether f has no kinks and no branches that depend on an unknown; taken for granted until told.
    pub smooth: bool,
    /// What getting ready has taken.
    pub times: Times,
    /// The first thing that went wrong in an evaluation.
    pub fault: Option<EvalError>,
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
        let f = simplify::stable(g, &[f])[0];
        let squares = squares.map(|s| Squares { blocks: simplify::stable(g, &s.blocks), ..s });
        let n = vars.iter().map(|&v| g.symbol(v).shape.len()).sum();
        let times = Times { differentiate: started.elapsed(), ..Times::default() };
        Compiled {
            g,
            engine,
            f,
            vars: vars.to_vec(),
            n,
            gradient: None,
            hessian: None,
            banded: None,
            squares,
            products: None,
            bounds,
            programs: Vec::new(),
            bundle: None,
            directions: Vec::new(),
            out: Vec::new(),
            affine: false,
            smooth: true,
            times,
            fault: None,
        }
    }

    /// What a test has asked for.
    fn spoil(&self, gradient: &mut [f64]) {
        if let (true, Some(first)) = (self.engine.is_spoiled(), gradient.first_mut()) {
            *first = 1.5 * *first + 1.0;
        }
    }

    /// Puts together what a method asks for again and again: everything at once where that is small, residuals where
    /// they are wanted.
    pub fn get_ready(&mut self, residuals: bool) {
        self.bundle(true, residuals);
        if residuals {
            self.find_affine_residuals();
        }
    }

    fn all_scalar(&self) -> bool {
        self.vars.iter().all(|&v| self.g.symbol(v).shape.is_scalar())
    }

    fn gradient_exprs(&mut self) -> Vec<ExprId> {
        if self.gradient.is_none() {
            self.banded = diff::banded(self.g, self.f, &self.vars);
            let raw = match &self.banded {
                Some(banded) => {
                    self.f = simplify::stable(self.g, &[banded.value])[0];
                    vec![banded.gradient]
                }
                None => diff::gradient(self.g, self.f, &self.vars),
            };
            self.gradient = Some(simplify::stable(self.g, &raw));
        }
        self.gradient.clone().unwrap_or_default()
    }

    /// Columns of the Jacobian by scalar unknowns, block by block.
    fn jacobian_exprs(&mut self) -> Vec<ExprId> {
        let blocks = self.squares.as_ref().map(|s| s.blocks.clone()).unwrap_or_default();
        let one = self.g.int(1);
        let columns: Vec<ExprId> = self
            .vars
            .clone()
            .into_iter()
            .flat_map(|v| diff::tangent(self.g, &blocks, &[(v, one)]))
            .collect();
        simplify::stable(self.g, &columns)
    }

    /// Symbols for a direction, one an unknown.
    fn direction_symbols(&mut self) -> Vec<SymbolId> {
        if self.directions.is_empty() {
            for &v in &self.vars {
                let symbol = self.g.symbol(v);
                let direction = Symbol::unknown(&format!("d_{}", symbol.name), symbol.shape);
                self.directions.push(self.g.declare(direction));
            }
        }
        self.directions.clone()
    }

    /// The change of expressions along the direction symbols.
    fn along_direction(&mut self, exprs: &[ExprId]) -> Vec<ExprId> {
        let directions = self.direction_symbols();
        let pairs: Vec<(SymbolId, ExprId)> = self
            .vars
            .clone()
            .into_iter()
            .zip(directions)
            .map(|(v, d)| (v, self.g.leaf(d)))
            .collect();
        let moved = diff::tangent(self.g, exprs, &pairs);
        simplify::stable(self.g, &moved)
    }

    fn exprs_of(&mut self, part: Part) -> Vec<ExprId> {
        match part {
            Part::Value => vec![self.f],
            Part::Gradient => self.gradient_exprs(),
            Part::ValueGradient => {
                let gradient = self.gradient_exprs();
                [vec![self.f], gradient].concat()
            }
            Part::HessianVector => {
                let gradient = self.gradient_exprs();
                self.along_direction(&gradient)
            }
            Part::Residuals => self.squares.as_ref().map(|s| s.blocks.clone()).unwrap_or_default(),
            Part::Jacobian => self.jacobian_exprs(),
            Part::ValueGradientHessian => {
                self.choose_hessian();
                let hessian = self.hessian.as_ref().map(|h| h.exprs.clone()).unwrap_or_default();
                let gradient = self.gradient_exprs();
                [vec![self.f], gradient, hessian].concat()
            }
            Part::GaussNewton => {
                let products = self.products().map_or(Vec::new(), |(_, exprs)| exprs.clone());
                let gradient = self.gradient_exprs();
                [vec![self.f], gradient, products].concat()
            }
            Part::JacobianVector => {
                let blocks = self.exprs_of(Part::Residuals);
                self.along_direction(&blocks)
            }
        }
    }

    /// The number of the program of a part; it is built when it is first asked for.
    fn program(&mut self, part: Part) -> usize {
        if let Some(at) = self.programs.iter().position(|(p, _)| *p == part) {
            return at;
        }
        let started = Instant::now();
        let exprs = self.exprs_of(part);
        self.times.differentiate += started.elapsed();
        let directed = matches!(part, Part::HessianVector | Part::JacobianVector);
        let mut inputs = self.vars.clone();
        if directed {
            inputs.extend(self.direction_symbols());
        }
        let program = Program::new(self.g, &self.engine, &exprs, &inputs, &mut self.times);
        self.programs.push((part, program));
        self.programs.len() - 1
    }

    /// Evaluates a part at `x` into the buffer `self.out`; not a number where
    /// that fails.
    fn evaluate(&mut self, part: Part, x: &[f64]) {
        let at = self.program(part);
        let mut out = std::mem::take(&mut self.out);
        let program = &self.programs[at].1;
        memory::resize(&mut out, program.n_out(), RESULTS);
        let outcome = program.run(self.g, x, &mut out);
        self.note(outcome, &mut out);
        self.out = out;
    }

    /// Evaluates a program at `x` into the buffer `self.out`.
    fn run_into_out(&mut self, program: &Program, x: &[f64]) {
        let mut out = std::mem::take(&mut self.out);
        memory::resize(&mut out, program.n_out(), RESULTS);
        let outcome = program.run(self.g, x, &mut out);
        self.note(outcome, &mut out);
        self.out = out;
    }

    fn note(&mut self, outcome: Result<(), Fault>, out: &mut [f64]) {
        if let Err(fault) = outcome {
            out.fill(f64::NAN);
            match fault {
                Fault::Interrupted => patience::look(),
                Fault::Eval(error) => {
                    self.fault.get_or_insert(error);
                }
            }
        }
    }

    /// Whether residuals are affine in the unknowns: their change along a
    /// direction does not depend on the point.
    pub fn find_affine_residuals(&mut self) {
        if self.squares.is_some() {
            let part = if self.all_scalar() { Part::Jacobian } else { Part::JacobianVector };
            let changes = self.exprs_of(part);
            let unknowns = self.g.unknowns(&changes);
            self.affine = !self.vars.iter().any(|v| unknowns.contains(v));
        }
    }

    /// The number of residuals that are data at `x`.
    pub fn n_data(&mut self, x: &[f64]) -> Option<usize> {
        let squares = self.squares.as_ref()?;
        Some(data_rows::n_data(self.g, &self.engine, squares, &self.vars, x))
    }

    /// One kernel for value, gradient, and what second-order methods need.
    /// Worth it where a compilation costs more than a few evaluations.
    pub fn bundle(&mut self, hessian: bool, jacobian: bool) {
        if !self.all_scalar() || self.n > MAX_SYMBOLIC_HESSIAN {
            return;
        }
        let gradient = self.gradient_exprs();
        let hessian =
            if hessian { hessian::lower_triangle(self.g, self.f, &self.vars) } else { Vec::new() };
        let (residuals, columns) = if jacobian && self.squares.is_some() {
            (self.exprs_of(Part::Residuals), self.jacobian_exprs())
        } else {
            (Vec::new(), Vec::new())
        };
        let scalar = |e: &ExprId| self.g.shape(*e).is_scalar();
        let all: Vec<ExprId> =
            [vec![self.f], gradient.clone(), hessian.clone(), residuals.clone(), columns.clone()]
                .concat();
        let nodes = self.g.reachable(&all);
        let plain = all.iter().all(scalar)
            && nodes.len() <= MAX_BUNDLE
            && !nodes.iter().any(|&e| self.g.op(e).is_binder() || !scalar(&e));
        if !plain {
            return;
        }
        let program = Program::new(self.g, &self.engine, &all, &self.vars, &mut self.times);
        self.bundle = Some(Bundle {
            program,
            n_gradient: gradient.len(),
            n_hessian: hessian.len(),
            n_residuals: residuals.len(),
            n_jacobian: columns.len(),
            x: Vec::new(),
            out: vec![0.0; all.len()],
        });
    }

    /// The part of the bundle's values at `x`, where it holds that part.
    fn bundled(&mut self, part: Part, x: &[f64]) -> Option<&[f64]> {
        let mut bundle = self.bundle.take()?;
        if bundle.x != x {
            let mut out = std::mem::take(&mut bundle.out);
            let outcome = bundle.program.run(self.g, x, &mut out);
            self.note(outcome, &mut out);
            bundle.out = out;
            bundle.x.clear();
            bundle.x.extend_from_slice(x);
        }
        let bundle = self.bundle.insert(bundle);
        let gradient = 1;
        let hessian = gradient + bundle.n_gradient;
        let residuals = hessian + bundle.n_hessian;
        let jacobian = residuals + bundle.n_residuals;
        let range = match part {
            Part::Value => 0..1,
            Part::Gradient => gradient..hessian,
            Part::ValueGradient => 0..hessian,
            Part::Residuals if bundle.n_residuals > 0 => residuals..jacobian,
            Part::Jacobian if bundle.n_jacobian > 0 => jacobian..jacobian + bundle.n_jacobian,
            _ => return None,
        };
        Some(&bundle.out[range])
    }

    /// The lower triangle of the Hessian from the bundle, row by row.
    fn bundled_hessian(&mut self, x: &[f64]) -> Option<&[f64]> {
        self.bundled(Part::Value, x)?;
        let bundle = self.bundle.as_ref()?;
        let start = 1 + bundle.n_gradient;
        (bundle.n_hessian > 0).then(|| &bundle.out[start..start + bundle.n_hessian])
    }

    /// A part that is ready to be called again and again.
    pub fn prepared(&mut self, part: Part) -> Prepared<'_> {
        let at = self.program(part);
        Prepared::new(self.g, &self.programs[at].1)
    }

    /// A stage of the compilation of value and gradient, of the Hessian where it has a program, and of
    /// the Gauss-Newton matrix where there is one, each under its name.
    pub fn listing(&mut self, stage: jit::Stage) -> String {
        let mut parts = vec![("value and gradient", self.exprs_of(Part::ValueGradient))];
        self.choose_hessian();
        if let Some(hessian) = self.hessian.as_ref().filter(|h| h.program().is_some()) {
            parts.push(("Hessian", hessian.exprs.clone()));
        }
        if self.fuses_gauss_newton() {
            parts.push((
                "value, gradient and Gauss-Newton matrix",
                self.exprs_of(Part::GaussNewton),
            ));
        }
        let shown = |(name, exprs): &(&str, Vec<ExprId>)| {
            format!("{name}:\n{}\n", show::listing(self.g, exprs, &self.vars, stage))
        };
        parts.iter().map(shown).collect()
    }

    /// The Hessian's program likewise; none where it is computed by columns.
    pub fn prepared_hessian(&mut self) -> Option<Prepared<'_>> {
        self.choose_hessian();
        let program = self.hessian.as_ref()?.program()?;
        Some(Prepared::new(self.g, program))
    }

    /// Entries of the Hessian, both triangles, that may differ from zero.
    pub fn hessian_nnz(&mut self) -> usize {
        self.choose_hessian();
        self.hessian.as_ref().map_or(0, |h| h.nnz)
    }

    /// The Gauss-Newton matrix, where residuals have one in closed form.
    fn products(&mut self) -> Option<&(Layout, Vec<ExprId>)> {
        if self.products.is_none() {
            let (g, plain) = (&mut *self.g, self.engine.is_plain());
            let squares = self.squares.as_ref().filter(|_| self.n <= MAX_DENSE_HESSIAN);
            let found = squares.and_then(|s| gauss_newton::gauss_newton(g, s, &self.vars, plain));
            self.products = Some(found);
        }
        self.products.as_ref()?.as_ref()
    }

    /// Whether value, gradient and Gauss-Newton matrix come from one program.
    pub fn fuses_gauss_newton(&mut self) -> bool {
        self.products().is_some()
    }

    /// Where the entries of the Hessian lie, where they are few and known.
    pub fn hessian_pattern(&mut self) -> Option<Arc<SymmetricPattern>> {
        self.choose_hessian();
        match &self.hessian.as_ref()?.form {
            HessianForm::Sparse(pattern, _) => Some(Arc::clone(pattern)),
            _ => None,
        }
    }

    fn choose_hessian(&mut self) {
        if self.hessian.is_none() {
            self.gradient_exprs();
            let times = &mut self.times;
            let (g, engine, banded) = (&mut *self.g, &self.engine, self.banded.as_ref());
            self.hessian = Some(hessian::choose(g, engine, self.f, &self.vars, banded, times));
        }
    }

    /// A part at `x`, from the bundle or from a kernel of its own.
    fn part(&mut self, part: Part, x: &[f64]) -> &[f64] {
        if self.bundled(part, x).is_some() {
            return self.bundled(part, x).unwrap_or(&[]);
        }
        self.evaluate(part, x);
        &self.out
    }

    /// A derivative along a unit direction for every unknown, one after the
    /// other.
    fn by_columns(&mut self, part: Part, x: &[f64], mut take: impl FnMut(usize, &[f64])) {
        let mut point = [x, &vec![0.0; self.n]].concat();
        for j in 0..self.n {
            patience::look();
            point[self.n + j] = 1.0;
            self.evaluate(part, &point);
            take(j, &self.out);
            point[self.n + j] = 0.0;
        }
    }
}

/// The names of all entries, as [`entry_name`] gives them.
pub(crate) fn entry_names(g: &Graph, vars: &[SymbolId]) -> Vec<String> {
    let mut names = Vec::new();
    for &v in vars {
        let symbol = g.symbol(v);
        names.extend((0..symbol.shape.len()).map(|k| entry_name(&symbol.name, symbol.shape, k)));
    }
    names
}

/// `w[1]`, `W[2, 3]` for entry `k` (from 0) of an array, the name for a scalar.
fn entry_name(name: &str, shape: Shape, k: usize) -> String {
    match shape {
        Shape::Scalar => name.to_string(),
        Shape::Vector(_) => format!("{name}[{}]", k + 1),
        Shape::Matrix(_, n) => format!("{name}[{}, {}]", k / n + 1, k % n + 1),
    }
}

/// A program with its output vector.
pub(crate) struct Prepared<'c> {
    g: &'c Graph,
    program: &'c Program,
    /// Looked up once: a small kernel takes less time than finding it.
    alone: Option<Alone<'c>>,
    pub out: Vec<f64>,
}

impl<'c> Prepared<'c> {
    fn new(g: &'c Graph, program: &'c Program) -> Self {
        Prepared { g, program, alone: program.alone(), out: vec![0.0; program.n_out()] }
    }

    /// Evaluates at `x` into `out`.
    #[inline]
    pub fn call(&mut self, x: &[f64]) -> Result<(), Fault> {
        match &self.alone {
            Some(kernel) => {
                kernel.call(x, &mut self.out);
                Ok(())
            }
            None => self.program.run_fallibly(self.g, x, &mut self.out),
        }
    }
}

impl Measured for Compiled<'_> {
    fn magnitude(&mut self, x: &[f64]) -> f64 {
        let magnitude = equality::magnitude(self.g, self.f);
        let plain = self.engine.plain();
        let times = &mut Times::default();
        let program = Program::new(self.g, &plain, &[magnitude], &self.vars, times);
        let mut out = [0.0];
        match program.run(self.g, x, &mut out) {
            Ok(()) if out[0].is_finite() => out[0],
            _ => 0.0,
        }
    }
}

impl Problem for Compiled<'_> {
    fn n_vars(&self) -> usize {
        self.n
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
        let pattern = if self.n > MAX_DENSE { self.hessian_pattern() } else { None };
        match pattern {
            Some(pattern) => HessianKind::Sparse(pattern),
            None if self.n <= MAX_DENSE_HESSIAN => HessianKind::Dense,
            None => HessianKind::None,
        }
    }

    fn hessian(&mut self, x: &[f64], h: &mut DMatrix<f64>) {
        if let Some(lower) = self.bundled_hessian(x) {
            return Layout::LowerTriangle.fill(lower, h);
        }
        self.choose_hessian();
        let Some(hessian) = self.hessian.take() else { return };
        match &hessian.form {
            HessianForm::Dense(layout, program) => {
                self.run_into_out(program, x);
                layout.fill(&self.out, h);
            }
            HessianForm::Sparse(pattern, program) => {
                self.run_into_out(program, x);
                h.fill(0.0);
                pattern.for_each(|i, j, k| {
                    h[(i, j)] = self.out[k];
                    h[(j, i)] = self.out[k];
                });
            }
            HessianForm::Columns => {
                self.by_columns(Part::HessianVector, x, |j, column| {
                    h.column_mut(j).copy_from_slice(column)
                });
            }
        }
        self.hessian = Some(hessian);
    }

    fn sparse_hessian(&mut self, x: &[f64], values: &mut [f64]) {
        let outcome = match self.hessian.as_ref().map(|h| &h.form) {
            Some(HessianForm::Sparse(_, program)) => program.run(self.g, x, values),
            _ => return values.fill(f64::NAN),
        };
        self.note(outcome, values);
    }

    fn has_hessian_vector(&self) -> bool {
        true
    }

    fn hessian_vector(&mut self, x: &[f64], v: &[f64], hv: &mut [f64]) {
        self.evaluate(Part::HessianVector, &[x, v].concat());
        hv.copy_from_slice(&self.out);
    }

    fn squares(&self) -> Option<SumOfSquares> {
        let squares = self.squares.as_ref()?;
        let &Squares { scale, offset, .. } = squares;
        let count = structure::n_residuals(self.g, squares);
        let is_affine = self.affine;
        Some(SumOfSquares { count, scale, offset, is_affine, has_jacobian: true })
    }

    fn residuals(&mut self, x: &[f64], r: &mut [f64]) {
        r.copy_from_slice(self.part(Part::Residuals, x));
    }

    fn jacobian(&mut self, x: &[f64], jac: &mut DMatrix<f64>) {
        if self.all_scalar() && self.n <= MAX_SYMBOLIC_HESSIAN {
            jac.as_mut_slice().copy_from_slice(self.part(Part::Jacobian, x));
            return;
        }
        self.by_columns(Part::JacobianVector, x, |j, column| {
            jac.column_mut(j).copy_from_slice(column)
        });
    }

    fn has_gauss_newton(&mut self) -> bool {
        let Some(SumOfSquares { count: m, offset, .. }) = self.squares() else { return false };
        let many = m >= FEW_COLUMNS * self.n && m.saturating_mul(self.n) >= WORTH_PRODUCTS;
        many && offset == 0.0 && self.fuses_gauss_newton()
    }

    fn gauss_newton(&mut self, x: &[f64], g: &mut [f64], a: &mut DMatrix<f64>) -> f64 {
        self.evaluate(Part::GaussNewton, x);
        let (gradient, products) = self.out[1..].split_at(g.len());
        g.copy_from_slice(gradient);
        if let Some(Some((layout, _))) = &self.products {
            layout.fill(products, a);
        }
        self.out[0]
    }

    fn bounds(&self) -> Option<&Bounds> {
        self.bounds.as_ref()
    }

    fn var_name(&self, i: usize) -> String {
        let mut left = i;
        for &v in &self.vars {
            let symbol = self.g.symbol(v);
            if left < symbol.shape.len() {
                return entry_name(&symbol.name, symbol.shape, left);
            }
            left -= symbol.shape.len();
        }
        format!("entry {}", i + 1)
    }
}

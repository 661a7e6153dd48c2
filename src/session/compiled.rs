//! The problem that solvers see: compiled values, gradients, Hessians,
//! residuals and Jacobians of an objective of the graph.
//!
//! Everything is compiled when it is first asked for. Small problems of scalar
//! unknowns are compiled as one kernel that gives all that the method needs at
//! a point: one compilation, and one pass over what value and derivatives
//! share. With `--no-jit` the plain evaluator takes the place of kernels.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nalgebra::DMatrix;

use super::structure::{self, Squares};
use crate::diff;
use crate::eval::{self, EvalError};
use crate::expr::{ExprId, Graph, Symbol, SymbolId};
use crate::jit::{self, Fault, Kernel};
use crate::problem::Problem;
use crate::shape::{Shape, Tensor};
use crate::simplify;

/// Problems of at most this many scalar unknowns have a symbolic Hessian.
const MAX_SYMBOLIC_HESSIAN: usize = 40;
/// Larger Hessians are not formed.
const MAX_HESSIAN: usize = 1000;
/// One kernel for everything, where it has at most so many nodes.
const MAX_BUNDLE: usize = 600;

/// How expressions are evaluated.
#[derive(Clone)]
pub(super) struct Engine {
    /// Native code, or the plain evaluator.
    pub jit: bool,
    /// Raised to stop inside an evaluation.
    pub interrupt: Arc<AtomicBool>,
}

/// Expressions ready to be evaluated at points.
enum Program {
    Native(Box<Kernel>),
    Plain { exprs: Vec<ExprId>, inputs: Vec<(SymbolId, Shape)> },
}

/// What can be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    Value,
    ValueGradient,
    Gradient,
    Hessian,
    HessianVector,
    Residuals,
    Jacobian,
    JacobianVector,
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
pub(super) struct Compiled<'g> {
    g: &'g mut Graph,
    engine: Engine,
    /// The objective to minimize, in stable form.
    f: ExprId,
    vars: Vec<SymbolId>,
    n: usize,
    names: Vec<String>,
    gradient: Option<Vec<ExprId>>,
    squares: Option<Squares>,
    bounds: Option<(Vec<f64>, Vec<f64>)>,
    programs: Vec<(Part, Program)>,
    bundle: Option<Bundle>,
    directions: Vec<SymbolId>,
    out: Vec<f64>,
    /// Whether the Jacobian of the residuals is the same everywhere.
    affine: bool,
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
        bounds: Option<(Vec<f64>, Vec<f64>)>,
    ) -> Self {
        let f = simplify::stable(g, &[f])[0];
        let squares = squares.map(|s| Squares { blocks: simplify::stable(g, &s.blocks), ..s });
        let n = vars.iter().map(|&v| g.symbol(v).shape.len()).sum();
        let names = entry_names(g, vars);
        Compiled {
            g,
            engine,
            f,
            vars: vars.to_vec(),
            n,
            names,
            gradient: None,
            squares,
            bounds,
            programs: Vec::new(),
            bundle: None,
            directions: Vec::new(),
            out: Vec::new(),
            affine: false,
            fault: None,
        }
    }

    fn all_scalar(&self) -> bool {
        self.vars.iter().all(|&v| self.g.symbol(v).shape.is_scalar())
    }

    fn gradient_exprs(&mut self) -> Vec<ExprId> {
        if self.gradient.is_none() {
            let raw = diff::gradient(self.g, self.f, &self.vars);
            self.gradient = Some(simplify::stable(self.g, &raw));
        }
        self.gradient.clone().unwrap_or_default()
    }

    /// The lower triangle of the Hessian of scalar unknowns, row by row.
    fn hessian_exprs(&mut self) -> Vec<ExprId> {
        let gradient = diff::gradient(self.g, self.f, &self.vars);
        let rows = diff::hessian_of_scalars(self.g, &gradient, &self.vars);
        let lower: Vec<ExprId> =
            rows.iter().enumerate().flat_map(|(i, row)| row[..=i].to_vec()).collect();
        simplify::stable(self.g, &lower)
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
            Part::ValueGradient => [vec![self.f], self.gradient_exprs()].concat(),
            Part::Hessian => self.hessian_exprs(),
            Part::HessianVector => {
                let gradient = self.gradient_exprs();
                self.along_direction(&gradient)
            }
            Part::Residuals => self.squares.as_ref().map(|s| s.blocks.clone()).unwrap_or_default(),
            Part::Jacobian => self.jacobian_exprs(),
            Part::JacobianVector => {
                let blocks = self.exprs_of(Part::Residuals);
                self.along_direction(&blocks)
            }
        }
    }

    fn program(&mut self, part: Part) -> usize {
        if let Some(at) = self.programs.iter().position(|(p, _)| *p == part) {
            return at;
        }
        let exprs = self.exprs_of(part);
        let directed = matches!(part, Part::HessianVector | Part::JacobianVector);
        let mut inputs = self.vars.clone();
        if directed {
            inputs.extend(self.direction_symbols());
        }
        let program = build(self.g, &self.engine, &exprs, &inputs);
        self.programs.push((part, program));
        self.programs.len() - 1
    }

    /// Evaluates a part at `x` into the buffer `self.out`; not a number where
    /// that fails.
    fn evaluate(&mut self, part: Part, x: &[f64]) {
        let at = self.program(part);
        let mut out = std::mem::take(&mut self.out);
        let outcome = run(self.g, &self.programs[at].1, x, &mut out);
        self.note(outcome, &mut out);
        self.out = out;
    }

    fn note(&mut self, outcome: Result<(), Fault>, out: &mut [f64]) {
        if let Err(fault) = outcome {
            out.fill(f64::NAN);
            if let (Fault::Eval(error), None) = (fault, &self.fault) {
                self.fault = Some(error);
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

    /// One kernel for value, gradient, and what second-order methods need.
    /// Worth it where a compilation costs more than a few evaluations.
    pub fn bundle(&mut self, hessian: bool, jacobian: bool) {
        if !self.all_scalar() || self.n > MAX_SYMBOLIC_HESSIAN {
            return;
        }
        let gradient = self.gradient_exprs();
        let hessian = if hessian { self.hessian_exprs() } else { Vec::new() };
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
        let program = build(self.g, &self.engine, &all, &self.vars);
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
            let outcome = run(self.g, &bundle.program, x, &mut out);
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
            Part::Hessian if bundle.n_hessian > 0 => hessian..residuals,
            Part::Residuals if bundle.n_residuals > 0 => residuals..jacobian,
            Part::Jacobian if bundle.n_jacobian > 0 => jacobian..jacobian + bundle.n_jacobian,
            _ => return None,
        };
        Some(&bundle.out[range])
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
            point[self.n + j] = 1.0;
            self.evaluate(part, &point);
            take(j, &self.out);
            point[self.n + j] = 0.0;
        }
    }
}

/// `w[1]`, `W[2, 3]` for entries of arrays, the name for scalars.
pub(super) fn entry_names(g: &Graph, vars: &[SymbolId]) -> Vec<String> {
    let mut names = Vec::new();
    for &v in vars {
        let symbol = g.symbol(v);
        match symbol.shape {
            Shape::Scalar => names.push(symbol.name.clone()),
            Shape::Vector(n) => names.extend((1..=n).map(|i| format!("{}[{i}]", symbol.name))),
            Shape::Matrix(m, n) => {
                names.extend(
                    (0..m * n).map(|k| format!("{}[{}, {}]", symbol.name, k / n + 1, k % n + 1)),
                );
            }
        }
    }
    names
}

fn build(g: &mut Graph, engine: &Engine, exprs: &[ExprId], inputs: &[SymbolId]) -> Program {
    if engine.jit {
        let interrupt = Some(engine.interrupt.clone());
        let options = jit::Options { interrupt, ..jit::Options::default() };
        if let Ok(kernel) = jit::compile(g, exprs, inputs, &options) {
            return Program::Native(Box::new(kernel));
        }
    }
    let inputs = inputs.iter().map(|&s| (s, g.symbol(s).shape)).collect();
    Program::Plain { exprs: exprs.to_vec(), inputs }
}

fn run(g: &Graph, program: &Program, x: &[f64], out: &mut Vec<f64>) -> Result<(), Fault> {
    match program {
        Program::Native(kernel) => {
            out.resize(kernel.n_out(), 0.0);
            kernel.call(x, out)
        }
        Program::Plain { exprs, inputs } => {
            out.clear();
            out.resize(exprs.iter().map(|&e| g.shape(e).len()).sum(), f64::NAN);
            let mut values = Vec::with_capacity(inputs.len());
            let mut at = 0;
            for &(symbol, shape) in inputs {
                values.push((symbol, Tensor::new(shape, &x[at..at + shape.len()])));
                at += shape.len();
            }
            let lookup = |s: SymbolId| values.iter().find(|(v, _)| *v == s).map(|(_, t)| t.clone());
            let found = eval::evaluate(g, exprs, &lookup).map_err(Fault::Eval)?;
            let flat: Vec<f64> = found.iter().flat_map(|t| t.data().iter().copied()).collect();
            out.copy_from_slice(&flat);
            Ok(())
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

    fn has_gradient(&self) -> bool {
        true
    }

    fn value_gradient(&mut self, x: &[f64], g: &mut [f64]) -> f64 {
        let found = self.part(Part::ValueGradient, x);
        g.copy_from_slice(&found[1..]);
        found[0]
    }

    fn gradient(&mut self, x: &[f64], g: &mut [f64]) {
        g.copy_from_slice(self.part(Part::Gradient, x));
    }

    fn has_hessian(&self) -> bool {
        self.n <= MAX_HESSIAN
    }

    fn hessian(&mut self, x: &[f64], h: &mut DMatrix<f64>) {
        if self.all_scalar() && self.n <= MAX_SYMBOLIC_HESSIAN {
            let lower = self.part(Part::Hessian, x);
            let mut k = 0;
            for i in 0..h.nrows() {
                for j in 0..=i {
                    h[(i, j)] = lower[k];
                    h[(j, i)] = lower[k];
                    k += 1;
                }
            }
            return;
        }
        self.by_columns(Part::HessianVector, x, |j, column| {
            h.column_mut(j).copy_from_slice(column)
        });
    }

    fn has_hessian_vector(&self) -> bool {
        true
    }

    fn hessian_vector(&mut self, x: &[f64], v: &[f64], hv: &mut [f64]) {
        self.evaluate(Part::HessianVector, &[x, v].concat());
        hv.copy_from_slice(&self.out);
    }

    fn n_residuals(&self) -> Option<usize> {
        self.squares.as_ref().map(|s| structure::n_residuals(self.g, s))
    }

    fn residuals(&mut self, x: &[f64], r: &mut [f64]) {
        r.copy_from_slice(self.part(Part::Residuals, x));
    }

    fn has_jacobian(&self) -> bool {
        self.squares.is_some()
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

    fn residual_scale(&self) -> f64 {
        self.squares.as_ref().map_or(1.0, |s| s.scale)
    }

    fn residual_offset(&self) -> f64 {
        self.squares.as_ref().map_or(0.0, |s| s.offset)
    }

    fn has_affine_residuals(&self) -> bool {
        self.affine
    }

    fn bounds(&self) -> Option<(&[f64], &[f64])> {
        self.bounds.as_ref().map(|(lower, upper)| (lower.as_slice(), upper.as_slice()))
    }

    fn var_name(&self, i: usize) -> String {
        self.names[i].clone()
    }
}

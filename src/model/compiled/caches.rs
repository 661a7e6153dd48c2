//! What a problem keeps from one question to the next: programs, their values at the last point, and buffers.

use std::ops::Range;

use super::Part;
use crate::eval::EvalError;
use crate::expr::Graph;
use crate::jit::{Alone, Fault};
use crate::memory;
use crate::model::engine::Program;
use crate::model::hessian::Hessian;
use crate::patience;

/// What asks for memory here.
const RESULTS: &str = "the derivatives of the objective";

/// Programs, made when they are first needed, and where their values go.
#[derive(Default)]
pub(super) struct Caches {
    programs: Vec<(Part, Program)>,
    pub bundle: Option<Bundle>,
    pub hessian: Option<Hessian>,
    pub out: Vec<f64>,
    /// The first thing that went wrong in an evaluation.
    pub fault: Option<EvalError>,
}

impl Caches {
    /// The place of the program of a part, if there is one.
    pub fn place(&self, part: Part) -> Option<usize> {
        self.programs.iter().position(|(p, _)| *p == part)
    }

    /// Keeps the program of a part, and gives its place.
    pub fn keep(&mut self, part: Part, program: Program) -> usize {
        self.programs.push((part, program));
        self.programs.len() - 1
    }

    pub fn program(&self, place: usize) -> &Program {
        &self.programs[place].1
    }

    /// Evaluates a program at `x` into `out`; not a number where that fails.
    pub fn run(&mut self, g: &Graph, place: usize, x: &[f64]) {
        let Caches { programs, out, fault, .. } = self;
        into(out, fault, g, &programs[place].1, x);
    }

    /// Evaluates the program of the Hessian likewise, if it has one.
    pub fn run_hessian(&mut self, g: &Graph, x: &[f64]) {
        let Caches { hessian, out, fault, .. } = self;
        if let Some(program) = hessian.as_ref().and_then(Hessian::program) {
            into(out, fault, g, program, x);
        }
    }

    /// Evaluates the program of the Hessian into `values`.
    pub fn hessian_into(&mut self, g: &Graph, x: &[f64], values: &mut [f64]) {
        match self.hessian.as_ref().and_then(Hessian::program) {
            Some(program) => note(program.run(g, x, values), values, &mut self.fault),
            None => values.fill(f64::NAN),
        }
    }

    /// The part of the bundle's values at `x`, where it holds that part.
    pub fn bundled(&mut self, g: &Graph, part: Part, x: &[f64]) -> Option<&[f64]> {
        let bundle = self.bundle.as_mut()?;
        bundle.move_to(g, x, &mut self.fault);
        bundle.range(part).map(|range| &bundle.out[range])
    }

    /// The lower triangle of the Hessian from the bundle, row by row.
    pub fn bundled_hessian(&mut self, g: &Graph, x: &[f64]) -> Option<&[f64]> {
        let bundle = self.bundle.as_mut()?;
        bundle.move_to(g, x, &mut self.fault);
        let range = bundle.hessian_range();
        (!range.is_empty()).then(|| &bundle.out[range])
    }
}

/// Evaluates a program at `x` into a buffer.
fn into(
    out: &mut Vec<f64>,
    fault: &mut Option<EvalError>,
    g: &Graph,
    program: &Program,
    x: &[f64],
) {
    memory::resize(out, program.n_out(), RESULTS);
    note(program.run(g, x, out), out, fault);
}

/// Keeps the first fault. What could not be evaluated is not a number.
fn note(outcome: Result<(), Fault>, out: &mut [f64], first: &mut Option<EvalError>) {
    if let Err(fault) = outcome {
        out.fill(f64::NAN);
        match fault {
            Fault::Interrupted => patience::look(),
            Fault::Eval(error) => {
                first.get_or_insert(error);
            }
        }
    }
}

/// Expressions that one program gives at once, and their values at the last point.
pub(super) struct Bundle {
    program: Program,
    counts: Counts,
    x: Vec<f64>,
    out: Vec<f64>,
}

/// How many expressions of each kind a bundle has, in this order, after the value.
pub(super) struct Counts {
    pub gradient: usize,
    pub hessian: usize,
    pub residuals: usize,
    pub jacobian: usize,
}

impl Bundle {
    pub fn new(program: Program, counts: Counts) -> Bundle {
        let out = vec![0.0; program.n_out()];
        Bundle { program, counts, x: Vec::new(), out }
    }

    /// Evaluates everything at `x`, if that is not where it was evaluated last.
    fn move_to(&mut self, g: &Graph, x: &[f64], fault: &mut Option<EvalError>) {
        if self.x != x {
            // An interrupt unwinds from here: then nothing is known at any point.
            self.x.clear();
            note(self.program.run(g, x, &mut self.out), &mut self.out, fault);
            self.x.extend_from_slice(x);
        }
    }

    fn hessian_range(&self) -> Range<usize> {
        let start = 1 + self.counts.gradient;
        start..start + self.counts.hessian
    }

    /// Where the values of a part are.
    fn range(&self, part: Part) -> Option<Range<usize>> {
        let hessian = self.hessian_range();
        let residuals = hessian.end..hessian.end + self.counts.residuals;
        let jacobian = residuals.end..residuals.end + self.counts.jacobian;
        match part {
            Part::Value => Some(0..1),
            Part::Gradient => Some(1..hessian.start),
            Part::ValueGradient => Some(0..hessian.start),
            Part::Residuals => Some(residuals).filter(|r| !r.is_empty()),
            Part::Jacobian => Some(jacobian).filter(|r| !r.is_empty()),
            _ => None,
        }
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
    pub(super) fn new(g: &'c Graph, program: &'c Program) -> Self {
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

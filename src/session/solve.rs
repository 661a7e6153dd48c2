//! `minimize` and `maximize`: from a checked objective to a result.

use std::sync::Arc;

use super::compiled::{Compiled, entry_names};
use super::fit::Fit;
use super::program::Engine;
use super::statement::Runner;
use super::structure::{self, Squares};
use super::{Mode, Unknown, derivative_check, finite, record};
use crate::check::{Checked, Item, Objective, Reported, eval_error};
use crate::diag::{Diagnostic, codes};
use crate::expr::{ExprId, Graph, Op, Symbol, SymbolId};
use crate::ops;
use crate::optim::driver::{self, Control, Solution};
use crate::optim::least_squares::{FitStatistics, fit_statistics};
use crate::optim::options::Options;
use crate::optim::registry::{self, MethodDef, Need};
use crate::optim::status::Status;
use crate::optim::verdict::{Verdict, judge};
use crate::problem::Problem;
use crate::shape::Tensor;
use crate::syntax::ast::{Command, CommandKind};

/// Levenberg-Marquardt works on dense Jacobians of at most this many entries.
const MAX_JACOBIAN: usize = 50_000_000;
/// Least squares with more unknowns than this goes to a method without them.
const MAX_LM: usize = 500;
/// Newton's method on a dense Hessian of at most this many unknowns.
const MAX_NEWTON: usize = 200;
/// The kind of point is worked out for at most this many unknowns.
const MAX_VERDICT: usize = 300;

/// A method with its options, and why it was chosen.
struct Plan {
    def: &'static MethodDef,
    options: Options,
    why: String,
}

/// The start and bounds of all unknowns that move, entry by entry.
pub(super) struct Setup {
    pub f: ExprId,
    pub x0: Vec<f64>,
    bounds: Option<(Vec<f64>, Vec<f64>)>,
    pub squares: Option<Squares>,
    smooth: bool,
    /// Values of all unknowns at the start.
    values: Vec<(SymbolId, Tensor)>,
}

impl Runner<'_> {
    /// Runs an optimization and gives its result.
    pub(super) fn optimize(
        &mut self,
        command: &Command,
        name: Option<&str>,
        brief: bool,
    ) -> Checked<Item> {
        let objective = self.checker(|c| c.optimization(command))?;
        if self.is_dry() {
            let g = &mut self.session.state.graph;
            let is_fit = structure::squares(g, objective.value).is_some();
            return Ok(Item::Record(Arc::new(record::pending(
                g,
                name,
                &objective.unknowns,
                is_fit,
            ))));
        }
        let setup = self.setup(&objective)?;
        let plan = self.plan(&objective, &setup)?;
        let fit = Arc::new(self.solve(&objective, &setup, &plan, name)?);
        self.outcome.unconverged |= !fit.status.is_success();
        if fit.status == Status::Interrupted {
            self.outcome.interrupted = true;
        }
        self.session.finished.push((Arc::clone(&fit), brief));
        let record = record::record(&mut self.session.state.graph, &fit, &objective.unknowns);
        let item = Item::Record(Arc::new(record));
        if self.mode == Mode::Line {
            self.session.state.names.define("ans", item.clone(), None);
        }
        Ok(item)
    }

    /// Start and bounds, and the objective with unknowns that stay replaced by
    /// their start.
    pub(super) fn setup(&mut self, objective: &Objective) -> Checked<Setup> {
        let values = self.start_values(objective)?;
        let g = &mut self.session.state.graph;
        let mut fixed = Vec::new();
        for (unknown, value) in &values {
            if !objective.over.contains(unknown) {
                let name = g.symbol(*unknown).name.clone();
                let symbol = g.declare(Symbol::known(&name, value.shape(), Some(value.clone())));
                fixed.push((g.leaf(*unknown), g.leaf(symbol)));
            }
        }
        let written = ops::substitute(g, objective.value, &fixed);
        let f = if objective.kind == CommandKind::Maximize { g.neg(written) } else { written };
        let (mut x0, mut lower, mut upper) = (Vec::new(), Vec::new(), Vec::new());
        for unknown in &objective.over {
            let value = values.iter().find(|(u, _)| u == unknown).map(|(_, v)| v.clone());
            let value = value.unwrap_or_else(|| Tensor::filled(g.symbol(*unknown).shape, 0.0));
            let n = value.data().len();
            x0.extend_from_slice(value.data());
            let known = self.session.state.unknowns.get(unknown);
            let side =
                |t: Option<&Tensor>, none: f64| t.map_or(vec![none; n], |t| t.data().to_vec());
            lower.extend(side(known.and_then(|u| u.lower.as_ref()), f64::NEG_INFINITY));
            upper.extend(side(known.and_then(|u| u.upper.as_ref()), f64::INFINITY));
        }
        let bounded = lower.iter().any(|l| l.is_finite()) || upper.iter().any(|u| u.is_finite());
        let g = &mut self.session.state.graph;
        let squares = structure::squares(g, f);
        let smooth = structure::is_smooth(g, f);
        Ok(Setup { f, x0, bounds: bounded.then_some((lower, upper)), squares, smooth, values })
    }

    /// The start of every unknown of the objective: what `from` gives, else
    /// what its declaration gives, within the bounds.
    fn start_values(&mut self, objective: &Objective) -> Checked<Vec<(SymbolId, Tensor)>> {
        let mut values = Vec::new();
        for &unknown in &objective.unknowns {
            let leaf = self.session.state.graph.leaf(unknown);
            let given = objective.start.iter().find(|(from, _)| *from == leaf).map(|(_, to)| *to);
            let declared = self.session.state.unknowns.get(&unknown).cloned();
            let own = declared.as_ref().map(|u| u.start.clone());
            let shape = self.session.state.graph.symbol(unknown).shape;
            let own = own.unwrap_or_else(|| Tensor::filled(shape, 0.0));
            let Some(given) = given else {
                values.push((unknown, own));
                continue;
            };
            // Entries that `from` does not give keep the declared start.
            let placeholder = {
                let g = &mut self.session.state.graph;
                let name = g.symbol(unknown).name.clone();
                let symbol = g.declare(Symbol::known(&name, shape, Some(own)));
                let known = g.leaf(symbol);
                ops::substitute(g, given, &[(leaf, known)])
            };
            let value =
                self.checker(|c| c.value_of(placeholder, objective.span))?.ok_or(Reported)?;
            values.push((unknown, self.clip(unknown, value, declared.as_ref(), objective)));
        }
        Ok(values)
    }

    fn clip(
        &mut self,
        unknown: SymbolId,
        value: Tensor,
        declared: Option<&Unknown>,
        objective: &Objective,
    ) -> Tensor {
        let bound = |t: Option<&Tensor>, k: usize, none: f64| t.map_or(none, |t| t.data()[k]);
        let lower = declared.and_then(|u| u.lower.as_ref());
        let upper = declared.and_then(|u| u.upper.as_ref());
        let clip = |(k, v): (usize, &f64)| {
            v.max(bound(lower, k, f64::NEG_INFINITY)).min(bound(upper, k, f64::INFINITY))
        };
        let clipped: Vec<f64> = value.data().iter().enumerate().map(clip).collect();
        let moved = value.data().iter().zip(&clipped).any(|(a, b)| a != b && !a.is_nan());
        if !moved {
            return value;
        }
        let name = &self.session.state.graph.symbol(unknown).name;
        let message = format!(
            "the start of `{name}` lies outside its bounds and is moved to the nearest bound"
        );
        self.sink.push(
            Diagnostic::note_only(codes::W0008, message).at(objective.span, "in this optimization"),
        );
        Tensor::new(value.shape(), clipped)
    }

    /// The method that was named, or the one that the structure asks for.
    fn plan(&mut self, objective: &Objective, setup: &Setup) -> Checked<Plan> {
        if let Some(chosen) = &objective.method {
            return Ok(Plan {
                def: chosen.def,
                options: chosen.options.clone(),
                why: String::new(),
            });
        }
        let n = setup.x0.len();
        let residuals =
            setup.squares.as_ref().map(|s| structure::n_residuals(&self.session.state.graph, s));
        let unknowns = if n == 1 { "1 unknown".to_string() } else { format!("{n} unknowns") };
        let dense =
            residuals.filter(|m| *m >= n && n <= MAX_LM && m.saturating_mul(n) <= MAX_JACOBIAN);
        let (name, why) = match dense {
            _ if setup.bounds.is_some() => ("lbfgs", format!("{unknowns} with bounds")),
            Some(1) => ("lm", format!("a square in {unknowns}")),
            Some(m) => ("lm", format!("a sum of {m} squares in {unknowns}")),
            None if !setup.smooth && n <= MAX_LM => ("bfgs", format!("not smooth, {unknowns}")),
            None if n <= MAX_NEWTON => ("newton", format!("smooth, {unknowns}, exact Hessian")),
            None => ("lbfgs", format!("{unknowns}: too many for a dense Hessian")),
        };
        match registry::find(name) {
            Some(def) => Ok(Plan { def, options: def.default_options(), why }),
            None => Err(Reported),
        }
    }

    fn solve(
        &mut self,
        objective: &Objective,
        setup: &Setup,
        plan: &Plan,
        name: Option<&str>,
    ) -> Checked<Fit> {
        let engine = Engine {
            jit: self.session.settings.jit,
            interrupt: Arc::clone(&self.session.interrupt),
        };
        let g = &mut self.session.state.graph;
        let entries = entry_names(g, &objective.over);
        let bounds = setup.bounds.clone();
        let mut problem =
            Compiled::new(g, engine, setup.f, &objective.over, setup.squares.clone(), bounds);
        let squares = plan.def.needs.contains(&Need::Jacobian);
        problem.bundle(true, squares);
        if squares {
            problem.find_affine_residuals();
        }
        let mismatch =
            if setup.smooth { derivative_check::mismatch(&mut problem, &setup.x0) } else { None };
        let random = self.session.files.solver_draws();
        let control = Control { interrupt: Some(Arc::clone(&self.session.interrupt)), random };
        let solved = driver::minimize(&mut problem, &setup.x0, plan.def, &plan.options, &control);
        let solved = solved.map(|s| {
            let verdict = verdict(&mut problem, &s, setup);
            (statistics(&mut problem, &s), verdict, s)
        });
        let fault = problem.fault.take();
        let times = problem.times;
        drop(problem);
        self.session.prepared.add(times);
        if let Some(error) = fault {
            let spans = &self.session.state.spans;
            let finding = eval_error(
                &self.session.state.graph,
                &error,
                &|n| spans.get(&n).copied(),
                objective.span,
            );
            return self.report(finding);
        }
        if let Some((symbolic, numeric)) = mismatch {
            let message = "a symbolic derivative disagrees with the numeric one";
            let finding =
                Diagnostic::warning(codes::W0006, message).at(objective.span, "of this objective");
            self.sink.push(
                finding
                    .note(format!("along a direction it is {symbolic}, by differences {numeric}"))
                    .note("this is a bug in Gradus; please report it"),
            );
        }
        let (mut statistics, verdict, solution) = match solved {
            Ok(found) => found,
            Err(misfit) => return self.misfit(&misfit, objective),
        };
        if let (Some(statistics), Some(squares)) = (&mut statistics, &setup.squares) {
            let response = response(&mut self.session.state.graph, squares);
            statistics.r_squared =
                response.and_then(|y| r_squared(&y, statistics.residual_sum_of_squares));
        }
        Ok(self.result(objective, setup, plan, name, entries, solution, statistics, verdict))
    }

    /// The method cannot run on this problem.
    fn misfit<T>(&mut self, misfit: &driver::Misfit, objective: &Objective) -> Checked<T> {
        let span = objective.method.as_ref().map_or(objective.span, |m| m.span);
        let help = match misfit {
            driver::Misfit::Bounds { .. } => {
                Some("leave `using` out, or use `lbfgs`, which keeps bounds")
            }
            driver::Misfit::Unmet { .. } => {
                Some("leave `using` out: the method is then chosen from the structure")
            }
            _ => None,
        };
        self.report(
            Diagnostic::error(codes::E0601, misfit.to_string()).at(span, "here").help_opt(help),
        )
    }

    #[allow(clippy::too_many_arguments)] // puts together what the steps before have found
    fn result(
        &mut self,
        objective: &Objective,
        setup: &Setup,
        plan: &Plan,
        name: Option<&str>,
        entries: Vec<String>,
        solution: Solution,
        statistics: Option<FitStatistics>,
        verdict: Option<Verdict>,
    ) -> Fit {
        let sign = if objective.kind == CommandKind::Maximize { -1.0 } else { 1.0 };
        let mut message = solution.message.clone();
        if solution.status == Status::InvalidStart {
            let g = &mut self.session.state.graph;
            if let Some((culprit, reason)) = finite::explain(g, objective.value, &setup.values) {
                message = format!("the start has no finite value: {reason}");
                let span =
                    self.session.state.spans.get(&culprit).copied().unwrap_or(objective.span);
                let finding = Diagnostic::warning(codes::W0009, message.clone())
                    .at(span, "not finite at the start");
                self.sink
                    .push(finding.help("give another start with `from`, or start values in `var`"));
            }
        }
        let g = &self.session.state.graph;
        let mut at = 0;
        let mut values = Vec::new();
        for (unknown, start) in &setup.values {
            let symbol = g.symbol(*unknown);
            let n = symbol.shape.len();
            let moved = objective.over.contains(unknown);
            let value = if moved {
                Tensor::new(symbol.shape, &solution.x[at..at + n])
            } else {
                start.clone()
            };
            at += if moved { n } else { 0 };
            values.push((symbol.name.clone(), value));
        }
        let mut trace = solution.trace.clone();
        trace.value.iter_mut().for_each(|v| *v *= sign);
        Fit {
            name: name.map(str::to_string),
            statement: objective.kind.word(),
            objective: objective.name.clone(),
            method: solution.method,
            why: plan.why.clone(),
            status: solution.status,
            message,
            value: sign * solution.value,
            grad_norm: solution.grad_norm,
            iterations: solution.iterations,
            evaluations: solution.evaluations,
            time: solution.time,
            solution: values,
            entries,
            x: solution.x,
            verdict,
            statistics,
            trace,
        }
    }
}

/// What kind of point the solution is. Not worked out after a limit or a
/// failure, and for large problems.
fn verdict(problem: &mut Compiled, solution: &Solution, setup: &Setup) -> Option<Verdict> {
    let n = solution.x.len();
    let settled = matches!(solution.status, Status::Converged | Status::Stalled);
    if !settled || !setup.smooth || n > MAX_VERDICT || !problem.has_hessian() {
        return None;
    }
    let mut hessian = nalgebra::DMatrix::zeros(n, n);
    problem.hessian(&solution.x, &mut hessian);
    let mut gradient = solution.gradient.clone();
    if gradient.len() != n {
        gradient = vec![0.0; n];
        problem.gradient(&solution.x, &mut gradient);
    }
    let bounds = setup.bounds.as_ref().map(|(l, u)| (l.as_slice(), u.as_slice()));
    Some(judge(&solution.x, &gradient, &hessian, bounds, true))
}

/// Uncertainties of a fit with more residuals than parameters.
fn statistics(problem: &mut Compiled, solution: &Solution) -> Option<FitStatistics> {
    let (m, n) = (problem.n_residuals()?, solution.x.len());
    let settled = matches!(solution.status, Status::Converged | Status::Stalled);
    if !settled || m <= n || m.saturating_mul(n) > MAX_JACOBIAN {
        return None;
    }
    let mut residuals = vec![0.0; m];
    problem.residuals(&solution.x, &mut residuals);
    let mut jacobian = nalgebra::DMatrix::zeros(m, n);
    problem.jacobian(&solution.x, &mut jacobian);
    let finite = residuals.iter().chain(jacobian.iter()).all(|v| v.is_finite());
    finite.then(|| fit_statistics(&solution.x, &residuals, &jacobian, None))
}

/// The data that a fit explains: the known terms of its residuals.
fn response(g: &mut Graph, squares: &Squares) -> Option<Vec<f64>> {
    let [block] = squares.blocks[..] else { return None };
    let (range, body) = match ops::Range::of(g, block).filter(|_| g.op(block) == Op::Comp) {
        Some(range) => (Some(range), g.args(block)[Op::BINDER_BODY]),
        None => (None, block),
    };
    if g.op(body) != Op::Add {
        return None;
    }
    let known: Vec<ExprId> = g.args(body).iter().copied().filter(|&t| !g.has_unknown(t)).collect();
    if known.is_empty() {
        return None;
    }
    let mut data = g.add(&known);
    if let Some(range) = range {
        data = range.bind(g, Op::Comp, data);
    }
    crate::eval::evaluate_known(g, data).ok().map(|t| t.data().to_vec())
}

/// `1 - |r|^2 / |y - mean(y)|^2`; none where the data do not vary.
fn r_squared(y: &[f64], residual_sum: f64) -> Option<f64> {
    let mean = y.iter().sum::<f64>() / y.len() as f64;
    let total: f64 = y.iter().map(|v| (v - mean) * (v - mean)).sum();
    (y.len() > 1 && total > 0.0).then(|| 1.0 - residual_sum / total)
}

//! `minimize` and `maximize`: from a checked objective to a result.

use std::sync::Arc;

use super::Mode;
use super::Unknown;
use super::record;
use super::statement::Runner;
use crate::check::{Checked, Item, Objective, Reported, eval_error};
use crate::diag::{Diagnostic, codes};
use crate::expr::{ExprId, Graph, Symbol, SymbolId};
use crate::model::Fit;
use crate::model::compiled::{Compiled, entry_names};
use crate::model::data_rows;
use crate::model::derivative_check;
use crate::model::finite;
use crate::model::fitted;
use crate::model::structure::{self, Squares};
use crate::ops;
use crate::optim::driver::{self, Control, Solution};
use crate::optim::judge::least_squares::FitStatistics;
use crate::optim::judge::verdict::Verdict;
use crate::optim::methods::newton::MAX_DENSE;
use crate::optim::options::Options;
use crate::optim::registry::{self, MethodDef, Need};
use crate::optim::squares::normal_equations::MAX_JACOBIAN;
use crate::optim::status::Status;
use crate::patience::{self, Stopped};
use crate::problem::{Halt, Problem, evaluation_timer};
use crate::shape::Tensor;
use crate::syntax::ast::{Command, CommandKind};

/// Least squares with more unknowns than this goes to a method without them.
const MAX_LM: usize = 500;
/// Newton's method on a dense Hessian of at most this many unknowns.
const MAX_NEWTON: usize = 200;

/// So many results can be explained; older ones are forgotten.
const MAX_FITS: usize = 1000;

/// A method with its options, and why it was chosen.
struct Plan {
    def: &'static MethodDef,
    options: Options,
    why: String,
    /// Whether Newton's method would be chosen instead were the Hessian sparse.
    is_for_many: bool,
}

/// The start and bounds of all unknowns that move, entry by entry.
pub(super) struct Setup {
    pub f: ExprId,
    pub x0: Vec<f64>,
    bounds: Option<(Vec<f64>, Vec<f64>)>,
    pub squares: Option<Squares>,
    /// Squares that are data at the start.
    n_data: Option<usize>,
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
            let f = minimized(g, &objective, objective.value);
            let is_fit = structure::squares(g, f).is_some();
            return Ok(Item::Record(Arc::new(record::pending(
                g,
                name,
                &objective.unknowns,
                is_fit,
            ))));
        }
        let setup = self.setup(&objective)?;
        let plan = self.plan(&objective, &setup)?;
        let solved = patience::attempt(|| self.solve(&objective, &setup, &plan, name));
        let fit = match solved {
            Ok(fit) => fit?,
            Err(Stopped) => self.not_begun(&objective, &setup, &plan, name),
        };
        let fit = Arc::new(fit);
        if patience::is_over() {
            self.session.settle();
        }
        self.outcome.unconverged |= !fit.status.is_success();
        if fit.status == Status::Interrupted {
            self.outcome.interrupted = true;
        }
        self.session.finished.push((Arc::clone(&fit), brief));
        let record = record::record(&mut self.session.state.graph, &fit, &objective.unknowns);
        let record = Arc::new(record);
        let fits = &mut self.session.state.fits;
        if fits.len() >= MAX_FITS {
            fits.remove(0);
        }
        fits.push((Arc::clone(&record), Arc::clone(&fit)));
        let item = Item::Record(record);
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
        let f = minimized(g, objective, written);
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
        let engine = self.session.engine();
        let g = &mut self.session.state.graph;
        let over = &objective.over;
        let n_data = squares.as_ref().map(|s| data_rows::n_data(g, &engine, s, over, &x0));
        let bounds = bounded.then_some((lower, upper));
        Ok(Setup { f, x0, bounds, squares, n_data, smooth, values })
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
                is_for_many: false,
            });
        }
        let n = setup.x0.len();
        let residuals = setup.n_data;
        let unknowns = if n == 1 { "1 unknown".to_string() } else { format!("{n} unknowns") };
        let fit = residuals.filter(|m| *m >= n && n <= MAX_LM);
        let bounded = if setup.bounds.is_some() { " with bounds" } else { "" };
        let (name, why) = match fit {
            Some(1) => ("lm", format!("a square in {unknowns}{bounded}")),
            Some(m) => ("lm", format!("a sum of {m} squares in {unknowns}{bounded}")),
            None => choice_without_residuals(setup),
        };
        match registry::find(name) {
            Some(def) => {
                let is_for_many = n > MAX_DENSE && matches!(name, "lbfgs" | "lm" | "newton");
                Ok(Plan { def, options: def.default_options(), why, is_for_many })
            }
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
        let engine = self.session.engine();
        let g = &mut self.session.state.graph;
        let entries = entry_names(g, &objective.over);
        let bounds = setup.bounds.clone();
        let (f, over) = (setup.f, &objective.over);
        let mut problem =
            Compiled::new(g, engine.clone(), f, over, setup.squares.clone(), bounds.clone());
        problem.smooth = setup.smooth;
        let revised = plan_sparse(&mut problem, setup, plan)
            .or_else(|| plan_without_jacobian(&mut problem, setup, plan));
        let plan = revised.as_ref().unwrap_or(plan);
        let squares = plan.def.needs.contains(&Need::Jacobian);
        if squares && !fits_in_memory(&mut problem) {
            let (m, n) = (problem.n_residuals().unwrap_or(0), problem.n_vars());
            drop(problem);
            let message = format!("`{}` would store a Jacobian of {m} by {n}", plan.def.name);
            let finding = Diagnostic::error(codes::E0601, message).at(objective.span, "here");
            return self.report(finding.help("use `lbfgs`, or leave `using` out"));
        }
        problem.get_ready(squares);
        let look = || Doubt::of(&mut problem, &setup.x0);
        let mut doubt = {
            // A look that has no time to end finds nothing.
            let _timer = evaluation_timer(&self.session.interrupt, plan.options.max_time);
            if setup.smooth { patience::attempt(look).ok().flatten() } else { None }
        };
        if let Some(doubt) = doubt.as_mut().filter(|_| !engine.is_plain()) {
            // The plain evaluator takes over, and is asked the same.
            drop(problem);
            let g = &mut self.session.state.graph;
            problem = Compiled::new(g, engine.plain(), f, over, setup.squares.clone(), bounds);
            problem.smooth = setup.smooth;
            problem.get_ready(squares);
            doubt.settled = derivative_check::mismatch(&mut problem, &setup.x0).is_none();
        }
        let unsettled = doubt.as_ref().is_some_and(|d| !d.settled);
        let random = self.session.files.solver_draws();
        let control = Control { interrupt: Some(Arc::clone(&self.session.interrupt)), random };
        let solved = driver::minimize(&mut problem, &setup.x0, plan.def, &plan.options, &control);
        let solved = solved.map(|mut s| {
            if unsettled {
                without_claims(&mut s);
                return (None, None, s);
            }
            let bounds = setup.bounds.as_ref();
            let judged = patience::attempt(|| {
                let verdict = fitted::verdict(&mut problem, &s, setup.smooth, bounds);
                fitted::heed(&mut s, verdict.as_ref());
                (fitted::statistics(&mut problem, &s), verdict)
            });
            // Numbers that were not worked out to their end judge nothing.
            let (statistics, verdict) =
                judged.ok().filter(|_| !patience::is_over()).unwrap_or_default();
            (statistics, verdict, s)
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
        if let Some(doubt) = doubt {
            self.sink.push(doubt.finding(objective));
        }
        let (mut statistics, verdict, solution) = match solved {
            Ok(found) => found,
            Err(misfit) => return self.misfit(&misfit, objective),
        };
        if let (Some(statistics), Some(squares)) = (&mut statistics, &setup.squares) {
            let g = &mut self.session.state.graph;
            // Without it two numbers of the report are missing.
            let _ = patience::attempt(|| fitted::add_response(g, &engine, squares, statistics));
        }
        Ok(self.result(objective, setup, plan, name, entries, solution, statistics, verdict))
    }

    /// The result of an optimization that was interrupted while it was made ready.
    fn not_begun(
        &mut self,
        objective: &Objective,
        setup: &Setup,
        plan: &Plan,
        name: Option<&str>,
    ) -> Fit {
        self.session.settle();
        let entries = entry_names(&self.session.state.graph, &objective.over);
        let solution = driver::not_begun(&setup.x0, plan.def, Halt::Interrupted);
        self.result(objective, setup, plan, name, entries, solution, None, None)
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
            analysis: analysis(setup),
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

/// A gradient that differences contradict.
struct Doubt {
    symbolic: f64,
    numeric: f64,
    /// Whether the plain evaluator, which took over, has one that they confirm.
    settled: bool,
}

impl Doubt {
    fn of(problem: &mut Compiled, x: &[f64]) -> Option<Doubt> {
        let (symbolic, numeric) = derivative_check::mismatch(problem, x)?;
        Some(Doubt { symbolic, numeric, settled: false })
    }

    fn finding(&self, objective: &Objective) -> Diagnostic {
        let message = "a symbolic derivative disagrees with the numeric one";
        let values =
            format!("along a direction it is {}, by differences {}", self.symbolic, self.numeric);
        let outcome = if self.settled {
            "that of the plain evaluator agrees, so this optimization ran on it"
        } else {
            "no derivative of this objective can be relied on, so its result is not called converged"
        };
        Diagnostic::warning(codes::W0006, message)
            .at(objective.span, "of this objective")
            .note(values)
            .note(outcome)
            .note("this is a bug in Gradus; please report it")
    }
}

/// A result by derivatives that cannot be relied on is not called converged.
fn without_claims(solution: &mut Solution) {
    if solution.status == Status::Converged {
        solution.status = Status::Stalled;
        let test = std::mem::take(&mut solution.message);
        solution.message = format!("its derivatives disagree with differences, though {test}");
    }
}

/// What is minimized: to maximize is to minimize the negative.
fn minimized(g: &mut Graph, objective: &Objective, written: ExprId) -> ExprId {
    if objective.kind == CommandKind::Maximize { g.neg(written) } else { written }
}

/// The method for a smooth or another objective that is no sum of squares, by its number of unknowns.
fn choice_without_residuals(setup: &Setup) -> (&'static str, String) {
    let n = setup.x0.len();
    let unknowns = if n == 1 { "1 unknown".to_string() } else { format!("{n} unknowns") };
    match n {
        _ if setup.bounds.is_some() => ("lbfgs", format!("{unknowns} with bounds")),
        _ if !setup.smooth && n <= MAX_LM => ("bfgs", format!("not smooth, {unknowns}")),
        _ if n <= MAX_NEWTON => ("newton", format!("smooth, {unknowns}, exact Hessian")),
        _ => ("lbfgs", format!("{unknowns}: too many for a dense Hessian")),
    }
}

/// Whether the Jacobian need not be stored, or can be.
fn fits_in_memory(problem: &mut Compiled) -> bool {
    let m = problem.n_residuals().unwrap_or(0);
    m.saturating_mul(problem.n_vars()) <= MAX_JACOBIAN || problem.has_gauss_newton()
}

/// Another method, where the one chosen for a sum of squares would store a Jacobian that is too large.
fn plan_without_jacobian(problem: &mut Compiled, setup: &Setup, plan: &Plan) -> Option<Plan> {
    let chosen = !plan.why.is_empty() && plan.def.needs.contains(&Need::Jacobian);
    if !chosen || fits_in_memory(problem) {
        return None;
    }
    let (name, why) = choice_without_residuals(setup);
    let def = registry::find(name)?;
    Some(Plan { def, options: def.default_options(), why, is_for_many: false })
}

/// Newton's method, where it was not the choice only for the number of unknowns, and the Hessian is sparse. Where a
/// method that needs a Hessian was named, the look at its pattern lets it know.
fn plan_sparse(problem: &mut Compiled, setup: &Setup, plan: &Plan) -> Option<Plan> {
    let n = setup.x0.len();
    let named = plan.why.is_empty();
    let possible = if named { plan.def.needs.contains(&Need::Hessian) } else { plan.is_for_many };
    if n <= MAX_DENSE || !possible || !setup.smooth || setup.bounds.is_some() {
        return None;
    }
    let pattern = problem.hessian_pattern()?;
    if named {
        return None;
    }
    let def = registry::find("newton")?;
    let why = format!("smooth, {n} unknowns, sparse Hessian with {} entries", pattern.nnz());
    Some(Plan { def, options: def.default_options(), why, is_for_many: true })
}

/// What was found about the objective, a line each, for `explain`.
fn analysis(setup: &Setup) -> Vec<String> {
    let n = setup.x0.len();
    let mut lines = vec![match n {
        1 => "1 unknown".to_string(),
        n => format!("{n} unknowns"),
    }];
    lines.push(match setup.n_data {
        Some(1) => "a square".to_string(),
        Some(m) if m < n => format!("a sum of {m} squares, fewer than unknowns"),
        Some(m) => format!("a sum of {m} squares"),
        None => "no sum of squares".to_string(),
    });
    lines.push(match setup.smooth {
        true => "smooth: every operator that meets an unknown is".to_string(),
        false => "not smooth: it has kinks or branches that depend on an unknown".to_string(),
    });
    lines.push(match &setup.bounds {
        Some((lower, upper)) => {
            let bounded = lower.iter().zip(upper).filter(|(l, u)| l.is_finite() || u.is_finite());
            format!("bounds on {} of {n} entries", bounded.count())
        }
        None => "no bounds".to_string(),
    });
    lines
}

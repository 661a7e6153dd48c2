//! `minimize` and `maximize`: from a checked objective to a result.

use std::sync::Arc;

use super::formula::Formula;
use super::record;
use super::statement::Runner;
use super::{Mode, State, Unknown};
use crate::check::ChosenMethod;
use crate::check::{Checked, Item, Objective, Reported, eval_error};
use crate::diag::{Diagnostic, codes};
use crate::eval::EvalError;
use crate::expr::{Symbol, SymbolId};
use crate::model::Fit;
use crate::model::choose::{self, Plan};
use crate::model::compiled::{Compiled, entry_names};
use crate::model::derivative_check;
use crate::model::finite;
use crate::model::fitted;
use crate::model::setup::{Goal, Setup};
use crate::model::structure;
use crate::ops;
use crate::optim::driver::{self, By, Control, Solution};
use crate::optim::judge::least_squares::FitStatistics;
use crate::optim::judge::verdict::Verdict;
use crate::optim::method::Need;
use crate::optim::status::Status;
use crate::patience::{self, Stopped};
use crate::problem::{Halt, Problem, evaluation_timer};
use crate::shape::Tensor;
use crate::syntax::ast::Command;

/// So many results can be explained; older ones are forgotten.
const MAX_FITS: usize = 1000;

/// The objective, the sign and the unknowns.
fn goal(objective: &Objective) -> Goal<'_> {
    Goal { objective: objective.value, sense: objective.sense, over: &objective.over }
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
            let f = goal(&objective).minimized(g, objective.value);
            let is_fit = structure::squares(g, f).is_some();
            return Ok(Item::Record(Arc::new(record::pending(
                g,
                name,
                &objective.unknowns,
                is_fit,
            ))));
        }
        let setup = self.setup(&objective)?;
        let plan = match &objective.method {
            Some(ChosenMethod { rule: Some((name, rule)), regime, options, .. }) => {
                Plan::formula(name, options.clone(), Arc::clone(rule), regime.clone())
            }
            Some(named) => Plan::named(named.def, named.options.clone()),
            None => choose::choose(&setup),
        };
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
        let engine = self.session.engine();
        let State { graph, unknowns, .. } = &mut self.session.state;
        let bounds_of = |unknown: SymbolId| unknowns.get(&unknown).and_then(Unknown::bounds);
        Ok(Setup::new(graph, &engine, &goal(objective), values, &bounds_of))
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
            let name = self.session.state.graph.symbol(unknown).name.clone();
            let bounds = declared.as_ref().and_then(Unknown::bounds);
            let place = (objective.span, "in this optimization");
            values.push((unknown, self.clipped_start(&name, value, bounds.as_ref(), place)));
        }
        Ok(values)
    }

    fn solve(
        &mut self,
        objective: &Objective,
        setup: &Setup,
        plan: &Plan,
        name: Option<&str>,
    ) -> Checked<Fit> {
        let engine = self.session.engine();
        let mut x0 = setup.x0.clone();
        let mut formula = self.formula(objective, setup, plan, &mut x0)?;
        let g = &mut self.session.state.graph;
        let entries = entry_names(g, &objective.over);
        let bounds = setup.bounds.clone();
        let (f, over) = (setup.f, &objective.over);
        let mut problem =
            Compiled::new(g, engine.clone(), f, over, setup.squares.clone(), bounds.clone());
        problem.smooth = setup.smooth;
        let revised = choose::revise(&mut problem, setup, plan);
        let plan = revised.as_ref().unwrap_or(plan);
        let squares = plan.def.needs.contains(&Need::Jacobian);
        if squares && !choose::jacobian_fits(&mut problem) {
            let (m, n) = (problem.squares().map_or(0, |s| s.count), problem.n_vars());
            drop(problem);
            return self.jacobian_too_large(plan, objective, (m, n));
        }
        problem.get_ready(squares);
        // What trains by batches sees all rows at its end only.
        let by_batches = plan.regime.as_ref().is_some_and(|regime| regime.batch.is_some());
        let look = || Doubt::of(&mut problem, &x0);
        let mut doubt = {
            // A look that has no time to end finds nothing.
            let _timer = evaluation_timer(&self.session.interrupt, plan.options.max_time);
            if setup.smooth && !by_batches { patience::attempt(look).ok().flatten() } else { None }
        };
        if let Some(doubt) = doubt.as_mut().filter(|_| !engine.is_plain()) {
            // The plain evaluator takes over, and is asked the same.
            drop(problem);
            let g = &mut self.session.state.graph;
            problem = Compiled::new(g, engine.plain(), f, over, setup.squares.clone(), bounds);
            problem.smooth = setup.smooth;
            problem.get_ready(squares);
            doubt.settled = derivative_check::mismatch(&mut problem, &x0).is_none();
        }
        let unsettled = doubt.as_ref().is_some_and(|d| !d.settled);
        let random = self.session.files.solver_draws();
        let control = Control { interrupt: Some(Arc::clone(&self.session.interrupt)), random };
        let by = formula.as_mut().map(Formula::by).unwrap_or_default();
        let by = By { progress: self.session.progress.clone(), ..by };
        let solved = driver::minimize_by(&mut problem, &x0, plan.def, &plan.options, &control, by);
        let solved = solved.map(|mut solution| {
            let (statistics, verdict) = match (unsettled, &plan.regime) {
                (true, _) => without_claims(&mut solution),
                // Training makes no claims.
                (_, Some(_)) => (None, None),
                _ => judged(&mut problem, &mut solution, setup),
            };
            (statistics, verdict, solution)
        });
        let fault = problem.take_fault();
        let times = problem.times;
        drop(problem);
        self.session.prepared.add(times);
        if let Some(error) = fault {
            return self.fault_of(&error, objective);
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
        let side = self.side(setup, formula.as_ref(), objective, &solution.x);
        let kept = formula.map(|formula| Arc::new(formula.kept(plan.name(), solution.iterations)));
        let fit = self.result(objective, setup, plan, name, entries, solution, statistics, verdict);
        Ok(self.with_side(Fit { kept, ..fit }, side))
    }

    fn jacobian_too_large<T>(
        &mut self,
        plan: &Plan,
        objective: &Objective,
        (m, n): (usize, usize),
    ) -> Checked<T> {
        let message = format!("`{}` would store a Jacobian of {m} by {n}", plan.def.name);
        let finding = Diagnostic::error(codes::E0601, message).at(objective.span, "here");
        self.report(finding.help("use `lbfgs`, or leave `using` out"))
    }

    /// The objective has no value at some point, by a mistake in it.
    pub(super) fn fault_of<T>(&mut self, error: &EvalError, objective: &Objective) -> Checked<T> {
        let State { graph, spans, .. } = &self.session.state;
        let finding = eval_error(graph, error, &|n| spans.get(&n).copied(), objective.span);
        self.report(finding)
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
            driver::Misfit::Unmet { .. } | driver::Misfit::TooLarge { .. } => {
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
        let sign = objective.sense.sign();
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
            sense: objective.sense,
            objective: objective.name.clone(),
            method: plan.name().to_string(),
            why: plan.why.clone(),
            analysis: setup.analysis(),
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
            kept: None,
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

/// What is said of a solution, which loses a claim that does not stand.
fn judged(
    problem: &mut Compiled,
    solution: &mut Solution,
    setup: &Setup,
) -> (Option<FitStatistics>, Option<Verdict>) {
    let judged = patience::attempt(|| {
        let verdict = fitted::verdict(problem, solution, setup.smooth, setup.bounds.as_ref());
        fitted::heed(solution, verdict.as_ref());
        (fitted::statistics(problem, solution), verdict)
    });
    // Numbers that were not worked out to their end judge nothing.
    judged.ok().filter(|_| !patience::is_over()).unwrap_or_default()
}

/// A result by derivatives that cannot be relied on is not called converged.
fn without_claims(solution: &mut Solution) -> (Option<FitStatistics>, Option<Verdict>) {
    if solution.status == Status::Converged {
        solution.status = Status::Stalled;
        let test = std::mem::take(&mut solution.message);
        solution.message = format!("its derivatives disagree with differences, though {test}");
    }
    (None, None)
}

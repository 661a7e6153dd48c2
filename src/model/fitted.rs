//! What is said of a solution once a method has found it: the kind of point, and the statistics of a fit.

use super::compiled::Compiled;
use super::data_rows;
use super::engine::{Engine, Program, Times};
use super::structure::Squares;
use crate::expr::{Data, ExprId, Graph, Op};
use crate::ops;
use crate::optim::driver::Solution;
use crate::optim::judge::least_squares::{FitStatistics, statistics_of_data, statistics_of_short};
use crate::optim::judge::sparse_verdict::examine_sparse;
use crate::optim::judge::verdict::{PointKind, Verdict, examine};
use crate::optim::registry::{self, Need};
use crate::optim::squares::normal_equations::{MAX_JACOBIAN, Short};
use crate::optim::status::Status;
use crate::problem::{Bounds, HessianKind, Problem};
use nalgebra::DMatrix;

/// The kind of point is worked out from dense Hessians of at most this many unknowns.
const MAX_VERDICT: usize = 300;
/// With more unknowns statistics are worked out only after a method for least squares.
const MAX_PARAMETERS: usize = 100;

/// Arrays of at least so many entries are computed by compiled code.
const WORTH_COMPILING: usize = 10_000;

/// What kind of point the solution is. Not worked out after a limit or a
/// failure, and for large problems whose Hessian is not sparse.
pub(crate) fn verdict(
    problem: &mut Compiled,
    solution: &Solution,
    smooth: bool,
    bounds: Option<&Bounds>,
) -> Option<Verdict> {
    let n = solution.x.len();
    let settled = matches!(solution.status, Status::Converged | Status::Stalled);
    if !settled || !smooth {
        return None;
    }
    let pattern = match problem.hessian_kind() {
        HessianKind::Sparse(pattern) => Some(pattern),
        HessianKind::Dense if n <= MAX_VERDICT => None,
        _ => return None,
    };
    let mut gradient = solution.gradient.clone();
    if gradient.len() != n {
        gradient = vec![0.0; n];
        problem.gradient(&solution.x, &mut gradient);
    }
    let converged = solution.is_stationary;
    let at = (solution.x.as_slice(), solution.value);
    if let Some(pattern) = pattern {
        return examine_sparse(problem, at, &gradient, pattern, bounds, converged);
    }
    let mut hessian = DMatrix::zeros(n, n);
    problem.hessian(&solution.x, &mut hessian);
    let mut verdict = examine(problem, at, &gradient, &hessian, bounds, converged);
    if solution.levels_off && verdict.kind != PointKind::Falling {
        verdict.kind = PointKind::Unattained;
    }
    Some(verdict)
}

/// Takes back that a run has converged, where the values beyond its end say otherwise.
pub(crate) fn heed(solution: &mut Solution, verdict: Option<&Verdict>) {
    let (status, why) = match verdict.map(|verdict| verdict.kind) {
        Some(PointKind::Falling) => (Status::Unbounded, "the objective falls on beyond the end"),
        Some(PointKind::Unattained) => (
            Status::Stalled,
            "beyond the end the objective falls on toward a limit that it does not attain",
        ),
        _ => return,
    };
    if solution.status == Status::Converged {
        solution.status = status;
        solution.message = format!("{}; but {why}", solution.message);
    }
}

/// Uncertainties of a fit with more data than parameters.
pub(crate) fn statistics(problem: &mut Compiled, solution: &Solution) -> Option<FitStatistics> {
    let (m, n) = (problem.squares()?.count, solution.x.len());
    let settled = matches!(solution.status, Status::Converged | Status::Stalled);
    // Of many unknowns nobody reads a table, unless the method was one for fits.
    let is_fit = registry::find(solution.method).is_some_and(|m| m.needs.contains(&Need::Jacobian));
    let wanted = is_fit || n <= MAX_PARAMETERS;
    if !settled || !wanted || m <= n {
        return None;
    }
    let n_data = problem.n_data(&solution.x).filter(|found| *found > n)?;
    if let Some(short) = short(problem, &solution.x) {
        return Some(statistics_of_short(&solution.x, n_data, &short));
    }
    if m.saturating_mul(n) > MAX_JACOBIAN {
        return None;
    }
    let mut residuals = vec![0.0; m];
    problem.residuals(&solution.x, &mut residuals);
    let mut jacobian = DMatrix::zeros(m, n);
    problem.jacobian(&solution.x, &mut jacobian);
    let finite = residuals.iter().chain(jacobian.iter()).all(|v| v.is_finite());
    finite.then(|| statistics_of_data(&solution.x, n_data, &residuals, &jacobian))
}

/// Residuals and Jacobian in short form, where that is accurate.
fn short(problem: &mut Compiled, x: &[f64]) -> Option<Short> {
    if !problem.has_gauss_newton() {
        return None;
    }
    let (mut gradient, mut products) = (vec![0.0; x.len()], DMatrix::zeros(x.len(), x.len()));
    let scale = problem.squares()?.scale;
    let sum = problem.gauss_newton(x, &mut gradient, &mut products) / scale;
    gradient.iter_mut().for_each(|g| *g /= 2.0 * scale);
    products /= 2.0 * scale;
    let short = Short::new(&products, &gradient, sum);
    (sum.is_finite() && short.is_accurate).then_some(short)
}

/// Adds what depends on the data that were fitted, where those can be told from the residuals.
pub(crate) fn add_response(
    g: &mut Graph,
    engine: &Engine,
    squares: &Squares,
    statistics: &mut FitStatistics,
) {
    let Some(response) = response(g, squares) else { return };
    if response.roots.is_empty() && statistics.n_residuals >= WORTH_COMPILING {
        // Many data are not copied for this.
        if let Some(total) = response.total(g, engine) {
            statistics.explain_total(total, 0.0);
        }
        return;
    }
    let Some(y) = values(g, engine, response.range, response.data) else { return };
    let mut weights: Option<Vec<f64>> = None;
    for root in response.roots {
        let Some(found) = values(g, engine, response.range, root) else { return };
        // A factor of all residuals is no weight.
        if found.len() == 1 && y.len() > 1 {
            continue;
        }
        let before = weights.unwrap_or_else(|| vec![1.0; y.len()]);
        weights = Some(before.iter().zip(&found).map(|(w, r)| w * r * r).collect());
    }
    statistics.explain(&y, weights.as_deref());
}

/// The data that a fit explains: residuals are `roots*(data - model)`, entries of arrays or under an index.
struct Response {
    range: Option<ops::Range>,
    data: ExprId,
    /// The roots of the weights; 0 where a condition leaves a datum out.
    roots: Vec<ExprId>,
}

impl Response {
    /// `sum (y_i - mean y)^2`.
    fn total(&self, g: &mut Graph, engine: &Engine) -> Option<f64> {
        let sum = |g: &mut Graph, e: ExprId| match self.range {
            Some(range) => range.bind(g, Op::Sum, e),
            None => g.apply(Op::SumAll, &[e]),
        };
        let (one, minus) = (g.int(1), g.int(-1));
        let each = if self.range.is_some() { one } else { g.fill(g.shape(self.data), one) };
        let (count, all) = (sum(g, each), sum(g, self.data));
        let inverse = g.powi(count, -1);
        let opposite = g.mul(&[minus, all, inverse]);
        let opposite =
            if self.range.is_some() { opposite } else { g.fill(g.shape(self.data), opposite) };
        let off = g.add(&[self.data, opposite]);
        let square = g.powi(off, 2);
        let total = sum(g, square);
        let program = Program::new(g, engine, &[total], &[], &mut Times::default());
        let mut out = [0.0];
        program.run(g, &[], &mut out).ok().map(|()| out[0])
    }
}

fn response(g: &mut Graph, squares: &Squares) -> Option<Response> {
    let [block] = squares.blocks[..] else { return None };
    let range = ops::Range::of(g, block).filter(|_| g.op(block) == Op::Comp);
    let body = if range.is_some() { g.args(block)[Op::BINDER_BODY] } else { block };
    let (mut roots, mut model) = (Vec::new(), body);
    let (one, zero) = (g.int(1), g.int(0));
    let mut taken = one;
    loop {
        let args = g.args(model).to_vec();
        match g.op(model) {
            Op::Mul | Op::Had => {
                let (known, unknown): (Vec<ExprId>, Vec<ExprId>) =
                    args.into_iter().partition(|&e| !g.has_unknown(e));
                let &[rest] = &unknown[..] else { return None };
                // What is left out may lie outside of an array.
                roots.extend(known.into_iter().map(|root| guarded(g, taken, root)));
                model = rest;
            }
            Op::If if range.is_some() && !g.has_unknown(args[0]) && g.is_zero(args[2]) => {
                taken = g.apply(Op::And, &[taken, args[0]]);
                roots.push(g.apply(Op::If, &[taken, one, zero]));
                model = args[1];
            }
            Op::Add if !data_rows::shared_factors(g, &args).is_empty() => {
                let shared = data_rows::shared_factors(g, &args);
                model = without_factors(g, &args, &shared)?;
                roots.extend(shared.into_iter().map(|root| guarded(g, taken, root)));
            }
            _ => break,
        }
    }
    if g.op(model) != Op::Add {
        return None;
    }
    let known: Vec<ExprId> = g.args(model).iter().copied().filter(|&t| !g.has_unknown(t)).collect();
    let data = (!known.is_empty()).then(|| g.add(&known))?;
    let data = guarded(g, taken, data);
    Some(Response { range, data, roots })
}

/// A sum whose terms are divided by factors that each of them has.
fn without_factors(g: &mut Graph, terms: &[ExprId], shared: &[ExprId]) -> Option<ExprId> {
    let mut rests = Vec::new();
    for &term in terms {
        let all = if matches!(g.op(term), Op::Mul | Op::Had) { g.args(term) } else { &[term] };
        let own: Vec<ExprId> = all.iter().copied().filter(|f| !shared.contains(f)).collect();
        let one = g.int(1);
        rests.push(own.into_iter().fold(one, |product, f| ops::times(g, product, f)));
    }
    ops::build(g, Op::Add, Data::None, &rests).ok()
}

/// A known value where a datum is taken; 0 elsewhere.
fn guarded(g: &mut Graph, taken: ExprId, value: ExprId) -> ExprId {
    let shape = g.shape(value);
    let zero = g.zero(shape);
    g.apply(Op::If, &[taken, value, zero])
}

/// The values of a known expression for all values of an index.
fn values(
    g: &mut Graph,
    engine: &Engine,
    range: Option<ops::Range>,
    e: ExprId,
) -> Option<Vec<f64>> {
    let e = match range {
        Some(range) if !g.free_indices(e).is_empty() => range.bind(g, Op::Comp, e),
        _ => e,
    };
    if g.shape(e).len() < WORTH_COMPILING {
        return crate::eval::evaluate_known(g, e).ok().map(|t| t.data().to_vec());
    }
    let program = Program::new(g, engine, &[e], &[], &mut Times::default());
    let mut out = vec![0.0; program.n_out()];
    program.run(g, &[], &mut out).ok().map(|()| out)
}

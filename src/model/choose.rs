//! Which method suits an optimization, and why.
//!
//! In comes a [`Setup`]: size, structure and bounds of the objective; out comes a [`Plan`] with the reason in words. It is
//! looked at once more ([`revise`]) when the problem is there, which knows whether its Hessian is sparse and what its
//! Jacobian would take. Numbers behind the limits stand in the table of `docs/language.md`.

use std::sync::Arc;

use super::batches::Regime;
use super::compiled::Compiled;
use super::setup::{Setup, unknowns};
use super::update::Rule;
use crate::optim::method::{MethodDef, Need};
use crate::optim::methods::newton::MAX_DENSE;
use crate::optim::methods::{bfgs, formula, lbfgs, lm, newton};
use crate::optim::options::Options;
use crate::optim::squares::normal_equations::MAX_JACOBIAN;
use crate::problem::{HessianKind, Problem};

/// Least squares with more unknowns than this goes to a method without them.
const MAX_LM: usize = 500;
/// Newton's method on a dense Hessian of at most this many unknowns.
const MAX_NEWTON: usize = 200;

/// A method with its options, and why it was chosen.
pub(crate) struct Plan {
    pub def: &'static MethodDef,
    pub options: Options,
    /// The rule, where the method is a formula, and the name of that.
    pub rule: Option<(String, Arc<Rule>)>,
    /// How it trains.
    pub regime: Option<Regime>,
    /// Empty where the method was named.
    pub why: String,
    /// Whether Newton's method would be chosen instead were the Hessian sparse.
    is_for_many: bool,
}

impl Plan {
    /// A method that was named.
    pub fn named(def: &'static MethodDef, options: Options) -> Plan {
        let why = String::new();
        Plan { def, options, rule: None, regime: None, why, is_for_many: false }
    }

    /// A method that is given as a formula.
    pub fn formula(name: &str, options: Options, rule: Arc<Rule>, regime: Option<Regime>) -> Plan {
        let rule = Some((name.to_string(), rule));
        Plan { rule, regime, ..Plan::named(&formula::METHOD, options) }
    }

    /// The name of the method.
    pub fn name(&self) -> &str {
        self.rule.as_ref().map_or(self.def.name, |(name, _)| name)
    }

    fn chosen((def, why): (&'static MethodDef, String)) -> Plan {
        Plan { why, ..Plan::named(def, def.default_options()) }
    }
}

/// The method that the structure asks for.
pub(crate) fn choose(setup: &Setup) -> Plan {
    let n = setup.x0.len();
    let bounded = if setup.bounds.is_some() { " with bounds" } else { "" };
    let fit = setup.n_data.filter(|m| *m >= n && n <= MAX_LM);
    let plan = Plan::chosen(match fit {
        Some(1) => (&lm::METHOD, format!("a square in {}{bounded}", unknowns(n))),
        Some(m) => (&lm::METHOD, format!("a sum of {m} squares in {}{bounded}", unknowns(n))),
        None => without_residuals(setup),
    });
    let is_for_many = n > MAX_DENSE && matches!(plan.def.name, "lbfgs" | "lm" | "newton");
    Plan { is_for_many, ..plan }
}

/// Another plan where the problem itself says more than its setup: a sparse Hessian, or a Jacobian that is too large.
/// A method that was named stays.
pub(crate) fn revise(problem: &mut Compiled, setup: &Setup, plan: &Plan) -> Option<Plan> {
    with_sparse_hessian(problem, setup, plan).or_else(|| without_jacobian(problem, setup, plan))
}

/// Whether the Jacobian need not be stored, or can be.
pub(crate) fn jacobian_fits(problem: &mut Compiled) -> bool {
    let m = problem.squares().map_or(0, |squares| squares.count);
    m.saturating_mul(problem.n_vars()) <= MAX_JACOBIAN || problem.has_gauss_newton()
}

/// The method for a smooth or another objective that is no sum of squares, by its number of unknowns.
fn without_residuals(setup: &Setup) -> (&'static MethodDef, String) {
    let n = setup.x0.len();
    let unknowns = unknowns(n);
    match n {
        _ if setup.bounds.is_some() => (&lbfgs::METHOD, format!("{unknowns} with bounds")),
        _ if !setup.smooth && n <= MAX_LM => (&bfgs::METHOD, format!("not smooth, {unknowns}")),
        _ if n <= MAX_NEWTON => (&newton::METHOD, format!("smooth, {unknowns}, exact Hessian")),
        _ => (&lbfgs::METHOD, format!("{unknowns}: too many for a dense Hessian")),
    }
}

/// Newton's method, where it was not the choice only for the number of unknowns, and the Hessian is sparse.
fn with_sparse_hessian(problem: &mut Compiled, setup: &Setup, plan: &Plan) -> Option<Plan> {
    if !plan.is_for_many || !setup.smooth || setup.bounds.is_some() {
        return None;
    }
    let HessianKind::Sparse(pattern) = problem.hessian_kind() else { return None };
    let n = setup.x0.len();
    let why = format!("smooth, {n} unknowns, sparse Hessian with {} entries", pattern.nnz());
    Some(Plan { is_for_many: true, ..Plan::chosen((&newton::METHOD, why)) })
}

/// Another method, where the one chosen for a sum of squares would store a Jacobian that is too large.
fn without_jacobian(problem: &mut Compiled, setup: &Setup, plan: &Plan) -> Option<Plan> {
    let is_chosen = !plan.why.is_empty() && plan.def.needs.contains(&Need::Jacobian);
    (is_chosen && !jacobian_fits(problem)).then(|| Plan::chosen(without_residuals(setup)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{ExprId, Graph, Op, Symbol, SymbolId};
    use crate::model::engine::Engine;
    use crate::model::setup::Goal;
    use crate::problem::Bounds;
    use crate::shape::{Shape, Tensor};

    /// The plan for an objective of one vector of `n` unknowns, from a start of ones.
    fn plan(
        n: usize,
        bounds: Option<Bounds>,
        objective: impl Fn(&mut Graph, ExprId) -> ExprId,
    ) -> (&'static str, String) {
        let mut g = Graph::new();
        let shape = Shape::Vector(n);
        let x: SymbolId = g.declare(Symbol::unknown("x", shape));
        let leaf = g.leaf(x);
        let objective = objective(&mut g, leaf);
        let engine = Engine {
            way: crate::model::engine::Way::Plain,
            threads: 1,
            interrupt: Default::default(),
            spoiled: Default::default(),
        };
        let goal = Goal { objective, sense: crate::model::Sense::Minimize, over: &[x] };
        let values = vec![(x, Tensor::filled(shape, 1.0))];
        let setup = Setup::new(&mut g, &engine, &goal, values, &|_| bounds.clone());
        let chosen = choose(&setup);
        let mut problem = Compiled::new(&mut g, engine, setup.f, &[x], setup.squares.clone(), None);
        let revised = revise(&mut problem, &setup, &chosen);
        let plan = revised.unwrap_or(chosen);
        (plan.def.name, plan.why)
    }

    /// `sum cosh(x_i)`, or `sum |x_i|`.
    fn total(op: Op) -> impl Fn(&mut Graph, ExprId) -> ExprId {
        move |g, x| {
            let each = g.apply(op, &[x]);
            g.apply(Op::SumAll, &[each])
        }
    }

    #[test]
    fn a_method_is_chosen_for_an_objective_of_the_graph() {
        let of = |name: &'static str, why: &str| (name, why.to_string());
        let smooth = of("newton", "smooth, 3 unknowns, exact Hessian");
        assert_eq!(plan(3, None, total(Op::Cosh)), smooth);
        assert_eq!(plan(3, None, total(Op::Abs)), of("bfgs", "not smooth, 3 unknowns"));
        let bounds = Bounds::new(vec![0.0; 3], vec![f64::INFINITY; 3]);
        assert_eq!(plan(3, Some(bounds), total(Op::Cosh)), of("lbfgs", "3 unknowns with bounds"));
        let squares = |g: &mut Graph, x: ExprId| {
            let square = g.powi(x, 2);
            g.apply(Op::SumAll, &[square])
        };
        assert_eq!(plan(3, None, squares), of("lm", "a sum of 3 squares in 3 unknowns"));
    }

    #[test]
    fn a_sparse_hessian_makes_newton_the_choice_for_many_unknowns() {
        let (name, why) = plan(1000, None, total(Op::Cosh));
        assert_eq!(
            (name, why.as_str()),
            ("newton", "smooth, 1000 unknowns, sparse Hessian with 1000 entries")
        );
    }
}

//! What a method is: a row that says all there is to know about it except its iteration.
//!
//! From the rows follow the checking of `using lbfgs(memory = 10)`, help pages, completion and the list of methods that
//! fit a problem. A method in [`methods`](super::methods) writes a row of this type; the table of them is the
//! [`registry`](super::registry), which methods do not know.

use super::options::{
    BASE_OPTIONS, OptionDef, OptionDefault, OptionError, OptionKind, OptionValue, Options,
};
use super::run::Run;
use super::status::Stop;
use crate::problem::{HessianKind, Problem};

/// What a method needs of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Its values.
    Objective,
    /// Its gradient.
    Gradient,
    /// Its entries, in whatever layout the problem has them.
    Hessian,
    /// A matrix of n^2 entries.
    DenseHessian,
    /// Its products with vectors.
    HessianVector,
    /// The residuals of a sum of squares.
    Residuals,
    /// Their Jacobian.
    Jacobian,
}

impl Need {
    /// The word for messages.
    pub fn name(self) -> &'static str {
        match self {
            Need::Objective => "an objective",
            Need::Gradient => "a gradient",
            Need::Hessian => "a Hessian",
            Need::DenseHessian => "a dense Hessian",
            Need::HessianVector => "products of the Hessian with vectors",
            Need::Residuals => "residuals (a sum of squares)",
            Need::Jacobian => "the Jacobian of the residuals",
        }
    }

    /// Whether `problem` offers it.
    pub fn is_met(self, problem: &mut dyn Problem) -> bool {
        match self {
            Need::Objective => true,
            Need::Gradient => problem.has_gradient(),
            Need::Hessian => problem.hessian_kind() != HessianKind::None,
            Need::DenseHessian => problem.hessian_kind().is_dense(),
            Need::HessianVector => problem.has_hessian_vector(),
            Need::Residuals => problem.squares().is_some(),
            Need::Jacobian => problem.squares().is_some_and(|squares| squares.has_jacobian),
        }
    }
}

/// The iteration of a method: runs until it stops itself (`Ok`) or the run stops it (`Err`). Both say why.
pub type Entry = fn(&mut Run<'_>) -> Result<Stop, Stop>;

/// The row of a method.
#[derive(Debug)]
pub struct MethodDef {
    /// By which it is called.
    pub name: &'static str,
    /// Other names of it.
    pub aliases: &'static [&'static str],
    /// The heading under which it stands.
    pub family: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Two or three lines of advice.
    pub when_to_use: &'static str,
    /// The update as a formula, for `explain`; empty where a step is none.
    pub formula: &'static str,
    /// What a problem must have.
    pub needs: &'static [Need],
    /// Whether simple bounds are kept.
    pub accepts_bounds: bool,
    /// The options beyond the shared ones.
    pub own_options: &'static [OptionDef],
    /// The default of the shared option `max_iter`.
    pub max_iter: u32,
    /// Book or paper, with equation numbers.
    pub reference: &'static str,
    /// Its iteration.
    pub entry: Entry,
}

impl MethodDef {
    /// All options: the shared ones, then the method's own.
    pub fn options(&self) -> Vec<OptionDef> {
        let mut rows = BASE_OPTIONS.to_vec();
        rows.push(OptionDef {
            name: "max_iter",
            kind: OptionKind::Whole { min: 0, max: u64::MAX },
            default: OptionDefault::Number(f64::from(self.max_iter)),
            doc: "the largest number of iterations",
        });
        // A method that gives a shared option a meaning or default of its own replaces its row.
        rows.retain(|row| self.own_options.iter().all(|own| own.name != row.name));
        rows.extend_from_slice(self.own_options);
        rows
    }

    /// Checks (name, value) pairs against the rows.
    pub fn check_options(&self, given: &[(String, OptionValue)]) -> Result<Options, OptionError> {
        Options::check(self.name, &self.options(), given)
    }

    /// The options when the user gives none.
    pub fn default_options(&self) -> Options {
        // Defaults are inside their own ranges: a test walks the table. So the check cannot fail.
        self.check_options(&[]).unwrap_or_else(|error| unreachable!("default options: {error}"))
    }

    /// The first need that `problem` does not meet.
    pub fn unmet_need(&self, problem: &mut dyn Problem) -> Option<Need> {
        self.needs.iter().copied().find(|need| !need.is_met(problem))
    }
}

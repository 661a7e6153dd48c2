//! The table of methods: a row says all there is to know about a method except its iteration.
//!
//! From the rows follow the checking of `using lbfgs(memory = 10)`, help pages, completion and the list of
//! methods that fit a problem. Adding a method is one file in `methods/` and one line in [`METHODS`].

use super::methods;
use super::options::{
    BASE_OPTIONS, OptionDef, OptionDefault, OptionError, OptionKind, OptionValue, Options,
};
use super::run::Run;
use super::status::Stop;
use crate::problem::Problem;

/// What a method needs of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Objective,
    Gradient,
    Hessian,
    HessianVector,
    Residuals,
    Jacobian,
}

impl Need {
    /// The word for messages.
    pub fn name(self) -> &'static str {
        match self {
            Need::Objective => "an objective",
            Need::Gradient => "a gradient",
            Need::Hessian => "a Hessian",
            Need::HessianVector => "products of the Hessian with vectors",
            Need::Residuals => "residuals (a sum of squares)",
            Need::Jacobian => "the Jacobian of the residuals",
        }
    }

    /// Whether `problem` offers it.
    pub fn is_met(self, problem: &dyn Problem) -> bool {
        match self {
            Need::Objective => true,
            Need::Gradient => problem.has_gradient(),
            Need::Hessian => problem.has_hessian(),
            Need::HessianVector => problem.has_hessian_vector(),
            Need::Residuals => problem.n_residuals().is_some(),
            Need::Jacobian => problem.has_jacobian(),
        }
    }
}

/// The iteration of a method: runs until it stops itself (`Ok`) or the run stops it (`Err`). Both say why.
pub type Entry = fn(&mut Run<'_>) -> Result<Stop, Stop>;

/// The row of a method.
#[derive(Debug)]
pub struct MethodDef {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub family: &'static str,
    /// One line.
    pub summary: &'static str,
    /// Two or three lines of advice.
    pub when_to_use: &'static str,
    pub needs: &'static [Need],
    /// Whether simple bounds are kept.
    pub accepts_bounds: bool,
    /// The options beyond the shared ones.
    pub own_options: &'static [OptionDef],
    /// The default of the shared option `max_iter`.
    pub max_iter: u32,
    /// Book or paper, with equation numbers.
    pub reference: &'static str,
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
    pub fn unmet_need(&self, problem: &dyn Problem) -> Option<Need> {
        self.needs.iter().copied().find(|need| !need.is_met(problem))
    }
}

/// Every built-in method.
pub static METHODS: &[&MethodDef] = &[
    &methods::gd::METHOD,
    &methods::cg::METHOD,
    &methods::bfgs::METHOD,
    &methods::lbfgs::METHOD,
    &methods::sr1::METHOD,
    &methods::newton::METHOD,
    &methods::newton_cg::METHOD,
    &methods::gauss_newton::METHOD,
    &methods::lm::METHOD,
    &methods::nelder_mead::METHOD,
    &methods::cmaes::METHOD,
    &methods::de::METHOD,
];

/// The method of that name or alias.
pub fn find(name: &str) -> Option<&'static MethodDef> {
    METHODS.iter().copied().find(|method| method.name == name || method.aliases.contains(&name))
}

/// All names and aliases, for completion and near matches.
pub fn names() -> impl Iterator<Item = &'static str> {
    METHODS
        .iter()
        .flat_map(|method| std::iter::once(method.name).chain(method.aliases.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_row_is_complete_and_its_defaults_pass_its_own_checks() {
        for method in METHODS {
            assert!(!method.summary.is_empty() && !method.reference.is_empty());
            assert!(!method.when_to_use.is_empty() && !method.needs.is_empty());
            for row in method.options() {
                assert!(!row.doc.is_empty(), "{}: {}", method.name, row.name);
                let value = match row.default {
                    OptionDefault::Absent => continue,
                    OptionDefault::Number(number) => OptionValue::Number(number),
                    OptionDefault::Word(word) => OptionValue::Word(word.to_string()),
                    OptionDefault::Flag(flag) => OptionValue::Flag(flag),
                };
                method
                    .check_options(&[(row.name.to_string(), value)])
                    .unwrap_or_else(|error| panic!("{}: {error}", method.name));
            }
        }
    }

    #[test]
    fn names_are_unique_and_aliases_are_found() {
        let all: Vec<_> = names().collect();
        assert_eq!(all.len(), all.iter().collect::<HashSet<_>>().len());
        for name in all {
            assert!(find(name).is_some());
        }
        assert!(find("adagrad-42").is_none());
    }

    #[test]
    fn wrong_options_are_told_apart() {
        let lbfgs = find("lbfgs").expect("a row");
        let check = |name: &str, value| lbfgs.check_options(&[(name.to_string(), value)]);
        let number = OptionValue::Number;
        let Err(OptionError::Unknown { known, .. }) = check("memry", number(5.0)) else {
            panic!("memry is unknown")
        };
        assert!(known.contains(&"memory") && known.contains(&"gtol"));
        let flag = check("memory", OptionValue::Flag(true));
        assert!(matches!(flag, Err(OptionError::WrongKind { .. })));
        assert!(matches!(check("memory", number(2.5)), Err(OptionError::OutOfRange { .. })));
        assert!(matches!(check("memory", number(0.0)), Err(OptionError::OutOfRange { .. })));
        assert!(matches!(check("gtol", number(f64::NAN)), Err(OptionError::OutOfRange { .. })));
        let pair = ("gtol".to_string(), number(1e-6));
        let twice = lbfgs.check_options(&[pair.clone(), pair]);
        assert!(matches!(twice, Err(OptionError::Repeated { name: "gtol" })));
        assert_eq!(check("memory", number(7.0)).map(|o| o.whole("memory")), Ok(Some(7)));
    }
}

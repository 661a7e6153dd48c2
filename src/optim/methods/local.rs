//! Local methods in the service of searches: which one suits a problem, and a run of it from a point.
//!
//! In come a run of a search and a point; out comes the [`Solution`] of a local method that went on from there, with its
//! evaluations counted in the run, its time and interrupt. The list is one of rows beside this file, so that no method
//! asks the table in which it stands itself.

use super::{bfgs, cg, lbfgs, lm, newton, newton_cg, sr1};
use crate::optim::driver::{self, Control, Misfit, Solution};
use crate::optim::method::MethodDef;
use crate::optim::options::{OptionError, OptionValue, Options};
use crate::optim::run::Run;
use crate::problem::HessianKind;

/// The methods that may follow a start.
const LOCAL: [&MethodDef; 7] = [
    &lm::METHOD,
    &newton::METHOD,
    &lbfgs::METHOD,
    &bfgs::METHOD,
    &cg::METHOD,
    &sr1::METHOD,
    &newton_cg::METHOD,
];
/// Dense Hessians are for at most so many unknowns.
const MAX_NEWTON: usize = 200;

/// Their names, for the option of a search.
pub(super) const NAMES: [&str; LOCAL.len()] = {
    let mut names = [""; LOCAL.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = LOCAL[i].name;
        i += 1;
    }
    names
};

/// A local method with its options, and what it draws from.
pub(super) struct Local {
    pub method: &'static MethodDef,
    options: Options,
    control: Control,
}

impl Local {
    /// The method of that name, or the one that what the problem offers asks for, with the gradient test `gtol`.
    pub fn new(run: &mut Run<'_>, named: Option<&str>, gtol: f64) -> Result<Self, OptionError> {
        let method = choose(run, named);
        let given = [
            ("gtol".to_string(), OptionValue::Number(gtol)),
            ("trace".to_string(), OptionValue::Flag(false)),
        ];
        let options = method.check_options(&given)?;
        let random = run.random.split("local");
        Ok(Local { method, options, control: Control { interrupt: run.eval.interrupt(), random } })
    }

    /// Follows `x` to its end, for as long as the search itself has time.
    pub fn follow(&mut self, run: &mut Run<'_>, x: &[f64]) -> Result<Solution, Misfit> {
        self.options.max_time = run.eval.time_left();
        let Local { method, options, control } = self;
        run.eval.lend(|problem| {
            let found = driver::minimize(problem, x, method, options, control);
            let counts = found.as_ref().map(|end| end.evaluations).unwrap_or_default();
            (found, counts)
        })
    }
}

/// What `named` says, else what the problem offers.
fn choose(run: &mut Run<'_>, named: Option<&str>) -> &'static MethodDef {
    if let Some(method) = LOCAL.into_iter().find(|method| named == Some(method.name)) {
        return method;
    }
    let n = run.x0().len();
    let squares = run.eval.structure().squares();
    let is_fit = squares.is_some_and(|squares| squares.has_jacobian && squares.count >= n);
    let is_bounded = run.bounds().is_some();
    match n <= MAX_NEWTON {
        true if is_fit => &lm::METHOD,
        true if !is_bounded && run.eval.hessian_kind() != HessianKind::None => &newton::METHOD,
        _ => &lbfgs::METHOD,
    }
}

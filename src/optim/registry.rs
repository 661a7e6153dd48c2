//! The table of methods, and how one is found in it.
//!
//! A row says all there is to know about a method except its iteration ([`MethodDef`]). Adding a method is one file in
//! [`methods`] and one line in [`METHODS`]. Methods do not know this table.

use super::methods;

pub use super::method::{Entry, MethodDef, Need};

/// Every built-in method.
pub static METHODS: &[&MethodDef] = &[
    &methods::gd::METHOD,
    &methods::cg::METHOD,
    &methods::bfgs::METHOD,
    &methods::lbfgs::METHOD,
    &methods::sr1::METHOD,
    &methods::newton::METHOD,
    &methods::dogleg::METHOD,
    &methods::newton_cg::METHOD,
    &methods::gauss_newton::METHOD,
    &methods::lm::METHOD,
    &methods::nelder_mead::METHOD,
    &methods::cmaes::METHOD,
    &methods::de::METHOD,
    &methods::multistart::METHOD,
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
    use crate::optim::options::{OptionDefault, OptionError, OptionValue};
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

//! What is said of a statement that the grammar refuses.
//!
//! In comes the [`Place`] where the parser gave up; out goes one report. A rule knows one mistake, by
//! the tokens around the place, and says what to write instead; the first that applies speaks. Where
//! none does, the report says what was expected and found. To add a rule, write a function and put it
//! into the list of its group, before rules that are less sure.

mod operands;
mod statements;
mod words;

use super::place::Place;
use crate::diag::{Code, Diagnostic, codes};

/// A rule: the report for one kind of mistake, if this is one.
type Rule = fn(&Place<'_>) -> Option<Diagnostic>;

/// The report of a statement that the grammar refuses.
pub(super) fn report(place: &Place<'_>) -> Diagnostic {
    let mut rules = statements::RULES.iter().chain(words::RULES).chain(operands::RULES);
    rules.find_map(|rule| rule(place)).unwrap_or_else(|| plain(place, codes::E0201))
}

/// Expected and found, without a hint.
fn plain(place: &Place<'_>, code: Code) -> Diagnostic {
    let (expected, found) = (place.expected_in_words(), place.found_in_words());
    let report =
        Diagnostic::error(code, format!("expected {expected}, found {found}")).at(place.span(), "");
    // Inside a bracket the opener often tells more than the place where reading stopped.
    match place.opener {
        Some(opener) if place.found().is_none() || place.at - opener > 12 => {
            report.label(place.span_at(opener), "inside this bracket")
        }
        _ => report,
    }
}

/// Something expected that the rule names, and what was found.
fn instead(place: &Place<'_>, code: Code, expected: &str, help: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code, format!("expected {expected}, found {}", place.found_in_words()))
        .at(place.span(), "")
        .help(help)
}

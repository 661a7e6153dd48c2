//! Which command takes which clause, and that each comes at most once.
//!
//! In comes a command as it was written; out go findings. The grammar lets every command take every
//! clause, so that the table of statements can say what is wrong in words.

use super::ast::{Clause, ClauseKind, Command, CommandKind};
use crate::diag::{Diagnostic, codes};

impl ClauseKind {
    /// The word it begins with.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Over(_) => "over",
            Self::FromPoint(_) | Self::FromValue(_) => "from",
            Self::SubjectTo(_) => "subject to",
            Self::Using(_) => "using",
            Self::With(_) => "with",
            Self::To(_) => "to",
            Self::Minimizing(_) => "minimizing",
            Self::Maximizing(_) => "maximizing",
            Self::Wrt(_) => "wrt",
            Self::For(_) => "for",
            Self::At(_) => "at",
            Self::Step(_) => "step",
        }
    }
}

/// Reports clauses that the command does not take, and those that came before.
pub(super) fn verify(command: &Command, findings: &mut Vec<Diagnostic>) {
    let takes = command.kind.clause_words();
    let mut seen: Vec<&Clause> = vec![];
    for clause in &command.clauses {
        let word = clause.kind.word();
        if let ClauseKind::Over(items) = &clause.kind
            && command.kind != CommandKind::Plot
            && items.iter().any(|item| item.range.is_some())
        {
            findings.push(range_not_allowed(command, clause));
        }
        if !takes.contains(&word) {
            findings.push(not_allowed(command, clause));
        } else if let Some(first) = seen.iter().find(|first| first.kind.word() == word) {
            findings.push(
                Diagnostic::error(codes::E0605, format!("expected one `{word}`, found a second"))
                    .at(clause.span, "the second")
                    .label(first.span, "the first")
                    .help("join the two with commas"),
            );
        } else {
            seen.push(clause);
        }
    }
}

fn range_not_allowed(command: &Command, clause: &Clause) -> Diagnostic {
    let word = command.kind.word();
    Diagnostic::error(codes::E0604, format!("`{word}` takes no range after `over`"))
        .at(clause.span, "only `plot` has an interval here")
        .label(command.word, "belongs to this")
        .help("give bounds where the unknown is introduced: `var x in [-2, 2]`")
}

fn not_allowed(command: &Command, clause: &Clause) -> Diagnostic {
    let (command_word, word) = (command.kind.word(), clause.kind.word());
    let takes: Vec<_> = command.kind.clause_words().iter().map(|w| format!("`{w}`")).collect();
    let help = match takes.as_slice() {
        [] => format!("`{command_word}` takes no clauses"),
        _ => format!("`{command_word}` takes {}", takes.join(", ")),
    };
    Diagnostic::error(codes::E0604, format!("`{command_word}` takes no clause `{word}`"))
        .at(clause.span, "not allowed here")
        .label(command.word, "belongs to this")
        .help(help)
}

//! The examples in the registry of codes: the wrong program draws the code, the right one runs.
//!
//! A row that cannot show its code in a program of its own says so in a comment (`# ...`).

use crate::support::script::{Ran, Seen, run_in, session};
use gradus::diag::codes;

/// Rows whose right program needs what is not built yet. The test fails once one of them runs.
const NOT_BUILT: &[&str] = &["E0205"];

/// Runs a program where the data of the examples are.
fn run(text: &str) -> Ran {
    run_in(&mut session(std::path::Path::new("examples"), true), "example", text)
}

/// Whether a program only says in words what is meant.
fn is_comment(program: &str) -> bool {
    program.starts_with('#')
}

#[test]
fn wrong_programs_draw_their_code() {
    let mut wrong = Vec::new();
    for code in codes::all().filter(|c| !is_comment(c.info().wrong)) {
        let found = run(code.info().wrong).codes();
        let excused = NOT_BUILT.contains(&code.id()) && found == ["E0609"];
        // W0007 is about what is set from outside.
        if !found.contains(&code.id()) && !excused && code.id() != "W0007" {
            wrong.push(format!("{code}: {:?} draws {found:?}", code.info().wrong));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn right_programs_run() {
    let mut wrong = Vec::new();
    for code in codes::all().filter(|c| !is_comment(c.info().right)) {
        let ran = run(code.info().right);
        let is_error = |s: &Seen| matches!(s, Seen::Finding { is_error: true, .. });
        let failed = ran.seen.iter().any(is_error) || ran.codes().contains(&code.id());
        if failed != NOT_BUILT.contains(&code.id()) {
            wrong.push(format!("{code}: {:?}\n{}", code.info().right, ran.findings()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

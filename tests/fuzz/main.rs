//! Fuzzing by the grammar of the language.
//!
//! Every case is a number, from which follow a script and what is asked of it (`oracles`):
//! that it runs or is refused (no panic, no signal, no hang), that engines agree with one another,
//! that printed text pasted back means the same, that derivatives are differences, that rewriting
//! keeps values, and that the words of a verdict hold.
//!
//! ```text
//! cargo test --test fuzz                                            a small dose, always the same
//! GRADUS_FUZZ_SECONDS=600 GRADUS_FUZZ_SEED=7 cargo test --test fuzz as long as one likes
//! GRADUS_CASES=100000 cargo test --test fuzz                        as many as one likes
//! GRADUS_FUZZ_SCRIPT=target/fuzz/a.opt cargo test --test fuzz       one script, shrunk or not
//! GRADUS_FUZZ_CASE=123 GRADUS_FUZZ_SEED=7 cargo test --test fuzz    one case
//! ```
//!
//! Cases run in worker processes, several cases each: what ends a worker is a finding, too.
//! Failures lie in `target/fuzz/`, one file each, shrunk, grouped by what they say with numbers
//! written N; each begins with the command that repeats it.
//!
//! `known.txt` holds the beginnings of signatures that fail nothing while their fault is mended.
//!
//! To add an oracle, see `oracles/mod.rs`; to add a form of expression, an arm in
//! `grammar/scalar.rs` or `grammar/array.rs`; operators come from the table by themselves.

mod data;
mod dose;
mod grammar;
mod oracles;
mod shrink;
#[path = "../support/mod.rs"]
mod support;
mod watch;
mod worker;

use std::env;

/// A number from the environment.
fn number(variable: &str) -> Option<u64> {
    let given = env::var(variable).ok()?;
    Some(given.parse().unwrap_or_else(|_| panic!("{variable} is a whole number, not `{given}`")))
}

#[test]
fn a_dose() {
    let failures = match env::var("GRADUS_FUZZ_SCRIPT") {
        Ok(path) => dose::script(&path),
        Err(_) => match number("GRADUS_FUZZ_CASE") {
            Some(case) => dose::cases(case, case + 1),
            None => dose::run(),
        },
    };
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What the worker processes run.
#[test]
#[ignore = "a part of `a_dose`"]
fn worker_process() {
    worker::run();
}

//! The REPL on a pipe.

use crate::cli_support::{program, run_with};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

fn talk(input: &str) -> crate::cli_support::Run {
    run_with(&[], input.as_bytes())
}

#[test]
fn there_is_no_prompt_and_no_greeting() {
    let found = talk("let a = 3\na^2\n");
    assert_eq!((found.status, found.out.as_str(), found.err.as_str()), (Some(0), "9\n", ""));
    assert_eq!(talk("").status, Some(0));
}

#[test]
fn errors_end_a_statement_and_not_the_session() {
    let found = talk("let a = 3\n\nlamda\na\n");
    assert_eq!((found.status, found.out.as_str()), (Some(1), "a = 3\n"));
    assert!(found.err.contains("<stdin>:3:1"), "lines count from the beginning: {}", found.err);
}

#[test]
fn statements_go_on_over_lines() {
    assert_eq!(talk("let a = [1,\n  2]\nsum(a)\n").out, "3\n");
    let input = "var x, y = 5\nlet f = (x - 1)^2 + (y - 2)^2\nlet fit = minimize f\n\n  # so\n  over x\nfit.value\n";
    let found = talk(input);
    assert_eq!(found.out.lines().count(), 2, "{}", found.out);
    assert!(found.out.ends_with("fit.value = 9\n"), "{}", found.out);
}

#[test]
fn new_definitions_replace_old_ones_and_ans_is_the_last_value() {
    assert_eq!(talk("let a = 3\nlet a = 4\na\nans + 1\n").out, "a = 4\n5\n");
}

#[test]
fn commands() {
    let found = talk(
        "## The bell.\nfn g(t) = exp(-t^2)\n:help g\nlet a = 3\n:vars\n:reset\n:vars\n:helo\n:quit\n1 + 1\n",
    );
    assert!(found.out.contains("The bell."), "{}", found.out);
    assert!(found.out.contains("no names yet"), "{}", found.out);
    assert!(found.err.contains("unknown command `:helo`; did you mean `:help`?"), "{}", found.err);
    assert!(!found.out.ends_with("2\n"), "nothing runs after :quit: {}", found.out);
    assert!(talk("help lm\n").out.contains("Levenberg-Marquardt"));
    assert!(talk(":time on\n1 + 1\n").err.contains("parsed in "));
    let found = talk(":time on\nvar x\nminimize (x - 1)^4\n");
    assert!(found.err.contains("differentiated and compiled in "), "{}", found.err);
}

#[test]
fn load_runs_a_script_and_keeps_its_names() {
    let script =
        crate::cli_support::file("load", "a.opt", b"let t = csv(\"data.csv\")\nlet n = rows(t)\n");
    crate::cli_support::file("load", "data.csv", b"a\n1\n2\n");
    let load = format!(":load {}\n", script.display());
    assert_eq!(talk(&format!("{load}{load}n\n")).out, "n = 2\n");
    assert!(talk(":load /no/such.opt\n").err.contains("there is no such file"));
}

/// A program that sends a line and waits for the answer gets it, and may then go on with the statement.
#[test]
fn a_statement_runs_as_soon_as_it_is_whole() {
    let mut command = program();
    command.args(["--json"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("a pipe");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut ask = |line: &str| {
        writeln!(input, "{line}").expect("the program reads");
        output.next().expect("an answer").expect("text")
    };
    assert!(ask("1 + 1").contains("\"value\":2"));
    assert!(ask("var x = 7; minimize (x - 3)^2").contains("\"kind\":\"result\""));
    assert!(ask("using newton").contains("\"method\":\"newton\""));
    drop(input);
    assert!(child.wait().expect("the program ends").success());
}

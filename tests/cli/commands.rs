//! Commands, flags, exit statuses and streams of the built program.

use crate::cli_support::{file, program, run, run_with};
use std::io::Read;
use std::process::Stdio;

#[track_caller]
fn check(args: &[&str], status: i32, out: &str, err: &str) {
    let found = run(args);
    let shown = format!("{:?}\nout: {}\nerr: {}", found.status, found.out, found.err);
    assert_eq!(found.status, Some(status), "{args:?}: {shown}");
    assert!(found.out.contains(out) && found.err.contains(err), "{args:?}: {shown}");
}

#[test]
fn code_runs_in_turn_until_a_text_fails() {
    check(&["-e", "1 + 1"], 0, "2\n", "");
    check(&["-e", "let a = 3", "-e", "a"], 0, "a = 3\n", "");
    check(&["-e", "1", "-e", "lamda", "-e", "3"], 1, "1\n", "-e 2:1:1");
    check(&["-e", "minimize 1 +"], 1, "", "error");
    check(&["-e", ""], 0, "", "");
    assert!(!run(&["-e", "lamda", "-e", "3"]).out.contains('3'));
}

#[test]
fn scripts_run_from_files_and_from_standard_input() {
    let script =
        file("scripts", "two words.opt", b"\xEF\xBB\xBFlet t = csv(\"data.csv\")\r\nsum(t.a)\r\n");
    file("scripts", "data.csv", b"a,b\n1,2\n3,4\n");
    let path = script.to_str().expect("UTF-8");
    check(&[path], 0, "4\n", "");
    check(&["run", path, "--quiet"], 0, "4\n", "");
    check(&["check", path], 0, "no mistakes", "");
    let found = run_with(&["-"], b"let a = 3\na^2");
    assert_eq!((found.status, found.out.as_str()), (Some(0), "9\n"));
    let found = run_with(&["run", "-"], b"");
    assert_eq!((found.status, found.out.as_str(), found.err.as_str()), (Some(0), "", ""));
}

#[test]
fn what_cannot_be_read_is_an_error_of_the_script() {
    let bad = file("unreadable", "bad.opt", b"let a = 1\nlet b = \xFF\n");
    let folder = bad.parent().and_then(|p| p.to_str()).expect("UTF-8");
    check(&["run", folder], 1, "", "it is a folder");
    check(&["run", "/no/such/file.opt"], 1, "", "there is no such file");
    check(&[bad.to_str().expect("UTF-8")], 1, "", "line 2, column 9");
}

#[test]
fn wrong_usage_is_exit_status_2_with_a_hint() {
    check(&["--jsn"], 2, "", "did you mean `--json`?");
    check(&["rnu", "a.opt"], 2, "", "did you mean `gradus run`?");
    check(&["run"], 2, "", "hint: write `gradus run FILE.opt`");
    check(&["a.opt", "b.opt"], 2, "", "one script");
    check(&["-e", "1", "a.opt"], 2, "", "hint:");
    check(&["--seed", "x", "-e", "1"], 2, "", "whole number");
    check(&["fmt", "a.opt"], 2, "", "not built yet");
    check(&["bench", "a.opt"], 2, "", "gradus bench examples/line.opt J");
    check(&["bench", "a.opt", "f + 1"], 2, "", "the name of a definition");
    check(&["bench", "a.opt", "f", "g"], 2, "", "another word: `g`");
}

#[test]
fn bench_shows_times_and_says_what_is_wrong() {
    let script = file("bench", "f.opt", b"var x = 2\nlet f = x^2\nlet a = 3\nlet v = [x, 1]\n");
    let script = script.to_str().expect("UTF-8");
    check(&["bench", script, "f"], 0, "value and gradient", "");
    check(&["bench", script, "f"], 0, "together", "");
    check(&["bench", script, "f", "--show", "kernel"], 0, "Hessian:\nbuffer b0", "");
    check(&["bench", script, "g"], 1, "", "unknown name `g`");
    check(&["bench", script, "a"], 1, "", "there is no unknown");
    check(&["bench", script, "v"], 1, "", "expected a scalar");
    check(&["bench", "/no/such/file.opt", "f"], 1, "", "there is no such file");
}

#[test]
fn stages_of_compilation_are_shown() {
    let script = "var x: R[9]\nsumsq(x)";
    check(&["-e", script, "--show", "kernel"], 0, "for i", "");
    for (stage, text) in [("clif", "function"), ("asm", "block0:")] {
        let args = ["-e", script, "--show", stage];
        match cfg!(feature = "jit") {
            true => check(&args, 0, text, ""),
            false => check(&args, 0, "", "W0007"),
        }
    }
}

#[test]
fn help_and_version() {
    check(&["--version"], 0, concat!("gradus ", env!("CARGO_PKG_VERSION"), "\n"), "");
    check(&["run", "--help"], 0, "--strict", "");
    check(&["help"], 0, "minimize maximize", "");
    check(&["help", "lm"], 0, "Levenberg-Marquardt", "");
    check(&["help", "subject", "to"], 0, "Constraints", "");
    check(&["help", "e0301"], 0, "unknown name", "");
    check(&["help", "logsumxp"], 1, "", "did you mean `logsumexp`?");
}

#[test]
fn settings_reach_the_script() {
    check(&["--set", "n=100", "-e", "let n = 3\nn"], 0, "n = 100\n", "");
    check(&["--set", "n=100", "-e", "let a = 1", "-e", "let n = 3\nn"], 0, "n = 100\n", "");
    let found = run(&["--set", "n=100", "-e", "let a = 1", "-e", "let n = 3"]);
    assert_eq!(found.err, "", "the second text takes the setting");
    check(&["--set", "m=100", "-e", "let n = 3\nn"], 0, "n = 3\n", "W0007");
    let draw = |seed| run(&["--seed", seed, "-e", "normal(0, 1)"]).out;
    assert_eq!(draw("1"), draw("1"));
    assert_ne!(draw("1"), draw("2"));
    assert_eq!(run(&["--no-jit", "-e", "2^10"]).out, "1024\n");
}

#[test]
fn strict_makes_a_failed_optimization_count() {
    let script =
        "var x = -1.2, y = 1\nminimize 100*(y - x^2)^2 + (1 - x)^2 using newton(max_iter = 2)";
    check(&["-e", script], 0, "max_iter", "");
    check(&["--strict", "-e", script], 3, "max_iter", "");
    check(&["--strict", "-e", "var x\nminimize (x - 1)^2"], 0, "converged", "");
}

#[test]
fn quiet_leaves_what_the_script_asks_for() {
    let script = "var x\nlet fit = minimize (x - 3)^2\nprint fit.x\nfit.x";
    assert_eq!(run(&["--quiet", "-e", script]).out, "3\nfit.x = 3\n");
    let found = run(&["--quiet", "-e", "let a = 1/0\nlamda"]);
    assert!(found.err.contains("E0301") && !found.err.contains("W0002"), "{}", found.err);
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let script = "for i in 1..20000 { print \"a line that is long enough to fill a pipe\" }";
    let mut command = program();
    command.args(["-e", script]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    drop(child.stdout.take());
    let status = child.wait().expect("the program ends");
    let mut err = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut err).expect("text");
    assert_eq!((status.code(), err.as_str()), (Some(0), ""));
}

#[test]
fn a_closed_stderr_does_not_take_the_results_along() {
    let mut command = program();
    command.args(["-e", "let a = 1/0\n1 + 1"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    drop(child.stderr.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), b"2\n".as_slice()));
}

#[cfg(unix)]
#[test]
fn an_interrupt_keeps_the_best_point_and_is_exit_status_130() {
    // Gradient descent with a tiny step would go on for minutes.
    let script = "var x: R[2000] = 1\nminimize sum((x[i] - i)^4 for i in 1..2000) using gd(lr = 1e-14, max_iter = 1000000000, gtol = 0)";
    let mut command = program();
    command.args(["--json", "-e", script]).stdout(Stdio::piped()).stderr(Stdio::null());
    let child = command.spawn().expect("the program starts");
    std::thread::sleep(std::time::Duration::from_millis(300));
    let pid = i32::try_from(child.id()).expect("a process id");
    // SAFETY: signals the child that this test has started and not yet waited for.
    unsafe { libc::kill(pid, libc::SIGINT) };
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(130));
    let line = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(line.contains("\"status\":\"interrupted\""), "{line:.300}");
}

//! Ctrl-C and time limits, whatever a script is doing.
//!
//! Each script here would run for minutes in one stage of its work. It is interrupted once it has begun, and has to
//! end with the status of an interrupt, long before it would by itself. Nothing is timed beyond that.

#![cfg(unix)]

use crate::cli_support::{Run, file, program};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// Ends what hangs; an answer takes less than a second where the machine is not busy.
const HANGS: Duration = Duration::from_secs(20);

fn signal(child: &Child, signal: i32) {
    let pid = i32::try_from(child.id()).expect("a process id");
    // SAFETY: signals a child that was started here and not yet waited for.
    unsafe { libc::kill(pid, signal) };
}

/// Waits for the end; a child that hangs is killed and fails the test.
#[track_caller]
fn ended(mut child: Child, what: &str) -> Run {
    let began = Instant::now();
    while child.try_wait().expect("a child").is_none() {
        if began.elapsed() > HANGS {
            signal(&child, libc::SIGKILL);
            panic!("{what} does not answer");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Run { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs, interrupts after a while, and gives what was shown.
#[track_caller]
fn interrupted(what: &str, args: &[&str], script: &str) -> Run {
    let path = file("interrupts", &format!("{what}.opt"), script.as_bytes());
    let mut command = program();
    command.args(args).arg(&path);
    if args.first() == Some(&"bench") {
        command.arg("f");
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the program starts");
    std::thread::sleep(Duration::from_millis(400));
    signal(&child, libc::SIGINT);
    let found = ended(child, what);
    assert_eq!(found.status, Some(130), "{what}: {}\n{}", found.out, found.err);
    found
}

/// Scripts and what they are long in. Those after the bar end by an answer of their own, not since the process is
/// ended where one call takes too long.
const STAGES: &[(&str, &[&str], &str)] = &[
    ("a value", &[], "let a = sum(sin(i*j) for i in 1..1000000 for j in 1..100000)"),
    (
        "a value without native code",
        &["--no-jit"],
        "let a = sum(sin(i*j) for i in 1..1000000 for j in 1..100000)",
    ),
    (
        "a Hessian",
        &[],
        "var x = 1, y = 2, z = 1\nlet f = z/(1 + (y/(1 + (y/(1 + (x/(1 + y*x^2))^2) + z*x)^2))^2)\nlet h = diff(diff(diff(diff(f, x, y), z, x), y, z), x, y)\nh\ndiff(diff(h, x, y), z, x)",
    ),
    (
        "a Taylor polynomial",
        &[],
        "var x, y\ntaylor(exp(sin(x*y) + cos(x))/(1 + x^2 + y^2)*log(2 + x*y), (x = 0.1, y = 0.2), 14)",
    ),
    ("an inverse", &[], "let A = eye(4000) + outer(ones(4000), ones(4000))\nlet B = inv(A)"),
    (
        "a product without native code",
        &["--no-jit"],
        "let A = normal(0, 1, 2000, 2000)\nlet B = A*A*A*A*A*A*A*A",
    ),
    ("random numbers", &[], "for i in 1..100000 { let A = normal(0, 1, 1000, 1000) }"),
    ("a loop", &[], "for i in 1..10000000 { let a = i^2 }"),
    ("a loop that prints", &["--quiet"], "for i in 1..10000000 { let a = i^2 }"),
    (
        "comparing derivatives",
        &[],
        "var x: R[2000]\ncheck sum(sin(x[i]*x[j]) for i in 1..2000 for j in 1..2000)",
    ),
    (
        "a benchmark",
        &["bench"],
        "var x = 1\nlet f = sum(sin(i*j*x) for i in 1..1000000 for j in 1..100000)",
    ),
];

#[test]
fn every_stage_ends() {
    for (what, args, script) in STAGES {
        interrupted(what, args, script);
    }
}

#[test]
fn a_large_text_ends_while_it_is_read() {
    let terms: Vec<String> = (0..1_500_000).map(|i| format!("{i}*x")).collect();
    interrupted("a sum of many terms", &[], &format!("var x\nlet f = {}\nf", terms.join(" + ")));
}

/// What was found so far is the result, under its own status.
#[test]
fn optimizations_keep_their_best_point() {
    let scripts: &[(&str, &str)] = &[
        // Inside the first evaluation.
        (
            "first",
            "var x = 3\nminimize sum((x*sin(i*j) - 1)^2 for i in 1..1000000 for j in 1..100000)",
        ),
        // The value is not finite, and looking for the part that is not would take long.
        ("part", "var x = 3\nminimize sum(log(x - i*j) for i in 1..1000000 for j in 1..100000)"),
        (
            "steps",
            "var x = 3\nminimize (x - 1)^4 using gd(lr = 1e-14, max_iter = 1000000000, gtol = 0)",
        ),
        (
            "dense",
            "var x: R[900] = 3\nminimize sum(x[i]^4 for i in 1..900) + sum(x)^4 + exp(-sumsq(x)) using newton(gtol = 0, ftol = 0, xtol = 0, max_iter = 1000000)",
        ),
        (
            "none",
            "var x in [-5, 5] = 3\nminimize sum(sin(x*i)^2 for i in 1..100000) using multistart(starts = 100000)",
        ),
    ];
    for jit in [&["--json"][..], &["--json", "--no-jit"]] {
        for (what, script) in scripts {
            let found = interrupted(what, jit, script);
            let line = found.out.lines().find(|l| l.contains("\"result\"")).unwrap_or_default();
            let is_kept = line.contains("\"status\":\"interrupted\"") && line.contains("\"x\":");
            assert!(is_kept, "{what} {jit:?}: {:.300}\n{}", found.out, found.err);
        }
    }
}

/// The limit of a run ends it inside one evaluation, too.
#[test]
fn max_time_ends_a_long_evaluation() {
    let long = "sum((x*sin(i*j) - 1)^2 for i in 1..1000000 for j in 1..100000)";
    for method in ["lbfgs", "newton", "gd", "nelder_mead", "cmaes", "lm", "bfgs"] {
        for flag in ["--threads=1", "--no-jit"] {
            let script =
                format!("var x = 3\nminimize {long} using {method}(max_time = 0.1)\n1 + 1");
            let child = program()
                .args(["--json", flag, "-e", &script])
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the program starts");
            let found = ended(child, method);
            let shown = format!("{method} {flag}: {:.300}\n{}", found.out, found.err);
            assert_eq!(found.status, Some(0), "{shown}");
            assert!(found.out.contains("\"status\":\"max_time\""), "{shown}");
            assert!(found.out.contains("\"value\":2"), "the script goes on: {shown}");
        }
    }
}

/// Without time there is still a value at the start.
#[test]
fn no_time_is_enough_for_the_start() {
    let script = "var x = 3\nminimize (x - 1)^2 using METHOD(max_time = 0)";
    for method in ["lbfgs", "newton", "gd", "nelder_mead", "lm"] {
        let script = script.replace("METHOD", method);
        let found = crate::cli_support::run(&["--json", "-e", &script]);
        let is_start = found.out.contains("max_time") && found.out.contains("\"value\":4");
        assert!(is_start || found.out.contains("converged"), "{method}: {}", found.out);
    }
}

#[test]
fn a_script_that_never_comes_ends() {
    for args in [&["run", "-"][..], &[]] {
        let mut command = program();
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program starts");
        let open = child.stdin.take();
        std::thread::sleep(Duration::from_millis(400));
        signal(&child, libc::SIGINT);
        let found = ended(child, "a read");
        assert_eq!(found.status, Some(130), "{args:?}");
        drop(open);
    }
}

#[test]
fn a_reader_that_takes_nothing_holds_nobody() {
    let script = "for i in 1..1000000 { print \"a line that is long enough to fill a pipe\" }";
    let mut command = program();
    command.args(["-e", script]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    let unread = child.stdout.take();
    std::thread::sleep(Duration::from_millis(600));
    signal(&child, libc::SIGINT);
    assert_eq!(ended(child, "a write").status, Some(130));
    drop(unread);
}

#[test]
fn termination_keeps_what_was_written() {
    let script =
        "1 + 1\nvar x = 3\nminimize sum((x - sin(i*j))^2 for i in 1..1000000 for j in 1..100000)";
    let mut command = program();
    command.args(["-e", script]).stdout(Stdio::piped()).stderr(Stdio::null());
    let child = command.spawn().expect("the program starts");
    std::thread::sleep(Duration::from_millis(600));
    signal(&child, libc::SIGTERM);
    let found = ended(child, "a run");
    // Ended by the signal, which shells call 143.
    assert_eq!((found.status, found.out.as_str()), (None, "2\n"));
}

/// Data come from regular files: whatever else may never end, or never begin.
#[test]
fn data_are_regular_files() {
    let fifo = file("interrupts", "placeholder", b"").with_file_name("fifo");
    let name = std::ffi::CString::new(fifo.to_str().expect("UTF-8")).expect("no NUL");
    // SAFETY: the name ends with NUL. It may be there from a run before.
    unsafe { libc::mkfifo(name.as_ptr(), 0o600) };
    let fifo = fifo.to_str().expect("UTF-8");
    for path in [fifo, "/dev/zero", "/dev/random", "/dev/tty", "/dev/stdin", "/"] {
        for read in ["let t = csv(\"PATH\")", "let t = npy(\"PATH\")", "use \"PATH\""] {
            let script = read.replace("PATH", path);
            let child = program()
                .args(["-e", &script])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the program starts");
            let found = ended(child, &script);
            assert_eq!(found.status, Some(1), "{script}: {}", found.err);
            assert!(found.err.contains("cannot read"), "{script}: {}", found.err);
        }
    }
}

//! Scripts that run out of memory, at limits from just above what the program needs to start: each ends with an error
//! and an exit status, never by an abort or a signal, and what programs read stays JSON. And every door that asks
//! for memory says no once: the session lives on.
#![cfg(target_os = "linux")]

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use gradus::diag::codes;
use gradus::memory;
use gradus::session::{Output as Shown, Session, Settings};

/// Scripts with their flags; `{numbers}`, `{table}` are files.
const SCRIPTS: &[(&str, &str)] = &[
    ("", "var w: R[2147483648]\nsumsq(w)"),
    ("", "var w: R[4294967296]\nvar W: R[100000, 100000] = 1\nminimize sumsq(w)"),
    ("", "let c = [i^2 for i in 1..10000000000]\nsum(c)"),
    ("--no-jit", "let u = [i for i in 1..30000]\nlet A = outer(u, u)\nA[1, 2]"),
    ("", "let z = zeros(300000000)\nlet E = eye(60000)\ntr(E) + z[1]"),
    (
        "",
        "let A = ones(90, 90)\nlet B = A*A + A'\nlet c = cumsum(ones(100000))\nB[1, 1] + c[100000]",
    ),
    ("", "var x: R[100000]\nlet f = sum(x[i]^4 for i in 1..100000)\nhess(f) at (x = ones(100000))"),
    ("", "var x: R[100000] = 2\nminimize sumsq(x - 1) using bfgs"),
    ("", "var x: R[100000] = 2\nminimize sumsq(x - 1) using nelder_mead"),
    ("", "var x: R[10000] = 2\nminimize sum(x[i]^4 for i in 1..10000) using newton"),
    ("", "var x: R[60000] = 2\nminimize sumsq(x - 1) using cmaes"),
    (
        "",
        "var x, y\nlet f = 100*(y - x^2)^2 + (1 - x)^2\ngrad(f)\nhess(f)\nlet fit = minimize f\nfit.x",
    ),
    (
        "",
        "let X = normal(0, 1, 2000, 20)\nlet y = X*ones(20)\nvar w: R[20]\nlet fit = minimize sumsq(X*w - y)\nfit.value < 1",
    ),
    ("--quiet", "for i in 1..60 {\n    let a = [i + j for j in 1..100]\n    print a\n}"),
    ("", "ones(100000)"),
    ("", "let t = csv(\"{table}\")\nsum(t.a)"),
    ("", "let A = npy(\"{numbers}\")\nsum(A)"),
    ("--threads 4", "let A = ones(400, 400)\nvar x: R[400]\nminimize sumsq(A*x - 1) using lbfgs"),
    ("", "var x, y, z\nexpand((x + y + z + 1)^7)\ntaylor(exp(x)*sin(y), (x = 0, y = 0), 4)"),
    ("", "{deep}"),
];

/// Bytes beyond what the program needs to start.
const BEYOND: [usize; 20] = {
    const K: usize = 1 << 10;
    const M: usize = 1 << 20;
    [
        64 * K,
        128 * K,
        256 * K,
        512 * K,
        M,
        3 * M / 2,
        2 * M,
        3 * M,
        4 * M,
        5 * M,
        6 * M,
        8 * M,
        12 * M,
        16 * M,
        32 * M,
        64 * M,
        128 * M,
        256 * M,
        512 * M,
        2048 * M,
    ]
};

/// The program with a limit of its address space.
fn limited(args: &[&str], script: &Path, bytes: usize) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradus"));
    command.args(args).stdin(Stdio::null());
    if !script.as_os_str().is_empty() {
        command.arg(script);
    }
    let limit = libc::rlimit { rlim_cur: bytes as libc::rlim_t, rlim_max: bytes as libc::rlim_t };
    // SAFETY: between fork and exec only `setrlimit` runs, which is async-signal-safe; the struct is a copy.
    unsafe {
        command.pre_exec(move || match libc::setrlimit(libc::RLIMIT_AS, &limit) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        });
    }
    command.output().expect("the program starts")
}

/// The least address space in which the program starts, to 64 KiB.
fn bare() -> usize {
    let starts = |bytes: usize| limited(&["--version"], Path::new(""), bytes).status.success();
    let (mut low, mut high) = (1 << 20, 1 << 30);
    assert!(starts(high), "the program starts in a gigabyte");
    while high - low > 64 << 10 {
        let middle = (low + high) / 2;
        if starts(middle) { high = middle } else { low = middle }
    }
    high
}

/// The folder of the scripts and their data, made once.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("out_of_memory");
    std::fs::create_dir_all(&folder).expect("a folder");
    let rows: String = (0..10_000_u64).map(|i| format!("{i},{}\n", i * i)).collect();
    std::fs::write(folder.join("table.csv"), format!("a,b\n{rows}")).expect("a table");
    // A file of 8 GB that takes no room on the disk.
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000,), }";
    let mut start = b"\x93NUMPY\x01\x00".to_vec();
    start.extend((header.len() as u16).to_le_bytes());
    start.extend(header.as_bytes());
    let numbers = std::fs::File::create(folder.join("numbers.npy")).expect("a file");
    std::io::Write::write_all(&mut &numbers, &start).expect("a header");
    numbers.set_len(start.len() as u64 + 8_000_000_000).expect("a long file");
    folder
}

fn script(text: &str) -> String {
    let deep = || {
        let (open, close): (String, String) = ("x*(1 + ".repeat(400), ")".repeat(400));
        format!("var x = 0.5\nlet f = {open}x{close}\nf at (x = 0.5)\ndiff(f, x) at (x = 0.5)")
    };
    match text {
        "{deep}" => deep(),
        _ => text.replace("{table}", "table.csv").replace("{numbers}", "numbers.npy"),
    }
}

/// What is wrong with how a run ended.
fn fault(run: &Output) -> Option<String> {
    if let Some(signal) = run.status.signal() {
        return Some(format!("killed by signal {signal}"));
    }
    let text = String::from_utf8_lossy(&run.stdout);
    let mut has_error = false;
    for line in text.lines() {
        match serde_json::from_str::<serde_json::Value>(line) {
            Ok(value) => has_error |= value["kind"] == "error",
            Err(_) => return Some(format!("not JSON: {}", &line[..line.len().min(200)])),
        }
        if line.contains("E0900") {
            return Some(line.to_string());
        }
    }
    match run.status.code() {
        Some(0) if !has_error => None,
        Some(1) if has_error => None,
        status => Some(format!("status {status:?}, error: {has_error}")),
    }
}

#[test]
fn no_limit_of_memory_ends_a_script_by_a_signal() {
    let _alone = crate::alone();
    let (folder, bare) = (folder(), bare());
    let runs: Vec<(usize, usize)> =
        (0..SCRIPTS.len()).flat_map(|s| BEYOND.map(|beyond| (s, beyond))).collect();
    for (k, (_, text)) in SCRIPTS.iter().enumerate() {
        std::fs::write(folder.join(format!("{k}.opt")), script(text)).expect("a script");
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut wrong = Vec::new();
        while let Some(&(s, beyond)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let args: Vec<&str> =
                std::iter::once("--json").chain(SCRIPTS[s].0.split_whitespace()).collect();
            let run = limited(&args, &folder.join(format!("{s}.opt")), bare + beyond);
            if let Some(fault) = fault(&run) {
                let said = String::from_utf8_lossy(&run.stderr);
                let said: String = said.chars().take(300).collect();
                wrong.push(format!("script {s}, {beyond} bytes beyond {bare}: {fault}\n{said}"));
            }
        }
        wrong
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.into_iter().flat_map(|t| t.join().expect("a thread")).collect()
    });
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), runs.len(), wrong.join("\n"));
}

#[test]
fn what_does_not_fit_says_what_asked_how_much_and_the_limit() {
    let _alone = crate::alone();
    let folder = folder();
    for (text, words) in [
        ("var w: R[4294967296]", vec!["32 GiB", "of 256 MiB"]),
        (
            "let u = ones(100000)\nlet A = outer(u, u)",
            vec!["a 100000 by 100000 matrix", "74.5 GiB", "256 MiB"],
        ),
        ("let A = npy(\"numbers.npy\")", vec!["`numbers.npy`", "7.5 GiB", "256 MiB"]),
        (
            "var x: R[50000]\nminimize sumsq(x - 1) using bfgs",
            vec!["`bfgs`", "18.6 GiB", "256 MiB"],
        ),
    ] {
        std::fs::write(folder.join("one.opt"), text).expect("a script");
        let run = Command::new(env!("CARGO_BIN_EXE_gradus"))
            .args(["--memory", "256M", "--json"])
            .arg(folder.join("one.opt"))
            .output()
            .expect("the program starts");
        let shown = String::from_utf8_lossy(&run.stdout);
        assert_eq!(run.status.code(), Some(1), "{text}\n{shown}");
        let words = words.iter().chain(&["E0707", "--memory"]);
        words.for_each(|word| assert!(shown.contains(word), "{text}: no {word} in\n{shown}"));
    }
}

/// What a text gives: codes of errors, and whether it failed.
fn run(session: &mut Session, text: &str, is_line: bool) -> (Vec<String>, Vec<String>) {
    let (mut errors, mut values) = (Vec::new(), Vec::new());
    let mut take = |_: &gradus::source::SourceMap, output: Shown| match output {
        Shown::Finding(f) if f.code.id().starts_with('E') => {
            errors.push(format!("{}: {}", f.code, f.message))
        }
        Shown::Value { text, .. } => values.push(text),
        _ => {}
    };
    let outcome = match is_line {
        true => session.run_line("line", text, &mut take),
        false => session.run("script", text, &mut take),
    };
    assert_eq!(outcome.failed, !errors.is_empty(), "{text}");
    (errors, values)
}

#[test]
fn every_door_may_say_no_and_the_session_lives_on() {
    let _alone = crate::alone();
    let folder = folder();
    let texts = [
        "let u = [i for i in 1..20000]\nlet v = cumsum(u) + 2*u'' .* ones(20000)\nsum(v)",
        "let A = ones(120, 120)\nlet B = A*A' + inv(A + 300*eye(120))\ntr(B) + det(A)\nA",
        "var x: R[150] = 2\nminimize sumsq(x - 1) using bfgs\nminimize sum(x[i]^4 for i in 1..150) using newton",
        "var x: R[120] = 2\nminimize sumsq(x - 1) using sr1\nminimize sumsq(x) using cmaes(max_iter = 2)",
        "let X = normal(0, 1, 1000, 20)\nlet y = X*ones(20)\nvar w: R[20]\nminimize sumsq(X*w - y) using lm",
        "let t = csv(\"table.csv\")\nlet m = mean(t.a)\nm",
    ];
    let mut doors = 0;
    for text in texts {
        for jit in [true, false] {
            for n in 1.. {
                let mut session = Session::new(Settings { jit, ..Settings::default() });
                session.set_base(&folder);
                memory::fail_at(n);
                let (errors, _) = run(&mut session, text, false);
                let left = memory::fail_at(0);
                let out_of_memory = |e: &String| e.starts_with(codes::E0707.id());
                assert!(
                    errors.len() <= 1 && errors.iter().all(out_of_memory),
                    "{text}, door {n}: {errors:?}"
                );
                let (errors, values) = run(&mut session, "1 + 1", true);
                assert!(
                    errors.is_empty() && values == ["2"],
                    "{text}, door {n}: {errors:?} {values:?}"
                );
                if left > 0 {
                    break;
                }
                doors += 1;
                assert!(n < 2000, "{text}: doors without an end");
            }
        }
    }
    assert!(doors > 50, "only {doors} doors");
}

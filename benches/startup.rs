//! The whole process: `cargo bench --bench startup`.
//!
//! `gradus -e` that minimizes Rosenbrock's function, against a process that does nothing (`/bin/true`),
//! in alternating rounds; medians in milliseconds, and their ratio. On a noisy machine the ratio is the
//! number to compare.

#[path = "support/rounds.rs"]
mod rounds;

use std::path::Path;
use std::process::{Command, Stdio};

const ROUNDS: usize = 200;
const SCRIPT: &str = "var x, y; minimize 100*(y - x^2)^2 + (1 - x)^2 from x = -1.2, y = 1";

fn main() {
    if !rounds::is_wanted("startup") {
        return;
    }
    let gradus = env!("CARGO_BIN_EXE_gradus");
    let nothing = ["/bin/true", "/usr/bin/true"].into_iter().find(|path| Path::new(path).exists());
    let Some(nothing) = nothing else { return println!("startup: there is no /bin/true here") };
    let [empty, version, plain, whole] = rounds::alternate(
        ROUNDS,
        1,
        [
            &mut || run(nothing, &[]),
            &mut || run(gradus, &["--version"]),
            &mut || run(gradus, &["--no-jit", "-e", SCRIPT]),
            &mut || run(gradus, &["-e", SCRIPT]),
        ],
    );
    println!("whole processes, medians of {ROUNDS} runs");
    for (name, time) in [
        (nothing, empty),
        ("gradus --version", version),
        ("gradus --no-jit -e '...'", plain),
        ("gradus -e 'minimize Rosenbrock'", whole),
    ] {
        println!("{name:<33} {:>7.3} ms  {:>5.2} times {nothing}", time * 1e-6, time / empty);
    }
}

fn run(program: &str, args: &[&str]) {
    let status = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(status.is_ok_and(|s| s.success()), "{program} fails");
}

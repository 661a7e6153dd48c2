//! A dose of cases: starts workers, restarts them after what ended one, and reports.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::number;
use crate::worker::{self, HANG, Kind, MARK};

/// Cases of a plain `cargo test`.
const SMALL: u64 = 150;
/// Cases of one worker.
const PER_WORKER: u64 = 500;
/// Steps that take long because a script does; others may because an oracle does.
const ABOUT_SCRIPTS: [&str; 4] =
    ["run: run ", "run: plain evaluator ", "run: two threads ", "run: readers of bytes "];
/// Cases between two seeds.
const STRIDE: u64 = 1 << 32;

/// Signatures of faults that are known and not mended yet, a line each: they are reported and
/// fail nothing.
const KNOWN: &str = include_str!("known.txt");

fn folder() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary.parent().unwrap_or(temporary).join("fuzz")
}

/// What a dose has found.
#[derive(Default)]
struct Found {
    counts: BTreeMap<String, u64>,
    /// By signature: how often, and the files.
    groups: BTreeMap<String, (u64, Vec<String>)>,
    cases: u64,
}

/// The first case of the seed that the environment names.
fn first() -> u64 {
    number("GRADUS_FUZZ_SEED").unwrap_or(0).wrapping_mul(STRIDE)
}

/// Runs as the environment says.
pub fn run() -> Vec<String> {
    let seconds = number("GRADUS_FUZZ_SECONDS");
    let cases =
        number("GRADUS_CASES").unwrap_or(if seconds.is_some() { u64::MAX / 2 } else { SMALL });
    let until = seconds.map(|s| Instant::now() + Duration::from_secs(s));
    let from = first();
    many(from, from.saturating_add(cases), until)
}

/// Runs some cases, each shown first.
pub fn cases(from: u64, to: u64) -> Vec<String> {
    let first = first();
    let _ = fs::create_dir_all(folder());
    for case in first + from..first + to {
        println!("{:?}\n{}\n", Kind::of(case), worker::script(case, &folder()));
    }
    many(first + from, first + to, None)
}

/// Runs one script through all oracles.
pub fn script(path: &str) -> Vec<String> {
    let mut found = Found::default();
    batch(0, 1, None, Some(path), &mut found);
    report(&found)
}

fn many(from: u64, to: u64, until: Option<Instant>) -> Vec<String> {
    let mut found = Found::default();
    let mut at = from;
    while at < to && until.is_none_or(|u| Instant::now() < u) {
        let end = to.min(at + PER_WORKER);
        at = batch(at, end, until, None, &mut found);
    }
    report(&found)
}

/// Runs cases in one worker and gives the first that was not run.
fn batch(from: u64, to: u64, until: Option<Instant>, text: Option<&str>, found: &mut Found) -> u64 {
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    command
        .args(["--exact", "worker_process", "--ignored", "--nocapture", "--test-threads=1"])
        .env("GRADUS_FUZZ_FROM", from.to_string())
        .env("GRADUS_FUZZ_TO", to.to_string())
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some(path) = text {
        command.env("GRADUS_FUZZ_TEXT", path);
    }
    let mut child = command.spawn().expect("the worker starts");
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    let (mut last, mut ended, mut late) = (from, false, String::new());
    for line in output.lines().map_while(Result::ok) {
        let Some(line) = line.strip_prefix(MARK) else { continue };
        let parts: Vec<&str> = line.split('\t').collect();
        match parts[..] {
            ["case", case] => {
                last = case.parse().unwrap_or(last);
                found.cases += 1;
                if until.is_some_and(|u| Instant::now() > u) {
                    let _ = child.kill();
                    let _ = child.wait();
                    return to;
                }
            }
            ["count", what, n] => {
                *found.counts.entry(what.to_string()).or_default() += n.parse::<u64>().unwrap_or(0);
            }
            ["fail", case, signature, file] => keep(found, case, signature, Some(file)),
            ["again", case, signature] => keep(found, case, signature, None),
            ["late", _, what, how] => {
                late = format!(
                    "run: {what} takes more than {} s and {how}",
                    crate::watch::MOST_SECONDS
                );
                let script = matches!(Kind::of(last), Kind::Formulas | Kind::Solvers);
                if how == "stops" && (script || text.is_some()) {
                    lost(found, last, &late, text);
                }
            }
            ["end"] => ended = true,
            _ => {}
        }
    }
    let status = child.wait().expect("the worker ends");
    if ended {
        return to;
    }
    if !late.is_empty() && !ABOUT_SCRIPTS.iter().any(|step| late.contains(step)) {
        *found.counts.entry("oracle gave up: too slow".to_string()).or_default() += 1;
        return last + 1;
    }
    let why = match (status.code(), late.is_empty()) {
        (Some(HANG), false) => late,
        _ => format!("run: a worker ends with {status}"),
    };
    lost(found, last, &why, text);
    last + 1
}

/// A case that ended its worker, or nearly: its script as it is.
fn lost(found: &mut Found, case: u64, signature: &str, text: Option<&str>) {
    let temporary = folder().join("lost");
    let _ = fs::create_dir_all(&temporary);
    let script = match text {
        Some(path) => fs::read_to_string(path).unwrap_or_default(),
        None => worker::script(case, &temporary),
    };
    let path = temporary.join("lost.opt");
    let _ = fs::write(&path, format!("# {signature}\n{script}\n"));
    keep(found, &case.to_string(), signature, path.to_str());
}

/// Puts a failure into its group, and its script into the folder.
fn keep(found: &mut Found, case: &str, signature: &str, file: Option<&str>) {
    let group = found.groups.entry(signature.to_string()).or_default();
    group.0 += 1;
    let Some(text) = file.and_then(|f| fs::read_to_string(f).ok()) else { return };
    let name: String =
        signature.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).take(60).collect();
    let name = name.split('-').filter(|s| !s.is_empty()).collect::<Vec<_>>().join("-");
    let path = folder().join(format!("{name}.{case}.opt"));
    let case: u64 = case.parse().unwrap_or(0);
    let (seed, number) = (case / STRIDE, case % STRIDE);
    let again =
        format!("# GRADUS_FUZZ_SEED={seed} GRADUS_FUZZ_CASE={number} cargo test --test fuzz");
    let _ = fs::create_dir_all(folder());
    let _ = fs::write(&path, format!("{again}\n{text}"));
    if let Some(f) = file {
        let _ = fs::remove_file(f);
    }
    group.1.push(path.to_string_lossy().into_owned());
}

/// Prints what was done and gives a line for every group of failures that is not known.
fn report(found: &Found) -> Vec<String> {
    println!("{} cases", found.cases);
    for (what, n) in &found.counts {
        println!("{n:>9} {what}");
    }
    let is_known = |s: &String| KNOWN.lines().any(|k| !k.is_empty() && s.starts_with(k));
    let line = |(signature, (n, files)): (&String, &(u64, Vec<String>))| {
        format!("{n} times {signature}\n    {}", files.first().map_or("", String::as_str))
    };
    let (known, new): (Vec<_>, Vec<_>) = found.groups.iter().partition(|(s, _)| is_known(s));
    known.into_iter().for_each(|group| println!("known: {}", line(group)));
    new.into_iter().map(line).collect()
}

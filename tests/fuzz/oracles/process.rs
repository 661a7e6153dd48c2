//! The program itself: its exit status, and that every line of `--json` is what the reference
//! says.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Examination, Failure};

const PATIENCE: Duration = Duration::from_secs(60);
const STATUSES: [i32; 5] = [0, 1, 2, 3, 130];

/// Fields that a line must have, by its kind.
const FIELDS: &[(&str, &[&str])] = &[
    (
        "result",
        &[
            "name",
            "statement",
            "method",
            "status",
            "value",
            "grad_norm",
            "iterations",
            "evaluations",
            "time_s",
            "solution",
            "message",
        ],
    ),
    ("value", &["name", "text", "value"]),
    ("error", &["code", "message", "file", "line", "column", "notes"]),
    ("warning", &["code", "message", "file", "line", "column", "notes"]),
    (
        "bench",
        &["name", "n", "prepare_s", "f_s", "fgrad_s", "hess_s", "value", "grad_norm", "threads"],
    ),
];

/// Settings of a run: arguments and `GRADUS_SIMD`.
const WAYS: &[(&[&str], &str)] = &[
    (&[], ""),
    (&["--no-jit"], ""),
    (&["--threads", "2"], ""),
    (&[], "baseline"),
    (&[], "pairs"),
    (&[], "avx2"),
    (&["--strict"], "avx512"),
    (&["--quiet"], ""),
];

pub fn check(e: &mut Examination) {
    let path = e.folder.join("script.opt");
    if std::fs::write(&path, e.text).is_err() {
        return;
    }
    let (arguments, simd) = WAYS[(e.case / 20) as usize % WAYS.len()];
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradus"));
    command
        .arg("run")
        .arg("--json")
        .args(arguments)
        .arg(&path)
        .env("NO_COLOR", "1")
        .current_dir(e.folder);
    if !simd.is_empty() {
        command.env("GRADUS_SIMD", simd);
    }
    e.count("process");
    e.watch.end();
    match run(command) {
        Err(why) => e.fail(Failure::new("process", &why, format!("{arguments:?} {simd}"))),
        Ok((status, out)) => judge(e, status, &out),
    }
}

fn run(mut command: Command) -> Result<(Option<i32>, Vec<u8>), String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|e| format!("does not start: {e}"))?;
    let mut stdout = child.stdout.take().ok_or("no pipe")?;
    let reader = std::thread::spawn(move || {
        let mut out = Vec::new();
        stdout.read_to_end(&mut out).map(|_| out)
    });
    let started = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if started.elapsed() > PATIENCE => {
                let _ = child.kill();
                let _ = child.wait();
                return Err("does not end".to_string());
            }
            _ => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let out = reader.join().ok().and_then(Result::ok).ok_or("its output cannot be read")?;
    Ok((status.code(), out))
}

fn judge(e: &mut Examination, status: Option<i32>, out: &[u8]) {
    match status {
        Some(code) if STATUSES.contains(&code) => {}
        Some(code) => e.fail(Failure::new("process", "exit status", format!("{code}"))),
        None => e.fail(Failure::new("process", "ended by a signal", "")),
    }
    let Ok(text) = std::str::from_utf8(out) else {
        e.fail(Failure::new("process", "output is not UTF-8", ""));
        return;
    };
    let lines: Vec<&str> = e.text.split('\n').collect();
    let mut errors = 0;
    for line in text.lines() {
        let Ok(object) = serde_json::from_str::<Value>(line) else {
            e.fail(Failure::new("process", "a line is no JSON", line));
            continue;
        };
        let kind = object["kind"].as_str().unwrap_or_default();
        let Some((_, fields)) = FIELDS.iter().find(|(k, _)| *k == kind) else {
            e.fail(Failure::new("process", "a line of no kind", line));
            continue;
        };
        if let Some(missing) = fields.iter().find(|f| object.get(**f).is_none()) {
            e.fail(Failure::new("process", &format!("{kind} without {missing}"), line));
        }
        if kind == "error" {
            errors += 1;
            let (row, column) = (object["line"].as_u64(), object["column"].as_u64());
            let ours = object["file"].as_str().is_some_and(|f| f.ends_with("script.opt"));
            if let (Some(row), Some(column), true) = (row, column, ours) {
                let of_line =
                    lines.get((row as usize).wrapping_sub(1)).map(|l| l.chars().count() as u64);
                if !of_line.is_some_and(|n| (1..=n + 1).contains(&column)) {
                    e.fail(Failure::new("process", "an error outside the text", line));
                }
            }
            if object["code"] == "E0900" {
                e.fail(Failure::new(
                    "process",
                    object["message"].as_str().unwrap_or_default(),
                    line,
                ));
            }
        }
    }
    if (status == Some(1)) != (errors > 0) {
        e.fail(Failure::new(
            "process",
            "errors and exit status disagree",
            format!("{status:?}, {errors} errors"),
        ));
    }
}

//! Sessions shown in pages: run again, and put back with what they print now.
//!
//! Two kinds of blocks are run, both with the `gradus` that was just built:
//!
//! - a block marked `gradus` is a script, run from `examples/`. It must end with status 0. Where a block
//!   marked `text` follows it, that is its output.
//! - in a block marked `console`, lines `$ gradus ...` (or `$ cargo run --release -- ...`) are commands,
//!   run by a shell from the top of the repository, and the lines below are what they print. Other
//!   commands are left alone.
//!
//! Both show standard output and standard error as a terminal would. Outputs are compared by [`same`].

use super::root;
use std::io::Write;
use std::process::{Command, Stdio};

/// The program's directory goes first on the path, so that pages can say `gradus`.
fn path() -> std::ffi::OsString {
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_gradus"));
    let mut folders = vec![program.parent().map(std::path::Path::to_path_buf).unwrap_or_default()];
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    std::env::join_paths(folders).unwrap_or_default()
}

/// What a shell command prints, and its exit status.
fn shell(command: &str, folder: &str, input: &str) -> (String, Option<i32>) {
    let mut child = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{command}")])
        .current_dir(root().join(folder))
        .env("PATH", path())
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell starts");
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    // A script that ends early closes the pipe; its output says why.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    (String::from_utf8_lossy(&output.stdout).trim_end().to_string(), output.status.code())
}

/// The page with every shown output replaced by the output of today. Outputs that are the [`same`] stay
/// as they are.
pub fn rerun(page: &str, text: &str, complaints: &mut Vec<String>) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut lines = text.lines().enumerate().peekable();
    // The output of the script above, until the next block or paragraph.
    let mut printed: Option<String> = None;
    while let Some((number, line)) = lines.next() {
        out.push(line.to_string());
        let Some(mark) = line.strip_prefix("```") else {
            if !line.trim().is_empty() {
                printed = None;
            }
            continue;
        };
        let mut body = Vec::new();
        let mut end = None;
        for (_, line) in lines.by_ref() {
            if line.starts_with("```") {
                end = Some(line.to_string());
                break;
            }
            body.push(line);
        }
        let body = body.join("\n");
        match (mark, printed.take()) {
            ("gradus", _) => {
                let (text, status) = shell("gradus run -", "examples", &body);
                if status != Some(0) {
                    complaints.push(format!("{page}:{}: the script fails:\n{text}", number + 1));
                }
                printed = Some(text);
                out.push(body);
            }
            ("text", Some(now)) => out.push(merged(&body, &now)),
            ("console", _) => out.push(console(&body)),
            _ => out.push(body),
        }
        out.extend(end);
    }
    out.join("\n") + "\n"
}

/// The output of today, with the lines of the page where they are the [`same`].
fn merged(page: &str, now: &str) -> String {
    let mut shown = page.lines();
    let keep = |line| match shown.next() {
        Some(old) if same(old, line) => old,
        _ => line,
    };
    now.lines().map(keep).collect::<Vec<_>>().join("\n")
}

/// A block of commands with the output of today.
fn console(body: &str) -> String {
    let mut out = String::new();
    let mut shown: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in body.lines() {
        match (line.strip_prefix("$ "), shown.last_mut()) {
            (Some(command), _) => shown.push((command, Vec::new())),
            (None, Some((_, output))) => output.push(line),
            (None, None) => out += &format!("{line}\n"),
        }
    }
    let mut status = None;
    for (command, output) in shown {
        let shown = output.join("\n");
        let command_now = command.replace("cargo run --release --", "gradus");
        let now = match command_now.as_str() {
            "echo $?" => status.map(|s: i32| s.to_string()),
            now if now.contains("gradus ") || now.ends_with("gradus") => {
                let (text, code) = shell(now, "", "");
                status = code;
                Some(text)
            }
            _ => None,
        };
        let body = now.map_or(shown.clone(), |now| merged(&shown, &now));
        out += &format!("$ {command}\n");
        if !body.trim().is_empty() {
            out += &format!("{}\n", body.trim_end_matches('\n'));
        }
    }
    out.trim_end_matches('\n').to_string()
}

/// Whether two outputs are the same but for times, counts of evaluations, the last digits of numbers and
/// blanks: machines with and without fused multiplication differ that much.
fn same(a: &str, b: &str) -> bool {
    let (a, b) = (pieces(&timeless(a)), pieces(&timeless(b)));
    let is_count = |k: usize| {
        let before = k > 0 && COUNTS.iter().any(|count| a[k - 1].ends_with(count));
        before || a.get(k + 1).is_some_and(|next| is_counted(next))
    };
    let alike = |k: usize| match (a[k].parse(), b[k].parse()) {
        (Ok(x), Ok(y)) => is_count(k) || near(x, y),
        _ => a[k] == b[k],
    };
    a.len() == b.len() && (0..a.len()).all(alike)
}

/// What stands before a count or a time in JSON.
const COUNTS: [&str; 5] = ["\"iterations\":", "\"f\":", "\"grad\":", "\"hess\":", "_s\":"];

/// Whether `text`, which follows a number, says that the number is a count of work.
fn is_counted(text: &str) -> bool {
    [" iteration", " f", " gradient", " Hessian"].iter().any(|word| text.starts_with(word))
}

/// Equal to five digits, or both next to nothing.
fn near(x: f64, y: f64) -> bool {
    (x - y).abs() <= 2e-5 * x.abs().max(y.abs()) || x.abs().max(y.abs()) < 1e-6
}

/// Numbers and what stands between them, runs of blanks and of rules as one.
fn pieces(text: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let current = found.last().map_or("", String::as_str);
        let in_word = current.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if c.is_ascii_digit() && !in_word {
            let mut number = String::from(c);
            while let Some(&next) = chars.peek() {
                let in_exponent = number.ends_with('e') && (next == '-' || next.is_ascii_digit());
                if !(next.is_ascii_digit() || next == '.' || next == 'e' || in_exponent) {
                    break;
                }
                number.push(next);
                chars.next();
            }
            found.extend([number, String::new()]);
        } else if let Some(last) = found.last_mut() {
            let c = if c.is_whitespace() { ' ' } else { c };
            // Rules and blanks are as long as columns are wide.
            if !([' ', '-', '─'].contains(&c) && last.ends_with(c)) {
                last.push(c);
            }
        }
    }
    found
}

/// Text with every time (`5.34 ms`, `"time_s":0.01`) as `TIME`.
fn timeless(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let (unit, rest) =
            word.split_at(word.find(|c: char| !c.is_alphabetic()).unwrap_or(word.len()));
        let before = words.last().is_some_and(|w| w.parse::<f64>().is_ok());
        if before && ["ns", "us", "ms", "s"].contains(&unit) {
            words.pop();
            words.push(format!("TIME{rest}"));
        } else {
            words.push(word.to_string());
        }
    }
    let text = words.join(" ");
    let mut parts = text.split("\"time_s\":");
    let mut out = parts.next().unwrap_or_default().to_string();
    for part in parts {
        out += "\"time_s\":TIME";
        out += &part[part.find([',', '}']).unwrap_or(part.len())..];
    }
    out
}

#[test]
fn outputs_are_compared_as_people_would() {
    assert!(same(
        "value 227.0704, 5 iterations in 3.1 ms",
        "value 227.0705, 6 iterations in 98 us"
    ));
    assert!(same("gradient 4.73e-9 in", "gradient  0 in"));
    assert!(same("{\"f\":11,\"time_s\":0.1}", "{\"f\":12,\"time_s\":2e-5}"));
    assert!(same("a   1.5\n------", "a  1.50001\n-----"));
    assert!(!same("x = 1", "x = 2"));
    assert!(!same("x - 1", "x + 1"));
    assert!(!same("y = -1", "y = 1"));
    assert!(!same("x1 = 1", "x2 = 1"));
    assert!(!same("-2*sum(x)", "-2*sum(y)"));
}

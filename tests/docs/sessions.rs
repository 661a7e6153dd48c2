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
//! Both show standard output and standard error as a terminal would. Times are compared as `TIME`.

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

/// The page with every shown output replaced by the output of today. Outputs that differ only in times
/// stay as they are.
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
            ("text", Some(now)) => {
                out.push(if timeless(&body) == timeless(&now) { body } else { now })
            }
            ("console", _) => out.push(console(&body)),
            _ => out.push(body),
        }
        out.extend(end);
    }
    out.join("\n") + "\n"
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
        let now = now.filter(|now| timeless(now) != timeless(shown.trim_end()));
        let body = now.unwrap_or(shown);
        out += &format!("$ {command}\n");
        if !body.trim().is_empty() {
            out += &format!("{}\n", body.trim_end_matches('\n'));
        }
    }
    out.trim_end_matches('\n').to_string()
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

//! Running the built program.

// Each test file uses some of it.
#![allow(dead_code)]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What a run gave.
pub struct Run {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

/// The program, without colors.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gradus"));
    command.env("NO_COLOR", "1").env_remove("RUST_BACKTRACE");
    command
}

/// Runs with these arguments and this text on standard input.
pub fn run_with(args: &[&str], input: &[u8]) -> Run {
    let mut command = program();
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A program that does not read its input closes the pipe.
    let _ = stdin.write_all(input);
    drop(stdin);
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Run { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs with these arguments and nothing on standard input.
pub fn run(args: &[&str]) -> Run {
    run_with(args, b"")
}

/// A file in a folder of its own, which is left to the system to clean.
pub fn file(test: &str, name: &str, contents: &[u8]) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("gradus-{}-{test}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(name);
    std::fs::write(&path, contents).expect("a file");
    path
}

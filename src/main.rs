//! The `gradus` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    gradus::cli::main(std::env::args_os().skip(1)).into()
}

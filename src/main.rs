//! The `gradus` program.

use std::process::ExitCode;

#[global_allocator]
static MEMORY: gradus::memory::LargePages = gradus::memory::LargePages;

fn main() -> ExitCode {
    gradus::cli::main(std::env::args_os().skip(1)).into()
}

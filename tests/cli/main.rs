//! The program as users meet it: the command line, JSON, the terminal, limits, interrupts, and whatever is put into it.

mod bad;
mod bad_inputs;
mod cli_support;
mod commands;
mod files;
mod interrupts;
mod json;
mod limits;
mod lines;
mod repl;
mod robustness;
mod sandbox;
#[path = "../support/mod.rs"]
mod support;
mod terminal;

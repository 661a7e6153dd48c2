//! Kernels to machine code by Cranelift, which no other room names.
//!
//! `lower` (with `loops`, `wide_loops`, `pass_code`, `emit`, `functions`) makes Cranelift's form of a kernel; `pairs`
//! (with `pair_steps`) makes loops over pairs of doubles of bodies; `native` makes machine code of both.

mod emit;
mod functions;
mod loops;
mod lower;
pub mod native;
mod pair_steps;
mod pairs;
mod pass_code;
mod wide_loops;

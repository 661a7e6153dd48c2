//! Every way to run a kernel against the plain evaluator.

mod arrays;
mod engines;
mod guarded;
mod jit_support;
mod loops;
mod random;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod wide;

/// Arrays of fenced cases end at pages that may not be touched.
#[cfg(unix)]
#[global_allocator]
static FENCE: jit_support::fence::Fence = jit_support::fence::Fence;

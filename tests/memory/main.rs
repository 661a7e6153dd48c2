//! How much memory is taken, and what happens where there is none.
//!
//! Apart from the other tests, since these measure the process and make its allocator fail; one at a time.
#![cfg(target_os = "linux")]

mod growth;
#[path = "../jit/jit_support/mod.rs"]
mod jit_support;
mod kernels;
mod out_of_memory;

use std::sync::{Mutex, MutexGuard, PoisonError};

#[global_allocator]
static MEMORY: gradus::memory::LargePages = gradus::memory::LargePages;

/// Held by a test that measures this process, or makes its allocator fail.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

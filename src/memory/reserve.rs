//! Address space kept back, where the process has a limit of it.
//!
//! Under `ulimit -v` the system refuses memory at once and for the smallest piece, so that not even the report of an
//! error could be written. So some pages are mapped and never used; they count against the limit, and are
//! given back when it is met.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The most that is kept back: what a statement in work takes between two looks at the flag.
const MOST: usize = 64 << 20;
/// Less is no help.
const LEAST: usize = 128 << 10;

static START: AtomicUsize = AtomicUsize::new(0);
static LEN: AtomicUsize = AtomicUsize::new(0);

/// Keeps a sixth of what is free, as far as that can be had. Does nothing where something is kept already.
#[cfg(unix)]
pub fn take(free: usize) {
    if START.load(Ordering::Acquire) != 0 {
        return;
    }
    let mut len = (free / 6).min(MOST) & !0xffff;
    while len >= LEAST {
        let (access, kind) = (
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_NORESERVE,
        );
        // SAFETY: new pages, at an address that the system chooses.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), len, access, kind, -1, 0) };
        if start != libc::MAP_FAILED {
            LEN.store(len, Ordering::Relaxed);
            START.store(start as usize, Ordering::Release);
            return;
        }
        len = (len / 2) & !0xffff;
    }
}

/// Gives back what was kept.
#[cfg(unix)]
pub fn release() {
    let start = START.swap(0, Ordering::AcqRel);
    if start != 0 {
        // SAFETY: mapped by `take`, unused, and unmapped once: who swaps the address out is alone.
        unsafe { libc::munmap(start as *mut libc::c_void, LEN.load(Ordering::Relaxed)) };
    }
}

#[cfg(not(unix))]
pub fn take(_: usize) {}

#[cfg(not(unix))]
pub fn release() {}

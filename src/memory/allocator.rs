//! The program's allocator: large arrays on large pages, and every byte counted.
//!
//! A pass over an array that does not fit into the cache waits for memory, and with pages of 4 KiB also for
//! the translation of its addresses; hardware that reads ahead stops at the end of each page. Linux gives
//! pages of 2 MiB to those who ask, as NumPy does. Elsewhere this is the system's allocator.

use std::alloc::{GlobalAlloc, Layout, System};

use super::{budget, door};

/// Smaller allocations stay on ordinary pages.
const LARGE: usize = 4 << 20;

/// The system's allocator, with large pages for large arrays, and an end that is no abort.
#[derive(Clone, Copy, Debug, Default)]
pub struct LargePages;

// SAFETY: everything is the system's allocator; advice changes no contents, counting touches no memory of others. No
// function unwinds: nothing here panics, and what it calls are atomics, cells and system calls.
unsafe impl GlobalAlloc for LargePages {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of this same function.
        given(layout.size(), layout.size(), || unsafe { System.alloc(layout) })
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        given(layout.size(), layout.size(), || unsafe { System.alloc_zeroed(layout) })
    }

    #[inline]
    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        budget::count(0, layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(start, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        budget::count(0, layout.size());
        // SAFETY: as above. What fails leaves the old block as it was, so it may be tried again.
        let again = || unsafe { System.realloc(start, layout, size) };
        let moved = given(size, size.saturating_sub(layout.size()), again);
        if moved.is_null() {
            budget::count(layout.size(), 0);
        }
        moved
    }
}

/// So many bytes, of which so many are new, from the system, on large pages where that pays; null only for those who
/// said that they can do without.
#[inline]
fn given(size: usize, more: usize, ask: impl Fn() -> *mut u8) -> *mut u8 {
    let mut start = ask();
    if start.is_null() {
        start = refused(more, &ask);
        if start.is_null() {
            return start;
        }
    }
    budget::count(size, 0);
    if size >= LARGE {
        ask_for_large_pages(start, size);
    }
    start
}

/// The system has no more: null where the door asks, else from the reserve.
#[cold]
fn refused(more: usize, ask: &dyn Fn() -> *mut u8) -> *mut u8 {
    if door::takes_no_for_an_answer() {
        return std::ptr::null_mut();
    }
    budget::meet_the_end();
    let start = ask();
    if start.is_null() {
        budget::last_words(more);
    }
    start
}

#[cfg(target_os = "linux")]
#[cold]
fn ask_for_large_pages(start: *mut u8, size: usize) {
    // The smallest page there is on this kind of machine may be larger; advice about part of one is refused.
    const PAGE: usize = 4096;
    let skipped = start.align_offset(PAGE);
    let whole = (size - skipped) / PAGE * PAGE;
    // SAFETY: these pages are ours. Whether the advice is taken does not matter.
    unsafe { libc::madvise(start.wrapping_add(skipped).cast(), whole, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages(_: *mut u8, _: usize) {}

//! Memory of the program: large arrays on large pages.
//!
//! A pass over an array that does not fit into the cache waits for memory, and with pages of 4 KiB also for
//! the translation of its addresses; hardware that reads ahead stops at the end of each page. Linux gives
//! pages of 2 MiB to those who ask, as NumPy does. Elsewhere this is the system's allocator.

use std::alloc::{GlobalAlloc, Layout, System};

/// Smaller allocations stay on ordinary pages.
const LARGE: usize = 4 << 20;

/// The system's allocator, with large pages for large arrays.
#[derive(Clone, Copy, Debug, Default)]
pub struct LargePages;

// SAFETY: everything is the system's allocator; advice changes no contents.
unsafe impl GlobalAlloc for LargePages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of this same function.
        advised(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        advised(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(start, layout) }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        advised(unsafe { System.realloc(start, layout, size) }, size)
    }
}

/// The same memory, on large pages where that pays.
#[inline]
fn advised(start: *mut u8, size: usize) -> *mut u8 {
    if size >= LARGE && !start.is_null() {
        ask_for_large_pages(start, size);
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

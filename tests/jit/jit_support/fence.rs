//! Memory between pages that may not be touched.
//!
//! A global allocator that, while a thread asks for it, puts every allocation
//! on pages of its own with an unmapped page on either side: its last byte lies
//! directly before one, or its first byte directly after one. Generated code
//! that reads or writes one number too many dies at once, whatever the memory
//! belongs to: arguments, results, known values, scratch memory or blocks that
//! are packed for a product. Freed memory is unmapped too. (Known values begin 16
//! bytes after the page, as their count of owners comes first.)

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What lies directly at an unmapped page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The end of the memory.
    End,
    /// Its beginning.
    Begin,
}

/// Both, one after the other.
pub const SIDES: [Side; 2] = [Side::End, Side::Begin];

/// The allocator; a test file that wants it declares it as its global one.
pub struct Fence;

/// Lengths of loops from `first` on: all remainders of vectors and of what is
/// unrolled, and those around the blocks that loops are split into.
pub fn lengths(first: i64) -> impl Iterator<Item = i64> {
    (first..=40).chain([64, 511, 512, 513, 1023, 1024, 1025])
}

/// Addresses that are set apart.
const ARENA: usize = 1 << 40;
/// No page of the machines that we know is larger.
const PAGE: usize = 1 << 14;

thread_local! {
    static SIDE: Cell<Option<Side>> = const { Cell::new(None) };
}

static NEXT: AtomicUsize = AtomicUsize::new(0);

/// Runs `f`, with every allocation of this thread at an unmapped page.
pub fn fenced<T>(side: Option<Side>, f: impl FnOnce() -> T) -> T {
    let before = SIDE.replace(side);
    let result = f();
    SIDE.set(before);
    result
}

/// Where the addresses begin; nothing where the system does not give them.
fn arena() -> Option<usize> {
    static START: OnceLock<Option<usize>> = OnceLock::new();
    *START.get_or_init(|| {
        let kind = libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_NORESERVE;
        // SAFETY: new addresses, without memory, where the system chooses.
        let start =
            unsafe { libc::mmap(std::ptr::null_mut(), ARENA, libc::PROT_NONE, kind, -1, 0) };
        (start != libc::MAP_FAILED).then_some((start as usize).next_multiple_of(PAGE))
    })
}

fn allocate(side: Side, layout: Layout) -> Option<*mut u8> {
    let start = arena()?;
    let pages = layout.size().next_multiple_of(PAGE);
    let at = NEXT.fetch_add(pages + PAGE, Ordering::Relaxed) + PAGE;
    if layout.align() > PAGE || at + pages + 2 * PAGE > ARENA {
        return None;
    }
    let first = start + at;
    // SAFETY: addresses of the arena that nobody else has been given.
    let done = unsafe {
        libc::mprotect(first as *mut libc::c_void, pages, libc::PROT_READ | libc::PROT_WRITE)
    };
    if done != 0 {
        return None;
    }
    let inside = match side {
        Side::End => pages - layout.size().next_multiple_of(layout.align()),
        Side::Begin => 0,
    };
    Some((first + inside) as *mut u8)
}

// SAFETY: memory is either the system allocator's, or pages that are given out
// once and as long as asked for; `dealloc` tells them apart by their addresses.
unsafe impl GlobalAlloc for Fence {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // What is not a row of words is nothing that generated code sees.
        let ours = layout.align() >= 8 && layout.size().is_multiple_of(8) && layout.size() > 0;
        match SIDE.get().filter(|_| ours).and_then(|side| allocate(side, layout)) {
            Some(memory) => memory,
            // SAFETY: as the caller promises.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        let address = memory as usize;
        let ours = NEXT.load(Ordering::Relaxed) > 0
            && arena().is_some_and(|start| (start..start + ARENA).contains(&address));
        if !ours {
            // SAFETY: as the caller promises.
            return unsafe { System.dealloc(memory, layout) };
        }
        let kind = libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_NORESERVE | libc::MAP_FIXED;
        let first = address - address % PAGE;
        let pages = (address + layout.size()).next_multiple_of(PAGE) - first;
        // SAFETY: the pages of this allocation alone; nobody uses them any more.
        unsafe { libc::mmap(first as *mut libc::c_void, pages, libc::PROT_NONE, kind, -1, 0) };
    }
}

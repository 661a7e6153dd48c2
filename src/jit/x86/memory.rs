//! Memory that holds machine code.

use std::io;

/// Pages with code: written once, then executed and read.
#[derive(Debug)]
pub struct Pages {
    start: *mut libc::c_void,
    len: usize,
}

// SAFETY: the pages are not changed after `new`, and unmapped by `drop` alone.
unsafe impl Send for Pages {}
// SAFETY: as above.
unsafe impl Sync for Pages {}

impl Pages {
    /// Pages with these bytes.
    pub fn new(bytes: &[u8]) -> io::Result<Pages> {
        let len = bytes.len().max(1);
        let (all, free) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANON);
        // SAFETY: new pages, at an address that the system chooses.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), len, all, free, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let pages = Pages { start, len };
        // SAFETY: the pages are ours alone, writable, and as long as `bytes`.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), start.cast(), bytes.len()) };
        // SAFETY: as above; from here on nobody writes them.
        let done = unsafe { libc::mprotect(start, len, libc::PROT_READ | libc::PROT_EXEC) };
        if done == 0 { Ok(pages) } else { Err(io::Error::last_os_error()) }
    }

    /// The address of a byte.
    pub fn address(&self, offset: usize) -> usize {
        self.start as usize + offset
    }

    /// Bytes of code and constants.
    pub fn len(&self) -> usize {
        self.len
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`. The kernel that owns the pages has no call
        // running, as it is being dropped.
        unsafe { libc::munmap(self.start, self.len) };
    }
}

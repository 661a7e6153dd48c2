//! What the machine lets this process have.
//!
//! Nothing here allocates: the allocator asks.

/// Memory that this process may still take, each `None` where there is no such limit or it cannot be found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Left {
    /// Address space: `ulimit -v`, `ulimit -d`.
    pub address_space: Option<usize>,
    /// Memory beyond what is resident: of the machine, or of the control group.
    pub physical: Option<usize>,
    /// What is resident now.
    pub resident: usize,
}

#[cfg(not(target_os = "linux"))]
pub use elsewhere::*;
#[cfg(target_os = "linux")]
pub use linux::*;

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use super::Left;

    pub fn left() -> Left {
        Left::default()
    }

    pub fn address_space_left() -> Option<usize> {
        None
    }

    pub fn could_map(_: usize) -> bool {
        true
    }

    pub fn give_back_free_pages() {}
}

#[cfg(target_os = "linux")]
mod linux {
    use super::Left;

    /// What is left at this moment. Takes about 50 microseconds.
    pub fn left() -> Left {
        let mut buffer = [0; BUFFER];
        let resident = pages(&mut buffer).map_or(0, |p| p.resident);
        let free = free_of_machine(&mut buffer);
        let group = free_of_groups();
        let physical = [free, group].into_iter().flatten().min();
        Left { address_space: address_space_left(), physical, resident }
    }

    /// The address space that is left, where it is limited.
    pub fn address_space_left() -> Option<usize> {
        let all = limit_of(libc::RLIMIT_AS);
        let data = limit_of(libc::RLIMIT_DATA);
        if all.is_none() && data.is_none() {
            return None;
        }
        let pages = pages(&mut [0; BUFFER])?;
        let left = |limit: Option<usize>, used: usize| limit.map(|l| l.saturating_sub(used));
        let most = [left(all, pages.size), left(data, pages.data)].into_iter().flatten().min();
        // What was freed and kept for the next allocation can be had as well.
        most.map(|m| m.saturating_add(kept_by_allocator()))
    }

    fn limit_of(kind: libc::__rlimit_resource_t) -> Option<usize> {
        let mut limit =
            libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
        // SAFETY: the pointer is to a struct of our own.
        let found = unsafe { libc::getrlimit(kind, &mut limit) } == 0;
        (found && limit.rlim_cur != libc::RLIM_INFINITY)
            .then(|| usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
    }

    /// Bytes that are free but belong to the allocator.
    #[cfg(target_env = "gnu")]
    fn kept_by_allocator() -> usize {
        // SAFETY: no argument, and no lock of the allocator is held by this thread: who asks is outside of it.
        unsafe { libc::mallinfo2() }.fordblks
    }

    #[cfg(not(target_env = "gnu"))]
    fn kept_by_allocator() -> usize {
        0
    }

    /// Gives pages that hold nothing any more back to the system.
    pub fn give_back_free_pages() {
        // SAFETY: as above.
        #[cfg(target_env = "gnu")]
        unsafe {
            libc::malloc_trim(0)
        };
    }

    /// Whether so much can be mapped.
    pub fn could_map(size: usize) -> bool {
        let (access, kind) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANON);
        // SAFETY: new pages, at an address that the system chooses; they are unmapped before anybody uses them.
        unsafe {
            let start = libc::mmap(std::ptr::null_mut(), size, access, kind, -1, 0);
            start != libc::MAP_FAILED && libc::munmap(start, size) == 0
        }
    }

    const BUFFER: usize = 4096;

    /// The beginning of a file.
    fn read<'b>(path: &std::ffi::CStr, buffer: &'b mut [u8; BUFFER]) -> Option<&'b [u8]> {
        // SAFETY: the path ends with a zero; the buffer is ours and as long as is said; the file is closed here.
        let len = unsafe {
            let file = libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
            if file < 0 {
                return None;
            }
            let len = libc::read(file, buffer.as_mut_ptr().cast(), BUFFER);
            libc::close(file);
            len
        };
        buffer.get(..usize::try_from(len).ok()?)
    }

    struct Pages {
        size: usize,
        resident: usize,
        data: usize,
    }

    /// `/proc/self/statm`: pages in all, resident, shared, text, 0, data and stack.
    fn pages(buffer: &mut [u8; BUFFER]) -> Option<Pages> {
        let text = read(c"/proc/self/statm", buffer)?;
        // SAFETY: no pointers; the size of a page is always known.
        let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
        let mut words = text.split(|b| b.is_ascii_whitespace()).map(number);
        let mut next = || words.next().flatten().map(|n| n.saturating_mul(page));
        let (size, resident) = (next()?, next()?);
        next();
        next();
        next();
        Some(Pages { size, resident, data: next()? })
    }

    /// `MemAvailable` of `/proc/meminfo`.
    fn free_of_machine(buffer: &mut [u8; BUFFER]) -> Option<usize> {
        let text = read(c"/proc/meminfo", buffer)?;
        field(text, b"MemAvailable:").map(|n| n.saturating_mul(1024))
    }

    /// The number behind a word at the beginning of a line.
    fn field(text: &[u8], name: &[u8]) -> Option<usize> {
        let line = text.split(|&b| b == b'\n').find_map(|line| line.strip_prefix(name))?;
        number(line.trim_ascii().split(|b| b.is_ascii_whitespace()).next()?)
    }

    fn number(word: &[u8]) -> Option<usize> {
        std::str::from_utf8(word).ok()?.trim().parse().ok()
    }

    /// What the control groups of this process, each within the next, leave: versions 1 and 2.
    fn free_of_groups() -> Option<usize> {
        let mut buffer = [0; BUFFER];
        let text = read(c"/proc/self/cgroup", &mut buffer)?;
        let mut least = None;
        for line in text.split(|&b| b == b'\n') {
            let mut parts = line.splitn(3, |&b| b == b':');
            let (Some(_), Some(kinds), Some(group)) = (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let files = match kinds {
                b"" => &V2,
                _ if kinds.split(|&b| b == b',').any(|kind| kind == b"memory") => &V1,
                _ => continue,
            };
            let mut group = group;
            loop {
                let found = free_of_group(files, group);
                least = [least, found].into_iter().flatten().min();
                match group.iter().rposition(|&b| b == b'/') {
                    Some(at) if !group.is_empty() => group = &group[..at],
                    _ => break,
                }
            }
        }
        least
    }

    /// Names of the files of a group.
    struct Files {
        root: &'static [u8],
        most: &'static [u8],
        used: &'static [u8],
        /// Pages of files that could go: they count as used and are as good as free.
        cached: [&'static [u8]; 2],
    }

    static V1: Files = Files {
        root: b"/sys/fs/cgroup/memory",
        most: b"/memory.limit_in_bytes",
        used: b"/memory.usage_in_bytes",
        cached: [b"total_inactive_file", b"total_active_file"],
    };

    static V2: Files = Files {
        root: b"/sys/fs/cgroup",
        most: b"/memory.max",
        used: b"/memory.current",
        cached: [b"inactive_file", b"active_file"],
    };

    fn free_of_group(files: &Files, group: &[u8]) -> Option<usize> {
        let mut buffer = [0; BUFFER];
        let mut read_in = |name: &[u8]| {
            let mut path = [0; 1024];
            let parts = [files.root, group, name].into_iter().flatten();
            for (k, &byte) in parts.enumerate() {
                // The last byte stays zero.
                *path[..1023].get_mut(k)? = byte;
            }
            let path = std::ffi::CStr::from_bytes_until_nul(&path).ok()?;
            let text = read(path, &mut buffer)?;
            let cached = files.cached.map(|name| field(text, name).unwrap_or(0));
            Some((number(text.trim_ascii()), cached))
        };
        // A group without a limit says `max`, or a number that no machine reaches.
        let most = read_in(files.most)?.0.filter(|&n| n < isize::MAX as usize / 2)?;
        let used = read_in(files.used)?.0?;
        let cached =
            read_in(b"/memory.stat").map_or(0, |(_, cached)| cached[0].saturating_add(cached[1]));
        Some(most.saturating_sub(used.saturating_sub(cached)))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn this_machine_says_what_it_has() {
            let left = left();
            assert!(left.resident > 100_000, "{left:?}");
            assert!(left.physical.is_some_and(|n| n > 1_000_000), "{left:?}");
        }

        #[test]
        fn fields_are_found_at_the_beginning_of_lines() {
            let text =
                b"inactive_anon 5\ninactive_file 70\n active_file 3\nMemAvailable:   12 kB\n";
            assert_eq!(field(text, b"inactive_file"), Some(70));
            assert_eq!(field(text, b"active_file"), None);
            assert_eq!(field(text, b"MemAvailable:"), Some(12));
            assert_eq!(number(b"max"), None);
        }
    }
}

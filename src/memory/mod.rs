//! Memory of the program: where it lies, how much there may be, and what happens at its end.
//!
//! ```text
//! allocator  the program's allocator: large arrays on large pages, everything counted
//! budget     the limit, and whether it has been met
//! machine    what the machine lets this process have
//! reserve    address space kept back for reporting that there is no more
//! door       what large allocations ask before they are made
//! size       sizes as people write them: `2G`, `1.5 GiB`
//! ```
//!
//! **No script ends the process by asking for memory.** Three lines of defence see to that.
//!
//! 1. Whatever may be large asks at the [`door`](claim) first, which answers with an [`OutOfMemory`] that says
//!    how much was asked for, by what, and how much there is.
//! 2. What grows by small steps (nodes, tokens, text) looks at a flag from time to time ([`poll`]). The allocator
//!    raises it when the limit is met, or when the system refuses memory; in the latter case it then gives out what was kept in
//!    reserve, so that the work can go on until somebody looks.
//! 3. Where neither helps, the allocator says so on standard error and ends the process with status 1. It never
//!    returns null to those who would abort.
//!
//! An `OutOfMemory` that no `Result` carries unwinds ([`OutOfMemory::unwind`]), as the report of an interrupt does
//! elsewhere, to the session, which reports it as E0707 and lives on. It unwinds from the door and from `poll`,
//! which are plain functions, and **never from the allocator**: `GlobalAlloc` forbids that, and the compiler
//! relies on it. The hook for failed allocations that would fit here is not in stable Rust.

mod allocator;
mod budget;
mod door;
mod machine;
mod reserve;
mod size;
mod stack;

pub use allocator::LargePages;
pub use budget::{limit_to, poll, recover, report_as_json, used};
pub use door::{
    OutOfMemory, claim, claim_numbers, fail_at, grow, grow_text, need, need_for, need_numbers,
    need_square, numbers, resize,
};
pub use size::{parse, text};
pub use stack::{deep, has_room_for_thread, on_own_stack};

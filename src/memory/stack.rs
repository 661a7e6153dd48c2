//! Stacks for deep expressions.

use super::{budget, door, machine};

/// Work that goes deeper may need so much.
const RED_ZONE: usize = 128 << 10;
/// What is added where the stack is nearly full.
const MORE: usize = 4 << 20;

/// Does `work`, which may call itself, on a stack that is long enough.
pub fn deep<T>(work: impl FnOnce() -> T) -> T {
    budget::poll();
    if stacker::remaining_stack().is_some_and(|left| left >= RED_ZONE) {
        return work();
    }
    if let Err(error) = door::mapping(MORE, "a stack for a deep expression") {
        error.unwind();
    }
    stacker::grow(MORE, work)
}

/// Whether a thread could have its stacks and the first memory of its own.
pub fn has_room_for_thread() -> bool {
    const ITS_OWN: usize = 4 << 20;
    machine::could_map(ITS_OWN)
}

/// Does `work` on a stack that is mapped as a whole, where address space is limited: the first stack of a process
/// grows page by page, and where there is no room for the next page the system ends the process. Where there is no
/// room for the least stack, says so and ends the process with status 1.
pub fn on_own_stack<T>(work: impl FnOnce() -> T) -> T {
    const MOST: usize = 8 << 20;
    const LEAST: usize = 512 << 10;
    let Some(free) = machine::address_space_left() else { return work() };
    budget::look_soon();
    let size = (free / 8).clamp(LEAST, MOST) & !0xffff;
    if !machine::could_map(2 * size) {
        budget::last_words(2 * size);
    }
    super::reserve::take(free.saturating_sub(size));
    stacker::grow(size, work)
}

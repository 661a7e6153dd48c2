//! How much memory there may be, and whether that has been met.
//!
//! The allocator counts bytes. Past [`CHECK_AT`] somebody looks at what the machine has left, which takes some tens of
//! microseconds, and sets the next time to look at half of that; so small programs never look.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};

use super::{OutOfMemory, machine, reserve};

/// Nobody asks the machine before so much is in use.
const FIRST_LOOK: isize = 16 << 20;
/// Smaller blocks are counted by the thread, and settled once they come to `BATCH`.
const SMALL: usize = 1 << 10;
const BATCH: isize = 32 << 10;
/// The next look comes not before so much more is in use.
const LEAST_STEP: isize = 64 << 10;
/// Where the end was met, the next look comes so much later.
const STEP: isize = 1 << 20;

static USED: AtomicIsize = AtomicIsize::new(0);
static CHECK_AT: AtomicIsize = AtomicIsize::new(FIRST_LOOK);
/// What `--memory` sets.
static OWN_LIMIT: AtomicUsize = AtomicUsize::new(usize::MAX);
/// Memory has come to its end: whoever polls gives up what it does.
static EXHAUSTED: AtomicBool = AtomicBool::new(false);
/// The last words are a line of JSON.
static AS_JSON: AtomicBool = AtomicBool::new(false);

thread_local! {
    static UNSETTLED: Cell<isize> = const { Cell::new(0) };
}

/// Counts bytes that were given out and taken back.
#[inline]
pub(super) fn count(given: usize, taken: usize) {
    let change = given as isize - taken as isize;
    if given < SMALL && taken < SMALL {
        let sum = UNSETTLED.with(|sum| {
            let new = sum.get() + change;
            sum.set(new);
            new
        });
        if sum.unsigned_abs() >= BATCH as usize {
            UNSETTLED.with(|s| s.set(0));
            settle(sum);
        }
    } else {
        settle(change);
    }
}

fn settle(change: isize) {
    let used = USED.fetch_add(change, Ordering::Relaxed).wrapping_add(change);
    if change > 0 && used > CHECK_AT.load(Ordering::Relaxed) {
        look(used);
    }
}

#[cold]
fn look(used: isize) {
    let limit = isize::try_from(limit().bytes).unwrap_or(isize::MAX);
    if used >= limit {
        CHECK_AT.store(used.saturating_add(STEP), Ordering::Relaxed);
        EXHAUSTED.store(true, Ordering::Relaxed);
    } else {
        let step = ((limit - used) / 2).max(LEAST_STEP);
        CHECK_AT.store(used.saturating_add(step), Ordering::Relaxed);
    }
}

/// The next who takes or claims memory looks: there is a limit that small programs may meet.
pub(super) fn look_soon() {
    CHECK_AT.store(0, Ordering::Relaxed);
}

/// Bytes that the program has in use.
pub fn used() -> usize {
    usize::try_from(USED.load(Ordering::Relaxed)).unwrap_or(0)
}

/// What may be in use at most, and whether the user said so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub bytes: usize,
    pub is_own: bool,
}

/// The limit at this moment: what the user set, or what the machine leaves.
pub(super) fn limit() -> Limit {
    let left = machine::left();
    // Pages that were given out and never touched are in use and not resident: they may be touched yet.
    // Others need some of what is free, too.
    let physical = left.physical.map(|n| left.resident.saturating_add(n - n / 16));
    let space = left.address_space.map(|n| used().saturating_add(n));
    let machine = [physical, space].into_iter().flatten().min().unwrap_or(isize::MAX as usize);
    let own = OWN_LIMIT.load(Ordering::Relaxed);
    Limit { bytes: machine.min(own), is_own: own < machine }
}

/// Whether so much more needs no look at the machine.
pub(super) fn is_little(bytes: usize) -> bool {
    let used = USED.load(Ordering::Relaxed);
    isize::try_from(bytes).is_ok_and(|b| used.saturating_add(b) <= CHECK_AT.load(Ordering::Relaxed))
}

/// Sets a limit of the user's own, in bytes.
pub fn limit_to(bytes: usize) {
    OWN_LIMIT.store(bytes, Ordering::Relaxed);
    CHECK_AT.fetch_min(isize::try_from(bytes).unwrap_or(isize::MAX), Ordering::Relaxed);
}

/// If memory has come to its end, unwinds with an [`OutOfMemory`]. Costs one load: work that makes many small things calls this
/// for each.
#[inline]
pub fn poll() {
    if EXHAUSTED.load(Ordering::Relaxed) {
        give_up();
    }
}

/// While a thread unwinds nothing more can be given up.
#[cold]
fn give_up() {
    if !std::thread::panicking() {
        OutOfMemory::at_the_end().unwind();
    }
}

/// The system has refused memory: what was kept in reserve serves, until somebody polls.
pub(super) fn meet_the_end() {
    EXHAUSTED.store(true, Ordering::Relaxed);
    reserve::release();
}

/// What had failed has been reported and its memory is free: from here on there may be a new reserve.
pub fn recover() {
    if EXHAUSTED.swap(false, Ordering::Relaxed) {
        machine::give_back_free_pages();
        look_soon();
        if let Some(free) = machine::address_space_left() {
            reserve::take(free);
        }
    }
}

/// Says that programs read standard output, which then holds JSON lines alone.
pub fn report_as_json() {
    AS_JSON.store(true, Ordering::Relaxed);
}

/// Ends the process in good order where there is no memory even for an error: status 1 and the error as text. Takes no
/// memory.
#[cfg(unix)]
pub(super) fn last_words(bytes: usize) -> ! {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = bytes;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    let digits = &digits[at..];
    say(
        libc::STDERR_FILENO,
        &[b"error[E0707]: not enough memory: the last ", digits, b" bytes were refused\n"],
    );
    if AS_JSON.load(Ordering::Relaxed) {
        const START: &[u8] =
            b"{\"kind\":\"error\",\"code\":\"E0707\",\"message\":\"not enough memory: the last ";
        const END: &[u8] =
            b" bytes were refused\",\"file\":null,\"line\":null,\"column\":null,\"notes\":[]}\n";
        say(libc::STDOUT_FILENO, &[START, digits, END]);
    }
    // SAFETY: takes any number and does not return.
    unsafe { libc::_exit(1) }
}

#[cfg(unix)]
fn say(stream: libc::c_int, parts: &[&[u8]]) {
    for part in parts {
        // SAFETY: the bytes are there. Whether they could be written does not matter.
        unsafe { libc::write(stream, part.as_ptr().cast(), part.len()) };
    }
}

#[cfg(not(unix))]
pub(super) fn last_words(_: usize) -> ! {
    std::process::exit(1)
}

//! The door: what large allocations ask before they are made.

use std::any::Any;
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::budget::{self, Limit};
use super::size::text;

/// Smaller allocations need not ask.
const WORTH_ASKING: usize = 64 << 10;
/// What must be left beside a large allocation.
const BESIDE: usize = 256 << 10;

/// There is not enough memory for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfMemory {
    /// What asked for memory: a noun, such as "the Jacobian of 100 by 10".
    pub what: Cow<'static, str>,
    /// How many bytes it asked for; none where many small allocations came to the end.
    pub bytes: Option<usize>,
    /// How many bytes may be in use at most ...
    pub limit: usize,
    /// ... and how many were.
    pub used: usize,
    /// Whether the limit is one that the user set.
    pub is_own_limit: bool,
}

impl OutOfMemory {
    fn new(what: Cow<'static, str>, bytes: Option<usize>, limit: Limit) -> OutOfMemory {
        OutOfMemory {
            what,
            bytes,
            limit: limit.bytes,
            used: budget::used(),
            is_own_limit: limit.is_own,
        }
    }

    /// Many small allocations have come to the end.
    pub(super) fn at_the_end() -> OutOfMemory {
        OutOfMemory::new(Cow::Borrowed("this"), None, budget::limit())
    }

    /// Gives up what is being done: unwinds to who reports it. No panic hook sees it.
    pub fn unwind(self) -> ! {
        std::panic::resume_unwind(Box::new(self))
    }

    /// The error that unwound, where it was one of these.
    pub fn caught(payload: &(dyn Any + Send)) -> Option<&OutOfMemory> {
        payload.downcast_ref()
    }

    /// The advice that goes with it.
    pub fn help(&self) -> &'static str {
        if self.is_own_limit {
            "`--memory` sets the limit: `--memory 8G`"
        } else {
            "ask for less at a time; sums `sum(... for i in 1..n)` need no arrays"
        }
    }
}

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (limit, left) = (text(self.limit), text(self.limit.saturating_sub(self.used)));
        let what = &self.what;
        match self.bytes {
            Some(bytes) if bytes > isize::MAX as usize => {
                write!(f, "not enough memory: {what} takes more than there are addresses")
            }
            Some(bytes) => {
                write!(
                    f,
                    "not enough memory: {what} takes {}, {left} of {limit} are free",
                    text(bytes)
                )
            }
            None => write!(f, "not enough memory: {what} takes more than {limit}"),
        }
    }
}

impl std::error::Error for OutOfMemory {}

/// Asks for so many bytes that are about to be allocated; `what` says for what, as a noun.
///
/// # Errors
///
/// Where there is not so much.
pub fn claim(bytes: usize, what: &dyn Fn() -> Cow<'static, str>) -> Result<(), OutOfMemory> {
    if bytes < WORTH_ASKING {
        return Ok(());
    }
    let fails = test_says_no();
    if !fails && budget::is_little(bytes) {
        return Ok(());
    }
    let limit = budget::limit();
    let whole = budget::used().saturating_add(bytes).saturating_add(BESIDE);
    if fails || bytes > isize::MAX as usize || whole > limit.bytes {
        return Err(OutOfMemory::new(what(), Some(bytes), limit));
    }
    Ok(())
}

/// As [`claim`], for an array of so many numbers.
///
/// # Errors
///
/// Where there is not so much.
pub fn claim_numbers(
    entries: usize,
    what: &dyn Fn() -> Cow<'static, str>,
) -> Result<(), OutOfMemory> {
    claim(entries.saturating_mul(size_of::<f64>()), what)
}

/// As [`claim`], for work that has no error of its own: unwinds.
pub fn need(bytes: usize, what: &'static str) {
    if let Err(error) = claim(bytes, &|| Cow::Borrowed(what)) {
        error.unwind();
    }
}

/// As [`need`], for an array of so many numbers.
#[inline]
pub fn need_numbers(entries: usize, what: &'static str) {
    if entries >= WORTH_ASKING / size_of::<f64>() {
        need(entries.saturating_mul(size_of::<f64>()), what);
    }
}

/// As [`need`], for so many square matrices of order `n`.
pub fn need_square(n: usize, matrices: usize, what: &'static str) {
    need_numbers(n.saturating_mul(n).saturating_mul(matrices), what);
}

/// As [`need`], where the name is not known before: for what comes from a file.
pub fn need_for(bytes: usize, what: &dyn Fn() -> Cow<'static, str>) {
    if let Err(error) = claim(bytes, what) {
        error.unwind();
    }
}

/// So many zeros. Memory that is zero from the start is not touched before it is used.
///
/// # Errors
///
/// Where there is not so much memory.
pub fn numbers(
    entries: usize,
    what: &dyn Fn() -> Cow<'static, str>,
) -> Result<Vec<f64>, OutOfMemory> {
    claim_numbers(entries, what)?;
    if entries >= WORTH_ASKING / size_of::<f64>() {
        // Whether there is room for so much in one piece.
        let mut room = Vec::<f64>::new();
        if without_abort(|| room.try_reserve_exact(entries)).is_err() {
            let bytes = Some(entries.saturating_mul(size_of::<f64>()));
            return Err(OutOfMemory::new(what(), bytes, budget::limit()));
        }
    }
    Ok(vec![0.0; entries])
}

/// Makes room for so many more entries, at least twice what there was where it must grow; unwinds where there is none.
#[inline]
pub fn grow<T>(v: &mut Vec<T>, more: usize, what: &'static str) {
    if v.capacity() - v.len() < more {
        grow_slowly(v, more, what);
    }
}

#[cold]
fn grow_slowly<T>(v: &mut Vec<T>, more: usize, what: &'static str) {
    let bytes = v
        .capacity()
        .saturating_mul(2)
        .max(v.len().saturating_add(more))
        .saturating_mul(size_of::<T>());
    need(bytes, what);
    if without_abort(|| v.try_reserve(more)).is_err() {
        OutOfMemory::new(Cow::Borrowed(what), Some(bytes), budget::limit()).unwind();
    }
}

/// As [`grow`], for text.
#[inline]
pub fn grow_text(text: &mut String, more: usize, what: &'static str) {
    if text.capacity() - text.len() < more {
        let bytes = text.capacity().saturating_mul(2).max(text.len().saturating_add(more));
        need(bytes, what);
        if without_abort(|| text.try_reserve(more)).is_err() {
            OutOfMemory::new(Cow::Borrowed(what), Some(bytes), budget::limit()).unwind();
        }
    }
}

/// Makes an array of numbers so long; what is new is zero. Unwinds where there is no room.
pub fn resize(v: &mut Vec<f64>, entries: usize, what: &'static str) {
    if entries > v.capacity() {
        need_numbers(entries, what);
        if without_abort(|| v.try_reserve_exact(entries - v.len())).is_err() {
            let bytes = Some(entries.saturating_mul(size_of::<f64>()));
            OutOfMemory::new(Cow::Borrowed(what), bytes, budget::limit()).unwind();
        }
    }
    v.resize(entries, 0.0);
}

/// Asks for pages that do not come from the allocator.
pub(super) fn mapping(bytes: usize, what: &'static str) -> Result<(), OutOfMemory> {
    claim(bytes, &|| Cow::Borrowed(what))?;
    if super::machine::could_map(bytes + WORTH_ASKING) {
        return Ok(());
    }
    Err(OutOfMemory::new(Cow::Borrowed(what), Some(bytes), budget::limit()))
}

thread_local! {
    static CAN_FAIL: Cell<bool> = const { Cell::new(false) };
}

/// Does `work`, in which the allocator may return null.
fn without_abort<T>(work: impl FnOnce() -> T) -> T {
    let before = CAN_FAIL.with(|c| c.replace(true));
    let result = work();
    CAN_FAIL.with(|c| c.set(before));
    result
}

/// Whether this thread asks in a way that can fail.
pub(super) fn takes_no_for_an_answer() -> bool {
    CAN_FAIL.with(Cell::get)
}

/// Questions at the door until the one that is refused; 0 is never.
static UNTIL_NO: AtomicUsize = AtomicUsize::new(0);

/// For tests: the `n`-th question at the door from now on, counted from 1, is answered with no; 0 is never. Returns
/// what was left of the count before.
#[doc(hidden)]
pub fn fail_at(n: usize) -> usize {
    UNTIL_NO.swap(n, Ordering::Relaxed)
}

fn test_says_no() -> bool {
    UNTIL_NO.load(Ordering::Relaxed) != 0
        && UNTIL_NO.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
            == Ok(1)
}

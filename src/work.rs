//! A budget of work for forms that are nice to read.
//!
//! The search for a shorter form may take as long as one likes, and nobody
//! waits for it longer than a moment. So the rooms that take part in it
//! ([`crate::ops`], [`crate::poly`], [`crate::simplify`]) count what they do
//! with [`spend`], and stop where nothing [`is_left`]; the form that they have
//! then is shown. Outside of
//! [`search`] and its kin there is no limit.
//!
//! Work is counted, never timed: the same script gives the same text on every
//! machine. A unit is about 20 ns on the machine the limits were chosen on.
//!
//! A thread has one budget, since a session runs on one thread. What is
//! compiled and evaluated does not count.

use std::cell::Cell;

/// Work for one expression that is shown, about 0.2 s.
pub const LINE: u64 = 10_000_000;
/// Work for all forms that one statement asks for, about 1 s.
pub const STATEMENT: u64 = 4 * LINE;
/// Work for the form of what nobody reads, since its value is asked for.
const BRIEF: u64 = LINE / 20;
/// One search takes at most this part of what its statement has left, so that
/// the last of many lines gets something, too.
const SHARE: u64 = 4;

thread_local! {
    static SPENT: Cell<u64> = const { Cell::new(0) };
    /// Where the search that is open ends.
    static LIMIT: Cell<u64> = const { Cell::new(u64::MAX) };
    /// What the statement has left.
    static LEFT: Cell<u64> = const { Cell::new(STATEMENT) };
}

/// Counts work.
#[inline]
pub fn spend(units: usize) {
    SPENT.set(SPENT.get() + units as u64);
}

/// The work that this thread has done.
pub fn spent() -> u64 {
    SPENT.get()
}

/// Whether the search that is open may go on.
#[inline]
pub fn is_left() -> bool {
    SPENT.get() < LIMIT.get()
}

/// Begins a statement, which has its whole budget.
pub fn begin_statement() {
    LEFT.set(STATEMENT);
}

/// Runs a search for a form with the budget of a line, or less where the
/// statement has used up its own. A search within a search is a part of it.
pub fn search<T>(work: impl FnOnce() -> T) -> T {
    within(LINE.min(LEFT.get() / SHARE), work)
}

/// As [`search`], with little: the form is evaluated, not read.
pub fn brief<T>(work: impl FnOnce() -> T) -> T {
    within(BRIEF, work)
}

/// As [`search`], with the budget of a statement: the answer of a command, which
/// has no other form.
pub fn command<T>(work: impl FnOnce() -> T) -> T {
    within(STATEMENT, work)
}

fn within<T>(limit: u64, work: impl FnOnce() -> T) -> T {
    if LIMIT.get() < u64::MAX {
        return work();
    }
    let _open = Open::new(limit);
    work()
}

/// A search that is open; closes also where a panic passes.
struct Open {
    start: u64,
}

impl Open {
    fn new(limit: u64) -> Open {
        let start = SPENT.get();
        LIMIT.set(start + limit);
        Open { start }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        LIMIT.set(u64::MAX);
        LEFT.set(LEFT.get().saturating_sub(SPENT.get() - self.start));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_ends_with_its_line_and_a_statement_with_its_lines() {
        begin_statement();
        assert!(is_left());
        let mut total = 0;
        for _ in 0..100 {
            search(|| {
                while is_left() {
                    spend(1000);
                    total += 1000;
                }
                // A part of the search has no budget of its own.
                search(|| assert!(!is_left()));
            });
            assert!(is_left(), "nothing limits what is no search");
        }
        assert!((STATEMENT / 2..=STATEMENT + 100_000).contains(&total), "{total}");
        begin_statement();
        search(|| assert!(is_left()));
    }
}

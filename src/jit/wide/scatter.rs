//! Scatters to neighbouring entries, joined into one store.
//!
//! The gradient of `sum((x[i+1] - x[i]^2)^2)` adds to entries `i` and `i+1` in
//! every step. As they stand these are two additions to memory that overlap but
//! for one lane, and the second would wait for the first. Joined, a step adds
//! once to the entries from its first on: the value for `i`, plus that for `i+1`
//! moved up by a lane, whose last lane is kept for the next step.

use super::super::dag::{BufId, Kind};
use super::super::host::Tables;
use super::super::program::{InstrId, Item, Program};
use super::body::Id;
use super::select::Pointer;

/// Scatters of a run are at most this many entries apart.
pub const REACH: i64 = 3;

/// A store, or an addition, to an entry of a buffer.
#[derive(Clone, Debug)]
pub struct Scatter {
    pub buf: BufId,
    pub add: bool,
    pub pointer: Pointer,
    /// Bytes from the pointer.
    pub offset: i64,
    pub value: Id,
    pub mask: Option<Id>,
}

/// The stores in runs, each in the order of its offsets: additions to entries
/// near one another are one run, everything else is by itself.
pub fn runs(stores: Vec<Scatter>) -> Vec<Vec<Scatter>> {
    let mut left = stores;
    // Stable: what is at one place keeps its order.
    left.sort_by(|a, b| (a.buf, a.offset).cmp(&(b.buf, b.offset)));
    let mut runs: Vec<Vec<Scatter>> = Vec::new();
    for s in left {
        let fits = |run: &&mut Vec<Scatter>| {
            let first = &run[0];
            first.buf == s.buf
                && first.add
                && s.add
                && first.pointer == s.pointer
                && s.pointer.stride == 1
                && s.offset - first.offset <= 8 * REACH
        };
        match runs.iter_mut().rev().find(fits) {
            Some(run) => run.push(s),
            None => runs.push(vec![s]),
        }
    }
    runs
}

/// The entries of a buffer, first and last, that a run sets rather than adds to:
/// nobody else adds to the buffer, and it is zero when the loop begins.
pub fn overwritten(
    program: &Program,
    tables: &Tables,
    k: usize,
    ends: Option<(i64, i64)>,
    run: &[Scatter],
) -> Option<(BufId, usize, usize)> {
    let (first, last) = (&run[0], &run[run.len() - 1]);
    let (lo, hi) = ends.filter(|(lo, hi)| lo <= hi)?;
    let unmasked = run.len() > 1 || first.mask.is_none();
    if !first.add || first.pointer.stride != 1 || !first.pointer.terms.is_empty() || !unmasked {
        return None;
    }
    let buf = first.buf;
    let stores =
        program.instrs.iter().filter(|i| matches!(i.kind, Kind::Store { buf: b, .. } if b == buf));
    let zero: Vec<InstrId> = (0..program.instrs.len() as InstrId)
        .filter(|&v| program.instrs[v as usize].kind == Kind::Zero(buf))
        .collect();
    let &[zero] = &zero[..] else { return None };
    // Once in the same block, so the loop runs once for every time of zeroing.
    let together = program.blocks.iter().any(|b| {
        let has = |f: &dyn Fn(&Item) -> bool| b.items.iter().any(f);
        has(&|i| matches!(i, Item::Instr(v) if *v == zero))
            && has(&|i| matches!(i, Item::Group(g) if *g == k))
    });
    if stores.count() != run.len() || !together {
        return None;
    }
    let start = match tables.buffers[buf.0 as usize].0 {
        super::super::host::Place::Output(at) | super::super::host::Place::Scratch(at) => at,
    } as i64;
    let place = |s: &Scatter, i: i64| (s.pointer.far + s.offset) / 8 - start + i;
    Some((buf, place(first, lo) as usize, place(last, hi) as usize))
}

//! Scatters to neighbouring entries, joined into one store.
//!
//! The gradient of `sum((x[i+1] - x[i]^2)^2)` adds to entries `i` and `i+1` in
//! every step. As they stand these are two additions to memory that overlap but
//! for one lane, and the second would wait for the first. Joined, a step adds
//! once to the entries from its first on: the value for `i`, plus that for `i+1`
//! moved up by a lane, whose last lane is kept for the next step.

use rustc_hash::FxHashMap;

use super::body::Id;
use super::frame::Pointer;
use crate::jit::entries::dag::{BufId, Kind};
use crate::jit::program::{Item, Program};
use crate::jit::run::tables::{Place, Tables};

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
    left.sort_by_key(|s| (s.buf, s.offset));
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

/// How many entries past that of its first store the last one of a run is.
pub fn reach(run: &[Scatter]) -> usize {
    run.last().map_or(0, |s| ((s.offset - run[0].offset) / 8) as usize)
}

/// Whether no two runs ever store to the same entry, while the counter goes from the first to the last of
/// `ends`. Stores to one entry in all steps are no stores until the loop ends.
pub fn apart(runs: &[Vec<Scatter>], ends: Option<(i64, i64)>) -> bool {
    let moving: Vec<&Vec<Scatter>> = runs.iter().filter(|r| r[0].pointer.stride != 0).collect();
    moving.iter().enumerate().all(|(k, a)| {
        moving[k + 1..].iter().all(|b| a[0].buf != b[0].buf || never_meet(a, b, ends))
    })
}

fn never_meet(a: &[Scatter], b: &[Scatter], ends: Option<(i64, i64)>) -> bool {
    let (p, q) = (&a[0].pointer, &b[0].pointer);
    if p.terms != q.terms {
        return false;
    }
    let first = |run: &[Scatter]| (run[0].pointer.far + run[0].offset) / 8;
    if p.stride == q.stride && (first(a) - first(b)) % p.stride != 0 {
        // Of different remainders; only runs of stride one have a reach.
        return true;
    }
    let Some((lo, hi)) = ends else { return false };
    let range = |run: &[Scatter]| {
        let stride = i128::from(run[0].pointer.stride);
        let ends = [lo, hi].map(|i| i128::from(first(run)) + stride * i128::from(i));
        (ends[0].min(ends[1]), ends[0].max(ends[1]) + reach(run) as i128)
    };
    let (a, b) = (range(a), range(b));
    a.1 < b.0 || b.1 < a.0
}

/// What is stored to each buffer in all of a kernel.
#[derive(Debug, Default)]
pub struct Stores {
    counts: FxHashMap<BufId, usize>,
    /// The blocks in which a buffer is set to zero.
    zeros: FxHashMap<BufId, Vec<usize>>,
    /// The block of every group.
    blocks: FxHashMap<usize, usize>,
}

impl Stores {
    pub fn of(program: &Program) -> Stores {
        let mut found = Stores::default();
        for i in &program.instrs {
            if let Kind::Store { buf, .. } = i.kind {
                *found.counts.entry(buf).or_default() += 1;
            }
        }
        for (b, block) in program.blocks.iter().enumerate() {
            for item in &block.items {
                match *item {
                    Item::Group(k) => {
                        found.blocks.insert(k, b);
                    }
                    Item::Instr(v) => {
                        if let Kind::Zero(buf) = program.instrs[v as usize].kind {
                            found.zeros.entry(buf).or_default().push(b);
                        }
                    }
                }
            }
        }
        found
    }

    /// The entries of a buffer, first and last, that a run in the loop of group
    /// `k` sets rather than adds to: nobody else adds to the buffer, and it is
    /// zero when the loop begins, once for every time that the loop runs.
    pub fn overwritten(
        &self,
        tables: &Tables,
        k: usize,
        ends: Option<(i64, i64)>,
        run: &[Scatter],
    ) -> Option<(BufId, usize, usize)> {
        let (first, last) = (&run[0], &run[run.len() - 1]);
        let (lo, hi) = ends.filter(|(lo, hi)| lo <= hi)?;
        let fixed = first.pointer.stride == 1 && first.pointer.terms.is_empty();
        if !first.add || !fixed || (run.len() == 1 && first.mask.is_some()) {
            return None;
        }
        let zeros = self.zeros.get(&first.buf)?;
        let alone = self.counts.get(&first.buf) == Some(&run.len());
        if !alone || zeros.len() != 1 || self.blocks.get(&k) != zeros.first() {
            return None;
        }
        let (Place::Output(start) | Place::Scratch(start)) = tables.buffers[first.buf.0 as usize].0;
        let place = |s: &Scatter, i: i64| (s.pointer.far + s.offset) / 8 - start as i64 + i;
        Some((first.buf, place(first, lo) as usize, place(last, hi) as usize))
    }
}

//! The blocks of a kernel as a tree, while nodes are being placed in them.

use super::InstrId;
use crate::jit::entries::dag::{Dag, Val};
use crate::jit::entries::vars::VarId;

/// A block: the kernel itself, the body of a loop, a branch.
pub struct Region {
    pub parent: usize,
    pub depth: u32,
    /// How many loops are around it, its own included.
    pub loops: u32,
    /// The counter, for the body of a loop.
    pub binds: Option<VarId>,
    /// Whether the loop may run no time at all.
    pub maybe_empty: bool,
    /// Runs only where a condition holds.
    pub branch: bool,
    /// Rank, in the parent, of the group that this belongs to.
    pub rank: u32,
}

/// A place where a value is needed.
#[derive(Clone, Copy)]
pub struct Use {
    pub region: usize,
    pub rank: u32,
    /// The operation and the place among its arguments.
    pub user: InstrId,
    pub slot: u32,
    /// An effect that must happen right here.
    pub pinned: bool,
    pub next: u32,
}

/// The end of a list of uses.
pub const NO_USE: u32 = u32::MAX;
/// The kernel itself.
pub const ROOT: usize = 0;

/// All blocks; the first is the kernel itself.
pub struct Regions(pub Vec<Region>);

impl Regions {
    /// Whether `inner` runs whenever the block around it does.
    pub fn runs_with(&self, outer: usize, inner: usize) -> bool {
        let mut at = inner;
        while at != outer && !self.0[at].branch && !self.0[at].maybe_empty {
            at = self.0[at].parent;
        }
        at == outer
    }

    pub fn child_towards(&self, outer: usize, inner: usize) -> usize {
        let mut at = inner;
        while self.0[at].parent != outer {
            at = self.0[at].parent;
        }
        at
    }

    pub fn common_of(&self, uses: &[Use]) -> usize {
        uses[1..].iter().fold(uses[0].region, |r, u| self.common(r, u.region))
    }

    /// The innermost body around `region` whose counter the node depends on.
    pub fn home(&self, dag: &Dag, v: Val, region: usize) -> usize {
        let free = dag.free(v);
        let mut at = region;
        while at != ROOT
            && (free.is_empty() || !self.0[at].binds.is_some_and(|b| free.contains(&b)))
        {
            at = if free.is_empty() { ROOT } else { self.0[at].parent };
        }
        at
    }

    pub fn common(&self, mut a: usize, mut b: usize) -> usize {
        while a != b {
            if self.0[a].depth >= self.0[b].depth {
                a = self.0[a].parent;
            } else {
                b = self.0[b].parent;
            }
        }
        a
    }

    /// The block outside all loops that the node may leave. A node leaves a
    /// branch only together with a loop around it: once for nothing is better
    /// than again and again.
    pub fn outwards(&self, dag: &Dag, v: Val, late: usize, home: usize) -> usize {
        let traits = dag.traits(v);
        let (mut best, mut at) = (late, late);
        while at != home && self.0[at].loops > self.0[home].loops {
            let r = &self.0[at];
            if traits.faults && (r.branch || r.maybe_empty) {
                break;
            }
            let loops = r.binds.is_some();
            at = r.parent;
            if loops {
                best = at;
            }
        }
        best
    }

    /// The rank of a use as seen from a block around it.
    pub fn rank_in(&self, region: usize, u: &Use) -> u32 {
        let (mut at, mut rank) = (u.region, u.rank);
        while at != region {
            rank = self.0[at].rank;
            at = self.0[at].parent;
        }
        rank
    }
}

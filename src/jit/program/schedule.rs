//! From the scalar graph to a kernel: where and when every node is computed.
//!
//! Nodes are visited users first, so that all uses of a node are placed before
//! it is. A node goes to the innermost block that holds its uses, then outwards
//! through the loops whose counters it does not depend on (Click 1995, Global
//! Code Motion). What may fail never moves out of a branch, nor out of a loop
//! that may be empty; nothing moves out of a branch that is in no loop.
//!
//! Within a block, loops over the same counter and range become one
//! [`Group`]. Every node has a *rank*: the number of groups of its block, at
//! least, that must run after it. A loop may join a group whose rank is higher
//! than those of all its uses; then nothing in the group waits for it.
//!
//! Cost: linear in the nodes, times the depth of nesting.

use rustc_hash::FxHashMap;

use super::regions::{NO_USE, ROOT, Region, Regions, Use};
use crate::jit::entries::dag::{Dag, Kind, Val};
use crate::jit::entries::vars::VarId;
use crate::jit::program::{Block, Group, GroupKind, Instr, InstrId, Item, Program};

/// Rank of what comes first in its block.
const FIRST: u32 = u32::MAX;

/// What loops or branches must have in common to become one.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Shared {
    Loop { lo: Val, hi: Val, var: VarId, cond: Option<Val> },
    Branch(Val),
}

struct Placed {
    val: Val,
    region: usize,
    rank: u32,
    group: Option<usize>,
}

struct Open {
    region: usize,
    rank: u32,
    members: Vec<InstrId>,
    /// The body, or the two branches; of a filtered loop the body and what is
    /// taken.
    regions: [usize; 2],
    filtered: bool,
    shared: Shared,
}

/// The instructions, blocks and groups of a kernel that runs `roots`.
pub fn schedule(dag: &Dag, roots: &[Val]) -> Program {
    let root = Region {
        parent: ROOT,
        depth: 0,
        loops: 0,
        binds: None,
        maybe_empty: false,
        branch: false,
        rank: 0,
    };
    let mut s = Scheduler {
        dag,
        heads: vec![NO_USE; dag.len()],
        uses: Vec::new(),
        regions: Regions(vec![root]),
        placed: Vec::new(),
        instrs: Vec::new(),
        groups: Vec::new(),
        open: FxHashMap::default(),
    };
    // A last operation that needs all the roots.
    s.instrs.push(Instr { kind: Kind::Both, args: vec![0; roots.len()], uses: 1, effect: true });
    s.placed.push(Placed { val: Val::from_index(dag.len()), region: ROOT, rank: 0, group: None });
    for (slot, &v) in roots.iter().enumerate() {
        s.need(
            v,
            Use { region: ROOT, rank: 0, user: 0, slot: slot as u32, pinned: true, next: NO_USE },
        );
    }
    for k in (0..dag.len()).rev() {
        s.visit(Val::from_index(k));
    }
    s.finish()
}

struct Scheduler<'d> {
    dag: &'d Dag,
    /// First use of each node, in a list through `uses`.
    heads: Vec<u32>,
    uses: Vec<Use>,
    regions: Regions,
    placed: Vec<Placed>,
    instrs: Vec<Instr>,
    groups: Vec<Open>,
    open: FxHashMap<(usize, Shared), Vec<usize>>,
}

impl Scheduler<'_> {
    fn need(&mut self, v: Val, mut u: Use) {
        u.next = self.heads[v.index()];
        self.heads[v.index()] = self.uses.len() as u32;
        self.uses.push(u);
    }

    /// Places a node, once for every loop body that its uses see.
    fn visit(&mut self, v: Val) {
        let mut uses = Vec::new();
        let mut next = self.heads[v.index()];
        while next != NO_USE {
            let u = self.uses[next as usize];
            // An effect that two loops ask for happens in both of them.
            let home = match self.is_pinned(v, &u) {
                true => u.region,
                false => self.regions.home(self.dag, v, u.region),
            };
            uses.push((home, u));
            next = u.next;
        }
        while let Some(&(home, _)) = uses.first() {
            let (here, rest): (Vec<_>, Vec<_>) = uses.into_iter().partition(|(h, _)| *h == home);
            let here: Vec<Use> = here.into_iter().map(|(_, u)| u).collect();
            for together in self.split(v, here) {
                self.place(v, home, &together);
            }
            uses = rest;
        }
    }

    /// Whether the use is one of an effect that must happen right there. A
    /// buffer is filled where that is cheapest.
    fn is_pinned(&self, v: Val, u: &Use) -> bool {
        u.pinned && self.dag.is_effect(v) && !matches!(self.dag.kind(v), Kind::Define(_))
    }

    /// Uses that one computation can serve. What may fail must not run where
    /// each use has a condition of its own, since none of them may hold.
    fn split(&self, v: Val, uses: Vec<Use>) -> Vec<Vec<Use>> {
        let mut done = Vec::new();
        let mut open = vec![uses];
        while let Some(uses) = open.pop() {
            let late = self.regions.common_of(&uses);
            if !self.dag.traits(v).faults
                || uses.iter().any(|u| self.regions.runs_with(late, u.region))
            {
                done.push(uses);
                continue;
            }
            let mut parts: FxHashMap<usize, Vec<Use>> = FxHashMap::default();
            for u in uses {
                parts.entry(self.regions.child_towards(late, u.region)).or_default().push(u);
            }
            let mut parts: Vec<_> = parts.into_iter().collect();
            parts.sort_unstable_by_key(|(child, _)| *child);
            open.extend(parts.into_iter().map(|(_, uses)| uses));
        }
        done
    }

    fn place(&mut self, v: Val, home: usize, uses: &[Use]) {
        let late = self.regions.common_of(uses);
        let kind = self.dag.kind(v);
        let stays = uses.iter().any(|u| self.is_pinned(v, u));
        let region = if stays { late } else { self.regions.outwards(self.dag, v, late, home) };
        let below = uses.iter().map(|u| self.regions.rank_in(region, u)).max().unwrap_or(0);
        let id = self.instrs.len() as InstrId;
        self.instrs.push(Instr {
            kind,
            args: vec![0; self.dag.args(v).len()],
            uses: uses.len() as u32,
            effect: self.dag.is_effect(v),
        });
        for u in uses {
            self.instrs[u.user as usize].args[u.slot as usize] = id;
        }
        let rank = if matches!(kind, Kind::Zero(_)) { FIRST } else { below };
        self.placed.push(Placed { val: v, region, rank, group: None });
        match kind {
            Kind::Fold { .. } | Kind::For { .. } | Kind::If => {
                self.join_group(v, id, region, below)
            }
            _ => {
                let pinned = matches!(kind, Kind::Define(_) | Kind::Both);
                for (slot, &a) in self.dag.args(v).iter().enumerate() {
                    self.need(
                        a,
                        Use { region, rank, user: id, slot: slot as u32, pinned, next: NO_USE },
                    );
                }
            }
        }
    }

    /// Makes a loop or a branch member of a group that nothing below waits
    /// for, or of a new one.
    fn join_group(&mut self, v: Val, id: InstrId, region: usize, below: u32) {
        let args = self.dag.args(v);
        let shared = match self.dag.kind(v) {
            Kind::Fold { var, .. } | Kind::For { var, .. } => {
                Shared::Loop { lo: args[0], hi: args[1], var, cond: args.get(3).copied() }
            }
            _ => Shared::Branch(args[0]),
        };
        let candidates = self.open.entry((region, shared)).or_default();
        let fitting = candidates.iter().copied().filter(|&k| self.groups[k].rank > below);
        let group = match fitting.min_by_key(|&k| self.groups[k].rank) {
            Some(k) => k,
            None => {
                candidates.push(self.groups.len());
                self.new_group(shared, region, below + 1)
            }
        };
        self.groups[group].members.push(id);
        let own = self.placed.len() - 1;
        self.placed[own].rank = self.groups[group].rank;
        self.placed[own].group = Some(group);
        self.need_members(v, id, group);
    }

    fn new_group(&mut self, shared: Shared, region: usize, rank: u32) -> usize {
        let Region { depth, loops, .. } = self.regions.0[region];
        let depth = depth + 1;
        let inner = Region {
            parent: region,
            depth,
            loops,
            binds: None,
            maybe_empty: false,
            branch: true,
            rank,
        };
        let first = self.regions.0.len();
        let filtered = match shared {
            Shared::Branch(_) => {
                self.regions.0.extend([Region { ..inner }, inner]);
                false
            }
            Shared::Loop { lo, hi, var, cond } => {
                let ends = (self.dag.interval(lo), self.dag.interval(hi));
                let surely = matches!(ends, (Some(a), Some(b)) if a.1 <= b.0);
                self.regions.0.push(Region {
                    loops: loops + 1,
                    binds: Some(var),
                    maybe_empty: !surely,
                    branch: false,
                    ..inner
                });
                // What is taken comes last in the body.
                self.regions.0.push(Region {
                    parent: first,
                    depth: depth + 1,
                    loops: loops + 1,
                    rank: 1,
                    ..inner
                });
                cond.is_some()
            }
        };
        self.groups.push(Open {
            region,
            rank,
            members: Vec::new(),
            regions: [first, first + 1],
            filtered,
            shared,
        });
        self.groups.len() - 1
    }

    /// Asks for what a member of a group needs.
    fn need_members(&mut self, v: Val, id: InstrId, group: usize) {
        let g = &self.groups[group];
        let (outside, rank, regions, filtered) = (g.region, g.rank, g.regions, g.filtered);
        let branch = matches!(g.shared, Shared::Branch(_));
        for (slot, &a) in self.dag.args(v).iter().enumerate() {
            let (region, rank, pinned) = match (branch, slot) {
                (true, 0) | (false, 0 | 1) => (outside, rank, false),
                (true, _) => (regions[slot - 1], 0, true),
                (false, 2) => (regions[usize::from(filtered)], 0, true),
                (false, _) => (regions[0], 1, false),
            };
            self.need(a, Use { region, rank, user: id, slot: slot as u32, pinned, next: NO_USE });
        }
    }

    /// Orders every block: higher ranks first, groups after what they need.
    fn finish(self) -> Program {
        let mut items: Vec<Vec<(u32, bool, usize, Item)>> =
            self.regions.0.iter().map(|_| Vec::new()).collect();
        for (id, p) in self.placed.iter().enumerate().filter(|(_, p)| p.group.is_none()) {
            items[p.region].push((
                FIRST - p.rank,
                false,
                p.val.index(),
                Item::Instr(id as InstrId),
            ));
        }
        for (k, g) in self.groups.iter().enumerate() {
            items[g.region].push((FIRST - g.rank, true, self.groups.len() - k, Item::Group(k)));
        }
        let blocks = items.into_iter().map(|mut list| {
            list.sort_unstable_by_key(|(rank, group, order, _)| (*rank, *group, *order));
            Block { items: list.into_iter().map(|(.., item)| item).collect() }
        });
        let blocks = blocks.collect();
        let instrs = &self.instrs;
        let group = |g: Open| {
            let args = &instrs[g.members[0] as usize].args;
            let what = match g.shared {
                Shared::Loop { var, .. } => {
                    let filter = g.filtered.then(|| (args[3], g.regions[1]));
                    GroupKind::Loop { var, lo: args[0], hi: args[1], body: g.regions[0], filter }
                }
                Shared::Branch(_) => {
                    GroupKind::Branch { cond: args[0], then: g.regions[0], other: g.regions[1] }
                }
            };
            Group { what, members: g.members }
        };
        let groups = self.groups.into_iter().map(group).collect();
        Program { instrs: self.instrs, blocks, groups, ..Program::default() }
    }
}

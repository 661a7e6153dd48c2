//! Loop counters, and interned sets of them.

use rustc_hash::FxHashMap;

use super::dag::Val;
use crate::expr::SymbolId;

/// A loop counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VarId(pub u32);

/// What a counter counts. Two loops over the same range share a counter, so
/// that they can become one loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counts {
    /// The index of a binder between two ends.
    Index(SymbolId, Val, Val),
    /// The entries of an array of this many, in memory order.
    Entries(usize),
    /// The rows of an array.
    Rows(usize),
    /// The columns of an array.
    Cols(usize),
}

/// A set of counters, by its place in [`VarSets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VarSet(u32);

impl VarSet {
    pub const EMPTY: VarSet = VarSet(0);
}

/// All counters, and all sets of them that were asked for.
#[derive(Debug)]
pub struct VarSets {
    intervals: Vec<Option<(f64, f64)>>,
    var_ids: FxHashMap<Counts, VarId>,
    sets: Vec<Box<[VarId]>>,
    set_ids: FxHashMap<Box<[VarId]>, VarSet>,
    unions: FxHashMap<(VarSet, VarSet), VarSet>,
}

impl Default for VarSets {
    fn default() -> Self {
        let empty: Box<[VarId]> = Box::from([]);
        VarSets {
            intervals: Vec::new(),
            var_ids: FxHashMap::default(),
            sets: vec![empty.clone()],
            set_ids: [(empty, VarSet::EMPTY)].into_iter().collect(),
            unions: FxHashMap::default(),
        }
    }
}

impl VarSets {
    /// The counter; `interval` bounds its values where that is known.
    pub fn var(&mut self, counts: Counts, interval: Option<(f64, f64)>) -> VarId {
        if let Some(&id) = self.var_ids.get(&counts) {
            return id;
        }
        let id = VarId(self.intervals.len() as u32);
        self.intervals.push(interval);
        self.var_ids.insert(counts, id);
        id
    }

    /// Bounds of the values that the counter takes.
    pub fn interval(&self, var: VarId) -> Option<(f64, f64)> {
        self.intervals[var.0 as usize]
    }

    pub fn members(&self, set: VarSet) -> &[VarId] {
        &self.sets[set.0 as usize]
    }

    pub fn singleton(&mut self, var: VarId) -> VarSet {
        self.intern(Box::from([var]))
    }

    pub fn union(&mut self, a: VarSet, b: VarSet) -> VarSet {
        if a == b || b == VarSet::EMPTY {
            return a;
        }
        if a == VarSet::EMPTY {
            return b;
        }
        let key = (VarSet(a.0.min(b.0)), VarSet(a.0.max(b.0)));
        if let Some(&found) = self.unions.get(&key) {
            return found;
        }
        let mut members = [self.members(a), self.members(b)].concat();
        members.sort_unstable();
        members.dedup();
        let id = self.intern(members.into());
        self.unions.insert(key, id);
        id
    }

    pub fn without(&mut self, set: VarSet, var: VarId) -> VarSet {
        if self.members(set).binary_search(&var).is_err() {
            return set;
        }
        let rest = self.members(set).iter().copied().filter(|v| *v != var).collect();
        self.intern(rest)
    }

    fn intern(&mut self, members: Box<[VarId]>) -> VarSet {
        if let Some(&id) = self.set_ids.get(&members) {
            return id;
        }
        let id = VarSet(self.sets.len() as u32);
        self.sets.push(members.clone());
        self.set_ids.insert(members, id);
        id
    }
}

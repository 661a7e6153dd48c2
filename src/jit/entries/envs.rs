//! Which loop counters stand for the bound indices of a node.
//!
//! The same node may stand in loops over different ranges: `x[i]` under
//! `i in 1..n` and under `i in 2..n`. Environments are interned, and cut down
//! to the indices that a node needs, so that what does not depend on a range
//! is translated once.

use rustc_hash::FxHashMap;

use super::vars::VarId;
use crate::expr::SymbolId;

/// An environment, by its place in [`Envs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EnvId(u32);

impl EnvId {
    /// No index stands for anything.
    pub const EMPTY: EnvId = EnvId(0);
}

/// Indices with their counters, sorted.
type Members = Box<[(SymbolId, VarId)]>;

/// All environments that were met.
#[derive(Debug)]
pub struct Envs {
    members: Vec<Members>,
    ids: FxHashMap<Members, EnvId>,
}

impl Default for Envs {
    fn default() -> Self {
        let empty: Members = Box::from([]);
        Envs { members: vec![empty.clone()], ids: [(empty, EnvId::EMPTY)].into_iter().collect() }
    }
}

impl Envs {
    /// The environment cut down to what a node needs; `free` is sorted.
    pub fn restrict(&mut self, env: EnvId, free: &[SymbolId]) -> EnvId {
        if free.is_empty() || env == EnvId::EMPTY {
            return EnvId::EMPTY;
        }
        let members = &self.members[env.0 as usize];
        if members.iter().all(|(s, _)| free.binary_search(s).is_ok()) {
            return env;
        }
        let needed =
            members.iter().copied().filter(|(s, _)| free.binary_search(s).is_ok()).collect();
        self.intern(needed)
    }

    /// The environment with one more index.
    pub fn extend(&mut self, env: EnvId, index: SymbolId, var: VarId) -> EnvId {
        let mut members: Vec<_> =
            self.members[env.0 as usize].iter().copied().filter(|(s, _)| *s != index).collect();
        members.push((index, var));
        members.sort_unstable();
        self.intern(members.into())
    }

    /// The counter of an index.
    pub fn lookup(&self, env: EnvId, index: SymbolId) -> Option<VarId> {
        self.members[env.0 as usize].iter().find(|(s, _)| *s == index).map(|(_, v)| *v)
    }

    fn intern(&mut self, members: Members) -> EnvId {
        if let Some(&id) = self.ids.get(&members) {
            return id;
        }
        let id = EnvId(self.members.len() as u32);
        self.members.push(members.clone());
        self.ids.insert(members, id);
        id
    }
}

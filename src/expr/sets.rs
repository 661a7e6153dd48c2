//! Interned small sets of symbols, so that every node can say in one word
//! which bound indices it depends on.

use std::collections::HashMap;

use super::SymbolId;

/// A set of symbols, by its place in [`Sets`]. The empty set is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct SetId(u32);

impl SetId {
    /// The empty set.
    pub const EMPTY: SetId = SetId(0);
}

/// The interner. Members are kept sorted.
#[derive(Clone, Debug)]
pub struct Sets {
    sets: Vec<Box<[SymbolId]>>,
    ids: HashMap<Box<[SymbolId]>, SetId>,
    unions: HashMap<(SetId, SetId), SetId>,
}

impl Default for Sets {
    fn default() -> Self {
        Sets {
            sets: vec![Box::from([])],
            ids: HashMap::from([(Box::from([]), SetId::EMPTY)]),
            unions: HashMap::new(),
        }
    }
}

impl Sets {
    /// The members of a set, sorted.
    pub fn members(&self, id: SetId) -> &[SymbolId] {
        &self.sets[id.0 as usize]
    }

    /// Whether `symbol` is a member.
    pub fn contains(&self, id: SetId, symbol: SymbolId) -> bool {
        self.members(id).binary_search(&symbol).is_ok()
    }

    /// The set of one symbol.
    pub fn singleton(&mut self, symbol: SymbolId) -> SetId {
        self.intern(vec![symbol])
    }

    /// Union of two sets.
    pub fn union(&mut self, a: SetId, b: SetId) -> SetId {
        if a == b || b == SetId::EMPTY {
            return a;
        }
        if a == SetId::EMPTY {
            return b;
        }
        let key = (SetId(a.0.min(b.0)), SetId(a.0.max(b.0)));
        if let Some(&id) = self.unions.get(&key) {
            return id;
        }
        let mut members = [self.members(a), self.members(b)].concat();
        members.sort_unstable();
        members.dedup();
        let id = self.intern(members);
        self.unions.insert(key, id);
        id
    }

    /// The set without one symbol.
    pub fn without(&mut self, id: SetId, symbol: SymbolId) -> SetId {
        if !self.contains(id, symbol) {
            return id;
        }
        let members = self.members(id).iter().copied().filter(|s| *s != symbol).collect();
        self.intern(members)
    }

    fn intern(&mut self, members: Vec<SymbolId>) -> SetId {
        let members: Box<[SymbolId]> = members.into();
        if let Some(&id) = self.ids.get(&members) {
            return id;
        }
        let id = SetId(self.sets.len() as u32);
        self.sets.push(members.clone());
        self.ids.insert(members, id);
        id
    }
}

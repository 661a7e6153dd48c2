//! The expression graph.
//!
//! One graph holds everything a session knows: objectives, their derivatives,
//! constraints. A node is an operator ([`Op`]), its [`Data`], and its
//! arguments, which are older nodes; so ids are a topological order and every
//! traversal is a loop. Nodes are hash-consed: the same operator on the same
//! arguments is the same [`ExprId`].
//!
//! Sums and products do not depend on the order of their arguments: `b + a` is
//! the node of `a + b` and prints in the order in which it was first written.
//!
//! **This room holds no mathematics**: what an operator means, which shapes it
//! takes, which identities hold stands in `ops`, and `ops::build` is the only
//! caller of [`Graph::intern`].

mod collect;
mod dims;
mod num;
mod op;
mod scratch;
mod sets;
mod symbol;

use std::collections::BTreeMap;
use std::collections::hash_map::Entry;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use rustc_hash::{FxHashMap, FxHashSet};

pub use collect::Moved;
pub use dims::{DimId, Dims};
pub use num::Num;
pub use op::Op;
pub use sets::{SetId, Sets};
pub use symbol::{Symbol, SymbolId, SymbolKind};

use crate::memory;
use crate::patience;
use crate::shape::{Shape, Tensor};

/// A node of a [`Graph`]. Smaller ids are older; arguments are older than
/// what uses them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExprId(u32);

impl ExprId {
    /// The position of the node, for tables indexed by node.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a node holds beside its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Data {
    /// Nothing.
    None,
    /// The number of a literal.
    Num(Num),
    /// The symbol of a leaf, or the index that a binder binds.
    Symbol(SymbolId),
    /// The shape of the result, for operators that make arrays.
    Shape(Shape),
}

/// An operator with its data and arguments.
#[derive(Clone, Copy, Debug)]
pub struct Node<'g> {
    /// The operator.
    pub op: Op,
    /// Its data.
    pub data: Data,
    /// Its arguments, in the order in which they print.
    pub args: &'g [ExprId],
    /// The shape of the value.
    pub shape: Shape,
}

#[derive(Clone, Copy, Debug)]
struct Stored {
    op: Op,
    data: Data,
    start: u32,
    len: u32,
    shape: Shape,
    free: SetId,
    bound: SetId,
    unknown: bool,
}

/// What asks for memory here.
const WHAT: &str = "the graph of expressions";

/// Operator, data and (sorted, where order does not matter) arguments.
type Key = (Op, Data, Box<[ExprId]>);

/// The hash-consed graph and its symbols.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Stored>,
    args: Vec<ExprId>,
    ids: FxHashMap<Key, ExprId>,
    sets: Sets,
    symbols: Vec<Symbol>,
    indices: FxHashMap<(String, u32), SymbolId>,
    /// How the size of each dimension was written.
    dims: Vec<Option<ExprId>>,
    /// The dimensions of arrays that are made.
    made_dims: BTreeMap<ExprId, Dims>,
    /// Names that mean something where results are read.
    reserved: FxHashSet<String>,
    /// Indices that the user has written.
    written: FxHashSet<SymbolId>,
    /// Whether nodes are being derived; see [`deriving`](Graph::deriving).
    deriving: bool,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Graph {
        Graph::default()
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The node.
    pub fn node(&self, e: ExprId) -> Node<'_> {
        let s = &self.nodes[e.index()];
        Node { op: s.op, data: s.data, args: self.args(e), shape: s.shape }
    }

    /// Operator of a node.
    pub fn op(&self, e: ExprId) -> Op {
        self.nodes[e.index()].op
    }

    /// Arguments of a node.
    pub fn args(&self, e: ExprId) -> &[ExprId] {
        let s = &self.nodes[e.index()];
        &self.args[s.start as usize..(s.start + s.len) as usize]
    }

    /// Shape of a node.
    pub fn shape(&self, e: ExprId) -> Shape {
        self.nodes[e.index()].shape
    }

    /// Whether a node contains an unknown of optimization.
    pub fn has_unknown(&self, e: ExprId) -> bool {
        self.nodes[e.index()].unknown
    }

    /// The bound indices that occur free in a node.
    pub fn free_indices(&self, e: ExprId) -> &[SymbolId] {
        self.sets.members(self.nodes[e.index()].free)
    }

    /// Whether the index occurs free in the node.
    pub fn depends_on(&self, e: ExprId, index: SymbolId) -> bool {
        self.sets.contains(self.nodes[e.index()].free, index)
    }

    /// Whether some binder inside the node binds the index.
    pub fn binds(&self, e: ExprId, index: SymbolId) -> bool {
        self.sets.contains(self.nodes[e.index()].bound, index)
    }

    /// The number of a literal.
    pub fn as_num(&self, e: ExprId) -> Option<Num> {
        match self.nodes[e.index()].data {
            Data::Num(n) => Some(n),
            _ => None,
        }
    }

    /// The symbol of a leaf.
    pub fn as_symbol(&self, e: ExprId) -> Option<SymbolId> {
        match self.nodes[e.index()] {
            Stored { op: Op::Symbol, data: Data::Symbol(s), .. } => Some(s),
            _ => None,
        }
    }

    /// The index that a binder binds.
    pub fn bound_index(&self, e: ExprId) -> Option<SymbolId> {
        match self.nodes[e.index()] {
            Stored { op, data: Data::Symbol(s), .. } if op != Op::Symbol => Some(s),
            _ => None,
        }
    }

    /// Makes a node, or finds the one that is already there. The caller (the
    /// builder in `ops`) has checked the arguments and worked out the shape.
    pub fn intern(&mut self, op: Op, data: Data, args: &[ExprId], shape: Shape) -> ExprId {
        // Whatever works on graphs for long makes nodes or walks over them.
        patience::look();
        memory::grow(&mut self.nodes, 1, WHAT);
        memory::grow(&mut self.args, args.len(), WHAT);
        if self.ids.len() == self.ids.capacity() {
            // The table doubles at its next entry.
            memory::need(2 * self.ids.capacity() * size_of::<(Key, ExprId)>(), WHAT);
        }
        let mut key_args: Box<[ExprId]> = args.into();
        if op.commutes() {
            key_args.sort_unstable();
        }
        match self.ids.entry((op, data, key_args)) {
            Entry::Occupied(found) => *found.get(),
            Entry::Vacant(place) => {
                memory::poll();
                let id = ExprId(
                    u32::try_from(self.nodes.len()).expect("fewer than 2^32 nodes fit in memory"),
                );
                place.insert(id);
                self.store(op, data, args, shape);
                id
            }
        }
    }

    fn store(&mut self, op: Op, data: Data, args: &[ExprId], shape: Shape) {
        let (mut free, mut bound, mut unknown) = (SetId::EMPTY, SetId::EMPTY, false);
        for (k, &arg) in args.iter().enumerate() {
            let s = self.nodes[arg.index()];
            unknown |= s.unknown;
            bound = self.sets.union(bound, s.bound);
            // The range of a binder stands outside its scope.
            let inner = match data {
                Data::Symbol(index) if op.is_binder() && k >= Op::BINDER_COND => {
                    self.sets.without(s.free, index)
                }
                _ => s.free,
            };
            free = self.sets.union(free, inner);
        }
        if let Data::Symbol(symbol) = data {
            if op.is_binder() {
                let own = self.sets.singleton(symbol);
                bound = self.sets.union(bound, own);
            } else {
                match self.symbols[symbol.index()].kind {
                    SymbolKind::Index => free = self.sets.singleton(symbol),
                    SymbolKind::Unknown => unknown = true,
                    SymbolKind::Known => {}
                }
            }
        }
        let start = self.args.len() as u32;
        self.args.extend_from_slice(args);
        self.nodes.push(Stored {
            op,
            data,
            start,
            len: args.len() as u32,
            shape,
            free,
            bound,
            unknown,
        });
    }

    /// All nodes that the roots are made of, the roots included, arguments
    /// before what uses them. Iterative: depth does not matter.
    pub fn reachable(&self, roots: &[ExprId]) -> Vec<ExprId> {
        let mut seen = rustc_hash::FxHashSet::default();
        let mut stack: Vec<ExprId> = roots.to_vec();
        let mut order = Vec::new();
        while let Some(e) = stack.pop() {
            if seen.insert(e) {
                patience::look();
                order.push(e);
                stack.extend_from_slice(self.args(e));
            }
        }
        order.sort_unstable();
        order
    }

    /// The unknowns in the roots, in the order in which they were declared.
    pub fn unknowns(&self, roots: &[ExprId]) -> Vec<SymbolId> {
        let mut found: Vec<SymbolId> = self
            .reachable(roots)
            .into_iter()
            .filter(|&e| self.has_unknown(e))
            .filter_map(|e| self.as_symbol(e))
            .collect();
        found.sort_unstable();
        found
    }

    /// Declares a symbol. A later one of the same name is another symbol.
    pub fn declare(&mut self, symbol: Symbol) -> SymbolId {
        let id = SymbolId::new(self.symbols.len());
        self.symbols.push(symbol);
        id
    }

    /// The symbol.
    pub fn symbol(&self, id: SymbolId) -> &Symbol {
        &self.symbols[id.index()]
    }

    /// All symbols, oldest first.
    pub fn symbols(&self) -> impl Iterator<Item = (SymbolId, &Symbol)> {
        self.symbols.iter().enumerate().map(|(k, s)| (SymbolId::new(k), s))
    }

    /// Sets the value of a known symbol.
    pub fn set_value(&mut self, id: SymbolId, value: Tensor) {
        self.symbols[id.index()].value = Some(value);
    }

    /// Whether nodes are being derived rather than written by the user: then
    /// nobody has chosen the order of their factors.
    pub fn is_deriving(&self) -> bool {
        self.deriving
    }

    /// Does work whose nodes nobody has written. What held before holds again after it, even where it unwinds.
    pub fn deriving<T>(&mut self, work: impl FnOnce(&mut Graph) -> T) -> T {
        let before = std::mem::replace(&mut self.deriving, true);
        let found = catch_unwind(AssertUnwindSafe(|| work(self)));
        self.deriving = before;
        found.unwrap_or_else(|stopped| resume_unwind(stopped))
    }

    /// Says that a name means something where results are read, so that no
    /// index or shared part gets it.
    pub fn reserve_name(&mut self, name: &str) {
        if !self.reserved.contains(name) {
            self.reserved.insert(name.to_string());
        }
    }

    /// Whether a name means something where results are read.
    pub fn is_reserved(&self, name: &str) -> bool {
        self.reserved.contains(name)
    }

    /// Remembers that the user has written an index.
    pub fn mark_written(&mut self, index: SymbolId) {
        self.written.insert(index);
    }

    /// Whether the user has written an index of this symbol.
    pub fn is_written(&self, index: SymbolId) -> bool {
        self.written.contains(&index)
    }

    /// The bound index of the given name, the `serial`-th of that name that is
    /// open at the same time. The same call gives the same symbol, so that two
    /// sums written alike are one node.
    pub fn index_symbol(&mut self, name: &str, serial: u32) -> SymbolId {
        if let Some(&id) = self.indices.get(&(name.to_string(), serial)) {
            return id;
        }
        let id = self.declare(Symbol::index(name, serial));
        self.indices.insert((name.to_string(), serial), id);
        id
    }

    /// An index symbol of this name that none of the nodes mentions, neither
    /// free nor bound.
    pub fn fresh_index(&mut self, name: &str, avoid: &[ExprId]) -> SymbolId {
        let mut serial = 0;
        loop {
            let id = self.index_symbol(name, serial);
            if !avoid.iter().any(|&e| self.depends_on(e, id) || self.binds(e, id)) {
                return id;
            }
            serial += 1;
        }
    }
}

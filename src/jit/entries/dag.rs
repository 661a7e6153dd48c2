//! The scalar graph: what a kernel computes, entry by entry.
//!
//! Between the expression graph, whose nodes are arrays and binders, and the
//! kernel, which is loops: every node here is one number, one whole number
//! (loop counters and positions in memory), or one effect (a store, or a loop
//! of stores). Nodes are hash-consed, arguments are older than what uses them,
//! and every node knows three things that scheduling needs: which loop counters
//! it depends on, whether computing it may fail, and whether it is heavy.
//!
//! Effects are ordered by need only: a load names the [`Kind::Define`] whose
//! stores it reads.

use rustc_hash::FxHashMap;

use super::vars::{VarId, VarSet, VarSets};
use crate::expr::{ExprId, Op};
use crate::memory;

/// A node of the scalar graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Val(u32);

impl Val {
    pub fn index(self) -> usize {
        self.0 as usize
    }

    pub fn from_index(index: usize) -> Val {
        Val(index as u32)
    }
}

/// An array that the kernel owns while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BufId(pub u32);

/// Where an array lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Base {
    /// In the input vector, from this entry on.
    Input(u32),
    /// A known value, by its number.
    Data(u32),
    /// A buffer.
    Buffer(BufId),
}

/// A function of one or two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[rustfmt::skip]
pub enum Fun {
    Add, Sub, Mul, Div, Neg, Abs, Sqrt, Floor, Ceil, Sign, Relu, Min, Max,
    Lt, Le, Gt, Ge, Eq, Ne, And, Or, Not,
    /// A call of the value function in the operator's row.
    Row(Op),
}

/// How a loop combines the values of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FoldKind {
    Sum,
    Prod,
    Min,
    Max,
    LogSumExp,
    /// The first index of the smallest, and of the largest.
    ArgMin,
    ArgMax,
}

impl FoldKind {
    /// Whether it is an index rather than made of values.
    pub fn is_index(self) -> bool {
        matches!(self, FoldKind::ArgMin | FoldKind::ArgMax)
    }
}

/// Levels of a number that are looked through for whether it is whole.
const DEPTH: usize = 8;

/// What a node does with its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A whole number.
    Int(i64),
    /// The counter of a loop.
    Counter(VarId),
    /// Sum of two whole numbers.
    IAdd,
    /// Product of two whole numbers.
    IMul,
    /// Quotient by a positive number, of a number that is not negative.
    IDiv(i64),
    /// Remainder likewise.
    IRem(i64),
    /// A number as a whole number; a fault where it is not one.
    Whole(ExprId),
    /// An index from 1 as a position from 0; a fault where it is outside.
    Inside { node: ExprId, size: usize },
    /// A number, by its bits.
    Num(u64),
    /// A whole number as a number.
    Real,
    /// `[position]` or `[position, definition]`: an entry of an array.
    Load(Base),
    /// A function of numbers.
    Fun(Fun),
    /// `[condition, a, b]`, both computed.
    Select,
    /// `[condition, a, b]`, one of them computed; numbers or effects.
    If,
    /// `[lo, hi, body]` or, if filtered, `[lo, hi, body, condition]`. `node` is
    /// the binder for which an empty range is a fault.
    Fold { fold: FoldKind, var: VarId, filtered: bool, node: Option<ExprId> },
    /// The same arguments; the body is an effect.
    For { var: VarId, filtered: bool },
    /// `[position, value]`: stores or adds. No two stores are one node.
    Store { buf: BufId, add: bool, serial: u32 },
    /// Sets a buffer to zero.
    Zero(BufId),
    /// All of its effects.
    Both,
    /// All of the effects that fill a buffer.
    Define(BufId),
    /// A dense building block, by number, after the definitions that it reads.
    Call { call: u32 },
    /// `[first, last, ..]`: some rows of a building block, inside a pass over all of them.
    CallRows { call: u32 },
    /// The smaller of two whole numbers.
    IMin,
}

impl Kind {
    /// Whether the node does something rather than being a number.
    pub fn is_effect(self) -> bool {
        matches!(
            self,
            Kind::For { .. }
                | Kind::Store { .. }
                | Kind::Zero(_)
                | Kind::Both
                | Kind::Define(_)
                | Kind::Call { .. }
                | Kind::CallRows { .. }
        )
    }
}

/// What scheduling must know of a node and all that it is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// May end the kernel with a fault.
    pub faults: bool,
    /// Contains a loop or a dense building block.
    pub heavy: bool,
    /// Contains a call of a function.
    pub calls: bool,
    /// Does something rather than being a number.
    pub effect: bool,
}

#[derive(Clone, Copy, Debug)]
struct Stored {
    kind: Kind,
    start: u32,
    len: u32,
    free: VarSet,
    traits: Traits,
    /// Smallest and largest value, where known.
    interval: Option<(f64, f64)>,
}

/// The scalar graph.
#[derive(Debug, Default)]
pub struct Dag {
    nodes: Vec<Stored>,
    args: Vec<Val>,
    ids: FxHashMap<(Kind, Box<[Val]>), Val>,
    pub vars: VarSets,
    stores: u32,
}

impl Dag {
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn kind(&self, v: Val) -> Kind {
        self.nodes[v.index()].kind
    }

    pub fn args(&self, v: Val) -> &[Val] {
        let s = &self.nodes[v.index()];
        &self.args[s.start as usize..(s.start + s.len) as usize]
    }

    pub fn traits(&self, v: Val) -> Traits {
        self.nodes[v.index()].traits
    }

    /// The counters on which a node depends.
    pub fn free(&self, v: Val) -> &[VarId] {
        self.vars.members(self.nodes[v.index()].free)
    }

    /// Smallest and largest value, where known.
    pub fn interval(&self, v: Val) -> Option<(f64, f64)> {
        self.nodes[v.index()].interval
    }

    /// Whether a node is an effect; an `if` of effects is one.
    pub fn is_effect(&self, v: Val) -> bool {
        self.traits(v).effect
    }

    /// The node of this kind with these arguments.
    pub fn node(&mut self, kind: Kind, args: &[Val]) -> Val {
        if let Some(&found) = self.ids.get(&(kind, Box::from(args))) {
            return found;
        }
        memory::poll();
        memory::grow(&mut self.nodes, 1, "the code of a kernel");
        let id = Val(self.nodes.len() as u32);
        let mut free = VarSet::EMPTY;
        let mut traits = Traits::default();
        for &a in args {
            let s = self.nodes[a.index()];
            free = self.vars.union(free, s.free);
            traits.faults |= s.traits.faults;
            traits.heavy |= s.traits.heavy;
            traits.calls |= s.traits.calls;
        }
        traits.effect = kind.is_effect();
        match kind {
            Kind::If => traits.effect = self.is_effect(args[1]),
            Kind::Counter(var) => free = self.vars.singleton(var),
            Kind::Fold { var, node, .. } => {
                free = self.bound(var, args);
                traits.heavy = true;
                traits.faults |= node.is_some();
            }
            Kind::For { var, .. } => {
                free = self.bound(var, args);
                traits.heavy = true;
            }
            Kind::Define(_) | Kind::Call { .. } => traits.heavy = true,
            Kind::Fun(Fun::Row(_)) => traits.calls = true,
            Kind::Whole(_) => traits.faults |= !self.is_whole(args[0], DEPTH),
            Kind::Inside { .. } => traits.faults = true,
            _ => {}
        }
        let interval = self.find_interval(kind, args);
        let start = self.args.len() as u32;
        self.args.extend_from_slice(args);
        self.nodes.push(Stored { kind, start, len: args.len() as u32, free, traits, interval });
        self.ids.insert((kind, Box::from(args)), id);
        id
    }

    /// What a loop over `var` depends on: its ends are outside its scope.
    fn bound(&mut self, var: VarId, args: &[Val]) -> VarSet {
        let free = |dag: &Dag, v: Val| dag.nodes[v.index()].free;
        let ends = (free(self, args[0]), free(self, args[1]));
        let mut inner = VarSet::EMPTY;
        for &a in &args[2..] {
            let f = free(self, a);
            inner = self.vars.union(inner, f);
        }
        let inner = self.vars.without(inner, var);
        let ends = self.vars.union(ends.0, ends.1);
        self.vars.union(ends, inner)
    }

    /// Whether a number, bounded as those of intervals are, is whole whatever the counters are, so that its conversion
    /// cannot fail and may be done anywhere.
    fn is_whole(&self, v: Val, depth: usize) -> bool {
        if depth == 0 || self.interval(v).is_none() {
            return false;
        }
        let all = |args: &[Val]| args.iter().all(|&a| self.is_whole(a, depth - 1));
        match self.kind(v) {
            Kind::Num(bits) => f64::from_bits(bits).fract() == 0.0,
            Kind::Real | Kind::Fun(Fun::Floor | Fun::Ceil) => true,
            Kind::Fun(
                Fun::Add | Fun::Sub | Fun::Mul | Fun::Neg | Fun::Min | Fun::Max | Fun::Row(Op::Mod),
            ) => all(self.args(v)),
            _ => false,
        }
    }

    fn find_interval(&self, kind: Kind, args: &[Val]) -> Option<(f64, f64)> {
        let of = |k: usize| self.interval(args[k]);
        let found = match kind {
            Kind::Int(n) => (n as f64, n as f64),
            Kind::Num(bits) => (f64::from_bits(bits), f64::from_bits(bits)),
            Kind::Counter(var) => self.vars.interval(var)?,
            Kind::Real | Kind::Whole(_) => of(0)?,
            Kind::Fold { fold, var, .. } if fold.is_index() => self.vars.interval(var)?,
            Kind::Inside { size, .. } => (0.0, size as f64 - 1.0),
            Kind::IRem(n) => (0.0, n as f64 - 1.0),
            Kind::IDiv(n) => (of(0)?.0 / n as f64, of(0)?.1 / n as f64),
            Kind::IAdd | Kind::Fun(Fun::Add) => (of(0)?.0 + of(1)?.0, of(0)?.1 + of(1)?.1),
            Kind::Fun(Fun::Sub) => (of(0)?.0 - of(1)?.1, of(0)?.1 - of(1)?.0),
            Kind::Fun(Fun::Neg) => (-of(0)?.1, -of(0)?.0),
            Kind::IMul | Kind::Fun(Fun::Mul) => {
                let ((a, b), (c, d)) = (of(0)?, of(1)?);
                let corners = [a * c, a * d, b * c, b * d];
                (
                    corners.iter().copied().fold(f64::INFINITY, f64::min),
                    corners.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                )
            }
            Kind::Fun(Fun::Min) => (of(0)?.0.min(of(1)?.0), of(0)?.1.min(of(1)?.1)),
            Kind::Fun(Fun::Max) => (of(0)?.0.max(of(1)?.0), of(0)?.1.max(of(1)?.1)),
            // It has the sign of the divisor, and is exact for whole numbers below 2^53; elsewhere rounding may take
            // it across an end.
            Kind::Fun(Fun::Row(Op::Mod)) => match of(1)? {
                (n, m) if n == m && n > 0.0 && args.iter().all(|&a| self.is_whole(a, DEPTH)) => {
                    (0.0, n - 1.0)
                }
                _ => return None,
            },
            Kind::Fun(Fun::Floor) => (of(0)?.0.floor(), of(0)?.1.floor()),
            Kind::Fun(Fun::Ceil) => (of(0)?.0.ceil(), of(0)?.1.ceil()),
            _ => return None,
        };
        // Beyond 53 bits the ends would not be exact.
        let exact = |x: f64| x.abs() < 9e15;
        (exact(found.0) && exact(found.1)).then_some(found)
    }

    pub fn num(&mut self, value: f64) -> Val {
        self.node(Kind::Num(value.to_bits()), &[])
    }

    pub fn as_num(&self, v: Val) -> Option<f64> {
        match self.kind(v) {
            Kind::Num(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    pub fn int(&mut self, value: i64) -> Val {
        self.node(Kind::Int(value), &[])
    }

    pub fn as_int(&self, v: Val) -> Option<i64> {
        match self.kind(v) {
            Kind::Int(n) => Some(n),
            _ => None,
        }
    }

    /// A function of numbers, computed now where all of them are known.
    pub fn fun(&mut self, f: Fun, args: &[Val]) -> Val {
        let known = |k: usize| args.get(k).and_then(|&a| self.as_num(a));
        let value = match (f, known(0), known(1)) {
            (Fun::Neg, Some(a), _) => Some(-a),
            (Fun::Add, Some(a), Some(b)) => Some(a + b),
            (Fun::Sub, Some(a), Some(b)) => Some(a - b),
            (Fun::Mul, Some(a), Some(b)) => Some(a * b),
            (Fun::Div, Some(a), Some(b)) => Some(a / b),
            _ => None,
        };
        match value {
            Some(v) => self.num(v),
            None => self.node(Kind::Fun(f), args),
        }
    }

    /// A store that is no other store.
    pub fn store(&mut self, buf: BufId, add: bool, at: Val, value: Val) -> Val {
        self.stores += 1;
        let serial = self.stores;
        self.node(Kind::Store { buf, add, serial }, &[at, value])
    }

    /// One of two effects, or one of two numbers. Both are computed where that
    /// cannot fail and costs little.
    pub fn choose(&mut self, cond: Val, a: Val, b: Val) -> Val {
        let (ta, tb) = (self.traits(a), self.traits(b));
        let light = |t: Traits| !t.faults && !t.heavy && !t.calls;
        let both = light(ta) && light(tb) && !self.is_effect(a);
        self.node(if both { Kind::Select } else { Kind::If }, &[cond, a, b])
    }
}

//! The body of a loop as a straight line of vector operations.
//!
//! Every operation gives one value: a vector of doubles, or a mask, one truth
//! value a lane. Pure operations are hash-consed, so that two functions which
//! reduce the same argument share the reduction. Operands are older than what
//! uses them.

use crate::jit::bodies::frame::Address;
use crate::jit::bodies::frame::Combine;
use crate::special::vector::{Elementary, Elementary2};
use rustc_hash::FxHashMap;

/// A value, by the number of its operation.
pub type Id = u32;

/// An operation on two vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[rustfmt::skip]
pub enum Binary {
    Add, Sub, Mul, Div,
    /// `a < b ? a : b`
    Smaller,
    /// `a > b ? a : b`
    Larger,
    BitAnd, BitOr, BitXor, BitAdd, BitSub,
    /// `a * 2^b`
    Scale,
}

/// An operation on one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[rustfmt::skip]
pub enum Unary {
    Sqrt, Nearest, Floor, Ceil,
    /// The exponent of a positive number, as a number.
    Exponent,
    /// What remains of it, from 3/4 to 3/2.
    Mantissa,
    /// The bits, moved up or down.
    Up(u8), Down(u8),
}

/// A comparison; only `Unordered` and `NotEqual` hold with NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[rustfmt::skip]
pub enum Compare { Less, LessEqual, Equal, NotEqual, Unordered }

/// An operation on one or two masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[rustfmt::skip]
pub enum Logic { And, Or, Not }

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// The same number in all lanes, by its bits.
    Const(u64),
    /// A number that the loop is given, in all lanes.
    Param(u32),
    /// The loop's counter as a number.
    Counter,
    /// The running value of an accumulator.
    Running(u32),
    /// Entries of an array.
    Load(Address),
    Unary(Unary, Id),
    Binary(Binary, Id, Id),
    /// `±a*b ± c`, rounded once.
    MulAdd {
        minus_product: bool,
        minus_addend: bool,
        a: Id,
        b: Id,
        c: Id,
    },
    Compare(Compare, Id, Id),
    Logic(Logic, Id, Id),
    /// `a` where the mask holds, else `b`.
    Select(Id, Id, Id),
    /// A function that the block evaluator has; for others it is arithmetic.
    Elementary(Elementary, Id),
    Elementary2(Elementary2, Id, Id),
    /// The third, but the function of the first two where the mask holds.
    /// Without a mask the function of all.
    Rescue {
        function: u32,
        x: Id,
        y: Id,
        mask: Option<Id>,
        value: Id,
    },
    /// Adds to an accumulator.
    AddTo {
        to: u32,
        value: Id,
        mask: Option<Id>,
    },
    /// Adds `±a*b` to an accumulator.
    AddProductTo {
        to: u32,
        minus: bool,
        a: Id,
        b: Id,
        mask: Option<Id>,
    },
    /// Sets an accumulator.
    SetTo {
        to: u32,
        value: Id,
        mask: Option<Id>,
    },
    /// Stores to, or adds to, entries of an array.
    Store {
        at: Address,
        add: bool,
        value: Id,
        mask: Option<Id>,
    },
    /// What a scatter adds now at a place `shift` entries up: `value`, moved up
    /// by as many lanes, with the last lanes of its value before, which `carry`
    /// keeps. Without a shift, the value.
    Shifted {
        carry: u32,
        shift: u8,
        value: Id,
    },
    /// Stores what a group of scatters adds to neighbouring entries.
    StoreRun {
        at: Address,
        add: bool,
        value: Id,
        reach: u8,
    },
}

/// A function that is called lane by lane.
#[derive(Clone, Copy, Debug)]
pub enum Outside {
    One(fn(f64) -> f64),
    Two(fn(f64, f64) -> f64),
}

/// What a body is selected for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// Machine code, where there are instructions for scaling by a power of two
    /// and for exponent and mantissa.
    Native,
    /// Machine code without these.
    #[default]
    Bits,
    /// The block evaluator.
    Blocks,
}

/// The body of a loop.
#[derive(Clone, Debug, Default)]
pub struct Body {
    pub ops: Vec<Op>,
    /// One for each total of the loop.
    pub accumulators: Vec<Combine>,
    /// How many scatters carry lanes from one step to the next.
    pub carries: u32,
    /// The functions of [`Op::Rescue`].
    pub functions: Vec<Outside>,
    pub target: Target,
    known: FxHashMap<Op, Id>,
}

impl Op {
    /// Whether it has an effect beyond its value.
    pub fn is_effect(self) -> bool {
        matches!(
            self,
            Op::AddTo { .. }
                | Op::AddProductTo { .. }
                | Op::SetTo { .. }
                | Op::Store { .. }
                | Op::Shifted { .. }
                | Op::StoreRun { .. }
        )
    }

    /// Whether its value is a mask.
    #[cfg(feature = "jit")]
    pub fn is_mask(self) -> bool {
        matches!(self, Op::Compare(..) | Op::Logic(..))
    }

    /// The operation with other operands.
    fn renamed(self, f: impl Fn(Id) -> Id + Copy) -> Op {
        match self {
            Op::Const(_) | Op::Param(_) | Op::Counter | Op::Running(_) | Op::Load(_) => self,
            Op::Unary(op, a) => Op::Unary(op, f(a)),
            Op::Binary(op, a, b) => Op::Binary(op, f(a), f(b)),
            Op::Compare(op, a, b) => Op::Compare(op, f(a), f(b)),
            Op::Logic(op, a, b) => Op::Logic(op, f(a), f(b)),
            Op::Select(m, a, b) => Op::Select(f(m), f(a), f(b)),
            Op::MulAdd { minus_product, minus_addend, a, b, c } => {
                Op::MulAdd { minus_product, minus_addend, a: f(a), b: f(b), c: f(c) }
            }
            Op::Elementary(e, a) => Op::Elementary(e, f(a)),
            Op::Elementary2(e, a, b) => Op::Elementary2(e, f(a), f(b)),
            Op::Rescue { function, x, y, mask, value } => {
                Op::Rescue { function, x: f(x), y: f(y), mask: mask.map(f), value: f(value) }
            }
            Op::AddTo { to, value, mask } => Op::AddTo { to, value: f(value), mask: mask.map(f) },
            Op::AddProductTo { to, minus, a, b, mask } => {
                Op::AddProductTo { to, minus, a: f(a), b: f(b), mask: mask.map(f) }
            }
            Op::SetTo { to, value, mask } => Op::SetTo { to, value: f(value), mask: mask.map(f) },
            Op::Store { at, add, value, mask } => {
                Op::Store { at, add, value: f(value), mask: mask.map(f) }
            }
            Op::Shifted { carry, shift, value } => Op::Shifted { carry, shift, value: f(value) },
            Op::StoreRun { at, add, value, reach } => {
                Op::StoreRun { at, add, value: f(value), reach }
            }
        }
    }

    /// The values that it uses, in order.
    pub fn operands(self) -> impl Iterator<Item = Id> {
        let list = match self {
            Op::Const(_) | Op::Param(_) | Op::Counter | Op::Running(_) | Op::Load(_) => [None; 4],
            Op::Unary(_, a) | Op::Elementary(_, a) => [Some(a), None, None, None],
            Op::Logic(Logic::Not, a, _) => [Some(a), None, None, None],
            Op::Binary(_, a, b)
            | Op::Compare(_, a, b)
            | Op::Logic(_, a, b)
            | Op::Elementary2(_, a, b) => [Some(a), Some(b), None, None],
            Op::MulAdd { a, b, c, .. } => [Some(a), Some(b), Some(c), None],
            Op::Select(m, a, b) => [Some(m), Some(a), Some(b), None],
            Op::Rescue { x, y, mask, value, .. } => [Some(x), Some(y), Some(value), mask],
            Op::AddTo { value, mask, .. }
            | Op::SetTo { value, mask, .. }
            | Op::Store { value, mask, .. } => [Some(value), mask, None, None],
            Op::AddProductTo { a, b, mask, .. } => [Some(a), Some(b), mask, None],
            Op::Shifted { value, .. } | Op::StoreRun { value, .. } => {
                [Some(value), None, None, None]
            }
        };
        list.into_iter().flatten()
    }
}

impl Body {
    /// Nothing yet.
    pub fn new(target: Target) -> Body {
        Body { target, ..Body::default() }
    }

    /// The value of an operation; of a pure one the same as before.
    pub fn push(&mut self, op: Op) -> Id {
        if op.is_effect() || matches!(op, Op::Running(_)) {
            self.ops.push(op);
            return (self.ops.len() - 1) as Id;
        }
        let ops = &mut self.ops;
        *self.known.entry(op).or_insert_with(|| {
            ops.push(op);
            (ops.len() - 1) as Id
        })
    }

    /// The body without operations whose value nobody uses.
    pub fn without_dead(mut self) -> Body {
        let mut used = vec![false; self.ops.len()];
        for k in (0..self.ops.len()).rev() {
            used[k] |= self.ops[k].is_effect() && !matches!(self.ops[k], Op::Shifted { .. });
            if used[k] {
                for a in self.ops[k].operands() {
                    used[a as usize] = true;
                }
            }
        }
        let mut places = vec![0; self.ops.len()];
        let mut kept = Vec::with_capacity(self.ops.len());
        for (k, op) in self.ops.iter().enumerate().filter(|(k, _)| used[*k]) {
            places[k] = kept.len() as Id;
            kept.push(op.renamed(|v| places[v as usize]));
        }
        self.ops = kept;
        self.known.clear();
        self
    }
}

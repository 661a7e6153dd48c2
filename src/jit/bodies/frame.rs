//! What a loop that is not Cranelift's code is given, and what it leaves: a frame of words.

use crate::jit::program::InstrId;
use crate::special;

/// Words of a frame before the pointers: steps, and the counter's first value.
#[cfg(feature = "jit")]
pub const HEAD: usize = 2;

/// Where a pointer starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Start {
    Input,
    Output,
    Scratch,
    Data(u32),
}

/// A pointer that the loop is given: that to the entry which the first value of
/// the counter names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pointer {
    pub start: Start,
    /// Whole numbers from outside of the loop, added up.
    pub terms: Vec<InstrId>,
    /// Entries for every step of the counter.
    pub stride: i64,
    /// Bytes that do not fit into an offset.
    pub far: i64,
}

/// A number that the loop is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Param {
    Number(InstrId),
    /// A number with the other sign.
    Negated(InstrId),
    /// A whole number, as a number.
    Whole(InstrId),
}

/// What happens to the total of an accumulator.
#[derive(Clone, Debug, PartialEq)]
pub enum Total {
    /// It is the value of this member of the loop.
    Member(InstrId),
    /// It is added to this entry.
    AddTo(Pointer, i64),
}

/// Entries of an array, one for each lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// The pointer to that of the first lane, by number.
    pub pointer: u32,
    /// Bytes to add to the pointer.
    pub offset: i32,
    /// Entries from one lane to the next.
    pub stride: i64,
}

/// How an accumulator combines its lanes at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    Sum,
    Product,
    Min,
    Max,
}

impl Combine {
    /// What an accumulator starts from.
    pub fn neutral(self) -> f64 {
        match self {
            Combine::Sum => 0.0,
            Combine::Product => 1.0,
            Combine::Min => f64::INFINITY,
            Combine::Max => f64::NEG_INFINITY,
        }
    }

    /// The total of two parts. Of extremes, NaN wins.
    pub fn combined(self, a: f64, b: f64) -> f64 {
        match self {
            Combine::Sum => a + b,
            Combine::Product => a * b,
            Combine::Min => special::min(a, b),
            Combine::Max => special::max(a, b),
        }
    }
}

/// Entries that the last steps of a chunk and the first of the next store to, from that of the next
/// chunk's first step on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// The pointer, by number, and bytes to add to it.
    pub pointer: usize,
    pub offset: i64,
    pub entries: usize,
    /// Whether chunks set them rather than add to them.
    pub set: bool,
}

/// What running a loop in chunks needs to know of its frame.
#[cfg(feature = "jit")]
#[derive(Clone, Debug)]
pub struct Chunks {
    /// Bytes from step to step of every pointer.
    pub strides: Vec<i64>,
    /// Numbers that it is given.
    pub params: usize,
    /// How the totals of two chunks become one.
    pub totals: Vec<Combine>,
    /// Vector operations of a step.
    pub operations: usize,
    /// The address of the interrupt.
    pub interrupt: Option<usize>,
    /// Where chunks meet.
    pub meetings: Vec<Meeting>,
}

//! The register program: what of a kernel is not run by blocks.
//!
//! A flat list of small operations on two files of registers, one of numbers and one of whole numbers. Every operation
//! of the kernel has a register of its own, so nothing is allocated and nothing is saved while it runs. Jumps name
//! operations by their place. Truth values are numbers: 0 is false, everything else true.

use std::ops::Range;

use super::plan::Plan;
use crate::jit::bodies::frame::Start;
use crate::jit::run::tables::Site;

/// A register of numbers, or one of whole numbers.
pub type Reg = u32;

/// An operation. Of its registers `to` is written.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    // Whole numbers.
    IAdd {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    IMul {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    IMin {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    IDiv {
        to: Reg,
        a: Reg,
        by: Reg,
    },
    IRem {
        to: Reg,
        a: Reg,
        by: Reg,
    },
    ISet {
        to: Reg,
        value: i32,
    },
    /// A number as a whole number.
    Whole {
        to: Reg,
        x: Reg,
        site: u32,
    },
    /// An index from 1 as a position from 0.
    Inside {
        to: Reg,
        index: Reg,
        size: Reg,
        site: u32,
    },
    Real {
        to: Reg,
        from: Reg,
    },

    // Entries of arrays, at a position and so many entries on.
    LoadInput {
        to: Reg,
        at: Reg,
        plus: i32,
    },
    LoadOutput {
        to: Reg,
        at: Reg,
        plus: i32,
    },
    LoadScratch {
        to: Reg,
        at: Reg,
        plus: i32,
    },
    LoadData {
        to: Reg,
        data: u32,
        at: Reg,
        plus: i32,
    },
    StoreOutput {
        at: Reg,
        plus: i32,
        value: Reg,
    },
    StoreScratch {
        at: Reg,
        plus: i32,
        value: Reg,
    },
    AddOutput {
        at: Reg,
        plus: i32,
        value: Reg,
    },
    AddScratch {
        at: Reg,
        plus: i32,
        value: Reg,
    },
    AddProductOutput {
        at: Reg,
        plus: i32,
        a: Reg,
        b: Reg,
    },
    AddProductScratch {
        at: Reg,
        plus: i32,
        a: Reg,
        b: Reg,
    },
    /// Sets entries to zero.
    Clear {
        range: u32,
    },

    // Numbers.
    Copy {
        to: Reg,
        from: Reg,
    },
    Neg {
        to: Reg,
        a: Reg,
    },
    Abs {
        to: Reg,
        a: Reg,
    },
    Sqrt {
        to: Reg,
        a: Reg,
    },
    Floor {
        to: Reg,
        a: Reg,
    },
    Ceil {
        to: Reg,
        a: Reg,
    },
    Sign {
        to: Reg,
        a: Reg,
    },
    Relu {
        to: Reg,
        a: Reg,
    },
    Add {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Sub {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Mul {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Div {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Min {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Max {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Less {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    LessEqual {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Equal {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    NotEqual {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    And {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Or {
        to: Reg,
        a: Reg,
        b: Reg,
    },
    Not {
        to: Reg,
        a: Reg,
    },
    /// `a*b + c`, `a*b - c` and `c - a*b`.
    MulAdd {
        to: Reg,
        a: Reg,
        b: Reg,
        c: Reg,
    },
    MulSub {
        to: Reg,
        a: Reg,
        b: Reg,
        c: Reg,
    },
    NegMulAdd {
        to: Reg,
        a: Reg,
        b: Reg,
        c: Reg,
    },
    Select {
        to: Reg,
        cond: Reg,
        a: Reg,
        b: Reg,
    },
    /// Functions, by number.
    One {
        to: Reg,
        f: u32,
        x: Reg,
    },
    Two {
        to: Reg,
        f: u32,
        x: Reg,
        y: Reg,
    },
    /// One step of `log(sum(exp(v)))`, with the largest so far and the sum of `exp(v - largest)`; then its value.
    LogAdd {
        largest: Reg,
        sum: Reg,
        v: Reg,
    },
    LogEnd {
        to: Reg,
        largest: Reg,
        sum: Reg,
    },
    /// One step of the first place of the largest, and of the smallest.
    FirstLargest {
        best: Reg,
        place: Reg,
        v: Reg,
        at: Reg,
    },
    FirstSmallest {
        best: Reg,
        place: Reg,
        v: Reg,
        at: Reg,
    },

    // Where to go on.
    Jump {
        to: u32,
    },
    /// Goes on elsewhere where the condition does not hold.
    Unless {
        cond: Reg,
        to: u32,
    },
    /// Begins a loop, or goes past it.
    Enter {
        counter: Reg,
        lo: Reg,
        hi: Reg,
        past: u32,
    },
    /// The next turn of a loop, or on.
    Next {
        counter: Reg,
        hi: Reg,
        body: u32,
    },
    /// Ends the kernel where a loop has no turn.
    NotEmpty {
        lo: Reg,
        hi: Reg,
        site: u32,
    },
    /// Ends the kernel where nothing has been taken.
    Taken {
        flag: Reg,
        site: u32,
    },
    /// A loop by blocks.
    Blocks {
        which: u32,
    },
    /// A dense building block.
    Dense {
        call: u32,
    },
    End,
}

/// A loop that is run by blocks.
#[derive(Debug)]
pub struct Loop {
    pub plan: Plan,
    pub lo: Reg,
    pub hi: Reg,
    /// For each pointer what is added up where the counter is 0, whole registers and entries.
    pub places: Vec<(Vec<Reg>, i64)>,
    pub params: Vec<Given>,
    pub totals: Vec<Left>,
}

/// A number that a loop is given.
#[derive(Clone, Copy, Debug)]
pub enum Given {
    Number(Reg),
    Negated(Reg),
    Whole(Reg),
}

/// What happens to a total.
#[derive(Debug)]
pub enum Left {
    /// The value of a member; what it is where the loop has no turn.
    Member(Reg, f64),
    /// Added to an entry: its memory, as places of [`Loop`], and its stride.
    Entry(Start, (Vec<Reg>, i64), i64),
}

/// A register program.
#[derive(Debug, Default)]
pub struct Code {
    pub ops: Vec<Op>,
    /// Registers before the first run; constants stay in theirs.
    pub numbers: Vec<f64>,
    pub wholes: Vec<i64>,
    pub one: Vec<fn(f64) -> f64>,
    pub two: Vec<fn(f64, f64) -> f64>,
    pub sites: Vec<Site>,
    pub loops: Vec<Loop>,
    pub ranges: Vec<(Start, Range<usize>)>,
}

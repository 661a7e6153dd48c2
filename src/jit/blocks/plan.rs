//! From a body to steps over blocks.

use crate::jit::bodies::body::{Binary, Body, Compare, Id, Logic, Op, Outside, Unary};
use crate::jit::bodies::frame::{Address, Combine, Start};
use crate::jit::bodies::select::WideLoop;
use crate::special::vector::{Elementary, Elementary2};

/// Lanes of a block, at most and at least.
const MOST_LANES: usize = 512;
const LEAST_LANES: usize = 32;
/// Numbers of all blocks together, so that they stay in the first level of cache.
const NUMBERS: usize = 4096;
/// Numbers that a shift keeps at most.
pub const KEPT: usize = 4;

/// Where a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// In this block.
    Block(u32),
    /// One number for all lanes.
    Number(u32),
    /// Neighbouring entries of an array, by pointer and bytes from it.
    Array(u32, i32),
    /// The lanes of an accumulator.
    Running(u32),
}

/// A number for all lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Number {
    Const(u64),
    Param(u32),
    /// An entry that stays the same, by pointer and bytes from it.
    Entry(u32, i32),
}

/// Where a step puts its result.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    Block(u32),
    /// Neighbouring entries of an array, by pointer and bytes from it.
    Array(u32, i32),
}

/// The signs of a product and of what is added to it.
#[derive(Clone, Copy, Debug)]
pub struct Signs {
    pub minus_product: bool,
    pub minus_addend: bool,
}

/// What is done to a block.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Counter(u32),
    /// Entries some way apart.
    Gather(Address, u32),
    Fill(Source, u32),
    Unary(Unary, Source, u32),
    Binary(Binary, Source, Source, Target),
    /// `±a*b ± c`.
    MulAdd([Source; 3], Signs, Target),
    /// Adds the square of a difference, or of `±a*b ± c`, to an accumulator.
    AddSquareOfSub(u32, [Source; 2]),
    AddSquareOfMulAdd(u32, [Source; 3], Signs),
    Compare(Compare, Source, Source, u32),
    Logic(Logic, Source, Source, u32),
    Select([Source; 3], u32),
    Elementary(Elementary, Source, u32),
    Elementary2(Elementary2, Source, Source, u32),
    /// The function of every lane where the mask holds; other lanes keep their
    /// value.
    Call {
        function: u32,
        x: Source,
        y: Source,
        mask: Option<Source>,
        value: Source,
        to: u32,
    },
    AddTo(u32, Source, Option<Source>),
    AddProductTo {
        to: u32,
        minus: bool,
        a: Source,
        b: Source,
        mask: Option<Source>,
    },
    SetTo(u32, Source, Option<Source>),
    Store {
        at: Address,
        add: bool,
        value: Source,
        mask: Option<Source>,
    },
    /// The value moved up by some lanes, with what it kept from the block before.
    Shifted {
        carry: u32,
        shift: u8,
        value: Source,
        to: u32,
    },
}

/// What shifts keep after the last block, for entries past those of the loop.
#[derive(Clone, Debug)]
pub struct Rest {
    pub at: Address,
    pub add: bool,
    /// Which values, and how many lanes of them.
    pub carried: Vec<(u32, u8)>,
}

/// A body as steps over blocks.
#[derive(Debug)]
pub struct Plan {
    pub steps: Vec<Step>,
    pub numbers: Vec<Number>,
    /// Lanes of a block, and how many blocks.
    pub lanes: usize,
    pub blocks: usize,
    /// Where each pointer starts, and entries from one step to the next.
    pub pointers: Vec<(Start, i64)>,
    pub accumulators: Vec<Combine>,
    pub carries: usize,
    pub rests: Vec<Rest>,
    /// As those of the body.
    pub functions: Vec<Outside>,
}

/// Blocks that are taken, and values in them.
struct Planner<'b> {
    body: &'b Body,
    /// The memory of each pointer.
    starts: Vec<Start>,
    steps: Vec<Step>,
    numbers: Vec<Number>,
    places: Vec<Option<Source>>,
    /// The last operation that uses the block of a value, and that value's block.
    last: Vec<usize>,
    free: Vec<u32>,
    blocks: u32,
    /// Shifts since the last store of a run.
    carried: Vec<(u32, u8)>,
    rests: Vec<Rest>,
}

impl Plan {
    /// The plan of a loop that was selected for blocks.
    pub fn of(found: &WideLoop) -> Plan {
        let body = &found.body;
        let count = body.ops.len();
        let mut last = vec![0; count];
        for (k, op) in body.ops.iter().enumerate() {
            op.operands().for_each(|a| last[a as usize] = k);
        }
        let mut p = Planner {
            body,
            starts: found.pointers.iter().map(|p| p.start).collect(),
            steps: Vec::new(),
            numbers: Vec::new(),
            places: vec![None; count],
            last,
            free: Vec::new(),
            blocks: 0,
            carried: Vec::new(),
            rests: Vec::new(),
        };
        // A shift by nothing is its value; both live as long as either.
        let same = |k: usize| match body.ops[k] {
            Op::Shifted { shift: 0, value, .. } => Some((k, value as usize)),
            _ => None,
        };
        for (k, v) in (0..count).filter_map(same) {
            p.last[v] = p.last[v].max(p.last[k]);
        }
        for (k, v) in (0..count).filter_map(same) {
            p.last[k] = p.last[v];
        }
        for k in 0..count {
            p.operation(k);
        }
        let blocks = p.blocks as usize;
        let all = blocks + body.accumulators.len();
        let fit = NUMBERS / all.max(1) / LEAST_LANES * LEAST_LANES;
        Plan {
            lanes: fit.clamp(LEAST_LANES, MOST_LANES),
            blocks,
            steps: p.steps,
            numbers: p.numbers,
            pointers: found.pointers.iter().map(|p| (p.start, p.stride)).collect(),
            accumulators: body.accumulators.clone(),
            carries: body.carries as usize,
            rests: p.rests,
            functions: body.functions.clone(),
        }
    }
}

impl Planner<'_> {
    fn number(&mut self, n: Number) -> Source {
        let known = self.numbers.iter().position(|m| *m == n);
        Source::Number(known.unwrap_or_else(|| {
            self.numbers.push(n);
            self.numbers.len() - 1
        }) as u32)
    }

    fn at(&self, v: Id) -> Source {
        self.places[v as usize].expect("operands are older than what uses them")
    }

    fn block(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.blocks += 1;
            self.blocks - 1
        })
    }

    /// A value as a block, an array or an accumulator.
    fn lanes_of(&mut self, v: Id, filled: &mut Vec<u32>) -> Source {
        let from = self.at(v);
        if matches!(from, Source::Number(_)) { self.filled(from, filled) } else { from }
    }

    /// A value that does not lie in the memory to which it is stored.
    fn held(&mut self, v: Id, filled: &mut Vec<u32>) -> Source {
        match self.at(v) {
            from @ Source::Array(..) => self.filled(from, filled),
            _ => self.lanes_of(v, filled),
        }
    }

    fn filled(&mut self, from: Source, filled: &mut Vec<u32>) -> Source {
        let to = self.block();
        filled.push(to);
        self.steps.push(Step::Fill(from, to));
        Source::Block(to)
    }

    fn operation(&mut self, k: usize) {
        let op = self.body.ops[k];
        // Blocks for this operation alone.
        let mut own = Vec::new();
        let place = match op {
            Op::Const(bits) => Some(self.number(Number::Const(bits))),
            Op::Param(p) => Some(self.number(Number::Param(p))),
            Op::Running(a) => Some(Source::Running(a)),
            Op::Load(Address { pointer, offset, stride: 1 }) => {
                Some(Source::Array(pointer, offset))
            }
            Op::Load(Address { pointer, offset, stride: 0 }) => {
                Some(self.number(Number::Entry(pointer, offset)))
            }
            Op::Shifted { carry, shift: 0, value } => {
                self.carried.push((carry, 0));
                Some(self.at(value))
            }
            Op::AddTo { to, value, mask } => {
                let (value, mask) = (self.lanes_of(value, &mut own), mask.map(|m| self.at(m)));
                self.steps.push(Step::AddTo(to, value, mask));
                None
            }
            Op::AddProductTo { to, minus: false, a, b, mask: None }
                if a == b && self.add_square(to, a, k) =>
            {
                None
            }
            Op::AddProductTo { to, minus, a, b, mask } => {
                let (a, b) = (self.lanes_of(a, &mut own), self.lanes_of(b, &mut own));
                let mask = mask.map(|m| self.at(m));
                self.steps.push(Step::AddProductTo { to, minus, a, b, mask });
                None
            }
            Op::SetTo { to, value, mask } => {
                let (value, mask) = (self.lanes_of(value, &mut own), mask.map(|m| self.at(m)));
                self.steps.push(Step::SetTo(to, value, mask));
                None
            }
            Op::Store { at, add: false, value, mask: None } if self.put(at, value, k) => None,
            Op::Store { at, add, value, mask } => {
                let (value, mask) = (self.held(value, &mut own), mask.map(|m| self.at(m)));
                self.steps.push(Step::Store { at, add, value, mask });
                None
            }
            Op::StoreRun { at, add, value, .. } => {
                let value = self.held(value, &mut own);
                self.steps.push(Step::Store { at, add, value, mask: None });
                let carried = std::mem::take(&mut self.carried);
                self.rests.push(Rest { at, add, carried });
                None
            }
            _ => Some(Source::Block(self.computed(op, &mut own))),
        };
        self.places[k] = place;
        self.free.extend(own);
        self.release(op, k);
    }

    /// A step whose result is a block.
    fn computed(&mut self, op: Op, own: &mut Vec<u32>) -> u32 {
        let step: Box<dyn Fn(u32) -> Step> = match op {
            Op::Counter => Box::new(Step::Counter),
            Op::Load(at) => Box::new(move |to| Step::Gather(at, to)),
            Op::Unary(op, a) => {
                let a = self.at(a);
                Box::new(move |to| Step::Unary(op, a, to))
            }
            Op::Binary(op, a, b) => {
                let (a, b) = (self.at(a), self.at(b));
                Box::new(move |to| Step::Binary(op, a, b, Target::Block(to)))
            }
            Op::MulAdd { minus_product, minus_addend, a, b, c } => {
                let of = [a, b, c].map(|v| self.at(v));
                let signs = Signs { minus_product, minus_addend };
                Box::new(move |to| Step::MulAdd(of, signs, Target::Block(to)))
            }
            Op::Compare(op, a, b) => {
                let (a, b) = (self.at(a), self.at(b));
                Box::new(move |to| Step::Compare(op, a, b, to))
            }
            Op::Logic(op, a, b) => {
                let (a, b) = (self.at(a), self.at(b));
                Box::new(move |to| Step::Logic(op, a, b, to))
            }
            Op::Select(mask, a, b) => {
                let of = [mask, a, b].map(|v| self.at(v));
                Box::new(move |to| Step::Select(of, to))
            }
            Op::Elementary(f, x) => {
                let x = self.lanes_of(x, own);
                Box::new(move |to| Step::Elementary(f, x, to))
            }
            Op::Elementary2(f, x, y) => {
                let (x, y) = (self.lanes_of(x, own), self.lanes_of(y, own));
                Box::new(move |to| Step::Elementary2(f, x, y, to))
            }
            Op::Rescue { function, x, y, mask, value } => {
                let [x, y, value] = [x, y, value].map(|v| self.lanes_of(v, own));
                let mask = mask.map(|m| self.at(m));
                Box::new(move |to| Step::Call { function, x, y, mask, value, to })
            }
            Op::Shifted { carry, shift, value } => {
                let value = self.lanes_of(value, own);
                self.carried.push((carry, shift));
                Box::new(move |to| Step::Shifted { carry, shift, value, to })
            }
            _ => unreachable!("{op:?} has no value"),
        };
        // Not that of an operand: the two are borrowed apart from one another.
        let to = self.block();
        self.steps.push(step(to));
        to
    }

    /// Whether operation `k` alone uses value `v`, and the last step has put it in a block.
    fn is_last(&self, v: Id, k: usize) -> bool {
        let to = match self.steps.last() {
            Some(
                Step::Binary(_, _, _, Target::Block(to)) | Step::MulAdd(_, _, Target::Block(to)),
            ) => *to,
            _ => return false,
        };
        self.last[v as usize] == k && self.places[v as usize] == Some(Source::Block(to))
    }

    /// Adds the square of a value to an accumulator with the step that computes it, where that can be.
    fn add_square(&mut self, to: u32, v: Id, k: usize) -> bool {
        if !self.is_last(v, k) {
            return false;
        }
        let both = match self.steps.last() {
            Some(&Step::Binary(Binary::Sub, a, b, _)) => Step::AddSquareOfSub(to, [a, b]),
            Some(&Step::MulAdd(of, signs, _)) => Step::AddSquareOfMulAdd(to, of, signs),
            _ => return false,
        };
        self.steps.pop();
        self.steps.push(both);
        true
    }

    /// Puts a value where it is stored with the step that computes it, where that reads nothing of the same memory.
    fn put(&mut self, at: Address, v: Id, k: usize) -> bool {
        if at.stride != 1 || !self.is_last(v, k) {
            return false;
        }
        let start = self.starts[at.pointer as usize];
        let apart = |from: &Source| match *from {
            Source::Array(p, _) => self.starts[p as usize] != start,
            _ => true,
        };
        let place = match self.steps.last_mut() {
            Some(Step::Binary(_, a, b, to)) if [*a, *b].iter().all(apart) => to,
            Some(Step::MulAdd(of, _, to)) if of.iter().all(apart) => to,
            _ => return false,
        };
        *place = Target::Array(at.pointer, at.offset);
        true
    }

    /// Frees the blocks of values that nobody uses after this.
    fn release(&mut self, op: Op, k: usize) {
        let alias = matches!(op, Op::Shifted { shift: 0, .. });
        let mut operands: Vec<Id> = op.operands().collect();
        operands.sort_unstable();
        operands.dedup();
        for v in operands {
            if let Some(Source::Block(b)) = self.places[v as usize]
                && self.last[v as usize] == k
                && !alias
                && !self.free.contains(&b)
            {
                self.free.push(b);
            }
        }
    }
}
